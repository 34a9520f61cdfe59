"""The last steps of a chain: from the party that collects to its society, and from there to the society on the spot.

A publisher in France collects in Kenya. Its society is the French one; that society and the Kenyan one have an agreement by which
each represents the other at home. So the money for a use in Kenya goes

    Kenyan society -> (representation) French society -> (membership) publisher

and the chain, which runs from owner to collector, ends with these two steps in the other order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from ...core.errors import Finding
from ...core.shares import WHOLE
from ...core.territories import WORLD
from .. import rules
from .resolving import AgreementLink, Collected, Expand, OwnedShare, Step, resolve


@dataclass(frozen=True, slots=True)
class Society:
    """A society of authors or producers as a party: its CISAC code, and the territory it works in (empty: not known)."""

    party_id: str
    code: str
    territory: str = ""


@dataclass(frozen=True)
class Members:
    """Who belongs where: societies by their code, and the affiliations of each party (rows as a party document has them).

    A society that is not registered as a party has the id `society:` and its code.
    """

    societies: Mapping[str, Society]
    affiliations: Mapping[str, Sequence[Mapping[str, Any]]]

    def society(self, code: str) -> Society:
        """Return the society of a code."""
        return self.societies.get(code, Society(f"society:{code}", code))


def with_societies(
    collected: Iterable[Collected],
    members: Members,
    agreements: Mapping[str, Sequence[AgreementLink]],
    territory: str,
    on: date,
    expand: Expand,
    *,
    creation_class: str = "",
    work_id: str = "",
) -> list[Collected]:
    """Return the chains with their last steps: the society of the collecting party, then the one that represents it there.

    A party's society is that of its affiliation for the right, its role, the class of the work, the whole territory and the day;
    of several the one that says most (class, role, right), then the one for the smallest area, then the lowest code. Findings:
    `unaffiliated`, `two_societies` (equally near) and `not_represented`; the share then stays where it is.
    """
    asked = _Question(members, territory, on, expand, creation_class)
    found: list[Collected] = []
    for end in collected:
        joined = _join(end, asked)
        code = next((code for code, one in members.societies.items() if one.party_id == joined.collector_party_id), "")
        if not joined.collector_party_id.startswith("society:") and not code:
            found.append(joined)
            continue
        society = members.society(code or joined.collector_party_id.removeprefix("society:"))
        if society.territory and asked.area <= expand([("I", society.territory)], on):
            found.append(joined)
            continue
        found += _represented(joined, society, asked, agreements, work_id)
    return found


@dataclass(frozen=True)
class _Question:
    members: Members
    territory: str
    on: date
    expand: Expand
    creation_class: str

    @property
    def area(self) -> frozenset[str]:
        return self.expand([("I", self.territory)], self.on)


def _join(end: Collected, asked: _Question) -> Collected:
    """The chain with the membership of its collector; unchanged where that is a society itself."""
    party_id = end.collector_party_id
    if party_id in {one.party_id for one in asked.members.societies.values()}:
        return end
    roles = set(rules.PUBLISHER_ROLES) if end.steps else {end.role}
    rows = asked.members.affiliations.get(party_id, ())
    counting = [row for row in rows if row["society"] and _counts(row, end.right, roles, asked)]
    if not counting:
        return replace(end, findings=(*end.findings, _unaffiliated(end, asked)))
    row = min(counting, key=lambda row: (_nearness(row, asked), row["society"], row["starts_on"]))
    code, findings = row["society"], end.findings
    others = sorted({one["society"] for one in counting if _nearness(one, asked) == _nearness(row, asked)} - {code})
    if others:
        findings += (_two(end, [code, *others]),)
    society = asked.members.society(code)
    when = f"{row['starts_on'] or 'the beginning'} to {row['ends_on'] or 'further notice'}"
    what = " ".join(part for part in (row["right"] or "every right", row["role"], row["creation_class"]) if part)
    reason = f"member of society {code} for {what}, {when}, {'+' + row['territory'] if row['territory'] else 'everywhere'}"
    step = Step("", party_id, society.party_id, end.share_ppm, reason, WHOLE, "running")
    return replace(end, collector_party_id=society.party_id, steps=(*end.steps, step), findings=findings)


def _counts(row: Mapping[str, Any], right: str, roles: set[str], asked: _Question) -> bool:
    day = asked.on.isoformat()
    return (
        row["right"] in ("", right)
        and (not row["role"] or row["role"] in roles)
        and (not row["creation_class"] or row["creation_class"] == (asked.creation_class or "musical"))
        and (not row["starts_on"] or row["starts_on"] <= day)
        and (not row["ends_on"] or day <= row["ends_on"])
        and bool(asked.area)
        and asked.area <= asked.expand([("I", row["territory"] or WORLD)], asked.on)
    )


def _nearness(row: Mapping[str, Any], asked: _Question) -> tuple[bool, bool, bool, int]:
    size = len(asked.expand([("I", row["territory"] or WORLD)], asked.on))
    return not row["creation_class"], not row["role"], not row["right"], size


def _represented(
    end: Collected, society: Society, asked: _Question, agreements: Mapping[str, Sequence[AgreementLink]], work_id: str
) -> list[Collected]:
    """The chain with the representation from its society to the one on the spot, or a finding that there is none."""
    owned = [OwnedShare(society.party_id, end.right, end.share_ppm, end.role)]
    onward = resolve(
        owned, agreements, end.right, asked.territory, asked.on, asked.expand, work_id=work_id, between_societies=True
    )  # fmt: skip
    made = []
    for part in onward:
        findings = (*end.findings, *part.findings)
        if not part.steps and society.territory:
            findings += (_not_represented(end, society, asked),)
        made.append(
            replace(
                end,
                collector_party_id=part.collector_party_id,
                share_ppm=part.share_ppm,
                steps=(*end.steps, *part.steps),
                findings=findings,
            )
        )
    return made


def _unaffiliated(end: Collected, asked: _Question) -> Finding:
    return Finding(
        "record",
        "unaffiliated",
        "the party that collects belongs to no society for this right here",
        field="affiliations",
        got=end.collector_party_id,
        expected=f"a membership for {end.right} in {asked.territory} on {asked.on}",
        source=end.collector_party_id,
        what_to_do="Look up its membership and enter it; until then nobody can be paid for it.",
    )


def _two(end: Collected, codes: Sequence[str]) -> Finding:
    return Finding(
        "record",
        "two_societies",
        "the party that collects belongs to several societies for the same",
        field="affiliations",
        got=", ".join(codes),
        expected="one",
        source=end.collector_party_id,
        what_to_do=f"Ask the party which one holds, and end the other; until then {codes[0]} counts.",
    )


def _not_represented(end: Collected, society: Society, asked: _Question) -> Finding:
    return Finding(
        "record",
        "not_represented",
        "no society represents this one in the territory",
        field="territories",
        got=f"society {society.code} in {asked.territory} on {asked.on}",
        expected=f"a representation agreement (RE) for {end.right}",
        source=society.party_id,
        what_to_do="Register the agreement between the two societies, or sign one.",
    )
