"""What became of each line: the header is matched to the layout, every cell is read, and every oddity is a finding.

Nothing here knows where the rows come from (`intake`) or what they are for; a line ends accepted, accepted with findings, or
quarantined with the reason.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from json.encoder import encode_basestring
from typing import Any, Literal

from ..core.errors import Finding, WorkbenchError
from . import faults
from .cells import Reader, reader
from .sheets import Field, Layout, header_key

LONG_SECONDS = 3_600
MOST_SECONDS = 14_400
"""Nobody plays one song for more than four hours: such a number counts something else, milliseconds mostly."""

State = Literal["accepted", "accepted_with_findings", "quarantined"]
_ODD = re.compile(
    "[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufffe\uffff]"
)
_BIDI = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_CONTROL = re.compile("[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]")
_FORMULA_STARTS = tuple("=+-@\t\r＝＋－＠")
_NUMBER = re.compile(r"[+-]?[0-9][0-9.,:]*", re.ASCII)


@dataclass(slots=True)
class Line:
    """One line of the file: what the sender wrote, what it means, and what became of it."""

    line: int
    state: State
    reason: str
    values: dict[str, Any]
    """Field name -> stored value; only fields that are filled and right."""
    cells: list[str] | str
    """The sender's own cells, or the whole line as text where the cells cannot be told apart."""
    at: int = 0
    """Which row it is, from 0: several rows may come from one line of the file."""


@dataclass(slots=True)
class Sheet:
    """A staged file: nothing of it is in the book yet."""

    file_name: str
    sha256: str
    layout: Layout
    header: list[str] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    blank_lines: list[int] = field(default_factory=list)
    physical_lines: int = 0
    refused: bool = False

    @property
    def counts(self) -> dict[str, int]:
        """Lines by what became of them; `lines` is their sum."""
        states = Counter(line.state for line in self.lines)
        return {
            "lines": len(self.lines),
            "accepted": states["accepted"],
            "accepted_with_findings": states["accepted_with_findings"],
            "quarantined": states["quarantined"],
        }

    def raw(self, line: Line) -> str:
        """Return the sender's cells of a line as JSON text, by header; under the empty key what no header covers."""
        return raw_json(self.header, line.cells)


def raw_json(header: Sequence[str], cells: list[str] | str) -> str:
    """Return cells as JSON text by header name.

    >>> raw_json(["song", "artist"], ["Taa ya Pwani", "Amani Trio", "surplus"])
    '{"song": "Taa ya Pwani", "artist": "Amani Trio", "": ["surplus"]}'
    """
    # written by hand from the library's escapes: a quarter of the time, for each of 200,000 lines
    escape = encode_basestring
    if isinstance(cells, str):
        text = f'{{"": {escape(cells)}}}'
    else:
        parts = [f"{escape(name)}: {escape(cell)}" for name, cell in zip(header, cells, strict=False)]
        if len(cells) > len(header):
            parts.append(f'"": [{", ".join(map(escape, cells[len(header) :]))}]')
        text = f"{{{', '.join(parts)}}}"
    return text if text.isprintable() else json.dumps(json.loads(text))


def refuse(sheet: Sheet, *findings: Finding) -> Sheet:
    """Refuse a whole sheet: no line of it remains, and the findings say why."""
    sheet.refused = True
    sheet.lines.clear()
    sheet.findings = [*findings, *(finding for finding in sheet.findings if finding.scope == "file")]
    return sheet


def open_header(sheet: Sheet, row: list[Any], delimiter: str) -> Judge | None:
    """Read the header row and return the judge of the lines under it; None when the sheet had to be refused."""
    line, _, cells, *rest = row
    if cells is None:
        refuse(sheet, faults.of_line(rest[0], line, "", rest[1][:80], source=sheet.file_name))
        return None
    while cells and not cells[-1].strip():
        cells.pop()
    names = [unicodedata.normalize("NFC", _ODD.sub("", cell)).strip() for cell in cells]
    sheet.header = [name or f"(column {place})" for place, name in enumerate(names, start=1)]
    columns, found = _columns(sheet, line, delimiter)
    sheet.findings += found
    if any(finding.code in faults.REFUSING for finding in found):
        refuse(sheet, *found)
        sheet.findings = sorted(found, key=lambda finding: finding.code not in faults.REFUSING)
        return None
    return Judge(sheet, columns)


def _columns(sheet: Sheet, line: int, delimiter: str) -> tuple[dict[int, Field], list[Finding]]:
    """Return which column is which field, and what is wrong with the header."""
    layout, findings, columns = sheet.layout, list[Finding](), dict[int, Field]()
    seen: dict[str, str] = {}
    for place, header in enumerate(sheet.header):
        known = layout.find(header)
        name = known.name if known else header_key(header) or header
        if name in seen:
            facts = {"line": line, "field": known.name if known else header, "got": f"{seen[name]!r} and {header!r}"}
            findings.append(faults.of_file("duplicate_column", facts, sheet.file_name))
        seen[name] = header
        if known:
            columns[place] = known
        elif not layout.ignores(header):
            findings.append(faults.of_file("unknown_column", {"line": line, "field": header, "got": header}, sheet.file_name))
    there = {found.name for found in columns.values()}
    missing = [found for found in layout.fields if found.required and found.name not in there]
    got = f"columns {', '.join(sheet.header)}"[:200]
    hint = _other_delimiter(sheet.header, delimiter)
    for found in missing:
        names = " or ".join(dict.fromkeys((*found.headers, found.name)))
        facts = {"line": line, "field": found.name, "got": got, "expected": f"a column {names}", "hint": hint}
        findings.append(faults.of_file("missing_column", facts, sheet.file_name))
    if layout.one_of and not there & set(layout.one_of):
        facts = {
            "line": line,
            "field": layout.one_of[0],
            "got": got,
            "expected": f"one of {', '.join(layout.one_of)}",
            "hint": hint,
        }
        findings.append(faults.of_file("missing_column", facts, sheet.file_name))
    return columns, findings


def _other_delimiter(header: list[str], delimiter: str) -> str:
    if len(header) == 1:
        for other in ";\t,|":
            if other != delimiter and other in header[0]:
                return f"The file looks separated by {other!r}: say delimiter={other!r}."
    return ""


class Judge:
    """Reads each row's cells under the layout and says what became of it; one object per file, kept lean for long files."""

    def __init__(self, sheet: Sheet, columns: dict[int, Field]) -> None:
        self.sheet, self.width = sheet, len(sheet.header)
        self.columns: list[tuple[int, str, Field, Reader, bool]] = [
            (place, found.name, found, reader(found, sheet.layout), found.type == "text") for place, found in columns.items()
        ]
        used = set(columns)
        self.others = [place for place in range(self.width) if place not in used]
        self.required = [found.name for found in sheet.layout.fields if found.required]
        self.one_of, self.unique = sheet.layout.one_of, sheet.layout.unique
        self.seen: dict[tuple[Any, ...], int] = {}
        self.pads = sheet.layout.short_lines or sheet.file_name.lower().endswith((".xlsx", ".xlsm"))
        self.findings = sheet.findings

    def take(self, row: list[Any]) -> None:
        """Judge one row of the reader and append it to the sheet."""
        line, span, cells, *rest = row
        if cells is None:
            code, text, detail = rest
            self._find(code, line, "", detail or text[:80])
            self.sheet.lines.append(Line(line, "quarantined", code, {}, text))
            return
        values: dict[str, Any] = {}
        before = len(self.findings)
        reason = self._wrong_width(line, cells) if len(cells) != self.width else ""
        if not reason:
            reason = self._read(line, cells, values)
            for place in self.others:
                if place < len(cells) and cells[place].strip().startswith(_FORMULA_STARTS):
                    self._formula(line, self.sheet.header[place], cells[place].strip())
            if rest[0]:
                self._formula_results(line, rest[0], cells)
            if span > 1:
                self._find("line_end_in_cell", line, "", f"{span} lines")
            reason = reason or self._incomplete(line, values)
        state: State = "quarantined" if reason else "accepted" if len(self.findings) == before else "accepted_with_findings"
        self.sheet.lines.append(Line(line, state, reason, values, cells))

    def _read(self, line: int, cells: list[str], values: dict[str, Any]) -> str:
        """Read every cell of a field into `values`; return the reason for quarantine, or nothing."""
        reason, there = "", len(cells)
        for place, name, found, read, is_text in self.columns:
            text = cells[place].strip() if place < there else ""
            if not text:
                continue
            if _ODD.search(text) or not text.isascii():
                text = self._clean(line, name, text)
            if is_text:
                if text.startswith(_FORMULA_STARTS):
                    self._formula(line, name, text)
                if text:
                    values[name] = text
            elif text:
                reason = self._typed(line, name, found, read, text, values) or reason
        return reason

    def _typed(self, line: int, name: str, found: Field, read: Reader, text: str, values: dict[str, Any]) -> str:
        """Read a typed cell; return the reason for quarantine, or nothing."""
        try:
            value = values[name] = read(text)
        except WorkbenchError as error:
            if text[0] in "=@":
                self._find("formula", line, name, text)
            code = f"not_{found.type}"
            self._find(code, line, name, str(error.got), str(error.expected or ""), error.what)
            return code if found.quarantines else ""
        if found.type == "duration" and isinstance(value, int) and value >= LONG_SECONDS:
            self._find("long_duration" if value <= MOST_SECONDS else "impossible_duration", line, name, text)
            if value > MOST_SECONDS:
                del values[name]
        elif found.type == "share" and isinstance(value, int) and 0 < value < 10_000:
            self._find("share_below_one", line, name, text)
        return ""

    def _clean(self, line: int, name: str, text: str) -> str:
        if odd := _ODD.search(text):
            code = (
                "control_character"
                if _CONTROL.search(text)
                else "bidi_character"
                if _BIDI.search(text)
                else "invisible_character"
            )
            self._find(code, line, name, ascii(text[:80]), ascii(odd[0]))
            text = _ODD.sub("", text).strip()
        if "\ufffd" in text:
            self._find("lost_character", line, name, text[:80])
        return unicodedata.normalize("NFC", text)

    def _formula(self, line: int, name: str, text: str) -> None:
        if not _NUMBER.fullmatch(text):
            self._find("formula", line, name, text)

    def _formula_results(self, line: int, places: list[int], cells: list[str]) -> None:
        for place in places:
            name = next((name for at, name, *_ in self.columns if at == place), "")
            header = self.sheet.header[place] if place < self.width else f"(column {place + 1})"
            self._find("formula_result", line, name or header, cells[place] or "no result kept")

    def _wrong_width(self, line: int, cells: list[str]) -> str:
        if len(cells) > self.width and any(cell.strip() for cell in cells[self.width :]):
            self._find("too_many_cells_in_line", line, "", str(len(cells)), str(self.width))
            return "too_many_cells_in_line"
        if len(cells) < self.width and not self.pads:
            self._find("too_few_cells_in_line", line, "", str(len(cells)), str(self.width))
            return "too_few_cells_in_line"
        return ""

    def _incomplete(self, line: int, values: dict[str, Any]) -> str:
        for name in self.required:
            if name not in values:
                self._find("missing_value", line, name, "nothing")
                return f"missing_{name}"
        if self.one_of and not any(name in values for name in self.one_of):
            self._find("missing_value", line, self.one_of[0], "nothing", f"one of {', '.join(self.one_of)}")
            return f"missing_{self.one_of[0]}"
        if self.unique:
            first = self.seen.setdefault(tuple(values.get(name, "") for name in self.unique), line)
            if first != line:
                shown = " / ".join(str(values.get(name, "")) for name in self.unique)
                self._find("repeated_line", line, self.unique[0], shown, f"not on line {first} already")
        return ""

    def _find(self, code: str, line: int, name: str, got: str, expected: str = "", message: str = "") -> None:
        self.findings.append(faults.of_line(code, line, name, got[:200], expected, message))
