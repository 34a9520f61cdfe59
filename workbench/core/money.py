"""Money is whole millionths of a currency unit, and `allocate` is the only way to split it.

Three equal heirs of 1.000000: `allocate(1_000_000, {"a": 1, "b": 1, "c": 1})` gives 333_334, 333_333, 333_333;
the odd micro goes to the stable key that sorts first, never to the row that came first, so any order gives the same.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from .errors import WorkbenchError

MICROS = 1_000_000
_AMOUNT = re.compile(r"(-?)([0-9]{1,18})(?:\.([0-9]{1,6}))?", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)

MINOR_DIGITS = {
    # ISO 4217 minor units that differ from two
    **dict.fromkeys(["BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"], 0),
    **dict.fromkeys(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"], 3),
}


def minor_digits(currency: str) -> int:
    """Return how many decimals a payment in `currency` may have (ISO 4217): 0, 2 or 3."""
    return MINOR_DIGITS.get(currency, 2)


def parse_micros(text: str) -> int:
    """Return the micros written in `text`: plain ASCII digits, at most 18, at most six decimals.

    Raises `WorkbenchError` for anything else, at once: NaN, 1E+400000, 1_000, non-ASCII digits and thousands separators are
    refused before any arithmetic sees them.

    >>> parse_micros("12.5")
    12500000
    """
    match = _AMOUNT.fullmatch(text.strip(" ")) if len(text) <= 40 else None
    if not match:
        raise WorkbenchError(
            "not an amount",
            got=repr(text[:40]),
            expected="digits with a point, like 1234.50",
            next_step="Correct the amount.",
        )
    sign, whole, part = match.groups()
    micros = int(whole) * MICROS + int((part or "").ljust(6, "0"))
    return -micros if sign else micros


def format_micros(micros: int, digits: int = 6) -> str:
    """Return micros as decimal text; fewer digits only where nothing is cut off.

    >>> format_micros(1_500_000, 2)
    '1.50'
    """
    unit = 10 ** (6 - digits)
    if micros % unit:
        raise WorkbenchError("amount has more decimals than asked for", got=micros, expected=f"a multiple of {unit} micros")
    whole, part = divmod(abs(micros), MICROS)
    text = f"{whole}.{part:06d}"[: -(6 - digits) or None].rstrip(".")
    return f"-{text}" if micros < 0 else text


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """An exact amount: whole micros of one currency.

    >>> Money.of("12.50", "EUR") + Money.of("0.50", "EUR")
    Money('13.000000', 'EUR')
    """

    currency: str
    micros: int

    def __post_init__(self) -> None:
        if not isinstance(self.micros, int) or isinstance(self.micros, bool):
            raise WorkbenchError("money must be whole micros", got=repr(self.micros), expected="int")
        if not _CURRENCY.fullmatch(self.currency):
            raise WorkbenchError("not a currency code", got=repr(self.currency), expected="three letters of ISO 4217, like KES")

    @classmethod
    def of(cls, amount: str | int | Decimal, currency: str) -> Money:
        """Return money from decimal text, whole units or a `Decimal`; a binary fraction is refused."""
        if isinstance(amount, (str, int, Decimal)) and not isinstance(amount, bool):
            return cls(currency, parse_micros(format(amount, "f") if isinstance(amount, Decimal) else str(amount)))
        raise WorkbenchError("money cannot be made from this type", got=type(amount).__name__, expected="text, int or Decimal")

    @property
    def amount(self) -> Decimal:
        """The exact decimal value, in currency units."""
        return Decimal(self.micros).scaleb(-6)

    def __add__(self, other: Money) -> Money:
        return Money(self.currency, self.micros + self._same(other).micros)

    def __sub__(self, other: Money) -> Money:
        return Money(self.currency, self.micros - self._same(other).micros)

    def __neg__(self) -> Money:
        return Money(self.currency, -self.micros)

    def __str__(self) -> str:
        return f"{format_micros(self.micros)} {self.currency}"

    def __repr__(self) -> str:
        return f"Money({format_micros(self.micros)!r}, {self.currency!r})"

    def _same(self, other: Money) -> Money:
        if other.currency != self.currency:
            raise WorkbenchError("two currencies in one sum", got=other.currency, expected=self.currency)
        return other


def allocate(micros: int, weights: Mapping[str, int]) -> dict[str, int]:
    """Split `micros` in proportion to whole `weights`, exactly: largest remainder, ties by the key that sorts first.

    Returns whole micros per key, summing to `micros`, each within one micro of its exact quotient; a zero weight gets zero.
    Raises `WorkbenchError` when nothing can take the money (no weight above zero) or a weight is negative.

    >>> allocate(1_000_000, {"b": 1, "a": 1, "c": 1})
    {'a': 333334, 'b': 333333, 'c': 333333}
    """
    total = sum(weights.values())
    if any(weight < 0 for weight in weights.values()):
        raise WorkbenchError("negative weight", got=min(weights.values()), expected="zero or more")
    if total == 0:
        if micros == 0:
            return dict.fromkeys(sorted(weights), 0)
        raise WorkbenchError("nobody can take this money", got=f"{micros} micros over no weight", expected="a weight above zero")
    sign, size = (-1, -micros) if micros < 0 else (1, micros)
    parts = {key: divmod(size * weights[key], total) for key in sorted(weights)}
    left = size - sum(quotient for quotient, _ in parts.values())
    lucky = set(sorted(parts, key=lambda key: (-parts[key][1], key))[:left])
    return {key: sign * (quotient + (key in lucky)) for key, (quotient, _) in parts.items()}


def payable(micros: int, currency: str) -> tuple[int, int]:
    """Return (what can be paid in the currency's minor unit, what is carried forward), both in micros.

    Rounds toward zero, so a payment never exceeds what is owed; the rest is carried forward, visibly.

    >>> payable(12_345_678, "EUR")
    (12340000, 5678)
    """
    unit = 10 ** (6 - minor_digits(currency))
    size = abs(micros) // unit * unit
    paid = size if micros >= 0 else -size
    return paid, micros - paid
