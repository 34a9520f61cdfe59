"""A society with an empty book on each database, and its desks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from workbench.core.config import create_workspace
from workbench.core.office import Office
from workbench.core.store import create_book
from workbench.registry.agreements import Agreements
from workbench.registry.licences import Licences
from workbench.registry.mandates import Mandates
from workbench.registry.parties import Parties
from workbench.registry.performances import Performances
from workbench.registry.recordings import Recordings
from workbench.registry.works import Works


@dataclass
class Desks:
    """Every desk of the register over one office."""

    office: Office

    def __post_init__(self) -> None:
        self.parties = Parties(self.office)
        self.works = Works(self.office)
        self.recordings = Recordings(self.office)
        self.performances = Performances(self.office)
        self.agreements = Agreements(self.office)
        self.mandates = Mandates(self.office)
        self.licences = Licences(self.office)

    def people(self, *names: str) -> list[str]:
        """Register parties by last name and return their ids."""
        return [one.id for one in self.parties.save_many([{"kind": "natural", "name": name} for name in names], why="joined")]


def _open(folder: Path, url: str) -> Desks:
    config = create_workspace(folder, code="TALA", name="Tala", currency="KES", territory="404", book_url=url)
    return Desks(Office(create_book(config.book_url, instance="TALA", currency="KES"), config, "a.mwangi"))


@pytest.fixture
def both(book_url: str, tmp_path: Path) -> Iterator[Desks]:
    """The desks, once on SQLite and once on PostgreSQL."""
    desks = _open(tmp_path / "society", book_url)
    yield desks
    desks.office.book.close()


@pytest.fixture
def desks(tmp_path: Path) -> Iterator[Desks]:
    """The desks on SQLite."""
    desks = _open(tmp_path / "society", f"sqlite:///{tmp_path / 'book.sqlite'}")
    yield desks
    desks.office.book.close()
