"""From the accepted lines of a sheet to documents of the register: parties, works, recordings, agreements."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy import Connection, Table, select

from ..core import identifiers
from ..core.documents import Document
from ..core.errors import WorkbenchError
from ..core.money import allocate
from ..core.shares import WHOLE
from ..formats.judge import Line
from . import rules
from .agreements import agreement
from .onboarding_clerk import NOT_CREATED, Bundle, Clerk, bundles_by, place, same_throughout, several, signed, there_already
from .onboarding_parties import Ambiguous, name_kind
from .parties import full_name
from .recordings import recording
from .search import plain
from .works import judge, work, work_share

Builder = Callable[[Clerk], list[Bundle]]


def parties(clerk: Clerk) -> list[Bundle]:
    """Make a party of every number, or of every line without one."""
    bundles = bundles_by(clerk, ["number"])
    for bundle in bundles:
        if not bundle.failed:
            _party(clerk, bundle)
    return bundles


def _party(clerk: Clerk, bundle: Bundle) -> None:
    line = next((one for one in bundle.lines if one.values.get("name_kind", "patronymic") == "patronymic"), bundle.first)
    values = line.values
    kind = bundle.value("kind")
    if not kind:
        kind = "natural" if values.get("first_name") or bundle.value("birth_on") else "legal"
        clerk.note(line, "kind_assumed", "kind", "the kind of party is not said", "nothing", kind, "Say natural, legal or group.")
    same_throughout(clerk, bundle, ("kind", "ipi_base_number", "isni", "ipn", "birth_on", "death_on"))
    territory = bundle.value("territory")
    document: Document = {
        "kind": kind,
        "name": values["name"],
        "first_name": values.get("first_name", ""),
        **{name: bundle.value(name) for name in ("ipi_base_number", "isni", "ipn", "birth_on", "death_on", "language")},
        "territory": clerk.territory(bundle, line, "territory", territory) if territory else "",
        "names": _names(bundle, kind),
        "affiliations": _affiliations(clerk, bundle),
    }
    if bundle.failed:
        return
    numbers = {name: document[name] for name in ("ipi_base_number", "isni", "ipn")}
    numbers["ipi_name_number"] = next((row["ipi_name_number"] for row in document["names"] if row["ipi_name_number"]), "")
    try:
        found = clerk.parties.find(document["name"], document["first_name"], numbers, document["birth_on"])
    except Ambiguous as error:
        shown = "; ".join(one.shown() for one in error.found[:4])
        step = "Give an identifier or the birth date."
        message = "several parties answer to this"
        clerk.fail(
            bundle, line, "ambiguous_party", "name", message, full_name(document["first_name"], document["name"]), shown, step
        )
        return
    if found is None:
        made = clerk.parties.make(document, line.line, "name")
        for other in clerk.parties.namesakes(made):
            step = "Nothing if they are two people; their identifiers or birth dates differ."
            clerk.note(line, "namesake", "name", "another party has the same name", made.shown(), other.shown(), step)
        return
    where = "earlier in this file" if found.id.startswith("new:") else "in the register"
    step = "Nothing was changed there; correct the party itself if the file knows better."
    clerk.note(line, NOT_CREATED, "name", f"this party is already {where}", full_name(document["first_name"], document["name"]),
               found.shown().removeprefix(f"{found.id} ") if found.id.startswith("new:") else found.shown(), step)  # fmt: skip


def _names(bundle: Bundle, kind: str) -> list[dict[str, str]]:
    rows = []
    for line in bundle.lines:
        get = line.values.get
        row = {
            "kind": get("name_kind") or name_kind(kind),
            "name": get("name", ""),
            "first_name": get("first_name", ""),
            "ipi_name_number": get("ipi_name_number", ""),
        }
        if row not in rows:
            rows.append(row)
    return rows


def _affiliations(clerk: Clerk, bundle: Bundle) -> list[dict[str, str]]:
    rows = []
    for line in bundle.lines:
        get = line.values.get
        society = get("society", "")
        if not society:
            continue
        for right in several(get("rights", "")) or [""]:
            if right.casefold() not in ("", *rules.RIGHTS):
                clerk.fail(bundle, line, "unknown_right", "rights", "not a right known here", right, ", ".join(rules.RIGHTS))
                continue
            rows.append(
                {
                    "society": society.zfill(3),
                    "right": right.casefold(),
                    "territory": "",
                    "starts_on": get("affiliated_from", ""),
                    "ends_on": get("affiliated_until", ""),
                }
            )
    return [row for at, row in enumerate(rows) if row not in rows[:at]]


def works(clerk: Clerk) -> list[Bundle]:
    """Make a work of every number, with a share for every line."""
    bundles = bundles_by(clerk, ["number"])
    codes = _by_column(clerk.connection, work, "iswc")
    twins = _works_by_title(clerk.connection)
    for bundle in bundles:
        if not bundle.failed and (document := _work(clerk, bundle)) is not None:
            place(clerk, bundle, document, codes, "iswc")
            writers = frozenset(row["party_id"] for row in document["shares"] if row["role"] in rules.WRITER_ROLES)
            if bundle.document is not None and (twin := twins.get((plain(document["title"]), writers))):
                step = "Compare them before anything is paid; if they are one work, remove one."
                clerk.note(
                    bundle.first,
                    "look_alike_work",
                    "title",
                    "a work with this title and these writers",
                    document["title"],
                    twin,
                    step,
                )
    return bundles


def _work(clerk: Clerk, bundle: Bundle) -> Document | None:
    if not bundle.value("title"):
        clerk.fail(bundle, bundle.first, "missing_value", "title", "the work has no title", "nothing", "a title")
        return None
    same_throughout(clerk, bundle, ("title", "iswc", "duration_seconds", "category"))
    shares: list[dict[str, Any]] = []
    for line in bundle.lines:
        get = line.values.get
        kind = "natural" if get("role") in rules.WRITER_ROLES or get("first_name") else "legal"
        numbers = {"ipi_name_number": get("ipi_name_number", "")}
        party = clerk.who(bundle, line, get("party", ""), get("first_name", ""), kind, "party", **numbers)
        if party is None:
            return None
        shares.append(
            {
                "party_id": party.id,
                "role": get("role"),
                "performing_ppm": get("performing_share", 0),
                "mechanical_ppm": get("mechanical_share", 0),
                "represents_party_id": None,
            }
        )
    for line, row in zip(bundle.lines, shares, strict=True):
        if text := line.values.get("represents"):
            row["represents_party_id"] = _represented(clerk, line, text, shares)
    others = dict.fromkeys(title for line in bundle.lines for title in several(line.values.get("alternative_titles", "")))
    return {
        "title": bundle.value("title"),
        **{name: bundle.value(name) for name in ("iswc", "language", "category", "created_year")},
        "duration_seconds": bundle.value("duration_seconds", None),
        "titles": [{"kind": "AT", "title": title, "language": ""} for title in others],
        "shares": shares,
    }


def _represented(clerk: Clerk, line: Line, text: str, shares: list[dict[str, Any]]) -> str | None:
    """Return the writer of this work whom a publisher acts for, named or numbered."""
    here = [clerk.parties.known[row["party_id"]] for row in shares if row["role"] in rules.WRITER_ROLES]
    try:
        number = identifiers.ipi_name_number(text) if text.strip().replace(".", "").isdigit() else ""
    except WorkbenchError:
        number = ""
    wanted = set(plain(text).split())
    for one in here:
        if number in one.identifiers.get("ipi_name_number", ()) or any(wanted == set(plain(name).split()) for name in one.names):
            return one.id
    expected = "; ".join(one.names[0] for one in here)
    clerk.note(
        line, "unknown_writer", "represents", "no writer of this work is called that", text, expected, "Name one of its writers."
    )
    return None


def judge_works(clerk: Clerk, bundles: Iterable[Bundle], known: set[str]) -> None:
    """Add what is odd in the shares of the accepted works to their first lines; such a work is taken in, and its money waits."""
    for bundle in bundles:
        if bundle.document is not None and not bundle.failed:
            for finding in judge(bundle.document, known, set()):
                clerk.note(
                    bundle.first, finding.code, finding.field, finding.message, finding.got, finding.expected, finding.what_to_do
                )


def recordings(clerk: Clerk) -> list[Bundle]:
    """Make a recording of every number, or ISRC, or line; without contributors the artist is the featured performer."""
    bundles = bundles_by(clerk, ["number", "isrc"])
    codes = _by_column(clerk.connection, recording, "isrc")
    columns = (recording.c.id, recording.c.isrc, recording.c.title, recording.c.version_title, recording.c.main_artist)
    twins: dict[tuple[str, ...], list[tuple[str, str]]] = {}
    for row in clerk.connection.execute(select(*columns)):
        twins.setdefault(_sounds(row.title, row.version_title, row.main_artist), []).append((row.isrc, row.id))
    embodied = _by_column(clerk.connection, work, "iswc")
    ids = set(clerk.connection.execute(select(work.c.id)).scalars())
    for bundle in bundles:
        if bundle.failed or (document := _recording(clerk, bundle, embodied, ids)) is None:
            continue
        place(clerk, bundle, document, codes, "isrc")
        same = twins.get(_sounds(document["title"], document["version_title"], document["main_artist"]), [])
        twin = next((found for isrc, found in same if not (isrc and document["isrc"] and isrc != document["isrc"])), "")
        if bundle.document is not None and twin:
            there_already(clerk, bundle, "title", document["title"], twin)
    return bundles


def _recording(clerk: Clerk, bundle: Bundle, embodied: dict[str, str], ids: set[str]) -> Document | None:
    if not bundle.value("title"):
        clerk.fail(bundle, bundle.first, "missing_value", "title", "the recording has no title", "nothing", "a title")
        return None
    same_throughout(clerk, bundle, ("title", "main_artist", "isrc", "duration_seconds"))
    contributors: list[dict[str, Any]] = []
    named = [line for line in bundle.lines if "party" in line.values]
    for line in named or [bundle.first]:
        get = line.values.get
        name = get("party") if named else bundle.value("main_artist")
        if not name:
            continue
        role = get("role", "featured") if named else "featured"
        kind = "legal" if role == "producer" else "natural" if get("first_name") else "group"
        numbers = {number: get(number, "") for number in ("ipi_name_number", "ipn")}
        party = clerk.who(bundle, line, name, get("first_name", ""), kind, "party" if named else "main_artist", **numbers)
        if party is None:
            return None
        contributors.append(
            {"party_id": party.id, "role": role, "share_ppm": get("producer_share", 0) if role == "producer" else 0}
        )
    producers = [row for row in contributors if row["role"] == "producer"]
    if producers and not any(row["share_ppm"] for row in producers):
        parts = allocate(WHOLE, {f"{at:06d}": 1 for at in range(len(producers))})
        for row, part in zip(producers, parts.values(), strict=True):
            row["share_ppm"] = part
    territory = bundle.value("territory")
    return {
        "title": bundle.value("title"),
        **{name: bundle.value(name) for name in ("version_title", "main_artist", "isrc", "recorded_year", "label", "p_line")},
        "duration_seconds": bundle.value("duration_seconds", None),
        "territory": clerk.territory(bundle, bundle.first, "territory", territory) if territory else "",
        "contributors": contributors,
        "works": _works_named(clerk, bundle, embodied, ids),
    }


def _works_named(clerk: Clerk, bundle: Bundle, embodied: dict[str, str], ids: set[str]) -> list[dict[str, str]]:
    found: dict[str, None] = {}
    for line in bundle.lines:
        for text in several(line.values.get("works", "")):
            if work_id := _work_id(text, embodied, ids):
                found[work_id] = None
            else:
                step = "Register the work first, or correct its number."
                clerk.note(line, "unknown_work", "works", "no such work in the register", text, "an ISWC or a work id", step)
    return [{"work_id": work_id} for work_id in found]


def agreements(clerk: Clerk) -> list[Bundle]:
    """Make an agreement of every line."""
    bundles = [Bundle([line], failed=line.state == "quarantined") for line in clerk.sheet.lines]
    there = _by_column(clerk.connection, agreement, "number")
    embodied = _by_column(clerk.connection, work, "iswc")
    ids = set(clerk.connection.execute(select(work.c.id)).scalars())
    for bundle in bundles:
        if not bundle.failed and (document := _agreement(clerk, bundle, embodied, ids)) is not None:
            place(clerk, bundle, document, there, "number")
    return bundles


def _agreement(clerk: Clerk, bundle: Bundle, embodied: dict[str, str], ids: set[str]) -> Document | None:
    line = bundle.first
    get = line.values.get
    sides: dict[str, str] = {}
    for side, kind in (("assignor", "natural" if get("assignor_first_name") else "legal"), ("acquirer", "legal")):
        numbers = {"ipi_name_number": get(f"{side}_ipi", "")}
        found = clerk.who(bundle, line, get(side, ""), get(f"{side}_first_name", ""), kind, side, **numbers)
        if found is None:
            return None
        if found.id.startswith("new:"):
            step = "Check the spelling; an agreement with the wrong party pays the wrong party."
            clerk.note(
                line, "party_created", side, "this party was not in the register", found.names[0], "a registered party", step
            )
        sides[f"{side}_party_id"] = found.id
    shares = [{"right": right, "share_ppm": get(f"{right}_share")} for right in rules.RIGHTS if get(f"{right}_share") is not None]
    if not any(row["share_ppm"] for row in shares):
        message = "the agreement gives no share"
        clerk.fail(
            bundle,
            line,
            "no_shares",
            "performing_share",
            message,
            "nothing",
            "a percentage",
            "Enter the rights and shares it gives.",
        )
        return None
    starts_on, ends_on = get("starts_on", ""), get("ends_on", "")
    if ends_on and ends_on < starts_on:
        message = "the agreement ends before it starts"
        clerk.fail(bundle, line, "period_order", "ends_on", message, ends_on, f"{starts_on} or later")
        return None
    territories = [
        {"indicator": sign, "territory": clerk.territory(bundle, line, "territories", text)}
        for sign, text in signed(get("territories", ""))
    ]
    covered = []
    for sign, text in signed(get("works", "")):
        work_id = _work_id(text, embodied, ids)
        if not work_id:
            clerk.fail(bundle, line, "unknown_work", "works", "no such work in the register", text, "an ISWC or a work id")
            return None
        covered.append({"indicator": sign, "work_id": work_id})
    plainly = {name: get(name, "") for name in ("kind", "number", "starts_on", "ends_on")}
    return {**plainly, **sides, "shares": shares, "territories": territories, "works": covered}


def _by_column(connection: Connection, table: Table, column: str) -> dict[str, str]:
    rows = connection.execute(select(table.c[column], table.c.id).where(table.c[column] != "").order_by(table.c.id))
    found: dict[str, str] = {}
    for value, entity_id in rows:
        found.setdefault(value, entity_id)
    return found


def _works_by_title(connection: Connection) -> dict[tuple[str, frozenset[str]], str]:
    writers: dict[str, set[str]] = {}
    query = select(work_share.c.owner_id, work_share.c.party_id).where(work_share.c.role.in_(rules.WRITER_ROLES))
    for owner, party_id in connection.execute(query):
        writers.setdefault(owner, set()).add(party_id)
    rows = connection.execute(select(work.c.id, work.c.title).order_by(work.c.id.desc()))
    return {(plain(title), frozenset(writers[one])): one for one, title in rows if one in writers}


def _work_id(text: str, embodied: dict[str, str], ids: set[str]) -> str:
    if text in ids:
        return text
    try:
        return embodied.get(identifiers.iswc(text), "")
    except WorkbenchError:
        return ""


def _sounds(title: str, version: str, artist: str) -> tuple[str, ...]:
    return (plain(title) or title, plain(version), plain(artist) or artist)
