"""From works and recordings to parties: documented shares, then the chain of agreements, then who may be paid.

A song earns 100.00: writer 50 %, publisher 50 %, and the publisher's sub-publisher collects all of it here. The writer gets
50.00, the sub-publisher 50.00 with the chain `A7`. Shares are kept in parts per trillion, so that a long chain multiplies
without loss, and every target's parts sum to 10^12: what cannot be paid is a part too, with the reason why.

Thousands of works share few situations; each distinct one is resolved once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from ..core.errors import Finding, WorkbenchError
from ..core.money import allocate
from ..core.shares import WHOLE
from ..core.territories import WORLD, standard_territories
from ..registry.chains.resolving import AgreementLink, Collected, OwnedShare, by_assignor, resolve
from .results import WHOLE_PPT
from .rulebook import Group, NeighbouringRule, WorkSharesRule

NOBODY = "-"
"""A work id no agreement names: only agreements for all works cover it."""
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, order=True)
class Part:
    """One part of a target's money: for a payee, or held for a reason."""

    party_id: str = ""
    role: str = ""
    basis: str = ""
    owner_party_id: str = ""
    chain: str = ""
    payee_id: str = ""
    reason: str = ""
    share_ppt: int = 0


@dataclass(slots=True)
class Owned:
    """What is documented of a target: owned parts and held parts, together 10^12."""

    shares: list[OwnedShare] = field(default_factory=list)
    basis: dict[str, str] = field(default_factory=dict)
    """The group each role belongs to."""
    held: dict[str, int] = field(default_factory=dict)
    """Parts per trillion held, by reason."""

    def hold(self, reason: str, ppt: int) -> None:
        """Hold a part, adding to what is held for the same reason."""
        if ppt:
            self.held[reason] = self.held.get(reason, 0) + ppt


def owned_of_work(rows: Sequence[Row], right: str, rule: WorkSharesRule) -> Owned:
    """Return the parts of a work from its share rows (`party_id`, `role`, `<right>_ppm`), in parts per trillion."""
    shares = sorted((row["party_id"], row["role"], row[f"{right}_ppm"]) for row in rows if row[f"{right}_ppm"])
    total = sum(ppm for *_, ppm in shares)
    owned = Owned()
    if total == 0:
        owned.hold("work_undocumented", WHOLE_PPT)
    elif total > WHOLE + rule.tolerance_percent:
        owned.hold("shares_over", WHOLE_PPT)
    elif total < WHOLE - rule.tolerance_percent and rule.missing == "hold_all":
        owned.hold("shares_incomplete", WHOLE_PPT)
    else:
        missing = WHOLE - total if total < WHOLE - rule.tolerance_percent and rule.missing == "hold_missing" else 0
        owned.shares, rest = _cut(WHOLE_PPT, shares, missing, right)
        owned.hold("shares_incomplete", rest)
    return owned


def owned_of_recording(rows: Sequence[Row], rule: NeighbouringRule) -> Owned:
    """Return the parts of a recording from its contributors (`party_id`, `role`, `share_ppm`), in parts per trillion."""
    owned = Owned(basis={role: group.name for group in rule.groups for role in group.roles})
    members = {group.name: [row for row in rows if group.roles.get(row["role"], 0)] for group in rule.groups}
    parts = allocate(WHOLE_PPT, {group.name: group.percent for group in rule.groups})
    groups = {group.name: group for group in rule.groups}
    for group in rule.groups:
        if not members[group.name] and group.when_absent.to:
            parts[group.when_absent.to] += parts.pop(group.name)
    for name, ppt in parts.items():
        if members[name]:
            _share_group(owned, groups[name], members[name], ppt, rule)
        else:
            owned.hold(groups[name].when_absent.hold, ppt)
    owned.shares.sort(key=lambda share: (share.party_id, share.role, share.share_ppm))
    return owned


def _share_group(owned: Owned, group: Group, members: Sequence[Row], ppt: int, rule: NeighbouringRule) -> None:
    if group.by == "role" or not any(row["share_ppm"] for row in members):
        shares = sorted((row["party_id"], row["role"], group.roles[row["role"]]) for row in members)
        missing = 0
    else:
        shares = sorted((row["party_id"], row["role"], row["share_ppm"]) for row in members if row["share_ppm"])
        total = sum(ppm for *_, ppm in shares)
        if total > WHOLE + rule.tolerance_percent:
            owned.hold("shares_over", ppt)
            return
        missing = WHOLE - total if total < WHOLE - rule.tolerance_percent else 0
    made, rest = _cut(ppt, shares, missing, "neighbouring")
    owned.shares += made
    owned.hold("shares_incomplete", rest)


def _cut(ppt: int, shares: Sequence[tuple[str, str, int]], missing: int, right: str) -> tuple[list[OwnedShare], int]:
    """Cut `ppt` in proportion to the shares and to what is missing; keys are public (party, role), not row order."""
    keys = [f"{party}|{role}|{place:04d}" for place, (party, role, _) in enumerate(shares)]
    parts = allocate(ppt, {**{key: weight for key, (*_, weight) in zip(keys, shares, strict=True)}, "~": missing})
    made = [OwnedShare(party, right, parts[key], role) for key, (party, role, _) in zip(keys, shares, strict=True)]
    return made, parts["~"]


class Register:
    """The frozen register: who owns, who collects for whom, who may be paid; `parts` answers for one target on one day.

    `society` is this society's CISAC code (empty while it has none), `territory` where it works.
    """

    def __init__(self, tables: Mapping[str, list[dict[str, Any]]], *, society: str, territory: str) -> None:
        self.society, self.territory = society, territory
        self.findings: dict[tuple[str, ...], Finding] = {}
        self._work_shares = _grouped(tables["work_shares"], "work_id")
        self._contributors = _grouped(tables["recording_contributors"], "recording_id")
        links = _links(tables)
        self._links = by_assignor(links)
        self._named = {work_id for link in links for _, work_id in link.works}
        self._mandates = _grouped(tables["mandates"], "party_id")
        self._affiliations = _grouped(tables["affiliations"], "party_id")
        self._expand = standard_territories().resolve
        self._situations: dict[tuple[Any, ...], tuple[Part, ...]] = {}
        self._owned: dict[tuple[str, str, str], Owned] = {}
        self._days_of_party: dict[str, list[str]] = _days_by_party(tables)
        self._reached: dict[str, tuple[str, ...]] = {}
        self._payees: dict[tuple[str, str, str], tuple[str, str]] = {}
        self.changes = sorted(_days_of_change([*tables["agreements"], *tables["mandates"], *tables["affiliations"]]))

    def parts(
        self, right: str, target_id: str, as_of_on: str, work_rule: WorkSharesRule, neighbouring_rule: NeighbouringRule
    ) -> tuple[Part, ...]:
        """Return the parts of a target's money, summing to 10^12, in stable order."""
        own = (right, target_id, (neighbouring_rule if right == "neighbouring" else work_rule).rule)
        if own not in self._owned:
            if right == "neighbouring":
                self._owned[own] = owned_of_recording(self._contributors.get(target_id, ()), neighbouring_rule)
            else:
                self._owned[own] = owned_of_work(self._work_shares.get(target_id, ()), right, work_rule)
        owned = self._owned[own]
        work_id = target_id if right != "neighbouring" and target_id in self._named else NOBODY
        since = self._since(owned, as_of_on)
        key = (right, since, work_id, tuple(owned.shares), tuple(sorted(owned.held.items())))
        if key not in self._situations:
            self._situations[key] = self._resolve(right, since or as_of_on, work_id, owned)
        return self._situations[key]

    def _since(self, owned: Owned, as_of_on: str) -> str:
        """Return the newest day, not after `as_of_on`, on which anything changed for these owners or whoever collects for them.

        Empty when nothing did. The situation of that day is the situation of `as_of_on`.
        """
        days = (day for share in owned.shares for day in self._reachable_days(share.party_id) if day <= as_of_on)
        return max(days, default="")

    def _reachable_days(self, party_id: str) -> tuple[str, ...]:
        if party_id not in self._reached:
            passed, ask = {party_id}, [party_id]
            while ask:
                new = {link.acquirer_party_id for link in self._links.get(ask.pop(), ())} - passed
                passed |= new
                ask += sorted(new)
            self._reached[party_id] = tuple(sorted({day for one in passed for day in self._days_of_party.get(one, ())}))
        return self._reached[party_id]

    def payee(self, party_id: str, right: str, as_of_on: str) -> tuple[str, str]:
        """Return (payee, '') for a party that may be paid, or ('', reason)."""
        key = (party_id, right, as_of_on)
        if key not in self._payees:
            self._payees[key] = self._find_payee(*key)
        return self._payees[key]

    def _resolve(self, right: str, as_of_on: str, work_id: str, owned: Owned) -> tuple[Part, ...]:
        day = date.fromisoformat(as_of_on)
        parts = [Part(reason=reason, share_ppt=ppt) for reason, ppt in owned.held.items()]
        owners = {share.party_id for share in owned.shares}
        ends = resolve(
            owned.shares, self._links, right, self.territory, day, self._expand, work_id=work_id, party_ids=owners
        )  # fmt: skip
        for end in ends:
            payee_id, reason = self.payee(end.collector_party_id, right, as_of_on)
            parts.append(
                Part(
                    party_id=end.collector_party_id,
                    role=end.role,
                    basis=owned.basis.get(end.role, "share"),
                    owner_party_id=end.owner_party_id,
                    chain=" > ".join(step.agreement_id for step in end.steps),
                    payee_id=payee_id,
                    reason=reason,
                    share_ppt=end.share_ppm,
                )
            )
            self._note(end)
        return tuple(_merged(parts))

    def _note(self, end: Collected) -> None:
        for finding in end.findings:
            self.findings.setdefault((finding.code, finding.got, finding.field), finding)

    def _find_payee(self, party_id: str, right: str, as_of_on: str) -> tuple[str, str]:
        own = [row for row in self._mandates.get(party_id, ()) if row["right"] == right]
        if any(self._covers(row, as_of_on) for row in own):
            return party_id, ""
        societies = sorted(
            row["society"]
            for row in self._affiliations.get(party_id, ())
            if row["society"] and row["right"] in ("", right) and self._covers(row, as_of_on)
        )
        if self.society and self.society in societies:
            return party_id, ""
        return (f"society:{societies[0]}", "") if societies else ("", "no_mandate")

    def _covers(self, row: Row, as_of_on: str) -> bool:
        if (row["starts_on"] and as_of_on < row["starts_on"]) or (row["ends_on"] and as_of_on > row["ends_on"]):
            return False
        if row["territory"] in ("", WORLD, self.territory):
            return True
        day = date.fromisoformat(as_of_on)
        return self._expand([("I", self.territory)], day) <= self._expand([("I", row["territory"])], day)


def _merged(parts: Iterable[Part]) -> list[Part]:
    """Add up parts that differ in nothing but their size; stable order."""
    sums: dict[Part, int] = {}
    for part in parts:
        bare = Part(
            part.party_id, part.role, part.basis, part.owner_party_id, part.chain, part.payee_id, part.reason
        )  # fmt: skip
        sums[bare] = sums.get(bare, 0) + part.share_ppt
    return [
        Part(p.party_id, p.role, p.basis, p.owner_party_id, p.chain, p.payee_id, p.reason, sums[p])
        for p in sorted(sums)
        if sums[p]
    ]


def _links(tables: Mapping[str, list[dict[str, Any]]]) -> list[AgreementLink]:
    territories = _grouped(sorted(tables["agreement_territories"], key=lambda row: row["position"]), "agreement_id")
    works = _grouped(tables["agreement_works"], "agreement_id")
    shares = _grouped(tables["agreement_shares"], "agreement_id")
    return [
        AgreementLink(
            agreement_id=row["agreement_id"],
            assignor_party_id=row["assignor_party_id"],
            acquirer_party_id=row["acquirer_party_id"],
            right=share["right"],
            share_ppm=share["share_ppm"],
            kind=row["kind"],
            starts_on=row["starts_on"],
            ends_on=row["ends_on"],
            scope=row["scope"],
            retention_ends_on=row["retention_ends_on"],
            territories=tuple((t["indicator"], t["territory"]) for t in territories.get(row["agreement_id"], ())),
            works=tuple(sorted((w["indicator"], w["work_id"]) for w in works.get(row["agreement_id"], ()))),
        )
        for row in tables["agreements"]
        for share in shares.get(row["agreement_id"], ())
    ]


def _grouped(rows: Iterable[dict[str, Any]], by: str) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(row[by], []).append(row)
    return found


def _days_by_party(tables: Mapping[str, list[dict[str, Any]]]) -> dict[str, list[str]]:
    """Days on which a party's agreements as assignor, mandates or affiliations change."""
    rows = _grouped(tables["agreements"], "assignor_party_id")
    for name in ("mandates", "affiliations"):
        for party_id, more in _grouped(tables[name], "party_id").items():
            rows[party_id] = [*rows.get(party_id, []), *more]
    return {party_id: sorted(_days_of_change(own)) for party_id, own in rows.items()}


def _days_of_change(rows: Iterable[Row]) -> set[str]:
    days: set[str] = set()
    for row in rows:
        days |= {row["starts_on"]} if row["starts_on"] else set()
        for last in (row["ends_on"], row.get("retention_ends_on")):
            try:
                days |= {(date.fromisoformat(last) + timedelta(days=1)).isoformat()} if last else set()
            except (ValueError, OverflowError) as error:
                raise WorkbenchError("not a day", got=last, expected="YYYY-MM-DD", where=dict(row)) from error
    return days
