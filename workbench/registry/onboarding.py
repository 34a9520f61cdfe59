"""Onboarding: a society's own spreadsheets become its register, all of a file in one transaction or nothing of it.

wb.onboarding.template("works-v1", to="works.xlsx")                       # an empty sheet with the right columns
wb.onboarding.load("works.xlsx", layout="works-v1", why="first catalogue", dry_run=True)    # what would happen
intake = wb.onboarding.load("works.xlsx", layout="works-v1", why="first catalogue")
intake.findings_frame()                                                    # every odd line: what, where, what to do
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
from sqlalchemy import select

from ..core import documents, journal
from ..core.canonical import file_digest
from ..core.documents import Document, Kind
from ..core.errors import Finding, WorkbenchError
from ..core.office import Office, Progress, silent
from ..core.store import Change
from ..formats import intake
from ..formats.export import as_frame, gathered, safe_csv
from ..formats.sheets import Layout, find_layout, layouts
from ..formats.template import write_template
from .agreements import AGREEMENT, Agreements
from .desk import Desk
from .onboarding_clerk import Bundle, Clerk
from .onboarding_documents import agreements, judge_works, parties, recordings, works
from .onboarding_parties import Mention, PartyFinder
from .parties import PARTY, Parties
from .provenance import source_file, source_line
from .recordings import RECORDING, Recordings
from .works import WORK, Works

JOURNAL_KIND = "onboarding"
_OWN = (source_file, source_line)
_MANY = 20_000
"""Look-alikes among more new parties than this are not sought: that is a task of its own."""

_PURPOSES: dict[str, tuple[Kind, type[Desk[Any]], Callable[[Clerk], list[Bundle]]]] = {
    "parties": (PARTY, Parties, parties),
    "works": (WORK, Works, works),
    "recordings": (RECORDING, Recordings, recordings),
    "agreements": (AGREEMENT, Agreements, agreements),
}


@dataclass(frozen=True, repr=False)
class Intake:
    """What became of a file: lines = accepted + accepted_with_findings + quarantined; refused files have no lines at all."""

    file_name: str
    layout: str
    sha256: str
    lines: int = 0
    accepted: int = 0
    accepted_with_findings: int = 0
    quarantined: list[dict[str, Any]] = field(default_factory=list)
    """The lines left out: line, reason, and the sender's cells by header."""
    findings: list[Finding] = field(default_factory=list)
    created: dict[str, list[str]] = field(default_factory=dict)
    """Kind -> identifiers given, in the file's order; of a dry run those that would have been given."""
    refused: bool = False
    dry_run: bool = False
    loaded_before: bool = False
    """True when these very bytes were taken in already and nothing was written."""

    def require_taken(self) -> Intake:
        """Return the intake; raises `WorkbenchError` with the first findings when the file was refused as a whole."""
        intake.require_taken(self.refused, self.file_name, self.findings)
        return self

    @property
    def counts(self) -> dict[str, int]:
        """Lines by what became of them: `lines` is the sum of the other three."""
        return {
            "lines": self.lines,
            "accepted": self.accepted,
            "accepted_with_findings": self.accepted_with_findings,
            "quarantined": len(self.quarantined)
            if not self.loaded_before
            else self.lines - self.accepted - self.accepted_with_findings,
        }

    @property
    def created_ids(self) -> list[str]:
        """Every identifier given, of all kinds."""
        return [entity_id for ids in self.created.values() for entity_id in ids]

    def findings_frame(self, *, gather: bool = False) -> pd.DataFrame:
        """Return one row per finding; gathered: equal ones once, with `count` and `first_line`."""
        return gathered(self.findings) if gather else as_frame(self.findings)

    def export_quarantined(self, to: str | Path) -> int:
        """Write the lines left out as CSV in the sender's own columns, to be corrected and sent again; return their number."""
        header = list(dict.fromkeys(name for row in self.quarantined for name in row["cells"] if name))
        whole_lines = {at: row["cells"][""] for at, row in enumerate(self.quarantined) if isinstance(row["cells"].get(""), str)}
        rows = [
            [row["cells"].get(name, "") for name in header] + (row["cells"].get("", []) if at not in whole_lines else [])
            for at, row in enumerate(self.quarantined)
        ]
        Path(to).write_bytes(safe_csv(header, rows, whole_lines))
        return len(rows)

    def __repr__(self) -> str:
        if self.refused:
            first = f" {self.findings[0]}" if self.findings else ""
            return f"{self.file_name} was refused, nothing was written.{first}"
        count = self.counts
        made = ", ".join(f"{len(ids):,} {kind}" for kind, ids in self.created.items() if ids) or "nothing new"
        verb = "was loaded before, nothing was written; then" if self.loaded_before else "would give" if self.dry_run else "gave"
        return (
            f"{self.file_name} {verb} {made}; {count['lines']:,} lines = {count['accepted']:,} accepted + "
            f"{count['accepted_with_findings']:,} with findings + {count['quarantined']:,} quarantined"
        )


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
        return [layout.name for layout in layouts(self._layout_folder) if layout.purpose in _PURPOSES]

    def load(
        self,
        file: str | Path,
        *,
        layout: str,
        why: str,
        by: str = "",
        dry_run: bool = False,
        encoding: str = "",
        delimiter: str = "",
        progress: Progress = silent,
    ) -> Intake:
        """Load parties, works, recordings or agreements from a CSV or XLSX file, and return what became of every line.

        A party is found by its IPI name number or exact name, or made; one that resembles a known one is a finding with the
        evidence. What is in the register already is not changed. The same bytes a second time write nothing, nor does a
        `dry_run`. Raises `WorkbenchError` for an unknown file or layout; a fault of the whole file refuses it, with findings.
        """
        kind = self._layout(layout)
        path = intake.require_file(file)
        digest = file_digest(path)
        if (before := self._loaded_before(path.name, kind.name, digest)) is not None:
            return before
        sheet = intake.stage(path, kind, encoding=encoding, delimiter=delimiter, progress=progress, sha256=digest)
        if sheet.refused:
            return Intake(path.name, kind.name, digest, findings=sheet.findings, refused=True, dry_run=dry_run)
        result: Intake | None = None
        try:
            with self.office.change(why, by) as change:
                result = self._take_in(change, sheet, dry_run, progress)
                if dry_run:
                    raise _DryRunEndsError
        except _DryRunEndsError:
            pass
        assert result is not None  # noqa: S101  set before the transaction can end
        return result

    def template(self, layout: str, *, to: str | Path) -> Path:
        """Write an empty spreadsheet with a layout's columns, and a second sheet that explains each; return its path.

        `to` ends in .xlsx or .csv; beside a CSV the explanation is a file of its own, `NAME-columns.csv`.
        """
        return write_template(find_layout(layout, self._layout_folder), Path(to))

    # ---- inside

    def _layout(self, name: str) -> Layout:
        layout = find_layout(name, self._layout_folder)
        if layout.purpose not in _PURPOSES:
            raise WorkbenchError(
                "not a layout for onboarding", got=f"{name} ({layout.purpose})", expected=", ".join(self.layouts())
            )
        return layout

    def _take_in(self, change: Change, sheet: intake.Sheet, dry_run: bool, progress: Progress) -> Intake:
        kind, desk, build = _PURPOSES[sheet.layout.purpose]
        clerk = Clerk(sheet, change.connection, PartyFinder(change.connection))
        progress("building", 0, len(sheet.lines))
        bundles = build(clerk)
        self._judge_each(clerk, bundles, desk)
        self._judge_mentions(clerk, bundles)
        made = [bundle.document for bundle in bundles if bundle.document is not None and not bundle.failed]
        created: dict[str, list[str]] = {}
        if kind is PARTY:
            failed = _failed_lines(bundles)
            made = [mention.document for mention in clerk.parties.mentions.values() if mention.line not in failed]
        else:
            names = _named(clerk, made)
            if kind is WORK:
                judge_works(clerk, bundles, set(clerk.parties.known))
            if names:
                progress("registering parties", 0, len(names))
                stored = documents.save_many(change, PARTY, [mention.document for mention in names])
                created["party"] = [document["id"] for document in stored]
                ids = dict(zip((mention.known.id for mention in names), created["party"], strict=True))
                made = [_with_ids(document, ids) for document in made]
        if made:
            progress(f"registering {sheet.layout.purpose}", 0, len(made))
            created[kind.name] = [document["id"] for document in documents.save_many(change, kind, made)]
        result = _result(
            sheet, sorted(sheet.findings + clerk.found, key=lambda one: (one.scope != "file", one.line)), created, dry_run
        )
        journal.record(change, JOURNAL_KIND, _entity(sheet.layout.name, sheet.sha256), "load", None, _summary(result))
        progress("done", len(sheet.lines), len(sheet.lines))
        return result

    def _judge_each(self, clerk: Clerk, bundles: list[Bundle], desk: type[Desk[Any]]) -> None:
        """Let the desk put identifiers right and refuse what cannot stand in the register."""
        at = desk(self.office)
        if desk is Parties:
            by_line = {line.line: bundle for bundle in bundles for line in bundle.lines}
            pairs = [(by_line[one.line], one.document) for one in clerk.parties.mentions.values()]
        else:
            pairs = [(bundle, bundle.document) for bundle in bundles if bundle.document is not None]
        for bundle, document in pairs:
            if bundle.failed:
                continue
            try:
                complete = documents.normalise(at.kind, document)
                at._valid(complete)
            except WorkbenchError as error:
                expected = str(error.expected or "")
                clerk.fail(bundle, bundle.first, "not_valid", "", error.what, str(error.got or ""), expected, error.next_step)
            else:
                document.update(complete)

    def _judge_mentions(self, clerk: Clerk, bundles: list[Bundle]) -> None:
        """Show every new party that resembles a known one, with the evidence, at the line that first names it."""
        lines = {line.line: line for line in clerk.sheet.lines}
        failed = _failed_lines(bundles)
        mentions = [one for one in clerk.parties.mentions.values() if one.line not in failed]
        if len(mentions) > _MANY:
            return
        for mention, other, likeness in clerk.parties.look_alikes(mentions):
            where = f"line {clerk.parties.mentions[other.id].line}: " if other.id in clerk.parties.mentions else ""
            clerk.note(
                lines[mention.line],
                "look_alike",
                mention.column,
                f"a new party whose name is {likeness} % like another's",
                mention.known.shown().split(" ", 1)[1],
                where + (other.shown().split(" ", 1)[1] if where else other.shown()),
                "If they are one, correct the name and load the line again before anything is paid; if they are two, nothing.",
            )

    def _loaded_before(self, file_name: str, layout: str, digest: str) -> Intake | None:
        with self.office.book.read() as connection:
            entry = next(journal.entries(connection, kind=JOURNAL_KIND, entity_id=_entity(layout, digest)), None)
            if entry is None or entry.after is None:
                return None
            table = journal.journal
            query = select(table.c.kind, table.c.entity_id).where(
                table.c.change_set == entry.change_set, table.c.before.is_(None), table.c.kind != JOURNAL_KIND
            )
            created: dict[str, list[str]] = {}
            for kind, entity_id in connection.execute(query.order_by(table.c.seq)):
                created.setdefault(kind, []).append(entity_id)
        said = entry.after
        message = f"loaded by {entry.who} at {entry.at[:16]}"
        finding = Finding(
            "file",
            "loaded_before",
            "these very bytes were taken in already",
            got=digest[:12],
            expected="a new file",
            source=file_name,
            what_to_do=f"Nothing: {message} from {said['file_name']}.",
        )
        counts = {name: said[name] for name in ("lines", "accepted", "accepted_with_findings")}
        return Intake(file_name, layout, digest, **counts, findings=[finding], created=created, loaded_before=True)


def _entity(layout: str, digest: str) -> str:
    return f"{layout}:{digest}"


def _summary(result: Intake) -> Document:
    return {
        "file_name": result.file_name,
        "layout": result.layout,
        "sha256": result.sha256,
        **result.counts,
        "created": {kind: len(ids) for kind, ids in result.created.items()},
    }


def _result(sheet: intake.Sheet, findings: list[Finding], created: dict[str, list[str]], dry_run: bool) -> Intake:
    counts = sheet.counts
    left_out = [
        {"line": line.line, "reason": line.reason, "cells": json.loads(sheet.raw(line))}
        for line in sheet.lines
        if line.state == "quarantined"
    ]
    return Intake(
        sheet.file_name,
        sheet.layout.name,
        sheet.sha256,
        lines=counts["lines"],
        accepted=counts["accepted"],
        accepted_with_findings=counts["accepted_with_findings"],
        quarantined=left_out,
        findings=findings,
        created=created,
        dry_run=dry_run,
    )


def _failed_lines(bundles: list[Bundle]) -> set[int]:
    return {line.line for bundle in bundles if bundle.failed for line in bundle.lines}


def _named(clerk: Clerk, made: list[Document]) -> list[Mention]:
    """Return the new parties that an accepted document names, in the order the file first named them."""
    named = {value for document in made for value in _strings(document) if value.startswith("new:")}
    return [mention for passing, mention in clerk.parties.mentions.items() if passing in named]


def _strings(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        return [text for item in value.values() for text in _strings(item)]
    return [text for item in value for text in _strings(item)] if isinstance(value, list) else []


def _with_ids(value: Any, ids: Mapping[str, str]) -> Any:
    """Return a document with passing ids replaced by those the book gave."""
    if isinstance(value, str):
        return ids.get(value, value)
    if isinstance(value, dict):
        return {
            key: _with_ids(item, ids) if key.endswith("party_id") or isinstance(item, list) else item
            for key, item in value.items()
        }
    return [_with_ids(item, ids) for item in value] if isinstance(value, list) else value
