"""The home page: where to go, what waits, what is new, and help for whoever is here for the first time."""

from __future__ import annotations

from .home_model import HomeModel
from .page import Node, h, show
from .parts import ago, messages
from .session import Session


def view() -> None:
    """Show the home page."""
    show(lambda session: HomeModel(session.wb, session.roles), draw)


def draw(model: HomeModel, session: Session) -> Node:
    """Return the page for the state the model is in."""
    return h(
        "div",
        h(
            "div",
            h("div", h("h1", "What is waiting"), h("p", f"{model.wb.config.name}, {model.wb.config.currency}", class_="lead")),
            h("button", "Refresh", on="refresh"),
            class_="head",
        ),
        messages(model.notice),
        h("div", [_tile(tile, session) for tile in model.tiles], class_="grid"),
        _news(model),
        _help(),
        class_="wb",
    )


def _tile(tile: object, session: Session) -> Node:
    return h(
        "section",
        h("h2", tile.title),
        h("span", tile.figure, class_="figure"),
        h("p", tile.says),
        h("a", tile.does, href=session.link(tile.page), class_="button primary"),
        class_="card tile",
        aria_label=tile.title,
    )


def _news(model: HomeModel) -> Node:
    rows = [
        h(
            "tr",
            h("td", ago(each.at), data_label="When", title=each.at),
            h("td", each.who, data_label="Who"),
            h("td", each.what, data_label="What"),
            h("td", each.why, data_label="Why"),
        )
        for each in model.news
    ]
    head = h("thead", h("tr", [h("th", name, scope="col") for name in ("When", "Who", "What", "Why")]))
    table = (
        h("table", head, h("tbody", rows), class_="stack")
        if rows
        else h("p", "Nothing has been written in this book yet.", class_="quiet")
    )
    return h("section", h("h2", "What is new"), table, class_="card", aria_label="What is new")


def _help() -> Node:
    return h(
        "details",
        h("summary", "New here? How the work goes"),
        h(
            "p",
            "Licensees pay and report what they played. We find out which works and recordings that was, share the money by the "
            "board's "
            "rules, and send each right holder a statement that reaches back to every line.",
        ),
        h(
            "ol",
            h(
                "li",
                h("b", "Cleaning: "),
                "a file is looked at from every side and put right before it comes in; every step is kept as a recipe.",
            ),
            h(
                "li",
                h("b", "Match review: "),
                "the program is sure about most lines. Where it doubts, you compare and decide with one key.",
            ),
            h(
                "li",
                h("b", "Distribution run: "),
                "one person prepares it, another approves it, then it is sealed and never edited.",
            ),
            h(
                "li",
                h("b", "Synchronise: "),
                "our changes go to the central instance, other societies' changes come here. Nothing is overwritten: "
                "where two of us changed the same thing, you are asked.",
            ),
        ),
        h(
            "p",
            "Everything you do is written down with your name, the time and your reason; until money is sealed it can be undone.",
        ),
        class_="card",
    )
