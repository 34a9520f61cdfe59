"""Steps that take cells apart: into columns beside each other, or into rows under each other.

A row that is split into several is replaced by rows `12.1`, `12.2`, ... that share its other cells; a row that needs no splitting
keeps its number. Removed rows are not split.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...core.errors import WorkbenchError
from . import patterns
from .names import ORDERS, credit_list, first_and_last, in_roles, people
from .shaping import placed
from .steps import WHICH, Argument, Situation, listed, operation, quoted, selected
from .table import Column, Mask, Table

_COLUMN = Argument("column", "column", "The column.", required=True)
_KEEP = Argument("keep", "yes", "Whether the column that is split stays.", default=False)
MAX_ROWS = 5_000_000
Parts = list[tuple[str, ...]]
"""The rows a cell becomes, each with the texts of the new columns."""
Places = NDArray[np.int64]
_SPARE = "\0part"
"""A name that no column can have."""


def into_rows(
    table: Table, mask: Mask, keys: Sequence[Column], names: Sequence[str], split: Callable[[tuple[str, ...]], Parts], after: str
) -> tuple[Table, Places]:
    """Return the table with each row of the mask as the rows that `split` makes of its texts, and the place each came from.

    Their parts stand in new columns `names` behind `after`. Raises `WorkbenchError` beyond `MAX_ROWS` rows.
    """
    positions: list[int] = []
    numbers: list[str] = []
    made: dict[tuple[str, ...], Parts] = {}
    parts_of: list[Parts] = []
    whole: Parts = [("",) * len(names)]
    rows = table.rows.numbers
    for place, (meant, texts) in enumerate(zip(mask.tolist(), zip(*(key.texts() for key in keys), strict=True), strict=True)):
        parts = whole
        if meant:
            if texts not in made:
                made[texts] = split(texts) or whole
            parts = made[texts]
        parts_of.append(parts)
        if len(parts) == 1:
            positions.append(place)
            numbers.append(rows[place])
        else:
            positions += [place] * len(parts)
            numbers += [f"{rows[place]}.{at}" for at in range(1, len(parts) + 1)]
            if len(numbers) > MAX_ROWS:
                raise WorkbenchError("this would make too many rows", expected=f"at most {MAX_ROWS:,}", where=after)
    places = np.array(positions, dtype=np.int64)
    longer = table if len(positions) == len(table) else table.take(places, numbers)
    columns = {name: Column.of([one[at] for parts in parts_of for one in parts]) for at, name in enumerate(names)}
    return placed(longer, after, columns), places


def _beside(column: Column, mask: Mask, split: Callable[[str], Sequence[str]], count: int) -> list[Column]:
    """Return `count` columns with the parts of each cell of the mask."""
    made = [split(text) if text else () for text in column.words.texts]
    columns = []
    for at in range(count):
        texts = [parts[at] if at < len(parts) else "" for parts in made]
        whole = Column.of(texts[code] for code in column.codes.tolist())
        columns.append(whole if mask.all() else whole.put("", ~mask))
    return columns


def _check_split(clean: dict[str, Any]) -> None:
    ways = [name for name in ("separator", "pattern", "positions") if clean.get(name)]
    if len(ways) != 1:
        raise WorkbenchError(
            "split_column needs one way to split",
            got=" and ".join(ways) or "none",
            expected="separator, pattern or positions",
            where="step",
        )
    if clean.get("pattern"):
        patterns.check(clean["pattern"], where="split_column.pattern")
    if clean.get("into", "columns") == "columns" and not clean.get("names"):
        raise WorkbenchError("split_column into columns needs names", expected="names: a list", where="step")
    if any(int(at) < 1 for at in clean.get("positions", ()) if str(at).isdigit()) or any(
        not str(at).isdigit() for at in clean.get("positions", ())
    ):
        raise WorkbenchError(
            "not a position", got=clean["positions"], expected="letters from the start, 1 and more", where="step"
        )


def _split_words(a: dict[str, Any]) -> str:
    way = (
        f"at {quoted(a['separator'])}"
        if a["separator"]
        else f"at /{a['pattern']}/"
        if a["pattern"]
        else f"after {listed(a['positions'], 'letter')}"
    )
    into = "rows" if a["into"] == "rows" else f"the columns {listed([quoted(n) for n in a['names'] or ()])}"
    return f"Split {quoted(a['column'])} {way} into {into}{' and keep it' if a['keep'] else ''}"


@operation(
    "split_column",
    "Split the cells of a column into columns or rows.",
    _COLUMN,
    Argument("separator", "text", "Split at this text."),
    Argument("pattern", "pattern", "Split at what this pattern finds (RE2)."),
    Argument("positions", "texts", "Split after so many letters."),
    Argument("into", "choice", "columns or rows.", default="columns", choices=("columns", "rows")),
    Argument("names", "new_columns", "Names of the new columns; the last takes the rest. Into rows: the column keeps its name."),
    _KEEP,
    *WHICH,
    sentence=_split_words,
    check=_check_split,
)
def split_column(table: Table, a: dict[str, Any], situation: Situation) -> Table:
    """Split the cells of a column; parts are trimmed, and empty parts are passed over when the parts become rows."""
    column, mask = table.column(a["column"]), selected(table, a, situation)
    into_columns = a["into"] == "columns"
    names = a["names"] or []
    at_most = len(names) if into_columns else 0
    cut = patterns.cut([text for text, _ in column.used(mask)], a["pattern"]) if a["pattern"] else {}

    def parts(text: str) -> list[str]:
        if a["pattern"]:
            found = _limited(cut.get(text, [(text, "")]), at_most)
        elif a["positions"]:
            ends = sorted({int(at) for at in a["positions"]})
            found = [text[start:end] for start, end in zip([0, *ends], [*ends, len(text)], strict=True)]
        else:
            found = text.split(a["separator"], at_most - 1 if at_most else -1)
        return [part.strip() for part in found]

    if into_columns:
        made = dict(zip(names, _beside(column, mask, parts, len(names)), strict=True))
        if not a["keep"] and not mask.all():  # rows that are not meant keep their text, in the first of the new columns
            first = made[names[0]]
            made[names[0]] = first.with_texts(column.texts(~mask), ~mask)
        return placed(table, a["column"], made, () if a["keep"] else (a["column"],))
    split, came_from = into_rows(table, mask, [column], [_SPARE], lambda key: [(p,) for p in parts(key[0]) if p], a["column"])
    old, new = split.column(a["column"]), split.column(_SPARE)
    meant = mask[came_from]
    texts = [part if is_meant else text for part, text, is_meant in zip(new.texts(), old.texts(), meant.tolist(), strict=True)]
    split = split.with_column(a["column"], Column.of(texts, old.source))
    return split.with_columns({name: each for name, each in split.columns.items() if name != _SPARE})


def _limited(pieces: list[tuple[str, str]], at_most: int) -> list[str]:
    """Return the texts of pieces (text, what was found after it); the last of `at_most` takes the rest as it stood."""
    if not at_most or len(pieces) <= at_most:
        return [text for text, _ in pieces]
    rest = "".join(text + found for text, found in pieces[at_most - 1 :])
    return [*(text for text, _ in pieces[: at_most - 1]), rest]


def _check_names(clean: dict[str, Any]) -> None:
    if "names" in clean and len(clean["names"]) != 2:
        raise WorkbenchError("split_names makes two columns", got=clean["names"], expected="first names, last name", where="step")


@operation(
    "split_names",
    "Split names into first and last names; several people of a cell become rows, or columns beside each other.",
    _COLUMN,
    Argument("names", "new_columns", "Names of the new columns: first names, last name.", default=["first_name", "last_name"]),
    Argument("order", "choice", "auto knows `Last, First` by its comma.", default="auto", choices=ORDERS),
    Argument("people", "choice", "one person per cell, or several that become rows.", default="one", choices=("one", "rows")),
    Argument("separator", "text", "What stands between people; empty: ; | / & and feat.", default=""),
    _KEEP,
    *WHICH,
    sentence=lambda a: (
        f"Split the names in {quoted(a['column'])} into {listed([quoted(n) for n in a['names']])}"
        + (", one row per person" if a["people"] == "rows" else "")
        + {"auto": "", "first_last": ", read as First Last", "last_first": ", read as Last First"}[a["order"]]
    ),
    check=_check_names,
)
def split_names(table: Table, a: dict[str, Any], situation: Situation) -> Table:
    """Split names into first and last."""
    column, mask = table.column(a["column"]), selected(table, a, situation)
    names = a["names"]
    away = () if a["keep"] else (a["column"],)
    if a["people"] == "one":
        made = _beside(column, mask, lambda text: first_and_last(text, a["order"]), 2)
        if away and not mask.all():
            made[1] = made[1].with_texts(column.texts(~mask), ~mask)
        return placed(table, a["column"], dict(zip(names, made, strict=True)), away)

    def split(key: tuple[str, ...]) -> Parts:
        return [first_and_last(one, a["order"]) for one in people(key[0], a["separator"])]

    longer, came_from = into_rows(table, mask, [column], names, split, a["column"])
    if away and not mask.all():
        rest = ~mask[came_from]
        last = longer.column(names[1])
        longer = longer.with_column(names[1], last.with_texts(longer.column(a["column"]).texts(rest), rest))
    return longer.with_columns({name: each for name, each in longer.columns.items() if name not in away})


def _check_credits(clean: dict[str, Any]) -> None:
    if "names" in clean and len(clean["names"]) != 2:
        raise WorkbenchError("split_credits makes two columns", got=clean["names"], expected="person, role", where="step")
    if clean.get("separator") == "":
        raise WorkbenchError("nothing stands between the credits", expected="a separator", where="split_credits.separator")


@operation(
    "split_credits",
    "Split lists of credits like `Name [Role]|Name [Role]` into one row per person, with the role in a code of its own.",
    Argument(
        "columns", "columns", "The columns with credits; a credit without a role has its column's name as role.", required=True
    ),
    Argument("roles", "mapping", "Role as written, or name of the column -> role as it shall be; others stay as written."),
    Argument("separator", "text", "What stands between credits.", default="|"),
    Argument("names", "new_columns", "Names of the new columns: person, role.", default=["name", "role"]),
    _KEEP,
    *WHICH,
    sentence=lambda a: (
        f"Split the credits in {listed([quoted(c) for c in a['columns']])} at {quoted(a['separator'])} into one row per person, "
        f"as {listed([quoted(n) for n in a['names']])}"
        + (f", writing {listed([f'{quoted(k)} as {quoted(v)}' for k, v in a['roles'].items()], limit=6)}" if a["roles"] else "")
    ),
    check=_check_credits,
)
def split_credits(table: Table, a: dict[str, Any], situation: Situation) -> Table:
    """Split credits into rows; a person named in several columns or roles is one row per role, music and words together `CA`."""
    mask = selected(table, a, situation)
    roles = a["roles"] or {}

    def split(key: tuple[str, ...]) -> Parts:
        by_person: dict[str, list[str]] = {}
        for column, text in zip(a["columns"], key, strict=True):
            for name, found in credit_list(text, column, a["separator"]):
                by_person.setdefault(name, []).extend(found)
        return [(name, role) for name, found in by_person.items() for role in in_roles(found, roles)]

    longer, _ = into_rows(table, mask, [table.column(name) for name in a["columns"]], a["names"], split, a["columns"][-1])
    away = () if a["keep"] or not mask[table.live].all() else tuple(a["columns"])
    return longer.with_columns({name: each for name, each in longer.columns.items() if name not in away or name in a["names"]})
