"""The answer about one work: who collects a right in a territory on a day, and why; as a table and as a picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import pandas as pd

from ...core.errors import Finding
from ...core.territories import standard_territories
from .picture import ChainPicture, Way, WayStep
from .resolving import AgreementLink, Collected, Step


@dataclass(frozen=True)
class Chain:
    """Who collects a work's right in a territory on a day, and the way from each owner there; `picture()` draws it.

    `names` are the printed names of the parties, `agreements` the agreements of the ways by their id.
    """

    work_id: str
    right: str
    territory: str
    on: date
    collected: tuple[Collected, ...]
    findings: tuple[Finding, ...]
    names: Mapping[str, str]
    title: str = ""
    collected_on: date | None = None
    agreements: Mapping[str, AgreementLink] = field(default_factory=dict)

    @property
    def total_ppm(self) -> int:
        """What is collected in all; as much as is owned."""
        return sum(one.share_ppm for one in self.collected)

    def frame(self) -> pd.DataFrame:
        """Return one row per end of a way: owner, role, collector, share_ppm, agreements (in order), reason, holder.

        The holder owns on the day, after assignments and co-publishing; without these it is the owner.
        """
        columns = ["owner_party_id", "owner", "role", "collector_party_id", "collector", "share_ppm", "agreements", "reason",
                   "holder_party_id", "holder"]  # fmt: skip
        rows = [
            (
                one.owner_party_id,
                self.name(one.owner_party_id),
                one.role,
                one.collector_party_id,
                self.name(one.collector_party_id),
                one.share_ppm,
                " -> ".join(step.agreement_id for step in one.steps if step.agreement_id),
                "; ".join(step.reason for step in one.steps) or "no agreement: the owner collects",
                one.holder_party_id,
                self.name(one.holder_party_id),
            )
            for one in self.collected
        ]
        return pd.DataFrame(rows, columns=columns)

    def name(self, party_id: str) -> str:
        """Return a party's printed name, its id where it is not registered."""
        return self.names.get(party_id, party_id.replace("society:", "society "))

    def picture(self) -> ChainPicture:
        """Return the chain drawn: owners left, collectors right, every step with its agreement, share, dates and reason."""
        ways = tuple(
            Way(
                owner=one.owner_party_id,
                role=one.role,
                collector=one.collector_party_id,
                share_ppm=one.share_ppm,
                steps=tuple(
                    WayStep(
                        to=step.to_party_id,
                        part_ppm=step.part_ppm,
                        reason=self._reason(step),
                        agreement=self._number(step.agreement_id),
                        kind=self._link(step.agreement_id, "kind") if step.agreement_id else "member",
                        starts_on=self._link(step.agreement_id, "starts_on"),
                        ends_on=self._link(step.agreement_id, "ends_on"),
                        note=self._note(step.agreement_id, step.term),
                    )
                    for step in one.steps
                ),
                odd=tuple(dict.fromkeys(finding.code for finding in one.findings)),
            )
            for one in self.collected
        )
        place = standard_territories().name(self.territory, self.on)
        day = self.on.isoformat() + (f", paid {self.collected_on}" if self.collected_on and self.collected_on != self.on else "")
        heading = f"{self.right.replace('_', ' ')}, {place} ({self.territory}), {day}"
        told = tuple(self._told(finding) for finding in self.findings)
        return ChainPicture(self.title or self.work_id, heading, ways, told, self.names)

    def _repr_svg_(self) -> str:
        return self.picture().svg()

    def _reason(self, step: Step) -> str:
        number = self._number(step.agreement_id)
        return step.reason if number == step.agreement_id else step.reason.replace(step.agreement_id, number)

    def _number(self, agreement_id: str) -> str:
        return self._link(agreement_id, "number") or agreement_id

    def _link(self, agreement_id: str, name: str) -> str:
        link = self.agreements.get(agreement_id)
        return str(getattr(link, name)) if link else ""

    def _note(self, agreement_id: str, term: str) -> str:
        """What is special about a step, in a few words."""
        link = self.agreements.get(agreement_id)
        if link is None:
            return ""
        notes = {"specific": "names this work", "implied": "implied by its parties", "general": "all works"}[link.reach]
        if term == "retained":
            notes += f", kept until {link.retention_ends_on}"
        elif term == "prior":
            notes += ", use before its start"
        elif link.ends_on and self.collected_on and self.collected_on.isoformat() > link.ends_on:
            notes += ", paid after its end"
        return notes

    def _told(self, finding: Finding) -> str:
        """A finding in words, with names and numbers in place of ids."""
        text = f"{finding.code}: {finding}"
        told = {**self.names, **{one: self._number(one) for one in self.agreements}}
        for entity_id, name in sorted(told.items(), key=lambda pair: -len(pair[0])):
            text = text.replace(entity_id, name)
        return text
