"""The chain on a real radio log: 37,673 plays of 25 US stations in one week of 2014, against a list of 2,229 songs.

    python -m workbench.demo.radio_log DATA_FOLDER FOLDER

DATA_FOLDER holds `classic_rock_raw_data.csv.gz` and `classic-rock-song-list.csv` (FiveThirtyEight, CC BY 4.0). The song list
is the catalogue: recordings, the artist featured, the label unknown. Each station is a licensee that paid for the week. The
list's own count of plays is the truth to compare with. No work is documented, so the authors' money waits, and so does the
producers' half; the performers' money is paid out.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
import sys
from dataclasses import dataclass, field
from pathlib import Path

from ..api import Workbench
from ..core.errors import Finding, WorkbenchError
from ..core.money import format_micros
from ..core.office import Progress, silent

LOG = "classic_rock_raw_data.csv.gz"
SONGS = "classic-rock-song-list.csv"
PERIOD = "2014-06"
PER_PLAY_MICROS = 2_370_000
"""What a station pays for a play here: 2.37 dollars, 4 % of an invented revenue of 59.25 dollars a play."""
REVENUE_PER_PLAY_MICROS = PER_PLAY_MICROS * 25
TARIFFS = """\
- name: radio
  title: Radio, share of revenue (invented, for the week of 2014)
  starts_on: 2010-01-01
  decision: Board decision 2009/3
  authors_percent: 50
  neighbouring_percent: 50
  formula:
    kind: percent_of_revenue
    percent: 4
  example:
    source: a thousand dollars of nothing but music
    period: 2014-06
    declared: {revenue: 1000.00, music_share_percent: 100}
    pays: 40.00
"""
PREPARES, APPROVES = "a.mwangi", "b.kamau"


@dataclass
class RadioLog:
    """What the chain made of the log, step by step."""

    folder: Path
    recordings: int = 0
    licences: dict[str, str] = field(default_factory=dict)
    """Licence id by station."""
    lines_in_log: int = 0
    lines: dict[str, int] = field(default_factory=dict)
    """Lines by state: matched, doubtful, unmatched, refused; they sum to the log's lines."""
    findings: list[Finding] = field(default_factory=list)
    listed: dict[str, int] = field(default_factory=dict)
    """Plays that the song list gives, by recording id."""
    played: dict[str, int] = field(default_factory=dict)
    """Plays that were matched, by recording id."""
    names: dict[str, str] = field(default_factory=dict)
    run_id: str = ""
    digest: str = ""
    in_micros: int = 0
    out_micros: int = 0
    held_micros: int = 0
    statements: Path | None = None
    kit: Path | None = None

    @property
    def differing(self) -> list[str]:
        """Recordings whose matched plays are not those of the song list."""
        return [one for one in sorted(self.listed) if self.listed[one] != self.played.get(one, 0)]

    def __str__(self) -> str:
        states = " + ".join(f"{count:,} {state}" for state, count in self.lines.items())
        good = len(self.listed) - len(self.differing)
        money = [format_micros(micros) for micros in (self.in_micros, self.out_micros, self.held_micros)]
        lines = [
            f"{self.lines_in_log:,} lines in the log = {states}",
            f"{good:,} of {len(self.listed):,} songs have exactly the plays of the song list; the others:",
            *(f"  {self.names[one]}: matched {self.played.get(one, 0)}, listed {self.listed[one]}" for one in self.differing),
            f"money in {money[0]} USD = out {money[1]} + held {money[2]}"
            f" ({self.in_micros} = {self.out_micros} + {self.held_micros} micros)",
            f"run {self.run_id}, digest {self.digest}",
            f"statements in {self.statements}",
            f"audit kit {self.kit}",
        ]
        return "\n".join(lines)


def build(data: str | Path, folder: str | Path, *, formats: tuple[str, ...] = ("csv",), progress: Progress = silent) -> RadioLog:
    """Take the log and the song list through the whole chain in a new workspace, and return what came out.

    Raises `WorkbenchError` where the data is missing or a workspace exists already.
    """
    data, folder = Path(data), Path(folder)
    for name in (LOG, SONGS):
        if not (data / name).is_file():
            raise WorkbenchError("the radio log's data is not here", got=data / name, next_step="Name the folder that holds it.")
    with Workbench.create(
        folder, code="AIRWAVE", name="Airwave Performers' Society", currency="USD", territory="840", user=PREPARES
    ) as wb:
        made = RadioLog(wb.config.folder)
        for step in (_catalogue, _mandates, _licences, _usage, _match, _distribute):
            progress(step.__name__.strip("_"), 0, 1)
            step(wb, data, made)
        progress("statements", 0, 1)
        made.statements = Path(wb.statements.write(made.run_id, to=wb.config.outbox / made.run_id, formats=formats).folder)
        made.kit = Path(wb.statements.audit_kit(made.run_id, to=wb.config.outbox / f"{made.run_id}-audit-kit.zip"))
    return made


def read_log(data: Path) -> list[dict[str, str]]:
    """Return the log's lines as they are."""
    return list(csv.DictReader(io.StringIO(gzip.decompress((data / LOG).read_bytes()).decode("utf-8"))))


def read_songs(data: Path) -> list[dict[str, str]]:
    """Return the song list's lines; they end with a carriage return."""
    return list(csv.DictReader(io.StringIO((data / SONGS).read_text(encoding="utf-8"))))


def _catalogue(wb: Workbench, data: Path, made: RadioLog) -> None:
    """Take the song list in as it is: one recording each, its artist the featured performer."""
    intake = wb.onboarding.load(data / SONGS, layout="song-list-classic-v1", why="the song list is the catalogue")
    made.findings += intake.findings
    catalogue = wb.recordings.frame()
    made.recordings = len(catalogue)
    ids = {(row["title"], row["main_artist"]): str(row["id"]) for row in catalogue.to_dict("records")}
    for song in read_songs(data):
        recording_id = ids[song["Song Clean"].strip(), song["ARTIST CLEAN"].strip()]
        made.listed[recording_id] = made.listed.get(recording_id, 0) + int(song["PlayCount"])
        made.names[recording_id] = song["COMBINED"]


def _mandates(wb: Workbench, _data: Path, _made: RadioLog) -> None:
    """Let every artist of the list entrust the society with the neighbouring right, so that there is somebody to pay."""
    wb.mandates.save_many(
        [
            {"party_id": party_id, "starts_on": "2010-01-01", "rights": [{"right": "neighbouring", "territory": "2136"}]}
            for party_id in wb.parties.frame()["id"]
        ],
        why="the artists of the list are members, for this demonstration",
    )


def _licences(wb: Workbench, data: Path, made: RadioLog) -> None:
    """Give each station a licence, an invoice for its plays of the week, and the receipt of what it paid."""
    (wb.config.rules / "tariffs.yaml").write_text(TARIFFS, encoding="utf-8")
    plays: dict[str, int] = {}
    for line in read_log(data):
        plays[line["callsign"]] = plays.get(line["callsign"], 0) + 1
    for station in sorted(plays):
        licensee = wb.licences.add_licensee(station, kind="radio", territory="840", why="a station of the log")
        declared = {"music_share_percent": "100", f"revenue@{PERIOD}": format_micros(plays[station] * REVENUE_PER_PLAY_MICROS)}
        licence = wb.licences.add_licence(
            licensee.id,
            tariff="radio",
            number=f"R-{station}",
            starts_on="2014-01-01",
            parameters=declared,
            why="licence for 2014",
        )
        invoice = wb.licences.invoice_from_licence(
            licence.id, PERIOD, number=f"2014/{station}", issued_on="2014-06-25", why="the week's plays"
        )
        paid = format_micros(invoice.net_micros)
        wb.licences.add_receipt(invoice.id, amount=paid, received_on="2014-06-30", bank_reference=station, why="paid")
        made.licences[station] = licence.id
        made.in_micros += invoice.net_micros


def _usage(wb: Workbench, data: Path, made: RadioLog) -> None:
    """Give each station its own file, its lines as the log has them, and load it under the station's licence."""
    lines = read_log(data)
    made.lines_in_log = len(lines)
    for station, licence_id in made.licences.items():
        file = wb.config.inbox / f"{station}-{PERIOD}.csv"
        with file.open("w", encoding="utf-8", newline="") as out:
            writer = csv.DictWriter(out, list(lines[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(line for line in lines if line["callsign"] == station)
        batch = wb.usage.load(
            file, layout="radio-log-classic-v1", licence_id=licence_id, period=PERIOD, why=f"log of {station}, 16 to 22 June 2014"
        )
        made.findings += batch.findings


def _match(wb: Workbench, _data: Path, made: RadioLog) -> None:
    """Match every line, and count the plays of each recording."""
    made.lines = dict(wb.matching.run(why="the log against the catalogue").counts)
    frame = wb.matching.frame()
    matched = frame[frame.state == "matched"]
    made.played = {str(target): int(count) for target, count in matched.groupby("target_id").plays.sum().items()}


def _distribute(wb: Workbench, _data: Path, made: RadioLog) -> None:
    """Prepare the week's run, have a second person approve and seal it, and read what it conserves."""
    run = wb.distribution.prepare(PERIOD)
    run.approve(by=APPROVES)
    run.seal(by=APPROVES, note="The week of 16 June 2014")
    made.run_id, made.digest = run.id, run.digest
    [(_, _, micros_in, made.out_micros, made.held_micros)] = [row for row in run.manifest["conservation"] if "postings" in row[0]]
    if micros_in != made.in_micros:
        raise WorkbenchError("the run did not take all the money", got=micros_in, expected=made.in_micros, where=run.id)


def main() -> None:
    """Read the command line, run the chain, and print what it made."""
    reader = argparse.ArgumentParser(prog="python -m workbench.demo.radio_log", description=(__doc__ or "").split("\n", 1)[0])
    reader.add_argument("data", help=f"the folder with {LOG} and {SONGS}")
    reader.add_argument("folder", help="a folder without a workspace")
    given = reader.parse_args()
    try:
        sys.stdout.write(f"{build(given.data, given.folder)}\n")
    except WorkbenchError as error:
        sys.exit(f"workbench: {error}")


if __name__ == "__main__":
    main()
