"""What a line and a candidate have in common, as numbers: one row per pair, measured by the column, nothing depends on other lines.

A value that cannot be known (no artist in the line, no duration in the register) is NaN here; the model gives it its own weight.
Ratios run from 0 to 1. The names of `MEASURES` are the vocabulary of the model file and of explanations.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz
from rapidfuzz.process import cpdist

from .candidates import LineReading, Repertoire, TargetReading, glued, title_bag
from .keys import NameReading, TitleReading
from .text import same_text

Column = NDArray[np.float64]
KEEP = 6
"""Searched candidates that are measured in full; the cheap measure drops the rest."""

MEASURES = {
    "title_core": "title", "title_sorted": "title", "title_full": "title", "title_bare": "title", "title_set": "title",
    "title_glued": "title", "title_prefix": "title", "title_literal": "title", "title_missing_words": "title",
    "title_extra_words": "title", "title_worst_word": "title", "title_weight": "title", "title_length": "title",
    "homonyms": "title", "sequel": "title", "version": "title", "glued_line": "title",
    "artist_first": "artist", "artist_all": "artist", "artist_set": "artist", "artist_glued": "artist", "artist_worst_word": "artist",
    "artist_literal": "artist", "artist_wrote": "artist", "catalogue": "artist",
    "writers_set": "writers", "writers_sorted": "writers", "writers_found": "writers", "writers_named": "writers",
    "both_sorted": "title and artist", "both_set": "title and artist",
    "duration_gap": "duration", "duration_ratio": "duration", "isrc": "isrc", "iswc": "iswc", "work": "kind",
}  # fmt: skip
"""Every measure and the field of the line it speaks of. `isrc`, `iswc`: 1 agree, -1 both given and different, 0 given in the line only, NaN not given."""


@dataclass(frozen=True)
class Pairs:
    """Pairs to be scored: row `i` asks whether line `line[i]` is target `target[i]`; rows of a line are adjacent."""

    line: NDArray[np.int64]
    target: NDArray[np.int64]
    reading: list[tuple[TitleReading, NameReading, TitleReading]]
    """The readings that agree best: the line's title and artist, the target's title."""
    glued_line: Column


def choose(repertoire: Repertoire, lines: Sequence[LineReading], found: Sequence[Sequence[int]], keep: int = KEEP) -> Pairs:
    """Pair each line with its `keep` most alike candidates (positions, any order), by a cheap measure, ties by position.

    A line glued as "A - B" is read both ways round, and a target may have several titles: the best reading is kept.
    """
    owner, target, titles, names, wanted = [], [], [], [], []
    glued_flag: list[bool] = []
    for number, (line, positions) in enumerate(zip(lines, found, strict=True)):
        for position in sorted(set(positions)):
            reading = repertoire.readings[position]
            for variant, (title, artist) in enumerate(line.pairs):
                for wanted_title in reading.titles:
                    owner.append(number)
                    target.append(position)
                    titles.append(title)
                    names.append(artist)
                    wanted.append(wanted_title)
                    glued_flag.append(variant > 0)
    cheap = _cheap(repertoire, titles, names, wanted, target)
    owners, targets = np.array(owner, np.int64), np.array(target, np.int64)
    order = np.lexsort((targets, -cheap, owners))
    rows: list[int] = []
    last, taken = -1, set()
    for row in order.tolist():
        if owner[row] != last:
            last, taken = owner[row], set()
        if len(taken) < keep and target[row] not in taken:
            taken.add(target[row])
            rows.append(row)
    chosen = np.array(rows, np.int64)
    return Pairs(
        owners[chosen],
        targets[chosen],
        [(titles[row], names[row], wanted[row]) for row in rows],
        np.array([glued_flag[row] for row in rows], np.float64),
    )


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


def _cheap(
    repertoire: Repertoire,
    titles: Sequence[TitleReading],
    names: Sequence[NameReading],
    wanted: Sequence[TitleReading],
    target: Sequence[int],
) -> Column:
    """Return a rough likeness of titles and artists, for choosing readings and dropping hopeless candidates."""
    if not titles:
        return np.zeros(0)
    title = np.maximum(
        _compare(fuzz.ratio, [_sorted(title.core) for title in titles], [_sorted(title.core) for title in wanted]),
        _compare(fuzz.ratio, [" ".join(title.bare) for title in titles], [" ".join(title.bare) for title in wanted]),
    )
    artists = [_names(repertoire.readings[position]) for position in target]
    lines = [" ".join(name.all) for name in names]
    artist = _unknown(
        _compare(fuzz.token_set_ratio, lines, artists), [bool(line and name) for line, name in zip(lines, artists, strict=True)]
    )
    return title + 0.5 * np.where(np.isnan(artist), 0.6, artist)


def _title_measures(repertoire: Repertoire, pairs: Pairs, asked: Sequence[LineReading]) -> dict[str, Column]:
    ours = [title for title, _, _ in pairs.reading]
    theirs = [title for _, _, title in pairs.reading]
    idf, rare = repertoire.idf, repertoire.rare
    overlap = np.array([_overlap(a.core, b.core, idf, rare) for a, b in zip(ours, theirs, strict=True)]).reshape(-1, 3)
    literal = [
        line.title is a and bool({same_text(line.line.title)} & {same_text(text) for text in repertoire.targets[position].titles})
        for line, a, position in zip(asked, ours, pairs.target.tolist(), strict=True)
    ]
    return {
        "title_core": _compare(fuzz.ratio, [" ".join(a.core) for a in ours], [" ".join(b.core) for b in theirs]),
        "title_sorted": _compare(fuzz.ratio, [_sorted(a.core) for a in ours], [_sorted(b.core) for b in theirs]),
        "title_full": _compare(fuzz.ratio, [" ".join(a.full) for a in ours], [" ".join(b.full) for b in theirs]),
        "title_bare": _compare(fuzz.ratio, [" ".join(a.bare) for a in ours], [" ".join(b.bare) for b in theirs]),
        "title_set": _compare(fuzz.token_set_ratio, [" ".join(a.core) for a in ours], [" ".join(b.core) for b in theirs]),
        "title_glued": _compare(fuzz.ratio, [glued(a) for a in ours], [glued(b) for b in theirs]),
        "title_prefix": np.array([_prefix(glued(a), glued(b)) for a, b in zip(ours, theirs, strict=True)], np.float64),
        "title_literal": np.array(literal, np.float64),
        "title_missing_words": overlap[:, 0],
        "title_extra_words": overlap[:, 1],
        "title_weight": overlap[:, 2],
        "title_worst_word": np.array([_worst_word(a.core, b.core) for a, b in zip(ours, theirs, strict=True)], np.float64),
        "title_length": np.log1p(np.array([len(glued(b)) for b in theirs], np.float64)),
        "homonyms": np.log(np.array([max(repertoire.homonyms[title_bag(b)], 1) for b in theirs], np.float64)),
        "sequel": np.array([a.numbers != b.numbers for a, b in zip(ours, theirs, strict=True)], np.float64),
        "version": np.array([a.versions != b.versions for a, b in zip(ours, theirs, strict=True)], np.float64),
    }


def _artist_measures(
    repertoire: Repertoire, pairs: Pairs, asked: Sequence[LineReading], readings: Sequence[TargetReading]
) -> dict[str, Column]:
    ours = [artist for _, artist, _ in pairs.reading]
    everyone = [_names(reading) for reading in readings]
    known = [bool(a.all and names) for a, names in zip(ours, everyone, strict=True)]
    lines = [" ".join(a.all) for a in ours]
    best = [_closest(a, reading.artists) for a, reading in zip(ours, readings, strict=True)]
    writers = [_writer_text(reading.writers) for reading in readings]
    wrote = [bool(line and text) for line, text in zip(lines, writers, strict=True)]
    literal = [
        artist is line.artist and bool({same_text(line.line.artist)} & {same_text(text) for text in reading.target.artists})
        for line, artist, reading in zip(asked, ours, readings, strict=True)
    ]
    titles = [" ".join(title.full) for title, _, _ in pairs.reading]
    wanted = [" ".join(title.full) for _, _, title in pairs.reading]
    both = [f"{title} {line}" for title, line in zip(titles, lines, strict=True)]
    both_wanted = [f"{title} {names}" for title, names in zip(wanted, everyone, strict=True)]
    return {
        "artist_first": _unknown(
            _compare(fuzz.ratio, [_sorted(a.first) for a in ours], [_sorted(b.first) for b in best]), known
        ),
        "artist_all": _unknown(_compare(fuzz.ratio, [_sorted(a.all) for a in ours], [_sorted(b.all) for b in best]), known),
        "artist_set": _unknown(_compare(fuzz.token_set_ratio, lines, everyone), known),
        "artist_glued": _unknown(_compare(fuzz.ratio, ["".join(a.all) for a in ours], ["".join(b.all) for b in best]), known),
        "artist_worst_word": _unknown(
            np.array([_worst_word(a.first, b.all) for a, b in zip(ours, best, strict=True)], np.float64), known
        ),
        "artist_literal": _unknown(np.array(literal, np.float64), known),
        "artist_wrote": _unknown(_compare(fuzz.token_set_ratio, lines, writers), wrote),
        "catalogue": np.log(np.array([max(repertoire.catalogue[_sorted(b.first)], 1) for b in best], np.float64)),
        "both_sorted": _compare(fuzz.token_sort_ratio, both, both_wanted),
        "both_set": _compare(fuzz.token_set_ratio, both, both_wanted),
    }  # fmt: skip


def _writer_measures(asked: Sequence[LineReading], readings: Sequence[TargetReading]) -> dict[str, Column]:
    ours = [_writer_text(line.writers) for line in asked]
    theirs = [_writer_text(reading.writers) for reading in readings]
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
        "work": np.array([reading.target.kind == "work" for reading in readings], np.float64),
    }


def _compare(scorer: object, ours: Sequence[str], theirs: Sequence[str]) -> Column:
    return np.asarray(cpdist(ours, theirs, scorer=scorer, dtype=np.float32), np.float64) / 100 if ours else np.zeros(0)


def _unknown(values: Column, known: Sequence[bool]) -> Column:
    return np.where(np.array(known, bool), values, np.nan)


def _code(code: str, known: tuple[str, ...]) -> float:
    if not code:
        return np.nan
    if code in known:
        return 1.0
    return -1.0 if known else 0.0


def _sorted(words: Sequence[str]) -> str:
    return " ".join(sorted(words))


def _names(reading: TargetReading) -> str:
    return " ".join(word for artist in reading.artists for word in artist.all)


def _writer_text(people: Sequence[Sequence[str]]) -> str:
    return " ".join(word for person in people for word in person)


@lru_cache(maxsize=200_000)
def _closest(artist: NameReading, known: tuple[NameReading, ...]) -> NameReading:
    """Return the target's artist most like the line's; its first one when nothing is to be compared."""
    if not known:
        return NameReading((), ())
    if len(known) == 1 or not artist.all:
        return known[0]
    return max(
        known,
        key=lambda name: (
            fuzz.ratio(_sorted(artist.first), _sorted(name.first)) + fuzz.ratio(_sorted(artist.all), _sorted(name.all))
        ),
    )


@lru_cache(maxsize=200_000)
def _worst_word(ours: tuple[str, ...], theirs: tuple[str, ...]) -> float:
    """Return how well the line's worst word is found among the target's: "Dread Zeppelin" is not "Led Zeppelin"."""
    if not ours or not theirs:
        return 0.0
    known = set(theirs)
    return min((1.0 if word in known else max(fuzz.ratio(word, other) for other in theirs) / 100) for word in ours)


def _overlap(ours: Sequence[str], theirs: Sequence[str], idf: dict[str, float], rare: float) -> tuple[float, float, float]:
    """Return (share of the target's title weight missing in the line, share of the line's missing in the target, target's weight)."""
    a, b = set(ours), set(theirs)
    weight_a = sum(idf.get(word, rare) for word in sorted(a))
    weight_b = sum(idf.get(word, rare) for word in sorted(b))
    missing = sum(idf.get(word, rare) for word in sorted(b - a))
    extra = sum(idf.get(word, rare) for word in sorted(a - b))
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
