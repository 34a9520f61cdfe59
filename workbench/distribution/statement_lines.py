"""What each payee's statement says, read from the files of a run: every line of earnings with its source, and how it adds up.

One statement is about one payee in one currency. Its lines come from `entitlements`, joined to who paid (pools, licences), what
was used (works, recordings) and how often (usage_points, usages); its totals are the payee's row of `balances`, and the lines sum
to what was earned there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

from ..core.engine import Engine
from ..core.errors import DamagedBook
from .results import table

_NEEDED = (
    "usages",
    "licences",
    "works",
    "recordings",
    "parties",
    "pools",
    "deductions",
    "usage_points",
    "entitlements",
    "holds",
    "balances",
)


@dataclass(frozen=True, slots=True)
class Person:
    """A party as a statement names it."""

    party_id: str
    name: str
    ipi_name_number: str = ""
    ipn: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One group of uses of one work or recording, and what one share of it earned."""

    pool_id: str
    licensee: str
    tariff: str
    right: str
    target_kind: str
    target_id: str
    title: str
    artist: str
    iswc: str
    isrc: str
    used_from: str
    used_to: str
    uses: int
    seconds: int
    party_id: str
    party: str
    role: str
    owner_party_id: str
    owner: str
    chain: str
    share_ppt: int
    amount_micros: int


@dataclass(frozen=True, slots=True)
class Held:
    """Money that waits in the name of this payee, and why; it is no part of what was earned."""

    pool_id: str
    right: str
    reason: str
    target_kind: str
    target_id: str
    title: str
    expires_on: str
    amount_micros: int


@dataclass(frozen=True, slots=True)
class Deduction:
    """One deduction from a pool."""

    name: str
    base_micros: int
    rate_ppm: int
    amount_micros: int


@dataclass(frozen=True, slots=True)
class Source:
    """One pool this payee earned from: what the licensee paid, what was taken off, what was left for all right holders."""

    pool_id: str
    licensee: str
    right: str
    received_micros: int
    deducted_micros: int
    net_micros: int
    deductions: tuple[Deduction, ...]


@dataclass(frozen=True, slots=True)
class Statement:
    """Everything one payee's statement says; brought forward + earned + corrected = payable + carried forward."""

    payee_id: str
    currency: str
    payee: Person
    brought_forward_micros: int
    earned_micros: int
    corrected_micros: int
    payable_micros: int
    carried_forward_micros: int
    lines: tuple[Line, ...]
    held: tuple[Held, ...]
    sources: tuple[Source, ...] = field(repr=False)

    @property
    def name(self) -> str:
        """The statement's file name without its ending, like `TALA-P-000017-KES`."""
        return f"{self.payee_id.replace(':', '-')}-{self.currency}"

    @property
    def carried_reason(self) -> str:
        """Why something is carried forward: negative, below_minimum, below_smallest_coin; empty when nothing is."""
        if not self.carried_forward_micros:
            return ""
        if self.carried_forward_micros < 0:
            return "negative"
        return "below_smallest_coin" if self.payable_micros else "below_minimum"


def read_statements(folder: Path, payees: Iterable[str] | None = None) -> Iterator[Statement]:
    """Yield the statements of a run folder, by payee and currency, for all payees or the ones named.

    Raises `DamagedBook` where a payee's lines do not sum to the balance: a statement that does not add up is never written.
    """
    wanted = None if payees is None else set(payees)
    with Engine() as engine:
        for name in _NEEDED:
            declared = table(name)
            engine.load_csv(name, declared.path(folder), {column.name: column.type for column in declared.columns})
        people = {row[0]: Person(*row) for row in engine.rows(_PEOPLE)}
        sources = _sources(engine)
        held = _held(engine)
        lines = groupby(_lines(engine, wanted), key=itemgetter(0, 1))
        waiting = next(lines, None)
        for payee_id, currency, *totals in _balances(engine, wanted):
            own: list[Line] = []
            if waiting is not None and waiting[0] == (payee_id, currency):
                own = [Line(*row[2:]) for row in waiting[1]]
                waiting = next(lines, None)
            yield _statement(payee_id, currency, totals, own, held, sources, people)
        if waiting is not None:
            raise DamagedBook("entitlements name a payee without a balance", got=" ".join(waiting[0]), where=folder)


def _balances(engine: Engine, wanted: set[str] | None) -> list[tuple[Any, ...]]:
    rows = engine.rows("SELECT * FROM balances ORDER BY payee_id, currency")
    return [row for row in rows if wanted is None or row[0] in wanted]


def _statement(
    payee_id: str,
    currency: str,
    totals: list[int],
    lines: list[Line],
    held: dict[tuple[str, str], list[Held]],
    sources: dict[str, Source],
    people: dict[str, Person],
) -> Statement:
    brought, earned, corrected, payable, carried = totals
    found = sum(line.amount_micros for line in lines)
    if found != earned or brought + earned + corrected != payable + carried:
        raise DamagedBook("a statement does not add up", got=found, expected=earned, where=f"{payee_id} {currency}")
    pools = sorted({line.pool_id for line in lines})
    return Statement(
        payee_id,
        currency,
        people.get(payee_id) or Person(payee_id, ""),
        brought,
        earned,
        corrected,
        payable,
        carried,
        tuple(lines),
        tuple(held.get((payee_id, currency), ())),
        tuple(sources[pool] for pool in pools),
    )


def _lines(engine: Engine, wanted: set[str] | None) -> Iterator[tuple[Any, ...]]:
    return (row for row in list(engine.rows(_LINES)) if wanted is None or row[0] in wanted)


def _sources(engine: Engine) -> dict[str, Source]:
    taken: dict[str, list[Deduction]] = defaultdict(list)
    for pool_id, *row in engine.rows(
        "SELECT pool_id, name, base_micros, rate_ppm, amount_micros FROM deductions ORDER BY pool_id, position"
    ):
        taken[pool_id].append(Deduction(*row))
    return {
        pool_id: Source(pool_id, licensee, right, received, deducted, net, tuple(taken[pool_id]))
        for pool_id, licensee, right, received, deducted, net in engine.rows(_SOURCES)
    }


def _held(engine: Engine) -> dict[tuple[str, str], list[Held]]:
    found: dict[tuple[str, str], list[Held]] = defaultdict(list)
    for party_id, currency, *row in engine.rows(_HELD):
        found[party_id, currency].append(Held(*row))
    return found


_PEOPLE = """
    SELECT party_id, TRIM(first_name || ' ' || name), ipi_name_number, ipn, language FROM parties
"""
_SOURCES = """
    SELECT p.pool_id, COALESCE(l.licensee_name, p.licence_id), p."right", p.received_micros, p.deducted_micros, p.net_micros
    FROM pools p LEFT JOIN licences l USING (licence_id)
"""
_HELD = """
    SELECT h.party_id, h.currency, h.pool_id, h."right", h.reason, h.target_kind, h.target_id,
        COALESCE(w.title, r.title, ''), h.expires_on, h.amount_micros
    FROM holds h
    LEFT JOIN works w ON h.target_kind = 'work' AND w.work_id = h.target_id
    LEFT JOIN recordings r ON h.target_kind = 'recording' AND r.recording_id = h.target_id
    WHERE h.party_id <> ''
    ORDER BY h.party_id, h.currency, h.pool_id, h.reason, h.target_id, h.as_of_on
"""
_LINES = """
    WITH used AS (
        SELECT p.pool_id, p.target_id, p.as_of_on, CAST(SUM(COALESCE(u.plays, 1)) AS BIGINT) AS uses,
            CAST(SUM(COALESCE(u.plays, 1) * COALESCE(u.duration_seconds, 0)) AS BIGINT) AS seconds,
            MIN(u.used_on) AS used_from, MAX(u.used_on) AS used_to
        FROM usage_points p JOIN usages u USING (usage_id)
        WHERE p.target_id <> ''
        GROUP BY ALL
    )
    SELECT e.payee_id, e.currency, e.pool_id, COALESCE(l.licensee_name, o.licence_id), o.tariff, e."right",
        e.target_kind, e.target_id, COALESCE(w.title, r.title, ''),
        COALESCE(r.main_artist, ''), COALESCE(w.iswc, ''), COALESCE(r.isrc, ''),
        COALESCE(t.used_from, ''), COALESCE(t.used_to, ''), COALESCE(t.uses, 0), COALESCE(t.seconds, 0),
        e.party_id, COALESCE(TRIM(a.first_name || ' ' || a.name), ''), e.role,
        e.owner_party_id, COALESCE(TRIM(b.first_name || ' ' || b.name), ''), e.chain, e.share_ppt, e.amount_micros
    FROM entitlements e
    JOIN pools o USING (pool_id)
    LEFT JOIN licences l USING (licence_id)
    LEFT JOIN used t ON t.pool_id = e.pool_id AND t.target_id = e.target_id AND t.as_of_on = e.as_of_on
    LEFT JOIN works w ON e.target_kind = 'work' AND w.work_id = e.target_id
    LEFT JOIN recordings r ON e.target_kind = 'recording' AND r.recording_id = e.target_id
    LEFT JOIN parties a ON a.party_id = e.party_id
    LEFT JOIN parties b ON b.party_id = e.owner_party_id
    ORDER BY e.payee_id, e.currency, e.target_id, e.pool_id, e.as_of_on, e.party_id, e.role, e.owner_party_id, e.chain
"""
