"""What it takes to tell a clerk's story to a workbench: the steps, the names in it, and the plain values turned into documents.

A step is one verb with what is given to it. A verb is a function `(wb, names, given)` in a `VERBS` dict of a module in `verbs/`:
it does something, or says with `expect_same` what it found and what the story says. A verb that returns a workbench hands the
story on to it (somebody else sits down at the desk).
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

import yaml
from sqlalchemy import Text

from tests.stories import verbs as folder_of_verbs
from workbench.api import KINDS, Workbench
from workbench.core.documents import Document, Kind
from workbench.core.errors import WorkbenchError, nearest
from workbench.core.shares import parse_percent

Verb = Callable[[Workbench, "Names", Any], Workbench | None]
MIX_UP = "the story says it wrong"


class Unexpected(AssertionError):
    """The book says something else than the story."""

    def __init__(self, got: object, expected: object) -> None:
        self.got, self.expected = got, expected
        super().__init__(f"got {got!r}, expected {expected!r}")


class Names(dict[str, str]):
    """The identifiers behind the names of a story; a name nobody introduced is answered with the nearest."""

    def __missing__(self, name: str) -> str:
        like = nearest(name, self)
        raise WorkbenchError(
            f"{MIX_UP}: nobody and nothing is called so yet", got=name, next_step=f"Did you mean {like[0]}?" if like else ""
        )

    def told(self, text: str) -> str:
        """Return a text with every identifier in it replaced by its name in the story."""
        for name, entity_id in sorted(self.items(), key=lambda pair: -len(pair[1])):
            text = text.replace(entity_id, name)
        return text


def expect_same(got: object, expected: object) -> None:
    """Raise `Unexpected` with both when what was found is not what the story says."""
    if got != expected:
        raise Unexpected(got, expected)


def all_verbs() -> dict[str, Verb]:
    """Return every verb of `verbs/*.py`; two modules may not mean different things by one verb."""
    found: dict[str, Verb] = {}
    for module in sorted(one.name for one in pkgutil.iter_modules(folder_of_verbs.__path__)):
        for name, verb in importlib.import_module(f"{folder_of_verbs.__name__}.{module}").VERBS.items():
            assert name not in found, f"the verb {name!r} is defined twice, the second time in verbs/{module}.py"
            found[name] = verb
    return found


def perform(wb: Workbench, names: Names, step: Mapping[str, Any]) -> Workbench:
    """Do one step and return the workbench that the next one is told to."""
    if len(step) != 1:
        raise WorkbenchError(f"{MIX_UP}: a step is one verb", got=", ".join(step) or "nothing")
    ((verb, given),) = step.items()
    known = all_verbs()
    if verb not in known:
        like = nearest(verb, known)
        raise WorkbenchError(
            f"{MIX_UP}: no such verb",
            got=verb,
            next_step=f"Did you mean {' or '.join(repr(one) for one in like)}?"
            if like
            else f"Known: {', '.join(sorted(known))}.",
        )
    return known[verb](wb, names, given) or wb


def tell(wb: Workbench, steps: list[dict[str, Any]]) -> Names:
    """Tell a story step by step; raises `AssertionError` naming the step that went otherwise, with what was got and expected."""
    names = Names()
    for number, step in enumerate(steps, start=1):
        try:
            wb = perform(wb, names, step)
        except Unexpected as error:
            lines = [f"got:      {names.told(str(error.got))}", f"expected: {names.told(str(error.expected))}"]
            raise AssertionError(_went_otherwise(number, step, lines)) from error
        except WorkbenchError as error:
            lines = [f"got:      a refusal: {names.told(str(error))}", "expected: that it goes through"]
            raise AssertionError(_went_otherwise(number, step, lines)) from error
    return names


def _went_otherwise(number: int, step: Mapping[str, Any], lines: list[str]) -> str:
    sentence = yaml.safe_dump(dict(step), allow_unicode=True, sort_keys=False).strip().replace("\n", "\n    ")
    return "\n".join([f"step {number}:", f"    {sentence}", *lines])


def kind_of(entity_id: str) -> Kind:
    """Return the kind of an identifier like `TALE-W-000003`."""
    letter = entity_id.split("-")[1]
    return next(kind for kind in KINDS if kind.letter == letter)


def desk_of(wb: Workbench, kind: Kind) -> Any:
    """Return the desk that keeps a kind: `wb.works` for a work."""
    found = {"party": "parties"}.get(kind.name, f"{kind.name}s")
    return getattr(wb, found)


def plain_document(kind: Kind, names: Names, given: Mapping[str, Any]) -> Document:
    """Return a story's texts as (part of) a document: names become identifiers, `50 %` a share, and numbers numbers."""
    return {field: _part(kind, names, field, value) for field, value in given.items()}


def _part(kind: Kind, names: Names, field: str, value: Any) -> Any:
    if field in kind.parts:
        return [{name: _value(kind.parts[field], names, name, text) for name, text in row.items()} for row in value]
    return _value(kind.table, names, field, value)


def _value(table: Any, names: Names, field: str, text: str) -> Any:
    if field not in table.columns:
        like = nearest(field, table.columns.keys())
        step = f"Did you mean {like[0]}?" if like else f"Known: {', '.join(table.columns.keys())}."
        raise WorkbenchError(f"{MIX_UP}: {table.name} has no such field", got=field, next_step=step)
    column = table.columns[field]
    if column.foreign_keys:
        return names[text] if text else None
    if isinstance(column.type, Text):
        return text
    return parse_percent(text) if "%" in text or field.endswith("_ppm") else (int(text) if text else None)


def as_told(kind: Kind, names: Names, field: str, value: Any) -> Any:
    """Return a stored value the way a story writes it: the reverse of `plain_document`, for comparing."""
    told = {entity_id: name for name, entity_id in names.items()}
    if isinstance(value, tuple):
        rows = [{one.name: getattr(row, one.name) for one in fields(row)} for row in value]
        table = kind.parts[field]
        return [
            {name: told.get(str(one), one) if table.columns[name].foreign_keys else one for name, one in row.items() if one}
            for row in rows
        ]
    return told.get(value, value) if isinstance(value, str) else value
