"""Mandates: what a right holder has entrusted to the society: rights, territory and time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar

import pandas as pd
from sqlalchemy import Connection, select

from ..core import documents
from ..core.documents import Document, Kind, part_table, reference, root_table
from ..core.errors import Finding
from ..core.store import words
from ..core.territories import WORLD, standard_territories
from . import rules
from .desk import Desk, in_chunks
from .parties import party, party_affiliation, party_names
from .search.desk import Finder

mandate = root_table("mandate", reference("party_id", party, index=True), words("number"), words("starts_on"), words("ends_on"))
mandate_right = part_table(
    "mandate_right",
    mandate,
    words("right"),
    words("territory"),
    words("role"),  # empty: every role
    words("creation_class"),  # empty: every class
)
MANDATE = Kind("mandate", "M", mandate, {"rights": mandate_right})


@dataclass(frozen=True, slots=True)
class MandateRight:
    """One right entrusted for one territory (TIS code; empty: the world), for a role and a creation class (empty: all)."""

    right: str
    territory: str = ""
    role: str = ""
    creation_class: str = ""


@dataclass(frozen=True, slots=True)
class Mandate:
    """What one party has entrusted to the society, from a day to a day, both included, empty when open."""

    party_id: str
    number: str = ""
    starts_on: str = ""
    ends_on: str = ""
    rights: tuple[MandateRight, ...] = ()
    status: str = ""
    id: str = ""
    version: int = 0


class Mandates(Desk[Mandate]):
    """The desk for mandates."""

    kind = MANDATE
    thing = Mandate
    parts: ClassVar[Mapping[str, type]] = {"rights": MandateRight}

    def holders(
        self, right: str, *, territory: str = "", on: date | str, role: str = "", creation_class: str = ""
    ) -> frozenset[str]:
        """Return the parties that have entrusted a right for a whole territory (TIS code; default the society's) on a day.

        With a `role` or a `creation_class`, those count who entrusted it for all or for that one; without, those for all.
        """
        rules.one_of({"right": right}, "right", rules.RIGHTS, "mandates.holders")
        day = date.fromisoformat(on) if isinstance(on, str) else on
        with self.office.book.read() as connection:
            found = [one for one in documents.load_many(connection, MANDATE).values() if one["status"] not in rules.GONE]
        place = territory or self.office.config.territory
        return holders(found, right, place, day, role=role, creation_class=creation_class)

    def search(self, text: str, limit: int = 20) -> pd.DataFrame:
        """Return the mandates with a number, or of the party whose name is most like `text`, best first.

        Columns: id, score, number, party_id, party, rights, starts_on, ends_on, matched, matched_as (number or party).
        """
        hits = Finder(self.office).find(("mandate",), text, limit)
        with self.office.book.read() as connection:
            found = documents.load_many(connection, MANDATE, [hit.entity_id for hit in hits])
            rows = {row["id"]: row for row in self._rows(connection, list(found.values()))}
        columns = ["id", "score", "number", "party_id", "party", "rights", "starts_on", "ends_on", "matched", "matched_as"]
        scored = [{"score": hit.score, "matched": hit.matched, "matched_as": hit.matched_as} for hit in hits]
        table = [{**rows[hit.entity_id], **score} for hit, score in zip(hits, scored, strict=True)]
        return pd.DataFrame(table, columns=columns)

    def _valid(self, document: Document) -> None:
        rules.period(document, rules.place(document, "mandate"))
        for position, row in enumerate(document["rights"], start=1):
            where = rules.place(document, "mandate", "rights", position)
            rules.one_of(row, "right", rules.RIGHTS, where)
            rules.territory(row, "territory", where)
            rules.one_of(row, "role", ("", *rules.WORK_ROLES, *rules.RECORDING_ROLES), where)

    def _rows(self, connection: Connection, found: list[Document]) -> list[dict[str, Any]]:
        names = party_names(connection, (one["party_id"] for one in found))
        return [
            {
                "id": one["id"],
                "party": names[one["party_id"]],
                **{name: one[name] for name in self.kind.fields},
                "rights": "; ".join(f"{row['right']} {row['territory'] or WORLD}" for row in one["rights"]),
            }
            for one in found
        ]

    def _findings(self, connection: Connection, found: list[Document]) -> list[Finding]:
        findings = []
        found = [one for one in found if one["status"] not in rules.GONE]
        query, column = select(party_affiliation), party_affiliation.c.owner_id
        elsewhere: dict[str, list[Mapping[str, Any]]] = {}
        for row in in_chunks(connection, query, column, sorted({one["party_id"] for one in found})):
            if row.society and row.society != self.office.config.society:
                elsewhere.setdefault(row.owner_id, []).append(row._mapping)
        for one in found:
            if rules.ends_before_it_starts(one):
                findings.append(rules.period_order(one, one, "ends_on"))
            if not one["rights"]:
                step = "Enter what the mandate covers."
                findings.append(rules.odd(one, "no_rights", "the mandate entrusts no right", "rights", what_to_do=step))
            for position, row in enumerate(one["rights"], start=1):
                findings += [
                    _elsewhere(one, position, row, other, since)
                    for other in elsewhere.get(one["party_id"], ())
                    if (since := both_from(one, row, other))
                ]
        return findings


def holders(
    mandates: Iterable[Document], right: str, territory: str, on: date, *, role: str = "", creation_class: str = ""
) -> frozenset[str]:
    """Return the parties whose mandates (documents) cover a right in every country of a territory on a day.

    A mandate for one role or class counts where that one is asked for.
    """
    resolve = standard_territories().resolve
    here = resolve([("+", territory)], on)
    day = on.isoformat()
    return frozenset(
        one["party_id"]
        for one in mandates
        if (not one["starts_on"] or one["starts_on"] <= day)
        and (not one["ends_on"] or day <= one["ends_on"])
        and here
        <= resolve(
            [
                ("+", row["territory"] or WORLD)
                for row in one["rights"]
                if row["right"] == right and row["role"] in ("", role) and row["creation_class"] in ("", creation_class)
            ]
            or [("-", WORLD)],
            on,
        )
    )


def both_from(mandate: Mapping[str, Any], row: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    """Return the first day on which a mandate's right and an affiliation (a row of a party) say the same somewhere, or nothing.

    The answer is an ISO date, or `the beginning`. Groups of territories are judged on every day on which they change.
    """
    for name in ("right", "role", "creation_class"):
        if row[name] and other[name] and row[name] != other[name]:
            return ""
    first = max(mandate["starts_on"], other["starts_on"])
    last = min((one["ends_on"] for one in (mandate, other) if one["ends_on"]), default="9999-12-31")
    if first > last:
        return ""
    graph = standard_territories()
    for day in (first, *(day for day in graph.days_of_change() if first < day <= last)):
        on = date.fromisoformat(day) if day else date.min
        if graph.resolve([("+", row["territory"] or WORLD)], on) & graph.resolve([("+", other["territory"] or WORLD)], on):
            return day or "the beginning"
    return ""


def _elsewhere(one: Document, position: int, row: Mapping[str, Any], other: Mapping[str, Any], since: str) -> Finding:
    return rules.odd(
        one,
        "mandate_elsewhere",
        "another society manages the same for this party",
        f"rights[{position}]",
        f"society {other['society']} for {other['right'] or 'every right'} in {other['territory'] or WORLD}, from {since}",
        f"{row['right']} in {row['territory'] or WORLD} with this society alone",
        "Ask the party which holds; end the other, or leave its territory out.",
    )
