"""From scored candidates to matched, doubtful or unmatched, with the reasons; a pure function of one line and its candidates.

A line is matched only when the probability reaches the threshold, the best candidate is clearly ahead, and nothing objects. What
objects, whatever the score: an identifier whose title does not agree, or that names another candidate than the best; a number or
sequel word that differs; a title alone; for a recording a version word (live, remix) that differs. Equal homonyms are never
told apart by position.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from .candidates import Repertoire, Target
from .features import MEASURES
from .ranking import Candidate, Ranked, line_probabilities
from .scoring import FIELDS, Model, ppm

MATCHED, DOUBTFUL, UNMATCHED, REFUSED = "matched", "doubtful", "unmatched", "refused"
REASONS = {
    "identifier_title": "An identifier of the line belongs to something with another title.",
    "identifier_other": "An identifier of the line belongs to another candidate than the most likely one.",
    "identifiers_disagree": "The line's ISRC and ISWC belong to different works.",
    "sequel": "A number or a word like Part, Reprise or Interlude differs.",
    "version": "A version word (live, remix, karaoke ...) differs: it is another recording.",
    "title_alone": "Only the title speaks for it: no artist, writer or identifier does.",
    "runner_up": "Another candidate is about as likely.",
    "probability": "The evidence is not enough to accept without a person.",
    "no_candidate": "Nothing in the repertoire is like this line.",
    "unlikely": "The nearest candidate is unlikely to be it.",
}
"""Why a line is not matched, in words."""

_ARTIST, _WRITERS = (list(MEASURES).index(name) for name in ("artist_set", "writers_set"))
NEAR = 1.0
"""Log-odds within which two candidates are about as likely (odds of 2.7 to one)."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """The thresholds of a matching run; they are recorded with every decision."""

    accept_ppm: int = 0
    """Probability from which a line is accepted; 0 takes the model's own, found for 99.5 % precision on lines it never saw."""
    doubt_ppm: int = 50_000
    """Probability from which a line that is not accepted goes to a person; below it is unmatched."""
    margin_ppm: int = 500_000
    """Least lead over the runner-up, (odds - odds of the runner-up) / their sum: 0 is equal evidence, half is three times the
    odds."""
    evidence: int = 5
    """Candidates kept with a doubt; a match keeps two."""

    def for_model(self, model: Model) -> Parameters:
        """Return the parameters with the model's own threshold where none was given."""
        return self if self.accept_ppm else replace(self, accept_ppm=model.accept_ppm)


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of all lines with one key; `target_id` is the best candidate, also of a doubt."""

    key: str
    state: str
    target_kind: str
    target_id: str
    method: str
    probability_ppm: int
    margin_ppm: int
    evidence: dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Choice:
    """The best candidate of one kind, and what speaks against taking it."""

    best: Candidate
    rival: Candidate | None
    margin: float
    objections: list[str]


def decide(repertoire: Repertoire, model: Model, ranked: Sequence[Ranked], parameters: Parameters) -> list[Decision]:
    """Decide every line, in the order given; probabilities of all lines' choices are computed by the column."""
    parameters = parameters.for_model(model)
    choices = [_choices(repertoire, each) for each in ranked]
    flat = [choice for several in choices for choice in several]
    chances = iter(
        line_probabilities(model, [c.best for c in flat], [c.rival.logit if c.rival else -math.inf for c in flat]).tolist()
    )
    decided = []
    for each, several in zip(ranked, choices, strict=True):
        decided.append(_settle(repertoire, model, each, [(choice, next(chances)) for choice in several], parameters))
    return decided


def _choices(repertoire: Repertoire, ranked: Ranked) -> list[_Choice]:
    """Return the best recording and the best work, in the order in which the line asks for them."""
    reading = ranked.reading
    kinds = ["recording", "work"] if reading.artist.all or reading.line.isrc else ["work", "recording"]
    found = []
    for kind in kinds:
        of_kind = [each for each in ranked.candidates if repertoire.targets[each.position].kind == kind]
        if of_kind:
            found.append(_choice(repertoire, ranked, _foremost(of_kind)))
    return found


def _foremost(candidates: Sequence[Candidate]) -> Candidate:
    """Return the best candidate; of those about as likely, the one that agrees letter for letter, when it is the only one."""
    near = [each for each in candidates if candidates[0].logit - each.logit < NEAR]
    literal = [each for each in near if each.literal]
    return literal[0] if len(literal) == 1 else candidates[0]


def _choice(repertoire: Repertoire, ranked: Ranked, best: Candidate) -> _Choice:
    target = repertoire.targets[best.position]
    rivals = [
        each
        for each in ranked.candidates
        if each is not best
        and not _same_thing(target, repertoire.targets[each.position])
        # letter for letter beats what agrees only once spelling is set aside
        and not (best.literal and not each.literal and not each.by_isrc and not each.by_iswc)
    ]
    rival = rivals[0] if rivals else None
    # rounded, so that equal evidence is equal whatever the last bit says
    margin = math.tanh(round(best.logit - rival.logit, 9) / 2) if rival else 1.0
    return _Choice(best, rival, margin, _objections(repertoire, ranked, best, target))


def _same_thing(target: Target, other: Target) -> bool:
    """Say whether two candidates do not compete: a recording and the work it embodies."""
    return target.kind != other.kind and bool(target.family & other.family)


def _objections(repertoire: Repertoire, ranked: Ranked, best: Candidate, target: Target) -> list[str]:
    named = [each for each in ranked.candidates if each.by_isrc or each.by_iswc]
    # an identifier is evidence against a candidate of its own family only when its title disagrees
    found = []
    if any(not each.title_agrees or each.sequel for each in named):
        found.append("identifier_title")
    families = [repertoire.targets[each.position].family for each in named]
    if named and not any(each is best or family & target.family for each, family in zip(named, families, strict=True)):
        found.append("identifier_other")
    by_isrc = [repertoire.targets[each.position].family for each in named if each.by_isrc]
    by_iswc = [repertoire.targets[each.position].family for each in named if each.by_iswc]
    if by_isrc and by_iswc and not any(a & b for a in by_isrc for b in by_iswc):
        found.append("identifiers_disagree")
    if best.sequel and "identifier_title" not in found:
        found.append("sequel")
    if best.version and target.kind == "recording" and not best.by_isrc:
        found.append("version")
    artist, writers = best.measures[_ARTIST], best.measures[_WRITERS]
    if math.isnan(artist) and math.isnan(writers) and not best.by_isrc and not best.by_iswc:
        found.append("title_alone")
    return found


def _settle(
    repertoire: Repertoire, model: Model, ranked: Ranked, choices: Sequence[tuple[_Choice, float]], parameters: Parameters
) -> Decision:
    key = ranked.reading.line.key
    thresholds = {
        "accept_ppm": parameters.accept_ppm,
        "doubt_ppm": parameters.doubt_ppm,
        "margin_ppm": parameters.margin_ppm,
        "model": model.version,
    }
    if not choices:
        nothing = {"thresholds": thresholds, "reasons": ["no_candidate"], "candidates": []}
        return Decision(key, UNMATCHED, "", "", "scored", 0, 0, nothing)
    judged = [(choice, chance, _reasons(choice, chance, parameters)) for choice, chance in choices]
    chosen = next((each for each in judged if not each[2]), None)
    state = MATCHED if chosen else UNMATCHED
    if not chosen:
        chosen = max(judged, key=lambda each: (round(each[1], 9), -judged.index(each)))
        named = any(each.by_isrc or each.by_iswc for each in ranked.candidates)
        if named or max(ppm(chance) for _, chance, _ in judged) >= parameters.doubt_ppm:
            state = DOUBTFUL
    choice, chance, reasons = chosen
    if state == UNMATCHED:
        reasons = ["unlikely"]
    kept = [choice.best, *(each for each in ranked.candidates if each is not choice.best)]
    kept = kept[: 2 if state == MATCHED else parameters.evidence]
    evidence = {"thresholds": thresholds, "reasons": reasons, "candidates": _evidence(repertoire, kept, chance)}
    target = repertoire.targets[choice.best.position]
    return Decision(key, state, target.kind, target.id, _method(choice.best), ppm(chance), ppm(choice.margin), evidence)


def _reasons(choice: _Choice, chance: float, parameters: Parameters) -> list[str]:
    reasons = list(choice.objections)
    if ppm(choice.margin) < parameters.margin_ppm:
        reasons.append("runner_up")
    if ppm(chance) < parameters.accept_ppm:
        reasons.append("probability")
    return reasons


def _method(best: Candidate) -> str:
    tests: list[tuple[bool, str]] = [(best.by_isrc, "isrc"), (best.by_iswc, "iswc"), (best.by_key, "exact")]
    return next((name for holds, name in tests if holds), "scored")


def _evidence(repertoire: Repertoire, kept: Sequence[Candidate], chance: float) -> list[dict[str, Any]]:
    found = []
    for place, each in enumerate(kept):
        target = repertoire.targets[each.position]
        sure = chance if place == 0 else 1 / (1 + math.exp(-max(min(each.logit, 40.0), -40.0)))
        found.append(
            {
                "kind": target.kind,
                "id": target.id,
                "probability_ppm": ppm(sure),
                "method": _method(each),
                "points": dict(zip(FIELDS, each.points.tolist(), strict=True)),
            }
        )
    return found
