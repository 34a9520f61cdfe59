"""Invented right holders: writers and performers of many scripts, bands, publishers, labels, with numbers of a range nobody uses.

Numbers carry true check digits, so that every rule of the workbench accepts them, and stand in ranges that begin with 99: an
IPI name number `990000017..`, a base number `I-990000017-.`, an ISNI `0000 0000 99...`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Any

from ..core import identifiers
from ..core.errors import WorkbenchError
from .words import lists, weighted

OWN_SOCIETY = "399"
"""A society code that no society has."""
FOREIGN_SOCIETIES = ("052", "058", "035", "010", "128", "023")
RIGHTS = {
    "writer": ("performing", "mechanical"),
    "publisher": ("performing", "mechanical"),
    "performer": ("neighbouring",),
    "producer": ("neighbouring",),
}


@dataclass(eq=False)
class Member:
    """One right holder while the society is being invented: its document, and what the other generators need to know."""

    document: dict[str, Any]
    roles: frozenset[str]
    culture: str = ""
    display: str = ""
    """How a record sleeve or a radio log prints the name."""
    latin: str = ""
    """The name in Latin letters, where its own script is another."""
    foreign: bool = False
    writer_name: str = field(default="")

    @property
    def id(self) -> str:
        """The identifier the book gave; empty before it is saved."""
        return str(self.document.get("id", ""))


def members(rng: Random, count: int) -> list[Member]:
    """Return `count` members: about 78 % people, 7 % bands, 6 % publishers, 9 % labels; names are never repeated in full."""
    bands, publishers, labels = count * 7 // 100, max(4, count * 6 // 100), max(4, count * 9 // 100)
    numbers = _Numbers()
    seen: set[str] = set()
    people = [_person(rng, numbers, seen) for _ in range(count - bands - publishers - labels)]
    groups = [_band(rng, numbers, seen) for _ in range(bands)]
    houses = [_company(rng, numbers, seen, "publishers", "publisher", position) for position in range(publishers)]
    producers = [_company(rng, numbers, seen, "labels", "producer", position) for position in range(labels)]
    return people + groups + houses + producers


def ipi_name_number(number: int) -> str:
    """Return the IPI name number of the reserved range for a running number, with its check digits.

    >>> ipi_name_number(17)
    '99000001714'
    """
    body = f"{990_000_000 + number:09d}"
    rest = sum((10 - place) * int(digit) for place, digit in enumerate(body)) % 101
    return identifiers.ipi_name_number(body + f"{(101 - rest) % 100 if rest else 0:02d}")


def ipi_base_number(number: int) -> str:
    """Return the IPI base number of the reserved range for a running number, with its check digit."""
    return _first_valid(identifiers.ipi_base_number, f"I{990_000_000 + number:09d}", "0123456789")


def isni(number: int) -> str:
    """Return the ISNI of the reserved range for a running number, with its check character."""
    return _first_valid(identifiers.isni, f"0000000099{number:05d}", "0123456789X")


def _first_valid(rule: Any, body: str, marks: str) -> str:
    for mark in marks:
        try:
            return str(rule(body + mark))
        except WorkbenchError:
            continue
    raise AssertionError(body)


class _Numbers:
    """Running numbers, so that no two names share one."""

    def __init__(self) -> None:
        self.names = self.bases = self.performers = 0

    def name(self) -> str:
        self.names += 1
        return ipi_name_number(self.names)

    def base(self) -> str:
        self.bases += 1
        return ipi_base_number(self.bases)

    def ipn(self) -> str:
        self.performers += 1
        return f"99{self.performers:06d}"


def _person(rng: Random, numbers: _Numbers, seen: set[str]) -> Member:
    cultures = lists("names")
    culture = rng.choices(*weighted(cultures))[0]
    words = cultures[culture]
    while True:
        first, last, latin_first, latin_last = _draw_name(rng, words)
        if f"{first} {last}" not in seen:
            seen.add(f"{first} {last}")
            break
    roles = frozenset(rng.choices([("writer",), ("performer",), ("writer", "performer")], (40, 22, 38))[0])
    with_ipi = "writer" in roles and rng.random() < 0.93
    name_number = numbers.name() if with_ipi else ""
    names = [{"kind": "patronymic", "name": last, "first_name": first, "ipi_name_number": name_number}]
    latin = f"{latin_first} {latin_last}" if latin_last else ""
    if latin:
        names.append({"kind": "other", "name": latin_last, "first_name": latin_first, "ipi_name_number": ""})
    display = f"{first} {last}"
    if "performer" in roles and rng.random() < 0.35:
        pseudonym = _pseudonym(rng, first, latin_first, seen)
        names.append(
            {"kind": "pseudonym", "name": pseudonym, "first_name": "", "ipi_name_number": numbers.name() if with_ipi else ""}
        )
        display = pseudonym
    elif latin and rng.random() < 0.4:
        display = latin
    foreign = rng.random() < 0.12
    base = numbers.base() if with_ipi else ""
    document = {
        "kind": "natural",
        "name": last,
        "first_name": first,
        "ipi_base_number": base,
        "isni": isni(numbers.bases) if with_ipi and rng.random() < 0.5 else "",
        "ipn": numbers.ipn() if "performer" in roles and rng.random() < 0.8 else "",
        "birth_on": f"{rng.randint(1938, 2004)}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}",
        "territory": words["territory"][0] if foreign or rng.random() < 0.5 else "404",
        "language": words["language"],
        "names": names,
        "affiliations": _affiliations(rng, roles, foreign),
    }
    return Member(document, roles, culture, display, latin, foreign, writer_name=f"{first} {last}")


def _draw_name(rng: Random, words: dict[str, Any]) -> tuple[str, str, str, str]:
    place = rng.randrange(len(words["first"]))
    first = words["first"][place]
    latin_first = words["latin_first"][place] if "latin_first" in words else ""
    if "last" in words:
        spot = rng.randrange(len(words["last"]))
        last, latin_last = words["last"][spot], words["latin_last"][spot]
        if rng.random() < 0.6:
            extra = rng.randrange(len(words["first"]))
            first, latin_first = f"{first} {words['first'][extra]}", f"{latin_first} {words['latin_first'][extra]}"
        return first, last, latin_first, latin_last
    if rng.random() < 0.3:
        first = f"{first} {rng.choice(words['first'])}"
    return first, rng.choice(words["start"]) + rng.choice(words["end"]), latin_first, ""


def _pseudonym(rng: Random, first: str, latin_first: str, seen: set[str]) -> str:
    parts = lists("companies")["pseudonyms"]
    while True:
        word = rng.choice(parts["end"])
        name = rng.choice(
            [
                f"{rng.choice(parts['start'])} {word}",
                f"{(latin_first or first).split()[0]} {word}",
                word + str(rng.randint(2, 99)),
            ]
        )
        if name not in seen:
            seen.add(name)
            return str(name)


def _band(rng: Random, numbers: _Numbers, seen: set[str]) -> Member:
    parts = lists("companies")["bands"]
    while True:
        name = f"{rng.choice(parts['start'])} {rng.choice(parts['middle'])}"
        if rng.random() < 0.7:
            name += f" {rng.choice(parts['end'])}"
        if name not in seen:
            seen.add(name)
            break
    foreign = rng.random() < 0.1
    document = {
        "kind": "group",
        "name": name,
        "territory": "404",
        "ipn": numbers.ipn(),
        "names": [{"kind": "group", "name": name, "first_name": "", "ipi_name_number": ""}],
        "affiliations": _affiliations(rng, frozenset({"performer"}), foreign),
    }
    return Member(document, frozenset({"performer"}), "band", name, "", foreign)


def _company(rng: Random, numbers: _Numbers, seen: set[str], kind: str, role: str, position: int) -> Member:
    parts = lists("companies")[kind]
    while True:
        name = f"{rng.choice(parts['start'])} {rng.choice(parts['end'])}"
        if name in seen:
            name = f"{rng.choice(parts['start'])} {name}"
        if name not in seen:
            seen.add(name)
            break
    foreign = role == "publisher" and position % 3 == 2
    publisher = role == "publisher"
    document = {
        "kind": "legal",
        "name": name,
        "ipi_base_number": numbers.base() if publisher else "",
        "territory": rng.choice(["826", "250", "276"]) if foreign else "404",
        "names": [{"kind": "patronymic", "name": name, "first_name": "", "ipi_name_number": numbers.name() if publisher else ""}],
        "affiliations": _affiliations(rng, frozenset({role}), foreign),
    }
    return Member(document, frozenset({role}), "company", name, "", foreign)


def _affiliations(rng: Random, roles: frozenset[str], foreign: bool) -> list[dict[str, Any]]:
    society = rng.choice(FOREIGN_SOCIETIES) if foreign else OWN_SOCIETY
    starts_on = f"{rng.randint(1988, 2023)}-{rng.randint(1, 12):02d}-01"
    rights = sorted({right for role in roles for right in RIGHTS[role]})
    return [{"society": society, "right": right, "territory": "2136", "starts_on": starts_on, "ends_on": ""} for right in rights]
