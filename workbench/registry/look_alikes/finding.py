"""Look-alikes: parties that may be one and the same, with what speaks for it and against it in words.

    find_look_alikes([draft], known)  ->  LookAlike(TALA-P-000007, 96.2,
        ("name 90 % alike: Amani Mwangy, Amani Mwangi", "same day of birth 1971-03-02"))

A likeness runs from 0 to 100; from `THRESHOLD` on a clerk must look. An identifier or a day of birth that contradicts tells two
namesakes apart; the same identifier is enough whatever the names.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from rapidfuzz import fuzz, process

from ..party_rules import IDENTIFIERS
from .names import keys, likeness, words_of

THRESHOLD = 85.0
"""From here on two parties are look-alikes."""
ROUGH = 68
"""Below this share of equal letters in order, two names are not compared word by word; an initial for a name stays above it."""
FAR = 75.0
"""Below this, two names speak against each other."""
CROWD = 400
"""A wide key that more parties than this share is not looked at: one of the narrow keys must lead to the party."""
BIRTH, DEATH, PLACE, TOGETHER = (10.0, -40.0), (5.0, -20.0), (2.0, -3.0), 5.0
"""What the same, and what another, day of birth, of death, and territory say; and each work or group in common."""
OTHER_NUMBER, OTHER_KIND = -50.0, -15.0


@dataclass(frozen=True, slots=True)
class Profile:
    """What tells one party from another; `works` are what it has shares in, `groups` those it belongs to."""

    id: str
    kind: str
    names: tuple[str, ...]
    numbers: Mapping[str, frozenset[str]] = field(default_factory=dict)
    birth_on: str = ""
    death_on: str = ""
    territory: str = ""
    works: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    words: tuple[tuple[str, ...], ...] = field(init=False)
    """Every name in words, in the order of the names."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "words", tuple(words_of(name, self.kind) for name in self.names))

    def keys(self) -> dict[str, bool]:
        """Return the keys under which like parties meet, each with whether it is narrow."""
        found = dict(key for words in self.words for key in keys(words))
        found.update({f"{name}:{value}": True for name, values in self.numbers.items() for value in values})
        if self.birth_on:
            found.update({f"{self.birth_on} {word[0]}": True for words in self.words for word in words})
        return found

    def shown(self) -> str:
        """Return the party in words: name, day of birth, IPI."""
        facts = [f"born {self.birth_on}"] if self.birth_on else []
        facts += [f"IPI {'/'.join(sorted(values))}" for name, values in self.numbers.items() if name == "ipi_name_number"]
        return (self.names[0] if self.names else "") + (f" ({', '.join(facts)})" if facts else "")


@dataclass(frozen=True, slots=True)
class LookAlike:
    """Two parties that may be one: `evidence` says why, strongest first, and what speaks against it."""

    new_id: str
    known_id: str
    score: float
    evidence: tuple[str, ...]


def profile_of(document: Mapping[str, Any], party_id: str = "") -> Profile:
    """Return the profile of a party's document, complete or a draft."""
    rows = [dict(row) for row in document.get("names") or ()]
    spoken = [_full(document), *(_full(row) for row in rows), *(str(row.get("transliteration") or "") for row in rows)]
    numbers = {name: frozenset({str(document[name])}) for name in IDENTIFIERS if document.get(name)}
    if ipi := frozenset(str(row["ipi_name_number"]) for row in rows if row.get("ipi_name_number")):
        numbers["ipi_name_number"] = ipi
    return Profile(
        id=party_id or str(document.get("id") or ""),
        kind=str(document.get("kind") or "natural"),
        names=tuple(dict.fromkeys(name for name in spoken if name)),
        numbers=numbers,
        birth_on=str(document.get("birth_on") or ""),
        death_on=str(document.get("death_on") or ""),
        territory=str(document.get("territory") or ""),
    )


class KeyIndex:
    """Many parties by their keys, in 12 bytes a key; parties may be added and taken out one at a time."""

    def __init__(self, profiles: Iterable[Profile]) -> None:
        self.ids: list[str] = []
        hashes: list[int] = []
        owners: list[int] = []
        for profile in profiles:
            mine = profile.keys()
            hashes += [hash(key) for key in mine]
            owners += [len(self.ids)] * len(mine)
            self.ids.append(profile.id)
        found = np.array(hashes, dtype=np.int64)
        order = np.argsort(found, kind="stable")
        self._hashes: npt.NDArray[np.int64] = found[order]
        self._owners: npt.NDArray[np.int32] = np.array(owners, dtype=np.int32)[order]
        self._later: dict[int, set[str]] = {}
        self._gone: set[str] = set()

    def put(self, profile: Profile) -> None:
        """Add a party, or put it in place of what was known of it."""
        self.take_out(profile.id)
        for key in profile.keys():  # noqa: SIM118  not a dict
            self._later.setdefault(hash(key), set()).add(profile.id)

    def take_out(self, party_id: str) -> None:
        """Forget a party."""
        self._gone.add(party_id)
        for ids in self._later.values():
            ids.discard(party_id)

    def candidates(self, profile: Profile) -> set[str]:
        """Return the parties that share a key with this one, without itself; a wide key of a crowd is left out."""
        found: set[str] = set()
        for key, narrow in profile.keys().items():
            number = hash(key)
            first, last = (int(np.searchsorted(self._hashes, number, side)) for side in ("left", "right"))
            if narrow or last - first <= CROWD:
                found |= {one for one in (self.ids[at] for at in self._owners[first:last]) if one not in self._gone}
            found |= self._later.get(number, set())
        return found - {profile.id}


def find_look_alikes(
    new: Iterable[Mapping[str, Any] | Profile],
    known: Iterable[Mapping[str, Any] | Profile],
    told_apart: Collection[tuple[str, str]] = (),
) -> list[LookAlike]:
    """Return every pair of a new party and one it resembles, new or known, each pair once, likest first.

    Both are documents (an `id` each, which may be a passing one) or profiles. `told_apart` are pairs (smaller id first) that
    somebody has looked at already.
    """
    fresh = {one.id: one for one in map(_profile, new)}
    there = {**{one.id: one for one in map(_profile, known)}, **fresh}
    index = KeyIndex(there.values())
    found = []
    for profile in fresh.values():
        others = [
            there[other_id]
            for other_id in index.candidates(profile)
            if pair_of(profile.id, other_id) not in told_apart and not (other_id in fresh and other_id < profile.id)
        ]
        found += [alike for other in worth_a_look(profile, others) if (alike := judge(profile, other))]
    return sorted(found, key=lambda one: (-one.score, one.new_id, one.known_id))


def worth_a_look(new: Profile, others: Sequence[Profile]) -> list[Profile]:
    """Return those of many parties that could be alike at all: roughly one of the names, or one of the numbers."""
    owners = [at for at, other in enumerate(others) for _ in other.words]
    spelled = ["".join(sorted(words)) for other in others for words in other.words]
    mine = ["".join(sorted(words)) for words in new.words]
    if not spelled or not mine:
        return []
    rough = process.cdist(mine, spelled, scorer=fuzz.ratio, dtype=np.uint8, score_cutoff=ROUGH).max(axis=0)
    whole = process.cdist(
        ["".join(words) for words in new.words],
        ["".join(words) for other in others for words in other.words],
        scorer=fuzz.ratio,
        dtype=np.uint8,
        score_cutoff=ROUGH,
    ).max(axis=0)
    near = {owners[at] for at in np.flatnonzero(np.maximum(rough, whole))}
    numbers = {(name, value) for name, values in new.numbers.items() for value in values}
    if numbers:
        near |= {
            at
            for at, other in enumerate(others)
            if any((name, value) in numbers for name, values in other.numbers.items() for value in values)
        }
    return [others[at] for at in sorted(near)]


def judge(new: Profile, known: Profile, threshold: float = THRESHOLD) -> LookAlike | None:
    """Return the likeness of two parties with its evidence, or None where it is below the threshold."""
    same = [
        (name, value) for name, values in new.numbers.items() for value in sorted(values & known.numbers.get(name, frozenset()))
    ]
    score, said = _by_name(new, known, 0.0 if same else threshold - BIRTH[0] - DEATH[0] - PLACE[0] - 3 * TOGETHER)
    if not same and not said:
        return None
    evidence = [f"same {_called(name)} {value}" for name, value in same] + said
    for name, values in new.numbers.items():
        others = known.numbers.get(name)
        if others and not values & others and not same:
            score += OTHER_NUMBER
            evidence.append(f"but another {_called(name)}: {'/'.join(sorted(values))} and {'/'.join(sorted(others))}")
    for what, mine, theirs, (equal, different) in (
        ("day of birth", new.birth_on, known.birth_on, BIRTH),
        ("day of death", new.death_on, known.death_on, DEATH),
        ("territory", new.territory, known.territory, PLACE),
    ):
        if mine and theirs:
            score += equal if mine == theirs else different
            evidence.append(f"same {what} {mine}" if mine == theirs else f"but another {what}: {mine} and {theirs}")
    if new.kind != known.kind:
        score += OTHER_KIND
        evidence.append(f"but another kind: {new.kind} and {known.kind}")
    for what, together in (("work", new.works & known.works), ("group", new.groups & known.groups)):
        if together:
            score += TOGETHER * min(3, len(together))
            evidence.append(
                f"{len(together)} {what}{'s' if len(together) > 1 else ''} in common: {', '.join(sorted(together)[:3])}"
            )
    score = 100.0 if same else round(max(0.0, min(99.9, score)) if score < 100 else 100.0, 1)
    return LookAlike(new.id, known.id, score, tuple(evidence)) if score >= threshold else None


def pair_of(one: str, other: str) -> tuple[str, str]:
    """Return two ids, the smaller first."""
    return (one, other) if one < other else (other, one)


def _by_name(new: Profile, known: Profile, at_least: float) -> tuple[float, list[str]]:
    """Return how alike the nearest two names are, and that in words; nothing said where they are too far apart to matter."""
    best, names = 0.0, ("", "")
    for mine, words in zip(new.names, new.words, strict=True):
        for theirs, others in zip(known.names, known.words, strict=True):
            alike = likeness(words, others)
            if alike > best:
                best, names = alike, (mine, theirs)
    if best < at_least or not best:
        return best, []
    if best == 100:
        return best, [f"same name: {names[0]}" + (f", {names[1]}" if names[0] != names[1] else "")]
    far = "but the names are only" if best < FAR else "name"
    return best, [f"{far} {best:.0f} % alike: {names[0]}, {names[1]}"]


def _profile(one: Mapping[str, Any] | Profile) -> Profile:
    return one if isinstance(one, Profile) else profile_of(one)


def _full(row: Mapping[str, Any]) -> str:
    return f"{row.get('first_name') or ''} {row.get('name') or ''}".strip()


def _called(identifier: str) -> str:
    return {"ipi_name_number": "IPI name number", "ipi_base_number": "IPI base number", "isni": "ISNI", "ipn": "IPN"}[identifier]


def shown(found: Sequence[LookAlike], names: Mapping[str, str]) -> str:
    """Return look-alikes in one text: who, how much, and why."""
    return "; ".join(
        f"{one.known_id} {names.get(one.known_id, '')} ({one.score:.0f} %: {', '.join(one.evidence)})" for one in found
    )
