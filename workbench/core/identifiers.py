"""The trade's identifiers: how each is written, printed and checked.

Each takes what a file or a person wrote and returns the stored spelling, or raises `WorkbenchError` naming the rule broken.
Stored: IPI name number 11 digits · IPI base number `I-NNNNNNNNN-C` · ISWC `T-NNN.NNN.NNN-C` · ISRC 12 · ISNI 16 characters.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from .errors import WorkbenchError


def ipi_name_number(text: str) -> str:
    """Return an IPI name number as 11 digits; two check digits, modulo 101 (CISAC IPI).

    >>> ipi_name_number("9900000 17 14")
    '99000001714'
    """
    digits = _strip(text).zfill(11)
    if not re.fullmatch(r"[0-9]{11}", digits, re.ASCII):
        raise _bad("IPI name number", text, "11 digits")
    rest = sum((10 - i) * int(digits[i]) for i in range(9)) % 101
    check = (101 - rest) % 100 if rest else 0
    if int(digits[9:]) != check:
        raise _bad("IPI name number", text, f"check digits {check:02d}")
    return digits


def ipi_base_number(text: str) -> str:
    """Return an IPI base number as printed, `I-NNNNNNNNN-C`.

    >>> ipi_base_number("I0000002297")
    'I-000000229-7'
    """
    match = re.fullmatch(r"I([0-9]{9})([0-9])", _strip(text), re.ASCII)
    if not match:
        raise _bad("IPI base number", text, "I-NNNNNNNNN-C")
    check = _weighted_check(match[1], 2)
    if int(match[2]) != check:
        raise _bad("IPI base number", text, f"check digit {check}")
    return f"I-{match[1]}-{match[2]}"


def iswc(text: str) -> str:
    """Return an ISWC as printed, `T-034.524.680-1` (ISO 15707).

    >>> iswc("T0345246801")
    'T-034.524.680-1'
    """
    match = re.fullmatch(r"T([0-9]{9})([0-9])", _strip(text), re.ASCII)
    if not match:
        raise _bad("ISWC", text, "T-NNN.NNN.NNN-C")
    check = _weighted_check(match[1], 1)
    if int(match[2]) != check:
        raise _bad("ISWC", text, f"check digit {check}")
    return make_iswc(int(match[1]))


def make_iswc(number: int) -> str:
    """Return the ISWC with its check digit for a nine-digit number, as printed."""
    body = f"{number:09d}"
    return f"T-{body[:3]}.{body[3:6]}.{body[6:]}-{_weighted_check(body, 1)}"


def isrc(text: str) -> str:
    """Return an ISRC as 12 characters (ISO 3901): no check digit exists, so only its form can be judged.

    >>> isrc("US-RC1-76-07839")
    'USRC17607839'
    """
    code = _strip(text)
    if not re.fullmatch(r"[A-Z]{2}[A-Z0-9]{3}[0-9]{7}", code, re.ASCII):
        raise _bad("ISRC", text, "two letters, three letters or digits, seven digits")
    return code


def isni(text: str) -> str:
    """Return an ISNI as 16 characters (ISO 27729), check character modulo 11-2.

    >>> isni("0000 0001 2146 5438")
    '0000000121465438'
    """
    code = _strip(text)
    if not re.fullmatch(r"[0-9]{15}[0-9X]", code, re.ASCII):
        raise _bad("ISNI", text, "16 digits, the last may be X")
    total = 0
    for digit in code[:15]:
        total = (total + int(digit)) * 2
    check = "0123456789X"[(12 - total % 11) % 11]
    if code[15] != check:
        raise _bad("ISNI", text, f"check character {check}")
    return code


def ipn(text: str) -> str:
    """Return an IPN (SCAPR performer number): digits; no check digit is published."""
    code = _strip(text)
    if not re.fullmatch(r"[0-9]{1,12}", code, re.ASCII):
        raise _bad("IPN", text, "digits")
    return code


RULES: dict[str, Callable[[str], str]] = {
    "ipi_name_number": ipi_name_number,
    "ipi_base_number": ipi_base_number,
    "iswc": iswc,
    "isrc": isrc,
    "isni": isni,
    "ipn": ipn,
}
"""Every identifier by its field name."""


def _strip(text: str) -> str:
    return re.sub(r"[\s.\-]", "", text).upper()


def _weighted_check(body: str, start: int) -> int:
    return (10 - (start + sum((i + 1) * int(digit) for i, digit in enumerate(body))) % 10) % 10


def _bad(name: str, text: str, expected: str) -> WorkbenchError:
    return WorkbenchError(f"not a valid {name}", got=repr(text[:40]), expected=expected, next_step="Check it against its source.")
