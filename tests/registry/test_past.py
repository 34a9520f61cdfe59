"""The register as it stood: what was there at a moment is what the book said at that moment, on both databases."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import time_machine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.registry.conftest import Desks
from workbench.core import documents
from workbench.core.errors import NotFound, WorkbenchError
from workbench.registry.onboarding import Onboarding
from workbench.registry.past import Past, instant
from workbench.registry.works import WORK

TITLES = st.text(alphabet="Taaéж -", min_size=1, max_size=8).filter(str.strip)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("title"), TITLES),
        st.tuples(st.just("duration_seconds"), st.integers(1, 5_000)),
        st.tuples(st.just("titles"), st.lists(TITLES, max_size=3)),
        st.tuples(st.just("undo"), st.none()),
    ),
    min_size=1,
    max_size=6,
)


def stored(desks: Desks, work_id: str) -> dict[str, Any]:
    with desks.office.book.read() as connection:
        return documents.load(connection, WORK, work_id)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_after_any_edits_each_moment_gives_the_document_that_was_there(both: Desks, steps: list[tuple[str, Any]]) -> None:
    work = both.works.save({"title": "Wimbo"}, why="declared").id
    said = [stored(both, work)]
    for name, value in steps:
        if name == "undo":
            if len(said) == 1:
                continue
            both.works.undo(work, why="undo")
        else:
            rows = [{"kind": "AT", "title": title} for title in value] if name == "titles" else value
            both.works.change(work, why="edit", **{name: rows})
        now = stored(both, work)
        if now != said[-1]:  # saving what is there already is no entry
            said.append(now)
    history = both.works.history(work)
    assert list(history["after"]) == said
    for seq, at, document, version in zip(history["seq"], history["at"], said, range(1, len(said) + 1), strict=True):
        assert both.works.as_of(work, at) == document
        then = Past(both.office, seq)
        assert then.document("work", work) == document
        row = then.frame("work", [work]).iloc[0]
        assert (row["title"], row["version"]) == (document["title"], version)
        assert Past(both.office, seq - 1).document("work", work) == (said[version - 2] if version > 1 else None)
        titles = then.part_frame("work", "titles")
        assert titles[titles["id"] == work]["title"].tolist() == [one["title"] for one in document["titles"]]


def test_a_day_means_its_end_and_an_instant_itself(both: Desks) -> None:
    with time_machine.travel("2025-06-30T23:59:59.5Z", tick=False):
        work = both.works.save({"title": "June"}, why="declared").id
    with time_machine.travel("2025-07-01T00:00:00Z", tick=False):
        both.works.change(work, title="first of July", why="x")
    with time_machine.travel("2025-07-01T20:00:00Z", tick=False):
        both.works.change(work, title="evening", why="x")
    title = lambda when: (both.works.as_of(work, when) or {"title": None})["title"]  # noqa: E731
    assert title("2025-06-29") is None
    assert title("2025-06-30") == "June"
    assert title("2025-07-01") == "evening"
    assert title(date(2025, 7, 1)) == "evening"
    assert title("2025-07-01T12:00:00Z") == title("2025-07-01T12:00") == title("2025-07-01T15:00+03:00") == "first of July"
    assert title(datetime(2025, 7, 1, 19, 59, tzinfo=UTC)) == "first of July"
    assert title("2025-06-30T23:59:59Z") is None
    assert title("2099-01-01") == "evening"
    assert both.works.frame(as_of="2025-06-30")["title"].tolist() == ["June"]
    assert both.works.frame(as_of="2025-06-29").empty
    assert both.works.frame(as_of="2025-06-29").columns.tolist() == ["id", *WORK.fields, "version"]


@pytest.mark.parametrize("odd", ["yesterday", "2025-13-01", "2025-07", "01/07/2025", "2025-07-01T25:00"])
def test_a_moment_that_cannot_be_read_is_refused(odd: str) -> None:
    with pytest.raises(WorkbenchError, match="not a day or an instant"):
        instant(odd)


def test_the_halving_finds_every_entry_of_many_days(desks: Desks) -> None:
    ids = []
    for day in range(1, 29):
        for _ in range(day % 3):
            with time_machine.travel(f"2025-02-{day:02}T12:00:00Z", tick=False):
                ids.append((day, desks.works.save({"title": f"day {day}"}, why="declared").id))
    for day in range(1, 29):
        assert desks.works.frame(as_of=f"2025-02-{day:02}")["id"].tolist() == [one for since, one in ids if since <= day]


def test_the_register_before_an_import_is_as_if_it_had_not_been_loaded(both: Desks, tmp_path: Path) -> None:
    onboarding = Onboarding(both.office)
    both.people("Wanjiru")
    before = both.parties.frame()
    (tmp_path / "members.csv").write_text("Number,Kind,Name\nM-1,natural,Achieng\nM-2,natural,Barasa\n", encoding="utf-8")
    intake = onboarding.load(tmp_path / "members.csv", layout="parties-v1", why="the paper index")
    [achieng] = both.parties.frame().query("name == 'Achieng'")["id"]
    both.parties.change(achieng, first_name="Mary", why="told us")
    then = both.parties.frame(before=intake.import_id)
    assert then["id"].tolist() == before["id"].tolist()
    assert both.parties.as_of(achieng, before=intake.import_id) is None
    history = both.parties.history(achieng)
    assert history[["why", "file", "line"]].values.tolist() == [["the paper index", "members.csv", "2"], ["told us", "", ""]]
    changes = Past.of(both.office, before=intake.import_id).changes_until(kind="party")
    assert changes["id"].tolist() == [achieng, *both.parties.frame().query("name == 'Barasa'")["id"]]
    assert changes["what"].tolist() == ["created", "created"]
    assert changes["entries"].tolist() == [2, 1]


def test_what_changed_between_two_days_names_who_and_leaves_out_what_was_put_back(both: Desks) -> None:
    with time_machine.travel("2025-06-30T12:00:00Z", tick=False):
        one, two, three = (both.works.save({"title": title}, why="declared").id for title in ("One", "Two", "Three"))
    with time_machine.travel("2025-07-10T12:00:00Z", tick=False):
        both.works.change(one, title="Uno", why="x", by="b.otieno")
        both.works.change(two, title="Dos", why="x", by="b.otieno")
    with time_machine.travel("2025-07-20T12:00:00Z", tick=False):
        both.works.change(one, duration_seconds=120, why="x", by="c.auma")
        both.works.change(two, title="Two", why="put back", by="c.auma")
    with time_machine.travel("2025-08-01T12:00:00Z", tick=False):
        both.works.change(three, title="Tres", why="x")
    july = both.works.changes_between("2025-06-30", "2025-07-31")
    assert july["id"].tolist() == [one]
    row = july.iloc[0]
    assert (row["changed"], row["who"], row["entries"]) == (
        "duration_seconds: null -> 120; title: One -> Uno",
        "b.otieno, c.auma",
        2,
    )
    assert row["before"]["title"] == "One"
    assert row["after"] == both.works.as_of(one, "2025-07-31")
    assert both.works.changes_between("2025-07-31")["id"].tolist() == [three]
    everything = Past.of(both.office, "2025-01-01").changes_until()
    assert set(everything["what"]) == {"created"}
    with pytest.raises(WorkbenchError, match="Swap"):
        both.works.changes_between("2025-07-31", "2025-06-30")


def test_an_unknown_change_set_and_two_moments_at_once_are_refused(desks: Desks) -> None:
    with pytest.raises(NotFound, match="no such change set"):
        desks.works.frame(before="never")
    with pytest.raises(WorkbenchError, match="one moment"):
        desks.works.frame(as_of="2025-07-01", before="never")
    with pytest.raises(NotFound, match="Did you mean work"):
        Past.of(desks.office).frame("works")
    with pytest.raises(NotFound, match="part of work"):
        Past.of(desks.office).part_frame("work", "share")


def test_contacts_are_not_shown_past_their_desk(desks: Desks) -> None:
    assert "contact" in documents.KINDS
    now = Past.of(desks.office)
    for ask in (now.frame, now.documents, lambda kind: now.changes_until(kind=kind)):
        with pytest.raises(WorkbenchError, match="its own desk"):
            ask("contact")


def test_now_is_what_the_book_says(both: Desks) -> None:
    both.people("Wanjiru", "Otieno")
    both.works.save({"title": "Taa"}, why="declared")
    now = Past.of(both.office)
    for desk in (both.works, both.parties):
        with both.office.book.read() as connection:
            assert now.documents(desk.kind.name) == documents.load_many(connection, desk.kind)
        assert now.frame(desk.kind.name)["version"].tolist() == desk.frame()["version"].tolist()
