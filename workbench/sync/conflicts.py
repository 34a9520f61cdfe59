"""Conflicts: two people changed the same field of the same thing; both values are kept until a person decides."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Column, Connection, Text, insert, select, update

from ..core.canonical import canonical_json
from ..core.errors import WorkbenchError, unknown
from ..core.store import Change, book_table, whole, words
from .changes import Document

conflict = book_table(
    "conflict",
    Column("id", Text, primary_key=True),
    whole("central_id"),  # the central instance's number of it; 0 until it is known there
    whole("central_seq"),  # where in the feed it was last told of
    words("kind"),
    words("entity_id", index=True),
    words("side"),  # challenger: our change came second · holder: ours was first, another's came second
    words("other"),  # the instance on the other side
    words("base"),  # the document both started from; JSON
    words("ours"),
    words("theirs"),
    words("fields"),  # JSON list
    words("state"),  # open | settled
    words("outcome"),  # ours | theirs | merged | agreed | "" while open
    words("decided_by"),
    words("why"),
    words("opened_at"),
    words("closed_at"),
    whole("told"),  # 1: the central instance knows the decision, or need not
)
_DOCUMENTS = ("base", "ours", "theirs", "fields")


def open_conflict(
    change: Change,
    kind: str,
    entity_id: str,
    *,
    side: str,
    other: str,
    base: Document | None,
    ours: Document,
    theirs: Document,
    fields: list[str],
    central_id: int = 0,
    central_seq: int = 0,
) -> str:
    """List a conflict and return its number; one that is open for the same thing and side is brought up to date instead."""
    values: dict[str, Any] = {
        "other": other,
        "base": _text(base),
        "ours": _text(ours),
        "theirs": _text(theirs),
        "fields": canonical_json(fields).decode(),
    }
    found = find_open(change.connection, kind, entity_id, side, other if side == "holder" else "")
    if found:
        if central_id:
            values |= {"central_id": central_id, "central_seq": central_seq}
        change.connection.execute(update(conflict).where(conflict.c.id == found["id"]).values(**values))
        return str(found["id"])
    number = change.new_id("X")
    change.connection.execute(
        insert(conflict).values(
            id=number,
            central_id=central_id,
            central_seq=central_seq,
            kind=kind,
            entity_id=entity_id,
            side=side,
            state="open",
            opened_at=change.at,
            **values,
        )
    )
    return number


def find_open(connection: Connection, kind: str, entity_id: str, side: str, other: str = "") -> dict[str, Any] | None:
    """Return the open conflict about one thing on one side, or None."""
    query = select(conflict).where(
        conflict.c.kind == kind, conflict.c.entity_id == entity_id, conflict.c.side == side, conflict.c.state == "open"
    )
    if other:
        query = query.where(conflict.c.other == other)
    return _read(connection.execute(query.order_by(conflict.c.id)).mappings().first())


def by_central_id(connection: Connection, central_id: int) -> dict[str, Any] | None:
    """Return the conflict that the central instance knows by this number, the open one first; or None."""
    row = (
        connection.execute(
            select(conflict).where(conflict.c.central_id == central_id).order_by(conflict.c.state, conflict.c.id.desc())
        )
        .mappings()
        .first()
    )
    return _read(row)


def get(connection: Connection, conflict_id: str) -> dict[str, Any]:
    """Return one conflict; raises `NotFound` with the nearest numbers."""
    row = connection.execute(select(conflict).where(conflict.c.id == conflict_id)).mappings().first()
    if row is None:
        raise unknown("conflict", conflict_id, connection.execute(select(conflict.c.id)).scalars(), where="wb.sync.conflicts()")
    found = _read(row)
    assert found is not None  # noqa: S101  the row is there
    return found


def listed(connection: Connection, state: str = "open") -> list[dict[str, Any]]:
    """Return the conflicts in a state, all of them for an empty one, oldest first."""
    query = select(conflict).order_by(conflict.c.opened_at, conflict.c.id)
    if state:
        query = query.where(conflict.c.state == state)
    return [found for row in connection.execute(query).mappings() if (found := _read(row))]


def settle(change: Change, found: dict[str, Any], outcome: str, *, by: str, why: str, told: bool) -> None:
    """Close a conflict with who decided and why; raises `WorkbenchError` when it is closed already."""
    done = change.connection.execute(
        update(conflict)
        .where(conflict.c.id == found["id"], conflict.c.state == "open")
        .values(state="settled", outcome=outcome, decided_by=by, why=why, closed_at=change.at, told=int(told))
    )
    if done.rowcount == 0:
        raise WorkbenchError("this conflict is settled already", got=found["id"], next_step="See wb.sync.conflicts(state='').")


def reopen(connection: Connection, found: dict[str, Any], theirs: Document | None = None) -> None:
    """Open a conflict again: the other side had changed its value before it heard of our decision."""
    values: dict[str, Any] = {"state": "open", "outcome": "", "decided_by": "", "why": "", "closed_at": "", "told": 0}
    if theirs is not None:
        values["theirs"] = _text(theirs)
    mark(connection, found["id"], **values)


def forget_central(connection: Connection, after: int) -> None:
    """Adjust to a central instance restored from a backup: what it told after number `after` is unknown to it again.

    Such a conflict is void: the changes behind it are pushed again, and listed again where they still dispute.
    """
    late = conflict.c.central_seq > after
    connection.execute(
        update(conflict)
        .where(late, conflict.c.state == "open")
        .values(state="settled", outcome="void", why="the central instance was restored and does not know it any more", told=1)
    )
    connection.execute(update(conflict).where(late).values(central_id=0, central_seq=0))
    kept = ((conflict.c.side == "challenger") & (conflict.c.outcome == "theirs")) | (
        (conflict.c.side == "holder") & (conflict.c.outcome == "ours")
    )
    connection.execute(update(conflict).where(conflict.c.state == "settled", conflict.c.central_id > 0, kept).values(told=0))


def untold(connection: Connection) -> list[dict[str, Any]]:
    """Return decisions that the central instance has not heard of yet."""
    query = select(conflict).where(conflict.c.state == "settled", conflict.c.told == 0, conflict.c.central_id > 0)
    return [found for row in connection.execute(query.order_by(conflict.c.id)).mappings() if (found := _read(row))]


def mark(connection: Connection, conflict_id: str, **values: object) -> None:
    """Write facts learnt about a conflict: its central number, that its decision was told."""
    connection.execute(update(conflict).where(conflict.c.id == conflict_id).values(**values))


def _text(document: Document | None) -> str:
    return "" if document is None else canonical_json(document).decode()


def _read(row: Any) -> dict[str, Any] | None:
    if row is None:
        return None
    return {
        name: (json.loads(value) if name in _DOCUMENTS and value else (None if name == "base" and not value else value))
        for name, value in row.items()
    }


def name_settled(connection: Connection, kind: str, entity_id: str, central_id: int, central_seq: int) -> bool:
    """Give the central number to a conflict decided here before it was known there; tells whether there is one."""
    query = select(conflict.c.id, conflict.c.outcome).where(
        conflict.c.kind == kind,
        conflict.c.entity_id == entity_id,
        conflict.c.side == "challenger",
        conflict.c.state == "settled",
        conflict.c.central_id == 0,
        conflict.c.outcome != "void",
    )
    row = connection.execute(query.order_by(conflict.c.closed_at.desc()).limit(1)).first()
    if row is None:
        return False
    mark(connection, row.id, central_id=central_id, central_seq=central_seq, told=int(row.outcome != "theirs"))
    return True
