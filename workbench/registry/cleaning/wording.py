"""What `transform` can do to a text: one small function for each, all of text alone, so that a recipe always does the same.

Every function returns the text as it was when it has nothing to say: a date that is none stays, and the error facet shows it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from anyascii import anyascii

from .reading import normal_date, normal_duration, normal_number

_INVISIBLE = re.compile(
    "[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufffe\uffff]"
)
_MOJIBAKE = re.compile("[ÃÂâÐÑØÙ][\u0080-\u00bf\u0152-\u0178\u2013-\u2122]")
_SMALL = frozenset(
    {"van", "von", "der", "den", "de", "del", "della", "dello", "di", "da", "do", "dos", "das", "du", "la", "le", "les",
     "el", "al", "bin", "ibn", "ben", "y", "e", "et", "und", "and", "of", "the", "ter", "ten", "zu", "zur", "af", "av"}
)  # fmt: skip
"""Words that stay small inside a name or title, never at its start."""
_MARKS = "\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
_WORD = re.compile(rf"[^\W\d_](?:[^\W\d_]|[{_MARKS}]|['’](?=[^\W\d_]))*")
_ELIDED = re.compile(r"(o|d|l|m|n|s|t|qu|j|c)(['’])(.+)", re.IGNORECASE | re.DOTALL)
PLACEHOLDERS = frozenset(
    {"n/a", "na", "n.a.", "n. a.", "none", "null", "nil", "nan", "unknown", "unkown", "not known", "not available",
     "tba", "tbd", "tbc", "-", "--", "---", "–", "—", "?", "??", "???", ".", "..", "...", "x", "xx", "xxx", "#n/a",
     "#ref!", "#value!", "(none)", "(unknown)", "inconnu", "unbekannt", "desconocido", "sconosciuto", "onbekend",
     "неизвестно", "empty", "blank", "(blank)"}
)  # fmt: skip
"""Texts that people type into a cell that has nothing to say."""


def title_case(text: str) -> str:
    """Return text with each word capitalised as names are: particles small, `O'` and `Mc` kept, initials kept.

    >>> title_case("LUDWIG VAN BEETHOVEN"), title_case("sinead o'connor"), title_case("l'amour est bleu"), title_case("j.s. bach")
    ('Ludwig van Beethoven', "Sinead O'Connor", "L'Amour Est Bleu", 'J.S. Bach')
    """
    first = True

    def one(match: re.Match[str]) -> str:
        nonlocal first
        word = match[0].lower()
        at_start, first = first, False
        if word in _SMALL and not at_start and len(word) > 1 and match.end() < len(text):
            return word
        if not word.isalpha() and (elided := _ELIDED.fullmatch(word)):
            return f"{elided[1].capitalize()}{elided[2]}{_capital(elided[3])}"
        return _capital(word)

    return unicodedata.normalize("NFC", _WORD.sub(one, text))


def _capital(word: str) -> str:
    if word.startswith("mc") and len(word) > 4:
        return "Mc" + word[2:].capitalize()
    return word[:1].title() + word[1:]


def to_latin(text: str) -> str:
    """Return text in Latin letters without accents.

    >>> to_latin("Πάνος"), to_latin("Калинка"), to_latin("Müller")
    ('Panos', 'Kalinka', 'Muller')
    """
    return text if text.isascii() else anyascii(text)


def mend(text: str) -> str:
    """Return text that was read in the wrong encoding as it was meant; as it was where that does not work out.

    >>> mend("BeyoncÃ©"), mend("Beyoncé")
    ('Beyoncé', 'Beyoncé')
    """
    if not _MOJIBAKE.search(text):
        return text
    for encoding in ("cp1252", "latin-1"):
        try:
            return text.encode(encoding).decode("utf-8")
        except UnicodeError:
            continue
    return text


def without_punctuation(text: str) -> str:
    """Return text with punctuation and symbols as spaces, but for apostrophes and hyphens inside words.

    >>> without_punctuation("Hey! (live) rock-n-roll, don't")
    "Hey live rock-n-roll don't"
    """
    kept = []
    for at, letter in enumerate(text):
        inside = letter in "'’-" and 0 < at < len(text) - 1 and text[at - 1].isalnum() and text[at + 1].isalnum()
        kept.append(letter if inside or unicodedata.category(letter)[0] in "LMN" else " ")
    return " ".join("".join(kept).split())


def _date(order: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        return normal_date(text, "month_first" if order == "month_first" else "day_first") or text

    return read


TRANSFORMS: dict[str, tuple[str, Callable[[str], str]]] = {
    "trim": ("trim the ends", str.strip),
    "collapse_spaces": ("make runs of spaces one", lambda text: " ".join(text.split())),
    "lower": ("write in small letters", str.lower),
    "upper": ("write in capitals", str.upper),
    "title": ("capitalise as names are", title_case),
    "nfc": ("compose accents with their letters", lambda text: unicodedata.normalize("NFC", text)),
    "nfkc": ("replace wide and joined letters by plain ones", lambda text: unicodedata.normalize("NFKC", text)),
    "strip_punctuation": ("take out punctuation", without_punctuation),
    "remove_control": ("take out control and invisible characters", lambda text: _INVISIBLE.sub("", text)),
    "mend_encoding": ("mend letters garbled by a wrong encoding", mend),
    "transliterate": ("write in Latin letters", to_latin),
    "date_day_first": ("write dates as 1999-03-28, the day read first", _date("day_first")),
    "date_month_first": ("write dates as 1999-03-28, the month read first", _date("month_first")),
    "duration": ("write durations in seconds", lambda text: normal_duration(text) or text),
    "number": ("write numbers plainly", lambda text: normal_number(text) or text),
    "blank_placeholders": (
        "empty cells that say n/a, unknown and the like",
        lambda text: "" if text.strip().casefold() in PLACEHOLDERS else text,
    ),
}
"""Name -> what it does in words, and the function."""
