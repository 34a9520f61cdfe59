"""A record's fields as a form shows and takes them: percents for shares, minutes for durations, names for references."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Table

from ..core.documents import Document, Kind
from ..core.errors import WorkbenchError
from ..core.shares import format_percent, parse_percent
from .register_words import codes, field_name

SPARE_ROWS = 2
"""Empty rows at the end of each part of a form."""
_CLOCK = re.compile(r"(?:(\d{1,2}):)?(\d{1,3}):([0-5]\d)", re.ASCII)

Resolve = Callable[[str, str], str]
"""Gives the id of a record of a table from what a person typed: an id, a number or a name."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field: what it is called in the book and on the page, how it is shown, and what it points to."""

    name: str
    label: str
    shown_as: str
    """text, day, percent, duration, whole, flag or reference"""
    codes: Mapping[str, str]
    refers_to: str = ""


def fields_of(kind: Kind, part: str = "") -> list[Field]:
    """Return the fields of a record, or of one part's rows, in the book's order."""
    table = kind.parts[part] if part else kind.table
    names = kind.part_fields(part) if part else kind.fields
    return [_field(table, kind.name, part, name) for name in names]


def written(field: Field, value: object) -> str:
    """Return a value as a form shows it; empty when nothing is known."""
    if value is None or value == "":
        return ""
    if field.shown_as == "percent":
        return format_percent(int(str(value))) if value else ""
    if field.shown_as == "duration":
        minutes, seconds = divmod(int(str(value)), 60)
        return f"{minutes}:{seconds:02d}"
    if field.shown_as in ("whole", "flag"):
        return str(value) if value else ""
    return str(value)


def said(field: Field, value: object, names: Mapping[str, str]) -> str:
    """Return a value for reading: codes in words, references by name, shares with their sign."""
    text = written(field, value)
    if not text:
        return ""
    if field.refers_to:
        return names.get(text, text)
    if field.shown_as == "percent":
        return f"{text} %"
    return "yes" if field.shown_as == "flag" else field.codes.get(text, text)


def taken(field: Field, text: str, resolve: Resolve) -> Any:
    """Return the value a person typed into a field; raises `WorkbenchError` naming the field."""
    text = text.strip()
    try:
        if field.refers_to:
            return resolve(field.refers_to, text) if text else None
        if field.shown_as == "percent":
            return parse_percent(text) if text else 0
        if field.shown_as == "duration":
            return _seconds(text) if text else None
        if field.shown_as in ("whole", "flag"):
            return _whole(text) if text else 0
    except WorkbenchError as error:
        raise WorkbenchError(
            f"{field.label}: {error.what}", got=error.got, expected=error.expected, next_step=error.next_step
        ) from error
    return text


def document_of(kind: Kind, before: Document | None, values: Mapping[str, str], resolve: Resolve) -> Document:
    """Return the whole document a form says, on top of the one it was made from.

    Names of values are `field`, or `part.row.field`, rows from 0; a row left empty is taken out, a part that the form does not
    have stays as it was. Raises `WorkbenchError` naming the field and, in a part, the row.
    """
    document: Document = {**(before or {})}
    for field in fields_of(kind):
        if field.name in values:
            document[field.name] = taken(field, values[field.name], resolve)
    for part in kind.parts:
        rows = _rows(values, part)
        if rows is not None:
            document[part] = [row for number, one in enumerate(rows, 1) if (row := _row(kind, part, number, one, resolve))]
    return document


def references(kind: Kind, document: Document) -> Iterable[tuple[str, str]]:
    """Yield (table, id) for everything a record points to."""
    for part in ("", *kind.parts):
        pointing = [field for field in fields_of(kind, part) if field.refers_to]
        for row in document.get(part) or [] if part else (document,):
            for field in pointing:
                if row.get(field.name):
                    yield field.refers_to, row[field.name]


def _field(table: Table, kind: str, part: str, name: str) -> Field:
    column = table.columns[name]
    refers_to = next((key.column.table.name for key in column.foreign_keys), "")
    if refers_to:
        shown_as = "reference"
    elif name.endswith("_ppm"):
        shown_as = "percent"
    elif name.endswith("_seconds"):
        shown_as = "duration"
    elif name == "public_domain":
        shown_as = "flag"
    elif name.endswith("_on"):
        shown_as = "day"
    else:
        shown_as = "text" if column.type.python_type is str else "whole"
    return Field(name, field_name(name), shown_as, codes(kind, part, name), refers_to)


def _rows(values: Mapping[str, str], part: str) -> list[dict[str, str]] | None:
    found: dict[int, dict[str, str]] = {}
    for key, text in values.items():
        pieces = key.split(".")
        if len(pieces) == 3 and pieces[0] == part and pieces[1].isdigit():
            found.setdefault(int(pieces[1]), {})[pieces[2]] = text
    return [found[number] for number in sorted(found)] if found else None


def _row(kind: Kind, part: str, number: int, given: Mapping[str, str], resolve: Resolve) -> dict[str, Any] | None:
    typed = {name: text for name, text in given.items() if text.strip()}
    fields = {field.name: field for field in fields_of(kind, part)}
    if not any(not fields[name].codes for name in typed if name in fields):
        return None  # a choice alone, which a list always makes, says nothing
    try:
        return {name: taken(field, given.get(name, ""), resolve) for name, field in fields.items()}
    except WorkbenchError as error:
        raise WorkbenchError(
            f"{field_name(part)}, row {number}: {error.what}",
            got=error.got,
            expected=error.expected,
            next_step=error.next_step,
        ) from error


def _seconds(text: str) -> int:
    if text.isascii() and text.isdigit() and len(text) <= 6:
        return int(text)
    match = _CLOCK.fullmatch(text)
    if match is None:
        raise WorkbenchError("not a duration", got=repr(text[:20]), expected="minutes and seconds, like 3:05")
    return int(match[1] or 0) * 3600 + int(match[2]) * 60 + int(match[3])


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise WorkbenchError("not a whole number", got=repr(text[:20]), expected="digits")
    return int(text)
