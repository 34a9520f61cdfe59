"""The book: one engine factory for SQLite and PostgreSQL, with the settings that keep acknowledged work.

SQLite in WAL mode is the embedded default, PostgreSQL the office. Defaults lose data, so nothing here is left to them: a
write transaction begins IMMEDIATE (a deferred one fails under load), `synchronous` is FULL (NORMAL loses acknowledged
commits at a power cut), foreign keys are on, and one SQLite library is used in the process (two drop each other's locks).

    with book.write("a.mwangi", "title misspelt in the contract") as change:   # one transaction, one change set
        documents.save(change, WORK, document)                                  # the change and its journal entry, or neither
    with book.read() as connection:                                             # a consistent snapshot that cannot write
        ...
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pysqlite3.dbapi2 as sqlite
from alembic import command
from alembic.config import Config as AlembicConfig
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    Integer,
    MetaData,
    Table,
    Text,
    create_engine,
    event,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.engine import ExceptionContext, make_url
from sqlalchemy.exc import ArgumentError

from .errors import DamagedBook, NotPermitted, WorkbenchError
from .roles import group_role

LOWEST_SQLITE = (3, 51, 3)
"""Earlier libraries can corrupt a WAL book with several writers."""
WRITER_LOCK = 0x5245504552544F49
"""PostgreSQL advisory lock held by the one writer, so that journal numbers commit in order."""
NETWORK_FILE_SYSTEMS = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "fuse.sshfs", "ncpfs"}

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)
"""Every table of a local book; each is declared, and written, by one module."""

Whole = BigInteger().with_variant(Integer(), "sqlite")
"""64-bit whole numbers: money in micros, shares in ppm, counts."""


def book_table(name: str, *columns: Any) -> Table:
    """Declare a table of the local book; STRICT on SQLite, so that a column holds what it says."""
    return Table(name, metadata, *columns, sqlite_strict=True)


def words(name: str, *args: Any, **options: Any) -> Column[str]:
    """Declare a text column, empty when nothing is known."""
    return Column(name, Text, *args, **{"nullable": False, "server_default": "", **options})


def whole(name: str, *args: Any, **options: Any) -> Column[int]:
    """Declare a whole-number column; pass `nullable=True` where unknown differs from zero."""
    if not options.get("nullable"):
        options = {"nullable": False, "server_default": "0", **options}
    return Column(name, Whole, *args, **options)


book_meta = book_table("book_meta", Column("key", Text, primary_key=True), words("value"))
serial = book_table("serial", Column("kind", Text, primary_key=True), whole("last"))


def now_utc() -> str:
    """Return this instant as stored everywhere: UTC, microseconds, `Z`."""
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


@dataclass(frozen=True)
class Schema:
    """A set of tables and the migrations that build it: the local book's, or the central instance's."""

    name: str
    metadata: MetaData
    migrations: Path
    """The folder that holds `versions`; how they are run is the same for all, `core/migrations/env.py`."""


BOOK = Schema("book", metadata, Path(__file__).parent / "migrations")


@dataclass
class Change:
    """One transaction by one person for one reason; every journal entry in it carries the same change set."""

    connection: Connection
    who: str
    why: str
    at: str
    change_set: str
    instance: str
    _serials: dict[str, int] = field(default_factory=dict)

    def new_id(self, letter: str) -> str:
        """Return the next identifier of this instance, like `TALA-W-000017`; numbers are never reused after a commit."""
        return self.new_ids(letter, 1)[0]

    def new_ids(self, letter: str, count: int) -> list[str]:
        """Return the next `count` identifiers of this instance for one kind of thing."""
        row = self.connection.execute(select(serial.c.last).where(serial.c.kind == letter)).scalar()
        last = (row or 0) + count
        if row is None:
            self.connection.execute(insert(serial).values(kind=letter, last=last))
        else:
            self.connection.execute(update(serial).where(serial.c.kind == letter).values(last=last))
        return [f"{self.instance}-{letter}-{number:06d}" for number in range(last - count + 1, last + 1)]

    def keep_numbers(self, letter: str, ids: Iterable[str]) -> None:
        """Never give the numbers of these identifiers again: they came from elsewhere, and may be this instance's own."""
        own = f"{self.instance}-{letter}-"
        numbers = [int(one.removeprefix(own)) for one in ids if one.startswith(own) and one.removeprefix(own).isdecimal()]
        row = self.connection.execute(select(serial.c.last).where(serial.c.kind == letter)).scalar()
        if numbers and max(numbers) > (row or 0):
            self.new_ids(letter, max(numbers) - (row or 0))


class Book:
    """An open book. Make one with `create_book`, open one with `open_book`."""

    def __init__(self, url: str, schema: Schema = BOOK) -> None:
        self.url = url
        self.schema = schema
        self.engine = make_engine(url)
        self._reader = self.engine.execution_options(read_only=True)
        self.instance = ""
        self.person = ""
        """Whose login this is, or for whom the staff server opened the book; empty where the database holds nobody to a role."""
        self._serves = False

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self.engine.dialect.name

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a connection that sees one moment of the book and cannot change it."""
        with self._reader.connect() as connection:
            if self._serves and self.person:
                _become(connection, self.person)
            yield connection

    @contextmanager
    def write(self, who: str, why: str) -> Iterator[Change]:
        """Give one write transaction; it commits when the block ends, and leaves nothing behind when the block raises.

        Raises `WorkbenchError` without a person or a reason: the journal has no anonymous entries. In an office, the database
        refuses what the person's roles do not allow: `NotPermitted`.
        """
        if not who.strip() or not why.strip():
            raise WorkbenchError("a change needs a person and a reason", got=f"who={who!r}, why={why!r}")
        with self.engine.begin() as connection:
            if self.dialect == "postgresql":
                if self._serves:
                    _become(connection, who.strip())
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": WRITER_LOCK})
            yield Change(connection, who.strip(), why.strip(), now_utc(), secrets.token_hex(8), self.instance)

    def meta(self, key: str) -> str:
        """Return a fact the book holds about itself: `instance`, `epoch`, `currency`; empty when not set."""
        with self.read() as connection:
            return connection.execute(select(book_meta.c.value).where(book_meta.c.key == key)).scalar() or ""

    def introduce(self, person: str) -> None:
        """Say who opens the book; in an office, ask the database whose login this is.

        A login of one's own is that person, whatever is said: raises `NotPermitted` for another name. The staff server's login
        becomes the person at each transaction, if it is somebody of the staff. Elsewhere nothing is asked.
        """
        if self.dialect != "postgresql":
            return
        with self.engine.connect() as connection:
            database, login = connection.exec_driver_sql("SELECT current_database(), session_user").one()
            member = text(
                "SELECT pg_get_userbyid(roleid) FROM pg_auth_members"
                " WHERE member = (SELECT oid FROM pg_roles WHERE rolname = :name)"
            )
            groups = set(connection.execute(member, {"name": login}).scalars())
            self._serves = group_role(database, "service") in groups
            if self._serves:
                staff = group_role(database, "person")
                self.person = person if staff in connection.execute(member, {"name": person}).scalars() else ""
            elif group_role(database, "person") in groups:
                if person and person != login:
                    raise NotPermitted(
                        "the database knows you by another name",
                        got=person,
                        expected=login,
                        next_step="Open the book as yourself.",
                    )
                self.person = login

    def close(self) -> None:
        """Let go of every connection."""
        self.engine.dispose()


def set_meta(connection: Connection, key: str, value: str) -> None:
    """Write a fact the book holds about itself."""
    if connection.execute(update(book_meta).where(book_meta.c.key == key).values(value=value)).rowcount == 0:
        connection.execute(insert(book_meta).values(key=key, value=value))


def create_book(url: str, *, instance: str, currency: str) -> Book:
    """Build the tables in an empty database and name the book; raises `WorkbenchError` where a book exists already."""
    book = Book(url)
    if revision(book.engine) is not None:
        raise WorkbenchError("a book exists here already", got=_shown(url), next_step="Open it, or name another database.")
    upgrade(book.engine, BOOK)
    with book.engine.begin() as connection:
        for key, value in {
            "instance": instance,
            "currency": currency,
            "epoch": secrets.token_hex(8),
            "created_at": now_utc(),
        }.items():
            set_meta(connection, key, value)
    book.instance = instance
    return book


def open_book(url: str, person: str = "") -> Book:
    """Open an existing book, in an office as `person`; raises `WorkbenchError` when there is none, or when it is of a newer or
    older schema, and `NotPermitted` for a login that is somebody else's."""
    if url.startswith("sqlite") and not Path(make_url(url).database or "").is_file():
        raise WorkbenchError("no book here", got=_shown(url), next_step="Make one with: workbench new FOLDER.")
    book = Book(url)
    require_current(book.engine, BOOK)
    book.introduce(person)
    book.instance = book.meta("instance")
    return book


def make_engine(url: str) -> Engine:
    """Return an engine with the settings this project relies on, for a SQLite or PostgreSQL URL.

    Raises `WorkbenchError` for another database, a network file system, or a SQLite library with the known WAL fault.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:  # it may hold a password: it is not shown
        raise WorkbenchError("not a book's address", expected="sqlite:///FILE or postgresql://...") from error
    if parsed.get_backend_name() == "postgresql":
        engine = create_engine(parsed.set(drivername="postgresql+psycopg"), pool_pre_ping=True, hide_parameters=True)
        event.listen(engine, "begin", _begin_postgresql)
        event.listen(engine, "handle_error", _say_who_may)
        return engine
    if parsed.get_backend_name() != "sqlite" or not parsed.database or parsed.database == ":memory:":
        raise WorkbenchError("not a book's address", got=_shown(url), expected="sqlite:///FILE or postgresql://...")
    if sqlite.sqlite_version_info < LOWEST_SQLITE:
        raise WorkbenchError("this SQLite library can corrupt a book", got=sqlite.sqlite_version, expected="3.51.3 or newer")
    refuse_network_file_system(Path(parsed.database).resolve().parent)
    engine = create_engine(parsed, module=sqlite, hide_parameters=True)  # people's data stay out of messages and logs
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def refuse_network_file_system(folder: Path) -> None:
    """Raise `WorkbenchError` when `folder` lies on a network file system: SQLite's WAL needs one machine's shared memory."""
    mounts = Path("/proc/mounts")
    if not mounts.exists():
        return
    best, kind = "", ""
    for line in mounts.read_text(encoding="utf-8", errors="replace").splitlines():
        _, point, this_kind, *_ = line.split(" ")
        point = point.replace("\\040", " ")
        if folder.is_relative_to(point) and len(point) >= len(best):
            best, kind = point, this_kind
    if kind in NETWORK_FILE_SYSTEMS:
        raise WorkbenchError(
            "a book cannot lie on a network file system",
            got=f"{folder} on {kind}",
            next_step="Keep it on this machine's disk, or use PostgreSQL.",
        )


def upgrade(engine: Engine, schema: Schema) -> None:
    """Bring a database to the newest schema, all or nothing; foreign keys are off meanwhile and checked after."""
    config = alembic_config(schema)
    try:
        with engine.connect() as connection:
            if engine.dialect.name == "sqlite":
                connection.connection.driver_connection.execute("PRAGMA foreign_keys=OFF")  # type: ignore[union-attr]
            with connection.begin():
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
                if engine.dialect.name == "sqlite":
                    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
                    if broken:
                        raise DamagedBook("migration left rows without their owner", got=broken[:5])
    finally:
        engine.dispose()  # also after a failure: no connection that ignores foreign keys may be used again


def revision(engine: Engine) -> str | None:
    """Return the schema revision a database is at, or None for an empty one."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def require_current(engine: Engine, schema: Schema) -> None:
    """Raise `WorkbenchError` unless the database is at this program's schema; a newer one is never opened."""
    scripts = ScriptDirectory.from_config(alembic_config(schema))
    found, wanted = revision(engine), scripts.get_current_head()
    if found == wanted:
        return
    known = {script.revision for script in scripts.walk_revisions()}
    if found is None:
        step = "Make one with: workbench new FOLDER."
    elif found in known:
        step = "Bring it up with: workbench upgrade FOLDER (a backup is made first)."
    else:
        step = "This book was written by a newer workbench: install that version."
    raise WorkbenchError("the book's schema does not fit this program", got=found, expected=wanted, next_step=step)


def alembic_config(schema: Schema) -> AlembicConfig:
    """Return what Alembic needs to run or write the migrations of a schema; the caller adds the `connection` attribute."""
    config = AlembicConfig()
    config.set_main_option("script_location", str(BOOK.migrations).replace("%", "%%"))
    config.set_main_option("version_locations", str(schema.migrations / "versions").replace("%", "%%"))
    config.set_main_option("path_separator", "newline")  # a folder's name may have any other character in it
    config.attributes["metadata"] = schema.metadata
    return config


def _set_up_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    for setting in (
        "busy_timeout=30000",
        "journal_mode=WAL",
        "synchronous=FULL",
        "cache_size=-65536",  # 64 MB: a long import otherwise writes each page of its indexes many times over
        "foreign_keys=ON",
        "trusted_schema=OFF",
        "cell_size_check=ON",
        "mmap_size=0",
        "recursive_triggers=ON",
    ):
        connection.execute(f"PRAGMA {setting}").close()


def _begin_sqlite(connection: Connection) -> None:
    read_only = bool(connection.get_execution_options().get("read_only"))
    connection.exec_driver_sql(f"PRAGMA query_only={'ON' if read_only else 'OFF'}")
    connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")


def _begin_postgresql(connection: Connection) -> None:
    if connection.get_execution_options().get("read_only"):
        # on the driver's own connection: a streamed query would wrap this statement into its cursor
        connection.connection.driver_connection.execute(  # type: ignore[union-attr]
            "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"
        )


def _become(connection: Connection, person: str) -> None:
    """Let this transaction be one person's: from here on the database allows what that person's roles allow."""
    connection.exec_driver_sql('SET LOCAL ROLE "{}"'.format(person.replace('"', '""').replace("%", "%%")))


def _say_who_may(context: ExceptionContext) -> None:
    """Turn the database's refusal into `NotPermitted`: the one place where it is said."""
    refused = context.original_exception
    told = getattr(getattr(refused, "diag", None), "message_primary", None) or str(refused)
    state = getattr(refused, "sqlstate", "")
    if state == "42501" or (state == "22023" and str(context.statement).startswith("SET LOCAL ROLE")):
        raise NotPermitted(
            "the database does not allow this",
            got=told,
            expected="somebody with the role for it",
            next_step="Who may do what: workbench roles show FOLDER.",
        ) from refused


def _shown(url: str) -> str:
    return make_url(url).render_as_string(hide_password=True)
