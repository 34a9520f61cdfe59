"""`python -m workbench.central`: run the central instance, or do an operator's task and end.

python -m workbench.central --database sqlite:///central.sqlite --port 8470
python -m workbench.central --database sqlite:///central.sqlite --enrol TALA --name "Tala Society" --society 901
"""

from __future__ import annotations

import argparse
import sys

from ..core.errors import WorkbenchError
from .operators import enrol, overview, revoke, set_rehearsal
from .server import serve
from .tables import open_central


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line says; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m workbench.central", description=__doc__)
    parser.add_argument("--database", required=True, help="sqlite:///FILE or postgresql://...")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8470, help="0 takes a free one")
    parser.add_argument("--enrol", metavar="CODE", help="admit an instance and print its one-time token")
    parser.add_argument("--name", default="")
    parser.add_argument("--society", default="", help="CISAC society code, three digits")
    parser.add_argument("--territory", default="", help="TIS numeric code")
    parser.add_argument("--revoke", metavar="CODE", help="refuse an instance from now on")
    parser.add_argument("--rehearsal", choices=["on", "off"], help="give invented ISWCs to agreed works, for practice only")
    parser.add_argument("--overview", action="store_true", help="list instances, conflicts and what could not be applied")
    options = parser.parse_args(arguments)
    try:
        return _run(options)
    except WorkbenchError as error:
        print(error, file=sys.stderr)
        return 1


def _say(address: str) -> None:
    print(f"central instance at {address}", flush=True)


def _run(options: argparse.Namespace) -> int:
    if not (options.enrol or options.revoke or options.rehearsal or options.overview):
        serve(options.database, host=options.host, port=options.port, ready=_say)
        return 0
    book = open_central(options.database)
    if options.enrol:
        token = enrol(
            book, options.enrol, name=options.name or options.enrol, society=options.society, territory=options.territory
        )
        print(token)
    if options.revoke:
        revoke(book, options.revoke)
    if options.rehearsal:
        set_rehearsal(book, options.rehearsal == "on")
    if options.overview:
        for heading, rows in overview(book).items():
            print(f"{heading}: {len(rows)}")
            for row in rows:
                print("  " + ", ".join(f"{name}={value}" for name, value in row.items() if value not in ("", 0)))
    book.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
