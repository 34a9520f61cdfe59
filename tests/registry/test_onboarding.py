"""Onboarding: a society's own spreadsheets become its register, whole or not at all, and nobody twice in silence."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from openpyxl import load_workbook
from sqlalchemy import func, select

from tests.formats.malformed import Good, csv, faults
from workbench.core import documents, journal
from workbench.core.errors import NotFound, WorkbenchError
from workbench.core.office import Office
from workbench.core.shares import WHOLE
from workbench.registry.agreements import AGREEMENT
from workbench.registry.onboarding import Intake, Onboarding
from workbench.registry.parties import PARTY
from workbench.registry.recordings import RECORDING
from workbench.registry.works import WORK

WORKS = ("number", "title", "name", "first name", "ipi", "role", "performing %", "mechanical %", "represents")
GOOD = Good(
    ("number", "title", "name", "role", "performing %"),
    (
        ("W1", "Malaika", "Mwangi", "CA", "100"),
        ("W2", "Pole pole", "Otieno", "CA", "100"),
        ("W3", "Sina", "Baraka", "CA", "100"),
    ),
    text=1,
    text_field="title",
    number=4,
    number_field="performing_share",
    number_code="not_share",
    needed=3,
    needed_field="role",
)
FAULTS = faults(GOOD)
NOT_CREATED = "already_registered"


@dataclass
class Place:
    desk: Onboarding
    office: Office
    folder: Path

    def load(self, data: bytes, layout: str, name: str = "file.csv", *, dry_run: bool = False) -> Intake:
        file = self.folder / name
        file.write_bytes(data)
        return self.desk.load(file, layout=layout, why="first catalogue", dry_run=dry_run)

    def all(self, kind: documents.Kind) -> list[documents.Document]:
        with self.office.book.read() as connection:
            return [found for _, found in sorted(documents.load_many(connection, kind).items())]

    def entries(self) -> int:
        with self.office.book.read() as connection:
            return connection.execute(select(func.count()).select_from(journal.journal)).scalar_one()

    def party(self, name: str, first_name: str = "", ipi: str = "", **more: str) -> str:
        names = [{"kind": "patronymic", "name": name, "first_name": first_name, "ipi_name_number": ipi}] if ipi else []
        with self.office.change("known before") as change:
            return str(
                documents.save(
                    change, PARTY, {"kind": "natural", "name": name, "first_name": first_name, "names": names, **more}
                )["id"]
            )


@pytest.fixture
def place(office: Office, tmp_path: Path) -> Place:
    return Place(Onboarding(office), office, tmp_path)


@pytest.fixture
def anywhere(office_anywhere: Office, tmp_path: Path) -> Place:
    """On each database."""
    return Place(Onboarding(office_anywhere), office_anywhere, tmp_path)


def codes(intake: Intake) -> list[tuple[str, int, str]]:
    return [(finding.code, finding.line, finding.field) for finding in intake.findings]


def test_lines_with_one_number_are_one_work_with_a_share_each(anywhere: Place) -> None:
    lines = [
        ("W1", "Malaika", "Mwangi", "Amani", "14107338", "composer", "50", "50", ""),
        ("W1", "", "Otieno, Juma", "", "", "lyricist", "25", "25", ""),
        ("W1", "", "Uhuru Music", "", "", "publisher", "25", "25", "Amani Mwangi"),
        ("W2", "Sina", "Mwangi", "Amani", "00014107338", "CA", "100", "100", ""),
    ]
    intake = anywhere.load(csv(WORKS, lines).replace(b"Otieno, Juma", b'"Otieno, Juma"'), "works-v1")
    assert intake.findings == []
    assert intake.counts == {"lines": 4, "accepted": 4, "accepted_with_findings": 0, "quarantined": 0}
    assert {kind: len(ids) for kind, ids in intake.created.items()} == {"party": 3, "work": 2}
    one, two = anywhere.all(WORK)
    people = {party["id"]: party for party in anywhere.all(PARTY)}
    writer, lyricist, publisher = (row["party_id"] for row in one["shares"])
    assert (people[lyricist]["first_name"], people[lyricist]["kind"]) == ("Juma", "natural")
    assert people[publisher]["kind"] == "legal"
    assert one["shares"][2]["represents_party_id"] == writer
    assert [row["party_id"] for row in two["shares"]] == [writer]
    assert [row["performing_ppm"] for row in one["shares"]] == [500_000, 250_000, 250_000]
    assert one["title"] == "Malaika"


def test_a_work_with_shares_short_of_the_whole_is_taken_in_and_listed(place: Place) -> None:
    intake = place.load(csv(GOOD.header, [("W1", "Malaika", "Mwangi", "CA", "60")]), "works-v1")
    assert ("share_total", 2, "performing_ppm") in codes(intake)
    assert len(place.all(WORK)) == 1


def test_a_work_with_one_bad_line_is_left_out_whole_and_its_parties_with_it(place: Place) -> None:
    lines = [("W1", "Malaika", "Mwangi", "CA", "50"), ("W1", "", "Otieno", "CA", "NaN"), ("W2", "Sina", "Baraka", "CA", "100")]
    intake = place.load(csv(GOOD.header, lines), "works-v1")
    assert codes(intake) == [("incomplete", 2, ""), ("not_share", 3, "performing_share")]
    assert [row["line"] for row in intake.quarantined] == [2, 3]
    assert [work["title"] for work in place.all(WORK)] == ["Sina"]
    assert [party["name"] for party in place.all(PARTY)] == ["Baraka"]
    assert intake.export_quarantined(place.folder / "back.csv") == 2
    assert (place.folder / "back.csv").read_text(encoding="utf-8").splitlines()[1:] == [
        "W1,Malaika,Mwangi,CA,50",
        "W1,,Otieno,CA,NaN",
    ]


@pytest.mark.parametrize("name", FAULTS)
def test_nothing_of_a_malformed_file_is_half_imported(name: str, place: Place) -> None:
    fault = FAULTS[name]
    # a formula without a kept result leaves the work without a title
    quarantined = 1 if name == "xlsx real formula" else fault.quarantined
    before = place.entries()
    intake = place.load(fault.data, "works-v1", fault.file_name)
    found = [finding for finding in intake.findings if finding.code == fault.code]
    assert (found[0].line, found[0].field) == (fault.line, fault.field)
    assert found[0].what_to_do
    assert intake.refused == fault.refused
    works, parties = place.all(WORK), place.all(PARTY)
    if fault.refused:
        assert (works, parties) == ([], [])
        assert place.entries() == before
    else:
        assert len(intake.quarantined) == quarantined
        assert len(works) == len(parties) == 3 - quarantined
        assert all(work["shares"] for work in works)


def test_loading_the_same_bytes_twice_writes_nothing(anywhere: Place) -> None:
    first = anywhere.load(csv(GOOD.header, GOOD.lines), "works-v1")
    before = anywhere.entries()
    again = anywhere.load(csv(GOOD.header, GOOD.lines), "works-v1", "copy.csv")
    assert (again.loaded_before, again.created, again.counts) == (True, first.created, first.counts)
    assert anywhere.entries() == before
    assert "loaded by a.mwangi" in again.findings[0].what_to_do


def test_a_dry_run_says_what_would_happen_and_writes_nothing(anywhere: Place) -> None:
    data = csv(GOOD.header, GOOD.lines)
    before = anywhere.entries()
    trial = anywhere.load(data, "works-v1", dry_run=True)
    assert anywhere.entries() == before
    assert anywhere.all(PARTY) == []
    real = anywhere.load(data, "works-v1")
    assert (real.created, real.counts, real.findings) == (trial.created, trial.counts, trial.findings)
    assert "would give 3 party, 3 work" in repr(trial)


def test_a_failure_in_the_middle_leaves_the_register_as_it_was(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("power cut")

    monkeypatch.setattr(journal, "record", fail)
    with pytest.raises(RuntimeError, match="power cut"):
        place.load(csv(GOOD.header, GOOD.lines), "works-v1")
    assert (place.all(PARTY), place.all(WORK), place.entries()) == ([], [], 0)


def test_a_party_is_found_by_its_ipi_before_its_name(place: Place) -> None:
    known = place.party("Mwangi", "Amani", "00014107338")
    lines = [("W1", "Malaika", "A. Mwangi", "", "14107338", "CA", "100", "100", "")]
    place.load(csv(WORKS, lines), "works-v1")
    assert place.all(WORK)[0]["shares"][0]["party_id"] == known
    assert len(place.all(PARTY)) == 1


def test_a_party_is_found_by_its_exact_name_in_any_case_and_order(place: Place) -> None:
    known = place.party("Mwangi", "Amani")
    data = csv(WORKS, [("W1", "Malaika", "MWANGI AMANI", "", "", "CA", "100", "100", "")])
    place.load(data, "works-v1")
    assert place.all(WORK)[0]["shares"][0]["party_id"] == known


def test_a_name_that_two_parties_share_is_not_guessed(place: Place) -> None:
    one, two = place.party("Mwangi", "Amani", birth_on="1971-03-02"), place.party("Mwangi", "Amani", birth_on="1990-01-01")
    intake = place.load(csv(WORKS, [("W1", "Malaika", "Mwangi", "Amani", "", "CA", "100", "100", "")]), "works-v1")
    assert codes(intake) == [("ambiguous_party", 2, "party")]
    assert one in intake.findings[0].expected
    assert two in intake.findings[0].expected
    assert place.all(WORK) == []


def test_a_namesake_with_another_ipi_is_another_party_and_shown(place: Place) -> None:
    known = place.party("Mwangi", "Amani", "00014107338")
    header = ("name", "first name", "ipi", "kind")
    other = place.load(csv(header, [("Mwangi", "Amani", _ipi(77), "person")]), "parties-v1", "a.csv")
    assert codes(other) == [("namesake", 2, "name")]
    assert known in other.findings[0].expected
    assert len(place.all(PARTY)) == 2


def _ipi(number: int) -> str:
    """An invented IPI name number with right check digits."""
    digits = f"{number:09d}"
    rest = sum((10 - place) * int(digits[place]) for place in range(9)) % 101
    return f"{digits}{(101 - rest) % 100 if rest else 0:02d}"


def test_a_party_that_resembles_a_known_one_is_made_and_shown_with_the_evidence(place: Place) -> None:
    known = place.party("Mwangi", "Amani", birth_on="1971-03-02")
    intake = place.load(
        csv(("name", "first name", "kind"), [("Mwangy", "Amani", "person"), ("José", "Ana", "n"), ("Jose", "Ana", "n")]),
        "parties-v1",
    )
    assert codes(intake) == [("look_alike", 2, "name"), ("look_alike", 3, "name")]
    assert intake.findings[0].expected == f"{known} Amani Mwangi (born 1971-03-02)"
    assert intake.findings[1].expected == "line 4: Ana Jose"
    assert len(place.all(PARTY)) == 4


def test_lines_with_one_number_are_one_party_with_further_names_and_affiliations(anywhere: Place) -> None:
    header = ("number", "kind", "name", "first name", "name kind", "ipi", "date of birth", "country", "society", "rights")
    lines = [
        ("M1", "person", "Mwangi", "Amani", "", "14107338", "02/03/1971", "Kenya", "58", "performing; mechanical"),
        ("M1", "", "Simba Wa Pwani", "", "pseudonym", _ipi(77), "", "", "", ""),
        ("M2", "company", "Uhuru Music", "", "", "", "", "404", "", ""),
    ]
    intake = anywhere.load(csv(header, lines), "parties-v1")
    assert intake.findings == []
    one, two = anywhere.all(PARTY)
    assert [(row["kind"], row["name"]) for row in one["names"]] == [("patronymic", "Mwangi"), ("pseudonym", "Simba Wa Pwani")]
    assert [(row["society"], row["right"]) for row in one["affiliations"]] == [("058", "performing"), ("058", "mechanical")]
    assert (one["birth_on"], one["territory"], two["territory"], two["kind"]) == ("1971-03-02", "404", "404", "legal")
    assert intake.created == {"party": [one["id"], two["id"]]}


def test_a_right_holder_who_is_there_already_is_shown_and_not_changed(place: Place) -> None:
    known = place.party("Mwangi", "Amani", "00014107338")
    intake = place.load(csv(("name", "first name", "ipi"), [("Mwangi", "A.", "14107338")]), "parties-v1")
    assert codes(intake)[-1] == (NOT_CREATED, 2, "name")
    assert known in intake.findings[-1].expected
    assert [party["first_name"] for party in place.all(PARTY)] == ["Amani"]


def test_recordings_take_contributors_by_role_and_the_works_they_embody(anywhere: Place) -> None:
    with anywhere.office.change("known before") as change:
        work = documents.save(change, WORK, {"title": "Malaika", "iswc": "T-034.524.680-1"})
    header = ("number", "title", "artist", "isrc", "contributor", "first name", "role", "works", "country of recording")
    lines = [
        ("R1", "Malaika", "Amani Trio", "KEA011900001", "Amani Trio", "", "", "T0345246801; T-000.000.001-0", "KE"),
        ("R1", "", "", "", "Otieno", "Juma", "session musician", "", ""),
        ("R1", "", "", "", "Uhuru Records", "", "producer", "", ""),
        ("R1", "", "", "", "Simba Sound", "", "producer", "", ""),
        ("R2", "Sina", "Amani Trio", "", "", "", "", "", ""),
    ]
    intake = anywhere.load(csv(header, lines), "recordings-v1")
    assert codes(intake) == [("unknown_work", 2, "works")]
    one, two = anywhere.all(RECORDING)
    kinds = {party["id"]: party["kind"] for party in anywhere.all(PARTY)}
    assert [(row["role"], kinds[row["party_id"]]) for row in one["contributors"]] == [
        ("featured", "group"), ("non_featured", "natural"), ("producer", "legal"), ("producer", "legal"),
    ]  # fmt: skip
    assert sum(row["share_ppm"] for row in one["contributors"]) == WHOLE
    assert one["works"] == [{"work_id": work["id"]}]
    assert one["territory"] == "404"
    [performer] = two["contributors"]
    assert performer["party_id"] == one["contributors"][0]["party_id"]
    assert (performer["role"], performer["share_ppm"]) == ("featured", 0)


def test_a_recording_or_work_in_the_register_is_not_made_again(place: Place) -> None:
    first = place.load(
        csv(("title", "artist", "isrc"), [("Malaika", "Amani Trio", "KEA011900001"), ("Sina", "Amani Trio", "")]), "recordings-v1"
    )
    again = place.load(
        csv(("title", "artist", "isrc"), [("Malaika!", "X", "KEA011900001"), ("SINA", "amani trio", "")]),
        "recordings-v1",
        "b.csv",
    )
    assert codes(again) == [(NOT_CREATED, 2, "isrc"), (NOT_CREATED, 3, "title")]
    assert [finding.expected for finding in again.findings] == first.created["recording"]
    assert len(place.all(RECORDING)) == 2
    assert [party["name"] for party in place.all(PARTY)] == ["Amani Trio"]


def test_agreements_name_their_parties_shares_territories_and_works(place: Place) -> None:
    writer = place.party("Mwangi", "Amani", "00014107338")
    place.load(csv(GOOD.header, GOOD.lines[:1]), "works-v1", "w.csv")
    work = place.all(WORK)[0]["id"]
    header = (
        "number",
        "type",
        "assignor",
        "assignor ipi",
        "acquirer",
        "start",
        "end",
        "performing",
        "mechanical",
        "territories",
        "works",
    )
    lines = [
        ("A1", "original general", "Mwangi", "14107338", "Uhuru Music", "01/01/2020", "", "50", "100", "2136; -US; -Kenya", ""),
        ("A2", "OS", "Mwangi", "14107338", "Uhuru Music", "2021-01-01", "2020-01-01", "50", "", "", ""),
        ("A3", "OS", "Mwangi", "14107338", "Uhuru Music", "2021-01-01", "", "50", "", "Atlantis", ""),
        ("A4", "OS", "Mwangi", "14107338", "Uhuru Music", "2021-01-01", "", "50", "", "", work),
        ("A5", "OS", "Mwangi", "14107338", "Uhuru Music", "2021-01-01", "", "", "", "", work),
    ]
    intake = place.load(csv(header, lines), "agreements-v1")
    assert ("period_order", 3, "ends_on") in codes(intake)
    assert ("unknown_territory", 4, "territories") in codes(intake)
    assert ("no_shares", 6, "performing_share") in codes(intake)
    assert ("party_created", 2, "acquirer") in codes(intake)
    one, four = place.all(AGREEMENT)
    assert (one["assignor_party_id"], one["kind"], one["starts_on"], one["ends_on"]) == (writer, "OG", "2020-01-01", "")
    assert one["shares"] == [{"right": "performing", "share_ppm": 500_000}, {"right": "mechanical", "share_ppm": 1_000_000}]
    assert [(row["indicator"], row["territory"]) for row in one["territories"]] == [("I", "2136"), ("E", "840"), ("E", "404")]
    assert four["works"] == [{"indicator": "I", "work_id": work}]
    assert one["acquirer_party_id"] == four["acquirer_party_id"]


@pytest.mark.parametrize("layout", [
        "parties-v1", "works-v1", "recordings-v1", "agreements-v1", "parties-v2", "works-v2", "recordings-v2", "agreements-v2",
        "performances-v1", "releases-v1", "memberships-v1", "national-register-v1",
    ])  # fmt: skip
@pytest.mark.parametrize("kind", ["xlsx", "csv"])
def test_a_template_filled_with_its_own_examples_is_accepted(layout: str, kind: str, place: Place) -> None:
    from workbench.formats.sheets import find_layout

    file = place.desk.template(layout, to=place.folder / f"template.{kind}")
    examples = [field.example for field in find_layout(layout).fields]
    if kind == "xlsx":
        book = load_workbook(file)
        book.worksheets[0].append(examples)
        book.save(file)
        assert book.sheetnames[1] == "about"
    else:
        with file.open("a", encoding="utf-8") as out:
            out.write(",".join(examples) + "\n")
        assert (place.folder / "template-columns.csv").is_file()
    with place.office.change("known before") as change:
        documents.save(
            change,
            WORK,
            {"title": "Taa ya Pwani", "iswc": "T-990.000.017-1"} if layout.startswith("recordings") else {"title": "x"},
        )
    intake = place.desk.load(file, layout=layout, why="trial")
    assert intake.counts["quarantined"] == 0
    assert len(intake.created_ids) >= 1
    assert {finding.code for finding in intake.findings} <= {
        "share_total",
        "party_created",
        "unknown_writer",
        "unknown_recording",
    }
    with pytest.raises(WorkbenchError, match="a file is there already"):
        place.desk.template(layout, to=file)


def test_usage_layouts_and_unknown_ones_are_refused_by_name(place: Place) -> None:
    with pytest.raises(WorkbenchError, match="not a layout for onboarding"):
        place.load(b"x", "radio-playlist-v1")
    with pytest.raises(NotFound, match="parties-v1"):
        place.load(b"x", "party-v1")


def test_the_real_song_list_becomes_as_many_recordings_with_each_artist_once(shared_folder: Path, place: Place) -> None:
    file = shared_folder / "data" / "classic-rock" / "classic-rock-song-list.csv"
    intake = place.desk.load(file, layout="song-list-classic-v1", why="catalogue")
    recordings, parties = place.all(RECORDING), place.all(PARTY)
    assert len(recordings) == intake.lines == 2_229
    artists = {recording["main_artist"] for recording in recordings}
    assert len(parties) == len({name.casefold() for name in artists})
    assert {party["kind"] for party in parties} == {"group"}
    assert all([row["role"] for row in recording["contributors"]] == ["featured"] for recording in recordings)
    assert place.desk.load(file, layout="song-list-classic-v1", why="catalogue").loaded_before
