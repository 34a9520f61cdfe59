"""How reports get song names wrong: each function is one kind of damage, and `spell` combines them as one source would.

A playout system writes a song the same way each time, so damage belongs to the song in that source, not to the single play.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

from anyascii import anyascii

SUFFIXES = (
    " (Radio Edit)",
    " - Remastered 2011",
    " [Official Video]",
    " (Album Version)",
    " (Official Audio)",
    " - Single Version",
    " (HQ)",
    " (Lyrics)",
)
TRACKS = ("03 ", "07. ", "A2 - ", "12-", "Track 05 ")
ENTITIES = {"&": "&amp;", "'": "&#39;", "é": "&eacute;", "ã": "&atilde;"}


@dataclass(frozen=True, slots=True)
class Spelling:
    """How one source writes one song: the texts, the codes, and the names of the damage done."""

    title: str
    artist: str
    isrc: str
    damage: str = ""


Damage = Callable[[Random, Spelling], Spelling]


def upper(_rng: Random, text: Spelling) -> Spelling:
    """Write everything in capitals."""
    return replace(text, title=text.title.upper(), artist=text.artist.upper())


def no_accents(_rng: Random, text: Spelling) -> Spelling:
    """Drop every accent; other scripts become Latin letters."""
    return replace(text, title=_plain(text.title), artist=_plain(text.artist))


def mojibake(_rng: Random, text: Spelling) -> Spelling:
    """Read UTF-8 as if it were a Windows code page."""
    return replace(text, title=_misread(text.title), artist=_misread(text.artist))


def question_marks(_rng: Random, text: Spelling) -> Spelling:
    """Put a question mark for every letter an old machine does not know; a name of nothing else is written in Latin letters."""
    return replace(text, title=_asked(text.title), artist=_asked(text.artist))


def entities(_rng: Random, text: Spelling) -> Spelling:
    """Leave the marks of a web page in the text."""
    title, artist = text.title, text.artist
    for letter, entity in ENTITIES.items():
        title, artist = title.replace(letter, entity), artist.replace(letter, entity)
    return replace(text, title=title, artist=artist)


def swapped(_rng: Random, text: Spelling) -> Spelling:
    """Put the artist under title and the title under artist."""
    return replace(text, title=text.artist, artist=text.title)


def glued(rng: Random, text: Spelling) -> Spelling:
    """Put artist and title into the title cell, and leave the artist cell empty."""
    if not text.artist:
        return text
    return replace(text, title=rng.choice((f"{text.artist} - {text.title}", f"{text.title} - {text.artist}")), artist="")


def suffix(rng: Random, text: Spelling) -> Spelling:
    """Add words about the edition."""
    return replace(text, title=text.title + rng.choice(SUFFIXES))


def featuring(_rng: Random, text: Spelling) -> Spelling:
    """Move the guest from the artist to the title, or write "ft."."""
    lead, mark, guest = text.artist.partition(" feat. ")
    return replace(text, title=f"{text.title} (ft. {guest})", artist=lead) if mark else text


def track_number(rng: Random, text: Spelling) -> Spelling:
    """Put a track number before the title."""
    return replace(text, title=rng.choice(TRACKS) + text.title)


def typing_error(rng: Random, text: Spelling) -> Spelling:
    """Drop, double, swap or mistake one letter of the title, now and then of the artist too."""
    artist = _slip(rng, text.artist) if rng.random() < 0.3 else text.artist
    return replace(text, title=_slip(rng, text.title), artist=artist)


def truncated(rng: Random, text: Spelling) -> Spelling:
    """Cut the texts to the width of a display."""
    width = rng.choice((20, 24, 30))
    return replace(text, title=text.title[:width], artist=text.artist[:width])


def no_artist(_rng: Random, text: Spelling) -> Spelling:
    """Leave the artist out."""
    return replace(text, artist="")


def various_artists(rng: Random, text: Spelling) -> Spelling:
    """Name the compilation's artist."""
    return replace(text, artist=rng.choice(("Various Artists", "VARIOUS", "V/A", "Wasanii Mbalimbali")))


def part_of_artist(rng: Random, text: Spelling) -> Spelling:
    """Give only one of the artist's names."""
    return replace(text, artist=rng.choice(text.artist.split() or [""]))


DAMAGES: tuple[tuple[Damage, int], ...] = (
    (upper, 22),
    (no_accents, 16),
    (mojibake, 4),
    (question_marks, 2),
    (entities, 2),
    (swapped, 3),
    (glued, 5),
    (suffix, 10),
    (featuring, 6),
    (track_number, 3),
    (typing_error, 10),
    (truncated, 4),
    (no_artist, 4),
    (various_artists, 2),
    (part_of_artist, 4),
)
"""Each damage and its weight."""


def spell(rng: Random, clean: Spelling, damage_percent: int) -> Spelling:
    """Return how a source writes a song: clean, or with one to three kinds of damage."""
    if rng.randrange(100) >= damage_percent:
        return clean
    kinds = [kind for kind, _ in DAMAGES]
    weights = [weight for _, weight in DAMAGES]
    chosen = dict.fromkeys(rng.choices(kinds, weights, k=rng.choices((1, 2, 3), (65, 27, 8))[0]))
    text, done = clean, []
    for kind in chosen:
        after = kind(rng, text)
        if after != text and after.title.strip():
            text = after
            done.append(kind.__name__)
    return replace(text, damage="+".join(done))


def spoil_isrc(rng: Random, isrc: str, others: list[str]) -> tuple[str, str]:
    """Return (what a report gives for an ISRC, the damage): missing, another's, malformed, with hyphens, or right."""
    if not isrc:
        return "", ""
    chance = rng.random()
    if chance < 0.90:
        return (f"{isrc[:2]}-{isrc[2:5]}-{isrc[5:7]}-{isrc[7:]}" if chance < 0.08 else isrc), ""
    if chance < 0.96:
        return "", "isrc_missing"
    if chance < 0.985:
        return rng.choice((isrc[:-1], isrc + "0", isrc.replace("0", "O"), "N/A", "0", isrc[:5])), "isrc_malformed"
    return rng.choice(others), "isrc_of_another"


def _plain(text: str) -> str:
    letters = "".join(letter for letter in unicodedata.normalize("NFD", text) if not unicodedata.combining(letter))
    return str(anyascii(letters))


def _misread(text: str) -> str:
    return text.encode("utf-8").decode("cp1252", errors="replace")


def _asked(text: str) -> str:
    asked = text.encode("ascii", errors="replace").decode("ascii")
    return asked if asked.count("?") * 3 <= len(asked) else _plain(text)


def _slip(rng: Random, text: str) -> str:
    if len(text) < 4:
        return text
    place = rng.randrange(1, len(text) - 1)
    kind = rng.randrange(4)
    if kind == 0:
        return text[:place] + text[place + 1 :]
    if kind == 1:
        return text[:place] + text[place] + text[place:]
    if kind == 2:
        return text[:place] + text[place + 1] + text[place] + text[place + 2 :]
    return text[:place] + rng.choice("aeioumnrst") + text[place + 1 :]
