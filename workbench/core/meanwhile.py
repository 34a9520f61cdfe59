"""Somebody else was faster: who changed which fields of a document since it was loaded, when and why, told from the journal.

this work was changed by b.otieno at 2026-01-02T10:00:00Z: title: Taa -> Taa ya Pwani (why: misspelt): got version 1, ...
error.changes[0].who, .at, .why, .fields["title"]          # the same as facts
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from .errors import Conflict
from .journal import journal, read_document

SHOWN = 3
"""Changes told in the sentence; the attribute has them all."""


@dataclass(frozen=True, slots=True)
class Meanwhile:
    """One change that somebody else made; `fields` gives (before, after) for each field that it changed."""

    who: str
    at: str
    why: str
    fields: Mapping[str, tuple[Any, Any]]

    def __str__(self) -> str:
        return f"by {self.who} at {self.at}: {in_words(self.fields) or 'nothing that still differs'} (why: {self.why})"


class ChangedMeanwhile(Conflict):
    """A document is no longer as it was loaded; nothing was written. `changes` says what happened to it since, oldest first."""

    def __init__(self, kind: str, entity_id: str, loaded: int, found: int, changes: Sequence[Meanwhile]) -> None:
        self.changes = tuple(changes)
        told = "; then ".join(str(one) for one in self.changes[-SHOWN:])
        before = len(self.changes) - SHOWN
        super().__init__(
            f"this {kind} was changed {f'{before} times, then ' if before > 0 else ''}{told or 'by someone else'}",
            got=f"version {loaded}",
            expected=f"version {found}",
            where=entity_id,
            next_step="Load it again and make your change to it as it is now.",
        )


def changed_meanwhile(connection: Connection, kind: str, entity_id: str, loaded: int, found: int) -> ChangedMeanwhile:
    """Return the error for a document loaded in version `loaded` that the book now has in version `found`: what happened between.

    Every version has its entry in the journal, so what happened are the last `found - loaded` entries.
    """
    columns = journal.c.seq, journal.c.at, journal.c.who, journal.c.why, journal.c.before, journal.c.after
    query = select(*columns).where(journal.c.kind == kind, journal.c.entity_id == entity_id, journal.c.after.is_not(None))
    rows = connection.execute(query.order_by(journal.c.seq.desc()).limit(max(found - loaded, 0))).all()
    changes = [
        Meanwhile(row.who, row.at, row.why, differences(read_document(row.before), read_document(row.after)))
        for row in reversed(rows)
    ]
    return ChangedMeanwhile(kind, entity_id, loaded, found, changes)


def differences(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> dict[str, tuple[Any, Any]]:
    """Return the fields in which two documents differ as (before, after), in the order of the later one.

    >>> differences({"id": "W-1", "title": "Taa"}, {"id": "W-1", "title": "Taa ya Pwani"})
    {'title': ('Taa', 'Taa ya Pwani')}
    """
    old, new = before or {}, after or {}
    names = [*new, *(name for name in old if name not in new)]
    return {name: (old.get(name), new.get(name)) for name in names if old.get(name) != new.get(name)}


def in_words(fields: Mapping[str, tuple[Any, Any]]) -> str:
    """Return differences as one line of text, long values cut.

    >>> in_words({"title": ("Taa", "Taa ya Pwani")})
    'title: Taa -> Taa ya Pwani'
    """
    return "; ".join(f"{name}: {_short(before)} -> {_short(after)}" for name, (before, after) in fields.items())


def _short(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:57] + "..."
