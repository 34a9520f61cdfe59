"""A document is one whole thing of the register (a work with its titles and shares), kept in a root table and its part tables.

Every desk declares its kinds once; saving, loading, journal, optimistic version and synchronisation then work alike for all.
A document is a plain dict: `id`, the root's fields, and a list of dicts for each part, in order.

    WORK = Kind("work", "W", work_table, {"titles": work_title, "shares": work_share})
    save(change, WORK, {"title": "Taa ya Pwani", "titles": [...], "shares": [...]})      # id and version are given by the book
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from sqlalchemy import Column, Connection, ForeignKey, Table, Text, delete, insert, select, update

from .canonical import canonical_json, nfc
from .errors import Finding, WorkbenchError, unknown
from .journal import last_documents, record_many
from .meanwhile import changed_meanwhile
from .store import Change, Whole, book_table, whole, words

CHUNK = 500
Document = dict[str, Any]
KINDS: dict[str, Kind] = {}
"""Every kind declared so far by its name: synchronisation handles all of them alike without knowing the desks."""


@dataclass(frozen=True)
class Kind:
    """How one kind of thing is kept: its name in the journal, its letter in identifiers, its root and part tables."""

    name: str
    letter: str
    table: Table
    parts: Mapping[str, Table] = field(default_factory=dict)

    def __post_init__(self) -> None:
        KINDS[self.name] = self

    @property
    def fields(self) -> list[str]:
        """The root's own fields, without `id` and `version`."""
        return [name for name, _, _ in _shape(self.table)]

    def part_fields(self, part: str) -> list[str]:
        """The fields of one part, without its owner and position."""
        return [name for name, _, _ in _shape(self.parts[part])]


def root_table(name: str, *columns: Any) -> Table:
    """Declare a root table: `id`, an optimistic `version`, a `status`, and the fields given."""
    return book_table(name, Column("id", Text, primary_key=True), whole("version"), words("status"), *columns)


def part_table(name: str, root: Table, *columns: Any) -> Table:
    """Declare a part table: rows owned by a root row, in order."""
    owner = Column("owner_id", Text, ForeignKey(root.c.id, deferrable=True, initially="DEFERRED"), primary_key=True)
    return book_table(name, owner, Column("position", Whole, primary_key=True, autoincrement=False), *columns)


def reference(name: str, root: Table, *, required: bool = True, **options: Any) -> Column[str]:
    """Declare a column that names a row of another root; checked at commit, so order within a change does not matter."""
    key = ForeignKey(root.c.id, deferrable=True, initially="DEFERRED")
    return Column(name, Text, key, nullable=not required, **options)


def named_later(name: str, table: str) -> Column[str]:
    """Declare a column that may name a row of a root by its table's name: the root itself, or one declared after this one."""
    return Column(name, Text, ForeignKey(f"{table}.id", deferrable=True, initially="DEFERRED"), nullable=True)


def save(change: Change, kind: Kind, document: Document, expected_version: int | None = None) -> Document:
    """Save one document with its journal entry and return it as stored, with its `id`.

    A document without `id` is created; saving what is already there writes nothing. Raises `ChangedMeanwhile`, a `Conflict` that
    says who changed what, when `expected_version` is given and someone saved in between, and `WorkbenchError` for a field this
    kind does not have.
    """
    if expected_version is not None:
        found = version_of(change.connection, kind, str(document["id"]))
        if found != expected_version:
            raise changed_meanwhile(change.connection, kind.name, str(document["id"]), expected_version, found)
    return save_many(change, kind, [document])[0]


def save_many(change: Change, kind: Kind, documents: Iterable[Document], *, op: str = "save") -> list[Document]:
    """Save documents of one kind, with a journal entry each, and return them as stored, in the order given."""
    complete = [normalise(kind, document) for document in documents]
    missing = [document for document in complete if not document["id"]]
    for document, new in zip(missing, change.new_ids(kind.letter, len(missing)) if missing else [], strict=True):
        document["id"] = new
    ids = [document["id"] for document in complete]
    if len(set(ids)) != len(ids):
        raise WorkbenchError("the same thing twice in one change", got=next(i for i in ids if ids.count(i) > 1), where=kind.name)
    fresh = {document["id"] for document in missing}  # nobody can have saved these before
    before = load_many(change.connection, kind, [one for one in ids if one not in fresh])
    changed = [document for document in complete if before.get(document["id"]) != document]
    _write(change.connection, kind, changed, before)
    record_many(change, [(kind.name, document["id"], op, before.get(document["id"]), document) for document in changed])
    return complete


def load(connection: Connection, kind: Kind, entity_id: str) -> Document:
    """Return one document; raises `NotFound`, with the nearest identifiers, when there is none."""
    found = load_many(connection, kind, [entity_id])
    if not found:
        raise unknown(kind.name, entity_id, connection.execute(select(kind.table.c.id).limit(5_000)).scalars(), where="the book")
    return found[entity_id]


def load_many(connection: Connection, kind: Kind, ids: Sequence[str] | None = None) -> dict[str, Document]:
    """Return documents by id, all of the kind when `ids` is None; ids that do not exist are left out."""
    if ids is None:
        return _load(connection, kind, None)
    found: dict[str, Document] = {}
    for start in range(0, len(ids), CHUNK):
        found.update(_load(connection, kind, ids[start : start + CHUNK]))
    return found


def version_of(connection: Connection, kind: Kind, entity_id: str) -> int:
    """Return how often a document has been saved; 0 when it does not exist."""
    return connection.execute(select(kind.table.c.version).where(kind.table.c.id == entity_id)).scalar() or 0


def normalise(kind: Kind, document: Document) -> Document:
    """Return a complete document, every field present, text composed (NFC); raises `WorkbenchError` for an unknown field."""
    known = _blank(kind.table)[1]
    if strange := sorted(name for name in document if name not in known and name not in kind.parts and name != "id"):
        raise unknown(f"field of {kind.name}", strange[0], {"id", *known, *kind.parts})
    complete: Document = {"id": document.get("id") or ""}
    complete.update(_row(kind.table, document))
    for part, table in kind.parts.items():
        rows = document.get(part)
        if not rows:
            complete[part] = []
            continue
        names = _blank(table)[1]
        for row in rows:
            if odd := sorted(row.keys() - names):
                raise unknown(f"field of {kind.name} {part}", odd[0], set(names))
        complete[part] = [_row(table, row) for row in rows]
    return complete


def check(connection: Connection, kind: Kind) -> list[Finding]:
    """Compare every stored document with the journal's last word on it; a finding for each that differs."""
    stored = load_many(connection, kind)
    said = dict(last_documents(connection, kind.name))
    findings = []
    for entity_id in sorted(stored.keys() | said.keys()):
        now = canonical_json(stored[entity_id]).decode() if entity_id in stored else ""
        if now != said.get(entity_id, "") and now != _in_todays_fields(kind, said.get(entity_id, "")):
            field, got, expected = _first_difference(now, said.get(entity_id, ""))
            findings.append(
                Finding(
                    "record",
                    "document_differs",
                    f"{kind.name} differs from its journal",
                    field=field,
                    got=(got or "nothing")[:200],
                    expected=(expected or "nothing")[:200],
                    source=entity_id,
                    what_to_do="Somebody wrote past the journal: compare, then save the right one.",
                )
            )
    return findings


def _in_todays_fields(kind: Kind, said: str) -> str:
    """What the journal said, with the fields the kind gained since then, empty."""
    try:
        return canonical_json(normalise(kind, json.loads(said))).decode() if said else ""
    except WorkbenchError:  # a field this kind never had, or no longer has
        return said


def _first_difference(now: str, said: str) -> tuple[str, str, str]:
    """Return the fields in which two documents differ, and what the first of them says here and there."""
    if not (now and said):
        return "", now, said
    ours, theirs = json.loads(now), json.loads(said)
    fields = sorted(name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name))
    if not fields:
        return "", now, said
    got, expected = (canonical_json(one.get(fields[0], "")).decode() for one in (ours, theirs))
    return ", ".join(fields), got, expected


def _load(connection: Connection, kind: Kind, ids: Sequence[str] | None) -> dict[str, Document]:
    query = select(kind.table)
    if ids is not None:
        query = query.where(kind.table.c.id.in_(ids))
    found: dict[str, Document] = {}
    for row in connection.execute(query).mappings():
        found[row["id"]] = {
            "id": row["id"],
            **{name: row[name] for name in kind.fields},
            **{part: [] for part in kind.parts},
        }
    for part, table in kind.parts.items():
        names = kind.part_fields(part)
        rows = select(table).order_by(table.c.owner_id, table.c.position)
        if ids is not None:
            rows = rows.where(table.c.owner_id.in_(ids))
        for row in connection.execute(rows).mappings():
            if row["owner_id"] in found:
                found[row["owner_id"]][part].append({name: row[name] for name in names})
    return found


def _write(connection: Connection, kind: Kind, documents: list[Document], before: Mapping[str, Document]) -> None:
    new = [document for document in documents if document["id"] not in before]
    old = [document for document in documents if document["id"] in before]
    if new:
        connection.execute(insert(kind.table), [{"id": d["id"], "version": 1, **{f: d[f] for f in kind.fields}} for d in new])
    for document in old:
        connection.execute(
            update(kind.table)
            .where(kind.table.c.id == document["id"])
            .values(version=kind.table.c.version + 1, **{f: document[f] for f in kind.fields})
        )
    for part, table in kind.parts.items():
        again = [d["id"] for d in old if d[part] != before[d["id"]][part]]
        for start in range(0, len(again), CHUNK):
            connection.execute(delete(table).where(table.c.owner_id.in_(again[start : start + CHUNK])))
        touched = set(again) | {d["id"] for d in new}
        rows = [
            {"owner_id": d["id"], "position": position, **row}
            for d in documents
            if d["id"] in touched
            for position, row in enumerate(d[part], start=1)
        ]
        if rows:
            connection.execute(insert(table), rows)


@cache  # one entry per table of the program
def _shape(table: Table) -> tuple[tuple[str, bool, bool], ...]:
    """A table's own fields as (name, is it text, may it be NULL), without what `core.documents` keeps itself."""
    kept = {"owner_id", "position"} if "owner_id" in table.columns else {"id", "version"}
    return tuple(
        (column.name, isinstance(column.type, Text), bool(column.nullable)) for column in table.columns if column.name not in kept
    )


@cache
def _blank(table: Table) -> tuple[Document, dict[str, tuple[bool, bool]]]:
    """A table's row in which nothing is known, and of each field whether it is text and whether it may be NULL."""
    shape = _shape(table)
    blank: Document = {name: None if nullable else "" if text else 0 for name, text, nullable in shape}
    return blank, {name: (text, nullable) for name, text, nullable in shape}


def _row(table: Table, given: Mapping[str, Any]) -> Document:
    blank, kinds = _blank(table)
    row = dict(blank)
    for name, value in given.items():
        if value is None or name not in kinds:
            continue  # blank already, or no column: an id, a part
        text, nullable = kinds[name]
        if text and value == "":
            continue
        if text and isinstance(value, str):
            row[name] = nfc(value).replace("\x00", "") or (None if nullable else "")
        elif not text and isinstance(value, int):
            row[name] = int(value)
        else:
            raise WorkbenchError(
                f"wrong type for {table.name}.{name}", got=repr(value)[:60], expected="text" if text else "whole number"
            )
    return row
