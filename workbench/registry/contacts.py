"""Contacts: where a party is reached and how it is paid, kept apart from the register and shown only to those who may.

A table of contacts is masked. Whoever looks behind the mask leaves an entry in the journal: on one desk (SQLite) nothing can keep
a person from reading the file, but nobody reads through the workbench unseen; in an office the database itself refuses those who
may not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import pandas as pd
from sqlalchemy import Connection, select

from ..core import documents, journal
from ..core.documents import Document, Kind, part_table, reference, root_table
from ..core.errors import Finding, WorkbenchError
from ..core.store import Change, words
from . import rules, statuses
from .desk import Desk
from .merging.desk import resolve_ids
from .parties import PARTY, party, party_names
from .past import Moment

contact = root_table(
    "contact",
    reference("party_id", party, index=True),
    words("email"),
    words("phone"),
    words("payment_method"),  # bank | mobile | cheque | cash
    words("account_holder"),
    words("bank"),
    words("iban"),  # or the account number, where the country has no IBAN
    words("bic"),
    words("mobile_account"),
    words("tax_number"),
    words("tax_territory"),  # TIS code of the country of tax residence
    reference("payee_party_id", party, required=False),  # who is paid in this party's place
)
contact_address = part_table(
    "contact_address",
    contact,
    words("kind"),  # home | postal | legal
    words("lines"),
    words("city"),
    words("postcode"),
    words("territory"),
)
CONTACT = Kind("contact", "H", contact, {"addresses": contact_address})


@dataclass(frozen=True, slots=True)
class Address:
    """One address; `lines` as written on a letter, without city and country."""

    lines: str
    city: str = ""
    postcode: str = ""
    territory: str = ""
    kind: str = "postal"


@dataclass(frozen=True, slots=True)
class Contact:
    """How one party is reached and paid."""

    party_id: str
    email: str = ""
    phone: str = ""
    payment_method: str = ""
    account_holder: str = ""
    bank: str = ""
    iban: str = ""
    bic: str = ""
    mobile_account: str = ""
    tax_number: str = ""
    tax_territory: str = ""
    payee_party_id: str | None = None
    addresses: tuple[Address, ...] = ()
    status: str = ""
    id: str = ""
    version: int = 0


LOOKED = "contact_shown"
"""The kind of journal entry that says who looked at a party's contact, when, and why."""
OPEN = ("party_id", "payment_method", "tax_territory", "payee_party_id", "status")
"""Fields that a table shows to everybody."""
ENDING = ("iban", "phone", "mobile_account")
"""Fields of which the last four characters are shown, so that two can be told apart."""
MASK = "•••"
_EMAIL = re.compile(r"[^\s@<>\"]{1,64}@[^\s@<>\".]+(\.[^\s@<>\".]+)+")
_BIC = re.compile(r"[A-Z]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?", re.ASCII)
_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}", re.ASCII)
_NEEDED = {"bank": ("account_holder", "iban"), "mobile": ("mobile_account",)}


class Contacts(Desk[Contact]):
    """The desk for contacts; every way to a contact in full is written down."""

    kind = CONTACT
    thing = Contact
    parts: ClassVar[Mapping[str, type]] = {"addresses": Address}

    def reveal(self, party_id: str, *, why: str, by: str = "") -> Document | None:
        """Return the contact of a party in full (also of one merged into it), or None; that somebody looked is written down."""
        with self.office.change(why, by) as change:
            found = _of(change.connection, party_id)
            _looked(change, [party_id])
        return found

    def frame(
        self, ids: Sequence[str] | None = None, *, as_of: Moment = "", before: str = "", reveal: bool = False, why: str = ""
    ) -> pd.DataFrame:
        """Return one row per contact, masked; with `reveal` in full, and for every one of them it is written down who looked.

        Raises `WorkbenchError` for `reveal` without a reason, and for a past moment: past contacts are shown one by one.
        """
        if not reveal or as_of or before:
            return super().frame(ids, as_of=as_of, before=before)
        with self.office.change(why, "") as change:
            found = documents.load_many(change.connection, CONTACT, ids)
            _looked(change, [one["party_id"] for one in found.values()])
            rows = self._full(change.connection, [found[one] for one in sorted(found)])
        return pd.DataFrame(rows, columns=["id", "name", *CONTACT.fields, "addresses"])

    def part_frame(self, part: str) -> pd.DataFrame:
        """Refuse: a part has no mask. Raises `WorkbenchError`."""
        raise WorkbenchError(
            "the parts of contacts are not shown in a table", got=part, next_step="Use reveal(party_id, why=...)."
        )

    def get(self, entity_id: str) -> Contact:
        """Return one contact in full, to be changed; that somebody looked is written down."""
        found = super().get(entity_id)
        self._note([found.party_id])
        return found

    def get_many(self, ids: Sequence[str] | None = None) -> list[Contact]:
        """Return several contacts in full; that somebody looked is written down for each."""
        found = super().get_many(ids)
        self._note([one.party_id for one in found])
        return found

    def history(self, entity_id: str) -> pd.DataFrame:
        """Return a contact's journal entries with what they say in full; that somebody looked is written down."""
        history = super().history(entity_id)
        self._note([self._party_of(entity_id)])
        return history

    def as_of(self, entity_id: str, when: Moment = "", *, before: str = "") -> Document | None:
        """Return a contact as it was at a moment or before a change set; that somebody looked is written down."""
        found = super().as_of(entity_id, when, before=before)
        self._note([self._party_of(entity_id)])
        return found

    def looked_at(self, party_id: str = "") -> pd.DataFrame:
        """Return who looked at contacts, newest first: at, who, why, party_id; of one party, or of all."""
        with self.office.book.read() as connection:
            rows = [
                (one.at, one.who, one.why, one.entity_id) for one in journal.entries(connection, kind=LOOKED, entity_id=party_id)
            ]
        return pd.DataFrame(rows[::-1], columns=["at", "who", "why", "party_id"])

    def _valid(self, document: Document) -> None:
        where = rules.place(document, "contact")
        rules.one_of(document, "status", rules.STATUSES, where)
        rules.one_of(document, "payment_method", rules.PAYMENT_METHODS, where)
        rules.territory(document, "tax_territory", where)
        document["iban"] = account_number(document["iban"], where)
        document["bic"] = document["bic"].replace(" ", "").upper()
        for field, form, example in (("bic", _BIC, "8 or 11 characters"), ("email", _EMAIL, "name@example.org")):
            if document[field] and not form.fullmatch(document[field]):
                raise WorkbenchError(f"{field} is not one", expected=example, where=where)
        if document["payee_party_id"] and document["payee_party_id"] == document["party_id"]:
            document["payee_party_id"] = None
        for position, row in enumerate(document["addresses"], start=1):
            where = rules.place(document, "contact", "addresses", position)
            rules.one_of(row, "kind", rules.ADDRESS_KINDS, where)
            rules.territory(row, "territory", where)

    def _write(self, change: Change, given: list[Document]) -> list[Contact]:
        written = super()._write(change, given)
        for one in written:
            query = select(contact.c.id).where(contact.c.party_id == one.party_id, contact.c.status.not_in(rules.GONE))
            ids = list(change.connection.execute(query.order_by(contact.c.id)).scalars())
            if len(ids) > 1:
                raise WorkbenchError(
                    "a party has one contact", got=", ".join(ids), where=one.party_id, next_step="Change the first."
                )
        return written

    def _rows(self, connection: Connection, found: list[Document]) -> list[dict[str, Any]]:
        masked = []
        for row in self._full(connection, found):
            hidden = {name: row[name] if name in OPEN else mask(name, row[name]) for name in CONTACT.fields}
            masked.append({"id": row["id"], "name": row["name"], **hidden, "addresses": MASK if row["addresses"] else ""})
        return masked

    def _findings(self, _connection: Connection, found: list[Document]) -> list[Finding]:
        findings = []
        for one in statuses.live(found):
            for field in _NEEDED.get(one["payment_method"], ()):
                if not one[field]:
                    message = f"to be paid by {one['payment_method']}, {field} is missing"
                    step = "Ask the right holder."
                    findings.append(rules.odd(one, "payment_incomplete", message, field, what_to_do=step))
        return findings

    def _full(self, connection: Connection, found: Iterable[Document]) -> list[dict[str, Any]]:
        known = list(found)
        names = party_names(connection, (one["party_id"] for one in known))
        return [
            {
                "id": one["id"],
                "name": names[one["party_id"]],
                **{name: one[name] for name in CONTACT.fields},
                "addresses": "; ".join(", ".join(text for text in row.values() if text) for row in one["addresses"]),
            }
            for one in known
        ]

    def _note(self, party_ids: Sequence[str], why: str = "looked up") -> None:
        if party_ids:
            with self.office.change(why) as change:
                _looked(change, party_ids)

    def _party_of(self, contact_id: str) -> str:
        with self.office.book.read() as connection:
            return str(documents.load(connection, CONTACT, contact_id)["party_id"])


def account_number(text: str, where: str = "") -> str:
    """Return an IBAN without spaces, or another account number as it is; raises `WorkbenchError` for wrong check digits.

    The check is ISO 13616's: letters count 10 to 35, the first four characters go to the end, the rest by 97 is 1.

    >>> account_number("gb82 west 1234 5698 7654 32"), account_number("0123 456")
    ('GB82WEST12345698765432', '0123 456')
    """
    code = re.sub(r"[\s-]", "", text).upper()
    if not re.match(r"[A-Z]{2}[0-9]{2}", code):
        return text.strip()
    if not _IBAN.fullmatch(code) or int("".join(str(int(letter, 36)) for letter in code[4:] + code[:4])) % 97 != 1:
        raise WorkbenchError(  # the number itself is not said: messages are kept in logs
            "iban has wrong check digits, or a wrong length", expected="like GB82 WEST 1234 5698 7654 32", where=where
        )
    return code


def mask(field: str, value: Any) -> str:
    """Return what a table shows of a value: nothing of it, or its last four characters.

    >>> mask("iban", "GB82WEST12345698765432"), mask("email", "a@b.org"), mask("email", "")
    ('•••5432', '•••', '')
    """
    if not value:
        return ""
    return MASK + (str(value)[-4:] if field in ENDING and len(str(value)) > 8 else "")


def _of(connection: Connection, party_id: str) -> Document | None:
    lives_on = resolve_ids(connection, PARTY, [party_id])[party_id]
    query = select(contact.c.id).where(contact.c.party_id == lives_on, contact.c.status.not_in(rules.GONE)).order_by(contact.c.id)
    found = connection.execute(query.limit(1)).scalar()
    return documents.load(connection, CONTACT, found) if found else None


def _looked(change: Change, party_ids: Iterable[str]) -> None:
    """Write down that somebody looked: whose contact, never what it says."""
    journal.record_many(change, [(LOOKED, party_id, "look", None, {}) for party_id in dict.fromkeys(party_ids)])
