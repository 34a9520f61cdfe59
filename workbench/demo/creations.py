"""What the invented society documents besides songs: a film with its cue sheet, a medley of three songs, a book of poems."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

from ..core.shares import WHOLE
from .people import Member
from .repertoire import Cast

HALF = WHOLE // 2
CUES = 6


def creations(
    rng: Random, people: Cast, works: Sequence[dict[str, Any]], recordings: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Return a documentary film, a medley and a book of poems; the works they use are the society's own."""
    director, author = rng.sample(people.writers, k=2)
    known = {work["id"] for work in works if work["shares"]}
    played = [recording for recording in recordings if recording["works"][0]["work_id"] in known]
    return [
        _film(rng, director, author, rng.sample(played, k=min(CUES, len(played)))),
        _medley([work for work in works if len(work["shares"]) == 1][:3]),
        _poems(author),
    ]


def _film(rng: Random, director: Member, author: Member, music: Sequence[dict[str, Any]]) -> dict[str, Any]:
    cues, at = [], 0
    for recording in music:
        at += rng.randint(60, 400)
        length = rng.randint(20, 110)
        cues.append(
            {
                "title": recording["title"],
                "use": rng.choice(("B", "B", "V", "T")),
                "cued_work_id": recording["works"][0]["work_id"],
                "recording_id": recording["id"],
                "duration_seconds": length,
                "starts_at": f"{at // 3600:02d}:{at // 60 % 60:02d}:{at % 60:02d}",
                "performer": recording["main_artist"],
            }
        )
        at += length
    return {
        "title": "Bahari Haina Mlango",
        "creation_class": "documentary",
        "language": "SW",
        "created_year": "2024",
        "duration_seconds": max(at + 120, 3_120),
        "titles": [{"kind": "TT", "title": "The Sea Has No Door", "language": "EN"}],
        "shares": [_share(director, "DI", 600_000), _share(author, "SC", 400_000)],
        "cues": cues,
    }


def _medley(songs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    part = WHOLE // len(songs)
    parts = [part + (WHOLE - part * len(songs) if place == 0 else 0) for place in range(len(songs))]
    return {
        "title": "Mseto wa Tala",
        "composite_type": "MED",
        "category": "POP",
        "language": "SW",
        "created_year": "2025",
        "duration_seconds": 372,
        "components": [{"component_work_id": song["id"], "duration_seconds": 124} for song in songs],
        "shares": [
            {"party_id": song["shares"][0]["party_id"], "role": "CA", "performing_ppm": ppm, "mechanical_ppm": ppm}
            for song, ppm in zip(songs, parts, strict=True)
        ],
    }


def _poems(author: Member) -> dict[str, Any]:
    return {
        "title": "Mashairi ya Kiangazi",
        "creation_class": "poetic",
        "language": "SW",
        "created_year": "2023",
        "published_on": "2023-09-01",
        "shares": [_share(author, "A", WHOLE)],
    }


def _share(member: Member, role: str, ppm: int) -> dict[str, Any]:
    return {"party_id": member.id, "role": role, "performing_ppm": ppm, "mechanical_ppm": ppm}
