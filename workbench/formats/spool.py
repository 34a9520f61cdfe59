"""Judged lines on disk: read once, given again in batches, and how many belong to each thing is known beforehand.

A file of three million lines is judged as it is read; only then is it known that it can be taken in. Meanwhile its lines wait
here, in a temporary file that no name leads to, and memory holds one batch of them and one number for each thing.
"""

from __future__ import annotations

import marshal
import tempfile
from collections.abc import Callable, Iterator
from typing import Any

from .judge import Line, Sheet

BATCH = 500


class Spool:
    """A staged file whose lines are on disk; `sheet` has everything else."""

    def __init__(self, sheet: Sheet, key: Callable[[Line], tuple[str, Any]]) -> None:
        self.sheet = sheet
        self.key = key
        self.rows = 0
        self.waiting: dict[int, int] = {}
        """Hash of the key -> how many lines have it."""
        self._file = tempfile.TemporaryFile()  # noqa: SIM115  closed by `close`

    def put(self, lines: list[Line]) -> None:
        """Keep a batch of judged lines."""
        waiting = self.waiting
        for line in lines:
            line.at = self.rows
            self.rows += 1
            key = hash(self.key(line))  # a number of each, not a name
            waiting[key] = waiting.get(key, 0) + 1
        plain = [(line.line, line.state, line.reason, line.values, line.cells, line.at) for line in lines]
        for start in range(0, len(plain), BATCH):
            marshal.dump(plain[start : start + BATCH], self._file)

    def batches(self) -> Iterator[list[Line]]:
        """Yield the lines again in their order, a batch at a time."""
        self._file.seek(0)
        while True:
            try:
                plain = marshal.load(self._file)  # noqa: S302  written by this very object, in a file without a name
            except EOFError:
                return
            yield [Line(*one) for one in plain]

    def close(self) -> None:
        """Let go of the disk."""
        self._file.close()
