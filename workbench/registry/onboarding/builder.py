"""What the builders of all purposes have in common: bundles of lines in, documents out, the register asked once per file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from sqlalchemy import Connection, Table, select

from ...core import identifiers
from ...core.documents import Document, Kind
from ...core.errors import WorkbenchError
from ...core.office import Office
from .. import rules
from ..desk import Desk
from ..works import work
from .clerk import Bundle, Clerk, several


class Builder:
    """Makes documents of one kind from bundles of lines; one object for a whole file, given its bundles in chunks."""

    kind: ClassVar[Kind]
    desk: ClassVar[type[Desk]]  # type: ignore[type-arg]
    keys: ClassVar[tuple[str, ...]] = ("number",)
    """The fields that say which lines are of one thing, the first that a line has."""

    def __init__(self, clerk: Clerk) -> None:
        self.clerk = clerk

    def build(self, bundle: Bundle) -> None:
        """Set the bundle's document, with an `id` where it is to change what is there; or fail the bundle."""
        raise NotImplementedError

    def judge(self, bundles: Sequence[Bundle], office: Office) -> None:
        """Add what is odd in documents that are taken in all the same."""


class Works:
    """The works of the register as a file names them: by identifier or ISWC."""

    def __init__(self, connection: Connection) -> None:
        self.by_iswc = by_column(connection, work, "iswc")
        self._ids: set[str] | None = None
        self._connection = connection

    def find(self, text: str) -> str:
        """Return the work's identifier, or nothing."""
        if self._ids is None:
            self._ids = set(self._connection.execute(select(work.c.id).where(work.c.status.not_in(rules.GONE))).scalars())
        if text in self._ids:
            return text
        try:
            return self.by_iswc.get(identifiers.iswc(text), "")
        except WorkbenchError:
            return ""

    def named(self, clerk: Clerk, bundle: Bundle, column: str, step: str) -> list[str]:
        """Return the works that the cells of a column name; a finding for each that the register does not have."""
        found: dict[str, None] = {}
        for line in bundle.lines:
            for text in several(line.values.get(column, "")):
                if work_id := self.find(text):
                    found[work_id] = None
                else:
                    clerk.note(line, "unknown_work", column, "no such work in the register", text, "an ISWC or a work id", step)
        return list(found)


def by_column(connection: Connection, table: Table, column: str) -> dict[str, str]:
    """Return the documents that stand by a column's value, the first of several; those that are gone are left out."""
    kept = (table.c[column] != "", table.c.status.not_in(rules.GONE))
    found: dict[str, str] = {}
    for value, entity_id in connection.execute(select(table.c[column], table.c.id).where(*kept).order_by(table.c.id)):
        found.setdefault(value, entity_id)
    return found


def plainly(bundle: Bundle, names: tuple[str, ...]) -> Document:
    """Return fields that are taken as they stand, from the first line that has each; those of no line are left out."""
    return {name: value for name in names if (value := bundle.value(name, None)) is not None}


def own_id(clerk: Clerk, bundle: Bundle, ids: set[str]) -> str:
    """Return the register's own identifier where the lines give one; a finding, and nothing, where there is no such record."""
    given = str(bundle.value("id"))
    if given and given not in ids:
        step = "Leave it empty for what is new; it is treated as new here."
        clerk.note(
            bundle.first, "unknown_id", "id", "no such record in the register", given, "an identifier of the register", step
        )
        return ""
    return given


def live_ids(connection: Connection, table: Table) -> set[str]:
    """Return the identifiers of a kind's live documents."""
    return set(connection.execute(select(table.c.id).where(table.c.status.not_in(rules.GONE))).scalars())
