"""JSON as rows of text: a list of objects, an object that holds one list, or one object per line; nothing is interpreted.

Part of `reader`, which loads it by path in the guarded program; like it, it imports nothing of the workbench. An object becomes
one row, or one for each object of the lists inside it, as a spreadsheet would say it: lines of one thing, its own cells on
each.

    {"title": "Sina", "aka": ["Si na"], "shares": [{"name": "Mwangi", "role": "C"}, {"name": "Otieno", "role": "A"}]}

    title  aka    name    role
    Sina   Si na  Mwangi  C
    Sina   Si na  Otieno  A

Numbers keep their digits, so that 1E+400000 and NaN are text to be judged like any cell. `line` is the object's number, from 1;
of one object per line, the line.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TextIO

MAX_OBJECT = 1_000_000
"""Characters of one object on a line of its own."""
MAX_DEPTH = 12
MAX_ROWS_OF_ONE = 10_000
LIST_COLUMN = "(list)"
"""Where objects of several lists became rows: which list each came from."""

Row = list[Any]
Cells = dict[str, str]


class JsonFault(Exception):
    """The file as a whole cannot be read; the code and its facts are for the caller's finding."""

    def __init__(self, code: str, **facts: Any) -> None:
        self.code, self.facts = code, facts
        super().__init__(code)


class _Odd(Exception):
    """One object cannot be told apart; the others can."""


class _Twice(dict[str, Any]):
    """An object in which a name stands twice."""


Item = tuple[int, Any, str]
"""(number, value, code of what is wrong with it or nothing, in which case the value is an object)"""


def rows(stream: TextIO, *, by_line: bool, lists: Sequence[str], left_out: list[str]) -> Iterator[Row]:
    """Yield the header row, then the rows; `lists` are the paths whose objects become rows, all of them when none is named.

    The names that stand beside the one list of a root object are put into `left_out`.
    """
    if by_line:
        yield from _table(lambda: _lines(stream), lists)
        return
    text = stream.read()
    yield from _table(lambda: _objects(text, left_out), lists)


def _table(items: Any, lists: Sequence[str]) -> Iterator[Row]:
    names, several = _header(items, lists)
    yield [0, 1, names or [""], []]
    for number, value, code in items():
        if code:
            yield [number, 1, None, code, str(value)[:1_000], ""]
            continue
        try:
            for cells, where in _rows_of(value, lists):
                if where and several:
                    cells[LIST_COLUMN] = where
                yield [number, 1, [cells.get(name, "") for name in names], []]
        except _Odd as odd:
            yield [number, 1, None, str(odd), json.dumps(value, ensure_ascii=False)[:1_000], ""]


def _header(items: Any, lists: Sequence[str]) -> tuple[list[str], bool]:
    """Return every name, in the order they come, and whether objects of several lists become rows."""
    header: dict[str, None] = {}
    several: dict[str, None] = {}
    for _, value, code in items():
        if not code:
            try:
                for cells, where in _rows_of(value, lists):
                    header.update(dict.fromkeys(cells))
                    if where:
                        several[where] = None
            except _Odd:
                continue
            if len(header) > 1_000:
                raise JsonFault("too_many_names", got=len(header), expected=1_000)
    if len(several) > 1:
        header[LIST_COLUMN] = None
    return list(header), len(several) > 1


def _rows_of(found: dict[str, Any], lists: Sequence[str]) -> list[tuple[Cells, str]]:
    own: Cells = {}
    inside: list[tuple[str, list[Any]]] = []
    _flatten(found, "", own, inside, lists, 1)
    if not inside:
        return [(own, "")]
    if sum(len(items) for _, items in inside) > MAX_ROWS_OF_ONE:
        raise _Odd("too_many_rows_in_one")
    made = []
    for path, items in inside:
        for item in items:
            cells: Cells = {}
            _flatten(item if isinstance(item, dict) else {"value": item}, "", cells, [], ("",), 2)
            row = dict(own)
            for name, text in cells.items():
                row[f"{path}.{name}" if name in own else name] = text
            made.append((row, path))
    return made


def _flatten(value: Any, path: str, cells: Cells, inside: list[tuple[str, list[Any]]], lists: Sequence[str], depth: int) -> None:
    if depth > MAX_DEPTH:
        raise _Odd("too_deep_inside")
    if isinstance(value, dict):
        if isinstance(value, _Twice):
            raise _Odd("duplicate_name")
        for name, item in value.items():
            _flatten(item, f"{path}.{name}" if path else name, cells, inside, lists, depth + 1)
    elif isinstance(value, list):
        if any(isinstance(item, (dict, list)) for item in value):
            if path in lists or not lists:
                inside.append((path, value))
            else:
                _side_by_side(value, path, cells, depth)
        else:
            cells[path] = "; ".join(_text(item) for item in value)
    else:
        cells[path] = _text(value)


def _side_by_side(items: list[Any], path: str, cells: Cells, depth: int) -> None:
    """Write the objects of a list that is not made into rows into the cells of one row, joined with semicolons."""
    if len(items) > MAX_ROWS_OF_ONE:
        raise _Odd("too_many_rows_in_one")
    for item in items:
        own: Cells = {}
        _flatten(item, path, own, [], ("",), depth + 1)
        for name, text in own.items():
            cells[name] = f"{cells[name]}; {text}" if name in cells else text


def _text(value: Any) -> str:
    if value is None:
        return ""
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(found)
    return made if len(made) == len(found) else _Twice(made)


_DECODER = json.JSONDecoder(object_pairs_hook=_pairs, parse_int=str, parse_float=str, parse_constant=str)


def _decode(text: str, start: int) -> tuple[Any, int]:
    try:
        value, end = _DECODER.raw_decode(text, start)
    except RecursionError:
        raise JsonFault("too_deep", line=_line(text, start)) from None
    except json.JSONDecodeError as error:
        raise JsonFault(
            "not_json", line=_line(text, error.pos), got=f"{error.msg}: {text[error.pos : error.pos + 30]!r}"
        ) from None
    return value, int(end)


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1


def _lines(stream: TextIO) -> Iterator[Item]:
    stream.seek(0)
    number = 0
    while text := stream.readline(MAX_OBJECT + 1):
        number += 1
        if len(text) > MAX_OBJECT and not text.endswith("\n"):
            while (rest := stream.readline(MAX_OBJECT)) and not rest.endswith("\n"):
                pass
            yield number, text[:1_000], "line_too_long"
        elif text.strip():
            try:
                value, end = _decode(text, _skip(text, 0))
            except JsonFault as fault:
                yield number, text.strip(), "not_json_line" if fault.code == "not_json" else "too_deep_inside"
            else:
                whole = isinstance(value, dict) and not text[end:].strip()
                yield number, value if whole else text.strip(), "" if whole else "not_an_object"


def _objects(text: str, left_out: list[str]) -> Iterator[Item]:
    """Yield the objects of a whole text: of its one list, or its roots one after the other."""
    at = _skip(text, 0)
    if at == len(text):
        raise JsonFault("empty_file")
    if text[at] == "[":
        yield from _numbered(value for value, _ in _list(text, at))
        return
    if text[at] != "{":
        raise JsonFault("not_json", line=_line(text, at), got=repr(text[at : at + 30]))
    names, others, end = _lists_of(text, at)
    if _skip(text, end) < len(text):
        yield from _numbered(_roots(text, at))
    elif len(names) == 1:
        left_out[:] = others
        yield from _numbered(value for value, _ in _list(text, next(iter(names.values()))))
    elif not names and others:
        yield from _numbered(_roots(text, at))
    else:
        raise JsonFault("no_one_list", got=", ".join(names)[:200] or "none")


def _numbered(values: Iterable[Any]) -> Iterator[Item]:
    for number, value in enumerate(values, start=1):
        whole = isinstance(value, dict)
        yield number, value if whole else json.dumps(value, ensure_ascii=False), "" if whole else "not_an_object"


def _roots(text: str, at: int) -> Iterator[Any]:
    while (at := _skip(text, at)) < len(text):
        value, at = _decode(text, at)
        yield value


def _list(text: str, at: int) -> Iterator[tuple[Any, int]]:
    """Yield each item of the list that begins at `at`, with where it ends; the text after the list must be what it may be."""
    at = _skip(text, at + 1)
    if text[at : at + 1] == "]":
        return
    while True:
        value, at = _decode(text, at)
        yield value, at
        at = _skip(text, at)
        sign = text[at : at + 1]
        if sign not in (",", "]"):
            raise JsonFault("not_json", line=_line(text, at), got=repr(text[at : at + 30]) if sign else "the end of the file")
        at = _skip(text, at + 1)
        if sign == "]":
            return


def _lists_of(text: str, at: int) -> tuple[dict[str, int], list[str], int]:
    """Return the lists with objects right under a root object (name -> where), the other names, and where the object ends."""
    root, end = _decode(text, at)
    names = {name: 0 for name, value in root.items() if isinstance(value, list) and any(isinstance(one, dict) for one in value)}
    others = [name for name in root if name not in names]
    del root
    if len(names) == 1:
        place = _skip(text, at + 1)
        while True:
            name, place = _decode(text, place)
            place = _skip(text, _skip(text, place) + 1)
            if name in names:
                names[name] = place
                break
            _, place = _decode(text, place)
            place = _skip(text, _skip(text, place) + 1)
    return names, others, end


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t\r\n":
        at += 1
    return at
