"""Verbs about works, recordings, releases and concerts: pictures of shares, what is distributable, tracks, problems.

Areas are told as TIS codes, shares as percent: `Amina Otieno: 50`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.stories.telling import Names, expect_same, plain_document
from workbench.api import Workbench
from workbench.core.shares import format_percent, parse_percent
from workbench.registry.performances import PERFORMANCE
from workbench.registry.releases import RELEASE


def expect_the_picture(wb: Workbench, names: Names, given: Mapping[str, Any]) -> None:
    """Who owns a right of a work in a territory on a day: `owners` in percent, `missing` and `over` where said."""
    told = dict(given)
    picture = wb.works.share_picture(
        names[told.pop("of")],
        right=told.pop("right", "performing"),
        territory=told.pop("in", ""),
        on=told.pop("on", ""),
    )
    owned: dict[str, int] = {}
    for row in picture.rows:
        owned[row.party_id] = owned.get(row.party_id, 0) + row.share_ppm
    got: dict[str, Any] = {"owners": {names.told(party): ppm for party, ppm in owned.items()}}
    expected: dict[str, Any] = {"owners": {party: parse_percent(part) for party, part in told.pop("owners").items()}}
    for what, ppm in (("missing", picture.missing_ppm), ("over", picture.over_ppm)):
        got[what], expected[what] = ppm, parse_percent(told.pop(what, "0"))
    assert not told, told
    expect_same(got, expected)


def expect_the_pictures(wb: Workbench, names: Names, given: Mapping[str, Any]) -> None:
    """Every picture of a right: lines `area, from, until, total`, oldest period first; an open day is `-`."""
    found = wb.works.pictures(names[given["of"]], right=given.get("right", "performing"))
    got = [f"{one.territory}, {one.starts_on or '-'}, {one.ends_on or '-'}, {format_percent(one.total_ppm)}" for one in found]
    expect_same(got, list(given["are"]))


def expect_distributable(wb: Workbench, names: Names, given: Mapping[str, Any]) -> None:
    """How far a work or recording is distributable, for a right, in a territory, on a day, and which rules say why not more."""
    entity_id = names[given["of"]]
    desk = wb.recordings if "-R-" in entity_id else wb.works
    found = desk.distributable(entity_id, right=given.get("right", ""), territory=given.get("in", ""), on=given.get("on", ""))
    got = (found.state, sorted({one.code for one in found.reasons}))
    expect_same(got, (given["is"], sorted(given.get("because", []))))


def register_a_release(wb: Workbench, names: Names, given: Mapping[str, Any]) -> None:
    told = dict(given)
    called, why = told.pop("called", told["title"]), told.pop("why", "is released")
    names[called] = wb.releases.save(plain_document(RELEASE, names, told), why=why).id


def link_the_tracks(wb: Workbench, _names: Names, given: str) -> None:
    """Link tracks to recordings registered since; `given` is how many releases change."""
    expect_same(wb.releases.link_tracks(), int(given))


def expect_tracks(wb: Workbench, names: Names, given: Mapping[str, Any]) -> None:
    """Which recordings the tracks of a release are, in order; `-` where none is known."""
    tracks = wb.releases.get(names[given["of"]]).tracks
    got = [names.told(one.recording_id) if one.recording_id else "-" for one in tracks]
    expect_same(got, list(given["are"]))


def register_a_concert(wb: Workbench, names: Names, given: Mapping[str, Any]) -> None:
    told = dict(given)
    called, why = told.pop("called", told["name"]), told.pop("why", "was held")
    names[called] = wb.performances.save(plain_document(PERFORMANCE, names, told), why=why).id


def expect_problems(wb: Workbench, names: Names, given: Mapping[str, Any]) -> None:
    """Which rules have a problem with works and recordings, by name: the analyst's list with the money that waits."""
    table = wb.problems()
    got: dict[str, list[str]] = {}
    for row in table.to_dict("records"):
        assert row["what_to_do"], row
        rules = got.setdefault(names.told(row["id"]), [])
        if row["rule"] not in rules:
            rules.append(row["rule"])
    expect_same({name: sorted(rules) for name, rules in got.items()}, {name: sorted(rules) for name, rules in given.items()})


VERBS = {
    "expect the picture": expect_the_picture,
    "expect the pictures": expect_the_pictures,
    "expect distributable": expect_distributable,
    "register a release": register_a_release,
    "link the tracks": link_the_tracks,
    "expect tracks": expect_tracks,
    "register a concert": register_a_concert,
    "expect problems": expect_problems,
}
