"""Measure the cleaning bench on 100,000 rows of 20 columns, each operation against plain pandas doing the same in the same run.

    python -m benchmarks.cleaning.measure

The peer is what a careful analyst writes: a frame of text, one line of pandas for each question, and for clusters the same keys
worked out for every row and grouped; for nearest neighbours all pairs of the distinct names, by rapidfuzz. Its undo is a copy of
the frame. Processor seconds of this process and its children, because others may use the machine too. `first` is the first
answer, `again` the quickest of the next ones: what was worked out for a text is not worked out twice. The peer's is its quickest.
A ratio below 1 is how much of the peer's time the first answer takes.
"""

from __future__ import annotations

import csv
import json
import random
import resource
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import jellyfish
import numpy as np
import pandas as pd
from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

from workbench.core.config import create_workspace
from workbench.core.office import Office
from workbench.core.store import create_book
from workbench.registry.cleaning import Bench, Cleaning
from workbench.registry.cleaning.clusters import fingerprint, ngram, plain

RESULTS = Path(__file__).parent / "results.json"
ROWS, TITLES, WRITERS = 100_000, 40_000, 6_000
SYLLABLES = ["ka", "ma", "li", "mba", "ra", "to", "wa", "ne", "zu", "shi", "bo", "ndi", "sa", "te", "lo", "mi"]
COUNTRIES = ["KE", "TZ", "UG", "RW", "", "n/a"]
Figures = dict[str, float]


def processor_seconds() -> float:
    """Return what this process and the ones it waited for have used."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def timed(task: Callable[[], Any], tries: int, before: Callable[[], Any]) -> list[float]:
    """Return the seconds of each try, without those of what has to be done before it."""
    spent = []
    for _ in range(tries):
        before()
        started = processor_seconds()
        task()
        spent.append(processor_seconds() - started)
    return spent


def compared(
    ours: Callable[[], Any], peer: Callable[[], Any], tries: int = 3, before: Callable[[], Any] = lambda: None
) -> Figures:
    """Return both figures, and our first as a share of the peer's quickest."""
    spent, other = timed(ours, tries, before), min(timed(peer, tries, lambda: None))
    figures = {"first_seconds": spent[0], "again_seconds": min(spent), "peer_seconds": other}
    return {name: round(seconds, 4) for name, seconds in figures.items()} | {"ratio": round(spent[0] / other, 2)}


def invented_name(number: int) -> str:
    """Return an invented name of two words."""
    chance = random.Random(number)
    return f"{''.join(chance.choices(SYLLABLES, k=3)).title()} {''.join(chance.choices(SYLLABLES, k=4)).title()}"


def dirty(text: str, chance: random.Random) -> str:
    """Return text as people type it."""
    roll = chance.random()
    if roll < 0.04:
        return text.upper()
    if roll < 0.08:
        return ", ".join(reversed(text.split(" ")))
    if roll < 0.11:
        at = chance.randrange(len(text))
        return text[:at] + chance.choice("aeiou") + text[at + 1 :]
    return f" {text} " if roll < 0.14 else text


def write_file(file: Path) -> None:
    """Write the file that both sides open."""
    chance = random.Random(1)
    titles = [dirty(f"Song {invented_name(number)}", chance) for number in range(TITLES)]
    writers = [dirty(invented_name(-number), chance) for number in range(WRITERS)]
    with file.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out)
        writer.writerow(["title", "writer", "year", "country", "released", "length", *(f"field {n}" for n in range(14))])
        for row in range(ROWS):
            own = [chance.choice(titles), chance.choice(writers), 1950 + row % 70, chance.choice(COUNTRIES)]
            day = f"{1 + row % 28}/{1 + row % 12}/{1950 + row % 70}"
            writer.writerow([*own, day, f"{row % 9}:{row % 60:02d}", *(f"v{(row * 7 + n) % 1_000}" for n in range(14))])


def grouped(texts: pd.Series[str], key: Callable[[str], str]) -> pd.Series[int]:
    """Cluster as the peer does: a key for every row, and the keys that several texts share."""
    different = texts.groupby(texts.map(key)).nunique()
    return different[different > 1]


def years_of(texts: pd.Series[str]) -> pd.Series[int]:
    """Count dates by year as the peer does."""
    return pd.to_datetime(texts, format="%d/%m/%Y", errors="coerce").dt.year.value_counts()


def sounds(text: str) -> str:
    """Return how a text sounds, as the peer works it out."""
    return " ".join(sorted({jellyfish.metaphone(word) for word in plain(text).split()}))


def all_pairs(texts: pd.Series[str]) -> int:
    """Compare all pairs of the distinct texts, a thousand against all at a time."""
    different = [plain(text) for text in texts.unique()]
    found = 0
    for start in range(0, len(different), 1_000):
        apart = process.cdist(
            different[start : start + 1_000], different, scorer=Levenshtein.distance, score_cutoff=2, dtype=np.uint8
        )
        found += int((apart <= 2).sum())
    return found


def measure(desk: Cleaning, file: Path) -> dict[str, Figures]:
    """Measure every operation, on the bench and on a frame."""
    bench, frame = desk.open(file, keep=False), pd.read_csv(file, dtype=str, keep_default_na=False)
    decade = {"column": "year", "kind": "number_range", "low": "1960", "high": "1969"}
    sixties = pd.to_numeric(frame["year"]).between(1960, 1969)
    figures = {
        "open the file": compared(
            lambda: desk.open(file, keep=False), lambda: pd.read_csv(file, dtype=str, keep_default_na=False), 2
        ),
        "facet of 40,000 titles": compared(lambda: bench.facet("title"), lambda: frame["title"].value_counts().head(100)),
        "facet of countries under a filter": compared(
            lambda: bench.facet("country", filters=[decade]), lambda: frame[sixties].groupby("country").size()
        ),
        "facet of dates": compared(
            lambda: bench.facet("released", "date"),
            lambda: years_of(frame["released"]),
        ),
        "a page, sorted and searched": compared(
            lambda: bench.rows(0, 50, sort=["title"], filters=[{"column": "title", "kind": "contains", "text": "KAMA"}]),
            lambda: frame[frame["title"].str.contains("kama", case=False, regex=False)].sort_values("title").head(50),
        ),
    }
    for method, key in {"fingerprint": fingerprint, "ngram": ngram, "phonetic": sounds}.items():
        figures[f"cluster writers by {method}"] = compared(
            partial(bench.clusters, "writer", method), partial(grouped, frame["writer"], key), 2
        )
    figures["cluster writers by nearest neighbour"] = compared(
        lambda: bench.clusters("writer", "nearest"), lambda: all_pairs(frame["writer"]), 1
    )
    return figures | measure_steps(bench, frame)


def measure_steps(bench: Bench, frame: pd.DataFrame) -> dict[str, Figures]:
    """Measure steps, each taken back before the next; the peer writes into a copy of its own that is not counted."""
    frame = frame.copy()

    def step(given: dict[str, Any], peer: Callable[[], Any], tries: int = 3) -> Figures:
        def back() -> None:
            bench.undo_to(0)

        return compared(lambda: bench.apply(given), peer, tries, before=back)

    def put(column: str, texts: Any) -> None:
        frame[column] = texts

    def write(rows: Any, column: str, text: str) -> None:
        frame.loc[rows, column] = text

    at = frame["country"] == "n/a"
    split = {"op": "split_column", "column": "title", "separator": " ", "into": "rows"}
    figures = {
        "write one cell": step(
            {"op": "edit_cell", "row": "5000", "column": "title", "value": "Taa"}, lambda: write(4998, "title", "Taa")
        ),
        "write all equal cells": step(
            {"op": "edit_cells", "column": "country", "was": "n/a", "value": ""}, lambda: write(at, "country", "")
        ),
        "trim and capitalise titles": step(
            {"op": "transform", "columns": ["title"], "with": ["collapse_spaces", "title"]},
            lambda: put("new", frame["title"].str.split().str.join(" ").str.title()),
        ),
        "replace by a pattern": step(
            {"op": "replace", "columns": ["title"], "find": "^ ?Song ", "value": "", "regex": True},
            lambda: put("new", frame["title"].str.replace("^ ?Song ", "", regex=True)),
        ),
        "split titles into rows": step(split, lambda: frame.assign(title=frame["title"].str.split(" ")).explode("title"), 2),
    }
    bench.undo_to(0)
    figures["undo a split into rows"] = compared(bench.undo, lambda: frame.copy(deep=True), 2, before=lambda: bench.apply(split))
    return figures


def main() -> None:
    """Measure and keep the figures."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        config = create_workspace(folder / "society", code="BENCH", name="Bench", currency="EUR")
        desk = Cleaning(Office(create_book(config.book_url, instance="BENCH", currency="EUR"), config, "a.one"))
        file = folder / "songs.csv"
        write_file(file)
        figures = measure(desk, file)
    RESULTS.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
