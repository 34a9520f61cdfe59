"""The review page: a doubt and its candidates side by side, field by field, and one key for each ruling."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .page import Node, h, show
from .parts import count, messages, money, tag
from .review_model import Found, ReviewModel
from .session import Session

FIELD_NAMES = {
    "title": "Title",
    "artist": "Performer",
    "writers": "Writers",
    "duration": "Duration",
    "isrc": "ISRC",
    "iswc": "ISWC",
    "version": "Version",
}


def view() -> None:
    """Show the review page."""
    show(lambda session: ReviewModel(session.wb, session.roles), draw, keys)


def keys(model: ReviewModel) -> Mapping[str, Any]:
    """Return what each key does in the state the model is in."""
    always = {"?": ["toggle_help", {}], "u": ["undo", {}]}
    if model.doubt is None:
        return always
    key = {"key": model.doubt.key}
    chosen = {str(number): ["choose", {"number": number, **key}, ["why"]] for number in range(1, len(model.candidates) + 1)}
    return {**always, **chosen, "n": ["nothing", key, ["why"]], "s": ["skip", key], "/": ["focus", "#search"]}


def draw(model: ReviewModel, session: Session) -> Node:  # noqa: ARG001  every view is called alike
    """Return the page for the state the model is in."""
    doubt = model.doubt
    return h(
        "div",
        _head(model),
        messages(model.notice),
        _help(model) if model.help else None,
        *([_empty(model)] if doubt is None else [_facts(model), _comparison(model), _actions(model), _by_hand(model)]),
        class_="wb",
    )


def _head(model: ReviewModel) -> Node:
    options = [h("option", "All usage", value="", selected=not model.batch)]
    options += [h("option", says, value=batch, selected=batch == model.batch) for batch, says in model.batches]
    done, left = model.today, len(model.queue)
    return h(
        "div",
        h(
            "div",
            h("h1", "Match review"),
            h("p", f"{count(done)} ruled today by you, {count(left)} left", class_="lead", role="status"),
            h("progress", max=done + left or 1, value=done, aria_label=f"{done} ruled today, {left} left", class_="wide"),
        ),
        h(
            "div",
            h("label", "Usage", for_="batch"),
            h("select", options, id="batch", on="look_at"),
            class_="field small",
        ),
        class_="head",
    )


def _facts(model: ReviewModel) -> Node:
    doubt = model.doubt
    at_stake = money(doubt.money_micros // 10_000 * 10_000, model.wb.config.currency)
    minutes = f"{count(doubt.seconds // 60)} minutes" if doubt.seconds >= 60 else f"{doubt.seconds} seconds"
    return h(
        "section",
        h("h2", h("bdi", doubt.title or "(no title)"), tabindex=-1, data_focus=doubt.key, data_still=True),
        h(
            "p",
            h("span", "about ", at_stake, " at stake", class_="money"),
            f" · {count(doubt.lines)} line{'' if doubt.lines == 1 else 's'} · {count(doubt.plays)} plays · {minutes} · first seen as ",
            h("code", doubt.usage_id),
        ),
        h("p", "Why this is a doubt: ", "; ".join(doubt.reasons) or "no candidate stands out", class_="quiet"),
        key=doubt.key,
    )


def _comparison(model: ReviewModel) -> Node:
    doubt, candidates = model.doubt, model.candidates
    if not candidates:
        return h(
            "p", "No candidate was found. Search by hand below, or rule that it is not in our repertoire.", class_="notice info"
        )
    fields = list(dict.fromkeys(part.field for each in candidates for part in each.fields))
    said = {part.field: part.usage_value for each in candidates for part in each.fields}
    head = h(
        "tr",
        h("th", h("span", "Field", class_="wb-hidden"), scope="col"),
        h("th", "What was reported", scope="col", class_="usage"),
        [_candidate_head(number, each) for number, each in enumerate(candidates, 1)],
    )
    rows = [
        h(
            "tr",
            h("th", FIELD_NAMES.get(name, name.capitalize()), scope="row"),
            h("td", h("bdi", said.get(name) or "–"), class_="usage"),
            [_cell(each, name, best=number == 1) for number, each in enumerate(candidates, 1)],
        )
        for name in fields
    ]
    buttons = h(
        "tr",
        h("th", h("span", "Decide", class_="wb-hidden"), scope="row"),
        h("td", class_="usage"),
        [
            h("td", _ruling("This one", str(number), "choose", {"number": number, "key": doubt.key}, primary=number == 1),
              class_="best" if number == 1 else None)
            for number in range(1, len(candidates) + 1)
        ],
    )  # fmt: skip
    table = h(
        "table",
        h("caption", "The reported line and its candidates, field by field", class_="wb-hidden"),
        h("thead", head),
        h("tbody", rows, buttons),
        class_="compare",
        key=doubt.key,
    )
    return h("div", table, class_="scroll card", tabindex=0, role="region", aria_label="Comparison")


def _candidate_head(number: int, candidate: Any) -> Node:
    percent = candidate.probability_ppm * 100 // 1_000_000
    return h(
        "th",
        h("span", h("kbd", str(number)), " ", tag(candidate.kind)),
        h("span", f"{percent} % likely", class_="says nothing"),
        h("small", h("code", candidate.id)),
        scope="col",
        class_="best" if number == 1 else None,
    )


def _cell(candidate: Any, name: str, *, best: bool) -> Node:
    part = next((part for part in candidate.fields if part.field == name), None)
    value, points = (part.candidate_value, part.points) if part else ("", 0)
    if points > 0:
        says, kind = f"✓ speaks for it, +{points}", "for"
    elif points < 0:
        says, kind = f"✗ speaks against it, −{-points}", "against"
    else:
        says, kind = ("does not count", "nothing") if value else ("not known", "nothing")
    return h("td", h("bdi", value or "–"), h("span", says, class_=f"says {kind}"), class_="best" if best else None)


def _ruling(text: str, key: str, on: str, args: Mapping[str, Any], *, primary: bool = False) -> Node:
    return h("button", h("kbd", key.upper(), aria_hidden="true"), text, on=on, args=args, data_with="why",
             class_="primary" if primary else None, aria_keyshortcuts=key)  # fmt: skip


def _actions(model: ReviewModel) -> Node:
    key = {"key": model.doubt.key}
    hint = model.reason(1) if model.candidates else "no candidate fits, compared by eye in match review"
    return h(
        "div",
        h(
            "div",
            h("label", "Why (left empty, the text shown is written)", for_="why"),
            h("input", id="why", name="why", placeholder=hint, maxlength=300, autocomplete="off", key=model.doubt.key),
            class_="field",
        ),
        h(
            "div",
            _ruling("Not in our repertoire", "n", "nothing", key),
            _ruling("Skip", "s", "skip", key),
            _ruling("Undo", "u", "undo", {}),
            h(
                "button",
                h("kbd", "?", aria_hidden="true"),
                "Keys",
                on="toggle_help",
                aria_expanded="true" if model.help else "false",
            ),
            class_="row",
        ),
        class_="actions",
        role="group",
        aria_label="Decide",
    )


def _by_hand(model: ReviewModel) -> Node:
    form = h(
        "form",
        h("div", h("label", "Title, ISRC or ISWC", for_="search"),
          h("input", id="search", name="text", type="search", value=model.asked, autocomplete="off"), class_="field"),
        h("div", h("label", "Performer or writer", for_="people"),
          h("input", id="people", name="people", type="search", autocomplete="off"), class_="field"),
        h("button", "Search", type="submit"),
        on="search",
        class_="row searching",
        role="search",
    )  # fmt: skip
    result: Node | None = None
    if model.found is not None:
        result = (
            h("ul", [_found(each, model.doubt.key) for each in model.found], class_="plain")
            if model.found
            else h("p", f"Nothing in the register is like “{model.asked}”.", class_="quiet", role="status")
        )
    return h("section", h("h2", "None of these? Search the register"), form, result, class_="card", aria_label="Search by hand")


def _found(each: Found, key: str) -> Node:
    return h(
        "li",
        h(
            "div",
            h("div", h("b", h("bdi", each.title)), " ", tag(each.kind), h("br"),
              h("small", h("bdi", each.people or "nobody named"), " · ", each.code or "no number", " · ", h("code", each.id))),
            h("button", "This one", on="take", args={"kind": each.kind, "id": each.id, "key": key}, data_with="why",
              aria_label=f"This one: {each.title}, {each.kind} {each.id}"),
            class_="spread",
        ),
    )  # fmt: skip


def _help(model: ReviewModel) -> Node:
    lines = [
        ("1 – 5", "the line is this candidate"),
        ("N", "it is not in our repertoire"),
        ("S", "leave it for later"),
        ("U", "undo your last ruling"),
        ("/", "search the register by hand"),
        ("?", "show or hide this"),
    ]
    return h(
        "section",
        h("h2", "Keys"),
        h("dl", [[h("dt", h("kbd", key)), h("dd", says)] for key, says in lines], class_="facts"),
        h("p", "Points: ten of them double the odds. A ruling holds for every line that says the same, also in later reports, until it "
               "is undone. Money at stake is an estimate, for the order of work only.", class_="quiet"),
        h("button", "Close", on="toggle_help"),
        class_="card",
        key="help",
    )  # fmt: skip


def _empty(model: ReviewModel) -> Node:
    where = " in this usage" if model.batch else ""
    says = (
        "The program was sure about every line that was reported, or somebody has ruled on it."
        if model.batches
        else "No usage has been taken in yet: load a report in the notebook notebooks/matching, then run the matching."
    )
    return h(
        "section",
        h("h2", f"Nothing to review{where}"),
        h("p", says),
        h("div", h("button", "Look again", on="refresh", class_="primary"),
          h("button", h("kbd", "U", aria_hidden="true"), "Undo my last ruling", on="undo") if model.made else None, class_="row"),
        class_="card",
    )  # fmt: skip
