"""What all document desks have in common: get, save, frame, history, undo and check, over `core.documents`.

A desk names its kind, the frozen dataclasses of the thing and its parts, and what makes a document valid; the rest is here.

    work = wb.works.get("TALA-W-000017")
    wb.works.save(replace(work, title="Taa ya Pwani"), why="title misspelt")   # Conflict if someone saved meanwhile
    wb.works.undo(work.id, why="the contract was right")
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, ClassVar, Generic, TypeVar

import pandas as pd
from sqlalchemy import ColumnElement, Connection, Select, select

from ..core import documents, journal
from ..core.documents import CHUNK, Document, Kind
from ..core.errors import Finding, WorkbenchError, unknown
from ..core.meanwhile import changed_meanwhile, differences, in_words
from ..core.office import Office
from ..core.store import Change
from .frames import typed
from .past import Moment, Past
from .provenance import lines_of

Thing = TypeVar("Thing")
Given = Mapping[str, Any] | Any
"""A document as a dict, or as the desk's dataclass."""


class Desk(Generic[Thing]):
    """The desk for one kind of document; subclasses fill in the class variables and the two hooks at the end."""

    kind: ClassVar[Kind]
    thing: ClassVar[type]
    parts: ClassVar[Mapping[str, type]] = {}

    def __init__(self, office: Office) -> None:
        self.office = office

    def get(self, entity_id: str) -> Thing:
        """Return one document as a frozen dataclass, with its `version`; raises `NotFound` with the nearest identifiers."""
        with self.office.book.read() as connection:
            document = documents.load(connection, self.kind, entity_id)
            return self._thing(document, documents.version_of(connection, self.kind, entity_id))

    def get_many(self, ids: Sequence[str] | None = None) -> list[Thing]:
        """Return several documents in the order of `ids`, or all by id; ids that do not exist are left out."""
        with self.office.book.read() as connection:
            found = documents.load_many(connection, self.kind, ids)
            versions = _versions(connection, self.kind, list(found) if ids is not None else None)
        order = sorted(found) if ids is None else [one for one in ids if one in found]
        return [self._thing(found[one], versions[one]) for one in order]

    def save(self, given: Given, *, why: str, by: str = "", expected_version: int | None = None) -> Thing:
        """Save one whole document (dict or dataclass) and return it as stored; without an id it is created.

        Fields left out of a dict are emptied: to change a few fields of what exists, use `change`. A dataclass that came from
        `get` carries its version, so that nobody's work is overwritten: raises `ChangedMeanwhile` (a `Conflict` that says who
        changed what) when someone saved in between, and `WorkbenchError` naming the field when a value is not valid.
        """
        document, version = self._document(given)
        expected = expected_version if expected_version is not None else version
        return self._save([document], {document["id"]: expected} if expected else {}, why, by)[0]

    def save_many(self, given: Iterable[Given], *, why: str, by: str = "") -> list[Thing]:
        """Save whole documents in one change, all or none, and return them as stored, in the order given; see `save`."""
        pairs = [self._document(one) for one in given]
        return self._save([document for document, _ in pairs], {d["id"]: version for d, version in pairs if version}, why, by)

    def change(self, entity_id: str, *, why: str, by: str = "", **changes: Any) -> Thing:
        """Change the named fields of one document and leave the others as they are."""
        with self.office.change(why, by) as change:
            document = {**documents.load(change.connection, self.kind, entity_id), **changes}
            return self._write(change, [document])[0]

    def undo(self, entity_id: str, *, why: str, by: str = "", seq: int | None = None) -> Thing:
        """Save the document again as it was before its last journal entry (or before entry `seq`), as a new entry.

        Nothing is erased: an undo can be undone. Raises `WorkbenchError` when there was nothing before.
        """
        with self.office.change(why, by) as change:
            entries = list(journal.entries(change.connection, kind=self.kind.name, entity_id=entity_id))
            if not entries:
                documents.load(change.connection, self.kind, entity_id)
            wanted = [entry for entry in entries if seq is None or entry.seq == seq]
            before = wanted[-1].before if wanted else None
            if before is None:
                raise WorkbenchError(
                    "there is nothing to undo",
                    got=entity_id if wanted else f"entry {seq} of {entity_id}",
                    where=self.kind.name,
                    next_step="See its history with history(id).",
                )
            return self._write(change, [before])[0]

    def history(self, entity_id: str) -> pd.DataFrame:
        """Return a document's journal entries, oldest first: who changed what, when and why, and from which line of which file.

        seq, at, who, why, op, changed (text), file and line (empty where no file made the change; lines as spans, `2-4,9`),
        before, after (dicts).
        """
        with self.office.book.read() as connection:
            entries = list(journal.entries(connection, kind=self.kind.name, entity_id=entity_id))
            if not entries:
                documents.load(connection, self.kind, entity_id)
            sources = {one.change_set: one for one in lines_of(connection, self.kind.name, entity_id)}
        rows = []
        for one in entries:
            source = sources.get(one.change_set)
            place = (source.file_name, source.lines) if source else ("", "")
            rows.append(
                (one.seq, one.at, one.who, one.why, one.op, _changed(one.before, one.after), *place, one.before, one.after)
            )
        return pd.DataFrame(rows, columns=["seq", "at", "who", "why", "op", "changed", "file", "line", "before", "after"])

    def as_of(self, entity_id: str, when: Moment = "", *, before: str = "") -> Document | None:
        """Return the document as it was, or None when it was not there yet.

        `when` is a day (`2025-07-01`: its end, UTC) or an instant; `before` a change set, like an import's id. See `Past.of`.
        """
        return Past.of(self.office, when, before=before).held_of(self.kind, entity_id)

    def frame(self, ids: Sequence[str] | None = None, *, as_of: Moment = "", before: str = "") -> pd.DataFrame:
        """Return one row per document: `id`, the kind's fields, `version`; desks add readable columns.

        With `as_of` (a day: its end, UTC; or an instant) or `before` (a change set, like an import's id) as the register stood
        then, with the kind's own columns only; see `Past.of`.
        """
        if as_of or before:
            return Past.of(self.office, as_of, before=before).frame(self.kind.name, ids)
        with self.office.book.read() as connection:
            found = documents.load_many(connection, self.kind, ids)
            versions = _versions(connection, self.kind, list(found) if ids is not None else None)
            rows = self._rows(connection, [found[one] for one in sorted(found)])
        for row in rows:
            row["version"] = versions[row["id"]]
        return typed(rows, [*rows[0]] if rows else ["id", *self.kind.fields, "version"], self.kind.table)

    def changes_between(self, earlier: Moment, later: Moment = "") -> pd.DataFrame:
        """Return which documents differ between two moments (the later one is now, when not said); see `Past.changes_until`.

        A day means its end: from `2025-06-30` to `2025-07-31` are the changes of July.
        """
        return Past.of(self.office, earlier).changes_until(Past.of(self.office, later), kind=self.kind.name)

    def part_frame(self, part: str) -> pd.DataFrame:
        """Return one row per row of a part (`shares`, `titles`, ...): `id` of its document, `position`, the part's fields."""
        if part not in self.kind.parts:
            raise unknown(f"part of {self.kind.name}", part, self.kind.parts)
        table = self.kind.parts[part]
        query = select(table).order_by(table.c.owner_id, table.c.position)
        with self.office.book.read() as connection:
            rows = [tuple(row) for row in connection.execute(query)]
        return typed(rows, ["id", *(column.name for column in table.columns if column.name != "owner_id")], table)

    def check(self, entity_id: str | None = None) -> list[Finding]:
        """Return what is odd in one document, or in all of the kind; `source` of a finding is the document's id."""
        with self.office.book.read() as connection:
            if entity_id is not None:
                found = [documents.load(connection, self.kind, entity_id)]
            else:
                found = list(documents.load_many(connection, self.kind).values())
            return self._findings(connection, sorted(found, key=lambda document: document["id"]))

    # hooks

    def _valid(self, document: Document) -> None:
        """Put identifiers into their stored spelling, in place; raise `WorkbenchError` naming the field that cannot stand."""

    def _findings(self, _connection: Connection, _found: list[Document]) -> list[Finding]:
        """Judge documents that are stored already."""
        return []

    def _rows(self, _connection: Connection, found: list[Document]) -> list[dict[str, Any]]:
        """Return the rows of `frame`, without `version`."""
        return [{"id": one["id"], **{name: one[name] for name in self.kind.fields}} for one in found]

    # inside

    def _document(self, given: Given) -> tuple[Document, int]:
        if isinstance(given, Mapping):
            document = {**given}
            return {"id": "", **document}, int(document.pop("version", 0) or 0) if "version" in given else 0
        if not (is_dataclass(given) and isinstance(given, self.thing)):
            raise WorkbenchError(
                f"not a {self.kind.name}", got=type(given).__name__, expected=f"dict or {self.thing.__name__}", where="save"
            )
        document = {field.name: getattr(given, field.name) for field in fields(given)}
        for part in self.kind.parts:
            document[part] = [_plain(row) for row in document[part]]
        return document, int(document.pop("version"))

    def _save(self, given: list[Document], expected: Mapping[str, int], why: str, by: str) -> list[Thing]:
        for document in given:
            document.pop("version", None)
        with self.office.change(why, by) as change:
            found = _versions(change.connection, self.kind, list(expected))
            for entity_id, version in expected.items():
                if found.get(entity_id, 0) != version:
                    raise changed_meanwhile(change.connection, self.kind.name, entity_id, version, found.get(entity_id, 0))
            return self._write(change, given)

    def _write(self, change: Change, given: list[Document]) -> list[Thing]:
        complete = [documents.normalise(self.kind, document) for document in given]
        for document in complete:
            self._valid(document)
        _require_references(change.connection, self.kind, complete)
        stored = documents.save_many(change, self.kind, complete)
        versions = _versions(change.connection, self.kind, [document["id"] for document in stored])
        return [self._thing(document, versions[document["id"]]) for document in stored]

    def _thing(self, document: Document, version: int) -> Thing:
        made = {part: tuple(self.parts[part](**row) for row in document[part]) for part in self.kind.parts}
        return self.thing(**{**document, **made}, version=version)  # type: ignore[no-any-return]


def in_chunks(connection: Connection, query: Select[Any], column: ColumnElement[str], ids: Sequence[str]) -> Iterable[Any]:
    """Yield the rows of a query whose column is one of many ids, asked in chunks that any database takes."""
    for start in range(0, len(ids), CHUNK):
        yield from connection.execute(query.where(column.in_(ids[start : start + CHUNK])))


def _versions(connection: Connection, kind: Kind, ids: Sequence[str] | None) -> dict[str, int]:
    table = kind.table
    query = select(table.c.id, table.c.version)
    if ids is None:
        return {row.id: row.version for row in connection.execute(query)}
    return {row.id: row.version for row in in_chunks(connection, query, table.c.id, ids)}


def _require_references(connection: Connection, kind: Kind, complete: Sequence[Document]) -> None:
    """Raise `NotFound` naming the field that points to nothing, before the database says so without a name."""
    wanted: dict[Any, dict[str, str]] = {}
    for part, table in [("", kind.table), *kind.parts.items()]:
        for column in table.columns:
            for key in () if column.name == "owner_id" else column.foreign_keys:
                where = f"{part}.{column.name}".lstrip(".")
                named = wanted.setdefault(key.column.table, {})
                for document in complete:
                    for row in document[part] if part else (document,):
                        if row[column.name] is not None:
                            named.setdefault(row[column.name], where)
    for table, named in wanted.items():
        ids = list(named)
        query = select(table.c.id)
        known = {row.id for row in in_chunks(connection, query, table.c.id, ids)}
        for entity_id in ids:
            if entity_id not in known:
                some = connection.execute(select(table.c.id).limit(5_000)).scalars()
                raise unknown(table.name, entity_id, some, where=f"{kind.name}.{named[entity_id]}")


def _plain(row: Any) -> dict[str, Any]:
    return dict(row) if isinstance(row, Mapping) else {field.name: getattr(row, field.name) for field in fields(row)}


def _changed(before: Document | None, after: Document | None) -> str:
    if before is None or after is None:
        return "created" if before is None else "removed"
    return in_words(differences(before, after))
