"""The desk for exchanging with the central instance: register once, then push, pull, and decide conflicts.

wb.sync.register(url="https://central.example", secret=token)      # once
wb.sync.exchange()                                                 # push, pull, and push what merging made
wb.sync.conflicts()                                                # what two people changed differently
wb.sync.resolve("TALA-X-000001", keep="ours", why="the contract says so")
"""

from __future__ import annotations

import io
from collections import Counter
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd
from sqlalchemy import select

from ..core import journal
from ..core.documents import KINDS
from ..core.errors import Finding, NotPermitted, WorkbenchError
from ..core.office import Office, Progress, silent
from . import conflicts as conflict_book
from . import keys, state
from .changes import PULLED, RESOLVED
from .line import Line, Unreachable
from .merge import three_way
from .pulling import Intake, pull
from .pushing import hashes_at, meta, push, waiting_to_push

_CONFLICT_COLUMNS = [
    "conflict_id", "kind", "entity_id", "field", "base", "ours", "theirs", "side", "other", "state", "outcome", "decided_by",
    "why", "opened_at", "closed_at",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class AnchorCheck:
    """Whether this journal still holds every head the central instance signed."""

    ok: bool
    checked: int
    asked_central: bool
    findings: list[Finding]

    def __bool__(self) -> bool:
        return self.ok


class SyncDesk:
    """Exchange with the central instance, in the name of one person's session."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self._line: Line | None = None

    # -- the line --------------------

    def register(self, url: str = "", *, secret: str) -> dict[str, Any]:
        """Register this instance with the one-time token the central operator gave (`secret`), and remember the address.

        A key is made at the first call and kept in the workspace, readable by its owner only; it never leaves. Registering
        again with the same token is harmless. Raises `Unreachable` when nobody answers, `NotPermitted` when the token is
        refused.
        """
        address = url or self.url
        if not address:
            raise WorkbenchError("where is the central instance?", next_step="Say register(url=..., secret=...).")
        private = keys.keep_key(self.office.config.folder)
        line = Line(address, self.office.config.code, private)
        line.hello()
        answer = line.register(secret, keys.public_key(private))
        with self.office.change("registered with the central instance") as change:
            state.put(change.connection, central_url=line.url, central_key=answer["central_key"], registered_at=change.at)
        if self._line is not None:
            self._line.close()
        self._line = line
        return self.state()

    @property
    def url(self) -> str:
        """Address of the central instance; empty while none is known."""
        with self.office.book.read() as connection:
            return state.get(connection, "central_url") or self.office.config.central_url

    @property
    def line(self) -> Line:
        """The line to the central instance; raises `WorkbenchError` before registration."""
        if self._line is None:
            with self.office.book.read() as connection:
                registered = state.get(connection, "registered_at")
            if not registered:
                raise WorkbenchError(
                    "this instance is not registered",
                    got=self.office.config.code,
                    next_step="Ask the central operator for a token, then: wb.sync.register(url=..., secret=...).",
                )
            self._line = Line(self.url, self.office.config.code, keys.keep_key(self.office.config.folder))
        return self._line

    @line.setter
    def line(self, line: Line) -> None:
        self._line = line

    # -- exchange --------------------

    def push(self, progress: Progress = silent) -> dict[str, Any]:
        """Send our changes; returns counts (accepted, merged, same, conflict, waiting, quarantined, duplicate) and the signed
        head.

        Raises `Unreachable` when nobody answers: nothing is lost, push again. Raises `Conflict` when this book was copied back
        or rewritten.
        """
        return push(self.office, self.line, progress)

    def pull(self, progress: Progress = silent) -> dict[str, Any]:
        """Take in what others changed; returns counts (applied, merged, same, conflicts, held, settled) and the cursor."""
        return pull(self.office, self.line, progress)

    def exchange(self, progress: Progress = silent) -> dict[str, Any]:
        """Push, pull, and push again what merging or deciding has left to say; returns {"push": ..., "pull": ...}."""
        sent = self.push(progress)
        came = self.pull(progress)
        with self.office.book.read() as connection:
            more = waiting_to_push(connection) > 0 or bool(conflict_book.untold(connection))
        if more:
            again = self.push(progress)
            sent = {
                name: sent[name] + value if type(value) is int and name != "acked" else value for name, value in again.items()
            }
        return {"push": sent, "pull": came}

    def state(self) -> dict[str, Any]:
        """Return where this book stands, without asking anybody: address, journal, what waits, marks, conflicts, the last
        signed head.
        """
        with self.office.book.read() as connection:
            seq, head = journal.head(connection)
            signed = state.anchors(connection)
            return {
                "central_url": state.get(connection, "central_url") or self.office.config.central_url,
                "registered": bool(state.get(connection, "registered_at")),
                "instance": self.office.config.code,
                "epoch": meta(connection, "epoch"),
                "journal_number": seq,
                "journal_head": head,
                "to_push": waiting_to_push(connection),
                "last_push_at": state.get(connection, "last_push_at"),
                "last_pull_at": state.get(connection, "last_pull_at"),
                "cursor": state.cursor(connection)[0],
                "open_conflicts": len(conflict_book.listed(connection)),
                "held": len(state.held(connection)),
                "anchored_number": int(signed[-1]["seq"]) if signed else 0,
                "anchored_at": str(signed[-1]["at"]) if signed else "",
                "anchor_ok": not self._check(connection, signed),
            }

    # -- conflicts --------------------

    def conflicts(self, state: str = "open") -> pd.DataFrame:
        """Return conflicts as a frame, one row for each field in dispute: ours, theirs and what both started from; `state=""`
        for all.
        """
        rows = []
        with self.office.book.read() as connection:
            for found in conflict_book.listed(connection, state):
                for name in found["fields"]:
                    values = {side: (found[side] or {}).get(name, "") for side in ("base", "ours", "theirs")}
                    rows.append({**found, **values, "conflict_id": found["id"], "field": name})
        return pd.DataFrame(rows, columns=_CONFLICT_COLUMNS)

    def resolve(self, conflict_id: str, *, keep: Literal["ours", "theirs"], why: str, by: str = "") -> dict[str, Any]:
        """Decide a conflict: a new change on top of the other's, or ours given up; both stay in the history. Returns the
        conflict.

        What does not dispute stays from both sides. The other side hears of it at the next exchange.
        Raises `NotFound` for an unknown conflict and `WorkbenchError` for one that is settled.
        """
        if keep not in ("ours", "theirs"):
            raise WorkbenchError("whose value is kept?", got=repr(keep), expected="keep='ours' or keep='theirs'")
        with self.office.change(why, by) as change:
            found = conflict_book.get(change.connection, conflict_id)
            if found["state"] != "open":
                raise WorkbenchError(
                    "this conflict is settled already", got=conflict_id, expected=f"by {found['decided_by']}: {found['outcome']}"
                )
            told = self._decide(change, found, keep)
            conflict_book.settle(change, found, keep, by=change.who, why=why, told=told)
            return conflict_book.get(change.connection, conflict_id)

    def _decide(self, change: Any, found: dict[str, Any], keep: str) -> bool:
        """Write the documents a decision leads to; tells whether the central instance learns of it through them."""
        kind = KINDS[found["kind"]]
        intake = Intake(change, self.office.config.code, Counter())
        ours = intake.ours(kind, found["entity_id"]) or {}
        first, second = (ours, found["theirs"]) if keep == "ours" else (found["theirs"], ours)
        decided, _ = three_way(found["base"], first, second)
        holder = found["side"] == "holder"
        if holder and (keep == "ours" or decided == ours):
            return False
        if not holder:
            intake.adopt(kind, found["theirs"], f"{PULLED}{found['other']}")
        if decided != (ours if holder else found["theirs"]):
            intake.adopt(kind, decided, f"{RESOLVED}{found['central_id']}" if keep == "ours" or holder else "merge", seen=False)
        intake.flush()
        return keep == "ours" or holder

    # -- looking --------------------

    def held(self) -> pd.DataFrame:
        """Return what could not be used, coming in or going out, with its reason; what can be tried again is, at every pull."""
        columns = ["direction", "kind", "entity_id", "reason", "detail", "origin", "central_seq", "held_at"]
        with self.office.book.read() as connection:
            return pd.DataFrame(state.held(connection), columns=[*columns, "document"])[columns]

    def identifiers(self) -> pd.DataFrame:
        """Return the numbers the central instance has given; its own work number is no ISWC."""
        with self.office.book.read() as connection:
            rows = connection.execute(select(state.sync_identifier).order_by(state.sync_identifier.c.entity_id)).mappings()
            return pd.DataFrame([dict(row) for row in rows], columns=["kind", "entity_id", "scheme", "number", "given_at"])

    def agree(self, work_id: str) -> dict[str, Any]:
        """Agree to a work's shares in this society's name; returns its state, its number, and whom it still waits for."""
        if not work_id.isascii() or not work_id.replace("-", "").isalnum():
            raise WorkbenchError("not a work's number", got=repr(work_id[:40]))
        return self.line.post(f"/v1/works/{work_id}/agree", {})

    def repertoire(self, society: str, since: str = "") -> pd.DataFrame:
        """Return the central instance's view of a foreign society's works, one row a share: numbers and societies, no personal
        data.
        """
        frames, after = [], "0"
        while after:
            answer = self.line.document("/v1/repertoire", society=society, since=since, after=after, format="csv")
            frames.append(pd.read_csv(io.BytesIO(answer.body), dtype=str, keep_default_na=False))
            after = answer.headers.get("x-next-after", "")
        return pd.concat(frames, ignore_index=True)

    def verify_anchor(self) -> AnchorCheck:
        """Tell whether this journal still holds every head that the central instance signed; a rewritten journal does not.

        Asks the central instance for its own list; when it cannot be reached, the list kept here is checked and
        `asked_central` is False.
        """
        with self.office.book.read() as connection:
            signed = state.anchors(connection)
            epoch, key = meta(connection, "epoch"), state.get(connection, "central_key")
        asked = False
        try:
            there = self.line.get("/v1/standing", epoch=epoch)["anchors"]
            mine = {(row["epoch"], row["seq"]) for row in signed}
            signed += [{**row, "central_key": key} for row in there if row["epoch"] == epoch and (epoch, row["seq"]) not in mine]
            asked = True
        except (Unreachable, NotPermitted):
            pass
        with self.office.book.read() as connection:
            findings = self._check(connection, signed)
        return AnchorCheck(not findings and bool(signed), len(signed), asked, findings)

    def _check(self, connection: Any, signed: list[dict[str, Any]]) -> list[Finding]:
        here = hashes_at(connection, [int(row["seq"]) for row in signed])
        trusted = state.get(connection, "central_key")
        findings = []
        for row in signed:
            genuine = row["central_key"] == trusted and row["instance"] == self.office.config.code
            genuine = genuine and keys.verify(trusted, keys.anchor_text(row), row["signature"])
            found = here.get(int(row["seq"]), "")
            if genuine and found == row["head_hash"]:
                continue
            code, text = (
                ("journal_rewritten", "the journal no longer holds a head that was signed")
                if genuine
                else (
                    "anchor_not_genuine",
                    "a signed head was not signed by the central instance",
                )
            )
            findings.append(
                Finding(
                    "record",
                    code,
                    text,
                    line=int(row["seq"]),
                    got=found[:16],
                    expected=str(row["head_hash"])[:16],
                    source="journal",
                    what_to_do="Stop, keep this book, and compare it with the last backup.",
                )
            )
        return findings
