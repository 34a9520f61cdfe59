"""Ways that lead back to where they began: a medley that is part of itself, a version of its own version.

contains: TALA-W-000003 -> TALA-W-000007 -> TALA-W-000003
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from ..core.errors import WorkbenchError

Onward = Callable[[Collection[str]], Mapping[str, Collection[str]]]
"""Gives, for many things at once, what each leads to."""


def refuse_cycle(starts: Collection[str], onward: Onward, what: str, where: str) -> None:
    """Raise `WorkbenchError` showing the way when one of `starts` leads back to itself; `what` says what the way means."""
    if way := find_cycle(starts, onward):
        raise WorkbenchError(
            f"{what} leads back to itself",
            got=" -> ".join(way),
            where=where,
            next_step="Take one of these links out.",
        )


def find_cycle(starts: Collection[str], onward: Onward) -> tuple[str, ...]:
    """Return a way from one of `starts` back to itself, the start named at both ends; empty when there is none.

    >>> find_cycle(["a"], lambda ids: {one: {"a": ["b"], "b": ["a"]}.get(one, []) for one in ids})
    ('a', 'b', 'a')
    """
    leads: dict[str, list[str]] = {}
    ask = set(starts)
    while ask:
        found = onward(ask)
        leads.update((one, sorted(found.get(one, ()))) for one in ask)
        ask = {to for one in ask for to in leads[one]} - leads.keys()
    for start in sorted(starts):
        if way := _way(start, leads):
            return way
    return ()


def _way(start: str, leads: Mapping[str, list[str]]) -> tuple[str, ...]:
    """The shortest way from `start` to itself."""
    ways: dict[str, tuple[str, ...]] = {start: (start,)}
    ask = [start]
    while ask:
        reached = []
        for one in ask:
            for to in leads[one]:
                if to == start:
                    return (*ways[one], start)
                if to not in ways:
                    ways[to] = (*ways[one], to)
                    reached.append(to)
        ask = reached
    return ()
