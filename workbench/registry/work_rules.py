"""What a work may say of itself: codes of the trade, roles of its creation class, identifiers, periods, and no circles.

`valid` refuses what cannot stand on a form; what is odd or missing is for the rule packs to say, see `checks`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from functools import cache
from typing import Any

from sqlalchemy import Connection, Table, select

from ..core.documents import CHUNK, Document
from ..core.errors import WorkbenchError
from . import rules
from .codes import codes
from .creation_classes import creation_class, creation_classes
from .cycles import refuse_cycle

CODED = ("music_arrangement", "lyric_adaptation", "work_type", "instrumentation")
"""Fields of a work whose values are a code list of the same name."""
_TIME = re.compile(r"[0-9]{2}:[0-5][0-9]:[0-5][0-9]", re.ASCII)


def valid(document: Document) -> None:
    """Put identifiers into their stored spelling, in place; raise `WorkbenchError` naming the field that cannot stand."""
    where = rules.place(document, "work")
    rules.filled(document, "title", where)
    for field in ("iswc", "isan", "eidr"):
        rules.identifier(document, field, where)
    if document["public_domain"] not in (0, 1):
        raise WorkbenchError("public_domain is yes or no", got=document["public_domain"], expected="1 or 0", where=where)
    for field, known in _known().items():
        if document[field]:  # most are empty, and a catalogue has a million works
            rules.one_of(document, field, known, where)
    rules.not_negative(document, "duration_seconds", where)
    rules.year(document, "created_year", where)
    rules.day(document, "published_on", where)
    for part, check in PARTS.items():
        for position, row in enumerate(document[part], start=1):
            check(document, row, f"{where} {part}[{position}]")


@cache
def _known() -> dict[str, tuple[str, ...]]:
    """The codes each coded field may hold."""
    own = {
        "category": rules.CATEGORIES,
        "creation_class": tuple(creation_classes()),
        "text_music": rules.TEXT_MUSIC,
        "version_type": rules.VERSION_TYPES,
        "excerpt_type": rules.EXCERPT_TYPES,
        "composite_type": rules.COMPOSITE_TYPES,
    }
    return own | {field: tuple(codes(field)) for field in CODED}


def _title(_document: Document, row: dict[str, Any], where: str) -> None:
    rules.filled(row, "title", where)
    rules.one_of(row, "kind", rules.TITLE_KINDS, where)


def _share(document: Document, row: dict[str, Any], where: str) -> None:
    rules.one_of(row, "role", rules.WORK_ROLES, where)
    made = creation_class(document["creation_class"])
    if row["role"] not in made.roles:
        raise WorkbenchError(
            f"role {row['role']} has no part in a work of class {made.code}",
            got=row["role"], expected=", ".join(made.roles), where=where,
            next_step="Correct the role, or the work's creation class.",
        )  # fmt: skip
    for right in rules.OWNED_RIGHTS:
        rules.share(row, f"{right}_ppm", where)
        if row[f"{right}_ppm"] and right not in made.rights:
            raise WorkbenchError(f"a work of class {made.code} has no {right} shares", got=row[f"{right}_ppm"], where=where)
    rules.territory(row, "territory", where)
    rules.period(row, where)


def _archived(_document: Document, row: dict[str, Any], where: str) -> None:
    rules.filled(row, "iswc", where)
    rules.identifier(row, "iswc", where)
    rules.day(row, "archived_on", where)


def _number(_document: Document, row: dict[str, Any], where: str) -> None:
    rules.filled(row, "issuer", where)
    rules.filled(row, "number", where)


def _component(_document: Document, row: dict[str, Any], where: str) -> None:
    rules.not_negative(row, "duration_seconds", where)


def _performer(_document: Document, row: dict[str, Any], where: str) -> None:
    rules.filled(row, "name", where)


def _instrument(_document: Document, row: dict[str, Any], where: str) -> None:
    rules.one_of(row, "instrument", codes("instrument"), where)
    rules.not_negative(row, "players", where)


def _cue(_document: Document, row: dict[str, Any], where: str) -> None:
    rules.filled(row, "title", where)
    rules.one_of(row, "use", rules.CUE_USES, where)
    rules.not_negative(row, "duration_seconds", where)
    if row["starts_at"] and not _TIME.fullmatch(row["starts_at"]):
        raise WorkbenchError("starts_at is not a time", got=repr(row["starts_at"]), expected="HH:MM:SS, or nothing", where=where)


PARTS = {
    "titles": _title,
    "shares": _share,
    "archived_iswcs": _archived,
    "numbers": _number,
    "components": _component,
    "performers": _performer,
    "instruments": _instrument,
    "cues": _cue,
}
"""What each row of a part must be."""


def refuse_circles(connection: Connection, inside: Collection[str], versions: Collection[str], work: Table, part: Table) -> None:
    """Raise `WorkbenchError` showing the way where a stored work contains itself, or is a version of itself.

    A work is contained in what it is a component of (`part` is the table of components), an excerpt of, or an episode of.
    """
    refuse_cycle(inside, lambda ids: _contained_in(connection, ids, work, part), "a work's content", "work")
    refuse_cycle(versions, lambda ids: _versions_of(connection, ids, work), "a version's original", "work")


def _contained_in(connection: Connection, ids: Collection[str], work: Table, part: Table) -> dict[str, list[str]]:
    leads: dict[str, list[str]] = {one: [] for one in ids}
    for row in _rows(connection, select(work.c.id, work.c.whole_work_id, work.c.series_work_id), work.c.id, ids):
        leads[row.id] += [one for one in (row.whole_work_id, row.series_work_id) if one]
    for row in _rows(connection, select(part.c.component_work_id, part.c.owner_id), part.c.component_work_id, ids):
        leads[row.component_work_id].append(row.owner_id)
    return leads


def _versions_of(connection: Connection, ids: Collection[str], work: Table) -> dict[str, list[str]]:
    query = select(work.c.id, work.c.original_work_id).where(work.c.original_work_id.is_not(None))
    return {row.id: [row.original_work_id] for row in _rows(connection, query, work.c.id, ids)}


def _rows(connection: Connection, query: Any, column: Any, ids: Collection[str]) -> Iterable[Any]:
    wanted = sorted(ids)
    for start in range(0, len(wanted), CHUNK):
        yield from connection.execute(query.where(column.in_(wanted[start : start + CHUNK])))
