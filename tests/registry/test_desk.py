"""The laws every document desk keeps, shown on works and parties."""

from dataclasses import replace

import pytest

from workbench.core.errors import Conflict, NotFound, WorkbenchError
from workbench.registry.parties import Affiliation, Party, PartyName
from workbench.registry.works import Work, WorkShare, WorkTitle


def a_work(desks, **more):
    (writer,) = desks.people("Mfano")
    shares = (WorkShare(writer, "CA", 1_000_000, 1_000_000),)
    return desks.works.save(
        Work("Malaika", iswc="T0345246801", titles=(WorkTitle("Angel", "TT"),), shares=shares, **more), why="new"
    )


def test_what_is_saved_is_what_is_read(both):
    work = a_work(both)
    assert work.id == "TALA-W-000001"
    assert work.iswc == "T-034.524.680-1"
    assert both.works.get(work.id) == work
    assert both.works.get_many() == [work]


def test_a_stale_document_is_a_conflict_and_nothing_is_written(both):
    old = a_work(both)
    both.works.save(replace(old, title="Malaika, my angel"), why="first")
    with pytest.raises(Conflict, match="version 1, expected version 2"):
        both.works.save(replace(old, title="Lost"), why="second")
    with pytest.raises(Conflict):
        both.works.save_many([replace(old, title="Lost")], why="second")
    assert both.works.get(old.id).title == "Malaika, my angel"


def test_an_expected_version_may_be_said_for_a_dict(desks):
    old = a_work(desks)
    document = {"id": old.id, "title": "Short"}
    with pytest.raises(Conflict):
        desks.works.save(document, why="edit", expected_version=7)
    assert desks.works.save(document, why="edit", expected_version=1).version == 2


def test_change_leaves_the_other_fields_as_they_are(desks):
    old = a_work(desks)
    assert desks.works.change(old.id, title="Malaïka", why="accent") == replace(old, title="Malaïka", version=2)


def test_history_tells_who_changed_what_and_why(desks):
    old = a_work(desks)
    desks.works.change(old.id, title="Malaïka", why="accent", by="b.kamau")
    history = desks.works.history(old.id)
    assert history[["who", "why", "changed"]].to_numpy().tolist() == [
        ["a.mwangi", "new", "created"],
        ["b.kamau", "accent", "title: Malaika -> Malaïka"],
    ]
    assert desks.works.as_of(old.id, history.loc[0, "at"])["title"] == "Malaika"
    assert desks.works.as_of(old.id, "2000-01-01") is None


def test_undo_brings_the_document_before_back_as_a_new_entry_and_can_be_undone(both):
    old = a_work(both)
    both.works.save(replace(old, title="Wrong", shares=()), why="slip")
    undone = both.works.undo(old.id, why="the contract was right")
    assert undone == replace(old, version=3)
    assert both.works.undo(old.id, why="no, it was not").title == "Wrong"
    assert list(both.works.history(old.id)["why"]) == ["new", "slip", "the contract was right", "no, it was not"]


def test_the_first_entry_cannot_be_undone(desks):
    work = a_work(desks)
    with pytest.raises(WorkbenchError, match="nothing to undo"):
        desks.works.undo(work.id, why="slip")
    with pytest.raises(NotFound):
        desks.works.undo("TALA-W-000009", why="slip")


def test_save_many_saves_all_or_none(both):
    (writer,) = both.people("Mfano")
    good = {"title": "Good", "shares": [{"party_id": writer, "role": "CA"}]}
    bad = {"title": "Bad", "shares": [{"party_id": writer, "role": "XX"}]}
    with pytest.raises(WorkbenchError, match=r"role is not known.*work Bad shares\[1\]"):
        both.works.save_many([good, bad], why="import")
    assert both.works.get_many() == []


def test_a_reference_to_nothing_names_the_field_and_suggests(both):
    both.people("Mfano")
    with pytest.raises(NotFound, match=r"no such party: got TALA-P-000010 \(work.shares.party_id\). Did you mean TALA-P-000001"):
        both.works.save({"title": "Song", "shares": [{"party_id": "TALA-P-000010", "role": "C"}]}, why="new")


def test_a_change_without_a_reason_is_refused(desks):
    with pytest.raises(WorkbenchError, match="a person and a reason"):
        desks.parties.save(Party("Mfano"), why=" ")


def test_an_unknown_id_suggests_the_nearest(desks):
    work = a_work(desks)
    with pytest.raises(NotFound, match=work.id):
        desks.works.get("TALA-W-00001")


def test_frames_have_one_row_per_document_and_readable_columns(both):
    work = a_work(both)
    row = both.works.frame().iloc[0]
    assert (row["id"], row["writers"], row["performing_ppm"], row["titles"], row["version"]) == (
        work.id,
        "Mfano",
        1_000_000,
        "Angel",
        1,
    )
    assert both.works.part_frame("shares")[["id", "position", "role"]].to_numpy().tolist() == [[work.id, 1, "CA"]]
    with pytest.raises(NotFound, match="shares"):
        both.works.part_frame("share")


def test_a_duration_stays_a_whole_number_where_others_are_unknown(desks):
    desks.works.save_many([{"title": "Known", "duration_seconds": 215}, {"title": "Unknown"}], why="new")
    durations = desks.works.frame()["duration_seconds"]
    assert str(durations.dtype) == "Int64"
    assert durations[0] == 215
    assert durations.isna().tolist() == [False, True]


def test_an_empty_frame_still_has_its_columns(desks):
    assert list(desks.parties.frame().columns)[:2] == ["id", "status"]


BAD_PARTIES = [
    (Party(""), "name is empty"),
    (Party("X", kind="person"), "kind is not known.*natural"),
    (Party("X", ipi_base_number="I-000000229-8"), "ipi_base_number: not a valid IPI base number"),
    (Party("X", isni="0000000121465439"), "isni: not a valid ISNI"),
    (Party("X", ipn="12A"), "ipn: not a valid IPN"),
    (Party("X", birth_on="1960-02-30"), "birth_on is not a date"),
    (Party("X", birth_on="19600201"), "birth_on is not a date"),
    (Party("X", territory="KE"), "territory: no such territory.*404"),
    (Party("X", names=(PartyName("Y", ipi_name_number="00074424597"),)), r"ipi_name_number: not a valid.*party X names\[1\]"),
    (Party("X", affiliations=(Affiliation("58"),)), "society is not a society code"),
    (Party("X", affiliations=(Affiliation("058", "performance"),)), "right is not known.*performing"),
]


@pytest.mark.parametrize(("party", "message"), BAD_PARTIES)
def test_a_value_that_cannot_stand_is_refused_by_its_field(desks, party, message):
    with pytest.raises(WorkbenchError, match=message):
        desks.parties.save(party, why="new")


def test_identifiers_are_stored_in_one_spelling(desks):
    saved = desks.parties.save(
        Party(
            "Mfano",
            ipi_base_number="I0000002297",
            isni="0000 0001 2146 5438",
            names=(PartyName("Mfano", "", "patronymic", "14107338"),),
        ),
        why="new",
    )
    assert (saved.ipi_base_number, saved.isni, saved.ipi_name_number) == ("I-000000229-7", "0000000121465438", "00014107338")


BAD_WORKS = [
    ({"title": ""}, "title is empty"),
    ({"title": "X", "iswc": "T-070.116.274-5"}, "iswc: not a valid ISWC"),
    ({"title": "X", "category": "ROCK"}, "category is not known"),
    ({"title": "X", "duration_seconds": -1}, "duration_seconds is negative"),
    ({"title": "X", "created_year": "79"}, "created_year is not a year"),
    ({"title": "X", "titles": [{"kind": "ZZ", "title": "Y"}]}, r"kind is not known.*titles\[1\]"),
    ({"title": "X", "shares": [{"party_id": "P", "role": "CA", "performing_ppm": 1_000_001}]}, "performing_ppm is not a share"),
    ({"title": "X", "shares": [{"party_id": "P", "role": "CA", "mechanical_ppm": -1}]}, "mechanical_ppm is not a share"),
    ({"title": "X", "writers": []}, "no such field of work"),
]


@pytest.mark.parametrize(("document", "message"), BAD_WORKS)
def test_a_work_that_cannot_stand_is_refused_by_its_field(desks, document, message):
    with pytest.raises(WorkbenchError, match=message):
        desks.works.save(document, why="new")


def test_ten_thousand_works_are_saved_in_seconds(desks):
    ids = desks.people("A", "B", "C")
    shares = [{"party_id": one, "role": "CA", "performing_ppm": 333_333, "mechanical_ppm": 333_333} for one in ids]
    works = [{"title": f"Song {number}", "shares": shares} for number in range(10_000)]
    assert len(desks.works.save_many(works, why="import")) == 10_000
