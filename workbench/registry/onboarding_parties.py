"""Whom a file means: the party with this IPI, or this exact name, or a new one; and which new ones look like somebody known.

A name alone never joins two people whose identifiers or birth dates differ, and a name that two registered parties share is not
guessed.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from rapidfuzz import fuzz, process
from sqlalchemy import Connection, select

from ..core.documents import Document
from .parties import IDENTIFIERS, full_name, party, party_name
from .search import plain

ALIKE = 90
"""Names this much alike (0 to 100, words in any order) are shown to a person."""
_ARTICLES = {"the", "a", "an", "los", "les", "die", "der"}
_CHUNK = 400
_NAME_KIND = {"natural": "patronymic", "group": "group", "legal": "other"}


@dataclass(slots=True)
class Known:
    """What identifies one party, registered or about to be."""

    id: str
    names: list[str] = field(default_factory=list)
    identifiers: dict[str, set[str]] = field(default_factory=dict)
    birth_on: str = ""

    def contradicts(self, identifiers: dict[str, str], birth_on: str) -> bool:
        """Tell whether an identifier or the birth date says that this is somebody else."""
        for name, value in identifiers.items():
            has = self.identifiers.get(name)
            # one person may have several name numbers, one of each other kind
            if value and has and value not in has and name != "ipi_name_number":
                return True
        if identifiers.get("ipi_name_number") and self.identifiers.get("ipi_name_number"):
            return identifiers["ipi_name_number"] not in self.identifiers["ipi_name_number"]
        return bool(birth_on and self.birth_on and birth_on != self.birth_on)

    def shown(self) -> str:
        """Return the evidence a person needs to tell them apart."""
        facts = [f"{name} {'/'.join(sorted(values))}" for name, values in self.identifiers.items() if values]
        facts += [f"born {self.birth_on}"] if self.birth_on else []
        return f"{self.id} {self.names[0] if self.names else ''}" + (f" ({', '.join(facts)})" if facts else "")


@dataclass(slots=True)
class Mention:
    """A party a file speaks of for the first time: its document to be, and the line and column that named it."""

    document: Document
    known: Known
    line: int
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
        self._by_identifier: dict[tuple[str, str], list[str]] = {}
        self._by_name: dict[str, list[str]] = {}
        columns = (party.c.id, party.c.name, party.c.first_name, party.c.birth_on)
        for row in connection.execute(select(*columns, party.c.ipi_base_number, party.c.isni, party.c.ipn)).mappings():
            numbers = {name: {row[name]} for name in ("ipi_base_number", "isni", "ipn") if row[name]}
            self.known[row["id"]] = Known(row["id"], [full_name(row["first_name"], row["name"])], numbers, row["birth_on"])
        rows = select(party_name.c.owner_id, party_name.c.name, party_name.c.first_name, party_name.c.ipi_name_number)
        for row in connection.execute(rows.order_by(party_name.c.owner_id, party_name.c.position)).mappings():
            one = self.known[row["owner_id"]]
            one.names.append(full_name(row["first_name"], row["name"]))
            if row["ipi_name_number"]:
                one.identifiers.setdefault("ipi_name_number", set()).add(row["ipi_name_number"])
        for one in self.known.values():
            self._enter(one)

    def find(self, name: str, first_name: str, identifiers: dict[str, str], birth_on: str = "") -> Known | None:
        """Return the party meant, or None; raises `Ambiguous` when several answer to the name and nothing tells them apart."""
        for kind in IDENTIFIERS:
            if value := identifiers.get(kind, ""):
                ids = self._by_identifier.get((kind, value), [])
                if len(ids) == 1:
                    return self.known[ids[0]]
                if ids:
                    raise Ambiguous([self.known[one] for one in ids])
        called = [self.known[one] for one in self._by_name.get(_exactly(full_name(first_name, name)), [])]
        fitting = [one for one in called if not one.contradicts(identifiers, birth_on)]
        if len(fitting) > 1:
            raise Ambiguous(fitting)
        return fitting[0] if fitting else None

    def by_name_number(self, number: str) -> Known | None:
        """Return the party with an IPI name number, or None."""
        ids = self._by_identifier.get(("ipi_name_number", number), [])
        return self.known[ids[0]] if len(ids) == 1 else None

    def make(self, document: Document, line: int, column: str) -> Known:
        """Take up a new party under a passing id; it is registered only if something of the file that is accepted names it."""
        passing = f"new:{len(self.mentions) + 1}"
        numbers = {name: {document[name]} for name in ("ipi_base_number", "isni", "ipn") if document.get(name)}
        spoken = [full_name(document.get("first_name", ""), document["name"])]
        for row in document.get("names", []):
            spoken.append(full_name(row.get("first_name", ""), row["name"]))
            if row.get("ipi_name_number"):
                numbers.setdefault("ipi_name_number", set()).add(row["ipi_name_number"])
        one = Known(passing, spoken, numbers, document.get("birth_on", ""))
        self.known[passing] = one
        self.mentions[passing] = Mention(document, one, line, column)
        self._enter(one)
        return one

    def namesakes(self, one: Known) -> list[Known]:
        """Return other parties with exactly the same name."""
        ids = dict.fromkeys(other for name in one.names for other in self._by_name.get(_exactly(name), []))
        return [self.known[other] for other in ids if other != one.id]

    def look_alikes(self, mentions: Iterable[Mention]) -> list[tuple[Mention, Known, int]]:
        """Return (new party, one it resembles, likeness in percent), each pair once; exact namesakes are not among them."""
        new = [(_nearly(name), mention) for mention in mentions for name in dict.fromkeys(mention.known.names)]
        new = [(spelled, mention) for spelled, mention in new if len(spelled) >= 5]
        wanted = {mention.known.id for _, mention in new}
        there = [
            (_nearly(name), one)
            for one in self.known.values()
            if one.id in wanted or one.id not in self.mentions
            for name in dict.fromkeys(one.names)
        ]
        found: dict[tuple[str, str], tuple[Mention, Known, int]] = {}
        for start in range(0, len(new), _CHUNK):
            some = new[start : start + _CHUNK]
            scores = process.cdist(
                [spelled for spelled, _ in some],
                [spelled for spelled, _ in there],
                scorer=fuzz.ratio,
                score_cutoff=ALIKE,
                dtype=np.uint8,
            )
            for at, other in np.argwhere(scores):
                mention, one = some[at][1], there[other][1]
                pair = tuple(sorted((mention.known.id, one.id)))
                if mention.known.id != one.id and (pair[0], pair[1]) not in found and not self._same_name(mention.known, one):
                    found[pair[0], pair[1]] = (mention, one, int(scores[at, other]))
        return list(found.values())

    def _same_name(self, one: Known, other: Known) -> bool:
        return bool({_exactly(name) for name in one.names} & {_exactly(name) for name in other.names})

    def _enter(self, one: Known) -> None:
        for name in dict.fromkeys(_exactly(written) for written in one.names):
            if name:
                self._by_name.setdefault(name, []).append(one.id)
        for kind, values in one.identifiers.items():
            for value in values:
                self._by_identifier.setdefault((kind, value), []).append(one.id)


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


def _exactly(name: str) -> str:
    """Return a name as it counts as the same: case, punctuation and the order of words set aside, accents and script kept."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    kept = "".join(letter if unicodedata.category(letter)[0] in "LMN" else " " for letter in folded)
    return " ".join(sorted(kept.split())) or folded.strip()


def _nearly(name: str) -> str:
    """Return a name as look-alikes are sought: in Latin letters without accents, its words in alphabetical order."""
    words = plain(name).split()
    return " ".join(sorted(word for word in words if word not in _ARTICLES) or words)
