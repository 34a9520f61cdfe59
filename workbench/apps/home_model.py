"""The home page's model: what waits for somebody, and what was done last."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, select

from ..api import Workbench
from ..core.journal import journal
from .session import PageModel, Roles, command

NEWS = 12


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
        self.news = self._news()

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
        return [News(at, who, why, _counted(count, kind)) for at, who, why, kind, count, _ in rows]


def _counted(count: int, kind: str) -> str:
    return f"1 {kind}" if count == 1 else f"{count:,} × {kind}"
