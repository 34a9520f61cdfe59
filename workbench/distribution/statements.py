"""Statements: for every payee of a run one CSV and one PDF, and an index with every amount and every file's digest.

    FOLDER/index.csv                     one row a payee: amounts, and SHA-256 of both files
    FOLDER/csv/TALA-P-000017-KES.csv     every line; earned + brought_forward + corrected = payable + carried_forward
    FOLDER/pdf/TALA-P-000017-KES.pdf     the same for a person

CSVs are written in one pass, for all. PDFs take a twentieth of a second or more each: they are printed by two threads with
progress, and a second call goes on where the first was stopped, printing only what is missing or has changed.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter
from pathlib import Path
from typing import Any

import yaml

from ..core import journal
from ..core.canonical import csv_bytes, file_digest
from ..core.errors import Finding, WorkbenchError, unknown
from ..core.money import format_micros
from ..core.office import Office, Progress, silent
from . import audit_kit
from .results import WHOLE_PPT
from .rulebook import PaymentRule, read_rulebook
from .run import Distribution, Run
from .runs import RULEBOOK_FILE, RUN, read_parameters
from .statement_lines import Statement, read_statements
from .statement_pdf import Paper, Printer, view

FORMATS = ("csv", "pdf")
COLUMNS = [
    *("run_id", "period", "payee_id", "payee", "currency", "kind", "right", "licensee", "tariff", "pool_id"),
    *("target_kind", "target_id", "title", "artist", "iswc", "isrc", "used_from", "used_to", "uses", "seconds"),
    *("party_id", "party", "role", "owner_party_id", "owner", "chain", "share_percent", "amount_micros", "amount"),
    *("reason", "expires_on"),
]
"""Columns of a statement's CSV; `kind` is earned, brought_forward, corrected, payable, carried_forward or held."""
INDEX_COLUMNS = [
    *("run_id", "period", "payee_id", "payee", "currency", "brought_forward_micros", "earned_micros", "corrected_micros"),
    *("payable_micros", "carried_forward_micros", "carried_reason", "lines", "held_micros"),
    *("csv", "csv_sha256", "pdf", "pdf_sha256"),
]
_LINE_COLUMNS = COLUMNS[COLUMNS.index("right") : COLUMNS.index("share_percent")]
_line_cells = attrgetter(*_LINE_COLUMNS)
Sums = dict[tuple[str, str], str]
"""SHA-256 of each file, by statement and format."""
_PRINTED = ".printed.jsonl"
_THREADS = 2
_FORMULA = frozenset("=+-@\t\r＝＋－＠")
"""What a spreadsheet takes for the beginning of a formula (OWASP, CSV injection)."""


@dataclass(frozen=True, slots=True)
class Written:
    """What was written: the folder, its index, how many statements and papers, and what a person should look at."""

    folder: Path
    index: Path
    statements: int
    printed: int
    skipped: int
    findings: list[Finding]

    def frame(self) -> Any:
        """Return the index as a pandas frame: one row a payee, amounts in micros."""
        import pandas as pd  # only an analyst at a notebook asks for it

        return pd.read_csv(self.index, keep_default_na=False, dtype=dict.fromkeys(["payee_id", "payee", "carried_reason"], str))

    def __str__(self) -> str:
        printed = f", {self.printed} papers printed, {self.skipped} were there already" if self.printed or self.skipped else ""
        return f"{self.statements} statements{printed}: {self.index}"


class Statements:
    """The desk that writes statements and audit kits of a run."""

    def __init__(self, office: Office) -> None:
        self.office = office

    def write(
        self,
        run: Run | str,
        to: str | Path,
        formats: Sequence[str] = FORMATS,
        parties: Iterable[str] | None = None,
        progress: Progress = silent,
    ) -> Written:
        """Write the statements of a run (its id, or the run) into folder `to`, for all payees or for the `parties` named.

        Raises `WorkbenchError` for an unknown format, run or payee, and `DamagedBook` when a statement does not add up. Findings
        name scripts that no installed font can write. A statement of a run that is not sealed says so on its face.
        """
        found = self._run(run)
        config = self.office.config
        paper = read_paper(found.folder, config.name, run_facts(self.office, found), config.rules / "statements.yaml")
        return write_statements(found.folder, Path(to), paper, formats, parties, progress)

    def audit_kit(self, run: Run | str, to: str | Path, progress: Progress = silent) -> Path:
        """Write the audit kit of a run: one zip that anyone can compute again with `workbench verify`."""
        found = self._run(run)
        return audit_kit.write(found.folder, Path(to), run_facts(self.office, found), progress)

    def _run(self, run: Run | str) -> Run:
        return Distribution(self.office).get(run if isinstance(run, str) else run.id)


def run_facts(office: Office, run: Run) -> dict[str, Any]:
    """Return what the book says of a run, and the journal entry that said it last: number and hash, the chain's head then."""
    with office.book.read() as connection:
        last = list(journal.entries(connection, kind=RUN.name, entity_id=run.id))[-1]
    return {
        **run.facts,
        "society": office.config.name,
        "journal_seq": last.seq,
        "journal_hash": last.hash,
        "journal_at": last.at,
    }


def read_paper(folder: Path, society: str, facts: Mapping[str, Any], settings: Path | None = None) -> Paper:
    """Return what every statement of a run says alike: from its folder, and from what the book says of it (`run_facts`).

    `settings` is the society's own `rules/statements.yaml`, if there is one: `contact` (a sentence), `question_days`, `language`.
    """
    own = yaml.safe_load(settings.read_text(encoding="utf-8")) if settings is not None and settings.is_file() else {}
    known = {"contact", "question_days", "language"}
    if odd := sorted(set(own or {}) - known):
        raise unknown("setting", odd[0], known, where="rules/statements.yaml")
    if not isinstance((own or {}).get("question_days", 0), int):
        raise WorkbenchError("not a number of days", got=own["question_days"], where="rules/statements.yaml: question_days")
    rulebook = read_rulebook(folder / RULEBOOK_FILE)
    return Paper(
        society=society,
        run_id=str(facts["id"]),
        period=read_parameters(folder)["period"],
        dated_on=str(facts["sealed_at"] or facts["prepared_at"])[:10],
        digest=str(facts["digest"]),
        journal_head=f"{facts['journal_seq']} {facts['journal_hash']}",
        state=str(facts["state"]),
        minimum=next((dict(rule.minimum) for rule in rulebook.rules if isinstance(rule, PaymentRule)), {}),
        **(own or {}),
    )


def write_statements(
    folder: Path,
    to: Path,
    paper: Paper,
    formats: Sequence[str] = FORMATS,
    parties: Iterable[str] | None = None,
    progress: Progress = silent,
) -> Written:
    """Write statements of a run folder; `Statements.write` is the door to it."""
    if odd := [name for name in formats if name not in FORMATS]:
        raise unknown("statement format", odd[0], FORMATS)
    (to / "csv").mkdir(parents=True, exist_ok=True)
    statements = list(read_statements(folder))
    wanted = {statement.payee_id for statement in statements} if parties is None else set(parties)
    if missing := sorted(wanted - {statement.payee_id for statement in statements}):
        raise unknown("payee of this run", missing[0], [statement.payee_id for statement in statements], where=paper.run_id)
    chosen = [statement for statement in statements if statement.payee_id in wanted]
    sums: Sums = {}
    for number, statement in enumerate(statements, start=1):
        sums.update(_put_csv(statement, to, paper, write=statement.payee_id in wanted and "csv" in formats))
        if number % 100 == 0 or number == len(statements):
            progress("statements, CSV", number, len(statements))
    press = _Press(to / "pdf", paper)
    printed, findings = 0, []
    if "pdf" in formats:
        findings = press.printer.missing_fonts(chosen, paper.society)
        printed = press.print_all(chosen, progress)
    sums.update(press.there(statements))
    index = to / "index.csv"
    _replace(index, csv_bytes(INDEX_COLUMNS, _index_rows(statements, paper, sums)))
    skipped = len(chosen) - printed if "pdf" in formats else 0
    return Written(to, index, len(chosen), printed, skipped, findings)


def statement_csv(statement: Statement, paper: Paper) -> bytes:
    """Return a statement as canonical CSV bytes; text that a spreadsheet would take for a formula is set behind an apostrophe."""
    return csv_bytes(COLUMNS, _csv_rows(statement, paper))


def _csv_rows(statement: Statement, paper: Paper) -> Iterator[list[Any]]:
    start = [paper.run_id, paper.period, statement.payee_id, _plain(statement.payee.name), statement.currency]
    nothing = [""] * len(_LINE_COLUMNS)
    for line in statement.lines:
        cells = [_plain(cell) if isinstance(cell, str) and cell else cell for cell in _line_cells(line)]
        micros = line.amount_micros
        yield [*start, "earned", *cells, _percent(line.share_ppt), micros, format_micros(micros), "", ""]
    for kind, micros, reason in (
        ("brought_forward", statement.brought_forward_micros, ""),
        ("corrected", statement.corrected_micros, ""),
        ("payable", statement.payable_micros, ""),
        ("carried_forward", statement.carried_forward_micros, statement.carried_reason),
    ):
        yield [*start, kind, *nothing, "", micros, format_micros(micros), reason, ""]
    for held in statement.held:
        facts = {name: getattr(held, name, "") for name in _LINE_COLUMNS}
        micros, cells = held.amount_micros, [_plain(facts[name]) for name in _LINE_COLUMNS]
        yield [*start, "held", *cells, "", micros, format_micros(micros), held.reason, held.expires_on]


def _index_rows(statements: Iterable[Statement], paper: Paper, sums: Sums) -> Iterator[list[Any]]:
    for statement in statements:
        files = []
        for kind in FORMATS:
            sha = sums.get((statement.name, kind), "")
            files += [f"{kind}/{statement.name}.{kind}" if sha else "", sha]
        row = [
            paper.run_id,
            paper.period,
            statement.payee_id,
            statement.payee.name,
            statement.currency,
            statement.brought_forward_micros,
            statement.earned_micros,
            statement.corrected_micros,
            statement.payable_micros,
            statement.carried_forward_micros,
            statement.carried_reason,
            len(statement.lines),
            sum(held.amount_micros for held in statement.held),
            *files,
        ]
        yield [_plain(value) for value in row]


def _put_csv(statement: Statement, to: Path, paper: Paper, *, write: bool) -> Sums:
    """Write a statement's CSV, or look whether the one of an earlier call lies there as it would be written now."""
    file = to / "csv" / f"{statement.name}.csv"
    if not write and not file.is_file():
        return {}
    data = statement_csv(statement, paper)
    if write:
        _replace(file, data)
    elif file.read_bytes() != data:
        return {}
    return {(statement.name, "csv"): hashlib.sha256(data).hexdigest()}


class _Press:
    """The papers of one folder: each is noted as soon as it lies there, so a call that is stopped loses none."""

    def __init__(self, folder: Path, paper: Paper) -> None:
        self.folder, self.paper = folder, paper
        self.known = _read_printed(folder / _PRINTED)

    @cached_property
    def printer(self) -> Printer:
        """The printer; it looks at every font of the machine, so it is made when a paper is."""
        return Printer()

    def print_all(self, statements: list[Statement], progress: Progress) -> int:
        """Print what does not lie there yet, or not as it should; return how many were printed."""
        self.folder.mkdir(parents=True, exist_ok=True)
        printed = 0
        with ThreadPoolExecutor(_THREADS) as threads, (self.folder / _PRINTED).open("a", encoding="utf-8") as notes:
            for number, (name, key, sha, new) in enumerate(threads.map(self._one, statements), start=1):
                self.known[name] = (key, sha)
                if new:
                    printed += 1
                    notes.write(json.dumps([name, key, sha]) + "\n")
                    notes.flush()
                progress("statements, PDF", number, len(statements))
        return printed

    def there(self, statements: list[Statement]) -> Sums:
        """Return the digests of the papers that lie there and say what would be printed now."""
        noted = [statement for statement in statements if statement.name in self.known]
        return {(s.name, "pdf"): self.known[s.name][1] for s in noted if self._lies_there(s, view(s, self.paper))}

    def _one(self, statement: Statement) -> tuple[str, str, str, bool]:
        shown = view(statement, self.paper)
        if self._lies_there(statement, shown):
            return statement.name, *self.known[statement.name], False
        data = self.printer.print(shown)
        _replace(self.folder / f"{statement.name}.pdf", data)
        return statement.name, self.printer.key(shown), hashlib.sha256(data).hexdigest(), True

    def _lies_there(self, statement: Statement, shown: dict[str, Any]) -> bool:
        key, sha = self.known.get(statement.name, ("", ""))
        file = self.folder / f"{statement.name}.pdf"
        return bool(sha) and file.is_file() and file_digest(file) == sha and self.printer.key(shown) == key


def _read_printed(file: Path) -> dict[str, tuple[str, str]]:
    found: dict[str, tuple[str, str]] = {}
    if file.is_file():
        for line in file.read_text(encoding="utf-8").splitlines():
            try:
                name, key, sha = json.loads(line)
            except ValueError:
                continue  # the last line of a call that was killed
            found[name] = (key, sha)
    return found


def _percent(ppt: int) -> str:
    whole, part = divmod(ppt * 100, WHOLE_PPT)
    digits = f"{part:012d}".rstrip("0")
    return f"{whole}.{digits.ljust(2, '0')}"


def _plain(value: Any) -> Any:
    return "'" + value if isinstance(value, str) and value[:1] in _FORMULA and value else value


def _replace(file: Path, data: bytes) -> None:
    part = file.with_name(f".{file.name}.{secrets.token_hex(4)}.part")
    part.write_bytes(data)
    part.replace(file)
