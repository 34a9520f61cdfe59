"""The line to the central instance: signed requests, checked answers, and plain words when nobody answers."""

from __future__ import annotations

import ipaddress
import json
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx

from ..core.errors import Conflict, NotFound, NotPermitted, WorkbenchError
from .changes import PROTOCOL, body_digest, is_whole_body
from .keys import registration_text, request_text, sign

TIMEOUT_SECONDS = 60
ATTEMPTS = 4


class Unreachable(WorkbenchError):
    """Nobody answered, or the answer did not arrive whole; nothing is lost, the same request can be made again."""


class FeedChanged(WorkbenchError):
    """The central instance no longer holds what was seen last: it was restored from a backup."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, as it came."""

    status: int
    headers: dict[str, str]
    body: bytes


class Line:
    """Requests of one instance to one central instance.

    Every request may be repeated: the central instance applies a change once, however often it hears of it.
    """

    def __init__(self, url: str, code: str, private_key: str, *, attempts: int = ATTEMPTS, pause_seconds: float = 0.3) -> None:
        self.url, self.code, self._key = check_url(url), code, private_key
        self.attempts, self.pause_seconds = attempts, pause_seconds
        self._client: httpx.Client | None = None
        self._challenge, self._counter = "", 0

    def close(self) -> None:
        """Hang up."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def get(self, path: str, **query: object) -> dict[str, Any]:
        """Ask for facts."""
        return self._facts(self.call("GET", _target(path, query)))

    def post(self, path: str, facts: dict[str, Any]) -> dict[str, Any]:
        """Send facts."""
        return self._facts(self.call("POST", path, json.dumps(facts).encode(), {"content-type": "application/json"}))

    def push(self, body: bytes) -> dict[str, Any]:
        """Send a batch of changes."""
        heads = {"x-body-sha256": body_digest(body), "content-type": "application/zstd"}
        return self._facts(self.call("POST", "/v1/push", body, heads))

    def feed(self, after: int, after_hash: str, limit: int) -> bytes:
        """Ask for a batch of the feed; raises `FeedChanged` with the feed's newest number in `got`."""
        return self.call("GET", _target("/v1/feed", {"after": after, "after_hash": after_hash, "limit": limit})).body

    def document(self, path: str, **query: object) -> Answer:
        """Ask for a file."""
        return self.call("GET", _target(path, query))

    def register(self, token: str, public: str) -> dict[str, Any]:
        """Hand in this instance's public key with the one-time token."""
        proof = sign(self._key, registration_text(self.code, token, public))
        facts = {"code": self.code, "token": token, "public_key": public, "proof": proof}
        body = json.dumps(facts).encode()
        return self._facts(self._repeated("POST", "/v1/register", body, {"content-type": "application/json"}, signed=False))

    def hello(self) -> dict[str, Any]:
        """Ask who is there; raises `WorkbenchError` when it is no central instance, or one that speaks otherwise."""
        facts = self._facts(self._repeated("GET", "/v1/hello", b"", {}, signed=False))
        if facts.get("service") != "repertoire-central" or facts.get("protocol") != PROTOCOL:
            raise WorkbenchError(
                "this is no central instance that this version can talk to", got=facts, expected=f"protocol {PROTOCOL}"
            )
        return facts

    def call(self, method: str, target: str, body: bytes = b"", headers: dict[str, str] | None = None) -> Answer:
        """Send a signed request and return the answer; raises `WorkbenchError` for a refusal."""
        return self._repeated(method, target, body, headers or {}, signed=True)

    def _repeated(self, method: str, target: str, body: bytes, headers: dict[str, str], *, signed: bool) -> Answer:
        last: Exception | None = None
        for attempt in range(self.attempts):
            if attempt:
                time.sleep(self.pause_seconds * 2 ** (attempt - 1))
            try:
                heads = {**headers, **(self._signature(method, target, body) if signed else {})}
                answer = self._whole(self._send(method, target, body, heads))
            except (httpx.HTTPError, Unreachable, OSError) as error:
                last = error
                continue
            if answer.status < 400:
                return answer
            facts = _parsed(answer.body)
            if answer.status == 401:
                self._challenge = ""
                last = Unreachable(str(facts.get("error", "a new challenge is needed")))
                continue
            if answer.status >= 500:
                last = Unreachable(f"it failed with status {answer.status}")
                continue
            raise _refusal(answer.status, facts)
        raise Unreachable(
            f"the central instance cannot be reached: {last}",
            where=self.url,
            next_step="Nothing is lost; try again when it is back.",
        ) from last

    def _signature(self, method: str, target: str, body: bytes) -> dict[str, str]:
        if not self._challenge:
            answer = self._whole(self._send("GET", "/v1/challenge", b"", {}))
            if answer.status >= 400:
                raise Unreachable(f"it gave no challenge (status {answer.status})")
            self._challenge, self._counter = str(_parsed(answer.body).get("challenge", "")), 0
        self._counter += 1
        return {
            "x-workbench-instance": self.code,
            "x-workbench-challenge": self._challenge,
            "x-workbench-counter": str(self._counter),
            "x-workbench-signature": sign(self._key, request_text(method, target, body, self._challenge, self._counter)),
        }

    def _send(self, method: str, target: str, body: bytes, headers: dict[str, str]) -> Answer:
        if self._client is None:
            # no proxy from the environment, no redirects: the address is where we were told to go
            self._client = httpx.Client(timeout=TIMEOUT_SECONDS, trust_env=False, follow_redirects=False)
        answer = self._client.request(method, self.url + target, content=body, headers=headers)
        return Answer(answer.status_code, dict(answer.headers), answer.content)

    def _whole(self, answer: Answer) -> Answer:
        if 300 <= answer.status < 400:
            raise Unreachable(f"it sent us elsewhere (status {answer.status})")
        sha256 = answer.headers.get("x-body-sha256", "")
        if (answer.status < 400 or sha256) and not is_whole_body(answer.body, sha256):
            raise Unreachable("the answer did not arrive whole")
        return answer

    def _facts(self, answer: Answer) -> dict[str, Any]:
        return _parsed(answer.body)


def check_url(url: str) -> str:
    """Return the address without a slash at its end; raises `WorkbenchError` for one that is no address, or sends in clear
    over a network.
    """
    parts = urlsplit(url.strip())
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise WorkbenchError(
            "not the address of a central instance", got=repr(url[:80]), expected="https://HOST or https://HOST:PORT"
        )
    if parts.scheme == "http" and not _is_this_machine(parts.hostname):
        raise WorkbenchError(
            "a central instance on another machine needs https", got=url, next_step="Put it behind a proxy that ends TLS."
        )
    return url.strip().rstrip("/")


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _target(path: str, query: dict[str, object]) -> str:
    given = {name: value for name, value in query.items() if value not in ("", None)}
    return f"{path}?{urlencode(given)}" if given else path


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        facts = json.loads(body)
    except ValueError:
        return {}
    return facts if isinstance(facts, dict) else {}


def _refusal(status: int, facts: dict[str, Any]) -> WorkbenchError:
    text, step = str(facts.get("what") or facts.get("error") or f"status {status}"), str(facts.get("next_step", ""))
    if facts.get("code") == "feed_changed":
        return FeedChanged("the central instance was restored from a backup", got=int(facts.get("head", 0)))
    if status == 409:
        return Conflict(str(facts.get("error", text)))
    if status == 404:
        return NotFound(f"the central instance does not know this: {facts.get('error') or text}")
    if status == 403:
        return NotPermitted(f"the central instance refused: {text}", next_step=step)
    return WorkbenchError(f"the central instance refused: {facts.get('error') or text}")
