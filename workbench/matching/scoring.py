"""From measures to a probability: two small logistic models kept as data, and what each field contributed.

The *pair* model says how likely a candidate is the thing played. The *line* model looks at the best candidate, its distance to
the next one and what the line does not tell, and gives the probability that accepting the best is right; it was trained on
lines the pair model never saw. Both are sums of weights, so an explanation is the sum itself: ten points double the odds.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.errors import WorkbenchError
from .features import MEASURES, Column

MODEL_FILE = Path(__file__).parent / "data" / "model-v1.json"
DOUBLING = float(10 / np.log(2))
"""Points per unit of log-odds: ten points double the odds."""
JOINT = "title and artist"
"""What title and artist say together; an explanation gives each half of it, so that equal names never seem to speak against."""
FIELDS = tuple(dict.fromkeys(field for field in MEASURES.values() if field != JOINT))
"""The fields an explanation speaks of, in order."""
_HINGES = {
    "title_core": (0.7, 0.85, 0.95), "title_sorted": (0.7, 0.85, 0.95), "title_full": (0.8,), "title_bare": (0.7, 0.9),
    "title_set": (0.8, 0.95), "title_glued": (0.8, 0.95), "title_worst_word": (0.5, 0.8), "title_missing_words": (0.2, 0.5),
    "title_extra_words": (0.2, 0.5), "artist_first": (0.6, 0.8, 0.95), "artist_all": (0.6, 0.8, 0.95),
    "artist_set": (0.6, 0.8, 0.95),
    "artist_glued": (0.8,), "artist_worst_word": (0.5, 0.8), "artist_wrote": (0.6, 0.9), "writers_set": (0.6, 0.8, 0.95),
    "writers_sorted": (0.6, 0.8), "both_sorted": (0.7, 0.85, 0.95), "both_set": (0.8, 0.95), "duration_ratio": (0.9, 0.97),
}  # fmt: skip
"""Where the weight of a measure may change."""


@dataclass(frozen=True, slots=True)
class Logistic:
    """A logistic model: standardised columns, their weights, and an intercept."""

    names: tuple[str, ...]
    mean: Column
    scale: Column
    weight: Column
    intercept: float

    def logit(self, columns: NDArray[np.float64]) -> Column:
        """Return the log-odds of every row of `columns` (rows x len(names))."""
        # einsum, not a matrix product: a row's sum must not depend on how many rows come with it
        summed: Column = np.einsum("ij,j->i", (columns - self.mean) / self.scale, self.weight)
        return summed + self.intercept

    def points(self, columns: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return what each field of `FIELDS` adds, in points, against an average pair of the training (rows x fields)."""
        parts = (columns - self.mean) / self.scale * self.weight
        fields = [field_of(name) for name in self.names]
        summed = {
            field: parts[:, [place for place, name in enumerate(fields) if name == field]].sum(axis=1)
            for field in (*FIELDS, JOINT)
        }
        for field in ("title", "artist"):
            summed[field] = summed[field] + summed[JOINT] / 2
        return np.rint(np.column_stack([summed[field] for field in FIELDS]) * DOUBLING).astype(np.int64)

    @classmethod
    def read(cls, data: dict[str, Any], names: Sequence[str]) -> Logistic:
        """Read a model; raises `WorkbenchError` when it was trained for other columns."""
        if data["names"] != list(names):
            odd = sorted(set(data["names"]) ^ set(names))
            raise WorkbenchError("the model file does not fit this program", got=odd[:3], next_step="Train it anew: make bench.")
        mean, scale, weight = (np.array(data[part], np.float64) for part in ("mean", "scale", "weight"))
        return cls(tuple(names), mean, scale, weight, data["intercept"])


@dataclass(frozen=True, slots=True)
class Model:
    """The pair model, the line model, and the thresholds found on lines that neither had seen."""

    pair: Logistic
    line: Logistic
    version: str
    accept_ppm: int


@cache
def load_model(file: Path = MODEL_FILE) -> Model:
    """Read the model this program ships with, or another one of the same form."""
    data = json.loads(file.read_text(encoding="utf-8"))
    return Model(
        Logistic.read(data["pair"], pair_names()), Logistic.read(data["line"], LINE_NAMES), data["version"], data["accept_ppm"]
    )


def pair_columns(measures: dict[str, Column]) -> tuple[list[str], NDArray[np.float64]]:
    """Return the pair model's columns, named `measure`, `measure>0.8`, `measure=1`, `measure?` (unknown), `state*state`."""
    columns: dict[str, Column] = {}
    for name in MEASURES:
        if name in {"isrc", "iswc", "duration_gap"}:
            continue
        values = measures[name]
        unknown = np.isnan(values)
        if name in _CAN_BE_UNKNOWN:
            columns[f"{name}?"] = unknown.astype(np.float64)
        columns[name] = np.where(unknown, np.nan, values)
        for hinge in _HINGES.get(name, ()):
            columns[f"{name}>{hinge}"] = np.maximum(values - hinge, 0)
        if name in _HINGES:
            columns[f"{name}=1"] = np.where(unknown, np.nan, values >= 1)
    for name in ("isrc", "iswc"):
        for value, word in ((1, "agrees"), (-1, "differs"), (0, "elsewhere")):
            columns[f"{name} {word}"] = (measures[name] == value).astype(np.float64)
    gap = measures["duration_gap"]
    columns["duration_gap"] = np.log1p(np.minimum(gap, 600))
    for limit in (3, 8, 20):
        columns[f"duration_gap<{limit}"] = np.where(np.isnan(gap), np.nan, gap <= limit)
    columns |= _crosses(measures)
    return list(columns), np.column_stack(list(columns.values()))


_CAN_BE_UNKNOWN = {
    "artist_first", "artist_wrote", "writers_set", "duration_ratio"
}  # fmt: skip
"""One indicator for each group of measures that are unknown together."""


def filled(columns: NDArray[np.float64], mean: Column) -> NDArray[np.float64]:
    """Return columns with unknown values at the mean: they weigh nothing, the indicator beside them speaks."""
    return np.where(np.isnan(columns), mean, columns)


@cache
def pair_names() -> tuple[str, ...]:
    """Return the names of the pair model's columns, in order."""
    return tuple(pair_columns({name: np.zeros(1) for name in MEASURES})[0])


def field_of(column: str) -> str:
    """Return the field a column speaks of, for explanations."""
    if "*" in column:
        first, second = (part.strip().split(" ")[0] for part in column.split("*"))
        return JOINT if {first, second} == {"title", "artist"} else second
    for mark in (">", "<", "=", "?", " "):
        column = column.split(mark)[0]
    return MEASURES[column]


def _states(measures: dict[str, Column]) -> dict[str, dict[str, NDArray[np.bool_]]]:
    """Sort every pair into one state per field; comparisons with NaN are false, so unknown stays unknown."""
    best = np.maximum(np.maximum(measures["title_core"], measures["title_sorted"]), measures["title_glued"])
    artist = np.fmax(measures["artist_first"], np.fmax(measures["artist_all"], measures["artist_glued"]))
    contained = (measures["artist_set"] >= 1) & (artist < 1)
    writers = measures["writers_set"]
    found = measures["writers_found"]
    gap = measures["duration_gap"]
    return {
        "title": {
            "same": best >= 1, "near": (best < 1) & (best >= 0.88), "like": (best < 0.88) & (best >= 0.7), "other": best < 0.7,
        },
        "artist": {
            "unknown": np.isnan(artist), "same": artist >= 1, "contained": contained,
            "near": (artist < 1) & (artist >= 0.85) & ~contained, "like": (artist < 0.85) & (artist >= 0.6) & ~contained,
            "other": (artist < 0.6) & ~contained,
        },
        "writers": {
            "unknown": np.isnan(writers), "all": found >= 1, "some": (found < 1) & ((found > 0) | (writers >= 0.75)),
            "none": (found <= 0) & (writers < 0.75),
        },
        "duration": {"unknown": np.isnan(gap), "same": gap <= 4, "near": (gap > 4) & (gap <= 15), "other": gap > 15},
    }  # fmt: skip


def _crosses(measures: dict[str, Column]) -> dict[str, Column]:
    states = _states(measures)
    found: dict[str, Column] = {}
    for first, second in (
        ("title", "artist"),
        ("artist", "writers"),
        ("title", "writers"),
        ("title", "duration"),
        ("artist", "duration"),
    ):
        for a, is_a in states[first].items():
            for b, is_b in states[second].items():
                found[f"{first} {a} * {second} {b}"] = (is_a & is_b).astype(np.float64)
    same = states["title"]["same"]
    nobody = states["artist"]["unknown"] & states["writers"]["unknown"]
    found["title same * homonyms"] = np.where(same, measures["homonyms"], 0)
    found["title same * title_weight"] = np.where(same, measures["title_weight"], 0)
    found["title nobody * title_weight"] = np.where(nobody, measures["title_weight"], 0)
    found["title nobody * homonyms"] = np.where(nobody, measures["homonyms"], 0)
    found["artist same * catalogue"] = np.where(states["artist"]["same"], measures["catalogue"], 0)
    return found


LINE_NAMES = (
    "best", "best>0", "best>2", "best>4", "best>6", "gap", "gap<1", "gap<3", "alone", "second", "title same", "artist unknown",
    "artist same", "artist other", "writers unknown", "writers all", "duration unknown", "duration other", "nobody", "homonyms",
    "title_weight", "title_length", "sequel", "version", "isrc differs", "isrc agrees", "isrc elsewhere", "nobody * title_weight",
    "nobody * homonyms", "nobody * best", "artist unknown * best", "artist other * best", "writers all * best", "literal",
)  # fmt: skip
"""The line model's columns, in order."""


def line_columns(best: Column, second: Column, measures: dict[str, Column]) -> NDArray[np.float64]:
    """Return the line model's columns from the log-odds of the best and the next candidate (-inf when alone) and the best's
    measures."""
    states = _states(measures)
    alone = np.isneginf(second)
    gap = np.minimum(np.where(alone, 12.0, best - np.where(alone, 0.0, second)), 12.0)
    flag = {f"{field} {state}": where.astype(np.float64) for field, known in states.items() for state, where in known.items()}
    nobody = flag["artist unknown"] * flag["writers unknown"]
    columns = {
        "best": best, "best>0": np.maximum(best, 0), "best>2": np.maximum(best - 2, 0), "best>4": np.maximum(best - 4, 0),
        "best>6": np.maximum(best - 6, 0), "gap": gap, "gap<1": np.maximum(1 - gap, 0), "gap<3": np.maximum(3 - gap, 0),
        "alone": alone,
        "second": np.maximum(np.where(alone, -12.0, second), -12.0), "nobody": nobody, "homonyms": measures["homonyms"],
        "title_weight": measures["title_weight"], "title_length": measures["title_length"], "sequel": measures["sequel"],
        "version": measures["version"], "isrc differs": measures["isrc"] == -1, "isrc agrees": measures["isrc"] == 1,
        "isrc elsewhere": measures["isrc"] == 0, "nobody * title_weight": nobody * measures["title_weight"],
        "nobody * homonyms": nobody * measures["homonyms"], "nobody * best": nobody * best,
        "artist unknown * best": flag["artist unknown"] * best, "artist other * best": flag["artist other"] * best,
        "writers all * best": flag["writers all"] * best,
        "literal": measures["title_literal"] * (np.nan_to_num(measures["artist_literal"]) > 0),
    }  # fmt: skip
    columns = {**flag, **columns}
    return np.column_stack([np.asarray(columns[name], np.float64) for name in LINE_NAMES])


def probability(logit: Column) -> Column:
    """Return probabilities for log-odds."""
    return 1 / (1 + np.exp(-np.clip(logit, -40, 40)))


def ppm(value: float) -> int:
    """Return a probability in whole parts per million."""
    return round(float(value) * 1_000_000)
