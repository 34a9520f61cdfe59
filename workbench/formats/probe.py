"""A first look at a stranger's file: encoding, separator, where the header stands, and a sample of its rows; nothing is judged.

The bytes are parsed by the guarded reader, as always; of a long text only the beginning is looked at.
"""

from __future__ import annotations

import gzip
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..core.errors import WorkbenchError
from . import intake

LOOK_BYTES, SAMPLE_BYTES = 1 << 18, 1 << 23
SAMPLE_ROWS = 20_000
_DELIMITERS = (",", ";", "\t", "|")
_OTHERS = ("cp1252", "iso-8859-15", "cp1250", "cp1251", "cp1256", "gb18030", "shift_jis")


@dataclass(frozen=True)
class Probe:
    """What a file looks like: `rows` are the sample's rows under the header, `above` the lines over it."""

    kind: str
    """text | spreadsheet | json"""
    encoding: str
    delimiter: str
    header_row: int
    """The header's line; 0 where nothing stands above it."""
    header: list[str]
    rows: list[list[str]] = field(default_factory=list)
    above: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def probe(path: Path) -> Probe:
    """Return what a file looks like; raises `WorkbenchError` for one that cannot be read at all."""
    name = path.name.lower().removesuffix(".gz")
    if name.endswith((".xlsx", ".xlsm")):
        return _shaped("spreadsheet", "utf-8", ",", _rows(path, path, "utf-8", ","), [])
    if name.endswith((".json", ".jsonl", ".ndjson")):
        rows = _rows(path, path, "utf-8", ",")
        return Probe("json", "utf-8", ",", 0, [str(cell) for cell in rows[0][1]], [cells for _, cells in rows[1:]])
    sample = _sample(path)
    with tempfile.TemporaryDirectory() as folder:
        part = Path(folder) / "sample.csv"
        part.write_bytes(sample)
        encoding, notes = _encoding(part, path)
        look = Path(folder) / "look.csv"
        look.write_bytes(_whole_lines(sample, LOOK_BYTES))
        read = {sign: _rows(look, path, encoding, sign) for sign in _DELIMITERS}
        delimiter = max(_DELIMITERS, key=lambda sign: (_fit(read[sign]), -_DELIMITERS.index(sign)))
        rows = _rows(part, path, encoding, delimiter)
    return _shaped("text", encoding, delimiter, rows, notes)


def _sample(path: Path) -> bytes:
    try:
        with gzip.open(path) if path.name.lower().endswith(".gz") else path.open("rb") as file:
            data = bytes(file.read(SAMPLE_BYTES))
    except (OSError, EOFError) as error:
        raise WorkbenchError("the file cannot be read", got=error, where=path) from error
    if not data.strip():
        raise WorkbenchError("the file is empty", where=path, next_step="Ask the sender for it again.")
    return _whole_lines(data, SAMPLE_BYTES - 1)


def _whole_lines(data: bytes, most: int) -> bytes:
    cut = data.rfind(b"\n", 0, most)
    return data[: cut + 1] if cut > 0 and len(data) > most else data


def _encoding(part: Path, path: Path) -> tuple[str, list[str]]:
    """Return the first encoding that reads every byte, and a note where it is a guess."""
    for encoding in ("utf-8", *_OTHERS):
        found = [said for said in _say(part, encoding, ",") if said[0] == "fatal" and said[1] in ("wrong_encoding", "is_utf8")]
        if not found:
            note = (
                [f"read as {encoding}: a guess, the file does not say; look at names with accents"] if encoding != "utf-8" else []
            )
            return encoding, note
    raise WorkbenchError("no encoding known here reads this file", where=path, next_step="Ask the sender for UTF-8.")


def _say(path: Path, encoding: str, delimiter: str) -> list[list[Any]]:
    request = {
        "path": str(path),
        "size": path.stat().st_size,
        "encoding": encoding,
        "delimiter": delimiter,
        "sheet": "",
        "lists": [],
        "memory_bytes": intake.MEMORY_BYTES,
        "cpu_seconds": intake.CPU_SECONDS,
    }
    said: list[list[Any]] = []
    count = 0
    for message in intake._messages(request):
        said.append(message)
        count += len(message[1]) if message[0] == "rows" else 0
        if count > SAMPLE_ROWS:
            break
    return said


def _rows(part: Path, path: Path, encoding: str, delimiter: str) -> list[tuple[int, list[str]]]:
    said = _say(part, encoding, delimiter)
    fatal = next((message for message in said if message[0] == "fatal"), None)
    if fatal is not None:
        raise WorkbenchError(
            "the file cannot be read", got=fatal[1].replace("_", " "), where=path, next_step="Load it to see why."
        )
    rows = [(row[0], row[2]) for message in said if message[0] == "rows" for row in message[1] if row[2] is not None]
    if not rows:
        raise WorkbenchError("the file has no rows", where=path, next_step="Ask the sender for it again.")
    return rows[:SAMPLE_ROWS]


def _fit(rows: Sequence[tuple[int, list[str]]]) -> float:
    """Return how well a separator fits: the commonest number of cells, times how common it is; one cell is no fit at all."""
    widths = Counter(len(cells) for _, cells in rows)
    width, count = max(widths.items(), key=lambda one: (one[1], one[0]))
    return 0.0 if width == 1 else (count / len(rows)) * (1 + min(width, 50) / 50)


def _shaped(kind: str, encoding: str, delimiter: str, rows: list[tuple[int, list[str]]], notes: list[str]) -> Probe:
    at = _header_at([cells for _, cells in rows])
    line, header = rows[at]
    above = [" ".join(cell for cell in cells if cell.strip()) for _, cells in rows[:at]]
    return Probe(kind, encoding, delimiter, line if at else 0, header, [cells for _, cells in rows[at + 1 :]], above, notes)


def _header_at(rows: Sequence[Sequence[str]]) -> int:
    """Return which of the first rows is the header: the first that is about as full as the rows below, and says words."""
    filled = [sum(bool(cell.strip()) for cell in row) for row in rows]
    usual = sorted(filled)[len(filled) // 2]
    for at, row in enumerate(rows[:20]):
        words = [cell for cell in row if cell.strip()]
        figures = sum(any(sign.isdigit() for sign in cell) and not any(sign.isalpha() for sign in cell) for cell in words)
        if filled[at] >= max(2, 0.6 * usual) and figures <= len(words) // 5 and len(set(words)) == len(words):
            return at
    return 0
