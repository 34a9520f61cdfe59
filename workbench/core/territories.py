"""Territories of the trade (CISAC TIS): dated countries and groups, a graph and not a tree, resolved as of a day.

territories = standard_territories()
territories.resolve([("+", "2123"), ("-", "250")], date(2025, 1, 1))     # the European Union without France
territories.contains("2123", "826", date(2020, 1, 31))                   # True: the United Kingdom's last day in it
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path

from rapidfuzz import fuzz, process, utils
from rapidfuzz.distance import JaroWinkler

from .errors import NotFound, WorkbenchError

WORLD = "2136"
_DATA = Path(__file__).parent / "data"
_TAKES_IN = {"+": True, "I": True, "-": False, "E": False}


@dataclass(frozen=True, slots=True)
class Territory:
    """One dated spelling of a territory: `kind` is country, geographical, political or economic; open dates are empty."""

    code: str
    letters: str
    kind: str
    name: str
    starts_on: str
    ends_on: str

    def exists_on(self, day: date) -> bool:
        """Tell whether the territory has this name on a day."""
        return _within(self.starts_on, self.ends_on, day.isoformat())


@dataclass(frozen=True, slots=True)
class Membership:
    """A territory belongs to a group from a day to a day, both included; open dates are empty."""

    group: str
    member: str
    starts_on: str
    ends_on: str


class Territories:
    """The graph of territories; make one with `standard_territories`, or from rows of your own."""

    def __init__(self, territories: Iterable[Territory], memberships: Iterable[Membership]) -> None:
        self._spellings: dict[str, list[Territory]] = {}
        for territory in territories:
            self._spellings.setdefault(territory.code, []).append(territory)
        self._members: dict[str, list[Membership]] = {}
        for membership in memberships:
            self._members.setdefault(membership.group, []).append(membership)
        self._resolved: dict[tuple[tuple[tuple[str, str], ...], date], frozenset[str]] = {}
        self._countries: dict[tuple[str, date], frozenset[str]] = {}

    def resolve(self, area: Sequence[tuple[str, str]], on: date) -> frozenset[str]:
        """Return the countries (TIS codes) an area covers on a day.

        `area` lists (sign, code) in order: `+` or `I` takes a territory in, `-` or `E` leaves it out, later entries overrule
        earlier ones. An empty area, or one that begins by leaving out, starts from the whole world. Raises `NotFound` for an
        unknown code, with the nearest ones.
        """
        key = (tuple(area), on)
        if key not in self._resolved:
            if len(self._resolved) > 100_000:  # a year of days times the areas of a large society
                self._resolved.clear()
            self._resolved[key] = self._resolve(key[0], on)
        return self._resolved[key]

    def contains(self, territory: str, country: str, on: date) -> bool:
        """Tell whether a country lies in a territory on a day."""
        self.require(country)
        return country in self._expand(territory, on)

    def name(self, code: str, on: date | None = None) -> str:
        """Return the English name of a territory, as of a day or the newest."""
        spellings = self.require(code)
        now = [one for one in spellings if on and one.exists_on(on)]
        return (now or spellings)[-1].name

    def kind(self, code: str) -> str:
        """Return country, geographical, political or economic."""
        return self.require(code)[-1].kind

    def is_country(self, code: str) -> bool:
        """Tell whether a code names a country (of today or of the past), not a group."""
        return self.kind(code) == "country"

    def codes(self) -> list[str]:
        """Return every known code, countries and groups, in numeric order."""
        return sorted(self._spellings, key=int)

    def days_of_change(self) -> list[str]:
        """Return the days, in order, on which a name or a membership begins, or has just ended (ISO text)."""
        dated: list[Territory | Membership] = [one for rows in self._spellings.values() for one in rows]
        dated += [one for rows in self._members.values() for one in rows]
        ended = {(date.fromisoformat(one.ends_on) + timedelta(days=1)).isoformat() for one in dated if one.ends_on}
        return sorted(ended | {one.starts_on for one in dated if one.starts_on})

    def search(self, text: str, limit: int = 5) -> list[Territory]:
        """Return the territories whose name or letters are most like `text`, best first."""
        known = [one for spellings in self._spellings.values() for one in spellings]
        exact = [one for one in known if text.strip().upper() in (one.letters, one.code)]
        names = process.extract(
            text, [one.name for one in known], scorer=fuzz.WRatio, processor=utils.default_process, limit=limit, score_cutoff=60
        )
        return list(dict.fromkeys([*exact, *(known[index] for _, _, index in names)]))[:limit]

    def require(self, code: str) -> list[Territory]:
        """Return a territory's dated spellings, oldest first; raises `NotFound` with the nearest known codes and names."""
        if code in self._spellings:
            return self._spellings[code]
        bare = code.strip().lstrip("0")
        like = [bare] if bare in self._spellings else [] if bare.isdecimal() else [one.code for one in self.search(code, 3)]
        like = like or [str(match[0]) for match in process.extract(bare, self.codes(), scorer=JaroWinkler.similarity, limit=3)]
        shown = " or ".join(f"{one} ({self._spellings[one][-1].name})" for one in like)
        raise NotFound(
            "no such territory", got=repr(code), expected="a TIS numeric code, like 2136", next_step=f"Did you mean {shown}?"
        )

    def _resolve(self, area: tuple[tuple[str, str], ...], on: date) -> frozenset[str]:
        found: frozenset[str] = frozenset()
        for position, (sign, code) in enumerate(area or (("+", WORLD),)):
            if sign not in _TAKES_IN:
                raise WorkbenchError("not a territory sign", got=repr(sign), expected="+ or I, - or E", where=code)
            if _TAKES_IN[sign]:
                found |= self._expand(code, on)
            else:
                found = (found if position else self._expand(WORLD, on)) - self._expand(code, on)
        return found

    def _expand(self, code: str, on: date) -> frozenset[str]:
        key = (code, on)
        if key not in self._countries:
            if len(self._countries) > 100_000:
                self._countries.clear()
            self._countries[key] = frozenset(self._walk(code, on.isoformat(), set()))
        return self._countries[key]

    def _walk(self, code: str, day: str, passed: set[str]) -> set[str]:
        """Countries below a territory; a group met twice is entered once, so a cycle in the data ends."""
        spellings = self.require(code)
        if code in passed or not any(_within(one.starts_on, one.ends_on, day) for one in spellings):
            return set()
        passed.add(code)
        if spellings[-1].kind == "country":
            return {code}
        found: set[str] = set()
        for membership in self._members.get(code, ()):
            if _within(membership.starts_on, membership.ends_on, day):
                found |= self._walk(membership.member, day, passed)
        return found


@lru_cache(maxsize=1)
def standard_territories() -> Territories:
    """Return the territories of the trade, read once from the tables kept with the program."""
    return Territories(
        (Territory(*row) for row in _rows("territories.csv")), (Membership(*row) for row in _rows("territory_members.csv"))
    )


def _rows(name: str) -> list[list[str]]:
    with (_DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))[1:]


def _within(starts_on: str, ends_on: str, day: str) -> bool:
    return (not starts_on or starts_on <= day) and (not ends_on or day <= ends_on)
