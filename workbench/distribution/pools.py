"""From receipts to pools: each receipt split over the rights its tariff pays for, then the deductions, in order.

A radio pays 600.00: 200.00 performing, 100.00 mechanical, 300.00 neighbouring. Of the 200.00, administration takes 15 % (30.00),
then social purposes 7.5 % of what is left (12.75) and culture 2.5 % of the same (4.25): 153.00 net.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from ..core.money import allocate
from ..core.shares import WHOLE
from .rulebook import DeductionRule, RuleBook, SplitRule


@dataclass(frozen=True, slots=True)
class Deducted:
    """One deduction as made."""

    name: str
    base_micros: int
    rate_ppm: int
    amount_micros: int


@dataclass(slots=True)
class Pool:
    """The money of one licence for one right in one currency."""

    pool_id: str
    licence_id: str
    tariff: str
    right: str
    currency: str
    receipts: dict[str, int] = field(default_factory=dict)
    """Micros from each receipt."""
    deductions: list[Deducted] = field(default_factory=list)

    @property
    def received_micros(self) -> int:
        return sum(self.receipts.values())

    @property
    def deducted_micros(self) -> int:
        return sum(deduction.amount_micros for deduction in self.deductions)

    @property
    def net_micros(self) -> int:
        return self.received_micros - self.deducted_micros


def make_pools(
    receipts: Iterable[Mapping[str, Any]], tariffs: Mapping[str, str], rulebook: RuleBook, on: date
) -> dict[str, Pool]:
    """Return the pools by id, in order; `tariffs` gives the tariff of each licence, `on` the first day of the period.

    Raises `NotFound` where the rule book has no rule for a tariff.
    """
    pools: dict[str, Pool] = {}
    for receipt in receipts:
        licence_id, currency = receipt["licence_id"], receipt["currency"]
        tariff = tariffs[licence_id]
        for right, micros in split(receipt["amount_micros"], rulebook.find(SplitRule, tariff, on)).items():
            pool_id = f"{licence_id}/{right}/{currency}"
            pool = pools.setdefault(pool_id, Pool(pool_id, licence_id, tariff, right, currency))
            pool.receipts[receipt["receipt_id"]] = micros
    for pool in pools.values():
        if pool.received_micros > 0:
            pool.deductions = deduct(pool.received_micros, rulebook.find(DeductionRule, pool.tariff, on, pool.right))
    return {pool_id: pools[pool_id] for pool_id in sorted(pools)}


def split(micros: int, rule: SplitRule) -> dict[str, int]:
    """Return the micros of each right that has a weight, summing to `micros`."""
    return allocate(micros, {right: weight for right, weight in rule.weights.items() if weight})


def deduct(micros: int, rule: DeductionRule) -> list[Deducted]:
    """Return the deductions from `micros` (zero or more) in order; a part of a micro stays in the pool.

    Deductions of one stage have one base: what the stages before have left.
    """
    made: list[Deducted] = []
    for stage in sorted({step.stage for step in rule.steps}):
        base = micros - sum(deduction.amount_micros for deduction in made)
        for step in rule.steps:
            if step.stage == stage:
                made.append(Deducted(step.name, base, step.percent, base * step.percent // WHOLE))  # noqa: PERF401  reads better
    return made
