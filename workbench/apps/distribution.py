"""The distribution page: the steps of a run from money to statements, each shown with its state and what it needs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .distribution_model import CURRENT, DONE, DistributionModel
from .page import Child, Node, h, show
from .parts import ago, count, decimal, messages, table, tag
from .session import Session

STATE_TAGS = {
    "prepared": ("waits for approval", "warning"),
    "approved": ("waits to be sealed", "info"),
    "sealed": ("sealed", "good"),
}
STATE_WORDS = {DONE: "✓ done", CURRENT: "● now", "later": "○ later"}
MOST_FINDINGS = 200


def view() -> None:
    """Show the distribution page."""
    show(lambda session: DistributionModel(session.wb, session.roles), draw)


def draw(model: DistributionModel, session: Session) -> Node:  # noqa: ARG001  every view is called alike
    """Return the page for the state the model is in."""
    return h(
        "div",
        _head(model),
        messages(model.notice),
        _steps(model),
        *([_money(model)] if model.run is None else _run(model)),
        _history(model),
        class_="wb",
    )


def _head(model: DistributionModel) -> Node:
    run = model.run
    if run is None:
        says: Child = "Choose the money to distribute. Nothing is owed to anybody until a run is sealed."
    else:
        state, kind = STATE_TAGS[run.state]
        says = [f"Run {run.id}, period {run.period} ", tag(state, kind)]
    return h(
        "div",
        h("div", h("h1", "Distribution run"), h("p", says, class_="lead")),
        h(
            "div",
            h("button", "Begin another", on="start_anew") if run is not None else None,
            h("button", "Refresh", on="refresh"),
            class_="row",
        ),
        class_="head",
    )


def _steps(model: DistributionModel) -> Node:
    return h(
        "ol",
        [
            h(
                "li",
                f"{number}. {name}",
                h("small", STATE_WORDS[state]),
                class_=state,
                aria_current="step" if state == CURRENT else None,
            )
            for number, (name, state) in enumerate(model.steps, 1)
        ],
        class_="steps",
        aria_label="Steps of a run",
    )


def _money(model: DistributionModel) -> Node:
    if not model.waiting:
        return h(
            "section",
            h("h2", "No money waits for a distribution"),
            h("p", "Every receipt is in a sealed run. When licensees pay again, their receipts appear here."),
            class_="card",
        )
    rows = [
        (row["period"], row["licensee"], row["tariff"], count(int(row["receipts"])), decimal(row["received"], row["currency"]))
        for row in model.waiting
        if not model.period or row["period"] == model.period
    ]
    periods = [h("option", "choose …", value="", selected=not model.period)]
    periods += [h("option", period, value=period, selected=period == model.period) for period in model.periods]
    books = [h("option", name, value=name, selected=name == model.rulebook) for name in model.rulebooks]
    return h(
        "section",
        h("h2", "Money that waits"),
        table(("Period", "Licensee", "Tariff", "Receipts", "Received, with tax"), rows, numbers=(3, 4)),
        h(
            "div",
            h("div", h("label", "Period", for_="period"), h("select", periods, id="period", on="choose_period"),
              class_="field small"),
            h("div", h("label", "Rule book", for_="rulebook"), h("select", books, id="rulebook", on="choose_rulebook"),
              class_="field small"),
            class_="row",
        ),
        _ask(
            model,
            "prepare",
            f"Prepare {model.period}" if model.period else "Prepare",
            f"Freeze the facts of {model.period} and compute the run by the rule book “{model.rulebook}”? Nothing is owed yet.",
            h("button", "Yes, prepare it", on="prepare", class_="primary", data_focus="prepare"),
            disabled=not model.period or not model.may("prepare"),
            why_not="" if model.may("prepare") else "Only somebody with the role “distribution” can prepare a run.",
        ),
        class_="card",
    )  # fmt: skip


def _run(model: DistributionModel) -> list[Node]:
    return [_next(model), _conserved(model), _odd(model), _facts(model)]


def _next(model: DistributionModel) -> Node:
    if model.run.state == "prepared":
        return _approving(model)
    if model.run.state == "approved":
        return _sealing(model)
    return _papers(model)


def _approving(model: DistributionModel) -> Node:
    findings, held = len(model.findings), sum(each.cases for each in model.held)
    mine = h("p", "You prepared this run. It needs a second person: ask a colleague with the role “approver” to open this page.",
             class_="notice info") if model.is_mine else None  # fmt: skip
    said = f" I have looked at {count(findings)} finding{'' if findings == 1 else 's'} and at {count(held)} held amounts"
    return h(
        "section",
        h("h2", "Approve"),
        h("p", "Approving says: I looked at the findings, at what is held, and at the sums below, and this is right. "
               "It holds for exactly this digest; any change voids it."),
        mine,
        h("p", h("label", h("input", type="checkbox", on="confirm_findings", checked=model.looked), said, class_="tick"))
        if model.to_look_at
        else None,
        h("button", "Approve", on="approve", class_="primary", disabled=model.to_look_at and not model.looked),
        class_="card",
    )  # fmt: skip


def _sealing(model: DistributionModel) -> Node:
    who = model.run.facts
    form = h(
        "form",
        h("label", "The decision it rests on", for_="note"),
        h("input", id="note", name="note", required=True, maxlength=300, placeholder="Board decision 2025/14",
          autocomplete="off"),
        h("p", "Sealing writes the postings once and for ever. It can only be corrected by a further run.",
          class_="notice warning"),
        h("div", h("button", "Seal this run", type="submit", class_="primary"),
          h("button", "Not now", type="button", on="ask", args={"step": ""}), class_="row"),
        on="seal",
    )  # fmt: skip
    return h(
        "section",
        h("h2", "Seal"),
        h("p", f"{who['approved_by']} approved this run {ago(who['approved_at'])}."),
        h("p", "You prepared this run, so a second person has to seal it.", class_="notice info") if model.is_mine else None,
        form if model.asking == "seal" else h("button", "Seal …", on="ask", args={"step": "seal"}, class_="primary"),
        class_="card",
    )


def _papers(model: DistributionModel) -> Node:
    facts = model.run.facts
    return h(
        "section",
        h("h2", "Statements"),
        h("p", f"{facts['sealed_by']} sealed this run {ago(facts['sealed_at'])}: “{facts['note']}”."),
        h("dl",
          h("dt", "Statements go to"), h("dd", h("code", model.place(model.statements_folder))),
          h("dt", "The audit kit goes to"), h("dd", h("code", model.place(model.kit_file))), class_="facts"),
        h("p", "The audit kit is one file with which an auditor computes the whole run again on another machine.",
          class_="quiet"),
        h("div",
          h("button", "Write statements", on="write_statements", class_="primary", disabled=not model.may("write_statements")),
          h("button", "Write the audit kit", on="write_kit", disabled=not model.may("write_kit")), class_="row"),
        class_="card",
    )  # fmt: skip


def _conserved(model: DistributionModel) -> Node:
    rows = [
        (
            str(row["step"]).replace("_", " "),
            decimal(row["in"], row["currency"]),
            decimal(row["out"], row["currency"]),
            decimal(row["held"], row["currency"]),
            tag("✓ agrees", "good") if row["conserved"] else tag("✗ does not agree", "problem"),
        )
        for row in model.conservation
    ]
    held = [
        (each.reason.replace("_", " "), each.right, count(each.cases), decimal(each.amount, each.currency)) for each in model.held
    ]
    return h(
        "section",
        h("h2", "Money in = money out + held"),
        table(("Step", "In", "Out", "Held", ""), rows, numbers=(1, 2, 3)),
        h("h3", "Why money is held"),
        table(("Reason", "Right", "Cases", "Amount"), held, numbers=(2, 3))
        if held
        else h("p", "Nothing is held.", class_="quiet"),
        class_="card",
    )


def _odd(model: DistributionModel) -> Node:
    findings = model.findings
    if not findings:
        return h("section", h("h2", "Findings"), h("p", "The run found nothing odd.", class_="quiet"), class_="card")
    rows = [
        (
            row["source"] or row["field"] or "–",
            row["message"],
            row["got"] or "–",
            row["expected"] or "–",
            row["what_to_do"] or "–",
        )
        for row in findings[:MOST_FINDINGS]
    ]
    more = len(findings) - len(rows)
    return h(
        "section",
        h("h2", f"Findings ({count(len(findings))})"),
        h("details", h("summary", "Show them"), table(("Where", "What is odd", "Got", "Expected", "What to do"), rows),
          h("p", f"… and {count(more)} more in the run's manifest.", class_="quiet") if more > 0 else None),
        class_="card",
    )  # fmt: skip


def _facts(model: DistributionModel) -> Node:
    facts = model.run.facts
    pairs: list[tuple[str, Child]] = [
        ("Digest", h("code", model.run.digest, class_="digest")),
        ("Prepared by", f"{facts['prepared_by']}, {ago(facts['prepared_at'])}"),
    ]
    if facts["approved_by"]:
        pairs.append(("Approved by", f"{facts['approved_by']}, {ago(facts['approved_at'])}"))
    if facts["sealed_by"]:
        pairs.append(("Sealed by", f"{facts['sealed_by']}, {ago(facts['sealed_at'])}"))
    if facts["corrects"]:
        pairs.append(("Corrects", facts["corrects"]))
    pairs.append(("Files", h("code", model.place(model.run.folder))))
    return h("section", h("h2", "This run"), h("dl", [[h("dt", name), h("dd", value)] for name, value in pairs], class_="facts"),
             class_="card")  # fmt: skip


def _history(model: DistributionModel) -> Node:
    rows: list[Iterable[Child]] = []
    for row in model.history:
        state, kind = STATE_TAGS[row["state"]]
        opened = model.run is not None and model.run.id == row["id"]
        button: Any = (
            tag("open above")
            if opened
            else h("button", "Open", on="open", args={"run_id": row["id"]}, aria_label=f"Open {row['id']}")
        )
        rows.append(
            (h("code", row["id"]), row["period"], tag(state, kind), row["prepared_by"], ago(row["prepared_at"]),
             h("code", row["digest"][:12]), button)
        )  # fmt: skip
    body = (
        table(("Run", "Period", "State", "Prepared by", "When", "Digest", ""), rows)
        if rows
        else h("p", "No run has been prepared yet.", class_="quiet")
    )
    return h("section", h("h2", "Every run"), body, class_="card", aria_label="Every run")


def _ask(model: DistributionModel, step: str, text: str, question: str, yes: Node, *, disabled: bool, why_not: str) -> Node:
    if model.asking != step:
        return h(
            "div",
            h("button", f"{text} …", on="ask", args={"step": step}, class_="primary", disabled=disabled),
            h("p", why_not, class_="quiet") if why_not else None,
            class_="asking",
        )
    no = h("button", "No", on="ask", args={"step": ""})
    return h(
        "div", h("p", question), h("div", yes, no, class_="row"), class_="asking notice info", role="group", aria_label=question
    )
