"""The calculator is exact, and the same on one thread and on two."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.core.engine import Engine, largest_remainder
from workbench.core.errors import WorkbenchError
from workbench.core.money import allocate

NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=4)
PARTS = {"pool": "text", "key": "text", "amount": "whole", "weight": "whole"}


def split(rows, threads=2):
    with Engine(threads=threads, memory="500MB") as engine:
        engine.load_rows("parts", PARTS, rows)
        engine.run(
            [
                (
                    "split",
                    largest_remainder("parts", "cut", by="pool", amount="amount", weight="weight", key="key", keep="pool, key"),
                )
            ]
        )
        return {(pool, key): micros for pool, key, micros in engine.rows("SELECT pool, key, amount_micros FROM cut")}


def test_three_equal_parts_of_a_million_make_a_million():
    rows = [("p", key, 1_000_000, 1) for key in "cab"]
    assert split(rows) == {("p", "a"): 333_334, ("p", "b"): 333_333, ("p", "c"): 333_333}


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["p1", "p2", "p3"]),
        st.tuples(
            st.integers(0, 10**15),
            st.dictionaries(NAMES, st.integers(0, 10**16), min_size=1),
        ),
    )
)  # fmt: skip
def test_the_sql_split_is_the_split_of_core_money(pools):
    pools = {pool: (amount, weights) for pool, (amount, weights) in pools.items() if sum(weights.values())}
    rows = [(pool, key, amount, weight) for pool, (amount, weights) in pools.items() for key, weight in weights.items()]
    expected = {
        (pool, key): micros for pool, (amount, weights) in pools.items() for key, micros in allocate(amount, weights).items()
    }
    assert split(rows) == expected == split(rows[::-1], threads=1)


def test_money_that_nobody_can_take_stops_the_step():
    with pytest.raises(WorkbenchError, match=r"nobody can take this money.*\(split\)"):
        split([("p", "a", 5, 0)])


def test_no_money_over_no_weight_is_zero_for_everybody():
    assert split([("p", "a", 0, 0), ("p", "b", 0, 0)]) == {("p", "a"): 0, ("p", "b"): 0}


def test_the_three_primitives_are_exact_beyond_64_bits():
    with Engine() as engine:
        big = 9_223_372_036_854_775_807
        found = engine.one(f"SELECT muldiv({big}, {big}, 7), mulmod({big}, {big}, 1000003), intdiv({big}, 10)")
        assert found == (big * big // 7, big * big % 1_000_003, big // 10)


def test_an_overflow_stops_the_step_instead_of_wrapping():
    with Engine() as engine, pytest.raises(WorkbenchError, match="calculation step failed"):
        engine.run([("too much", "CREATE TABLE t AS SELECT muldiv(170141183460469231731687303715884105727, 2, 1) AS x")])


def test_a_csv_file_comes_in_as_it_was_written(tmp_path: Path):
    file = tmp_path / "odd.csv"
    file.write_bytes('name,size\n"a,""b""\nc",1\n,\n"  é  ",-5\nNULL,9223372036854775807\n'.encode())
    with Engine() as engine:
        engine.load_csv("odd", file, {"name": "text", "size": "whole"})
        rows = set(engine.rows("SELECT * FROM odd"))
    assert rows == {('a,"b"\nc', 1), ("", None), ("  é  ", -5), ("NULL", 9_223_372_036_854_775_807)}


@pytest.mark.parametrize("text", ["a,b\n1.5,x\n", "a,b\n1e3,x\n", "a,b\nNaN,x\n", "a,b\n1\n", "a,b\n99999999999999999999,x\n"])
def test_a_csv_file_that_does_not_fit_is_refused(tmp_path: Path, text: str):
    file = tmp_path / "bad.csv"
    file.write_text(text)
    with Engine() as engine, pytest.raises(WorkbenchError, match="load bad"):
        engine.load_csv("bad", file, {"a": "whole", "b": "text"})


def test_no_extension_is_fetched_or_loaded():
    with Engine() as engine:
        settings_ = dict(engine.rows("SELECT name, value FROM duckdb_settings() WHERE name LIKE 'auto%extensions'"))
    assert settings_ == {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}


def test_the_temporary_folder_goes_away_with_the_engine():
    engine = Engine()
    folder = Path(engine.one("SELECT value FROM duckdb_settings() WHERE name = 'temp_directory'")[0])
    assert folder.is_dir()
    engine.close()
    assert not folder.exists()


def test_the_calculator_writes_nothing_on_its_own():
    with Engine(threads=1, memory="500MB") as engine:
        assert list(engine.rows("SELECT current_setting('enable_progress_bar')")) == [(False,)]
