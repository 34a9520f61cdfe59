"""Shares, groups and payees: who is entitled to what part of a work or recording."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.distribution.entitlement import Register, owned_of_recording, owned_of_work
from workbench.distribution.results import INPUTS, WHOLE_PPT
from workbench.distribution.rulebook import NeighbouringRule, WorkSharesRule, find_rulebook, read_rulebook

DAY = date(2025, 7, 1)
BOOK = read_rulebook(find_rulebook("default"))
WORKS = BOOK.find(WorkSharesRule, "radio", DAY)
HALVES = BOOK.find(NeighbouringRule, "radio", DAY)
PERCENT = WHOLE_PPT // 100
HALVES_ROLES = ("producer", "featured", "non_featured", "conductor")


def contributor(party: str, role: str, ppm: int = 0) -> dict:
    return {"party_id": party, "role": role, "share_ppm": ppm}


def parts(owned) -> dict[str, int]:
    return {share.party_id: share.share_ppm for share in owned.shares}


def owner(party: str, ppm: int) -> dict:
    return {"party_id": party, "role": "CA", "performing_ppm": ppm, "mechanical_ppm": 0}


def agreement(number: str, one: str, two: str, starts_on: str, **more: str) -> dict:
    row = {"agreement_id": number, "kind": "", "assignor_party_id": one, "acquirer_party_id": two, "starts_on": starts_on}
    unsaid = ("ends_on", "scope", "retention_ends_on")
    return {**row, **dict.fromkeys(unsaid, ""), **more}


def register(territory: str = "404", society: str = "707", **tables) -> Register:
    complete = {declared.name: tables.get(declared.name, []) for declared in INPUTS}
    return Register(complete, society=society, territory=territory)


def test_producers_share_their_half_by_their_shares_and_the_missing_part_is_held():
    owned = owned_of_recording([contributor("x", "producer", 600_000), contributor("s", "featured")], HALVES)
    assert parts(owned) == {"x": 30 * PERCENT, "s": 50 * PERCENT}
    assert owned.held == {"shares_incomplete": 20 * PERCENT}


def test_producers_without_any_documented_share_share_equally():
    owned = owned_of_recording([contributor("x", "producer"), contributor("y", "producer"), contributor("s", "featured")], HALVES)
    assert parts(owned) == {"x": 25 * PERCENT, "y": 25 * PERCENT, "s": 50 * PERCENT}


def test_producers_with_more_than_the_whole_are_held_and_the_performers_paid():
    rows = [contributor("x", "producer", 900_000), contributor("y", "producer", 900_000), contributor("s", "featured")]
    owned = owned_of_recording(rows, HALVES)
    assert parts(owned) == {"s": 50 * PERCENT}
    assert owned.held == {"shares_over": 50 * PERCENT}


def test_non_featured_alone_leave_the_featured_part_held():
    owned = owned_of_recording([contributor("d", "non_featured")], HALVES)
    assert parts(owned) == {"d": 10 * PERCENT}
    assert owned.held == {"producer_unknown": 50 * PERCENT, "performer_unknown": 40 * PERCENT}


def test_a_recording_with_nobody_documented_is_held_whole():
    owned = owned_of_recording([], HALVES)
    assert owned.held == {"producer_unknown": 50 * PERCENT, "performer_unknown": 50 * PERCENT}


def test_one_party_in_two_roles_has_both_parts():
    owned = owned_of_recording([contributor("x", "producer", 1_000_000), contributor("x", "featured")], HALVES)
    assert sum(share.share_ppm for share in owned.shares) == WHOLE_PPT
    assert {share.role for share in owned.shares} == {"producer", "featured"}


@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.sampled_from([*HALVES_ROLES, "odd"]), st.integers(0, 700_000)),
        max_size=7,
    ),
    st.randoms(use_true_random=False),
)  # fmt: skip
def test_a_recordings_parts_always_make_the_whole_in_any_order(rows, random):
    contributors = [contributor(*row) for row in rows]
    owned = owned_of_recording(contributors, HALVES)
    assert sum(share.share_ppm for share in owned.shares) + sum(owned.held.values()) == WHOLE_PPT
    random.shuffle(contributors)
    again = owned_of_recording(contributors, HALVES)
    assert (again.shares, again.held) == (owned.shares, owned.held)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 700_000)), max_size=5), st.randoms(use_true_random=False))
def test_a_works_parts_always_make_the_whole_in_any_order(rows, random):
    shares = [owner(*row) for row in rows]
    owned = owned_of_work(shares, "performing", WORKS)
    assert sum(share.share_ppm for share in owned.shares) + sum(owned.held.values()) == WHOLE_PPT
    random.shuffle(shares)
    again = owned_of_work(shares, "performing", WORKS)
    assert (again.shares, again.held) == (owned.shares, owned.held)


def test_a_right_without_shares_is_undocumented_even_when_another_has_them():
    assert owned_of_work([owner("a", 1_000_000)], "mechanical", WORKS).held == {"work_undocumented": WHOLE_PPT}


@pytest.mark.parametrize(
    ("mandate", "payee"),
    [
        ({}, ("a", "")),
        ({"right": "mechanical"}, ("", "no_mandate")),
        ({"starts_on": "2025-07-02"}, ("", "no_mandate")),
        ({"starts_on": "2025-07-01", "ends_on": "2025-07-01"}, ("a", "")),
        ({"ends_on": "2025-06-30"}, ("", "no_mandate")),
        ({"territory": "2100"}, ("a", "")),
        ({"territory": "404"}, ("a", "")),
        ({"territory": "578"}, ("", "no_mandate")),
    ],
)
def test_a_mandate_counts_for_its_right_territory_and_time(mandate, payee):
    row = {
        "mandate_id": "M",
        "party_id": "a",
        "right": "performing",
        "territory": "2136",
        "starts_on": "",
        "ends_on": "",
        **mandate,
    }
    assert register(mandates=[row]).payee("a", "performing", "2025-07-01") == payee


def test_of_several_societies_the_first_by_code_collects_and_our_own_before_all():
    empty = {"right": "", "territory": "", "starts_on": "", "ends_on": ""}
    rows = [{"party_id": "a", "society": code, **empty} for code in ("128", "079")]
    assert register(affiliations=rows).payee("a", "performing", "2025-07-01") == ("society:079", "")
    own = [*rows, {**rows[0], "society": "707"}]
    assert register(affiliations=own).payee("a", "performing", "2025-07-01") == ("a", "")
    assert register(affiliations=[{**rows[0], "society": ""}], society="").payee("a", "performing", "2025-07-01") == (
        "",
        "no_mandate",
    )


def test_a_specific_agreement_counts_for_its_work_only():
    tables = {
        "work_shares": [{"work_id": w, "position": 1, **owner("a", 1_000_000)} for w in ("W1", "W2")],
        "agreements": [agreement("A1", "a", "b", "")],
        "agreement_shares": [{"agreement_id": "A1", "right": "performing", "share_ppm": 250_000}],
        "agreement_works": [{"agreement_id": "A1", "indicator": "I", "work_id": "W1"}],
    }  # fmt: skip
    found = register(**tables)
    assert [(p.party_id, p.chain, p.share_ppt) for p in found.parts("performing", "W1", "2025-07-01", WORKS, HALVES)] == [
        ("a", "", 75 * PERCENT), ("b", "A1", 25 * PERCENT),
    ]  # fmt: skip
    assert [p.party_id for p in found.parts("performing", "W2", "2025-07-01", WORKS, HALVES)] == ["a"]


def test_a_retained_work_is_paid_to_the_acquirer_until_the_retention_ends():
    ended = agreement("A1", "a", "b", "2020-01-01", ends_on="2025-06-30", retention_ends_on="2025-07-31")
    tables = {
        "work_shares": [{"work_id": "W1", "position": 1, **owner("a", 1_000_000)}],
        "agreements": [ended],
        "agreement_shares": [{"agreement_id": "A1", "right": "performing", "share_ppm": 1_000_000}],
    }
    found = register(**tables)
    for day, payee in {"2025-06-30": "b", "2025-07-01": "b", "2025-07-31": "b", "2025-08-01": "a"}.items():
        assert [part.party_id for part in found.parts("performing", "W1", day, WORKS, HALVES)] == [payee], day


def test_a_situation_is_resolved_anew_after_a_change_far_down_the_chain():
    tables = {
        "work_shares": [{"work_id": "W1", "position": 1, **owner("a", 1_000_000)}],
        "agreements": [agreement("A1", "a", "b", ""), agreement("A2", "b", "c", "2025-08-01")],
        "agreement_shares": [{"agreement_id": n, "right": "performing", "share_ppm": 1_000_000} for n in ("A1", "A2")],
        "mandates": [
            {"mandate_id": "M", "party_id": "c", "right": "performing", "territory": "", "starts_on": "2025-09-01", "ends_on": ""}
        ],
    }  # fmt: skip
    found = register(**tables)
    days = ["2025-07-31", "2025-08-01", "2025-09-01"]
    assert [[(p.party_id, p.reason) for p in found.parts("performing", "W1", day, WORKS, HALVES)] for day in days] == [
        [("b", "no_mandate")], [("c", "no_mandate")], [("c", "")],
    ]  # fmt: skip
    assert found.changes == ["2025-08-01", "2025-09-01"]
