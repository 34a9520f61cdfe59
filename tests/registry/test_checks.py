"""The laws of share pictures, agreements, recordings and mandates: what a check says."""

import pytest

from workbench.core.errors import NotFound, WorkbenchError
from workbench.registry.agreements import Agreement, AgreementShare, AgreementTerritory, AgreementWork
from workbench.registry.mandates import Mandate, MandateRight
from workbench.registry.parties import Affiliation, Party, PartyName
from workbench.registry.performances import Performance, SetListItem
from workbench.registry.recordings import Contributor, EmbodiedWork, Recording
from workbench.registry.works import Work, WorkShare


def codes(findings, *without):
    return sorted(finding.code for finding in findings if finding.code not in without)


@pytest.fixture
def ids(desks):
    """A writer and two publishers with IPI name numbers, and one person without; a society abroad manages all of them."""
    numbers = ["00014107338", "00045620792", "00052210040", ""]
    managed = (Affiliation("079", "performing"), Affiliation("079", "mechanical"))
    people = [
        Party(f"N{number}", names=(PartyName(f"N{number}", ipi_name_number=ipi),), affiliations=managed)
        for number, ipi in enumerate(numbers)
    ]
    return [one.id for one in desks.parties.save_many(people, why="joined")]


def check_work(desks, *shares):
    """Judge a work of these shares; publishers act for the first party."""
    acting = [(*share, shares[0][0]) if share[1] in ("E", "AQ", "ES") else share for share in shares]
    work = desks.works.save(Work("Song", shares=tuple(WorkShare(*share) for share in acting)), why="new")
    return [one for one in desks.works.check(work.id) if one.code not in ("no_agreement_behind", "possible_duplicate")]


def test_a_whole_share_picture_has_no_findings(desks, ids):
    assert check_work(desks, (ids[0], "CA", 500_000, 500_000), (ids[1], "E", 500_000, 500_000)) == []


@pytest.mark.parametrize(("total", "odd"), [(999_400, False), (999_399, True), (1_000_600, False), (1_000_601, True), (0, False)])
def test_a_total_within_six_hundredths_of_a_percent_is_whole_and_nothing_claimed_is_no_total(desks, ids, total, odd):
    parts = ((ids[0], "A", total // 2, 500_000), (ids[1], "C", total - total // 2, 500_000))
    assert codes(check_work(desks, *parts)) == (["share_total"] if odd else [])


def test_publishers_own_at_most_half_of_the_performing_right_and_may_own_all_of_the_mechanical(desks, ids):
    assert codes(check_work(desks, (ids[0], "CA", 499_000, 0), (ids[1], "E", 501_000, 1_000_000))) == ["publisher_share_over"]
    assert check_work(desks, (ids[0], "CA", 500_000, 0), (ids[1], "E", 500_000, 1_000_000)) == []


@pytest.mark.parametrize("role", ["SE", "AM", "PA", "ES"])
def test_only_writers_original_publishers_and_acquirers_own(desks, ids, role):
    found = check_work(desks, (ids[0], "CA", 600_000, 600_000), (ids[1], role, 400_000, 400_000))
    assert codes(found) == ["role_may_not_own"]
    assert check_work(desks, (ids[0], "CA", 600_000, 600_000), (ids[1], "AQ", 400_000, 400_000), (ids[2], role, 0, 0)) == []


def test_a_party_without_an_ipi_is_named(desks, ids):
    (finding,) = check_work(desks, (ids[3], "CA", 1_000_000, 1_000_000))
    assert (finding.code, finding.got, finding.field) == ("missing_ipi", ids[3], "shares[1]")


def test_a_work_without_a_writer_or_without_any_share_is_said(desks, ids):
    assert codes(check_work(desks)) == ["no_writer"]
    assert codes(check_work(desks, (ids[0], "CA", 0, 0))) == ["no_shares"]


def test_the_same_iswc_twice_is_said_at_both_works(desks):
    desks.works.save_many([{"title": "One", "iswc": "T0345246801"}, {"title": "Two", "iswc": "T-034.524.680-1"}], why="new")
    twice = [finding for finding in desks.works.check() if finding.code == "duplicate_iswc"]
    assert [finding.source[-1] for finding in twice] == ["1", "2"]


def test_the_same_ipi_on_two_parties_is_said_at_both(desks, ids):
    desks.parties.save(Party("Twin", names=(PartyName("Twin", ipi_name_number="00014107338"),)), why="joined")
    assert codes(desks.parties.check()) == ["duplicate_ipi_name_number"] * 2


def test_a_full_recording_has_no_findings_and_an_empty_one_says_what_is_missing(desks, ids):
    (work,) = desks.works.save_many([{"title": "Song"}], why="new")
    desks.parties.change(ids[0], ipn="1234", why="found in the IPD")
    full = Recording(
        "Song",
        isrc="KEABC2500001",
        contributors=(Contributor(ids[0]), Contributor(ids[1], "producer", 1_000_000)),
        works=(EmbodiedWork(work.id),),
    )
    assert desks.recordings.check(desks.recordings.save(full, why="new").id) == []
    empty = desks.recordings.save(Recording("Bare"), why="new")
    assert codes(desks.recordings.check(empty.id)) == ["missing_isrc", "no_featured_performer", "no_producer", "no_work"]
    half = desks.recordings.save(
        Recording("Half", contributors=(Contributor(ids[3], "featured", 5), Contributor(ids[1], "producer", 500_000))), why="new"
    )
    assert codes(desks.recordings.check(half.id), "missing_isrc", "no_work") == ["missing_ipn", "performer_share", "share_total"]


def agree(desks, assignor, acquirer, share_ppm=1_000_000, right="performing", **more):
    given = Agreement(assignor, acquirer, shares=(AgreementShare(right, share_ppm),), **more)
    return desks.agreements.save(given, why="signed")


def test_an_agreement_in_order_has_no_findings(desks, ids):
    agree(desks, ids[0], ids[1], 600_000)
    agree(desks, ids[0], ids[2], 400_000)
    assert desks.agreements.check() == []


def test_an_agreement_with_oneself_backwards_in_time_or_without_shares_is_said(desks, ids):
    own = agree(desks, ids[0], ids[0])
    back = agree(desks, ids[0], ids[1], 0, starts_on="2025-02-01", ends_on="2025-01-01")
    assert codes(desks.agreements.check(own.id)) == ["same_party"]
    assert codes(desks.agreements.check(back.id)) == ["no_shares", "period_order"]


def test_agreements_that_together_give_too_much_are_said_only_where_they_meet(desks, ids):
    agree(desks, ids[0], ids[1], 700_000, starts_on="2024-01-01")
    late = agree(desks, ids[0], ids[2], 700_000, starts_on="2025-01-01")
    assert [(one.source, one.code) for one in desks.agreements.check()] == [(late.id, "duplicate_claim")]
    desks.agreements.change(late.id, territories=[{"indicator": "I", "territory": "578"}], why="corrected")
    assert codes(desks.agreements.check()) == ["duplicate_claim"]
    first = desks.agreements.get("TALA-A-000001")
    desks.agreements.change(first.id, ends_on="2024-12-31", why="ended")
    assert desks.agreements.check() == []


def test_an_agreement_for_one_work_beside_a_general_one_is_not_too_much(desks, ids):
    (work,) = desks.works.save_many([{"title": "Song"}], why="new")
    agree(desks, ids[0], ids[1])
    agree(desks, ids[0], ids[2], works=(AgreementWork(work.id),))
    assert desks.agreements.check() == []


BAD_AGREEMENTS = [
    ({"kind": "OX"}, "kind is not known"),
    ({"starts_on": "yesterday"}, "starts_on is not a date"),
    ({"shares": [{"right": "performance", "share_ppm": 1}]}, r"right is not known.*shares\[1\]"),
    ({"shares": [{"right": "performing", "share_ppm": 1_000_001}]}, "share_ppm is not a share"),
    ({"shares": [{"right": "performing", "share_ppm": 1}] * 2}, "right twice"),
    ({"territories": [{"indicator": "X", "territory": "404"}]}, "indicator is not known"),
    ({"territories": [{"indicator": "I", "territory": "9999"}]}, "no such territory"),
    ({"territories": [{"indicator": "I", "territory": ""}]}, "territory is empty"),
]


@pytest.mark.parametrize(("fields", "message"), BAD_AGREEMENTS)
def test_an_agreement_that_cannot_stand_is_refused_by_its_field(desks, ids, fields, message):
    with pytest.raises(WorkbenchError, match=message):
        desks.agreements.save({"assignor_party_id": ids[0], "acquirer_party_id": ids[1], **fields}, why="signed")


def test_the_chain_of_a_work_names_every_collector_and_reason(both):
    writer, house, agent = both.people("Writer", "House", "Agent")
    shares = (WorkShare(writer, "CA", 500_000, 500_000), WorkShare(house, "E", 500_000, 500_000))
    work = both.works.save(Work("Song", shares=shares), why="new")
    agree(both, writer, house, 500_000, kind="OG")
    agree(both, house, agent, 250_000, kind="PG", starts_on="2020-01-01", territories=(AgreementTerritory("2100"),))
    chain = both.agreements.chain(work.id, on="2025-07-01")
    assert [(one.owner_party_id, one.collector_party_id, one.share_ppm) for one in chain.collected] == [
        (writer, writer, 500_000),
        (house, house, 375_000),
        (house, agent, 125_000),
    ]
    assert chain.total_ppm == 1_000_000
    assert chain.findings == ()
    frame = chain.frame()
    assert frame.loc[0, "reason"] == "no agreement: the owner collects"
    assert (
        frame.loc[2, "reason"]
        == "PG agreement TALA-A-000002: 25.00 % of performing, covers all works, 2020-01-01 to further notice, +2100"
    )
    assert [one.share_ppm for one in both.agreements.chain(work.id, territory="578", on="2025-07-01").collected] == [
        500_000,
        500_000,
    ]
    assert [one.share_ppm for one in both.agreements.chain(work.id, on="2019-07-01").collected] == [500_000, 500_000]


def test_a_cycle_of_agreements_is_a_finding_of_the_chain(desks, ids):
    work = desks.works.save(Work("Song", shares=(WorkShare(ids[0], "CA", 1_000_000),)), why="new")
    agree(desks, ids[0], ids[1])
    agree(desks, ids[1], ids[2])
    agree(desks, ids[2], ids[0])
    chain = desks.agreements.chain(work.id, on="2025-07-01")
    assert codes(chain.findings) == ["agreement_cycle"]
    assert [(one.collector_party_id, one.share_ppm) for one in chain.collected] == [(ids[2], 1_000_000)]


def test_a_chain_for_an_unknown_right_territory_or_work_is_refused(desks, ids):
    work = desks.works.save(Work("Song", shares=(WorkShare(ids[0], "CA", 1_000_000),)), why="new")
    for wrong in ({"right": "neighbouring"}, {"territory": "KE"}):
        with pytest.raises(WorkbenchError):
            desks.agreements.chain(work.id, **wrong)
    with pytest.raises(NotFound):
        desks.agreements.chain("TALA-W-000009")


def test_agreements_and_mandates_are_found_by_their_parties_and_numbers(desks, ids):
    agree(desks, ids[0], ids[1], number="OG-1")
    desks.mandates.save(Mandate(ids[0], number="M-1", rights=(MandateRight("performing"),)), why="signed")
    assert desks.agreements.search("N0").loc[0, "matched_as"] == "assignor"
    assert desks.agreements.search("og-9").empty
    assert desks.agreements.search("OG-1").loc[0, "score"] == 100
    assert desks.mandates.search("N0").loc[0, "party"] == "N0"


def test_a_mandate_covers_its_right_its_territory_and_its_time(desks, ids):
    desks.mandates.save_many(
        [
            Mandate(ids[0], starts_on="2025-01-01", ends_on="2025-12-31", rights=(MandateRight("performing"),)),
            Mandate(ids[1], rights=(MandateRight("performing", "578"), MandateRight("mechanical", "2100"))),
        ],
        why="signed",
    )
    holders = desks.mandates.holders
    assert holders("performing", on="2025-07-01") == {ids[0]}
    assert holders("performing", on="2026-01-01") == frozenset()
    assert holders("performing", on="2025-07-01", territory="578") == {ids[0], ids[1]}
    assert holders("mechanical", on="2025-07-01") == {ids[1]}
    assert holders("neighbouring", on="2025-07-01") == frozenset()


def test_a_performance_keeps_its_set_list_in_order_and_says_what_is_missing(both):
    (work,) = both.works.save_many([{"title": "Song"}], why="new")
    given = Performance(
        "Night of Songs",
        "2025-07-12",
        venue="Bahari Hall",
        items=(SetListItem("Song", work_id=work.id), SetListItem("Another", duration_seconds=200)),
    )
    saved = both.performances.save(given, why="set list of the promoter")
    assert [item.title for item in both.performances.get(saved.id).items] == ["Song", "Another"]
    row = both.performances.frame().iloc[0]
    assert (row["items"], row["known_works"], row["duration_seconds"]) == (2, 1, 200)
    assert both.performances.search("bahari").loc[0, "id"] == saved.id
    assert codes(both.performances.check()) == ["no_licence"]
