"""Usage intake: nothing is half imported, nothing twice, and every line of a report is in the book with what became of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import func, select, update

from tests.formats.malformed import csv, faults, streaming_report, xlsx
from tests.matching.place import first_licence
from workbench.core import documents, journal
from workbench.core.errors import Conflict, NotFound, WorkbenchError
from workbench.core.office import Office
from workbench.matching.text import plain, repair, same_text, usage_key
from workbench.matching.usage import UsageBatch, UsageDesk, usage, usage_batch, usage_finding, usage_place
from workbench.registry.performances import PERFORMANCE

GOOD = streaming_report(("title", "artist", "isrc", "duration", "streams", "revenue"))
FAULTS = faults(GOOD)


@dataclass
class Place:
    desk: UsageDesk
    office: Office
    licence_id: str
    folder: Path

    def load(self, data: bytes, name: str = "report.csv", **options: str) -> UsageBatch:
        file = self.folder / name
        file.write_bytes(data)
        said = {"layout": "streaming-report-v1", "licence_id": self.licence_id, "period": "2025-Q3", "why": "report", **options}
        return self.desk.load(file, **said)

    def count(self) -> tuple[int, ...]:
        """Rows in each table this desk writes, and in the journal."""
        with self.office.book.read() as connection:
            tables = (usage_batch, usage, usage_finding, journal.journal)
            return tuple(connection.execute(select(func.count()).select_from(table)).scalar_one() for table in tables)


def _place(office: Office, folder: Path) -> Place:
    return Place(UsageDesk(office), office, first_licence(office), folder)


@pytest.fixture
def place(office: Office, tmp_path: Path) -> Place:
    return _place(office, tmp_path)


@pytest.fixture
def anywhere(office_anywhere: Office, tmp_path: Path) -> Place:
    """On each database."""
    return _place(office_anywhere, tmp_path)


def test_a_batch_holds_every_line_with_its_key_state_and_raw_cells(anywhere: Place) -> None:
    lines = [*GOOD.lines, ("Néon \u4e2d", "Töne", "", "x", "1", "1"), ("", "nobody", "", "", "1", "1")]
    batch = anywhere.load(csv(GOOD.header, lines))
    assert batch.id == "TALA-B-000001"
    assert batch.counts == {"lines": 5, "accepted": 3, "accepted_with_findings": 1, "quarantined": 1}
    frame = batch.frame()
    assert list(frame["id"]) == [f"TALA-B-000001:{line}" for line in (2, 3, 4, 5, 6)]
    assert list(frame["state"]) == ["accepted"] * 3 + ["accepted_with_findings", "quarantined"]
    assert frame.loc[0, "key"] == usage_key(title="Malaika", artist="Amani Trio", isrc="KEA011900001", duration_seconds=200)
    assert (frame.loc[4, "key"], frame.loc[4, "reason"], frame.loc[4, "plays"]) == ("", "missing_title", 0)
    assert frame["duration_seconds"].isna().tolist() == [False, False, False, True, True]
    assert json.loads(frame.loc[3, "raw"])["title"] == "Néon \u4e2d"
    again = anywhere.desk.batch(batch.id)
    assert again == batch
    assert again.findings_frame().shape[0] == 2
    assert anywhere.desk.check(batch.id) == []


def test_loading_the_same_bytes_twice_writes_nothing_and_leads_to_the_first_batch(anywhere: Place) -> None:
    first = anywhere.load(csv(GOOD.header, GOOD.lines))
    before = anywhere.count()
    again = anywhere.load(csv(GOOD.header, GOOD.lines), "other-name.csv")
    assert (again.id, again.loaded_before, first.loaded_before) == (first.id, True, False)
    assert anywhere.count() == before


def test_other_bytes_under_the_same_name_are_refused_unless_they_replace_the_first(anywhere: Place) -> None:
    first = anywhere.load(csv(GOOD.header, GOOD.lines))
    before = anywhere.count()
    corrected = csv(GOOD.header, GOOD.lines[:2])
    with pytest.raises(Conflict, match=f"replace='{first.id}'"):
        anywhere.load(corrected)
    assert anywhere.count() == before
    second = anywhere.load(corrected, replace=first.id)
    assert anywhere.desk.batch(first.id).replaced_by == second.id
    assert anywhere.desk.frame(first.id).empty
    assert len(second.frame()) == 2
    kept = (anywhere.office.config.inbox / "replaced" / f"{first.id}.csv").read_text(encoding="utf-8")
    assert kept.splitlines()[1:] == [",".join(row) for row in GOOD.lines]
    with pytest.raises(WorkbenchError, match="cannot be replaced"):
        anywhere.load(csv(GOOD.header, GOOD.lines[:1]), replace=first.id)


def test_the_journal_gets_one_entry_for_a_batch_with_both_digests(place: Place) -> None:
    batch = place.load(csv(GOOD.header, GOOD.lines))
    with place.office.book.read() as connection:
        found = list(journal.entries(connection, kind="usage_batch"))
    assert [entry.entity_id for entry in found] == [batch.id]
    assert found[0].after is not None
    assert found[0].after["lines"] == 3
    assert found[0].after["file_sha256"] == batch.file_sha256
    assert found[0].after["lines_sha256"] == batch.lines_sha256


def test_a_line_changed_behind_the_workbench_is_noticed(place: Place) -> None:
    batch = place.load(csv(GOOD.header, GOOD.lines))
    with place.office.book.write("x", "past the desk") as change:
        change.connection.execute(update(usage).where(usage.c.line == 3).values(raw="{}"))
    assert [finding.code for finding in place.desk.check(batch.id)] == ["lines_differ"]


@pytest.mark.parametrize("name", FAULTS)
def test_nothing_of_a_malformed_file_is_half_imported(name: str, place: Place) -> None:
    fault = FAULTS[name]
    before = place.count()
    batch = place.load(fault.data, fault.file_name)
    found = [finding for finding in batch.findings if finding.code == fault.code]
    assert (found[0].line, found[0].field) == (fault.line, fault.field)
    assert found[0].what_to_do
    assert batch.refused == fault.refused
    if fault.refused:
        assert place.count() == before
        with pytest.raises(WorkbenchError, match="refused"):
            batch.frame()
    else:
        frame = batch.frame()
        assert len(frame) == batch.lines == 3
        assert (frame["state"] == "quarantined").sum() == fault.quarantined
        bad = frame[frame["state"] == "quarantined"]
        assert (bad["key"] == "").all()
        assert (bad["reason"] != "").all()


def test_a_failure_while_storing_leaves_the_book_as_it_was(anywhere: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    before = anywhere.count()

    def fail(*_: object) -> None:
        raise RuntimeError("power cut")

    monkeypatch.setattr(journal, "record", fail)
    with pytest.raises(RuntimeError, match="power cut"):
        anywhere.load(csv(GOOD.header, GOOD.lines))
    assert anywhere.count() == before


def test_quarantined_lines_go_back_in_the_senders_own_columns_with_nothing_to_run(place: Place) -> None:
    header = [*GOOD.header, "Remark"]
    lines = [[*row, ""] for row in GOOD.lines]
    lines[1][5], lines[1][6] = "NaN", "=cmd()"
    batch = place.load(csv(header, lines))
    assert batch.export_quarantined(place.folder / "back.csv") == 1
    assert (place.folder / "back.csv").read_text(encoding="utf-8").splitlines() == [
        ",".join(header),
        "Pole pole,Amani Trio,KEA011900002,200,20,NaN,'=cmd()",
    ]


def test_a_line_that_could_not_be_told_apart_goes_back_as_it_came(place: Place) -> None:
    batch = place.load(FAULTS["csv unbalanced quote"].data)
    batch.export_quarantined(place.folder / "back.csv")
    assert '"Malaika,Amani Trio,KEA011900002' in (place.folder / "back.csv").read_text(encoding="utf-8")


def test_lines_outside_the_period_are_kept_and_shown(place: Place) -> None:
    data = csv(["title", "date", "streams"], [["Malaika", "2025-07-01", "1"], ["Malaika", "2025-06-30", "1"]])
    batch = place.load(data)
    assert [(finding.code, finding.line, finding.field) for finding in batch.findings] == [("outside_period", 3, "used_on")]
    assert batch.counts["accepted_with_findings"] == 1


def test_a_file_needs_a_licence_a_period_and_a_layout_that_exist(place: Place) -> None:
    data = csv(GOOD.header, GOOD.lines)
    for wrong, error in (
        ({"licence_id": "TALA-C-000009"}, NotFound),
        ({"layout": "streaming-report-v9"}, NotFound),
        ({"layout": "works-v1"}, WorkbenchError),
        ({"period": "2025-Q5"}, WorkbenchError),
        ({"why": " "}, WorkbenchError),
    ):
        with pytest.raises(error):
            place.load(data, **wrong)
    assert place.count()[0] == 0


def test_a_workspace_may_have_its_own_layouts(place: Place) -> None:
    folder = place.office.config.rules / "layouts"
    folder.mkdir()
    own = (
        "name: our-radio-v1\npurpose: usage\ndelimiter: ';'\ndecimal: ','\nfields:\n  title: {headers: [Wimbo], required: true}\n"
    )
    (folder / "our-radio-v1.yaml").write_text(own, encoding="utf-8")
    batch = place.load(b"Wimbo;Saa\nMalaika;5\n", layout="our-radio-v1")
    assert batch.frame().loc[0, "title"] == "Malaika"
    assert "our-radio-v1" in set(place.desk.layouts("usage")["name"])


def test_a_set_list_captured_by_hand_is_a_batch_like_any_other(anywhere: Place) -> None:
    rows = [
        {"title": "Malaika", "duration_seconds": 200, "used_on": "2025-08-02"},
        {"title": "Sina", "writers": "A. Mwangi"},
        {"title": ""},
    ]
    said = {"licence_id": anywhere.licence_id, "period": "2025-Q3", "why": "sheet handed in"}
    batch = anywhere.desk.capture(rows, **said)
    assert batch.counts["accepted"] == 2
    assert batch.layout == "capture-v1"
    assert batch.frame()["state"].tolist() == ["accepted", "accepted", "quarantined"]
    frame = pd.DataFrame(rows).iloc[:2]
    assert anywhere.desk.capture(frame.assign(plays=[1, 2]), **said).frame()["plays"].tolist() == [1, 2]
    with pytest.raises(WorkbenchError, match="either rows or a performance"):
        anywhere.desk.capture(**said)


def test_a_registered_performance_becomes_usage_once(anywhere: Place) -> None:
    items = [{"title": "Malaika", "performer": "Amani Trio", "writers": "A. Mwangi", "duration_seconds": 245}, {"title": "Sina"}]
    held = {"kind": "concert", "name": "Amani live", "venue": "Uhuru Gardens", "held_on": "2025-08-02", "items": items}
    with anywhere.office.change("announced") as change:
        concert = documents.save(change, PERFORMANCE, held)
    said = {"performance_id": concert["id"], "licence_id": anywhere.licence_id, "period": "2025-08", "why": "set list"}
    batch = anywhere.desk.capture(**said)
    frame = batch.frame()
    assert frame["performance_id"].tolist() == [concert["id"]] * 2
    assert frame.loc[0, ["artist", "used_on", "station", "use"]].tolist() == [
        "Amani Trio",
        "2025-08-02",
        "Uhuru Gardens",
        "concert",
    ]
    assert anywhere.desk.capture(**said).loaded_before


def test_a_usage_id_names_batch_and_line() -> None:
    assert usage_place("TALA-B-000001:17") == ("TALA-B-000001", 17)
    for wrong in ("TALA-B-000001", ":5", "TALA-B-000001:x", "TALA-B-000001:١"):
        with pytest.raises(WorkbenchError):
            usage_place(wrong)


def test_equal_songs_share_a_key_and_different_ones_do_not() -> None:
    def key(title: str, **more: str) -> str:
        return usage_key(title=title, **more)

    assert key("Don’t  STOP!") == key("Dont stop")
    assert key("Malaika") != key("Malaïka")
    assert key("कि") != key("का")
    assert key("!!!") != key("???")
    assert key("a", artist="b") != key("ab")
    assert plain("Malaïka") == "malaika"
    assert repair("BeyoncÃ© &amp; Jay-Z") == "Beyoncé & Jay-Z"
    assert same_text("Train, Train") == "train train"


def test_the_real_log_is_accounted_for_to_the_last_line(shared_folder: Path, place: Place) -> None:
    file = shared_folder / "data" / "classic-rock" / "classic_rock_raw_data.csv.gz"
    said = {"layout": "radio-log-classic-v1", "licence_id": place.licence_id, "period": "2014-06-16--2014-06-22", "why": "log"}
    batch = place.desk.load(file, **said)
    assert batch.counts == {"lines": 37_673, "accepted": 37_647, "accepted_with_findings": 0, "quarantined": 26}
    frame = batch.frame()
    assert len(frame) == 37_673
    assert set(frame.loc[frame["state"] == "quarantined", "reason"]) == {"missing_title"}
    assert frame["station"].nunique() == 25
    assert place.desk.load(file, **said).loaded_before


def test_a_workbook_gives_the_same_batch_as_its_csv(place: Place) -> None:
    one = place.load(csv(GOOD.header, GOOD.lines), "a.csv")
    two = place.load(xlsx(GOOD.header, GOOD.lines), "a.xlsx")
    assert one.frame().drop(columns=["batch_id", "id"]).equals(two.frame().drop(columns=["batch_id", "id"]))
