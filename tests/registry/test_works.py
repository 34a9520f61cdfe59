"""The laws of works: what a form accepts, what contains what, and the life of a document."""

import pytest

from workbench.core.errors import WorkbenchError
from workbench.registry import statuses
from workbench.registry.codes import codes
from workbench.registry.creation_classes import creation_class, creation_classes, read
from workbench.registry.works import ArchivedIswc, Component, Cue, Work, WorkInstrument, WorkNumber, WorkShare, WorkTitle


def test_a_work_keeps_everything_the_trade_says_of_it(both):
    (writer,) = both.people("Writer")
    (original,) = both.works.save_many([Work("Original")], why="new")
    given = Work(
        "Song", iswc="T0345246801", creation_class="musical", text_music="MTX", version_type="MOD", original_work_id=original.id,
        music_arrangement="ARR", lyric_adaptation="TRA", work_type="PP", instrumentation="SQU", isan="0000-0001-8947-0000-8",
        eidr="10.5240/7791-8534-2c23-9030-8610-5", opus_number="12", published_on="2020-01-31",
        titles=(WorkTitle("Chanson", "AT", "FR"),), shares=(WorkShare(writer, "CA", 1_000_000, 500_000, None, 250_000, "2100"),),
        archived_iswcs=(ArchivedIswc("T-010.171.314-7", "2021-05-01"),), numbers=(WorkNumber("707", "A1"),),
        components=(Component(original.id, 30),), instruments=(WorkInstrument("ACC", 2),),
        cues=(Cue("Opening", "T", original.id, duration_seconds=12, starts_at="00:00:05"),),
    )  # fmt: skip
    saved = both.works.save(given, why="new")
    assert both.works.get(saved.id) == saved
    assert (saved.iswc, saved.eidr) == ("T-034.524.680-1", "10.5240/7791-8534-2C23-9030-8610-5")


BAD = [
    ({"creation_class": "musicall"}, "creation_class is not known.*Did you mean musical"),
    ({"music_arrangement": "XXX"}, "music_arrangement is not known"),
    ({"work_type": "ZZ"}, "work_type is not known"),
    ({"instruments": [{"instrument": "QQQ"}]}, r"instrument is not known.*instruments\[1\]"),
    ({"isan": "0000-0001-8947-0000-9"}, "isan: not a valid ISAN"),
    ({"public_domain": 2}, "public_domain is yes or no"),
    ({"numbers": [{"issuer": "", "number": "1"}]}, r"issuer is empty.*numbers\[1\]"),
    ({"cues": [{"title": "A", "use": "Z"}]}, r"use is not known.*cues\[1\]"),
    ({"cues": [{"title": "A", "use": "B", "starts_at": "1:2:3"}]}, "starts_at is not a time"),
    ({"archived_iswcs": [{"iswc": "T-070.116.274-5"}]}, "iswc: not a valid ISWC"),
    ({"status": "gone"}, "status is not known"),
]


@pytest.mark.parametrize(("fields", "message"), BAD)
def test_a_work_that_cannot_stand_is_refused_by_its_field(desks, fields, message):
    with pytest.raises(WorkbenchError, match=message):
        desks.works.save({"title": "Song", **fields}, why="new")


def test_a_share_holds_in_a_known_territory_from_a_day_to_a_day(desks):
    (writer,) = desks.people("Writer")
    for wrong, message in (({"territory": "9999"}, "no such territory"), ({"starts_on": "2020"}, "starts_on is not a date")):
        with pytest.raises(WorkbenchError, match=message):
            desks.works.save({"title": "Song", "shares": [{"party_id": writer, "role": "CA", **wrong}]}, why="new")


def test_a_role_has_a_part_only_in_classes_that_know_it(desks):
    (director,) = desks.people("Director")
    film = desks.works.save(Work("Film", creation_class="film", shares=(WorkShare(director, "DI", 500_000),)), why="new")
    with pytest.raises(WorkbenchError, match="role DI has no part in a work of class musical"):
        desks.works.change(film.id, creation_class="", why="wrong class")
    with pytest.raises(WorkbenchError, match="a work of class film has no synchronisation shares"):
        desks.works.change(film.id, shares=[{"party_id": director, "role": "DI", "synchronisation_ppm": 5}], why="wrong right")


def test_there_are_at_least_21_creation_classes_each_with_roles_rights_and_a_base_of_100_percent():
    found = creation_classes()
    assert len(found) >= 21
    for one in found.values():
        assert one.roles
        assert one.rights
        assert not one.groups or sum(group.part_ppm for group in one.groups) == 1_000_000
    assert creation_class("") is found["musical"]


def test_a_creation_class_that_cannot_stand_is_refused_by_name(tmp_path):
    file = tmp_path / "classes.yaml"
    row = "{code: x, title: X, roles: [A], rights: [performing], share_base: whole, documents: []}"
    for change, message in (
        (("roles: [A]", "roles: [AA]"), "no such role"),
        (("whole", "{a: {percent: '60', roles: [A]}}"), "do not total 100 %"),
        (("documents: []", "papers: []"), "keys differ"),
    ):
        file.write_text(f"classes:\n  - {row.replace(*change)}\n")
        with pytest.raises(WorkbenchError, match=message):
            read(file)


def test_the_code_lists_are_those_of_the_trade():
    sizes = {name: len(codes(name)) for name in ("instrument", "instrumentation", "work_type", "title_kind", "text_music")}
    assert sizes == {"instrument": 162, "instrumentation": 50, "work_type": 29, "title_kind": 11, "text_music": 4}


def test_a_work_cannot_contain_itself_by_any_way_and_the_way_is_shown(both):
    a, b, c = (one.id for one in both.works.save_many([Work("A"), Work("B"), Work("C")], why="new"))
    both.works.change(a, components=[{"component_work_id": b}], why="medley")
    both.works.change(c, whole_work_id=b, why="excerpt")
    with pytest.raises(WorkbenchError, match=f"leads back to itself: got {c} -> {b} -> {a} -> {c}") as refused:
        both.works.change(c, components=[{"component_work_id": a}], why="medley")
    assert refused.value.next_step
    with pytest.raises(WorkbenchError, match="leads back to itself"):
        both.works.change(a, series_work_id=c, why="episode")
    with pytest.raises(WorkbenchError, match=f"{a} -> {a}"):
        both.works.change(a, whole_work_id=a, why="itself")
    assert both.works.get(c).components == ()


def test_a_version_cannot_be_its_own_original(desks):
    a, b = (one.id for one in desks.works.save_many([Work("A"), Work("B")], why="new"))
    desks.works.change(a, original_work_id=b, why="version")
    with pytest.raises(WorkbenchError, match=f"{b} -> {a} -> {b}"):
        desks.works.change(b, original_work_id=a, why="version")


def test_a_clerk_takes_a_work_through_its_life_by_known_steps_only(both):
    (work,) = both.works.save_many([Work("Song", status="incomplete")], why="new")
    for status in ("to_validate", "synced", "conflict", "in_dispute", "local", "deleted", "to_validate"):
        assert both.works.set_status(work.id, status, why="its life").status == status
    both.works.set_status(work.id, "incomplete", why="asked")
    with pytest.raises(WorkbenchError, match="that is incomplete cannot become synced"):
        both.works.set_status(work.id, "synced", why="too early")
    assert list(both.works.history(work.id)["why"])[-1] == "asked"


def test_every_status_has_a_meaning_and_leads_only_to_known_ones():
    assert set(statuses.MEANING) == set(statuses.NEXT) == {*statuses.rules.STATUSES}
    assert {to for steps in statuses.NEXT.values() for to in steps} <= set(statuses.NEXT)


def test_a_work_that_is_named_by_live_documents_cannot_be_deleted_and_they_are_listed(both):
    a, b = (one.id for one in both.works.save_many([Work("A"), Work("B")], why="new"))
    both.works.change(a, components=[{"component_work_id": b}], why="medley")
    with pytest.raises(WorkbenchError, match=f"still used cannot be deleted: got work {a} .components.component_work_id"):
        both.works.delete(b, why="twice")
    both.works.delete(a, why="never was")
    assert both.works.delete(b, why="twice").status == "deleted"
    assert both.works.undo(b, why="it was right").status == ""


def test_a_merged_work_names_its_survivor_and_no_other_does(desks):
    a, b = (one.id for one in desks.works.save_many([Work("A"), Work("B")], why="new"))
    for wrong in ({"status": "merged"}, {"merged_into_id": b}):
        with pytest.raises(WorkbenchError, match="names its survivor"):
            desks.works.change(a, why="same", **wrong)
    desks.works.change(a, status="merged", merged_into_id=b, why="same")
    assert desks.works.undo(a, why="not the same").merged_into_id is None
