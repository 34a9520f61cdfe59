"""What a run takes from the register: shares in force at its end in the society's territory, nothing of what is gone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.distribution.a_small_book import PERIOD, open_small
from workbench.api import Workbench
from workbench.core import documents
from workbench.registry.works import WORK

MALAIKA = "TALA-W-000001"


@pytest.fixture
def wb(tmp_path: Path) -> Iterator[Workbench]:
    """A small society."""
    with open_small(tmp_path / "society") as opened:
        yield opened


def owners(run, work_id: str = MALAIKA) -> set[str]:
    rows = run.table("entitlements").to_dict("records")
    return {row["owner_party_id"] for row in rows if row["target_id"] == work_id}


def held(run, work_id: str = MALAIKA) -> set[str]:
    return {row["reason"] for row in run.table("holds").to_dict("records") if row["target_id"] == work_id}


def reshared(wb: Workbench, **changes) -> None:
    shares = [{**row} for row in wb.works.part_frame("shares").query("id == @MALAIKA").to_dict("records")]
    rows = [{name: value for name, value in row.items() if name not in ("id", "position")} for row in shares]
    rows[0] |= changes
    wb.works.change(MALAIKA, shares=rows, why="the contract")


def test_only_shares_in_force_on_the_last_day_of_the_period_are_distributed(wb):
    first = "TALA-P-000001"
    assert first in owners(wb.distribution.prepare(PERIOD))
    reshared(wb, ends_on="2025-09-29")
    run = wb.distribution.prepare(PERIOD)
    assert first not in owners(run)
    assert "shares_incomplete" in held(run)
    reshared(wb, ends_on="2025-09-30")
    assert first in owners(wb.distribution.prepare(PERIOD))


def test_a_share_for_another_territory_is_not_distributed_here(wb):
    reshared(wb, territory="578")
    assert "TALA-P-000001" not in owners(wb.distribution.prepare(PERIOD))
    reshared(wb, territory="2100")
    assert "TALA-P-000001" in owners(wb.distribution.prepare(PERIOD))


def test_the_money_of_a_deleted_work_is_held_and_told(wb):
    with wb.office.change("it never existed") as change:
        documents.save(change, WORK, {**documents.load(change.connection, WORK, MALAIKA), "status": "deleted"})
    run = wb.distribution.prepare(PERIOD)
    assert owners(run) == set()
    assert held(run) == {"work_undocumented"}
    assert "work_gone" in set(run.findings["code"])


def test_a_recording_of_a_merged_work_pays_the_survivor(wb):
    with wb.office.change("the same song") as change:
        gone = documents.load(change.connection, WORK, MALAIKA)
        [kept] = documents.save_many(change, WORK, [{**gone, "id": "", "title": "Malaika (kept)"}])
        documents.save(change, WORK, {**gone, "status": "merged", "merged_into_id": kept["id"]})
    run = wb.distribution.prepare(PERIOD)
    assert "TALA-P-000001" in owners(run, kept["id"])
    assert run.summary()["conserved"].all()
