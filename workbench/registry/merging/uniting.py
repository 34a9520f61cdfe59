"""Two documents made one: what the survivor keeps, what it takes over, and what a person must choose.

    survivor  isni 0000..83  born ""          names Mwangi
    other     isni ""        born 1971-03-02  names Mwangi, Simba
    result    isni 0000..83  born 1971-03-02  names Mwangi, Simba

The survivor's own value stays, blanks are filled from the other, names and numbers are united without repeating any. Two numbers
of one kind contradict each other: somebody must say which is right. A title or an ISWC that gives way is kept as a further one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...core.canonical import canonical_json
from ...core.documents import Document, Kind
from ...core.errors import Finding
from ...core.shares import WHOLE
from .. import rules

SHARES = ("performing_ppm", "mechanical_ppm", "synchronisation_ppm", "share_ppm")
"""What is added up where two rows become the same."""
ADDED_UP = {
    ("work", "shares"),
    ("work", "performers"),
    ("recording", "contributors"),
    ("recording", "works"),
    ("agreement", "works"),
    ("party", "members"),
    ("party", "successors"),
}
"""Parts whose rows say something once: two that become the same are one. Cues, tracks and set lists may repeat."""
NOT_THE_CONTENT = ("id", "status", "merged_into_id")
Row = dict[str, Any]
Row_ = Mapping[str, Any]
Choices = Mapping[str, str]
"""Field or part -> the id of the document whose value is taken."""


@dataclass(frozen=True)
class Uniting:
    """How two documents of one kind become one; parts not named in `united` are taken whole from the first that has any."""

    contradicting: tuple[str, ...] = ()
    """Fields of which only one value can be true."""
    united: tuple[str, ...] = ()
    kept: Mapping[str, Callable[[Document, str], tuple[str, Row]]] = field(default_factory=dict)
    """Field -> where its value goes when another takes its place: the part, and the row."""
    follows: Mapping[str, str] = field(default_factory=dict)
    """Field -> the field whose choice it follows."""


UNITING: dict[str, Uniting] = {
    "party": Uniting(
        contradicting=("kind", "ipi_base_number", "isni", "ipn", "birth_on", "death_on", "society_code"),
        united=("names", "affiliations", "members", "successors"),
        kept={"name": lambda one, _: ("names", {"kind": "other", "name": one["name"], "first_name": one["first_name"]})},
        follows={"first_name": "name"},
    ),
    "work": Uniting(
        contradicting=("isan", "eidr"),
        united=("titles", "archived_iswcs", "numbers", "performers"),
        kept={
            "iswc": lambda one, today: ("archived_iswcs", {"iswc": one["iswc"], "archived_on": today}),
            "title": lambda one, _: ("titles", {"kind": "AT", "title": one["title"], "language": one["language"]}),
        },
    ),
    "recording": Uniting(
        united=("works", "titles", "numbers"),
        kept={
            "isrc": lambda one, _: ("numbers", {"issuer": "ISRC", "number": one["isrc"]}),
            "title": lambda one, _: ("titles", {"kind": "AT", "title": one["title"]}),
        },
    ),
    "release": Uniting(contradicting=("gtin",)),
}
"""The kinds that can be merged."""


@dataclass(frozen=True)
class United:
    """The document that comes out, and what nobody chose though it contradicts."""

    document: Document
    findings: tuple[Finding, ...]


def unite(kind: Kind, survivor: Document, other: Document, choices: Choices, today: str) -> United:
    """Return the survivor with what it takes over from another document; neither is changed."""
    how = UNITING[kind.name]
    result: Document = dict(survivor)
    findings = []
    for name in kind.fields:
        if name in NOT_THE_CONTENT:
            continue
        mine, theirs = survivor[name], other[name]
        chosen = choices.get(name, choices.get(how.follows.get(name, ""), ""))
        if chosen == other["id"] or (not mine and theirs and chosen != survivor["id"]):
            result[name] = theirs
        if name in how.contradicting and mine and theirs and mine != theirs and name not in choices:
            findings.append(_contradiction(survivor, other, name))
    for part in kind.parts:
        result[part] = _part(how, part, survivor, other, choices)
    for name, where in how.kept.items():
        for one in (survivor, other):
            part, row = where(one, today)
            if one[name] and not _says(result, name, one, how, part, row):
                result[part] = [*result[part], {**_blank(kind, part), **row}]
    return United(result, tuple(findings))


def add_up(holder: Kind, part: str, rows: Sequence[Row], touched: Sequence[bool]) -> list[Row]:
    """Return rows where those that became the same are one, their shares added up exactly; the first place stays.

    Only rows that were touched meet others; rows whose shares together are more than the whole stay apart, for a person to judge.
    """
    if (holder.name, part) not in ADDED_UP:
        return list(rows)
    groups: dict[bytes, list[int]] = {}
    for at, row in enumerate(rows):
        groups.setdefault(canonical_json({name: value for name, value in row.items() if name not in SHARES}), []).append(at)
    result = dict(enumerate(rows))
    for places in groups.values():
        if len(places) < 2 or not any(touched[at] for at in places):
            continue
        sums = {name: sum(rows[at][name] or 0 for at in places) for name in SHARES if name in rows[places[0]]}
        if all(total <= WHOLE for total in sums.values()):
            result[places[0]] = {**rows[places[0]], **sums}
            for at in places[1:]:
                del result[at]
    return [result[at] for at in sorted(result)]


def side_by_side(kind: Kind, survivor: Document, others: Sequence[Document], result: Document) -> list[tuple[str, str, str, str]]:
    """Return (field, what the survivor says, what the others say, what it will be) where any of them says anything."""
    rows = []
    for name in [*kind.fields, *kind.parts]:
        if name in NOT_THE_CONTENT or not any(one[name] for one in (survivor, *others, result)):
            continue
        said = " | ".join(dict.fromkeys(text for one in others if (text := _text(one[name]))))
        rows.append((name, _text(survivor[name]), said, _text(result[name])))
    return rows


def _part(how: Uniting, part: str, survivor: Document, other: Document, choices: Choices) -> list[Row]:
    if part in choices:
        return [dict(row) for row in (other if choices[part] == other["id"] else survivor)[part]]
    if part not in how.united:
        return [dict(row) for row in survivor[part] or other[part]]
    found = [dict(row) for row in survivor[part]]
    for row in other[part]:
        for at, have in enumerate(found):
            if _folds(part, have, row):
                found[at] = {name: have[name] or row[name] for name in have}
                break
        else:
            found.append(dict(row))
    return found


def _folds(part: str, have: Row_, row: Row_) -> bool:
    """Tell whether two rows say the same; two names do when they differ at most in what one of them leaves blank."""
    if part != "names":
        return all(have[name] == row[name] for name in have if name != "archived_on")
    if (have["name"], have["first_name"]) != (row["name"], row["first_name"]):
        return False
    return all(have[name] == row[name] or not (have[name] and row[name]) for name in have if name != "kind")


def _says(result: Document, name: str, one: Document, how: Uniting, part: str, row: Row_) -> bool:
    """Tell whether the result says a value already: as its own, or in the part where a further one is kept."""
    together = [name, *(follower for follower, leader in how.follows.items() if leader == name)]
    if all(result[each] == one[each] for each in together):
        return True
    known = [each for each in row if each not in ("kind", "archived_on", "language")]
    return any(all(have[each] == row[each] for each in known) for have in result[part])


def _blank(kind: Kind, part: str) -> Row:
    return dict.fromkeys(kind.part_fields(part), "")


def _contradiction(survivor: Document, other: Document, name: str) -> Finding:
    step = f'Say which is right: rules={{"{name}": "{survivor["id"]}"}} or "{other["id"]}".'
    got = f"{survivor[name]} and {other[name]}"
    return rules.odd(other, "contradicting", f"two different values of {name}", name, got, "one of them", step)


def _text(value: Any) -> str:
    if isinstance(value, list):
        return "; ".join(", ".join(str(one) for one in row.values() if one) for row in value)
    return "" if value is None else str(value)
