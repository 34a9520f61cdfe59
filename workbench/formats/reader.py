"""Turn a stranger's bytes into rows of text: a program of its own, with a ceiling on memory and time, started by `intake`.

It runs by path in an isolated interpreter (`python -I reader.py REQUEST`), imports nothing of the workbench and so starts in a
tenth of a second. It never interprets a value; it says which bytes stood in which cell, and which lines could not be told apart.
Output, one JSON list per line of standard output:

    ["rows", [[line, span, cells, formula columns] or [line, span, null, code, raw text, detail], ...]]
    ["blank", [line, ...]]           ["note" or "fatal", code, {facts}]           ["end", {"physical_lines": n, "sha256": hex}]

`line` counts physical lines from 1, `span` is how many of them the record covers. Without an "end" the reading did not finish.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import hashlib
import importlib.util
import io
import json
import re
import sys
import zipfile
import zlib
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, BinaryIO

MAX_LINE = 65_536
MAX_FIELD = 32_768
MAX_COLUMNS = 1_000
MAX_CELLS = 20_000_000
MAX_TEXT_CELLS = 100_000_000
"""Of a CSV file, whose lines go by one at a time; a spreadsheet or JSON is held whole."""
MAX_UNPACKED = 2_000_000_000
MAX_UNPACKED_TEXT = 400_000_000
MAX_RATIO = 100
RATIO_FLOOR = 20_000_000
"""Small archives may well shrink a hundredfold; below this many bytes unpacked the ratio says nothing."""
MAX_MEMBERS = 1_000
MAX_QUOTED_LINES = 50
"""A cell with more line ends than this is taken for a forgotten quote."""
MAX_LOST_QUOTES = 200
"""After so many forgotten quotes, a quote must close on its own line: a file full of them must not cost fifty times its size."""
MAX_FORMULAS = 100_000
BATCH = 500
ENCODINGS = ("utf-8", "cp1252", "iso-8859-15", "cp1250", "cp1251", "cp1253", "cp1254", "cp1256", "gb18030", "shift_jis", "euc_kr")
_C1 = re.compile("[\u0080-\u009f]")
_FORMULA = re.compile(rb'<(?:\w{1,20}:)?c\b[^<>]{0,300}?\br="([A-Z]{1,3})([0-9]{1,7})"[^<>]{0,300}>\s*<(?:\w{1,20}:)?f\b')

Row = list[Any]


class Fault(Exception):
    """The file as a whole cannot be read; the code and its facts go to the caller as a finding."""

    def __init__(self, code: str, **facts: Any) -> None:
        self.code, self.facts = code, facts
        super().__init__(code)


def main(argument: str) -> int:
    """Read one file as the request says and print what was found; returns the exit status."""
    request = json.loads(argument)
    _limit_resources(request["memory_bytes"], request["cpu_seconds"])
    try:
        with open(request["path"], "rb") as file:  # noqa: PTH123  one descriptor for digest and content
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            physical = _read(file, request)
        _say("end", {"physical_lines": physical, "sha256": digest})
    except Fault as fault:
        _say("fatal", fault.code, fault.facts)
    except MemoryError:
        _say("fatal", "too_much_memory", {})
    except OSError as error:
        _say("fatal", "cannot_be_opened", {"got": str(error)})
    sys.stdout.flush()
    return 0


def _read(file: BinaryIO, request: dict[str, Any]) -> int:
    file.seek(0)
    start = file.read(8)
    file.seek(0)
    spreadsheet = str(request["path"]).lower().endswith((".xlsx", ".xlsm"))
    if not start:
        raise Fault("empty_file")
    if start.startswith(b"\xd0\xcf\x11\xe0"):
        raise Fault("encrypted_or_old")
    if start.startswith(b"PK"):
        if not spreadsheet:
            raise Fault("name_does_not_fit", got="a zip or Excel file")
        return _read_xlsx(file, request)
    if spreadsheet:
        raise Fault("not_a_spreadsheet", got=repr(start))
    packed = start.startswith(b"\x1f\x8b")

    def open_text() -> BinaryIO:
        file.seek(0)
        return _Bounded(gzip.GzipFile(fileobj=file), request["size"]) if packed else file  # type: ignore[return-value]

    try:
        encoding = _settle_encoding(open_text, request["encoding"])
        name = str(request["path"]).lower().removesuffix(".gz")
        if name.endswith((".json", ".jsonl", ".ndjson")):
            return _read_json(open_text(), encoding, request.get("lists", ()), by_line=not name.endswith(".json"))
        return _read_text(open_text(), encoding, request["delimiter"])
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise Fault("corrupt_archive", got=str(error)) from error


# ---- text


class _Bounded(io.RawIOBase):
    """A packed stream that stops when it unpacks to more than it may."""

    def __init__(self, stream: Any, packed_size: int) -> None:
        self._stream, self._left = stream, min(MAX_UNPACKED_TEXT, max(RATIO_FLOOR, packed_size * MAX_RATIO))

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._stream.read(len(buffer))
        self._left -= len(data)
        if self._left < 0:
            raise Fault("unpacks_too_large")
        buffer[: len(data)] = data
        return len(data)


def _settle_encoding(open_text: Callable[[], BinaryIO], declared: str) -> str:
    """Return the encoding to read with: a byte order mark's, else the declared one, proved on every byte."""
    start = open_text().read(4096) or b""
    for mark, name in ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16")):
        if start.startswith(mark):
            if name == "utf-16" and declared != name:
                _say("note", "encoding_from_mark", {"got": name})
            _prove(open_text, name)
            return name
    fits = "utf-16-le" if start[1::2].count(0) >= start[::2].count(0) else "utf-16-be"
    if declared == "utf-16":
        raise Fault("wrong_encoding", line=1, byte=0, got="no byte order mark", expected=declared, fits=[fits])
    if not declared.startswith("utf-16") and start.count(0) * 5 > len(start):
        raise Fault(
            "wrong_encoding", line=1, byte=start.find(0), got="zero bytes between letters", expected=declared, fits=[fits]
        )
    _prove(open_text, declared)
    if not declared.startswith("utf") and _is_foreign_utf8(open_text()):
        raise Fault("is_utf8", got="utf-8", expected=declared)
    return declared


def _prove(open_text: Callable[[], BinaryIO], encoding: str) -> None:
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    newlines = io.IncrementalNewlineDecoder(decoder, translate=True)
    stream, offset, line = open_text(), 0, 1
    while True:
        chunk = stream.read(1 << 20) or b""
        try:
            line += newlines.decode(chunk, final=not chunk).count("\n")
        except UnicodeDecodeError as error:
            pending = max(0, len(error.object) - len(chunk))
            before = error.object[: error.start].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
            around = error.object[max(0, error.start - 12) : error.start + 12]
            raise Fault(
                "wrong_encoding",
                line=line + before.count(b"\n"),
                byte=offset - pending + error.start,
                got=f"byte {error.object[error.start : error.start + 1].hex()}",
                expected=encoding,
                fits=_fitting(error.object, around, encoding),
            ) from None
        if not chunk:
            return
        offset += len(chunk)


def _fitting(window: bytes, around: bytes, declared: str) -> list[str]:
    """Return the encodings that can read this part, each with how the odd place would look."""
    fits = []
    for name in ENCODINGS:
        if name == declared:
            continue
        decoder = codecs.getincrementaldecoder(name)("strict")
        try:
            text = decoder.decode(window, False)
        except UnicodeDecodeError:
            continue
        if not _C1.search(text):
            shown = around.decode(name, "replace").replace("\n", " ").replace("\r", " ").strip()
            fits.append(f"{name} ({shown})")
    return fits[:6]


def _is_foreign_utf8(stream: BinaryIO) -> bool:
    decoder, foreign = codecs.getincrementaldecoder("utf-8")("strict"), False
    while chunk := stream.read(1 << 20):
        try:
            decoder.decode(chunk)
        except UnicodeDecodeError:
            return False
        foreign = foreign or not chunk.isascii()
    return foreign


class _Lines:
    """Physical lines with their numbers, with a bound on their length, and a way to put some back."""

    def __init__(self, stream: io.TextIOWrapper) -> None:
        self._stream, self._waiting, self._number = stream, deque[tuple[int, str, bool]](), 0

    @property
    def physical(self) -> int:
        return self._number

    def take(self) -> tuple[int, str, bool] | None:
        """Return (number, text with its line end, whether it is whole); None at the end."""
        if self._waiting:
            return self._waiting.popleft()
        text = self._stream.readline(MAX_LINE + 1)
        if not text:
            return None
        self._number += 1
        if len(text) <= MAX_LINE or text.endswith("\n"):
            return self._number, text, True
        while True:
            rest = self._stream.readline(MAX_LINE)
            if not rest or rest.endswith("\n"):
                return self._number, text, False

    def put_back(self, lines: list[tuple[int, str, bool]]) -> None:
        self._waiting.extendleft(reversed(lines))


def _read_text(stream: BinaryIO, encoding: str, delimiter: str) -> int:
    csv.field_size_limit(MAX_FIELD)
    buffered = io.BufferedReader(stream) if isinstance(stream, _Bounded) else stream
    lines = _Lines(io.TextIOWrapper(buffered, encoding=encoding, errors="strict", newline=None))
    out, cells_seen = _Out(), 0
    for row in _records(lines, delimiter):
        cells = row[2]
        if cells is not None:
            cells_seen += len(cells)
            if cells_seen > MAX_TEXT_CELLS:
                raise Fault("too_many_cells", expected=MAX_TEXT_CELLS)
        out.put(row)
    out.flush()
    return lines.physical


def _read_json(stream: BinaryIO, encoding: str, lists: Sequence[str], *, by_line: bool) -> int:
    spec = importlib.util.spec_from_file_location("reader_json", Path(__file__).with_name("reader_json.py"))
    assert spec is not None and spec.loader is not None  # noqa: S101, PT018  it lies beside this file
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    if isinstance(stream, _Bounded):  # read twice, so unpacked once; its bound holds
        stream = io.BytesIO(stream.read())
    text = io.TextIOWrapper(stream, encoding=encoding, errors="strict", newline=None)
    out, last, cells_seen, left_out = _Out(), 0, 0, list[str]()
    try:
        for row in module.rows(text, by_line=by_line, lists=lists, left_out=left_out):
            last = row[0]
            cells = row[2]
            if cells is not None:
                cells_seen += len(cells)
                if cells_seen > MAX_CELLS:
                    raise Fault("too_many_cells", expected=MAX_CELLS)
                if any(len(cell) > MAX_FIELD for cell in cells):
                    row = [row[0], 1, None, "field_too_long", " ".join(cells)[:1_000], ""]
            out.put(row)
    except module.JsonFault as fault:
        raise Fault(fault.code, **fault.facts) from None
    out.flush()
    if left_out:
        _say("note", "outside_the_list", {"got": ", ".join(left_out)[:200]})
    return last


def _records(lines: _Lines, delimiter: str) -> Iterator[Row]:
    lost_quotes = 0
    while (taken := lines.take()) is not None:
        number, text, is_whole = taken
        if not is_whole:
            yield [number, 1, None, "line_too_long", text[:1_000], ""]
        elif '"' not in text:
            yield _checked(number, 1, text.rstrip("\n").split(delimiter), text)
        else:
            span, cells, code = _quoted(text, lines, delimiter, MAX_QUOTED_LINES if lost_quotes < MAX_LOST_QUOTES else 0)
            if cells is None:
                lost_quotes += code == "unbalanced_quote"
                yield [number, 1, None, code, text.rstrip("\n"), ""]
            else:
                yield _checked(number, span, cells, text)


def _checked(number: int, span: int, cells: list[str], text: str) -> Row:
    if len(cells) > MAX_COLUMNS:
        return [number, span, None, "too_many_columns", text[:1_000], str(len(cells))]
    if len(text) > MAX_FIELD and any(len(cell) > MAX_FIELD for cell in cells):
        return [number, span, None, "field_too_long", text[:1_000], ""]
    return [number, span, cells, []]


def _quoted(first: str, lines: _Lines, delimiter: str, lookahead: int) -> tuple[int, list[str] | None, str]:
    """Return (span, cells, "") of a record with quotes, or (1, None, code) with every further line put back."""
    parts, taken, size = [first], list[tuple[int, str, bool]](), len(first)
    while True:
        try:
            return len(parts), next(csv.reader(parts, delimiter=delimiter, strict=True)), ""
        except csv.Error as error:
            if "unexpected end of data" not in str(error):
                lines.put_back(taken)
                return 1, None, "field_too_long" if "field limit" in str(error) else "malformed_quotes"
        while True:  # the quote can only close on a line that has one
            following = lines.take() if len(parts) <= lookahead and size <= MAX_LINE else None
            if following is None:
                lines.put_back(taken)
                return 1, None, "unbalanced_quote"
            taken.append(following)
            parts.append(following[1])
            size += len(following[1])
            if '"' in following[1]:
                break


# ---- spreadsheets


def _read_xlsx(file: BinaryIO, request: dict[str, Any]) -> int:
    formulas = _check_zip(file, request["size"], request.get("sheet", ""))
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError  # only when a spreadsheet comes

    file.seek(0)
    try:
        book = CalamineWorkbook.from_filelike(file)
        names = book.sheet_names
        wanted = request.get("sheet") or (names[0] if names else "")
        if wanted not in names:
            raise Fault("no_such_sheet", got=", ".join(names)[:200], expected=wanted)
        if others := [name for name in names if name not in (wanted, "about")]:
            _say("note", "other_sheets", {"got": ", ".join(others)[:200], "expected": wanted})
        sheet = book.get_sheet_by_name(wanted)
        if sheet.total_height * sheet.total_width > MAX_CELLS:
            raise Fault("too_many_cells", got=f"{sheet.total_height} x {sheet.total_width}", expected=MAX_CELLS)
        return _put_sheet(sheet, formulas)
    except PasswordError as error:
        raise Fault("encrypted_or_old") from error
    except (CalamineError, OSError, ValueError) as error:
        raise Fault("corrupt_spreadsheet", got=str(error)[:200]) from error
    except BaseException as error:  # a panic of the native reader is a BaseException of its own
        if type(error).__name__ == "PanicException":
            raise Fault("corrupt_spreadsheet", got=str(error)[:200]) from error
        raise


def _put_sheet(sheet: Any, formulas: dict[int, list[int]]) -> int:
    out, line = _Out(), 0
    for values in sheet.to_python(skip_empty_area=False):
        line += 1
        cells = [_cell_text(value) for value in values]
        while cells and not cells[-1]:
            cells.pop()
        found = formulas.get(line, [])
        cells += [""] * (max(found, default=-1) + 1 - len(cells))
        if len(cells) > MAX_COLUMNS or any(len(cell) > MAX_FIELD for cell in cells):
            code = "too_many_columns" if len(cells) > MAX_COLUMNS else "field_too_long"
            out.put([line, 1, None, code, " ".join(cells)[:1_000], ""])
        else:
            out.put([line, 1, cells, found])
    out.flush()
    return line


def _cell_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        # the 15 digits that a spreadsheet shows; more would be the binary fraction talking
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else format(value, ".15g")
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds").removesuffix(" 00:00:00")
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, timedelta):
        seconds = int(value.total_seconds())
        return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return "" if value is None else str(value)


def _check_zip(file: BinaryIO, size: int, sheet: str) -> dict[int, list[int]]:
    """Judge the archive before anything is unpacked; return the formula cells as {line: columns from 0}."""
    try:
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
            unpacked = sum(member.file_size for member in members)
            if len(members) > MAX_MEMBERS:
                raise Fault("too_many_members", got=len(members), expected=MAX_MEMBERS)
            if unpacked > MAX_UNPACKED or (unpacked > RATIO_FLOOR and unpacked > size * MAX_RATIO):
                raise Fault("unpacks_too_large", got=unpacked)
            names = {member.filename for member in members}
            if "EncryptedPackage" in names or any(member.flag_bits & 1 for member in members):
                raise Fault("encrypted_or_old")
            if "xl/workbook.xml" not in names:
                raise Fault("not_a_spreadsheet", got="a zip without a workbook")
            return _formulas(archive, names, sheet)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, KeyError) as error:
        raise Fault("corrupt_spreadsheet", got=str(error)[:200]) from error


def _formulas(archive: zipfile.ZipFile, names: set[str], sheet: str) -> dict[int, list[int]]:
    member = _sheet_member(archive, names, sheet)
    found: dict[int, list[int]] = {}
    if not member:
        return found
    count, tail = 0, b""
    with archive.open(member) as stream:
        while (chunk := stream.read(1 << 20)) and count < MAX_FORMULAS:
            text = tail + chunk
            end = 0
            for match in _FORMULA.finditer(text):
                column = 0
                for letter in match[1]:
                    column = column * 26 + letter - 64
                found.setdefault(int(match[2]), []).append(column - 1)
                count, end = count + 1, match.end()
            tail = text[max(end, len(text) - 700) :]
    return {line: sorted({column for column in columns if column < MAX_COLUMNS}) for line, columns in found.items()}


def _sheet_member(archive: zipfile.ZipFile, names: set[str], sheet: str) -> str:
    def small(name: str) -> str:
        with archive.open(name) as stream:
            return stream.read(1_000_000).decode("utf-8", "replace")

    relations = small("xl/_rels/workbook.xml.rels") if "xl/_rels/workbook.xml.rels" in names else ""
    targets = {}
    for tag in re.findall(r"<(?:\w+:)?Relationship\b[^<>]*>", relations):
        identity, target = re.search(r'\bId="([^"]*)"', tag), re.search(r'\bTarget="([^"]*)"', tag)
        if identity and target:
            targets[identity[1]] = target[1].removeprefix("/xl/")
    for tag in re.findall(r"<(?:\w+:)?sheet\b[^<>]*>", small("xl/workbook.xml")):
        name, identity = re.search(r'\bname="([^"]*)"', tag), re.search(r'\b\w+:id="([^"]*)"', tag)
        if identity and (not sheet or (name and name[1] == sheet)):
            member = f"xl/{targets.get(identity[1], '')}"
            return member if member in names else ""
    return ""


# ---- output


class _Out:
    """Rows go out in batches; blank ones by number only."""

    def __init__(self) -> None:
        self._rows: list[Row] = []
        self._blank: list[int] = []

    def put(self, row: Row) -> None:
        cells = row[2]
        if cells is not None and not row[3] and not "".join(cells).strip():
            self._blank.extend(range(row[0], row[0] + row[1]))
        else:
            self._rows.append(row)
        if len(self._rows) + len(self._blank) >= BATCH:
            self.flush()

    def flush(self) -> None:
        if self._rows:
            _say("rows", self._rows)
        if self._blank:
            _say("blank", self._blank)
        self._rows, self._blank = [], []


def _say(*message: Any) -> None:
    sys.stdout.write(json.dumps(message, separators=(",", ":")) + "\n")


def _limit_resources(memory_bytes: int, cpu_seconds: int) -> None:
    try:
        import resource
    except ImportError:  # not on this system: the ceilings of the file's size still hold
        return
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 1))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
