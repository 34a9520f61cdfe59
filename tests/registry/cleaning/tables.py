"""Small tables for the tests: benches over rows given here, without a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from workbench.registry.cleaning import Bench
from workbench.registry.cleaning.table import Column, Table

SONGS = {
    "title": ["Taa ya Pwani", "TAA YA PWANI", " taa  ya pwani", "Sauti ya Mto", "Sauti ya Mito", "Калинка", "n/a", ""],
    "writer": ["Mwangi, Amani", "Amani Mwangi", "amani mwangi", "Juma Otieno; Neema Wanjiru", "Juma Otiena", "", "-", "Zuri"],
    "year": ["1998", "1998", "", "2001", "2001.0", "19O5", "2010", "1950"],
    "released": ["28/3/1998", "1998-03-28", "1998-03-00", "March 3, 2001", "2001", "never", "", "1950-13-01"],
    "country": ["KE", "KE", "KE", "TZ", "TZ", "RU", "", "NO"],
}


def bench_of(columns: Mapping[str, Sequence[str]] = SONGS) -> Bench:
    """Return a bench over columns of equal length; the rows are lines 2 and on, as in a file with a header."""
    count = len(next(iter(columns.values())))
    numbers = [str(line) for line in range(2, count + 2)]
    return Bench(Table.of(numbers, {name: Column.of(texts, name) for name, texts in columns.items()}), name="songs")


def texts(bench: Bench, column: str) -> list[str]:
    """Return what a column says in the rows in the table."""
    return [str(text) for text in bench.frame()[column]]
