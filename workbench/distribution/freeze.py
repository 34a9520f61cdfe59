"""From the book to the canonical inputs of a run: one moment of the book, written as sorted CSV files that say all the run
may know.

Only what the run needs is written: the receipts of the period not distributed yet, the usage of their licences, what that
usage was matched to, and of the register what those works, recordings and parties need.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Table, Text, column, select
from sqlalchemy import table as named_table

from ..core.errors import Finding, WorkbenchError
from ..core.money import allocate
from ..core.periods import Period
from ..core.store import book_table, words
from ..core.territories import WORLD
from ..registry.agreements import agreement, agreement_share, agreement_territory, agreement_work
from ..registry.licences import invoice, licence, licensee, receipt
from ..registry.mandates import mandate, mandate_right
from ..registry.parties import party, party_affiliation, party_name
from ..registry.recordings import recording, recording_contributor, recording_work
from ..registry.rules import GONE
from ..registry.share_pictures import in_force
from ..registry.works import work, work_share
from .ledger import carried_forward, postings_of
from .results import INPUTS, table, write_rows

CHUNK = 500
Row = dict[str, Any]

run_receipt = book_table(
    "run_receipt",
    Column("receipt_id", Text, primary_key=True),  # a receipt is distributed once
    words("run_id", index=True),
)

# written by matching; named here only to read them
_usage = named_table(
    "usage",
    *(column(name) for name in ("id", "batch_id", "line", "state", "key", "title", "artist", "used_on", "duration_seconds",
    "plays", "use")),
)  # fmt: skip
_batch = named_table("usage_batch", *(column(name) for name in ("id", "licence_id", "period")))
_match = named_table("usage_match", *(column(name) for name in ("key", "state", "target_kind", "target_id", "method")))


@dataclass(slots=True)
class Frozen:
    """What was written: rows per input, receipts taken, findings."""

    rows: dict[str, int] = field(default_factory=dict)
    receipt_ids: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def freeze(
    connection: Connection, period: Period, folder: Path, *, territory: str = WORLD, corrects: str = "", receipts_of: str = ""
) -> Frozen:
    """Write the inputs of a run for `period` into `folder` (its `inputs/`) and return what was written.

    Of the shares, those are written that are in force in `territory` (TIS code, where the society works) on the period's last
    day. For a correction, `corrects` names the sealed run whose postings are reversed, and `receipts_of` the run that first
    distributed the receipts. Raises `WorkbenchError` when there is no money to distribute.
    """
    return _Freeze(connection, period, folder, territory, corrects, receipts_of).write()


class _Freeze:
    """One moment of the book; each method writes the files of one part."""

    def __init__(
        self, connection: Connection, period: Period, folder: Path, territory: str, corrects: str, receipts_of: str
    ) -> None:
        self.connection, self.period, self.folder, self.territory = connection, period, folder, territory or WORLD
        self.corrects, self.receipts_of = corrects, receipts_of
        self.frozen = Frozen()
        self.parties: set[str] = set()

    def write(self) -> Frozen:
        """Write every input."""
        licences = self.write_money()
        keys = self.write_usage(licences)
        recordings, works = self.write_matches(keys)
        works |= self.write_recordings(recordings)
        self.write_works(works)
        self.write_agreements()
        self.write_balances()
        self.write_parties()
        missing = [declared.name for declared in INPUTS if declared.name not in self.frozen.rows]
        assert not missing, missing  # noqa: S101  every declared input is written
        return self.frozen

    def write_money(self) -> set[str]:
        """Write receipts and licences; return the licences."""
        rows = self._receipts()
        if not rows:
            raise WorkbenchError(
                "no money to distribute",
                got=f"no receipt for an invoice of {self.period} that is not distributed yet",
                next_step="Record the receipts (wb.licences.add_receipt), or choose a period of wb.distribution.pools().",
            )
        self._put("receipts", rows)
        self.frozen.receipt_ids = sorted(row["receipt_id"] for row in rows)
        ids = {row["licence_id"] for row in rows}
        query = (
            select(licence.c.id, licence.c.number, licence.c.licensee_id, licensee.c.name, licence.c.tariff)
            .join(licensee, licensee.c.id == licence.c.licensee_id)
            .where(licence.c.id.in_(sorted(ids)))
        )
        names = ("licence_id", "number", "licensee_id", "licensee_name", "tariff")
        self._put("licences", (dict(zip(names, row, strict=True)) for row in self.connection.execute(query)))
        return ids

    def _receipts(self) -> list[Row]:
        query = (
            select(
                receipt.c.id, receipt.c.invoice_id, invoice.c.licence_id, receipt.c.currency, receipt.c.amount_micros,
                invoice.c.net_micros, invoice.c.tax_micros, receipt.c.received_on, invoice.c.period, run_receipt.c.run_id,
            )
            .join(invoice, invoice.c.id == receipt.c.invoice_id)
            .outerjoin(run_receipt, run_receipt.c.receipt_id == receipt.c.id)
            .where(receipt.c.status != "deleted")
        )  # fmt: skip
        rows = []
        for row in self.connection.execute(query.order_by(receipt.c.id)):
            if self.receipts_of:
                wanted = row.run_id == self.receipts_of
            else:
                wanted = row.run_id is None and self._in_period(row.period, row.id)
            if wanted:
                rows.append(_receipt(row))
        return rows

    def _in_period(self, text: str, receipt_id: str) -> bool:
        invoiced = Period.parse(text)
        if invoiced.starts_on >= self.period.starts_on and invoiced.ends_on <= self.period.ends_on:
            return True
        if invoiced.starts_on <= self.period.ends_on and invoiced.ends_on >= self.period.starts_on:
            self.frozen.findings.append(
                Finding(
                    "record", "receipt_beyond_period", "a receipt's invoice reaches beyond this period: left out",
                    got=text, expected=f"within {self.period}", source=receipt_id,
                    what_to_do="Distribute it with a run over the invoice's whole period.",
                )
            )  # fmt: skip
        return False

    def write_usage(self, licences: Collection[str]) -> set[str]:
        """Write the usage lines of the licences' batches of the period; return their keys."""
        batches: dict[str, str] = {}
        query = select(_batch.c.id, _batch.c.licence_id, _batch.c.period).where(_batch.c.licence_id.in_(sorted(licences)))
        for row in self.connection.execute(query.order_by(_batch.c.id)):
            reported = Period.parse(row.period)
            if reported.starts_on >= self.period.starts_on and reported.ends_on <= self.period.ends_on:
                batches[row.id] = row.licence_id
        declared = table("usages")
        fields = {"usage_id": _usage.c.id, "licence_id": _usage.c.batch_id}
        columns = [fields[name] if name in fields else _usage.c[name] for name in declared.names]
        place, key_place = declared.names.index("licence_id"), declared.names.index("key")
        lines: list[list[str]] = []
        for batch_id in batches:
            found = select(*columns).where(_usage.c.batch_id == batch_id, _usage.c.state != "quarantined")
            lines += [["" if value is None else str(value) for value in row] for row in self.connection.execute(found).all()]
        for line in lines:
            line[place] = batches[line[place]]
        lines.sort()
        keys = {line[key_place] for line in lines}
        self.frozen.rows["usages"] = write_rows(self.folder, declared, lines)
        return keys

    def write_matches(self, keys: Collection[str]) -> tuple[set[str], set[str]]:
        """Write what the keys were matched to; return the recordings and works named."""
        rows = [
            {
                "key": row.key,
                "state": "not_in_repertoire" if row.method == "ruling" and not row.target_id else row.state,
                "target_kind": row.target_kind if row.state == "matched" else "",
                "target_id": row.target_id if row.state == "matched" else "",
            }
            for row in self._where(select(_match), _match.c.key, keys)
        ]
        self._put("matches", rows)
        return (
            {row["target_id"] for row in rows if row["target_kind"] == "recording"},
            {row["target_id"] for row in rows if row["target_kind"] == "work"},
        )

    def write_recordings(self, ids: Collection[str]) -> set[str]:
        """Write recordings with contributors and works; return the works."""
        found = self._rows(recording, recording.c.id, ids, {"id": "recording_id"})
        self._put("recordings", found)
        live = self._live(found, "recording")
        contributors = self._in_force(
            self._rows(recording_contributor, recording_contributor.c.owner_id, live, {"owner_id": "recording_id"})
        )
        self.parties |= {row["party_id"] for row in contributors}
        self._put("recording_contributors", contributors)
        embodied = self._rows(recording_work, recording_work.c.owner_id, ids, {"owner_id": "recording_id"})
        survivors = self._survivors({row["work_id"] for row in embodied})
        embodied = [{**row, "work_id": survivors.get(row["work_id"], row["work_id"])} for row in embodied]
        pairs = {(row["recording_id"], row["work_id"]): row for row in embodied}
        self._put("recording_works", pairs.values())
        return {work_id for _, work_id in pairs}

    def write_works(self, ids: Collection[str]) -> None:
        """Write works with the shares in force."""
        found = self._rows(work, work.c.id, ids, {"id": "work_id"})
        self._put("works", found)
        shares = self._in_force(self._rows(work_share, work_share.c.owner_id, self._live(found, "work"), {"owner_id": "work_id"}))
        self.parties |= {row["party_id"] for row in shares} | {row["represents_party_id"] for row in shares}
        self._put("work_shares", shares)

    def write_agreements(self) -> None:
        """Write the agreements that can follow from the parties so far, then what all parties entrusted to whom."""
        found: dict[str, Row] = {}
        ask = {party_id for party_id in self.parties if party_id}
        while ask:
            new = [
                row
                for row in self._rows(agreement, agreement.c.assignor_party_id, ask, {"id": "agreement_id"})
                if row["agreement_id"] not in found and row["status"] not in GONE
            ]
            found.update((row["agreement_id"], row) for row in new)
            ask = {row["acquirer_party_id"] for row in new} - self.parties
            self.parties |= ask
        self._put("agreements", found.values())
        for name, book in (
            ("agreement_shares", agreement_share),
            ("agreement_territories", agreement_territory),
            ("agreement_works", agreement_work),
        ):
            self._put(name, self._rows(book, book.c.owner_id, found, {"owner_id": "agreement_id"}))
        owners = {row["id"]: row for row in self._rows(mandate, mandate.c.party_id, self.parties, {})}
        rights = self._rows(mandate_right, mandate_right.c.owner_id, owners, {"owner_id": "mandate_id"})
        self._put(
            "mandates",
            (
                {**row, **{name: owners[row["mandate_id"]][name] for name in ("party_id", "starts_on", "ends_on")}}
                for row in rights
                if owners[row["mandate_id"]]["status"] != "deleted"
            ),
        )
        self._put(
            "affiliations", self._rows(party_affiliation, party_affiliation.c.owner_id, self.parties, {"owner_id": "party_id"})
        )

    def write_balances(self) -> None:
        """Write what sealed runs carried forward, and the postings of the run this one corrects."""
        carried = carried_forward(self.connection)
        self.parties |= {payee for payee, _ in carried if not payee.startswith("society:")}
        self._put(
            "brought_forward", ({"payee_id": p, "currency": c, "amount_micros": m} for (p, c), m in carried.items())
        )  # fmt: skip
        corrected = postings_of(self.connection, self.corrects) if self.corrects else []
        self._put("corrected_postings", (row for row in corrected if row["entry"].startswith(("receive:", "pool:"))))

    def write_parties(self) -> None:
        """Write every party named so far."""
        ids = {party_id for party_id in self.parties if party_id}
        numbers: dict[str, str] = {}
        for row in self._rows(party_name, party_name.c.owner_id, ids, {}, order=party_name.c.position):
            if row["ipi_name_number"]:
                numbers.setdefault(row["owner_id"], row["ipi_name_number"])
        parties = self._rows(party, party.c.id, ids, {"id": "party_id"})
        self._put("parties", ({**row, "ipi_name_number": numbers.get(row["party_id"], "")} for row in parties))

    def _survivors(self, ids: Collection[str]) -> dict[str, str]:
        """What merged works were merged into, to the end of the way."""
        step: dict[str, str] = {}
        ask = set(ids)
        while ask:
            query = select(work.c.id, work.c.merged_into_id).where(work.c.status == "merged", work.c.merged_into_id.is_not(None))
            found = {row.id: row.merged_into_id for row in self._where(query, work.c.id, ask)}
            step.update(found)
            ask = set(found.values()) - step.keys()
        ends = {}
        for one in step:
            passed, end = {one}, step[one]
            while end in step and end not in passed:
                passed.add(end)
                end = step[end]
            ends[one] = end
        return ends

    def _in_force(self, rows: list[Row]) -> list[Row]:
        return [dict(row) for row in in_force(rows, self.territory, self.period.ends_on)]

    def _live(self, found: list[Row], kind: str) -> list[str]:
        """The ids of those that are neither deleted nor merged; of the others no owner is written, so that their money waits."""
        for row in found:
            if row["status"] in GONE:
                survivor = row["merged_into_id"]
                step = f"Match again: its usage then leads to {survivor}." if survivor else "Match again, or undo the deletion."
                done = f"{step} Then prepare the run again."
                self.frozen.findings.append(
                    Finding(
                        "record", f"{kind}_gone", f"usage was matched to a {kind} that is {row['status']}: its money is held",
                        field="status", got=row["status"], source=row[f"{kind}_id"], what_to_do=done,
                    )
                )  # fmt: skip
        return [row[f"{kind}_id"] for row in found if row["status"] not in GONE]

    def _rows(
        self,
        book: Table,
        by: ColumnElement[Any],
        ids: Iterable[str],
        renamed: Mapping[str, str],
        *,
        order: ColumnElement[Any] | None = None,
    ) -> list[Row]:
        query = select(book) if order is None else select(book).order_by(order)
        return [
            {renamed.get(name, name): value for name, value in row._mapping.items()} for row in self._where(query, by, ids)
        ]  # fmt: skip

    def _where(self, query: Any, by: ColumnElement[Any], ids: Iterable[str]) -> Iterator[Any]:
        wanted = sorted(one for one in ids if one)
        for start in range(0, len(wanted), CHUNK):
            yield from self.connection.execute(query.where(by.in_(wanted[start : start + CHUNK])))

    def _put(self, name: str, rows: Iterable[Mapping[str, Any]]) -> None:
        declared = table(name)
        texts = sorted(
            ["" if row.get(column.name) is None else str(row[column.name]) for column in declared.columns] for row in rows
        )
        self.frozen.rows[name] = write_rows(self.folder, declared, texts)


def tax_within(paid_micros: int, net_micros: int, tax_micros: int) -> int:
    """Return the tax in a payment of an invoice of `net_micros` and `tax_micros`: a part payment is split as the invoice is."""
    return allocate(paid_micros, {"net": net_micros, "tax": tax_micros})["tax"] if tax_micros else 0


def _receipt(row: Any) -> Row:
    tax = tax_within(row.amount_micros, row.net_micros, row.tax_micros)
    return {
        "receipt_id": row.id,
        "invoice_id": row.invoice_id,
        "licence_id": row.licence_id,
        "currency": row.currency,
        "paid_micros": row.amount_micros,
        "tax_micros": tax,
        "amount_micros": row.amount_micros - tax,
        "received_on": row.received_on,
    }
