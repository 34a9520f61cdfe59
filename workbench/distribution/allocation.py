"""From pools to works and recordings: a pool's money in proportion to points, first per target, then within a target per
usage line.

Both steps are exact (largest remainder), so a target is within one micro of its quotient *and* every micro reaches a usage
line. Points held under a reason take part like a target's: what is not matched keeps its money until it is. A pool without
usage, or whose usage has no points, is held whole.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..core.engine import Engine, Step, largest_remainder
from .pools import Pool

GROUP = "pool_id, target_kind, target_id, as_of_on, reason"

ALLOCATION_STEPS: tuple[Step, ...] = (
    (
        "points per target",
        f"""
        CREATE TABLE target AS
        SELECT {GROUP}, COUNT(*) AS lines, SUM(points_milli) AS points_milli FROM earning GROUP BY {GROUP}
        """,  # noqa: S608  column names of this module
    ),
    (
        "pools that can be allocated",
        """
        CREATE TABLE pool_points AS
        SELECT p.pool_id, p.net_micros, COALESCE(SUM(t.points_milli), 0) AS points_milli, COALESCE(SUM(t.lines), 0) AS lines,
            CASE WHEN p.net_micros < 0 THEN 'negative_money'
                 WHEN COUNT(t.pool_id) = 0 THEN 'no_usage'
                 WHEN COALESCE(SUM(t.points_milli), 0) = 0 THEN 'no_points'
                 ELSE '' END AS reason
        FROM pool p LEFT JOIN target t ON t.pool_id = p.pool_id
        GROUP BY p.pool_id, p.net_micros
        """,
    ),
    (
        "targets of those pools",
        """
        CREATE TABLE target_weight AS
        SELECT t.*, CASE WHEN p.reason = '' THEN p.net_micros ELSE 0 END AS pool_micros
        FROM target t JOIN pool_points p ON p.pool_id = t.pool_id
        """,
    ),
    (
        "money per target",
        largest_remainder(
            "target_weight", "target_money", by="pool_id", amount="pool_micros", weight="points_milli",
            key="target_kind, target_id, as_of_on, reason", keep=f"{GROUP}, lines, points_milli",
        ),
    ),
    (
        "lines with their target's money",
        """
        CREATE TABLE line_weight AS
        SELECT e.*, t.amount_micros AS target_micros
        FROM earning e JOIN target_money t
          ON t.pool_id = e.pool_id AND t.target_kind = e.target_kind AND t.target_id = e.target_id
         AND t.as_of_on = e.as_of_on AND t.reason = e.reason
        """,
    ),
    (
        "money per usage line",
        largest_remainder(
            "line_weight", "line_money", by=GROUP, amount="target_micros", weight="points_milli", key="usage_id",
            keep=f"{GROUP}, usage_id, points_milli",
        ),
    ),
)  # fmt: skip


def load_pools(engine: Engine, pools: Iterable[Pool]) -> None:
    """Give the engine the table pool."""
    engine.load_rows(
        "pool",
        {"pool_id": "text", "licence_id": "text", "right": "text", "currency": "text", "net_micros": "whole"},
        [(pool.pool_id, pool.licence_id, pool.right, pool.currency, pool.net_micros) for pool in pools],
    )
