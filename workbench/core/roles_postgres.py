"""The office's database holds people to their roles by itself: group roles, grants, row security and triggers.

    analyst, licensing, ...   group roles `wb_<database>_<role>`, without a login; grants follow the table in `core.roles`
    person                    the group of everybody on the staff: may connect and read what is not private
    service                   the group of the staff server's login: may become any person of the staff, and nothing else

Every account of the staff is a database role of the same name (`a.mwangi`); a trigger on `staff` keeps its groups in step, so the
accounts and the database cannot disagree. The functions and triggers themselves are in `data/roles.sql`, for a database
administrator to read.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text

from .errors import Finding, NotPermitted, WorkbenchError
from .roles import (
    AREAS,
    LOOK,
    PRIVATE,
    READS_PRIVATE,
    ROLES,
    RUN_STEPS,
    WRITES,
    area_of,
    group_role,
    is_private,
    privileges,
    writers_of,
)
from .store import Book

SQL = Path(__file__).parent / "data" / "roles.sql"
PERSON, SERVICE = "person", "service"
TRIGGERS = {
    "journal_follows", "journal_stays", "serial_grows", "run_four_eyes", "posting_of_approved_run", "receipt_of_approved_run",
    "run_is_in_journal", "staff_is_in_journal", "staff_is_kept", "staff_by_another",
}  # fmt: skip
LONGEST_NAME = 63 - len("wb__distribution")


def apply(book: Book, *, service: str = "") -> list[str]:
    """Make or renew what the database enforces, in one transaction, and return what was done, a sentence each.

    Run it as the owner of the database (with CREATEROLE), again after every upgrade. `service` names the staff server's login; it
    is made when it is not there. Raises `WorkbenchError` for a book that is no PostgreSQL database, `NotPermitted` for anybody
    but the owner.
    """
    _require_postgres(book)
    with book.engine.begin() as connection:
        office = _Office(connection)
        office.require_owner()
        done = office.make_groups()
        if service:
            done.append(office.make_service(service))
        office.grant()
        office.run_script()
        office.secure_rows()
        people = connection.execute(text("SELECT user_name, roles, disabled_at FROM staff ORDER BY user_name")).all()
        for name, roles, disabled_at in people:
            connection.execute(text("SELECT keep_person(:name, :roles)"), {"name": name, "roles": "" if disabled_at else roles})
        return [
            *done,
            f"{len(office.tables)} tables are guarded",
            f"{len(people)} accounts of the staff are roles of the database",
        ]


def let_in(connection: Connection, person: str, password: str) -> None:
    """Give a person of the staff a login of the database; the password leaves this machine only as a SCRAM verifier.

    Raises `WorkbenchError` where the database does not hold people to roles, `NotPermitted` for anybody but an administrator.
    """
    if connection.dialect.name != "postgresql" or not is_guarded(connection):
        raise WorkbenchError(
            "this book has no logins of its own", got=connection.dialect.name, expected="an office's PostgreSQL with roles",
            next_step="Its owner makes them with: workbench roles apply FOLDER.",
        )  # fmt: skip
    driver: Any = connection.connection.driver_connection
    verifier = driver.pgconn.encrypt_password(password.encode(), person.encode(), b"scram-sha-256").decode()
    connection.execute(text("SELECT let_in(:person, :verifier)"), {"person": person, "verifier": verifier})


def is_guarded(connection: Connection) -> bool:
    """Tell whether `apply` has been run on this database."""
    return bool(connection.exec_driver_sql("SELECT to_regprocedure('journal_head()') IS NOT NULL").scalar())


def rows(book: Book) -> list[dict[str, str]]:
    """Return one row per role: `role`, `may` (in words), `writes` (areas), `private` (yes when it reads what is private),
    `people` (who has it now)."""
    with book.read() as connection:
        accounts = connection.execute(text("SELECT user_name, roles FROM staff WHERE disabled_at = '' ORDER BY user_name")).all()
    return [
        {
            "role": role,
            "may": what,
            "writes": ", ".join(WRITES[role]) or "nothing",
            "private": "yes" if role in READS_PRIVATE else "no",
            "people": ", ".join(name for name, roles in accounts if role in roles.split()),
        }
        for role, what in ROLES.items()
    ]


def check(book: Book) -> list[Finding]:
    """Compare what the database enforces with what it should; a finding for each grant, rule or membership that differs."""
    _require_postgres(book)
    with book.read() as connection:
        if not is_guarded(connection):
            return [_differs("the database holds nobody to a role", book.dialect, "", "roles")]
        office = _Office(connection)
        return [*office.wrong_grants(), *office.missing_rules(), *office.wrong_members()]


class _Office:
    """One database while its roles are made or looked at."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.database, self.schema = connection.exec_driver_sql("SELECT current_database(), current_schema()").one()
        if len(self.database) > LONGEST_NAME:
            raise WorkbenchError(
                "the database's name is too long for its roles", got=self.database, expected=f"at most {LONGEST_NAME} letters"
            )
        found = connection.execute(
            text(
                "SELECT c.relname, c.relkind::text, coalesce((SELECT string_agg(a.attname, ',' ORDER BY a.attnum) FROM pg_index i"
                " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (i.indkey)"
                " WHERE i.indrelid = c.oid AND i.indisprimary), '') FROM pg_class c"
                " WHERE c.relnamespace = CAST(:schema AS regnamespace) AND c.relkind IN ('r', 'p', 'v', 'm') ORDER BY 1"
            ),
            {"schema": _quoted(self.schema)},
        ).all()
        self.tables = {name: key == "id" for name, kind, key in found if kind in "rp"}
        self.views = [name for name, kind, _ in found if kind in "vm"]

    def group(self, name: str) -> str:
        return _quoted(group_role(self.database, name))

    def run(self, *statements: str) -> None:
        for statement in statements:
            self.connection.exec_driver_sql(statement.replace("%", "%%"))

    def require_owner(self) -> None:
        owner, login = self.connection.execute(
            text(
                "SELECT pg_get_userbyid(relowner), session_user FROM pg_class"
                " WHERE relnamespace = CAST(:schema AS regnamespace) AND relname = 'journal'"
            ),
            {"schema": _quoted(self.schema)},
        ).one()
        may = self.connection.execute(
            text(
                "SELECT pg_has_role(CAST(:owner AS name), 'MEMBER') AND (rolcreaterole OR rolsuper)"
                " FROM pg_roles WHERE rolname = session_user"
            ),
            {"owner": owner},
        ).scalar()
        if not may:
            raise NotPermitted("only the owner gives out roles", got=login, expected=f"{owner}, with CREATEROLE")

    def make_groups(self) -> list[str]:
        done = []
        for name in (*ROLES, PERSON, SERVICE):
            role = group_role(self.database, name)
            if not self.connection.execute(text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": role}).scalar():
                self.run(f"CREATE ROLE {_quoted(role)} NOLOGIN {'NOINHERIT' if name == SERVICE else ''}")
                self.run(f"COMMENT ON ROLE {_quoted(role)} IS 'workbench group'")
                done.append(f"made the role {role}")
        return done

    def make_service(self, login: str) -> str:
        known = self.connection.execute(text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": login}).scalar()
        self.run(*([] if known else [f"CREATE ROLE {_quoted(login)} LOGIN"]), f"GRANT {self.group(SERVICE)} TO {_quoted(login)}")
        return f"{login} may serve the staff apps; give it a password with \\password"

    def grant(self) -> None:
        """Take back everything, then give what the table says: what was granted by hand does not stay."""
        schema, database = _quoted(self.schema), _quoted(self.database)
        person, service = self.group(PERSON), self.group(SERVICE)
        groups = ", ".join(self.group(name) for name in (*ROLES, PERSON, SERVICE))
        self.run(
            f"REVOKE ALL ON DATABASE {database} FROM PUBLIC",
            f"GRANT CONNECT ON DATABASE {database} TO {person}, {service}",
            f"REVOKE ALL ON SCHEMA {schema} FROM PUBLIC",
            f"GRANT USAGE ON SCHEMA {schema} TO {person}, {service}",
            f"REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM PUBLIC, {groups}",
            f"REVOKE ALL ON ALL SEQUENCES IN SCHEMA {schema} FROM PUBLIC, {groups}",
            f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {schema} TO {person}",
        )
        for table in (*self.tables, *self.views):
            if table != "staff":
                self.run(f"GRANT SELECT ON {schema}.{_quoted(table)} TO {person}")
        for table, role, kinds in self.wanted():
            self.run(f"GRANT {', '.join(kinds)} ON {schema}.{_quoted(table)} TO {self.group(role)}")
        self.run(
            # nobody but who gives passwords, and the server that checks them, sees even their hashes
            f"GRANT SELECT (user_name, full_name, roles, added_at, disabled_at) ON {schema}.staff TO {person}",
            f"GRANT SELECT ON {schema}.staff TO {self.group('admin')}, {service}",
            f"GRANT SELECT ON {schema}.book_meta, {schema}.alembic_version TO {service}",
        )

    def wanted(self) -> Iterator[tuple[str, str, tuple[str, ...]]]:
        """Yield (table, role, privileges) for every grant of writing."""
        for table, documents in self.tables.items():
            for role in ROLES:
                kinds = privileges(role, table, documents=documents)
                if kinds:
                    yield table, role, kinds

    def run_script(self) -> None:
        script = SQL.read_text(encoding="utf-8")
        for name, value in {
            "schema": _quoted(self.schema),
            "prefix": group_role(self.database, "").replace("'", "''"),
            "admin": self.group("admin"),
            "private": _kinds(_names(PRIVATE)),
            "staff_roles": ", ".join(f"'{role}'" for role in ROLES),
        }.items():
            script = script.replace(f"{{{name}}}", value)
        self.connection.connection.driver_connection.execute(script)  # type: ignore[union-attr]

    def secure_rows(self) -> None:
        schema, private = _quoted(self.schema), _kinds(_names(PRIVATE))
        readers = ", ".join(self.group(role) for role in READS_PRIVATE)
        for table, policy in self.policies():
            self.run(f"DROP POLICY {_quoted(policy)} ON {schema}.{_quoted(table)}")
        for table in self.secured():
            self.run(f"ALTER TABLE {schema}.{_quoted(table)} ENABLE ROW LEVEL SECURITY")
            if table != "journal":
                self.run(f"CREATE POLICY private ON {schema}.{_quoted(table)} TO {readers} USING (true) WITH CHECK (true)")
        self.run(
            f"CREATE POLICY open ON {schema}.journal FOR SELECT TO {self.group(PERSON)} USING (NOT ({private}))",
            f"CREATE POLICY private ON {schema}.journal FOR SELECT TO {readers} USING ({private})",
        )
        own_name = f"who = current_user AND pg_has_role(current_user, '{group_role(self.database, PERSON)}', 'MEMBER')"
        for role in writers_of("journal"):
            self.run(
                f"CREATE POLICY {role} ON {schema}.journal FOR INSERT TO {self.group(role)}"
                f" WITH CHECK ({own_name} AND {_may_journal(role)})"
            )

    def secured(self) -> list[str]:
        """Return the tables whose rows are not for everybody."""
        return ["journal", *(table for table in self.tables if is_private(table))]

    def policies(self) -> list[tuple[str, str]]:
        found = self.connection.execute(
            text("SELECT tablename, policyname FROM pg_policies WHERE schemaname = :schema"), {"schema": self.schema}
        )
        return [(table, policy) for table, policy in found]

    def wrong_grants(self) -> Iterator[Finding]:
        wanted = {(table, role): set(kinds) for table, role, kinds in self.wanted()}
        for table in self.tables:
            if not area_of(table):
                yield _differs(f"nobody is said to write {table}", table, "a line in core.roles.AREAS", table)
            for role in ROLES:
                given = self.given(table, role)
                if given != (should := wanted.get((table, role), set())):
                    yield _differs(f"{role} may do other things to {table}", _listed(given), _listed(should), table)

    def given(self, table: str, role: str) -> set[str]:
        """Return which of INSERT, UPDATE, DELETE and TRUNCATE a group role has on a table."""
        kinds = ("INSERT", "UPDATE", "DELETE", "TRUNCATE")
        query = ", ".join(f"has_table_privilege(:role, :place, '{kind}')" for kind in kinds)
        place = f"{_quoted(self.schema)}.{_quoted(table)}"
        answer = self.connection.execute(text(f"SELECT {query}"), {"role": group_role(self.database, role), "place": place}).one()
        return {kind for kind, has in zip(kinds, answer, strict=True) if has}

    def missing_rules(self) -> Iterator[Finding]:
        rules = self.connection.execute(
            text(
                "SELECT t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
                " WHERE c.relnamespace = CAST(:schema AS regnamespace) AND NOT t.tgisinternal AND t.tgenabled <> 'D'"
            ),
            {"schema": _quoted(self.schema)},
        ).scalars()
        for name in sorted(TRIGGERS - set(rules)):
            yield _differs("a rule of the database is missing or switched off", "nothing", name, name)
        secured = self.connection.execute(
            text("SELECT relname FROM pg_class WHERE relnamespace = CAST(:schema AS regnamespace) AND relrowsecurity"),
            {"schema": _quoted(self.schema)},
        ).scalars()
        for table in sorted(set(self.secured()) - set(secured)):
            yield _differs("rows are shown to everybody", table, "row security", table)
        policies = {("journal", name) for name in ("open", "private", *writers_of("journal"))}
        policies |= {(table, "private") for table in self.secured()}
        for table, name in sorted(policies.symmetric_difference(self.policies())):
            yield _differs("the row security differs", f"policy {name} of {table}", "as `roles apply` makes it", table)

    def wrong_members(self) -> Iterator[Finding]:
        groups = {group_role(self.database, name): name for name in (*ROLES, PERSON, SERVICE)}
        found: dict[str, set[str]] = {}
        for member, role in self.connection.execute(
            text("SELECT pg_get_userbyid(member), pg_get_userbyid(roleid) FROM pg_auth_members")
        ):
            if role in groups and groups[role] != SERVICE:
                found.setdefault(member, set()).add(groups[role])
        owner = self.connection.exec_driver_sql("SELECT tableowner FROM pg_tables WHERE tablename = 'journal'").scalar()
        found.pop(str(owner), None)  # who makes a role may give it (from PostgreSQL 16 on)
        accounts = self.connection.execute(text("SELECT user_name, roles FROM staff WHERE disabled_at = ''")).all()
        said = {name: {PERSON, *roles.split()} for name, roles in accounts}
        for name in sorted(found.keys() | said.keys()):
            if found.get(name, set()) != said.get(name, set()):
                got, expected = _listed(found.get(name, set())), _listed(said.get(name, set()))
                yield _differs(f"{name} has other roles in the database than on the staff", got, expected, name)


def _kinds(names: list[str]) -> str:
    """Return SQL that tells whether a journal entry's `kind` belongs to these names, by the rule of `area_of`."""
    others = [name for area in AREAS.values() for name in area if name not in names]
    longer = [other for other in others if any(other.startswith(f"{name}_") for name in names)]
    told = f"kind ~ '^({'|'.join(names)})(_|$)'"
    return told + (f" AND kind !~ '^({'|'.join(longer)})(_|$)'" if longer else "")


def _may_journal(role: str) -> str:
    """Return SQL that tells whether a role may add a journal entry, by the rule of `roles.may_journal`."""
    runs = _kinds(_names(("runs",)))
    rest = [name for name in _names(WRITES[role]) if area_of(name) != "runs"]
    ways = [f"({_kinds(rest)})"] if rest else []
    mine = ", ".join(f"'{op}'" for op, holder in RUN_STEPS.items() if holder == role)
    others = ", ".join(f"'{op}'" for op, holder in RUN_STEPS.items() if holder != role)
    if "runs" in WRITES[role]:
        ways.append(f"({runs} AND {f'op NOT IN ({others})' if role == 'distribution' else f'op IN ({mine})'})")
    if role in READS_PRIVATE:
        ways.append(f"({_kinds(_names(PRIVATE))} AND op = '{LOOK}')")
    return f"({' OR '.join(ways)})"


def _names(areas: tuple[str, ...]) -> list[str]:
    return [name for area in areas for name in AREAS[area]]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _listed(names: set[str]) -> str:
    return ", ".join(sorted(names)) or "nothing"


def _differs(message: str, got: str, expected: str, source: str) -> Finding:
    return Finding(
        "record", "roles_differ", message, got=got, expected=expected, source=source,
        what_to_do="The owner runs: workbench roles apply FOLDER.",
    )  # fmt: skip


def _require_postgres(book: Book) -> None:
    if book.dialect != "postgresql":
        raise WorkbenchError(
            "only an office's database can hold people to their roles", got=book.dialect, expected="postgresql",
            next_step="On one desk, workbench check lists what was done without the role.",
        )  # fmt: skip
