"""What every desk is handed: the book, the workspace, the person at work, and a way to show progress."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from .config import Config
from .store import Book, Change

Progress = Callable[[str, int, int], None]
"""Called with (what is being done, how much is done, how much there is); cheap to call, at most some hundred times per task."""


def silent(_what: str, _done: int, _total: int) -> None:
    """Show no progress."""


@dataclass(frozen=True)
class Office:
    """One person's session with one society's book."""

    book: Book
    config: Config
    user: str

    def change(self, why: str, by: str = "") -> AbstractContextManager[Change]:
        """Open one write transaction in the name of `by`, or of the session's user."""
        return self.book.write(by or self.user, why)
