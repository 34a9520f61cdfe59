"""Every notebook runs by papermill in the order of a year, and nbval gets the same outputs when an auditor runs it again."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tools.chain import Chain, approve_and_seal, central_instance, run_chain
from workbench import Workbench
from workbench.notebooks import run as run_notebook

ROOT = Path(__file__).resolve().parent.parent


@dataclass
class Done:
    """The chain as it was run, and the society as it was before."""

    chain: Chain
    built: Path

    @property
    def folder(self) -> Path:
        return self.chain.folder


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Done:
    folder = tmp_path_factory.mktemp("chain")
    built = folder / "built"
    return Done(run_chain(folder / "society", scale=0.02, show=False, keep_built=built), built)


def again(notebooks: list[Path]) -> None:
    """Run executed notebooks again, in order, and compare every output."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "--nbval",
        "--nbval-current-env",
        "--nbval-cell-timeout=300",
        "-p",
        "no:cacheprovider",
    ]
    result = subprocess.run(
        [*command, "-p", "no:xdist", *map(str, notebooks)],
        cwd=notebooks[0].parent,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert result.returncode == 0, result.stdout[-6000:]


def test_every_notebook_is_part_of_the_chain(done: Done) -> None:
    assert {source for source, _ in done.chain.executed} == set((ROOT / "notebooks").rglob("*.ipynb"))


def test_every_run_left_a_manifest_that_says_it_is_done(done: Done) -> None:
    states = [
        json.loads(out.with_suffix(".manifest.json").read_text(encoding="utf-8"))["state"] for _, out in done.chain.executed
    ]
    assert set(states) == {"done"}


def test_the_same_notebooks_on_the_same_book_give_the_same_outputs(done: Done, tmp_path: Path) -> None:
    names = [output.name for _, output in done.chain.executed if output.name != "exchange.ipynb"]
    sealed = names.index("distribution-3_explain.ipynb")
    kept = tmp_path / "executed"
    shutil.copytree(done.folder / "notebooks", kept)
    shutil.move(done.folder, tmp_path / "first")
    shutil.copytree(done.built, done.folder)
    again([kept / name for name in names[:sealed]])
    approve_and_seal(done.folder)
    again([kept / name for name in names[sealed:]])
    with Workbench.open(done.folder) as wb, Workbench.open(tmp_path / "first") as first:
        assert wb.distribution.latest().digest == first.distribution.latest().digest
        assert wb.check() == []


def test_a_second_exchange_finds_nothing_new(done: Done, tmp_path: Path) -> None:
    with central_instance(tmp_path) as (url, token):
        with Workbench.open(done.folder) as wb:
            wb.sync.register(url, secret=token)
        output = tmp_path / "exchange.ipynb"
        run_notebook(ROOT / "notebooks" / "exchange.ipynb", output, {"workspace": str(done.folder)}, show=False)
        again([output])
