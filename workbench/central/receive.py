"""Receiving a batch: each change is applied once and in order, or kept with the reason why not; then, and only then,
acknowledged.

A change says what it started from. Where the central document is still that, it is replaced; where somebody else was first, the
two merge when they touch different fields and become a conflict when they touch the same one. The batch is one transaction.
"""

from __future__ import annotations

import json
import re
import secrets
from collections import Counter
from typing import Any

from sqlalchemy import func, insert, select, update

from ..core.canonical import canonical_json, digest
from ..core.errors import Conflict, WorkbenchError
from ..core.store import Book, Change
from ..sync.changes import PERSONAL_FIELDS, PRIVATE_KINDS, Document, unpack
from ..sync.keys import anchor_text, sign
from ..sync.merge import same, three_way
from . import disputes
from .feeding import Feed
from .tables import central_anchor, central_conflict, instance, meta, received, stream
from .visibility import Viewer

_ID = re.compile(r"([A-Z][A-Z0-9]{1,11})-[A-Z]{1,3}-[0-9]{6,12}", re.ASCII)
LARGEST_DOCUMENT = 1_000_000


class Fork(Conflict):
    """A journal that is not the continuation of the one received so far: a cloned, rewritten or wrongly restored book."""


def receive(book: Book, code: str, body: bytes) -> dict[str, Any]:
    """Take in a batch from the instance `code` and return the acknowledgement, counts, and the countersigned head.

    Raises `WorkbenchError` for a batch that cannot be read and `Fork` for a journal that does not continue the one known.
    """
    header, lines = unpack(body)
    try:
        with book.write(code, "push") as change:
            reception = Reception(change, code, header)
            reception.take(lines)
            return reception.finish()
    except Fork as fork:
        with book.write(code, "alert") as change:
            change.connection.execute(update(instance).where(instance.c.code == code).values(alert=str(fork)))
        raise


def is_duplicate(seq: int, acked: int) -> bool:
    """Tell whether a change was received before."""
    return seq <= acked


def follows(previous: int, acked: int) -> bool:
    """Tell whether a change is the next one; a hole before it means that a batch is still missing."""
    return previous == acked


class Reception:
    """One batch being taken in, within one transaction."""

    def __init__(self, change: Change, code: str, header: dict[str, Any]) -> None:
        self.change, self.connection, self.code = change, change.connection, code
        self.header = header
        self.epoch = str(header.get("epoch", ""))
        self.viewer = Viewer(self.connection, code)
        self.feed = Feed(change)
        self.acked, self.acked_hash = self._stream()
        self.rows: list[dict[str, Any]] = []
        self.counts: Counter[str] = Counter()
        self.conflicts: list[dict[str, Any]] = []
        self.refused: list[dict[str, Any]] = []
        self.gap = False

    def take(self, lines: list[bytes]) -> None:
        """Apply the changes of a batch in order, up to the first hole."""
        for raw in lines:
            op = _parsed(raw)
            seq, previous = _whole(op.get("seq")), _whole(op.get("previous"))
            if seq <= 0:
                raise WorkbenchError("a change without a number", got=raw[:60])
            if is_duplicate(seq, self.acked):
                self._check_duplicate(seq, op)
                self.counts["duplicate"] += 1
                continue
            if not follows(previous, self.acked):
                self.gap = True
                break
            state, reason, feed_seq = self._judge(op)
            self._log(op, state, reason, feed_seq)
            self.acked, self.acked_hash = seq, str(op.get("entry_hash", ""))

    def finish(self) -> dict[str, Any]:
        """Write what was collected and return the answer to the sender."""
        self._flush()
        self.feed.flush()
        where = (stream.c.origin == self.code, stream.c.epoch == self.epoch)
        self.connection.execute(update(stream).where(*where).values(acked=self.acked, acked_hash=self.acked_hash))
        return {
            "acked": self.acked,
            "acked_hash": self.acked_hash,
            "gap": self.gap,
            "counts": dict(self.counts),
            "conflicts": self.conflicts,
            "quarantined": self.refused,
            "anchor": self._countersign(),
        }

    # -- one change --------------------

    def _judge(self, op: dict[str, Any]) -> tuple[str, str, int]:
        if reason := self._fault(op):
            return "quarantined", reason, 0
        kind, entity_id, document = op["kind"], op["entity_id"], op["document"]
        now = self.feed.holding(kind, entity_id)
        owner = entity_id.split("-")[0]
        if now is None:
            if owner == self.code:
                return self._apply(op, document, "accepted")
            if op["before"] is None:
                return "quarantined", f"a new {kind} must carry the number range of {self.code}", 0
            return "waiting", "the central instance does not know this document yet", 0
        if not self.viewer.may_see(kind, entity_id, now["document"]):
            return "quarantined", "not permitted to see, or to change, this document", 0
        return self._merge(op, now)

    def _merge(self, op: dict[str, Any], now: dict[str, Any]) -> tuple[str, str, int]:
        kind, entity_id, document, before = op["kind"], op["entity_id"], op["document"], op["before"]
        mine = self._open(kind, entity_id, challenger=self.code)
        open_here = mine[0] if mine else None
        if digest(document) == now["digest"]:
            if open_here:
                self._settle(open_here, "agreed", self.code, "both sides now say the same")
            return "same", "", now["feed_seq"]
        if fields := self._overtaken(op):
            return self._list_conflict(op, now, before, fields, None)
        ancestor = before
        if open_here and before is not None and digest(before) == digest(open_here["document"]):
            ancestor = open_here["base"]
        if ancestor is not None and digest(ancestor) == now["digest"]:
            merged, fields, state = document, [], "accepted"
        else:
            merged, fields = three_way(ancestor, document, now["document"])
            state = "merged"
        if fields:
            return self._list_conflict(op, now, ancestor, fields, open_here)
        if open_here:
            self._settle(open_here, "accepted", self.code, "a later change goes with the other's")
        return self._apply(op, merged, state)

    def _apply(self, op: dict[str, Any], document: Document, state: str) -> tuple[str, str, int]:
        kind, entity_id = op["kind"], op["entity_id"]
        new = self.feed.holding(kind, entity_id) is None
        seq = self.feed.put_document(
            kind, entity_id, document, origin=self.code, epoch=self.epoch, op_seq=op["seq"], op_hash=op["entry_hash"], state=state
        )
        for other in self._open(kind, entity_id):
            if other["challenger"] != self.code and all(
                same(document.get(name), other["document"].get(name)) for name in other["fields"]
            ):
                self._settle(other, "accepted", self.code, "the other side took the value over")
        if new:
            self._take_waiting(kind, entity_id)
        return state, "", seq

    def _overtaken(self, op: dict[str, Any]) -> list[str]:
        """Return the fields a decision changes when the conflict it settles was settled otherwise by somebody else meanwhile."""
        if not op["resolves"]:
            return []
        found = (
            self.connection.execute(select(central_conflict).where(central_conflict.c.id == op["resolves"])).mappings().first()
        )
        if found is None or found["state"] == "open" or found["decided_by"] == self.code:
            return []
        before = op["before"] or {}
        return sorted(name for name in {*before, *op["document"]} if not same(before.get(name), op["document"].get(name)))

    def _list_conflict(
        self, op: dict[str, Any], now: dict[str, Any], base: Document | None, fields: list[str], known: dict[str, Any] | None
    ) -> tuple[str, str, int]:
        facts = {
            "kind": op["kind"],
            "entity_id": op["entity_id"],
            "challenger": self.code,
            "holder": now["author"],
            "base": "" if base is None else canonical_json(base).decode(),
            "document": canonical_json(op["document"]).decode(),
            "fields": canonical_json(fields).decode(),
        }
        if known:
            number = known["id"]
            self.connection.execute(update(central_conflict).where(central_conflict.c.id == number).values(**facts))
        else:
            number = secrets.randbits(48)  # never given again, even after this database was restored from a backup
            self.connection.execute(insert(central_conflict).values(id=number, state="open", opened_at=self.change.at, **facts))
        notice = {
            "id": number,
            "challenger": self.code,
            "holder": now["author"],
            "base": base,
            "document": op["document"],
            "current": now["document"],
            "fields": fields,
        }
        told = disputes.audience(self.code, now["author"], op["entity_id"])
        seq = self.feed.put_notice("conflict", op["kind"], op["entity_id"], notice, told)
        self.conflicts.append({"id": number, "kind": op["kind"], "entity_id": op["entity_id"], "fields": fields})
        return "conflict", ", ".join(fields), seq

    def _open(self, kind: str, entity_id: str, challenger: str = "") -> list[dict[str, Any]]:
        return disputes.open_conflicts(self.connection, kind, entity_id, challenger)

    def _settle(self, found: dict[str, Any], outcome: str, by: str, why: str) -> None:
        disputes.settle(self.change, self.feed, found, outcome, by, why)

    def _take_waiting(self, kind: str, entity_id: str) -> None:
        self._flush()
        query = select(received).where(received.c.state == "waiting", received.c.kind == kind, received.c.entity_id == entity_id)
        for row in self.connection.execute(query.order_by(received.c.received_at, received.c.seq)).mappings().all():
            other = Reception.__new__(Reception)
            other.__dict__.update(self.__dict__)
            other.code, other.epoch, other.viewer = row["origin"], row["epoch"], Viewer(self.connection, row["origin"])
            state, reason, feed_seq = other._judge(json.loads(row["line"]))
            key = (received.c.origin == row["origin"], received.c.epoch == row["epoch"], received.c.seq == row["seq"])
            self.connection.execute(update(received).where(*key).values(state=state, reason=reason, feed_seq=feed_seq))

    # -- what can be wrong with one --------------------

    def _fault(self, op: dict[str, Any]) -> str:
        facts = {name: value for name, value in op.items() if name != "sha256"}
        try:
            if digest(facts) != op.get("sha256"):
                return "the change does not have the digest it carries"
            if op.get("base") != (digest(op["before"]) if op.get("before") is not None else ""):
                return "the document it started from does not have the digest given as base"
            size = len(canonical_json(op.get("document")))
        except (WorkbenchError, ValueError, RecursionError) as error:
            return f"not a canonical change: {error}"
        if size > LARGEST_DOCUMENT:
            return f"the document is larger than {LARGEST_DOCUMENT} bytes"
        return self._wrong_content(op)

    def _wrong_content(self, op: dict[str, Any]) -> str:
        document, before, kind = op.get("document"), op.get("before"), op.get("kind")
        if op.get("origin") != self.code or op.get("epoch") != self.epoch:
            return f"written in the name of {op.get('origin')!r} by {self.code}"
        if not isinstance(document, dict) or not isinstance(before, dict | None) or not isinstance(kind, str):
            return "not a document"
        if kind in PRIVATE_KINDS:
            op["document"], op["before"] = {}, None
            return f"a {kind} never leaves its society; the content was not kept"
        if personal := sorted(PERSONAL_FIELDS & set(document)):
            op["document"], op["before"] = {}, None
            return f"personal fields never leave a society ({', '.join(personal)}); the content was not kept"
        if (
            not isinstance(op.get("entity_id"), str)
            or not _ID.fullmatch(op["entity_id"])
            or document.get("id") != op["entity_id"]
        ):
            return "the document and its number do not fit"
        if not isinstance(op.get("resolves"), int) or not isinstance(op.get("entry_hash"), str):
            return "fields of the wrong type"
        return ""

    def _check_duplicate(self, seq: int, op: dict[str, Any]) -> None:
        key = (received.c.origin == self.code, received.c.epoch == self.epoch, received.c.seq == seq)
        known = self.connection.execute(select(received.c.entry_hash).where(*key)).scalar()
        if known is not None and known != op.get("entry_hash"):
            raise _fork(self.code, seq, str(op.get("entry_hash")), known)

    # -- the stream --------------------

    def _stream(self) -> tuple[int, str]:
        start = self.header.get("start") or {}
        seq, chain_hash = _whole(start.get("seq")), str(start.get("hash", ""))
        rows = (
            self.connection.execute(select(stream).where(stream.c.origin == self.code).order_by(stream.c.number)).mappings().all()
        )
        found = next((row for row in rows if row["epoch"] == self.epoch), None)
        if found is not None:
            if found is not rows[-1]:
                raise Fork(
                    "this book was replaced by a restored one",
                    got=f"epoch {self.epoch}",
                    expected=f"epoch {rows[-1]['epoch']}",
                    next_step="Work with the restored book; this copy must not be used any more.",
                )
            if seq == found["acked"] and seq and chain_hash != found["acked_hash"]:
                raise _fork(self.code, seq, chain_hash, found["acked_hash"])
            return int(found["acked"]), str(found["acked_hash"])
        if not self.epoch:
            raise WorkbenchError("a batch without an epoch")
        if seq:
            key = (received.c.origin == self.code, received.c.seq == seq, received.c.entry_hash == chain_hash)
            if self.connection.execute(select(func.count()).select_from(received).where(*key)).scalar() == 0:
                raise _fork(self.code, seq, chain_hash, "an entry received before")
        self.connection.execute(
            insert(stream).values(origin=self.code, epoch=self.epoch, acked=seq, acked_hash=chain_hash, number=len(rows) + 1)
        )
        return seq, chain_hash

    def _countersign(self) -> dict[str, Any] | None:
        head = self.header.get("head") or {}
        seq, head_hash = _whole(head.get("seq")), str(head.get("hash", ""))
        if seq <= 0 or not head_hash:
            return None
        key = (central_anchor.c.instance == self.code, central_anchor.c.epoch == self.epoch, central_anchor.c.seq == seq)
        known = self.connection.execute(select(central_anchor).where(*key)).mappings().first()
        if known is not None:
            if known["head_hash"] != head_hash:
                raise _fork(self.code, seq, head_hash, known["head_hash"])
            return dict(known)
        signed: dict[str, Any] = {
            "instance": self.code,
            "epoch": self.epoch,
            "seq": seq,
            "head_hash": head_hash,
            "at": self.change.at,
        }
        signed["signature"] = sign(meta(self.connection, "private_key"), anchor_text(signed))
        self.connection.execute(insert(central_anchor).values(**signed))
        return signed

    def _log(self, op: dict[str, Any], state: str, reason: str, feed_seq: int) -> None:
        self.counts[state] += 1
        if state == "quarantined":
            names = ("seq", "kind", "entity_id")
            self.refused.append({**{name: op.get(name) for name in names}, "reason": reason})
        kept = state in {"conflict", "waiting", "quarantined", "merged"}
        self.rows.append(
            {
                "origin": self.code,
                "epoch": self.epoch,
                "seq": op["seq"],
                "kind": str(op.get("kind", "")),
                "entity_id": str(op.get("entity_id", "")),
                "sha256": str(op.get("sha256", "")),
                "entry_hash": str(op.get("entry_hash", "")),
                "state": state,
                "reason": reason,
                "feed_seq": feed_seq,
                "line": json.dumps(op, sort_keys=True) if kept else "",
                "received_at": self.change.at,
            }
        )

    def _flush(self) -> None:
        if self.rows:
            self.connection.execute(insert(received), self.rows)
            self.rows = []


def common(book: Book, code: str, head: int, limit: int = 2_000) -> list[tuple[int, str]]:
    """Return (number, hash) of changes received from an instance, newest first, not beyond `head`: where a restored book goes
    on.
    """
    with book.read() as connection:
        query = (
            select(received.c.seq, received.c.entry_hash)
            .where(received.c.origin == code, received.c.seq <= head)
            .order_by(received.c.seq.desc())
            .limit(limit)
        )
        return [(int(row.seq), str(row.entry_hash)) for row in connection.execute(query)]


def standing(book: Book, code: str, epoch: str) -> dict[str, Any]:
    """Return what is known of an instance's journal: the acknowledged number, the last anchor, what is quarantined."""
    with book.read() as connection:
        row = connection.execute(select(stream).where(stream.c.origin == code, stream.c.epoch == epoch)).mappings().first()
        signed = connection.execute(
            select(central_anchor).where(central_anchor.c.instance == code).order_by(central_anchor.c.at, central_anchor.c.seq)
        ).mappings()
        waiting = connection.execute(
            select(received.c.epoch, received.c.seq, received.c.kind, received.c.entity_id, received.c.state, received.c.reason)
            .where(received.c.origin == code, received.c.state.in_(["quarantined", "waiting"]))
            .order_by(received.c.received_at, received.c.seq)
            .limit(1_000)
        ).mappings()
        return {
            "acked": int(row["acked"]) if row else None,
            "acked_hash": str(row["acked_hash"]) if row else "",
            "anchors": [dict(anchor) for anchor in signed][-200:],
            "not_applied": [dict(item) for item in waiting],
            "central_key": meta(connection, "public_key"),
        }


def _fork(code: str, seq: int, got: str, expected: str) -> Fork:
    return Fork(
        f"the journal of {code} is not the one received before",
        got=f"{got[:16]} at number {seq}",
        expected=expected[:16],
        next_step="A cloned or rewritten book: stop, keep both, and restore with: workbench restore (it begins a new epoch).",
    )


def _parsed(raw: bytes) -> dict[str, Any]:
    try:
        op = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise WorkbenchError("a line of the batch cannot be read", got=raw[:60], next_step="Send it again.") from error
    if not isinstance(op, dict):
        raise WorkbenchError("a line of the batch is no change", got=raw[:60])
    return op


def _whole(value: object) -> int:
    return (
        value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**62 else -1 if value is not None else 0
    )
