"""On one desk nothing can be refused to whoever opens the file: what was done without the role is found afterwards."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbench.api import Workbench
from workbench.core import documents
from workbench.core.errors import Finding
from workbench.distribution.runs import RUN

GOOD = "a long enough word"


@pytest.fixture
def wb(tmp_path: Path, book_url: str):
    with Workbench.create(tmp_path / "desk", code="TALA", name="Tala", currency="KES", book_url=book_url, user="keeper") as made:
        yield made


def found(wb: Workbench) -> list[Finding]:
    assert {finding.code for finding in wb.check()} <= {"without_role"}
    return wb.check()


def test_a_desk_without_accounts_is_one_persons_and_nothing_is_reported(wb: Workbench) -> None:
    wb.works.save({"title": "Taa ya Pwani"}, why="declared", by="anybody")
    wb.licences.licensees.save({"name": "Radio Pwani", "kind": "radio"}, why="signed", by="anybody else")
    assert found(wb) == []


def test_who_wrote_without_the_role_is_named_with_what_and_when(wb: Workbench) -> None:
    wb.staff.add("a.mwangi", password=GOOD, roles=["analyst"])
    wb.staff.add("c.auma", password=GOOD, roles=["auditor"])
    work = wb.works.save({"title": "Taa ya Pwani"}, why="declared", by="a.mwangi")
    assert found(wb) == []
    wb.works.change(work.id, title="Taa", why="shorter", by="c.auma")
    wb.works.change(work.id, title="Taa ya", why="longer", by="c.auma")
    wb.licences.licensees.save({"name": "Radio Pwani", "kind": "radio"}, why="signed", by="a.mwangi")
    entries = wb.journal().set_index("seq")
    works, licensee = found(wb)
    assert (works.source, works.field, works.got, works.expected) == ("c.auma", "work", "auditor", "analyst or admin")
    assert works.message.startswith("c.auma did this without the role for it: 2 entries, work save, first number 4, ")
    assert works.message.endswith(f"{entries.loc[4, 'at']} to {entries.loc[5, 'at']}")
    assert (licensee.source, licensee.got, licensee.expected) == ("a.mwangi", "analyst", "licensing or admin")


def test_a_role_counts_from_the_day_it_was_given_to_the_day_it_was_taken(wb: Workbench) -> None:
    def write(title: str) -> None:
        wb.works.save({"title": title}, why="declared", by="a.mwangi")

    write("before there were accounts")
    wb.staff.add("a.mwangi", password=GOOD, roles=["auditor"])
    write("as an auditor")
    wb.staff.set_roles("a.mwangi", ["analyst"], why="learnt the trade")
    write("as an analyst")
    wb.staff.set_password("a.mwangi", GOOD + "s")
    write("still an analyst")
    wb.staff.disable("a.mwangi", why="left the society")
    write("after leaving")
    assert [(finding.got, finding.line) for finding in found(wb)] == [("auditor", 3), ("a closed account", 9)]


def test_only_an_administrator_gives_roles_once_there_is_an_account(wb: Workbench) -> None:
    wb.staff.add("d.njeri", password=GOOD, roles=["admin"])
    wb.staff.add("a.mwangi", password=GOOD, roles=["analyst"], by="d.njeri")
    assert found(wb) == []
    wb.staff.set_roles("a.mwangi", ["analyst", "approver"], why="helped myself", by="a.mwangi")
    [finding] = found(wb)
    assert (finding.source, finding.field, finding.expected) == ("a.mwangi", "staff", "admin")


def test_somebody_without_an_account_may_document_and_prepare_but_not_decide(wb: Workbench) -> None:
    wb.staff.add("a.mwangi", password=GOOD, roles=["analyst", "distribution"])
    wb.works.save({"title": "Taa ya Pwani"}, why="declared", by="stranger")
    with wb.office.change("the quarter", "stranger") as change:
        [run] = documents.save_many(change, RUN, [{"period": "2025-Q3", "state": "prepared"}], op="prepare")
    assert [finding for finding in wb.check() if finding.code == "without_role"] == []
    with wb.office.change("decided", "stranger") as change:
        documents.save_many(change, RUN, [{**run, "state": "approved"}], op="approve")
    with wb.office.change("decided", "a.mwangi") as change:
        documents.save_many(change, RUN, [{**run, "state": "sealed"}], op="seal")
    told = [(one.source, one.got, one.expected) for one in wb.check() if one.code == "without_role"]
    assert told == [("stranger", "no account", "approver"), ("a.mwangi", "analyst, distribution", "approver")]
