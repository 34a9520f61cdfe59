"""A share is a whole number of parts per million; 100 % is `WHOLE`.

One third cannot be written exactly, so files say 33.33 or 33.34: totals are judged with a tolerance, never corrected in silence.
"""

from __future__ import annotations

import re

from .errors import WorkbenchError

WHOLE = 1_000_000
TOLERANCE_PPM = 600
"""0.06 %: how far a total may be from 100 % (the tolerance of the trade's registration format)."""

_PERCENT = re.compile(r"([0-9]{1,3})(?:\.([0-9]{1,4}))?", re.ASCII)


def parse_percent(text: str) -> int:
    """Return parts per million from percent text with at most four decimals, 0 to 100.

    >>> parse_percent("33.34")
    333400
    """
    match = _PERCENT.fullmatch(text.strip().removesuffix("%").rstrip()) if len(text) <= 20 else None
    ppm = int(match[1]) * 10_000 + int((match[2] or "").ljust(4, "0")) if match else -1
    if not 0 <= ppm <= WHOLE:
        raise WorkbenchError("not a share", got=repr(text[:20]), expected="a percentage from 0 to 100, like 33.34")
    return ppm


def format_percent(ppm: int) -> str:
    """Return percent text, at least two decimals.

    >>> format_percent(333_400), format_percent(333_333)
    ('33.34', '33.3333')
    """
    text = f"{ppm // 10_000}.{ppm % 10_000:04d}"
    return text.removesuffix("00")


def is_whole(total_ppm: int) -> bool:
    """Tell whether a total counts as 100 % within the trade's tolerance."""
    return abs(total_ppm - WHOLE) <= TOLERANCE_PPM
