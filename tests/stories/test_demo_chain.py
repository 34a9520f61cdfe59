"""The whole chain on a small demonstration society: files in, statements out, and the same result on either database."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from workbench.api import Workbench
from workbench.demo import Demo, build
from workbench.demo.judging import Judgement, judge
from workbench.distribution.run import Run
from workbench.distribution.verification import verify

SCALE = 0.05
PERIOD = "2025-Q3"
PRECISE_PPM = 990_000


@dataclass
class Chain:
    demo: Demo
    wb: Workbench
    judgement: Judgement
    run: Run
    kit: Path


def go_through(folder: Path, database: str = "") -> Chain:
    demo = build(folder, seed=5, scale=SCALE, database=database)
    wb = Workbench.open(folder, user="a.mwangi")
    for report in demo.reports:
        batch = wb.usage.load(
            folder / report.file,
            layout=report.layout,
            licence_id=report.licence_id,
            period=report.period,
            why="the quarter's report",
        )
        assert not batch.refused, batch.findings
    wb.matching.run(why="the quarter's matching")
    judgement = judge(wb)
    run = wb.distribution.prepare(PERIOD)
    run.approve(by="b.kamau")
    run.seal(by="b.kamau", note="Board decision 2025/14")
    return Chain(demo, wb, judgement, run, Path(wb.statements.audit_kit(run.id, to=folder / "outbox" / "kit.zip")))


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    made = go_through(tmp_path_factory.mktemp("chain") / "tala")
    yield made
    made.wb.close()


def test_every_line_of_every_report_ends_in_the_book(chain: Chain) -> None:
    batches = chain.wb.usage.batches().set_index("file_name")
    for report in chain.demo.reports:
        batch = chain.wb.usage.batch(batches.loc[Path(report.file).name, "id"])
        blank = [finding.got for finding in batch.findings if finding.code == "blank_lines"]
        left_blank = int(blank[0].partition(":")[0]) if blank else 0
        assert batch.lines + left_blank == report.lines
        assert batch.accepted + batch.accepted_with_findings + batch.quarantined == batch.lines
        assert batch.accepted * 10 > batch.lines * 8


def test_broken_lines_are_refused_and_whole_ones_are_not(chain: Chain) -> None:
    counts = chain.judgement.counts
    refused = {(truly, end): sum(n for (_, t, e), n in counts.items() if (t, e) == (truly, end)) for _, truly, end in counts}
    assert {end for truly, end in refused if truly == "broken"} == {"refused"}
    assert {truly for truly, end in refused if end == "refused"} == {"broken"}


def test_automatic_matches_are_right_and_most_registered_songs_are_found(
    chain: Chain, capsys: pytest.CaptureFixture[str]
) -> None:
    with capsys.disabled():
        sys.stdout.write(f"\n{chain.judgement}\n")
    assert chain.judgement.precision_ppm() >= PRECISE_PPM, chain.judgement.wrong[:5]
    assert chain.judgement.recall_ppm() >= 850_000
    assert chain.judgement.total("right") > 5_000


def test_money_is_conserved_at_every_step_and_most_of_it_reaches_somebody(chain: Chain) -> None:
    summary = chain.run.summary()
    assert bool(summary.conserved.all())
    received = chain.wb.licences.money_in(PERIOD).net_micros.sum()
    assert int(chain.run.table("receipts").amount_micros.sum()) == received
    earned = int(chain.run.table("balances").earned_micros.sum())
    assert earned * 2 > received


def test_money_of_works_documented_wrongly_waits(chain: Chain) -> None:
    finished = {row.id: sum(share.performing_ppm for share in row.shares) for row in chain.wb.works.get_many()}
    wrong = {work_id for work_id, total in finished.items() if total != 1_000_000}
    entitled = chain.run.table("entitlements")
    over = {work_id for work_id in wrong if finished[work_id] > 1_000_000}
    assert wrong
    assert not over & set(entitled[(entitled["right"] == "performing") & (entitled.target_kind == "work")].target_id)


def test_statements_are_written_for_everybody_who_earned(chain: Chain, tmp_path: Path) -> None:
    written = chain.wb.statements.write(chain.run.id, to=tmp_path, formats=("csv",))
    balances = chain.run.table("balances")
    assert written.statements >= len(balances[balances.earned_micros > 0]) > 50


def test_the_audit_kit_verifies_elsewhere(chain: Chain) -> None:
    answer = verify(chain.kit)
    assert answer.identical, str(answer)
    assert answer.digest == chain.run.digest


def test_the_same_seed_gives_the_same_run_on_postgresql(chain: Chain, tmp_path: Path, postgres_url: str) -> None:
    other = go_through(tmp_path / "tala", database=postgres_url)
    with other.wb:
        assert other.wb.book.dialect == "postgresql"
        assert other.judgement.counts == chain.judgement.counts
        assert other.run.digest == chain.run.digest
        assert verify(other.kit).digest == chain.run.digest
