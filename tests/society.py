"""A small society for the tests: a workspace, an empty book, and a clerk."""

from __future__ import annotations

from pathlib import Path

from workbench.core.config import create_workspace
from workbench.core.office import Office
from workbench.core.store import create_book


def new_office(folder: Path, url: str = "") -> Office:
    """Return the office of a new society in `folder`; its book is at `url`, beside the folder when that is empty."""
    url = url or f"sqlite:///{folder.with_name(f'{folder.name}-book.sqlite')}"
    config = create_workspace(folder, code="TALA", name="Tala", currency="KES", territory="404", book_url=url)
    return Office(create_book(config.book_url, instance="TALA", currency="KES"), config, "a.mwangi")
