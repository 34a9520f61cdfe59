"""A small invented society: one radio, one concert, three songs, a sub-publisher, and everything that can be missing."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from workbench.api import Workbench
from workbench.core import documents
from workbench.matching.matches import usage_match
from workbench.matching.usage import usage, usage_batch
from workbench.registry.agreements import AGREEMENT
from workbench.registry.licences import INVOICE, LICENCE, LICENSEE, RECEIPT
from workbench.registry.mandates import MANDATE
from workbench.registry.parties import PARTY
from workbench.registry.recordings import RECORDING
from workbench.registry.works import WORK

UNIT = 1_000_000
RIGHTS = ("performing", "mechanical", "neighbouring")
PERIOD = "2025-Q3"


def open_small(folder: Path, book_url: str = "") -> Workbench:
    """Make the workspace and fill its book."""
    wb = Workbench.create(
        folder, code="TALA", name="Tala", currency="KES", society="707", territory="404", user="a.mwangi", book_url=book_url
    )
    fill(wb)
    return wb


def save(wb: Workbench, kind: documents.Kind, rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    with wb.office.change("demonstration") as change:
        return documents.save_many(change, kind, rows)


def party(name: str, kind: str = "natural", society: str = "") -> dict[str, Any]:
    affiliations = [{"society": society, "right": right, "territory": "2136"} for right in RIGHTS] if society else []
    return {"kind": kind, "name": name, "affiliations": affiliations}


def fill(wb: Workbench) -> None:
    """Fill the book; parties in order: two writers, publisher, sub-publisher, foreign writer, stray, label, singer, drummer."""
    names = ["Otieno", "Achieng", "Pwani Music", "Kisima Music", "Lindqvist", "Baraka", "Mawimbi Records", "Nyota", "Juma"]
    parties = save(wb, PARTY, [party(name, society="079" if name == "Lindqvist" else "") for name in names])
    ids = [row["id"] for row in parties]
    composer, lyricist, publisher, sub, foreign, stray, label, singer, drummer = ids
    members = [composer, lyricist, publisher, sub, label, singer, drummer]
    save(
        wb, MANDATE,
        [
            {"party_id": one, "starts_on": "2020-01-01", "rights": [{"right": right, "territory": "2136"} for right in RIGHTS]}
            for one in members
        ],
    )  # fmt: skip
    works = save(
        wb, WORK,
        [
            {"title": "Malaika", "duration_seconds": 200, "shares": [
                share(composer, "C", 333_333), share(lyricist, "A", 333_333), share(publisher, "E", 333_334)]},
            {"title": "Bahari", "shares": [share(foreign, "CA", 500_000), share(stray, "CA", 250_000)]},
            {"title": "Kimya", "shares": []},
        ],
    )  # fmt: skip
    save(
        wb, AGREEMENT,
        [{"kind": "PS", "assignor_party_id": publisher, "acquirer_party_id": sub, "starts_on": "2025-08-16",
          "shares": [{"right": "performing", "share_ppm": 1_000_000}, {"right": "mechanical", "share_ppm": 500_000}],
          "territories": [{"indicator": "I", "territory": "2100"}]}],
    )  # fmt: skip
    recordings = save(
        wb, RECORDING,
        [
            {"title": "Malaika", "main_artist": "Nyota", "duration_seconds": 210, "works": [{"work_id": works[0]["id"]}],
             "contributors": [contributor(label, "producer", 1_000_000), contributor(singer, "featured"),
                              contributor(drummer, "non_featured")]},
            {"title": "Malaika / Bahari", "main_artist": "Nyota", "contributors": [contributor(singer, "featured")],
             "works": [{"work_id": works[0]["id"]}, {"work_id": works[1]["id"]}]},
            {"title": "Pekee", "main_artist": "Juma", "contributors": []},
        ],
    )  # fmt: skip
    [licensee] = save(wb, LICENSEE, [{"name": "Redio Mawimbi"}])
    licences = save(
        wb, LICENCE,
        [{"licensee_id": licensee["id"], "number": "R/1", "tariff": "radio"},
         {"licensee_id": licensee["id"], "number": "K/1", "tariff": "concert"}],
    )  # fmt: skip
    bill(wb, licences[0]["id"], 600 * UNIT, tax=96 * UNIT)
    bill(wb, licences[1]["id"], 3_000 * UNIT)
    recorded = [row["id"] for row in recordings]
    worked = [row["id"] for row in works]
    report(
        wb, licences[0]["id"],
        [
            line("malaika", "2025-07-02", 180, "feature"),
            line("malaika", "2025-09-02", 60, "jingle"),
            line("medley", "2025-07-03", 301, ""),
            line("pekee", "2025-07-04", None, "feature"),
            line("bahari", "2025-07-05", 100, "feature"),
            line("doubt", "2025-07-06", 100, "feature"),
            line("nothing", "2025-07-07", None, "feature"),
            line("outside", "2025-07-08", 100, "feature"),
            line("broken", "2025-07-09", 100, "feature", state="quarantined"),
        ],
    )  # fmt: skip
    report(wb, licences[1]["id"], [line("malaika-live", "2025-08-20", 240, ""), line("kimya", "2025-08-20", 160, "")])
    match(wb, "malaika", "recording", recorded[0])
    match(wb, "medley", "recording", recorded[1])
    match(wb, "pekee", "recording", recorded[2])
    match(wb, "bahari", "work", worked[1])
    match(wb, "malaika-live", "work", worked[0])
    match(wb, "kimya", "work", worked[2])
    match(wb, "doubt", "", "", state="doubtful")
    match(wb, "outside", "", "", state="unmatched", method="ruling")


def share(party_id: str, role: str, ppm: int) -> dict[str, Any]:
    return {"party_id": party_id, "role": role, "performing_ppm": ppm, "mechanical_ppm": ppm}


def contributor(party_id: str, role: str, ppm: int = 0) -> dict[str, Any]:
    return {"party_id": party_id, "role": role, "share_ppm": ppm}


def bill(wb: Workbench, licence_id: str, net: int, *, tax: int = 0, period: str = PERIOD, paid: int | None = None) -> str:
    [invoice] = save(
        wb, INVOICE,
        [{"licence_id": licence_id, "period": period, "currency": "KES", "net_micros": net, "tax_micros": tax}],
    )  # fmt: skip
    amount = net + tax if paid is None else paid
    [receipt] = save(
        wb, RECEIPT, [{"invoice_id": invoice["id"], "currency": "KES", "amount_micros": amount, "received_on": "2025-09-30"}]
    )
    return str(receipt["id"])


def line(key: str, used_on: str, seconds: int | None, use: str, *, plays: int = 1, state: str = "accepted") -> dict[str, Any]:
    return {
        "key": key if state != "quarantined" else "", "title": key.title(), "artist": "Nyota", "used_on": used_on,
        "duration_seconds": seconds, "use": use, "plays": plays, "state": state,
    }  # fmt: skip


def report(wb: Workbench, licence_id: str, lines: list[dict[str, Any]], period: str = PERIOD) -> str:
    with wb.office.change("a report") as change:
        batch_id = change.new_id("B")
        change.connection.execute(insert(usage_batch).values(id=batch_id, licence_id=licence_id, period=period, lines=len(lines)))
        rows = [{"batch_id": batch_id, "line": n, "id": f"{batch_id}:{n}", **row} for n, row in enumerate(lines, start=2)]
        change.connection.execute(insert(usage), rows)
    return str(batch_id)


def match(wb: Workbench, key: str, kind: str, target_id: str, *, state: str = "matched", method: str = "exact") -> None:
    with wb.office.change("a match") as change:
        change.connection.execute(
            insert(usage_match).values(key=key, state=state, target_kind=kind, target_id=target_id, method=method)
        )
