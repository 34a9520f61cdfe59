"""Pulling: what others changed comes in, each batch in one transaction with the mark that says how far we are.

we have    our document is what was last seen     -> it is replaced
we changed it meanwhile, another field            -> both changes hold; the merged one is pushed on
we changed it meanwhile, the same field           -> a conflict is listed; ours stays until somebody decides
it cannot be used (unknown kind, missing party)   -> it is kept, listed, and tried again at every pull
"""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

from sqlalchemy import Table, insert, select, update

from ..core import documents, journal
from ..core.canonical import canonical_json, digest
from ..core.documents import KINDS, Kind
from ..core.errors import WorkbenchError
from ..core.office import Office, Progress, silent
from ..core.store import Change, serial
from . import conflicts, state
from .changes import PULLED, SHARED, Document, dress, may_leave, take_in, unknown_fields, unpack
from .line import FeedChanged, Line
from .merge import same, three_way

BATCH = 1_000
_ID = re.compile(r"([A-Z][A-Z0-9]{1,11})-([A-Z]{1,3})-([0-9]{6,12})", re.ASCII)
_UNUSABLE = (WorkbenchError, ValueError, TypeError, KeyError, AttributeError, RecursionError)


def pull(office: Office, line: Line, progress: Progress = silent, batch: int = BATCH) -> dict[str, Any]:
    """Take in what happened at the central instance since the last pull; returns counts by outcome and the new cursor.

    Raises `Unreachable` when it cannot be reached; what came before stays.
    """
    counts: Counter[str] = Counter()
    first: int | None = None
    while True:
        with office.book.read() as connection:
            after, after_hash = state.cursor(connection)
        first = after if first is None else first
        try:
            header, lines = unpack(line.feed(after, after_hash, batch))
        except FeedChanged as changed:
            with office.change("the central instance was restored: back to the last common point") as change:
                after, _ = state.step_back(change.connection, int(str(changed.got)))
                conflicts.forget_central(change.connection, after)
                first = after
            counts["stepped_back"] += 1
            continue
        if len(lines) != header["lines"]:
            raise WorkbenchError("a batch does not hold what it says", got=len(lines), expected=header["lines"])
        if header["cursor"] > after or counts["batches"] == 0:
            counts["batches"] += 1
            _take_batch(office, after, after_hash, header, lines, counts)
        progress("pull", int(header["cursor"]) - first, max(int(header["head"]) - first, 1))
        if not header["more"]:
            return {**counts, "cursor": int(header["cursor"])}


def _take_batch(
    office: Office, after: int, after_hash: str, header: dict[str, Any], lines: list[bytes], counts: Counter[str]
) -> None:
    with office.change(f"pulled from the central instance, numbers {after + 1} to {header['cursor']}") as change:
        if state.cursor(change.connection) != (after, after_hash):
            return  # another session of this society was faster; nothing is taken twice
        intake = Intake(change, office.config.code, counts)
        intake.take([json.loads(raw) for raw in lines])
        if int(header["cursor"]) > after:
            state.move_cursor(change.connection, int(header["cursor"]), str(header["hash"]))
        else:
            state.put(change.connection, last_pull_at=change.at)


class Intake:
    """One batch being taken in, within one transaction."""

    def __init__(self, change: Change, code: str, counts: Counter[str]) -> None:
        self.change, self.connection, self.code, self.counts = change, change.connection, code, counts
        self.local: dict[tuple[str, str], Document | None] = {}
        self.seen: dict[tuple[str, str], Document | None] = {}
        self.queue: dict[tuple[str, str], list[Document]] = {}
        self.queued: set[tuple[str, str]] = set()
        self.newly_seen: list[tuple[str, str, int, Document]] = []
        self._disputed: set[tuple[str, str]] | None = None
        self._old: set[str] = set()

    def take(self, lines: list[dict[str, Any]]) -> None:
        """Apply the lines of a batch in order, then try again what was waiting."""
        shown = [line for line in lines if line.get("what") == "document"]
        self._prepare(shown)
        keys = {taken_key(line): int(line["seq"]) for line in shown}
        self._old = state.taken(self.connection, list(keys))
        for line in lines:
            self._one(line)
        state.remember_taken(self.connection, {key: seq for key, seq in keys.items() if key not in self._old})
        self._try_held()
        self.flush()

    def flush(self) -> None:
        """Write what is queued."""
        for (kind, op), several in self.queue.items():
            documents.save_many(self.change, KINDS[kind], several, op=op)
        self.queue, self.queued = {}, set()
        state.remember_seen(self.connection, self.newly_seen)
        self.newly_seen = []

    def ours(self, kind: Kind, entity_id: str) -> Document | None:
        """Return our document as others may see it, or None."""
        mine = self._local(kind, entity_id)
        return dress(kind, may_leave(kind.name, mine), self._last_seen(kind, entity_id))

    def adopt(self, kind: Kind, document: Document, op: str, *, seen: bool = True) -> None:
        """Save a document in the name of a decision; `seen` when it is what the central instance holds."""
        self._save(kind, document, op)
        if seen:
            self.newly_seen.append((kind.name, document["id"], 0, document))
            self.seen[kind.name, document["id"]] = document

    # -- one line --------------------

    def _one(self, line: dict[str, Any]) -> None:
        what, kind, entity_id = str(line.get("what")), str(line.get("kind")), str(line.get("entity_id"))
        try:
            if digest(line["document"]) != line["sha256"]:
                raise WorkbenchError("the document does not have the digest it carries")
            if what == "document":
                self._document(line)
            elif what == "conflict":
                self._conflict_notice(line)
            elif what == "settled":
                self._settled_notice(line)
            elif what == "identifier":
                facts = line["document"]
                state.keep_identifier(self.connection, kind, entity_id, facts["scheme"], facts["number"], line["at"])
                self.counts["identifiers"] += 1
            else:
                self._hold(line, "unknown_kind", f"a newer version's message: {what}")
        except _UNUSABLE as error:
            self._hold(line, "poison", str(error))

    def _document(self, line: dict[str, Any]) -> None:
        name, entity_id = line["kind"], line["entity_id"]
        if name not in SHARED or name not in KINDS:
            self._hold(line, "unknown_kind", f"this version does not know {name}")
            return
        kind = KINDS[name]
        if not _ID.fullmatch(entity_id) or line["document"].get("id") != entity_id:
            raise WorkbenchError("the document and its number do not fit", got=entity_id)
        coming = self._as_stored(kind, line["document"])
        if missing := self._missing(kind, coming):
            self._hold(line, "missing_reference", f"it names {', '.join(missing[:5])}, which this book does not have")
            return
        if taken_key(line) in self._old:
            self._see_again(kind, coming)
            return
        ours, ancestor = self.ours(kind, entity_id), self._last_seen(kind, entity_id)
        own = self._own_document(line, kind)
        if own is not None and line["state"] == "accepted":
            self._saw(line, kind, coming)  # our own change came back: what we have descends from it
            self._close(kind, entity_id, "ours", self.code, "our change was accepted", coming)
            return
        if own is not None:
            ancestor = own
        self._decide(line, kind, ours, ancestor, coming)
        self._keep_unknown_fields(line, kind)

    def _decide(
        self, line: dict[str, Any], kind: Kind, ours: Document | None, ancestor: Document | None, coming: Document
    ) -> None:
        entity_id, origin = line["entity_id"], line["origin"]
        if ours is None or (ancestor is not None and ours == ancestor):
            if ours != coming:
                self._save(kind, coming, f"{PULLED}{origin}")
                self.counts["applied"] += 1
            self._bump_serial(entity_id)
            self._saw(line, kind, coming)
            self._close(kind, entity_id, "theirs", origin, "our change was taken back")
        elif ours == coming:
            self._saw(line, kind, coming)
            self.counts["same"] += 1
            self._close(kind, entity_id, "agreed", origin, "both sides now say the same")
        elif ancestor is not None and coming == ancestor:
            return
        else:
            merged, fields = three_way(ancestor, ours, coming)
            if fields:
                self._list(line, kind, ancestor, ours, coming, fields)
                return
            self._save(kind, coming, f"{PULLED}{origin}")
            self._saw(line, kind, coming)
            if merged != coming:
                self._save(kind, merged, "merge")
            self.counts["merged"] += 1
            self._close(kind, entity_id, "merged", origin, "the later changes go together")

    def _list(
        self, line: dict[str, Any], kind: Kind, base: Document | None, ours: Document, theirs: Document, fields: list[str]
    ) -> None:
        self.flush()
        conflicts.open_conflict(
            self.change,
            kind.name,
            line["entity_id"],
            side="challenger",
            other=line["origin"],
            base=base,
            ours=ours,
            theirs=theirs,
            fields=fields,
        )
        self._disputed = None
        self.counts["conflicts"] += 1

    def _close(self, kind: Kind, entity_id: str, outcome: str, by: str, why: str, accepted: Document | None = None) -> None:
        found = self._open_conflict(kind, entity_id)
        if found is None:
            return
        if accepted is not None and not all(same(accepted.get(name), found["ours"].get(name)) for name in found["fields"]):
            return
        conflicts.settle(self.change, found, outcome, by=by, why=why, told=True)

    def _see_again(self, kind: Kind, coming: Document) -> None:
        """Note a change that was taken in before, shown again by a restored central instance: only a dispute may need it."""
        if found := self._open_conflict(kind, coming["id"]):
            conflicts.mark(self.connection, found["id"], theirs=canonical_json(coming).decode())
        self.counts["seen_again"] += 1

    def _open_conflict(self, kind: Kind, entity_id: str) -> dict[str, Any] | None:
        if self._disputed is None:
            self._disputed = {(row["kind"], row["entity_id"]) for row in conflicts.listed(self.connection)}
        if (kind.name, entity_id) not in self._disputed:
            return None
        return conflicts.find_open(self.connection, kind.name, entity_id, "challenger")

    # -- notices --------------------

    def _conflict_notice(self, line: dict[str, Any]) -> None:
        facts, kind, entity_id = line["document"], KINDS[line["kind"]], line["entity_id"]
        self._disputed = None
        self.counts["conflicts"] += 1
        known = conflicts.by_central_id(self.connection, facts["id"])
        number = {"central_id": facts["id"], "central_seq": line["seq"]}
        if facts["challenger"] != self.code:
            if known and known["state"] == "settled":
                conflicts.reopen(self.connection, known, facts["document"])
                return
            self._list_notice(kind, line, "holder", facts["challenger"], facts["current"], facts["document"])
            return
        ours = self.ours(kind, entity_id) or facts["current"]
        agreed = all(same(ours.get(name), facts["current"].get(name)) for name in facts["fields"])
        if found := conflicts.find_open(self.connection, kind.name, entity_id, "challenger"):
            conflicts.mark(self.connection, found["id"], **number)
            return
        if known:
            if not agreed and not self._has_unpushed(kind, entity_id):
                conflicts.reopen(self.connection, known, facts["current"])  # our decision met another change
            return
        if conflicts.name_settled(self.connection, kind.name, entity_id, **number):
            return
        listed = self._list_notice(kind, line, "challenger", facts["holder"], facts["document"], facts["current"])
        if agreed:
            found = conflicts.get(self.connection, listed)
            conflicts.settle(self.change, found, "theirs", by=self.code, why="we say the same as the other side now", told=False)

    def _has_unpushed(self, kind: Kind, entity_id: str) -> bool:
        table = journal.journal
        query = select(table.c.seq).where(
            table.c.kind == kind.name,
            table.c.entity_id == entity_id,
            table.c.seq > int(state.get(self.connection, "pushed", "0")),
            table.c.op.not_like(f"{PULLED}%"),
        )
        return self.connection.execute(query.limit(1)).first() is not None

    def _list_notice(self, kind: Kind, line: dict[str, Any], side: str, other: str, ours: Document, theirs: Document) -> str:
        facts = line["document"]
        return conflicts.open_conflict(
            self.change,
            kind.name,
            line["entity_id"],
            side=side,
            other=other,
            base=facts["base"],
            ours=ours,
            theirs=theirs,
            fields=facts["fields"],
            central_id=facts["id"],
            central_seq=line["seq"],
        )

    def _settled_notice(self, line: dict[str, Any]) -> None:
        facts, kind = line["document"], KINDS[line["kind"]]
        found = conflicts.by_central_id(self.connection, facts["id"])
        if found is None or found["state"] != "open":
            return
        challenger = found["side"] == "challenger"
        outcome = {"accepted": "ours" if challenger else "theirs", "agreed": "agreed"}.get(
            facts["outcome"], "theirs" if challenger else "ours"
        )
        conflicts.settle(self.change, found, outcome, by=facts["decided_by"], why=facts["why"], told=True)
        self.counts["settled"] += 1
        if challenger and facts["outcome"] in {"rejected", "withdrawn"}:
            ours = self.ours(kind, line["entity_id"])
            coming = self._as_stored(kind, found["theirs"])
            origin = {**line, "origin": facts["decided_by"]}
            self._decide(origin, kind, ours, found["ours"], coming)

    # -- what cannot be used now --------------------

    def _hold(self, line: dict[str, Any], reason: str, detail: str) -> None:
        text = json.dumps(line, ensure_ascii=True, sort_keys=True)
        state.hold(
            self.connection,
            "in",
            str(line.get("kind")),
            str(line.get("entity_id")),
            reason,
            detail.encode("utf-8", "replace").decode(),
            text,
            seq=int(line.get("seq") or 0),
            origin=str(line.get("origin")),
        )
        self.counts["held"] += 1

    def _try_held(self) -> None:
        progress = True
        while progress:
            progress = False
            for row in state.held(self.connection, "in"):
                line = json.loads(row["document"])
                kind = KINDS.get(row["kind"])
                if kind is None or row["kind"] not in SHARED or row["reason"] == "poison" or line.get("what") != "document":
                    continue
                if row["reason"] == "unknown_field":
                    if (
                        any(name in kind.fields for name in line["document"])
                        and set(unknown_fields(kind, line["document"])) == set()
                    ):
                        self._fill_in(line, kind)
                    continue
                if self._missing(kind, line["document"]):
                    continue
                state.release(self.connection, "in", row["kind"], row["entity_id"])
                self._one(line)
                self.flush()
                progress = True

    def _keep_unknown_fields(self, line: dict[str, Any], kind: Kind) -> None:
        if strange := unknown_fields(kind, line["document"]):
            self._hold(line, "unknown_field", f"written by a newer version, kept beside the book: {', '.join(strange)}")
        else:
            state.release(self.connection, "in", kind.name, line["entity_id"])

    def _fill_in(self, line: dict[str, Any], kind: Kind) -> None:
        """Save fields that this version has learnt about since they came in."""
        entity_id = line["entity_id"]
        ours = self.ours(kind, entity_id) or {}
        merged = {**{name: value for name, value in line["document"].items() if name not in ours}, **ours}
        self._save(kind, merged, f"{PULLED}{line['origin']}")
        state.release(self.connection, "in", kind.name, entity_id)

    def _missing(self, kind: Kind, document: Document) -> list[str]:
        wanted: dict[str, set[str]] = {}
        for table_name, entity_id in references(kind, document):
            wanted.setdefault(table_name, set()).add(entity_id)
        missing: list[str] = []
        for table_name, ids in wanted.items():
            target = next(known for known in KINDS.values() if known.table.name == table_name)
            unknown = {i for i in ids if self.local.get((target.name, i)) is None}
            if unknown:
                found = set(self.connection.execute(select(target.table.c.id).where(target.table.c.id.in_(unknown))).scalars())
                missing += sorted(unknown - found)
        return missing

    # -- documents here --------------------

    def _prepare(self, lines: list[dict[str, Any]]) -> None:
        by_kind: dict[str, list[str]] = {}
        for line in lines:
            if line.get("kind") in KINDS and line["kind"] in SHARED and isinstance(line.get("entity_id"), str):
                by_kind.setdefault(line["kind"], []).append(line["entity_id"])
        for name, ids in by_kind.items():
            unique = sorted(set(ids))
            here = documents.load_many(self.connection, KINDS[name], unique)
            seen = state.seen(self.connection, name, unique)
            for entity_id in unique:
                self.local[name, entity_id] = here.get(entity_id)
                self.seen[name, entity_id] = seen.get(entity_id)

    def _local(self, kind: Kind, entity_id: str) -> Document | None:
        key = (kind.name, entity_id)
        if key not in self.local:
            self.local[key] = documents.load_many(self.connection, kind, [entity_id]).get(entity_id)
        return self.local[key]

    def _last_seen(self, kind: Kind, entity_id: str) -> Document | None:
        key = (kind.name, entity_id)
        if key not in self.seen:
            self.seen[key] = state.seen(self.connection, kind.name, [entity_id]).get(entity_id)
        return self.seen[key]

    def _as_stored(self, kind: Kind, coming: Document) -> Document:
        """Return a document as it will read once it was saved here and is sent again."""
        canonical_json(coming)
        complete = documents.normalise(kind, take_in(kind, None, coming))
        _refuse_large_numbers(complete)
        return dress(kind, may_leave(kind.name, complete), coming) or {}

    def _save(self, kind: Kind, document: Document, op: str) -> None:
        entity_id = document["id"]
        if (kind.name, entity_id) in self.queued:
            self.flush()
        complete = documents.normalise(kind, take_in(kind, self._local(kind, entity_id), document))
        self.queue.setdefault((kind.name, op), []).append(complete)
        self.queued.add((kind.name, entity_id))
        self.local[kind.name, entity_id] = complete

    def _saw(self, line: dict[str, Any], kind: Kind, coming: Document) -> None:
        self.newly_seen.append((kind.name, line["entity_id"], int(line["seq"]), coming))
        self.seen[kind.name, line["entity_id"]] = coming

    def _own_document(self, line: dict[str, Any], kind: Kind) -> Document | None:
        """Return the document as our own journal has it, when this line is our own change; None for another's, or one lost in
        a restore.
        """
        if line["origin"] != self.code or not line["op_seq"]:
            return None
        table = journal.journal
        row = self.connection.execute(select(table.c.hash, table.c.after).where(table.c.seq == line["op_seq"])).first()
        if row is None or row.hash != line["op_hash"]:
            return None
        return dress(kind, may_leave(kind.name, journal.read_document(row.after)), self._last_seen(kind, line["entity_id"]))

    def _bump_serial(self, entity_id: str) -> None:
        """Keep numbers from being given twice, when our own lost documents come back after a restore."""
        match = _ID.fullmatch(entity_id)
        if match is None or match[1] != self.code:
            return
        key, number = serial.c.kind == match[2], int(match[3])
        last = self.connection.execute(select(serial.c.last).where(key)).scalar()
        if last is None:
            self.connection.execute(insert(serial).values(kind=match[2], last=number))
        elif last < number:
            self.connection.execute(update(serial).where(key).values(last=number))


def taken_key(line: dict[str, Any]) -> str:
    """Return what identifies a change of a document, also when the central instance shows it again under another number."""
    return digest([line.get("op_hash") or line.get("at"), line.get("sha256")])


def references(kind: Kind, document: Document) -> list[tuple[str, str]]:
    """Return (table, id) of every other document that one names."""
    found = _named(kind.table, [document])
    for part, table in kind.parts.items():
        found += _named(table, document.get(part) or [])
    return found


def _named(table: Table, rows: list[Document]) -> list[tuple[str, str]]:
    columns = [
        (column.name, key.column.table.name)
        for column in table.columns
        if column.name != "owner_id"
        for key in column.foreign_keys
    ]
    return [(target, str(row[name])) for row in rows for name, target in columns if row.get(name)]


def _refuse_large_numbers(value: object) -> None:
    if isinstance(value, bool) or (isinstance(value, int) and abs(value) >= 2**63):
        raise WorkbenchError("a number is too large", got=str(value)[:30])
    if isinstance(value, dict):
        for item in value.values():
            _refuse_large_numbers(item)
    elif isinstance(value, list):
        for item in value:
            _refuse_large_numbers(item)
