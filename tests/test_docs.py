"""The documents tell the truth: commands run, links lead somewhere, words are the code's words."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

import workbench.api  # noqa: F401  declares every table
from workbench.core.office import Office
from workbench.core.store import metadata
from workbench.registry.cleaning import Cleaning

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")])
RUN_ELSEWHERE = {"make run": "the fixture below", "make test": "this very run", "make serve": "its own test below"}


MAKE = ["make", "--old-file=.venv/.complete"]
"""The environment is the one the tests run in: make must not see to it from a borrowed folder."""


def command_blocks(page: Path) -> list[str]:
    """Return the shell blocks of a page, in order."""
    return [
        block.strip() for block in re.findall(r"^```sh\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    ]


def environment() -> dict[str, str]:
    return {
        **os.environ,
        "PATH": f"{ROOT / '.venv' / 'bin'}:{os.environ['PATH']}",
        "SCALE": "0.02",
        "WORKBENCH_USER": "a.mwangi",
        "MAKEFLAGS": "-o .venv/.complete",
    }


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder that looks like a fresh checkout with its environment, in which `make run` was said, on a small society."""
    folder = tmp_path_factory.mktemp("checkout")
    for entry in ROOT.iterdir():
        if entry.name not in {"society", "out", ".git", ".pytest_cache"}:
            (folder / entry.name).symlink_to(entry)
    done = subprocess.run([*MAKE, "run"], cwd=folder, env=environment(), capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "IDENTICAL" in done.stdout
    return folder


@pytest.mark.parametrize("page", [ROOT / "README.md", ROOT / "docs" / "tour.md"], ids=lambda page: page.name)
def test_every_command_block_runs(page: Path, checkout: Path) -> None:
    for block in command_blocks(page):
        lines = [line for line in block.splitlines() if line.split("#")[0].strip() not in RUN_ELSEWHERE]
        if lines:
            done = subprocess.run(
                ["bash", "-euo", "pipefail", "-c", "\n".join(lines)],
                cwd=checkout,
                env=environment(),
                capture_output=True,
                text=True,
                timeout=300,
                check=False,
            )
            assert done.returncode == 0, f"{block}\n--\n{done.stdout}{done.stderr}"


def test_the_python_of_the_readme_runs(checkout: Path) -> None:
    blocks = re.findall(r"^```python\n(.*?)^```", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    program = [str(ROOT / ".venv" / "bin" / "python"), "-c", "\n".join(blocks)]
    done = subprocess.run(program, cwd=checkout, env=environment(), capture_output=True, text=True, timeout=120, check=False)
    assert blocks
    assert done.returncode == 0, done.stderr


def test_make_serve_starts_the_apps_and_the_laboratory(checkout: Path) -> None:
    server = subprocess.Popen(
        [*MAKE, "serve"],
        cwd=checkout,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        for port in (8866, 8867):
            assert answers(f"http://127.0.0.1:{port}/"), f"nothing answers at {port}"
    finally:
        os.killpg(server.pid, signal.SIGINT)
        server.wait(timeout=30)


def answers(url: str, seconds: float = 60) -> bool:
    """Wait until something answers at `url` with a page."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(url, timeout=5) as reply:  # noqa: S310  a loopback address
                return bool(reply.status == 200)
        except OSError:
            time.sleep(0.5)
    return False


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_to_a_file_or_heading(page: Path) -> None:
    broken = []
    for target in re.findall(r"\]\(([^)]+)\)", page.read_text(encoding="utf-8")):
        path, _, _ = target.partition("#")
        if path and "://" not in path and not (page.parent / path).exists():
            broken.append(target)
    assert broken == []


def glossary_names() -> set[str]:
    """Return every name the glossary's last columns give."""
    rows = re.findall(r"^\|.*\|([^|]*)\|$", (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8"), re.MULTILINE)
    return {name for cell in rows for name in re.findall(r"`([^`]+)`", cell)}


def test_every_name_in_the_glossary_is_used_by_the_code() -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "workbench").rglob("*.py"))
    assert sorted(name for name in glossary_names() if name not in text) == []


def test_every_table_of_the_book_is_explained_in_the_glossary() -> None:
    names = glossary_names()
    parts = {table.name for table in metadata.tables.values() if "owner_id" in table.columns}  # told with their root
    assert sorted(set(metadata.tables) - parts - names) == []


def test_the_changelog_tells_of_this_version() -> None:
    version = re.search(r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)
    assert version
    assert f"## {version[1]}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_the_recipe_of_the_how_to_does_what_its_sentences_say(office: Office, tmp_path: Path) -> None:
    page = (ROOT / "docs" / "how-to" / "clean-a-catalogue.md").read_text(encoding="utf-8")
    [recipe] = re.findall(r"^```yaml\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    (tmp_path / "recipe.yaml").write_text(recipe, encoding="utf-8")
    (tmp_path / "list.csv").write_text('Title,Writer,Publisher\nTaa  ya Pwani,"Mbele, Amani",Kivuko Editions\n', encoding="utf-8")
    desk = Cleaning(office)
    bench = desk.open(tmp_path / "list.csv", keep=False)
    bench.replay(desk.recipe(tmp_path / "recipe.yaml"))
    assert bench.frame().drop(columns="#").to_numpy().tolist() == [["Taa ya Pwani", "Amani", "Mbele", "Kivuko Éditions"]]
