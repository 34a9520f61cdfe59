"""The law of first payments: before money first goes to a name, whom it resembles is told, and the digest is the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.distribution.a_small_book import PERIOD, open_small
from workbench.api import Workbench
from workbench.distribution import results
from workbench.distribution.first_payments import CODE, tell_first_payments


@pytest.fixture
def wb(tmp_path: Path) -> Iterator[Workbench]:
    """A small society that pays out small amounts."""
    with open_small(tmp_path / "society") as opened:
        packaged = (Path(results.__file__).parent / "data/rulebooks/default.yaml").read_text(encoding="utf-8")
        (opened.config.rules / "default.yaml").write_text(packaged.replace("KES: 500.00", "KES: 5.00"), encoding="utf-8")
        yield opened


def told(run):
    found = run.findings
    return found[found["code"] == CODE]


def test_a_payee_who_resembles_another_party_is_told_before_approval_until_somebody_tells_them_apart(wb):
    plain = wb.distribution.prepare(PERIOD)
    assert told(plain).empty
    payee = str(plain.table("balances").query("payable_micros > 0")["payee_id"].iloc[0])
    known = wb.parties.get(payee)
    twin = wb.parties.register(
        {"kind": known.kind, "name": known.name + "h", "first_name": known.first_name}, why="joins", sure="a test of the guard"
    )
    run = wb.distribution.prepare(PERIOD)
    assert told(run).empty, "whoever was told apart at the door is not asked about again"
    other = wb.parties.save({"kind": known.kind, "name": known.name + "h", "first_name": known.first_name}, why="from a file")
    run = wb.distribution.prepare(PERIOD)
    (row,) = told(run).to_dict("records")
    assert (row["source"], row["expected"].split(" ")[0]) == (payee, other.id)
    assert "% alike" in row["expected"]
    assert run.digest == plain.digest
    wb.parties.not_the_same(payee, other.id, why="brothers")
    assert told(wb.distribution.prepare(PERIOD)).empty
    assert twin.id != other.id


def test_who_was_paid_before_is_not_asked_about_again(wb):
    run = wb.distribution.prepare(PERIOD)
    balances = run.table("balances").to_dict("records")
    payee = next(row["payee_id"] for row in balances if row["payable_micros"] > 0)
    known = wb.parties.get(payee)
    wb.parties.save({"kind": known.kind, "name": known.name, "first_name": known.first_name}, why="from a file")
    with wb.book.read() as connection:
        assert [one.source for one in tell_first_payments(connection, balances)] == [payee]
    run.approve(by="second.person")
    run.seal(by="second.person", note="decision")
    with wb.book.read() as connection:
        assert tell_first_payments(connection, balances) == []
