"""Licences: who uses the repertoire, under which tariff, what they were invoiced and what they paid.

radio = wb.licences.add_licensee("Redio Mfano", kind="radio", why="contract of 3 March")
licence = wb.licences.add_licence(radio.id, tariff="radio", parameters={"revenue": "168000000.00"}, why="contract of 3 March")
print(wb.licences.quote(licence.id, "2025-Q3"))                       # every step of the computation
invoice = wb.licences.invoice_from_licence(licence.id, "2025-Q3", why="quarterly invoicing")
wb.licences.add_receipt(invoice.id, amount="4166400.00", received_on="2025-10-20", why="bank statement 43")
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Literal

import pandas as pd
from sqlalchemy import Connection, select

from ..core.errors import Finding, WorkbenchError, unknown
from ..core.money import Money, allocate, format_micros, payable
from ..core.office import Office
from ..core.periods import Period
from ..core.shares import WHOLE, parse_percent
from . import rules
from .desk import Desk
from .licensing import (
    INVOICE,
    LICENCE,
    LICENSEE,
    RECEIPT,
    Invoice,
    InvoiceDesk,
    Licence,
    LicenceDesk,
    Licensee,
    LicenseeDesk,
    Receipt,
    ReceiptDesk,
    decimal,
    invoice,
    iso,
    licence,
    licence_parameter,
    licensee,
    receipt,
    same_currency,
)
from .tariffs import STANDARD, Quote, Tariff, TariffBook, compute, read_tariffs

__all__ = [
    "INVOICE",
    "LICENCE",
    "LICENSEE",
    "RECEIPT",
    "Invoice",
    "Licence",
    "Licences",
    "Licensee",
    "Quote",
    "Receipt",
    "Tariff",
    "invoice",
    "licence",
    "licence_parameter",
    "licensee",
    "receipt",
]

Sum = Money | str | Decimal
"""An amount: money, or decimal text or a `Decimal` in the society's currency."""


class Licences:
    """The desk for licensing; `licensees`, `licences`, `invoices` and `receipts` are the desks of its four kinds of record."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.licensees = LicenseeDesk(office)
        self.licences = LicenceDesk(office)
        self.invoices = InvoiceDesk(office)
        self.receipts = ReceiptDesk(office)
        self._book: tuple[float, TariffBook] | None = None

    def get(self, entity_id: str) -> Licensee | Licence | Invoice | Receipt:
        """Return a licensee, licence, invoice or receipt by its identifier."""
        found: Licensee | Licence | Invoice | Receipt = self._desk_of(entity_id).get(entity_id)
        return found

    def history(self, entity_id: str) -> pd.DataFrame:
        """Return the journal entries of a licensee, licence, invoice or receipt."""
        return self._desk_of(entity_id).history(entity_id)

    def undo(self, entity_id: str, *, why: str, by: str = "") -> Licensee | Licence | Invoice | Receipt:
        """Save a record again as it was before its last change."""
        found: Licensee | Licence | Invoice | Receipt = self._desk_of(entity_id).undo(entity_id, why=why, by=by)
        return found

    def frame(self) -> pd.DataFrame:
        """Return one row per licence: id, licensee, its fields, parameters, version."""
        return self.licences.frame()

    # writing

    def add_licensee(
        self,
        name: str,
        *,
        kind: str = "",
        territory: str = "",
        tax_number: str = "",
        email: str = "",
        why: str,
        by: str = "",
    ) -> Licensee:
        """Register who uses the repertoire; `territory` is a TIS code."""
        given = Licensee(name, kind, territory, tax_number, email)
        return self.licensees.save(given, why=why, by=by)

    def add_licence(
        self,
        licensee_id: str,
        *,
        tariff: str,
        number: str = "",
        starts_on: date | str = "",
        ends_on: date | str = "",
        parameters: Mapping[str, str] | Iterable[tuple[str, str]] = (),
        why: str,
        by: str = "",
    ) -> Licence:
        """Register a licence under a tariff; `parameters` is what the licensee declares, as text, see `tariffs`."""
        pairs = parameters.items() if isinstance(parameters, Mapping) else parameters
        document = {
            "licensee_id": licensee_id,
            "tariff": tariff,
            "number": number,
            "starts_on": iso(starts_on),
            "ends_on": iso(ends_on),
            "parameters": [{"name": name, "value": value} for name, value in pairs],
        }
        return self.licences.save(document, why=why, by=by)

    def declare(self, licence_id: str, period: str, why: str, by: str = "", **declared: str) -> Licence:
        """Write down what the licensee declares for one period, beside or in place of an earlier declaration for it."""
        Period.parse(period)
        names = {f"{name}@{period}" for name in declared}
        kept = [{"name": name, "value": value} for name, value in self.licences.get(licence_id).declared if name not in names]
        new = [{"name": f"{name}@{period}", "value": value} for name, value in declared.items()]
        return self.licences.change(licence_id, parameters=kept + new, why=why, by=by)

    def add_invoice(
        self,
        licence_id: str,
        *,
        period: str,
        net: Sum,
        tax: Sum = "0",
        number: str = "",
        issued_on: date | str = "",
        due_on: date | str = "",
        why: str,
        by: str = "",
    ) -> Invoice:
        """Register an invoice for a period; amounts are money, decimal text or `Decimal`, never floats."""
        net, tax = self._money(net), self._money(tax)
        total = net + tax
        given = Invoice(
            licence_id, period, total.currency, net.micros, tax.micros, number, issued_on=iso(issued_on), due_on=iso(due_on)
        )
        return self.invoices.save(given, why=why, by=by)

    def add_receipt(
        self, invoice_id: str, *, amount: Sum, received_on: date | str, bank_reference: str = "", why: str, by: str = ""
    ) -> Receipt:
        """Register money that came in for an invoice, in its currency; paying too much is a finding of `check`, not refused."""
        bill = self.invoices.get(invoice_id)
        paid = amount if isinstance(amount, Money) else Money.of(amount, bill.currency)
        same_currency(paid.currency, bill.currency, invoice_id)
        given = Receipt(invoice_id, paid.currency, paid.micros, iso(received_on), bank_reference)
        return self.receipts.save(given, why=why, by=by)

    # tariffs

    @property
    def tariff_book(self) -> TariffBook:
        """The society's own tariff book (`rules/tariffs.yaml` in the workspace), or the one the workbench comes with."""
        own = self.office.config.rules / "tariffs.yaml"
        file = own if own.is_file() else STANDARD
        changed_at = file.stat().st_mtime
        if self._book is None or self._book[0] != changed_at or self._book[1].source != file:
            self._book = (changed_at, read_tariffs(file))
        return self._book[1]

    def tariffs(self) -> pd.DataFrame:
        """Return the tariff book: name, title, formula, starts_on, ends_on, decision, authors_ppm, neighbouring_ppm, example."""
        rows = [
            {
                "name": one.name,
                "title": one.title,
                "formula": one.formula.kind,
                "starts_on": one.starts_on.isoformat(),
                "ends_on": iso(one.ends_on or ""),
                "decision": one.decision,
                "authors_ppm": one.authors_ppm,
                "neighbouring_ppm": one.neighbouring_ppm,
                "example": f"{one.example.source}: {format_micros(one.example.pays)}",
            }
            for one in self.tariff_book.tariffs
        ]
        return pd.DataFrame(rows)

    def tariff(self, licence_id: str, on: date) -> Tariff:
        """Return the tariff of a licence on a day, with `authors_ppm` and `neighbouring_ppm`: how its money divides."""
        return self.tariff_book.find(self.licences.get(licence_id).tariff, on)

    def quote(self, licence_id: str, period: str, **declared: str) -> Quote:
        """Compute what a licence costs for a period (`2025-Q3`), exactly, with every step; nothing is written.

        `declared` stands in for licence parameters, to ask what if. The tariff is the one of the period's first day. Raises
        `WorkbenchError` when the licence does not run in the period or a declaration the tariff needs is missing.
        """
        one, days = self.licences.get(licence_id), Period.parse(period)
        if (one.starts_on and one.starts_on > days.ends_on.isoformat()) or (
            one.ends_on and one.ends_on < days.starts_on.isoformat()
        ):
            span = f"{one.starts_on or 'open'} to {one.ends_on or 'open'}"
            raise WorkbenchError("the licence does not run in this period", got=period, expected=span, where=licence_id)
        tariff = self.tariff_book.find(one.tariff, days.starts_on)
        kept = [(name, value) for name, value in one.declared if name.partition("@")[0] not in declared]
        micros, steps = compute(tariff, [*kept, *declared.items()], days)
        return Quote(licence_id, tariff, days, Money(self.office.config.currency, micros), steps)

    def invoice_from_licence(
        self,
        licence_id: str,
        period: str,
        *,
        tax_percent: str = "0",
        number: str = "",
        issued_on: date | str = "",
        due_on: date | str = "",
        why: str,
        by: str = "",
    ) -> Invoice:
        """Register the invoice a quote comes to; net and tax are cut to the currency's minor unit. One invoice per period."""
        quote = self.quote(licence_id, period)
        with self.office.book.read() as connection:
            query = select(invoice.c.id).where(invoice.c.licence_id == licence_id, invoice.c.period == str(quote.period))
            earlier = connection.execute(query).scalar()
        if earlier:
            raise WorkbenchError("this period is invoiced already", got=period, where=earlier, next_step="Change that invoice.")
        currency = quote.money.currency
        net = payable(quote.money.micros, currency)[0]
        rate = parse_percent(tax_percent)
        tax = payable(allocate(net, {"tax": rate, "rest": WHOLE - rate})["tax"], currency)[0]
        return self.add_invoice(
            licence_id,
            period=str(quote.period),
            net=Money(currency, net),
            tax=Money(currency, tax),
            number=number,
            issued_on=issued_on,
            due_on=due_on,
            why=why,
            by=by,
        )

    # reading

    def outstanding(self, *, on: date | str | None = None, everything: bool = False) -> pd.DataFrame:
        """Return what is still due by invoice; all invoices with `everything`, also the settled ones.

        Columns: invoice_id, number, licence_id, licensee, period, currency, invoiced, paid, due (exact `Decimal`, tax included;
        due is negative when too much was paid), due_on, overdue (on a day, default today). Receipts after it do not count.
        """
        day = iso(on or date.today())  # noqa: DTZ011  an invoice is overdue by the calendar on the wall
        columns = [
            "invoice_id",
            "number",
            "licence_id",
            "licensee",
            "period",
            "currency",
            "invoiced",
            "paid",
            "due",
            "due_on",
            "overdue",
        ]
        with self.office.book.read() as connection:
            rows, receipts = [], _receipts(connection)
            for bill, name in _invoices(connection):
                total = bill.net_micros + bill.tax_micros
                paid = sum(one.amount_micros for one in receipts.get(bill.id, ()) if one.received_on <= day)
                if everything or paid != total:
                    sums = [decimal(total), decimal(paid), decimal(total - paid)]
                    late = bool(bill.due_on) and bill.due_on < day and paid < total
                    place = [bill.id, bill.number, bill.licence_id, name, bill.period, bill.currency]
                    rows.append([*place, *sums, bill.due_on, late])
        return pd.DataFrame(rows, columns=columns)

    def money_in(self, period: str, *, basis: Literal["received", "invoiced"] = "received") -> pd.DataFrame:
        """Return the receipts of a period with their licence: received in it, or (basis "invoiced") paid on its invoices.

        Columns: receipt_id, received_on, invoice_id, invoice_period, licence_id, licensee, tariff, currency; amount = net + tax +
        over (exact `Decimal`), and the same as `*_micros`; authors_micros and neighbouring_micros divide net by the tariff. Tax
        is in proportion to the invoice over all its receipts so far; over is what was paid beyond the invoice.
        """
        days = Period.parse(period)
        with self.office.book.read() as connection:
            receipts = _receipts(connection)
            rows = [
                row
                for bill, name in _invoices(connection)
                if basis == "received" or _inside(bill.period, days)
                for row in self._money_rows(bill, name, receipts.get(bill.id, ()))
                if basis == "invoiced" or date.fromisoformat(row["received_on"]) in days
            ]
        return pd.DataFrame(rows, columns=_MONEY_COLUMNS).sort_values(["received_on", "receipt_id"], ignore_index=True)

    def check(self) -> list[Finding]:
        """Return what is odd in licensing: unknown tariffs, periods, over-payments, receipts before their invoice's issue."""
        findings = self.licences.check()
        names = self.tariff_book.names
        with self.office.book.read() as connection:
            for one in connection.execute(select(licence.c.id, licence.c.tariff)):
                if one.tariff not in names:
                    step = "Correct it, or add the tariff to the tariff book."
                    message = "the tariff is not in the tariff book"
                    findings.append(
                        rules.odd({"id": one.id}, "unknown_tariff", message, "tariff", one.tariff, ", ".join(names), step)
                    )
            receipts = _receipts(connection)
            for bill, _ in _invoices(connection):
                over = sum(one.amount_micros for one in receipts.get(bill.id, ())) - bill.net_micros - bill.tax_micros
                if over > 0:
                    message = "more was paid than invoiced"
                    shown = f"{format_micros(over)} {bill.currency} too much"
                    step = "Pay it back, or book it to another invoice; it enters no pool meanwhile."
                    findings.append(rules.odd({"id": bill.id}, "over_payment", message, "amount", shown, what_to_do=step))
        return findings

    # inside

    def _money_rows(self, bill: Any, licensee_name: str, receipts: Sequence[Any]) -> list[dict[str, Any]]:
        rows, paid = [], 0
        for one in receipts:
            before, paid = _settled(bill, paid), paid + one.amount_micros
            net, tax, over = (now - then for now, then in zip(_settled(bill, paid), before, strict=True))
            row = {
                "receipt_id": one.id,
                "received_on": one.received_on,
                "invoice_id": bill.id,
                "invoice_period": bill.period,
                "licence_id": bill.licence_id,
                "licensee": licensee_name,
                "tariff": bill.tariff,
                "currency": one.currency,
            }
            for name, micros in (("amount", one.amount_micros), ("net", net), ("tax", tax), ("over", over)):
                row |= {name: decimal(micros), f"{name}_micros": micros}
            rows.append(row | self._divided(bill, net))
        return rows

    def _divided(self, bill: Any, net_micros: int) -> dict[str, int | None]:
        if bill.tariff not in self.tariff_book.names:
            return {"authors_micros": None, "neighbouring_micros": None}
        tariff = self.tariff_book.find(bill.tariff, Period.parse(bill.period).starts_on)
        parts = allocate(net_micros, {"authors": tariff.authors_ppm, "neighbouring": tariff.neighbouring_ppm})
        return {f"{name}_micros": micros for name, micros in parts.items()}

    def _money(self, given: Sum) -> Money:
        return given if isinstance(given, Money) else Money.of(given, self.office.config.currency)

    def _desk_of(self, entity_id: str) -> Desk[Any]:
        desks: dict[str, Desk[Any]] = {
            desk.kind.letter: desk for desk in (self.licensees, self.licences, self.invoices, self.receipts)
        }
        letter = entity_id.rsplit("-", 2)[-2:-1]
        if not letter or letter[0] not in desks:
            raise unknown("licensing record", entity_id, [], where="letters L, C, I, T")
        return desks[letter[0]]


_MONEY_COLUMNS = [
    *("receipt_id", "received_on", "invoice_id", "invoice_period", "licence_id", "licensee", "tariff", "currency"),
    *("amount", "net", "tax", "over", "amount_micros", "net_micros", "tax_micros", "over_micros"),
    *("authors_micros", "neighbouring_micros"),
]


def _invoices(connection: Connection) -> Sequence[tuple[Any, str]]:
    query = (
        select(invoice, licence.c.tariff, licensee.c.name)
        .join(licence, licence.c.id == invoice.c.licence_id)
        .join(licensee, licensee.c.id == licence.c.licensee_id)
        .order_by(invoice.c.id)
    )
    return [(row, row.name) for row in connection.execute(query)]


def _receipts(connection: Connection) -> dict[str, list[Any]]:
    """All receipts by invoice, in the order they came in."""
    found: dict[str, list[Any]] = {}
    for row in connection.execute(select(receipt).order_by(receipt.c.received_on, receipt.c.id)):
        found.setdefault(row.invoice_id, []).append(row)
    return found


def _settled(bill: Any, paid_micros: int) -> tuple[int, int, int]:
    """What of all money paid on an invoice so far is net, tax, and over."""
    total = bill.net_micros + bill.tax_micros
    inside = max(min(paid_micros, total), 0) if total > 0 else 0
    parts = allocate(inside, {"net": bill.net_micros, "tax": bill.tax_micros}) if total > 0 else {"net": 0, "tax": 0}
    return parts["net"], parts["tax"], paid_micros - inside


def _inside(invoice_period: str, days: Period) -> bool:
    found = Period.parse(invoice_period)
    return found.starts_on in days and found.ends_on in days
