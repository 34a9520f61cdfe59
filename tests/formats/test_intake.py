"""Intake: every line of a file is accounted for, every fault is named with its place, and no bytes bring the program down."""

from __future__ import annotations

import gzip
import io
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.formats.malformed import csv, faults, streaming_report, xlsx
from workbench.core.errors import WorkbenchError
from workbench.formats import intake, reader
from workbench.formats.sheets import find_layout

GOOD = streaming_report(("Track Title", "Artist", "ISRC", "Duration", "Streams", "Revenue"))
FAULTS = faults(GOOD)
STREAMING = find_layout("streaming-report-v1")
PLAYLIST = find_layout("radio-playlist-v1")


def staged(folder: Path, data: bytes, name: str = "report.csv", layout: Any = STREAMING, **options: Any) -> intake.Sheet:
    file = folder / name
    file.write_bytes(data)
    return intake.stage(file, layout, **options)


def in_process(data: bytes, monkeypatch: pytest.MonkeyPatch | None = None, *, encoding: str = "utf-8") -> list[list[Any]]:
    """What the reader says about bytes, without starting a process."""
    said: list[list[Any]] = []
    before = reader._say
    reader._say = lambda *message: said.append(json.loads(json.dumps(message)))  # type: ignore[assignment]
    try:
        request = {"path": "any.csv", "size": len(data), "encoding": encoding, "delimiter": ","}
        physical = reader._read(io.BytesIO(data), request)
        reader._say("end", {"physical_lines": physical, "sha256": "0"})
    except reader.Fault as fault:
        reader._say("fatal", fault.code, fault.facts)
    finally:
        reader._say = before
    return said


def test_a_good_file_is_accepted_whole_in_csv_and_xlsx(tmp_path: Path) -> None:
    for name, data in (("a.csv", csv(GOOD.header, GOOD.lines)), ("a.xlsx", xlsx(GOOD.header, GOOD.lines))):
        sheet = staged(tmp_path, data, name)
        assert sheet.findings == []
        assert sheet.counts == {"lines": 3, "accepted": 3, "accepted_with_findings": 0, "quarantined": 0}
        assert sheet.lines[0].line == 2
        assert sheet.lines[0].values == {
            "title": "Malaika",
            "artist": "Amani Trio",
            "isrc": "KEA011900001",
            "duration_seconds": 200,
            "plays": 10,
            "revenue": 1_500_000,
        }


@pytest.mark.parametrize("name", FAULTS)
def test_each_malformed_kind_is_a_finding_with_line_field_and_next_step(name: str, tmp_path: Path) -> None:
    fault = FAULTS[name]
    sheet = staged(tmp_path, fault.data, fault.file_name)
    found = [finding for finding in sheet.findings if finding.code == fault.code]
    assert found, sheet.findings
    assert (found[0].line, found[0].field) == (fault.line, fault.field)
    assert found[0].what_to_do
    assert found[0].message
    assert sheet.refused == fault.refused
    if fault.refused:
        assert sheet.lines == []
    else:
        assert sheet.counts["quarantined"] == fault.quarantined
        assert sheet.counts["lines"] == 3


def test_a_wrong_encoding_names_the_byte_and_the_encodings_that_would_fit(tmp_path: Path) -> None:
    data = FAULTS["csv wrong encoding"].data
    finding = staged(tmp_path, data).findings[0]
    assert finding.got == f"byte e9 at byte {data.index(0xE9)}"
    assert finding.expected == "utf-8"
    assert "cp1252 (" in finding.what_to_do
    assert "Café" in finding.what_to_do


def test_said_encodings_are_used_and_a_utf8_file_is_not_misread_in_another(tmp_path: Path) -> None:
    sheet = staged(tmp_path, FAULTS["csv wrong encoding"].data, encoding="cp1252")
    assert sheet.lines[1].values["title"] == "Café"
    refused = staged(tmp_path, csv(GOOD.header, [["Café", *GOOD.lines[0][1:]]]), encoding="cp1252")
    assert [finding.code for finding in refused.findings] == ["is_utf8"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_decides_and_is_no_part_of_the_header(encoding: str, tmp_path: Path) -> None:
    sheet = staged(tmp_path, csv(GOOD.header, [["Café", *GOOD.lines[0][1:]]], encoding))
    assert sheet.header[0] == "Track Title"
    assert sheet.lines[0].values["title"] == "Café"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_kind_of_line_end_is_read_alike(end: str, tmp_path: Path) -> None:
    data = csv(GOOD.header, GOOD.lines).replace(b"\n", end.encode())
    sheet = staged(tmp_path, data)
    assert [line.line for line in sheet.lines] == [2, 3, 4]
    assert sheet.physical_lines == 4


def test_gzip_is_read_and_one_that_swells_beyond_reason_is_refused(tmp_path: Path) -> None:
    assert staged(tmp_path, gzip.compress(csv(GOOD.header, GOOD.lines)), "a.csv.gz").counts["accepted"] == 3
    bomb = gzip.compress(csv(GOOD.header, GOOD.lines) + b"\n" * 60_000_000)
    assert staged(tmp_path, bomb, "b.csv.gz").findings[0].code == "unpacks_too_large"


def test_blank_lines_are_listed_and_not_counted_as_lines(tmp_path: Path) -> None:
    lines = csv(GOOD.header, GOOD.lines).decode().splitlines()
    sheet = staged(tmp_path, "\n".join([lines[0], "", lines[1], ",,,,,", lines[2], lines[3], "", ""]).encode())
    assert sheet.blank_lines == [2, 4, 7]
    assert sheet.counts["lines"] == 3
    assert [finding.got for finding in sheet.findings] == ["3: lines 2, 4, 7"]


def test_a_quoted_cell_may_hold_separators_quotes_and_few_line_ends(tmp_path: Path) -> None:
    row = '"Malaika, ""live""\nin Nairobi",Amani Trio,,3:20,10,1.50'
    sheet = staged(tmp_path, (",".join(GOOD.header) + "\n" + row + "\n" + ",".join(GOOD.lines[1]) + "\n").encode())
    assert sheet.lines[0].values["title"] == 'Malaika, "live"\nin Nairobi'
    assert [(finding.code, finding.line) for finding in sheet.findings] == [("line_end_in_cell", 2)]
    assert [line.line for line in sheet.lines] == [2, 4]


def test_a_forgotten_quote_costs_its_own_line_only(tmp_path: Path) -> None:
    good = [["Sina", "Baraka", "", "3:00", "1", "1"]] * 200
    data = csv(GOOD.header, [['"Malaika', "Amani Trio", "", "3:20", "10", "1.50"], *good])
    sheet = staged(tmp_path, data)
    assert sheet.counts == {"lines": 201, "accepted": 200, "accepted_with_findings": 0, "quarantined": 1}
    assert sheet.lines[0].cells == '"Malaika,Amani Trio,,3:20,10,1.50'


def test_a_file_full_of_forgotten_quotes_costs_each_line_once(tmp_path: Path) -> None:
    data = csv(GOOD.header, [['"Malaika', "Amani Trio", "", "3:20", "10", "1.50"]] * 20_001)
    sheet = staged(tmp_path, data)
    assert sheet.counts["quarantined"] == sheet.counts["lines"] == 20_001


def test_the_separator_is_never_guessed_but_the_finding_says_which_it_looks_like(tmp_path: Path) -> None:
    data = csv(GOOD.header, GOOD.lines).replace(b",", b";")
    finding = staged(tmp_path, data).findings[0]
    assert finding.code == "missing_column"
    assert "delimiter=';'" in finding.what_to_do
    assert staged(tmp_path, data, delimiter=";").counts["accepted"] == 3


def test_a_wrong_optional_cell_is_left_empty_and_the_line_kept(tmp_path: Path) -> None:
    sheet = staged(tmp_path, csv(GOOD.header, [["Malaika", "", "NOT-AN-ISRC", "soon", "10", "1"]]))
    assert sheet.lines[0].state == "accepted_with_findings"
    assert sheet.lines[0].values == {"title": "Malaika", "plays": 10, "revenue": 1_000_000}
    assert {(finding.code, finding.field) for finding in sheet.findings} == {
        ("not_isrc", "isrc"),
        ("not_duration", "duration_seconds"),
    }


def test_a_repeated_line_is_shown_where_the_layout_names_what_is_unique(tmp_path: Path) -> None:
    layout = find_layout("radio-log-classic-v1")
    row = ["Malaika", "Amani Trio", "KGLK", "1402943314", "", "E1", ""]
    header = ["song", "artist", "callsign", "time", "date_time", "unique_id", "combined"]
    sheet = staged(tmp_path, csv(header, [row, row]), layout=layout)
    assert [(finding.code, finding.line) for finding in sheet.findings] == [("repeated_line", 3)]


def test_the_cells_of_a_line_are_kept_as_the_sender_wrote_them(tmp_path: Path) -> None:
    sheet = staged(tmp_path, csv([*GOOD.header, "Remark"], [["Malaika ", "", "bad", "", "10", "1", "=1+1"]]))
    raw = json.loads(sheet.raw(sheet.lines[0]))
    assert raw["Track Title"] == "Malaika "
    assert raw["ISRC"] == "bad"
    assert raw["Remark"] == "=1+1"
    assert ("formula", "Remark") in {(finding.code, finding.field) for finding in sheet.findings}


def test_numbers_and_dates_of_a_spreadsheet_are_read_as_it_shows_them(tmp_path: Path) -> None:
    from datetime import date, datetime
    from datetime import time as clock

    from openpyxl import Workbook

    book = Workbook()
    book.active.append(["title", "duration", "plays", "date", "played at"])
    played_at = datetime(2025, 7, 14, 6, 31, 5)  # noqa: DTZ001  a spreadsheet knows no zone
    book.active.append(["Malaika", clock(0, 3, 20), 12.0, date(2025, 7, 14), played_at])
    book.create_sheet("about").append(["of no matter"])
    book.save(tmp_path / "a.xlsx")
    sheet = intake.stage(tmp_path / "a.xlsx", PLAYLIST)
    assert sheet.findings == []
    assert sheet.lines[0].values == {
        "title": "Malaika",
        "duration_seconds": 200,
        "plays": 12,
        "used_on": "2025-07-14",
        "used_at": "2025-07-14T06:31:05Z",
    }


def test_line_numbers_of_a_spreadsheet_are_those_it_shows(tmp_path: Path) -> None:
    from openpyxl import Workbook

    book = Workbook()
    book.active["A3"], book.active["B3"] = "title", "plays"
    book.active["A6"], book.active["B6"] = "Malaika", 1
    book.save(tmp_path / "a.xlsx")
    sheet = intake.stage(tmp_path / "a.xlsx", PLAYLIST)
    assert [line.line for line in sheet.lines] == [6]
    assert sheet.blank_lines == [1, 2, 4, 5]


def test_a_reader_that_dies_refuses_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "MEMORY_BYTES", 20_000_000)
    sheet = staged(tmp_path, csv(GOOD.header, GOOD.lines))
    assert sheet.refused
    assert sheet.findings[0].code in {"reader_stopped", "too_much_memory"}


def test_a_reader_that_is_stopped_half_way_leaves_no_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(_request: dict[str, Any]) -> Any:
        yield ["rows", [[1, 1, list(GOOD.header), []], [2, 1, list(GOOD.lines[0]), []]]]

    monkeypatch.setattr(intake, "_messages", stopped)
    sheet = staged(tmp_path, csv(GOOD.header, GOOD.lines))
    assert sheet.refused
    assert sheet.lines == []
    assert sheet.findings[0].code == "reader_stopped"


def test_a_file_beyond_the_limit_is_refused_before_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "MAX_FILE_BYTES", 10)
    assert staged(tmp_path, csv(GOOD.header, GOOD.lines)).findings[0].code == "file_too_large"


def test_a_missing_file_and_an_unknown_encoding_are_the_callers_mistakes(tmp_path: Path) -> None:
    with pytest.raises(WorkbenchError, match="no such file"):
        intake.stage(tmp_path / "none.csv", STREAMING)
    with pytest.raises(WorkbenchError, match="not an encoding"):
        staged(tmp_path, b"x", encoding="zip")


def test_the_reader_needs_nothing_of_the_workbench(tmp_path: Path) -> None:
    staged(tmp_path, csv(GOOD.header, GOOD.lines))
    assert "workbench" not in (Path(intake.__file__).with_name("reader.py").read_text(encoding="utf-8").split('"""', 2)[2])


pieces = st.sampled_from(
    [
        '"',
        ",",
        "\n",
        "\r\n",
        "\r",
        "a",
        "title",
        "plays",
        "1",
        "=",
        "\0",
        "é",
        "\u202e",
        ";",
        " ",
        '""',
        "\t",
        "\u2028",
        "NaN",
        "x" * 50,
    ]
)
texts = st.lists(pieces, max_size=120).map("".join)


@settings(max_examples=400, deadline=None)
@given(text=texts, mark=st.sampled_from([b"", b"\xef\xbb\xbf", b"title,plays\n"]))
def test_the_reader_accounts_for_every_physical_line_exactly_once(text: str, mark: bytes) -> None:
    data = mark + text.encode()
    said = in_process(data)
    if said[-1][0] == "fatal":
        assert data == b"" or said[-1][1] == "wrong_encoding"
        return
    covered: Counter[int] = Counter()
    for kind, *content in said:
        if kind == "rows":
            for line, span, *_ in content[0]:
                covered.update(range(line, line + span))
        elif kind == "blank":
            covered.update(content[0])
    assert covered == Counter(range(1, said[-1][1]["physical_lines"] + 1))


@settings(max_examples=300, deadline=None)
@given(
    data=st.one_of(st.binary(max_size=300), texts.map(str.encode)),
    encoding=st.sampled_from(["utf-8", "cp1252", "utf-16", "gb18030"]),
)
def test_no_bytes_raise_anything_but_a_finding(data: bytes, encoding: str) -> None:
    said = in_process(data, encoding=encoding)
    sheet = intake.Sheet("any.csv", "0", PLAYLIST)
    done = intake._Staging(sheet, ",", lambda *_: None).run(said)
    count = done.counts
    assert count["lines"] == count["accepted"] + count["accepted_with_findings"] + count["quarantined"]
    assert done.refused == (not done.lines)
    assert done.refused <= bool(done.findings)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    data=st.binary(max_size=200),
    name=st.sampled_from(["a.csv", "a.xlsx", "a.csv.gz"]),
    start=st.sampled_from([b"", b"PK\x03\x04", b"\x1f\x8b\x08"]),
)
def test_no_file_of_any_name_raises_anything_but_a_finding(data: bytes, name: str, start: bytes, tmp_path: Path) -> None:
    sheet = staged(tmp_path, start + data, name)
    assert sheet.refused or sheet.counts["lines"]
    assert all(finding.what_to_do for finding in sheet.findings)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(places=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=8))
def test_a_workbook_with_any_bytes_changed_is_read_or_refused(places: list[tuple[int, int]], tmp_path: Path) -> None:
    data = bytearray(xlsx(GOOD.header, GOOD.lines))
    for place, byte in places:
        data[place % len(data)] = byte
    sheet = staged(tmp_path, bytes(data), "a.xlsx")
    assert sheet.refused or sheet.counts["lines"]
