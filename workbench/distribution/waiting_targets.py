"""What money waits on each work and recording: held by sealed runs, and received but not distributed yet.

Held money is exact: the holds of sealed runs that no later run corrects, by what they are held of. Undistributed money is an
estimate for ordering work, never an amount owed: the receipts of an invoice that no sealed run has taken, net of tax, spread over
the usage reported for its licence and period by plays times seconds, to what that usage is matched to. A recording's part counts
for the works it embodies too: their authors wait for the same use.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, case, func, select

from ..core.periods import Period
from ..matching.matches import usage_match
from ..matching.stakes import USUAL_SECONDS
from ..matching.usage import usage, usage_batch
from ..registry.licences import invoice, receipt
from ..registry.recordings import recording_work
from .freeze import run_receipt, tax_within
from .results import read_dicts, table

Target = tuple[str, str]
"""(`work` or `recording`, identifier)."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Micros that wait on one target in one currency."""

    held_micros: int = 0
    undistributed_micros: int = 0

    @property
    def micros(self) -> int:
        """Both together."""
        return self.held_micros + self.undistributed_micros


def waiting_by_target(connection: Connection, sealed: Iterable[Path]) -> dict[Target, dict[str, Waiting]]:
    """Return what waits on each work and recording by currency; `sealed` are the folders of the sealed runs that stand."""
    held = held_by_target(sealed)
    undistributed = undistributed_by_target(connection)
    return {
        target: {
            currency: Waiting(held.get(target, {}).get(currency, 0), undistributed.get(target, {}).get(currency, 0))
            for currency in sorted({*held.get(target, {}), *undistributed.get(target, {})})
        }
        for target in sorted({*held, *undistributed})
    }


def held_by_target(sealed: Iterable[Path]) -> dict[Target, dict[str, int]]:
    """Return the micros that runs hold of each target by currency; what reached no target is left out."""
    found: dict[Target, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for folder in sealed:
        for row in read_dicts(folder / "results", table("holds")):
            if row["target_id"]:
                found[row["target_kind"], row["target_id"]][row["currency"]] += int(row["amount_micros"])
    return {target: dict(sums) for target, sums in found.items()}


def undistributed_by_target(connection: Connection) -> dict[Target, dict[str, int]]:
    """Return about how many micros of receipts that no sealed run took hang on each target, by currency."""
    found: dict[Target, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    batches = connection.execute(select(usage_batch.c.id, usage_batch.c.licence_id, usage_batch.c.period)).all()
    for (licence_id, text), sums in _receipts(connection).items():
        invoiced = Period.parse(text)
        ids = [row.id for row in batches if row.licence_id == licence_id and _within(Period.parse(row.period), invoiced)]
        weights = _weights(connection, ids)
        whole = sum(weights.values())
        for target, weight in weights.items():
            for currency, micros in sums.items():
                if target is not None and micros:
                    found[target][currency] += micros * weight // whole
    embodied = _embodied(connection, [one for kind, one in found if kind == "recording"])
    for recording_id, works in embodied.items():
        for work_id in works:
            for currency, micros in found["recording", recording_id].items():
                found["work", work_id][currency] += micros
    return {target: dict(sums) for target, sums in found.items()}


def _receipts(connection: Connection) -> Mapping[tuple[str, str], Mapping[str, int]]:
    """Net micros not distributed, by (licence, invoice period) and currency."""
    query = (
        select(
            invoice.c.licence_id, invoice.c.period, receipt.c.currency, receipt.c.amount_micros, invoice.c.net_micros,
            invoice.c.tax_micros,
        )
        .join(invoice, invoice.c.id == receipt.c.invoice_id)
        .outerjoin(run_receipt, run_receipt.c.receipt_id == receipt.c.id)
        .where(run_receipt.c.run_id.is_(None), receipt.c.status != "deleted")
    )  # fmt: skip
    found: dict[tuple[str, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in connection.execute(query):
        net = row.amount_micros - tax_within(row.amount_micros, row.net_micros, row.tax_micros)
        found[row.licence_id, row.period][row.currency] += net
    return found


def _weights(connection: Connection, batches: list[str]) -> dict[Target | None, int]:
    """Plays times seconds of the usage of some batches, by what it is matched to; None for what is matched to nothing."""
    if not batches:
        return {}
    known = case((usage.c.duration_seconds > 0, usage.c.duration_seconds), else_=USUAL_SECONDS)
    query = (
        select(usage_match.c.state, usage_match.c.target_kind, usage_match.c.target_id, func.sum(known * usage.c.plays))
        .select_from(usage)
        .outerjoin(usage_match, usage_match.c.key == usage.c.key)
        .where(usage.c.batch_id.in_(batches), usage.c.state != "quarantined")
        .group_by(usage_match.c.state, usage_match.c.target_kind, usage_match.c.target_id)
    )
    found: dict[Target | None, int] = defaultdict(int)
    for state, kind, target_id, weight in connection.execute(query):
        found[(kind, target_id) if state == "matched" and target_id else None] += int(weight or 0)
    return found


def _embodied(connection: Connection, recordings: list[str]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for start in range(0, len(recordings), 500):
        query = select(recording_work.c.owner_id, recording_work.c.work_id)
        for row in connection.execute(query.where(recording_work.c.owner_id.in_(recordings[start : start + 500]))):
            found[row.owner_id].add(row.work_id)
    return found


def _within(inner: Period, outer: Period) -> bool:
    return outer.starts_on <= inner.starts_on and inner.ends_on <= outer.ends_on
