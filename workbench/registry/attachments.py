"""Attachments: papers kept with a record of the register: contracts, proofs, decisions; the file lies in the workspace."""

from __future__ import annotations

from dataclasses import dataclass

from ..core.documents import Document, Kind, root_table
from ..core.store import whole, words
from . import rules
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


class Attachments(Desk[Attachment]):
    """The desk for attachments."""

    kind = ATTACHMENT
    thing = Attachment

    def _valid(self, document: Document) -> None:
        where = rules.place(document, "attachment")
        rules.one_of(document, "kind", rules.ATTACHMENT_KINDS, where)
        rules.filled(document, "title", where)
        rules.day(document, "dated_on", where)
