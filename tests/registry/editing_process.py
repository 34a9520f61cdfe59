"""One clerk of `test_four_processes`, a process of its own: take some works out, change each, put it back, tell what happened.

Every edit appends its own mark to the title and counts one in the duration, so a lost update is a mark that is gone. What the
clerk was told goes to standard output as JSON, one line per edit.
"""

# ruff: noqa: T201  it talks to the test that started it

from __future__ import annotations

import json
import random
import sys
import time
from dataclasses import replace

from workbench.api import Workbench
from workbench.core.meanwhile import ChangedMeanwhile

HAND = 12
"""Works a clerk has on the table at once, two of them always from the ten that everybody wants."""


def main(folder: str, who: str, edits: int, seconds: float) -> None:
    """Edit until so many edits are done, or for so many seconds when `edits` is 0."""
    wb = Workbench.open(folder, user=who)
    works = wb.works
    ids = sorted(works.frame()["id"])
    rng = random.Random(who)  # noqa: S311  no secret: the same works every time
    print("ready", flush=True)
    sys.stdin.readline()
    end, number = time.monotonic() + seconds, 0
    while number < edits if edits else time.monotonic() < end:
        for work in works.get_many(sorted({*rng.sample(ids, HAND - 2), *rng.sample(ids[:10], 2)})):
            number += 1
            mark = f"{who}-{number}"
            edited = replace(work, title=f"{work.title} {mark}", duration_seconds=(work.duration_seconds or 0) + 1)
            told = {"work": work.id, "mark": mark, "before": work.title}
            try:
                works.save(edited, why=f"edit {mark}")
            except ChangedMeanwhile as refused:
                changes = [
                    [one.who, one.why, one.at, {name: list(pair) for name, pair in one.fields.items()}] for one in refused.changes
                ]
                print(json.dumps({**told, "refused": str(refused), "changes": changes}))
            except Exception as error:  # noqa: BLE001  whatever else is said, the test must see it
                print(json.dumps({**told, "failed": f"{type(error).__name__}: {error}"}))
            else:
                print(json.dumps(told))
    wb.close()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))
