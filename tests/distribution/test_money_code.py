"""No float comes near money: the code of the distribution, of core money and of the calculator is walked."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import workbench

HOME = Path(workbench.__file__).parent
CODE = sorted(
    [
        *(HOME / "distribution").glob("*.py"),
        *(HOME / "core" / name for name in ("money.py", "shares.py", "engine.py", "canonical.py")),
        *(HOME / "registry" / "chains" / name for name in ("answers.py", "resolving.py", "sets.py", "links.py", "societies.py")),
        HOME / "registry" / "licences.py",
    ]
)
PAPER = {"statement_pdf.py"}
"""Draws pages: lengths on paper are no money."""
FLOATING_SQL = re.compile(r"\b(DOUBLE|FLOAT|REAL|AVG|DECIMAL|NUMERIC)\b|(?<![\w'.])\d+\.\d+(?![\w'.])", re.IGNORECASE)


def floats(source: str) -> list[tuple[int, str]]:
    """Return (line, what) of every float literal, call of float or round, true division, and floating SQL."""
    tree = ast.parse(source)
    texts = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)}
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, float):
            found.append((node.lineno, f"literal {node.value}"))
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"float", "round"}:
            found.append((node.lineno, f"call of {node.func.id}"))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and "SELECT" in node.value and id(node) not in texts:
            found += [(node.lineno, f"SQL {match[0]}") for match in FLOATING_SQL.finditer(node.value)]
    return found


@pytest.mark.parametrize(
    "file", [file for file in CODE if file.name not in PAPER], ids=lambda file: f"{file.parent.name}/{file.name}"
)
def test_no_float_in_the_code_that_handles_money(file):
    assert floats(file.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "planted", ["x = 0.15", "x = float('1')", "x = round(1, 2)", "x = 'SELECT AVG(a) FROM t'", "x = 'SELECT a * 0.5 FROM t'"]
)
def test_a_planted_float_is_found(planted):
    assert len(floats(planted)) == 1
