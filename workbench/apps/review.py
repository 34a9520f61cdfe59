"""The review page: a doubt and its candidates side by side, field by field, and one key for each ruling."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .page import Node, h, show
from .parts import about, count, messages, tag
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
        _help() if model.help else None,
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
            h("p", h("b", count(done)), " ruled today by you, ", h("b", count(left)), " left ",
              h("progress", max=done + left or 1, value=done, aria_label=f"{done} ruled today, {left} left"),
              class_="lead gauge"),
            class_="beside",
        ),
        h("div", h("label", "Usage", for_="batch"), h("select", options, id="batch", on="look_at"), class_="inline"),
        class_="head",
    )  # fmt: skip


def _facts(model: ReviewModel) -> Node:
    doubt = model.doubt
    minutes = f"{count(doubt.seconds // 60)} minutes" if doubt.seconds >= 60 else f"{doubt.seconds} seconds"
    amount = f"{_number(doubt.lines, 'line')} · {_number(doubt.plays, 'play')} · {minutes}"
    return h(
        "section",
        h("h2", h("bdi", doubt.title or "(no title)"), tabindex=-1, data_focus=doubt.key, data_still=True),
        h("p", h("span", about(doubt.money_micros, model.wb.config.currency), " at stake", class_="money"),
          f" · {amount} · first seen as ", h("code", doubt.usage_id), h("br"),
          h("small", " ".join(doubt.reasons) or "No candidate stands out.")),
        key=doubt.key,
        class_="doubt",
    )  # fmt: skip


def _number(number: int, name: str) -> str:
    return f"{count(number)} {name}{'' if number == 1 else 's'}"


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
        h("th", "Reported", scope="col", class_="usage"),
        [_candidate_head(number, each, doubt.key) for number, each in enumerate(candidates, 1)],
    )
    rows = [
        h(
            "tr",
            h("th", FIELD_NAMES.get(name, name.capitalize()), scope="row"),
            h("td", h("bdi", said.get(name) or "–"), class_="usage", data_label=FIELD_NAMES.get(name, name)),
            [_cell(each, name, best=number == 1) for number, each in enumerate(candidates, 1)],
        )
        for name in fields
    ]
    table = h(
        "table",
        h("caption", "The reported line and its candidates, field by field", class_="wb-hidden"),
        h("thead", head),
        h("tbody", rows),
        class_="compare",
        key=doubt.key,
    )
    return h("div", table, class_="scroll card tight", tabindex=0, role="region", aria_label="Comparison")


def _candidate_head(number: int, candidate: Any, key: str) -> Node:
    percent = candidate.probability_ppm * 100 // 1_000_000
    likely = f"{percent or 'under 1'}\u00a0% likely"
    return h(
        "th",
        tag(candidate.kind),
        h("span", likely, class_="likely"),
        h("small", h("code", candidate.id)),
        h("button", h("kbd", str(number), aria_hidden="true"), "This one", on="choose", args={"number": number, "key": key},
          data_with="why", class_="primary" if number == 1 else None, aria_keyshortcuts=str(number),
          aria_label=f"This one: candidate {number}, {candidate.title}"),
        scope="col",
        class_="best" if number == 1 else None,
    )  # fmt: skip


def _cell(candidate: Any, name: str, *, best: bool) -> Node:
    part = next((part for part in candidate.fields if part.field == name), None)
    value, points = (part.candidate_value, part.points) if part else ("", 0)
    if part is None or not (part.usage_value and value):
        says, kind = ("not reported" if value else "not known"), "nothing"
    elif points > 0:
        says, kind = f"✓ for, +{points}", "for"
    elif points < 0:
        says, kind = f"✗ against, −{-points}", "against"
    else:
        says, kind = "does not count", "nothing"
    return h("td", h("bdi", value), h("span", says, class_=f"says {kind}"), class_="best" if best else None)


def _ruling(text: str, key: str, on: str, args: Mapping[str, Any]) -> Node:
    return h("button", h("kbd", key.upper(), aria_hidden="true"), text, on=on, args=args, data_with="why", aria_keyshortcuts=key)


def _actions(model: ReviewModel) -> Node:
    key = {"key": model.doubt.key}
    hint = model.reason(1) if model.candidates else "no candidate fits, compared by eye in match review"
    return h(
        "div",
        h(
            "div",
            h("label", "Why", h("span", ", if other than shown", class_="wb-hidden"), for_="why"),
            h("input", id="why", name="why", placeholder=hint, maxlength=300, autocomplete="off", key=model.doubt.key),
            class_="field inline",
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


def _help() -> Node:
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
        h("p", "Points: ten of them double the odds. A ruling holds for every line that says the same, also in later reports, "
               "until it is undone. Money at stake is an estimate, for the order of work only.", class_="quiet"),
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
