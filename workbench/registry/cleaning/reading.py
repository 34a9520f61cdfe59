"""What a cell's text may mean when nobody has said so: a number, a date, a script; and what is plainly wrong with it.

The bench keeps text as text; these readings serve facets, sorting and suggestions, and the steps that write a value in one way.
"""

from __future__ import annotations

import re
import unicodedata
from calendar import monthrange
from functools import lru_cache
from typing import Literal

DayFirst = Literal["day_first", "month_first"]

_NUMBER = re.compile(r"[+-]?(?:[0-9]+|[0-9]{1,3}(?:[ ,'\u00a0\u202f][0-9]{3})+)(?:[.,][0-9]+)?", re.ASCII)
_ISO = re.compile(r"([0-9]{4})(?:-([0-9]{1,2})(?:-([0-9]{1,2}))?)?(?:[T ][0-9:.]+Z?)?", re.ASCII)
_SLASHED = re.compile(r"([0-9]{1,4})[/. -]([0-9]{1,2})[/. -]([0-9]{1,4})\.?", re.ASCII)
_WORDED = re.compile(r"(?:([0-9]{1,2})(?:st|nd|rd|th|\.)? )?([a-z]{3,9})\.?,? (?:([0-9]{1,2})(?:st|nd|rd|th)?,? )?([0-9]{4})")
_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTHS = {name: at for at, name in enumerate(_NAMES, start=1)}
_CLOCK = re.compile(r"(?:([0-9]{1,3})[:h] ?)?([0-9]{1,3})[:'′m] ?([0-5]?[0-9])(?:[\"″s]|\.[0-9]+)?", re.ASCII)
_ISO_DURATION = re.compile(r"PT(?:([0-9]{1,3})H)?(?:([0-9]{1,5})M)?(?:([0-9]{1,6})(?:\.[0-9]+)?S)?", re.ASCII | re.IGNORECASE)
_CONTROL = re.compile("[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]")
_INVISIBLE = re.compile("[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufffe\uffff]")
_MOJIBAKE = re.compile("[ÃÂâÐÑØÙ][\u0080-\u00bf\u0152-\u0178\u2013-\u2122]")


def number(text: str) -> float | None:
    """Return the number a text says, with either decimal sign and thousands apart; None when it says none.

    A single comma or point before exactly three digits at the end is read as decimal unless it repeats.

    >>> number("1,234.50"), number(" 1234,5 "), number("12.0"), number("B12")
    (1234.5, 1234.5, 12.0, None)
    """
    written = normal_number(text)
    return float(written) if written is not None else None


@lru_cache(maxsize=65_536)
def normal_number(text: str) -> str | None:
    """Return a number written plainly, with a point and without needless zeros; None when the text says none.

    >>> normal_number("2.0"), normal_number("1 234,50"), normal_number("007"), normal_number("n/a")
    ('2', '1234.5', '7', None)
    """
    text = text.strip()
    if len(text) > 40 or not _NUMBER.fullmatch(text):
        return None
    bare = re.sub("[ '\u00a0\u202f]", "", text)
    comma, point = bare.rfind(","), bare.rfind(".")
    if comma >= 0 and point >= 0:
        bare = bare.replace(",", "") if point > comma else bare.replace(".", "").replace(",", ".")
    elif bare.count(",") == 1:
        bare = bare.replace(",", ".")
    elif comma >= 0:
        bare = bare.replace(",", "")
    sign = "-" if bare.startswith("-") else ""
    whole, _, fraction = bare.lstrip("+-").partition(".")
    whole, fraction = whole.lstrip("0") or "0", fraction.rstrip("0")
    return f"{sign if whole != '0' or fraction else ''}{whole}{'.' + fraction if fraction else ''}"


@lru_cache(maxsize=65_536)
def normal_date(text: str, order: DayFirst = "day_first") -> str | None:
    """Return a date as ISO text, as exact as it was said (`1999`, `1999-03`, `1999-03-28`); None when the text says none.

    >>> normal_date("1999-03-00"), normal_date("28/3/1999"), normal_date("March 28, 1999"), normal_date("1999-13-01")
    ('1999-03', '1999-03-28', '1999-03-28', None)
    """
    text = " ".join(text.split())
    if len(text) > 40:
        return None
    if match := _ISO.fullmatch(text):
        return _iso(match[1], match[2] or "0", match[3] or "0")
    if match := _SLASHED.fullmatch(text):
        first, second, third = match.groups()
        if len(first) == 4:
            return _iso(first, second, third) if len(third) <= 2 else None
        if len(third) != 4 or len(first) == 3:
            return None
        day, month = (first, second) if order == "day_first" else (second, first)
        if int(month) > 12 >= int(day):
            day, month = month, day
        return _iso(third, month, day)
    if match := _WORDED.fullmatch(text.casefold()):
        month_number = _MONTHS.get(match[2][:3])
        return _iso(match[4], str(month_number), match[1] or match[3] or "0") if month_number else None
    return None


def _iso(year: str, month: str, day: str) -> str | None:
    y, m, d = int(year), int(month), int(day)
    if not 1000 <= y <= 2999 or m > 12 or (d and not m):
        return None
    if not m:
        return f"{y:04d}"
    if not d:
        return f"{y:04d}-{m:02d}"
    return f"{y:04d}-{m:02d}-{d:02d}" if d <= monthrange(y, m)[1] else None


def normal_duration(text: str) -> str | None:
    """Return a duration in whole seconds as text; None when the text says none.

    >>> normal_duration("4:45"), normal_duration("1:02:03"), normal_duration("PT3M20S"), normal_duration("200")
    ('285', '3723', '200', '200')
    """
    text = text.strip()
    if len(text) > 20:
        return None
    if re.fullmatch(r"[0-9]{1,6}", text, re.ASCII):
        return str(int(text))
    match = _CLOCK.fullmatch(text) or _ISO_DURATION.fullmatch(text)
    if not match or not any(match.groups()):
        return None
    hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return str(hours * 3600 + minutes * 60 + seconds)


def fault(text: str) -> str:
    """Return what is plainly wrong with a cell whatever it means, in words; empty when nothing is.

    >>> fault("Beyonc\\ufffd"), fault("Beyoncé")
    ('a character was lost', '')
    """
    if text.isascii() and text.isprintable():
        return "spaces at an end or doubled" if text != " ".join(text.split()) else ""
    if _CONTROL.search(text):
        return "a control character"
    if _INVISIBLE.search(text):
        return "an invisible character"
    if "\ufffd" in text:
        return "a character was lost"
    if _MOJIBAKE.search(text):
        return "letters garbled by a wrong encoding"
    if not unicodedata.is_normalized("NFC", text):
        return "accents apart from their letters"
    if text != " ".join(text.split()):
        return "spaces at an end or doubled"
    return ""


@lru_cache(maxsize=65_536)
def _script_of(letter: str) -> str:
    name = unicodedata.name(letter, "unknown")
    first = name.split(" ")[0].split("-")[0].title()
    return {"Cjk": "Han", "Fullwidth": "Latin", "Unknown": "other"}.get(first, first)


def script(text: str) -> str:
    """Return the script a text is written in, by its letters: `Latin`, `Greek`, `Latin + Cyrillic`, or `no letters`.

    >>> script("Taa ya Pwani"), script("Калинка"), script("Kaлинка"), script("99")
    ('Latin', 'Cyrillic', 'Cyrillic + Latin', 'no letters')
    """
    if text.isascii():
        return "Latin" if any(map(str.isalpha, text)) else "no letters"
    found = {_script_of(letter) for letter in set(text) if letter.isalpha()}
    if found & {"Hiragana", "Katakana"}:
        found -= {"Han"}
    return " + ".join(sorted(found)[:4]) or "no letters"


SAMPLE = 1_000
"""So many different texts tell what a column holds."""


def kind_of(texts: list[str]) -> str:
    """Return what a column seems to hold, judged by the first of its different texts: text, number or date."""
    sample = [text for text in texts if text.strip()][:SAMPLE]
    if not sample:
        return "text"
    enough = 0.9 * len(sample)
    if sum(number(text) is not None for text in sample) >= enough:
        return "number"
    return "date" if sum(normal_date(text) is not None for text in sample) >= enough else "text"
