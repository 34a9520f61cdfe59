"""Works: compositions with their titles, writers, publishers and ownership shares per right."""

from __future__ import annotations

from ..core.documents import Kind, part_table, reference, root_table
from ..core.store import whole, words
from .parties import party

work = root_table(
    "work",
    words("title"),
    words("iswc"),
    words("language"),
    words("category"),  # JAZ | POP | SER | UNC
    whole("duration_seconds", nullable=True),
    words("created_year"),
)
work_title = part_table(
    "work_title", work, words("kind"), words("title"), words("language")
)  # kind: AT, TE, FT, ... (title types)
work_share = part_table(
    "work_share",
    work,
    reference("party_id", party, index=True),
    words("role"),  # writers A C CA AD AR SA SR TR PA, publishers E AM SE PA AQ ES
    whole("performing_ppm"),  # ownership share of the performing right
    whole("mechanical_ppm"),  # ownership share of the mechanical right
    reference("represents_party_id", party, required=False),  # the writer a publisher acts for
)
WORK = Kind("work", "W", work, {"titles": work_title, "shares": work_share})
