"""A central instance on a free port, and societies that talk to it over HTTP."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

import workbench.registry.agreements
import workbench.registry.mandates
import workbench.registry.recordings  # noqa: F401  declares every kind that is synchronised
from workbench.central.operators import enrol
from workbench.central.server import prepare
from workbench.central.tables import open_central
from workbench.core import documents
from workbench.core.config import create_workspace
from workbench.core.documents import KINDS
from workbench.core.office import Office
from workbench.core.store import Book, create_book
from workbench.sync.client import SyncDesk


class Central:
    """The running service and its database."""

    def __init__(self, url: str, address: str, folder: Path) -> None:
        self.book: Book = open_central(url)
        self.address, self.folder = address, folder
        self.desks: dict[str, SyncDesk] = {}

    def society(self, code: str, society: str = "", territory: str = "", register: bool = True) -> SyncDesk:
        config = create_workspace(self.folder / code, code=code, name=code, currency="KES", society=society)
        desk = SyncDesk(Office(create_book(config.book_url, instance=code, currency="KES"), config, "clerk"))
        self.desks[code] = desk
        if register:
            desk.register(self.address, secret=enrol(self.book, code, name=code, society=society, territory=territory))
        return desk

    def close(self) -> None:
        for desk in self.desks.values():
            desk.office.book.close()
        self.book.close()


@pytest.fixture
def central(tmp_path: Path) -> Iterator[Central]:
    url = f"sqlite:///{tmp_path / 'central.sqlite'}"
    server, listener, address = prepare(url, port=0)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    made = Central(url, address, tmp_path)
    yield made
    made.close()
    server.should_exit = True
    thread.join(15)


Save = Callable[..., str]


@pytest.fixture
def save() -> Save:
    def save_one(desk: SyncDesk, kind: str, /, **fields: object) -> str:
        with desk.office.change("test") as change:
            return str(documents.save(change, KINDS[kind], dict(fields))["id"])

    return save_one


def has(desk: SyncDesk, kind: str) -> list[str]:
    """Return the ids of a kind in a society's book."""
    with desk.office.book.read() as connection:
        return sorted(documents.load_many(connection, KINDS[kind]))


def get(address: str, target: str, **headers: str) -> httpx.Response:
    return httpx.get(
        address + target, headers={name.replace("_", "-"): value for name, value in headers.items()}, trust_env=False
    )
