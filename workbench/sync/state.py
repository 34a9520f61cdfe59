"""What a local book remembers of its exchanges: marks, what was last seen of each document, what waits, and signed anchors."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Column, Connection, Text, delete, func, insert, select, update

from ..core.canonical import canonical_json
from ..core.store import Whole, book_table, now_utc, whole, words
from .changes import Document

CHUNK = 500

sync_state = book_table("sync_state", Column("key", Text, primary_key=True), words("value"))
sync_seen = book_table(
    "sync_seen",  # each document as the central instance last showed it, or had it from us: the ancestor of the next merge
    Column("kind", Text, primary_key=True),
    Column("entity_id", Text, primary_key=True),
    whole("central_seq"),
    words("document"),
)
sync_held = book_table(
    "sync_held",  # what came in, or would go out, and cannot yet be used; nothing is dropped
    Column("direction", Text, primary_key=True),  # in | out
    Column("kind", Text, primary_key=True),
    Column("entity_id", Text, primary_key=True),
    whole("central_seq"),
    words("origin"),
    words("reason"),  # unknown_kind | unknown_field | missing_reference | poison | refused
    words("detail"),
    words("document"),
    words("held_at"),
)
sync_taken = book_table(
    "sync_taken",  # changes taken in once: when a restored central instance shows one again, it is old news, not a step back
    Column("key", Text, primary_key=True),
    whole("central_seq"),
)
sync_checkpoint = book_table(
    "sync_checkpoint",  # where earlier pulls ended: the way back when the central instance was restored from a backup
    Column("central_seq", Whole, primary_key=True, autoincrement=False),
    words("hash"),
)
anchor = book_table(
    "anchor",  # heads of this journal, countersigned by the central instance
    Column("epoch", Text, primary_key=True),
    Column("seq", Whole, primary_key=True, autoincrement=False),
    words("instance"),
    words("head_hash"),
    words("at"),
    words("signature"),
    words("central_key"),
)
sync_identifier = book_table(
    "sync_identifier",  # numbers given by the central instance; its own work number is no ISWC
    Column("kind", Text, primary_key=True),
    Column("entity_id", Text, primary_key=True),
    Column("scheme", Text, primary_key=True),
    words("number"),
    words("given_at"),
)


def get(connection: Connection, key: str, default: str = "") -> str:
    """Return one mark: `cursor`, `cursor_hash`, `pushed`, `pushed_epoch`, `central_url`, `central_key`, `last_push_at`, ..."""
    return connection.execute(select(sync_state.c.value).where(sync_state.c.key == key)).scalar() or default


def put(connection: Connection, **values: object) -> None:
    """Write marks."""
    for key, value in values.items():
        if connection.execute(update(sync_state).where(sync_state.c.key == key).values(value=str(value))).rowcount == 0:
            connection.execute(insert(sync_state).values(key=key, value=str(value)))


def cursor(connection: Connection) -> tuple[int, str]:
    """Return (number, hash) of the last central change taken in."""
    return int(get(connection, "cursor", "0")), get(connection, "cursor_hash")


def move_cursor(connection: Connection, seq: int, chain_hash: str) -> None:
    """Write where this pull ended, and remember it as a way back."""
    put(connection, cursor=seq, cursor_hash=chain_hash, last_pull_at=now_utc())
    connection.execute(delete(sync_checkpoint).where(sync_checkpoint.c.central_seq >= seq))
    connection.execute(insert(sync_checkpoint).values(central_seq=seq, hash=chain_hash))


def step_back(connection: Connection, at_most: int) -> tuple[int, str]:
    """Go to the last checkpoint before the cursor and not beyond `at_most`; (0, "") when none is left."""
    now = cursor(connection)[0]
    limit = min(now - 1, at_most)
    row = connection.execute(
        select(sync_checkpoint)
        .where(sync_checkpoint.c.central_seq <= limit)
        .order_by(sync_checkpoint.c.central_seq.desc())
        .limit(1)
    ).first()
    seq, chain_hash = (int(row.central_seq), str(row.hash)) if row else (0, "")
    connection.execute(delete(sync_checkpoint).where(sync_checkpoint.c.central_seq > seq))
    put(connection, cursor=seq, cursor_hash=chain_hash)
    return seq, chain_hash


def seen(connection: Connection, kind: str, ids: list[str]) -> dict[str, Document]:
    """Return, by id, each document as the central instance last showed it."""
    found: dict[str, Document] = {}
    for start in range(0, len(ids), CHUNK):
        query = select(sync_seen.c.entity_id, sync_seen.c.document).where(
            sync_seen.c.kind == kind, sync_seen.c.entity_id.in_(ids[start : start + CHUNK])
        )
        found.update({row.entity_id: json.loads(row.document) for row in connection.execute(query)})
    return found


def remember_seen(connection: Connection, rows: list[tuple[str, str, int, Document]]) -> None:
    """Write (kind, id, central number, document) as last seen; the last of several for one thing counts."""
    newest = {(kind, entity_id): (seq, document) for kind, entity_id, seq, document in rows}
    by_kind: dict[str, list[str]] = {}
    for kind, entity_id in newest:
        by_kind.setdefault(kind, []).append(entity_id)
    for kind, ids in by_kind.items():
        for start in range(0, len(ids), CHUNK):
            connection.execute(
                delete(sync_seen).where(sync_seen.c.kind == kind, sync_seen.c.entity_id.in_(ids[start : start + CHUNK]))
            )
    values = [
        {"kind": kind, "entity_id": entity_id, "central_seq": seq, "document": canonical_json(document).decode()}
        for (kind, entity_id), (seq, document) in newest.items()
    ]
    if values:
        connection.execute(insert(sync_seen), values)


def taken(connection: Connection, taken_keys: list[str]) -> set[str]:
    """Return which of these changes were taken in before."""
    found: set[str] = set()
    for start in range(0, len(taken_keys), CHUNK):
        query = select(sync_taken.c.key).where(sync_taken.c.key.in_(taken_keys[start : start + CHUNK]))
        found.update(connection.execute(query).scalars())
    return found


def remember_taken(connection: Connection, rows: dict[str, int]) -> None:
    """Write changes taken in, by key with their central number."""
    if rows:
        connection.execute(insert(sync_taken), [{"key": key, "central_seq": seq} for key, seq in rows.items()])


def hold(
    connection: Connection,
    direction: str,
    kind: str,
    entity_id: str,
    reason: str,
    detail: str,
    document: str,
    *,
    seq: int = 0,
    origin: str = "",
) -> None:
    """Keep one thing that cannot be used now, with its reason; a newer one replaces it."""
    release(connection, direction, kind, entity_id)
    connection.execute(
        insert(sync_held).values(
            direction=direction,
            kind=kind,
            entity_id=entity_id,
            central_seq=seq,
            origin=origin,
            reason=reason,
            detail=detail[:500],
            document=document,
            held_at=now_utc(),
        )
    )


def release(connection: Connection, direction: str, kind: str, entity_id: str) -> None:
    """Forget that something waits."""
    connection.execute(
        delete(sync_held).where(sync_held.c.direction == direction, sync_held.c.kind == kind, sync_held.c.entity_id == entity_id)
    )


def held(connection: Connection, direction: str = "") -> list[dict[str, Any]]:
    """Return what waits, oldest central number first."""
    query = select(sync_held).order_by(sync_held.c.direction, sync_held.c.central_seq, sync_held.c.entity_id)
    if direction:
        query = query.where(sync_held.c.direction == direction)
    return [dict(row) for row in connection.execute(query).mappings()]


def keep_anchor(connection: Connection, signed: dict[str, Any], central_key: str) -> None:
    """Keep a countersigned head; the same head signed again is not kept twice."""
    known = connection.execute(
        select(func.count()).select_from(anchor).where(anchor.c.epoch == signed["epoch"], anchor.c.seq == signed["seq"])
    ).scalar()
    if not known:
        names = ("epoch", "seq", "instance", "head_hash", "at", "signature")
        connection.execute(insert(anchor).values({**{name: signed[name] for name in names}, "central_key": central_key}))


def anchors(connection: Connection) -> list[dict[str, Any]]:
    """Return every countersigned head kept here, oldest first."""
    return [dict(row) for row in connection.execute(select(anchor).order_by(anchor.c.at, anchor.c.seq)).mappings()]


def keep_identifier(connection: Connection, kind: str, entity_id: str, scheme: str, number: str, at: str) -> None:
    """Write a number the central instance has given to a thing."""
    key = (sync_identifier.c.kind == kind, sync_identifier.c.entity_id == entity_id, sync_identifier.c.scheme == scheme)
    connection.execute(delete(sync_identifier).where(*key))
    connection.execute(insert(sync_identifier).values(kind=kind, entity_id=entity_id, scheme=scheme, number=number, given_at=at))
