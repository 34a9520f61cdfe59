"""Works: compositions with their titles, writers, publishers and ownership shares per right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, ClassVar

import pandas as pd
from sqlalchemy import Connection

from ..core import documents
from ..core.documents import Document, Kind, named_later, part_table, reference, root_table
from ..core.store import Change, whole, words
from . import rules, work_rules
from .checks.desk import CheckedDesk
from .merging.desk import MergeableDesk
from .parties import party, party_names
from .search.desk import Finder
from .share_pictures import SharePicture, pictures, share_picture

work = root_table(
    "work",
    words("title"),
    words("iswc"),
    words("language"),
    words("category"),  # JAZ | POP | SER | UNC
    whole("duration_seconds", nullable=True),
    words("created_year"),
    words("creation_class"),  # empty: a musical work; see data/creation_classes.yaml
    words("text_music"),  # MUS | MTX | TXT | MTN
    words("version_type"),  # ORI | MOD
    named_later("original_work_id", "work"),  # what this is a version of, where that is registered
    words("original_title"),  # what this is a version of, where that is not registered
    words("music_arrangement"),  # CWR code: NEW ARR ADM UNS ORI
    words("lyric_adaptation"),  # CWR code: NEW MOD NON ORI REP ADL UNS TRA
    words("excerpt_type"),  # MOV | UEX
    named_later("whole_work_id", "work"),  # what this is an excerpt of
    words("composite_type"),  # COS | MED | POT | UCO
    words("work_type"),  # CWR work type
    words("opus_number"),
    words("catalogue_number"),
    words("published_on"),
    words("instrumentation"),  # CWR standard instrumentation
    words("isan"),
    words("eidr"),
    words("episode"),  # of an audio-visual series: its number and title as printed
    named_later("series_work_id", "work"),
    whole("public_domain"),  # 1: free everywhere, whatever the dates say
    named_later("merged_into_id", "work"),
)
work_title = part_table(
    "work_title", work, words("kind"), words("title"), words("language")
)  # kind: AT, TE, FT, ... (title types)
work_share = part_table(
    "work_share",
    work,
    reference("party_id", party, index=True),
    words("role"),  # writers A C CA AD AR SA SR TR PA, publishers E AM SE PA AQ ES
    whole("performing_ppm"),  # ownership share of the performing right
    whole("mechanical_ppm"),  # ownership share of the mechanical right
    reference("represents_party_id", party, required=False),  # the writer a publisher acts for
    whole("synchronisation_ppm"),  # ownership share of the synchronisation right
    words("territory"),  # where this share holds: TIS numeric code, empty for the world
    words("starts_on"),
    words("ends_on"),
)
work_archived_iswc = part_table("work_archived_iswc", work, words("iswc"), words("archived_on"))
work_number = part_table(
    "work_number", work, words("issuer"), words("number")
)  # issuer: CISAC society code, or a publisher's name
work_component = part_table(
    "work_component",
    work,
    reference("component_work_id", work, index=True),
    whole("duration_seconds", nullable=True),
)
work_performer = part_table(
    "work_performer", work, words("name"), words("first_name"), reference("party_id", party, required=False, index=True)
)
work_instrument = part_table("work_instrument", work, words("instrument"), whole("players"))  # CWR instrument code
work_cue = part_table(
    "work_cue",
    work,
    words("title"),
    words("use"),  # B background, V visual, T theme, L logo, R rolled-up
    reference("cued_work_id", work, required=False, index=True),
    named_later("recording_id", "recording"),
    whole("duration_seconds", nullable=True),
    words("starts_at"),  # time in, from the beginning: HH:MM:SS
    words("writers"),
    words("performer"),
)
WORK = Kind(
    "work",
    "W",
    work,
    {
        "titles": work_title,
        "shares": work_share,
        "archived_iswcs": work_archived_iswc,
        "numbers": work_number,
        "components": work_component,
        "performers": work_performer,
        "instruments": work_instrument,
        "cues": work_cue,
    },
)


@dataclass(frozen=True, slots=True)
class WorkTitle:
    """A further title; `kind` is the trade's title type, AT for an alternative one."""

    title: str
    kind: str = "AT"
    language: str = ""


@dataclass(frozen=True, slots=True)
class WorkShare:
    """What one party has to do with a work, and what it owns of each right, in parts per million."""

    party_id: str
    role: str
    performing_ppm: int = 0
    mechanical_ppm: int = 0
    represents_party_id: str | None = None
    synchronisation_ppm: int = 0
    territory: str = ""
    starts_on: str = ""
    ends_on: str = ""


@dataclass(frozen=True, slots=True)
class ArchivedIswc:
    """An ISWC the work had before two were found to be one; it still leads to the work."""

    iswc: str
    archived_on: str = ""


@dataclass(frozen=True, slots=True)
class WorkNumber:
    """A number somebody else gave the work: a society (its CISAC code) or a publisher (its name)."""

    issuer: str
    number: str


@dataclass(frozen=True, slots=True)
class Component:
    """A work that is part of this one (medley, potpourri, composite)."""

    component_work_id: str
    duration_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class WorkPerformer:
    """Who is known to perform the work; `party_id` where registered."""

    name: str
    first_name: str = ""
    party_id: str | None = None


@dataclass(frozen=True, slots=True)
class WorkInstrument:
    """One instrument the work is written for, by its CWR code, and how many players."""

    instrument: str
    players: int = 0


@dataclass(frozen=True, slots=True)
class Cue:
    """One piece of music in an audio-visual work, as its cue sheet says it."""

    title: str
    use: str = "B"
    cued_work_id: str | None = None
    recording_id: str | None = None
    duration_seconds: int | None = None
    starts_at: str = ""
    writers: str = ""
    performer: str = ""


@dataclass(frozen=True, slots=True)
class Work:
    """A composition; empty text means unknown, a duration unknown is None."""

    title: str
    iswc: str = ""
    language: str = ""
    category: str = ""
    duration_seconds: int | None = None
    created_year: str = ""
    creation_class: str = ""
    text_music: str = ""
    version_type: str = ""
    original_work_id: str | None = None
    original_title: str = ""
    music_arrangement: str = ""
    lyric_adaptation: str = ""
    excerpt_type: str = ""
    whole_work_id: str | None = None
    composite_type: str = ""
    work_type: str = ""
    opus_number: str = ""
    catalogue_number: str = ""
    published_on: str = ""
    instrumentation: str = ""
    isan: str = ""
    eidr: str = ""
    episode: str = ""
    series_work_id: str | None = None
    public_domain: int = 0
    merged_into_id: str | None = None
    titles: tuple[WorkTitle, ...] = ()
    shares: tuple[WorkShare, ...] = ()
    archived_iswcs: tuple[ArchivedIswc, ...] = ()
    numbers: tuple[WorkNumber, ...] = ()
    components: tuple[Component, ...] = ()
    performers: tuple[WorkPerformer, ...] = ()
    instruments: tuple[WorkInstrument, ...] = ()
    cues: tuple[Cue, ...] = ()
    status: str = ""
    id: str = ""
    version: int = 0


class Works(MergeableDesk[Work], CheckedDesk[Work]):
    """The desk for works.

    >>> wb.works.search("malaica", writer="makeba")                      # doctest: +SKIP
    """

    kind = WORK
    thing = Work
    parts: ClassVar[Mapping[str, type]] = {
        "titles": WorkTitle,
        "shares": WorkShare,
        "archived_iswcs": ArchivedIswc,
        "numbers": WorkNumber,
        "components": Component,
        "performers": WorkPerformer,
        "instruments": WorkInstrument,
        "cues": Cue,
    }

    def search(self, text: str = "", *, writer: str = "", limit: int = 20) -> pd.DataFrame:
        """Return the works most like a title, with a number, or by somebody, best first: `malaika makeba`, `T-034.524.680-1`.

        `writer` keeps those in which a party of a like name has a share. Columns: id, score (0 to 100), title, writers, iswc,
        matched (the title, number or name found), matched_as.
        """
        hits = Finder(self.office).find(("work",), text, limit, people=writer, roles=("writer", "publisher", "PA"))
        with self.office.book.read() as connection:
            found = documents.load_many(connection, WORK, [hit.entity_id for hit in hits])
            names = party_names(connection, (row["party_id"] for one in found.values() for row in one["shares"]))
        rows = []
        for hit in hits:
            one = found[hit.entity_id]
            writers = writers_of(one, names)
            rows.append((one["id"], hit.score, one["title"], writers, one["iswc"], hit.matched, hit.matched_as))
        return pd.DataFrame(rows, columns=["id", "score", "title", "writers", "iswc", "matched", "matched_as"])

    def share_picture(self, work_id: str, *, right: str = "performing", territory: str = "", on: date | str = "") -> SharePicture:
        """Return who owns a right of a work in a territory (TIS code, default the society's) on a day (default today).

        Raises `NotFound` for an unknown work, right or territory.
        """
        with self.office.book.read() as connection:
            shares = documents.load(connection, WORK, work_id)["shares"]
            names = party_names(connection, (row["party_id"] for row in shares))
        return replace(share_picture(shares, right, territory or self.office.config.territory, on), names=names)

    def pictures(self, work_id: str, *, right: str = "performing") -> list[SharePicture]:
        """Return every picture of a right of a work: one for each period and area in which other rows hold, oldest first."""
        with self.office.book.read() as connection:
            shares = documents.load(connection, WORK, work_id)["shares"]
            names = party_names(connection, (row["party_id"] for row in shares))
        return [replace(one, names=names) for one in pictures(shares, right)]

    def _valid(self, document: Document) -> None:
        work_rules.valid(document)

    def _write(self, change: Change, given: list[Document]) -> list[Work]:
        written = super()._write(change, given)
        inside = [one.id for one in written if one.components or one.whole_work_id or one.series_work_id]
        versions = [one.id for one in written if one.original_work_id]
        work_rules.refuse_circles(change.connection, inside, versions, work, work_component)
        return written

    def _rows(self, connection: Connection, found: list[Document]) -> list[dict[str, Any]]:
        names = party_names(connection, (row["party_id"] for one in found for row in one["shares"]))
        return [
            {
                "id": one["id"],
                **{name: one[name] for name in self.kind.fields},
                "writers": writers_of(one, names),
                "publishers": "; ".join(
                    dict.fromkeys(names[row["party_id"]] for row in one["shares"] if row["role"] in rules.PUBLISHER_ROLES)
                ),
                "performing_ppm": sum(row["performing_ppm"] for row in one["shares"]),
                "mechanical_ppm": sum(row["mechanical_ppm"] for row in one["shares"]),
                "titles": "; ".join(row["title"] for row in one["titles"]),
            }
            for one in found
        ]


def writers_of(document: Document, names: Mapping[str, str]) -> str:
    """Return a work's writers as printed, in order, each once."""
    wanted = (*rules.CREATOR_ROLES, "PA")
    return "; ".join(dict.fromkeys(names[row["party_id"]] for row in document["shares"] if row["role"] in wanted))
