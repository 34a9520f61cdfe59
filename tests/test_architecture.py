"""Imports point one way: the table of the house, and a planted violation that must be seen."""

from __future__ import annotations

import ast
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent / "workbench"
MAY_IMPORT = {
    "core": set(),
    "formats": {"core"},
    "registry": {"core", "formats"},
    "matching": {"core", "formats", "registry"},
    "distribution": {"core", "formats", "registry", "matching"},
    "sync": {"core"},
    "central": {"core", "sync"},
    "api": {"core", "formats", "registry", "matching", "distribution", "sync", "apps.staff"},
    "apps": {"core", "api"},
    "demo": {"core", "api"},
    "notebooks": {"core", "api"},
    "cli": {"core", "api", "apps", "central", "demo", "distribution", "notebooks", "cli_parts", "cli_register"},
    "cli_parts": {"core", "api"},
    "cli_register": {"core", "cli_parts"},
}
"""Room by room, what it may import; `cli` starts everything and so reaches every room that can be started."""


def imports_of(source: str, module: str) -> set[str]:
    """Return the workbench rooms a module's text imports, relative imports resolved; `module` is dotted, below workbench."""
    package = ["workbench", *module.split(".")][:-1]
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            stem = ".".join([*base, *([node.module] if node.module else [])])
            names = [f"{stem}.{alias.name}" for alias in node.names]
        found |= {name.removeprefix("workbench.") for name in names if name.startswith("workbench.")}
    return found


def violations(source: str, module: str) -> list[str]:
    """Return the imports of a module that the table does not allow."""
    room = module.split(".")[0]
    allowed = MAY_IMPORT[room] | {room}
    return sorted(
        name for name in imports_of(source, module) if not any(name == way or name.startswith(f"{way}.") for way in allowed)
    )


def test_imports_follow_the_table() -> None:
    wrong = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        if parts == ("__init__",) or "migrations" in parts:
            continue
        found = violations(path.read_text(encoding="utf-8"), ".".join(parts))
        if found:
            wrong["/".join(parts)] = found
    assert wrong == {}


def test_a_planted_violation_is_seen() -> None:
    assert violations("from ..distribution import ledger", "registry.works") == ["distribution.ledger"]
    assert violations("import workbench.sync.client", "core.money") == ["sync.client"]
    assert violations("from .money import Money", "core.store") == []
