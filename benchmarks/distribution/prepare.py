"""How long a quarter takes to prepare: 200,000 usage lines, 10,000 works, 12,000 recordings, 2,000 parties.

python benchmarks/distribution/prepare.py [LINES]      prints one line of JSON
"""

from __future__ import annotations

import json
import random
import resource
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Table, insert

from workbench.api import Workbench
from workbench.matching.matches import usage_match
from workbench.matching.usage import usage, usage_batch
from workbench.registry.agreements import agreement, agreement_share, agreement_territory
from workbench.registry.licences import invoice, licence, licensee, receipt
from workbench.registry.mandates import mandate, mandate_right
from workbench.registry.parties import party
from workbench.registry.recordings import recording, recording_contributor, recording_work
from workbench.registry.works import work, work_share

PARTIES, WORKS, RECORDINGS = 2_000, 10_000, 12_000
Rows = list[dict[str, Any]]


def main(lines: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        wb = Workbench.create(Path(folder) / "ws", code="BENCH", name="Bench", currency="EUR", territory="404", user="a.one")
        fill(wb, lines)
        steps: dict[str, float] = {}
        began = last = time.perf_counter()
        cpu = time.process_time()
        name = "open"

        def progress(what: str, _done: int, _total: int) -> None:
            nonlocal last, name
            now = time.perf_counter()
            steps[name] = round(now - last, 2)
            name, last = what, now

        run = wb.distribution.prepare(period="2025-Q3", progress=progress)
        seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
        steps[name] = round(time.perf_counter() - last, 2)
        assert bool(run.summary()["conserved"].all())
        began = time.perf_counter()
        run.approve(by="b.two")
        run.seal(by="b.two", note="benchmark")
        return {
            "lines": lines,
            "prepare_seconds": round(seconds, 2),
            "prepare_cpu_seconds": round(cpu, 2),
            "approve_and_seal_seconds": round(time.perf_counter() - began, 2),
            "steps": steps,
            "rows": run.manifest["rows"],
            "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
            "digest": run.digest,
        }


def fill(wb: Workbench, lines: int) -> None:
    chance = random.Random(7)
    with wb.office.change("benchmark") as change:

        def put(table: Table, rows: Rows) -> None:
            for start in range(0, len(rows), 20_000):
                change.connection.execute(insert(table), rows[start : start + 20_000])

        put(party, [{"id": f"BENCH-P-{n:06d}", "version": 1, "kind": "natural", "name": f"Party {n}"} for n in range(PARTIES)])
        members = [f"BENCH-P-{n:06d}" for n in range(PARTIES)]
        put(mandate, [{"id": f"BENCH-M-{n:06d}", "version": 1, "party_id": one} for n, one in enumerate(members) if n % 20])
        put(
            mandate_right,
            [
                {"owner_id": f"BENCH-M-{n:06d}", "position": place, "right": right, "territory": "2136"}
                for n in range(PARTIES) if n % 20
                for place, right in enumerate(("performing", "mechanical", "neighbouring"))
            ],
        )  # fmt: skip
        put(work, [{"id": f"BENCH-W-{n:06d}", "version": 1, "title": f"Work {n}"} for n in range(WORKS)])
        put(work_share, [row for n in range(WORKS) for row in shares(chance, f"BENCH-W-{n:06d}", members)])
        put(
            recording,
            [
                {"id": f"BENCH-R-{n:06d}", "version": 1, "title": f"Rec {n}", "duration_seconds": 150 + n % 200}
                for n in range(RECORDINGS)
            ],
        )
        put(
            recording_work,
            [{"owner_id": f"BENCH-R-{n:06d}", "position": 1, "work_id": f"BENCH-W-{n % WORKS:06d}"} for n in range(RECORDINGS)],
        )
        put(recording_contributor, [row for n in range(RECORDINGS) for row in contributors(chance, f"BENCH-R-{n:06d}", members)])
        put_agreements(put, chance, members)
        put(licensee, [{"id": "BENCH-L-000001", "version": 1, "name": "Radio"}])
        licences = [f"BENCH-C-{n:06d}" for n in range(3)]
        tariffs = ("radio", "radio", "streaming")
        put(
            licence,
            [
                {"id": one, "version": 1, "licensee_id": "BENCH-L-000001", "tariff": t}
                for one, t in zip(licences, tariffs, strict=True)
            ],
        )
        put(
            invoice,
            [
                {
                    "id": f"BENCH-I-{n:06d}",
                    "version": 1,
                    "licence_id": one,
                    "period": "2025-Q3",
                    "currency": "EUR",
                    "net_micros": 10**12,
                }
                for n, one in enumerate(licences)
            ],
        )
        put(
            receipt,
            [
                {
                    "id": f"BENCH-T-{n:06d}",
                    "version": 1,
                    "invoice_id": f"BENCH-I-{n:06d}",
                    "currency": "EUR",
                    "amount_micros": 10**12,
                }
                for n in range(3)
            ],
        )
        put(usage_batch, [{"id": f"BENCH-B-{n:06d}", "licence_id": one, "period": "2025-Q3"} for n, one in enumerate(licences)])
        put(usage, [usage_line(chance, n) for n in range(lines)])
        put(usage_match, [
            {"key": f"{n:064d}", "state": "matched", "target_kind": "recording", "target_id": f"BENCH-R-{n:06d}"} if n % 10
            else {"key": f"{n:064d}", "state": "doubtful", "target_kind": "", "target_id": ""}
            for n in range(RECORDINGS)
        ])  # fmt: skip


def shares(chance: random.Random, work_id: str, members: list[str]) -> Rows:
    owners = chance.sample(members, chance.choice((2, 3)))
    parts = {2: (500_000, 500_000), 3: (333_333, 333_333, 333_334)}[len(owners)]
    return [
        {"owner_id": work_id, "position": n, "party_id": one, "role": "CA", "performing_ppm": ppm, "mechanical_ppm": ppm}
        for n, (one, ppm) in enumerate(zip(owners, parts, strict=True), start=1)
    ]


def contributors(chance: random.Random, recording_id: str, members: list[str]) -> Rows:
    producer, *performers = chance.sample(members, 4)
    roles = ["featured", "non_featured", "non_featured"]
    return [
        {"owner_id": recording_id, "position": n, "party_id": one, "role": role, "share_ppm": ppm}
        for n, (one, role, ppm) in enumerate(
            [(producer, "producer", 1_000_000), *((p, r, 0) for p, r in zip(performers, roles, strict=True))]
        )
    ]


def put_agreements(put: Any, chance: random.Random, members: list[str]) -> None:
    pairs = [(f"BENCH-A-{n:06d}", *chance.sample(members, 2)) for n in range(500)]
    days = [(date(2025, 1, 1) + timedelta(days=chance.randrange(365))).isoformat() for _ in pairs]
    put(
        agreement,
        [
            {"id": a, "version": 1, "assignor_party_id": one, "acquirer_party_id": two, "starts_on": day}
            for (a, one, two), day in zip(pairs, days, strict=True)
        ],
    )
    put(
        agreement_share,
        [
            {"owner_id": a, "position": n, "right": right, "share_ppm": 400_000}
            for a, *_ in pairs
            for n, right in enumerate(("performing", "mechanical"))
        ],
    )
    put(agreement_territory, [{"owner_id": a, "position": 1, "indicator": "I", "territory": "2100"} for a, *_ in pairs])


def usage_line(chance: random.Random, n: int) -> dict[str, Any]:
    batch = f"BENCH-B-{n % 3:06d}"
    key = min(int(chance.paretovariate(0.7)), RECORDINGS - 1)
    return {
        "batch_id": batch, "line": n + 2, "id": f"{batch}:{n + 2}", "state": "accepted", "key": f"{key:064d}",
        "title": f"Rec {key}",
        "artist": "Somebody", "used_on": (date(2025, 7, 1) + timedelta(days=n % 92)).isoformat(), "plays": 1,
        "duration_seconds": None if n % 3 else 180, "use": "jingle" if n % 50 == 0 else "feature",
    }  # fmt: skip


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]) if len(sys.argv) > 1 else 200_000)))
