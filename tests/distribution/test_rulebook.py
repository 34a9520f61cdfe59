"""Rule books are dated, sourced, exact, and bear out their worked examples."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
import yaml

from workbench.core.errors import NotFound, WorkbenchError
from workbench.distribution.examples import check_examples
from workbench.distribution.ledger import to_pay
from workbench.distribution.pools import deduct, split
from workbench.distribution.rulebook import (
    PACKAGED,
    DeductionRule,
    NeighbouringRule,
    PaymentRule,
    PointsRule,
    RuleBook,
    SplitRule,
    find_rulebook,
    read_rulebook,
)

UNIT = 1_000_000
DAY = date(2025, 7, 1)


@pytest.fixture
def plain() -> dict:
    """The default rule book as plain data, to be spoilt."""
    return read_rulebook(find_rulebook("default")).plain


def reread(tmp_path: Path, plain: dict) -> RuleBook:
    file = tmp_path / "book.yaml"
    file.write_text(yaml.dump(plain), encoding="utf-8")
    return read_rulebook(file)


def rule_of(plain: dict, name: str) -> dict:
    return next(rule for rule in plain["rules"] if rule["rule"] == name)


@pytest.mark.parametrize("file", sorted(PACKAGED.glob("*.yaml")), ids=lambda file: file.stem)
def test_every_packaged_rule_bears_out_its_worked_examples_and_names_its_decision(file):
    book = read_rulebook(file)
    assert [str(finding) for finding in check_examples(book)] == []
    assert all(rule.decision and rule.examples for rule in book.rules)


@pytest.mark.parametrize(
    ("rule", "change"),
    [
        ("split-broadcast", {"weights": {"performing": 2, "mechanical": 1, "neighbouring": 4}}),
        ("deductions-authors", {"steps": [{"name": "administration", "percent": "15.0001", "stage": "1"}]}),
        ("points-broadcast", {"minimum_seconds": "4"}),
        (
            "usage-states",
            {"states": {"matched": "pay", "doubtful": "leave_out", "unmatched": "hold", "not_in_repertoire": "leave_out"}},
        ),
        ("work-shares", {"missing": "normalise"}),
        ("work-shares", {"tolerance_percent": "0"}),
        ("holds", {"months": {"*": "35"}}),
        ("payment", {"minimum": {"*": "4.99"}}),
    ],
)
def test_a_changed_rule_is_caught_by_its_own_example(tmp_path, plain, rule, change):
    rule_of(plain, rule).update(change)
    findings = check_examples(reread(tmp_path, plain))
    assert findings
    assert {finding.source for finding in findings} == {f"default: rule {rule}"}


def test_an_unknown_key_is_refused_with_the_nearest_name_and_its_rule(tmp_path, plain):
    rule_of(plain, "points-broadcast")["defualt_seconds"] = "180"
    with pytest.raises(NotFound, match=r"defualt_seconds \(book.yaml: rule points-broadcast.*Did you mean default_seconds"):
        reread(tmp_path, plain)


@pytest.mark.parametrize(
    ("rule", "key", "value", "said"),
    [
        ("split-broadcast", "weights", {"performing": "0"}, "above zero"),
        ("split-broadcast", "weights", {"performing": "-1"}, "greater than or equal to 0"),
        ("split-broadcast", "weights", {"sync": "1"}, "performing"),
        ("deductions-authors", "decision", "", "at least 1 character"),
        ("deductions-authors", "valid_from", "2025-13-01", "month"),
        ("deductions-authors", "steps", [{"name": "a", "percent": "101", "stage": "1"}], "not a share"),
        ("deductions-authors", "steps", [{"name": "a", "percent": p, "stage": "1"} for p in ("60", "50")], "more than 100"),
        ("points-broadcast", "uses", {"feature": "0.0001"}, "three decimals"),
        ("points-broadcast", "other_use", "NaN", "not an amount"),
        ("points-broadcast", "examples", [], "at least 1 item"),
        ("neighbouring-halves", "groups", [], "sum to 100"),
        ("payment", "minimum", {"EUR": "1"}, "any other currency"),
        ("usage-states", "states", {"matched": "pay"}, "every state"),
    ],
)
def test_a_wrong_value_is_refused_naming_the_rule(tmp_path, plain, rule, key, value, said):
    rule_of(plain, rule)[key] = value
    with pytest.raises(WorkbenchError, match=f"(?s)(?=.*{said})(?=.*rule {rule})"):
        reread(tmp_path, plain)


def test_a_rule_named_twice_and_a_key_written_twice_are_refused(tmp_path, plain):
    plain["rules"].append(plain["rules"][0])
    with pytest.raises(WorkbenchError, match="named twice: split-live"):
        reread(tmp_path, plain)
    file = tmp_path / "twice.yaml"
    file.write_text("name: a\nname: b\n")
    with pytest.raises(WorkbenchError, match="'name' is written twice"):
        read_rulebook(file)


@pytest.mark.parametrize("content", ["- [", "\xff\xfe", "!!python/object:os.system {}", "just text", ""])
def test_a_file_that_is_no_rule_book_is_refused(tmp_path, content):
    file = tmp_path / "odd.yaml"
    file.write_bytes(content.encode("latin-1"))
    with pytest.raises(WorkbenchError, match="rule book"):
        read_rulebook(file)


def test_comments_do_not_change_the_digest_and_a_digit_does(tmp_path):
    text = find_rulebook("default").read_text()
    file = tmp_path / "default.yaml"
    file.write_text("# by decision of today\n" + text)
    packaged = read_rulebook(find_rulebook("default"))
    assert read_rulebook(file).digest == packaged.digest
    file.write_text(text.replace("7.5", "7.50", 1))
    assert read_rulebook(file).digest != packaged.digest


def test_percentages_are_read_as_written_and_never_as_binary_fractions():
    [rule] = [r for r in read_rulebook(find_rulebook("published")).rules if r.rule == "suisa-song"]
    assert rule.examples[0].shares == {"composer": 333_400, "lyricist": 333_300, "publisher": 333_300}


def test_a_rule_applies_from_its_first_day_to_its_last(tmp_path, plain):
    old = rule_of(plain, "deductions-neighbouring")
    plain["rules"].insert(0, {**old, "rule": "old", "valid_to": "2025-06-30"})
    book = reread(tmp_path, plain)
    assert book.find(DeductionRule, "radio", date(2025, 6, 30), "neighbouring").rule == "old"
    assert book.find(DeductionRule, "radio", date(2025, 7, 1), "neighbouring").rule == "deductions-neighbouring"
    with pytest.raises(NotFound, match=r"no split rule here: got tariff 'radio' on 1999-12-31"):
        book.find(SplitRule, "radio", date(1999, 12, 31))


def test_the_tariff_decides_which_rule_applies():
    book = read_rulebook(find_rulebook("default"))
    assert [book.find(SplitRule, tariff, DAY).rule for tariff in ("concert", "radio", "tv-live")] == [
        "split-live", "split-broadcast", "split-live",
    ]  # fmt: skip
    assert [book.find(PointsRule, tariff, DAY).basis for tariff in ("streaming", "radio")] == ["per_play", "per_second"]


def test_published_figures_come_out_to_the_cent():
    book = read_rulebook(find_rulebook("published"))
    concert = deduct(3_000 * UNIT, book.find(DeductionRule, "concert", DAY))
    assert 3_000 * UNIT - sum(step.amount_micros for step in concert) == 2_295 * UNIT
    single = deduct(2_000 * UNIT, book.find(DeductionRule, "sacem-single", DAY))
    assert 2_000 * UNIT - sum(step.amount_micros for step in single) == 1_589_500_000
    assert split(300 * UNIT, book.find(SplitRule, "gema-broadcast", DAY)) == {"performing": 200 * UNIT, "mechanical": 100 * UNIT}
    assert [group.percent for group in book.find(NeighbouringRule, "us-digital", DAY).groups] == [500_000, 450_000, 50_000]


def test_deductions_never_take_more_than_there_is_and_leave_fractions_in_the_pool():
    rule = read_rulebook(find_rulebook("default")).find(DeductionRule, "radio", DAY, "performing")
    assert [step.amount_micros for step in deduct(7, rule)] == [1, 0, 0]
    assert [step.amount_micros for step in deduct(0, rule)] == [0, 0, 0]


def test_nothing_is_paid_below_the_minimum_or_to_a_debtor():
    rule = read_rulebook(find_rulebook("default")).find(PaymentRule, "", DAY)
    assert to_pay(5 * UNIT, "EUR", rule) == (5 * UNIT, 0)
    assert to_pay(5 * UNIT - 1, "EUR", rule) == (0, 5 * UNIT - 1)
    assert to_pay(-9 * UNIT, "EUR", rule) == (0, -9 * UNIT)
    assert to_pay(20_000 * UNIT + 999_999, "UGX", rule) == (20_000 * UNIT, 999_999)
