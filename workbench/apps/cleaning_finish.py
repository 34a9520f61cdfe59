"""The window in which cleaning ends: the cleaned file, the register after a dry run, or the register's own documents saved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .cleaning_model import CleaningModel, Finish
from .cleaning_window import cancel, window
from .page import Node, h
from .parts import count, table


def draw_finish(model: CleaningModel, open_: Finish) -> Node:
    """Return the window with the ways in which cleaning ends."""
    return window(
        model,
        "Finish",
        [_finish_register(model, open_) if model.of_register else _finish_file(model, open_)],
        [cancel("Go on cleaning")],
    )


def _finish_register(model: CleaningModel, open_: Finish) -> Node:
    return h(
        "form",
        h("h3", "Save to the register"),
        h(
            "p",
            h("b", f"{count(open_.edited)} {'document differs' if open_.edited == 1 else 'documents differ'} "),
            "from the register. "
            "Each becomes a new version, checked like any other change; one that somebody changed meanwhile is left and listed.",
        ),
        _why(),
        h(
            "button",
            "Save to the register",
            type="submit",
            class_="primary",
            disabled=not open_.edited or not model.may("save_register"),
        ),
        _outcome(open_.outcome),
        on="save_register",
    )


def _why() -> Node:
    return h(
        "div",
        h("label", "Why", for_="finish-why"),
        h("input", id="finish-why", name="why", maxlength=300, autocomplete="off", placeholder="first catalogue of 2025"),
        class_="field",
    )


def _finish_file(model: CleaningModel, open_: Finish) -> list[Node]:
    layouts = [h("option", each, value=each, selected=each == open_.layout) for each in open_.layouts]
    return [
        h(
            "form",
            h("h3", "Write the cleaned file"),
            h(
                "div",
                h(
                    "div",
                    h("label", "Name in the outbox", for_="export-name"),
                    h(
                        "input",
                        id="export-name",
                        name="name",
                        required=True,
                        maxlength=120,
                        value=open_.name,
                        autocomplete="off",
                        data_first=True,
                    ),
                    class_="field",
                ),
                h("button", "Write CSV", type="submit", name="kind", value="csv", disabled=not model.may("export")),
                h("button", "Write XLSX", type="submit", name="kind", value="xlsx", disabled=not model.may("export")),
                class_="row searching",
            ),
            on="export",
        ),
        h("hr"),
        h(
            "form",
            h("h3", "Hand it on to the register"),
            h("p", "A dry run first: it says what would become of every line, and writes nothing."),
            h(
                "div",
                h(
                    "div",
                    h("label", "Layout", for_="finish-layout"),
                    h("select", layouts, id="finish-layout", name="layout"),
                    class_="field small",
                ),
                _why(),
                class_="row",
            ),
            h(
                "button",
                "Dry run",
                type="submit",
                name="do",
                value="look",
                class_=None if open_.outcome else "primary",
                disabled=not model.may("hand_on"),
            ),
            " ",
            h(
                "button",
                "Load into the register",
                type="submit",
                name="do",
                value="load",
                class_="primary" if open_.outcome else None,
                disabled=not open_.looked or not model.may("hand_on"),
            ),
            _outcome(open_.outcome),
            on="hand_on",
        ),
    ]


def _outcome(outcome: Mapping[str, Any] | None) -> Node | None:
    if not outcome:
        return None
    return h(
        "div",
        h("p", h("b", outcome["says"]), role="status"),
        table(("Line", "Column", "What", "What to do"), outcome["findings"]) if outcome["findings"] else None,
        h("p", f"and {count(outcome['more'])} more", class_="quiet") if outcome.get("more") else None,
        class_="outcome",
    )
