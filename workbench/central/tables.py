"""The central instance's own tables: who takes part, what was received, what is held, and the feed of changes for the others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import Column, Connection, Index, MetaData, Table, Text, insert, select, update

from ..core.store import Book, Schema, Whole, metadata, require_current, revision, upgrade, whole, words
from ..sync.keys import new_key, public_key

central_metadata = MetaData(naming_convention=metadata.naming_convention)


def central_table(name: str, *columns: Any) -> Table:
    """Declare a table of the central instance."""
    return Table(name, central_metadata, *columns, sqlite_strict=True)


central_meta = central_table("central_meta", Column("key", Text, primary_key=True), words("value"))
instance = central_table(
    "instance",
    Column("code", Text, primary_key=True),
    words("name"),
    words("society"),  # CISAC code, three digits
    words("territory"),  # TIS numeric code
    words("state"),  # enrolled | registered | revoked
    words("public_key"),
    words("token_sha256"),
    words("enrolled_at"),
    words("registered_at"),
    words("revoked_at"),
    words("alert"),  # why its journal is no longer trusted; empty while all is well
)
signed_request = central_table(
    "signed_request",  # the highest counter used under each challenge: a request seen twice is refused without any clock
    Column("challenge", Text, primary_key=True),
    Column("instance", Text, primary_key=True),
    whole("counter"),
    whole("begun_at_seconds"),
)
share_policy = central_table(
    "share_policy",  # exceptions to who sees what; the most exact line counts
    Column("owner", Text, primary_key=True),
    Column("kind", Text, primary_key=True),  # or *
    Column("audience", Text, primary_key=True),  # an instance's code, or *
    whole("allowed"),
    words("why"),
    words("at"),
)
stream = central_table(
    "stream",  # one journal of one instance; a restored book begins another
    Column("origin", Text, primary_key=True),
    Column("epoch", Text, primary_key=True),
    whole("acked"),
    words("acked_hash"),
    whole("number"),
)
received = central_table(
    "received",  # every change received, once
    Column("origin", Text, primary_key=True),
    Column("epoch", Text, primary_key=True),
    Column("seq", Whole, primary_key=True, autoincrement=False),
    words("kind"),
    words("entity_id"),
    words("sha256"),
    words("entry_hash"),
    words("state"),  # accepted | merged | same | conflict | waiting | quarantined
    words("reason"),
    whole("feed_seq"),
    words("line"),  # the change itself, where the feed does not hold it
    words("received_at"),
)
Index("ix_received_state", received.c.state, received.c.entity_id)
feed = central_table(
    "feed",  # what happened, in one gapless order; each line carries the hash of the one before
    Column("seq", Whole, primary_key=True, autoincrement=False),
    words("what"),  # document | conflict | settled | identifier
    words("kind"),
    words("entity_id"),
    words("origin"),
    words("epoch"),
    whole("op_seq"),
    words("op_hash"),
    words("state"),  # accepted | merged | given | shared
    words("audience"),  # JSON list of instances; empty: whoever may see the document
    words("document"),
    words("at"),
    words("previous_hash"),
    words("hash"),
)
holding = central_table(
    "holding",  # each document as it now is
    Column("kind", Text, primary_key=True),
    Column("entity_id", Text, primary_key=True),
    words("owner"),
    words("author"),  # who made the last change to it
    whole("feed_seq"),
    words("digest"),
    words("document"),
)
Index("ix_holding_owner", holding.c.owner, holding.c.kind)
central_conflict = central_table(
    "central_conflict",
    Column("id", Whole, primary_key=True, autoincrement=False),
    words("kind"),
    words("entity_id"),
    words("challenger"),
    words("holder"),
    words("base"),
    words("document"),  # the challenger's
    words("fields"),
    words("state"),  # open | settled
    words("outcome"),  # accepted | rejected | withdrawn | agreed
    words("decided_by"),
    words("why"),
    words("opened_at"),
    words("closed_at"),
)
Index("ix_central_conflict_entity", central_conflict.c.kind, central_conflict.c.entity_id, central_conflict.c.state)
central_anchor = central_table(
    "central_anchor",
    Column("instance", Text, primary_key=True),
    Column("epoch", Text, primary_key=True),
    Column("seq", Whole, primary_key=True, autoincrement=False),
    words("head_hash"),
    words("at"),
    words("signature"),
)
confirmation = central_table(
    "confirmation",  # a society agrees to a work's share picture; a change of the shares voids it
    Column("work_id", Text, primary_key=True),
    Column("instance", Text, primary_key=True),
    words("shares_digest"),
    words("at"),
)
work_number = central_table(
    "work_number",
    Column("work_id", Text, primary_key=True),
    whole("number"),
    words("central_number"),
    words("iswc"),  # only in rehearsal
    words("at"),
)

CENTRAL = Schema("central", central_metadata, Path(__file__).parent / "migrations")


def open_central(url: str) -> Book:
    """Open the central instance's database, building it when it is empty; raises `WorkbenchError` for another schema."""
    book = Book(url, CENTRAL)
    if revision(book.engine) is None:
        upgrade(book.engine, CENTRAL)
    require_current(book.engine, CENTRAL)
    with book.write("central", "open") as change:
        if not meta(change.connection, "private_key"):
            private = new_key()
            set_meta(change.connection, "private_key", private)
            set_meta(change.connection, "public_key", public_key(private))
            set_meta(change.connection, "challenge_secret", new_key())
    return book


def meta(connection: Connection, key: str) -> str:
    """Return a fact the central instance holds about itself."""
    return connection.execute(select(central_meta.c.value).where(central_meta.c.key == key)).scalar() or ""


def set_meta(connection: Connection, key: str, value: str) -> None:
    """Write a fact the central instance holds about itself."""
    if connection.execute(update(central_meta).where(central_meta.c.key == key).values(value=value)).rowcount == 0:
        connection.execute(insert(central_meta).values(key=key, value=value))
