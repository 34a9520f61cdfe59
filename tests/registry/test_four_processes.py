"""Four processes edit the same thousand works: no update is lost, every refusal says who changed what, nobody finds it locked."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.society import new_office
from workbench.core.meanwhile import ChangedMeanwhile
from workbench.core.office import Office
from workbench.registry.works import Works

ROOT = Path(__file__).resolve().parents[2]
CLERKS = ("a.mwangi", "b.otieno", "c.auma", "d.njeri")
WORKS = 1_000


@pytest.fixture
def works(tmp_path: Path, book_url: str) -> Works:
    office = new_office(tmp_path / "society", book_url)
    desk = Works(office)
    desk.save_many([{"title": "Wimbo"} for _ in range(WORKS)], why="declared")
    yield desk
    office.book.close()


def edit(office: Office, *, edits: int = 0, seconds: float = 0) -> list[dict[str, Any]]:
    """Let the four clerks edit at the same time and return what each was told, edit by edit."""
    program = [sys.executable, "-m", "tests.registry.editing_process", str(office.config.folder)]
    clerks = [
        subprocess.Popen(
            [*program, who, str(edits), str(seconds)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for who in CLERKS
    ]
    for clerk in clerks:
        assert clerk.stdout is not None
        assert clerk.stdout.readline() == "ready\n"
    for clerk in clerks:
        assert clerk.stdin is not None
        clerk.stdin.write("go\n")
        clerk.stdin.flush()
    told = [
        {**json.loads(line), "who": who}
        for who, clerk in zip(CLERKS, clerks, strict=True)
        for line in clerk.communicate()[0].splitlines()
    ]
    assert [clerk.returncode for clerk in clerks] == [0] * len(CLERKS)
    return told


def judge(works: Works, told: list[dict[str, Any]]) -> None:
    """Hold what the clerks were told against the book."""
    assert [one["failed"] for one in told if "failed" in one] == []  # "database is locked" would be here
    marks: dict[str, list[str]] = {}
    for one in told:
        if "refused" not in one:
            marks.setdefault(one["work"], []).append(one["mark"])
    frame = works.frame().set_index("id")
    for work in frame.itertuples():
        done = marks.get(work.Index, [])
        assert sorted(work.title.split()[1:]) == sorted(done), work.Index
        assert (int(work.duration_seconds) if done else 0, work.version) == (len(done), len(done) + 1)
    refusals = [one for one in told if "refused" in one]
    assert refusals
    assert {one["who"] for one in told if "refused" not in one} == set(CLERKS)
    for one in refusals:
        title = one["before"]
        for who, why, _, changed in one["changes"]:
            assert who in CLERKS
            before, title_then = changed["title"]
            assert (before, title_then) == (title, f"{title} {why.removeprefix('edit ')}")
            assert why.startswith(f"edit {who}-")
            title = title_then
            assert set(changed) == {"title", "duration_seconds"}
        assert one["changes"]
        who, why, at, changed = one["changes"][-1]
        assert f"by {who} at {at}: " in one["refused"]
        assert f"(why: {why})" in one["refused"]


def test_four_processes_lose_no_update_and_each_refusal_says_who_changed_what(works: Works) -> None:
    judge(works, edit(works.office, edits=96))


@pytest.mark.nightly
def test_four_processes_for_a_minute_lose_no_update_and_each_refusal_says_who_changed_what(
    works: Works, capsys: pytest.CaptureFixture[str]
) -> None:
    told = edit(works.office, seconds=60)
    with capsys.disabled():
        print(f"{len(told)} edits, {sum('refused' in one for one in told)} refused")  # noqa: T201  what a minute holds
    judge(works, told)


def test_the_refusal_of_a_stale_edit_is_one_readable_sentence_and_its_facts(works: Works) -> None:
    [first, *_] = works.get_many()
    works.change(first.id, title="Taa", why="misspelt", by="b.otieno")
    works.change(first.id, title="Taa ya Pwani", why="the whole title", by="c.auma")
    with pytest.raises(ChangedMeanwhile) as raised:
        works.save(first, why="my own idea")
    one, two = raised.value.changes
    assert (one.who, one.why, one.fields) == ("b.otieno", "misspelt", {"title": ("Wimbo", "Taa")})
    assert (two.who, two.why, two.fields) == ("c.auma", "the whole title", {"title": ("Taa", "Taa ya Pwani")})
    assert str(raised.value) == (
        f"this work was changed by b.otieno at {one.at}: title: Wimbo -> Taa (why: misspelt);"
        f" then by c.auma at {two.at}: title: Taa -> Taa ya Pwani (why: the whole title):"
        f" got version 1, expected version 3 ({first.id}). Load it again and make your change to it as it is now."
    )
