"""Steps that change which columns there are and in which order the rows stand."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.errors import WorkbenchError
from .filters import is_blank
from .reading import normal_date, number
from .steps import WHICH, Argument, Situation, listed, operation, quoted, selected
from .table import ROW, Column, Table

_COLUMN = Argument("column", "column", "The column.", required=True)


def placed(table: Table, after: str, made: dict[str, Column], without: tuple[str, ...] = ()) -> Table:
    """Return the table with new columns behind `after` (at the end when empty), and some columns left out."""
    columns: dict[str, Column] = {}
    for name, column in table.columns.items():
        if name not in without and name not in made:
            columns[name] = column
        if name == after:
            columns.update(made)
    return table.with_columns({**columns, **made})


def _what(a: dict[str, Any]) -> str:
    if a["copy"]:
        return f"as a copy of {quoted(a['copy'])}"
    if a["row_number"]:
        return "with the row's number" + (f" behind {quoted(a['prefix'])}" if a["prefix"] else "")
    return f"that says {quoted(a['value'])}" if a["value"] else "without any text"


@operation(
    "add_column",
    "Add a column: one text for all rows, a copy of another column, or the row's number.",
    Argument("into", "new_column", "The new column's name.", required=True),
    Argument("value", "text", "The same text in every row.", default=""),
    Argument("copy", "text", "The column to copy."),
    Argument("row_number", "yes", "Whether to write each row's number.", default=False),
    Argument("prefix", "text", "What stands before the number.", default=""),
    sentence=lambda a: f"Add the column {quoted(a['into'])} {_what(a)}",
)
def add_column(table: Table, a: dict[str, Any], _situation: Situation) -> Table:
    """Add a column at the end, or a copy beside its original."""
    if a["copy"]:
        column = table.column(a["copy"], "add_column.copy")
        return placed(table, a["copy"], {a["into"]: Column(column.codes, column.words)})
    if a["row_number"]:
        return table.with_column(a["into"], Column.of(a["prefix"] + number_ for number_ in table.rows.numbers))
    return table.with_column(a["into"], Column.blank(len(table)).put(a["value"], np.ones(len(table), dtype=bool)))


@operation(
    "rename_column",
    "Give a column another name.",
    _COLUMN,
    Argument("into", "new_column", "Its new name.", required=True),
    sentence=lambda a: f"Call the column {quoted(a['column'])} {quoted(a['into'])}",
)
def rename_column(table: Table, a: dict[str, Any], _situation: Situation) -> Table:
    """Rename a column where it stands."""
    return table.with_columns({a["into"] if name == a["column"] else name: column for name, column in table.columns.items()})


@operation(
    "move_column",
    "Move a column to another place.",
    _COLUMN,
    Argument("to", "whole", "Its new place, 1 for the first.", required=True),
    sentence=lambda a: f"Move the column {quoted(a['column'])} to place {a['to']}",
)
def move_column(table: Table, a: dict[str, Any], _situation: Situation) -> Table:
    """Move a column; a place beyond the last is the last."""
    names = [name for name in table.columns if name != a["column"]]
    names.insert(max(0, a["to"] - 1), a["column"])
    return table.with_columns({name: table.columns[name] for name in names})


@operation(
    "remove_column",
    "Leave a column out.",
    _COLUMN,
    sentence=lambda a: f"Leave out the column {quoted(a['column'])}",
)
def remove_column(table: Table, a: dict[str, Any], _situation: Situation) -> Table:
    """Leave a column out; the file keeps it, and undo brings it back."""
    if len(table.columns) == 1:
        raise WorkbenchError("this is the last column", got=a["column"], where="remove_column")
    return table.with_columns({name: column for name, column in table.columns.items() if name != a["column"]})


@operation(
    "keep_columns",
    "Keep these columns, in this order, and leave the others out.",
    Argument("columns", "columns", "The columns.", required=True),
    sentence=lambda a: f"Keep only the columns {listed([quoted(c) for c in a['columns']], limit=30)}",
)
def keep_columns(table: Table, a: dict[str, Any], _situation: Situation) -> Table:
    """Keep columns in the order given."""
    return table.with_columns({name: table.column(name) for name in a["columns"]})


@operation(
    "join_columns",
    "Write the texts of several columns into one, with something between them; empty ones are passed over.",
    Argument("columns", "columns", "The columns, in order.", required=True),
    Argument("into", "new_column", "The new column's name.", required=True),
    Argument("separator", "text", "What stands between them.", default=" "),
    Argument("keep", "yes", "Whether the columns joined stay.", default=False),
    *WHICH,
    sentence=lambda a: (
        f"Join {listed([quoted(c) for c in a['columns']])} with {quoted(a['separator'])} as {quoted(a['into'])}"
        + (" and keep them" if a["keep"] else "")
    ),
)
def join_columns(table: Table, a: dict[str, Any], situation: Situation) -> Table:
    """Join columns; rows that are not meant keep what the first of the columns says."""
    mask = selected(table, a, situation)
    columns = [table.column(name) for name in a["columns"]]
    rows = zip(*(column.texts(mask) for column in columns), strict=True)
    joined = [a["separator"].join([text for text in texts if text.strip()]) for texts in rows]
    made = Column.of(columns[0].texts()).with_texts(joined, mask).tidy()
    return placed(table, a["columns"][0], {a["into"]: made}, () if a["keep"] else tuple(a["columns"]))


@operation(
    "reorder",
    "Put the rows in order for good.",
    Argument("by", "columns", "Columns, the first deciding first.", required=True),
    Argument("descending", "yes", "Whether the largest comes first.", default=False),
    sentence=lambda a: (
        f"Put the rows in order of {listed([quoted(c) for c in a['by']])}{', largest first' if a['descending'] else ''}"
    ),
)
def reorder(table: Table, a: dict[str, Any], _situation: Situation) -> Table:
    """Put the rows in order; equal rows stay in the order they had."""
    return table.take(order_of(table, [(name, a["descending"]) for name in a["by"]]))


def order_of(table: Table, by: list[tuple[str, bool]]) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Return the places of all rows in order of columns, each (name, whether largest first); equal rows as they stand.

    Numbers come before dates before other texts, each by its own order; empty cells come last either way.
    """
    order = np.arange(len(table))
    for name, descending in reversed(by):
        if name == ROW:
            numbers = [_natural(number_) for number_ in table.rows.numbers]
            keyed = np.empty(len(table), dtype=np.int64)
            keyed[sorted(range(len(numbers)), key=numbers.__getitem__)] = np.arange(len(table))
            blank = np.zeros(len(table), dtype=bool)
        else:
            column = table.column(name, "sort")
            ranks = column.words.ranks("sort", _sort_key)
            keyed, blank = ranks[column.codes], column.holds(is_blank, "blank")
        keys = np.where(blank, np.iinfo(np.int64).max, -keyed if descending else keyed)
        order = order[np.argsort(keys[order], kind="stable")]
    return order


def _natural(row: str) -> tuple[tuple[int, int, str], ...]:
    return tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in row.split("."))


def _sort_key(text: str) -> tuple[int, float, str]:
    from .clusters import plain

    said = number(text)
    if said is not None:
        return 0, said, ""
    day = normal_date(text)
    return (1, 0.0, day) if day is not None else (2, 0.0, f"{plain(text)} {text}")
