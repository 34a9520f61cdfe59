"""Invented usage reports: a radio's playlists, a streaming service's quarters, a hall's set lists, and the truth beside them.

Each file comes in a named layout. A part of the lines is not in the repertoire: songs of others, other songs of our artists,
our titles by others, sequels, station idents; some lines are empty or broken and have to be set aside. `truth.csv` says for
every line what a person who knows the songs would say; no program but the measuring ones reads it.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from openpyxl import Workbook

from ..core.periods import Period
from .dirt import Spelling, spell, spoil_isrc
from .people import Member
from .repertoire import title as new_title
from .words import lists, zipf

RADIO_HEADER = ("station", "played at", "title", "artist", "writers", "isrc", "duration", "use")
STREAMING_HEADER = ("date", "territory", "subscription", "track title", "artist", "writers", "isrc", "duration", "streams")
CONCERT_HEADER = ("date", "venue", "number", "title", "performer", "writers", "duration")
TRUTH_HEADER = ("file", "line", "expected", "recording_id", "work_id", "damage")
STATIONS = ("Mawimbi FM", "Mawimbi Taarab", "Mawimbi Usiku")
TERRITORIES = ("KE", "KE", "KE", "TZ", "UG")
OUTSIDE_PERCENT = {"radio": 22, "streaming": 30}
DAMAGED_PERCENT = {"radio": 45, "streaming": 22, "concerts": 55}
WRITERS = {"radio": 0.25, "streaming": 0.5}
"""How often a source knows the writers of a song."""
BROKEN_PER_10_000 = 25


@dataclass(frozen=True, slots=True)
class Song:
    """What may be played: a registered recording, or (without ids) one that nobody registered."""

    title: str
    artist: str
    isrc: str
    seconds: int
    writers: str = ""
    recording_id: str = ""
    work_id: str = ""
    outside: str = ""
    """Why it is not in the repertoire; empty when it is."""


@dataclass
class Library:
    """Every song a report may name, most played first."""

    inside: list[Song]
    outside: list[Song]
    isrcs: list[str] = field(default_factory=list)


Truth = tuple[str, int, str, str, str, str]


def library(
    rng: Random, recordings: Sequence[dict[str, Any]], works: Sequence[dict[str, Any]], members: Sequence[Member]
) -> Library:
    """Return the registered songs and about half as many that are not registered."""
    names = {member.id: member.writer_name or member.display for member in members}
    writers = {work["id"]: " / ".join(names[row["party_id"]] for row in work["shares"] if row["role"] != "E") for work in works}
    inside = [_song(recording, writers) for recording in recordings]
    rng.shuffle(inside)
    known = {(song.title.casefold(), song.artist.casefold()) for song in inside}
    outside = [song for song in _outside(rng, inside, members) if (song.title.casefold(), song.artist.casefold()) not in known]
    return Library(inside, outside, [song.isrc for song in inside if song.isrc])


def _song(recording: dict[str, Any], writers: dict[str, str]) -> Song:
    version = recording["version_title"]
    work_id = recording["works"][0]["work_id"]
    return Song(
        title=f"{recording['title']} ({version})" if version else recording["title"],
        artist=recording["main_artist"],
        isrc=recording["isrc"],
        seconds=recording["duration_seconds"],
        writers=writers[work_id],
        recording_id=recording["id"],
        work_id=work_id,
    )


def _outside(rng: Random, inside: Sequence[Song], members: Sequence[Member]) -> Iterator[Song]:
    """Yield songs nobody registered, of six kinds."""
    bands = lists("companies")["bands"]
    titles = {song.title.casefold() for song in inside}
    stems = [(member.latin or member.display).split()[-1] for member in members if member.document["kind"] == "natural"]
    for number in range(max(60, len(inside) // 2)):
        model = inside[rng.randrange(len(inside))]
        stranger = f"{rng.choice(bands['start'])} {rng.choice(stems)} {rng.choice(bands['end'])}"
        isrc = f"ZZX{number % 100:02d}{rng.randint(5, 25):02d}{number:05d}" if rng.random() < 0.7 else ""
        seconds = rng.randint(130, 400)
        kind = rng.choices(("song", "title", "artist", "sequel", "filler", "isrc"), (66, 9, 11, 4, 7, 3))[0]
        fresh = new_title(rng)[0]
        if kind != "title" and fresh.casefold() in titles:
            fresh = f"{fresh} {rng.choice(stems)}"
        if kind == "title":
            yield Song(model.title, stranger, isrc, seconds, outside="our title by others")
        elif kind == "artist":
            yield Song(fresh, model.artist, isrc, seconds, outside="another song of our artist")
        elif kind == "sequel":
            yield Song(f"{model.title.split(' (')[0]} Part {rng.randint(2, 3)}", model.artist, isrc, seconds, outside="a sequel")
        elif kind == "filler":
            yield Song(rng.choice(lists("companies")["fillers"]), "", "", rng.randint(5, 45), outside="no song")
        elif kind == "isrc":
            yield Song(fresh, stranger, model.isrc, seconds, outside="our ISRC on another song")
        else:
            yield Song(fresh, stranger, isrc, seconds, outside="not registered")


@dataclass(frozen=True, slots=True)
class Entry:
    """How one source's database holds one song: the spelling, the writers and the length it prints."""

    text: Spelling
    writers: str
    seconds: int | None
    milliseconds: bool = False


class Source:
    """One licensee's database of songs: each song stands in it once to three times, and every report repeats that."""

    def __init__(self, rng: Random, songs: Library, kind: str) -> None:
        self.rng, self.songs, self.kind = rng, songs, kind
        self.inside = rng.sample(songs.inside, len(songs.inside))
        self.outside = rng.sample(songs.outside, len(songs.outside))
        self.weights = zipf(len(self.inside)), zipf(len(self.outside))
        self.known: dict[int, list[Entry]] = {}

    def draw(self, count: int) -> list[Song]:
        """Return `count` songs as played: the popular ones often, a fixed part of them not in the repertoire."""
        there = self.rng.choices(self.inside, cum_weights=self.weights[0], k=count)
        strange = self.rng.choices(self.outside, cum_weights=self.weights[1], k=count)
        percent = OUTSIDE_PERCENT[self.kind]
        return [strange[place] if self.rng.random() * 100 < percent else there[place] for place in range(count)]

    def entry(self, song: Song) -> Entry:
        """Return one of this source's entries of a song."""
        found = self.known.get(id(song))
        if found is None:
            found = self.known[id(song)] = [self._new(song) for _ in range(self.rng.choices((1, 2, 3), (72, 20, 8))[0])]
        return found[0] if len(found) == 1 else self.rng.choice(found)

    def _new(self, song: Song) -> Entry:
        rng = self.rng
        isrc, damage = spoil_isrc(rng, song.isrc, self.songs.isrcs)
        if self.kind == "radio" and rng.random() < 0.35:
            isrc, damage = "", ""
        made = spell(rng, Spelling(song.title, song.artist, isrc), DAMAGED_PERCENT[self.kind])
        if not song.artist:
            made = Spelling(song.title, "", isrc)
        text = replace(made, damage="+".join(part for part in (made.damage, damage) if part))
        writers = song.writers if rng.random() < WRITERS[self.kind] else ""
        seconds = None if rng.random() < 0.04 else max(4, song.seconds + rng.choice((0, 0, 0, -1, 1, 2, -4, 6)))
        return Entry(text, writers, seconds, rng.random() < 0.025)


def _length(entry: Entry, pattern: str) -> str:
    if entry.seconds is None:
        return ""
    return str(entry.seconds * 1000) if entry.milliseconds else pattern.format(*divmod(entry.seconds, 60))


def _truth(file: str, line: int, song: Song, text: Spelling) -> Truth:
    if song.outside:
        return file, line, "outside", "", "", "+".join(part for part in (song.outside, text.damage) if part)
    return file, line, "inside", song.recording_id, song.work_id, text.damage


class Writer:
    """Writes the files of all sources into the inbox, and collects the truth."""

    def __init__(self, inbox: Path, songs: Library) -> None:
        self.inbox, self.songs = inbox, songs
        self.truth: list[Truth] = []
        self.lines: dict[str, int] = {}

    def radio(self, rng: Random, source: Source, quarter: str, count: int) -> str:
        """Write a playlist, one line per play in order of time; returns the file's name."""
        name = f"radio-{quarter}.csv"
        period = Period.parse(quarter)
        start = datetime.combine(period.starts_on, datetime.min.time())
        step = ((period.ends_on - period.starts_on).days + 1) * 86_400 // count
        rows: list[Sequence[str]] = []
        for place, song in enumerate(source.draw(count)):
            entry = source.entry(song)
            text = entry.text
            at = start + timedelta(seconds=place * step + rng.randrange(max(step, 1)))
            use = "jingle" if song.outside == "no song" else "background" if rng.random() < 0.06 else "feature"
            station, length = STATIONS[place % 7 % 3], _length(entry, "{0}:{1:02d}")
            rows.append((station, f"{at:%Y-%m-%d %H:%M:%S}", text.title, text.artist, entry.writers, text.isrc, length, use))
            self.truth.append(_truth(name, place + 2, song, text))
        self._break(rng, name, rows, {"title": 2, "artist": 3, "isrc": 5, "instant": 1})
        return self._csv(name, RADIO_HEADER, rows)

    def streaming(self, rng: Random, source: Source, quarter: str, count: int) -> str:
        """Write a quarter's report, one line per song, month, territory and kind of subscription; returns the file's name."""
        name = f"streaming-{quarter}.csv"
        first = Period.parse(quarter).starts_on
        months = [first.replace(month=first.month + back, day=1).isoformat() for back in range(3)]
        rows: list[Sequence[str]] = []
        for place, song in enumerate(source.draw(count)):
            entry = source.entry(song)
            text, chance = entry.text, rng.random()
            plays = str(1 + int(40 / (chance + 0.004)))
            kind = "premium" if chance < 0.4 else "free"
            where, when, length = TERRITORIES[place % 5], months[place % 3], _length(entry, "PT{0}M{1}S")
            rows.append((when, where, kind, text.title, text.artist, entry.writers, text.isrc, length, plays))
            self.truth.append(_truth(name, place + 2, song, text))
        self._break(rng, name, rows, {"title": 3, "artist": 4, "isrc": 6, "amount": 8})
        return self._csv(name, STREAMING_HEADER, rows)

    def concerts(self, rng: Random, shows: Sequence[dict[str, Any]], quarter: str, by_work: dict[str, Song], limit: int) -> str:
        """Write the hall's set lists of a quarter as a spreadsheet; returns the file's name."""
        name = f"concerts-{quarter}.xlsx"
        period = Period.parse(quarter)
        book = Workbook(write_only=True)
        book.properties.created = book.properties.modified = datetime.combine(period.ends_on, datetime.min.time())
        sheet = book.create_sheet("set lists")
        sheet.append(CONCERT_HEADER)
        line = 1
        for show in shows:
            if not period.starts_on.isoformat() <= show["held_on"] <= period.ends_on.isoformat():
                continue
            for number, item in enumerate(show["items"], start=1):
                if line > limit:
                    break
                song = by_work.get(item["work_id"] or "")
                text = spell(rng, Spelling(item["title"], item["performer"], ""), DAMAGED_PERCENT["concerts"])
                writers = (song.writers if song and rng.random() < 0.7 else "") or item["writers"]
                length = f"{item['duration_seconds'] // 60}:{item['duration_seconds'] % 60:02d}"
                line += 1
                sheet.append((show["held_on"], show["venue"], number, text.title, text.artist, writers, length))
                expected = ("inside", "", item["work_id"]) if song else ("outside", "", "")
                self.truth.append((name, line, *expected, text.damage if song else "not registered"))
        _save_workbook(book, self.inbox / name)
        self.lines[name] = line - 1
        return name

    def finish(self) -> None:
        """Write the truth."""
        with (self.inbox / "truth.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(TRUTH_HEADER)
            writer.writerows(self.truth)

    def _break(self, rng: Random, name: str, rows: list[Sequence[str]], columns: dict[str, int]) -> None:
        """Spoil some lines so far that nobody can use them, or leave them empty; the truth says so."""
        first = len(self.truth) - len(rows)
        for place in rng.sample(range(len(rows)), max(2, len(rows) * BROKEN_PER_10_000 // 10_000)):
            row = list(rows[place])
            kind = rng.choice(("no title", "blank", "short", "value"))
            if kind == "blank":
                row = [""] * len(row)
            elif kind == "short":
                row = row[: columns["title"]]
            elif kind == "value" and "amount" in columns:
                row[columns["amount"]] = rng.choice(("-12", "NaN", "1E+400000", "12,5 k", "=2+2"))
            else:
                kind = "no title"
                row[columns["title"]] = row[columns["isrc"]] = ""
            rows[place] = row
            self.truth[first + place] = (name, place + 2, "broken", "", "", kind)

    def _csv(self, name: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
        with (self.inbox / name).open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(header)
            writer.writerows(rows)
        self.lines[name] = len(rows)
        return name


def _save_workbook(book: Workbook, file: Path) -> None:
    """Save a spreadsheet so that the same content is the same bytes: its zip members carry one fixed time."""
    made = io.BytesIO()
    book.save(made)
    with zipfile.ZipFile(made) as source, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as target:
        for member in source.infolist():
            content = source.read(member)
            if member.filename == "docProps/core.xml":
                content = re.sub(rb"(<dcterms:modified[^>]*>)[^<]*", rb"\g<1>2025-01-01T00:00:00Z", content)
            target.writestr(zipfile.ZipInfo(member.filename, (2025, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
