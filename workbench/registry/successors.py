"""Successors: who is paid in the place of a party that died or was taken over, on a day, to the last part per million.

    Amina (died 2020-03-01): heirs Juma 50 %, Neema 50 % of everything; Neema died in 2024, heir Zuri 100 %
    payees(..., "Amina", "performing", "2025-01-01")  ->  {"Juma": 500000, "Zuri": 500000}

Rows said for the right itself count before rows said for every right. What nobody succeeds to stays with the party (its estate).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ..core.documents import Document
from ..core.errors import WorkbenchError
from ..core.money import allocate
from ..core.shares import WHOLE, format_percent

Row = Mapping[str, Any]


def payees(party_id: str, right: str, on: str, look_up: Callable[[str], Document | None]) -> dict[str, int]:
    """Return who is paid for a party on a day (ISO date), in parts per million that total exactly the whole.

    `look_up` gives the document of a party, None where it is unknown. An heir who is dead that day passes on what they would get.
    Parts are split by the largest remainder, ties by the smaller identifier; a ring of successors ends where it began to repeat.
    Raises `WorkbenchError` when the successors of a day have more than the whole.
    """
    return dict(sorted(_split(party_id, WHOLE, right, on, look_up, frozenset()).items()))


def in_force(document: Document, right: str, on: str) -> list[Row]:
    """Return the successors of a party for a right on a day: those of the right itself, else those of every right."""
    days = [row for row in document["successors"] if _holds(document, row, on)]
    return [row for row in days if row["right"] == right] or [row for row in days if not row["right"]]


def days_of_change(document: Document) -> list[str]:
    """Return the days on which another set of successors may begin, in order; the first is the day of death, or the beginning."""
    starts = {row["starts_on"] for row in document["successors"]}
    return sorted({document["death_on"], *starts}) or [""]


def over_the_whole(document: Document) -> tuple[str, str, int] | None:
    """Return (right, day, total) where the successors of a right first have more than the whole, or None."""
    rights = {row["right"] for row in document["successors"]}
    for day in days_of_change(document):
        for right in sorted(rights):
            rows = [row for row in document["successors"] if row["right"] == right and _within(row, day)]
            total = sum(row["share_ppm"] for row in rows)
            if total > WHOLE:
                return right, day, total
    return None


def rings(edges: Mapping[str, Iterable[str]], start: str) -> list[str] | None:
    """Return a way along the edges from `start` back to `start`, or None when there is none.

    >>> rings({"A": ["B"], "B": ["C"], "C": ["A"]}, "A")
    ['A', 'B', 'C', 'A']
    """
    came: dict[str, str] = {}
    todo = [start]
    while todo:
        one = todo.pop()
        for following in sorted(edges.get(one, ())):
            if following == start:
                way = [start, one]
                while way[-1] != start:
                    way.append(came[way[-1]])
                return way[::-1] if one != start else [start, start]
            if following not in came:
                came[following] = one
                todo.append(following)
    return None


def _split(
    party_id: str, ppm: int, right: str, on: str, look_up: Callable[[str], Document | None], passed: frozenset[str]
) -> dict[str, int]:
    document = None if party_id in passed else look_up(party_id)
    rows = in_force(document, right, on) if document else []
    parts: dict[str, int] = {}
    for row in rows:
        parts[row["successor_party_id"]] = parts.get(row["successor_party_id"], 0) + row["share_ppm"]
    rest = WHOLE - sum(parts.values())
    if rest < 0:
        raise WorkbenchError(
            "successors have more than the whole",
            got=f"{format_percent(WHOLE - rest)} %",
            expected="at most 100 %",
            where=f"party {party_id}, {right or 'every right'} on {on}",
        )
    if not any(parts.values()) or not ppm:
        return {party_id: ppm}
    got: dict[str, int] = {}
    for key, part in allocate(ppm, {**parts, party_id: rest + parts.get(party_id, 0)}).items():
        if part and key == party_id:
            got[key] = got.get(key, 0) + part
        elif part:
            for payee, amount in _split(key, part, right, on, look_up, passed | {party_id}).items():
                got[payee] = got.get(payee, 0) + amount
    return got


def _holds(document: Document, row: Row, on: str) -> bool:
    died = document["death_on"]
    begun = row["kind"] == "legal_successor" or bool(died and died <= on)
    return begun and _within(row, on)


def _within(row: Row, on: str) -> bool:
    return (not row["starts_on"] or row["starts_on"] <= on) and (not row["ends_on"] or on <= row["ends_on"])
