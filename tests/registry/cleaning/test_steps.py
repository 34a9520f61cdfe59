"""What each operation does, what it says, and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest

from tests.registry.cleaning.tables import bench_of, texts
from workbench.core.errors import WorkbenchError
from workbench.registry.cleaning import TRANSFORMS, Bench, operations, sentence


def done(before: list[str], step: dict[str, Any]) -> list[str]:
    bench = bench_of({"c": before})
    bench.apply({**step, "column" if "columns" not in [a.name for a in operations()[step["op"]].arguments] else "columns": "c"})
    return texts(bench, "c")


@pytest.mark.parametrize(
    ("rules", "before", "after"),
    [
        (["trim"], "  a b ", "a b"),
        (["collapse_spaces"], " a \u00a0  b\t", "a b"),
        (["upper"], "straße", "STRASSE"),
        (["lower"], "ÉTÉ", "été"),
        (["title"], "LUDWIG VAN BEETHOVEN", "Ludwig van Beethoven"),
        (["title"], "VAN MORRISON", "Van Morrison"),
        (["title"], "sinead o'connor & j.s. bach", "Sinead O'Connor & J.S. Bach"),
        (["title"], "paul mccartney", "Paul McCartney"),
        (["title"], "don't stop", "Don't Stop"),
        (["nfc"], "e\u0301", "é"),
        (["nfkc"], "ＡＢＣ ﬁ", "ABC fi"),
        (["strip_punctuation"], "Hey! (live) rock-n-roll, don't", "Hey live rock-n-roll don't"),
        (["remove_control"], "a\x00b\u202ec\u200bd", "abcd"),
        (["mend_encoding"], "BeyoncÃ©", "Beyoncé"),
        (["transliterate"], "Πάνος Калинка", "Panos Kalinka"),
        (["date_day_first"], "3/4/1998", "1998-04-03"),
        (["date_month_first"], "3/4/1998", "1998-03-04"),
        (["date_day_first"], "3/14/1998", "1998-03-14"),
        (["date_day_first"], "never", "never"),
        (["duration"], "4:45", "285"),
        (["duration"], "PT3M20S", "200"),
        (["number"], "1,234.50", "1234.5"),
        (["number"], "2.0", "2"),
        (["blank_placeholders"], " N/A ", ""),
        (["blank_placeholders"], "Unknown Pleasures", "Unknown Pleasures"),
        (["transliterate", "upper", "trim"], " Калинка ", "KALINKA"),
    ],
)
def test_a_rule_writes(rules: list[str], before: str, after: str) -> None:
    assert done([before], {"op": "transform", "with": rules}) == [after]


@pytest.mark.parametrize("rule", TRANSFORMS)
@pytest.mark.parametrize(
    "text", ["", " ", "O'Neill  van  der Berg", "1,234", "12/3/99", "Калинка", "e\u0301\x00", "=1+1", "ß" * 50, "Mc"]
)
def test_a_rule_has_nothing_left_to_do_the_second_time(rule: str, text: str) -> None:
    once = TRANSFORMS[rule][1](text)
    assert TRANSFORMS[rule][1](once) == once


def test_a_rule_changes_only_the_rows_that_are_meant_though_others_say_the_same() -> None:
    bench = bench_of({"c": ["a", "a", "b", "a"]})
    bench.apply({"op": "transform", "columns": ["c"], "with": ["upper"], "rows": ["2", "4"]})
    assert texts(bench, "c") == ["A", "a", "B", "a"]
    bench.apply({"op": "replace", "columns": ["c"], "find": "a", "value": "z", "rows": ["5"]})
    bench.apply(
        {"op": "merge_values", "column": "c", "mapping": {"a": "y", "A": "x"}, "filters": [{"kind": "row", "values": ["3"]}]}
    )
    assert texts(bench, "c") == ["A", "y", "B", "z"]


def test_replacing_knows_text_and_patterns() -> None:
    assert done(["a.b.c"], {"op": "replace", "find": ".", "value": "-"}) == ["a-b-c"]
    assert done(["Mwangi (2)", "(2) x"], {"op": "replace", "find": r" \([0-9]+\)$", "value": "", "regex": True}) == [
        "Mwangi",
        "(2) x",
    ]
    assert done(["Mwangi, Amani"], {"op": "replace", "find": r"^(\w+), (\w+)$", "value": r"\2 \1", "regex": True}) == [
        "Amani Mwangi"
    ]


def test_a_pattern_that_would_take_years_takes_no_time() -> None:
    text = "a" * 30_000 + "!"
    assert done([text], {"op": "replace", "find": "(a+)+$", "value": "", "regex": True}) == [text]
    assert bench_of({"c": [text]}).rows(filters=[{"column": "c", "kind": "regex", "pattern": "^(a|aa)+$"}]).total == 0


def test_equal_cells_are_written_at_once_and_only_those_meant() -> None:
    bench = bench_of()
    step = {"op": "edit_cells", "column": "country", "was": "KE", "value": "TZ", "filters": [{"column": "year", "kind": "blank"}]}
    assert bench.apply(step).changed_rows == 1
    assert texts(bench, "country")[:4] == ["KE", "KE", "TZ", "TZ"]


def test_an_edited_cell_remembers_what_it_said() -> None:
    bench = bench_of()
    assert bench.apply({"op": "edit_cell", "row": "8", "column": "title", "value": "Malaika"}).sentence == (
        'In row 8 write "Malaika" as "title" instead of "n/a".'
    )
    other = bench_of({"title": ["x"] * 8})
    assert [(one.changed_rows, one.notes) for one in other.replay(bench.recipe)] == [
        (0, ('row 8 says "x", not "n/a": left as it is',)),
    ]


def test_filling_down_takes_the_nearest_filled_cell_above() -> None:
    assert done(["", "a", "", " ", "b", ""], {"op": "fill_down"}) == ["", "a", "a", "a", "b", "b"]


def test_columns_are_added_renamed_moved_and_left_out() -> None:
    bench = bench_of()
    bench.apply({"op": "add_column", "into": "number", "row_number": True, "prefix": "S-"})
    bench.apply({"op": "add_column", "into": "title as sent", "copy": "title"})
    bench.apply({"op": "add_column", "into": "language", "value": "sw"})
    bench.apply({"op": "rename_column", "column": "writer", "into": "name"})
    bench.apply({"op": "move_column", "column": "number", "to": 1})
    bench.apply({"op": "remove_column", "column": "released"})
    assert bench.names == ["number", "title", "title as sent", "name", "year", "country", "language"]
    assert bench.rows(limit=1).rows[0] == {
        "#": "2", "number": "S-2", "title": "Taa ya Pwani", "title as sent": "Taa ya Pwani", "name": "Mwangi, Amani",
        "year": "1998", "country": "KE", "language": "sw",
    }  # fmt: skip


def test_a_column_is_split_at_a_separator_a_pattern_or_a_position() -> None:
    def split(**how: Any) -> list[tuple[str, ...]]:
        bench = bench_of({"c": ["a, b; c", "d"]})
        bench.apply({"op": "split_column", "column": "c", "names": ["x", "y"], **how})
        return list(zip(texts(bench, "x"), texts(bench, "y"), strict=True))

    assert split(separator=",") == [("a", "b; c"), ("d", "")]
    assert split(pattern="[,;]") == [("a", "b; c"), ("d", "")]
    assert split(positions=["1"]) == [("a", ", b; c"), ("d", "")]


def test_a_row_that_is_split_becomes_rows_of_its_number() -> None:
    bench = bench_of({"c": ["a;b", "c", ";;", "d; e;f"], "other": ["1", "2", "3", "4"]})
    bench.apply({"op": "split_column", "column": "c", "separator": ";", "into": "rows"})
    assert [(row["#"], row["c"], row["other"]) for row in bench.rows().rows] == [
        ("2.1", "a", "1"), ("2.2", "b", "1"), ("3", "c", "2"), ("4", "", "3"),
        ("5.1", "d", "4"), ("5.2", "e", "4"), ("5.3", "f", "4"),
    ]  # fmt: skip
    bench.apply({"op": "split_column", "column": "other", "separator": "4", "into": "rows", "rows": ["5.3"]})
    assert bench.total == 7


def test_joining_passes_over_empty_cells() -> None:
    bench = bench_of({"a": ["x", "", "z"], "b": ["1", "2", ""]})
    bench.apply({"op": "join_columns", "columns": ["a", "b"], "into": "ab", "separator": "-"})
    assert bench.names == ["ab"]
    assert texts(bench, "ab") == ["x-1", "2", "z"]


def test_names_are_split_into_first_and_last() -> None:
    bench = bench_of({"name": ["Ludwig van Beethoven", "Mwangi, Amani", "Malaika", "", "Sammy Davis Jr."]})
    bench.apply({"op": "split_names", "column": "name", "names": ["first", "last"]})
    assert list(zip(texts(bench, "first"), texts(bench, "last"), strict=True)) == [
        ("Ludwig", "van Beethoven"), ("Amani", "Mwangi"), ("", "Malaika"), ("", ""), ("Sammy", "Davis Jr."),
    ]  # fmt: skip


def test_several_people_of_a_cell_become_rows() -> None:
    bench = bench_of({"name": ["Mwangi, Amani; Otieno, Juma", "Neema Wanjiru & Zuri Hamisi feat. Baraka"]})
    bench.apply({"op": "split_names", "column": "name", "names": ["first", "last"], "people": "rows"})
    assert [(row["#"], row["first"], row["last"]) for row in bench.rows().rows] == [
        ("2.1", "Amani", "Mwangi"), ("2.2", "Juma", "Otieno"),
        ("3.1", "Neema", "Wanjiru"), ("3.2", "Zuri", "Hamisi"), ("3.3", "", "Baraka"),
    ]  # fmt: skip


def test_credits_become_one_row_per_person_and_role() -> None:
    bench = bench_of({"credits": ["Amani Mwangi [Music By [All Tracks], Lyrics By]|Juma Otieno [Producer]|Zuri", ""]})
    bench.apply({"op": "split_credits", "columns": ["credits"], "roles": {"music by": "C", "lyrics by": "A", "credits": "CA"}})
    assert [(row["#"], row["name"], row["role"]) for row in bench.rows().rows] == [
        ("2.1", "Amani Mwangi", "CA"), ("2.2", "Juma Otieno", "Producer"), ("2.3", "Zuri", "CA"), ("3", "", ""),
    ]  # fmt: skip


def test_who_is_named_in_two_columns_made_music_and_words() -> None:
    bench = bench_of({"composers": ["Amani;Juma"], "lyricists": ["Juma;Zuri"]})
    roles = {"composers": "C", "lyricists": "A"}
    bench.apply({"op": "split_credits", "columns": ["composers", "lyricists"], "separator": ";", "roles": roles})
    assert list(zip(texts(bench, "name"), texts(bench, "role"), strict=True)) == [("Amani", "C"), ("Juma", "CA"), ("Zuri", "A")]


def test_rows_side_by_side_show_where_they_differ() -> None:
    comparison = bench_of().compare(["2", "3"])
    assert [field.column for field in comparison.differences] == ["title", "writer", "released"]
    assert comparison.fields[0].values == ("Taa ya Pwani", "TAA YA PWANI")
    with pytest.raises(WorkbenchError, match="no such row"):
        bench_of().compare(["2", "99"])


def test_merged_rows_take_what_the_rules_choose() -> None:
    bench = bench_of()
    step = {"op": "merge_rows", "rows": ["2", "3", "4"], "keep": "3", "rules": {"writer": "longest"}, "values": {"title": "Taa"}}
    assert bench.apply(step).changed_rows == 3
    assert bench.rows(limit=1).rows == [
        {"#": "3", "title": "Taa", "writer": "Mwangi, Amani", "year": "1998", "released": "1998-03-28", "country": "KE"}
    ]
    assert bench.removed()[["#", "why", "into"]].values.tolist() == [["2", "merged into", "3"], ["4", "merged into", "3"]]


def test_rows_that_say_the_same_are_merged_at_once_but_never_empty_ones() -> None:
    bench = bench_of({"k": ["a", "b", "a", "", "", "a"], "v": ["", "x", "1", "p", "q", "22"], "w": ["1", "1", "2", "", "", "1"]})
    rules = {"v": "all", "w": "most_frequent"}
    bench.apply({"op": "merge_rows", "by": ["k"], "rules": rules})
    assert [(row["k"], row["v"], row["w"]) for row in bench.rows().rows] == [
        ("a", "1; 22", "1"), ("b", "x", "1"), ("", "p", ""), ("", "q", ""),
    ]  # fmt: skip


def test_removed_rows_are_kept_as_they_were_and_come_back() -> None:
    bench = bench_of()
    before = bench.digest()
    bench.apply({"op": "keep_rows", "why": "only Kenya", "filters": [{"column": "country", "kind": "value", "values": ["KE"]}]})
    bench.apply({"op": "transform", "columns": ["title"], "with": ["upper"], "rows": ["5"]})
    assert bench.total == 3
    assert set(bench.removed()["why"]) == {"only Kenya"}
    bench.apply({"op": "restore_rows"})
    assert bench.digest() == before


def test_rows_are_put_in_order_for_good() -> None:
    bench = bench_of({"n": ["10", "9", "", "100"]})
    bench.apply({"op": "reorder", "by": ["n"], "descending": True})
    assert texts(bench, "n") == ["100", "10", "9", ""]


def test_the_preview_is_what_the_step_then_does() -> None:
    bench = bench_of()
    step = {"op": "transform", "columns": ["title"], "with": ["collapse_spaces", "upper"]}
    preview = bench.preview(step)
    assert len(bench.recipe) == 0
    assert preview.changed == bench.apply(step).changed_rows == len(preview.rows)
    assert preview.rows[0] == ("2", "Taa ya Pwani", "TAA YA PWANI")


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"op": "transfrom"}, "Did you mean transform"),
    ({"op": "transform", "columns": ["titel"], "with": ["trim"]}, "Did you mean title"),
    ({"op": "transform", "columns": ["title"], "with": ["trimm"]}, "Did you mean trim"),
    ({"op": "transform", "columns": ["title"], "whit": ["trim"]}, "Did you mean with"),
    ({"op": "transform", "columns": ["title"]}, "transform needs with"),
    ({"op": "edit_cell", "row": "2", "column": "title"}, "edit_cell needs value"),
    ({"op": "replace", "columns": ["title"], "find": "(", "regex": True}, "not a pattern"),
    ({"op": "rename_column", "column": "title", "into": "year"}, "there is a column of that name"),
    ({"op": "add_column", "into": "#"}, "not a name of a column"),
    ({"op": "add_column", "into": "x", "copy": "titel"}, "Did you mean title"),
    ({"op": "split_column", "column": "title", "separator": ","}, "needs names"),
    ({"op": "split_column", "column": "title", "into": "rows"}, "needs one way to split"),
    ({"op": "split_column", "column": "title", "separator": ",", "names": ["a", "a"]}, "one column twice"),
    ({"op": "split_names", "column": "writer", "names": ["a"]}, "makes two columns"),
    ({"op": "merge_rows", "rows": ["2"]}, "nothing to merge"),
    ({"op": "merge_rows", "by": ["title"], "rules": {"year": "longst"}}, "Did you mean longest"),
    ({"op": "merge_rows", "by": ["title"], "rules": {"yeer": "longest"}}, "Did you mean year"),
    ({"op": "move_column", "column": "title", "to": "first"}, "not a whole number"),
    ({"op": "edit_cells", "column": "title", "value": "x" * 40_000}, "too long a text"),
    ({"op": "edit_cells", "column": "title", "value": "\ud800"}, "half a character"),
    ({"op": "remove_rows", "filters": [{"column": "titel", "kind": "blank"}]}, "Did you mean title"),
]


@pytest.mark.parametrize(("step", "said"), WRONG)
def test_a_wrong_step_does_nothing_and_says_what_is_wrong(step: dict[str, Any], said: str) -> None:
    bench = bench_of()
    before = bench.digest()
    with pytest.raises(WorkbenchError, match=said):
        bench.apply(step)
    assert (bench.digest(), len(bench.recipe)) == (before, 0)


def test_every_operation_has_a_sentence_and_explains_itself_and_its_arguments() -> None:
    for name, operation in operations().items():
        assert operation.about.endswith("."), name
        assert all(argument.about for argument in operation.arguments), name


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (
            {"op": "remove_rows", "why": "no title", "filters": [{"column": "title", "kind": "blank"}]},
            'Remove rows (no title), where "title" is empty.',
        ),
        (
            {"op": "transform", "columns": ["title", "writer"], "with": ["trim", "title"]},
            'In "title" and "writer" trim the ends and capitalise as names are.',
        ),
        (
            {"op": "merge_values", "column": "writer", "mapping": {"A. Mwangi": "Amani Mwangi", "Mwangi": "Amani Mwangi"}},
            'In "writer" write "A. Mwangi" and "Mwangi" as "Amani Mwangi".',
        ),
        ({"op": "merge_rows", "rows": ["3", "7"], "keep": "7"}, "Merge rows 3 and 7 into row 7."),
        ({"op": "flag_rows", "flag": "ask", "rows": ["3"]}, 'Flag rows as "ask", for row 3.'),
        ({"op": "split_column", "column": "names", "separator": ";", "into": "rows"}, 'Split "names" at ";" into rows.'),
    ],
)
def test_a_step_reads_as_a_sentence(step: dict[str, Any], said: str) -> None:
    assert sentence(step) == said


def test_a_bench_shows_where_its_rows_are() -> None:
    bench = bench_of()
    assert isinstance(bench, Bench)
    assert repr(bench) == "songs: 8 rows, 5 columns, 0 steps; 8 rows in + 0 made by splitting = 8 + 0 removed"
