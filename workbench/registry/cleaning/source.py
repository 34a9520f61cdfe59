"""Where a table comes from: a file read by the post room's reader, every cell as text, odd lines kept and marked.

The bytes are parsed in the reader's process, with its limits; a line that cannot be told apart into cells is kept whole, in
a column of its own.
"""

from __future__ import annotations

import csv
import gzip
from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ...core.canonical import file_digest, nfc
from ...core.errors import Finding, WorkbenchError
from ...core.office import Progress, silent
from ...formats import faults, intake
from .table import Column, Table, Words

WHOLE_LINE = "(whole line)"
BEYOND = "(beyond the header {})"
_GUESSES = ("utf-8", "cp1252")
_SNIFFED = 65_536
MAX_CELLS = 20_000_000
"""As much as lies well on a bench; a longer file is taken in without it, or split."""


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


def read(
    file: str | Path,
    *,
    encoding: str = "",
    delimiter: str = "",
    sheet: str = "",
    header_row: int = 0,
    progress: Progress = silent,
) -> Source:
    """Read a CSV (plain or gzip), XLSX or JSON file; raises `WorkbenchError` when the file as a whole cannot be read.

    An encoding or delimiter that is not said is guessed; an encoding other than UTF-8 is a finding. Lines above `header_row` are
    passed over.
    """
    path = intake.require_file(file)
    size = path.stat().st_size
    if size > intake.MAX_FILE_BYTES:
        raise _refusal(faults.of_file("file_too_large", {"got": f"{size:,} bytes"}, path.name))
    digest = file_digest(path)
    delimiter = delimiter or _guessed_delimiter(path)
    for name in [encoding] if encoding else _GUESSES:
        reading = _Reading(path, digest, progress, _Build(header_row, ragged=_has_separator(path)))
        reading.run({"size": size, "encoding": name, "delimiter": delimiter, "sheet": sheet})
        if reading.refused is None or reading.refused.code != "wrong_encoding":
            break
    if reading.refused is not None:
        raise _refusal(reading.refused)
    if not encoding and name != _GUESSES[0]:
        step = "Look at names with accents; say encoding=... when they look wrong."
        reading.findings.append(
            Finding("file", "encoding_guessed", "the file is not UTF-8", got=name, source=path.name, what_to_do=step)
        )
    return Source(reading.built.table(), path.name, digest, name, delimiter, sheet, reading.findings)


def _refusal(finding: Finding) -> WorkbenchError:
    return WorkbenchError(
        finding.message,
        got=finding.got or None,
        expected=finding.expected or None,
        where=finding.source,
        next_step=finding.what_to_do,
    )


class _Reading:
    """Takes the messages of the reader's process, until the file is read or refused."""

    def __init__(self, path: Path, digest: str, progress: Progress, built: _Build) -> None:
        self.path, self.digest, self.progress, self.built = path, digest, progress, built
        self.findings: list[Finding] = []
        self.refused: Finding | None = None
        self._cells = self._blank = 0
        self._finished = False

    def run(self, request: dict[str, Any]) -> None:
        """Read the whole file."""
        limits = {"memory_bytes": intake.MEMORY_BYTES, "cpu_seconds": intake.CPU_SECONDS}
        with intake.many_objects():
            for kind, *content in intake._messages({"path": str(self.path), **request, **limits}):
                getattr(self, f"_on_{kind}")(*content)
                if self.refused is not None:
                    return
        if not self._finished:
            self._on_fatal("reader_stopped", {})
        elif not self.built.names:
            self._on_fatal("empty_file", {"got": "blank lines only"})
        elif self._blank:
            self._on_note("blank_lines", {"got": str(self._blank)})

    def _on_rows(self, rows: list[list[Any]]) -> None:
        self.built.take(rows)
        self._cells += sum(len(line[2] or ()) for line in rows)
        self.progress("reading", len(self.built.lines), 0)
        if self._cells > MAX_CELLS:
            self._on_fatal("too_many_cells", {"expected": f"at most {MAX_CELLS:,}"})

    def _on_blank(self, lines: list[int]) -> None:
        self._blank += len(lines)

    def _on_note(self, code: str, facts: dict[str, Any]) -> None:
        self.findings.append(faults.of_file(code, facts, self.path.name))

    def _on_fatal(self, code: str, facts: dict[str, Any]) -> None:
        self.refused = faults.of_file(code, facts, self.path.name)

    def _on_end(self, facts: dict[str, Any]) -> None:
        self._finished = True
        if facts["sha256"] != self.digest:
            self._on_fatal("file_changed", {})


def _guessed_delimiter(path: Path) -> str:
    """Return the separator that cuts the first lines into the most columns, the same number in each."""
    if not _has_separator(path):
        return ","
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


def _has_separator(path: Path) -> bool:
    return not is_sheet(path) and not path.name.lower().removesuffix(".gz").endswith((".json", ".jsonl", ".ndjson"))


class _Texts:
    """One column while it is read: each text once, and a number for every row."""

    def __init__(self, rows: int) -> None:
        self.numbers: dict[str, int] = {"": 0}
        self.codes = array("i", bytes(4 * rows))

    def add(self, texts: Iterable[str]) -> None:
        """Take the texts of further rows."""
        numbers = self.numbers
        put = numbers.setdefault
        self.codes.extend([put(text, len(numbers)) for text in texts])

    def column(self, source: str) -> Column:
        """Return the column."""
        texts = iter(self.numbers)
        next(texts)
        return Column(
            np.frombuffer(self.codes, dtype=np.int32) if self.codes else np.zeros(0, dtype=np.int32), Words(texts), source
        )


class _Build:
    """Makes the table batch by batch, so that two million cells never lie about as two million texts."""

    def __init__(self, header_row: int, *, ragged: bool) -> None:
        self.header_row, self.ragged = header_row, ragged
        self.names: list[str] = []
        self.width = 0
        self.lines: list[int] = []
        self.columns: list[_Texts] = []
        self.marks = _Texts(0)
        self.wholes: dict[int, str] = {}
        """Place of a row -> its whole line, where its cells cannot be told apart."""

    def take(self, rows: list[list[Any]]) -> None:
        """Take some rows of the reader, the first one from `header_row` on as the header."""
        if not self.names:
            rows = [row for row in rows if row[0] >= self.header_row]
            if not rows:
                return
            self._take_header(rows.pop(0))
        widest = max((len(_trimmed(row[2], self.width)) for row in rows if row[2] is not None), default=0)
        while len(self.columns) < widest:
            self.names.append(BEYOND.format(len(self.columns) + 1 - self.width))
            self.columns.append(_Texts(len(self.lines)))
        for row in rows:
            if row[2] is None:
                self.wholes[len(self.lines)] = row[4]
            self.lines.append(row[0])
        self.marks.add(_mark(row, self.width, self.ragged) for row in rows)
        filled = [_filled(row, len(self.columns)) for row in rows]
        for column, texts in zip(self.columns, zip(*filled, strict=True), strict=bool(filled)):
            column.add(texts)

    def _take_header(self, row: list[Any]) -> None:
        cells = row[2] if row[2] is not None else [row[4]]
        while len(cells) > 1 and not cells[-1].strip():
            cells.pop()
        self.names = header_names(cells)
        self.width = len(self.names)
        self.columns = [_Texts(0) for _ in self.names]

    def table(self) -> Table:
        """Return the table of all rows taken."""
        columns = {name: texts.column(name) for name, texts in zip(self.names, self.columns, strict=True)}
        if self.wholes:
            columns[WHOLE_LINE] = Column.of((self.wholes.get(place, "") for place in range(len(self.lines))), WHOLE_LINE)
        return Table.of(self._numbers(), columns, self.marks.column(""))

    def _numbers(self) -> list[str]:
        """Return the rows' numbers: the line each stands on; several rows of one line are told apart as split ones are."""
        if len(set(self.lines)) == len(self.lines):
            return list(map(str, self.lines))
        often, seen = Counter(self.lines), Counter[int]()
        numbers = []
        for line in self.lines:
            seen[line] += 1
            numbers.append(str(line) if often[line] == 1 else f"{line}.{seen[line]}")
        return numbers


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
