"""The feed: everything that happened at the central instance in one gapless order, each line carrying the hash of the one
before.
"""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from ..core.canonical import canonical_json, digest
from ..core.store import Book, Change
from ..sync.changes import Document, pack
from .tables import feed, holding
from .visibility import Viewer

GENESIS = "0" * 64
_NAMES = ("seq", "what", "kind", "entity_id", "origin", "epoch", "op_seq", "op_hash", "state", "audience", "document", "at")


class Feed:
    """Lines to be added within one transaction, with the documents held as they will be after it."""

    def __init__(self, change: Change) -> None:
        self.change = change
        self.seq, self.previous = head(change.connection)
        self.lines: list[dict[str, Any]] = []
        self.held: dict[tuple[str, str], dict[str, Any] | None] = {}
        self.dirty: set[tuple[str, str]] = set()

    def holding(self, kind: str, entity_id: str) -> dict[str, Any] | None:
        """Return a document as it now is, with `digest`, `owner`, `author` and `feed_seq`; None when it is not known."""
        key = (kind, entity_id)
        if key not in self.held:
            query = select(holding).where(holding.c.kind == kind, holding.c.entity_id == entity_id)
            row = self.change.connection.execute(query).mappings().first()
            self.held[key] = {**row, "document": json.loads(row["document"])} if row else None
        return self.held[key]

    def put_document(
        self,
        kind: str,
        entity_id: str,
        document: Document,
        *,
        origin: str,
        epoch: str = "",
        op_seq: int = 0,
        op_hash: str = "",
        state: str,
    ) -> int:
        """Make `document` the one held, and add it to the feed; returns the feed's number of it."""
        text = canonical_json(document).decode()
        seq = self._add("document", kind, entity_id, origin, epoch, op_seq, op_hash, state, "", text)
        self.held[kind, entity_id] = {
            "kind": kind,
            "entity_id": entity_id,
            "owner": entity_id.split("-")[0],
            "author": origin,
            "feed_seq": seq,
            "digest": digest(document),
            "document": document,
        }
        self.dirty.add((kind, entity_id))
        return seq

    def put_notice(self, what: str, kind: str, entity_id: str, facts: dict[str, Any], audience: list[str]) -> int:
        """Add a line that is no document: a conflict, a decision, an identifier; an empty audience is all who may see the
        document.
        """
        for_whom = canonical_json(audience).decode() if audience else ""
        return self._add(what, kind, entity_id, "CENTRAL", "", 0, "", "given", for_whom, canonical_json(facts).decode())

    def flush(self) -> None:
        """Write what was added."""
        connection = self.change.connection
        if self.lines:
            connection.execute(insert(feed), self.lines)
        rows = []
        for kind, entity_id in sorted(self.dirty):
            now = self.held[kind, entity_id]
            assert now is not None  # noqa: S101  only documents that were put are dirty
            connection.execute(delete(holding).where(holding.c.kind == kind, holding.c.entity_id == entity_id))
            rows.append({**now, "document": canonical_json(now["document"]).decode()})
        if rows:
            connection.execute(insert(holding), rows)
        self.lines, self.dirty = [], set()

    def _add(self, *values: object) -> int:
        self.seq += 1
        line = dict(zip(_NAMES, (self.seq, *values, self.change.at), strict=True))
        line["previous_hash"] = self.previous
        self.previous = line["hash"] = digest(line)
        self.lines.append(line)
        return self.seq


def head(connection: Connection) -> tuple[int, str]:
    """Return (number, hash) of the feed's last line."""
    row = connection.execute(select(feed.c.seq, feed.c.hash).order_by(feed.c.seq.desc()).limit(1)).first()
    return (int(row.seq), str(row.hash)) if row else (0, GENESIS)


def serve(book: Book, code: str, after: int, after_hash: str, limit: int) -> bytes | None:
    """Return a batch of the lines after number `after` that an instance may see; None when the feed is not the one it saw before.

    The header says where the next pull begins (`cursor`, `hash`), also when nothing in between was visible.
    """
    with book.read() as connection:
        if not is_continued(connection, after, after_hash):
            return None
        viewer = Viewer(connection, code)
        rows = connection.execute(select(feed).where(feed.c.seq > after).order_by(feed.c.seq).limit(limit)).mappings().all()
        newest = head(connection)[0]
        lines = [_line(row) for row in rows if viewer.may_read(row)]
        last = rows[-1] if rows else None
        header = {
            "cursor": int(last["seq"]) if last is not None else after,
            "hash": str(last["hash"]) if last is not None else after_hash,
            "more": last is not None and int(last["seq"]) < newest,
            "head": newest,
            "lines": len(lines),
        }
        return pack(header, lines)


def is_continued(connection: Connection, after: int, after_hash: str) -> bool:
    """Tell whether this feed still holds what an instance saw last; not so after the central instance was restored from a
    backup.
    """
    if after == 0:
        return True
    return connection.execute(select(feed.c.hash).where(feed.c.seq == after)).scalar() == after_hash


def _line(row: Any) -> dict[str, Any]:
    names = ("seq", "what", "kind", "entity_id", "origin", "epoch", "op_seq", "op_hash", "state", "at")
    document = json.loads(row["document"])
    return {**{name: row[name] for name in names}, "document": document, "sha256": digest(document)}
