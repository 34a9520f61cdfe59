"""The laws of the agreement chain."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.core.errors import WorkbenchError
from workbench.registry.chains import AgreementLink, OwnedShare, by_assignor, resolve

DAY = date(2025, 7, 1)
GROUPS = {"2100": {"404", "710"}, "2136": {"404", "710", "578"}}


def expand(area, _day):
    found = set()
    for sign, code in area:
        members = GROUPS.get(code, {code})
        found = found | members if sign in "+I" else found - members
    return frozenset(found)


def link(number, assignor, acquirer, share_ppm=1_000_000, **more):
    return AgreementLink(number, assignor, acquirer, "performing", share_ppm, **more)


def ends(shares, links, territory="404", on=DAY, **more):
    owned = [OwnedShare(party, "performing", ppm, "CA") for party, ppm in shares]
    found = resolve(owned, links, "performing", territory, on, expand, **more)
    return [(part.owner_party_id, part.collector_party_id, part.share_ppm) for part in found]


def test_without_agreements_the_owner_collects():
    assert ends([("W", 600_000), ("P", 400_000)], []) == [("P", "P", 400_000), ("W", "W", 600_000)]


def test_a_chain_ends_with_the_last_acquirer_and_names_every_step():
    links = [link("A1", "W", "P", 400_000), link("A2", "P", "S", territories=(("I", "2100"),))]
    assert ends([("W", 500_000)], links) == [("W", "S", 200_000), ("W", "W", 300_000)]
    found = resolve([OwnedShare("W", "performing", 500_000)], links, "performing", "404", DAY, expand)
    assert [step.agreement_id for step in found[0].steps] == ["A1", "A2"]
    assert (
        found[0].steps[0].reason
        == "agreement A1: 40.00 % of performing, covers all works, the beginning to further notice, everywhere"
    )


def test_an_agreement_counts_only_where_it_covers_the_whole_territory():
    links = [link("A1", "W", "P", territories=(("I", "2100"), ("E", "710")))]
    assert ends([("W", 1_000_000)], links, "404") == [("W", "P", 1_000_000)]
    assert ends([("W", 1_000_000)], links, "710") == [("W", "W", 1_000_000)]
    assert ends([("W", 1_000_000)], links, "2136") == [("W", "W", 1_000_000)]


def test_an_agreement_counts_from_its_first_day_to_its_last():
    links = [link("A1", "W", "P", starts_on="2025-07-01", ends_on="2025-07-31")]
    collectors = [ends([("W", 1)], links, on=date(2025, month, day))[0][1] for month, day in ((6, 30), (7, 1), (7, 31), (8, 1))]
    assert collectors == ["W", "P", "P", "W"]


def test_an_agreement_for_another_right_or_another_work_does_not_count():
    other = AgreementLink("A1", "W", "P", "mechanical", 1_000_000)
    excluded = link("A2", "W", "P", works=(("E", "X-W-1"),))
    assert ends([("W", 9)], [other, excluded], work_id="X-W-1") == [("W", "W", 9)]


def test_a_specific_agreement_goes_before_a_general_one_without_a_finding():
    links = [link("A1", "W", "G"), link("A2", "W", "S", works=(("I", "X-W-1"),))]
    found = resolve([OwnedShare("W", "performing", 7)], links, "performing", "404", DAY, expand, work_id="X-W-1")
    assert [(part.collector_party_id, part.findings) for part in found] == [("S", ())]


def test_agreements_for_more_than_the_whole_are_cut_back_with_a_finding():
    links = [link("A1", "W", "P", 700_000), link("A2", "W", "Q", 700_000)]
    assert ends([("W", 100)], links) == [("W", "P", 70), ("W", "Q", 30)]
    found = resolve([OwnedShare("W", "performing", 100)], links, "performing", "404", DAY, expand)
    assert {finding.code for part in found for finding in part.findings} == {"agreement_share_over"}


def test_a_cycle_is_a_finding_and_the_share_stays_where_it_would_close():
    links = [link("A1", "W", "P"), link("A2", "P", "Q"), link("A3", "Q", "P")]
    found = resolve([OwnedShare("W", "performing", 500_000)], links, "performing", "404", DAY, expand)
    assert [(part.collector_party_id, part.share_ppm) for part in found] == [("Q", 500_000)]
    assert [(finding.code, finding.got) for finding in found[0].findings] == [("agreement_cycle", "A1 -> A2 -> A3")]


def test_an_original_agreement_is_passed_over_where_its_publisher_owns_already():
    links = [link("A1", "W", "P", 500_000, kind="OG")]
    assert ends([("W", 500_000), ("P", 500_000)], links) == [("P", "P", 500_000), ("W", "W", 500_000)]
    assert ends([("W", 1_000_000)], links) == [("W", "P", 500_000), ("W", "W", 500_000)]


def test_one_agreement_giving_one_right_twice_is_refused():
    with pytest.raises(WorkbenchError, match="gives one right twice"):
        by_assignor([link("A1", "W", "P"), link("A1", "W", "P")])


PARTIES = "ABCDE"


@given(
    st.lists(st.tuples(st.sampled_from(PARTIES), st.integers(1, 333_333)), max_size=4),
    st.lists(st.tuples(st.sampled_from(PARTIES), st.sampled_from(PARTIES), st.integers(1, 1_000_000)), max_size=7),
    st.randoms(use_true_random=False),
)
def test_what_is_collected_is_what_is_owned_in_any_order(shares, given_links, random):
    links = [link(f"A{number}", *row) for number, row in enumerate(given_links)]
    found = ends(shares, links)
    assert sum(ppm for *_, ppm in found) == sum(ppm for _, ppm in shares)
    random.shuffle(shares)
    random.shuffle(links)
    assert ends(shares, links) == found
