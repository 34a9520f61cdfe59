"""The records of licensing: licensee, licence, invoice and receipt, each a document with its own small desk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar

import pandas as pd
from sqlalchemy import Connection, select

from ..core.documents import Document, Kind, part_table, reference, root_table
from ..core.errors import Finding, WorkbenchError
from ..core.money import Money
from ..core.periods import Period
from ..core.store import whole, words
from . import rules
from .desk import Desk
from .search.desk import Finder

licensee = root_table("licensee", words("name"), words("kind"), words("territory"), words("tax_number"), words("email"))
LICENSEE = Kind("licensee", "L", licensee)

licence = root_table(
    "licence",
    reference("licensee_id", licensee, index=True),
    words("number"),
    words("tariff"),  # name of a tariff in the tariff book
    words("starts_on"),
    words("ends_on"),
)
licence_parameter = part_table("licence_parameter", licence, words("name"), words("value"))
LICENCE = Kind("licence", "C", licence, {"parameters": licence_parameter})

invoice = root_table(
    "invoice",
    reference("licence_id", licence, index=True),
    words("number"),
    words("period"),
    words("currency"),
    whole("net_micros"),
    whole("tax_micros"),
    words("issued_on"),
    words("due_on"),
)
INVOICE = Kind("invoice", "I", invoice)

receipt = root_table(
    "receipt",
    reference("invoice_id", invoice, index=True),
    words("currency"),
    whole("amount_micros"),
    words("received_on"),
    words("bank_reference"),
)
RECEIPT = Kind("receipt", "T", receipt)


@dataclass(frozen=True, slots=True)
class Licensee:
    """Who uses the repertoire: a radio, a hall, a streaming service."""

    name: str
    kind: str = ""
    territory: str = ""
    tax_number: str = ""
    email: str = ""
    status: str = ""
    id: str = ""
    version: int = 0


@dataclass(frozen=True, slots=True)
class LicenceParameter:
    """What the licensee declares for the tariff, as text: `revenue`, or `revenue@2025-Q3` for one period alone."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Licence:
    """The permission to use the repertoire under a tariff, from a day to a day, both included, empty when open."""

    licensee_id: str
    tariff: str = ""
    number: str = ""
    starts_on: str = ""
    ends_on: str = ""
    parameters: tuple[LicenceParameter, ...] = ()
    status: str = ""
    id: str = ""
    version: int = 0

    @property
    def declared(self) -> list[tuple[str, str]]:
        """The parameters as (name, value)."""
        return [(one.name, one.value) for one in self.parameters]


@dataclass(frozen=True, slots=True)
class Invoice:
    """What a licensee owes for a period: net and tax, exact."""

    licence_id: str
    period: str
    currency: str
    net_micros: int
    tax_micros: int = 0
    number: str = ""
    issued_on: str = ""
    due_on: str = ""
    status: str = ""
    id: str = ""
    version: int = 0

    @property
    def net(self) -> Money:
        """The amount without tax."""
        return Money(self.currency, self.net_micros)

    @property
    def total(self) -> Money:
        """The amount to pay."""
        return Money(self.currency, self.net_micros + self.tax_micros)


@dataclass(frozen=True, slots=True)
class Receipt:
    """Money that came in for an invoice."""

    invoice_id: str
    currency: str
    amount_micros: int
    received_on: str
    bank_reference: str = ""
    status: str = ""
    id: str = ""
    version: int = 0

    @property
    def amount(self) -> Money:
        """What came in, tax included."""
        return Money(self.currency, self.amount_micros)


class LicenseeDesk(Desk[Licensee]):
    """The desk for licensees."""

    kind = LICENSEE
    thing = Licensee

    def search(self, text: str, limit: int = 20) -> pd.DataFrame:
        """Return the licensees whose name is most like `text`, best first: id, score (0 to 100), name, kind, licences (ids)."""
        hits = Finder(self.office).find(("licensee",), text, limit)
        with self.office.book.read() as connection:
            rows = []
            for hit in hits:
                one = connection.execute(select(licensee).where(licensee.c.id == hit.entity_id)).one()
                held = select(licence.c.id).where(licence.c.licensee_id == one.id).order_by(licence.c.id)
                rows.append((one.id, hit.score, one.name, one.kind, "; ".join(connection.execute(held).scalars())))
        return pd.DataFrame(rows, columns=["id", "score", "name", "kind", "licences"])

    def _valid(self, document: Document) -> None:
        where = rules.place(document, "licensee")
        rules.filled(document, "name", where)
        rules.territory(document, "territory", where)


class LicenceDesk(Desk[Licence]):
    """The desk for licences; whether the tariff is known is for `Licences.check` to say."""

    kind = LICENCE
    thing = Licence
    parts: ClassVar[Mapping[str, type]] = {"parameters": LicenceParameter}

    def _valid(self, document: Document) -> None:
        rules.period(document, rules.place(document, "licence"))
        for position, row in enumerate(document["parameters"], start=1):
            where = rules.place(document, "licence", "parameters", position)
            rules.filled(row, "name", where)
            _, at, period = row["name"].partition("@")
            if at:
                Period.parse(period)

    def _rows(self, connection: Connection, found: list[Document]) -> list[dict[str, Any]]:
        names = {row.id: row.name for row in connection.execute(select(licensee.c.id, licensee.c.name))}
        return [
            {
                "id": one["id"],
                "licensee": names[one["licensee_id"]],
                **{name: one[name] for name in self.kind.fields},
                "parameters": "; ".join(f"{row['name']} {row['value']}" for row in one["parameters"]),
            }
            for one in found
        ]

    def _findings(self, _connection: Connection, found: list[Document]) -> list[Finding]:
        return [rules.period_order(one, one, "ends_on") for one in found if rules.ends_before_it_starts(one)]


class InvoiceDesk(Desk[Invoice]):
    """The desk for invoices."""

    kind = INVOICE
    thing = Invoice

    def _valid(self, document: Document) -> None:
        where = rules.place({**document, "name": document["number"]}, "invoice")
        Period.parse(document["period"])
        Money(document["currency"], document["net_micros"])
        rules.day(document, "issued_on", where)
        rules.day(document, "due_on", where)

    def _rows(self, _connection: Connection, found: list[Document]) -> list[dict[str, Any]]:
        return [
            {
                "id": one["id"],
                **{name: one[name] for name in self.kind.fields},
                "net": decimal(one["net_micros"]),
                "tax": decimal(one["tax_micros"]),
            }
            for one in found
        ]


class ReceiptDesk(Desk[Receipt]):
    """The desk for receipts; a receipt has the currency of its invoice."""

    kind = RECEIPT
    thing = Receipt

    def _valid(self, document: Document) -> None:
        where = rules.place({**document, "name": document["bank_reference"]}, "receipt")
        Money(document["currency"], document["amount_micros"])
        rules.filled(document, "received_on", where)
        rules.day(document, "received_on", where)

    def _rows(self, _connection: Connection, found: list[Document]) -> list[dict[str, Any]]:
        return [
            {"id": one["id"], **{name: one[name] for name in self.kind.fields}, "amount": decimal(one["amount_micros"])}
            for one in found
        ]


def decimal(micros: int) -> Decimal:
    """Return micros as an exact decimal of currency units."""
    return Decimal(micros).scaleb(-6)


def same_currency(found: str, expected: str, where: str) -> None:
    """Raise `WorkbenchError` when money for one thing comes in another currency."""
    if found != expected:
        step = "Book it in the currency of the invoice, at the bank's rate."
        raise WorkbenchError(
            "a receipt in another currency than its invoice", got=found, expected=expected, where=where, next_step=step
        )


def iso(day: date | str) -> str:
    """Return a day as ISO text."""
    return day.isoformat() if isinstance(day, date) else day
