"""Recordings: fixed sound with its performers and producers, and the works it embodies."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import pandas as pd
from sqlalchemy import Connection, select

from ..core import documents, identifiers
from ..core.documents import CHUNK, Document, Kind, named_later, part_table, reference, root_table
from ..core.errors import WorkbenchError
from ..core.store import Change, whole, words
from . import rules
from .checks.desk import CheckedDesk
from .cycles import refuse_cycle
from .merging.desk import MergeableDesk
from .parties import party, party_names
from .search.desk import Finder
from .works import work

recording = root_table(
    "recording",
    words("title"),
    words("version_title"),
    words("main_artist"),  # as printed on the recording
    words("isrc"),
    whole("duration_seconds", nullable=True),
    words("recorded_year"),
    words("territory"),  # TIS numeric code of the country of recording
    words("label"),
    words("p_line"),
    named_later("original_recording_id", "recording"),  # what this is a remix, an edit or a remaster of
    named_later("merged_into_id", "recording"),
)
recording_title = part_table("recording_title", recording, words("kind"), words("title"), words("language"))
recording_number = part_table(
    "recording_number", recording, words("issuer"), words("number")
)  # further ISRCs, societies' numbers
recording_contributor = part_table(
    "recording_contributor",
    recording,
    reference("party_id", party, index=True),
    words("role"),  # featured | non_featured | conductor | producer
    whole("share_ppm"),  # a producer's part of the producers' share; 0 for performers, whose parts follow from their roles
    words("instrument"),  # CWR instrument code, or what was done, as the session sheet says
    words("territory"),  # where a producer holds the right: TIS numeric code, empty for the world
    words("starts_on"),
    words("ends_on"),
)
recording_work = part_table("recording_work", recording, reference("work_id", work, index=True))
FURTHER_ISRC = "ISRC"
"""The issuer of a number that is one more ISRC of the recording."""
RECORDING = Kind(
    "recording",
    "R",
    recording,
    {
        "contributors": recording_contributor,
        "works": recording_work,
        "titles": recording_title,
        "numbers": recording_number,
    },
)


@dataclass(frozen=True, slots=True)
class Contributor:
    """A performer or producer; `share_ppm` is a producer's part of the producers' share, 0 for performers."""

    party_id: str
    role: str = "featured"
    share_ppm: int = 0
    instrument: str = ""
    territory: str = ""
    starts_on: str = ""
    ends_on: str = ""


@dataclass(frozen=True, slots=True)
class EmbodiedWork:
    """A work that is heard in the recording."""

    work_id: str


@dataclass(frozen=True, slots=True)
class RecordingTitle:
    """A further title of a recording."""

    title: str
    kind: str = "AT"
    language: str = ""


@dataclass(frozen=True, slots=True)
class RecordingNumber:
    """A number somebody gave the recording besides its ISRC; `issuer` is `ISRC` for a further one, else who gave it."""

    issuer: str
    number: str


@dataclass(frozen=True, slots=True)
class Recording:
    """Fixed sound; empty text means unknown, a duration unknown is None."""

    title: str
    main_artist: str = ""
    version_title: str = ""
    isrc: str = ""
    duration_seconds: int | None = None
    recorded_year: str = ""
    territory: str = ""
    label: str = ""
    p_line: str = ""
    original_recording_id: str | None = None
    merged_into_id: str | None = None
    contributors: tuple[Contributor, ...] = ()
    works: tuple[EmbodiedWork, ...] = ()
    titles: tuple[RecordingTitle, ...] = ()
    numbers: tuple[RecordingNumber, ...] = ()
    status: str = ""
    id: str = ""
    version: int = 0


class Recordings(MergeableDesk[Recording], CheckedDesk[Recording]):
    """The desk for recordings."""

    kind = RECORDING
    thing = Recording
    parts: ClassVar[Mapping[str, type]] = {
        "contributors": Contributor,
        "works": EmbodiedWork,
        "titles": RecordingTitle,
        "numbers": RecordingNumber,
    }

    def search(self, text: str = "", *, artist: str = "", limit: int = 20) -> pd.DataFrame:
        """Return the recordings most like a title, with a number, or by somebody; `artist` keeps those by a like name.

        Columns: id, score (0 to 100), title, main_artist, isrc, duration_seconds, matched (what was found), matched_as.
        """
        hits = Finder(self.office).find(("recording",), text, limit, people=artist)
        with self.office.book.read() as connection:
            found = documents.load_many(connection, RECORDING, [hit.entity_id for hit in hits])
        rows = []
        for hit in hits:
            one = found[hit.entity_id]
            title = f"{one['title']} ({one['version_title']})" if one["version_title"] else one["title"]
            shown = (one["id"], hit.score, title, one["main_artist"], one["isrc"], one["duration_seconds"])
            rows.append((*shown, hit.matched, hit.matched_as))
        columns = ["id", "score", "title", "main_artist", "isrc", "duration_seconds", "matched", "matched_as"]
        return pd.DataFrame(rows, columns=columns)

    def _valid(self, document: Document) -> None:
        where = rules.place(document, "recording")
        rules.filled(document, "title", where)
        rules.identifier(document, "isrc", where)
        rules.not_negative(document, "duration_seconds", where)
        rules.year(document, "recorded_year", where)
        rules.territory(document, "territory", where)
        for position, row in enumerate(document["contributors"], start=1):
            where = rules.place(document, "recording", "contributors", position)
            rules.one_of(row, "role", rules.RECORDING_ROLES, where)
            rules.share(row, "share_ppm", where)
            rules.territory(row, "territory", where)
            rules.period(row, where)
        for position, row in enumerate(document["titles"], start=1):
            where = rules.place(document, "recording", "titles", position)
            rules.filled(row, "title", where)
            rules.one_of(row, "kind", rules.TITLE_KINDS, where)
        for position, row in enumerate(document["numbers"], start=1):
            where = rules.place(document, "recording", "numbers", position)
            rules.filled(row, "issuer", where)
            rules.filled(row, "number", where)
            if row["issuer"] == FURTHER_ISRC:
                row["number"] = _isrc(row["number"], where)

    def _write(self, change: Change, given: list[Document]) -> list[Recording]:
        written = super()._write(change, given)
        versions = [one.id for one in written if one.original_recording_id]
        refuse_cycle(versions, lambda ids: _originals(change.connection, ids), "a version's original", "recording")
        return written

    def _rows(self, connection: Connection, found: list[Document]) -> list[dict[str, Any]]:
        names = party_names(connection, (row["party_id"] for one in found for row in one["contributors"]))

        def people(one: Document, roles: tuple[str, ...]) -> str:
            return "; ".join(dict.fromkeys(names[row["party_id"]] for row in one["contributors"] if row["role"] in roles))

        return [
            {
                "id": one["id"],
                **{name: one[name] for name in self.kind.fields},
                "performers": people(one, ("featured", "non_featured", "conductor")),
                "producers": people(one, ("producer",)),
                "works": "; ".join(row["work_id"] for row in one["works"]),
            }
            for one in found
        ]


def by_isrc(connection: Connection, codes: Iterable[str]) -> dict[str, str]:
    """Return which recording each ISRC names, by its main one before a further one; what is deleted or merged is left out."""
    wanted = sorted(set(codes) - {""})
    further = select(recording_number.c.number.label("isrc"), recording_number.c.owner_id.label("id")).where(
        recording_number.c.issuer == FURTHER_ISRC
    )
    found: dict[str, str] = {}
    for start in range(0, len(wanted), CHUNK):
        some = wanted[start : start + CHUNK]
        queries = (
            select(recording.c.isrc, recording.c.id).where(recording.c.isrc.in_(some)),
            further.where(recording_number.c.number.in_(some)).join(recording, recording.c.id == recording_number.c.owner_id),
        )
        for query in queries:
            for row in connection.execute(query.where(recording.c.status.not_in(rules.GONE)).order_by(recording.c.id)):
                found.setdefault(row.isrc, row.id)
    return found


def _originals(connection: Connection, ids: Collection[str]) -> dict[str, list[str]]:
    query = select(recording.c.id, recording.c.original_recording_id).where(recording.c.original_recording_id.is_not(None))
    wanted = sorted(ids)
    return {
        row.id: [row.original_recording_id]
        for start in range(0, len(wanted), CHUNK)
        for row in connection.execute(query.where(recording.c.id.in_(wanted[start : start + CHUNK])))
    }


def _isrc(text: str, where: str) -> str:
    try:
        return identifiers.isrc(text)
    except WorkbenchError as error:
        raise WorkbenchError(f"number: {error.what}", got=error.got, expected=error.expected, where=where) from error
