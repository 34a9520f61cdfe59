"""An invented run folder for tests: a few licences, a hundred members of many scripts, one of them with three hundred works."""

from __future__ import annotations

import random
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from workbench.core.canonical import canonical_json
from workbench.distribution.compute import compute
from workbench.distribution.results import INPUTS, Table, table, write_rows
from workbench.distribution.rulebook import find_rulebook
from workbench.distribution.runs import digest_of, write_parameters

PARAMETERS = {
    "currency": "KES",
    "starts_on": "2026-01-01",
    "ends_on": "2026-03-31",
    "instance": "TALA",
    "period": "2026-Q1",
    "society": "052",
    "territory": "404",
}
NAMES = [
    ("Achieng", "Odera"), ("أمينة", "بن يوسف"), ("አበበች", "ተስፋዬ"),
    ("Ọláníyan", "Adébáyọ̀"), ("Zoé", "N'Diaye"), ("Дарья", "Лунёва"), ("Ama", "Kɔkɔ Ŋgbe"), ("José", "da Conceição"),
]  # fmt: skip
STAR, ARABIC, AMHARIC, FOREIGN = "TALA-P-000000", "TALA-P-000001", "TALA-P-000002", "TALA-P-000007"
Rows = dict[str, list[dict[str, Any]]]


def invented_inputs(members: int = 12, star_works: int = 20, lines: int = 400) -> Rows:
    """Return the rows of every input table, the same every time."""
    dice = random.Random(7)  # noqa: S311  invented, and the same every time
    rows: Rows = {declared.name: [] for declared in INPUTS}
    for number in range(members):
        first, name = NAMES[number % len(NAMES)]
        later = f" {number}" if number >= len(NAMES) else ""
        party = f"TALA-P-{number:06d}"
        rows["parties"].append(
            {"party_id": party, "kind": "natural", "name": name + later, "first_name": first, "ipi_name_number": f"{number:011d}"}
        )
        if party != FOREIGN:
            for right in ("performing", "mechanical", "neighbouring"):
                rows["mandates"].append(
                    {"mandate_id": f"M{number}", "party_id": party, "right": right, "starts_on": "2020-01-01"}
                )
    rows["affiliations"].append({"party_id": FOREIGN, "society": "035", "starts_on": "2000-01-01"})
    for number in range(star_works + members):
        _add_song(rows, dice, number, members, star=number < star_works)
    for number, (name, tariff, amount) in enumerate(
        [
            ("Radio Kilima FM", "radio", 912_345_670_000),
            ("Jua Live Hall", "concert", 150_000_010_000),
            ("Wimbi", "streaming", 78_000_500_000),
        ]
    ):
        licence = f"TALA-C-{number:06d}"
        rows["licences"].append(
            {
                "licence_id": licence,
                "number": f"{number}/26",
                "licensee_id": f"L{number}",
                "licensee_name": name,
                "tariff": tariff,
            }
        )
        for part in range(2):
            rows["receipts"].append(
                {
                    "receipt_id": f"TALA-T-{number * 2 + part:06d}",
                    "invoice_id": f"I{number}",
                    "licence_id": licence,
                    "currency": "KES",
                    "paid_micros": amount // 2 + part * 16,
                    "tax_micros": 16,
                    "amount_micros": amount // 2 + part * 16 - 16,
                    "received_on": "2026-04-02",
                }
            )
        for line in range(lines):
            song = line % (star_works + members) if line < 2 * (star_works + members) else dice.randrange(star_works + members)
            rows["usages"].append(
                {
                    "usage_id": f"TALA-B-{number:06d}:{line + 2}",
                    "licence_id": licence,
                    "key": f"key{song}" if line % 29 else "unknown",
                    "title": f"Song {song}",
                    "used_on": f"2026-{1 + line % 3:02d}-{1 + line % 28:02d}",
                    "duration_seconds": 120 + line % 240 if line % 5 else None,
                    "plays": 1 + (line % 7 if tariff == "streaming" else 0),
                    "use": "feature",
                }
            )
    rows["matches"].append({"key": "unknown", "state": "unmatched"})
    rows["brought_forward"].append({"payee_id": ARABIC, "currency": "KES", "amount_micros": 123_450_001})
    return rows


def _add_song(rows: Rows, dice: random.Random, number: int, members: int, *, star: bool) -> None:
    work, recording = f"TALA-W-{number:06d}", f"TALA-R-{number:06d}"
    title = ["Malaika wa {}", "Nyota {}", "ليلة {}", "ሰላም {}", "=Kesho {}", "Ọjọ́ {}"][number % 6].format(number)
    rows["works"].append({"work_id": work, "title": title, "iswc": f"T{number:010d}", "duration_seconds": 200})
    rows["recordings"].append({"recording_id": recording, "title": title, "main_artist": "Bendi", "isrc": f"KEA01{number:07d}"})
    rows["recording_works"].append({"recording_id": recording, "work_id": work})
    rows["matches"].append({"key": f"key{number}", "state": "matched", "target_kind": "recording", "target_id": recording})
    writers = [0 if star else 1 + number % (members - 1), dice.randrange(1, members)]
    for position, writer in enumerate(writers, start=1):
        rows["work_shares"].append(
            {
                "work_id": work,
                "position": position,
                "party_id": f"TALA-P-{writer:06d}",
                "role": "CA" if position == 1 else "A",
                "performing_ppm": 500_000,
                "mechanical_ppm": 500_000,
            }
        )
    for position, (person, role) in enumerate([(writers[0], "featured"), (dice.randrange(members), "producer")], start=1):
        rows["recording_contributors"].append(
            {
                "recording_id": recording,
                "position": position,
                "party_id": f"TALA-P-{person:06d}",
                "role": role,
                "share_ppm": 1_000_000 if role == "producer" else 0,
            }
        )


def write_inputs(folder: Path, rows: Mapping[str, list[dict[str, Any]]], shuffled: int | None = None) -> None:
    """Write input tables in key order, or in an order of their own."""
    for name, found in rows.items():
        declared = table(name)
        order = sorted(found, key=lambda row: [str(row.get(key, "")) for key in declared.key])
        if shuffled is not None:
            random.Random(shuffled).shuffle(order)  # noqa: S311
        write_rows(folder, declared, [_cells(declared, row) for row in order])


def _cells(declared: Table, row: Mapping[str, Any]) -> list[Any]:
    assert set(row) <= set(declared.names), set(row) - set(declared.names)
    return [row.get(column.name) if column.type == "whole" else row.get(column.name, "") for column in declared.columns]


def invented_run(folder: Path, rows: Rows | None = None, run_id: str = "TALA-D-000001") -> Path:
    """Make a run folder with everything in it and return it."""
    run = folder / run_id
    write_inputs(run / "inputs", rows or invented_inputs())
    shutil.copy(find_rulebook("default"), run / "rulebook.yaml")
    write_parameters(run, PARAMETERS)
    compute(run / "inputs", run / "rulebook.yaml", PARAMETERS, run / "results")
    found = digest_of(run)
    manifest = {
        "format": "workbench-run-1",
        "digest": found.whole,
        "inputs": found.inputs,
        "rulebook": {"name": "default", "version": "1", "digest": found.rulebook},
        "parameters": found.parameters,
        "results": found.results,
        "rows": {},
        "conservation": [],
        "findings": [],
    }
    (run / "manifest.json").write_bytes(canonical_json(manifest))
    return run


def invented_facts(run: Path, state: str = "sealed") -> dict[str, Any]:
    """Return what the book would say of an invented run."""
    return {
        "id": run.name,
        "period": PARAMETERS["period"],
        "currency": PARAMETERS["currency"],
        "digest": digest_of(run).whole,
        "state": state,
        "prepared_by": "a.mwangi",
        "prepared_at": "2026-04-18T08:00:00.000000Z",
        "sealed_by": "b.kamau" if state == "sealed" else "",
        "sealed_at": "2026-04-20T08:00:00.000000Z" if state == "sealed" else "",
        "society": "Tala Society",
        "journal_seq": 4711,
        "journal_hash": "ab" * 32,
    }
