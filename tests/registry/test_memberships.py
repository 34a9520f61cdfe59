"""The laws of memberships: what a right holder is on a day follows from the events, and events follow each other."""

import pytest

from workbench.core.errors import WorkbenchError
from workbench.registry.memberships import AFTER, BECOMES, Memberships
from workbench.registry.rules import MEMBERSHIP_EVENTS

LIFE = (
    ("application", "2019-02-01"),
    ("admission", "2019-05-10"),
    ("suspension", "2023-01-01"),
    ("reinstatement", "2023-06-01"),
    ("resignation", "2024-12-31"),
)


@pytest.fixture
def memberships(both):
    return Memberships(both.office)


def events(*pairs):
    return [{"event": event, "happened_on": day, "decided_by": "Board 12"} for event, day in pairs]


def codes(findings):
    return sorted({finding.code for finding in findings})


@pytest.mark.parametrize(
    ("on", "state"),
    [
        ("2019-01-31", ""),
        ("2019-02-01", "applicant"),
        ("2019-05-10", "member"),
        ("2023-05-31", "suspended"),
        ("2023-06-01", "member"),
        ("2024-12-30", "member"),
        ("2024-12-31", "former"),
    ],
)
def test_what_somebody_is_on_a_day_follows_from_the_events_in_the_order_of_their_days(memberships, both, on, state):
    (party,) = both.people("Mfano")
    one = memberships.save({"party_id": party, "events": events(*reversed(LIFE))}, why="joins")
    assert memberships.state(one.id, on) == state
    assert memberships.check(one.id) == []


def test_members_of_a_day_are_listed_and_the_frame_says_what_they_are_today(memberships, both):
    one, other = both.people("One", "Two")
    memberships.save({"party_id": one, "number": "7", "events": events(*LIFE)}, why="joins")
    memberships.save({"party_id": other, "number": "3", "events": events(*LIFE[:2])}, why="joins")
    assert list(memberships.members("2020-01-01")["name"]) == ["Two", "One"]
    assert list(memberships.members("2025-01-01")["name"]) == ["Two"]
    assert list(memberships.members("2025-01-01", states=("former",))["since"]) == ["2024-12-31"]
    assert list(memberships.frame()["state"]) == ["former", "member"]


def test_an_event_that_does_not_follow_is_found_and_says_what_was_expected(memberships, both):
    (party,) = both.people("Mfano")
    one = memberships.save({"party_id": party, "events": events(("admission", "2019-05-10"))}, why="joins")
    (finding,) = memberships.check(one.id)
    assert (finding.code, finding.got, finding.expected) == (
        "event_out_of_order",
        "admission on 2019-05-10 of a stranger",
        "applicant",
    )
    fixed = memberships.happen(one.id, "application", happened_on="2019-02-01", why="found the form")
    assert memberships.check(fixed.id) == []
    again = memberships.happen(one.id, "suspension", happened_on="2019-03-01", why="misread")
    assert codes(memberships.check(again.id)) == ["event_out_of_order", "no_decision"]


def test_after_an_exclusion_one_may_apply_again_and_after_a_death_nothing_follows():
    assert set(BECOMES) == set(AFTER) == set(MEMBERSHIP_EVENTS)
    assert "former" in AFTER["application"]
    assert not any("deceased" in before for before in AFTER.values())


def test_two_memberships_at_once_and_one_number_twice_are_found(memberships, both):
    (party,) = both.people("Mfano")
    one = memberships.save({"party_id": party, "number": "7", "events": events(*LIFE[:2])}, why="joins")
    memberships.save({"party_id": party, "number": "7", "events": events(*LIFE[:1])}, why="joins")
    assert codes(memberships.check(one.id)) == ["duplicate_number", "two_memberships"]


def test_a_death_is_entered_at_the_party_and_at_the_membership(memberships, both):
    (party,) = both.people("Mfano")
    one = memberships.save({"party_id": party, "events": events(*LIFE[:2])}, why="joins")
    both.parties.change(party, death_on="2024-03-01", why="notice")
    assert codes(memberships.check(one.id)) == ["death_differs"]
    memberships.happen(one.id, "death", happened_on="2024-03-01", why="notice")
    assert memberships.check(one.id) == []
    assert memberships.state(one.id, "2024-03-01") == "deceased"


def test_an_event_nobody_knows_or_without_a_day_is_refused(memberships, both):
    (party,) = both.people("Mfano")
    with pytest.raises(WorkbenchError, match="event is not known"):
        memberships.save({"party_id": party, "events": events(("promotion", "2020-01-01"))}, why="joins")
    with pytest.raises(WorkbenchError, match="happened_on is empty"):
        memberships.save({"party_id": party, "events": events(("admission", ""))}, why="joins")
