"""The bench's model on real files: what is shown is what the bench says, every click is a step, who may only look only looks."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from workbench.api import Workbench
from workbench.apps import cleaning
from workbench.apps.cleaning_menu import CHANGE, LOOK, SELECTED
from workbench.apps.cleaning_model import CleaningModel, Finish
from workbench.apps.cleaning_rows_model import FACET_NAMES
from workbench.apps.cleaning_steps_model import ClusterChoice, StepForm
from workbench.apps.home_model import HomeModel
from workbench.apps.page import find, text_of
from workbench.apps.session import EVERYBODY

HOSTILE = "<img src=x onerror=alert(1)>"
ROWS = [
    ["Taa ya Pwani", "Amina Mwangi", "1998", "KE"],
    ["Usiku", "Mwangi, Amina", "2001", "KE"],
    ["Moto", "AMINA MWANGI", "n/a", "TZ"],
    [HOSTILE, "Baraka Otieno", "2001", ""],
    ["Nyota", "أمينة محمد", "1975", "TZ"],
    ["Nyota ", "Baraka Otieno", "", "UG"],
]
HEAD = ["title", "writer", "year", "country"]


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A society's folder with one file in its inbox."""
    folder = tmp_path / "society"
    Workbench.create(folder, code="TALA", name="Tala", currency="KES", user="setup").close()
    with (folder / "inbox" / "entries.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([HEAD, *ROWS])
    return folder


@pytest.fixture
def somebody(workspace: Path) -> Iterator[Callable[..., CleaningModel]]:
    """Sit somebody with given roles at the bench's start page."""
    opened = []

    def make(*roles: str, user: str = "a.mwangi") -> CleaningModel:
        wb = Workbench.open(workspace, user=user)
        opened.append(wb)
        return CleaningModel(wb, lambda: frozenset(roles or ("analyst",)))

    yield make
    for wb in opened:
        wb.close()


@pytest.fixture
def model(somebody: Callable[..., CleaningModel]) -> CleaningModel:
    """An analyst with the file on the bench."""
    made = somebody()
    made.do("open_file", {"name": "entries.csv"})
    assert made.notice is None
    return made


def column(model: CleaningModel, name: str) -> list[str]:
    """Return what the rows shown say in a column, in the order they are shown."""
    at = model.columns.index(name)
    return [row[2][at] for row in model.do("rows", {"offset": 0, "limit": 100})["rows"]]


def page(model: CleaningModel) -> dict[str, Any]:
    return cleaning.draw(model, None)


def commands() -> dict[str, frozenset[str]]:
    """Return every command of the bench with the roles that may call it."""
    found = {name: getattr(getattr(CleaningModel, name), "allowed_roles", None) for name in dir(CleaningModel)}
    return {name: roles for name, roles in found.items() if roles}


LOOKING = {
    "add_facet", "choose_method", "choose_range", "choose_value", "clear_facet", "close", "close_facet", "compare", "drop_filter",
    "drop_filters", "find", "invert", "leave", "more_values", "new_facet", "only_value", "open_clusters", "open_facets",
    "open_finish", "open_replay", "order_facet", "refresh", "resume", "rows", "search_facet", "sort_by", "toggle_help",
}  # fmt: skip


def test_whoever_may_only_look_can_call_nothing_that_changes_anything() -> None:
    for_all = {name for name, roles in commands().items() if roles == EVERYBODY}
    assert for_all == LOOKING
    assert {roles for name, roles in commands().items() if name not in LOOKING} == {frozenset({"analyst", "admin"})}


def test_an_auditor_looks_and_every_edit_is_refused_by_the_model(
    model: CleaningModel, somebody: Callable[..., CleaningModel], workspace: Path
) -> None:
    model.do("edit_cell", {"row": "2", "column": "title", "value": "Taa", "was": "Taa ya Pwani"})
    auditor = somebody("auditor", user="c.auma")
    auditor.do("resume", {"name": "entries"})
    before = column(auditor, "title")
    recipe = workspace / "cleaning" / "entries" / "recipe.yaml"
    written = recipe.read_bytes()
    tried = {
        "edit_cell": {"row": "2", "column": "title", "value": "x", "was": "Taa"},
        "undo": {},
        "redo": {},
        "undo_to": {"number": 0},
        "start_step": {"op": "remove_rows", "rows": ["2"], "ask": False},
        "fill_step": {"do": "apply"},
        "apply_step": {},
        "fill_clusters": {"do": "merge"},
        "merge_rows": {},
        "replay": {"name": "x"},
        "save_recipe": {"name": "x"},
        "export": {"name": "x"},
        "hand_on": {"layout": "parties-v1", "why": "x", "do": "load"},
        "save_register": {"why": "x"},
        "open_file": {"name": "entries.csv"},
        "upload": {"name": "x.csv", "start": 0, "size": 1, "part": b"x"},
        "open_register": {"kind": "party"},
        "open_save": {},
    }
    assert set(tried) == set(commands()) - LOOKING
    for name, arguments in tried.items():
        assert auditor.do(name, arguments) is None
        assert "you may not do this" in auditor.notice.text, name
    assert column(auditor, "title") == before
    assert recipe.read_bytes() == written
    assert list((workspace / "outbox").iterdir()) == []
    drawn = page(auditor)
    grid = next(_parts(drawn))
    assert not grid["options"]["editable"]
    assert [group["title"] for group in grid["options"]["menu"]] == [group["title"] for group in LOOK]


def _parts(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        if node.get("part"):
            yield node
        for child in node["children"]:
            yield from _parts(child)


def test_everything_a_menu_or_key_offers_is_a_command_with_an_operation_behind_it(model: CleaningModel) -> None:
    items = [item for group in [*LOOK, *CHANGE] for item in group["items"]] + SELECTED
    for item in items:
        assert item["command"] in commands(), item
        if item["command"] == "start_step":
            model.do("start_step", {**item["args"], "column": "writer"})
            assert isinstance(model.dialog, StepForm), (item, model.notice)
            assert text_of(page(model))
        if item["command"] == "add_facet":
            assert item["args"]["kind"] in FACET_NAMES
    keys = [item["key"] for item in items if item.get("key")]
    assert len(keys) == len(set(keys))


def test_every_kind_of_facet_can_be_opened_on_every_column(model: CleaningModel) -> None:
    for name in model.columns:
        for kind in FACET_NAMES:
            if kind not in {"flag", "removed"}:
                model.do("add_facet", {"column": name, "kind": kind})
                assert model.notice is None
    for kind in ("flag", "removed", "error"):
        model.do("add_facet", {"column": "#", "kind": kind})
    assert text_of(page(model))
    assert len(model.facets) == len(model.columns) * (len(FACET_NAMES) - 2) + 3


def test_the_counts_on_the_page_follow_every_choice(model: CleaningModel) -> None:
    model.do("add_facet", {"column": "country"})
    model.do("choose_value", {"at": 0, "label": "KE", "value": True})
    assert (model.total, model.whole) == (2, 6)
    model.do("choose_value", {"at": 0, "label": "TZ", "value": True})
    assert model.total == 4
    model.do("invert", {"at": 0})
    assert column(model, "country") == ["", "UG"]
    model.do("choose_value", {"at": 0, "label": "", "value": True})
    assert column(model, "country") == ["UG"], "blank was chosen too, and turned round with the others"
    assert "country: not (blank), KE, TZ" in text_of(page(model))
    model.do("drop_filter", {"number": 0})
    assert model.total == model.whole == 6


def test_a_range_is_chosen_by_its_ends_or_by_a_bar_and_taken_back_by_choosing_it_again(model: CleaningModel) -> None:
    model.do("add_facet", {"column": "year", "kind": "number"})
    model.do("choose_range", {"at": 0, "low": "1990", "high": "1999"})
    assert column(model, "year") == ["1998"]
    model.do("choose_range", {"at": 0, "low": "1990", "high": "1999"})
    assert model.total == 6
    model.do("choose_range", {"at": 0, "low": "soon"})
    assert "not the low end of a range" in model.notice.text
    assert model.total == 6


def test_the_search_looks_into_every_column(model: CleaningModel) -> None:
    model.do("find", {"value": "baraka"})
    assert model.total == 2
    model.do("find", {"value": "pwani"})
    assert column(model, "title") == ["Taa ya Pwani"]
    model.do("drop_filter", {"number": 0})
    assert model.total == 6


def test_sorting_goes_up_then_down_then_back_to_the_order_of_the_file(model: CleaningModel) -> None:
    came = column(model, "writer")
    model.do("sort_by", {"column": "writer"})
    upwards = column(model, "writer")
    model.do("sort_by", {"column": "writer"})
    assert column(model, "writer") == sorted(came, key=upwards.index, reverse=True)
    model.do("sort_by", {"column": "writer"})
    assert column(model, "writer") == came


def test_an_edited_cell_is_marked_with_what_it_was_and_undo_brings_it_back(model: CleaningModel) -> None:
    answer = model.do("edit_cell", {"row": "3", "column": "title", "value": "Usiku mwema", "was": "Usiku"})
    assert answer["row"][2][0] == "Usiku mwema"
    assert answer["row"][3]["0"]["w"] == "Usiku"
    assert [each.sentence for each in model.steps] == ['In row 3 write "Usiku mwema" as "title" instead of "Usiku".']
    model.do("undo")
    assert column(model, "title")[1] == "Usiku"
    assert [each.undone for each in model.steps] == [True]
    model.do("undo_to", {"number": 1})
    assert column(model, "title")[1] == "Usiku mwema"


def test_a_cell_somebody_else_changed_meanwhile_is_not_overwritten(model: CleaningModel) -> None:
    model.bench.apply({"op": "edit_cell", "row": "3", "column": "title", "value": "Usiku mrefu"})
    answer = model.do("edit_cell", {"row": "3", "column": "title", "value": "mine", "was": "Usiku"})
    assert "Usiku mrefu" in answer["problem"]
    assert column(model, "title")[1] == "Usiku mrefu"
    assert model.position == 1


def test_what_is_wrong_with_a_cell_is_said_at_the_cell(model: CleaningModel) -> None:
    last = model.do("rows", {"offset": 5, "limit": 1})["rows"][0]
    assert last[3]["0"]["e"] == "spaces at an end or doubled"


def test_a_step_is_shown_before_it_is_done_and_only_touches_the_rows_shown(model: CleaningModel) -> None:
    model.do("add_facet", {"column": "country"})
    model.do("choose_value", {"at": 0, "label": "TZ", "value": True})
    model.do("start_step", {"op": "transform", "column": "writer", "ask": False, "with": ["upper"]})
    assert model.position == 0
    assert model.dialog.preview.changed == 0, "one is in capitals, the other in letters that have none"
    model.do("close")
    model.do("start_step", {"op": "transform", "column": "title", "ask": False, "with": ["upper"]})
    assert model.dialog.preview.changed == 2
    assert "NYOTA" in text_of(page(model))
    model.do("fill_step", {"do": "apply", "only_shown": True})
    assert column(model, "title") == ["MOTO", "NYOTA"]
    model.do("drop_filters")
    assert column(model, "title")[0] == "Taa ya Pwani"
    assert "2 rows changed" in text_of(page(model))


def test_a_step_that_cannot_be_done_says_why_in_its_window_and_does_nothing(model: CleaningModel) -> None:
    model.do("start_step", {"op": "rename_column", "column": "title"})
    model.do("fill_step", {"do": "apply", "column": "title", "into": "year"})
    assert "there is a column of that name" in text_of(page(model))
    assert model.position == 0


def test_filters_on_a_column_that_goes_go_with_it(model: CleaningModel) -> None:
    model.do("add_facet", {"column": "country"})
    model.do("choose_value", {"at": 0, "label": "KE", "value": True})
    model.do("sort_by", {"column": "country"})
    model.do("start_step", {"op": "remove_column", "column": "country", "ask": False})
    model.do("apply_step")
    assert (model.filters, model.facets, model.sort, model.total) == ([], [], None, 6)
    assert text_of(page(model))


def test_clusters_are_merged_into_the_spelling_a_person_chose_as_one_step(model: CleaningModel) -> None:
    model.do("open_clusters", {"column": "writer"})
    assert isinstance(model.dialog, ClusterChoice)
    assert [each.row_count for each in model.dialog.found] == [3]
    spellings = [text for text, _ in model.dialog.found[0].values]
    model.do("fill_clusters", {"pick": f"0:{spellings.index('Mwangi, Amina')}"})
    assert model.dialog.spelled == ["Mwangi, Amina"]
    model.do("fill_clusters", {"do": "merge", "tick0": True, "spelled0": "Amina W. Mwangi"})
    assert column(model, "writer")[:3] == ["Amina W. Mwangi"] * 3
    assert model.position == 1
    assert model.dialog.found == []
    model.do("undo")
    assert column(model, "writer")[1] == "Mwangi, Amina"


def test_ticking_all_clusters_and_merging_is_one_step_to_undo(model: CleaningModel) -> None:
    model.do("open_clusters", {"column": "title"})
    model.do("fill_clusters", {"do": "all"})
    model.do("fill_clusters", {"do": "merge", **{f"tick{at}": True for at in range(len(model.dialog.found))}})
    assert model.position == 1
    assert column(model, "title")[4:] == ["Nyota", "Nyota"]


def test_merging_nothing_is_refused_in_words(model: CleaningModel) -> None:
    model.do("open_clusters", {"column": "writer"})
    model.do("fill_clusters", {"do": "merge"})
    assert "nothing is ticked" in model.notice.text
    assert model.notice.text in text_of(page(model))


def test_rows_side_by_side_become_one_with_what_was_chosen_for_each_field(model: CleaningModel) -> None:
    model.do("compare", {"rows": ["6", "7"]})
    fields = [name for name, _ in model.dialog.fields]
    assert fields == HEAD
    model.do("merge_rows", {"from1": "0", "from2": "0", "from3": "1"})
    assert model.total == 5
    merged = model.do("rows", {"offset": 4, "limit": 1})["rows"][0]
    assert merged[0] == "6"
    assert merged[2] == ["Nyota", "أمينة محمد", "1975", "UG"]
    model.do("compare", {"rows": ["2"]})
    assert "two to four" in model.notice.text


def test_a_recipe_is_kept_and_replayed_on_the_next_file(
    model: CleaningModel, somebody: Callable[..., CleaningModel], workspace: Path
) -> None:
    model.do("start_step", {"op": "transform", "column": "title", "ask": False, "with": ["trim"]})
    model.do("apply_step")
    model.do("open_save")
    model.do("save_recipe", {"name": "weekly entries", "about": "as the station sends them"})
    assert (workspace / "rules" / "cleaning" / "weekly entries.yaml").is_file()
    model.do("save_recipe", {"name": "weekly entries"})
    assert "there is a recipe of that name" in model.notice.text
    other = somebody()
    other.do("open_file", {"name": "entries.csv"})
    other.do("open_replay")
    assert "as the station sends them" in text_of(page(other))
    other.do("replay", {"name": "weekly entries"})
    assert column(other, "title")[5] == "Nyota"
    assert [each.sentence for each in other.steps] == [each.sentence for each in model.steps]


@pytest.mark.parametrize("name", ["../../../etc/recipe", "..", "a/b", ".hidden", "c:\\x"])
def test_a_name_typed_for_a_file_never_leaves_its_folder(model: CleaningModel, workspace: Path, name: str) -> None:
    model.do("edit_cell", {"row": "3", "column": "title", "value": "x", "was": "Usiku"})
    outside = {path for path in workspace.parent.rglob("*") if path.is_file()}
    model.do("save_recipe", {"name": name})
    model.do("export", {"name": name})
    new = {path for path in workspace.parent.rglob("*") if path.is_file()} - outside
    allowed = {workspace / "rules" / "cleaning", workspace / "outbox", workspace / "logs"}
    assert {path.parent for path in new} <= allowed


def test_the_cleaned_file_goes_to_the_outbox_and_replaces_nothing(model: CleaningModel, workspace: Path) -> None:
    model.do("edit_cell", {"row": "3", "column": "title", "value": "Usiku mwema", "was": "Usiku"})
    model.do("open_finish")
    model.do("export", {"name": "clean", "kind": "csv"})
    written = (workspace / "outbox" / "clean.csv").read_text(encoding="utf-8-sig")
    assert "Usiku mwema" in written
    assert HOSTILE in written
    model.do("export", {"name": "clean", "kind": "csv"})
    assert "there is a file of that name" in model.notice.text


def test_handing_on_looks_first_and_loads_only_with_a_reason(somebody: Callable[..., CleaningModel], workspace: Path) -> None:
    (workspace / "inbox" / "people.csv").write_text("first name,last name\nAmina,Mwangi \nBaraka,Otieno\n", encoding="utf-8")
    model = somebody()
    model.do("open_file", {"name": "people.csv"})
    model.do("open_finish")
    assert isinstance(model.dialog, Finish)
    layout = next(each for each in model.dialog.layouts if each.startswith("parties"))
    model.do("hand_on", {"layout": layout})
    assert "2 lines" in model.dialog.outcome["says"], model.dialog.outcome
    assert len(model.wb.parties.frame()) == 0
    model.do("hand_on", {"layout": layout, "do": "load"})
    assert "needs a reason" in model.notice.text
    model.do("hand_on", {"layout": layout, "do": "load", "why": "first people"})
    assert model.notice.kind == "good"
    assert len(model.wb.parties.frame()) == 2


def test_documents_of_the_register_are_edited_and_saved_with_a_reason(somebody: Callable[..., CleaningModel]) -> None:
    model = somebody()
    kept = model.wb.works.save({"title": "Taa ya Pwanni", "shares": []}, why="a test")
    model.do("open_register", {"kind": "work"})
    assert model.notice is None
    model.do("edit_cell", {"row": kept.id, "column": "title", "value": "Taa ya Pwani", "was": "Taa ya Pwanni"})
    model.do("open_finish")
    assert model.dialog.edited == 1
    model.do("save_register")
    assert "needs a reason" in model.notice.text
    model.do("save_register", {"why": "misspelt"})
    assert model.notice.kind == "good", model.notice
    assert model.wb.works.get(kept.id).title == "Taa ya Pwani"


def test_a_file_sent_in_pieces_lies_in_the_inbox_and_on_the_bench(model: CleaningModel, workspace: Path) -> None:
    data = b"title,writer\nJambo,Amina\nSafari,Baraka\n"
    model.do("upload", {"name": "C:\\music\\new.csv", "start": 0, "size": len(data), "part": memoryview(data[:15])})
    assert list((workspace / "inbox").glob("new*")) == []
    model.do("upload", {"name": "new.csv", "start": 15, "size": len(data), "part": memoryview(data[15:])})
    assert (workspace / "inbox" / "new.csv").read_bytes() == data
    assert column(model, "title") == ["Jambo", "Safari"]


@pytest.mark.parametrize(
    ("name", "start", "size", "says"),
    [
        ("new.exe", 0, 5, "not a file for this place"),
        ("new.csv", 3, 5, "a piece of the file is missing"),
        ("new.csv", 0, 0, "empty or too large"),
        ("new.csv", 0, 10**12, "empty or too large"),
        ("new.csv", 0, 2, "longer than was said"),
    ],
)
def test_what_is_no_file_for_the_bench_leaves_nothing_in_the_inbox(
    model: CleaningModel, workspace: Path, name: str, start: int, size: int, says: str
) -> None:
    before = sorted((workspace / "inbox").iterdir())
    model.do("upload", {"name": name, "start": start, "size": size, "part": b"a,b\n1"})
    assert says in model.notice.text
    assert sorted((workspace / "inbox").iterdir()) == before


def test_a_file_of_the_same_name_is_not_replaced(model: CleaningModel, workspace: Path) -> None:
    before = (workspace / "inbox" / "entries.csv").read_bytes()
    model.do("upload", {"name": "entries.csv", "start": 0, "size": 6, "part": b"a,b\n1,"})
    assert (workspace / "inbox" / "entries.csv").read_bytes() == before
    assert (workspace / "inbox" / "entries (2).csv").read_bytes() == b"a,b\n1,"


def test_only_files_of_the_inbox_can_be_opened(model: CleaningModel) -> None:
    for name in ("../workbench.toml", "/etc/passwd", "nothing.csv"):
        model.do("open_file", {"name": name})
        assert "no such file of the inbox" in model.notice.text


def test_a_project_is_left_and_resumed_as_it_was(model: CleaningModel, somebody: Callable[..., CleaningModel]) -> None:
    model.do("edit_cell", {"row": "3", "column": "title", "value": "Usiku mwema", "was": "Usiku"})
    model.do("leave")
    assert "entries.csv, 1 step" in text_of(page(model))
    other = somebody("admin", user="d.njeri")
    other.do("resume", {"name": "entries"})
    assert column(other, "title")[1] == "Usiku mwema"


def test_removed_rows_are_kept_shown_and_brought_back(model: CleaningModel) -> None:
    model.do("start_step", {"op": "remove_rows", "rows": ["2", "3"]})
    model.do("fill_step", {"do": "apply", "why": "sent twice"})
    assert model.total == 4
    model.do("add_facet", {"column": "#", "kind": "removed"})
    model.do("choose_value", {"at": 0, "label": "sent twice", "value": True})
    assert model.notice is None
    assert column(model, "title") == ["Taa ya Pwani", "Usiku"]
    assert [each["label"] for each in next(_parts(page(model)))["options"]["actions"]] == ["Bring back"]
    model.do("start_step", {"op": "restore_rows", "rows": ["2"], "ask": False})
    model.do("apply_step")
    model.do("drop_filters")
    assert column(model, "title")[0] == "Taa ya Pwani"
    assert model.total == 5


def test_names_that_look_like_markup_stay_text_wherever_they_are_drawn(model: CleaningModel) -> None:
    model.do("add_facet", {"column": "title"})
    model.do("choose_value", {"at": 0, "label": HOSTILE, "value": True})
    model.do("start_step", {"op": "transform", "column": "title", "ask": False, "with": ["upper"]})
    drawn = page(model)
    assert HOSTILE in text_of(drawn)
    assert find(drawn, tag="img") == []


def test_a_step_done_in_another_cell_of_the_notebook_is_seen_at_the_next_click(model: CleaningModel) -> None:
    before = model.view
    model.bench.apply({"op": "edit_cell", "row": "3", "column": "title", "value": "x"})
    assert model.view != before
    assert "In row 3" in text_of(page(model))


def test_a_table_without_rows_can_be_shown(somebody: Callable[..., CleaningModel], workspace: Path) -> None:
    (workspace / "inbox" / "empty.csv").write_text("title,writer\n", encoding="utf-8")
    model = somebody()
    model.do("open_file", {"name": "empty.csv"})
    if model.bench is not None:
        model.do("add_facet", {"column": "title"})
        model.do("add_facet", {"column": "title", "kind": "number"})
        model.do("add_facet", {"column": "title", "kind": "date"})
    assert text_of(page(model))
    assert model.notice is None or model.notice.kind == "problem"


def test_the_home_page_shows_the_way_to_those_who_clean(workspace: Path) -> None:
    with Workbench.open(workspace, user="a.mwangi") as wb:
        for roles, there in (({"analyst"}, True), ({"admin"}, True), ({"auditor"}, False)):
            home = HomeModel(wb, lambda roles=roles: frozenset(roles))
            assert ("cleaning" in [tile.page for tile in home.tiles]) == there
