"""Conflicts at the central instance: what is open about a document, who is told, and how one is settled."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import select, update

from ..core.canonical import digest
from ..core.errors import NotFound, WorkbenchError
from ..core.store import Book, Change
from .feeding import Feed
from .tables import central_conflict


def open_conflicts(connection: Any, kind: str, entity_id: str, challenger: str = "") -> list[dict[str, Any]]:
    """Return the open conflicts about one document, of one challenger when named."""
    query = select(central_conflict).where(
        central_conflict.c.kind == kind, central_conflict.c.entity_id == entity_id, central_conflict.c.state == "open"
    )
    if challenger:
        query = query.where(central_conflict.c.challenger == challenger)
    return [read_conflict(row) for row in connection.execute(query.order_by(central_conflict.c.id)).mappings()]


def read_conflict(row: Any) -> dict[str, Any]:
    """Return a stored conflict with its documents read."""
    found = dict(row)
    found["base"] = json.loads(found["base"]) if found["base"] else None
    found["document"], found["fields"] = json.loads(found["document"]), json.loads(found["fields"])
    return found


def settle(change: Change, feed: Feed, found: dict[str, Any], outcome: str, by: str, why: str) -> None:
    """Close a conflict and tell both sides through the feed."""
    change.connection.execute(
        update(central_conflict)
        .where(central_conflict.c.id == found["id"])
        .values(state="settled", outcome=outcome, decided_by=by, why=why, closed_at=change.at)
    )
    notice = {"id": found["id"], "outcome": outcome, "decided_by": by, "why": why, "challenger": found["challenger"]}
    told = audience(found["challenger"], found["holder"], found["entity_id"])
    feed.put_notice("settled", found["kind"], found["entity_id"], notice, told)


def decide(book: Book, code: str, number: int, outcome: str, why: str, seen: str = "") -> dict[str, Any]:
    """Settle a conflict in favour of what is held: `rejected` by its holder or owner, `withdrawn` by the challenger.

    Returns the conflict, which has an earlier outcome when it was settled already, and is still open when the challenger's
    document is no longer the one with the digest `seen`: nobody rejects what he has not seen. Raises `NotFound` for a conflict
    that does not exist or does not concern this instance: the two are not told apart.
    """
    with book.write(code, why or "no reason given") as change:
        row = change.connection.execute(select(central_conflict).where(central_conflict.c.id == number)).mappings().first()
        if row is None or code not in audience(row["challenger"], row["holder"], row["entity_id"]):
            raise NotFound("no such conflict", got=number)
        found = read_conflict(row)
        overtaken = bool(seen) and digest(found["document"]) != seen
        if found["state"] == "open" and not overtaken:
            wanted = "withdrawn" if code == found["challenger"] else "rejected"
            if outcome != wanted:
                raise WorkbenchError("this side cannot decide so", got=outcome, expected=wanted)
            feed = Feed(change)
            settle(change, feed, found, outcome, code, why)
            feed.flush()
            found |= {"state": "settled", "outcome": outcome, "decided_by": code}
        return {name: found[name] for name in ("id", "state", "outcome", "decided_by")}


def audience(challenger: str, holder: str, entity_id: str) -> list[str]:
    """Return the instances a conflict concerns: who changed, whose change is held, and whose document it is."""
    return sorted({challenger, holder, entity_id.split("-")[0]})
