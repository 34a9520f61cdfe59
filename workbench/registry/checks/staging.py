"""The staged copy: the register's tables in the calculator, from some documents or from the whole book, for rules to read.

The tables carry their names and columns of the book (`work`, `work_share`, ...). Works, recordings, performances, releases,
agreements and mandates that are deleted or merged are left out; parties are all there, so that a rule can say that one is gone.

The whole book is read through the book's own connection, some ten thousand rows at a time: a second copy of SQLite in this
process would drop the first one's locks. Only columns that some rule names are read.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, Text, select

from ...core.documents import CHUNK, Document, Kind
from ...core.engine import Engine
from .. import rules
from ..parties import PARTY

BATCH = 50_000
"""Rows handed to the calculator at a time."""
NEVER = frozenset({"version"})
KEYS = frozenset({"id", "owner_id", "position", "status"})
"""Columns that every staged table has, named by a rule or not."""
Rows = Mapping[Table, Sequence[Sequence[Any]]]


class Staging:
    """Fills an engine with the tables of some kinds, the columns that `words` name."""

    def __init__(self, engine: Engine, kinds: Iterable[Kind], words: Collection[str]) -> None:
        self.engine = engine
        from ..agreements import AGREEMENT
        from ..mandates import MANDATE

        self.tables: dict[Table, dict[str, str]] = {}
        self.agreement, self.mandate = AGREEMENT, MANDATE
        self.kinds = [*kinds, PARTY, AGREEMENT, MANDATE]
        for kind in self.kinds:
            for table in (kind.table, *kind.parts.values()):
                self.tables[table] = types = {
                    column.name: "text" if isinstance(column.type, Text) else "whole"
                    for column in table.columns
                    if column.name in KEYS or (column.name in words and column.name not in NEVER)
                }
                engine.make_table(table.name, types)
        self.words = words

    def everything(self, connection: Connection) -> int:
        """Copy the whole book; return how many rows were read."""
        count = 0
        for kind in self.kinds:
            root = kind.table
            gone = select(root.c.id).where(root.c.status.in_(rules.GONE))
            for table in (root, *kind.parts.values()):
                if table is not root and not self._is_named(table):
                    continue
                query = select(*self._columns(table))
                if kind is not PARTY:
                    query = query.where(root.c.status.not_in(rules.GONE) if table is root else table.c.owner_id.not_in(gone))
                for batch in _batches(connection, query):
                    self.engine.append(table.name, self.tables[table], batch)
                    count += len(batch)
        return count

    def documents(self, kind: Kind, found: Iterable[Document]) -> None:
        """Copy some documents as they are here, saved or not."""
        live = [one for one in found if one["status"] not in rules.GONE]
        names = self.tables[kind.table]
        self.engine.append(kind.table.name, names, [[one[name] for name in names] for one in live])
        for part, table in kind.parts.items():
            names = self.tables[table]
            rows = [
                [one["id"] if name == "owner_id" else place if name == "position" else row[name] for name in names]
                for one in live
                for place, row in enumerate(one[part], start=1)
            ]
            self.engine.append(table.name, names, rows)

    def parties(self, connection: Connection, ids: Collection[str]) -> None:
        """Copy what is known of some parties: themselves, what they signed and what they entrusted."""
        agreement, mandate = self.agreement.table, self.mandate.table
        self._where(connection, PARTY, ids)
        sides = [agreement.c.assignor_party_id, agreement.c.acquirer_party_id]
        self._where(connection, self.agreement, _found(connection, agreement, sides, ids))
        self._where(connection, self.mandate, _found(connection, mandate, [mandate.c.party_id], ids))

    def _where(self, connection: Connection, kind: Kind, ids: Collection[str]) -> None:
        for table in (kind.table, *kind.parts.values()):
            key = table.c.id if table is kind.table else table.c.owner_id
            rows = [tuple(row) for row in in_chunks(connection, select(*self._columns(table)), key, ids)]
            self.engine.append(table.name, self.tables[table], rows)

    def _columns(self, table: Table) -> list[ColumnElement[Any]]:
        return [table.c[name] for name in self.tables[table]]

    def _is_named(self, table: Table) -> bool:
        return table.name in self.words


def in_chunks(connection: Connection, query: Any, column: ColumnElement[Any], ids: Collection[str]) -> Iterator[Any]:
    """Yield the rows whose column is one of many ids, asked in chunks that any database takes."""
    wanted = sorted(ids)
    for start in range(0, len(wanted), CHUNK):
        yield from connection.execute(query.where(column.in_(wanted[start : start + CHUNK])))


def _batches(connection: Connection, query: Any) -> Iterator[list[tuple[Any, ...]]]:
    """Rows in batches, streamed: a million works never stand in memory twice."""
    if connection.dialect.name == "sqlite":  # plain tuples of the driver: half the time
        cursor = connection.execute(query).cursor
        while cursor is not None and (batch := cursor.fetchmany(BATCH)):
            yield list(batch)
    else:
        streamed = connection.execution_options(stream_results=True, max_row_buffer=BATCH)
        for part in streamed.execute(query).partitions(BATCH):
            yield [tuple(row) for row in part]


def _found(connection: Connection, table: Table, columns: Sequence[Any], ids: Collection[str]) -> set[str]:
    return {
        row.id
        for column in columns
        for row in in_chunks(connection, select(table.c.id).where(table.c.status.not_in(rules.GONE)), column, ids)
    }
