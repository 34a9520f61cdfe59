"""The review queue: what a person needs to rule on a doubt, and why a line became what it is.

Doubts come in the order of money at stake, then seconds, lines and key, so that the same book always gives the same queue.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
from sqlalchemy import Connection, select

from ..core.errors import NotFound
from .candidates import Target
from .decisions import DOUBTFUL, REASONS, Decision
from .matches import active_ruling, as_decision, read_decision, ruling_versions, usage_match
from .repertoire import load_targets
from .scoring import FIELDS
from .stakes import Stake, stakes
from .usage import usage


@dataclass(frozen=True, slots=True)
class FieldEvidence:
    """One field side by side: what the line says, what the register says, and the points it contributed (ten double the odds)."""

    field: str
    usage_value: str
    candidate_value: str
    points: int


@dataclass(frozen=True, slots=True)
class CandidateView:
    """One candidate with its evidence per field; `work_ids` are the works a recording embodies."""

    kind: str
    id: str
    title: str
    artist: str
    writers: str
    isrc: str
    iswc: str
    duration_seconds: int | None
    probability_ppm: int
    method: str
    fields: tuple[FieldEvidence, ...]
    work_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Doubt:
    """A line (and all that say the same) waiting for a ruling; pass `version` to `rule(seen_version=)`."""

    key: str
    usage_id: str
    title: str
    artist: str
    writers: str
    isrc: str
    iswc: str
    duration_seconds: int | None
    lines: int
    plays: int
    seconds: int
    money_micros: int
    reasons: tuple[str, ...]
    candidates: tuple[CandidateView, ...]
    version: int

    def as_row(self) -> dict[str, object]:
        """Return the doubt as one row for a table: what the line says, what is at stake, and the best candidate."""
        best = self.candidates[0] if self.candidates else None
        return {
            "usage_id": self.usage_id,
            "title": self.title,
            "artist": self.artist,
            "lines": self.lines,
            "minutes": self.seconds // 60,
            "money_micros": self.money_micros,
            "best_candidate": best.id if best else "",
            "candidate_title": best.title if best else "",
            "candidate_artist": best.artist if best else "",
            "probability_ppm": best.probability_ppm if best else 0,
            "reasons": "; ".join(self.reasons),
        }


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a line became what it is. The first candidate is the best, the others are the rejected alternatives."""

    key: str
    usage_id: str
    state: str
    target_kind: str
    target_id: str
    method: str
    probability_ppm: int
    margin_ppm: int
    ruling_id: str
    reasons: tuple[str, ...]
    candidates: tuple[CandidateView, ...]
    thresholds: dict[str, object]

    def frame(self) -> pd.DataFrame:
        """Return the evidence as rows: candidate, probability, field, usage value, candidate value, points."""
        rows = [
            (each.id, each.probability_ppm, part.field, part.usage_value, part.candidate_value, part.points)
            for each in self.candidates
            for part in each.fields
        ]
        return pd.DataFrame(rows, columns=["candidate", "probability_ppm", "field", "usage_value", "candidate_value", "points"])


@dataclass(frozen=True, slots=True)
class _Said:
    """What the lines of a key say; where spellings differ, the one that sorts first."""

    usage_id: str
    title: str
    artist: str
    writers: str
    isrc: str
    iswc: str
    duration_seconds: int | None


def doubts(
    connection: Connection, batches: Sequence[str] | None, limit: int | None, rate_micros: int | None = None
) -> list[Doubt]:
    """Return open doubts with their candidates, dearest first."""
    open_keys = set(connection.execute(select(usage_match.c.key).where(usage_match.c.state == DOUBTFUL)).scalars())
    at_stake = {key: stake for key, stake in stakes(connection, batches, rate_micros).items() if key in open_keys}
    order = sorted(at_stake, key=lambda key: (-at_stake[key].micros, -at_stake[key].seconds, -at_stake[key].lines, key))[:limit]
    rows = connection.execute(select(usage_match).where(usage_match.c.key.in_(order))).mappings()
    decided = {row["key"]: as_decision(row) for row in rows}
    said = _said(connection, order)
    targets = _targets(connection, [decided[key] for key in order])
    versions = ruling_versions(connection, order)
    return [_doubt(decided[key], said[key], at_stake[key], targets, versions[key]) for key in order]


def explain(connection: Connection, key: str) -> Explanation:
    """Return the explanation of one key; raises `NotFound` while it was never matched."""
    decision = read_decision(connection, key)
    if decision is None:
        raise NotFound("this line was never matched", got=key, next_step="Run wb.matching.run() first.")
    said = _said(connection, [key])[key]
    held = active_ruling(connection, key)
    return Explanation(
        key,
        said.usage_id,
        decision.state,
        decision.target_kind,
        decision.target_id,
        decision.method,
        decision.probability_ppm,
        decision.margin_ppm,
        held.id if held else "",
        (f"Ruled by {held.who}: {held.why}",) if held else _reasons(decision),
        _views(decision, said, _targets(connection, [decision])),
        decision.evidence.get("thresholds", {}),
    )


def _doubt(decision: Decision, said: _Said, stake: Stake, targets: dict[str, Target], version: int) -> Doubt:
    return Doubt(
        decision.key,
        said.usage_id,
        said.title,
        said.artist,
        said.writers,
        said.isrc,
        said.iswc,
        said.duration_seconds,
        stake.lines,
        stake.plays,
        stake.seconds,
        stake.micros,
        _reasons(decision),
        _views(decision, said, targets),
        version,
    )


def _reasons(decision: Decision) -> tuple[str, ...]:
    return tuple(REASONS.get(code, code) for code in decision.evidence.get("reasons", ()))


def _said(connection: Connection, keys: Sequence[str]) -> dict[str, _Said]:
    names = ("title", "artist", "writers", "isrc", "iswc", "duration_seconds")
    query = select(usage.c.key, usage.c.batch_id, usage.c.line, usage.c.id, *(usage.c[name] for name in names))
    found: dict[str, tuple[tuple[str, ...], tuple[str, int], _Said]] = {}
    for row in connection.execute(query.where(usage.c.key.in_(keys))).mappings():
        spelling, place = (row["title"], row["artist"], row["writers"]), (row["batch_id"], row["line"])
        held = found.get(row["key"])
        if held is None or (spelling, place) < held[:2]:
            found[row["key"]] = (spelling, place, _Said(row["id"], *(row[name] for name in names)))
    return {key: said for key, (_, _, said) in found.items()}


def _targets(connection: Connection, decisions: Sequence[Decision]) -> dict[str, Target]:
    ids = {each["id"] for decision in decisions for each in decision.evidence.get("candidates", ())}
    ids |= {decision.target_id for decision in decisions if decision.target_id}
    return {target.id: target for target in load_targets(connection, sorted(ids))} if ids else {}


def _views(decision: Decision, said: _Said, targets: dict[str, Target]) -> tuple[CandidateView, ...]:
    """Return the candidates as they stand in the register now; one that has left it since is not shown."""
    kept = decision.evidence.get("candidates", ())
    views = []
    for each in kept:
        target = targets.get(each["id"])
        if target is not None:
            views.append(_view(target, each["probability_ppm"], each["method"], each["points"], said))
    ruled = targets.get(decision.target_id)
    if ruled is not None and decision.target_id not in {each["id"] for each in kept}:
        views.insert(0, _view(ruled, decision.probability_ppm, decision.method, {}, said))
    return tuple(views)


def _view(target: Target, probability_ppm: int, method: str, points: dict[str, int], said: _Said) -> CandidateView:
    values = {
        "title": (said.title, " / ".join(target.titles)),
        "artist": (said.artist, " / ".join(target.artists)),
        "writers": (said.writers, " / ".join(target.writers)),
        "duration": (_clock(said.duration_seconds), _clock(target.duration_seconds)),
        "isrc": (said.isrc, " / ".join(target.isrcs)),
        "iswc": (said.iswc, " / ".join(target.iswcs)),
    }
    fields = [FieldEvidence(name, *values.get(name, ("", "")), points.get(name, 0)) for name in FIELDS]
    return CandidateView(
        target.kind,
        target.id,
        target.titles[0] if target.titles else "",
        " / ".join(target.artists),
        " / ".join(target.writers),
        " / ".join(target.isrcs),
        " / ".join(target.iswcs),
        target.duration_seconds,
        probability_ppm,
        method,
        tuple(part for part in fields if part.points or part.usage_value or part.candidate_value),
        tuple(sorted(target.family)) if target.kind == "recording" else (),
    )


def _clock(seconds: int | None) -> str:
    return "" if not seconds else f"{seconds // 60}:{seconds % 60:02d}"
