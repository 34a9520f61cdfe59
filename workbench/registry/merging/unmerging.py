"""Take a merge back: what the journal says the merge changed goes back, unless somebody changed it since.

Each document the merge touched is compared three ways, field by field and, in its parts, row by row: as it was before the merge,
as the merge left it, and as it is now. What is now as the merge left it goes back; what is not is listed, for a person to say.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
from sqlalchemy import Connection, select

from ...core import documents
from ...core.canonical import canonical_json
from ...core.documents import KINDS, Document, Kind
from ...core.errors import WorkbenchError
from ...core.journal import journal, read_document

BACK, KEEP = "back", "keep"
Key = tuple[str, str]


@dataclass(frozen=True)
class Changed:
    """A field or a part that somebody changed after the merge: as it was before the merge, and as it is now."""

    kind: str
    entity_id: str
    field: str
    was: Any
    now: Any


@dataclass(frozen=True)
class Unmerging:
    """What taking a merge back would do."""

    entity_id: str
    survivor_id: str
    kept: Mapping[Key, Document] = field(repr=False)
    """Every document touched, with what nobody changed since put back and what somebody changed left as it is."""
    whole: Mapping[Key, Document] = field(repr=False)
    """The same, with everything put back."""
    changed: tuple[Changed, ...] = ()

    def frame(self) -> pd.DataFrame:
        """Return what was changed since the merge: kind, id, field, was (before the merge), now."""
        rows = [(one.kind, one.entity_id, one.field, one.was, one.now) for one in self.changed]
        return pd.DataFrame(rows, columns=["kind", "id", "field", "was", "now"])

    def decided(self, choices: Mapping[str, str]) -> dict[Key, Document]:
        """Return the documents to save; raises `WorkbenchError` for a choice that is none, or that nobody made."""
        for entity_id, choice in choices.items():
            if choice not in (BACK, KEEP) or entity_id not in {key[1] for key in self.kept}:
                raise WorkbenchError("not a choice", got=f"{entity_id}: {choice}", expected=f"{BACK} or {KEEP}", where="choices")
        open_ones = [one for one in self.changed if one.entity_id not in choices]
        if open_ones:
            raise WorkbenchError(
                "some of what the merge moved was changed since",
                got="; ".join(f"{one.kind} {one.entity_id} ({one.field})" for one in open_ones),
                where=self.entity_id,
                next_step=f'See preview_unmerge, and say for each: choices={{"{open_ones[0].entity_id}": "{BACK}"}} or "{KEEP}".',
            )
        return {key: (self.whole if choices.get(key[1]) == BACK else self.kept)[key] for key in self.kept}


def operation(entity_id: str) -> str:
    """Return the name of the journal's operation that merged a document into another."""
    return f"merge:{entity_id}"


def last(connection: Connection, kind: Kind, entity_id: str) -> str:
    """Return the change set in which a document was merged last; empty when it never was."""
    query = select(journal.c.change_set).where(
        journal.c.kind == kind.name, journal.c.entity_id == entity_id, journal.c.op == operation(entity_id)
    )
    return connection.execute(query.order_by(journal.c.seq.desc()).limit(1)).scalar() or ""


def plan(connection: Connection, kind: Kind, entity_id: str) -> Unmerging:
    """Return what taking back the merge of a document would do; raises `WorkbenchError` for one that is not merged."""
    document = documents.load(connection, kind, entity_id)
    change_set = last(connection, kind, entity_id)
    if document["status"] != "merged" or not change_set:
        raise WorkbenchError(f"this {kind.name} is not merged", got=entity_id, next_step="See its history with history(id).")
    query = select(journal).where(journal.c.change_set == change_set, journal.c.op == operation(entity_id))
    kept: dict[Key, Document] = {}
    whole: dict[Key, Document] = {}
    changed: list[Changed] = []
    for row in connection.execute(query.order_by(journal.c.seq)).mappings():
        holder = KINDS[row["kind"]]
        before = documents.normalise(holder, read_document(row["before"]) or {})
        after = documents.normalise(holder, read_document(row["after"]) or {})
        now = documents.load(connection, holder, row["entity_id"])
        key = (holder.name, row["entity_id"])
        kept[key], whole[key], names = _three_ways(holder, before, after, now)
        changed += [Changed(*key, name, before[name], now[name]) for name in names]
    return Unmerging(entity_id, str(document["merged_into_id"]), kept, whole, tuple(changed))


def _three_ways(kind: Kind, before: Document, after: Document, now: Document) -> tuple[Document, Document, list[str]]:
    kept, whole, changed = dict(now), dict(now), []
    for name in kind.fields:
        if before[name] != after[name]:
            whole[name] = before[name]
            if now[name] == after[name]:
                kept[name] = before[name]
            elif now[name] != before[name]:
                changed.append(name)
    for part in kind.parts:
        if before[part] == after[part]:
            continue
        rows, clean = _rows_back(before[part], after[part], now[part])
        if clean:
            kept[part] = whole[part] = rows
        else:
            whole[part] = before[part]
            changed.append(part)
    return kept, whole, changed


def _rows_back(
    before: list[dict[str, Any]], after: list[dict[str, Any]], now: list[dict[str, Any]]
) -> tuple[list[dict[str, Any]], bool]:
    """Return the rows with what a merge did to them undone, and whether nobody changed those rows since."""
    if now == after:
        return before, True
    gone, come = _without(before, after), _without(after, before)
    left = Counter(map(canonical_json, come))
    rows: list[dict[str, Any]] = []
    place = None
    for row in now:
        text = canonical_json(row)
        if left[text]:
            left[text] -= 1
            place = len(rows) if place is None else place
        else:
            rows.append(row)
    missing = _without(gone, rows)
    at = len(rows) if place is None else place
    return [*rows[:at], *missing, *rows[at:]], not (left.total() and missing)


def _without(rows: list[dict[str, Any]], others: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows that are not among the others, as often as they are more."""
    left = Counter(map(canonical_json, others))
    found = []
    for row in rows:
        text = canonical_json(row)
        if left[text]:
            left[text] -= 1
        else:
            found.append(row)
    return found
