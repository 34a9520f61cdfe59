"""The trade's short codes for works: instruments, work types, kinds of arrangement, languages, each with its name.

The lists are kept as a table beside the program; codes are those of the trade's registration format (CWR 2), names in English.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from ..core.errors import unknown

_TABLE = Path(__file__).parent / "data" / "work_codes.csv"


@cache
def codes(name: str) -> Mapping[str, str]:
    """Return a code list as code -> name; raises `NotFound` for a list there is not.

    >>> codes("music_arrangement")["ARR"]
    'Arrangement'
    """
    lists = _lists()
    if name not in lists:
        raise unknown("code list", name, lists)
    return lists[name]


@cache
def _lists() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    with _TABLE.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found.setdefault(row["list"], {})[row["code"]] = row["name"]
    return found
