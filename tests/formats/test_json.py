"""JSON comes in through the same guarded reader: objects become rows, and no bytes bring the program down."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from workbench.formats import intake
from workbench.formats.sheets import find_layout

STREAMING = find_layout("streaming-report-v1")
GOOD = [{"title": "Malaika", "streams": 10, "revenue": 1.5}, {"title": "Sina", "streams": "20", "isrc": "KEA011900002"}]


def staged(folder: Path, data: Any, name: str = "report.json") -> intake.Sheet:
    file = folder / name
    file.write_bytes(data if isinstance(data, bytes) else json.dumps(data).encode())
    return intake.stage(file, STREAMING)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a list", json.dumps(GOOD)),
        ("an indented list", json.dumps(GOOD, indent=2)),
        ("an object with one list", json.dumps({"sent": "2025-07-01", "lines": GOOD})),
        ("one object after the other", "\n".join(map(json.dumps, GOOD))),
    ],
)
def test_objects_are_read_in_every_usual_wrapping(name: str, data: str, tmp_path: Path) -> None:
    sheet = staged(tmp_path, data.encode())
    assert sheet.counts["accepted"] == 2, name
    assert [line.values["plays"] for line in sheet.lines] == [10, 20]
    assert sheet.lines[0].values["revenue"] == 1_500_000
    assert [line.line for line in sheet.lines] == [1, 2]


@pytest.mark.parametrize("name", ["report.jsonl", "report.ndjson", "report.jsonl.gz", "report.json.gz"])
def test_json_lines_and_packed_files_are_read_alike(name: str, tmp_path: Path) -> None:
    data = "\n\n".join(map(json.dumps, GOOD)).encode()
    sheet = staged(tmp_path, gzip.compress(data) if name.endswith("gz") else data, name)
    assert [line.values["title"] for line in sheet.lines] == ["Malaika", "Sina"]
    if "jsonl" in name:
        assert [line.line for line in sheet.lines] == [1, 3]


def test_lists_inside_an_object_become_lines_and_plain_ones_a_cell(tmp_path: Path) -> None:
    work = {
        "title": "Sina",
        "streams": 1,
        "aka": ["Si", "Na"],
        "shares": [{"name": "Mwangi"}, {"name": "Otieno", "who": {"age": 7}}],
    }
    sheet = staged(tmp_path, [work])
    assert sheet.header == ["title", "streams", "aka", "name", "who.age"]
    assert [line.cells for line in sheet.lines] == [["Sina", "1", "Si; Na", "Mwangi", ""], ["Sina", "1", "Si; Na", "Otieno", "7"]]
    assert [line.line for line in sheet.lines] == [1, 1]


def test_numbers_keep_their_digits_and_nan_is_no_amount(tmp_path: Path) -> None:
    data = b'[{"title": "A", "streams": 1, "revenue": 0.1000000000000000055}, {"title": "B", "streams": 1, "revenue": NaN},'
    data += b'{"title": "C", "streams": 1, "revenue": 1E+400000}, {"title": "D", "streams": ' + b"9" * 5_000 + b"}]"
    sheet = staged(tmp_path, data)
    assert [line.reason for line in sheet.lines] == ["not_amount", "not_amount", "not_amount", "not_whole"]
    assert sheet.lines[2].cells[2] == "1E+400000"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty_file"),
        (b"  \n ", "empty_file"),
        (b"[]", "empty_file"),
        (b"title,streams\nMalaika,1\n", "not_json"),
        (b'[{"title": "Malaika"}, {"title": ', "not_json"),
        (b'[{"title": "Malaika"} {"title": "x"}]', "not_json"),
        (b"[" * 200_000, "too_deep"),
        (b'{"a":' * 200_000, "too_deep"),
        (b'{"a": [{"x": 1}], "b": [{"x": 1}]}', "no_one_list"),
        (b'[{"title": "Caf\xe9"}]', "wrong_encoding"),
        (json.dumps(GOOD).encode("utf-16-le"), "wrong_encoding"),
        (json.dumps([{f"name{number}": 1 for number in range(1_001)}]).encode(), "too_many_names"),
        (json.dumps([{"other": 1}]).encode(), "missing_column"),
    ],
)
def test_a_file_that_is_no_list_of_objects_is_refused_with_its_reason(data: bytes, code: str, tmp_path: Path) -> None:
    sheet = staged(tmp_path, data)
    assert sheet.refused
    assert sheet.lines == []
    assert sheet.findings[0].code == code
    assert sheet.findings[0].what_to_do


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        ('{"title": "A", "title": "B", "streams": 1}', "duplicate_name"),
        ('"just text"', "not_an_object"),
        ("17", "not_an_object"),
        ('{"title": ' + "[" * 20 + "1" + "]" * 20 + "}", "too_deep_inside"),
        ('{"title": "' + "x" * 40_000 + '"}', "field_too_long"),
        ('{"shares": [' + ",".join(['{"a": 1}'] * 10_001) + "]}", "too_many_rows_in_one"),
    ],
)
def test_one_bad_object_costs_itself_only(item: str, reason: str, tmp_path: Path) -> None:
    good = json.dumps(GOOD[0])
    sheet = staged(tmp_path, f"[{good}, {item}, {good}]".encode())
    assert [line.state == "accepted" for line in sheet.lines] == [True, False, True]
    assert sheet.lines[1].reason == reason
    assert [finding.line for finding in sheet.findings if finding.code == reason] == [2]


def test_one_bad_line_of_json_lines_costs_itself_only(tmp_path: Path) -> None:
    good = json.dumps(GOOD[0])
    sheet = staged(tmp_path, f'{good}\n{{"title": \n{good}\n{"x" * 1_000_001}\n'.encode(), "report.jsonl")
    assert [(line.line, line.reason) for line in sheet.lines] == [(1, ""), (2, "not_json_line"), (3, ""), (4, "line_too_long")]


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    assert staged(tmp_path, json.dumps(GOOD).encode("utf-8-sig")).counts["accepted"] == 2


def test_a_packed_bomb_is_refused(tmp_path: Path) -> None:
    bomb = gzip.compress(b"[" + b" " * 60_000_000 + b"]")
    assert staged(tmp_path, bomb, "report.json.gz").findings[0].code == "unpacks_too_large"
