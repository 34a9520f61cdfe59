"""A recipe: the steps done to a file, in order, as YAML that a person reads and another file's cleaning replays.

    recipe: 1
    name: contest entries to works
    steps:
    # 1. In "song" trim the ends.
    - op: transform
      columns: [song]
      with: [trim]

Every value in the file is text until its argument says otherwise, so `no`, `007` and `1999-01-01` need no quotes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from ...core.canonical import canonical_json
from ...core.errors import WorkbenchError, unknown
from . import steps as stepping

MAX_BYTES = 50_000_000
_KEYS = ("recipe", "name", "about", "steps")


@dataclass(frozen=True)
class Recipe:
    """Steps in order, each in its one spelling."""

    steps: tuple[dict[str, Any], ...] = ()
    name: str = ""
    about: str = ""
    _texts: dict[int, str] = field(default_factory=dict, compare=False, repr=False)
    """The YAML of each step by identity: a recipe of a thousand steps is written after each of them."""

    @classmethod
    def of(cls, steps: Sequence[stepping.Step], name: str = "", about: str = "") -> Recipe:
        """Make a recipe of steps; raises `WorkbenchError` naming the step that is wrong."""
        clean = []
        for number, step in enumerate(steps, start=1):
            try:
                clean.append(stepping.validated(step))
            except WorkbenchError as error:
                where = f"step {number}" if error.where in {None, "step"} else f"step {number}, {error.where}"
                raise type(error)(
                    error.what, got=error.got, expected=error.expected, where=where, next_step=error.next_step
                ) from None
        return cls(tuple(clean), name, about)

    @classmethod
    def read(cls, path: str | Path) -> Recipe:
        """Read a recipe from a file; raises `WorkbenchError` saying what in it is wrong."""
        file = Path(path).expanduser()
        if not file.is_file():
            raise WorkbenchError("no such recipe", got=file, next_step="Check the name and the folder.")
        if file.stat().st_size > MAX_BYTES:
            raise WorkbenchError("too large for a recipe", got=f"{file.stat().st_size} bytes", expected=f"at most {MAX_BYTES}")
        try:
            return cls.from_yaml(file.read_text(encoding="utf-8"))
        except UnicodeDecodeError as error:
            raise WorkbenchError("not a recipe", got=error, expected="UTF-8", where=file.name) from error
        except WorkbenchError as error:
            where = f"{file.name}, {error.where}" if error.where else file.name
            raise type(error)(
                error.what, got=error.got, expected=error.expected, where=where, next_step=error.next_step
            ) from None

    @classmethod
    def from_yaml(cls, text: str) -> Recipe:
        """Read a recipe from its YAML text; aliases, tags and everything else that is no plain data are refused."""
        try:
            data = yaml.load(text, Loader=_Plain)  # noqa: S506  a loader that makes text, lists and mappings, nothing else
        except (yaml.YAMLError, RecursionError) as error:
            raise WorkbenchError("not a recipe", got=" ".join(str(error).split())[:200], expected="plain YAML") from error
        if not isinstance(data, dict) or "steps" not in data:
            raise WorkbenchError("not a recipe", expected="recipe: 1, and a list of steps")
        if strange := sorted(set(map(str, data)) - set(_KEYS)):
            raise unknown("entry of a recipe", strange[0], _KEYS)
        if data.get("recipe", "1") != "1":
            raise WorkbenchError("a recipe of another version", got=data["recipe"], expected="1")
        listed = data["steps"] or []
        if not isinstance(listed, list):
            raise WorkbenchError("the steps are a list", got=type(listed).__name__)
        return cls.of(listed, str(data.get("name", "")), str(data.get("about", "")))

    @property
    def sentences(self) -> list[str]:
        """What each step does, in words."""
        return [stepping.sentence(step) for step in self.steps]

    def to_yaml(self) -> str:
        """Return the recipe as YAML, each step under its sentence."""
        head: dict[str, str] = {"recipe": "1"}
        head |= {key: text for key, text in (("name", self.name), ("about", self.about)) if text}
        lines = [_dump(head).replace("recipe: '1'", "recipe: 1", 1), "steps:" if self.steps else "steps: []", "\n"]
        for number, step in enumerate(self.steps, start=1):
            if id(step) not in self._texts:
                self._texts[id(step)] = _dump([step])
            sentence = " ".join(stepping.sentence(step).split())
            lines.append(f"# {number}. {sentence}\n{self._texts[id(step)]}")
        return "".join(lines)

    def write(self, path: str | Path) -> Path:
        """Write the recipe to a file, whole or not at all, and return its path."""
        file = Path(path).expanduser()
        file.parent.mkdir(parents=True, exist_ok=True)
        draft = file.with_name(f".{file.name}.draft")
        draft.write_text(self.to_yaml(), encoding="utf-8")
        draft.replace(file)
        return file

    def digest(self) -> str:
        """Return the SHA-256 of the steps, whatever the recipe is called."""
        return hashlib.sha256(canonical_json(list(self.steps))).hexdigest()

    def with_steps(self, steps: Sequence[Mapping[str, Any]]) -> Recipe:
        """Return the recipe with other validated steps."""
        return Recipe(
            tuple(dict(step) if not isinstance(step, dict) else step for step in steps), self.name, self.about, self._texts
        )

    def __len__(self) -> int:
        return len(self.steps)

    def __str__(self) -> str:
        return "\n".join(f"{number}. {sentence}" for number, sentence in enumerate(self.sentences, start=1)) or "no steps yet"


class _Plain(yaml.BaseLoader):
    """Every scalar is text; anchors, which can make a small file enormous, are refused."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("aliases have no place in a recipe")
        return super().compose_node(parent, index)


class _Writer(yaml.SafeDumper):
    """Lists of texts on one line, everything else one below the other; no aliases."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True


def _short_list(dumper: yaml.SafeDumper, data: list[Any]) -> yaml.Node:
    flow = bool(data) and all(isinstance(item, (str, int)) for item in data)
    return dumper.represent_sequence("tag:yaml.org,2002:seq", data, flow_style=flow)


_Writer.add_representer(list, _short_list)


def _dump(data: Any) -> str:
    return yaml.dump(data, Dumper=_Writer, sort_keys=False, allow_unicode=True, width=120, default_flow_style=False)
