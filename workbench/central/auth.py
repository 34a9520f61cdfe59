"""Who is asking: a signature over the whole request, under a challenge of our own and a counter that only goes up.

No clock but ours takes part, so a wrong one at the other end breaks nothing. A request seen twice has a counter that was used.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from dataclasses import dataclass

from sqlalchemy import delete, insert, select, update

from ..core.errors import NotPermitted
from ..core.store import Book
from ..sync.keys import request_text, verify
from .tables import instance, meta, signed_request

CHALLENGE_SECONDS = 12 * 3600
REFUSED = "request refused"


@dataclass(frozen=True, slots=True)
class Signed:
    """What came with a request to prove who sent it."""

    instance: str
    challenge: str
    counter: int
    signature: str


def new_challenge(book: Book) -> str:
    """Return a challenge; nothing is stored for those who only ask."""
    body = f"{secrets.token_hex(12)}.{int(time.time())}"
    with book.read() as connection:
        return f"{body}.{_seal(meta(connection, 'challenge_secret'), body)}"


def authenticate(book: Book, signed: Signed, method: str, target: str, body: bytes) -> str:
    """Return the code of the instance that sent this request.

    Raises `NotPermitted` in the same words for an unknown or revoked instance and a bad signature, and with `what="challenge"`
    when a new challenge is needed: it is old, or its counter was used already.
    """
    with book.write(signed.instance or "nobody", "request") as change:
        connection = change.connection
        row = connection.execute(select(instance).where(instance.c.code == signed.instance)).mappings().first()
        text = request_text(method, target, body, signed.challenge, signed.counter)
        if row is None or row["state"] != "registered" or not verify(row["public_key"], text, signed.signature):
            raise NotPermitted(REFUSED, next_step="Register this instance; a revoked one is not admitted.")
        now = int(time.time())
        begun = _begun(meta(connection, "challenge_secret"), signed.challenge)
        if begun is None or not 0 <= now - begun < CHALLENGE_SECONDS:
            raise NotPermitted("challenge", next_step="Ask for a new challenge.")
        connection.execute(delete(signed_request).where(signed_request.c.begun_at_seconds < now - CHALLENGE_SECONDS))
        key = (signed_request.c.challenge == signed.challenge, signed_request.c.instance == signed.instance)
        used = connection.execute(select(signed_request.c.counter).where(*key)).scalar()
        if used is None:
            connection.execute(
                insert(signed_request).values(
                    challenge=signed.challenge, instance=signed.instance, counter=signed.counter, begun_at_seconds=begun
                )
            )
        elif not is_fresh(signed.counter, used):
            raise NotPermitted("challenge", next_step="This request was seen before: ask for a new challenge.")
        else:
            connection.execute(update(signed_request).where(*key).values(counter=signed.counter))
        return str(row["code"])


def is_fresh(counter: int, used: int) -> bool:
    """Tell whether a counter was not used before."""
    return counter > used


def _seal(secret: str, body: str) -> str:
    return hmac.new(secret.encode(), body.encode(), hashlib.sha256).hexdigest()


def _begun(secret: str, challenge: str) -> int | None:
    body, _, seal = challenge.rpartition(".")
    if not body or not hmac.compare_digest(seal.encode(), _seal(secret, body).encode()):
        return None
    return int(body.rpartition(".")[2])
