"""Judge documents against what was asked: the name most like it, the people named with it, and by which of them it was found.

Half of a name's score is for what the two texts share, half for being the same length and order, so that a whole title nearly the
same beats one that contains it. Words that fit the people better than the names count for the people: `malaika makeba`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from rapidfuzz import fuzz, process

from .sources import SOURCES
from .spelling import LONGEST, Entry, Hit, code_key, foreign, plain, sound

CUTOFF = 60
"""Below this two texts share too little to be looked at."""
SHOWN = 50
"""Below this a document is not shown."""
ALIKE = 80
"""From here on a name is taken for the one asked for, when it narrows a search."""
ONE_WORD_ALIKE = 75
"""From here on a word is taken for one of a person's name."""
BOTH, PEOPLE_ONLY, BY_SOUND = 0.98, 0.9, 0.92
"""What a score is worth when people were needed for it, when nothing but people was named, and when only the sound agrees."""
NUMBER_LETTERS = 4
"""Signs of a number from which on its beginning finds it."""
_FORMAL = ("id", "iswc", "archived iswc", "isrc", "ipi_name_number", "ipi_base_number", "isni", "isan", "eidr", "gtin")
_ASKED_AT_MOST = 12
_ORDER = {kind: at for at, kind in enumerate(SOURCES)}
Matrix = np.ndarray[Any, np.dtype[Any]]


def rank(text: str, people: str, roles: Collection[str], entries: Iterable[Entry]) -> list[Hit]:
    """Return the entries worth showing for `text`, best first.

    `people` keeps those with a person of a like name, in one of `roles` where those are said.
    An identifier that was issued to one thing shows that thing alone; a number that could be anything shows what has it first.
    """
    hits = [Hit("", 0.0, "", "", entry) for entry in entries]
    if people.strip():
        hits = list(_with_person(plain(people[:LONGEST]), roles, hits))
    asked = text.strip()[:LONGEST]
    if not asked:
        return sorted_hits(hit for hit in hits if hit.score)
    candidates = [hit.entry for hit in hits]
    numbered = list(_by_code(asked, candidates))
    if any(hit.score == 100 and hit.matched_as in _FORMAL for hit in numbered):
        return sorted_hits(hit for hit in numbered if hit.score == 100)
    wanted = plain(asked)
    found = chain(numbered, _by_name(asked, wanted, candidates), _by_names_and_people(wanted, candidates)) if wanted else numbered
    best: dict[tuple[str, str], Hit] = {}
    for hit in found:
        key = (hit.entry.kind, hit.entity_id)
        if hit.score >= SHOWN and (key not in best or hit.score > best[key].score):
            best[key] = hit
    return sorted_hits(best.values())


def sorted_hits(hits: Iterable[Hit]) -> list[Hit]:
    """Return hits best first, ties by kind in the order kinds are declared, then by id."""
    return sorted(hits, key=lambda hit: (-hit.score, _ORDER[hit.entry.kind], hit.entity_id))


def _with_person(wanted: str, roles: Collection[str], hits: Sequence[Hit]) -> Iterator[Hit]:
    """Yield the entries that have a person of a like name, each with that name and how like it is."""
    named = [
        (hit.entry, role, spelling)
        for hit in hits
        for role, spellings in hit.entry.people
        if not roles or role in roles
        for spelling in spellings
    ]
    if not named or not wanted:
        return
    scores = process.cdist([wanted], [plain(spelling) for _, _, spelling in named], scorer=fuzz.WRatio)[0]
    best: dict[tuple[str, str], Hit] = {}
    for score, (entry, role, spelling) in zip(scores.tolist(), named, strict=True):
        key = (entry.kind, entry.id)
        if score >= ALIKE and (key not in best or score > best[key].score):
            best[key] = Hit(entry.id, round(score, 1), spelling, role, entry)
    yield from best.values()


def _by_code(asked: str, entries: Sequence[Entry]) -> Iterator[Hit]:
    """Yield what has the identifier asked for, or one that begins so, or differs in one sign."""
    key = code_key(asked)
    if not any(sign.isdigit() for sign in key):
        return
    for entry in entries:
        for code, what in ((entry.id, "id"), *entry.codes):
            stored = code_key(code)
            if stored == key:
                yield Hit(entry.id, 100.0, code, what, entry)
            elif len(key) >= NUMBER_LETTERS and stored.startswith(key):
                yield Hit(entry.id, round(70 + 25 * len(key) / len(stored), 1), code, what, entry)
            elif len(key) == len(stored) > 2 * NUMBER_LETTERS and sum(a != b for a, b in zip(key, stored, strict=True)) == 1:
                yield Hit(entry.id, 90.0, code, what, entry)


def _by_name(asked: str, wanted: str, entries: Sequence[Entry]) -> Iterator[Hit]:
    """Yield every name that is like what was asked, or sounds like it where the scripts differ."""
    named = [(entry, written, what) for entry in entries for written, what in entry.names]
    if not named:
        return
    spellings = [plain(written) for _, written, _ in named]
    for at, score in _alike(wanted, spellings):
        entry, written, what = named[at]
        yield Hit(entry.id, round(score, 1), written, what, entry)
    heard = _heard(wanted)
    other_script = foreign(asked)
    if len(heard) < 3:
        return
    for at, (entry, written, what) in enumerate(named):
        if foreign(written) != other_script:
            theirs = _heard(spellings[at])
            by_sound = max(fuzz.token_sort_ratio(heard, theirs), 0.9 * fuzz.token_set_ratio(heard, theirs))
            if by_sound >= ALIKE:
                score = BY_SOUND * (3 * by_sound + fuzz.ratio(wanted, spellings[at])) / 4
                yield Hit(entry.id, round(score, 1), written, what, entry)


def _alike(wanted: str, spellings: Sequence[str]) -> Iterator[tuple[int, float]]:
    """Yield (position, score) of every spelling that shares enough with what is wanted."""
    shared = process.cdist([wanted], spellings, scorer=fuzz.WRatio, score_cutoff=CUTOFF)[0]
    order = np.maximum(*(process.cdist([wanted], spellings, scorer=one)[0] for one in (fuzz.ratio, fuzz.token_sort_ratio)))
    for at in np.flatnonzero(shared).tolist():
        yield at, float(shared[at] + order[at]) / 2


@dataclass(slots=True)
class _Words:
    """The words of all candidates, and how like each is to every word asked (0 to 100)."""

    place: dict[str, int]
    like: Matrix

    def best(self, words: Sequence[str]) -> list[float]:
        """Return for each word asked how like the nearest of these words is."""
        if not words:
            return [0.0] * self.like.shape[0]
        best: list[float] = self.like[:, [self.place[word] for word in words]].max(axis=1).tolist()
        return best


def _by_names_and_people(wanted: str, entries: Sequence[Entry]) -> Iterator[Hit]:
    """Yield what is found by its people alone, or by a name and people together."""
    asked = wanted.split()[:_ASKED_AT_MOST]
    named = [entry for entry in entries if entry.people]
    titles = [_words_of(written for written, _ in entry.names) for entry in named]
    persons = [_words_of(chain.from_iterable(spellings for _, spellings in entry.people)) for entry in named]
    place = {word: at for at, word in enumerate(dict.fromkeys(chain(*titles, *persons)))}
    if not place:
        return
    like = process.cdist(asked, list(place), scorer=fuzz.ratio, dtype=np.float32)
    last = asked[-1]
    for word, at in place.items():  # the last word may not be finished yet
        if word.startswith(last):
            like[-1, at] = max(like[-1, at], 90)
    words = _Words(place, like)
    near = like.max(axis=0) >= ONE_WORD_ALIKE
    fitting = {word for word, at in place.items() if near[at]}
    letters = [len(word) for word in asked]
    for entry, title, person in zip(named, titles, persons, strict=True):
        if fitting.isdisjoint(person):
            continue
        by_person = words.best(person)
        by_title = words.best(title)
        theirs = [at for at in range(len(asked)) if by_person[at] >= ONE_WORD_ALIKE and by_person[at] > by_title[at]]
        if not theirs:
            continue
        weight = sum(letters[at] for at in theirs)
        score = sum(by_person[at] * letters[at] for at in theirs) / weight
        by_name, called, role = _nearest_person(" ".join(asked[at] for at in theirs), entry)
        rest = " ".join(word for at, word in enumerate(asked) if at not in theirs)
        if not rest:
            yield Hit(entry.id, round(PEOPLE_ONLY * by_name, 1), called, role, entry)
            continue
        spellings = [plain(written) for written, _ in entry.names]
        for at, by_rest in _alike(rest, spellings):
            written, what = entry.names[at]
            both = BOTH * (by_rest * (sum(letters) - weight) + score * weight) / sum(letters)
            yield Hit(entry.id, round(both, 1), f"{written} / {called}", f"{what} and {role}", entry)


def _nearest_person(wanted: str, entry: Entry) -> tuple[float, str, str]:
    """Return the name most like what was asked, of all people of a document: how like it is, the name, what they are to it."""
    named = [(spelling, role) for role, spellings in entry.people for spelling in spellings]
    scored = [(_likeness(wanted, plain(spelling)), -at) for at, (spelling, _) in enumerate(named)]
    score, at = max(scored)
    return score, *named[-at]


def _likeness(wanted: str, spelling: str) -> float:
    """Return how like two spellings are: half for what they share, half for the same length and order."""
    shared = fuzz.WRatio(wanted, spelling)
    return (shared + max(fuzz.ratio(wanted, spelling), fuzz.token_sort_ratio(wanted, spelling))) / 2


def _words_of(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(word for text in texts for word in plain(text).split()))


def _heard(spelling: str) -> str:
    return " ".join(sound(word) for word in spelling.split())
