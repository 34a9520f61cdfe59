"""Where cleaning begins: a file of the inbox, one sent from the browser, a project begun before, or a part of the register."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..api import Workbench
from ..core.errors import WorkbenchError, unknown
from .session import Notice, PageModel, Roles, command

SHEETS = (".csv", ".csv.gz", ".tsv", ".txt", ".xlsx", ".json")
LARGEST_UPLOAD_BYTES = 200 * 1024 * 1024
REGISTER = {
    "party": "Right holders",
    "work": "Works",
    "recording": "Recordings",
    "performance": "Performances",
    "agreement": "Agreements",
}


@dataclass(frozen=True, slots=True)
class InboxFile:
    """One file of the inbox that a bench can open."""

    name: str
    size_bytes: int
    changed_at: str


class StartModel(PageModel):
    """What can be put on the bench, and the bench once something is on it."""

    def __init__(self, wb: Workbench, roles: Roles, logs: Path | None = None) -> None:
        super().__init__(wb, roles, logs)
        self.bench: Any = None
        self.files: list[InboxFile] = []
        self.projects: list[Any] = []
        self._incoming: tuple[Path, str, int] | None = None

    @command()
    def refresh(self) -> None:
        """Look again at what can be opened."""
        self.files = _sheets(self.wb.config.inbox)
        self.projects = self.wb.cleaning.projects().to_dict("records")

    @command("analyst", "admin")
    def open_file(self, name: str) -> None:
        """Put a file of the inbox on the bench; it is read, never written."""
        known = {each.name for each in _sheets(self.wb.config.inbox)}
        if name not in known:
            raise unknown("file of the inbox", name, sorted(known))
        self.progress("Reading the file", 0, 1)
        self._put_on(self.wb.cleaning.open(self.wb.config.inbox / name, progress=self.progress))

    @command("analyst", "admin")
    def open_register(self, kind: str) -> None:
        """Put the documents of one kind on the bench; the register changes only when they are saved."""
        if kind not in REGISTER:
            raise unknown("part of the register", kind, REGISTER)
        self.progress("Reading the register", 0, 1)
        self._put_on(self.wb.cleaning.open_register(kind))

    @command()
    def resume(self, name: str) -> None:
        """Go on with a project where it was left."""
        self.progress("Replaying the recipe", 0, 1)
        self._put_on(self.wb.cleaning.resume(name, progress=self.progress))

    @command("analyst", "admin")
    def upload(self, name: str, start: int, size: int, part: Any) -> dict[str, int] | None:
        """Take one piece of a file into the inbox; after the last piece the file is put on the bench."""
        piece = bytes(part)
        if start == 0:
            self._incoming = (self._room_for(name, size), _plain_name(name), 0)
        if self._incoming is None or self._incoming[2] != start:
            raise WorkbenchError("a piece of the file is missing", got=start, next_step="Send the file again.")
        path, plain, received = self._incoming
        received += len(piece)
        if received > min(size, LARGEST_UPLOAD_BYTES):
            self._forget_upload()
            raise WorkbenchError("the file is longer than was said", got=received, expected=size)
        with path.open("ab") as file:
            file.write(piece)
        self._incoming = (path, plain, received)
        self.progress(f"Receiving {plain}", received, size)
        if received < size:
            return {"received": received}
        self._incoming = None
        final = _free_name(self.wb.config.inbox, plain)
        path.replace(final)
        self.open_file(final.name)
        return {"received": received}

    @command()
    def leave(self) -> None:
        """Go back to the start; the project stays as it is and can be resumed."""
        self._clear()
        self.bench = None
        self.refresh()
        self.notice = Notice("info", "The project is kept as it is; resume it whenever you like.")

    # ---- inside

    def _put_on(self, bench: Any) -> None:
        self._clear()
        self.bench = bench

    def _clear(self) -> None:
        """Forget filters, facets and dialogs of what was on the bench before."""

    def _room_for(self, name: str, size: int) -> Path:
        self._forget_upload()
        if not _plain_name(name).lower().endswith(SHEETS):
            raise WorkbenchError("not a table", got=name[:80], expected=", ".join(SHEETS), next_step="Save it as CSV or XLSX.")
        if not 0 < size <= LARGEST_UPLOAD_BYTES:
            expected = f"1 byte to {LARGEST_UPLOAD_BYTES // 2**20} MB"
            raise WorkbenchError("the file is empty or too large", got=f"{size} bytes", expected=expected)
        self.wb.config.inbox.mkdir(parents=True, exist_ok=True)
        return self.wb.config.inbox / f".incoming-{secrets.token_hex(6)}"

    def _forget_upload(self) -> None:
        if self._incoming is not None:
            self._incoming[0].unlink(missing_ok=True)
            self._incoming = None


def _sheets(folder: Path) -> list[InboxFile]:
    """Return the tables of a folder, newest first."""
    if not folder.is_dir():
        return []
    found = [
        (each.stat(), each.name)
        for each in folder.iterdir()
        if each.is_file() and each.name.lower().endswith(SHEETS) and not each.name.startswith(".")
    ]
    found.sort(key=lambda one: (-one[0].st_mtime, one[1]))
    return [
        InboxFile(name, facts.st_size, datetime.fromtimestamp(facts.st_mtime, UTC).isoformat(timespec="seconds"))
        for facts, name in found
    ]


def _plain_name(name: str) -> str:
    """Return the last part of a file's name, with nothing in it that means something to a file system or a terminal."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(letter if letter.isprintable() and letter not in '<>:"|?*' else "_" for letter in last).strip(" .")[-120:]


def _free_name(folder: Path, name: str) -> Path:
    """Return where a file can go without replacing one."""
    wanted = folder / name
    number = 2
    while wanted.exists():
        wanted = folder / f"{Path(name).stem} ({number}){Path(name).suffix}"
        number += 1
    return wanted
