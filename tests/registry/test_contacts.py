"""The laws of contacts: checked, one for each party, masked in tables, every look written down, and they never leave."""

import json

import pytest

from workbench.core import documents, journal
from workbench.core.errors import WorkbenchError
from workbench.registry.contacts import CONTACT, Contacts
from workbench.registry.search.sources import SOURCES
from workbench.sync.changes import PRIVATE_KINDS, SHARED, outbox

IBAN = "GB82WEST12345698765432"
FULL = {
    "email": "amani@example.org",
    "phone": "+254700123456",
    "payment_method": "bank",
    "account_holder": "Amani Mwangi",
    "iban": IBAN,
    "bic": "WESTGB2L",
    "tax_number": "A001234567Z",
    "addresses": [{"kind": "home", "lines": "Moi Avenue 1", "city": "Nairobi"}],
}
SECRETS = ("amani@", "700123", "Amani Mwangi", "WEST1234", "A001234567Z", "Moi Avenue", "Nairobi")


@pytest.fixture
def contacts(both):
    return Contacts(both.office)


@pytest.fixture
def known(contacts, both):
    (party,) = both.people("Mfano")
    return contacts.save({"party_id": party, **FULL}, why="form received")


def test_an_iban_is_checked_and_put_into_one_spelling_and_another_account_number_stays(contacts, both):
    one, other = both.people("One", "Two")
    assert contacts.save({"party_id": one, "iban": "gb82 west 1234 5698 7654 32"}, why="form").iban == IBAN
    assert contacts.save({"party_id": other, "iban": "0123-456 789"}, why="form").iban == "0123-456 789"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("iban", "GB82WEST12345698765433"),
        ("iban", "GB28WEST12345698765432"),
        ("iban", "GB82WEST1234569876543"),
        ("bic", "WEST"),
        ("email", "amani"),
        ("email", "a@b"),
        ("email", "a b@example.org"),
        ("payment_method", "gold"),
        ("tax_territory", "9999"),
    ],
)
def test_what_cannot_stand_is_refused_without_saying_the_number(desks, field, value):
    (party,) = desks.people("Mfano")
    with pytest.raises(WorkbenchError, match=field) as raised:
        Contacts(desks.office).save({"party_id": party, field: value}, why="form")
    assert field != "iban" or value not in str(raised.value)


def test_a_party_has_one_contact(contacts, known):
    with pytest.raises(WorkbenchError, match="a party has one contact"):
        contacts.save({"party_id": known.party_id, "email": "b@example.org"}, why="form")
    assert len(contacts.frame()) == 1


def test_a_table_of_contacts_is_masked(contacts, known):
    frame = contacts.frame()
    assert frame.loc[0, ["name", "payment_method", "iban", "phone", "email"]].tolist() == [
        "Mfano",
        "bank",
        "•••5432",
        "•••3456",
        "•••",
    ]
    shown = frame.to_json(force_ascii=False)
    assert not [secret for secret in SECRETS if secret in shown]


def test_every_look_is_in_the_journal_with_who_when_and_why_and_never_with_what_was_seen(contacts, known):
    assert contacts.looked_at().empty
    assert contacts.reveal(known.party_id, why="calls about her payment", by="b.kamau")["iban"] == IBAN
    contacts.get(known.id)
    contacts.get_many()
    contacts.history(known.id)
    contacts.as_of(known.id, "2999-01-01")
    assert contacts.frame(reveal=True, why="payment list").loc[0, "iban"] == IBAN
    looks = contacts.looked_at(known.party_id)
    assert looks[["who", "why"]].to_numpy().tolist()[-1] == ["b.kamau", "calls about her payment"]
    assert len(looks) == 6
    with contacts.office.book.read() as connection:
        said = [json.dumps([one.before, one.after]) for one in journal.entries(connection, kind="contact_shown")]
    assert set(said) == {"[null, {}]"}
    with pytest.raises(WorkbenchError, match="a reason"):
        contacts.frame(reveal=True)
    with pytest.raises(WorkbenchError, match="not shown in a table"):
        contacts.part_frame("addresses")


def test_a_contact_is_found_by_the_party_that_was_merged_as_well(contacts, known, both):
    (other,) = both.people("Survivor")
    both.parties.merge(other, [known.party_id], why="one person")
    assert contacts.reveal(known.party_id, why="asked")["iban"] == IBAN
    assert contacts.reveal("TALA-P-999999", why="asked") is None


def test_what_is_needed_to_be_paid_is_said_when_it_is_missing(contacts, known):
    assert contacts.check() == []
    contacts.change(known.id, account_holder="", why="unreadable")
    assert [(finding.code, finding.field) for finding in contacts.check()] == [("payment_incomplete", "account_holder")]


def test_private_kinds_never_leave_are_never_searched_and_never_synchronised(contacts, known):
    private = {"contact", "membership", "attachment"}
    assert private <= PRIVATE_KINDS
    assert not private & set(SHARED)
    assert not private & set(SOURCES)
    with contacts.office.book.read() as connection:
        assert [row["kind"] for row in outbox(connection, 0, 100)] == ["party"]
        assert documents.load(connection, CONTACT, known.id)["iban"] == IBAN
