"""Verbs about time: a step on another day, the register as it stood, and two people with the same record open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import time_machine

from tests.stories.telling import Names, Unexpected, desk_of, expect_same, kind_of, perform, plain_document
from workbench.api import Workbench
from workbench.core.meanwhile import ChangedMeanwhile


def on_the_day(wb: Workbench, names: Names, given: Mapping[str, Any]) -> None:
    """Do the step under `do` at noon of `day`."""
    with time_machine.travel(f"{given['day']}T12:00:00Z", tick=False):
        perform(wb, names, given["do"])


def expect_as_it_stood(wb: Workbench, names: Names, given: Mapping[str, Any]) -> None:
    """Compare fields of a record as it stood at the end of `on`; `not there yet: yes` in place of fields."""
    told = dict(given)
    entity_id, day = names[told.pop("of")], told.pop("on")
    then = desk_of(wb, kind_of(entity_id)).as_of(entity_id, day)
    if told.pop("not there yet", "") == "yes":
        expect_same(then, None)
    elif then is None:
        raise Unexpected("it was not there yet", told)
    else:
        expect_same({field: str(then[field]) for field in told}, told)


def expect_changes_between(wb: Workbench, names: Names, given: Mapping[str, Any]) -> None:
    """`is` is a list of `name: what changed (who)` over all records of `among`, in the order of their first change."""
    desk = getattr(wb, given["among"])
    changes = desk.changes_between(given["from"], given.get("to", ""))
    expect_same([names.told(f"{row.id}: {row.changed} ({row.who})") for row in changes.itertuples()], list(given["is"]))


def two_have_it_open(wb: Workbench, names: Names, given: Mapping[str, Any]) -> None:
    """`first` and then `second` (each: who, why, fields) save the copy both took; the second is refused, `saying` some texts."""
    entity_id = names[given["of"]]
    kind = kind_of(entity_id)
    desk = desk_of(wb, kind)
    copy = desk.get(entity_id)
    for told in (given["first"], given["second"]):
        fields = plain_document(kind, names, {name: value for name, value in told.items() if name not in ("who", "why")})
        try:
            desk.save(replace(copy, **fields), why=told["why"], by=told["who"])
        except ChangedMeanwhile as refused:
            said = names.told(str(refused))
            if missing := [text for text in given["saying"] if text not in said]:
                raise Unexpected(said, missing) from refused
            return
    raise Unexpected("both were taken", "that the second is refused")


VERBS = {
    "on the day": on_the_day,
    "expect as it stood": expect_as_it_stood,
    "expect changes between": expect_changes_between,
    "two have it open": two_have_it_open,
}
