"""The sync page's model: where this book stands with the central instance, the exchange, and the conflicts a person decides."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..api import Workbench
from ..core.errors import WorkbenchError
from .session import Notice, PageModel, Roles, command

WORDS = {
    "accepted": "accepted",
    "merged": "merged with others' changes",
    "same": "known there already",
    "conflict": "in conflict",
    "conflicts": "in conflict",
    "waiting": "waiting for something they refer to",
    "quarantined": "refused, listed below",
    "duplicate": "sent before",
    "applied": "taken in",
    "held": "kept until what they refer to arrives",
    "settled": "conflicts settled",
}


@dataclass(frozen=True, slots=True)
class Dispute:
    """One thing two people changed differently: each field in dispute with what both started from, ours and theirs."""

    id: str
    kind: str
    entity_id: str
    other: str
    opened_at: str
    fields: tuple[tuple[str, str, str, str], ...]
    """(field, base, ours, theirs), as text."""


class SyncModel(PageModel):
    """One book's exchange with the central instance."""

    def __init__(self, wb: Workbench, roles: Roles, logs: Path | None = None) -> None:
        super().__init__(wb, roles, logs)
        self.state: dict[str, Any] = {}
        self.disputes: list[Dispute] = []
        self.held: list[dict[str, Any]] = []
        self.offline = ""
        self.do("refresh")

    @command()
    def refresh(self) -> None:
        """Read this book's own state again; asks nobody."""
        self.state = self.wb.sync.state()
        rows: dict[str, list[dict[str, Any]]] = {}
        for row in self.wb.sync.conflicts().to_dict("records"):
            rows.setdefault(row["conflict_id"], []).append(row)
        self.disputes = [_dispute(conflict_id, each) for conflict_id, each in rows.items()]
        self.held = self.wb.sync.held().to_dict("records")

    @command("admin")
    def register(self, url: str, secret: str) -> None:
        """Register this instance with the token the central operator gave."""
        if not secret.strip():
            raise WorkbenchError("no token", expected="the token the central operator gave", next_step="Paste it.")
        self._ask(lambda: self.wb.sync.register(url=url.strip(), secret=secret.strip()))
        if not self.offline:
            self.notice = Notice("good", f"This instance is registered with {self.state['central_url']}.")

    @command("analyst", "admin")
    def push(self) -> None:
        """Send our changes."""
        answer = self._ask(lambda: self.wb.sync.push(progress=self.progress))
        self._say("Sent", answer)

    @command("analyst", "admin")
    def pull(self) -> None:
        """Take in what others changed."""
        answer = self._ask(lambda: self.wb.sync.pull(progress=self.progress))
        self._say("Came in", answer)

    @command("analyst", "admin")
    def exchange(self) -> None:
        """Send ours, take in theirs, and send what merging made."""
        answer = self._ask(lambda: self.wb.sync.exchange(progress=self.progress))
        if answer is not None:
            self.notice = Notice("good", f"Sent: {_counted(answer['push'])}. Came in: {_counted(answer['pull'])}.")

    @command("analyst")
    def resolve(self, conflict_id: str, keep: str, why: str = "") -> None:
        """Decide a conflict for ours or theirs; both stay in the history."""
        if not why.strip():
            raise WorkbenchError("a decision needs a reason", next_step="Say in a few words why this value is right.")
        self.wb.sync.resolve(conflict_id, keep=keep, why=why)
        self.refresh()
        self.notice = Notice(
            "good", f"Decided: {'ours' if keep == 'ours' else 'theirs'} is kept. The other side hears of it at the next exchange."
        )

    def _ask(self, step: Any) -> Any:
        """Do a step that needs the central instance; when nobody answers, say so calmly, for nothing is lost."""
        self.offline = ""
        try:
            return step()
        except WorkbenchError as error:
            if type(error).__name__ != "Unreachable":
                raise
            self.offline = str(error)
            return None
        finally:
            self.refresh()

    def _say(self, what: str, answer: dict[str, Any] | None) -> None:
        if answer is not None:
            self.notice = Notice("good", f"{what}: {_counted(answer)}.")


def _counted(answer: dict[str, Any]) -> str:
    parts = [f"{answer[name]:,} {says}" for name, says in WORDS.items() if isinstance(answer.get(name), int) and answer[name]]
    return ", ".join(parts) or "nothing new"


def _dispute(conflict_id: str, rows: list[dict[str, Any]]) -> Dispute:
    first = rows[0]
    fields = tuple((row["field"], _text(row["base"]), _text(row["ours"]), _text(row["theirs"])) for row in rows)
    return Dispute(conflict_id, first["kind"], first["entity_id"], first["other"], first["opened_at"], fields)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if value is None or value != value:
        return ""
    if isinstance(value, list):
        return "\n".join(_row(each) for each in value) or "(none)"
    return json.dumps(value, ensure_ascii=False)


def _row(each: Any) -> str:
    if not isinstance(each, dict):
        return str(each)
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in each.items() if value not in ("", None))
