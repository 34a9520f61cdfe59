"""Between a staged sheet and the tables: stored columns of usage lines, their digest, and the shortest way into each database."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Table

from ..core.periods import Period
from ..formats import faults
from ..formats.export import safe_csv
from ..formats.judge import Sheet
from .text import usage_key


def find_outside_period(staged: Sheet, period: Period) -> None:
    """Flag lines used on a day outside the batch's period; they are kept, for the sender's clock may differ."""
    first, last = period.starts_on.isoformat(), period.ends_on.isoformat()
    for line in staged.lines:
        used_on = line.values.get("used_on") or line.values.get("used_at", "")[:10]
        if used_on and not first <= used_on <= last and line.state != "quarantined":
            name = "used_on" if "used_on" in line.values else "used_at"
            staged.findings.append(faults.of_line("outside_period", line.line, name, used_on, f"{first} to {last}"))
            line.state = "accepted_with_findings"


def usage_rows(staged: Sheet) -> list[tuple[Any, ...]]:
    """Return the stored columns of every line after `id`, led by the line number."""
    rows = []
    for line in staged.lines:
        values = line.values
        get = values.get
        used_at = get("used_at", "")
        good = line.state != "quarantined"
        key = ""
        if good:
            key = usage_key(
                title=get("title", ""),
                artist=get("artist", ""),
                writers=get("writers", ""),
                isrc=get("isrc", ""),
                iswc=get("iswc", ""),
                duration_seconds=get("duration_seconds"),
            )
        rows.append(
            (
                line.line,
                line.state,
                line.reason,
                key,
                get("title", ""),
                get("artist", ""),
                get("writers", ""),
                get("isrc", ""),
                get("iswc", ""),
                get("used_on") or used_at[:10],
                used_at,
                get("duration_seconds"),
                get("plays", 1) if good else 0,
                get("use", ""),
                get("station", ""),
                get("performance_id", ""),
                staged.raw(line),
            )
        )
    return rows


def lines_digest(rows: Iterable[tuple[int, str, str, str]]) -> str:
    """Return the SHA-256 over (line, state, key, raw) of every line, in order."""
    running = hashlib.sha256()
    for line, state, key, raw in rows:
        running.update(f"{line}\t{state}\t{key}\t{raw}\n".encode())
    return running.hexdigest()


def insert_fast(connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert whole rows, in the order of the table's columns, by each database's shortest way."""
    if not rows:
        return
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    if connection.dialect.name == "postgresql":
        raw = connection.connection.driver_connection
        with raw.cursor().copy(f'COPY "{table.name}" ({names}) FROM STDIN') as copy:  # type: ignore[union-attr]
            for row in rows:
                copy.write_row(row)
        return
    marks = ", ".join("?" * len(table.columns))
    connection.exec_driver_sql(f'INSERT INTO "{table.name}" ({names}) VALUES ({marks})', list(rows))  # noqa: S608  our own names


def senders_csv(raws: Iterable[str]) -> bytes:
    """Return lines, given as JSON of the sender's cells, as CSV in the sender's columns."""
    rows: list[Any] = [json.loads(raw) for raw in raws]
    header = list(dict.fromkeys(name for row in rows for name in row if name))
    lines = [[row.get(name, "") for name in header] + (row[""] if isinstance(row.get(""), list) else []) for row in rows]
    whole_lines = {place: row[""] for place, row in enumerate(rows) if isinstance(row.get(""), str)}
    return safe_csv(header, lines, whole_lines)
