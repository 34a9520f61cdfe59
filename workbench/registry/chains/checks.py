"""What is odd in agreements, by itself and beside the others: everybody's agreements judged at once, as sets.

    code                      what it means
    agreement_overlap         one acquirer is given more than 100 % by two agreements of one assignor, somewhere, on some day
    duplicate_claim           several acquirers are given more than 100 % together: the same right, works, territory and days
    agreement_cycle           agreements that lead back to where they began, on a day, somewhere
    agreement_gap             sub-publishing, administration or representation ended, what it rests on goes on, and nobody follows
    agreement_without_basis   sub-publishing by somebody who owns nothing of the right and was given nothing of it
    agreement_retained        it ended, and its works stay with the acquirer for some more time
    agreement_work_unreached  it names a work from which no share leads to its assignor

General agreements are judged against general ones, those that name works against those that name the same work; whether implied
ones meet depends on each work, and its chain says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Protocol

from ...core.documents import Document
from ...core.engine import Engine
from ...core.errors import Finding
from ...core.shares import TOLERANCE_PPM, WHOLE, format_percent
from ...core.territories import Territories
from .. import rules
from .resolving import REPRESENTATION, AgreementLink, agreement_links

SUB_KINDS = ("PG", "PS", "AD", "RE")
"""Agreements that rest on another one, or on ownership."""
OPEN = 4_000_000
"""A day after all days, as a number."""
MOST_WAYS = 20_000
"""So many ways are followed when cycles are looked for among agreements that lead to each other."""
Days = tuple[int, int]


class Given(Protocol):
    """What is checked: see `chain_links.Checked`."""

    @property
    def documents(self) -> Sequence[Document]: ...
    @property
    def parties_of_works(self) -> Sequence[tuple[str, str]]: ...
    @property
    def owners(self) -> frozenset[tuple[str, str]]: ...
    @property
    def societies(self) -> frozenset[str]: ...


def check(given: Given, territories: Territories, today: date) -> list[Finding]:
    """Return the findings of all agreements, by agreement, as the table above says."""
    findings = [finding for one in given.documents for finding in judge(one, given.societies, today)]
    links = [
        link
        for one in given.documents
        for link in agreement_links(one)
        if link.share_ppm > 0 and link.assignor_party_id != link.acquirer_party_id and not rules.ends_before_it_starts(one)
    ]
    with Engine(memory="4GB") as engine:
        _load(engine, links, given.parties_of_works)
        findings += overlaps(engine, links, territories)
        findings += gaps(engine, links, given.owners, territories, today)
        findings += without_basis(links, given.owners)
        findings += unreached(engine, links)
    findings += cycles(links, territories)
    return sorted(findings, key=lambda finding: finding.source)


def judge(one: Document, societies: frozenset[str], today: date) -> list[Finding]:
    """Return what is odd in one agreement by itself: its dates, its parties, its shares, its works."""
    findings = _dates(one, today)
    if one["assignor_party_id"] == one["acquirer_party_id"]:
        message = "assignor and acquirer are the same party"
        step = "Correct one of them."
        findings.append(rules.odd(one, "same_party", message, "acquirer_party_id", one["acquirer_party_id"], what_to_do=step))
    if not any(row["share_ppm"] for row in one["shares"]):
        step = "Enter the rights and shares it gives."
        findings.append(rules.odd(one, "no_shares", "the agreement gives no share", "shares", what_to_do=step))
    if one["scope"] == "specific" and not any(row["indicator"] == "I" for row in one["works"]):
        message = "a specific agreement names no work, and covers none"
        step = "Enter the works it covers, or make it general."
        findings.append(rules.odd(one, "no_works", message, "works", what_to_do=step))
    if one["kind"] == REPRESENTATION:
        for field in ("assignor_party_id", "acquirer_party_id"):
            if one[field] not in societies:
                message = "representation between societies by a party that is none"
                step = "Enter the society's CISAC code at the party, or correct the kind."
                findings.append(rules.odd(one, "not_a_society", message, field, one[field], what_to_do=step))
    return findings


def _dates(one: Document, today: date) -> list[Finding]:
    findings = []
    if rules.ends_before_it_starts(one):
        findings.append(rules.period_order(one, one, "ends_on"))
    for field in ("retention_ends_on", "collection_ends_on"):
        if one[field] and not one["ends_on"]:
            step = "Enter the end of the agreement, or take this day out."
            message = f"{field} of an agreement that does not end"
            findings.append(rules.odd(one, "end_missing", message, field, one[field], what_to_do=step))
        elif one[field] and one[field] < one["ends_on"]:
            step = "Correct one of the two dates."
            message = f"{field} before the end of the agreement"
            findings.append(rules.odd(one, "period_order", message, field, one[field], f"{one['ends_on']} or later", step))
    if one["ends_on"] and one["ends_on"] < today.isoformat() <= one["retention_ends_on"]:
        findings.append(
            rules.odd(
                one,
                "agreement_retained",
                "the agreement ended, and its works stay with the acquirer for some time",
                "retention_ends_on",
                f"ended {one['ends_on']}, works stay until {one['retention_ends_on']}",
                what_to_do="Settle before that day who takes the works over.",
            )
        )
    return findings


def overlaps(engine: Engine, links: Sequence[AgreementLink], territories: Territories) -> list[Finding]:
    """Return a finding for the newest of the agreements that together give more than 100 %, over all days and territories."""
    engine.run(_MEETING)
    areas = sorted({row[0] for row in engine.rows("SELECT DISTINCT area FROM suspect JOIN link USING (no)")})
    engine.load_rows(
        "span", {"area": "whole", "country": "whole", "from_": "whole", "to_": "whole"}, _spans(links, areas, territories)
    )
    engine.run(_OVER)
    findings = []
    for newest, others, total, first, country, countries, several, work_id, works in engine.rows(_TOLD):
        link = links[newest]
        place = territories.name(str(country)) + (f" and {countries - 1} more" if countries > 1 else "")
        of_works = f", work {work_id}" + (f" and {works - 1} more" if works > 1 else "") if work_id else ""
        with_ = sorted({links[other].agreement_id for other in others})
        shown = ", ".join(with_[:5]) + (" ..." if len(with_) > 5 else "")
        first_on = date.fromordinal(first).isoformat() if first > 1 else "the beginning"
        findings.append(
            rules.odd(
                {"id": link.agreement_id},
                "duplicate_claim" if several else "agreement_overlap",
                f"{'several acquirers are' if several else 'the same acquirer is'} given more than 100 % of {link.right}",
                "share_ppm",
                f"{format_percent(total)} % with {shown}, from {first_on}, in {place}{of_works}",
                "at most 100 %",
                (
                    "Ask which of them holds, and end or correct the other"
                    if several
                    else "End the older one or correct the shares"
                )
                + "; until then the lower number is served first.",
            )
        )
    return findings


def gaps(
    engine: Engine, links: Sequence[AgreementLink], owners: frozenset[tuple[str, str]], territories: Territories, today: date
) -> list[Finding]:
    """Return a finding for each ended agreement of `SUB_KINDS` whose basis goes on while nobody follows in its territory.

    It has ended when its retention has as well; whoever follows in a part of its territory follows.
    """
    engine.load_rows("owner_", {"party_id": "text", "right_": "text"}, sorted(owners))
    pairs = list(engine.rows(_ENDED.format(today=today.toordinal())))
    findings = []
    following: dict[int, list[int]] = {}
    for ended, later in pairs:
        following.setdefault(ended, []).extend([] if later is None else [later])
    for number, later in following.items():
        link = links[number]
        after = date.fromordinal(_kept(link) + 1)
        here = territories.resolve(link.territories, date.fromisoformat(link.ends_on))
        followers = [links[one] for one in later if here & territories.resolve(links[one].territories, after)]
        starts_on = min((one.starts_on for one in followers), default="9999-12-31")
        if starts_on > after.isoformat():
            until = (date.fromisoformat(starts_on) - timedelta(days=1)).isoformat() if followers else "further notice"
            findings.append(
                rules.odd(
                    {"id": link.agreement_id},
                    "agreement_gap",
                    f"nobody follows this agreement for {link.right}, and what it rests on goes on",
                    "ends_on",
                    f"{after.isoformat()} to {until}",
                    "a following agreement from the next day on",
                    f"Register what follows, or its extension; until then {link.assignor_party_id} collects itself.",
                )
            )
    return findings


def without_basis(links: Sequence[AgreementLink], owners: frozenset[tuple[str, str]]) -> list[Finding]:
    """Return a finding for each sub-publishing agreement whose assignor has nothing to give."""
    given = {(link.acquirer_party_id, link.right) for link in links}
    return [
        rules.odd(
            {"id": link.agreement_id},
            "agreement_without_basis",
            f"sub-publishing of {link.right} by a party that neither owns any nor was given any",
            "assignor_party_id",
            link.assignor_party_id,
            "shares of works, or an agreement with their owner",
            "Register the original agreement, or correct the assignor.",
        )
        for link in links
        if link.kind in ("PG", "PS")
        and (link.assignor_party_id, link.right) not in given
        and (link.assignor_party_id, rules.OWNED_AS.get(link.right, link.right)) not in owners
    ]


def unreached(engine: Engine, links: Sequence[AgreementLink]) -> list[Finding]:
    """Return a finding for each agreement that names works from whose parties no way leads to its assignor."""
    engine.run(
        [
            ("arrows", "CREATE TABLE arrow AS SELECT DISTINCT assignor, acquirer FROM link"),
            (
                "reached",
                """
                CREATE TABLE reached AS
                WITH RECURSIVE walk AS (
                    SELECT work_id, party_id FROM work_party
                    UNION SELECT work_id, acquirer FROM walk JOIN arrow ON arrow.assignor = walk.party_id
                )
                SELECT work_id, party_id FROM walk
                """,
            ),
        ]
    )
    rows = engine.rows(
        """
        SELECT MIN(l.no), MIN(n.work_id), COUNT(DISTINCT n.work_id)
        FROM named n JOIN link l USING (no) SEMI JOIN work_party w ON w.work_id = n.work_id
             ANTI JOIN reached r ON r.work_id = n.work_id AND r.party_id = l.assignor
        GROUP BY l.agreement_id ORDER BY 1
        """
    )
    return [
        rules.odd(
            {"id": links[number].agreement_id},
            "agreement_work_unreached",
            "the agreement does not apply to a work it names: no share of it leads to the assignor",
            "works",
            work_id + (f" and {works - 1} more" if works > 1 else ""),
            f"{links[number].assignor_party_id} among its parties, or an agreement that leads there",
            "Add the missing share or agreement, or take the work out.",
        )
        for number, work_id, works in rows
    ]


def cycles(links: Sequence[AgreementLink], territories: Territories) -> list[Finding]:
    """Return a finding, at the newest agreement, for each cycle whose agreements meet on a day, somewhere, for some work."""
    findings: dict[tuple[str, ...], Finding] = {}
    for right in sorted({link.right for link in links}):
        for way in _closed_ways(_trimmed(link for link in links if link.right == right)):
            if met := _meet(way, territories):
                ids = [link.agreement_id for link in way]
                newest = max(way, key=lambda link: (link.starts_on, link.agreement_id))
                findings.setdefault(
                    (*sorted(ids), right),
                    rules.odd(
                        {"id": newest.agreement_id},
                        "agreement_cycle",
                        f"agreements for {right} lead back to where they began",
                        "acquirer_party_id",
                        f"{' -> '.join(ids)}, from {met}",
                        what_to_do="End one of them, or correct its parties.",
                    ),
                )
    return list(findings.values())


# the sets


def _load(engine: Engine, links: Sequence[AgreementLink], parties_of_works: Iterable[tuple[str, str]]) -> None:
    areas: dict[tuple[tuple[str, str], ...], int] = {}
    rows = [
        (number, link.agreement_id, link.assignor_party_id, link.acquirer_party_id, link.right, link.share_ppm,
         ("specific", "implied", "general").index(link.reach), areas.setdefault(tuple(link.territories), len(areas)),
         int(link.kind in SUB_KINDS), int(link.kind == REPRESENTATION), *_days(link), _kept(link))
        for number, link in enumerate(links)
    ]  # fmt: skip
    texts = ("agreement_id", "assignor", "acquirer", "right_")
    names = ("no", "agreement_id", "assignor", "acquirer", "right_", "share_ppm", "reach", "area", "sub", "between_societies",
             "from_", "to_", "kept_to")  # fmt: skip
    engine.load_rows("link", {name: "text" if name in texts else "whole" for name in names}, rows)
    named = (
        (number, work_id)
        for number, link in enumerate(links)
        if link.reach == "specific"
        for sign, work_id in link.works
        if sign == "I"
    )
    engine.load_rows("named", {"no": "whole", "work_id": "text"}, named)
    engine.load_rows("work_party", {"work_id": "text", "party_id": "text"}, parties_of_works)


_ENDED = """
    WITH ended AS (
        SELECT l.* FROM link l
        WHERE l.sub = 1 AND l.reach = 2 AND l.kept_to < {today}
            AND (l.between_societies = 1 OR (l.assignor, l.right_) IN (SELECT party_id, right_ FROM owner_)
                 OR EXISTS (SELECT 1 FROM link basis WHERE basis.acquirer = l.assignor AND basis.right_ = l.right_
                            AND basis.between_societies = 0 AND basis.from_ <= l.to_ AND basis.to_ > l.kept_to))
    )
    SELECT e.no, n.no
    FROM ended e LEFT JOIN link n ON n.assignor = e.assignor AND n.right_ = e.right_ AND n.to_ > e.kept_to AND n.reach = 2
        AND n.between_societies = e.between_societies
    ORDER BY 1, n.from_, 2
"""
"""Each ended agreement whose basis goes on, with every later one of the same assignor and right."""
_LIMIT = WHOLE + TOLERANCE_PPM
_MEETING = (
    (
        "agreements of one rank",
        """
        CREATE TABLE member AS
        SELECT no, assignor, right_, between_societies, '' AS work_id, share_ppm, from_, to_ FROM link WHERE reach = 2
        UNION ALL
        SELECT no, assignor, right_, between_societies, work_id, share_ppm, from_, to_
        FROM link JOIN named USING (no) WHERE reach = 0
        """,
    ),
    (
        "groups that give much",
        f"""
        CREATE TABLE much AS SELECT assignor, right_, between_societies, work_id, ROW_NUMBER() OVER () AS group_
        FROM member GROUP BY ALL HAVING COUNT(*) > 1 AND SUM(share_ppm) > {_LIMIT}
        """,  # noqa: S608
    ),
    (
        "groups that give too much on some day",
        f"""
        CREATE TABLE suspect AS
        WITH met AS (
            SELECT much.group_, member.* FROM member JOIN much USING (assignor, right_, between_societies, work_id)
        ), event AS (
            SELECT group_, from_ AS day, share_ppm AS change FROM met UNION ALL SELECT group_, to_ + 1, -share_ppm FROM met
        ), daily AS (
            SELECT group_, day, SUM(change) AS change FROM event GROUP BY group_, day
        ), running AS (
            SELECT group_, SUM(change) OVER (PARTITION BY group_ ORDER BY day ROWS UNBOUNDED PRECEDING) AS total FROM daily
        )
        SELECT group_, no, work_id, share_ppm, from_, to_ FROM met
        SEMI JOIN (SELECT group_ FROM running GROUP BY group_ HAVING MAX(total) > {_LIMIT}) AS over USING (group_)
        """,  # noqa: S608
    ),
)
_OVER = (
    (
        "who gives what, country by country",
        """
        CREATE TABLE placed AS
        SELECT s.group_, s.no, s.work_id, s.share_ppm, span.country, GREATEST(s.from_, span.from_) AS from_,
               LEAST(s.to_, span.to_) AS to_, link.from_ AS starts, link.acquirer
        FROM suspect s JOIN link USING (no) JOIN span USING (area)
        WHERE GREATEST(s.from_, span.from_) <= LEAST(s.to_, span.to_)
        """,
    ),
    (
        "days on which it is too much",
        f"""
        CREATE TABLE too_much AS
        WITH event AS (
            SELECT group_, country, from_ AS day, share_ppm AS change FROM placed
            UNION ALL SELECT group_, country, to_ + 1, -share_ppm FROM placed
        ), daily AS (
            SELECT group_, country, day, SUM(change) AS change FROM event GROUP BY group_, country, day
        ), running AS (
            SELECT group_, country, day,
                SUM(change) OVER (PARTITION BY group_, country ORDER BY day ROWS UNBOUNDED PRECEDING) AS total
            FROM daily
        )
        SELECT * FROM running WHERE total > {_LIMIT}
        """,  # noqa: S608
    ),
    (
        "who takes part",
        """
        CREATE TABLE part AS
        SELECT t.group_, t.country, t.day, t.total, p.no, p.work_id, p.starts, p.acquirer
        FROM too_much t JOIN placed p ON p.group_ = t.group_ AND p.country = t.country AND p.from_ <= t.day AND t.day <= p.to_
        """,
    ),
)
_TOLD = """
    WITH newest AS (
        SELECT *, MAX(starts) OVER (PARTITION BY group_, country, day) AS last FROM part
    ), pair AS (
        SELECT one.no, other.no AS other, one.total, one.day, one.country, one.work_id,
               one.acquirer <> other.acquirer AS several
        FROM newest one JOIN part other USING (group_, country, day)
        WHERE one.starts = one.last AND other.no <> one.no
    )
    SELECT no, list_sort(list_distinct(list(other))), MAX(total), MIN(day), MIN(country), COUNT(DISTINCT country),
           BOOL_OR(several), MIN(work_id), COUNT(DISTINCT work_id)
    FROM pair GROUP BY no ORDER BY no
"""


def _spans(links: Sequence[AgreementLink], areas: Sequence[int], territories: Territories) -> Iterable[tuple[int, int, int, int]]:
    """Which countries each area covers from which day to which, by the dated graph: (area, country, from, to)."""
    numbered: dict[tuple[tuple[str, str], ...], int] = {}
    for link in links:
        numbered.setdefault(tuple(link.territories), len(numbered))
    wanted = set(areas)
    changes = [date.min, *(date.fromisoformat(day) for day in territories.days_of_change())] if wanted else []
    for area, number in numbered.items():
        if number not in wanted:
            continue
        since: dict[str, int] = {}
        for day in changes:
            now = territories.resolve(area, day)
            for gone in since.keys() - now:
                yield number, int(gone), since.pop(gone), day.toordinal() - 1
            for come in now - since.keys():
                since[come] = day.toordinal()
        yield from ((number, int(country), first, OPEN) for country, first in since.items())


def _kept(link: AgreementLink) -> int:
    """The last day on which it counts for anything, as a number."""
    last = max(link.ends_on, link.retention_ends_on) if link.ends_on else ""
    return date.fromisoformat(last).toordinal() if last else OPEN


def _days(link: AgreementLink) -> Days:
    first = date.fromisoformat(link.starts_on).toordinal() if link.starts_on else 1
    return first, date.fromisoformat(link.ends_on).toordinal() if link.ends_on else OPEN


# cycles


def _trimmed(links: Iterable[AgreementLink]) -> dict[str, list[AgreementLink]]:
    """Return the links, by assignor, without those no cycle can hold: from nobody's acquirer, or to nobody's assignor."""
    left = list(links)
    while True:
        givers, takers = {link.assignor_party_id for link in left}, {link.acquirer_party_id for link in left}
        kept = [link for link in left if link.assignor_party_id in takers and link.acquirer_party_id in givers]
        if len(kept) == len(left):
            break
        left = kept
    found: dict[str, list[AgreementLink]] = {}
    for link in left:
        found.setdefault(link.assignor_party_id, []).append(link)
    return found


def _closed_ways(inside: Mapping[str, Sequence[AgreementLink]]) -> Iterable[list[AgreementLink]]:
    """Every way that leads back to its beginning, begun at its lowest party."""
    followed = 0
    for start in sorted(inside):
        ways: list[list[AgreementLink]] = [[link] for link in inside[start]]
        while ways and followed < MOST_WAYS:
            way = ways.pop()
            followed += 1
            here = way[-1].acquirer_party_id
            if here == start:
                yield way
            elif here > start and here not in {link.assignor_party_id for link in way}:
                ways += [[*way, link] for link in inside.get(here, ())]


def _meet(way: Sequence[AgreementLink], territories: Territories) -> str:
    """Return the first day on which all agreements of a way run somewhere for a common work, or nothing."""
    if len({link.kind == REPRESENTATION for link in way}) > 1:
        return ""
    first = max(link.starts_on for link in way)
    last = min((link.ends_on for link in way if link.ends_on), default="")
    if last and last < first:
        return ""
    day = date.fromisoformat(first or last) if first or last else date(2000, 1, 1)
    common = territories.resolve((), day)
    for link in way:
        common &= territories.resolve(link.territories, day)
    works = [{work_id for sign, work_id in link.works if sign == "I"} for link in way if link.reach == "specific"]
    if not common or (works and not set.intersection(*works)):
        return ""
    return first or "the beginning"
