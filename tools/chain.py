"""Build the demonstration society, run its whole chain through the notebooks as a society would, and say where to look.

    python -m tools.chain FOLDER [--seed 1] [--scale 1] [--fresh]

`make run` is this at full size; `make notebooks` and the tests run it on a small society.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from workbench import Workbench, WorkbenchError
from workbench.demo import Demo, build
from workbench.distribution.verification import verify
from workbench.notebooks import run as run_notebook

ROOT = Path(__file__).resolve().parent.parent
PERIOD = "2025-Q3"
ONBOARDED = (
    *(
        "1_right_holders",
        "2_works",
        "3_recordings",
        "4_agreements",
        "5_clean",
        "6_bench",
        "7_performances",
        "8_releases",
        "9_chain",
    ),
)
PREPARES, APPROVES = "a.mwangi", "b.kamau"


@dataclass
class Chain:
    """One run of the chain: where it happens, and what the reader is told."""

    folder: Path
    show: bool = True
    seconds: dict[str, float] = field(default_factory=dict)
    executed: list[tuple[Path, Path]] = field(default_factory=list)
    """(notebook, executed notebook), in order."""

    def step(self, notebook: str, name: str = "", **parameters: str) -> Path:
        """Run one notebook on the society and keep its executed form under notebooks/ of the workspace."""
        source = ROOT / "notebooks" / f"{notebook}.ipynb"
        output = self.folder / "notebooks" / f"{name or notebook.replace('/', '-')}.ipynb"
        with self.timed(name or notebook):
            run_notebook(source, output, {"workspace": str(self.folder), "user": PREPARES, **parameters}, show=False)
        self.executed.append((source, output))
        return output

    @contextmanager
    def timed(self, what: str) -> Iterator[None]:
        """Show and keep how long something took."""
        if self.show:
            print(f"  {what:34}", end="", flush=True)
        started = time.monotonic()
        yield
        self.seconds[what] = time.monotonic() - started
        if self.show:
            print(f"{self.seconds[what]:7.1f} s", flush=True)


def run_chain(folder: Path, *, seed: int = 1, scale: float = 1.0, show: bool = True, keep_built: Path | None = None) -> Chain:
    """Build the society in `folder` and run every notebook on it; two people approve and seal; the kit is verified.

    `keep_built` is where to keep a copy of the society as it was before the first notebook.
    """
    chain = Chain(folder, show)
    with chain.timed("demonstration society"):
        society = build(folder, seed=seed, scale=scale)
        put_into_the_inbox(folder)
    if show:
        print(str(society).replace(str(folder), os.path.relpath(folder)))
    if keep_built:
        shutil.copytree(folder, keep_built)
    for stem in ONBOARDED:
        chain.step(f"onboarding/{stem}")
    for report in society.reports:
        chain.step(
            "matching/1_usage",
            name=f"matching-1_usage-{Path(report.file).stem}",
            usage_file=report.file,
            layout=report.layout,
            licence=report.licence_id,
            period=report.period,
        )
    chain.step("matching/2_match")
    chain.step("matching/3_review")
    chain.step("distribution/1_pools", period=PERIOD)
    chain.step("distribution/2_run", period=PERIOD)
    with chain.timed("approve and seal (second person)"):
        approve_and_seal(folder)
    chain.step("distribution/3_explain")
    chain.step("distribution/4_statements", pdf="top")
    with central_instance(folder) as (url, token):
        chain.step("exchange", url=url, token=token)
    tell(chain, society)
    return chain


def put_into_the_inbox(folder: Path) -> None:
    """Put an invented set list and an invented album into the inbox, beside what the demonstration sent."""
    (folder / "inbox" / "performances.csv").write_text(
        "number,event,date,venue,city,country,song,performer\n"
        "E1,Pwani Nights,2024-08-02,Uhuru Gardens,Nairobi,Kenya,Taa ya Pwani,Amani Trio\n"
        "E1,,,,,,Sina tena,Amani Trio\n",
        encoding="utf-8",
    )
    (folder / "inbox" / "releases.csv").write_text(
        "number,release,artist,label,release date,country,track,track title,isrc\n"
        "S1,Pwani,Amani Trio,Uhuru Records,2019-06-01,Kenya,1,Taa ya Pwani,KEA011900001\n"
        "S1,,,,,,2,Sina tena,KEA011900002\n",
        encoding="utf-8",
    )


def approve_and_seal(folder: Path) -> None:
    """Do the second person's part: approve the newest run's digest and seal it."""
    with Workbench.open(folder, user=APPROVES) as wb:
        run = wb.distribution.latest()
        run.approve(by=APPROVES)
        run.seal(by=APPROVES, note="Board decision 2025/14, demonstration")


@contextmanager
def central_instance(folder: Path) -> Iterator[tuple[str, str]]:
    """Start a central instance on this machine for the time of an exchange; gives its address and a one-time token."""
    from workbench.central.operators import enrol
    from workbench.central.tables import open_central

    (folder / "central").mkdir(exist_ok=True)
    database = f"sqlite:///{folder / 'central' / 'central.sqlite'}"
    book = open_central(database)
    token = enrol(book, "TALA", name="Tala Music Rights Society")
    book.close()
    program = [sys.executable, "-m", "workbench.central", "--database", database, "--port", "0"]
    server = subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        address = server.stdout.readline().split() if server.stdout else []
        if not address:
            raise WorkbenchError("the central instance did not start")
        yield address[-1], token
    finally:
        server.terminate()
        server.wait(timeout=20)


def tell(chain: Chain, society: Demo) -> None:
    """Print where everything is, and the digest that any auditor must get."""
    with Workbench.open(chain.folder, user=PREPARES) as wb:
        run = wb.distribution.latest()
        statements = wb.config.outbox / run.id
        kit = wb.config.outbox / f"{run.id}-audit-kit.zip"
        answer = verify(kit)
        if not chain.show:
            return
        summary = run.summary().to_string(index=False)
    shown = Path(os.path.relpath(chain.folder))
    print(f"\n{summary}\n\n{answer}\n")
    print(f"Statements       {shown / statements.relative_to(chain.folder)}")
    print(f"Run and digest   {run.id} {run.digest}")
    print(f"Audit kit        {shown / kit.relative_to(chain.folder)}")
    print(f"                 check it: workbench verify {shown / kit.relative_to(chain.folder)}")
    print(f"Notebooks as run {shown / 'notebooks'}")
    print("Apps             make serve, then http://127.0.0.1:8866")
    for account in society.accounts:
        print(f"                 sign in as {account.name} / {account.password} ({', '.join(account.roles)})")


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Run the whole chain on a demonstration society.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--fresh", action="store_true", help="remove an earlier demonstration in FOLDER first")
    asked = parser.parse_args()
    folder = asked.folder.resolve()
    if folder.exists() and asked.fresh and (folder / "workbench.toml").is_file():
        shutil.rmtree(folder)
    if (folder / "workbench.toml").exists():
        print(f"{asked.folder} is there already. Look at it with: make serve. Start anew with: rm -r {asked.folder} && make run")
        return
    try:
        run_chain(folder, seed=asked.seed, scale=asked.scale)
    except WorkbenchError as error:
        sys.exit(f"workbench: {error}")


if __name__ == "__main__":
    main()
