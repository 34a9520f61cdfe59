"""Pushing: the journal's own changes go out in order, from where the central instance says it is, until it has them all.

The central instance's acknowledgement is the truth, not our mark: it may have been restored, and so may we.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from sqlalchemy import Connection, select

from ..core import journal
from ..core.canonical import digest
from ..core.documents import KINDS
from ..core.errors import Conflict, NotFound, WorkbenchError
from ..core.office import Office, Progress, silent
from ..core.store import book_meta, now_utc
from . import conflicts, state
from .changes import PROTOCOL, PULLED, RESOLVED, SHARED, Op, dress, may_leave, outbox, pack
from .line import Line

BATCH = 1_000
BATCH_BYTES = 4 * 2**20


def push(office: Office, line: Line, progress: Progress = silent, batch: int = BATCH) -> dict[str, Any]:
    """Send what the central instance does not have yet; returns counts by outcome and the countersigned head.

    Raises `Unreachable` when it cannot be reached, `Conflict` when this book is not the continuation of the one it knows.
    """
    counts: Counter[str] = Counter()
    acked, acked_hash = where_to_start(office, line)
    total, done, anchor = to_push(office, acked), 0, None
    rounds = 0
    while True:
        with office.book.read() as connection:
            body, scanned, ops, more = _batch(connection, office.config.code, acked, acked_hash, batch)
        answer = line.push(body)
        counts.update(answer["counts"])
        anchor = answer["anchor"] or anchor
        _note(office, answer, scanned if not more else answer["acked"])
        done += ops
        progress("push", min(done, total), max(total, 1))
        if answer["gap"] or answer["acked"] < acked:
            rounds += 1
            if rounds > 20:
                raise WorkbenchError("the central instance goes back again and again", got=answer["acked"], expected=acked)
        acked, acked_hash = int(answer["acked"]), str(answer["acked_hash"])
        if not more and not answer["gap"]:
            break
    told = tell_decisions(office, line)
    return {**{name: counts[name] for name in OUTCOMES}, "decisions": told, "acked": acked, "anchor": anchor}


OUTCOMES = ("accepted", "merged", "same", "conflict", "waiting", "quarantined", "duplicate")


def where_to_start(office: Office, line: Line) -> tuple[int, str]:
    """Return (number, hash) of the last own entry that the central instance has, in this book's present epoch.

    A restored book has a new epoch: then it is the last entry that both have. Raises `Conflict` when the entry is not in our
    journal.
    """
    with office.book.read() as connection:
        epoch = meta(connection, "epoch")
        head = journal.head(connection)[0]
    standing = line.get("/v1/standing", epoch=epoch)
    if standing["acked"] is None:
        points = line.get("/v1/common", head=head)["points"]
        with office.book.read() as connection:
            ours = hashes_at(connection, [int(seq) for seq, _ in points])
        return next(((int(seq), str(known)) for seq, known in points if ours.get(int(seq)) == known), (0, ""))
    acked, acked_hash = int(standing["acked"]), str(standing["acked_hash"])
    with office.book.read() as connection:
        found = hashes_at(connection, [acked]).get(acked, "")
    if acked and found != acked_hash:
        raise Conflict(
            "this book is not the one that was pushed before",
            got=found[:16] or f"no entry {acked}",
            expected=acked_hash[:16],
            where=f"journal number {acked}",
            next_step="It was copied back or rewritten: restore the last backup with: workbench restore (it begins a new epoch).",
        )
    return acked, acked_hash


def to_push(office: Office, acked: int) -> int:
    """Return how many journal entries wait to be looked at for pushing."""
    with office.book.read() as connection:
        return sum(1 for _ in outbox(connection, acked, 10_000_000))


def make_op(connection: Connection, code: str, epoch: str, row: Any, previous: int) -> Op | None:
    """Return the change a journal row stands for; None when nothing that may leave has changed."""
    kind = KINDS[row["kind"]]
    last_seen = state.seen(connection, kind.name, [row["entity_id"]]).get(row["entity_id"])
    before = may_leave(kind.name, journal.read_document(row["before"]))
    after = may_leave(kind.name, journal.read_document(row["after"]))
    assert after is not None  # noqa: S101  the outbox leaves out entries without a document
    number = row["op"].removeprefix(RESOLVED) if row["op"].startswith(RESOLVED) else "0"
    if before == after:
        return None
    return Op(
        origin=code,
        epoch=epoch,
        seq=int(row["seq"]),
        previous=previous,
        kind=kind.name,
        entity_id=row["entity_id"],
        before=dress(kind, before, last_seen),
        document=dress(kind, after, last_seen) or {},
        entry_hash=row["hash"],
        resolves=int(number),
    )


def tell_decisions(office: Office, line: Line) -> int:
    """Tell the central instance which conflicts were decided in favour of what it holds; returns how many."""
    with office.book.read() as connection:
        waiting = conflicts.untold(connection)
    for found in waiting:
        outcome = "withdrawn" if found["side"] == "challenger" else "rejected"
        decision = {"outcome": outcome, "why": found["why"], "seen": digest(found["theirs"]) if outcome == "rejected" else ""}
        try:
            answer = line.post(f"/v1/conflicts/{found['central_id']}/settle", decision)
        except NotFound:
            answer = {"state": "settled", "decided_by": office.config.code}
        with office.change("a decision was told to the central instance") as change:
            if answer["state"] == "open":
                conflicts.reopen(change.connection, found)
                continue
            conflicts.mark(change.connection, found["id"], told=1)
            if answer["decided_by"] != office.config.code:
                note = f"{found['why']} (decided before by {answer['decided_by']}: {answer['outcome']})"
                conflicts.mark(change.connection, found["id"], why=note)
    return len(waiting)


def hashes_at(connection: Connection, numbers: list[int]) -> dict[int, str]:
    """Return the journal's hashes at these numbers; a number that it does not have is left out."""
    table = journal.journal
    found: dict[int, str] = {}
    for start in range(0, len(numbers), 500):
        query = select(table.c.seq, table.c.hash).where(table.c.seq.in_(numbers[start : start + 500]))
        found.update({int(row.seq): str(row.hash) for row in connection.execute(query)})
    return found


def meta(connection: Connection, key: str) -> str:
    """Return a fact the book holds about itself, within a connection already open."""
    return connection.execute(select(book_meta.c.value).where(book_meta.c.key == key)).scalar() or ""


def _batch(connection: Connection, code: str, acked: int, acked_hash: str, limit: int) -> tuple[bytes, int, int, bool]:
    """Return (body, last journal number looked at, changes in it, whether more follow)."""
    epoch = meta(connection, "epoch")
    head_seq, head_hash = journal.head(connection)
    lines: list[dict[str, Any]] = []
    previous, scanned, size, more = acked, acked, 0, False
    for row in outbox(connection, acked, 10_000_000):
        if len(lines) >= limit or size > BATCH_BYTES:
            more = True
            break
        scanned = int(row["seq"])
        op = make_op(connection, code, epoch, row, previous)
        if op is None:
            continue
        lines.append(op.line())
        previous = op.seq
        size += len(row["after"]) + len(row["before"] or "")
    header = {
        "protocol": PROTOCOL,
        "epoch": epoch,
        "start": {"seq": acked, "hash": acked_hash},
        "head": {"seq": head_seq, "hash": head_hash},
    }
    return pack(header, lines), scanned, len(lines), more


def _note(office: Office, answer: dict[str, Any], scanned: int) -> None:
    with office.change("the central instance acknowledged") as change:
        connection = change.connection
        state.put(
            connection, pushed=max(int(answer["acked"]), scanned), pushed_epoch=meta(connection, "epoch"), last_push_at=now_utc()
        )
        if answer["anchor"]:
            state.keep_anchor(connection, answer["anchor"], state.get(connection, "central_key"))
        for refused in answer["quarantined"]:
            state.hold(
                connection,
                "out",
                str(refused["kind"]),
                str(refused["entity_id"]),
                "refused",
                str(refused["reason"]),
                "",
                seq=int(refused["seq"]),
            )


def waiting_to_push(connection: Connection) -> int:
    """Return how many own journal entries of synchronised kinds were made since the last push."""
    mark = int(state.get(connection, "pushed", "0")) if state.get(connection, "pushed_epoch") == meta(connection, "epoch") else 0
    table = journal.journal
    query = select(table.c.seq).where(
        table.c.seq > mark, table.c.kind.in_(list(SHARED)), table.c.op.not_like(f"{PULLED}%"), table.c.after.is_not(None)
    )
    return len(connection.execute(query).all())
