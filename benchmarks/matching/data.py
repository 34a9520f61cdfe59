"""Read the benchmark's sets: targets, lines, and which target each line truly is ("" when none)."""

from __future__ import annotations

import csv
import hashlib
from pathlib import Path

from workbench.core.errors import WorkbenchError
from workbench.core.identifiers import isrc, iswc
from workbench.matching.candidates import Line, Target


def load_set(folder: Path, name: str, limit: int | None = None):
    """Return (targets, lines, truth by line key) of a generated set."""
    works = _rows(folder / f"{name}.works.csv")
    targets = [
        Target(
            "work",
            f"W{int(row['work_id']):07d}",
            (row["title"], *_list(row["alt_titles"])),
            tuple(_list(row["artists"])),
            tuple(_list(row["writers"])),
            tuple(_list(row["isrcs"])),
            (_code(iswc, row["iswc"]),) if row["iswc"] else (),
            round(float(row["duration"])) if row["duration"] else None,
        )
        for row in works
    ]
    usages = _rows(folder / f"{name}.usages.csv")[:limit]
    lines = [
        Line(
            row["line_id"],
            row["title"],
            row["artist"],
            row["writers"],
            _code(isrc, row["isrc"]),
            _code(iswc, row["iswc"]),
            round(float(row["duration"])) if row["duration"] else None,
        )
        for row in usages
    ]
    truth = {
        row["line_id"]: f"W{int(float(row['work_id'])):07d}" if row["work_id"] else ""
        for row in _rows(folder / f"{name}.truth.csv")
    }
    return targets, lines, truth


def _rows(file):
    with file.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def _list(text):
    return [part for part in text.split("; ") if part]


def _code(rule, text):
    try:
        return rule(text) if text else ""
    except WorkbenchError:
        return ""


def fingerprint(file: Path) -> str:
    """Return a short digest of a data file, for the results."""
    return hashlib.sha256(file.read_bytes()).hexdigest()[:16]
