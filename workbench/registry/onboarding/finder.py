"""Whom a file means: the party with this IPI, or this exact name, or a new one; and which new ones look like somebody known.

A name alone never joins two people whose identifiers or birth dates differ, and a name that two registered parties share is not
guessed.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from ...core.documents import Document
from ...formats.intake import Line
from .. import rules
from ..look_alikes.finding import LookAlike, Profile, find_look_alikes
from ..parties import IDENTIFIERS, full_name, party, party_name

_NAME_KIND = {"natural": "patronymic", "group": "group", "legal": "other"}


@dataclass(slots=True)
class Known:
    """What identifies one party, registered or about to be."""

    id: str
    names: tuple[str, ...]
    identifiers: dict[str, tuple[str, ...]] | None = None
    birth_on: str = ""
    kind: str = "natural"

    @property
    def is_new(self) -> bool:
        """Whether the register does not have it yet."""
        return self.id.startswith("new:")

    def numbers(self, kind: str) -> tuple[str, ...]:
        """Return its identifiers of one kind."""
        return self.identifiers.get(kind, ()) if self.identifiers else ()

    def contradicts(self, identifiers: dict[str, str], birth_on: str) -> bool:
        """Tell whether an identifier or the birth date says that this is somebody else."""
        for name, value in identifiers.items():
            has = self.numbers(name)
            # one person may have several name numbers, one of each other kind
            if value and has and value not in has and name != "ipi_name_number":
                return True
        if identifiers.get("ipi_name_number") and self.numbers("ipi_name_number"):
            return identifiers["ipi_name_number"] not in self.numbers("ipi_name_number")
        return bool(birth_on and self.birth_on and birth_on != self.birth_on)

    def facts(self) -> str:
        """Return the name and the evidence a person needs to tell them apart."""
        facts = [f"{name} {'/'.join(sorted(values))}" for name, values in (self.identifiers or {}).items() if values]
        facts += [f"born {self.birth_on}"] if self.birth_on else []
        return (self.names[0] if self.names else "") + (f" ({', '.join(facts)})" if facts else "")

    def shown(self) -> str:
        """Return the identifier and the evidence."""
        return f"{self.id} {self.facts()}"


@dataclass(slots=True)
class Mention:
    """A party a file speaks of for the first time: its document to be, and the line and column that named it."""

    document: Document
    known: Known
    line: int
    at: int
    column: str


class Ambiguous(Exception):
    """Several registered parties answer to the name; the evidence is in `found`."""

    def __init__(self, found: list[Known]) -> None:
        self.found = found
        super().__init__()


class PartyFinder:
    """Every registered party by identifier and by name, and the new ones of the file being read."""

    def __init__(self, connection: Connection) -> None:
        self.known: dict[str, Known] = {}
        self.mentions: dict[str, Mention] = {}
        """New parties by passing id, until they are registered or forgotten."""
        self.registered: list[Mention] = []
        self.ids: dict[str, str] = {}
        """Passing id -> the identifier the book gave."""
        self._count = 0
        self._by_identifier: dict[tuple[str, str], list[Known]] = {}
        self._by_name: dict[str, list[Known]] = {}
        columns = (party.c.id, party.c.name, party.c.first_name, party.c.birth_on, party.c.kind, party.c.status)
        spoken: dict[str, tuple[list[str], dict[str, tuple[str, ...]], str, str]] = {}
        rows = connection.execute(select(*columns, party.c.ipi_base_number, party.c.isni, party.c.ipn))
        for one, name, first_name, birth_on, kind, status, base, isni, ipn in rows:
            if status not in rules.GONE:
                numbers: dict[str, tuple[str, ...]] = {"ipi_base_number": (base,), "isni": (isni,), "ipn": (ipn,)}
                filled = {number: value for number, value in numbers.items() if value[0]}
                spoken[one] = ([full_name(first_name, name)], filled, birth_on, kind)
        query = select(party_name.c.owner_id, party_name.c.name, party_name.c.first_name, party_name.c.ipi_name_number)
        for owner, name, first_name, number in connection.execute(query.order_by(party_name.c.owner_id, party_name.c.position)):
            if owner in spoken:
                names, known, _, _ = spoken[owner]
                names.append(full_name(first_name, name))
                if number:
                    known["ipi_name_number"] = (*known.get("ipi_name_number", ()), number)
        for entity_id, (names, known, birth_on, kind) in spoken.items():
            self.known[entity_id] = found = Known(entity_id, tuple(dict.fromkeys(names)), known or None, birth_on, kind)
            self._enter(found)

    def find(self, name: str, first_name: str, identifiers: dict[str, str], birth_on: str = "") -> Known | None:
        """Return the party meant, or None; raises `Ambiguous` when several answer to the name and nothing tells them apart."""
        for kind in IDENTIFIERS:
            if value := identifiers.get(kind, ""):
                found = self._by_identifier.get((kind, value), [])
                if len(found) == 1:
                    return found[0]
                if found:
                    raise Ambiguous(found)
        called = self._by_name.get(exactly(full_name(first_name, name)), ())
        fitting = [one for one in called if not one.contradicts(identifiers, birth_on)]
        if len(fitting) > 1:
            raise Ambiguous(fitting)
        return fitting[0] if fitting else None

    def make(self, document: Document, line: Line, column: str) -> Known:
        """Take up a new party under a passing id; it is registered only if something of the file that is accepted names it."""
        self._count += 1
        passing = f"new:{self._count}"
        numbers: dict[str, tuple[str, ...]] = {
            name: (document[name],) for name in ("ipi_base_number", "isni", "ipn") if document.get(name)
        }
        spoken = [full_name(document.get("first_name", ""), document["name"])]
        for row in document.get("names", []):
            spoken.append(full_name(row.get("first_name", ""), row["name"]))
            if row.get("ipi_name_number"):
                numbers["ipi_name_number"] = (*numbers.get("ipi_name_number", ()), row["ipi_name_number"])
        one = Known(passing, tuple(dict.fromkeys(spoken)), numbers or None, document.get("birth_on", ""), document["kind"])
        self.known[passing] = one
        self.mentions[passing] = Mention(document, one, line.line, line.at, column)
        self._enter(one)
        return one

    def register(self, mention: Mention, entity_id: str) -> None:
        """Give a new party the identifier the book gave it."""
        del self.mentions[mention.known.id], self.known[mention.known.id]
        self.ids[mention.known.id] = entity_id
        mention.known.id = entity_id
        self.known[entity_id] = mention.known
        mention.document = {}  # it is in the book now
        self.registered.append(mention)

    def forget(self, one: Known) -> None:
        """Unlearn a new party whose own line was left out."""
        self.mentions.pop(one.id, None)
        self.known.pop(one.id, None)
        for name in {exactly(written) for written in one.names}:
            self._by_name[name] = [other for other in self._by_name.get(name, ()) if other is not one]
        for kind, values in (one.identifiers or {}).items():
            for value in values:
                self._by_identifier[kind, value] = [other for other in self._by_identifier[kind, value] if other is not one]

    def namesakes(self, one: Known) -> list[Known]:
        """Return other parties with exactly the same name."""
        found = {id(other): other for name in one.names for other in self._by_name.get(exactly(name), ())}
        return [other for other in found.values() if other is not one]

    def look_alikes(self) -> list[tuple[Mention, Known, LookAlike]]:
        """Return (new party, one it resembles, the evidence), each pair once; exact namesakes are not among them."""
        by_id = {mention.known.id: mention for mention in self.registered}
        if not by_id:
            return []
        there = [_profile(one) for one in self.known.values() if not one.is_new]
        found = []
        for pair in find_look_alikes((one for one in there if one.id in by_id), (one for one in there if one.id not in by_id)):
            mention, other = by_id[pair.new_id], self.known[pair.known_id]
            if other.id in by_id and by_id[other.id].at < mention.at:
                mention, other = by_id[other.id], mention.known
            if not _same_name(mention.known, other):
                found.append((mention, other, pair))
        return found

    def _enter(self, one: Known) -> None:
        for name in dict.fromkeys(exactly(written) for written in one.names):
            if name:
                self._by_name.setdefault(name, []).append(one)
        for kind, values in (one.identifiers or {}).items():
            for value in values:
                self._by_identifier.setdefault((kind, value), []).append(one)


def _profile(one: Known) -> Profile:
    numbers = {kind: frozenset(values) for kind, values in (one.identifiers or {}).items()}
    return Profile(one.id, one.kind, one.names, numbers, one.birth_on)


def _same_name(one: Known, other: Known) -> bool:
    return bool({exactly(name) for name in one.names} & {exactly(name) for name in other.names})


def mentioned(name: str, first_name: str, kind: str, *, ipi_name_number: str = "", ipn: str = "") -> Document:
    """Return the document of a party that is only named on a work, a recording or an agreement.

    `Mwangi, Amani` without a first name of its own is taken apart at the comma for a natural person.
    """
    if kind == "natural" and not first_name and name.count(",") == 1:
        name, first_name = (part.strip() for part in name.split(","))
    document: dict[str, Any] = {"kind": kind, "name": name, "first_name": first_name, "ipn": ipn, "names": []}
    if ipi_name_number:
        row = {"kind": _NAME_KIND[kind], "name": name, "first_name": first_name, "ipi_name_number": ipi_name_number}
        document["names"].append(row)
    return document


def name_kind(kind: str) -> str:
    """Return what the chief name of a kind of party is called."""
    return _NAME_KIND[kind]


def exactly(name: str) -> str:
    """Return a name as it counts as the same: case, punctuation and the order of words set aside, accents and script kept."""
    if name.isascii() and name.replace(" ", "").isalpha():
        return " ".join(sorted(name.lower().split()))
    folded = unicodedata.normalize("NFKC", name).casefold()
    kept = "".join(letter if unicodedata.category(letter)[0] in "LMN" else " " for letter in folded)
    return " ".join(sorted(kept.split())) or folded.strip()
