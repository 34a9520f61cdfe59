"""Clusters: distinct texts of a column that probably mean the same thing, with the one to write them all as.

    fingerprint   the same words, whatever their order, case, accents and punctuation
    ngram         the same pairs of letters, so that a doubled or missing space or a swapped pair does not matter
    phonetic      words that sound alike (Metaphone), whatever the script
    nearest       few letters apart; only pairs that share one of their rarest letter triples are compared

Clusters are the same for the same texts and counts, in whatever order the rows stand.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import jellyfish
import numpy as np
import pandas as pd
from anyascii import anyascii
from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

from ...core.errors import WorkbenchError, unknown
from ...core.office import Progress, silent
from .filters import Filter, select
from .table import Table

METHODS = ("fingerprint", "ngram", "phonetic", "nearest")
_APOSTROPHE = re.compile("['`´ʹʼ‘’‛′＇]")
_NOT_WORD = re.compile(r"[^a-z0-9]+")
BLOCK = 300
"""A letter triple that more texts share than this, even as one of their rarest, tells too little to compare them all."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Texts that probably mean the same: each with its rows, most frequent first; the one suggested for all; rows altogether."""

    values: tuple[tuple[str, int], ...]
    suggestion: str
    row_count: int
    key: str = ""
    """What the texts have in common."""


def plain(text: str) -> str:
    """Return lower-case ASCII words with single spaces; what has no Latin spelling at all stays as it is.

    >>> plain("Malaïka"), plain("Rockin' All Night!"), plain("!!!")
    ('malaika', 'rockin all night', '!!!')
    """
    bare = text if text.isascii() else anyascii(text)
    return _NOT_WORD.sub(" ", _APOSTROPHE.sub("", bare).lower()).strip() or " ".join(text.casefold().split())


def fingerprint(text: str) -> str:
    """Return the sorted different words of a text.

    >>> fingerprint("Mwangi, Amani"), fingerprint("amani  MWANGI")
    ('amani mwangi', 'amani mwangi')
    """
    return " ".join(sorted(set(plain(text).split())))


def ngram(text: str, size: int = 2) -> str:
    """Return the sorted different letter groups of a text, spaces set aside.

    >>> ngram("Ka Li") == ngram("kali")
    True
    """
    bare = plain(text).replace(" ", "")
    return "".join(sorted({bare[at : at + size] for at in range(max(1, len(bare) - size + 1))}))


def phonetic(text: str) -> str:
    """Return how the words of a text sound, sorted; numbers sound as they are written.

    >>> phonetic("Philip Catherine") == phonetic("Katherine, Filip")
    True
    """
    words = plain(text).split()
    return " ".join(sorted({jellyfish.metaphone(word) or word for word in words}))


_KEYS: dict[str, Callable[[str], str]] = {"fingerprint": fingerprint, "ngram": ngram, "phonetic": phonetic}


def clusters(
    table: Table,
    column: str,
    method: str = "fingerprint",
    filters: Sequence[Filter] = (),
    *,
    source: Table,
    size: int = 2,
    edits: int = 2,
    progress: Progress = silent,
) -> list[Cluster]:
    """Return the clusters of a column under the filters, those with the most rows first.

    `size` is the length of the letter groups of `ngram`; `edits` is how many letters `nearest` may differ in a long text (12 and
    more letters; one in a text of 6, none below 4). Raises `WorkbenchError` for an unknown column or method.
    """
    if method not in METHODS:
        raise unknown("method of clustering", method, METHODS, where="clusters")
    for name, given, least, most in (("size", size, 1, 6), ("edits", edits, 1, 4)):
        if not least <= given <= most:
            raise WorkbenchError(f"wrong {name}", got=given, expected=f"{least} to {most}", where="clusters")
    held = table.column(column, "clusters")
    counts = held.counts(select(table, filters, source))
    texts = held.words.texts
    used = [code for code in np.flatnonzero(counts).tolist() if texts[code].strip()]
    number = {texts[code]: int(counts[code]) for code in used}
    if method == "nearest":
        groups = _nearest(number, edits, progress)
    else:
        key = (lambda text: ngram(text, size)) if method == "ngram" else _KEYS[method]
        keys = held.words.derived((method, size if method == "ngram" else 0), key)
        groups = _together(texts, keys, used)
    found = [_cluster(key, members, number) for key, members in groups]
    return sorted(found, key=lambda one: (-one.row_count, one.suggestion))


def _together(texts: Sequence[str], keys: Sequence[str], used: Sequence[int]) -> list[tuple[str, list[str]]]:
    """Return the texts that have a key in common with others, by key."""
    numbers, uniques = pd.factorize(np.array([keys[code] for code in used], dtype=object))
    often = np.bincount(numbers, minlength=len(uniques)) > 1
    by_key: dict[str, list[str]] = defaultdict(list)
    for at in np.flatnonzero(often[numbers]).tolist() if len(used) else ():
        by_key[keys[used[at]]].append(texts[used[at]])
    return list(by_key.items())


def _cluster(key: str, members: Sequence[str], number: dict[str, int]) -> Cluster:
    order = sorted(members, key=lambda text: (-number[text], _shabby(text), text))
    return Cluster(tuple((text, number[text]) for text in order), order[0], sum(number[text] for text in members), key)


def _shabby(text: str) -> tuple[bool, bool, bool, int]:
    """How little a text looks like the careful spelling: loose spaces, one case only, no accents where others have some."""
    return text != " ".join(text.split()), text in {text.upper(), text.lower()}, text.isascii(), len(text)


def _nearest(number: dict[str, int], edits: int, progress: Progress) -> list[tuple[str, list[str]]]:
    """Group texts around the most frequent of each neighbourhood: every text of a group is near its centre."""
    by_plain: dict[str, list[str]] = defaultdict(list)
    for text in sorted(number):
        by_plain[plain(text)].append(text)
    spellings = sorted(by_plain)
    weight = [sum(number[text] for text in by_plain[spelling]) for spelling in spellings]
    near: dict[int, list[int]] = defaultdict(list)
    blocks = list(_blocks(spellings, edits))
    for at, block in enumerate(blocks):
        if at % 2_000 == 0:
            progress("comparing", at, len(blocks))
        for one, other in _close(spellings, block, edits):
            near[one].append(other)
            near[other].append(one)
    groups, taken = [], set[int]()
    for centre in sorted(range(len(spellings)), key=lambda at: (-weight[at], spellings[at])):
        if centre in taken:
            continue
        taken.add(centre)
        around = sorted(other for other in set(near[centre]) if other not in taken)
        taken.update(around)
        members = [text for at in [centre, *around] for text in by_plain[spellings[at]]]
        if len(members) > 1:
            groups.append((spellings[centre], members))
    progress("comparing", len(blocks), len(blocks))
    return groups


def _allowed(length: int, edits: int) -> int:
    return min(edits, length // 6 if length >= 6 else int(length >= 4))


def _blocks(spellings: Sequence[str], edits: int) -> Iterator[list[int]]:
    """Yield the texts that share one of their rarest letter triples.

    One edit spoils at most three triples, so of two texts within `edits` one of the `3 * edits + 1` rarest triples of each is the
    other's too: no near pair is missed, but for blocks larger than `BLOCK`.
    """
    triples = [sorted({f"  {one} "[at : at + 3] for at in range(len(one) + 1)}) for one in spellings]
    often: dict[str, int] = defaultdict(int)
    for found in triples:
        for triple in found:
            often[triple] += 1
    sharing: dict[str, list[int]] = defaultdict(list)
    for at, found in enumerate(triples):
        rarest = sorted(found, key=lambda triple: (often[triple], triple))
        for triple in rarest[: 3 * _allowed(len(spellings[at]) + edits, edits) + 1]:
            if often[triple] > 1:
                sharing[triple].append(at)
    for triple in sorted(sharing):
        if 1 < len(sharing[triple]) <= BLOCK:
            yield sharing[triple]


def _close(spellings: Sequence[str], block: list[int], edits: int) -> Iterator[tuple[int, int]]:
    block = sorted(block, key=lambda at: len(spellings[at]))
    texts = [spellings[at] for at in block]
    if len(block) == 2:
        if Levenshtein.distance(*texts, score_cutoff=edits) <= _allowed(len(texts[0]), edits):
            yield block[0], block[1]
        return
    apart = process.cdist(texts, texts, scorer=Levenshtein.distance, score_cutoff=edits, dtype=np.int32)
    for row, column in zip(*(places.tolist() for places in np.nonzero(apart <= edits)), strict=True):
        if row < column and apart[row, column] <= _allowed(len(texts[row]), edits):
            yield block[row], block[column]
