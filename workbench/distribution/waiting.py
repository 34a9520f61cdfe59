"""Money that waits for a distribution: receipts of invoices that no sealed run has taken."""

from __future__ import annotations

import pandas as pd
from sqlalchemy import Connection, select

from ..core.money import Money
from ..core.periods import Period
from ..registry.licences import invoice, licence, licensee, receipt
from .freeze import run_receipt, tax_within

COLUMNS = ["period", "licence_id", "licensee", "tariff", "currency", "receipts", "received", "tax", "net"]


def waiting_money(connection: Connection, period: Period | None) -> pd.DataFrame:
    """Return one row per invoice period, licence and currency with the money not distributed, as Decimal.

    `received` is what was paid, `tax` its part that goes to the state (as the invoice splits it), `net` what a run distributes.
    """
    query = (
        select(
            invoice.c.period, licence.c.id, licensee.c.name, licence.c.tariff, receipt.c.currency,
            receipt.c.amount_micros, invoice.c.net_micros, invoice.c.tax_micros,
        )
        .select_from(receipt)
        .join(invoice, invoice.c.id == receipt.c.invoice_id)
        .join(licence, licence.c.id == invoice.c.licence_id)
        .join(licensee, licensee.c.id == licence.c.licensee_id)
        .outerjoin(run_receipt, run_receipt.c.receipt_id == receipt.c.id)
        .where(run_receipt.c.run_id.is_(None), receipt.c.status != "deleted")
        .order_by(invoice.c.period, licence.c.id, receipt.c.currency)
    )  # fmt: skip
    sums: dict[tuple[str, ...], tuple[int, int, int]] = {}
    for row in connection.execute(query):
        invoiced = Period.parse(row.period)
        if period is None or (invoiced.starts_on >= period.starts_on and invoiced.ends_on <= period.ends_on):
            count, paid, tax = sums.get(tuple(row[:5]), (0, 0, 0))
            sums[tuple(row[:5])] = (count + 1, paid + row.amount_micros, tax + tax_within(*row[5:]))
    rows = [
        (*place, count, *(Money(place[-1], micros).amount for micros in (paid, tax, paid - tax)))
        for place, (count, paid, tax) in sums.items()
    ]
    return pd.DataFrame(rows, columns=COLUMNS)
