"""Imports: what a file says more is filled only when asked, every record knows its lines, and an import is undone whole."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy import insert

from tests.formats.malformed import csv
from tests.registry.test_onboarding import Place, codes
from workbench.core import documents, journal
from workbench.core.errors import NotFound, WorkbenchError
from workbench.core.office import Office
from workbench.core.store import metadata
from workbench.registry.onboarding import Intake, Onboarding
from workbench.registry.parties import PARTY
from workbench.registry.provenance import lines_of
from workbench.registry.register_file import Register
from workbench.registry.works import WORK

HEADER = ("number", "title", "name", "first name", "role", "performing %", "mechanical %", "iswc", "year")
LINES = [
    ("W1", "Malaika", "Mwangi", "Amani", "CA", "50", "50", "T-034.524.680-1", ""),
    ("W1", "", "Otieno", "Juma", "CA", "50", "50", "", ""),
    ("W2", "Sina", "Mwangi", "Amani", "CA", "100", "100", "", "1999"),
]


@pytest.fixture
def place(office: Office, tmp_path: Path) -> Place:
    return Place(Onboarding(office), office, tmp_path)


@pytest.fixture
def anywhere(office_anywhere: Office, tmp_path: Path) -> Place:
    """On each database."""
    return Place(Onboarding(office_anywhere), office_anywhere, tmp_path)


def load(
    place: Place, lines: list[tuple[str, ...]], name: str = "works.csv", existing: str = "keep", only: Sequence[str] = ()
) -> Intake:
    file = place.folder / name
    file.write_bytes(csv(HEADER, lines))
    return place.desk.load(file, layout="works-v2", why="catalogue", existing=existing, only=only)


# ---- what is there already


def test_a_blank_is_filled_and_a_difference_is_shown_and_left(anywhere: Place) -> None:
    load(anywhere, LINES)
    changed = [("W1", "Malaika!", "Mwangi", "Amani", "CA", "100", "100", "T-034.524.680-1", "1960")]
    intake = load(anywhere, changed, "more.csv", "fill")
    one = anywhere.all(WORK)[0]
    assert (one["title"], one["created_year"], len(one["shares"])) == ("Malaika", "1960", 2)
    told = {(finding.code, finding.field): (finding.got, finding.expected) for finding in intake.findings}
    assert told["differs", "title"] == ("Malaika!", "Malaika")
    assert told["filled", "created_year"] == ("1960", "nothing")
    assert ("differs", "shares") in told
    assert (intake.created, intake.changed) == ({}, {"work": [one["id"]]})


def test_replace_takes_the_files_word_for_what_it_says_or_for_the_fields_named(anywhere: Place) -> None:
    load(anywhere, LINES)
    changed = [("W1", "Malaika!", "Baraka", "Zawadi", "CA", "100", "100", "T-034.524.680-1", "1960")]
    load(anywhere, changed, "more.csv", "replace", only=["title"])
    one = anywhere.all(WORK)[0]
    assert (one["title"], len(one["shares"])) == ("Malaika!", 2)
    intake = load(anywhere, [(*changed[0][:8], "1961")], "again.csv", "replace")
    one = anywhere.all(WORK)[0]
    assert (one["created_year"], len(one["shares"])) == ("1961", 1)
    assert {finding.code for finding in intake.findings} == {"replaced"}
    with anywhere.office.book.read() as connection:
        assert len([entry for entry in journal.entries(connection, kind="work") if entry.before]) == 2


def test_kept_as_it_is_unless_asked(place: Place) -> None:
    load(place, LINES)
    before = place.all(WORK)
    intake = load(place, [("W9", "Malaika!", "Mwangi", "Amani", "CA", "100", "100", "T-034.524.680-1", "1960")], "more.csv")
    assert codes(intake) == [("already_registered", 2, "iswc")]
    assert place.all(WORK) == before
    with pytest.raises(WorkbenchError, match="keep, fill, replace"):
        load(place, LINES, "x.csv", "overwrite")


def test_a_party_found_by_its_identifier_gains_names_and_blanks(place: Place) -> None:
    known = place.party("Mwangi", "Amani", "00014107338")
    header = ("name", "first name", "ipi", "date of birth", "pseudonyms", "nationality")
    file = place.folder / "members.csv"
    file.write_bytes(csv(header, [("Mwangi", "Amani", "14107338", "1971-03-02", "Simba Wa Pwani", "Kenya")]))
    intake = place.desk.load(file, layout="parties-v2", why="members", existing="fill")
    [one] = place.all(PARTY)
    assert (one["id"], one["birth_on"], one["nationality"]) == (known, "1971-03-02", "404")
    assert [row["name"] for row in one["names"]] == ["Mwangi", "Simba Wa Pwani"]
    assert intake.changed == {"party": [known]}


# ---- from which line


def test_every_record_knows_the_file_and_the_lines_it_came_from(anywhere: Place) -> None:
    intake = load(anywhere, LINES)
    with anywhere.office.book.read() as connection:
        [one] = lines_of(connection, "work", intake.created["work"][0])
        [party] = lines_of(connection, "party", intake.created["party"][1])
        assert lines_of(connection, "work", "TALA-W-999999") == []
    assert (one.file_name, one.lines, one.layout, one.sha256) == ("works.csv", "2-3", "works-v2", intake.sha256)
    assert (party.lines, one.change_set) == ("3", intake.import_id)
    load(anywhere, [(*LINES[0][:8], "1960")], "more.csv", "fill")
    with anywhere.office.book.read() as connection:
        assert [str(found) for found in lines_of(connection, "work", intake.created["work"][0])] == [
            "works.csv lines 2-3",
            "more.csv line 2",
        ]


# ---- undo


def test_an_import_is_undone_whole_and_the_register_says_what_it_said_before(anywhere: Place) -> None:
    known = anywhere.party("Mwangi", "Amani")
    register = Register(anywhere.office)
    before = register.digest()
    intake = load(anywhere, LINES)
    after = register.digest()
    undone = anywhere.desk.undo(intake.import_id, why="the wrong list")
    assert register.digest() == before != after
    assert undone.deleted == {"party": 1, "work": 2}
    assert {work["status"] for work in anywhere.all(WORK)} == {"deleted"}
    assert next(party for party in anywhere.all(PARTY) if party["id"] == known)["status"] == ""
    [row] = anywhere.desk.imports().to_dict("records")
    assert (row["id"], row["state"], row["undone_by"], row["created"]) == (intake.import_id, "undone", undone.id, 3)
    anywhere.desk.undo(undone.id, why="it was right after all")
    assert register.digest() == after
    assert anywhere.desk.imports().loc[0, "state"] == "loaded"


def test_what_an_import_changed_is_as_it_was(anywhere: Place) -> None:
    load(anywhere, LINES)
    before = Register(anywhere.office).digest()
    changed = [("W1", "Malaika!", "Baraka", "Zawadi", "CA", "100", "100", "T-034.524.680-1", "1960")]
    intake = load(anywhere, changed, "more.csv", "replace")
    undone = anywhere.desk.undo(intake.import_id, why="an old list")
    assert (undone.deleted, undone.restored) == ({"party": 1}, {"work": 1})
    assert Register(anywhere.office).digest() == before


def test_the_same_file_again_revives_what_it_made_and_doubles_nothing(anywhere: Place) -> None:
    first = load(anywhere, LINES)
    after = Register(anywhere.office).digest()
    anywhere.desk.undo(first.import_id, why="too early")
    again = load(anywhere, LINES, "copy.csv")
    assert (again.revived, again.created, again.import_id) == (True, first.created, first.import_id)
    assert Register(anywhere.office).digest() == after
    assert load(anywhere, LINES).loaded_before


def test_a_corrected_file_after_an_undo_makes_new_records_and_does_not_find_the_deleted(place: Place) -> None:
    first = load(place, LINES)
    place.desk.undo(first.import_id, why="a slip")
    second = load(place, [(*LINES[0][:1], "Malaika ya pili", *LINES[0][2:]), *LINES[1:]], "right.csv")
    assert [finding for finding in second.findings if finding.code == "already_registered"] == []
    assert len(second.created["work"]) == 2
    assert len(second.created["party"]) == 2


def test_an_undo_is_refused_naming_what_somebody_changed_since_and_when(anywhere: Place) -> None:
    intake = load(anywhere, LINES)
    first, second = intake.created["work"]
    with anywhere.office.change("spelling", "b.kamau") as change:
        documents.save(change, WORK, {**documents.load(change.connection, WORK, first), "title": "Malaïka"})
    before = Register(anywhere.office).digest()
    with pytest.raises(WorkbenchError, match=rf"{first}: changed later \(spelling\) by b.kamau at 20"):
        anywhere.desk.undo(intake.import_id, why="the wrong list")
    assert Register(anywhere.office).digest() == before
    undone = anywhere.desk.undo(intake.import_id, why="the wrong list", partly=True)
    left = {one.id: one.reason for one in undone.left}
    assert set(left) == {first, *intake.created["party"]}  # the work that is left still names its writers
    assert "refers to it" in left[intake.created["party"][0]]
    assert {work["id"]: work["status"] for work in anywhere.all(WORK)} == {first: "", second: "deleted"}


def test_an_undo_is_refused_where_a_match_or_a_later_document_refers_to_it(anywhere: Place) -> None:
    import workbench.api  # noqa: F401  declares the tables of every layer

    intake = load(anywhere, LINES)
    one = intake.created["work"][1]
    with anywhere.office.change("matched") as change:
        row = {"key": "k", "state": "matched", "target_kind": "work", "target_id": one}
        change.connection.execute(insert(metadata.tables["usage_match"]).values(row))
        shares = [{"party_id": intake.created["party"][0], "role": "CA"}]
        documents.save(change, WORK, {"title": "Later", "shares": shares})
    with pytest.raises(WorkbenchError, match="a match of usage refers to it") as caught:
        anywhere.desk.undo(intake.import_id, why="the wrong list")
    assert f"party {intake.created['party'][0]}: work" in str(caught.value)
    undone = anywhere.desk.undo(intake.import_id, why="the wrong list", partly=True)
    assert undone.deleted == {"party": 1, "work": 1}
    assert {left.id for left in undone.left} == {one, intake.created["party"][0]}


def test_an_unknown_import_and_one_that_was_undone_are_said_so(place: Place) -> None:
    intake = load(place, LINES)
    with pytest.raises(NotFound, match="no such import"):
        place.desk.undo("0" * 16, why="x")
    undone = place.desk.undo(intake.import_id, why="too early")
    with pytest.raises(WorkbenchError, match=undone.id):
        place.desk.undo(intake.import_id, why="again")


# ---- the layout guessed


def test_a_guess_names_each_column_with_its_evidence_and_is_kept_as_versions(place: Place) -> None:
    text = "The catalogue of 2025\n\nTítulo;Autor;Nombre de pila;Código IPI;Función;Participación;Notas\n"
    text += "Sina;Mwangi;Amani;14107338;Compositor;33,34;x\nSina;Otieno;Juma;;Autor;66,66;\n"
    file = place.folder / "catalogo.csv"
    file.write_bytes(text.encode("cp1252"))
    guess = place.desk.guess(file)
    assert (guess.purpose, guess.encoding, guess.delimiter, guess.decimal, guess.header_row) == ("works", "cp1252", ";", ",", 3)
    found = guess.frame().set_index("column")
    assert found["field"].to_dict() == {
        "Título": "title", "Autor": "party", "Nombre de pila": "first_name", "Código IPI": "ipi_name_number",
        "Función": "role", "Participación": "performing_share", "Notas": "",
    }  # fmt: skip
    assert "100% have right check digits" in found.loc["Código IPI", "evidence"]
    assert guess.unmapped == ["Notas"]
    assert guess.save("catalogo", why="a yearly list") == "catalogo-v1"
    assert guess.with_(Notas="alternative_titles").save("catalogo", why="its notes are titles") == "catalogo-v2"
    lines = place.desk.load(file, layout="catalogo-v1", why="catalogue")
    assert lines.counts["quarantined"] == 0
    assert [row["performing_ppm"] for work in place.all(WORK) for row in work["shares"]] == [333_400, 666_600]
    with place.office.book.read() as connection:
        assert [entry.entity_id for entry in journal.entries(connection, kind="layout")] == ["catalogo-v1", "catalogo-v2"]
    saved = place.office.config.rules / "layouts" / "catalogo-v1.yaml"
    saved.write_text(saved.read_text(encoding="utf-8").replace("Autor", "Author"), encoding="utf-8")
    with pytest.raises(WorkbenchError, match="changed after it was saved"):
        place.desk.load(file, layout="catalogo-v1", why="again")


def test_a_guess_is_corrected_by_column_and_refuses_what_is_not_there(place: Place) -> None:
    file = place.folder / "a.csv"
    file.write_bytes(csv(("song", "who", "share"), [("Sina", "Mwangi", "100")]))
    guess = place.desk.guess(file, "works")
    assert guess.missing == ["party", "role"]
    with pytest.raises(WorkbenchError, match="party, role"):
        guess.save("mine", why="x")
    with pytest.raises(NotFound, match="party"):
        guess.with_(who="partie")
    with pytest.raises(NotFound, match="song"):
        guess.with_(sog="title")


@pytest.mark.parametrize(
    ("file", "purpose", "fields", "counts"),
    [
        (
            "dmp/dataimport.csv",
            "works",
            "number title iswc alternative_titles party first_name ipi_name_number role performing_share original_title",
            {"work": 14, "party": 4},
        ),
        (
            "discogs/discogs_tracks_writers.csv.gz",
            "works",
            "title performers duration_seconds party role",
            {"work": 3_270},
        ),
        ("mirovision/contestants_nolyrics.csv", "works", "title performers created_year party role", {"work": 1_658}),
    ],
)
def test_the_real_files_are_guessed_and_load_at_once(
    file: str, purpose: str, fields: str, counts: dict[str, int], shared_folder: Path, place: Place
) -> None:
    guess = place.desk.guess(shared_folder / "data" / file)
    assert guess.purpose == purpose
    assert all(0 <= column.confidence <= 100 for column in guess.columns)
    assert {column.field for column in guess.columns if column.field} == set(fields.split())
    name = guess.save("real", why="public data")
    intake = place.desk.load(shared_folder / "data" / file, layout=name, why="public data", dry_run=True)
    assert {kind: len(intake.created[kind]) for kind in counts} == counts
    assert {row["reason"] for row in intake.quarantined} <= {"missing_party", "missing_value", "incomplete"}


def test_a_file_named_from_the_folder_one_is_in_is_read(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    (place.folder / "works.csv").write_bytes(csv(HEADER, LINES))
    monkeypatch.chdir(place.folder)
    assert place.desk.load("works.csv", layout="works-v2", why="catalogue").counts["accepted"] == 3
