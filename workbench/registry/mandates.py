"""Mandates: what a right holder has entrusted to the society: rights, territory and time."""

from __future__ import annotations

from ..core.documents import Kind, part_table, reference, root_table
from ..core.store import words
from .parties import party

mandate = root_table("mandate", reference("party_id", party, index=True), words("number"), words("starts_on"), words("ends_on"))
mandate_right = part_table("mandate_right", mandate, words("right"), words("territory"))  # performing | mechanical | neighbouring
MANDATE = Kind("mandate", "M", mandate, {"rights": mandate_right})
