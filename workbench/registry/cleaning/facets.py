"""Facets: what a column holds, each value with its live number of rows under the filters chosen elsewhere.

A facet counts under all filters except its own, so that a person sees what choosing another value would give. The law: the counts
of `values`, `more_rows`, `blank` and `error` add up to `rows`, the rows that the other filters leave.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...core.errors import unknown
from .filters import Faults, Filter, folded, is_blank, no_rules, select
from .reading import normal_date, number, script
from .table import ROW, Column, Mask, Table

OWN_FILTER = {
    "text": "value",
    "number": "number_range",
    "date": "date_range",
    "blank": "blank",
    "error": "error",
    "script": "script",
    "length": "length_range",
    "duplicate": "duplicate",
    "flag": "flag",
    "removed": "removed",
}
"""Kind of facet -> the kind of filter that choosing in it makes."""
KINDS = tuple(OWN_FILTER)
BINS = 20


@dataclass(frozen=True, slots=True)
class FacetValue:
    """One line of a facet. `low` and `high` are filled for ranges (both ends belong to it): they go into the filter."""

    value: str
    label: str
    count: int
    selected: bool = False
    low: str = ""
    high: str = ""


@dataclass(frozen=True)
class Facet:
    """What a column holds; see the law in `facets`."""

    column: str
    kind: str
    values: tuple[FacetValue, ...]
    rows: int
    """Rows under the other filters."""
    blank: int = 0
    """Rows with an empty cell."""
    error: int = 0
    """Rows whose text is not of the facet's kind, like `n/a` among numbers."""
    low: str = ""
    high: str = ""
    distinct: int = 0
    """Different values there are, listed or not."""
    more: int = 0
    """Values beyond the limit, which are not listed."""
    more_rows: int = 0
    """Rows of the values that are not listed."""


def facet(
    table: Table,
    column: str,
    kind: str = "text",
    filters: Sequence[Filter] = (),
    *,
    limit: int = 100,
    by: str = "count",
    search: str = "",
    source: Table,
    faults: Faults = no_rules,
) -> Facet:
    """Return a facet; `by` orders a text facet by `count` or by `value`, `search` lists only values that contain it.

    Raises `NotFound` for an unknown column, kind or order.
    """
    if kind not in OWN_FILTER:
        raise unknown("kind of facet", kind, OWN_FILTER, where="facet")
    if by not in {"count", "value"}:
        raise unknown("order of a facet", by, ("count", "value"), where="facet")
    own = [one for one in filters if str(one.get("column", ROW)) == column and one.get("kind") == OWN_FILTER[kind]]
    mask = select(table, [one for one in filters if one not in own], source, faults)
    how = _Listing(own, limit, by, search)
    if kind in {"flag", "removed"} or (kind == "error" and column == ROW):
        said = {"flag": table.flags, "removed": table.fate, "error": table.marks}[kind]
        if kind == "removed":
            mask = select(table, [*(one for one in filters if one not in own), {"kind": "removed"}], source, faults)
        return _listed(column, kind, said, mask, how, lambda text: text)
    held = table.column(column, "facet")
    if kind == "text":
        return _listed(column, kind, held, mask, how, None)
    if kind == "script":
        return _listed(column, kind, held, mask, how, script)
    if kind == "error":
        return _listed(column, kind, held, mask, how, lambda text: faults(column, text))
    if kind in {"blank", "duplicate"}:
        return _two(column, kind, held, mask, own, table)
    return {"number": _numbers, "date": _dates, "length": _lengths}[kind](column, held, mask, own)


def _chosen(own: Sequence[Filter]) -> set[str]:
    return {str(value) for one in own for value in one.get("values", [one.get("value")]) if value is not None}


@dataclass(frozen=True)
class _Listing:
    """How a facet of texts is listed."""

    own: Sequence[Filter]
    limit: int
    by: str
    search: str


def _listed(name: str, kind: str, column: Column, mask: Mask, how: _Listing, group: Callable[[str], str] | None) -> Facet:
    """A facet of texts, or of what `group` says of each; texts it says nothing of are counted as blank."""
    counts = column.counts(mask)
    used = np.flatnonzero(counts)
    empty = np.array(column.words.derived("blank", is_blank), dtype=bool)
    chosen = _chosen(how.own)
    if group is None:
        used = used[~empty[used]]
        found = _texts(column, counts, used, how, chosen)
        filled, distinct = int(counts[used].sum()), len(used)
    else:
        groups: Counter[str] = Counter()
        for code in used[~empty[used]].tolist():
            if said := group(column.words.texts[code]):
                groups[said] += int(counts[code])
        filled, distinct = groups.total(), len(groups)
        order = sorted(groups.items(), key=lambda one: (-one[1], one[0]) if how.by == "count" else (one[0].casefold(), one[0]))
        found = [one for one in order if _found(one[0], how.search)]
    found.sort(key=lambda one: one[0] not in chosen)
    shown = found[: max(0, how.limit)]
    rows = int(mask.sum())
    return Facet(
        column=name,
        kind=kind,
        values=tuple(FacetValue(text, text, count, text in chosen) for text, count in shown),
        rows=rows,
        blank=rows - filled,
        distinct=distinct,
        more=distinct - len(shown),
        more_rows=filled - sum(count for _, count in shown),
    )


def _texts(
    column: Column, counts: NDArray[np.int64], used: NDArray[np.int64], how: _Listing, chosen: set[str]
) -> list[tuple[str, int]]:
    """Return the texts to list, as many as there is room for, with their rows; those that are chosen in any case."""
    texts = column.words.texts
    if how.search:
        used = np.array([code for code in used.tolist() if _found(texts[code], how.search)], dtype=np.int64)
    ranks = column.words.ranks()[used]
    order = used[np.lexsort((ranks, -counts[used])) if how.by == "count" else np.argsort(ranks)]
    first = order[: max(0, how.limit)].tolist()
    also = [code for text in sorted(chosen) if (code := column.words.find(text)) > 0 and counts[code] and code not in first]
    return [(texts[code], int(counts[code])) for code in [*also, *first]]


def _found(text: str, search: str) -> bool:
    return not search or folded(search) in folded(text)


def _two(name: str, kind: str, column: Column, mask: Mask, own: Sequence[Filter], table: Table) -> Facet:
    rows = int(mask.sum())
    if kind == "blank":
        yes, words = int((mask & column.holds(is_blank, "blank")).sum()), ("blank", "filled")
    else:
        often = (column.counts(table.live) > 1)[column.codes] & (column.codes != 0)
        yes, words = int((mask & often).sum()), ("duplicate", "once or blank")
    chosen = [not one.get("not") for one in own]
    values = (FacetValue("true", words[0], yes, True in chosen), FacetValue("false", words[1], rows - yes, False in chosen))
    return Facet(name, kind, values, rows, distinct=2)


def _read(
    column: Column, mask: Mask, read: Callable[[str], str | float | None], key: object
) -> tuple[Counter[str | float], int, int]:
    """Return what the texts say with its number of rows, then the rows that are blank and those that say nothing."""
    counts = column.counts(mask)
    said = column.words.derived(key, read)
    found: Counter[str | float] = Counter()
    blank = error = 0
    for code, count in zip(np.flatnonzero(counts).tolist(), counts[counts > 0].tolist(), strict=True):
        value = said[code]
        if value is not None:
            found[value] += count
        elif column.words.texts[code].strip():
            error += count
        else:
            blank += count
    return found, blank, error


def _numbers(name: str, column: Column, mask: Mask, own: Sequence[Filter]) -> Facet:
    found, blank, error = _read(column, mask, number, "number")
    return _binned(name, "number", {float(value): count for value, count in found.items()}, blank, error, mask, own)


def _lengths(name: str, column: Column, mask: Mask, own: Sequence[Filter]) -> Facet:
    found, _, _ = _read(column, mask, lambda text: float(len(text)), "length")
    return _binned(name, "length", {float(value): count for value, count in found.items()}, 0, 0, mask, own)


def _binned(name: str, kind: str, found: dict[float, int], blank: int, error: int, mask: Mask, own: Sequence[Filter]) -> Facet:
    rows = int(mask.sum())
    if not found:
        return Facet(name, kind, (), rows, blank, error)
    order = sorted(found)
    step = _step(order[-1] - order[0]) if len(order) > BINS else 0.0
    groups: list[tuple[float, float, int]] = []
    for value in order:
        if groups and step and groups[-1][0] // step == value // step:
            low, _, count = groups.pop()
            groups.append((low, value, count + found[value]))
        else:
            groups.append((value, value, found[value]))
    values = tuple(_span(_plain(low), _plain(high), count, own) for low, high, count in groups)
    return Facet(name, kind, values, rows, blank, error, _plain(order[0]), _plain(order[-1]), len(order))


def _step(span: float) -> float:
    """Return the width of a bin: 1, 2 or 5 times a power of ten, so that there are at most `BINS`."""
    width = 10.0 ** math.floor(math.log10(span / BINS))
    return next(width * factor for factor in (1, 2, 5, 10, 20) if span / (width * factor) < BINS - 1)


def _span(low: str, high: str, count: int, own: Sequence[Filter]) -> FacetValue:
    label = low if low == high else f"{low} to {high}"
    chosen = any((str(one.get("low", "")), str(one.get("high", ""))) == (low, high) for one in own)
    return FacetValue(label, label, count, chosen, low, high)


def _plain(value: float) -> str:
    return str(int(value)) if value.is_integer() else repr(value)


def _dates(name: str, column: Column, mask: Mask, own: Sequence[Filter]) -> Facet:
    """A facet of months, years or decades, whichever gives few enough lines; a date said by its year is of that year."""
    found, blank, error = _read(column, mask, normal_date, "date")
    rows = int(mask.sum())
    if not found:
        return Facet(name, "date", (), rows, blank, error)
    days = {str(day): count for day, count in found.items()}
    first, last = min(days), max(days)
    said = min(map(len, days))  # a date said by its year alone cannot be put under a day
    width = next((width for width in (10, 7, 4) if width <= said and len({day[:width] for day in days}) <= BINS), 4)
    many = len({day[:4] for day in days}) > 3 * BINS
    groups: dict[tuple[str, str], int] = {}
    for day in sorted(days):
        cut = day[:width]
        ends = (f"{day[:3]}0", f"{day[:3]}9") if many else (cut, cut)
        groups[ends] = groups.get(ends, 0) + days[day]
    values = tuple(_span(low, high, count, own) for (low, high), count in groups.items())
    return Facet(name, "date", values, rows, blank, error, first, last, len(days))
