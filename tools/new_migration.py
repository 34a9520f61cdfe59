"""Write the next migration of the book, or of the central instance, from the declared tables; look it over before you commit it.

python tools/new_migration.py book "Complaints get a table."
python tools/new_migration.py central --first      # nothing is released yet: the first migration is written anew
"""

from __future__ import annotations

import argparse
import ast
import shutil
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

import workbench.api  # noqa: F401  declares every table of the book
from workbench.central.tables import CENTRAL
from workbench.core import store
from workbench.core.errors import WorkbenchError

SCHEMAS = {schema.name: schema for schema in (store.BOOK, CENTRAL)}


def write_migration(schema: store.Schema, message: str, *, first: bool = False) -> Path:
    """Write the migration from the schema's newest revision to its declared tables and return its file.

    `first`: write one migration that replaces all there are. Raises `WorkbenchError` when the tables are as the migrations leave
    them, and without a message; nothing is changed then.
    """
    with tempfile.TemporaryDirectory() as folder:
        # written in a copy, so that a failure leaves the repository's migrations as they are
        draft = replace(schema, migrations=Path(folder))
        if first or not (schema.migrations / "versions").is_dir():
            (draft.migrations / "versions").mkdir()
        else:
            shutil.copytree(schema.migrations / "versions", draft.migrations / "versions")
        made = _autogenerate(draft, message, f"sqlite:///{draft.migrations / 'empty.sqlite'}")
        versions = schema.migrations / "versions"
        versions.mkdir(parents=True, exist_ok=True)
        for old in versions.glob("*.py") if first else ():
            old.unlink()
        return Path(shutil.copy(made, versions / made.name))


def _autogenerate(schema: store.Schema, message: str, url: str) -> Path:
    if not message.strip():
        raise WorkbenchError("a migration needs a message", expected="one sentence that says what changes")
    config = store.alembic_config(schema)
    newest = ScriptDirectory.from_config(config).get_current_head()
    engine = store.make_engine(url)
    store.upgrade(engine, schema)
    with engine.connect() as connection:
        if not compare_metadata(MigrationContext.configure(connection), schema.metadata):
            raise WorkbenchError("the tables are as the migrations leave them", got=newest, next_step="Declare the change first.")
        connection.rollback()
        config.attributes["connection"] = connection
        made = command.revision(config, message, autogenerate=True, rev_id=f"{int(newest or 0) + 1:04d}")
    engine.dispose()
    file = Path(made.path)  # type: ignore[union-attr]  one revision was asked for
    subprocess.run([sys.executable, "-m", "ruff", "format", "--quiet", "--line-length", "130", file], check=True)
    return file


def first_message(schema: store.Schema) -> str:
    """Return the message of the first migration there is, or nothing."""
    for file in sorted((schema.migrations / "versions").glob("0001_*.py")):
        return ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    return ""


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("schema", choices=sorted(SCHEMAS))
    parser.add_argument("message", nargs="?", default="", help="One sentence: what changes.")
    parser.add_argument("--first", action="store_true", help="Until the first release: replace all migrations by one.")
    asked = parser.parse_args()
    schema = SCHEMAS[asked.schema]
    message = asked.message or (first_message(schema) if asked.first else "")
    try:
        print(f"Written: {write_migration(schema, message, first=asked.first)}")
    except WorkbenchError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
