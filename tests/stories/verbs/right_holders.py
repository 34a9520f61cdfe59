"""The verbs for right holders: heirs, memberships, look-alikes, merging, contacts and papers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.stories.telling import Names, Unexpected, desk_of, expect_same, kind_of, plain_document
from workbench.api import Workbench
from workbench.core.shares import format_percent, parse_percent
from workbench.registry.contacts import CONTACT


def name_the_heirs(wb: Workbench, names: Names, given: Mapping[str, Any]) -> None:
    """`are` are lines `name, percent` or `name, percent, right`; `from` and `until` hold for all of them."""
    rows = []
    for line in given["are"]:
        name, percent, *right = (part.strip() for part in line.split(","))
        row = {"successor_party_id": names[name], "share_ppm": parse_percent(percent), "right": right[0] if right else ""}
        rows.append(
            {**row, "kind": given.get("kind", "heir"), "starts_on": given.get("from", ""), "ends_on": given.get("until", "")}
        )
    wb.parties.change(names[given["of"]], successors=rows, why=given.get("why", "certificate of inheritance"))


def somebody_dies(wb: Workbench, names: Names, given: Mapping[str, Any]) -> None:
    wb.parties.change(names[given["who"]], death_on=given["on"], why="notice of death")


def expect_who_is_paid(wb: Workbench, names: Names, given: Mapping[str, Any]) -> None:
    """`are` are lines `name, percent`, in any order."""
    told = {entity_id: name for name, entity_id in names.items()}
    found = wb.parties.payees(names[given["in place of"]], given.get("right", "performing"), given["on"])
    got = sorted(f"{told[one]}, {format_percent(ppm).removesuffix('.00')}" for one, ppm in found.items())
    expect_same(got, sorted(given["are"]))


def set_the_status(wb: Workbench, names: Names, given: Mapping[str, Any]) -> None:
    entity_id = names[given["of"]]
    desk_of(wb, kind_of(entity_id)).set_status(entity_id, given["to"], why=given.get("why", "was looked at"))


def expect_look_alikes(wb: Workbench, names: Names, given: Mapping[str, Any]) -> None:
    """`are` are the names of the look-alikes, likest first; `saying` must be in the evidence of the first."""
    told = {entity_id: name for name, entity_id in names.items()}
    found = wb.parties.look_alikes(names[given["of"]])
    expect_same([told[one] for one in found["id"]], list(given["are"]))
    if "saying" in given and given["saying"] not in found.loc[0, "evidence"]:
        raise Unexpected(found.loc[0, "evidence"], given["saying"])


def tell_apart(wb: Workbench, names: Names, given: Mapping[str, Any]) -> None:
    first, second = given["who"]
    wb.parties.not_the_same(names[first], names[second], why=given["why"])


def merge(wb: Workbench, names: Names, given: Mapping[str, Any]) -> None:
    """`into` is the survivor, `the other` one or several; `taking` says for a field whose value is right."""
    others = [given["the other"]] if isinstance(given["the other"], str) else given["the other"]
    survivor = names[given["into"]]
    choices = {field: names[name] for field, name in given.get("taking", {}).items()}
    why = given.get("why", "they are one")
    desk_of(wb, kind_of(survivor)).merge(survivor, [names[one] for one in others], rules=choices, why=why)


def unmerge(wb: Workbench, names: Names, given: Mapping[str, Any] | str) -> None:
    told = {"who": given} if isinstance(given, str) else dict(given)
    entity_id = names[told["who"]]
    choices = {names[name]: choice for name, choice in told.get("choices", {}).items()}
    desk_of(wb, kind_of(entity_id)).unmerge(entity_id, choices=choices, why=told.get("why", "they are two after all"))


def expect_shares(wb: Workbench, names: Names, given: Mapping[str, Any]) -> None:
    """`are` are lines `name, role code, performing percent`, in order."""
    told = {entity_id: name for name, entity_id in names.items()}
    rows = wb.works.get(names[given["of"]]).shares
    got = [f"{told[row.party_id]}, {row.role}, {format_percent(row.performing_ppm).removesuffix('.00')}" for row in rows]
    expect_same(got, list(given["are"]))


def enter_a_membership(wb: Workbench, names: Names, given: Mapping[str, Any]) -> None:
    """`events` are lines `day: event` or `day: event, decision`; the membership is called after the member."""
    events = []
    for line in given["events"]:
        day, _, told = line.partition(":")
        event, _, decision = (part.strip() for part in told.partition(","))
        events.append({"happened_on": day.strip(), "event": event, "decided_by": decision})
    document = {"party_id": names[given["of"]], "number": given.get("number", ""), "events": events}
    names[f"membership of {given['of']}"] = wb.memberships.save(document, why="is entered").id


def something_happens(wb: Workbench, names: Names, given: Mapping[str, Any]) -> None:
    membership = names[f"membership of {given['to']}"]
    decision = given.get("decided by", "")
    wb.memberships.happen(membership, given["event"], happened_on=given["on"], decided_by=decision, why="is entered")


def expect_the_membership(wb: Workbench, names: Names, given: Mapping[str, str]) -> None:
    expect_same(wb.memberships.state(names[f"membership of {given['of']}"], given["on"]), given["is"])


def expect_members(wb: Workbench, _names: Names, given: Mapping[str, Any]) -> None:
    expect_same(list(wb.memberships.members(given["on"])["name"]), list(given["are"]))


def enter_a_contact(wb: Workbench, names: Names, given: Mapping[str, Any]) -> None:
    told = {**given, "party_id": given["of"]}
    del told["of"]
    wb.contacts.save(plain_document(CONTACT, names, told), why="form received")


def expect_the_contact_table(wb: Workbench, names: Names, given: Mapping[str, Any]) -> None:
    frame = wb.contacts.frame().set_index("party_id")
    told = {field: value for field, value in given.items() if field != "of"}
    expect_same({field: frame.loc[names[given["of"]], field] for field in told}, told)


def look_at_a_contact(wb: Workbench, names: Names, given: Mapping[str, str]) -> None:
    found = wb.contacts.reveal(names[given["of"]], why=given["why"])
    told = {field: value for field, value in given.items() if field not in ("of", "why")}
    expect_same({field: (found or {}).get(field) for field in told}, told)


def expect_who_looked(wb: Workbench, names: Names, given: Mapping[str, Any]) -> None:
    """`is` are lines `who: why`, newest first."""
    found = wb.contacts.looked_at(names[given["at the contact of"]])
    expect_same([f"{row.who}: {row.why}" for row in found.itertuples()], list(given["is"]))


def attach_a_paper(wb: Workbench, names: Names, given: Mapping[str, str]) -> None:
    entity_id = names[given["to"]]
    with TemporaryDirectory() as folder:
        file = Path(folder) / given["file"]
        file.write_text(given["content"], encoding="utf-8")
        kind = given.get("kind", "other")
        wb.attachments.attach(kind_of(entity_id).name, entity_id, file, title=given["title"], kind=kind, why="received")


def expect_papers(wb: Workbench, names: Names, given: Mapping[str, Any]) -> None:
    entity_id = names[given["of"]]
    expect_same(sorted(wb.attachments.of(kind_of(entity_id).name, entity_id)["title"]), sorted(given["are"]))
    expect_same([str(finding) for finding in wb.attachments.check()], [])


VERBS = {
    "set the status": set_the_status,
    "name the heirs": name_the_heirs,
    "somebody dies": somebody_dies,
    "expect who is paid": expect_who_is_paid,
    "expect look-alikes": expect_look_alikes,
    "tell apart": tell_apart,
    "merge": merge,
    "unmerge": unmerge,
    "expect shares": expect_shares,
    "enter a membership": enter_a_membership,
    "something happens": something_happens,
    "expect the membership": expect_the_membership,
    "expect members": expect_members,
    "enter a contact": enter_a_contact,
    "expect the contact table": expect_the_contact_table,
    "look at a contact": look_at_a_contact,
    "expect who looked": expect_who_looked,
    "attach a paper": attach_a_paper,
    "expect papers": expect_papers,
}
