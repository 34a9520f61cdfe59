"""Which rows are meant: plain dicts that a recipe can keep, put together with "and".

    {"column": "country", "kind": "value", "values": ["FR", "BE"]}          one of these texts
    {"column": "song", "kind": "contains", "text": "amour"}                 whatever the case and the accents; "#": in any column
    {"column": "song", "kind": "regex", "pattern": "\\(.*\\)"}                found anywhere in the cell
    {"column": "year", "kind": "number_range", "low": "1990", "high": "1999"}
    {"column": "released", "kind": "date_range", "low": "1999", "high": "2001-06"}
    {"column": "title", "kind": "length_range", "low": "0", "high": "3"}
    {"column": "title", "kind": "blank"}      also: duplicate, changed, error (with "values"), script (with "values")
    {"column": "#", "kind": "flag", "values": ["ask the publisher"]}        "values" left out: any flag
    {"column": "#", "kind": "removed"}                                      the rows that are only kept
    {"column": "#", "kind": "row", "values": ["12", "12.1"]}                these rows

Every filter may say `"not": true`. Without a `removed` filter only the rows that are in the table are meant.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from anyascii import anyascii

from ...core.errors import WorkbenchError, unknown
from . import patterns
from .reading import fault, normal_date, number, script
from .table import ROW, Column, Mask, Table

Filter = Mapping[str, Any]

_KEYS: dict[str, tuple[str, ...]] = {
    "value": ("values",),
    "contains": ("text",),
    "regex": ("pattern",),
    "blank": (),
    "number_range": ("low", "high"),
    "date_range": ("low", "high"),
    "length_range": ("low", "high"),
    "script": ("values",),
    "error": ("values",),
    "duplicate": (),
    "changed": (),
    "flag": ("values",),
    "removed": (),
    "row": ("values",),
}
KINDS = tuple(_KEYS)
_ROW_KINDS = ("contains", "error", "changed", "flag", "removed", "row")
Faults = Callable[[str, str], str]
"""(column, text) -> what is wrong with the cell, in words; empty when nothing is."""


def no_rules(_column: str, text: str) -> str:
    """Judge a cell by what is plainly wrong with any text."""
    return fault(text)


def validated(given: Iterable[Filter], columns: Iterable[str] | None = None) -> list[dict[str, Any]]:
    """Return filters in their one spelling; raises `WorkbenchError` naming the entry that is wrong and the nearest right one."""
    if isinstance(given, Mapping) or not isinstance(given, Iterable) or isinstance(given, str):
        raise WorkbenchError("filters are a list of dicts", got=type(given).__name__, where="filters")
    known = None if columns is None else list(columns)
    return [_validated(one, known) for one in given]


def _validated(given: Filter, columns: Sequence[str] | None) -> dict[str, Any]:
    if not isinstance(given, Mapping):
        raise WorkbenchError("a filter is a dict", got=repr(given)[:60], expected="column, kind, ...", where="filters")
    kind = str(given.get("kind", ""))
    if kind not in _KEYS:
        raise unknown("kind of filter", kind, _KEYS, where="filters")
    allowed = ("column", "kind", "not", *_KEYS[kind])
    for name in given:
        if name not in allowed and not (name == "value" and "values" in allowed):
            raise unknown(f"entry of a {kind} filter", str(name), allowed, where="filters")
    clean: dict[str, Any] = {"column": _column(given, kind, columns), "kind": kind, **_values(given, kind)}
    clean |= {name: str(given[name]) for name in _KEYS[kind] if name != "values" and given.get(name) not in (None, "")}
    _judge(clean)
    if str(given.get("not", "")).lower() in {"true", "yes"}:
        clean["not"] = True
    return clean


def _column(given: Filter, kind: str, columns: Sequence[str] | None) -> str:
    column = str(given.get("column", ROW if kind in {"flag", "removed", "row"} else ""))
    if columns is not None and column not in columns and not (column == ROW and kind in _ROW_KINDS):
        raise unknown("column", column, columns, where="filters")
    return column


def _values(given: Filter, kind: str) -> dict[str, list[str]]:
    values = given.get("values", [given["value"]] if "value" in given else None)
    if "values" in _KEYS[kind] and values is not None:
        if isinstance(values, str) or not isinstance(values, Iterable):
            values = [values]
        return {"values": sorted({str(value) for value in values})}
    if kind in {"value", "script", "row"}:
        raise WorkbenchError(f"a {kind} filter says which", expected="values: a list of texts", where="filters")
    return {}


def _judge(clean: dict[str, Any]) -> None:
    kind = clean["kind"]
    if kind == "contains" and "text" not in clean:
        raise WorkbenchError("a contains filter says what", expected="text: some letters", where="filters")
    if kind == "regex":
        patterns.check(str(clean.get("pattern", "")), where="filters")
    read: Callable[[str], object] = normal_date if kind == "date_range" else number
    for name in ("low", "high"):
        if name in clean and kind.endswith("_range") and read(clean[name]) is None:
            raise WorkbenchError(
                f"not the {name} end of a range",
                got=clean[name],
                expected="a date like 1999-03-28" if kind == "date_range" else "a number",
                where="filters",
            )


def select(table: Table, filters: Sequence[Filter], source: Table, faults: Faults = no_rules) -> Mask:
    """Return which rows the filters mean; `source` is the table as the file gave it, for what was changed."""
    chosen = validated(filters, table.columns)
    mask = np.ones(len(table), dtype=bool) if any(one["kind"] == "removed" for one in chosen) else table.live
    for one in chosen:
        mask = mask & _one(table, one, source, faults)
    return mask


def _one(table: Table, one: Filter, source: Table, faults: Faults) -> Mask:
    key = json.dumps(one, sort_keys=True)
    if key not in table._cache:
        found = _found(table, one, source, faults)
        table._cache[key] = ~found if one.get("not") else found
    return table._cache[key]


def _found(table: Table, one: Filter, source: Table, faults: Faults) -> Mask:
    name, kind = one["column"], one["kind"]
    values = set(one["values"]) if "values" in one else None
    if kind == "row":
        return np.fromiter((number_ in (values or ()) for number_ in table.rows.numbers), dtype=bool, count=len(table))
    if kind == "removed":
        return ~table.live
    if kind == "flag":
        return table.flags.holds(lambda text: bool(text) if values is None else text in values)
    if kind == "changed":
        return changed(table, name, source)
    if kind == "contains" and name == ROW:
        found = np.zeros(len(table), dtype=bool)
        for each, column in table.columns.items():
            found |= column.holds(*_question(one, each, values, faults, column))
        return found
    if name == ROW:
        return table.marks.holds(lambda text: bool(text) if values is None else text in values)
    column = table.column(name, "filters")
    if kind == "duplicate":
        return np.asarray((column.counts(table.live) > 1)[column.codes] & (column.codes != 0))
    return column.holds(*_question(one, name, values, faults, column))


def _question(
    one: Filter, name: str, values: set[str] | None, faults: Faults, column: Column
) -> tuple[Callable[[str], bool], object]:
    """Return what to ask of each distinct text, and a name when the answers are worth keeping."""
    kind = one["kind"]
    if kind == "value":
        return (values or set()).__contains__, None
    if kind == "contains":
        wanted = folded(one["text"])
        matches = {
            text for text, said in zip(column.words.texts, column.words.derived("folded", folded), strict=True) if wanted in said
        }
        return matches.__contains__, None
    if kind == "regex":
        matches = patterns.matching(column.words.texts, one["pattern"])
        return matches.__contains__, None
    if kind == "blank":
        return is_blank, "blank"
    if kind == "script":
        return (lambda text: bool(text.strip()) and script(text) in (values or ())), None
    if kind == "error":
        return (lambda text: bool(said := faults(name, text)) and (values is None or said in values)), None
    return _range(one), None


def _range(one: Filter) -> Callable[[str], bool]:
    low, high = one.get("low"), one.get("high")
    if one["kind"] == "date_range":
        first, last = normal_date(low) if low else "", normal_date(high) if high else "9999"

        def within(text: str) -> bool:
            said = normal_date(text)
            return said is not None and said >= (first or "") and said[: len(last or "")] <= (last or "")

        return within
    least, most = number(low) if low else None, number(high) if high else None
    read: Callable[[str], float | None] = number if one["kind"] == "number_range" else _length

    def between(text: str) -> bool:
        said = read(text)
        return said is not None and (least is None or said >= least) and (most is None or said <= most)

    return between


def is_blank(text: str) -> bool:
    """Tell whether a cell holds nothing but spaces."""
    return not text.strip()


def _length(text: str) -> float:
    return len(text)


def changed(table: Table, name: str, source: Table) -> Mask:
    """Return in which rows a column (for `#`: any that came with the file) says something else than the file did."""
    if name == ROW:
        found = np.zeros(len(table), dtype=bool)
        for each, held in table.columns.items():
            if held.source:
                found |= changed(table, each, source)
        return found
    column = table.column(name)
    before = source.columns.get(column.source)
    if before is None:
        return np.asarray(column.codes != 0)
    if table.rows is source.rows:
        return column.differs(before)
    return column.differs(before.take(table.rows.origin))


def folded(text: str) -> str:
    """Return text as a search compares it: no case, no accents, Latin letters."""
    return text.casefold() if text.isascii() else anyascii(text).casefold()
