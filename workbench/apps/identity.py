"""Signing in: the login page, the sign-ins that are open, and how many wrong tries are allowed."""

from __future__ import annotations

import secrets
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from jupyter_server.auth.decorator import allow_unauthenticated
from jupyter_server.auth.identity import IdentityProvider, User
from jupyter_server.base.handlers import JupyterHandler
from tornado.ioloop import IOLoop

from ..api import Workbench

TRIES = 10
"""Wrong passwords allowed per account, and per address, within `WINDOW_SECONDS`."""
WINDOW_SECONDS = 60
LONGEST_SIGN_IN_SECONDS = 12 * 3600
RECHECK_SECONDS = 5
"""How long an open sign-in is believed before the book is asked again whether the account is still good."""


@dataclass
class StaffUser(User):
    """Who is signed in, and by which sign-in."""

    sign_in: str = ""


@dataclass
class SignIn:
    """One open sign-in."""

    user: StaffUser
    seal: str
    opened_at: float
    checked_at: float


@dataclass
class Throttle:
    """Counts wrong tries by account and by address; pure but for the clock handed in."""

    tries: int = TRIES
    window_seconds: float = WINDOW_SECONDS
    _wrong: dict[str, deque[float]] = field(default_factory=dict)

    def blocked(self, now: float, *keys: str) -> bool:
        """Say whether one of the keys has used up its tries."""
        return any(len(self._recent(now, key)) >= self.tries for key in keys)

    def wrong(self, now: float, *keys: str) -> None:
        """Count one wrong try for each key; at most 10,000 keys are remembered."""
        if len(self._wrong) > 10_000:
            self._wrong = {key: times for key, times in self._wrong.items() if times and times[-1] > now - self.window_seconds}
        for key in keys:
            self._recent(now, key).append(now)

    def right(self, account: str, address: str) -> None:
        """Forget the wrong tries of an account that signed in; of its address only this one."""
        self._wrong.pop(account, None)
        if self._wrong.get(address):
            self._wrong[address].pop()

    def _recent(self, now: float, key: str) -> deque[float]:
        times = self._wrong.setdefault(key, deque())
        while times and times[0] <= now - self.window_seconds:
            times.popleft()
        return times


class StaffIdentity(IdentityProvider):
    """Knows a person by a random, signed, http-only cookie that names an open sign-in kept in this process."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.throttle = Throttle()
        self.open: dict[str, SignIn] = {}
        self.workbench: Workbench = self.parent.workbench

    def get_handlers(self) -> list[tuple[str, object]]:
        return [(r"/login", LoginPage), (r"/logout", LogoutPage)]

    def get_user(self, handler: JupyterHandler) -> StaffUser | None:  # type: ignore[override]
        value = handler.get_secure_cookie(self.get_cookie_name(handler), max_age_days=1)
        sign_in = self.open.get(value.decode() if value else "")
        user = sign_in.user if sign_in is not None and self._still_good(sign_in) else None
        handler.current_user = user
        _ = handler.xsrf_token  # sets the cookie, so that the page can end its own session when its tab closes
        return user

    def is_token_authenticated(self, handler: JupyterHandler) -> bool:  # noqa: ARG002  no tokens here: every check applies
        return False

    def sign_in(self, handler: JupyterHandler, user_name: str, full_name: str) -> StaffUser:
        """Open a new sign-in with a new name (nothing set before signing in is kept) and give its cookie."""
        key = secrets.token_urlsafe(32)
        now = time.monotonic()
        user = StaffUser(user_name, name=full_name or user_name, sign_in=key)
        self.open[key] = SignIn(user, self.workbench.staff.seal_of(user_name), now, now)
        secure = handler.request.protocol == "https"
        options = {"httponly": True, "samesite": "Lax", "path": handler.base_url, "expires_days": None, "secure": secure}
        handler.set_secure_cookie(self.get_cookie_name(handler), key, **options)
        return user

    def sign_out(self, handler: JupyterHandler) -> StaffUser | None:
        """Close the sign-in of this request and return who it was."""
        user = handler.current_user
        if user is not None:
            self.open.pop(user.sign_in, None)
        self.clear_login_cookie(handler)
        return user

    def _still_good(self, sign_in: SignIn) -> bool:
        now = time.monotonic()
        if now - sign_in.checked_at > RECHECK_SECONDS:
            same = self.workbench.staff.seal_of(sign_in.user.username) == sign_in.seal != ""
            if not same or now - sign_in.opened_at > LONGEST_SIGN_IN_SECONDS:
                self.open.pop(sign_in.user.sign_in, None)
                return False
            sign_in.checked_at = now
        return True


class LoginPage(JupyterHandler):
    """The page where staff sign in."""

    @allow_unauthenticated
    def get(self) -> None:
        """Show the form, or go on when signed in already."""
        if self.current_user:
            self.redirect(self._next())
        else:
            self._show()

    @allow_unauthenticated
    async def post(self) -> None:
        """Check a name and a password; wrong ones are counted and say no more than that they are wrong."""
        provider: StaffIdentity = self.identity_provider  # type: ignore[assignment]
        user_name = self.get_body_argument("user_name", "")[:80].strip().lower()
        password = self.get_body_argument("password", "", strip=False)[:1000]
        keys = (f"account {user_name}", f"address {self.request.remote_ip}")
        if provider.throttle.blocked(time.monotonic(), *keys):
            self._show("too_many", user_name, 429)
            return
        provider.throttle.wrong(time.monotonic(), *keys)  # counted first, so that many tries at once are counted too
        account = await IOLoop.current().run_in_executor(None, provider.workbench.staff.check, user_name, password)
        if account is None:
            self.log.warning("sign-in refused for %r from %s", user_name, self.request.remote_ip)
            self._show("wrong", user_name, 401)
            return
        provider.throttle.right(*keys)
        provider.sign_in(self, account.user_name, account.full_name)
        self.log.info("%s signed in from %s", account.user_name, self.request.remote_ip)
        self.redirect(self._next())

    def _next(self) -> str:
        wanted = self.get_argument("next", self.base_url)
        return wanted if wanted in self.settings["workbench_pages"] else self.base_url

    def _show(self, problem: str = "", user_name: str = "", status: int = 200) -> None:
        self.set_status(status)
        self.set_header("Cache-Control", "no-store")
        nobody = self.identity_provider.workbench.staff.count() == 0  # type: ignore[attr-defined]
        wanted = self._next()
        self.write(self.render_template("login.html", problem=problem, user_name=user_name, next=wanted, nobody=nobody))


class LogoutPage(JupyterHandler):
    """Where a person signs out; everything they had open ends with it."""

    @allow_unauthenticated
    async def post(self) -> None:
        """Close the sign-in and every page it had open."""
        user = self.identity_provider.sign_out(self)  # type: ignore[attr-defined]
        if user is not None:
            await self.kernel_manager.end_pages_of(user.sign_in)
        self.redirect(self.settings["login_url"])
