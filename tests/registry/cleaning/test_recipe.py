"""A recipe is a file a person can read and write; whatever is in it is either done or refused, never guessed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.registry.cleaning.tables import bench_of, texts
from tests.registry.cleaning.test_laws import SESSION, do
from workbench.core.errors import WorkbenchError
from workbench.registry.cleaning import Recipe


def test_a_recipe_written_and_read_is_the_same() -> None:
    bench = bench_of()
    do(bench, SESSION)
    again = Recipe.from_yaml(bench.recipe.to_yaml())
    assert (again.steps, again.digest()) == (bench.recipe.steps, bench.recipe.digest())
    assert again.to_yaml() == bench.recipe.to_yaml()


def test_a_recipe_reads_as_numbered_sentences() -> None:
    recipe = Recipe.of([{"op": "remove_column", "column": "url"}, {"op": "restore_rows"}])
    assert recipe.to_yaml() == (
        'recipe: 1\nsteps:\n# 1. Leave out the column "url".\n- op: remove_column\n  column: url\n'
        "# 2. Bring all removed rows back.\n- op: restore_rows\n"
    )
    assert str(Recipe()) == "no steps yet"
    assert Recipe.from_yaml(Recipe().to_yaml()) == Recipe()


def test_plain_words_in_a_file_stay_what_they_are() -> None:
    bench = bench_of()
    bench.replay(
        Recipe.from_yaml(
            """
            steps:
            - {op: edit_cells, column: country, value: no, was: NO}
            - {op: edit_cells, column: year, value: 007, was: 1950}
            - {op: edit_cells, column: released, value: 1999-01-01}
            - {op: add_column, into: null, value: ~}
            """
        )
    )
    assert texts(bench, "country")[-1] == "no"
    assert texts(bench, "year")[-1] == "007"
    assert set(texts(bench, "released")) == {"1999-01-01"}
    assert bench.names[-1] == "null"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not a recipe"),
        ("- op: restore_rows", "not a recipe"),
        ("steps: {op: restore_rows}", "the steps are a list"),
        ("stepps: []\nsteps: []", "Did you mean steps"),
        ("recipe: 2\nsteps: []", "a recipe of another version"),
        ("steps:\n- op: restore_rows\n- op: remove_colum\n  column: a", r"remove_colum \(mine.yaml, step 2\)"),
        ("steps: [", "not a recipe"),
        ("steps: &a\n- op: remove_rows\n  rows: [1]\nname: *a", "aliases have no place"),
        ("steps:\n- !!python/object/apply:os.system [ls]", "a step is a dict"),
        ("steps:\n" + "- " * 5_000 + "a", "not a recipe"),
        ("steps:\n- {op: replace, columns: [a], find: '(', regex: true}", "not a pattern"),
        ("steps:\n- {op: move_column, column: a, to: 1.5}", "not a whole number"),
        ("steps:\n- {op: remove_rows, filters: [{kind: blanc, column: a}]}", "Did you mean blank"),
    ],
)
def test_what_is_no_recipe_is_refused_with_its_place(text: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(WorkbenchError, match=said) as caught:
        Recipe.read(file)
    assert "mine.yaml" in str(caught.value)


def test_hostile_texts_survive_the_file_and_do_not_break_its_lines() -> None:
    odd = "a\x00b\u202e\n# 2. Remove rows.\n- op: remove_rows\r\u2028'\":=1+1 \ufeff\x85"
    bench = bench_of()
    bench.apply({"op": "edit_cells", "column": "title", "value": odd})
    text = bench.recipe.to_yaml()
    assert len([line for line in text.splitlines() if line.startswith("#")]) == 1
    other = bench_of()
    other.replay(Recipe.from_yaml(text))
    assert set(texts(other, "title")) == {odd}
    assert other.digest() == bench.digest()
