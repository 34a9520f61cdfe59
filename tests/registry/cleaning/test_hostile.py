"""Texts made to break things: control characters, directions, marks, overlong cells, 5,000 scripts' letters, 100,000 rows."""

from __future__ import annotations

import random
import sys
import unicodedata

import pytest

from tests.registry.cleaning.tables import bench_of, texts
from workbench.registry.cleaning import FACETS, METHODS, TRANSFORMS, Bench, Recipe
from workbench.registry.cleaning.names import credit_list, first_and_last, people

HOSTILE = [
    "", " ", "\x00", "a\x00b", "\u202egnitrever\u202c", "\u200f\u200e", "e" + "\u0301" * 500, "=cmd|' /C calc'!A0",
    "a" * 32_768, "a b " * 8_192, "\U0001f469\u200d\U0001f469\u200d\U0001f467", "İıŞş", "ß", "ﬁ", "\ufffd", "\ufeff",
    "[" * 5_000, "]|[" * 2_000, ";" * 3_000, "'; DROP TABLE work; --", "<script>alert(1)</script>", "\r\n", "\u2028",
    "%s%n", "{0}", "\\1", "$1", "१२३", "１２３", "٣٫١٤", "1e999", "NaN", "-0", "9" * 5_000, "0000-00-00", "99/99/9999",
]  # fmt: skip


def letters(count: int) -> list[str]:
    """Texts of letters from all over Unicode, each of five from one block."""
    chance = random.Random(7)  # noqa: S311
    known = [chr(code) for code in range(0xA0, sys.maxunicode) if unicodedata.category(chr(code))[0] in "LMN"]
    return ["".join(known[(start := chance.randrange(len(known) - 5)) : start + 5]) for _ in range(count)]


@pytest.fixture(scope="module")
def everything() -> list[str]:
    return [*HOSTILE, *letters(5_000)]


@pytest.mark.parametrize("kind", FACETS)
def test_every_facet_counts_hostile_texts(kind: str, everything: list[str]) -> None:
    bench = bench_of({"c": everything})
    facet = bench.facet("#" if kind in {"flag", "removed"} else "c", kind)
    if kind != "removed":
        assert sum(value.count for value in facet.values) + facet.more_rows + facet.blank + facet.error == len(everything)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_clusters_hostile_texts(method: str, everything: list[str]) -> None:
    for cluster in bench_of({"c": everything}).clusters("c", method):
        assert len(cluster.values) > 1
        assert cluster.suggestion.strip()


@pytest.mark.parametrize("rule", TRANSFORMS)
def test_every_rule_changes_hostile_texts_into_texts_and_is_done_after_once(rule: str, everything: list[str]) -> None:
    change = TRANSFORMS[rule][1]
    for text in everything:
        once = change(text)
        assert change(once) == once, ascii(text)


def test_names_and_credits_are_taken_apart_without_losing_a_letter(everything: list[str]) -> None:
    for text in everything:
        kept = "".join("".join(first_and_last(text)).split())
        assert sorted(kept) == sorted("".join(text.split()).replace(",", "", 1 if len(kept) < len("".join(text.split())) else 0))
        assert all(part.strip() for part in people(text))
        assert all(name or roles for name, roles in credit_list(text, "writer"))


def test_a_session_over_hostile_texts_replays() -> None:
    def session() -> Bench:
        return bench_of({"c": HOSTILE, "d": list(reversed(HOSTILE))})

    bench = session()
    for step in (
        {"op": "transform", "columns": ["d"], "with": ["remove_control", "nfc", "trim"]},
        {"op": "replace", "columns": ["c"], "find": "[^a-z]+", "value": r"\0", "regex": True},
        {"op": "split_column", "column": "c", "separator": ";", "into": "rows"},
        {"op": "join_columns", "columns": ["c", "d"], "into": "e", "separator": "\x00", "keep": True},
        {"op": "split_names", "column": "e", "people": "rows"},
        {"op": "reorder", "by": ["d"]},
    ):
        bench.apply(step)
    other = session()
    other.replay(Recipe.from_yaml(bench.recipe.to_yaml()))
    assert other.digest() == bench.digest()
    bench.undo_to(0)
    assert bench.digest() == session().digest()


@pytest.mark.parametrize("text", HOSTILE)
def test_a_sentence_stays_on_one_line_and_reads_in_one_direction(text: str) -> None:
    bench = bench_of()
    said = bench.apply({"op": "edit_cells", "column": "title", "value": text, "was": "n/a"}).sentence
    assert len(said) < 300
    assert said.isprintable()


def test_a_hundred_thousand_rows_are_cleaned_and_undone() -> None:
    count = 100_000
    bench = bench_of(
        {"title": [f" song {at % 30_000}" for at in range(count)], "year": [str(1950 + at % 70) for at in range(count)]}
    )
    assert bench.facet("title").distinct == 30_000
    assert bench.rows(99_990, 50, sort=["-year", "title"]).total == count
    done = bench.apply({"op": "transform", "columns": ["title"], "with": ["trim", "title"]})
    assert done.changed_rows == count
    done = bench.apply({"op": "edit_cells", "column": "title", "value": "Song One", "was": "Song 1"})
    assert done.changed_rows == 4
    bench.undo_to(0)
    assert texts(bench, "title")[1] == " song 1"
