"""A page is plain data: text stays text, and only what a click may call is callable, by whom the book allows."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from workbench.apps.identity import Throttle
from workbench.apps.page import find, h, text_of
from workbench.apps.parts import ago, messages, money
from workbench.apps.session import Notice, PageModel, command
from workbench.core.errors import NotFound, WorkbenchError


class Counter(PageModel):
    """A page that counts."""

    number = 0

    @command("analyst")
    def add(self, by: int = 1) -> None:
        """Add."""
        self.number += by

    @command()
    def look(self) -> None:
        """Look, which everybody may."""

    @command("analyst")
    def refuse(self) -> None:
        """Say no in words."""
        raise WorkbenchError("no such pool", got="x", next_step="Take another.")

    @command("analyst")
    def break_(self) -> None:
        """Break."""
        raise ZeroDivisionError("secret detail")

    def hidden(self) -> None:
        """No command."""
        self.number = 99


@pytest.fixture
def roles() -> set[str]:
    return {"analyst"}


@pytest.fixture
def counter(tmp_path: Path, roles: set[str]) -> Counter:
    wb = SimpleNamespace(office=SimpleNamespace(user="a.mwangi"), config=SimpleNamespace(logs=tmp_path / "logs"))
    return Counter(wb, lambda: frozenset(roles))


def test_text_is_kept_as_text_whatever_it_looks_like() -> None:
    node = h("td", "<script>alert(1)</script>", None, ["&amp;", 3])
    assert node == {"tag": "td", "children": ["<script>alert(1)</script>", "&amp;", "3"]}


def test_zero_is_an_attribute_and_false_is_none() -> None:
    assert h("progress", value=0, hidden=False, class_="x", aria_label=None)["attributes"] == {"value": 0, "class": "x"}


def test_a_tree_can_be_searched_and_read() -> None:
    tree = h("div", h("p", "one ", h("b", "two")), h("button", "three", on="go", disabled=True))
    assert text_of(tree) == "one  two three"
    assert [node["children"] for node in find(tree, on="go", disabled=True)] == [["three"]]


def test_a_click_calls_a_command_with_its_arguments(counter: Counter) -> None:
    counter.do("add", {"by": 3})
    assert (counter.number, counter.notice) == (3, None)


@pytest.mark.parametrize("name", ["hidden", "do", "__init__", "wb", "no_such_thing"])
def test_what_is_no_command_cannot_be_called(counter: Counter, name: str) -> None:
    counter.do(name)
    assert counter.number == 0
    assert counter.notice.kind == "problem"
    assert "no such command" in counter.notice.text


def test_every_command_asks_the_book_for_the_role_at_every_click(counter: Counter, roles: set[str]) -> None:
    counter.do("add")
    roles.clear()
    roles.add("auditor")
    counter.do("add")
    assert counter.number == 1
    assert "you may not do this" in counter.notice.text
    assert not counter.may("add")
    counter.do("look")
    assert counter.notice is None


def test_somebody_without_any_role_may_not_even_look(counter: Counter, roles: set[str]) -> None:
    roles.clear()
    counter.do("look")
    assert "you may not do this" in counter.notice.text


def test_a_refusal_is_shown_in_its_own_words(counter: Counter) -> None:
    counter.do("refuse")
    assert counter.notice == Notice("problem", "no such pool: got x. Take another.")


def test_a_fault_is_an_apology_with_a_reference_and_its_traceback_is_only_in_the_log(counter: Counter, tmp_path: Path) -> None:
    counter.do("break_")
    assert "secret" not in counter.notice.text
    assert "ZeroDivision" not in counter.notice.text
    reference = counter.notice.text.split("(reference ")[1].split(")")[0]
    log = (tmp_path / "logs" / "apps.log").read_text(encoding="utf-8")
    assert f"reference {reference}" in log
    assert "ZeroDivisionError: secret detail" in log


def test_arguments_a_command_does_not_know_change_nothing(counter: Counter) -> None:
    counter.do("add", {"why": "<b>"})
    assert counter.number == 0
    assert "Something went wrong on our side" in counter.notice.text


def test_a_command_for_an_unknown_role_cannot_be_written() -> None:
    with pytest.raises(NotFound, match="no such role"):
        command("boss")


def test_a_problem_is_announced_at_once_and_other_news_politely() -> None:
    assert messages(Notice("problem", "x"))["attributes"]["role"] == "alert"
    assert messages(Notice("good", "x"))["attributes"]["role"] == "status"


def test_money_is_written_exactly() -> None:
    assert money(-1_234_567_890_001).replace("\u202f", " ") == "-1 234 567.890001"
    assert money(5) == "0.000005"


def test_long_ago_is_a_date() -> None:
    assert ago("2025-01-02T03:04:05Z") == "2025-01-02 03:04 UTC"
    assert ago("") == ""


def test_wrong_tries_block_an_account_for_a_minute_and_others_not() -> None:
    throttle = Throttle(tries=3)
    for second in range(3):
        assert not throttle.blocked(second, "account a")
        throttle.wrong(second, "account a", "address 1")
    assert throttle.blocked(3, "account a")
    assert throttle.blocked(3, "account b", "address 1")
    assert not throttle.blocked(3, "account b", "address 2")
    assert not throttle.blocked(60, "account a")


def test_signing_in_does_not_pay_off_the_wrong_tries_of_its_address() -> None:
    throttle = Throttle(tries=3)
    for _ in range(2):
        throttle.wrong(0, "account a", "address 1")
    throttle.wrong(0, "account mine", "address 1")
    throttle.right("account mine", "address 1")
    throttle.wrong(0, "account a", "address 1")
    assert throttle.blocked(0, "address 1")
