"""What of each kind of document can be found: its names, its identifiers, and the people it is known by.

Each kind is declared once in `SOURCES`; reading goes by ranges of identifiers, so that a book of a million works streams through
and never lies in memory. Parties are named on many things: `Names` reads each once.

    work TALA-W-000017 -> names  Taa ya Pwani (title), Coast Light (title AT)
                          people Amani Mwangi, also Simba Kali (writer), The Pwani Band (artist of a recording of it)
                          codes  T-034.524.680-1 (iswc), 4711 (number of 058)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, Table, func, literal, select

from ...core.documents import CHUNK, KINDS
from ...core.journal import journal, read_document
from ...core.store import metadata
from .. import rules
from .spelling import Entry

RANGE = 5_000
"""Documents read at once when everything is read."""
Within = Callable[[ColumnElement[str]], ColumnElement[bool]]
"""Limits a query to some documents, given the column that names them."""
Rows = Mapping[str, Sequence[Row[Any]]]
"""The rows of one document by part, the document's own under ""."""


@dataclass(frozen=True)
class Text:
    """Columns that hold a name or an identifier, of the document or of one of its parts; `{kind}` in a label is filled in.

    With `party`, the name is the party's that this column refers to, and the columns say it where the party is not registered.
    """

    columns: str
    label: str
    part: str = ""
    party: str = ""


@dataclass(frozen=True)
class Source:
    """How one kind is found; `facts` are printed beside it."""

    names: tuple[Text, ...]
    codes: tuple[Text, ...] = ()
    people: tuple[Text, ...] = ()
    facts: tuple[str, ...] = ()

    @property
    def texts(self) -> tuple[Text, ...]:
        """All that is read."""
        return (*self.names, *self.codes, *self.people)


SOURCES: dict[str, Source] = {
    "party": Source(
        names=(
            Text("first_name name", "name"),
            Text("first_name name", "{kind}", "names"),
            Text("transliteration", "{kind}", "names"),
        ),
        codes=(
            Text("ipi_name_number", "ipi_name_number", "names"),
            Text("ipi_base_number", "ipi_base_number"),
            Text("isni", "isni"),
            Text("ipn", "ipn"),
        ),
        facts=("birth_on", "death_on"),
    ),
    "work": Source(
        names=(
            Text("title", "title"),
            Text("title", "title {kind}", "titles"),
            Text("original_title", "original title"),
            Text("episode", "episode"),
        ),
        codes=(
            Text("iswc", "iswc"),
            Text("iswc", "archived iswc", "archived_iswcs"),
            Text("number", "number of {issuer}", "numbers"),
            Text("catalogue_number", "catalogue number"),
            Text("isan", "isan"),
            Text("eidr", "eidr"),
        ),
        people=(
            Text("", "{role}", "shares", party="party_id"),
            Text("first_name name", "performer", "performers", party="party_id"),
        ),
        facts=("created_year",),
    ),
    "recording": Source(
        names=(
            Text("title", "title"),
            Text("title version_title", "title with version"),
            Text("title", "title {kind}", "titles"),
        ),
        codes=(Text("isrc", "isrc"), Text("number", "number of {issuer}", "numbers")),
        people=(Text("main_artist", "artist"), Text("", "{role}", "contributors", party="party_id")),
        facts=("recorded_year",),
    ),
    "release": Source(
        names=(Text("title", "title"),),
        codes=(Text("gtin", "gtin"), Text("catalogue_number", "catalogue number"), Text("isrc", "isrc of a track", "tracks")),
        people=(Text("main_artist", "artist"), Text("label", "label")),
        facts=("released_on",),
    ),
    "performance": Source(
        names=(Text("name", "name"), Text("venue", "venue"), Text("channel", "channel")),
        people=(Text("promoter", "promoter"), Text("performer", "performer", "items"), Text("city", "city")),
        facts=("held_on",),
    ),
    "agreement": Source(
        names=(
            Text("", "assignor", party="assignor_party_id"),
            Text("", "acquirer", party="acquirer_party_id"),
        ),
        codes=(Text("number", "number"), Text("society_number", "society number"), Text("isac", "isac")),
        facts=("starts_on", "ends_on"),
    ),
    "mandate": Source(
        names=(Text("", "party", party="party_id"),),
        codes=(Text("number", "number"),),
        facts=("starts_on", "ends_on"),
    ),
    "licensee": Source(names=(Text("name", "name"),), codes=(Text("tax_number", "tax number"),)),
}
"""Every kind that can be found."""


@dataclass
class Names:
    """The names and identifiers of parties, each read once: as printed, then every other spelling known."""

    known: dict[str, tuple[str, ...]] = field(default_factory=dict)
    codes: dict[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)

    def read(self, connection: Connection, ids: Iterable[str] | None) -> None:
        """Read what is not known yet; all parties when `ids` is None."""
        if ids is None:
            self._take(connection, lambda column: column.is_not(None))
            return
        missing = sorted({one for one in ids if one} - self.known.keys())
        for start in range(0, len(missing), CHUNK):
            self._take(connection, _one_of(missing[start : start + CHUNK]))

    def _take(self, connection: Connection, within: Within) -> None:
        party, further = metadata.tables["party"].c, metadata.tables["party_name"].c
        other: dict[str, list[str]] = {}
        codes: dict[str, list[tuple[str, str]]] = {}
        query = select(further.owner_id, further.first_name, further.name, further.transliteration, further.ipi_name_number)
        for one in connection.execute(query.where(within(further.owner_id)).order_by(further.owner_id, further.position)):
            other.setdefault(one.owner_id, []).extend((f"{one.first_name} {one.name}".strip(), one.transliteration))
            codes.setdefault(one.owner_id, []).append((one.ipi_name_number, "ipi_name_number"))
        chief = select(party.id, party.first_name, party.name, party.ipi_base_number, party.isni, party.ipn)
        for row in connection.execute(chief.where(within(party.id))):
            spelt = (f"{row.first_name} {row.name}".strip(), *other.pop(row.id, ()))
            self.known[row.id] = tuple(dict.fromkeys(text for text in spelt if text))
            numbers = [(row.ipi_base_number, "ipi_base_number"), (row.isni, "isni"), (row.ipn, "ipn"), *codes.pop(row.id, ())]
            held = tuple(pair for pair in numbers if pair[0])
            if held:
                self.codes[row.id] = held


def declare() -> None:
    """Make every kind known, whichever desks the program has loaded: an index lacks none of them."""
    from .. import agreements, licensing, mandates, performances, releases  # noqa: F401  they ask this module, and so cannot be loaded first


def count(connection: Connection, kind: str) -> int:
    """Return how many documents of a kind the book holds, gone or not."""
    return connection.execute(select(func.count()).select_from(KINDS[kind].table)).scalar_one()


def first(connection: Connection, limit: int) -> dict[str, set[str]]:
    """Return the first documents of each kind, at most `limit` of each: kind -> ids."""
    ids = {kind: KINDS[kind].table.c.id for kind in SOURCES}
    return {kind: set(connection.execute(select(one).order_by(one).limit(limit)).scalars()) for kind, one in ids.items()}


def read_all(connection: Connection, kind: str, names: Names) -> Iterator[list[Entry]]:
    """Yield every document of a kind that is not gone, in slices by identifier."""
    column, last = KINDS[kind].table.c.id, ""
    while True:
        ids = list(connection.execute(select(column).where(column > last).order_by(column).limit(RANGE)).scalars())
        if not ids:
            return
        last = ids[-1]
        yield _read(connection, kind, names, _between(ids[0], last))


def read_some(connection: Connection, kind: str, ids: Iterable[str], names: Names) -> Iterator[tuple[list[str], list[Entry]]]:
    """Yield the documents named, in slices of (ids, documents); what is gone or does not exist has none."""
    wanted = sorted(ids)
    for start in range(0, len(wanted), CHUNK):
        ids = wanted[start : start + CHUNK]
        yield ids, _read(connection, kind, names, _one_of(ids))


def touched(connection: Connection, after: int) -> dict[str, set[str]]:
    """Return what may be found differently since entry number `after`: kind -> ids, with what names the changed ones."""
    found: dict[str, set[str]] = {kind: set() for kind in SOURCES}
    renamed: set[str] = set()
    rows = select(journal.c.kind, journal.c.entity_id, journal.c.before, journal.c.after).where(
        journal.c.seq > after, journal.c.kind.in_(SOURCES)
    )
    for row in connection.execution_options(yield_per=RANGE).execute(rows):
        found[row.kind].add(row.entity_id)
        if row.before is None:
            continue
        if row.kind == "recording":
            found["work"].update(one["work_id"] for one in (read_document(row.before) or {}).get("works", ()))
        elif row.kind == "party" and _called(row.before) != _called(row.after):
            renamed.add(row.entity_id)
    for kind, source in SOURCES.items():
        for text in source.texts:
            if text.party and renamed:
                table, owner = _table(kind, text.part)
                found[kind].update(_owners(connection, select(owner), table.c[text.party], renamed))
    # the recordings of a renamed artist change how their works are found as well
    heard = metadata.tables["recording_work"].c
    found["work"].update(_owners(connection, select(heard.work_id), heard.owner_id, found["recording"]))
    return {kind: ids for kind, ids in found.items() if ids}


def _read(connection: Connection, kind: str, names: Names, within: Within) -> list[Entry]:
    source = SOURCES[kind]
    rows: dict[str, dict[str, list[Row[Any]]]] = {}
    for part, (query, owner) in _queries(kind).items():
        held = rows[part] = {}
        for row in connection.execute(query.where(within(owner))).all():
            held.setdefault(row[0], []).append(row)
    heard = _heard(connection, within) if kind == "work" else {}
    referred = {row[_place(kind, text.part, text.party)] for text in source.texts if text.party for row in _all(rows[text.part])}
    names.read(connection, [*referred, *(party for held in heard.values() for _, party in held)])
    return [
        _entry(kind, key, {part: held.get(key, ()) for part, held in rows.items()}, heard.get(key, ()), names) for key in rows[""]
    ]


def _entry(kind: str, key: str, rows: Rows, heard: Iterable[tuple[str, str]], names: Names) -> Entry:
    plan = _plan(kind)
    written: dict[str, str] = {}
    codes = []
    for what, spellings, party in _said(plan.names, rows, names):
        for spelling in spellings:
            written.setdefault(spelling, what)
        codes += [(code, what) for code, _ in names.codes.get(party, ())] if party else []
    codes += [(spelling, what) for what, spellings, _ in _said(plan.codes, rows, names) for spelling in spellings]
    people = [(what, spellings) for what, spellings, _ in _said(plan.people, rows, names)]
    people += [("artist", names.known[party] if party else (artist,)) for artist, party in heard]
    root = rows[""][0]
    facts = " to ".join(str(root[place]) for place in plan.facts if root[place])
    return Entry(kind, key, tuple(written.items()), tuple(dict.fromkeys(people)), tuple(dict.fromkeys(codes)), facts)


def _said(steps: Iterable[_Step], rows: Rows, names: Names) -> Iterator[tuple[str, tuple[str, ...], str]]:
    """Yield what the columns say, without what is empty: what it is, the spellings, and the party it is a name of, if any."""
    for step in steps:
        for row in rows[step.part]:
            party = row[step.party] if step.party else None
            spellings = names.known.get(party, ()) if party else ()
            if not spellings:
                spelling = " ".join([row[place] for place in step.places if row[place]]).strip()
                spellings = (spelling,) if spelling else ()
            if spellings:
                yield step.labels(row), spellings, party or ""


@dataclass(frozen=True, slots=True)
class _Step:
    """A `Text` with the places of its columns in the rows that are read; place 0 is the owner's and so never one of them."""

    part: str
    places: tuple[int, ...]
    party: int
    before: str
    label: int
    after: str

    def labels(self, row: Row[Any]) -> str:
        """Return what the text of this row is."""
        if not self.label:
            return self.before
        said = str(row[self.label])
        return f"{self.before}{_ROLES.get(said, said)}{self.after}".strip()


@dataclass(frozen=True, slots=True)
class _Plan:
    """A `Source` with the places of its columns."""

    names: tuple[_Step, ...]
    codes: tuple[_Step, ...]
    people: tuple[_Step, ...]
    facts: tuple[int, ...]


_ROLES = dict.fromkeys(rules.WRITER_ROLES, "writer") | dict.fromkeys(rules.PUBLISHER_ROLES, "publisher")


@cache  # one entry per kind
def _plan(kind: str) -> _Plan:
    source = SOURCES[kind]

    def steps(texts: Iterable[Text]) -> tuple[_Step, ...]:
        found = []
        for text in texts:
            before, _, rest = text.label.partition("{")
            name, _, after = rest.partition("}")
            columns = tuple(_place(kind, text.part, column) for column in text.columns.split())
            party, label = (_place(kind, text.part, one) if one else 0 for one in (text.party, name))
            found.append(_Step(text.part, columns, party, before, label, after))
        return tuple(found)

    facts = tuple(_place(kind, "", name) for name in source.facts)
    return _Plan(steps(source.names), steps(source.codes), steps(source.people), facts)


def _heard(connection: Connection, within: Within) -> dict[str, list[tuple[str, str]]]:
    """Return who is heard in the recordings of each work, in a stable order: (as printed, "") or ("", a party)."""
    link, recording, contributor = (metadata.tables[name] for name in ("recording_work", "recording", "recording_contributor"))
    both = link.join(recording, recording.c.id == link.c.owner_id)
    printed = select(link.c.work_id, recording.c.main_artist, literal("")).select_from(both)
    registered = select(link.c.work_id, literal(""), contributor.c.party_id)
    registered = registered.select_from(both.join(contributor, contributor.c.owner_id == recording.c.id))
    kept = recording.c.status.not_in(rules.GONE)
    rows = [
        *connection.execute(printed.where(within(link.c.work_id), kept, recording.c.main_artist != "")),
        *connection.execute(registered.where(within(link.c.work_id), kept, contributor.c.role.in_(("featured", "conductor")))),
    ]
    found: dict[str, list[tuple[str, str]]] = {}
    for work_id, artist, party in sorted(set(map(tuple, rows))):
        found.setdefault(work_id, []).append((artist, party))
    return found


@cache  # one entry per kind
def _queries(kind: str) -> dict[str, tuple[Select[Any], ColumnElement[str]]]:
    """Return for each part that is read: the query, its owner first, and the column that names the owner."""
    source, found = SOURCES[kind], {}
    for part in dict.fromkeys(("", *(text.part for text in source.texts))):
        table, owner = _table(kind, part)
        query = select(owner, *(table.c[name] for name in _columns(kind, part)))
        if part:
            query = query.order_by(owner, table.c.position)
        else:
            query = query.where(table.c.status.not_in(rules.GONE)).order_by(owner)
        found[part] = (query, owner)
    return found


@cache  # one entry per kind and part
def _columns(kind: str, part: str) -> tuple[str, ...]:
    source = SOURCES[kind]
    named = [] if part else [*source.facts]
    for text in source.texts:
        if text.part == part:
            in_label = [text.label.partition("{")[2].partition("}")[0]] if "{" in text.label else []
            named += [*text.columns.split(), *in_label, *([text.party] if text.party else [])]
    return tuple(dict.fromkeys(named))


def _place(kind: str, part: str, name: str) -> int:
    return 1 + _columns(kind, part).index(name)


def _table(kind: str, part: str) -> tuple[Table, ColumnElement[str]]:
    table = KINDS[kind].parts[part] if part else KINDS[kind].table
    return table, table.c.owner_id if part else table.c.id


def _all(held: Mapping[str, Sequence[Row[Any]]]) -> Iterator[Row[Any]]:
    for rows in held.values():
        yield from rows


def _one_of(ids: Sequence[str]) -> Within:
    return lambda column: column.in_(ids)


def _between(first: str, last: str) -> Within:
    return lambda column: column.between(first, last)


def _owners(connection: Connection, query: Select[Any], column: ColumnElement[str], ids: Iterable[str]) -> Iterator[str]:
    """Yield whatever refers to one of many ids, asked in chunks that any database takes."""
    wanted = sorted(ids)
    for start in range(0, len(wanted), CHUNK):
        yield from connection.execute(query.where(column.in_(wanted[start : start + CHUNK]))).scalars()


def _called(document: str | None) -> list[tuple[str, ...]]:
    """Return the names in a party's document as the journal holds it."""
    one = read_document(document) or {}
    rows = [one, *one.get("names", ())]
    return [(row.get("first_name", ""), row.get("name", ""), row.get("transliteration", "")) for row in rows if row]
