"""Inputs of a run made of plain rows, and a computation over them: no book needed."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from workbench.distribution.compute import compute
from workbench.distribution.results import INPUTS, RESULTS, read_dicts, table, write_rows
from workbench.distribution.rulebook import find_rulebook

PARAMETERS = {
    "currency": "EUR", "ends_on": "2025-09-30", "instance": "TALA", "period": "2025-Q3", "society": "707",
    "starts_on": "2025-07-01", "territory": "404",
}  # fmt: skip
Rows = list[dict[str, Any]]
UNIT = 1_000_000


def write_inputs(folder: Path, shuffle: int = 0, **tables: Rows) -> Path:
    """Write every declared input, empty when not given; `shuffle` is the seed of another row order."""
    for declared in INPUTS:
        rows = [["" if row.get(name) is None else row[name] for name in declared.names] for row in tables.get(declared.name, [])]
        rows.sort(key=lambda row: [str(cell) for cell in row])
        if shuffle:
            random.Random(shuffle).shuffle(rows)  # noqa: S311  an order, not a secret
        write_rows(folder, declared, rows)
    return folder


def computed(tmp: Path, *, rulebook: str = "default", threads: int = 2, shuffle: int = 0, **tables: Rows) -> dict[str, Rows]:
    """Compute and return every result as rows."""
    inputs = write_inputs(tmp / "inputs", shuffle, **tables)
    compute(inputs, find_rulebook(rulebook), PARAMETERS, tmp / "results", threads=threads, memory="500MB")
    return {declared.name: list(read_dicts(tmp / "results", declared)) for declared in RESULTS}


def result_bytes(tmp: Path) -> dict[str, bytes]:
    return {declared.name: (tmp / "results" / declared.file).read_bytes() for declared in RESULTS}


def receipt(n: int, micros: int, licence: str = "C1", currency: str = "EUR") -> dict[str, Any]:
    return {
        "receipt_id": f"T{n}", "invoice_id": f"I{n}", "licence_id": licence, "currency": currency, "paid_micros": micros,
        "tax_micros": 0, "amount_micros": micros, "received_on": "2025-09-30",
    }  # fmt: skip


def licence(licence_id: str = "C1", tariff: str = "concert") -> dict[str, Any]:
    return {"licence_id": licence_id, "number": "1", "licensee_id": "L1", "licensee_name": "Hall", "tariff": tariff}


def usage(
    n: int, key: str, *, seconds: int | None = 100, plays: int = 1, use: str = "", on: str = "2025-08-01", licence: str = "C1"
):
    return {
        "usage_id": f"B1:{n}", "licence_id": licence, "key": key, "title": key, "artist": "", "used_on": on,
        "duration_seconds": seconds, "plays": plays, "use": use,
    }  # fmt: skip


def matched(key: str, target_id: str, kind: str = "work", state: str = "matched") -> dict[str, Any]:
    return {"key": key, "state": state, "target_kind": kind, "target_id": target_id}


def work(work_id: str, shares: dict[str, int] | None = None) -> tuple[dict[str, Any], Rows]:
    rows = [
        {"work_id": work_id, "position": n, "party_id": party, "role": "CA", "performing_ppm": ppm, "mechanical_ppm": ppm}
        for n, (party, ppm) in enumerate((shares or {}).items(), start=1)
    ]
    return {"work_id": work_id, "title": work_id}, rows


def mandates(*parties: str, starts_on: str = "", ends_on: str = "", territory: str = "2136") -> Rows:
    return [
        {"mandate_id": f"M-{party}", "party_id": party, "right": right, "territory": territory, "starts_on": starts_on,
         "ends_on": ends_on}
        for party in parties
        for right in ("performing", "mechanical", "neighbouring")
    ]  # fmt: skip


def one_song(shares: dict[str, int], micros: int = 1_000 * UNIT, **more: Any) -> dict[str, Any]:
    """One concert receipt, one song, one usage line; every owner is a member."""
    song, rows = work("W1", shares)
    given = {
        "receipts": [receipt(1, micros)], "licences": [licence()], "usages": [usage(1, "k1")], "matches": [matched("k1", "W1")],
        "works": [song], "work_shares": rows, "mandates": mandates(*shares),
    }  # fmt: skip
    return {**given, **more}


def by_payee(results: dict[str, Rows]) -> dict[str, int]:
    return {row["payee_id"]: row["earned_micros"] for row in results["balances"]}


def by_reason(results: dict[str, Rows]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for row in results["holds"]:
        sums[row["reason"]] = sums.get(row["reason"], 0) + row["amount_micros"]
    return sums


assert table("receipts").names[0] == "receipt_id"
