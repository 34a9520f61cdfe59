"""A foreign society's view: the works its members hold shares in, with numbers and societies instead of names."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from ..core.canonical import csv_bytes
from ..core.store import Book
from ..sync.changes import Document
from .tables import feed, holding, work_number
from .visibility import Viewer

COLUMNS = (
    "work_id", "central_number", "iswc", "title", "party_id", "ipi_name_number", "ipi_base_number", "role",
    "performing_society", "performing_ppm", "mechanical_society", "mechanical_ppm", "changed_at",
)  # fmt: skip
"""One line of the CSV form: a share of a work."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of works; `next_after` begins the next one."""

    works: list[dict[str, Any]]
    next_after: int
    more: bool


def foreign_view(book: Book, code: str, society: str, *, since: str = "", after: int = 0, limit: int = 1_000) -> Page:
    """Return works in which a party affiliated to `society` holds a share, as far as the instance `code` may see them.

    `since` is a UTC instant or date: only works changed at the central instance from then on. Ordered by their last change.
    """
    with book.read() as connection:
        viewer = Viewer(connection, code)
        parties = _Parties(connection)
        query = (
            select(holding.c.entity_id, holding.c.document, holding.c.feed_seq, feed.c.at)
            .join(feed, feed.c.seq == holding.c.feed_seq)
            .where(holding.c.kind == "work", holding.c.feed_seq > after)
            .order_by(holding.c.feed_seq)
        )
        if since:
            query = query.where(feed.c.at >= since)
        works: list[dict[str, Any]] = []
        last = after
        for row in connection.execute(query):
            if len(works) == limit:
                return Page(works, last, True)
            work = json.loads(row.document)
            last = int(row.feed_seq)
            if viewer.may_see("work", row.entity_id, work) and _concerns(work, parties, society):
                works.append({**_view(connection, row.entity_id, work, parties), "changed_at": row.at})
        return Page(works, last, False)


def as_csv(page: Page) -> bytes:
    """Return a page as CSV, one line for each share."""
    lines = []
    for work in page.works:
        for share in work["shares"]:
            both = {**work, **share}
            lines.append([both.get(name, "") for name in COLUMNS])
    return csv_bytes(COLUMNS, lines)


class _Parties:
    """Parties as they now are, each read once."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.known: dict[str, Document] = {}

    def get(self, party_id: str) -> Document:
        if party_id not in self.known:
            query = select(holding.c.document).where(holding.c.kind == "party", holding.c.entity_id == party_id)
            text = self.connection.execute(query).scalar()
            self.known[party_id] = json.loads(text) if text else {}
        return self.known[party_id]

    def society(self, party_id: str, right: str) -> str:
        rows = self.get(party_id).get("affiliations") or []
        return next((str(row.get("society", "")) for row in rows if row.get("right") == right), "")


def _concerns(work: Document, parties: _Parties, society: str) -> bool:
    return any(
        row.get("society") == society
        for share in work.get("shares") or []
        for row in parties.get(str(share.get("party_id"))).get("affiliations") or []
    )


def _view(connection: Connection, work_id: str, work: Document, parties: _Parties) -> dict[str, Any]:
    number = connection.execute(select(work_number.c.central_number).where(work_number.c.work_id == work_id)).scalar()
    shares = []
    for share in work.get("shares") or []:
        party_id = str(share.get("party_id", ""))
        party = parties.get(party_id)
        names = [row.get("ipi_name_number", "") for row in party.get("names") or []]
        shares.append(
            {
                "party_id": party_id,
                "ipi_name_number": next((name for name in names if name), ""),
                "ipi_base_number": party.get("ipi_base_number", ""),
                "role": share.get("role", ""),
                "performing_society": parties.society(party_id, "performing"),
                "performing_ppm": share.get("performing_ppm", 0),
                "mechanical_society": parties.society(party_id, "mechanical"),
                "mechanical_ppm": share.get("mechanical_ppm", 0),
            }
        )
    return {
        "work_id": work_id,
        "central_number": number or "",
        "iswc": work.get("iswc", ""),
        "title": work.get("title", ""),
        "titles": work.get("titles") or [],
        "shares": shares,
    }
