"""The window of one step: what an operation asks, and what it would change before it is done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .cleaning_model import CleaningModel
from .cleaning_steps_model import StepForm, rows_words
from .cleaning_window import cancel, visible, window
from .page import Node, h
from .parts import count

EXAMPLES = 8
LABELS = {
    "with": "Rules",
    "into": "Into",
    "names": "New columns",
    "value": "New text",
    "was": "Only where it says",
    "regex": "Find is a pattern",
    "by": "Rows that say the same in",
    "why": "Why",
}


def draw_step(model: CleaningModel, form: StepForm) -> Node:
    """Return the window of an operation."""
    fields = [_field(model, form, each) for each in form.operation.arguments if each.kind not in {"rows", "row", "filters"}]
    may_filter = any(each.name == "filters" for each in form.operation.arguments) and model.meant and not form.given.get("rows")
    only = (
        h(
            "label",
            h("input", type="checkbox", name="only_shown", checked=form.only_shown),
            f" Only the {count(model.total)} rows shown now",
            class_="tick wide",
        )
        if may_filter
        else None
    )
    asks = bool(form.asks and (fields or only))
    return window(
        model,
        form.operation.about,
        [
            h("p", f"For {count(len(form.given['rows']))} selected rows.", class_="quiet") if form.given.get("rows") else None,
            h("div", fields, only, class_="fields") if asks else None,
            h("p", form.problem, class_="notice problem", role="alert") if form.problem else None,
            _preview(form) if form.preview is not None else None,
        ],
        [
            cancel(),
            h(
                "button",
                "Show what changes",
                type="submit",
                name="do",
                value="preview",
                class_=None if form.preview else "primary",
            )
            if asks
            else None,
            h(
                "button",
                "Do it",
                type="submit",
                name="do",
                value="apply",
                class_="primary" if form.preview else None,
                data_first=True if not asks else None,
            ),
        ],
        on="fill_step",
        key=form.operation.name,
    )


def _preview(form: StepForm) -> Node:
    found = form.preview
    rows = [h("tr", h("td", row), _said(before, "before"), _said(after, "after")) for row, before, after in found.rows[:EXAMPLES]]
    head = h("tr", [h("th", name, scope="col") for name in ("Row", "Before", "After")])
    notes = [h("p", note, class_="notice warning") for note in found.notes[:3]]
    return h(
        "div",
        h("p", h("b", found.sentence), " ", rows_words(found.changed), role="status"),
        notes,
        h("div", h("table", h("thead", head), h("tbody", rows)), class_="scroll examples") if rows else None,
        class_="preview",
    )


def _said(text: str, kind: str) -> Node:
    return h("td", h("bdi", visible(text)), class_=kind if text else "quiet")


def _field(model: CleaningModel, form: StepForm, argument: Any) -> Node:
    """Return the field that asks for one argument; the columns a menu was opened on need not be asked for again."""
    value, name = form.given.get(argument.name), argument.name
    label = LABELS.get(name, name.replace("_", " ").capitalize())
    first = True if name == _first(form) else None
    named = {"id": f"step-{name}", "name": name, "data_first": first}
    if argument.kind == "yes":
        box = h("input", type="checkbox", name=name, checked=bool(value), data_first=first)
        return h("label", box, h("span", f"{label}. ", h("small", argument.about)), class_="tick")
    if argument.kind == "columns":
        boxes = h("div", _boxes(name, {each: each for each in model.columns}, value, first), class_="boxes", data_arrows="input")
        if not value:
            return h("fieldset", h("legend", label), boxes, class_="wide")
        return h("details", h("summary", "In ", h("bdi", ", ".join(value)), "; other columns …"), boxes, class_="wide")
    if argument.kind == "choices":
        words = {each: model.bench.transforms.get(each, each) for each in argument.choices}
        boxes = h("div", _boxes(name, words, value, first), class_="boxes", data_arrows="input")
        return h("fieldset", h("legend", label), boxes, class_="wide")
    control = _control(model, argument, value, named)
    return h(
        "div", h("label", label, for_=f"step-{name}"), control, h("small", argument.about) if argument.kind != "column" else None
    )


def _boxes(name: str, words: Mapping[str, str], value: Any, first: bool | None) -> list[Node]:
    chosen = set(value or ())
    return [
        h(
            "label",
            h("input", type="checkbox", name=f"{name}:{each}", checked=each in chosen, data_first=first if at == 0 else None),
            h("bdi", says),
            class_="tick",
        )
        for at, (each, says) in enumerate(words.items())
    ]


def _control(model: CleaningModel, argument: Any, value: Any, named: dict[str, Any]) -> Node:
    if argument.kind in {"column", "choice"}:
        options = model.columns if argument.kind == "column" else argument.choices
        return h("select", [h("option", each, value=each, selected=each == value) for each in options], **named)
    if argument.kind in {"texts", "new_columns"}:
        lines = list(value or ())
        return h("textarea", rows=max(2, len(lines)), value="\n".join(lines), placeholder="one per line", **named)
    if argument.kind == "mapping":
        pairs = "\n".join(f"{old} = {new}" for old, new in (value or {}).items())
        return h("textarea", rows=3, value=pairs, placeholder="as written = as it shall be", **named)
    mode = "numeric" if argument.kind == "whole" else None
    return h("input", value="" if value is None else str(value), autocomplete="off", dir="auto", inputmode=mode, **named)


def _first(form: StepForm) -> str:
    """Return the argument that is asked for first: the first one nothing was said of yet."""
    asked = [each.name for each in form.operation.arguments if each.kind not in {"rows", "row", "filters"}]
    unsaid = [name for name in asked if form.given.get(name) in (None, "", [])]
    return (unsaid or asked or [""])[0]
