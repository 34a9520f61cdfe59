"""Parties: the people, groups and companies that hold rights, with every name they are known by."""

from __future__ import annotations

from ..core.documents import Kind, part_table, root_table
from ..core.store import words

party = root_table(
    "party",
    words("kind"),  # natural | legal | group
    words("name"),  # last name, or the whole name of a company or group
    words("first_name"),
    words("ipi_base_number"),
    words("isni"),
    words("ipn"),
    words("birth_on"),
    words("death_on"),
    words("territory"),  # TIS numeric code of residence
    words("language"),
)
party_name = part_table(
    "party_name",
    party,
    words("kind"),  # patronymic | pseudonym | group | other
    words("name"),
    words("first_name"),
    words("ipi_name_number"),
)
party_affiliation = part_table(
    "party_affiliation",
    party,
    words("society"),  # CISAC code, three digits
    words("right"),  # performing | mechanical | neighbouring
    words("territory"),
    words("starts_on"),
    words("ends_on"),
)
PARTY = Kind("party", "P", party, {"names": party_name, "affiliations": party_affiliation})
