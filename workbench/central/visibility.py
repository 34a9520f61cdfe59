"""Who may see what: repertoire by default everybody enrolled, agreements whom they concern, mandates their own society only.

A line of the share policy makes an exception; the most exact one counts: this audience before everybody, this kind before all
kinds.
"""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Connection, select

from ..core.errors import NotPermitted
from ..sync.changes import Document
from .tables import holding, instance, share_policy

REPERTOIRE = ("party", "work", "recording")


class Viewer:
    """One instance's eyes, for the length of a transaction."""

    def __init__(self, connection: Connection, code: str) -> None:
        row = connection.execute(select(instance).where(instance.c.code == code)).mappings().first()
        if row is None:
            raise NotPermitted("not enrolled", got=code)
        self.connection, self.code = connection, code
        self.society, self.territory = str(row["society"]), str(row["territory"])
        policies = connection.execute(select(share_policy).where(share_policy.c.audience.in_([code, "*"]))).mappings()
        self.policy = {(row["owner"], row["kind"], row["audience"]): bool(row["allowed"]) for row in policies}
        self._societies: dict[str, set[str]] = {}

    def may_see(self, kind: str, entity_id: str, document: Document) -> bool:
        """Tell whether this instance may see a document."""
        owner = entity_id.split("-")[0]
        if owner == self.code:
            return True
        for audience in (self.code, "*"):
            for of_kind in (kind, "*"):
                if (owner, of_kind, audience) in self.policy:
                    return self.policy[owner, of_kind, audience]
        if kind in REPERTOIRE:
            return True
        return kind == "agreement" and self._is_concerned(document)

    def may_read(self, row: Any) -> bool:
        """Tell whether this instance may read a line of the feed."""
        if row["audience"]:
            return self.code in json.loads(row["audience"])
        if row["what"] == "document":
            return self.may_see(row["kind"], row["entity_id"], json.loads(row["document"]))
        query = select(holding.c.document).where(holding.c.kind == row["kind"], holding.c.entity_id == row["entity_id"])
        text = self.connection.execute(query).scalar()
        return text is not None and self.may_see(row["kind"], row["entity_id"], json.loads(text))

    def _is_concerned(self, agreement: Document) -> bool:
        parties = [str(agreement.get(name, "")) for name in ("assignor_party_id", "acquirer_party_id")]
        if any(party.split("-")[0] == self.code for party in parties):
            return True
        if self.society and any(self.society in self._society_of(party) for party in parties):
            return True
        territories = {str(row.get("territory")) for row in agreement.get("territories") or [] if row.get("indicator") == "I"}
        return bool(self.territory) and self.territory in territories

    def _society_of(self, party_id: str) -> set[str]:
        if party_id not in self._societies:
            query = select(holding.c.document).where(holding.c.kind == "party", holding.c.entity_id == party_id)
            text = self.connection.execute(query).scalar()
            rows = json.loads(text).get("affiliations", []) if text else []
            self._societies[party_id] = {str(row.get("society", "")) for row in rows}
        return self._societies[party_id]
