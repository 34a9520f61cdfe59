"""The guard before money first goes to a name: whom a new payee resembles is told before the run is approved.

It is told beside the results, not in them: who looks like whom is no part of what a run computes, and the digest does not cover
it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, func, select

from ..core.errors import Finding
from ..core.money import Money
from ..registry.look_alikes.desk import first_payment_look_alikes
from .ledger import posting

MOST = 100
"""How many are told one by one."""
CODE = "first_payment_look_alike"
STEP = "If they are one, merge them (wb.parties.merge) and prepare again; if they are two, say so (wb.parties.not_the_same)."


def tell_first_payments(connection: Connection, balances: Iterable[Mapping[str, object]]) -> list[Finding]:
    """Return a finding for each payee who is paid for the first time and resembles another party, likest first.

    `balances` are the rows of that result. Whom a sealed run paid before, or somebody told apart, is left out.
    """
    to_pay: dict[str, str] = {}
    for row in balances:
        micros = int(str(row["payable_micros"]))
        if micros > 0:
            amount = str(Money(str(row["currency"]), micros))
            payee = str(row["payee_id"])
            to_pay[payee] = f"{to_pay[payee]}, {amount}" if payee in to_pay else amount
    found = first_payment_look_alikes(connection, to_pay, _paid_before(connection)) if to_pay else []
    told = [
        Finding(
            "record",
            CODE,
            "money goes to this party for the first time, and it resembles another",
            got=f"{to_pay[payee.id]} to {payee.shown()}",
            expected=f"{other.id} {other.shown()}: {', '.join(alike.evidence)}",
            what_to_do=STEP,
            source=payee.id,
        )
        for alike, payee, other in found[:MOST]
    ]
    if len(found) > MOST:
        got = f"{len(found) - MOST:,} more"
        message = "further payees are paid for the first time and resemble others"
        told.append(Finding("batch", CODE, message, got=got, what_to_do=STEP))
    return told


def _paid_before(connection: Connection) -> set[str]:
    """Return every payee to whom a sealed run had something to pay out."""
    paid = (
        select(posting.c.payee_id)
        .where(posting.c.account.startswith("payable:", autoescape=True))
        .group_by(posting.c.run_id, posting.c.payee_id, posting.c.currency)
        .having(func.sum(posting.c.amount_micros) > 0)
    )
    return set(connection.execute(paid).scalars())
