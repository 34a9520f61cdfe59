"""Who collects an owner's share on a day: a pure walk along the agreements, from owner to collector, with every reason.

A writer owns 500,000 ppm of a song. A publisher administers 40 % of it in Africa, a sub-publisher collects all of that in Kenya:

    owner W 500,000 -> W 300,000 (keeps 60 %) + P 200,000 (agreement A1, 40 %) -> S 200,000 (agreement A2, 100 %)

In Kenya W collects 300,000 and S 200,000; in Norway W collects all of it. What is collected always sums to what is owned, in ppm.

Which agreement counts, and in what order they are served at a party:

    scope   specific (names the work) before implied (both parties stand on the work) before general (all works, some left out)
    term    retained (ended, but the work came under it before and is kept) before running before prior (use before its start)

Inside one such rank agreements are served by their id, and more than 100 % of one rank is a finding; that a lower rank gets
only what a higher one leaves is the rule of the trade. An assignment moves ownership, administration and sub-publishing only
collection; co-publishing divides what a publisher has, never a writer's own share.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from ...core.errors import Finding, WorkbenchError
from ...core.money import allocate
from ...core.shares import TOLERANCE_PPM, WHOLE, format_percent
from .. import rules

Area = Sequence[tuple[str, str]]
"""Territory entries in order: ("I" or "+", TIS code) takes in, ("E" or "-", TIS code) leaves out; empty means everywhere."""
Expand = Callable[[Area, date], frozenset[str]]
"""Tells which countries (TIS codes) an area covers on a day: `Territories.resolve`."""
ORIGINAL_KINDS = frozenset({"OS", "OG", "CO"})
"""Original and co-publishing agreements: where the acquirer owns part of the work, they are in the ownership shares already."""
OWNERSHIP_KINDS = frozenset({"AS", "CO"})
"""Agreements that move ownership, not only collection."""
REPRESENTATION = "RE"
"""One society collects for another; these links begin where those between right holders end, see `chain_societies`."""
DISPUTED = frozenset({"in_dispute", "duplicate_claim"})
SCOPES = ("specific", "implied", "general")
TERMS = ("retained", "running", "prior")
MAX_STEPS = 20
"""Longer chains do not occur in the trade; one that is longer stops there with a finding."""


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

    Dates are ISO text, all included, empty when open. `works` holds ("I" | "E", work id). `scope` is specific, implied or
    general; empty means as its works say: with any "I" specific to those, else general to all others.
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
    scope: str = ""
    retention_ends_on: str = ""
    collection_ends_on: str = ""
    prior_royalties: str = ""
    prior_royalties_on: str = ""
    number: str = ""
    status: str = ""

    @property
    def reach(self) -> str:
        """Which works it is for: specific, implied or general."""
        return self.scope or ("specific" if any(indicator == "I" for indicator, _ in self.works) else "general")

    def covers(self, work_id: str, party_ids: Collection[str] = ()) -> bool:
        """Tell whether it covers a work on which `party_ids` stand."""
        if ("E", work_id) in self.works:
            return False
        if self.reach == "implied":
            return self.assignor_party_id in party_ids and self.acquirer_party_id in party_ids
        return self.reach == "general" or ("I", work_id) in self.works

    def term(self, on: date, collected_on: date | None = None, first_on: str = "") -> str:
        """Return how it counts for a use on a day, collected on a day (the same, when not said): one of `TERMS`, or "".

        It is running from its first day to its last. After that it retains, until `retention_ends_on`, the works that were under
        it before its end: those a specific one names; of the others those whose `first_on` is not after the end, or not known.
        What was used in its time is collected for it until `collection_ends_on`, without end when that is empty.
        `prior_royalties` give it what was used before its start (all, or from a day) and is collected in its time.
        """
        day, collected = on.isoformat(), (collected_on or on).isoformat()
        last = max(self.ends_on, self.retention_ends_on if self._keeps(first_on) else "") if self.ends_on else ""
        if self.starts_on and day < self.starts_on:
            until = max(self.ends_on, self.collection_ends_on) if self.ends_on else ""
            then = collected >= self.starts_on and (not until or collected <= until)
            return "prior" if then and self._takes_prior(day) else ""
        if last and (day > last or (self.collection_ends_on and collected > max(last, self.collection_ends_on))):
            return ""
        return "retained" if self.ends_on and day > self.ends_on else "running"

    def _keeps(self, first_on: str) -> bool:
        return self.reach == "specific" or not first_on or first_on <= self.ends_on

    def _takes_prior(self, day: str) -> bool:
        return self.prior_royalties == "all" or (self.prior_royalties == "from" and day >= self.prior_royalties_on)


@dataclass(frozen=True, slots=True)
class Step:
    """One step from owner to collector: how much came from whom to whom, under which agreement, and why.

    `part_ppm` is the part of what the giver had; `term` says how the agreement counts (`TERMS`). A step without an agreement is a
    membership of a society.
    """

    agreement_id: str
    from_party_id: str
    to_party_id: str
    share_ppm: int
    reason: str
    part_ppm: int = WHOLE
    term: str = "running"


@dataclass(frozen=True, slots=True)
class Collected:
    """One collector's part of one owner's share, in parts per million of the whole work, and the way it came.

    `owner_party_id` owns by the shares of the work; `holder_party_id` owns on the day, after assignments and co-publishing.
    """

    collector_party_id: str
    owner_party_id: str
    role: str
    right: str
    share_ppm: int
    steps: tuple[Step, ...]
    findings: tuple[Finding, ...] = ()
    holder_party_id: str = ""


def resolve(
    shares: Iterable[OwnedShare],
    agreements: Iterable[AgreementLink] | Mapping[str, Sequence[AgreementLink]],
    right: str,
    territory: str,
    on: date,
    expand: Expand,
    *,
    work_id: str = "",
    first_on: str = "",
    party_ids: Collection[str] = (),
    collected_on: date | None = None,
    between_societies: bool = False,
) -> list[Collected]:
    """Return who collects each owned share of `right` in `territory` (a TIS code) on the day of use `on`, and why.

    `agreements` may be a list, or a list per assignor made once with `by_assignor` when many works are resolved. Agreements
    count when they run on the day (see `AgreementLink.term`; `first_on` is the work's first day, `collected_on` when it is paid),
    cover the work (all do when `work_id` is empty; `party_ids` are the parties on it) and cover every country of `territory`. At
    each party they are served in the order of their rank, then by agreement id; together they take at most what is there, and
    what none takes stays with the party. Splits are exact (largest remainder): the result sums to the shares given. An original
    or co-publishing agreement is passed over where its acquirer owns part of the right: the shares say it already.

    A cycle ends where it would close: the share stays there, with a finding `agreement_cycle`; more than 100 % given away is
    cut back, with a finding `agreement_share_over`. Whatever the order of the rows given, the result is the same: sorted by
    owner, role, collector. With `between_societies` only representation agreements count, else all but these.

    >>> everywhere = lambda area, day: frozenset({"404"})
    >>> link = AgreementLink("A1", "W", "P", "performing", 400_000)
    >>> found = resolve([OwnedShare("W", "performing", 500_000)], [link], "performing", "404", date(2025, 1, 1), everywhere)
    >>> [(part.collector_party_id, part.share_ppm) for part in found]
    [('P', 200000), ('W', 300000)]
    """
    if collected_on and collected_on < on:
        raise WorkbenchError("collected before it was used", got=f"used {on}, collected {collected_on}", where="chain")
    owned = sorted(
        (share for share in shares if share.right == right and share.share_ppm),
        key=lambda share: (share.party_id, share.role, share.share_ppm),
    )
    owners = {share.party_id for share in owned}
    table = agreements if isinstance(agreements, Mapping) else by_assignor(agreements)
    area = expand([("I", territory)], on)

    def counting(party_id: str) -> list[Counting]:
        found = [
            Counting(link, term, term == "retained" and not first_on and link.reach != "specific")
            for link in table.get(party_id, ())
            if link.right == right
            and link.share_ppm > 0
            and (link.kind == REPRESENTATION) == between_societies
            and (term := link.term(on, collected_on, first_on))
            and (not work_id or link.covers(work_id, party_ids))
            and (not link.territories or (bool(area) and area <= expand(link.territories, on)))
            and not (link.kind in ORIGINAL_KINDS and link.acquirer_party_id in owners)
        ]
        return sorted(found, key=lambda one: (one.rank, one.link.agreement_id))

    walk = _Walk(counting, work_id, collected_on or on)
    for share in owned:
        walk.go(share, share.party_id, share.share_ppm, (), (), share.party_id)
    walk.found.sort(
        key=lambda part: (part.owner_party_id, part.role, part.collector_party_id, [s.agreement_id for s in part.steps])
    )
    return walk.found


@dataclass(frozen=True, slots=True)
class Counting:
    """An agreement that counts for one use: how, and whether that rests on a first day of the work that nobody knows."""

    link: AgreementLink
    term: str
    assumed: bool = False

    @property
    def rank(self) -> tuple[int, int]:
        """The lower, the earlier it is served."""
        return SCOPES.index(self.link.reach), TERMS.index(self.term)


def by_assignor(links: Iterable[AgreementLink]) -> dict[str, list[AgreementLink]]:
    """Return the links of each assignor, specific ones first, then implied, then general, each by agreement id.

    Raises `WorkbenchError` where one agreement gives one right twice: its share would be served twice.
    """
    table: dict[str, list[AgreementLink]] = {}
    seen: set[tuple[str, str]] = set()
    for link in sorted(links, key=lambda link: (SCOPES.index(link.reach), link.agreement_id, link.right)):
        if (link.agreement_id, link.right) in seen:
            raise WorkbenchError("an agreement gives one right twice", got=link.right, where=link.agreement_id)
        seen.add((link.agreement_id, link.right))
        table.setdefault(link.assignor_party_id, []).append(link)
    return table


def owned_shares(shares: Iterable[Mapping[str, Any]], right: str) -> list[OwnedShare]:
    """Return a work's share rows (`party_id`, `role`, `<right>_ppm`) as owned shares of a right; see `rules.OWNED_AS`."""
    field = f"{rules.OWNED_AS.get(right, right)}_ppm"
    return [OwnedShare(row["party_id"], right, int(row[field]), row["role"]) for row in shares if row[field]]


def first_day(work: Mapping[str, Any]) -> str:
    """Return the first day a work is known to have existed for agreements (ISO text), empty when nothing says it.

    The earliest start among its shares where every share says one; else the day it was published; else the last day of the year
    it was created, so that a work of the year an agreement ended in is not taken for an older one.

    >>> first_day({"shares": [{"starts_on": ""}], "published_on": "", "created_year": "2019"})
    '2019-12-31'
    """
    starts = [row["starts_on"] for row in work["shares"]]
    if starts and all(starts):
        return str(min(starts))
    return str(work["published_on"] or (f"{work['created_year']}-12-31" if work["created_year"] else ""))


def agreement_links(document: Mapping[str, Any]) -> list[AgreementLink]:
    """Return an agreement document as links, one for each right it gives a share of."""
    same = ("kind", "starts_on", "ends_on", "scope", "retention_ends_on", "collection_ends_on", "prior_royalties",
            "prior_royalties_on", "number", "status")  # fmt: skip
    return [
        AgreementLink(
            agreement_id=document["id"],
            assignor_party_id=document["assignor_party_id"],
            acquirer_party_id=document["acquirer_party_id"],
            right=row["right"],
            share_ppm=row["share_ppm"],
            territories=tuple((entry["indicator"], entry["territory"]) for entry in document["territories"]),
            works=tuple((entry["indicator"], entry["work_id"]) for entry in document["works"]),
            **{name: document[name] for name in same},
        )
        for row in document["shares"]
    ]


class _Walk:
    """Depth first from owner to collectors; `found` holds the ends of all ways."""

    def __init__(self, counting: Callable[[str], list[Counting]], work_id: str, collected_on: date) -> None:
        self.counting = counting
        self.work_id = work_id
        self.collected_on = collected_on.isoformat()
        self.found: list[Collected] = []

    def go(
        self, owner: OwnedShare, party_id: str, ppm: int, steps: tuple[Step, ...], findings: tuple[Finding, ...], holder: str
    ) -> None:
        passed = {owner.party_id, *(step.to_party_id for step in steps)}
        of_a_publisher = bool(steps) or owner.role in rules.PUBLISHER_ROLES
        links = [one for one in self.counting(party_id) if of_a_publisher or one.link.kind != "CO"]
        onward = [one for one in links if one.link.acquirer_party_id not in passed]
        findings += tuple(self._cycle(one.link, steps) for one in links if one.link.acquirer_party_id in passed)
        if onward and len(steps) >= MAX_STEPS:
            findings += (self._long(party_id, steps),)
            onward = []
        taken, over = _cut(onward)
        if over:
            findings += (self._over(party_id, [one.link for one in onward]),)
        findings += tuple(finding for one, _ in taken for finding in self._doubts(one))
        weights = {one.link.agreement_id: part for one, part in taken}
        parts = allocate(ppm, {**weights, "": WHOLE - sum(weights.values())})
        for one, part in taken:
            if amount := parts[one.link.agreement_id]:
                moves = one.link.kind in OWNERSHIP_KINDS and holder == party_id
                to = one.link.acquirer_party_id
                self.go(owner, to, amount, (*steps, self._step(one, part, amount)), findings, to if moves else holder)
        if parts[""]:
            self.found.append(Collected(party_id, owner.party_id, owner.role, owner.right, parts[""], steps, findings, holder))

    def _step(self, one: Counting, part_ppm: int, amount_ppm: int) -> Step:
        reason = reason_of(one, part_ppm, self.collected_on)
        link = one.link
        return Step(
            link.agreement_id, link.assignor_party_id, link.acquirer_party_id, amount_ppm, reason, part_ppm, one.term
        )  # fmt: skip

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

    def _long(self, party_id: str, steps: tuple[Step, ...]) -> Finding:
        return Finding(
            "record",
            "agreement_chain_long",
            "the chain of agreements is too long to be true",
            got=" -> ".join(step.agreement_id for step in steps),
            expected=f"at most {MAX_STEPS} agreements",
            source=self.work_id or party_id,
            what_to_do=f"Look for an agreement that should have ended; until then the share stays with {party_id}.",
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

    def _doubts(self, one: Counting) -> Iterable[Finding]:
        link = one.link
        if one.assumed:
            yield Finding(
                "record",
                "first_day_unknown",
                "an ended agreement keeps the work, but nothing says that the work is old enough",
                got=f"{link.agreement_id}, ended {link.ends_on}",
                source=self.work_id,
                field="published_on",
                what_to_do="Enter the day of publication or the year of creation; until then the work counts as old enough.",
            )
        if link.status in DISPUTED:
            yield Finding(
                "record",
                "agreement_disputed",
                "somebody disputes an agreement of the chain",
                got=f"{link.agreement_id}: {link.status}",
                source=self.work_id or link.agreement_id,
                field="status",
                what_to_do="Settle the dispute; until then the agreement counts as written.",
            )


def _cut(links: Sequence[Counting]) -> tuple[list[tuple[Counting, int]], bool]:
    """Serve links in order from one whole; also tell whether agreements of one rank wanted more than there is.

    A higher rank that leaves nothing for a lower one is the rule of the trade, not an error.
    """
    left = WHOLE
    taken: list[tuple[Counting, int]] = []
    wanted: dict[tuple[int, int], int] = {}
    for one in links:
        wanted[one.rank] = wanted.get(one.rank, 0) + one.link.share_ppm
        part = min(one.link.share_ppm, left)
        left -= part
        if part:
            taken.append((one, part))
    return taken, max(wanted.values(), default=0) > WHOLE + TOLERANCE_PPM


def reason_of(one: Counting, part_ppm: int, collected_on: str) -> str:
    """Return in words why an agreement counts: its kind, share, works, time, territory, and what is special about it."""
    link = one.link
    rank = {"specific": "names the work", "implied": "implied by the work's parties", "general": "covers all works"}[link.reach]
    kind = f"{link.kind} " if link.kind else ""
    when = f"{link.starts_on or 'the beginning'} to {link.ends_on or 'further notice'}"
    where = " ".join(f"{'+' if sign in '+I' else '-'}{code}" for sign, code in link.territories) or "everywhere"
    reason = f"{kind}agreement {link.agreement_id}: {format_percent(part_ppm)} % of {link.right}, {rank}, {when}, {where}"
    if one.term == "retained":
        reason += f", keeps the work until {link.retention_ends_on}"
    elif one.term == "prior":
        reason += ", takes what was used before its start"
    elif link.ends_on and collected_on > link.ends_on:
        reason += f", collects what was used in its time until {link.collection_ends_on or 'further notice'}"
    return reason
