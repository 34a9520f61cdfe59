"""Where cleaning begins: a file of the inbox, one sent from the browser, a project begun before, or a part of the register."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..api import Workbench
from ..core.errors import unknown
from .session import Notice, PageModel, Roles, command
from .uploads import Upload

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
        self._upload = Upload(wb.config.inbox, LARGEST_UPLOAD_BYTES, SHEETS)

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
    def upload(self, name: str, start: int, size: int, part: Any) -> dict[str, int]:
        """Take one piece of a file into the inbox; after the last piece the file is put on the bench."""
        whole = self._upload.take(name, int(start), int(size), bytes(part))
        self.progress(f"Receiving {self._upload.name}", start + len(part), size)
        if whole is not None:
            self.open_file(whole.name)
        return {"received": start + len(part)}

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
