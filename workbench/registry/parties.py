"""Parties: the people, groups and companies that hold rights, with every name they are known by."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import pandas as pd
from anyascii import anyascii
from sqlalchemy import Connection, select

from ..core import documents
from ..core.documents import Document, Kind, named_later, part_table, reference, root_table
from ..core.errors import Finding, WorkbenchError
from ..core.store import Change, whole, words
from . import party_rules, rules, statuses
from .desk import Given, in_chunks
from .look_alikes.desk import LooksLike, as_frame, look_alikes, tell_apart
from .look_alikes.finding import THRESHOLD, profile_of
from .merging.desk import MergeableDesk
from .party_rules import IDENTIFIERS as IDENTIFIERS
from .search.desk import Finder
from .successors import payees, rings

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


class Parties(MergeableDesk[Party]):
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

    def look_alikes(self, given: Given | str, threshold: float = THRESHOLD) -> pd.DataFrame:
        """Return who in the book may be this party (an id, or a draft), likest first, with the evidence in words.

        Columns: id, name, score (0 to 100), evidence, kind, birth_on, ipi_name_number. Whom somebody told apart is left out.
        """
        with self.office.book.read() as connection:
            document = documents.load(connection, PARTY, given) if isinstance(given, str) else self._document(given)[0]
            return as_frame(look_alikes(self.office.book, connection, profile_of(document), threshold))

    def register(self, draft: Given, *, why: str, sure: str = "", by: str = "") -> Party:
        """Register a new party, unless somebody like it is there: `sure` says why it is somebody else, and is remembered.

        Raises `LooksLike` with the evidence, and `WorkbenchError` for a party that has an id already.
        """
        document, _ = self._document(draft)
        if document["id"]:
            raise WorkbenchError(
                "this party is registered already", got=document["id"], next_step="Change it with change or save."
            )
        with self.office.change(why, by) as change:
            found = look_alikes(self.office.book, change.connection, profile_of(document))
            if found and not sure.strip():
                names = {one.id: one.shown() for _, one in found}
                raise LooksLike(_shown({"first_name": "", **document}), [alike for alike, _ in found], names)
            document.pop("version", None)
            made = self._write(change, [document])[0]
            for alike, one in found:
                tell_apart(change, made.id, one.id, sure.strip(), alike.evidence)
            return made

    def not_the_same(self, party_id: str, other_id: str, *, why: str, by: str = "") -> None:
        """Say that two parties that look alike are two, so that nobody is asked again; an entry of the journal."""
        with self.office.change(why, by) as change:
            for one in (party_id, other_id):
                documents.load(change.connection, PARTY, one)
            tell_apart(change, party_id, other_id, why.strip())

    def payees(self, party_id: str, right: str, on: str) -> dict[str, int]:
        """Return who is paid for a party on a day (ISO date), in ppm: its successors, and itself for the rest."""
        with self.office.book.read() as connection:
            found: dict[str, Document | None] = {party_id: documents.load(connection, PARTY, party_id)}

            def look_up(one: str) -> Document | None:
                if one not in found:
                    found[one] = documents.load_many(connection, PARTY, [one]).get(one)
                return found[one]

            return payees(party_id, right, on, look_up)

    def _valid(self, document: Document) -> None:
        party_rules.valid(document)

    def _write(self, change: Change, given: list[Document]) -> list[Party]:
        written = super()._write(change, given)
        _refuse_rings(change.connection, written)
        return written

    def _rows(self, _connection: Connection, found: list[Document]) -> list[dict[str, Any]]:
        return [
            {
                "id": one["id"],
                "full_name": _shown(one),
                "ipi_name_number": _ipi(one["names"]),
                **{name: one[name] for name in self.kind.fields},
                "names": "; ".join(_shown(row) for row in one["names"]),
                "transliteration": "; ".join(transliterations(one)),
                "affiliations": "; ".join(f"{row['society']} {row['right']}".strip() for row in one["affiliations"]),
            }
            for one in found
        ]

    def _findings(self, connection: Connection, found: list[Document]) -> list[Finding]:
        live = statuses.live(found)
        findings = [finding for one in live for finding in party_rules.odd(one)]
        findings += _in_rings(connection, live)
        ids = {one["id"] for one in live}
        for field in IDENTIFIERS:
            wanted = {row[field] for one in live for row in (one["names"] if field == "ipi_name_number" else [one])} - {""}
            findings += [
                finding for finding in rules.duplicates(_holders(connection, field, wanted), field) if finding.source in ids
            ]
        return findings


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


def transliterations(document: Document) -> list[str]:
    """Return the Latin spelling of every name in another script: the one given, else the program's own, each once.

    >>> transliterations({"first_name": "", "name": "Звезда", "names": []})
    ['Zvezda']
    """
    found: dict[str, None] = {}
    for row in (document, *document["names"]):
        written = _shown(row)
        if row.get("transliteration"):
            found[row["transliteration"]] = None
        elif any(letter.isalpha() and not unicodedata.name(letter, "").startswith("LATIN") for letter in written):
            found[anyascii(written)] = None
    return list(found)


def _holders(connection: Connection, field: str, wanted: set[str]) -> list[tuple[str, str]]:
    """Return (identifier, party id) of every live party that has one of the identifiers."""
    if field == "ipi_name_number":
        column = party_name.c.ipi_name_number
        query = select(column, party_name.c.owner_id).join(party, party.c.id == party_name.c.owner_id)
    else:
        column = party.c[field]
        query = select(column, party.c.id)
    query = query.where(party.c.status.not_in(rules.GONE), column != "")
    rows: Iterable[Any] = (
        connection.execute(query) if len(wanted) > 2_000 else in_chunks(connection, query, column, sorted(wanted))
    )
    return sorted({(row[0], row[1]) for row in rows if row[0] in wanted})


_WAYS = (
    (party_member, "member_party_id", "members", "a group is a member of itself by a roundabout way"),
    (party_successor, "successor_party_id", "successors", "a party succeeds to itself by a roundabout way"),
)


def _rings_of(connection: Connection, ids: Iterable[str]) -> Iterator[tuple[str, str, str, list[str]]]:
    """Yield (party id, field, what is wrong, the ring) of every party that reaches itself by members or by successors."""
    wanted = sorted(ids)
    for table, column, field, message in _WAYS:
        edges: dict[str, set[str]] = {}
        for row in connection.execute(select(table.c.owner_id, table.c[column])):
            edges.setdefault(row[0], set()).add(row[1])
        for one in wanted if edges else ():
            if one in edges and (ring := rings(edges, one)):
                yield one, field, message, ring


def _refuse_rings(connection: Connection, written: list[Party]) -> None:
    told = [one.id for one in written if one.members or one.successors]
    for party_id, field, message, ring in _rings_of(connection, told) if told else ():
        raise WorkbenchError(message, got=" -> ".join(ring), where=f"party {party_id} {field}")


def _in_rings(connection: Connection, found: list[Document]) -> list[Finding]:
    told = {one["id"]: one for one in found if one["members"] or one["successors"]}
    step = "Take out the link that is wrong."
    return [
        rules.odd(told[party_id], "party_ring", message, field, " -> ".join(ring), what_to_do=step)
        for party_id, field, message, ring in (_rings_of(connection, told) if told else ())
    ]


def _shown(row: Mapping[str, Any]) -> str:
    return full_name(row["first_name"], row["name"])


def _ipi(names: Iterable[Mapping[str, Any]]) -> str:
    ordered = sorted((row for row in names if row["ipi_name_number"]), key=lambda row: row["kind"] != "patronymic")
    return str(ordered[0]["ipi_name_number"]) if ordered else ""
