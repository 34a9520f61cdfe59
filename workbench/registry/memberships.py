"""Memberships: a right holder's life with the society, from the application to the end. They never leave the society.

    application 2019-02-01, admission 2019-05-10, suspension 2023-01-01, reinstatement 2023-06-01
    state on 2019-03-01: applicant; on 2022-01-01: member; on 2023-02-01: suspended; today: member

What a membership is on a day follows from its events alone, in the order of their days.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

import pandas as pd
from sqlalchemy import Connection

from ..core import documents
from ..core.documents import Document, Kind, part_table, reference, root_table
from ..core.errors import Finding
from ..core.store import words
from . import rules, statuses
from .desk import Desk
from .parties import PARTY, party, party_names

membership = root_table(
    "membership",
    reference("party_id", party, index=True),
    words("number"),  # the society's own membership number
    words("category"),  # as the society's statutes name it: full, associate, ...
)
membership_event = part_table(
    "membership_event",
    membership,
    words("event"),  # application | admission | suspension | reinstatement | resignation | exclusion | death
    words("happened_on"),
    words("decided_by"),  # the board's decision it rests on
    words("note"),
)
MEMBERSHIP = Kind("membership", "N", membership, {"events": membership_event})
BECOMES: Mapping[str, str] = {
    "application": "applicant",
    "admission": "member",
    "suspension": "suspended",
    "reinstatement": "member",
    "resignation": "former",
    "exclusion": "former",
    "death": "deceased",
}
"""What a right holder is after an event."""
AFTER: Mapping[str, tuple[str, ...]] = {
    "application": ("", "former"),
    "admission": ("applicant",),
    "suspension": ("member",),
    "reinstatement": ("suspended",),
    "resignation": ("applicant", "member", "suspended"),
    "exclusion": ("applicant", "member", "suspended"),
    "death": ("applicant", "member", "suspended", "former"),
}
"""What a right holder must be for an event to follow; an application withdrawn is a resignation, one refused an exclusion."""
DECIDED = ("admission", "suspension", "exclusion")
"""Events that rest on a decision of the society."""


@dataclass(frozen=True, slots=True)
class MembershipEvent:
    """One event of a membership, and the decision it rests on."""

    event: str
    happened_on: str
    decided_by: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Membership:
    """One party's membership; what it is on a day follows from its events."""

    party_id: str
    number: str = ""
    category: str = ""
    events: tuple[MembershipEvent, ...] = ()
    status: str = ""
    id: str = ""
    version: int = 0


def state_on(document: Mapping[str, Any], on: str) -> tuple[str, str]:
    """Return (what the right holder is on a day, since when): applicant, member, suspended, former, deceased; empty before all.

    >>> events = [{"event": "admission", "happened_on": "2019-05-10"}, {"event": "application", "happened_on": "2019-02-01"}]
    >>> state_on({"events": events}, "2019-03-01"), state_on({"events": events}, "2019-05-10")
    (('applicant', '2019-02-01'), ('member', '2019-05-10'))
    """
    state, since = "", ""
    for row in in_order(document):
        if row["happened_on"] > on:
            break
        state, since = BECOMES[row["event"]], row["happened_on"]
    return state, since


def in_order(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the events by day; those of one day as they were entered."""
    return sorted(document["events"], key=lambda row: str(row["happened_on"]))


class Memberships(Desk[Membership]):
    """The desk for memberships."""

    kind = MEMBERSHIP
    thing = Membership
    parts: ClassVar[Mapping[str, type]] = {"events": MembershipEvent}

    def state(self, membership_id: str, on: str = "") -> str:
        """Return what a right holder is on a day (ISO date, default today); empty before the application."""
        with self.office.book.read() as connection:
            return state_on(documents.load(connection, MEMBERSHIP, membership_id), on or _today())[0]

    def members(self, on: str = "", states: Collection[str] = ("member",)) -> pd.DataFrame:
        """Return who is a member on a day (ISO date, default today), by number.

        Columns: id, party_id, name, number, category, state, since.
        """
        day = on or _today()
        with self.office.book.read() as connection:
            found = statuses.live(documents.load_many(connection, MEMBERSHIP).values())
            names = party_names(connection, (one["party_id"] for one in found))
        rows = [
            (one["id"], one["party_id"], names[one["party_id"]], one["number"], one["category"], *state_on(one, day))
            for one in found
        ]
        rows = sorted((row for row in rows if row[5] in states), key=lambda row: (row[3], row[0]))
        return pd.DataFrame(rows, columns=["id", "party_id", "name", "number", "category", "state", "since"])

    def happen(
        self, membership_id: str, event: str, *, happened_on: str, why: str, decided_by: str = "", by: str = ""
    ) -> Membership:
        """Add one event to a membership, in the order of the days."""
        with self.office.change(why, by) as change:
            document = documents.load(change.connection, MEMBERSHIP, membership_id)
            row = {"event": event, "happened_on": happened_on, "decided_by": decided_by, "note": ""}
            document["events"] = in_order({"events": [*document["events"], row]})
            return self._write(change, [document])[0]

    def _valid(self, document: Document) -> None:
        where = rules.place(document, "membership")
        rules.one_of(document, "status", rules.STATUSES, where)
        for position, row in enumerate(document["events"], start=1):
            where = rules.place(document, "membership", "events", position)
            rules.one_of(row, "event", rules.MEMBERSHIP_EVENTS, where)
            rules.filled(row, "happened_on", where)
            rules.day(row, "happened_on", where)

    def _rows(self, connection: Connection, found: list[Document]) -> list[dict[str, Any]]:
        names, today = party_names(connection, (one["party_id"] for one in found)), _today()
        rows = []
        for one in found:
            state, since = state_on(one, today)
            told = "; ".join(f"{row['happened_on']} {row['event']}" for row in in_order(one))
            fields = {name: one[name] for name in self.kind.fields}
            rows.append(
                {"id": one["id"], "name": names[one["party_id"]], **fields, "state": state, "since": since, "events": told}
            )
        return rows

    def _findings(self, connection: Connection, found: list[Document]) -> list[Finding]:
        live = statuses.live(found)
        everybody = statuses.live(documents.load_many(connection, MEMBERSHIP).values())
        parties = documents.load_many(connection, PARTY, sorted({one["party_id"] for one in live}))
        findings = [finding for one in live for finding in _odd(one, parties[one["party_id"]])]
        ids, today = {one["id"] for one in live}, _today()
        twice = rules.duplicates(((one["number"], one["id"]) for one in everybody), "number")
        findings += [finding for finding in twice if finding.source in ids]
        current: dict[str, list[str]] = {}
        for one in everybody:
            if state_on(one, today)[0] in ("applicant", "member", "suspended"):
                current.setdefault(one["party_id"], []).append(one["id"])
        for one in live:
            others = [other for other in current.get(one["party_id"], []) if other != one["id"]]
            if others and one["id"] in current[one["party_id"]]:
                message, step = "the party has another membership that is not ended", "End one of the two."
                findings.append(rules.odd(one, "two_memberships", message, "party_id", ", ".join(others), what_to_do=step))
        return findings


def _odd(one: Document, owner: Document) -> list[Finding]:
    findings = []
    state = ""
    for row in in_order(one):
        if state not in AFTER[row["event"]]:
            expected = " or ".join(before or "nothing before" for before in AFTER[row["event"]])
            step = "Enter what happened in between, or correct the day."
            got = f"{row['event']} on {row['happened_on']} of a {state or 'stranger'}"
            findings.append(rules.odd(one, "event_out_of_order", "an event does not follow", "events", got, expected, step))
        if row["event"] in DECIDED and not row["decided_by"]:
            got = f"{row['event']} on {row['happened_on']}"
            step = "Name the decision it rests on."
            findings.append(rules.odd(one, "no_decision", "no decision is named", "events", got, what_to_do=step))
        state = BECOMES[row["event"]]
    died = next((row["happened_on"] for row in in_order(one) if row["event"] == "death"), "")
    if one["events"] and (owner["death_on"] or died) and died != owner["death_on"]:
        message, step = "the day of death differs from the party's", "Enter it at both."
        findings.append(
            rules.odd(one, "death_differs", message, "events", died or "none", owner["death_on"] or "none", what_to_do=step)
        )
    return findings


def _today() -> str:
    return datetime.now(UTC).date().isoformat()
