"""A kit's inputs kept in tables of a database and read back: the same distribution, whatever the book lies in.

Tables get a name nobody else has (`kit_1f3a..._usages`) and are removed again, also when something fails.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Column, Connection, MetaData, Text, insert, select
from sqlalchemy import Table as SqlTable
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from ..core.errors import WorkbenchError
from ..core.office import Progress, silent
from ..core.store import Whole, make_engine
from .results import INPUTS, Table, read_dicts, write_rows

CHUNK = 5_000


class DatabaseRefused(WorkbenchError):
    """The database cannot be used: that says nothing about the kit."""


def through_database(url: str, inputs: Path, to: Path, progress: Progress = silent) -> Path:
    """Load the input files into tables of the database at `url`, write them out of it into folder `to`, and return `to`.

    Raises `DatabaseRefused` when the database cannot be reached or used, and `WorkbenchError` when it refuses a value of the kit.
    """
    engine = make_engine(url)
    prefix, metadata = f"kit_{secrets.token_hex(6)}", MetaData()
    tables = {declared.name: _table(f"{prefix}_{declared.name}", metadata, declared) for declared in INPUTS}
    try:
        metadata.create_all(engine)
        try:
            for number, declared in enumerate(INPUTS):
                progress("through the database", number, len(INPUTS))
                with engine.begin() as connection:
                    for rows in _chunks(inputs, declared):
                        connection.execute(insert(tables[declared.name]), rows)
            with engine.execution_options(read_only=True).connect() as connection:
                for declared in INPUTS:
                    write_rows(to, declared, _read(connection, tables[declared.name]))
        finally:
            metadata.drop_all(engine)
    except OperationalError as error:
        raise DatabaseRefused("the database cannot be used", got=str(error.orig)[:300], next_step="Check its address.") from error
    except SQLAlchemyError as error:
        raise WorkbenchError("the database does not take the kit's inputs", got=str(error.args[0])[:300]) from error
    finally:
        engine.dispose()
    return to


def _table(name: str, metadata: MetaData, declared: Table) -> SqlTable:
    columns = [Column(c.name, Whole if c.type == "whole" else Text(), nullable=c.type == "whole") for c in declared.columns]
    return SqlTable(name, metadata, *columns, sqlite_strict=True)


def _chunks(inputs: Path, declared: Table) -> Iterator[list[dict[str, Any]]]:
    waiting: list[dict[str, Any]] = []
    for row in read_dicts(inputs, declared):
        waiting.append(row)
        if len(waiting) == CHUNK:
            yield waiting
            waiting = []
    if waiting:
        yield waiting


def _read(connection: Connection, table: SqlTable) -> Iterator[tuple[Any, ...]]:
    for row in connection.execute(select(table).execution_options(yield_per=CHUNK)):
        yield tuple(row)
