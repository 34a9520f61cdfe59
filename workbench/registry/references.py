"""What of the register names a thing: which works give a party a share, which agreements it made, which papers are about it.

The places where one kind may be named are read from the tables themselves: a reference somebody adds tomorrow is followed too.

    party TALA-P-000007  <- work TALA-W-000017 shares.party_id, agreement TALA-A-000002 acquirer_party_id, attachment about_id
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from ..core.documents import CHUNK, KINDS, Kind
from . import rules

SURVIVOR = "merged_into_id"
"""A merged document names its survivor by this: it leads there, and is not a use of it."""


@dataclass(frozen=True, slots=True)
class Place:
    """A column where a kind of document names another: `part` is empty for the document's own fields.

    `only` is a column that must hold the kind's name for the reference to be one (an attachment is about any kind).
    """

    kind: Kind
    part: str
    column: str
    only: str = ""

    @property
    def field(self) -> str:
        """The place as a person reads it: `shares.party_id`."""
        return f"{self.part}.{self.column}".lstrip(".")


@dataclass(frozen=True, slots=True)
class Reference:
    """One document that names the thing, and where."""

    place: Place
    owner_id: str
    entity_id: str
    status: str = ""

    def __str__(self) -> str:
        return f"{self.place.kind.name} {self.owner_id} ({self.place.field})"


def places(kind: Kind) -> list[Place]:
    """Return every place of the register where a document of this kind may be named."""
    found = [
        Place(holder, part, column.name)
        for holder in KINDS.values()
        for part, table in [("", holder.table), *holder.parts.items()]
        for column in table.columns
        if column.name not in ("owner_id", SURVIVOR) and any(key.column.table is kind.table for key in column.foreign_keys)
    ]
    papers = [Place(holder, "", "about_id", "about_kind") for holder in KINDS.values() if "about_kind" in holder.fields]
    return [*found, *papers]


def references(connection: Connection, kind: Kind, ids: Sequence[str], *, gone: bool = False) -> list[Reference]:
    """Return what names these documents, by kind, owner and place; `gone` adds what deleted and merged documents say."""
    found: list[Reference] = []
    for place in places(kind):
        table = place.kind.parts[place.part] if place.part else place.kind.table
        owner = table.c.owner_id if place.part else table.c.id
        root = place.kind.table
        query = select(owner.label("owner"), table.c[place.column].label("named"), root.c.status.label("status"))
        if place.part:
            query = query.join(root, root.c.id == owner)
        if place.only:
            query = query.where(table.c[place.only] == kind.name)
        if not gone:
            query = query.where(root.c.status.not_in(rules.GONE))
        for start in range(0, len(ids), CHUNK):
            rows = connection.execute(query.where(table.c[place.column].in_(ids[start : start + CHUNK])).distinct())
            found += [Reference(place, row.owner, row.named, row.status) for row in rows]
    return sorted(found, key=lambda one: (one.place.kind.name, one.owner_id, one.place.field, one.entity_id))


def shown(found: Iterable[Reference], limit: int = 10) -> str:
    """Return the first references in words, and how many more there are."""
    said = [str(one) for one in found]
    more = f" and {len(said) - limit} more" if len(said) > limit else ""
    return "; ".join(said[:limit]) + more
