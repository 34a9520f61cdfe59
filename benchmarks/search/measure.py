"""Measure searching a million works with three shares each: how fast the first page comes, and whether the right work is on it.

    python -m benchmarks.search.measure [WORKS]

Two peers answer the same questions in the same run, over one text per work (titles, writers, ISWC), which favours them: SQLite's
`LIKE '%word%'` for every word, and SQLite FTS5 with its trigram tokenizer, once with every word required and once with any of
the question's trigrams, best by bm25, which forgives slips as ours does. The book is a real one, filled past the journal (see
`catalogue`). A peer that takes long gets every eighth question. Found means: a work of that title is among the first ten, or,
where a writer or an identifier was asked, that very work. Milliseconds are on the clock; processor milliseconds are beside them,
and the ratios made of these, because others may use the machine too.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pysqlite3.dbapi2 as sqlite

from benchmarks.search.catalogue import Made, fill
from workbench import Workbench
from workbench.registry.search.spelling import plain

RESULTS = Path(__file__).parent / "results.json"
WORKS, EACH, FEWER = 1_000_000, 40, 8
FOUND_AMONG = 10
Answer = Callable[[str], list[str]]


@dataclass(frozen=True)
class Question:
    """What is typed, and which work is meant; any of the same title will do unless `itself`."""

    sort: str
    text: str
    work: Made
    itself: bool = False


def questions(works: Sequence[Made]) -> list[Question]:
    """Return forty questions of each sort, in an order that mixes them."""
    random = Random(7)
    latin = [work for work in works if work.script == "latin" and len(work.title) > 5]
    other = [work for work in works if work.script != "latin" and len(work.title) > 2]
    drawn = random.sample(latin, 4 * EACH)
    exact, slips, both, numbered = (drawn[at : at + EACH] for at in range(0, 4 * EACH, EACH))
    asked = [Question("exact", work.title.lower(), work) for work in exact]
    asked += [Question("slip", slip(work.title, random), work) for work in slips]
    asked += [Question("title and writer", f"{slip(work.title, random)} {work.writer[1]}", work, itself=True) for work in both]
    asked += [Question("identifier", work.iswc.replace(".", "").replace("-", ""), work, itself=True) for work in numbered]
    for at, work in enumerate(random.sample(other, min(EACH, len(other)))):
        asked.append(Question("other script", work.title if at % 2 else plain(work.title), work))
    random.shuffle(asked)
    return asked


def slip(text: str, random: Random) -> str:
    """Return a text with two letters swapped, or one missing, doubled or wrong."""
    at = random.randrange(1, len(text) - 1)
    wrong = random.choice("aeioumnrst")
    swapped = text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    return random.choice(
        (swapped, text[:at] + text[at + 1 :], text[:at] + text[at] + text[at:], text[:at] + wrong + text[at + 1 :])
    ).lower()


def asked_of(answer: Answer, asked: Sequence[Question], titles: Callable[[list[str]], list[str]]) -> dict[str, object]:
    """Ask every question and return milliseconds to the first page and the share found, in all and by sort."""
    clock, processor, right = [], [], {question.sort: [] for question in asked}
    for question in asked:
        started, used = time.perf_counter(), time.process_time()
        ids = answer(question.text)[:FOUND_AMONG]
        clock.append(1000 * (time.perf_counter() - started))
        processor.append(1000 * (time.process_time() - used))
        same = question.work.id in ids or (not question.itself and question.work.title in titles(ids))
        right[question.sort].append(same)
    every = [one for ones in right.values() for one in ones]
    return {
        "questions": len(asked),
        **spread("ms", clock),
        **spread("processor_ms", processor),
        "found": round(sum(every) / len(every), 3),
        "found_by_sort": {sort: round(sum(ones) / len(ones), 3) for sort, ones in sorted(right.items())},
    }


def spread(unit: str, taken: list[float]) -> dict[str, float]:
    """Return mean, median, 95th percentile and the longest."""
    taken = sorted(taken)
    figures = {
        "mean": sum(taken) / len(taken),
        "p50": taken[len(taken) // 2],
        "p95": taken[int(len(taken) * 0.95)],
        "max": taken[-1],
    }
    return {f"{name}_{unit}": round(value, 1) for name, value in figures.items()}


def peers(book_file: Path, file: Path) -> tuple[sqlite.Connection, dict[str, float]]:
    """Build the peers' database: one text per work, plain and in FTS5; return it and the seconds each took."""
    peer = sqlite.connect(str(file))
    peer.execute("PRAGMA synchronous=OFF")
    peer.execute("ATTACH ? AS book", (str(book_file),))
    started = time.perf_counter()
    peer.execute("CREATE TABLE flat (rowid INTEGER PRIMARY KEY, id TEXT, text TEXT)")
    peer.execute(
        "INSERT INTO flat (id, text) SELECT w.id, w.title || ' ' || w.iswc"
        " || coalesce((SELECT ' ' || group_concat(t.title, ' ') FROM book.work_title t WHERE t.owner_id = w.id), '')"
        " || coalesce((SELECT ' ' || group_concat(p.first_name || ' ' || p.name, ' ')"
        "    FROM book.work_share s JOIN book.party p ON p.id = s.party_id WHERE s.owner_id = w.id), '') FROM book.work w"
    )
    peer.commit()
    flat = time.perf_counter() - started
    started = time.perf_counter()
    peer.execute("CREATE VIRTUAL TABLE words USING fts5(text, content='flat', tokenize='trigram remove_diacritics 1')")
    peer.execute("INSERT INTO words (words) VALUES ('rebuild')")
    peer.commit()
    return peer, {"flat_text": round(flat, 1), "fts5": round(time.perf_counter() - started, 1)}


def by_like(peer: sqlite.Connection) -> Answer:
    """Return the search that requires every word somewhere in the text."""

    def answer(text: str) -> list[str]:
        words = text.split()
        clause = " AND ".join("text LIKE ?" for _ in words)
        rows = peer.execute(f"SELECT id FROM flat WHERE {clause} LIMIT 20", [f"%{word}%" for word in words])  # noqa: S608
        return [row[0] for row in rows]

    return answer


def by_fts5(peer: sqlite.Connection, any_trigram: bool) -> Answer:
    """Return the search by FTS5: every word, or any trigram of the question, best first."""

    def answer(text: str) -> list[str]:
        if any_trigram:
            text = text.lower()
            asked = " OR ".join(f'"{text[at : at + 3]}"' for at in range(len(text) - 2))
        else:
            asked = " AND ".join(f'"{word}"' for word in text.split() if len(word) > 2)
        if not asked:
            return []
        query = "SELECT flat.id FROM words JOIN flat ON flat.rowid = words.rowid WHERE words MATCH ? ORDER BY rank LIMIT 20"
        return [row[0] for row in peer.execute(query, (asked,))]

    return answer


def measure(folder: Path, works: int) -> dict[str, object]:
    """Fill a book, build, ask, compare."""
    progress = Shown()
    with Workbench.create(folder / "society", code="BENCH", name="Bench", currency="EUR", user="a.one") as wb:
        started = time.perf_counter()
        made = fill(wb.book, works, every=max(1, works // 1_000))
        filled = time.perf_counter() - started
        print(f"{works:,} works in the book: {filled:.0f} s")
        started, used = time.perf_counter(), time.process_time()
        wb.search.build(progress)
        built, used = time.perf_counter() - started, time.process_time() - used
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(f"index: {built:.0f} s, peak memory {peak:,} MB")
        asked = questions(made)
        wb.search("warm up")

        def titles(ids: list[str]) -> list[str]:
            return [str(title) for title in wb.works.frame(ids)["title"]] if ids else []

        ours = asked_of(lambda text: list(wb.search(text)["id"]), asked, titles)
        print("this program", ours)
        peer, building = peers(folder / "society" / "book.sqlite", folder / "peer.sqlite")
        rows = {"this program": ours}
        for name, answer, some in (
            ("LIKE, every word", by_like(peer), asked[::FEWER]),
            ("FTS5 trigram, every word", by_fts5(peer, any_trigram=False), asked),
            ("FTS5 trigram, any trigram by bm25", by_fts5(peer, any_trigram=True), asked[::FEWER]),
        ):
            rows[name] = asked_of(answer, some, titles)
            for figure in ("mean", "p50"):
                ratio = rows[name][f"{figure}_processor_ms"] / ours[f"{figure}_processor_ms"]  # type: ignore[operator]
                rows[name][f"{figure}_ratio"] = round(ratio, 2)
            print(name, rows[name])
        peer.close()
    size = sum(path.stat().st_size for path in (folder / "society" / "index").rglob("*") if path.is_file())
    return {
        "works": works,
        "shares": 3 * works,
        "fill_seconds": round(filled, 1),
        "build_seconds": round(built, 1),
        "build_processor_seconds": round(used, 1),
        "build_works_per_second": round(works / built),
        "peers_build_seconds": building,
        "index_megabytes": round(size / 1e6),
        "peak_memory_megabytes_until_built": peak,
        "peak_memory_megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "first_page": rows,
    }


class Shown:
    """Progress on one line, each tenth."""

    def __init__(self) -> None:
        self.tenth = -1

    def __call__(self, what: str, done: int, total: int) -> None:
        if total and done * 10 // total > self.tenth:
            self.tenth = done * 10 // total
            print(f"  {what} {done:,} of {total:,}", flush=True)


def main(works: int = WORKS) -> None:
    """Measure and, when it was the whole million, keep the figures."""
    with tempfile.TemporaryDirectory() as name:
        figures = measure(Path(name), works)
    print(json.dumps(figures, indent=2))
    if works == WORKS:
        RESULTS.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
