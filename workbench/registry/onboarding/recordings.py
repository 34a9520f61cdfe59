"""Recordings and releases from lines: contributors, the works that are heard, the tracks."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from ...core import identifiers
from ...core.documents import Document
from ...core.errors import WorkbenchError
from ...core.money import allocate
from ...core.shares import WHOLE
from .. import rules
from ..recordings import RECORDING, Recordings, recording
from ..releases import RELEASE, Releases, release
from ..search.spelling import plain
from .builder import Builder, Works, by_column, live_ids, own_id, plainly
from .clerk import Bundle, Clerk, same_throughout, several

_RECORDING = ("version_title", "main_artist", "isrc", "recorded_year", "label", "p_line", "duration_seconds")
_RELEASE = ("title", "main_artist", "kind", "label", "gtin", "catalogue_number", "released_on", "p_line")


class RecordingBuilder(Builder):
    """Makes a recording of every number, or ISRC, or line; without contributors the artist is the featured performer."""

    kind = RECORDING
    desk = Recordings
    keys = ("number", "isrc")

    def __init__(self, clerk: Clerk) -> None:
        super().__init__(clerk)
        self._codes = by_column(clerk.connection, recording, "isrc")
        self._ids = live_ids(clerk.connection, recording)
        self._works = Works(clerk.connection)
        self._twins: dict[tuple[str, ...], list[tuple[str, str]]] = {}
        columns = (recording.c.id, recording.c.isrc, recording.c.title, recording.c.version_title, recording.c.main_artist)
        for row in clerk.connection.execute(select(*columns).where(recording.c.status.not_in(rules.GONE))):
            self._twins.setdefault(_sounds(row.title, row.version_title, row.main_artist), []).append((row.isrc, row.id))

    def build(self, bundle: Bundle) -> None:
        """Set the recording's document, or the one that is there with what the lines say."""
        clerk = self.clerk
        document = self._document(bundle)
        if document is None:
            return
        if given := own_id(clerk, bundle, self._ids):
            clerk.there_already(bundle, "id", given, given, document)
            return
        clerk.place(bundle, document, self._codes, "isrc")
        if bundle.document is None or bundle.document.get("id"):
            return
        same = self._twins.get(_sounds(document["title"], document["version_title"], document["main_artist"]), [])
        twin = next((found for isrc, found in same if not (isrc and document["isrc"] and isrc != document["isrc"])), "")
        if twin:
            clerk.there_already(bundle, "title", document["title"], twin, document)

    def _document(self, bundle: Bundle) -> Document | None:
        clerk = self.clerk
        if not bundle.value("title"):
            clerk.fail(bundle, bundle.first, "missing_value", "title", "the recording has no title", "nothing", "a title")
            return None
        same_throughout(clerk, bundle, ("title", "main_artist", "isrc", "duration_seconds"))
        contributors = self._contributors(bundle)
        if contributors is None:
            return None
        document: Document = {
            "title": bundle.value("title"),
            **{name: bundle.value(name, None if name == "duration_seconds" else "") for name in _RECORDING},
            "territory": clerk.territory(bundle, bundle.first, "territory", bundle.value("territory")),
            "contributors": contributors,
            "works": [
                {"work_id": one} for one in self._works.named(clerk, bundle, "works", "Onboard the works first, or correct it.")
            ],
            "titles": [{"kind": "AT", "title": text} for text in several(bundle.value("alternative_titles"))],
            "numbers": self._numbers(bundle),
        }
        if original := bundle.value("original_recording"):
            found = self._find(original)
            if found:
                document["original_recording_id"] = found
            else:
                message = "no such recording in the register"
                clerk.note(bundle.first, "unknown_recording", "original_recording", message, original, "an ISRC or an id")
        return document

    def _find(self, text: str) -> str:
        try:
            return text if text in self._ids else self._codes.get(identifiers.isrc(text), "")
        except WorkbenchError:
            return ""

    def _numbers(self, bundle: Bundle) -> list[Document]:
        rows = [{"issuer": "ISRC", "number": text.upper()} for text in several(bundle.value("further_isrcs"))]
        if number := bundle.value("society_number"):
            rows.append({"issuer": bundle.value("society_number_of"), "number": number})
        return rows

    def _contributors(self, bundle: Bundle) -> list[dict[str, Any]] | None:
        clerk, rows = self.clerk, list[dict[str, Any]]()
        named = [line for line in bundle.lines if "party" in line.values]
        for line in named or [bundle.first]:
            get = line.values.get
            name = get("party") if named else bundle.value("main_artist")
            if not name:
                continue
            role = get("role", "featured") if named else "featured"
            kind = "legal" if role == "producer" else "natural" if get("first_name") else "group"
            numbers = {number: get(number, "") for number in ("ipi_name_number", "ipn")}
            column = "party" if named else "main_artist"
            party = clerk.who(bundle, line, name, get("first_name", ""), kind, column, **numbers)
            if party is None:
                return None
            rows.append(
                {
                    "party_id": party.id,
                    "role": role,
                    "share_ppm": get("producer_share", 0) if role == "producer" else 0,
                    "instrument": get("instrument", ""),
                    "territory": clerk.territory(bundle, line, "right_territory", get("right_territory", "")),
                    "starts_on": get("right_from", ""),
                    "ends_on": get("right_until", ""),
                }
            )
        producers = [row for row in rows if row["role"] == "producer"]
        if producers and not any(row["share_ppm"] for row in producers):
            parts = allocate(WHOLE, {f"{at:06d}": 1 for at in range(len(producers))})
            for row, part in zip(producers, parts.values(), strict=True):
                row["share_ppm"] = part
        return rows


class ReleaseBuilder(Builder):
    """Makes a release of every number, or GTIN, or title and artist, with a track for every line."""

    kind = RELEASE
    desk = Releases
    keys = ("number", "gtin", "title")

    def __init__(self, clerk: Clerk) -> None:
        super().__init__(clerk)
        self._codes = by_column(clerk.connection, recording, "isrc")
        self._gtins = by_column(clerk.connection, release, "gtin")
        self._ids = live_ids(clerk.connection, release)

    def build(self, bundle: Bundle) -> None:
        """Set the release's document, or the one that is there with what the lines say."""
        clerk = self.clerk
        if not bundle.value("title"):
            clerk.fail(bundle, bundle.first, "missing_value", "title", "the release has no title", "nothing", "a title")
            return
        same_throughout(clerk, bundle, ("title", "main_artist", "gtin", "label"))
        tracks = []
        for line in bundle.lines:
            get = line.values.get
            if not (get("track_title") or get("isrc")):
                continue
            found = self._codes.get(get("isrc", ""))
            tracks.append(
                {
                    "number": get("track_number", ""),
                    "title": get("track_title", ""),
                    "isrc": get("isrc", ""),
                    "recording_id": found,
                }
            )
            if get("isrc") and not found:
                step = "Onboard the recordings first, or correct the ISRC; the track keeps it."
                clerk.note(
                    line, "unknown_recording", "isrc", "no recording has this ISRC", get("isrc", ""), "a registered ISRC", step
                )
        document: Document = {
            "kind": "album",
            **plainly(bundle, _RELEASE),
            "gtin": bundle.value("gtin"),
            "territory": clerk.territory(bundle, bundle.first, "territory", bundle.value("territory")),
            "tracks": tracks,
        }
        if given := own_id(clerk, bundle, self._ids):
            clerk.there_already(bundle, "id", given, given, document)
        else:
            clerk.place(bundle, document, self._gtins, "gtin")


def _sounds(title: str, version: str, artist: str) -> tuple[str, ...]:
    return (plain(title) or title, plain(version), plain(artist) or artist)
