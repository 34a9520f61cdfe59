"""An invented catalogue for the search benchmark: works with titles in several scripts, three shares each, and their parties.

It is put into a real book by bulk insert, past the journal: what is measured is reading the register and searching it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, islice
from random import Random

from workbench.core.identifiers import make_iswc
from workbench.core.store import Book

ONSETS = [
    "b",
    "ch",
    "d",
    "f",
    "g",
    "h",
    "j",
    "k",
    "l",
    "m",
    "mb",
    "n",
    "nd",
    "ng",
    "ny",
    "p",
    "r",
    "s",
    "sh",
    "t",
    "v",
    "w",
    "y",
    "z",
]
SCRIPTS = {
    "cyrillic": dict(zip("abdefghijklmnoprstuvwyzc", "абдефгхижклмнопрстуввызц", strict=True)),
    "greek": dict(zip("abdefghijklmnoprstuvwyzc", "αβδεφγχιζκλμνοπρστυββιζκ", strict=True)),
    "arabic": {**dict.fromkeys("aeiou", ""), **dict(zip("bdfghjklmnprstvwyzc", "بدفغهجكلمنپرستڤوىزچ", strict=True))},
}
SIGNS = "天地人月日山水火木金石风花雪夜春夏秋冬心爱梦光路河海星云雨歌东西南北上下大小长白红青"
OTHER_SCRIPT, ALTERNATIVE = 0.08, 0.1
PARTIES_PER_WORK = 0.2
CHUNK = 20_000


@dataclass(frozen=True)
class Made:
    """One work as it was put into the book, for asking after it."""

    number: int
    title: str
    iswc: str
    writer: tuple[str, str]
    script: str

    @property
    def id(self) -> str:
        return f"BENCH-W-{self.number:07d}"


class Words:
    """Invented words, few of them frequent, drawn from a seeded generator."""

    def __init__(self, random: Random, count: int, flat: int, exponent: float) -> None:
        self.random = random
        self.all = list(dict.fromkeys(_word(random) for _ in range(count)))
        self.weights = list(accumulate(1 / (rank + flat) ** exponent for rank in range(len(self.all))))

    def draw(self, count: int = 1) -> list[str]:
        """Return some words, the frequent ones more often."""
        return self.random.choices(self.all, cum_weights=self.weights, k=count)


def _word(random: Random) -> str:
    return "".join(random.choice(ONSETS) + random.choice("aeiou") for _ in range(random.choice((1, 2, 2, 2, 3, 3, 3, 4, 4, 5))))


def _title(words: Words) -> tuple[str, str]:
    random = words.random
    drawn = " ".join(words.draw(random.choice((1, 2, 2, 3, 3, 4, 5))))
    if random.random() >= OTHER_SCRIPT:
        return drawn.title(), "latin"
    script = random.choice((*SCRIPTS, "chinese"))
    if script == "chinese":
        return "".join(random.choices(SIGNS, k=random.choice((3, 4, 5, 6)))), script
    return "".join(SCRIPTS[script].get(letter, letter) for letter in drawn), script


def fill(book: Book, works: int, seed: int = 20251122, every: int = 1_000) -> list[Made]:
    """Put parties and works into an empty book and return every `every`th work, to ask after."""
    random = Random(seed)
    first, last = Words(random, 4_000, 10, 0.8), Words(random, 60_000, 20, 0.8)
    people = [(first.draw()[0].title(), last.draw()[0].title()) for _ in range(max(3, int(works * PARTIES_PER_WORK)))]
    with book.engine.begin() as connection:
        for rows in _chunks((f"BENCH-P-{at:07d}", "natural", name, first_name) for at, (first_name, name) in enumerate(people)):
            connection.exec_driver_sql("INSERT INTO party (id, version, kind, name, first_name) VALUES (?, 1, ?, ?, ?)", rows)
        titles, kept = Words(random, 150_000, 10, 0.9), []
        for numbers in _chunks(iter(range(works))):
            made, shares, further = [], [], []
            for number in numbers:
                title, script = _title(titles)
                ways = random.sample(range(len(people)), 3)
                work = Made(number, title, make_iswc(100_000_000 + number), people[ways[0]], script)
                made.append(work)
                for position, (way, role, share) in enumerate(
                    zip(ways, ("C", "A", "E"), (400_000, 300_000, 300_000), strict=True)
                ):
                    shares.append((work.id, position + 1, f"BENCH-P-{way:07d}", role, share, share))
                if random.random() < ALTERNATIVE:
                    further.append((work.id, 1, "AT", _title(titles)[0]))
            insert = "INSERT INTO work (id, version, title, iswc) VALUES (?, 1, ?, ?)"
            connection.exec_driver_sql(insert, [(work.id, work.title, work.iswc) for work in made])
            insert = (
                "INSERT INTO work_share (owner_id, position, party_id, role, performing_ppm, mechanical_ppm) VALUES (?,?,?,?,?,?)"
            )
            connection.exec_driver_sql(insert, shares)
            if further:
                connection.exec_driver_sql(
                    "INSERT INTO work_title (owner_id, position, kind, title) VALUES (?, ?, ?, ?)", further
                )
            kept += [work for work in made if work.number % every == every // 2]
    return kept


def _chunks(rows: Iterator[object]) -> Iterator[list[object]]:
    rows = iter(rows)
    while chunk := list(islice(rows, CHUNK)):
        yield chunk
