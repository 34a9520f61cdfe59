"""The bench's model, whole: what `cleaning_rows_model` and `cleaning_steps_model` know, the recipe, and how cleaning ends."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ..api import Workbench
from ..core.errors import WorkbenchError, unknown
from .cleaning_rows_model import OpenFacet
from .cleaning_steps_model import StepsModel, rows_words
from .parts import count
from .session import Notice, Roles, command
from .uploads import plain_name

MOST_FINDINGS = 40


@dataclass(frozen=True, slots=True)
class StepLine:
    """One step of the recipe as the panel shows it."""

    number: int
    sentence: str
    says: str
    undone: bool


@dataclass(frozen=True, slots=True)
class ProjectLine:
    """One project as the start page shows it."""

    name: str
    says: str


@dataclass
class AddFacet:
    """The window that asks for a column and a kind of facet."""


@dataclass
class SaveRecipe:
    """The window that asks how the recipe is called."""

    name: str


@dataclass
class Replay:
    """The window with the recipes that can be replayed."""

    recipes: list[tuple[str, Any]]


@dataclass
class Finish:
    """The window in which cleaning ends: a file, the register, or both."""

    name: str
    layouts: list[str]
    layout: str
    edited: int = 0
    """Documents of the register that say something else than they did."""
    looked: bool = False
    outcome: dict[str, Any] | None = field(default=None)


@dataclass
class Help:
    """The window with the keys."""


class CleaningModel(StepsModel):
    """The start page and the bench, as one person uses them."""

    def __init__(self, wb: Workbench, roles: Roles, logs: Path | None = None, *, bench: Any = None) -> None:
        super().__init__(wb, roles, logs)
        if bench is not None:
            self._put_on(bench)
        self.do("refresh")

    # ---- the recipe

    @property
    def position(self) -> int:
        """How many steps are done; those behind are undone and can be done again."""
        return len(self.bench.recipe)

    @property
    def steps(self) -> list[StepLine]:
        """The recipe's steps, the undone ones at the end."""
        done = [StepLine(each.step_number, each.sentence, _step_words(each), undone=False) for each in self.bench.history]
        undone = [
            StepLine(number, each, "taken back ", undone=True) for number, each in enumerate(self.bench.undone, len(done) + 1)
        ]
        return [*done, *undone]

    @command("analyst", "admin")
    def open_save(self) -> None:
        """Ask how the recipe is called."""
        self.dialog = SaveRecipe(self._on_bench().name)

    @command("analyst", "admin")
    def save_recipe(self, name: str, about: str = "") -> None:
        """Keep the recipe under a name, for the next file and for papermill."""
        plain = plain_name(name.strip())
        if not plain:
            raise WorkbenchError("the recipe has no name", next_step="Give it one.")
        to = self._recipes / f"{plain.removesuffix('.yaml')}.yaml"
        if to.exists():
            raise WorkbenchError("there is a recipe of that name", got=to.stem, next_step="Choose another name.")
        replace(self._on_bench().recipe, name=to.stem, about=" ".join(about.split())).write(to)
        self.dialog = None
        self.notice = Notice("good", f"The recipe is kept as rules/cleaning/{to.name}, and can be replayed on the next file.")

    @command()
    def open_replay(self) -> None:
        """Show the recipes that can be replayed."""
        kind = type(self._on_bench().recipe)
        self.dialog = Replay([(file.stem, kind.read(file)) for file in sorted(self._recipes.glob("*.yaml"))])

    @command("analyst", "admin")
    def replay(self, name: str) -> None:
        """Do every step of a recipe on these rows."""
        recipe = dict(self._dialog(Replay).recipes).get(name)
        if recipe is None:
            raise unknown("recipe", name, [known for known, _ in self.dialog.recipes])
        self.progress("Replaying", 0, 1)
        done = self._on_bench().replay(recipe, self.progress)
        self._changed()
        self.dialog = None
        odd = sum(bool(each.notes) for each in done)
        said = f" {count(odd)} of them passed over something; see the recipe." if odd else ""
        self.notice = Notice("warning" if odd else "good", f"{count(len(done))} steps of “{name}” replayed.{said}")

    # ---- windows

    @command()
    def open_facets(self) -> None:
        """Ask for a column and a kind of facet."""
        self._on_bench()
        self.dialog = AddFacet()

    @command()
    def new_facet(self, column: str, kind: str) -> None:
        """Open the facet that was asked for."""
        self.add_facet(column, kind)
        self.dialog = None

    @command()
    def toggle_help(self) -> None:
        """Show the keys, or hide them."""
        self.dialog = None if isinstance(self.dialog, Help) else Help()

    # ---- the end

    @command()
    def open_finish(self) -> None:
        """Show the ways in which cleaning ends."""
        bench = self._on_bench()
        layouts = list(self.wb.onboarding.layouts())
        layout = bench.source.get("layout") or layouts[0]
        edited = len(bench.edited(self.columns)) if self.of_register else 0
        self.dialog = Finish(f"{bench.name}-cleaned", layouts, layout, edited)

    @command("analyst", "admin")
    def export(self, name: str, kind: str = "csv") -> None:
        """Write the cleaned table into the outbox."""
        if kind not in {"csv", "xlsx"}:
            raise unknown("kind of file", kind, ("csv", "xlsx"))
        plain = plain_name(name)
        if not plain:
            raise WorkbenchError("the file has no name", next_step="Give it one.")
        self.progress("Writing the file", 0, 1)
        self.wb.config.outbox.mkdir(parents=True, exist_ok=True)
        to = self.wb.config.outbox / f"{plain.removesuffix('.csv').removesuffix('.xlsx')}.{kind}"
        if to.exists():
            raise WorkbenchError("there is a file of that name in the outbox", got=to.name, next_step="Choose another name.")
        self._on_bench().export(to)
        self.notice = Notice("good", f"Written: outbox/{to.name}, {count(self.whole)} rows.")
        self.dialog = None

    @command("analyst", "admin")
    def hand_on(self, layout: str, why: str = "", do: str = "look") -> None:
        """Let onboarding say what would become of every line, or load the lines into the register."""
        end = self._dialog(Finish)
        end.layout = layout
        loading = do == "load"
        if loading and not why.strip():
            raise WorkbenchError("loading needs a reason", next_step="Say in a few words why these lines come in.")
        self.progress("Asking the register", 0, 1)
        intake = self._taken_in(layout, why.strip() or "dry run", dry_run=not loading)
        end.outcome, end.looked = _intake_words(intake), not intake.refused
        if loading and not intake.refused:
            self.dialog = None
            self.notice = Notice("good", end.outcome["says"])

    @command("analyst", "admin")
    def save_register(self, why: str = "") -> None:
        """Write the edited documents back into the register; one that cannot be as edited is listed with the reason."""
        end = self._dialog(Finish)
        if not why.strip():
            raise WorkbenchError("saving needs a reason", next_step="Say in a few words why this is right.")
        self.progress("Saving", 0, 1)
        done = self._on_bench().save(why=why.strip())
        end.outcome, end.edited = _saved_words(done), len(done.refused)
        self.notice = Notice("warning" if done.refused else "good", end.outcome["says"])

    # ---- inside

    def within(self, facet: OpenFacet, value: Any) -> bool:
        """Say whether a bar of a range facet lies in the chosen range, or none is chosen."""
        chosen = self.filter_of(facet)
        if chosen is None:
            return True
        low, high = chosen.get("low"), chosen.get("high")
        if facet.kind == "date":
            return (not low or value.high >= low) and (not high or value.low <= high)
        return (not low or float(value.high) >= float(low)) and (not high or float(value.low) <= float(high))

    @property
    def of_register(self) -> bool:
        """Whether the rows are documents of the register."""
        return self.bench.source.get("kind", "file") != "file"

    @property
    def project_lines(self) -> list[ProjectLine]:
        """The projects begun before, with what they are."""
        return [
            ProjectLine(
                str(row["name"]), f"{row['source']}, {count(int(row['steps']))} {'step' if row['steps'] == 1 else 'steps'}"
            )
            for row in self.projects
        ]

    @property
    def _recipes(self) -> Path:
        """Where the society keeps its recipes."""
        return self.wb.config.rules / "cleaning"

    def _taken_in(self, layout: str, why: str, *, dry_run: bool) -> Any:
        """Let onboarding read the table as it stands, from a file that is exactly what it says."""
        with TemporaryDirectory(prefix="workbench-") as folder:
            file = self.bench.export(Path(folder) / f"{self.bench.name}.csv", exact=True)
            return self.wb.onboarding.load(file, layout=layout, why=why, dry_run=dry_run, progress=self.progress)


def _step_words(step: Any) -> str:
    """Return what a step changed, and what it passed over."""
    return " ".join([rows_words(step.changed_rows), *(f"Passed over: {note}." for note in step.notes[:2])]) + " "


def _intake_words(intake: Any) -> dict[str, Any]:
    lines = [(str(each.line or ""), each.field, each.message, each.what_to_do) for each in intake.findings[:MOST_FINDINGS]]
    return {"says": str(intake), "findings": lines, "more": len(intake.findings) - len(lines)}


def _saved_words(done: Any) -> dict[str, Any]:
    lines = [(entity_id, "", reason, "Look at it in the register.") for entity_id, reason in done.refused[:MOST_FINDINGS]]
    says = f"{count(len(done.saved))} saved"
    says += f", {count(len(done.refused))} refused" if done.refused else ""
    return {"says": f"{says}.", "findings": lines, "more": len(done.refused) - len(lines)}
