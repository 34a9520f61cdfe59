"""Regular expressions that cannot hang: matched by RE2 (inside DuckDB) in time proportional to the text, whatever the pattern.

A pattern that a person types, or that stands in a recipe somebody sent, meets cells of 30,000 letters; Python's own engine can
take years on such a pair. RE2 knows no look-around and no back-references in the pattern; `\\1` in a replacement it does know.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

import duckdb
import pandas as pd

from ...core.errors import WorkbenchError

MAX_PATTERN = 1_000
_LOCAL = threading.local()


def check(pattern: str, where: str) -> None:
    """Raise `WorkbenchError` when a pattern is empty, overlong or not one."""
    if not pattern or len(pattern) > MAX_PATTERN:
        raise WorkbenchError("not a pattern", got=repr(pattern)[:60], expected=f"1 to {MAX_PATTERN} characters", where=where)
    try:
        _calculator().execute("SELECT regexp_matches('', ?)", [pattern]).fetchall()
    except duckdb.Error as error:
        raise WorkbenchError(
            "not a pattern", got=repr(pattern)[:60], expected=str(error).splitlines()[0][:120], where=where
        ) from error


def matching(texts: Sequence[str], pattern: str) -> set[str]:
    """Return the texts in which the pattern is found."""
    rows = _ask("SELECT text FROM handed_over WHERE regexp_matches(text, $pattern, 's')", texts, {"pattern": pattern})
    return {row[0] for row in rows}


def replaced(texts: Sequence[str], pattern: str, by: str) -> dict[str, str]:
    """Return text -> text after replacing every place the pattern is found at; `\\1` is the first group."""
    said = {"pattern": pattern, "by": by}
    query = "SELECT text, regexp_replace(text, $pattern, $by, 'gs') FROM handed_over WHERE regexp_matches(text, $pattern, 's')"
    return {row[0]: row[1] for row in _ask(query, texts, said)}


def _ask(query: str, texts: Sequence[str], said: dict[str, str]) -> list[tuple[str, ...]]:
    calculator = _calculator()
    calculator.register("handed_over", pd.DataFrame({"text": pd.array(list(texts), dtype="object")}))
    try:
        return calculator.execute(query, said).fetchall()
    except duckdb.Error as error:
        raise WorkbenchError("this pattern cannot be used", got=error, where="regex") from error
    finally:
        calculator.unregister("handed_over")


def _calculator() -> duckdb.DuckDBPyConnection:
    if not hasattr(_LOCAL, "connection"):
        _LOCAL.connection = duckdb.connect(
            ":memory:", config={"threads": 1, "autoinstall_known_extensions": False, "autoload_known_extensions": False}
        )
        _LOCAL.connection.execute("SET enable_progress_bar = false")
    connection: duckdb.DuckDBPyConnection = _LOCAL.connection
    return connection


def cut(texts: Sequence[str], pattern: str) -> dict[str, list[tuple[str, str]]]:
    """Return text -> its pieces between what the pattern finds, each with what was found after it (nothing after the last)."""
    query = "SELECT text, regexp_extract_all(text, $pattern, 0, 's') FROM handed_over"
    found: dict[str, list[tuple[str, str]]] = {}
    for text, matches in _ask(query, texts, {"pattern": pattern}):
        pieces, start = [], 0
        for match in matches:
            at = text.find(match, start) if match else -1
            if at >= 0:
                pieces.append((text[start:at], match))
                start = at + len(match)
        found[text] = [*pieces, (text[start:], "")]
    return found
