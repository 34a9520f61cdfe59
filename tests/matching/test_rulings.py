"""Rulings: remembered, above the score, never lost, and they can be taken back."""

from __future__ import annotations

import threading

import pytest

from tests.matching.place import Place
from workbench.core import journal
from workbench.core.errors import Conflict, NotFound, WorkbenchError

LINE = {"title": "Nyota Saba", "artist": "Amani Trio"}


@pytest.fixture
def doubt(place_anywhere: Place) -> Place:
    """Two equal recordings, so that the line is a doubt."""
    for _ in range(2):
        place_anywhere.recording("Nyota Saba", "Amani Trio")
    place_anywhere.report(LINE, LINE)
    place_anywhere.matching.run()
    return place_anywhere


def test_a_ruling_holds_for_every_line_that_says_the_same_in_later_batches_and_runs(doubt: Place) -> None:
    doubt.matching.rule("TALA-B-000001:2", recording="TALA-R-000002", why="the label says so")
    assert doubt.states() == [("matched", "TALA-R-000002")] * 2
    doubt.report({**LINE, "title": "NYOTA SABA"})
    doubt.matching.run()
    assert doubt.states() == [("matched", "TALA-R-000002")] * 3
    assert doubt.matching.explain("TALA-B-000002:2").method == "ruling"
    assert doubt.matching.queue() == []


def test_a_withdrawn_ruling_brings_the_scorers_decision_back(doubt: Place) -> None:
    before = doubt.matching.explain("TALA-B-000001:2")
    made = doubt.matching.rule("TALA-B-000001:2", none=True, why="a cover band")
    assert doubt.states() == [("unmatched", "")] * 2
    doubt.matching.withdraw(made.id, why="it was not")
    assert doubt.matching.explain("TALA-B-000001:2") == before
    doubt.matching.run()
    assert doubt.matching.explain("TALA-B-000001:2") == before
    with pytest.raises(Conflict, match="withdrawn already"):
        doubt.matching.withdraw(made.id, why="again")
    assert list(doubt.matching.rulings()["withdrawn_by"]) == ["a.mwangi"]


def test_of_two_people_ruling_the_same_doubt_the_second_is_told_and_nothing_is_lost(doubt: Place) -> None:
    seen = doubt.matching.queue()[0]
    failed: list[Conflict] = []

    def rule(recording: str, by: str) -> None:
        try:
            doubt.matching.rule(seen.usage_id, recording=recording, why="I know it", by=by, seen_version=seen.version)
        except Conflict as conflict:
            failed.append(conflict)

    people = [threading.Thread(target=rule, args=(f"TALA-R-00000{n}", name)) for n, name in ((1, "a"), (2, "b"))]
    for person in people:
        person.start()
    for person in people:
        person.join()
    assert len(failed) == 1
    rulings = doubt.matching.rulings()
    assert len(rulings) == 1
    assert rulings["target_id"].iloc[0] in str(failed[0])
    assert doubt.states() == [("matched", rulings["target_id"].iloc[0])] * 2


def test_ruling_again_knowingly_supersedes_and_expect_open_refuses(doubt: Place) -> None:
    doubt.matching.rule("TALA-B-000001:2", recording="TALA-R-000001", why="first", expect_open=True)
    with pytest.raises(Conflict, match="ruled on this line already"):
        doubt.matching.rule("TALA-B-000001:2", recording="TALA-R-000002", why="second", expect_open=True)
    doubt.matching.rule("TALA-B-000001:2", recording="TALA-R-000002", why="second")
    assert doubt.states() == [("matched", "TALA-R-000002")] * 2
    rulings = doubt.matching.rulings()
    assert [bool(at) for at in rulings["withdrawn_at"]] == [True, False]
    with doubt.office.book.read() as connection:
        ops = [entry.op for entry in journal.entries(connection, kind="ruling")]
    assert ops == ["rule", "supersede", "rule"]


def test_a_ruling_can_come_before_the_first_run(place: Place) -> None:
    recording = place.recording("Nyota Saba", "Amani Trio")
    place.report({"title": "Something", "artist": "Else"})
    place.matching.rule("TALA-B-000001:2", recording=recording, why="the station told us")
    place.matching.run()
    assert place.states() == [("matched", recording)]


def test_a_ruling_names_one_known_thing(doubt: Place) -> None:
    with pytest.raises(WorkbenchError, match="one thing"):
        doubt.matching.rule("TALA-B-000001:2", recording="TALA-R-000001", none=True, why="both")
    with pytest.raises(NotFound, match="TALA-R-000099"):
        doubt.matching.rule("TALA-B-000001:2", recording="TALA-R-000099", why="no such")
    assert doubt.matching.rulings().empty


def test_the_queue_stands_in_the_order_of_money_and_shows_each_field_side_by_side(doubt: Place) -> None:
    doubt.pay(1_000_000)
    for _ in range(2):
        doubt.recording("Moonlight over Lamu", "Faraja Kings")
    doubt.report(*[{"title": "Moonlight over Lamu", "artist": "Faraja Kings", "plays": 5}] * 3)
    doubt.matching.run()
    queue = doubt.matching.queue()
    assert [(each.title, each.lines) for each in queue] == [("Moonlight over Lamu", 3), ("Nyota Saba", 2)]
    # 17 plays of one length share 1.000000: 15 and 2 of them
    assert [each.money_micros for each in queue] == [882_352, 117_647]
    assert [each.title for each in doubt.matching.queue("TALA-B-000001")] == ["Nyota Saba"]
    fields = {part.field: part for part in queue[0].candidates[0].fields}
    assert (fields["artist"].usage_value, fields["artist"].candidate_value) == ("Faraja Kings", "Faraja Kings")
    assert fields["title"].points > 0
    assert doubt.matching.queue(rate_micros=7)[0].money_micros == 105
