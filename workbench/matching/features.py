"""What a line and a candidate have in common, as numbers: one row per pair, measured by the column, nothing depends on other
lines.

A value that cannot be known (no artist in the line, no duration in the register) is NaN here; the model gives it its own weight.
Ratios run from 0 to 1. The names of `MEASURES` are the vocabulary of the model file and of explanations.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz
from rapidfuzz.process import cpdist

from .candidates import LineReading, Repertoire, TargetReading
from .keys import NOBODY_READING, NameReading, TitleReading
from .text import same_text

Column = NDArray[np.float64]
KEEP = 6
"""Candidates of each kind that are measured in full; the cheap measure drops the rest."""
FAR = 0.4
"""Cheap likeness behind the best (title counts 1, artist 0.5) from which a third candidate is hopeless."""

MEASURES = {
    "title_core": "title", "title_sorted": "title", "title_full": "title", "title_bare": "title", "title_set": "title",
    "title_glued": "title", "title_prefix": "title", "title_literal": "title", "title_missing_words": "title",
    "title_extra_words": "title", "title_worst_word": "title", "title_weight": "title", "title_length": "title",
    "homonyms": "title", "sequel": "title", "version": "title", "glued_line": "title",
    "artist_first": "artist", "artist_all": "artist", "artist_set": "artist", "artist_glued": "artist",
    "artist_worst_word": "artist",
    "artist_literal": "artist", "artist_wrote": "artist", "catalogue": "artist",
    "writers_set": "writers", "writers_sorted": "writers", "writers_found": "writers", "writers_named": "writers",
    "both_sorted": "title and artist", "both_set": "title and artist",
    "duration_gap": "duration", "duration_ratio": "duration", "isrc": "isrc", "iswc": "iswc",
}  # fmt: skip
"""Every measure and the field of the line it speaks of. `isrc`, `iswc`: 1 agree, -1 both given and different, 0 given in the
line only, NaN not given."""


@dataclass(frozen=True)
class Pairs:
    """Pairs to be scored: row `i` asks whether line `line[i]` is target `target[i]`; rows of a line are adjacent."""

    line: NDArray[np.int64]
    target: NDArray[np.int64]
    reading: list[tuple[TitleReading, NameReading, TitleReading]]
    """The readings that agree best: the line's title and artist, the target's title."""
    glued_line: Column


def choose(
    repertoire: Repertoire,
    lines: Sequence[LineReading],
    found: Sequence[Sequence[int]],
    always: Sequence[frozenset[int]] | None = None,
    keep: int = KEEP,
) -> Pairs:
    """Pair each line with its `keep` most alike candidates of each kind (positions, any order), by a cheap measure, ties by
    position.

    A line glued as "A - B" is read both ways round, and a target may have several titles: the best reading is kept. Candidates in
    `always` (named by an identifier) are kept however unlike they are.
    """
    rows = _combinations(repertoire, lines, found)
    owner = np.array([row[0] for row in rows], np.int64)
    target = np.array([row[1] for row in rows], np.int64)
    cheap = _cheap(repertoire, rows)
    best = _first_of_each(np.lexsort((-cheap, target, owner)), owner, target)
    named = np.array([always is not None and target[row] in always[owner[row]] for row in best.tolist()], bool)
    kind = np.array([repertoire.targets[position].kind == "work" for position in target[best].tolist()], np.int64)
    order = np.lexsort((target[best], -cheap[best], ~named, kind, owner[best]))
    group = owner[best][order] * 2 + kind[order]
    place = np.arange(len(order)) - np.searchsorted(group, group)
    top = np.maximum.reduceat(cheap[best][order], np.flatnonzero(place == 0)) if len(order) else np.zeros(0)
    near = cheap[best][order] >= top[np.cumsum(place == 0) - 1] - FAR
    chosen = np.sort(order[((place < keep) & (near | (place < 2))) | named[order]])
    kept = best[chosen].tolist()
    return Pairs(
        owner[best][chosen],
        target[best][chosen],
        [(rows[row][2], rows[row][3], rows[row][4]) for row in kept],
        np.array([rows[row][5] for row in kept], np.float64),
    )


Row = tuple[int, int, TitleReading, NameReading, TitleReading, bool]


def _combinations(repertoire: Repertoire, lines: Sequence[LineReading], found: Sequence[Sequence[int]]) -> list[Row]:
    """Return (line, target, line's title, line's artist, target's title, is it glued) for every way to read every pair."""
    readings = repertoire.readings
    rows: list[Row] = []
    for number, (line, positions) in enumerate(zip(lines, found, strict=True)):
        for variant, (title, artist) in enumerate(line.pairs):
            glued = variant > 0
            rows += [
                (number, position, title, artist, wanted, glued) for position in positions for wanted in readings[position].titles
            ]
    return rows


def _first_of_each(order: NDArray[np.int64], owner: NDArray[np.int64], target: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the first row of every (line, target) in a sorted order."""
    if not len(order):
        return order
    line, other = owner[order], target[order]
    return order[np.r_[True, (line[1:] != line[:-1]) | (other[1:] != other[:-1])]]


def measure(repertoire: Repertoire, lines: Sequence[LineReading], pairs: Pairs) -> dict[str, Column]:
    """Return every measure of `MEASURES` for every pair."""
    readings = [repertoire.readings[position] for position in pairs.target.tolist()]
    asked = [lines[number] for number in pairs.line.tolist()]
    found: dict[str, Column] = {"glued_line": pairs.glued_line}
    found |= _title_measures(repertoire, pairs, asked)
    found |= _artist_measures(repertoire, pairs, asked, readings)
    found |= _writer_measures(asked, readings)
    found |= _other_measures(asked, readings)
    return {name: found[name] for name in MEASURES}


def _cheap(repertoire: Repertoire, rows: Sequence[Row]) -> Column:
    """Return a rough likeness of titles and artists, for choosing readings and dropping hopeless candidates."""
    title = np.maximum(
        _compare(fuzz.ratio, [row[2].bag for row in rows], [row[4].bag for row in rows]),
        _compare(fuzz.ratio, [row[2].bare_text for row in rows], [row[4].bare_text for row in rows]),
    )
    ours = [row[3].all_text for row in rows]
    theirs = [repertoire.readings[row[1]].names_text for row in rows]
    known = [bool(name and names) for name, names in zip(ours, theirs, strict=True)]
    artist = _unknown(_compare(fuzz.token_set_ratio, ours, theirs), known)
    return title + 0.5 * np.where(np.isnan(artist), 0.6, artist)


def _title_measures(repertoire: Repertoire, pairs: Pairs, asked: Sequence[LineReading]) -> dict[str, Column]:
    ours = [title for title, _, _ in pairs.reading]
    theirs = [title for _, _, title in pairs.reading]
    kinds = [repertoire.targets[position].kind for position in pairs.target.tolist()]
    idf, rare = repertoire.idf, repertoire.rare
    overlap = np.array([_overlap(a.core, b.core, idf, rare) for a, b in zip(ours, theirs, strict=True)]).reshape(-1, 3)
    literal = [
        line.title is a and bool({same_text(line.line.title)} & {same_text(text) for text in repertoire.targets[position].titles})
        for line, a, position in zip(asked, ours, pairs.target.tolist(), strict=True)
    ]
    return {
        "title_core": _compare(fuzz.ratio, [a.core_text for a in ours], [b.core_text for b in theirs]),
        "title_sorted": _compare(fuzz.ratio, [a.bag for a in ours], [b.bag for b in theirs]),
        "title_full": _compare(fuzz.ratio, [a.full_text for a in ours], [b.full_text for b in theirs]),
        "title_bare": _compare(fuzz.ratio, [a.bare_text for a in ours], [b.bare_text for b in theirs]),
        "title_set": _compare(fuzz.token_set_ratio, [a.core_text for a in ours], [b.core_text for b in theirs]),
        "title_glued": _compare(fuzz.ratio, [a.glued for a in ours], [b.glued for b in theirs]),
        "title_prefix": np.array([_prefix(a.glued, b.glued) for a, b in zip(ours, theirs, strict=True)], np.float64),
        "title_literal": np.array(literal, np.float64),
        "title_missing_words": overlap[:, 0],
        "title_extra_words": overlap[:, 1],
        "title_weight": overlap[:, 2],
        "title_worst_word": np.array([_worst_word(a.core, b.core) for a, b in zip(ours, theirs, strict=True)], np.float64),
        "title_length": np.log1p(np.array([len(b.glued) for b in theirs], np.float64)),
        "homonyms": np.log(
            np.array([max(repertoire.homonyms[f"{kind}|{b.bag}"], 1) for kind, b in zip(kinds, theirs, strict=True)], np.float64)
        ),
        "sequel": np.array([a.numbers != b.numbers for a, b in zip(ours, theirs, strict=True)], np.float64),
        "version": np.array([a.versions != b.versions for a, b in zip(ours, theirs, strict=True)], np.float64),
    }


def _artist_measures(
    repertoire: Repertoire, pairs: Pairs, asked: Sequence[LineReading], readings: Sequence[TargetReading]
) -> dict[str, Column]:
    ours = [artist for _, artist, _ in pairs.reading]
    everyone = [reading.names_text for reading in readings]
    known = [bool(a.all and names) for a, names in zip(ours, everyone, strict=True)]
    lines = [a.all_text for a in ours]
    best = [_closest(a, reading.artists) for a, reading in zip(ours, readings, strict=True)]
    writers = [reading.writers_text for reading in readings]
    wrote = [bool(line and text) for line, text in zip(lines, writers, strict=True)]
    literal = [
        artist is line.artist and bool({same_text(line.line.artist)} & {same_text(text) for text in reading.target.artists})
        for line, artist, reading in zip(asked, ours, readings, strict=True)
    ]
    titles = [title.full_text for title, _, _ in pairs.reading]
    wanted = [title.full_text for _, _, title in pairs.reading]
    both = [f"{title} {line}" for title, line in zip(titles, lines, strict=True)]
    both_wanted = [f"{title} {names}" for title, names in zip(wanted, everyone, strict=True)]
    return {
        "artist_first": _unknown(
            _compare(fuzz.ratio, [a.first_bag for a in ours], [b.first_bag for b in best]), known
        ),
        "artist_all": _unknown(_compare(fuzz.ratio, [a.all_bag for a in ours], [b.all_bag for b in best]), known),
        "artist_set": _unknown(_compare(fuzz.token_set_ratio, lines, everyone), known),
        "artist_glued": _unknown(_compare(fuzz.ratio, [a.glued for a in ours], [b.glued for b in best]), known),
        "artist_worst_word": _unknown(
            np.array([_worst_word(a.first, b.all) for a, b in zip(ours, best, strict=True)], np.float64), known
        ),
        "artist_literal": _unknown(np.array(literal, np.float64), known),
        "artist_wrote": _unknown(_compare(fuzz.token_set_ratio, lines, writers), wrote),
        "catalogue": np.log(
            np.array(
                [max(repertoire.catalogue[f"{r.target.kind}|{b.first_bag}"], 1) for r, b in zip(readings, best, strict=True)],
                np.float64,
            )
        ),
        "both_sorted": _compare(fuzz.token_sort_ratio, both, both_wanted),
        "both_set": _compare(fuzz.token_set_ratio, both, both_wanted),
    }  # fmt: skip


def _writer_measures(asked: Sequence[LineReading], readings: Sequence[TargetReading]) -> dict[str, Column]:
    ours = [line.writers_text for line in asked]
    theirs = [reading.writers_text for reading in readings]
    known = [bool(a and b) for a, b in zip(ours, theirs, strict=True)]
    found = np.array(
        [_people(line.writers, reading.writers) for line, reading in zip(asked, readings, strict=True)], np.float64
    ).reshape(-1, 2)
    return {
        "writers_set": _unknown(_compare(fuzz.token_set_ratio, ours, theirs), known),
        "writers_sorted": _unknown(_compare(fuzz.token_sort_ratio, ours, theirs), known),
        "writers_found": _unknown(found[:, 0], known),
        "writers_named": _unknown(found[:, 1], known),
    }


def _other_measures(asked: Sequence[LineReading], readings: Sequence[TargetReading]) -> dict[str, Column]:
    ours = np.array([line.seconds or np.nan for line in asked], np.float64)
    theirs = np.array([reading.seconds or np.nan for reading in readings], np.float64)
    pairs = list(zip(asked, readings, strict=True))
    return {
        "duration_gap": np.abs(ours - theirs),
        "duration_ratio": np.minimum(ours, theirs) / np.maximum(ours, theirs),
        "isrc": np.array([_code(line.line.isrc, reading.target.isrcs) for line, reading in pairs], np.float64),
        "iswc": np.array([_code(line.line.iswc, reading.target.iswcs) for line, reading in pairs], np.float64),
    }


def _compare(scorer: Callable[..., float], ours: Sequence[str], theirs: Sequence[str]) -> Column:
    return np.asarray(cpdist(ours, theirs, scorer=scorer, dtype=np.float32), np.float64) / 100 if ours else np.zeros(0)


def _unknown(values: Column, known: Sequence[bool]) -> Column:
    return np.where(np.array(known, bool), values, np.nan)


def _code(code: str, known: tuple[str, ...]) -> float:
    if not code:
        return np.nan
    if code in known:
        return 1.0
    return -1.0 if known else 0.0


@lru_cache(maxsize=200_000)
def _closest(artist: NameReading, known: tuple[NameReading, ...]) -> NameReading:
    """Return the target's artist most like the line's; its first one when nothing is to be compared."""
    if not known:
        return NOBODY_READING
    if len(known) == 1 or not artist.all:
        return known[0]
    return max(
        known,
        key=lambda name: fuzz.ratio(artist.first_bag, name.first_bag) + fuzz.ratio(artist.all_bag, name.all_bag),
    )


@lru_cache(maxsize=200_000)
def _worst_word(ours: tuple[str, ...], theirs: tuple[str, ...]) -> float:
    """Return how well the line's worst word is found among the target's: "Dread Zeppelin" is not "Led Zeppelin"."""
    if not ours or not theirs:
        return 0.0
    if ours == theirs:
        return 1.0
    return min((1.0 if word in theirs else max(fuzz.ratio(word, other) for other in theirs) / 100) for word in ours)


def _overlap(ours: Sequence[str], theirs: Sequence[str], idf: dict[str, float], rare: float) -> tuple[float, float, float]:
    """Return (share of the target's title weight missing in the line, share of the line's missing in the target, target's
    weight)."""
    # summed in the order of the words, never of a set: the last bit must be the same on every machine
    weight_b = sum([idf.get(word, rare) for word in theirs])
    if ours == theirs:
        return (0.0, 0.0, weight_b)
    weight_a = sum([idf.get(word, rare) for word in ours])
    missing = sum([idf.get(word, rare) for word in theirs if word not in ours])
    extra = sum([idf.get(word, rare) for word in ours if word not in theirs])
    return missing / weight_b if weight_b else 1.0, extra / weight_a if weight_a else 1.0, weight_b


def _prefix(ours: str, theirs: str) -> bool:
    """Say whether the line's title is the target's cut short, as fields of 20 to 30 characters do."""
    return len(ours) >= 12 and len(ours) < len(theirs) and theirs.startswith(ours)


def _people(ours: Sequence[Sequence[str]], theirs: Sequence[Sequence[str]]) -> tuple[float, float]:
    """Return (share of the line's writers found in the target, share of the target's writers named in the line)."""
    if not ours or not theirs:
        return 0.0, 0.0
    known = {word for person in theirs for word in person if len(word) > 2}
    named = {word for person in ours for word in person if len(word) > 2}
    return (
        sum(any(word in known for word in person) for person in ours) / len(ours),
        sum(any(word in named for word in person) for person in theirs) / len(theirs),
    )
