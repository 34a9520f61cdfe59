"""Measure taking in 200,000 usage lines and searching 12,000 recordings, each against a peer in the same run.

    python -m benchmarks.intake.measure

The peer of intake is what a careful analyst writes first: pandas reads the file as text and writes it to the same kind of
database, without judging a cell. The peer of search is rapidfuzz over all titles, once per question. Processor seconds of this
process and its children count, because others may use the machine too; a ratio above 1 is how often the peer's cost ours is.
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

import pandas as pd
from rapidfuzz import fuzz, process

from workbench import Workbench
from workbench.core.store import make_engine

RESULTS = Path(__file__).parent / "results.json"
LINES, RECORDINGS, QUESTIONS = 200_000, 12_000, 50
ROW = "Radio,2025-07-14 06:31:05,Song {0},Artist {1},A. Mwangi / J. Otieno,ZZB0119{0:05d},3:{2:02d},feature\n"
SYLLABLES = ["ka", "ma", "li", "mba", "ra", "to", "wa", "ne", "zu", "shi", "bo", "ndi"]


def processor_seconds() -> float:
    """Return what this process and the ones it waited for have used."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def measure_intake(wb: Workbench, folder: Path) -> dict[str, float]:
    """Load one report by the product, and by the peer."""
    file = folder / "report.csv"
    header = "station,played at,title,artist,writers,isrc,duration,use\n"
    file.write_text(header + "".join(ROW.format(n % 12_000, n % 900, n % 60) for n in range(LINES)), encoding="utf-8")
    licensee = wb.licences.add_licensee("Radio", why="benchmark")
    licence = wb.licences.add_licence(licensee.id, tariff="radio", starts_on="2025-01-01", why="benchmark")
    started = processor_seconds()
    batch = wb.usage.load(file, layout="radio-playlist-v1", licence_id=licence.id, period="2025-Q3", why="benchmark")
    ours = processor_seconds() - started
    assert batch.counts["accepted"] == LINES
    started = processor_seconds()
    frame = pd.read_csv(file, dtype=str, keep_default_na=False)
    engine = make_engine(f"sqlite:///{folder / 'peer.sqlite'}")
    with engine.begin() as connection:
        frame.to_sql("usage", connection, index_label="line", chunksize=10_000)
    return compared(ours, processor_seconds() - started)


def measure_search(wb: Workbench) -> dict[str, float]:
    """Ask for misspelt titles, by the product (warm) and by the peer."""
    titles = [
        f"{SYLLABLES[n % 12]}{SYLLABLES[n // 12 % 12]} {SYLLABLES[n // 144 % 12]}{SYLLABLES[n // 1728 % 12]}"
        for n in range(RECORDINGS)
    ]
    wb.recordings.save_many([{"title": title} for title in titles], why="benchmark")
    wb.recordings.search("warm up")
    questions = [titles[n * 97].replace("a", "e", 1) for n in range(QUESTIONS)]
    started = processor_seconds()
    found = [titles[n * 97] in set(wb.recordings.search(question)["title"]) for n, question in enumerate(questions)]
    ours = processor_seconds() - started
    started = processor_seconds()
    for question in questions:
        process.extract(question, titles, scorer=fuzz.WRatio, limit=20)
    return compared(ours, processor_seconds() - started) | {"found": sum(found) / QUESTIONS}


def compared(ours: float, peer: float) -> dict[str, float]:
    """Return both figures in processor seconds, and ours as a multiple of the peer's."""
    return {"ours_seconds": round(ours, 2), "peer_seconds": round(peer, 2), "ratio": round(ours / peer, 2)}


def main() -> None:
    """Measure both and keep the figures."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with Workbench.create(folder / "society", code="BENCH", name="Bench", currency="EUR", user="a.one") as wb:
            figures = {"intake_200k_lines": measure_intake(wb, folder), "search_12k_recordings_50_questions": measure_search(wb)}
    RESULTS.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
