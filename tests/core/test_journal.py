"""The journal shows every tampering that its head, kept elsewhere, allows it to show."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, update

import workbench.api  # noqa: F401  declares every table
from workbench.core import journal, store

COLUMNS = ("at", "who", "why", "change_set", "kind", "entity_id", "op", "before", "after", "previous_hash", "hash")
LENGTH = 12
SEQ = journal.journal.c.seq
cells = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=8)


@pytest.fixture
def book(book_url: str) -> Iterator[store.Book]:
    book = store.create_book(book_url, instance="TALA", currency="KES")
    _fill(book)
    yield book
    book.close()


@pytest.fixture(scope="module")
def one_book(tmp_path_factory: pytest.TempPathFactory) -> store.Book:
    book = store.create_book(f"sqlite:///{tmp_path_factory.mktemp('journal') / 'book.sqlite'}", instance="TALA", currency="KES")
    _fill(book)
    return book


def test_entries_are_numbered_without_a_gap_and_each_carries_the_hash_before(book: store.Book) -> None:
    with book.read() as connection:
        told = list(journal.entries(connection))
        assert [entry.seq for entry in told] == list(range(1, LENGTH + 1))
        assert [entry.previous_hash for entry in told] == [journal.GENESIS, *(entry.hash for entry in told[:-1])]
        assert journal.head(connection) == (LENGTH, told[-1].hash)
        assert journal.verify(connection) == []


def test_entries_of_one_transaction_share_person_reason_and_change_set(book: store.Book) -> None:
    with book.write("b.kamau", "two at once") as change:
        journal.record_many(change, [("party", "P1", "save", None, {"a": 1}), ("party", "P2", "save", None, {"a": 2})])
    with book.read() as connection:
        first, second = list(journal.entries(connection, after=LENGTH))
    assert (first.who, first.why, first.change_set, first.at) == (second.who, second.why, second.change_set, second.at)


@given(
    st.integers(1, LENGTH), st.sampled_from(COLUMNS), st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=8)
)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_altered_cell_is_found(one_book: store.Book, seq: int, column: str, value: str) -> None:
    with one_book.engine.connect() as connection:
        old = connection.execute(select(journal.journal.c[column]).where(seq == SEQ)).scalar()
        connection.execute(update(journal.journal).where(seq == SEQ).values({column: value}))
        found = journal.verify(connection)
        connection.rollback()
    assert bool(found) == (value != old)
    assert not found or found[0].line in {seq, seq + 1}


@given(st.integers(1, LENGTH - 1))
@settings(max_examples=LENGTH, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_removed_entry_is_found(one_book: store.Book, seq: int) -> None:
    with one_book.engine.connect() as connection:
        connection.execute(delete(journal.journal).where(seq == SEQ))
        connection.execute(update(journal.journal).where(seq < SEQ).values(seq=SEQ - 1))
        found = journal.verify(connection)
        connection.rollback()
    assert found
    assert found[0].line == seq


@given(st.integers(1, LENGTH - 1))
@settings(max_examples=LENGTH, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_two_entries_that_changed_places_are_found(one_book: store.Book, seq: int) -> None:
    with one_book.engine.connect() as connection:
        for old, new in ((seq, 99), (seq + 1, seq), (99, seq + 1)):
            connection.execute(update(journal.journal).where(old == SEQ).values(seq=new))
        found = journal.verify(connection)
        connection.rollback()
    assert found
    assert found[0].line == seq


def test_a_cut_tail_is_shown_only_by_a_head_kept_elsewhere(one_book: store.Book) -> None:
    with one_book.engine.connect() as connection:
        kept = journal.head(connection)
        connection.execute(delete(journal.journal).where(SEQ == LENGTH))
        assert journal.verify(connection) == []
        assert journal.head(connection) != kept
        connection.rollback()


def test_the_last_document_of_each_thing_is_told(book: store.Book) -> None:
    with book.read() as connection:
        told = dict(journal.last_documents(connection, "party"))
    assert told == {"P0": f'{{"n":{LENGTH - 3}}}', "P1": f'{{"n":{LENGTH - 2}}}', "P2": f'{{"n":{LENGTH - 1}}}'}


def _fill(book: store.Book) -> None:
    for number in range(LENGTH):
        with book.write("a.mwangi", f"change {number}") as change:
            journal.record(change, "party", f"P{number % 3}", "save", {"n": number - 3} if number > 2 else None, {"n": number})
