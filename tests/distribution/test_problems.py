"""What money waits on a work with a problem: held by sealed runs exactly, not distributed yet about."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from tests.distribution.a_small_book import PERIOD, open_small
from workbench.api import Workbench


@pytest.fixture
def wb(tmp_path: Path) -> Iterator[Workbench]:
    """A small society."""
    with open_small(tmp_path / "society") as opened:
        yield opened


def test_money_not_distributed_yet_is_spread_over_what_it_was_used_for(wb):
    found = wb.distribution.waiting_by_target()
    recordings = {target: sums["KES"] for target, sums in found.items() if target[0] == "recording"}
    assert recordings
    assert all(one.held_micros == 0 for one in recordings.values())
    in_all = sum(one.micros for target, sums in found.items() for one in sums.values() if target[0] == "recording")
    assert 0 < in_all < 3_600_000_000


def test_what_a_sealed_run_holds_of_a_work_waits_on_it_to_the_last_micro(wb):
    run = wb.distribution.prepare(PERIOD).approve(by="b.kamau").seal(by="b.kamau", note="Board decision 2025/14")
    holds = run.table("holds")
    wanted = {}
    for row in holds[holds["target_id"] != ""].to_dict("records"):
        key = (row["target_kind"], row["target_id"])
        wanted[key] = wanted.get(key, 0) + row["amount_micros"]
    found = wb.distribution.waiting_by_target()
    assert {target: sums["KES"].micros for target, sums in found.items()} == wanted
    corrected = wb.distribution.correct(run.id).approve(by="b.kamau").seal(by="b.kamau", note="Board decision 2025/15")
    assert sum(sums["KES"].micros for sums in wb.distribution.waiting_by_target().values()) == sum(
        row["amount_micros"] for row in corrected.table("holds").to_dict("records") if row["target_id"]
    )


def test_problems_come_with_the_rule_what_to_do_and_the_money_most_first(wb):
    found = wb.problems()
    assert list(found["waiting"]) == sorted(found["waiting"], reverse=True)
    assert found.iloc[0]["waiting"] > 0
    assert isinstance(found.iloc[0]["waiting"], Decimal)
    assert found["what_to_do"].str.len().min() > 0
    kimya = found[(found["id"] == "TALA-W-000003") & (found["rule"] == "no_writer")].iloc[0]
    assert (kimya["kind"], kimya["title"], kimya["distributable"]) == ("work", "Kimya", "not")
    assert kimya["waiting"] == Decimal(1200)
    assert set(found[found["distributable"] == "fully"]["waiting"]) <= {Decimal(0)}
