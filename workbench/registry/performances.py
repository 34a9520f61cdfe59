"""Performances: concerts and broadcasts with the set list that was played."""

from __future__ import annotations

from ..core.documents import Kind, part_table, reference, root_table
from ..core.store import whole, words
from .licences import licence
from .works import work

performance = root_table(
    "performance",
    words("kind"),  # concert | broadcast
    words("name"),
    words("venue"),
    words("territory"),
    words("held_on"),
    reference("licence_id", licence, required=False),
)
performance_item = part_table(
    "performance_item",
    performance,
    words("title"),
    words("performer"),
    words("writers"),
    whole("duration_seconds", nullable=True),
    reference("work_id", work, required=False),
)
PERFORMANCE = Kind("performance", "E", performance, {"items": performance_item})
