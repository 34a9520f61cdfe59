"""In an office the database itself holds everybody to their roles: asked with plain SQL, past every line of this program."""

# ruff: noqa: S608  the statements are put together from the words of this file

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from workbench.api import Workbench
from workbench.core import documents, roles_postgres
from workbench.core.errors import NotPermitted, WorkbenchError
from workbench.core.roles import AREAS, ROLES, area_of
from workbench.core.store import metadata, now_utc, open_book
from workbench.registry.contacts import CONTACT

GOOD = "a long enough word"
PEOPLE = {f"p.{role}": [role] for role in ROLES} | {"p.both": ["distribution", "approver"], "q.approver": ["approver"]}

ALL, KEPT, GROWS, MADE, DECIDED, NONE = (
    {"INSERT", "UPDATE", "DELETE"},
    {"INSERT", "UPDATE"},
    {"INSERT"},
    {"INSERT"},
    {"UPDATE"},
    set(),
)
REGISTER = {"analyst": KEPT, "admin": KEPT}
REGISTER_PART = {"analyst": ALL, "admin": ALL}
MONEY_IN = {"licensing": KEPT, "admin": KEPT}
EVERY_WRITER = {role: KEPT for role in ROLES if role != "auditor"}


def _each(names: list[str], allowed: Any) -> dict[str, Any]:
    return dict.fromkeys(names, allowed)


MATRIX = {
    **_each(["party", "work", "recording", "release", "agreement"], REGISTER),
    **_each(["mandate", "membership", "attachment", "contact"], REGISTER),
    **_each(["party_name", "party_affiliation", "work_title", "work_share", "recording_work"], REGISTER_PART),
    **_each(["agreement_share", "agreement_territory", "agreement_work"], REGISTER_PART),
    **_each(["mandate_right", "contact_address"], REGISTER_PART),
    "performance": {"analyst": KEPT, "licensing": KEPT, "admin": KEPT},
    "performance_item": {"analyst": ALL, "licensing": ALL, "admin": ALL},
    **_each(["licensee", "licence", "invoice", "receipt"], MONEY_IN),
    "licence_parameter": {"licensing": ALL, "admin": ALL},
    "usage_batch": {"analyst": KEPT, "licensing": KEPT, "admin": KEPT},
    **_each(["usage", "usage_finding"], {"analyst": ALL, "licensing": ALL, "admin": ALL}),
    "usage_match": REGISTER_PART,
    "ruling": REGISTER,
    "conflict": REGISTER,
    **_each(["sync_state", "sync_seen", "sync_held", "sync_taken", "sync_identifier", "anchor"], REGISTER_PART),
    "run": {"distribution": GROWS, "approver": DECIDED},
    **_each(["posting", "run_receipt"], {"approver": GROWS}),
    "staff": {"admin": KEPT},
    "serial": EVERY_WRITER,
    "journal": _each([*ROLES], GROWS),  # that they looked at what is private, no more
    **_each(["book_meta", "alembic_version"], {}),
}  # fmt: skip
"""Table -> role -> what it may do beside reading; written out, not computed from what is tested. A role not named: nothing."""


@dataclass
class OfficeOfRoles:
    """A society in PostgreSQL whose owner is no superuser, with one person for each role."""

    folder: Path
    owner_url: str

    def login(self, person: str) -> psycopg.Connection:
        """Log in as one person, with nothing of this program in between."""
        url = make_url(self.owner_url).set(drivername="postgresql", username=person)
        return psycopg.connect(url.render_as_string(hide_password=False))

    def open(self, person: str) -> Workbench:
        """Open the workspace with a person's own login, as a notebook would."""
        os.environ["PGUSER"] = person
        try:
            return Workbench.open(self.folder)
        finally:
            del os.environ["PGUSER"]

    def ask(self, person: str, *statements: str) -> str:
        """Return what the database answers to the last of several statements, all in one transaction that is taken back:
        `allowed`, or why it is refused."""
        with self.login(person) as connection:
            try:
                for statement in statements:
                    connection.execute(statement)
                connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
            except (psycopg.errors.InsufficientPrivilege, psycopg.errors.UndefinedTable) as refused:
                return f"refused: {refused.diag.message_primary}"
            finally:
                connection.rollback()
        return "allowed"


@pytest.fixture(scope="module")
def office(postgres_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OfficeOfRoles]:
    name = f"roles_{secrets.token_hex(4)}"
    admin = create_engine(make_url(postgres_server).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f'CREATE ROLE "{name}" LOGIN CREATEROLE'))
        connection.execute(text(f'CREATE DATABASE "{name}" OWNER "{name}"'))
        connection.execute(text("CREATE ROLE somebody_else LOGIN"))
    nobody = make_url(postgres_server).set(database=name)._replace(username=None).render_as_string(hide_password=False)
    owner_url = make_url(postgres_server).set(database=name, username=name).render_as_string(hide_password=False)
    os.environ["PGUSER"] = name
    folder = tmp_path_factory.mktemp("office") / "tala"
    try:
        with Workbench.create(
            folder, code="TALA", name="Tala", currency="KES", society="399", territory="404", book_url=nobody, user="owner"
        ) as wb:
            roles_postgres.apply(wb.book, service="desk.server")
            for person, held in PEOPLE.items():
                wb.staff.add(person, password=GOOD, roles=held, database=True)
            _begin(wb)
    finally:
        del os.environ["PGUSER"]
    yield OfficeOfRoles(folder, owner_url)
    with admin.connect() as connection:
        connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
        groups = [f"wb_{name}_{group}" for group in (*ROLES, "person", "service")]
        for role in ["desk.server", "somebody_else", "n.new", "m.more", *PEOPLE, *groups, name]:
            connection.execute(text(f'DROP ROLE IF EXISTS "{role}"'))
    admin.dispose()


def _begin(wb: Workbench) -> None:
    """One member with an address and a work, so that there is something to read and to change."""
    member = wb.parties.save({"kind": "natural", "name": "Njoroge", "first_name": "Wanjiru"}, why="joined").id
    with wb.office.change("the member's bank details") as change:
        documents.save(change, CONTACT, {"party_id": member, "email": "wanjiru@example.org", "phone": "SECRET"})
    wb.works.save({"title": "Taa ya Pwani"}, why="declared")


def _statements(table: str) -> dict[str, str]:
    column = next(iter(metadata.tables[table].columns)).name if table in metadata.tables else "version_num"
    return {
        "INSERT": f"INSERT INTO {table} ({column}) SELECT {column} FROM {table} WHERE false",
        "UPDATE": f"UPDATE {table} SET {column} = {column} WHERE false",
        "DELETE": f"DELETE FROM {table} WHERE false",
        "TRUNCATE": f"TRUNCATE {table} CASCADE",
    }


@pytest.mark.parametrize("role", ROLES)
def test_each_role_may_do_to_each_table_what_the_matrix_says_and_nothing_else(office: OfficeOfRoles, role: str) -> None:
    wrong = []
    with office.login(f"p.{role}") as connection:
        connection.autocommit = True
        for table, allowed in MATRIX.items():
            for kind, statement in _statements(table).items():
                try:
                    connection.execute(statement)
                    said = "allowed"
                except psycopg.errors.InsufficientPrivilege:
                    said = "refused"
                if said != ("allowed" if kind in allowed.get(role, ()) else "refused"):
                    wrong.append(f"{role} {kind} {table}: {said}")
    assert wrong == []


@pytest.mark.parametrize("role", ROLES)
def test_each_role_may_read_each_table_but_no_password(office: OfficeOfRoles, role: str) -> None:
    tables = [table for table in [*metadata.tables, "alembic_version"] if table != "staff" and area_of(table)]
    assert {table: office.ask(f"p.{role}", f"SELECT * FROM {table}") for table in tables} == dict.fromkeys(tables, "allowed")
    assert office.ask(f"p.{role}", "SELECT user_name, roles FROM staff") == "allowed"
    assert (office.ask(f"p.{role}", "SELECT password_hash FROM staff") == "allowed") == (role == "admin")


def test_every_table_of_the_book_is_somebodys_to_write() -> None:
    assert [table for table in metadata.tables if not area_of(table)] == []


def test_every_kind_of_document_is_somebodys_to_journal() -> None:
    assert [kind for kind in documents.KINDS if not area_of(kind)] == []
    assert area_of("usage_match_line") == "matching"


def test_no_name_is_in_two_areas() -> None:
    names = [name for area in AREAS.values() for name in area]
    assert len(names) == len(set(names))


def test_somebody_who_is_not_on_the_staff_cannot_even_connect(office: OfficeOfRoles) -> None:
    with pytest.raises(psycopg.OperationalError, match="permission denied"):
        office.login("somebody_else")


@pytest.mark.parametrize("person", [*PEOPLE])
def test_nobody_changes_the_journal(office: OfficeOfRoles, person: str) -> None:
    for statement in (
        "UPDATE journal SET why = 'another reason'",
        "DELETE FROM journal",
        "TRUNCATE journal",
        "ALTER TABLE journal DISABLE TRIGGER ALL",
        "DROP POLICY open ON journal",
    ):
        assert office.ask(person, statement).startswith("refused"), statement


def test_not_even_the_owner_changes_the_journal_by_mistake(office: OfficeOfRoles) -> None:
    owner = make_url(office.owner_url).username
    assert office.ask(owner, "UPDATE journal SET why = 'another reason'") == "refused: the journal is never changed"
    assert office.ask(owner, "DELETE FROM journal") == "refused: the journal is never changed"
    assert office.ask(owner, "TRUNCATE journal") == "refused: the journal is never changed"


def _entry(who: str, kind: str, *, op: str = "save", at: str = "", seq: str = "head.seq + 1", previous: str = "head.hash") -> str:
    return (  # our own words, for a database of this test
        "INSERT INTO journal (seq, at, who, why, change_set, kind, entity_id, op, previous_hash, hash)"
        f" SELECT {seq}, '{at or now_utc()}', '{who}', 'x', 'x', '{kind}', 'X', '{op}', {previous}, 'x'"
        " FROM journal_head() AS head"
    )


def test_a_person_writes_the_journal_in_their_own_name_only(office: OfficeOfRoles) -> None:
    assert office.ask("p.analyst", _entry("p.analyst", "work")) == "allowed"
    for name in ("q.approver", "p.admin", "", "P.ANALYST", "p.analyst "):
        assert "row-level security" in office.ask("p.analyst", _entry(name, "work")), name


def test_a_borrowed_group_has_no_name_to_write_under(office: OfficeOfRoles) -> None:
    group = f"wb_{make_url(office.owner_url).database}_analyst"
    for become in (f'SET ROLE "{group}"', "SET ROLE none", f'SET SESSION AUTHORIZATION "{group}"'):
        assert office.ask("p.analyst", become, _entry(group, "work")).startswith("refused")
    assert office.ask("p.analyst", 'SET ROLE "p.admin"').startswith("refused")


@pytest.mark.parametrize(
    ("person", "kind", "op", "answer"),
    [
        ("p.analyst", "work", "save", True), ("p.analyst", "match_run", "match", True), ("p.analyst", "licence", "save", False),
        ("p.analyst", "run", "approve", False), ("p.analyst", "staff", "add", False), ("p.analyst", "book", "restore", False),
        ("p.licensing", "receipt", "save", True), ("p.licensing", "usage_batch", "load", True),
        ("p.licensing", "party", "save", False),
        ("p.licensing", "contact", "save", False), ("p.distribution", "run", "prepare", True),
        ("p.distribution", "run", "seal", False),
        ("p.approver", "run", "seal", True), ("p.approver", "run", "prepare", False), ("p.approver", "contact", "save", False),
        ("p.auditor", "work", "save", False), ("p.auditor", "contact_shown", "look", True),
        ("p.auditor", "contact", "save", False),
        ("p.distribution", "contact_shown", "look", True), ("p.licensing", "contact_shown", "look", False),
        ("p.admin", "staff", "add", True), ("p.admin", "run", "approve", False),
        ("p.both", "run", "prepare", True), ("p.both", "run", "approve", True), ("p.both", "work", "save", False),
    ],
)  # fmt: skip
def test_a_person_journals_what_their_roles_do(office: OfficeOfRoles, person: str, kind: str, op: str, answer: bool) -> None:
    assert (office.ask(person, _entry(person, kind, op=op)) == "allowed") is answer


def test_an_entry_follows_the_last_one_and_says_the_time(office: OfficeOfRoles) -> None:
    forged = {
        "a gap": {"seq": "head.seq + 2"},
        "another chain": {"previous": "'f'"},
        "backdated": {"at": "2025-01-01T00:00:00.000000Z"},
        "in the future": {"at": "2099-01-01T00:00:00.000000Z"},
    }
    answers = {what: office.ask("p.analyst", _entry("p.analyst", "work", **how)) for what, how in forged.items()}
    assert {what: answer[:22] for what, answer in answers.items()} == dict.fromkeys(forged, "refused: journal entry")


@pytest.mark.parametrize("person", [*PEOPLE])
def test_addresses_and_accounts_are_shown_only_to_those_who_may_also_in_the_journal(office: OfficeOfRoles, person: str) -> None:
    may = bool({"analyst", "distribution", "auditor", "admin"} & set(PEOPLE[person]))
    with office.login(person) as connection:
        [contacts] = connection.execute("SELECT count(*) FROM contact").fetchone()
        [told] = connection.execute("SELECT count(*) FROM journal WHERE after LIKE '%SECRET%' OR kind = 'contact'").fetchone()
        [others] = connection.execute("SELECT count(*) FROM journal WHERE kind <> 'contact'").fetchone()
    assert (bool(contacts), bool(told)) == (may, may)
    assert others > 0


@pytest.mark.parametrize("person", ["p.approver", "p.licensing", "p.auditor"])
def test_the_chain_is_whole_also_for_who_is_not_shown_every_entry(office: OfficeOfRoles, person: str) -> None:
    with office.open(person) as wb:
        assert wb.check() == []


def test_an_entry_can_follow_one_that_its_writer_is_not_shown(office: OfficeOfRoles) -> None:
    with office.open("p.analyst") as wb:
        [contact] = wb.contacts.frame()["id"].head(1)
        wb.contacts.change(contact, phone="+254 700 000000", why="a new number")
    with office.open("p.licensing") as wb:
        wb.licences.add_licensee("Baa ya Lamu", why="asks for a licence")
        assert wb.check() == []


def test_numbers_are_never_taken_back(office: OfficeOfRoles) -> None:
    assert "once only" in office.ask("p.analyst", "UPDATE serial SET last = 0 WHERE kind = 'W'")


def _run(prepared_by: str) -> str:
    return (
        "INSERT INTO run (id, version, period, currency, digest, state, prepared_by, folder)"
        f" VALUES ('TALA-D-9', 1, '2025-Q3', 'KES', 'abc', 'prepared', '{prepared_by}', 'runs/TALA-D-9')"
    )


APPROVE = "UPDATE run SET state = 'approved', approved_by = '{0}', approved_digest = 'abc' WHERE id = 'TALA-D-9'"
SEAL = "UPDATE run SET state = 'sealed', sealed_by = '{0}' WHERE id = 'TALA-D-9'"


def _owner_first(office: OfficeOfRoles, owner_says: list[str], person: str, *statements: str) -> str:
    """Let the owner put something there, then ask as a person; all of it is taken back."""
    with psycopg.connect(
        make_url(office.owner_url).set(drivername="postgresql").render_as_string(hide_password=False)
    ) as connection:
        for statement in owner_says:
            connection.execute(statement)
        connection.execute("SET CONSTRAINTS ALL DEFERRED")
        connection.execute(f'GRANT "{person}" TO CURRENT_USER')
        connection.execute(f'SET LOCAL ROLE "{person}"')
        try:
            for statement in statements:
                connection.execute(statement)
        except psycopg.errors.InsufficientPrivilege as refused:
            return f"refused: {refused.diag.message_primary}"
        finally:
            connection.rollback()
    return "allowed"


def test_the_database_keeps_the_four_eyes_of_a_run(office: OfficeOfRoles) -> None:
    theirs, own = [_run("p.distribution")], [_run("p.both")]
    approved = [*theirs, APPROVE.format("q.approver")]
    ask = lambda says, person, *statements: _owner_first(office, says, person, *statements).partition(":")[0]  # noqa: E731
    assert ask(theirs, "q.approver", APPROVE.format("q.approver")) == "allowed"
    assert ask(approved, "q.approver", SEAL.format("q.approver")) == "allowed"
    refused = {
        "one's own": ask(own, "p.both", APPROVE.format("p.both")),
        "in another's name": ask(theirs, "q.approver", APPROVE.format("p.approver")),
        "sealed unapproved": ask(theirs, "q.approver", SEAL.format("q.approver")),
        "another digest": ask(theirs, "q.approver", "UPDATE run SET digest = 'def'"),
        "another preparer": ask(theirs, "q.approver", "UPDATE run SET prepared_by = 'x'"),
        "for another digest": ask(theirs, "q.approver", APPROVE.format("q.approver").replace("'abc'", "'def'")),
        "after sealing": ask([*approved, SEAL.format("q.approver")], "q.approver", "UPDATE run SET note = 'x'"),
        "prepared for another": ask([], "p.distribution", _run("p.both")),
        "prepared approved": ask([], "p.distribution", _run("p.distribution").replace("'prepared'", "'approved'")),
        "deleted": ask(theirs, "q.approver", "DELETE FROM run"),
        "by the preparer": ask(theirs, "p.distribution", APPROVE.format("p.distribution")),
        "by an administrator": ask(theirs, "p.admin", APPROVE.format("p.admin")),
    }
    assert refused == dict.fromkeys(refused, "refused")


def test_money_is_posted_only_for_an_approved_run_of_another(office: OfficeOfRoles) -> None:
    post = (
        "INSERT INTO posting (run_id, line, entry, account, payee_id, currency, amount_micros)"
        " VALUES ('TALA-D-9', 1, 1, 'x', '', 'KES', 1)"
    )
    theirs = [_run("p.distribution")]
    assert "approved run" in _owner_first(office, theirs, "q.approver", post)
    assert _owner_first(office, [*theirs, APPROVE.format("q.approver")], "q.approver", post) == "allowed"
    assert "approved run" in _owner_first(office, [_run("p.both"), APPROVE.format("q.approver")], "p.both", post)


def test_a_run_is_never_made_past_the_journal(office: OfficeOfRoles) -> None:
    assert (
        office.ask("p.distribution", _run("p.distribution")) == "refused: the journal says nothing of this change of run TALA-D-9"
    )
    entry = _entry("p.distribution", "run", op="prepare").replace("'X'", "'TALA-D-9'")
    assert office.ask("p.distribution", entry, _run("p.distribution")) == "allowed"


def test_nobody_gives_themselves_a_role_and_none_is_given_past_the_journal(office: OfficeOfRoles) -> None:
    assert office.ask("p.admin", "UPDATE staff SET roles = 'admin approver' WHERE user_name = 'p.admin'").endswith(
        "own roles: p.admin"
    )
    assert "journal says nothing" in office.ask("p.admin", "UPDATE staff SET roles = 'approver' WHERE user_name = 'p.analyst'")
    assert office.ask("p.analyst", "SELECT keep_person('p.analyst', 'approver')").startswith("refused")
    assert office.ask("p.analyst", "SELECT let_in('p.admin', 'SCRAM-SHA-256$x')").startswith("refused")
    owner = make_url(office.owner_url).username
    with office.open("p.admin") as wb, pytest.raises(NotPermitted, match="no person of the workbench"):
        wb.staff.add("postgres" if owner == "postgres" else "somebody_else", password=GOOD, roles=["admin"])


def test_a_role_given_and_an_account_closed_hold_in_the_database_at_once(office: OfficeOfRoles) -> None:
    with office.open("p.admin") as wb:
        wb.staff.add("n.new", password=GOOD, roles=["auditor"], database=True)
        assert office.ask("n.new", "UPDATE work SET title = title").startswith("refused")
        wb.staff.set_roles("n.new", ["analyst"], why="learnt the trade")
        assert office.ask("n.new", "UPDATE work SET title = title") == "allowed"
        wb.staff.disable("n.new", why="left the society")
    with pytest.raises(psycopg.OperationalError, match="permission denied"):
        office.login("n.new")


def test_a_notebook_of_an_auditor_reads_everything_and_changes_nothing(office: OfficeOfRoles) -> None:
    notebook = """
import sys
from workbench import Workbench
from workbench.core.errors import WorkbenchError
with Workbench.open(sys.argv[1]) as wb:
    print(wb.office.user, len(wb.parties.frame()), len(wb.contacts.frame()) > 0, len(wb.journal()) > 2, wb.check())
    tries = {
        "save": lambda: wb.works.save({"title": "x"}, why="try"),
        "in another's name": lambda: wb.works.save({"title": "x"}, why="try", by="p.analyst"),
        "run": lambda: wb.matching.run(),
        "staff": lambda: wb.staff.add("x.y", password="a long enough word", roles=["admin"]),
    }
    for name, attempt in tries.items():
        try:
            attempt()
        except WorkbenchError as error:
            print(name, type(error).__name__, error)
        else:
            print(name, "done")
"""
    done = subprocess.run(
        [sys.executable, "-c", notebook, str(office.folder)], capture_output=True, text=True, check=False, timeout=300,
        env={**os.environ, "PGUSER": "p.auditor"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    said = done.stdout.splitlines()
    assert said[0] == "p.auditor 1 True True []"
    assert len(said) == 5
    for line in said[1:]:
        assert "NotPermitted the database does not allow this: got" in line
        assert "workbench roles show" in line


def test_the_day_goes_round_with_everybody_at_their_own_login(office: OfficeOfRoles) -> None:
    with office.open("p.analyst") as wb:
        member = wb.parties.save(
            {
                "kind": "natural", "name": "Otieno", "first_name": "Amina",
                "affiliations": [{"society": "399", "right": "performing", "territory": "2136"}],
            },
            why="joined",
        )  # fmt: skip
        shares = [{"party_id": member.id, "role": "CA", "performing_ppm": 1_000_000, "mechanical_ppm": 1_000_000}]
        wb.works.save({"title": "Taa ya Kisumu", "shares": shares}, why="declared")
        wb.mandates.save(
            {"party_id": member.id, "starts_on": "2015-01-01", "rights": [{"right": "performing", "territory": "2136"}]},
            why="joined",
        )
    with office.open("p.licensing") as wb:
        licensee = wb.licences.add_licensee("Ukumbi wa Pwani", why="asks for a licence")
        licence = wb.licences.add_licence(
            licensee.id, tariff="concert", starts_on="2025-01-01", parameters={"takings": "30000.00"}, why="signed"
        )
        invoice = wb.licences.invoice_from_licence(licence.id, "2025-Q3", issued_on="2025-09-01", why="due")
        wb.licences.add_receipt(invoice.id, amount="3000.00", received_on="2025-09-15", why="paid")
        played = {
            "title": "Taa ya Kisumu",
            "artist": "",
            "writers": "Otieno",
            "duration_seconds": 240,
            "plays": 1,
            "used_on": "2025-08-02",
        }
        wb.usage.capture([played], licence_id=licence.id, period="2025-Q3", why="the hall's set list")
    with office.open("p.analyst") as wb:
        wb.matching.run()
    with office.open("p.distribution") as wb:
        run = wb.distribution.prepare("2025-Q3")
        with pytest.raises(NotPermitted):
            run.approve(by="q.approver")
    with office.open("q.approver") as wb:
        run = wb.distribution.get(run.id)
        run.approve(by="q.approver")
        run.seal(by="q.approver", note="Board decision 2025/14")
    with office.open("p.auditor") as wb:
        assert wb.distribution.get(run.id).state == "sealed"
        assert wb.statements.audit_kit(run.id, to=office.folder / "outbox" / "kit.zip").is_file()
        entries = wb.journal(last=1_000)
        assert [kind for kind in sorted(set(entries["kind"])) if not area_of(kind)] == []
        people = entries["who"]
        assert {"p.analyst", "p.licensing", "p.distribution", "q.approver"} <= set(people)
        assert wb.check() == []


def test_a_login_is_one_person_whatever_name_is_given(office: OfficeOfRoles) -> None:
    os.environ["PGUSER"] = "p.analyst"
    try:
        with pytest.raises(NotPermitted, match=r"got p\.admin, expected p\.analyst"):
            Workbench.open(office.folder, user="p.admin")
    finally:
        del os.environ["PGUSER"]
    with office.open("p.analyst") as wb, pytest.raises(NotPermitted):
        wb.works.save({"title": "x"}, why="try", by="p.admin")


@dataclass
class Server:
    """The staff server's login, which opens the book for whoever is signed in."""

    office: OfficeOfRoles

    def open(self, user: str) -> Workbench:
        os.environ["PGUSER"] = "desk.server"
        try:
            return Workbench.open(self.office.folder, user=user)
        finally:
            del os.environ["PGUSER"]


def test_the_staff_server_acts_with_the_roles_of_who_is_signed_in(office: OfficeOfRoles) -> None:
    server = Server(office)
    with server.open("p.analyst") as wb:
        work = wb.works.save({"title": "Usiku wa Lamu"}, why="declared at the counter")
        assert wb.works.history(work.id)["who"].tolist() == ["p.analyst"]
        assert len(wb.contacts.frame()) > 0
        with pytest.raises(NotPermitted):
            wb.licences.licensees.save({"name": "Radio Pwani"}, why="try")
    with server.open("p.licensing") as wb:
        assert len(wb.contacts.frame()) == 0
        with pytest.raises(NotPermitted):
            wb.works.save({"title": "x"}, why="try")


def test_the_staff_server_by_itself_only_checks_passwords(office: OfficeOfRoles) -> None:
    with Server(office).open("staff server") as wb:
        assert wb.staff.count() == len(PEOPLE)
        assert wb.staff.check("p.auditor", GOOD).roles == {"auditor"}
        for attempt in (wb.parties.frame, wb.journal, lambda: wb.works.save({"title": "x"}, why="try")):
            with pytest.raises(NotPermitted):
                attempt()
    assert office.ask("desk.server", "SELECT * FROM contact").startswith("refused")
    owner = make_url(office.owner_url).username
    assert office.ask("desk.server", f'SET ROLE "{owner}"').startswith("refused")


def test_roles_check_finds_what_was_changed_by_hand_and_apply_mends_it(office: OfficeOfRoles) -> None:
    book = open_book(office.owner_url)
    group = f"wb_{make_url(office.owner_url).database}_"
    try:
        assert roles_postgres.check(book) == []
        with book.engine.begin() as connection:
            for statement in (
                f'GRANT UPDATE ON work TO "{group}auditor"',
                f'REVOKE INSERT ON invoice FROM "{group}licensing"',
                "ALTER TABLE run DISABLE TRIGGER run_four_eyes",
                "ALTER TABLE contact DISABLE ROW LEVEL SECURITY",
                f'GRANT "{group}approver" TO "p.analyst"',
                f'CREATE POLICY everything ON journal FOR SELECT TO "{group}person" USING (true)',
            ):
                connection.exec_driver_sql(statement)
        found = {finding.source for finding in roles_postgres.check(book)}
        assert found == {"work", "invoice", "run_four_eyes", "contact", "p.analyst", "journal"}
        roles_postgres.apply(book)
        assert roles_postgres.check(book) == []
    finally:
        book.close()


def test_the_verbs_say_what_is_so(office: OfficeOfRoles) -> None:
    def workbench(person: str, *words: str) -> subprocess.CompletedProcess[str]:
        program = "import sys; from workbench.cli import main; main(sys.argv[1:])"
        return subprocess.run(
            [sys.executable, "-c", program, *words], capture_output=True, text=True, check=False, timeout=300,
            env={**os.environ, "PGUSER": person},
        )  # fmt: skip

    owner, folder = str(make_url(office.owner_url).username), str(office.folder)
    applied = workbench(owner, "roles", "apply", folder, "--service", "desk.server")
    assert (applied.returncode, "desk.server may serve" in applied.stdout) == (0, True), applied.stderr
    checked = workbench("p.admin", "roles", "check", folder)
    assert (checked.returncode, "and nothing else" in checked.stdout) == (0, True), checked.stderr
    assert "p.both, q.approver" in workbench("p.auditor", "roles", "show", folder).stdout
    refused = workbench("p.admin", "roles", "apply", folder)
    assert (refused.returncode, "only the owner gives out roles" in refused.stderr) == (2, True), refused.stderr
    with office.login(owner) as connection:
        connection.execute(f'GRANT DELETE ON work TO "wb_{connection.info.dbname}_analyst"')
    assert workbench("p.admin", "roles", "check", folder).returncode == 1
    assert workbench(owner, "roles", "apply", folder).returncode == 0
    added = workbench("p.admin", "staff", "add", folder, "m.more", "--role", "licensing", "--database", "--password", GOOD)
    assert "m.more may sign in as licensing, and log in to the database." in added.stdout
    assert office.ask("m.more", "UPDATE receipt SET version = version") == "allowed"


def test_only_the_owner_gives_out_roles(office: OfficeOfRoles) -> None:
    with office.open("p.admin") as wb, pytest.raises(NotPermitted, match="only the owner"):
        roles_postgres.apply(wb.book)


def test_one_desk_says_that_it_cannot_hold_anybody(tmp_path: Path) -> None:
    with Workbench.create(tmp_path / "desk", code="TALA", name="Tala", currency="KES", user="a.mwangi") as wb:
        with pytest.raises(WorkbenchError, match="expected postgresql"):
            roles_postgres.apply(wb.book)
        with pytest.raises(WorkbenchError, match="no logins"):
            wb.staff.add("x.y", password=GOOD, roles=["analyst"], database=True)
        assert wb.staff.count() == 0
