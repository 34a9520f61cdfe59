"""From usage lines to points: plays x units of time x weight of the use, in thousandths of a point, for each pool of the licence.

A 60-second jingle at weight 0.25 counts 15 points (`points_milli` 15,000). A line on a recording of two works counts half for
each in the authors' pools, and whole for the recording in the neighbouring pool. A line that reaches no target keeps its points
under the reason why: unmatched, doubtful, work_undocumented (a recording without works), recording_unknown (only the work is
known).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from datetime import date

from ..core.engine import Engine, Step
from .rulebook import WHOLE_MILLI, PointsRule, RuleBook, UsageRule

LINE_STEPS: tuple[Step, ...] = (
    (
        "count usage lines",
        """
        CREATE TABLE line AS
        WITH seen AS (
            SELECT u.usage_id, u.licence_id, day.as_of_on, r.*,
                COALESCE(m.state, 'unmatched') AS state,
                CASE WHEN m.state = 'matched' THEN m.target_kind ELSE '' END AS target_kind,
                CASE WHEN m.state = 'matched' THEN m.target_id ELSE '' END AS target_id,
                COALESCE(u.plays, 1) AS plays,
                COALESCE(u.duration_seconds,
                    CASE WHEN r.documented = 1 THEN COALESCE(rec.duration_seconds, w.duration_seconds) END,
                    r.default_seconds) AS seconds,
                COALESCE(weight.weight_milli, r.other_milli) AS weight_milli
            FROM usages u
            JOIN points_rule r ON r.rule_licence_id = u.licence_id
            JOIN use_day day ON day.used_on = u.used_on
            LEFT JOIN matches m ON m.key = u.key
            LEFT JOIN recordings rec ON m.state = 'matched' AND m.target_kind = 'recording' AND rec.recording_id = m.target_id
            LEFT JOIN works w ON m.state = 'matched' AND m.target_kind = 'work' AND w.work_id = m.target_id
            LEFT JOIN use_weight weight ON weight.licence_id = u.licence_id AND weight.use = u.use
        ), clamped AS (
            SELECT *, GREATEST(minimum_seconds, LEAST(maximum_seconds, seconds)) AS counted_seconds FROM seen
        )
        SELECT c.usage_id, c.licence_id, c.as_of_on, c.state, c.target_kind, c.target_id, t.treatment,
            CAST(CASE c.basis
                WHEN 'per_second' THEN c.plays * c.counted_seconds
                WHEN 'per_started_unit' THEN c.plays * intdiv(c.counted_seconds + c.unit_seconds - 1, c.unit_seconds)
                ELSE c.plays END * c.weight_milli AS BIGINT) AS points_milli
        FROM clamped c
        JOIN usage_treatment t ON t.licence_id = c.licence_id AND t.state = c.state
        WHERE t.treatment <> 'leave_out'
        """,
    ),
    (
        "works of recordings",
        """
        CREATE TABLE embodied AS
        SELECT rw.recording_id, rw.work_id,
            ROW_NUMBER() OVER (PARTITION BY rw.recording_id ORDER BY rw.work_id) AS place,
            COUNT(*) OVER (PARTITION BY rw.recording_id) AS works
        FROM recording_works rw JOIN works w ON w.work_id = rw.work_id
        """,
    ),
    (
        "points per pool and target",
        """
        CREATE TABLE earning AS
        SELECT p.pool_id, l.usage_id, '' AS target_kind, '' AS target_id, '' AS as_of_on, l.state AS reason, l.points_milli
        FROM line l JOIN pool p ON p.licence_id = l.licence_id
        WHERE l.treatment = 'hold'
        UNION ALL
        SELECT p.pool_id, l.usage_id,
            CASE WHEN rec.recording_id IS NULL THEN '' ELSE 'recording' END,
            COALESCE(rec.recording_id, ''),
            CASE WHEN rec.recording_id IS NULL THEN '' ELSE l.as_of_on END,
            CASE WHEN rec.recording_id IS NULL THEN 'recording_unknown' ELSE '' END,
            l.points_milli
        FROM line l JOIN pool p ON p.licence_id = l.licence_id AND p."right" = 'neighbouring'
        LEFT JOIN recordings rec ON l.target_kind = 'recording' AND rec.recording_id = l.target_id
        WHERE l.treatment = 'pay'
        UNION ALL
        SELECT p.pool_id, l.usage_id,
            CASE WHEN COALESCE(w.work_id, e.work_id) IS NULL THEN '' ELSE 'work' END,
            COALESCE(w.work_id, e.work_id, ''),
            CASE WHEN COALESCE(w.work_id, e.work_id) IS NULL THEN '' ELSE l.as_of_on END,
            CASE WHEN COALESCE(w.work_id, e.work_id) IS NULL THEN 'work_undocumented' ELSE '' END,
            CASE WHEN e.work_id IS NULL THEN l.points_milli
                 ELSE CAST(intdiv(l.points_milli, e.works)
                     + CASE WHEN e.place <= l.points_milli % e.works THEN 1 ELSE 0 END AS BIGINT) END
        FROM line l JOIN pool p ON p.licence_id = l.licence_id AND p."right" <> 'neighbouring'
        LEFT JOIN works w ON l.target_kind = 'work' AND w.work_id = l.target_id
        LEFT JOIN embodied e ON l.target_kind = 'recording' AND e.recording_id = l.target_id
        WHERE l.treatment = 'pay'
        """,
    ),
)


def load_rules(engine: Engine, tariffs: Mapping[str, str], rulebook: RuleBook, on: date) -> None:
    """Give the engine the rules of points and of usage states per licence, in three tables."""
    points, weights, treatments = [], [], []
    for licence_id, tariff in sorted(tariffs.items()):
        rule = rulebook.find(PointsRule, tariff, on)
        points.append(
            (
                licence_id,
                rule.basis,
                rule.unit_seconds,
                rule.minimum_seconds,
                rule.maximum_seconds,
                rule.default_seconds,
                int(rule.use_documented_duration),
                rule.other_use,
            )
        )
        weights += [(licence_id, use, weight) for use, weight in sorted(rule.uses.items())]
        treatments += [(licence_id, *pair) for pair in sorted(rulebook.find(UsageRule, tariff, on).states.items())]
    whole = dict.fromkeys(
        ["unit_seconds", "minimum_seconds", "maximum_seconds", "default_seconds", "documented", "other_milli"], "whole"
    )
    engine.load_rows("points_rule", {"rule_licence_id": "text", "basis": "text", **whole}, points)
    engine.load_rows("use_weight", {"licence_id": "text", "use": "text", "weight_milli": "whole"}, weights)
    engine.load_rows("usage_treatment", {"licence_id": "text", "state": "text", "treatment": "text"}, treatments)


def load_days(engine: Engine, changes: Iterable[str], otherwise: str) -> None:
    """Give the engine the table use_day: for each day of use, the newest day of `changes` not after it (ISO text).

    Nothing changes between two such days, so agreements and mandates need resolving only for them. A line without a day counts
    as used on the first day of all, or on the day `otherwise` when no line has one.
    """
    days = sorted(row[0] for row in engine.rows("SELECT DISTINCT used_on FROM usages"))
    known = [day for day in days if day]
    first = known[0] if known else otherwise
    starts = [first, *sorted({day for day in changes if known and first < day <= known[-1]})]
    rows = [(day, starts[bisect_right(starts, day) - 1] if day else first) for day in days]
    engine.load_rows("use_day", {"used_on": "text", "as_of_on": "text"}, rows)


def points_of(rule: PointsRule, *, seconds: int | None, documented_seconds: int | None, plays: int, use: str) -> int:
    """Return the thousandths of a point of one line; the same rule as `LINE_STEPS`, for worked examples and for people."""
    found = seconds if seconds is not None else documented_seconds if rule.use_documented_duration else None
    counted = max(rule.minimum_seconds, min(rule.maximum_seconds, rule.default_seconds if found is None else found))
    units = {"per_second": counted, "per_started_unit": -(-counted // rule.unit_seconds), "per_play": 1}[rule.basis]
    return plays * units * rule.uses.get(use, rule.other_use)


assert WHOLE_MILLI == 1_000  # noqa: S101  weights and points are thousandths throughout
