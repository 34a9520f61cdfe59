"""Share pictures: who owns one right of a work in one territory on one day, from share rows that hold somewhere, for some time.

A writer owns all of a song in Africa and half of it elsewhere, where a publisher owns the other half since 2020:

    share 1  W  CA  500,000                       share 3  W  CA  500,000  territory 2100 (Africa)
    share 2  P  E   500,000  from 2020-01-01, territory 2120 (Europe)

In Kenya the picture is W 1,000,000; in Norway W 500,000 and P 500,000 since 2020, and before that half of it is missing. A row
counts where its territory covers every country asked for, by the dated graph of territories.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

import pandas as pd

from ..core.errors import unknown
from ..core.shares import TOLERANCE_PPM, WHOLE
from ..core.territories import WORLD, standard_territories
from .rules import OWNED_AS, OWNED_RIGHTS

Area = tuple[tuple[str, str], ...]
"""Territory entries in order: ("I", TIS code) takes in, ("E", TIS code) leaves out."""
Row = Mapping[str, Any]
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class PictureRow:
    """One share row of a picture: its place among the work's rows (from 1), and what it owns in parts per million."""

    position: int
    party_id: str
    role: str
    share_ppm: int
    represents_party_id: str | None = None


@dataclass(frozen=True)
class SharePicture:
    """Who owns one right in one area, from `starts_on` to `ends_on` (ISO dates, both included, empty when open).

    `rows` are the rows in force, also those that own nothing of this right (a sub-publisher, a writer without a share).
    `elsewhere` are rows in force then whose territory covers only a part of the area: the picture differs inside it.
    """

    right: str
    area: Area
    starts_on: str
    ends_on: str
    rows: tuple[PictureRow, ...]
    elsewhere: tuple[PictureRow, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)

    @property
    def total_ppm(self) -> int:
        """What is owned in all; 1,000,000 is the whole."""
        return sum(row.share_ppm for row in self.rows)

    @property
    def missing_ppm(self) -> int:
        """What nobody claims; 0 within the tolerance."""
        return WHOLE - self.total_ppm if self.total_ppm < WHOLE - TOLERANCE_PPM else 0

    @property
    def over_ppm(self) -> int:
        """What is claimed twice: counter-claims; 0 within the tolerance."""
        return self.total_ppm - WHOLE if self.total_ppm > WHOLE + TOLERANCE_PPM else 0

    @property
    def is_whole(self) -> bool:
        """Whether the shares total 100 % within the tolerance."""
        return not (self.missing_ppm or self.over_ppm)

    @property
    def territory(self) -> str:
        """The area in one text: `+2136 -404`."""
        return area_text(self.area)

    def frame(self) -> pd.DataFrame:
        """Return one row per share row in force: position, party_id, party, role, share_ppm, represents_party_id."""
        rows = [
            (row.position, row.party_id, self.names.get(row.party_id, ""), row.role, row.share_ppm, row.represents_party_id)
            for row in self.rows
        ]
        return pd.DataFrame(rows, columns=["position", "party_id", "party", "role", "share_ppm", "represents_party_id"])


def share_picture(shares: Iterable[Row], right: str, territory: str = WORLD, on: date | str = "") -> SharePicture:
    """Return the picture of a work's share rows for a right, a territory (TIS code) and a day (default today).

    A right that is not kept by itself (lending, private copying) is owned as the one it follows, see `rules.OWNED_AS`. Raises
    `NotFound` for another right or territory.

    >>> rows = [{"party_id": "W", "role": "CA", "performing_ppm": 500_000},
    ...         {"party_id": "P", "role": "E", "performing_ppm": 500_000, "territory": "404", "starts_on": "2020-01-01"}]
    >>> share_picture(rows, "performing", "404", "2025-07-01").total_ppm
    1000000
    >>> share_picture(rows, "performing", "578", "2025-07-01").missing_ppm
    500000
    """
    owned = owned_right(right)
    territory = territory or WORLD
    standard_territories().require(territory)
    day = as_day(on)
    rows = list(shares)
    now = [(position, row) for position, row in enumerate(rows, start=1) if runs_on(row, day.isoformat())]
    here = [(position, row) for position, row in now if covers(row, territory, day)]
    partly = [(p, row) for p, row in now if not covers(row, territory, day) and _touches(row, territory, day)]
    starts_on, ends_on = next(
        (first, last)
        for first, last in periods(rows)
        if (not first or first <= day.isoformat()) and (not last or day.isoformat() <= last)
    )
    return SharePicture(right, (("I", territory),), starts_on, ends_on, _made(here, owned), _made(partly, owned))


def pictures(shares: Iterable[Row], right: str) -> list[SharePicture]:
    """Return the distinct pictures of a right, oldest period first: every period and area in which another set of rows holds.

    Groups of territories are taken as they stand on a period's last day, or today in a period that is open or not over.
    """
    owned = owned_right(right)
    rows = list(shares)
    found: list[SharePicture] = []
    for first, last in periods(rows):
        running = [
            (position, row)
            for position, row in enumerate(rows, start=1)
            if (not row.get("starts_on") or (first and row["starts_on"] <= first))
            and (not row.get("ends_on") or (last and last <= row["ends_on"]))
        ]
        codes = frozenset(code for _, row in running if (code := _code(row)))
        for area, covering in areas(codes, reference_day(first, last)):
            here = [(position, row) for position, row in running if not _code(row) or _code(row) in covering]
            found.append(SharePicture(right, area, first, last, _made(here, owned)))
    return _joined(found)


def in_force(shares: Iterable[Row], territory: str, on: date) -> list[Row]:
    """Return the share rows in force in a territory (TIS code) on a day, in order."""
    return [row for row in shares if runs_on(row, on.isoformat()) and covers(row, territory, on)]


def owned_right(right: str) -> str:
    """Return the right whose ownership shares answer for a right; raises `NotFound` where works keep none."""
    owned = OWNED_AS.get(right, right)
    if owned not in OWNED_RIGHTS:
        raise unknown("right of a work", right, [*OWNED_RIGHTS, *OWNED_AS], where="share_picture")
    return owned


def as_day(on: date | str) -> date:
    """Return a day given as a date or as ISO text; empty text is today."""
    if not on:
        return date.today()  # noqa: DTZ011  a share ends by the calendar on the wall
    return date.fromisoformat(on) if isinstance(on, str) else on


def runs_on(row: Row, day: str) -> bool:
    """Tell whether a row's period takes in a day (ISO text)."""
    starts_on, ends_on = row.get("starts_on"), row.get("ends_on")
    return (not starts_on or starts_on <= day) and (not ends_on or day <= ends_on)


def covers(row: Row, territory: str, on: date) -> bool:
    """Tell whether a row's territory takes in every country of a territory on a day."""
    code = _code(row)
    if not code or code == territory:
        return True
    graph = standard_territories()
    asked = graph.resolve((("I", territory),), on)
    return bool(asked) and asked <= graph.resolve((("I", code),), on)


def periods(rows: Iterable[Row]) -> list[tuple[str, str]]:
    """Return the periods, oldest first and without a gap, within which the same rows run; the first and the last are open.

    >>> periods([{"starts_on": "2020-01-01"}, {"ends_on": "2024-12-31"}])
    [('', '2019-12-31'), ('2020-01-01', '2024-12-31'), ('2025-01-01', '')]
    """
    firsts = set()
    for row in rows:
        if row.get("starts_on"):
            firsts.add(row["starts_on"])
        if row.get("ends_on"):
            firsts.add((date.fromisoformat(row["ends_on"]) + _DAY).isoformat())
    starts = ["", *sorted(firsts)]
    return [
        (first, (date.fromisoformat(after) - _DAY).isoformat() if after else "")
        for first, after in zip(starts, [*starts[1:], ""], strict=True)
    ]


def reference_day(starts_on: str, ends_on: str) -> date:
    """Return the day on which groups of territories are looked at for a period: its last, or today where it is not over."""
    today = as_day("")
    last = date.fromisoformat(ends_on) if ends_on else today
    first = date.fromisoformat(starts_on) if starts_on else date.min
    return max(min(last, today), first)


def areas(codes: frozenset[str], on: date) -> list[tuple[Area, frozenset[str]]]:
    """Return the areas of the world within which the same codes apply, each with those codes; together they are the world.

    >>> areas(frozenset({"404"}), date(2025, 1, 1))
    [((('I', '2136'), ('E', '404')), frozenset()), ((('I', '404'),), frozenset({'404'}))]
    """
    graph = standard_territories()
    countries = {code: graph.resolve((("I", code),), on) for code in codes}
    grouped: dict[frozenset[str], set[str]] = {}
    for country in graph.resolve((("I", WORLD),), on).union(*countries.values()):
        grouped.setdefault(frozenset(code for code, inside in countries.items() if country in inside), set()).add(country)
    made = []
    for covering, inside in grouped.items():
        base = min(covering, key=lambda code: (len(countries[code]), code), default=WORLD)
        out = [code for code in sorted(codes - covering, key=int) if countries[code] & graph.resolve((("I", base),), on)]
        area: Area = (("I", base), *(("E", code) for code in out))
        if graph.resolve(area, on) != inside:  # territories that cross: name the countries themselves
            area = tuple(("I", code) for code in sorted(inside, key=int))
        made.append((area, covering))
    return sorted(made, key=lambda one: (sorted(one[1]), one[0]))


def area_text(area: Sequence[tuple[str, str]]) -> str:
    """Return an area in one text: `+2136 -404`."""
    return " ".join(f"{'+' if sign == 'I' else '-'}{code}" for sign, code in area)


def _code(row: Row) -> str:
    code = str(row.get("territory") or "")
    return "" if code == WORLD else code


def _touches(row: Row, territory: str, on: date) -> bool:
    graph = standard_territories()
    return bool(graph.resolve((("I", _code(row)),), on) & graph.resolve((("I", territory),), on))


def _made(rows: Iterable[tuple[int, Row]], owned: str) -> tuple[PictureRow, ...]:
    return tuple(
        PictureRow(position, row["party_id"], row["role"], int(row.get(f"{owned}_ppm") or 0), row.get("represents_party_id"))
        for position, row in rows
    )


def _joined(found: list[SharePicture]) -> list[SharePicture]:
    """Join periods that follow each other where the same rows hold in the same area."""
    joined: list[SharePicture] = []
    open_at: dict[Area, int] = {}
    for one in found:
        at = open_at.get(one.area)
        if at is not None and joined[at].rows == one.rows and _follows(joined[at], one):
            joined[at] = replace(joined[at], ends_on=one.ends_on)
        else:
            open_at[one.area] = len(joined)
            joined.append(one)
    return joined


def _follows(before: SharePicture, after: SharePicture) -> bool:
    return bool(before.ends_on) and (date.fromisoformat(before.ends_on) + _DAY).isoformat() == after.starts_on
