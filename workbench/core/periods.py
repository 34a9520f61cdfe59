"""A period is a year, a quarter, a month or a pair of dates; written `2025`, `2025-Q3`, `2025-07` or `2025-07-01--2025-07-15`."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date

from .errors import WorkbenchError


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """Days from `starts_on` to `ends_on`, both included.

    >>> Period.parse("2025-Q3")
    Period(starts_on=datetime.date(2025, 7, 1), ends_on=datetime.date(2025, 9, 30))
    """

    starts_on: date
    ends_on: date

    def __post_init__(self) -> None:
        if self.ends_on < self.starts_on:
            raise WorkbenchError("period ends before it starts", got=f"{self.starts_on}--{self.ends_on}")

    @classmethod
    def parse(cls, text: str) -> Period:
        """Return the period written in `text`; raises `WorkbenchError` for any other spelling."""
        try:
            if match := re.fullmatch(r"([0-9]{4})(?:-(Q[1-4]|[0-9]{2}))?", text, re.ASCII):
                year, part = int(match[1]), match[2]
                if part is None:
                    first, last = 1, 12
                elif part.startswith("Q"):
                    first = int(part[1]) * 3 - 2
                    last = first + 2
                else:
                    first = last = int(part)
                return cls(date(year, first, 1), date(year, last, monthrange(year, last)[1]))
            starts_on, _, ends_on = text.partition("--")
            return cls(date.fromisoformat(starts_on), date.fromisoformat(ends_on))
        except (ValueError, IndexError) as error:
            raise WorkbenchError(
                "not a period", got=repr(text[:40]), expected="2025, 2025-Q3, 2025-07 or 2025-07-01--2025-07-15"
            ) from error

    def __contains__(self, day: date) -> bool:
        return self.starts_on <= day <= self.ends_on

    def __str__(self) -> str:
        year = self.starts_on.year
        for text in (f"{year}", *(f"{year}-Q{q}" for q in range(1, 5)), f"{year}-{self.starts_on.month:02d}"):
            if Period.parse(text) == self:
                return text
        return f"{self.starts_on}--{self.ends_on}"
