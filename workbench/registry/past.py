"""The register as it stood: on any past day, at an instant, or just before an import, read from the journal and never written.

    then = wb.as_of("2025-07-01")                    # the end of that day, UTC
    then.frame("work"), then.part_frame("work", "shares"), then.document("work", "TALA-W-000017")
    wb.as_of(before=intake.import_id).frame("party") # as it stood before that import, or any other change set
    wb.as_of("2025-07-01").changes_until(wb.as_of("2025-07-31"))

The journal holds every document whole, before and after each change. So the register after entry number n is, for each document,
what its last entry up to n says: one SQL statement per kind, the same on both databases. A past frame has the kind's own columns
only: names that other records give today do not belong to that day. Contacts are shown by their own desk only, which writes down
who looked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import pandas as pd
from sqlalchemy import ColumnElement, Connection, Select, func, select

from ..core.documents import CHUNK, KINDS, Document, Kind
from ..core.errors import NotFound, WorkbenchError, unknown
from ..core.journal import journal, read_document
from ..core.meanwhile import differences, in_words
from ..core.office import Office
from ..core.roles import is_private
from .frames import typed

Moment = str | date | datetime
"""A day (`2025-07-01`: its end, UTC) or an instant (`2025-07-01T10:00:00Z`; without a zone it is UTC)."""


@dataclass(frozen=True)
class Past:
    """The register after journal entry `seq`; make one with `wb.as_of` or `Past.of`."""

    office: Office
    seq: int

    @classmethod
    def of(cls, office: Office, when: Moment = "", *, before: str = "") -> Past:
        """Return the register at the end of a day or at an instant, or just before a change set (an import's id is one).

        Without either it is the register now. Raises `WorkbenchError` for a moment that cannot be read or when both are given,
        `NotFound` for a change set that the journal does not have.
        """
        if when and before:
            raise WorkbenchError("one moment, please", got=f"{when} and before {before}", expected="a day, an instant or before=")
        with office.book.read() as connection:
            if before:
                return cls(office, _before(connection, before))
            return cls(office, _last(connection, instant(when) if when else "~"))

    def document(self, kind: str, entity_id: str) -> Document | None:
        """Return one document as it was, or None when it was not there yet."""
        return self.documents(kind, [entity_id]).get(entity_id)

    def held_of(self, kind: Kind, entity_id: str) -> Document | None:
        """Return one document as it was, of any kind: for the desk of that kind, which knows to whom it may show it."""
        return next((document for _, document, _ in self._rows(kind, [entity_id])), None)

    def documents(self, kind: str, ids: Sequence[str] | None = None) -> dict[str, Document]:
        """Return documents as they were, by id; all of the kind when `ids` is None, and those not there yet are left out."""
        return {entity_id: document for entity_id, document, _ in sorted(self._rows(_kind(kind), ids), key=_first)}

    def frame(self, kind: str, ids: Sequence[str] | None = None) -> pd.DataFrame:
        """Return one row per document of a kind, by id: `id`, the kind's fields, `version` (how often it had been saved)."""
        known = _kind(kind)
        names = ["id", *known.fields]
        rows = [[*(document.get(name) for name in names), version] for _, document, version in self._rows(known, ids)]
        return typed(sorted(rows, key=_first), [*names, "version"], known.table)

    def part_frame(self, kind: str, part: str) -> pd.DataFrame:
        """Return one row per row of a part (`shares`, `titles`, ...): `id` of its document, `position`, the part's fields."""
        known = _kind(kind)
        if part not in known.parts:
            raise unknown(f"part of {kind}", part, known.parts)
        names = known.part_fields(part)
        rows = [
            [entity_id, position, *(row.get(name) for name in names)]
            for entity_id, document, _ in self._rows(known, None)
            for position, row in enumerate(document.get(part) or [], start=1)
        ]
        return typed(sorted(rows, key=_first), ["id", "position", *names], known.parts[part])

    def changes_until(self, later: Past | None = None, *, kind: str = "") -> pd.DataFrame:
        """Return what became different from this moment to a later one (now, when not said): one row per document.

        kind, id, what (created | changed | removed), changed (text), who (everybody who had a hand in it), entries, first_at,
        last_at, before, after (documents). A document that was changed and changed back is not there. Raises `WorkbenchError`
        when `later` is earlier.
        """
        until = later or Past.of(self.office)
        if until.seq < self.seq:
            raise WorkbenchError("the later moment is the earlier one", got=f"{self.seq} to {until.seq}", next_step="Swap them.")
        kinds = [_kind(kind).name] if kind else sorted(name for name in KINDS if not is_private(name))
        within = (journal.c.seq > self.seq) & (journal.c.seq <= until.seq) & journal.c.kind.in_(kinds)
        rows = []
        with self.office.book.read() as connection:
            hands: dict[tuple[str, str], list[str]] = {}
            people = select(journal.c.kind, journal.c.entity_id, journal.c.who).where(within).distinct().order_by(journal.c.who)
            for row in connection.execute(people):
                hands.setdefault((row.kind, row.entity_id), []).append(row.who)
            for row in connection.execute(_first_and_last(within)):
                before, after = read_document(row.before), read_document(row.after)
                if before != after:
                    told = "created" if before is None else ("removed" if after is None else "changed")
                    changed = in_words(differences(before, after)) if before and after else told
                    who = ", ".join(hands[row.kind, row.entity_id])
                    rows.append((row.kind, row.entity_id, told, changed, who, row.times, row.at, row.until, before, after))
        columns = ["kind", "id", "what", "changed", "who", "entries", "first_at", "last_at", "before", "after"]
        return pd.DataFrame(rows, columns=columns)

    def _rows(self, kind: Kind, ids: Sequence[str] | None) -> Iterator[tuple[str, Document, int]]:
        """Yield (id, document, version), in no order."""
        chunks = [None] if ids is None else [ids[start : start + CHUNK] for start in range(0, len(ids), CHUNK)]
        with self.office.book.read() as connection:
            for some in chunks:
                rows = connection.execution_options(yield_per=CHUNK).execute(self._query(kind, some))
                for entity_id, after, times in rows:
                    document = read_document(after)
                    if document is not None:
                        yield entity_id, document, times

    def _query(self, kind: Kind, ids: Sequence[str] | None) -> Select[Any]:
        newest = select(func.max(journal.c.seq).label("seq"), func.count(journal.c.after).label("times")).where(
            journal.c.kind == kind.name, journal.c.seq <= self.seq
        )
        if ids is not None:
            newest = newest.where(journal.c.entity_id.in_(ids))
        last = newest.group_by(journal.c.entity_id).subquery()
        return select(journal.c.entity_id, journal.c.after, last.c.times).join(last, last.c.seq == journal.c.seq)


def instant(when: Moment) -> str:
    """Return a moment as the journal writes it: UTC, microseconds, `Z`; a day without time means its end.

    >>> instant("2025-07-01"), instant("2025-07-01T12:00+03:00")
    ('2025-07-01T23:59:59.999999Z', '2025-07-01T09:00:00.000000Z')

    Raises `WorkbenchError` for anything else.
    """
    try:
        if isinstance(when, datetime):
            given = when
        elif isinstance(when, date) or len(when.strip()) == len("2025-07-01"):
            day = when if isinstance(when, date) else date.fromisoformat(when.strip())
            given = datetime(day.year, day.month, day.day, 23, 59, 59, 999_999, tzinfo=UTC)
        else:
            given = datetime.fromisoformat(when.strip())
        given = given.replace(tzinfo=UTC) if given.tzinfo is None else given.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise WorkbenchError("not a day or an instant", got=when, expected="2025-07-01 or 2025-07-01T10:00:00Z") from error
    return given.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _first_and_last(within: ColumnElement[bool]) -> Select[Any]:
    """Return the query for what each document was before its first entry of some, and is after its last."""
    number, what = journal.c.seq, (journal.c.kind, journal.c.entity_id)
    span = select(*what, func.min(number).label("first"), func.max(number).label("last"), func.count().label("times"))
    each = span.where(within).group_by(*what).subquery()
    first, last = journal.alias(), journal.alias()
    columns = each.c.kind, each.c.entity_id, each.c.times, first.c.before, last.c.after, first.c.at, last.c.at.label("until")
    joined = select(*columns).join(first, first.c.seq == each.c.first).join(last, last.c.seq == each.c.last)
    return joined.order_by(each.c.first)


def _first(row: Sequence[Any]) -> str:
    return str(row[0])


def _kind(name: str) -> Kind:
    if name not in KINDS:
        raise unknown("kind", name, KINDS)
    if is_private(name):
        raise WorkbenchError(
            f"a past {name} is shown one by one, by its own desk", got=name, next_step=f"Use wb.{name}s.as_of(id, when)."
        )
    return KINDS[name]


def _before(connection: Connection, change_set: str) -> int:
    first = connection.execute(select(func.min(journal.c.seq)).where(journal.c.change_set == change_set)).scalar()
    if first is None:
        raise NotFound(
            "no such change set in the journal", got=change_set, next_step="See wb.onboarding.imports() and history(id)."
        )
    return int(first) - 1


def _last(connection: Connection, until: str) -> int:
    """Return the number of the last entry written up to an instant: by halving, for times ascend with the numbers."""
    low, high = 0, int(connection.execute(select(func.max(journal.c.seq))).scalar() or 0)
    while low < high:
        middle = (low + high + 1) // 2
        query = select(journal.c.seq, journal.c.at).where(journal.c.seq <= middle).order_by(journal.c.seq.desc()).limit(1)
        row = connection.execute(query).first()  # the middle itself, or the last before it that this person is shown
        if row is None or row.at <= until:
            low = middle
        else:
            high = row.seq - 1
    return low
