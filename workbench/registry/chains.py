"""Who collects an owner's share on a day: a pure walk along the agreements, from owner to collector, with every reason.

A writer owns 500,000 ppm of a song. A publisher administers 40 % of it in Africa, a sub-publisher collects all of that in Kenya:

    owner W 500,000 -> W 300,000 (keeps 60 %) + P 200,000 (agreement A1, 40 %) -> S 200,000 (agreement A2, 100 %)

In Kenya W collects 300,000 and S 200,000; in Norway W collects all of it. What is collected always sums to what is owned, in ppm.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from ..core.errors import Finding, WorkbenchError
from ..core.money import allocate
from ..core.shares import TOLERANCE_PPM, WHOLE, format_percent

Area = Sequence[tuple[str, str]]
"""Territory entries in order: ("I" or "+", TIS code) takes in, ("E" or "-", TIS code) leaves out; empty means everywhere."""
Expand = Callable[[Area, date], frozenset[str]]
"""Tells which countries (TIS codes) an area covers on a day: `Territories.resolve`."""
ORIGINAL_KINDS = frozenset({"OS", "OG"})
"""Original publishing agreements: where the publisher already owns part of the work, they are in the ownership shares already."""


@dataclass(frozen=True, slots=True)
class OwnedShare:
    """What one party owns of one right of a work (or recording), in parts per million."""

    party_id: str
    right: str
    share_ppm: int
    role: str = ""


@dataclass(frozen=True, slots=True)
class AgreementLink:
    """One agreement for one right: the acquirer collects `share_ppm` of what the assignor would have collected.

    `starts_on` and `ends_on` are ISO dates, both included, empty when open. `works` holds ("I" | "E", work id): with any "I" the
    agreement is specific to those works, with only "E" it covers all others, empty covers all.
    """

    agreement_id: str
    assignor_party_id: str
    acquirer_party_id: str
    right: str
    share_ppm: int
    kind: str = ""
    starts_on: str = ""
    ends_on: str = ""
    territories: tuple[tuple[str, str], ...] = ()
    works: tuple[tuple[str, str], ...] = ()

    @property
    def specific(self) -> bool:
        """Whether it names the works it covers; such an agreement goes before a general one."""
        return any(indicator == "I" for indicator, _ in self.works)

    def covers(self, work_id: str) -> bool:
        """Tell whether it covers a work."""
        if ("E", work_id) in self.works:
            return False
        return not self.specific or ("I", work_id) in self.works

    def runs_on(self, day: date) -> bool:
        """Tell whether it runs on a day."""
        text = day.isoformat()
        return (not self.starts_on or self.starts_on <= text) and (not self.ends_on or text <= self.ends_on)


@dataclass(frozen=True, slots=True)
class Step:
    """One step from owner to collector: how much came from whom to whom, under which agreement, and why."""

    agreement_id: str
    from_party_id: str
    to_party_id: str
    share_ppm: int
    reason: str


@dataclass(frozen=True, slots=True)
class Collected:
    """One collector's part of one owner's share, in parts per million of the whole work, and the way it came."""

    collector_party_id: str
    owner_party_id: str
    role: str
    right: str
    share_ppm: int
    steps: tuple[Step, ...]
    findings: tuple[Finding, ...] = ()


def resolve(
    shares: Iterable[OwnedShare],
    agreements: Iterable[AgreementLink] | Mapping[str, Sequence[AgreementLink]],
    right: str,
    territory: str,
    on: date,
    expand: Expand,
    *,
    work_id: str = "",
) -> list[Collected]:
    """Return who collects each owned share of `right` in `territory` (a TIS code) on the day `on`, and why.

    `agreements` may be a list, or a list per assignor made once with `by_assignor` when many works are resolved. Agreements
    count when they run on the day, cover the work (all do when `work_id` is empty) and cover every country of `territory`. At
    each party, agreements that name the work go before general ones, then by agreement id; together they take at most what is
    there, and what none takes stays with the party. Splits are exact (largest remainder): the result sums to the shares given.
    An original publishing agreement is passed over where its publisher owns part of the right: the shares say it already.

    A cycle ends where it would close: the share stays there, with a finding `agreement_cycle`; more than 100 % given away is
    cut back, with a finding `agreement_share_over`. Whatever the order of the rows given, the result is the same: sorted by
    owner, role, collector.

    >>> everywhere = lambda area, day: frozenset({"404"})
    >>> link = AgreementLink("A1", "W", "P", "performing", 400_000)
    >>> found = resolve([OwnedShare("W", "performing", 500_000)], [link], "performing", "404", date(2025, 1, 1), everywhere)
    >>> [(part.collector_party_id, part.share_ppm) for part in found]
    [('P', 200000), ('W', 300000)]
    """
    owned = sorted(
        (share for share in shares if share.right == right and share.share_ppm),
        key=lambda share: (share.party_id, share.role, share.share_ppm),
    )
    owners = {share.party_id for share in owned}
    table = agreements if isinstance(agreements, Mapping) else by_assignor(agreements)
    area = expand([("I", territory)], on)

    def running(party_id: str) -> list[AgreementLink]:
        return [
            link
            for link in table.get(party_id, ())
            if link.right == right
            and link.share_ppm > 0
            and link.runs_on(on)
            and (not work_id or link.covers(work_id))
            and (not link.territories or (bool(area) and area <= expand(link.territories, on)))
            and not (link.kind in ORIGINAL_KINDS and link.acquirer_party_id in owners)
        ]

    walk = _Walk(running, work_id)
    for share in owned:
        walk.go(share, share.party_id, share.share_ppm, (), ())
    walk.found.sort(
        key=lambda part: (part.owner_party_id, part.role, part.collector_party_id, [s.agreement_id for s in part.steps])
    )
    return walk.found


def by_assignor(links: Iterable[AgreementLink]) -> dict[str, list[AgreementLink]]:
    """Return the links of each assignor in the order they are served: specific ones first, then by agreement id.

    Raises `WorkbenchError` where one agreement gives one right twice: its share would be served twice.
    """
    table: dict[str, list[AgreementLink]] = {}
    seen: set[tuple[str, str]] = set()
    for link in sorted(links, key=lambda link: (not link.specific, link.agreement_id, link.right)):
        if (link.agreement_id, link.right) in seen:
            raise WorkbenchError("an agreement gives one right twice", got=link.right, where=link.agreement_id)
        seen.add((link.agreement_id, link.right))
        table.setdefault(link.assignor_party_id, []).append(link)
    return table


def owned_shares(shares: Iterable[Mapping[str, Any]]) -> list[OwnedShare]:
    """Return a work's share rows (`party_id`, `role`, `performing_ppm`, `mechanical_ppm`) as owned shares per right."""
    return [
        OwnedShare(row["party_id"], right, int(row[f"{right}_ppm"]), row["role"])
        for row in shares
        for right in ("performing", "mechanical")
        if row[f"{right}_ppm"]
    ]


def agreement_links(document: Mapping[str, Any]) -> list[AgreementLink]:
    """Return an agreement document as links, one for each right it gives a share of."""
    return [
        AgreementLink(
            agreement_id=document["id"],
            assignor_party_id=document["assignor_party_id"],
            acquirer_party_id=document["acquirer_party_id"],
            right=row["right"],
            share_ppm=row["share_ppm"],
            kind=document["kind"],
            starts_on=document["starts_on"],
            ends_on=document["ends_on"],
            territories=tuple((entry["indicator"], entry["territory"]) for entry in document["territories"]),
            works=tuple((entry["indicator"], entry["work_id"]) for entry in document["works"]),
        )
        for row in document["shares"]
    ]


class _Walk:
    """Depth first from owner to collectors; `found` holds the ends of all ways."""

    def __init__(self, running: Callable[[str], list[AgreementLink]], work_id: str) -> None:
        self.running = running
        self.work_id = work_id
        self.found: list[Collected] = []

    def go(self, owner: OwnedShare, party_id: str, ppm: int, steps: tuple[Step, ...], findings: tuple[Finding, ...]) -> None:
        passed = {owner.party_id, *(step.to_party_id for step in steps)}
        onward: list[AgreementLink] = []
        closing: list[AgreementLink] = []
        for link in self.running(party_id):
            (closing if link.acquirer_party_id in passed else onward).append(link)
        findings += tuple(self._cycle(link, steps) for link in closing)
        taken, over = _cut(onward)
        if over:
            findings += (self._over(party_id, onward),)
        weights = {link.agreement_id: part for link, part in taken}
        parts = allocate(ppm, {**weights, "": WHOLE - sum(weights.values())})
        for link, part in taken:
            if amount := parts[link.agreement_id]:
                self.go(owner, link.acquirer_party_id, amount, (*steps, _step(link, part, amount)), findings)
        if parts[""]:
            self.found.append(Collected(party_id, owner.party_id, owner.role, owner.right, parts[""], steps, findings))

    def _cycle(self, link: AgreementLink, steps: tuple[Step, ...]) -> Finding:
        way = [*(step.agreement_id for step in steps), link.agreement_id]
        return Finding(
            "record",
            "agreement_cycle",
            "agreements lead back to a party they came from",
            got=" -> ".join(way),
            source=self.work_id or link.agreement_id,
            field="acquirer_party_id",
            what_to_do=f"End one of them; until then the share stays with {link.assignor_party_id}.",
        )

    def _over(self, party_id: str, links: Sequence[AgreementLink]) -> Finding:
        return Finding(
            "record",
            "agreement_share_over",
            "agreements give away more than there is",
            got=", ".join(f"{link.agreement_id} {format_percent(link.share_ppm)} %" for link in links),
            expected="at most 100 % of what the party collects",
            source=self.work_id or party_id,
            field="share_ppm",
            what_to_do=f"Correct the shares {party_id} gives; until then the first agreements are served first.",
        )


def _cut(links: Sequence[AgreementLink]) -> tuple[list[tuple[AgreementLink, int]], bool]:
    """Serve links in order from one whole; also tell whether agreements of one rank wanted more than there is.

    A specific agreement that leaves nothing for a general one is the rule of the trade, not an error.
    """
    left = WHOLE
    taken: list[tuple[AgreementLink, int]] = []
    wanted = {True: 0, False: 0}
    for link in links:
        wanted[link.specific] += link.share_ppm
        part = min(link.share_ppm, left)
        left -= part
        if part:
            taken.append((link, part))
    return taken, max(wanted.values()) > WHOLE + TOLERANCE_PPM


def _step(link: AgreementLink, part_ppm: int, amount_ppm: int) -> Step:
    rank = "names the work" if link.specific else "covers all works"
    kind = f"{link.kind} " if link.kind else ""
    when = f"{link.starts_on or 'the beginning'} to {link.ends_on or 'further notice'}"
    where = " ".join(f"{'+' if sign in '+I' else '-'}{code}" for sign, code in link.territories) or "everywhere"
    reason = f"{kind}agreement {link.agreement_id}: {format_percent(part_ppm)} % of {link.right}, {rank}, {when}, {where}"
    return Step(link.agreement_id, link.assignor_party_id, link.acquirer_party_id, amount_ppm, reason)
