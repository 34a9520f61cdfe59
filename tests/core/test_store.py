"""The book keeps what it acknowledged, on both databases."""

from __future__ import annotations

import pytest
from sqlalchemy import text

import workbench.api  # noqa: F401  declares every table
from workbench.core import documents, journal, store
from workbench.core.errors import Conflict, WorkbenchError
from workbench.registry.parties import PARTY


@pytest.fixture
def book(book_url: str) -> store.Book:
    return store.create_book(book_url, instance="TALA", currency="KES")


def test_a_saved_document_is_journalled_with_person_and_reason(book: store.Book) -> None:
    with book.write("a.mwangi", "application form 12") as change:
        saved = documents.save(
            change, PARTY, {"kind": "natural", "name": "Otieno", "names": [{"kind": "pseudonym", "name": "Nyota"}]}
        )
    assert saved["id"] == "TALA-P-000001"
    with book.read() as connection:
        [entry] = journal.entries(connection)
        assert (entry.who, entry.why, entry.before, entry.after) == ("a.mwangi", "application form 12", None, saved)
        assert journal.verify(connection) == []
        assert documents.check(connection, PARTY) == []


def test_a_change_that_fails_leaves_nothing_behind(book: store.Book) -> None:
    def half_done() -> None:
        with book.write("a.mwangi", "half done") as change:
            documents.save(change, PARTY, {"name": "Otieno"})
            documents.save(change, PARTY, {"nmae": "Achieng"})

    with pytest.raises(WorkbenchError, match="field"):
        half_done()
    with book.read() as connection:
        assert journal.head(connection) == (0, journal.GENESIS)
        assert documents.load_many(connection, PARTY) == {}


def test_a_stale_version_is_a_conflict_and_changes_nothing(book: store.Book) -> None:
    with book.write("a.mwangi", "new") as change:
        saved = documents.save(change, PARTY, {"name": "Otieno"})
    with book.write("b.kamau", "spelling") as change:
        documents.save(change, PARTY, {**saved, "name": "Ochieng"}, expected_version=1)
    with pytest.raises(Conflict), book.write("a.mwangi", "spelling") as change:
        documents.save(change, PARTY, {**saved, "name": "Odhiambo"}, expected_version=1)
    with book.read() as connection:
        assert documents.load(connection, PARTY, saved["id"])["name"] == "Ochieng"


def test_an_altered_journal_entry_is_found(book: store.Book) -> None:
    for name in ("Otieno", "Achieng", "Wanjiru"):
        with book.write("a.mwangi", "new") as change:
            documents.save(change, PARTY, {"name": name})
    with book.engine.begin() as connection:
        connection.execute(text("UPDATE journal SET why = 'other' WHERE seq = 2"))
    with book.read() as connection:
        assert [(finding.code, finding.line) for finding in journal.verify(connection)] == [("journal_chain", 2)]


def test_a_row_written_past_the_journal_is_found(book: store.Book) -> None:
    with book.write("a.mwangi", "new") as change:
        saved = documents.save(change, PARTY, {"name": "Otieno"})
    with book.engine.begin() as connection:
        connection.execute(text("UPDATE party SET name = 'Somebody'"))
    with book.read() as connection:
        assert [finding.source for finding in documents.check(connection, PARTY)] == [saved["id"]]


def test_a_reading_connection_cannot_write(book: store.Book) -> None:
    with pytest.raises(Exception, match=r"(?i)read.?only"), book.read() as connection:
        connection.execute(text("DELETE FROM journal"))


def test_a_change_needs_a_person_and_a_reason(book: store.Book) -> None:
    with pytest.raises(WorkbenchError, match="a person and a reason"), book.write("", "why"):
        pass


def test_a_second_book_is_not_built_over_the_first(book: store.Book) -> None:
    with pytest.raises(WorkbenchError, match="exists here already"):
        store.create_book(book.url, instance="OTHER", currency="KES")


def test_a_newer_book_is_refused(book: store.Book) -> None:
    with book.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(WorkbenchError, match="newer workbench"):
        store.open_book(book.url)
