"""One record on the page: what it says, what is odd, who collects, what names it, its papers, and its whole history."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

from ..core.documents import Document
from ..core.errors import WorkbenchError
from ..core.shares import format_percent
from .page import Child, Node, h
from .parts import ago, table, tag
from .register_fields import Field, fields_of, said
from .register_form import form, values_of
from .register_model import RegisterModel
from .register_reading import Card, Merging
from .register_words import CODES, KINDS, TAGS, field_name

SHOWN_MOVES = 12
TAB_NAMES = {
    "record": "Record",
    "problems": "Problems",
    "chain": "Who collects",
    "linked": "Named by",
    "papers": "Papers",
    "history": "History",
}


def draw_card(model: RegisterModel) -> Sequence[Node | None]:
    """Return the open record, by the side that was asked for."""
    card = model.card
    if model.editing is not None:
        values = model.editing or values_of(card.kind, card.document)
        title = f"Edit {card.title}"
        return [form(card.kind, values, on="save", title=title, action="Save", version=card.version, names=card.names)]
    sides = {
        "record": _record,
        "problems": _problems,
        "chain": _chain,
        "linked": _linked,
        "papers": _papers,
        "history": _history,
    }
    return [_head(model), _merging(model) if model.merging else sides[model.tab](model)]


def _head(model: RegisterModel) -> Node:
    card = model.card
    status = card.document.get("status") or ""
    shown = [name for name in TAB_NAMES if name != "chain" or card.kind.name == "work"]
    tabs = [
        h("button", TAB_NAMES[name], on="look", args={"tab": name}, class_="plain",
          aria_current="page" if name == model.tab else None)
        for name in shown
    ]  # fmt: skip
    then = (
        h("p", f"This is the record as it stood after entry {card.seq}, {card.at[:16].replace('T', ' ')} UTC. ",
          h("button", "Show it as it is now", on="look", args={"tab": "record"}), class_="notice warning")
        if card.seq else None
    )  # fmt: skip
    edit = h("button", h("kbd", "E", aria_hidden="true"), "Edit", on="edit", class_="primary", aria_keyshortcuts="e")
    return h(
        "section",
        h("div",
          h("div", h("h2", h("bdi", card.title), tabindex=-1, data_focus=card.document["id"], class_="name"),
            h("p", tag(KINDS[card.kind.name][0]), " ",
              tag(CODES["status"].get(status, status), TAGS.get(status, "info")) if status else None, " ",
              h("code", card.document["id"]))),
          h("div", h("button", h("kbd", "B", aria_hidden="true"), "Back", on="back", aria_keyshortcuts="b"),
            edit if model.may("edit") and not card.seq else None, class_="row"),
          class_="head"),
        then,
        h("div", tabs, role="navigation", aria_label="Sides of the record", class_="row tabs"),
        class_="card",
        key=card.document["id"],
    )  # fmt: skip


def _record(model: RegisterModel) -> Node:
    card = model.card
    own = [(one, card.document.get(one.name)) for one in fields_of(card.kind) if one.name != "status"]
    facts = [(one.label, _value(one, value, card)) for one, value in own if said(one, value, card.names)]
    parts = [_part(card, part) for part in card.kind.parts if card.document.get(part)]
    return h(
        "div",
        h("section", h("dl", [[h("dt", label), h("dd", value)] for label, value in facts], class_="facts"), class_="card"),
        parts,
        _contact(model) if card.kind.name == "party" else None,
        _one_with(model) if model.may("compare") and not card.seq and hasattr(model.desks[card.kind.name], "merge") else None,
    )


def _value(one: Field, value: object, card: Card) -> Child:
    text = said(one, value, card.names)
    if one.refers_to in KINDS and value:
        return h("button", h("bdi", text), on="open", args={"kind": one.refers_to, "id": str(value)}, class_="plain")
    return h("bdi", text)


def _part(card: Card, part: str) -> Node:
    rows: list[Document] = card.document[part]
    fields = [one for one in fields_of(card.kind, part) if any(said(one, row.get(one.name), card.names) for row in rows)]
    numbers = [at for at, one in enumerate(fields) if one.shown_as in ("percent", "duration", "whole")]
    body = [[_value(one, row.get(one.name), card) for one in fields] for row in rows]
    totals = [one for one in fields if one.shown_as == "percent"]
    total = [
        f"{one.label} {said(one, sum(row.get(one.name) or 0 for row in rows), {})}"
        for one in totals
        if any(row.get(one.name) for row in rows)
    ]
    return h(
        "section",
        h("h2", field_name(part)),
        table([one.label for one in fields], body, numbers),
        h("p", f"In all: {', '.join(total)}.", class_="quiet") if total else None,
        class_="card",
        key=part,
    )


def _contact(model: RegisterModel) -> Node:
    if model.contact is None:
        says = h("p", "Addresses and payment details are kept apart. Looking is written down in the journal.", class_="quiet")
        return h(
            "section",
            h("div", h("h2", "Contact and payment"), h("button", "Show", on="reveal") if model.may("reveal") else None,
              class_="spread"),
            says,
            class_="card",
        )  # fmt: skip
    rows = [(field_name(name), value) for name, value in model.contact.items() if isinstance(value, str) and value]
    rows = [(name, value) for name, value in rows if name not in ("Id", "Party", "Status")]
    for address in model.contact.get("addresses") or []:
        where = ", ".join(address[name] for name in ("lines", "postcode", "city") if address.get(name))
        rows.append((f"Address ({address.get('kind') or 'postal'})", where))
    return h(
        "section",
        h("h2", "Contact and payment"),
        h("dl", [[h("dt", name), h("dd", h("bdi", value))] for name, value in rows], class_="facts"),
        class_="card",
    )


def _one_with(model: RegisterModel) -> Node:
    card = model.card
    if card.document.get("status") == "merged":
        return _apart(model.changed_since_merge())
    return h(
        "details",
        h("summary", "The same as another record?"),
        h("form",
          h("div", h("label", "The other record", for_="f-other"),
            h("input", id="f-other", name="other", required=True, placeholder="id, number or exact name", dir="auto"),
            class_="field"),
          h("button", "Put them side by side", type="submit"), on="compare"),
        class_="card",
    )  # fmt: skip


def _apart(changed: list[str]) -> Node:
    since = [
        h("p", "These were changed since the merge:"),
        h("ul", [h("li", h("bdi", each)) for each in changed]),
        h("div", h("label", "What was changed since", for_="f-since"),
          h("select", h("option", "", value=""), h("option", "put back as it was before the merge", value="back"),
            h("option", "leave as it is now", value="keep"), id="f-since", name="since", required=True), class_="field"),
    ]  # fmt: skip
    return h(
        "form",
        h("h2", "This record was merged into another"),
        since if changed else None,
        h("div", h("label", "Why it should be a record of its own again", for_="f-unmerge"),
          h("input", id="f-unmerge", name="why", required=True, maxlength=300), class_="field"),
        h("button", "Un-merge", type="submit"),
        on="unmerge",
        class_="card",
    )  # fmt: skip


def _merging(model: RegisterModel) -> Node:
    merging = model.merging
    names = ("", merging.survivor_id, merging.other_id, "Stays", "Whose")
    head = h("tr", [h("th", name or h("span", "Field", class_="wb-hidden"), scope="col") for name in names])
    rows = [_merging_row(merging, *row) for row in merging.rows]
    swap = {"other": merging.other_id, "survivor": merging.other_id}
    moves = h("ul", [h("li", each) for each in merging.moves[:SHOWN_MOVES]])
    more = len(merging.moves) - SHOWN_MOVES
    return h(
        "form",
        h("h2", "Side by side"),
        h("div", h("table", h("thead", head), h("tbody", rows), class_="stack compare"), class_="scroll"),
        [h("p", each, class_="notice warning") for each in merging.findings],
        h("p", f"{len(merging.moves)} places will name {merging.survivor_id} instead:") if merging.moves
        else h("p", f"Nothing else names {merging.other_id}."),
        moves if merging.moves else None,
        h("p", f"and {more} more.") if more > 0 else None,
        h("input", type="hidden", name="survivor", value=merging.survivor_id),
        h("input", type="hidden", name="other", value=merging.other_id),
        h("div", h("label", "Why they are one", for_="f-merge"),
          h("input", id="f-merge", name="why", maxlength=300), class_="field"),
        h("div",
          h("button", f"Make them one, {merging.survivor_id} stays", type="submit", class_="primary"),
          h("button", "Show with these choices", type="submit", name="again", value="1"),
          h("button", "Keep the other one instead", type="button", on="compare", args=swap),
          h("button", "Cancel", type="button", on="cancel"), class_="row"),
        on="merge",
        class_="card",
    )  # fmt: skip


def _merging_row(merging: Merging, name: str, one: str, other: str, stays: str) -> Node:
    chosen = merging.chosen.get(name, "")
    choices = [("", "as the rules say"), (merging.survivor_id, "the first"), (merging.other_id, "the second")]
    select = h(
        "select",
        [h("option", says, value=value, selected=value == chosen) for value, says in choices],
        name=f"keep.{name}",
        aria_label=f"Whose {field_name(name)} stays",
    )
    return h(
        "tr",
        h("th", field_name(name), scope="row"),
        h("td", h("bdi", one), data_label=merging.survivor_id),
        h("td", h("bdi", other), data_label=merging.other_id),
        h("td", h("bdi", stays), data_label="Stays", class_="best"),
        h("td", select if one and other and one != other else None, data_label="Whose"),
        class_="differs" if one and other and one != other else None,
    )


def _problems(model: RegisterModel) -> Node:
    findings = model.findings()
    if not findings:
        return h("section", h("p", "This record keeps every rule.", class_="notice good"), class_="card")
    waiting = model.waiting()
    rows = [
        h("li",
          h("h3", each.message),
          h("p", f"got {each.got}, expected {each.expected}" if each.got and each.expected else each.got and f"got {each.got}"),
          h("p", h("b", "What to do: "), each.what_to_do) if each.what_to_do else None,
          h("small", "Rule ", h("code", each.code), f", field {each.field}" if each.field else None))
        for each in findings
    ]  # fmt: skip
    return h(
        "section",
        h("h2", f"{len(findings)} {'rule is' if len(findings) == 1 else 'rules are'} not kept"),
        h("p", h("b", waiting), " waits on this record.", class_="notice warning") if waiting else None,
        h("ul", rows, class_="plain"),
        class_="card",
    )


def _chain(model: RegisterModel) -> Node:
    asked = model.chain_asked
    rights = ["performing", "mechanical", "synchronisation"]
    question = h(
        "form",
        h("div", h("label", "Right", for_="f-right"),
          h("select", [h("option", right, value=right, selected=right == asked["right"]) for right in rights], id="f-right",
            name="right"), class_="field small"),
        h("div", h("label", "Territory (TIS code)", for_="f-territory"),
          h("input", id="f-territory", name="territory", value=asked["territory"], maxlength=6), class_="field small"),
        h("div", h("label", "On", for_="f-on"), h("input", id="f-on", name="on", type="date", value=asked["on"]),
          class_="field small"),
        h("label", h("input", type="checkbox", name="societies", checked=asked["societies"]), "up to the societies",
          class_="tick"),
        h("button", "Show", type="submit"),
        on="ask_chain",
        class_="row searching",
    )  # fmt: skip
    try:
        chain = model.chain()
    except WorkbenchError as error:
        return h("section", question, h("p", str(error), class_="notice problem"), class_="card")
    picture = chain.picture()
    source = "data:image/svg+xml;base64," + base64.b64encode(picture.svg().encode()).decode()
    links = [
        [h("bdi", row["owner"]), row["role"], h("bdi", row["collector"]), f"{format_percent(row['share_ppm'])} %", row["reason"]]
        for row in chain.frame().to_dict("records")
    ]
    return h(
        "section",
        question,
        h("div", h("img", src=source, alt=picture.text(), class_="picture"), class_="scroll") if links
        else h("p", "Nobody owns a share of this right there and then.", class_="notice warning"),
        [h("p", str(each), class_="notice warning") for each in chain.findings],
        table(["Owner", "Role", "Collects", "Share", "Why"], links, [3]) if links else None,
        class_="card",
    )  # fmt: skip


def _linked(model: RegisterModel) -> Node:
    found = model.linked()
    if not found:
        return h("section", h("p", "No other record names this one.", class_="quiet"), class_="card")
    rows = [
        h("li",
          h("div", h("button", h("bdi", each.title), on="open", args={"kind": each.kind, "id": each.id}, class_="plain"),
            h("span", tag(KINDS[each.kind][0]), " ", h("small", f"under {each.about}"), " ", h("code", each.id)),
            class_="spread"))
        for each in found
    ]  # fmt: skip
    return h("section", h("ul", rows, class_="plain", data_arrows="button"), class_="card")


def _papers(model: RegisterModel) -> Node:
    card = model.card
    rows = model.wb.attachments.of(card.kind.name, card.document["id"]).to_dict("records")
    body = [
        [h("bdi", row["title"]), row["kind"], h("bdi", row["file_name"]), row["dated_on"], h("code", row["sha256"][:12])]
        for row in rows
    ]
    return h(
        "section",
        table(["Title", "Kind", "File", "Dated", "Digest"], body) if rows
        else h("p", "No papers are kept with this record.", class_="quiet"),
        _new_paper(model) if model.may("attach") else None,
        class_="card",
    )  # fmt: skip


def _new_paper(model: RegisterModel) -> Node:
    if model.paper is None:
        return h(
            "div",
            h("label", "Keep a paper with it: a contract, a proof, a decision (up to 50 MB)", for_="f-paper"),
            h("input", type="file", id="f-paper", on="send_paper"),
            class_="field",
        )
    kinds = [h("option", says, value=code) for code, says in CODES["attachment.kind"].items()]
    return h(
        "form",
        h("h3", h("bdi", model.paper.name)),
        h("div",
          h("div", h("label", "Title", for_="f-title"), h("input", id="f-title", name="title", required=True, maxlength=200),
            class_="field"),
          h("div", h("label", "Kind", for_="f-kind"), h("select", kinds, id="f-kind", name="kind"), class_="field small"),
          h("div", h("label", "Dated", for_="f-dated"), h("input", id="f-dated", name="dated_on", type="date"),
            class_="field small"),
          h("div", h("label", "Why", for_="f-why-paper"), h("input", id="f-why-paper", name="why", required=True, maxlength=300),
            class_="field"),
          class_="row"),
        h("button", "Keep it", type="submit", class_="primary"),
        on="attach",
        key="new-paper",
    )  # fmt: skip


def _history(model: RegisterModel) -> Node:
    return h("section", h("ol", [_entry(model, row) for row in model.history()], class_="plain history"), class_="card")


def _entry(model: RegisterModel, row: dict[str, Any]) -> Node:
    source = f", from {row['file']}, line {row['line']}" if row.get("file") else ""
    head = f" by {row['who']}: "
    tail = h("small", f" (entry {row['seq']}{source})")
    return h(
        "li",
        h("div",
          h("div", h("b", ago(row["at"])), head, h("bdi", row["why"]), tail),
          h("div",
            h("button", "As it was then", on="as_it_was", args={"seq": int(row["seq"])}, class_="plain"),
            h("button", "Undo", on="undo", args={"seq": int(row["seq"])}, class_="plain danger")
            if row.get("before") and model.may("undo") else None, class_="row"),
          class_="spread"),
        h("p", h("bdi", row["changed"]), class_="quiet"),
    )  # fmt: skip
