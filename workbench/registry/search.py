"""Find by name, title or identifier, tolerant of accents, scripts and typing errors.

An index holds every name of every document in one plain spelling (`plain`), and follows the journal: what was saved since the
last search is read again, nothing else. Scores run from 0 to 100; a whole title nearly the same beats one that contains it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

import numpy as np
from anyascii import anyascii
from rapidfuzz import fuzz, process
from sqlalchemy import Connection, select

from ..core import documents, identifiers, journal
from ..core.documents import Document, Kind
from ..core.errors import WorkbenchError
from ..core.store import Book

CUTOFF = 60
"""Below this two texts share too little to be looked at."""
SHOWN = 50
"""Below this a document is not shown."""
ALIKE = 80
"""From here on a name is taken for the one asked for, when it narrows a search by title."""
_FOLLOW_AT_MOST = 500
_APART = re.compile(r"[^a-z0-9]+")
_INSIDE = re.compile(r"['’ʼ`´]")

Names = Callable[[Document], list[tuple[str, str]]]
"""Gives a document's names, each with what it is: ("Taa ya Pwani", "title")."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One document found: its best score, and the name or identifier that gave it."""

    entity_id: str
    score: float
    matched: str
    matched_as: str


def plain(text: str) -> str:
    """Return the spelling names are compared in: Latin letters without accents, small, words apart by one space.

    >>> plain("Ɖɔkpɛ́, Ångström’s")
    'dokpe angstroms'
    """
    return _APART.sub(" ", _INSIDE.sub("", anyascii(_INSIDE.sub("", text))).lower()).strip()


def like(text: str, written: Mapping[str, str]) -> set[str]:
    """Return the keys whose text is like `text`; every different spelling is compared once."""
    keys: dict[str, list[str]] = {}
    for key, value in written.items():
        keys.setdefault(value, []).append(key)
    spellings = {value: plain(value) for value in keys}
    found = process.extract(plain(text), spellings, scorer=fuzz.WRatio, limit=None, score_cutoff=ALIKE)
    return {key for _, _, value in found for key in keys[value]}


@dataclass
class NameIndex:
    """Every name of every document of one kind; `current` brings it up to the journal's head."""

    kind: Kind
    names: Names
    identifier_fields: Collection[str] = ()
    entries: dict[str, list[tuple[str, str, str]]] = field(default_factory=dict)  # id -> (plain, as written, what it is)
    seq: int = 0
    head: str = journal.GENESIS
    _flat: tuple[list[str], list[str], list[int]] | None = None  # plain spellings, ids, number within the id

    def current(self, connection: Connection) -> NameIndex:
        """Read what was saved since the last search, or everything when the journal is another one."""
        seq, head = journal.head(connection)
        if (seq, head) == (self.seq, self.head):
            return self
        changed = self._changed(connection)
        if changed is None:
            self.entries = {key: self._spell(one) for key, one in documents.load_many(connection, self.kind).items()}
        else:
            found = documents.load_many(connection, self.kind, changed)
            for key in changed:
                if key in found:
                    self.entries[key] = self._spell(found[key])
                else:
                    self.entries.pop(key, None)
        if changed is None or changed:
            self._flat = None
        self.seq, self.head = seq, head
        return self

    def find(self, text: str, limit: int | None, among: Collection[str] | None = None) -> list[Hit]:
        """Return the documents whose names are most like `text`, best first, ties by id; `among` limits them to some ids."""
        exact = self._by_identifier(text)
        if exact and among is not None:
            exact = [hit for hit in exact if hit.entity_id in among]
        wanted = plain(text)
        if exact or not wanted:
            return exact[:limit]
        spellings, ids, numbers = self._flattened()
        if not spellings:
            return []
        scores = process.cdist([wanted], spellings, scorer=fuzz.WRatio, dtype=np.float32, score_cutoff=CUTOFF)[0]
        best: dict[str, Hit] = {}
        candidates = np.flatnonzero(scores)
        if limit is not None and among is None and len(candidates) > 50 * limit:
            candidates = candidates[np.argsort(-scores[candidates], kind="stable")[: 50 * limit]]
        for at in candidates:
            entity_id = ids[at]
            if among is not None and entity_id not in among:
                continue
            # half for what they share, half for being the same length and order
            score = round(
                (float(scores[at]) + max(fuzz.ratio(wanted, spellings[at]), fuzz.token_sort_ratio(wanted, spellings[at]))) / 2, 1
            )
            if score >= SHOWN and (entity_id not in best or score > best[entity_id].score):
                _, written, what = self.entries[entity_id][numbers[at]]
                best[entity_id] = Hit(entity_id, score, written, what)
        return sorted(best.values(), key=lambda hit: (-hit.score, hit.entity_id))[:limit]

    def alike(self, text: str) -> set[str]:
        """Return the ids of all documents that have a name like `text`, or part of it."""
        spellings, ids, _ = self._flattened()
        return {
            ids[at] for _, _, at in process.extract(plain(text), spellings, scorer=fuzz.WRatio, limit=None, score_cutoff=ALIKE)
        }

    def _changed(self, connection: Connection) -> list[str] | None:
        """The documents touched since `seq`; None when everything must be read again."""
        if not self.seq:
            return None
        last = connection.execute(select(journal.journal.c.hash).where(journal.journal.c.seq == self.seq)).scalar()
        if last != self.head:
            return None
        since = select(journal.journal.c.entity_id).where(
            journal.journal.c.seq > self.seq, journal.journal.c.kind == self.kind.name
        )
        changed = list(dict.fromkeys(connection.execute(since.limit(_FOLLOW_AT_MOST + 1)).scalars()))
        return changed if len(changed) <= _FOLLOW_AT_MOST else None

    def _spell(self, document: Document) -> list[tuple[str, str, str]]:
        found = [(plain(written), written, what) for written, what in self.names(document) if written.strip()]
        for part in (document, *(row for name in self.kind.parts for row in document[name])):
            found += [("", part[name], name) for name in self.identifier_fields if part.get(name)]
        return found

    def _by_identifier(self, text: str) -> list[Hit]:
        asked = text.strip()
        if asked in self.entries:
            return [Hit(asked, 100.0, asked, "id")]
        if not any(char.isdigit() for char in asked):
            return []
        stored = {}
        for name in self.identifier_fields:
            try:
                stored[name] = identifiers.RULES[name](asked)
            except WorkbenchError:
                continue
        if not stored:
            return []
        return [
            Hit(key, 100.0, written, what)
            for key, names in sorted(self.entries.items())
            for _, written, what in names
            if stored.get(what) == written
        ]

    def _flattened(self) -> tuple[list[str], list[str], list[int]]:
        if self._flat is None:
            rows = [
                (spelling, key, number)
                for key, names in sorted(self.entries.items())
                for number, (spelling, _, _) in enumerate(names)
                if spelling
            ]
            self._flat = ([row[0] for row in rows], [row[1] for row in rows], [row[2] for row in rows])
        return self._flat


_INDEXES: WeakKeyDictionary[Book, dict[str, NameIndex]] = WeakKeyDictionary()


def index_of(book: Book, connection: Connection, kind: Kind, names: Names, identifier_fields: Collection[str] = ()) -> NameIndex:
    """Return the book's index of one kind, brought up to date; it lives as long as the book is open."""
    indexes = _INDEXES.setdefault(book, {})
    if kind.name not in indexes:
        indexes[kind.name] = NameIndex(kind, names, identifier_fields)
    return indexes[kind.name].current(connection)
