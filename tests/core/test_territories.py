"""The laws of territories."""

import csv
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.core.errors import NotFound, WorkbenchError
from workbench.core.territories import Membership, Territories, Territory, standard_territories

TODAY = date(2025, 7, 1)
WORLD = standard_territories()


def test_the_world_has_201_countries_today():
    assert len(WORLD.resolve([("+", "2136")], TODAY)) == 201


def test_the_united_kingdom_leaves_the_european_union_after_its_last_day():
    assert WORLD.contains("2123", "826", date(2020, 1, 31))
    assert not WORLD.contains("2123", "826", date(2020, 2, 1))
    assert not WORLD.contains("2121", "826", date(2020, 2, 1))


def test_signs_apply_in_order():
    france = WORLD.resolve([("+", "2123"), ("-", "250")], TODAY)
    assert "250" not in france
    assert "276" in france
    assert "250" in WORLD.resolve([("+", "2123"), ("-", "250"), ("+", "250")], TODAY)
    assert WORLD.resolve([("I", "2123"), ("E", "250")], TODAY) == france


def test_an_empty_area_and_one_that_begins_by_leaving_out_start_from_the_world():
    assert WORLD.resolve([], TODAY) == WORLD.resolve([("+", "2136")], TODAY)
    assert WORLD.resolve([("-", "840")], TODAY) == WORLD.resolve([("+", "2136")], TODAY) - {"840"}


def test_a_country_lies_in_several_groups():
    assert all(WORLD.contains(group, "404", TODAY) for group in ("2100", "2114", "2115", "2136"))


def test_a_country_of_the_past_resolves_in_its_time_only():
    assert WORLD.resolve([("+", "200")], date(1992, 12, 31)) == {"200"}
    assert WORLD.resolve([("+", "200")], date(1993, 1, 1)) == frozenset()
    assert not WORLD.contains("2136", "200", TODAY)
    assert "728" not in WORLD.resolve([("+", "2100")], date(2011, 7, 8))
    assert "728" in WORLD.resolve([("+", "2100")], date(2011, 7, 9))


def test_a_name_is_as_of_a_day():
    assert WORLD.name("104", date(1980, 1, 1)) == "Burma"
    assert WORLD.name("104") == "Myanmar"
    assert WORLD.name("2123", date(1990, 1, 1)) == "European Economic Community"


@pytest.mark.parametrize(
    ("wrong", "hint"), [("0404", "404 (Kenya)"), ("KE", "404 (Kenya)"), ("Kenia", "404 (Kenya)"), ("2139", "213")]
)
def test_an_unknown_code_suggests_the_nearest(wrong, hint):
    with pytest.raises(NotFound) as error:
        WORLD.name(wrong)
    assert hint in error.value.next_step


def test_an_unknown_sign_is_refused():
    with pytest.raises(WorkbenchError, match="not a territory sign"):
        WORLD.resolve([("*", "2136")], TODAY)


def test_a_cycle_between_groups_ends():
    places = [
        Territory(code, "", kind, code, "", "") for code, kind in (("1", "country"), ("8", "political"), ("9", "political"))
    ]
    ring = [Membership("8", "9", "", ""), Membership("9", "8", "", ""), Membership("9", "1", "", "")]
    assert Territories(places, ring).resolve([("+", "8")], TODAY) == {"1"}


@given(st.sampled_from(WORLD.codes()), st.dates(date(1900, 1, 1), date(2100, 1, 1)))
def test_no_group_reaches_outside_the_world_of_its_day_but_for_lone_countries(code, day):
    found = WORLD.resolve([("+", code)], day)
    assert all(WORLD.is_country(country) for country in found)
    if not WORLD.is_country(code):
        assert WORLD.resolve([("+", code), ("-", code)], day) == frozenset()


def test_our_tables_say_what_the_published_ones_say(shared_folder):
    """Each published edge holds on its first and its last day in our graph, and not outside them."""
    with (shared_folder / "codes" / "tis_hierarchy.csv").open(encoding="utf-8") as file:
        edges = list(csv.DictReader(file))
    countries = [row for row in edges if WORLD.is_country(row["child_tis_n"])]
    assert len(edges) == 433
    for row in countries:
        last = min(row["valid_until"], "2025-07-01")
        if any(one.exists_on(date.fromisoformat(last)) for one in WORLD.require(row["child_tis_n"])):
            assert WORLD.contains(row["parent_tis_n"], row["child_tis_n"], date.fromisoformat(last)), row
