"""The ledger: a run's postings by double entry, each entry summing to zero per currency; balances are the fold of postings.

    receive:<pool>   receipts:<licence> -200.00   pool:<pool> +200.00
    pool:<pool>      pool:<pool> -200.00   deduction:administration +30.00   hold:unmatched +20.00   payable:<payee> +150.00
    settle:<payee>   payable:<payee> -0.004   carried_forward:<payee> +0.004         what cannot be paid now

Positive is what an account receives. Postings are written when a run is sealed and never edited: a correction is a further
run whose `reverse:` entries undo the corrected run's and whose other entries replace them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Connection, Text, func, insert, select

from ..core.errors import DamagedBook, Finding
from ..core.money import format_micros, payable
from ..core.store import Change, Whole, book_table, whole, words
from .rulebook import PaymentRule

CHUNK = 5_000
CARRIED = "carried_forward:"
REVERSED = ("receive:", "pool:")
"""Entries a correction reverses; settlements are folded into the balances brought forward."""

posting = book_table(
    "posting",
    Column("run_id", Text, primary_key=True),
    Column("line", Whole, primary_key=True, autoincrement=False),
    words("entry"),
    words("account", index=True),
    words("payee_id", index=True),
    words("currency"),
    whole("amount_micros"),
)


@dataclass(frozen=True, slots=True, order=True)
class Posting:
    """One line of an entry."""

    entry: str
    account: str
    payee_id: str
    currency: str
    amount_micros: int


@dataclass(frozen=True, slots=True, order=True)
class Balance:
    """One payee's balance in one currency: brought forward + earned + corrected = payable + carried forward."""

    payee_id: str
    currency: str
    brought_forward_micros: int
    earned_micros: int
    corrected_micros: int
    payable_micros: int
    carried_forward_micros: int


def pool_postings(
    pools: Iterable[Any], paid: Mapping[str, Mapping[str, int]], held: Mapping[str, Mapping[str, int]]
) -> list[Posting]:
    """Return the entries of pools; `paid` gives micros per payee, `held` micros per reason, both per pool id."""
    made: list[Posting] = []
    for pool in pools:
        receive, share = f"receive:{pool.pool_id}", f"pool:{pool.pool_id}"
        amounts = [
            (receive, f"receipts:{pool.licence_id}", "", -pool.received_micros),
            (receive, share, "", pool.received_micros),
            (share, share, "", -pool.received_micros),
            *((share, f"deduction:{step.name}", "", step.amount_micros) for step in pool.deductions),
            *((share, f"hold:{reason}", "", micros) for reason, micros in held.get(pool.pool_id, {}).items()),
            *((share, f"payable:{payee}", payee, micros) for payee, micros in paid.get(pool.pool_id, {}).items()),
        ]
        made += [Posting(entry, account, payee, pool.currency, micros) for entry, account, payee, micros in amounts if micros]
    return made


def reversals(corrected: Iterable[Mapping[str, Any]]) -> list[Posting]:
    """Return the postings that undo a corrected run's pool entries."""
    return [
        Posting(f"reverse:{row['entry']}", row["account"], row["payee_id"], row["currency"], -row["amount_micros"])
        for row in corrected
        if row["entry"].startswith(REVERSED)
    ]


def settle(
    postings: Sequence[Posting], brought_forward: Mapping[tuple[str, str], int], rule: PaymentRule
) -> tuple[list[Balance], list[Posting]]:
    """Return every payee's balance, and the entries that move what is not paid now between payable and carried forward."""
    earned: dict[tuple[str, str], int] = {}
    corrected: dict[tuple[str, str], int] = {}
    for line in postings:
        if line.account.startswith("payable:"):
            into = corrected if line.entry.startswith("reverse:") else earned
            key = (line.payee_id, line.currency)
            into[key] = into.get(key, 0) + line.amount_micros
    balances, entries = [], []
    for key in sorted({*earned, *corrected, *brought_forward}):
        payee, currency = key
        before, new, undone = brought_forward.get(key, 0), earned.get(key, 0), corrected.get(key, 0)
        pay, rest = to_pay(before + new + undone, currency, rule)
        balances.append(Balance(payee, currency, before, new, undone, pay, rest))
        if moved := rest - before:
            entries.append(Posting(f"settle:{payee}", f"{CARRIED}{payee}", payee, currency, moved))
            entries.append(Posting(f"settle:{payee}", f"payable:{payee}", payee, currency, -moved))
    return balances, entries


def to_pay(micros: int, currency: str, rule: PaymentRule) -> tuple[int, int]:
    """Return (payable, carried forward): nothing below the rule's minimum, else whole minor units; the rest waits."""
    if micros <= 0 or micros < rule.minimum.get(currency, rule.minimum["*"]):
        return 0, micros
    return payable(micros, currency)


def post(change: Change, run_id: str, lines: Iterable[Mapping[str, Any]]) -> int:
    """Write a sealed run's postings, once; raises `DamagedBook` unless each entry sums to zero per currency."""
    rows = [{"run_id": run_id, "line": number, **line} for number, line in enumerate(lines, start=1)]
    unbalanced = unbalanced_entries(rows)
    if unbalanced:
        raise DamagedBook("postings do not sum to zero", got=unbalanced[:3], where=run_id)
    for start in range(0, len(rows), CHUNK):
        change.connection.execute(insert(posting), rows[start : start + CHUNK])
    return len(rows)


def unbalanced_entries(rows: Iterable[Mapping[str, Any]]) -> list[tuple[str, str, int]]:
    """Return (entry, currency, sum) of every entry that does not sum to zero."""
    sums: dict[tuple[str, str], int] = {}
    for row in rows:
        key = (row["entry"], row["currency"])
        sums[key] = sums.get(key, 0) + row["amount_micros"]
    return [(*key, total) for key, total in sorted(sums.items()) if total]


def carried_forward(connection: Connection) -> dict[tuple[str, str], int]:
    """Return what sealed runs have carried forward, per (payee, currency): the fold of the postings."""
    query = (
        select(posting.c.payee_id, posting.c.currency, func.sum(posting.c.amount_micros).label("micros"))
        .where(posting.c.account.startswith(CARRIED, autoescape=True))
        .group_by(posting.c.payee_id, posting.c.currency)
    )
    return {(row.payee_id, row.currency): int(row.micros) for row in connection.execute(query) if row.micros}


def account_balances(connection: Connection) -> dict[tuple[str, str], int]:
    """Return the balance of every account per (account, currency)."""
    query = select(posting.c.account, posting.c.currency, func.sum(posting.c.amount_micros).label("micros")).group_by(
        posting.c.account, posting.c.currency
    )
    return {(row.account, row.currency): int(row.micros) for row in connection.execute(query)}


def postings_of(connection: Connection, run_id: str) -> list[dict[str, Any]]:
    """Return a sealed run's postings as written, without run and line."""
    columns = [posting.c.entry, posting.c.account, posting.c.payee_id, posting.c.currency, posting.c.amount_micros]
    rows = connection.execute(select(*columns).where(posting.c.run_id == run_id).order_by(posting.c.line))
    return [dict(row._mapping) for row in rows]


def check(connection: Connection) -> list[Finding]:
    """Return a finding for every entry in the book that does not sum to zero, and for every pool that is not empty."""
    query = select(
        posting.c.run_id, posting.c.entry, posting.c.currency, func.sum(posting.c.amount_micros).label("micros")
    ).group_by(posting.c.run_id, posting.c.entry, posting.c.currency)
    findings = [
        _odd("entry does not sum to zero", f"{row.run_id} {row.entry} {row.currency}", int(row.micros))
        for row in connection.execute(query)
        if row.micros
    ]
    return findings + [
        _odd("a pool is not empty after its run", f"{account} {currency}", micros)
        for (account, currency), micros in sorted(account_balances(connection).items())
        if account.startswith("pool:") and micros
    ]


def to_hledger(lines: Iterable[Mapping[str, Any]], *, on: str, run_id: str) -> str:
    """Return postings as a journal hledger reads (https://hledger.org): one transaction per entry, exact decimals.

    Feed it to `hledger check` or `hledger balance`: an oracle others wrote.
    """
    entries: dict[str, list[Mapping[str, Any]]] = {}
    for line in lines:
        entries.setdefault(str(line["entry"]), []).append(line)
    text = []
    for entry in sorted(entries):
        text.append(f"{on} {run_id} {entry}")
        text += [
            f"    {_account(line['account'])}  {line['currency']} {format_micros(line['amount_micros'])}"
            for line in entries[entry]
        ]
        text.append("")
    return "\n".join(text)


def _account(name: str) -> str:
    """hledger ends an account name at two spaces and nests at colons; names here have neither inside."""
    return " ".join(name.split())


def _odd(message: str, place: str, micros: int) -> Finding:
    return Finding(
        "record", "ledger", message, got=format_micros(micros), expected=format_micros(0), source=place,
        what_to_do="Stop, and restore the last good backup: postings were changed outside the workbench.",
    )  # fmt: skip
