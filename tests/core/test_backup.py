"""A backup holds one moment of the book, restores anywhere, and is refused when a single bit is wrong."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from sqlalchemy import inspect, text

import workbench.api  # noqa: F401  declares every table
from workbench.core import backup, documents, journal, store
from workbench.core.errors import Finding, WorkbenchError
from workbench.registry.parties import PARTY
from workbench.registry.works import WORK


@pytest.fixture
def book(book_url: str) -> store.Book:
    book = store.create_book(book_url, instance="TALA", currency="KES")
    with book.write("a.mwangi", "application forms") as change:
        parties = documents.save_many(
            change, PARTY, [{"name": name} for name in ("Otieno", "ಅನುಪಮಾ", "أمينة", "a\nb\t\"'\u2028")]
        )
        documents.save_many(change, WORK, [{"title": "Malaika", "shares": [{"party_id": parties[0]["id"], "role": "C"}]}])
    return book


@pytest.fixture
def small_book(tmp_path: Path) -> store.Book:
    book = store.create_book(f"sqlite:///{tmp_path / 'small.sqlite'}", instance="TALA", currency="KES")
    with book.write("a.mwangi", "application forms") as change:
        documents.save_many(change, PARTY, [{"name": f"Person {number}"} for number in range(50)])
    return book


def test_a_restored_book_holds_the_same_documents_and_journal(book: store.Book, tmp_path: Path) -> None:
    made = backup.backup(book, tmp_path / "one.zip")
    target = f"sqlite:///{tmp_path / 'again.sqlite'}"
    backup.restore(made.path, target, by="b.kamau")
    again = store.open_book(target)
    with book.read() as old, again.read() as new:
        assert documents.load_many(new, PARTY) == documents.load_many(old, PARTY)
        assert documents.load_many(new, WORK) == documents.load_many(old, WORK)
        assert list(journal.entries(new))[:-1] == list(journal.entries(old))
    assert backup.check(again, kinds=[PARTY, WORK]) == []


def test_a_society_moves_between_the_two_databases_and_back_without_a_changed_row(
    small_book: store.Book, postgres_url: str, tmp_path: Path
) -> None:
    with small_book.write("a.mwangi", "orders that differ between locales") as change:
        documents.save_many(change, PARTY, [{"id": key, "name": key} for key in ("b", "B", "a", "Ä", "_", "-", "ب")])
    first = backup.backup(small_book, tmp_path / "one.zip")
    backup.restore(first.path, postgres_url)
    second = backup.backup(store.open_book(postgres_url), tmp_path / "two.zip")
    backup.restore(second.path, f"sqlite:///{tmp_path / 'back.sqlite'}")
    third = backup.backup(store.open_book(f"sqlite:///{tmp_path / 'back.sqlite'}"), tmp_path / "three.zip")
    for table in first.rows.keys() - {"journal", "book_meta"}:
        assert len({_member(made.path, table) for made in (first, second, third)}) == 1, table
    assert second.journal_seq == first.journal_seq + 1


def test_a_restored_book_begins_a_new_epoch_and_says_so_in_its_journal(book: store.Book, tmp_path: Path) -> None:
    made = backup.backup(book, tmp_path / "one.zip")
    backup.restore(made.path, f"sqlite:///{tmp_path / 'again.sqlite'}", by="b.kamau")
    again = store.open_book(f"sqlite:///{tmp_path / 'again.sqlite'}")
    assert again.meta("epoch") not in {"", book.meta("epoch")}
    with again.read() as connection:
        last = list(journal.entries(connection))[-1]
        assert journal.verify(connection) == []
    assert (last.kind, last.op, last.who) == ("book", "restore", "b.kamau")
    assert last.before == {"epoch": made.epoch, "journal_seq": made.journal_seq, "journal_hash": made.journal_hash}
    assert last.after == {"epoch": again.meta("epoch"), "restored_from": made.sha256}


def test_identifiers_go_on_after_a_restore_and_are_not_given_twice(book: store.Book, tmp_path: Path) -> None:
    made = backup.backup(book, tmp_path / "one.zip")
    backup.restore(made.path, f"sqlite:///{tmp_path / 'again.sqlite'}")
    with store.open_book(f"sqlite:///{tmp_path / 'again.sqlite'}").write("a.mwangi", "new") as change:
        assert documents.save(change, PARTY, {"name": "Fifth"})["id"] == "TALA-P-000005"


def test_the_database_gives_no_numbers_of_its_own_which_a_restore_would_have_to_continue(book: store.Book) -> None:
    with book.read() as connection:
        looked = inspect(connection)
        defaults = [column["default"] or "" for name in looked.get_table_names() for column in looked.get_columns(name)]
    assert not [default for default in defaults if "nextval" in default]


def test_a_book_in_use_is_not_restored_over(book: store.Book, tmp_path: Path) -> None:
    made = backup.backup(book, tmp_path / "one.zip")
    with pytest.raises(WorkbenchError, match="this database is not empty"):
        backup.restore(made.path, book.url)


def test_a_restore_that_was_cut_can_be_begun_again(
    small_book: store.Book, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = backup.backup(small_book, tmp_path / "one.zip")
    target = f"sqlite:///{tmp_path / 'again.sqlite'}"
    with monkeypatch.context() as patch:
        patch.setattr(backup, "_begin_epoch", _cut)
        with pytest.raises(KeyboardInterrupt):
            backup.restore(made.path, target)
    backup.restore(made.path, target)
    assert backup.check(store.open_book(target), kinds=[PARTY]) == []


def test_a_backup_overwrites_nothing_and_leaves_no_part_behind(small_book: store.Book, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    made = backup.backup(small_book, folder)
    with pytest.raises(WorkbenchError, match="exists here already"):
        backup.backup(small_book, made.path)
    assert [path.name for path in folder.iterdir()] == [made.path.name]


@pytest.mark.parametrize("table", ["party", "journal", "serial", "book_meta"])
def test_a_flipped_bit_in_a_table_is_refused_and_the_table_named(small_book: store.Book, tmp_path: Path, table: str) -> None:
    made = backup.backup(small_book, tmp_path / "one.zip")
    with zipfile.ZipFile(made.path) as archive:
        info = archive.getinfo(f"tables/{table}.jsonl")
    data = bytearray(made.path.read_bytes())
    start = info.header_offset + 30 + len(info.filename) + 20
    data[start + info.compress_size // 2] ^= 1
    made.path.write_bytes(data)
    with pytest.raises(WorkbenchError, match=f"table {table} is damaged|the {table} chain is broken"):
        backup.restore(made.path, f"sqlite:///{tmp_path / 'again.sqlite'}")
    assert not (tmp_path / "again.sqlite").exists()


def test_a_row_edited_inside_the_zip_is_refused_and_the_table_named(small_book: store.Book, tmp_path: Path) -> None:
    made = backup.backup(small_book, tmp_path / "one.zip")
    forged = _rewritten(made.path, tmp_path / "forged.zip", "tables/party.jsonl", b"Person 7", b"Person 8")
    with pytest.raises(WorkbenchError, match="table party is damaged"):
        backup.read_backup(forged)


def test_a_journal_rewritten_with_its_digest_is_refused_by_its_chain(small_book: store.Book, tmp_path: Path) -> None:
    made = backup.backup(small_book, tmp_path / "one.zip")
    forged = _rewritten(made.path, tmp_path / "forged.zip", "tables/journal.jsonl", b"application forms", b"a quiet word     ")
    with zipfile.ZipFile(made.path) as old, zipfile.ZipFile(forged) as new:
        sums = [backup.hashlib.sha256(archive.read("tables/journal.jsonl")).hexdigest() for archive in (old, new)]
    forged = _rewritten(forged, tmp_path / "forged2.zip", "manifest.json", sums[0].encode(), sums[1].encode())
    with pytest.raises(WorkbenchError, match="journal chain is broken at entry 1"):
        backup.read_backup(forged)


def test_a_cut_file_is_refused(small_book: store.Book, tmp_path: Path) -> None:
    made = backup.backup(small_book, tmp_path / "one.zip")
    whole = made.path.read_bytes()
    for size in (0, 10, len(whole) // 2, len(whole) - 1):
        (tmp_path / "cut.zip").write_bytes(whole[:size])
        with pytest.raises(WorkbenchError, match="cannot be trusted"):
            backup.read_backup(tmp_path / "cut.zip")


def test_a_backup_of_another_schema_is_refused_in_words(small_book: store.Book, tmp_path: Path) -> None:
    made = backup.backup(small_book, tmp_path / "one.zip")
    with small_book.read() as connection:
        current = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
    other = _rewritten(made.path, tmp_path / "o.zip", "manifest.json", f'"schema":"{current}"'.encode(), b'"schema":"7777"')
    with pytest.raises(WorkbenchError, match=r"another schema: got 7777, expected .*version of the workbench"):
        backup.restore(other, f"sqlite:///{tmp_path / 'again.sqlite'}")
    renamed = _rewritten(made.path, tmp_path / "r.zip", "manifest.json", b'"tax_number"', b'"tax_nummer"')
    if renamed.read_bytes() != made.path.read_bytes():
        with pytest.raises(WorkbenchError, match=r"another schema: got [0-9]+ columns that differ, first"):
            backup.restore(renamed, f"sqlite:///{tmp_path / 'again.sqlite'}")


def test_a_backup_taken_while_others_write_holds_whole_changes_only(book: store.Book, tmp_path: Path) -> None:
    writer = subprocess.Popen([sys.executable, "-c", WRITER, book.url], stdout=subprocess.PIPE, text=True)
    try:
        assert writer.stdout is not None
        writer.stdout.readline()
        made = [backup.backup(book, tmp_path / f"{number}.zip") for number in range(4)]
    finally:
        writer.terminate()
        writer.wait()
    assert made[0].journal_seq < made[-1].journal_seq
    for number, one in enumerate(made):
        backup.restore(one.path, f"sqlite:///{tmp_path / f'{number}.sqlite'}")
        again = store.open_book(f"sqlite:///{tmp_path / f'{number}.sqlite'}")
        assert backup.check(again, kinds=[PARTY]) == []
        with again.read() as connection:
            assert (len(documents.load_many(connection, PARTY)) - 4) % 20 == 0


def test_a_healthy_book_has_no_findings_and_an_extra_check_speaks_up(book: store.Book) -> None:
    assert backup.check(book, kinds=[PARTY, WORK]) == []
    odd = Finding("file", "ledger", "postings do not sum to zero")
    assert backup.check(book, extra_checks=[lambda _connection: [odd]]) == [odd]


def test_a_damaged_page_of_the_file_is_found(small_book: store.Book, tmp_path: Path) -> None:
    with small_book.engine.connect() as connection:
        connection.exec_driver_sql("SELECT 1")
    small_book.close()
    file = tmp_path / "small.sqlite"
    damaged = shutil.copy(file, tmp_path / "damaged.sqlite")
    data = bytearray(Path(damaged).read_bytes())
    for start in range(8192, len(data), 4096):
        data[start : start + 16] = bytes(16)
    Path(damaged).write_bytes(data)
    book = store.Book(f"sqlite:///{damaged}")
    assert backup.check(book)[0].code == "book_structure"


def test_a_row_that_refers_to_nothing_is_found(small_book: store.Book) -> None:
    with small_book.engine.connect() as connection:
        connection.connection.driver_connection.execute("PRAGMA foreign_keys=OFF")  # type: ignore[union-attr]
        connection.exec_driver_sql("INSERT INTO party_name (owner_id, position) VALUES ('nobody', 1)")
        connection.commit()
    small_book.close()
    assert "a row of party_name refers to nothing" in [finding.message for finding in backup.check(small_book)]


def test_progress_tells_how_many_rows_are_done(small_book: store.Book, tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    made = backup.backup(small_book, tmp_path / "one.zip", progress=lambda *step: told.append(step))
    assert ("backup", sum(made.rows.values()), sum(made.rows.values())) in told


def _member(file: Path, table: str) -> bytes:
    with zipfile.ZipFile(file) as archive:
        return archive.read(f"tables/{table}.jsonl")


def _rewritten(file: Path, to: Path, name: str, old: bytes, new: bytes) -> Path:
    with zipfile.ZipFile(file) as before, zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as after:
        for member in before.namelist():
            data = before.read(member)
            after.writestr(member, data.replace(old, new) if member == name else data)
    return to


def _cut(*_: object) -> None:
    raise KeyboardInterrupt


WRITER = """
import sys
import workbench.api
from workbench.core import documents, store
from workbench.registry.parties import PARTY
book = store.open_book(sys.argv[1])
for number in range(10_000):
    with book.write("b.kamau", "more") as change:
        documents.save_many(change, PARTY, [{"name": f"More {number} {part}"} for part in range(20)])
    print(number, flush=True)
"""
