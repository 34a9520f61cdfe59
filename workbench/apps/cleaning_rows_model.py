"""The rows on the bench as one person sees them: filters, facets with live counts, sorting, pages of rows, and edited cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..api import Workbench
from ..core.errors import WorkbenchError, unknown
from .cleaning_start_model import StartModel
from .session import Roles, command

FACET_LINES = 60
MOST_ROWS = 500
PAST_LETTERS = 300
FILTER_OF = {"text": "value", "number": "number_range", "date": "date_range", "length": "length_range"}
"""Kind of facet -> the kind of filter that choosing in it makes, where the two have different names."""
FACET_NAMES = {
    "text": "text",
    "number": "number",
    "date": "date",
    "blank": "blank or filled",
    "error": "faults",
    "script": "script",
    "length": "length",
    "duplicate": "duplicates",
    "flag": "flags",
    "removed": "removed rows",
}
WITHOUT_VALUES = ("blank", "duplicate", "removed")
"""Kinds of facet whose filter is there or not, or turned round, without naming values."""
ROW = "#"


@dataclass
class OpenFacet:
    """One facet in the side panel: of which column, of which kind, and how it is listed."""

    column: str
    kind: str
    by: str = "count"
    search: str = ""
    lines: int = FACET_LINES

    @property
    def filter_kind(self) -> str:
        """The kind of filter that choosing here makes."""
        return FILTER_OF.get(self.kind, self.kind)


class RowsModel(StartModel):
    """Which rows are meant, and what they hold."""

    def __init__(self, wb: Workbench, roles: Roles, logs: Path | None = None) -> None:
        super().__init__(wb, roles, logs)
        self.filters: list[dict[str, Any]] = []
        self.facets: list[OpenFacet] = []
        self.sort: tuple[str, bool] | None = None
        self.search = ""
        self._place = 0
        self._revision = 0
        self._seen: Any = None
        self._counted: dict[Any, Any] = {}

    # ---- what is shown

    @property
    def place(self) -> str:
        """Changes when other rows are meant, or their order."""
        return str(self._place)

    @property
    def view(self) -> str:
        """Changes when any row may have changed."""
        if self.bench.recipe is not self._seen:  # a step was done or taken back, here or in another cell of the notebook
            self._seen = self.bench.recipe
            self._revision += 1
        return f"{self._place}.{self._revision}"

    @property
    def columns(self) -> list[str]:
        """The names of the columns, in order."""
        return list(self.bench.names)

    @property
    def total(self) -> int:
        """Rows under the filters."""
        return int(self._once("total", lambda: self.bench.rows(0, 0, filters=self.meant).total)) if self.meant else self.whole

    @property
    def whole(self) -> int:
        """Rows in the table."""
        return int(self.bench.total)

    @property
    def meant(self) -> list[dict[str, Any]]:
        """The filters in force: those chosen in facets, and the search over all columns."""
        found = {"column": ROW, "kind": "contains", "text": self.search}
        return [*self.filters, *([found] if self.search else [])]

    def counted(self, facet: OpenFacet) -> Any:
        """Return a facet with its counts as they are now."""
        key = (facet.column, facet.kind, facet.by, facet.search, facet.lines)
        return self._once(key, lambda: self._count(facet))

    def filter_of(self, facet: OpenFacet) -> dict[str, Any] | None:
        """Return the filter made in a facet, if there is one."""
        return next((one for one in self.filters if (one["column"], one["kind"]) == (facet.column, facet.filter_kind)), None)

    @command()
    def rows(self, offset: int, limit: int) -> dict[str, Any]:
        """Return the rows from `offset` on, for the grid."""
        bench = self._on_bench()
        order = [f"{'-' if self.sort[1] else ''}{self.sort[0]}"] if self.sort else []
        page = bench.rows(max(0, int(offset)), min(int(limit), MOST_ROWS), sort=order, filters=self.meant)
        return {"view": self.view, "total": page.total, "rows": sent(page, self.columns)}

    # ---- filters

    @command()
    def find(self, value: str) -> None:
        """Show only the rows in which some cell contains a text."""
        self.search = value.strip()
        self._moved()

    @command()
    def add_facet(self, column: str, kind: str = "text") -> None:
        """Open a facet on a column."""
        self._on_bench()
        if column != ROW and column not in self.columns:
            raise unknown("column", column, self.columns)
        if kind not in FACET_NAMES:
            raise unknown("kind of facet", kind, FACET_NAMES)
        if not any((each.column, each.kind) == (column, kind) for each in self.facets):
            self.facets.insert(0, OpenFacet(column, kind))

    @command()
    def close_facet(self, at: int) -> None:
        """Close a facet, and take back what was chosen in it."""
        facet = self._facet(at)
        self.facets.remove(facet)
        self._put(facet, None)

    @command()
    def choose_value(self, at: int, label: str, value: bool) -> None:
        """Add a value to those chosen in a facet, or take it away."""
        facet = self._facet(at)
        if facet.kind in WITHOUT_VALUES:
            turned = {"not": True} if label == "false" else {}
            self._put(facet, {"column": facet.column, "kind": facet.filter_kind, **turned} if value else None)
            return
        now = self.filter_of(facet) or {}
        values = set(now.get("values", ()))
        values = values | {label} if value else values - {label}
        kept = {"column": facet.column, "kind": facet.filter_kind, "values": sorted(values), **_negated(now)}
        self._put(facet, kept if values else None)

    @command()
    def only_value(self, at: int, label: str) -> None:
        """Choose one value of a facet and no other."""
        facet = self._facet(at)
        self._put(facet, {"column": facet.column, "kind": facet.filter_kind, "values": [label]})

    @command()
    def invert(self, at: int) -> None:
        """Mean the rows that the facet's choice leaves out."""
        facet = self._facet(at)
        now = self.filter_of(facet)
        if now is None:
            raise WorkbenchError("nothing is chosen in this facet", next_step="Choose a value first, then turn it round.")
        turned = {name: value for name, value in now.items() if name != "not"}
        self._put(facet, turned if now.get("not") else {**turned, "not": True})

    @command()
    def choose_range(self, at: int, low: str = "", high: str = "", **_more: Any) -> None:
        """Mean the rows between two ends of a number, date or length facet; both empty: all rows."""
        facet = self._facet(at)
        now = self.filter_of(facet)
        ends = {name: text.strip() for name, text in (("low", low), ("high", high)) if text.strip()}
        same = now is not None and {name: now.get(name) for name in ("low", "high") if now.get(name)} == ends
        wanted = {"column": facet.column, "kind": facet.filter_kind, **ends}
        self._put(facet, wanted if ends and not same else None)

    @command()
    def clear_facet(self, at: int) -> None:
        """Take back what was chosen in a facet."""
        self._put(self._facet(at), None)

    @command()
    def search_facet(self, at: int, value: str = "") -> None:
        """List only the values of a facet that contain a text."""
        self._facet(at).search = value.strip()

    @command()
    def order_facet(self, at: int) -> None:
        """List the values of a facet by the alphabet instead of by their number of rows, or back."""
        facet = self._facet(at)
        facet.by = "value" if facet.by == "count" else "count"

    @command()
    def more_values(self, at: int) -> None:
        """List more values of a facet."""
        self._facet(at).lines *= 5

    @command()
    def drop_filter(self, number: int) -> None:
        """Take back one filter, or the search (the one after the last)."""
        if number == len(self.filters):
            self.search = ""
        else:
            self.filters.pop(number)
        self._moved()

    @command()
    def drop_filters(self) -> None:
        """Mean all rows again."""
        self.filters, self.search = [], ""
        self._moved()

    @command()
    def sort_by(self, column: str, descending: bool | None = None) -> None:
        """Sort by a column: upwards, at the second call downwards, at the third as the rows came."""
        now, downwards = self.sort or ("", False)
        if descending is not None:
            self.sort = (column, bool(descending))
        elif now != column:
            self.sort = (column, False)
        else:
            self.sort = None if downwards else (column, True)
        self._moved()

    # ---- changes of single cells

    @command("analyst", "admin")
    def edit_cell(self, row: str, column: str, value: str, was: str) -> dict[str, Any]:
        """Write one cell, unless somebody changed it since it was read."""
        bench = self._on_bench()
        only = [{"column": ROW, "kind": "row", "values": [str(row)]}]
        found = bench.rows(0, 1, filters=only).rows
        if not found or column not in found[0]:
            return {"problem": f"Not saved: row {row} or column {column} is not in the table any more."}
        now = found[0][column]
        if now != was:
            return {"problem": f"Not saved: the cell says “{now[:60]}” now, not “{was[:60]}”. Look at it again."}
        try:
            bench.apply({"op": "edit_cell", "row": str(row), "column": column, "value": value, "was": was})
        except WorkbenchError as error:
            return {"problem": f"Not saved: {error}"}
        return {"row": sent(bench.rows(0, 1, filters=only), self.columns)[0]}

    @command("analyst", "admin")
    def undo(self) -> None:
        """Take back the last step."""
        self._on_bench().undo()
        self._changed()

    @command("analyst", "admin")
    def redo(self) -> None:
        """Do again what was taken back last."""
        self._on_bench().redo()
        self._changed()

    @command("analyst", "admin")
    def undo_to(self, number: int) -> None:
        """Go to the table as it was after a step of the recipe; 0 is the file as it came."""
        bench = self._on_bench()
        if number <= len(bench.recipe):
            bench.undo_to(int(number))
        while len(bench.recipe) < int(number):
            bench.redo()
        self._changed()

    # ---- inside

    def _clear(self) -> None:
        super()._clear()
        self.filters, self.facets, self.sort, self.search = [], [], None, ""
        self._moved()

    def _on_bench(self) -> Any:
        if self.bench is None:
            raise WorkbenchError("nothing is on the bench", next_step="Open a file first.")
        return self.bench

    def _facet(self, at: int) -> OpenFacet:
        if not 0 <= int(at) < len(self.facets):
            raise WorkbenchError("this facet was closed", next_step="Open it again.")
        return self.facets[int(at)]

    def _put(self, facet: OpenFacet, wanted: dict[str, Any] | None) -> None:
        """Put a facet's filter in the place of the one it made before; one that makes no sense is refused first."""
        if wanted is not None:
            self.bench.rows(0, 0, filters=[wanted])
        now = self.filter_of(facet)
        at = self.filters.index(now) if now is not None else len(self.filters)
        self.filters[at : at + 1] = [wanted] if wanted else []
        self._moved()

    def _moved(self) -> None:
        self._place += 1
        self._counted = {}

    def _changed(self) -> None:
        """Let go of filters and facets whose column a step has renamed or removed."""
        columns = {*self.columns, ROW}
        before = len(self.filters)
        self.filters = [one for one in self.filters if one["column"] in columns]
        self.facets = [each for each in self.facets if each.column in columns]
        if self.sort and self.sort[0] not in columns:
            self.sort = None
        if len(self.filters) != before:
            self._moved()

    def _once(self, key: Any, find_out: Any) -> Any:
        """Return what was found out for the table as it is, finding it out when it is new."""
        whole = (key, self.view)
        if whole not in self._counted:
            if len(self._counted) > 200:
                self._counted = {}
            self._counted[whole] = find_out()
        return self._counted[whole]

    def _count(self, facet: OpenFacet) -> Any:
        search = {"search": facet.search} if facet.kind == "text" else {}
        return self.bench.facet(facet.column, facet.kind, filters=self.meant, limit=facet.lines, by=facet.by, **search)


def sent(page: Any, columns: Sequence[str]) -> list[list[Any]]:
    """Return rows as the grid reads them; see `grid`."""
    place = {name: str(at) for at, name in enumerate(columns)}
    found = []
    for row in page.rows:
        number = row[ROW]
        marks: dict[str, dict[str, str]] = {}
        for name, text in page.before.get(number, {}).items():
            marks[place[name]] = {"w": text[:PAST_LETTERS]}
        for name, text in page.faults.get(number, {}).items():
            marks.setdefault(place[name], {})["e"] = text
        flag = page.flags.get(number) or page.marks.get(number, "")
        found.append([number, number, [row[name] for name in columns], marks or 0, flag])
    return found


def filter_words(one: Mapping[str, Any]) -> str:
    """Return a filter in few words, for the chip that takes it back.

    >>> filter_words({"column": "country", "kind": "value", "values": ["", "FR"], "not": True})
    'country: not (blank), FR'
    """
    column, kind = one["column"], one["kind"]
    values = [text or "(blank)" for text in one.get("values", ())]
    low, high = one.get("low", ""), one.get("high", "")
    span = low if low == high else f"{low or '…'} to {high or '…'}"
    words = {
        "value": ", ".join(values[:3]) + (f" and {len(values) - 3} more" if len(values) > 3 else ""),
        "contains": f"contains “{one.get('text', '')}”",
        "number_range": span,
        "date_range": span,
        "length_range": f"{span} letters",
        "duplicate": "once or blank" if one.get("not") else "more than once",
        "blank": "filled" if one.get("not") else "blank",
    }.get(kind, ", ".join(values[:3]) or FACET_NAMES.get(kind, kind))
    negated = "not " if one.get("not") and kind not in {"blank", "duplicate"} else ""
    return f"{'any column' if column == ROW and kind == 'contains' else 'row' if column == ROW else column}: {negated}{words}"


def _negated(now: dict[str, Any]) -> dict[str, Any]:
    return {"not": True} if now.get("not") else {}
