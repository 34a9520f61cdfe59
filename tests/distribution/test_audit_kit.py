"""An audit kit holds the whole run, is the same file every time, and is not made of a run somebody touched."""

from __future__ import annotations

import json
import zipfile
from itertools import pairwise
from pathlib import Path

import pytest

from tests.distribution.invented_run import invented_facts, invented_run
from workbench.core.errors import WorkbenchError
from workbench.distribution import audit_kit
from workbench.distribution.results import INPUTS, RESULTS


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return invented_run(tmp_path_factory.mktemp("runs"))


def test_a_kit_holds_every_file_of_the_run_as_it_lies_in_its_folder(run: Path, tmp_path: Path) -> None:
    kit = audit_kit.write(run, tmp_path, invented_facts(run))
    assert kit.name == "TALA-D-000001.audit-kit.zip"
    with zipfile.ZipFile(kit) as archive:
        for table in (*INPUTS, *RESULTS):
            assert archive.read(f"{table.place}/{table.file}") == table.path(run).read_bytes()
        for name in ("manifest.json", "parameters.json", "rulebook.yaml"):
            assert archive.read(name) == (run / name).read_bytes()
        assert set(archive.namelist()) == {*audit_kit.members()} - ({audit_kit.LOCK} - set(archive.namelist()))


def test_the_same_run_gives_the_same_kit_with_sorted_members_and_no_time_in_it(run: Path, tmp_path: Path) -> None:
    kits = [audit_kit.write(run, tmp_path / name, invented_facts(run)) for name in ("a.zip", "b.zip")]
    assert kits[0].read_bytes() == kits[1].read_bytes()
    with zipfile.ZipFile(kits[0]) as archive:
        assert archive.namelist() == sorted(archive.namelist())
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_a_kit_tells_who_prepared_and_sealed_with_which_program(run: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(audit_kit.write(run, tmp_path, invented_facts(run))) as archive:
        kit, readme = json.loads(archive.read("kit.json")), archive.read("README.txt").decode()
    assert kit["run"]["prepared_by"] == "a.mwangi"
    assert kit["run"]["journal_hash"] == "ab" * 32
    assert {"python", "sqlite", "duckdb"} <= kit["environment"].keys()
    assert "distribution/compute.py" in kit["code"]
    for fact in (kit["run"]["digest"], "a.mwangi", "b.kamau", "workbench verify", "4711"):
        assert fact in readme


def test_a_run_whose_files_were_touched_gets_no_kit(tmp_path: Path) -> None:
    run = invented_run(tmp_path / "runs")
    facts = invented_facts(run)
    file = run / "results" / "balances.csv"
    file.write_bytes(file.read_bytes().replace(b"KES", b"KEZ", 1))
    with pytest.raises(WorkbenchError, match="changed since it was prepared: got results/balances"):
        audit_kit.write(run, tmp_path / "kit.zip", facts)
    assert not (tmp_path / "kit.zip").exists()


def test_a_kit_replaces_a_kit_of_the_same_run_and_nothing_else(run: Path, tmp_path: Path) -> None:
    kit = audit_kit.write(run, tmp_path, invented_facts(run, "prepared"))
    assert audit_kit.write(run, kit, invented_facts(run)) == kit
    assert "b.kamau" in zipfile.ZipFile(kit).read("README.txt").decode()
    with pytest.raises(WorkbenchError, match="another file exists here"):
        audit_kit.write(run, kit, {**invented_facts(run), "id": "TALA-D-000002"})
    (tmp_path / "letter.txt").write_text("dear auditor")
    with pytest.raises(WorkbenchError, match="another file exists here"):
        audit_kit.write(run, tmp_path / "letter.txt", invented_facts(run))


def test_every_value_of_a_rule_book_has_a_path_of_names(run: Path) -> None:
    rules = audit_kit.flat_rules(run / "rulebook.yaml")
    assert rules["rules.deductions-authors.steps.administration.percent"] == "15"
    assert rules["rules.payment.minimum.KES"] == "500.00"


BOMB = "\n".join(f"{name}: &{name} [{','.join([f'*{before}'] * 10)}]" for before, name in pairwise("abcdefghi"))


@pytest.mark.parametrize("text", ["a: [", "&a [*a]", f"a: &a [1, 1]\n{BOMB}", "[" * 2_000])
def test_a_rule_book_made_to_harm_is_refused_at_once(tmp_path: Path, text: str) -> None:
    (tmp_path / "rulebook.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(WorkbenchError, match="the rule book"):
        audit_kit.flat_rules(tmp_path / "rulebook.yaml")
