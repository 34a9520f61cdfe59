"""The register page: find anything by typing, open it, see why it is so, change it with a reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .page import Node, h, show
from .parts import count, messages, tag
from .register_card import draw_card
from .register_form import form
from .register_model import RegisterModel
from .register_reading import EDITORS, SEARCHED, Draft, Hit, Problem
from .register_words import KINDS
from .session import Session


def view() -> None:
    """Show the register page."""
    show(lambda session: RegisterModel(session.wb, session.roles), draw, keys)


def keys(model: RegisterModel) -> Mapping[str, Any]:
    """Return what each key does in the state the model is in."""
    always: dict[str, Any] = {"?": ["toggle_help", {}], "/": ["focus", "#search"]}
    if model.draft is not None or model.editing is not None or model.merging is not None:
        return {**always, "Escape": ["cancel", {}]}
    if model.card is None:
        return always
    changing = {"e": ["edit", {}]} if not model.card.seq and model.may("edit") else {}
    return {**always, **changing, "b": ["back", {}], "h": ["look", {"tab": "history"}], "r": ["look", {"tab": "record"}]}


def draw(model: RegisterModel, session: Session) -> Node:  # noqa: ARG001  every view is called alike
    """Return the page for the state the model is in."""
    return h(
        "div",
        _head(model),
        messages(model.notice),
        _help() if model.help else None,
        *_body(model),
        class_="wb register",
    )


def _body(model: RegisterModel) -> Sequence[Node | None]:
    if model.draft is not None:
        return [_draft(model.draft)]
    if model.card is not None:
        return draw_card(model)
    if model.hits is not None:
        return [_hits(model)]
    return [_counts(model), _problems(model), _newest(model)]


def _head(model: RegisterModel) -> Node:
    kinds = [h("option", "Everything", value="", selected=not model.only)]
    kinds += [h("option", KINDS[name][1], value=name, selected=name == model.only) for name in SEARCHED]
    search = h(
        "form",
        h("div", h("label", "Find a name, a title or any number", for_="search"),
          h("input", id="search", name="text", type="search", value=model.asked, autocomplete="off", on="search",
            data_live=True, placeholder="malaika makeba, T-034.524.680-1, Ɖɔkpɛ, …"), class_="field"),
        h("div", h("label", "Among", for_="only"), h("select", kinds, id="only", on="show_only"), class_="field small"),
        on="search",
        class_="row searching",
        role="search",
    )  # fmt: skip
    new = h(
        "details",
        h("summary", "Register something new"),
        h("div", [h("button", one, on="start", args={"kind": name}) for name, (one, _) in KINDS.items()], class_="row"),
    )
    return h(
        "div",
        h("div", h("h1", "Register"),
          h("button", h("kbd", "?", aria_hidden="true"), "Keys", on="toggle_help",
            aria_expanded="true" if model.help else "false"), class_="head"),
        search,
        new if model.may("start") else None,
        class_="card",
    )  # fmt: skip


def _hits(model: RegisterModel) -> Node:
    if not model.hits:
        where = f" among {KINDS[model.only][1].lower()}" if model.only else ""
        return h(
            "section",
            h("h2", f"Nothing{where} is like “{model.asked}”", role="status"),
            h("p", "Try fewer letters, another spelling, or a number; scripts and accents do not matter."),
            h("button", "Look among everything", on="show_only", args={"value": ""}) if model.only else None,
            class_="card",
        )
    says = "1 record" if len(model.hits) == 1 else f"{len(model.hits)} records"
    return h(
        "section",
        h("h2", f"{says} like “{model.asked}”, best first", role="status"),
        h("ul", [_hit(each) for each in model.hits], class_="plain", data_arrows="button"),
        class_="card",
    )


def _hit(each: Hit) -> Node:
    return h(
        "li",
        h("div",
          h("button", h("bdi", each.title or each.id), on="open", args={"kind": each.kind, "id": each.id}, class_="plain"),
          h("span", tag(KINDS[each.kind][0]), " ", h("code", each.id)), class_="spread"),
        h("small", h("bdi", each.about), " · " if each.about and each.matched else None, each.matched)
        if each.about or each.matched else None,
    )  # fmt: skip


def _counts(model: RegisterModel) -> Node:
    if not any(model.counts.values()):
        return h(
            "section",
            h("h2", "The register is empty"),
            h("p", "Take in a spreadsheet with the notebooks in notebooks/onboarding, clean a file on the page Cleaning, or "
                   "register something by hand above."),
            class_="card",
        )  # fmt: skip
    return h(
        "div",
        [h("div", h("span", count(model.counts.get(name, 0)), class_="figure"), h("small", many), class_="card tile")
         for name, (_, many) in KINDS.items()],
        class_="grid small",
    )  # fmt: skip


def _problems(model: RegisterModel) -> Node:
    rows = [_problem(each) for each in model.problems]
    head = h("thead", h("tr", [h("th", name, scope="col") for name in ("Record", "Rule", "What to do", "Money waiting")]))
    return h(
        "section",
        h("div", h("h2", "What needs somebody, dearest first"), h("button", "Check every record now", on="find_problems"),
          class_="spread"),
        h("p", f"The {len(rows)} dearest of {count(model.found_problems)}.", class_="quiet") if rows else None,
        h("div", h("table", head, h("tbody", rows), class_="stack"), class_="scroll") if rows
        else h("p", "Nothing was looked for yet. Checking judges every record by every rule.", class_="quiet"),
        class_="card",
    )  # fmt: skip


def _problem(each: Problem) -> Node:
    name = h("button", h("bdi", each.title or each.id), on="open", args={"kind": each.kind, "id": each.id, "tab": "problems"},
             class_="plain")  # fmt: skip
    return h(
        "tr",
        h("td", name, data_label="Record"),
        h("td", each.rule, data_label="Rule"),
        h("td", each.what_to_do, data_label="What to do"),
        h("td", each.waiting or "–", data_label="Money waiting", class_="number"),
    )


def _newest(model: RegisterModel) -> Node:
    rows = [_hit(each) for each in model.newest]
    body = h("ul", rows, class_="plain") if rows else h("p", "Nothing yet.", class_="quiet")
    return h("section", h("h2", "Changed last"), body, class_="card")


def _draft(draft: Draft) -> Node:
    one = KINDS[draft.kind.name][0].lower()
    alike = [_look_alike(each) for each in draft.look_alikes]
    warning = (
        h("section", h("h2", "Is it one of these?", role="alert"), h("ul", alike, class_="plain"), class_="card")
        if alike
        else None
    )
    return h(
        "div",
        warning,
        form(
            draft.kind,
            draft.values,
            on="register",
            title=f"New {one}",
            action="Register",
            sure="It is somebody else, because" if alike else "",
        ),
        key="draft",
    )


def _look_alike(each: Mapping[str, Any]) -> Node:
    party_id = str(each["id"])
    name = h("button", h("bdi", str(each.get("name", ""))), on="open", args={"kind": "party", "id": party_id}, class_="plain")
    return h("li", h("div", name, h("code", party_id), class_="spread"), h("small", str(each.get("evidence", ""))))


def _help() -> Node:
    lines = [
        ("/", "find something"),
        ("↑ ↓", "walk through what was found"),
        ("E", "edit the open record"),
        ("H", "its history"),
        ("R", "the record itself"),
        ("B", "back to where you came from"),
        ("Esc", "leave a form without writing"),
        ("?", "show or hide this"),
    ]
    return h(
        "section",
        h("h2", "Keys"),
        h("dl", [[h("dt", h("kbd", key)), h("dd", says)] for key, says in lines], class_="facts"),
        h("p", f"Only {' and '.join(EDITORS)} can change the register. Every change needs a reason, is written down with your "
               "name and the time, and can be undone under History. Empty a row of a form to take it out.", class_="quiet"),
        h("button", "Close", on="toggle_help"),
        class_="card",
        key="help",
    )  # fmt: skip
