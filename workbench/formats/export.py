"""Write cells that strangers wrote back into CSV without handing a spreadsheet anything to run."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

_RUNS = re.compile(r"^[\s\"']*[=+\-@\t\r＝＋－＠|%]")
_NUMBER = re.compile(r"[+-]?[0-9][0-9.,:]*", re.ASCII)


def safe_cell(value: Any) -> str:
    """Return a cell's text; one that a spreadsheet would take for a formula gets a quote in front (OWASP, CSV injection).

    >>> safe_cell("=1+1"), safe_cell("-5.00"), safe_cell("Malaika")
    ("'=1+1", '-5.00', 'Malaika')
    """
    text = "" if value is None else str(value)
    return f"'{text}" if _RUNS.match(text) and not _NUMBER.fullmatch(text.strip()) else text


def safe_csv(header: Sequence[str], rows: Iterable[Sequence[Any]], whole_lines: Mapping[int, str] | None = None) -> bytes:
    """Return a CSV file (UTF-8, LF) of safe cells; `whole_lines` gives, by place, lines that are written as they came."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    if header:
        writer.writerow([safe_cell(name) for name in header])
    for place, row in enumerate(rows):
        if whole_lines and place in whole_lines:
            out.write(safe_cell(whole_lines[place].replace("\n", " ")) + "\n")
        else:
            writer.writerow([safe_cell(cell) for cell in row])
    return out.getvalue().encode()
