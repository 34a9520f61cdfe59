"""The cleaning bench: where to begin, then facets, rows and recipe side by side; every change previewed, recorded, undoable.

Behind the staff server `view()` shows the start page. In a notebook `show_bench(wb, bench)` shows one that is open already.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..api import Workbench
from . import cleaning_panels
from .cleaning_dialogs import dialog
from .cleaning_menu import GONE, SELECTED, column_keys, menu
from .cleaning_model import CleaningModel
from .cleaning_rows_model import filter_words
from .cleaning_start_model import REGISTER, SHEETS
from .grid import GridPage, grid
from .page import Node, h, show
from .parts import ago, count, messages
from .session import Session


def view() -> None:
    """Show the cleaning bench, from its start page."""
    show(lambda session: CleaningModel(session.wb, session.roles), draw, keys, page_class=GridPage)


def show_bench(wb: Workbench, bench: Any) -> None:
    """Show a bench that is open already in a notebook: the same page, the same steps; what is clicked is in its recipe."""
    session = Session(wb, wb.office.user, served=False)
    show(
        lambda one: CleaningModel(one.wb, one.roles, bench=bench),
        draw,
        keys,
        page_class=GridPage,
        session=session,
    )


def keys(model: CleaningModel) -> Mapping[str, Any]:
    """Return what each key does outside of the grid."""
    always = {"?": ["toggle_help", {}]}
    if model.bench is None:
        return always
    if model.dialog is not None:
        return always
    return {
        **always,
        "/": ["focus", "#find"],
        "g": ["focus", "[role=grid]"],
        "v": ["focus", ".facet li input, .facet .bars button" if model.facets else ".facets button"],
        "Ctrl+z": ["undo", {}],
        "Ctrl+y": ["redo", {}],
    }


def draw(model: CleaningModel, session: Session) -> Node:  # noqa: ARG001  every view is called alike
    """Return the page for the state the model is in."""
    if model.bench is None:
        return _start(model)
    return h(
        "div",
        _top(model),
        h("div", messages(model.notice if model.dialog is None else None), class_="says"),
        _chips(model),
        h(
            "div",
            cleaning_panels.facets(model),
            h("section", _grid(model), class_="rows", aria_label="Rows", key="rows"),
            cleaning_panels.recipe(model),
            class_="benchwork",
        ),
        dialog(model),
        class_="wb cleaning",
        key="bench",
    )


# ---- the bench


def _top(model: CleaningModel) -> Node:
    able = model.may("undo")
    more = any(each.undone for each in model.steps)
    return h(
        "div",
        h("h1", h("bdi", model.bench.name), title=model.bench.name),
        h(
            "span",
            h("b", count(model.total)),
            f" of {count(model.whole)} rows",
            class_="count",
            role="status",
            aria_live="polite",
        ),
        h(
            "input",
            type="search",
            id="find",
            name="find",
            placeholder="Search in all columns  ( / )",
            aria_label="Search in all columns",
            value=model.search,
            on="find",
            data_live=True,
            autocomplete="off",
        ),
        h(
            "span",
            h("button", "↶ Undo", on="undo", disabled=not able or not model.position, title="Ctrl+Z"),
            " ",
            h("button", "↷ Redo", on="redo", disabled=not able or not more, title="Ctrl+Y"),
            class_="push",
        ),
        h("button", "Keys ", h("kbd", "?"), on="toggle_help"),
        h("button", "Other file …", on="leave"),
        h("button", "Finish …", on="open_finish", class_="primary"),
        class_="top",
    )


def _chips(model: CleaningModel) -> Node:
    chips = [
        h(
            "li",
            h("span", words, title=words),
            h("button", "✕", on="drop_filter", args={"number": at}, aria_label=f"Take back: {words}"),
            class_="chip",
        )
        for at, words in enumerate([filter_words(one) for one in model.meant])
    ]
    if len(chips) > 1:
        chips.append(h("li", h("button", "All rows again", on="drop_filters", class_="small")))
    return h("ul", chips, class_="chips", aria_label="Filters")


def _grid(model: CleaningModel) -> Node:
    able = model.may("edit_cell")
    filtered = {each["column"] for each in model.filters}
    columns = [{"name": name, "filtered": name in filtered} for name in model.columns]
    return grid(
        model.bench.name,
        view=model.view,
        place=model.place,
        total=model.total,
        columns=columns,
        sort=model.sort,
        read="rows",
        edit="edit_cell",
        sorting="sort_by",
        undo="undo",
        redo="redo",
        editable=able,
        menu=menu(may_change=able),
        keys=column_keys(may_change=able),
        actions=_actions(model, able),
        readonly="Your role looks, and does not change: ask an analyst.",
    )


def _actions(model: CleaningModel, able: bool) -> list[dict[str, Any]]:
    """Return what can be done with selected rows: other things with rows that are only kept."""
    if any(each["kind"] == "removed" for each in model.filters):
        return GONE if able else []
    return SELECTED if able else SELECTED[:1]


# ---- where to begin


def _start(model: CleaningModel) -> Node:
    able = model.may("open_file")
    return h(
        "div",
        h(
            "div",
            h(
                "div",
                h("h1", "Cleaning bench"),
                h(
                    "p",
                    "Look at a table from every side, make it right, and keep what you did as a recipe for the next file.",
                    class_="lead",
                ),
            ),
            h("button", "Refresh", on="refresh"),
            class_="head",
        ),
        h("div", messages(model.notice), class_="says"),
        None if able else h("p", "Your role looks at projects; an analyst opens files.", class_="notice info"),
        h("div", _files(model, able), _projects(model), _register(able), class_="choices"),
        _start_help(),
        h("div", dialog(model)),
        class_="wb cleaning start",
        key="start",
    )


def _files(model: CleaningModel, able: bool) -> Node:
    lines = [
        h(
            "li",
            h(
                "span",
                h("b", h("bdi", each.name)),
                h("small", f"{size_words(each.size_bytes)}, {ago(each.changed_at)}"),
                class_="what",
            ),
            h("button", "Open", on="open_file", args={"name": each.name}, disabled=not able, aria_label=f"Open {each.name}"),
            key=each.name,
        )
        for each in model.files[:30]
    ]
    empty = h("p", "The inbox is empty. Choose a file below, or put one into the workspace's inbox and refresh.", class_="empty")
    return h(
        "section",
        h("h2", "A file"),
        h("ul", lines, class_="plain") if lines else empty,
        h("p", f"and {count(len(model.files) - 30)} more in the inbox", class_="quiet") if len(model.files) > 30 else None,
        h(
            "div",
            h("label", "From this computer", for_="upload"),
            h("input", type="file", id="upload", accept=",".join(SHEETS), on="upload", disabled=not able),
        ),
        class_="card",
        aria_label="A file",
    )


def _projects(model: CleaningModel) -> Node:
    lines = [
        h(
            "li",
            h("span", h("b", h("bdi", each.name)), h("small", each.says), class_="what"),
            h("button", "Go on", on="resume", args={"name": each.name}, aria_label=f"Go on with {each.name}"),
            key=each.name,
        )
        for each in model.project_lines[:30]
    ]
    return h(
        "section",
        h("h2", "Begun before"),
        h("ul", lines, class_="plain")
        if lines
        else h("p", "Nothing yet. What you open is kept here until you need it no more.", class_="empty"),
        class_="card",
        aria_label="Begun before",
    )


def _register(able: bool) -> Node:
    lines = [
        h(
            "li",
            h("span", name, class_="what"),
            h("button", "Open", on="open_register", args={"kind": kind}, disabled=not able, aria_label=f"Open {name}"),
        )
        for kind, name in REGISTER.items()
    ]
    return h(
        "section",
        h("h2", "Our register"),
        h("p", "Find twice-written names and gaps in what we have; nothing changes until you save.", class_="quiet"),
        h("ul", lines, class_="plain"),
        class_="card",
        aria_label="Our register",
    )


def _start_help() -> Node:
    return h(
        "details",
        h("summary", "New here? How cleaning goes"),
        h(
            "ol",
            h("li", h("b", "Look: "), "open a facet on a column and see every value with its count, what is blank, what is odd."),
            h(
                "li",
                h("b", "Put right: "),
                "cluster spellings that mean the same, edit a cell, split names, change many cells at once. "
                "You see what changes before it does.",
            ),
            h("li", h("b", "Go back: "), "every step is a sentence in the recipe; undo any of them, today or next week."),
            h(
                "li",
                h("b", "Finish: "),
                "write the cleaned file, or hand it to the register after a dry run. "
                "Save the recipe, and the next file is cleaned the same way.",
            ),
        ),
        h("p", "The file itself is never changed."),
        class_="card",
    )


def size_words(size_bytes: int) -> str:
    """Return a size for reading.

    >>> size_words(900), size_words(5_300_000)
    ('900 bytes', '5.1 MB')
    """
    if size_bytes < 1024:
        return f"{size_bytes} bytes"
    return f"{size_bytes / 1024:.0f} KB" if size_bytes < 1024**2 else f"{size_bytes / 1024**2:.1f} MB"
