"""How a view describes its page: a tree of plain nodes, drawn by one small widget that can only make safe elements from it.

    h("table", h("tr", h("th", "Title", scope="row"), h("td", usage.title)))          # text is text: nothing in it is ever markup
    h("button", "Approve", on="approve", args={"run": run.id}, class_="primary")       # a click calls the command `approve`
    h("form", h("input", name="text"), on="search")                                    # submitting sends its fields by name

A tree is plain data, so that a view is tested without a browser. The widget keeps the focus, and what is being typed, when the
tree changes.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import anywidget
import traitlets
from IPython import get_ipython
from IPython.display import display

from ..core.errors import WorkbenchError
from .session import PageModel, Session, apology, log_fault, open_session

Node = dict[str, Any]
Child = Node | str | int | None | Iterable["Child"]
Draw = Callable[[Any, Session], Node]

PROGRESS_STEPS = 100


def h(tag: str, *children: Child, on: str = "", args: Mapping[str, Any] | None = None, key: str = "", **attributes: Any) -> Node:
    """Return one node: its tag, its children (nodes, text, numbers, lists of these; None is left out), its attributes.

    `on` names the command a click, a change or a submit calls, `args` what it is given. Attributes that clash with Python take a
    trailing underscore (`class_`, `for_`), others a hyphen for each underscore (`aria_label`); False and None leave one out.
    """
    node: Node = {"tag": tag, "children": list(_flat(children))}
    kept = {
        name.rstrip("_").replace("_", "-"): value
        for name, value in attributes.items()
        if value is not None and value is not False
    }
    if kept:
        node["attributes"] = kept
    if on:
        node["on"] = on
        node["args"] = dict(args or {})
    if key:
        node["key"] = key
    return node


def text_of(node: Child) -> str:
    """Return all the text of a tree, for tests and for announcements."""
    if isinstance(node, dict):
        return " ".join(part for part in (text_of(child) for child in node["children"]) if part)
    if node is None:
        return ""
    return str(node) if isinstance(node, (str, int)) else " ".join(text_of(child) for child in node)


def find(node: Child, **wanted: Any) -> list[Node]:
    """Return the nodes of a tree whose tag, command or attributes are as wanted, for tests."""
    if not isinstance(node, dict):
        return []
    attributes = node.get("attributes", {})
    facts = {**attributes, "tag": node["tag"], "on": node.get("on", "")}
    names = {name.rstrip("_").replace("_", "-"): value for name, value in wanted.items()}
    here = [node] if all(facts.get(name) == value for name, value in names.items()) else []
    return here + [each for child in node["children"] for each in find(child, **wanted)]


def static(name: str) -> str:
    """Return the text of one of the files a page is made of."""
    return (files(__package__) / "static" / name).read_text(encoding="utf-8")


class Page(anywidget.AnyWidget):  # type: ignore[misc]
    """Draws a tree, and says what was clicked."""

    _esm = static("page.js")
    part_style = ""
    """What the parts of this page need beside the stylesheet of all apps."""
    tree = traitlets.Dict().tag(sync=True)
    shortcuts = traitlets.Dict().tag(sync=True)
    """What a key press calls, outside of fields: {"1": ["choose", {"number": 1}, ["why"]]}; the last names fields sent along."""
    progress = traitlets.Dict().tag(sync=True)
    """What is being done: {"what": "...", "done": 3, "total": 10}; empty when nothing is."""
    whole_window = traitlets.Bool(False).tag(sync=True)
    """Whether keys count wherever the focus is; in JupyterLab only within the page."""
    stylesheet = traitlets.Unicode("").tag(sync=True)


def show(
    make: Callable[[Session], PageModel],
    draw: Draw,
    keys: Callable[[Any], Mapping[str, Any]] = lambda _model: {},
    *,
    page_class: type[Page] = Page,
    session: Session | None = None,
) -> None:
    """Open the session (unless one is given), make the page's model, and keep the page as the model is, click by click.

    A click is answered by the page drawn anew. A question, which a part like the grid asks while it is scrolled, is answered by
    what the command returns, and the page stays as it is; both come through the same gate.
    """
    try:
        session = session or open_session()
    except WorkbenchError as error:
        display(Page(tree=_problem(str(error)), stylesheet=own_style()))
        return
    if session.served:
        hide_tracebacks(session.wb.config.logs)
    model = make(session)
    style = page_class.part_style if session.served else own_style() + page_class.part_style
    page = page_class(whole_window=session.served, stylesheet=style)

    def redraw() -> None:
        with page.hold_sync():
            page.progress = {}
            page.shortcuts = dict(keys(model))
            page.tree = draw(model, session)

    def clicked(_page: Page, message: dict[str, Any], buffers: Sequence[Any]) -> None:
        if "ask" in message:
            part = {"part": buffers[0]} if buffers else {}
            value = model.do(str(message["ask"]), {**(message.get("args") or {}), **part})
            page.send({"answer": message.get("number", 0), "value": value})
            if message.get("redraw") or model.notice is not None:
                safely(redraw)
            return
        model.do(str(message.get("command", "")), message.get("args") or {})
        safely(redraw)
        page.send({"done": message.get("number", 0)})

    def safely(step: Callable[[], None]) -> None:
        try:
            step()
        except Exception:  # noqa: BLE001  the last gate: a person must never see a traceback
            reference = log_fault(session.wb.config.logs, f"{session.user}, drawing the page")
            page.tree = _problem(apology(reference))

    model.progress = _shown_in(page)
    safely(redraw)
    page.on_msg(clicked)
    display(page)


def hide_tracebacks(logs: Path) -> None:
    """Make this kernel log whatever goes wrong outside of a command, and show an apology with a reference instead."""
    shell = get_ipython()
    if shell is None:
        return
    logging.captureWarnings(True)

    def log_it(*_args: object, **_options: object) -> None:
        display(Page(tree=_problem(apology(log_fault(logs, "outside of a command")))))

    shell.showtraceback = log_it


@cache
def own_style() -> str:
    """Return the one stylesheet of the apps; behind the server the page links to it, elsewhere the widget brings it."""
    folder = files(__package__) / "share" / "voila" / "templates" / "workbench" / "static"
    return (folder / "workbench.css").read_text(encoding="utf-8")


def _problem(text: str) -> Node:
    return h("div", h("p", text, class_="wb-notice problem", role="alert"), class_="wb")


def _shown_in(page: Page) -> Callable[[str, int, int], None]:
    last = [("", -1)]

    def progress(what: str, done: int, total: int) -> None:
        step = (what, done * PROGRESS_STEPS // max(total, 1))
        if step != last[0]:
            last[0] = step
            page.progress = {"what": what, "done": done, "total": total}

    return progress


def _flat(children: Iterable[Child]) -> Iterable[Node | str]:
    for child in children:
        if child is None:
            continue
        if isinstance(child, (str, int)):
            yield str(child)
        elif isinstance(child, dict):
            yield child
        else:
            yield from _flat(child)
