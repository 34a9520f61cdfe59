"""What became of a file: every line accounted for, what was made, what was changed, what was left out."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from ...core.errors import Finding
from ...formats import intake
from ...formats.export import as_frame, gathered, safe_csv


@dataclass(frozen=True, repr=False)
class Intake:
    """What became of a file: lines = accepted + accepted_with_findings + quarantined; refused files have no lines at all."""

    file_name: str
    layout: str
    sha256: str
    lines: int = 0
    accepted: int = 0
    accepted_with_findings: int = 0
    quarantined: list[dict[str, Any]] = field(default_factory=list)
    """The lines left out: line, reason, and the sender's cells by header."""
    findings: list[Finding] = field(default_factory=list)
    created: dict[str, list[str]] = field(default_factory=dict)
    """Kind -> identifiers given, in the file's order; of a dry run those that would have been given."""
    changed: dict[str, list[str]] = field(default_factory=dict)
    """Kind -> identifiers of records that were in the register and were filled or replaced."""
    refused: bool = False
    dry_run: bool = False
    loaded_before: bool = False
    """True when these very bytes were taken in already and nothing was written."""
    revived: bool = False
    """True when these very bytes had been taken in and taken back: what they made is there again, under the same identifiers."""
    import_id: str = ""
    """The change set: what `wb.onboarding.undo` takes back. Empty for a dry run."""

    def require_taken(self) -> Intake:
        """Return the intake; raises `WorkbenchError` with the first findings when the file was refused as a whole."""
        intake.require_taken(self.refused, self.file_name, self.findings)
        return self

    @property
    def counts(self) -> dict[str, int]:
        """Lines by what became of them: `lines` is the sum of the other three."""
        return {
            "lines": self.lines,
            "accepted": self.accepted,
            "accepted_with_findings": self.accepted_with_findings,
            "quarantined": self.lines - self.accepted - self.accepted_with_findings,
        }

    @property
    def created_ids(self) -> list[str]:
        """Every identifier given, of all kinds."""
        return [entity_id for ids in self.created.values() for entity_id in ids]

    def findings_frame(self, *, gather: bool = False) -> pd.DataFrame:
        """Return one row per finding; gathered: equal ones once, with `count` and `first_line`."""
        return gathered(self.findings) if gather else as_frame(self.findings)

    def export_quarantined(self, to: str | Path) -> int:
        """Write the lines left out as CSV in the sender's own columns, to be corrected and sent again; return their number."""
        header = list(dict.fromkeys(name for row in self.quarantined for name in row["cells"] if name))
        whole_lines = {at: row["cells"][""] for at, row in enumerate(self.quarantined) if isinstance(row["cells"].get(""), str)}
        rows = [
            [row["cells"].get(name, "") for name in header] + (row["cells"].get("", []) if at not in whole_lines else [])
            for at, row in enumerate(self.quarantined)
        ]
        Path(to).write_bytes(safe_csv(header, rows, whole_lines))
        return len(rows)

    def __repr__(self) -> str:
        if self.refused:
            first = f" {self.findings[0]}" if self.findings else ""
            return f"{self.file_name} was refused, nothing was written.{first}"
        count = self.counts
        made = ", ".join(f"{len(ids):,} {kind}" for kind, ids in self.created.items() if ids) or "nothing new"
        if altered := ", ".join(f"{len(ids):,} {kind}" for kind, ids in self.changed.items() if ids):
            made += f" and changed {altered}"
        if self.loaded_before:
            verb = "was loaded before, nothing was written; then"
        elif self.revived:
            verb = "was taken back before and is there again:"
        else:
            verb = "would give" if self.dry_run else "gave"
        return (
            f"{self.file_name} {verb} {made}; {count['lines']:,} lines = {count['accepted']:,} accepted + "
            f"{count['accepted_with_findings']:,} with findings + {count['quarantined']:,} quarantined"
        )
