"""Creation classes: music, films, plays, books, pictures; who may have a part in each, and how the parts add up.

Kept in `data/creation_classes.yaml`, read once. Musical works total 100 % per right over all who own; in a film half of each
right is the director's and half the authors' of the text, so a share of the text cannot grow at the director's cost.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from ..core.errors import WorkbenchError, unknown
from ..core.shares import WHOLE, parse_percent
from .rules import OWNED_RIGHTS, WORK_ROLES

MUSICAL = "musical"
NEEDS = ("creator", "duration", "cues", "language", "published", "number", "series")
"""What a class may want documented."""
_FILE = Path(__file__).parent / "data" / "creation_classes.yaml"
_KEYS = {"code", "title", "roles", "rights", "share_base", "documents"}


@dataclass(frozen=True, slots=True)
class RoleGroup:
    """Roles that share one part of a right among themselves: `part_ppm` of the whole."""

    name: str
    part_ppm: int
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CreationClass:
    """One kind of creation; without `groups` the shares of each right total 100 % over all roles."""

    code: str
    title: str
    roles: tuple[str, ...]
    rights: tuple[str, ...]
    groups: tuple[RoleGroup, ...]
    documents: tuple[str, ...]


def creation_class(code: str) -> CreationClass:
    """Return a class by its code, the musical one for no code; raises `NotFound` with the nearest codes.

    >>> creation_class("film").groups[0].roles
    ('DI',)
    """
    found = creation_classes().get(code or MUSICAL)
    if found is None:
        raise unknown("creation class", code, creation_classes())
    return found


@cache
def creation_classes() -> Mapping[str, CreationClass]:
    """Return every class by its code, in the order of the file."""
    return read(_FILE)


def read(file: Path) -> dict[str, CreationClass]:
    """Return the classes of a file; raises `WorkbenchError` naming the class and what cannot stand."""
    try:
        rows = yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)["classes"]  # noqa: S506  every value stays text
    except (yaml.YAMLError, KeyError, TypeError) as error:
        raise WorkbenchError("the creation classes cannot be read", got=error, where=file.name) from error
    found = {}
    for row in rows:
        made = _read_one(row)
        if made.code in found:
            raise WorkbenchError("a creation class twice", got=made.code, where=file.name)
        found[made.code] = made
    return found


def _read_one(row: Mapping[str, Any]) -> CreationClass:
    where = f"creation class {row.get('code', '?')}"
    if set(row) != _KEYS:
        raise WorkbenchError("keys differ", got=sorted(row), expected=sorted(_KEYS), where=where)
    _known("role", row["roles"], WORK_ROLES, where)
    _known("right", row["rights"], OWNED_RIGHTS, where)
    _known("document", row["documents"], NEEDS, where)
    groups: tuple[RoleGroup, ...] = ()
    if row["share_base"] != "whole":
        groups = tuple(
            RoleGroup(name, parse_percent(one["percent"]), tuple(one["roles"])) for name, one in row["share_base"].items()
        )
        _known("role", (role for group in groups for role in group.roles), row["roles"], where)
        if sum(group.part_ppm for group in groups) != WHOLE:
            raise WorkbenchError("the groups do not total 100 %", got=sum(group.part_ppm for group in groups), where=where)
    return CreationClass(row["code"], row["title"], tuple(row["roles"]), tuple(row["rights"]), groups, tuple(row["documents"]))


def _known(what: str, given: Any, known: Any, where: str) -> None:
    for one in given:
        if one not in known:
            raise unknown(what, one, known, where=where)
