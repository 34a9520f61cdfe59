"""The files behind attachments: kept once under the digest of what is in them, in the workspace's `documents/`.

    documents/3f/3f79bb7b435b05321651daefd374cdc681dc06faa65e374e38337b88ca046dea

What a file is follows from its first bytes, never from its name. Only papers are taken in: nothing that a computer would run.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import secrets
import unicodedata
import zipfile
from dataclasses import dataclass
from pathlib import Path

from ..core.errors import WorkbenchError

FOLDER = "documents"
LARGEST = 50 * 2**20
"""Bytes of one paper."""
_BEGINNINGS: tuple[tuple[bytes, str], ...] = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
)
_OFFICE = {
    "word/document.xml": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xl/workbook.xml": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_MARKUP = re.compile(rb"\s*<(!doctype\s+html|html|script|svg|\?xml[^>]*>\s*<(html|svg|!doctype))", re.IGNORECASE)
_UNPRINTABLE = re.compile(rb"[\x00-\x08\x0e-\x1f\x7f]")
_PROGRAMS = frozenset(
    (".exe", ".com", ".bat", ".cmd", ".scr", ".pif", ".msi", ".ps1", ".vbs", ".vbe", ".js", ".jse", ".wsf", ".hta", ".lnk",
     ".jar", ".sh", ".py", ".dll", ".so", ".app", ".reg", ".html", ".htm", ".svg", ".docm", ".xlsm")
)  # fmt: skip
"""Endings that make a desktop run a file, whatever is in it."""


@dataclass(frozen=True, slots=True)
class Paper:
    """A file taken in: its digest, size in bytes, media type, and the name it came with."""

    sha256: str
    size_bytes: int
    media_type: str
    file_name: str


def keep(workspace: Path, file: Path) -> Paper:
    """Take a file into the workspace's `documents/` and return what it is; the same file twice is kept once.

    It is on the disk when this returns. Raises `WorkbenchError` for one that is not there, empty, too large, or not a paper.
    """
    name = clean_name(file.name)
    try:
        with file.open("rb") as source:
            content = source.read(LARGEST + 1)
    except OSError as error:
        raise WorkbenchError(
            "this file cannot be read", got=file, next_step="Check its name and whether you may read it."
        ) from error
    if not content:
        raise WorkbenchError("this file is empty", got=name)
    if len(content) > LARGEST:
        raise WorkbenchError(
            "this file is too large", got=f"more than {LARGEST >> 20} MB", expected=f"{LARGEST >> 20} MB at most"
        )
    paper = Paper(hashlib.sha256(content).hexdigest(), len(content), media_type(content, name), name)
    target = place(workspace, paper.sha256)
    if not _is_whole(target, paper.sha256):
        _write(target, content)
    return paper


def read(workspace: Path, sha256: str) -> bytes:
    """Return a paper's content; raises `WorkbenchError` when the file is missing, or is not what it was."""
    try:
        content = place(workspace, sha256).read_bytes()
    except OSError as error:
        raise _lost("is missing", sha256) from error
    if hashlib.sha256(content).hexdigest() != sha256:
        raise _lost("is damaged", sha256)
    return content


def place(workspace: Path, sha256: str) -> Path:
    """Return where a paper lies; raises `WorkbenchError` for what is not a digest (it would lead out of the folder)."""
    if not re.fullmatch(r"[0-9a-f]{64}", sha256, re.ASCII):
        raise WorkbenchError("not a digest", got=repr(sha256)[:80], expected="64 hexadecimal digits")
    return workspace / FOLDER / sha256[:2] / sha256


def media_type(content: bytes, name: str = "") -> str:
    """Return what a file is by its content; raises `WorkbenchError` for what is not a paper: a program, a page, an archive.

    >>> media_type(b"%PDF-1.7 ..."), media_type("Décision du conseil".encode())
    ('application/pdf', 'text/plain')
    """
    for beginning, kind in _BEGINNINGS:
        if content.startswith(beginning):
            return kind
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    if content.startswith(b"PK\x03\x04"):
        return _office(content, name)
    if content.startswith(b"#!") or _MARKUP.match(content[:1_000]) or _UNPRINTABLE.search(content):
        raise _no_paper(name)
    try:
        content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _no_paper(name) from None
    return "text/plain"


def clean_name(name: str) -> str:
    """Return a file's name as it may be shown and given out; raises `WorkbenchError` for one made to deceive.

    >>> clean_name("contrat signé.pdf")
    'contrat signé.pdf'
    """
    name = unicodedata.normalize("NFC", name)
    hidden = any(unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Co", "Cn") for letter in name)
    if hidden or re.search(r'[/\\:*?"<>|]', name) or name.startswith(".") or not 0 < len(name) <= 200 or name != name.strip():
        got = "".join(letter if letter.isprintable() else "�" for letter in name)[:80]
        raise WorkbenchError("this file's name is not taken", got=got, next_step="Give it a plain name, like contract-2025.pdf.")
    if Path(name).suffix.lower() in _PROGRAMS:
        raise WorkbenchError("a program is not a paper", got=name[:80], expected="PDF, image, office document or plain text")
    return name


def _office(content: bytes, name: str) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            inside = set(archive.namelist())
            if "mimetype" in inside and archive.getinfo("mimetype").file_size < 100:
                said = archive.read("mimetype").decode("ascii", "replace").strip()
                if said.startswith("application/vnd.oasis.opendocument.") and not any(one.startswith("Basic/") for one in inside):
                    return said
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, KeyError):
        raise _no_paper(name) from None
    if any(one.endswith("vbaProject.bin") for one in inside):
        raise WorkbenchError("this document holds a program (macros)", got=name, next_step="Save it as PDF.")
    for part, kind in _OFFICE.items():
        if part in inside:
            return kind
    raise _no_paper(name)


def _write(target: Path, content: bytes) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f".{secrets.token_hex(8)}")
    try:
        with beside.open("xb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        beside.replace(target)
        for folder in (target.parent, target.parent.parent, target.parent.parent.parent):
            handle = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
    finally:
        beside.unlink(missing_ok=True)


def _is_whole(target: Path, sha256: str) -> bool:
    try:
        return hashlib.sha256(target.read_bytes()).hexdigest() == sha256
    except OSError:
        return False


def _no_paper(name: str) -> WorkbenchError:
    expected = "PDF, image, office document or plain text"
    return WorkbenchError("this is not a paper", got=name or "unknown content", expected=expected, next_step="Save it as PDF.")


def _lost(how: str, sha256: str) -> WorkbenchError:
    return WorkbenchError(f"this paper {how}", got=sha256[:12], next_step="Attach it again, or take it from a backup.")
