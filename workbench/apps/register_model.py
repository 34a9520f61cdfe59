"""The register page's model: search, one open record, its history, and every change with a reason, none of anybody's lost.

A form says which version of the record it was made from. Where a colleague saved meanwhile, ours is not written: the page says
who changed what, and shows the record as it is now.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..core.documents import KINDS
from ..core.errors import Conflict, WorkbenchError, unknown
from .register_fields import document_of
from .register_reading import EDITORS, LARGEST_PAPER_BYTES, Draft, Merging, ReadingModel, as_text
from .register_words import KINDS as WORDS
from .session import Notice, command
from .uploads import Upload


class RegisterModel(ReadingModel):
    """The register as one person sees it, and what they may change in it."""

    @command(*EDITORS)
    def edit(self) -> None:
        """Show the record as a form."""
        if self._card().seq:
            raise WorkbenchError("this is how the record stood, not how it is", next_step="Go back to today first.")
        self.editing = {}

    @command()
    def cancel(self) -> None:
        """Leave a form, a new record or a comparison without writing anything."""
        self.editing, self.draft, self.merging = None, None, None

    @command(*EDITORS)
    def save(self, why: str = "", version: int = 0, **values: str) -> None:
        """Save the form; the reason goes to the journal."""
        card = self._card()
        self.editing = dict(values)
        document = document_of(card.kind, card.document, values, self.resolve)
        try:
            self.desks[card.kind.name].save(document, why=_reason(why), expected_version=int(version) or card.version)
        except Conflict as error:
            self.editing = None
            self._show(card.kind.name, card.document["id"])
            self.notice = Notice("warning", f"{error} Yours was not written; this is the record as it is now.")
            return
        self.editing = None
        self._show(card.kind.name, card.document["id"])
        self.notice = Notice("good", "Saved. Undo is under History.")

    @command(*EDITORS)
    def undo(self, seq: int, why: str = "") -> None:
        """Put the record back to what it was before a journal entry."""
        card = self._card()
        self.desks[card.kind.name].undo(card.document["id"], seq=int(seq), why=why or f"undo entry {seq}")
        self._show(card.kind.name, card.document["id"])
        self.notice = Notice("good", "Undone; the undo is an entry of its own, and can be undone.")

    @command(*EDITORS)
    def start(self, kind: str) -> None:
        """Begin a new record."""
        if kind not in WORDS:
            raise unknown("kind of record", kind, WORDS)
        self.draft, self.card, self.editing = Draft(KINDS[kind]), None, None

    @command(*EDITORS)
    def register(self, why: str = "", sure: str = "", **values: str) -> None:
        """Write the new record; a right holder that resembles a known one is shown with the evidence first."""
        draft = self.draft
        if draft is None:
            raise WorkbenchError("nothing is being entered", next_step="Choose what to register.")
        draft.values = dict(values)
        document = document_of(draft.kind, None, values, self.resolve)
        if draft.kind.name == "party":
            draft.look_alikes = [] if sure else self.wb.parties.look_alikes(document).to_dict("records")
            if draft.look_alikes:
                self.notice = Notice("warning", "Somebody like this is registered already. Look before you go on.")
                return
            made = self.wb.parties.register(document, why=_reason(why), sure=sure)
        else:
            made = self.desks[draft.kind.name].save(document, why=_reason(why))
        self.draft = None
        self._show(draft.kind.name, made.id)
        self.notice = Notice("good", f"Registered as {made.id}.")

    @command(*EDITORS)
    def compare(self, other: str, survivor: str = "") -> None:
        """Put another record beside this one, as they would be after a merge."""
        card = self._card()
        other_id = self.resolve(card.kind.table.name, other)
        keep, gone = (survivor, card.document["id"]) if survivor == other_id else (card.document["id"], other_id)
        self._preview(keep, gone, {})

    @command(*EDITORS)
    def merge(self, survivor: str, other: str, why: str = "", again: str = "", **values: str) -> None:
        """Make two records one, through the journal.

        Values `keep.FIELD` say whose value of a field stays; `again` only shows what would be.
        """
        card = self._card()
        chosen = {name.removeprefix("keep."): kept for name, kept in values.items() if name.startswith("keep.") and kept}
        self._preview(survivor, other, chosen)
        if again:
            return
        if self.merging is not None and self.merging.findings:
            self.notice = Notice("warning", "Choose first whose value stays where the two contradict each other.")
            return
        self.desks[card.kind.name].merge(survivor, [other], why=_reason(why), rules=chosen)
        self.merging = None
        self._show(card.kind.name, survivor)
        self.notice = Notice("good", f"{other} is one with {survivor} now. Un-merge is on its page, and puts both back.")

    @command(*EDITORS)
    def unmerge(self, why: str = "", since: str = "") -> None:
        """Put a merged record, and the one it went into, back; `since` (back or keep) is for what was changed since the merge."""
        card = self._card()
        desk, entity_id = self.desks[card.kind.name], card.document["id"]
        changed = desk.preview_unmerge(entity_id).changed
        desk.unmerge(entity_id, why=_reason(why), choices={one.entity_id: since for one in changed if since})
        self._show(card.kind.name, card.document["id"])
        self.notice = Notice("good", "Both records are back.")

    @command(*EDITORS)
    def send_paper(self, name: str, start: int, size: int, part: Any) -> dict[str, int]:
        """Take one piece of a paper to be kept with the record; nothing is kept before it has a title and a reason."""
        if self._upload is None:
            self._upload = Upload(Path(tempfile.mkdtemp(prefix="workbench-paper-")), LARGEST_PAPER_BYTES)
        self.progress("Receiving the file", start, size)
        if (whole := self._upload.take(name, int(start), int(size), bytes(part))) is not None:
            self._drop_paper()
            self.paper = whole
        return {"received": start + len(part)}

    @command(*EDITORS)
    def attach(self, title: str = "", kind: str = "other", dated_on: str = "", why: str = "") -> None:
        """Keep the paper that was sent with the open record."""
        card = self._card()
        if self.paper is None:
            raise WorkbenchError("no file was sent", next_step="Choose one first.")
        about = (card.kind.name, card.document["id"])
        made = self.wb.attachments.attach(*about, self.paper, title=title, kind=kind, dated_on=dated_on, why=_reason(why))
        self._drop_paper()
        self.notice = Notice("good", f"Kept as {made.id}.")

    @command("analyst", "distribution", "admin")
    def reveal(self) -> None:
        """Show how a right holder is reached and paid; that somebody looked is written down."""
        self.contact = self.wb.contacts.reveal(self._card().document["id"], why="looked up in the register")
        if self.contact is None:
            self.notice = Notice("info", "No contact is registered.")

    def changed_since_merge(self) -> list[str]:
        """Return what was changed since the open record was merged, in words."""
        card = self._card()
        changed = self.desks[card.kind.name].preview_unmerge(card.document["id"]).changed
        return [f"{one.kind} {one.entity_id}, {one.field}: {one.was} → {one.now}" for one in changed]

    def _preview(self, survivor: str, other: str, chosen: Mapping[str, str]) -> None:
        preview = self.desks[self._card().kind.name].preview_merge(survivor, [other], rules=dict(chosen))
        rows = tuple((str(a), as_text(b), as_text(c), as_text(d)) for a, b, c, d in preview.rows)
        findings = tuple(str(one) for one in preview.findings)
        self.merging = Merging(survivor, other, rows, preview.moves, findings, dict(chosen))


def _reason(why: str) -> str:
    if not why.strip():
        raise WorkbenchError("a change needs a reason", expected="some words in “Why”, like: contract of 3 March")
    return why.strip()
