"""The person at a page, and the one gate every click goes through: known command, right role, no traceback.

Behind the staff server the person's name comes from the server that checked the password. In JupyterLab there is no such server:
whoever can start it can open the book's file as well, so that person may do everything here; only the second pair of eyes is
still asked for.
"""

from __future__ import annotations

import getpass
import logging
import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any, TypeVar

from ..api import Workbench
from ..core.errors import NotPermitted, WorkbenchError, unknown
from ..core.roles import ROLES

ENVIRONMENT_USER = "WORKBENCH_USER"
ENVIRONMENT_WORKSPACE = "WORKBENCH_WORKSPACE"
EVERYBODY = frozenset(ROLES)

Method = TypeVar("Method", bound=Callable[..., Any])
Roles = Callable[[], frozenset[str]]


@dataclass(frozen=True, slots=True)
class Notice:
    """One message at the top of a page; `kind` is good, info, warning or problem."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Session:
    """One person with one society's book, at one page."""

    wb: Workbench
    user: str
    served: bool
    """Whether a server stands in front, so that roles come from the staff accounts."""

    def roles(self) -> frozenset[str]:
        """Return what this person may do now; asked at every click, so that a withdrawn role is gone at once."""
        return self.wb.staff.roles(self.user) if self.served else EVERYBODY

    def link(self, page: str) -> str:
        """Return where a page of ours is: an address of the server, or a notebook beside this one."""
        if self.served:
            return "/" if page == "home" else f"/{page}"
        return f"{page}.ipynb"


def open_session() -> Session:
    """Open the workspace this page was started for, in the name of its person."""
    served = ENVIRONMENT_USER in os.environ
    user = os.environ.get(ENVIRONMENT_USER) or getpass.getuser()
    folder = os.environ.get(ENVIRONMENT_WORKSPACE)
    if not folder:
        raise WorkbenchError(
            "no workspace is named", expected=f"the folder in {ENVIRONMENT_WORKSPACE}", next_step="Start with: make serve."
        )
    return Session(Workbench.open(folder, user=user), user, served)


def command(*roles: str) -> Callable[[Method], Method]:
    """Mark a method of a page's model as something a click may call, for these roles; none named: for everybody signed in."""
    for role in roles:
        if role not in ROLES:
            raise unknown("role", role, ROLES)

    def mark(method: Method) -> Method:
        method.allowed_roles = frozenset(roles) or EVERYBODY  # type: ignore[attr-defined]
        return method

    return mark


class PageModel:
    """What a page knows and can do, without any widget; commands are the methods marked with `command`."""

    def __init__(self, wb: Workbench, roles: Roles, logs: Path | None = None) -> None:
        self.wb = wb
        self._roles = roles
        self._logs = logs or wb.config.logs
        self.notice: Notice | None = None
        self.progress: Callable[[str, int, int], None] = lambda _what, _done, _total: None

    @property
    def user(self) -> str:
        """The person whose clicks these are."""
        return self.wb.office.user

    def may(self, name: str) -> bool:
        """Say whether this person may use a command now; for showing a button, never instead of the check."""
        return bool(getattr(type(self), name).allowed_roles & self._roles())

    def do(self, name: str, arguments: Mapping[str, Any] | None = None) -> Any:
        """Carry out one click: a refusal or a mistake becomes a notice, a fault of ours a notice with a reference."""
        self.notice = None
        try:
            method = getattr(type(self), name, None)
            allowed = getattr(method, "allowed_roles", None)
            if method is None or allowed is None:
                raise unknown(
                    "command",
                    name[:40],
                    [each for each in dir(type(self)) if hasattr(getattr(type(self), each), "allowed_roles")],
                )
            if not allowed & self._roles():
                raise NotPermitted(
                    "you may not do this",
                    got=f"{self.user}: {', '.join(sorted(self._roles())) or 'no role'}",
                    expected=f"role {' or '.join(sorted(allowed))}",
                    next_step="Ask somebody who has it.",
                )
            return method(self, **dict(arguments or {}))
        except WorkbenchError as error:
            logger(self._logs).info("%s, %s: %s", self.user, name, error)
            self.notice = Notice("problem", str(error))
        except Exception:  # noqa: BLE001  the last gate: a person must never see a traceback
            self.notice = Notice("problem", apology(log_fault(self._logs, f"{self.user}, {name}")))
        return None


def apology(reference: str) -> str:
    """Return what a person reads when we failed."""
    return (
        f"Something went wrong on our side, and nothing was changed by this step (reference {reference}). "
        "Try again; if it happens again, give the reference to your administrator."
    )


def log_fault(logs: Path, what: str) -> str:
    """Write the fault being handled, with its traceback, to the log of the apps; return the reference to find it by."""
    reference = secrets.token_hex(4)
    logger(logs).exception("reference %s: %s", reference, what)
    return reference


def logger(logs: Path) -> logging.Logger:
    """Return the log of the apps of one workspace; it writes to a file only."""
    log = logging.getLogger(f"workbench.apps.{logs}")
    if not log.handlers:
        logs.mkdir(parents=True, exist_ok=True)
        handler = RotatingFileHandler(logs / "apps.log", maxBytes=5_000_000, backupCount=3, encoding="utf-8", delay=True)
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
        log.addHandler(handler)
        log.setLevel(logging.INFO)
        log.propagate = False
    return log
