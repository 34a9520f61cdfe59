"""A document comes back as it was saved, and its journal can rebuild it at any time."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import workbench.api  # noqa: F401  declares every table
from workbench.core import documents, journal, store
from workbench.core.canonical import nfc
from workbench.core.errors import Conflict, NotFound, WorkbenchError
from workbench.registry.parties import PARTY
from workbench.registry.works import WORK

words = st.text(st.characters(codec="utf-8"), max_size=20)
parties = st.fixed_dictionaries(
    {"name": words, "names": st.lists(st.fixed_dictionaries({"kind": words, "name": words}), max_size=4)},
    optional={"kind": words, "ipi_base_number": words},
)


@pytest.fixture
def book(book_url: str) -> Iterator[store.Book]:
    book = store.create_book(book_url, instance="TALA", currency="KES")
    yield book
    book.close()


@given(st.lists(parties, min_size=1, max_size=5))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_saved_is_what_is_loaded(book: store.Book, given_documents: list[documents.Document]) -> None:
    with book.write("a.mwangi", "forms") as change:
        saved = documents.save_many(change, PARTY, given_documents)
    with book.read() as connection:
        loaded = documents.load_many(connection, PARTY, [document["id"] for document in saved])
        assert [loaded[document["id"]] for document in saved] == saved
        assert documents.check(connection, PARTY) == []
    for before, after in zip(given_documents, saved, strict=True):
        assert after["name"] == nfc(before["name"]).replace("\x00", "")
        assert len(after["names"]) == len(before["names"])


@given(st.lists(parties, min_size=1, max_size=6))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_journal_tells_each_state_a_document_has_been_in(book: store.Book, states: list[documents.Document]) -> None:
    with book.write("a.mwangi", "new") as change:
        first = documents.save(change, PARTY, states[0])
    wanted = [first]
    for state in states[1:]:
        with book.write("a.mwangi", "edit") as change:
            saved = documents.save(change, PARTY, {**state, "id": first["id"]})
        if saved != wanted[-1]:
            wanted.append(saved)
    with book.read() as connection:
        told = list(journal.entries(connection, kind="party", entity_id=first["id"]))
        assert [entry.after for entry in told] == wanted
        assert [entry.before for entry in told] == [None, *wanted[:-1]]
        assert documents.version_of(connection, PARTY, first["id"]) == len(wanted)


def test_saving_what_is_there_already_writes_nothing(book: store.Book) -> None:
    with book.write("a.mwangi", "new") as change:
        saved = documents.save(change, PARTY, {"name": "Otieno"})
    with book.write("a.mwangi", "again") as change:
        documents.save(change, PARTY, saved)
    with book.read() as connection:
        assert journal.head(connection)[0] == 1
        assert documents.version_of(connection, PARTY, saved["id"]) == 1


def test_an_unknown_field_is_refused_with_the_nearest_name(book: store.Book) -> None:
    with pytest.raises(NotFound, match="Did you mean name"), book.write("a.mwangi", "new") as change:
        documents.save(change, PARTY, {"nmae": "Otieno"})
    with pytest.raises(NotFound, match="no such field of party names"), book.write("a.mwangi", "new") as change:
        documents.save(change, PARTY, {"name": "Otieno", "names": [{"colour": "red"}]})


@pytest.mark.parametrize("value", [1, 1.5, b"x", ["x"], True])
def test_a_value_of_the_wrong_type_is_refused(book: store.Book, value: object) -> None:
    with pytest.raises(WorkbenchError, match=r"wrong type for party\.name"), book.write("a.mwangi", "new") as change:
        documents.save(change, PARTY, {"name": value})


def test_the_same_thing_twice_in_one_change_is_refused(book: store.Book) -> None:
    with pytest.raises(WorkbenchError, match="twice in one change"), book.write("a.mwangi", "new") as change:
        documents.save_many(change, PARTY, [{"id": "X", "name": "a"}, {"id": "X", "name": "b"}])


def test_a_reference_to_nobody_leaves_nothing_behind(book: store.Book) -> None:
    with pytest.raises(Exception, match=r"(?i)foreign key"), book.write("a.mwangi", "new") as change:
        documents.save(change, WORK, {"title": "Malaika", "shares": [{"party_id": "NOBODY", "role": "C"}]})
    with book.read() as connection:
        assert journal.head(connection)[0] == 0


def test_a_missing_document_suggests_the_nearest_identifier(book: store.Book) -> None:
    with book.write("a.mwangi", "new") as change:
        documents.save(change, PARTY, {"name": "Otieno"})
    with book.read() as connection, pytest.raises(NotFound, match="Did you mean TALA-P-000001"):
        documents.load(connection, PARTY, "TALA-P-00001")


def test_of_two_who_read_the_same_version_only_the_first_saves(book: store.Book) -> None:
    with book.write("a.mwangi", "new") as change:
        saved = documents.save(change, PARTY, {"name": "Otieno"})
    with book.write("a.mwangi", "one") as change:
        documents.save(change, PARTY, {**saved, "name": "One"}, expected_version=1)
    with pytest.raises(Conflict, match="got version 1, expected version 2"), book.write("b.kamau", "two") as change:
        documents.save(change, PARTY, {**saved, "name": "Two"}, expected_version=1)
