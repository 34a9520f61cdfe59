"""The cleaned table as a file: CSV or XLSX, and beside it what was removed."""

from __future__ import annotations

import csv
import gzip
import io
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell

from ...core.errors import WorkbenchError
from ...formats.export import safe_csv
from .table import Mask, Table

_NOT_IN_XLSX = re.compile("[\u0000-\u0008\u000b\u000c\u000e-\u001f]")
SUFFIXES = (".csv", ".csv.gz", ".xlsx")


def write(table: Table, to: Path, *, exact: bool) -> Path:
    """Write the rows in the table to `to`, the removed ones beside it; raises `WorkbenchError` for another kind of file."""
    suffix = next((suffix for suffix in sorted(SUFFIXES, key=len, reverse=True) if to.name.lower().endswith(suffix)), "")
    if not suffix:
        raise WorkbenchError("not a kind of file to export to", got=to.name, expected=" or ".join(SUFFIXES))
    to.parent.mkdir(parents=True, exist_ok=True)
    header = list(table.columns)
    _put(to, suffix, header, _rows(table, table.live), exact)
    beside = to.with_name(f"{to.name[: -len(suffix)]}-removed{suffix}")
    gone = ~table.live
    if gone.any():
        whys = table.fate.texts(gone)
        numbers = [number for number, out in zip(table.rows.numbers, gone.tolist(), strict=True) if out]
        rows = ([number, why, *row] for number, why, row in zip(numbers, whys, _rows(table, gone), strict=True))
        _put(beside, suffix, ["#", "why", *header], rows, exact)
    else:
        beside.unlink(missing_ok=True)
    return to


def _rows(table: Table, mask: Mask) -> Iterator[tuple[str, ...]]:
    return zip(*(column.texts(mask) for column in table.columns.values()), strict=True)


def _put(to: Path, suffix: str, header: Sequence[str], rows: Iterator[Sequence[str]], exact: bool) -> None:
    draft = to.with_name(f".{to.name}.draft")
    if suffix == ".xlsx":
        _put_xlsx(draft, header, rows)
    else:
        data = _exact_csv(header, rows) if exact else safe_csv(header, rows)
        draft.write_bytes(gzip.compress(data, mtime=0) if suffix == ".csv.gz" else data)
    draft.replace(to)


def _exact_csv(header: Sequence[str], rows: Iterator[Sequence[str]]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue().encode()


def _put_xlsx(to: Path, header: Sequence[str], rows: Iterator[Sequence[str]]) -> None:
    book = Workbook(write_only=True)
    sheet = book.create_sheet("cleaned")
    for row in _all(header, rows):
        cells = []
        for text in row:
            # said to be text, so that nothing in it runs; the letters that XML cannot hold are the only ones lost, visibly
            cell = WriteOnlyCell(sheet, value=_NOT_IN_XLSX.sub("\ufffd", text) or None)
            if text:
                cell.data_type = "s"
            cells.append(cell)
        sheet.append(cells)
    book.save(to)


def _all(header: Sequence[str], rows: Iterator[Sequence[str]]) -> Iterator[Sequence[str]]:
    yield header
    yield from rows
