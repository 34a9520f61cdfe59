"""Layouts say how a sender writes; cells are read exactly so, or refused; nothing handed out can run in a spreadsheet."""

from __future__ import annotations

import copy
import doctest
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.core.errors import NotFound, WorkbenchError
from workbench.formats import cells, export, judge, sheets
from workbench.formats.cells import amount_micros, day, duration_seconds, instant, share_ppm, whole_number
from workbench.formats.sheets import find_layout, header_key, layouts, parse_layout

MINIMAL: dict[str, Any] = {
    "name": "our-radio-v1",
    "purpose": "usage",
    "fields": {"title": {"headers": ["song"], "required": True}},
}


def test_every_layout_of_the_package_is_named_like_its_file_and_reads_its_own_examples() -> None:
    found = layouts()
    assert {"radio-playlist-v1", "radio-log-classic-v1", "song-list-classic-v1", "streaming-report-v1", "set-list-v1"} <= {
        layout.name for layout in found
    }
    assert {"parties-v1", "works-v1", "recordings-v1", "agreements-v1", "capture-v1"} <= {layout.name for layout in found}
    for layout in found:
        assert find_layout(layout.name) == layout
        for field in layout.fields:
            if field.example:
                cells.reader(field, layout)(field.example)


def test_headers_are_found_whatever_their_case_spaces_and_punctuation() -> None:
    layout = find_layout("radio-playlist-v1")
    for header in ("Played At", "played_at", " PLAYED-AT ", "used_at"):
        field = layout.find(header)
        assert field is not None
        assert field.name == "used_at"
    assert layout.find("of no use") is None
    assert find_layout("radio-log-classic-v1").ignores("Combined")
    assert header_key("Ｔｉｔｌｅ") == "title"


def test_an_unknown_layout_is_answered_with_the_nearest_name() -> None:
    with pytest.raises(NotFound, match="radio-playlist-v1"):
        find_layout("radio-playlst-v1")
    with pytest.raises(NotFound):
        find_layout("../layouts/radio-playlist-v1")


def test_a_workspaces_own_layout_comes_before_the_packages(tmp_path: Path) -> None:
    (tmp_path / "set-list-v1.yaml").write_text("name: set-list-v1\npurpose: usage\nfields:\n  title: {}\n", encoding="utf-8")
    assert len(find_layout("set-list-v1", tmp_path).fields) == 1
    assert len(find_layout("set-list-v1").fields) > 1


@pytest.mark.parametrize(
    ("entry", "value"),
    [
        ("name", "Our Radio"),
        ("purpose", "fun"),
        ("encoding", "zip"),
        ("delimiter", "xx"),
        ("decimal", "'"),
        ("timezone", "Mars/Olympus"),
        ("one_of", ["artist"]),
        ("unique", ["artist"]),
        ("colour", "red"),
        ("fields", {"title": {"type": "words"}}),
        ("fields", {"title": {"header": ["song"]}}),
        ("fields", {"title": {"headers": [False]}}),
        ("fields", {"title": {"headers": ["song"]}, "work": {"headers": ["Song"]}}),
        ("fields", {}),
    ],
)
def test_a_layout_with_a_mistake_is_refused_with_the_entry_named(entry: str, value: Any) -> None:
    assert parse_layout(MINIMAL).name == "our-radio-v1"
    wrong = copy.deepcopy(MINIMAL)
    wrong[entry] = value
    with pytest.raises(WorkbenchError):
        parse_layout(wrong, "file.yaml")


def test_a_layout_file_that_is_no_yaml_is_the_callers_mistake(tmp_path: Path) -> None:
    (tmp_path / "ours-v1.yaml").write_text("{unclosed", encoding="utf-8")
    with pytest.raises(WorkbenchError, match="cannot be read"):
        find_layout("ours-v1", tmp_path)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0", 0), ("200", 200), ("3:20", 200), ("03:20", 200), ("63:20", 3800), ("1:03:20", 3800), ("PT3M20S", 200), ("pt1h", 3600)],
)
def test_durations_are_read_in_every_declared_spelling(text: str, seconds: int) -> None:
    assert duration_seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "3:60", "1:75:00", "-3", "3.5", "PT", "P1D", "NaN", "1E+400000", "٣:٢٠", "3m20", "1234567"])
def test_anything_else_is_no_duration(text: str) -> None:
    with pytest.raises(WorkbenchError, match="not a duration"):
        duration_seconds(text)


def test_amounts_and_shares_follow_the_senders_decimal_separator_only() -> None:
    assert amount_micros("1234,50", ",") == 1_234_500_000
    assert share_ppm("33,34", ",") == 333_400
    for text in ("1.234,50", "1234.50", "1,234,50"):
        with pytest.raises(WorkbenchError):
            amount_micros(text, ",")
    for text in ("1,234.50", "1234,50", "NaN", "Infinity", "1E+400000", "1_000", "١٢", "=1"):
        with pytest.raises(WorkbenchError):
            amount_micros(text)


def test_dates_and_instants_are_read_by_the_declared_formats_and_no_other() -> None:
    assert day("2025-07-14") == "2025-07-14"
    assert day("14/07/2025", ("iso", "%d/%m/%Y")) == "2025-07-14"
    assert instant("2025-07-14 09:31:05", ("iso",), "Africa/Nairobi") == "2025-07-14T06:31:05Z"
    assert instant("2025-07-14T09:31:05+02:00") == "2025-07-14T07:31:05Z"
    assert instant("1402943314", ("unix",)) == "2014-06-16T18:28:34Z"
    for text in ("14/07/2025", "2025-13-01", "2025-02-30", "today", "20250714"):
        with pytest.raises(WorkbenchError):
            day(text)
    for text in ("1402943314", "2025-07-14", "2025-07-14 25:00", "0001-01-01 00:00+23:59"):
        with pytest.raises(WorkbenchError):
            instant(text)


@given(st.text(max_size=30))
def test_no_text_makes_a_cell_reader_raise_anything_but_a_workbench_error(text: str) -> None:
    for layout in (
        find_layout("streaming-report-v1"),
        find_layout("works-v1"),
        find_layout("parties-v1"),
        find_layout("radio-playlist-v1"),
    ):
        for field in layout.fields:
            try:
                value = cells.reader(field, layout)(text)
            except WorkbenchError:
                continue
            assert isinstance(value, int | str)


@given(st.integers(0, 10**12 - 1))
def test_whole_numbers_come_back_as_they_were(number: int) -> None:
    assert whole_number(str(number)) == number


@pytest.mark.parametrize("text", ["=1+1", "+cmd", "-cmd|x", "@sum", "\t=1", "＝1", ' "=1', "'=1", "|calc", "%x"])
def test_what_is_handed_out_can_not_run_in_a_spreadsheet(text: str) -> None:
    assert export.safe_cell(text).startswith("'")
    assert export.safe_csv(["a"], [[text]]).decode().splitlines()[1].lstrip('"').startswith("'")


def test_numbers_are_handed_out_as_they_are() -> None:
    for text in ("-5.00", "+44", "12", "3:20", ""):
        assert export.safe_cell(text) == text


def test_findings_are_gathered_by_what_is_wrong() -> None:
    found = [judge.faults.of_line("formula", line, "title", f"={line}") for line in (5, 3, 9)]
    frame = export.gathered(found)
    assert frame[["code", "count", "first_line"]].to_numpy().tolist() == [["formula", 3, 3]]
    assert len(export.as_frame(found)) == 3


def test_the_examples_in_the_documentation_hold() -> None:
    for module in (cells, export, judge, sheets):
        assert doctest.testmod(module).failed == 0
