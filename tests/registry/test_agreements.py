"""Agreements in the book: what may be entered, what the check of all of them says, and many chains at once."""

from __future__ import annotations

import pytest

from workbench.core.errors import NotFound, WorkbenchError
from workbench.registry.agreements import Agreement, AgreementShare, AgreementTerritory, AgreementWork
from workbench.registry.mandates import Mandate, MandateRight
from workbench.registry.parties import Affiliation, Party
from workbench.registry.recordings import Contributor, Recording
from workbench.registry.works import Work, WorkShare


def agree(desks, assignor, acquirer, share_ppm=1_000_000, right="performing", **more):
    return desks.agreements.save(
        Agreement(assignor, acquirer, shares=(AgreementShare(right, share_ppm),), **more), why="signed"
    ).id


def song(desks, *shares, **more):
    made = [WorkShare(party, role, ppm, ppm, **extra) for party, role, ppm, extra in shares]
    return desks.works.save(Work("Song", shares=tuple(made), **more), why="new").id


def said(desks, one=None):
    """All findings, or those of one agreement; asked for all or for each, the same is said."""
    every = desks.agreements.check()
    for source in {finding.source for finding in every} | {row.id for row in desks.agreements.get_many()}:
        assert desks.agreements.check(source) == [finding for finding in every if finding.source == source]
    return sorted((finding.source, finding.code) for finding in every if one in (None, finding.source))


def area(*lines):
    return tuple(AgreementTerritory(line[1:], "I" if line[0] == "+" else "E") for line in lines)


@pytest.fixture
def people(desks):
    return desks.people("Writer", "House", "Agent", "Other")


REFUSED = [
    ({"scope": "global"}, "scope is not known"),
    ({"status": "lost"}, "status is not known"),
    ({"retention_ends_on": "soon"}, "retention_ends_on is not a date"),
    ({"collection_ends_on": "2025-02-30"}, "collection_ends_on is not a date"),
    ({"prior_royalties": "some"}, "prior_royalties is not known"),
    ({"prior_royalties": "from"}, "prior_royalties from a day needs that day"),
    ({"prior_royalties_on": "2025-01-01"}, "prior_royalties from a day needs that day"),
    ({"sales_manufacture": "X"}, "sales_manufacture is not known"),
]


@pytest.mark.parametrize(("fields", "message"), REFUSED)
def test_a_field_that_cannot_stand_is_refused_by_its_name(desks, people, fields, message):
    with pytest.raises(WorkbenchError, match=message):
        desks.agreements.save({"assignor_party_id": people[0], "acquirer_party_id": people[1], **fields}, why="signed")


@pytest.mark.parametrize("scope", ["general", "implied"])
def test_only_a_specific_agreement_names_works_it_covers(desks, people, scope):
    work = song(desks, (people[0], "CA", 1_000_000, {}))
    with pytest.raises(WorkbenchError, match=rf"{scope} agreement names no works it covers.*works\[1\].*Make its scope specific"):
        agree(desks, *people[:2], scope=scope, works=(AgreementWork(work),))
    agree(desks, *people[:2], scope=scope, works=(AgreementWork(work, "E"),))


def test_days_that_do_not_fit_the_end_and_a_specific_agreement_without_works_are_said(desks, people):
    one = agree(desks, *people[:2], retention_ends_on="2025-01-01", scope="specific")
    assert said(desks, one) == [(one, "end_missing"), (one, "no_works")]
    desks.agreements.change(one, ends_on="2025-06-30", collection_ends_on="2025-06-29", scope="", why="corrected")
    assert said(desks, one) == [(one, "period_order"), (one, "period_order")]


def test_two_acquirers_of_the_same_are_a_duplicate_claim_and_one_acquirer_twice_an_overlap(desks, people):
    agree(desks, people[0], people[1], 700_000)
    twice = agree(desks, people[0], people[1], 700_000, starts_on="2020-01-01")
    assert said(desks) == [(twice, "agreement_overlap")]
    other = agree(desks, people[0], people[2], 700_000, starts_on="2021-01-01")
    assert said(desks) == [(twice, "agreement_overlap"), (other, "duplicate_claim")]


def test_an_overlap_that_begins_because_a_group_grew_is_found(desks, people):
    """Croatia joined the European Union on 2013-07-01: only from then on do the two meet."""
    agree(desks, people[0], people[1], starts_on="2010-01-01", territories=area("+2123"))
    late = agree(desks, people[0], people[2], starts_on="2011-01-01", territories=area("+191"))
    (finding,) = desks.agreements.check()
    assert (finding.source, finding.code) == (late, "duplicate_claim")
    assert "from 2013-07-01, in Croatia" in finding.got
    desks.agreements.change(late, ends_on="2013-06-30", why="ended before")
    assert said(desks) == []


def test_agreements_for_different_works_rights_or_countries_do_not_overlap(desks, people):
    works = [song(desks, (people[0], "CA", 1_000_000, {})) for _ in range(2)]
    agree(desks, people[0], people[1], works=(AgreementWork(works[0]),))
    agree(desks, people[0], people[2], works=(AgreementWork(works[1]),))
    agree(desks, people[0], people[1], territories=area("+2100", "-404"))
    agree(desks, people[0], people[2], territories=area("+404"))
    agree(desks, people[0], people[3], right="mechanical")
    assert said(desks) == []
    third = agree(desks, people[0], people[3], starts_on="2020-01-01", works=(AgreementWork(works[1]),))
    assert said(desks) == [(third, "duplicate_claim")]


def test_a_cycle_is_said_at_its_newest_agreement_and_only_where_its_links_meet(desks, people):
    first, second, third, _ = people
    agree(desks, first, second, starts_on="2020-01-01")
    agree(desks, second, third, starts_on="2021-01-01", territories=area("+2100"))
    back = agree(desks, third, first, starts_on="2022-01-01", territories=area("+404"))
    assert said(desks) == [(back, "agreement_cycle")]
    desks.agreements.change(back, territories=[{"indicator": "I", "territory": "578"}], why="elsewhere")
    assert said(desks) == []
    desks.agreements.change(back, territories=[], starts_on="2019-01-01", ends_on="2020-12-31", why="before the second")
    assert said(desks) == []


def test_representation_of_each_other_at_home_is_no_cycle(desks):
    ours, theirs = (
        desks.parties.save(Party(name, kind="legal", society_code=code, territory=home), why="joined").id
        for name, code, home in (("Ours", "707", "404"), ("Theirs", "058", "250"))
    )
    agree(desks, theirs, ours, kind="RE", territories=area("+404"))
    agree(desks, ours, theirs, kind="RE", territories=area("+250"))
    assert said(desks) == []


def test_sub_publishing_that_ended_without_a_follower_while_the_original_goes_on_is_a_gap(desks, people):
    writer, house, agent, other = people
    agree(desks, writer, house, kind="OG")
    ended = agree(desks, house, agent, kind="PG", ends_on="2020-12-31", territories=area("+2100"))
    (finding,) = desks.agreements.check()
    assert (finding.source, finding.code, finding.got) == (ended, "agreement_gap", "2021-01-01 to further notice")
    agree(desks, house, other, kind="PG", starts_on="2021-03-01", territories=area("+2100"))
    (finding,) = desks.agreements.check()
    assert finding.got == "2021-01-01 to 2021-02-28"
    desks.agreements.change(ended, retention_ends_on="2021-02-28", why="it keeps its works")
    assert said(desks) == []


def test_sub_publishing_of_nothing_is_said_until_there_is_a_basis(desks, people):
    writer, house, agent, _ = people
    sub = agree(desks, house, agent, kind="PG")
    assert said(desks) == [(sub, "agreement_without_basis")]
    song(desks, (writer, "CA", 500_000, {}), (house, "E", 500_000, {}))
    assert said(desks) == []


def test_an_agreement_that_names_a_work_its_assignor_has_no_part_in_is_said(desks, people):
    writer, house, agent, _ = people
    work = song(desks, (writer, "CA", 1_000_000, {}))
    lost = agree(desks, house, agent, works=(AgreementWork(work),))
    assert said(desks) == [(lost, "agreement_work_unreached")]
    agree(desks, writer, house)
    assert said(desks) == []


def test_an_ended_agreement_says_how_long_it_keeps_its_works(desks, people):
    one = agree(desks, *people[:2], ends_on="2020-12-31", retention_ends_on="2999-12-31")
    assert said(desks) == [(one, "agreement_retained")]


def test_a_deleted_agreement_counts_nowhere(desks, people):
    work = song(desks, (people[0], "CA", 1_000_000, {}))
    gone = agree(desks, *people[:2])
    agree(desks, people[0], people[2])
    assert [code for _, code in said(desks)] == ["duplicate_claim", "duplicate_claim"]
    desks.agreements.change(gone, status="deleted", why="never signed")
    assert said(desks) == []
    assert [one.collector_party_id for one in desks.agreements.chain(work).collected] == [people[2]]
    assert desks.agreements.chains()["collector_party_id"].tolist() == [people[2]]


def test_many_chains_are_the_chains_of_each_work_on_both_databases(both):
    writer, house, agent, _ = both.people("Writer", "House", "Agent", "Other")
    works = [
        song(both, (writer, "CA", 500_000, {}), (house, "E", 500_000, {"territory": "2100"})),
        song(both, (writer, "CA", 1_000_000, {"ends_on": "2024-12-31"}), created_year="2010"),
        song(both, (writer, "CA", 333_333, {}), (agent, "SE", 0, {}), published_on="2015-01-01"),
    ]
    gone = song(both, (writer, "CA", 1_000_000, {}), status="deleted")
    agree(both, writer, house, 600_000, ends_on="2020-12-31", retention_ends_on="2030-12-31")
    agree(both, writer, agent, 250_000, scope="implied")
    agree(both, house, agent, 333_333, kind="PG", territories=area("+2100", "-710"))
    for right, place, on, paid in (
        ("performing", "404", "2025-07-01", None),
        ("performing", "710", "2020-12-31", "2025-07-01"),
        ("mechanical", "578", "2025-07-01", None),
        ("private_copying", "404", "2025-07-01", None),
    ):
        options = {"right": right, "territory": place, "on": on, "collected_on": paid}
        frame = both.agreements.chains(**options)
        assert gone not in set(frame["work_id"])
        for work in works:
            one = both.agreements.chain(work, **options).frame()
            names = ["owner_party_id", "role", "collector_party_id", "share_ppm", "agreements", "holder_party_id"]
            here = frame[frame["work_id"] == work]
            assert sorted(here[names].itertuples(index=False, name=None)) == sorted(one[names].itertuples(index=False, name=None))
            few = both.agreements.chains([work, "TALA-W-009999"], **options)
            assert few.to_numpy().tolist() == here.to_numpy().tolist()


def test_a_recording_has_a_chain_of_its_producers(desks, people):
    producer, agent = people[:2]
    made = Recording("Song", contributors=(Contributor(people[2]), Contributor(producer, "producer", 1_000_000)))
    recording = desks.recordings.save(made, why="new").id
    one = agree(desks, producer, agent, 400_000, right="neighbouring")
    chain = desks.agreements.chain(recording, right="neighbouring")
    assert [(end.collector_party_id, end.share_ppm) for end in chain.collected] == [(producer, 600_000), (agent, 400_000)]
    frame = desks.agreements.chains(right="neighbouring")
    assert frame[["work_id", "share_ppm", "agreements"]].to_numpy().tolist() == [
        [recording, 600_000, ""],
        [recording, 400_000, one],
    ]


def test_many_chains_of_an_unknown_right_or_territory_are_refused(desks):
    with pytest.raises(WorkbenchError, match="right is not known"):
        desks.agreements.chains(right="perform")
    with pytest.raises(NotFound):
        desks.agreements.chains(territory="KE")


def test_a_member_of_two_societies_for_the_same_is_said_and_the_nearer_membership_counts(desks):
    both_worlds = (Affiliation("058", territory="2136"), Affiliation("707", territory="2136"))
    nearer = (Affiliation("058", territory="2136"), Affiliation("707", territory="2100"))
    for affiliations, society, codes in ((both_worlds, "058", ["two_societies"]), (nearer, "707", [])):
        writer = desks.parties.save(Party("Writer", affiliations=affiliations), why="joined").id
        work = song(desks, (writer, "CA", 1_000_000, {}))
        chain = desks.agreements.chain(work, territory="404", societies=True)
        assert [one.collector_party_id for one in chain.collected] == [f"society:{society}"]
        assert [finding.code for finding in chain.findings] == codes
        assert chain.frame().loc[0, "collector"] == f"society {society}"


def test_an_agreement_keeps_its_papers(desks, people):
    from workbench.registry.attachments import Attachments

    one = agree(desks, *people[:2])
    document = {"about_kind": "agreement", "about_id": one, "kind": "contract", "title": "The signed contract"}
    kept = Attachments(desks.office).save(document, why="scanned")
    assert (kept.about_kind, kept.about_id) == ("agreement", one)


def test_a_mandate_beside_another_societys_affiliation_is_said_where_and_when_both_hold(desks):
    party = desks.parties.save(
        Party("Writer", affiliations=(Affiliation("058", "performing", "2120", "2020-01-01", "2022-12-31", role="CA"),)),
        why="joined",
    ).id
    other = desks.mandates.save(
        Mandate(party, rights=(MandateRight("mechanical"), MandateRight("performing", "404"))), why="signed"
    )
    assert desks.mandates.check(other.id) == []
    meets = desks.mandates.save(Mandate(party, starts_on="2021-05-01", rights=(MandateRight("performing", "578"),)), why="signed")
    (finding,) = desks.mandates.check(meets.id)
    assert (finding.code, finding.field) == ("mandate_elsewhere", "rights[1]")
    assert finding.got == "society 058 for performing in 2120, from 2021-05-01"
    desks.mandates.change(meets.id, rights=[{"right": "performing", "territory": "578", "role": "A"}], why="only as author")
    assert desks.mandates.check(meets.id) == []
    desks.mandates.change(meets.id, rights=[{"right": "performing"}], starts_on="2023-01-01", why="after it")
    assert desks.mandates.check(meets.id) == []


def test_a_mandate_for_one_role_or_class_counts_where_that_is_asked_for(desks, people):
    rights = (MandateRight("performing", role="A", creation_class="literary"),)
    desks.mandates.save(Mandate(people[0], rights=rights), why="signed")
    desks.mandates.save(Mandate(people[1], rights=(MandateRight("performing"),)), why="signed")
    holders = desks.mandates.holders
    assert holders("performing", on="2025-07-01") == {people[1]}
    assert holders("performing", on="2025-07-01", role="A") == {people[1]}
    assert holders("performing", on="2025-07-01", role="A", creation_class="literary") == {people[0], people[1]}
    with pytest.raises(WorkbenchError, match="role is not known"):
        desks.mandates.save(Mandate(people[0], rights=(MandateRight("performing", role="XX"),)), why="signed")
