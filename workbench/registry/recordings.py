"""Recordings: fixed sound with its performers and producers, and the works it embodies."""

from __future__ import annotations

from ..core.documents import Kind, part_table, reference, root_table
from ..core.store import whole, words
from .parties import party
from .works import work

recording = root_table(
    "recording",
    words("title"),
    words("version_title"),
    words("main_artist"),  # as printed on the recording
    words("isrc"),
    whole("duration_seconds", nullable=True),
    words("recorded_year"),
    words("territory"),  # TIS numeric code of the country of recording
    words("label"),
    words("p_line"),
)
recording_contributor = part_table(
    "recording_contributor",
    recording,
    reference("party_id", party, index=True),
    words("role"),  # featured | non_featured | conductor | producer
    whole("share_ppm"),  # a producer's part of the producers' share; 0 for performers, whose parts follow from their roles
)
recording_work = part_table("recording_work", recording, reference("work_id", work, index=True))
RECORDING = Kind("recording", "R", recording, {"contributors": recording_contributor, "works": recording_work})
