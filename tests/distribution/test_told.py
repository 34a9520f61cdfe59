"""A run tells what holds money: who or what, how much, what to do; the largest amount first."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

import pytest

from tests.distribution.a_small_book import PERIOD, UNIT, bill, open_small
from workbench.distribution.holds import REASONS
from workbench.distribution.told import MOST, TO_DO, tell_holds


@pytest.fixture
def run(tmp_path):
    wb = open_small(tmp_path / "society")
    silent = wb.licences.add_licence("TALA-L-000001", tariff="radio", number="R/2", parameters={}, why="a licence")
    bill(wb, silent.id, 50 * UNIT)
    return wb.distribution.prepare(PERIOD)


def test_every_reason_says_what_to_do():
    assert TO_DO.keys() == REASONS.keys()


def test_findings_tell_all_that_is_held_and_nothing_else(run):
    told = Counter()
    for row in run.findings.to_dict("records"):
        told[row["code"]] += row["amount"]
    held = Counter()
    for row in run.table("holds").to_dict("records"):
        held[row["reason"]] += row["amount"]
    assert told == held


def test_findings_are_ordered_by_money(run):
    assert list(run.findings["amount"]) == sorted(run.findings["amount"], reverse=True)


@pytest.mark.parametrize(
    ("code", "source", "words"),
    [
        ("work_undocumented", "TALA-W-000003", "918.000000 KES held of Kimya"),
        ("shares_incomplete", "TALA-W-000002", "held of Bahari in 2 pools"),
        ("producer_unknown", "TALA-R-000003", "held of Pekee"),
        ("performer_unknown", "TALA-R-000003", "held of Pekee"),
        ("no_mandate", "TALA-P-000006", "held of Baraka"),
        ("no_usage", "TALA-C-000003", "KES held in 3 pools"),
        ("unmatched", "TALA-C-000001", "KES held in 3 pools"),
        ("doubtful", "TALA-C-000001", "KES held in 3 pools"),
    ],
)
def test_each_gap_is_told_with_whom_it_concerns_the_money_and_what_to_do(run, code, source, words):
    found = [row for row in run.findings.to_dict("records") if (row["code"], row["source"]) == (code, source)]
    assert len(found) == 1
    assert words in found[0]["got"]
    assert found[0]["what_to_do"] == TO_DO[code]
    assert found[0]["amount"] > Decimal(0)


def test_a_thousand_gaps_are_a_hundred_lines_and_one_that_adds_up_the_rest():
    holds = [
        {"pool_id": "p", "right": "performing", "reason": "work_undocumented", "target_id": f"W{number}", "party_id": "",
         "currency": "KES", "amount_micros": number}
        for number in range(1, 1001)
    ]  # fmt: skip
    told = tell_holds(holds, {}, {"p": "C1"})
    assert len(told) == MOST + 1
    assert sum(each.micros for each in told) == sum(range(1, 1001))
    assert told[0].finding.got.endswith("held of 900 more")
    assert told[1].finding.source == "W1000"
