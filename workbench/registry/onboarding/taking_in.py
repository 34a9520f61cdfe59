"""A spooled file becomes documents of the register, some thousand things at a time, all in one transaction.

Memory holds one chunk of documents, every party by name (to know who is meant), and the findings; never the file.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from ...core import documents
from ...core.documents import Document, Kind
from ...core.errors import Finding, WorkbenchError
from ...core.office import Office, Progress
from ...core.store import Change
from ...formats.intake import Spool, many_objects
from ..parties import PARTY
from ..provenance import record_lines
from .agreements import AgreementBuilder, PerformanceBuilder
from .builder import Builder
from .clerk import ACCEPTED, QUARANTINED, STATES, WITH_FINDINGS, Bundle, Clerk, bundles_of, set_aside_the_incomplete
from .existing import merged
from .finder import PartyFinder
from .parties import PartyBuilder
from .recordings import RecordingBuilder, ReleaseBuilder
from .works import WorkBuilder

BUILDERS: dict[str, type[Builder]] = {
    "parties": PartyBuilder,
    "works": WorkBuilder,
    "recordings": RecordingBuilder,
    "agreements": AgreementBuilder,
    "performances": PerformanceBuilder,
    "releases": ReleaseBuilder,
}
CHUNK = 2_000
"""Things (not lines) built and saved at a time."""


class TakingIn:
    """One file on its way into the register, within one change."""

    def __init__(
        self, office: Office, change: Change, spool: Spool, existing: str, only: Collection[str], progress: Progress
    ) -> None:
        self.change, self.spool, self.only, self.progress = change, spool, only, progress
        self.clerk = Clerk(spool.sheet, change.connection, PartyFinder(change.connection), existing)
        self.builder = BUILDERS[spool.sheet.layout.purpose](self.clerk)
        self.desk = self.builder.desk(office)
        self.created: dict[str, list[str]] = {}
        self.changed: dict[str, list[str]] = {}
        self.quarantined: list[dict[str, Any]] = []
        self._states = bytearray(spool.rows)
        self._lines_of: dict[str, list[tuple[str, Sequence[int]]]] = {}
        self._given: set[str] = set()
        """Identifiers given before their documents were saved: others of the same chunk name them."""

    def run(self) -> None:
        """Build, judge and save everything; what is odd goes to the clerk's findings."""
        done = 0
        with many_objects():
            for chunk in _chunks(bundles_of(self.spool)):
                self._take(chunk)
                done += sum(len(bundle.lines) for bundle in chunk)
                self.progress(f"registering {self.spool.sheet.layout.purpose}", done, self.spool.rows)
        self._tell_of_look_alikes()
        self.progress("done", done, done)

    def counts(self) -> dict[str, int]:
        """Return the lines by what became of them."""
        return {state: self._states.count(at) for at, state in enumerate(STATES)}

    def _take(self, chunk: list[Bundle]) -> None:
        clerk, builder = self.clerk, self.builder
        chunk.sort(key=lambda bundle: bundle.first.at)
        for bundle in chunk:
            set_aside_the_incomplete(clerk, bundle)
            if not bundle.failed:
                builder.build(bundle)
        self._merge(chunk)
        for bundle in chunk:
            if bundle.document is not None and not bundle.failed:
                self._complete(bundle)
            if bundle.failed and bundle.itself is not None:
                clerk.parties.forget(bundle.itself)
        made = [bundle for bundle in chunk if bundle.document is not None and not bundle.failed]
        builder.judge(made, self.desk.office)
        self._save(chunk)
        self._account(chunk)

    def _merge(self, chunk: list[Bundle]) -> None:
        """Let bundles that speak of something registered become that record, as it will be."""
        meant = {
            one.document["id"]: one for one in chunk if one.document is not None and not one.failed and one.document.get("id")
        }
        kind = self.builder.kind
        there = documents.load_many(self.change.connection, kind, list(meant)) if meant else {}
        for entity_id, bundle in meant.items():
            if bundle.document is not None:
                given = documents.normalise(kind, bundle.document)
                bundle.document = merged(self.clerk, bundle, kind, there[entity_id], given, self.only)

    def _complete(self, bundle: Bundle) -> None:
        """Let the desk put identifiers right and refuse what cannot stand in the register."""
        try:
            complete = documents.normalise(self.builder.kind, bundle.document or {})
            self.desk._valid(complete)
        except WorkbenchError as error:
            expected = str(error.expected or "")
            told = (error.what, str(error.got or ""), expected, error.next_step)
            self.clerk.fail(bundle, bundle.first, "not_valid", "", *told)
        else:
            bundle.document = complete

    def _save(self, chunk: list[Bundle]) -> None:
        """Save the new parties that accepted bundles name, then the bundles' documents, then what else they say."""
        kept = [bundle for bundle in chunk if not bundle.failed and (bundle.document is not None or bundle.further)]
        kept = [bundle for bundle in kept if self._names_only_the_kept(bundle)]
        self._register_parties(kept)
        ready = [bundle for bundle in kept if bundle.document is not None]
        for bundle in ready:
            if bundle.named:
                _put_ids(bundle.document or {}, self.builder.kind, self.clerk.parties.ids)
        if ready:
            self._write(self.builder.kind, [(bundle.document or {}, [line.line for line in bundle.lines]) for bundle in ready])
        further: dict[str, list[tuple[Document, list[int]]]] = {}
        for bundle in kept:
            for kind, document in bundle.further:
                document["party_id"] = self.clerk.parties.ids.get(document["party_id"], document["party_id"])
                further.setdefault(kind.name, []).append((document, [line.line for line in bundle.lines]))
        for name, pairs in further.items():
            self._write(documents.KINDS[name], pairs)
        for name, lines in self._lines_of.items():
            record_lines(self.change, name, lines)
        self._lines_of = {}

    def _names_only_the_kept(self, bundle: Bundle) -> bool:
        """Quarantine a bundle that names a new party whose own line was left out."""
        mentions = self.clerk.parties.mentions
        lost = next((one for one in bundle.named if one.is_new and one.id not in mentions), None)
        if lost is not None:
            step = "Correct that party's own line, and send both again."
            message = "it names a party whose own line is quarantined"
            self.clerk.fail(bundle, bundle.first, "incomplete", "", message, lost.facts(), "a registered party", step)
        return lost is None

    def _register_parties(self, kept: list[Bundle]) -> None:
        """Give the new parties their identifiers: those that lines are about before those that lines only name."""
        finder = self.clerk.parties
        own = [bundle for bundle in kept if bundle.itself is not None and bundle.document is not None]
        for bundle, entity_id in zip(own, self.change.new_ids(PARTY.letter, len(own)) if own else (), strict=True):
            if bundle.itself is not None and bundle.document is not None:
                bundle.document["id"] = entity_id
                self._given.add(entity_id)
                finder.register(finder.mentions[bundle.itself.id], entity_id)
        named = {one.id: finder.mentions[one.id] for bundle in kept for one in bundle.named if one.is_new}
        if named:
            new = [(mention, mention.document) for mention in named.values()]
            self._write(PARTY, [(document, [mention.line]) for mention, document in new])
            for mention, document in new:
                finder.register(mention, document["id"])

    def _write(self, kind: Kind, pairs: Sequence[tuple[Document, list[int]]]) -> None:
        """Save documents of one kind and keep from which lines they came; each given document gets its identifier."""
        new = [not document.get("id") or document["id"] in self._given for document, _ in pairs]
        stored = documents.save_many(self.change, kind, [document for document, _ in pairs])
        created, changed = self.created.setdefault(kind.name, []), self.changed.setdefault(kind.name, [])
        for (document, _), one, is_new in zip(pairs, stored, new, strict=True):
            document["id"] = one["id"]
            (created if is_new else changed).append(one["id"])
        self._lines_of.setdefault(kind.name, []).extend((document["id"], lines) for document, lines in pairs)

    def _account(self, chunk: list[Bundle]) -> None:
        sheet, states = self.spool.sheet, self._states
        for bundle in chunk:
            for line in bundle.lines:
                states[line.at] = STATES.index(line.state)
                if line.state == QUARANTINED:
                    cells = json.loads(sheet.raw(line))
                    self.quarantined.append({"line": line.line, "reason": line.reason, "cells": cells})

    def _tell_of_look_alikes(self) -> None:
        """Show every new party that resembles a known one, with the evidence, at the line that first names it."""
        finder = self.clerk.parties
        lines = {mention.known.id: mention.line for mention in finder.registered}
        step = "If they are one, correct the name and load the line again before anything is paid; if they are two, nothing."
        for mention, other, pair in finder.look_alikes():
            where = f"line {lines[other.id]}: {other.facts()}" if other.id in lines else other.shown()
            message = f"a new party that looks like another: {'; '.join(pair.evidence)}"[:200]
            told = (mention.known.facts()[:200], where[:300], step)
            self.clerk.found.append(Finding("field", "look_alike", message, mention.line, mention.column, *told))
            if self._states[mention.at] == STATES.index(ACCEPTED):
                self._states[mention.at] = STATES.index(WITH_FINDINGS)


def _chunks(bundles: Iterator[Bundle]) -> Iterator[list[Bundle]]:
    chunk: list[Bundle] = []
    for bundle in bundles:
        chunk.append(bundle)
        if len(chunk) >= CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _put_ids(document: Document, kind: Kind, ids: Mapping[str, str]) -> None:
    """Replace the passing identifiers of parties by those the book gave."""
    for row in (document, *(row for part in kind.parts for row in document[part])):
        for name, value in row.items():
            if value is not None and name.endswith("party_id") and value in ids:
                row[name] = ids[value]
