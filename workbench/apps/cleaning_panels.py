"""The two side panels of the bench: facets with live counts, and the recipe as sentences."""

from __future__ import annotations

from typing import Any
from zlib import crc32

from .cleaning_model import CleaningModel
from .cleaning_rows_model import FACET_NAMES, ROW, WITHOUT_VALUES, OpenFacet
from .cleaning_window import visible
from .page import Child, Node, h
from .parts import count

MOST_STEPS = 200
RANGES = ("number", "date", "length")


def facets(model: CleaningModel) -> Node:
    """Return the panel of facets."""
    return h(
        "section",
        h("div", h("h2", "Facets"), h("button", "Add …", on="open_facets", title="Choose a column and a kind"), class_="spread"),
        h("p", "Go to a column and press ", h("kbd", "f"), ", or open its menu with ", h("kbd", "m"), ".", class_="empty")
        if not model.facets
        else None,
        [_facet(model, at, each) for at, each in enumerate(model.facets)],
        class_="panel facets",
        aria_label="Facets",
        id="facets",
        tabindex=-1,
    )


def _facet(model: CleaningModel, at: int, facet: OpenFacet) -> Node:
    found = model.counted(facet)
    chosen = model.filter_of(facet)
    name = "row" if facet.column == ROW else facet.column
    here = {"at": at}
    return h(
        "section",
        h(
            "div",
            h("h3", h("bdi", name), h("small", f" · {FACET_NAMES[facet.kind]}"), title=name),
            h(
                "span",
                h("button", "↔", on="invert", args=here, title="Turn the choice round", aria_label=f"Invert the choice in {name}")
                if chosen
                else None,
                h("button", "↺", on="clear_facet", args=here, title="Choose nothing", aria_label=f"Choose nothing in {name}")
                if chosen
                else None,
                h("button", "✕", on="close_facet", args=here, title="Close", aria_label=f"Close the facet {name}"),
                class_="icons",
            ),
            class_="spread",
        ),
        _range(model, at, facet, found, chosen) if facet.kind in RANGES else _values(at, facet, found, chosen),
        class_="facet",
        key=f"{facet.column}/{facet.kind}",
        aria_label=f"Facet {name}, {FACET_NAMES[facet.kind]}",
    )


def _values(at: int, facet: OpenFacet, found: Any, chosen: dict[str, Any] | None) -> list[Child]:
    here = {"at": at}
    on = set((chosen or {}).get("values", ()))
    two = facet.kind in WITHOUT_VALUES
    if facet.kind == "removed" and chosen:
        on = {each.value for each in found.values}
    elif two and chosen:
        on = {"false" if chosen.get("not") else "true"}
    lines = [_line(at, each.value, each.label, each.count, each.value in on) for each in found.values]
    if found.blank and not two:
        lines.append(
            _line(at, "", "(blank)", found.blank, "" in on)
            if facet.kind == "text"
            else h(
                "li",
                h("label", h("span", _nothing(facet.kind), class_="value none"), h("span", count(found.blank), class_="many")),
            )
        )
    search = h(
        "input",
        type="search",
        placeholder="find a value",
        aria_label=f"Find a value of {facet.column}",
        value=facet.search,
        on="search_facet",
        args=here,
        data_live=True,
        autocomplete="off",
    )
    many = facet.kind == "text" and (found.distinct > 12 or facet.search)
    negated = bool(chosen and chosen.get("not") and not two)
    return [
        h("div", search if many else None),
        h("ul", lines, data_arrows="input", aria_label=f"Values of {facet.column}"),
        h("p", "Nothing.", class_="empty") if not lines else None,
        h(
            "div",
            h("b", "but these") if negated else None,
            h("span", f"{count(found.distinct)} different") if facet.kind == "text" else None,
            h("button", "by count" if facet.by == "value" else "by A–Z", on="order_facet", args=here) if many else None,
            h("button", f"{count(found.more)} more …", on="more_values", args=here) if found.more else None,
            class_="foot",
        ),
    ]


def _nothing(kind: str) -> str:
    return {"error": "no fault", "flag": "no flag"}.get(kind, "(blank)")


def _line(at: int, value: str, label: str, number: int, on: bool) -> Node:
    return h(
        "li",
        h(
            "label",
            h("input", type="checkbox", checked=on, on="choose_value", args={"at": at, "label": value}, id=_mark(at, value)),
            h("span", visible(label), class_="value" if label and label != "(blank)" else "value none", dir="auto", title=label),
            h("span", count(number), class_="many"),
            class_="on" if on else None,
        ),
        key=value,
    )


def _mark(at: int, value: str) -> str:
    """Return a name for the box of a value, so that the page gives it the focus again when it has moved up."""
    return f"v{at}-{crc32(value.encode('utf-8', 'surrogatepass')):x}"


def _range(model: CleaningModel, at: int, facet: OpenFacet, found: Any, chosen: dict[str, Any] | None) -> list[Child]:
    low, high = (chosen or {}).get("low", ""), (chosen or {}).get("high", "")
    most = max((each.count for each in found.values), default=1)
    bars = [
        h(
            "button",
            h("span", data_high=str(max(1, round(20 * each.count / most)) if each.count else 0)),
            on="choose_range",
            args={"at": at, "low": each.low, "high": each.high},
            title=f"{each.label}: {count(each.count)}",
            aria_label=f"{each.label}: {count(each.count)} rows",
            aria_pressed="true" if model.within(facet, each) else "false",
            class_="in" if model.within(facet, each) else None,
            tabindex=0 if number == 0 else -1,
        )
        for number, each in enumerate(found.values)
    ]
    rest = [
        f"{count(found.blank)} blank" if found.blank else "",
        f"{count(found.error)} no {facet.kind}" if found.error else "",
    ]
    return [
        h("div", bars, class_="bars", data_arrows="button", role="group", aria_label=f"Rows by {facet.kind}"),
        h(
            "form",
            h("input", name="low", value=low, placeholder=found.low or "from", aria_label="from", autocomplete="off"),
            h("span", "to"),
            h("input", name="high", value=high, placeholder=found.high or "to", aria_label="to", autocomplete="off"),
            h("button", "Show", type="submit"),
            class_="range",
            on="choose_range",
            args={"at": at},
        ),
        h("div", [h("span", each) for each in rest if each], class_="foot"),
    ]


def recipe(model: CleaningModel) -> Node:
    """Return the panel of the recipe: what was done, each step with a way back to it."""
    steps = model.steps
    able = model.may("undo")
    left_out = max(0, len(steps) - MOST_STEPS)
    lines = [_step(model, step, able) for step in reversed(steps[left_out:])]
    first = h(
        "li",
        "As it came.",
        h("button", "back to here", on="undo_to", args={"number": 0}, aria_label="Back to the table as it came")
        if able and model.position
        else None,
        class_="last" if not model.position else None,
    )
    return h(
        "section",
        h(
            "div",
            h("h2", f"Recipe ({count(model.position)})"),
            h(
                "span",
                h("button", "Save", on="open_save", disabled=not steps or not model.may("save_recipe")),
                " ",
                h("button", "Replay", on="open_replay", disabled=not model.may("replay")),
            ),
            class_="spread",
        ),
        h(
            "ol",
            lines,
            first if not left_out else h("li", f"… and {count(left_out)} before."),
            class_="steps-list",
            reversed=True,
        ),
        class_="panel recipe",
        aria_label="Recipe",
        id="recipe",
        tabindex=-1,
    )


def _step(model: CleaningModel, step: Any, able: bool) -> Node:
    now = step.number == model.position
    back = (
        h(
            "button",
            "do again up to here" if step.undone else "back to here",
            on="undo_to",
            args={"number": step.number},
            aria_label=f"{'Do again up to' if step.undone else 'Back to'} step {step.number}",
        )
        if able and not now
        else None
    )
    kind = "undone" if step.undone else "last" if now else None
    return h(
        "li",
        h("span", f"{step.number}. ", h("bdi", step.sentence)),
        h("small", step.says, back, class_="quiet"),
        class_=kind,
        key=str(step.number),
    )
