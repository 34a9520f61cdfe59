"""What the book keeps of a run: who prepared, approved and sealed what, and the digest each of them saw.

    prepared --approve (a second person, the digest)--> approved --seal (not the preparer, the same digest)--> sealed: final

The digest covers inputs, rule book, parameters and results; times and names lie outside it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from ..core import documents
from ..core.canonical import canonical_json, digest, file_digest
from ..core.documents import Kind, root_table
from ..core.errors import WorkbenchError
from ..core.store import words
from .results import INPUTS, RESULTS, digests
from .rulebook import read_rulebook

PREPARED, APPROVED, SEALED = "prepared", "approved", "sealed"
MANIFEST, PARAMETERS_FILE, RULEBOOK_FILE = "manifest.json", "parameters.json", "rulebook.yaml"

run_table = root_table(
    "run",
    words("period", index=True),
    words("currency"),
    words("digest"),
    words("state"),
    words("prepared_by"),
    words("prepared_at"),
    words("approved_by"),
    words("approved_at"),
    words("approved_digest"),
    words("sealed_by"),
    words("sealed_at"),
    words("note"),
    words("folder"),  # below the workspace, with forward slashes
    words("corrects"),  # the sealed run this one reverses and replaces
)
RUN = Kind("run", "D", run_table)


@dataclass(frozen=True, slots=True)
class RunDigest:
    """The digests of a run folder, part by part, and the one over all."""

    inputs: dict[str, str]
    rulebook: str
    parameters: str
    results: dict[str, str]

    @property
    def whole(self) -> str:
        """The run's digest."""
        return digest({"inputs": self.inputs, "rulebook": self.rulebook, "parameters": self.parameters, "results": self.results})

    def differences(self, other: RunDigest) -> list[str]:
        """Return the names of the parts in which two runs differ, like `inputs/usages` or `rulebook`."""
        mine = {**self.inputs, **self.results, "rulebook": self.rulebook, "parameters": self.parameters}
        others = {**other.inputs, **other.results, "rulebook": other.rulebook, "parameters": other.parameters}
        return sorted(name for name in mine.keys() | others.keys() if mine.get(name) != others.get(name))


def first_of(connection: Connection, run_id: str) -> str:
    """Return the run that first distributed the receipts which `run_id` distributes: itself, or what it corrects in the end."""
    found = documents.load(connection, RUN, run_id)
    while found["corrects"]:
        found = documents.load(connection, RUN, found["corrects"])
    return str(found["id"])


def digest_of(folder: Path, said: RunDigest | None = None) -> RunDigest:
    """Compute the digests of a run folder from its files; raises `WorkbenchError` where one is missing or unreadable.

    `said`, what a manifest claims, only saves the sorting of inputs that are as claimed; the result is the same without.
    """
    return RunDigest(
        inputs=digests(folder, INPUTS, said.inputs if said else None),
        rulebook=read_rulebook(folder / RULEBOOK_FILE).digest,
        parameters=digest(read_parameters(folder)),
        results=digests(folder, RESULTS),
    )


def as_written(folder: Path) -> RunDigest:
    """Return what the digests of a folder are when its inputs were written just now by `freeze`, in canonical order."""
    inputs = {f"inputs/{table.name}": file_digest(folder / "inputs" / table.file) for table in INPUTS}
    return RunDigest(inputs, "", "", {})


def read_parameters(folder: Path) -> dict[str, str]:
    """Return a run's parameters."""
    return {str(name): str(value) for name, value in _json(folder / PARAMETERS_FILE).items()}


def write_parameters(folder: Path, parameters: dict[str, str]) -> None:
    """Write a run's parameters."""
    (folder / PARAMETERS_FILE).write_bytes(canonical_json(parameters) + b"\n")


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return a run's manifest: digests, conservation table, findings, row counts."""
    return _json(folder / MANIFEST)


def expected_digest(folder: Path) -> RunDigest:
    """Return the digests a run's manifest says it has."""
    manifest = read_manifest(folder)
    return RunDigest(manifest["inputs"], manifest["rulebook"]["digest"], manifest["parameters"], manifest["results"])


def same_file(left: Path, right: Path) -> bool:
    """Tell whether two files have the same bytes."""
    return file_digest(left) == file_digest(right)


def _json(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise WorkbenchError("a file of the run cannot be read", got=error, where=path) from error
