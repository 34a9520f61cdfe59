"""Three documents become one: the common ancestor and two edits of it merge where they touch different fields.

A part (the shares of a work) counts as one field: two people's share edits, each valid, could add up to 110 %.

    ancestor  {"title": "Taa ya Pwni", "iswc": ""}
    ours      {"title": "Taa ya Pwani", "iswc": ""}                we corrected the title
    theirs    {"title": "Taa ya Pwni", "iswc": "T-990.000.017-1"}  they added the ISWC: both edits hold, nobody is asked
"""

from __future__ import annotations

from typing import Any

Document = dict[str, Any]
_ABSENT: Any = object()


def three_way(ancestor: Document | None, ours: Document, theirs: Document) -> tuple[Document, list[str]]:
    """Return (merged document, fields that both changed differently); in those fields the merged document holds ours.

    With no field in conflict the result does not depend on who is "ours". Without an ancestor every difference is a conflict.

    >>> three_way({"a": 1, "b": 1}, {"a": 2, "b": 1}, {"a": 1, "b": 3})
    ({'a': 2, 'b': 3}, [])
    >>> three_way({"a": 1}, {"a": 2}, {"a": 3})
    ({'a': 2}, ['a'])
    """
    before = ancestor or {}
    merged: Document = {}
    conflicts: list[str] = []
    for name in sorted({*before, *ours, *theirs}):
        was, mine, other = (document.get(name, _ABSENT) for document in (before, ours, theirs))
        if same(mine, other) or same(other, was):
            value = mine
        elif same(mine, was):
            value = other
        else:
            conflicts.append(name)
            value = mine
        if value is not _ABSENT:
            merged[name] = value
    return merged, conflicts


def same(one: Any, other: Any) -> bool:
    """Tell whether two values are the same; True and 1 are not."""
    if one is _ABSENT or other is _ABSENT:
        return one is other
    return type(one) is type(other) and bool(one == other)
