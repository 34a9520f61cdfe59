"""Small pieces several pages draw alike: messages, tags, money, dates."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal

from ..core.money import MICROS
from .page import Child, Node, h
from .session import Notice


def messages(notice: Notice | None) -> Node:
    """Return the place where a page says something; always there, so that it is announced when it changes."""
    role = "alert" if notice and notice.kind == "problem" else "status"
    return h(
        "div", h("p", notice.text, class_=f"notice {notice.kind}") if notice else None, role=role, aria_live="polite", key=role
    )


def tag(text: str, kind: str = "") -> Node:
    """Return a short word in a coloured frame; the word says it, the colour only helps."""
    return h("span", text, class_=f"tag {kind}".strip())


def money(micros: int, currency: str = "") -> str:
    """Return an exact amount for reading: thousands apart, two decimals or as many as it has.

    >>> money(1_234_500_000, "KES").replace("\u202f", " ").replace("\u00a0", " ")
    '1 234.50 KES'
    """
    units, rest = divmod(abs(micros), MICROS)
    decimals = f"{rest:06d}".rstrip("0").ljust(2, "0")
    text = f"{'-' if micros < 0 else ''}{units:,}".replace(",", "\u202f") + f".{decimals}"
    return f"{text}\u00a0{currency}" if currency else text


def about(micros: int, currency: str) -> str:
    """Return an estimate for reading: whole units, said to be about that much.

    >>> about(1_234_500_000, "KES").replace("\u202f", " ").replace("\u00a0", " ")
    'about 1 234 KES'
    """
    return f"about\u00a0{count(micros // MICROS)}\u00a0{currency}"


def count(number: int) -> str:
    """Return a count for reading, thousands apart."""
    return f"{number:,}".replace(",", "\u202f")


def ago(at: str, now: datetime | None = None) -> str:
    """Return how long ago an instant (UTC, as stored) was; its day and time when that is more than a day.

    >>> ago("2026-03-01T10:00:00Z", datetime(2026, 3, 1, 10, 5, tzinfo=UTC))
    '5 min ago'
    """
    if not at:
        return ""
    then = datetime.fromisoformat(at)
    seconds = int(((now or datetime.now(UTC)) - then).total_seconds())
    if seconds < 5:
        return "just now"
    if seconds < 60:
        return f"{seconds} s ago"
    if seconds < 3600:
        return f"{seconds // 60} min ago"
    if seconds < 86_400:
        return f"{seconds // 3600} h ago"
    return then.strftime("%Y-%m-%d %H:%M UTC")


def decimal(amount: Decimal, currency: str = "") -> str:
    """Return an exact amount for reading; see `money`."""
    return money(int(amount.scaleb(6)), currency)


def table(head: Sequence[str], rows: Iterable[Iterable[Child]], numbers: Sequence[int] = ()) -> Node:
    """Return a table that turns into a list of labelled lines on a narrow screen; `numbers`: columns set to the right."""
    return h(
        "div",
        h(
            "table",
            h(
                "thead",
                h("tr", [h("th", name, scope="col", class_="number" if at in numbers else None) for at, name in enumerate(head)]),
            ),
            h("tbody", [h("tr", [_cell(head[at], at in numbers, value) for at, value in enumerate(row)]) for row in rows]),
            class_="stack",
        ),
        class_="scroll",
    )


def _cell(label: str, number: bool, value: Child) -> Node:
    return h("td", value, data_label=label, class_="number" if number else None)
