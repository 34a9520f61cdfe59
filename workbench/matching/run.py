"""The matching desk: `wb.matching`. One run decides every key of the usage in scope, in one transaction with one journal entry.

matches = wb.matching.run(batch)
matches.summary()                       # matched / doubtful / unmatched / refused, in lines, minutes and money at stake
wb.matching.queue(limit=20)             # the doubts, dearest first
wb.matching.rule("TALA-B-000001:17", recording="TALA-R-000217", why="title misspelt, same ISRC")
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

import pandas as pd
from sqlalchemy import Connection, Select, func, select

from ..core import journal
from ..core.canonical import digest
from ..core.documents import load
from ..core.errors import DamagedBook, NotFound, WorkbenchError, unknown
from ..core.money import Money
from ..core.office import Office, Progress, silent
from ..registry.recordings import RECORDING
from ..registry.works import WORK
from .candidates import CandidateSource, Line, Repertoire, TantivySource
from .decisions import DOUBTFUL, MATCHED, REFUSED, UNMATCHED, Decision, Parameters, decide
from .matches import (
    Ruling,
    active_rulings,
    make_ruling,
    ruling,
    rulings_made,
    under_ruling,
    usage_match,
    withdraw_ruling,
    write_decisions,
)
from .ranking import CHUNK, rank
from .repertoire import load_targets
from .review import Doubt, Explanation, doubts, explain
from .scoring import load_model
from .stakes import Stake, stakes
from .usage import usage, usage_batch, usage_place

STATES = (MATCHED, DOUBTFUL, UNMATCHED, REFUSED)


@dataclass(frozen=True)
class MatchRun:
    """What one run decided. `counts`: lines by state; they sum to `lines`. `digest`: over every decision, in the order of
    keys."""

    id: str
    batches: tuple[str, ...]
    lines: int
    keys: int
    counts: dict[str, int]
    digest: str
    currency: str
    stakes: dict[str, Stake] = field(repr=False)

    def summary(self) -> pd.DataFrame:
        """Return one row per state and a total: lines, keys' share of lines, plays, minutes, money_at_stake (Decimal, an
        estimate)."""
        rows = [(state, self.stakes[state]) for state in STATES]
        rows.append(("total", sum((stake for _, stake in rows), Stake())))
        return pd.DataFrame(
            [
                {
                    "state": state,
                    "lines": stake.lines,
                    "share_of_lines": f"{stake.lines / self.lines:.1%}" if self.lines else "",
                    "plays": stake.plays,
                    "minutes": stake.seconds // 60,
                    "money_at_stake": Money(self.currency, stake.micros).amount,
                    "currency": self.currency,
                }
                for state, stake in rows
            ]
        )


class Matching:
    """Matches usage to the repertoire and keeps what people rule on it: `wb.matching`."""

    def __init__(self, office: Office) -> None:
        self.office = office

    def run(
        self,
        batch_or_ids: object = None,
        *,
        parameters: Parameters | None = None,
        rate_micros: int | None = None,
        source: Callable[[Repertoire], CandidateSource] = TantivySource,
        why: str = "matching run",
        by: str = "",
        progress: Progress = silent,
    ) -> MatchRun:
        """Decide every key of the usage given (a batch, ids of batches or lines, or all when None) and return what became of it.

        Every key is scored against the register as it is now; rulings stand above the score. The result depends neither on the
        order of lines nor on what else is in scope. `source`: makes a `CandidateSource` for a `Repertoire`. `rate_micros`: money
        per play for the estimate, instead of the licence's receipts. Raises `NotFound` for an unknown batch or line.
        """
        progress("reading the repertoire", 0, 1)
        with self.office.book.read() as connection:
            scope = _scope(connection, batch_or_ids)
            lines = _lines(connection, scope)
            repertoire = Repertoire(load_targets(connection))
        decisions = self._decide(repertoire, source(repertoire), lines, parameters or Parameters(), progress)
        with self.office.change(why, by) as change:
            held = active_rulings(change.connection)
            decisions = [under_ruling(each, held[each.key]) if each.key in held else each for each in decisions]
            progress("writing decisions", 0, 1)
            write_decisions(change, decisions)
            run_id = change.new_id("K")
            made = self._account(change.connection, run_id, scope, decisions, rate_micros)
            used = (parameters or Parameters()).for_model(load_model())
            record = {"batches": list(made.batches), "lines": made.lines, "keys": made.keys, "counts": made.counts}
            record |= {"digest": made.digest, "parameters": asdict(used), "model": load_model().version}
            journal.record(change, "match_run", run_id, "match", None, record)
        progress("writing decisions", 1, 1)
        return made

    def queue(self, batch: object = None, limit: int | None = 50, *, rate_micros: int | None = None) -> list[Doubt]:
        """Return the open doubts, the one with most money at stake first; of one batch when given (a batch or its id)."""
        with self.office.book.read() as connection:
            batches = None if batch is None else [_batch_id(connection, batch)]
            return doubts(connection, batches, limit, rate_micros)

    def explain(self, usage_id_or_key: str) -> Explanation:
        """Return why a line became what it is: the decision, its evidence per field, and the candidates that were rejected."""
        with self.office.book.read() as connection:
            return explain(connection, _key(connection, usage_id_or_key))

    def rule(
        self,
        usage_id_or_key: str,
        *,
        recording: str = "",
        work: str = "",
        none: bool = False,
        why: str,
        by: str = "",
        expect_open: bool = False,
        seen_version: int | None = None,
    ) -> Ruling:
        """Rule what a line is: a recording, a work (id, or ISWC or ISRC), or `none=True` for not in the repertoire.

        It holds for every line that says the same, in later batches too, until withdrawn. `seen_version`: the `version` of the
        doubt the person looked at; raises `Conflict` when somebody ruled meanwhile. `expect_open`: raises `Conflict` when a
        ruling holds.
        """
        if [bool(recording), bool(work), none].count(True) != 1:
            raise WorkbenchError(
                "a ruling names one thing", got=f"{recording=}, {work=}, {none=}", expected="recording, work or none=True"
            )
        with self.office.change(why, by) as change:
            key = _key(change.connection, usage_id_or_key)
            kind = "recording" if recording else "work" if work else ""
            target_id = _target(change.connection, kind, recording or work) if kind else ""
            return make_ruling(change, key, kind, target_id, seen_version, expect_open=expect_open)

    def withdraw(self, ruling_id: str, *, why: str, by: str = "") -> Ruling:
        """Withdraw a ruling; the scorer's own decision comes back. Raises `Conflict` when it was withdrawn already."""
        with self.office.change(why, by) as change:
            row = change.connection.execute(select(ruling).where(ruling.c.id == ruling_id)).mappings().first()
            if row is None:
                raise unknown("ruling", ruling_id, change.connection.execute(select(ruling.c.id)).scalars())
            return withdraw_ruling(change, Ruling(**row))

    def rulings(self, *, withdrawn: bool = True) -> pd.DataFrame:
        """Return every ruling in the order made, with the title it was made about; `withdrawn_at` is empty while it holds."""
        with self.office.book.read() as connection:
            made = [each for each in rulings_made(connection) if withdrawn or each.active]
            titles = _titles(connection, [each.key for each in made])
        columns = ["id", "title", "artist", *list(Ruling.__slots__)[1:]]
        rows = [{**asdict(each), **dict(zip(("title", "artist"), titles.get(each.key, ("", "")), strict=True))} for each in made]
        return pd.DataFrame(rows, columns=columns)

    def summary(self, batch: object = None, *, rate_micros: int | None = None) -> MatchRun:
        """Return where the usage stands now, rulings since the last run included; lines never matched count as unmatched."""
        with self.office.book.read() as connection:
            scope = None if batch is None else [_batch_id(connection, batch)]
            return self._account(
                connection, "", _Scope(tuple(_all_batches(connection) if scope is None else scope), None), None, rate_micros
            )

    def frame(self, batch: object = None) -> pd.DataFrame:
        """Return one row per usage line: id, title, artist, state, target_kind, target_id, method, probability_ppm,
        margin_ppm."""
        with self.office.book.read() as connection:
            query = (
                select(usage.c.id, usage.c.line, usage.c.title, usage.c.artist, usage.c.plays, usage.c.state.label("usage_state"),
                       *(usage_match.c[name] for name in _SHOWN))
                .join(usage_match, (usage_match.c.key == usage.c.key) & (usage.c.key != ""), isouter=True)
                .order_by(usage.c.batch_id, usage.c.line)
            )  # fmt: skip
            if batch is not None:
                query = query.where(usage.c.batch_id == _batch_id(connection, batch))
            rows = [dict(row) for row in connection.execute(query).mappings()]
        for row in rows:
            row["state"] = REFUSED if row.pop("usage_state") == "quarantined" else row["state"] or UNMATCHED
        return pd.DataFrame(rows, columns=["id", "line", "title", "artist", "plays", *_SHOWN])

    # ---- inside

    def _decide(
        self, repertoire: Repertoire, source: CandidateSource, lines: Sequence[Line], parameters: Parameters, progress: Progress
    ) -> list[Decision]:
        model = load_model()
        decided: list[Decision] = []
        with _collector_at_rest():
            for start in range(0, len(lines), CHUNK):
                progress("matching", start, len(lines))
                decided += decide(repertoire, model, rank(repertoire, source, model, lines[start : start + CHUNK]), parameters)
        progress("matching", len(lines), len(lines))
        return decided

    def _account(
        self, connection: Connection, run_id: str, scope: _Scope, decisions: Sequence[Decision] | None, rate_micros: int | None
    ) -> MatchRun:
        """Count what is in scope by state; lines in = lines out, or the book is not to be trusted."""
        by_key = stakes(connection, scope.batches, rate_micros)
        if scope.keys is not None:
            by_key = {key: stake for key, stake in by_key.items() if key in scope.keys}
        states = {each.key: each.state for each in decisions} if decisions is not None else _states(connection)
        summed = dict.fromkeys(STATES, Stake())
        for key, stake in by_key.items():
            state = states.get(key, UNMATCHED) if key else REFUSED
            summed[state] += stake
        lines = sum(stake.lines for stake in summed.values())
        if scope.keys is None:
            query = select(func.count()).select_from(usage).where(usage.c.batch_id.in_(scope.batches))
            there = connection.execute(query).scalar()
            if lines != there:
                raise DamagedBook("lines in = matched + doubtful + unmatched + refused", got=lines, expected=there)
        result = [[d.key, d.state, d.target_id, d.method, d.probability_ppm, d.margin_ppm] for d in decisions or ()]
        return MatchRun(
            run_id,
            scope.batches,
            lines,
            len([key for key in by_key if key]),
            {state: stake.lines for state, stake in summed.items()},
            digest(sorted(result)),
            self.office.config.currency,
            summed,
        )


_SHOWN = ("state", "target_kind", "target_id", "method", "probability_ppm", "margin_ppm")


@dataclass(frozen=True)
class _Scope:
    """Batches in scope, and the keys when only some lines of them are."""

    batches: tuple[str, ...]
    keys: frozenset[str] | None


@contextmanager
def _collector_at_rest() -> Iterator[None]:
    """Keep the garbage collector from walking the whole repertoire again and again: nothing made meanwhile refers to itself."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _scope(connection: Connection, given: object) -> _Scope:
    if given is None:
        return _Scope(tuple(_all_batches(connection)), None)
    ids = [given] if isinstance(given, str) or hasattr(given, "id") else list(given) if isinstance(given, Iterable) else []
    names = [each if isinstance(each, str) else str(getattr(each, "id", each)) for each in ids]
    lines = [name for name in names if ":" in name]
    if lines:
        keys = frozenset(_key(connection, name) for name in names)
        return _Scope(tuple(sorted({usage_place(name)[0] for name in lines})), keys)
    return _Scope(tuple(sorted({_batch_id(connection, name) for name in names})), None)


def _lines(connection: Connection, scope: _Scope) -> list[Line]:
    """Return one line per key, in the order of keys; of lines that differ only in spelling the one that sorts first, in all
    the book."""
    columns = (usage.c.key, usage.c.title, usage.c.artist, usage.c.writers, usage.c.isrc, usage.c.iswc, usage.c.duration_seconds)
    wanted = select(usage.c.key).where(usage.c.batch_id.in_(scope.batches), usage.c.key != "")
    query: Select[Any] = select(*columns).where(usage.c.key.in_(wanted)).distinct()
    best: dict[str, Line] = {}
    for row in connection.execute(query):
        line = Line(*row)
        if scope.keys is not None and line.key not in scope.keys:
            continue
        held = best.get(line.key)
        if held is None or (line.title, line.artist, line.writers) < (held.title, held.artist, held.writers):
            best[line.key] = line
    return [best[key] for key in sorted(best)]


def _all_batches(connection: Connection) -> list[str]:
    return list(
        connection.execute(select(usage_batch.c.id).where(usage_batch.c.replaced_by == "").order_by(usage_batch.c.id)).scalars()
    )


def _batch_id(connection: Connection, given: object) -> str:
    name = given if isinstance(given, str) else str(getattr(given, "id", given))
    if connection.execute(select(usage_batch.c.id).where(usage_batch.c.id == name)).scalar() is None:
        raise unknown("usage batch", name, connection.execute(select(usage_batch.c.id)).scalars(), "the book")
    return name


def _key(connection: Connection, usage_id_or_key: str) -> str:
    """Return the key of a usage line; raises `NotFound`, or `WorkbenchError` for a line that was refused."""
    if ":" in usage_id_or_key:
        batch_id, line = usage_place(usage_id_or_key)
        key = connection.execute(select(usage.c.key).where(usage.c.batch_id == batch_id, usage.c.line == line)).scalar()
    else:
        key = connection.execute(select(usage.c.key).where(usage.c.key == usage_id_or_key).limit(1)).scalar()
    if key is None:
        raise NotFound("no such usage line", got=usage_id_or_key, expected="like TALA-B-000001:17, or the key of a line")
    if not key:
        raise WorkbenchError(
            "this line was refused: there is nothing to match", got=usage_id_or_key, next_step="See its batch's findings."
        )
    return str(key)


def _target(connection: Connection, kind: str, name: str) -> str:
    """Return the id of a recording or work given by id, ISRC or ISWC."""
    held = RECORDING if kind == "recording" else WORK
    code = RECORDING.table.c.isrc if kind == "recording" else WORK.table.c.iswc
    found = list(connection.execute(select(held.table.c.id).where(code == name).limit(2)).scalars()) if name else []
    if len(found) == 1:
        return str(found[0])
    return str(load(connection, held, name)["id"])


def _states(connection: Connection) -> dict[str, str]:
    return {row.key: row.state for row in connection.execute(select(usage_match.c.key, usage_match.c.state))}


def _titles(connection: Connection, keys: Sequence[str]) -> dict[str, tuple[str, str]]:
    query = (
        select(usage.c.key, func.min(usage.c.title), func.min(usage.c.artist)).where(usage.c.key.in_(keys)).group_by(usage.c.key)
    )
    return {key: (title, artist) for key, title, artist in connection.execute(query)}
