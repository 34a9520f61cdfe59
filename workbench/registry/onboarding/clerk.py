"""The clerk who turns lines into documents: gathers the lines of one thing, asks who is meant, and writes findings down.

Lines with the same number make one document. A document with one quarantined line is quarantined whole: half a work is worse than
none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection

from ...core.documents import Document, Kind
from ...core.errors import Finding, WorkbenchError
from ...core.territories import standard_territories
from ...formats.intake import Line, Sheet, Spool
from ..parties import full_name
from .finder import Ambiguous, Known, PartyFinder, mentioned

NOT_CREATED = "already_registered"
KEEP, FILL, REPLACE = EXISTING = ("keep", "fill", "replace")
ACCEPTED, WITH_FINDINGS, QUARANTINED = STATES = ("accepted", "accepted_with_findings", "quarantined")


@dataclass(slots=True)
class Bundle:
    """The lines that make one document, and the document once it is made."""

    lines: list[Line]
    document: Document | None = None
    failed: bool = False
    named: list[Known] = field(default_factory=list)
    """New parties this one speaks of; they are registered only if it is accepted."""
    itself: Known | None = None
    """The party this one is, when the file is of parties."""
    further: list[tuple[Kind, Document]] = field(default_factory=list)
    """What else its lines say: a party's membership, how it is reached."""

    @property
    def first(self) -> Line:
        return self.lines[0]

    def value(self, name: str, default: Any = "") -> Any:
        """Return a field's value from the first line that has one."""
        for line in self.lines:
            if name in line.values:
                return line.values[name]
        return default


@dataclass
class Clerk:
    """What every builder is handed: the sheet, the register as it stands, and where findings go."""

    sheet: Sheet
    connection: Connection
    parties: PartyFinder
    existing: str = KEEP
    found: list[Finding] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    """Registered parties that a line of this file has changed already."""

    def note(self, line: Line, code: str, name: str, message: str, got: str = "", expected: str = "", step: str = "") -> None:
        """Add a finding about a line that is accepted."""
        scope = "field" if name else "record"
        self.found.append(Finding(scope, code, message, line.line, name, got[:200], expected[:300], step))  # type: ignore[arg-type]
        if line.state == ACCEPTED:
            line.state = "accepted_with_findings"

    def fail(
        self, bundle: Bundle, line: Line, code: str, name: str, message: str, got: str = "", expected: str = "", step: str = ""
    ) -> None:
        """Quarantine a bundle for what is wrong on one of its lines."""
        self.note(line, code, name, message, got, expected, step or "Correct it and send the lines again.")
        bundle.failed = True
        for one in bundle.lines:
            if one.state != QUARANTINED:
                one.state, one.reason = "quarantined", code

    def who(self, bundle: Bundle, line: Line, name: str, first_name: str, kind: str, column: str, **numbers: str) -> Known | None:
        """Return the party a line names, a new one if need be; None, and the bundle fails, where the name is ambiguous."""
        try:
            found = self.parties.find(name, first_name, numbers)
        except Ambiguous as error:
            self.ambiguous(
                bundle,
                line,
                column,
                full_name(first_name, name),
                error,
                "Give the IPI name number: a person must not be paid for a namesake.",
            )
            return None
        if found is None:
            found = self.parties.make(mentioned(name, first_name, kind, **numbers), line, column)
        if found.is_new:
            bundle.named.append(found)
        return found

    def ambiguous(self, bundle: Bundle, line: Line, column: str, got: str, error: Ambiguous, step: str) -> None:
        """Quarantine a bundle because several parties answer to what it says."""
        shown = "; ".join(one.shown() for one in error.found[:4])
        self.fail(bundle, line, "ambiguous_party", column, "several parties answer to this", got, shown, step)

    def territory(self, bundle: Bundle, line: Line, column: str, text: str) -> str:
        """Return the TIS code of a territory written as code, letters or name; empty for no text."""
        if not text:
            return ""
        try:
            return territory_code(text)
        except WorkbenchError as error:
            self.fail(
                bundle, line, "unknown_territory", column, error.what, repr(text), str(error.expected or ""), error.next_step
            )
            return ""

    def place(self, bundle: Bundle, document: Document, there: dict[str, str], column: str) -> None:
        """Accept a document, or see what becomes of one whose number is in the register, or in this file, already."""
        if bundle.failed:
            return
        if (number := document.get(column)) and number in there:
            self.there_already(bundle, column, number, there[number], document)
        else:
            bundle.document = document
            if number:
                there[number] = f"line {bundle.first.line} of this file"

    def there_already(self, bundle: Bundle, column: str, got: str, entity_id: str, document: Document) -> None:
        """Leave a bundle out because the register has it; or, when asked to, let it change what is there."""
        if self.existing == KEEP or entity_id.startswith("line "):
            bundle.document = None
            step = "Nothing was changed there; correct it itself if the file knows better."
            self.note(bundle.first, NOT_CREATED, column, "this is there already", got, entity_id, step)
        else:
            bundle.document = {**document, "id": entity_id}


@lru_cache(maxsize=2_048)
def territory_code(text: str) -> str:
    """Return the TIS code of a territory written as code, two letters or name; raises `NotFound` with the nearest ones."""
    known = standard_territories()
    written = text.strip()
    if written.isascii() and written.isdigit():
        return known.require(written.lstrip("0") or "0")[-1].code
    for one in known.search(written, 5):
        if written.upper() == one.letters or written.casefold() == one.name.casefold():
            return one.code
    return known.require(written)[-1].code


def key_by(names: Sequence[str]) -> Callable[[Line], tuple[str, Any]]:
    """Return what says which lines belong together: the first of these fields that a line has, else the line itself."""

    def key(line: Line) -> tuple[str, Any]:
        values = line.values
        for name in names:
            if name in values:
                return name, values[name]
        return "line", line.line

    return key


def bundles_of(spool: Spool) -> Iterator[Bundle]:
    """Yield the lines of a spool gathered by its key, each bundle as soon as it is whole, in bounded memory."""
    waiting, open_ones = dict(spool.waiting), dict[tuple[str, Any], Bundle]()
    for batch in spool.batches():
        for line in batch:
            key = spool.key(line)
            bundle = open_ones.get(key)
            if bundle is None:
                bundle = open_ones[key] = Bundle([])
            bundle.lines.append(line)
            place = hash(key)
            waiting[place] -= 1
            if not waiting[place]:
                del waiting[place]
                yield open_ones.pop(key)
    yield from open_ones.values()  # two keys with one hash: rare beyond meeting it, but whole all the same


def set_aside_the_incomplete(clerk: Clerk, bundle: Bundle) -> None:
    """Quarantine every line of a thing of which one line is quarantined."""
    bad = next((line for line in bundle.lines if line.state == QUARANTINED), None)
    if bad is None:
        return
    bundle.failed = True
    for line in bundle.lines:
        if line.state != QUARANTINED:
            step = f"Correct line {bad.line} and send all lines of it again."
            message = "another line of the same thing is quarantined"
            clerk.note(line, "incomplete", "", message, f"line {bad.line}: {bad.reason}", "every line right", step)
            line.state, line.reason = "quarantined", "incomplete"


def same_throughout(clerk: Clerk, bundle: Bundle, names: Sequence[str]) -> None:
    """Note where lines of one thing contradict each other; the first word counts."""
    if len(bundle.lines) == 1:
        return
    for name in names:
        first = bundle.value(name, None)
        for line in bundle.lines:
            if name in line.values and line.values[name] != first:
                step = "Make the lines agree; the first was taken."
                clerk.note(line, "contradiction", name, "lines of one thing differ", str(line.values[name]), str(first), step)


def several(text: str) -> list[str]:
    """Return the parts between semicolons."""
    return [part.strip() for part in text.split(";") if part.strip()] if text else []


def signed(text: str) -> list[tuple[str, str]]:
    """Return the parts between semicolons, each with I, or with E where a minus stands before it."""
    return [("E" if part[0] == "-" else "I", part.lstrip("+- ")) for part in several(text)]
