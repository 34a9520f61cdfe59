"""Who may write what, and read what is private: one table for the browser, the check of a book and the office's database.

A table of the book, and a kind in the journal, belongs to the *area* whose declared name it has or begins with (`work_share`
belongs to `work`); the longest name decides. A role writes whole areas. What is declared nowhere is written by the database's
owner only, so a new table is closed until somebody says whose it is.

On one desk (SQLite) this table is what `findings` holds the journal against; in the office (PostgreSQL) `core.roles_postgres`
makes the database itself keep to it.
"""

from __future__ import annotations

from collections.abc import Iterable

ROLES = {
    "analyst": "register right holders, works and contracts, match usage, exchange changes with the central instance",
    "licensing": "licensees, licences, invoices and receipts; take in usage reports and set lists",
    "distribution": "prepare runs, take them back, write statements",
    "approver": "approve and seal runs that somebody else prepared",
    "auditor": "look at everything, write audit kits, change nothing",
    "admin": "say who may sign in, register with the central instance, mend anything but money decisions",
}
"""What each role may do; a person may have several, but nobody approves a run of their own."""

AREAS: dict[str, tuple[str, ...]] = {
    "register": ("party", "work", "recording", "release", "agreement", "mandate", "membership", "attachment", "not_the_same"),
    "performances": ("performance",),
    "contacts": ("contact",),
    "licensing": ("licensee", "licence", "invoice", "receipt"),
    "intake": ("usage", "usage_batch", "usage_finding"),
    "matching": ("usage_match", "ruling", "match_run"),
    "onboarding": ("onboarding", "source", "cleaning", "recipe", "layout"),
    "exchange": ("sync", "conflict", "anchor"),
    "runs": ("run",),
    "money": ("posting", "run_receipt"),
    "staff": ("staff",),
    "journal": ("journal",),
    "numbers": ("serial",),
    "book": ("book", "book_meta", "alembic_version"),
}
"""Area -> names of tables and of kinds in the journal."""

_DOCUMENTS = ("register", "performances", "contacts", "intake", "matching", "onboarding", "exchange")
WRITES: dict[str, tuple[str, ...]] = {
    "analyst": _DOCUMENTS,
    "licensing": ("licensing", "performances", "intake"),
    "distribution": ("runs",),
    "approver": ("runs", "money"),
    "auditor": (),
    "admin": (*_DOCUMENTS, "licensing", "staff"),
}
"""Role -> areas it writes. Every role that writes anything also adds to the journal and takes numbers."""

PRIVATE = ("contacts",)
"""Areas shown only to the roles of `READS_PRIVATE`, in their tables and in the journal alike."""
READS_PRIVATE = ("analyst", "distribution", "auditor", "admin")
"""Analysts register members, distribution pays them, auditors read all. Licensing deals with users of music and approvers judge
totals: neither needs anybody's address or bank account."""
LOOK = "look"
"""The journal's `op` for having looked at something private: whoever may look adds this, auditors too; it changes nothing."""

RUN_STEPS = {"prepare": "distribution", "approve": "approver", "seal": "approver"}
"""The journal's `op` on a run -> the role it takes; any other step on a run is the preparer's."""


def area_of(name: str) -> str:
    """Return the area of a table, or of a kind in the journal; empty when nobody declared it.

    >>> area_of("work_share"), area_of("usage_match"), area_of("usage"), area_of("weather")
    ('register', 'matching', 'intake', '')
    """
    found = [
        (len(declared), area)
        for area, names in AREAS.items()
        for declared in names
        if name == declared or name.startswith(f"{declared}_")
    ]
    return max(found)[1] if found else ""


def is_private(name: str) -> bool:
    """Tell whether a table, or a kind in the journal, is shown only to the roles of `READS_PRIVATE`."""
    return area_of(name) in PRIVATE


def writers_of(name: str) -> list[str]:
    """Return the roles that may write a table or journal a kind, in the order of `ROLES`.

    >>> writers_of("licence_parameter"), writers_of("usage_finding"), writers_of("posting")
    (['licensing', 'admin'], ['analyst', 'licensing', 'admin'], ['approver'])
    """
    area = area_of(name)
    if area == "journal":
        return [role for role in ROLES if WRITES[role] or role in READS_PRIVATE]
    if area == "numbers":
        return [role for role in ROLES if WRITES[role]]
    return [role for role in ROLES if area in WRITES[role]]


def privileges(role: str, table: str, *, documents: bool) -> tuple[str, ...]:
    """Return what a role may do to a table beside reading it: of INSERT, UPDATE, DELETE.

    `documents` says that the table holds whole documents or rulings, which are never deleted. Money and the journal only grow; a
    run is made by one role and decided by another.

    >>> privileges("distribution", "run", documents=True), privileges("approver", "run", documents=True)
    (('INSERT',), ('UPDATE',))
    >>> privileges("analyst", "work_share", documents=False)
    ('INSERT', 'UPDATE', 'DELETE')
    """
    area = area_of(table)
    if role not in writers_of(table):
        return ()
    if area == "runs":
        return ("UPDATE",) if role == "approver" else ("INSERT",)
    if area in ("money", "journal"):
        return ("INSERT",)
    if documents or area in ("staff", "numbers"):
        return ("INSERT", "UPDATE")
    return ("INSERT", "UPDATE", "DELETE")


def group_role(database: str, name: str) -> str:
    """Return what a role is called in the office's server; all its databases share the roles, so the database's name is in it.

    >>> group_role("tala", "analyst")
    'wb_tala_analyst'
    """
    return f"wb_{database}_{name}"


def may_journal(roles: Iterable[str], kind: str, op: str) -> bool:
    """Tell whether a person with these roles may make a change of this kind.

    >>> may_journal(["distribution"], "run", "approve"), may_journal(["approver"], "run", "approve")
    (False, True)
    """
    held = set(roles)
    if op == LOOK and is_private(kind):
        return bool(held & set(READS_PRIVATE))
    if area_of(kind) == "runs":
        return RUN_STEPS.get(op, "distribution") in held
    return bool(held & set(writers_of(kind)))
