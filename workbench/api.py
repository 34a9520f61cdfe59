"""`Workbench.open(folder_or_url)`: the public door, and the only place where the parts are wired together."""

from __future__ import annotations

import getpass
import importlib
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any

from .core.config import Config, create_workspace, read_config
from .core.errors import WorkbenchError
from .core.office import Office
from .core.store import Book, create_book, open_book
from .registry import agreements, licences, mandates, parties, performances, recordings, works

for _late in ("registry.onboarding", "matching.usage", "matching.run", "distribution.run", "distribution.statements", "sync.client",
              "apps.staff"):
    with suppress(ModuleNotFoundError):
        importlib.import_module(f"workbench.{_late}")


class Workbench:
    """One person's session with one society's workspace; every desk is an attribute.

    >>> wb = Workbench.open("society")                                  # doctest: +SKIP
    >>> wb.works.search("malaika", writer="makeba")                     # doctest: +SKIP
    """

    def __init__(self, config: Config, book: Book, user: str) -> None:
        self.config = config
        self.book = book
        self.office = Office(book, config, user)

    @classmethod
    def open(cls, folder: str | Path, user: str = "") -> Workbench:
        """Open the workspace in `folder` in the name of `user` (the system's user when not said).

        Raises `WorkbenchError` when there is no workspace or no book, or when the book's schema does not fit this program.
        """
        config = read_config(Path(folder))
        return cls(config, open_book(config.book_url), user or getpass.getuser())

    @classmethod
    def create(cls, folder: str | Path, *, code: str, name: str, currency: str, user: str = "", **details: str) -> Workbench:
        """Make a new workspace with an empty book and open it; `details`: society, territory, book_url, central_url."""
        config = create_workspace(Path(folder), code=code, name=name, currency=currency, **details)
        book = create_book(config.book_url, instance=code, currency=currency)
        return cls(config, book, user or getpass.getuser())

    def close(self) -> None:
        """Let go of the book."""
        self.book.close()

    def __enter__(self) -> Workbench:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __getattr__(self, name: str) -> Any:
        where = _DESKS.get(name)
        if where is None:
            raise AttributeError(name)
        module, desk = where.split(":")
        made = getattr(importlib.import_module(f"workbench.{module}"), desk)(self.office)
        setattr(self, name, made)
        return made


_DESKS = {
    "parties": "registry.parties:Parties",
    "works": "registry.works:Works",
    "recordings": "registry.recordings:Recordings",
    "performances": "registry.performances:Performances",
    "agreements": "registry.agreements:Agreements",
    "mandates": "registry.mandates:Mandates",
    "licences": "registry.licences:Licences",
    "onboarding": "registry.onboarding:Onboarding",
    "usage": "matching.usage:UsageDesk",
    "matching": "matching.run:Matching",
    "distribution": "distribution.run:Distribution",
    "statements": "distribution.statements:Statements",
    "sync": "sync.client:SyncDesk",
    "staff": "apps.staff:Staff",
}
