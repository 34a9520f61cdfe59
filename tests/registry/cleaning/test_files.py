"""Files come onto the bench as they are: every cell as text, odd lines kept and marked; and leave it exact and harmless."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook

from tests.registry.cleaning.tables import texts
from workbench.core.errors import WorkbenchError
from workbench.core.office import Office
from workbench.registry.cleaning import Cleaning


@pytest.fixture
def desk(office: Office) -> Cleaning:
    return Cleaning(office)


def put(folder: Path, name: str, data: bytes | str) -> Path:
    path = folder / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def test_cells_stay_the_text_they_were(desk: Cleaning, tmp_path: Path) -> None:
    bench = desk.open(put(tmp_path, "a.csv", "code,share,day\n007,0.10,1/2/99\nNO,1e5,TRUE\n"))
    assert bench.rows().rows == [
        {"#": "2", "code": "007", "share": "0.10", "day": "1/2/99"},
        {"#": "3", "code": "NO", "share": "1e5", "day": "TRUE"},
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_separator_is_found_out(delimiter: str, desk: Cleaning, tmp_path: Path) -> None:
    lines = [delimiter.join(row) for row in (["a", "b", "c"], ["1", "x, y; z" if delimiter == "\t" else "xyz", "3"])]
    assert desk.open(put(tmp_path, "a.csv", "\n".join(lines) + "\n")).names == ["a", "b", "c"]


def test_odd_lines_are_kept_and_marked(desk: Cleaning, tmp_path: Path) -> None:
    bench = desk.open(put(tmp_path, "a.csv", 'a,b\n1\n1,2,3\n"x,3\n\n5,6\n'))
    page = bench.rows()
    assert [(row["#"], row["a"], row["b"]) for row in page.rows] == [
        ("2", "1", ""),
        ("3", "1", "2"),
        ("4", "", ""),
        ("6", "5", "6"),
    ]
    assert page.rows[1]["(beyond the header 1)"] == "3"
    assert page.rows[2]["(whole line)"] == '"x,3'
    assert page.marks == {
        "2": "only 1 cells where the header has 2",
        "3": "3 cells where the header has 2",
        "4": "a quotation mark opens here and does not close",
    }
    assert [finding.code for finding in bench.findings] == ["blank_lines"]
    assert bench.facet("#", "error").blank == 1


def test_another_encoding_is_found_out_and_said(desk: Cleaning, tmp_path: Path) -> None:
    bench = desk.open(put(tmp_path, "a.csv", "name,x\nMüller,1\n".encode("cp1252")))
    assert texts(bench, "name") == ["Müller"]
    assert [(finding.code, finding.got) for finding in bench.findings] == [("encoding_guessed", "cp1252")]
    with pytest.raises(WorkbenchError, match="these bytes are not in the declared encoding"):
        desk.open(put(tmp_path, "b.csv", b"name,x\nM\x81ller,1\n"), encoding="cp1252")


def test_the_same_table_comes_from_csv_gzip_xlsx_and_json(desk: Cleaning, tmp_path: Path) -> None:
    rows = [["title", "year"], ["Taa", "1998"], ["Sauti", "2001"]]
    csv_text = "".join(",".join(row) + "\n" for row in rows)
    book = Workbook()
    for row in rows:
        book.active.append(row)
    book.save(tmp_path / "c.xlsx")
    files = [
        put(tmp_path, "a.csv", csv_text),
        put(tmp_path, "b.csv.gz", gzip.compress(csv_text.encode())),
        tmp_path / "c.xlsx",
        put(tmp_path, "d.json", json.dumps([dict(zip(rows[0], row, strict=True)) for row in rows[1:]])),
    ]
    assert {tuple(map(tuple, desk.open(file).frame()[["title", "year"]].to_numpy().tolist())) for file in files} == {
        (("Taa", "1998"), ("Sauti", "2001"))
    }


def test_columns_without_a_name_or_with_the_same_are_told_apart(desk: Cleaning, tmp_path: Path) -> None:
    assert desk.open(put(tmp_path, "a.csv", "a,,a,#,A\n1,2,3,4,5\n")).names == ["a", "(column 2)", "a (2)", "(column 4)", "A"]


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.csv", b"", "the file is empty"),
        ("a.xlsx", b"PK\x03\x04 nothing", "damaged"),
        ("a.csv.gz", b"\x1f\x8b\x08 broken", "damaged"),
        ("a.json", b'[{"a": 1}', "JSON"),
        ("bomb.csv.gz", gzip.compress(b"a,b\n" + b"0" * 60_000_000), "unpacks to far more"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(name: str, data: bytes, said: str, desk: Cleaning, tmp_path: Path) -> None:
    with pytest.raises(WorkbenchError, match=said):
        desk.open(put(tmp_path, name, data))


def test_a_layout_shows_which_cells_it_could_not_read(desk: Cleaning, tmp_path: Path) -> None:
    file = put(tmp_path, "a.csv", "title,duration,iswc\nTaa,4:45,T-990.000.017-1\nSauti,soon,T-1\n")
    bench = desk.open(file, layout="works-v1")
    assert [value.value for value in bench.facet("duration", "error").values] == ["not a duration"]
    frame = desk.faults(desk.open(file), layout="works-v1")
    assert list(frame["column"]) == ["duration", "iswc"]
    assert list(frame["first"]) == ["soon", "T-1"]


@pytest.mark.parametrize("name", ["out.csv", "out.csv.gz", "out.xlsx"])
def test_what_goes_out_can_come_in_again(name: str, desk: Cleaning, tmp_path: Path) -> None:
    bench = desk.open(put(tmp_path, "a.csv", 'a,b\n"x,\n""y""",1\n Калинка ,é\n'))
    written = bench.export(tmp_path / name, exact=True)
    assert desk.open(written).frame()[["a", "b"]].equals(bench.frame()[["a", "b"]])


def test_no_cell_that_goes_out_is_run_by_a_spreadsheet(desk: Cleaning, tmp_path: Path) -> None:
    odd = ["=1+1", "+cmd|' /C calc'!A0", "@SUM(1)", "\t=1", "-2+3", "＝1"]
    bench = desk.open(put(tmp_path, "a.csv", "a\n" + "".join(f'"{text}"\n' for text in odd)))
    out = bench.export(tmp_path / "out.csv").read_text(encoding="utf-8").splitlines()[1:]
    assert all(line.lstrip('"').startswith("'") for line in out)
    sheet = load_workbook(bench.export(tmp_path / "out.xlsx")).active
    assert [cell.data_type for cell in sheet["A"]] == ["s"] * 7
    assert [cell.value for cell in sheet["A"]][1:] == odd
    assert (tmp_path / "out.csv").read_bytes() == bench.export(tmp_path / "again.csv").read_bytes()


def test_removed_rows_go_out_beside_the_others_with_their_reason(desk: Cleaning, tmp_path: Path) -> None:
    bench = desk.open(put(tmp_path, "a.csv", "a,b\n1,x\n2,\n"))
    bench.apply({"op": "remove_rows", "why": "nothing in b", "filters": [{"column": "b", "kind": "blank"}]})
    bench.export(tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text(encoding="utf-8") == "a,b\n1,x\n"
    assert (tmp_path / "out-removed.csv").read_text(encoding="utf-8") == "#,why,a,b\n3,nothing in b,2,\n"
    bench.undo()
    bench.export(tmp_path / "out.csv")
    assert not (tmp_path / "out-removed.csv").exists()
    with pytest.raises(WorkbenchError, match="not a kind of file to export to"):
        bench.export(tmp_path / "out.doc")


def test_a_project_begins_with_the_first_step_and_is_resumed_as_it_was_left(desk: Cleaning, tmp_path: Path) -> None:
    file = put(tmp_path, "songs.csv", "a;b\n1;x\n2;\n")
    bench = desk.open(file)
    assert desk.projects().empty
    bench.apply({"op": "transform", "columns": ["b"], "with": ["upper"]})
    bench.apply({"op": "remove_column", "column": "a"})
    bench.undo()
    assert desk.projects().to_dict("records") == [
        {"name": "songs", "source": "songs.csv", "sha256": bench.source["sha256"], "steps": 1}
    ]
    file.unlink()
    again = desk.resume("songs")
    assert again.digest() == bench.digest()
    assert str(again.recipe) == '1. In "b" write in capitals.'
    again.apply({"op": "remove_column", "column": "a"})
    assert desk.resume("songs").names == ["b"]


def test_a_second_project_of_the_same_file_has_a_name_of_its_own(desk: Cleaning, tmp_path: Path) -> None:
    file = put(tmp_path, "songs.csv", "a\n1\n")
    for _ in range(2):
        desk.open(file).apply({"op": "edit_cell", "row": "2", "column": "a", "value": "2"})
    desk.open(file, keep=False).apply({"op": "edit_cell", "row": "2", "column": "a", "value": "3"})
    assert list(desk.projects()["name"]) == ["songs", "songs-2"]


def test_a_project_whose_file_was_changed_is_not_resumed(desk: Cleaning, tmp_path: Path) -> None:
    desk.open(put(tmp_path, "songs.csv", "a\n1\n")).apply({"op": "edit_cell", "row": "2", "column": "a", "value": "2"})
    put(desk.folder / "songs" / "source", "songs.csv", "a\n7\n")
    with pytest.raises(WorkbenchError, match="not the one it was made from"):
        desk.resume("songs")
    with pytest.raises(WorkbenchError, match="Did you mean songs"):
        desk.resume("song")
    with pytest.raises(WorkbenchError, match="no such cleaning project"):
        desk.resume("../songs")
