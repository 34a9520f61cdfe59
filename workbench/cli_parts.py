"""What the verbs of the `workbench` command share: their common arguments, opening a workspace, bars, findings and tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from tqdm import tqdm

from .core.errors import Finding

if TYPE_CHECKING:
    from .api import Workbench

Folder = Annotated[Path, typer.Argument(help="The society's workspace.")]
User = Annotated[
    str, typer.Option("--user", "-u", envvar="WORKBENCH_USER", help="Who does this; the system's user when not said.")
]
Why = Annotated[str, typer.Option("--why", help="The reason, for the journal.")]


def open_society(folder: Path, user: str = "") -> Workbench:
    """Open a workspace; imported only now, because help and completion need none of it."""
    from .api import Workbench

    return Workbench.open(folder, user=user)


class Bars:
    """A progress bar per thing being done, on standard error."""

    def __enter__(self) -> Callable[[str, int, int], None]:
        self._bar: tqdm[Any] | None = None
        self._what = ""
        return self._show

    def _show(self, what: str, done: int, total: int) -> None:
        if self._bar is None or self._what != what:  # a bar that nobody sees (cron, a pipe) does not know its own name
            self.__exit__()
            self._bar, self._what = tqdm(total=total, desc=what, leave=False, disable=None), what
        self._bar.total = total
        self._bar.update(done - self._bar.n)

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()


def print_findings(findings: Sequence[Finding], most: int = 20) -> None:
    """Print the first findings, one a line, and how many more there are."""
    for finding in findings[:most]:
        print(f"  {finding}")
    if len(findings) > most:
        print(f"  ... and {len(findings) - most} more findings")


def print_frame(frame: Any) -> None:
    """Print a table without its index."""
    print(frame.to_string(index=False) if len(frame) else "(nothing)")
