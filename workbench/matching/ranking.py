"""Rank the candidates of many lines: look up, search, choose, measure, score; what stands beside a line in the file never
matters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .candidates import CandidateSource, Line, LineReading, Repertoire, read_line
from .features import MEASURES, Column, Pairs, choose, measure
from .keys import exact_keys
from .scoring import Model, filled, line_columns, pair_columns, probability

CHUNK = 2_000
"""Lines measured together: bounds memory, changes no result."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A target that was scored for a line, and how it was found."""

    position: int
    logit: float
    by_isrc: bool
    by_iswc: bool
    by_key: bool
    title_agrees: bool
    sequel: bool
    version: bool
    literal: bool
    measures: Column
    """One value per name of `MEASURES`."""
    points: NDArray[np.int64]
    """One value per field of `FIELDS`: what the field contributed, ten points double the odds."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """A line with its candidates, most likely first, equal ones in the order of kind and identifier."""

    reading: LineReading
    candidates: list[Candidate]


@dataclass(frozen=True, slots=True)
class Found:
    """Positions worth measuring for a line; those an identifier names, and those an exact key gives."""

    positions: list[int]
    named: frozenset[int]
    exact: frozenset[int]


def gather(repertoire: Repertoire, source: CandidateSource, reading: LineReading) -> Found:
    """Return the candidates of a line: by identifiers, by exact keys, then by search."""
    line = reading.line
    named = {*repertoire.by_isrc.get(line.isrc, ())} if line.isrc else set()
    if line.iswc:
        named.update(repertoire.by_iswc.get(line.iswc, ()))
    exact: set[int] = set()
    for key in exact_keys([title for title, _ in reading.pairs], [artist for _, artist in reading.pairs]):
        exact.update(repertoire.by_key.get(key, ()))
    return Found(sorted({*named, *exact, *source.find(reading)}), frozenset(named), frozenset(exact))


def rank(repertoire: Repertoire, source: CandidateSource, model: Model, lines: Sequence[Line]) -> list[Ranked]:
    """Return every line with its scored candidates, in the order given."""
    ranked: list[Ranked] = []
    for start in range(0, len(lines), CHUNK):
        readings = [read_line(line) for line in lines[start : start + CHUNK]]
        found = [gather(repertoire, source, reading) for reading in readings]
        pairs = choose(repertoire, readings, [each.positions for each in found], [each.named for each in found])
        measures = measure(repertoire, readings, pairs)
        columns = filled(pair_columns(measures)[1], model.pair.mean)
        candidates = _candidates(
            pairs, measures, model.pair.logit(columns), model.pair.points(columns), [each.exact for each in found]
        )
        for number, reading in enumerate(readings):
            # rounded, so that equal evidence is equal; then the order of kind and identifier decides, never the file's
            ranked.append(Ranked(reading, sorted(candidates[number], key=lambda each: (-round(each.logit, 9), each.position))))
    return ranked


def line_probabilities(model: Model, best: Sequence[Candidate], second: Sequence[float]) -> Column:
    """Return the probability that accepting `best` is right, given the log-odds of its rival (-inf without one)."""
    if not best:
        return np.zeros(0)
    values = np.stack([candidate.measures for candidate in best])
    measures = {name: values[:, place] for place, name in enumerate(MEASURES)}
    columns = line_columns(np.array([candidate.logit for candidate in best]), np.array(second, np.float64), measures)
    return probability(model.line.logit(columns))


def _candidates(
    pairs: Pairs, measures: dict[str, Column], logits: Column, points: NDArray[np.int64], exact: Sequence[frozenset[int]]
) -> list[list[Candidate]]:
    likeness = np.max([measures[name] for name in ("title_core", "title_sorted", "title_glued", "title_bare")], axis=0)
    agrees = (likeness >= 0.8) | (measures["title_prefix"] > 0) | ((measures["title_set"] >= 1) & (measures["title_bare"] >= 0.5))
    literal = (measures["title_literal"] > 0) & (measures["artist_literal"] == 1)
    flags = zip(
        pairs.line.tolist(),
        pairs.target.tolist(),
        logits.tolist(),
        (measures["isrc"] == 1).tolist(),
        (measures["iswc"] == 1).tolist(),
        agrees.tolist(),
        (measures["sequel"] > 0).tolist(),
        (measures["version"] > 0).tolist(),
        literal.tolist(),
        np.column_stack(list(measures.values())),
        points,
        strict=True,
    )
    found: list[list[Candidate]] = [[] for _ in exact]
    for number, position, logit, isrc, iswc, title, sequel, version, same, values, earned in flags:
        by_key = position in exact[number]
        found[number].append(Candidate(position, logit, isrc, iswc, by_key, title, sequel, version, same, values, earned))
    return found
