"""Call the `workbench` command inside the test's process, and count what a book holds."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path

from sqlalchemy import func, inspect, select, table

from workbench.cli import main
from workbench.core.config import read_config
from workbench.core.store import Book


def workbench(*arguments: object) -> tuple[int, str]:
    """Run the command and return its exit code and everything it printed, on either stream."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        try:
            main([str(one) for one in arguments])
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
    return code, out.getvalue()


def counts(folder: Path) -> dict[str, int]:
    """Return the rows of every table of a workspace's book."""
    book = Book(read_config(folder).book_url)
    try:
        with book.read() as connection:
            names = inspect(connection).get_table_names()
            return {name: connection.execute(select(func.count()).select_from(table(name))).scalar_one() for name in names}
    finally:
        book.close()
