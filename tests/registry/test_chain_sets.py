"""Many chains at once are the same chains: the set operation against the walk, on worlds made at random."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.core.errors import WorkbenchError
from workbench.core.territories import standard_territories
from workbench.registry.chain_sets import ARROW, Asked, SharesOfWorks, resolve_many
from workbench.registry.chains import MAX_STEPS, AgreementLink, by_assignor, owned_shares, resolve
from workbench.registry.share_pictures import in_force

PARTIES = [f"P{number}" for number in range(5)]
WORKS = ["W1", "W2", "W3"]
RIGHTS = ("performing", "mechanical", "private_copying")
DAYS = [date(2019, 6, 30), date(2020, 1, 31), date(2020, 2, 1), date(2024, 1, 1)]
EDGES = ["", "2019-06-30", "2019-12-31", "2020-02-01", "2024-01-01"]
PLACES = ["404", "826", "2123", "2136"]
EXPAND = standard_territories().resolve

parts = st.one_of(st.just(1_000_000), st.integers(0, 1_000_000), st.sampled_from([333_333, 500_000, 700_000]))
areas = st.lists(st.tuples(st.sampled_from("IE"), st.sampled_from(PLACES)), max_size=2).map(tuple)
signed = st.lists(st.tuples(st.sampled_from("IE"), st.sampled_from(WORKS)), max_size=2, unique_by=lambda row: row[1]).map(tuple)


@st.composite
def links(draw: st.DrawFn) -> list[AgreementLink]:
    made = []
    for number in range(draw(st.integers(0, 9))):
        scope = draw(st.sampled_from(["", "", "general", "implied", "specific"]))
        made.append(
            AgreementLink(
                f"A{number}",
                draw(st.sampled_from(PARTIES)),
                draw(st.sampled_from(PARTIES)),
                draw(st.sampled_from(RIGHTS)),
                draw(parts),
                kind=draw(st.sampled_from(["", "", "OG", "PS", "AS", "CO", "RE"])),
                starts_on=draw(st.sampled_from(EDGES)),
                ends_on=draw(st.sampled_from(EDGES)),
                territories=draw(areas),
                works=draw(signed),
                scope=scope,
                retention_ends_on=draw(st.sampled_from(EDGES)),
                collection_ends_on=draw(st.sampled_from(EDGES)),
                prior_royalties=draw(st.sampled_from(["", "none", "all", "from"])),
                prior_royalties_on=draw(st.sampled_from(EDGES)),
                status=draw(st.sampled_from(["", "", "in_dispute"])),
            )
        )
    return made


@st.composite
def share_rows(draw: st.DrawFn) -> list[tuple[Any, ...]]:
    return [
        (
            draw(st.sampled_from(WORKS)),
            position,
            draw(st.sampled_from(PARTIES)),
            draw(st.sampled_from(["CA", "E", "SE"])),
            draw(st.sampled_from(["", "", "404", "2123", "2136"])),
            draw(st.sampled_from(["", "", "2020-02-01"])),
            draw(st.sampled_from(["", "", "2020-01-31"])),
            draw(st.sampled_from([0, 333_333, 500_000, 1, 1_000_000])),
            draw(st.sampled_from([0, 666_667, 7])),
            0,
            0,
        )
        for position in range(draw(st.integers(0, 6)))
    ]


@st.composite
def questions(draw: st.DrawFn) -> list[Asked]:
    made = []
    for _ in range(draw(st.integers(1, 4))):
        on = draw(st.sampled_from(DAYS))
        later = draw(st.sampled_from([None, *[day for day in DAYS if day >= on]]))
        made.append(Asked(draw(st.sampled_from(WORKS)), draw(st.sampled_from(RIGHTS)), draw(st.sampled_from(PLACES)), on, later))
    return made


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
@given(questions(), share_rows(), st.dictionaries(st.sampled_from(WORKS), st.sampled_from(EDGES)), links())
def test_many_chains_at_once_are_the_chains_one_by_one(asked, rows, first_on, given_links):
    shares = SharesOfWorks(rows, first_on)
    found = resolve_many(asked, shares, given_links, EXPAND)
    assert Counter(found.itertuples(index=False, name=None)) == Counter(one_by_one(asked, shares, given_links))


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
