"""Money is exact: what is split is neither made nor lost, and order never matters."""

from __future__ import annotations

import itertools
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.core.errors import WorkbenchError
from workbench.core.money import Money, allocate, format_micros, minor_digits, parse_micros, payable

amounts = st.integers(-(10**15), 10**15)
weights = st.dictionaries(st.text("abcXYZ01é", min_size=1, max_size=6), st.integers(0, 10**12), min_size=1, max_size=30).filter(
    lambda found: sum(found.values()) > 0
)


@given(amounts, weights)
def test_the_parts_sum_to_the_whole(micros: int, split: dict[str, int]) -> None:
    assert sum(allocate(micros, split).values()) == micros


@given(amounts, weights)
def test_each_part_is_within_one_micro_of_its_exact_quotient(micros: int, split: dict[str, int]) -> None:
    total = sum(split.values())
    assert all(abs(part - Fraction(micros * split[key], total)) < 1 for key, part in allocate(micros, split).items())


@given(amounts, weights)
def test_no_weight_gets_no_money(micros: int, split: dict[str, int]) -> None:
    parts = allocate(micros, split)
    assert all(parts[key] == 0 for key, weight in split.items() if weight == 0)


@given(amounts, weights, st.randoms())
def test_the_order_of_the_weights_changes_nothing(micros: int, split: dict[str, int], random: st.random.Random) -> None:  # type: ignore[name-defined]
    shuffled = list(split.items())
    random.shuffle(shuffled)
    assert allocate(micros, dict(shuffled)) == allocate(micros, split)


@given(amounts, weights)
def test_a_reversal_takes_back_exactly_what_was_given(micros: int, split: dict[str, int]) -> None:
    assert allocate(-micros, split) == {key: -part for key, part in allocate(micros, split).items()}


@given(st.integers(0, 10**15), weights)
def test_a_larger_weight_never_gets_less(micros: int, split: dict[str, int]) -> None:
    parts = allocate(micros, split)
    inorder = sorted(split, key=lambda key: split[key])
    for smaller, larger in itertools.pairwise(inorder):
        assert split[smaller] == split[larger] or parts[smaller] <= parts[larger]


def test_money_that_nobody_can_take_is_refused_not_lost() -> None:
    with pytest.raises(WorkbenchError, match="nobody can take this money"):
        allocate(1, {"a": 0})
    with pytest.raises(WorkbenchError, match="nobody can take this money"):
        allocate(1, {})
    assert allocate(0, {"a": 0}) == {"a": 0}
    with pytest.raises(WorkbenchError, match="negative weight"):
        allocate(1, {"a": 2, "b": -1})


@given(amounts, st.sampled_from(["KES", "EUR", "UGX", "JPY", "TND", "KWD"]))
def test_what_is_paid_and_what_is_carried_forward_are_what_was_owed(micros: int, currency: str) -> None:
    paid, carried = payable(micros, currency)
    unit = 10 ** (6 - minor_digits(currency))
    assert paid + carried == micros
    assert paid % unit == 0
    assert abs(carried) < unit
    assert abs(paid) <= abs(micros)


@given(amounts)
def test_an_amount_survives_being_written_and_read(micros: int) -> None:
    assert parse_micros(format_micros(micros)) == micros
    assert Money.of(Money("KES", micros).amount, "KES").micros == micros


@given(amounts, st.integers(0, 6))
def test_digits_are_never_cut_off_in_silence(micros: int, digits: int) -> None:
    if micros % 10 ** (6 - digits):
        with pytest.raises(WorkbenchError, match="more decimals"):
            format_micros(micros, digits)
    else:
        assert Decimal(format_micros(micros, digits)) == Decimal(micros).scaleb(-6)


NOT_AMOUNTS = "A . - 1. .5 +1 --1 1e5 0x10 =1+1 1_000 NaN Infinity 1E+400000 1,000.00 1.2345678 ١٢ １２ −1"


@pytest.mark.parametrize("text", [*NOT_AMOUNTS.split(" "), "", " ", "1 2", "1\n", "9" * 19])
def test_what_is_not_plain_digits_is_not_an_amount(text: str) -> None:
    with pytest.raises(WorkbenchError, match="not an amount"):
        parse_micros(text)


def test_a_binary_fraction_never_becomes_money() -> None:
    for value in (0.1, True, None):
        with pytest.raises(WorkbenchError):
            Money.of(value, "KES")  # type: ignore[arg-type]
    with pytest.raises(WorkbenchError, match="whole micros"):
        Money("KES", 0.1)  # type: ignore[arg-type]


def test_two_currencies_do_not_add() -> None:
    with pytest.raises(WorkbenchError, match="two currencies"):
        Money("KES", 1) + Money("EUR", 1)
