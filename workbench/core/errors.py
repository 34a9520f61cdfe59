"""What can be wrong: the caller's mistake is an exception, the data's a `Finding` value.

Text follows one pattern: *what is wrong: got, expected (where). Next step.*
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Literal

from rapidfuzz import process

Scope = Literal["field", "record", "batch", "file"]


class WorkbenchError(Exception):
    """The caller asked for something that cannot be done; the facts are attributes.

    >>> error = WorkbenchError("unknown layout", got="radio-v3", expected="radio-v2",
    ...                        where="usage.load", next_step="List them with wb.usage.layouts().")
    >>> str(error)
    'unknown layout: got radio-v3, expected radio-v2 (usage.load). List them with wb.usage.layouts().'
    >>> error.got
    'radio-v3'
    """

    def __init__(
        self, what: str, *, got: object = None, expected: object = None, where: object = None, next_step: str = ""
    ) -> None:
        self.what, self.got, self.expected, self.where, self.next_step = what, got, expected, where, next_step
        super().__init__(_sentence(what, got, expected, where, next_step))


class NotFound(WorkbenchError):
    """Nothing has this name; the nearest known names are suggested."""


class Conflict(WorkbenchError):
    """Somebody else changed the same thing first; nothing was written."""


class NotPermitted(WorkbenchError):
    """This person may not do this, or not alone."""


class DamagedBook(WorkbenchError):
    """The book contradicts itself: stop rather than write on."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One odd thing in the data: what, where, what to do. Collected, never thrown.

    `line` counts from 1 with the header as line 1, as a spreadsheet shows it; 0 when the finding is about the whole file.
    """

    scope: Scope
    code: str
    message: str
    line: int = 0
    field: str = ""
    got: str = ""
    expected: str = ""
    what_to_do: str = ""
    source: str = ""

    def as_row(self) -> dict[str, object]:
        """Return the finding as a flat row for a table."""
        return asdict(self)

    def __str__(self) -> str:
        place = ", ".join(
            part for part in (self.source, f"line {self.line}" if self.line else "", self.field and f"field {self.field}") if part
        )
        return _sentence(self.message, self.got or None, self.expected or None, place or None, self.what_to_do)


def nearest(name: str, known: Iterable[str], limit: int = 3) -> list[str]:
    """Return the known names most like `name`, best first, for a suggestion.

    >>> nearest("radio-playlst", ["radio-playlist", "concert"])
    ['radio-playlist']
    """
    found = process.extract(name, list(known), limit=limit, score_cutoff=60)
    return [str(match[0]) for match in found]


def unknown(kind: str, name: str, known: Iterable[str], where: str = "") -> NotFound:
    """Return the error for an unknown name, with the nearest known ones as its next step."""
    names = list(known)
    like = nearest(name, names)
    step = f"Did you mean {' or '.join(like)}?" if like else f"Known: {', '.join(sorted(names)[:10]) or 'none yet'}."
    return NotFound(f"no such {kind}", got=name, where=where or None, next_step=step)


def _sentence(what: str, got: object, expected: object, where: object, next_step: str) -> str:
    facts = ", ".join(
        part for part in (f"got {got}" if got is not None else "", f"expected {expected}" if expected is not None else "") if part
    )
    text = f"{what}: {facts}" if facts else what
    if where:
        text += f" ({where})"
    return f"{text}. {next_step}".strip() if next_step else text
