"""The tariff book: what a licence costs, as dated, sourced data with a worked example for each tariff, and every step shown.

    concert, 10 % of takings: takings 30,000.00 x 10 % = 3,000.00

A tariff is a formula of a known kind with typed parameters; what a licensee declares (revenue, takings, outlets, seconds) are the
licence's parameters, as text. A declaration for one period carries it in its name: `revenue@2025-Q3`; without, it holds for every
period. Amounts are exact micros; a part is taken by largest remainder, never rounded on the way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from ..core.errors import Finding, WorkbenchError, unknown
from ..core.money import Money, allocate, format_micros, parse_micros
from ..core.periods import Period
from ..core.shares import WHOLE, format_percent, parse_percent

STANDARD = Path(__file__).parent / "data" / "tariffs.yaml"
Percent = Annotated[int, BeforeValidator(parse_percent)]
"""Parts per million, written as a percentage."""
Amount = Annotated[int, BeforeValidator(parse_micros)]
"""Micros, written as a decimal amount."""


@dataclass(frozen=True, slots=True)
class QuoteStep:
    """One step of a computation: what it is, how it was computed, and the amount it came to."""

    what: str
    how: str
    micros: int


@dataclass
class Working:
    """The steps so far, and what the licensee declared."""

    declared: Sequence[tuple[str, str]]
    period: Period
    steps: list[QuoteStep] = field(default_factory=list)

    def texts(self, name: str) -> list[str]:
        """Return what was declared under a name for this period, else what was declared for every period."""
        for wanted in (f"{name}@{self.period}", name):
            if found := [value for key, value in self.declared if key == wanted]:
                return found
        return []

    def text(self, name: str, default: str | None = None) -> str:
        """Return the one declared value, or the default; raises `WorkbenchError` when it is missing or there are several."""
        found = self.texts(name)
        if len(found) > 1 or (not found and default is None):
            raise WorkbenchError(
                "this tariff needs one declaration" if found else "this tariff needs a declaration",
                got=", ".join(found) or None,
                expected=name,
                where=self.period,
                next_step=f"Add the licence parameter {name!r}, or {f'{name}@{self.period}'!r} for this period alone.",
            )
        return found[0] if found else default or ""

    def amount(self, name: str) -> int:
        """Return a declared amount in micros."""
        return self.step(name, "declared", parse_micros(self.text(name)))

    def count(self, name: str, default: str | None = None) -> int:
        """Return a declared whole number, zero or more."""
        text = self.text(name, default)
        if not (text.isascii() and text.isdigit() and len(text) <= 12):
            raise WorkbenchError(f"{name} is not a whole number", got=repr(text[:40]), expected="digits", where=self.period)
        return int(text)

    def part(self, what: str, micros: int, ppm: int) -> int:
        """Take a percentage of an amount."""
        return self.step(what, f"{format_micros(micros)} x {format_percent(ppm)} %", _part(micros, ppm, WHOLE))

    def pro_rata(self, what: str, micros_per_year: int) -> int:
        """Take the part of a yearly amount that falls on the period's days, year by year."""
        total, how = 0, []
        for year in range(self.period.starts_on.year, self.period.ends_on.year + 1):
            first, last = max(self.period.starts_on, date(year, 1, 1)), min(self.period.ends_on, date(year, 12, 31))
            days, all_days = (last - first + timedelta(1)).days, (date(year + 1, 1, 1) - date(year, 1, 1)).days
            total += _part(micros_per_year, days, all_days)
            how.append(f"{days}/{all_days}")
        return self.step(what, f"{format_micros(micros_per_year)} a year x {' + '.join(how)} days", total)

    def step(self, what: str, how: str, micros: int) -> int:
        """Write a step down and return its amount."""
        self.steps.append(QuoteStep(what, how, micros))
        return micros


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PercentOfRevenue(_Model):
    """A percentage of the revenue, or of its part from music (`revenue`, `music_share_percent`), at least a yearly minimum."""

    kind: Literal["percent_of_revenue"]
    percent: Percent
    minimum_per_year: Amount = 0

    def compute(self, working: Working) -> int:
        """Return the fee in micros."""
        base = working.amount("revenue")
        if working.texts("music_share_percent"):
            base = working.part("revenue from music", base, parse_percent(working.text("music_share_percent")))
        fee = working.part("fee", base, self.percent)
        if not self.minimum_per_year:
            return fee
        minimum = working.pro_rata("minimum", self.minimum_per_year)
        return fee if fee >= minimum else working.step("fee", "the minimum is more", minimum)


class PercentOfTakings(_Model):
    """A percentage of each event's takings, at least a minimum; one `takings` parameter per event."""

    kind: Literal["percent_of_takings"]
    percent: Percent
    minimum_per_event: Amount = 0

    def compute(self, working: Working) -> int:
        """Return the fee in micros, the sum over events."""
        events = working.texts("takings") or [working.text("takings")]
        total = 0
        for number, text in enumerate(events, start=1):
            fee = working.part(f"fee of event {number}", parse_micros(text), self.percent)
            if fee < self.minimum_per_event:
                fee = working.step(f"fee of event {number}", "the minimum is more", self.minimum_per_event)
            total += fee
        return working.step("fee", f"sum of {len(events)} events", total) if len(events) > 1 else total


class FlatPerYear(_Model):
    """A fixed amount for each outlet (`outlets`, 1 when not declared) and year, by the days of the period."""

    kind: Literal["flat_per_year"]
    amount_per_year: Amount

    def compute(self, working: Working) -> int:
        """Return the fee in micros."""
        outlets = working.count("outlets", "1")
        return working.pro_rata(f"fee for {outlets} outlets", self.amount_per_year * outlets)


class PerStationMinute(_Model):
    """A rate a minute by class of station (`station_class`, `music_seconds`); idents (`ident_seconds`) at a percentage of it."""

    kind: Literal["per_station_minute"]
    rates: dict[str, Amount]
    ident_percent: Percent = WHOLE

    def compute(self, working: Working) -> int:
        """Return the fee in micros; seconds count as parts of a minute."""
        station = working.text("station_class")
        if station not in self.rates:
            raise unknown("class of station", station, self.rates, where="tariff")
        rate = self.rates[station]
        music = self._fee(working, "music", rate)
        idents = self._fee(working, "ident", rate)
        if not idents:
            return music
        return working.step("fee", "music and idents", music + working.part("fee of idents", idents, self.ident_percent))

    def _fee(self, working: Working, what: str, rate: int) -> int:
        seconds = working.count(f"{what}_seconds", "0")
        how = f"{format_micros(rate)} a minute x {seconds} s"
        return working.step(f"{what} at the full rate", how, _part(rate * seconds, 1, 60)) if seconds else 0


Formula = Annotated[PercentOfRevenue | PercentOfTakings | FlatPerYear | PerStationMinute, Field(discriminator="kind")]


class Example(_Model):
    """A worked example: what is declared for a period, and what it must come to."""

    source: str
    period: str
    declared: dict[str, str]
    pays: Amount


class Tariff(_Model):
    """One tariff for a span of days, both included; an empty last day is open."""

    name: str
    title: str
    starts_on: date
    ends_on: date | None = None
    decision: str
    authors_percent: Percent
    neighbouring_percent: Percent
    formula: Formula
    example: Example

    @property
    def authors_ppm(self) -> int:
        """The part of the money for authors and publishers (works)."""
        return self.authors_percent

    @property
    def neighbouring_ppm(self) -> int:
        """The part of the money for performers and producers (recordings)."""
        return self.neighbouring_percent

    def runs_on(self, day: date) -> bool:
        """Tell whether the tariff holds on a day."""
        return self.starts_on <= day and (self.ends_on is None or day <= self.ends_on)


@dataclass(frozen=True)
class Quote:
    """What a licence costs for a period, and every step that led there."""

    licence_id: str
    tariff: Tariff
    period: Period
    money: Money
    steps: tuple[QuoteStep, ...]

    @property
    def division(self) -> dict[str, int]:
        """The money by repertoire, `authors` and `neighbouring`, in micros; sums to the whole."""
        weights = {"authors": self.tariff.authors_ppm, "neighbouring": self.tariff.neighbouring_ppm}
        return allocate(self.money.micros, weights)

    def __str__(self) -> str:
        lines = [f"{self.licence_id} {self.period}, tariff {self.tariff.name} ({self.tariff.decision})"]
        lines += [f"  {step.what}: {step.how} = {format_micros(step.micros)}" for step in self.steps]
        return "\n".join([*lines, f"  {self.money}"])


class TariffBook:
    """All tariffs of a society, by name and day."""

    def __init__(self, tariffs: Sequence[Tariff], source: Path) -> None:
        self.tariffs = tuple(tariffs)
        self.source = source

    @property
    def names(self) -> list[str]:
        """Every tariff's name, once."""
        return sorted({tariff.name for tariff in self.tariffs})

    def find(self, name: str, on: date) -> Tariff:
        """Return the tariff of a name that holds on a day; raises `NotFound` for an unknown name or a day before its first."""
        named = [tariff for tariff in self.tariffs if tariff.name == name]
        if not named:
            raise unknown("tariff", name, self.names, where=self.source.name)
        for tariff in named:
            if tariff.runs_on(on):
                return tariff
        raise unknown(f"tariff {name} on this day", on.isoformat(), [], where=self.source.name)


def read_tariffs(file: Path = STANDARD) -> TariffBook:
    """Read a tariff book; raises `WorkbenchError` naming the tariff and field that cannot stand, or two tariffs for one day."""
    try:
        rows = yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506  every value stays text, so no float
        if not isinstance(rows, list):
            raise WorkbenchError("a tariff book is a list of tariffs", got=type(rows).__name__, where=file)
        tariffs = [_tariff(row, number, file) for number, row in enumerate(rows, start=1)]
    except (yaml.YAMLError, OSError, UnicodeDecodeError) as error:
        raise WorkbenchError("the tariff book cannot be read", got=error, where=file, next_step="Correct the file.") from error
    for number, one in enumerate(tariffs):
        for other in tariffs[:number]:
            if one.name == other.name and (other.runs_on(one.starts_on) or one.runs_on(other.starts_on)):
                raise WorkbenchError(
                    "two tariffs of one name for one day", got=one.name, where=file, next_step="End the older one."
                )
    return TariffBook(tariffs, file)


def compute(tariff: Tariff, declared: Sequence[tuple[str, str]], period: Period) -> tuple[int, tuple[QuoteStep, ...]]:
    """Return what is due in micros for what was declared, and the steps."""
    working = Working(declared, period)
    return tariff.formula.compute(working), tuple(working.steps)


def check_examples(book: TariffBook) -> list[Finding]:
    """Run every tariff's worked example; a finding for each that does not come to what it says."""
    findings = []
    for tariff in book.tariffs:
        example = tariff.example
        micros, steps = compute(tariff, list(example.declared.items()), Period.parse(example.period))
        if micros != example.pays:
            findings.append(
                Finding(
                    "record",
                    "tariff_example",
                    "the worked example does not come out",
                    field=tariff.name,
                    got="; ".join(f"{step.what} {step.how} = {format_micros(step.micros)}" for step in steps),
                    expected=format_micros(example.pays),
                    source=book.source.name,
                    what_to_do="Correct the tariff or its example; until then do not invoice by it.",
                )
            )
    return findings


def _tariff(row: Any, number: int, file: Path) -> Tariff:
    name = row.get("name", "") if isinstance(row, dict) else ""
    where = f"{file.name}, tariff {number} {name}".rstrip()
    try:
        tariff = Tariff.model_validate(row)
    except WorkbenchError as error:
        raise WorkbenchError(
            error.what, got=error.got, expected=error.expected, where=where, next_step=error.next_step
        ) from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise WorkbenchError(f"a tariff's {place or 'entry'}: {first['msg']}", got=first["input"], where=where) from error
    if tariff.authors_ppm + tariff.neighbouring_ppm != WHOLE:
        total = format_percent(tariff.authors_ppm + tariff.neighbouring_ppm)
        raise WorkbenchError("authors and neighbouring are not the whole", got=f"{total} %", expected="100 %", where=where)
    return tariff


def _part(micros: int, numerator: int, denominator: int) -> int:
    return allocate(micros, {"part": numerator, "rest": denominator - numerator})["part"]
