"""Verify an audit kit: compute its run again from its own inputs, rules and parameters, and name whatever does not agree.

Inputs are compared whatever the order of their rows, results cell by cell. A kit is somebody's file: only the members a kit may
have are read, none larger than it says, and nothing is written outside a temporary folder.

    verification = verify(Path("TALA-D-000001.audit-kit.zip"))
    print(verification)         # IDENTICAL, or DIFFERENT and a list: input usages TALA-B-000001:17: plays expected 1, got 2
"""

from __future__ import annotations

import csv
import json
import tempfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Literal

from ..core.canonical import digest
from ..core.errors import WorkbenchError
from ..core.office import Progress, silent
from .audit_kit import EXPECTED_RULES, FORMAT, KIT, code_digests, environment, fingerprint, flat_rules, members
from .compute import compute
from .kit_database import DatabaseRefused, through_database
from .results import INPUTS, RESULTS, Table, read_rows, table_digest
from .rulebook import read_rulebook
from .runs import MANIFEST, PARAMETERS_FILE, RULEBOOK_FILE, RunDigest, expected_digest, read_parameters

What = Literal["input", "rule", "parameter", "result", "code"]
MOST_BYTES = 8_000_000_000
MOST_RATIO = 1_000
"""A kit member may unpack to this many times its packed size, beyond the first megabyte: a zip bomb is thousands."""
SMALL = 4_000_000
"""Largest size of a member that is not a table."""
NAMED = 20
"""How many differences of one file are named one by one; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as the kit says it was: what kind, in which file, which line or path, which field."""

    what: What
    name: str
    key: str
    field: str
    expected: str
    got: str

    def __str__(self) -> str:
        place = " ".join(part for part in (self.what, self.name, self.key) if part)
        return f"{place}: {f'{self.field} ' if self.field else ''}expected {self.expected}, got {self.got}"


@dataclass(frozen=True, slots=True)
class Verification:
    """What a verification found; `identical` is about inputs, rules, parameters and every cell of the results."""

    run_id: str
    digest: str
    """The run's digest, as computed here."""
    expected_digest: str
    """The run's digest, as the kit says."""
    differences: list[Difference] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    rows: dict[str, int] = field(default_factory=dict)
    """Rows of each result computed here."""
    database: str = ""

    @property
    def identical(self) -> bool:
        """Tell whether everything agrees."""
        return not self.differences and self.digest == self.expected_digest

    def __str__(self) -> str:
        lines = [f"{'IDENTICAL' if self.identical else 'DIFFERENT'}: distribution {self.run_id}"]
        if self.identical:
            lines.append(f"digest     {self.digest}")
            lines.append(f"computed   {sum(self.rows.values()):,} rows in {len(self.rows)} result files, every cell the same")
        else:
            lines += [f"digest     {self.digest or 'none: it could not be computed'}", f"expected   {self.expected_digest}"]
            lines += [f"  {difference}" for difference in self.differences]
        if self.database:
            lines.append(f"inputs     kept in and read back from {self.database}")
        return "\n".join([*lines, *(f"note       {note}" for note in self.notes)])


def verify(kit: str | Path, database_url: str = "", *, digest: str = "", progress: Progress = silent) -> Verification:
    """Compute a kit's run again and compare; with `database_url` the inputs first go through tables of that database.

    `digest` is the one printed on a statement: a kit with another one is DIFFERENT, however well it agrees with itself. Raises
    `WorkbenchError` for a file that is no kit, is damaged, is of another version, or was made to harm.
    """
    with tempfile.TemporaryDirectory(prefix="workbench-verify-", ignore_cleanup_errors=True) as temporary:
        folder = Path(temporary) / "kit"
        unpack(Path(kit), folder, progress)
        return _Verifying(folder, Path(temporary) / "again", database_url, digest, progress).run()


def unpack(kit: Path, folder: Path, progress: Progress = silent) -> None:
    """Unpack a kit's members, and only those a kit may have, into an empty folder; raises `WorkbenchError` for anything odd."""
    try:
        with zipfile.ZipFile(kit) as archive:
            infos = archive.infolist()
            _require_members(kit, infos)
            for number, info in enumerate(infos):
                progress("unpack", number, len(infos))
                target = folder / info.filename  # a name on the list, so it stays inside
                target.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(info) as source, target.open("wb") as out:
                    _copy(source, out, info, kit)
    except FileNotFoundError as error:
        raise WorkbenchError("no such kit", got=kit) from error
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError) as error:
        raise _refused(kit, "the file is damaged, cut short or no audit kit", str(error)[:200]) from error


class _Verifying:
    """One verification; each method compares one part and adds what differs."""

    def __init__(self, kit: Path, again: Path, database_url: str, wanted: str, progress: Progress) -> None:
        self.kit, self.again, self.database_url, self.wanted, self.progress = kit, again, database_url, wanted.strip(), progress
        self.about = _json(kit / KIT)
        if self.about.get("format") != FORMAT:
            raise WorkbenchError(
                "a kit of an unknown version",
                got=str(self.about.get("format"))[:60],
                expected=FORMAT,
                next_step="Verify it with the version of the workbench that made it.",
            )
        try:
            self.said = expected_digest(kit)
            self.claimed = str(_json(kit / MANIFEST)["digest"])
            self.run_id = str(self.about["run"]["id"])
            self.expected_parameters = {str(name): str(value) for name, value in self.about["parameters"].items()}
        except (KeyError, TypeError, AttributeError) as error:
            raise _refused(kit, "kit.json or manifest.json is not what it should be", str(error)) from error
        self.found: list[Difference] = []

    def run(self) -> Verification:
        """Compare all parts, compute, compare the results."""
        self.progress("compare inputs and rules", 0, 3)
        if self.said.whole != self.claimed:
            self._add("result", MANIFEST, "", "digest", self.claimed, self.said.whole)
        if self.wanted and self.wanted != self.claimed:
            self._add("result", MANIFEST, "", "digest", f"{self.wanted} (as given)", self.claimed)
        inputs = {f"inputs/{table.name}": self._input(table) for table in INPUTS}
        rulebook = self._rules()
        parameters = self._parameters()
        self.progress("compute again", 1, 3)
        rows, results = self._compute()
        self.progress("compare results", 2, 3)
        whole = RunDigest(inputs, rulebook, parameters, results).whole if results else ""
        notes = self._code()
        self.progress("verified", 3, 3)
        shown = self.database_url and _without_password(self.database_url)
        return Verification(self.run_id, whole, self.wanted or self.claimed, self.found, notes, rows, shown)

    def _input(self, table: Table) -> str:
        """Compare one input whatever its order; return its digest."""
        folder = self.kit / "inputs"
        expected = self.said.inputs.get(f"inputs/{table.name}", "")
        try:
            got = table_digest(folder, table)
            if got == expected:
                return got
            before = len(self.found)
            theirs = _whole_rows(self.kit / "expected" / "inputs", table)
            ours = [tuple(fingerprint(row)) for row in _whole_rows(folder, table)]
        except (WorkbenchError, csv.Error, UnicodeDecodeError) as error:
            self._add("input", table.name, "", "", "a readable file", str(error)[:200])
            return ""
        self._rows("input", table, theirs, ours)
        if len(self.found) == before:
            self._add("input", table.name, "", "digest", expected, got)
        return got

    def _rules(self) -> str:
        """Compare the rule book value by value; return its digest."""
        expected = {str(path): str(value) for path, value in _json(self.kit / EXPECTED_RULES).items()}
        before = len(self.found)
        try:
            got = flat_rules(self.kit / RULEBOOK_FILE)
            for path in sorted(expected.keys() | got.keys()):
                if expected.get(path) != got.get(path):
                    self._add("rule", "", _rule_path(path), "", expected.get(path, "nothing"), got.get(path, "nothing"))
            found = read_rulebook(self.kit / RULEBOOK_FILE).digest
        except WorkbenchError as error:
            self._add("rule", RULEBOOK_FILE, "", "", "a rule book that can be read", str(error)[:300])
            return ""
        if found != self.said.rulebook and len(self.found) == before:
            self._add("rule", RULEBOOK_FILE, "", "digest", self.said.rulebook, found)
        return found

    def _parameters(self) -> str:
        """Compare the parameters; return their digest."""
        got = read_parameters(self.kit)
        before = len(self.found)
        for name in sorted(self.expected_parameters.keys() | got.keys()):
            expected = self.expected_parameters.get(name, "nothing")
            if got.get(name, "nothing") != expected:
                self._add("parameter", "", name, "", expected, got.get(name, "nothing"))
        found = digest(got)
        if found != self.said.parameters and len(self.found) == before:
            self._add("parameter", PARAMETERS_FILE, "", "digest", self.said.parameters, found)
        return found

    def _compute(self) -> tuple[dict[str, int], dict[str, str]]:
        """Compute the results anew and compare them; return rows and digests per file, both empty when it cannot be computed."""
        source = self.kit / "inputs"
        try:
            if self.database_url:
                source = through_database(self.database_url, source, self.again / "inputs", self.progress)
            outcome = compute(source, self.kit / RULEBOOK_FILE, read_parameters(self.kit), self.again / "results")
        except DatabaseRefused:
            raise
        except (WorkbenchError, AssertionError, ValueError, LookupError, TypeError, ArithmeticError, csv.Error) as error:
            self._add("result", "", "", "", "a computation that ends", f"{type(error).__name__}: {str(error)[:300]}")
            return {}, {}
        return outcome.rows, {f"results/{table.name}": self._result(table) for table in RESULTS}

    def _result(self, table: Table) -> str:
        """Compare one result, both the kit's file and the one computed here, with its digest; return the one computed here."""
        name = f"results/{table.name}"
        expected, kept = self.said.results.get(name, ""), table_digest(self.kit / "results", table)
        got = table_digest(self.again / "results", table)
        if kept == expected == got:
            return got
        before = len(self.found)
        if kept != got:
            try:
                theirs = _whole_rows(self.kit / "results", table)
            except (WorkbenchError, csv.Error, UnicodeDecodeError) as error:
                self._add("result", table.name, "", "", "a readable file", str(error)[:200])
                return got
            self._rows("result", table, theirs, _whole_rows(self.again / "results", table))
        if len(self.found) == before:
            self._add("result", table.name, "", "digest", expected, got)
        return got

    def _rows(self, what: What, table: Table, theirs: Sequence[tuple[str, ...]], ours: Sequence[tuple[str, ...]]) -> None:
        """Name the rows and fields in which two tables differ, the first ones one by one."""
        found = list(_row_differences(what, table, theirs, ours))
        self.found += found[:NAMED]
        if len(found) > NAMED:
            self._add(what, table.name, "", "", "no difference", f"{len(found) - NAMED:,} more differences in this file")

    def _code(self) -> list[str]:
        """Return notes on versions that differ; when something is wrong, the program's own changes are among the differences."""
        theirs, ours = dict(self.about.get("code", {})), code_digests()
        changed = sorted(name for name in theirs.keys() | ours.keys() if theirs.get(name) != ours.get(name))
        versions = {
            name: (str(self.about.get("environment", {}).get(name, "")), got)
            for name, got in environment().items()
            if self.about.get("environment", {}).get(name, "") != got
        }
        notes = [f"{name}: the kit was made with {said or 'another'}, here is {got}" for name, (said, got) in versions.items()]
        if changed and any(difference.what == "result" for difference in self.found):
            for name in changed[:NAMED]:
                self._add("code", name, "", "", theirs.get(name, "no such module")[:16], ours.get(name, "no such module")[:16])
        elif changed:
            notes.append(f"{len(changed)} modules of the program differ from those that made the kit; the result does not")
        return notes

    def _add(self, what: What, name: str, key: str, field_: str, expected: str, got: str) -> None:
        self.found.append(Difference(what, name, key, field_, expected, got))


def _row_differences(
    what: What, table: Table, theirs: Sequence[tuple[str, ...]], ours: Sequence[tuple[str, ...]]
) -> Iterator[Difference]:
    expected, got = Counter(theirs), Counter(ours)
    missing, extra = sorted((expected - got).elements()), sorted((got - expected).elements())
    by_key: dict[tuple[str, ...], list[tuple[str, ...]]] = {}
    for row in extra:
        by_key.setdefault(_key(table, row), []).append(row)
    for row in missing:
        key = _key(table, row)
        if key not in by_key:
            yield Difference(what, table.name, _shown_key(table, row), "row", "present", "absent")
            continue
        other = by_key[key].pop(0)
        if not by_key[key]:
            del by_key[key]
        for name, said, found in zip(table.names, row, other, strict=True):
            if said != found:
                yield Difference(what, table.name, _shown_key(table, row), name, said or "nothing", found or "nothing")
    for rows in by_key.values():
        for row in rows:
            yield Difference(what, table.name, _shown_key(table, row), "row", "absent", "present")


def _whole_rows(folder: Path, table: Table) -> list[tuple[str, ...]]:
    rows = [tuple(row) for row in read_rows(folder, table)]
    for line, row in enumerate(rows, start=2):
        if len(row) != len(table.names):
            raise WorkbenchError(
                "a row has another number of cells", got=len(row), expected=len(table.names), where=f"row {line}"
            )
    return rows


def _key(table: Table, row: Sequence[str]) -> tuple[str, ...]:
    return tuple(row[table.names.index(name)] for name in table.key)


def _shown_key(table: Table, row: Sequence[str]) -> str:
    """Return a row's key as a person reads it, with the party it is about where the key does not say."""
    key = _key(table, row)
    parts = [key[0], *(f"{name} {value}" for name, value in list(zip(table.key, key, strict=True))[1:] if value)]
    if "party_id" in table.names and "party_id" not in table.key:
        parts.append(f"party {row[table.names.index('party_id')]}")
    return ", ".join(part for part in parts if part)


def _rule_path(path: str) -> str:
    return path.removeprefix("rules.")


def _require_members(kit: Path, infos: Iterable[zipfile.ZipInfo]) -> None:
    known, seen, total = members(), set(), 0
    for info in infos:
        if info.filename not in known:
            raise _refused(kit, "it has a member that no kit has", repr(info.filename[:100]))
        if info.filename in seen:
            raise _refused(kit, "it has a member twice", info.filename)
        if info.flag_bits & 0x1:
            raise _refused(kit, "it is encrypted", info.filename)
        if info.file_size > max(1_000_000, info.compress_size * MOST_RATIO):
            raise _refused(kit, "a member unpacks to far too much", f"{info.filename}: {info.file_size:,} bytes")
        if not info.filename.endswith(".csv") and info.file_size > SMALL:
            raise _refused(kit, "a member is far too large", f"{info.filename}: {info.file_size:,} bytes")
        seen.add(info.filename)
        total += info.file_size
    if total > MOST_BYTES:
        raise _refused(kit, "it unpacks to far too much", f"{total:,} bytes", f"at most {MOST_BYTES:,}")
    if missing := sorted(name for name, needed in known.items() if needed and name not in seen):
        raise _refused(kit, "members are missing", ", ".join(missing[:5]))


def _copy(source: IO[bytes], out: IO[bytes], info: zipfile.ZipInfo, kit: Path) -> None:
    left = info.file_size
    while chunk := source.read(1 << 20):
        left -= len(chunk)
        if left < 0:
            raise _refused(kit, "a member is larger than it says", info.filename)
        out.write(chunk)


def _json(file: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise _refused(file, f"{file.name} cannot be read", str(error)[:200]) from error


def _refused(kit: Path, what: str, got: str = "", expected: str = "") -> WorkbenchError:
    return WorkbenchError(
        f"this kit cannot be used: {what}",
        got=got or None,
        expected=expected or None,
        where=kit.name,
        next_step="Ask the society for the kit again.",
    )


def _without_password(url: str) -> str:
    from sqlalchemy.engine import make_url

    return make_url(url).render_as_string(hide_password=True)
