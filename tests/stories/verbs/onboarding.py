"""What clerks say about files: load one, see what became of it, take it back; and whether the register says what it said.

A file is `lines`: the first is the header, cells stand between bars. `gives` names what it makes: the story's name for the party
or work of that exact name or title.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.stories.telling import Names, Unexpected, expect_same
from workbench.api import Workbench
from workbench.registry.onboarding import Intake


def _write(wb: Workbench, given: Mapping[str, Any]) -> Path:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([cell.strip() for cell in line.split("|")] for line in given["lines"])
    file = wb.config.inbox / str(given.get("called", "file.csv"))
    file.write_text(out.getvalue(), encoding="utf-8")
    return file


def _load(wb: Workbench, given: Mapping[str, Any]) -> Intake:
    layout, existing = str(given.get("layout", "works-v2")), str(given.get("existing", "keep"))
    return wb.onboarding.load(_write(wb, given), layout=layout, why=str(given.get("why", "received")), existing=existing)


def load_a_file(wb: Workbench, names: Names, given: Mapping[str, Any]) -> None:
    intake = _load(wb, given).require_taken()
    names[given.get("called", "file.csv")] = intake.import_id
    told = {f"{kind} {count}" for kind, count in ((kind, len(ids)) for kind, ids in intake.created.items()) if count}
    if "makes" in given:
        expect_same(sorted(told), sorted(given["makes"]))
    if "findings" in given:
        expect_same([finding.code for finding in intake.findings], list(given["findings"]))
    for thing in (*wb.works.get_many(intake.created.get("work", [])), *wb.parties.get_many(intake.created.get("party", []))):
        names.setdefault(getattr(thing, "title", "") or getattr(thing, "full_name", ""), thing.id)


def take_an_import_back(wb: Workbench, names: Names, given: Mapping[str, Any]) -> None:
    undone = wb.onboarding.undo(names[given["of"]], why=str(given["why"]), partly="leaving" in given)
    names[f"the undo of {given['of']}"] = undone.id
    expect_same(sorted(names.told(f"{one.kind} {one.id}") for one in undone.left), sorted(given.get("leaving", [])))


def expect_imports(wb: Workbench, names: Names, given: Mapping[str, Any]) -> None:
    """`are` are lines `file: state`, newest first."""
    rows = wb.onboarding.imports().to_dict("records")
    expect_same([f"{row['file_name']}: {row['state']}" for row in rows], list(given["are"]))


def remember_the_register(wb: Workbench, names: Names, given: str) -> None:
    names[given] = wb.register.digest()


def expect_the_register(wb: Workbench, names: Names, given: str) -> None:
    expect_same(wb.register.digest(), names[given])


def carry_the_register_over(wb: Workbench, names: Names, given: str) -> None:
    """Export the register, load it into a society of its own, and expect the same digest there."""
    file = wb.register.export(wb.config.outbox / f"{given}.zip")
    folder = wb.config.folder.parent / given
    with Workbench.create(folder, code="OTHR", name=given, currency="KES", user="teller") as other:
        other.register.load(file.path, why="carried over")
        expect_same(other.register.digest(), wb.register.digest())
        if other.check():
            raise Unexpected([str(finding) for finding in other.check()], [])


VERBS = {
    "load a file": load_a_file,
    "take an import back": take_an_import_back,
    "expect imports": expect_imports,
    "remember the register as": remember_the_register,
    "expect the register to be": expect_the_register,
    "carry the register over to": carry_the_register_over,
}
