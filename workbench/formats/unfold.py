"""Wide rows made long: numbered columns and several people in one cell become lines of their own, as a layout says.

A sender who writes one work per row, with `Writer 1 Last`, `Writer 2 Last`, is read as if each writer stood on a line of its own:

    Title | Writer 1 Last | Writer 1 Share | Writer 2 Last | Writer 2 Share        repeat: [Writer]
    Sina  | Mwangi        | 50             | Otieno        | 50
                                                          ->   Sina | Mwangi | 50   and   Sina | Otieno | 50

All of them keep the number of the line they stood on.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from .sheets import Layout, People, header_key

PERSON, CREDIT = "person", "credit"
_CREDITED = re.compile(r"(.*?)\s*\[(.*)\]", re.DOTALL)
Row = list[Any]


def numbered(header: Sequence[str], word: str) -> dict[int, dict[str, int]]:
    """Return the columns called WORD NUMBER REST, as {number: {rest: place}}.

    >>> numbered(["Title", "Writer 1 Last", "Writer 1 IPI", "Writer 2 Last"], "Writer")
    {1: {'Last': 1, 'IPI': 2}, 2: {'Last': 3}}
    """
    pattern = re.compile(rf"{re.escape(word)}[\W_]*([0-9]{{1,3}})[\W_]*(.*)", re.IGNORECASE | re.DOTALL)
    found: dict[int, dict[str, int]] = {}
    for place, name in enumerate(header):
        if match := pattern.fullmatch(name.strip()):
            found.setdefault(int(match[1]), {}).setdefault(match[2].strip(), place)
    return dict(sorted(found.items()))


class Unfold:
    """Takes the reader's rows, header first, and gives them as the layout wants them read."""

    def __init__(self, layout: Layout, *, pads: bool) -> None:
        self.layout = layout
        self.pads = pads
        """Whether a row may be shorter than the header, as in a spreadsheet, whose last empty cells are not written."""
        self.width = 0
        self._plain: list[int] = []
        self._gathered: list[list[int]] = []
        self._groups: list[list[int | None]] = []
        self._people: list[tuple[int, People]] = []

    @property
    def is_idle(self) -> bool:
        """Whether rows pass as they are."""
        return not (self.layout.repeat or self.layout.gather or self.layout.people)

    def header(self, cells: Sequence[str]) -> list[str]:
        """Take the sender's header and return the one that the unfolded rows have."""
        self.width = len(cells)
        used: set[int] = set()
        names = []
        for word in self.layout.gather:
            places = [place for columns in numbered(cells, word).values() for rest, place in columns.items() if not rest]
            self._gathered.append(places)
            names.append(word)
            used.update(places)
        rests: dict[str, None] = {}
        for word in self.layout.repeat:
            groups = numbered(cells, word)
            own = dict.fromkeys(rest for columns in groups.values() for rest in columns)
            rests.update(dict.fromkeys(f"{word} {rest}".strip() for rest in own))
            self._groups += [
                [columns.get(rest.removeprefix(word).strip()) if rest.startswith(word) else None for rest in rests]
                for columns in groups.values()
            ]
            used.update(place for columns in groups.values() for place in columns.values())
        self._groups = [group + [None] * (len(rests) - len(group)) for group in self._groups]
        by_key = {header_key(name): place for place, name in enumerate(cells)}
        self._people = [(by_key[header_key(one.column)], one) for one in self.layout.people if header_key(one.column) in by_key]
        used.update(place for place, _ in self._people)
        self._plain = [place for place in range(len(cells)) if place not in used]
        people = [PERSON, CREDIT] if self._people else []
        return [*(cells[place] for place in self._plain), *names, *rests, *people]

    def rows(self, row: Row) -> Iterable[Row]:
        """Return what one row of the file becomes; one whose cells cannot be told apart stays as it is."""
        line, span, cells = row[:3]
        if cells is None:
            return [row]
        if len(cells) > self.width and any(cell.strip() for cell in cells[self.width :]):
            return [[line, span, None, "too_many_cells_in_line", ",".join(cells), f"{len(cells)}, not {self.width}"]]
        if len(cells) < self.width and not self.pads:
            return [[line, span, None, "too_few_cells_in_line", ",".join(cells), f"{len(cells)}, not {self.width}"]]

        def cell(place: int | None) -> str:
            return cells[place] if place is not None and place < len(cells) else ""

        own = [cell(place) for place in self._plain]
        own += ["; ".join(text for place in places if (text := cell(place).strip())) for places in self._gathered]
        groups = [[cell(place) for place in group] for group in self._groups]
        width = len(groups[0]) if groups else 0
        filled = [group for group in groups if any(text.strip() for text in group)]
        people = [found for place, one in self._people for found in _several(cell(place), one)]
        if not self._people:
            return [[line, span, own + group, []] for group in filled or [[""] * width]]
        made = [[line, span, own + group + ["", ""], []] for group in filled]
        made += [[line, span, own + [""] * width + list(person), []] for person in people]
        return made or [[line, span, own + [""] * (width + 2), []]]


def _several(text: str, column: People) -> list[tuple[str, str]]:
    found = []
    for part in text.split(column.separator):
        name, credit = part.strip(), column.credit
        if not column.credit and (match := _CREDITED.fullmatch(name)):
            name, credit = match[1].strip(), match[2].strip()
        if name:
            found.append((name, credit))
    return found
