"""Build the demonstration: invent the society, put its register into the book, write its usage files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..api import Workbench
from ..core.documents import Kind, save_many
from ..core.errors import WorkbenchError
from ..core.office import Progress, silent
from . import arrivals, business, contracts, creations, membership, people, repertoire, usage
from .words import generator

CURRENCY = "KES"
WHO = "demo"


ACCOUNTS = (
    ("a.mwangi", "Akinyi Mwangi-Kombe", "karibu tala mwangi", ("analyst", "distribution")),
    ("b.kamau", "Baraka Kamau-Thaka", "karibu tala kamau", ("approver",)),
    ("c.auma", "Chausiku Auma-Winja", "karibu tala auma", ("auditor",)),
    ("d.njeri", "Dalili Njeri-Hoya", "karibu tala njeri", ("admin", "analyst")),
)


@dataclass(frozen=True, slots=True)
class Report:
    """One usage file: where it lies in the workspace, and what to say when it is loaded."""

    file: str
    layout: str
    licence_id: str
    period: str
    lines: int


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """One invented person who may sign in to the apps; the password is for the demonstration only."""

    name: str
    password: str
    roles: tuple[str, ...]


@dataclass
class Demo:
    """What was built, in numbers; printing it says so in words."""

    folder: Path
    seed: int
    counts: dict[str, int] = field(default_factory=dict)
    licences: dict[str, str] = field(default_factory=dict)
    """Licence ids by customer: radio, streaming, concerts."""
    reports: list[Report] = field(default_factory=list)
    """The usage files in the inbox, in the order in which they would have come."""
    sheets: dict[str, int] = field(default_factory=dict)
    """Spreadsheets of newcomers in the inbox, and how many lines each has."""
    accounts: list[DemoAccount] = field(default_factory=list)

    def __str__(self) -> str:
        lines = [f"Tala Music Rights Society, invented with seed {self.seed}, lies in {self.folder}"]
        lines += [f"  {count:>9,} {name}" for name, count in self.counts.items()]
        lines += [
            f"  {one.lines:>9,} lines in {one.file} (layout {one.layout}, licence {one.licence_id})" for one in self.reports
        ]
        lines += [f"  {count:>9,} lines in inbox/{name}, to be taken in" for name, count in self.sheets.items()]
        lines += [f"  sign in as {one.name}, password: {one.password} ({', '.join(one.roles)})" for one in self.accounts]
        return "\n".join(lines)


def build(folder: str | Path, seed: int = 1, scale: float = 1.0, progress: Progress = silent, database: str = "") -> Demo:
    """Make a new workspace in `folder` with the invented society and its usage files, and return what was built.

    The same `seed` and `scale` give the same identifiers, documents and usage files, byte for byte; only the journal's times
    and the workspace's own keys differ. `scale` 1 is 2,000 right holders, 10,000 works, 12,000 recordings and 200,000 usage
    lines. `database` names a PostgreSQL database for the book. Raises `WorkbenchError` where the folder is not empty.
    """
    if Path(folder).is_dir() and any(not inside.name.startswith(".") for inside in Path(folder).iterdir()):
        raise WorkbenchError("the folder is not empty", got=folder, next_step="Name a new one for the demonstration.")
    wb = Workbench.create(
        folder,
        code="TALA",
        name="Tala Music Rights Society",
        currency=CURRENCY,
        society=people.OWN_SOCIETY,
        territory="404",
        book_url=database,
        user=WHO,
    )
    with wb:
        demo = Demo(wb.config.folder, seed)
        _Builder(wb, demo, scale, progress).run()
    return demo


class _Builder:
    """One build: what has been made so far, and the steps in order."""

    def __init__(self, wb: Workbench, demo: Demo, scale: float, progress: Progress) -> None:
        self.wb, self.demo, self.progress = wb, demo, progress
        self.size = {name: max(lowest, round(full * scale)) for name, (full, lowest) in SIZES.items()}
        self.done = 0

    def run(self) -> None:
        """Invent and save everything."""
        members = self._members()
        cast = repertoire.cast(members)
        works = self._works(cast)
        recordings = self._recordings(cast, works)
        self._contracts(cast, members, works)
        self._life(members, recordings)
        self._creations(cast, works, recordings)
        shows = self._business(works, recordings)
        self._usage(members, works, recordings, shows)
        self._arrivals(members)
        self._accounts()

    def _members(self) -> list[people.Member]:
        self._step("right holders")
        members = people.members(generator(self.demo.seed, "people"), self.size["parties"])
        stored = self._save(self.wb.parties.kind, [member.document for member in members], "the invented members join")
        for member, document in zip(members, stored, strict=True):
            member.document = document
        writers = [member for member in members if "writer" in member.roles]
        self.demo.counts["right holders"] = len(members)
        self.demo.counts["writers without an IPI number, on purpose"] = sum(
            not member.document["ipi_base_number"] for member in writers
        )
        return members

    def _works(self, cast: repertoire.Cast) -> list[dict[str, Any]]:
        self._step("works")
        rng = generator(self.demo.seed, "works")
        mistakes = repertoire.plan_mistakes(rng, self.size["works"])
        works = self._save(
            self.wb.works.kind, repertoire.works(rng, cast, self.size["works"], mistakes), "the invented works are documented"
        )
        self.demo.counts["works"] = len(works)
        self.demo.counts["works whose performing shares do not total 100 %, on purpose"] = len(mistakes.wrong_total)
        self.demo.counts["works without shares, on purpose"] = len(mistakes.no_shares)
        return works

    def _recordings(self, cast: repertoire.Cast, works: list[dict[str, Any]]) -> list[dict[str, Any]]:
        self._step("recordings")
        made = repertoire.recordings(generator(self.demo.seed, "recordings"), cast, works, self.size["recordings"])
        self.demo.counts["recordings"] = len(made)
        return self._save(self.wb.recordings.kind, made, "the invented recordings are documented")

    def _contracts(self, cast: repertoire.Cast, members: Sequence[people.Member], works: list[dict[str, Any]]) -> None:
        self._step("agreements and mandates")
        rng = generator(self.demo.seed, "contracts")
        agreements = contracts.agreements(rng, cast, works)
        mandates = contracts.mandates(rng, members)
        self._save(self.wb.agreements.kind, agreements, "publishing and sub-publishing agreements are filed")
        self._save(self.wb.mandates.kind, mandates, "members entrust their rights")
        self.demo.counts["agreements"] = len(agreements)
        self.demo.counts["mandates"] = len(mandates)

    def _life(self, members: Sequence[people.Member], recordings: list[dict[str, Any]]) -> None:
        self._step("memberships, contacts, releases")
        rng = generator(self.demo.seed, "life")
        self._save(self.wb.parties.kind, membership.lives(rng, members), "bands name their members, heirs come forward")
        joined = membership.memberships(rng, members)
        self._save(self.wb.memberships.kind, joined, "memberships are entered")
        self._save(self.wb.contacts.kind, membership.contacts(rng, members), "members say how they are reached and paid")
        albums = membership.releases(rng, recordings)
        self._save(self.wb.releases.kind, albums, "the invented albums are documented")
        self.demo.counts["memberships"] = len(joined)
        self.demo.counts["releases"] = len(albums)

    def _creations(self, cast: repertoire.Cast, works: list[dict[str, Any]], recordings: list[dict[str, Any]]) -> None:
        made = creations.creations(generator(self.demo.seed, "creations"), cast, works, recordings)
        self._save(self.wb.works.kind, made, "a film with its music, a medley and a book are documented")
        self.demo.counts["other creations: a film, a medley, a book"] = len(made)

    def _business(self, works: list[dict[str, Any]], recordings: list[dict[str, Any]]) -> list[dict[str, Any]]:
        self._step("licences, invoices, receipts, concerts")
        rng = generator(self.demo.seed, "business")
        users = business.CUSTOMERS
        licensees = self._save(self.wb.licences.licensees.kind, [dict(user.licensee) for user in users], "licensees sign up")
        licences = self._save(
            self.wb.licences.licences.kind,
            [business.licence(user, licensee["id"]) for user, licensee in zip(users, licensees, strict=True)],
            "licences for 2025 are signed",
        )
        self.demo.licences = {user.key: document["id"] for user, document in zip(users, licences, strict=True)}
        bills: list[dict[str, Any]] = []
        for quarter in business.QUARTERS:
            for user in users:
                number, net = len(bills) + 1, user.net_micros[quarter]
                bills.append(business.invoice(self.demo.licences[user.key], number, quarter, net, CURRENCY))
        invoices = self._save(self.wb.licences.invoices.kind, bills, "two quarters are invoiced")
        paid = [receipt for bill in invoices for receipt in business.receipts(rng, bill)]
        self._save(self.wb.licences.receipts.kind, paid, "the bank's statement is booked")
        shows = business.concerts(rng, recordings, works, self.demo.licences["concerts"], self.size["concerts"])
        shows = self._save(self.wb.performances.kind, shows, "the hall's concerts and set lists are captured")
        self.demo.counts["licences"] = len(licences)
        self.demo.counts["invoices"] = len(invoices)
        self.demo.counts["receipts"] = len(paid)
        self.demo.counts["concerts"] = len(shows)
        return shows

    def _usage(
        self,
        members: Sequence[people.Member],
        works: list[dict[str, Any]],
        recordings: list[dict[str, Any]],
        shows: list[dict[str, Any]],
    ) -> None:
        seed, quarters = self.demo.seed, business.QUARTERS
        songs = usage.library(generator(seed, "library"), recordings, works, members)
        writer = usage.Writer(self.wb.config.inbox, songs)
        by_work = {song.work_id: song for song in songs.inside}
        items = sum(len(show["items"]) for show in shows)
        sets = min(items, self.size["lines"] // 10)
        for quarter in quarters:
            self._step(f"set lists {quarter}")
            writer.concerts(generator(seed, f"concerts-{quarter}"), shows, quarter, by_work, sets // len(quarters))
        left = self.size["lines"] - sum(writer.lines.values())
        plays = left * 47 // 100 // len(quarters)
        radio = usage.Source(generator(seed, "radio"), songs, "radio")
        streaming = usage.Source(generator(seed, "streaming"), songs, "streaming")
        for position, quarter in enumerate(quarters, start=1):
            self._step(f"playlists {quarter}")
            writer.radio(generator(seed, f"radio-{quarter}"), radio, quarter, plays)
            self._step(f"streams {quarter}")
            rest = left - plays * len(quarters)
            count = rest // len(quarters) if position < len(quarters) else rest - rest // len(quarters)
            writer.streaming(generator(seed, f"streaming-{quarter}"), streaming, quarter, count)
        writer.finish()
        layouts = {"radio": "radio-playlist-v1", "streaming": "streaming-report-v1", "concerts": "set-list-v1"}
        for name, lines in sorted(writer.lines.items(), key=lambda item: item[0].partition("-")[2]):
            key, _, period = name.partition(".")[0].partition("-")
            self.demo.reports.append(Report(f"inbox/{name}", layouts[key], self.demo.licences[key], period, lines))
        self.demo.counts["usage lines"] = sum(writer.lines.values())

    def _arrivals(self, members: Sequence[people.Member]) -> None:
        like = next(member for member in members if "writer" in member.roles and member.culture == "swahili")
        self.demo.sheets = arrivals.write(self.wb.config.inbox, like.document)

    def _accounts(self) -> None:
        for name, full_name, password, roles in ACCOUNTS:
            self.wb.staff.add(name, full_name=full_name, password=password, roles=roles, why="the demonstration's staff")
            self.demo.accounts.append(DemoAccount(name, password, roles))

    def _save(self, kind: Kind, documents: list[dict[str, Any]], why: str) -> list[dict[str, Any]]:
        with self.wb.office.change(why) as change:
            return save_many(change, kind, documents)

    def _step(self, what: str) -> None:
        self.progress(what, self.done, STEPS)
        self.done += 1


SIZES = {  # at scale 1, and the least that still makes a society
    "parties": (2_000, 60),
    "works": (10_000, 60),
    "recordings": (12_000, 72),
    "concerts": (60, 4),
    "lines": (200_000, 400),
}
STEPS = 12
"""Steps of a build, for its progress bar."""
