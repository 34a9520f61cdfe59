"""The review page's model: one doubt after the other, dearest first, and no ruling of anybody lost.

A ruling says which version of the doubt the person saw. When a colleague ruled meanwhile, ours is not written: the page says who
ruled what, and goes on with the next doubt.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from ..api import Workbench
from ..core.errors import Conflict, WorkbenchError
from .parts import ago
from .session import Notice, PageModel, Roles, command

MOST_CANDIDATES = 5
FOUND = 8


@dataclass(frozen=True, slots=True)
class Found:
    """One thing found by hand."""

    kind: str
    id: str
    title: str
    people: str
    code: str


@dataclass(frozen=True, slots=True)
class Ruled:
    """One ruling made at this page, so that it can be undone."""

    id: str
    key: str
    title: str


class ReviewModel(PageModel):
    """The queue of doubts as one person sees it."""

    def __init__(self, wb: Workbench, roles: Roles, logs: Path | None = None) -> None:
        super().__init__(wb, roles, logs)
        self.queue: deque[Any] = deque()
        self.batch = ""
        self.batches: list[tuple[str, str]] = []
        self.made: list[Ruled] = []
        self.today = 0
        self.found: list[Found] | None = None
        self.asked = ""
        self.help = False
        self.do("refresh")

    @property
    def doubt(self) -> Any:
        """The doubt to rule on now; None when none is left."""
        return self.queue[0] if self.queue else None

    @property
    def candidates(self) -> tuple[Any, ...]:
        """The candidates that have a key of their own."""
        return self.doubt.candidates[:MOST_CANDIDATES] if self.doubt else ()

    @command()
    def refresh(self) -> None:
        """Read the queue again, and what this person ruled today."""
        self.progress("Reading the queue", 0, 1)
        self._read()
        made = self.wb.matching.rulings()
        mine = made[(made["who"] == self.user) & made["at"].str.startswith(datetime.now(UTC).date().isoformat())]
        self.today = int((mine["withdrawn_by"] != self.user).sum())

    @command()
    def look_at(self, value: str) -> None:
        """Show the doubts of one usage batch, or of all for an empty text."""
        self.batch = value
        self._read()

    @command("analyst")
    def choose(self, number: int, key: str, why: str = "") -> None:
        """Rule that the line is the candidate with this number, from 1."""
        if not self._is_shown(key):
            return
        if not 1 <= int(number) <= len(self.candidates):
            raise WorkbenchError("no candidate has this number", got=number, expected=f"1 to {len(self.candidates)}")
        candidate = self.candidates[int(number) - 1]
        self._rule(why or self.reason(int(number)), candidate.title or candidate.id, **{candidate.kind: candidate.id})

    @command("analyst")
    def take(self, kind: str, id: str, key: str, why: str = "") -> None:  # noqa: A002  the field's word on the page
        """Rule that the line is a work or recording found by hand."""
        if not self._is_shown(key):
            return
        if kind not in ("work", "recording"):
            raise WorkbenchError("neither a work nor a recording", got=kind)
        self._rule(why or "found by hand in match review", id, **{kind: id})

    @command("analyst")
    def nothing(self, key: str, why: str = "") -> None:
        """Rule that the line is not in the repertoire."""
        if self._is_shown(key):
            self._rule(why or "no candidate fits, compared by eye in match review", "not in our repertoire", none=True)

    @command("analyst")
    def skip(self, key: str) -> None:
        """Leave the doubt for later: it goes to the end of this queue."""
        if self._is_shown(key):
            self.queue.rotate(-1)
            self._next()

    @command("analyst")
    def undo(self) -> None:
        """Withdraw the last ruling made at this page, and show its doubt again."""
        if not self.made:
            raise WorkbenchError("there is nothing to undo", expected="a ruling made on this page since it was opened")
        last = self.made[-1]
        try:
            self.wb.matching.withdraw(last.id, why="undone in match review")
        except Conflict:
            self.made.pop()
            raise
        self.made.pop()
        self.today = max(self.today - 1, 0)
        self._read(first=last.key)
        self.notice = Notice("info", f"Undone: {last.title} waits for a ruling again.")

    @command()
    def search(self, text: str, people: str = "") -> None:
        """Find recordings and works by title or number, narrowed by a performer or writer."""
        self.asked = text.strip()
        if not self.asked:
            self.found = None
            return
        recordings = self.wb.recordings.search(self.asked, artist=people, limit=FOUND)
        works = self.wb.works.search(self.asked, writer=people, limit=FOUND)
        ranked = [
            (float(row["score"]), Found(kind, row["id"], row["title"], _text(row[who]), _text(row[code])))
            for kind, frame, who, code in (("recording", recordings, "main_artist", "isrc"), ("work", works, "writers", "iswc"))
            for row in frame.to_dict("records")
        ]
        ranked.sort(key=lambda pair: (-pair[0], pair[1].id))
        self.found = [each for _, each in ranked[:FOUND]]

    @command()
    def toggle_help(self) -> None:
        """Show or hide what the keys do."""
        self.help = not self.help

    def reason(self, number: int) -> str:
        """Return the reason written when the person gives none: which fields speak for the candidate."""
        helping = [_named(part.field) for part in self.candidates[number - 1].fields if part.points > 0]
        return f"compared by eye in match review: {', '.join(helping)} agree" if helping else "compared by eye in match review"

    def _is_shown(self, key: str) -> bool:
        """Say whether a click is about the doubt on the page; one that came late is about a doubt that has gone."""
        if self.doubt is None or self.doubt.key != key:
            self.notice = Notice("info", "That doubt has left the page already; this is the next one.")
            return False
        return True

    def _rule(self, why: str, as_what: str, **target: Any) -> None:
        doubt = self.doubt
        try:
            made = self.wb.matching.rule(doubt.key, why=why, seen_version=doubt.version, **target)
        except Conflict:
            self.notice = Notice("warning", f"{self._what_was_ruled(doubt)} Yours was not written; here is the next doubt.")
            self.queue.popleft()
            self._next()
            return
        self.made.append(Ruled(made.id, doubt.key, doubt.title))
        self.today += 1
        self.notice = Notice("good", f"Ruled: {doubt.title} is {as_what}. {_lines(doubt.lines)} decided.")
        self.queue.popleft()
        self._next()

    def _what_was_ruled(self, doubt: Any) -> str:
        made = self.wb.matching.rulings()
        rows = made[made["key"] == doubt.key].to_dict("records")
        if not rows:
            return f"The register changed while you looked at {doubt.title}."
        last = rows[-1]
        if last["withdrawn_at"]:
            return f"{last['withdrawn_by']} withdrew a ruling on {doubt.title} {ago(last['withdrawn_at'])}."
        names = {each.id: each.title for each in doubt.candidates}
        target = last["target_id"]
        what = f"{names[target]} ({target})" if names.get(target) else target or "not in our repertoire"
        return f"{last['who']} ruled on {doubt.title} {ago(last['at'])}: {what} – {last['why']}."

    def _next(self) -> None:
        """Pass over doubts that colleagues ruled on while they waited in this queue."""
        self.found, self.asked = None, ""
        while self.doubt is not None and self.wb.matching.explain(self.doubt.key).state != "doubtful":
            self.queue.popleft()

    def _read(self, first: str = "") -> None:
        self.queue = deque(self.wb.matching.queue(self.batch or None, limit=None))
        if first:
            self.queue = deque(sorted(self.queue, key=lambda doubt: doubt.key != first))
        frame = self.wb.usage.batches()
        self.batches = [(row["id"], f"{row['file_name'] or 'by hand'}, {row['period']}") for row in frame.to_dict("records")]
        self.found, self.asked = None, ""


def _named(field: str) -> str:
    return field.upper() if field in ("isrc", "iswc") else field


def _lines(number: int) -> str:
    return "1 line" if number == 1 else f"{number:,} lines"


def _text(value: Any) -> str:
    return value if isinstance(value, str) else "" if value is None or pd.isna(value) else str(value)
