"""What a run tells about the money it holds: each gap in the documentation with the money it keeps back, largest first.

code               source          message                                             got
unmatched          TALA-C-000001   the usage line matches nothing in the repertoire    1353.728 KES held in 3 pools
work_undocumented  TALA-W-000832   the recording's work, or ..., are not documented    56.829447 KES held of Malaika
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..core.errors import Finding
from ..core.money import Money
from .holds import REASONS

MOST = 100
"""How many works, recordings and parties of one reason are named one by one; the rest is added up."""
_RULE_BOOK = "See the rule book's rule for absent groups, complete the contributors, then prepare the run again."
TO_DO = {
    "unmatched": "Register what is missing and match again, or rule what it is, then prepare the run again.",
    "doubtful": "Rule on the doubts (wb.matching.queue, or the review app), then prepare the run again.",
    "work_undocumented": "Document the work with its writers and shares, then prepare the run again.",
    "recording_unknown": "Register the recording that was used, then match and prepare again.",
    "shares_incomplete": "Complete the shares to 100 %, then prepare the run again.",
    "shares_over": "Settle the shares: ask whose claim is too large, then prepare the run again.",
    "producer_unknown": "Enter the recording's producer, then prepare the run again.",
    "performer_unknown": "Enter the recording's featured performers, then prepare the run again.",
    "no_mandate": "Register the party's mandate, or its affiliation to another society, then prepare the run again.",
    "no_usage": "Load the licensee's usage report (workbench usage load) and match it, then prepare the run again.",
    "no_points": "Look at the durations and plays that were reported, and ask the licensee.",
    "negative_money": "Look at the receipts: more was paid back than received.",
}
"""What to do about each reason of the workbench."""


@dataclass(frozen=True, slots=True)
class Told:
    """A finding and the money it is about."""

    finding: Finding
    currency: str
    micros: int

    def as_row(self) -> dict[str, object]:
        """Return the finding as a flat row, with `currency` and `amount_micros`."""
        return {**self.finding.as_row(), "currency": self.currency, "amount_micros": self.micros}


@dataclass(slots=True)
class _Sum:
    micros: int
    pools: set[str]
    rights: set[str]


def tell_holds(holds: Iterable[Mapping[str, object]], titles: Mapping[str, str], licences: Mapping[str, str]) -> list[Told]:
    """Return a finding per reason and thing that holds money, the largest amount first.

    The thing is the work or recording, for `no_mandate` the party, else the licence. `holds` are rows of that result, `titles`
    names targets, `licences` says whose licence a pool is of. Of one reason and currency the first `MOST` are named.
    """
    sums: dict[tuple[str, str, str], _Sum] = {}
    for row in holds:
        pool, reason = str(row["pool_id"]), str(row["reason"])
        about = str(row["party_id"] if reason == "no_mandate" else row["target_id"]) or licences[pool]
        entry = sums.setdefault((reason, str(row["currency"]), about), _Sum(0, set(), set()))
        entry.micros += int(str(row["amount_micros"]))
        entry.pools.add(pool)
        entry.rights.add(str(row["right"]))
    ordered = sorted(sums.items(), key=lambda item: (-item[1].micros, item[0]))
    named: dict[tuple[str, str], int] = {}
    told: list[Told] = []
    rest: dict[tuple[str, str], tuple[int, int]] = {}
    for (reason, currency, about), entry in ordered:
        place = (reason, currency)
        named[place] = named.get(place, 0) + 1
        if named[place] <= MOST:
            told.append(_one(reason, currency, about, entry, titles))
        else:
            count, micros = rest.get(place, (0, 0))
            rest[place] = (count + 1, micros + entry.micros)
    told += [_more(reason, currency, count, micros) for (reason, currency), (count, micros) in rest.items()]
    return sorted(told, key=lambda each: (-each.micros, each.finding.code, each.finding.source))


def _one(reason: str, currency: str, about: str, entry: _Sum, titles: Mapping[str, str]) -> Told:
    pools = f" in {len(entry.pools)} pools" if len(entry.pools) > 1 else f" in pool {next(iter(entry.pools))}"
    title = f" of {titles[about]}" if titles.get(about) else ""
    return Told(
        Finding(
            "record" if about in titles or reason == "no_mandate" else "batch",
            reason,
            _in_words(reason),
            field=", ".join(sorted(entry.rights)),
            got=f"{Money(currency, entry.micros)} held{title}{pools}",
            source=about,
            what_to_do=TO_DO.get(reason, _RULE_BOOK),
        ),
        currency,
        entry.micros,
    )


def _more(reason: str, currency: str, count: int, micros: int) -> Told:
    got = f"{Money(currency, micros)} held of {count:,} more"
    return Told(Finding("batch", reason, _in_words(reason), got=got, what_to_do=TO_DO.get(reason, _RULE_BOOK)), currency, micros)


def _in_words(reason: str) -> str:
    return REASONS.get(reason, reason.replace("_", " "))
