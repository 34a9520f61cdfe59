"""Where a table comes from: a file read by the post room's reader, every cell as text, odd lines kept and marked.

The bytes are parsed in the reader's process, with its limits; a line that cannot be told apart into cells is kept whole, in
a column of its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...core.canonical import file_digest, nfc
from ...core.errors import Finding, WorkbenchError
from ...core.office import Progress, silent
from ...formats import faults, intake
from .table import Column, Table

WHOLE_LINE = "(whole line)"
BEYOND = "(beyond the header {})"
_GUESSES = ("utf-8", "cp1252")
_SNIFFED = 65_536


@dataclass
class Source:
    """A file as it lies on the bench: its table, what was odd about it, and what it takes to read it the same way again."""

    table: Table
    file_name: str
    sha256: str
    encoding: str
    delimiter: str
    sheet: str
    findings: list[Finding] = field(default_factory=list)


def read(file: str | Path, *, encoding: str = "", delimiter: str = "", sheet: str = "", progress: Progress = silent) -> Source:
    """Read a CSV (plain or gzip), XLSX or JSON file; raises `WorkbenchError` when the file as a whole cannot be read.

    An encoding or delimiter that is not said is guessed, and the guess is a finding.
    """
    path = intake.require_file(file)
    size = path.stat().st_size
    if size > intake.MAX_FILE_BYTES:
        raise WorkbenchError(
            "the file is too large", got=f"{size:,} bytes", expected=f"at most {intake.MAX_FILE_BYTES:,}", where=path.name
        )
    digest = file_digest(path)
    findings: list[Finding] = []
    if path.name.lower().endswith((".json", ".json.gz")):
        table = _json_table(path)
        return Source(table, path.name, digest, "utf-8", "", "", findings)
    delimiter = delimiter or _guessed_delimiter(path)
    tries = [encoding] if encoding else list(_GUESSES)
    for at, name in enumerate(tries):
        lines, refused = _lines(path, size, name, delimiter, sheet, digest, progress, findings)
        if refused is None:
            break
        if refused[0] != "wrong_encoding" or at == len(tries) - 1:
            finding = faults.of_file(refused[0], refused[1], path.name)
            raise WorkbenchError(
                finding.message,
                got=finding.got or None,
                expected=finding.expected or None,
                where=path.name,
                next_step=finding.what_to_do,
            )
    if not encoding and name != _GUESSES[0]:
        findings.append(
            Finding(
                "file", "encoding_guessed", "the file is not UTF-8", got=name, source=path.name,
                what_to_do="Look at names with accents; say encoding=... when they look wrong.",
            )
        )  # fmt: skip
    return Source(_table(lines, ragged=not is_sheet(path)), path.name, digest, name, delimiter, sheet, findings)


def _lines(
    path: Path, size: int, encoding: str, delimiter: str, sheet: str, digest: str, progress: Progress, findings: list[Finding]
) -> tuple[list[list[Any]], tuple[str, dict[str, Any]] | None]:
    """Return the reader's rows, and the fault (code, facts) for which the file was refused, if any."""
    request = {
        "path": str(path), "size": size, "encoding": encoding, "delimiter": delimiter, "sheet": sheet,
        "memory_bytes": intake.MEMORY_BYTES, "cpu_seconds": intake.CPU_SECONDS,
    }  # fmt: skip
    lines: list[list[Any]] = []
    finished = False
    blank = 0
    with intake.many_objects():
        for kind, *content in intake._messages(request):
            if kind == "rows":
                lines += content[0]
                progress("reading", len(lines), 0)
            elif kind == "blank":
                blank += len(content[0])
            elif kind == "fatal":
                return [], (content[0], content[1])
            elif kind == "note":
                findings.append(faults.of_file(content[0], content[1], path.name))
            elif kind == "end":
                finished = content[0]["sha256"] == digest
    if not finished:
        return [], ("reader_stopped", {})
    if not lines:
        return [], ("empty_file", {"got": "blank lines only"})
    if blank:
        findings.append(faults.of_file("blank_lines", {"got": str(blank)}, path.name))
    return lines, None


def _guessed_delimiter(path: Path) -> str:
    """Return the separator that cuts the first lines into the most columns, the same number in each."""
    if is_sheet(path):
        return ","
    import csv
    import gzip

    with path.open("rb") as file:
        start = file.read(_SNIFFED)
    if start.startswith(b"\x1f\x8b"):
        try:
            with gzip.open(path) as packed:
                start = packed.read(_SNIFFED)
        except (OSError, EOFError):
            return ","
    encoding = "utf-16" if start[:2] in (b"\xff\xfe", b"\xfe\xff") else "latin-1"
    lines = start.decode(encoding, "replace").splitlines()[:50]
    best, best_score = ",", (0, 0)
    for delimiter in (",", ";", "\t", "|"):
        try:
            widths = [len(row) for row in csv.reader(lines[:-1] or lines, delimiter=delimiter) if row]
        except csv.Error:
            continue
        if widths and widths[0] > 1:
            score = (sum(width == widths[0] for width in widths), widths[0])
            if score > best_score:
                best, best_score = delimiter, score
    return best


def header_names(cells: Sequence[str]) -> list[str]:
    """Return column names that are all different: unnamed ones by their place, repeated ones with a number.

    >>> header_names(["title", "", " Title ", "title"])
    ['title', '(column 2)', 'Title', 'title (2)']
    """
    names: list[str] = []
    for place, cell in enumerate(cells, start=1):
        shown = "".join(letter for letter in nfc(cell) if letter.isprintable()).strip()[:190]
        name = base = shown if shown and shown != "#" else f"(column {place})"
        again = 1
        while name in names:
            again += 1
            name = f"{base} ({again})"
        names.append(name)
    return names


def is_sheet(path: Path) -> bool:
    """Tell whether a file is a spreadsheet by its name; its rows end at their last filled cell."""
    return path.name.lower().endswith((".xlsx", ".xlsm"))


def _table(lines: list[list[Any]], *, ragged: bool) -> Table:
    first = next(iter(lines))
    cells = first[2] if first[2] is not None else [first[4]]
    while cells and not cells[-1].strip():
        cells.pop()
    names = header_names(cells or ["(column 1)"])
    body = lines[1:]
    width = len(names)
    widest = max((len(_trimmed(line[2], width)) for line in body if line[2] is not None), default=width)
    names += [BEYOND.format(at) for at in range(1, widest - width + 1)]
    wholes = any(line[2] is None for line in body)
    marks = [_mark(line, width, ragged) for line in body]
    rows = [_filled(line, len(names)) for line in body]
    columns = {
        name: Column.of(texts, name) for name, texts in zip(names, zip(*rows, strict=True) if rows else _none(names), strict=True)
    }
    if wholes:
        columns[WHOLE_LINE] = Column.of(("" if line[2] is not None else line[4] for line in body), WHOLE_LINE)
    return Table.of([str(line[0]) for line in body], columns, Column.of(marks))


def _none(names: Sequence[str]) -> Iterator[tuple[str, ...]]:
    return (() for _ in names)


def _trimmed(cells: list[str], width: int) -> list[str]:
    end = len(cells)
    while end > width and not cells[end - 1].strip():
        end -= 1
    return cells[:end]


def _filled(line: list[Any], width: int) -> list[str]:
    cells: list[str] = line[2] or []
    return cells if len(cells) == width else [*cells[:width], *[""] * (width - len(cells))]


def _mark(line: list[Any], width: int, ragged: bool) -> str:
    cells = line[2]
    if cells is None:
        return faults.of_line(line[3], line[0], "", line[4][:80]).message
    there = len(_trimmed(cells, width))
    if there > width:
        return f"{there} cells where the header has {width}"
    return f"only {there} cells where the header has {width}" if ragged and there < width else ""


def _json_table(path: Path) -> Table:
    """Return the table of a JSON file: a list of objects, or one object that holds such a list; nested values stay JSON text."""
    import gzip

    try:
        raw = path.read_bytes()
        if raw.startswith(b"\x1f\x8b"):
            with gzip.open(path) as packed:
                raw = packed.read(intake.MAX_FILE_BYTES + 1)
        data = json.loads(raw[: intake.MAX_FILE_BYTES].decode("utf-8-sig"), parse_float=str, parse_int=str)
    except (ValueError, RecursionError, OSError, EOFError) as error:
        raise WorkbenchError("not a JSON file", got=str(error)[:120], where=path.name) from error
    if isinstance(data, dict):
        lists = [value for value in data.values() if isinstance(value, list) and value and isinstance(value[0], dict)]
        data = lists[0] if len(lists) == 1 else [data]
    if not isinstance(data, list) or not data:
        raise WorkbenchError("a JSON file without a list of records", where=path.name, expected="[{...}, {...}]")
    records = [one if isinstance(one, dict) else {"value": one} for one in data]
    keys = list(dict.fromkeys(str(key) for record in records for key in record))
    names = header_names(keys)
    columns = {
        name: Column.of((_json_text(record.get(key)) for record in records), name) for key, name in zip(keys, names, strict=True)
    }
    return Table.of([str(at) for at in range(1, len(records) + 1)], columns)


def _json_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text.encode("utf-8", "replace").decode()
