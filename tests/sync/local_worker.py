"""One society's process in the test of three processes: make changes and exchange until all is done; it may be killed at any
moment.

python -m tests.sync.local_worker WORKSPACE CENTRAL_URL TOKEN CHANGES
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from sqlalchemy import select

import workbench.registry.agreements
import workbench.registry.mandates
import workbench.registry.recordings  # noqa: F401  declares every kind that is synchronised
from workbench.core import documents
from workbench.core.config import read_config
from workbench.core.journal import journal
from workbench.core.office import Office
from workbench.core.store import open_book
from workbench.registry.parties import PARTY
from workbench.sync.client import SyncDesk
from workbench.sync.line import Unreachable

STEP = 50


def main(workspace: str, url: str, token: str, changes: int) -> None:
    """Go on where the last process ended: the book says how many changes were made."""
    config = read_config(Path(workspace))
    book = open_book(config.book_url)
    office = Office(book, config, "worker")
    desk = SyncDesk(office)
    while not desk.state()["registered"]:
        try:
            desk.register(url=url, secret=token)
        except Unreachable:
            time.sleep(0.2)
    while True:
        with book.read() as connection:
            made = len(connection.execute(select(journal.c.seq).where(journal.c.why == "counted")).all())
        if made < changes:
            with office.change("counted") as change:
                new = [{"name": f"{config.code} {made + n}"} for n in range(min(STEP, changes - made))]
                documents.save_many(change, PARTY, new)
            print(f"made {made + len(new)}", flush=True)  # noqa: T201  the test waits for it
        try:
            desk.exchange()
        except Unreachable:
            time.sleep(0.1)
            continue
        if made >= changes:
            break
    book.close()
    print("finished", flush=True)  # noqa: T201  the test waits for it


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
