"""What a cell's text means under a layout: text, identifiers, whole numbers, amounts, shares, durations, dates and instants.

Every reader here takes text and returns the stored value, or raises `WorkbenchError` saying what was expected. ASCII digits only:
NaN, 1E+400000 and digits of other scripts are refused before any arithmetic sees them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import lru_cache, partial
from zoneinfo import ZoneInfo

from ..core import identifiers
from ..core.errors import WorkbenchError
from ..core.money import parse_micros
from ..core.shares import parse_percent
from .sheets import Field, Layout

Reader = Callable[[str], "str | int"]

_WHOLE = re.compile(r"[0-9]{1,12}", re.ASCII)
_SECONDS = re.compile(r"[0-9]{1,6}", re.ASCII)
_CLOCK = re.compile(r"(?:([0-9]{1,3}):)?([0-9]{1,3}):([0-5][0-9])", re.ASCII)
_ISO_DURATION = re.compile(r"PT(?:([0-9]{1,3})H)?(?:([0-9]{1,5})M)?(?:([0-9]{1,6})S)?", re.ASCII)
_ISO_DATE = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[T ]00:00(?::00)?)?", re.ASCII)
_ISO_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?", re.ASCII
)
_UNIX = re.compile(r"[0-9]{9,10}", re.ASCII)
_YEAR = re.compile(r"[0-9]{4}", re.ASCII)
_FRACTION = re.compile(r"(0|1(?=(?:\.0{1,6})?$))(?:\.([0-9]{1,6}))?", re.ASCII)


def reader(field: Field, layout: Layout) -> Reader:
    """Return the function that reads one field's cells under a layout."""
    kinds: dict[str, Reader] = {
        "text": str,
        "whole": whole_number,
        "year": year,
        "duration": duration_seconds,
        "amount": partial(amount_micros, decimal=layout.decimal),
        "share": partial(share_ppm, decimal=layout.decimal, formats=field.formats),
        "date": partial(day, formats=field.formats or ("iso",)),
        "instant": partial(instant, formats=field.formats or ("iso",), zone=layout.timezone),
        "choice": partial(choice, field=field),
    }
    read = kinds.get(field.type) or identifiers.RULES[field.type]
    return read if field.type == "text" else lru_cache(maxsize=16_384)(read)


def whole_number(text: str) -> int:
    """Return a whole number of at most twelve digits."""
    if not _WHOLE.fullmatch(text):
        raise WorkbenchError("not a whole number", got=repr(text[:40]), expected="digits only, like 1042")
    return int(text)


def year(text: str) -> str:
    """Return a year as four digits."""
    if not _YEAR.fullmatch(text):
        raise WorkbenchError("not a year", got=repr(text[:40]), expected="four digits, like 1982")
    return text


def duration_seconds(text: str) -> int:
    """Return seconds from seconds, mm:ss, hh:mm:ss or an ISO 8601 duration.

    >>> [duration_seconds(text) for text in ("200", "3:20", "1:03:20", "PT3M20S")]
    [200, 200, 3800, 200]
    """
    if _SECONDS.fullmatch(text):
        return int(text)
    if match := _CLOCK.fullmatch(text):
        hours, minutes, seconds = (int(part or 0) for part in match.groups())
        if match[1] is None or minutes < 60:
            return hours * 3600 + minutes * 60 + seconds
    elif (match := _ISO_DURATION.fullmatch(text.upper())) and any(match.groups()):
        hours, minutes, seconds = (int(part or 0) for part in match.groups())
        return hours * 3600 + minutes * 60 + seconds
    raise WorkbenchError("not a duration", got=repr(text[:40]), expected="seconds, mm:ss, hh:mm:ss or PT3M20S")


def amount_micros(text: str, decimal: str = ".") -> int:
    """Return micros from an amount with the sender's decimal separator and no thousands separator."""
    return parse_micros(_with_point(text, decimal, "an amount"))


def share_ppm(text: str, decimal: str = ".", formats: tuple[str, ...] = ()) -> int:
    """Return parts per million from a percentage; with the format `fraction`, a number up to 1 without % is a part of the whole.

    >>> share_ppm("33.34"), share_ppm("0.6667", formats=("fraction",)), share_ppm("66.67%", formats=("fraction",))
    (333400, 666700, 666700)
    """
    written = _with_point(text, decimal, "a share")
    if "fraction" in formats and (match := _FRACTION.fullmatch(written)):
        return int(match[1]) * 1_000_000 + int((match[2] or "").ljust(6, "0"))
    return parse_percent(written)


def _with_point(text: str, decimal: str, what: str) -> str:
    if decimal == ",":
        if "." in text:
            raise WorkbenchError(
                f"not {what}", got=repr(text[:40]), expected="a decimal comma and no other separator, like 1234,50"
            )
        return text.replace(",", ".", 1)
    return text


def day(text: str, formats: tuple[str, ...] = ("iso",)) -> str:
    """Return a date as ISO text, read by the formats a layout declares; ISO, as spreadsheets give it, is always understood."""
    if match := _ISO_DATE.fullmatch(text):
        try:
            return date.fromisoformat(match[1]).isoformat()
        except ValueError:
            pass
    for pattern in formats:
        if pattern not in {"iso", "unix"}:
            try:
                return datetime.strptime(text, pattern).date().isoformat()  # noqa: DTZ007  a day has no zone
            except ValueError:
                continue
    raise WorkbenchError("not a date", got=repr(text[:40]), expected=_spelled(formats, "2025-07-14"))


def instant(text: str, formats: tuple[str, ...] = ("iso",), zone: str = "UTC") -> str:
    """Return an instant in UTC as ISO text with `Z`; without an offset of its own it is of the layout's zone.

    >>> instant("1402943314", ("unix",))
    '2014-06-16T18:28:34Z'
    """
    found = None
    if "unix" in formats and _UNIX.fullmatch(text):
        found = datetime.fromtimestamp(int(text), UTC)
    elif _ISO_INSTANT.fullmatch(text):
        try:
            found = datetime.fromisoformat(text)
        except ValueError:
            found = None
    for pattern in formats if found is None else ():
        if pattern not in {"iso", "unix"}:
            try:
                found = datetime.strptime(text, pattern)  # noqa: DTZ007  the zone follows
                break
            except ValueError:
                continue
    try:
        if found is not None:
            found = (found if found.tzinfo else found.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)
            return found.isoformat(timespec="seconds").replace("+00:00", "Z")
    except (OverflowError, ValueError):
        pass
    raise WorkbenchError("not an instant", got=repr(text[:40]), expected=_spelled(formats, "2025-07-14 06:31:05"))


def choice(text: str, field: Field) -> str:
    """Return what a choice stands for; `*` stands for whatever is not named."""
    found = field.choices.get(text.casefold()) or field.choices.get("*")
    if found is None:
        raise WorkbenchError(f"not a known {field.name}", got=repr(text[:40]), expected=", ".join(list(field.choices)[:12]))
    return found


def _spelled(formats: tuple[str, ...], iso: str) -> str:
    spelled = {"iso": iso, "unix": "unix seconds like 1402943314"}
    return " or ".join(spelled.get(pattern, pattern) for pattern in formats)
