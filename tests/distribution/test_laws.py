"""The laws of a distribution, on small invented inputs and on random ones."""

from __future__ import annotations

import tempfile
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.distribution.small_inputs import (
    UNIT,
    by_payee,
    by_reason,
    computed,
    licence,
    mandates,
    matched,
    one_song,
    receipt,
    result_bytes,
    usage,
    work,
)  # fmt: skip
from workbench.core.errors import WorkbenchError
from workbench.distribution.compute import Outcome


def test_three_equal_writers_of_a_million_get_a_million_together(tmp_path):
    shares = {"a": 333_333, "b": 333_333, "c": 333_333}
    found = computed(tmp_path, rulebook=str(without_deductions(tmp_path)), **one_song(shares, 1_000_000))
    assert by_payee(found) == {"a": 333_334, "b": 333_333, "c": 333_333}
    assert by_reason(found) == {}


def test_the_published_concert_reaches_2295_of_3000(tmp_path):
    found = computed(tmp_path, **one_song({"a": 1_000_000}, 3_000 * UNIT))
    assert [(row["name"], row["amount_micros"]) for row in found["deductions"]] == [
        ("administration", 450 * UNIT), ("social", 191_250_000), ("cultural", 63_750_000),
    ]  # fmt: skip
    assert by_payee(found) == {"a": 2_295 * UNIT}


def test_a_documented_zero_fee_is_zero_and_nobody_is_owed(tmp_path):
    found = computed(tmp_path, **one_song({"a": 500_000, "b": 500_000}, 0))
    assert found["pools"][0]["net_micros"] == 0
    assert (found["balances"], found["holds"], found["postings"]) == ([], [], [])


def test_a_zero_share_and_a_line_played_zero_times_get_nothing(tmp_path):
    songs = [work("W1", {"a": 1_000_000, "zero": 0}), work("W2", {"b": 1_000_000})]
    found = computed(
        tmp_path,
        receipts=[receipt(1, 100 * UNIT)], licences=[licence()], mandates=mandates("a", "b", "zero"),
        usages=[usage(1, "k1"), usage(2, "k2", plays=0)], matches=[matched("k1", "W1"), matched("k2", "W2")],
        works=[song for song, _ in songs], work_shares=[row for _, rows in songs for row in rows],
    )  # fmt: skip
    assert by_payee(found) == {"a": 76_500_000}
    assert [row["amount_micros"] for row in found["usage_points"] if row["usage_id"] == "B1:2"] == [0]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"matches": []}, "unmatched"),
        ({"matches": [matched("k1", "", "", "doubtful")]}, "doubtful"),
        ({"usages": []}, "no_usage"),
        ({"matches": [matched("k1", "", "", "not_in_repertoire")]}, "no_usage"),
        ({"usages": [usage(1, "k1", plays=0)]}, "no_points"),
        ({"works": []}, "work_undocumented"),
        ({"work_shares": []}, "work_undocumented"),
        ({"mandates": []}, "no_mandate"),
        ({"mandates": mandates("a", ends_on="2025-07-31")}, "no_mandate"),
        ({"mandates": mandates("a", territory="578")}, "no_mandate"),
    ],
)
def test_money_that_reaches_nobody_is_held_whole_with_its_reason_and_expiry(tmp_path, change, reason):
    found = computed(tmp_path, **one_song({"a": 1_000_000}, 100 * UNIT, **change))
    assert by_reason(found) == {reason: 76_500_000}
    assert {row["expires_on"] for row in found["holds"]} == {"2028-09-30"}
    assert found["entitlements"] == []


def test_more_paid_back_than_received_is_held_and_never_charged_to_members(tmp_path):
    found = computed(
        tmp_path, **one_song({"a": 1_000_000}, 100 * UNIT, receipts=[receipt(1, 100 * UNIT), receipt(2, -150 * UNIT)])
    )
    assert by_reason(found) == {"negative_money": -50 * UNIT}
    assert (found["deductions"], found["balances"]) == ([], [])


def test_a_party_of_another_society_is_paid_through_that_society(tmp_path):
    affiliation = {"party_id": "a", "society": "079", "right": "performing", "territory": "2136", "starts_on": "", "ends_on": ""}
    found = computed(tmp_path, **one_song({"a": 1_000_000}, 100 * UNIT, mandates=[], affiliations=[affiliation]))
    assert by_payee(found) == {"society:079": 76_500_000}
    assert [(row["party_id"], row["payee_id"]) for row in found["entitlements"]] == [("a", "society:079")]


def test_a_party_of_this_very_society_is_paid_itself(tmp_path):
    affiliation = {"party_id": "a", "society": "707", "right": "", "territory": "", "starts_on": "", "ends_on": ""}
    found = computed(tmp_path, **one_song({"a": 1_000_000}, 100 * UNIT, mandates=[], affiliations=[affiliation]))
    assert by_payee(found) == {"a": 76_500_000}


def test_missing_shares_are_held_and_documented_ones_paid(tmp_path):
    found = computed(tmp_path, **one_song({"a": 500_000, "b": 250_000}, 100 * UNIT))
    assert by_payee(found) == {"a": 38_250_000, "b": 19_125_000}
    assert by_reason(found) == {"shares_incomplete": 19_125_000}


def test_a_song_follows_its_agreement_from_the_day_it_starts(tmp_path):
    agreement = {
        "agreement_id": "A1",
        "kind": "PS",
        "assignor_party_id": "pub",
        "acquirer_party_id": "sub",
        "starts_on": "2025-08-02",
        "ends_on": "",
    }
    given = one_song(
        {"pub": 1_000_000}, 200 * UNIT,
        usages=[usage(1, "k1", on="2025-08-01"), usage(2, "k1", on="2025-08-02")], mandates=mandates("pub", "sub"),
        agreements=[agreement], agreement_shares=[{"agreement_id": "A1", "right": "performing", "share_ppm": 1_000_000}],
        agreement_territories=[{"agreement_id": "A1", "position": 1, "indicator": "I", "territory": "2100"}],
    )  # fmt: skip
    found = computed(tmp_path, **given)
    assert by_payee(found) == {"pub": 76_500_000, "sub": 76_500_000}
    assert [(row["as_of_on"], row["party_id"], row["owner_party_id"], row["chain"]) for row in found["entitlements"]] == [
        ("2025-08-01", "pub", "pub", ""), ("2025-08-02", "sub", "pub", "A1"),
    ]  # fmt: skip


def test_a_loop_of_agreements_ends_where_it_would_close_and_is_reported(tmp_path):
    from tests.distribution.small_inputs import PARAMETERS, write_inputs
    from workbench.distribution.compute import compute
    from workbench.distribution.rulebook import find_rulebook

    loop = [("A1", "a", "b"), ("A2", "b", "a")]
    given = one_song(
        {"a": 1_000_000}, 100 * UNIT, mandates=mandates("a", "b"),
        agreements=[{"agreement_id": n, "kind": "AD", "assignor_party_id": x, "acquirer_party_id": y} for n, x, y in loop],
        agreement_shares=[{"agreement_id": n, "right": "performing", "share_ppm": 1_000_000} for n, *_ in loop],
    )  # fmt: skip
    inputs = write_inputs(tmp_path / "inputs", **given)
    outcome = compute(inputs, find_rulebook("default"), PARAMETERS, tmp_path / "results")
    assert [finding.code for finding in outcome.findings] == ["agreement_cycle"]


def test_two_works_on_one_recording_share_its_points_to_the_last_one(tmp_path):
    songs = [work("W1", {"a": 1_000_000}), work("W2", {"b": 1_000_000}), work("W3", {"c": 1_000_000})]
    found = computed(
        tmp_path,
        receipts=[receipt(1, 100 * UNIT)], licences=[licence()], mandates=mandates("a", "b", "c"),
        usages=[usage(1, "k1", seconds=100)], matches=[matched("k1", "R1", "recording")],
        recordings=[{"recording_id": "R1", "title": "Medley", "main_artist": "", "isrc": ""}],
        recording_works=[{"recording_id": "R1", "work_id": w} for w in ("W1", "W2", "W3")],
        works=[song for song, _ in songs], work_shares=[row for _, rows in songs for row in rows],
    )  # fmt: skip
    assert [row["points_milli"] for row in found["usage_points"]] == [33_334, 33_333, 33_333]
    assert sum(by_payee(found).values()) == 76_500_000


def test_a_step_that_loses_a_micro_stops_the_run():
    with pytest.raises(AssertionError, match="in 100, out 98, held 1"):
        Outcome().conserve("4 works", "EUR", 100, 98, 1)


def test_an_unknown_parameter_is_refused_with_the_nearest_name(tmp_path):
    from tests.distribution.small_inputs import PARAMETERS, write_inputs
    from workbench.distribution.compute import compute
    from workbench.distribution.rulebook import find_rulebook

    inputs = write_inputs(tmp_path / "inputs")
    with pytest.raises(WorkbenchError, match="Did you mean territory"):
        compute(inputs, find_rulebook("default"), {**PARAMETERS, "teritory": "1"}, tmp_path / "results")


PARTIES = [f"P{n}" for n in range(6)]
shares = st.dictionaries(st.sampled_from(PARTIES), st.integers(0, 500_000), max_size=4)
lines = st.tuples(
    st.sampled_from(["k1", "k2", "k3", "k4", "k5"]),
    st.one_of(st.none(), st.integers(0, 400)),
    st.integers(0, 9),
    st.integers(1, 92),
)


@st.composite
def books(draw):
    """A random small book: two licences, five keys, three works, two recordings, agreements, some mandates."""
    songs = [work(f"W{n}", draw(shares)) for n in range(3)]
    pairs = draw(
        st.lists(
            st.tuples(st.sampled_from(PARTIES), st.sampled_from(PARTIES), st.integers(1, 1_000_000), st.integers(1, 92)),
            max_size=4,
        )
    )
    contributors = draw(
        st.lists(
            st.tuples(
                st.sampled_from(["R0", "R1"]),
                st.sampled_from(PARTIES),
                st.sampled_from(["producer", "featured", "non_featured"]),
                st.integers(0, 1_000_000),
            ),
            max_size=6,
        )
    )
    targets = [("W0", "work"), ("W1", "work"), ("R0", "recording"), ("R1", "recording"), ("", "")]
    found = {key: draw(st.sampled_from(targets)) for key in ("k1", "k2", "k3")}
    day = lambda n: f"2025-{7 + (n - 1) // 31:02d}-{(n - 1) % 31 + 1:02d}" if n <= 62 else f"2025-09-{n - 62:02d}"  # noqa: E731
    return {
        "receipts": [receipt(n, draw(st.integers(0, 10**10)), licence_id, currency) for n, (licence_id, currency) in
                     enumerate([("C1", "EUR"), ("C1", "USD"), ("C2", "EUR"), ("C2", "EUR")])],
        "licences": [licence("C1", "radio"), licence("C2", "concert")],
        "usages": [usage(n, key, seconds=s, plays=p, on=day(min(d, 92)), licence=draw(st.sampled_from(["C1", "C2"])))
                   for n, (key, s, p, d) in enumerate(draw(st.lists(lines, max_size=8)))],
        "matches": [matched(key, target, kind, "matched" if target else "doubtful") for key, (target, kind) in found.items()],
        "works": [song for song, _ in songs],
        "work_shares": [row for _, rows in songs for row in rows],
        "recordings": [{"recording_id": r, "title": r, "main_artist": "", "isrc": "", "duration_seconds": 99}
                       for r in ("R0", "R1")],
        "recording_works": [{"recording_id": "R0", "work_id": w} for w in draw(st.sets(st.sampled_from(["W0", "W1", "W2"])))],
        "recording_contributors": [{"recording_id": r, "position": n, "party_id": p, "role": role,
                                    "share_ppm": ppm if role == "producer" else 0}
                                   for n, (r, p, role, ppm) in enumerate(contributors)],
        "agreements": [{"agreement_id": f"A{n}", "kind": "AD", "assignor_party_id": one, "acquirer_party_id": two,
                        "starts_on": day(d)} for n, (one, two, _, d) in enumerate(pairs)],
        "agreement_shares": [{"agreement_id": f"A{n}", "right": right, "share_ppm": ppm} for n, (_, _, ppm, _) in enumerate(pairs)
                             for right in ("performing", "neighbouring")],
        "mandates": mandates(*draw(st.sets(st.sampled_from(PARTIES)))),
        "brought_forward": [{"payee_id": "P0", "currency": "EUR", "amount_micros": draw(st.integers(-10**6, 10**6))}],
    }  # fmt: skip


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(books(), st.integers(1, 1_000))
def test_money_is_conserved_at_every_step_whatever_the_book(tables, seed):
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
        found = computed(Path(one), **tables)
        conserved(found, tables)
        computed(Path(two), threads=1, shuffle=seed, **tables)
        assert result_bytes(Path(one)) == result_bytes(Path(two))


def conserved(found, tables):
    """Check the sums of every file against the one before, from the files alone."""
    net = {row["pool_id"]: row["net_micros"] for row in found["pools"]}
    assert sum(row["received_micros"] for row in found["pools"]) == sum(row["amount_micros"] for row in tables["receipts"])
    assert summed(found["pool_receipts"], "pool_id") == {row["pool_id"]: row["received_micros"] for row in found["pools"]}
    for row in found["pools"]:
        assert row["received_micros"] == row["deducted_micros"] + row["net_micros"]
        assert row["net_micros"] == row["allocated_micros"] + row["held_micros"]
    lines_of = summed(found["usage_points"], "pool_id")
    assert all(lines_of.get(pool, 0) in (0, micros) for pool, micros in net.items())
    key = ("pool_id", "target_id", "as_of_on")
    assert summed([row for row in found["usage_points"] if not row["reason"]], *key) == summed(found["allocation"], *key)
    reached = summed([*found["entitlements"], *(row for row in found["holds"] if row["target_id"])], *key)
    assert reached == {k: v for k, v in summed(found["allocation"], *key).items() if v}
    assert {k: v for k, v in net.items() if v} == summed([*found["entitlements"], *found["holds"]], "pool_id")
    assert set(summed(found["postings"], "entry", "currency").values()) <= {0}
    earned = summed(found["entitlements"], "payee_id", "currency")
    for row in found["balances"]:
        assert row["earned_micros"] == earned.get((row["payee_id"], row["currency"]), 0)
        total = row["brought_forward_micros"] + row["earned_micros"] + row["corrected_micros"]
        assert total == row["payable_micros"] + row["carried_forward_micros"]
        assert row["payable_micros"] >= 0
        assert row["payable_micros"] % 10_000 == 0
    for row in found["allocation"]:
        pool = next(pool for pool in found["pools"] if pool["pool_id"] == row["pool_id"])
        quotient = Fraction(pool["net_micros"] * row["points_milli"], pool["points_milli"] or 1)
        assert abs(row["amount_micros"] - quotient) < 1
        assert row["points_milli"] or not row["amount_micros"]


def summed(rows, *key):
    sums = {}
    for row in rows:
        name = tuple(row[part] for part in key) if len(key) > 1 else row[key[0]]
        sums[name] = sums.get(name, 0) + row["amount_micros"]
    return sums


def without_deductions(folder: Path) -> Path:
    """The default rule book, its deduction rules without steps."""
    import yaml

    from workbench.distribution.rulebook import find_rulebook, read_rulebook

    plain = read_rulebook(find_rulebook("default")).plain
    for rule in plain["rules"]:
        if rule["kind"] == "deductions":
            rule |= {"steps": [], "examples": [{"received": "1", "deductions": {}, "rest": "1"}]}
    file = folder / "plain.yaml"
    file.write_text(yaml.dump(plain, Dumper=yaml.Dumper), encoding="utf-8")
    return file
