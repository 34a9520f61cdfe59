"""Money that waits for a distribution: receipts of invoices that no sealed run has taken."""

from __future__ import annotations

import pandas as pd
from sqlalchemy import Connection, func, select

from ..core.money import Money
from ..core.periods import Period
from ..registry.licences import invoice, licence, licensee, receipt
from .freeze import run_receipt

COLUMNS = ["period", "licence_id", "licensee", "tariff", "currency", "receipts", "received"]


def waiting_money(connection: Connection, period: Period | None) -> pd.DataFrame:
    """Return one row per invoice period, licence and currency, with the money not distributed (with tax, Decimal)."""
    query = (
        select(
            invoice.c.period, licence.c.id, licensee.c.name, licence.c.tariff, receipt.c.currency,
            func.count().label("receipts"), func.sum(receipt.c.amount_micros).label("micros"),
        )
        .select_from(receipt)
        .join(invoice, invoice.c.id == receipt.c.invoice_id)
        .join(licence, licence.c.id == invoice.c.licence_id)
        .join(licensee, licensee.c.id == licence.c.licensee_id)
        .outerjoin(run_receipt, run_receipt.c.receipt_id == receipt.c.id)
        .where(run_receipt.c.run_id.is_(None), receipt.c.status != "deleted")
        .group_by(invoice.c.period, licence.c.id, licensee.c.name, licence.c.tariff, receipt.c.currency)
        .order_by(invoice.c.period, licence.c.id, receipt.c.currency)
    )  # fmt: skip
    rows = []
    for row in connection.execute(query):
        invoiced = Period.parse(row.period)
        if period is None or (invoiced.starts_on >= period.starts_on and invoiced.ends_on <= period.ends_on):
            rows.append((*row[:5], row.receipts, Money(row.currency, int(row.micros)).amount))
    return pd.DataFrame(rows, columns=COLUMNS)
