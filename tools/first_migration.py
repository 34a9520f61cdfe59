"""Write the first migration of the book anew from the declared tables. Until the first release only."""

import tempfile
from pathlib import Path

from alembic import command

import workbench.api  # noqa: F401  declares every table
from workbench.core import store

versions = store.BOOK.migrations / "versions"
for old in versions.glob("*.py"):
    old.unlink()
versions.mkdir(exist_ok=True)
with tempfile.TemporaryDirectory() as folder:
    engine = store.make_engine(f"sqlite:///{Path(folder) / 'empty.sqlite'}")
    with engine.connect() as connection:
        config = store._alembic(store.BOOK)
        config.attributes["connection"] = connection
        command.revision(
            config,
            "The first book: register, licences, usage, matches, runs, postings, synchronisation.",
            autogenerate=True,
            rev_id="0001",
        )
