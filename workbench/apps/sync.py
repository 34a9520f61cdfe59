"""The sync page: where this book stands with the central instance, the exchange, and what two people changed differently."""

from __future__ import annotations

from .page import Child, Node, h, show
from .parts import ago, count, messages, table, tag
from .session import Session
from .sync_model import Dispute, SyncModel


def view() -> None:
    """Show the sync page."""
    show(lambda session: SyncModel(session.wb, session.roles), draw)


def draw(model: SyncModel, session: Session) -> Node:  # noqa: ARG001  every view is called alike
    """Return the page for the state the model is in."""
    registered = bool(model.state.get("registered"))
    return h(
        "div",
        h(
            "div",
            h(
                "div",
                h("h1", "Synchronise"),
                h("p", "Our changes go to the central instance, other societies' come here.", class_="lead"),
            ),
            h("button", "Refresh", on="refresh"),
            class_="head",
        ),
        messages(model.notice),
        _offline(model) if model.offline else None,
        _standing(model),
        *([_exchange(model)] if registered else [_register(model)]),
        _disputes(model),
        _held(model) if model.held else None,
        class_="wb",
    )


def _offline(model: SyncModel) -> Node:
    return h(
        "div",
        h("p", h("b", "The central instance does not answer. "), "You can go on working: everything is kept here, and goes "
          "out with the next exchange. Try again in a while."),
        h("p", model.offline, class_="quiet"),
        class_="notice warning",
        role="alert",
    )  # fmt: skip


def _standing(model: SyncModel) -> Node:
    state = model.state
    to_push = int(state.get("to_push", 0))
    conflicts = len(model.disputes)
    anchored = (
        tag("✓ countersigned up to change " + count(int(state["anchored_number"])), "good")
        if state.get("anchored_number") and state.get("anchor_ok")
        else tag("✗ the journal differs from what was countersigned", "problem")
        if state.get("anchored_number")
        else tag("not countersigned yet")
    )
    pairs: list[tuple[str, Child]] = [
        ("Central instance", state.get("central_url") or "none yet"),
        ("Registered", tag("✓ yes", "good") if state.get("registered") else tag("not yet", "warning")),
        ("Last sent", ago(state.get("last_push_at", "")) or "never"),
        ("Last taken in", ago(state.get("last_pull_at", "")) or "never"),
        (
            "Our journal",
            [f"{count(int(state.get('journal_number', 0)))} changes, head ", h("code", str(state.get("journal_head", ""))[:12])],
        ),
        ("Witness", anchored),
    ]
    tiles = [
        (count(to_push), "change to send" if to_push == 1 else "changes to send"),
        (count(conflicts), "conflict to decide" if conflicts == 1 else "conflicts to decide"),
        (count(len(model.held)), "kept waiting"),
    ]
    return h(
        "section",
        h(
            "div",
            [h("div", h("span", figure, class_="figure"), h("span", says, class_="quiet")) for figure, says in tiles],
            class_="figures",
        ),
        h("dl", [[h("dt", name), h("dd", value)] for name, value in pairs], class_="facts"),
        class_="card",
        aria_label="Where this book stands",
    )


def _exchange(model: SyncModel) -> Node:
    able = model.may("exchange")
    return h(
        "section",
        h("h2", "Exchange"),
        h("div",
          h("button", "Send and take in", on="exchange", class_="primary", disabled=not able),
          h("button", "Only send", on="push", disabled=not able),
          h("button", "Only take in", on="pull", disabled=not able), class_="row"),
        h("p", "A cut line does no harm: the next exchange goes on where this one stopped, and nothing is applied twice.",
          class_="quiet"),
        None if able else h("p", "Only somebody with the role “analyst” or “admin” can exchange changes.", class_="quiet"),
        class_="card",
    )  # fmt: skip


def _register(model: SyncModel) -> Node:
    form = h(
        "form",
        h("div",
          h("div", h("label", "Address of the central instance", for_="url"),
            h("input", id="url", name="url", type="url", required=True, value=model.state.get("central_url", ""),
              placeholder="https://central.example"), class_="field"),
          h("div", h("label", "Token from the central operator", for_="secret"),
            h("input", id="secret", name="secret", type="password", required=True, autocomplete="off"), class_="field"),
          class_="row"),
        h("button", "Register", type="submit", class_="primary", disabled=not model.may("register")),
        on="register",
    )  # fmt: skip
    return h(
        "section",
        h("h2", "Register this instance"),
        h("p", "Once. The central operator gives you a token; the key made here never leaves this workspace."),
        form,
        None if model.may("register") else h("p", "Only somebody with the role “admin” can register.", class_="quiet"),
        class_="card",
    )


def _disputes(model: SyncModel) -> Node:
    if not model.disputes:
        return h("section", h("h2", "Conflicts"),
                 h("p", "No conflicts: nobody changed the same thing differently.", class_="quiet"), class_="card")  # fmt: skip
    return h("section", h("h2", "Conflicts"), [_one(each, model) for each in model.disputes], aria_label="Conflicts")


def _one(dispute: Dispute, model: SyncModel) -> Node:
    rows = [(name.replace("_", " "), _value(base), _value(ours), _value(theirs)) for name, base, ours, theirs in dispute.fields]
    able = model.may("resolve")
    name = f"why-{dispute.id}"
    return h(
        "article",
        h("h3", f"{dispute.kind.capitalize()} ", h("code", dispute.entity_id),
          f", changed by us and by {dispute.other or 'another society'}"),
        h("p", f"Opened {ago(dispute.opened_at)}.", class_="quiet"),
        table(("Field", "Before", "Ours", "Theirs"), rows),
        h("form",
          h("label", "Why", for_=name),
          h("input", id=name, name="why", maxlength=300, required=True, autocomplete="off", placeholder="the contract says so"),
          h("div",
            h("button", "Keep ours", type="submit", name="keep", value="ours", disabled=not able),
            h("button", "Keep theirs", type="submit", name="keep", value="theirs", disabled=not able), class_="row"),
          on="resolve", args={"conflict_id": dispute.id}),
        class_="card",
        key=dispute.id,
        aria_label=f"Conflict {dispute.id}",
    )  # fmt: skip


def _value(text: str) -> Node:
    return h("span", [h("bdi", line, class_="line") for line in text.split("\n")] if text else h("span", "–"))


def _held(model: SyncModel) -> Node:
    rows = [(row["direction"], row["kind"], h("code", row["entity_id"]), row["reason"].replace("_", " "), row["detail"],
             ago(row["held_at"]))
            for row in model.held[:100]]  # fmt: skip
    return h(
        "section",
        h("h2", f"Kept waiting ({count(len(model.held))})"),
        h("p", "What could not be used yet; it is tried again at every exchange.", class_="quiet"),
        table(("Way", "Kind", "Thing", "Reason", "Detail", "Since"), rows),
        class_="card",
    )
