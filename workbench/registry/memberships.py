"""Memberships: a right holder's life with the society, from the application to the end. They never leave the society."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from ..core.documents import Document, Kind, part_table, reference, root_table
from ..core.store import words
from . import rules
from .desk import Desk
from .parties import party

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


class Memberships(Desk[Membership]):
    """The desk for memberships."""

    kind = MEMBERSHIP
    thing = Membership
    parts: ClassVar[Mapping[str, type]] = {"events": MembershipEvent}

    def _valid(self, document: Document) -> None:
        for position, row in enumerate(document["events"], start=1):
            where = rules.place(document, "membership", "events", position)
            rules.one_of(row, "event", rules.MEMBERSHIP_EVENTS, where)
            rules.filled(row, "happened_on", where)
            rules.day(row, "happened_on", where)
