"""The life of a document: from which status to which a clerk may take it, and what must hold before.

    "" -> incomplete -> to_validate -> synced -> conflict -> in_dispute -> deleted -> (back to local)

A new document has no status or one of the first five. `merged` is a document whose survivor is named, and only that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from ..core import documents
from ..core.documents import Document
from ..core.errors import WorkbenchError
from ..core.store import Change
from . import rules
from .desk import Desk
from .references import references, shown

Thing = TypeVar("Thing")

NEXT: Mapping[str, tuple[str, ...]] = {
    "": ("incomplete", "local", "to_validate", "conflict", "in_dispute", "synced", "deleted", "merged"),
    "incomplete": ("", "local", "to_validate", "deleted", "merged"),
    "local": ("", "incomplete", "to_validate", "conflict", "in_dispute", "synced", "deleted", "merged"),
    "to_validate": ("", "incomplete", "local", "conflict", "in_dispute", "synced", "deleted", "merged"),
    "conflict": ("", "local", "to_validate", "in_dispute", "synced", "deleted", "merged"),
    "in_dispute": ("", "local", "to_validate", "conflict", "synced", "deleted", "merged"),
    "synced": ("", "local", "to_validate", "conflict", "in_dispute", "deleted", "merged"),
    "deleted": ("", "incomplete", "local", "to_validate"),
    "merged": ("", "incomplete", "local", "to_validate", "conflict", "in_dispute", "synced"),
}
MEANING: Mapping[str, str] = {
    "": "in use",
    "incomplete": "facts are missing, and somebody is asking for them",
    "local": "only this society knows it",
    "to_validate": "entered, not looked at by a second person",
    "conflict": "another society says something else",
    "in_dispute": "two parties claim the same share; nobody is paid until they agree",
    "synced": "the other societies have the same",
    "deleted": "it was never right; kept for its history only",
    "merged": "it is the same as its survivor",
}
"""What each status tells."""


class LivingDesk(Desk[Thing]):
    """A desk whose documents have a status life."""

    def set_status(self, entity_id: str, status: str, *, why: str, by: str = "") -> Thing:
        """Take a document to another status, with the reason; see `statuses.MEANING`.

        Raises `WorkbenchError` for a step that is not one, and for deleting what live documents still name, listing them.
        """
        return self.change(entity_id, status=status, why=why, by=by)

    def delete(self, entity_id: str, *, why: str, by: str = "") -> Thing:
        """Take a document out of use: it stays in the book with its history. Refused while live documents name it."""
        return self.set_status(entity_id, "deleted", why=why, by=by)

    def _write(self, change: Change, given: list[Document]) -> list[Thing]:
        ids = [str(document["id"]) for document in given if document.get("id")]
        before = {one: found["status"] for one, found in documents.load_many(change.connection, self.kind, ids).items()}
        deleted = []
        for document in given:
            entity_id, status = str(document.get("id") or ""), str(document.get("status") or "")
            where = f"{self.kind.name} {entity_id or 'new'}"
            may_become(before.get(entity_id, ""), status, where)
            _has_survivor(document, status, where)
            if status == "deleted" and before.get(entity_id) != "deleted":
                deleted.append(entity_id)
        if used := references(change.connection, self.kind, [one for one in deleted if one]):
            raise WorkbenchError(
                f"a {self.kind.name} that is still used cannot be deleted",
                got=shown(used),
                where=", ".join(sorted({one.entity_id for one in used})),
                next_step="Merge it into another, or take it out of these first.",
            )
        return super()._write(change, given)


def may_become(before: str, after: str, where: str) -> None:
    """Raise `WorkbenchError` unless a document of one status may become another, naming the steps there are."""
    rules.one_of({"status": after}, "status", rules.STATUSES, where)
    if after != before and after not in NEXT.get(before, ()):
        raise WorkbenchError(
            f"a document that is {before or 'in use'} cannot become {after or 'in use'}",
            got=after,
            expected=", ".join(one or "(empty: in use)" for one in NEXT.get(before, ())),
            where=where,
        )


def live(found: Iterable[Document]) -> list[Document]:
    """Return the documents that are neither deleted nor merged."""
    return [one for one in found if one["status"] not in rules.GONE]


def _has_survivor(document: Mapping[str, Any], status: str, where: str) -> None:
    if (status == "merged") != bool(document.get("merged_into_id")):
        raise WorkbenchError(
            "a merged document names its survivor, and no other does",
            got=f"status {status or '(empty)'}, survivor {document.get('merged_into_id') or 'none'}",
            where=where,
            next_step="Merge with the desk's merge, or clear both.",
        )
