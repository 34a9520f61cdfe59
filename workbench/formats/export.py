"""Hand out what intake found: findings as frames, and strangers' cells as CSV with nothing in it that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from ..core.errors import Finding

_RUNS = re.compile(r"^[\s\"']*[=+\-@\t\r＝＋－＠|%]")
_NUMBER = re.compile(r"[+-]?[0-9][0-9.,:]*", re.ASCII)


def safe_cell(value: Any) -> str:
    """Return a cell's text; one that a spreadsheet would take for a formula gets a quote in front (OWASP, CSV injection).

    >>> safe_cell("=1+1"), safe_cell("-5.00"), safe_cell("Taa ya Pwani")
    ("'=1+1", '-5.00', 'Taa ya Pwani')
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


def as_frame(findings: Sequence[Finding]) -> pd.DataFrame:
    """Return one row per finding, with the finding's fields as columns."""
    return pd.DataFrame([finding.as_row() for finding in findings], columns=list(Finding.__dataclass_fields__))


def gathered(findings: Sequence[Finding]) -> pd.DataFrame:
    """Return equal findings once: code, field, count, first_line, message, got (the first), expected, what_to_do."""
    columns = ["code", "field", "count", "first_line", "message", "got", "expected", "what_to_do"]
    groups: dict[tuple[str, ...], list[Finding]] = {}
    for finding in findings:
        groups.setdefault((finding.code, finding.field, finding.message, finding.what_to_do), []).append(finding)
    rows = []
    for (code, field, message, step), found in groups.items():
        first = found[0]
        rows.append((code, field, len(found), min(one.line for one in found), message, first.got, first.expected, step))
    return pd.DataFrame(rows, columns=columns)
