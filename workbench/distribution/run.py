"""The distribution desk: prepare a run, look at it, approve it, seal it; a second person is needed, and what is sealed is final.

run = wb.distribution.prepare(period="2025-Q3")            # nothing is owed yet
run.summary()                                              # micros in = micros out + held, at every step
run.explain(party="TALA-P-000017")                         # every cent, back to its usage line and receipt
run.approve(by="b.kamau")                                  # not who prepared it; bound to the digest
run.seal(by="b.kamau", note="Board decision 2025/14")      # postings are written; corrected only by a further run
"""

from __future__ import annotations

import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd
from sqlalchemy import insert, select

from ..core import documents
from ..core.canonical import canonical_json
from ..core.errors import Conflict, Finding, NotFound, NotPermitted, WorkbenchError
from ..core.money import Money
from ..core.office import Office, Progress, silent
from ..core.periods import Period
from ..core.store import Change
from . import ledger, results
from .compute import Outcome, compute
from .examples import require_examples
from .explain import explain
from .first_payments import tell_first_payments
from .freeze import Frozen, freeze, run_receipt
from .rulebook import find_rulebook, read_rulebook
from .runs import (
    APPROVED,
    MANIFEST,
    PREPARED,
    RULEBOOK_FILE,
    RUN,
    SEALED,
    RunDigest,
    as_written,
    digest_of,
    expected_digest,
    first_of,
    read_manifest,
    read_parameters,
    write_parameters,
)
from .trace import trace
from .waiting import waiting_money
from .waiting_targets import Target, Waiting, waiting_by_target


class Run:
    """One run as the book knows it; read it again with `wb.distribution.get(run.id)` after somebody else worked on it."""

    def __init__(self, office: Office, document: dict[str, Any]) -> None:
        self._office = office
        self._document = document

    def __repr__(self) -> str:
        return f"Run({self.id}, {self.period}, {self.state}, digest {self.digest[:12]})"

    @property
    def id(self) -> str:
        return str(self._document["id"])

    @property
    def period(self) -> str:
        return str(self._document["period"])

    @property
    def currency(self) -> str:
        return str(self._document["currency"])

    @property
    def digest(self) -> str:
        """SHA-256 over inputs, rule book, parameters and results."""
        return str(self._document["digest"])

    @property
    def state(self) -> str:
        """`prepared`, `approved` or `sealed`."""
        return str(self._document["state"])

    @property
    def facts(self) -> dict[str, Any]:
        """Everything the book keeps of the run: who, when, digests, note, folder, the run it corrects."""
        return dict(self._document)

    @property
    def folder(self) -> Path:
        """Where the run's files lie."""
        return self._office.config.folder / str(self._document["folder"])

    @property
    def manifest(self) -> dict[str, Any]:
        """Digests, conservation table, findings and row counts of the run."""
        return read_manifest(self.folder)

    @property
    def findings(self) -> pd.DataFrame:
        """What the run found odd, then what holds money, the largest amount first: one row per finding, as `Finding.as_row`,
        with `currency` and `amount` (Decimal; None where no money is held)."""
        columns = [*Finding("batch", "", "").as_row(), "currency", "amount"]
        rows = [
            {**row, "currency": currency, "amount": Money(currency, row["amount_micros"]).amount if currency else None}
            for row in self.manifest["findings"]
            for currency in [row.get("currency", "")]
        ]
        return pd.DataFrame(rows, columns=columns, dtype=object)

    def summary(self) -> pd.DataFrame:
        """Return the conservation table: one row per step and currency with in, out, held (Decimal) and whether they agree."""
        rows = [
            {
                "step": step,
                "currency": currency,
                "in": Money(currency, micros_in).amount,
                "out": Money(currency, out).amount,
                "held": Money(currency, held).amount,
                "conserved": micros_in == out + held,
            }
            for step, currency, micros_in, out, held in self.manifest["conservation"]
        ]
        return pd.DataFrame(rows, columns=["step", "currency", "in", "out", "held", "conserved"])

    def table(self, name: str) -> pd.DataFrame:
        """Return one input or result file as a frame; amounts also as Decimal (`amount` beside `amount_micros`)."""
        declared = results.table(name)
        frame = pd.DataFrame(
            list(results.read_dicts(self.folder / declared.place, declared)), columns=declared.names
        )  # fmt: skip
        for column in [column for column in declared.wholes if column.endswith("_micros")]:
            frame[column.removesuffix("_micros")] = frame[column].map(lambda micros: Money("XXX", micros).amount)
        return frame

    def explain(self, party: str) -> pd.DataFrame:
        """Return every micro a party earned, by usage line: see `explain.explain`.

        `party` is a party id, `society:<code>`, or the IPI name or base number the party had when the run was frozen.
        """
        parties = results.read_dicts(self.folder / "inputs", results.table("parties"))
        numbers = {str(row[name]): str(row["party_id"]) for row in parties for name in ("ipi_name_number", "ipi_base_number")}
        return explain(self.folder, numbers.get(party, party))

    def trace(self, usage_id: str) -> pd.DataFrame:
        """Return what one usage line earned in each pool and who shares it, or why it is held: see `trace.trace`."""
        return trace(self.folder, usage_id)

    def approve(self, *, by: str) -> Run:
        """Approve the run as it stands: a second person says yes to this digest.

        Raises `NotPermitted` for the preparer, `WorkbenchError` when a file of the run has changed since it was prepared,
        `Conflict` when it is not waiting for approval.
        """
        with self._step(by, f"approve run {self.id}", PREPARED, "approve") as (change, document):
            self._require_unchanged(document)
            document |= {
                "state": APPROVED, "approved_by": change.who, "approved_at": change.at, "approved_digest": document["digest"],
            }  # fmt: skip
        return self

    def seal(self, *, by: str, note: str) -> Run:
        """Seal an approved run: write its postings, once and for ever, and mark its receipts as distributed.

        Raises `NotPermitted` for the preparer, `WorkbenchError` when a file has changed since approval (which voids it),
        `Conflict` when the run is not approved or a receipt has been distributed by another run meanwhile.
        """
        if not note.strip():
            raise WorkbenchError("a run is sealed on a decision", got="no note", expected='note="Board decision 2025/14"')
        with self._step(by, f"seal run {self.id}: {note}", APPROVED, "seal") as (change, document):
            if document["approved_digest"] != document["digest"]:
                raise WorkbenchError(
                    "the approval is for another digest", got=document["approved_digest"], expected=document["digest"]
                )
            self._require_unchanged(document)
            self._take_receipts(change)
            self._require_same_balances(change)
            ledger.post(change, self.id, results.read_dicts(self.folder / "results", results.table("postings")))
            document |= {"state": SEALED, "sealed_by": change.who, "sealed_at": change.at, "note": note.strip()}
        return self

    def drift(self) -> pd.DataFrame:
        """Return which inputs would differ were the run prepared from the book now: one row per file, rows gone and rows new.

        What the register, the matches or the receipts have become since does not change a prepared run: it is approved as it was
        frozen, or prepared again. Raises `Conflict` for a sealed run, which is final.
        """
        if self.state == SEALED:
            raise Conflict("a sealed run is final", got=self.state, where=self.id, next_step="See wb.distribution.correct().")
        rows = []
        with tempfile.TemporaryDirectory() as temporary:
            with self._office.book.read() as connection:
                corrects = str(self._document["corrects"])
                receipts_of = first_of(connection, corrects) if corrects else ""
                period, territory = Period.parse(self.period), self._office.config.territory
                freeze(connection, period, Path(temporary), territory=territory, corrects=corrects, receipts_of=receipts_of)
            for declared in results.INPUTS:
                then = {tuple(row) for row in results.read_rows(self.folder / "inputs", declared)}
                now = {tuple(row) for row in results.read_rows(Path(temporary), declared)}
                if then != now:
                    rows.append((declared.name, len(then - now), len(now - then)))
        return pd.DataFrame(rows, columns=["input", "rows_gone", "rows_new"])

    def hledger(self) -> str:
        """Return the run's postings as a journal that hledger reads."""
        lines = results.read_dicts(self.folder / "results", results.table("postings"))
        return ledger.to_hledger(lines, on=read_parameters(self.folder)["ends_on"], run_id=self.id)

    @contextmanager
    def _step(self, by: str, why: str, state: str, op: str) -> Iterator[tuple[Change, dict[str, Any]]]:
        """Open one transaction on the run as it is in the book now; the document the block leaves is saved and journalled."""
        if not by.strip():
            raise WorkbenchError(f"who will {op} the run?", got="nobody", expected="by=USER")
        with self._office.change(why, by) as change:
            document = documents.load(change.connection, RUN, self.id)
            if document["state"] != state:
                raise Conflict(
                    f"the run cannot be {op}{'d' if op.endswith('e') else 'ed'}", got=document["state"], expected=state,
                    where=self.id,
                    next_step="Sealed runs are final: correct with a further run." if document["state"] == SEALED else "",
                )  # fmt: skip
            if _same_person(change.who, document["prepared_by"]):
                raise NotPermitted(
                    f"who prepared a run may not {op} it", got=change.who, expected="a second person", where=self.id
                )  # fmt: skip
            yield change, document
            documents.save_many(change, RUN, [document], op=op)
        self._document = document

    def _require_unchanged(self, document: dict[str, Any]) -> None:
        """Raise `WorkbenchError` naming the files that are not as they were prepared."""
        said = expected_digest(self.folder)
        now = digest_of(self.folder, said)
        changed = now.differences(said)
        if changed or now.whole != document["digest"]:
            raise WorkbenchError(
                "the run has changed since it was prepared, so no approval holds",
                got=", ".join(changed) or MANIFEST,
                expected=f"digest {document['digest'][:12]}",
                where=self.id,
                next_step="Prepare the period again, and have that run approved.",
            )

    def _take_receipts(self, change: Change) -> None:
        if self._document["corrects"]:
            self._require_uncorrected(change)
            return
        ids = [row["receipt_id"] for row in results.read_dicts(self.folder / "inputs", results.table("receipts"))]
        taken = {
            row.receipt_id: row.run_id
            for start in range(0, len(ids), documents.CHUNK)
            for row in change.connection.execute(
                select(run_receipt).where(run_receipt.c.receipt_id.in_(ids[start : start + documents.CHUNK]))
            )
        }
        if taken:
            receipt_id, run_id = min(taken.items())
            raise Conflict(
                "this money is distributed already", got=f"{len(taken)} receipts, like {receipt_id} by {run_id}", where=self.id,
                next_step="Prepare the period again: only new receipts will be taken.",
            )  # fmt: skip
        change.connection.execute(insert(run_receipt), [{"receipt_id": one, "run_id": self.id} for one in ids])

    def _require_uncorrected(self, change: Change) -> None:
        corrects = self._document["corrects"]
        for document in documents.load_many(change.connection, RUN).values():
            if document["corrects"] == corrects and document["state"] == SEALED:
                raise Conflict("this run is corrected already", got=f"{corrects} by {document['id']}", where=self.id)

    def _require_same_balances(self, change: Change) -> None:
        """Raise `Conflict` when another run has been sealed since, so that what is brought forward is no longer right."""
        rows = results.read_dicts(self.folder / "inputs", results.table("brought_forward"))
        said = {(row["payee_id"], row["currency"]): row["amount_micros"] for row in rows}
        if said != ledger.carried_forward(change.connection):
            raise Conflict(
                "another run was sealed since this one was prepared: balances brought forward differ", where=self.id,
                next_step="Prepare the period again.",
            )  # fmt: skip


class Distribution:
    """The desk for distributions: pools to come, runs prepared, approved, sealed."""

    def __init__(self, office: Office) -> None:
        self.office = office

    def pools(self, period: str = "") -> pd.DataFrame:
        """Return the money not distributed yet, one row per invoice period, licence and currency; of one period when given."""
        with self.office.book.read() as connection:
            return waiting_money(connection, Period.parse(period) if period else None)

    def prepare(self, period: str, *, rulebook: str = "default", by: str = "", progress: Progress = silent) -> Run:
        """Freeze the book's facts for a period, compute the distribution, and keep it as a prepared run; nothing is owed yet.

        Raises `WorkbenchError` when the period has no undistributed receipts, `NotFound` for an unknown rule book.
        """
        return self._prepare(Period.parse(period), rulebook, by, progress)

    def correct(self, run_id: str, *, rulebook: str = "default", by: str = "", progress: Progress = silent) -> Run:
        """Prepare a run that reverses a sealed run and replaces it with the same receipts, distributed by what the book says
        today.

        What a party got too much or too little is the difference in its balance. Raises `Conflict` when the run is not sealed or
        is corrected already (correct the correction).
        """
        first = self.get(run_id)
        if first.state != SEALED:
            raise Conflict("only a sealed run is corrected", got=first.state, expected=SEALED, where=run_id)
        later = [run for run in self._all() if run["corrects"] == run_id and run["state"] == SEALED]
        if later:
            raise Conflict("this run is corrected already", got=later[0]["id"], where=run_id, next_step="Correct that one.")
        with self.office.book.read() as connection:
            receipts_of = first_of(connection, run_id)
        return self._prepare(Period.parse(first.period), rulebook, by, progress, corrects=run_id, receipts_of=receipts_of)

    def get(self, run_id: str) -> Run:
        """Return a run; raises `NotFound` with the nearest identifiers."""
        with self.office.book.read() as connection:
            return Run(self.office, documents.load(connection, RUN, run_id))

    def latest(self) -> Run:
        """Return the newest run, whatever its state; raises `NotFound` when there is none yet."""
        found = self._all()
        if not found:
            raise NotFound("no run has been prepared yet", next_step="Prepare one with wb.distribution.prepare(period).")
        return Run(self.office, max(found, key=lambda document: str(document["id"])))

    def runs(self) -> pd.DataFrame:
        """Return one row per run, newest first: id, period, currency, state, digest, who and when, note, corrects."""
        columns = ["id", *RUN.fields]
        frame = pd.DataFrame(self._all(), columns=columns).drop(columns=["status"])
        return frame.sort_values("id", ascending=False, ignore_index=True)

    def balances(self) -> pd.DataFrame:
        """Return the balance of every account of the ledger: account, currency, amount (Decimal)."""
        with self.office.book.read() as connection:
            found = ledger.account_balances(connection)
        rows = [(account, currency, Money(currency, micros).amount) for (account, currency), micros in sorted(found.items())]
        return pd.DataFrame(rows, columns=["account", "currency", "amount"])

    def waiting_by_target(self) -> dict[Target, dict[str, Waiting]]:
        """Return what money waits on each work and recording, by currency: held by sealed runs, and not distributed yet."""
        runs = [document for document in self._all() if document["state"] == SEALED]
        corrected = {document["corrects"] for document in runs}
        standing = [Run(self.office, document).folder for document in runs if document["id"] not in corrected]
        with self.office.book.read() as connection:
            return waiting_by_target(connection, standing)

    def check(self) -> list[Finding]:
        """Check the ledger, and that every sealed run's files still have the digest it was sealed with."""
        with self.office.book.read() as connection:
            findings = ledger.check(connection)
        for document in self._all():
            if document["state"] == SEALED:
                findings += _altered(Run(self.office, document))
        return findings

    def _all(self) -> list[dict[str, Any]]:
        with self.office.book.read() as connection:
            return list(documents.load_many(connection, RUN).values())

    def _prepare(
        self, period: Period, rulebook: str, by: str, progress: Progress, *, corrects: str = "", receipts_of: str = ""
    ) -> Run:
        who = (by or self.office.user).strip()
        source = find_rulebook(rulebook, self.office.config.rules)
        book = read_rulebook(source)
        require_examples(book)
        config = self.office.config
        folder = config.runs / f".preparing-{secrets.token_hex(6)}"
        (folder / "inputs").mkdir(parents=True)
        try:
            progress("freeze the inputs", 0, 1)
            with self.office.book.read() as connection:
                frozen = freeze(
                    connection,
                    period,
                    folder / "inputs",
                    territory=config.territory,
                    corrects=corrects,
                    receipts_of=receipts_of,
                )
            parameters = {
                "currency": config.currency,
                "ends_on": period.ends_on.isoformat(),
                "instance": config.code,
                "period": str(period),
                "society": config.society,
                "starts_on": period.starts_on.isoformat(),
                "territory": config.territory,
            }
            write_parameters(folder, parameters)
            shutil.copyfile(source, folder / RULEBOOK_FILE)
            outcome = compute(folder / "inputs", folder / RULEBOOK_FILE, parameters, folder / "results", progress=progress)
            digest = digest_of(folder, as_written(folder))
            with self.office.book.read() as connection:
                new = tell_first_payments(connection, results.read_dicts(folder / "results", results.table("balances")))
            _write_manifest(folder, digest, book.name, book.version, frozen, outcome, new)
            return self._keep(folder, period, digest, who, corrects)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _keep(self, folder: Path, period: Period, digest: RunDigest, who: str, corrects: str) -> Run:
        config = self.office.config
        why = f"prepare the distribution of {period}" + (f", correcting {corrects}" if corrects else "")
        with self.office.change(why, who) as change:
            [run_id] = change.new_ids(RUN.letter, 1)
            document: dict[str, Any] = {
                "id": run_id, "status": "", "period": str(period), "currency": config.currency, "digest": digest.whole,
                "state": PREPARED, "prepared_by": change.who, "prepared_at": change.at,
                "folder": f"{config.runs.name}/{run_id}", "corrects": corrects,
            }  # fmt: skip
            target = config.runs / run_id
            if target.exists():  # left by a power cut between this rename and the commit: that number was never given
                shutil.rmtree(target)
            folder.rename(target)
            try:
                [saved] = documents.save_many(change, RUN, [document], op="prepare")
            except BaseException:
                shutil.rmtree(target, ignore_errors=True)
                raise
        return Run(self.office, saved)


def _write_manifest(
    folder: Path, digest: RunDigest, name: str, edition: str, frozen: Frozen, outcome: Outcome, new: list[Finding]
) -> None:
    manifest = {
        "format": "workbench-run-1",
        "software": version("repertoire-workbench"),
        "digest": digest.whole,
        "inputs": digest.inputs,
        "rulebook": {"name": name, "version": edition, "digest": digest.rulebook},
        "parameters": digest.parameters,
        "results": digest.results,
        "rows": {**frozen.rows, **outcome.rows},
        "conservation": [list(row) for row in sorted(outcome.conservation)],
        "findings": [
            *(finding.as_row() for finding in [*frozen.findings, *outcome.findings, *new]),
            *(told.as_row() for told in outcome.held),
        ],
    }
    (folder / MANIFEST).write_bytes(canonical_json(manifest) + b"\n")


def _altered(run: Run) -> list[Finding]:
    try:
        said = expected_digest(run.folder)
        now = digest_of(run.folder, said)
        differences = now.differences(said)
        same = now.whole == run.digest
    except WorkbenchError as error:
        differences, same = [str(error)], False
    if same:
        return []
    return [
        Finding(
            "file", "run_altered", "a sealed run's files are not as they were sealed", got=", ".join(differences) or MANIFEST,
            expected=f"digest {run.digest[:12]}", source=run.id, what_to_do="Take the files back from a backup or the audit kit.",
        )
    ]  # fmt: skip


def _same_person(one: str, other: str) -> bool:
    return one.strip().casefold() == other.strip().casefold()
