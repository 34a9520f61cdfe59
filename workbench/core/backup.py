"""A backup is one file with every row of the book as it stood at one moment, and the workspace's files; it restores anywhere.

It is a logical snapshot, taken in one read transaction while others go on writing, so a society moves from a laptop to an
office with the command it uses every night. The file is a zip: `manifest.json` (schema revision, instance, epoch, journal head;
columns, rows and SHA-256 of each table; files and settings), `tables/NAME.jsonl`, one JSON array a row, sorted by primary key,
and the files of the workspace (`workspace_backup`). Before it gets its name it is read back: every digest and the whole journal
chain. Copying the files of a live book is not a backup.
"""

from __future__ import annotations

import getpass
import hashlib
import json
import os
import secrets
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, MetaData, Select, Table, Text, collate, func, insert, select, text
from sqlalchemy.exc import DatabaseError

from . import documents, journal, workspace_backup
from .canonical import canonical_json, digest, file_digest
from .config import Config
from .errors import Finding, WorkbenchError
from .office import Progress, silent
from .store import BOOK, Book, Change, book_meta, make_engine, now_utc, require_current, revision, set_meta, upgrade

FORMAT = "workbench-backup-2"
CHUNK = 5_000
_MANIFEST_LIMIT = 64_000_000
_BOOKKEEPING = "alembic_version"


@dataclass(frozen=True, slots=True)
class Backup:
    """One verified backup file: where it is, the SHA-256 of its bytes, and what it holds."""

    path: Path
    sha256: str
    instance: str
    epoch: str
    made_at: str
    journal_seq: int
    journal_hash: str
    rows: dict[str, int]
    workspace: workspace_backup.Workspace
    """The society's settings and the files of its runs and rules; nothing of them in the backup of a bare book."""

    def __str__(self) -> str:
        held = f"{sum(self.rows.values()):,} rows of {self.instance}, {len(self.workspace.files):,} files of its runs and rules"
        return f"{self.path}: {held}, journal entry {self.journal_seq}, sha256 {self.sha256}"


def backup(book: Book, to: Path, progress: Progress = silent, *, workspace: Config | None = None) -> Backup:
    """Write every table of the book, as of one moment, and the files of its `workspace` into one verified file.

    Without `workspace` only the book. Returns what the file holds. `to` is the file, or a folder in which a name is made from
    instance and time. Writers are not held up. Raises `WorkbenchError` where a file exists already, or when what was written does
    not read back.
    """
    made_at = now_utc()
    if to.is_dir():
        to = to / f"{book.instance}-{made_at[:19].replace('-', '').replace(':', '')}Z.backup.zip"
    if to.exists():
        raise WorkbenchError("a file exists here already", got=to, next_step="Choose another name; a backup overwrites nothing.")
    to.parent.mkdir(parents=True, exist_ok=True)
    unfinished = to.with_name(f".{to.name}.{secrets.token_hex(4)}.part")
    try:
        _write(book, unfinished, made_at, progress, workspace)
        made = read_backup(unfinished, progress)
        unfinished.replace(to)
        _sync_folder(to.parent)
    finally:
        unfinished.unlink(missing_ok=True)
    return Backup(to, *(getattr(made, name) for name in Backup.__slots__[1:]))


def read_backup(file: Path, progress: Progress = silent) -> Backup:
    """Verify a backup file, digests and journal chain, and return what it holds; nothing is restored.

    Raises `WorkbenchError` that names the damaged table, the first broken journal entry, or the missing member.
    """
    with _opened(file) as archive:
        manifest = _manifest(archive, file)
        for number, (name, table) in enumerate(manifest["tables"].items()):
            progress("verify", number, len(manifest["tables"]))
            rows = _verified(archive, file, name, table)
            if name == journal.journal.name:
                _require_chain(file, table["columns"], rows, manifest)
            else:
                for _ in rows:
                    pass
        progress("verify", len(manifest["tables"]), len(manifest["tables"]))
        files = workspace_backup.told(manifest)
        workspace_backup.verify(archive, files, file.name)
    return Backup(
        file,
        file_digest(file),
        manifest["instance"],
        manifest["epoch"],
        manifest["made_at"],
        manifest["journal"]["seq"],
        manifest["journal"]["hash"],
        {name: table["rows"] for name, table in manifest["tables"].items()},
        files,
    )


def restore(file: Path, url: str, *, by: str = "", progress: Progress = silent) -> Backup:
    """Fill an empty database from a backup file, in one transaction, and return what the file held.

    The restored book gets a new epoch, so that synchronisation does not take its next changes for ones it has seen; the journal
    gets an entry that says who restored which file. Raises `WorkbenchError` for a damaged file, a file of another schema, or a
    database that is not empty; then nothing was written.
    """
    held = read_backup(file, progress)
    engine = make_engine(url)
    try:
        with _opened(file) as archive:
            manifest = _manifest(archive, file)
            _require_schema(manifest, file)
            _require_empty(engine)
            if revision(engine) is None:
                upgrade(engine, BOOK)
            require_current(engine, BOOK)
            tables = _tables_of(engine)
            _require_columns(manifest, tables, file)
            with engine.begin() as connection:
                if engine.dialect.name == "sqlite":
                    connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
                _fill(connection, archive, file, manifest, tables, progress)
                _begin_epoch(connection, held, by or getpass.getuser())
    finally:
        engine.dispose()
    return held


def check(
    book: Book,
    *,
    kinds: Iterable[documents.Kind] = (),
    extra_checks: Sequence[Callable[[Connection], list[Finding]]] = (),
    progress: Progress = silent,
) -> list[Finding]:
    """Look for anything wrong in the book and return the findings; an empty list is a healthy book.

    Checks the database's own structure (SQLite), the journal chain, every document of `kinds` against the journal's last word on
    it, and whatever `extra_checks` look at (the ledger's sums, say).
    """
    steps: list[tuple[str, Callable[[Connection], list[Finding]]]] = []
    if book.dialect == "sqlite":
        steps.append(("structure", _check_sqlite))
    steps.append(("journal", journal.verify))
    steps += [(kind.name, lambda connection, kind=kind: documents.check(connection, kind)) for kind in kinds]  # type: ignore[misc]
    steps += [(getattr(extra, "__name__", "check"), extra) for extra in extra_checks]
    findings: list[Finding] = []
    for number, (what, step) in enumerate(steps):
        progress(f"check {what}", number, len(steps))
        try:
            with book.read() as connection:
                findings += step(connection)
        except DatabaseError as error:
            findings.append(_damaged("the database cannot read its own file", str(error.orig)))
    progress("check", len(steps), len(steps))
    return findings


def _write(book: Book, file: Path, made_at: str, progress: Progress, workspace: Config | None) -> None:
    with book.read() as connection, file.open("xb") as raw:
        seq, last_hash = journal.head(connection)
        tables = _tables(connection)
        counts = {table.name: connection.execute(select(func.count()).select_from(table)).scalar_one() for table in tables}
        total, done, described = sum(counts.values()), 0, {}
        with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for table in tables:
                with archive.open(f"tables/{table.name}.jsonl", "w", force_zip64=True) as member:
                    sha, rows = hashlib.sha256(), 0
                    for lines, count in _chunks(connection, table):
                        member.write(lines)
                        sha.update(lines)
                        rows += count
                        progress("backup", done + rows, total)
                done += rows
                described[table.name] = {"columns": [c.name for c in table.columns], "rows": rows, "sha256": sha.hexdigest()}
            files = workspace_backup.put(archive, workspace, progress) if workspace else workspace_backup.NOTHING
            facts = {row.key: row.value for row in connection.execute(select(book_meta))}
            manifest = {
                "format": FORMAT,
                "schema": connection.execute(text(f"SELECT version_num FROM {_BOOKKEEPING}")).scalar_one(),  # noqa: S608  our own table
                "instance": facts.get("instance", ""),
                "epoch": facts.get("epoch", ""),
                "made_at": made_at,
                "journal": {"seq": seq, "hash": last_hash},
                "tables": described,
                "workspace": files.as_told(),
            }
            archive.writestr("manifest.json", canonical_json(manifest))
        raw.flush()
        os.fsync(raw.fileno())


def _chunks(connection: Connection, table: Table) -> Iterator[tuple[bytes, int]]:
    encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode
    result = connection.execute(_in_order(connection, table).execution_options(yield_per=CHUNK))
    for rows in result.partitions():
        yield "".join(encode(list(row)) + "\n" for row in rows).encode(), len(rows)


def _in_order(connection: Connection, table: Table) -> Select[Any]:
    def key(column: Any) -> Any:
        # code point order, whatever the database's locale: the same book gives the same bytes on both databases
        return collate(column, "C") if connection.dialect.name == "postgresql" and isinstance(column.type, Text) else column

    return select(table).order_by(*(key(column) for column in table.primary_key.columns or table.columns))


def _tables(connection: Connection) -> list[Table]:
    """Return every table the database holds, owners before what they own; imports decide nothing."""
    found = MetaData()
    found.reflect(connection)
    return [table for table in found.sorted_tables if table.name != _BOOKKEEPING]


def _tables_of(engine: Engine) -> list[Table]:
    with engine.connect() as connection:
        return _tables(connection)


def _opened(file: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(file)
    except FileNotFoundError as error:
        raise WorkbenchError("no such backup file", got=file) from error
    except (zipfile.BadZipFile, OSError) as error:
        raise _refused(file, "the file is cut short or is no backup", str(error)) from error


def _manifest(archive: zipfile.ZipFile, file: Path) -> dict[str, Any]:
    try:
        if archive.getinfo("manifest.json").file_size > _MANIFEST_LIMIT:
            raise _refused(file, "manifest.json is too large to be one", "")
        manifest = json.loads(archive.read("manifest.json"))
        if manifest["format"] != FORMAT:
            raise WorkbenchError(
                "a backup of an unknown format",
                got=str(manifest["format"])[:40],
                expected=FORMAT,
                where=file,
                next_step="Restore it with the version of the workbench that made it.",
            )
        files = workspace_backup.told(manifest).members
        expected = {"manifest.json", *files, *(f"tables/{name}.jsonl" for name in manifest["tables"])}
        if sorted(archive.namelist()) != sorted(expected):
            odd = sorted(expected.symmetric_difference(archive.namelist()))
            raise _refused(file, "its members are not those its manifest names", ", ".join(odd[:3]) or "one twice")
        return dict(manifest)
    except (KeyError, TypeError, ValueError, AttributeError, zipfile.BadZipFile, zlib.error) as error:
        raise _refused(file, "manifest.json cannot be read", str(error)) from error


def _verified(archive: zipfile.ZipFile, file: Path, name: str, table: dict[str, Any]) -> Iterator[list[Any]]:
    """Yield a table's rows and raise at the end, by name, when they are not the bytes the manifest tells of."""
    sha, rows = hashlib.sha256(), 0
    try:
        with archive.open(f"tables/{name}.jsonl") as member:
            for line in member:
                sha.update(line)
                rows += 1
                yield json.loads(line)
    except (zipfile.BadZipFile, zlib.error, ValueError, EOFError, OSError) as error:
        raise _refused(file, f"table {name} is damaged", str(error)) from error
    if (rows, sha.hexdigest()) != (table["rows"], table["sha256"]):
        got, expected = f"{rows} rows, sha256 {sha.hexdigest()}", f"{table['rows']} rows, sha256 {table['sha256']}"
        raise _refused(file, f"table {name} is damaged", got, expected)


def _require_chain(file: Path, columns: list[str], rows: Iterable[list[Any]], manifest: dict[str, Any]) -> None:
    seq, previous = 0, journal.GENESIS
    for row in rows:
        values = dict(zip(columns, row, strict=True))
        stored = values.pop("hash")
        seq += 1
        if values["seq"] != seq or values["previous_hash"] != previous or digest(values) != stored:
            raise _refused(file, f"the journal chain is broken at entry {values['seq']}", str(stored), f"entry {seq}")
        previous = stored
    if (seq, previous) != (manifest["journal"]["seq"], manifest["journal"]["hash"]):
        raise _refused(file, "the journal does not end where the manifest says", str(seq), str(manifest["journal"]["seq"]))


def _require_schema(manifest: dict[str, Any], file: Path) -> None:
    wanted = ScriptDirectory(str(BOOK.migrations)).get_current_head()
    if manifest["schema"] != wanted:
        raise WorkbenchError(
            "this backup is of another schema",
            got=manifest["schema"],
            expected=wanted,
            where=file,
            next_step="Restore it with the version of the workbench that made it, then run: workbench upgrade FOLDER.",
        )


def _require_columns(manifest: dict[str, Any], tables: list[Table], file: Path) -> None:
    have = {f"{table.name}.{column.name}" for table in tables for column in table.columns}
    told = {f"{name}.{column}" for name, table in manifest["tables"].items() for column in table["columns"]}
    if odd := sorted(have ^ told):
        raise WorkbenchError(
            "this backup is of another schema",
            got=f"{len(odd)} columns that differ, first {odd[0]} ({'in the file only' if odd[0] in told else 'not in the file'})",
            expected="the same tables and columns",
            where=file,
            next_step="Restore it with the version of the workbench that made it.",
        )


def _require_empty(engine: Engine) -> None:
    with engine.connect() as connection:
        used = next((table.name for table in _tables(connection) if connection.execute(select(table).limit(1)).first()), "")
    if used:
        raise WorkbenchError(
            "this database is not empty",
            got=f"rows in {used}",
            expected="an empty database",
            where=engine.url.render_as_string(hide_password=True),
            next_step="Name a new file or a new database; a restore overwrites nothing.",
        )


def _fill(
    connection: Connection,
    archive: zipfile.ZipFile,
    file: Path,
    manifest: dict[str, Any],
    tables: list[Table],
    progress: Progress,
) -> None:
    total, done = sum(table["rows"] for table in manifest["tables"].values()), 0
    for table in tables:
        told = manifest["tables"][table.name]
        waiting: list[dict[str, Any]] = []
        for row in _verified(archive, file, table.name, told):
            waiting.append(dict(zip(told["columns"], row, strict=True)))
            if len(waiting) == CHUNK:
                connection.execute(insert(table), waiting)
                done += len(waiting)
                waiting = []
                progress("restore", done, total)
        if waiting:
            connection.execute(insert(table), waiting)
            done += len(waiting)
    progress("restore", done, total)


def _begin_epoch(connection: Connection, held: Backup, who: str) -> None:
    epoch, at = secrets.token_hex(8), now_utc()
    for key, value in {"epoch": epoch, "restored_at": at, "restored_from": held.sha256}.items():
        set_meta(connection, key, value)
    change = Change(connection, who, f"restored from the backup made at {held.made_at}", at, secrets.token_hex(8), held.instance)
    before = {"epoch": held.epoch, "journal_seq": held.journal_seq, "journal_hash": held.journal_hash}
    journal.record(change, "book", held.instance, "restore", before, {"epoch": epoch, "restored_from": held.sha256})


def _check_sqlite(connection: Connection) -> list[Finding]:
    told = connection.exec_driver_sql("PRAGMA integrity_check(20)").scalars().all()
    findings = [_damaged("the database file is damaged", str(line)) for line in told if line != "ok"]
    for table, row, owner, _ in connection.exec_driver_sql("PRAGMA foreign_key_check").fetchmany(20):
        findings.append(_damaged(f"a row of {table} refers to nothing", f"row {row}", f"a row of {owner}"))
    return findings


def _damaged(message: str, got: str, expected: str = "") -> Finding:
    step = "Stop work, keep this file, and restore the last good backup."
    return Finding("file", "book_structure", message, got=got[:300], expected=expected, source="book", what_to_do=step)


def _refused(file: Path, what: str, got: str, expected: str = "") -> WorkbenchError:
    return WorkbenchError(
        f"this backup cannot be trusted: {what}",
        got=got or None,
        expected=expected or None,
        where=file.name,
        next_step="Use another backup; nothing was restored.",
    )


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
