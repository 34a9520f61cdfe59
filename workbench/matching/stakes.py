"""How much usage, and about how much money, hangs on each key: lines, plays, seconds and micros.

Money at stake is an estimate for ordering work, never an amount owed: what a licence has paid so far (its receipts), spread
over its usage by plays times seconds, or a flat rate per play where one is given. Whole micros throughout.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, case, func, select

from ..registry.licences import invoice, receipt
from .usage import usage, usage_batch

USUAL_SECONDS = 180
"""Weight of one play whose duration is not known."""


@dataclass(frozen=True, slots=True)
class Stake:
    """What hangs on one key, or on all lines in one state; `seconds` counts known durations only, times plays."""

    lines: int = 0
    plays: int = 0
    seconds: int = 0
    micros: int = 0

    def __add__(self, other: Stake) -> Stake:
        return Stake(self.lines + other.lines, self.plays + other.plays, self.seconds + other.seconds, self.micros + other.micros)


def stakes(connection: Connection, batches: Sequence[str] | None = None, rate_micros: int | None = None) -> dict[str, Stake]:
    """Return the stake of every key (of the batches given, or of all); refused lines stand together under the empty key.

    `rate_micros`: micros per play, instead of the estimate from the receipts of the batch's licence.
    """
    seconds = func.coalesce(usage.c.duration_seconds, 0) * usage.c.plays
    known = case((usage.c.duration_seconds > 0, usage.c.duration_seconds), else_=USUAL_SECONDS)
    query = (
        select(
            usage.c.key,
            usage_batch.c.licence_id,
            func.count(),
            func.sum(usage.c.plays),
            func.sum(seconds),
            func.sum(known * usage.c.plays),
        )
        .join(usage_batch, usage_batch.c.id == usage.c.batch_id)
        .group_by(usage.c.key, usage_batch.c.licence_id)
    )
    if batches is not None:
        query = query.where(usage.c.batch_id.in_(batches))
    paid = {} if rate_micros is not None else _paid(connection)
    weights = {} if rate_micros is not None else _weights(connection)
    found: dict[str, Stake] = defaultdict(Stake)
    for key, licence_id, lines, plays, played, weight in connection.execute(query):
        if not key:
            micros = 0
        elif rate_micros is not None:
            micros = rate_micros * int(plays)
        else:
            micros = paid.get(licence_id, 0) * int(weight) // max(weights.get(licence_id, 1), 1)
        found[key] += Stake(int(lines), int(plays), int(played), micros)
    return dict(found)


def _paid(connection: Connection) -> dict[str, int]:
    query = (
        select(invoice.c.licence_id, func.sum(receipt.c.amount_micros))
        .join(invoice, invoice.c.id == receipt.c.invoice_id)
        .group_by(invoice.c.licence_id)
    )
    return {licence_id: int(micros) for licence_id, micros in connection.execute(query)}


def _weights(connection: Connection) -> dict[str, int]:
    known = case((usage.c.duration_seconds > 0, usage.c.duration_seconds), else_=USUAL_SECONDS)
    query = (
        select(usage_batch.c.licence_id, func.sum(known * usage.c.plays))
        .join(usage_batch, usage_batch.c.id == usage.c.batch_id)
        .where(usage.c.key != "")
        .group_by(usage_batch.c.licence_id)
    )
    return {licence_id: int(weight or 0) for licence_id, weight in connection.execute(query)}
