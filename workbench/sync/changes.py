"""Changes on their way: what of a document leaves the house, one change as a line, many as a checked batch.

The journal is the outbox: an entry of a synchronised kind that was made here (not pulled) is a change to push. Personal fields
are left out by an allow-list, so that a field somebody adds to a party tomorrow stays at home until it is listed here.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import zstandard
from sqlalchemy import Connection, select

from ..core.canonical import canonical_json, digest
from ..core.documents import Kind
from ..core.errors import WorkbenchError
from ..core.journal import journal

PROTOCOL = 1
SCHEMA = "0001"
LARGEST_BATCH = 32 * 2**20
"""Bytes of one batch after decompression; more is refused unread."""
PULLED = "pull:"
"""A journal entry whose `op` begins so came from elsewhere and is never pushed back."""
RESOLVED = "resolve:"
"""A journal entry whose `op` begins so settles the central conflict with the number that follows."""

Document = dict[str, Any]

SHARED: dict[str, dict[str, frozenset[str]] | None] = {
    "party": {
        "": frozenset(
            {
                "id",
                "kind",
                "name",
                "first_name",
                "ipi_base_number",
                "isni",
                "ipn",
                "society_code",
                "merged_into_id",
                "status",
                "names",
                "affiliations",
                "members",
            }
        ),
        "names": frozenset({"kind", "name", "first_name", "ipi_name_number", "transliteration", "language"}),
        "affiliations": frozenset({"society", "right", "territory", "starts_on", "ends_on", "role", "creation_class"}),
        "members": frozenset({"member_party_id", "role", "starts_on", "ends_on"}),
    },
    "work": None,
    "recording": None,
    "release": None,
    "agreement": None,
    "mandate": None,
}
"""Kinds that are synchronised; per part the fields that may leave (`""`: the document's own), None for all of them."""

PRIVATE_KINDS = frozenset(
    {
        "licensee",
        "licence",
        "invoice",
        "receipt",
        "usage",
        "usage_batch",
        "ruling",
        "posting",
        "statement",
        "run",
        "pool",
        "tariff",
        "payment",
        "membership",
        "contact",
        "attachment",
    }
)
"""Kinds that never leave a society; the central instance refuses them even when they are sent."""
PERSONAL_FIELDS = frozenset(
    {
        "birth_on",
        "death_on",
        "birth_name",
        "nationality",
        "successors",
        "email",
        "phone",
        "address",
        "addresses",
        "bank_account",
        "iban",
        "bic",
        "mobile_account",
        "tax_number",
    }
)
"""Fields that the central instance refuses even when they are sent."""


@dataclass(frozen=True, slots=True)
class Op:
    """One change: who made it, its number in that journal, and the document before and after, as far as it may be seen."""

    origin: str
    epoch: str
    seq: int
    previous: int
    """Number of the change sent before this one: a hole cannot go unnoticed."""
    kind: str
    entity_id: str
    before: Document | None
    document: Document
    entry_hash: str
    resolves: int = 0
    schema: str = SCHEMA

    @property
    def base(self) -> str:
        """Digest of the document this change started from; empty for a new one."""
        return digest(self.before) if self.before is not None else ""

    def facts(self) -> dict[str, Any]:
        """Return the change as plain values, without its own digest."""
        return {
            "origin": self.origin,
            "epoch": self.epoch,
            "seq": self.seq,
            "previous": self.previous,
            "kind": self.kind,
            "entity_id": self.entity_id,
            "base": self.base,
            "before": self.before,
            "document": self.document,
            "entry_hash": self.entry_hash,
            "resolves": self.resolves,
            "schema": self.schema,
        }

    def line(self) -> dict[str, Any]:
        """Return the change as one line of a batch."""
        facts = self.facts()
        return {**facts, "sha256": digest(facts)}


def may_leave(kind: str, document: Document | None) -> Document | None:
    """Return the part of a document that other societies may see, without empty values; None for None.

    Empty values are left out so that a field unknown to an older version does not look like a difference.
    """
    if document is None:
        return None
    allowed = SHARED[kind]
    out: Document = {}
    for name, value in document.items():
        if allowed is not None and name not in allowed[""]:
            continue
        if isinstance(value, list):
            inner = None if allowed is None else allowed.get(name)
            value = [{k: v for k, v in row.items() if not _empty(v) and (inner is None or k in inner)} for row in value]
        if not _empty(value):
            out[name] = value
    return out


def take_in(kind: Kind, mine: Document | None, coming: Document) -> Document:
    """Return the document to save here for one that came in: shared fields as they came, the fields that never travel as they
    are.
    """
    allowed = SHARED[kind.name]
    document: Document = {"id": coming["id"]}
    for name in kind.fields:
        if allowed is not None and name not in allowed[""]:
            document[name] = (mine or {}).get(name)
        else:
            document[name] = coming.get(name)
    for part in kind.parts:
        known = set(kind.part_fields(part))
        rows = coming.get(part) or []
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise WorkbenchError("a part is not a list of rows", got=repr(rows)[:60], where=part)
        document[part] = [{name: value for name, value in row.items() if name in known} for row in rows]
    return document


def unknown_fields(kind: Kind, document: Document) -> list[str]:
    """Return the names of fields this version does not know; they are kept beside the book and sent on with later changes."""
    strange = set(document) - {"id", *kind.fields, *kind.parts}
    for part in kind.parts:
        known = set(kind.part_fields(part))
        strange |= {f"{part}.{name}" for row in document.get(part) or [] for name in row if name not in known}
    return sorted(strange)


def dress(kind: Kind, document: Document | None, last_seen: Document | None) -> Document | None:
    """Return a document with the fields unknown to this version put back as they were last seen."""
    if document is None or last_seen is None:
        return document
    strange = unknown_fields(kind, last_seen)
    if not strange:
        return document
    out = dict(document)
    for name in strange:
        part, _, inner = name.partition(".")
        if not inner:
            out[name] = last_seen[name]
            continue
        known = set(kind.part_fields(part))
        seen = list(last_seen.get(part) or [])
        rows = []
        for row in out.get(part) or []:
            like = next(
                (s for s in seen if {k: v for k, v in s.items() if k in known} == {k: row[k] for k in row if k in known}), None
            )
            rows.append({**row, **{k: v for k, v in (like or {}).items() if k not in known}})
            if like is not None:
                seen.remove(like)
        out[part] = rows
    return out


def outbox(connection: Connection, after: int, limit: int) -> Iterator[Any]:
    """Yield journal rows made here of synchronised kinds, from the one after number `after`, at most `limit`."""
    query = (
        select(journal)
        .where(
            journal.c.seq > after,
            journal.c.kind.in_(list(SHARED)),
            journal.c.op.not_like(f"{PULLED}%"),
            journal.c.after.is_not(None),
        )
        .order_by(journal.c.seq)
        .limit(limit)
    )
    yield from connection.execute(query).mappings()


def pack(header: dict[str, Any], lines: Iterable[dict[str, Any]]) -> bytes:
    """Return a batch: a header line, then one line each, compressed."""
    text = b"\n".join([canonical_json(header), *(canonical_json(line) for line in lines)])
    return zstandard.ZstdCompressor(level=3).compress(text)


def unpack(body: bytes) -> tuple[dict[str, Any], list[bytes]]:
    """Return (header, raw lines) of a batch; raises `WorkbenchError` when it is not whole, or larger than allowed."""
    try:
        with zstandard.ZstdDecompressor().stream_reader(body) as reader:
            text = reader.read(LARGEST_BATCH + 1)
        if len(text) > LARGEST_BATCH:
            raise WorkbenchError("a batch is too large", got=f"more than {LARGEST_BATCH} bytes")
        first, *lines = text.split(b"\n")
        header = json.loads(first)
        if not isinstance(header, dict):
            raise WorkbenchError("a batch without a header", got=first[:60])
    except (zstandard.ZstdError, ValueError, RecursionError) as error:
        raise WorkbenchError("a batch cannot be read", got=error, next_step="Send it again.") from error
    return header, lines


def body_digest(body: bytes) -> str:
    """Return the SHA-256 of a body, as it travels in a header beside it."""
    return hashlib.sha256(body).hexdigest()


def is_whole_body(body: bytes, sha256: str) -> bool:
    """Tell whether a body arrived as it was sent."""
    return body_digest(body) == sha256


def _empty(value: object) -> bool:
    return value is None or value in ("", [])
