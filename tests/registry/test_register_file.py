"""The register's digest says what it says and nothing else, and survives export and import on either database and across them."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.society import new_office
from workbench.core import documents
from workbench.core.canonical import canonical_json
from workbench.core.errors import WorkbenchError
from workbench.core.office import Office
from workbench.registry.parties import PARTY
from workbench.registry.register_file import MANIFEST, Register
from workbench.registry.works import WORK


def fill(office: Office, *, backwards: bool = False) -> None:
    """Enter two parties and two works that name them, in one order or the other."""
    people = [{"id": f"TALA-P-{number:06d}", "kind": "natural", "name": name} for number, name in ((7, "Mwangi"), (8, "Otieno"))]
    shares = [{"party_id": "TALA-P-000007", "role": "CA", "performing_ppm": 1_000_000, "mechanical_ppm": 1_000_000}]
    works = [{"id": f"TALA-W-{number:06d}", "title": title, "shares": shares} for number, title in ((3, "Sina"), (4, "Étoile"))]
    for kind, found in ((PARTY, people), (WORK, works)):
        for document in reversed(found) if backwards else found:
            with office.change("entered") as change:
                documents.save(change, kind, document)


@pytest.fixture
def elsewhere(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Callable[[str], Office]]:
    """Make further empty societies, on the database that is named."""
    made: list[Office] = []

    def make(database: str) -> Office:
        url = request.getfixturevalue("postgres_url") if database == "postgresql" else ""
        made.append(new_office(tmp_path / f"other{len(made)}", url))
        return made[-1]

    yield make
    for office in made:
        office.book.close()


def test_the_order_of_entry_the_journal_and_the_versions_have_no_part_in_the_digest(
    office: Office, elsewhere: Callable[[str], Office]
) -> None:
    other = elsewhere("sqlite")
    fill(office)
    fill(other, backwards=True)
    with other.change("a slip") as change:
        sina = documents.load(change.connection, WORK, "TALA-W-000003")
        documents.save(change, WORK, {**sina, "title": "Sinna"})
    with other.change("put right") as change:
        documents.save(change, WORK, sina)
    assert Register(office).digest() == Register(other).digest()


def test_one_letter_makes_another_digest_and_a_deleted_document_none(office: Office) -> None:
    fill(office)
    first = Register(office).digest()
    with office.change("spelling") as change:
        otieno = documents.load(change.connection, PARTY, "TALA-P-000008")
        documents.save(change, PARTY, {**otieno, "name": "Otiena"})
    second = Register(office).digest()
    assert first != second
    with office.change("entered by mistake") as change:
        documents.save(change, PARTY, {"kind": "natural", "name": "Nobody", "status": "deleted"})
    assert Register(office).digest() == second
    assert Register(office).digest(["work"]) != second


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_the_digest_survives_export_and_import_on_both_databases_and_across_them(
    office_anywhere: Office, elsewhere: Callable[[str], Office], database: str, tmp_path: Path
) -> None:
    if database == "postgresql" and office_anywhere.book.dialect == "postgresql":
        database = "sqlite"  # one PostgreSQL database a test; the other two ways round are there already
    fill(office_anywhere)
    with office_anywhere.change("entered by mistake") as change:
        documents.save(change, PARTY, {"kind": "natural", "name": "Nobody", "status": "deleted"})
    made = Register(office_anywhere).export(tmp_path / "register.zip")
    other = elsewhere(database)
    loaded = Register(other).load(made.path, why="a new office")
    assert made.digest == loaded.digest == Register(other).digest() == Register(office_anywhere).digest()
    assert loaded.documents["party"] == 3
    again = Register(other).export(tmp_path / "again.zip")
    assert again.path.read_bytes() == made.path.read_bytes()


def test_identifiers_that_were_loaded_are_never_given_again(
    office: Office, elsewhere: Callable[[str], Office], tmp_path: Path
) -> None:
    fill(office)
    made = Register(office).export(tmp_path / "register.zip")
    other = elsewhere("sqlite")
    Register(other).load(made.path, why="a new office")
    with other.change("joined") as change:
        assert documents.save(change, PARTY, {"kind": "natural", "name": "New"})["id"] == "TALA-P-000009"


def test_the_same_export_twice_writes_nothing_and_another_register_is_refused_by_name(office: Office, tmp_path: Path) -> None:
    fill(office)
    made = Register(office).export(tmp_path / "register.zip")
    before = Register(office).digest()
    Register(office).load(made.path, why="again")
    assert Register(office).digest() == before
    with office.change("spelling") as change:
        otieno = documents.load(change.connection, PARTY, "TALA-P-000008")
        documents.save(change, PARTY, {**otieno, "name": "Otiena"})
    with pytest.raises(WorkbenchError, match="TALA-P-000008"):
        Register(office).load(made.path, why="again")
    with pytest.raises(WorkbenchError, match="a file is there already"):
        Register(office).export(made.path)


def _changed(source: Path, to: Path, change: Callable[[str, bytes], bytes]) -> Path:
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(to, "w") as new:
        for member in old.infolist():
            new.writestr(member, change(member.filename, old.read(member)))
    return to


@pytest.mark.parametrize("what", ["cut off", "a letter", "a line less", "no such kind", "not json", "no manifest", "no zip"])
def test_a_damaged_export_is_refused_and_nothing_is_written(
    what: str, office: Office, elsewhere: Callable[[str], Office], tmp_path: Path
) -> None:
    fill(office)
    made = Register(office).export(tmp_path / "register.zip").path
    bad = tmp_path / "bad.zip"

    def change(name: str, data: bytes) -> bytes:
        if what == "a letter" and name == "work.jsonl":
            return data.replace(b"Sina", b"Sino")
        if what == "a line less" and name == "party.jsonl":
            return data.split(b"\n", 1)[1]
        if what == "not json" and name == "party.jsonl":
            return b"[" * 100_000 + b"\n"
        if name == MANIFEST and what == "no such kind":
            said = json.loads(data)
            return canonical_json({**said, "kinds": {"posting": said["kinds"]["party"]}})
        return b"{}" if name == MANIFEST and what == "no manifest" else data

    if what in ("cut off", "no zip"):
        bad.write_bytes(made.read_bytes()[: made.stat().st_size // 2] if what == "cut off" else b"PK nothing")
    else:
        _changed(made, bad, change)
    other = elsewhere("sqlite")
    empty = Register(other).digest()
    with pytest.raises(WorkbenchError):
        Register(other).load(bad, why="a new office")
    assert Register(other).digest() == empty


def test_what_is_private_leaves_only_when_asked(office: Office, tmp_path: Path) -> None:
    from workbench.registry.contacts import CONTACT

    fill(office)
    with office.change("told us") as change:
        documents.save(change, CONTACT, {"party_id": "TALA-P-000007", "email": "office@example.org"})
    open_file = Register(office).export(tmp_path / "open.zip")
    assert "contact" not in open_file.documents
    assert b"example.org" not in b"".join(
        zipfile.ZipFile(open_file.path).read(name) for name in zipfile.ZipFile(open_file.path).namelist()
    )
    assert Register(office).export(tmp_path / "all.zip", private=True).documents["contact"] == 1
