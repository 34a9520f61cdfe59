"""Rules run over a staged copy of the register: findings, problems as a frame, and whether a thing is distributable.

One document is judged with what it is judged against (its parties, works with the same number or title, what contains it), the
whole book by reading it through once; the rules are the same text.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd
from sqlalchemy import Connection, or_, select

from ...core.documents import KINDS, Document, Kind, load_many
from ...core.engine import Engine
from ...core.errors import Finding, WorkbenchError
from ...core.office import Office
from .. import rules
from . import derived
from .derived import Asked
from .packs import COLUMNS, Rule, packs_of, worst
from .staging import Staging, in_chunks

MEMORY = "1GB"
"""What the calculator may take for the whole book; beyond, it works on disk."""
PROBLEMS = ["id", "title", "rule", "message", "field", "got", "expected", "right", "territory", "since", "distributable",
            "what_to_do", "source"]  # fmt: skip
"""Columns of `problems`: `since` is the first day of the picture that is wrong, empty for always or from the beginning."""
_FINDING = ("rule", *COLUMNS)


@dataclass(frozen=True, slots=True)
class Distributable:
    """How far a thing is distributable, and the findings that say why not."""

    state: str
    reasons: tuple[Finding, ...]

    def __str__(self) -> str:
        return f"{self.state}: " + "; ".join(str(one) for one in self.reasons) if self.reasons else self.state


@dataclass(frozen=True, slots=True)
class Judged:
    """What one rule found in one thing."""

    rule: Rule
    finding: Finding
    right: str
    territory: str
    starts_on: str
    distributable: str


def judge(
    connection: Connection,
    office: Office,
    kind: Kind,
    found: Sequence[Document],
    *,
    asked: Asked | None = None,
    only: Collection[str] = (),
    alone: bool = False,
) -> list[Judged]:
    """Return what the rules find in some documents, saved or not; those that are deleted or merged are passed over.

    With `asked`, shares are judged as they hold in that territory on that day; else in every period and area. `only` names rules;
    `alone` leaves out what else is in the book, but for the parties: what a line of a file says by itself.
    """
    live = {one["id"]: one for one in found if one["status"] not in rules.GONE}
    if not live:
        return []
    with _engine() as engine:
        run = _Run(engine, office, [kind], asked, only)
        related = [] if alone else _related(connection, kind, list(live.values()))
        everything = [*live.values(), *related]
        run.staging.documents(kind, everything)
        for other, ids in _named(kind, everything):
            run.staging.documents(other, load_many(connection, other, sorted(ids)).values())
        run.staging.parties(connection, _parties(everything, kind))
        run.rules_over()
        return [one for one in run.judged() if one.finding.source in live]


def problems(connection: Connection, office: Office, kind: Kind) -> pd.DataFrame:
    """Return every problem of the kind in the whole book, one row each, by id and rule; columns `PROBLEMS`."""
    with whole_book(connection, office, [kind]) as run:
        return run.frame()


def everything(connection: Connection, office: Office, kind: Kind) -> list[Finding]:
    """Return every finding of the kind in the whole book, by id."""
    with whole_book(connection, office, [kind]) as run:
        return [one.finding for one in run.judged()]


@contextmanager
def whole_book(connection: Connection, office: Office, kinds: Sequence[Kind]) -> Iterator[_Run]:
    """Give the rules' run over the whole book, all rules done; `rows` of its staging says how much was read."""
    with _engine() as engine:
        run = _Run(engine, office, kinds, None, ())
        run.rows = run.staging.everything(connection)
        run.rules_over()
        yield run


def distributable(judged: Iterable[Judged], right: str = "") -> Distributable:
    """Return the verdict for a right from what was found there and then; for no right, the least of all."""
    of_right = [one for one in judged if not (right and one.right) or one.right == right]
    stopping = [one for one in of_right if one.distributable != "fully"]
    return Distributable(worst(one.distributable for one in stopping), tuple(one.finding for one in stopping))


class _Run:
    """One staged copy, and the findings of the rules over it."""

    def __init__(self, engine: Engine, office: Office, kinds: Sequence[Kind], asked: Asked | None, only: Collection[str]) -> None:
        self.engine, self.office, self.asked = engine, office, asked
        names = [kind.name for kind in kinds]
        self.names = [*names, *(other for kind in names for other in _ALSO.get(kind, ()) if other not in names)]
        self.rules = [
            rule
            for pack in packs_of(office.config)
            for rule in pack.rules
            if rule.kind in names and not (only and rule.code not in only)
        ]
        words = set(derived.WORDS).union(*(rule.words for rule in self.rules), {"title"})
        self.staging = Staging(engine, [KINDS[name] for name in self.names], words)
        self.by_code = {(rule.kind, rule.code): rule for rule in self.rules}
        self.rows = 0

    def rules_over(self) -> None:
        """Make the derived tables and run every rule into the table `finding`."""
        config = self.office.config
        today = date.today()  # noqa: DTZ011  a share ends by the calendar on the wall
        derived.derive(
            self.engine, today=today, society=config.society, territory=config.territory, asked=self.asked, kinds=self.names
        )
        self.engine.shut_in()
        self.engine.run(
            [("finding", f"CREATE TABLE finding (kind VARCHAR, {', '.join(f'{name} VARCHAR' for name in _FINDING)})")]
        )
        for rule in self.rules:
            self._run(rule)

    def _run(self, rule: Rule) -> None:
        try:
            found = f"SELECT '{rule.kind}' AS kind, '{rule.code}' AS rule, * FROM ({rule.sql})"  # noqa: S608  held to a SELECT
            self.engine.run([(f"rule {rule.code}", f"INSERT INTO finding BY NAME {found}")])
        except WorkbenchError as error:
            raise WorkbenchError(
                "a rule of the register cannot be run", got=error.got, where=f"pack {rule.pack}, rule {rule.code}",
                next_step="Correct its SQL, or switch it off in rules/packs/off.yaml.",
            ) from error  # fmt: skip

    def judged(self) -> list[Judged]:
        """Every finding by id, rule, place."""
        made = []
        order = "ORDER BY id, kind, rule, field, of_right, territory, starts_on, got"
        for row in self.engine.rows(f"SELECT kind, {', '.join(_FINDING)} FROM finding {order}"):  # noqa: S608
            said = dict(zip(("kind", *_FINDING), row, strict=True))
            rule = self.by_code[said["kind"], said["rule"]]
            made.append(
                Judged(
                    rule,
                    _finding(rule, said),
                    said["of_right"] or "",
                    said["territory"] or "",
                    said["starts_on"] or "",
                    said["distributable"] or rule.distributable,
                )
            )
        return made

    def count(self) -> int:
        """How many findings there are."""
        return int(self.engine.one("SELECT COUNT(*) FROM finding")[0])

    def frame(self) -> pd.DataFrame:
        """Every finding as a row; columns `PROBLEMS`."""
        said = ("kind", "code", "title", "field", "expected", "distributable", "what_to_do", "source")
        values = ", ".join(f"({', '.join(_text(getattr(rule, name)) for name in said)})" for rule in self.rules)
        named = [f"SELECT '{name}' AS kind, id, {_TITLES[name]} AS title FROM {name}" for name in self.names]  # noqa: S608
        titles = " UNION ALL ".join(named)
        return self.engine.frame(
            f"""WITH said(kind, rule, title, field, expected, distributable, what_to_do, source) AS (VALUES {values}),
            named AS ({titles})
            SELECT f.id, n.title, f.rule, COALESCE(f.message, s.title) AS message, COALESCE(f.field, s.field) AS field,
                COALESCE(f.got, '') AS got, COALESCE(f.expected, s.expected) AS expected, COALESCE(f.of_right, '') AS "right",
                COALESCE(f.territory, '') AS territory, COALESCE(f.starts_on, '') AS since,
                COALESCE(f.distributable, s.distributable) AS distributable,
                COALESCE(f.what_to_do, s.what_to_do) AS what_to_do, s.source
            FROM finding f JOIN said s ON s.kind = f.kind AND s.rule = f.rule JOIN named n ON n.kind = f.kind AND n.id = f.id
            ORDER BY f.id, f.rule, field, f.of_right, f.territory, f.starts_on, got"""  # noqa: S608  the rules' own texts, quoted
        )


_ALSO = {"recording": ("work",), "release": ("recording", "work"), "performance": ("work",)}
"""What must stand beside a kind for its rules."""
_TITLES = {"work": "title", "recording": "title", "release": "title", "performance": "name"}


@contextmanager
def _engine() -> Iterator[Engine]:
    with Engine(memory=MEMORY) as engine:
        yield engine


def _finding(rule: Rule, said: dict[str, Any]) -> Finding:
    return Finding(
        "record",
        rule.code,
        said["message"] or rule.title,
        field=said["field"] if said["field"] is not None else rule.field,
        got=" ".join(one for one in (said["got"], _place(said["territory"], said["starts_on"])) if one),
        expected=said["expected"] if said["expected"] is not None else rule.expected,
        what_to_do=said["what_to_do"] or rule.what_to_do,
        source=said["id"],
    )


def _place(territory: str | None, starts_on: str | None) -> str:
    """Where and since when, for a person."""
    parts = [f"in {territory}" if territory else "", f"from {starts_on}" if starts_on else ""]
    return f"({' '.join(part for part in parts if part)})" if any(parts) else ""


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _parties(found: Iterable[Document], kind: Kind) -> set[str]:
    """Every party some documents name."""
    ids = set()
    for one in found:
        for part in kind.parts:
            for row in one[part]:
                ids |= {row.get("party_id"), row.get("represents_party_id")}
    return {one for one in ids if one}


def _named(kind: Kind, found: Sequence[Document]) -> list[tuple[Kind, set[str]]]:
    """The documents of other kinds that some documents are judged with."""
    wanted: dict[str, set[str]] = {}
    for one in found:
        for part, column, other in _NAMES.get(kind.name, ()):
            wanted.setdefault(other, set()).update(row[column] for row in one[part] if row[column])
    return [(KINDS[other], ids) for other, ids in wanted.items()]


_NAMES = {
    "recording": [("works", "work_id", "work")],
    "performance": [("items", "work_id", "work")],
    "release": [("tracks", "recording_id", "recording")],
}


def _related(connection: Connection, kind: Kind, found: Sequence[Document]) -> list[Document]:
    """Further documents of the same kind that the rules compare with: same number, same title, what contains or follows."""
    table = kind.table
    ids: set[str] = set()
    for places in _SAME.get(kind.name, ()):
        values = {row[column] for one in found for part, column in places for row in (one[part] if part else [one])} - {""}
        for part, column in places:
            rows = kind.parts[part] if part else table
            owner = rows.c.owner_id if part else rows.c.id
            ids |= {row[0] for row in in_chunks(connection, select(owner), rows.c[column], values)}
    ids |= _linked(connection, kind, found)
    missing = sorted(ids - {one["id"] for one in found})
    return list(load_many(connection, kind, missing).values())


_SAME = {
    "work": ((("", "iswc"), ("archived_iswcs", "iswc")), (("numbers", "number"),), (("", "title"),)),
    "recording": ((("", "isrc"), ("numbers", "number")),),
    "release": ((("", "gtin"),),),
}
"""Places (part, column) whose values may name the same thing."""
_LINKS = {
    "work": ("original_work_id", "whole_work_id", "series_work_id"),
    "recording": ("original_recording_id",),
    "release": (),
    "performance": (),
}
_LINKING_PARTS = {"work": (("components", "component_work_id"), ("cues", "cued_work_id"))}


def _linked(connection: Connection, kind: Kind, found: Sequence[Document]) -> set[str]:
    """Everything reached by links from some documents, and what contains them, however far."""
    table, links = kind.table, [kind.table.c[name] for name in _LINKS[kind.name]]
    seen: set[str] = set()
    ask = {one["id"] for one in found if one["id"]}
    ask |= {one[name] for one in found for name in _LINKS[kind.name]}
    ask |= {row[name] for one in found for part, name in _LINKING_PARTS.get(kind.name, ()) for row in one[part]}
    ask -= {None}
    while ask:
        seen |= ask
        reached: set[str] = set()
        if links:
            away = select(*links).where(or_(*(link.is_not(None) for link in links)))
            reached |= {to for row in in_chunks(connection, away, table.c.id, ask) for to in row if to}
        if kind.name == "work":
            component = kind.parts["components"]
            outer = select(component.c.owner_id)
            reached |= {row.owner_id for row in in_chunks(connection, outer, component.c.component_work_id, ask)}
        ask = reached - seen
    return seen


__all__ = ["Asked", "Distributable", "Judged", "distributable", "everything", "judge", "problems", "whole_book", "worst"]
