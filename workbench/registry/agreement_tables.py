"""How an agreement is kept: its table, its shares, its territories and its works."""

from __future__ import annotations

from ..core.documents import Kind, part_table, reference, root_table
from ..core.store import whole, words
from .parties import party
from .works import work

agreement = root_table(
    "agreement",
    words("kind"),  # OG OS original publishing, PG PS sub-publishing, AS assignment, AD administration
    words("number"),
    reference("assignor_party_id", party, index=True),
    reference("acquirer_party_id", party, index=True),
    words("starts_on"),
    words("ends_on"),
    words("scope"),  # general | implied | specific; empty: as its works say
    words("retention_ends_on"),  # works covered before the end stay with the acquirer until then
    words("collection_ends_on"),  # what was used before the end is still collected until then
    words("signed_on"),
    words("prior_royalties"),  # none | all | from: what was used before the start
    words("prior_royalties_on"),
    words("sales_manufacture"),  # S | M
    words("society_number"),  # the number a society gave the agreement
    words("isac"),  # international standard agreement code
)
agreement_share = part_table(
    "agreement_share", agreement, words("right"), whole("share_ppm")
)  # part of the assignor's share collected
agreement_territory = part_table(
    "agreement_territory", agreement, words("indicator"), words("territory")
)  # I | E, TIS code, in order
agreement_work = part_table("agreement_work", agreement, words("indicator"), reference("work_id", work))  # I | E; none: all works
AGREEMENT = Kind(
    "agreement",
    "A",
    agreement,
    {"shares": agreement_share, "territories": agreement_territory, "works": agreement_work},
)
