"""Attachments: papers kept with a record of the register: contracts, proofs, decisions; the file lies in the workspace.

paper = wb.attachments.attach("agreement", "TALA-A-000002", "contract.pdf", title="Contract of 3 March", why="signed")
wb.attachments.read(paper.id)                       # its bytes, once their digest is verified
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from sqlalchemy import Connection, select

from ..core import documents
from ..core.documents import KINDS, Document, Kind, root_table
from ..core.errors import Finding, WorkbenchError, unknown
from ..core.store import Change, whole, words
from . import papers, rules, statuses
from .desk import Desk

attachment = root_table(
    "attachment",
    words("about_kind"),  # the kind of record it belongs to: party, agreement, ...
    words("about_id", index=True),
    words("kind"),  # contract | identity | proof | decision | declaration | other
    words("title"),
    words("file_name"),
    words("media_type"),
    words("sha256"),  # the file lies under this name in the workspace's documents/
    whole("size_bytes"),
    words("dated_on"),
)
ATTACHMENT = Kind("attachment", "F", attachment)


@dataclass(frozen=True, slots=True)
class Attachment:
    """One paper kept with a record."""

    about_kind: str
    about_id: str
    title: str
    kind: str = "other"
    file_name: str = ""
    media_type: str = ""
    sha256: str = ""
    size_bytes: int = 0
    dated_on: str = ""
    status: str = ""
    id: str = ""
    version: int = 0


COLUMNS = ["id", "kind", "title", "file_name", "media_type", "size_bytes", "dated_on", "sha256"]


class Attachments(Desk[Attachment]):
    """The desk for attachments."""

    kind = ATTACHMENT
    thing = Attachment

    def attach(
        self,
        about_kind: str,
        about_id: str,
        file: str | Path,
        *,
        title: str,
        why: str,
        kind: str = "other",
        dated_on: str = "",
        by: str = "",
    ) -> Attachment:
        """Keep a file with a record and return it as stored; the file is safe on the disk before the book names it.

        Raises `WorkbenchError` for a record that is not there, a file larger than 50 MB, and one that is not a paper.
        """
        draft = {"about_kind": about_kind, "about_id": about_id, "title": title, "kind": kind, "dated_on": dated_on}
        self._valid(documents.normalise(ATTACHMENT, {"id": "", **draft}))
        with self.office.book.read() as connection:
            _require(connection, about_kind, about_id)
        paper = papers.keep(self.office.config.folder, Path(file))
        facts = {name: getattr(paper, name) for name in ("sha256", "size_bytes", "media_type", "file_name")}
        return self.save({**draft, **facts}, why=why, by=by)

    def of(self, about_kind: str, about_id: str) -> pd.DataFrame:
        """Return the papers kept with a record, the newest date first: id, kind, title, file_name, media_type, size_bytes, ..."""
        query = select(*(attachment.c[name] for name in COLUMNS)).where(
            attachment.c.about_kind == about_kind,
            attachment.c.about_id == about_id,
            attachment.c.status.not_in(rules.GONE),
        )
        with self.office.book.read() as connection:
            rows = connection.execute(query.order_by(attachment.c.dated_on.desc(), attachment.c.id)).fetchall()
        return pd.DataFrame([tuple(row) for row in rows], columns=COLUMNS)

    def path(self, attachment_id: str) -> Path:
        """Return where a paper lies, its digest verified; raises `WorkbenchError` when it is missing or damaged."""
        sha256 = self.get(attachment_id).sha256
        papers.read(self.office.config.folder, sha256)
        return papers.place(self.office.config.folder, sha256)

    def read(self, attachment_id: str) -> bytes:
        """Return a paper's content, its digest verified; raises `WorkbenchError` when it is missing or damaged."""
        return papers.read(self.office.config.folder, self.get(attachment_id).sha256)

    def _valid(self, document: Document) -> None:
        where = rules.place(document, "attachment")
        rules.one_of(document, "status", rules.STATUSES, where)
        rules.one_of(document, "kind", rules.ATTACHMENT_KINDS, where)
        rules.filled(document, "title", where)
        rules.day(document, "dated_on", where)
        if document["sha256"]:
            papers.place(Path(), document["sha256"])
        if document["file_name"]:
            document["file_name"] = papers.clean_name(document["file_name"])

    def _write(self, change: Change, given: list[Document]) -> list[Attachment]:
        for document in given:
            _require(change.connection, str(document.get("about_kind")), str(document.get("about_id")))
        return super()._write(change, given)

    def _findings(self, _connection: Connection, found: Sequence[Document]) -> list[Finding]:
        findings = []
        for one in statuses.live(found):
            try:
                papers.read(self.office.config.folder, one["sha256"])
            except WorkbenchError as error:
                findings.append(
                    rules.odd(one, "paper_lost", error.what, "sha256", one["file_name"], what_to_do=str(error.next_step))
                )
        return findings


def _require(connection: Connection, about_kind: str, about_id: str) -> None:
    """Raise `NotFound` unless the record is there."""
    if about_kind not in KINDS:
        raise unknown("kind of record", about_kind, KINDS, where="attachment.about_kind")
    documents.load(connection, KINDS[about_kind], about_id)
