"""A morning's post: four small spreadsheets with right holders, works, recordings and agreements, some wrong on purpose.

They lie in the inbox so that the onboarding notebooks have something to take in: a name that looks like one already registered,
a check digit that does not fit, shares that do not come to 100 %.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..core.canonical import csv_bytes

Rows = Sequence[Sequence[str]]


def write(inbox: Path, like: dict[str, Any]) -> dict[str, int]:
    """Write the four files into `inbox` and return how many lines each has; `like` is a registered party to imitate."""
    lookalike = f"{like['first_name']} {like['name']}".replace("a", "aa", 1).split(" ", 1)
    tables: dict[str, tuple[str, Rows]] = {
        "right-holders.csv": (
            "number,kind,name,first name,name kind,born on,country,society,rights",
            [
                ["N-1", "person", "Okelombe", "Zawadi", "", "1991-05-17", "Kenya", "", "performing; mechanical"],
                ["N-1", "person", "Zawadi wa Mto", "", "pseudonym", "", "", "", ""],
                ["N-2", "person", "Ferreirinho Mbala", "Célia", "", "1984-11-02", "Angola", "", "performing; mechanical"],
                ["N-3", "band", "Sauti za Kilimbi", "", "", "", "Kenya", "", "neighbouring"],
                ["N-4", "company", "Jua Kaliveni Publishing", "", "", "", "Kenya", "", "performing; mechanical"],
                ["N-5", "person", lookalike[-1], lookalike[0] if len(lookalike) > 1 else "", "", "", "Kenya", "", "performing"],
                ["N-6", "person", "Tesfamlak", "Ruth", "", "31.02.1990", "Ethiopia", "", "performing"],
            ],
        ),
        "works.csv": (
            "number,title,other titles,language,duration,name,first name,role,performing share,mechanical share,publisher for",
            [
                [
                    "W-1",
                    "Mto Unaimba",
                    "The River Sings",
                    "sw",
                    "3:42",
                    "Okelombe",
                    "Zawadi",
                    "composer and author",
                    "50",
                    "50",
                    "",
                ],
                ["W-1", "", "", "", "", "Jua Kaliveni Publishing", "", "publisher", "50", "50", "Zawadi Okelombe"],
                ["W-2", "Rua da Chuva Lenta", "", "pt", "4:05", "Ferreirinho Mbala", "Célia", "composer", "50", "50", ""],
                ["W-2", "", "", "", "", "Okelombe", "Zawadi", "author", "50", "50", ""],
                ["W-3", "Nusu Tu", "", "sw", "2:58", "Okelombe", "Zawadi", "composer", "40", "40", ""],
            ],
        ),
        "recordings.csv": (
            "number,title,version,artist,isrc,duration,year,country,label,contributor,first name,role",
            [
                [
                    "R-1",
                    "Mto Unaimba",
                    "",
                    "Sauti za Kilimbi",
                    "ZZNEW2500001",
                    "3:44",
                    "2025",
                    "Kenya",
                    "Jua",
                    "Sauti za Kilimbi",
                    "",
                    "featured",
                ],
                ["R-1", "", "", "", "", "", "", "", "", "Okelombe", "Zawadi", "non-featured"],
                [
                    "R-2",
                    "Rua da Chuva Lenta",
                    "live",
                    "Sauti za Kilimbi",
                    "ZZNEW25-002",
                    "5:10",
                    "2025",
                    "Kenya",
                    "",
                    "Sauti za Kilimbi",
                    "",
                    "",
                ],
            ],
        ),
        "agreements.csv": (
            "number,kind,assignor,assignor first name,acquirer,start,end,performing share,mechanical share,territories",
            [
                [
                    "G-1",
                    "original general",
                    "Okelombe",
                    "Zawadi",
                    "Jua Kaliveni Publishing",
                    "2025-01-01",
                    "2029-12-31",
                    "50",
                    "50",
                    "World",
                ],
                [
                    "G-2",
                    "original general",
                    "Ferreirinho Mbala",
                    "Célia",
                    "Jua Kaliveni Publishing",
                    "2025-06-01",
                    "2024-06-01",
                    "50",
                    "50",
                    "World",
                ],
            ],
        ),
    }
    for name, (header, rows) in tables.items():
        (inbox / name).write_bytes(csv_bytes(header.split(","), rows))
    return {name: len(rows) for name, (_, rows) in tables.items()}
