"""Clusters group what means the same, propose one spelling, and do not depend on the order of the rows."""

from __future__ import annotations

import random
from itertools import combinations

import pytest
from rapidfuzz.distance import Levenshtein

from tests.registry.cleaning.tables import SONGS, bench_of, texts
from workbench.core.errors import NotFound, WorkbenchError
from workbench.registry.cleaning import METHODS
from workbench.registry.cleaning.clusters import plain

SYLLABLES = ("ka", "ma", "li", "mba", "ra", "to", "wa", "ne", "zu", "shi", "bo", "ndi")


def names(count: int, seed: int) -> list[str]:
    """Names of a few dozen people, as many people type them."""
    chance = random.Random(seed)  # noqa: S311
    people = [" ".join("".join(chance.choices(SYLLABLES, k=3)).title() for _ in range(2)) for _ in range(count // 8)]
    made = []
    for _ in range(count):
        name = chance.choice(people)
        if chance.random() < 0.4:
            at = chance.randrange(1, len(name))
            name = name[:at] + chance.choice("aeiou") + name[at + 1 :]
        if chance.random() < 0.3:
            name = chance.choice([name.upper(), f"{name} ", ", ".join(reversed(name.split(" ")))])
        made.append(name)
    return made


@pytest.mark.parametrize(
    ("method", "one", "other"),
    [
        ("fingerprint", "Mwangi, Amani", "amani  MWANGI"),
        ("fingerprint", "Café Müller", "cafe muller"),
        ("ngram", "Taa yaPwani", "Taa ya Pwani"),
        ("phonetic", "Katherine Philips", "Catherine Filips"),
        ("phonetic", "Чайковский", "Chaykovskiy"),
        ("nearest", "Juma Otieno", "Juma Otiena"),
        ("nearest", "Wanjiru Neema", "Wanjru Neema"),
    ],
)
def test_a_method_finds_its_kind_of_likeness(method: str, one: str, other: str) -> None:
    found = bench_of({"name": [one, one, other, "Somebody Else"]}).clusters("name", method)
    assert [(cluster.values, cluster.suggestion, cluster.row_count) for cluster in found] == [(((one, 2), (other, 1)), one, 3)]


@pytest.mark.parametrize("method", METHODS)
def test_clusters_do_not_depend_on_the_order_of_rows(method: str) -> None:
    listed = names(400, 1)
    mixed = listed.copy()
    random.Random(2).shuffle(mixed)  # noqa: S311
    found = bench_of({"n": listed}).clusters("n", method)
    assert len(found) > 10
    assert found == bench_of({"n": mixed}).clusters("n", method)


@pytest.mark.parametrize("method", METHODS)
def test_a_text_is_in_one_cluster_at_most_and_counts_are_those_of_the_rows(method: str) -> None:
    listed = names(400, 3)
    seen = [text for cluster in bench_of({"n": listed}).clusters("n", method) for text, _ in cluster.values]
    assert len(seen) == len(set(seen))
    for cluster in bench_of({"n": listed}).clusters("n", method):
        assert cluster.row_count == sum(listed.count(text) for text, _ in cluster.values)


def test_blocking_misses_no_neighbour_of_a_long_text() -> None:
    listed = sorted(set(names(300, 4)))
    clustered = {text for cluster in bench_of({"n": listed}).clusters("n", "nearest") for text, _ in cluster.values}
    near = [
        (one, other)
        for one, other in combinations(listed, 2)
        if min(len(plain(one)), len(plain(other))) >= 12 and Levenshtein.distance(plain(one), plain(other)) <= 2
    ]
    assert len(near) > 100
    assert [pair for pair in near if not clustered & set(pair)] == []


@pytest.mark.parametrize(("often", "together"), [(1, 3), (0, 2)])
def test_every_text_of_a_cluster_is_near_its_most_frequent_one(often: int, together: int) -> None:
    chain = ["Kamalira Towane", "Kamolira Towani", "Komolira Tuwani"]
    found = bench_of({"n": [*chain, chain[often], chain[often]]}).clusters("n", "nearest")
    assert [(cluster.suggestion, len(cluster.values)) for cluster in found] == [(chain[often], together)]


def test_texts_of_two_or_three_letters_are_never_neighbours() -> None:
    assert bench_of({"n": ["Ali", "Ale", "Al", "Abe"]}).clusters("n", "nearest") == []


def test_clusters_look_only_at_the_rows_the_filters_mean() -> None:
    bench = bench_of()
    assert bench.clusters("title", filters=[{"column": "country", "kind": "value", "values": ["TZ"]}]) == []
    assert bench.clusters("title")[0].row_count == 3


def test_merging_a_cluster_writes_all_of_it_alike() -> None:
    bench = bench_of(SONGS)
    cluster = bench.clusters("title")[0]
    done = bench.apply(
        {"op": "merge_values", "column": "title", "mapping": {text: cluster.suggestion for text, _ in cluster.values}}
    )
    assert done.changed_rows == 2
    assert texts(bench, "title")[:3] == [cluster.suggestion] * 3
    assert cluster.suggestion == "Taa ya Pwani"


def test_two_texts_can_change_places_in_one_merge() -> None:
    bench = bench_of({"n": ["a", "b"]})
    bench.apply({"op": "merge_values", "column": "n", "mapping": {"a": "b", "b": "a"}})
    assert texts(bench, "n") == ["b", "a"]


def test_what_is_asked_wrongly_is_said() -> None:
    with pytest.raises(NotFound, match="Did you mean phonetic"):
        bench_of().clusters("title", "fonetic")
    with pytest.raises(WorkbenchError, match="wrong size"):
        bench_of().clusters("title", "ngram", size=9)
