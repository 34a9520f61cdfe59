"""A statement says what the ledger says, to the last micro, and the same statement is the same paper."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.distribution.a_small_book import PERIOD, open_small
from tests.distribution.invented_run import AMHARIC, ARABIC, FOREIGN, STAR, invented_facts, invented_inputs, invented_run
from workbench.core.errors import DamagedBook, NotFound
from workbench.core.money import payable
from workbench.distribution import statement_pdf, statements
from workbench.distribution.results import read_dicts, table
from workbench.distribution.statement_lines import read_statements
from workbench.distribution.verification import verify

PROGRAM = """
import sys
from pathlib import Path
from tests.distribution.invented_run import invented_facts
from workbench.distribution import statements
run = Path(sys.argv[1])
paper = statements.read_paper(run, "Tala Society", invented_facts(run))
statements.write_statements(run, Path(sys.argv[2]), paper, parties=[sys.argv[3]])
"""
SUMS = {"earned": 1, "brought_forward": 1, "corrected": 1, "payable": -1, "carried_forward": -1, "held": 0}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return invented_run(tmp_path_factory.mktemp("runs"))


@pytest.fixture(scope="module")
def paper(run: Path) -> statement_pdf.Paper:
    return statements.read_paper(run, "Tala Society", invented_facts(run))


def test_every_payee_of_the_balances_has_a_statement_with_the_same_amounts(
    run: Path, paper: statement_pdf.Paper, tmp_path: Path
) -> None:
    written = statements.write_statements(run, tmp_path, paper, formats=["csv"])
    index = list(csv.DictReader(written.index.open(encoding="utf-8", newline="")))
    balances = list(read_dicts(run / "results", table("balances")))
    assert len(index) == len(balances) > 0
    names = [name for name in table("balances").names if name.endswith("_micros")]
    assert [[int(row[name]) for name in names] for row in index] == [[row[name] for name in names] for row in balances]


def test_the_lines_of_a_statement_sum_to_what_is_paid_and_carried_forward(
    run: Path, paper: statement_pdf.Paper, tmp_path: Path
) -> None:
    written = statements.write_statements(run, tmp_path, paper, formats=["csv"])
    for row in csv.DictReader(written.index.open(encoding="utf-8", newline="")):
        lines = list(csv.DictReader((tmp_path / row["csv"]).open(encoding="utf-8", newline="")))
        assert sum(SUMS[line["kind"]] * int(line["amount_micros"]) for line in lines) == 0
        earned = sum(int(line["amount_micros"]) for line in lines if line["kind"] == "earned")
        assert earned == int(row["earned_micros"])
        assert payable(int(row["payable_micros"]), row["currency"]) == (int(row["payable_micros"]), 0)


def test_the_statements_together_hand_out_every_entitlement_once(run: Path) -> None:
    found = sorted(
        (line.pool_id, line.target_id, line.party_id, line.role, line.owner_party_id, line.chain, line.amount_micros)
        for statement in read_statements(run)
        for line in statement.lines
    )
    rows = read_dicts(run / "results", table("entitlements"))
    names = ("pool_id", "target_id", "party_id", "role", "owner_party_id", "chain", "amount_micros")
    assert found == sorted(tuple(row[name] for name in names) for row in rows)


def test_uses_on_a_line_are_the_uses_of_its_work_in_its_pool(run: Path) -> None:
    plays = {row["usage_id"]: row["plays"] for row in read_dicts(run / "inputs", table("usages"))}
    [statement] = read_statements(run, [STAR])
    for line in statement.lines[:10]:
        uses = [
            plays[row["usage_id"]]
            for row in read_dicts(run / "results", table("usage_points"))
            if (row["pool_id"], row["target_id"]) == (line.pool_id, line.target_id)
        ]
        assert line.uses == sum(uses) > 0


def test_a_statement_that_does_not_add_up_is_never_written(tmp_path: Path) -> None:
    run = invented_run(tmp_path)
    file = run / "results" / "entitlements.csv"
    lines = file.read_text(encoding="utf-8").splitlines()
    cells = lines[1].rsplit(",", 1)
    file.write_text("\n".join([lines[0], f"{cells[0]},{int(cells[1]) + 1}", *lines[2:], ""]), encoding="utf-8")
    with pytest.raises(DamagedBook, match="a statement does not add up"):
        list(read_statements(run))


def test_money_of_a_party_affiliated_elsewhere_stands_on_that_societys_statement_with_the_partys_name(run: Path) -> None:
    [statement] = read_statements(run, ["society:035"])
    assert {line.party_id for line in statement.lines} == {FOREIGN}
    assert not list(read_statements(run, [FOREIGN]))


def test_the_paper_of_the_same_statement_is_the_same_in_another_process(
    run: Path, paper: statement_pdf.Paper, tmp_path: Path
) -> None:
    statements.write_statements(run, tmp_path / "here", paper, parties=[ARABIC])
    environment = {"TZ": "Pacific/Chatham", "LC_ALL": "C", "PYTHONHASHSEED": "1", "PYTHONPATH": str(Path.cwd()), "PATH": ""}
    arguments = [sys.executable, "-c", PROGRAM, str(run), str(tmp_path / "there"), ARABIC]
    subprocess.run(arguments, check=True, env=environment, cwd="/")
    for file in ("index.csv", f"csv/{ARABIC}-KES.csv", f"pdf/{ARABIC}-KES.pdf"):
        assert (tmp_path / "here" / file).read_bytes() == (tmp_path / "there" / file).read_bytes(), file


def test_a_second_call_prints_only_what_is_missing_or_changed(run: Path, paper: statement_pdf.Paper, tmp_path: Path) -> None:
    some = [STAR, ARABIC, AMHARIC]
    first = statements.write_statements(run, tmp_path, paper, parties=some)
    index = first.index.read_bytes()
    (tmp_path / "pdf" / f"{ARABIC}-KES.pdf").unlink()
    (tmp_path / "pdf" / f"{STAR}-KES.pdf").write_bytes(b"half a pap")
    again = statements.write_statements(run, tmp_path, paper, parties=some)
    assert (first.printed, again.printed, again.skipped) == (3, 2, 1)
    assert again.index.read_bytes() == index
    assert not list(tmp_path.rglob("*.part"))


def test_an_index_lists_every_payee_with_the_files_of_earlier_calls_unless_they_no_longer_say_the_same(
    run: Path, paper: statement_pdf.Paper, tmp_path: Path
) -> None:
    statements.write_statements(run, tmp_path, paper, formats=["csv"])
    written = statements.write_statements(run, tmp_path, paper, formats=["pdf"], parties=[STAR])
    index = {row["payee_id"]: row for row in csv.DictReader(written.index.open(encoding="utf-8", newline=""))}
    assert len(index) == len(list(read_dicts(run / "results", table("balances"))))
    assert all(row["csv_sha256"] for row in index.values())
    assert {payee for payee, row in index.items() if row["pdf_sha256"]} == {STAR}
    draft = statements.read_paper(run, "Tala Society", invented_facts(run, "prepared"))
    written = statements.write_statements(run, tmp_path, draft, formats=["csv"])
    assert not [row for row in csv.DictReader(written.index.open(encoding="utf-8", newline="")) if row["pdf"]]


def test_a_stopped_call_loses_no_paper_that_was_printed(
    run: Path, paper: statement_pdf.Paper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(what: str, done: int, _total: int) -> None:
        if (what, done) == ("statements, PDF", 2):
            raise KeyboardInterrupt

    some = [STAR, ARABIC, AMHARIC]
    with pytest.raises(KeyboardInterrupt):
        statements.write_statements(run, tmp_path, paper, parties=some, progress=stop)
    assert statements.write_statements(run, tmp_path, paper, parties=some).skipped >= 2


def test_a_text_that_looks_like_a_formula_reaches_no_spreadsheet_as_one(
    run: Path, paper: statement_pdf.Paper, tmp_path: Path
) -> None:
    written = statements.write_statements(run, tmp_path, paper, formats=["csv"])
    cells = [
        cell
        for file in written.folder.rglob("*.csv")
        for row in csv.reader(file.open(encoding="utf-8", newline=""))
        for cell in row
    ]
    assert any(cell.startswith("'=Kesho") for cell in cells)
    assert not [cell for cell in cells if cell[:1] in "=+@\t\r" and cell]


def test_a_statement_of_a_run_that_is_not_sealed_says_so(run: Path) -> None:
    [statement] = read_statements(run, [STAR])
    draft = statements.read_paper(run, "Tala Society", invented_facts(run, "prepared"))
    assert "prepared, not yet final" in statement_pdf.view(statement, draft)["provisional"]
    assert statement_pdf.view(statement, statements.read_paper(run, "Tala", invented_facts(run)))["provisional"] == ""


def test_why_money_is_carried_forward_is_said_in_words(tmp_path: Path) -> None:
    rows = invented_inputs()
    rows["brought_forward"] = [
        {"payee_id": "TALA-P-009998", "currency": "KES", "amount_micros": 499_990_000},
        {"payee_id": "TALA-P-009999", "currency": "KES", "amount_micros": -3_000_000},
    ]
    run = invented_run(tmp_path, rows)
    paper = statements.read_paper(run, "Tala Society", invented_facts(run))
    said = {s.payee_id: " ".join(statement_pdf.view(s, paper)["summary"]) for s in read_statements(run)}
    assert "499.99 KES stays in your account, because it is below the smallest payment of 500.00 KES" in said["TALA-P-009998"]
    assert "Your account stands at −3.00 KES" in said["TALA-P-009999"]
    assert "smaller than the smallest unit" in said[STAR]


def test_the_paper_names_run_digest_journal_head_and_the_day_to_ask_by(run: Path, paper: statement_pdf.Paper) -> None:
    [statement] = read_statements(run, [STAR])
    shown = statement_pdf.view(statement, paper)
    manifest = json.loads((run / "manifest.json").read_text(encoding="utf-8"))
    assert shown["digest"] == manifest["digest"]
    assert shown["journal"] == f"4711 {'ab' * 32}"
    assert "by 19 July 2026" in shown["questions"]


def test_a_long_statement_repeats_its_header_and_numbers_its_pages(tmp_path: Path) -> None:
    run = invented_run(tmp_path, invented_inputs(members=3, star_works=60, lines=150))
    [statement] = read_statements(run, [STAR])
    assert len(statement.lines) > 200
    paper = statements.read_paper(run, "Tala Society", invented_facts(run))
    file = tmp_path / "long.pdf"
    file.write_bytes(statement_pdf.Printer().print(statement_pdf.view(statement, paper)))
    pages = _pages(file)
    assert len(pages) >= 4
    for number, page in enumerate(pages, start=1):
        assert f"Page {number} of {len(pages)}" in page
    assert all("Used by" in page for page in pages[1:-1])


def test_a_very_long_statement_sums_up_what_its_paper_does_not_name(
    run: Path, paper: statement_pdf.Paper, monkeypatch: pytest.MonkeyPatch
) -> None:
    [statement] = read_statements(run, [STAR])
    monkeypatch.setattr(statement_pdf, "MOST_LINES", 20)
    shown = statement_pdf.view(statement, paper)
    named = [row["amount"] for work in shown["works"] for row in work["rows"]]
    assert 0 < len(named) <= 20
    assert shown["more"]["text"].startswith(
        f"{len(statement.lines) - len(named)} further lines; each stands in the file {STAR}-KES.csv"
    )
    assert _micros(shown["more"]["amount"]) + sum(_micros(pair) for pair in named) == statement.earned_micros
    assert statement_pdf.Printer().print(shown).startswith(b"%PDF")


def test_a_script_without_a_font_is_a_finding_and_not_a_silent_row_of_boxes(run: Path) -> None:
    printer = statement_pdf.Printer()
    printer.families = {"Libertinus Serif"}
    found = printer.missing_fonts(read_statements(run, [ARABIC]), "Tala")
    assert {finding.code for finding in found} == {"font_missing"}
    assert any("Arabic" in finding.message for finding in found)
    assert printer.missing_fonts([], "Société Ŋ Лунёва") == []


def test_every_locale_has_the_words_and_places_of_the_english_one() -> None:
    english = statement_pdf.locale("en")
    for language in statement_pdf.languages():
        words = statement_pdf.locale(language)
        assert _places(words) == _places(english), language
    assert statement_pdf.locale("xx")["language"] == "en"
    assert statement_pdf.locale("../../secret")["language"] == "en"


def test_an_unknown_format_or_payee_is_refused_with_the_nearest_name(
    run: Path, paper: statement_pdf.Paper, tmp_path: Path
) -> None:
    with pytest.raises(NotFound, match="Did you mean TALA-P-000001"):
        statements.write_statements(run, tmp_path, paper, parties=["TALA-P-00001"])
    with pytest.raises(NotFound, match="no such statement format"):
        statements.write_statements(run, tmp_path, paper, formats=["docx"])


def _micros(pair: tuple[str, str]) -> int:
    return int("".join(pair).replace(",", "").replace(".", ""))


def _pages(file: Path) -> list[str]:
    done = subprocess.run(["pdftotext", "-layout", str(file), "-"], capture_output=True, check=True, text=True)
    return done.stdout.split("\f")[:-1]


def _places(words: object) -> object:
    if isinstance(words, dict):
        return {key: _places(value) for key, value in words.items() if key not in {"language", "direction"}}
    if isinstance(words, list):
        return len(words)
    return sorted(part.split("}")[0] for part in str(words).split("{")[1:])


def test_the_desk_writes_statements_and_a_kit_of_a_run_by_its_id_or_itself(tmp_path: Path) -> None:
    with open_small(tmp_path / "society") as wb:
        run = wb.distribution.prepare(PERIOD)
        written = wb.statements.write(run, to=tmp_path / "out")
        assert written.statements == written.printed == len(written.frame()) > 0
        assert "prepared, not yet final" in " ".join(_pages(next((tmp_path / "out" / "pdf").glob("*.pdf"))))
        run.approve(by="b.kamau").seal(by="b.kamau", note="Board decision 2025/14")
        written = wb.statements.write(run.id, to=tmp_path / "out")
        assert written.skipped == 0
        assert "not yet final" not in " ".join(_pages(next((tmp_path / "out" / "pdf").glob("*.pdf"))))
        answer = verify(wb.statements.audit_kit(run.id, to=tmp_path), digest=run.digest)
        assert answer.identical, str(answer)
        with pytest.raises(NotFound, match=f"Did you mean {run.id}"):
            wb.statements.write("TALA-D-00001", to=tmp_path / "out")
