"""The two tables of matching and how they are written: one decision per key, and the rulings people made.

A ruling stands above the scorer's decision, in every batch and every later run, until it is withdrawn; the scorer's own
decision is kept beside it in the evidence, so that withdrawing brings it back.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Column, Connection, Index, RowMapping, Text, delete, func, insert, select, update

from ..core import journal
from ..core.canonical import canonical_json
from ..core.errors import Conflict
from ..core.store import Change, book_table, whole, words
from .decisions import MATCHED, UNMATCHED, Decision

CHUNK = 2_000

usage_match = book_table(
    "usage_match",
    Column("key", Text, primary_key=True),
    words("state"),  # matched | doubtful | unmatched
    words("target_kind"),  # '' | recording | work
    words("target_id"),  # of a doubt: the best candidate
    words("method"),  # isrc | iswc | exact | scored | ruling
    whole("probability_ppm"),
    whole("margin_ppm"),
    words("evidence"),  # JSON: thresholds, reasons, candidates; under a ruling also `ruling` and the scorer's own decision
    words("decided_at"),
)
Index("ix_usage_match_state", usage_match.c.state)
ruling = book_table(
    "ruling",
    Column("id", Text, primary_key=True),
    words("key", index=True),
    words("target_kind"),
    words("target_id"),  # '' = not in the repertoire
    words("who"),
    words("why"),
    words("at"),
    words("withdrawn_at"),
    words("withdrawn_by"),
)


@dataclass(frozen=True, slots=True)
class Ruling:
    """What a person decided about a key; an empty `target_id` says: not in the repertoire."""

    id: str
    key: str
    target_kind: str
    target_id: str
    who: str
    why: str
    at: str
    withdrawn_at: str = ""
    withdrawn_by: str = ""

    @property
    def active(self) -> bool:
        """Whether it holds."""
        return not self.withdrawn_at


def rulings_made(connection: Connection, keys: Sequence[str] | None = None) -> list[Ruling]:
    """Return rulings, withdrawn ones included, in the order made; of some keys or of all."""
    query = select(ruling).order_by(ruling.c.at, ruling.c.id)
    if keys is not None:
        query = query.where(ruling.c.key.in_(keys))
    return [Ruling(**row) for row in connection.execute(query).mappings()]


def active_rulings(connection: Connection) -> dict[str, Ruling]:
    """Return the ruling that holds for each key."""
    rows = connection.execute(select(ruling).where(ruling.c.withdrawn_at == "")).mappings()
    return {row["key"]: Ruling(**row) for row in rows}


def ruling_versions(connection: Connection, keys: Sequence[str]) -> dict[str, int]:
    """Return for each key how often it was ruled on or a ruling was withdrawn: what a reviewer has seen."""
    counts = dict.fromkeys(keys, 0)
    marks = func.count() + func.count(func.nullif(ruling.c.withdrawn_at, ""))
    for start in range(0, len(keys), CHUNK):
        query = select(ruling.c.key, marks).where(ruling.c.key.in_(keys[start : start + CHUNK])).group_by(ruling.c.key)
        counts.update({key: int(count) for key, count in connection.execute(query)})
    return counts


def under_ruling(decision: Decision, made: Ruling) -> Decision:
    """Return the decision a ruling makes, with the scorer's own kept in its evidence."""
    scored = {
        "state": decision.state,
        "target_kind": decision.target_kind,
        "target_id": decision.target_id,
        "method": decision.method,
        "probability_ppm": decision.probability_ppm,
        "margin_ppm": decision.margin_ppm,
    }
    return Decision(
        decision.key,
        MATCHED if made.target_id else UNMATCHED,
        made.target_kind,
        made.target_id,
        "ruling",
        1_000_000,
        1_000_000,
        {**decision.evidence, "ruling": made.id, "scored": scored},
    )


def without_ruling(decision: Decision) -> Decision:
    """Return the scorer's own decision from beneath a ruling."""
    evidence = dict(decision.evidence)
    evidence.pop("ruling", None)
    scored = evidence.pop("scored", None)
    return replace(decision, **scored, evidence=evidence) if scored else decision


def write_decisions(change: Change, decisions: Iterable[Decision]) -> None:
    """Write decisions, in place of earlier ones about the same keys."""
    rows = [
        {
            "key": each.key,
            "state": each.state,
            "target_kind": each.target_kind,
            "target_id": each.target_id,
            "method": each.method,
            "probability_ppm": each.probability_ppm,
            "margin_ppm": each.margin_ppm,
            "evidence": canonical_json(each.evidence).decode(),
            "decided_at": change.at,
        }
        for each in decisions
    ]
    for start in range(0, len(rows), CHUNK):
        part = rows[start : start + CHUNK]
        change.connection.execute(delete(usage_match).where(usage_match.c.key.in_([row["key"] for row in part])))
        change.connection.execute(insert(usage_match), part)


def read_decision(connection: Connection, key: str) -> Decision | None:
    """Return the decision about a key, or None while it was never matched."""
    row = connection.execute(select(usage_match).where(usage_match.c.key == key)).mappings().first()
    return as_decision(row) if row else None


def as_decision(row: RowMapping | Mapping[str, Any]) -> Decision:
    """Return a row of `usage_match` as a decision."""
    values = {name: row[name] for name in Decision.__slots__}
    return Decision(**{**values, "evidence": json.loads(values["evidence"] or "{}")})


def make_ruling(
    change: Change, key: str, target_kind: str, target_id: str, seen_version: int | None = None, *, expect_open: bool = False
) -> Ruling:
    """Write a ruling and its decision; an earlier ruling on the key is withdrawn by it, visibly.

    Raises `Conflict` when `seen_version` is given and somebody ruled, or withdrew, since; or when `expect_open` and a ruling
    holds.
    """
    connection = change.connection
    _require_seen(connection, key, seen_version)
    held = active_ruling(connection, key)
    if held and expect_open:
        raise Conflict(
            "somebody else ruled on this line already",
            got=f"{held.who} ruled {held.target_id or 'not in the repertoire'}",
            expected="no ruling",
            where=held.id,
            next_step="Withdraw it first, or rule again knowingly.",
        )
    if held:
        _withdraw(change, held, "supersede")
    made = Ruling(change.new_id("U"), key, target_kind, target_id, change.who, change.why, change.at)
    connection.execute(insert(ruling).values(**_row(made)))
    journal.record(change, "ruling", made.id, "rule", None, _row(made))
    before = read_decision(connection, key) or Decision(key, UNMATCHED, "", "", "scored", 0, 0, {"reasons": ["no_candidate"]})
    write_decisions(change, [under_ruling(without_ruling(before), made)])
    return made


def withdraw_ruling(change: Change, held: Ruling) -> Ruling:
    """Withdraw a ruling; the scorer's decision comes back. Raises `Conflict` when it was withdrawn already."""
    if not held.active:
        raise Conflict("this ruling was withdrawn already", got=held.withdrawn_at, where=held.id)
    gone = _withdraw(change, held, "withdraw")
    if before := read_decision(change.connection, held.key):
        write_decisions(change, [without_ruling(before)])
    return gone


def active_ruling(connection: Connection, key: str) -> Ruling | None:
    """Return the ruling that holds for a key, if any."""
    row = connection.execute(select(ruling).where(ruling.c.key == key, ruling.c.withdrawn_at == "")).mappings().first()
    return Ruling(**row) if row else None


def _require_seen(connection: Connection, key: str, seen_version: int | None) -> None:
    if seen_version is None:
        return
    now = ruling_versions(connection, [key])[key]
    if now != seen_version:
        held = active_ruling(connection, key)
        said = f"{held.who} ruled {held.target_id or 'not in the repertoire'}" if held else "a ruling was withdrawn"
        raise Conflict(
            "somebody else ruled on this line meanwhile",
            got=f"version {seen_version}",
            expected=f"version {now}: {said}",
            where=held.id if held else key,
            next_step="Look at it again; rule with the new version if you disagree.",
        )


def _withdraw(change: Change, held: Ruling, op: str) -> Ruling:
    gone = replace(held, withdrawn_at=change.at, withdrawn_by=change.who)
    change.connection.execute(
        update(ruling).where(ruling.c.id == held.id).values(withdrawn_at=gone.withdrawn_at, withdrawn_by=gone.withdrawn_by)
    )
    journal.record(change, "ruling", held.id, op, _row(held), _row(gone))
    return gone


def _row(made: Ruling) -> dict[str, Any]:
    return {name: getattr(made, name) for name in Ruling.__slots__}
