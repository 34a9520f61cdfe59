"""Measure against peers, in the same run; results as data beside each benchmark. Where the data is not, it says so.

python benchmarks/run.py [FOLDER]     FOLDER: the matching benchmark's data, ../shared/bench when not said
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.chains import measure as chains  # noqa: E402  found only from the root
from benchmarks.cleaning import measure as cleaning  # noqa: E402
from benchmarks.intake import measure as intake  # noqa: E402
from benchmarks.matching import measure as matching  # noqa: E402
from benchmarks.register import measure as register  # noqa: E402
from benchmarks.search import measure as search  # noqa: E402

if __name__ == "__main__":
    for part in (chains, cleaning, intake, register, search):
        part.main()
        print(f"written: {part.RESULTS.relative_to(ROOT)}")
    data = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT.parent / "shared" / "bench"
    if not data.is_dir():
        sys.exit(f"no matching data in {data}. Name its folder: python benchmarks/run.py FOLDER.")
    matching.measure_all(data)
    print(f"written: {matching.RESULTS.relative_to(ROOT)}")
