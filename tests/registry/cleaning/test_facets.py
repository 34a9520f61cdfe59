"""Facets count every row once, live under the filters chosen elsewhere."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from tests.registry.cleaning.tables import SONGS, bench_of
from workbench.core.errors import NotFound, WorkbenchError
from workbench.registry.cleaning import FACETS, FILTERS, OWN_FILTER, Facet

OF_ROWS = ("flag", "removed")
FILTERED: list[list[dict[str, Any]]] = [
    [],
    [{"column": "country", "kind": "value", "values": ["KE"]}],
    [{"column": "year", "kind": "number_range", "low": "1990", "high": "1999"}],
    [{"column": "title", "kind": "contains", "text": "TAA"}, {"column": "writer", "kind": "blank", "not": True}],
    [{"column": "country", "kind": "value", "values": ["nowhere"]}],
]


def counted(facet: Facet) -> int:
    return sum(value.count for value in facet.values) + facet.more_rows + facet.blank + facet.error


@pytest.mark.parametrize("filters", FILTERED)
@pytest.mark.parametrize("kind", [kind for kind in FACETS if kind not in OF_ROWS])
@pytest.mark.parametrize("column", SONGS)
@pytest.mark.parametrize("limit", [1, 100])
def test_the_counts_of_a_facet_sum_to_the_rows(kind: str, column: str, filters: list[dict[str, Any]], limit: int) -> None:
    facet = bench_of().facet(column, kind, filters, limit=limit)
    assert counted(facet) == facet.rows


def test_each_value_counts_the_rows_that_choosing_it_gives() -> None:
    bench = bench_of()
    chosen = {"column": "year", "kind": "number_range", "low": "1990", "high": "2005"}
    for value in bench.facet("country", filters=[chosen]).values:
        there = bench.rows(filters=[chosen, {"column": "country", "kind": "value", "values": [value.value]}])
        assert there.total == value.count


@pytest.mark.parametrize(("column", "kind"), [("year", "number"), ("released", "date"), ("title", "length")])
def test_each_range_counts_the_rows_that_choosing_it_gives(column: str, kind: str) -> None:
    bench = bench_of()
    for value in bench.facet(column, kind).values:
        chosen = {"column": column, "kind": OWN_FILTER[kind], "low": value.low, "high": value.high}
        assert bench.rows(filters=[chosen]).total == value.count, value


def test_a_facet_counts_under_all_filters_but_its_own() -> None:
    own = {"column": "country", "kind": "value", "values": ["KE"]}
    facet = bench_of().facet("country", filters=[own])
    assert [(value.value, value.count, value.selected) for value in facet.values] == [
        ("KE", 3, True),
        ("TZ", 2, False),
        ("NO", 1, False),
        ("RU", 1, False),
    ]


def test_what_is_no_number_is_counted_as_error_and_what_is_empty_as_blank() -> None:
    facet = bench_of().facet("year", "number")
    assert (facet.low, facet.high, facet.blank, facet.error) == ("1950", "2010", 1, 1)


def test_many_numbers_are_put_into_at_most_twenty_ranges_that_do_not_overlap() -> None:
    facet = bench_of({"n": [str(n * n) for n in range(-40, 500)]}).facet("n", "number")
    ends = [(float(value.low), float(value.high)) for value in facet.values]
    assert len(ends) <= 20
    assert all(low <= high for low, high in ends)
    assert all(before[1] < after[0] for before, after in pairwise(ends))
    assert counted(facet) == 540


def test_dates_are_counted_by_year_or_month_however_they_are_written() -> None:
    facet = bench_of().facet("released", "date")
    assert [(value.label, value.count) for value in facet.values] == [("1998", 3), ("2001", 2)]
    assert (facet.blank, facet.error) == (1, 2)


def test_scripts_are_told_by_letters() -> None:
    facet = bench_of().facet("title", "script")
    assert {value.value: value.count for value in facet.values} == {"Latin": 6, "Cyrillic": 1}


def test_faults_are_said_in_words() -> None:
    bench = bench_of({"t": ["ok", " two", "Beyonc\ufffd", "a\x00b", "e\u0301", "BeyoncÃ©", "re\u202eversed"]})
    said = {value.value for value in bench.facet("t", "error").values}
    assert said == {
        "spaces at an end or doubled",
        "a character was lost",
        "a control character",
        "accents apart from their letters",
        "letters garbled by a wrong encoding",
        "an invisible character",
    }


def test_a_search_in_a_facet_lists_what_it_finds_and_counts_the_rest_as_more() -> None:
    facet = bench_of().facet("title", search="PWÁNI")
    assert [value.value for value in facet.values] == [" taa  ya pwani", "TAA YA PWANI", "Taa ya Pwani"]
    assert counted(facet) == 8


def test_removed_and_flagged_rows_have_facets_of_their_own() -> None:
    bench = bench_of()
    bench.apply({"op": "flag_rows", "flag": "ask", "rows": ["2", "3"]})
    bench.apply({"op": "remove_rows", "why": "no title", "filters": [{"column": "title", "kind": "blank"}]})
    assert [(value.value, value.count) for value in bench.facet("#", "flag").values] == [("ask", 2)]
    assert [(value.value, value.count) for value in bench.facet("#", "removed").values] == [("no title", 1)]
    assert bench.rows(filters=[{"kind": "removed"}]).rows[0]["writer"] == "Zuri"
    assert bench.rows().total == 7


def test_the_filter_of_everything_searches_every_column() -> None:
    found = bench_of().rows(filters=[{"column": "#", "kind": "contains", "text": "otien"}])
    assert [row["#"] for row in found.rows] == ["5", "6"]


@pytest.mark.parametrize("kind", FILTERS)
def test_a_filter_and_its_opposite_make_up_all_rows(kind: str) -> None:
    bench = bench_of()
    bench.apply({"op": "flag_rows", "flag": "ask", "rows": ["2"]})
    wanted = {
        "value": {"column": "country", "values": ["KE"]},
        "contains": {"column": "title", "text": "taa"},
        "regex": {"column": "title", "pattern": "^T"},
        "number_range": {"column": "year", "low": "1990"},
        "date_range": {"column": "released", "high": "1999"},
        "length_range": {"column": "title", "low": "5", "high": "12"},
        "script": {"column": "title", "values": ["Latin"]},
        "row": {"values": ["2", "9"]},
    }.get(kind, {"column": "title"} if kind not in {"flag", "removed"} else {})
    if kind == "removed":
        return
    one = {"kind": kind, **wanted}
    assert bench.rows(filters=[one]).total + bench.rows(filters=[{**one, "not": True}]).total == 8


def test_an_unknown_column_kind_or_entry_says_the_nearest() -> None:
    bench = bench_of()
    with pytest.raises(NotFound, match="Did you mean country"):
        bench.facet("contry")
    with pytest.raises(NotFound, match="Did you mean number_range"):
        bench.rows(filters=[{"column": "year", "kind": "number_rang"}])
    with pytest.raises(NotFound, match="Did you mean values"):
        bench.rows(filters=[{"column": "year", "kind": "value", "valeus": ["1"]}])
    with pytest.raises(WorkbenchError, match="not the low end"):
        bench.rows(filters=[{"column": "year", "kind": "number_range", "low": "x"}])


def test_rows_are_sorted_by_several_columns_with_empty_cells_last() -> None:
    bench = bench_of()
    order = [row["#"] for row in bench.rows(sort=["country", "-year"]).rows]
    assert order == ["2", "3", "4", "9", "7", "5", "6", "8"]
    assert [row["#"] for row in bench.rows(sort=["-#"], limit=2).rows] == ["9", "8"]
    assert [row["country"] for row in bench.rows(sort=["-country"]).rows][-1] == ""


def test_an_edited_cell_takes_its_place_in_the_order_at_once() -> None:
    bench = bench_of({"n": [f"{at:05d} x" for at in range(0, 2_000, 2)]})
    assert bench.rows(sort=["n"], limit=1).rows[0]["n"] == "00000 x"
    for at, text in ((2, "00999 x"), (3, "00998 x"), (4, "009985 x")):
        bench.apply({"op": "edit_cell", "row": str(at), "column": "n", "value": text})
        found = [row["n"] for row in bench.rows(sort=["n"], limit=1_000).rows]
        assert found == sorted(found)
    assert [value.value for value in bench.facet("n", by="value", limit=1_000).values] == sorted(set(found))
