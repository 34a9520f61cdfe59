"""Holds: money that waits for a fact, the reasons it may have, and the day its claim expires."""

from __future__ import annotations

from calendar import monthrange
from datetime import date

from ..core.errors import unknown
from .rulebook import HoldsRule

REASONS = {
    "unmatched": "the usage line matches nothing in the repertoire",
    "doubtful": "the usage line waits for a ruling",
    "work_undocumented": "the recording's work, or the work's shares, are not documented",
    "recording_unknown": "the work is known, the recording that was used is not",
    "shares_incomplete": "documented shares sum to less than 100 %",
    "shares_over": "documented shares sum to more than 100 %",
    "producer_unknown": "no producer of the recording is documented",
    "performer_unknown": "no featured performer of the recording is documented",
    "no_mandate": "the party has entrusted this right to no society we know of",
    "no_usage": "no usage was reported for the pool",
    "no_points": "the pool's usage counts no points",
    "negative_money": "more was paid back than received",
}
"""Reasons of the workbench in words; a rule book may add its own for absent groups."""


def expiry(rule: HoldsRule, reason: str, ends_on: date) -> date:
    """Return the day money held for `reason` expires, counted in months from the last day of the period.

    The last day of a month stays the last day of a month. Raises `NotFound` when the rule names neither the reason nor `*`.
    """
    months = rule.months.get(reason, rule.months.get("*"))
    if months is None:
        raise unknown("hold in the rule book", reason, rule.months, where=rule.rule)
    year, month = divmod(ends_on.year * 12 + ends_on.month - 1 + months, 12)
    last = monthrange(year, month + 1)[1]
    whole_month = ends_on.day == monthrange(ends_on.year, ends_on.month)[1]
    return date(year, month + 1, last if whole_month else min(ends_on.day, last))
