"""What rules are written in, besides the staged tables: parameters, roles, classes, terms, and share pictures.

    parameter      one row: today, our_society, our_territory, tolerance_ppm, whole_ppm
    role_kind      role, kind (creator, publisher, income), owns (1 or 0)
    class_role     creation_class, role, group_name, part_ppm (of the group; the whole where there are no groups)
    class_need     creation_class, need
    term           territory (empty: elsewhere), years after death
    in_force       every share row in every picture of its work: work_id, territory, starts_on, position, party_id, role, ..._ppm
    picture        the sums of a work in one area from one day: performing_ppm, ..., publishers_ppm (of performing), owners
    picture_right  the same, one row per right: of_right, total_ppm, owners
    producing      every producer in every picture of a recording; producer_picture its sums: total_ppm, producers
    contained      work_id, in_work_id: a component in its composite, an excerpt in its whole, an episode in its series

A work whose shares hold everywhere and always has one picture, with empty territory and day. The others are cut at the days and
areas where another set of rows holds (`share_pictures.areas`); asked for one territory and day, every work has one picture.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from ...core.engine import Engine
from ...core.shares import TOLERANCE_PPM, WHOLE
from ...core.territories import WORLD, standard_territories
from .. import rules
from ..creation_classes import MUSICAL, creation_classes
from ..share_pictures import area_text, areas

_TERMS = Path(__file__).parent.parent / "data" / "terms.csv"
WORK_SHARE = {
    **dict.fromkeys(("party_id", "role", "represents_party_id"), "text"),
    **dict.fromkeys((f"{right}_ppm" for right in rules.OWNED_RIGHTS), "whole"),
}
PRODUCER = {"party_id": "text", "share_ppm": "whole"}
WORDS = frozenset(
    {"work_share", "recording_contributor", "work_component", "component_work_id", "whole_work_id", "series_work_id", "territory",
     "starts_on", "ends_on", *WORK_SHARE, *PRODUCER}
)  # fmt: skip
"""Tables and columns of the register that the tables here are made from."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The territory (TIS code) and the day that a judgement is for."""

    territory: str
    on: date


def derive(engine: Engine, *, today: date, society: str, territory: str, asked: Asked | None, kinds: Iterable[str]) -> None:
    """Make the tables rules are written in; `kinds` says of which kinds the staged tables are there."""
    _facts(engine, today, society, territory)
    if "work" in kinds:
        _share_rows(engine, "work_share", "in_force", "work_id", WORK_SHARE, today, asked)
        engine.run(_WORK_STEPS)
    if "recording" in kinds:
        _share_rows(engine, "recording_contributor", "producing", "recording_id", PRODUCER, today, asked, "role = 'producer'")
        engine.run(_RECORDING_STEPS)


def _facts(engine: Engine, today: date, society: str, territory: str) -> None:
    engine.run(
        [
            (
                "percent",  # as core.shares.format_percent
                "CREATE MACRO percent(ppm) AS regexp_replace(printf('%d.%04d', CAST(ppm AS BIGINT) // 10000, "
                "CAST(ppm AS BIGINT) % 10000), '00$', '')",
            )
        ]
    )
    whole = {"tolerance_ppm": "whole", "whole_ppm": "whole"}
    parameter = [today.isoformat(), society, territory, TOLERANCE_PPM, WHOLE]
    _load(engine, "parameter", {**dict.fromkeys(("today", "our_society", "our_territory"), "text"), **whole}, [parameter])
    roles = [(r, "creator", 1) for r in rules.CREATOR_ROLES]
    roles += [(r, "publisher", int(r in rules.OWNING_ROLES)) for r in rules.PUBLISHER_ROLES]
    roles += [(r, "income", 0) for r in rules.INCOME_ROLES]
    _load(engine, "role_kind", {"role": "text", "kind": "text", "owns": "whole"}, roles)
    found = [*creation_classes().values()]
    rows = [
        (code, role, group.name if group else "", group.part_ppm if group else WHOLE)
        for one in found
        for code in (("", one.code) if one.code == MUSICAL else (one.code,))
        for role in one.roles
        for group in [next((each for each in one.groups if role in each.roles), None)]
    ]
    columns = {"creation_class": "text", "role": "text", "group_name": "text", "part_ppm": "whole"}
    _load(engine, "class_role", columns, rows)
    needs = [
        (code, need)
        for one in found
        for code in (("", one.code) if one.code == MUSICAL else (one.code,))
        for need in one.documents
    ]
    _load(engine, "class_need", {"creation_class": "text", "need": "text"}, needs)
    _load(engine, "term", {"territory": "text", "years": "whole"}, list(terms().items()))


@cache
def terms() -> Mapping[str, int]:
    """Return how many years after an author's death a work is protected, by territory (TIS code); empty for all others."""
    with _TERMS.open(encoding="utf-8", newline="") as file:
        return {row["territory"]: int(row["years"]) for row in csv.DictReader(file)}


def _share_rows(
    engine: Engine,
    source: str,
    target: str,
    owner: str,
    kept: Mapping[str, str],
    today: date,
    asked: Asked | None,
    only: str = "true",
) -> None:
    """Make `target`: each share row of `source` once for every picture it stands in."""
    fields = ", ".join(f"s.{name}" for name in kept)
    if asked:
        _asked_codes(engine, source, asked)
        engine.run(
            [
                (
                    target,
                    f"""CREATE OR REPLACE VIEW {target} AS
                    SELECT s.owner_id AS {owner}, '' AS territory, '' AS starts_on, s.position, {fields}
                    FROM {source} s JOIN {source}_code c ON c.code = s.territory
                    WHERE {only} AND s.starts_on <= '{asked.on}' AND (s.ends_on = '' OR s.ends_on >= '{asked.on}')""",  # noqa: S608
                )
            ]
        )
        return
    engine.run(_period_steps(source, today, fields, only))
    pairs = list(engine.rows(f"SELECT DISTINCT codes, reference_on FROM {source}_period ORDER BY ALL"))  # noqa: S608
    _load(
        engine,
        f"{source}_area",
        {"codes": "text", "reference_on": "text", "area": "text", "code": "text"},
        [(codes, day, area, code) for codes, day in pairs for area, code in _area_rows(codes, day)],
    )
    engine.run(
        [
            (
                target,
                f"""CREATE OR REPLACE VIEW {target} AS
                SELECT s.owner_id AS {owner}, '' AS territory, '' AS starts_on, s.position, {fields}
                FROM {source} s ANTI JOIN {source}_cut_owner d ON d.owner_id = s.owner_id WHERE {only}
                UNION ALL
                SELECT s.owner_id, a.area, p.first_on, s.position, {fields}
                FROM {source}_cut s
                JOIN {source}_period p ON p.owner_id = s.owner_id AND {_RUNS}
                JOIN {source}_area a ON a.codes = p.codes AND a.reference_on = p.reference_on AND a.code = s.code""",  # noqa: S608
            )
        ]
    )


_RUNS = "s.starts_on <= p.first_on AND (s.ends_on = '' OR (p.last_on <> '' AND p.last_on <= s.ends_on))"


def _period_steps(source: str, today: date, fields: str, only: str) -> list[tuple[str, str]]:
    """Steps that cut the rows with dates or territories into periods, each with the territories that play a part in it."""
    return [
        (
            f"{source}_cut_owner",
            f"""CREATE TABLE {source}_cut_owner AS SELECT DISTINCT owner_id FROM {source}
            WHERE starts_on <> '' OR ends_on <> '' OR territory NOT IN ('', '{WORLD}')""",  # noqa: S608
        ),
        (
            f"{source}_cut",
            f"""CREATE TABLE {source}_cut AS
            SELECT s.owner_id, s.position, {fields}, s.starts_on, s.ends_on,
                CASE WHEN s.territory = '{WORLD}' THEN '' ELSE s.territory END AS code
            FROM {source} s SEMI JOIN {source}_cut_owner d ON d.owner_id = s.owner_id WHERE {only}""",  # noqa: S608
        ),
        (
            f"{source}_period",
            f"""CREATE TABLE {source}_period AS
            WITH first AS (
                SELECT owner_id, '' AS first_on FROM {source}_cut_owner
                UNION SELECT owner_id, starts_on FROM {source}_cut WHERE starts_on <> ''
                UNION SELECT owner_id, CAST(CAST(ends_on AS DATE) + 1 AS VARCHAR) FROM {source}_cut WHERE ends_on <> ''
            ), period AS (
                SELECT owner_id, first_on, COALESCE(CAST(CAST(
                    LEAD(first_on) OVER (PARTITION BY owner_id ORDER BY first_on) AS DATE) - 1 AS VARCHAR), '') AS last_on
                FROM first
            )
            SELECT p.owner_id, p.first_on, p.last_on,
                GREATEST(CASE WHEN p.last_on = '' OR p.last_on > '{today}' THEN '{today}' ELSE p.last_on END, p.first_on)
                    AS reference_on,
                COALESCE(string_agg(DISTINCT s.code, ' ' ORDER BY s.code) FILTER (s.code <> ''), '') AS codes
            FROM period p LEFT JOIN {source}_cut s ON s.owner_id = p.owner_id AND {_RUNS}
            GROUP BY p.owner_id, p.first_on, p.last_on""",  # noqa: S608
        ),
    ]


def _area_rows(codes: str, day: str) -> list[tuple[str, str]]:
    """(area, code) for every code that covers an area; the empty code, a share for the world, covers them all."""
    return _areas_by_day(codes, day) if codes else [("", "")]


@cache
def _areas_by_day(codes: str, day: str) -> list[tuple[str, str]]:
    found = areas(frozenset(codes.split()), date.fromisoformat(day))
    return [(area_text(area), code) for area, covering in found for code in ("", *sorted(covering))]


def _asked_codes(engine: Engine, source: str, asked: Asked) -> None:
    """Which territories of share rows cover the asked one on the day."""
    graph = standard_territories()
    wanted = graph.resolve((("I", asked.territory or WORLD),), asked.on)
    found = [code for (code,) in engine.rows(f"SELECT DISTINCT territory FROM {source}")]  # noqa: S608
    covering = [
        (code,)
        for code in found
        if code in ("", WORLD, asked.territory) or (wanted and wanted <= graph.resolve((("I", code),), asked.on))
    ]
    _load(engine, f"{source}_code", {"code": "text"}, covering)


def _load(engine: Engine, name: str, types: Mapping[str, str], rows: Sequence[Sequence[Any]]) -> None:
    engine.make_table(name, types)
    engine.append(name, types, rows)


_SUMS = ", ".join(f"CAST(SUM({right}_ppm) AS BIGINT) AS {right}_ppm" for right in rules.OWNED_RIGHTS)
_WORK_STEPS = [
    (
        "picture",
        f"""CREATE TABLE picture AS
        SELECT work_id, territory, starts_on, {_SUMS},
            CAST(SUM(performing_ppm) FILTER (kind = 'publisher') AS BIGINT) AS publishers_ppm, COUNT(*) AS owners
        FROM in_force LEFT JOIN role_kind USING (role) GROUP BY ALL""",  # noqa: S608
    ),
    (
        "picture_right",
        "CREATE VIEW picture_right AS "  # noqa: S608  rights are the program's own words
        + " UNION ALL ".join(
            f"SELECT work_id, territory, starts_on, '{right}' AS of_right, {right}_ppm AS total_ppm, owners FROM picture"  # noqa: S608
            for right in rules.OWNED_RIGHTS
        ),
    ),
    (
        "contained",
        """CREATE VIEW contained AS
        SELECT component_work_id AS work_id, owner_id AS in_work_id FROM work_component
        UNION SELECT id, whole_work_id FROM work WHERE whole_work_id IS NOT NULL
        UNION SELECT id, series_work_id FROM work WHERE series_work_id IS NOT NULL""",
    ),
]
_RECORDING_STEPS = [
    (
        "producer_picture",
        """CREATE TABLE producer_picture AS
        SELECT recording_id, territory, starts_on, CAST(SUM(share_ppm) AS BIGINT) AS total_ppm, COUNT(*) AS producers
        FROM producing GROUP BY ALL""",
    ),
]
