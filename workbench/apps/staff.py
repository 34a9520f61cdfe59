"""Staff accounts: who may sign in to the apps, and what each person may do there.

A password is kept only as its argon2id hash, outside the journal; the journal says who got which roles, when and why.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Column, Connection, Text, func, insert, select, update

from ..core.errors import NotFound, WorkbenchError, unknown
from ..core.journal import record
from ..core.office import Office
from ..core.roles import ROLES
from ..core.roles_postgres import let_in
from ..core.store import book_table, words

SHORTEST_PASSWORD = 10
_USER_NAME = re.compile(r"[a-z][a-z0-9._-]{1,39}", re.ASCII)
_hasher = PasswordHasher()
_NOBODY = _hasher.hash("nobody has this password")

staff = book_table(
    "staff",
    Column("user_name", Text, primary_key=True),
    words("full_name"),
    words("password_hash"),
    words("roles"),  # sorted, separated by a space
    words("added_at"),
    words("disabled_at"),
)

_OPEN = (staff.c.user_name, staff.c.full_name, staff.c.roles, staff.c.added_at, staff.c.disabled_at)


@dataclass(frozen=True, slots=True)
class Account:
    """One person who may sign in."""

    user_name: str
    full_name: str
    roles: frozenset[str]


class Staff:
    """The desk of the staff accounts."""

    def __init__(self, office: Office) -> None:
        self.office = office

    def add(
        self,
        user_name: str,
        *,
        password: str,
        roles: Iterable[str],
        full_name: str = "",
        database: bool = False,
        why: str = "new account",
        by: str = "",
    ) -> Account:
        """Let a person sign in, and with `database` also log in to the office's database with the same password.

        Raises `WorkbenchError` for a weak password, an unknown role, a name that is taken, or a book without logins.
        """
        if not _USER_NAME.fullmatch(user_name):
            raise WorkbenchError(
                "not a user name", got=repr(user_name[:40]), expected="small letters, digits, . _ -, like a.mwangi"
            )
        kept = _checked_roles(roles)
        hashed = _hashed(user_name, password)
        with self.office.change(why, by) as change:
            if _row(change.connection, user_name) is not None:
                raise WorkbenchError(
                    "this person has an account already", got=user_name, next_step="Change its roles or password."
                )
            values = {"user_name": user_name, "full_name": full_name, "roles": kept, "added_at": change.at}
            change.connection.execute(insert(staff).values(**values, password_hash=hashed))
            record(change, "staff", user_name, "add", None, {"full_name": full_name, "roles": kept})
            if database:
                let_in(change.connection, user_name, password)
        return Account(user_name, full_name, frozenset(kept.split()))

    def set_password(self, user_name: str, password: str, *, why: str = "new password", by: str = "") -> None:
        """Give a person a new password; every place where they are signed in has to sign in again."""
        hashed = _hashed(user_name, password)
        with self.office.change(why, by) as change:
            self._known(change.connection, user_name)
            change.connection.execute(update(staff).where(staff.c.user_name == user_name).values(password_hash=hashed))
            record(change, "staff", user_name, "password", None, None)

    def set_roles(self, user_name: str, roles: Iterable[str], *, why: str, by: str = "") -> Account:
        """Say anew what a person may do; it holds from their next click on."""
        kept = _checked_roles(roles)
        with self.office.change(why, by) as change:
            before = self._known(change.connection, user_name)
            change.connection.execute(update(staff).where(staff.c.user_name == user_name).values(roles=kept))
            after = {"full_name": before["full_name"], "roles": kept}
            record(change, "staff", user_name, "roles", {"full_name": before["full_name"], "roles": before["roles"]}, after)
        return Account(user_name, before["full_name"], frozenset(kept.split()))

    def disable(self, user_name: str, *, why: str, by: str = "") -> None:
        """Close an account: the person cannot sign in, and may do nothing from their next click on."""
        with self.office.change(why, by) as change:
            before = self._known(change.connection, user_name)
            change.connection.execute(update(staff).where(staff.c.user_name == user_name).values(disabled_at=change.at))
            record(change, "staff", user_name, "disable", {"roles": before["roles"]}, {"roles": ""})

    def check(self, user_name: str, password: str) -> Account | None:
        """Return the account when the password is right, else None; an unknown name takes as long as a wrong password."""
        with self.office.book.read() as connection:
            row, hashed = _row(connection, user_name), _password_hash(connection, user_name)
        try:
            _hasher.verify(hashed or _NOBODY, password)
        except (VerificationError, InvalidHashError):
            return None
        return _account(row)

    def account(self, user_name: str) -> Account | None:
        """Return an account that may sign in, or None."""
        with self.office.book.read() as connection:
            return _account(_row(connection, user_name))

    def roles(self, user_name: str) -> frozenset[str]:
        """Return what a person may do now; nothing for somebody unknown or disabled."""
        account = self.account(user_name)
        return account.roles if account else frozenset()

    def seal_of(self, user_name: str) -> str:
        """Return a text that changes with the password, so that a sign-in made before can be told from one made after."""
        with self.office.book.read() as connection:
            row, hashed = _row(connection, user_name), _password_hash(connection, user_name)
        return hashed[-22:] if row and not row["disabled_at"] else ""

    def count(self) -> int:
        """Return how many people may sign in."""
        with self.office.book.read() as connection:
            return connection.execute(select(func.count()).select_from(staff).where(staff.c.disabled_at == "")).scalar() or 0

    def frame(self) -> pd.DataFrame:
        """Return every account: user_name, full_name, roles, added_at, disabled_at."""
        with self.office.book.read() as connection:
            rows = connection.execute(select(*_OPEN).order_by(staff.c.user_name)).all()
        return pd.DataFrame(rows, columns=[column.name for column in _OPEN])

    def _known(self, connection: Connection, user_name: str) -> dict[str, str]:
        row = _row(connection, user_name)
        if row is None:
            names = connection.execute(select(staff.c.user_name)).scalars().all()
            raise unknown("account", user_name, names)
        return row


def _row(connection: Connection, user_name: str) -> dict[str, str] | None:
    row = connection.execute(select(*_OPEN).where(staff.c.user_name == user_name)).mappings().first()
    return dict(row) if row else None


def _password_hash(connection: Connection, user_name: str) -> str:
    """Return a person's hash, or an empty text; an office's database shows it to the staff server and administrators only."""
    return connection.execute(select(staff.c.password_hash).where(staff.c.user_name == user_name)).scalar() or ""


def _account(row: dict[str, str] | None) -> Account | None:
    if row is None or row["disabled_at"]:
        return None
    return Account(row["user_name"], row["full_name"], frozenset(row["roles"].split()))


def _checked_roles(roles: Iterable[str]) -> str:
    kept = sorted(set([roles] if isinstance(roles, str) else roles))
    for role in kept:
        if role not in ROLES:
            raise unknown("role", role, ROLES)
    if not kept:
        raise NotFound("no role given", expected=", ".join(ROLES))
    return " ".join(kept)


def _hashed(user_name: str, password: str) -> str:
    if len(password) < SHORTEST_PASSWORD or password.casefold() == user_name.casefold():
        raise WorkbenchError(
            "this password is too weak",
            got=f"{len(password)} characters",
            expected=f"at least {SHORTEST_PASSWORD}, other than the user name",
            next_step="Take a few words you can remember.",
        )
    return _hasher.hash(password)
