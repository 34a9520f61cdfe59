"""Malformed files of every kind, made from a good header and good lines: what intake must find in each."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from openpyxl import Workbook

Lines = list[list[str]]


@dataclass(frozen=True)
class Good:
    """A good file: its header, its lines, and the place of one text column and one of money or shares."""

    header: tuple[str, ...]
    lines: tuple[tuple[str, ...], ...]
    text: int
    text_field: str
    number: int
    number_field: str
    number_code: str
    needed: int
    needed_field: str


def streaming_report(header: tuple[str, str, str, str, str, str]) -> Good:
    """A streaming platform's report under any spelling of title, artist, ISRC, duration, streams and revenue."""
    lines = (
        ("Malaika", "Amani Trio", "KEA011900001", "3:20", "10", "1.50"),
        ("Pole pole", "Amani Trio", "KEA011900002", "200", "20", "2.50"),
        ("Sina", "Baraka", "", "PT3M", "30", "3"),
    )
    return Good(
        header,
        lines,
        text=0,
        text_field="title",
        number=5,
        number_field="revenue",
        number_code="not_amount",
        needed=4,
        needed_field="plays",
    )


@dataclass(frozen=True)
class Fault:
    """What a malformed file must give: a finding of this code at this line and field; refused files have no lines at all."""

    file_name: str
    data: bytes
    code: str
    line: int
    field: str
    refused: bool
    quarantined: int


def csv(header: Sequence[str], lines: Sequence[Sequence[str]], encoding: str = "utf-8") -> bytes:
    """Write lines as they are, without any quoting of our own."""
    return "".join(",".join(row) + "\n" for row in [header, *lines]).encode(encoding)


def xlsx(header: Sequence[str], lines: Sequence[Sequence[str]], formula: tuple[int, int] | None = None) -> bytes:
    """Write lines as text cells; `formula` names the (line, column) that becomes a real formula."""
    book = Workbook()
    sheet = book.active
    sheet.append(list(header))
    for line, row in enumerate(lines, start=2):
        for column, value in enumerate(row, start=1):
            cell = sheet.cell(line, column)
            cell.value = value
            if (line, column - 1) != formula:
                cell.data_type = "s"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def changed(good: Good, line: int, column: int, value: str) -> Lines:
    """Return the good lines with one cell changed; `line` counts as a spreadsheet does."""
    lines = [list(row) for row in good.lines]
    lines[line - 2][column] = value
    return lines


def without(rows: Sequence[Sequence[str]], column: int) -> Lines:
    """Return rows without a column."""
    return [[*row[:column], *row[column + 1 :]] for row in rows]


def bomb() -> bytes:
    """Return a small workbook that would unpack to 60 MB."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", b" " * 60_000_000)
    return out.getvalue()


def faults(good: Good) -> dict[str, Fault]:
    """Return every malformed kind by name."""
    header, lines, number, field = good.header, good.lines, good.number, good.number_field
    made: dict[str, Fault] = {}

    def add(
        name: str, file_name: str, data: bytes, code: str, line: int, field: str, *, refused: bool, quarantined: int = 0
    ) -> None:
        made[name] = Fault(file_name, data, code, line, field, refused, quarantined)

    writers: dict[str, Callable[[Sequence[str], Sequence[Sequence[str]]], bytes]] = {"csv": csv, "xlsx": xlsx}
    for kind, write in writers.items():
        name = f"report.{kind}"
        rest = (without([header], good.needed)[0], without(lines, good.needed))
        add(f"{kind} missing column", name, write(*rest), "missing_column", 1, good.needed_field, refused=True)
        add(f"{kind} column twice", name, write([*header, header[good.text]], [[*row, ""] for row in lines]),
            "duplicate_column", 1, good.text_field, refused=True)  # fmt: skip
        for what in ("NaN", "Infinity", "1E+400000", "-", "١٢٣", "1_000", "=1+1"):
            data = write(header, changed(good, 3, number, what))
            add(f"{kind} {what} as amount", name, data, good.number_code, 3, field, refused=False, quarantined=1)
        for what in ("=HYPERLINK(0)", "+SUM(1)", "@cmd", "-cmd"):
            data = write(header, changed(good, 2, good.text, what))
            add(f"{kind} {what} as text", name, data, "formula", 2, good.text_field, refused=False)
        data = write(header, changed(good, 3, good.needed, ""))
        add(f"{kind} missing value", name, data, "missing_value", 3, good.needed_field, refused=False, quarantined=1)
        add(f"{kind} empty file", name, b"", "empty_file", 0, "", refused=True)
        add(f"{kind} header only", name, write(header, []), "no_lines", 0, "", refused=True)

    def text(value: str, encoding: str = "utf-8", line: int = 3) -> bytes:
        return csv(header, changed(good, line, good.text, value), encoding)

    add("csv wrong encoding", "report.csv", text("Café", "cp1252"), "wrong_encoding", 3, "", refused=True)
    add("csv utf-16 unmarked", "report.csv", csv(header, lines, "utf-16-le"), "wrong_encoding", 1, "", refused=True)
    add("csv unbalanced quote", "report.csv", text('"Malaika'), "unbalanced_quote", 3, "", refused=False, quarantined=1)
    add("csv stray quote", "report.csv", text('"Mala"ika'), "malformed_quotes", 3, "", refused=False, quarantined=1)
    add("csv zero byte", "report.csv", text("Mala\0ika"), "control_character", 3, good.text_field, refused=False)
    add("csv bidi", "report.csv", text("Mala\u202eika"), "bidi_character", 3, good.text_field, refused=False)
    add("csv zero width", "report.csv", text("Mala\u200bika"), "invisible_character", 3, good.text_field, refused=False)
    add("csv lost character", "report.csv", text("Mala\ufffdka"), "lost_character", 3, good.text_field, refused=False)
    add(
        "csv too many cells",
        "report.csv",
        text("Malaika,nakupenda"),
        "too_many_cells_in_line",
        3,
        "",
        refused=False,
        quarantined=1,
    )
    short = csv(header, [lines[0], lines[1][:-1], *lines[2:]])
    add("csv too few cells", "report.csv", short, "too_few_cells_in_line", 3, "", refused=False, quarantined=1)
    add("csv long cell", "report.csv", text("x" * 40_000), "field_too_long", 3, "", refused=False, quarantined=1)
    add("csv long line", "report.csv", text("x" * 70_000), "line_too_long", 3, "", refused=False, quarantined=1)
    add("csv is a workbook", "report.csv", xlsx(header, lines), "name_does_not_fit", 0, "", refused=True)
    add("gz damaged", "report.csv.gz", b"\x1f\x8b\x08\x00broken and more", "corrupt_archive", 0, "", refused=True)
    formula = xlsx(header, changed(good, 2, good.text, "=1+1"), (2, good.text))
    add("xlsx real formula", "report.xlsx", formula, "formula_result", 2, good.text_field, refused=False)
    add("xlsx is text", "report.xlsx", csv(header, lines), "not_a_spreadsheet", 0, "", refused=True)
    whole = xlsx(header, lines)
    add("xlsx cut off", "report.xlsx", whole[: len(whole) // 2], "corrupt_spreadsheet", 0, "", refused=True)
    add(
        "xlsx encrypted",
        "report.xlsx",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600,
        "encrypted_or_old",
        0,
        "",
        refused=True,
    )
    add("xlsx bomb", "report.xlsx", bomb(), "unpacks_too_large", 0, "", refused=True)
    empty_zip = b"PK\x05\x06" + b"\0" * 18
    add("xlsx empty zip", "report.xlsx", empty_zip, "not_a_spreadsheet", 0, "", refused=True)
    return made
