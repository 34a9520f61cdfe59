"""Releases: what was put on the market under one name, with the recordings on it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import pandas as pd
from sqlalchemy import Connection, select

from ..core import documents, identifiers
from ..core.documents import Document, Kind, named_later, part_table, reference, root_table
from ..core.errors import WorkbenchError
from ..core.store import Change, words
from . import rules
from .checks.desk import CheckedDesk
from .merging.desk import MergeableDesk
from .recordings import by_isrc, recording
from .search.desk import Finder

release = root_table(
    "release",
    words("kind"),  # album | single | ep | compilation | video | other
    words("title"),
    words("main_artist"),  # as printed
    words("label"),
    words("gtin"),
    words("catalogue_number"),
    words("released_on"),
    words("territory"),
    words("p_line"),
    named_later("merged_into_id", "release"),
)
release_track = part_table(
    "release_track",
    release,
    words("number"),  # as printed: 1, A2, 2-07
    words("title"),
    reference("recording_id", recording, required=False, index=True),
    words("isrc"),  # as the release says it, where the recording is not registered
)
RELEASE = Kind("release", "S", release, {"tracks": release_track})


@dataclass(frozen=True, slots=True)
class Track:
    """One track, in order; `recording_id` once the recording is known."""

    title: str = ""
    number: str = ""
    recording_id: str | None = None
    isrc: str = ""


@dataclass(frozen=True, slots=True)
class Release:
    """An album, a single or another publication; empty text means unknown."""

    title: str
    main_artist: str = ""
    kind: str = "album"
    label: str = ""
    gtin: str = ""
    catalogue_number: str = ""
    released_on: str = ""
    territory: str = ""
    p_line: str = ""
    merged_into_id: str | None = None
    tracks: tuple[Track, ...] = ()
    status: str = ""
    id: str = ""
    version: int = 0


class Releases(MergeableDesk[Release], CheckedDesk[Release]):
    """The desk for releases."""

    kind = RELEASE
    thing = Release
    parts: ClassVar[Mapping[str, type]] = {"tracks": Track}

    def link_tracks(self, *, why: str = "recordings registered since", by: str = "") -> int:
        """Link every track whose ISRC now names a registered recording; return how many releases changed."""
        with self.office.change(why, by) as change:
            unlinked = select(release_track.c.owner_id).where(release_track.c.recording_id.is_(None), release_track.c.isrc != "")
            found = documents.load_many(change.connection, RELEASE, sorted(set(change.connection.execute(unlinked).scalars())))
            waiting = [one for one in found.values() if one["status"] not in rules.GONE]
            linked = [one for one in waiting if _link(change.connection, [one])]
            self._write(change, linked)
        return len(linked)

    def _write(self, change: Change, given: list[Document]) -> list[Release]:
        _link(change.connection, given)
        return super()._write(change, given)

    def search(self, text: str, limit: int = 20) -> pd.DataFrame:
        """Return the releases whose title, artist or number is most like `text`, best first.

        Columns: id, score (0 to 100), title, main_artist, label, gtin, tracks (how many), matched, matched_as.
        """
        hits = Finder(self.office).find(("release",), text, limit)
        with self.office.book.read() as connection:
            found = documents.load_many(connection, RELEASE, [hit.entity_id for hit in hits])
        names = ("title", "main_artist", "label", "gtin")
        rows = [
            (one["id"], hit.score, *(one[name] for name in names), len(one["tracks"]), hit.matched, hit.matched_as)
            for hit, one in ((hit, found[hit.entity_id]) for hit in hits)
        ]
        return pd.DataFrame(rows, columns=["id", "score", *names, "tracks", "matched", "matched_as"])

    def _valid(self, document: Document) -> None:
        where = rules.place(document, "release")
        rules.identifier(document, "gtin", where)
        rules.one_of(document, "kind", rules.RELEASE_KINDS, where)
        rules.filled(document, "title", where)
        rules.day(document, "released_on", where)
        rules.territory(document, "territory", where)
        for position, row in enumerate(document["tracks"], start=1):
            rules.identifier(row, "isrc", rules.place(document, "release", "tracks", position))

    def _rows(self, _connection: Connection, found: list[Document]) -> list[dict[str, Any]]:
        return [
            {"id": one["id"], **{name: one[name] for name in self.kind.fields}, "tracks": len(one["tracks"])} for one in found
        ]


def _link(connection: Connection, given: Iterable[Document]) -> int:
    """Give tracks with the ISRC of a registered recording its identifier, in place; return how many."""
    rows = [row for one in given for row in one.get("tracks") or () if row.get("isrc") and not row.get("recording_id")]
    known = by_isrc(connection, (_stored(row["isrc"]) for row in rows))
    linked = 0
    for row in rows:
        if found := known.get(_stored(row["isrc"])):
            row["recording_id"] = found
            linked += 1
    return linked


def _stored(text: str) -> str:
    """The stored spelling of an ISRC; of what is none, nothing: `_valid` says so."""
    try:
        return identifiers.isrc(text)
    except WorkbenchError:
        return ""
