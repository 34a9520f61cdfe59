"""Measure matching against a peer in the same run, and write the figures to benchmarks/matching/results.json.

    python -m benchmarks.matching.measure FOLDER [--limit 20000]

FOLDER holds `d100k/` (100,000 works, 40,000 lines, invented dirt) and `mb20k/`, five dirty lists of the same music with its truth
by cluster; see README. The peer is what a careful person builds first: tantivy's top 20 by words, then the highest
rapidfuzz token_sort_ratio of title and artist. Thresholds are chosen after the fact for both alike; "shipped" is ours with its
own threshold.
"""

from __future__ import annotations

import argparse
import csv
import json
import platform
import time
from pathlib import Path

import numpy as np
from rapidfuzz import fuzz

from benchmarks.matching.data import fingerprint, load_set
from benchmarks.matching.train import auto_rate
from workbench.matching.candidates import Line, Repertoire, TantivySource, Target, read_line
from workbench.matching.decisions import MATCHED, Parameters, decide
from workbench.matching.evaluation import evaluate
from workbench.matching.ranking import rank
from workbench.matching.scoring import load_model

RESULTS = Path(__file__).parent / "results.json"


def ours(targets, lines, truth):
    """Return figures of this project's matching."""
    started = time.process_time()
    repertoire = Repertoire(targets)
    source = TantivySource(repertoire)
    built, model = time.process_time(), load_model()
    decisions = decide(repertoire, model, rank(repertoire, source, model, lines), Parameters())
    ended = time.process_time()
    score, right = [], []
    for each in decisions:
        held = set(each.evidence["reasons"]) - {"probability", "unlikely"}
        score.append(0.0 if held else each.probability_ppm / 1_000_000)
        right.append(each.target_id in truth[each.key])
    found = evaluate(decisions, truth)
    figures = curve(np.array(score), np.array(right, float), len(lines), started, built, ended)
    figures["shipped"] = {
        "accept_ppm": model.accept_ppm,
        "auto_rate_ppm": found.auto_rate_ppm,
        "precision_ppm": found.precision_ppm,
        "recall_ppm": found.recall_ppm,
        "wrong": found.wrong,
        "doubtful": found.doubtful,
        "doubts_with_answer": found.doubts_with_answer,
        "matched": sum(each.state == MATCHED for each in decisions),
    }
    return figures


def peer(targets, lines, truth):
    """Return figures of tantivy's top 20 with rapidfuzz token_sort_ratio over title and artist."""
    started = time.process_time()
    repertoire = Repertoire(targets)
    source = TantivySource(repertoire, spelling=False)
    texts = [f"{t.titles[0]} {' '.join(t.artists)}".lower() for t in repertoire.targets]
    built = time.process_time()
    score, right = [], []
    for line in lines:
        asked = f"{line.title} {line.artist}".lower()
        found = [(fuzz.token_sort_ratio(asked, texts[row]), -row) for row in source.find(read_line(line))]
        best = max(found, default=(0.0, 0))
        score.append(best[0] / 100)
        right.append(bool(found) and repertoire.targets[-best[1]].id in truth[line.key])
    return curve(np.array(score), np.array(right, float), len(lines), started, built, time.process_time())


def curve(score, right, count, started, built, ended):
    """Return the automatic share of all lines at two precisions, and the speed on one core."""
    return {
        "auto_at_995_ppm": round(auto_rate(score, right, count, 0.995)[0] * 1_000_000),
        "auto_at_990_ppm": round(auto_rate(score, right, count, 0.99)[0] * 1_000_000),
        "lines_per_second": round(count / (ended - built)),
        "index_seconds": round(built - started, 1),
    }


def load_mb20k(folder: Path):
    """Return (targets, lines, truth): the first list is the repertoire, the others' records are the lines."""
    targets, lines, truth = [], [], {}
    cluster: dict[str, list[str]] = {}
    for row in csv.reader((folder / "ground_truth.txt").open(encoding="utf-8")):
        cluster.update(dict.fromkeys(row, row))
    for number in range(5):
        for row in csv.DictReader((folder / f"table_{number}.csv").open(encoding="utf-8", newline="")):
            tid, length = row["tid"], clock(row["length"])
            if number == 0:
                targets.append(
                    Target("recording", tid, (row["title"],), (row["artist"],) if row["artist"] else (), duration_seconds=length)
                )
            else:
                lines.append(Line(tid, row["title"], row["artist"], duration_seconds=length))
    known = {target.id for target in targets}
    for line in lines:
        truth[line.key] = frozenset(known.intersection(cluster.get(line.key, ())))
    return targets, lines, truth


def clock(text):
    """Return seconds of `4:04`, `244`, `244000`, `4m 4sec` or `4.067` (minutes); None when it says nothing."""
    text = text.strip().lower().replace("sec", "").replace("m ", ":").replace(" ", "")
    try:
        if ":" in text:
            minutes, seconds = text.split(":")[-2:]
            return int(minutes) * 60 + int(seconds)
        if "." in text:
            return round(float(text) * 60)
        return int(text) or None
    except ValueError:
        return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--limit", type=int, default=20_000)
    measure_all(**vars(parser.parse_args()))


def measure_all(folder: Path, limit: int = 20_000):
    """Measure on both sets, print the figures and write them to results.json."""
    results = {"machine": platform.machine(), "python": platform.python_version(), "model": load_model().version, "sets": {}}
    targets, lines, truth = load_set(folder / "d100k", limit)
    sets = {"d100k": (targets, lines, {key: frozenset([value] if value else []) for key, value in truth.items()})}
    sets["mb20k"] = load_mb20k(folder / "mb20k")
    for name, (targets, lines, truth) in sets.items():
        figures = {
            "targets": len(targets),
            "lines": len(lines),
            "in_repertoire": sum(bool(truth[line.key]) for line in lines),
            "ours": ours(targets, lines, truth),
            "peer": peer(targets, lines, truth),
        }
        results["sets"][name] = figures
        print(name, json.dumps(figures, indent=1), flush=True)
    results["data"] = {"d100k/works.parquet": fingerprint(folder / "d100k" / "works.parquet")}
    RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
