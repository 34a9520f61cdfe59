"""A society with an empty book on each database, and its desks."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from workbench.core.office import Office
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


@pytest.fixture
def both(office_anywhere: Office) -> Desks:
    """The desks, once on SQLite and once on PostgreSQL."""
    return Desks(office_anywhere)


@pytest.fixture
def desks(office: Office) -> Desks:
    """The desks on SQLite."""
    return Desks(office)
