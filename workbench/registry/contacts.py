"""Contacts: where a party is reached and how it is paid, kept apart from the register and shown only to those who may."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from ..core.documents import Document, Kind, part_table, reference, root_table
from ..core.store import words
from . import rules
from .desk import Desk
from .parties import party

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


class Contacts(Desk[Contact]):
    """The desk for contacts."""

    kind = CONTACT
    thing = Contact
    parts: ClassVar[Mapping[str, type]] = {"addresses": Address}

    def _valid(self, document: Document) -> None:
        where = rules.place(document, "contact")
        rules.one_of(document, "payment_method", rules.PAYMENT_METHODS, where)
        rules.territory(document, "tax_territory", where)
        for position, row in enumerate(document["addresses"], start=1):
            where = rules.place(document, "contact", "addresses", position)
            rules.one_of(row, "kind", rules.ADDRESS_KINDS, where)
            rules.territory(row, "territory", where)
