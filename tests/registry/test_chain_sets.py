"""Many chains at once are the same chains: the set operation against the walk, on worlds made at random."""

from __future__ import annotations

from collections import Counter
from datetime import date
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.core.errors import WorkbenchError
from workbench.core.territories import standard_territories
from workbench.registry.chains.resolving import MAX_STEPS, AgreementLink, by_assignor, owned_shares, resolve
from workbench.registry.chains.sets import ARROW, Asked, SharesOfWorks, resolve_many
from workbench.registry.share_pictures import in_force

PARTIES = ["P0", "P1", "P2", "P3"]
WORKS = ["W1", "W1", "W2"]
"""What stands here several times is drawn more often: worlds in which much meets, so that ways are long, close, give too much."""
RIGHTS = [*["performing"] * 12, "mechanical", "private_copying"]
DAYS = [date(2019, 6, 30), date(2020, 1, 31), date(2020, 2, 1), date(2024, 1, 1)]
EDGES = ["2019-06-30", "2019-12-31", "2020-01-31", "2020-02-01", "2024-01-01"]
PLACES = ["404", "826", "2123", "2136"]
EXPAND = standard_territories().resolve


class World:
    """A small world made from a number: the same number, the same world."""

    def __init__(self, number: int) -> None:
        self.chance = Random(number)  # noqa: S311  the same number, the same world
        self.links = [self.link(f"A{one:02d}") for one in range(self.chance.randrange(4, 18))]
        self.shares = SharesOfWorks(
            [self.share(position) for position in range(self.chance.randrange(1, 6))],
            {work: self.maybe(EDGES, 0.5) for work in ("W1", "W2")},
        )
        self.asked = [self.question() for _ in range(self.chance.randrange(1, 5))]

    def maybe(self, values: list[Any], often: float = 0.25) -> Any:
        return self.chance.choice(values) if self.chance.random() < often else ""

    def link(self, agreement_id: str) -> AgreementLink:
        one, other = self.chance.choices(PARTIES, k=2) if self.chance.random() < 0.1 else self.chance.sample(PARTIES, 2)
        ends_on = self.maybe(EDGES, 0.35)
        named = [(sign, work) for work in ("W1", "W2") if (sign := self.maybe(["I", "E"], 0.2))]
        area = [(sign, self.chance.choice(PLACES)) for _ in range(2) if (sign := self.maybe(["I", "I", "E"], 0.2))]
        return AgreementLink(
            agreement_id,
            one,
            other,
            self.chance.choice(RIGHTS),
            self.chance.choice([1_000_000, 700_000, 500_000, 333_333, 1, 0, self.chance.randrange(1_000_001)]),
            kind=self.maybe(["OG", "PS", "AS", "AS", "CO", "CO", "RE"], 0.4),
            starts_on=self.maybe(EDGES, 0.15),
            ends_on=ends_on,
            territories=tuple(area),
            works=tuple(named),
            scope=self.maybe(["general", "implied", "implied", "specific"], 0.4),
            retention_ends_on=self.maybe(EDGES, 0.6 if ends_on else 0.1),
            collection_ends_on=self.maybe(EDGES),
            prior_royalties=self.maybe(["none", "all", "from"], 0.4),
            prior_royalties_on=self.maybe(EDGES),
            status=self.maybe(["in_dispute"], 0.1),
        )

    def share(self, position: int) -> tuple[Any, ...]:
        ppm = self.chance.choice([333_333, 500_000, 1, 1_000_000, 0])
        role = self.chance.choice(["CA", "CA", "E", "SE"])
        place, starts_on, ends_on = self.maybe(PLACES), self.maybe(["2020-02-01"]), self.maybe(["2020-01-31"])
        return (
            self.chance.choice(WORKS),
            position,
            self.chance.choice(PARTIES),
            role,
            place,
            starts_on,
            ends_on,
            ppm,
            ppm // 7,
            0,
            0,
        )

    def question(self) -> Asked:
        on = self.chance.choice(DAYS)
        paid = self.chance.choice([None, *(day for day in DAYS if day >= on)])
        return Asked(self.chance.choice(WORKS), self.chance.choice(RIGHTS), self.chance.choice(PLACES[:3]), on, paid)


def one_by_one(asked, shares, given_links):
    """The rows of the set operation, from the walk."""
    table = by_assignor(given_links)
    for one in asked:
        rows = [dict(zip(shares.FIELDS, row, strict=True)) for row in shares.rows if row[0] == one.work_id]
        found = resolve(
            owned_shares(in_force(rows, one.territory, one.on), one.right),
            table,
            one.right,
            one.territory,
            one.on,
            EXPAND,
            work_id=one.work_id,
            first_on=shares.first_on.get(one.work_id, ""),
            party_ids={row["party_id"] for row in rows},
            collected_on=one.collected_on,
        )
        for end in found:
            yield (
                one.work_id,
                one.right,
                one.territory,
                one.on.isoformat(),
                end.owner_party_id,
                end.role,
                end.collector_party_id,
                end.share_ppm,
                ARROW.join(step.agreement_id for step in end.steps),
                end.holder_party_id,
                " ".join(sorted({finding.code for finding in end.findings})),
            )


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32))
def test_many_chains_at_once_are_the_chains_one_by_one(number):
    world = World(number)
    found = resolve_many(world.asked, world.shares, world.links, EXPAND)
    assert Counter(found.itertuples(index=False, name=None)) == Counter(one_by_one(world.asked, world.shares, world.links))


def test_the_worlds_made_at_random_hold_what_they_are_made_for():
    """Ways of several links, cycles, too much given, doubts, moved ownership: else the law above would hold of nothing."""
    met: Counter[str] = Counter()
    for number in range(200):
        world = World(number)
        for row in one_by_one(world.asked, world.shares, world.links):
            owner, agreements, holder, findings = row[4], row[8], row[9], row[10]
            met.update([*findings.split(), f"{len(agreements.split(ARROW)) if agreements else 0} links"])
            met["moved"] += holder != owner
    wanted = ("agreement_cycle", "agreement_share_over", "first_day_unknown", "agreement_disputed", "3 links", "moved")
    assert {one: met[one] for one in wanted if met[one] < 5} == {}


def link(number: str, one: str, other: str, ppm: int = 1_000_000, **more: Any) -> AgreementLink:
    return AgreementLink(number, one, other, "performing", ppm, **more)


ENDED = {"ends_on": "2019-12-31", "retention_ends_on": "2025-12-31"}
CASES = {
    "what is kept goes before what runs": ([link("A1", "W", "Q"), link("A2", "W", "P", **ENDED)], "2019-01-01", ["P"], ""),
    "what is younger is not kept": ([link("A1", "W", "P", **ENDED)], "2020-01-01", ["W"], ""),
    "what is not dated is kept": ([link("A1", "W", "P", **ENDED)], "", ["P"], "first_day_unknown"),
    "what is named is kept": ([link("A1", "W", "P", **ENDED, works=(("I", "W1"),))], "2020-01-01", ["P"], ""),
    "what is named goes first": ([link("A1", "W", "Q"), link("A2", "W", "P", works=(("I", "W1"),))], "", ["P"], ""),
    "an owner is passed over": ([link("A1", "W", "E", kind="OG"), link("A2", "W", "Q", 400_000)], "", ["Q", "W"], ""),
    "a writer is not co-published": ([link("A1", "W", "Q", kind="CO")], "", ["W"], ""),
    "only the holder assigns": ([link("A1", "W", "P"), link("A2", "P", "Q", kind="AS")], "", ["Q"], ""),
    "too much is cut": ([link("A1", "W", "P", 700_000), link("A2", "W", "Q", 700_000)], "", ["P", "Q"], "agreement_share_over"),
    "a cycle is not closed": ([link("A1", "W", "P"), link("A2", "P", "W")], "", ["P"], "agreement_cycle"),
}


@pytest.mark.parametrize("name", CASES)
def test_each_rule_of_the_walk_holds_for_many_at_once(name):
    given_links, first_on, collectors, findings = CASES[name]
    rows = [("W1", 1, "W", "CA", "", "", "", 500_000, 0, 0, 0), ("W1", 2, "E", "E", "", "", "", 500_000, 0, 0, 0)]
    shares = SharesOfWorks(rows, {"W1": first_on})
    asked = [Asked("W1", "performing", "404", date(2024, 7, 1))]
    found = list(resolve_many(asked, shares, given_links, EXPAND).itertuples(index=False, name=None))
    assert found == list(one_by_one(asked, shares, given_links))
    assert [(row[6], row[9], row[10]) for row in found if row[4] == "W"] == [(one, "W", findings) for one in collectors]


def test_a_chain_that_is_too_long_stops_in_both():
    given_links = [AgreementLink(f"A{n:02d}", f"P{n}", f"P{n + 1}", "performing", 1_000_000) for n in range(MAX_STEPS + 3)]
    asked = [Asked("W1", "performing", "404", DAYS[0])]
    shares = SharesOfWorks([("W1", 1, "P0", "CA", "", "", "", 1_000_000, 0, 0, 0)], {})
    found = resolve_many(asked, shares, given_links, EXPAND)
    assert list(found.itertuples(index=False, name=None)) == list(one_by_one(asked, shares, given_links))
    assert found.loc[0, ["collector_party_id", "findings"]].tolist() == [f"P{MAX_STEPS}", "agreement_chain_long"]


def test_nothing_asked_nothing_owned_and_nothing_agreed_are_no_rows():
    empty = SharesOfWorks([], {})
    assert resolve_many([], empty, [], EXPAND).empty
    assert resolve_many([Asked("W1", "performing", "404", DAYS[0])], empty, [], EXPAND).empty


def test_a_use_collected_before_its_day_and_a_right_given_twice_are_refused():
    with pytest.raises(WorkbenchError, match="collected before it was used"):
        resolve_many([Asked("W1", "performing", "404", DAYS[1], DAYS[0])], SharesOfWorks([], {}), [], EXPAND)
    twice = [AgreementLink("A1", "W", "P", "performing", 1)] * 2
    with pytest.raises(WorkbenchError, match="gives one right twice"):
        resolve_many([Asked("W1", "performing", "404", DAYS[1])], SharesOfWorks([], {}), twice, EXPAND)
