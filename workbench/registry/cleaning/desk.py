"""The desk where files and register tables are cleaned: `wb.cleaning`.

A project is a folder `WORKSPACE/cleaning/NAME/` with `project.yaml` (what was opened, how it was read, its SHA-256), the file
itself under `source/`, and `recipe.yaml`. Nothing else is needed to get the same table again. It begins with the first step.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from ...core.errors import WorkbenchError, unknown
from ...core.office import Office, Progress, silent
from ...formats.cells import reader
from ...formats.sheets import Layout, find_layout
from . import register, source
from .bench import Bench
from .filters import Faults, no_rules
from .reading import fault
from .recipe import Recipe

RECIPE, PROJECT, FILES = "recipe.yaml", "project.yaml", "source"


class Cleaning:
    """Tables on the bench: files before they are taken in, and documents of the register."""

    def __init__(self, office: Office) -> None:
        self.office = office

    @property
    def folder(self) -> Path:
        """Where the projects are."""
        return self.office.config.folder / "cleaning"

    def open(
        self,
        file: str | Path,
        *,
        layout: str = "",
        encoding: str = "",
        delimiter: str = "",
        sheet: str = "",
        name: str = "",
        keep: bool = True,
        progress: Progress = silent,
    ) -> Bench:
        """Put a CSV (plain or gzip), XLSX or JSON file on the bench, every cell as text; odd lines are kept and marked.

        With a `layout`, a cell that the layout could not read is in the error facet. The project is called `name`, or as the
        file; with `keep=False` none is made. Raises `WorkbenchError` for a file that cannot be read as a whole.
        """
        known = self._layout(layout) if layout else None
        if known is not None:
            encoding, delimiter, sheet = encoding or known.encoding, delimiter or known.delimiter, sheet or known.sheet
        read = source.read(
            file,
            encoding=encoding,
            delimiter=delimiter,
            sheet=sheet,
            header_row=known.header_row if known else 0,
            progress=progress,
        )
        path = Path(file).expanduser().resolve()
        facts = {
            "kind": "file", "name": read.file_name, "sha256": read.sha256, "layout": layout,
            "encoding": read.encoding, "delimiter": read.delimiter, "sheet": read.sheet,
        }  # fmt: skip
        return Bench(
            read.table,
            name=self._free(name or _plain_name(read.file_name)) if keep else name or _plain_name(read.file_name),
            source=facts,
            findings=read.findings,
            faults=_layout_faults(known) if known else no_rules,
            keep=(lambda bench: self._write(bench, path)) if keep else None,
        )

    def open_register(
        self,
        kind: str,
        ids: Sequence[str] | None = None,
        fields: Sequence[str] | None = None,
        *,
        name: str = "",
        keep: bool = True,
    ) -> Bench:
        """Put documents of the register on the bench, one per row: parties, works, recordings and so on, under their ids.

        `fields` are the document's own fields, or one of a part by its place like `names.1.name`; all plain fields when left out.
        `bench.save(why=...)` writes the edited fields back in one change set: a document that somebody changed meanwhile, or that
        cannot be as edited, is refused and listed with the reason, and all others are saved.
        """
        opened = register.open_documents(self.office, kind, ids, fields)
        facts = {
            "kind": opened.kind,
            "name": opened.kind,
            "sha256": "",
            "fields": ",".join(opened.fields),
            "ids": ",".join(ids or ()),
        }
        return Bench(
            opened.table,
            name=self._free(name or kind) if keep else name or kind,
            source=facts,
            keep=(lambda bench: self._write(bench, None)) if keep else None,
            save=opened.save,
        )

    def projects(self) -> pd.DataFrame:
        """Return one row per project: name, source, sha256, steps."""
        rows = []
        for folder in sorted(self.folder.iterdir()) if self.folder.is_dir() else []:
            if (folder / PROJECT).is_file():
                facts = _facts(folder)
                steps = len(Recipe.read(folder / RECIPE)) if (folder / RECIPE).is_file() else 0
                rows.append((folder.name, facts.get("name", ""), facts.get("sha256", ""), steps))
        return pd.DataFrame(rows, columns=["name", "source", "sha256", "steps"])

    def resume(self, name: str, *, progress: Progress = silent) -> Bench:
        """Return a project's bench as it was left; raises `WorkbenchError` when its file is not the one it was made from."""
        folder = self.folder / name
        if not _is_name(name) or not (folder / PROJECT).is_file():
            raise unknown("cleaning project", name, self.projects()["name"], where=str(self.folder))
        facts = _facts(folder)
        if facts.get("kind", "file") == "file":
            file = folder / FILES / Path(facts["name"]).name
            bench = self.open(
                file, layout=facts.get("layout", ""), encoding=facts.get("encoding", ""),
                delimiter=facts.get("delimiter", ""), sheet=facts.get("sheet", ""), name=name, keep=False, progress=progress,
            )  # fmt: skip
            if bench.source["sha256"] != facts["sha256"]:
                raise WorkbenchError(
                    "the file of this project is not the one it was made from",
                    got=bench.source["sha256"][:12], expected=facts["sha256"][:12], where=file,
                    next_step="Put the right file back, or open the new one and replay the recipe.",
                )  # fmt: skip
            bench._keep = lambda one: self._write(one, file)
        else:
            ids = [one for one in facts.get("ids", "").split(",") if one]
            bench = self.open_register(facts["kind"], ids or None, facts["fields"].split(","), name=name, keep=False)
            bench._keep = lambda one: self._write(one, None)
        if (folder / RECIPE).is_file():
            bench.replay(Recipe.read(folder / RECIPE), progress)
        return bench

    def recipe(self, file: str | Path) -> Recipe:
        """Read a recipe; a file that is not named from the root is named from the society's folder."""
        return Recipe.read(self.office.config.folder / Path(file).expanduser())

    def faults(self, bench: Bench, *, layout: str = "") -> pd.DataFrame:
        """Return what is odd in a table as it stands: column, fault, rows, and the first text that has it.

        With a `layout`, a cell that it could not read is a fault as well.
        """
        judge = _layout_faults(self._layout(layout)) if layout else None
        rows = [row for name in bench.names for row in bench.faults(name, judge)]
        return pd.DataFrame(rows, columns=["column", "fault", "rows", "first"])

    # ---- inside

    def _layout(self, name: str) -> Layout:
        return find_layout(name, self.office.config.rules / "layouts")

    def _free(self, name: str) -> str:
        if not _is_name(name):
            raise WorkbenchError("not a name of a project", got=name, expected="letters, digits, - and _", where="cleaning")
        at, free = 1, name
        while (self.folder / free).exists():
            at += 1
            free = f"{name}-{at}"
        return free

    def _write(self, bench: Bench, file: Path | None) -> None:
        folder = self.folder / bench.name
        if not (folder / PROJECT).exists():
            folder.mkdir(parents=True, exist_ok=True)
            if file is not None:
                (folder / FILES).mkdir(exist_ok=True)
                shutil.copyfile(file, folder / FILES / file.name)
            text = yaml.safe_dump(bench.source, sort_keys=False, allow_unicode=True)
            (folder / PROJECT).write_text(text, encoding="utf-8")
        bench.recipe.write(folder / RECIPE)


def _facts(folder: Path) -> dict[str, str]:
    try:
        data: Any = yaml.load((folder / PROJECT).read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506  text only
    except (yaml.YAMLError, OSError, UnicodeDecodeError) as error:
        raise WorkbenchError("this project cannot be read", got=error, where=folder / PROJECT) from error
    if not isinstance(data, dict) or "name" not in data:
        raise WorkbenchError("this project cannot be read", expected="name, sha256", where=folder / PROJECT)
    return {str(key): str(value) for key, value in data.items()}


def _is_name(name: str) -> bool:
    return bool(re.fullmatch(r"[\w][\w.-]{0,80}", name))


def _plain_name(file_name: str) -> str:
    return re.sub(r"[^\w-]+", "-", file_name.split(".")[0]).strip("-")[:60] or "table"


def _layout_faults(layout: Layout) -> Faults:
    """Judge a cell by its layout's field as well: what could not be taken in is a fault."""
    readers = {found.name: reader(found, layout) for found in layout.fields if found.type != "text"}

    def judge(column: str, text: str) -> str:
        if not text.strip():
            return ""
        found = layout.find(column)
        if found is not None and found.name in readers:
            try:
                readers[found.name](text.strip())
            except WorkbenchError as error:
                return error.what
        return fault(text)

    return judge
