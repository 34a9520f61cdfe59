"""Points in SQL and points in a worked example are the same points."""

from __future__ import annotations

from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.core.engine import Engine
from workbench.distribution.points import LINE_STEPS, load_days, load_rules, points_of
from workbench.distribution.results import table
from workbench.distribution.rulebook import PointsRule, find_rulebook, read_rulebook

DAY = date(2025, 7, 1)
BOOKS = {name: read_rulebook(find_rulebook(name)) for name in ("default", "published")}
maybe_seconds = st.one_of(st.none(), st.integers(0, 20_000))


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from([("default", "radio"), ("default", "streaming"), ("default", "concert"), ("published", "any")]),
    st.lists(
        st.tuples(
            maybe_seconds, maybe_seconds, st.integers(0, 10**9), st.sampled_from(["", "feature", "jingle", "ident", "odd"])
        ),
        min_size=1,
        max_size=6,
    ),
)
def test_the_sql_counts_as_the_worked_example_counts(named, lines):
    book, tariff = BOOKS[named[0]], named[1]
    with Engine(memory="500MB") as engine:
        rows = {
            "usages": [
                (f"B:{n}", "C1", f"k{n}", "", "", "2025-08-01", seconds, plays, use)
                for n, (seconds, _, plays, use) in enumerate(lines)
            ],
            "matches": [(f"k{n}", "matched", "recording", f"R{n}") for n in range(len(lines))],
            "recordings": [(f"R{n}", "", "", "", documented) for n, (_, documented, *_) in enumerate(lines)],
            "recording_works": [], "works": [],
        }  # fmt: skip
        for name, content in rows.items():
            engine.load_rows(name, table(name).types, content)
        engine.load_rows("pool", {"pool_id": "text", "licence_id": "text", "right": "text"}, [("P", "C1", "neighbouring")])
        load_rules(engine, {"C1": tariff}, book, DAY)
        load_days(engine, [], "2025-07-01")
        engine.run(LINE_STEPS)
        found = dict(engine.rows("SELECT usage_id, points_milli FROM earning"))
    rule = book.find(PointsRule, tariff, DAY)
    expected = {
        f"B:{n}": points_of(rule, seconds=seconds, documented_seconds=documented, plays=plays, use=use)
        for n, (seconds, documented, plays, use) in enumerate(lines)
    }
    assert found == expected


def test_a_day_of_use_is_resolved_at_the_newest_change_before_it():
    with Engine() as engine:
        days = ["2025-07-05", "2025-07-10", "2025-08-01", ""]
        engine.load_rows("usages", {"used_on": "text"}, [(day,) for day in days])
        load_days(engine, ["2020-01-01", "2025-07-10", "2025-07-20", "2030-01-01"], "2025-07-01")
        assert dict(engine.rows("SELECT used_on, as_of_on FROM use_day")) == {
            "2025-07-05": "2025-07-05", "2025-07-10": "2025-07-10", "2025-08-01": "2025-07-20", "": "2025-07-05",
        }  # fmt: skip
