"""Agreed works get a number, and a society sees what others document for its members."""

from __future__ import annotations

import pytest

from tests.central.conftest import Central, Save
from workbench.central import operators
from workbench.core import documents
from workbench.core.documents import KINDS
from workbench.core.errors import WorkbenchError
from workbench.sync.client import SyncDesk


@pytest.fixture
def work(central: Central, save: Save) -> str:
    """A work of TALA with a share of BETO's member, known to both."""
    tala, beto = central.society("TALA", "901"), central.society("BETO", "902")
    names = [{"kind": "patronymic", "name": "Achieng", "ipi_name_number": "00014107338"}]
    member = save(beto, "party", name="Achieng", names=names,
                  affiliations=[{"society": "902", "right": "performing"}])  # fmt: skip
    beto.push()
    tala.pull()
    own = save(tala, "party", name="Otieno", affiliations=[{"society": "901", "right": "performing"}])
    shares = [
        {"party_id": p, "role": "CA", "performing_ppm": ppm, "mechanical_ppm": ppm}
        for p, ppm in ((own, 600_000), (member, 300_000))
    ]
    made = save(tala, "work", title="Malaika", shares=shares)
    tala.exchange()
    beto.exchange()
    return made


def loaded(desk: SyncDesk, work: str) -> dict[str, object]:
    with desk.office.book.read() as connection:
        return documents.load(connection, KINDS["work"], work)


def complete(desk: SyncDesk, work: str) -> None:
    with desk.office.change("shares completed") as change:
        document = documents.load(change.connection, KINDS["work"], work)
        document["shares"][1] |= {"performing_ppm": 400_000, "mechanical_ppm": 400_000}
        documents.save(change, KINDS["work"], document)
    desk.exchange()


def test_a_work_gets_its_number_when_shares_are_whole_and_every_society_in_it_agrees(central: Central, work: str) -> None:
    tala, beto = central.desks["TALA"], central.desks["BETO"]
    first = tala.agree(work)
    assert (first["state"], first["waiting_for"]) == ("waiting", ["BETO"])
    assert "the performing shares come to 90.00 %, not 100 %" in first["reasons"]
    assert beto.agree(work)["state"] == "waiting"
    complete(tala, work)
    assert tala.agree(work)["waiting_for"] == ["BETO"]  # what was said of the old shares is void
    answer = beto.agree(work)
    assert (answer["state"], answer["number"], answer["iswc"]) == ("agreed", "C-000000001-0", "")
    assert tala.agree(work)["number"] == "C-000000001-0"
    for desk in (tala, beto):
        desk.pull()
        assert desk.identifiers()[["entity_id", "scheme", "number"]].values.tolist() == [
            [work, "central_work_number", "C-000000001-0"]
        ]
        assert loaded(desk, work)["iswc"] == ""  # the central number is no ISWC


def test_only_in_rehearsal_an_invented_iswc_travels_back(central: Central, work: str) -> None:
    operators.set_rehearsal(central.book, True)
    tala, beto = central.desks["TALA"], central.desks["BETO"]
    complete(tala, work)
    tala.agree(work)
    assert beto.agree(work)["iswc"] == "T-999.000.001-6"
    for desk in (tala, beto):
        desk.pull()
        assert loaded(desk, work)["iswc"] == "T-999.000.001-6"
        assert len(desk.conflicts()) == 0


def test_a_disputed_work_gets_no_number(central: Central, work: str) -> None:
    tala, beto = central.desks["TALA"], central.desks["BETO"]
    complete(tala, work)
    beto.pull()
    for desk, title in ((tala, "Malaika wangu"), (beto, "Malaïka")):
        with desk.office.change("title") as change:
            documents.save(change, KINDS["work"], {**documents.load(change.connection, KINDS["work"], work), "title": title})
        desk.exchange()
    tala.agree(work)
    answer = beto.agree(work)
    assert answer["state"] == "waiting"
    assert "1 conflict(s) open" in answer["reasons"][0]


def test_who_holds_no_share_cannot_agree_and_an_unknown_work_is_said(central: Central, work: str) -> None:
    soma = central.society("SOMA", "903")
    with pytest.raises(WorkbenchError, match="only a society that holds a share"):
        soma.agree(work)
    with pytest.raises(WorkbenchError, match="no such work"):
        soma.agree("TALA-W-000999")


def test_a_society_sees_what_others_document_for_its_members_without_personal_data(
    central: Central, work: str, save: Save
) -> None:
    tala, beto = central.desks["TALA"], central.desks["BETO"]
    save(tala, "work", title="Not theirs", shares=[{"party_id": "TALA-P-000001", "role": "CA", "performing_ppm": 1_000_000}])
    tala.push()
    view = beto.repertoire("902")
    assert view[["work_id", "title", "party_id", "ipi_name_number", "performing_society", "performing_ppm"]].values.tolist() == [
        [work, "Malaika", "TALA-P-000001", "", "901", "600000"],
        [work, "Malaika", "BETO-P-000001", "00014107338", "902", "300000"],
    ]
    assert "Otieno" not in view.to_csv()
    assert len(beto.repertoire("901")) == 3
    assert len(beto.repertoire("902", since="2099-01-01")) == 0
    soma = central.society("SOMA", "903")
    operators.share_with(central.book, "TALA", "SOMA", allowed=False, why="talks are under way")
    assert len(soma.repertoire("902")) == 0


def test_the_view_is_handed_out_in_pages(central: Central, work: str, save: Save) -> None:
    tala = central.desks["TALA"]
    for number in range(4):
        save(
            tala,
            "work",
            title=f"Work {number}",
            shares=[{"party_id": "TALA-P-000001", "role": "CA", "performing_ppm": 1_000_000}],
        )
    tala.push()
    after, seen = "0", []
    while after:
        answer = tala.line.document("/v1/repertoire", society="901", after=after, limit=2)
        seen += [line for line in answer.body.splitlines() if line]
        after = answer.headers["x-next-after"]
    assert len(seen) == len(set(seen)) == 5
