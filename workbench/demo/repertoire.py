"""Invented works and recordings: titles in twelve languages, co-writers, publishers, versions, medleys, a few honest mistakes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from ..core.identifiers import make_iswc
from ..core.money import allocate
from ..core.shares import WHOLE
from .people import Member
from .words import lists, weighted, zipf

HUNDREDTH = 100
"""Shares are documented in hundredths of a percent: 100 ppm."""
NEIGHBOURS = {  # the languages a culture writes its songs in
    "swahili": "swahili swahili swahili english",
    "kikuyu": "kikuyu kikuyu swahili english",
    "luo": "luo luo swahili english",
    "yoruba": "yoruba yoruba english",
    "igbo": "igbo igbo english",
    "akan_ewe": "english english french",
    "amharic": "amharic amharic amharic english",
    "arabic": "arabic arabic arabic french",
    "west_african": "french french english",
    "portuguese": "portuguese portuguese english",
    "cyrillic": "russian russian english",
    "european": "english english french",
    "indian": "hindi english english",
}


@dataclass(frozen=True)
class Cast:
    """The members by what they do, in order of popularity."""

    writers: list[Member]
    performers: list[Member]
    publishers: list[Member]
    sub_publishers: list[Member]
    producers: list[Member]


def cast(members: Sequence[Member]) -> Cast:
    """Return the members by role; publishers of this territory also sub-publish the foreign ones."""
    houses = [member for member in members if "publisher" in member.roles]
    local = [member for member in houses if not member.foreign]
    return Cast(
        writers=[member for member in members if "writer" in member.roles],
        performers=[member for member in members if "performer" in member.roles],
        publishers=houses,
        sub_publishers=local[: max(1, len(local) // 3)],
        producers=[member for member in members if "producer" in member.roles],
    )


def publisher_of(writer: Member, publishers: Sequence[Member]) -> Member | None:
    """Return the one publisher a writer is with, or None: it follows from the writer's number, and never changes."""
    number = int(writer.id.rsplit("-", 1)[1]) * 7919
    return publishers[number // 10 % len(publishers)] if number % 10 < 4 else None


@dataclass(frozen=True)
class Mistakes:
    """The works documented wrongly on purpose, by place in the list."""

    wrong_total: frozenset[int]
    no_shares: frozenset[int]


def plan_mistakes(rng: Random, count: int) -> Mistakes:
    """Choose which of `count` works are wrong: 3 in 1,000 do not total 100 %, 2 in 1,000 have no shares at all."""
    wrong = max(1, count * 3 // 1000)
    missing = max(1, count * 2 // 1000)
    places = rng.sample(range(count), wrong + missing)
    return Mistakes(frozenset(places[:wrong]), frozenset(places[wrong:]))


def works(rng: Random, people: Cast, count: int, mistakes: Mistakes) -> list[dict[str, Any]]:
    """Return `count` works; popular writers have more of them."""
    popularity = zipf(len(people.writers), 55)
    taken: set[str] = set()
    return [_work(rng, people, popularity, place, mistakes, taken) for place in range(count)]


def title(rng: Random, language: str = "") -> tuple[str, str, str]:
    """Return (title, language name, language code) made of the word lists of one language, drawn when not given."""
    table = lists("titles")
    language = language or rng.choices(*weighted(table))[0]
    words = table[language]
    text = rng.choice(words["patterns"])
    for name in ("a", "b", "c", "v"):
        for _ in range(text.count("{" + name + "}")):
            text = text.replace("{" + name + "}", rng.choice(words[name]), 1)
    return text, language, words["code"]


def _work(rng: Random, people: Cast, popularity: list[float], place: int, mistakes: Mistakes, taken: set[str]) -> dict[str, Any]:
    size = rng.choices((1, 2, 3, 4), (46, 34, 14, 6))[0]
    writers = list({writer.id: writer for writer in rng.choices(people.writers, cum_weights=popularity, k=size)}.values())
    own = NEIGHBOURS.get(writers[0].culture, "").split()
    name, language, code = title(rng, rng.choice(own) if own and rng.random() < 0.75 else "")
    while name in taken and rng.random() < 0.94:  # some songs share their title with another one, as in life
        name, language, code = title(rng, language if rng.random() < 0.5 else "")
    taken.add(name)
    titles = []
    if rng.random() < 0.18:
        titles.append({"kind": "AT", "title": title(rng, language)[0], "language": code})
    if code not in {"EN", "FR"} and rng.random() < 0.12:
        other, _, other_code = title(rng, "english")
        titles.append({"kind": "TT", "title": other, "language": other_code})
    shares = [] if place in mistakes.no_shares else _shares(rng, writers, people.publishers)
    if place in mistakes.wrong_total:
        too_much = shares[0]["performing_ppm"] <= WHOLE - 90_000 and rng.random() < 0.4
        shares[0]["performing_ppm"] += 90_000 if too_much else -125_000
    return {
        "title": name,
        "iswc": make_iswc(990_000_000 + place) if rng.random() < 0.8 else "",
        "language": code,
        "category": rng.choices(("POP", "JAZ", "SER", "UNC"), (86, 7, 3, 4))[0],
        "duration_seconds": rng.randint(110, 420),
        "created_year": str(rng.randint(1962, 2025)),
        "titles": titles,
        "shares": shares,
    }


def _shares(rng: Random, writers: list[Member], publishers: Sequence[Member]) -> list[dict[str, Any]]:
    weights = {writer.id: 1 for writer in writers}
    if len(writers) == 2 and rng.random() < 0.4:
        weights[writers[0].id] = rng.choice((2, 3))
    split = _hundredths(WHOLE, weights)
    rows: list[dict[str, Any]] = []
    for position, writer in enumerate(writers):
        role = "CA" if len(writers) == 1 else ("C", "A", "CA", "AR")[position]
        whole = split[writer.id]
        row: dict[str, Any] = {"party_id": writer.id, "role": role, "performing_ppm": whole, "mechanical_ppm": whole}
        rows.append(row)
        house = publisher_of(writer, publishers)
        if house is None or int(writer.id[-1]) % 2 == 0:  # the even ones let the agreement alone say it
            continue
        kept = whole * rng.choice((50, 60, 67)) // 100 // HUNDREDTH * HUNDREDTH
        owned = whole // 2 // HUNDREDTH * HUNDREDTH
        row["performing_ppm"], row["mechanical_ppm"] = max(kept, whole - owned), whole - owned
        rows.append(
            {
                "party_id": house.id,
                "role": "E",
                "performing_ppm": whole - row["performing_ppm"],
                "mechanical_ppm": owned,
                "represents_party_id": writer.id,
            }
        )
    return rows


def _hundredths(total_ppm: int, weights: dict[str, int]) -> dict[str, int]:
    return {key: part * HUNDREDTH for key, part in allocate(total_ppm // HUNDREDTH, weights).items()}


def recordings(rng: Random, people: Cast, stock: Sequence[dict[str, Any]], count: int) -> list[dict[str, Any]]:
    """Return `count` recordings of the works: most works once, popular ones again by others, live or remixed, a few medleys."""
    popularity = zipf(len(people.performers), 45)
    crowd = [[member for member in people.performers if member.document["kind"] == "natural"], people.performers]
    order = list(range(len(stock)))
    rng.shuffle(order)
    chosen = order[:count] + rng.choices(order, cum_weights=zipf(len(order), 80), k=max(0, count - len(order)))
    made: list[dict[str, Any]] = []
    used: set[tuple[str, str, str]] = set()
    for place, work in enumerate(chosen):
        record = _recording(rng, people, popularity, crowd[0], stock[work], place)
        if place % 211 == 210:  # a medley of the last three works
            parts = [stock[chosen[place - back]] for back in (0, 1, 2)]
            record["title"] = " / ".join(part["title"] for part in parts)
            record["works"] = [{"work_id": work_id} for work_id in dict.fromkeys(part["id"] for part in parts)]
        key = (record["title"], record["main_artist"], record["version_title"])
        while key in used:
            record["version_title"] = f"{rng.choice(('Live', 'Session', 'Remaster'))} {rng.randint(1975, 2025)}"
            key = (record["title"], record["main_artist"], record["version_title"])
        used.add(key)
        made.append(record)
    return made


def _recording(
    rng: Random, people: Cast, popularity: list[float], crowd: Sequence[Member], work: dict[str, Any], place: int
) -> dict[str, Any]:
    lead = rng.choices(people.performers, cum_weights=popularity)[0]
    featured = [lead]
    if rng.random() < 0.14:
        guest = rng.choices(people.performers, cum_weights=popularity)[0]
        featured += [guest] if guest.id != lead.id else []
    backing = [
        member for member in rng.sample(crowd, k=min(rng.choice((0, 0, 1, 2, 3, 5)), len(crowd))) if member not in featured
    ]
    rows = [{"party_id": member.id, "role": "featured", "share_ppm": 0} for member in featured]
    rows += [{"party_id": member.id, "role": "non_featured", "share_ppm": 0} for member in backing]
    if work["category"] == "SER" and backing:
        rows.append({"party_id": backing[0].id, "role": "conductor", "share_ppm": 0})
    labels = rng.sample(people.producers, k=1 if rng.random() < 0.92 else 2)
    split = _hundredths(WHOLE, {label.id: 1 for label in labels})
    rows += [{"party_id": label.id, "role": "producer", "share_ppm": split[label.id]} for label in labels]
    year = rng.randint(max(1965, int(work["created_year"])), 2025)
    number = people.producers.index(labels[0])
    version = rng.choices(("", "Live", "Remix", "Acoustic", "Radio Edit", "Instrumental"), (860, 50, 40, 25, 15, 10))[0]
    alternative = work["titles"][0]["title"] if work["titles"] and rng.random() < 0.15 else ""
    return {
        "title": alternative or work["title"],
        "version_title": version,
        "main_artist": " feat. ".join(member.display for member in featured[:2]),
        "isrc": f"ZZ{_registrant(number)}{year % 100:02d}{place % 100_000:05d}" if rng.random() < 0.88 else "",
        "duration_seconds": max(45, work["duration_seconds"] + rng.randint(-25, 40)),
        "recorded_year": str(year),
        "territory": lead.document["territory"],
        "label": labels[0].display,
        "p_line": f"(P) {year} {labels[0].display}",
        "contributors": rows,
        "works": [{"work_id": work["id"]}],
    }


def _registrant(number: int) -> str:
    """Return the three characters of a label in its ISRCs; the country part ZZ belongs to nobody."""
    letters = "ABCDEFGHJKLMNPQRSTUVWXYZ"
    return f"T{letters[number // len(letters) % len(letters)]}{letters[number % len(letters)]}"
