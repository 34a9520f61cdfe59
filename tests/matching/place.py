"""A small society for the tests of matching: its register, its usage, its matching desk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from workbench.core import documents
from workbench.core.office import Office
from workbench.matching.run import Matching
from workbench.matching.usage import UsageBatch, UsageDesk
from workbench.registry.licences import INVOICE, LICENCE, LICENSEE, RECEIPT
from workbench.registry.parties import PARTY
from workbench.registry.recordings import RECORDING
from workbench.registry.works import WORK


@dataclass
class Place:
    office: Office
    matching: Matching
    usage: UsageDesk
    licence_id: str
    captured: int = 0

    def recording(self, title: str, artist: str, **more: Any) -> str:
        works = [{"work_id": work_id} for work_id in more.pop("works", ())]
        with self.office.change("register") as change:
            document = {"title": title, "main_artist": artist, "works": works, **more}
            return documents.save(change, RECORDING, document)["id"]

    def work(self, title: str, writers: tuple[str, ...] = (), titles: tuple[str, ...] = (), **more: Any) -> str:
        with self.office.change("register") as change:
            people = [
                documents.save(change, PARTY, {"kind": "natural", "name": n.split()[-1], "first_name": n.split()[0]})
                for n in writers
            ]
            shares = [{"party_id": person["id"], "role": "CA"} for person in people]
            document = {"title": title, "titles": [{"kind": "AT", "title": each} for each in titles], "shares": shares, **more}
            return documents.save(change, WORK, document)["id"]

    def report(self, *rows: dict[str, Any]) -> UsageBatch:
        self.captured += 1
        given = [{"used_on": f"2025-07-{self.captured:02d}", **row} for row in rows]
        return self.usage.capture(given, licence_id=self.licence_id, period="2025-Q3", why="report")

    def pay(self, micros: int) -> None:
        with self.office.change("paid") as change:
            invoice = documents.save(change, INVOICE, {"licence_id": self.licence_id, "currency": "KES", "net_micros": micros})
            documents.save(change, RECEIPT, {"invoice_id": invoice["id"], "currency": "KES", "amount_micros": micros})

    def states(self) -> list[tuple[str, str]]:
        """(state, target) of every line, in order."""
        frame = self.matching.frame()
        return [(row.state, row.target_id if row.state == "matched" else "") for row in frame.itertuples()]


def first_licence(office: Office) -> str:
    """Give a society its first licence and return its id."""
    with office.change("first licence") as change:
        licensee = documents.save(change, LICENSEE, {"name": "Radio One"})
        return str(documents.save(change, LICENCE, {"licensee_id": licensee["id"], "number": "1"})["id"])


def make_place(office: Office) -> Place:
    return Place(office, Matching(office), UsageDesk(office), first_licence(office))
