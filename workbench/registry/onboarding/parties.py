"""Right holders from lines: names, affiliations, members, successors, and what belongs to them: membership and contact."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from ...core.documents import Document
from ...core.shares import WHOLE
from ...formats.intake import Line
from .. import rules
from ..contacts import CONTACT, contact
from ..memberships import MEMBERSHIP, membership
from ..parties import PARTY, Parties, full_name, party
from .builder import Builder, live_ids, own_id, plainly
from .clerk import KEEP, NOT_CREATED, Bundle, Clerk, same_throughout, several
from .finder import Ambiguous, Known, name_kind

_PLAIN = ("ipi_base_number", "isni", "ipn", "birth_on", "death_on", "language")
_EVENTS = {
    "applied_on": "application",
    "admitted_on": "admission",
    "suspended_on": "suspension",
    "reinstated_on": "reinstatement",
    "resigned_on": "resignation",
    "excluded_on": "exclusion",
}
_REACHED = ("email", "phone", "account_holder", "bank", "iban", "bic", "mobile_account", "tax_number")


class PartyBuilder(Builder):
    """Makes a party of every number, or of every line without one."""

    kind = PARTY
    desk = Parties

    def __init__(self, clerk: Clerk) -> None:
        super().__init__(clerk)
        self._ids = live_ids(clerk.connection, party)
        self._members: set[tuple[str, str]] | None = None
        self._reached: set[str] | None = None

    def build(self, bundle: Bundle) -> None:
        """Set the party's document, and those of its membership and contact."""
        clerk = self.clerk
        line = next((one for one in bundle.lines if one.values.get("name_kind", "patronymic") == "patronymic"), bundle.first)
        document = self._document(bundle, line)
        if bundle.failed:
            return
        numbers = {name: document.get(name, "") for name in ("ipi_base_number", "isni", "ipn")}
        numbers["ipi_name_number"] = next((row["ipi_name_number"] for row in document["names"] if row["ipi_name_number"]), "")
        shown = full_name(document["first_name"], document["name"])
        try:
            given = own_id(clerk, bundle, self._ids)
            found = clerk.parties.known.get(given) if given else None
            found = found or clerk.parties.find(document["name"], document["first_name"], numbers, document.get("birth_on", ""))
        except Ambiguous as error:
            clerk.ambiguous(bundle, line, "name", shown, error, "Give an identifier or the birth date.")
            return
        if found is None:
            self._make(bundle, line, document)
        elif found.is_new or clerk.existing == KEEP or found.id in clerk.seen:
            where = "earlier in this file" if found.is_new or found.id in clerk.seen else "in the register"
            step = "Nothing was changed there; correct the party itself if the file knows better."
            evidence = found.facts() if found.is_new else found.shown()
            clerk.note(line, NOT_CREATED, "name", f"this party is already {where}", shown, evidence, step)
        else:
            clerk.seen.add(found.id)
            bundle.document = {**document, "id": found.id}
        self._further(bundle, found or bundle.itself)

    def _make(self, bundle: Bundle, line: Line, document: Document) -> None:
        clerk = self.clerk
        made = bundle.itself = clerk.parties.make(document, line, "name")
        bundle.document = document
        for other in clerk.parties.namesakes(made):
            step = "Nothing if they are two people; their identifiers or birth dates differ."
            clerk.note(line, "namesake", "name", "another party has the same name", made.shown(), other.shown(), step)

    def _document(self, bundle: Bundle, line: Line) -> Document:
        clerk, values = self.clerk, line.values
        kind = bundle.value("kind")
        if not kind:
            kind = "natural" if values.get("first_name") or bundle.value("birth_on") else "legal"
            clerk.note(
                line, "kind_assumed", "kind", "the kind of party is not said", "nothing", kind, "Say natural, legal or group."
            )
        same_throughout(clerk, bundle, ("kind", "ipi_base_number", "isni", "ipn", "birth_on", "death_on"))
        return {
            "kind": kind,
            "name": values["name"],
            "first_name": values.get("first_name", ""),
            **plainly(bundle, _PLAIN),
            "society_code": bundle.value("is_society"),
            "territory": clerk.territory(bundle, line, "territory", bundle.value("territory")),
            "nationality": clerk.territory(bundle, line, "nationality", bundle.value("nationality")),
            "names": _names(bundle, kind),
            "affiliations": self._affiliations(bundle),
            "members": self._members_of(bundle),
            "successors": self._successors(bundle),
        }

    def _affiliations(self, bundle: Bundle) -> list[Document]:
        clerk, rows = self.clerk, list[Document]()
        for line in bundle.lines:
            get = line.values.get
            if not (society := get("society", "")):
                continue
            for right in several(get("rights", "")) or [""]:
                if right.casefold() not in ("", *rules.RIGHTS):
                    clerk.fail(bundle, line, "unknown_right", "rights", "not a right known here", right, ", ".join(rules.RIGHTS))
                    continue
                row = {
                    "society": society.zfill(3),
                    "right": right.casefold(),
                    "territory": clerk.territory(bundle, line, "affiliation_territory", get("affiliation_territory", "")),
                    "starts_on": get("affiliated_from", ""),
                    "ends_on": get("affiliated_until", ""),
                    "role": get("affiliation_role", ""),
                    "creation_class": get("creation_class", ""),
                }
                if row not in rows:
                    rows.append(row)
        return rows

    def _members_of(self, bundle: Bundle) -> list[Document]:
        """Return the members that a group's lines name, as registered parties or new ones."""
        rows = []
        for line in bundle.lines:
            for name in several(line.values.get("members", "")):
                found = self.clerk.who(bundle, line, name, "", "natural", "members")
                if found is not None:
                    rows.append({"member_party_id": found.id, "role": line.values.get("member_role", "")})
        return rows

    def _successors(self, bundle: Bundle) -> list[Document]:
        rows = []
        for line in bundle.lines:
            get = line.values.get
            if not get("successor"):
                continue
            numbers = {"ipi_name_number": get("successor_ipi", "")}
            kind = get("successor_kind", "heir")
            found = self.clerk.who(
                bundle,
                line,
                get("successor", ""),
                get("successor_first_name", ""),
                "legal" if kind == "legal_successor" else "natural",
                "successor",
                **numbers,
            )
            if found is not None:
                share = get("successor_share", WHOLE)
                rows.append(
                    {"successor_party_id": found.id, "kind": kind, "share_ppm": share, "starts_on": get("successor_from", "")}
                )
        return rows

    def _further(self, bundle: Bundle, found: Known | None) -> None:
        """Make the membership and the contact that the lines speak of, unless the party has them."""
        if found is None or bundle.failed:
            return
        clerk, number = self.clerk, bundle.value("membership_number")
        events = [
            {"event": event, "happened_on": bundle.value(name), "decided_by": bundle.value("decided_by")}
            for name, event in _EVENTS.items()
            if bundle.value(name)
        ]
        if number or events:
            if self._members is None:
                rows = clerk.connection.execute(select(membership.c.party_id, membership.c.number))
                self._members = {(row.party_id, row.number) for row in rows}
            if (found.id, number) in self._members:
                message, step = "this membership is there already", "Change the membership itself if the file knows better."
                clerk.note(bundle.first, NOT_CREATED, "membership_number", message, number, found.id, step)
            else:
                self._members.add((found.id, number))
                row = {"party_id": found.id, "number": number, "category": bundle.value("category"), "events": events}
                bundle.further.append((MEMBERSHIP, row))
        reached = plainly(bundle, _REACHED)
        address = plainly(bundle, ("lines", "city", "postcode"))
        if reached or address:
            if self._reached is None:
                self._reached = set(clerk.connection.execute(select(contact.c.party_id)).scalars())
            if found.id in self._reached:
                message, step = "how this party is reached is known", "Change the contact itself if the file knows better."
                clerk.note(bundle.first, NOT_CREATED, "email", message, "", found.id, step)
            else:
                self._reached.add(found.id)
                place = clerk.territory(bundle, bundle.first, "address_territory", bundle.value("address_territory"))
                addresses = [{"kind": "postal", **address, "territory": place}] if address else []
                bundle.further.append((CONTACT, {"party_id": found.id, **reached, "addresses": addresses}))


def _names(bundle: Bundle, kind: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for line in bundle.lines:
        get = line.values.get
        row = {
            "kind": get("name_kind") or name_kind(kind),
            "name": get("name", ""),
            "first_name": get("first_name", ""),
            "ipi_name_number": get("ipi_name_number", ""),
            "transliteration": get("transliteration", ""),
            "language": get("name_language", ""),
        }
        further = [
            {"kind": "pseudonym", "name": text, "first_name": "", "ipi_name_number": "", "transliteration": "", "language": ""}
            for text in several(get("pseudonyms", ""))
        ]
        rows += [one for one in (row, *further) if one not in rows]
    return rows
