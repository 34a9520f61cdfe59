"""What was loaded, and how an import is taken back whole: an undo is a change set like any other, and can be undone in its turn.

What the import made gets the status `deleted`: it stays in the book, and every search, check and distribution leaves it out.
What it changed is saved again as it was before. Neither is done in silence to what somebody has worked on since.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
from sqlalchemy import Column, Connection, Table, select, update

from ...core import documents, journal
from ...core.documents import CHUNK, KINDS, Document, Kind
from ...core.errors import WorkbenchError, unknown
from ...core.store import Change, metadata
from .. import rules
from ..provenance import source_file

ONBOARDING = "onboarding"
_MANY = 2_000
"""Above so many identifiers a column is read whole rather than asked for each."""
_LATER_LAYERS = (
    ("usage_match", "target_id", "target_kind", "a match of usage"),
    ("ruling", "target_id", "target_kind", "a ruling"),
    ("posting", "payee_id", "", "a posting of a run"),
    ("attachment", "about_id", "about_kind", "a paper kept with it"),
)
"""Tables that name records of the register without a foreign key: table, column, column of the kind (empty: parties), in
words."""

Named = tuple[str, str]
"""(kind, identifier)"""


@dataclass(frozen=True)
class Left:
    """A record that an undo did not touch, or may not: why, and who did what to it when."""

    kind: str
    id: str
    reason: str
    who: str = ""
    at: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.id}: {self.reason}" + (f" by {self.who} at {self.at[:16]}" if self.who else "")


@dataclass(frozen=True, repr=False)
class Undone:
    """What an undo did."""

    id: str
    """Its change set: `wb.onboarding.undo` of this puts all back."""
    import_id: str
    deleted: dict[str, int] = field(default_factory=dict)
    """Kind -> records that the register no longer shows."""
    restored: dict[str, int] = field(default_factory=dict)
    """Kind -> records that are as they were before."""
    left: list[Left] = field(default_factory=list)

    def __repr__(self) -> str:
        gone = ", ".join(f"{count:,} {kind}" for kind, count in self.deleted.items()) or "nothing"
        back = ", ".join(f"{count:,} {kind}" for kind, count in self.restored.items()) or "nothing"
        kept = f"; {len(self.left):,} left as they are: " + "; ".join(map(str, self.left[:5])) if self.left else ""
        return f"undo {self.id}: {gone} deleted, {back} put back as before{kept}"


def imports(connection: Connection) -> pd.DataFrame:
    """Return one row per import, newest first; see `Onboarding.imports`."""
    said = {
        entry.change_set: entry for entry in journal.entries(connection, kind=ONBOARDING) if entry.op == "load" and entry.after
    }
    rows = []
    for row in connection.execute(select(source_file).order_by(source_file.c.loaded_at.desc())).mappings():
        entry = said.get(row["change_set"])
        told: dict[str, Any] = (entry.after or {}) if entry else {}
        counts = {name: row[name] for name in ("lines", "accepted", "accepted_with_findings", "quarantined")}
        rows.append(
            {
                "id": row["change_set"],
                "at": row["loaded_at"],
                "who": entry.who if entry else "",
                "why": entry.why if entry else "",
                **{name: row[name] for name in ("file_name", "layout", "existing")},
                **counts,
                "created": sum(told.get("created", {}).values()),
                "changed": sum(told.get("changed", {}).values()),
                "state": "undone" if row["undone_by"] else "loaded",
                "undone_by": row["undone_by"],
            }
        )
    columns = ["id", "at", "who", "why", "file_name", "layout", "existing", "lines", "accepted", "accepted_with_findings",
               "quarantined", "created", "changed", "state", "undone_by"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def import_of(connection: Connection, change_set: str) -> tuple[str, str]:
    """Return who made a change set, and why."""
    table = journal.journal
    row = connection.execute(select(table.c.who, table.c.why).where(table.c.change_set == change_set).limit(1)).first()
    return (row.who, row.why) if row else ("", "")


def made_by(connection: Connection, change_set: str) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Return what a change set created and what it changed, by kind."""
    table = journal.journal
    query = select(table.c.kind, table.c.entity_id, table.c.before.is_(None).label("new"))
    created: dict[str, list[str]] = {}
    changed: dict[str, list[str]] = {}
    kept = (table.c.change_set == change_set, table.c.kind != ONBOARDING)
    for kind, entity_id, new in connection.execute(query.where(*kept).order_by(table.c.seq)):
        (created if new else changed).setdefault(kind, []).append(entity_id)
    return created, changed


def undo(change: Change, change_set: str, *, partly: bool = False) -> Undone:
    """Take back an import, or an undo of one, within a change; see `Onboarding.undo`."""
    connection = change.connection
    row, is_import = _require(connection, change_set)
    created, changed = made_by(connection, change_set)
    touched: dict[Named, bool] = {(kind, one): True for kind, ids in created.items() for one in ids}
    for kind, ids in changed.items():
        for one in ids:
            touched.setdefault((kind, one), False)
    left = {(one.kind, one.id): one for one in _changed_later(connection, change_set, touched)}
    if is_import:
        left.update({(one.kind, one.id): one for one in _referred_to(connection, touched, left)})
    if left and not partly:
        shown = "; ".join(str(one) for one in list(left.values())[:20]) + (
            f"; and {len(left) - 20} more" if len(left) > 20 else ""
        )
        raise WorkbenchError(
            f"{len(left)} record(s) of this import were worked on since",
            got=shown,
            where=row["file_name"],
            next_step="Settle those first, or take back the others with partly=True.",
        )
    undone = Undone(change.change_set, row["change_set"], left=list(left.values()))
    for kind, ids in _by_kind(one for one in touched if one not in left):
        _put_back(change, change_set, KINDS[kind], ids, undone)
    undone_by = change.change_set if is_import else ""
    connection.execute(update(source_file).where(source_file.c.change_set == row["change_set"]).values(undone_by=undone_by))
    told = {
        "of": change_set,
        "deleted": undone.deleted,
        "restored": undone.restored,
        "left": [str(one) for one in undone.left[:200]],
    }
    journal.record(change, ONBOARDING, row["change_set"], "undo" if is_import else "redo", None, told)
    return undone


def _require(connection: Connection, change_set: str) -> tuple[dict[str, Any], bool]:
    """Return the import that a change set is, or took back; raises `WorkbenchError` for any other."""
    for column in (source_file.c.change_set, source_file.c.undone_by):
        row = connection.execute(select(source_file).where(column == change_set)).mappings().first() if change_set else None
        if row is not None:
            is_import = column is source_file.c.change_set
            if is_import and row["undone_by"]:
                step = f"To put it back, undo {row['undone_by']}."
                raise WorkbenchError("this import was taken back already", got=change_set, where=row["file_name"], next_step=step)
            return dict(row), is_import
    raise unknown(
        "import", change_set, connection.execute(select(source_file.c.change_set)).scalars(), where="onboarding.imports()"
    )


def _changed_later(connection: Connection, change_set: str, touched: Iterable[Named]) -> Iterator[Left]:
    """Yield the records that are no longer as the change set left them, with who changed them and when."""
    table = journal.journal
    for name, ids in _by_kind(touched):
        kind = KINDS[name]
        for start in range(0, len(ids), CHUNK):
            some = ids[start : start + CHUNK]
            now = documents.load_many(connection, kind, some)
            for entity_id, (_, after) in _said(connection, change_set, kind, some).items():
                if after is not None and now.get(entity_id) != documents.normalise(kind, after):
                    query = select(table.c.who, table.c.at, table.c.why).where(
                        table.c.kind == name, table.c.entity_id == entity_id
                    )
                    last = connection.execute(query.order_by(table.c.seq.desc()).limit(1)).first()
                    who, at, why = (last.who, last.at, last.why) if last else ("", "", "")
                    yield Left(name, entity_id, f"changed later ({why})", who, at)


def _said(
    connection: Connection, change_set: str, kind: Kind, ids: list[str]
) -> dict[str, tuple[Document | None, Document | None]]:
    """Return what a change set's journal says of documents: the first `before`, the last `after`."""
    table = journal.journal
    query = select(table.c.entity_id, table.c.before, table.c.after).where(
        table.c.change_set == change_set, table.c.kind == kind.name, table.c.entity_id.in_(ids)
    )
    found: dict[str, tuple[str | None, str | None]] = {}
    for entity_id, before, after in connection.execute(query.order_by(table.c.seq)):
        found[entity_id] = (found[entity_id][0] if entity_id in found else before, after)
    return {one: (_read(before), _read(after)) for one, (before, after) in found.items()}


def _read(text: str | None) -> Document | None:
    return None if text is None else dict(json.loads(text))


def _referred_to(connection: Connection, touched: dict[Named, bool], left: dict[Named, Left]) -> list[Left]:
    """Return the created records that something refers to which is not taken back with them."""
    made = {one for one, new in touched.items() if new and one not in left}
    going = made | {one for one in touched if one not in left}
    found: dict[Named, Left] = {}
    for name, ids in _by_kind(made):
        wanted = set(ids)
        for one, what in _later_layers(connection, name, wanted):
            found.setdefault((name, one), Left(name, one, f"{what} refers to it"))
    while True:
        more: dict[Named, Left] = {}
        for name, ids in _by_kind(one for one in made if one not in found):
            for target, owner in _references(connection, name, set(ids)):
                if owner not in going or owner in found:
                    more.setdefault((name, target), Left(name, target, f"{owner[0]} {owner[1]} refers to it"))
        if not more:
            return list(found.values())
        found.update(more)


def _references(connection: Connection, name: str, ids: set[str]) -> Iterator[tuple[str, Named]]:
    """Yield (identifier of the kind, the live document that names it)."""
    root = KINDS[name].table
    for kind in KINDS.values():
        for table in (kind.table, *kind.parts.values()):
            for column in table.columns:
                if column.name != "owner_id" and any(key.column.table is root for key in column.foreign_keys):
                    for target, owner in _rows(connection, kind, table, column, ids):
                        if not (kind.name == name and owner == target):
                            yield target, (kind.name, owner)


def _rows(connection: Connection, kind: Kind, table: Table, column: Column[Any], ids: set[str]) -> Iterator[tuple[str, str]]:
    owner = table.c.id if table is kind.table else table.c.owner_id
    query = select(column, owner).where(column.is_not(None))
    if table is kind.table:
        query = query.where(table.c.status.not_in(rules.GONE))
    else:
        query = query.join(kind.table, kind.table.c.id == owner).where(kind.table.c.status.not_in(rules.GONE))
    yield from _among(connection, query, column, ids)


def _later_layers(connection: Connection, name: str, ids: set[str]) -> Iterator[tuple[str, str]]:
    for table_name, column_name, kind_name, what in _LATER_LAYERS:
        table = metadata.tables.get(table_name)
        if table is None or (not kind_name and name != "party"):
            continue
        query = select(table.c[column_name], table.c[column_name])
        if kind_name:
            query = query.where(table.c[kind_name] == name)
        if table_name == "usage_match":
            query = query.where(table.c.state == "matched")
        for target, _ in _among(connection, query, table.c[column_name], ids):
            yield target, what


def _among(connection: Connection, query: Any, column: Column[Any], ids: set[str]) -> Iterator[tuple[str, str]]:
    if len(ids) > _MANY:
        for target, owner in connection.execution_options(yield_per=5_000).execute(query):
            if target in ids:
                yield target, owner
        return
    ordered = sorted(ids)
    for start in range(0, len(ordered), CHUNK):
        yield from ((row[0], row[1]) for row in connection.execute(query.where(column.in_(ordered[start : start + CHUNK]))))


def _put_back(change: Change, change_set: str, kind: Kind, ids: list[str], undone: Undone) -> None:
    deleted = restored = 0
    for start in range(0, len(ids), CHUNK):
        some = ids[start : start + CHUNK]
        now = documents.load_many(change.connection, kind, some)
        said = _said(change.connection, change_set, kind, some)
        wanted = [{**now[one], "status": "deleted"} if said[one][0] is None else said[one][0] or {} for one in some]
        documents.save_many(change, kind, wanted, op="undo")
        new = sum(said[one][0] is None for one in some)
        deleted, restored = deleted + new, restored + len(some) - new
    if deleted:
        undone.deleted[kind.name] = deleted
    if restored:
        undone.restored[kind.name] = restored


def _by_kind(touched: Iterable[Named]) -> list[tuple[str, list[str]]]:
    found: dict[str, list[str]] = {}
    for kind, entity_id in touched:
        found.setdefault(kind, []).append(entity_id)
    return list(found.items())
