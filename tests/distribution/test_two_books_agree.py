"""The tariff book says whom a licence pays, the rule book divides what was paid: the two packaged ones say the same."""

from __future__ import annotations

from fractions import Fraction

import pytest

from workbench.distribution.rulebook import SplitRule, find_rulebook, read_rulebook
from workbench.registry.tariffs import Tariff, read_tariffs

RULES = read_rulebook(find_rulebook("default"))


@pytest.mark.parametrize("tariff", read_tariffs().tariffs, ids=lambda tariff: f"{tariff.name} {tariff.starts_on}")
def test_a_tariff_and_its_split_divide_authors_from_neighbouring_alike(tariff: Tariff) -> None:
    weights = RULES.find(SplitRule, tariff.name, tariff.starts_on).weights
    neighbouring = Fraction(weights.get("neighbouring", 0), sum(weights.values()))
    assert neighbouring == Fraction(tariff.neighbouring_ppm, tariff.authors_ppm + tariff.neighbouring_ppm)
