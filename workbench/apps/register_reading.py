"""What of the register is looked at: what is found, and one open record with its problems, chain, links, papers and history."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
from sqlalchemy import func, select

from ..api import Workbench
from ..core import documents
from ..core.documents import KINDS, Document, Kind
from ..core.errors import Finding, WorkbenchError, unknown
from ..core.journal import journal
from .parts import decimal, money
from .register_fields import Field, fields_of, references
from .register_words import HIDDEN_WHEN_NEW
from .register_words import KINDS as WORDS
from .session import Notice, PageModel, Roles, command
from .uploads import Upload

FOUND = 30
NEWEST = 8
LINKED = 40
SURE = 99.0
"""From this score on a name that was typed is taken for a record, when nothing else comes near."""
CALLED_AFTER = {
    "agreement": ("assignor_party_id", "acquirer_party_id"),
    "mandate": ("party_id",),
    "membership": ("party_id",),
}
"""Records without a name of their own, and the parties they are called after."""
TABS = ("record", "problems", "chain", "linked", "papers", "history")
EDITORS = ("analyst", "admin")
LARGEST_PAPER_BYTES = 50 * 2**20
SEARCHED = tuple(name for name in WORDS if name != "membership")
"""Kinds that are found by a name or number of their own; a membership is found at its party."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One record found, and what of it was like what was asked."""

    kind: str
    id: str
    title: str
    about: str
    matched: str


@dataclass(frozen=True, slots=True)
class Problem:
    """One rule a record does not keep, what to do, and what money waits on it."""

    kind: str
    id: str
    title: str
    rule: str
    what_to_do: str
    waiting: str


@dataclass(frozen=True, slots=True)
class Card:
    """One record as it stands, or as it stood at a journal entry."""

    kind: Kind
    document: Document
    version: int
    title: str
    names: Mapping[str, str]
    seq: int = 0
    """The journal entry it is shown at; 0 for now."""
    at: str = ""


@dataclass(slots=True)
class Draft:
    """A new record being entered: what was typed so far, and the look-alikes to be looked at first."""

    kind: Kind
    values: dict[str, str] = field(default_factory=dict)
    look_alikes: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Merging:
    """Two records side by side: per field what each says and what would stay, and what else would move."""

    survivor_id: str
    other_id: str
    rows: tuple[tuple[str, str, str, str], ...]
    moves: tuple[str, ...]
    findings: tuple[str, ...]
    chosen: Mapping[str, str] = field(default_factory=dict)
    """Whose value stays, by field, where somebody chose."""


class ReadingModel(PageModel):
    """What is found, and one record from every side."""

    def __init__(self, wb: Workbench, roles: Roles, logs: Path | None = None) -> None:
        super().__init__(wb, roles, logs)
        self.desks: dict[str, Any] = {
            "party": wb.parties,
            "work": wb.works,
            "recording": wb.recordings,
            "release": wb.releases,
            "performance": wb.performances,
            "agreement": wb.agreements,
            "mandate": wb.mandates,
            "membership": wb.memberships,
        }
        self.asked = ""
        self.only = ""
        self.hits: list[Hit] | None = None
        self.counts: dict[str, int] = {}
        self.newest: list[Hit] = []
        self.problems: list[Problem] = []
        self.found_problems = 0
        self.card: Card | None = None
        self.tab = "record"
        self.trail: list[tuple[str, str]] = []
        self.editing: dict[str, str] | None = None
        self.draft: Draft | None = None
        self.merging: Merging | None = None
        today = datetime.now(UTC).date().isoformat()
        self.chain_asked: dict[str, Any] = {
            "right": "performing",
            "territory": wb.config.territory,
            "on": today,
            "societies": False,
        }
        self.contact: Document | None = None
        self.paper: Path | None = None
        self._upload: Upload | None = None
        self.help = False
        self.do("refresh")

    # ---- finding

    @command()
    def refresh(self) -> None:
        """Read the counts, what was changed last, and what waits, again."""
        with self.wb.book.read() as connection:
            for name in WORDS:
                table = KINDS[name].table
                live = table.c.status.not_in(("deleted", "merged"))
                self.counts[name] = connection.execute(select(func.count()).select_from(table).where(live)).scalar_one()
            last = func.max(journal.c.seq)
            query = select(journal.c.kind, journal.c.entity_id).where(journal.c.kind.in_(list(WORDS)))
            recent = connection.execute(query.group_by(journal.c.kind, journal.c.entity_id).order_by(last.desc()).limit(NEWEST))
            rows = [(row.kind, row.entity_id) for row in recent]
            titles = titles_of(connection, rows)
        self.newest = [Hit(kind, entity_id, titles.get(entity_id, entity_id), "", "") for kind, entity_id in rows]
        if self.card is not None:
            self._show(self.card.kind.name, self.card.document["id"])

    @command()
    def search(self, value: str = "", text: str = "") -> None:
        """Find records of every kind by name, title or number, in any script; an empty text shows the first screen again."""
        self.asked = (value or text).strip()
        self.draft = None
        if not self.asked:
            self.hits = None
            return
        frame = self.wb.search(self.asked, kinds=(self.only,) if self.only else SEARCHED, limit=FOUND)
        self.hits = [
            Hit(
                row["kind"],
                row["id"],
                as_text(row["title_or_name"]),
                as_text(row["about"]),
                f"{row['matched_as']}: {row['matched']}",
            )
            for row in frame.to_dict("records")
        ]
        self.card = None

    @command()
    def show_only(self, value: str = "") -> None:
        """Look for one kind of record only, or for all."""
        self.only = value if value in SEARCHED else ""
        if self.asked:
            self.search(self.asked)

    @command()
    def find_problems(self) -> None:
        """Judge the whole register by every rule, dearest first."""
        self.progress("Checking the register", 0, 1)
        frame = self.wb.problems()
        self.found_problems = len(frame)
        own = self.wb.config.currency
        self.problems = [
            Problem(
                row["kind"],
                row["id"],
                as_text(row["title"]),
                row["message"],
                row["what_to_do"],
                decimal(row["waiting"], own) if row["waiting"] else row["waiting_elsewhere"],
            )
            for row in frame.head(FOUND).to_dict("records")
        ]
        if not self.problems:
            self.notice = Notice("good", "Every record keeps every rule.")

    # ---- one record

    @command()
    def open(self, kind: str, id: str, tab: str = "record") -> None:  # noqa: A002  the field's word on the page
        """Show one record."""
        if self.card is not None and self.card.document["id"] != id:
            self.trail.append((self.card.kind.name, self.card.document["id"]))
        self._show(kind, id)
        self.tab = tab if tab in TABS else "record"

    @command()
    def back(self) -> None:
        """Go back to the record before, or to what was found."""
        self.editing, self.merging, self.draft, self.contact = None, None, None, None
        if self.card is not None and self.trail:
            self._show(*self.trail.pop())
        else:
            self.card = None

    @command()
    def look(self, tab: str) -> None:
        """Show another side of the record."""
        if tab not in TABS:
            raise unknown("side of a record", tab, TABS)
        self.tab = tab
        self.editing, self.merging = None, None
        if tab != "history" and self.card is not None and self.card.seq:
            self._show(self.card.kind.name, self.card.document["id"])

    @command()
    def as_it_was(self, seq: int) -> None:
        """Show the record as it stood right after a journal entry."""
        card = self._card()
        entry = next((row for row in self.history() if row["seq"] == int(seq)), None)
        if entry is None or entry["after"] is None:
            raise WorkbenchError("the record was not there then", got=seq)
        document = documents.normalise(card.kind, entry["after"])
        with self.wb.book.read() as connection:
            names = titles_of(connection, references(card.kind, document))
        self.card = Card(card.kind, document, 0, card.title, names, int(seq), entry["at"])
        self.tab, self.editing = "record", None

    def history(self) -> list[dict[str, Any]]:
        """Return the record's journal entries, newest first: seq, at, who, why, changed, after, file, line."""
        card = self._card()
        frame = self.desks[card.kind.name].history(card.document["id"])
        return list(reversed(frame.to_dict("records")))

    def findings(self) -> list[Finding]:
        """Return what is odd in the record."""
        card = self._card()
        return list(self.desks[card.kind.name].check(card.document["id"]))

    def waiting(self) -> str:
        """Return what money waits on the open record, in words; empty when none does."""
        card = self._card()
        sums = self.wb.distribution.waiting_by_target().get((card.kind.name, card.document["id"]), {})
        return " and ".join(money(one.micros, currency) for currency, one in sums.items() if one.micros)

    def linked(self) -> list[Hit]:
        """Return the records that name this one, with the field that does."""
        card = self._card()
        found: dict[tuple[str, str], str] = {}
        with self.wb.book.read() as connection:
            for name in WORDS:
                kind = KINDS[name]
                for part in ("", *kind.parts):
                    table = kind.parts[part] if part else kind.table
                    owner = table.c.owner_id if part else table.c.id
                    for one in fields_of(kind, part):
                        if one.refers_to == card.kind.table.name:
                            query = select(owner).where(table.c[one.name] == card.document["id"]).limit(LINKED)
                            for entity_id in connection.execute(query).scalars():
                                found.setdefault((name, entity_id), part.replace("_", " ") or one.label.lower())
            titles = titles_of(connection, found)
        return [Hit(kind, key, titles.get(key, key), how, "") for (kind, key), how in sorted(found.items())][:LINKED]

    def chain(self) -> Any:
        """Return who collects the open work, by the right, territory and day that were asked for."""
        card = self._card()
        return self.wb.agreements.chain(card.document["id"], **self.chain_asked)

    @command()
    def ask_chain(self, right: str, territory: str, on: str, societies: bool = False) -> None:
        """Ask who collects for another right, territory or day, up to the societies when that is wanted."""
        before = self.chain_asked
        where = territory.strip() or self.wb.config.territory
        self.chain_asked = {"right": right, "territory": where, "on": on, "societies": bool(societies)}
        try:
            self.chain()
        except (WorkbenchError, ValueError) as error:
            self.chain_asked = before
            raise WorkbenchError(
                "this cannot be asked", got=error, expected="a right, a TIS code and a day like 2026-01-31"
            ) from error

    @command()
    def toggle_help(self) -> None:
        """Show or hide what the keys do."""
        self.help = not self.help

    # ---- inside

    def resolve(self, table: str, text: str) -> str:
        """Return the id of a record of a table from an id, a number or a name; raises `WorkbenchError` when it is not clear."""
        text = text.strip()
        kind = next((kind for kind in KINDS.values() if kind.table.name == table), None)
        if kind is None:
            raise unknown("kind of record", table, KINDS)
        with self.wb.book.read() as connection:
            if documents.version_of(connection, kind, text):
                return text
        found = (
            self.wb.search(text, kinds=(kind.name,), limit=3).to_dict("records") if kind.name in (*SEARCHED, "licensee") else []
        )
        sure = [row for row in found if float(row["score"]) >= SURE]
        if len(sure) == 1:
            return str(sure[0]["id"])
        like = "; ".join(f"{row['title_or_name']} ({row['id']})" for row in found)
        raise WorkbenchError(
            f"no {kind.name} is certain to be meant",
            got=repr(text[:60]),
            expected="its id, a number of it, or its exact name",
            next_step=f"Perhaps: {like}." if like else "Register it first.",
        )

    def _card(self) -> Card:
        if self.card is None:
            raise WorkbenchError("no record is open", next_step="Search for one first.")
        return self.card

    def _show(self, kind_name: str, entity_id: str) -> None:
        if kind_name not in WORDS:
            raise unknown("kind of record", kind_name, WORDS)
        kind = KINDS[kind_name]
        self.editing, self.merging, self.draft, self.contact = None, None, None, None
        if self.card is not None and self.card.document["id"] != entity_id:
            self._drop_paper()
        with self.wb.book.read() as connection:
            document = documents.load(connection, kind, entity_id)
            version = documents.version_of(connection, kind, entity_id)
            names = titles_of(connection, [*references(kind, document), (kind_name, entity_id)])
        self.card = Card(kind, document, version, names.get(entity_id, entity_id), names)

    def _drop_paper(self) -> None:
        if self.paper is not None:
            self.paper.unlink(missing_ok=True)
        self.paper = None


def titles_of(connection: Any, wanted: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return what each record is called, by id, from (kind, id) pairs; without a name of its own, after its parties."""
    by_kind: dict[str, set[str]] = {}
    for kind, entity_id in wanted:
        by_kind.setdefault(kind, set()).add(entity_id)
    found = {
        entity_id: (kind, document)
        for kind, ids in by_kind.items()
        if kind in KINDS
        for entity_id, document in documents.load_many(connection, KINDS[kind], sorted(ids)).items()
    }
    parties = {key: [one[name] for name in CALLED_AFTER[kind]] for key, (kind, one) in found.items() if kind in CALLED_AFTER}
    asked = sorted({party_id for ids in parties.values() for party_id in ids})
    people = documents.load_many(connection, KINDS["party"], asked) if asked else {}
    return {
        key: " → ".join(_title_of("party", people[one]) for one in parties[key]) if key in parties else _title_of(kind, document)
        for key, (kind, document) in found.items()
    }


def _title_of(kind: str, document: Document) -> str:
    if kind == "party":
        return f"{document['first_name']} {document['name']}".strip()
    return str(document.get("title") or document.get("name") or document.get("number") or document["id"])


def new_fields(kind: Kind, part: str = "") -> list[Field]:
    """Return the fields of a form, without those nobody fills in by hand."""
    return [one for one in fields_of(kind, part) if part or one.name not in HIDDEN_WHEN_NEW]


def as_text(value: Any) -> str:
    """Return a cell of a frame as text; empty when it says nothing."""
    return (
        value
        if isinstance(value, str)
        else ""
        if value is None or (not isinstance(value, list) and pd.isna(value))
        else str(value)
    )
