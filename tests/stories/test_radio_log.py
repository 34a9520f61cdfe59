"""The real radio log through the whole chain: every line, every play and every micro accounted for."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from workbench.api import Workbench
from workbench.demo import radio_log
from workbench.distribution.verification import verify

SONGS = 2_229
ENOUGH = 2_220


@pytest.fixture(scope="module")
def log(shared_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> radio_log.RadioLog:
    return radio_log.build(shared_folder / "data" / "classic-rock", tmp_path_factory.mktemp("radio") / "airwave")


@pytest.fixture
def desk(log: radio_log.RadioLog) -> Iterator[Workbench]:
    with Workbench.open(log.folder, user="c.auma") as wb:
        yield wb


def test_the_song_list_becomes_one_recording_per_song(log: radio_log.RadioLog) -> None:
    assert log.recordings == len(log.listed) == SONGS


def test_each_of_the_25_stations_reports_and_pays_under_its_own_licence(log: radio_log.RadioLog, desk: Workbench) -> None:
    batches = desk.usage.batches()
    assert len(log.licences) == len(batches) == 25
    assert set(batches.licence_id) == set(log.licences.values())
    assert len(desk.licences.money_in(radio_log.PERIOD)) == 25


def test_every_line_of_the_log_is_accounted_for(
    log: radio_log.RadioLog, desk: Workbench, capsys: pytest.CaptureFixture[str]
) -> None:
    with capsys.disabled():
        sys.stdout.write(f"\n{log}\n")
    assert log.lines_in_log == 37_673 == sum(log.lines.values()) == int(desk.usage.batches().lines.sum())


def test_the_26_lines_without_a_song_are_set_aside_each_with_its_reason(log: radio_log.RadioLog, desk: Workbench) -> None:
    assert log.lines["refused"] == 26
    reasons = [reason for batch in desk.usage.batches().id for reason in desk.usage.frame(batch, "quarantined").reason]
    assert len(reasons) == 26
    assert all(reasons)
    assert sum(finding.code == "missing_value" and finding.field == "title" for finding in log.findings) == 26


def test_songs_have_the_plays_that_the_list_gives_them(log: radio_log.RadioLog) -> None:
    assert SONGS - len(log.differing) >= ENOUGH, str(log)


def test_no_song_has_plays_of_more_than_its_own_and_a_neighbours_few(log: radio_log.RadioLog) -> None:
    too_many = {
        log.names[one]: log.played[one] - log.listed[one] for one in log.differing if log.played.get(one, 0) > log.listed[one]
    }
    assert sum(too_many.values()) <= 10, too_many


def test_money_in_is_money_out_and_money_held_to_the_micro(log: radio_log.RadioLog, desk: Workbench) -> None:
    run = desk.distribution.get(log.run_id)
    assert log.in_micros == 37_673 * radio_log.PER_PLAY_MICROS
    assert log.in_micros == log.out_micros + log.held_micros
    assert log.out_micros > 0
    assert bool(run.summary().conserved.all())
    balances = run.table("balances")
    assert int(balances.payable_micros.sum() + balances.carried_forward_micros.sum()) == log.out_micros


def test_authors_money_waits_because_no_work_is_documented_and_performers_are_paid(
    log: radio_log.RadioLog, desk: Workbench
) -> None:
    run = desk.distribution.get(log.run_id)
    assert set(run.table("entitlements")["right"]) == {"neighbouring"}
    holds = run.table("holds")
    assert {"performing", "mechanical"} <= set(holds[holds.reason == "work_undocumented"]["right"])
    assert "producer_unknown" in set(holds.reason)


def test_the_statements_say_what_the_run_owes(log: radio_log.RadioLog, desk: Workbench) -> None:
    balances = desk.distribution.get(log.run_id).table("balances")
    assert log.statements is not None
    index = (log.statements / "index.csv").read_text(encoding="utf-8").splitlines()
    assert len(index) - 1 >= len(balances[balances.earned_micros > 0])


def test_the_audit_kit_verifies(log: radio_log.RadioLog) -> None:
    assert log.kit is not None
    answer = verify(log.kit)
    assert answer.identical, str(answer)
    assert answer.digest == log.digest


def test_the_book_is_sound_after_it_all(log: radio_log.RadioLog, desk: Workbench) -> None:
    assert desk.check() == []
