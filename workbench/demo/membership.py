"""The life of the invented society's members: applications and admissions, bands and who plays in them, heirs, contacts, albums.

Nothing of it reaches a distribution: the same seed gives the same money with and without it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from random import Random
from typing import Any

from ..core.shares import WHOLE
from .people import OWN_SOCIETY, Member

INSTRUMENTS = ("vocals", "guitar", "bass", "drums", "keyboards", "percussion", "saxophone", "kora", "nyatiti")
TRACKS = range(4, 15)


def memberships(rng: Random, members: Sequence[Member]) -> list[dict[str, Any]]:
    """Return the membership of every member of this society: applied, admitted, and in a few cases left or died."""
    made: list[dict[str, Any]] = []
    for member in members:
        if member.foreign:
            continue
        admitted = date.fromisoformat(member.document["affiliations"][0]["starts_on"])
        applied = admitted - timedelta(days=rng.randint(20, 200))
        events = [
            {"event": "application", "happened_on": applied.isoformat()},
            {
                "event": "admission",
                "happened_on": admitted.isoformat(),
                "decided_by": f"Board {admitted.year}/{rng.randint(1, 11)}",
            },
        ]
        if member.document.get("death_on"):
            events.append({"event": "death", "happened_on": member.document["death_on"]})
        elif rng.random() < 0.01:
            events.append({"event": "suspension", "happened_on": "2024-05-02", "decided_by": "Board 2024/4"})
        made.append(
            {
                "party_id": member.id,
                "number": f"{OWN_SOCIETY}-{len(made) + 1:05d}",
                "category": rng.choice(("full", "full", "associate")),
                "events": events,
            }
        )
    return made


def contacts(rng: Random, members: Sequence[Member]) -> list[dict[str, Any]]:
    """Return how each member of this society is reached and paid: by a mobile account or a cheque, at invented numbers."""
    made: list[dict[str, Any]] = []
    for member in members:
        if member.foreign or rng.random() < 0.05:
            continue
        mobile = rng.random() < 0.8
        number = f"+254 700 000 {len(made) % 1000:03d}"
        made.append(
            {
                "party_id": member.id,
                "email": f"member{len(made) + 1}@mail.example",
                "phone": number,
                "payment_method": "mobile" if mobile else "cheque",
                "mobile_account": number if mobile else "",
                "account_holder": member.writer_name or member.display,
                "tax_territory": "404",
                "addresses": [
                    {
                        "kind": "postal",
                        "lines": f"P.O. Box {rng.randint(100, 99_999)}",
                        "city": rng.choice(("Nairobi", "Mombasa", "Kisumu", "Nakuru", "Eldoret")),
                        "postcode": f"{rng.randint(1, 900):05d}",
                        "territory": "404",
                    }
                ],
            }
        )
    return made


def lives(rng: Random, members: Sequence[Member]) -> list[dict[str, Any]]:
    """Return the documents of the parties that changed: bands with their members, and the dead with their heirs."""
    people = [member for member in members if member.document["kind"] == "natural" and not member.foreign]
    changed: list[dict[str, Any]] = []
    for member in members:
        if member.document["kind"] == "group" and len(people) > 6:
            players = rng.sample(people, k=rng.randint(3, 5))
            rows = [{"member_party_id": one.id, "role": rng.choice(INSTRUMENTS), "starts_on": "2012-01-01"} for one in players]
            changed.append({**member.document, "members": rows})
    old = [one for one in people if one.document["birth_on"] < "1946" and "writer" in one.roles]
    young = [one for one in people if one.document["birth_on"] > "1975"]
    for member in old[: max(1, len(people) // 100)]:
        joined = int(member.document["affiliations"][0]["starts_on"][:4])
        died = f"{rng.randint(max(2005, joined + 1), 2024)}-0{rng.randint(1, 9)}-1{rng.randint(0, 9)}"
        heirs = rng.sample(young, k=min(2, len(young)))
        parts = [WHOLE // len(heirs)] * len(heirs) if heirs else []
        rows = [
            {"successor_party_id": heir.id, "kind": "heir", "share_ppm": part, "starts_on": died}
            for heir, part in zip(heirs, parts, strict=True)
        ]
        member.document = {**member.document, "death_on": died, "successors": rows}
        changed.append(member.document)
    return changed


def releases(rng: Random, recordings: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return albums: four to fourteen recordings of one artist, with an invented bar code, by the label of the first."""
    piles: dict[str, list[dict[str, Any]]] = {}
    for recording in recordings:
        piles.setdefault(recording["main_artist"], []).append(recording)
    made: list[dict[str, Any]] = []
    for artist, pile in sorted(piles.items()):
        if len(pile) < TRACKS.start:
            continue
        label = pile[0]["label"]
        songs = pile[: rng.choice(TRACKS)]
        year = max(song["recorded_year"] for song in songs)
        made.append(
            {
                "kind": "album",
                "title": songs[0]["title"],
                "main_artist": artist,
                "label": label,
                "gtin": gtin(len(made) + 1),
                "catalogue_number": f"{''.join(word[0] for word in label.split()).upper()} {len(made) + 1:04d}",
                "released_on": f"{year}-{rng.randint(1, 12):02d}-01",
                "territory": "404",
                "p_line": f"(P) {year} {label}",
                "tracks": [
                    {"number": str(place), "title": song["title"], "recording_id": song["id"], "isrc": song["isrc"]}
                    for place, song in enumerate(songs, start=1)
                ],
            }
        )
    return made


def gtin(number: int) -> str:
    """Return a bar code of the range that shops give out themselves, which no publisher has, with its check digit.

    >>> gtin(17)
    '2000000000176'
    """
    body = f"2{number:011d}"
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(body))
    return f"{body}{-total % 10}"
