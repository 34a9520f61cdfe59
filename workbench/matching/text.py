"""Text as matching compares it, and the key under which equal usage lines are scored once and rulings are remembered.

Two strengths, on purpose. `plain` is lossy (transliterated, no accents, no punctuation) and serves to *find*: both `Beyoncé` and
`BEYONCE` become `beyonce`. `usage_key` is nearly lossless and serves to *identify*: a ruling on one line holds for every line
with the same key, so titles that merely sound alike in another script must not share one.
"""

from __future__ import annotations

import hashlib
import html
import re
import unicodedata
from contextlib import suppress
from functools import lru_cache

from anyascii import anyascii

_MOJIBAKE = re.compile("[ÃÂâÐÑØÙ][\u0080-\u00bf\u0152-\u0178\u2013-\u2122]")
_INVISIBLE = re.compile("[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_APOSTROPHE = re.compile("['`´ʹʼ‘’‛′＇]")
_NOT_WORD = re.compile(r"[^a-z0-9]+")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#x[0-9a-fA-F]{1,6}|[a-zA-Z]{2,8});")


@lru_cache(maxsize=65_536)
def repair(text: str) -> str:
    """Return text with entities resolved, UTF-8 read as Windows-1252 undone, invisible characters dropped, composed, one space.

    >>> repair("BeyoncÃ© &amp; Jay-Z")
    'Beyoncé & Jay-Z'
    """
    if not text.isascii() or "&" in text or not text.isprintable():
        if "&" in text:
            text = _ENTITY.sub(lambda match: html.unescape(match[0]), text)
        if _MOJIBAKE.search(text):
            for encoding in ("cp1252", "latin-1"):
                with suppress(UnicodeError):  # only part of it is damaged: leave it, the scorer sees the difference
                    text = text.encode(encoding).decode("utf-8")
                    break
        text = unicodedata.normalize("NFC", _INVISIBLE.sub("", text))
    return " ".join(text.split())


@lru_cache(maxsize=262_144)
def plain(text: str) -> str:
    """Return lower-case ASCII words with single spaces: accents, scripts, apostrophes and punctuation gone, `&` is `and`.

    >>> plain("Rockin' Into the Night"), plain("Malaïka"), plain("AC/DC"), plain("Simon & Garfunkel")
    ('rockin into the night', 'malaika', 'ac dc', 'simon and garfunkel')
    """
    text = _APOSTROPHE.sub("", repair(text)).replace("&", " and ")
    if not text.isascii():
        text = _APOSTROPHE.sub("", anyascii(unicodedata.normalize("NFKC", text)))
    return _NOT_WORD.sub(" ", text.lower()).strip()


def tokens(text: str) -> list[str]:
    """Return the words of `plain(text)` in order.

    >>> tokens("Train, Train")
    ['train', 'train']
    """
    return plain(text).split()


@lru_cache(maxsize=262_144)
def same_text(text: str) -> str:
    """Return the nearly lossless form: case, width, spacing and punctuation set aside, accents and script kept.

    >>> same_text("  Don’t   STOP! "), same_text("!!!")
    ('dont stop', '!!!')
    """
    folded = unicodedata.normalize("NFKC", repair(text)).casefold()
    kept = _APOSTROPHE.sub("", folded)
    if kept.isascii():
        return _NOT_WORD.sub(" ", kept).strip() or folded
    # by category, not by \w: vowel signs of Indic scripts are marks, and carry meaning
    kept = "".join(letter if unicodedata.category(letter)[0] in "LMN" else " " for letter in kept)
    return " ".join(kept.split()) or folded


def usage_key(
    *, title: str, artist: str = "", writers: str = "", isrc: str = "", iswc: str = "", duration_seconds: int | None = None
) -> str:
    """Return the key of a usage line: 32 hexadecimal digits over what matching looks at.

    Two lines with the same key are the same question to the repertoire, whatever station, day or number of plays.
    """
    parts = (same_text(title), same_text(artist), same_text(writers), isrc, iswc)
    text = "\x1f".join((*parts, "" if duration_seconds is None else str(duration_seconds)))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
