"""What the operator of the central instance does: enrol societies, revoke them, and decide exceptions to who sees what."""

from __future__ import annotations

import hashlib
import re
import secrets
from typing import Any

from sqlalchemy import delete, func, insert, select, update

from ..core.errors import NotPermitted, WorkbenchError, unknown
from ..core.store import Book
from ..sync.keys import registration_text, verify
from .feeding import Feed
from .tables import central_conflict, holding, instance, received, set_meta, share_policy
from .visibility import Viewer

_CODE = re.compile(r"[A-Z][A-Z0-9]{1,11}", re.ASCII)


def enrol(book: Book, code: str, *, name: str, society: str = "", territory: str = "", by: str = "operator") -> str:
    """Admit a society and return the one-time token with which its instance registers; only a hash of it is kept.

    Enrolling again gives a new token and voids the old key: that is how a lost key is replaced.
    """
    if not _CODE.fullmatch(code) or code == "CENTRAL":
        raise WorkbenchError("not an instance code", got=repr(code), expected="2 to 12 capital letters or digits, not CENTRAL")
    token = secrets.token_urlsafe(24)
    with book.write(by, f"enrol {code}") as change:
        known = change.connection.execute(select(func.count()).select_from(instance).where(instance.c.code == code)).scalar()
        values = {
            "name": name,
            "society": society,
            "territory": territory,
            "state": "enrolled",
            "public_key": "",
            "token_sha256": _sha256(token),
            "enrolled_at": change.at,
            "revoked_at": "",
            "alert": "",
        }
        if known:
            change.connection.execute(update(instance).where(instance.c.code == code).values(**values))
        else:
            change.connection.execute(insert(instance).values(code=code, **values))
    return token


def revoke(book: Book, code: str, *, by: str = "operator") -> None:
    """Refuse an instance from now on; what it sent stays. Raises `NotFound` for an unknown code."""
    with book.write(by, f"revoke {code}") as change:
        values = {"state": "revoked", "revoked_at": change.at, "token_sha256": ""}
        if change.connection.execute(update(instance).where(instance.c.code == code).values(**values)).rowcount == 0:
            raise unknown(
                "instance", code, change.connection.execute(select(instance.c.code)).scalars(), where="enrolled instances"
            )


def register(book: Book, code: str, token: str, public_key: str, proof: str) -> None:
    """Take the public key of an enrolled instance; asked again with the same key (the answer was lost) it agrees again.

    Raises `NotPermitted`, with the same words for an unknown code, a wrong or used token, and a proof that does not fit.
    """
    refusal = NotPermitted("registration refused", got=code, next_step="Ask the central operator for a new token.")
    if not verify(public_key, registration_text(code, token, public_key), proof):
        raise refusal
    with book.write(code or "unknown", "register") as change:
        row = change.connection.execute(select(instance).where(instance.c.code == code)).mappings().first()
        if row is None or row["state"] == "revoked" or not secrets.compare_digest(row["token_sha256"], _sha256(token)):
            raise refusal
        if row["state"] == "registered" and row["public_key"] != public_key:
            raise refusal
        values = {"state": "registered", "public_key": public_key, "registered_at": change.at}
        change.connection.execute(update(instance).where(instance.c.code == code).values(**values))


def share_with(book: Book, owner: str, audience: str, *, kind: str = "*", allowed: bool, why: str, by: str = "operator") -> int:
    """Allow or forbid `audience` (a code, or `*`) to see what `owner` holds of a kind; returns how many documents are shown anew.

    What was seen cannot be unseen: forbidding stops what comes after.
    """
    with book.write(by, why) as change:
        key = {"owner": owner, "kind": kind, "audience": audience}
        change.connection.execute(delete(share_policy).where(*(share_policy.c[name] == value for name, value in key.items())))
        change.connection.execute(insert(share_policy).values(**key, allowed=int(allowed), why=why, at=change.at))
        if not allowed:
            return 0
        query = select(holding.c.kind, holding.c.entity_id).where(holding.c.owner == owner).order_by(holding.c.feed_seq)
        if kind != "*":
            query = query.where(holding.c.kind == kind)
        feed = Feed(change)
        shown = 0
        for row in change.connection.execute(query).all():
            now = feed.holding(row.kind, row.entity_id)
            assert now is not None  # noqa: S101  it was selected in this transaction
            if audience == "*" or Viewer(change.connection, audience).may_see(row.kind, row.entity_id, now["document"]):
                feed.put_document(row.kind, row.entity_id, now["document"], origin=now["author"], state="shared")
                shown += 1
        feed.flush()
        return shown


def set_rehearsal(book: Book, on: bool, *, by: str = "operator") -> None:
    """Switch rehearsal on or off: in rehearsal agreed works also get invented ISWCs from a reserved range; they are never
    official.
    """
    with book.write(by, "rehearsal on" if on else "rehearsal off") as change:
        set_meta(change.connection, "rehearsal", "1" if on else "")


def overview(book: Book) -> dict[str, list[dict[str, Any]]]:
    """Return what an operator looks at first: instances with their alerts, open conflicts, and what could not be applied."""
    with book.read() as connection:
        hidden = {"public_key", "token_sha256"}
        names = [column for column in instance.columns if column.name not in hidden]
        return {
            "instances": [dict(row) for row in connection.execute(select(*names).order_by(instance.c.code)).mappings()],
            "conflicts": [
                dict(row)
                for row in connection.execute(
                    select(central_conflict).where(central_conflict.c.state == "open").order_by(central_conflict.c.id)
                ).mappings()
            ],
            "not_applied": [
                dict(row)
                for row in connection.execute(
                    select(received).where(received.c.state.in_(["quarantined", "waiting"])).order_by(received.c.received_at)
                ).mappings()
            ],
        }


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
