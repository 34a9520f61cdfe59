"""Every check digit against published good and bad examples."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.core import identifiers
from workbench.core.errors import WorkbenchError

GOOD = [
    ("ipi_name_number", "00014107338", "00014107338"),
    ("ipi_name_number", "45620792", "00045620792"),
    ("ipi_name_number", "00052210040", "00052210040"),
    ("ipi_name_number", "00334284961", "00334284961"),
    ("ipi_name_number", "00282430576", "00282430576"),
    ("ipi_name_number", "00000000199", "00000000199"),
    ("ipi_name_number", "90000000600", "90000000600"),  # remainder 1 would be check 100: written 00
    ("ipi_base_number", "I-000000229-7", "I-000000229-7"),
    ("ipi_base_number", "I0010681306", "I-001068130-6"),
    ("iswc", "T-034.524.680-1", "T-034.524.680-1"),
    ("iswc", "T-010.171.314-7", "T-010.171.314-7"),
    ("iswc", "T-010.154.505-4", "T-010.154.505-4"),
    ("iswc", "T9110536293", "T-911.053.629-3"),
    ("isrc", "USRC17607839", "USRC17607839"),
    ("isrc", "us-ls5-08-05403", "USLS50805403"),
    ("isni", "0000 0001 2146 5438", "0000000121465438"),
    ("isni", "000000012146438X", "000000012146438X"),
    ("ipn", "00012345", "00012345"),
    ("isan", "0000-0001-8947-0000-8-0000-0000-D", "0000-0001-8947-0000-8-0000-0000-D"),
    ("isan", "ISAN 0000 0001 8947 0000 8", "0000-0001-8947-0000-8"),
    ("eidr", "10.5240/7791-8534-2C23-9030-8610-5", "10.5240/7791-8534-2C23-9030-8610-5"),
    ("eidr", "10.5240/f85a-e100-b068-5b8f-b1c8-t", "10.5240/F85A-E100-B068-5B8F-B1C8-T"),
    ("gtin", "4006381333931", "4006381333931"),
    ("gtin", "036000291452", "0036000291452"),
]
BAD = [
    ("ipi_name_number", "00074424597"),
    ("ipi_name_number", "04590782614"),
    ("ipi_name_number", "٠٠٠١٤١٠٧٣٣٨"),
    ("ipi_base_number", "I-000000229-8"),
    ("iswc", "T-070.116.274-5"),
    ("iswc", "034.524.680-1"),
    ("isrc", "USRC1760783"),
    ("isrc", "1SRC17607839"),
    ("isni", "0000 0001 2146 5439"),
    ("isni", "00000001214643XX"),
    ("ipn", "A12"),
    ("isan", "0000-0001-8947-0000-9"),
    ("isan", "0000-0001-8947-0000-8-0000-0000-E"),
    ("eidr", "10.5240/7791-8534-2C23-9030-8610-6"),
    ("eidr", "10.1000/7791-8534-2C23-9030-8610-5"),
    ("gtin", "4006381333932"),
    ("gtin", "40063813"),
]


@pytest.mark.parametrize(("kind", "written", "stored"), GOOD)
def test_a_good_identifier_gets_its_stored_spelling(kind, written, stored):
    assert identifiers.RULES[kind](written) == stored


@pytest.mark.parametrize(("kind", "written"), BAD)
def test_a_bad_identifier_is_refused_with_the_rule_it_breaks(kind, written):
    with pytest.raises(WorkbenchError) as error:
        identifiers.RULES[kind](written)
    assert error.value.expected


@pytest.mark.parametrize("kind", ["ipi_name_number", "ipi_base_number", "iswc", "isni"])
def test_of_all_check_digits_exactly_one_passes(kind):
    for good in (stored for name, _, stored in GOOD if name == kind):
        passing = [end for end in "0123456789X" if _passes(kind, good[:-1] + end)]
        assert passing == [good[-1]]


@given(st.integers(0, 999_999_999))
def test_a_made_iswc_passes_its_own_check(number):
    made = identifiers.make_iswc(number)
    assert identifiers.iswc(made) == made


def _passes(kind, text):
    try:
        identifiers.RULES[kind](text)
    except WorkbenchError:
        return False
    return True
