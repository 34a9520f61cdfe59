"""Performances: concerts and broadcasts with the set list that was played."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import pandas as pd
from sqlalchemy import Connection

from ..core import documents
from ..core.documents import Document, Kind, part_table, reference, root_table
from ..core.store import whole, words
from . import rules
from .checks.desk import CheckedDesk
from .licences import licence
from .search.desk import Finder
from .works import work

performance = root_table(
    "performance",
    words("kind"),  # concert | broadcast
    words("name"),
    words("venue"),
    words("territory"),
    words("held_on"),
    reference("licence_id", licence, required=False),
    words("ends_on"),  # of a tour or a festival; empty: one day
    words("city"),
    words("promoter"),
    words("channel"),  # of a broadcast
)
performance_item = part_table(
    "performance_item",
    performance,
    words("title"),
    words("performer"),
    words("writers"),
    whole("duration_seconds", nullable=True),
    reference("work_id", work, required=False),
)
PERFORMANCE = Kind("performance", "E", performance, {"items": performance_item})


@dataclass(frozen=True, slots=True)
class SetListItem:
    """One thing played, as the set list says it; `work_id` once it is known."""

    title: str
    performer: str = ""
    writers: str = ""
    duration_seconds: int | None = None
    work_id: str | None = None


@dataclass(frozen=True, slots=True)
class Performance:
    """A concert or a broadcast on one day."""

    name: str
    held_on: str
    kind: str = "concert"
    venue: str = ""
    territory: str = ""
    licence_id: str | None = None
    ends_on: str = ""
    city: str = ""
    promoter: str = ""
    channel: str = ""
    items: tuple[SetListItem, ...] = ()
    status: str = ""
    id: str = ""
    version: int = 0


class Performances(CheckedDesk[Performance]):
    """The desk for performances; their set lists become usage through `wb.usage.capture`."""

    kind = PERFORMANCE
    thing = Performance
    parts: ClassVar[Mapping[str, type]] = {"items": SetListItem}

    def search(self, text: str, limit: int = 20) -> pd.DataFrame:
        """Return the performances whose name, venue or performers are most like `text`, best first.

        Columns: id, score (0 to 100), name, venue, held_on, items (how many), matched, matched_as.
        """
        hits = Finder(self.office).find(("performance",), text, limit)
        with self.office.book.read() as connection:
            found = documents.load_many(connection, PERFORMANCE, [hit.entity_id for hit in hits])
        rows = []
        for hit in hits:
            one = found[hit.entity_id]
            rows.append(
                (one["id"], hit.score, one["name"], one["venue"], one["held_on"], len(one["items"]), hit.matched, hit.matched_as)
            )
        return pd.DataFrame(rows, columns=["id", "score", "name", "venue", "held_on", "items", "matched", "matched_as"])

    def _valid(self, document: Document) -> None:
        where = rules.place(document, "performance")
        rules.one_of(document, "kind", rules.PERFORMANCE_KINDS, where)
        rules.filled(document, "name", where)
        rules.filled(document, "held_on", where)
        rules.period(document, where, "held_on", "ends_on")
        rules.territory(document, "territory", where)
        for position, row in enumerate(document["items"], start=1):
            where = rules.place(document, "performance", "items", position)
            rules.filled(row, "title", where)
            rules.not_negative(row, "duration_seconds", where)

    def _rows(self, _connection: Connection, found: list[Document]) -> list[dict[str, Any]]:
        return [
            {
                "id": one["id"],
                **{name: one[name] for name in self.kind.fields},
                "items": len(one["items"]),
                "known_works": sum(row["work_id"] is not None for row in one["items"]),
                "duration_seconds": sum(row["duration_seconds"] or 0 for row in one["items"]),
            }
            for one in found
        ]
