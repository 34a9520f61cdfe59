"""Two books and a central instance on real SQLite, joined by a bad network; an oracle that looks at everything afterwards.

A seed decides every edit, every fault and every crash, so that a failure can be replayed: `World(folder, seed).run()`.
"""

from __future__ import annotations

import itertools
import json
import random
import re
import secrets
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.parse import parse_qsl, urlsplit

import httpx
import pysqlite3.dbapi2 as sqlite
import zstandard
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

import workbench.registry.agreements
import workbench.registry.mandates
import workbench.registry.recordings  # noqa: F401  declares every kind that is synchronised
from workbench.central import app as central_app
from workbench.central import disputes, operators, receive
from workbench.central.tables import CENTRAL, central_conflict, feed, holding, open_central, received
from workbench.core import documents, journal, store
from workbench.core.canonical import digest
from workbench.core.config import Config
from workbench.core.documents import KINDS
from workbench.core.errors import Conflict, WorkbenchError
from workbench.core.office import Office
from workbench.core.store import BOOK, Book, Change, create_book, set_meta
from workbench.registry.parties import PARTY
from workbench.registry.works import WORK
from workbench.sync import conflicts, line, pushing, state
from workbench.sync.changes import SHARED, may_leave
from workbench.sync.client import SyncDesk

FIELDS = ("title", "iswc", "language")
CODES = ("TALA", "BETO")


class Crash(RuntimeError):
    """The process ended here."""


class FragileBook(Book):
    """A book whose process may die just before or just after a commit."""

    world: World

    @contextmanager
    def write(self, who: str, why: str) -> Iterator[Change]:
        with super().write(who, why) as change:
            yield change
            self.world.maybe_crash("crash_before_commit")
        self.world.maybe_crash("crash_after_commit")


class BadLine(line.Line):
    """A line that drops, doubles, delays, cuts and alters what it carries."""

    def __init__(self, world: World, code: str) -> None:
        self.url, self.code, self.world = "http://127.0.0.1", code, world
        self.attempts, self.pause_seconds, self._challenge = 3, 0.0, ""

    def _signature(self, _method: str, _target: str, _body: bytes) -> dict[str, str]:
        return {"x-workbench-instance": self.code}  # signatures have tests of their own; here the protocol is alone

    def _send(self, method: str, target: str, body: bytes, headers: dict[str, str]) -> line.Answer:
        world = self.world
        if target == "/v1/push":
            world.sent.append((self.code, body, headers))
        if world.happens("drop"):
            raise httpx.ConnectError("dropped")
        if world.happens("late"):
            world.deliver_late()
        sent = world.flip(body) if body and world.happens("flip_request") else body
        answer = world.deliver(method, target, sent, headers)
        if world.happens("duplicate"):
            world.deliver(method, target, body, headers)
        if world.happens("lost_response"):
            raise httpx.ReadError("lost")
        if world.happens("truncate"):
            return replace(answer, body=answer.body[: len(answer.body) // 2])
        if world.happens("flip_response"):
            return replace(answer, body=world.flip(answer.body))
        return answer


class World:
    """Everything of one seed."""

    def __init__(self, folder: Path, seed: int, *, template: Path | None, rate: float = 0.06) -> None:
        self.folder, self.random, self.rate = folder, random.Random(seed), rate  # noqa: S311  seeded on purpose
        self.counts: Counter[str] = Counter()
        self.sent: list[tuple[str, bytes, dict[str, str]]] = []
        self.entries: dict[str, dict[str, Any]] = {}
        self.lost: set[str] = set()
        self.token = 0
        self.faults = False
        self.central_url = f"sqlite:///{folder / 'central.sqlite'}"
        self.saved: dict[str, Path] = {}
        if template is not None:
            for file in template.glob("*.sqlite"):
                shutil.copyfile(file, folder / file.name)
        self.central = self._open(self.central_url, CENTRAL)
        self.desks = {code: self._open_desk(code) for code in CODES}
        for code in CODES if template is not None else ():
            self._collect(code)

    # -- running --------------------

    def run(self, steps: int = 45) -> list[str]:
        """Play one seed and return what the oracle found wrong; an empty list is a world in order."""
        with same_every_time(self.random):
            return self._run(steps)

    def _run(self, steps: int) -> list[str]:
        self.faults = True
        for _ in range(steps):
            code = self.random.choice(CODES)
            with suppress(Crash):
                self._step(code)
            self._collect(code)
        self.faults = False
        try:
            for _ in range(5):
                for code in CODES:
                    self._exchange(code)
        except WorkbenchError as error:
            return [f"does not come to rest: {error}"]
        for code in CODES:
            self._collect(code)
        return Oracle(self).findings()

    def close(self) -> None:
        """Let go of every book."""
        for book in (self.central, *(desk.office.book for desk in self.desks.values())):
            book.close()

    def begin(self) -> None:
        """Enrol both, write the first documents and bring all three in step."""
        for code in CODES:
            operators.enrol(self.central, code, name=code, society="901" if code == "TALA" else "902")
        with self.central.write("test", "registered") as change:
            change.connection.exec_driver_sql("UPDATE instance SET state = 'registered'")
        for code in CODES:
            with self.desks[code].office.change("the first of them") as change:
                parties = documents.save_many(change, PARTY, [{"name": f"{code} {number}"} for number in range(2)])
                share = {"party_id": parties[0]["id"], "role": "CA", "performing_ppm": 1_000_000, "mechanical_ppm": 1_000_000}
                documents.save_many(change, WORK, [{"title": f"{code} {number}", "shares": [share]} for number in range(3)])
        for code in (*CODES, *CODES):
            self._exchange(code)
            self._collect(code)

    def _step(self, code: str) -> None:
        what = self.random.choices(
            ["edit", "new", "shares", "exchange", "push", "pull", "resolve", "save_copy", "restore_local", "restore_central"],
            [30, 6, 6, 20, 8, 8, 8, 4, 2, 2],
        )[0]
        getattr(self, f"_{what}")(code)

    def _edit(self, code: str) -> None:
        work = self._any_work(code)
        names = self.random.sample(FIELDS, self.random.choice([1, 1, 2]))
        with self.desks[code].office.change("edit") as change:
            documents.save(change, WORK, {**work, **{name: self._value() for name in names}})

    def _shares(self, code: str) -> None:
        work = self._any_work(code)
        half = self.random.randrange(1, 10) * 100_000
        with self.desks[code].office.change("shares") as change:
            parties = sorted(documents.load_many(change.connection, PARTY))
            one, other = self.random.sample(parties, 2)
            rows = [(one, half), (other, 1_000_000 - half)]
            shares = [{"party_id": p, "role": "CA", "performing_ppm": ppm, "mechanical_ppm": ppm} for p, ppm in rows]
            documents.save(change, WORK, {**work, "shares": shares})

    def _new(self, code: str) -> None:
        with self.desks[code].office.change("new") as change:
            party = documents.save(change, PARTY, {"name": self._value(), "birth_on": "1970-01-01"})
            share = {"party_id": party["id"], "role": "CA", "performing_ppm": 1_000_000, "mechanical_ppm": 1_000_000}
            documents.save(change, WORK, {"title": self._value(), "shares": [share]})

    def _exchange(self, code: str) -> None:
        self._try(code, "exchange")

    def _push(self, code: str) -> None:
        self._try(code, "push")

    def _pull(self, code: str) -> None:
        self._try(code, "pull")

    def _try(self, code: str, what: str) -> None:
        try:
            self.desks[code].line = BadLine(self, code)
            answer = getattr(self.desks[code], what)()
            for part in (answer, answer.get("push", {}), answer.get("pull", {})):
                for name, value in part.items():
                    if isinstance(value, int) and name in {
                        "merged",
                        "conflict",
                        "conflicts",
                        "held",
                        "duplicate",
                        "stepped_back",
                        "settled",
                    }:
                        self.counts[f"saw_{name}"] += value
        except line.Unreachable:
            if not self.faults:
                raise
            self.counts["gave_up"] += 1
        except WorkbenchError as error:
            if not self.faults or isinstance(error, Conflict):
                raise
            self.counts["refused"] += 1

    def _resolve(self, code: str) -> None:
        desk = self.desks[code]
        with desk.office.book.read() as connection:
            listed = conflicts.listed(connection)
        if listed:
            desk.resolve(self.random.choice(listed)["id"], keep=self.random.choice(["ours", "theirs"]), why="decided")
            self.counts["resolved"] += 1

    # -- backups --------------------

    def _save_copy(self, code: str) -> None:
        for name in (code, "central"):
            copy = self.folder / f"{name}.copy"
            copy_book(self.folder / f"{name}.sqlite", copy)
            self.saved[name] = copy

    def _restore_local(self, code: str) -> None:
        if code not in self.saved:
            return
        self._collect(code)
        self.desks[code].office.book.close()
        put_back(self.saved[code], self.folder / f"{code}.sqlite")
        book = self._open(f"sqlite:///{self.folder / f'{code}.sqlite'}", BOOK)
        book.instance = code
        with Book.write(book, "operator", "restored") as change:
            set_meta(change.connection, "epoch", f"epoch-{self._value()}")
        self.desks[code] = SyncDesk(Office(book, self.desks[code].office.config, "someone"))
        here = {row["hash"] for row in self._journal(code)}
        with self.central.read() as connection:
            there = set(connection.execute(select(received.c.entry_hash)).scalars())
        self.lost |= {known for known, entry in self.entries.items() if entry["origin"] == code and known not in here | there}
        self.counts["restored_local"] += 1

    def _restore_central(self, _code: str) -> None:
        if "central" not in self.saved:
            return
        with self.central.read() as connection:
            there = set(connection.execute(select(received.c.entry_hash)).scalars())
        for code in CODES:
            self._collect(code)
        here = {row["hash"] for code in CODES for row in self._journal(code)}
        self.central.close()
        put_back(self.saved["central"], self.folder / "central.sqlite")
        self.central = self._open(self.central_url, CENTRAL)
        # what a restored society had lost and only the central instance still had is gone with it
        with self.central.read() as connection:
            still = set(connection.execute(select(received.c.entry_hash)).scalars())
        self.lost |= {known for known in there - still - here if known in self.entries}
        self.counts["restored_central"] += 1
        for _ in range(2):
            self.deliver_late()

    # -- the network --------------------

    def happens(self, fault: str) -> bool:
        """Tell whether a fault happens now, and count it."""
        if not self.faults or self.random.random() >= self.rate:
            return False
        self.counts[fault] += 1
        return True

    def maybe_crash(self, fault: str) -> None:
        """End the process here, sometimes."""
        if self.faults and self.random.random() < self.rate / 3:
            self.counts[fault] += 1
            raise Crash(fault)

    def deliver(self, _method: str, target: str, body: bytes, headers: dict[str, str]) -> line.Answer:
        """Hand a request to the central instance; a crash there is an answer with status 500."""
        parts = urlsplit(target)
        query = dict(parse_qsl(parts.query))
        code = headers["x-workbench-instance"]
        try:
            answer = self._answer(parts.path, query, code, body, headers)
        except WorkbenchError as error:
            answer = central_app.error_answer(error)
        except (Crash, SQLAlchemyError) as error:
            self.counts[f"central_{type(error).__name__}"] += 1
            return line.Answer(500, {}, b"")
        return line.Answer(answer.status_code, dict(answer.headers), bytes(answer.body))

    def _answer(self, path: str, query: dict[str, str], code: str, body: bytes, headers: dict[str, str]) -> Any:
        if path == "/v1/push":
            return central_app.answer_push(self.central, code, body, headers["x-body-sha256"])
        if path == "/v1/feed":
            return central_app.answer_feed(
                self.central, code, int(query["after"]), query.get("after_hash", ""), int(query["limit"])
            )
        if path == "/v1/standing":
            return central_app._json(receive.standing(self.central, code, query["epoch"]))
        if path == "/v1/common":
            return central_app._json({"points": receive.common(self.central, code, int(query["head"]))})
        number = int(path.split("/")[3])
        decision = json.loads(body)
        return central_app._json(
            disputes.decide(self.central, code, number, decision["outcome"], decision["why"], decision["seen"])
        )

    def deliver_late(self) -> None:
        """Deliver an old batch again, whenever it comes."""
        if self.sent:
            _code, body, headers = self.random.choice(self.sent[-6:])
            with suppress(Crash):
                answer = self.deliver("POST", "/v1/push", body, headers)
                if answer.status == 200 and json.loads(answer.body)["gap"]:
                    self.counts["saw_gap"] += 1

    def flip(self, body: bytes) -> bytes:
        """Change one digit in what a body holds, so that it stays readable."""
        text = body
        packed = body[:4] == b"\x28\xb5\x2f\xfd"
        if packed:
            text = zstandard.ZstdDecompressor().decompress(body)
        places = [match.start() for match in re.finditer(rb"[0-9]", text)]
        if not places:
            return body
        place = self.random.choice(places)
        text = text[:place] + str((int(text[place : place + 1]) + 1) % 10).encode() + text[place + 1 :]
        return zstandard.ZstdCompressor().compress(text) if packed else text

    # -- plumbing --------------------

    def _open(self, url: str, schema: Any) -> FragileBook:
        book = FragileBook(url, schema)
        book.world = self
        return book

    def _open_desk(self, code: str) -> SyncDesk:
        url = f"sqlite:///{self.folder / f'{code}.sqlite'}"
        book = self._open(url, BOOK)
        book.instance = code
        return SyncDesk(Office(book, Config(self.folder, code, code, "901", "KES", "404", url), "someone"))

    def _any_work(self, code: str) -> dict[str, Any]:
        with self.desks[code].office.book.read() as connection:
            works = documents.load_many(connection, WORK)
        return works[self.random.choice(sorted(works)[:4])]

    def _value(self) -> str:
        self.token += 1
        return f"v{self.token}"

    def _journal(self, code: str) -> list[dict[str, Any]]:
        with self.desks[code].office.book.read() as connection:
            return [dict(row) for row in connection.execute(select(journal.journal).order_by(journal.journal.c.seq)).mappings()]

    def _collect(self, code: str) -> None:
        """Remember every entry ever committed, with what its author had seen of that document before."""
        saw: dict[str, list[dict[str, Any]]] = {}
        for row in self._journal(code):
            before, after = (may_leave(row["kind"], journal.read_document(row[name])) for name in ("before", "after"))
            known = saw.setdefault(row["entity_id"], [])
            if before is not None:
                known.append(before)
            if row["hash"] not in self.entries and row["kind"] in SHARED:
                self.entries[row["hash"]] = {**row, "origin": code, "before": before, "after": after, "saw": list(known)}
            known.append(after)


class Oracle:
    """Looks at all three books when everything is at rest."""

    def __init__(self, world: World) -> None:
        self.world = world
        with world.central.read() as connection:
            self.received = [dict(row) for row in connection.execute(select(received)).mappings()]
            self.feed = [dict(row) for row in connection.execute(select(feed).order_by(feed.c.seq)).mappings()]
            self.holding = [dict(row) for row in connection.execute(select(holding)).mappings()]
            self.conflicts = [dict(row) for row in connection.execute(select(central_conflict)).mappings()]

    def findings(self) -> list[str]:
        """Return every law that was broken."""
        return [*self.lost_or_doubled(), *self.overwritten(), *self.different(), *self.unlisted(), *self.broken_chains()]

    def lost_or_doubled(self) -> Iterator[str]:
        """Every committed change of one's own is at the central instance, once, as it was."""
        rows = Counter(row["entry_hash"] for row in self.received)
        yield from (f"received twice: {known}" for known, count in rows.items() if count > 1)
        for known, entry in self.world.entries.items():
            if entry["op"].startswith("pull:") or known in self.world.lost or entry["before"] == entry["after"]:
                continue
            if known not in rows:
                yield f"lost: {entry['origin']} {entry['seq']} {entry['entity_id']}"
        for row in self.received:
            if row["state"] in {"quarantined", "waiting"}:
                yield f"{row['state']}: {row['origin']} {row['seq']}: {row['reason']}"
            if row["entry_hash"] not in self.world.entries:
                yield f"received from nowhere: {row['origin']} {row['seq']}"

    def overwritten(self) -> Iterator[str]:
        """Nobody's value is replaced by somebody who had not seen it, and nobody changes what he did not touch."""
        held: dict[str, dict[str, Any]] = {}
        for row in self.feed:
            if row["what"] != "document":
                continue
            now, before = json.loads(row["document"]), held.get(row["entity_id"], {})
            held[row["entity_id"]] = now
            entry = self.world.entries.get(row["op_hash"])
            if entry is None:
                yield f"a document from nowhere at {row['seq']}"
                continue
            for name in {*now, *before}:
                if now.get(name) == before.get(name):
                    continue
                if now.get(name) != entry["after"].get(name):
                    yield f"{row['entity_id']}.{name}: changed at {row['seq']}, not by its author"
                if before and before.get(name) not in [document.get(name) for document in entry["saw"]]:
                    yield f"{row['entity_id']}.{name}: {before.get(name)} was overwritten unseen at {row['seq']}"

    def different(self) -> Iterator[str]:
        """Where nothing is in dispute, all three say the same; nothing waits."""
        there = {(row["kind"], row["entity_id"]): json.loads(row["document"]) for row in self.holding}
        disputed = {(row["kind"], row["entity_id"]) for row in self.conflicts if row["state"] == "open"}
        for code, desk in self.world.desks.items():
            with desk.office.book.read() as connection:
                here = {
                    (name, key): may_leave(name, document)
                    for name in SHARED
                    for key, document in documents.load_many(connection, KINDS[name]).items()
                }
                yield from (
                    f"{code} holds back {row['entity_id']}: {row['reason']} {row['detail']}" for row in state.held(connection)
                )
            for key in sorted((there.keys() | here.keys()) - disputed):
                if there.get(key) != here.get(key):
                    yield f"{code} differs: {key[1]}: {here.get(key)} / {there.get(key)}"

    def unlisted(self) -> Iterator[str]:
        """An open conflict is listed on both sides, and nowhere is one that the central instance does not know."""
        open_there = {row["id"]: row for row in self.conflicts if row["state"] == "open"}
        for code, desk in self.world.desks.items():
            with desk.office.book.read() as connection:
                listed = {row["central_id"]: row for row in conflicts.listed(connection)}
            for number, row in open_there.items():
                if code in {row["challenger"], row["holder"], row["entity_id"].split("-")[0]} and number not in listed:
                    yield f"{code} does not list conflict {number} about {row['entity_id']}"
            yield from (f"{code} lists conflict {number}, settled or unknown" for number in listed if number not in open_there)
        for row in self.received:
            if row["state"] == "conflict" and not any(
                row["entity_id"] == known["entity_id"] and row["origin"] == known["challenger"] for known in self.conflicts
            ):
                yield f"a conflict was not listed: {row['entity_id']}"

    def broken_chains(self) -> Iterator[str]:
        """Journals and feed are whole."""
        previous = "0" * 64
        for number, row in enumerate(self.feed, start=1):
            values = dict(row)
            stored = values.pop("hash")
            if row["seq"] != number or row["previous_hash"] != previous or digest(values) != stored:
                yield f"the feed is broken at {row['seq']}"
            previous = stored
        for desk in self.world.desks.values():
            with desk.office.book.read() as connection:
                yield from (str(finding) for finding in journal.verify(connection))
                for kind in (PARTY, WORK):
                    yield from (str(finding) for finding in documents.check(connection, kind))


def make_template(folder: Path) -> Path:
    """Build the three books once, in step; every seed begins with a copy of them."""
    open_central(f"sqlite:///{folder / 'central.sqlite'}").close()
    with same_every_time(random.Random(0)):  # noqa: S311  seeded on purpose
        for code in CODES:
            create_book(f"sqlite:///{folder / f'{code}.sqlite'}", instance=code, currency="KES").close()
    world = World(folder, 0, template=None)
    with same_every_time(world.random):
        world.begin()
    world.close()
    return folder


@contextmanager
def same_every_time(chance: random.Random) -> Iterator[None]:
    """Let clock and secret numbers come from the seed, so that a failure can be replayed."""
    ticks = itertools.count()
    begin = datetime(2025, 1, 1, tzinfo=UTC)

    def now() -> str:
        return (begin + timedelta(seconds=next(ticks))).isoformat(timespec="microseconds").replace("+00:00", "Z")

    with ExitStack() as stack:
        for module in (store, state, pushing):
            stack.enter_context(mock.patch.object(module, "now_utc", now))
        stack.enter_context(mock.patch.object(secrets, "token_hex", lambda size: chance.randbytes(size).hex()))
        stack.enter_context(mock.patch.object(secrets, "randbits", chance.getrandbits))
        yield


def copy_book(source: Path, target: Path) -> None:
    """Copy a book as it is now, with the database's own backup."""
    target.unlink(missing_ok=True)
    with sqlite.connect(str(source)) as one, sqlite.connect(str(target)) as other:
        one.backup(other)
    one.close()
    other.close()


def put_back(source: Path, target: Path) -> None:
    """Put a copy in the place of a closed book."""
    for leftover in (f"{target}-wal", f"{target}-shm"):
        Path(leftover).unlink(missing_ok=True)
    shutil.copyfile(source, target)
