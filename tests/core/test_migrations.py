"""The declared tables and the migrations say the same, on both databases; a migration happens whole or not at all."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from shutil import copytree

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import Column, Engine, ForeignKey, MetaData, Text, inspect

import workbench.api  # noqa: F401  declares every table of the book
from tools.new_migration import SCHEMAS, write_migration
from workbench.core import store
from workbench.core.errors import DamagedBook, WorkbenchError

HALF_DONE = """
from alembic import op
import sqlalchemy as sa

revision, down_revision, branch_labels, depends_on = "9000", "{before}", None, None


def upgrade():
    op.create_table("half_done", sa.Column("id", sa.Text(), primary_key=True))
    op.execute("INSERT INTO half_done (id) VALUES ('one')")
    op.execute("UPDATE book_meta SET value = 'LOST'")
    {then}
"""


def _as_built(engine: Engine) -> dict[str, object]:
    """What the database says of every table: columns with their defaults, keys, indexes, checks, and whether it is strict."""
    found, asked = {}, inspect(engine)
    for name in asked.get_table_names():
        columns = {column["name"]: {**column, "type": str(column["type"])} for column in asked.get_columns(name)}
        lists = (asked.get_foreign_keys(name), asked.get_unique_constraints(name), asked.get_indexes(name))
        lists = (*lists, asked.get_check_constraints(name))
        found[name] = [columns, asked.get_pk_constraint(name), *(sorted(one, key=repr) for one in lists)]
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            strict = dict(connection.exec_driver_sql("SELECT name, strict FROM pragma_table_list").all())
        found = {name: [*told, strict[name]] for name, told in found.items()}
    found.pop("alembic_version", None)
    return found


def _planted(folder: Path, then: str) -> store.Schema:
    """The book's schema with one more migration, which does half its work and then something else."""
    before = ScriptDirectory.from_config(store.alembic_config(store.BOOK)).get_current_head()
    copytree(store.BOOK.migrations / "versions", folder / "versions")
    (folder / "versions" / "9000_half_done.py").write_text(HALF_DONE.format(before=before, then=then), encoding="utf-8")
    return replace(store.BOOK, migrations=folder)


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_the_migrations_build_the_declared_tables(name: str, book_url: str) -> None:
    engine = store.make_engine(book_url)
    store.upgrade(engine, SCHEMAS[name])
    migrated = _as_built(engine)
    SCHEMAS[name].metadata.drop_all(engine)
    assert _as_built(engine) == {}
    SCHEMAS[name].metadata.create_all(engine)
    assert migrated == _as_built(engine)
    assert set(migrated) == set(SCHEMAS[name].metadata.tables)
    engine.dispose()


def test_a_migration_that_fails_half_way_leaves_the_book_as_it_was(book_url: str, tmp_path: Path) -> None:
    book = store.create_book(book_url, instance="TALA", currency="KES")
    with pytest.raises(RuntimeError, match="power cut"):
        store.upgrade(book.engine, _planted(tmp_path / "a planted, folder", "raise RuntimeError('power cut')"))
    assert "half_done" not in inspect(book.engine).get_table_names()
    assert book.meta("instance") == "TALA"
    store.open_book(book_url).close()
    book.close()


def test_a_migration_that_succeeds_is_kept_and_then_the_book_is_too_new(book_url: str, tmp_path: Path) -> None:
    book = store.create_book(book_url, instance="TALA", currency="KES")
    store.upgrade(book.engine, _planted(tmp_path / "planted", "pass"))
    assert (store.revision(book.engine), book.meta("instance")) == ("9000", "LOST")
    with pytest.raises(WorkbenchError, match="newer workbench"):
        store.open_book(book_url)
    book.close()


def test_a_migration_that_orphans_rows_is_undone_and_foreign_keys_are_on_again(tmp_path: Path) -> None:
    book = store.create_book(f"sqlite:///{tmp_path / 'book.sqlite'}", instance="TALA", currency="KES")
    orphan = "op.execute(\"INSERT INTO party_name (owner_id, position) VALUES ('nobody', 1)\")"
    with pytest.raises(DamagedBook, match="without their owner"):
        store.upgrade(book.engine, _planted(tmp_path / "planted", orphan))
    assert "half_done" not in inspect(book.engine).get_table_names()
    with book.read() as connection:
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
        assert connection.exec_driver_sql("SELECT count(*) FROM party_name").scalar() == 0
    book.close()


def _small(folder: Path, *columns: Column[str]) -> store.Schema:
    tables = MetaData(naming_convention=store.metadata.naming_convention)
    store.Table("owner", tables, Column("id", Text, primary_key=True), sqlite_strict=True)
    store.Table("thing", tables, Column("id", Text, primary_key=True), *columns, sqlite_strict=True)
    return store.Schema("small", tables, folder)


def test_the_next_migration_is_written_from_the_declared_tables(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'small.sqlite'}"
    engine = store.make_engine(url)
    first = write_migration(_small(tmp_path), "A thing.", first=True)
    store.upgrade(engine, _small(tmp_path))
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO thing (id) VALUES ('one')")
    wider = _small(
        tmp_path, store.words("title"), store.words("owner_id", ForeignKey("owner.id"), nullable=True, server_default=None)
    )
    second = write_migration(wider, "A thing has a title and an owner.")
    assert (first.name, second.name) == ("0001_a_thing.py", "0002_a_thing_has_a_title_and_an_owner.py")
    store.upgrade(engine, wider)
    upgraded = _as_built(engine)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT id, title FROM thing").all() == [("one", "")]
    wider.metadata.drop_all(engine)
    wider.metadata.create_all(engine)
    assert upgraded == _as_built(engine)
    engine.dispose()


def test_nothing_is_written_when_nothing_changed_or_nothing_is_said(tmp_path: Path) -> None:
    schema = _small(tmp_path)
    for message, wrong in (("", "needs a message"), ("A thing.", "")):
        if wrong:
            with pytest.raises(WorkbenchError, match=wrong):
                write_migration(schema, message, first=True)
        else:
            write_migration(schema, message, first=True)
    with pytest.raises(WorkbenchError, match="as the migrations leave them"):
        write_migration(schema, "Again.")
    assert [file.name for file in (tmp_path / "versions").glob("*.py")] == ["0001_a_thing.py"]
