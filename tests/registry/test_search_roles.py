"""The law of the search index in an office: it is shared by people who are not shown the same entries of the journal."""

from __future__ import annotations

import pytest

from tests.core.test_roles import OfficeOfRoles
from tests.core.test_roles import office as office
from workbench.registry.search import desk as search_desk


def test_who_is_not_shown_the_last_entry_believes_the_index_all_the_same(
    office: OfficeOfRoles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_desk, "TAIL", 0)
    with office.open("p.analyst") as wb:
        [(contact, member)] = wb.contacts.frame()[["id", "party_id"]].head(1).itertuples(index=False)
        wb.contacts.change(contact, phone="SECRET 2", why="moved house")
        wb.search.build()
    monkeypatch.setattr(search_desk.sources, "read_all", None)  # nobody reads the whole book again
    with office.open("p.licensing") as wb:
        assert wb.search(member).loc[0, "id"] == member
        wb.licences.add_licensee("Baa ya Lamu", why="asks for a licence")
        assert wb.search("baa ya lamu").loc[0, "kind"] == "licensee"
        assert wb.search("SECRET").empty
