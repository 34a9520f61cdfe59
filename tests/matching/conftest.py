"""A society with an empty register, on SQLite; on both databases where a law depends on them."""

from __future__ import annotations

import pytest

from tests.matching.place import Place, make_place
from workbench.core.office import Office


@pytest.fixture
def place(office: Office) -> Place:
    return make_place(office)


@pytest.fixture
def place_anywhere(office_anywhere: Office) -> Place:
    return make_place(office_anywhere)
