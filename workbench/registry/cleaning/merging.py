"""Rows side by side, and several rows as one: the survivor's number stays, the others are kept as merged into it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...core.errors import WorkbenchError
from .filters import is_blank
from .steps import WHICH, Argument, Situation, listed, operation, places, quoted, selected
from .table import Column, Table

MERGED_INTO = "merged into "
RULES = ("first", "longest", "most_frequent", "all", "filled")
"""first: the survivor's, if it says anything; longest; most_frequent (the first of equals); all: every different text with `; `;
filled: the first row's that says anything. In every case an empty text gives way to one that says something."""


@dataclass(frozen=True, slots=True)
class Field:
    """One column of rows side by side."""

    column: str
    values: tuple[str, ...]
    """What each row says, in the order of the rows."""
    same: bool
    filled: int
    """How many rows say anything."""


@dataclass(frozen=True)
class Comparison:
    """Rows side by side, field by field."""

    rows: tuple[str, ...]
    fields: tuple[Field, ...]

    @property
    def differences(self) -> tuple[Field, ...]:
        """The fields in which the rows do not all say the same."""
        return tuple(field for field in self.fields if not field.same)


def compare(table: Table, rows: Sequence[str]) -> Comparison:
    """Return rows side by side; raises `WorkbenchError` for fewer than two rows or one that is not there."""
    wanted = [str(number) for number in dict.fromkeys(map(str, rows))]
    if len(wanted) < 2:
        raise WorkbenchError("nothing to compare", got=listed(wanted, "row"), expected="two rows or more", where="compare")
    at = [table.place(number) for number in wanted]
    fields = []
    for name, column in table.columns.items():
        values = tuple(column.text(place) for place in at)
        fields.append(Field(name, values, len(set(values)) == 1, sum(bool(value.strip()) for value in values)))
    return Comparison(tuple(wanted), tuple(fields))


def _check(clean: dict[str, Any]) -> None:
    if bool(clean.get("rows")) == bool(clean.get("by")):
        raise WorkbenchError("merge_rows needs either rows or by", expected="rows: numbers, or by: columns", where="step")
    if clean.get("rows") and len(set(clean["rows"])) < 2:
        raise WorkbenchError(
            "nothing to merge", got=listed(clean["rows"], "row"), expected="two rows or more", where="merge_rows"
        )
    for column, rule in clean.get("rules", {}).items():
        if rule not in RULES:
            from ...core.errors import unknown

            raise unknown(f"rule for {column}", rule, RULES, where="merge_rows.rules")
    if clean.get("by") and (clean.get("values") or clean.get("keep")):
        raise WorkbenchError("chosen texts and a survivor go with rows, not with by", where="merge_rows")


def _words(a: dict[str, Any]) -> str:
    what = listed(a["rows"], "row") if a["rows"] else f"rows that say the same in {listed([quoted(c) for c in a['by']])}"
    rules = [f"{quoted(column)} {rule.replace('_', ' ')}" for column, rule in (a["rules"] or {}).items()]
    chosen = [f"{quoted(column)} as {quoted(text)}" for column, text in (a["values"] or {}).items()]
    tail = f", taking {listed([*rules, *chosen], limit=8)}" if rules or chosen else ""
    return f"Merge {what} into {'row ' + a['keep'] if a['keep'] else 'the first'}{tail}"


@operation(
    "merge_rows",
    "Make several rows one; the others are kept as merged and can be brought back.",
    Argument("rows", "rows", "The rows, by number."),
    Argument("by", "columns", "Instead of rows: columns in which rows say the same."),
    Argument("keep", "row", "The row that stays; the first when left out."),
    Argument("rules", "mapping", "Column -> which text it keeps: first, longest, most_frequent, all, filled."),
    Argument("rule", "choice", "The rule of all other columns.", default="filled", choices=RULES),
    Argument("values", "mapping", "Column -> the text chosen for it."),
    WHICH[0],
    sentence=_words,
    check=_check,
)
def merge_rows(table: Table, a: dict[str, Any], situation: Situation) -> Table:
    """Merge the rows named, or every group of rows that say the same in `by`."""
    for name in [*(a["rules"] or {}), *(a["values"] or {})]:
        table.column(name, "merge_rows")
    groups = _groups(table, a, situation)
    if not groups:
        return table
    columns = {}
    for name, column in table.columns.items():
        if name in (a["by"] or ()):
            columns[name] = column
            continue
        chosen, rule = (a["values"] or {}).get(name), (a["rules"] or {}).get(name, a["rule"])
        codes, texts = column.codes.copy(), column.words.texts
        for group in groups:
            text = chosen if chosen is not None else _survivor([texts[code] for code in column.codes[group].tolist()], rule)
            codes[group[0]] = column.words.number(text)
        columns[name] = Column(codes, column.words, column.source)
    fate = table.fate.codes.copy()
    for group in groups:
        fate[group[1:]] = table.fate.words.number(f"{MERGED_INTO}{table.rows.numbers[group[0]]}")
    return table.with_columns(columns).with_fate(Column(fate, table.fate.words))


def _groups(table: Table, a: dict[str, Any], situation: Situation) -> list[list[int]]:
    """Return the places of the rows to merge, group by group, the survivor first."""
    if a["rows"]:
        found = [place for place in dict.fromkeys(places(table, a["rows"], situation)) if table.live[place]]
        if a["keep"] is not None and (keep := table.rows.place(a["keep"])) >= 0 and table.live[keep]:
            found = [keep, *(place for place in found if place != keep)]
        if len(found) < 2:
            situation.notes.append("fewer than two of these rows are in this table")
            return []
        return [found]
    mask = selected(table, {"filters": a["filters"]}, situation)
    keyed = [table.column(name) for name in a["by"]]
    for column in keyed:
        mask = mask & ~column.holds(is_blank, "blank")
    by_key: dict[tuple[int, ...], list[int]] = defaultdict(list)
    together = np.stack([column.codes for column in keyed])[:, mask]
    for place, key in zip(np.flatnonzero(mask).tolist(), map(tuple, together.T.tolist()), strict=True):
        by_key[key].append(place)
    return [group for group in by_key.values() if len(group) > 1]


def _survivor(texts: list[str], rule: str) -> str:
    said = [text for text in texts if text.strip()]
    if not said:
        return texts[0]
    if rule == "longest":
        return max(said, key=len)
    if rule == "most_frequent":
        return Counter(said).most_common(1)[0][0]
    if rule == "all":
        return "; ".join(dict.fromkeys(said))
    return said[0]
