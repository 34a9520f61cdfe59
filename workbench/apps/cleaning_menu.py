"""What the menu of a column offers, and the keys of the bench: one list, read by the grid, the help and the tests."""

from __future__ import annotations

from typing import Any


def _facet(label: str, kind: str, key: str = "") -> dict[str, Any]:
    return {"label": label, "command": "add_facet", "args": {"kind": kind}, "key": key}


def _step(label: str, op: str, *, ask: bool = True, key: str = "", **given: Any) -> dict[str, Any]:
    return {"label": label, "command": "start_step", "args": {"op": op, "ask": ask, **given}, "key": key}


def _clean(label: str, *rules: str) -> dict[str, Any]:
    return _step(label, "transform", ask=False, **{"with": list(rules)})


LOOK: list[dict[str, Any]] = [
    {
        "title": "Facet",
        "items": [
            _facet("Values with counts", "text", "f"),
            _facet("Numbers", "number"),
            _facet("Dates", "date"),
            _facet("Blank or filled", "blank", "b"),
            _facet("Faults", "error", "e"),
            _facet("Scripts", "script"),
            _facet("Length", "length"),
            _facet("Duplicates", "duplicate"),
        ],
    },
    {
        "title": "Rows",
        "items": [
            {"label": "Sort upwards", "command": "sort_by", "args": {"descending": False}},
            {"label": "Sort downwards", "command": "sort_by", "args": {"descending": True}},
        ],
    },
]
"""What everybody may do, who may only look as well."""
CHANGE: list[dict[str, Any]] = [
    {
        "title": "Same thing, one spelling",
        "items": [
            {"label": "Cluster spellings …", "command": "open_clusters", "args": {}, "key": "c"},
            _step("Replace …", "replace", key="r"),
            _step("Write one text into all …", "edit_cells"),
            _step("Fill down", "fill_down", ask=False),
        ],
    },
    {
        "title": "Clean",
        "items": [
            _clean("Trim, single spaces", "trim", "collapse_spaces"),
            _clean("Capitalise as names are", "title"),
            _clean("CAPITALS", "upper"),
            _clean("small letters", "lower"),
            _clean("Write in Latin letters", "transliterate"),
            _clean("Mend garbled letters", "mend_encoding", "remove_control", "nfc"),
            _clean("Empty n/a, unknown, …", "blank_placeholders"),
            _step("Several at once …", "transform", key="t"),
        ],
    },
    {
        "title": "Names",
        "items": [
            _step("Split first and last names …", "split_names", key="n"),
            _step("Split lists of credits …", "split_credits"),
        ],
    },
    {
        "title": "Column",
        "items": [
            _step("Split …", "split_column", key="s"),
            _step("Join with others …", "join_columns", key="j"),
            _step("Copy …", "add_column", key="+"),
            _step("Rename …", "rename_column"),
            _step("Move …", "move_column"),
            _step("Remove", "remove_column", ask=False),
        ],
    },
]
"""What changes the table."""
SELECTED: list[dict[str, Any]] = [
    {
        "label": "Compare and merge",
        "command": "compare",
        "args": {},
        "least": 2,
        "most": 4,
        "title": "Two to four rows side by side",
    },
    {"label": "Flag …", "command": "start_step", "args": {"op": "flag_rows"}},
    {"label": "Remove …", "command": "start_step", "args": {"op": "remove_rows"}},
]
"""What can be done with selected rows."""
GONE: list[dict[str, Any]] = [{"label": "Bring back", "command": "start_step", "args": {"op": "restore_rows", "ask": False}}]
"""What can be done with selected rows that were removed or merged."""
KEYS: list[tuple[str, list[tuple[str, str]]]] = [
    (
        "Moving",
        [
            ("arrow keys, Tab", "from cell to cell"),
            ("Home, End", "first, last column"),
            ("Page Up, Page Down", "a screen up or down"),
            ("Ctrl+Home, Ctrl+End", "first, last cell"),
            ("g", "go to the rows"),
            ("v", "go to the facets"),
            ("/", "search in all columns"),
        ],
    ),
    (
        "Changing",
        [
            ("Enter or F2", "edit the cell"),
            ("Enter, Tab", "keep it and go down, right"),
            ("Alt+Enter", "a new line in the cell"),
            ("Escape", "leave the cell as it was"),
            ("Delete", "empty the cell"),
            ("Ctrl+Z, Ctrl+Y", "undo, redo"),
            ("Ctrl+C, Ctrl+V", "copy the cell, paste into it"),
        ],
    ),
    (
        "Columns",
        [
            ("m or Alt+↓", "menu of the column"),
            ("f", "facet with counts"),
            ("b", "facet of blank cells"),
            ("e", "facet of faults"),
            ("c", "cluster spellings"),
            ("r, t", "replace, clean"),
            ("s, j, n", "split, join, split names"),
            ("↑ to the head, Enter", "sort"),
            ("< and >", "narrower, wider"),
        ],
    ),
    (
        "Rows and windows",
        [
            ("Shift+↑, Shift+↓", "select rows"),
            ("x or Space", "select one more row"),
            ("Escape", "select none; close a window"),
            ("?", "this help"),
        ],
    ),
]


def menu(*, may_change: bool) -> list[dict[str, Any]]:
    """Return what a column's menu offers to somebody."""
    return [*LOOK, *(CHANGE if may_change else [])]


def column_keys(*, may_change: bool) -> dict[str, list[Any]]:
    """Return what a letter calls for the column a person is at."""
    items = [item for group in menu(may_change=may_change) for item in group["items"]]
    return {item["key"]: [item["command"], item["args"]] for item in items if item.get("key")}
