"""What a step changed: the table before and after, row by row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from .table import Mask, Table


def touched(before: Table, after: Table) -> Mask:
    """Return which rows of `before` a step changed: in a cell, a flag or their fate, or by splitting them."""
    if after is before:
        return np.zeros(len(before), dtype=bool)
    if before.rows is after.rows:
        same, found = after, np.zeros(len(before), dtype=bool)
    else:
        places = after.rows.places(before.rows.numbers)
        found = places < 0
        same = after.take(np.where(found, 0, places))
    found = found | before.fate.differs(same.fate) | before.flags.differs(same.flags)
    for name, column in same.columns.items():
        if name in before.columns:
            found |= before.columns[name].differs(column)
        elif not any(column.words is old.words and column.codes is old.codes for old in before.columns.values()):
            found |= column.codes != 0
    for name, column in before.columns.items():
        if name not in same.columns and not any(column.words is new.words for new in same.columns.values()):
            found |= column.codes != 0
    return found


def cost(before: Table, after: Table) -> int:
    """Return about how many bytes a table takes beyond those it shares with the one before."""
    shared = {id(column.codes) for column in before.columns.values()}
    known = {id(column.words) for column in before.columns.values()}
    new = [column for column in after.columns.values() if id(column.codes) not in shared]
    words = {id(column.words): len(column.words) for column in new if id(column.words) not in known}
    numbers = 0 if after.rows is before.rows else len(after) * 64
    return sum(column.codes.nbytes for column in new) + sum(words.values()) * 100 + numbers


def shown(before: Table, after: Table, limit: int) -> list[tuple[str, str, str]]:
    """Return some changed rows as (number, before, after), only the columns in which they differ."""
    found = []
    for place in np.flatnonzero(touched(before, after))[:limit].tolist():
        number = before.rows.numbers[place]
        old = before.row(place)
        there = after.rows.place(number)
        heirs = [there] if there >= 0 else _heirs(after, number)
        if there >= 0 and not after.live[there]:
            found.append((number, _words(old, list(before.columns)), after.fate.text(there)))
            continue
        rows = [after.row(heir) for heir in heirs]
        names = [name for name in after.columns if any(row[name] != old.get(name, "") for row in rows)]
        gone = [name for name in before.columns if name in names or (name not in after.columns and old[name])]
        found.append((number, _words(old, gone), " ¦ ".join(_words(row, names) for row in rows)))
    return found


def _heirs(after: Table, number: str) -> list[int]:
    found: list[int] = []
    while (place := after.rows.place(f"{number}.{len(found) + 1}")) >= 0:
        found.append(place)
    return found


def _words(row: Mapping[str, str], names: Sequence[str]) -> str:
    return row[names[0]] if len(names) == 1 else " · ".join(f"{name}: {row[name]}" for name in names if row.get(name))
