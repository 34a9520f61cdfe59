"""One way to write a value as bytes, so that the same content has the same digest on every machine.

JSON: keys sorted, no spaces, UTF-8, no floats. CSV: UTF-8, LF, a header, minimal quotes. Text is NFC.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from .errors import WorkbenchError

_ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
_PLAIN = frozenset((str, int, bool, type(None)))


def nfc(text: str) -> str:
    """Return composed text: the same name typed on two keyboards becomes the same characters."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def canonical_json(value: object) -> bytes:
    """Return the one JSON spelling of `value` (dict, list, str, int, bool, None); a float is refused."""
    _refuse_floats(value)
    return _ENCODER.encode(value).encode()


def digest(value: object) -> str:
    """Return the SHA-256 of the canonical JSON of `value`, as hexadecimal text."""
    return hashlib.sha256(canonical_json(value)).hexdigest()


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, as hexadecimal text."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def csv_bytes(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """Return a canonical CSV file: header, then the rows in the order given (the caller sorts); None is empty."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return out.getvalue().encode()


def _refuse_floats(value: object) -> None:
    # a work has a hundred plain values and a journal has millions of works: only what is not plain costs a call
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else (value,):
        if type(item) in _PLAIN:
            continue
        if isinstance(item, float):
            raise WorkbenchError("a float cannot enter a canonical file", got=item, expected="int or text")
        if isinstance(item, (dict, list, tuple)):
            _refuse_floats(item)
