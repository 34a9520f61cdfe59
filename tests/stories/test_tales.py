"""Run the stories of this folder: each YAML file is one small distribution in plain words, with what everybody must get."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from workbench.api import Workbench
from workbench.core.money import parse_micros
from workbench.core.shares import parse_percent

TALES = sorted(Path(__file__).parent.glob("*.yaml"))
PARTY_KINDS = {"person": "natural", "company": "legal", "band": "group"}
ROLES = {"composer": "C", "author": "A", "composer and author": "CA", "publisher": "E"}
AGREEMENT_KINDS = {"original general": "OG", "sub-publishing general": "PG"}
SOCIETY = "399"


def seconds(length: str) -> int:
    minutes, _, rest = length.partition(":")
    return int(minutes) * 60 + int(rest)


class Tale:
    """One story told to a workbench: what is known goes in, what comes out can be asked for by the members' names."""

    def __init__(self, text: dict[str, Any], folder: Path) -> None:
        self.text = text
        self.wb = Workbench.create(
            folder,
            code="TALE",
            name="The society of the story",
            currency=text["currency"],
            society=SOCIETY,
            territory="404",
            user="teller",
        )
        self.parties = self._members()
        self.works = self._works()
        self._agreements()
        self._recordings()
        self.licence_id = self._licence()
        self._played()
        self.run = self.wb.distribution.prepare(text["period"])
        self.run.approve(by="second.person")
        self.run.seal(by="second.person", note=text["story"])

    def amounts(self, table: str, key: str, column: str = "amount_micros") -> dict[str, int]:
        """Sum a result's micros by a column; parties by their names in the story."""
        names = {party_id: name for name, party_id in self.parties.items()}
        frame = self.run.table(table)
        sums = frame.groupby(key)[column].sum()
        return {names.get(str(one), str(one)): int(micros) for one, micros in sums.items() if micros}

    def _members(self) -> dict[str, str]:
        ids = {}
        rights = [{"right": right, "territory": "2136"} for right in ("performing", "mechanical", "neighbouring")]
        for name, kind in self.text["members"].items():
            first, _, last = name.rpartition(" ") if kind == "person" else ("", "", name)
            affiliations = [{"society": SOCIETY, **right} for right in rights]
            party = {"kind": PARTY_KINDS[kind], "name": last, "first_name": first, "affiliations": affiliations}
            ids[name] = self.wb.parties.save(party, why="joins").id
            self.wb.mandates.save({"party_id": ids[name], "starts_on": "2015-01-01", "rights": rights}, why="entrusts its rights")
        return ids

    def _works(self) -> dict[str, str]:
        ids = {}
        for work in self.text["works"]:
            shares = []
            for line in work["shares"]:
                name, role, percent = (part.strip() for part in line.rsplit(",", 2))
                ppm = parse_percent(percent)
                shares.append({"party_id": self.parties[name], "role": ROLES[role], "performing_ppm": ppm, "mechanical_ppm": ppm})
            ids[work["title"]] = self.wb.works.save({"title": work["title"], "shares": shares}, why="is documented").id
        return ids

    def _agreements(self) -> None:
        for one in self.text.get("agreements", []):
            shares = [{"right": right, "share_ppm": parse_percent(one["percent"])} for right in ("performing", "mechanical")]
            document = {
                "kind": AGREEMENT_KINDS[one["kind"]],
                "assignor_party_id": self.parties[one["from"]],
                "acquirer_party_id": self.parties[one["to"]],
                "starts_on": one["starts_on"],
                "shares": shares,
                "territories": [{"indicator": "I", "territory": "2136"}],
            }
            self.wb.agreements.save(document, why="is signed")

    def _recordings(self) -> None:
        for one in self.text.get("recordings", []):
            people = [{"party_id": self.parties[name], "role": "featured"} for name in one.get("featured", [])]
            people += [{"party_id": self.parties[name], "role": "non_featured"} for name in one.get("others", [])]
            labels = one.get("producers", [])
            people += [
                {"party_id": self.parties[name], "role": "producer", "share_ppm": 1_000_000 // len(labels)} for name in labels
            ]
            document = {
                "title": one["title"],
                "main_artist": one["artist"],
                "duration_seconds": seconds(one["length"]),
                "contributors": people,
                "works": [{"work_id": self.works[title]} for title in one["works"]],
            }
            self.wb.recordings.save(document, why="is released")

    def _licence(self) -> str:
        told = self.text["licence"]
        licensee = self.wb.licences.add_licensee(told["licensee"], why="asks for a licence")
        licence = self.wb.licences.add_licence(
            licensee.id, tariff=told["tariff"], starts_on="2025-01-01", parameters=told["declares"], why="is signed"
        )
        invoice = self.wb.licences.invoice_from_licence(licence.id, self.text["period"], issued_on="2025-09-01", why="is due")
        assert invoice.net_micros == parse_micros(told["invoice"])
        self.wb.licences.add_receipt(invoice.id, amount=told["invoice"], received_on=told["paid_on"], why="is paid")
        return licence.id

    def _played(self) -> None:
        rows = [
            {
                "title": line["title"],
                "artist": line.get("artist", ""),
                "writers": line.get("writers", ""),
                "duration_seconds": seconds(line["length"]),
                "plays": int(line.get("times", 1)),
                "used_on": "2025-08-02",
            }
            for line in self.text["played"]
        ]
        self.wb.usage.capture(rows, licence_id=self.licence_id, period=self.text["period"], why="reports what was played")
        self.wb.matching.run()


@pytest.fixture(params=TALES, ids=lambda path: path.stem)
def tale(request: pytest.FixtureRequest, tmp_path: Path) -> Tale:
    text = yaml.load(request.param.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506  texts only, exactly as written
    return Tale(text, tmp_path / "society")


def told(amounts: dict[str, str]) -> dict[str, int]:
    return {name: parse_micros(amount) for name, amount in amounts.items()}


CHAPTERS: dict[str, Callable[[Tale], dict[str, int]]] = {
    "deductions": lambda tale: tale.amounts("deductions", "name"),
    "earned": lambda tale: tale.amounts("balances", "payee_id", "earned_micros"),
    "paid": lambda tale: tale.amounts("balances", "payee_id", "payable_micros"),
    "held": lambda tale: tale.amounts("holds", "reason"),
}


def test_everybody_in_the_story_gets_what_it_says(tale: Tale) -> None:
    expected = tale.text["expected"]
    assert {chapter: read(tale) for chapter, read in CHAPTERS.items()} == {
        chapter: told(expected[chapter]) for chapter in CHAPTERS
    }


def test_what_came_in_is_what_was_paid_held_deducted_and_carried_forward(tale: Tale) -> None:
    came_in = parse_micros(tale.text["licence"]["invoice"])
    carried = sum(tale.amounts("balances", "payee_id", "carried_forward_micros").values())
    went_out = sum(sum(CHAPTERS[chapter](tale).values()) for chapter in ("deductions", "paid", "held"))
    assert came_in == went_out + carried
