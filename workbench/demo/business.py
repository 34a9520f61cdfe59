"""Invented licensees, their licences, invoices and receipts for two quarters of 2025, and the concerts of the hall."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any

from ..core.periods import Period
from .repertoire import title as new_title
from .words import lists

QUARTERS = ("2025-Q2", "2025-Q3")
UNIT = 1_000_000
TAX_PERCENT = 16


@dataclass(frozen=True)
class Customer:
    """One licensee with its licence and what it is invoiced per quarter, net, in micros."""

    key: str
    licensee: dict[str, str]
    licence: dict[str, Any]
    net_micros: dict[str, int]


CUSTOMERS = (
    Customer(
        "radio",
        {
            "name": "Redio Mawimbi 97.3",
            "kind": "radio",
            "territory": "404",
            "tax_number": "P000000001A",
            "email": "log@mawimbi.example",
        },
        {
            "number": "TALA/R/2025/001",
            "tariff": "radio",
            "parameters": {"music_share_percent": "62", "revenue@2025-Q2": "168000000.00", "revenue@2025-Q3": "177512500.00"},
        },
        {"2025-Q2": 4_166_400 * UNIT, "2025-Q3": 4_402_310 * UNIT},
    ),
    Customer(
        "streaming",
        {
            "name": "Sikiza Streaming",
            "kind": "streaming",
            "territory": "404",
            "tax_number": "P000000002B",
            "email": "reports@sikiza.example",
        },
        {
            "number": "TALA/S/2025/001",
            "tariff": "streaming",
            "parameters": {"revenue@2025-Q2": "61500000.00", "revenue@2025-Q3": "65103752.75"},
        },
        {"2025-Q2": 7_380_000 * UNIT, "2025-Q3": 7_812_450 * UNIT + 330_000},
    ),
    Customer(
        "concerts",
        {
            "name": "Ukumbi wa Bahari",
            "kind": "venue",
            "territory": "404",
            "tax_number": "P000000003C",
            "email": "box@bahari.example",
        },
        {
            "number": "TALA/C/2025/001",
            "tariff": "concert",
            "parameters": {"takings@2025-Q2": "9345000.00", "takings@2025-Q3": "10217777.70"},
        },
        {"2025-Q2": 934_500 * UNIT, "2025-Q3": 1_021_777 * UNIT + 770_000},
    ),
)


def licence(customer: Customer, licensee_id: str) -> dict[str, Any]:
    """Return a customer's licence document for the whole of 2025 and on."""
    parameters = [{"name": name, "value": value} for name, value in customer.licence["parameters"].items()]
    return {
        "licensee_id": licensee_id,
        "number": customer.licence["number"],
        "tariff": customer.licence["tariff"],
        "starts_on": "2025-01-01",
        "ends_on": "2026-12-31",
        "parameters": parameters,
    }


def invoice(licence_id: str, number: int, quarter: str, net_micros: int, currency: str) -> dict[str, Any]:
    """Return one quarter's invoice, with tax, issued in the quarter's last week and due in 30 days."""
    last = _quarter_days(quarter)[1]
    return {
        "licence_id": licence_id,
        "number": f"2025/{number:04d}",
        "period": quarter,
        "currency": currency,
        "net_micros": net_micros,
        "tax_micros": net_micros * TAX_PERCENT // 100,
        "issued_on": (last - timedelta(days=5)).isoformat(),
        "due_on": (last + timedelta(days=25)).isoformat(),
    }


def receipts(rng: Random, bill: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what was paid of an invoice by the end of its quarter, in one or two transfers."""
    total = bill["net_micros"] + bill["tax_micros"]
    parts = [total] if rng.random() < 0.5 else [total * 3 // 5 // UNIT * UNIT, total - total * 3 // 5 // UNIT * UNIT]
    last = _quarter_days(bill["period"])[1]
    return [
        {
            "invoice_id": bill["id"],
            "currency": bill["currency"],
            "amount_micros": part,
            "received_on": (last - timedelta(days=3 - position)).isoformat(),
            "bank_reference": f"TRF{rng.randrange(10**8):08d}",
        }
        for position, part in enumerate(parts)
    ]


def concerts(
    rng: Random, recordings: Sequence[dict[str, Any]], works: Sequence[dict[str, Any]], licence_id: str, count: int
) -> list[dict[str, Any]]:
    """Return `count` concerts over the two quarters, 14 to 26 songs each: the artist's own recordings, covers, and new songs."""
    words = lists("companies")
    titles = {work["id"]: work["title"] for work in works}
    songs: dict[str, list[dict[str, Any]]] = {}
    for recording in recordings:
        songs.setdefault(recording["main_artist"], []).append(recording)
    artists = sorted(songs, key=lambda artist: (-len(songs[artist]), artist))[: count * 3]
    made = []
    for place in range(count):
        first, last = _quarter_days(QUARTERS[place % len(QUARTERS)])
        day = first + timedelta(days=rng.randint(0, (last - first).days))
        artist = rng.choice(artists)
        size = rng.randint(14, 26)
        own = rng.sample(songs[artist], k=min(size, len(songs[artist])))
        chosen = own + rng.sample(recordings, k=min(size - len(own), len(recordings)))
        items = []
        for recording in chosen:
            work_id = recording["works"][0]["work_id"]
            known = rng.random() < 0.85
            items.append(
                {
                    "title": titles[work_id]
                    if known
                    else f"{new_title(rng)[0]} {rng.choice(('Mpya', 'Nouveau', 'New Song', 'Inédit'))}",
                    "performer": artist,
                    "writers": "",
                    "duration_seconds": recording["duration_seconds"] + rng.randint(-20, 90),
                    "work_id": work_id if known else None,
                }
            )
        made.append(
            {
                "kind": "concert",
                "name": f"{rng.choice(words['events'])} {day.year}",
                "venue": rng.choice(words["venues"]),
                "territory": "404",
                "held_on": day.isoformat(),
                "licence_id": licence_id,
                "items": items,
            }
        )
    return sorted(made, key=lambda concert: (concert["held_on"], concert["name"], concert["venue"]))


def _quarter_days(quarter: str) -> tuple[date, date]:
    period = Period.parse(quarter)
    return period.starts_on, period.ends_on
