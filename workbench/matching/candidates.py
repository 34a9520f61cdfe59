"""Where candidates come from: the repertoire as targets, the exact look-ups, and search behind one interface.

A *target* is what a usage line may be matched to, a recording or a work, with every title, artist and writer it is known by. The
`Repertoire` answers look-ups that need no search (ISRC, ISWC, exact key); a `CandidateSource` answers the rest.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import tantivy

from .keys import NameReading, TitleReading, exact_keys, read_names, read_person, read_title, read_writers, seconds

SEARCH_LIMIT = 20
"""Candidates taken from search per line."""
NEIGHBOURS = 6
"""Known words tried for a word no target has."""


@dataclass(frozen=True, slots=True)
class Line:
    """What a usage line says about what was played; one for all lines of the same key."""

    key: str
    title: str
    artist: str = ""
    writers: str = ""
    isrc: str = ""
    iswc: str = ""
    duration_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """A recording or a work as matching sees it; `family` holds the works a recording embodies, or the work itself."""

    kind: str
    id: str
    titles: tuple[str, ...]
    artists: tuple[str, ...] = ()
    writers: tuple[str, ...] = ()
    isrcs: tuple[str, ...] = ()
    iswcs: tuple[str, ...] = ()
    duration_seconds: int | None = None
    family: frozenset[str] = frozenset()


class CandidateSource(Protocol):
    """Gives the targets worth scoring for a line; which line came before must not matter."""

    def find(self, line: LineReading) -> Sequence[int]:
        """Return positions of targets in the repertoire, best first."""
        ...


@dataclass(frozen=True, slots=True)
class LineReading:
    """A line read once for all its candidates; `titles[0]` is the title as given, the rest are its parts when it looks glued."""

    line: Line
    title: TitleReading
    artist: NameReading
    writers: tuple[tuple[str, ...], ...]
    writers_text: str
    seconds: int | None
    pairs: tuple[tuple[TitleReading, NameReading], ...]
    """Readings as (title, artist): as given, and where no artist is given "A - B" both ways round."""


def read_line(line: Line) -> LineReading:
    """Read a line's fields."""
    title, artist = read_title(line.title), read_names(line.artist)
    pairs = [(title, artist)]
    if not artist.all:
        for mark in (" - ", " – ", " / ", ": ", " _ ", " by "):
            if mark in line.title:
                left, right = line.title.split(mark, 1)
                pairs += [(read_title(right), read_names(left)), (read_title(left), read_names(right))]
                break
    people = read_writers(line.writers)
    return LineReading(line, title, artist, people, flat(people), seconds(line.duration_seconds), tuple(pairs))


@dataclass(frozen=True, slots=True)
class TargetReading:
    """A target read once for all lines."""

    target: Target
    titles: tuple[TitleReading, ...]
    artists: tuple[NameReading, ...]
    writers: tuple[tuple[str, ...], ...]
    seconds: int | None
    names_text: str
    writers_text: str


class Repertoire:
    """All targets, in the order of kind and identifier, with what can be looked up without searching.

    >>> repertoire = Repertoire([Target("work", "W-1", ("Taa ya Pwani",), ("Amani Trio",), isrcs=("ZAAAA7400001",))])
    >>> repertoire.by_isrc["ZAAAA7400001"], repertoire.by_key["pwani taa ya|amani trio"]
    ([0], [0])
    """

    def __init__(self, targets: Sequence[Target]) -> None:
        self.targets = sorted(targets, key=lambda target: (target.kind, target.id))
        self.readings = [_read_target(target) for target in self.targets]
        self.by_isrc: dict[str, list[int]] = defaultdict(list)
        self.by_iswc: dict[str, list[int]] = defaultdict(list)
        self.by_key: dict[str, list[int]] = defaultdict(list)
        self.homonyms: Counter[str] = Counter()
        """How many targets of a kind share a core title (`kind|bag`)."""
        self.catalogue: Counter[str] = Counter()
        """How many targets of a kind an artist has (`kind|bag`)."""
        frequency: Counter[str] = Counter()
        for position, reading in enumerate(self.readings):
            target = reading.target
            for code in target.isrcs:
                self.by_isrc[code].append(position)
            for code in target.iswcs:
                self.by_iswc[code].append(position)
            for key in exact_keys(reading.titles, reading.artists):
                self.by_key[key].append(position)
            self.homonyms.update({f"{target.kind}|{title.bag}" for title in reading.titles})
            self.catalogue.update({f"{target.kind}|{artist.first_bag}" for artist in reading.artists})
            frequency.update({word for title in reading.titles for word in title.full})
        count = max(len(self.targets), 1)
        self.idf = {word: math.log(1 + count / seen) for word, seen in frequency.items()}
        self.rare = math.log(1 + count)
        """Weight of a title word no target has."""


class TantivySource:
    """Search over titles, artists and writers (BM25, in memory), with unknown words replaced by known words one slip away.

    Ties are cut in the order of kind and identifier, so that neither the order of lines nor of the file matters.
    """

    def __init__(self, repertoire: Repertoire, limit: int = SEARCH_LIMIT, *, spelling: bool = True) -> None:
        self.limit = limit
        self.spelling = spelling
        builder = tantivy.SchemaBuilder()
        for name in ("title", "name"):
            builder.add_text_field(name, stored=False, tokenizer_name="whitespace", index_option="freq")
        builder.add_integer_field("row", stored=False, fast=True)
        self._schema = builder.build()
        self._index = tantivy.Index(self._schema)
        writer = self._index.writer(heap_size=200_000_000, num_threads=1)
        for row, reading in enumerate(repertoire.readings):
            titles = {word for title in reading.titles for word in (*title.full, title.glued)}
            names = _people_words(reading)
            writer.add_document(tantivy.Document(title=" ".join(sorted(titles)), name=" ".join(sorted(names)), row=row))
        writer.commit()
        writer.wait_merging_threads()
        self._index.reload()
        self._searcher = self._index.searcher()
        self._titles = Vocabulary({word for reading in repertoire.readings for title in reading.titles for word in title.full})
        self._names = Vocabulary({word for reading in repertoire.readings for word in _people_words(reading)})

    def find(self, line: LineReading) -> list[int]:
        """Return positions of the best targets by words, spelling slips allowed."""
        title_words = dict.fromkeys(line.title.full, 1.0)
        title_words[line.title.glued] = 1.0
        name_words = dict.fromkeys((*line.artist.all, *(word for person in line.writers for word in person)), 0.7)
        if not name_words:
            # the artist may be inside the title, "ARTIST - TITLE"
            name_words = dict.fromkeys(line.title.full, 0.5)
        clauses = self._clauses("title", title_words, self._titles) + self._clauses("name", name_words, self._names)
        if not clauses:
            return []
        hits = self._searcher.search(tantivy.Query.boolean_query(clauses), limit=self.limit, count=False).hits
        if not hits:
            return []
        rows = self._searcher.fast_field_values("row", [address for _, address in hits])
        return [row for row in rows if isinstance(row, int)]

    def _clauses(self, field: str, words: dict[str, float], vocabulary: Vocabulary) -> list[tuple[tantivy.Occur, tantivy.Query]]:
        weights = dict(words)
        for word, weight in words.items():
            for near in vocabulary.near(word) if self.spelling else ():
                weights[near] = max(weights.get(near, 0.0), 0.75 * weight)
        term, boost = tantivy.Query.term_query, tantivy.Query.boost_query
        return [
            (tantivy.Occur.Should, boost(term(self._schema, field, word), weight)) for word, weight in sorted(weights.items())
        ]


class Vocabulary:
    """The words of a repertoire, and for a word it does not have, those one deletion away on either side.

    >>> Vocabulary({"malaika", "pata"}).near("malika")
    ['malaika']
    """

    def __init__(self, words: set[str]) -> None:
        self._words = words
        self._answers: dict[str, list[str]] = {}
        self._cut: dict[str, list[str]] = defaultdict(list)
        for word in sorted(words):
            if len(word) > 3:
                for short in _cuts(word):
                    self._cut[short].append(word)

    def near(self, word: str) -> list[str]:
        """Return at most six known words for an unknown one, in a stable order."""
        if word in self._words or len(word) < 4:
            return []
        known = self._answers.get(word)
        if known is None:
            known = self._answers[word] = self._search(word)
        return known

    def _search(self, word: str) -> list[str]:
        found: Counter[str] = Counter()
        for short in {word, *_cuts(word)}:
            if short in self._words:
                found[short] += 2
            found.update(self._cut.get(short, ()))
        found.update(self._cut.get(word, ()))
        return sorted(found, key=lambda near: (-found[near], near))[:NEIGHBOURS]


def flat(people: Sequence[Sequence[str]]) -> str:
    """Return the words of several people as one text."""
    return " ".join(word for person in people for word in person)


def _people_words(reading: TargetReading) -> set[str]:
    return {word for artist in reading.artists for word in artist.all} | {word for person in reading.writers for word in person}


def _cuts(word: str) -> set[str]:
    return {word[:i] + word[i + 1 :] for i in range(len(word))}


def _read_target(target: Target) -> TargetReading:
    people = tuple(person for text in target.writers if (person := read_person(text)))
    artists = tuple(reading for name in target.artists if (reading := read_names(name)).all)
    titles = tuple(read_title(title) for title in target.titles if title)
    names = " ".join(artist.all_text for artist in artists)
    return TargetReading(target, titles, artists, people, seconds(target.duration_seconds), names, flat(people))
