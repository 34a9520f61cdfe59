"""Intake of a sheet (CSV, XLSX, JSON) in two phases: all is read and judged first; the caller then commits all staged lines, or
none.

Every line of the file is accounted for: lines = accepted + accepted with findings + quarantined; blank ones are listed. A fault
of the whole file (its encoding, its header, an archive that is none) refuses it: findings say what and where, there are no lines.
The bytes themselves are parsed in a process of their own (`reader`), never in the one that shows the screen.
"""

from __future__ import annotations

import gc
import hashlib
import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..core.canonical import file_digest
from ..core.errors import Finding, WorkbenchError
from ..core.office import Progress, silent
from . import faults
from .judge import Judge, Line, Sheet, open_header, refuse
from .sheets import ENCODINGS, Layout
from .spool import Spool
from .unfold import Unfold

__all__ = ["Line", "Sheet", "Spool", "many_objects", "require_file", "spool", "stage", "stage_rows"]

MAX_FILE_BYTES = 400_000_000
MEMORY_BYTES = 1 << 30
CPU_SECONDS = 240
WALL_SECONDS = 900


def stage(
    file: str | Path, layout: Layout, *, encoding: str = "", delimiter: str = "", progress: Progress = silent, sha256: str = ""
) -> Sheet:
    """Read a CSV or JSON (plain or gzip) or XLSX file under a layout and judge every line; nothing is written anywhere.

    `encoding` and `delimiter` override the layout's for this file. Raises `WorkbenchError` when there is no such file or no such
    encoding; everything that is wrong with the data is in the findings.
    """
    staging, request = _prepared(file, layout, encoding, delimiter, progress, sha256)
    if request is None:
        return staging.sheet
    with many_objects():
        return staging.run(_messages(request))


def spool(
    file: str | Path,
    layout: Layout,
    key: Callable[[Line], tuple[str, Any]],
    *,
    encoding: str = "",
    delimiter: str = "",
    progress: Progress = silent,
    sha256: str = "",
) -> Spool:
    """Read and judge a file as `stage` does, but keep the judged lines on disk: its length no longer matters to memory.

    `key` says which lines belong together; the spool knows how many there are of each.
    """
    staging, request = _prepared(file, layout, encoding, delimiter, progress, sha256)
    kept = Spool(staging.sheet, key)
    if request is not None:
        staging.drain = kept.put
        with many_objects():
            staging.run(_messages(request))
    return kept


def _prepared(
    file: str | Path, layout: Layout, encoding: str, delimiter: str, progress: Progress, sha256: str
) -> tuple[_Staging, dict[str, Any] | None]:
    """Return the staging of a file and what to ask of the reader; None when the file is refused unread."""
    path = require_file(file)
    encoding = (encoding or layout.encoding).lower().replace("utf8", "utf-8")
    if encoding not in ENCODINGS:
        raise WorkbenchError("not an encoding known here", got=encoding, expected=", ".join(sorted(ENCODINGS)))
    sheet = Sheet(path.name, sha256 or file_digest(path), layout)
    staging = _Staging(sheet, delimiter or layout.delimiter, progress)
    size = path.stat().st_size
    if size > MAX_FILE_BYTES:
        facts = {"got": f"{size} bytes", "expected": f"at most {MAX_FILE_BYTES}"}
        refuse(sheet, faults.of_file("file_too_large", facts, path.name))
        return staging, None
    return staging, {
        "path": str(path),
        "size": size,
        "encoding": encoding,
        "delimiter": delimiter or layout.delimiter,
        "sheet": layout.sheet,
        "lists": list(layout.lists),
        "memory_bytes": MEMORY_BYTES,
        "cpu_seconds": CPU_SECONDS,
    }


def stage_rows(rows: Sequence[Mapping[str, Any]], layout: Layout, name: str) -> Sheet:
    """Judge rows that a person typed, or another desk gave, as if they had come in a file; keys are field names or headers."""
    header = list(dict.fromkeys(str(key) for row in rows for key in row))
    listed = [
        [number, 1, ["" if row.get(key) is None else str(row[key]) for key in header], []]
        for number, row in enumerate(rows, start=2)
    ]
    identity = hashlib.sha256(json.dumps([header, listed], ensure_ascii=True).encode()).hexdigest()
    sheet = Sheet(name or f"capture-{identity[:12]}", identity, layout)
    if not rows:
        return refuse(sheet, faults.of_file("no_lines", {}, sheet.file_name))
    messages: list[list[Any]] = [
        ["rows", [[1, 1, header, []]]],
        ["rows", listed],
        ["end", {"physical_lines": len(rows) + 1, "sha256": identity}],
    ]
    return _Staging(sheet, ",", silent).run(messages)


def require_file(file: str | Path) -> Path:
    """Return the path of an existing plain file; raises `WorkbenchError` otherwise."""
    path = Path(file).expanduser().absolute()  # the reader runs in a folder of its own
    if not path.is_file():
        raise WorkbenchError("no such file", got=path, next_step="Check the name and the folder.")
    return path


def require_taken(refused: bool, file_name: str, findings: Sequence[Finding]) -> None:
    """Raise `WorkbenchError` that tells the first findings of a file that was refused as a whole."""
    if refused:
        raise WorkbenchError(
            f"{file_name} was refused, nothing was written",
            got="; ".join(str(finding) for finding in findings[:3]) or None,
            next_step="Correct the file, or ask its sender to.",
        )


@contextmanager
def many_objects() -> Iterator[None]:
    """Hold the cycle collector while hundreds of thousands of plain objects are made: it would find nothing, and take long."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


class _Staging:
    """Takes the reader's messages, one method for each kind, until the sheet is staged or refused."""

    def __init__(self, sheet: Sheet, delimiter: str, progress: Progress) -> None:
        self.sheet, self.delimiter, self.progress = sheet, delimiter, progress
        self.judge: Judge | None = None
        self.finished = False
        self.drain: Callable[[list[Line]], None] | None = None
        """Takes the lines of each batch away from the sheet, when they are kept elsewhere."""
        self.taken = 0
        self.unfold = Unfold(sheet.layout, pads=sheet.layout.short_lines or sheet.file_name.lower().endswith((".xlsx", ".xlsm")))
        self.above: list[str] = []

    def run(self, messages: Iterable[list[Any]]) -> Sheet:
        """Return the sheet when the reader is done."""
        for kind, *content in messages:
            getattr(self, f"_on_{kind}")(*content)
            if self.sheet.refused:
                return self.sheet
        if not self.finished:
            self._refuse("reader_stopped")
        elif self.judge is None:
            self._refuse("empty_file", got="blank lines only")
        elif not self.taken:
            self._refuse("no_lines")
        elif self.sheet.blank_lines:
            blank = self.sheet.blank_lines
            shown = ", ".join(str(line) for line in blank[:20]) + (" ..." if len(blank) > 20 else "")
            self._on_note("blank_lines", {"got": f"{len(blank)}: lines {shown}"})
        return self.sheet

    def _on_rows(self, rows: list[list[Any]]) -> None:
        if self.judge is None:
            rows = self._below_the_titles(rows)
            if not rows:
                return
            header = rows[0]
            if header[2] is not None and not self.unfold.is_idle:
                header = [*header[:2], self.unfold.header(header[2]), []]
            self.judge = open_header(self.sheet, header, self.delimiter)
            rows = rows[1:]
        if self.judge is not None:
            for row in rows:
                for one in (row,) if self.unfold.is_idle else self.unfold.rows(row):
                    self.judge.take(one)
            self.taken += len(rows)
            self.progress("reading", self.taken, 0)
            if self.drain is not None:
                self.drain(self.sheet.lines)
                self.sheet.lines.clear()

    def _below_the_titles(self, rows: list[list[Any]]) -> list[list[Any]]:
        """Return the rows from the header's line on; what stands above it is a title, and said to have been passed over."""
        wanted = self.sheet.layout.header_row
        above = [row for row in rows if row[0] < wanted]
        self.above += [" ".join(cell for cell in row[2] or [row[4]] if cell.strip()) for row in above]
        if len(above) < len(rows) and self.above:
            self._on_note("titles_above", {"got": " / ".join(self.above)[:200]})
        return rows[len(above) :]

    def _on_blank(self, lines: list[int]) -> None:
        self.sheet.blank_lines += lines

    def _on_note(self, code: str, facts: dict[str, Any]) -> None:
        self.sheet.findings.append(faults.of_file(code, facts, self.sheet.file_name))

    def _on_fatal(self, code: str, facts: dict[str, Any]) -> None:
        self._refuse(code, **facts)

    def _on_end(self, facts: dict[str, Any]) -> None:
        self.sheet.physical_lines, self.finished = facts["physical_lines"], True
        if facts["sha256"] != self.sheet.sha256:
            self._refuse("file_changed")

    def _refuse(self, code: str, **facts: Any) -> None:
        refuse(self.sheet, faults.of_file(code, facts, self.sheet.file_name))


def _messages(request: dict[str, Any]) -> Iterator[list[Any]]:
    """Run the reader in a process of its own and yield what it says; it is stopped when it takes too long."""
    program = Path(__file__).with_name("reader.py")
    with tempfile.TemporaryFile() as complaints:
        process = subprocess.Popen(  # noqa: S603  our own program, by path
            [sys.executable, "-I", str(program), json.dumps(request)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=complaints,
            cwd=tempfile.gettempdir(),
        )
        clock = threading.Timer(WALL_SECONDS, process.kill)
        clock.daemon = True
        clock.start()
        try:
            for message in process.stdout or ():
                if message.endswith(b"\n"):
                    yield json.loads(message)
        finally:
            clock.cancel()
            process.kill()
            process.wait()
