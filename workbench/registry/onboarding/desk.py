"""The desk: load a file by its layout, see what became of it, see what was loaded, take an import back whole."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import insert, select, update

from ...core import journal
from ...core.canonical import file_digest
from ...core.documents import Document
from ...core.errors import Finding, WorkbenchError
from ...core.office import Office, Progress, silent
from ...core.store import Change
from ...formats import intake
from ...formats.intake import Spool
from ...formats.sheets import Layout, find_layout, layouts
from ...formats.template import write_template
from ..provenance import source_file
from .clerk import EXISTING, KEEP, key_by
from .guess import Guess, guess_file, require_unchanged
from .result import Intake
from .taking_in import BUILDERS, TakingIn
from .undoing import Undone, import_of, imports, made_by, undo

if TYPE_CHECKING:
    import pandas as pd

JOURNAL_KIND = "onboarding"


class _DryRunEndsError(Exception):
    """Rolls the transaction of a dry run back."""


class Onboarding:
    """Takes a society's spreadsheets into its register: `wb.onboarding`."""

    def __init__(self, office: Office) -> None:
        self.office = office

    @property
    def _layout_folder(self) -> Path:
        return self.office.config.rules / "layouts"

    def layouts(self) -> list[str]:
        """Return the names of the layouts that can be loaded here, the workspace's own included."""
        return [layout.name for layout in layouts(self._layout_folder) if layout.purpose in BUILDERS]

    def guess(self, file: str | Path, purpose: str = "") -> Guess:
        """Return what a file seems to be: its encoding, separator, header, and which column is which field, with the evidence.

        Nothing is loaded. Look at it, correct it, save it as a layout:

            guess = wb.onboarding.guess("inbox/catalogue.csv")
            guess.frame()                                              # each column: field, confidence, evidence, samples
            layout = guess.with_(Titel="title").save("our-catalogue", why="the publisher's yearly list")

        Raises `WorkbenchError` for a file that cannot be read at all.
        """
        return guess_file(self.office, intake.require_file(file), purpose)

    def load(
        self,
        file: str | Path,
        *,
        layout: str,
        why: str,
        by: str = "",
        dry_run: bool = False,
        existing: str = KEEP,
        only: Sequence[str] = (),
        encoding: str = "",
        delimiter: str = "",
        progress: Progress = silent,
    ) -> Intake:
        """Load right holders, works, recordings, releases, performances or agreements from a CSV, XLSX or JSON file.

        Returns what became of every line. A party is found by its identifier or exact name, or made; one that resembles a known
        one is a finding with the evidence. What is in the register already is left as it is (`existing="keep"`), has its blanks
        filled ("fill"), or what the file says replaces it ("replace", of the fields named in `only` when given); each
        difference is a
        finding. The same bytes a second time write nothing, nor does a `dry_run`; after an undo they revive what they made.
        Raises `WorkbenchError` for an unknown file or layout; a fault of the whole file refuses it, with findings.
        """
        kind = self._layout(layout)
        if existing not in EXISTING:
            raise WorkbenchError(
                "not a way to treat what is there", got=repr(existing), expected=", ".join(EXISTING), where="existing"
            )
        path = intake.require_file(file)
        with self.office.book.read() as connection:
            require_unchanged(connection, kind, self._layout_folder)
        digest = file_digest(path)
        if (before := self._loaded_before(path.name, kind.name, digest, existing, why, by, dry_run)) is not None:
            return before
        key = key_by(BUILDERS[kind.purpose].keys)
        spool = intake.spool(path, kind, key, encoding=encoding, delimiter=delimiter, progress=progress, sha256=digest)
        try:
            sheet = spool.sheet
            if sheet.refused:
                return Intake(path.name, kind.name, digest, findings=sheet.findings, refused=True, dry_run=dry_run)
            return self._take_in(spool, existing, only, why, by, dry_run, progress)
        finally:
            spool.close()

    def template(self, layout: str, *, to: str | Path) -> Path:
        """Write an empty spreadsheet with a layout's columns, and a second sheet that explains each; return its path.

        `to` ends in .xlsx or .csv; beside a CSV the explanation is a file of its own, `NAME-columns.csv`.
        """
        return write_template(find_layout(layout, self._layout_folder), Path(to))

    def imports(self) -> pd.DataFrame:
        """Return what was loaded, newest first.

        Columns: id, at, who, why, file_name, layout, existing, lines, accepted, accepted_with_findings, quarantined, created,
        changed (how many records), state (loaded | undone), undone_by (the change set that took it back).
        """
        with self.office.book.read() as connection:
            return imports(connection)

    def undo(self, import_id: str, *, why: str, by: str = "", partly: bool = False) -> Undone:
        """Take an import back whole, in one change: what it made becomes deleted, what it changed is as it was before.

        Refused with `WorkbenchError`, naming each record, where somebody changed one of them later or something newer refers to
        it (a match, a run, a later document); `partly` takes back the others and lists those. The answer's `id` is a change
        set,
        which can be undone in its turn: then all is as the import left it.
        """
        with self.office.change(why, by) as change:
            return undo(change, import_id, partly=partly)

    # ---- inside

    def _layout(self, name: str) -> Layout:
        layout = find_layout(name, self._layout_folder)
        if layout.purpose not in BUILDERS:
            raise WorkbenchError(
                "not a layout for onboarding", got=f"{name} ({layout.purpose})", expected=", ".join(self.layouts())
            )
        return layout

    def _take_in(
        self, spool: Spool, existing: str, only: Sequence[str], why: str, by: str, dry_run: bool, progress: Progress
    ) -> Intake:
        result: Intake | None = None
        try:
            with self.office.change(why, by) as change:
                _announce(change, spool, existing)
                taking = TakingIn(self.office, change, spool, existing, only, progress)
                taking.run()
                result = _result(spool, taking, "" if dry_run else change.change_set)
                _record(change, result, existing)
                if dry_run:
                    raise _DryRunEndsError
        except _DryRunEndsError:
            pass
        assert result is not None  # noqa: S101  set before the transaction can end
        return result

    def _loaded_before(
        self, file_name: str, layout: str, digest: str, existing: str, why: str, by: str, dry_run: bool
    ) -> Intake | None:
        """Return what these bytes gave before; where that was taken back, put it back first."""
        asked = (source_file.c.sha256 == digest, source_file.c.layout == layout, source_file.c.existing == existing)
        with self.office.book.read() as connection:
            rows = list(connection.execute(select(source_file).where(*asked).order_by(source_file.c.loaded_at.desc())).mappings())
        if not rows or (dry_run and rows[0]["undone_by"]):
            return None
        row = rows[0]
        if row["undone_by"]:
            with self.office.change(why, by) as change:
                undo(change, row["undone_by"])
        with self.office.book.read() as connection:
            who, _ = import_of(connection, row["change_set"])
            created, changed = made_by(connection, row["change_set"])
        told = f"loaded by {who} at {row['loaded_at'][:16]}"
        message = "these very bytes were taken in already"
        step = f"Nothing: {told} from {row['file_name']}."
        if row["undone_by"]:
            message = "these very bytes were taken in and taken back: what they made is there again"
        finding = Finding(
            "file", "loaded_before", message, got=digest[:12], expected="a new file", source=file_name, what_to_do=step
        )
        counts = {name: row[name] for name in ("lines", "accepted", "accepted_with_findings")}
        return Intake(
            file_name,
            layout,
            digest,
            **counts,
            findings=[finding],
            created=created,
            changed=changed,
            loaded_before=not row["undone_by"],
            revived=bool(row["undone_by"]),
            import_id=row["change_set"],
        )


def _result(spool: Spool, taking: TakingIn, import_id: str) -> Intake:
    sheet, counts = spool.sheet, taking.counts()
    return Intake(
        sheet.file_name,
        sheet.layout.name,
        sheet.sha256,
        lines=spool.rows,
        accepted=counts["accepted"],
        accepted_with_findings=counts["accepted_with_findings"],
        quarantined=sorted(taking.quarantined, key=lambda row: row["line"]),
        findings=sorted(sheet.findings + taking.clerk.found, key=lambda one: (one.scope != "file", one.line)),
        created={kind: ids for kind, ids in taking.created.items() if ids},
        changed={kind: ids for kind, ids in taking.changed.items() if ids},
        dry_run=not import_id,
        import_id=import_id,
    )


def _announce(change: Change, spool: Spool, existing: str) -> None:
    """Write the file's own row first: SQLite scans a whole table at each insert while a deferred reference is open."""
    sheet = spool.sheet
    plainly = {"file_name": sheet.file_name, "layout": sheet.layout.name, "sha256": sheet.sha256, "existing": existing}
    change.connection.execute(insert(source_file).values(change_set=change.change_set, loaded_at=change.at, **plainly))


def _record(change: Change, result: Intake, existing: str) -> None:
    """Write what became of the file: into its own row, and into the journal."""
    change.connection.execute(update(source_file).where(source_file.c.change_set == change.change_set).values(**result.counts))
    counted: Document = {
        "file_name": result.file_name,
        "layout": result.layout,
        "sha256": result.sha256,
        "existing": existing,
        **result.counts,
        "created": {kind: len(ids) for kind, ids in result.created.items()},
        "changed": {kind: len(ids) for kind, ids in result.changed.items()},
    }
    journal.record(change, JOURNAL_KIND, change.change_set, "load", None, counted)
