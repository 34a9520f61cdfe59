"""Train the pair and the line model on invented data and write workbench/matching/data/model-v1.json (numpy only).

    python -m benchmarks.matching.train FOLDER --train s21 s22 --line s23 --threshold s24

Every set is a folder in FOLDER, as the benchmark's generator makes it (see README).
The pair model is fitted on the first sets, the line model on a set the pair model never saw, the threshold on one neither saw.
"""

from __future__ import annotations

import argparse
import itertools
import json
import time
from pathlib import Path

import numpy as np

from benchmarks.matching.data import load_set
from workbench.matching.candidates import Repertoire, TantivySource, read_line
from workbench.matching.features import choose, measure
from workbench.matching.ranking import CHUNK, gather
from workbench.matching.scoring import (
    LINE_NAMES,
    MODEL_FILE,
    Logistic,
    filled,
    line_columns,
    pair_columns,
    pair_names,
    probability,
)

PENALTY = 3.0


def prepare(folder, name):
    """Return (measures, line number, is it true, kept, lines) of every pair of a set."""
    targets, lines, truth = load_set(folder / name)
    repertoire = Repertoire(targets)
    source = TantivySource(repertoire)
    parts, owners, true, started = [], [], [], time.perf_counter()
    for start in range(0, len(lines), CHUNK):
        readings = [read_line(line) for line in lines[start : start + CHUNK]]
        found = [gather(repertoire, source, reading) for reading in readings]
        pairs = choose(repertoire, readings, [each.positions for each in found], [each.named for each in found])
        parts.append(measure(repertoire, readings, pairs))
        owners.append(pairs.line + start)
        ids = [repertoire.targets[position].id for position in pairs.target.tolist()]
        true += [one == truth[lines[start + number].key] for number, one in zip(pairs.line.tolist(), ids, strict=True)]
    measures = {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}
    print(name, len(lines), "lines", len(true), "pairs", round(time.perf_counter() - started, 1), "s", flush=True)
    positives = sum(bool(truth[line.key]) for line in lines)
    print("  recall of candidates", round(sum(true) / positives, 4))
    return measures, np.concatenate(owners), np.array(true, float), len(lines), positives


def fit(columns, truth, names, rounds=25, penalty=PENALTY):
    """Fit a logistic model by Newton's method on standardised columns, with a ridge penalty."""
    mean = np.nan_to_num(np.nanmean(columns, axis=0))
    columns = filled(columns, mean)
    scale = columns.std(axis=0)
    scale[scale < 1e-6] = 1.0
    x = (columns - mean) / scale
    x = np.column_stack([x, np.ones(len(x))])
    weight = np.zeros(x.shape[1])
    ridge = np.full(x.shape[1], penalty)
    ridge[-1] = 0
    for _ in range(rounds):
        p = probability(x @ weight)
        gradient = x.T @ (truth - p) - ridge * weight
        hessian = (x * np.maximum(p * (1 - p), 1e-9)[:, None]).T @ x + np.diag(ridge)
        step = np.linalg.solve(hessian, gradient)
        weight = weight + step
        if np.abs(step).max() < 1e-6:
            break
    return Logistic(tuple(names), mean, scale, weight[:-1], float(weight[-1]))


def best_of(model, prepared):
    """Return the line model's columns and truth for the best candidate of every line that has one."""
    measures, owner, true, count, _ = prepared
    logit = np.empty(len(owner))
    for start in range(0, len(owner), 50_000):
        part = {k: v[start : start + 50_000] for k, v in measures.items()}
        logit[start : start + 50_000] = model.logit(filled(pair_columns(part)[1], model.mean))
    order = np.lexsort((np.arange(len(owner)), -np.round(logit, 9), owner))
    first = order[np.r_[True, owner[order][1:] != owner[order][:-1]]]
    at = np.searchsorted(owner[order], owner[first])
    after = np.minimum(at + 1, len(order) - 1)
    has_second = (at + 1 < len(order)) & (owner[order[after]] == owner[first])
    second = np.where(has_second, logit[order[after]], -np.inf)
    best = {k: v[first] for k, v in measures.items()}
    return line_columns(logit[first], second, best), true[first], best, count


def auto_rate(p, true, count, precision):
    """Return (share of all lines accepted, threshold) at a precision, the threshold chosen on the same lines."""
    order = np.argsort(-p, kind="stable")
    right = np.cumsum(true[order])
    share = right / np.arange(1, len(order) + 1)
    good = np.flatnonzero(share >= precision)
    return (0.0, 1.0) if not len(good) else ((good[-1] + 1) / count, float(p[order][good[-1]]))


def calibration(p, true):
    """Return rows (from, to, lines, mean probability, share right)."""
    edges = [0, 0.05, 0.2, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 1.0001]
    rows = []
    for low, high in itertools.pairwise(edges):
        here = (p >= low) & (p < high)
        if here.any():
            rows.append([low, min(high, 1), int(here.sum()), round(float(p[here].mean()), 4), round(float(true[here].mean()), 4)])
    return rows


def as_data(model):
    """Return a model as plain data, weights with nine digits."""
    return {
        "names": list(model.names),
        "mean": [round(float(v), 9) for v in model.mean],
        "scale": [round(float(v), 9) for v in model.scale],
        "weight": [round(float(v), 9) for v in model.weight],
        "intercept": round(model.intercept, 9),
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--train", nargs="+", required=True)
    parser.add_argument("--line", nargs="+", required=True)
    parser.add_argument("--threshold", required=True)
    parser.add_argument("--precision", type=float, default=0.995)
    parser.add_argument("--out", type=Path, default=MODEL_FILE)
    options = parser.parse_args()
    sets = [prepare(options.folder, name) for name in options.train]
    measures = {key: np.concatenate([each[0][key] for each in sets]) for key in sets[0][0]}
    pair = fit(pair_columns(measures)[1], np.concatenate([each[2] for each in sets]), pair_names())
    del measures, sets
    unseen = [best_of(pair, prepare(options.folder, name)) for name in options.line]
    columns, true = np.concatenate([each[0] for each in unseen]), np.concatenate([each[1] for each in unseen])
    line = fit(columns, true, LINE_NAMES)
    columns, true, _, count = best_of(pair, prepare(options.folder, options.threshold))
    p = probability(line.logit(columns))
    rate, threshold = auto_rate(p, true, count, options.precision)
    for row in calibration(p, true):
        print(*row, sep="\t")
    print(f"auto@{options.precision} {rate:.4f} threshold {threshold:.6f}; auto@.99 {auto_rate(p, true, count, 0.99)[0]:.4f}")
    options.out.write_text(
        json.dumps(
            {
                "version": "model-v1",
                "trained": f"invented data: pair model on {options.train}, line model on {options.line}, threshold on "
                f"{options.threshold} at precision {options.precision}; ridge {PENALTY}; see benchmarks/README.md",
                "accept_ppm": round(threshold * 1_000_000),
                "calibration": {
                    "columns": ["from", "to", "lines", "mean probability", "share right"],
                    "rows": calibration(p, true),
                },
                "pair": as_data(pair),
                "line": as_data(line),
            },
            indent=1,
        )
        + "\n",
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
