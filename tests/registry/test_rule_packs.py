"""The laws of rule packs: each rule finds what it is for, one work is judged as a million are, and a society has its own."""

from datetime import date
from random import Random

import pytest
import yaml

from workbench.core import documents
from workbench.core.errors import NotFound, WorkbenchError
from workbench.core.territories import standard_territories
from workbench.registry.agreements import Agreement, AgreementShare
from workbench.registry.checks import judging, packs
from workbench.registry.checks.derived import terms
from workbench.registry.mandates import Mandate, MandateRight
from workbench.registry.parties import PARTY, Affiliation, Party, PartyName
from workbench.registry.recordings import EmbodiedWork, Recording
from workbench.registry.releases import Release, Releases, Track
from workbench.registry.share_pictures import pictures
from workbench.registry.works import WORK, ArchivedIswc, Cue, Work, WorkNumber, WorkShare

MANAGED = (Affiliation("079", "performing"), Affiliation("079", "mechanical"))


@pytest.fixture
def people(desks):
    """Two writers and two publishers in order, all managed by a society abroad; then a writer dead since 1900, and a stray."""
    ipis = ["00014107338", "00045620792", "00052210040", "00334284961", "00282430576", "00000000199"]
    given = [
        Party(f"N{at}", names=(PartyName(f"N{at}", ipi_name_number=ipi),), affiliations=MANAGED if at < 5 else (),
              death_on="1900-05-01" if at == 4 else "", birth_on="1850-01-01" if at == 4 else "")
        for at, ipi in enumerate(ipis)
    ]  # fmt: skip
    return [one.id for one in desks.parties.save_many(given, why="joined")]


def shares(*rows):
    return tuple(WorkShare(party, role, ppm, ppm, **more[0] if more else {}) for party, role, ppm, *more in rows)


def acting(people):
    return {"represents_party_id": people[0]}


def whole(people):
    return shares((people[0], "CA", 500_000), (people[2], "E", 500_000, {"represents_party_id": people[0]}))


HALF = 500_000
CASES = {
    "share_total": lambda p: Work("A", shares=shares((p[0], "CA", 900_000))),
    "counter_claim": lambda p: Work("A", shares=shares((p[0], "CA", HALF), (p[1], "CA", HALF), (p[2], "E", HALF, acting(p)))),
    "no_shares": lambda p: Work("A", shares=shares((p[0], "CA", 0))),
    "unknown_share": lambda p: Work("A", shares=shares((p[0], "C", HALF), (p[1], "A", 0))),
    "publisher_share_over": lambda p: Work("A", shares=shares((p[0], "CA", 400_000), (p[2], "E", 600_000, acting(p)))),
    "role_may_not_own": lambda p: Work("A", shares=shares((p[0], "CA", HALF), (p[2], "PA", HALF))),
    "missing_ipi": None,
    "unknown_party": None,
    "gone_party": None,
    "role_not_in_class": None,
    "component_cycle": None,
    "version_cycle": None,
    "group_share": lambda p: Work("F", creation_class="film", shares=shares((p[0], "DI", 700_000), (p[1], "SC", 300_000))),
    "arranger_share_over": None,
    "unaffiliated_party": lambda p: Work("A", shares=shares((p[5], "CA", 1_000_000))),
    "term_over": lambda p: Work("A", shares=shares((p[4], "CA", 1_000_000))),
    "public_domain": lambda p: Work("A", public_domain=1, shares=shares((p[0], "CA", 1_000_000))),
    "publisher_without_writer": lambda p: Work("A", shares=shares((p[0], "CA", HALF), (p[2], "E", HALF))),
    "represents_nobody_here": lambda p: Work("A", shares=shares((p[0], "CA", HALF), (p[2], "E", HALF, acting(p[1:])))),
    "no_agreement_behind": lambda p: Work("A", shares=(*whole(p), *shares((p[3], "SE", 0)))),
    "no_writer": lambda _: Work("A"),
    "class_needs": lambda p: Work("J", creation_class="jingle", shares=whole(p)),
    "in_dispute": lambda p: Work("A", status="in_dispute", shares=whole(p)),
    "incomplete": lambda p: Work("A", status="incomplete", shares=whole(p)),
    "duplicate_iswc": None,
    "duplicate_number": None,
    "possible_duplicate": None,
    "version_without_original": lambda p: Work("A", version_type="MOD", shares=whole(p)),
    "excerpt_without_whole": lambda p: Work("A", excerpt_type="MOV", shares=whole(p)),
    "composite_without_components": lambda p: Work("A", composite_type="MED", shares=whole(p)),
    "arrangement_of_nothing": lambda p: Work("A", music_arrangement="ARR", shares=whole(p)),
    "cues_longer_than_work": lambda p: Work("A", duration_seconds=10, shares=whole(p), cues=(Cue("Theme", duration_seconds=11),)),
    "cue_incomplete": lambda p: Work("A", shares=whole(p), cues=(Cue("Theme"),)),
}  # fmt: skip
"""A work for each rule that one work alone can break; the others have a test of their own below."""


def found(desk, entity_id):
    return {finding.code for finding in desk.check(entity_id)}


@pytest.mark.parametrize("code", [code for code, make in CASES.items() if make])
def test_each_rule_finds_the_work_that_breaks_it_alone_and_among_all(desks, people, code):
    in_order = desks.works.save(Work("In order", shares=whole(people)), why="new")
    broken = desks.works.save(CASES[code](people), why="new")
    assert found(desks.works, in_order.id) == set()
    alone, among_all = desks.works.check(broken.id), desks.works.check()
    assert code in {finding.code for finding in alone}
    assert [one for one in among_all if one.source == broken.id] == alone
    assert {one.source for one in among_all} == {broken.id}
    assert all(one.what_to_do for one in alone)


def test_every_rule_for_works_is_listed_here():
    assert {rule.code for pack in packs.packaged() for rule in pack.rules if rule.kind == "work"} == set(CASES)


def test_the_same_number_and_the_same_title_by_the_same_writers_are_said_at_both(desks, people):
    one = Work("Song", iswc="T0345246801", numbers=(WorkNumber("079", "7"),), shares=whole(people))
    archived = (ArchivedIswc("T0345246801"),)
    two = Work("SÓNG", numbers=(WorkNumber("079", "7"),), archived_iswcs=archived, shares=whole(people))
    a, b = (made.id for made in desks.works.save_many([one, two], why="new"))
    for entity_id, other in ((a, b), (b, a)):
        said = {finding.code: finding.what_to_do for finding in desks.works.check(entity_id)}
        assert {"duplicate_iswc", "duplicate_number"} <= set(said)
        assert other in said["duplicate_iswc"]
    assert [one.source for one in desks.works.check() if one.code == "possible_duplicate"] == [a, b]


def test_what_came_past_the_form_is_found_circles_strange_roles_and_parties_that_are_gone(desks, people):
    a, b = (one.id for one in desks.works.save_many([Work("A"), Work("B")], why="new"))
    gone = desks.parties.save(Party("Gone"), why="joined").id
    with desks.office.change("from another society") as change:
        blank = documents.load(change.connection, WORK, a)
        share = {"party_id": gone, "role": "DI"}
        documents.save_many(
            change, WORK,
            [{**blank, "id": a, "components": [{"component_work_id": b}], "original_work_id": b, "shares": [share]},
             {**blank, "id": b, "components": [{"component_work_id": a}], "original_work_id": a}],
        )  # fmt: skip
        documents.save(change, PARTY, {**documents.load(change.connection, PARTY, gone), "status": "deleted"})
    assert {"component_cycle", "version_cycle", "role_not_in_class", "gone_party", "missing_ipi"} <= found(desks.works, a)
    (cycle,) = [one for one in desks.works.check() if one.code == "component_cycle" and one.source == a]
    assert cycle.got == f"{a} -> {b} -> {a}"


def test_an_arranger_of_a_free_work_has_at_most_half_beside_others(desks, people):
    free = desks.works.save(Work("Old song", public_domain=1), why="new")
    given = Work("New", version_type="MOD", original_work_id=free.id, music_arrangement="ARR",
                 shares=shares((people[0], "AR", 600_000), (people[1], "A", 400_000)))  # fmt: skip
    made = desks.works.save(given, why="new")
    assert found(desks.works, made.id) == {"arranger_share_over"}
    alone = {"party_id": people[0], "role": "AR", "performing_ppm": 1_000_000, "mechanical_ppm": 1_000_000}
    desks.works.change(made.id, shares=[alone], why="alone")
    assert found(desks.works, made.id) == set()
    assert found(desks.works, free.id) == set()


def test_the_term_of_protection_is_the_territorys(desks, people):
    made = desks.works.save(Work("A", shares=shares((people[4], "CA", 1_000_000))), why="new")
    (finding,) = desks.works.check(made.id)
    assert (finding.code, finding.expected) == ("term_over", f"protected for {terms()['404']} years after")
    desks.parties.change(people[4], death_on=f"{date.today().year - terms()['404']}-12-31", why="corrected")  # noqa: DTZ011
    assert desks.works.check(made.id) == []


def test_a_mandate_or_an_affiliation_ends_the_word_that_nobody_manages_the_right(desks, people):
    made = desks.works.save(Work("A", shares=shares((people[5], "CA", 1_000_000))), why="new")
    assert [one.message for one in desks.works.check(made.id)] == [
        "an owner has entrusted the mechanical right to no society we know of",
        "an owner has entrusted the performing right to no society we know of",
    ]
    desks.mandates.save(Mandate(people[5], rights=(MandateRight("performing"),)), why="signed")
    assert len(desks.works.check(made.id)) == 1
    desks.parties.change(people[5], affiliations=[{"society": "079", "right": "mechanical"}], why="asked")
    assert desks.works.check(made.id) == []


def test_an_agreement_is_the_chain_that_a_share_does_not_say(desks, people):
    rows = (*shares((people[0], "CA", 500_000), (people[2], "E", 500_000)), *shares((people[3], "SE", 0)))
    made = desks.works.save(Work("A", shares=rows), why="new")
    assert found(desks.works, made.id) == {"publisher_without_writer", "no_agreement_behind"}
    for assignor, acquirer in ((people[0], people[2]), (people[2], people[3])):
        given = Agreement(assignor, acquirer, shares=(AgreementShare("performing", 500_000),))
        desks.agreements.save(given, why="signed")
    assert found(desks.works, made.id) == set()


def test_deleted_works_are_not_judged(desks):
    made = desks.works.save(Work("A"), why="new")
    desks.works.delete(made.id, why="never was")
    assert desks.works.check() == desks.works.check(made.id) == []
    assert desks.works.frame().loc[0, "distributable"] == "not"
    assert desks.works.distributable(made.id).reasons[0].code == "gone"


@pytest.mark.parametrize("seed", range(6))
def test_the_pictures_that_rules_see_are_those_of_the_pure_function(desks, people, seed):
    random = Random(seed)  # noqa: S311
    rows = tuple(
        WorkShare(random.choice(people[:4]), random.choice(["CA", "E"]), random.choice([250_000, 500_000]), 0,
                  territory=random.choice(["", "2136", "404", "2100", "2120", "578", "2123"]),
                  starts_on=random.choice(["", "2010-01-01", "2020-02-01"]),
                  ends_on=random.choice(["", "2019-12-31", "2024-06-30"]))
        for _ in range(random.randint(1, 6))
    )  # fmt: skip
    made = desks.works.save(Work("A", shares=rows), why="new")
    with desks.office.book.read() as connection, judging.whole_book(connection, desks.office, [WORK]) as run:
        seen = {
            (day, area): total for day, area, total in run.engine.rows("SELECT starts_on, territory, performing_ppm FROM picture")
        }
    graph = standard_territories()
    for (day, area), total in seen.items():
        if area:
            entries = tuple(("I" if part[0] == "+" else "E", part[1:]) for part in area.split())
            wanted = [
                one for one in pictures(desks.works._document(made)[0]["shares"], "performing")
                if one.starts_on <= day and (not one.ends_on or day <= one.ends_on)
                and graph.resolve(entries, date(2025, 7, 1)) <= graph.resolve(one.area, date(2025, 7, 1))
            ]  # fmt: skip
            assert [one.total_ppm for one in wanted] == [total]
    assert seen


def test_a_work_is_distributable_for_one_right_in_one_territory_on_one_day(both):
    (writer,) = both.people("Writer")
    both.parties.change(writer, affiliations=[{"society": "079", "right": ""}], why="asked")
    rows = (WorkShare(writer, "CA", 1_000_000, 500_000, territory="2100", starts_on="2020-01-01"),)
    made = both.works.save(Work("A", shares=rows), why="new")
    ask = lambda **more: both.works.distributable(made.id, **{"right": "performing", "territory": "404", **more})  # noqa: E731
    assert ask().state == "fully"
    assert ask().reasons == ()
    assert (ask(right="mechanical").state, [one.code for one in ask(right="mechanical").reasons]) == ("partly", ["share_total"])
    assert ask(right="lending").state == "partly"
    assert both.works.frame().loc[0, "distributable"] == "partly"
    with pytest.raises(WorkbenchError):
        ask(right="perform")
    with pytest.raises(NotFound):
        ask(territory="9999")


def test_problems_are_a_table_of_rule_message_and_what_to_do(both):
    (writer,) = both.people("Writer")
    made = both.works.save(Work("A", shares=(WorkShare(writer, "CA", 500_000, 500_000, starts_on="2020-01-01"),)), why="new")
    table = both.works.problems()
    assert list(table.columns) == judging.PROBLEMS
    row = table[(table["rule"] == "share_total") & (table["right"] == "performing")].iloc[0]
    assert (row["id"], row["title"], row["got"], row["since"], row["distributable"]) == (
        made.id,
        "A",
        "50.00 %",
        "2020-01-01",
        "partly",
    )
    assert set(table["what_to_do"]) - {""} == set(table["what_to_do"])


OWN = {
    "pack": "house",
    "title": "House rules",
    "rules": [
        {"code": "no_language", "kind": "work", "title": "no language", "distributable": "fully", "what_to_do": "Ask.",
         "source": "Board 2025/3", "sql": "SELECT id FROM work WHERE language = ''"}
    ],
}  # fmt: skip


def write_pack(office, name="house.yaml", **changes):
    folder = office.config.rules / "packs"
    folder.mkdir(exist_ok=True)
    pack = {**OWN, "rules": [{**OWN["rules"][0], **changes}]}
    (folder / name).write_text(yaml.safe_dump(pack))


def test_a_society_adds_its_own_rules_and_switches_others_off(desks):
    made = desks.works.save(Work("A"), why="new")
    assert found(desks.works, made.id) == {"no_writer"}
    write_pack(desks.office)
    assert found(desks.works, made.id) == {"no_writer", "no_language"}
    (desks.office.config.rules / "packs" / "off.yaml").write_text("off: [documentation]\n")
    assert found(desks.works, made.id) == {"no_language"}
    (desks.office.config.rules / "packs" / "off.yaml").write_text("off: [documentatoin]\n")
    with pytest.raises(NotFound, match="documentation"):
        desks.works.check()


REFUSED = [
    ({"sql": "DELETE FROM work"}, "only selects"),
    ({"sql": "SELECT id FROM work; DROP TABLE work"}, "only selects"),
    ({"sql": "SELECT content AS id FROM read_text('/etc/passwd')"}, "only selects"),
    ({"sql": "WITH a AS (SELECT 1) INSERT INTO work SELECT * FROM a"}, "only selects"),
    ({"severity": "high"}, "keys of the rule differ"),
    ({"distributable": "mostly"}, "no such distributable"),
    ({"what_to_do": ""}, "what_to_do is empty"),
    ({"code": "share_total"}, "twice in the rule packs"),
]


@pytest.mark.parametrize(("changes", "message"), REFUSED)
def test_a_rule_that_cannot_stand_is_refused_with_its_file(desks, changes, message):
    write_pack(desks.office, **changes)
    with pytest.raises(WorkbenchError, match=message):
        desks.works.check()


@pytest.mark.parametrize("sql", ["SELECT nothing FROM work", "SELECT id FROM '/etc/passwd'", "SELECT id FROM office"])
def test_a_rule_that_reaches_for_what_is_not_staged_says_so(desks, sql):
    desks.works.save(Work("A"), why="new")
    write_pack(desks.office, sql=sql)
    with pytest.raises(WorkbenchError, match=r"(?s)cannot be run.*pack house, rule no_language"):
        desks.works.check()


def test_every_packaged_rule_names_its_source_and_runs_on_an_empty_book(desks):
    rules = [rule for pack in packs.packaged() for rule in pack.rules]
    assert len(rules) >= 45
    assert all(rule.source and rule.what_to_do for rule in rules)
    for desk in (desks.works, desks.recordings, desks.performances, Releases(desks.office)):
        assert desk.check() == []


def test_recordings_and_releases_are_judged_against_what_they_name(desks):
    song = desks.works.save(Work("Song"), why="new")
    gone = desks.works.save(Work("Gone"), why="new")
    made = desks.recordings.save(
        Recording("Song", isrc="KEABC2500001", works=(EmbodiedWork(song.id), EmbodiedWork(gone.id))), why="new"
    )
    with desks.office.change("twice") as change:
        documents.save(change, WORK, {**documents.load(change.connection, WORK, gone.id), "status": "deleted"})
    assert "work_gone" in found(desks.recordings, made.id)
    album = Releases(desks.office).save(
        Release("Album", tracks=(Track("Song", isrc="KEABC2500002", recording_id=made.id),)), why="new"
    )
    assert found(Releases(desks.office), album.id) == {"track_isrc_differs"}
