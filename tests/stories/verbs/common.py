"""The verbs every story needs: register somebody or something, change it, undo, and say what the book must answer.

Whom or what a step is about is said by its name in the story. A person, company or band is a bare name, or a dict with `name` and
any field of a party (`born`, `died`, `society` are short for the usual ones; `called` gives it another name in the story).
Shares are lines: `Amina Otieno, composer and author, 50` (percent of every right), or dicts with the fields of a share.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.stories.telling import Names, Unexpected, as_told, desk_of, expect_same, kind_of, perform, plain_document
from workbench.api import Workbench
from workbench.core.errors import WorkbenchError
from workbench.core.shares import parse_percent
from workbench.registry import rules
from workbench.registry.parties import PARTY
from workbench.registry.recordings import RECORDING
from workbench.registry.works import WORK

ROLES = {
    "composer": "C",
    "author": "A",
    "composer and author": "CA",
    "arranger": "AR",
    "adaptor": "AD",
    "translator": "TR",
    "sub-arranger": "SR",
    "sub-author": "SA",
    "income participant": "PA",
    "publisher": "E",
    "administrator": "AM",
    "sub-publisher": "SE",
    "acquirer": "AQ",
    "substituted publisher": "ES",
}
SHORT = {"born": "birth_on", "died": "death_on"}
EVERYWHERE = "2136"


def _party(kind: str) -> Any:
    def register(wb: Workbench, names: Names, given: Any) -> None:
        told = {"name": given} if isinstance(given, str) else dict(given)
        called = told.pop("called", told["name"])
        why = told.pop("why", "joins")
        society = told.pop("society", "")
        sure = told.pop("sure", "")
        first = told.pop("first_name", None)
        if kind == "natural" and first is None:
            first, _, told["name"] = told["name"].rpartition(" ")
        document = plain_document(PARTY, names, {SHORT.get(field, field): value for field, value in told.items()})
        if society:
            document["affiliations"] = [
                {"society": society, "right": right, "territory": EVERYWHERE} for right in ("performing", "mechanical")
            ]
        document = {"kind": kind, **document, "first_name": first or ""}
        register = getattr(wb.parties, "register", None)
        if register is None:
            names[called] = wb.parties.save(document, why=why).id
        else:
            names[called] = register(document, why=why, sure=sure).id

    return register


def register_a_work(wb: Workbench, names: Names, given: Mapping[str, Any]) -> None:
    told = {"title": given} if isinstance(given, str) else dict(given)
    called = told.pop("called", told["title"])
    why = told.pop("why", "is documented")
    shares = [_share(names, one) for one in told.pop("shares", [])]
    document = plain_document(WORK, names, told)
    names[called] = wb.works.save({**document, "shares": shares}, why=why).id


def register_a_recording(wb: Workbench, names: Names, given: Mapping[str, Any]) -> None:
    told = {"title": given} if isinstance(given, str) else dict(given)
    called = told.pop("called", told["title"])
    why = told.pop("why", "is released")
    contributors = [_contributor(names, one) for one in told.pop("contributors", [])]
    works = [{"work_id": names[one]} for one in told.pop("works", [])]
    document = plain_document(RECORDING, names, told)
    names[called] = wb.recordings.save({**document, "contributors": contributors, "works": works}, why=why).id


def _share(names: Names, line: str | Mapping[str, Any]) -> dict[str, Any]:
    """`name, role, percent` owns that part of every owned right; `name, role, 50 / 25` the performing and the mechanical one."""
    if not isinstance(line, str):
        row: dict[str, Any] = plain_document(WORK, names, {"shares": [line]})["shares"][0]
        return {**row, "role": ROLES.get(row["role"], row["role"])}
    name, role, percent = (part.strip() for part in line.rsplit(",", 2))
    performing, _, mechanical = (part.strip() for part in percent.partition("/"))
    return {
        "party_id": names[name],
        "role": ROLES.get(role, role),
        "performing_ppm": parse_percent(performing),
        "mechanical_ppm": parse_percent(mechanical or performing),
    }


def _contributor(names: Names, line: str | Mapping[str, Any]) -> dict[str, Any]:
    """`name, featured` or `name, producer, 50` (percent), or the fields of a contributor."""
    if not isinstance(line, str):
        return dict(plain_document(RECORDING, names, {"contributors": [line]})["contributors"][0])
    name, role, *percent = (part.strip() for part in line.split(","))
    role = role.replace(" ", "_").replace("-", "_")
    return {"party_id": names[name], "role": role, "share_ppm": parse_percent(percent[0]) if percent else None}


def change(wb: Workbench, names: Names, given: Mapping[str, Any]) -> None:
    told = dict(given)
    entity_id, why = names[told.pop("of")], told.pop("why", "is corrected")
    kind = kind_of(entity_id)
    if kind is WORK and "shares" in told:
        shares = [_share(names, one) for one in told.pop("shares")]
        desk_of(wb, kind).change(entity_id, why=why, shares=shares, **plain_document(kind, names, told))
        return
    desk_of(wb, kind).change(entity_id, why=why, **plain_document(kind, names, told))


def undo_the_last_change(wb: Workbench, names: Names, given: Mapping[str, Any] | str) -> None:
    told = {"of": given} if isinstance(given, str) else given
    entity_id = names[told["of"]]
    desk_of(wb, kind_of(entity_id)).undo(entity_id, why=told.get("why", "was a mistake"))


def expect(wb: Workbench, names: Names, given: Mapping[str, Any]) -> None:
    """Compare fields; a list of rows (a part) compares what each row of the story says, in order."""
    told = dict(given)
    entity_id = names[told.pop("of")]
    kind = kind_of(entity_id)
    thing = desk_of(wb, kind).get(entity_id)
    got = {field: as_told(kind, names, field, getattr(thing, field)) for field in told}
    expected: dict[str, Any] = {}
    for field, value in told.items():
        if isinstance(value, list) and field in kind.parts:
            plain = plain_document(kind, names, {field: value})[field]
            expected[field] = [
                {**row, **{name: value[at][name] for name in row if row[name] in names.values()}} for at, row in enumerate(plain)
            ]
            if len(got[field]) == len(value):
                got[field] = [{name: row.get(name, "") for name in value[at]} for at, row in enumerate(got[field])]
        else:
            expected[field] = value if isinstance(got[field], str) or got[field] is None else _like(got[field], value)
            got[field] = got[field] or ""
            expected[field] = expected[field] or ""
    expect_same(got, expected)


def _like(got: Any, text: Any) -> Any:
    if isinstance(got, int) and isinstance(text, str) and text:
        return parse_percent(text) if "%" in text else int(text)
    return text


def expect_findings(wb: Workbench, names: Names, given: Mapping[str, Any]) -> None:
    """`codes` are all the codes found, in any order; `saying` must be in the text of one of them."""
    entity_id = names[given["of"]]
    found = desk_of(wb, kind_of(entity_id)).check(entity_id)
    if "codes" in given:
        expect_same(sorted({finding.code for finding in found}), sorted(set(given["codes"])))
    if "saying" in given:
        texts = [names.told(str(finding)) for finding in found]
        if not any(given["saying"] in text for text in texts):
            raise Unexpected(texts, given["saying"])


def expect_a_refusal(wb: Workbench, names: Names, given: Mapping[str, Any]) -> None:
    """Do the step under `when` and expect that it is refused, with all of `saying` (a text or several) in the reason."""
    try:
        perform(wb, names, given["when"])
    except WorkbenchError as error:
        said = names.told(str(error))
        if "the story says it wrong" in said:
            raise
        for text in [given["saying"]] if isinstance(given["saying"], str) else given["saying"]:
            if text not in said:
                raise Unexpected(said, text) from error
    else:
        raise Unexpected("it went through", f"a refusal saying {given['saying']}")


def expect_the_history(wb: Workbench, names: Names, given: Mapping[str, Any]) -> None:
    """`is` is a list of `who: why`, oldest first."""
    entity_id = names[given["of"]]
    history = desk_of(wb, kind_of(entity_id)).history(entity_id)
    expect_same([f"{row.who}: {row.why}" for row in history.itertuples()], list(given["is"]))


def as_another(wb: Workbench, _names: Names, person: str) -> Workbench:
    return Workbench(wb.config, wb.book, person)


def search(wb: Workbench, names: Names, given: Mapping[str, Any]) -> None:
    """Search parties, works, ...: `among` says which desk, `for` the text, `finds` the names of what is found, best first."""
    found = getattr(wb, given.get("among", "works")).search(given["for"])
    told = {entity_id: name for name, entity_id in names.items()}
    expect_same([told.get(one, one) for one in found["id"]][: max(1, len(given["finds"]))], list(given["finds"]))


assert set(ROLES.values()) <= set(rules.WORK_ROLES)
VERBS = {
    "register a person": _party("natural"),
    "register a company": _party("legal"),
    "register a band": _party("group"),
    "register a work": register_a_work,
    "register a recording": register_a_recording,
    "change": change,
    "undo the last change": undo_the_last_change,
    "expect": expect,
    "expect findings": expect_findings,
    "expect a refusal": expect_a_refusal,
    "expect the history": expect_the_history,
    "as": as_another,
    "search": search,
}
