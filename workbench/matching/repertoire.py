"""The register as matching sees it: every recording and work as a target, read in bulk.

A recording is known by its title, main artist and performers, and by the writers of the works it embodies; a work by all its
titles and writers, and by the artists of its recordings. So both kinds of evidence serve both kinds of target.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import Connection

from ..core.documents import Document, load_many
from ..registry.parties import PARTY
from ..registry.recordings import RECORDING
from ..registry.rules import GONE
from ..registry.works import WORK
from .candidates import Target

WRITER_ROLES = frozenset(("A", "C", "CA", "AD", "AR", "SA", "SR", "TR"))
PERFORMING = frozenset(("featured", "conductor"))


def load_targets(connection: Connection, ids: Sequence[str] | None = None) -> list[Target]:
    """Return every recording and work of the register as a target; of some of them when `ids` is given.

    What was deleted or merged into another is no target; a recording of a merged work embodies the survivor.
    """
    recordings = _present(load_many(connection, RECORDING, ids))
    works = load_many(connection, WORK, None if ids is None else [*ids, *_works_of(recordings)])
    _follow_mergers(connection, recordings, works)
    works = _present(works)
    people = _people(connection, recordings, works, everything=ids is None)
    played: dict[str, set[str]] = defaultdict(set)
    for recording in recordings.values():
        for part in recording["works"]:
            played[part["work_id"]].add(recording["main_artist"])
    wanted = set(ids) if ids is not None else None
    targets = [_recording(document, works, people) for document in recordings.values()]
    targets += [_work(document, sorted(played[document["id"]] - {""}), people) for document in works.values()]
    return [target for target in targets if wanted is None or target.id in wanted]


def _present(found: dict[str, Document]) -> dict[str, Document]:
    return {key: document for key, document in found.items() if document["status"] not in GONE}


def _follow_mergers(connection: Connection, recordings: dict[str, Document], works: dict[str, Document]) -> None:
    """Let recordings embody the survivor of a merged work; survivors not read yet are added to `works`."""
    for recording in recordings.values():
        for part in recording["works"]:
            passed = {part["work_id"]}
            while (merged := works.get(part["work_id"])) and merged["merged_into_id"] and merged["status"] in GONE:
                survivor = merged["merged_into_id"]
                if survivor in passed:
                    break
                if survivor not in works:
                    works.update(load_many(connection, WORK, [survivor]))
                passed.add(survivor)
                part["work_id"] = survivor


def _works_of(recordings: dict[str, Document]) -> list[str]:
    return sorted({part["work_id"] for recording in recordings.values() for part in recording["works"]})


def _people(
    connection: Connection, recordings: dict[str, Document], works: dict[str, Document], *, everything: bool
) -> dict[str, tuple[str, ...]]:
    """Return every name of the parties concerned, by party, its own name first."""
    ids = {part["party_id"] for recording in recordings.values() for part in recording["contributors"]}
    ids |= {share["party_id"] for work in works.values() for share in work["shares"]}
    parties = load_many(connection, PARTY, None if everything else sorted(ids))
    return {party_id: _names(party) for party_id, party in parties.items()}


def _names(party: Document) -> tuple[str, ...]:
    names = [_name(party), *(_name(name) for name in party["names"])]
    return tuple(dict.fromkeys(name for name in names if name))


def _name(named: Document) -> str:
    return f"{named['first_name']} {named['name']}".strip()


def _writers(work: Document, people: dict[str, tuple[str, ...]]) -> list[str]:
    found = [share["party_id"] for share in work["shares"] if share["role"] in WRITER_ROLES]
    # one text per writer: a pseudonym is not a further writer
    return [" ".join(people[party_id]) for party_id in dict.fromkeys(found) if people.get(party_id)]


def _recording(document: Document, works: dict[str, Document], people: dict[str, tuple[str, ...]]) -> Target:
    title, version = document["title"], document["version_title"]
    embodied = [works[part["work_id"]] for part in document["works"] if part["work_id"] in works]
    performers = [part["party_id"] for part in document["contributors"] if part["role"] in PERFORMING]
    artists = [document["main_artist"], *(name for party_id in performers for name in people.get(party_id, ()))]
    return Target(
        "recording",
        document["id"],
        (f"{title} ({version})" if version and version.casefold() not in title.casefold() else title,),
        tuple(dict.fromkeys(name for name in artists if name)),
        tuple(dict.fromkeys(name for work in embodied for name in _writers(work, people))),
        (document["isrc"],) if document["isrc"] else (),
        tuple(sorted({work["iswc"] for work in embodied} - {""})),
        document["duration_seconds"],
        frozenset(work["id"] for work in embodied),
    )


def _work(document: Document, artists: list[str], people: dict[str, tuple[str, ...]]) -> Target:
    titles = [document["title"], *(each["title"] for each in document["titles"])]
    return Target(
        "work",
        document["id"],
        tuple(dict.fromkeys(title for title in titles if title)),
        tuple(artists),
        tuple(_writers(document, people)),
        (),
        (document["iswc"],) if document["iswc"] else (),
        document["duration_seconds"],
        frozenset((document["id"],)),
    )
