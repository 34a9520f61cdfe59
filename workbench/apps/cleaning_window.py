"""What every window over the bench has in common: its frame, its title, what the page has to say, and the way out of it."""

from __future__ import annotations

import re

from .cleaning_model import CleaningModel
from .page import Child, Node, h
from .parts import messages

_LOOSE_SPACES = re.compile(r"^ +| +$| {2,}")


def visible(text: str) -> str:
    """Return text with the spaces that nobody sees made visible: at its ends, and where there are several.

    >>> visible(" Amina  Mwangi "), visible("Amina Mwangi"), visible("")
    ('␣Amina␣␣Mwangi␣', 'Amina Mwangi', '(blank)')
    """
    return _LOOSE_SPACES.sub(lambda found: "␣" * len(found[0]), text) or "(blank)"


def window(
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


def cancel(text: str = "Cancel") -> Node:
    """Return the button that closes a window and does nothing."""
    return h("button", text, on="close", type="button")
