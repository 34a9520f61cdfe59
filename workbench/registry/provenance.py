"""Provenance: which line of which file each record of the register came from, or was changed by.

An import is a change set; `source_file` holds one row for each, `source_line` one for each record it made or changed. History
joins them by change set (the journal's `change_set` column is the same id):

    lines_of(connection, "work", "TALA-W-000017")
    [SourceLine(change_set='3f..', file_name='works.xlsx', sha256='9a..', layout='works-v1', lines='2-4')]

or, for many records at once, `lines_of_many`, or a join of the two tables by change set. A journal entry
whose change set has no row here was not made by a file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Column, Connection, ForeignKey, Text, insert, select

from ..core.documents import CHUNK
from ..core.store import Change, book_table, whole, words

source_file = book_table(
    "source_file",
    Column("change_set", Text, primary_key=True),  # the import's id
    words("file_name"),
    words("sha256", index=True),
    words("layout"),
    words("existing"),  # keep | fill | replace
    whole("lines"),
    whole("accepted"),
    whole("accepted_with_findings"),
    whole("quarantined"),
    words("loaded_at"),
    words("undone_by"),  # the change set that took it back; empty while it stands
)
source_line = book_table(
    "source_line",
    Column("kind", Text, primary_key=True),
    Column("entity_id", Text, primary_key=True),
    Column("change_set", Text, ForeignKey(source_file.c.change_set, deferrable=True, initially="DEFERRED"), primary_key=True),
    words("lines"),  # lines of the file as spans: 2-4,9
)


@dataclass(frozen=True, slots=True)
class SourceLine:
    """The lines of one file that made or changed one record, as spans like `2-4,9`; objects of a JSON list count from 1."""

    change_set: str
    file_name: str
    sha256: str
    layout: str
    lines: str

    def __str__(self) -> str:
        return f"{self.file_name} line{'s' if not self.lines.isdecimal() else ''} {self.lines}"


def lines_of(connection: Connection, kind: str, entity_id: str) -> list[SourceLine]:
    """Return where a record came from, oldest import first; an empty list for one that no file made or changed."""
    return lines_of_many(connection, kind, [entity_id]).get(entity_id, [])


def lines_of_many(connection: Connection, kind: str, ids: Sequence[str]) -> dict[str, list[SourceLine]]:
    """Return where records came from, by id; those that no file made or changed are left out."""
    columns = (source_line.c.entity_id, source_line.c.lines, source_line.c.change_set)
    query = select(*columns, source_file.c.file_name, source_file.c.sha256, source_file.c.layout).join(source_file)
    found: dict[str, list[SourceLine]] = {}
    for start in range(0, len(ids), CHUNK):
        some = source_line.c.entity_id.in_(ids[start : start + CHUNK])
        for row in connection.execute(query.where(source_line.c.kind == kind, some).order_by(source_file.c.loaded_at)):
            one = SourceLine(row.change_set, row.file_name, row.sha256, row.layout, row.lines)
            found.setdefault(row.entity_id, []).append(one)
    return found


def record_lines(change: Change, kind: str, named: Iterable[tuple[str, Sequence[int]]]) -> None:
    """Write, for each (entity id, lines), the lines of this change's file that made or changed it."""
    rows = [
        {"kind": kind, "entity_id": entity_id, "change_set": change.change_set, "lines": spans(lines)}
        for entity_id, lines in named
    ]
    if rows:
        change.connection.execute(insert(source_line), rows)


def spans(lines: Sequence[int]) -> str:
    """Return line numbers as spans.

    >>> spans([2, 3, 4, 9]), spans([17]), spans([])
    ('2-4,9', '17', '')
    """
    return ",".join(f"{first}-{last}" if last > first else str(first) for first, last in _runs(sorted(set(lines))))


def _runs(lines: Sequence[int]) -> Iterator[tuple[int, int]]:
    first = last = 0
    for line in lines:
        if not first:
            first = line
        elif line != last + 1:
            yield first, last
            first = line
        last = line
    if first:
        yield first, last
