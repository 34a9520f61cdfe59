"""Agreements: who collects for whom, which rights, where and when; links form a chain from owner to collector."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar

import pandas as pd
from sqlalchemy import Connection

from ..core import documents
from ..core.documents import Document
from ..core.errors import Finding, WorkbenchError
from ..core.shares import format_percent
from ..core.territories import standard_territories
from . import rules
from .agreement_tables import AGREEMENT, agreement, agreement_share, agreement_territory, agreement_work
from .chains import checks as agreement_checks
from .chains import links as chain_links
from .chains.answers import Chain
from .chains.resolving import first_day, owned_shares, resolve
from .chains.sets import Asked, resolve_many
from .chains.societies import with_societies
from .desk import Desk
from .parties import party_names
from .recordings import RECORDING
from .search.desk import Finder
from .share_pictures import in_force
from .works import WORK

__all__ = [
    "AGREEMENT", "Agreement", "AgreementShare", "AgreementTerritory", "AgreementWork", "Agreements", "agreement",
    "agreement_share", "agreement_territory", "agreement_work",
]  # fmt: skip
DAYS = ("starts_on", "ends_on", "retention_ends_on", "collection_ends_on", "signed_on", "prior_royalties_on")
SALES_MANUFACTURE = ("", "S", "M")
"""Whether a territory counts where copies are sold or where they are made."""


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


class Agreements(Desk[Agreement]):
    """The desk for agreements."""

    kind = AGREEMENT
    thing = Agreement
    parts: ClassVar[Mapping[str, type]] = {
        "shares": AgreementShare,
        "territories": AgreementTerritory,
        "works": AgreementWork,
    }

    def chain(
        self,
        work_id: str,
        *,
        right: str = "performing",
        territory: str = "",
        on: date | str | None = None,
        collected_on: date | str | None = None,
        societies: bool = False,
    ) -> Chain:
        """Return who collects a work's right in a territory (TIS code, default the society's) on a day of use (default today).

        Shares follow the agreements from owner to collector, see `chains.resolve`; `collected_on` is the day it is paid, where
        that is later. With `societies` the chain goes on to the collector's society and to the one that represents it there. For
        the neighbouring right a recording is asked for; its chain is that of the producers, whose parts are documented. Raises
        `NotFound` for an unknown work, right or territory, and `WorkbenchError` for a use paid before its day.
        """
        rules.one_of({"right": right}, "right", rules.RIGHTS, "agreements.chain")
        day, paid, place = _day(on) or _today(), _day(collected_on), territory or self.office.config.territory
        expand = standard_territories().resolve
        with self.office.book.read() as connection:
            one = _owned_thing(connection, work_id, right)
            shares = owned_shares(in_force(one["shares"], place, day), right)
            links = chain_links.links_from(connection, {share.party_id for share in shares})
            parties = {row["party_id"] for row in one["shares"]}
            found = resolve(
                shares, links, right, place, day, expand,
                work_id=work_id, first_on=first_day(one), party_ids=parties, collected_on=paid,
            )  # fmt: skip
            if societies:
                members = chain_links.members_of(connection, {end.collector_party_id for end in found})
                links |= chain_links.links_from(connection, {society.party_id for society in members.societies.values()})
                found = with_societies(
                    found, members, links, place, day, expand, creation_class=one["creation_class"], work_id=work_id
                )
            people = {share.party_id for share in shares} | {one.collector_party_id for one in found}
            names = party_names(connection, people | {step.to_party_id for end in found for step in end.steps})
        findings = tuple(dict.fromkeys(finding for end in found for finding in end.findings))
        agreements = {link.agreement_id: link for given in links.values() for link in given if link.right == right}
        return Chain(work_id, right, place, day, tuple(found), findings, names, one["title"], paid, agreements)

    def chains(
        self,
        works: Sequence[str] | None = None,
        *,
        right: str = "performing",
        territory: str = "",
        on: date | str | None = None,
        collected_on: date | str | None = None,
    ) -> pd.DataFrame:
        """Return who collects a right of many works (all, when `works` is None) in one go, as `chain` says for each.

        For the neighbouring right the ids are those of recordings. Columns: see `chains.sets.resolve_many`.
        Deleted and merged works are left out, and ids that do not exist.
        """
        rules.one_of({"right": right}, "right", rules.RIGHTS, "agreements.chains")
        day, paid, place = _day(on) or _today(), _day(collected_on), territory or self.office.config.territory
        standard_territories().require(place)
        with self.office.book.read() as connection:
            shares, known = chain_links.shares_of(connection, "recording" if right == "neighbouring" else "work", works)
            links = chain_links.all_links(connection, right)
        asked = [Asked(one, right, place, day, paid) for one in known]
        return resolve_many(asked, shares, links, standard_territories().resolve)

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
        rules.one_of(document, "scope", rules.AGREEMENT_SCOPES, where)
        rules.one_of(document, "status", rules.AGREEMENT_STATUSES, where)
        rules.one_of(document, "prior_royalties", rules.PRIOR_ROYALTIES, where)
        rules.one_of(document, "sales_manufacture", SALES_MANUFACTURE, where)
        for first, last in (
            ("starts_on", "ends_on"),
            ("retention_ends_on", "collection_ends_on"),
            ("signed_on", "prior_royalties_on"),
        ):
            rules.period(document, where, first, last)
        if (document["prior_royalties"] == "from") != bool(document["prior_royalties_on"]):
            raise WorkbenchError(
                "prior_royalties from a day needs that day, and only then",
                got=f"{document['prior_royalties'] or 'nothing'} and {document['prior_royalties_on'] or 'no day'}",
                expected="from and prior_royalties_on, or neither",
                where=where,
            )
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
            if row["indicator"] == "I" and document["scope"] in ("general", "implied"):
                raise WorkbenchError(
                    f"{'an implied' if document['scope'] == 'implied' else 'a general'} agreement names no works it covers",
                    got=row["work_id"],
                    expected="works left out (E), or none",
                    where=where,
                    next_step="Make its scope specific, or take the work out.",
                )
        rules.all_different(document["works"], "work_id", rules.place(document, "agreement"))

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

    def check(self, entity_id: str | None = None) -> list[Finding]:
        """Return what is odd in one agreement, or in all: by itself and beside the others; `source` is the agreement's id.

        See `agreement_checks` for the codes. All are judged together as sets; where one is asked for, with those that its
        assignor's rights come from and go to.
        """
        with self.office.book.read() as connection:
            found = agreement_checks.check(chain_links.checked(connection, entity_id or ""), standard_territories(), _today())
        return [one for one in found if entity_id in (None, one.source)]


def _today() -> date:
    return date.today()  # noqa: DTZ011  an agreement ends by the calendar on the wall


def _day(given: date | str | None) -> date | None:
    return date.fromisoformat(given) if isinstance(given, str) and given else given or None


def _owned_thing(connection: Connection, entity_id: str, right: str) -> Document:
    """The work, or for the neighbouring right the recording with its producers as its shares."""
    if right != "neighbouring":
        return documents.load(connection, WORK, entity_id)
    one = documents.load(connection, RECORDING, entity_id)
    shares = [{**row, "neighbouring_ppm": row["share_ppm"]} for row in one["contributors"]]
    return {**one, "shares": shares, "published_on": "", "created_year": one["recorded_year"], "creation_class": ""}
