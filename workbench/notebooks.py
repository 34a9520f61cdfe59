"""What every notebook leans on: checked parameters, a progress bar, and a runner that keeps its own record of a run.

Papermill only warns about an unknown parameter, turns `007` into 7, and calls a killed run "completed". So `run` refuses unknown
names, passes every value as the text it is, and writes its own manifest beside the executed notebook.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import papermill
from jupyter_client.manager import AsyncKernelManager
from papermill.exceptions import PapermillExecutionError
from papermill.log import logger as papermill_log
from pydantic import AfterValidator, ConfigDict, ValidationError, create_model
from tqdm import tqdm

from .core.canonical import file_digest
from .core.config import read_config
from .core.errors import WorkbenchError, unknown
from .core.periods import Period
from .core.store import now_utc

WORKSPACE_VARIABLE = "WORKBENCH_WORKSPACE"


class _LoopbackKernels(AsyncKernelManager):
    """Kernels whose channels are encrypted where the platform can, so that other people on the machine cannot listen."""

    transport_encryption = "auto"


def _workspace(text: str) -> Path:
    chosen = text or os.environ.get(WORKSPACE_VARIABLE, "")
    if not chosen:
        raise ValueError(f"name the society's folder, or set {WORKSPACE_VARIABLE}")
    try:
        return read_config(Path(chosen)).folder
    except WorkbenchError as error:
        raise ValueError(str(error)) from error


def _period(text: str) -> Period:
    try:
        return Period.parse(text)
    except WorkbenchError as error:
        raise ValueError(str(error)) from error


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ValueError("a day is written 2025-09-30") from error


def _filled(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be empty")
    return text.strip()


KINDS: dict[str, Any] = {
    "workspace": Annotated[str, AfterValidator(_workspace)],
    "period": Annotated[str, AfterValidator(_period)],
    "day": Annotated[str, AfterValidator(_day)],
    "text": Annotated[str, AfterValidator(_filled)],
    "optional": str,
    "file": Annotated[str, AfterValidator(_filled)],
    "flag": bool,
    "count": Annotated[int, AfterValidator(lambda number: number)],
}
"""What a parameter may be; a `file` is named from the workspace's folder, never from where the notebook happens to run."""


def validate(**parameters: tuple[str, Any]) -> Any:
    """Return the parameters as attributes, each checked as its kind; raises one `WorkbenchError` that lists everything wrong.

    Give each as `name=(kind, value)`. `file` values come back as existing paths, resolved from the workspace.

    >>> validate(period=("period", "2025-Q3")).period.starts_on
    datetime.date(2025, 7, 1)
    """
    for kind, _ in parameters.values():
        if kind not in KINDS:
            raise unknown("kind of parameter", kind, KINDS)
    fields: dict[str, Any] = {name: (KINDS[kind], ...) for name, (kind, _) in parameters.items()}
    model = create_model("Parameters", __config__=ConfigDict(extra="forbid", strict=True), **fields)
    try:
        given = model(**{name: value for name, (_, value) in parameters.items()})
    except ValidationError as error:
        wrong = [
            f"{problem['loc'][0]} = {problem['input']!r}: {problem['msg'].removeprefix('Value error, ')}"
            for problem in error.errors()
        ]
        raise WorkbenchError(
            "these parameters will not do",
            got="; ".join(wrong),
            next_step="Correct them in the first cell, or with -p, and run again.",
        ) from None
    for name, (kind, _) in parameters.items():
        if kind == "file":
            object.__setattr__(given, name, _file(given, name))
    return given


def _file(given: Any, name: str) -> Path:
    path = Path(getattr(given, name)).expanduser()
    folder = getattr(given, "workspace", None)
    found = path if path.is_absolute() or folder is None else Path(folder) / path
    if not found.is_file():
        near = sorted(p.name for p in found.parent.glob("*") if p.is_file()) if found.parent.is_dir() else []
        raise WorkbenchError(
            f"{name}: no such file",
            got=found,
            expected=f"one of {', '.join(near[:8])}" if near else None,
            next_step="Put the file into the workspace's inbox, or correct the name.",
        )
    return found


def progress_bar() -> Callable[[str, int, int], None]:
    """Return a progress callback that draws one line on standard error: what is being done, and how far it is."""
    bar = tqdm(total=1, file=sys.stderr, delay=1e-9, bar_format="{desc:<34.34} {percentage:3.0f}% |{bar:40}| {elapsed}")

    def show(what: str, done: int, total: int) -> None:
        bar.total, bar.n = total, done
        bar.set_description_str(what)

    return show


def run(
    notebook: Path, output: Path, parameters: Mapping[str, str], *, show: bool = True, timeout_seconds: int = 3600
) -> dict[str, Any]:
    """Run one notebook with checked parameter names and return its manifest (also written as `OUTPUT.manifest.json`).

    Raises `WorkbenchError` for an unknown parameter, naming the nearest, and when a cell fails, with that cell's message.
    """
    known = papermill.inspect_notebook(str(notebook))
    for name in parameters:
        if name not in known:
            raise unknown(f"parameter of {notebook.name}", name, known)
    values = {name: _typed(known[name].get("inferred_type_name", ""), name, text) for name, text in parameters.items()}
    output.parent.mkdir(parents=True, exist_ok=True)
    manifest: dict[str, Any] = {
        "notebook": notebook.name,
        "parameters": dict(parameters),
        "started_at": now_utc(),
        "state": "running",
    }
    record = output.with_suffix(".manifest.json")
    record.write_text(json.dumps(manifest, indent=2), encoding="utf-8")
    papermill_log.setLevel("ERROR")
    try:
        papermill.execute_notebook(
            str(notebook),
            str(output),
            parameters=values,
            progress_bar=show,
            cwd=str(notebook.parent),
            execution_timeout=timeout_seconds,
            kernel_manager_class=_LoopbackKernels,
        )
        manifest["state"] = "done"
    except PapermillExecutionError as error:
        manifest.update(state="failed", error=f"{error.ename}: {error.evalue}")
        raise WorkbenchError(
            f"{notebook.name} stopped in cell {error.exec_count}",
            got=error.evalue[:600],
            where=output,
            next_step="The notebook shows where.",
        ) from None
    finally:
        if manifest["state"] == "running":
            manifest["state"] = "failed"
        manifest["ended_at"] = now_utc()
        if output.exists():
            manifest["output_sha256"] = file_digest(output)
        record.write_text(json.dumps(manifest, indent=2), encoding="utf-8")
    return manifest


def _typed(kind: str, name: str, text: str) -> str | int | bool:
    """Return `text` as the notebook's own annotation says, and as nothing else: `007` stays text where text is asked for."""
    if kind == "bool":
        if text.lower() not in {"true", "false"}:
            raise WorkbenchError(f"parameter {name} is yes or no", got=text, expected="true or false")
        return text.lower() == "true"
    if kind == "int":
        if not text.lstrip("-").isdecimal():
            raise WorkbenchError(f"parameter {name} is a whole number", got=text)
        return int(text)
    return text
