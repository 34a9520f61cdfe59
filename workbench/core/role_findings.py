"""On one desk the roles are held against the journal afterwards: who changed what without the role for it at that time.

Nothing can stop whoever may open the book's file; but the journal says who gave which roles when, and who did what. A person is
held to what their account allowed at each entry, a closed account to nothing at all. Without any account the desk is one
person's, and nothing is reported. Somebody without an account may document and prepare, for on one desk whoever can start a
notebook may; approving and sealing takes an account as soon as there are any.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, func, select

from .errors import Finding
from .journal import entries, journal
from .roles import ROLES, RUN_STEPS, area_of, may_journal

STAFF = "staff"


def without_role(connection: Connection) -> list[Finding]:
    """Return a finding per person, kind, step and time between two changes of the staff: what was done without the role."""
    roles: dict[str, set[str]] = {}
    findings: list[Finding] = []
    last = 0
    for entry in entries(connection, kind=STAFF):
        findings += _judged(connection, roles, last, entry.seq)
        last = entry.seq
        if roles.get(entry.who) is not None and not may_journal(roles[entry.who], STAFF, entry.op):
            findings.append(_finding(entry.who, STAFF, entry.op, roles[entry.who], 1, entry.seq, entry.at, entry.at))
        if entry.after is not None and "roles" in entry.after:  # a new password says nothing
            roles[entry.entity_id] = set(entry.after["roles"].split())
    return [*findings, *_judged(connection, roles, last, None)]


def _judged(connection: Connection, roles: dict[str, set[str]], after: int, before: int | None) -> Iterator[Finding]:
    """Yield what was done wrongly between two entries, while everybody had these roles."""
    if not roles:
        return
    columns = journal.c.who, journal.c.kind, journal.c.op
    first = func.min(journal.c.seq).label("first")
    query = select(
        *columns, func.count().label("times"), first, func.min(journal.c.at).label("since"), func.max(journal.c.at).label("until")
    )
    query = query.where(journal.c.seq > after, journal.c.kind != STAFF).group_by(*columns).order_by(first)
    if before is not None:
        query = query.where(journal.c.seq < before)
    for row in connection.execute(query):
        held = roles.get(row.who)
        if held is None and not (area_of(row.kind) == "runs" and RUN_STEPS.get(row.op) == "approver"):
            continue
        if not may_journal(held or (), row.kind, row.op):
            yield _finding(row.who, row.kind, row.op, held, row.times, row.first, row.since, row.until)


def _finding(who: str, kind: str, op: str, held: set[str] | None, times: int, seq: int, since: str, until: str) -> Finding:
    when = since if since == until else f"{since} to {until}"
    what = f"{times} entr{'y' if times == 1 else 'ies'}, {kind} {op}, first number {seq}, {when}"
    had = "no account" if held is None else ", ".join(sorted(held)) or "a closed account"
    return Finding(
        "record", "without_role", f"{who} did this without the role for it: {what}", line=seq, field=kind, got=had,
        expected=" or ".join(role for role in ROLES if may_journal([role], kind, op)) or "nobody's role", source=who,
        what_to_do="Look at it with workbench history; give the role, or undo the change.",
    )  # fmt: skip
