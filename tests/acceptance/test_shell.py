"""Every command runs and says something sensible; what cannot be done is one readable sentence and exit code 2."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer

from tests.acceptance.shell import workbench
from tests.distribution.a_small_book import PERIOD, open_small
from workbench import cli

NOBODY = "postgresql://nobody@127.0.0.1:1/none"
CALLED: set[str] = set()


def called(*arguments: object) -> tuple[int, str]:
    """Run the command and remember which it was."""
    words = [str(one) for one in arguments]
    CALLED.add(" ".join(words[:2]) if words[0] in {"usage", "run", "sync", "staff", "roles", "onboard", "register"} else words[0])
    code, said = workbench(*words)
    assert "Traceback" not in said
    return code, said


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shell")
    open_small(folder / "society").close()
    (folder / "plays.csv").write_text("Title,Artist,Plays\nMalaika,Nyota,3\nBahari,Nyota,x\n", encoding="utf-8")
    (folder / "no.zip").write_text("this is no zip")
    return folder


def test_the_chain_runs_command_by_command(place: Path) -> None:
    society = place / "society"
    steps: list[tuple[tuple[object, ...], str]] = [
        (("layouts", society), "radio-playlist-v1"),
        (("template", society, "--layout", "parties-v1", "--to", place / "members.xlsx"), "Template written"),
        (("onboard", "load", society, _members(place), "--layout", "parties-v1", "--dry-run"), "1"),
        (("onboard", "load", society, _members(place), "--layout", "parties-v1"), "1"),
        (("onboard", "guess", society, _members(place), "--purpose", "parties"), "name"),
        (("onboard", "imports", society), "members.csv"),
        (("register", "digest", society), ""),
        (("register", "export", society, "--to", place / "register.zip"), "register.zip"),
        (("new", place / "copy", "--code", "TALA", "--name", "Copy", "--currency", "KES"), "Workspace of Copy"),
        (("register", "load", place / "copy", place / "register.zip"), "register.zip"),
        (("search", society, "malaikka"), "Malaika"),
        (("usage", "load", society, place / "plays.csv", "--layout", "radio-playlist-v1", "--licence", "TALA-C-000001",
          "--period", PERIOD), "TALA-B-000003"),
        (("usage", "list", society), "plays.csv"),
        (("match", society), "matched"),
        (("usage", "explain", society, "TALA-B-000003:2"), "TALA-B-000003:2 is"),
        (("usage", "quarantined", society, "TALA-B-000003", "--to", place / "back.csv"), "1 lines written"),
        (("run", "prepare", society, "--period", PERIOD, "-u", "a.mwangi"), "TALA-D-000001 is prepared"),
        (("run", "approve", society, "TALA-D-000001", "-u", "b.kamau"), "approved by b.kamau"),
        (("run", "seal", society, "TALA-D-000001", "--note", "Board decision", "-u", "b.kamau"), "sealed; digest"),
        (("run", "list", society), "sealed"),
        (("run", "explain", society, "TALA-D-000001", "--party", "TALA-P-000001"), "TALA-"),
        (("run", "trace", society, "TALA-D-000001", "TALA-B-000001:2"), "TALA-"),
        (("run", "statements", society, "TALA-D-000001", "--no-pdf"), "statement"),
        (("run", "kit", society, "TALA-D-000001", "--to", place / "kit.zip"), "Audit kit"),
        (("verify", place / "kit.zip"), "IDENTICAL"),
        (("history", society), "a.mwangi"),
        (("history", society, "TALA-D-000001"), "Board decision"),
        (("sync", "state", society), "push"),
        (("sync", "conflicts", society), "(nothing)"),
        (("staff", "add", society, "c.auma", "--role", "auditor", "--password", "karibu tala auma"), "auditor"),
        (("roles", "show", society), "auditor: look at everything"),
        (("upgrade", society), "already"),
        (("backup", society, "--to", place / "backup.zip"), "verified"),
        (("restore", place / "backup.zip", place / "again"), "Restored"),
        (("check", place / "again"), "sound"),
        (("new", place / "fresh", "--code", "BETO", "--name", "Beto", "--currency", "UGX"), "Workspace of Beto"),
        (("demo", place / "invented", "--scale", "0.01"), "usage"),
        (("central", "--help"), "central"),
    ]  # fmt: skip
    for arguments, expected in steps:
        code, said = called(*arguments)
        assert (code, expected in said) == (0, True), f"{arguments[:2]}: {said}"


MISTAKES: dict[str, tuple[tuple[str, ...], str]] = {
    "wrong folder": (("check", "{place}/nowhere"), "no workspace here"),
    "unknown layout": (("onboard", "load", "{society}", "{place}/plays.csv", "--layout", "partie-v1"), "Did you mean parties-v1"),
    "unknown usage layout": (
        ("usage", "load", "{society}", "{place}/plays.csv", "--layout", "radio-playlst-v1", "--licence", "TALA-C-000001",
         "--period", "2025-Q3"), "Did you mean radio-playlist-v1"),
    "unknown licence": (
        ("usage", "load", "{society}", "{place}/plays.csv", "--layout", "radio-playlist-v1", "--licence", "TALA-C-00009",
         "--period", "2025-Q3"), "Did you mean TALA-C-00000"),
    "bad period": (
        ("usage", "load", "{society}", "{place}/plays.csv", "--layout", "radio-playlist-v1", "--licence", "TALA-C-000001",
         "--period", "2025-Q7"), "2025-Q7"),
    "bad period of a run": (("run", "prepare", "{society}", "--period", "soon"), "soon"),
    "period without money": (("run", "prepare", "{society}", "--period", "1999"), "no money to distribute"),
    "unknown rule book": (("run", "prepare", "{society}", "--period", "2025-Q3", "--rulebook", "defalt"), "default"),
    "missing file": (("onboard", "load", "{society}", "{place}/none.csv", "--layout", "parties-v1"), "none.csv"),
    "unknown run": (("run", "seal", "{society}", "TALA-D-000077", "--note", "x"), "no such run"),
    "unknown party": (("run", "explain", "{society}", "TALA-D-000001", "--party", "TALA-P-99999x"), "no such"),
    "one's own run": (("run", "approve", "{society}", "TALA-D-000001", "-u", "a.mwangi"), "may not approve"),
    "sealing unapproved": (("run", "seal", "{society}", "TALA-D-000001", "--note", "x", "-u", "b.kamau"), "expected approved"),
    "no note": (("run", "seal", "{society}", "TALA-D-000001", "--note", " ", "-u", "b.kamau"), "sealed on a decision"),
    "unknown usage line": (("usage", "explain", "{society}", "TALA-B-000001:999"), "TALA-B-000001:999"),
    "unknown batch": (("usage", "quarantined", "{society}", "TALA-B-000077", "--to", "{place}/x.csv"), "TALA-B-000077"),
    "unknown kind": (("search", "{society}", "x", "--kind", "works"), "Did you mean work"),
    "a kit that is no zip": (("verify", "{place}/no.zip"), "damaged, cut short or no audit kit"),
    "a kit that is not there": (("verify", "{place}/none.zip"), "no such kit"),
    "a backup that is no zip": (("restore", "{place}/no.zip", "{place}/other"), "cannot be trusted"),
    "restoring over a workspace": (("restore", "{backup}", "{society}"), "a workspace exists here already"),
    "a backup over a file": (("backup", "{society}", "--to", "{place}/no.zip"), "a file exists here already"),
    "a new society over another": (
        ("new", "{society}", "--code", "BETO", "--name", "B", "--currency", "UGX"), "exists here already"),
    "a code that is none": (("new", "{place}/n1", "--code", "beto!", "--name", "B", "--currency", "UGX"), "not an instance code"),
    "a currency that is none": (("new", "{place}/n2", "--code", "BETO", "--name", "B", "--currency", "shillings"), "shillings"),
    "a demonstration over a society": (("demo", "{society}"), "not empty"),
    "a demonstration in a full folder": (("demo", "{full}"), "not empty"),
    "a database that is not there": (
        ("new", "{place}/n3", "--code", "BETO", "--name", "B", "--currency", "UGX", "--database", NOBODY), "database"),
    "restoring into none": (("restore", "{backup}", "{place}/n4", "--database", NOBODY), "database"),
    "a database of another kind": (
        ("new", "{place}/n5", "--code", "BETO", "--name", "B", "--currency", "UGX", "--database", "mysql://x/y"), "postgresql://"),
    "an address that is none": (
        ("new", "{place}/n6", "--code", "BETO", "--name", "B", "--currency", "UGX", "--database", "here"), "postgresql://"),
    "a central instance that is not there": (
        ("sync", "register", "{society}", "--url", "http://127.0.0.1:1", "--secret", "x"), "127.0.0.1:1"),
    "exchange unregistered": (("sync", "exchange", "{society}"), "register"),
    "roles in a file": (("roles", "apply", "{society}"), "expected postgresql"),
    "roles to check in a file": (("roles", "check", "{society}"), "expected postgresql"),
    "an unknown role": (("staff", "add", "{society}", "x.y", "--role", "bos", "--password", "long enough to do"), "bos"),
    "an unknown layout of a template": (("template", "{society}", "--layout", "work-v1", "--to", "{place}/t.xlsx"), "works-v1"),
    "an empty name": (("usage", "load", "{society}", "{place}", "--layout", "radio-playlist-v1", "--licence", "TALA-C-000001",
                       "--period", "2025-Q3"), ""),
}  # fmt: skip


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mistakes")
    with open_small(folder / "society") as wb:
        wb.distribution.prepare(PERIOD)
        wb.backup(folder / "backup.zip")
    (folder / "plays.csv").write_text("Title,Artist,Plays\nMalaika,Nyota,3\n", encoding="utf-8")
    (folder / "no.zip").write_text("this is no zip")
    (folder / "full").mkdir()
    (folder / "full" / "letter.txt").write_text("mine")
    return folder


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_one_readable_sentence_and_exit_code_2(prepared: Path, mistake: str) -> None:
    arguments, expected = MISTAKES[mistake]
    names = {"place": prepared, "society": prepared / "society", "backup": prepared / "backup.zip", "full": prepared / "full"}
    code, said = called(*(one.format(**names) for one in arguments))
    assert code == 2, said
    assert expected in said
    assert said.startswith("workbench: ")
    assert len(said.splitlines()) <= 2


def test_a_society_whose_database_was_away_is_made_at_the_second_try(place: Path) -> None:
    new = ("new", place / "late", "--code", "BETO", "--name", "Beto", "--currency", "UGX")
    assert called(*new, "--database", NOBODY)[0] == 2
    assert called(*new)[0] == 0


def test_sealing_twice_is_refused(prepared: Path) -> None:
    society = prepared / "society"
    assert called("run", "approve", society, "TALA-D-000001", "-u", "b.kamau")[0] == 0
    seal = ("run", "seal", society, "TALA-D-000001", "--note", "Board", "-u", "b.kamau")
    assert called(*seal)[0] == 0
    code, said = called(*seal)
    assert (code, "expected approved" in said, "further run" in said) == (2, True, True)


def test_an_import_is_taken_back_by_the_number_that_loading_it_said(place: Path) -> None:
    society = place / "taken-back"
    open_small(society).close()
    code, said = called("onboard", "load", society, _members(place), "--layout", "parties-v1")
    assert code == 0, said
    [import_id] = re.findall(r"onboard undo \S+ (\S+)", said)
    code, said = called("onboard", "undo", society, import_id, "--why", "the wrong list")
    assert (code, "1" in said) == (0, True), said
    assert "undone" in called("onboard", "imports", society)[1]


def test_every_command_is_called_by_these_tests() -> None:
    main = typer.main.get_command(cli.app)
    names = set()
    for name, command in main.commands.items():
        names |= {f"{name} {sub}" for sub in command.commands} if hasattr(command, "commands") else {name}
    elsewhere = {"serve", "notebook"}  # tests/test_docs.py and tests/test_notebooks.py
    assert names - elsewhere <= CALLED


def _members(place: Path) -> Path:
    file = place / "members.csv"
    file.write_text("Number,Kind,Name\nM-1,natural,Wanjiru\n", encoding="utf-8")
    return file
