"""How long 100,000 chains take: all at once, against one at a time, in the same run.

python benchmarks/chains/measure.py [WORKS]      100,000 works when not said; writes results.json beside this file

The catalogue is invented: each work has one to three writers, most a publisher, and publishers have administrators and
sub-publishers by territory, so that a share goes through one to four agreements. The check of all agreements is measured as well.
"""

from __future__ import annotations

import json
import platform
import random
import resource
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import Table, insert

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from workbench.api import Workbench  # noqa: E402  found only from the root
from workbench.core.territories import standard_territories  # noqa: E402
from workbench.registry.agreement_tables import agreement, agreement_share, agreement_territory, agreement_work  # noqa: E402
from workbench.registry.chains import links as chain_links  # noqa: E402
from workbench.registry.chains.resolving import by_assignor, owned_shares, resolve  # noqa: E402
from workbench.registry.chains.sets import ARROW  # noqa: E402
from workbench.registry.parties import party  # noqa: E402
from workbench.registry.share_pictures import in_force  # noqa: E402
from workbench.registry.works import work, work_share  # noqa: E402

RESULTS = Path(__file__).with_name("results.json")
ON, TERRITORY, RIGHT = date(2025, 7, 1), "404", "performing"
AREAS = ("2136", "2100", "2120", "404", "2123", "578")
SAMPLE = 10_000
"""So many works go one at a time through the whole catalogue's agreements; the time for all is in proportion."""
Rows = list[dict[str, Any]]


def main(works: int = 100_000) -> dict[str, Any]:
    """Measure and write the results."""
    with tempfile.TemporaryDirectory() as folder:
        wb = Workbench.create(Path(folder) / "ws", code="BENCH", name="Bench", currency="EUR", territory=TERRITORY, user="a.one")
        agreements = fill(wb, works)
        began, cpu = time.perf_counter(), time.process_time()
        frame = wb.agreements.chains(right=RIGHT, on=ON)
        at_once, at_once_cpu = time.perf_counter() - began, time.process_time() - cpu
        cpu = time.process_time()
        one_by_one, rows = singly(wb, min(works, SAMPLE))
        one_by_one_cpu = time.process_time() - cpu
        sample = frame[frame["work_id"].isin({row[0] for row in rows})]
        wanted = list(
            sample[["work_id", "owner_party_id", "collector_party_id", "share_ppm", "agreements"]].itertuples(False, None)
        )
        assert sorted(wanted) == sorted(rows)
        began, cpu = time.perf_counter(), time.process_time()
        found = wb.agreements.check()
        checking, checking_cpu = time.perf_counter() - began, time.process_time() - cpu
    links = frame["agreements"].map(lambda text: text.count(ARROW) + 1 if text else 0)
    times = works / min(works, SAMPLE)
    result = {
        "works": works,
        "agreements": agreements,
        "ends_of_ways": len(frame),
        "longest_way": int(links.max()),
        "seconds_all_at_once": round(at_once, 2),
        "cpu_seconds_all_at_once": round(at_once_cpu, 2),
        "seconds_one_at_a_time": round(one_by_one * times, 2),
        "cpu_seconds_one_at_a_time": round(one_by_one_cpu * times, 2),
        "one_at_a_time_measured_on": min(works, SAMPLE),
        "ratio": round(one_by_one * times / at_once, 2),
        "ratio_cpu": round(one_by_one_cpu * times / at_once_cpu, 2),
        "same_result": True,
        "check_seconds": round(checking, 2),
        "check_cpu_seconds": round(checking_cpu, 2),
        "check_findings": len(found),
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "python": platform.python_version(),
        "cores": 2,
    }
    RESULTS.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result))
    return result


def singly(wb: Workbench, works: int) -> tuple[float, list[tuple[Any, ...]]]:
    """Resolve works one at a time, the agreements read and put in order once; reading them counts, as it does for all at once."""
    began = time.perf_counter()
    with wb.book.read() as connection:
        table = by_assignor(chain_links.all_links(connection, RIGHT))
        ids = [f"BENCH-W-{number:06d}" for number in range(1, works + 1)]
        shares, _ = chain_links.shares_of(connection, "work", ids)
    by_work: dict[str, list[dict[str, Any]]] = {}
    for row in shares.rows:
        by_work.setdefault(row[0], []).append(dict(zip(shares.FIELDS, row, strict=True)))
    expand, rows = standard_territories().resolve, []
    for work_id, given in by_work.items():
        for end in resolve(
            owned_shares(in_force(given, TERRITORY, ON), RIGHT), table, RIGHT, TERRITORY, ON, expand,
            work_id=work_id, first_on=shares.first_on.get(work_id, ""), party_ids={row["party_id"] for row in given},
        ):  # fmt: skip
            way = ARROW.join(step.agreement_id for step in end.steps)
            rows.append((work_id, end.owner_party_id, end.collector_party_id, end.share_ppm, way))
    return time.perf_counter() - began, rows


def fill(wb: Workbench, works: int) -> int:
    """Invent a catalogue and its agreements, as many as works; return how many agreements there are."""
    chance = random.Random(7)
    writers, publishers = works // 4, max(20, works // 50)
    people = [f"BENCH-P-{number:06d}" for number in range(1, writers + publishers + 1)]
    houses = people[writers:]
    tables: dict[Table, Rows] = {
        party: [],
        work: [],
        work_share: [],
        agreement: [],
        agreement_share: [],
        agreement_territory: [],
        agreement_work: [],
    }
    tables[party] = [{"id": one, "version": 1, "kind": "natural", "name": f"N{one[-6:]}"} for one in people]
    starts = []
    for number in range(1, works + 1):
        starts.append(len(tables[work_share]))
        _work(tables, chance, f"BENCH-W-{number:06d}", people[:writers], houses)
    made = 0
    tier = len(houses) // 3
    for above, below in ((houses[:tier], houses[tier : 2 * tier]), (houses[tier : 2 * tier], houses[2 * tier :])):
        for house in above:  # original publishers, their administrators and sub-publishers, and those on the spot
            for area in chance.sample(AREAS, 2):
                made += 1
                ppm = 1_000_000 if area != "404" else 600_000
                _agree(tables, made, house, chance.choice(below), chance.choice(["PG", "AD"]), ppm, area)
    for writer in people[:writers]:
        if chance.random() < 0.5:
            made += 1
            _agree(tables, made, writer, chance.choice(houses[:tier]), "OG", chance.choice([250_000, 333_333, 500_000]), "2136")
    while made < works:  # the rest names works
        made += 1
        number = chance.randrange(1, works + 1)
        writer = tables[work_share][starts[number - 1]]["party_id"]  # the first writer of that work
        _agree(
            tables,
            made,
            writer,
            chance.choice(houses[:tier]),
            "OS",
            500_000,
            "2136",
            f"BENCH-W-{number:06d}",
        )
    with wb.book.write("a.one", "benchmark") as change:
        for table, rows in tables.items():
            for start in range(0, len(rows), 10_000):
                change.connection.execute(insert(table), rows[start : start + 10_000])
    return made


def _work(tables: dict[Table, Rows], chance: random.Random, work_id: str, writers: list[str], houses: list[str]) -> None:
    tables[work].append(
        {"id": work_id, "version": 1, "title": f"Song {work_id[-6:]}", "created_year": str(chance.randrange(1960, 2025))}
    )
    count = chance.choice([1, 2, 3])
    published = chance.random() < 0.7
    whole = 500_000 if published else 1_000_000
    owners = [(one, "CA", whole // count + (place < whole % count)) for place, one in enumerate(chance.sample(writers, count))]
    if published:
        owners.append((chance.choice(houses[: len(houses) // 3]), "E", 500_000))
    for position, (party_id, role, ppm) in enumerate(owners, start=1):
        tables[work_share].append(
            {
                "owner_id": work_id,
                "position": position,
                "party_id": party_id,
                "role": role,
                "performing_ppm": ppm,
                "mechanical_ppm": ppm,
            }
        )


def _agree(
    tables: dict[Table, Rows], number: int, assignor: str, acquirer: str, kind: str, ppm: int, area: str, work_id: str = ""
) -> None:
    one = f"BENCH-A-{number:06d}"
    ends_on = "2024-12-31" if number % 20 == 0 else ""
    row = {"id": one, "version": 1, "kind": kind, "assignor_party_id": assignor, "acquirer_party_id": acquirer}
    tables[agreement].append(
        {**row, "starts_on": "2010-01-01", "ends_on": ends_on, "retention_ends_on": "2026-12-31" if ends_on else ""}
    )
    for position, right in enumerate(("performing", "mechanical"), start=1):
        tables[agreement_share].append({"owner_id": one, "position": position, "right": right, "share_ppm": ppm})
    tables[agreement_territory].append({"owner_id": one, "position": 1, "indicator": "I", "territory": area})
    if work_id:
        tables[agreement_work].append({"owner_id": one, "position": 1, "indicator": "I", "work_id": work_id})


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
