"""Write an empty sheet with a layout's columns, and beside it what each column takes."""

from __future__ import annotations

from pathlib import Path

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

from ..core.canonical import csv_bytes
from ..core.errors import WorkbenchError
from .sheets import Field, Layout

ABOUT = "about"
"""Name of the explaining worksheet; intake passes it over without a word."""
_COLUMNS = ("column", "needed", "takes", "also accepted", "example", "note")
_TAKES = {
    "text": "text",
    "whole": "a whole number",
    "year": "a year of four digits",
    "amount": "an amount, no thousands separator",
    "share": "a percentage, at most four decimals",
    "duration": "seconds, mm:ss, hh:mm:ss or PT3M20S",
    "date": "a date",
    "instant": "a date and time",
}


def write_template(layout: Layout, to: Path) -> Path:
    """Write the empty sheet to a .xlsx or .csv file and return its path.

    Raises `WorkbenchError` for another ending, and for a file that exists: nobody's work is overwritten.
    """
    if to.exists():
        raise WorkbenchError("a file is there already", got=to, next_step="Choose another name; your work is not overwritten.")
    headers = [field.header for field in layout.fields]
    about = [_explained(layout, field) for field in layout.fields]
    if to.suffix.lower() == ".csv":
        to.write_bytes(csv_bytes(headers, []))
        to.with_name(f"{to.stem}-columns.csv").write_bytes(csv_bytes(_COLUMNS, about))
    elif to.suffix.lower() == ".xlsx":
        _write_xlsx(layout, headers, about, to)
    else:
        raise WorkbenchError("not a kind of template", got=to.suffix or to.name, expected=".xlsx or .csv")
    return to


def _write_xlsx(layout: Layout, headers: list[str], about: list[tuple[str, ...]], to: Path) -> None:
    book = Workbook()
    sheet = book.active
    sheet.title = layout.purpose
    sheet.append(headers)
    sheet.freeze_panes = "A2"
    explained = book.create_sheet(ABOUT)
    explained.append([f"{layout.name}: {layout.about}"])
    explained.append(list(_COLUMNS))
    for row in about:
        explained.append(list(row))
    for cell in (*sheet[1], *explained[2]):
        cell.font, cell.fill = Font(bold=True), PatternFill("solid", fgColor="DDE6EE")
    explained["A1"].font = Font(bold=True)
    for place, header in enumerate(headers, start=1):
        column = sheet.column_dimensions[get_column_letter(place)]
        column.width = max(12, len(header) + 4)
        # text throughout: a spreadsheet must not turn an ISRC, a share or a duration into something else
        column.number_format = "@"
    for place, width in enumerate((22, 8, 38, 44, 24, 60), start=1):
        explained.column_dimensions[get_column_letter(place)].width = width
    for row in explained.iter_rows(min_row=3):
        for cell in row:
            cell.alignment = Alignment(wrap_text=True, vertical="top")
    book.save(to)


def _explained(layout: Layout, field: Field) -> tuple[str, ...]:
    needed = "yes" if field.required else "one of" if field.name in layout.one_of else ""
    takes = _TAKES.get(field.type, field.type.replace("_", " ").upper() if field.type in {"isrc", "iswc", "isni", "ipn"} else "")
    if field.type == "choice":
        takes = "one of: " + ", ".join(dict.fromkeys(field.choices.values()))
    elif not takes:
        takes = field.type.replace("_", " ").replace("ipi", "IPI")
    return (field.header, needed, takes, ", ".join(field.headers[1:]), field.example, field.note)
