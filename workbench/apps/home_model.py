"""The home page's model: what waits for somebody, and what was done last."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, select

from ..api import Workbench
from ..core.journal import journal
from .parts import about, count
from .session import PageModel, Roles, command

NEWS = 12
NAMES = {"usage_batch": "usage report", "match_run": "matching run", "staff": "staff account", "run": "distribution run"}


@dataclass(frozen=True, slots=True)
class Tile:
    """One thing that may wait for somebody, with the page that deals with it."""

    page: str
    title: str
    figure: str
    says: str
    does: str


@dataclass(frozen=True, slots=True)
class News:
    """One change set: who did what when, and why."""

    at: str
    who: str
    why: str
    what: str


class HomeModel(PageModel):
    """What waits for somebody, and what was done last."""

    def __init__(self, wb: Workbench, roles: Roles, logs: Path | None = None) -> None:
        super().__init__(wb, roles, logs)
        self.tiles: list[Tile] = []
        self.news: list[News] = []
        self.do("refresh")

    @command()
    def refresh(self) -> None:
        """Look again."""
        cleaning = [self._cleaning()] if self._roles() & {"analyst", "admin"} else []
        self.tiles = [*cleaning, self._doubts(), self._runs(), self._changes()]
        self.news = self._news()

    def _cleaning(self) -> Tile:
        projects = len(self.wb.cleaning.projects())
        says = (
            f"{'table is' if projects == 1 else 'tables are'} on the cleaning bench. Go on where you left, or open another."
            if projects
            else "tables are on the cleaning bench. Open a file from the inbox and make it right before it comes in."
        )
        return Tile("cleaning", "Cleaning", count(projects), says, "Go to the bench")

    def _doubts(self) -> Tile:
        stake = self.wb.matching.summary().stakes["doubtful"]
        says = (
            f"{'line waits' if stake.lines == 1 else 'lines wait'} for somebody to say what was played; "
            f"{about(stake.micros, self.wb.config.currency)} depends on it."
            if stake.lines
            else "Every reported line is matched or ruled on."
        )
        return Tile("match_review", "Match review", count(stake.lines), says, "Review matches")

    def _runs(self) -> Tile:
        runs = self.wb.distribution.runs()
        states = runs["state"].value_counts().to_dict()
        prepared, approved = int(states.get("prepared", 0)), int(states.get("approved", 0))
        periods = sorted(set(self.wb.distribution.pools()["period"]))
        if prepared:
            says = f"{'run waits' if prepared == 1 else 'runs wait'} for a second person to approve."
        elif approved:
            says = f"{'run is' if approved == 1 else 'runs are'} approved and can be sealed."
        else:
            says = "runs are open."
        if periods:
            says += f" Money waits for {', '.join(periods[:4])}{' …' if len(periods) > 4 else ''}."
        return Tile("distribution_run", "Distribution", count(prepared or approved), says, "Go to the runs")

    def _changes(self) -> Tile:
        state = self.wb.sync.state()
        changes, conflicts = int(state["to_push"]), int(state["open_conflicts"])
        says = "change to send" if changes == 1 else "changes to send"
        says += " to the central instance." if state["registered"] else "; this instance is not registered yet."
        if conflicts:
            says += f" {count(conflicts)} {'conflict waits' if conflicts == 1 else 'conflicts wait'} for a decision."
        return Tile("sync", "Synchronise", count(changes), says, "Synchronise")

    def _news(self) -> list[News]:
        newest = func.max(journal.c.seq)
        columns = [journal.c.at, journal.c.who, journal.c.why, journal.c.kind, func.count(), newest]
        query = (
            select(*columns)
            .group_by(journal.c.change_set, journal.c.at, journal.c.who, journal.c.why, journal.c.kind)
            .order_by(newest.desc())
            .limit(NEWS)
        )
        with self.wb.book.read() as connection:
            rows = connection.execute(query).all()
        return [News(at, who, why, _counted(number, kind)) for at, who, why, kind, number, _ in rows]


def _counted(number: int, kind: str) -> str:
    name = NAMES.get(kind, kind)
    return f"1 {name}" if number == 1 else f"{count(number)} × {name}"
