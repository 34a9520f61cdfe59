"""Documents of the register on the bench: edited like any table, and saved back in one change, never over somebody else's."""

from __future__ import annotations

import pytest

from tests.registry.cleaning.tables import bench_of, texts
from tests.registry.conftest import Desks
from workbench.core.errors import WorkbenchError
from workbench.registry.cleaning import Cleaning


@pytest.fixture
def songs(both: Desks) -> list[str]:
    titles = ("TAA YA PWANI", "Sauti  ya Mto", "Malaika")
    return [one.id for one in both.works.save_many([{"title": title, "language": "sw"} for title in titles], why="registered")]


def test_documents_become_rows_under_their_ids(both: Desks, songs: list[str]) -> None:
    bench = Cleaning(both.office).open_register("works", fields=["title", "language"])
    assert list(bench.frame()["#"]) == songs
    assert texts(bench, "title") == ["TAA YA PWANI", "Sauti  ya Mto", "Malaika"]
    assert "version" not in Cleaning(both.office).open_register("work").names


def test_documents_that_are_gone_stay_away_unless_asked_for(both: Desks, songs: list[str]) -> None:
    both.works.change(songs[1], why="twice in the book", status="deleted")
    desk = Cleaning(both.office)
    assert list(desk.open_register("work").frame()["#"]) == [songs[0], songs[2]]
    assert list(desk.open_register("work", [songs[1]]).frame()["#"]) == [songs[1]]


def test_edited_fields_are_saved_in_one_change_and_nothing_else(both: Desks, songs: list[str]) -> None:
    bench = Cleaning(both.office).open_register("work", fields=["title"])
    bench.apply({"op": "transform", "columns": ["title"], "with": ["collapse_spaces", "title"]})
    saved = bench.save(why="titles as printed")
    assert (saved.saved, saved.refused) == (tuple(songs[:2]), ())
    assert [one.title for one in both.works.get_many(songs)] == ["Taa Ya Pwani", "Sauti Ya Mto", "Malaika"]
    assert {one.language for one in both.works.get_many(songs)} == {"sw"}
    histories = [both.works.history(one) for one in songs]
    assert [len(history) for history in histories] == [2, 2, 1]
    assert {history["why"].iloc[-1] for history in histories[:2]} == {"titles as printed"}


def test_a_document_that_somebody_changed_meanwhile_is_refused_and_the_others_are_saved(both: Desks, songs: list[str]) -> None:
    bench = Cleaning(both.office).open_register("work", fields=["title"])
    bench.apply({"op": "transform", "columns": ["title"], "with": ["upper"]})
    both.works.change(songs[1], why="meanwhile", title="Sauti ya Mto Mkubwa")
    saved = bench.save(why="in capitals")
    assert saved.saved == (songs[2],)
    assert [entity_id for entity_id, _ in saved.refused] == [songs[1]]
    assert "this work was changed by" in saved.refused[0][1]
    assert both.works.get(songs[1]).title == "Sauti ya Mto Mkubwa"


def test_saving_twice_saves_once(both: Desks, songs: list[str]) -> None:
    bench = Cleaning(both.office).open_register("work", fields=["title"])
    bench.apply({"op": "edit_cell", "row": songs[0], "column": "title", "value": "Taa"})
    assert bench.save(why="shorter").saved == (songs[0],)
    assert bench.save(why="shorter").saved == ()
    bench.undo()
    assert bench.save(why="longer again").saved == (songs[0],)
    assert both.works.get(songs[0]).title == "TAA YA PWANI"


def test_what_cannot_stand_in_the_register_is_refused_with_the_reason(both: Desks, songs: list[str]) -> None:
    bench = Cleaning(both.office).open_register("work", fields=["title", "iswc"])
    bench.apply({"op": "edit_cell", "row": songs[0], "column": "iswc", "value": "T-1"})
    bench.apply({"op": "edit_cell", "row": songs[2], "column": "iswc", "value": "T-990.000.017-1"})
    saved = bench.save(why="codes")
    assert saved.saved == (songs[2],)
    assert [entity_id for entity_id, _ in saved.refused] == [songs[0]]


def test_a_field_of_a_part_is_edited_by_its_place(both: Desks) -> None:
    names = [{"kind": "patronymic", "name": "MWANGI", "first_name": "Amani"}]
    made = both.parties.save({"kind": "natural", "name": "MWANGI", "first_name": "Amani", "names": names}, why="joined")
    bench = Cleaning(both.office).open_register("party", [made.id], ["name", "names.1.name", "names.2.name"])
    bench.apply({"op": "transform", "columns": ["name", "names.1.name"], "with": ["title"]})
    assert bench.save(why="as written").saved == (made.id,)
    after = both.parties.get(made.id)
    assert (after.name, after.names[0].name) == ("Mwangi", "Mwangi")
    bench.apply({"op": "edit_cell", "row": made.id, "column": "names.2.name", "value": "Simba"})
    assert bench.save(why="a second name").refused[0][0] == made.id


def test_rows_removed_on_the_bench_stay_in_the_register(both: Desks, songs: list[str]) -> None:
    bench = Cleaning(both.office).open_register("work", fields=["title"])
    bench.apply({"op": "transform", "columns": ["title"], "with": ["lower"]})
    bench.apply({"op": "remove_rows", "rows": songs[:2]})
    assert bench.save(why="small letters").saved == (songs[2],)
    assert [one.title for one in both.works.get_many(songs)] == ["TAA YA PWANI", "Sauti  ya Mto", "malaika"]


def test_a_project_over_the_register_is_resumed_on_what_it_says_now(both: Desks, songs: list[str]) -> None:
    desk = Cleaning(both.office)
    bench = desk.open_register("work", songs, ["title"], name="capitals")
    bench.apply({"op": "transform", "columns": ["title"], "with": ["upper"]})
    again = desk.resume("capitals")
    assert texts(again, "title") == texts(bench, "title")
    assert again.save(why="in capitals").saved == tuple(songs[1:])


def test_what_is_not_there_says_the_nearest(both: Desks, songs: list[str]) -> None:
    desk = Cleaning(both.office)
    with pytest.raises(WorkbenchError, match="Did you mean work"):
        desk.open_register("wrok")
    with pytest.raises(WorkbenchError, match="Did you mean title"):
        desk.open_register("work", fields=["titel"])
    with pytest.raises(WorkbenchError, match="no such work"):
        desk.open_register("work", ["TALA-W-999999"])
    with pytest.raises(WorkbenchError, match="this table came from a file"):
        bench_of().save(why="x")
