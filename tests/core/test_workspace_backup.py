"""A backup brings back the whole workspace: the runs, the rules and who the society is, or nothing at all."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from tests.distribution.a_small_book import PERIOD, open_small
from workbench.api import Workbench
from workbench.core import workspace_backup
from workbench.core.errors import WorkbenchError


@pytest.fixture
def sealed(tmp_path: Path) -> Workbench:
    wb = open_small(tmp_path / "society")
    (wb.config.rules / "board.yaml").write_text("# the board's own notes, الأغنية\n", encoding="utf-8")
    (wb.config.runs / ".preparing-1234").mkdir()
    (wb.config.runs / ".preparing-1234" / "half.csv").write_text("unfinished")
    (wb.config.folder / "central.key").write_text("a secret")
    run = wb.distribution.prepare(PERIOD)
    run.approve(by="b.kamau")
    run.seal(by="b.kamau", note="Board decision 2025/14")
    return wb


def test_a_restored_workspace_has_its_sealed_runs_its_rules_and_its_name(sealed: Workbench, tmp_path: Path) -> None:
    made = sealed.backup(tmp_path / "one.zip")
    with Workbench.restore(made.path, tmp_path / "again", user="b.kamau") as again:
        assert again.check() == []
        before, after = (
            (wb.config.name, wb.config.society, wb.config.currency, wb.config.territory, wb.config.code)
            for wb in (sealed, again)
        )  # fmt: skip
        assert before == after
        run = again.distribution.latest()
        assert (run.state, run.digest) == ("sealed", sealed.distribution.latest().digest)
        assert again.statements.audit_kit(run.id, to=tmp_path / "kit.zip").is_file()
    assert _files(tmp_path / "again") == _files(tmp_path / "society") - {"runs/.preparing-1234/half.csv"}


def test_a_society_moves_into_an_office_database_with_its_runs(sealed: Workbench, tmp_path: Path, postgres_url: str) -> None:
    made = sealed.backup(tmp_path / "one.zip")
    with Workbench.restore(made.path, tmp_path / "office", book_url=postgres_url) as office:
        assert office.check() == []
    with Workbench.open(tmp_path / "office") as office:
        assert (office.book.dialect, office.config.name) == ("postgresql", "Tala")


def test_a_backup_carries_no_secret_and_no_address_of_the_book(sealed: Workbench, tmp_path: Path) -> None:
    made = sealed.backup(tmp_path / "one.zip")
    with zipfile.ZipFile(made.path) as archive:
        assert not [name for name in archive.namelist() if "key" in name or "toml" in name]
        assert "book_url" not in json.loads(archive.read("manifest.json"))["workspace"]["settings"]


def test_a_run_file_changed_inside_the_zip_is_refused_by_name_and_nothing_is_left(sealed: Workbench, tmp_path: Path) -> None:
    made = sealed.backup(tmp_path / "one.zip")
    with zipfile.ZipFile(made.path) as old, zipfile.ZipFile(tmp_path / "forged.zip", "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(b"0", b"1") if name.endswith("results/balances.csv") else old.read(name))
    with pytest.raises(WorkbenchError, match=r"file runs/TALA-D-000001/results/balances.csv is damaged"):
        Workbench.restore(tmp_path / "forged.zip", tmp_path / "again")
    assert not (tmp_path / "again").exists()


@pytest.mark.parametrize("path", ["../away.txt", "/etc/away", "runs/../../away", "workbench.toml", "rules\\..\\away", "runs"])
def test_a_path_out_of_the_workspace_is_refused(sealed: Workbench, tmp_path: Path, path: str) -> None:
    made = sealed.backup(tmp_path / "one.zip")
    with zipfile.ZipFile(made.path) as old, zipfile.ZipFile(tmp_path / "forged.zip", "w") as new:
        manifest = json.loads(old.read("manifest.json"))
        manifest["workspace"]["files"][path] = manifest["workspace"]["files"].pop("rules/board.yaml")
        for name in old.namelist():
            data = json.dumps(manifest).encode() if name == "manifest.json" else old.read(name)
            new.writestr(name.replace("rules/board.yaml", path), data)
    with pytest.raises(WorkbenchError, match="cannot be trusted"):
        Workbench.restore(tmp_path / "forged.zip", tmp_path / "again")


def test_a_restore_overwrites_neither_a_workspace_nor_files_in_its_rooms_nor_a_book(sealed: Workbench, tmp_path: Path) -> None:
    made = sealed.backup(tmp_path / "one.zip")
    with pytest.raises(WorkbenchError, match="a workspace exists here already"):
        Workbench.restore(made.path, sealed.config.folder)
    (tmp_path / "other" / "runs").mkdir(parents=True)
    (tmp_path / "other" / "runs" / "mine").write_text("mine")
    with pytest.raises(WorkbenchError, match="files are here already"):
        Workbench.restore(made.path, tmp_path / "other")
    with pytest.raises(WorkbenchError, match="not empty"):
        Workbench.restore(made.path, tmp_path / "third", book_url=sealed.book.url)
    assert not any((tmp_path / "third").iterdir())


def test_a_backup_of_a_bare_book_names_the_society_by_its_code(sealed: Workbench, tmp_path: Path) -> None:
    from workbench.core.backup import backup

    made = backup(sealed.book, tmp_path / "bare.zip")
    assert made.workspace == workspace_backup.NOTHING
    with Workbench.restore(made.path, tmp_path / "again") as again:
        assert (again.config.name, again.config.currency) == ("TALA", "KES")


def _files(folder: Path) -> set[str]:
    rooms = (folder / "runs", folder / "rules")
    return {path.relative_to(folder).as_posix() for room in rooms for path in room.rglob("*") if path.is_file()}
