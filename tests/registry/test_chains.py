"""The laws of the agreement chain."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.core.errors import WorkbenchError
from workbench.registry.chains.resolving import AgreementLink, OwnedShare, by_assignor, first_day, owned_shares, resolve

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


def who(links, on=DAY, paid=None, first_on="", shares=(("W", 1_000_000),), **more):
    owned = [OwnedShare(party, "performing", ppm, "CA") for party, ppm in shares]
    found = resolve(owned, links, "performing", "404", on, expand, work_id="X-W-1", collected_on=paid, first_on=first_on, **more)
    return [part.collector_party_id for part in found]


ENDED = {"starts_on": "2020-01-01", "ends_on": "2024-12-31"}


def test_after_its_end_an_agreement_keeps_only_works_that_were_under_it_and_only_so_long():
    links = [link("A1", "W", "P", **ENDED, retention_ends_on="2025-12-31")]
    assert who(links, first_on="2024-12-31") == ["P"]
    assert who(links, first_on="2025-01-01") == ["W"]
    assert who(links, date(2026, 1, 1), first_on="2020-01-01") == ["W"]
    assert who([link("A1", "W", "P", **ENDED)], first_on="2020-01-01") == ["W"]


def test_an_agreement_that_names_a_work_keeps_it_whatever_its_first_day():
    links = [link("A1", "W", "P", **ENDED, retention_ends_on="2025-12-31", works=(("I", "X-W-1"),))]
    assert who(links, first_on="2025-06-01") == ["P"]


def test_a_work_without_a_first_day_is_kept_with_a_finding():
    links = [link("A1", "W", "P", **ENDED, retention_ends_on="2025-12-31")]
    found = resolve([OwnedShare("W", "performing", 7)], links, "performing", "404", DAY, expand, work_id="X-W-1")
    assert [(part.collector_party_id, [one.code for one in part.findings]) for part in found] == [("P", ["first_day_unknown"])]


def test_what_is_kept_goes_before_what_runs_and_that_is_no_finding():
    links = [link("A1", "W", "Q"), link("A2", "W", "P", **ENDED, retention_ends_on="2025-12-31")]
    found = resolve(
        [OwnedShare("W", "performing", 7)], links, "performing", "404", DAY, expand, work_id="X", first_on="2020-01-01"
    )
    assert [(part.collector_party_id, part.findings) for part in found] == [("P", ())]


def test_use_of_its_time_is_collected_until_the_collection_ends_and_without_end_where_none_is_said():
    limited = [link("A1", "W", "P", **ENDED, collection_ends_on="2025-06-30")]
    used = date(2024, 12, 31)
    assert [who(limited, used, paid) for paid in (None, date(2025, 6, 30), date(2025, 7, 1))] == [["P"], ["P"], ["W"]]
    assert who([link("A1", "W", "P", **ENDED)], used, date(2099, 1, 1)) == ["P"]
    assert who(limited, date(2025, 1, 1), date(2025, 1, 2)) == ["W"]


@pytest.mark.parametrize(
    ("prior", "used", "paid", "collector"),
    [
        ({"prior_royalties": "all"}, date(2001, 1, 1), date(2025, 1, 1), "P"),
        ({"prior_royalties": "all"}, date(2001, 1, 1), date(2024, 12, 31), "W"),
        ({"prior_royalties": "all"}, date(2001, 1, 1), None, "W"),
        ({"prior_royalties": "none"}, date(2024, 1, 1), date(2025, 1, 1), "W"),
        ({"prior_royalties": "from", "prior_royalties_on": "2024-01-01"}, date(2024, 1, 1), date(2025, 1, 1), "P"),
        ({"prior_royalties": "from", "prior_royalties_on": "2024-01-01"}, date(2023, 12, 31), date(2025, 1, 1), "W"),
    ],
)
def test_use_before_the_start_goes_with_the_agreement_as_its_prior_royalties_say(prior, used, paid, collector):
    assert who([link("A1", "W", "P", starts_on="2025-01-01", **prior)], used, paid) == [collector]


def test_an_implied_agreement_is_for_works_on_which_both_its_parties_stand():
    links = [link("A1", "W", "S", scope="implied"), link("A2", "W", "G", scope="general")]
    assert who(links, party_ids={"W", "S"}) == ["S"]
    assert who(links, party_ids={"W"}) == ["G"]
    assert who([*links, link("A3", "W", "N", scope="specific", works=(("I", "X-W-1"),))], party_ids={"W", "S"}) == ["N"]


def test_co_publishing_divides_a_publishers_part_and_never_a_writers():
    links = [link("A1", "W", "Q", 500_000, kind="CO"), link("A2", "P", "Q", 500_000, kind="CO")]
    owned = [OwnedShare("W", "performing", 500_000, "CA"), OwnedShare("P", "performing", 500_000, "E")]
    found = resolve(owned, links, "performing", "404", DAY, expand)
    got = [(part.owner_party_id, part.collector_party_id, part.share_ppm, part.holder_party_id) for part in found]
    assert got == [("P", "P", 250_000, "P"), ("P", "Q", 250_000, "Q"), ("W", "W", 500_000, "W")]


def test_an_assignment_moves_who_owns_unless_only_collection_was_there_to_assign():
    assigned = [link("A1", "W", "P", kind="AS"), link("A2", "P", "S", kind="PG")]
    administered = [link("A1", "W", "P", kind="AD"), link("A2", "P", "S", kind="AS")]
    for links, holder in ((assigned, "P"), (administered, "W")):
        (part,) = resolve([OwnedShare("W", "performing", 9)], links, "performing", "404", DAY, expand)
        assert (part.collector_party_id, part.holder_party_id) == ("S", holder)


def test_a_disputed_agreement_counts_and_says_so():
    (part,) = resolve(
        [OwnedShare("W", "performing", 9)], [link("A1", "W", "P", status="in_dispute")], "performing", "404", DAY, expand
    )
    assert (part.collector_party_id, [one.code for one in part.findings]) == ("P", ["agreement_disputed"])


def test_private_copying_is_owned_as_the_mechanical_right_and_needs_agreements_of_its_own():
    owned = owned_shares([{"party_id": "W", "role": "CA", "mechanical_ppm": 1_000_000}], "private_copying")
    mechanical = AgreementLink("A1", "W", "P", "mechanical", 1_000_000)
    copying = AgreementLink("A2", "W", "Q", "private_copying", 1_000_000)
    found = resolve(owned, [mechanical, copying], "private_copying", "404", DAY, expand)
    assert [part.collector_party_id for part in found] == ["Q"]


def test_the_first_day_of_a_work_is_its_earliest_share_its_publication_or_the_last_day_of_its_year():
    said = {
        "shares": [{"starts_on": "2020-05-01"}, {"starts_on": "2019-01-01"}],
        "published_on": "2018-01-01",
        "created_year": "2017",
    }
    assert first_day(said) == "2019-01-01"
    assert first_day({**said, "shares": [{"starts_on": ""}, {"starts_on": "2019-01-01"}]}) == "2018-01-01"
    assert first_day({**said, "shares": [], "published_on": ""}) == "2017-12-31"
    assert first_day({"shares": [], "published_on": "", "created_year": ""}) == ""
