"""The worked examples of a rule book, run against the very functions a distribution uses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ..core.errors import Finding, WorkbenchError
from ..core.money import allocate, format_micros
from ..core.shares import parse_percent
from .entitlement import Owned, owned_of_recording, owned_of_work
from .holds import expiry
from .ledger import to_pay
from .points import points_of
from .pools import deduct, split
from .rulebook import (
    DeductionRule,
    HoldsRule,
    NeighbouringRule,
    PaymentRule,
    PointsRule,
    RuleBook,
    SplitRule,
    UsageRule,
    WorkSharesRule,
)

Comparison = tuple[Any, Any]
"""(got, expected)"""


def check_examples(book: RuleBook) -> list[Finding]:
    """Run every worked example of a rule book; a finding for each that the rule does not bear out."""
    findings = []
    for rule in book.rules:
        for number, (got, expected) in enumerate(_RUNNERS[type(rule)](rule), start=1):
            if got != expected:
                findings.append(
                    Finding(
                        "record", "worked_example", "a rule contradicts its worked example", field=f"example {number}",
                        got=_shown(got), expected=_shown(expected), source=f"{book.name}: rule {rule.rule}",
                        what_to_do="Correct the rule or its example, by board decision.",
                    )
                )  # fmt: skip
    return findings


def require_examples(book: RuleBook) -> None:
    """Raise `WorkbenchError` naming the first rule that contradicts its worked example."""
    findings = check_examples(book)
    if findings:
        first = findings[0]
        raise WorkbenchError(
            first.message,
            got=first.got,
            expected=first.expected,
            where=f"{first.source}, {first.field}",
            next_step=first.what_to_do,
        )


def _split(rule: SplitRule) -> Iterator[Comparison]:
    for example in rule.examples:
        yield split(example.received, rule), dict(example.pools)


def _deductions(rule: DeductionRule) -> Iterator[Comparison]:
    for example in rule.examples:
        made = {step.name: step.amount_micros for step in deduct(example.received, rule)}
        yield (made, example.received - sum(made.values())), (example.deductions, example.rest)


def _points(rule: PointsRule) -> Iterator[Comparison]:
    for one in rule.examples:
        got = points_of(rule, seconds=one.seconds, documented_seconds=one.documented_seconds, plays=one.plays, use=one.use)
        yield got, one.points


def _usage(rule: UsageRule) -> Iterator[Comparison]:
    for example in rule.examples:
        yield {**rule.states}.get(example.state), example.becomes  # type: ignore[call-overload]  # an example may name any state


def _work_shares(rule: WorkSharesRule) -> Iterator[Comparison]:
    for example in rule.examples:
        rows = [{"party_id": party, "role": "C", "performing_ppm": ppm} for party, ppm in example.shares.items()]
        parts, held = _money(owned_of_work(rows, "performing", rule), example.amount)
        expected = {example.reason: example.held} if example.held else {}
        yield (parts, held), (dict(example.parts), expected)


def _neighbouring(rule: NeighbouringRule) -> Iterator[Comparison]:
    for example in rule.examples:
        rows = []
        for party, said in example.contributors.items():
            role, _, share = said.partition(" ")
            rows.append({"party_id": party, "role": role, "share_ppm": parse_percent(share) if share else 0})
        parts, held = _money(owned_of_recording(rows, rule), example.amount)
        yield (parts, held), (dict(example.parts), dict(example.held))


def _holds(rule: HoldsRule) -> Iterator[Comparison]:
    for example in rule.examples:
        yield expiry(rule, example.reason, example.ends_on), example.expires_on


def _payment(rule: PaymentRule) -> Iterator[Comparison]:
    for one in rule.examples:
        yield to_pay(one.earned, one.currency, rule), (one.payable, one.carried_forward)


def _money(owned: Owned, micros: int) -> tuple[dict[str, int], dict[str, int]]:
    """Return the micros per party and per reason; an owner in two roles gets both."""
    weights = {f"{share.party_id}|{number:04d}": share.share_ppm for number, share in enumerate(owned.shares)}
    weights |= {f"~{reason}": ppt for reason, ppt in owned.held.items()}
    parts: dict[str, int] = {}
    held: dict[str, int] = {}
    for key, amount in allocate(micros, weights).items():
        into, name = (held, key[1:]) if key.startswith("~") else (parts, key.split("|")[0])
        into[name] = into.get(name, 0) + amount
    return parts, held


def _shown(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int):
        if isinstance(value, dict):
            return ", ".join(f"{key} {_shown(value[key])}" for key in sorted(value)) or "nothing"
        return ", ".join(_shown(item) for item in value) if isinstance(value, tuple) else str(value)
    return format_micros(value)


_RUNNERS: dict[type, Callable[[Any], Iterator[Comparison]]] = {
    SplitRule: _split,
    DeductionRule: _deductions,
    PointsRule: _points,
    UsageRule: _usage,
    WorkSharesRule: _work_shares,
    NeighbouringRule: _neighbouring,
    HoldsRule: _holds,
    PaymentRule: _payment,
}
