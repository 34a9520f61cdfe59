"""A kit verifies anywhere, whatever the order of its rows, and whatever was changed in it is named."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import random
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import inspect

from tests.distribution.invented_run import invented_facts, invented_inputs, invented_run
from workbench.core.errors import WorkbenchError
from workbench.core.store import make_engine
from workbench.distribution import audit_kit, verification
from workbench.distribution.results import INPUTS
from workbench.distribution.verification import Difference, verify

Edit = Callable[[bytes], bytes]
PROGRAM = """
import sys
from workbench.distribution.verification import verify
print(verify(sys.argv[1]))
"""


@pytest.fixture(scope="module")
def kit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    run = invented_run(folder, invented_inputs(members=8, star_works=6, lines=60))
    return audit_kit.write(run, folder / "kit.zip", invented_facts(run))


def test_an_untouched_kit_is_identical_and_says_so_in_plain_lines(kit: Path) -> None:
    found = verify(kit)
    lines = str(found).splitlines()
    assert found.identical
    assert lines[0] == "IDENTICAL: distribution TALA-D-000001"
    assert lines[1].split() == ["digest", found.digest]
    assert found.digest == found.expected_digest == json.loads(_read(kit, "kit.json"))["run"]["digest"]
    assert "every cell the same" in lines[2]


def test_inputs_with_their_rows_shuffled_are_identical(kit: Path, tmp_path: Path) -> None:
    edits: dict[str, Edit] = {f"inputs/{table.file}": _shuffle for table in INPUTS}
    shuffled = _edited(kit, tmp_path, edits)
    assert _read(shuffled, "inputs/usages.csv") != _read(kit, "inputs/usages.csv")
    assert verify(shuffled).identical


def test_a_kit_is_identical_in_another_folder_time_zone_locale_and_hash_seed(kit: Path, tmp_path: Path) -> None:
    moved = tmp_path / "elsewhere" / "renamed.zip"
    moved.parent.mkdir()
    moved.write_bytes(kit.read_bytes())
    environment = {
        "TZ": "Pacific/Chatham",
        "LC_ALL": "C",
        "PYTHONHASHSEED": "1",
        "PYTHONPATH": str(Path.cwd()),
        "PATH": os.environ["PATH"],
    }
    arguments = [sys.executable, "-c", PROGRAM, str(moved)]
    done = subprocess.run(arguments, env=environment, cwd="/", capture_output=True, text=True, check=False)
    assert done.stdout.startswith("IDENTICAL"), done.stdout + done.stderr
    assert str(verify(kit)).splitlines()[:3] == done.stdout.splitlines()[:3]


def test_a_kit_is_identical_through_either_database_which_is_left_empty(kit: Path, book_url: str) -> None:
    found = verify(kit, book_url)
    assert found.identical, str(found)
    assert "kept in and read back from" in str(found)
    assert inspect(make_engine(book_url)).get_table_names() == []


def test_a_database_that_cannot_be_reached_is_not_blamed_on_the_kit(kit: Path) -> None:
    with pytest.raises(WorkbenchError, match="the database cannot be used"):
        verify(kit, "postgresql://nobody@127.0.0.1:1/none?connect_timeout=2")


def test_one_changed_usage_line_is_named_by_its_id_and_field(kit: Path, tmp_path: Path) -> None:
    found = verify(_edited(kit, tmp_path, {"inputs/usages.csv": _cell("TALA-B-000001:17", "plays", "2")}))
    assert not found.identical
    assert found.differences[0] == Difference("input", "usages", "TALA-B-000001:17", "plays", "1", "2")
    assert "input usages TALA-B-000001:17: plays expected 1, got 2" in str(found)
    assert any(difference.what == "result" for difference in found.differences)


def test_one_changed_long_title_is_named_by_its_id_and_field(kit: Path, tmp_path: Path) -> None:
    long = _cell("TALA-W-000002", "title", "A title much longer than what a kit shows of it")
    [difference] = verify(_edited(kit, tmp_path, {"inputs/works.csv": long})).differences
    assert (difference.name, difference.key, difference.field) == ("works", "TALA-W-000002", "title")
    assert difference.got.startswith("#")


def test_a_removed_and_an_added_line_are_named(kit: Path, tmp_path: Path) -> None:
    def edit(data: bytes) -> bytes:
        lines = data.decode().splitlines()
        lines[1] = lines[1].replace("TALA-B-000000:10", "TALA-B-000000:9999")
        return ("\n".join(lines) + "\n").encode()

    found = verify(_edited(kit, tmp_path, {"inputs/usages.csv": edit})).differences
    assert Difference("input", "usages", "TALA-B-000000:10", "row", "present", "absent") in found
    assert Difference("input", "usages", "TALA-B-000000:9999", "row", "absent", "present") in found


def test_one_changed_rule_digit_is_named_by_its_path(kit: Path, tmp_path: Path) -> None:
    edit: Edit = lambda data: data.replace(b"name: administration, percent: 15", b"name: administration, percent: 16", 1)  # noqa: E731
    found = verify(_edited(kit, tmp_path, {"rulebook.yaml": edit}))
    assert found.differences[0] == Difference("rule", "", "deductions-authors.steps.administration.percent", "", "15", "16")
    assert "rule deductions-authors.steps.administration.percent: expected 15, got 16" in str(found)
    assert found.digest != found.expected_digest


def test_a_comment_in_the_rule_book_changes_nothing(kit: Path, tmp_path: Path) -> None:
    assert verify(_edited(kit, tmp_path, {"rulebook.yaml": lambda data: data + b"# a remark\n"})).identical


def test_a_rule_book_that_is_broken_still_names_the_changed_value(kit: Path, tmp_path: Path) -> None:
    edit: Edit = lambda data: data.replace(b"name: administration, percent: 15", b"name: administration, percent: 1x", 1)  # noqa: E731
    found = verify(_edited(kit, tmp_path, {"rulebook.yaml": edit}))
    assert found.differences[0].got == "1x"
    assert not found.digest
    assert "could not be computed" in str(found)


def test_one_changed_share_is_named_by_work_and_party(kit: Path, tmp_path: Path) -> None:
    found = verify(_edited(kit, tmp_path, {"inputs/work_shares.csv": _cell("TALA-W-000003", "performing_ppm", "400000")}))
    first = found.differences[0]
    assert (first.name, first.key) == ("work_shares", "TALA-W-000003, position 1, party TALA-P-000000")
    assert (first.field, first.expected, first.got) == ("performing_ppm", "500000", "400000")


def test_one_changed_parameter_is_named(kit: Path, tmp_path: Path) -> None:
    edit: Edit = lambda data: data.replace(b'"territory":"404"', b'"territory":"800"')  # noqa: E731
    found = verify(_edited(kit, tmp_path, {"parameters.json": edit}))
    assert found.differences[0] == Difference("parameter", "", "territory", "", "404", "800")


def test_one_changed_result_cell_is_named(kit: Path, tmp_path: Path) -> None:
    def edit(data: bytes) -> bytes:
        lines = data.decode().splitlines()
        payee, currency, *cells = lines[1].split(",")
        cells[-2] = str(int(cells[-2]) + 10_000)
        lines[1] = ",".join([payee, currency, *cells])
        return ("\n".join(lines) + "\n").encode()

    [difference] = verify(_edited(kit, tmp_path, {"results/balances.csv": edit})).differences
    assert (difference.what, difference.name, difference.field) == ("result", "balances", "payable_micros")
    assert difference.key.startswith("TALA-P-000000, currency KES")
    assert int(difference.expected) - int(difference.got) == 10_000


def test_a_changed_result_with_a_manifest_made_to_fit_is_still_found(kit: Path, tmp_path: Path) -> None:
    edit: Edit = lambda data: data.replace(b"KES", b"EUR", 1)  # noqa: E731
    forged = _edited(kit, tmp_path, {"results/balances.csv": edit})
    old, new = (hashlib.sha256(_read(one, "results/balances.csv")).hexdigest() for one in (kit, forged))
    forged = _edited(forged, tmp_path / "two", {"manifest.json": lambda data: data.replace(old.encode(), new.encode())})
    assert {difference.name for difference in verify(forged).differences} >= {"balances", "manifest.json"}


def test_a_kit_that_agrees_with_itself_but_not_with_the_statement_is_different(kit: Path) -> None:
    found = verify(kit, digest="ab" * 32)
    assert not found.identical
    assert found.differences[0].name == "manifest.json"
    assert verify(kit, digest=found.digest).identical


def test_another_program_is_a_note_where_the_result_agrees_and_a_difference_where_it_does_not(
    kit: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verification, "code_digests", lambda: {"distribution/compute.py": "0" * 64})
    assert verify(kit).identical
    assert "modules of the program differ" in str(verify(kit))
    changed = _edited(kit, tmp_path, {"inputs/usages.csv": _cell("TALA-B-000001:17", "plays", "2")})
    assert any(difference.what == "code" for difference in verify(changed).differences)


def test_many_differences_are_counted_not_listed(kit: Path, tmp_path: Path) -> None:
    edit: Edit = lambda data: data.replace(b",feature\n", b",jingle\n")  # noqa: E731
    found = [one for one in verify(_edited(kit, tmp_path, {"inputs/usages.csv": edit})).differences if one.what == "input"]
    assert len(found) == verification.NAMED + 1
    assert found[-1].got == "160 more differences in this file"


@pytest.mark.parametrize("value", ["x", "1.5", "9" * 30, "9" * 5_000, "-5", ""])
def test_a_value_that_no_run_could_hold_is_named_and_harms_nothing(kit: Path, tmp_path: Path, value: str) -> None:
    found = verify(_edited(kit, tmp_path, {"inputs/receipts.csv": _cell("TALA-T-000000", "amount_micros", value)}))
    first = found.differences[0]
    assert (first.name, first.key, first.field) == ("receipts", "TALA-T-000000", "amount_micros")


@pytest.mark.parametrize("data", [b"", b"\xff\xfe", b"usage_id\n", b'"open quote\n', b"\x00\n"])
def test_an_input_that_is_no_table_is_named(kit: Path, tmp_path: Path, data: bytes) -> None:
    found = verify(_edited(kit, tmp_path, {"inputs/usages.csv": lambda _: data}))
    assert (found.differences[0].what, found.differences[0].name) == ("input", "usages")
    assert not found.identical


def test_a_row_with_a_cell_too_few_is_named(kit: Path, tmp_path: Path) -> None:
    found = verify(_edited(kit, tmp_path, {"inputs/usages.csv": lambda data: data + b"one,two\n"}))
    assert "another number of cells" in found.differences[0].got


def test_a_cut_kit_is_refused(kit: Path, tmp_path: Path) -> None:
    data = kit.read_bytes()
    for size in (0, 1, 100, len(data) // 2, len(data) - 1):
        (tmp_path / "cut.zip").write_bytes(data[:size])
        with pytest.raises(WorkbenchError, match="this kit cannot be used"):
            verify(tmp_path / "cut.zip")


def test_a_flipped_bit_anywhere_is_refused_or_changes_nothing_that_counts(kit: Path, tmp_path: Path) -> None:
    data, dice = kit.read_bytes(), random.Random(3)  # noqa: S311
    for _ in range(25):
        place, bit = dice.randrange(len(data)), 1 << dice.randrange(8)
        (tmp_path / "flipped.zip").write_bytes(data[:place] + bytes([data[place] ^ bit]) + data[place + 1 :])
        try:
            verification.unpack(tmp_path / "flipped.zip", tmp_path / f"out{place}")
        except WorkbenchError:
            continue
        with zipfile.ZipFile(kit) as archive:  # a flag or a date outside the data: the content must be whole
            for name in archive.namelist():
                assert (tmp_path / f"out{place}" / name).read_bytes() == archive.read(name)


@pytest.mark.parametrize("name", ["../../evil.txt", "/etc/passwd", "inputs\\usages.csv", "inputs/../../x.csv", "C:\\x.csv"])
def test_a_member_that_no_kit_has_is_refused_and_written_nowhere(kit: Path, tmp_path: Path, name: str) -> None:
    bad = _edited(kit, tmp_path, {}, extra={name: b"evil"})
    with pytest.raises(WorkbenchError, match="a member that no kit has"):
        verify(bad)
    assert [path.name for path in tmp_path.iterdir()] == ["edited.zip"]


def test_a_zip_bomb_is_refused_before_it_is_unpacked(kit: Path, tmp_path: Path) -> None:
    bomb = _edited(kit, tmp_path, {"inputs/usages.csv": lambda _: b"0" * 200_000_000})
    with pytest.raises(WorkbenchError, match="unpacks to far too much"):
        verification.unpack(bomb, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_missing_or_doubled_member_is_refused(kit: Path, tmp_path: Path) -> None:
    with pytest.raises(WorkbenchError, match=r"members are missing: got inputs/usages\.csv"):
        verify(_edited(kit, tmp_path, {}, without="inputs/usages.csv"))
    with pytest.warns(UserWarning, match="Duplicate name"):
        doubled = _edited(kit, tmp_path, {}, extra={"kit.json": b"{}"})
    with pytest.raises(WorkbenchError, match="a member twice"):
        verify(doubled)


@pytest.mark.parametrize(
    ("member", "data", "match"),
    [
        ("kit.json", b'{"format":"workbench-kit-9"}', "a kit of an unknown version: got workbench-kit-9"),
        ("kit.json", b"{", "kit.json cannot be read"),
        ("kit.json", b"[1]", "kit.json cannot be read"),
        ("kit.json", b'{"format":"workbench-kit-1"}', "not what it should be"),
        ("kit.json", b'{"a":' * 100_000, "kit.json cannot be read"),
        ("manifest.json", b"{}", "not what it should be"),
        ("expected/rulebook.json", b"\xff", "rulebook.json cannot be read"),
    ],
)
def test_a_kit_of_another_version_or_with_a_broken_description_is_refused(
    kit: Path, tmp_path: Path, member: str, data: bytes, match: str
) -> None:
    with pytest.raises(WorkbenchError, match=match):
        verify(_edited(kit, tmp_path, {member: lambda _: data}))


def _read(kit: Path, name: str) -> bytes:
    with zipfile.ZipFile(kit) as archive:
        return archive.read(name)


def _edited(kit: Path, folder: Path, edits: dict[str, Edit], extra: dict[str, bytes] | None = None, without: str = "") -> Path:
    folder.mkdir(exist_ok=True)
    with zipfile.ZipFile(kit) as old, zipfile.ZipFile(folder / "edited.zip", "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            if name != without:
                new.writestr(name, edits.get(name, lambda data: data)(old.read(name)))
        for name, data in (extra or {}).items():
            new.writestr(name, data)
    return folder / "edited.zip"


def _rows(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode(), newline="")))


def _bytes(rows: list[list[str]]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue().encode()


def _shuffle(data: bytes) -> bytes:
    header, *rows = _rows(data)
    random.Random(1).shuffle(rows)  # noqa: S311
    return _bytes([header, *rows])


def _cell(first: str, column: str, value: str) -> Edit:
    def edit(data: bytes) -> bytes:
        rows = _rows(data)
        row = next(row for row in rows if row[0] == first)
        assert row[rows[0].index(column)] != value
        row[rows[0].index(column)] = value
        return _bytes(rows)

    return edit
