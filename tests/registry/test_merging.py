"""The laws of merging: every reference moves, nothing is lost or counted twice, and taking it back gives back what was."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workbench.core import documents
from workbench.core.documents import KINDS
from workbench.core.errors import WorkbenchError
from workbench.core.shares import WHOLE
from workbench.registry.agreements import AGREEMENT
from workbench.registry.attachments import ATTACHMENT
from workbench.registry.contacts import CONTACT
from workbench.registry.memberships import MEMBERSHIP
from workbench.registry.merging.desk import resolve_ids
from workbench.registry.parties import PARTY, Party, PartyName, Successor
from workbench.registry.recordings import RECORDING
from workbench.registry.references import references
from workbench.registry.releases import RELEASE, Releases
from workbench.registry.works import WORK

ALBUM = {"title": "Album", "kind": "album"}


def everything(desks):
    """Every document of the register, as text."""
    with desks.office.book.read() as connection:
        found = {(kind.name, key): one for kind in KINDS.values() for key, one in documents.load_many(connection, kind).items()}
    return {key: json.dumps(document, sort_keys=True) for key, document in found.items()}


def save(desks, kind, /, **fields):
    with desks.office.change("said", "a.mwangi") as change:
        return documents.save(change, kind, fields)["id"]


def load(desks, kind, entity_id):
    with desks.office.book.read() as connection:
        return documents.load(connection, kind, entity_id)


def a_work(desks, *shares, **more):
    return save(desks, WORK, title=more.pop("title", "Song"), shares=[_share(*one) for one in shares], **more)


def _share(party_id, role="C", ppm=0, mechanical=None):
    return {
        "party_id": party_id,
        "role": role,
        "performing_ppm": ppm,
        "mechanical_ppm": ppm if mechanical is None else mechanical,
    }


def a_party(desks, name="Mwangi", **more):
    return desks.parties.save(Party(name, **more), why="joins").id


def test_the_survivor_keeps_its_own_fills_its_blanks_and_unites_names_and_affiliations(both):
    one = a_party(both, "Mwangi", first_name="Amani", isni="0000000121032683", names=(PartyName("Simba", kind="pseudonym"),))
    other = a_party(both, "Mwangy", first_name="Amani", birth_on="1971-03-02", territory="404",
                    names=(PartyName("Simba", kind="pseudonym", language="sw"), PartyName("Kali", kind="pseudonym")))  # fmt: skip
    merged = both.parties.merge(one, [other], why="one person")
    assert (merged.full_name, merged.isni, merged.birth_on, merged.territory) == (
        "Amani Mwangi",
        "0000000121032683",
        "1971-03-02",
        "404",
    )
    assert [(row.name, row.first_name, row.kind, row.language) for row in merged.names] == [
        ("Simba", "", "pseudonym", "sw"),
        ("Kali", "", "pseudonym", ""),
        ("Mwangy", "Amani", "other", ""),
    ]
    gone = both.parties.get(other)
    assert (gone.status, gone.merged_into_id, gone.name) == ("merged", one, "Mwangy")
    assert both.parties.resolve_id(other) == one


def test_two_numbers_of_one_kind_are_listed_and_refused_until_one_is_chosen(both):
    one = a_party(both, isni="0000000121032683", birth_on="1971-03-02")
    other = a_party(both, isni="0000000073669144", birth_on="1971-03-20")
    preview = both.parties.preview_merge(one, [other])
    assert [(finding.code, finding.field) for finding in preview.findings] == [
        ("contradicting", "isni"),
        ("contradicting", "birth_on"),
    ]
    assert ("birth_on", "1971-03-02", "1971-03-20", "1971-03-02") in preview.rows
    with pytest.raises(WorkbenchError, match=r"two different values of isni.*two different values of birth_on"):
        both.parties.merge(one, [other], why="one person")
    assert both.parties.get(other).status == ""
    merged = both.parties.merge(one, [other], why="one person", rules={"isni": one, "birth_on": other})
    assert (merged.isni, merged.birth_on) == ("0000000121032683", "1971-03-20")


def test_the_other_s_name_can_be_chosen_and_the_survivor_s_is_kept_as_a_further_one(both):
    one, other = a_party(both, "Mwangy", first_name="A."), a_party(both, "Mwangi", first_name="Amani")
    merged = both.parties.merge(one, [other], why="one person", rules={"name": other})
    assert (merged.full_name, [row.name for row in merged.names]) == ("Amani Mwangi", ["Mwangy"])


def test_every_reference_in_every_kind_of_document_moves_in_one_change_set(both):
    one, other, third = a_party(both), a_party(both), a_party(both)
    work = a_work(both, (other, "CA", WHOLE))
    band = a_party(both, kind="group")
    both.parties.change(band, members=[{"member_party_id": other}], why="a band")
    dead = a_party(both, death_on="2020-01-01", successors=(Successor(other, share_ppm=WHOLE),))
    agreement = save(both, AGREEMENT, kind="OG", assignor_party_id=other, acquirer_party_id=third)
    membership = save(both, MEMBERSHIP, party_id=other)
    contact = save(both, CONTACT, party_id=other, iban="x")
    paper = save(both, ATTACHMENT, about_kind="party", about_id=other, title="Passport")
    unrelated = save(both, ATTACHMENT, about_kind="work", about_id=other, title="not about a party")
    recording = save(both, RECORDING, title="Song", contributors=[{"party_id": other, "role": "featured"}])
    preview = both.parties.preview_merge(one, [other])
    assert len(preview.moves) == 8
    both.parties.merge(one, [other], why="one person")
    assert load(both, WORK, work)["shares"][0]["party_id"] == one
    assert load(both, PARTY, band)["members"][0]["member_party_id"] == one
    assert load(both, PARTY, dead)["successors"][0]["successor_party_id"] == one
    assert load(both, AGREEMENT, agreement)["assignor_party_id"] == one
    assert load(both, MEMBERSHIP, membership)["party_id"] == one
    assert load(both, CONTACT, contact)["party_id"] == one
    assert load(both, ATTACHMENT, paper)["about_id"] == one
    assert load(both, ATTACHMENT, unrelated)["about_id"] == other
    assert load(both, RECORDING, recording)["contributors"][0]["party_id"] == one
    with both.office.book.read() as connection:
        assert references(connection, PARTY, [other], gone=True) == []
    history = both.parties.history(other)
    assert history.iloc[-1]["op"] == f"merge:{other}"


def test_rows_that_become_the_same_are_added_up_exactly_and_rows_of_another_role_stay_apart(both):
    one, other, third = a_party(both), a_party(both), a_party(both)
    shares = [(one, "C", 333_333, 1), (other, "C", 166_667, 2), (third, "C", 250_000, 0), (other, "A", 250_000, 0)]
    work = a_work(both, *shares)
    both.parties.merge(one, [other], why="one person")
    rows = load(both, WORK, work)["shares"]
    assert [(row["party_id"], row["role"], row["performing_ppm"], row["mechanical_ppm"]) for row in rows] == [
        (one, "C", 500_000, 3),
        (third, "C", 250_000, 0),
        (one, "A", 250_000, 0),
    ]


def test_rows_that_together_are_more_than_the_whole_stay_apart_for_a_person_to_judge(both):
    one, other = a_party(both), a_party(both)
    work = a_work(both, (one, "C", 600_000), (other, "C", 600_000))
    both.parties.merge(one, [other], why="one person")
    assert [row["performing_ppm"] for row in load(both, WORK, work)["shares"]] == [600_000, 600_000]


def test_two_that_have_an_agreement_with_each_other_or_are_in_each_other_are_not_merged(both):
    one, other = a_party(both), a_party(both)
    agreement = save(both, AGREEMENT, kind="OG", assignor_party_id=other, acquirer_party_id=one)
    with pytest.raises(WorkbenchError, match=rf"agreement between the two.*{agreement}"):
        both.parties.merge(one, [other], why="one person")
    band, member = a_party(both, kind="group"), a_party(both, kind="group")
    both.parties.change(band, members=[{"member_party_id": member}], why="a band")
    with pytest.raises(WorkbenchError, match="name itself in members"):
        both.parties.merge(band, [member], why="one band")


def test_a_party_that_has_a_contact_of_its_own_keeps_it(both):
    one, other = a_party(both), a_party(both)
    mine, theirs = save(both, CONTACT, party_id=one, iban="mine"), save(both, CONTACT, party_id=other, iban="theirs")
    both.parties.merge(one, [other], why="one person")
    assert load(both, CONTACT, mine)["status"] == ""
    assert (load(both, CONTACT, theirs)["party_id"], load(both, CONTACT, theirs)["status"]) == (other, "deleted")


def test_what_is_gone_is_not_merged_and_a_merge_is_not_made_or_undone_by_hand(both):
    one, other, third = a_party(both), a_party(both), a_party(both)
    a_work(both, (third, "C", WHOLE))
    both.parties.merge(one, [other], why="one person")
    with pytest.raises(WorkbenchError, match="merged already"):
        both.parties.merge(third, [other], why="again")
    with pytest.raises(WorkbenchError, match="Use unmerge"):
        both.parties.undo(other, why="wrong")
    with pytest.raises(WorkbenchError, match="Use merge: it moves every reference"):
        both.parties.change(third, status="merged", merged_into_id=one, why="by hand")
    for wrong in ([], [one]):
        with pytest.raises(WorkbenchError, match="two different ids"):
            both.parties.merge(one, wrong, why="nobody")
    with pytest.raises(WorkbenchError, match="this cannot be chosen"):
        both.parties.merge(one, [third], why="x", rules={"shoe_size": one})


def test_ids_lead_through_several_merges_to_the_last_survivor(both):
    one, other, third = a_party(both), a_party(both), a_party(both)
    both.parties.merge(other, [third], why="one person")
    both.parties.merge(one, [other], why="one person")
    with both.office.book.read() as connection:
        assert resolve_ids(connection, PARTY, [one, other, third, "TALA-P-999999"]) == {
            one: one,
            other: one,
            third: one,
            "TALA-P-999999": "TALA-P-999999",
        }


def test_a_merged_work_leaves_its_iswc_and_its_title_to_the_survivor(both):
    one, other = a_work(both, title="Taa", iswc="T-034.524.680-1"), a_work(both, title="Taa ya Pwani", iswc="T-000.000.001-0")
    third = a_work(both, title="Version", original_work_id=other)
    medley = save(both, WORK, title="Medley", components=[{"component_work_id": other}, {"component_work_id": one}])
    cue = save(both, WORK, title="Film", cues=[{"title": "x", "cued_work_id": other, "use": "B"}] * 2)
    recording = save(both, RECORDING, title="Taa", works=[{"work_id": one}, {"work_id": other}])
    both.works.merge(one, [other], why="one song")
    survivor = load(both, WORK, one)
    assert survivor["iswc"] == "T-034.524.680-1"
    assert [row["iswc"] for row in survivor["archived_iswcs"]] == ["T-000.000.001-0"]
    assert [row["title"] for row in survivor["titles"]] == ["Taa ya Pwani"]
    assert load(both, WORK, third)["original_work_id"] == one
    assert [row["component_work_id"] for row in load(both, WORK, medley)["components"]] == [one, one]
    assert [row["cued_work_id"] for row in load(both, WORK, cue)["cues"]] == [one, one]
    assert [row["work_id"] for row in load(both, RECORDING, recording)["works"]] == [one]


def test_works_keep_the_survivor_s_shares_whole_unless_it_has_none_or_the_other_s_are_chosen(both):
    people = [a_party(both), a_party(both)]
    one, other, empty = (a_work(both, *((person, "C", WHOLE),) if person else ()) for person in [*people, ""])
    assert [row["party_id"] for row in both.works.preview_merge(one, [other]).document["shares"]] == [people[0]]
    assert [row["party_id"] for row in both.works.preview_merge(one, [other], rules={"shares": other}).document["shares"]] == [
        people[1]
    ]
    assert [row["party_id"] for row in both.works.preview_merge(empty, [other]).document["shares"]] == [people[1]]


def test_a_version_of_itself_is_nobody_s_version_and_a_work_in_itself_is_refused(both):
    one = a_work(both)
    other = a_work(both, original_work_id=one)
    assert both.works.preview_merge(one, [other]).document["original_work_id"] is None
    medley = save(both, WORK, title="Medley", components=[{"component_work_id": one}])
    with pytest.raises(WorkbenchError, match="name itself in components"):
        both.works.merge(medley, [one], why="one song")


def test_recordings_and_releases_are_merged_alike(both):
    one, other = save(both, RECORDING, title="A", isrc="KEABC2500001"), save(both, RECORDING, title="A", isrc="KEABC2500002")
    album = save(both, RELEASE, **ALBUM, tracks=[{"title": "A", "recording_id": other}])
    twin = save(both, RELEASE, **ALBUM, gtin="0123456789012")
    before = everything(both)
    both.recordings.merge(one, [other], why="one recording")
    assert load(both, RECORDING, one)["numbers"] == [{"issuer": "ISRC", "number": "KEABC2500002"}]
    assert load(both, RELEASE, album)["tracks"][0]["recording_id"] == one
    Releases(both.office).merge(album, [twin], why="one album")
    assert load(both, RELEASE, album)["gtin"] == "0123456789012"
    Releases(both.office).unmerge(twin, why="two after all")
    both.recordings.unmerge(other, why="two after all")
    assert everything(both) == before


def test_what_was_changed_since_is_listed_and_goes_back_or_stays_as_somebody_says(both):
    one, other, third = a_party(both), a_party(both, birth_on="1971-03-02"), a_party(both)
    work, untouched = a_work(both, (other, "C", WHOLE)), a_work(both, (other, "C", WHOLE))
    both.parties.merge(one, [other], why="one person")
    both.works.change(work, shares=[_share(third, "C", WHOLE)], why="it was somebody else's")
    both.parties.change(one, birth_on="1971-03-03", why="passport")
    asked = both.parties.preview_unmerge(other).frame()
    assert sorted(asked[["id", "field"]].itertuples(index=False, name=None)) == [(one, "birth_on"), (work, "shares")]
    with pytest.raises(
        WorkbenchError, match=rf"changed since: got (party {one} \(birth_on\); work {work} \(shares\)|work.*party)"
    ):
        both.parties.unmerge(other, why="two")
    assert both.parties.get(other).status == "merged"
    with pytest.raises(WorkbenchError, match="not a choice"):
        both.parties.unmerge(other, why="two", choices={work: "perhaps"})
    both.parties.unmerge(other, why="two", choices={work: "keep", one: "back"})
    assert load(both, WORK, work)["shares"][0]["party_id"] == third
    assert load(both, WORK, untouched)["shares"][0]["party_id"] == other
    assert (both.parties.get(one).birth_on, both.parties.get(other).birth_on) == ("", "1971-03-02")
    with pytest.raises(WorkbenchError, match="is not merged"):
        both.parties.unmerge(other, why="again")


def test_rows_added_to_a_work_since_stay_when_the_merge_is_taken_back(both):
    one, other, third = a_party(both), a_party(both), a_party(both)
    work = a_work(both, (one, "C", 200_000), (other, "C", 300_000))
    both.parties.merge(one, [other], why="one person")
    rows = load(both, WORK, work)["shares"]
    both.works.change(work, shares=[*rows, _share(third, "A", 500_000)], why="the author")
    both.parties.unmerge(other, why="two")
    assert [(row["party_id"], row["performing_ppm"]) for row in load(both, WORK, work)["shares"]] == [
        (one, 200_000),
        (other, 300_000),
        (third, 500_000),
    ]


def test_of_several_merged_at_once_one_can_be_taken_back_alone(both):
    one, other, third = a_party(both), a_party(both, territory="404"), a_party(both, "Simba")
    works = {party: a_work(both, (party, "C", WHOLE)) for party in (other, third)}
    both.parties.merge(one, [other, third], why="one person")
    both.parties.unmerge(other, why="two")
    assert {key: load(both, WORK, work)["shares"][0]["party_id"] for key, work in works.items()} == {other: other, third: one}
    survivor = both.parties.get(one)
    assert (survivor.territory, [row.name for row in survivor.names]) == ("", ["Simba"])
    both.parties.unmerge(third, why="three")
    assert both.parties.get(one).names == ()


ROLES = ("C", "A", "CA")


@st.composite
def registers(draw):
    """Four parties' facts, works with shares, agreements, members; and who is merged into whom."""
    names = draw(st.lists(st.sampled_from(["Mwangi", "Mwangy", "Simba"]), min_size=4, max_size=4))
    facts = draw(st.lists(st.sampled_from(["", "404", "800"]), min_size=4, max_size=4))
    row = st.tuples(st.integers(0, 3), st.sampled_from(ROLES), st.integers(0, 300_000), st.integers(0, 300_000))
    works = draw(st.lists(st.lists(row, max_size=4), max_size=4))
    heirs = draw(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 250_000)), max_size=3))
    order = draw(st.permutations(range(4)))
    return names, facts, works, heirs, order[0], order[1 : 1 + draw(st.integers(1, 3))]


def build(desks, register):
    names, facts, works, heirs, survivor, others = register
    people = [
        a_party(desks, name, territory=place, names=(PartyName(f"{name} Kali", kind="pseudonym"),))
        for name, place in zip(names, facts, strict=True)
    ]
    rows = [{"successor_party_id": people[heir], "kind": "heir", "share_ppm": ppm} for heir, ppm in heirs]
    desks.parties.save({"kind": "natural", "name": "Dead", "death_on": "2020-01-01", "successors": rows}, why="joins")
    made = [a_work(desks, *[(people[at], role, per, mec) for at, role, per, mec in shares]) for shares in works]
    return people[survivor], [people[one] for one in others], made


def totals(desks, works):
    found = {work: load(desks, WORK, work)["shares"] for work in works}
    return {
        work: [sum(row[f"{right}_ppm"] for row in rows) for right in ("performing", "mechanical")] for work, rows in found.items()
    }


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(registers())
def test_merge_then_unmerge_gives_the_same_register_and_the_merge_keeps_every_total(both, register):
    survivor, others, works = build(both, register)
    before, sums = everything(both), totals(both, works)
    both.parties.merge(survivor, others, why="one person")
    assert totals(both, works) == sums
    with both.office.book.read() as connection:
        assert references(connection, PARTY, others, gone=True) == []
        assert set(resolve_ids(connection, PARTY, others).values()) == {survivor}
    for other in others[::-1]:
        both.parties.unmerge(other, why="two after all")
    assert everything(both) == before
