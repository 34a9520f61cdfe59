"""What a party may say of itself, and what is odd in what it says: names, life, affiliations, members, successors.

`valid` refuses what cannot stand (a code nobody knows, members of a person); `odd` lists what a clerk should look at (dead before
born, two societies for one right).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from itertools import combinations
from typing import Any

from ..core.documents import Document
from ..core.errors import Finding, WorkbenchError
from ..core.shares import format_percent
from ..core.territories import WORLD, standard_territories
from . import rules, successors

IDENTIFIERS = ("ipi_name_number", "ipi_base_number", "isni", "ipn")
STATUSES = tuple(one for one in rules.STATUSES if one != "in_dispute")
ROLES = (*rules.WORK_ROLES, *rules.RECORDING_ROLES)
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}", re.ASCII)


def valid(document: Document) -> None:
    """Put identifiers into their stored spelling, in place; raise `WorkbenchError` naming the field that cannot stand."""
    where = rules.place(document, "party")
    rules.one_of(document, "kind", rules.PARTY_KINDS, where)
    rules.one_of(document, "status", STATUSES, where)
    rules.filled(document, "name", where)
    for field in ("ipi_base_number", "isni", "ipn"):
        rules.identifier(document, field, where)
    rules.period(document, where, "birth_on", "death_on")
    rules.territory(document, "territory", where)
    rules.territory(document, "nationality", where)
    if document["nationality"] and not standard_territories().is_country(document["nationality"]):
        raise WorkbenchError(
            "nationality is not a country", got=document["nationality"], expected="the TIS code of a country", where=where
        )
    rules.society(document, "society_code", where)
    _language(document, where)
    for part, check in PARTS.items():
        for position, row in enumerate(document[part], start=1):
            check(document, row, rules.place(document, "party", part, position))
    if over := successors.over_the_whole(document):
        right, day, total = over
        raise WorkbenchError(
            "successors have more than the whole",
            got=f"{format_percent(total)} % of {right or 'every right'}" + (f" on {day}" if day else ""),
            expected="at most 100 %",
            where=where,
            next_step="Correct the shares, or the dates from when to when each holds.",
        )


def _name(_document: Document, row: dict[str, Any], where: str) -> None:
    rules.one_of(row, "kind", rules.NAME_KINDS, where)
    rules.filled(row, "name", where)
    rules.identifier(row, "ipi_name_number", where)
    _language(row, where)
    if not row["transliteration"].isascii() and not _is_latin(row["transliteration"]):
        raise WorkbenchError("a transliteration is in Latin letters", got=row["transliteration"], where=where)


def _affiliation(_document: Document, row: dict[str, Any], where: str) -> None:
    rules.society(row, "society", where)
    rules.one_of(row, "right", ("", *rules.RIGHTS), where)
    rules.territory(row, "territory", where)
    rules.one_of(row, "role", ("", *ROLES), where)
    rules.period(row, where)


def _member(document: Document, row: dict[str, Any], where: str) -> None:
    if document["kind"] != "group":
        raise WorkbenchError(
            "only a group has members",
            got=document["kind"],
            where=where,
            next_step="Register the band as a group, with this member.",
        )
    _not_itself(document, row["member_party_id"], "a member of itself", where)
    rules.period(row, where)


def _successor(document: Document, row: dict[str, Any], where: str) -> None:
    rules.one_of(row, "kind", rules.SUCCESSOR_KINDS, where)
    rules.one_of(row, "right", ("", *rules.RIGHTS), where)
    rules.share(row, "share_ppm", where)
    rules.period(row, where)
    _not_itself(document, row["successor_party_id"], "its own successor", where)
    if document["kind"] != "natural" and row["kind"] != "legal_successor":
        step = "A company or a group is followed by a legal_successor."
        raise WorkbenchError("only a person leaves heirs", got=row["kind"], where=where, next_step=step)


PARTS: Mapping[str, Callable[[Document, dict[str, Any], str], None]] = {
    "names": _name,
    "affiliations": _affiliation,
    "members": _member,
    "successors": _successor,
}


def odd(one: Document) -> Iterator[Finding]:
    """Yield what is odd within one party's own document."""
    if one["birth_on"] and one["death_on"] and one["death_on"] < one["birth_on"]:
        yield rules.odd(one, "period_order", "death before birth", "death_on", one["death_on"], one["birth_on"])
    for part in ("affiliations", "members", "successors"):
        yield from (rules.period_order(one, row, part) for row in one[part] if rules.ends_before_it_starts(row))
    yield from two_societies(one)
    for row in one["successors"]:
        if row["kind"] == "legal_successor":
            continue
        if not one["death_on"]:
            step = "Enter the day of death, or wait with the heirs: until then nothing goes to them."
            yield rules.odd(
                one, "heirs_of_the_living", "heirs of a party that is not said to be dead", "successors", what_to_do=step
            )
            break
        if row["starts_on"] and row["starts_on"] < one["death_on"]:
            step = "Correct one of the two days: an heir succeeds at death, not before."
            message = "an heir succeeds before the death"
            yield rules.odd(one, "heir_before_death", message, "successors", row["starts_on"], one["death_on"], step)


def two_societies(one: Document) -> Iterator[Finding]:
    """Yield a finding for each two affiliations that give one right, role and class to two societies at one place and time."""
    rows = one["affiliations"]
    for first, second in combinations(rows, 2) if len(rows) > 1 else ():
        if first["society"] == second["society"] or not _meets(first, second):
            continue
        right = first["right"] or second["right"] or "every right"
        got = f"{right}: {first['society']} and {second['society']}"
        yield rules.odd(
            one,
            "two_societies",
            "two societies manage the same right at the same place and time",
            "affiliations",
            got,
            "one society",
            "End the older affiliation, or name the territories each society is for.",
        )


def _meets(first: Mapping[str, Any], second: Mapping[str, Any]) -> bool:
    for field in ("right", "role", "creation_class"):
        if first[field] and second[field] and first[field] != second[field]:
            return False
    starts = max(first["starts_on"], second["starts_on"])
    ends = min((row["ends_on"] for row in (first, second) if row["ends_on"]), default="")
    if ends and starts > ends:
        return False
    areas = [row["territory"] or WORLD for row in (first, second)]
    if areas[0] == areas[1] or WORLD in areas:
        return True
    on = date.fromisoformat(starts or ends or date.today().isoformat())  # noqa: DTZ011  a calendar day, not an instant
    territories = standard_territories()
    return bool(territories.resolve([("I", areas[0])], on) & territories.resolve([("I", areas[1])], on))


def _language(row: Mapping[str, Any], where: str) -> None:
    if row["language"] and not _LANGUAGE.fullmatch(row["language"]):
        raise WorkbenchError(
            "language is not a code", got=repr(row["language"]), expected="two or three letters, like sw", where=where
        )


def _not_itself(document: Document, named: str, what: str, where: str) -> None:
    if document["id"] and named == document["id"]:
        raise WorkbenchError(f"a party cannot be {what}", got=named, where=where)


def _is_latin(text: str) -> bool:
    return all(ord(letter) < 0x250 or 0x1E00 <= ord(letter) < 0x1F00 or not letter.isalpha() for letter in text)
