"""Merge documents that are one thing, and take the merge back: every reference moves, in one change set of the journal.

    wb.parties.preview_merge("TALA-P-000001", ["TALA-P-000007"])       # side by side, what moves, what must be chosen
    wb.parties.merge("TALA-P-000001", ["TALA-P-000007"], why="one person, two spellings")
    wb.parties.unmerge("TALA-P-000007", why="father and son after all")

The merged document stays in the book and names its survivor (`resolve_id` follows it). What is sealed is never touched: a run
keeps the identifiers it was computed with.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pandas as pd
from sqlalchemy import Connection, select

from ...core import documents
from ...core.documents import KINDS, Document, Kind
from ...core.errors import Finding, WorkbenchError
from ...core.store import Change, now_utc
from .. import rules
from ..references import Place, places, references, shown
from ..statuses import LivingDesk
from . import unmerging
from .uniting import UNITING, Choices, add_up, side_by_side, unite
from .unmerging import Unmerging

Thing = TypeVar("Thing")
Key = tuple[str, str]
"""Kind and id of a document."""


@dataclass(frozen=True)
class MergePreview:
    """What a merge would do: nothing is written yet."""

    survivor_id: str
    other_ids: tuple[str, ...]
    rows: tuple[tuple[str, str, str, str], ...]
    """Field, what the survivor says, what the others say, what it will be."""
    moves: tuple[str, ...]
    """Every place that will name the survivor instead."""
    findings: tuple[Finding, ...]
    """What must be chosen, or stands in the way."""
    document: Document = field(repr=False)

    def frame(self) -> pd.DataFrame:
        """Return the documents side by side: field, survivor, others, result, differ."""
        frame = pd.DataFrame(self.rows, columns=["field", "survivor", "others", "result"])
        return frame.assign(differ=frame["survivor"] != frame["others"])


class MergeableDesk(LivingDesk[Thing]):
    """A desk whose documents can be found to be one."""

    def preview_merge(self, survivor_id: str, other_ids: Sequence[str], *, rules: Choices | None = None) -> MergePreview:
        """Return what a merge would do, without doing it; see `merge`."""
        with self.office.book.read() as connection:
            return _plan(connection, self.kind, survivor_id, other_ids, rules or {}, now_utc()[:10])[0]

    def merge(self, survivor_id: str, other_ids: Sequence[str], *, why: str, rules: Choices | None = None, by: str = "") -> Thing:
        """Make several documents one, and return the survivor: it takes over what it lacks, and every reference to the others.

        `rules` says for a field or a part whose value is taken: `{"birth_on": "TALA-P-000007"}`. Raises `WorkbenchError` listing
        what contradicts and was not chosen, or what stands in the way (an agreement between the two).
        """
        with self.office.change(why, by) as change:
            preview, steps = _plan(change.connection, self.kind, survivor_id, other_ids, rules or {}, change.at[:10])
            if preview.findings:
                raise WorkbenchError(
                    f"these {self.kind.table.name} documents cannot be merged as they are",
                    got="; ".join(str(finding) for finding in preview.findings),
                    where=f"{survivor_id} and {', '.join(preview.other_ids)}",
                    next_step="See preview_merge, and choose with rules={...}.",
                )
            self._valid(preview.document)
            for other_id, saved in steps:
                _save(change, saved, unmerging.operation(other_id))
            return self._stored(change.connection, survivor_id)

    def preview_unmerge(self, entity_id: str) -> Unmerging:
        """Return what taking a merge back would do, and what was changed since, without doing it."""
        with self.office.book.read() as connection:
            return unmerging.plan(connection, self.kind, entity_id)

    def unmerge(self, entity_id: str, *, why: str, choices: Mapping[str, str] | None = None, by: str = "") -> Thing:
        """Take the merge of a document back, and return it: both are as they were, and every reference that nobody changed since.

        What was changed since stays until somebody says so: `choices` maps the id of such a document to `back` or `keep`. Raises
        `WorkbenchError` listing those that nobody chose for, and for a document that is not merged.
        """
        with self.office.change(why, by) as change:
            planned = unmerging.plan(change.connection, self.kind, entity_id)
            saved = planned.decided(choices or {})
            _save(change, saved, f"unmerge:{entity_id}")
            for key in ((self.kind.name, entity_id), (self.kind.name, planned.survivor_id)):
                if key in saved:
                    self._valid(dict(saved[key]))
            return self._stored(change.connection, entity_id)

    def resolve_id(self, entity_id: str) -> str:
        """Return the id under which a document lives on: its survivor's survivor, or itself."""
        with self.office.book.read() as connection:
            return resolve_ids(connection, self.kind, [entity_id])[entity_id]

    def _write(self, change: Change, given: list[Document]) -> list[Thing]:
        """Refuse to merge and to take back a merge by hand: references would be left behind."""
        before = documents.load_many(change.connection, self.kind, [str(one["id"]) for one in given if one.get("id")])
        by_hand = []
        for document in given:
            was, is_merged = before.get(str(document.get("id") or "")), document.get("status") == "merged"
            if was and was["status"] == "merged" and not is_merged and unmerging.last(change.connection, self.kind, was["id"]):
                raise WorkbenchError(
                    f"a merged {self.kind.name} is not brought back by hand",
                    got=was["id"],
                    next_step="Use unmerge: it moves back what the merge moved.",
                )
            if was and is_merged and was["status"] != "merged":
                by_hand.append(was["id"])
        if used := references(change.connection, self.kind, by_hand):
            raise WorkbenchError(
                f"a {self.kind.name} is not merged by hand while others name it",
                got=shown(used),
                next_step="Use merge: it moves every reference.",
            )
        return super()._write(change, given)

    def _stored(self, connection: Connection, entity_id: str) -> Thing:
        return self._thing(
            documents.load(connection, self.kind, entity_id), documents.version_of(connection, self.kind, entity_id)
        )


def resolve_ids(connection: Connection, kind: Kind, ids: Iterable[str]) -> dict[str, str]:
    """Return for each id the one under which the document lives on; an id that does not exist stands for itself."""
    table = kind.table
    survivors: dict[str, str] = {}
    asked = set(ids)
    todo = sorted(asked)
    while todo:
        query = select(table.c.id, table.c.merged_into_id).where(table.c.merged_into_id.is_not(None))
        rows = [
            row
            for start in range(0, len(todo), documents.CHUNK)
            for row in connection.execute(query.where(table.c.id.in_(todo[start : start + documents.CHUNK])))
        ]
        survivors.update((row.id, row.merged_into_id) for row in rows)
        todo = sorted({row.merged_into_id for row in rows} - survivors.keys())
    return {one: _follow(survivors, one) for one in asked}


def _follow(survivors: Mapping[str, str], entity_id: str) -> str:
    passed = {entity_id}
    while (following := survivors.get(entity_id)) and following not in passed:
        passed.add(following)
        entity_id = following
    return entity_id


Steps = list[tuple[str, dict[Key, Document]]]
"""What to save for each document that is merged, in order."""


def _plan(
    connection: Connection, kind: Kind, survivor_id: str, other_ids: Sequence[str], choices: Choices, today: str
) -> tuple[MergePreview, Steps]:
    if kind.name not in UNITING:
        raise WorkbenchError("this kind cannot be merged", got=kind.name, expected=", ".join(UNITING))
    survivor, *others = _asked(connection, kind, [survivor_id, *other_ids], choices)
    now: dict[Key, Document] = {(kind.name, survivor_id): survivor}
    steps: Steps = []
    findings: list[Finding] = []
    moves: dict[str, None] = {}
    for other in others:
        saved: dict[Key, Document] = {}
        united = unite(kind, now[kind.name, survivor_id], other, choices, today)
        findings += united.findings
        now[kind.name, survivor_id] = saved[kind.name, survivor_id] = united.document
        found = [one for one in references(connection, kind, [other["id"]], gone=True) if one.owner_id != other["id"]]
        moves.update((str(one), None) for one in found if one.status not in rules.GONE)
        for key in dict.fromkeys([*((one.place.kind.name, one.owner_id) for one in found), (kind.name, survivor_id)]):
            holder = KINDS[key[0]]
            document = now.get(key) or documents.load(connection, holder, key[1])
            moved, odd = _moved(connection, kind, holder, document, other["id"], survivor_id)
            findings += odd
            now[key] = saved[key] = moved
        saved[kind.name, other["id"]] = {**other, "status": "merged", "merged_into_id": survivor_id}
        steps.append((other["id"], saved))
    result = now[kind.name, survivor_id]
    rows = side_by_side(kind, survivor, others, result)
    ids = tuple(one["id"] for one in others)
    return MergePreview(survivor_id, ids, tuple(rows), tuple(moves), tuple(findings), dict(result)), steps


def _asked(connection: Connection, kind: Kind, ids: Sequence[str], choices: Choices) -> list[Document]:
    if len(set(ids)) != len(ids) or len(ids) < 2:
        raise WorkbenchError("a merge takes a survivor and others", got=", ".join(ids), expected="two different ids or more")
    found = [documents.load(connection, kind, one) for one in ids]
    for one in found:
        if one["status"] in rules.GONE:
            raise WorkbenchError(f"this {kind.name} is {one['status']} already", got=one["id"], next_step="Bring it back first.")
    known = {*kind.fields, *kind.parts}
    for name, chosen in choices.items():
        if name not in known or chosen not in ids:
            raise WorkbenchError(
                "this cannot be chosen", got=f"{name}: {chosen}", expected=f"a field, and one of {', '.join(ids)}", where="rules"
            )
    return found


def _moved(
    connection: Connection, kind: Kind, holder: Kind, document: Document, other_id: str, survivor_id: str
) -> tuple[Document, list[Finding]]:
    """Return a document that names the survivor where it named the other, and what of it cannot be."""
    result = dict(document)
    findings: list[Finding] = []
    itself = holder is kind and document["id"] == survivor_id
    if holder.name == "contact" and document["party_id"] == other_id and _has_contact(connection, holder, survivor_id):
        return {**document, "status": "deleted"}, []  # the survivor has its own; this one is kept with the one that was merged
    for place in (one for one in places(kind) if one.kind is holder):
        if place.part:
            result[place.part], odd = _moved_rows(place, result, other_id, survivor_id, itself)
            findings += odd
        elif result[place.column] == other_id and (not place.only or result[place.only] == kind.name):
            result[place.column] = survivor_id
        if not place.part and itself and result[place.column] == survivor_id:
            result[place.column] = None  # a version of itself
    if holder.name == "agreement" and result["assignor_party_id"] == result["acquirer_party_id"]:
        step = "End it and delete it first, if it was never one; else they are two."
        findings.append(
            rules.odd(
                document, "agreement_between", "there is an agreement between the two", "assignor_party_id", what_to_do=step
            )
        )
    return result, findings


def _moved_rows(
    place: Place, document: Document, other_id: str, survivor_id: str, itself: bool
) -> tuple[list[dict[str, Any]], list[Finding]]:
    before = document[place.part]
    touched = [row[place.column] == other_id for row in before]
    rows = [{**row, place.column: survivor_id} if hit else dict(row) for row, hit in zip(before, touched, strict=True)]
    findings = []
    if itself and any(row[place.column] == survivor_id for row in rows):
        message = f"it would name itself in {place.field}"
        step = "Take out the row first, if it is wrong; else they are two."
        findings.append(rules.odd(document, "names_itself", message, place.field, survivor_id, what_to_do=step))
    return add_up(place.kind, place.part, rows, touched), findings


def _has_contact(connection: Connection, holder: Kind, party_id: str) -> bool:
    table = holder.table
    query = select(table.c.id).where(table.c.party_id == party_id, table.c.status.not_in(rules.GONE)).limit(1)
    return connection.execute(query).first() is not None


def _save(change: Change, saved: Mapping[Key, Document], op: str) -> None:
    for kind_name in dict.fromkeys(kind for kind, _ in saved):
        documents.save_many(
            change, KINDS[kind_name], [document for (kind, _), document in saved.items() if kind == kind_name], op=op
        )
