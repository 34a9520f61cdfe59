"""The laws of the search index: a cache that several processes share, that follows the journal, and that nothing can break."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.society import new_office
from workbench.core.errors import WorkbenchError
from workbench.core.office import Office
from workbench.core.store import open_book
from workbench.registry.parties import Parties
from workbench.registry.search import desk as search_desk
from workbench.registry.search.desk import Search
from workbench.registry.works import Works

ROOT = Path(__file__).resolve().parent.parent.parent
OTHER_PROCESS = """
import os, signal, sys
from pathlib import Path
from workbench.core.config import read_config
from workbench.core.office import Office
from workbench.core.store import open_book
from workbench.registry.search import desk as search_desk
from workbench.registry.search.desk import Search
from workbench.registry.works import Works

search_desk.TAIL = 2
search_desk.sources.declare()
config = read_config(Path(sys.argv[1]))
office = Office(open_book(config.book_url), config, "b.otieno")
works, search = Works(office), Search(office)
"""


@pytest.fixture
def office(tmp_path, monkeypatch):
    """A society whose index is written as soon as two documents were saved."""
    monkeypatch.setattr(search_desk, "TAIL", 2)
    made = new_office(tmp_path / "society")
    yield made
    made.book.close()


def reopened(office: Office) -> Office:
    """Return what another program that opens the workspace sees."""
    return Office(open_book(office.config.book_url), office.config, "c.wanjiru")


def save(office: Office, *titles: str) -> None:
    Works(office).save_many([{"title": title} for title in titles], why="registered")


def titles(office: Office, text: str) -> list[str]:
    return list(Search(office)(text)["title_or_name"])


def started(office: Office, script: str) -> subprocess.Popen[str]:
    program = [sys.executable, "-c", OTHER_PROCESS + script, str(office.config.folder)]
    return subprocess.Popen(program, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def files(office: Office) -> list[Path]:
    return [path for path in (office.config.folder / search_desk.FOLDER).rglob("*") if path.is_file()]


def test_a_small_book_needs_no_index_and_a_larger_one_has_it_in_the_workspace(office):
    save(office, "Taa ya Pwani", "Usiku")
    assert titles(office, "taa ya pwani") == ["Taa ya Pwani"]
    assert not files(office)
    save(office, "Bahari")
    assert titles(office, "bahari") == ["Bahari"]
    assert files(office)


def test_the_index_may_be_deleted_at_any_time(office):
    save(office, "Taa ya Pwani", "Usiku", "Bahari")
    assert titles(office, "bahari") == ["Bahari"]
    shutil.rmtree(office.config.folder / search_desk.FOLDER)
    assert titles(office, "bahari") == ["Bahari"]
    assert titles(reopened(office), "usiku") == ["Usiku"]


def test_a_damaged_index_is_made_again(office):
    save(office, "Taa ya Pwani", "Usiku", "Bahari")
    titles(office, "bahari")
    for suffix in (".idx", ".term", ".store", ".fast", ".json"):
        for path in files(office):
            if path.suffix == suffix:
                path.write_bytes(path.read_bytes()[:7])
        assert titles(reopened(office), "bahari") == ["Bahari"], suffix


def test_only_what_was_saved_since_is_read_again(office, monkeypatch):
    save(office, *(f"Wimbo wa {number}" for number in range(9)))
    titles(office, "wimbo")
    read = []
    one_by_one = search_desk.sources.read_some
    monkeypatch.setattr(search_desk.sources, "read_some", lambda c, kind, ids, n: read.append(ids) or one_by_one(c, kind, ids, n))
    monkeypatch.setattr(search_desk.sources, "read_all", None)
    Works(office).change("TALA-W-000003", title="Bahari", why="renamed")
    assert titles(office, "bahari") == ["Bahari"]
    save(office, *(f"Usiku wa {number}" for number in range(4)))
    assert titles(reopened(office), "usiku wa 3")[0] == "Usiku wa 3"
    assert titles(office, "usiku wa 2")[0] == "Usiku wa 2"
    assert {one for ids in read for one in ids} == {"TALA-W-000003", *(f"TALA-W-{number:06d}" for number in range(10, 14))}


def test_what_was_found_under_an_old_name_is_not_any_more(office):
    save(office, "Taa ya Pwani", "Usiku", "Bahari")
    titles(office, "bahari")
    Works(office).change("TALA-W-000003", title="Rudi Nyumbani", why="renamed")
    assert titles(office, "bahari") == []
    save(office, *(f"Wimbo wa {number}" for number in range(4)))
    assert titles(office, "bahari") == []
    assert titles(office, "rudi") == ["Rudi Nyumbani"]


def test_a_new_name_of_a_party_is_written_to_all_its_works(office):
    party = Parties(office).save({"kind": "natural", "name": "Mfano"}, why="joined")
    shares = [{"party_id": party.id, "role": "CA"}]
    Works(office).save_many([{"title": f"Wimbo {number}", "shares": shares} for number in range(9)], why="registered")
    assert len(Search(office)("mfano", kinds="work")) == 9
    Parties(office).change(party.id, birth_on="1970-01-01", why="from the passport")
    Parties(office).change(party.id, name="Mwangaza", why="married")
    assert Search(office)("mfano", kinds="work").empty
    assert len(Search(reopened(office))("mwangaza", kinds="work")) == 9


def test_a_book_put_back_as_it_was_is_indexed_anew(office, tmp_path):
    save(office, "Taa ya Pwani", "Usiku", "Bahari")
    office.book.close()
    book = Path(office.config.book_url.removeprefix("sqlite:///"))
    shutil.copy(book, tmp_path / "copy")
    save(office, "Moja", "Mbili", "Tatu")
    assert titles(office, "tatu") == ["Tatu"]
    office.book.close()
    shutil.copy(tmp_path / "copy", book)
    again = reopened(office)
    assert titles(again, "tatu") == []
    save(again, "Nne", "Tano", "Sita", "Saba")
    assert titles(again, "tatu") == []
    assert titles(again, "saba") == ["Saba"]


def test_an_index_of_another_book_is_not_believed(office, tmp_path):
    save(office, "Taa ya Pwani", "Usiku", "Bahari")
    assert titles(office, "bahari") == ["Bahari"]
    for number, few in enumerate(((), ("Tatu",))):  # so few that they stay in memory, and more
        other = new_office(tmp_path / f"other{number}")
        save(other, "Moja", "Mbili", *few)
        shutil.copytree(office.config.folder / search_desk.FOLDER, other.config.folder / search_desk.FOLDER)
        assert titles(other, "bahari") == []
        assert titles(other, "mbili") == ["Mbili"]
        other.book.close()


def test_a_writer_that_is_killed_leaves_the_last_index_whole(office):
    save(office, "Taa ya Pwani", "Usiku", "Bahari")
    titles(office, "bahari")
    save(office, "Moja", "Mbili", "Tatu")
    killed = started(
        office,
        """
read_some = search_desk.sources.read_some
def killed(*given):
    for slice_ in read_some(*given):
        yield slice_
        os.kill(os.getpid(), signal.SIGKILL)
search_desk.sources.read_some = killed
search("tatu")
""",
    )
    assert killed.wait() == -signal.SIGKILL
    assert titles(office, "bahari") == ["Bahari"]
    assert titles(reopened(office), "tatu") == ["Tatu"]


def test_while_another_process_writes_everything_saved_is_found_all_the_same(office):
    save(office, "Taa ya Pwani", "Usiku", "Bahari")
    titles(office, "bahari")
    save(office, "Moja", "Mbili", "Tatu")
    writing = started(
        office,
        """
read_some = search_desk.sources.read_some
def slow(*given):
    print("writing", flush=True)
    sys.stdin.readline()
    yield from read_some(*given)
search_desk.sources.read_some = slow
print(len(search("tatu")), flush=True)
""",
    )
    assert writing.stdout.readline() == "writing\n"
    assert titles(office, "tatu") == ["Tatu"]
    save(office, "Nne", "Tano")
    assert titles(office, "tano") == ["Tano"]
    out, _ = writing.communicate("go on\n")
    assert out == "1\n"
    save(office, "Sita")
    assert titles(office, "sita") == ["Sita"]
    assert titles(office, "tatu") == ["Tatu"]


def test_processes_that_save_and_search_at_once_find_what_each_has_saved(office):
    save(office, "Taa ya Pwani", "Usiku", "Bahari")
    script = """
for number in range(6):
    works.save({"title": f"Wimbo {NAME} {number}"}, why="registered")
    assert search(f"wimbo {NAME} {number}").loc[0, "title_or_name"] == f"Wimbo {NAME} {number}"
"""
    programs = [started(office, f"NAME = {name!r}\n{script}") for name in ("zawadi", "kipepeo")]
    assert [program.wait() for program in programs] == [0, 0]
    assert titles(office, "wimbo zawadi 5")[0] == "Wimbo zawadi 5"
    assert titles(office, "wimbo kipepeo 0")[0] == "Wimbo kipepeo 0"


def test_many_works_show_how_far_the_index_is(office):
    save(office, *(f"Wimbo wa {number}" for number in range(20)))
    told = []
    Search(office).build(lambda *step: told.append(step))
    assert told[0] == ("index", 0, 20)
    assert told[-1] == ("index", 20, 20)


def test_where_the_workspace_may_only_be_read_the_index_lies_elsewhere_and_goes_with_the_book(office, monkeypatch):
    save(office, "Taa ya Pwani", "Usiku", "Bahari")
    monkeypatch.setattr(search_desk.os, "access", lambda *_: False)
    assert titles(office, "bahari") == ["Bahari"]
    assert not files(office)


def test_an_index_that_cannot_be_kept_is_said_so(office):
    save(office, "Taa ya Pwani", "Usiku", "Bahari")
    (office.config.folder / search_desk.FOLDER).write_text("in the way")
    with pytest.raises(WorkbenchError, match="index"):
        titles(office, "bahari")
    assert os.path.isfile(office.config.folder / search_desk.FOLDER)  # noqa: PTH113
