"""A file that a browser sends in pieces, put together in a folder under a name that can do no harm."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from ..core.errors import WorkbenchError


@dataclass(slots=True)
class Upload:
    """One file on its way into a folder; pieces come in order, and nothing is kept of a file that did not arrive whole."""

    folder: Path
    largest_bytes: int
    endings: Collection[str] = ()
    """What its name may end in; anything when empty."""
    path: Path | None = None
    name: str = ""
    received: int = 0

    def take(self, name: str, start: int, size: int, piece: bytes) -> Path | None:
        """Add a piece, and return where the whole file lies once the last has come; it has its own name there, or that with a
        number behind it.

        Raises `WorkbenchError` for a name that ends wrongly, a size that is not allowed, and a piece out of order.
        """
        if start == 0:
            self._begin(name, size)
        if self.path is None or self.received != start:
            self.forget()
            raise WorkbenchError("a piece of the file is missing", got=start, next_step="Send the file again.")
        if start + len(piece) > size:
            self.forget()
            raise WorkbenchError("the file is longer than was said", got=start + len(piece), expected=size)
        with self.path.open("ab") as file:
            file.write(piece)
        self.received += len(piece)
        if self.received < size:
            return None
        whole = _free(self.folder, self.name)
        self.path.replace(whole)
        self.path, self.received = None, 0
        return whole

    def forget(self) -> None:
        """Drop what came so far."""
        if self.path is not None:
            self.path.unlink(missing_ok=True)
        self.path, self.received = None, 0

    def _begin(self, name: str, size: int) -> None:
        self.forget()
        self.name = plain_name(name)
        if self.endings and not self.name.lower().endswith(tuple(self.endings)):
            expected = ", ".join(self.endings)
            raise WorkbenchError("not a file for this place", got=name[:80], expected=f"a name that ends in {expected}")
        if not 0 < size <= self.largest_bytes:
            expected = f"1 byte to {self.largest_bytes // 2**20} MB"
            raise WorkbenchError("the file is empty or too large", got=f"{size} bytes", expected=expected)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.path = self.folder / f".incoming-{secrets.token_hex(6)}"


def plain_name(name: str) -> str:
    """Return the last part of a file's name, with nothing in it that means something to a file system or a terminal.

    >>> plain_name("../..\\\\contract<3>.pdf")
    'contract_3_.pdf'
    """
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    plain = "".join(letter if letter.isprintable() and letter not in '<>:"|?*' else "_" for letter in last)
    return plain.strip(" .")[-120:] or "file"


def _free(folder: Path, name: str) -> Path:
    wanted, number = folder / name, 2
    while wanted.exists():
        wanted = folder / f"{Path(name).stem} ({number}){Path(name).suffix}"
        number += 1
    return wanted
