"""Names of people taken apart: who is named in a cell, which part is the last name, what each was credited for.

A name alone cannot always be told apart; these rules are the usual ones, the preview shows what they make of a column, and what
they make wrong is edited after. `Last, First` is known by its comma; otherwise the last word is the last name, with the particles
before it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Literal

Order = Literal["auto", "first_last", "last_first"]
ORDERS = ("auto", "first_last", "last_first")

_BETWEEN_PEOPLE = re.compile(r"\s*(?:[;|/&+]|\b(?:and|und|et|y|feat\.?|ft\.?|featuring|with|vs\.?|x)(?=\s))\s*", re.IGNORECASE)
_PARTICLES = frozenset(
    {"van", "von", "der", "den", "de", "del", "della", "dello", "di", "da", "do", "dos", "das", "du", "la", "le", "les",
     "el", "al", "bin", "ibn", "ben", "ter", "ten", "zu", "zur", "af", "av", "st.", "st", "san", "santa", "o'", "mac"}
)  # fmt: skip
_AFTER = re.compile(r"(?:jr|sr|ii|iii|iv|esq|phd|md)\.?", re.IGNORECASE)


def people(text: str, separator: str = "") -> list[str]:
    """Return the people named in a cell, in order; `separator` replaces the usual ones (`;` `|` `/` `&` `and` `feat.`).

    >>> people("A. Mwangi; J. Otieno & N. Wanjiru"), people("Mwangi, Amani; Otieno, Juma")
    (['A. Mwangi', 'J. Otieno', 'N. Wanjiru'], ['Mwangi, Amani', 'Otieno, Juma'])
    """
    parts = text.split(separator) if separator else _BETWEEN_PEOPLE.split(text)
    return [part for one in parts if (part := one.strip())]


def first_and_last(text: str, order: Order = "auto") -> tuple[str, str]:
    """Return (first names, last name) of one person; a single word is a last name.

    >>> first_and_last("Ludwig van Beethoven"), first_and_last("Mwangi, Amani"), first_and_last("Malaika")
    (('Ludwig', 'van Beethoven'), ('Amani', 'Mwangi'), ('', 'Malaika'))
    >>> first_and_last("Mwangi Amani", "last_first"), first_and_last("Sammy Davis Jr.")
    (('Amani', 'Mwangi'), ('Sammy', 'Davis Jr.'))
    """
    text = " ".join(text.split())
    last, comma, first = text.partition(",")
    if comma and first.strip() and order != "first_last" and not _AFTER.fullmatch(first.strip()):
        return first.strip(), last.strip()
    words = text.split(" ")
    if len(words) == 1:
        return "", text
    if order == "last_first":
        at = 1
        while at < len(words) - 1 and words[at - 1].casefold() in _PARTICLES:
            at += 1
        return " ".join(words[at:]), " ".join(words[:at])
    at = len(words) - 1
    if _AFTER.fullmatch(words[at]) and at > 1:
        at -= 1
    while at > 1 and words[at - 1].casefold() in _PARTICLES:
        at -= 1
    return " ".join(words[:at]), " ".join(words[at:])


def credit_list(text: str, default: str, separator: str = "|") -> list[tuple[str, list[str]]]:
    """Return (name, roles) of each credit of a list like `Name [Role, Role]|Name [Role [detail]]`.

    Where no role is said it is `default`.

    >>> credit_list("Amani Mwangi [Music By [All Tracks], Lyrics By]|Juma Otieno", "writer")
    [('Amani Mwangi', ['Music By', 'Lyrics By']), ('Juma Otieno', ['writer'])]
    """
    found = []
    for credit in _outside(text, separator):
        name, bracket, rest = credit.partition("[")
        inside = rest.strip().removesuffix("]") if bracket else ""
        roles = [role for part in _outside(inside, ",") if (role := part.partition("[")[0].strip())]
        if name.strip() or roles:
            found.append((name.strip(), roles or [default]))
    return found


def _outside(text: str, separator: str) -> list[str]:
    """Split at a separator that is not inside square brackets; brackets that do not pair up are letters like others."""
    if "[" not in text or not separator:
        return text.split(separator) if separator else [text]
    parts, depth, start, at = [], 0, 0, 0
    while at < len(text):
        if text[at] == "[":
            depth += 1
        elif text[at] == "]":
            depth = max(0, depth - 1)
        elif depth == 0 and text.startswith(separator, at):
            parts.append(text[start:at])
            at += len(separator)
            start = at
            continue
        at += 1
    return [*parts, text[start:]] if depth == 0 else text.split(separator)


def in_roles(roles: Sequence[str], mapping: Mapping[str, str]) -> list[str]:
    """Return the mapped roles of one person, each once; who made the music and the words is `CA`; unmapped ones as they are.

    >>> in_roles(["Music By", "Lyrics By"], {"music by": "C", "lyrics by": "A"})
    ['CA']
    """
    folded = {key.casefold(): value for key, value in mapping.items()}
    found = list(dict.fromkeys(folded.get(role.casefold(), role) for role in roles))
    if "CA" in found or {"C", "A"} <= set(found):
        place = min(at for at, role in enumerate(found) if role in {"C", "A", "CA"})
        kept = [role for role in found if role not in {"C", "A", "CA"}]
        return [*kept[:place], "CA", *kept[place:]]
    return found
