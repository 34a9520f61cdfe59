"""Usage: what was played, as users of the repertoire report it; every line of every report is kept, with what became of it.

A report is staged and judged whole (`formats.intake`), then committed as one batch in one transaction, or not at all. Lines that
carry no song or cannot be read are kept too, quarantined with their reason, and can be exported in the sender's own columns.

    batch = wb.usage.load("playlist.csv", layout="radio-playlist-v1", licence_id="TALA-C-000001", period="2025-07", why="report")
    batch.counts        {'lines': 37673, 'accepted': 37647, 'accepted_with_findings': 0, 'quarantined': 26}
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from dataclasses import replace as changed
from pathlib import Path
from typing import Any

import pandas as pd
from sqlalchemy import Column, Connection, Index, Text, delete, select, update

from ..core import documents, journal
from ..core.canonical import file_digest
from ..core.errors import Conflict, Finding, WorkbenchError, unknown
from ..core.office import Office, Progress, silent
from ..core.periods import Period
from ..core.store import Change, Whole, book_table, whole, words
from ..formats import faults, intake
from ..formats.export import as_frame, gathered
from ..formats.sheets import Layout, find_layout, layouts
from ..registry.licences import LICENCE
from ..registry.performances import PERFORMANCE
from .usage_rows import find_outside_period, insert_fast, lines_digest, senders_csv, usage_rows

usage_batch = book_table(
    "usage_batch",
    Column("id", Text, primary_key=True),
    words("licence_id", index=True),
    words("layout"),
    words("file_name"),
    words("file_sha256", index=True),
    words("period"),
    words("received_at"),
    whole("lines"),
    whole("accepted"),
    whole("accepted_with_findings"),
    whole("quarantined"),
    words("lines_sha256"),  # over state, key and raw cells of every line, in order
    words("replaced_by"),  # a later batch; the lines of this one have then left the book for an archive in the inbox
)
usage = book_table(
    "usage",
    Column("batch_id", Text, primary_key=True),
    Column("line", Whole, primary_key=True, autoincrement=False),
    words("id"),  # TALA-B-000001:17
    words("state"),  # accepted | accepted_with_findings | quarantined
    words("reason"),
    words("key"),
    words("title"),
    words("artist"),
    words("writers"),
    words("isrc"),
    words("iswc"),
    words("used_on"),
    words("used_at"),
    whole("duration_seconds", nullable=True),
    whole("plays"),
    words("use"),
    words("station"),
    words("performance_id"),
    words("raw"),  # the sender's own cells, JSON
)
Index("ix_usage_key", usage.c.key)
usage_finding = book_table(
    "usage_finding",
    Column("batch_id", Text, primary_key=True),
    Column("position", Whole, primary_key=True, autoincrement=False),
    whole("line"),
    words("field"),
    words("code"),
    words("message"),
    words("got"),
    words("expected"),
    words("what_to_do"),
)
_FINDING_FIELDS = ("line", "field", "code", "message", "got", "expected", "what_to_do")
_TEXT_FIELDS = ("title", "artist", "writers", "isrc", "iswc", "used_on", "used_at", "use", "station", "performance_id")


@dataclass(frozen=True)
class UsageBatch:
    """One report in the book. `id` is empty when the file was refused as a whole: then nothing of it is in the book."""

    id: str
    licence_id: str
    layout: str
    file_name: str
    file_sha256: str
    period: str
    received_at: str = ""
    lines: int = 0
    accepted: int = 0
    accepted_with_findings: int = 0
    quarantined: int = 0
    lines_sha256: str = ""
    replaced_by: str = ""
    findings: list[Finding] = field(default_factory=list, repr=False)
    loaded_before: bool = False
    """True when these very bytes were in the book already and nothing was written."""
    _desk: UsageDesk | None = field(default=None, repr=False, compare=False)

    @property
    def refused(self) -> bool:
        """Whether the file could not be taken in at all."""
        return not self.id

    def require_taken(self) -> UsageBatch:
        """Return the batch; raises `WorkbenchError` with the first findings when the file was refused as a whole."""
        intake.require_taken(self.refused, self.file_name, self.findings)
        return self

    @property
    def counts(self) -> dict[str, int]:
        """Lines by what became of them: `lines` is the sum of the other three."""
        return {name: getattr(self, name) for name in ("lines", "accepted", "accepted_with_findings", "quarantined")}

    def frame(self, state: str = "") -> pd.DataFrame:
        """Return the lines as a frame in the file's order, those in one state when said; durations are nullable whole numbers."""
        return self._at_desk().frame(self.id, state)

    def findings_frame(self, *, gather: bool = False) -> pd.DataFrame:
        """Return one row per finding, with its fields as columns; gathered: equal ones once, with `count` and `first_line`."""
        return gathered(self.findings) if gather else as_frame(self.findings)

    def export_quarantined(self, to: str | Path) -> int:
        """Write the quarantined lines as CSV in the sender's own columns, to be corrected and sent again; return their number."""
        return self._at_desk().export(self.id, to, state="quarantined")

    def _at_desk(self) -> UsageDesk:
        if self._desk is None or not self.id:
            raise WorkbenchError(
                "this file was refused: it has no lines in the book", got=self.file_name, next_step="See its findings."
            )
        return self._desk


class UsageDesk:
    """Takes usage reports in: `wb.usage`."""

    def __init__(self, office: Office) -> None:
        self.office = office

    @property
    def _layout_folder(self) -> Path:
        return self.office.config.rules / "layouts"

    def layouts(self, purpose: str = "") -> pd.DataFrame:
        """Return the known layouts, the workspace's own included: name, purpose, about, columns as a template prints them."""
        found = layouts(self._layout_folder, purpose)
        rows = [(one.name, one.purpose, one.about, ", ".join(column.header for column in one.fields)) for one in found]
        return pd.DataFrame(rows, columns=["name", "purpose", "about", "columns"])

    def load(
        self,
        file: str | Path,
        *,
        layout: str,
        licence_id: str,
        period: str,
        why: str,
        by: str = "",
        encoding: str = "",
        delimiter: str = "",
        replace: str = "",
        progress: Progress = silent,
    ) -> UsageBatch:
        """Load a usage file (CSV, plain or gzip, or XLSX) as one batch and return it with its findings.

        The same bytes for the same licence, layout and period are in the book once: loading them again returns the first batch
        and writes nothing. A file of the same name with other bytes raises `Conflict`, unless `replace` names the batch whose
        place it takes. Raises `WorkbenchError` for an unknown file, layout, licence or period. A file with a fault as a whole is
        refused: the batch returned has no id, its findings say what to do, and the book is unchanged.
        """
        kind = self._usage_layout(layout)
        path = intake.require_file(file)
        placed = UsageBatch(
            "", self._licence(licence_id), layout, path.name, file_digest(path), str(Period.parse(period)), _desk=self
        )
        if found := self._loaded_before(placed):
            return found
        self._refuse_second_version(placed, replace)
        staged = intake.stage(path, kind, encoding=encoding, delimiter=delimiter, progress=progress, sha256=placed.file_sha256)
        return self._commit(placed, staged, why, by, replace, progress)

    def capture(
        self,
        rows: Iterable[Mapping[str, Any]] | pd.DataFrame | None = None,
        *,
        performance_id: str = "",
        licence_id: str,
        period: str,
        why: str,
        by: str = "",
        replace: str = "",
    ) -> UsageBatch:
        """Make a batch from lines captured by hand, or from the set list of a registered performance.

        A row is a mapping with `title`, `artist`, `writers`, `isrc`, `iswc`, `duration_seconds`, `used_on`, `plays`, `use`; what
        is not known may be left out. Its line number is its place plus one, as if a header stood above.
        """
        if (rows is None) == (not performance_id):
            raise WorkbenchError("capture takes either rows or a performance", got="both" if performance_id else "neither")
        given = self._set_list(performance_id) if rows is None else _as_rows(rows)
        staged = intake.stage_rows(given, self._usage_layout("capture-v1"), performance_id)
        placed = UsageBatch(
            "", self._licence(licence_id), "capture-v1", staged.file_name, staged.sha256, str(Period.parse(period)), _desk=self
        )
        if found := self._loaded_before(placed):
            return found
        self._refuse_second_version(placed, replace)
        return self._commit(placed, staged, why, by, replace, silent)

    def batches(self) -> pd.DataFrame:
        """Return every batch with its counts, in the order received."""
        with self.office.book.read() as connection:
            rows = connection.execute(select(usage_batch).order_by(usage_batch.c.received_at, usage_batch.c.id)).mappings().all()
        return pd.DataFrame([dict(row) for row in rows], columns=usage_batch.columns.keys())

    def batch(self, batch_id: str) -> UsageBatch:
        """Return a batch with its findings; raises `NotFound`, with the nearest identifiers, when there is none."""
        with self.office.book.read() as connection:
            row = connection.execute(select(usage_batch).where(usage_batch.c.id == batch_id)).mappings().first()
            if row is None:
                known = connection.execute(select(usage_batch.c.id)).scalars().all()
                raise unknown("usage batch", batch_id, known, "the book")
            found = connection.execute(
                select(usage_finding).where(usage_finding.c.batch_id == batch_id).order_by(usage_finding.c.position)
            ).mappings()
            findings = [_as_finding(dict(finding), row["file_name"]) for finding in found]
        return UsageBatch(**row, findings=findings, _desk=self)

    def frame(self, batch_id: str, state: str = "") -> pd.DataFrame:
        """Return the lines of a batch in order as a frame; durations are nullable whole numbers, `raw` is JSON text."""
        query = select(usage).where(usage.c.batch_id == batch_id).order_by(usage.c.line)
        if state:
            query = query.where(usage.c.state == state)
        with self.office.book.read() as connection:
            rows = connection.execute(query).all()
        frame = pd.DataFrame.from_records([tuple(row) for row in rows], columns=usage.columns.keys())
        return frame.astype({"line": "int64", "plays": "int64", "duration_seconds": "Int64"})

    def export(self, batch_id: str, to: str | Path, *, state: str = "") -> int:
        """Write lines of a batch as CSV in the sender's columns, nothing in it that a spreadsheet would run; return how many."""
        query = select(usage.c.raw).where(usage.c.batch_id == batch_id).order_by(usage.c.line)
        if state:
            query = query.where(usage.c.state == state)
        with self.office.book.read() as connection:
            raws = connection.execute(query).scalars().all()
        Path(to).write_bytes(senders_csv(raws))
        return len(raws)

    def check(self, batch_id: str) -> list[Finding]:
        """Compare the lines of a batch in the book with the digest taken when it was loaded; a finding when they differ."""
        batch = self.batch(batch_id)
        if batch.replaced_by:
            return []
        with self.office.book.read() as connection:
            columns = (usage.c.line, usage.c.state, usage.c.key, usage.c.raw)
            rows = connection.execute(select(*columns).where(usage.c.batch_id == batch_id).order_by(usage.c.line)).all()
        found = lines_digest(tuple(row) for row in rows)
        if found == batch.lines_sha256:
            return []
        return [
            Finding(
                "batch",
                "lines_differ",
                "usage lines differ from what was loaded",
                got=found,
                expected=batch.lines_sha256,
                source=batch_id,
                what_to_do="Somebody wrote past the workbench: restore the last good backup, or load the file again.",
            )
        ]

    # ---- inside

    def _usage_layout(self, name: str) -> Layout:
        layout = find_layout(name, self._layout_folder)
        if layout.purpose != "usage":
            raise WorkbenchError(
                "not a layout for usage", got=f"{name} ({layout.purpose})", expected=", ".join(self.layouts("usage")["name"])
            )
        return layout

    def _licence(self, licence_id: str) -> str:
        with self.office.book.read() as connection:
            documents.load(connection, LICENCE, licence_id)
        return licence_id

    def _set_list(self, performance_id: str) -> list[dict[str, Any]]:
        with self.office.book.read() as connection:
            held = documents.load(connection, PERFORMANCE, performance_id)
        return [
            {
                "title": item["title"],
                "artist": item["performer"],
                "writers": item["writers"],
                "duration_seconds": item["duration_seconds"],
                "used_on": held["held_on"],
                "station": held["venue"],
                "use": held["kind"],
                "performance_id": performance_id,
            }
            for item in held["items"]
        ]

    def _loaded_before(self, placed: UsageBatch) -> UsageBatch | None:
        with self.office.book.read() as connection:
            found = _twin(connection, placed)
        return changed(self.batch(found), loaded_before=True) if found else None

    def _refuse_second_version(self, placed: UsageBatch, replace: str) -> None:
        with self.office.book.read() as connection:
            found = _older_version(connection, placed)
        if replace:
            old = self.batch(replace)
            if (old.licence_id, old.layout, old.period) != (placed.licence_id, placed.layout, placed.period) or old.replaced_by:
                raise WorkbenchError(
                    "this batch cannot be replaced by that file",
                    got=f"{old.licence_id}, {old.layout}, {old.period}"
                    + (f", replaced by {old.replaced_by}" if old.replaced_by else ""),
                    expected=f"{placed.licence_id}, {placed.layout}, {placed.period}",
                    where=replace,
                )
        if found and found != replace:
            raise Conflict(
                "another version of this file is in the book",
                got=f"{placed.file_name} with SHA-256 {placed.file_sha256[:12]}",
                expected=f"the bytes of batch {found}",
                where=f"{placed.licence_id}, {placed.layout}, {placed.period}",
                next_step=f"If it takes the other's place, say replace={found!r}; if it is further usage, give it another name.",
            )

    def _commit(
        self, placed: UsageBatch, staged: intake.Sheet, why: str, by: str, replace: str, progress: Progress
    ) -> UsageBatch:
        if staged.refused:
            return changed(placed, findings=staged.findings)
        find_outside_period(staged, Period.parse(placed.period))
        total = len(staged.lines)
        facts: dict[str, Any] = {"findings": staged.findings, **staged.counts}
        with intake.many_objects(), self.office.change(why, by) as change:
            if _twin(change.connection, placed) or (not replace and _older_version(change.connection, placed)):
                raise Conflict(
                    "somebody loaded this file at the same time", got=placed.file_name, next_step="See wb.usage.batches()."
                )
            batch_id = change.new_id("B")
            stored = [(batch_id, line, f"{batch_id}:{line}", *rest) for line, *rest in usage_rows(staged)]
            digest = lines_digest((row[1], row[3], row[5], row[-1]) for row in stored)
            batch = changed(placed, id=batch_id, received_at=change.at, lines_sha256=digest, **facts)
            if replace:
                self._retire(change, replace, batch_id)
            change.connection.execute(usage_batch.insert().values(**_batch_row(batch)))
            progress("storing", 0, total)
            insert_fast(change.connection, usage, stored)
            insert_fast(change.connection, usage_finding, _finding_rows(batch_id, staged.findings))
            journal.record(change, "usage_batch", batch_id, "load", None, _batch_row(batch))
            progress("storing", total, total)
        return batch

    def _retire(self, change: Change, old_id: str, new_id: str) -> None:
        """Take the lines of a replaced batch out of the book; they stay in the inbox, as the sender wrote them."""
        archive = self.office.config.inbox / "replaced"
        archive.mkdir(parents=True, exist_ok=True)
        self.export(old_id, archive / f"{old_id}.csv")
        before = dict(change.connection.execute(select(usage_batch).where(usage_batch.c.id == old_id)).mappings().one())
        change.connection.execute(delete(usage).where(usage.c.batch_id == old_id))
        change.connection.execute(update(usage_batch).where(usage_batch.c.id == old_id).values(replaced_by=new_id))
        journal.record(change, "usage_batch", old_id, "replace", before, {**before, "replaced_by": new_id})


def usage_place(usage_id: str) -> tuple[str, int]:
    """Return (batch id, line) of a usage id.

    >>> usage_place("TALA-B-000001:17")
    ('TALA-B-000001', 17)
    """
    batch_id, _, line = usage_id.rpartition(":")
    if not batch_id or not line.isascii() or not line.isdigit():
        raise WorkbenchError("not the id of a usage line", got=usage_id, expected="like TALA-B-000001:17")
    return batch_id, int(line)


def _as_rows(rows: Iterable[Mapping[str, Any]] | pd.DataFrame) -> list[dict[str, Any]]:
    if isinstance(rows, pd.DataFrame):
        kept = rows.astype(object).where(rows.notna(), None)
        return [{str(key): value for key, value in row.items()} for row in kept.to_dict("records")]
    return [dict(row) for row in rows]


def _same_place(placed: UsageBatch) -> tuple[Any, ...]:
    here = usage_batch.c
    return (
        here.licence_id == placed.licence_id,
        here.layout == placed.layout,
        here.period == placed.period,
        here.replaced_by == "",
    )


def _twin(connection: Connection, placed: UsageBatch) -> str | None:
    query = select(usage_batch.c.id).where(*_same_place(placed), usage_batch.c.file_sha256 == placed.file_sha256)
    return connection.execute(query.order_by(usage_batch.c.id)).scalar()


def _older_version(connection: Connection, placed: UsageBatch) -> str | None:
    query = select(usage_batch.c.id).where(*_same_place(placed), usage_batch.c.file_name == placed.file_name)
    return connection.execute(query.order_by(usage_batch.c.id)).scalar()


def _batch_row(batch: UsageBatch) -> dict[str, Any]:
    return {name: getattr(batch, name) for name in usage_batch.columns.keys()}  # noqa: SIM118  a column collection, not a dict


def _finding_rows(batch_id: str, findings: Sequence[Finding]) -> list[tuple[Any, ...]]:
    return [
        (batch_id, position, *(getattr(finding, name) for name in _FINDING_FIELDS))
        for position, finding in enumerate(findings, start=1)
    ]


def _as_finding(row: Mapping[str, Any], source: str) -> Finding:
    scope = "file" if row["code"] in faults.FILE_CODES else "field" if row["field"] else "record"
    return Finding(scope=scope, source=source if scope == "file" else "", **{name: row[name] for name in _FINDING_FIELDS})  # type: ignore[arg-type]
