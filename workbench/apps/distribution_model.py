"""The distribution page's model: where a run stands, what can be done next, and by whom.

money and pools -> prepared -> findings looked at -> approved by a second person -> sealed -> statements written
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from ..api import Workbench
from ..core.errors import WorkbenchError
from .session import Notice, PageModel, Roles, command

STEPS = ("Money and pools", "Prepare", "Findings and holds", "Approve", "Seal", "Statements")
DONE, CURRENT, LATER = "done", "current", "later"


@dataclass(frozen=True, slots=True)
class Held:
    """Money of a run that nobody can be paid now, by reason."""

    reason: str
    right: str
    currency: str
    amount: Decimal
    cases: int


class DistributionModel(PageModel):
    """One person's way through one run."""

    def __init__(self, wb: Workbench, roles: Roles, logs: Path | None = None) -> None:
        super().__init__(wb, roles, logs)
        self.waiting: list[dict[str, Any]] = []
        self.history: list[dict[str, Any]] = []
        self.period = ""
        self.rulebook = "default"
        self.run: Any = None
        self.held: list[Held] = []
        self.looked = False
        self.asking = ""
        self.do("refresh")

    @property
    def periods(self) -> list[str]:
        """Periods with money that waits, newest first."""
        return sorted({row["period"] for row in self.waiting}, reverse=True)

    @property
    def rulebooks(self) -> Sequence[str]:
        """The rule books a run can be prepared by: the built-in one and the society's own."""
        return ["default", *sorted(file.stem for file in self.wb.config.rules.glob("*.yaml") if file.stem not in _OTHER_RULES)]

    @property
    def steps(self) -> list[tuple[str, str]]:
        """Every step with its state: done, current or later."""
        at = self._step()
        return [(name, DONE if number < at else CURRENT if number == at else LATER) for number, name in enumerate(STEPS)]

    @property
    def is_mine(self) -> bool:
        """Whether this person prepared the run, and so cannot approve or seal it."""
        return self.run is not None and str(self.run.facts["prepared_by"]).casefold() == self.user.casefold()

    @property
    def statements_folder(self) -> Path:
        """Where the statements of the run are written."""
        return self.wb.config.outbox / self.run.id

    @property
    def kit_file(self) -> Path:
        """Where the audit kit of the run is written."""
        return self.wb.config.outbox / f"{self.run.id}-audit-kit.zip"

    def place(self, path: Path) -> str:
        """Return a path as a person finds it: from the society's folder on."""
        folder = self.wb.config.folder
        return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else str(path)

    @command()
    def refresh(self) -> None:
        """Read the money that waits, and the runs, again."""
        self._read()
        if self.run is not None:
            self._open(self.run.id)
        elif self.history and self.history[0]["state"] != "sealed":
            self._open(self.history[0]["id"])

    @command()
    def choose_period(self, value: str) -> None:
        """Take the period to distribute."""
        self.period = value

    @command()
    def choose_rulebook(self, value: str) -> None:
        """Take the rule book to distribute by."""
        self.rulebook = value

    @command()
    def open(self, run_id: str) -> None:
        """Go on with a run, or look at an old one."""
        self._open(run_id)

    @command()
    def start_anew(self) -> None:
        """Leave this run as it is and begin with the money that waits."""
        self.run, self.held, self.asking = None, [], ""
        self._read()

    @command()
    def ask(self, step: str) -> None:
        """Ask before a step that matters: prepare or seal; an empty text takes the question back."""
        self.asking = step

    @command("distribution")
    def prepare(self) -> None:
        """Prepare a run of the chosen period; nothing is owed yet."""
        self.asking = ""
        if not self.period:
            raise WorkbenchError("no period is chosen", expected=", ".join(self.periods) or "a period with money")
        made = self.wb.distribution.prepare(period=self.period, rulebook=self.rulebook, by=self.user, progress=self.progress)
        self._read()
        self._open(made.id)
        self.looked = False
        self.notice = Notice(
            "good", f"Run {made.id} is prepared. Look at the findings and at what is held, then ask a colleague to approve it."
        )

    @command()
    def confirm_findings(self, value: bool) -> None:
        """Say that the findings and holds have been looked at."""
        self.looked = bool(value)

    @command("approver")
    def approve(self) -> None:
        """Approve the run as it stands; the desk refuses whoever prepared it."""
        if not self.looked and self.to_look_at:
            raise WorkbenchError("look at the findings and holds first", next_step="Tick that you have looked at them.")
        self._run().approve(by=self.user)
        self._again()
        self.notice = Notice("good", f"You approved run {self.run.id} with digest {self.run.digest[:12]}. It can be sealed now.")

    @command("approver")
    def seal(self, note: str = "") -> None:
        """Seal the approved run on a decision; final, corrected only by a further run."""
        self.asking = ""
        self._run().seal(by=self.user, note=note)
        self._again()
        self.notice = Notice("good", f"Run {self.run.id} is sealed. Its postings are in the ledger; statements can be written.")

    @command("distribution", "approver")
    def write_statements(self) -> None:
        """Write every payee's statement, as CSV and PDF, into the outbox."""
        written = self.wb.statements.write(self._run().id, to=self.statements_folder, progress=self.progress)
        self.notice = Notice(
            "good", f"{written.statements} statements are in {self.place(written.folder)}; {written.index.name} there lists them."
        )

    @command("distribution", "approver", "auditor")
    def write_kit(self) -> None:
        """Write the audit kit, which anyone can compute again, into the outbox."""
        self.kit_file.parent.mkdir(parents=True, exist_ok=True)
        kit = self.wb.statements.audit_kit(self._run().id, to=self.kit_file, progress=self.progress)
        self.notice = Notice("good", f"The audit kit is {self.place(kit)}. Anyone can check it with: workbench verify {kit.name}")

    @property
    def findings(self) -> list[dict[str, Any]]:
        """What the run found odd."""
        return self.run.findings.to_dict("records") if self.run is not None else []

    @property
    def to_look_at(self) -> bool:
        """Whether the run has findings, or holds money, so that somebody has to look before it is approved."""
        return bool(self.findings or self.held)

    @property
    def conservation(self) -> list[dict[str, Any]]:
        """Money in = money out + held, step by step."""
        return self.run.summary().to_dict("records") if self.run is not None else []

    def _step(self) -> int:
        if self.run is None:
            return 1 if self.period and self.asking == "prepare" else 0
        if self.run.state == "prepared":
            return 3 if self.looked or not self.to_look_at else 2
        return 4 if self.run.state == "approved" else 5

    def _run(self) -> Any:
        if self.run is None:
            raise WorkbenchError("no run is open", next_step="Open one from the list, or prepare one.")
        return self.run

    def _again(self) -> None:
        self._read()
        self._open(self.run.id)

    def _open(self, run_id: str) -> None:
        if self.run is None or self.run.id != run_id:
            self.looked = False
        self.run = self.wb.distribution.get(run_id)
        self.period = self.run.period
        self.asking = ""
        self.held = self._held()

    def _held(self) -> list[Held]:
        sums: dict[tuple[str, str, str], list[Any]] = {}
        for row in self.run.table("holds").to_dict("records"):
            entry = sums.setdefault((row["reason"], row["right"], row["currency"]), [Decimal(0), 0])
            entry[0] += row["amount"]
            entry[1] += 1
        return [
            Held(*key, amount, cases) for key, (amount, cases) in sorted(sums.items(), key=lambda item: (-item[1][0], item[0]))
        ]

    def _read(self) -> None:
        self.waiting = self.wb.distribution.pools().to_dict("records")
        self.history = self.wb.distribution.runs().to_dict("records")
        if self.period not in self.periods:
            self.period = self.periods[0] if len(self.periods) == 1 else ""


_OTHER_RULES = {"default", "statements", "tariffs"}
