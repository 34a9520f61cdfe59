"""Notebooks stay notebooks: typed, commented parameters first, no functions, no outputs in git; their runner refuses nonsense."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any

import pytest

from workbench.cli import main
from workbench.core.config import create_workspace
from workbench.core.errors import NotFound, WorkbenchError
from workbench.notebooks import progress_bar, run, validate

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").rglob("*.ipynb"))
NAMES = [str(path.relative_to(ROOT / "notebooks")) for path in NOTEBOOKS]


def cells(path: Path) -> list[dict[str, Any]]:
    return [dict(cell) for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]]


def code(cell: dict[str, Any]) -> str:
    return "".join(cell["source"])


@pytest.mark.parametrize("path", NOTEBOOKS, ids=NAMES)
def test_a_notebook_carries_no_outputs(path: Path) -> None:
    assert [c["id"] for c in cells(path) if c["cell_type"] == "code" and (c["outputs"] or c["execution_count"])] == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=NAMES)
def test_a_notebook_defines_nothing_of_its_own(path: Path) -> None:
    for cell in cells(path):
        if cell["cell_type"] == "code":
            tree = ast.parse(code(cell))
            assert not [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.ClassDef | ast.Lambda)], cell["id"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=NAMES)
def test_parameters_come_first_each_typed_and_explained(path: Path) -> None:
    first = next(c for c in cells(path) if c["cell_type"] == "code")
    assert first["metadata"]["tags"] == ["parameters"]
    for line in code(first).splitlines():
        assert re.fullmatch(r"\w+: (str|int|bool) = .+?( {2}# .+)?", line), line
        assert "#" in line or line.startswith("period"), f"unexplained: {line}"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=NAMES)
def test_every_parameter_is_validated_in_the_next_cell(path: Path) -> None:
    first, second = [c for c in cells(path) if c["cell_type"] == "code"][:2]
    names = {
        node.target.id
        for node in ast.parse(code(first)).body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    }
    checked = next(
        {word.arg for word in node.keywords}
        for node in ast.walk(ast.parse(code(second)))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "validate"
    )
    assert names == checked


@pytest.mark.parametrize("path", sorted((ROOT / "dashboards").glob("*.ipynb")), ids=lambda path: path.name)
def test_a_dashboard_only_launches(path: Path) -> None:
    assert len([c for c in cells(path) if c["cell_type"] == "code"]) <= 4
    assert all(not c.get("outputs") for c in cells(path))


def test_an_unknown_parameter_is_refused_with_the_nearest_name(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="Did you mean period"):
        run(ROOT / "notebooks" / "distribution" / "2_run.ipynb", tmp_path / "out.ipynb", {"perod": "2025-Q3"})


def test_all_that_is_wrong_with_parameters_is_said_at_once() -> None:
    with pytest.raises(WorkbenchError) as caught:
        validate(period=("period", "2025-Q5"), licence=("text", " "), dry_run=("flag", "perhaps"))
    assert all(name in str(caught.value) for name in ("period = '2025-Q5'", "licence = ' '", "dry_run = 'perhaps'"))


def test_a_missing_file_names_what_lies_there(tmp_path: Path) -> None:
    (tmp_path / "radio.csv").write_text("x", encoding="utf-8")
    with pytest.raises(WorkbenchError, match=r"expected one of radio\.csv"):
        validate(usage_file=("file", str(tmp_path / "radoi.csv")))


def test_a_failed_notebook_is_recorded_as_failed(tmp_path: Path) -> None:
    output = tmp_path / "out.ipynb"
    with pytest.raises(WorkbenchError, match="no workspace here"):
        run(ROOT / "notebooks" / "distribution" / "2_run.ipynb", output, {"workspace": str(tmp_path / "nowhere")}, show=False)
    assert json.loads(output.with_suffix(".manifest.json").read_text(encoding="utf-8"))["state"] == "failed"


def test_progress_is_one_line_whatever_is_being_done(capsys: pytest.CaptureFixture[str]) -> None:
    show = progress_bar()
    for what, done in (("reading", 0), ("reading", 50), ("matching", 10), ("matching", 100)):
        show(what, done, 100)
    drawn = capsys.readouterr().err
    assert "matching" in drawn.split("\r")[-1]
    assert "100%" in drawn.split("\r")[-1]
    assert "\n" not in drawn
    assert "\x1b" not in drawn


def test_a_parameter_on_the_command_line_needs_a_name_and_a_value(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    create_workspace(tmp_path, code="TALA", name="Tala", currency="KES")
    with pytest.raises(SystemExit) as caught:
        main(["notebook", str(tmp_path), str(NOTEBOOKS[0]), "-p", "2025-Q3"])
    assert caught.value.code == 2
    assert "not a parameter: got 2025-Q3" in capsys.readouterr().err
