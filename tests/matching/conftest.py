"""A society with an empty register, on SQLite; on both databases where a law depends on them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.matching.place import Place, make_place


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = make_place(tmp_path)
    yield made
    made.office.book.close()


@pytest.fixture
def place_anywhere(tmp_path: Path, book_url: str) -> Iterator[Place]:
    made = make_place(tmp_path, book_url)
    yield made
    made.office.book.close()
