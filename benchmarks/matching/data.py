"""Read the benchmark's sets: targets, lines, and which target each line truly is ("" when none)."""

from __future__ import annotations

import hashlib
from pathlib import Path

import duckdb

from workbench.core.errors import WorkbenchError
from workbench.core.identifiers import isrc, iswc
from workbench.matching.candidates import Line, Target

COLUMNS = {
    "works": "work_id, iswc, title, alt_titles, artists, writers, duration, isrcs",
    "usages": "line_id, title, artist, writers, duration, isrc, iswc",
    "truth": "line_id, work_id",
}


def load_set(folder: Path, limit: int | None = None):
    """Return (targets, lines, truth by line key) of a generated set: works, usages and truth as Parquet in `folder`."""
    targets = [
        Target(
            "work",
            name_of(work_id),
            (title, *_list(others)),
            tuple(_list(artists)),
            tuple(_list(writers)),
            tuple(_list(isrcs)),
            (_code(iswc, code),) if code else (),
            round(duration) if duration else None,
        )
        for work_id, code, title, others, artists, writers, duration, isrcs in _rows(folder, "works")
    ]
    lines = [
        Line(
            str(line_id),
            title or "",
            artist or "",
            writers or "",
            _code(isrc, recording),
            _code(iswc, work),
            round(duration) if duration else None,
        )
        for line_id, title, artist, writers, duration, recording, work in _rows(folder, "usages")[:limit]
    ]
    truth = {str(line_id): "" if work_id is None else name_of(work_id) for line_id, work_id in _rows(folder, "truth")}
    return targets, lines, truth


def name_of(work_id):
    """Return a target's id: as many digits for all, so that their order is the order of numbers."""
    return f"W{int(work_id):07d}"


def fingerprint(file: Path) -> str:
    """Return a short digest of a data file, for the results."""
    return hashlib.sha256(file.read_bytes()).hexdigest()[:16]


def _rows(folder, table):
    key = COLUMNS[table].split(",")[0]
    query = f"SELECT {COLUMNS[table]} FROM read_parquet(?) ORDER BY {key}"  # noqa: S608  our own names
    return [
        tuple(None if isinstance(value, float) and value != value else value for value in row)
        for row in duckdb.connect().execute(query, [str(folder / f"{table}.parquet")]).fetchall()
    ]


def _list(text):
    return [part for part in (text or "").split("; ") if part]


def _code(rule, text):
    try:
        return rule(text) if text else ""
    except WorkbenchError:
        return ""
