"""The judge of matching: right is what the truth says, and nothing else."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from workbench.demo.judging import Judgement, _judged

EMBODIED = {"R1": {"W1"}, "R2": {"W1"}, "R3": {"W3"}}
PLAYED = {"expected": "inside", "recording_id": "R1", "work_id": "W1"}
SUNG = {"expected": "inside", "recording_id": "", "work_id": "W1"}
STRANGE = {"expected": "outside", "recording_id": "", "work_id": ""}


@pytest.mark.parametrize(
    ("said", "target_id", "verdict"),
    [
        (PLAYED, "R1", "right"),
        (PLAYED, "W1", "right"),
        (PLAYED, "R2", "other version"),
        (PLAYED, "R3", "wrong"),
        (PLAYED, "W3", "wrong"),
        (SUNG, "W1", "right"),
        (SUNG, "R2", "right"),
        (SUNG, "R3", "wrong"),
        (STRANGE, "R1", "wrong"),
        (STRANGE, "", "wrong"),
    ],
)
def test_a_match_is_right_only_when_it_names_what_was_played(said: dict[str, str], target_id: str, verdict: str) -> None:
    assert _judged(SimpleNamespace(state="matched", target_id=target_id), said, EMBODIED) == verdict


@pytest.mark.parametrize("state", ["doubtful", "unmatched", "refused"])
def test_what_was_not_matched_is_neither_right_nor_wrong(state: str) -> None:
    assert _judged(SimpleNamespace(state=state, target_id="R1"), PLAYED, EMBODIED) == state


def test_precision_counts_wrong_matches_and_recall_counts_registered_songs() -> None:
    judgement = Judgement()
    judgement.counts.update(
        {("radio", "inside", "right"): 97, ("radio", "inside", "doubtful"): 3, ("radio", "outside", "wrong"): 3}
    )
    assert judgement.precision_ppm() == 970_000
    assert judgement.recall_ppm("radio") == 970_000
    assert judgement.total("wrong", truly="inside") == 0
