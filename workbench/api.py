"""`Workbench.open(folder_or_url)`: the public door, and the only place where the parts are wired together."""

from __future__ import annotations

import getpass
from functools import cached_property
from pathlib import Path

import pandas as pd

from .apps.staff import Staff
from .core import journal, workspace_backup
from .core.backup import Backup, read_backup, restore
from .core.backup import backup as make_backup
from .core.backup import check as check_book
from .core.config import SETTINGS_FILE, Config, create_workspace, read_config
from .core.documents import Kind
from .core.errors import Finding
from .core.money import Money
from .core.office import Office, Progress, silent
from .core.role_findings import without_role
from .core.store import Book, create_book, open_book
from .core.territories import Territories, standard_territories
from .distribution.run import Distribution
from .distribution.statements import Statements
from .matching.run import Matching
from .matching.usage import UsageDesk
from .registry.agreements import AGREEMENT, Agreements
from .registry.attachments import ATTACHMENT, Attachments
from .registry.cleaning import Cleaning
from .registry.contacts import CONTACT, Contacts
from .registry.licences import INVOICE, LICENCE, LICENSEE, RECEIPT, Licences
from .registry.mandates import MANDATE, Mandates
from .registry.memberships import MEMBERSHIP, Memberships
from .registry.onboarding import Onboarding
from .registry.parties import PARTY, Parties
from .registry.past import Moment, Past
from .registry.performances import PERFORMANCE, Performances
from .registry.recordings import RECORDING, Recordings
from .registry.register_file import Register
from .registry.releases import RELEASE, Releases
from .registry.search.desk import Search
from .registry.works import WORK, Works
from .sync.client import SyncDesk

KINDS: tuple[Kind, ...] = (
    PARTY,
    MEMBERSHIP,
    CONTACT,
    WORK,
    RECORDING,
    RELEASE,
    LICENSEE,
    LICENCE,
    INVOICE,
    RECEIPT,
    PERFORMANCE,
    AGREEMENT,
    MANDATE,
    ATTACHMENT,
)
"""Every kind of document a book keeps, owners before what names them."""


class Workbench:
    """One person's session with one society's workspace; every desk is an attribute.

    >>> wb = Workbench.open("society")                                  # doctest: +SKIP
    >>> wb.works.search("malaika", writer="makeba")                     # doctest: +SKIP
    """

    def __init__(self, config: Config, book: Book, user: str) -> None:
        self.config = config
        self.book = book
        self.office = Office(book, config, user)

    @classmethod
    def open(cls, folder: str | Path, user: str = "") -> Workbench:
        """Open the workspace in `folder` in the name of `user` (when not said: whose login of the office's database it is, else
        the system's user).

        Raises `WorkbenchError` when there is no workspace or no book, or when the book's schema does not fit this program, and
        `NotPermitted` for a name that is not the database login's.
        """
        config = read_config(Path(folder))
        book = open_book(config.book_url, user)
        return cls(config, book, user or book.person or getpass.getuser())

    @classmethod
    def create(cls, folder: str | Path, *, code: str, name: str, currency: str, user: str = "", **details: str) -> Workbench:
        """Make a new workspace with an empty book and open it; `details`: society, territory, book_url, central_url."""
        config = create_workspace(Path(folder), code=code, name=name, currency=currency, **details)
        try:
            book = create_book(config.book_url, instance=code, currency=currency)
        except BaseException:  # without a book it is no workspace, and would be in the way of the next try
            (config.folder / SETTINGS_FILE).unlink()
            raise
        return cls(config, book, user or getpass.getuser())

    @classmethod
    def restore(
        cls, file: str | Path, folder: str | Path, *, book_url: str = "", user: str = "", progress: Progress = silent
    ) -> Workbench:
        """Make the workspace of a backup in an empty `folder` and open it: book, runs, rules, the society's name and settings.

        The book goes to `book_url`, or to a file in the folder. Raises `WorkbenchError` for a damaged backup, a folder that has a
        workspace, or a database that is not empty; then nothing was restored.
        """
        file, folder, by = Path(file), Path(folder).expanduser().resolve(), user or getpass.getuser()
        held = read_backup(file, progress)
        url = book_url or f"sqlite:///{folder / 'book.sqlite'}"
        with workspace_backup.put_back(file, held.workspace, folder, progress):
            folder.mkdir(parents=True, exist_ok=True)
            restore(file, url, by=by, progress=progress)
        book = open_book(url)
        config = workspace_backup.make(
            held.workspace, folder, code=held.instance, currency=book.meta("currency"), book_url=book_url
        )  # fmt: skip
        return cls(config, book, by)

    def backup(self, to: str | Path | None = None, progress: Progress = silent) -> Backup:
        """Write the book, the runs, the rules and the settings into one verified file; `backups/` when `to` is not said.

        Raises `WorkbenchError` where a file exists already.
        """
        return make_backup(self.book, Path(to) if to else self.config.backups, progress, workspace=self.config)

    def close(self) -> None:
        """Let go of the book."""
        self.book.close()

    def __enter__(self) -> Workbench:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Workbench({self.config.name}, {self.config.folder}, as {self.office.user})"

    def check(self) -> list[Finding]:
        """Check the whole book: the database itself, the journal's chain, every document against it, what was done without the
        role for it, and the ledger."""
        return [*check_book(self.book, kinds=KINDS, extra_checks=[without_role]), *self.distribution.check()]

    def problems(self) -> pd.DataFrame:
        """Return every problem of works and recordings with the money that waits on it, most money first.

        One row per problem: kind, id, title, rule, message, got, right, territory, since, distributable, what_to_do, waiting
        (Decimal, in the society's currency: held by sealed runs and about what is not distributed yet; 0 where the problem keeps
        nothing back), waiting_elsewhere (other currencies, as text).
        """
        money = self.distribution.waiting_by_target()
        frames = []
        for kind, desk in (("work", self.works), ("recording", self.recordings)):
            found = desk.problems()
            found.insert(0, "kind", kind)
            frames.append(found)
        table = pd.concat(frames, ignore_index=True)
        waits = [
            money.get((kind, entity_id), {}) if state != "fully" else {}
            for kind, entity_id, state in zip(table["kind"], table["id"], table["distributable"], strict=True)
        ]
        own = self.config.currency
        amounts = [Money(own, one[own].micros if own in one else 0).amount for one in waits]
        table["waiting"] = pd.Series(amounts, index=table.index, dtype=object)
        table["waiting_elsewhere"] = [
            ", ".join(str(Money(currency, sum_.micros)) for currency, sum_ in one.items() if currency != own) for one in waits
        ]
        rank = list(zip((-one for one in amounts), table["kind"], table["id"], range(len(table)), strict=True))
        return table.iloc[sorted(range(len(table)), key=rank.__getitem__)].reset_index(drop=True)

    def as_of(self, when: Moment = "", *, before: str = "") -> Past:
        """Return the register as it stood at the end of a day (UTC), at an instant, or just before a change set, like an import.

        `wb.as_of("2025-07-01").frame("work")`: it can be read only; see `Past.of`.
        """
        return Past.of(self.office, when, before=before)

    def journal(self, *, kind: str = "", entity_id: str = "", last: int = 100) -> pd.DataFrame:
        """Return the newest `last` journal entries, newest first: number, when (UTC), who, why, what."""
        with self.book.read() as connection:
            number, _ = journal.head(connection)
            start = 0 if kind or entity_id else max(0, number - last)
            rows = [journal.as_row(e) for e in journal.entries(connection, after=start, kind=kind, entity_id=entity_id)]
        columns = ["seq", "at", "who", "why", "kind", "entity_id", "op", "before", "after", "hash"]
        return pd.DataFrame(rows[-last:][::-1], columns=columns)

    @cached_property
    def parties(self) -> Parties:
        """People, groups and companies that hold rights."""
        return Parties(self.office)

    @cached_property
    def memberships(self) -> Memberships:
        """Each right holder's life with the society."""
        return Memberships(self.office)

    @cached_property
    def contacts(self) -> Contacts:
        """Where parties are reached and how they are paid; kept apart."""
        return Contacts(self.office)

    @cached_property
    def attachments(self) -> Attachments:
        """Papers kept with records."""
        return Attachments(self.office)

    @cached_property
    def works(self) -> Works:
        """Compositions with writers, publishers and shares."""
        return Works(self.office)

    @cached_property
    def recordings(self) -> Recordings:
        """Sound recordings with performers and producers."""
        return Recordings(self.office)

    @cached_property
    def releases(self) -> Releases:
        """Albums and singles with the recordings on them."""
        return Releases(self.office)

    @cached_property
    def performances(self) -> Performances:
        """Concerts and broadcasts with set lists."""
        return Performances(self.office)

    @cached_property
    def agreements(self) -> Agreements:
        """Who collects for whom."""
        return Agreements(self.office)

    @cached_property
    def mandates(self) -> Mandates:
        """What right holders entrusted to the society."""
        return Mandates(self.office)

    @cached_property
    def licences(self) -> Licences:
        """Licensees, licences, invoices and receipts."""
        return Licences(self.office)

    @cached_property
    def search(self) -> Search:
        """Anything in the register, by any name, title or number, typed badly: `wb.search("malaika makeba")`."""
        return Search(self.office)

    @cached_property
    def territories(self) -> Territories:
        """The dated graph of territories."""
        return standard_territories()

    @cached_property
    def onboarding(self) -> Onboarding:
        """Spreadsheets into the register."""
        return Onboarding(self.office)

    @cached_property
    def register(self) -> Register:
        """The whole register: its digest, its export, and an export loaded."""
        return Register(self.office)

    @cached_property
    def cleaning(self) -> Cleaning:
        """Files and parts of the register on the cleaning bench: facets, clusters, steps, recipes."""
        return Cleaning(self.office)

    @cached_property
    def usage(self) -> UsageDesk:
        """Usage reports, line by line."""
        return UsageDesk(self.office)

    @cached_property
    def matching(self) -> Matching:
        """From a line in a report to a work or recording we know."""
        return Matching(self.office)

    @cached_property
    def distribution(self) -> Distribution:
        """From money and matches to what each party is owed."""
        return Distribution(self.office)

    @cached_property
    def statements(self) -> Statements:
        """What each party is told, and the audit kit."""
        return Statements(self.office)

    @cached_property
    def sync(self) -> SyncDesk:
        """The exchange with the central instance."""
        return SyncDesk(self.office)

    @cached_property
    def staff(self) -> Staff:
        """Who may sign in to the staff apps."""
        return Staff(self.office)
