"""One small society computed by hand, in fractions, from the published rules alone; the run pays the same to the micro."""

from __future__ import annotations

from fractions import Fraction
from math import floor
from pathlib import Path

import pytest

from tests.distribution.a_small_book import RIGHTS, UNIT, contributor, line, match, party, report, save, share
from workbench.api import Workbench
from workbench.distribution.run import Run
from workbench.registry.agreements import AGREEMENT
from workbench.registry.licences import INVOICE, LICENCE, LICENSEE, RECEIPT
from workbench.registry.mandates import MANDATE
from workbench.registry.parties import PARTY
from workbench.registry.recordings import RECORDING
from workbench.registry.works import WORK

COMPOSER, LYRICIST, PUBLISHER, SUB, LABEL, SINGER = (f"TALA-P-{number:06d}" for number in range(1, 7))
NET, TAX = 1_000 * UNIT, 160 * UNIT
PAID = (500 * UNIT + 1, 660 * UNIT - 1)
WEIGHTS = {"performing": 2, "mechanical": 1, "neighbouring": 3}
SONG, JINGLE = Fraction(200 * 3 + 100) + Fraction(60, 4), Fraction(100, 4)
"""Points: seconds times plays, a background or a jingle a quarter."""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    wb = Workbench.create(
        tmp_path_factory.mktemp("hand") / "society",
        code="TALA", name="Tala", currency="KES", society="707", territory="404", user="a.mwangi",
    )  # fmt: skip
    people = save(wb, PARTY, [party(name) for name in ("Composer", "Lyricist", "Publisher", "Sub", "Label", "Singer")])
    assert [row["id"] for row in people] == [COMPOSER, LYRICIST, PUBLISHER, SUB, LABEL, SINGER]
    save(wb, MANDATE, [
        {"party_id": row["id"], "starts_on": "2020-01-01", "rights": [{"right": r, "territory": "2136"} for r in RIGHTS]}
        for row in people
    ])  # fmt: skip
    works = save(wb, WORK, [
        {"title": "Wimbo", "shares": [share(COMPOSER, "C", 500_000), share(PUBLISHER, "E", 500_000)]},
        {"title": "Tangazo", "shares": [share(LYRICIST, "CA", 1_000_000)]},
    ])  # fmt: skip
    save(wb, AGREEMENT, [
        {"kind": "PS", "assignor_party_id": PUBLISHER, "acquirer_party_id": SUB, "starts_on": "2020-01-01",
         "shares": [{"right": right, "share_ppm": 500_000} for right in ("performing", "mechanical")],
         "territories": [{"indicator": "I", "territory": "2136"}]},
    ])  # fmt: skip
    [recording] = save(wb, RECORDING, [
        {"title": "Wimbo", "main_artist": "Singer", "works": [{"work_id": works[0]["id"]}],
         "contributors": [contributor(LABEL, "producer", 1_000_000), contributor(SINGER, "featured")]},
    ])  # fmt: skip
    [licensee] = save(wb, LICENSEE, [{"name": "Redio"}])
    [licence] = save(wb, LICENCE, [{"licensee_id": licensee["id"], "number": "R/1", "tariff": "radio"}])
    [invoice] = save(wb, INVOICE, [
        {"licence_id": licence["id"], "period": "2025-Q3", "currency": "KES", "net_micros": NET, "tax_micros": TAX},
    ])  # fmt: skip
    save(wb, RECEIPT, [
        {"invoice_id": invoice["id"], "currency": "KES", "amount_micros": paid, "received_on": "2025-09-30"} for paid in PAID
    ])  # fmt: skip
    report(wb, licence["id"], [
        line("wimbo", "2025-07-02", 200, "feature", plays=3), line("wimbo", "2025-07-03", 100, "feature"),
        line("wimbo", "2025-07-04", 60, "background"), line("tangazo", "2025-07-05", 100, "jingle"),
    ])  # fmt: skip
    match(wb, "wimbo", "recording", recording["id"])
    match(wb, "tangazo", "work", works[1]["id"])
    return wb.distribution.prepare("2025-Q3")


def cut(amount: int, weights: dict[str, Fraction | int]) -> dict[str, int]:
    """Cut whole micros by largest remainder; no tie may decide, so that the hand needs no rule for ties."""
    exact = {name: Fraction(amount) * weight / sum(weights.values()) for name, weight in weights.items()}
    parts = {name: floor(value) for name, value in exact.items()}
    left = amount - sum(parts.values())
    order = sorted(exact, key=lambda name: parts[name] - exact[name])
    if 0 < left < len(order):
        one, other = order[left - 1], order[left]
        assert exact[one] - parts[one] != exact[other] - parts[other], "choose amounts without a tie"
    return {name: parts[name] + (name in order[:left]) for name in parts}


def by_hand() -> tuple[dict[tuple[str, str], int], dict[str, int], int]:
    """Return what each party earns by right, the deductions by right, and what is held."""
    pools = dict.fromkeys(WEIGHTS, 0)
    for paid in PAID:
        net = cut(paid, {"net": NET, "tax": TAX})["net"]
        for right, micros in cut(net, WEIGHTS).items():
            pools[right] += micros
    earned: dict[tuple[str, str], int] = {}
    deducted, held = {}, 0
    for right, gross in pools.items():
        administration = floor(gross * Fraction(15, 100))
        rest = gross - administration
        more = 0 if right == "neighbouring" else floor(rest * Fraction(75, 1000)) + floor(rest * Fraction(25, 1000))
        deducted[right] = administration + more
        targets = cut(rest - more, {"song": SONG, "jingle": JINGLE})
        if right == "neighbouring":
            halves = cut(targets["song"], {LABEL: 1, SINGER: 1})
            held += targets["jingle"]
        else:
            halves = cut(targets["song"], {COMPOSER: 2, PUBLISHER: 1, SUB: 1})
            earned[LYRICIST, right] = targets["jingle"]
        earned |= {(party_id, right): micros for party_id, micros in halves.items()}
    return earned, deducted, held


def test_every_party_earns_by_right_what_the_hand_computes_to_the_micro(run: Run) -> None:
    found: dict[tuple[str, str], int] = {}
    for row in run.table("entitlements").to_dict("records"):
        place = (row["payee_id"], row["right"])
        found[place] = found.get(place, 0) + row["amount_micros"]
    assert found == by_hand()[0]


def test_the_publisher_and_its_sub_publisher_halve_what_is_the_publishers(run: Run) -> None:
    balances = {row["payee_id"]: row["earned_micros"] for row in run.table("balances").to_dict("records")}
    assert abs(balances[PUBLISHER] - balances[SUB]) <= 2
    assert abs(balances[COMPOSER] - balances[PUBLISHER] - balances[SUB]) <= 2


def test_deductions_and_holds_are_what_the_hand_computes(run: Run) -> None:
    _, deducted, held = by_hand()
    pools = run.table("pools").to_dict("records")
    assert {row["right"]: row["deducted_micros"] for row in pools} == deducted
    assert {row["reason"]: row["amount_micros"] for row in run.table("holds").to_dict("records")} == {"recording_unknown": held}


def test_nothing_of_the_net_money_is_left_over_and_the_tax_is_no_part_of_it(run: Run) -> None:
    earned, deducted, held = by_hand()
    assert sum(earned.values()) + sum(deducted.values()) + held == NET
    assert run.table("receipts")["tax_micros"].sum() == TAX


def test_what_is_paid_is_whole_cents_and_the_rest_is_carried_forward(run: Run) -> None:
    for row in run.table("balances").to_dict("records"):
        earned = sum(micros for (payee, _), micros in by_hand()[0].items() if payee == row["payee_id"])
        payable = earned // 10_000 * 10_000 if earned >= 500 * UNIT else 0  # 500 shillings are the least that is paid
        assert (row["earned_micros"], row["payable_micros"]) == (earned, payable)
        assert row["carried_forward_micros"] == earned - payable


def test_the_rule_book_and_the_hand_mean_the_same_file(run: Run) -> None:
    assert "percent: 15" in Path(run.folder / "rulebook.yaml").read_text(encoding="utf-8")
