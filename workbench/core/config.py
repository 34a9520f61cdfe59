"""A workspace is a folder: its `workbench.toml`, its book, and the rooms where files come in and go out.

workbench.toml   who the society is, and where its book lies
book.sqlite      the book, unless `[book] url` names a PostgreSQL database
inbox/ outbox/   files received, files to send
runs/            one folder per distribution run: inputs, rules, results, statements
documents/       papers kept with records, each under its digest
cleaning/        tables on the cleaning bench, with their recipes
index/           the search index, made anew from the book when it is missing
backups/ logs/
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from .errors import WorkbenchError
from .money import Money

ROOMS = ("inbox", "outbox", "runs", "backups", "logs", "rules")
SETTINGS_FILE = "workbench.toml"
_CODE = re.compile(r"[A-Z][A-Z0-9]{1,11}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Config:
    """What one society's workspace says of itself."""

    folder: Path
    code: str
    """Issuer code in every identifier this instance makes, like `TALA` in `TALA-W-000017`."""
    name: str
    society: str
    """CISAC society code, three digits; empty while the society has none."""
    currency: str
    territory: str
    """TIS numeric code of the territory the society works in."""
    book_url: str
    central_url: str = ""

    @property
    def inbox(self) -> Path:
        return self.folder / "inbox"

    @property
    def outbox(self) -> Path:
        return self.folder / "outbox"

    @property
    def runs(self) -> Path:
        return self.folder / "runs"

    @property
    def backups(self) -> Path:
        return self.folder / "backups"

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    @property
    def rules(self) -> Path:
        return self.folder / "rules"


def create_workspace(
    folder: Path,
    *,
    code: str,
    name: str,
    currency: str,
    society: str = "",
    territory: str = "2136",
    book_url: str = "",
    central_url: str = "",
) -> Config:
    """Write a new workspace and return its configuration; raises `WorkbenchError` where one exists already."""
    file = folder / SETTINGS_FILE
    if file.exists():
        raise WorkbenchError("a workspace exists here already", got=folder, next_step="Open it, or choose another folder.")
    if not _CODE.fullmatch(code):
        raise WorkbenchError("not an instance code", got=repr(code), expected="2 to 12 capital letters or digits, a letter first")
    Money(currency, 0)
    for room in ROOMS:
        (folder / room).mkdir(parents=True, exist_ok=True)
    lines = [
        "[society]",
        *(
            f"{key} = {_quoted(value)}"
            for key, value in {
                "code": code,
                "name": name,
                "society": society,
                "currency": currency,
                "territory": territory,
            }.items()
        ),
    ]
    lines += ["", "[book]", f"url = {_quoted(book_url)}", "", "[central]", f"url = {_quoted(central_url)}", ""]
    file.write_text("\n".join(lines), encoding="utf-8")
    return read_config(folder)


def read_config(folder: Path) -> Config:
    """Return the configuration of the workspace in `folder`; raises `WorkbenchError` naming what is missing."""
    folder = folder.expanduser().resolve()
    file = folder / SETTINGS_FILE
    if not file.is_file():
        raise WorkbenchError(
            "no workspace here",
            got=folder,
            expected=f"a folder with {SETTINGS_FILE}",
            next_step="Make one with: workbench new FOLDER, or a demonstration with: workbench demo FOLDER.",
        )
    try:
        data = tomllib.loads(file.read_text(encoding="utf-8"))
        society = data["society"]
        return Config(
            folder=folder,
            code=society["code"],
            name=society["name"],
            society=society.get("society", ""),
            currency=society["currency"],
            territory=society.get("territory", "2136"),
            book_url=data.get("book", {}).get("url") or f"sqlite:///{folder / 'book.sqlite'}",
            central_url=data.get("central", {}).get("url", ""),
        )
    except (tomllib.TOMLDecodeError, KeyError) as error:
        raise WorkbenchError(f"{SETTINGS_FILE} cannot be read", got=error, where=file, next_step="Correct the file.") from error


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
