"""Agreements and performances from lines: who collects for whom; what was played where."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from ...core.documents import Document
from .. import rules
from ..agreements import AGREEMENT, Agreements, agreement
from ..licences import licence
from ..performances import PERFORMANCE, Performances, performance
from ..search.spelling import plain
from .builder import Builder, Works, by_column, live_ids, own_id, plainly
from .clerk import Bundle, Clerk, same_throughout, signed
from .finder import Known

_AGREEMENT = (
    "kind", "number", "starts_on", "ends_on", "scope", "retention_ends_on", "collection_ends_on", "signed_on", "prior_royalties",
    "prior_royalties_on", "sales_manufacture", "society_number", "isac",
)  # fmt: skip
_PERFORMANCE = ("name", "held_on", "kind", "venue", "ends_on", "city", "promoter", "channel")


class AgreementBuilder(Builder):
    """Makes an agreement of every line."""

    kind = AGREEMENT
    desk = Agreements
    keys = ()

    def __init__(self, clerk: Clerk) -> None:
        super().__init__(clerk)
        self._there = by_column(clerk.connection, agreement, "number")
        self._ids = live_ids(clerk.connection, agreement)
        self._works = Works(clerk.connection)

    def build(self, bundle: Bundle) -> None:
        """Set the agreement's document, or the one that is there with what the line says."""
        document = self._document(bundle)
        if document is None or bundle.failed:
            return
        if given := own_id(self.clerk, bundle, self._ids):
            self.clerk.there_already(bundle, "id", given, given, document)
        else:
            self.clerk.place(bundle, document, self._there, "number")

    def _document(self, bundle: Bundle) -> Document | None:
        clerk, line = self.clerk, bundle.first
        get = line.values.get
        sides: dict[str, str] = {}
        for side, kind in (("assignor", "natural" if get("assignor_first_name") else "legal"), ("acquirer", "legal")):
            found = self._side(bundle, side, kind)
            if found is None:
                return None
            sides[f"{side}_party_id"] = found.id
        shares = [{"right": one, "share_ppm": get(f"{one}_share")} for one in rules.RIGHTS if get(f"{one}_share") is not None]
        if not any(row["share_ppm"] for row in shares):
            message, step = "the agreement gives no share", "Enter the rights and shares it gives."
            clerk.fail(bundle, line, "no_shares", "performing_share", message, "nothing", "a percentage", step)
            return None
        starts_on, ends_on = get("starts_on", ""), get("ends_on", "")
        if ends_on and ends_on < starts_on:
            message = "the agreement ends before it starts"
            clerk.fail(bundle, line, "period_order", "ends_on", message, ends_on, f"{starts_on} or later")
            return None
        territories = [
            {"indicator": sign, "territory": clerk.territory(bundle, line, "territories", text)}
            for sign, text in signed(get("territories", ""))
        ]
        covered = []
        for sign, text in signed(get("works", "")):
            work_id = self._works.find(text)
            if not work_id:
                clerk.fail(bundle, line, "unknown_work", "works", "no such work in the register", text, "an ISWC or a work id")
                return None
            covered.append({"indicator": sign, "work_id": work_id})
        return {**plainly(bundle, _AGREEMENT), **sides, "shares": shares, "territories": territories, "works": covered}

    def _side(self, bundle: Bundle, side: str, kind: str) -> Known | None:
        clerk, line = self.clerk, bundle.first
        get = line.values.get
        numbers = {"ipi_name_number": get(f"{side}_ipi", "")}
        found = clerk.who(bundle, line, get(side, ""), get(f"{side}_first_name", ""), kind, side, **numbers)
        if found is not None and found.is_new:
            step = "Check the spelling; an agreement with the wrong party pays the wrong party."
            message = "this party was not in the register"
            clerk.note(line, "party_created", side, message, found.names[0], "a registered party", step)
        return found


class PerformanceBuilder(Builder):
    """Makes a performance of every number, or name, with an item of its set list for every line."""

    kind = PERFORMANCE
    desk = Performances
    keys = ("number", "name")

    def __init__(self, clerk: Clerk) -> None:
        super().__init__(clerk)
        self._works = Works(clerk.connection)
        self._ids = live_ids(clerk.connection, performance)
        self._licences = set(clerk.connection.execute(select(licence.c.id)).scalars())
        columns = (performance.c.id, performance.c.name, performance.c.venue, performance.c.held_on)
        rows = clerk.connection.execute(select(*columns).where(performance.c.status.not_in(rules.GONE)))
        self._there = {(plain(row.name), plain(row.venue), row.held_on): row.id for row in rows}

    def build(self, bundle: Bundle) -> None:
        """Set the performance's document, or the one that is there with what the lines say."""
        clerk = self.clerk
        name = bundle.value("name") or bundle.value("venue")
        for field, value in (("name", name), ("held_on", bundle.value("held_on"))):
            if not value:
                message = f"the performance has no {field.replace('_', ' ')}"
                clerk.fail(bundle, bundle.first, "missing_value", field, message, "nothing", "a value")
                return
        same_throughout(clerk, bundle, ("name", "held_on", "venue", "city"))
        items: list[dict[str, Any]] = []
        for line in bundle.lines:
            get = line.values.get
            if not get("title"):
                continue
            work_id = self._works.find(text) if (text := get("work", "")) else None
            if text and not work_id:
                step = "Onboard the work first, or leave it to matching; the title is kept."
                clerk.note(line, "unknown_work", "work", "no such work in the register", text, "an ISWC or a work id", step)
            plainly_said = {column: get(column, "") for column in ("title", "performer", "writers")}
            items.append({**plainly_said, "duration_seconds": get("duration_seconds"), "work_id": work_id or None})
        document: Document = {
            "kind": "concert",
            **plainly(bundle, _PERFORMANCE),
            "name": name,
            "territory": clerk.territory(bundle, bundle.first, "territory", bundle.value("territory")),
            "items": items,
        }
        if given := bundle.value("licence"):
            if given in self._licences:
                document["licence_id"] = given
            else:
                clerk.note(bundle.first, "unknown_licence", "licence", "no such licence", given, "a licence of this society")
        if bundle.failed:
            return
        key = (plain(document["name"]), plain(document.get("venue", "")), document["held_on"])
        there = own_id(clerk, bundle, self._ids) or self._there.get(key, "")
        if there:
            clerk.there_already(bundle, "name", document["name"], there, document)
        else:
            bundle.document = document
            self._there[key] = f"line {bundle.first.line} of this file"
