"""The computation of a run: a pure function from frozen inputs, a rule book and parameters to result files.

It knows no book, no clock and no user, so an auditor can run it anywhere: the same inputs, in any row order and on any number of
threads, give the same bytes. At every step micros in = micros out + held, or it stops.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from ..core.engine import Engine, Step, largest_remainder
from ..core.errors import Finding, WorkbenchError, unknown
from ..core.office import Progress, silent
from .allocation import ALLOCATION_STEPS, load_pools
from .entitlement import Part, Register
from .holds import expiry
from .ledger import Posting, pool_postings, reversals, settle, unbalanced_entries
from .points import LINE_STEPS, load_days, load_rules
from .pools import Pool, make_pools
from .results import INPUTS, read_dicts, table, write_rows
from .rulebook import HoldsRule, NeighbouringRule, PaymentRule, RuleBook, WorkSharesRule, read_rulebook
from .told import Told, tell_holds

PARAMETERS = ("currency", "ends_on", "instance", "period", "society", "starts_on", "territory")
"""What a run is told besides inputs and rules; texts all."""
_STEPS = 8


@dataclass(slots=True)
class Outcome:
    """What a computation found: rows per result file, the conservation table, findings."""

    rows: dict[str, int] = field(default_factory=dict)
    conservation: list[tuple[str, str, int, int, int]] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    held: list[Told] = field(default_factory=list)
    """What holds money, the largest amount first."""

    def conserve(self, step: str, currency: str, micros_in: int, micros_out: int, held: int) -> None:
        """Note one step's sums; raises `AssertionError` when a micro appears or disappears."""
        if micros_in != micros_out + held:
            raise AssertionError(f"{step} {currency}: in {micros_in}, out {micros_out}, held {held}")
        self.conservation.append((step, currency, micros_in, micros_out, held))


def compute(
    inputs_folder: Path,
    rulebook_path: Path,
    parameters: Mapping[str, str],
    results_folder: Path,
    *,
    threads: int = 2,
    memory: str = "2GB",
    progress: Progress = silent,
) -> Outcome:
    """Read `inputs_folder`/*.csv, write `results_folder`/*.csv (replaced), and return what was found.

    Raises `WorkbenchError` for a file or rule that does not fit, `AssertionError` when money is not conserved (then no result
    is usable). Declared files: `results.INPUTS`, `results.RESULTS`.
    """
    _check_parameters(parameters)
    rulebook = read_rulebook(rulebook_path)
    shutil.rmtree(results_folder, ignore_errors=True)
    results_folder.mkdir(parents=True)
    with Engine(threads=threads, memory=memory) as engine:
        return _Computation(engine, inputs_folder, rulebook, parameters, results_folder, progress).run()


class _Computation:
    """One computation: each method is one step, and leaves its tables in the engine and its files in the results folder."""

    def __init__(
        self, engine: Engine, inputs: Path, rulebook: RuleBook, parameters: Mapping[str, str], results: Path, progress: Progress
    ) -> None:
        self.engine, self.inputs, self.rulebook, self.results, self.progress = engine, inputs, rulebook, results, progress
        self.starts_on = date.fromisoformat(parameters["starts_on"])
        self.ends_on = date.fromisoformat(parameters["ends_on"])
        self.outcome = Outcome()
        self.tables = {
            name: list(read_dicts(inputs, table(name)))
            for name in (
                "receipts", "licences", "work_shares", "recording_contributors", "agreements", "agreement_shares",
                "agreement_territories", "agreement_works", "mandates", "affiliations", "brought_forward", "corrected_postings",
            )
        }  # fmt: skip
        self.tariffs = {row["licence_id"]: row["tariff"] for row in self.tables["licences"]}
        self.register = Register(self.tables, society=parameters["society"], territory=parameters["territory"])
        self.pools: dict[str, Pool] = {}

    def run(self) -> Outcome:
        """Run all steps."""
        steps = [
            ("receipts to pools", self.make_pools),
            ("usage to points", self.count_points),
            ("pools to works and recordings", self.allocate),
            ("works and recordings to parties", self.entitle),
            ("holds", self.hold),
            ("postings and balances", self.post),
            ("pools", self.write_pools),
            ("conservation", self.write_conservation),
        ]
        for done, (name, step) in enumerate(steps):
            self.progress(name, done, _STEPS)
            step()
        self.progress("computed", _STEPS, _STEPS)
        return self.outcome

    def make_pools(self) -> None:
        """Split receipts over pools and take the deductions."""
        self.pools = make_pools(self.tables["receipts"], self.tariffs, self.rulebook, self.starts_on)
        pools = list(self.pools.values())
        self._write("pool_receipts", ((p.pool_id, r, p.receipts[r]) for p in pools for r in sorted(p.receipts)))
        self._write(
            "deductions",
            (
                (p.pool_id, n, d.name, d.base_micros, d.rate_ppm, d.amount_micros)
                for p in pools
                for n, d in enumerate(p.deductions, start=1)
            ),
        )
        received = _by_currency((row["currency"], row["amount_micros"]) for row in self.tables["receipts"])
        for currency, micros in received.items():
            own = [p for p in pools if p.currency == currency]
            net, deducted = sum(p.net_micros for p in own), sum(p.deducted_micros for p in own)
            self.outcome.conserve("1 receipts to pools", currency, micros, sum(p.received_micros for p in own), 0)
            self.outcome.conserve("2 pools, deductions set aside", currency, micros, net, deducted)
        load_pools(self.engine, pools)

    def count_points(self) -> None:
        """Turn usage lines into points per pool and target."""
        for name in ("usages", "matches", "recordings", "recording_works", "works"):
            self.engine.load_csv(name, self.inputs / table(name).file, table(name).types)
        load_rules(self.engine, self.tariffs, self.rulebook, self.starts_on)
        load_days(self.engine, self.register.changes, self.starts_on.isoformat())
        self.engine.run(LINE_STEPS)

    def allocate(self) -> None:
        """Give each target its money, and each usage line its part."""
        self.engine.run(ALLOCATION_STEPS)
        self._write(
            "usage_points",
            self.engine.rows(
                "SELECT pool_id, usage_id, target_kind, target_id, as_of_on, reason, points_milli, amount_micros FROM line_money "
                "ORDER BY pool_id, usage_id, target_id"
            ),
        )
        self._write(
            "allocation",
            self.engine.rows(
                'SELECT m.pool_id, p."right", target_kind, target_id, as_of_on, lines, points_milli, '
                "amount_micros FROM target_money m JOIN pool p ON p.pool_id = m.pool_id WHERE reason = '' "
                "ORDER BY m.pool_id, target_id, as_of_on"
            ),
        )
        lines = self._sums("line_money")
        for currency, (reached, held) in self._sums("target_money").items():
            self.outcome.conserve("3 usage lines", currency, reached + held, *lines[currency])
        for currency, net in _by_currency((p.currency, p.net_micros) for p in self.pools.values()).items():
            reached, _ = self._sums("target_money").get(currency, (0, 0))
            self.outcome.conserve("4 works and recordings", currency, net, reached, net - reached)

    def entitle(self) -> None:
        """Give each party its part of each target."""
        targets = list(
            self.engine.rows(
                'SELECT DISTINCT p."right", t.target_id, t.as_of_on, p.licence_id FROM target_money t '
                "JOIN pool p ON p.pool_id = t.pool_id WHERE t.reason = '' AND t.amount_micros > 0 ORDER BY ALL"
            )
        )
        numbers: dict[tuple[Part, ...], int] = {}
        situations = []
        rules = {
            licence_id: (
                self.rulebook.find(WorkSharesRule, tariff, self.starts_on),
                self.rulebook.find(NeighbouringRule, tariff, self.starts_on),
            )
            for licence_id, tariff in self.tariffs.items()
        }
        for right, target_id, as_of_on, licence_id in targets:
            parts = self.register.parts(right, target_id, as_of_on, *rules[licence_id])
            situations.append((right, target_id, as_of_on, licence_id, numbers.setdefault(parts, len(numbers))))
        self.engine.load_rows(
            "target_situation",
            {"right": "text", "target_id": "text", "as_of_on": "text", "licence_id": "text", "situation": "whole"},
            situations,
        )
        names = ("party_id", "role", "basis", "owner_party_id", "chain", "payee_id", "reason")
        self.engine.load_rows(
            "part",
            {"situation": "whole", "part_no": "whole", **dict.fromkeys(names, "text"), "share_ppt": "whole"},
            ((number, place, *astuple(part)) for parts, number in numbers.items() for place, part in enumerate(parts)),
        )
        self.engine.run(ENTITLEMENT_STEPS)
        self._write(
            "entitlements",
            self.engine.rows(
                'SELECT pool_id, "right", target_kind, target_id, as_of_on, party_id, role, basis, owner_party_id, chain, '
                "share_ppt, payee_id, currency, amount_micros FROM party_money WHERE reason = '' "
                "ORDER BY pool_id, target_id, as_of_on, party_id, role, owner_party_id, chain"
            ),
        )
        self.outcome.findings += [self.register.findings[key] for key in sorted(self.register.findings)]
        for currency, (entitled, held) in self._sums("party_money").items():
            reached, _ = self._sums("target_money")[currency]
            self.outcome.conserve("5 parties", currency, reached, entitled, held)

    def hold(self) -> None:
        """Write what nobody can be paid now, with the day it expires."""
        rows = self.engine.rows(HOLDS_SQL)
        rules = {licence: self.rulebook.find(HoldsRule, tariff, self.starts_on) for licence, tariff in self.tariffs.items()}
        self.held: dict[str, dict[str, int]] = {}
        made = []
        for pool_id, right, reason, kind, target, as_of_on, party, currency, micros in rows:
            pool = self.pools[pool_id]
            expires_on = expiry(rules[pool.licence_id], reason, self.ends_on).isoformat()
            made.append((pool_id, right, reason, kind, target, as_of_on, party, expires_on, currency, micros))
            reasons = self.held.setdefault(pool_id, {})
            reasons[reason] = reasons.get(reason, 0) + micros
        self._write("holds", made)
        named = [dict(zip(table("holds").names, row, strict=True)) for row in made]
        self.outcome.held = tell_holds(named, self._names(), {pool.pool_id: pool.licence_id for pool in self.pools.values()})

    def _names(self) -> dict[str, str]:
        """Return titles of works and recordings and names of parties, for people to read."""
        titles = self.engine.rows("SELECT work_id, title FROM works UNION ALL SELECT recording_id, title FROM recordings")
        parties = {row["party_id"]: row["name"] for row in read_dicts(self.inputs, table("parties"))}
        return {**parties, **dict(titles)}

    def post(self) -> None:
        """Write postings and balances."""
        paid: dict[str, dict[str, int]] = {}
        query = "SELECT pool_id, payee_id, SUM(amount_micros) FROM party_money WHERE reason = '' GROUP BY ALL"
        for pool_id, payee, micros in self.engine.rows(query):
            paid.setdefault(pool_id, {})[payee] = int(micros)
        lines = [*pool_postings(self.pools.values(), paid, self.held), *reversals(self.tables["corrected_postings"])]
        before = {(row["payee_id"], row["currency"]): row["amount_micros"] for row in self.tables["brought_forward"]}
        balances, settlements = settle(lines, before, self.rulebook.find(PaymentRule, "", self.starts_on))
        lines = sorted([*lines, *settlements])
        if odd := unbalanced_entries(_as_row(line) for line in lines):
            raise AssertionError(f"postings do not sum to zero: {odd[:3]}")
        self._write("postings", (astuple(line) for line in lines))
        self._write("balances", (astuple(balance) for balance in balances))
        for currency, received in _by_currency((p.currency, p.received_micros) for p in self.pools.values()).items():
            earned = sum(sum(paid.get(p.pool_id, {}).values()) for p in self.pools.values() if p.currency == currency)
            held = sum(sum(self.held.get(p.pool_id, {}).values()) for p in self.pools.values() if p.currency == currency)
            deducted = sum(p.deducted_micros for p in self.pools.values() if p.currency == currency)
            self.outcome.conserve("6 postings, deductions and holds set aside", currency, received, earned, held + deducted)
        for currency in sorted({balance.currency for balance in balances}):
            own = [balance for balance in balances if balance.currency == currency]
            due = sum(b.brought_forward_micros + b.earned_micros + b.corrected_micros for b in own)
            self.outcome.conserve(
                "7 balances, carried forward",
                currency,
                due,
                sum(b.payable_micros for b in own),
                sum(b.carried_forward_micros for b in own),
            )

    def write_pools(self) -> None:
        """Write each pool with what became of it."""
        query = """
            SELECT p.pool_id, p.lines, p.points_milli,
                COALESCE(SUM(CASE WHEN t.reason = '' THEN t.amount_micros END), 0) AS reached
            FROM pool_points p LEFT JOIN target_money t ON t.pool_id = p.pool_id GROUP BY p.pool_id, p.lines, p.points_milli
        """
        facts = {row[0]: row[1:] for row in self.engine.rows(query)}
        rows = []
        for pool in self.pools.values():
            lines, points, reached = (int(fact) for fact in facts[pool.pool_id])
            rows.append(
                (pool.pool_id, pool.licence_id, pool.tariff, pool.right, pool.currency, pool.received_micros,
                 pool.deducted_micros, pool.net_micros, reached, pool.net_micros - reached, lines, points)
            )  # fmt: skip
        self._write("pools", rows)

    def write_conservation(self) -> None:
        """Write the table that shows no micro was lost."""
        self._write("conservation", sorted(self.outcome.conservation))

    def _write(self, name: str, rows: Iterable[Any]) -> None:
        self.outcome.rows[name] = write_rows(self.results, table(name), rows)

    def _sums(self, name: str) -> dict[str, tuple[int, int]]:
        """Return (without reason, with reason) per currency of a table of money."""
        query = f"""
            SELECT p.currency, COALESCE(SUM(CASE WHEN t.reason = '' THEN t.amount_micros END), 0),
                COALESCE(SUM(CASE WHEN t.reason <> '' THEN t.amount_micros END), 0)
            FROM {name} t JOIN pool p ON p.pool_id = t.pool_id GROUP BY p.currency ORDER BY p.currency
        """  # noqa: S608  a table of this module
        return {row[0]: (int(row[1]), int(row[2])) for row in self.engine.rows(query)}


ENTITLEMENT_STEPS: tuple[Step, ...] = (
    (
        "parts of targets",
        """
        CREATE TABLE part_weight AS
        SELECT t.pool_id, pool."right", pool.currency, t.target_kind, t.target_id, t.as_of_on, t.amount_micros AS target_micros,
            part.part_no, part.party_id, part.role, part.basis, part.owner_party_id, part.chain, part.payee_id, part.reason,
            part.share_ppt
        FROM target_money t
        JOIN pool ON pool.pool_id = t.pool_id
        JOIN target_situation s ON s.target_id = t.target_id AND s.as_of_on = t.as_of_on AND s."right" = pool."right"
            AND s.licence_id = pool.licence_id
        JOIN part ON part.situation = s.situation
        WHERE t.reason = '' AND t.amount_micros > 0
        """,
    ),
    (
        "money per party",
        largest_remainder(
            "part_weight", "party_money", by="pool_id, target_id, as_of_on", amount="target_micros", weight="share_ppt",
            key="part_no",
            keep='pool_id, "right", currency, target_kind, target_id, as_of_on, party_id, role, basis, owner_party_id, chain, '
            "payee_id, reason, share_ppt",
        ),
    ),
)  # fmt: skip

HOLDS_SQL = """
    SELECT h.pool_id, pool."right", h.reason, h.target_kind, h.target_id, h.as_of_on, h.party_id, pool.currency,
        CAST(SUM(h.amount_micros) AS BIGINT) AS amount_micros
    FROM (
        SELECT pool_id, reason, target_kind, target_id, as_of_on, '' AS party_id, amount_micros FROM target_money WHERE
        reason <> '' UNION ALL
        SELECT pool_id, reason, '', '', '', '', net_micros FROM pool_points WHERE reason <> ''
        UNION ALL
        SELECT pool_id, reason, target_kind, target_id, as_of_on, party_id, amount_micros FROM party_money WHERE reason <> ''
    ) h
    JOIN pool ON pool.pool_id = h.pool_id
    GROUP BY ALL
    HAVING SUM(h.amount_micros) <> 0
    ORDER BY h.pool_id, h.reason, h.target_id, h.as_of_on, h.party_id
"""


def _check_parameters(parameters: Mapping[str, str]) -> None:
    for name in parameters:
        if name not in PARAMETERS:
            raise unknown("parameter of a run", name, PARAMETERS)
    if missing := sorted(set(PARAMETERS) - set(parameters)):
        raise WorkbenchError("a parameter is missing", got=", ".join(missing), expected=", ".join(PARAMETERS))


def _by_currency(pairs: Iterable[tuple[str, int]]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for currency, micros in pairs:
        sums[currency] = sums.get(currency, 0) + micros
    return dict(sorted(sums.items()))


def _as_row(line: Posting) -> dict[str, Any]:
    return {"entry": line.entry, "currency": line.currency, "amount_micros": line.amount_micros}


assert {declared.place for declared in INPUTS} == {"inputs"}  # noqa: S101  what the computation reads is what is frozen
