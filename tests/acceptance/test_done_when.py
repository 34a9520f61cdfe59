"""The laws by which the product is accepted, at a small size; what another test states already is named here, not repeated.

law                                                           stated in
a fresh clone: every command block of the README runs         tests/test_docs.py
the real log: every line accounted for, plays as listed, microstests/stories/test_radio_log.py, tests/matching/test_real_log.py
  conserved; the same through the command line alone          here
a kit verifies elsewhere, shuffled, on PostgreSQL             tests/distribution/test_verification.py; through the shell: here
a changed usage line, rule digit, share is named              tests/distribution/test_verification.py; through the shell: here
two instances and a central one, killed and cut               tests/sync/test_three_processes.py, tests/sync/test_faults.py
malformed files are findings with line, field and next step   tests/formats/test_intake.py; through the shell: here
nothing is half imported                                      tests/matching/test_usage.py; here
two users on one queue lose no ruling                         tests/matching/test_rulings.py, tests/apps/test_browser.py
a backup is whole or refused                                  tests/core/test_backup.py, tests/core/test_workspace_backup.py
amounts by hand, in fractions                                 tests/acceptance/test_hand_arithmetic.py
every command runs, and says in a sentence why it cannot      tests/acceptance/test_shell.py
processes at once, and killed                                 here
"""

from __future__ import annotations

import csv
import gzip
import io
import os
import random
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.acceptance.shell import counts, workbench
from tests.distribution.a_small_book import PERIOD, UNIT, bill, line, match, open_small, report
from tests.formats.malformed import Good, faults, streaming_report
from workbench.api import Workbench

ROOT = Path(__file__).resolve().parents[2]

# -- the audit kit --------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def kit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("kit")
    with open_small(folder / "society") as wb:
        run = wb.distribution.prepare(PERIOD)
        return Path(wb.statements.audit_kit(run.id, to=folder / "kit.zip"))


def changed(kit: Path, to: Path, change: Callable[[str, str], str]) -> Path:
    """Write a kit whose texts have gone through `change(name, text)`."""
    with zipfile.ZipFile(kit) as before, zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as after:
        for name in before.namelist():
            after.writestr(name, change(name, before.read(name).decode()).encode())
    return to


def shuffled(name: str, text: str) -> str:
    if not name.startswith("inputs/"):
        return text
    header, *rows = csv.reader(io.StringIO(text))
    random.Random(7).shuffle(rows)  # noqa: S311  an order, not a secret
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n").writerows([header, *rows])
    return out.getvalue()


def one_cell(member: str, row: int, column: str, value: str) -> Callable[[str, str], str]:
    def change(name: str, text: str) -> str:
        if name != member:
            return text
        rows = list(csv.reader(io.StringIO(text)))
        assert rows[row][rows[0].index(column)] != value
        rows[row][rows[0].index(column)] = value
        out = io.StringIO(newline="")
        csv.writer(out, lineterminator="\n").writerows(rows)
        return out.getvalue()

    return change


@pytest.mark.parametrize(("zone", "language"), [("Pacific/Chatham", "tr_TR.UTF-8"), ("America/St_Johns", "C")])
def test_a_kit_is_identical_in_another_folder_zone_and_language_with_its_rows_shuffled(
    kit: Path, tmp_path: Path, zone: str, language: str
) -> None:
    done = in_process_of_its_own(
        ["verify", str(changed(kit, tmp_path / "s.zip", shuffled))], cwd=tmp_path, TZ=zone, LC_ALL=language
    )
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "IDENTICAL: distribution TALA-D-000001"), done.stderr


def test_a_kit_made_on_sqlite_is_identical_on_postgresql(kit: Path, tmp_path: Path, postgres_url: str) -> None:
    code, said = workbench("verify", changed(kit, tmp_path / "s.zip", shuffled), "--database", postgres_url)
    assert (code, said.splitlines()[0]) == (0, "IDENTICAL: distribution TALA-D-000001")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (one_cell("inputs/usages.csv", 1, "plays", "2"), "input usages TALA-B-000001:2: plays expected 1, got 2"),
        (
            lambda name, text: text.replace("percent: 15", "percent: 16", 1) if name == "rulebook.yaml" else text,
            "administration.percent: expected 15, got 16",
        ),
        (one_cell("inputs/work_shares.csv", 1, "performing_ppm", "333334"), "performing_ppm expected 333333, got 333334"),
    ],
    ids=["usage line", "rule digit", "share"],
)
def test_one_change_is_different_and_named(kit: Path, tmp_path: Path, change: Callable[[str, str], str], named: str) -> None:
    code, said = workbench("verify", changed(kit, tmp_path / "c.zip", change))
    assert (code, said.splitlines()[0]) == (1, "DIFFERENT: distribution TALA-D-000001")
    assert named in said


def test_a_kit_of_another_run_than_the_statements_is_different(kit: Path) -> None:
    code, said = workbench("verify", kit, "--digest", "0" * 64)
    assert (code, "(as given)" in said) == (1, True)


# -- backup and restore ---------------------------------------------------------------------------------------------------------


def test_a_changed_byte_of_the_book_is_named_and_a_restored_office_goes_on_working(tmp_path: Path, postgres_url: str) -> None:
    with open_small(tmp_path / "society") as wb:
        run = wb.distribution.prepare(PERIOD)
        run.approve(by="b.kamau")
        run.seal(by="b.kamau", note="Board decision")
        bill(wb, "TALA-C-000001", 100 * UNIT, period="2025-Q4")
        report(wb, "TALA-C-000001", [line("malaika", "2025-10-20", 240, "feature")], period="2025-Q4")
    assert workbench("backup", tmp_path / "society", "--to", tmp_path / "b.zip")[0] == 0
    book = tmp_path / "society" / "book.sqlite"
    data = bytearray(book.read_bytes())
    data[data.rindex(b"Kisima Music")] ^= 1
    book.write_bytes(data)
    code, said = workbench("check", tmp_path / "society")
    assert code == 1
    assert "Jisima Music" in said or "was altered" in said
    assert workbench("restore", tmp_path / "b.zip", tmp_path / "office", "--database", postgres_url)[0] == 0
    assert workbench("check", tmp_path / "office")[0] == 0
    assert workbench("match", tmp_path / "office")[0] == 0
    code, said = workbench("run", "prepare", tmp_path / "office", "--period", "2025-Q4")
    assert (code, "TALA-D-000002 is prepared" in said) == (0, True)


# -- malformed files through the shell ------------------------------------------------------------------------------------------

REPORT = streaming_report(("Title", "Artist", "ISRC", "Duration", "Streams", "Revenue"))
WORKS = Good(
    ("Number", "Title", "Name", "Role", "Performing share", "Mechanical share"),
    (("1", "Malaika", "Otieno", "CA", "100", "100"), ("2", "Bahari", "Achieng", "CA", "100", "100"),
     ("3", "Kimya", "Baraka", "CA", "100", "100")),
    text=1, text_field="title", number=4, number_field="performing_share", number_code="not_share", needed=3, needed_field="role",
)  # fmt: skip
KINDS = [
    "csv wrong encoding", "csv missing column", "csv unbalanced quote", "csv NaN as amount", "csv 1E+400000 as amount",
    "csv =HYPERLINK(0) as text", "csv empty file", "xlsx missing column", "xlsx NaN as amount", "xlsx 1E+400000 as amount",
    "xlsx =HYPERLINK(0) as text", "xlsx real formula", "xlsx empty file", "xlsx is text", "xlsx cut off",
]  # fmt: skip


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with open_small(tmp_path_factory.mktemp("shop") / "society") as wb:
        return wb.config.folder


@pytest.mark.parametrize("what", ["usage", "works"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_malformed_file_says_line_field_and_what_to_do_and_a_refused_one_leaves_nothing(
    shop: Path, tmp_path: Path, what: str, kind: str
) -> None:
    fault = faults(REPORT if what == "usage" else WORKS)[kind]
    name, ending = fault.file_name.split(".", 1)
    file = tmp_path / f"{name}-{KINDS.index(kind)}-{what}.{ending}"  # a second report of one name would be taken for a correction
    file.write_bytes(fault.data)
    before = counts(shop)
    layout = "streaming-report-v1" if what == "usage" else "works-v1"
    more = ("--licence", "TALA-C-000001", "--period", PERIOD) if what == "usage" else ()
    verb = ("usage", "load") if what == "usage" else ("onboard", "load")
    code, said = workbench(*verb, shop, file, "--layout", layout, *more)
    assert "Traceback" not in said
    assert code == (2 if fault.refused else 0), said
    if fault.line:
        assert f"line {fault.line}" in said
    if fault.field:
        assert fault.field in said
    findings = [text for text in said.splitlines() if text.startswith("  ")]
    assert findings, said
    assert all(text.rstrip().endswith(".") for text in findings), "every finding ends with what to do"
    if fault.refused:
        assert counts(shop) == before


def test_the_book_is_sound_after_all_those_files(shop: Path) -> None:
    code, said = workbench("check", shop)
    assert code == 0, said


# -- processes at once, and killed ----------------------------------------------------------------------------------------------

BUSY = """
import sys
from pathlib import Path
from workbench.api import Workbench
folder, who = sys.argv[1:]
with Workbench.open(folder, user=who) as wb:
    print("ready", flush=True)
    sys.stdin.readline()
    for number in range(12):
        wb.parties.save({"kind": "natural", "name": f"{who} {number}"}, why="at once")
        wb.matching.rule(f"key-{who}-{number}", none=True, why="at once")
        file = Path(folder) / "inbox" / f"{who}-{number}.csv"
        file.write_text("Title,Artist,Plays\\n" + "".join(f"{who} {number} {k},Nyota,1\\n" for k in range(20)))
        wb.usage.load(file, layout="radio-playlist-v1", licence_id="TALA-C-000001", period="2025-Q3", why="at once")
"""


def test_two_processes_that_rule_save_and_load_at_once_lose_nothing(tmp_path: Path) -> None:
    with open_small(tmp_path / "society") as wb:
        report(wb, "TALA-C-000001", [line(f"key-{who}-{n}", "2025-07-01", 60, "") for who in ("x", "y") for n in range(12)])
        before = counts(wb.config.folder)
    people = [
        subprocess.Popen(
            [sys.executable, "-c", BUSY, str(tmp_path / "society"), who],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT,
        )
        for who in ("x", "y")
    ]  # fmt: skip
    for person in people:
        assert person.stdout is not None
        assert person.stdout.readline() == "ready\n"
    for person in people:
        assert person.stdin is not None
        person.stdin.write("go\n")
        person.stdin.flush()
    said = [person.communicate(timeout=120)[1] for person in people]
    assert [person.returncode for person in people] == [0, 0], said
    assert not [text for text in said if "locked" in text]
    after = counts(tmp_path / "society")
    assert {name: after[name] - before[name] for name in ("party", "ruling", "usage_batch", "usage")} == {
        "party": 24, "ruling": 24, "usage_batch": 24, "usage": 480,
    }  # fmt: skip
    assert workbench("check", tmp_path / "society")[0] == 0


@pytest.mark.parametrize("seconds", [0.0, 0.15, 0.4])
@pytest.mark.parametrize("verb", ["load", "match"])
def test_a_killed_load_or_match_leaves_a_clean_book_and_the_next_one_succeeds(tmp_path: Path, verb: str, seconds: float) -> None:
    folder = tmp_path / "society"
    with open_small(folder) as wb:
        match(wb, "old", "", "", state="doubtful")
    file = tmp_path / "plays.csv"
    file.write_text("Title,Artist,Plays\n" + "".join(f"Song {number},Artist {number % 97},1\n" for number in range(6_000)))
    load = ["usage", "load", str(folder), str(file), "--layout", "radio-playlist-v1", "--licence", "TALA-C-000001",
            "--period", PERIOD]  # fmt: skip
    if verb == "match":
        assert workbench(*load)[0] == 0
    before = counts(folder)
    command = load if verb == "load" else ["match", str(folder)]
    victim = subprocess.Popen(
        [sys.executable, "-c", KILLED, *command], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT
    )
    assert victim.stdout is not None
    assert victim.stdout.readline() == "started\n"
    time.sleep(seconds)
    victim.send_signal(signal.SIGKILL)
    victim.wait(timeout=30)
    after = counts(folder)
    whole = {"load": {**before, "usage_batch": before["usage_batch"] + 1, "usage": before["usage"] + 6_000}}
    assert after["usage"] in {before["usage"], whole["load"]["usage"]}
    assert workbench("check", folder)[0] == 0
    code, said = workbench(*command)
    assert code == 0, said
    assert counts(folder)["usage"] == (whole["load"]["usage"] if verb == "load" else before["usage"])
    assert workbench("check", folder)[0] == 0


KILLED = """
import sys
from workbench import cli
from workbench.matching.run import Matching
from workbench.matching.usage import UsageDesk
for desk, name in ((Matching, "run"), (UsageDesk, "load")):
    def begun(self, *args, _real=getattr(desk, name), **options):
        print("started", flush=True)
        return _real(self, *args, **options)
    setattr(desk, name, begun)
cli.main(sys.argv[1:])
"""

# -- the real log, by the shell alone -------------------------------------------------------------------------------------------


def test_a_society_starts_with_the_real_song_list_and_log_by_the_shell_alone(shared_folder: Path, tmp_path: Path) -> None:
    data, folder = shared_folder / "data" / "classic-rock", tmp_path / "airwave"
    raw = gzip.decompress((data / "classic_rock_raw_data.csv.gz").read_bytes()).decode()
    header, *lines = raw.splitlines(keepends=True)
    station = "KGLK"
    own = [text for text in lines if f",{station}," in text]
    assert own
    (tmp_path / "log.csv").write_text(header + "".join(own), encoding="utf-8")
    assert workbench("new", folder, "--code", "AIRWAVE", "--name", "Airwave", "--currency", "USD", "--territory", "840")[0] == 0
    code, said = workbench("onboard", "load", folder, data / "classic-rock-song-list.csv", "--layout", "song-list-classic-v1")
    assert (code, "2,229" in said) == (0, True), said
    with Workbench.open(folder, user="a.mwangi") as wb:  # licences are made in a notebook
        licensee = wb.licences.add_licensee(station, kind="radio", territory="840", why="a station of the log")
        licence = wb.licences.add_licence(licensee.id, tariff="radio", number="R-1", starts_on="2014-01-01", why="2014")
    code, said = workbench(
        "usage", "load", folder, tmp_path / "log.csv", "--layout", "radio-log-classic-v1", "--licence", licence.id, "--period",
        "2014-06",
    )  # fmt: skip
    assert code == 0, said
    code, said = workbench("match", folder)
    assert code == 0, said
    after = counts(folder)
    assert after["usage"] == len(own)
    assert workbench("search", folder, "stairway to heven", "--kind", "recording")[1].count("Stairway To Heaven") >= 1
    assert workbench("check", folder)[0] == 0


def in_process_of_its_own(arguments: list[str], *, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    code = "import sys; from workbench.cli import main; main(sys.argv[1:])"
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=cwd, env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
