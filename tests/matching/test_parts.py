"""The parts of matching: reading titles, candidates, the model, evaluation, targets from the register."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.matching.place import Place
from workbench.core.errors import WorkbenchError
from workbench.matching.candidates import Line, Repertoire, TantivySource, Target, Vocabulary, read_line
from workbench.matching.decisions import Decision, Parameters, decide
from workbench.matching.evaluation import evaluate, threshold_for
from workbench.matching.features import MEASURES, choose, measure
from workbench.matching.keys import exact_keys, read_names, read_title, read_writers, seconds
from workbench.matching.ranking import gather, rank
from workbench.matching.repertoire import load_targets
from workbench.matching.scoring import MODEL_FILE, load_model, pair_columns


@pytest.mark.parametrize(
    ("text", "core", "numbers", "versions"),
    [
        ("02 - Runnin' With the Devil (Live, 1978) [feat. Somebody]", "running with the devil", "", "live"),
        ("JUMP - 2009 Remaster", "jump", "", ""),
        ("Rocky II", "rocky 2", "2", ""),
        ("Safari, Pt. 2", "safari part 2", "2 part", ""),
        ("Safari (Part Two)", "safari part 2", "2 part", ""),
        ("Safari (Great Hits, Volume 3)", "safari great hits volume 3", "", ""),
        ("99 Red Balloons", "99 red balloons", "99", ""),
        ("Live and Let Die", "live and let die", "", ""),
        ("Ã‰toile d&#39;Or", "etoile dor", "", ""),
        ("Малайка", "malayka", "", ""),
        ("Moonlight (DJ Kesho Remix)", "moonlight", "", "remix"),
    ],
)
def test_a_title_is_read_for_its_song_its_numbers_and_its_version(text: str, core: str, numbers: str, versions: str) -> None:
    read = read_title(text)
    assert (read.core_text, " ".join(sorted(read.numbers)), " ".join(sorted(read.versions))) == (core, numbers, versions)


def test_names_are_read_without_article_and_nobody_is_nobody() -> None:
    assert read_names("The Beat Kings") == read_names("Beat Kings, The")
    assert read_names("VARIOUS ARTISTS").all == read_names("n/a").all == read_names("").all == ()
    assert read_names("Amani Trio feat. Baraka").first == ("amani", "trio")
    assert read_writers("MBEKI, W. / Asha Farah") == (("mbeki", "w"), ("asha", "farah"))
    assert exact_keys([read_title("Pole Pole")], [read_names("")]) == []


def test_more_than_three_hours_were_milliseconds() -> None:
    assert [seconds(value) for value in (None, 0, -4, 215, 10_800, 215_000)] == [None, None, None, 215, 10_800, 215]


def test_search_finds_through_a_slip_of_the_pen_and_never_by_position() -> None:
    targets = [Target("work", f"W-{n}", (title,), (artist,)) for n, (title, artist) in enumerate(
        [("Malaika", "Miriam Otieno"), ("Safari", "Miriam Otieno"), ("Malaika", "Baraka Jazz"), ("Nyota", "Amani")])]  # fmt: skip
    for order in (targets, targets[::-1]):
        repertoire = Repertoire(order)
        found = TantivySource(repertoire).find(read_line(Line("k", "Malika", "Miriam Otieno")))
        assert repertoire.targets[found[0]].id == "W-0"
    assert Vocabulary({"malaika", "pata"}).near("malaika") == []


def test_a_candidate_an_identifier_names_is_never_dropped() -> None:
    targets = [Target("recording", f"R-{n:02d}", ("Malaika",), ("Miriam Otieno",)) for n in range(30)]
    targets += [
        Target("recording", f"R-{n}", (f"Quite Another {n}",), ("Someone",), isrcs=("KEA012500001",)) for n in range(92, 100)
    ]
    repertoire = Repertoire(targets)
    line = read_line(Line("k", "Malaika", "Miriam Otieno", isrc="KEA012500001"))
    found = gather(repertoire, TantivySource(repertoire), line)
    pairs = choose(repertoire, [line], [found.positions], [found.named])
    kept = {repertoire.targets[row].id for row in pairs.target.tolist()}
    assert kept >= {f"R-{n}" for n in range(92, 100)}


def test_another_source_of_candidates_can_be_plugged_in() -> None:
    repertoire = Repertoire(
        [Target("work", "W-1", ("Malaika",), ("Miriam Otieno",)), Target("work", "W-2", ("Safari",), ("Amani",))]
    )

    class Nothing:
        def find(self, _line: object) -> list[int]:
            return []

    (ranked,) = rank(repertoire, Nothing(), load_model(), [Line("k", "malaika", "OTIENO MIRIAM")])
    assert [repertoire.targets[each.position].id for each in ranked.candidates] == ["W-1"], "the exact key needs no search"


def test_what_a_line_does_not_say_is_unknown_and_not_zero() -> None:
    repertoire = Repertoire([Target("work", "W-1", ("Malaika",), ("Miriam Otieno",), ("Asha Farah",), duration_seconds=200)])
    lines = [read_line(Line("a", "Malaika")), read_line(Line("b", "Malaika", "Nobody Else", "Some One", duration_seconds=20))]
    values = measure(repertoire, lines, choose(repertoire, lines, [[0], [0]]))
    for name in ("artist_first", "writers_set", "duration_gap", "isrc"):
        assert np.isnan(values[name][0])
    assert values["artist_first"][1] < 0.6
    assert values["duration_gap"][1] == 180
    assert set(values) == set(MEASURES)
    logit = load_model().pair.logit
    columns = pair_columns(values)[1]
    filled = np.where(np.isnan(columns), load_model().pair.mean, columns)
    assert logit(filled)[0] > logit(filled)[1], "not knowing the artist is better than a wrong one"


def test_a_pair_scores_the_same_alone_and_in_company() -> None:
    targets = [
        Target("work", f"W-{n}", (f"Malaika {word}",), ("Miriam Otieno",))
        for n, word in enumerate(("safi", "nzuri", "moto", "baridi"))
    ]
    repertoire = Repertoire(targets)
    source, model = TantivySource(repertoire), load_model()
    lines = [Line(str(n), f"Malaika {word}", "M. Otieno") for n, word in enumerate(("safi", "nzuri", "moto", "baridy"))]
    together = decide(repertoire, model, rank(repertoire, source, model, lines), Parameters())
    alone = [decide(repertoire, model, rank(repertoire, source, model, [line]), Parameters())[0] for line in lines]
    assert together == alone


def test_a_model_trained_for_other_columns_is_refused(tmp_path: Path) -> None:
    data = json.loads(MODEL_FILE.read_text(encoding="utf-8"))
    assert "trained" in data
    data["pair"]["names"][0] = "something else"
    other = tmp_path / "model.json"
    other.write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(WorkbenchError, match="does not fit"):
        load_model(other)


def test_the_shipped_model_is_calibrated_on_lines_it_never_saw() -> None:
    rows = json.loads(MODEL_FILE.read_text(encoding="utf-8"))["calibration"]["rows"]
    lines = sum(row[2] for row in rows)
    assert sum(row[2] * abs(row[3] - row[4]) for row in rows) / lines < 0.01


def test_evaluation_counts_what_a_society_asks_for() -> None:
    made = Decision("a", "matched", "work", "W-1", "scored", 990_000, 1_000_000, {"reasons": [], "candidates": []})
    doubt = replace(made, key="c", state="doubtful", evidence={"reasons": ["runner_up"], "candidates": [{"id": "W-3"}]})
    found = evaluate([made, replace(made, key="b"), doubt], {"a": "W-1", "b": "", "c": "W-3"})
    assert (found.lines, found.matched, found.right, found.wrong) == (3, 2, 1, 1)
    assert (found.precision_ppm, found.recall_ppm, found.auto_rate_ppm) == (500_000, 500_000, 666_666)
    assert (found.doubtful, found.doubts_with_answer) == (1, 1)
    assert evaluate([made, doubt], {"a": "W-1"}, {"a": 7}).lines == 7


def test_a_threshold_is_the_lowest_that_reaches_the_precision_and_never_splits_equals() -> None:
    chances = [(990_000, "W-1"), (980_000, "W-1"), (970_000, "W-9"), (970_000, "W-1"), (100_000, "W-9")]
    decisions = [
        Decision(str(n), "matched", "work", "W-1", "scored", chance, 1_000_000, {"reasons": [], "candidates": []})
        for n, (chance, _) in enumerate(chances)
    ]
    truth = {str(n): right for n, (_, right) in enumerate(chances)}
    assert threshold_for(decisions, truth, 1_000_000) == (980_000, 400_000)
    assert threshold_for(decisions, truth, 750_000) == (970_000, 800_000)
    assert threshold_for(decisions, dict.fromkeys(truth, ""), 500_000) == (1_000_001, 0)


def test_targets_carry_every_name_the_register_knows(place: Place) -> None:
    work = place.work("Nyota Saba", ("Asha Farah",), ("Seven Stars",), iswc="T-000.000.001-0")
    recording = place.recording("Nyota Saba", "Amani Trio", version_title="Acoustic", isrc="KEA012500001", works=[work])
    with place.office.book.read() as connection:
        everything = {target.id: target for target in load_targets(connection)}
        assert load_targets(connection, [recording]) == [everything[recording]]
    assert everything[recording].titles == ("Nyota Saba (Acoustic)",)
    assert everything[recording].writers == everything[work].writers == ("Asha Farah",)
    assert everything[recording].iswcs == everything[work].iswcs == ("T-000.000.001-0",)
    assert everything[work].titles == ("Nyota Saba", "Seven Stars")
    assert everything[work].artists == ("Amani Trio",)
    assert everything[work].family == everything[recording].family == frozenset([work])
