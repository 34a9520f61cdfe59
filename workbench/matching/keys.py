"""What a title and a name say once spelling is set aside: tokens, core title, version words, numbers, and the exact key.

A title is read three ways. *full* keeps every word; *core* drops what describes the fixing rather than the song (version
suffixes, featured artists, track numbers); *bare* also drops every bracket and everything after a dash.

    >>> reading = read_title("02 - Runnin' With the Devil (Live, 1978) [feat. Somebody]")
    >>> " ".join(reading.core), sorted(reading.versions), sorted(reading.numbers)
    ('running with the devil', ['live'], [])
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from anyascii import anyascii

from .text import repair

VERSIONS = frozenset((
    "live", "remix", "mix", "rmx", "acoustic", "acapella", "instrumental", "karaoke", "demo", "extended", "club", "dub",
    "unplugged", "sped", "slowed", "cover", "medley", "mashup", "bootleg", "orchestral", "session", "sessions", "concert",
))  # fmt: skip
"""Words that name another fixing of the song: a recording without them is another recording."""
DRESS = frozenset((
    "radio", "edit", "single", "album", "version", "remaster", "remastered", "remasterise", "mono", "stereo", "official",
    "video", "audio", "hd", "hq", "lyrics", "lyric", "explicit", "clean", "original", "bonus", "track", "deluxe", "main",
    "ep", "theme", "music", "new", "tv", "cue", "bed", "from", "up", "at", "dj", "s",
))  # fmt: skip
"""Words that dress a title without naming another song."""
SEQUEL = frozenset((
    "part", "reprise", "interlude", "prelude", "intro", "outro", "overture", "finale", "episode", "chapter", "volume",
    "book",
))  # fmt: skip
"""Words that name another piece of the same name."""
NOBODY = frozenset((
    "various", "various artists", "va", "v a", "unknown", "unknown artist", "n a", "na", "none", "divers", "artist",
    "artists", "diverse", "varios", "varios artistas", "artistes divers", "artista", "interprete", "traditional", "trad",
    "not known", "tba", "xxx", "radio",
))  # fmt: skip
"""What files write where no artist is known."""

_CANON = {
    "pt": "part", "pts": "part", "parts": "part", "ii": "2", "iii": "3", "iv": "4", "vi": "6", "vii": "7", "viii": "8", "ix": "9",
    "one": "1", "two": "2", "three": "3", "u": "you", "ur": "your", "r": "are", "n": "and", "st": "saint", "vol": "volume",
    "mr": "mister", "luv": "love", "nite": "night", "thru": "through", "2nite": "tonight", "tonite": "tonight",
    "bros": "brothers", "orch": "orchestra", "cuz": "because", "cause": "because", "til": "till", "ok": "okay", "ch": "chapter",
}  # fmt: skip
_G_DROPPED = re.compile(r"\b([a-z]{2,})in'(?![a-z])")
_NOT_WORD = re.compile(r"[^a-z0-9]+")
_TRACK = re.compile(
    r"^\s*(?:track\s*)?(?:[0-9]{1,2}\s*[-.:)]\s+|0[0-9]\s+|[ab][0-9]{1,2}\s*[-.:)]\s*|track\s+[0-9]{1,2}:\s*)", re.IGNORECASE
)
_FEATURED = re.compile(
    r"\s*[\(\[]?\s*\b(?:feat|ft|featuring)\b\.?\s+[^)\]]*[\)\]]?|\s*[\(\[]\s*(?:with|w/|x|vs\.?)\s+[^)\]]*[\)\]]", re.IGNORECASE
)
_BRACKET = re.compile(r"[\(\[\{]([^)\]\}]*)[\)\]\}]?")
_DASH = re.compile(r"\s+[-–—~]\s+")
_SPLIT_ARTISTS = re.compile(r"\s*(?:[;/,&+]|\b(?:feat|ft|featuring|vs|with|and|x|et|y|und)\b\.?)\s*", re.IGNORECASE)
_SPLIT_WRITERS = re.compile(r"\s*(?:[;/|&]|\band\b)\s*", re.IGNORECASE)
_YEAR = re.compile(r"(?:19|20)[0-9]{2}")


@dataclass(frozen=True, slots=True)
class TitleReading:
    """One title, read; token tuples keep the order of the words."""

    full: tuple[str, ...]
    core: tuple[str, ...]
    bare: tuple[str, ...]
    versions: frozenset[str]
    numbers: frozenset[str]
    """Numbers and sequel words outside brackets, or in one like "(Part 2)": where these differ it is another piece."""
    full_text: str
    core_text: str
    bare_text: str
    bag: str
    """Words of the core in alphabetical order: the same for homonyms."""
    glued: str
    """The core without spaces, so that "Girl Friend" finds "Girlfriend"."""

    @classmethod
    def of(cls, full: Words, core: Words, bare: Words, versions: Iterable[str], numbered: Words) -> TitleReading:
        """Return a reading with its spellings, made once for all comparisons; numbers are looked for in `numbered`."""
        numbers = frozenset(word for word in numbered if word.isdigit() or word in SEQUEL)
        texts = (" ".join(full), " ".join(core), " ".join(bare), " ".join(sorted(core)), "".join(core))
        return cls(full, core, bare, frozenset(versions), numbers, *texts)


@dataclass(frozen=True, slots=True)
class NameReading:
    """The artists of one line or target: all tokens, and the tokens of the first name."""

    all: tuple[str, ...]
    first: tuple[str, ...]
    all_text: str
    all_bag: str
    first_bag: str
    glued: str

    @classmethod
    def of(cls, words: Words, first: Words) -> NameReading:
        """Return a reading with its spellings, made once for all comparisons."""
        return cls(words, first, " ".join(words), " ".join(sorted(words)), " ".join(sorted(first)), "".join(words))


Words = tuple[str, ...]


NOBODY_READING = NameReading.of((), ())


def fold(text: str) -> str:
    """Return text in lower case ASCII: entities and mojibake undone, other scripts transliterated."""
    if not text:
        return ""
    text = repair(text)
    return (text if text.isascii() else anyascii(text)).lower()


def tokens(folded: str) -> tuple[str, ...]:
    """Return the canonical words of folded text: `pt`, `II` and `&` become `part`, `2` and `and`; apostrophes join."""
    folded = _G_DROPPED.sub(r"\1ing", folded)
    folded = folded.replace("'n'", " and ").replace("&", " and ").replace("'", "").replace("`", "").replace('"', " ")
    return tuple(_CANON.get(word, word) for word in _NOT_WORD.split(folded) if word)


@lru_cache(maxsize=400_000)
def read_title(text: str) -> TitleReading:
    """Read a title as written in a file."""
    folded = fold(text).replace("_", " ").removesuffix(".mp3").removesuffix(".wav")
    folded = _TRACK.sub("", folded) or folded
    full = tokens(folded)
    plain = _FEATURED.sub(" ", folded)
    versions: set[str] = set()
    core = tokens(_drop_versions(plain, versions)) or full
    core = _drop_trailing_dress(core, versions)
    bare = tokens(_DASH.split(_BRACKET.sub(" ", plain))[0]) or core
    numbered = tokens(_drop_versions(_BRACKET.sub(_only_sequels, plain), set()))
    return TitleReading.of(full, core, bare, versions, numbered)


@lru_cache(maxsize=200_000)
def read_names(text: str) -> NameReading:
    """Read an artist field; "Various Artists", "unknown" and the like are nobody."""
    folded = fold(text).replace("_", " ").strip()
    if _NOT_WORD.sub(" ", folded).strip() in NOBODY:
        return NOBODY_READING
    folded = re.sub(r"^(.*), (the|les|los|das|die)$", r"\2 \1", folded)
    parts = [words for part in _SPLIT_ARTISTS.split(folded) if (words := _name_tokens(part))]
    whole = _name_tokens(folded)
    return NameReading.of(whole, parts[0] if parts else whole)


@lru_cache(maxsize=200_000)
def read_writers(text: str) -> tuple[tuple[str, ...], ...]:
    """Return the tokens of each writer of a field with `/`, `;`, `|`, `&` between people (a comma may part last and first
    name)."""
    folded = fold(text)
    return tuple(words for part in _SPLIT_WRITERS.split(folded) if (words := _name_tokens(part)))


def exact_keys(titles: Iterable[TitleReading], artists: Iterable[NameReading]) -> list[str]:
    """Return every exact key: bag of core-title words | bag of artist words (all, and the first name alone); none without an
    artist."""
    names = {bag for reading in artists for bag in (reading.all_bag, reading.first_bag) if bag}
    bags = {title.bag for title in titles if title.bag}
    return sorted(f"{bag}|{name}" for bag in bags for name in names)


def read_person(text: str) -> tuple[str, ...]:
    """Return the words of one person's names, each once, in the order written."""
    return tuple(dict.fromkeys(_name_tokens(fold(text))))


def seconds(duration: int | None) -> int | None:
    """Return a duration in seconds: what would be more than three hours was given in milliseconds; nothing or less is unknown."""
    if not duration or duration <= 0:
        return None
    return round(duration / 1000) if duration > 10_800 else duration


def _name_tokens(folded: str) -> tuple[str, ...]:
    words = tokens(folded)
    return tuple(word for word in words if word != "the") or words


def _only_sequels(bracket: re.Match[str]) -> str:
    """Keep a bracket that names another piece, "(Part 2)"; an album or a year in brackets does not."""
    words = tokens(bracket[1])
    sequel = all(word.isdigit() or word in SEQUEL or word in {"no", "number"} for word in words)
    return f" {bracket[1]} " if sequel and not all(_YEAR.fullmatch(word) for word in words) else " "


def _drop_versions(folded: str, versions: set[str]) -> str:
    """Drop brackets and dashed suffixes that only dress the title; note the version words they held."""

    def judge(match: re.Match[str]) -> str:
        return " " if _is_version(match[1], versions) else f" {match[1]} "

    folded = _BRACKET.sub(judge, folded)
    head, *rest = _DASH.split(folded)
    kept = [head] if head.strip() else []
    kept += [part for part in rest if not _is_version(part, versions)]
    return " - ".join(kept)


def _is_version(part: str, versions: set[str]) -> bool:
    words = tokens(part)
    found = VERSIONS.intersection(words)
    dressed = sum(word in DRESS or word in VERSIONS or bool(_YEAR.fullmatch(word)) for word in words)
    if not words or (
        not found and not (dressed and (dressed == len(words) or {"version", "remaster", "remastered", "edit"} & set(words)))
    ):
        return bool(words) and words[0] == "from"
    versions |= found
    return True


def _drop_trailing_dress(core: tuple[str, ...], versions: set[str]) -> tuple[str, ...]:
    """Drop version words at the end that stood without brackets: "Jump radio edit", "Jump live"."""
    for tail in (("radio", "edit"), ("single", "version"), ("album", "version"), ("original", "mix"), ("acoustic", "version"),
                 ("official", "video"), ("official", "audio"), ("extended", "mix"), ("club", "mix"), ("karaoke", "version"),
                 ("bonus", "track"), ("live",), ("remix",), ("remastered",), ("instrumental",), ("lyrics",)):  # fmt: skip
        if len(core) > len(tail) and core[-len(tail) :] == tail:
            versions |= VERSIONS.intersection(tail)
            return core[: -len(tail)]
    return core
