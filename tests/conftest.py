"""What many tests need: a workspace, a book on each database, the folder of shared data, and PostgreSQL."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from tests.postgres import running_server
from tests.society import new_office
from workbench.core.office import Office

HERE = Path(__file__).resolve().parent


@pytest.fixture(scope="session")
def shared_folder() -> Path:
    """The folder of public data beside the repository; its tests are skipped where it is absent, and fail in CI."""
    folder = HERE.parent.parent / "shared"
    if not folder.is_dir():
        if os.environ.get("CI"):
            pytest.fail("../shared is missing in CI")
        pytest.skip("../shared is not here: the tests on real public data are left out")
    return folder


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a PostgreSQL server of this test session, started here and stopped after."""
    with running_server() as url:
        yield url


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """The URL of an empty PostgreSQL database, dropped after the test."""
    name = f"test_{secrets.token_hex(6)}"
    admin = create_engine(make_url(postgres_server).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}"'))
    yield make_url(postgres_server).set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
    admin.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def book_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'book.sqlite'}"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """A society with an empty book on SQLite."""
    made = new_office(tmp_path / "society")
    yield made
    made.book.close()


@pytest.fixture
def office_anywhere(tmp_path: Path, book_url: str) -> Iterator[Office]:
    """A society with an empty book, once on SQLite and once on PostgreSQL."""
    made = new_office(tmp_path / "society", book_url)
    yield made
    made.book.close()
