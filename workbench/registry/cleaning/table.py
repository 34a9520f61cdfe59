"""The table on the bench: every cell is text, a column keeps each distinct text once, and no table ever changes.

A column is a list of distinct texts (`Words`) and one whole number per row that says which. What a person asks of 100,000 rows is
mostly a question about a few thousand texts, so facets, clusters and edits look at each distinct text once and the rows follow by
one array look-up. A step makes a new table that shares every column it did not touch: undo is going back to the table before.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ...core.errors import WorkbenchError, unknown

Codes = NDArray[np.int32]
Mask = NDArray[np.bool_]
_FEW = 100
ROW = "#"
"""Names the row itself where a column is asked for: its number, its flag, what the reader found odd in its line."""


class Words:
    """The distinct texts of a column by number, in the order first seen; a number never changes its text. Number 0 is no text.

    >>> words = Words()
    >>> words.number("Amani"), words.number("Baraka"), words.number("Amani"), words.texts
    (1, 2, 1, ['', 'Amani', 'Baraka'])
    """

    __slots__ = ("_derived", "_numbers", "_ranked", "texts")

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self.texts: list[str] = ["", *texts]
        self._numbers: dict[str, int] = {}
        self._derived: dict[object, list[Any]] = {}
        self._ranked: dict[object, tuple[list[int], NDArray[np.int64]]] = {}

    def __len__(self) -> int:
        return len(self.texts)

    def number(self, text: str) -> int:
        """Return the number of a text, giving it one when it is new."""
        numbers = self._numbers or self._numbered()
        found = numbers.get(text)
        if found is None:
            found = numbers[text] = len(self.texts)
            self.texts.append(text)
        return found

    def _numbered(self) -> dict[str, int]:
        """Number the texts when first asked for by text: most columns never are."""
        self._numbers = {text: at for at, text in enumerate(self.texts)}
        return self._numbers

    def find(self, text: str) -> int:
        """Return the number of a text, or -1 when no cell ever held it."""
        return (self._numbers or self._numbered()).get(text, -1)

    def ranks(self, name: object = None, key: Callable[[str], Any] = str) -> NDArray[np.int64]:
        """Return the rank of each text, by number, in the order of `key` (their letters when not said); equal keys rank equal.

        A few texts more, as after an edited cell, are put among those ranked before: nobody waits for all to be sorted again.
        """
        keys = self.derived(("key", name), key)
        order, ranks = self._ranked.get(name, ([], np.zeros(0, dtype=np.int64)))
        if len(ranks) < len(keys):
            if len(keys) - len(order) > _FEW:
                order = sorted(range(len(keys)), key=keys.__getitem__)
            else:
                for code in range(len(order), len(keys)):
                    insort(order, code, key=keys.__getitem__)
            ranks = np.zeros(len(keys), dtype=np.int64)
            ranks[order[1:]] = np.cumsum([keys[one] != keys[other] for one, other in pairwise(order)], dtype=np.int64)
            self._ranked[name] = order, ranks
        return ranks

    def derived(self, name: object, work_out: Callable[[str], Any]) -> list[Any]:
        """Return what `work_out` makes of each text, by number; each text is worked out once, however often it is asked for."""
        known = self._derived.setdefault(name, [])
        if len(known) < len(self.texts):
            known.extend(map(work_out, self.texts[len(known) :]))
        return known


@dataclass(frozen=True, eq=False)
class Column:
    """One column: which text each row holds."""

    codes: Codes
    words: Words
    source: str = ""
    """The column of the file it comes from; empty when a step made it."""

    @classmethod
    def of(cls, texts: Iterable[str], source: str = "") -> Column:
        """Make a column of texts, one for each row."""
        codes, uniques = pd.factorize(_objects(texts))
        different = uniques.tolist()
        at = different.index("") if "" in different else len(different)
        look_up = np.arange(1, len(different) + 2, dtype=np.int32)  # no text is number 0, wherever it first stood
        look_up[at:] -= 1
        look_up[at] = 0
        return cls(look_up[codes], Words(text for text in different if text), source)

    @classmethod
    def blank(cls, rows: int) -> Column:
        """Make a column without any text."""
        return cls(np.zeros(rows, dtype=np.int32), Words())

    def __len__(self) -> int:
        return len(self.codes)

    def text(self, position: int) -> str:
        """Return the text of one row."""
        return self.words.texts[int(self.codes[position])]

    def texts(self, mask: Mask | None = None) -> list[str]:
        """Return the text of every row, or of the rows of a mask, in order."""
        texts = self.words.texts
        return [texts[code] for code in (self.codes if mask is None else self.codes[mask]).tolist()]

    def counts(self, mask: Mask | None = None) -> NDArray[np.int64]:
        """Return how many rows hold each text, by number."""
        return np.bincount(self.codes if mask is None else self.codes[mask], minlength=len(self.words))

    def used(self, mask: Mask | None = None) -> list[tuple[str, int]]:
        """Return the texts that rows hold, each with its number of rows, by text."""
        counts = self.counts(mask)
        texts = self.words.texts
        return sorted((texts[code], int(counts[code])) for code in np.flatnonzero(counts).tolist())

    def holds(self, wanted: Callable[[str], bool], name: object = None) -> Mask:
        """Return which rows hold a text that is wanted; give a `name` when the same question will be asked again."""
        if name is not None:
            answers = np.array(self.words.derived(name, wanted), dtype=bool)
        else:
            answers = np.zeros(len(self.words), dtype=bool)
            for code in np.flatnonzero(self.counts()).tolist():
                answers[code] = wanted(self.words.texts[code])
        return answers[self.codes]

    def mapped(self, change: Callable[[str], str], mask: Mask) -> Column:
        """Return the column with `change` applied to the text of each row of the mask; itself when nothing changes."""
        used = np.flatnonzero(self.counts(mask)).tolist()
        texts = self.words.texts
        after = {code: text for code in used if (text := change(texts[code])) != texts[code]}
        if not after:
            return self
        look_up = np.arange(len(self.words), dtype=np.int32)
        for code, text in after.items():
            look_up[code] = self.words.number(text)
        return replace(self, codes=np.where(mask, look_up[self.codes], self.codes)).tidy()

    def put(self, text: str, mask: Mask) -> Column:
        """Return the column with one text in every row of the mask."""
        return replace(self, codes=np.where(mask, np.int32(self.words.number(text)), self.codes))

    def with_texts(self, texts: Sequence[str], mask: Mask) -> Column:
        """Return the column with other texts in the rows of the mask, given in order."""
        codes = self.codes.copy()
        numbers, uniques = pd.factorize(_objects(texts))
        codes[mask] = np.array([self.words.number(text) for text in uniques.tolist()], dtype=np.int32)[numbers]
        return replace(self, codes=codes)

    def take(self, positions: NDArray[np.int64]) -> Column:
        """Return the column with the rows at `positions`, in that order."""
        return replace(self, codes=self.codes[positions])

    def tidy(self) -> Column:
        """Return the column without the texts no row holds, when they have become the larger part."""
        used = np.flatnonzero(self.counts())
        if len(self.words) < 2 * len(used) + 1_000:
            return self
        words = Words()
        look_up = np.zeros(len(self.words), dtype=np.int32)
        for code in used.tolist():
            look_up[code] = words.number(self.words.texts[code])
        return replace(self, codes=look_up[self.codes], words=words)

    def differs(self, other: Column) -> Mask:
        """Return in which rows two columns of equal length hold different texts."""
        if self.codes is other.codes and self.words is other.words:
            return np.zeros(len(self), dtype=bool)
        if self.words is other.words:
            return np.asarray(self.codes != other.codes)
        look_up = np.full(len(self.words), -1, dtype=np.int32)
        for code in np.flatnonzero(self.counts()).tolist():
            look_up[code] = other.words.find(self.words.texts[code])
        return np.asarray(look_up[self.codes] != other.codes)


def _objects(texts: Iterable[str]) -> NDArray[np.object_]:
    listed = list(texts)
    made = np.empty(len(listed), dtype=object)
    made[:] = listed
    return made


@dataclass(frozen=True, eq=False)
class Rows:
    """Which rows there are, in order: each has a number that never changes, the line of the file it stood on."""

    numbers: tuple[str, ...]
    """`12` is line 12 of the file; the rows it was split into are `12.1`, `12.2`."""
    origin: NDArray[np.int64]
    """The place in the file's table that each row comes from."""

    def __len__(self) -> int:
        return len(self.numbers)

    @cached_property
    def _places(self) -> dict[str, int]:
        return {number: place for place, number in enumerate(self.numbers)}

    def place(self, number: str) -> int:
        """Return where a row stands, or -1 when there is none of that number."""
        return self._places.get(str(number), -1)

    def places(self, numbers: Iterable[str]) -> NDArray[np.int64]:
        """Return where rows stand, -1 for those that are not there."""
        find = self._places.get
        return np.array([find(number, -1) for number in numbers], dtype=np.int64)

    def take(self, positions: NDArray[np.int64], numbers: Sequence[str] | None = None) -> Rows:
        """Return the rows at `positions`, in that order, under new numbers where given."""
        kept = tuple(self.numbers[at] for at in positions.tolist()) if numbers is None else tuple(numbers)
        return Rows(kept, self.origin[positions])


@dataclass(frozen=True, eq=False)
class Table:
    """Rows and columns, and for each row whether it is still in the table, its flag, and what was odd about its line."""

    rows: Rows
    columns: Mapping[str, Column]
    fate: Column
    """Why a row is not in the table any more, like `removed`; empty for the rows that are."""
    flags: Column
    marks: Column
    """What the reader found odd about the line as a whole."""
    _cache: dict[str, Mask] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, numbers: Sequence[str], columns: Mapping[str, Column], marks: Column | None = None) -> Table:
        """Make a table of columns of equal length."""
        count = len(numbers)
        rows = Rows(tuple(numbers), np.arange(count))
        return cls(rows, dict(columns), Column.blank(count), Column.blank(count), marks or Column.blank(count))

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def live(self) -> Mask:
        """Which rows are in the table; the others were removed or merged and are only kept."""
        if "live" not in self._cache:
            self._cache["live"] = np.array([not text for text in self.fate.words.texts])[self.fate.codes]
        return self._cache["live"]

    def column(self, name: str, where: str = "") -> Column:
        """Return a column by name; raises `NotFound` with the nearest names."""
        if name not in self.columns:
            raise unknown("column", name, self.columns, where=where)
        return self.columns[name]

    def place(self, number: str) -> int:
        """Return where a row stands by its number; raises `NotFound`."""
        place = self.rows.place(number)
        if place < 0:
            raise WorkbenchError("no such row", got=number, next_step="Rows are named by their number in the column #.")
        return place

    def row(self, position: int) -> dict[str, str]:
        """Return one row as a dict: `#` is its number, then its cells."""
        return {ROW: self.rows.numbers[position], **{name: column.text(position) for name, column in self.columns.items()}}

    def with_columns(self, columns: Mapping[str, Column]) -> Table:
        """Return the table with these columns instead."""
        return replace(self, columns=dict(columns), _cache={})

    def with_column(self, name: str, column: Column) -> Table:
        """Return the table with one column replaced, or added at the end."""
        return self.with_columns({**self.columns, name: column})

    def with_fate(self, fate: Column) -> Table:
        """Return the table with other rows removed."""
        return replace(self, fate=fate, _cache={})

    def with_flags(self, flags: Column) -> Table:
        """Return the table with other flags."""
        return replace(self, flags=flags, _cache={})

    def take(self, positions: NDArray[np.int64], numbers: Sequence[str] | None = None) -> Table:
        """Return the table with the rows at `positions`, in that order, under new numbers where given."""
        return Table(
            self.rows.take(positions, numbers),
            {name: column.take(positions) for name, column in self.columns.items()},
            self.fate.take(positions),
            self.flags.take(positions),
            self.marks.take(positions),
        )
