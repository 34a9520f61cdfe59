"""The workspace's part of a backup: runs, papers, recipes, rule books and the society's settings are files, not in the book.

In the zip they are `workspace/runs/...`, `workspace/cleaning/...`, `workspace/documents/...` and `workspace/rules/...`, each with
its size and SHA-256 in the manifest, and `settings` there. Left out: the book's address (a restored book has its own), and
secrets such as the key to the central instance, because a backup travels.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

from .config import SETTINGS_FILE, Config, create_workspace
from .errors import WorkbenchError
from .office import Progress, silent

KEPT = ("cleaning", "documents", "rules", "runs")
"""Rooms whose files the book relies on."""
MEMBER = "workspace/"
SETTINGS = ("code", "name", "society", "currency", "territory", "central_url")
_PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class Workspace:
    """What a backup holds besides the book: settings, and files by path below the workspace (size, SHA-256)."""

    settings: Mapping[str, str]
    files: Mapping[str, tuple[int, str]]

    def as_told(self) -> dict[str, Any]:
        """Return the manifest's account of it."""
        files = {path: {"bytes": size, "sha256": sha} for path, (size, sha) in self.files.items()}
        return {"settings": dict(self.settings), "files": files}

    @property
    def members(self) -> set[str]:
        """Names in the zip."""
        return {MEMBER + path for path in self.files}


NOTHING = Workspace({}, {})


def put(archive: zipfile.ZipFile, config: Config, progress: Progress = silent) -> Workspace:
    """Write the workspace's files into an open backup and return what was written.

    Call it after the book was read: a run's folder gets its name before its transaction ends, so no run of the book is missed.
    Folders and files whose name begins with a dot are somebody's unfinished work and left out.
    """
    settings = {name: str(getattr(config, name)) for name in SETTINGS}
    found = sorted(_files(config.folder))
    files: dict[str, tuple[int, str]] = {}
    for number, path in enumerate(found):
        progress("backup files", number, len(found))
        with (config.folder / path).open("rb") as source, archive.open(MEMBER + path, "w", force_zip64=True) as member:
            files[path] = _copy(source, member)
    progress("backup files", len(found), len(found))
    return Workspace(settings, files)


def told(manifest: Mapping[str, Any]) -> Workspace:
    """Return what a manifest says of the workspace; raises `ValueError` for a path that no backup would have."""
    part = manifest["workspace"]
    files = {str(path): (int(facts["bytes"]), str(facts["sha256"])) for path, facts in part["files"].items()}
    for path in files:
        pure = PurePosixPath(path)
        inside = pure.parts[:1] and pure.parts[0] in KEPT and len(pure.parts) > 1 and ".." not in pure.parts
        if not inside or str(pure) != path or "\\" in path or "\0" in path:
            raise ValueError(f"a file outside the workspace: {path[:100]}")
    return Workspace({str(name): str(value) for name, value in part["settings"].items()}, files)


def verify(archive: zipfile.ZipFile, workspace: Workspace, name: str) -> None:
    """Read every file of the workspace in a backup; raises `WorkbenchError` naming the first that is not as the manifest says."""
    for path in sorted(workspace.files):
        for _ in _pieces(archive, workspace, path, name):
            pass


@contextmanager
def put_back(file: Path, workspace: Workspace, folder: Path, progress: Progress = silent) -> Iterator[None]:
    """Write a backup's files beside their rooms in `folder`, and move them in when the block ends well, or else away.

    Raises `WorkbenchError` when a workspace, or files in its rooms, are there already: a restore overwrites nothing.
    """
    _require_room(folder)
    staged = folder / f".restoring-{secrets.token_hex(4)}"
    try:
        with zipfile.ZipFile(file) as archive:
            for number, path in enumerate(sorted(workspace.files)):
                progress("restore files", number, len(workspace.files))
                target = staged / path
                target.parent.mkdir(parents=True, exist_ok=True)
                with target.open("xb") as out:
                    out.writelines(_pieces(archive, workspace, path, file.name))
                    out.flush()
                    os.fsync(out.fileno())
        progress("restore files", len(workspace.files), len(workspace.files))
        yield
        for room in staged.iterdir() if staged.exists() else ():
            if (folder / room.name).exists():
                (folder / room.name).rmdir()
            room.rename(folder / room.name)
    finally:
        shutil.rmtree(staged, ignore_errors=True)


def make(workspace: Workspace, folder: Path, *, code: str, currency: str, book_url: str) -> Config:
    """Write the settings of a restored workspace whose book lies at `book_url` (empty: the file in the folder); return them.

    A backup of a bare book has no settings: then the society is called by its code.
    """
    given = {"name": code, **{name: value for name, value in workspace.settings.items() if name in SETTINGS}}
    return create_workspace(folder, **{**given, "code": code, "currency": currency, "book_url": book_url})


def _require_room(folder: Path) -> None:
    if (folder / SETTINGS_FILE).exists():
        raise WorkbenchError("a workspace exists here already", got=folder, next_step="Restore into another folder.")
    for room in KEPT:
        if (folder / room).exists() and (not (folder / room).is_dir() or any((folder / room).iterdir())):
            raise WorkbenchError("files are here already", got=folder / room, next_step="Restore into an empty folder.")


def _files(folder: Path) -> Iterator[str]:
    for room in KEPT:
        for file in (folder / room).rglob("*"):
            path = file.relative_to(folder)
            if file.is_file() and not file.is_symlink() and not any(part.startswith(".") for part in path.parts):
                yield path.as_posix()


def _copy(source: IO[bytes], out: IO[bytes]) -> tuple[int, str]:
    sha, size = hashlib.sha256(), 0
    while piece := source.read(_PIECE):
        out.write(piece)
        sha.update(piece)
        size += len(piece)
    return size, sha.hexdigest()


def _pieces(archive: zipfile.ZipFile, workspace: Workspace, path: str, name: str) -> Iterator[bytes]:
    expected, sha, size = workspace.files[path], hashlib.sha256(), 0
    try:
        with archive.open(MEMBER + path) as member:
            while piece := member.read(_PIECE):
                sha.update(piece)
                size += len(piece)
                yield piece
                if size > expected[0]:
                    break
    except (zipfile.BadZipFile, zlib.error, EOFError, KeyError) as error:
        raise _damaged(path, str(error), name) from error
    if (size, sha.hexdigest()) != expected:
        raise _damaged(path, f"{size} bytes, sha256 {sha.hexdigest()}", name)


def _damaged(path: str, got: str, name: str) -> WorkbenchError:
    return WorkbenchError(
        f"this backup cannot be trusted: file {path} is damaged",
        got=got or None,
        where=name,
        next_step="Use another backup; nothing was restored.",
    )
