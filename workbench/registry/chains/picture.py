"""The picture of a chain: owners on the left, collectors on the right, and on the way every agreement with its share and reason.

It is an SVG made of text and boxes only, the same for the same chain, and can be read without seeing it: every box says in words
what its colour says, `text()` tells the same in lines, and the picture carries that text as its description.

    chain = wb.agreements.chain(work, right="performing", territory="404", on="2025-07-01")
    chain.picture()                # in a notebook: the drawing
    print(chain.picture().text())  # the same in words
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from html import escape

from ...core.shares import format_percent

KIND_WORDS = {
    "OG": "original publishing", "OS": "original publishing", "PG": "sub-publishing", "PS": "sub-publishing", "AS": "assignment",
    "AD": "administration", "CO": "co-publishing", "RE": "representation", "member": "member of society", "": "agreement",
}  # fmt: skip
BOX, LABEL = (228, 62), (214, 66)
"""Width and height of a party's box, and of the label on a link."""
LANE = 14
"""The height a link needs where it only passes a column."""
BETWEEN, ACROSS, MARGIN, HEAD, LINE = 18, 34, 24, 92, 17
COLOURS = {"owns": ("#eaf1fb", "#1f5fa8"), "passes on": ("#f4f4f2", "#6b6b66"), "collects": ("#e8f5ec", "#1c7a3d")}
STROKES = {"AS": ("3.5", ""), "member": ("1.6", "7 4"), "RE": ("1.6", "7 4"), "keeps": ("1.4", "2 4")}
FONT = "system-ui, 'Segoe UI', 'Noto Sans', 'DejaVu Sans', 'Noto Naskh Arabic', sans-serif"


@dataclass(frozen=True, slots=True)
class WayStep:
    """One step as drawn: to whom (party id), which part of what the giver had, under which agreement, when, and why."""

    to: str
    part_ppm: int
    reason: str
    agreement: str = ""
    kind: str = ""
    starts_on: str = ""
    ends_on: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Way:
    """The way of one owner's part to its collector (party ids); `odd` are the codes of its findings."""

    owner: str
    role: str
    collector: str
    share_ppm: int
    steps: tuple[WayStep, ...] = ()
    odd: tuple[str, ...] = ()


@dataclass(frozen=True)
class ChainPicture:
    """A chain ready to be drawn: a title, what was asked, the ways, the findings in words, and the names of the parties."""

    title: str
    asked: str
    ways: tuple[Way, ...]
    findings: tuple[str, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)

    def name(self, party_id: str) -> str:
        """Return a party's name as drawn; of a society that is not registered its code."""
        return self.names.get(party_id, party_id.replace("society:", "society "))

    def text(self) -> str:
        """Return the picture in words, one line per owner, step and collector."""
        lines = [f"Who collects: {self.title}", self.asked]
        owner = ""
        for way in self.ways:
            said = f"{self.name(way.owner)} ({way.role})" if way.role else self.name(way.owner)
            if said != owner:
                owned = sum(one.share_ppm for one in self.ways if (one.owner, one.role) == (way.owner, way.role))
                lines.append(f"{said} owns {_percent(owned)}")
                owner = said
            lines += [f"  {_percent(step.part_ppm)} to {self.name(step.to)}: {step.reason}" for step in way.steps]
            odd = f" (see {', '.join(way.odd)})" if way.odd else ""
            lines.append(f"  = {self.name(way.collector)} collects {_percent(way.share_ppm)} of the work{odd}")
        if not self.ways:
            lines.append("Nobody owns a share of this right here on this day.")
        return "\n".join([*lines, *(f"Finding: {finding}" for finding in self.findings)])

    def svg(self) -> str:
        """Return the drawing as one SVG element: role img, with a title and the words of `text()` as its description."""
        return _Drawing(self).svg()

    def _repr_svg_(self) -> str:
        return self.svg()

    def __repr__(self) -> str:
        return self.text()


@dataclass(slots=True, eq=False)
class _Item:
    """One thing in one column: a party's box, a link's label, or the lane of a link that only passes."""

    key: tuple[str, ...]
    height: int
    kind: str
    lines: list[str] = field(default_factory=list)
    full: str = ""
    mark: str = ""
    before: list[_Item] = field(default_factory=list)
    after: list[_Item] = field(default_factory=list)
    style: str = ""
    x: int = 0
    width: int = 0
    middle: float = 0


class _Drawing:
    """Lays the items out in columns and writes them; boxes in even columns, labels in odd ones."""

    def __init__(self, picture: ChainPicture) -> None:
        self.picture = picture
        self.last = 2 * max([1, *(len(way.steps) for way in picture.ways)])
        self.columns: list[dict[tuple[str, ...], _Item]] = [{} for _ in range(self.last + 1)]
        self.passing = {
            (way.owner, way.role, *(step.agreement or step.to for step in way.steps[:depth]))
            for way in picture.ways
            for depth in range(1, len(way.steps))
        }
        self.giving = {(way.owner, way.role) for way in picture.ways if way.steps}
        for way in picture.ways:
            self._place(way)
        self._order()
        self._level()

    # what is where

    def _place(self, way: Way) -> None:
        """Put one way's boxes and labels into their columns; parties, and links between the same two, are drawn once."""
        owned = sum(one.share_ppm for one in self.picture.ways if (one.owner, one.role) == (way.owner, way.role))
        collects = sum(one.share_ppm for one in self.picture.ways if one.collector == way.collector)
        odd = sorted({code for one in self.picture.ways if one.collector == way.collector for code in one.odd})
        role = f"{way.role} " if way.role else ""
        here = self._box(0, "owns", way.owner, f"{role}owns {_percent(owned)}", way.role)
        end = self._box(self.last, "collects", way.collector, f"collects {_percent(collects)}", mark="!" if odd else "")
        giver, prefix = way.owner, [way.owner, way.role]
        for depth, step in enumerate(way.steps, start=1):
            prefix.append(step.agreement or step.to)
            onward = tuple(prefix) in self.passing
            there = self._box(2 * depth, "passes on", step.to, "passes on") if onward else end
            self._link(here, there, 2 * depth - 1, 2 * depth if onward else self.last, giver, step)
            here, giver = there, step.to
        if here is not end:
            self._link(here, end, 2 * len(way.steps) + 1, self.last, giver, None)

    def _box(self, column: int, kind: str, party_id: str, said: str, role: str = "", mark: str = "") -> _Item:
        key = (kind, party_id, role)
        made = _Item(key, BOX[1], kind, [self.picture.name(party_id), said], self.picture.name(party_id), mark)
        return self.columns[column].setdefault(key, made)

    def _link(self, here: _Item, there: _Item, column: int, until: int, giver: str, step: WayStep | None) -> None:
        """A label after the giver, then a lane through every column up to the taker; without a step it keeps what it has."""
        style = step.kind if step else "keeps"
        if step is None:
            lines = ["keeps the rest" if (here.kind != "owns" or here.key[1:] in self.giving) else "no agreement"]
            full = f"{self.picture.name(giver)} collects itself"
        else:
            share = f"{step.agreement} · {_percent(step.part_ppm)}" if step.agreement else ""
            said = [KIND_WORDS.get(step.kind, step.kind), share, _period(step.starts_on, step.ends_on), *step.note.split(", ")]
            lines, full = [line for line in said if line], step.reason
        key = (*here.key, *there.key, step.agreement if step else "", full)
        height = 12 + LINE * len(lines)
        before = here
        for number in range(column, until):
            kind = "label" if number == column else "lane"
            made = _Item(key, height if kind == "label" else LANE, kind, lines, full, style=style)
            item = self.columns[number].setdefault(key, made)
            _join(before, item)
            before = item
        _join(before, there)

    # where exactly

    def _order(self) -> None:
        """Put each column in the order of what it is joined to, a few times there and back; ties stay as they came."""
        orders = [list(column.values()) for column in self.columns]
        for sweep in range(6):
            numbers = range(1, len(orders)) if sweep % 2 == 0 else range(len(orders) - 2, -1, -1)
            for number in numbers:
                beside = orders[number - 1] if sweep % 2 == 0 else orders[number + 1]
                place = {id(item): position for position, item in enumerate(beside)}
                orders[number].sort(
                    key=lambda item: _mean(
                        [place[id(one)] for one in (item.before if sweep % 2 == 0 else item.after) if id(one) in place]
                    )
                )
        self.orders = orders

    def _level(self) -> None:
        """Give every item its place: columns from left to right, and each as level with its neighbours as room allows."""
        x = MARGIN
        for number, order in enumerate(self.orders):
            width = BOX[0] if number % 2 == 0 else LABEL[0]
            for item in order:
                item.x, item.width = x, width
            x += width + ACROSS
        self.width = max(x - ACROSS + MARGIN, 640)
        for order in self.orders:
            _stack(order, [0.0] * len(order))
        for sweep in range(8):
            for order in self.orders if sweep % 2 == 0 else reversed(self.orders):
                _stack(order, [_mean([one.middle for one in (*item.before, *item.after)]) for item in order])
        tops = [item.middle - item.height / 2 for order in self.orders for item in order]
        shift = HEAD - min(tops, default=0)
        for order in self.orders:
            for item in order:
                item.middle = round(item.middle + shift, 1)
        self.bottom = max([HEAD + 40.0, *(item.middle + item.height / 2 for order in self.orders for item in order)])

    # the drawing

    def svg(self) -> str:
        picture = self.picture
        per_line = (self.width - 2 * MARGIN - 20) // 7
        told = [line for finding in picture.findings for line in _folded(f"! {finding}", per_line)]
        height = int(self.bottom + 46 + (LINE * len(told) + 26 if told else 0))
        name = f"chain-{sha256(picture.text().encode()).hexdigest()[:12]}"
        heads = [(0, "Owners")] + [(self.last, "Collectors")] + ([(2, "On the way")] if self.last > 2 else [])
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="{name}-title {name}-desc" '
            f'viewBox="0 0 {self.width} {height}" width="{self.width}" height="{height}" font-family="{escape(FONT)}" '
            f'font-size="13" style="max-width:100%;height:auto">',
            f'<title id="{name}-title">{escape(f"Who collects: {picture.title}")}</title>',
            f'<desc id="{name}-desc">{escape(picture.text())}</desc>',
            f'<defs><marker id="{name}-tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="11" markerHeight="11" '
            'markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0L10 5L0 10z" fill="#55554f"/></marker></defs>',
            f'<rect width="{self.width}" height="{height}" fill="#ffffff"/>',
            _text(
                MARGIN, 30, picture.title, max(20, self.width // 11), self.width - 2 * MARGIN, 'font-size="18" font-weight="600"'
            ),
            _text(MARGIN, 50, picture.asked, self.width // 7, self.width - 2 * MARGIN, 'fill="#4a4a45"'),
        ]
        parts += [
            f'<text x="{self._x(number)}" y="{HEAD - 14}" font-size="12" font-weight="600" fill="#4a4a45">{head}</text>'
            for number, head in sorted(heads)
        ]
        items = [item for order in self.orders for item in order]
        parts += [_curve(item, to, name) for item in items for to in item.after]
        parts += [_lane(item) for item in items if item.kind == "lane"]
        parts += [_drawn(item) for item in items if item.kind != "lane"]
        total = sum(way.share_ppm for way in picture.ways)
        sums = (
            f"owned {_percent(total)} = collected {_percent(total)}"
            if picture.ways
            else "Nobody owns a share of this right here on this day."
        )
        parts.append(_text(MARGIN, int(self.bottom) + 30, sums, 90, self.width, 'fill="#4a4a45"'))
        if told:
            top = int(self.bottom) + 42
            parts.append(
                f'<rect x="{MARGIN}" y="{top}" width="{self.width - 2 * MARGIN}" height="{LINE * len(told) + 14}" rx="6" '
                'fill="#fdf0e6" stroke="#b3510b" stroke-width="1.5"/>'
            )
            parts += [
                f'<text x="{MARGIN + 10}" y="{top + 20 + LINE * number}" fill="#7a3405">{escape(line)}</text>'
                for number, line in enumerate(told)
            ]
        return "\n".join([*parts, "</svg>"])

    def _x(self, number: int) -> int:
        return MARGIN + sum((BOX[0] if one % 2 == 0 else LABEL[0]) + ACROSS for one in range(number))


def _join(one: _Item, other: _Item) -> None:
    if other not in one.after:
        one.after.append(other)
        other.before.append(one)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _stack(order: Sequence[_Item], wanted: Sequence[float]) -> None:
    """Set the middles as near to what is wanted as order and room allow: push down, then move blocks that touch back up."""
    blocks: list[tuple[list[_Item], float, float]] = []  # items, their height, where the block's middle wants to be
    for item, middle in zip(order, wanted, strict=True):
        items, height, centre = [item], float(item.height + BETWEEN), middle
        while blocks and blocks[-1][2] + blocks[-1][1] / 2 > centre - height / 2:
            above, tall, at = blocks.pop()
            centre = (at * len(above) + centre * len(items)) / (len(above) + len(items))
            items, height = [*above, *items], tall + height
        blocks.append((items, height, centre))
    for items, height, centre in blocks:
        top = centre - height / 2
        for item in items:
            item.middle = top + (item.height + BETWEEN) / 2
            top += item.height + BETWEEN


def _curve(item: _Item, to: _Item, name: str) -> str:
    style = item.style if item.kind in ("label", "lane") else to.style
    width, dash = STROKES.get(style, ("1.6", ""))
    x, y, end_x, end_y = item.x + item.width, item.middle, to.x, to.middle
    bend = (end_x - x) / 2
    tip = f' marker-end="url(#{name}-tip)"' if to.kind in COLOURS else ""
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<path d="M{x} {y}C{x + bend} {y} {end_x - bend} {end_y} {end_x} {end_y}" fill="none" stroke="#55554f" '
        f'stroke-width="{width}"{dashes}{tip}/>'
    )


def _lane(item: _Item) -> str:
    width, dash = STROKES.get(item.style, ("1.6", ""))
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return f'<path d="M{item.x} {item.middle}H{item.x + item.width}" stroke="#55554f" stroke-width="{width}"{dashes}/>'


def _drawn(item: _Item) -> str:
    top = item.middle - item.height / 2
    if item.kind == "label":
        lines = [
            _text(
                item.x + 10,
                top + 19 + LINE * number,
                line,
                30,
                item.width - 20,
                'font-weight="600"' if number == 0 else 'fill="#33332f"',
            )
            for number, line in enumerate(item.lines)
        ]
        frame = (
            f'<rect x="{item.x}" y="{top}" width="{item.width}" height="{item.height}" rx="4" fill="#ffffff" stroke="#b9b9b2"/>'
        )
        return f"<g><title>{escape(item.full)}</title>{frame}{''.join(lines)}</g>"
    fill, stroke = COLOURS[item.kind]
    name, said = item.lines
    frame = (
        f'<rect x="{item.x}" y="{top}" width="{item.width}" height="{item.height}" rx="8" fill="{fill}" stroke="{stroke}" '
        f'stroke-width="1.6"/>'
    )
    mark = (
        f'<circle cx="{item.x + item.width}" cy="{top}" r="11" fill="#b3510b"/><text x="{item.x + item.width}" y="{top + 5}" '
        f'text-anchor="middle" font-weight="700" fill="#ffffff">{item.mark}</text>'
        if item.mark
        else ""
    )
    return (
        f"<g><title>{escape(item.full)}</title>{frame}"
        + _text(item.x + 12, top + 26, name, 24, item.width - 24, 'font-size="13.5" font-weight="600"')
        + _text(item.x + 12, top + 47, said, 28, item.width - 24, f'fill="{stroke}"')
        + f"{mark}</g>"
    )


def _text(x: float, y: float, text: str, longest: int, width: int, style: str) -> str:
    """One line of text, shortened with its whole as a title; a name written from right to left begins at the right."""
    shown = text if len(text) <= longest else text[: longest - 1].rstrip() + "…"
    whole = f"<title>{escape(text)}</title>" if shown != text else ""
    if _right_to_left(text):
        return f'<text x="{x + width}" y="{y}" direction="rtl" {style}>{whole}{escape(shown)}</text>'
    return f'<text x="{x}" y="{y}" {style}>{whole}{escape(shown)}</text>'


def _right_to_left(text: str) -> bool:
    strong = next((unicodedata.bidirectional(sign) for sign in text if unicodedata.bidirectional(sign) in ("L", "R", "AL")), "L")
    return strong != "L"


def _period(starts_on: str, ends_on: str) -> str:
    if starts_on and ends_on:
        return f"{starts_on} – {ends_on}"
    return f"from {starts_on}" if starts_on else f"until {ends_on}" if ends_on else ""


def _folded(text: str, longest: int) -> list[str]:
    """A text in lines of at most so many signs, broken at blanks."""
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > longest:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


def _percent(ppm: int) -> str:
    return f"{format_percent(ppm).removesuffix('.00')} %"
