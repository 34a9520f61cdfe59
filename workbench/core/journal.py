"""The journal: who changed what, when and why, append-only, each entry carrying the hash of the one before.

It is written in the same transaction as the change. The chain shows a tampered entry; only its head kept elsewhere (on
statements, on runs, countersigned by the central instance) shows a rewritten whole.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Column, Connection, Index, Text, func, insert, select

from .canonical import canonical_json, digest
from .errors import Finding
from .store import Change, Whole, book_table, words

GENESIS = "0" * 64
CHUNK = 5_000

journal = book_table(
    "journal",
    Column("seq", Whole, primary_key=True, autoincrement=False),
    words("at"),
    words("who"),
    words("why"),
    words("change_set"),
    words("kind"),
    words("entity_id"),
    words("op"),
    Column("before", Text, nullable=True),
    Column("after", Text, nullable=True),
    words("previous_hash"),
    words("hash"),
)
Index("ix_journal_entity", journal.c.kind, journal.c.entity_id)
Index("ix_journal_change_set", journal.c.change_set)


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry; `before` and `after` are documents, or None where there is none."""

    seq: int
    at: str
    who: str
    why: str
    change_set: str
    kind: str
    entity_id: str
    op: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    previous_hash: str
    hash: str


def record(
    change: Change, kind: str, entity_id: str, op: str, before: dict[str, Any] | None, after: dict[str, Any] | None
) -> None:
    """Append one entry about one thing, within the change's own transaction."""
    record_many(change, [(kind, entity_id, op, before, after)])


def record_many(change: Change, entries: Sequence[tuple[str, str, str, dict[str, Any] | None, dict[str, Any] | None]]) -> None:
    """Append entries (kind, entity id, op, before, after) in the order given."""
    seq, previous = head(change.connection)
    rows = []
    for kind, entity_id, op, before, after in entries:
        seq += 1
        row: dict[str, Any] = {
            "seq": seq,
            "at": change.at,
            "who": change.who,
            "why": change.why,
            "change_set": change.change_set,
            "kind": kind,
            "entity_id": entity_id,
            "op": op,
            "before": _text(before),
            "after": _text(after),
            "previous_hash": previous,
        }
        previous = row["hash"] = digest(row)
        rows.append(row)
    for start in range(0, len(rows), CHUNK):
        change.connection.execute(insert(journal), rows[start : start + CHUNK])


def head(connection: Connection) -> tuple[int, str]:
    """Return (number, hash) of the last entry; (0, GENESIS) for an empty journal."""
    if _is_guarded(connection):  # the last entry may be one that this person is not shown
        row = connection.exec_driver_sql("SELECT seq, hash FROM journal_head() WHERE seq IS NOT NULL").first()
    else:
        row = connection.execute(select(journal.c.seq, journal.c.hash).order_by(journal.c.seq.desc()).limit(1)).first()
    return (int(row.seq), str(row.hash)) if row else (0, GENESIS)


def hash_at(connection: Connection, seq: int) -> str:
    """Return the hash of an entry, whether this person is shown the entry or not; empty when there is none."""
    shown = connection.execute(select(journal.c.hash).where(journal.c.seq == seq)).scalar()
    return str(shown) if shown else _hidden(connection).get(seq, ("", ""))[1]


def entries(
    connection: Connection, *, after: int = 0, limit: int | None = None, kind: str = "", entity_id: str = ""
) -> Iterator[Entry]:
    """Yield entries in order, from the one after number `after`."""
    query = select(journal).where(journal.c.seq > after).order_by(journal.c.seq)
    if kind:
        query = query.where(journal.c.kind == kind)
    if entity_id:
        query = query.where(journal.c.entity_id == entity_id)
    for row in connection.execute(query.limit(limit)).mappings():
        yield Entry(**{**row, "before": read_document(row["before"]), "after": read_document(row["after"])})


def verify(connection: Connection) -> list[Finding]:
    """Recompute the whole chain; a finding for each entry that does not fit, naming the first broken number.

    Of entries that an office's database does not show to this person only the hashes are known: they are links like the others.
    """
    findings: list[Finding] = []
    expected_seq, previous = 1, GENESIS
    hidden = _hidden(connection)
    for row in connection.execution_options(yield_per=CHUNK).execute(select(journal).order_by(journal.c.seq)).mappings():
        values = dict(row)
        stored = values.pop("hash")
        while expected_seq < values["seq"] and expected_seq in hidden and hidden[expected_seq][0] == previous:
            previous = hidden[expected_seq][1]
            expected_seq += 1
        if values["seq"] != expected_seq:
            findings.append(_broken("journal number missing", values["seq"], str(values["seq"]), str(expected_seq)))
            expected_seq = values["seq"]
        if values["previous_hash"] != previous:
            findings.append(
                _broken("journal entry does not follow the one before", values["seq"], values["previous_hash"], previous)
            )
        if digest(values) != stored:
            findings.append(_broken("journal entry was altered", values["seq"], stored, digest(values)))
        previous = stored
        expected_seq += 1
        if len(findings) >= 20:
            break
    return findings


def last_documents(connection: Connection, kind: str) -> Iterator[tuple[str, str]]:
    """Yield (entity id, canonical JSON) of the newest `after` the journal holds for each thing of a kind."""
    newest = (
        select(func.max(journal.c.seq)).where(journal.c.kind == kind, journal.c.after.is_not(None)).group_by(journal.c.entity_id)
    )
    for row in connection.execute(select(journal.c.entity_id, journal.c.after).where(journal.c.seq.in_(newest))):
        yield row.entity_id, row.after


def as_row(entry: Entry) -> dict[str, Any]:
    """Return an entry as a flat row for a table."""
    return asdict(entry)


def _is_guarded(connection: Connection) -> bool:
    """Tell whether an office's database shows each person only their part of the journal; asked once per connection."""
    if connection.dialect.name != "postgresql":
        return False
    if "journal_is_guarded" not in connection.info:
        found = connection.exec_driver_sql("SELECT to_regprocedure('journal_head()') IS NOT NULL").scalar()
        connection.info["journal_is_guarded"] = bool(found)
    return bool(connection.info["journal_is_guarded"])


def _hidden(connection: Connection) -> dict[int, tuple[str, str]]:
    """Return (hash before, hash) of every entry that is not for everybody, by number."""
    if not _is_guarded(connection):
        return {}
    rows = connection.exec_driver_sql("SELECT seq, previous_hash, hash FROM journal_hidden()")
    return {row.seq: (row.previous_hash, row.hash) for row in rows}


def _broken(message: str, seq: int, got: str, expected: str) -> Finding:
    return Finding(
        "record",
        "journal_chain",
        message,
        line=seq,
        got=got,
        expected=expected,
        source="journal",
        what_to_do="Stop work, keep this file, and restore the last good backup.",
    )


def _text(document: dict[str, Any] | None) -> str | None:
    return None if document is None else canonical_json(document).decode()


def read_document(text: str | None) -> dict[str, Any] | None:
    """Return the document that a row of the journal holds as text."""
    return None if text is None else dict(json.loads(text))
