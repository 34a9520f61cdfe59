"""Search over everything: the index on disk, what was saved since in memory, and the desk a person asks.

The index follows the journal. What the last commit has not read yet is read into memory, as long as it is little, and judged with
every question; when it is more, the index is written. So an edit is found at once, a search seldom waits for a disk, and whoever
cannot write because another process does still finds everything.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from weakref import WeakKeyDictionary, finalize

import pandas as pd
from sqlalchemy import Connection

from ...core import journal
from ...core.errors import WorkbenchError, unknown
from ...core.office import Office, Progress, silent
from ...core.store import Book
from . import sources
from .index import CANDIDATES, LOCK, SUBFOLDER, Damaged, DiskIndex, Head, Locked, Slice
from .rank import rank, sorted_hits
from .spelling import Entry, Hit

FOLDER = "index"
"""The room of the workspace that holds the index; not part of a backup, because everything in it is read from the book."""
TAIL = 300
"""Documents kept in memory at most before the index is written."""
TAIL_WHILE_LOCKED = 5_000
"""The same while another process is writing; beyond it, wait."""
SURE = 88
"""A best score below this is worth looking again, allowing for more slips."""
_ANEW_FROM = 100_000
_WAIT_SECONDS = 0.1
_SHOWN_PEOPLE = 4


@dataclass
class _State:
    """What one process knows of a book's index: the last commit, and what was saved since."""

    disk: DiskIndex
    epoch: str
    tail: dict[tuple[str, str], Entry | None] = field(default_factory=dict)
    """Everything saved since `base`, None for what is gone; the whole book when `base` is None."""
    base: Head | None = None
    seen: Head | None = None
    guard: threading.RLock = field(default_factory=threading.RLock)


_STATES: WeakKeyDictionary[Book, _State] = WeakKeyDictionary()


class Finder:
    """Finds documents of a book by names, people and identifiers; every desk's search goes through it."""

    def __init__(self, office: Office) -> None:
        self.book = office.book
        if self.book not in _STATES:
            sources.declare()
            _STATES[self.book] = _State(DiskIndex(_room(office)), self.book.meta("epoch"))
        self._state = _STATES[self.book]

    def find(self, kinds: Collection[str], text: str, limit: int, *, people: str = "", roles: Collection[str] = ()) -> list[Hit]:
        """Return the documents most like `text`, best first, ties by kind and id.

        `people` keeps those with a person of a like name, in one of `roles` where those are said.
        """
        if not text.strip() and not people.strip():
            return []
        try:
            return self._find(kinds, text, limit, people, roles)
        except Damaged:  # nothing is lost: read the book again
            self._state.disk.discard()
        try:
            return self._find(kinds, text, limit, people, roles)
        except Damaged as error:
            where, step = self._state.disk.folder, "Make room on the disk, or delete this folder; it is made again."
            raise WorkbenchError("the search index cannot be kept", where=where, next_step=step) from error

    def bring_up_to_date(self, progress: Progress = silent, *, write: bool = False) -> None:
        """Take in what was saved since, waiting for another process where it must; `write` writes even the little to disk."""
        with self._state.guard:
            while not self._follow(progress, write):
                progress("index, written by another process", 0, 1)
                time.sleep(_WAIT_SECONDS)

    def _find(self, kinds: Collection[str], text: str, limit: int, people: str, roles: Collection[str]) -> list[Hit]:
        self.bring_up_to_date()
        state = self._state
        most = max(CANDIDATES if len(kinds) < 3 else CANDIDATES // 2, 2 * limit)
        judged = {key: entry for key, entry in state.tail.items() if key[0] in kinds}
        found: list[Hit] = []
        for wide in (False, True):
            drawn = state.disk.candidates(kinds, text, people, most, wide=wide)
            new = {(one.kind, one.id): one for one in drawn if (one.kind, one.id) not in judged}
            fresh = new if wide else judged | new
            found = sorted_hits([*found, *rank(text, people, roles, [one for one in fresh.values() if one is not None])])
            if not text.strip() or (found and found[0].score >= SURE):
                break
            judged |= new
        return found[:limit]

    def _follow(self, progress: Progress, write: bool) -> bool:
        """Bring commit and tail up to the journal's head; tell whether that was possible without waiting."""
        state = self._state
        base = state.disk.reload()  # before the book: the index is never ahead of what is read
        with self.book.read() as connection:
            head = Head(*journal.head(connection), state.epoch)
            if base is not None and not _leads_to(connection, base, head):
                state.disk.discard()  # another journal: a restored book, or another one altogether
                base = None
            if (base, head) == (state.base, state.seen) and not write:
                return True
            names = sources.Names()
            total = 0 if base else sum(sources.count(connection, kind) for kind in sources.SOURCES)
            most = write or total > TAIL if base is None else head.seq - base.seq > max(_ANEW_FROM, len(state.disk) // 2)
            if most:
                return self._write(_whole_book(connection, names, total, progress), head, anew=True)
            changed = sources.touched(connection, base.seq) if base else sources.first(connection, TAIL)
            many = sum(map(len, changed.values()))
            if (many > TAIL or write) and self._write(_some(connection, changed, names, progress), head):
                return True
            if many > TAIL_WHILE_LOCKED:
                return False
            state.tail = {(kind, one): None for kind, ids in changed.items() for one in ids}
            for _, _, entries in _some(connection, changed, names, silent):
                state.tail.update({(entry.kind, entry.id): entry for entry in entries})
        state.base, state.seen = base, head
        return True

    def _write(self, slices: Iterator[Slice], head: Head, *, anew: bool = False) -> bool:
        state = self._state
        try:
            state.disk.write(slices, head, anew=anew)
        except Locked:
            return False
        state.tail, state.base, state.seen = {}, head, head
        return True


class Search:
    """The desk that finds anything in the register; ask it like a function.

    >>> wb.search("malaika makeba")                                      # doctest: +SKIP
    >>> wb.search("T-034.524.680-1", kinds=("work",))                    # doctest: +SKIP
    """

    def __init__(self, office: Office) -> None:
        self.office = office

    def __call__(self, text: str, kinds: Collection[str] = (), limit: int = 20) -> pd.DataFrame:
        """Return what is most like `text`: a title, a name, an identifier in any spelling, or a title and a name together.

        Accents, scripts, the order of words and small errors do not matter; the last word need not be finished. `kinds`: work,
        recording, release, party, performance, agreement, mandate, licensee; all when not said. Deleted and merged documents are
        left out. Columns: kind, id, score (0 to 100), title_or_name, about (people, dates), matched (what was found), matched_as.
        Raises `NotFound` for an unknown kind.
        """
        asked = (kinds,) if isinstance(kinds, str) else tuple(kinds)
        for kind in asked:
            if kind not in sources.SOURCES:
                raise unknown("kind", kind, sources.SOURCES)
        hits = Finder(self.office).find(asked or tuple(sources.SOURCES), text, limit)
        rows = [
            (hit.entry.kind, hit.entity_id, hit.score, _titled(hit.entry), _about(hit.entry), hit.matched, hit.matched_as)
            for hit in hits
        ]
        return pd.DataFrame(rows, columns=["kind", "id", "score", "title_or_name", "about", "matched", "matched_as"])

    def build(self, progress: Progress = silent) -> None:
        """Write everything saved so far to the index on disk, so that the first search need not; it may take minutes."""
        Finder(self.office).bring_up_to_date(progress, write=True)


def _room(office: Office) -> Path:
    """Return the folder of the index; a temporary one where the workspace may only be read."""
    folder = office.config.folder / FOLDER
    needed = (office.config.folder, folder, folder / SUBFOLDER, folder / SUBFOLDER / LOCK)
    if all(os.access(path, os.W_OK) for path in needed if path.exists()):
        return folder
    own = tempfile.mkdtemp(prefix="workbench-index-")
    finalize(office.book, shutil.rmtree, own, ignore_errors=True)
    return Path(own)


def _leads_to(connection: Connection, base: Head, head: Head) -> bool:
    """Tell whether a journal that ends at `head` goes on from `base`."""
    if base == head:
        return True
    if base.epoch != head.epoch or base.seq > head.seq:
        return False
    return not base.seq or journal.hash_at(connection, base.seq) == base.hash


def _whole_book(connection: Connection, names: sources.Names, total: int, progress: Progress) -> Iterator[Slice]:
    names.read(connection, None)
    done = 0
    total = total or sum(sources.count(connection, kind) for kind in sources.SOURCES)
    for kind in sources.SOURCES:
        for entries in sources.read_all(connection, kind, names):
            progress("index", done, total)
            yield kind, (), entries
            done += len(entries)
    progress("index", total, total)


def _some(connection: Connection, changed: dict[str, set[str]], names: sources.Names, progress: Progress) -> Iterator[Slice]:
    done, total = 0, sum(map(len, changed.values()))
    for kind, ids in changed.items():
        for slice_, entries in sources.read_some(connection, kind, ids, names):
            progress("index", done, total)
            yield kind, slice_, entries
            done += len(slice_)
    progress("index", total, total)


def _titled(entry: Entry) -> str:
    """Return what a document is called; one that has no name but its parties', by all of them."""
    if not any(text.party for text in sources.SOURCES[entry.kind].names):
        return entry.names[0][0]
    chief: dict[str, str] = {}
    for written, what in entry.names:
        chief.setdefault(what, written)
    return " / ".join(chief.values())


def _about(entry: Entry) -> str:
    """Return who and when: people as printed, writers and artists before publishers, then dates."""
    ordered = sorted(entry.people, key=lambda named: named[0] == "publisher")
    printed = list(dict.fromkeys(spellings[0] for _, spellings in ordered))
    shown = [*printed[:_SHOWN_PEOPLE], *(["..."] if len(printed) > _SHOWN_PEOPLE else [])]
    return " · ".join(part for part in ("; ".join(shown), entry.facts) if part)
