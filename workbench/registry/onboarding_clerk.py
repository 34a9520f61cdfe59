"""The clerk who turns lines into documents: gathers the lines of one thing, asks who is meant, and writes findings down.

Lines with the same number make one document. A document with one quarantined line is quarantined whole: half a work is worse than
none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from ..core.documents import Document
from ..core.errors import Finding, WorkbenchError
from ..core.territories import standard_territories
from ..formats.judge import Line, Sheet
from .onboarding_parties import Ambiguous, Known, PartyFinder, mentioned
from .parties import full_name

NOT_CREATED = "already_registered"


@dataclass(slots=True)
class Bundle:
    """The lines that make one document, and the document once it is made."""

    lines: list[Line]
    document: Document | None = None
    failed: bool = False

    @property
    def first(self) -> Line:
        return self.lines[0]

    def value(self, name: str, default: Any = "") -> Any:
        """Return a field's value from the first line that has one."""
        return next((line.values[name] for line in self.lines if name in line.values), default)


@dataclass
class Clerk:
    """What every builder is handed: the sheet, the register as it stands, and where findings go."""

    sheet: Sheet
    connection: Connection
    parties: PartyFinder
    found: list[Finding] = field(default_factory=list)

    def note(self, line: Line, code: str, name: str, message: str, got: str = "", expected: str = "", step: str = "") -> None:
        """Add a finding about a line that is accepted."""
        scope = "field" if name else "record"
        self.found.append(Finding(scope, code, message, line.line, name, got[:200], expected[:300], step))  # type: ignore[arg-type]
        if line.state == "accepted":
            line.state = "accepted_with_findings"

    def fail(
        self, bundle: Bundle, line: Line, code: str, name: str, message: str, got: str = "", expected: str = "", step: str = ""
    ) -> None:
        """Quarantine a bundle for what is wrong on one of its lines."""
        self.note(line, code, name, message, got, expected, step or "Correct it and send the lines again.")
        bundle.failed = True
        for one in bundle.lines:
            if one.state != "quarantined":
                one.state, one.reason = "quarantined", code

    def who(self, bundle: Bundle, line: Line, name: str, first_name: str, kind: str, column: str, **numbers: str) -> Known | None:
        """Return the party a line names, a new one if need be; None, and the bundle fails, where the name is ambiguous."""
        try:
            found = self.parties.find(name, first_name, numbers)
        except Ambiguous as error:
            shown = "; ".join(one.shown() for one in error.found[:4])
            step = "Give the IPI name number: a person must not be paid for a namesake."
            self.fail(
                bundle,
                line,
                "ambiguous_party",
                column,
                "several parties answer to this",
                full_name(first_name, name),
                shown,
                step,
            )
            return None
        return found or self.parties.make(mentioned(name, first_name, kind, **numbers), line.line, column)

    def territory(self, bundle: Bundle, line: Line, column: str, text: str) -> str:
        """Return the TIS code of a territory written as code, letters or name."""
        try:
            return territory_code(text)
        except WorkbenchError as error:
            self.fail(
                bundle, line, "unknown_territory", column, error.what, repr(text), str(error.expected or ""), error.next_step
            )
            return ""


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


def bundles_by(clerk: Clerk, keys: Sequence[str]) -> list[Bundle]:
    """Gather lines by the first of `keys` that they have, in the order they come; a line without stands alone."""
    found: dict[Any, Bundle] = {}
    for line in clerk.sheet.lines:
        key: Any = next(((name, line.values[name]) for name in keys if name in line.values), ("line", line.line))
        found.setdefault(key, Bundle([])).lines.append(line)
    for bundle in found.values():
        bad = next((line for line in bundle.lines if line.state == "quarantined"), None)
        if bad is not None:
            bundle.failed = True
            for line in bundle.lines:
                if line.state != "quarantined":
                    step = f"Correct line {bad.line} and send all lines of it again."
                    message = "another line of the same thing is quarantined"
                    clerk.note(line, "incomplete", "", message, f"line {bad.line}: {bad.reason}", "every line right", step)
                    line.state, line.reason = "quarantined", "incomplete"
    return list(found.values())


def same_throughout(clerk: Clerk, bundle: Bundle, names: Sequence[str]) -> None:
    """Note where lines of one thing contradict each other; the first word counts."""
    for name in names:
        first = bundle.value(name, None)
        for line in bundle.lines:
            if name in line.values and line.values[name] != first:
                step = "Make the lines agree; the first was taken."
                clerk.note(line, "contradiction", name, "lines of one thing differ", str(line.values[name]), str(first), step)


def place(clerk: Clerk, bundle: Bundle, document: Document, there: dict[str, str], column: str) -> None:
    """Accept a document unless its number is in the register already."""
    if bundle.failed:
        return
    if document[column] and document[column] in there:
        there_already(clerk, bundle, column, document[column], there[document[column]])
    else:
        bundle.document = document
        if document[column]:
            there[document[column]] = f"line {bundle.first.line} of this file"


def there_already(clerk: Clerk, bundle: Bundle, column: str, got: str, entity_id: str) -> None:
    """Leave a bundle out because the register has it."""
    bundle.document = None
    step = "Nothing was changed there; correct it itself if the file knows better."
    clerk.note(bundle.first, NOT_CREATED, column, "this is there already", got, entity_id, step)


def several(text: str) -> list[str]:
    """Return the parts between semicolons."""
    return [part.strip() for part in text.split(";") if part.strip()]


def signed(text: str) -> list[tuple[str, str]]:
    """Return the parts between semicolons, each with I, or with E where a minus stands before it."""
    return [("E" if part[0] == "-" else "I", part.lstrip("+- ")) for part in several(text)]
