"""The guard at the door of the register: who in the book looks like this party, and whom a clerk has told apart already.

The keys of every live party are read once per open book and then follow the journal. What a clerk said ("father and son") is an
entry of the journal of its own, so that nobody is asked again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any
from weakref import WeakKeyDictionary

import pandas as pd
from sqlalchemy import Connection, select

from ...core import journal
from ...core.documents import CHUNK, KINDS
from ...core.errors import WorkbenchError
from ...core.store import Book, Change
from .. import rules
from ..desk import in_chunks
from .finding import THRESHOLD, KeyIndex, LookAlike, Profile, judge, pair_of, profile_of, shown, worth_a_look

TOLD_APART = "not_the_same"
"""The kind of journal entry by which somebody says that two parties are two."""
COLUMNS = ["id", "name", "score", "evidence", "kind", "birth_on", "ipi_name_number"]
_WITH_WORKS = 50
"""So many of the likest are also asked what they wrote together."""


class LooksLike(WorkbenchError):
    """Somebody like this is registered already; `found` is who, with the evidence."""

    def __init__(self, name: str, found: Sequence[LookAlike], names: Mapping[str, str]) -> None:
        self.found = tuple(found)
        super().__init__(
            "somebody like this is registered already",
            got=name,
            where=shown(found, names),
            next_step='Use that party; or, when it is somebody else, say why: register(..., sure="the father, born 1940").',
        )


def profiles(connection: Connection, ids: Sequence[str] | None = None) -> dict[str, Profile]:
    """Return what tells the live parties apart, by id; all of them when `ids` is None."""
    root, names = KINDS["party"].table, KINDS["party"].parts["names"]
    live = root.c.status.not_in(rules.GONE)
    chief = select(root).where(live)
    further = select(names).join(root, root.c.id == names.c.owner_id).where(live)
    rows: Iterable[Any] = connection.execute(chief) if ids is None else in_chunks(connection, chief, root.c.id, ids)
    found: dict[str, dict[str, Any]] = {row.id: {**row._mapping, "names": []} for row in rows}
    more: Iterable[Any] = connection.execute(further) if ids is None else in_chunks(connection, further, names.c.owner_id, ids)
    for row in more:
        found[row.owner_id]["names"].append(row._mapping)
    return {key: profile_of(document) for key, document in found.items()}


def look_alikes(
    book: Book, connection: Connection, party: Profile, threshold: float = THRESHOLD
) -> list[tuple[LookAlike, Profile]]:
    """Return the live parties that may be this one, likest first, without those it was told apart from."""
    ids = sorted(_index(book, connection).candidates(party))
    apart = told_apart(connection, [party.id]) if party.id else set()
    known = profiles(connection, [one for one in ids if pair_of(party.id, one) not in apart])
    near = worth_a_look(party, list(known.values()))
    scored = [(alike, one) for one in near if (alike := judge(party, one, threshold - 15.0))]
    scored.sort(key=lambda pair: (-pair[0].score, pair[1].id))
    if party.id:
        together = _with_company(connection, [party, *(one for _, one in scored[:_WITH_WORKS])])
        scored[:_WITH_WORKS] = [
            (alike, one) for _, one in scored[:_WITH_WORKS] if (alike := judge(together[party.id], together[one.id], 0.0))
        ]
    scored = [(alike, one) for alike, one in scored if alike.score >= threshold]
    return sorted(scored, key=lambda pair: (-pair[0].score, pair[1].id))


def as_frame(found: Iterable[tuple[LookAlike, Profile]]) -> pd.DataFrame:
    """Return look-alikes as a table: id, name, score (0 to 100), evidence (text), kind, birth_on, ipi_name_number."""
    rows = [
        (
            one.id,
            one.names[0] if one.names else "",
            alike.score,
            "; ".join(alike.evidence),
            one.kind,
            one.birth_on,
            "/".join(sorted(one.numbers.get("ipi_name_number", ()))),
        )
        for alike, one in found
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def tell_apart(change: Change, one: str, other: str, because: str, evidence: Sequence[str] = ()) -> None:
    """Write down that two parties are two, so that nobody is asked again."""
    first, second = pair_of(one, other)
    said = {"parties": [first, second], "because": because, "evidence": list(evidence)}
    journal.record(change, TOLD_APART, f"{first} {second}", "say", None, said)


def told_apart(connection: Connection, ids: Collection[str] | None = None) -> set[tuple[str, str]]:
    """Return every pair that somebody told apart, the smaller id first; only those with one of `ids`, if given."""
    query = select(journal.journal.c.entity_id).where(journal.journal.c.kind == TOLD_APART)
    pairs = [tuple(text.split(" ")) for text in connection.execute(query).scalars()]
    return {(first, second) for first, second in pairs if ids is None or first in ids or second in ids}


def first_payment_look_alikes(
    connection: Connection, payees: Iterable[str], paid_before: Collection[str], threshold: float = THRESHOLD
) -> list[tuple[LookAlike, Profile, Profile]]:
    """Return (likeness, payee, whom it resembles) for every party about to be paid for the first time, likest first.

    `paid_before` are the parties that money went to already: they are not asked about again, nor whom somebody told apart.
    """
    new = sorted(set(payees) - set(paid_before))
    if not new:
        return []
    everybody = profiles(connection)
    apart = told_apart(connection)
    index = KeyIndex(everybody.values())
    found: dict[tuple[str, str], tuple[LookAlike, Profile, Profile]] = {}
    for one in (everybody[party_id] for party_id in new if party_id in everybody):
        others = [everybody[other] for other in sorted(index.candidates(one)) if pair_of(one.id, other) not in apart]
        for other in worth_a_look(one, others):
            if pair_of(one.id, other.id) not in found and (alike := judge(one, other, threshold)):
                found[pair_of(one.id, other.id)] = (alike, one, other)
    return sorted(found.values(), key=lambda pair: (-pair[0].score, pair[1].id, pair[2].id))


class _Following:
    """The keys of a book's parties, and up to which journal entry they are known."""

    def __init__(self, connection: Connection) -> None:
        self.seq, self.head = journal.head(connection)
        self.index = KeyIndex(profiles(connection).values())

    def follows(self, connection: Connection) -> bool:
        """Take in what was saved since; False when the journal is not the one that was read."""
        seq, head = journal.head(connection)
        if (seq, head) == (self.seq, self.head):
            return True
        said = connection.execute(select(journal.journal.c.hash).where(journal.journal.c.seq == self.seq)).scalar()
        if seq < self.seq or (said is not None and said != self.head):
            return False
        since = select(journal.journal.c.entity_id).where(journal.journal.c.seq > self.seq, journal.journal.c.kind == "party")
        changed = list(dict.fromkeys(connection.execute(since.limit(20 * CHUNK)).scalars()))
        if len(changed) == 20 * CHUNK:
            return False
        known = profiles(connection, changed)
        for party_id in changed:
            if party_id in known:
                self.index.put(known[party_id])
            else:
                self.index.take_out(party_id)
        self.seq, self.head = seq, head
        return True


_INDEXES: WeakKeyDictionary[Book, _Following] = WeakKeyDictionary()


def _index(book: Book, connection: Connection) -> KeyIndex:
    found = _INDEXES.get(book)
    if found is None or not found.follows(connection):
        found = _INDEXES[book] = _Following(connection)
    return found.index


def _with_company(connection: Connection, parties: Sequence[Profile]) -> dict[str, Profile]:
    """Return the profiles with the works they have shares in, and the groups they belong to."""
    ids = [one.id for one in parties]
    shares, members = KINDS["work"].parts["shares"], KINDS["party"].parts["members"]
    found: dict[str, dict[str, set[Any]]] = {key: {"works": set(), "groups": set()} for key in ids}
    for name, table, column in (("works", shares, "party_id"), ("groups", members, "member_party_id")):
        for row in in_chunks(connection, select(table.c.owner_id, table.c[column]), table.c[column], ids):
            found[row[1]][name].add(row[0])
    return {
        one.id: Profile(
            one.id,
            one.kind,
            one.names,
            one.numbers,
            one.birth_on,
            one.death_on,
            one.territory,
            works=frozenset(found[one.id]["works"]),
            groups=frozenset(found[one.id]["groups"]),
        )
        for one in parties
    }
