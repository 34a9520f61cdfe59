"""How good matching is on a labelled sample: precision, recall, the share of lines that need nobody, and a threshold for a
precision.

A society labels some hundred lines of a new source and sees whether the thresholds hold there before it trusts them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .decisions import DOUBTFUL, MATCHED, Decision


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Counts over a labelled sample; `right` and `wrong` are among the automatic matches."""

    lines: int
    in_repertoire: int
    matched: int
    right: int
    doubtful: int
    doubts_with_answer: int
    """Doubts whose truth is among the candidates shown."""

    @property
    def wrong(self) -> int:
        return self.matched - self.right

    @property
    def precision_ppm(self) -> int:
        """Of a million automatic matches, how many are right; a million when there are none."""
        return self.right * 1_000_000 // self.matched if self.matched else 1_000_000

    @property
    def recall_ppm(self) -> int:
        """Of a million lines that are in the repertoire, how many are matched rightly without a person."""
        return self.right * 1_000_000 // self.in_repertoire if self.in_repertoire else 1_000_000

    @property
    def auto_rate_ppm(self) -> int:
        """Of a million lines, how many are matched without a person."""
        return self.matched * 1_000_000 // self.lines if self.lines else 0


def evaluate(
    decisions: Sequence[Decision], truth: Mapping[str, str | frozenset[str]], weights: Mapping[str, int] | None = None
) -> Evaluation:
    """Compare decisions with the truth by key: the right target's id, several equally right ones, or "" for not in the
    repertoire.

    Keys without a label are left out. `weights`: lines per key, one each when not given.

    >>> evaluate([Decision("k", "matched", "work", "W-1", "exact", 990_000, 1_000_000, {})], {"k": "W-1"}).precision_ppm
    1000000
    """
    lines = inside = matched = right = doubtful = answered = 0
    for each in decisions:
        if each.key not in truth:
            continue
        label = truth[each.key]
        wanted = label if isinstance(label, frozenset) else frozenset([label] if label else [])
        weight = weights[each.key] if weights is not None else 1
        lines += weight
        inside += weight * bool(wanted)
        matched += weight * (each.state == MATCHED)
        right += weight * (each.state == MATCHED and each.target_id in wanted)
        doubtful += weight * (each.state == DOUBTFUL)
        shown = {candidate["id"] for candidate in each.evidence.get("candidates", ())}
        answered += weight * (each.state == DOUBTFUL and bool(shown & wanted))
    return Evaluation(lines, inside, matched, right, doubtful, answered)


def threshold_for(decisions: Sequence[Decision], truth: Mapping[str, str], precision_ppm: int) -> tuple[int, int]:
    """Return (threshold ppm, auto rate ppm): the lowest probability from which the sample reaches a precision, and its share
    of lines.

    Only lines held back by nothing but their probability count; (1_000_001, 0) when no threshold reaches it. Use a sample that
    the model was not trained on, and report on another one.
    """
    free = [
        each
        for each in decisions
        if each.target_id and each.key in truth and not set(each.evidence["reasons"]) - {"probability", "unlikely"}
    ]
    free.sort(key=lambda each: (-each.probability_ppm, each.key))
    total = sum(each.key in truth for each in decisions)
    best, right = (1_000_001, 0), 0
    for place, each in enumerate(free, start=1):
        right += each.target_id == truth[each.key]
        last = place == len(free) or free[place].probability_ppm < each.probability_ppm
        if last and right * 1_000_000 >= precision_ppm * place:
            best = (each.probability_ppm, place * 1_000_000 // total)
    return best
