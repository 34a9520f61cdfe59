"""Names that may mean one person: the words of a name, the keys under which like names meet, and how alike two names are.

    "Mwangi, Amani"  "Amani MWANGY"   meet under one key (they sound alike), and are 90 % alike
    "Uhuru Music Ltd"  "Uhuru Music"  100 %: what kind of company it is says nothing about which
    "A. Mwangi"  "Amani Mwangi"       an initial stands for a name

Keys make the comparison possible at any size: only names that share a key are compared. Every way in which a name is usually
misspelt leaves at least one key the same: accents and scripts, the order of first and last name, vowels and doubled letters,
initials, spaces.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import combinations, permutations

import jellyfish
from rapidfuzz import fuzz

from ..search.spelling import plain

COMPANY_WORDS = frozenset(
    ("ab", "ag", "as", "bv", "co", "company", "corp", "corporation", "cv", "eurl", "gmbh", "inc", "incorporated", "kg", "kk",
     "limited", "llc", "llp", "lp", "ltd", "ltda", "nv", "oy", "pbc", "plc", "pte", "pty", "pvt", "sa", "sarl", "sas", "sl",
     "spa", "srl")
)  # fmt: skip
"""What kind of company it is."""
ARTICLES = frozenset(("the", "a", "an", "los", "las", "les", "die", "der", "das", "el", "il", "le", "la", "lo"))
INITIAL = 85.0
"""How much an initial says for a name that begins with it."""
LONG, SOUNDING = 6, 82.0
"""Words of so many letters that sound the same are at least so much alike; short ones (Amina, Amani) are mostly two names."""
MISSING, LONELY = 80.0, 60.0
"""How much a word left out takes away: where two others are the same, and where not."""


def words_of(name: str, kind: str = "natural") -> tuple[str, ...]:
    """Return a name's words in plain letters, without what says nothing about whose it is.

    >>> words_of("The Uhuru Music Co. Ltd", "legal"), words_of("Ångström, Ana")
    (('uhuru', 'music'), ('angstrom', 'ana'))
    """
    words = tuple(plain(name).split())
    if kind == "natural":
        return words
    kept = tuple(word for word in words if word not in COMPANY_WORDS and word not in ARTICLES)
    return kept or words


@lru_cache(maxsize=200_000)
def sound(word: str) -> str:
    """Return how a plain word sounds, the same for the usual misspellings; the word itself where it has no letters."""
    return jellyfish.metaphone(word) or word


def keys(words: Sequence[str]) -> Iterator[tuple[str, bool]]:
    """Yield the keys of a name, each with whether it is narrow: a wide one is left out where too many share it."""
    if not words:
        return
    yield "=" + " ".join(sorted(words)), True
    yield "+" + sound("".join(words)), True
    if len(words) == 1:
        return
    sounds, beginnings = {sound(word) for word in words if len(word) > 1}, {word[:3] for word in words if len(word) > 2}
    for mark, parts in (("~", sounds), ("^", beginnings)):
        yield from ((f"{mark}{first} {second}", True) for first, second in combinations(sorted(parts), 2))
    for word, other in permutations(words, 2):
        yield f".{sound(word)} {other[0]}", False
        yield f"!{word} {other[0]}", False
        yield f"${word} {len(other) // 2} {other[-2:]}", False


def likeness(first: Sequence[str], second: Sequence[str]) -> float:
    """Return how alike two names are, 0 to 100, words in any order: half the words taken together, half the weakest of them.

    >>> round(likeness(("amani", "mwangi"), ("mwangy", "amani")))
    90
    >>> likeness(("bee", "gees"), ("beegees",)), round(likeness(("mwangi",), ("amani", "mwangi")))
    (98.0, 71)
    """
    if not first or not second:
        return 0.0
    if sorted(first) == sorted(second):
        return 100.0
    if "".join(first) == "".join(second):
        return 98.0
    pairs, left = _paired(first, second)
    same = sum(score >= 90 for _, _, score in pairs)
    missing = MISSING if same >= 2 else LONELY
    scored = [(max(len(one), len(other)), score) for one, other, score in pairs] + [(len(word), missing) for word in left]
    together = sum(weight * score for weight, score in scored) / sum(weight for weight, _ in scored)
    sounds_alike = not left and all(sound(one) == sound(other) or score == INITIAL for one, other, score in pairs)
    return min(99.0, (together + min(score for _, score in scored)) / 2 + (3 if sounds_alike else 0))


def _paired(first: Sequence[str], second: Sequence[str]) -> tuple[list[tuple[str, str, float]], list[str]]:
    """Pair the words that are most alike, best first; what is left over belongs to one name only."""
    scores = sorted(
        ((_alike(one, other), -at, -to) for at, one in enumerate(first) for to, other in enumerate(second)), reverse=True
    )
    taken: set[int] = set()
    given: set[int] = set()
    pairs = []
    for score, at, to in scores:
        if -at not in taken and -to not in given and score >= 50:
            taken.add(-at)
            given.add(-to)
            pairs.append((first[-at], second[-to], score))
    left = [word for at, word in enumerate(first) if at not in taken] + [
        word for to, word in enumerate(second) if to not in given
    ]
    return pairs, left


@lru_cache(maxsize=500_000)
def _alike(one: str, other: str) -> float:
    if one != other and min(len(one), len(other)) == 1 and one[0] == other[0]:
        return INITIAL
    written = float(fuzz.ratio(one, other))
    if min(len(one), len(other)) >= LONG and sound(one) == sound(other):
        return max(written, SOUNDING)
    return written
