"""`python -m workbench.demo FOLDER --seed 1 --scale 1` builds the demonstration society."""

from __future__ import annotations

import argparse
import sys
import time

from .build import build


def main() -> None:
    """Read the command line, build, and say what was built."""
    reader = argparse.ArgumentParser(prog="python -m workbench.demo", description=__doc__)
    reader.add_argument("folder", help="a folder without a workspace")
    reader.add_argument("--seed", type=int, default=1, help="another seed, another society")
    reader.add_argument("--scale", type=float, default=1.0, help="1 is 200,000 usage lines")
    given = reader.parse_args()
    started = time.perf_counter()
    demo = build(given.folder, seed=given.seed, scale=given.scale)
    sys.stdout.write(f"{demo}\nbuilt in {time.perf_counter() - started:.1f} s\n")


if __name__ == "__main__":
    main()
