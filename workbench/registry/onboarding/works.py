"""Works from lines: one line for each party with a share, the work's own facts on its first line or on each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, select

from ...core import identifiers
from ...core.documents import Document
from ...core.errors import WorkbenchError
from ...core.office import Office
from ...formats.intake import Line
from .. import rules
from ..checks import judging
from ..search.spelling import plain
from ..works import WORK, work, work_number, work_share
from ..works import Works as WorksDesk
from .builder import Builder, Works, live_ids, own_id, plainly
from .clerk import Bundle, Clerk, same_throughout, several
from .finder import Known

NO_ROLE = "-"
"""A credit that is no role in a work (a producer's, a singer's): the person is left out, with a finding."""
SHARES = ("no_writer", "share_total", "no_shares", "publisher_share_over", "role_may_not_own")
"""The rules that a work's own lines answer; the others ask the register, and are for `wb.works.check`."""
_WRITERS = frozenset(rules.WRITER_ROLES)
_PLAIN = (
    "iswc", "language", "category", "created_year", "duration_seconds", "creation_class", "text_music", "version_type",
    "original_title", "music_arrangement", "lyric_adaptation", "excerpt_type", "composite_type", "work_type", "opus_number",
    "catalogue_number", "published_on", "instrumentation", "isan", "eidr", "episode",
)  # fmt: skip
_LISTED = ("titles", "archived_iswcs", "numbers", "components", "performers", "instruments")


class WorkBuilder(Builder):
    """Makes a work of every number, with a share for every line."""

    kind = WORK
    desk = WorksDesk

    def __init__(self, clerk: Clerk) -> None:
        super().__init__(clerk)
        self._works = Works(clerk.connection)
        self._ids = live_ids(clerk.connection, work)
        self._twins = _works_by_title(clerk.connection)
        self._numbers = _by_number(clerk.connection)

    def build(self, bundle: Bundle) -> None:
        """Set the work's document, or the one that is there with what the lines say."""
        clerk = self.clerk
        if not bundle.value("title"):
            clerk.fail(bundle, bundle.first, "missing_value", "title", "the work has no title", "nothing", "a title")
            return
        same_throughout(clerk, bundle, ("title", "iswc", "duration_seconds", "category"))
        document = self._document(bundle)
        if document is None:
            return
        if given := own_id(clerk, bundle, self._ids):
            clerk.there_already(bundle, "id", given, given, document)
            return
        clerk.place(bundle, document, self._works.by_iswc, "iswc")
        if bundle.document is not None and not bundle.document.get("id"):
            self._look_round(bundle, document)

    def _look_round(self, bundle: Bundle, document: Document) -> None:
        """See whether the register has the work under a number or a title."""
        clerk = self.clerk
        for row in document.get("numbers", ()):
            key = (row["issuer"], row["number"])
            if found := self._numbers.get(key):
                clerk.there_already(bundle, "society_number", f"{row['issuer']} {row['number']}", found, document)
                return
            self._numbers[key] = f"line {bundle.first.line} of this file"
        if self._twins:
            writers = frozenset(row["party_id"] for row in document["shares"] if row["role"] in _WRITERS)
            if twin := self._twins.get(hash((plain(document["title"]), writers))):
                step = "Compare them before anything is paid; if they are one work, remove one."
                message = "a work with this title and these writers"
                clerk.note(bundle.first, "look_alike_work", "title", message, document["title"], twin, step)

    def judge(self, bundles: Sequence[Bundle], office: Office) -> None:
        """Add what is odd in the shares to a work's first line; such a work is taken in, and its money waits."""
        given = [{**(bundle.document or {}), "id": str(at)} for at, bundle in enumerate(bundles)]
        for one in judging.judge(self.clerk.connection, office, WORK, given, only=SHARES, alone=True):
            finding = one.finding
            told = (finding.message, finding.got, finding.expected, finding.what_to_do)
            self.clerk.note(bundles[int(finding.source)].first, finding.code, finding.field, *told)

    def _document(self, bundle: Bundle) -> Document | None:
        clerk, shares, people = self.clerk, list[Document](), list[Known]()
        sharing = []
        for line in bundle.lines:
            get = line.values.get
            role = get("role")
            if role == NO_ROLE:
                step = "Nothing, unless they wrote it: then correct the role."
                clerk.note(line, "no_role_in_a_work", "role", "this credit is no role in a work", get("party", ""), "", step)
                continue
            kind = "natural" if role in _WRITERS or get("first_name") else "legal"
            numbers = {"ipi_name_number": get("ipi_name_number", "")}
            party = clerk.who(bundle, line, get("party", ""), get("first_name", ""), kind, "party", **numbers)
            if party is None:
                return None
            people.append(party)
            sharing.append(line)
            shares.append(
                {
                    "party_id": party.id,
                    "role": role,
                    "performing_ppm": get("performing_share", 0),
                    "mechanical_ppm": get("mechanical_share", 0),
                    "synchronisation_ppm": get("synchronisation_share", 0),
                    "represents_party_id": None,
                    "territory": clerk.territory(bundle, line, "share_territory", get("share_territory", "")),
                    "starts_on": get("share_from", ""),
                    "ends_on": get("share_until", ""),
                }
            )
        for line, row in zip(sharing, shares, strict=True):
            if text := line.values.get("represents"):
                row["represents_party_id"] = self._represented(line, text, shares, people)
        document = {"title": bundle.value("title"), **plainly(bundle, _PLAIN), "shares": shares}
        self._add_what_is_listed(bundle, document)
        return None if bundle.failed else document

    def _add_what_is_listed(self, bundle: Bundle, document: Document) -> None:
        """Add what a cell lists with semicolons: titles, numbers, components, performers, instruments."""
        lists: dict[str, list[Document]] = {part: [] for part in _LISTED}
        for line in bundle.lines:
            get = line.values.get
            lists["titles"] += [{"kind": "AT", "title": text, "language": ""} for text in several(get("alternative_titles", ""))]
            for text in several(get("archived_iswcs", "")):
                try:
                    lists["archived_iswcs"].append({"iswc": identifiers.iswc(text)})
                except WorkbenchError as error:
                    self.clerk.note(line, "not_iswc", "archived_iswcs", error.what, text, str(error.expected or ""))
            if number := get("society_number", ""):
                lists["numbers"].append({"issuer": get("society_number_of", ""), "number": number})
            lists["performers"] += [{"name": text} for text in several(get("performers", ""))]
            lists["instruments"] += [{"instrument": text.upper()} for text in several(get("instruments", ""))]
        self._add_other_works(bundle, document, lists)
        for part, rows in lists.items():
            if rows:
                document[part] = [row for at, row in enumerate(rows) if row not in rows[:at]]

    def _add_other_works(self, bundle: Bundle, document: Document, lists: dict[str, list[Document]]) -> None:
        """Add the works that the lines name: components, the original of a version, the whole of an excerpt."""
        step = "Onboard that work first; the composite is taken in without it."
        if bundle.value("components"):
            found = self._works.named(self.clerk, bundle, "components", step)
            lists["components"] = [{"component_work_id": one} for one in found]
        for column, field in (("original_work", "original_work_id"), ("whole_work", "whole_work_id")):
            if bundle.value(column) and (named := self._works.named(self.clerk, bundle, column, "Onboard that work first.")):
                document[field] = named[0]
        if bundle.value("public_domain") == "yes":
            document["public_domain"] = 1

    def _represented(self, line: Line, text: str, shares: list[dict[str, Any]], people: list[Known]) -> str | None:
        """Return the writer of this work whom a publisher acts for, named or numbered."""
        here = [one for one, row in zip(people, shares, strict=True) if row["role"] in _WRITERS]
        try:
            number = identifiers.ipi_name_number(text) if text.strip().replace(".", "").isdigit() else ""
        except WorkbenchError:
            number = ""
        wanted = set(plain(text).split())
        for one in here:
            if number in one.numbers("ipi_name_number") or any(wanted == set(plain(name).split()) for name in one.names):
                return one.id
        expected = "; ".join(one.names[0] for one in here)
        message = "no writer of this work is called that"
        self.clerk.note(line, "unknown_writer", "represents", message, text, expected, "Name one of its writers.")
        return None


def _works_by_title(connection: Connection) -> dict[int, str]:
    """Return the works that stand by the number of (title, writers): a number for each is what a long register has room for."""
    writers: dict[str, list[str]] = {}
    query = select(work_share.c.owner_id, work_share.c.party_id).where(work_share.c.role.in_(rules.WRITER_ROLES))
    for owner, party_id in connection.execute(query):
        writers.setdefault(owner, []).append(party_id)
    rows = connection.execute(select(work.c.id, work.c.title).where(work.c.status.not_in(rules.GONE)).order_by(work.c.id.desc()))
    return {hash((plain(title), frozenset(writers.pop(one)))): one for one, title in rows if one in writers}


def _by_number(connection: Connection) -> dict[tuple[str, str], str]:
    query = select(work_number.c.issuer, work_number.c.number, work_number.c.owner_id).join(work)
    return {
        (issuer, number): owner for issuer, number, owner in connection.execute(query.where(work.c.status.not_in(rules.GONE)))
    }
