"""What the desks of works, recordings, performances and releases say of their documents by the rule packs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TypeVar

import pandas as pd

from ...core import documents
from ...core.errors import Finding
from ...core.territories import standard_territories
from .. import rules
from ..past import Moment
from ..share_pictures import as_day
from ..statuses import LivingDesk
from . import judging
from .judging import Asked, Distributable

Thing = TypeVar("Thing")


class CheckedDesk(LivingDesk[Thing]):
    """A desk whose documents are judged by rule packs: packaged ones and the society's own, see `checks.packs`."""

    def check(self, entity_id: str | None = None) -> list[Finding]:
        """Return what is odd in one document, or in all of the kind, by id; `source` of a finding is the document's id."""
        with self.office.book.read() as connection:
            if entity_id is None:
                return judging.everything(connection, self.office, self.kind)
            found = documents.load(connection, self.kind, entity_id)
            return [one.finding for one in judging.judge(connection, self.office, self.kind, [found])]

    def problems(self) -> pd.DataFrame:
        """Return every problem of the kind, one row each, by id: what rule, what it found, since when, and what to do.

        Columns: id, title, rule, message, field, got, expected, right, territory, since, distributable (what it still is: fully,
        partly, not), what_to_do, source. Right, territory and since are empty where the problem holds for all.
        """
        with self.office.book.read() as connection:
            return judging.problems(connection, self.office, self.kind)

    def distributable(self, entity_id: str, *, right: str = "", territory: str = "", on: date | str = "") -> Distributable:
        """Return how far a document is distributable and why not more: for a right (or the least of all), in a territory (TIS
        code, default the society's), on a day (default today). Deleted and merged ones are not.
        """
        if right:
            rules.one_of({"right": right}, "right", rules.RIGHTS, f"{self.kind.name}.distributable")
        place = territory or self.office.config.territory
        standard_territories().require(place)
        with self.office.book.read() as connection:
            found = documents.load(connection, self.kind, entity_id)
            if found["status"] in rules.GONE:
                step = f"Use {found.get('merged_into_id')}." if found.get("merged_into_id") else "Restore it, if it was right."
                gone = rules.odd(found, "gone", f"the {self.kind.name} is {found['status']}", "status", what_to_do=step)
                return Distributable("not", (gone,))
            judged = judging.judge(connection, self.office, self.kind, [found], asked=Asked(place, as_day(on)))
        return judging.distributable(judged, rules.OWNED_AS.get(right, right))

    def frame(self, ids: Sequence[str] | None = None, *, as_of: Moment = "", before: str = "") -> pd.DataFrame:
        """Return one row per document, with `distributable`: fully, partly or not, today in the society's territory.

        With `as_of` or `before` as the register stood then, without it: see `Desk.frame`.
        """
        table = super().frame(ids, as_of=as_of, before=before)
        if as_of or before:
            return table
        with self.office.book.read() as connection:
            found = documents.load_many(connection, self.kind, list(table["id"]))
            asked = Asked(self.office.config.territory, as_day(""))
            states: dict[str, list[str]] = {}
            for one in judging.judge(connection, self.office, self.kind, list(found.values()), asked=asked):
                states.setdefault(one.finding.source, []).append(one.distributable)
        table["distributable"] = [
            "not" if status in rules.GONE else judging.worst(states.get(entity_id, ()))
            for entity_id, status in zip(table["id"], table["status"], strict=True)
        ]
        return table
