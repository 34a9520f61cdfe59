"""A step is a plain dict with an `op` and its arguments; an operation knows the arguments, what it does, and its sentence.

    {"op": "transform", "column": "writers", "with": ["trim", "collapse_spaces"]}

Steps are checked when they are given, not when they run: a wrong name is an error that says the nearest right one. In a recipe
file every value is text, so that `no`, `007` and `1999-01-01` stay what they are; here each becomes what its argument is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...core.errors import WorkbenchError, unknown
from . import filters as filtering
from .filters import Faults, no_rules
from .table import ROW, Mask, Table

Step = Mapping[str, Any]
MAX_TEXT = 32_768
"""As long as a cell may be when it comes from a file."""


@dataclass(frozen=True)
class Argument:
    """One argument of an operation: what it is called, what it may be, and what it is when left out."""

    name: str
    kind: str
    """column(s), new_column(s), text(s), pattern, whole, yes, choice(s), row(s), filters or mapping."""
    about: str = ""
    required: bool = False
    default: Any = None
    choices: tuple[str, ...] = ()


@dataclass
class Situation:
    """What an operation may know besides the table: the file as it came, what counts as wrong, and where to leave a note."""

    source: Table
    faults: Faults = no_rules
    notes: list[str] = field(default_factory=list)
    step_number: int = 0


Apply = Callable[[Table, dict[str, Any], Situation], Table]


@dataclass(frozen=True)
class Operation:
    """One thing that can be done to a table."""

    name: str
    about: str
    arguments: tuple[Argument, ...]
    apply: Apply
    sentence: Callable[[dict[str, Any]], str]
    check: Callable[[dict[str, Any]], None] = lambda _: None
    """Judge arguments that only together are right or wrong."""


WHICH = (
    Argument("filters", "filters", "Only the rows these filters mean."),
    Argument("rows", "rows", "Only these rows, by number."),
)
_OPERATIONS: dict[str, Operation] = {}


def operation(
    name: str,
    about: str,
    *arguments: Argument,
    sentence: Callable[[dict[str, Any]], str],
    check: Callable[[dict[str, Any]], None] = lambda _: None,
) -> Callable[[Apply], Apply]:
    """Declare the function under it as what `name` does."""

    def declare(apply: Apply) -> Apply:
        _OPERATIONS[name] = Operation(name, about, arguments, apply, sentence, check)
        return apply

    return declare


def operations() -> dict[str, Operation]:
    """Return every operation by name, with its arguments: what a form needs to ask."""
    return dict(_OPERATIONS)


def validated(step: Step, table: Table | None = None) -> dict[str, Any]:
    """Return a step in its one spelling, arguments in their order and only those given.

    With a table, columns must be there. Raises `WorkbenchError` naming the argument that is wrong and the nearest right one.
    """
    if not isinstance(step, Mapping):
        raise WorkbenchError("a step is a dict", got=type(step).__name__, expected="op and its arguments", where="step")
    name = str(step.get("op", ""))
    if name not in _OPERATIONS:
        raise unknown("operation", name, _OPERATIONS, where="step")
    found = _OPERATIONS[name]
    known = [argument.name for argument in found.arguments]
    for given in step:
        if given != "op" and given not in known:
            raise unknown(f"argument of {name}", str(given), known, where="step")
    clean: dict[str, Any] = {"op": name}
    for argument in found.arguments:
        value = step.get(argument.name)
        if value is None:
            if argument.required:
                raise WorkbenchError(f"{name} needs {argument.name}", expected=argument.about or argument.kind, where="step")
            continue
        value = _READERS[argument.kind](value, argument, f"{name}.{argument.name}")
        if value not in ([], {}) or argument.required:
            clean[argument.name] = value
    found.check(clean)
    if table is not None:
        require_columns(clean, table)
    return clean


def complete(clean: dict[str, Any]) -> dict[str, Any]:
    """Return a validated step with what was left out filled in."""
    found = _OPERATIONS[clean["op"]]
    return {"op": clean["op"], **{each.name: clean.get(each.name, each.default) for each in found.arguments}}


def sentence(step: Step) -> str:
    """Return what a step does, as a sentence a clerk can read.

    >>> sentence({"op": "remove_column", "column": "youtube_url"})
    'Leave out the column "youtube_url".'
    """
    clean = validated(step)
    return _OPERATIONS[clean["op"]].sentence(complete(clean)) + which_rows(clean) + "."


def require_columns(clean: Mapping[str, Any], table: Table) -> None:
    """Raise `NotFound` naming the first column of a step that is not there, `WorkbenchError` for a new one that is."""
    where = str(clean["op"])
    for argument in _OPERATIONS[where].arguments:
        value = clean.get(argument.name)
        if value is None:
            continue
        if argument.kind in {"column", "columns"}:
            for name in [value] if isinstance(value, str) else value:
                table.column(name, where)
        elif argument.kind == "filters":
            filtering.validated(value, table.columns)
        elif argument.kind in {"new_column", "new_columns"}:
            for name in [value] if isinstance(value, str) else value:
                if name in table.columns and name not in _taken_away(clean):
                    raise WorkbenchError(
                        "there is a column of that name", got=name, where=where, next_step="Choose another name, or remove it."
                    )


def _taken_away(clean: Mapping[str, Any]) -> set[str]:
    """Columns that the step itself uses up, so that a new one may take the name."""
    if clean["op"] == "rename_column" or str(clean.get("keep", "")).lower() == "true":
        return set()
    used = clean.get("column"), *clean.get("columns", ())
    return {str(name) for name in used if name}


def selected(table: Table, given: Mapping[str, Any], situation: Situation) -> Mask:
    """Return the rows a step means: those in the table, under its filters, of its row numbers; missing rows are noted."""
    mask = filtering.select(table, given.get("filters") or (), situation.source, situation.faults)
    if given.get("rows"):
        named = np.zeros(len(table), dtype=bool)
        named[places(table, given["rows"], situation)] = True
        mask = mask & named
    return mask


def places(table: Table, rows: Sequence[str], situation: Situation) -> list[int]:
    """Return where rows stand, in the order given; those that are not here are noted: another file has other rows."""
    found = [(number, table.rows.place(number)) for number in rows]
    for number in [number for number, place in found if place < 0][:20]:
        situation.notes.append(f"row {number} is not in this table")
    return [place for _, place in found if place >= 0]


def which_rows(clean: Mapping[str, Any]) -> str:
    """Return which rows a step means, as the end of a sentence."""
    if clean["op"] in {"merge_rows", "edit_cell"}:
        return ""
    said = [filter_words(one) for one in clean.get("filters") or ()]
    if clean.get("rows"):
        said.append(f"for {listed(clean['rows'], 'row')}")
    return f", {' and '.join(said)}" if said else ""


def filter_words(one: Mapping[str, Any]) -> str:
    """Return what a filter means in words."""
    column, kind, negated = quoted(one["column"]), one["kind"], bool(one.get("not"))
    values = listed([quoted(value) for value in one.get("values", ())], limit=4) if "values" in one else ""
    low, high = one.get("low"), one.get("high")
    span = f"between {low} and {high}" if low and high else f"{low} or more" if low else f"{high} or less"
    words = {
        "value": (f"where {column} is {values}", f"where {column} is not {values}"),
        "contains": (
            f"where {column} contains {quoted(one.get('text', ''))}",
            f"where {column} lacks {quoted(one.get('text', ''))}",
        ),
        "regex": (f"where {column} matches /{one.get('pattern')}/", f"where {column} does not match /{one.get('pattern')}/"),
        "blank": (f"where {column} is empty", f"where {column} is filled"),
        "number_range": (f"where {column} is {span}", f"where {column} is not {span}"),
        "date_range": (f"where {column} is {span}", f"where {column} is not {span}"),
        "length_range": (f"where {column} has {span} letters", f"where {column} has not {span} letters"),
        "script": (f"where {column} is in {values}", f"where {column} is not in {values}"),
        "error": (f"where {column} has {values or 'a fault'}", f"where {column} has no {values or 'fault'}"),
        "duplicate": (f"where {column} is there more than once", f"where {column} is there once"),
        "changed": (f"where {column} was changed", f"where {column} is as it came"),
        "flag": (f"where the flag is {values}" if values else "where a flag is set", "where the flag is not set"),
        "removed": ("among the removed rows", "among the rows in the table"),
        "row": (f"for row {values}", f"but for row {values}"),
    }
    return words[kind][negated].replace(f"where {quoted(ROW)}", "where the row")


def quoted(text: object, limit: int = 60) -> str:
    """Return a text in quotation marks, shortened, with nothing in it that would break a line or turn it round."""
    said = str(text)
    shown = "".join(letter if letter.isprintable() else "\ufffd" for letter in said[:limit])
    return f'"{shown}{"…" if len(said) > limit else ""}"'


def listed(items: Sequence[object], noun: str = "", limit: int = 5) -> str:
    """Return a list in words: `rows 3, 7 and 9`, `rows 3, 7, 9, 11, 12 and 40 more`."""
    shown = [str(item) for item in items[:limit]]
    if len(items) > limit:
        shown.append(f"{len(items) - limit} more")
    text = shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}" if shown else "nothing"
    return f"{noun}{'s' if len(items) != 1 else ''} {text}" if noun else text


# ---- arguments


def _text(value: Any, _argument: Argument, where: str) -> str:
    if not isinstance(value, (str, int)):
        raise WorkbenchError("not a text", got=repr(value)[:60], where=where)
    text = str(value)
    if len(text) > MAX_TEXT:
        raise WorkbenchError("too long a text", got=f"{len(text)} letters", expected=f"at most {MAX_TEXT}", where=where)
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        raise WorkbenchError("half a character", got=ascii(text[:40]), expected="whole characters", where=where)
    return text


def _name(value: Any, argument: Argument, where: str) -> str:
    text = _text(value, argument, where)
    if not text.strip() or text == ROW or len(text) > 200:
        raise WorkbenchError("not a name of a column", got=repr(text)[:60], expected="1 to 200 letters", where=where)
    return text


def _list(read: Callable[[Any, Argument, str], Any]) -> Callable[[Any, Argument, str], list[Any]]:
    def read_all(value: Any, argument: Argument, where: str) -> list[Any]:
        if isinstance(value, str) or not isinstance(value, Iterable) or isinstance(value, Mapping):
            value = [value]
        found = [read(item, argument, where) for item in value]
        if argument.required and not found:
            raise WorkbenchError("nothing is named", expected=argument.about or argument.kind, where=where)
        return found

    return read_all


def _names(value: Any, argument: Argument, where: str) -> list[str]:
    found: list[str] = _list(_name)(value, argument, where)
    for name in found:
        if found.count(name) > 1:
            raise WorkbenchError("one column twice", got=name, where=where)
    return found


def _pattern(value: Any, argument: Argument, where: str) -> str:
    return _text(value, argument, where)


def _whole(value: Any, _argument: Argument, where: str) -> int:
    text = str(value)
    if isinstance(value, bool) or not text.lstrip("-").isascii() or not text.lstrip("-").isdigit() or len(text) > 9:
        raise WorkbenchError("not a whole number", got=repr(value)[:40], where=where)
    return int(text)


def _yes(value: Any, _argument: Argument, where: str) -> bool:
    text = str(value).lower()
    if text not in {"true", "false", "yes", "no"}:
        raise WorkbenchError("neither yes nor no", got=repr(value)[:40], expected="true or false", where=where)
    return text in {"true", "yes"}


def _choice(value: Any, argument: Argument, where: str) -> str:
    text = str(value)
    if text not in argument.choices:
        raise unknown(argument.name, text, argument.choices, where=where)
    return text


def _row(value: Any, argument: Argument, where: str) -> str:
    return _text(value, argument, where)


def _filters(value: Any, _argument: Argument, _where: str) -> list[dict[str, Any]]:
    return filtering.validated([value] if isinstance(value, Mapping) else value)


def _mapping(value: Any, argument: Argument, where: str) -> dict[str, str]:
    if not isinstance(value, Mapping):
        raise WorkbenchError("not a mapping", got=repr(value)[:60], expected=argument.about, where=where)
    return {_text(key, argument, where): _text(item, argument, where) for key, item in value.items()}


_READERS: dict[str, Callable[[Any, Argument, str], Any]] = {
    "column": _text,
    "columns": _list(_text),
    "new_column": _name,
    "new_columns": _names,
    "text": _text,
    "texts": _list(_text),
    "pattern": _pattern,
    "whole": _whole,
    "yes": _yes,
    "choice": _choice,
    "choices": _list(_choice),
    "row": _row,
    "rows": _list(_row),
    "filters": _filters,
    "mapping": _mapping,
}
