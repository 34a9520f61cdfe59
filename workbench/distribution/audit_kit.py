"""An audit kit: one zip with everything needed to compute a run again elsewhere, and to name what differs if it does not agree.

    README.txt          for the auditor
    kit.json            format, run (who, when, digest, journal head), expected parameters, environment, SHA-256 of the code
    manifest.json       the run's own manifest, with the digest of every file
    parameters.json  rulebook.yaml  inputs/*.csv  results/*.csv      the run folder as it was prepared
    expected/rulebook.json                                           every path of the rule book with its value
    expected/inputs/*.csv                                            every input row by its key; long cells as digests
    requirements.lock                                                the exact packages, when the program runs from its repository

The digests in `manifest.json` say whether an input differs, `expected/` says where. Members are sorted and dated 1980, so the
same run gives the same zip.
"""

from __future__ import annotations

import csv
import hashlib
import io
import itertools
import json
import os
import platform
import secrets
import sys
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pysqlite3.dbapi2 as sqlite
import yaml

from ..core.canonical import canonical_json, file_digest
from ..core.errors import WorkbenchError
from ..core.office import Progress, silent
from .results import INPUTS, RESULTS, Table, read_rows
from .runs import MANIFEST, PARAMETERS_FILE, RULEBOOK_FILE, digest_of, expected_digest, read_parameters

FORMAT = "workbench-kit-1"
README, KIT, LOCK, EXPECTED_RULES = "README.txt", "kit.json", "requirements.lock", "expected/rulebook.json"
_LONG = 24
_MOST_PATHS = 100_000
_PACKAGES = ("duckdb", "pandas", "pydantic", "pysqlite3", "pyyaml", "sqlalchemy", "typst")
_SOURCES = ("core", "registry", "distribution")
_PROGRAM = Path(__file__).resolve().parent.parent


def members() -> dict[str, bool]:
    """Return every name a kit may have in it, and whether it must be there."""
    tables = [f"{table.place}/{table.file}" for table in (*INPUTS, *RESULTS)]
    expected = [f"expected/inputs/{table.file}" for table in INPUTS]
    needed = [README, KIT, MANIFEST, PARAMETERS_FILE, RULEBOOK_FILE, EXPECTED_RULES, *tables, *expected]
    return {**dict.fromkeys(needed, True), LOCK: False}


def write(run_folder: Path, to: Path, facts: Mapping[str, Any], progress: Progress = silent) -> Path:
    """Write the kit of a run folder to file `to` (or into folder `to`, named after the run) and return the file.

    `facts` is what the book says of the run (`statements.run_facts`). A kit of the same run is replaced. Raises `WorkbenchError`
    when the run's files are not as they were prepared, or where another file exists already.
    """
    if changed := digest_of(run_folder).differences(expected_digest(run_folder)):
        raise WorkbenchError("the run has changed since it was prepared", got=", ".join(changed), where=facts["id"])
    if to.is_dir():
        to = to / f"{facts['id']}.audit-kit.zip"
    if to.exists() and not _is_kit_of(to, facts):
        step = "Choose another name; a kit replaces only a kit of the same run."
        raise WorkbenchError("another file exists here already", got=to, next_step=step)
    to.parent.mkdir(parents=True, exist_ok=True)
    part = to.with_name(f".{to.name}.{secrets.token_hex(4)}.part")
    try:
        with part.open("xb") as raw:
            with zipfile.ZipFile(raw, "w") as archive:
                made = sorted(_members(run_folder, facts))
                for number, (name, source) in enumerate(made):
                    progress("audit kit", number, len(made))
                    _put(archive, name, source)
                progress("audit kit", len(made), len(made))
            raw.flush()
            os.fsync(raw.fileno())
        part.replace(to)
    finally:
        part.unlink(missing_ok=True)
    return to


def flat_rules(rulebook: Path) -> dict[str, str]:
    """Return every value of a rule book by its path, like `rules.deductions-authors.steps.administration.percent`.

    Items of a list go by their `rule` or `name`, or else by their number. Raises `WorkbenchError` for what is not YAML.
    """
    try:
        plain = yaml.load(rulebook.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506  builds text, lists, dicts
        found = dict(itertools.islice(_leaves(plain, ""), _MOST_PATHS))
    except (OSError, yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise WorkbenchError("the rule book cannot be read", got=str(error)[:200], where=rulebook.name) from error
    if len(found) >= _MOST_PATHS:
        raise WorkbenchError("the rule book is too large", expected=f"fewer than {_MOST_PATHS} values", where=rulebook.name)
    return found


def fingerprint(row: Sequence[str]) -> list[str]:
    """Return a row with every long cell replaced by its digest: a kit shows short values and can still tell of long ones."""
    return [cell if len(cell) <= _LONG else f"#{hashlib.sha256(cell.encode()).hexdigest()[:24]}" for cell in row]


def code_digests() -> dict[str, str]:
    """Return the SHA-256 of every module that takes part in a computation, by its name inside the program."""
    files = sorted(file for part in _SOURCES for file in (_PROGRAM / part).glob("*.py"))
    return {file.relative_to(_PROGRAM).as_posix(): file_digest(file) for file in files}


def environment() -> dict[str, str]:
    """Return the versions of what computes: Python, SQLite, the packages, the machine."""
    found = {
        "python": platform.python_version(),
        "sqlite": sqlite.sqlite_version,
        "machine": f"{sys.platform} {platform.machine()}",
    }
    for name in ("repertoire-workbench", *_PACKAGES):
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # a checkout that was never installed
            found[name] = ""
    return found


def _is_kit_of(file: Path, facts: Mapping[str, Any]) -> bool:
    try:
        with zipfile.ZipFile(file) as archive:
            run = json.loads(archive.read(KIT))["run"]
            return bool((run["id"], run["digest"]) == (facts["id"], facts["digest"]))
    except (zipfile.BadZipFile, OSError, KeyError, TypeError, ValueError):
        return False


def _members(run_folder: Path, facts: Mapping[str, Any]) -> Iterator[tuple[str, bytes | Path]]:
    yield MANIFEST, run_folder / MANIFEST
    yield PARAMETERS_FILE, run_folder / PARAMETERS_FILE
    yield RULEBOOK_FILE, run_folder / RULEBOOK_FILE
    for table in (*INPUTS, *RESULTS):
        yield f"{table.place}/{table.file}", table.path(run_folder)
    for table in INPUTS:
        yield f"expected/inputs/{table.file}", _fingerprints(run_folder, table)
    yield EXPECTED_RULES, canonical_json(flat_rules(run_folder / RULEBOOK_FILE))
    lock = _PROGRAM.parent / LOCK
    if lock.is_file():
        yield LOCK, lock
    kit = {
        "format": FORMAT,
        "run": dict(facts),
        "parameters": read_parameters(run_folder),
        "environment": environment(),
        "code": code_digests(),
    }
    yield KIT, canonical_json(kit) + b"\n"
    yield README, _readme(facts).encode()


def _fingerprints(run_folder: Path, table: Table) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(table.names)
    writer.writerows(sorted(fingerprint(row) for row in read_rows(run_folder / table.place, table)))
    return out.getvalue().encode()


def _put(archive: zipfile.ZipFile, name: str, source: bytes | Path) -> None:
    info = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
    info.compress_type = zipfile.ZIP_DEFLATED
    info.create_system = 3
    info.external_attr = 0o100644 << 16
    data = source if isinstance(source, bytes) else source.read_bytes()
    archive.writestr(info, data, compresslevel=6)


def _leaves(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _leaves(item, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list) and value:
        for number, item in enumerate(value):
            named = item.get("rule") or item.get("name") if isinstance(item, dict) else None
            yield from _leaves(item, f"{path}.{named if isinstance(named, str) else number}")
    else:
        yield path, value if isinstance(value, str) else str(value)


def _readme(facts: Mapping[str, Any]) -> str:
    return f"""AUDIT KIT OF DISTRIBUTION {facts["id"]}, {facts["society"]}

Period {facts["period"]}, {facts["currency"]}. State: {facts["state"]}.
Digest: {facts["digest"]}
Prepared by {facts["prepared_by"]} at {facts["prepared_at"]}; sealed by {facts["sealed_by"] or "nobody yet"} {facts["sealed_at"]}
Head of the journal then: entry {facts["journal_seq"]}, {facts["journal_hash"]}

HOW TO VERIFY
1. On any machine with Python 3.11 or newer, install the workbench from its repository; requirements.lock in this kit has the
   exact packages:  pip install -r requirements.lock
2. Run:  workbench verify THIS_FILE.zip
   It computes the whole distribution again from inputs/, rulebook.yaml and parameters.json, and compares every cell of results/.
   IDENTICAL: every amount follows from these inputs and these rules. DIFFERENT: it names the input line, rule, parameter or
   result cell that differs.
   With a database:  workbench verify THIS_FILE.zip --database postgresql://...  (an empty one; its tables are removed again)
3. Compare the digest above with the one printed on any member's statement, and the head of the journal with the one the central
   instance countersigned. A kit agrees with itself by construction: this comparison is what ties it to what was paid.

WHAT IS IN IT
inputs/     what the book said when the run was prepared: receipts, licences, usage, matches, works, shares, agreements, mandates
rulebook.yaml, parameters.json     the rules, each with the decision it rests on, and what the run was told
results/    from pools to balances; micros are millionths of {facts["currency"]}; every amount can be followed back:
            balances <- postings <- entitlements <- allocation <- usage_points <- inputs/usages
                                                    <- pool_receipts <- inputs/receipts
expected/   the same inputs row by row (long texts as digests) and the rules value by value, to say what differs
kit.json    who prepared, approved and sealed; versions and digests of the program that computed
"""
