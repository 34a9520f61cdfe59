"""How well matching did on the demonstration: every line's decision held against `inbox/truth.csv`.

A decision is right when it names the recording that was played, or the work, or a recording of the work where the report
knew no recording (a set list). What is in the truth file no other program reads.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ..api import Workbench

SOURCES = ("radio", "streaming", "concerts")


@dataclass
class Judgement:
    """Lines by source, by what they truly were, and by what became of them."""

    counts: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """(source, `inside`/`outside`/`broken`, `right`/`other version`/`wrong`/`doubtful`/`unmatched`/`refused`) -> lines."""
    wrong: list[dict[str, str]] = field(default_factory=list)
    """Every line that was matched to the wrong song, with what the truth says."""

    def total(self, became: str, source: str = "", truly: str = "") -> int:
        """Return how many lines became something, of one source and kind when said."""
        return sum(
            count
            for (where, what, end), count in self.counts.items()
            if end == became and source in ("", where) and truly in ("", what)
        )

    def precision_ppm(self, source: str = "") -> int:
        """Return how many of a million automatic matches name the right song."""
        right, wrong = self.total("right", source) + self.total("other version", source), self.total("wrong", source)
        return right * 1_000_000 // max(1, right + wrong)

    def recall_ppm(self, source: str = "") -> int:
        """Return how many of a million lines of registered songs were matched without a person."""
        inside = sum(count for (where, what, _), count in self.counts.items() if what == "inside" and source in ("", where))
        return (self.total("right", source) + self.total("other version", source)) * 1_000_000 // max(1, inside)

    def __str__(self) -> str:
        lines = ["source     precision   recall     right  version   wrong  doubtful  unmatched  refused"]
        for source in (*SOURCES, ""):
            numbers = [self.total(end, source) for end in ("right", "other version", "wrong", "doubtful", "unmatched", "refused")]
            shown = "{:>8} {:>8} {:>7} {:>9} {:>10} {:>8}".format(*(f"{number:,}" for number in numbers))
            precision, recall = self.precision_ppm(source), self.recall_ppm(source)
            lines.append(f"{source or 'all':9} {precision / 10_000:9.3f} % {recall / 10_000:6.2f} % {shown}")
        return "\n".join(lines)


def judge(wb: Workbench) -> Judgement:
    """Compare what matching decided with what the demonstration knows to be true."""
    with (wb.config.inbox / "truth.csv").open(encoding="utf-8", newline="") as file:
        truth = {(row["file"], int(row["line"])): row for row in csv.DictReader(file)}
    embodied: dict[str, set[str]] = {}
    for recording_id, work_id in wb.recordings.part_frame("works")[["id", "work_id"]].itertuples(index=False):
        embodied.setdefault(recording_id, set()).add(work_id)
    found = Judgement()
    for source, line, said in _lines(wb, truth):
        end = _judged(line, said, embodied)
        found.counts[source, said["expected"], end] += 1
        if end == "wrong":
            found.wrong.append(
                {**said, "title": line.title, "artist": line.artist, "target_id": line.target_id, "method": line.method}
            )
    return found


def _lines(wb: Workbench, truth: dict[tuple[str, int], dict[str, str]]) -> Iterator[tuple[str, Any, dict[str, str]]]:
    batches = wb.usage.batches()
    for batch in batches[batches.replaced_by == ""].to_dict("records"):
        file_name = str(batch["file_name"])
        source = file_name.partition("-")[0]
        for line in wb.matching.frame(batch["id"]).itertuples():
            said = truth.get((file_name, int(str(line.id).rpartition(":")[2])))
            if said is not None:
                yield source, line, said


def _judged(line: Any, said: dict[str, str], embodied: dict[str, set[str]]) -> str:
    if line.state != "matched":
        return str(line.state)
    if said["expected"] != "inside":
        return "wrong"
    if line.target_id in {said["recording_id"], said["work_id"]}:
        return "right"
    if said["work_id"] in embodied.get(line.target_id, ()):
        return "other version" if said["recording_id"] else "right"
    return "wrong"
