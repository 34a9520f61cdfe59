"""Two societies and a central instance as three processes, each killed in the middle: nothing is lost, nothing comes twice."""

from __future__ import annotations

import re
import select as readiness
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

import workbench.registry.recordings  # noqa: F401  declares the kinds
from workbench.central.operators import enrol
from workbench.central.tables import central_conflict, feed, holding, open_central, received
from workbench.core import documents, journal
from workbench.core.config import create_workspace, read_config
from workbench.core.office import Office
from workbench.core.store import create_book, open_book
from workbench.registry.parties import PARTY
from workbench.sync.client import SyncDesk

HERE = Path(__file__).resolve().parents[2]
CHANGES = 1_000
CODES = ("TALA", "BETO")


class Process:
    """A process of ours: started, killed, started again."""

    def __init__(self, *arguments: object) -> None:
        self.arguments = [sys.executable, "-m", *map(str, arguments)]
        self.start()

    def start(self) -> None:
        self.popen = subprocess.Popen(self.arguments, cwd=HERE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def wait_for(self, pattern: str, seconds: float = 60) -> str:
        end, said = time.monotonic() + seconds, ""
        assert self.popen.stdout is not None
        while time.monotonic() < end:
            ready, _, _ = readiness.select([self.popen.stdout], [], [], 0.5)
            if ready:
                said += (text := self.popen.stdout.readline())
                if re.search(pattern, text):
                    return text
                if not text and self.popen.poll() is not None:
                    break
        raise AssertionError(f"{self.arguments[-4:]} did not say {pattern!r}: {said[-2000:]}")

    def kill(self) -> None:
        self.popen.send_signal(signal.SIGKILL)
        self.popen.wait(10)

    def kill_and_start(self) -> None:
        self.kill()
        self.start()

    def close(self) -> None:
        if self.popen.poll() is None:
            self.kill()
        if self.popen.stdout:
            self.popen.stdout.close()


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture
def processes() -> Iterator[list[Process]]:
    started: list[Process] = []
    yield started
    for process in started:
        process.close()


def desk(folder: Path) -> SyncDesk:
    config = read_config(folder)
    return SyncDesk(Office(open_book(config.book_url), config, "clerk"))


def edit(one: SyncDesk, entity_id: str, name: str) -> None:
    with one.office.change("spelling") as change:
        documents.save(change, PARTY, {**documents.load(change.connection, PARTY, entity_id), "name": name})


def parties(one: SyncDesk) -> dict[str, Any]:
    with one.office.book.read() as connection:
        assert journal.verify(connection) == []
        assert documents.check(connection, PARTY) == []
        return documents.load_many(connection, PARTY)


def test_two_thousand_changes_survive_a_kill_of_each_process(book_url: str, tmp_path: Path, processes: list[Process]) -> None:
    """The laws of the exchange, over HTTP: nothing lost, nothing twice, and a planted conflict listed on both sides."""
    central = open_central(book_url)
    port = free_port()
    tokens = {code: enrol(central, code, name=code) for code in CODES}
    folders = {code: tmp_path / code for code in CODES}
    for code in CODES:
        config = create_workspace(folders[code], code=code, name=code, currency="KES")
        create_book(config.book_url, instance=code, currency="KES").close()
    server = Process("workbench.central", "--database", book_url, "--port", port)
    processes.append(server)
    server.wait_for("central instance at")
    url = f"http://127.0.0.1:{port}"
    workers = [Process("tests.sync.local_worker", folders[code], url, tokens[code], CHANGES) for code in CODES]
    processes += workers
    for process, mark in zip(workers, ("made [34]00", "made [56]00"), strict=True):
        process.wait_for(mark)
        process.kill_and_start()
    workers[0].wait_for("made [67]00")
    server.kill_and_start()
    for process in workers:
        process.wait_for("finished")

    one, other = (desk(folders[code]) for code in CODES)
    edit(one, "TALA-P-000001", "Otieno")
    edit(other, "TALA-P-000001", "Ochieng")
    for side in (one, other, one, other):
        side.exchange()

    there = [parties(side) for side in (one, other)]
    expected = {f"{code}-P-{number:06d}" for code in CODES for number in range(1, CHANGES + 1)}
    assert set(there[0]) == set(there[1]) == expected
    assert {key for key in expected if there[0][key] != there[1][key]} == {"TALA-P-000001"}
    assert [side.conflicts()[["entity_id", "field", "ours", "theirs"]].values.tolist() for side in (one, other)] == [
        [["TALA-P-000001", "name", "Otieno", "Ochieng"]],
        [["TALA-P-000001", "name", "Ochieng", "Otieno"]],
    ]
    with central.read() as connection:
        assert connection.execute(select(func.count()).select_from(received)).scalar() == 2 * CHANGES + 2
        assert connection.execute(select(func.count()).select_from(holding)).scalar() == 2 * CHANGES
        assert connection.execute(select(func.count()).select_from(central_conflict)).scalar() == 1
        assert connection.execute(select(func.max(feed.c.seq))).scalar() == 2 * CHANGES + 2
    for side in (one, other):
        assert side.verify_anchor()
        with side.office.book.read() as connection:
            pulled = [entry for entry in journal.entries(connection) if entry.op.startswith("pull:")]
        assert len(pulled) == len({entry.entity_id for entry in pulled}) >= CHANGES
        side.office.book.close()
    central.close()
