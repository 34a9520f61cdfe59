"""Every micro a party earned, back to the usage line that earned it and the receipts that paid for it.

A party's part of a target is spread over the target's usage lines in proportion to what each line earned, exactly (largest
remainder), so that the lines sum to the balance's `earned_micros`, for every party.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from ..core.engine import Engine, Step, largest_remainder
from ..core.errors import unknown
from ..core.money import Money
from .results import table

COLUMNS = {
    "usage_id": "the usage line",
    "used_on": "day of use",
    "title": "as reported",
    "artist": "as reported",
    "use": "feature, background ...",
    "plays": "as reported",
    "licensee": "who used it",
    "receipts": "receipt ids that paid the pool",
    "pool_id": "licence / right / currency",
    "right": "performing, mechanical or neighbouring",
    "target_id": "work or recording",
    "role": "role of the owner",
    "owner_party_id": "whose share it is",
    "chain": "agreements from owner to collector",
    "share_percent": "part of the target, in percent (Decimal)",
    "points_milli": "what the line counted for the target",
    "line_micros": "what the line earned for the target, all parties",
    "amount_micros": "what it earned for this party",
    "amount": "the same in currency units (Decimal)",
    "currency": "",
}
"""Columns of an explanation."""

_TABLES = ("entitlements", "usage_points", "pool_receipts", "pools", "usages", "licences")

STEPS: tuple[Step, ...] = (
    (
        "a party's entitlements by usage line",
        """
        CREATE TABLE party_line AS
        SELECT e.*, u.usage_id, u.points_milli, u.amount_micros AS line_micros, e.amount_micros AS part_micros
        FROM mine e
        JOIN usage_points u ON u.pool_id = e.pool_id AND u.target_id = e.target_id AND u.as_of_on = e.as_of_on
            AND u.target_kind = e.target_kind AND u.reason = ''
        WHERE u.amount_micros > 0
        """,
    ),
    (
        "spread",
        largest_remainder(
            "party_line", "spread", by="place", amount="part_micros", weight="line_micros", key="usage_id",
            keep='pool_id, "right", target_id, role, owner_party_id, chain, share_ppt, currency, usage_id, '
            "points_milli, line_micros",
        ),
    ),
)  # fmt: skip

_EXPLAINED = """
    SELECT s.usage_id, u.used_on, u.title, u.artist, u.use, u.plays, l.licensee_name, r.receipts, s.pool_id, s."right",
    s.target_id,
        s.role, s.owner_party_id, s.chain, s.share_ppt, s.points_milli, s.line_micros, s.amount_micros, s.currency
    FROM spread s
    JOIN usages u ON u.usage_id = s.usage_id
    JOIN pools p ON p.pool_id = s.pool_id
    JOIN licences l ON l.licence_id = p.licence_id
    JOIN (SELECT pool_id, STRING_AGG(receipt_id, ' ' ORDER BY receipt_id) AS receipts FROM pool_receipts GROUP BY pool_id) r
      ON r.pool_id = s.pool_id
    WHERE s.amount_micros > 0
    ORDER BY s.pool_id, s.target_id, s.role, s.owner_party_id, s.chain, s.usage_id
"""


def explain(run_folder: Path, payee_id: str) -> pd.DataFrame:
    """Return one row per usage line and share that earned the payee money, columns `COLUMNS`; sums to the balance's earned
    micros.

    Raises `NotFound` for a payee without entitlements or balance in the run, with the nearest ones.
    """
    with Engine() as engine:
        for name in _TABLES:
            declared = table(name)
            engine.load_csv(name, run_folder / declared.place / declared.file, declared.types)
        known = [row[0] for row in engine.rows("SELECT DISTINCT payee_id FROM entitlements")]
        if payee_id not in known:
            raise unknown("payee in this run", payee_id, known)
        engine.load_rows("asked", {"payee_id": "text"}, [(payee_id,)])
        engine.run(
            [
                (
                    "mine",
                    "CREATE TABLE mine AS SELECT e.*, ROW_NUMBER() OVER (ORDER BY pool_id, target_id, as_of_on, party_id, role, "
                    "owner_party_id, chain) AS place FROM entitlements e JOIN asked a ON a.payee_id = e.payee_id",
                ),
                *STEPS,
            ]
        )
        rows = [_row(row) for row in engine.rows(_EXPLAINED)]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _row(row: tuple[object, ...]) -> tuple[object, ...]:
    *facts, share_ppt, points, line_micros, micros, currency = row
    assert isinstance(share_ppt, int) and isinstance(micros, int)  # noqa: PT018, S101  the columns are whole numbers
    percent = Money("XXX", share_ppt // 10_000).amount  # 10^10 parts per trillion are one percent
    return (*facts, percent, points, line_micros, micros, Money("XXX", micros).amount, currency)
