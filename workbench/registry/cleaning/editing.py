"""Steps that change what cells say: one cell, all equal cells, a cluster, or every cell by a rule."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from ...core.errors import WorkbenchError
from . import patterns
from .filters import is_blank
from .steps import WHICH, Argument, Situation, listed, operation, places, quoted, selected
from .table import Column, Table
from .wording import TRANSFORMS

_COLUMN = Argument("column", "column", "The column.", required=True)
_COLUMNS = Argument("columns", "columns", "The columns.", required=True)


@operation(
    "edit_cell",
    "Write one cell.",
    Argument("row", "row", "The row's number.", required=True),
    _COLUMN,
    Argument("value", "text", "What the cell says from now on.", required=True),
    Argument("was", "text", "What it said before; a cell that says something else is left as it is."),
    sentence=lambda a: (
        f"In row {a['row']} write {quoted(a['value'])} as {quoted(a['column'])}"
        + (f" instead of {quoted(a['was'])}" if a["was"] is not None else "")
    ),
)
def edit_cell(table: Table, a: dict[str, Any], situation: Situation) -> Table:
    """Write one cell; in another file, where the cell says something else than it did, leave it and say so."""
    place = table.rows.place(a["row"])
    column = table.column(a["column"])
    if place < 0 or not table.live[place]:
        situation.notes.append(f"row {a['row']} is not in this table")
        return table
    if a["was"] is not None and column.text(place) != a["was"]:
        situation.notes.append(f"row {a['row']} says {quoted(column.text(place))}, not {quoted(a['was'])}: left as it is")
        return table
    codes = column.codes.copy()
    codes[place] = column.words.number(a["value"])
    return table.with_column(a["column"], Column(codes, column.words, column.source))


@operation(
    "edit_cells",
    "Write the same into every cell that is meant.",
    _COLUMN,
    Argument("value", "text", "What the cells say from now on.", required=True),
    Argument("was", "text", "Only cells that say exactly this."),
    *WHICH,
    sentence=lambda a: (
        f"Write {quoted(a['value'])} as {quoted(a['column'])}"
        + (f" wherever it says {quoted(a['was'])}" if a["was"] is not None else "")
    ),
)
def edit_cells(table: Table, a: dict[str, Any], situation: Situation) -> Table:
    """Write one text into every cell of the rows meant, or of those among them that say `was`."""
    column, mask = table.column(a["column"]), selected(table, a, situation)
    if a["was"] is not None:
        mask = mask & (column.codes == column.words.find(a["was"]))
    return table.with_column(a["column"], column.put(a["value"], mask))


@operation(
    "merge_values",
    "Write texts as others, each by its own entry: what clusters suggest.",
    _COLUMN,
    Argument("mapping", "mapping", "Text as it is -> text as it shall be.", required=True),
    *WHICH,
    sentence=lambda a: f"In {quoted(a['column'])} write {_merged(a['mapping'])}",
)
def merge_values(table: Table, a: dict[str, Any], situation: Situation) -> Table:
    """Write each of several texts as another; all at once, so that a text may take the place of one that goes."""
    column = table.column(a["column"])
    return table.with_column(a["column"], column.mapped(partial(_looked_up, a["mapping"]), selected(table, a, situation)))


def _merged(mapping: Mapping[str, str]) -> str:
    by_target: dict[str, list[str]] = {}
    for text, target in mapping.items():
        by_target.setdefault(target, []).append(quoted(text))
    return listed([f"{listed(texts)} as {quoted(target)}" for target, texts in by_target.items()], limit=4)


@operation(
    "transform",
    "Change every text by rules: case, spaces, accents, dates, numbers.",
    _COLUMNS,
    Argument("with", "choices", "The rules, in order.", required=True, choices=tuple(TRANSFORMS)),
    *WHICH,
    sentence=lambda a: (
        f"In {listed([quoted(c) for c in a['columns']])} {listed([TRANSFORMS[name][0] for name in a['with']], limit=9)}"
    ),
)
def transform(table: Table, a: dict[str, Any], situation: Situation) -> Table:
    """Apply rules to the texts of columns, one after the other."""
    mask = selected(table, a, situation)
    functions = [TRANSFORMS[name][1] for name in a["with"]]

    def change(text: str) -> str:
        for function in functions:
            text = function(text)
        return text

    return table.with_columns(
        {name: column.mapped(change, mask) if name in a["columns"] else column for name, column in table.columns.items()}
    )


def _check_replace(clean: dict[str, Any]) -> None:
    if clean.get("regex"):
        patterns.check(clean["find"], where="replace.find")
    elif not clean["find"]:
        raise WorkbenchError("nothing to find", expected="some text", where="replace.find")


@operation(
    "replace",
    "Replace a text, or what a pattern finds, inside cells.",
    _COLUMNS,
    Argument("find", "text", "The text or pattern.", required=True),
    Argument("value", "text", "What stands there instead; `\\1` is a pattern's first group.", default=""),
    Argument("regex", "yes", "Whether `find` is a pattern (RE2).", default=False),
    *WHICH,
    sentence=lambda a: (
        f"In {listed([quoted(c) for c in a['columns']])} replace {'/' + a['find'] + '/' if a['regex'] else quoted(a['find'])} "
        f"by {quoted(a['value']) if a['value'] else 'nothing'}"
    ),
    check=_check_replace,
)
def replace_text(table: Table, a: dict[str, Any], situation: Situation) -> Table:
    """Replace inside the cells of columns."""
    mask = selected(table, a, situation)
    columns = dict(table.columns)
    for name in a["columns"]:
        texts = [text for text, _ in table.column(name).used(mask)]
        if a["regex"]:
            after = patterns.replaced(texts, a["find"], a["value"])
        else:
            after = {text: text.replace(a["find"], a["value"]) for text in texts}
        columns[name] = table.column(name).mapped(partial(_looked_up, after), mask)
    return table.with_columns(columns)


def _looked_up(after: Mapping[str, str], text: str) -> str:
    return after.get(text, text)


@operation(
    "fill_down",
    "Give empty cells what the cell above says.",
    _COLUMNS,
    *WHICH,
    sentence=lambda a: f"Fill empty cells of {listed([quoted(c) for c in a['columns']])} from the row above",
)
def fill_down(table: Table, a: dict[str, Any], situation: Situation) -> Table:
    """Fill empty cells of the rows meant from the nearest filled one above them, among the rows in the table."""
    mask = selected(table, a, situation)
    columns = dict(table.columns)
    for name in a["columns"]:
        column = table.column(name)
        filled = table.live & ~column.holds(is_blank, "blank")
        last = np.maximum.accumulate(np.where(filled, np.arange(len(table)), -1))
        take = mask & ~filled & (last >= 0)
        codes = np.where(take, column.codes[np.maximum(last, 0)], column.codes).astype(np.int32)
        columns[name] = Column(codes, column.words, column.source)
    return table.with_columns(columns)


@operation(
    "flag_rows",
    "Set a flag on rows, or take it off.",
    Argument("flag", "text", "What the flag says; empty takes it off.", default="flag"),
    *WHICH,
    sentence=lambda a: f"Flag rows as {quoted(a['flag'])}" if a["flag"] else "Take the flag off rows",
)
def flag_rows(table: Table, a: dict[str, Any], situation: Situation) -> Table:
    """Set a flag on the rows meant."""
    return table.with_flags(table.flags.put(a["flag"], selected(table, a, situation)))


@operation(
    "remove_rows",
    "Take rows out of the table; they are kept and can be brought back.",
    Argument("why", "text", "The reason, shown with the removed rows.", default="removed"),
    *WHICH,
    sentence=lambda a: f"Remove rows ({a['why']})" if a["why"] != "removed" else "Remove rows",
)
def remove_rows(table: Table, a: dict[str, Any], situation: Situation) -> Table:
    """Remove the rows meant."""
    return table.with_fate(table.fate.put(a["why"] or "removed", selected(table, a, situation)))


@operation(
    "keep_rows",
    "Take every other row out of the table; they are kept and can be brought back.",
    Argument("why", "text", "The reason, shown with the removed rows.", default="removed"),
    *WHICH,
    sentence=lambda a: "Keep only rows" + (f" ({a['why']})" if a["why"] != "removed" else ""),
)
def keep_rows(table: Table, a: dict[str, Any], situation: Situation) -> Table:
    """Remove the rows that are not meant."""
    mask = table.live & ~selected(table, a, situation)
    return table.with_fate(table.fate.put(a["why"] or "removed", mask))


@operation(
    "restore_rows",
    "Bring removed rows back.",
    Argument("rows", "rows", "Only these rows, by number; all of them when left out."),
    sentence=lambda a: "Bring removed rows back" if a["rows"] else "Bring all removed rows back",
)
def restore_rows(table: Table, a: dict[str, Any], situation: Situation) -> Table:
    """Bring removed rows back as they were when they were removed."""
    mask = ~table.live
    if a["rows"]:
        named = np.zeros(len(table), dtype=bool)
        named[places(table, a["rows"], situation)] = True
        mask = mask & named
    return table.with_fate(table.fate.put("", mask))
