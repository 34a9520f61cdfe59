"""Releases: what was put on the market under one name, with the recordings on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from ..core.documents import Document, Kind, named_later, part_table, reference, root_table
from ..core.store import words
from . import rules
from .checks.desk import CheckedDesk
from .recordings import recording

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


class Releases(CheckedDesk[Release]):
    """The desk for releases."""

    kind = RELEASE
    thing = Release
    parts: ClassVar[Mapping[str, type]] = {"tracks": Track}

    def _valid(self, document: Document) -> None:
        where = rules.place(document, "release")
        rules.one_of(document, "kind", rules.RELEASE_KINDS, where)
        rules.filled(document, "title", where)
        rules.day(document, "released_on", where)
        rules.territory(document, "territory", where)
        for position, row in enumerate(document["tracks"], start=1):
            rules.identifier(row, "isrc", rules.place(document, "release", "tracks", position))

    def _rows(self, _connection: Any, found: list[Document]) -> list[dict[str, Any]]:
        return [
            {"id": one["id"], **{name: one[name] for name in self.kind.fields}, "tracks": len(one["tracks"])} for one in found
        ]
