"""The bench: a table, the steps done to it, and everything one looks at between two steps.

    bench = wb.cleaning.open("inbox/contest.csv")
    bench.facet("country").values[:3]
    cluster = bench.clusters("composers", method="fingerprint")[0]
    bench.apply({"op": "merge_values", "column": "composers",
                 "mapping": {text: cluster.suggestion for text, _ in cluster.values}})
    bench.undo()
    bench.export("outbox/contest-clean.xlsx")

Looking never changes anything; every change is a step, and the steps are the recipe. Rows are named by their number, as text.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import pandas as pd

from ...core.errors import Finding, WorkbenchError
from ...core.office import Progress, silent
from ...formats.intake import many_objects
from . import clusters as clustering
from . import exporting, facets, filters, merging, reading
from . import steps as stepping
from .clusters import Cluster
from .differences import cost, shown, touched
from .facets import Facet
from .filters import Faults, Filter
from .merging import Comparison
from .recipe import Recipe
from .shaping import order_of
from .table import ROW, Column, Mask, Table
from .views import Accounts, Applied, ColumnInfo, Page, Preview
from .wording import TRANSFORMS

KEPT_TABLES, KEPT_BYTES = 200, 500_000_000
"""So many latest tables are kept for undo; of older steps every twentieth is, the others are worked out again when asked for."""


class Bench:
    """A table under cleaning. Made by `wb.cleaning`, not by hand."""

    def __init__(
        self,
        table: Table,
        *,
        name: str = "",
        source: Mapping[str, str] | None = None,
        findings: Sequence[Finding] = (),
        faults: Faults = filters.no_rules,
        keep: Callable[[Bench], None] | None = None,
        save: Callable[[Bench, str, str], Any] | None = None,
    ) -> None:
        self.name = name
        self.source = dict(source or {})
        """What the table was made from: name, sha256, and how it was read."""
        self.findings = list(findings)
        """What was odd about the file as a whole."""
        self._start, self._table = table, table
        self._faults, self._keep, self._save = faults, keep, save
        self._recipe = Recipe(name=name)
        self._tables: dict[int, Table] = {0: table}
        self._costs: dict[int, int] = {}
        self._applied: list[Applied] = []
        self._undone: list[dict[str, Any]] = []
        self._infos: WeakKeyDictionary[Column, tuple[Mask, str, int, int]] = WeakKeyDictionary()
        self._orders: dict[str, np.ndarray[Any, np.dtype[np.int64]]] = {}

    # ---- looking

    @property
    def columns(self) -> list[ColumnInfo]:
        """The columns in order; counts are of the rows in the table."""
        return [self._info(name, column) for name, column in self._table.columns.items()]

    @property
    def names(self) -> list[str]:
        """The names of the columns in order."""
        return list(self._table.columns)

    @property
    def operations(self) -> dict[str, stepping.Operation]:
        """Everything that can be done to the table, with its arguments: what a form needs to ask."""
        return stepping.operations()

    @property
    def transforms(self) -> dict[str, str]:
        """What `transform` can do: name -> the same in words."""
        return {name: words for name, (words, _) in TRANSFORMS.items()}

    @property
    def total(self) -> int:
        """How many rows are in the table."""
        return int(self._table.live.sum())

    @property
    def accounts(self) -> Accounts:
        """Where the rows of the file are."""
        rows_in, rows = len(self._start), len(self._table)
        return Accounts(rows_in, rows - rows_in, rows - self.total, self.total)

    def rows(self, offset: int = 0, limit: int = 50, sort: Sequence[str] = (), filters: Sequence[Filter] = ()) -> Page:
        """Return a page of the rows that the filters mean.

        `sort` names columns, the first deciding first, with `-` before a name for the largest first; `#` is the row number.
        """
        mask = self._mask(filters)
        order = self._order(sort)
        places = (np.flatnonzero(mask) if order is None else order[mask[order]])[max(0, offset) : max(0, offset) + max(0, limit)]
        table = self._table
        rows = [table.row(place) for place in places.tolist()]
        changed = {name: self._changed(name) for name, column in table.columns.items() if column.source}
        named = [(place, table.rows.numbers[place]) for place in places.tolist()]
        return Page(
            rows,
            int(mask.sum()),
            {number: text for place, number in named if (text := table.flags.text(place))},
            {number: text for place, number in named if (text := table.marks.text(place))},
            {number: names for place, number in named if (names := tuple(n for n, m in changed.items() if m[place]))},
            {number: said for place, number in named if (said := self._before(place, changed))},
            {row[ROW]: said for row in rows if (said := self._odd(row))},
        )

    def facet(
        self,
        column: str,
        kind: str = "text",
        filters: Sequence[Filter] = (),
        *,
        limit: int = 100,
        by: str = "count",
        search: str = "",
    ) -> Facet:
        """Return what a column holds, counted live under the other columns' filters; see `facets` for the kinds.

        `search` lists only values that contain it, whatever case and accents; the others count as `more`. `column="#"`
        with kind `flag`, `removed` or `error` tells of the rows themselves.
        """
        return facets.facet(
            self._table, column, kind, filters, limit=limit, by=by, search=search, source=self._start, faults=self._faults
        )

    def clusters(
        self,
        column: str,
        method: str = "fingerprint",
        filters: Sequence[Filter] = (),
        *,
        size: int = 2,
        edits: int = 2,
        progress: Progress = silent,
    ) -> list[Cluster]:
        """Return groups of texts that probably mean the same, those with the most rows first; see `clusters`."""
        return clustering.clusters(
            self._table, column, method, filters, source=self._start, size=size, edits=edits, progress=progress
        )

    def compare(self, rows: Sequence[str]) -> Comparison:
        """Return two or more rows side by side, field by field."""
        return merging.compare(self._table, rows)

    def preview(self, step: stepping.Step, limit: int = 20) -> Preview:
        """Return what a step would do, without doing it; raises `WorkbenchError` when it cannot be done."""
        clean, table, notes, changed = self._try(step)
        return Preview(shown(self._table, table, limit), changed, stepping.sentence(clean), tuple(notes))

    # ---- changing

    def apply(self, step: stepping.Step) -> Applied:
        """Do a step and keep it in the recipe.

        Raises `WorkbenchError` naming the argument that is wrong, and then does nothing.
        """
        clean, table, notes, changed = self._try(step)
        done = Applied(len(self._recipe) + 1, changed, stepping.sentence(clean), tuple(notes))
        self._take(clean, table, done)
        self._undone.clear()
        self._kept()
        return done

    def undo(self) -> str:
        """Take the last step back and return its sentence; raises `WorkbenchError` when there is none."""
        if not self._recipe.steps:
            raise WorkbenchError("there is nothing to undo", where=self.name)
        sentence = self._applied[-1].sentence
        self.undo_to(len(self._recipe) - 1)
        return sentence

    def undo_to(self, step_number: int) -> None:
        """Go back to the table as it was after that step; 0 is the file as it came. What is taken back can be redone."""
        count = len(self._recipe)
        if not 0 <= step_number <= count:
            raise WorkbenchError("no such step", got=step_number, expected=f"0 to {count}", where=self.name)
        table = self._at(step_number)
        self._undone.extend(reversed(self._recipe.steps[step_number:]))
        self._recipe = self._recipe.with_steps(self._recipe.steps[:step_number])
        del self._applied[step_number:]
        for number in [number for number in self._tables if number > step_number]:
            del self._tables[number]
        self._tables[step_number] = table
        self._show(table)
        self._kept()

    def redo(self) -> Applied:
        """Do the step last taken back again; raises `WorkbenchError` when there is none."""
        if not self._undone:
            raise WorkbenchError("there is nothing to do again", where=self.name)
        step = self._undone[-1]
        clean, table, notes, changed = self._try(step)
        done = Applied(len(self._recipe) + 1, changed, stepping.sentence(clean), tuple(notes))
        self._undone.pop()
        self._take(clean, table, done)
        self._kept()
        return done

    @property
    def undone(self) -> list[str]:
        """The sentences of the steps taken back, in the order in which they can be done again."""
        return [stepping.sentence(step) for step in reversed(self._undone)]

    @property
    def recipe(self) -> Recipe:
        """The steps done so far."""
        return self._recipe

    @property
    def history(self) -> list[Applied]:
        """What each step of the recipe did here."""
        return list(self._applied)

    def replay(self, recipe: Recipe, progress: Progress = silent) -> list[Applied]:
        """Do the steps of a recipe on top of what was done, and return what each did.

        All or none: a step that cannot be done here, for a column that is missing, is a `WorkbenchError` naming step and column.
        Single cells and rows the recipe names but this table does not have are passed over, and noted.
        """
        before = len(self._recipe)
        keep, self._keep = self._keep, None
        undone = list(self._undone)
        done: list[Applied] = []
        try:
            for number, step in enumerate(recipe.steps, start=1):
                progress("cleaning", number - 1, len(recipe))
                try:
                    done.append(self.apply(step))
                except WorkbenchError as error:
                    self.undo_to(before)
                    self._undone = undone
                    raise type(error)(
                        error.what,
                        got=error.got,
                        expected=error.expected,
                        where=f"step {number} of {recipe.name or 'the recipe'}",
                        next_step=error.next_step or f"The columns there: {', '.join(list(self._at(before).columns)[:20])}.",
                    ) from None
        finally:
            self._keep = keep
        self._kept()
        progress("cleaning", len(recipe), len(recipe))
        return done

    # ---- taking away

    def frame(self, filters: Sequence[Filter] = ()) -> pd.DataFrame:
        """Return the rows in the table as text columns, under `#` the row numbers."""
        mask = self._mask(filters)
        numbers = np.array(self._table.rows.numbers, dtype=object)[mask]
        return pd.DataFrame(
            {ROW: numbers, **{name: column.texts(mask) for name, column in self._table.columns.items()}}, dtype="object"
        )

    def removed(self) -> pd.DataFrame:
        """Return the rows that were removed or merged: `#`, `why`, `into` (the row it was merged into), and their cells."""
        mask = ~self._table.live
        numbers = np.array(self._table.rows.numbers, dtype=object)[mask]
        fates = [_fate(text) for text in self._table.fate.texts(mask)]
        columns = {name: column.texts(mask) for name, column in self._table.columns.items()}
        said = {ROW: numbers, "why": [why for why, _ in fates], "into": [into for _, into in fates]}
        return pd.DataFrame({**said, **columns}, dtype="object")

    def faults(self, column: str, judge: Faults | None = None) -> list[tuple[str, str, int, str]]:
        """Return what is odd in a column as (column, fault, rows, the first text that has it), most rows first."""
        judge = judge or self._faults
        held = self._table.column(column, "faults")
        counts: Counter[str] = Counter()
        first: dict[str, str] = {}
        for text, rows in held.used(self._table.live):
            if said := judge(column, text):
                counts[said] += rows
                first.setdefault(said, text)
        return [(column, said, rows, first[said]) for said, rows in sorted(counts.items(), key=lambda one: (-one[1], one[0]))]

    def export(self, to: str | Path, *, exact: bool = False) -> Path:
        """Write the rows in the table as CSV (`.csv`, `.csv.gz`) or XLSX and return the path.

        Removed rows go beside it, into `NAME-removed`. In an XLSX every cell is text, exact and harmless. In a CSV a cell that a
        spreadsheet would run gets a quote in front, unless `exact`: say so only for a file that a program reads next.
        """
        return exporting.write(self._table, Path(to).expanduser(), exact=exact)

    def edited(self, columns: Sequence[str]) -> dict[str, dict[str, str]]:
        """Return row number -> column of the source -> new text, for the cells that say something else than they did."""
        found: dict[str, dict[str, str]] = {}
        table = self._table
        for column in table.columns.values():
            if column.source in columns:
                differs = column.differs(self._start.column(column.source).take(table.rows.origin)) & table.live
                for place in np.flatnonzero(differs).tolist():
                    found.setdefault(table.rows.numbers[place], {})[column.source] = column.text(place)
        return found

    def digest(self) -> str:
        """Return the SHA-256 over columns, rows with their numbers and flags, and removed rows."""
        said = hashlib.sha256()
        table = self._table
        said.update(json.dumps(list(table.columns), ensure_ascii=True).encode())
        columns = [table.flags.texts(), table.fate.texts(), *(column.texts() for column in table.columns.values())]
        said.update("\x1e".join("\x1f".join(row) for row in zip(table.rows.numbers, *columns, strict=True)).encode())
        return said.hexdigest()

    def save(self, *, why: str, by: str = "") -> Any:
        """Write the edited fields of a register bench back; see `Cleaning.open_register`. Raises `WorkbenchError` for a file."""
        if self._save is None:
            raise WorkbenchError(
                "this table came from a file",
                got=self.source.get("name", self.name),
                next_step="Export it, then load it with wb.onboarding.",
            )
        return self._save(self, why, by)

    def __repr__(self) -> str:
        accounts = self.accounts
        return (
            f"{self.name or 'bench'}: {accounts.rows_out:,} rows, {len(self._table.columns)} columns, {len(self._recipe)} steps; "
            f"{accounts.rows_in:,} rows in + {accounts.added:,} made by splitting = "
            f"{accounts.rows_out:,} + {accounts.removed:,} removed"
        )

    # ---- inside

    def _info(self, name: str, column: Column) -> ColumnInfo:
        live = self._table.live
        seen = self._infos.get(column)
        if seen is None or seen[0] is not live:
            counts = column.counts(live)
            used = np.flatnonzero(counts)
            empty = np.array(column.words.derived("blank", filters.is_blank), dtype=bool)[used]
            sample = [column.words.texts[code] for code in used[~empty][: reading.SAMPLE].tolist()]
            seen = self._infos[column] = (live, reading.kind_of(sample), int(counts[used[empty]].sum()), int((~empty).sum()))
        return ColumnInfo(name, seen[1], seen[2], seen[3], column.source)

    def _mask(self, given: Sequence[Filter]) -> Mask:
        return filters.select(self._table, given, self._start, self._faults)

    def _before(self, place: int, changed: Mapping[str, Mask]) -> dict[str, str]:
        """Return what the file said in the cells of a row that say something else now."""
        columns, origin = self._table.columns, int(self._table.rows.origin[place])
        return {name: self._start.columns[columns[name].source].text(origin) for name, mask in changed.items() if mask[place]}

    def _odd(self, row: Mapping[str, str]) -> dict[str, str]:
        """Return what is odd about the cells of a row, by column."""
        return {name: said for name, text in row.items() if name != ROW and (said := self._faults(name, text))}

    def _changed(self, name: str) -> Mask:
        key = f"changed:{name}"
        if key not in self._table._cache:
            self._table._cache[key] = filters.changed(self._table, name, self._start)
        return self._table._cache[key]

    def _order(self, sort: Sequence[str]) -> np.ndarray[Any, np.dtype[np.int64]] | None:
        if isinstance(sort, str):
            sort = (sort,)
        if not sort:
            return None
        by = [
            (name, False) if name in self._table.columns or name == ROW else (name.removeprefix("-"), name.startswith("-"))
            for name in sort
        ]
        key = json.dumps(by)
        if key not in self._orders:
            self._orders[key] = order_of(self._table, by)
        return self._orders[key]

    def _try(self, step: stepping.Step) -> tuple[dict[str, Any], Table, list[str], int]:
        clean = stepping.validated(step, self._table)
        if clean["op"] == "edit_cell" and "was" not in clean and (place := self._table.rows.place(clean["row"])) >= 0:
            clean = stepping.validated({**clean, "was": self._table.column(clean["column"]).text(place)})
        situation = stepping.Situation(self._start, self._faults, step_number=len(self._recipe) + 1)
        with many_objects():
            table = stepping.operations()[clean["op"]].apply(self._table, stepping.complete(clean), situation)
            return clean, table, situation.notes, int(touched(self._table, table).sum())

    def _take(self, clean: dict[str, Any], table: Table, done: Applied) -> None:
        self._recipe = self._recipe.with_steps([*self._recipe.steps, clean])
        self._applied.append(done)
        self._tables[done.step_number] = table
        self._costs[done.step_number] = cost(self._table, table)
        self._costs = {number: self._costs.get(number, 0) for number in self._tables}
        for old in sorted(self._tables)[:-2]:
            if old % 20 and (old <= done.step_number - KEPT_TABLES or sum(self._costs.values()) > KEPT_BYTES):
                del self._tables[old], self._costs[old]
        self._show(table)

    def _show(self, table: Table) -> None:
        self._table = table
        self._orders.clear()

    def _at(self, step_number: int) -> Table:
        """Return the table after a step, working it out from the nearest one kept before it."""
        known = max(number for number in self._tables if number <= step_number)
        table = self._tables[known]
        for step in self._recipe.steps[known:step_number]:
            situation = stepping.Situation(self._start, self._faults)
            table = stepping.operations()[step["op"]].apply(table, stepping.complete(step), situation)
        return table

    def _kept(self) -> None:
        if self._keep is not None:
            self._keep(self)


def _fate(text: str) -> tuple[str, str]:
    """Return why a row is gone, and the number of the row it was merged into."""
    into = text.removeprefix(merging.MERGED_INTO)
    return (merging.MERGED_INTO.strip(), into) if into != text else (text, "")
