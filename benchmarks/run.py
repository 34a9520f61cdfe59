"""Measure against peers, in the same run; results as data beside each benchmark. Where the data is not, it says so."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.matching.measure import RESULTS, measure_all  # noqa: E402  found only from the root

if __name__ == "__main__":
    data = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT.parent / "shared" / "bench"
    if not data.is_dir():
        sys.exit(f"no benchmark data in {data}. Name its folder: python benchmarks/run.py FOLDER.")
    measure_all(data)
    print(f"written: {RESULTS.relative_to(ROOT)}")
