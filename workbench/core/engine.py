"""The calculator: named steps of plain SQL over an in-memory DuckDB, whole numbers only, the same on any number of threads.

DuckDB is never the book: it is handed canonical files and hands rows back. Heavy work is written as a list of (name, sql)
steps, plain enough that another engine can run them; the engine supplies three exact integer primitives (HUGEINT, 128 bits),
`muldiv(a, b, c)`, `mulmod(a, b, c)` and `intdiv(a, b)`, for amounts of zero or more. Sums of whole numbers do not depend on
order, and ranks break ties by a stable key, so partitioning cannot change a result.

    with Engine() as engine:
        engine.load_csv("line", path, {"id": "text", "weight": "whole"})
        engine.run([("shared", largest_remainder("line", "shared", by="pool", amount="net", weight="weight", key="id",
                                                 keep="pool, id"))])
        engine.rows("SELECT pool, id, amount_micros FROM shared ORDER BY pool, id")
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import duckdb

from .errors import WorkbenchError

if TYPE_CHECKING:
    import pandas as pd

Step = tuple[str, str]
"""A step's name (for progress and errors) and its one SQL statement."""

MACROS: tuple[Step, ...] = (
    ("muldiv", "CREATE MACRO muldiv(a, b, c) AS (CAST(a AS HUGEINT) * CAST(b AS HUGEINT)) // CAST(c AS HUGEINT)"),
    ("mulmod", "CREATE MACRO mulmod(a, b, c) AS (CAST(a AS HUGEINT) * CAST(b AS HUGEINT)) % CAST(c AS HUGEINT)"),
    ("intdiv", "CREATE MACRO intdiv(a, b) AS CAST(a AS HUGEINT) // CAST(b AS HUGEINT)"),
)
_TYPES = {"text": "VARCHAR", "whole": "BIGINT"}
_FETCH = 50_000
_log = logging.getLogger(__name__)


class Engine:
    """An in-memory calculator; use it in a `with` block, so that its temporary files go away."""

    def __init__(self, threads: int = 2, memory: str = "2GB") -> None:
        self._temporary = tempfile.TemporaryDirectory(prefix="workbench-engine-", ignore_cleanup_errors=True)
        self._duckdb = duckdb.connect(
            ":memory:",
            config={
                "threads": threads,
                "memory_limit": memory,
                "temp_directory": self._temporary.name,
                "preserve_insertion_order": False,
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
            },
        )
        self._duckdb.execute("SET enable_progress_bar = false")  # it would write between the lines of whoever calls
        self.run(MACROS)

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the memory and the temporary files."""
        self._duckdb.close()
        self._temporary.cleanup()

    def run(self, steps: Iterable[Step]) -> None:
        """Run steps in order; raises `WorkbenchError` naming the step that failed."""
        for name, sql in steps:
            _log.debug("step %s", name)
            self._execute(name, sql)

    def load_csv(self, name: str, path: Path, types: Mapping[str, str]) -> None:
        """Make a table from a canonical CSV file; `types` gives `text` or `whole` per column, in the file's order.

        An empty text stays an empty text; an empty whole number is NULL. Raises `WorkbenchError` for a file that does not fit.
        """
        columns = ", ".join(f"{_quoted(column)}: 'VARCHAR'" for column in types)
        read = {
            # a cast alone would round 1.5 to 2 in silence
            "whole": """CASE WHEN "{0}" IS NULL OR "{0}" = '' THEN NULL WHEN regexp_full_match("{0}", '-?[0-9]{{1,19}}')"""
            """ THEN CAST("{0}" AS BIGINT) ELSE error('not a whole number: ' || "{0}") END AS "{0}\"""",
            "text": """COALESCE("{0}", '') AS "{0}\"""",
        }
        fields = ", ".join(read[type_].format(column) for column, type_ in types.items())
        self._execute(
            f"load {name}",
            f"CREATE TABLE {name} AS SELECT {fields} FROM read_csv({_quoted(str(path))}, columns = {{{columns}}}, header = true, "  # noqa: S608  declared names only
            "delim = ',', quote = '\"', escape = '\"', auto_detect = false, strict_mode = true, parallel = false, "
            "max_line_size = 4194304)",
        )

    def load_rows(self, name: str, types: Mapping[str, str], rows: Iterable[Sequence[Any]]) -> None:
        """Make a table from rows in memory; `types` gives `text` or `whole` per column."""
        self.make_table(name, types)
        import pandas as pd  # the slowest import here, and not every caller needs it

        columns = list(zip(*rows, strict=True)) or [() for _ in types]
        frame = pd.DataFrame(
            {
                name_: pd.array(list(values), dtype="Int64" if types[name_] == "whole" else "object")
                for name_, values in zip(types, columns, strict=True)
            }
        )
        self._duckdb.register("handed_over", frame)
        try:
            self._execute(f"load {name}", f"INSERT INTO {name} SELECT * FROM handed_over")  # noqa: S608  declared names only
        finally:
            self._duckdb.unregister("handed_over")

    def make_table(self, name: str, types: Mapping[str, str]) -> None:
        """Make an empty table; `types` gives `text` or `whole` per column."""
        fields = ", ".join(f'"{column}" {_TYPES[type_]}' for column, type_ in types.items())
        self._execute(f"make {name}", f"CREATE TABLE {name} ({fields})")

    def append(self, name: str, types: Mapping[str, str], rows: Sequence[Sequence[Any]]) -> None:
        """Append rows in memory to a table made with the same `types`; hand over some ten thousand at a time."""
        import numpy as np  # not every caller needs it

        if not rows:
            return
        columns = {}
        for (column, type_), values in zip(types.items(), zip(*rows, strict=True), strict=True):
            if type_ == "text":
                columns[column] = np.array(values, dtype=object)
            elif None in values:
                unknown = [value is None for value in values]
                columns[column] = np.ma.masked_array([value or 0 for value in values], mask=unknown, dtype=np.int64)
            else:
                columns[column] = np.array(values, dtype=np.int64)
        self._duckdb.register("handed_over", columns)
        try:
            self._execute(f"append to {name}", f"INSERT INTO {name} SELECT * FROM handed_over")  # noqa: S608  declared names only
        finally:
            self._duckdb.unregister("handed_over")

    def frame(self, sql: str) -> pd.DataFrame:
        """Return the rows of a query as a frame; say ORDER BY where the order matters."""
        return self._execute("frame", sql).df()

    def shut_in(self) -> None:
        """Let the engine see nothing but its own tables from here on: no files, no variables of the program, no settings."""
        self._execute("shut in", "SET python_enable_replacements = false")
        self._execute("shut in", "SET enable_external_access = false")
        self._execute("shut in", "SET lock_configuration = true")

    def rows(self, sql: str) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a query; say ORDER BY over a unique key where the order matters."""
        result = self._execute("rows", sql)
        while chunk := result.fetchmany(_FETCH):
            yield from chunk

    def one(self, sql: str) -> tuple[Any, ...]:
        """Return the first row of a query."""
        return next(self.rows(sql))

    def _execute(self, name: str, sql: str) -> duckdb.DuckDBPyConnection:
        try:
            return self._duckdb.execute(sql)
        except duckdb.Error as error:
            raise WorkbenchError("a calculation step failed", got=error, where=name) from error


def largest_remainder(
    source: str, target: str, *, by: str, amount: str, weight: str, key: str, keep: str, result: str = "amount_micros"
) -> str:
    """Return the SQL that splits `amount` within each group `by` in proportion to `weight`, exactly.

    The same rule as `core.money.allocate`: each row gets the floor of its exact quotient, and what is left goes, one each, to the
    largest remainders, ties by `key` ascending. `source` has one row per part with its group's `amount` (zero or more) and its
    `weight` (zero or more); `by`, `key` and `keep` are comma-separated columns, `key` unique within a group. The new table
    `target` holds `keep` and `result`. A group without any weight, but with money, stops the step.
    """
    return f"""
        CREATE TABLE {target} AS
        WITH weighed AS (
            SELECT *, SUM({weight}) OVER (PARTITION BY {by}) AS total_weight_ FROM {source}
        ), cut AS (
            SELECT *,
                CASE WHEN total_weight_ > 0 THEN muldiv({amount}, {weight}, total_weight_)
                     WHEN {amount} = 0 THEN 0
                     ELSE error('nobody can take this money') END AS floor_,
                CASE WHEN total_weight_ > 0 THEN mulmod({amount}, {weight}, total_weight_) ELSE 0 END AS rest_
            FROM weighed
        ), ranked AS (
            SELECT *,
                {amount} - SUM(floor_) OVER (PARTITION BY {by}) AS left_,
                ROW_NUMBER() OVER (PARTITION BY {by} ORDER BY rest_ DESC, {key}) AS rank_
            FROM cut
        )
        SELECT {keep}, CAST(floor_ + CASE WHEN rank_ <= left_ THEN 1 ELSE 0 END AS BIGINT) AS {result}
        FROM ranked
    """  # noqa: S608  names come from the code, never from data


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
