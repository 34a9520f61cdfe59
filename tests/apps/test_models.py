"""The pages' models on a real book: what is shown is what the desks say, and what is clicked is what they are told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from workbench.api import Workbench
from workbench.apps import distribution, home, review, sync
from workbench.apps.distribution_model import DistributionModel
from workbench.apps.home_model import HomeModel
from workbench.apps.page import find, text_of
from workbench.apps.review_model import ReviewModel
from workbench.apps.session import Session
from workbench.apps.sync_model import SyncModel


@pytest.fixture
def open_as(society: Path) -> Iterator:
    """Open the book as somebody, with the roles of their account."""
    opened = []

    def make(user: str) -> Session:
        wb = Workbench.open(society, user=user)
        opened.append(wb)
        return Session(wb, user, served=True)

    yield make
    for wb in opened:
        wb.close()


def reviewing(session: Session) -> ReviewModel:
    return ReviewModel(session.wb, session.roles)


def test_the_dearest_doubt_comes_first_with_at_most_five_candidates(open_as) -> None:
    model = reviewing(open_as("a.mwangi"))
    assert [each.money_micros for each in model.queue] == sorted((each.money_micros for each in model.queue), reverse=True)
    assert 1 <= len(model.candidates) <= 5


def test_choosing_a_candidate_writes_a_ruling_with_a_reason_and_shows_the_next_doubt(open_as) -> None:
    session = open_as("a.mwangi")
    model = reviewing(session)
    doubt, left = model.doubt, len(model.queue)
    model.do("choose", {"number": 1, "key": doubt.key})
    made = session.wb.matching.rulings().iloc[-1]
    assert (made["key"], made["target_id"], made["who"]) == (doubt.key, doubt.candidates[0].id, "a.mwangi")
    assert made["why"].startswith("compared by eye")
    assert (model.today, len(model.queue)) == (1, left - 1)
    assert model.doubt.key != doubt.key


def test_the_reason_typed_is_the_reason_written(open_as) -> None:
    session = open_as("a.mwangi")
    model = reviewing(session)
    model.do("nothing", {"key": model.doubt.key, "why": "jingle of the station"})
    made = session.wb.matching.rulings().iloc[-1]
    assert (made["target_id"], made["why"]) == ("", "jingle of the station")


def test_a_ruling_made_meanwhile_is_shown_and_ours_is_not_written(open_as) -> None:
    first, second = reviewing(open_as("a.mwangi")), reviewing(open_as("b.kamau"))
    doubt = first.doubt
    second.do("nothing", {"key": doubt.key, "why": "a jingle"})
    first.do("choose", {"number": 1, "key": doubt.key})
    assert "b.kamau ruled on" in first.notice.text
    assert "a jingle" in first.notice.text
    made = first.wb.matching.rulings()
    assert list(made[made["key"] == doubt.key]["who"]) == ["b.kamau"]
    assert first.doubt.key != doubt.key
    assert first.today == 0


def test_doubts_a_colleague_ruled_on_are_passed_over(open_as) -> None:
    first, second = reviewing(open_as("a.mwangi")), reviewing(open_as("b.kamau"))
    keys = [each.key for each in first.queue]
    second.wb.matching.rule(keys[1], none=True, why="seen elsewhere", by="b.kamau")
    first.do("nothing", {"key": keys[0]})
    assert first.doubt.key == keys[2]


def test_a_click_for_a_doubt_that_has_left_the_page_rules_on_nothing(open_as) -> None:
    model = reviewing(open_as("a.mwangi"))
    old = model.doubt.key
    model.do("nothing", {"key": old})
    model.do("nothing", {"key": old})
    assert len(model.wb.matching.rulings()) == 1
    assert "next one" in model.notice.text


def test_undo_withdraws_the_last_ruling_and_brings_its_doubt_back(open_as) -> None:
    model = reviewing(open_as("a.mwangi"))
    doubt, left = model.doubt, len(model.queue)
    model.do("choose", {"number": 1, "key": doubt.key})
    model.do("undo")
    assert (model.doubt.key, len(model.queue), model.today) == (doubt.key, left, 0)
    assert model.wb.matching.rulings().iloc[-1]["withdrawn_by"] == "a.mwangi"
    model.do("choose", {"number": 1, "key": doubt.key})
    assert model.notice.kind == "good"


def test_skip_puts_a_doubt_at_the_end(open_as) -> None:
    model = reviewing(open_as("a.mwangi"))
    first = model.doubt.key
    model.do("skip", {"key": first})
    assert model.queue[-1].key == first
    assert len(model.wb.matching.rulings()) == 0


def test_something_found_by_hand_can_be_taken(open_as) -> None:
    model = reviewing(open_as("a.mwangi"))
    title = model.doubt.candidates[-1].title
    model.do("search", {"text": title})
    assert title in [each.title for each in model.found]
    found = model.found[0]
    model.do("take", {"kind": found.kind, "id": found.id, "key": model.doubt.key})
    assert model.wb.matching.rulings().iloc[-1]["target_id"] == found.id


def test_a_batch_shows_only_its_own_doubts(open_as) -> None:
    model = reviewing(open_as("a.mwangi"))
    everything = len(model.queue)
    sizes = []
    for batch, _ in model.batches:
        model.do("look_at", {"value": batch})
        sizes.append(len(model.queue))
        assert sizes[-1] <= everything
    assert 0 < max(sizes) <= everything


def test_an_auditor_looks_and_rules_on_nothing(open_as) -> None:
    model = reviewing(open_as("c.auma"))
    assert model.doubt is not None
    for name, extra in {"choose": {"number": 1}, "nothing": {}, "skip": {}}.items():
        model.do(name, {"key": model.doubt.key, **extra})
        assert "you may not do this" in model.notice.text
    assert len(model.wb.matching.rulings()) == 0


def test_the_review_page_shows_every_field_with_what_it_says_in_words(open_as) -> None:
    session = open_as("a.mwangi")
    model = reviewing(session)
    page = review.draw(model, session)
    said = text_of(page)
    assert "✓ for, +" in said or "✗ against, −" in said
    assert len(find(page, on="choose")) == len(model.candidates)
    assert set(review.keys(model)) >= {"1", "n", "s", "u", "?"}
    fields = {part.field for each in model.candidates for part in each.fields}
    assert len(find(page, tag="th", scope="row")) == len(fields)


def test_an_empty_queue_says_so(open_as) -> None:
    session = open_as("a.mwangi")
    model = reviewing(session)
    model.queue.clear()
    assert "Nothing to review" in text_of(review.draw(model, session))
    assert set(review.keys(model)) == {"?", "u"}


def test_a_run_goes_from_money_to_statements_by_two_people(open_as, society: Path) -> None:
    one, two = open_as("a.mwangi"), open_as("b.kamau")
    model = DistributionModel(one.wb, one.roles)
    assert [state for _, state in model.steps] == ["current", *["later"] * 5]
    model.do("choose_period", {"value": "2025-Q2"})
    model.do("ask", {"step": "prepare"})
    assert model.steps[1] == ("Prepare", "current")
    model.do("prepare")
    assert (model.notice.kind, model.run.state, model.run.period) == ("good", "prepared", "2025-Q2")
    assert all(row["conserved"] for row in model.conservation)
    assert sum(each.amount for each in model.held) > 0
    distribution.draw(model, one)

    other = DistributionModel(two.wb, two.roles)
    assert other.run.id == model.run.id, "the run that waits is opened for whoever comes"
    other.do("approve")
    assert "look at the findings" in other.notice.text
    other.do("confirm_findings", {"value": True})
    other.do("approve")
    assert (other.notice.kind, other.run.state) == ("good", "approved")
    other.do("seal", {"note": ""})
    assert other.notice.kind == "problem"
    other.do("seal", {"note": "Board decision 2025/14"})
    assert (other.notice.kind, other.run.state) == ("good", "sealed")
    assert [state for _, state in other.steps] == [*["done"] * 5, "current"]
    other.do("write_kit")
    assert other.kit_file.is_file(), other.notice
    assert "Board decision 2025/14" in text_of(distribution.draw(other, two))


def test_who_prepared_a_run_is_told_to_ask_a_second_person(open_as) -> None:
    one = open_as("a.mwangi")
    one.wb.staff.set_roles("a.mwangi", ["distribution", "approver"], why="for this test")
    model = DistributionModel(one.wb, one.roles)
    model.do("choose_period", {"value": "2025-Q2"})
    model.do("prepare")
    model.do("confirm_findings", {"value": True})
    assert "second person" in text_of(distribution.draw(model, one))
    model.do("approve")
    assert "a second person" in model.notice.text
    assert model.run.state == "prepared"


def test_an_auditor_can_neither_prepare_nor_approve(open_as) -> None:
    session = open_as("c.auma")
    model = DistributionModel(session.wb, session.roles)
    model.do("choose_period", {"value": "2025-Q2"})
    model.do("prepare")
    assert "you may not do this" in model.notice.text
    assert len(session.wb.distribution.runs()) == 0


def test_a_period_has_to_be_chosen(open_as) -> None:
    session = open_as("a.mwangi")
    model = DistributionModel(session.wb, session.roles)
    model.do("prepare")
    assert "no period is chosen" in model.notice.text


def test_the_home_page_counts_what_waits_and_names_what_is_new(open_as) -> None:
    session = open_as("a.mwangi")
    model = HomeModel(session.wb, session.roles)
    assert model.notice is None
    pages = {tile.page: tile for tile in model.tiles}
    doubtful = session.wb.matching.summary().counts["doubtful"]
    assert pages["match_review"].figure.replace("\u202f", "") == str(doubtful)
    assert "2025-Q2" in pages["distribution_run"].says
    assert model.news[0].who == "setup"
    links = {node["attributes"]["href"] for node in find(home.draw(model, session), tag="a")}
    assert links == {"/cleaning", "/match_review", "/distribution_run", "/sync"}


def test_the_sync_page_says_calmly_that_nobody_answers(open_as) -> None:
    session = open_as("d.njeri")
    model = SyncModel(session.wb, session.roles)
    model.do("register", {"url": "http://127.0.0.1:9", "secret": "a token"})
    assert model.offline
    assert "does not answer" in text_of(sync.draw(model, session))
    assert not model.state["registered"]


def test_only_an_admin_registers_and_an_auditor_exchanges_nothing(open_as) -> None:
    analyst, auditor = open_as("a.mwangi"), open_as("c.auma")
    model = SyncModel(analyst.wb, analyst.roles)
    model.do("register", {"url": "http://127.0.0.1:9", "secret": "a token"})
    assert "you may not do this" in model.notice.text
    model = SyncModel(auditor.wb, auditor.roles)
    for name in ("push", "pull", "exchange"):
        model.do(name)
        assert "you may not do this" in model.notice.text
