"""Named, versioned column layouts: which header is which field, of what type, and how a sender writes numbers and dates.

A layout is a YAML file, in the package's `layouts/` or in a workspace's `rules/layouts/`; nothing about a file is guessed that a
layout can say. A layout never changes once used: a sender's new columns are a new version, `radio-playlist-v2`.

    name: radio-playlist-v1
    purpose: usage
    about: A station's playlist, one line per play.
    fields:
      title: {headers: [song, track title], required: true}
      duration_seconds: {type: duration, headers: [duration, length]}
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml

from ..core.errors import WorkbenchError, unknown
from ..core.identifiers import RULES

PURPOSES = ("usage", "parties", "works", "recordings", "agreements", "performances", "releases")
TYPES = ("text", "amount", "whole", "duration", "date", "instant", "share", "choice", "year", *RULES)
QUARANTINING = {"amount", "share", "whole"}
"""A wrong value of these types takes its line out: money and shares are never half known."""
ENCODINGS = {
    "utf-8", "utf-16", "utf-16-le", "utf-16-be", "cp1250", "cp1251", "cp1252", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257",
    "cp1258", "iso-8859-1", "iso-8859-2", "iso-8859-5", "iso-8859-6", "iso-8859-7", "iso-8859-8", "iso-8859-9", "iso-8859-15",
    "mac-roman", "koi8-r", "koi8-u", "gb18030", "big5", "shift_jis", "euc_jp", "euc_kr", "cp437", "cp850",
}  # fmt: skip
BUILT_IN = Path(__file__).parent / "layouts"
"""Where the program's own layouts are."""
_LAYOUT_KEYS = {
    "name", "purpose", "about", "encoding", "delimiter", "decimal", "timezone", "one_of", "unique", "ignore",
    "sheet", "header_row",
    "short_lines", "lists", "repeat", "gather", "people", "fields",
}  # fmt: skip
_LISTS = ("one_of", "unique", "ignore", "lists", "repeat", "gather")
_FIELD_KEYS = {"type", "headers", "required", "formats", "choices", "note", "example"}


@dataclass(frozen=True, slots=True)
class Field:
    """One column of a layout."""

    name: str
    type: str = "text"
    headers: tuple[str, ...] = ()
    """Accepted header names; the first is what a template prints. The field's own name is accepted too."""
    required: bool = False
    formats: tuple[str, ...] = ()
    """For dates and instants: `iso`, `unix`, or strptime patterns, tried in order."""
    choices: Mapping[str, str] = field(default_factory=dict)
    """For choices: what may stand in the cell (lower case) -> what is kept."""
    note: str = ""
    example: str = ""

    @property
    def header(self) -> str:
        """The header a template prints."""
        return self.headers[0] if self.headers else self.name

    @property
    def quarantines(self) -> bool:
        """Whether a wrong value takes its line out."""
        return self.required or self.type in QUARANTINING


@dataclass(frozen=True, slots=True)
class People:
    """A column with several people in one cell; each becomes a line, read under the headers `person` and `credit`."""

    column: str
    separator: str = ";"
    credit: str = ""
    """What they did; when empty, what stands in brackets after the name: `Amani Mwangi [Music By]`."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How one sender writes one kind of file."""

    name: str
    purpose: str
    fields: tuple[Field, ...]
    about: str = ""
    encoding: str = "utf-8"
    delimiter: str = ","
    decimal: str = "."
    timezone: str = "UTC"
    """Zone of instants written without one."""
    one_of: tuple[str, ...] = ()
    """At least one of these fields must be filled on each line, and at least one of their columns be there."""
    unique: tuple[str, ...] = ()
    """Fields whose values together name a line: a second line with the same values is a finding."""
    ignore: tuple[str, ...] = ()
    """Headers that are known and of no use here."""
    sheet: str = ""
    """Name of the worksheet; the first one when empty."""
    header_row: int = 0
    """Line of the header where titles stand above it; 0: the first line that is filled."""
    short_lines: bool = False
    """Whether a line may have fewer cells than the header: the last ones are then empty."""
    lists: tuple[str, ...] = ()
    """Of JSON: the lists inside an object whose objects become lines of their own; all of them when none is named."""
    repeat: tuple[str, ...] = ()
    """Words of numbered columns that become lines: `Writer` for `Writer 1 Last`, `Writer 2 Last`, which are read as `Writer
    Last`."""
    gather: tuple[str, ...] = ()
    """Words of numbered columns read as one, with semicolons: `Alt Title` for `Alt Title 1`, `Alt Title 2`."""
    people: tuple[People, ...] = ()
    """Columns that hold several people in one cell, each of whom becomes a line."""

    def find(self, header: str) -> Field | None:
        """Return the field a header stands for, whatever its case, spaces and punctuation; None for a strange one."""
        return _by_header(self).get(header_key(header))

    def ignores(self, header: str) -> bool:
        """Tell whether a header is known and of no use."""
        return header_key(header) in {header_key(name) for name in self.ignore}


def header_key(header: str) -> str:
    """Return a header as it is compared.

    >>> header_key(" Played_At "), header_key("Durée (s)")
    ('playedat', 'durées')
    """
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", header).casefold())


@lru_cache(maxsize=64)
def _by_header(layout: Layout) -> dict[str, Field]:
    return {header_key(name): found for found in layout.fields for name in (found.name, *found.headers)}


def find_layout(name: str, folder: Path | None = None) -> Layout:
    """Return a layout by name, from `folder` (a workspace's own) first; raises `NotFound` with the nearest names."""
    for place in _places(folder):
        file = place / f"{name}.yaml"
        if re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name) and file.is_file():
            return _read(file, file.stat().st_mtime_ns)
    raise unknown("layout", name, _names(folder), where=str(folder) if folder else "")


def layouts(folder: Path | None = None, purpose: str = "") -> list[Layout]:
    """Return every known layout, those of one purpose when said, by name."""
    found = [find_layout(name, folder) for name in sorted(_names(folder))]
    return [layout for layout in found if purpose in ("", layout.purpose)]


def _places(folder: Path | None) -> list[Path]:
    return [place for place in (folder, BUILT_IN) if place is not None]


def _names(folder: Path | None) -> set[str]:
    return {file.stem for place in _places(folder) if place.is_dir() for file in place.glob("*.yaml")}


@lru_cache(maxsize=128)
def _read(file: Path, _changed_at: int) -> Layout:
    try:
        data = yaml.load(file.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 safe
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        raise WorkbenchError("this layout cannot be read", got=error, where=file, next_step="Correct the file.") from error
    return parse_layout(data, str(file))


def parse_layout(data: Any, where: str = "") -> Layout:
    """Return the layout that a mapping describes; raises `WorkbenchError` naming the entry that is wrong."""
    if not isinstance(data, dict) or not isinstance(data.get("fields"), dict) or not data["fields"]:
        raise WorkbenchError("not a layout", expected="a mapping with name, purpose and fields", where=where)
    if strange := sorted(set(data) - _LAYOUT_KEYS, key=str):
        raise unknown("entry of a layout", str(strange[0]), _LAYOUT_KEYS, where)
    fields = tuple(_field(str(name), entries or {}, where) for name, entries in data["fields"].items())
    texts = {key: str(data[key]) for key in ("encoding", "delimiter", "decimal", "timezone", "sheet") if key in data}
    lists = {key: tuple(str(item) for item in data[key]) for key in _LISTS if key in data}
    given: dict[str, Any] = {**texts, **lists, "people": tuple(_people(one, where) for one in data.get("people") or ())}
    if not isinstance(data.get("header_row", 0), int):
        raise WorkbenchError("wrong header_row in a layout", got=data["header_row"], expected="a line number", where=where)
    given["header_row"] = int(data.get("header_row", 0))
    given["short_lines"] = bool(data.get("short_lines", False))
    layout = Layout(
        name=str(data.get("name", "")),
        purpose=str(data.get("purpose", "")),
        about=str(data.get("about", "")),
        fields=fields,
        **given,
    )
    _judge(layout, where)
    return layout


def _people(given: Any, where: str) -> People:
    if not isinstance(given, dict) or not given.get("column") or (strange := set(given) - {"column", "separator", "credit"}):
        raise WorkbenchError(
            "not a column of people", got=given, expected="column, and perhaps separator and credit", where=where
        )
    del strange
    return People(**{name: str(value) for name, value in given.items()})


def _field(name: str, given: dict[str, Any], where: str) -> Field:
    if not isinstance(given, dict):
        raise WorkbenchError("not a field of a layout", got=given, expected="a mapping", where=f"{where}, {name}")
    if strange := sorted(set(given) - _FIELD_KEYS, key=str):
        raise unknown("entry of a field", str(strange[0]), _FIELD_KEYS, f"{where}, {name}")
    if odd := [header for header in given.get("headers", ()) if not isinstance(header, str)]:
        raise WorkbenchError(
            "a header is not text", got=odd[0], where=f"{where}, {name}", next_step='Put it in quotes, like "no".'
        )
    kind = str(given.get("type", "text"))
    if kind not in TYPES:
        raise unknown("type of field", kind, TYPES, f"{where}, {name}")
    choices = given.get("choices") or {}
    if isinstance(choices, list):
        choices = {str(choice): str(choice) for choice in choices}
    return Field(
        name=name,
        type=kind,
        headers=tuple(given.get("headers", ())),
        required=bool(given.get("required", False)),
        formats=tuple(str(pattern) for pattern in given.get("formats", ())),
        choices=_Choices((str(key).casefold(), str(value)) for key, value in choices.items()),
        note=str(given.get("note", "")),
        example=str(given.get("example", "")),
    )


class _Choices(dict[str, str]):
    """A mapping that can stand in a frozen, hashable field."""

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(tuple(sorted(self.items())))


def _judge(layout: Layout, where: str) -> None:
    checks = {
        "name": (bool(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*-v[0-9]+", layout.name)), layout.name, "like radio-playlist-v1"),
        "purpose": (layout.purpose in PURPOSES, layout.purpose, ", ".join(PURPOSES)),
        "encoding": (layout.encoding in ENCODINGS, layout.encoding, ", ".join(sorted(ENCODINGS))),
        "delimiter": (layout.delimiter in {",", ";", "\t", "|"}, repr(layout.delimiter), "a comma, semicolon, tab or bar"),
        "decimal": (layout.decimal in {".", ","}, repr(layout.decimal), "a point or a comma"),
    }
    for entry, (good, got, expected) in checks.items():
        if not good:
            raise WorkbenchError(f"wrong {entry} in a layout", got=got, expected=expected, where=where)
    try:
        ZoneInfo(layout.timezone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise WorkbenchError(
            "wrong timezone in a layout", got=layout.timezone, expected="like Africa/Nairobi", where=where
        ) from error
    names = [found.name for found in layout.fields]
    for entry in ("one_of", "unique"):
        if strange := sorted(set(getattr(layout, entry)) - set(names)):
            raise unknown(f"field in {entry}", strange[0], names, where)
    seen: dict[str, str] = {}
    for found in layout.fields:
        for key in {header_key(name) for name in (found.name, *found.headers)}:
            if seen.setdefault(key, found.name) != found.name:
                raise WorkbenchError("one header for two fields", got=key, expected=seen[key], where=f"{where}, {found.name}")
