"""Steps on the bench: a form for any operation, what it would change before it is applied, clusters, and rows side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..core.errors import WorkbenchError, unknown
from .cleaning_rows_model import RowsModel
from .parts import count
from .session import Notice, command

MANY = ("columns", "choices", "texts", "new_columns")
ON_A_PAGE = 40
MOST_COMPARED = 4
METHOD_WORDS = {
    "fingerprint": "Same words, other order, case or accents (fingerprint)",
    "ngram": "Same letter pairs, spaces set aside (n-gram)",
    "phonetic": "Sounds alike (phonetic)",
    "nearest": "A letter or two apart (nearest neighbour)",
}


@dataclass
class StepForm:
    """An operation being filled in: what it asks, what was answered, and what it would do."""

    operation: Any
    given: dict[str, Any]
    only_shown: bool
    preview: Any = None
    problem: str = ""
    asks: bool = True
    """Whether there is anything to fill in; if not, only the preview is shown."""


@dataclass
class ClusterChoice:
    """Clusters of one column by one method, what is ticked, and how each is to be spelled."""

    column: str
    method: str
    found: list[Any]
    spelled: list[str]
    ticked: set[int] = field(default_factory=set)
    page: int = 0
    drawn: int = 0
    """Counts how often the page was drawn anew by the model's will, so that the browser forgets its ticks."""

    @property
    def shown(self) -> range:
        """The numbers of the clusters on this page."""
        return range(self.page * ON_A_PAGE, min(len(self.found), (self.page + 1) * ON_A_PAGE))


@dataclass
class Comparison:
    """Two to four rows side by side; the first is the one that stays."""

    ids: list[str]
    fields: list[tuple[str, list[str]]]
    """(column, what each row says)."""

    def differs(self, values: Sequence[str]) -> bool:
        """Say whether the rows do not all say the same."""
        return len(set(values)) > 1


class StepsModel(RowsModel):
    """What can be done to the rows that are meant."""

    dialog: Any = None

    def _clear(self) -> None:
        super()._clear()
        self.dialog = None

    @command()
    def close(self) -> None:
        """Close the dialog; nothing is done."""
        self.dialog = None

    # ---- one operation: form, preview, apply

    @command("analyst", "admin")
    def start_step(self, op: str, column: str = "", rows: Sequence[str] = (), ask: bool = True, **given: Any) -> None:
        """Open the form of an operation for a column or for selected rows; with nothing to ask, what it would change at once."""
        operations = self._on_bench().operations
        if op not in operations:
            raise unknown("operation", op, operations)
        operation = operations[op]
        answers: dict[str, Any] = {each.name: each.default for each in operation.arguments if each.default is not None}
        for each in operation.arguments:
            if column and each.kind == "column":
                answers[each.name] = column
            elif column and each.kind == "columns":
                answers[each.name] = [column]
        if rows:
            answers["rows"] = [str(row) for row in rows]
        if op == "add_column":
            answers["copy"] = column
        form = StepForm(operation, {**answers, **given}, only_shown=bool(self.meant) and not rows, asks=ask)
        self.dialog = form
        if not ask:
            self._look(form)

    @command("analyst", "admin")
    def fill_step(self, do: str = "preview", **fields: Any) -> None:
        """Take what was typed into the form, and show what would change, or do it."""
        form = self._dialog(StepForm)
        form.given |= read_form(form.operation, fields)
        if "only_shown" in fields:
            form.only_shown = bool(fields["only_shown"])
        if do == "apply":
            self.apply_step()
        else:
            self._look(form)

    @command("analyst", "admin")
    def apply_step(self) -> None:
        """Do what the form says; it becomes the next step of the recipe."""
        form = self._dialog(StepForm)
        try:
            done = self._apply(self._step(form))
        except WorkbenchError as error:
            form.problem, form.preview = str(error), None
            return
        self.dialog = None
        self.notice = Notice("good", self._done_words(done))

    # ---- clusters

    @command()
    def open_clusters(self, column: str, method: str = "fingerprint") -> None:
        """Look for texts of a column that probably mean the same."""
        self.progress("Looking for clusters", 0, 1)
        found = self._on_bench().clusters(column, method, filters=self.meant, progress=self.progress)
        self.dialog = ClusterChoice(column, method, list(found), [each.suggestion for each in found])

    @command()
    def choose_method(self, value: str) -> None:
        """Look for clusters in another way."""
        self.open_clusters(self._dialog(ClusterChoice).column, value)

    @command("analyst", "admin")
    def fill_clusters(self, do: str = "keep", pick: str = "", **fields: Any) -> None:
        """Take ticks and spellings; then tick all or none, turn the page, take over a spelling, or merge what is ticked."""
        choice = self._dialog(ClusterChoice)
        for number in choice.shown:
            choice.spelled[number] = str(fields.get(f"spelled{number}", choice.spelled[number]))
            if fields.get(f"tick{number}"):
                choice.ticked.add(number)
            else:
                choice.ticked.discard(number)
        if pick:
            number, which = (int(part) for part in pick.split(":"))
            choice.spelled[number] = choice.found[number].values[which][0]
            choice.ticked.add(number)
        elif do in {"all", "none"}:
            choice.ticked = set(range(len(choice.found))) if do == "all" else set()
        elif do in {"next", "back"}:
            last = max(0, (len(choice.found) - 1) // ON_A_PAGE)
            choice.page = max(0, min(last, choice.page + (1 if do == "next" else -1)))
        elif do == "merge":
            self._merge(choice)
            return
        choice.drawn += 1

    # ---- rows side by side

    @command()
    def compare(self, rows: Sequence[str]) -> None:
        """Show two to four rows side by side."""
        ids = [str(row) for row in rows]
        if not 2 <= len(ids) <= MOST_COMPARED:
            raise WorkbenchError("rows are compared two to four at a time", got=len(ids), next_step="Select two to four rows.")
        found = self._on_bench().compare(ids)
        self.dialog = Comparison(list(found.rows), [(each.column, list(each.values)) for each in found.fields])

    @command("analyst", "admin")
    def merge_rows(self, **chosen: Any) -> None:
        """Make one row of those side by side: the first stays and says what was chosen, the others are kept as merged."""
        comparison = self._dialog(Comparison)
        values = {}
        for at, (column, said) in enumerate(comparison.fields):
            which = int(chosen.get(f"from{at}", 0))
            if not 0 <= which < len(said):
                raise WorkbenchError("no such row", got=which)
            if said[which] != said[0]:
                values[column] = said[which]
        done = self._apply(
            {"op": "merge_rows", "rows": comparison.ids, "keep": comparison.ids[0], "rule": "first", "values": values}
        )
        self.dialog = None
        self.notice = Notice("good", self._done_words(done))

    # ---- inside

    def _dialog(self, kind: type[Any]) -> Any:
        if not isinstance(self.dialog, kind):
            raise WorkbenchError("this window was closed", next_step="Open it again.")
        return self.dialog

    def _step(self, form: StepForm) -> dict[str, Any]:
        step = {"op": form.operation.name, **{name: value for name, value in form.given.items() if value is not None}}
        if form.only_shown and self.meant and any(each.name == "filters" for each in form.operation.arguments):
            step["filters"] = self.meant
        return step

    def _look(self, form: StepForm) -> None:
        try:
            form.preview, form.problem = self.bench.preview(self._step(form)), ""
        except WorkbenchError as error:
            form.preview, form.problem = None, str(error)

    def _apply(self, step: Mapping[str, Any]) -> Any:
        self.progress("Working", 0, 1)
        done = self.bench.apply(step)
        self._changed()
        return done

    def _done_words(self, done: Any) -> str:
        return f"{done.sentence} {rows_words(done.changed_rows)}"

    def _merge(self, choice: ClusterChoice) -> None:
        ticked = sorted(choice.ticked)
        if not ticked:
            raise WorkbenchError("nothing is ticked", next_step="Tick the clusters that mean the same, then merge.")
        mapping = {
            text: choice.spelled[number]
            for number in ticked
            for text, _ in choice.found[number].values
            if text != choice.spelled[number]
        }
        done = self._apply(self._mapping(choice.column, mapping))
        self.open_clusters(choice.column, choice.method)
        self.notice = Notice("good", f"{count(len(ticked))} clusters merged. {rows_words(done.changed_rows)}")

    def _mapping(self, column: str, mapping: Mapping[str, str]) -> dict[str, Any]:
        where = {"filters": self.meant} if self.meant else {}
        return {"op": "merge_values", "column": column, "mapping": dict(mapping), **where}


def read_form(operation: Any, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a form's fields say for an operation's arguments; None for what was left empty and may be."""
    read: dict[str, Any] = {}
    for each in operation.arguments:
        name, kind = each.name, each.kind
        if kind in {"rows", "row", "filters"}:
            continue
        if kind in {"columns", "choices"}:
            ticked = [key.split(":", 1)[1] for key, value in fields.items() if key.startswith(f"{name}:") and value]
            if any(key.startswith(f"{name}:") for key in fields):
                read[name] = ticked
        elif name not in fields:
            continue
        elif kind == "yes":
            read[name] = bool(fields[name])
        elif kind in {"texts", "new_columns"}:
            read[name] = [line for line in str(fields[name]).split("\n") if line.strip()] or None
        elif kind == "mapping":
            pairs = [line.split("=", 1) for line in str(fields[name]).split("\n") if "=" in line]
            read[name] = {old.strip(): new.strip() for old, new in pairs} or None
        else:
            text = str(fields[name])
            needless = not text and (kind != "text" or (not each.required and each.default is None))
            read[name] = None if needless else text
    return read


def rows_words(number: int) -> str:
    """Return how many rows a step changed."""
    return f"{count(number)} {'row' if number == 1 else 'rows'} changed." if number else "Nothing changed."
