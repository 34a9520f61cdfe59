"""The windows over the bench: clusters, rows side by side, facets, the recipe and help; which one is open the model says."""

from __future__ import annotations

from typing import Any

from .cleaning_finish import draw_finish
from .cleaning_menu import KEYS
from .cleaning_model import AddFacet, CleaningModel, Finish, Help, Replay, SaveRecipe
from .cleaning_rows_model import FACET_NAMES
from .cleaning_step import draw_step
from .cleaning_steps_model import METHOD_WORDS, ON_A_PAGE, ClusterChoice, Comparison, StepForm
from .cleaning_window import cancel, visible, window
from .page import Child, Node, h
from .parts import count


def dialog(model: CleaningModel) -> Node | None:
    """Return the window that is open, if one is."""
    open_ = model.dialog
    if open_ is None:
        return None
    draw = _DRAWN[type(open_)]
    return h("div", draw(model, open_), class_="veil", key=type(open_).__name__)


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
    return window(
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
            cancel("Close"),
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
            h("button", h("bdi", visible(text)), type="submit", name="pick", value=f"{number}:{at}", title="Spell all like this"),
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
    return window(
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
            cancel("Close"),
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
                h("bdi", visible(text), class_=None if text else "quiet"),
            ),
            class_="kept" if which == best else None,
        )
        if differs and able
        else h("td", h("bdi", visible(text), class_=None if text else "quiet"))
        for which, text in enumerate(said)
    ]
    return h("tr", h("th", h("bdi", column), " ≠" if differs else "", scope="row"), cells, class_="apart" if differs else None)


# ---- facets, the recipe, the end, help


def _add_facet(model: CleaningModel, _open: AddFacet) -> Node:
    columns = [h("option", each, value=each) for each in model.columns]
    kinds = [h("option", FACET_NAMES[each], value=each) for each in FACET_NAMES if each not in {"flag", "removed"}]
    whole = [("Flags", "flag"), ("Faulty lines", "error"), ("Removed rows", "removed")]
    return window(
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
        [cancel(), h("button", "Add", type="submit", class_="primary")],
        on="new_facet",
        wide=False,
    )


def _save(model: CleaningModel, open_: SaveRecipe) -> Node:
    lines = [h("li", h("bdi", each.sentence)) for each in model.steps if not each.undone]
    return window(
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
        [cancel(), h("button", "Save", type="submit", class_="primary")],
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
    return window(
        model,
        "Replay a recipe on these rows",
        [
            h("p", "Every step of the recipe is done here in order; each can be undone."),
            h("ul", lines, class_="plain choices-list") if lines else h("p", "No recipe has been saved yet.", class_="empty"),
        ],
        [cancel("Close")],
        wide=False,
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
    return window(
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
    StepForm: draw_step,
    ClusterChoice: _clusters,
    Comparison: _compare,
    AddFacet: _add_facet,
    SaveRecipe: _save,
    Replay: _replay,
    Finish: draw_finish,
    Help: _help,
}
