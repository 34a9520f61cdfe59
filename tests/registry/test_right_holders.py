"""The laws of right holders: what a party may say of itself, who succeeds to it, and how its life goes on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.api import KINDS
from workbench.core.errors import NotFound, WorkbenchError
from workbench.core.shares import WHOLE
from workbench.registry.parties import Affiliation, Member, Party, PartyName, Successor
from workbench.registry.references import places
from workbench.registry.successors import payees, rings
from workbench.registry.works import WORK, Work, WorkShare


def codes(findings):
    return sorted({finding.code for finding in findings})


def a_person(desks, name="Mfano", **fields):
    return desks.parties.save(Party(name, **fields), why="joins")


@pytest.mark.parametrize(
    ("party", "said"),
    [
        (Party("A", nationality="9999"), "nationality"),
        (Party("A", nationality="2136"), "nationality is not a country"),
        (Party("A", society_code="58"), "society_code is not a society code"),
        (Party("A", language="swahili"), "language is not a code"),
        (Party("A", status="in_dispute"), "status is not known"),
        (Party("A", names=(PartyName("B", transliteration="Звезда"),)), "in Latin letters"),
        (Party("A", affiliations=(Affiliation("058", role="XX"),)), "role is not known"),
    ],
)
def test_a_field_that_cannot_stand_is_refused_by_name(desks, party, said):
    with pytest.raises(WorkbenchError, match=said):
        desks.parties.save(party, why="joins")


def test_only_a_group_has_members_and_only_a_person_leaves_heirs(desks):
    (one,) = desks.people("Mfano")
    with pytest.raises(WorkbenchError, match="only a group has members"):
        a_person(desks, members=(Member(one),))
    with pytest.raises(WorkbenchError, match="only a person leaves heirs"):
        a_person(desks, kind="legal", successors=(Successor(one, share_ppm=1),))
    with pytest.raises(NotFound, match="successor_party_id"):
        a_person(desks, successors=(Successor("TALA-P-999999", share_ppm=1),))


def test_successors_have_at_most_the_whole_of_each_right_on_each_day(both):
    first, second = both.people("One", "Two")
    over = (Successor(first, share_ppm=600_000), Successor(second, share_ppm=400_001))
    with pytest.raises(WorkbenchError, match=r"100.0001 % of every right"):
        a_person(both, successors=over, death_on="2020-01-01")
    following = (
        Successor(first, share_ppm=WHOLE, ends_on="2021-12-31"),
        Successor(second, share_ppm=WHOLE, starts_on="2022-01-01"),
    )
    party = a_person(both, successors=following, death_on="2020-01-01")
    assert both.parties.get(party.id).successors == following
    meeting = (
        Successor(first, share_ppm=WHOLE, ends_on="2022-01-01"),
        Successor(second, share_ppm=WHOLE, starts_on="2022-01-01"),
    )
    with pytest.raises(WorkbenchError, match="on 2022-01-01"):
        a_person(both, successors=meeting, death_on="2020-01-01")


def test_heirs_of_the_living_and_heirs_before_the_death_are_found(both):
    (heir,) = both.people("Heir")
    living = a_person(both, successors=(Successor(heir, share_ppm=WHOLE),))
    early = a_person(both, death_on="2020-06-01", successors=(Successor(heir, share_ppm=WHOLE, starts_on="2020-05-31"),))
    fine = a_person(both, death_on="2020-06-01", successors=(Successor(heir, share_ppm=WHOLE, starts_on="2020-06-01"),))
    assert codes(both.parties.check(living.id)) == ["heirs_of_the_living"]
    assert codes(both.parties.check(early.id)) == ["heir_before_death"]
    assert both.parties.check(fine.id) == []


def test_nobody_succeeds_to_themselves_by_any_way(both):
    first, second, third = both.people("One", "Two", "Three")
    both.parties.change(first, kind="group", members=[{"member_party_id": second}], why="a band")
    both.parties.change(second, kind="group", members=[{"member_party_id": third}], why="a band")
    with pytest.raises(WorkbenchError, match=f"{third} -> {first} -> {second} -> {third}"):
        both.parties.change(third, kind="group", members=[{"member_party_id": first}], why="a band")
    both.parties.change(first, kind="legal", members=[], successors=[_legal(second)], why="taken over")
    with pytest.raises(WorkbenchError, match="succeeds to itself"):
        both.parties.change(second, kind="legal", members=[], successors=[_legal(first)], why="taken over")
    with pytest.raises(WorkbenchError, match="its own successor"):
        both.parties.change(first, successors=[_legal(first)], why="taken over")


def _legal(party_id):
    return {"successor_party_id": party_id, "kind": "legal_successor", "share_ppm": WHOLE}


def test_before_the_death_the_party_is_paid_and_from_that_day_its_heirs_and_the_rest_stays_with_the_estate(both):
    one, two = both.people("One", "Two")
    dead = a_person(
        both, death_on="2020-03-01", successors=(Successor(one, share_ppm=300_000), Successor(two, share_ppm=200_000))
    )
    assert both.parties.payees(dead.id, "performing", "2020-02-29") == {dead.id: WHOLE}
    assert both.parties.payees(dead.id, "performing", "2020-03-01") == {one: 300_000, two: 200_000, dead.id: 500_000}


def test_a_right_with_heirs_of_its_own_goes_to_them_alone(both):
    one, two = both.people("One", "Two")
    rows = (Successor(one, share_ppm=WHOLE), Successor(two, share_ppm=400_000, right="mechanical"))
    dead = a_person(both, death_on="2020-03-01", successors=rows)
    assert both.parties.payees(dead.id, "performing", "2025-01-01") == {one: WHOLE}
    assert both.parties.payees(dead.id, "mechanical", "2025-01-01") == {two: 400_000, dead.id: 600_000}


def test_an_heir_who_died_passes_on_what_they_would_get(both):
    (grandchild,) = both.people("Grandchild")
    child = a_person(both, "Child", death_on="2024-01-01", successors=(Successor(grandchild, share_ppm=WHOLE),))
    dead = a_person(both, death_on="2020-03-01", successors=(Successor(child.id, share_ppm=WHOLE),))
    assert both.parties.payees(dead.id, "performing", "2023-12-31") == {child.id: WHOLE}
    assert both.parties.payees(dead.id, "performing", "2024-01-01") == {grandchild: WHOLE}


@st.composite
def families(draw):
    people = [f"P{number}" for number in range(draw(st.integers(2, 6)))]
    found = {}
    for person in people:
        heirs = draw(st.lists(st.sampled_from(people), max_size=3, unique=True))
        left, rows = WHOLE, []
        for heir in heirs:
            part = draw(st.integers(0, left))
            left -= part
            rows.append(_row(heir, part, draw(st.sampled_from(["", "performing"]))))
        found[person] = {"id": person, "death_on": draw(st.sampled_from(["", "2020-01-01"])), "successors": rows}
    return found


def _row(heir, part, right=""):
    return {"successor_party_id": heir, "kind": "heir", "share_ppm": part, "right": right, "starts_on": "", "ends_on": ""}


@given(families(), st.sampled_from(["performing", "mechanical"]))
def test_whatever_the_family_the_parts_total_the_whole_and_nobody_gets_less_than_nothing(family, right):
    parts = payees("P0", right, "2025-01-01", family.get)
    assert sum(parts.values()) == WHOLE
    assert min(parts.values()) > 0


def test_thirds_are_split_to_the_last_part_per_million_with_ties_to_the_smaller_identifier():
    third = [_row(heir, 333_333) for heir in ("C", "B", "D")]
    inner = {"id": "C", "death_on": "2020-01-01", "successors": [_row("X", 500_000), _row("A", 500_000)]}
    family = {"Z": {"id": "Z", "death_on": "2020-01-01", "successors": third}, "C": inner}
    assert payees("Z", "performing", "2025-01-01", family.get) == {"A": 166_667, "B": 333_333, "D": 333_333, "X": 166_666, "Z": 1}


def test_a_ring_is_found_from_any_of_its_members_and_none_where_there_is_none():
    edges = {"A": ["B"], "B": ["C", "D"], "C": ["A"], "D": []}
    assert rings(edges, "B") == ["B", "C", "A", "B"]
    assert rings(edges, "D") is None
    assert rings({"A": ["A"]}, "A") == ["A", "A"]


def test_one_right_at_one_place_and_time_belongs_to_one_society(both):
    everywhere, kenya, france = "2136", "404", "250"
    rows = (Affiliation("058", "performing", everywhere), Affiliation("399", "performing", kenya))
    party = a_person(both, affiliations=rows)
    (finding,) = both.parties.check(party.id)
    assert (finding.code, finding.got) == ("two_societies", "performing: 058 and 399")
    for fine in (
        (Affiliation("058", "performing", france), Affiliation("399", "performing", kenya)),
        (Affiliation("058", "mechanical", kenya), Affiliation("399", "performing", kenya)),
        (Affiliation("058", role="C"), Affiliation("399", role="A")),
        (Affiliation("058", ends_on="2019-12-31"), Affiliation("399", starts_on="2020-01-01")),
    ):
        assert both.parties.check(both.parties.change(party.id, affiliations=fine_rows(fine), why="corrected").id) == []


def fine_rows(rows):
    names = ("society", "right", "territory", "starts_on", "ends_on", "role", "creation_class")
    return [{name: getattr(row, name) for name in names} for row in rows]


def test_the_same_ipi_is_said_when_only_one_of_the_two_is_checked_and_not_once_the_other_is_deleted(both):
    rows = (PartyName("Twin", ipi_name_number="00014107338"),)
    one, other = a_person(both, names=rows), a_person(both, names=rows)
    assert codes(both.parties.check(one.id)) == ["duplicate_ipi_name_number"]
    both.parties.set_status(other.id, "deleted", why="entered twice")
    assert both.parties.check(one.id) == []
    assert both.parties.check(other.id) == []


def test_a_name_in_another_script_is_found_by_it_by_its_official_spelling_and_by_the_program_s(both):
    names = (PartyName("Чайковский", kind="pseudonym", transliteration="Tchaikovsky"),)
    party = a_person(both, "Ivanov", names=names)
    plain = a_person(both, "Звезда")
    for asked in ("Чайковский", "Tchaikovsky", "Chaykovskiy"):
        assert list(both.parties.search(asked)["id"]) == [party.id]
    frame = both.parties.frame().set_index("id")
    assert frame.loc[party.id, "transliteration"] == "Tchaikovsky"
    assert frame.loc[plain.id, "transliteration"] == "Zvezda"


def test_a_party_goes_through_its_life_by_known_steps_only(both):
    party = a_person(both, status="incomplete")
    for status in ("to_validate", "synced", "conflict", "to_validate", "local"):
        assert both.parties.set_status(party.id, status, why="checked").status == status
    with pytest.raises(WorkbenchError, match="incomplete cannot become synced"):
        both.parties.set_status(a_person(both, status="incomplete").id, "synced", why="in a hurry")
    with pytest.raises(WorkbenchError, match="names its survivor"):
        both.parties.set_status(party.id, "merged", why="by hand")


def test_a_party_that_is_still_named_is_not_deleted_and_the_refusal_says_where(both):
    one, other = both.people("One", "Two")
    work = both.works.save(Work("Song", shares=(WorkShare(one, "CA", WHOLE, WHOLE),)), why="new")
    both.parties.change(other, kind="group", members=[{"member_party_id": one}], why="a band")
    with pytest.raises(WorkbenchError, match=rf"party {other} \(members.member_party_id\); work {work.id} \(shares.party_id\)"):
        both.parties.set_status(one, "deleted", why="entered by mistake")
    both.parties.change(other, members=[], why="no member")
    both.works.change(work.id, shares=[], why="not hers")
    assert both.parties.set_status(one, "deleted", why="entered by mistake").status == "deleted"
    assert both.parties.undo(one, why="was right after all").status == ""


def test_every_place_where_a_work_may_be_named_is_known():
    assert {place.kind.name for place in places(WORK)} <= {kind.name for kind in KINDS}
    assert {place.field for place in places(WORK)} >= {
        "original_work_id",
        "whole_work_id",
        "components.component_work_id",
        "cues.cued_work_id",
        "works.work_id",
        "items.work_id",
        "about_id",
    }
    assert "merged_into_id" not in {place.column for place in places(WORK)}
