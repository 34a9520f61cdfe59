"""The windows over the bench: a step and what it would change, clusters, rows side by side, the recipe, the end, and help."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .cleaning_menu import KEYS
from .cleaning_model import AddFacet, CleaningModel, Finish, Help, Replay, SaveRecipe
from .cleaning_rows_model import FACET_NAMES
from .cleaning_steps_model import METHOD_WORDS, ON_A_PAGE, ClusterChoice, Comparison, StepForm, rows_words
from .page import Child, Node, h
from .parts import count, messages, table

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


def dialog(model: CleaningModel) -> Node | None:
    """Return the window that is open, if one is."""
    open_ = model.dialog
    if open_ is None:
        return None
    draw = _DRAWN[type(open_)]
    return h("div", draw(model, open_), class_="veil", key=type(open_).__name__)


def _window(
    model: CleaningModel, title: Child, body: Child, buttons: Child, *, on: str = "", wide: bool = True, key: str = ""
) -> Node:
    """Return a window; with `on`, all of it is one form that calls this command. What the page has to say is said here."""
    return h(
        "form" if on else "section",
        h(
            "header",
            h("h2", title),
            h("button", "✕", on="close", aria_label="Close", data_close=True, type="button", class_="plain"),
        ),
        h("div", h("div", messages(model.notice)), body, class_="body"),
        h("footer", buttons),
        role="dialog",
        aria_modal="true",
        aria_label=title if isinstance(title, str) else None,
        class_="dialog" if wide else "dialog narrow",
        on=on,
        key=key,
    )


def _cancel(text: str = "Cancel") -> Node:
    return h("button", text, on="close", type="button")


# ---- one step


def _step(model: CleaningModel, form: StepForm) -> Node:
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
    return _window(
        model,
        form.operation.about,
        [
            h("p", f"For {count(len(form.given['rows']))} selected rows.", class_="quiet") if form.given.get("rows") else None,
            h("div", fields, only, class_="fields") if asks else None,
            h("p", form.problem, class_="notice problem", role="alert") if form.problem else None,
            _preview(form) if form.preview is not None else None,
        ],
        [
            _cancel(),
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
    return h("td", h("bdi", text or "(blank)"), class_=kind if text else "quiet")


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
    return h("div", h("label", label, for_=f"step-{name}"), control, h("small", argument.about))


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


# ---- clusters


def _clusters(model: CleaningModel, choice: ClusterChoice) -> Node:
    rows = sum(each.row_count for each in choice.found)
    methods = [h("option", words, value=each, selected=each == choice.method) for each, words in METHOD_WORDS.items()]
    able = model.may("fill_clusters")
    pages = (len(choice.found) - 1) // ON_A_PAGE + 1
    head = h("tr", [h("th", name, scope="col") for name in ("Merge", "Found spellings, with rows", "All become")])
    body = [_cluster(choice, number) for number in choice.shown]
    turn = (
        h(
            "span",
            h("button", "‹ Back", type="submit", name="do", value="back", disabled=choice.page == 0),
            " ",
            h("span", f"page {choice.page + 1} of {pages}"),
            " ",
            h("button", "Next ›", type="submit", name="do", value="next", disabled=choice.page + 1 >= pages),
            class_="row push",
        )
        if pages > 1
        else None
    )
    return _window(
        model,
        f"Same thing, one spelling: {choice.column}",
        [
            # the first button of a form is what Enter means in a field: here it only takes in what was typed
            h("button", "Keep", type="submit", name="do", value="keep", class_="wb-hidden", tabindex=-1, aria_hidden="true"),
            h(
                "div",
                h(
                    "div",
                    h("label", "How to look", for_="method"),
                    h("select", methods, id="method", on="choose_method", data_first=True),
                    class_="field",
                ),
                h("p", h("b", count(len(choice.found))), " clusters, ", h("b", count(rows)), " rows", role="status"),
                h("button", "Tick all", type="submit", name="do", value="all", disabled=not choice.found),
                h("button", "Tick none", type="submit", name="do", value="none", disabled=not choice.ticked),
                class_="row spread",
            ),
            h("p", "Nothing left to merge this way. Try another way to look.", class_="empty") if not choice.found else None,
            h("table", h("thead", head), h("tbody", body, key=f"{choice.method}-{choice.drawn}-{choice.page}"), class_="clusters")
            if choice.found
            else None,
        ],
        [
            turn,
            _cancel("Close"),
            h(
                "button",
                "Merge what is ticked",
                type="submit",
                name="do",
                value="merge",
                class_="primary",
                disabled=not able or not choice.found,
            ),
        ],
        on="fill_clusters",
    )


def _cluster(choice: ClusterChoice, number: int) -> Node:
    found = choice.found[number]
    words = [
        h(
            "li",
            h("button", h("bdi", text), type="submit", name="pick", value=f"{number}:{at}", title="Spell all like this"),
            h("span", count(rows), class_="quiet"),
        )
        for at, (text, rows) in enumerate(found.values[:12])
    ]
    if len(found.values) > 12:
        words.append(h("li", f"and {count(len(found.values) - 12)} more"))
    spelled = choice.spelled[number]
    return h(
        "tr",
        h(
            "td",
            h(
                "input",
                type="checkbox",
                name=f"tick{number}",
                checked=number in choice.ticked,
                aria_label=f"Merge into {spelled}",
            ),
        ),
        h("td", h("ul", words)),
        h(
            "td",
            h(
                "input",
                type="text",
                name=f"spelled{number}",
                value=spelled,
                dir="auto",
                autocomplete="off",
                aria_label=f"Spelling for {len(found.values)} values, {found.row_count} rows",
            ),
        ),
        class_="cluster-row",
        key=f"{number}",
    )


# ---- rows side by side


def _compare(model: CleaningModel, comparison: Comparison) -> Node:
    able = model.may("merge_rows")
    head = h(
        "tr",
        h("th", "Field", scope="col"),
        [h("th", f"Row {row}", " (stays)" if at == 0 else "", scope="col") for at, row in enumerate(comparison.ids)],
    )
    body = [_compared(comparison, at, able) for at in range(len(comparison.fields))]
    differing = sum(comparison.differs(said) for _, said in comparison.fields)
    return _window(
        model,
        f"{len(comparison.ids)} rows side by side",
        [
            h(
                "p",
                f"{differing} of {len(comparison.fields)} fields differ. For each, choose what the row that stays will say; "
                "the other rows are kept as merged, and undo brings them back.",
            ),
            h("div", h("table", h("thead", head), h("tbody", body), class_="merge-table"), class_="scroll"),
        ],
        [
            _cancel("Close"),
            h("button", f"Merge into row {comparison.ids[0]}", type="submit", class_="primary", disabled=not able),
        ],
        on="merge_rows",
    )


def _compared(comparison: Comparison, at: int, able: bool) -> Node:
    column, said = comparison.fields[at]
    differs = comparison.differs(said)
    best = next((which for which, text in enumerate(said) if text.strip()), 0)
    cells = [
        h(
            "td",
            h(
                "label",
                h(
                    "input",
                    type="radio",
                    name=f"from{at}",
                    value=str(which),
                    checked=which == best,
                    aria_label=f"{column}: row {comparison.ids[which]}",
                    data_first=True if differs else None,
                ),
                h("bdi", text or "(blank)", class_=None if text else "quiet"),
            ),
            class_="kept" if which == best else None,
        )
        if differs and able
        else h("td", h("bdi", text or "(blank)", class_=None if text else "quiet"))
        for which, text in enumerate(said)
    ]
    return h("tr", h("th", h("bdi", column), " ≠" if differs else "", scope="row"), cells, class_="apart" if differs else None)


# ---- facets, the recipe, the end, help


def _add_facet(model: CleaningModel, _open: AddFacet) -> Node:
    columns = [h("option", each, value=each) for each in model.columns]
    kinds = [h("option", FACET_NAMES[each], value=each) for each in FACET_NAMES if each not in {"flag", "removed"}]
    whole = [("Flags", "flag"), ("Faulty lines", "error"), ("Removed rows", "removed")]
    return _window(
        model,
        "Add a facet",
        [
            h(
                "div",
                h(
                    "div",
                    h("label", "Column", for_="facet-column"),
                    h("select", columns, id="facet-column", name="column", data_first=True),
                ),
                h("div", h("label", "What to see", for_="facet-kind"), h("select", kinds, id="facet-kind", name="kind")),
                class_="fields",
            ),
            h(
                "p",
                "Or of the rows themselves: ",
                [
                    [h("button", label, on="new_facet", args={"column": "#", "kind": kind}, type="button", class_="small"), " "]
                    for label, kind in whole
                ],
            ),
        ],
        [_cancel(), h("button", "Add", type="submit", class_="primary")],
        on="new_facet",
        wide=False,
    )


def _save(model: CleaningModel, open_: SaveRecipe) -> Node:
    lines = [h("li", h("bdi", each.sentence)) for each in model.steps if not each.undone]
    return _window(
        model,
        "Save the recipe",
        [
            h(
                "div",
                h(
                    "div",
                    h("label", "Name", for_="recipe-name"),
                    h(
                        "input",
                        id="recipe-name",
                        name="name",
                        required=True,
                        maxlength=80,
                        value=open_.name,
                        data_first=True,
                        autocomplete="off",
                    ),
                ),
                h(
                    "div",
                    h("label", "What it is for", for_="recipe-about"),
                    h("input", id="recipe-about", name="about", maxlength=300, autocomplete="off"),
                ),
                class_="fields",
            ),
            h("ol", lines),
        ],
        [_cancel(), h("button", "Save", type="submit", class_="primary")],
        on="save_recipe",
        wide=False,
    )


def _replay(model: CleaningModel, open_: Replay) -> Node:
    lines = [
        h(
            "li",
            h("span", h("b", h("bdi", name)), h("small", f"{count(len(each))} steps. {each.about}"), class_="what"),
            h(
                "button",
                "Replay",
                on="replay",
                args={"name": name},
                aria_label=f"Replay {name}",
                data_first=True if at == 0 else None,
            ),
        )
        for at, (name, each) in enumerate(open_.recipes)
    ]
    return _window(
        model,
        "Replay a recipe on these rows",
        [
            h("p", "Every step of the recipe is done here in order; each can be undone."),
            h("ul", lines, class_="plain choices-list") if lines else h("p", "No recipe has been saved yet.", class_="empty"),
        ],
        [_cancel("Close")],
        wide=False,
    )


def _finish(model: CleaningModel, open_: Finish) -> Node:
    return _window(
        model,
        "Finish",
        [_finish_register(model, open_) if model.of_register else _finish_file(model, open_)],
        [_cancel("Go on cleaning")],
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


def _help(model: CleaningModel, _open: Help) -> Node:
    parts = [
        [
            h("h3", title),
            h(
                "ul",
                [h("li", h("span", [_keys(key)], class_="which"), h("span", says)) for key, says in keys],
                class_="keys-list",
            ),
        ]
        for title, keys in KEYS
    ]
    return _window(
        model,
        "Keys of the bench",
        [
            h("p", "Nothing here changes the file itself. Every step goes into the recipe and can be undone, also tomorrow."),
            parts,
        ],
        [h("button", "Close", on="close", data_first=True)],
    )


def _keys(text: str) -> list[Child]:
    """Return keys as they are shown: each in its frame."""
    parts = text.replace(" or ", ", ").split(", ")
    return [[h("kbd", each), " "] for each in parts]


_DRAWN: dict[type[Any], Any] = {
    StepForm: _step,
    ClusterChoice: _clusters,
    Comparison: _compare,
    AddFacet: _add_facet,
    SaveRecipe: _save,
    Replay: _replay,
    Finish: _finish,
    Help: _help,
}
