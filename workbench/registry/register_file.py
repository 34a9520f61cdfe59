"""The register as one file and one number: export it, load it elsewhere, and know by its digest that it is the same.

    wb.register.digest()                                   # '5f1c...': what the register says, however it came to say it
    wb.register.export("register.zip")                     # canonical JSON lines per kind, and a manifest
    other.register.load("register.zip", why="new office")  # same identifiers, same digest, on either database

The digest is the SHA-256 of, for each kind by name: the kind's name on a line, then every live document (not deleted, not
merged) as canonical JSON on a line, by identifier in the order of its characters. Journal, versions, order of entry and
database have no
part. An export also holds the documents that are gone, because others may name them; they are no part of the digest.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import IO, Any

from sqlalchemy import Connection, func, select

from ..core import documents
from ..core.canonical import canonical_json
from ..core.documents import Document, Kind
from ..core.errors import DamagedBook, WorkbenchError, unknown
from ..core.office import Office, Progress, silent
from ..core.store import Change
from . import rules
from .agreements import Agreements
from .attachments import Attachments
from .contacts import Contacts
from .desk import Desk
from .licences import LICENCE, LICENSEE
from .mandates import Mandates
from .memberships import Memberships
from .parties import Parties
from .performances import Performances
from .recordings import Recordings
from .releases import Releases
from .works import Works

FORMAT = "workbench-register-1"
MANIFEST = "manifest.json"
LONGEST_LINE = 16 * 2**20
LARGEST_FILE = 64 * 2**30
_CHUNK = 1_000
_WHEN = (1980, 1, 1, 0, 0, 0)
"""Of every member: the same register is the same file, byte for byte."""
_DESKS: tuple[type[Desk[Any]], ...] = (Parties, Works, Recordings, Releases, Performances, Agreements, Mandates)
"""What is named before what names it, as far as that goes."""
_PRIVATE: tuple[type[Desk[Any]], ...] = (Memberships, Contacts, Attachments)
_OPEN_KINDS: dict[str, Kind] = {kind.name: kind for kind in (LICENSEE, LICENCE, *(desk.kind for desk in _DESKS))}
_PRIVATE_KINDS: dict[str, Kind] = {desk.kind.name: desk.kind for desk in _PRIVATE}


@dataclass(frozen=True)
class RegisterFile:
    """An export: where it is, the digest of what it says, and how many documents of each kind are in it."""

    path: Path
    digest: str
    documents: dict[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        held = ", ".join(f"{count:,} {name}" for name, count in self.documents.items() if count) or "nothing"
        return f"{self.path}: {held}; digest {self.digest}"


class Register:
    """The whole register: `wb.register`."""

    def __init__(self, office: Office) -> None:
        self.office = office

    def digest(self, kinds: Sequence[str] = (), *, private: bool = False) -> str:
        """Return the SHA-256 of what the register says; of some kinds only, or with memberships, contacts and papers as well.

        Two registers with the same digest say the same, live document for live document.
        """
        with self.office.book.read() as connection:
            return _digest(connection, _chosen(kinds, private))

    def export(
        self, to: str | Path, *, kinds: Sequence[str] = (), private: bool = False, progress: Progress = silent
    ) -> RegisterFile:
        """Write the register into one zip: a member of canonical JSON lines for each kind, and a manifest with counts and
        digests.

        `private` adds memberships, contacts and the records of papers (their files stay in the workspace). The same register
        gives the same bytes. Raises `WorkbenchError` where a file exists already.
        """
        path = Path(to)
        if path.exists():
            raise WorkbenchError("a file is there already", got=path, next_step="Choose another name.")
        chosen = _chosen(kinds, private)
        draft = path.with_name(f".{path.name}.part")
        try:
            with self.office.book.read() as connection, zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED) as archive:
                digest, told = hashlib.sha256(), dict[str, dict[str, Any]]()
                for name, kind in sorted(chosen.items()):
                    digest.update(f"{name}\n".encode())
                    told[name] = _write_kind(connection, kind, archive, digest, progress)
                manifest = {"format": FORMAT, "digest": digest.hexdigest(), "kinds": told}
                with archive.open(_member(MANIFEST), "w") as out:
                    out.write(canonical_json(manifest))
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
        return RegisterFile(path, digest.hexdigest(), {name: one["documents"] for name, one in told.items()})

    def load(self, file: str | Path, *, why: str, by: str = "", progress: Progress = silent) -> RegisterFile:
        """Load an export into this register, all of it in one change, under the same identifiers.

        What is there already word for word is passed over. Raises `WorkbenchError` for a file that is damaged or not one, and
        for a document whose identifier is in use here for something else; nothing is written then.
        """
        path = Path(file)
        try:
            with zipfile.ZipFile(path) as archive:
                manifest = _read_manifest(archive, path)
                _prove(archive, manifest)
                with self.office.change(why, by) as change:
                    counts = self._load(change, archive, manifest, progress)
        except (zipfile.BadZipFile, zlib.error, OSError, EOFError, UnicodeDecodeError) as error:
            raise _damaged(path, error) from error
        return RegisterFile(path, manifest["digest"], counts)

    # inside

    def _load(self, change: Change, archive: zipfile.ZipFile, manifest: dict[str, Any], progress: Progress) -> dict[str, int]:
        every = {**_OPEN_KINDS, **_PRIVATE_KINDS}
        chosen = {name: kind for name, kind in every.items() if name in manifest["kinds"]}
        empty = not any(change.connection.execute(select(kind.table.c.id).limit(1)).first() for kind in chosen.values())
        counts, clashes = dict[str, int](), list[str]()
        for name, kind in chosen.items():  # what is named before what names it
            said = manifest["kinds"][name]["documents"]
            counts[name] = 0
            lines = _lines(archive, f"{name}.jsonl")
            while some := list(islice(lines, _CHUNK)):
                counts[name] += self._load_some(change, kind, some, clashes)
                progress(f"loading {name}", counts[name], said)
        if clashes:
            raise WorkbenchError(
                f"{len(clashes)} identifier(s) are in use here for something else",
                got=", ".join(clashes[:20]),
                expected="an empty register, or one that says the same",
                next_step="Load it into a register of its own.",
            )
        if empty and (now := _digest(change.connection, chosen)) != manifest["digest"]:
            raise DamagedBook("the register loaded says something else than the file", got=now, expected=manifest["digest"])
        return counts

    def _load_some(self, change: Change, kind: Kind, lines: list[bytes], clashes: list[str]) -> int:
        desk = next((one(self.office) for one in (*_DESKS, *_PRIVATE) if one.kind is kind), None)
        given: list[Document] = []
        for line in lines:
            document = _document(kind, line)
            if desk is not None:
                desk._valid(document)
            given.append(document)
        there = documents.load_many(change.connection, kind, [document["id"] for document in given])
        clashes += [one["id"] for one in given if one["id"] in there and there[one["id"]] != one]
        new = [one for one in given if one["id"] not in there]
        if new and not clashes:
            documents.save_many(change, kind, new, op="load")
            change.keep_numbers(kind.letter, [one["id"] for one in new])
        return len(given)


def _document(kind: Kind, line: bytes) -> Document:
    try:
        document = documents.normalise(kind, json.loads(line))
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise _damaged(Path(f"{kind.name}.jsonl"), error) from error
    if not document["id"]:
        raise _damaged(Path(f"{kind.name}.jsonl"), "a document without identifier")
    return document


def _chosen(kinds: Sequence[str], private: bool) -> dict[str, Kind]:
    every = {**_OPEN_KINDS, **_PRIVATE_KINDS}
    for name in kinds:
        if name not in every:
            raise unknown("kind of record", name, every)
    return {name: every[name] for name in kinds} if kinds else {**_OPEN_KINDS, **(_PRIVATE_KINDS if private else {})}


def _digest(connection: Connection, chosen: dict[str, Kind]) -> str:
    digest = hashlib.sha256()
    for name, kind in sorted(chosen.items()):
        digest.update(f"{name}\n".encode())
        for document in _documents(connection, kind):
            if document["status"] not in rules.GONE:
                digest.update(canonical_json(document) + b"\n")
    return digest.hexdigest()


def _documents(connection: Connection, kind: Kind) -> Iterator[Document]:
    """Yield every document of a kind by identifier, in the order of its characters on every database."""
    ids = sorted(connection.execute(select(kind.table.c.id)).scalars())
    for start in range(0, len(ids), _CHUNK):
        some = ids[start : start + _CHUNK]
        found = documents.load_many(connection, kind, some)
        yield from (found[one] for one in some)


def _write_kind(connection: Connection, kind: Kind, archive: zipfile.ZipFile, digest: Any, progress: Progress) -> dict[str, Any]:
    total = connection.execute(select(func.count()).select_from(kind.table)).scalar_one()
    written, live, own = 0, 0, hashlib.sha256()
    with archive.open(_member(f"{kind.name}.jsonl"), "w", force_zip64=True) as out:
        for document in _documents(connection, kind):
            line = canonical_json(document) + b"\n"
            out.write(line)
            own.update(line)
            written += 1
            if document["status"] not in rules.GONE:
                digest.update(line)
                live += 1
            if written % _CHUNK == 0:
                progress(f"writing {kind.name}", written, total)
    return {"documents": written, "live": live, "sha256": own.hexdigest()}


def _member(name: str) -> zipfile.ZipInfo:
    made = zipfile.ZipInfo(name, _WHEN)
    made.compress_type = zipfile.ZIP_DEFLATED
    made.external_attr = 0o600 << 16
    return made


def _read_manifest(archive: zipfile.ZipFile, path: Path) -> dict[str, Any]:
    """Return the manifest of an export, judged before anything else is unpacked."""
    members = {member.filename: member for member in archive.infolist()}
    if MANIFEST not in members or members[MANIFEST].file_size > 2**20:
        raise _damaged(path, "no manifest")
    if sum(member.file_size for member in members.values()) > LARGEST_FILE:
        raise _damaged(path, "it unpacks to more than any register")
    try:
        manifest = dict(json.loads(archive.read(MANIFEST)))
        kinds = {str(name): dict(said) for name, said in manifest["kinds"].items()}
        told = [(said["documents"] + 0, said["sha256"] + "") for said in kinds.values()]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _damaged(path, error) from error
    if manifest.get("format") != FORMAT or len(told) != len(kinds):
        raise WorkbenchError("not an export of a register", got=str(manifest.get("format"))[:40], expected=FORMAT, where=path)
    for name in kinds:
        if name not in _OPEN_KINDS and name not in _PRIVATE_KINDS:
            raise unknown("kind of record", name, {**_OPEN_KINDS, **_PRIVATE_KINDS}, where=str(path))
        if f"{name}.jsonl" not in members:
            raise _damaged(path, f"{name}.jsonl is missing")
    return {**manifest, "kinds": kinds}


def _prove(archive: zipfile.ZipFile, manifest: dict[str, Any]) -> None:
    """Read a whole export once, before anything is written: its bytes, counts and digest are those of the manifest."""
    digest = hashlib.sha256()
    every = {**_OPEN_KINDS, **_PRIVATE_KINDS}
    for name, said in sorted(manifest["kinds"].items()):
        digest.update(f"{name}\n".encode())
        own, count = hashlib.sha256(), 0
        for line in _lines(archive, f"{name}.jsonl"):
            own.update(line)
            count += 1
            if _document(every[name], line)["status"] not in rules.GONE:
                digest.update(line)
        if own.hexdigest() != said["sha256"] or count != said["documents"]:
            raise _damaged(Path(f"{name}.jsonl"), "its lines are not those that were written")
    if digest.hexdigest() != manifest["digest"]:
        raise _damaged(Path(MANIFEST), "the digest of the documents is another")


def _lines(archive: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    with archive.open(name) as stream:
        while line := _line(stream, name):
            yield line


def _line(stream: IO[bytes], name: str) -> bytes:
    line = stream.readline(LONGEST_LINE + 1)
    if len(line) > LONGEST_LINE:
        raise _damaged(Path(name), "a line without end")
    return line


def _damaged(where: Path, got: object) -> WorkbenchError:
    return WorkbenchError("the export is damaged", got=str(got)[:200], where=where, next_step="Have it sent again.")
