"""The trade's identifiers: how each is written, printed and checked.

Each takes what a file or a person wrote and returns the stored spelling, or raises `WorkbenchError` naming the rule broken.
Stored: IPI name number 11 digits · IPI base number `I-NNNNNNNNN-C` · ISWC `T-NNN.NNN.NNN-C` · ISRC 12 · ISNI 16 characters ·
ISAN and EIDR as printed · GTIN 8, 13 or 14 digits.
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


def isan(text: str) -> str:
    """Return an ISAN as printed (ISO 15706), with its version where given; check characters modulo 37,36.

    >>> isan("0000-0001-8947-0000-8-0000-0000-D")
    '0000-0001-8947-0000-8-0000-0000-D'
    """
    code = _strip(text).removeprefix("ISAN")
    match = re.fullmatch(r"([0-9A-F]{16})([0-9A-Z])(?:([0-9A-F]{8})([0-9A-Z]))?", code, re.ASCII)
    if not match:
        raise _bad("ISAN", text, "16 hexadecimal digits and a check character, then 8 and another for a version")
    root, check, version, last = match.groups()
    if check != _mod_37_36(root):
        raise _bad("ISAN", text, f"check character {_mod_37_36(root)}")
    printed = f"{'-'.join(root[i : i + 4] for i in range(0, 16, 4))}-{check}"
    if version is None:
        return printed
    if last != _mod_37_36(root + version):
        raise _bad("ISAN", text, f"last check character {_mod_37_36(root + version)}")
    return f"{printed}-{version[:4]}-{version[4:]}-{last}"


def eidr(text: str) -> str:
    """Return an EIDR content number as printed; check character modulo 37,36 over its 20 hexadecimal digits.

    >>> eidr("10.5240/7791-8534-2c23-9030-8610-5")
    '10.5240/7791-8534-2C23-9030-8610-5'
    """
    prefix, _, rest = text.strip().partition("/")
    match = re.fullmatch(r"([0-9A-F]{20})([0-9A-Z])", _strip(rest), re.ASCII)
    if prefix != "10.5240" or not match:
        raise _bad("EIDR", text, "10.5240/ and five groups of four hexadecimal digits and a check character")
    if match[2] != _mod_37_36(match[1]):
        raise _bad("EIDR", text, f"check character {_mod_37_36(match[1])}")
    return f"10.5240/{'-'.join(match[1][i : i + 4] for i in range(0, 20, 4))}-{match[2]}"


def gtin(text: str) -> str:
    """Return a GTIN (EAN, UPC) as digits: 8, 13 or 14, a UPC of 12 with a zero before it; check digit with weights 3 and 1.

    >>> gtin("0 36000 29145 2")
    '0036000291452'
    """
    code = _strip(text)
    if not re.fullmatch(r"[0-9]{8}|[0-9]{12,14}", code, re.ASCII):
        raise _bad("GTIN", text, "8, 12, 13 or 14 digits")
    check = -sum(int(digit) * (1 if place % 2 else 3) for place, digit in enumerate(reversed(code[:-1]))) % 10
    if int(code[-1]) != check:
        raise _bad("GTIN", text, f"check digit {check}")
    return code.zfill(13) if len(code) == 12 else code


RULES: dict[str, Callable[[str], str]] = {
    "ipi_name_number": ipi_name_number,
    "ipi_base_number": ipi_base_number,
    "iswc": iswc,
    "isrc": isrc,
    "isni": isni,
    "ipn": ipn,
    "isan": isan,
    "eidr": eidr,
    "gtin": gtin,
}
"""Every identifier by its field name."""


def _strip(text: str) -> str:
    return re.sub(r"[\s.\-]", "", text).upper()


def _weighted_check(body: str, start: int) -> int:
    return (10 - (start + sum((i + 1) * int(digit) for i, digit in enumerate(body))) % 10) % 10


def _mod_37_36(body: str) -> str:
    """The check character of ISO 7064 MOD 37,36."""
    rest = 36
    for char in body:
        rest = (rest + int(char, 36)) % 36 or 36
        rest = rest * 2 % 37
    return "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[(37 - rest) % 36]


def _bad(name: str, text: str, expected: str) -> WorkbenchError:
    return WorkbenchError(f"not a valid {name}", got=repr(text[:40]), expected=expected, next_step="Check it against its source.")
