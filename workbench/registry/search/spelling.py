"""How names, titles and identifiers are spelt to be compared, and what one document is found by."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from anyascii import anyascii

LONGEST = 200
"""Letters of a question that are looked at."""
_LETTERS = {code: chr(code).lower() if chr(code).isalnum() else " " for code in range(128)} | dict.fromkeys(map(ord, "'`"), "")
_INSIDE = re.compile(r"['’ʼ`´]")
_FOREIGN = re.compile(r"[\u0370-\u1dff\u2e80-\uffef\U00010000-\U0010ffff]")
_UNSPACED = re.compile(  # Thai, Lao, Burmese, Khmer, Japanese, Chinese
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+"
)
_NOT_CODE = re.compile(r"[\W_]+")
_SOUNDS = (
    ("tch", "c"), ("sch", "s"), ("sh", "s"), ("ch", "c"), ("ph", "f"), ("kh", "k"), ("gh", "g"), ("th", "t"), ("dh", "d"),
    ("zh", "z"), ("ts", "c"), ("tz", "c"), ("mp", "b"), ("x", "ks"), ("q", "k"), ("w", "v"), ("j", "y"),
)  # fmt: skip
_SILENT = re.compile(r"[aeiouy]+")
_TWICE = re.compile(r"(.)\1+")

Named = tuple[str, tuple[str, ...]]
"""Somebody a document is known by: what they are to it, and every spelling of their name, the printed one first."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One document as search sees it."""

    kind: str
    id: str
    names: tuple[tuple[str, str], ...]
    """(as written, what it is), the chief one first."""
    people: tuple[Named, ...] = ()
    codes: tuple[tuple[str, str], ...] = ()
    """Identifiers and numbers as stored, each with what it is."""
    facts: str = ""


@dataclass(frozen=True, slots=True)
class Hit:
    """One document found: its score (0 to 100), and the name or identifier that gave it."""

    entity_id: str
    score: float
    matched: str
    matched_as: str
    entry: Entry


def plain(text: str) -> str:
    """Return the spelling names are compared in: Latin letters without accents, small, words apart by one space.

    >>> plain("Ɖɔkpɛ́, Ångström’s")
    'dokpe angstroms'
    """
    if not text.isascii():
        text = anyascii(_INSIDE.sub("", text))
    return " ".join(text.translate(_LETTERS).split())


def spelt(text: str) -> list[str]:
    """Return the words a text is looked up by; scripts written without spaces give their signs one by one and in pairs as well.

    >>> spelt("茉莉花 Live")
    ['molihua', 'live', 'mo', 'li', 'hua', 'moli', 'lihua']
    """
    found = plain(text).split()
    if text.isascii():
        return found
    for run in _UNSPACED.findall(text):
        signs = [plain(sign).replace(" ", "") for sign in run]
        found += [sign for sign in signs if sign]
        found += [left + right for left, right in pairwise(signs)]
    return list(dict.fromkeys(found))


def sound(word: str) -> str:
    """Return the consonants a word is heard by, for scripts that write no vowels and spellings that agree on none.

    >>> sound("habibi"), sound("hbyby"), sound("tchaikovsky"), sound("chajkovskij")
    ('hbb', 'hbb', 'ckvsk', 'ckvsk')
    """
    for written, heard in _SOUNDS:
        word = word.replace(written, heard)
    return _TWICE.sub(r"\1", _SILENT.sub(" ", word)).replace(" ", "") or word[:1]


def foreign(text: str) -> bool:
    """Tell whether a text is written in another script than Latin."""
    return not text.isascii() and _FOREIGN.search(text) is not None


def code_key(text: str) -> str:
    """Return an identifier as it is looked up: its letters and digits, without leading zeros where it is a number.

    >>> code_key("T-034.524.680-1"), code_key("t0345246801"), code_key("0001 41-07338")
    ('T0345246801', 'T0345246801', '14107338')
    """
    key = _NOT_CODE.sub("", text).upper()
    return key.lstrip("0") or key if key.isdecimal() else key


def glued(words: Iterable[str]) -> str:
    """Return words written as one."""
    return "".join(words)
