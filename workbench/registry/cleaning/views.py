"""What the bench answers: columns, pages of rows, previews, what a step did, and where the rows of the file are."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ColumnInfo:
    """A column as it stands: its name, what it seems to hold (text, number, date), its empty cells and different texts."""

    name: str
    kind: str
    blank: int
    distinct: int
    source: str = ""
    """The file's column it comes from; empty when a step made it."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows in order, each a dict with its number under `#` and the text of every column; and how many there are in all."""

    rows: list[dict[str, str]]
    total: int
    flags: dict[str, str] = field(default_factory=dict)
    """Row number -> its flag, for the rows of the page that have one."""
    marks: dict[str, str] = field(default_factory=dict)
    """Row number -> what was odd about its line in the file."""
    changed: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Row number -> the columns in which it says something else than the file did."""
    before: dict[str, dict[str, str]] = field(default_factory=dict)
    """Row number -> column -> what the file said, where it says something else now."""
    faults: dict[str, dict[str, str]] = field(default_factory=dict)
    """Row number -> column -> what is odd about the cell."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What a step would do: some rows as (row number, before, after), and how many rows it would change in all."""

    rows: list[tuple[str, str, str]]
    changed: int
    sentence: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Applied:
    """What a step did: its number in the recipe, the rows it changed, its sentence, and what was passed over."""

    step_number: int
    changed_rows: int
    sentence: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Accounts:
    """Where the rows of the file are: `rows_in + added = rows_out + removed`."""

    rows_in: int
    added: int
    """Rows that splitting made beyond the ones it took apart."""
    removed: int
    """Removed or merged; all of them are kept and can be listed."""
    rows_out: int
