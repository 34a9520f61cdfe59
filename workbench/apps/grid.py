"""The grid: a table of very many rows in a page, of which the browser holds only what is on the screen.

    grid("rows", view="7", place="2", total=100_000, columns=[{"name": "title"}], read="rows", edit="edit_cell")

The grid asks the page's model: `read` with an offset and a limit, answered by `{"view": ..., "rows": [...]}`, and `edit` with a
row, a column, the new value and what was there before, answered by `{"row": ...}` or `{"problem": ...}`. A row is the list
`[id, number, [text, ...], {column index: {"w": what it was, "e": what is wrong}}, flag]`; cells are text, and shown as text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .page import Node, Page, static


class GridPage(Page):
    """A page that may hold a grid."""

    _esm = static("grid.js") + static("page.js")
    part_style = static("cleaning.css")


def grid(
    label: str,
    *,
    view: str,
    place: str,
    total: int,
    columns: Sequence[Mapping[str, Any]],
    read: str,
    edit: str,
    sorting: str,
    undo: str,
    redo: str,
    editable: bool,
    sort: tuple[str, bool] | None = None,
    menu: Sequence[Mapping[str, Any]] = (),
    keys: Mapping[str, Any] | None = None,
    actions: Sequence[Mapping[str, Any]] = (),
    readonly: str = "",
) -> Node:
    """Return the node of a grid; `view` changes when any row may have changed, `place` when other rows are meant.

    `menu`: groups of what a column menu offers ({"title", "items": [{"label", "command", "args", "key"}]}), `keys`: letters that
    call a command for the column the person is at, `actions`: what can be done with selected rows ({"label", "command", "least",
    "most"}); `readonly` is said when somebody tries to edit who may not.
    """
    return {
        "tag": "div",
        "children": [],
        "part": "grid",
        "key": "grid",
        "options": {
            "label": label,
            "view": view,
            "place": place,
            "total": total,
            "columns": [dict(column) for column in columns],
            "sort": list(sort) if sort else None,
            "read": read,
            "edit": edit,
            "sorting": sorting,
            "undo": undo,
            "redo": redo,
            "editable": editable,
            "menu": list(menu),
            "keys": dict(keys or {}),
            "actions": list(actions),
            "readonly": readonly,
        },
    }
