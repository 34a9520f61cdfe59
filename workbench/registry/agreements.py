"""Agreements: who collects for whom, which rights, where and when; links form a chain from owner to collector."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar

import pandas as pd
from sqlalchemy import Connection, select

from ..core import documents
from ..core.documents import Document, Kind, part_table, reference, root_table
from ..core.errors import Finding
from ..core.shares import TOLERANCE_PPM, WHOLE, format_percent
from ..core.store import whole, words
from ..core.territories import standard_territories
from . import rules
from .chains import AgreementLink, Collected, agreement_links, by_assignor, owned_shares, resolve
from .desk import Desk
from .parties import party, party_names
from .search_desk import Finder
from .works import WORK, work

agreement = root_table(
    "agreement",
    words("kind"),  # OG OS original publishing, PG PS sub-publishing, AS assignment, AD administration
    words("number"),
    reference("assignor_party_id", party, index=True),
    reference("acquirer_party_id", party, index=True),
    words("starts_on"),
    words("ends_on"),
    words("scope"),  # general | implied | specific; empty: as its works say
    words("retention_ends_on"),  # works covered before the end stay with the acquirer until then
    words("collection_ends_on"),  # what was used before the end is still collected until then
    words("signed_on"),
    words("prior_royalties"),  # none | all | from: what was used before the start
    words("prior_royalties_on"),
    words("sales_manufacture"),  # S | M
    words("society_number"),  # the number a society gave the agreement
    words("isac"),  # international standard agreement code
)
agreement_share = part_table(
    "agreement_share", agreement, words("right"), whole("share_ppm")
)  # part of the assignor's share collected
agreement_territory = part_table(
    "agreement_territory", agreement, words("indicator"), words("territory")
)  # I | E, TIS code, in order
agreement_work = part_table("agreement_work", agreement, words("indicator"), reference("work_id", work))  # I | E; none: all works
AGREEMENT = Kind(
    "agreement",
    "A",
    agreement,
    {"shares": agreement_share, "territories": agreement_territory, "works": agreement_work},
)


@dataclass(frozen=True, slots=True)
class AgreementShare:
    """The part of what the assignor would collect that the acquirer collects, for one right."""

    right: str
    share_ppm: int


@dataclass(frozen=True, slots=True)
class AgreementTerritory:
    """A territory (TIS code) taken in (I) or left out (E); entries apply in order, none means everywhere."""

    territory: str
    indicator: str = "I"


@dataclass(frozen=True, slots=True)
class AgreementWork:
    """A work covered (I) or left out (E); none means all works of the assignor."""

    work_id: str
    indicator: str = "I"


@dataclass(frozen=True, slots=True)
class Agreement:
    """One agreement between two parties; both dates are included, an empty one is open."""

    assignor_party_id: str
    acquirer_party_id: str
    kind: str = ""
    number: str = ""
    starts_on: str = ""
    ends_on: str = ""
    scope: str = ""
    retention_ends_on: str = ""
    collection_ends_on: str = ""
    signed_on: str = ""
    prior_royalties: str = ""
    prior_royalties_on: str = ""
    sales_manufacture: str = ""
    society_number: str = ""
    isac: str = ""
    shares: tuple[AgreementShare, ...] = ()
    territories: tuple[AgreementTerritory, ...] = ()
    works: tuple[AgreementWork, ...] = ()
    status: str = ""
    id: str = ""
    version: int = 0


@dataclass(frozen=True)
class Chain:
    """Who collects a work's right in a territory on a day, and the way from each owner there."""

    work_id: str
    right: str
    territory: str
    on: date
    collected: tuple[Collected, ...]
    findings: tuple[Finding, ...]
    names: Mapping[str, str]

    @property
    def total_ppm(self) -> int:
        """What is collected in all; as much as is owned."""
        return sum(one.share_ppm for one in self.collected)

    def frame(self) -> pd.DataFrame:
        """Return one row per end of a way: owner, role, collector, share_ppm, agreements (in order), reason."""
        columns = ["owner_party_id", "owner", "role", "collector_party_id", "collector", "share_ppm", "agreements", "reason"]
        rows = [
            (
                one.owner_party_id,
                self.names[one.owner_party_id],
                one.role,
                one.collector_party_id,
                self.names[one.collector_party_id],
                one.share_ppm,
                " -> ".join(step.agreement_id for step in one.steps),
                "; ".join(step.reason for step in one.steps) or "no agreement: the owner collects",
            )
            for one in self.collected
        ]
        return pd.DataFrame(rows, columns=columns)


class Agreements(Desk[Agreement]):
    """The desk for agreements."""

    kind = AGREEMENT
    thing = Agreement
    parts: ClassVar[Mapping[str, type]] = {
        "shares": AgreementShare,
        "territories": AgreementTerritory,
        "works": AgreementWork,
    }

    def chain(self, work_id: str, *, right: str = "performing", territory: str = "", on: date | str | None = None) -> Chain:
        """Return who collects a work's right in a territory (TIS code, default the society's) on a day (default today).

        Shares follow the agreements from owner to collector, see `chains.resolve`. Raises `NotFound` for an unknown work, right
        or territory.
        """
        rules.one_of({"right": right}, "right", ("performing", "mechanical"), "agreements.chain")
        day = date.fromisoformat(on) if isinstance(on, str) else on or date.today()  # noqa: DTZ011  an agreement ends by the calendar on the wall
        place = territory or self.office.config.territory
        with self.office.book.read() as connection:
            shares = owned_shares(documents.load(connection, WORK, work_id)["shares"])
            table = links_from(connection, {share.party_id for share in shares})
            found = resolve(shares, table, right, place, day, standard_territories().resolve, work_id=work_id)
            people = {share.party_id for share in shares} | {one.collector_party_id for one in found}
            names = party_names(connection, people)
        findings = tuple(dict.fromkeys(finding for one in found for finding in one.findings))
        return Chain(work_id, right, place, day, tuple(found), findings, names)

    def search(self, text: str, limit: int = 20) -> pd.DataFrame:
        """Return the agreements with a number, or with a party whose name is most like `text`, best first.

        Columns: id, score, number, kind, assignor, acquirer, starts_on, ends_on, matched, matched_as.
        """
        hits = Finder(self.office).find(("agreement",), text, limit)
        with self.office.book.read() as connection:
            found = documents.load_many(connection, AGREEMENT, [hit.entity_id for hit in hits])
            rows = {row["id"]: row for row in self._rows(connection, list(found.values()))}
        columns = ["id", "score", "number", "kind", "assignor", "acquirer", "starts_on", "ends_on", "matched", "matched_as"]
        scored = [{"score": hit.score, "matched": hit.matched, "matched_as": hit.matched_as} for hit in hits]
        table = [{**rows[hit.entity_id], **score} for hit, score in zip(hits, scored, strict=True)]
        return pd.DataFrame(table, columns=columns)

    def _valid(self, document: Document) -> None:
        where = rules.place(document, "agreement")
        rules.one_of(document, "kind", rules.AGREEMENT_KINDS, where)
        rules.period(document, where)
        for position, row in enumerate(document["shares"], start=1):
            where = rules.place(document, "agreement", "shares", position)
            rules.one_of(row, "right", rules.RIGHTS, where)
            rules.share(row, "share_ppm", where)
        rules.all_different(document["shares"], "right", rules.place(document, "agreement"))
        for position, row in enumerate(document["territories"], start=1):
            where = rules.place(document, "agreement", "territories", position)
            rules.one_of(row, "indicator", rules.INDICATORS, where)
            rules.filled(row, "territory", where)
            rules.territory(row, "territory", where)
        for position, row in enumerate(document["works"], start=1):
            where = rules.place(document, "agreement", "works", position)
            rules.one_of(row, "indicator", rules.INDICATORS, where)

    def _rows(self, connection: Connection, found: list[Document]) -> list[dict[str, Any]]:
        sides = ("assignor_party_id", "acquirer_party_id")
        names = party_names(connection, (one[side] for one in found for side in sides))
        return [
            {
                "id": one["id"],
                **{name: one[name] for name in self.kind.fields},
                "assignor": names[one["assignor_party_id"]],
                "acquirer": names[one["acquirer_party_id"]],
                "shares": "; ".join(f"{row['right']} {format_percent(row['share_ppm'])} %" for row in one["shares"]),
                "territories": " ".join(
                    f"{'+' if row['indicator'] == 'I' else '-'}{row['territory']}" for row in one["territories"]
                ),
                "works": len(one["works"]),
            }
            for one in found
        ]

    def _findings(self, connection: Connection, found: list[Document]) -> list[Finding]:
        findings = [finding for one in found for finding in judge(one)]
        assignors = {one["assignor_party_id"] for one in found}
        table = links_from(connection, assignors)
        asked = {one["id"] for one in found}
        for assignor in sorted(assignors):
            findings += [finding for finding in overlaps(table.get(assignor, [])) if finding.source in asked]
        return findings


def judge(one: Document) -> list[Finding]:
    """Return what is odd in one agreement by itself: its period, its parties, its shares."""
    findings = []
    if rules.ends_before_it_starts(one):
        findings.append(rules.period_order(one, one, "ends_on"))
    if one["assignor_party_id"] == one["acquirer_party_id"]:
        message = "assignor and acquirer are the same party"
        step = "Correct one of them."
        findings.append(rules.odd(one, "same_party", message, "acquirer_party_id", one["acquirer_party_id"], what_to_do=step))
    if not any(row["share_ppm"] for row in one["shares"]):
        step = "Enter the rights and shares it gives."
        findings.append(rules.odd(one, "no_shares", "the agreement gives no share", "shares", what_to_do=step))
    for row in one["shares"]:
        if row["share_ppm"] > WHOLE:
            shown = f"{format_percent(row['share_ppm'])} %"
            step = "Correct the share."
            message = f"more than 100 % of {row['right']}"
            findings.append(rules.odd(one, "agreement_share_over", message, "share_ppm", shown, "at most 100 %", step))
    return findings


def overlaps(links: list[AgreementLink]) -> list[Finding]:
    """Return a finding for every agreement that, with others of its assignor, gives more than 100 % of a right.

    Each is judged on its first day, against those of its rank (all general, or naming a work in common) that run then and there.
    """
    findings = []
    resolve_area = standard_territories().resolve
    for one in links:
        others = [
            other
            for other in links
            if other.right == one.right
            and other.agreement_id != one.agreement_id
            and _share_works(one, other)
            and other.starts_on <= one.starts_on
            and (not other.ends_on or other.ends_on >= one.starts_on)
        ]
        day = date.fromisoformat(one.starts_on) if one.starts_on else date.min
        here = resolve_area(one.territories, day) if others else frozenset()
        others = [other for other in others if resolve_area(other.territories, day) & here]
        total = one.share_ppm + sum(other.share_ppm for other in others)
        if others and total > WHOLE + TOLERANCE_PPM:
            findings.append(
                rules.odd(
                    {"id": one.agreement_id},
                    "agreement_share_over",
                    f"with others of the same assignor more than 100 % of {one.right}",
                    "share_ppm",
                    f"{format_percent(total)} % with {', '.join(other.agreement_id for other in others)}",
                    "at most 100 %",
                    "End the older one or correct the shares; until then the first agreements are served first.",
                )
            )
    return findings


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
    return by_assignor(link for one in found.values() for link in agreement_links(one))


def _share_works(one: AgreementLink, other: AgreementLink) -> bool:
    if one.specific != other.specific:
        return False
    if not one.specific:
        return True
    return any(indicator == "I" and other.covers(work_id) for indicator, work_id in one.works)
