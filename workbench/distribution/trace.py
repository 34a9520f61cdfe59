"""One usage line forward: what it counted for, what it earned in each pool, and who shares that, or why it is held.

The way back, from a party's amount to its usage lines, is `explain`.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pandas as pd

from ..core.engine import Engine
from ..core.errors import unknown
from ..core.money import Money
from .results import table

COLUMNS = {
    "pool_id": "licence / right / currency",
    "target_id": "work or recording the line earned for; empty when it is held",
    "points": "what the line counted for (Decimal)",
    "line_amount": "what the line earned in the pool, all parties (Decimal)",
    "currency": "",
    "reason": "why the money is held; empty when it is not",
    "role": "role of the owner",
    "owner_party_id": "whose share it is",
    "chain": "agreements from owner to collector",
    "share_percent": "part of the target, in percent (Decimal)",
    "payee_id": "who is credited",
}
"""Columns of a trace."""

_LINES = """
    SELECT u.pool_id, u.target_id, u.points_milli, u.amount_micros, p.currency, u.reason, e.role, e.owner_party_id, e.chain,
        e.share_ppt, e.payee_id
    FROM usage_points u
    JOIN asked a ON a.usage_id = u.usage_id
    JOIN pools p ON p.pool_id = u.pool_id
    LEFT JOIN entitlements e ON e.pool_id = u.pool_id AND e.target_kind = u.target_kind AND e.target_id = u.target_id
        AND e.as_of_on = u.as_of_on AND u.reason = ''
    WHERE u.reason <> '' OR e.payee_id IS NOT NULL
    UNION ALL
    SELECT u.pool_id, u.target_id, u.points_milli, u.amount_micros, p.currency, h.reason, NULL, h.party_id, NULL, NULL, NULL
    FROM usage_points u
    JOIN asked a ON a.usage_id = u.usage_id
    JOIN pools p ON p.pool_id = u.pool_id
    JOIN holds h ON h.pool_id = u.pool_id AND h.target_kind = u.target_kind AND h.target_id = u.target_id
        AND h.as_of_on = u.as_of_on
    WHERE u.reason = '' AND u.target_id <> ''
    ORDER BY 1, 2, 6, 7, 8, 9, 11
"""


def trace(run_folder: Path, usage_id: str) -> pd.DataFrame:
    """Return one row per pool, target and share the line `usage_id` earned for, columns `COLUMNS`.

    Raises `NotFound` for a line that is not in the run, with the nearest ones.
    """
    with Engine() as engine:
        for name in ("usage_points", "pools", "entitlements", "holds"):
            declared = table(name)
            engine.load_csv(name, run_folder / declared.place / declared.file, declared.types)
        engine.load_rows("asked", {"usage_id": "text"}, [(usage_id,)])
        rows = [_row(*row) for row in engine.rows(_LINES)]
        if not rows:
            near = engine.rows("SELECT DISTINCT usage_id FROM usage_points LIMIT 5000")
            raise unknown("usage line in this run", usage_id, [row[0] for row in near])
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _row(
    pool: str, target: str, points_milli: int, micros: int, currency: str, reason: str, role: str | None, owner: str | None,
    chain: str | None, share_ppt: int | None, payee: str | None,
) -> tuple[object, ...]:  # fmt: skip
    points = _plain(points_milli * 1_000)
    percent = "" if share_ppt is None else _plain(share_ppt // 10_000)
    amount = Money(currency, micros).amount
    return pool, target, points, amount, currency, reason, role or "", owner or "", chain or "", percent, payee or ""


def _plain(millionths: int) -> Decimal:
    """Return millionths as a decimal without trailing zeros, never in powers of ten."""
    return Decimal(format(Decimal(millionths).scaleb(-6).normalize(), "f"))
