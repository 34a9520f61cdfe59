"""Agreed works get a number: shares are whole, nobody disputes them, and every society that holds a part has said yes.

The number, like `C-000000123-6`, is the central instance's own. It is not an ISWC: those come from the ISWC network alone. In
rehearsal the work also gets an invented ISWC from the range 999,000,000 upwards, so that files can be practised; it is never
official.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, func, insert, select

from ..core.canonical import digest
from ..core.errors import WorkbenchError
from ..core.identifiers import make_iswc
from ..core.shares import format_percent, is_whole
from ..core.store import Book, Change
from ..sync.changes import Document
from .disputes import open_conflicts
from .feeding import Feed
from .tables import confirmation, instance, meta, work_number
from .visibility import Viewer

REHEARSAL_RANGE = 999_000_000


def agree(book: Book, code: str, work_id: str) -> dict[str, Any]:
    """Note that a society agrees to a work as it now stands; assign its number when all have and nothing is open.

    Returns {state: agreed|waiting, number, iswc, waiting_for, reasons}. Agreeing twice changes nothing; a later change of
    titles or shares voids what was said before. Raises `WorkbenchError` for a work that does not exist or may not be seen.
    """
    with book.write(code, f"agree to {work_id}") as change:
        feed = Feed(change)
        now = feed.holding("work", work_id)
        if now is None or not Viewer(change.connection, code).may_see("work", work_id, now["document"]):
            raise WorkbenchError("no such work", got=work_id)
        interested = interested_in(change, feed, now["document"], work_id)
        if code not in interested:
            raise WorkbenchError("only a society that holds a share agrees to a work", got=code, expected=", ".join(interested))
        picture = shares_digest(now["document"])
        _confirm(change, work_id, code, picture)
        said = set(
            change.connection.execute(
                select(confirmation.c.instance).where(confirmation.c.work_id == work_id, confirmation.c.shares_digest == picture)
            ).scalars()
        )
        waiting_for = [other for other in interested if other not in said]
        reasons = obstacles(change, now["document"], work_id)
        given = _given(change, work_id)
        if not given and not waiting_for and not reasons:
            given = _assign(change, feed, work_id, now)
        feed.flush()
        number, iswc = given or ("", "")
        state = "agreed" if given else "waiting"
        return {
            "work_id": work_id,
            "state": state,
            "number": number,
            "iswc": iswc,
            "waiting_for": waiting_for,
            "reasons": reasons,
        }


def interested_in(change: Change, feed: Feed, work: Document, work_id: str) -> list[str]:
    """Return the enrolled instances that hold a part: the work's own, and those of each share's party, by number or
    affiliation.
    """
    rows = change.connection.execute(select(instance.c.code, instance.c.society).where(instance.c.state == "registered")).all()
    by_society = {row.society: row.code for row in rows if row.society}
    codes = {row.code for row in rows}
    found = {work_id.split("-")[0]}
    for share in work.get("shares") or []:
        party_id = str(share.get("party_id", ""))
        found.add(party_id.split("-")[0])
        party = feed.holding("party", party_id)
        for affiliation in (party["document"].get("affiliations") or []) if party else []:
            found.add(by_society.get(str(affiliation.get("society", "")), ""))
    return sorted(found & codes)


def obstacles(change: Change, work: Document, work_id: str) -> list[str]:
    """Return what stands in the way of a number; empty when nothing does."""
    reasons = []
    shares = work.get("shares") or []
    for right in ("performing", "mechanical"):
        total = sum(int(share.get(f"{right}_ppm") or 0) for share in shares)
        if not is_whole(total):
            reasons.append(f"the {right} shares come to {format_percent(total)} %, not 100 %")
    if disputes := open_conflicts(change.connection, "work", work_id):
        reasons.append(f"{len(disputes)} conflict(s) open: {', '.join(str(found['id']) for found in disputes)}")
    return reasons


def shares_digest(work: Document) -> str:
    """Return the digest of what is agreed to: titles and shares."""
    return digest({name: work.get(name) for name in ("title", "titles", "shares")})


def central_number(number: int) -> str:
    """Return the central work number with its check digit, computed like an ISWC's.

    >>> central_number(123)
    'C-000000123-9'
    """
    return f"C-{number:09d}-{make_iswc(number)[-1]}"


def _confirm(change: Change, work_id: str, code: str, picture: str) -> None:
    key = (confirmation.c.work_id == work_id, confirmation.c.instance == code)
    change.connection.execute(delete(confirmation).where(*key))
    change.connection.execute(insert(confirmation).values(work_id=work_id, instance=code, shares_digest=picture, at=change.at))


def _given(change: Change, work_id: str) -> tuple[str, str] | None:
    row = change.connection.execute(select(work_number).where(work_number.c.work_id == work_id)).first()
    return (str(row.central_number), str(row.iswc)) if row else None


def _assign(change: Change, feed: Feed, work_id: str, now: dict[str, Any]) -> tuple[str, str]:
    number = int(change.connection.execute(select(func.max(work_number.c.number))).scalar() or 0) + 1
    iswc = make_iswc(REHEARSAL_RANGE + number) if meta(change.connection, "rehearsal") and not now["document"].get("iswc") else ""
    text = central_number(number)
    change.connection.execute(
        insert(work_number).values(work_id=work_id, number=number, central_number=text, iswc=iswc, at=change.at)
    )
    facts = {"scheme": "central_work_number", "number": text}
    feed.put_notice("identifier", "work", work_id, facts, [])
    if iswc:
        feed.put_document("work", work_id, {**now["document"], "iswc": iswc}, origin="CENTRAL", state="given")
    return text, iswc
