"""Frames whose columns keep the kind of number that the table has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
from sqlalchemy import Table, Text


def typed(rows: Sequence[Any], columns: Sequence[str], source: Table) -> pd.DataFrame:
    """Return a frame whose whole numbers stay whole where some are unknown (`Int64`), as `source` declares them."""
    frame = pd.DataFrame(rows, columns=list(columns))
    maybe = [column.name for column in source.columns if column.nullable and not isinstance(column.type, Text)]
    return frame.astype({name: "Int64" for name in maybe if name in frame})
