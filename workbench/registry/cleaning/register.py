"""Documents of the register on the bench: one row each, and the edited fields back in one change set."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import select

from ...core import documents
from ...core.documents import CHUNK, KINDS, Document, Kind
from ...core.errors import WorkbenchError, unknown
from ...core.meanwhile import changed_meanwhile
from ...core.office import Office
from .. import rules
from ..agreements import Agreements
from ..desk import Desk
from ..parties import Parties
from ..performances import Performances
from ..recordings import Recordings
from ..releases import Releases
from ..works import Works
from .bench import Bench
from .table import ROW, Column, Table

DESKS: dict[str, type[Desk[Any]]] = {
    "party": Parties,
    "work": Works,
    "recording": Recordings,
    "release": Releases,
    "performance": Performances,
    "agreement": Agreements,
}


@dataclass(frozen=True)
class Saved:
    """What became of the edited rows: the ids saved, and those refused with the reason."""

    saved: tuple[str, ...]
    refused: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Opened:
    """Documents as a table, and how to save it."""

    kind: str
    fields: tuple[str, ...]
    table: Table
    save: Callable[[Bench, str, str], Saved]


@dataclass
class _Known:
    """What the register said when it was last read or written here."""

    kind: Kind
    versions: dict[str, int]
    texts: dict[str, dict[str, str]]
    """Field -> id -> text."""


def open_documents(office: Office, name: str, ids: Sequence[str] | None, fields: Sequence[str] | None) -> Opened:
    """Read documents with their versions; raises `NotFound` for an unknown kind, field or id."""
    kind = _kind(name)
    chosen = tuple(fields) if fields is not None else tuple(_plain_fields(kind))
    for each in chosen:
        _judge_field(kind, each)
    with office.book.read() as connection:
        found = documents.load_many(connection, kind, ids)
        versions = _versions(connection, kind, list(found))
        for entity_id in ids or ():
            if entity_id not in found:
                documents.load(connection, kind, entity_id)
    there = [one for one in sorted(found) if found[one]["status"] not in rules.GONE]
    order = list(dict.fromkeys(ids)) if ids is not None else there
    said = {each: [_get(found[one], each) for one in order] for each in chosen}
    table = Table.of(order, {each: Column.of(texts, each) for each, texts in said.items()})
    known = _Known(kind, versions, {each: dict(zip(order, texts, strict=True)) for each, texts in said.items()})
    return Opened(kind.name, chosen, table, partial(_save, office, known))


def _kind(name: str) -> Kind:
    singular = {"parties": "party"}.get(name, name.removesuffix("s"))
    if singular not in DESKS or singular not in KINDS:
        raise unknown("kind of document", name, DESKS, where="open_register")
    return KINDS[singular]


def _plain_fields(kind: Kind) -> list[str]:
    return [name for name in kind.fields if name != "status" and not name.endswith("_id")]


def _judge_field(kind: Kind, name: str) -> None:
    part, _, rest = name.partition(".")
    if not rest:
        if name not in kind.fields:
            raise unknown(
                f"field of {kind.name}", name, [*kind.fields, *(f"{each}.1.…" for each in kind.parts)], where="open_register"
            )
        return
    place, _, each = rest.partition(".")
    if part not in kind.parts or not place.isdigit() or int(place) < 1:
        raise unknown(f"part of {kind.name}", name, [f"{known}.1.…" for known in kind.parts], where="open_register")
    if each not in kind.part_fields(part):
        raise unknown(f"field of {kind.name} {part}", each, kind.part_fields(part), where="open_register")


def _get(document: Document, name: str) -> str:
    part, _, rest = name.partition(".")
    value: Any = document[part]
    if rest:
        place, _, each = rest.partition(".")
        value = value[int(place) - 1][each] if len(value) >= int(place) else ""
    return "" if value is None else str(value)


def _put(document: Document, name: str, text: str) -> None:
    """Put a text where it belongs; raises `WorkbenchError` where there is no such part or a whole number is wanted."""
    part, _, rest = name.partition(".")
    target: Any = document
    each = name
    if rest:
        place, _, each = rest.partition(".")
        if len(document[part]) < int(place):
            raise WorkbenchError(f"there is no {part} {place}", where=name)
        target = document[part][int(place) - 1]
    if isinstance(target[each], int) and not text.isdecimal():
        raise WorkbenchError("not a whole number", got=text, where=name)
    target[each] = int(text) if isinstance(target[each], int) else text


def _versions(connection: Any, kind: Kind, ids: Sequence[str]) -> dict[str, int]:
    table = kind.table
    found: dict[str, int] = {}
    for start in range(0, len(ids), CHUNK):
        rows = connection.execute(select(table.c.id, table.c.version).where(table.c.id.in_(ids[start : start + CHUNK])))
        found.update({row.id: row.version for row in rows})
    return found


def _save(office: Office, known: _Known, bench: Bench, why: str, by: str) -> Saved:
    """Write what the bench says otherwise than the register did, all that can stand in one change."""
    kind = known.kind
    desk = DESKS[kind.name](office)
    edited, refused = _edited(known, bench)
    with office.change(why, by) as change:
        now = _versions(change.connection, kind, list(edited))
        stored = documents.load_many(change.connection, kind, list(edited))
        ready = []
        for entity_id, texts in edited.items():
            try:
                if now.get(entity_id) != known.versions[entity_id]:
                    loaded, found = known.versions[entity_id], now.get(entity_id, 0)
                    raise changed_meanwhile(change.connection, kind.name, entity_id, loaded, found)
                document = stored[entity_id]
                for name, text in texts.items():
                    _put(document, name, text)
                complete = documents.normalise(kind, document)
                desk._valid(complete)
                ready.append(complete)
            except WorkbenchError as error:
                refused.append((entity_id, str(error)))
        saved = [one.id for one in desk._write(change, ready)] if ready else []
        versions = _versions(change.connection, kind, saved)
    known.versions.update(versions)
    for entity_id in saved:
        for name, text in edited[entity_id].items():
            known.texts[name][entity_id] = text
    return Saved(tuple(saved), tuple(refused))


def _edited(known: _Known, bench: Bench) -> tuple[dict[str, dict[str, str]], list[tuple[str, str]]]:
    """Return id -> field -> text for what is to be saved, and the rows that are no document."""
    frame = bench.frame()
    edited: dict[str, dict[str, str]] = {}
    for column in bench.columns:
        if column.source in known.texts:
            before = known.texts[column.source]
            for entity_id, text in zip(frame[ROW], frame[column.name], strict=True):
                if before.get(entity_id, text) != text:
                    edited.setdefault(entity_id, {})[column.source] = text
    strange = [
        (entity_id, "a row made by splitting is no document") for entity_id in frame[ROW] if entity_id not in known.versions
    ]
    return edited, strange
