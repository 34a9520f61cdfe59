"""What a field of the register may hold: identifiers, dates, shares, territories and the trade's short codes.

Each function works on one row (a dict) in place and raises `WorkbenchError` naming the document and the field. The code lists are
those of the trade's registration format (CWR), in the field's words.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from ..core import identifiers
from ..core.errors import Finding, WorkbenchError, nearest
from ..core.shares import WHOLE
from ..core.territories import standard_territories

RIGHTS = (
    "performing",
    "mechanical",
    "synchronisation",
    "neighbouring",
    "private_copying",
    "reprography",
    "lending",
    "rental",
    "resale",
)
OWNED_RIGHTS = ("performing", "mechanical", "synchronisation")
"""Rights whose ownership shares a work keeps; the others follow one of these, see `OWNED_AS`."""
OWNED_AS = {"private_copying": "mechanical", "reprography": "mechanical", "lending": "mechanical", "rental": "mechanical",
            "resale": "mechanical"}  # fmt: skip
STATUSES = ("", "incomplete", "local", "to_validate", "conflict", "in_dispute", "synced", "deleted", "merged")
GONE = ("deleted", "merged")
"""A document of this status stays in the book, and is left out of search, checks, look-alikes, matching and distribution."""
WRITER_ROLES = ("A", "C", "CA", "AD", "AR", "SA", "SR", "TR")
PUBLISHER_ROLES = ("E", "AM", "SE", "AQ", "ES")
INCOME_ROLES = ("PA",)  # an income participant, of a writer or of a publisher
AUTHOR_ROLES = ("DI", "SC", "DL", "CH", "VA", "PH", "IL", "DE", "PR")
"""Of works other than music: director, screenwriter, dialogue writer, choreographer, visual artist, photographer, illustrator,
designer, programmer. The trade's format has no codes for them; these are ours."""
CREATOR_ROLES = (*WRITER_ROLES, *AUTHOR_ROLES)
WORK_ROLES = (*CREATOR_ROLES, *PUBLISHER_ROLES, *INCOME_ROLES)
OWNING_ROLES = (*CREATOR_ROLES, "E", "AQ")
TITLE_KINDS = ("AT", "TE", "FT", "IT", "OT", "TT", "PT", "RT", "ET", "OL", "AL")
CATEGORIES = ("", "JAZ", "POP", "SER", "UNC")
AGREEMENT_KINDS = ("", "OG", "OS", "PG", "PS", "AS", "AD", "CO", "RE")
AGREEMENT_SCOPES = ("", "general", "implied", "specific")
AGREEMENT_STATUSES = (*STATUSES, "duplicate_claim", "cycle")
PRIOR_ROYALTIES = ("", "none", "all", "from")
INDICATORS = ("I", "E")
RECORDING_ROLES = ("featured", "non_featured", "conductor", "producer")
PARTY_KINDS = ("natural", "legal", "group")
NAME_KINDS = ("patronymic", "pseudonym", "group", "other")
PERFORMANCE_KINDS = ("concert", "broadcast")
SUCCESSOR_KINDS = ("heir", "legatee", "legal_successor")
MEMBERSHIP_EVENTS = ("application", "admission", "suspension", "reinstatement", "resignation", "exclusion", "death")
RELEASE_KINDS = ("album", "single", "ep", "compilation", "video", "other")
TEXT_MUSIC = ("", "MUS", "MTX", "TXT", "MTN")
VERSION_TYPES = ("", "ORI", "MOD")
EXCERPT_TYPES = ("", "MOV", "UEX")
COMPOSITE_TYPES = ("", "COS", "MED", "POT", "UCO")
PAYMENT_METHODS = ("", "bank", "mobile", "cheque", "cash")
ADDRESS_KINDS = ("home", "postal", "legal")
ATTACHMENT_KINDS = ("contract", "identity", "proof", "decision", "declaration", "other")
CUE_USES = ("B", "V", "T", "L", "R")

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_YEAR = re.compile(r"[0-9]{4}", re.ASCII)
Row = dict[str, Any]


def one_of(row: Row, field: str, known: Collection[str], where: str) -> None:
    """Require one of the known codes."""
    if row[field] not in known:
        like = nearest(str(row[field]), known)
        raise WorkbenchError(
            f"{field} is not known",
            got=repr(row[field]),
            expected=", ".join(code for code in known if code),
            where=where,
            next_step=f"Did you mean {like[0]}?" if like else "",
        )


def filled(row: Row, field: str, where: str) -> None:
    """Require some text."""
    if not row[field].strip():
        raise WorkbenchError(f"{field} is empty", expected="a text", where=where)


def identifier(row: Row, field: str, where: str) -> None:
    """Put an identifier into its stored spelling; empty stays empty."""
    if not row[field]:
        return
    try:
        row[field] = identifiers.RULES[field](row[field])
    except WorkbenchError as error:
        raise WorkbenchError(
            f"{field}: {error.what}", got=error.got, expected=error.expected, where=where, next_step=error.next_step
        ) from error


def day(row: Row, field: str, where: str) -> None:
    """Require an ISO date that exists, or nothing."""
    text = row[field]
    if not text:
        return
    try:
        if not _DAY.fullmatch(text):
            raise ValueError
        date.fromisoformat(text)
    except ValueError:
        raise WorkbenchError(f"{field} is not a date", got=repr(text), expected="YYYY-MM-DD, or nothing", where=where) from None


def period(row: Row, where: str, first: str = "starts_on", last: str = "ends_on") -> None:
    """Require two ISO dates or nothing; which comes first is for `check` to say."""
    day(row, first, where)
    day(row, last, where)


def year(row: Row, field: str, where: str) -> None:
    """Require a year of four digits, or nothing."""
    if row[field] and not _YEAR.fullmatch(row[field]):
        raise WorkbenchError(f"{field} is not a year", got=repr(row[field]), expected="four digits, or nothing", where=where)


def share(row: Row, field: str, where: str) -> None:
    """Require parts per million from 0 to the whole."""
    if not 0 <= row[field] <= WHOLE:
        raise WorkbenchError(f"{field} is not a share", got=row[field], expected=f"0 to {WHOLE} parts per million", where=where)


def not_negative(row: Row, field: str, where: str) -> None:
    """Require a number that is unknown, zero or more."""
    if row[field] is not None and row[field] < 0:
        raise WorkbenchError(f"{field} is negative", got=row[field], expected="zero or more", where=where)


def territory(row: Row, field: str, where: str) -> None:
    """Require a known TIS code, or nothing."""
    if row[field]:
        try:
            standard_territories().require(row[field])
        except WorkbenchError as error:
            raise WorkbenchError(
                f"{field}: {error.what}", got=error.got, expected=error.expected, where=where, next_step=error.next_step
            ) from error


def place(document: Mapping[str, Any], kind: str, part: str = "", position: int = 0) -> str:
    """Return where a value stands, for a message: `work TALA-W-000017 shares[2]`."""
    label = document["id"] or document.get("title") or document.get("name") or "new"
    return f"{kind} {label}" + (f" {part}[{position}]" if part else "")


def society(row: Row, field: str, where: str) -> None:
    """Require a CISAC society code of three digits, or nothing."""
    if row[field] and not re.fullmatch(r"[0-9]{3}", row[field], re.ASCII):
        raise WorkbenchError(
            f"{field} is not a society code", got=repr(row[field]), expected="three digits, like 058, or nothing", where=where
        )


def odd(
    document: Mapping[str, Any],
    code: str,
    message: str,
    field: str = "",
    got: object = "",
    expected: object = "",
    what_to_do: str = "",
) -> Finding:
    """Return a finding about one document."""
    return Finding(
        "record", code, message, field=field, got=str(got), expected=str(expected), what_to_do=what_to_do, source=document["id"]
    )


def ends_before_it_starts(row: Mapping[str, Any]) -> bool:
    """Tell whether both dates are known and in the wrong order."""
    return bool(row["starts_on"] and row["ends_on"] and row["ends_on"] < row["starts_on"])


def period_order(document: Mapping[str, Any], row: Mapping[str, Any], field: str) -> Finding:
    """Return the finding for a period that ends before it starts."""
    got = f"{row['starts_on']} to {row['ends_on']}"
    return odd(document, "period_order", "period ends before it starts", field, got, what_to_do="Correct one of the two dates.")


def duplicates(pairs: Iterable[tuple[str, str]], field: str) -> list[Finding]:
    """Return a finding for every (identifier, document id) whose identifier another document has as well."""
    owners: dict[str, list[str]] = {}
    for value, entity_id in pairs:
        if value:
            owners.setdefault(value, []).append(entity_id)
    return [
        odd(
            {"id": entity_id},
            f"duplicate_{field}",
            f"another has the same {field}",
            field,
            value,
            what_to_do=f"Compare with {', '.join(one for one in ids if one != entity_id)}; one is wrong, or they are the same.",
        )
        for value, ids in sorted(owners.items())
        if len(set(ids)) > 1
        for entity_id in sorted(set(ids))
    ]


def all_different(rows: Sequence[Row], field: str, where: str) -> None:
    """Require that no two rows say the same in a field."""
    said = [row[field] for row in rows]
    if len(set(said)) != len(said):
        raise WorkbenchError(f"{field} twice", got=next(one for one in said if said.count(one) > 1), expected="once", where=where)
