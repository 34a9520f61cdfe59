"""Invented agreements and mandates: writers with their publishers, foreign publishers with their sub-publishers here."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

from .people import OWN_SOCIETY, RIGHTS, Member
from .repertoire import Cast, publisher_of

EAST_AFRICA = ("404", "834", "800", "646")


def agreements(rng: Random, people: Cast, works: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return original agreements of every published writer and sub-publishing of every foreign publisher.

    A writer's publisher collects at most half of the performing right; where it owns its part in the works already, the
    agreement says the same once more and is passed over.
    """
    own_works: dict[str, list[str]] = {}
    for work in works:
        for row in work["shares"]:
            own_works.setdefault(row["party_id"], []).append(work["id"])
    made = []
    for writer in people.writers:
        house = publisher_of(writer, people.publishers)
        if house is None:
            continue
        some = own_works.get(writer.id, [])
        specific = bool(some) and rng.random() < 0.3
        made.append(
            _agreement(
                rng,
                "OS" if specific else "OG",
                writer,
                house,
                {"performing": 500_000, "mechanical": 500_000},
                [("I", "2136")],
                [("I", work_id) for work_id in some[: max(1, len(some) // 2)]] if specific else [],
            )
        )
    for position, house in enumerate(house for house in people.publishers if house.foreign):
        agent = people.sub_publishers[position % len(people.sub_publishers)]
        area = [("I", code) for code in EAST_AFRICA] if position % 2 else [("I", "2100"), ("E", "710")]
        catalogue = own_works.get(house.id, [])
        specific = bool(catalogue) and position % 4 == 3
        made.append(
            _agreement(
                rng,
                "PS" if specific else "PG",
                house,
                agent,
                {"performing": rng.choice((200_000, 250_000, 333_333)), "mechanical": rng.choice((250_000, 500_000))},
                area,
                [("I", work_id) for work_id in catalogue[:25]] if specific else [],
            )
        )
    return made


def mandates(rng: Random, members: Sequence[Member]) -> list[dict[str, Any]]:
    """Return the mandate of every member of this society: the rights of its roles, for the world or for one territory."""
    made: list[dict[str, Any]] = []
    for member in members:
        if member.foreign:
            continue
        rights = sorted({right for role in member.roles for right in RIGHTS[role]})
        area = "404" if rng.random() < 0.1 else "2136"
        made.append(
            {
                "party_id": member.id,
                "number": f"M-{OWN_SOCIETY}-{len(made) + 1:05d}",
                "starts_on": member.document["affiliations"][0]["starts_on"],
                "ends_on": "",
                "rights": [{"right": right, "territory": area} for right in rights],
            }
        )
    return made


def _agreement(
    rng: Random,
    kind: str,
    assignor: Member,
    acquirer: Member,
    shares: dict[str, int],
    area: Sequence[tuple[str, str]],
    works: Sequence[tuple[str, str]],
) -> dict[str, Any]:
    year = rng.randint(2001, 2024)
    return {
        "kind": kind,
        "number": f"{kind}-{year}-{assignor.id[-6:]}",
        "assignor_party_id": assignor.id,
        "acquirer_party_id": acquirer.id,
        "starts_on": f"{year}-01-01",
        "ends_on": f"{year + 30}-12-31" if rng.random() < 0.3 else "",
        "shares": [{"right": right, "share_ppm": ppm} for right, ppm in shares.items()],
        "territories": [{"indicator": indicator, "territory": code} for indicator, code in area],
        "works": [{"indicator": indicator, "work_id": work_id} for indicator, work_id in works],
    }
