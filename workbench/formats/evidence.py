"""What the cells of a column say they are: identifiers by their check digits, dates by their order, durations, shares, years.

One cell proves little; a column of them does. Every test returns the part of the filled cells that it fits, from 0 to 1.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from ..core import identifiers
from ..core.errors import WorkbenchError
from . import cells

DATE_FORMATS = (
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d.%m.%Y",
    "%d-%m-%Y",
    "%m-%d-%Y",
    "%Y/%m/%d",
    "%d/%m/%y",
    "%d %B %Y",
    "%d %b %Y",
    "%Y%m%d",
)
SEPARATORS = (";", "|", " / ", "/", " & ", " + ")
_SHARE = re.compile(r"([0-9]{1,3})(?:[.,]([0-9]{1,8}))?\s*(%?)", re.ASCII)
_YEAR = re.compile(r"(1[5-9]|20)[0-9]{2}", re.ASCII)
_DURATION = re.compile(r"(?:[0-9]{1,3}:)?[0-9]{1,3}:[0-5][0-9]|PT(?:[0-9]+[HMS])+", re.ASCII)
MOST_CELLS = 400
MOST = 0.8
"""A column of which at least so many cells fit is taken to be of that type."""


@dataclass(frozen=True)
class Evidence:
    """What a column's filled cells say."""

    filled: int
    types: dict[str, float] = field(default_factory=dict)
    """Type of a layout's field -> the part of the cells that fit it."""
    formats: tuple[str, ...] = ()
    """Of dates: the patterns that read them, `iso` first; of shares: `fraction` where 0.5 is a half."""
    notes: tuple[str, ...] = ()
    decimal: str = "."
    separator: str = ""
    """What stands between several people in one cell."""


def weigh(column: Sequence[str]) -> Evidence:
    """Return what the filled cells of a column say, from at most a few hundred of them."""
    filled = [text.strip() for text in column if text.strip()][:MOST_CELLS]
    if not filled:
        return Evidence(0)
    types = {name: _part(filled, rule) for name, rule in identifiers.RULES.items()}
    types["duration"] = _matching(filled, _DURATION)
    types["year"] = _matching(filled, _YEAR)
    formats, fits, notes = _dates(filled)
    types["date"] = fits
    types["share"], kinds, decimal = _shares(filled)
    if types["date"] < MOST and types["share"] >= MOST and kinds:
        formats = kinds
        notes = (*notes, "a number up to 1 without % is a part of the whole")
    found = {name: part for name, part in types.items() if part > 0}
    return Evidence(len(filled), found, formats, notes, decimal, _separator(filled))


def totals(groups: Sequence[str], shares: Sequence[str], formats: Sequence[str] = (), decimal: str = ".") -> float:
    """Return the part of the things (rows with one key) whose shares come to 100 %; rows without a key belong to the one
    above."""
    sums: Counter[str] = Counter()
    last = ""
    for key, text in zip(groups, shares, strict=True):
        last = key.strip() or last
        try:
            sums[last] += cells.share_ppm(text.strip(), decimal, tuple(formats)) if text.strip() else 0
        except WorkbenchError:
            continue
    return sum(abs(total - 1_000_000) <= 600 for total in sums.values()) / len(sums) if sums else 0.0


def _part(filled: Sequence[str], rule: object) -> float:
    good = 0
    for text in filled:
        try:
            rule(text)  # type: ignore[operator]
            good += 1
        except WorkbenchError:
            pass
    return good / len(filled)


def _matching(filled: Sequence[str], pattern: re.Pattern[str]) -> float:
    return sum(bool(pattern.fullmatch(text)) for text in filled) / len(filled)


def _dates(filled: Sequence[str]) -> tuple[tuple[str, ...], float, tuple[str, ...]]:
    """Return the patterns that read most cells, how many they read, and what is uncertain about them."""
    iso = sum(_reads(text, "") for text in filled) / len(filled)
    if iso >= MOST:
        return ("iso",), iso, ()
    fits = {pattern: sum(_reads(text, pattern) for text in filled) / len(filled) for pattern in DATE_FORMATS}
    best = max(fits.values())
    if best < MOST:
        return (), max(best, iso), ()
    reading = [pattern for pattern, part in fits.items() if part == best]
    notes: tuple[str, ...] = ()
    if len(reading) > 1:
        notes = (f"day and month could be either way round; read as {reading[0]}",)
    elif "%m" in reading[0] and reading[0].startswith("%m"):
        notes = ("the month stands first",)
    return ("iso", reading[0]), best, notes


def _reads(text: str, pattern: str) -> bool:
    try:
        if pattern:
            datetime.strptime(text, pattern)  # noqa: DTZ007  a day has no zone
        else:
            cells.day(text)
    except (ValueError, WorkbenchError):
        return False
    return True


def _shares(filled: Sequence[str]) -> tuple[float, tuple[str, ...], str]:
    """Return the part of the cells that are percentages, `fraction` where some are parts of 1, and the decimal sign."""
    found = [match for text in filled if (match := _SHARE.fullmatch(text))]
    good = [match for match in found if int(match[1]) <= 100]
    bare = [match for match in good if not match[3]]
    fraction = [match for match in bare if match[2] and int(match[1]) == 0]
    whole = [match for match in bare if int(match[1]) > 1]
    decimal = "," if sum("," in text for text in filled) > sum("." in text for text in filled) else "."
    return len(good) / len(filled), ("fraction",) if fraction and not whole else (), decimal


def _separator(filled: Sequence[str]) -> str:
    count = {sign: sum(sign in text for text in filled) for sign in SEPARATORS}
    best = max(SEPARATORS, key=lambda sign: (count[sign], -SEPARATORS.index(sign)))
    return best if count[best] >= max(1, len(filled) // 50) else ""
