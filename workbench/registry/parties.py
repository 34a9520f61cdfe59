"""Parties: the people, groups and companies that hold rights, with every name they are known by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import pandas as pd
from sqlalchemy import Connection, select

from ..core import documents
from ..core.documents import Document, Kind, named_later, part_table, reference, root_table
from ..core.errors import Finding
from ..core.store import whole, words
from . import rules
from .desk import Desk, in_chunks
from .search_desk import Finder

party = root_table(
    "party",
    words("kind"),  # natural | legal | group
    words("name"),  # last name, or the whole name of a company or group
    words("first_name"),
    words("ipi_base_number"),
    words("isni"),
    words("ipn"),
    words("birth_on"),
    words("death_on"),
    words("territory"),  # TIS numeric code of residence
    words("language"),
    words("nationality"),  # TIS numeric code of the country
    words("society_code"),  # CISAC code, where the party is itself a society
    named_later("merged_into_id", "party"),  # the survivor, once two parties were found to be one
)
party_name = part_table(
    "party_name",
    party,
    words("kind"),  # patronymic | pseudonym | group | other
    words("name"),
    words("first_name"),
    words("ipi_name_number"),
    words("transliteration"),  # the official Latin spelling of a name in another script; search makes its own besides
    words("language"),
)
party_affiliation = part_table(
    "party_affiliation",
    party,
    words("society"),  # CISAC code, three digits
    words("right"),  # performing | mechanical | neighbouring
    words("territory"),
    words("starts_on"),
    words("ends_on"),
    words("role"),  # empty: every role
    words("creation_class"),  # empty: every class
)
party_member = part_table(
    "party_member",
    party,
    reference("member_party_id", party, index=True),
    words("role"),  # what the member does in the group: an instrument, vocals
    words("starts_on"),
    words("ends_on"),
)
party_successor = part_table(
    "party_successor",
    party,
    reference("successor_party_id", party, index=True),
    words("kind"),  # heir | legatee | legal_successor
    whole("share_ppm"),  # part of what the party would be paid
    words("right"),  # empty: every right
    words("starts_on"),
    words("ends_on"),
)
PARTY = Kind(
    "party",
    "P",
    party,
    {"names": party_name, "affiliations": party_affiliation, "members": party_member, "successors": party_successor},
)
IDENTIFIERS = ("ipi_name_number", "ipi_base_number", "isni", "ipn")


@dataclass(frozen=True, slots=True)
class PartyName:
    """One name a party is known by: its patronymic (the legal one), a pseudonym, a group's name; each may have its own IPI."""

    name: str
    first_name: str = ""
    kind: str = "patronymic"
    ipi_name_number: str = ""
    transliteration: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Affiliation:
    """Which society manages which right for a party, where (TIS code) and when; empty means all, or open."""

    society: str
    right: str = "performing"
    territory: str = ""
    starts_on: str = ""
    ends_on: str = ""
    role: str = ""
    creation_class: str = ""


@dataclass(frozen=True, slots=True)
class Member:
    """One person of a group, from a day to a day, both included, empty when open."""

    member_party_id: str
    role: str = ""
    starts_on: str = ""
    ends_on: str = ""


@dataclass(frozen=True, slots=True)
class Successor:
    """An heir or other successor: the part, in parts per million, of what the party would be paid, by right and time."""

    successor_party_id: str
    kind: str = "heir"
    share_ppm: int = 0
    right: str = ""
    starts_on: str = ""
    ends_on: str = ""


@dataclass(frozen=True, slots=True)
class Party:
    """A natural person, a legal person or a group; empty text means unknown."""

    name: str
    first_name: str = ""
    kind: str = "natural"
    ipi_base_number: str = ""
    isni: str = ""
    ipn: str = ""
    birth_on: str = ""
    death_on: str = ""
    territory: str = ""
    language: str = ""
    nationality: str = ""
    society_code: str = ""
    merged_into_id: str | None = None
    names: tuple[PartyName, ...] = ()
    affiliations: tuple[Affiliation, ...] = ()
    members: tuple[Member, ...] = ()
    successors: tuple[Successor, ...] = ()
    status: str = ""
    id: str = ""
    version: int = 0

    @property
    def full_name(self) -> str:
        """First name and name, as printed."""
        return full_name(self.first_name, self.name)

    @property
    def ipi_name_number(self) -> str:
        """The IPI name number of the patronymic name, or of the first name that has one."""
        return _ipi([{"kind": one.kind, "ipi_name_number": one.ipi_name_number} for one in self.names])


class Parties(Desk[Party]):
    """The desk for parties.

    >>> wb.parties.search("mariam makeba").loc[0, "name"]                # doctest: +SKIP
    'Miriam Makeba'
    """

    kind = PARTY
    thing = Party
    parts: ClassVar[Mapping[str, type]] = {
        "names": PartyName,
        "affiliations": Affiliation,
        "members": Member,
        "successors": Successor,
    }

    def search(self, text: str, limit: int = 20) -> pd.DataFrame:
        """Return the parties most like a name, or with an identifier (IPI, ISNI, IPN), best first.

        Columns: id, score (0 to 100), name, kind, ipi_name_number, matched (the name or number found), matched_as.
        """
        hits = Finder(self.office).find(("party",), text, limit)
        with self.office.book.read() as connection:
            found = documents.load_many(connection, PARTY, [hit.entity_id for hit in hits])
        rows = [
            (
                hit.entity_id,
                hit.score,
                _shown(found[hit.entity_id]),
                found[hit.entity_id]["kind"],
                _ipi(found[hit.entity_id]["names"]),
                hit.matched,
                hit.matched_as,
            )
            for hit in hits
        ]
        return pd.DataFrame(rows, columns=["id", "score", "name", "kind", "ipi_name_number", "matched", "matched_as"])

    def _valid(self, document: Document) -> None:
        where = rules.place(document, "party")
        rules.one_of(document, "kind", rules.PARTY_KINDS, where)
        rules.filled(document, "name", where)
        for field in ("ipi_base_number", "isni", "ipn"):
            rules.identifier(document, field, where)
        rules.period(document, where, "birth_on", "death_on")
        rules.territory(document, "territory", where)
        for position, row in enumerate(document["names"], start=1):
            where = rules.place(document, "party", "names", position)
            rules.one_of(row, "kind", rules.NAME_KINDS, where)
            rules.filled(row, "name", where)
            rules.identifier(row, "ipi_name_number", where)
        for position, row in enumerate(document["affiliations"], start=1):
            where = rules.place(document, "party", "affiliations", position)
            rules.society(row, "society", where)
            rules.one_of(row, "right", ("", *rules.RIGHTS), where)
            rules.territory(row, "territory", where)
            rules.period(row, where)

    def _rows(self, _connection: Connection, found: list[Document]) -> list[dict[str, Any]]:
        return [
            {
                "id": one["id"],
                "full_name": _shown(one),
                "ipi_name_number": _ipi(one["names"]),
                **{name: one[name] for name in self.kind.fields},
                "names": "; ".join(_shown(row) for row in one["names"]),
                "affiliations": "; ".join(f"{row['society']} {row['right']}".strip() for row in one["affiliations"]),
            }
            for one in found
        ]

    def _findings(self, _connection: Connection, found: list[Document]) -> list[Finding]:
        findings: list[Finding] = []
        for one in found:
            if one["birth_on"] and one["death_on"] and one["death_on"] < one["birth_on"]:
                findings.append(
                    rules.odd(one, "period_order", "death before birth", "death_on", one["death_on"], one["birth_on"])
                )
            findings += [
                rules.period_order(one, row, "affiliations") for row in one["affiliations"] if rules.ends_before_it_starts(row)
            ]
        for field in ("ipi_base_number", "isni", "ipn"):
            findings += rules.duplicates([(one[field], one["id"]) for one in found], field)
        names = {(row["ipi_name_number"], one["id"]) for one in found for row in one["names"]}
        return findings + rules.duplicates(sorted(names), "ipi_name_number")


def full_name(first_name: str, name: str) -> str:
    """Return a name as printed, first name first."""
    return f"{first_name} {name}".strip()


def party_names(connection: Connection, ids: Iterable[str]) -> dict[str, str]:
    """Return the printed name of each party; ids that do not exist are left out."""
    query = select(party.c.id, party.c.name, party.c.first_name)
    wanted = sorted(set(ids))
    if len(wanted) > 2_000:
        rows: Iterable[Any] = connection.execute(query)
    else:
        rows = in_chunks(connection, query, party.c.id, wanted)
    return {row.id: full_name(row.first_name, row.name) for row in rows}


def parties_without(connection: Connection, field: str) -> set[str]:
    """Return the parties that lack an identifier: `ipi_name_number` (no name has one) or `ipn`."""
    if field == "ipn":
        return set(connection.execute(select(party.c.id).where(party.c.ipn == "")).scalars())
    having = select(party_name.c.owner_id).where(party_name.c.ipi_name_number != "")
    return set(connection.execute(select(party.c.id).where(party.c.id.not_in(having))).scalars())


def _shown(row: Mapping[str, Any]) -> str:
    return full_name(row["first_name"], row["name"])


def _ipi(names: Iterable[Mapping[str, Any]]) -> str:
    ordered = sorted((row for row in names if row["ipi_name_number"]), key=lambda row: row["kind"] != "patronymic")
    return str(ordered[0]["ipi_name_number"]) if ordered else ""
