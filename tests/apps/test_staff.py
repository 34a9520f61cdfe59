"""Staff accounts: a password opens one account, roles are what the book says now, and the journal knows who gave them."""

from __future__ import annotations

import pytest

from workbench.apps.staff import Staff
from workbench.core import journal
from workbench.core.config import Config
from workbench.core.errors import NotFound, WorkbenchError
from workbench.core.office import Office
from workbench.core.store import create_book

GOOD = "a long enough word"


@pytest.fixture
def desk(book_url: str, tmp_path) -> Staff:
    book = create_book(book_url, instance="TALA", currency="KES")
    config = Config(tmp_path, "TALA", "Tala", "", "KES", "404", book_url)
    yield Staff(Office(book, config, "setup"))
    book.close()


def test_the_right_password_opens_the_account_and_a_wrong_one_does_not(desk: Staff) -> None:
    desk.add("a.mwangi", password=GOOD, roles=["analyst"], full_name="Amina Mwangi")
    assert desk.check("a.mwangi", GOOD).roles == {"analyst"}
    assert desk.check("a.mwangi", GOOD + "s") is None
    assert desk.check("nobody", GOOD) is None


def test_a_disabled_account_opens_nothing_and_has_no_roles(desk: Staff) -> None:
    desk.add("a.mwangi", password=GOOD, roles=["analyst"])
    desk.disable("a.mwangi", why="left the society")
    assert desk.check("a.mwangi", GOOD) is None
    assert desk.roles("a.mwangi") == frozenset()
    assert desk.count() == 0


def test_new_roles_hold_from_the_next_question_on(desk: Staff) -> None:
    desk.add("a.mwangi", password=GOOD, roles=["analyst"])
    desk.set_roles("a.mwangi", ["auditor", "approver"], why="new post")
    assert desk.roles("a.mwangi") == {"auditor", "approver"}


def test_a_new_password_ends_what_was_signed_in_with_the_old_one(desk: Staff) -> None:
    desk.add("a.mwangi", password=GOOD, roles=["analyst"])
    before = desk.seal_of("a.mwangi")
    desk.set_password("a.mwangi", GOOD + " again")
    assert desk.seal_of("a.mwangi") != before
    assert desk.check("a.mwangi", GOOD) is None


def test_no_password_and_no_hash_is_ever_in_the_journal(desk: Staff) -> None:
    desk.add("a.mwangi", password=GOOD, roles=["analyst"])
    desk.set_password("a.mwangi", GOOD + " again")
    with desk.office.book.read() as connection:
        told = [str(entry) for entry in journal.entries(connection)]
    assert len(told) == 2
    assert not [text for text in told if GOOD in text or "argon2" in text]


@pytest.mark.parametrize(
    ("name", "password", "roles", "what"),
    [
        ("A Mwangi", GOOD, ["analyst"], "user name"),
        ("a.mwangi", "short", ["analyst"], "too weak"),
        ("a.mwangi-long", "A.MWANGI-LONG", ["analyst"], "too weak"),
        ("a.mwangi", GOOD, ["boss"], "no such role"),
        ("a.mwangi", GOOD, [], "no role"),
    ],
)
def test_what_cannot_be_an_account_is_refused_in_words(
    desk: Staff, name: str, password: str, roles: list[str], what: str
) -> None:
    with pytest.raises(WorkbenchError, match=what):
        desk.add(name, password=password, roles=roles)
    assert desk.count() == 0


def test_a_name_is_given_once(desk: Staff) -> None:
    desk.add("a.mwangi", password=GOOD, roles=["analyst"])
    with pytest.raises(WorkbenchError, match="already"):
        desk.add("a.mwangi", password=GOOD, roles=["admin"])


def test_an_unknown_name_is_answered_with_the_nearest(desk: Staff) -> None:
    desk.add("a.mwangi", password=GOOD, roles=["analyst"])
    with pytest.raises(NotFound, match=r"a\.mwangi"):
        desk.set_password("a.mwangy", GOOD)
