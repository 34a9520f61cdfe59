"""The demonstration's own word lists, and how a seeded generator draws from them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import yaml

_FOLDER = Path(__file__).parent / "data"


@cache
def lists(name: str) -> dict[str, Any]:
    """Return one of the word files (`names`, `titles`, `companies`), with its texts split into lists."""
    raw = yaml.load((_FOLDER / f"{name}.yaml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return {key: _split(value) for key, value in raw.items()}


def generator(seed: int, part: str) -> Random:
    """Return the generator of one part, so that a change in one part leaves the others as they were."""
    return Random(f"tala-{seed}-{part}")


def weighted(table: dict[str, Any]) -> tuple[list[str], list[int]]:
    """Return the keys of a word file and their weights, as `Random.choices` wants them."""
    return list(table), [entry["share"] for entry in table.values()]


def zipf(count: int, exponent_percent: int = 90) -> list[float]:
    """Return cumulative popularity weights for `count` things: few are played very often, most hardly ever."""
    total, weights = 0.0, []
    for rank in range(1, count + 1):
        total += 1 / (rank + 3) ** (exponent_percent / 100)
        weights.append(total)
    return weights


def _split(value: Any) -> Any:
    if isinstance(value, str):
        return value.split("|") if "|" in value else value.split()
    if isinstance(value, dict):
        return {key: (_split(item) if key not in {"language", "code"} else item) for key, item in value.items()}
    return value
