"""A run is prepared by one person, approved and sealed by another, bound to its digest, and final."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import select, text

from tests.distribution.a_small_book import PERIOD, UNIT, bill, line, match, open_small, report, save
from workbench.api import Workbench
from workbench.core import journal
from workbench.core.canonical import file_digest
from workbench.core.errors import Conflict, DamagedBook, NotFound, NotPermitted, WorkbenchError
from workbench.distribution import ledger, results
from workbench.distribution.runs import digest_of
from workbench.registry.mandates import MANDATE


@pytest.fixture(scope="module")
def society(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small society, made once and closed; each test works on a copy."""
    folder = tmp_path_factory.mktemp("made") / "society"
    open_small(folder).close()
    return folder


@pytest.fixture
def wb(tmp_path: Path, society: Path) -> Iterator[Workbench]:
    """A small society on SQLite."""
    shutil.copytree(society, tmp_path / "society")
    with Workbench.open(tmp_path / "society", user="a.mwangi") as opened:
        yield opened


def sealed(wb: Workbench, period: str = PERIOD):
    return wb.distribution.prepare(period).approve(by="b.kamau").seal(by="b.kamau", note="Board decision 2025/14")


def change_a_line(path: Path, old: str, new: str) -> None:
    content = path.read_text()
    assert old in content
    path.write_text(content.replace(old, new, 1))


def earned(run) -> dict[str, int]:
    return {row["payee_id"]: row["earned_micros"] for row in run.table("balances").to_dict("records")}


def test_a_quarter_goes_from_receipts_to_balances_on_both_databases(tmp_path, book_url):
    wb = open_small(tmp_path / "society", book_url)
    run = sealed(wb)
    assert run.summary()["conserved"].all()
    assert earned(run)["TALA-P-000001"] == 484_028_636
    assert {row.account.split(":")[0] for row in wb.distribution.balances().itertuples()} == {
        "receipts", "pool", "deduction", "hold", "payable", "carried_forward",
    }  # fmt: skip
    assert wb.distribution.check() == []
    again = Workbench.open(tmp_path / "society").distribution.get(run.id)
    assert (again.state, again.digest) == ("sealed", run.digest)
    wb.close()


def test_the_same_facts_give_the_same_digest_in_another_book(wb, tmp_path):
    other = open_small(tmp_path / "other")
    assert wb.distribution.prepare(PERIOD).digest == other.distribution.prepare(PERIOD).digest
    other.close()


def test_shuffled_input_rows_leave_the_digest_as_it_is(wb):
    run = wb.distribution.prepare(PERIOD)
    file = run.folder / "inputs" / "usages.csv"
    header, *rows = file.read_text().splitlines(keepends=True)
    file.write_text("".join([header, *rows[::-1]]))
    assert digest_of(run.folder).whole == run.digest
    assert run.approve(by="b.kamau").state == "approved"


def test_tax_stays_out_of_the_pools_in_proportion_to_the_invoice(wb):
    [radio] = wb.distribution.prepare(PERIOD).table("receipts").query("licence_id == 'TALA-C-000001'").to_dict("records")
    assert (radio["paid"], radio["tax"], radio["amount"]) == (Decimal(696), Decimal(96), Decimal(600))


def test_refused_lines_take_no_part_and_every_accepted_line_has_its_points(wb):
    run = wb.distribution.prepare(PERIOD)
    assert set(run.table("usages")["usage_id"]) == {f"TALA-B-000001:{n}" for n in range(2, 10)} | {
        "TALA-B-000002:2",
        "TALA-B-000002:3",
    }
    counted = set(run.table("usage_points")["usage_id"])
    assert set(run.table("usages")["usage_id"]) - counted == {"TALA-B-000001:9"}, (
        "only what is ruled to be no repertoire counts nothing"
    )


def test_every_reason_to_hold_money_is_told(wb):
    reasons = set(wb.distribution.prepare(PERIOD).table("holds")["reason"])
    assert reasons == {
        "unmatched", "doubtful", "work_undocumented", "recording_unknown", "shares_incomplete", "producer_unknown",
        "performer_unknown", "no_mandate",
    }  # fmt: skip


# -- four eyes ------------------------------------------------------------------------------------------------------------------


def test_a_run_is_approved_and_sealed_by_somebody_else(wb):
    run = wb.distribution.prepare(PERIOD, by="a.mwangi")
    for name in ("a.mwangi", " A.Mwangi "):
        with pytest.raises(NotPermitted, match="may not approve it"):
            run.approve(by=name)
    run.approve(by="b.kamau")
    with pytest.raises(NotPermitted, match="may not seal it"):
        run.seal(by="a.mwangi", note="Board")
    assert wb.distribution.get(run.id).state == "approved"
    assert run.seal(by="c.otieno", note="Board").state == "sealed"


@pytest.mark.parametrize("by", ["", "  "])
def test_nobody_is_not_a_second_person(wb, by):
    run = wb.distribution.prepare(PERIOD)
    with pytest.raises(WorkbenchError, match="who will approve"):
        run.approve(by=by)


def test_a_run_is_sealed_only_after_approval_and_with_a_decision(wb):
    run = wb.distribution.prepare(PERIOD)
    with pytest.raises(Conflict, match="got prepared, expected approved"):
        run.seal(by="b.kamau", note="Board")
    run.approve(by="b.kamau")
    with pytest.raises(WorkbenchError, match="sealed on a decision"):
        run.seal(by="b.kamau", note=" ")
    with pytest.raises(Conflict, match="got approved, expected prepared"):
        run.approve(by="c.otieno")


def test_a_sealed_run_is_final(wb):
    run = sealed(wb)
    for step in (lambda: run.approve(by="b.kamau"), lambda: run.seal(by="b.kamau", note="again")):
        with pytest.raises(Conflict, match="further run"):
            step()


@pytest.mark.parametrize(
    ("file", "old", "new", "named"),
    [
        ("results/balances.csv", "484028636", "984028636", "results/balances"),
        ("results/postings.csv", "payable:TALA-P-000001", "payable:TALA-P-000002", "results/postings"),
        ("inputs/usages.csv", ",180,1,feature", ",181,1,feature", "inputs/usages"),
        ("inputs/work_shares.csv", "333334", "333333", "inputs/work_shares"),
        ("rulebook.yaml", "percent: 15", "percent: 16", "rulebook"),
        ("parameters.json", '"707"', '"708"', "parameters"),
    ],
)
def test_any_change_of_a_run_voids_its_approval_and_is_named(wb, file, old, new, named):
    run = wb.distribution.prepare(PERIOD)
    run.approve(by="b.kamau")
    change_a_line(run.folder / file, old, new)
    with pytest.raises(WorkbenchError, match=f"no approval holds: got {named}"):
        run.seal(by="b.kamau", note="Board")
    assert wb.distribution.get(run.id).state == "approved"
    assert wb.distribution.balances().empty


def test_a_manifest_that_hides_the_change_is_caught_by_the_book(wb):
    run = wb.distribution.prepare(PERIOD)
    change_a_line(run.folder / "results/balances.csv", "484028636", "984028636")
    manifest = run.manifest
    now = digest_of(run.folder)
    (run.folder / "manifest.json").write_text(json.dumps({**manifest, "results": now.results, "digest": now.whole}))
    with pytest.raises(WorkbenchError, match=r"got manifest.json"):
        run.approve(by="b.kamau")


def test_a_missing_result_file_is_named(wb):
    run = wb.distribution.prepare(PERIOD)
    (run.folder / "results" / "holds.csv").unlink()
    with pytest.raises(WorkbenchError, match=r"no results/holds.csv"):
        run.approve(by="b.kamau")


def test_each_step_is_in_the_journal_with_its_digest(wb):
    run = sealed(wb)
    with wb.book.read() as connection:
        entries = list(journal.entries(connection, kind="run", entity_id=run.id))
        assert journal.verify(connection) == []
    assert [(entry.op, entry.who, entry.after["state"], entry.after["digest"]) for entry in entries] == [
        ("prepare", "a.mwangi", "prepared", run.digest), ("approve", "b.kamau", "approved", run.digest),
        ("seal", "b.kamau", "sealed", run.digest),
    ]  # fmt: skip
    assert entries[1].after["approved_digest"] == run.digest


def test_of_two_approvers_at_one_moment_one_wins(wb):
    run = wb.distribution.prepare(PERIOD)
    outcomes = []

    def approve(name: str) -> None:
        try:
            outcomes.append(wb.distribution.get(run.id).approve(by=name).facts["approved_by"])
        except Conflict:
            outcomes.append("conflict")

    people = [threading.Thread(target=approve, args=(name,)) for name in ("b.kamau", "c.otieno")]
    for person in people:
        person.start()
    for person in people:
        person.join()
    assert outcomes.count("conflict") == 1
    assert wb.distribution.get(run.id).facts["approved_by"] in outcomes


# -- the ledger -----------------------------------------------------------------------------------------------------------------


def test_receipts_are_distributed_once(wb):
    first, second = wb.distribution.prepare(PERIOD), wb.distribution.prepare(PERIOD)
    for run in (first, second):
        run.approve(by="b.kamau")
    first.seal(by="b.kamau", note="Board")
    with pytest.raises(Conflict, match="this money is distributed already"):
        second.seal(by="b.kamau", note="Board")
    with pytest.raises(WorkbenchError, match="no money to distribute"):
        wb.distribution.prepare(PERIOD)
    assert wb.distribution.pools().empty


def test_a_late_receipt_is_distributed_by_a_further_run_alone(wb):
    sealed(wb)
    late = bill(wb, "TALA-C-000002", 100 * UNIT)
    run = wb.distribution.prepare(PERIOD)
    assert list(run.table("receipts")["receipt_id"]) == [late]
    assert run.table("pools")["received_micros"].sum() == 100 * UNIT


def test_an_invoice_that_reaches_beyond_the_period_is_left_out_and_reported(wb):
    bill(wb, "TALA-C-000002", 100 * UNIT, period="2025")
    run = wb.distribution.prepare(PERIOD)
    assert len(run.table("receipts")) == 2
    assert run.findings["code"][0] == "receipt_beyond_period"


def test_what_is_too_little_to_pay_is_carried_forward_into_the_next_run(wb):
    before = {row["payee_id"]: row for row in sealed(wb).table("balances").to_dict("records")}
    assert (before["TALA-P-000001"]["payable_micros"], before["TALA-P-000001"]["carried_forward_micros"]) == (0, 484_028_636)
    bill(wb, "TALA-C-000002", 100 * UNIT, period="2025-Q4")
    report(wb, "TALA-C-000002", [line("malaika-live", "2025-10-20", 240, "")], period="2025-Q4")
    after = {row["payee_id"]: row for row in sealed(wb, "2025-Q4").table("balances").to_dict("records")}
    composer = after["TALA-P-000001"]
    assert composer["brought_forward_micros"] == 484_028_636
    assert composer["brought_forward_micros"] + composer["earned_micros"] == 509_528_611
    assert (composer["payable_micros"], composer["carried_forward_micros"]) == (509_520_000, 8_611)
    drummer = after["TALA-P-000009"]
    assert drummer["brought_forward_micros"] == drummer["carried_forward_micros"] == 4_708_807
    accounts = {row.account: row.amount for row in wb.distribution.balances().itertuples()}
    assert accounts["payable:TALA-P-000001"] == Decimal("509.52")
    assert accounts["carried_forward:TALA-P-000001"] == Decimal("0.008611")


def test_a_run_prepared_on_old_balances_cannot_be_sealed(wb):
    bill(wb, "TALA-C-000002", 100 * UNIT, period="2025-Q4")
    early = wb.distribution.prepare("2025-Q4").approve(by="b.kamau")
    sealed(wb)
    with pytest.raises(Conflict, match="brought forward differ"):
        early.seal(by="b.kamau", note="Board")


def test_a_correction_reverses_and_replaces_and_the_difference_reaches_the_balance(wb):
    wrong = sealed(wb)
    match(wb, "nothing", "work", "TALA-W-000001")  # matched at last
    stray = "TALA-P-000006"
    rights = [{"right": right, "territory": "2136"} for right in ("performing", "mechanical")]
    save(wb, MANDATE, [{"party_id": stray, "starts_on": "2020-01-01", "rights": rights}])
    right = wb.distribution.correct(wrong.id)
    assert right.facts["corrects"] == wrong.id
    right.approve(by="b.kamau").seal(by="b.kamau", note="Board decision 2025/20")
    accounts = {row.account: row.amount for row in wb.distribution.balances().itertuples()}
    assert accounts["receipts:TALA-C-000001"] == Decimal(-600), "the receipts are still distributed once"
    assert accounts["deduction:administration"] == Decimal(540)
    assert accounts["hold:no_mandate"] == 0
    balances = {row["payee_id"]: row for row in right.table("balances").to_dict("records")}
    composer = balances["TALA-P-000001"]
    assert composer["corrected_micros"] == -earned(wrong)["TALA-P-000001"]
    assert composer["earned_micros"] > earned(wrong)["TALA-P-000001"]
    total = composer["brought_forward_micros"] + composer["earned_micros"] + composer["corrected_micros"]
    assert total == composer["earned_micros"] == composer["payable_micros"] + composer["carried_forward_micros"]
    assert balances[stray]["earned_micros"] > 0
    assert wb.distribution.check() == []
    with pytest.raises(Conflict, match="corrected already"):
        wb.distribution.correct(wrong.id)
    assert wb.distribution.correct(right.id).facts["corrects"] == right.id


def test_only_a_sealed_run_is_corrected(wb):
    with pytest.raises(Conflict, match="only a sealed run"):
        wb.distribution.correct(wb.distribution.prepare(PERIOD).id)


def test_postings_sum_to_zero_per_entry_and_currency(wb):
    run = sealed(wb)
    sums = run.table("postings").groupby(["entry", "currency"])["amount_micros"].sum()
    assert (sums == 0).all()
    assert len(sums) == 16
    with wb.book.read() as connection:
        posted = ledger.postings_of(connection, run.id)
    assert posted == list(results.read_dicts(run.folder / "results", results.table("postings")))


def test_unbalanced_postings_never_enter_the_book(wb):
    lines = [{"entry": "x", "account": "a", "payee_id": "", "currency": "KES", "amount_micros": 1}]
    with pytest.raises(DamagedBook, match="do not sum to zero"), wb.book.write("a.mwangi", "a mistake") as change:
        ledger.post(change, "TALA-D-000009", lines)
    assert wb.distribution.balances().empty


def test_a_posting_changed_past_the_workbench_is_found(wb):
    run = sealed(wb)
    with wb.book.engine.begin() as connection:
        connection.execute(text("UPDATE posting SET amount_micros = amount_micros + 1 WHERE line = 1"))
    assert [finding.code for finding in wb.distribution.check()] == ["ledger"]
    with wb.book.read() as connection:
        assert connection.execute(select(ledger.posting.c.run_id).limit(1)).scalar() == run.id


def test_a_sealed_runs_file_changed_later_is_found(wb):
    run = sealed(wb)
    change_a_line(run.folder / "results/entitlements.csv", "TALA-P-000001", "TALA-P-000002")
    assert [(finding.code, finding.got) for finding in wb.distribution.check()] == [("run_altered", "results/entitlements")]


def test_hledger_is_told_every_posting_exactly(wb):
    run = wb.distribution.prepare(PERIOD)
    told = run.hledger()
    assert "2025-09-30 TALA-D-000001 pool:TALA-C-000002/performing/KES\n    deduction:administration  KES 450.000000\n" in told
    amounts = [Decimal(row.split("  KES ")[1]) for row in told.splitlines() if "  KES " in row]
    assert sum(amounts) == 0
    assert len(amounts) == len(run.table("postings"))


# -- explanations ---------------------------------------------------------------------------------------------------------------


def test_every_cent_of_every_party_reaches_its_usage_line_and_receipt(wb):
    run = wb.distribution.prepare(PERIOD)
    for payee, micros in earned(run).items():
        lines = run.explain(party=payee)
        assert lines["amount_micros"].sum() == micros
        assert set(lines["usage_id"]) <= set(run.table("usages")["usage_id"])
        assert set(lines["receipts"]) <= {"TALA-T-000001", "TALA-T-000002"}
    assert list(run.explain(party="TALA-P-000004")["chain"].unique()) == ["TALA-A-000001"]


def test_a_line_is_traced_to_all_who_share_it_or_to_the_reason_it_is_held(wb):
    run = wb.distribution.prepare(PERIOD)
    points = run.table("usage_points")
    assert {"", *points["reason"]} - {""}, "the small book holds something"
    for usage_id, rows in points.groupby("usage_id"):
        traced = run.trace(usage_id)
        assert set(traced["pool_id"]) == set(rows["pool_id"])
        assert set(traced.loc[traced["reason"] != "", "pool_id"]) >= set(rows.loc[rows["reason"] != "", "pool_id"])
        assert all((traced["reason"] != "") | (traced["payee_id"] != "")), "every row says who, or why not"
        for _, shares in traced[traced["payee_id"] != ""].groupby(["pool_id", "target_id"]):
            assert shares["share_percent"].sum() <= 100
    with pytest.raises(NotFound, match="Did you mean"):
        run.trace(f"{points['usage_id'].iloc[0]}0")


def test_a_party_is_explained_by_its_ipi_as_by_its_identifier(wb):
    wb.parties.change("TALA-P-000004", why="the IPI came", ipi_base_number="I-000000229-7")
    run = wb.distribution.prepare(PERIOD)
    assert run.explain(party="I-000000229-7").equals(run.explain(party="TALA-P-000004"))


def test_nobody_unknown_is_explained(wb):
    run = wb.distribution.prepare(PERIOD)
    with pytest.raises(NotFound, match="Did you mean TALA-P-00000"):
        run.explain(party="TALA-P-00000x")


# -- the desk -------------------------------------------------------------------------------------------------------------------


def test_money_that_waits_is_listed_until_it_is_distributed(wb):
    waiting = wb.distribution.pools(PERIOD)
    assert list(waiting["received"]) == [Decimal(696), Decimal(3000)]
    assert list(waiting["tax"]) == [Decimal(96), Decimal(0)]
    assert list(waiting["net"]) == [Decimal(600), Decimal(3000)]
    assert wb.distribution.pools("2024").empty
    with pytest.raises(WorkbenchError, match="no money to distribute"):
        wb.distribution.prepare("2024")
    assert list(wb.config.runs.iterdir()) == [], "a run that failed leaves nothing behind"


def test_a_workspaces_own_rule_book_goes_before_the_packaged_one(wb):
    packaged = Path(results.__file__).parent / "data/rulebooks/default.yaml"
    own = wb.config.rules / "default.yaml"
    own.write_text(packaged.read_text().replace("{featured: 1, conductor: 1}", "{featured: 2, conductor: 1}"))
    assert wb.distribution.prepare(PERIOD).manifest["rulebook"]["digest"] != wb.distribution.prepare(
        PERIOD, rulebook=str(packaged)
    ).manifest["rulebook"]["digest"]  # fmt: skip
    with pytest.raises(NotFound, match="Did you mean default"):
        wb.distribution.prepare(PERIOD, rulebook="defualt")


def test_a_rule_that_contradicts_its_example_is_not_run(wb):
    packaged = Path(results.__file__).parent / "data/rulebooks/default.yaml"
    own = wb.config.rules / "default.yaml"
    own.write_text(packaged.read_text().replace("percent: 7.5", "percent: 7"))
    with pytest.raises(WorkbenchError, match=r"contradicts its worked example.*deductions-authors"):
        wb.distribution.prepare(PERIOD)


def test_what_changed_in_the_book_since_is_told_and_changes_nothing(wb):
    run = wb.distribution.prepare(PERIOD)
    assert run.drift().empty
    match(wb, "nothing", "work", "TALA-W-000003")
    bill(wb, "TALA-C-000002", 5 * UNIT)
    assert [tuple(row) for row in run.drift().itertuples(index=False)] == [("receipts", 0, 1), ("matches", 0, 1)]
    assert run.approve(by="b.kamau").seal(by="b.kamau", note="as frozen").state == "sealed"
    with pytest.raises(Conflict, match="final"):
        run.drift()


def test_inputs_are_frozen_in_the_order_that_is_digested(wb):
    folder = wb.distribution.prepare(PERIOD).folder / "inputs"
    for declared in results.INPUTS:
        assert results.table_digest(folder, declared) == file_digest(folder / declared.file), declared.name


def test_runs_are_listed_newest_first(wb):
    assert wb.distribution.runs().empty
    first, second = wb.distribution.prepare(PERIOD), wb.distribution.prepare(PERIOD)
    assert list(wb.distribution.runs()["id"]) == [second.id, first.id]
    with pytest.raises(NotFound, match=r"Did you mean TALA-D"):
        wb.distribution.get("TALA-D-00001")


def test_progress_is_reported_step_by_step(wb):
    seen = []
    wb.distribution.prepare(PERIOD, progress=lambda what, done, total: seen.append((what, done, total)))
    assert seen[0][0] == "freeze the inputs"
    assert seen[-1] == ("computed", 8, 8)
