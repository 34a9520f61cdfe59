"""What clerks say about agreements: sign one, and say who collects what, where, on which day, and why.

`sign an agreement` takes `from`, `to`, what it `gives` (`performing 75`, in percent), `where` (`+2100`, `-710`: TIS codes), for
which `works` (`+Song`, `-Other Song`), its `kind` in words, and any other field of an agreement as it is. `expect the chain` says
per line `owner > collector: percent of the work`; `because` must be in one of the reasons, `findings` are all the codes found.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.stories.telling import Names, Unexpected, expect_same, plain_document
from workbench.api import Workbench
from workbench.core.shares import format_percent, parse_percent
from workbench.registry import rules
from workbench.registry.agreements import AGREEMENT

KINDS = {
    "original publishing": "OG",
    "original publishing of works": "OS",
    "sub-publishing": "PG",
    "sub-publishing of works": "PS",
    "assignment": "AS",
    "administration": "AD",
    "co-publishing": "CO",
    "representation": "RE",
}


def sign_an_agreement(wb: Workbench, names: Names, given: Mapping[str, Any]) -> None:
    told = dict(given)
    document = {
        "assignor_party_id": names[told.pop("from")],
        "acquirer_party_id": names[told.pop("to")],
        "kind": KINDS[told.pop("kind", "administration")],
        "shares": [_share(line) for line in told.pop("gives", ["performing 100"])],
        "territories": [{"indicator": _sign(line), "territory": line[1:].strip()} for line in told.pop("where", [])],
        "works": [{"indicator": _sign(line), "work_id": names[line[1:].strip()]} for line in told.pop("works", [])],
    }
    called, why = told.pop("called"), told.pop("why", "was signed")
    document |= plain_document(AGREEMENT, names, told)
    names[called] = wb.agreements.save({"number": called, **document}, why=why).id


def expect_the_chain(wb: Workbench, names: Names, given: Mapping[str, Any]) -> None:
    chain = wb.agreements.chain(
        names[given["of"]],
        right=given.get("right", "performing"),
        territory=given.get("in", ""),
        on=given["on"],
        collected_on=given.get("paid"),
        societies="societies" in given,
    )
    told = {entity_id: name for name, entity_id in names.items()}
    ends = [(one.owner_party_id, one.collector_party_id, one.share_ppm) for one in chain.collected]
    lines = [f"{told[owner]} > {told.get(collector, collector)}: {_percent(ppm)}" for owner, collector, ppm in ends]
    expect_same(sorted(lines), sorted(given["is"]))
    reasons = [names.told(step.reason) for one in chain.collected for step in one.steps]
    for text in given.get("because", []):
        if not any(text in reason for reason in reasons):
            raise Unexpected(reasons, text)
    expect_same(sorted({finding.code for finding in chain.findings}), sorted(given.get("findings", [])))
    if "societies" not in given:  # and the same for all works at once
        frame = wb.agreements.chains(right=chain.right, territory=chain.territory, on=chain.on, collected_on=chain.collected_on)
        rows = frame[frame["work_id"] == chain.work_id]
        at_once = zip(rows["owner_party_id"], rows["collector_party_id"], rows["share_ppm"], strict=True)
        expect_same(sorted(at_once), sorted(ends))


def expect_the_holder(wb: Workbench, names: Names, given: Mapping[str, Any]) -> None:
    """Say who owns on a day, after assignments: `is` has a line `owner > holder` per part."""
    frame = wb.agreements.chain(names[given["of"]], right=given.get("right", "performing"), on=given["on"]).frame()
    told = {entity_id: name for name, entity_id in names.items()}
    pairs = zip(frame["owner_party_id"], frame["holder_party_id"], strict=True)
    expect_same(sorted({f"{told[owner]} > {told[holder]}" for owner, holder in pairs}), sorted(given["is"]))


def expect_the_picture(wb: Workbench, names: Names, given: Mapping[str, Any]) -> None:
    """Say what can be read in the picture of a chain, in its drawing and in its words."""
    picture = wb.agreements.chain(
        names[given["of"]], territory=given.get("in", ""), on=given["on"], societies="societies" in given
    ).picture()
    drawn, words = picture.svg(), picture.text()
    for text in given["shows"]:
        if text not in drawn or text not in words:
            raise Unexpected(words, text)


def _share(line: str) -> dict[str, Any]:
    right, percent = line.rsplit(" ", 1)
    right = right.replace(" ", "_")
    assert right in rules.RIGHTS, right
    return {"right": right, "share_ppm": parse_percent(percent)}


def _sign(line: str) -> str:
    return {"+": "I", "-": "E"}[line[0]]


def _percent(ppm: int) -> str:
    return format_percent(ppm).removesuffix(".00")


VERBS = {
    "sign an agreement": sign_an_agreement,
    "expect the chain": expect_the_chain,
    "expect the holder": expect_the_holder,
    "expect the picture of the chain": expect_the_picture,
}
