"""How long a catalogue of a million works takes to load and to be checked by all rules, and how much memory, against peers.

python benchmarks/register/measure.py [WORKS [LOADED]]      1,000,000 works with 3,000,000 shares when not said

The catalogue is invented: works with three shares each of 50,000 parties, some shares for a territory or a time, some odd on
purpose. LOADED of the works (all when not said) are loaded from CSV files through the onboarding desk, journal and all; the
book that is judged by every rule pack has WORKS, and where fewer were loaded it is filled past the journal. Each part runs in a
process of its own, so that its peak memory is its own. The peers, in the same run: pandas `read_csv` + `to_sql` and plain
`executemany` of the same lines into SQLite, nothing judged or journalled; and eleven of the same rules in pandas, from the same
book, with one document at a time by `wb.works.check(id)` beside it, scaled from a sample. Ratios are of processor seconds,
because others may use the machine too; a ratio above 1 is how often the peer's cost ours is. Results: results.json beside this.
"""

from __future__ import annotations

import csv
import json
import multiprocessing
import os
import platform
import resource
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from workbench.api import Workbench  # noqa: E402  found only from the root
from workbench.core.identifiers import make_iswc  # noqa: E402

RESULTS = Path(__file__).with_name("results.json")
SEED, PARTIES, FILES, SAMPLE = 20251122, 50_000, 4, 40
HEADER = ("number", "title", "iswc", "duration", "name", "first name", "ipi", "role", "performing share", "mechanical share",
          "share territory", "share from", "represents")  # fmt: skip
SYLLABLES = [
    "ka",
    "ma",
    "li",
    "mba",
    "ra",
    "to",
    "wa",
    "ne",
    "zu",
    "shi",
    "bo",
    "ndi",
    "ku",
    "le",
    "pa",
    "sa",
    "vu",
    "yo",
    "hi",
    "fe",
]
CODE, LOADED, FILLED = "BENCH", "loaded", "filled"


def main(works: int = 1_000_000, loaded: int = 0) -> dict[str, Any]:
    """Measure every part and write the results."""
    loaded = loaded or works
    with tempfile.TemporaryDirectory(prefix="register-benchmark-") as name:
        folder = Path(name)
        files = write_catalogue(folder, loaded)
        print(f"{loaded:,} works in {FILES} files, {sum(file.stat().st_size for file in files) / 1e6:,.0f} MB", flush=True)
        load = alone(load_ours, folder, files)
        print("load", load, flush=True)
        with_pandas, plainly = alone(load_pandas, folder, files), alone(load_executemany, folder, files)
        print("peers", with_pandas, plainly, flush=True)
        checked = folder / (LOADED if loaded == works else FILLED)
        if loaded != works:
            print("filled", alone(fill, checked, works), flush=True)
        check = alone(check_ours, checked)
        print("check", check, flush=True)
        pandas_rules, singly = alone(check_pandas, checked), alone(check_singly, checked)
        print("peers", pandas_rules, singly, flush=True)
    one_by_one = singly["processor_seconds"] / singly["works"] * works
    figures = {
        "works": works,
        "shares": works * 3,
        "cpus": multiprocessing.cpu_count(),
        "python": platform.python_version(),
        "load": {
            "works": loaded,
            "rows_per_processor_second": round(loaded * 4 / load["processor_seconds"]),
            **load,
            "pandas_to_sql": {**with_pandas, "ratio": _ratio(load, with_pandas)},
            "executemany": {**plainly, "ratio": _ratio(load, plainly)},
        },
        "check": {
            "works": works,
            "rows_per_processor_second": round(works * 4 / check["processor_seconds"]),
            **check,
            "eleven_of_the_rules_in_pandas": {**pandas_rules, "ratio": _ratio(check, pandas_rules)},
            "one_document_at_a_time": {
                "processor_seconds": round(one_by_one, 1),
                "ratio": round(check["processor_seconds"] / one_by_one, 5),
            },
        },
        "peak_gb": max(load["peak_gb"], check["peak_gb"]),
    }
    RESULTS.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(figures, indent=2))
    return figures


def _ratio(ours: dict[str, Any], peer: dict[str, Any]) -> float:
    return round(float(ours["processor_seconds"]) / float(peer["processor_seconds"]), 2)


def alone(part: Callable[..., dict[str, Any]], *given: Any) -> dict[str, Any]:
    """Run a part in a process of its own; return its figures with wall seconds and peak memory, its children's included."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        return pool.apply(_measured, (part, given))


def _measured(part: Callable[..., dict[str, Any]], given: tuple[Any, ...]) -> dict[str, Any]:
    began, before = time.perf_counter(), _processor_seconds()
    found = part(*given)
    seconds, used = time.perf_counter() - began, _processor_seconds() - before
    peak = sum(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return {"processor_seconds": round(used, 2), "seconds": round(seconds, 1), "peak_gb": round(peak / 1e6, 2), **found}


def _processor_seconds() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def write_catalogue(folder: Path, works: int) -> list[Path]:
    """Write the catalogue as CSV files of about the same size and return them."""
    random = Random(SEED)
    people = [(_word(random, 3), _word(random, 2), _ipi(at + 1)) for at in range(PARTIES)]
    files = []
    for part in range(FILES):
        file = folder / f"works-{part}.csv"
        with file.open("w", encoding="utf-8", newline="") as out:
            writer = csv.writer(out)
            writer.writerow(HEADER)
            for number in range(part * works // FILES, (part + 1) * works // FILES):
                writer.writerows(_lines(random, number, people))
        files.append(file)
    return files


def _lines(random: Random, number: int, people: list[tuple[str, str, str]]) -> Iterator[tuple[Any, ...]]:
    title = f"{_word(random, 2)} {_word(random, 3)} {number % 977}"
    work = (f"N{number}", title, make_iswc(number + 1), f"{number % 5 + 2}:{number % 60:02d}")
    composer, author, house = random.sample(people, 3)
    odd = random.random()
    first = "40" if odd > 0.01 else "30"  # one in a hundred does not total 100 %
    where, since = ("2100", "2020-01-01") if odd > 0.98 else ("", "")
    yield (*work, composer[0], composer[1], composer[2], "C", first, "40", where, since, "")
    yield (*work, author[0], author[1], author[2], "A", "30", "30", where, since, "")
    yield (*work, house[0], house[1], house[2], "E", "30", "30", where, since, composer[2])


def _word(random: Random, syllables: int) -> str:
    return "".join(random.choice(SYLLABLES) for _ in range(syllables)).title()


def _ipi(number: int) -> str:
    body = f"{900_000_000 + number:09d}"
    rest = sum((10 - place) * int(digit) for place, digit in enumerate(body)) % 101
    return f"{body}{(101 - rest) % 100 if rest else 0:02d}"


def load_ours(folder: Path, files: list[Path]) -> dict[str, Any]:
    """Load the files through the onboarding desk."""
    lines = 0
    with _new(folder / LOADED) as wb:
        for file in files:
            loaded = wb.onboarding.load(file, layout="works-v2", why="the catalogue")
            lines += loaded.counts["accepted"] + loaded.counts["accepted_with_findings"]
        _affiliate(wb)
    return {"lines": lines, "book_gb": round((folder / LOADED / "book.sqlite").stat().st_size / 1e9, 2)}


def fill(folder: Path, works: int) -> dict[str, Any]:
    """Put the same catalogue into a book past the journal: what is measured then is reading the register and judging it."""
    random = Random(SEED)
    people = [(_word(random, 3), _word(random, 2), _ipi(at + 1)) for at in range(PARTIES)]
    with _new(folder) as wb, wb.book.engine.begin() as connection:
        ids = {ipi: f"{CODE}-P-{at:06d}" for at, (_, _, ipi) in enumerate(people, start=1)}
        put = connection.exec_driver_sql
        put("INSERT INTO party (id, version, kind, name, first_name) VALUES (?, 1, 'natural', ?, ?)",
            [(ids[ipi], name, first) for name, first, ipi in people])  # fmt: skip
        put("INSERT INTO party_name (owner_id, position, kind, name, ipi_name_number) VALUES (?, 1, 'patronymic', ?, ?)",
            [(ids[ipi], name, ipi) for name, _, ipi in people])  # fmt: skip
        for start in range(0, works, 10_000):
            made, shares = [], []
            for number in range(start, min(start + 10_000, works)):
                work_id = f"{CODE}-W-{number + 1:06d}"
                for position, line in enumerate(_lines(random, number, people), start=1):
                    ipi, role, performing, mechanical, where, since, writer = line[6:]
                    parts = (int(performing) * 10_000, int(mechanical) * 10_000)
                    shares.append((work_id, position, ids[ipi], role, *parts, where, since, ids.get(writer)))
                made.append((work_id, *line[1:3]))
            put("INSERT INTO work (id, version, title, iswc) VALUES (?, 1, ?, ?)", made)
            columns = (
                "owner_id, position, party_id, role, performing_ppm, mechanical_ppm, territory, starts_on, represents_party_id"
            )
            put(f"INSERT INTO work_share ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", shares)  # noqa: S608
    with Workbench.open(folder, user="a.one") as wb:
        _affiliate(wb)
    return {}


def _affiliate(wb: Workbench) -> None:
    """Let a society abroad manage most parties: else every share would be a finding."""
    with wb.book.engine.begin() as connection:
        columns = "owner_id, position, society, right, territory"
        few = "CAST(substr(id, -2) AS INTEGER) > 2"
        connection.exec_driver_sql(
            f"INSERT INTO party_affiliation ({columns}) SELECT id, 1, '079', '', '2136' FROM party WHERE {few}"  # noqa: S608
        )


def _new(folder: Path) -> Workbench:
    return Workbench.create(folder, code=CODE, name="Bench", currency="EUR", territory="404", user="a.one")


def load_pandas(folder: Path, files: list[Path]) -> dict[str, Any]:
    """Do what a careful analyst writes first: read as text, write to the same kind of database."""
    import pandas as pd

    from workbench.core.store import make_engine

    engine = make_engine(f"sqlite:///{folder / 'pandas.sqlite'}")
    for file in files:
        frame = pd.read_csv(file, dtype=str, keep_default_na=False)
        with engine.begin() as connection:
            frame.to_sql("share", connection, if_exists="append", index=False, chunksize=10_000)
    return {}


def load_executemany(folder: Path, files: list[Path]) -> dict[str, Any]:
    """Put the lines into one table as they are, with the standard library alone."""
    connection = sqlite3.connect(folder / "plain.sqlite")
    connection.execute(f"CREATE TABLE share ({', '.join(name.replace(' ', '_') for name in HEADER)})")
    for file in files:
        with file.open(encoding="utf-8", newline="") as lines:
            reader = csv.reader(lines)
            next(reader)
            connection.executemany(f"INSERT INTO share VALUES ({', '.join('?' * len(HEADER))})", reader)  # noqa: S608
        connection.commit()
    connection.close()
    return {}


def check_ours(folder: Path) -> dict[str, Any]:
    """Judge the whole book by every rule pack, to a table of problems."""
    from workbench.registry.checks import judging
    from workbench.registry.checks.packs import packs_of
    from workbench.registry.works import WORK

    with Workbench.open(folder, user="a.one") as wb:
        with wb.book.read() as connection, judging.whole_book(connection, wb.office, [WORK]) as run:
            found, rows = run.count(), run.rows
        rules = [rule.code for pack in packs_of(wb.config) for rule in pack.rules if rule.kind == "work"]
    return {"rules": len(rules), "findings": found, "rows_staged": rows}


def check_pandas(folder: Path) -> dict[str, Any]:
    """Judge the same book by a dozen of the same rules in pandas: totals, halves, roles, numbers, look-alikes."""
    import pandas as pd

    with Workbench.open(folder, user="a.one") as wb, wb.book.read() as connection:
        work = pd.read_sql("SELECT id, title, iswc, creation_class, version_type, original_work_id FROM work", connection)
        share = pd.read_sql("SELECT * FROM work_share", connection)
        names = pd.read_sql("SELECT owner_id FROM party_name WHERE ipi_name_number <> ''", connection)
        found = 0
        for right in ("performing", "mechanical", "synchronisation"):
            totals = share.groupby("owner_id")[f"{right}_ppm"].sum()
            found += int(((totals > 0) & ((totals - 1_000_000).abs() > 600)).sum())
        publishers = share[share["role"].isin(["E", "AM", "SE", "AQ", "ES"])]
        found += int((publishers.groupby("owner_id")["performing_ppm"].sum() > 500_600).sum())
        owning = share[["performing_ppm", "mechanical_ppm", "synchronisation_ppm"]].sum(axis=1) > 0
        found += int((~share["role"].isin(["A", "C", "CA", "AD", "AR", "SA", "SR", "TR", "E", "AQ"]) & owning).sum())
        found += int((~share["party_id"].isin(names["owner_id"])).sum())
        writers = share[share["role"].isin(["A", "C", "CA", "AD", "AR", "SA", "SR", "TR"])]
        found += int((~work["id"].isin(writers["owner_id"])).sum())
        found += int(work["iswc"][work["iswc"] != ""].duplicated(keep=False).sum())
        signed = writers.sort_values("party_id").groupby("owner_id")["party_id"].agg(" ".join)
        named = work.assign(writers=work["id"].map(signed), title=work["title"].str.lower())
        found += int(named.duplicated(["title", "writers"], keep=False).sum())
        alone = share["role"].isin(["E", "AQ", "ES"]) & share["represents_party_id"].isna() & owning
        found += int(alone.sum())
        found += int(((work["version_type"] == "MOD") & work["original_work_id"].isna()).sum())
    return {"rules": 11, "findings": found}


def check_singly(folder: Path) -> dict[str, Any]:
    """Judge some works one after the other, as a form does."""
    with Workbench.open(folder, user="a.one") as wb:
        ids = [f"{CODE}-W-{number:06d}" for number in range(1, SAMPLE + 1)]
        for entity_id in ids:
            wb.works.check(entity_id)
    return {"works": SAMPLE}


if __name__ == "__main__":
    main(*(int(text.replace(",", "").replace("_", "")) for text in sys.argv[1:3]))
