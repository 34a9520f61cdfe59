"""What chains are made of, read from the book: agreements as links, the shares of works, who belongs to which society."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, func, literal, select

from ...core import documents
from ...core.documents import Document
from .. import rules
from ..agreement_tables import AGREEMENT, agreement, agreement_share, agreement_territory, agreement_work
from ..desk import in_chunks
from ..parties import party, party_affiliation
from ..recordings import recording, recording_contributor
from ..works import work, work_share
from .resolving import AgreementLink, agreement_links, by_assignor
from .sets import SharesOfWorks
from .societies import Members, Society

MANY = 2_000
"""From so many ids on, the whole table is read instead of asking for each."""


@dataclass(frozen=True)
class Checked:
    """What the check of all agreements needs: the agreements, and of works and parties what they rest on."""

    documents: Sequence[Document]
    parties_of_works: Sequence[tuple[str, str]]
    """(work id, party id) of the works that agreements name."""
    owners: frozenset[tuple[str, str]]
    """(party id, right) of everybody who owns something."""
    societies: frozenset[str]


def links_from(connection: Connection, parties: set[str]) -> dict[str, list[AgreementLink]]:
    """Return the links that start from these parties or from those they lead to, by assignor."""
    found: dict[str, Document] = {}
    asked: set[str] = set()
    wanted = set(parties)
    while wanted:
        if len(wanted) > documents.CHUNK:
            found = documents.load_many(connection, AGREEMENT)
            break
        query = select(agreement.c.id).where(agreement.c.assignor_party_id.in_(wanted))
        new = documents.load_many(connection, AGREEMENT, list(connection.execute(query).scalars()))
        found.update(new)
        asked |= wanted
        wanted = {one["acquirer_party_id"] for one in new.values()} - asked
    return by_assignor(link for one in found.values() if one["status"] not in rules.GONE for link in agreement_links(one))


def all_links(connection: Connection, right: str) -> list[AgreementLink]:
    """Return every agreement that gives a right as a link; read column by column, many times faster than document by document."""
    territories = _by_owner(connection, agreement_territory, "indicator", "territory")
    works = _by_owner(connection, agreement_work, "indicator", "work_id")
    names = ("assignor_party_id", "acquirer_party_id", "kind", "starts_on", "ends_on", "scope", "retention_ends_on",
             "collection_ends_on", "prior_royalties", "prior_royalties_on", "number", "status")  # fmt: skip
    columns = (agreement.c[name] for name in names)
    query = (
        select(agreement.c.id, agreement_share.c.share_ppm, *columns)
        .join(agreement_share, agreement_share.c.owner_id == agreement.c.id)
        .where(agreement_share.c.right == right, agreement.c.status.not_in(rules.GONE))
        .order_by(agreement.c.id)
    )
    return [
        AgreementLink(
            one, assignor, acquirer, right, ppm, kind, starts, ends, territories.get(one, ()), works.get(one, ()), *more
        )
        for one, ppm, assignor, acquirer, kind, starts, ends, *more in connection.execute(query).all()
    ]


def shares_of(connection: Connection, kind: str, ids: Sequence[str] | None) -> tuple[SharesOfWorks, list[str]]:
    """Return the share rows of works (or of recordings: their producers' parts), and the ids that exist and are not gone."""
    if kind == "recording":
        root, part = recording, recording_contributor
        published, year = literal("").label("published_on"), recording.c.recorded_year
        amounts: list[Any] = [*(literal(0).label(right) for right in rules.OWNED_RIGHTS), part.c.share_ppm]
    else:
        root, part = work, work_share
        published, year = work.c.published_on, work.c.created_year  # type: ignore[assignment]
        amounts = [*(part.c[f"{right}_ppm"] for right in rules.OWNED_RIGHTS), literal(0).label("neighbouring")]
    roots = select(root.c.id, published, year).where(root.c.status.not_in(rules.GONE))
    plain = ("owner_id", "position", "party_id", "role", "territory", "starts_on", "ends_on")
    rows = select(*(part.c[name] for name in plain), *amounts)
    first = select(part.c.owner_id, func.min(part.c.starts_on)).group_by(part.c.owner_id).having(func.min(part.c.starts_on) != "")
    known = {row[0]: row[1] or (f"{row[2]}-12-31" if row[2] else "") for row in _of(connection, roots, root.c.id, ids)}
    first_on = {**known, **{row[0]: row[1] for row in _of(connection, first, part.c.owner_id, ids) if row[0] in known}}
    found = [row for row in _of(connection, rows, part.c.owner_id, ids) if row[0] in known]
    return SharesOfWorks(found, {one: day for one, day in first_on.items() if day}), sorted(known)


def members_of(connection: Connection, parties: Iterable[str]) -> Members:
    """Return the societies that are registered as parties, and the affiliations of these parties."""
    codes = select(party.c.id, party.c.society_code, party.c.territory).where(
        party.c.society_code != "", party.c.status.not_in(rules.GONE)
    )
    societies = {
        row.society_code: Society(row.id, row.society_code, row.territory)
        for row in connection.execute(codes.order_by(party.c.id.desc()))
    }
    affiliations: dict[str, list[dict[str, Any]]] = {}
    for row in in_chunks(connection, select(party_affiliation), party_affiliation.c.owner_id, sorted(parties)):
        affiliations.setdefault(row.owner_id, []).append(dict(row._mapping))
    return Members(societies, affiliations)


def checked(connection: Connection, entity_id: str = "") -> Checked:
    """Return what the check of all agreements needs, or of one: those its assignor's rights come from and go to.

    Agreements that are gone are left out.
    """
    ids = None
    if entity_id:
        assignor = documents.load(connection, AGREEMENT, entity_id)["assignor_party_id"]
        giving, taking = agreement.c.assignor_party_id, agreement.c.acquirer_party_id
        ids = sorted(_led(connection, giving, taking, assignor) | _led(connection, taking, giving, assignor))
    found = [one for one in documents.load_many(connection, AGREEMENT, ids).values() if one["status"] not in rules.GONE]
    named = sorted({row["work_id"] for one in found for row in one["works"] if row["indicator"] == "I"})
    pairs = select(work_share.c.owner_id, work_share.c.party_id).distinct()
    parties = None if ids is None else sorted({one["assignor_party_id"] for one in found})
    owners = {
        (row[0], right)
        for right in rules.OWNED_RIGHTS
        for row in _of(
            connection,
            select(work_share.c.party_id).where(work_share.c[f"{right}_ppm"] > 0).distinct(),
            work_share.c.party_id,
            parties,
        )
    }
    societies = connection.execute(select(party.c.id).where(party.c.society_code != "")).scalars()
    return Checked(
        sorted(found, key=lambda one: one["id"]),
        sorted((row[0], row[1]) for row in _of(connection, pairs, work_share.c.owner_id, named)),
        frozenset(owners),
        frozenset(societies),
    )


def _led(connection: Connection, here: ColumnElement[str], there: ColumnElement[str], start: str) -> set[str]:
    """The agreements that lead on from a party, and from those they lead to: forward, or with the columns the other way back."""
    found: set[str] = set()
    passed: set[str] = set()
    wanted = {start}
    while wanted:
        passed |= wanted
        rows = list(in_chunks(connection, select(agreement.c.id, there), here, sorted(wanted)))
        found |= {row[0] for row in rows}
        wanted = {row[1] for row in rows} - passed
    return found


def _of(connection: Connection, query: Any, column: Any, ids: Sequence[str] | None) -> Iterable[Any]:
    """The rows of a query that begins with the column of the ids."""
    if ids is None or len(ids) > MANY:
        wanted = None if ids is None else set(ids)
        found = connection.execute(query).all()
        return found if wanted is None else [row for row in found if row[0] in wanted]
    return in_chunks(connection, query, column, ids)


def _by_owner(connection: Connection, table: Table, first: str, second: str) -> dict[str, tuple[tuple[str, str], ...]]:
    found: dict[str, list[tuple[str, str]]] = {}
    query = select(table.c.owner_id, table.c[first], table.c[second]).order_by(table.c.owner_id, table.c.position)
    for owner, one, other in connection.execute(query).all():
        found.setdefault(owner, []).append((one, other))
    return {owner: tuple(rows) for owner, rows in found.items()}
