"""Who collects what of many works at once: the walk of `chains.resolve` as set operations, every level of all chains in one step.

All owned shares of all works asked for are the first level. At each level every share is joined with the agreements that count
there, cut, split exactly, and what goes on is the next level; what stays has found its collector. A hundred thousand works take
about as many steps as the longest chain has links. The result is that of `chains.resolve`, row by row (a test holds both
together on worlds made at random).

    frame = resolve_many(asked=[Asked("W1", "performing", "404", date(2025, 7, 1))], shares=[...], links=[...], expand=...)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd

from ...core.engine import Engine, Step, largest_remainder
from ...core.errors import WorkbenchError
from ...core.shares import TOLERANCE_PPM, WHOLE
from .. import rules
from .resolving import DISPUTED, MAX_STEPS, ORIGINAL_KINDS, OWNERSHIP_KINDS, REPRESENTATION, SCOPES, AgreementLink, Expand

COLUMNS = ("work_id", "right", "territory", "on", "owner_party_id", "role", "collector_party_id", "share_ppm", "agreements",
           "holder_party_id", "findings")  # fmt: skip
OWNED = (*rules.OWNED_RIGHTS, "neighbouring")
ARROW = " -> "
"""Between the agreements of a way, in order."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One question: who collects a work's right in a territory (TIS code) for a use on a day, paid on a day (the same)."""

    work_id: str
    right: str
    territory: str
    on: date
    collected_on: date | None = None


@dataclass(frozen=True, slots=True)
class SharesOfWorks:
    """The share rows of many works, as tuples in the order of `FIELDS`, and the first day of each work that has one.

    `first_on` is what `chains.first_day` says; a work left out has none. Recordings stand for works in the neighbouring right.
    """

    FIELDS = ("work_id", "position", "party_id", "role", "territory", "starts_on", "ends_on",
              *(f"{right}_ppm" for right in OWNED))  # fmt: skip
    rows: Sequence[Sequence[Any]]
    first_on: Mapping[str, str]


def resolve_many(asked: Iterable[Asked], shares: SharesOfWorks, links: Iterable[AgreementLink], expand: Expand) -> pd.DataFrame:
    """Return who collects what for every question, one row per end of a way, sorted, as `chains.resolve` says.

    Columns: work_id, right, territory, on (ISO text), owner_party_id, role, collector_party_id, share_ppm, agreements (ids in
    order, joined by `ARROW`), holder_party_id (who owns after assignments), findings (codes, sorted, joined by a blank). Shares
    count where and when they are in force. Raises `WorkbenchError` for a use collected before its day, or one agreement
    giving one right twice.
    """
    questions = list(asked)
    if early := next((one for one in questions if one.collected_on and one.collected_on < one.on), None):
        raise WorkbenchError(
            "collected before it was used", got=f"used {early.on}, collected {early.collected_on}", where=early.work_id
        )
    with Engine(memory="4GB") as engine:
        _load(engine, questions, shares, list(links), expand)
        engine.run(_FIRST)
        level = 0
        while engine.one("SELECT COUNT(*) FROM state")[0]:
            engine.run(_level(level))
            level += 1
        return engine.frame(_RESULT).set_axis(list(COLUMNS), axis="columns")


def _load(
    engine: Engine, questions: Sequence[Asked], shares: SharesOfWorks, links: Sequence[AgreementLink], expand: Expand
) -> None:
    """Make the tables of the first level: questions and their occasions, shares, agreements, and what covers what."""
    occasions: dict[tuple[str, str, date, date], int] = {}
    asked = [
        (
            number,
            one.work_id,
            occasions.setdefault((one.right, one.territory, one.on, one.collected_on or one.on), len(occasions)),
            shares.first_on.get(one.work_id, ""),
        )
        for number, one in enumerate(questions)
    ]  # fmt: skip
    engine.load_rows("ask", {"ask": "whole", "work_id": "text", "occasion": "whole", "first_on": "text"}, asked)
    engine.load_rows(
        "occasion",
        {"occasion": "whole", "right_": "text", "owned_as": "text", "territory": "text", "on_": "text", "collected_on": "text"},
        [
            (number, right, rules.OWNED_AS.get(right, right), territory, on.isoformat(), collected.isoformat())
            for (right, territory, on, collected), number in occasions.items()
        ],
    )
    texts = {"work_id", "party_id", "role", "territory", "starts_on", "ends_on"}
    engine.load_rows("share", {name: "text" if name in texts else "whole" for name in shares.FIELDS}, shares.rows)
    areas: dict[tuple[tuple[str, str], ...], int] = {(): 0}
    engine.load_rows("link", _LINK, (_link_row(number, link, areas) for number, link in enumerate(links)))
    named = ((number, sign, work_id) for number, link in enumerate(links) for sign, work_id in link.works)
    engine.load_rows("link_work", {"no": "whole", "indicator": "text", "work_id": "text"}, named)
    codes = {row[0]: 0 for row in engine.rows("SELECT DISTINCT territory FROM share")}
    for code in codes:
        codes[code] = areas.setdefault((("I", code),) if code not in ("", "2136") else (), len(areas))
    engine.load_rows("share_area", {"territory": "text", "area": "whole"}, codes.items())
    engine.load_rows("cover", {"area": "whole", "occasion": "whole"}, _cover(areas, occasions, expand))
    twice = "SELECT agreement_id, right_ FROM link GROUP BY 1, 2 HAVING COUNT(*) > 1 ORDER BY 1, 2 LIMIT 1"
    for agreement_id, right in engine.rows(twice):
        raise WorkbenchError("an agreement gives one right twice", got=right, where=agreement_id)


_LINK = {
    "no": "whole", "agreement_id": "text", "assignor": "text", "acquirer": "text", "right_": "text", "share_ppm": "whole",
    "reach": "whole", "area": "whole", "original": "whole", "co": "whole", "moves": "whole", "disputed": "whole",
    "between_societies": "whole", "starts_on": "text", "ends_on": "text", "retention_ends_on": "text",
    "collection_ends_on": "text", "prior_royalties": "text", "prior_royalties_on": "text",
}  # fmt: skip


def _link_row(number: int, link: AgreementLink, areas: dict[tuple[tuple[str, str], ...], int]) -> tuple[Any, ...]:
    area = areas.setdefault(link.territories, len(areas))
    return (
        number, link.agreement_id, link.assignor_party_id, link.acquirer_party_id, link.right, link.share_ppm,
        SCOPES.index(link.reach), area, int(link.kind in ORIGINAL_KINDS), int(link.kind == "CO"),
        int(link.kind in OWNERSHIP_KINDS), int(link.status in DISPUTED), int(link.kind == REPRESENTATION), link.starts_on,
        link.ends_on, link.retention_ends_on, link.collection_ends_on, link.prior_royalties, link.prior_royalties_on,
    )  # fmt: skip


def _cover(
    areas: Mapping[tuple[tuple[str, str], ...], int], occasions: Mapping[tuple[str, str, date, date], int], expand: Expand
) -> Iterable[tuple[int, int]]:
    """Which areas take in every country asked for on the day of use, by the dated graph of territories."""
    for (_, territory, on, _), occasion in occasions.items():
        asked = expand([("I", territory)], on)
        for area, number in areas.items():
            if not area or (asked and asked <= expand(area, on)):
                yield number, occasion


_KEEPS = """
    CASE WHEN ends_on = '' THEN '' ELSE GREATEST(ends_on, CASE WHEN {keeps} THEN retention_ends_on ELSE '' END) END
"""
_TERM = """
    CASE WHEN starts_on <> '' AND on_ < starts_on THEN
              CASE WHEN collected_on >= starts_on AND (ends_on = '' OR collected_on <= GREATEST(ends_on, collection_ends_on))
                        AND (prior_royalties = 'all' OR (prior_royalties = 'from' AND on_ >= prior_royalties_on)) THEN 2 END
         WHEN ends_on <> '' AND (on_ > {last} OR (collection_ends_on <> ''
                                                  AND collected_on > GREATEST({last}, collection_ends_on))) THEN NULL
         WHEN ends_on <> '' AND on_ > ends_on THEN 0
         ELSE 1 END
"""
"""`AgreementLink.term` as its place in `chains.TERMS`; NULL where the agreement does not count."""
_PUBLISHERS = ", ".join(f"'{role}'" for role in rules.PUBLISHER_ROLES)

_FIRST: tuple[Step, ...] = (
    (
        "agreements that may count on an occasion",
        """
        CREATE TABLE live AS
        WITH judged AS (
            SELECT link.*, occasion.occasion, occasion.on_, occasion.collected_on,
                   {kept_last} AS kept_last, {other_last} AS other_last
            FROM link JOIN occasion ON link.right_ = occasion.right_ JOIN cover
                 ON cover.area = link.area AND cover.occasion = occasion.occasion
            WHERE share_ppm > 0 AND between_societies = 0
        )
        SELECT *, {kept} AS kept_term, {other} AS other_term
        FROM judged
        WHERE ({kept}) IS NOT NULL OR ({other}) IS NOT NULL
        """.format(  # noqa: S608
            kept_last=_KEEPS.format(keeps="true"),
            other_last=_KEEPS.format(keeps="reach = 0"),
            kept=_TERM.format(last="kept_last"),
            other=_TERM.format(last="other_last"),
        ),
    ),
    ("works asked for", "CREATE TABLE asked_work AS SELECT DISTINCT work_id FROM ask"),
    (
        "works an agreement leaves out",
        """
        CREATE TABLE left_out AS
        SELECT DISTINCT no, work_id FROM link_work JOIN asked_work USING (work_id) WHERE indicator = 'E'
        """,
    ),
    (
        "works an agreement names or implies",
        """
        CREATE TABLE named AS
        WITH covered AS (
            SELECT DISTINCT w.work_id, l.no FROM link_work w JOIN asked_work USING (work_id) JOIN link l ON l.no = w.no
            WHERE w.indicator = 'I' AND l.reach = 0
            UNION ALL
            SELECT DISTINCT one.work_id, l.no
            FROM share one JOIN asked_work USING (work_id) JOIN share other ON other.work_id = one.work_id
                 JOIN link l ON l.assignor = one.party_id AND l.acquirer = other.party_id
            WHERE l.reach = 1
        )
        SELECT * FROM covered ANTI JOIN left_out USING (no, work_id)
        """,
    ),
    (
        "shares in force",
        """
        CREATE TABLE owned AS
        SELECT ROW_NUMBER() OVER () AS row_id, ask.ask, ask.occasion, share.party_id, share.role,
               CASE occasion.owned_as {which} END AS ppm
        FROM ask JOIN occasion USING (occasion) JOIN share USING (work_id)
             JOIN share_area ON share_area.territory = share.territory
             LEFT JOIN cover ON cover.area = share_area.area AND cover.occasion = ask.occasion
        WHERE (starts_on = '' OR starts_on <= on_) AND (ends_on = '' OR on_ <= ends_on)
              AND (cover.area IS NOT NULL OR share.territory = occasion.territory) AND ppm > 0
        """.format(which=" ".join(f"WHEN '{right}' THEN {right}_ppm" for right in OWNED)),  # noqa: S608
    ),
    ("owners", "CREATE TABLE owner AS SELECT DISTINCT ask, party_id FROM owned"),
    (
        "first level",
        """
        CREATE TABLE state AS
        SELECT row_id, ask, occasion, party_id AS owner, role, party_id AS party, CAST(ppm AS BIGINT) AS ppm,
               [party_id] AS passed,
               CAST([] AS VARCHAR[]) AS path, CAST([] AS VARCHAR[]) AS codes, party_id AS holder
        FROM owned
        """,
    ),
    (
        "ends",
        """
        CREATE TABLE ended (ask BIGINT, owner VARCHAR, role VARCHAR, collector VARCHAR, ppm BIGINT, path VARCHAR[],
                            codes VARCHAR[], holder VARCHAR)
        """,
    ),
)
_CANDIDATE = """
    SELECT state.row_id, live.no, live.agreement_id, live.acquirer, live.share_ppm, live.disputed, live.moves,
           live.original, live.co, live.reach, state.ask, list_contains(state.passed, live.acquirer) AS closing,
           CASE WHEN live.reach = 0 OR ask.first_on = '' OR ask.first_on <= live.ends_on
                THEN kept_term ELSE other_term END AS term,
           ask.first_on = '' AND live.reach <> 0 AS undated
    FROM state JOIN ask USING (ask)
"""


def _level(level: int) -> list[Step]:
    """One step of all ways: what counts at each party, how it is cut, what goes on, what ends here."""
    may_give = "true" if level else f"(co = 0 OR role IN ({_PUBLISHERS}))"
    onward = "NOT closing" if level < MAX_STEPS else "false"
    return [
        (
            f"agreements of level {level}",
            f"""
            CREATE OR REPLACE TABLE candidate AS
            WITH met AS (
                {_CANDIDATE} JOIN live ON live.assignor = state.party AND live.occasion = state.occasion AND live.reach = 2
                     ANTI JOIN left_out ON left_out.no = live.no AND left_out.work_id = ask.work_id
                WHERE {may_give}
                UNION ALL
                {_CANDIDATE} JOIN named USING (work_id) JOIN live ON live.assignor = state.party
                     AND live.occasion = state.occasion AND live.no = named.no
                WHERE {may_give}
            )
            SELECT met.*, reach * 10 + term AS rank, undated AND term = 0 AS assumed
            FROM met ANTI JOIN owner ON owner.ask = met.ask AND owner.party_id = met.acquirer AND met.original = 1
            WHERE term IS NOT NULL
            """,  # noqa: S608
        ),
        (
            f"parts of level {level}",
            f"""
            CREATE OR REPLACE TABLE choice AS
            WITH summed AS (
                SELECT *,
                    SUM(share_ppm) OVER (PARTITION BY row_id ORDER BY rank, agreement_id ROWS UNBOUNDED PRECEDING) AS upto,
                    SUM(share_ppm) OVER (PARTITION BY row_id, rank) AS of_rank
                FROM candidate WHERE {onward}
            )
            SELECT *, CAST(GREATEST(0, LEAST(share_ppm, {WHOLE} - upto + share_ppm)) AS BIGINT) AS part FROM summed
            """,  # noqa: S608
        ),
        (
            f"findings of level {level}",
            f"""
            CREATE OR REPLACE TABLE flag AS
            WITH chosen AS (
                SELECT row_id, SUM(part) AS taken, BOOL_OR(of_rank > {WHOLE + TOLERANCE_PPM}) AS over,
                       BOOL_OR(assumed AND part > 0) AS assumed, BOOL_OR(disputed = 1 AND part > 0) AS disputed
                FROM choice GROUP BY row_id
            ), met AS (
                SELECT row_id, BOOL_OR(closing) AS closing, BOOL_OR(NOT closing) AS open FROM candidate GROUP BY row_id
            )
            SELECT row_id, CAST(COALESCE(taken, 0) AS BIGINT) AS taken,
                list_filter([CASE WHEN closing THEN 'agreement_cycle' END, CASE WHEN over THEN 'agreement_share_over' END,
                             CASE WHEN assumed THEN 'first_day_unknown' END, CASE WHEN disputed THEN 'agreement_disputed' END,
                             CASE WHEN open AND {level} >= {MAX_STEPS} THEN 'agreement_chain_long' END],
                            lambda code: code IS NOT NULL) AS codes
            FROM met LEFT JOIN chosen USING (row_id)
            """,  # noqa: S608
        ),
        (
            f"what level {level} splits",
            f"""
            CREATE OR REPLACE TABLE piece AS
            SELECT row_id, agreement_id AS key_, acquirer, moves, part AS weight, ppm FROM choice JOIN state USING (row_id)
            WHERE part > 0
            UNION ALL
            SELECT row_id, '', '', 0, {WHOLE} - taken, ppm FROM flag JOIN state USING (row_id)
            """,  # noqa: S608
        ),
        ("make room", "DROP TABLE IF EXISTS split"),
        (
            f"split of level {level}",
            largest_remainder(
                "piece", "split", by="row_id", amount="ppm", weight="weight", key="key_", keep="row_id, key_, acquirer, moves",
                result="amount_ppm",
            ),
        ),
        (
            f"ends of level {level}",
            """
            INSERT INTO ended
            SELECT ask, owner, role, party, ppm, path, codes, holder FROM state ANTI JOIN flag USING (row_id)
            UNION ALL
            SELECT ask, owner, role, party, amount_ppm, path, list_concat(state.codes, flag.codes), holder
            FROM split JOIN state USING (row_id) JOIN flag USING (row_id) WHERE key_ = '' AND amount_ppm > 0
            """,
        ),
        (
            f"level {level + 1}",
            """
            CREATE OR REPLACE TABLE state AS
            SELECT ROW_NUMBER() OVER () AS row_id, ask, occasion, owner, role, acquirer AS party, amount_ppm AS ppm,
                   list_append(passed, acquirer) AS passed, list_append(path, key_) AS path,
                   list_concat(state.codes, flag.codes) AS codes,
                   CASE WHEN moves = 1 AND holder = party THEN acquirer ELSE holder END AS holder
            FROM split JOIN state USING (row_id) JOIN flag USING (row_id) WHERE key_ <> '' AND amount_ppm > 0
            """,
        ),
    ]  # fmt: skip


_RESULT = f"""
    SELECT work_id, right_, territory, on_, owner, role, collector, ppm, array_to_string(path, '{ARROW}') AS agreements, holder,
           array_to_string(list_sort(list_distinct(codes)), ' ') AS findings
    FROM ended JOIN ask USING (ask) JOIN occasion USING (occasion)
    ORDER BY work_id, right_, territory, on_, ask, owner, role, collector, path, ppm
"""  # noqa: S608  a constant
