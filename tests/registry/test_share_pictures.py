"""The laws of share pictures: what is owned of a right, in a territory, on a day."""

from datetime import date

import pytest

from workbench.core.errors import NotFound
from workbench.core.territories import WORLD, standard_territories
from workbench.registry.share_pictures import areas, in_force, periods, pictures, share_picture
from workbench.registry.works import Work, WorkShare

KENYA, NORWAY, AFRICA, EUROPE, EU, UK = "404", "578", "2100", "2120", "2123", "826"


def row(party, ppm, territory="", starts_on="", ends_on="", role="CA", **more):
    return {"party_id": party, "role": role, "performing_ppm": ppm, "territory": territory, "starts_on": starts_on,
            "ends_on": ends_on, **more}  # fmt: skip


def owners(picture):
    return {one.party_id: one.share_ppm for one in picture.rows}


def test_a_share_counts_only_on_the_days_of_its_period_both_included():
    shares = [row("W", 1_000_000, ends_on="2024-12-31"), row("H", 1_000_000, starts_on="2025-01-01")]
    assert owners(share_picture(shares, "performing", KENYA, "2024-12-31")) == {"W": 1_000_000}
    assert owners(share_picture(shares, "performing", KENYA, "2025-01-01")) == {"H": 1_000_000}


def test_a_share_counts_only_where_its_territory_covers_the_one_asked_for():
    shares = [row("W", 500_000), row("P", 500_000, AFRICA)]
    assert share_picture(shares, "performing", KENYA).is_whole
    assert share_picture(shares, "performing", NORWAY).missing_ppm == 500_000


def test_the_graph_of_territories_is_taken_as_of_the_day():
    shares = [row("W", 1_000_000, EU)]
    assert share_picture(shares, "performing", UK, "2020-01-31").is_whole
    assert share_picture(shares, "performing", UK, "2020-02-01").rows == ()


def test_a_share_that_holds_in_a_part_of_the_area_asked_for_stands_apart():
    picture = share_picture([row("W", 500_000), row("P", 500_000, KENYA)], "performing", AFRICA)
    assert (owners(picture), [one.party_id for one in picture.elsewhere]) == ({"W": 500_000}, ["P"])


def test_counter_claims_are_what_is_claimed_above_the_whole():
    shares = [row("W", 500_000), row("P", 500_000), row("Q", 500_000)]
    assert (share_picture(shares, "performing").over_ppm, share_picture(shares, "performing").missing_ppm) == (500_000, 0)


def test_six_hundredths_of_a_percent_are_neither_missing_nor_too_much():
    for total, missing, over in ((999_400, 0, 0), (999_399, 601, 0), (1_000_600, 0, 0), (1_000_601, 0, 601)):
        picture = share_picture([row("W", total)], "performing")
        assert (picture.missing_ppm, picture.over_ppm) == (missing, over)


def test_each_right_has_its_own_picture_and_a_right_not_kept_follows_another():
    shares = [row("W", 1_000_000, mechanical_ppm=600_000, synchronisation_ppm=1)]
    found = {
        right: share_picture(shares, right).total_ppm for right in ("performing", "mechanical", "synchronisation", "lending")
    }
    assert found == {"performing": 1_000_000, "mechanical": 600_000, "synchronisation": 1, "lending": 600_000}
    with pytest.raises(NotFound):
        share_picture(shares, "neighbouring")
    with pytest.raises(NotFound):
        share_picture(shares, "performing", "9999")


def test_periods_follow_each_other_without_a_gap():
    found = periods([row("W", 1, starts_on="2020-01-01", ends_on="2022-06-30"), row("P", 1, starts_on="2021-05-01")])
    assert found == [("", "2019-12-31"), ("2020-01-01", "2021-04-30"), ("2021-05-01", "2022-06-30"), ("2022-07-01", "")]


@pytest.mark.parametrize("codes", [(), (KENYA,), (AFRICA, KENYA), (EU, EUROPE, NORWAY, AFRICA), ("2101", "2106", "2110", "2122")])
def test_areas_are_the_whole_world_once_and_each_country_has_the_codes_that_cover_it(codes):
    graph, day = standard_territories(), date(2025, 7, 1)
    seen = []
    for area, covering in areas(frozenset(codes), day):
        countries = graph.resolve(area, day)
        seen += countries
        for country in countries:
            assert covering == {code for code in codes if country in graph.resolve((("I", code),), day)}
    assert len(seen) == len(set(seen))
    assert set(seen) == graph.resolve((("I", WORLD),), day)


def test_the_pictures_of_a_work_are_its_distinct_periods_and_areas():
    shares = [row("W", 500_000), row("P", 500_000, EUROPE, "2020-01-01", role="E"), row("W", 500_000, AFRICA)]
    found = [(one.territory, one.starts_on, one.ends_on, one.total_ppm) for one in pictures(shares, "performing")]
    assert found == [
        ("+2136 -2100", "", "2019-12-31", 500_000),
        ("+2100", "", "", 1_000_000),
        ("+2136 -2100 -2120", "2020-01-01", "", 500_000),
        ("+2120", "2020-01-01", "", 1_000_000),
    ]
    assert len(pictures([row("W", 1_000_000)], "performing")) == 1


def test_every_picture_is_what_is_asked_for_within_it():
    shares = [row("W", 400_000, ends_on="2019-12-31"), row("P", 500_000, AFRICA, "2018-01-01"), row("Q", 500_000, KENYA)]
    for one in pictures(shares, "performing"):
        day = one.starts_on or one.ends_on
        country = min(standard_territories().resolve(one.area, date.fromisoformat(day)))
        asked = share_picture(shares, "performing", country, day)
        assert asked.rows == one.rows
        running = in_force(shares, country, date.fromisoformat(day))
        assert [made.position for made in asked.rows] == [shares.index(each) + 1 for each in running]


def test_the_desk_answers_for_the_societys_territory_with_names(both):
    writer, house = both.people("Writer", "House")
    shares = (WorkShare(writer, "CA", 500_000), WorkShare(house, "E", 500_000, territory=AFRICA, starts_on="2020-01-01"))
    work = both.works.save(Work("Song", shares=shares), why="new")
    picture = both.works.share_picture(work.id, on="2025-07-01")
    assert list(picture.frame()["party"]) == ["Writer", "House"]
    assert both.works.share_picture(work.id, territory=NORWAY, on="2025-07-01").missing_ppm == 500_000
    assert sorted(one.total_ppm for one in both.works.pictures(work.id)) == [500_000, 500_000, 1_000_000]
