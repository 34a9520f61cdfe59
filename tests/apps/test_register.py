"""The register's page: what is found, shown and saved is what the desks say, and nobody's change is lost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from workbench.api import Workbench
from workbench.apps import register
from workbench.apps.page import find, text_of
from workbench.apps.register_fields import document_of, fields_of, said, written
from workbench.apps.register_form import values_of
from workbench.apps.register_model import RegisterModel
from workbench.apps.session import Session
from workbench.apps.uploads import Upload
from workbench.core.documents import KINDS
from workbench.core.errors import WorkbenchError


@pytest.fixture
def open_as(society: Path) -> Iterator:
    """Open the book as somebody, with the roles of their account."""
    opened = []

    def make(user: str) -> tuple[RegisterModel, Session]:
        wb = Workbench.open(society, user=user)
        opened.append(wb)
        session = Session(wb, user, served=True)
        return RegisterModel(wb, session.roles), session

    yield make
    for wb in opened:
        wb.close()


def a_work(model: RegisterModel) -> str:
    """A work of the society with two owners at least."""
    shares = model.wb.works.part_frame("shares")
    return str(shares["id"].value_counts().index[0])


def as_typed(model: RegisterModel, **changed: str) -> dict[str, str]:
    """What the open record's form says, with some fields typed anew."""
    return {**values_of(model.card.kind, model.card.document), **changed}


def test_the_first_screen_counts_every_kind_and_shows_what_changed_last(open_as) -> None:
    model, session = open_as("a.mwangi")
    page = text_of(register.draw(model, session))
    assert model.counts["work"] == len(model.wb.works.frame())
    assert "Changed last" in page
    assert len(model.newest) == 8


def test_what_is_typed_finds_records_of_every_kind_and_one_click_opens_them(open_as) -> None:
    model, session = open_as("c.auma")
    work = model.wb.works.get(a_work(model))
    model.do("search", {"value": work.title})
    assert work.id in [each.id for each in model.hits]
    [button] = [node for node in find(register.draw(model, session), on="open") if node["args"]["id"] == work.id]
    model.do("open", button["args"])
    assert model.notice is None
    assert model.card.title == work.title
    assert model.card.version == work.version


def test_whatever_is_typed_can_be_drawn(open_as) -> None:
    model, session = open_as("c.auma")
    for text in ("radio", "a", "2025", "<b>", "T-990.000.000-2", "TALA-M-000001", "أ", "%", "'; --"):
        model.do("search", {"value": text})
        assert model.notice is None, model.notice
        assert text_of(register.draw(model, session))


def test_a_record_is_called_by_its_name_whatever_is_in_it_and_an_agreement_after_its_parties(open_as) -> None:
    model, _ = open_as("a.mwangi")
    work = model.wb.works.change(a_work(model), title="→ Mbele →", why="test")
    model.do("open", {"kind": "work", "id": work.id})
    assert model.notice is None, model.notice
    assert model.card.title == "→ Mbele →"
    agreement = model.wb.agreements.frame().iloc[0]
    model.do("open", {"kind": "agreement", "id": agreement["id"]})
    assert model.card.title == f"{agreement['assignor']} → {agreement['acquirer']}"


def test_nothing_found_says_so_and_how_to_go_on(open_as) -> None:
    model, session = open_as("c.auma")
    model.do("search", {"value": "zzzzqqqq xxjjkk"})
    assert "Nothing is like" in text_of(register.draw(model, session))


@pytest.mark.parametrize("tab", ["record", "problems", "chain", "linked", "papers", "history"])
def test_every_side_of_every_kind_of_record_can_be_looked_at(open_as, tab: str) -> None:
    model, session = open_as("c.auma")
    for kind, desk in model.desks.items():
        for entity_id in desk.frame()["id"].tolist()[:3]:
            if tab == "chain" and kind != "work":
                continue
            model.do("open", {"kind": kind, "id": entity_id, "tab": tab})
            page = text_of(register.draw(model, session))
            assert model.notice is None, model.notice
            assert entity_id in page


def test_a_change_is_saved_with_its_reason_and_undone_from_the_history(open_as) -> None:
    model, session = open_as("a.mwangi")
    entity_id = a_work(model)
    model.do("open", {"kind": "work", "id": entity_id})
    before = model.card.document
    model.do("edit")
    assert find(register.draw(model, session), tag="form", on="save")
    model.do("save", {**as_typed(model, title="A new name"), "why": "letter of 3 March", "version": model.card.version})
    assert model.wb.works.get(entity_id).title == "A new name"
    newest = model.history()[0]
    assert (newest["who"], newest["why"]) == ("a.mwangi", "letter of 3 March")
    model.do("undo", {"seq": newest["seq"]})
    assert model.card.document == before


def test_a_form_saved_as_it_was_changes_nothing(open_as) -> None:
    model, _ = open_as("a.mwangi")
    for kind, desk in model.desks.items():
        for entity_id in desk.frame()["id"].tolist()[:5]:
            model.do("open", {"kind": kind, "id": entity_id})
            document = document_of(model.card.kind, model.card.document, as_typed(model), model.resolve)
            assert document == model.card.document


def test_a_change_without_a_reason_is_not_written_and_what_was_typed_stays(open_as) -> None:
    model, session = open_as("a.mwangi")
    entity_id = a_work(model)
    model.do("open", {"kind": "work", "id": entity_id})
    model.do("edit")
    model.do("save", {**as_typed(model, title="Typed already"), "why": " "})
    assert "needs a reason" in model.notice.text
    assert find(register.draw(model, session), tag="input", value="Typed already")
    assert model.wb.works.get(entity_id).title != "Typed already"


def test_a_wrong_value_names_its_field_and_row(open_as) -> None:
    model, _ = open_as("a.mwangi")
    model.do("open", {"kind": "work", "id": a_work(model)})
    model.do("edit")
    model.do("save", {**as_typed(model), "shares.0.performing_ppm": "half", "why": "test"})
    assert "Shares, row 1: Performing: not a share" in model.notice.text


def test_who_saves_second_is_told_who_changed_what_and_overwrites_nothing(open_as) -> None:
    first, _ = open_as("a.mwangi")
    second, _ = open_as("d.njeri")
    entity_id = a_work(first)
    for model in (first, second):
        model.do("open", {"kind": "work", "id": entity_id})
        model.do("edit")
    first.do("save", {**as_typed(first, title="From the first"), "why": "contract", "version": first.card.version})
    second.do("save", {**as_typed(second, title="From the second"), "why": "letter", "version": second.card.version})
    assert second.notice.kind == "warning"
    assert "a.mwangi" in second.notice.text
    assert second.card.document["title"] == "From the first"
    assert first.wb.works.get(entity_id).title == "From the first"


def test_the_record_is_shown_as_it_stood_and_cannot_be_edited_then(open_as) -> None:
    model, session = open_as("a.mwangi")
    entity_id = a_work(model)
    title = model.wb.works.get(entity_id).title
    model.wb.works.change(entity_id, title="Later", why="test")
    model.do("open", {"kind": "work", "id": entity_id, "tab": "history"})
    first = model.history()[-1]
    model.do("as_it_was", {"seq": first["seq"]})
    assert model.card.document["title"] == title
    assert "as it stood after entry" in text_of(register.draw(model, session))
    model.do("edit")
    assert "not how it is" in model.notice.text


def test_an_auditor_reads_everything_and_changes_nothing(open_as) -> None:
    model, session = open_as("c.auma")
    entity_id = a_work(model)
    model.do("open", {"kind": "work", "id": entity_id})
    page = register.draw(model, session)
    assert not find(page, on="edit")
    before = model.wb.works.get(entity_id)
    calls = {
        "edit": {},
        "save": {"why": "x", "title": "x"},
        "undo": {"seq": 1},
        "start": {"kind": "party"},
        "register": {"why": "x", "name": "x"},
        "compare": {"other": entity_id},
        "merge": {"survivor": entity_id, "other": entity_id, "why": "x"},
        "unmerge": {"why": "x"},
    }
    for name, arguments in calls.items():
        model.do(name, arguments)
        assert "you may not do this" in model.notice.text, name
    assert model.wb.works.get(entity_id) == before


def test_somebody_like_a_known_right_holder_is_shown_with_the_evidence_first(open_as) -> None:
    model, session = open_as("a.mwangi")
    known = next(one for one in model.wb.parties.get_many() if one.kind == "natural" and one.first_name)
    model.do("start", {"kind": "party"})
    typed = {"name": known.name, "first_name": known.first_name, "kind": "natural"}
    count = len(model.wb.parties.frame())
    model.do("register", {**typed, "why": "application form"})
    assert known.id in text_of(register.draw(model, session))
    assert len(model.wb.parties.frame()) == count
    model.do("register", {**typed, "why": "application form", "sure": "a cousin, other birth date"})
    assert model.notice.kind == "good", model.notice
    assert len(model.wb.parties.frame()) == count + 1


def test_two_records_are_compared_made_one_and_taken_apart_again(open_as) -> None:
    model, session = open_as("a.mwangi")
    one, other = [party.id for party in model.wb.parties.get_many() if party.kind == "natural" and not party.ipi_base_number][:2]
    before = {key: model.wb.parties.get(key) for key in (one, other)}
    model.do("open", {"kind": "party", "id": one})
    model.do("compare", {"other": other})
    assert model.notice is None, model.notice
    assert "Side by side" in text_of(register.draw(model, session))
    chosen = {f"keep.{name}": one for name, here, there, _ in model.merging.rows if here and there and here != there}
    model.do("merge", {"survivor": one, "other": other, **chosen, "again": "1"})
    assert model.merging.findings == ()
    assert model.wb.parties.get(other).status != "merged"
    model.do("merge", {"survivor": one, "other": other, **chosen, "why": "the same person"})
    assert model.notice.kind == "good", model.notice
    assert model.wb.parties.get(other).status == "merged"
    model.do("open", {"kind": "party", "id": other})
    model.do("unmerge", {"why": "two people after all"})
    assert model.notice.kind == "good", model.notice
    for key, was in before.items():
        now = model.wb.parties.get(key)
        assert {**vars_of(now), "version": 0} == {**vars_of(was), "version": 0}


def vars_of(one: object) -> dict[str, object]:
    """The fields of a frozen dataclass with slots."""
    return {name: getattr(one, name) for name in type(one).__dataclass_fields__}


def test_every_field_of_every_kind_reads_back_what_it_wrote() -> None:
    samples = {"percent": 333_400, "duration": 185, "whole": 7, "flag": 1, "day": "2026-01-31", "text": "Ɖɔkpɛ"}
    for kind in KINDS.values():
        for part in ("", *kind.parts):
            for one in fields_of(kind, part):
                value = samples.get(one.shown_as, "TALA-P-000001")
                text = written(one, value)
                assert said(one, value, {}), one
                name = f"{part}.0.{one.name}" if part else one.name
                document = document_of(kind, None, {name: text}, lambda _table, typed: typed)
                if part and one.codes:
                    continue  # a choice alone says nothing
                assert (document[part][0] if part else document)[one.name] == value


@pytest.mark.parametrize("text", ["1:99", "-3", "3,05", "١:٠٥", "1:2:3:4", "99999999"])
def test_a_duration_that_is_none_is_refused(text: str) -> None:
    kind = KINDS["work"]
    with pytest.raises(WorkbenchError, match="Duration"):
        document_of(kind, None, {"duration_seconds": text}, lambda _table, typed: typed)


def test_a_paper_sent_in_pieces_is_kept_with_the_record(open_as) -> None:
    model, session = open_as("a.mwangi")
    entity_id = a_work(model)
    model.do("open", {"kind": "work", "id": entity_id, "tab": "papers"})
    content = b"%PDF-1.7 " + b"x" * 100
    for start in (0, 60):
        piece = content[start : start + 60]
        model.do("send_paper", {"name": "../the contract.pdf", "start": start, "size": len(content), "part": piece})
        assert model.notice is None, model.notice
    assert "the contract.pdf" in text_of(register.draw(model, session))
    model.do("attach", {"title": "Contract", "kind": "contract", "dated_on": "2026-03-01", "why": "sent by the writer"})
    assert model.notice.kind == "good", model.notice
    [row] = model.wb.attachments.of("work", entity_id).to_dict("records")
    assert model.wb.attachments.read(row["id"]) == content
    assert "Contract" in text_of(register.draw(model, session))


def test_a_piece_that_comes_out_of_order_leaves_nothing_behind(tmp_path: Path) -> None:
    upload = Upload(tmp_path, 100)
    assert upload.take("a.txt", 0, 20, b"x" * 10) is None
    with pytest.raises(WorkbenchError, match="piece of the file is missing"):
        upload.take("a.txt", 15, 20, b"x" * 5)
    with pytest.raises(WorkbenchError, match="too large"):
        upload.take("a.txt", 0, 101, b"x")
    assert upload.take("a.txt", 0, 5, b"x" * 5) == tmp_path / "a.txt"
    assert upload.take("a.txt", 0, 5, b"y" * 5) == tmp_path / "a (2).txt"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a (2).txt", "a.txt"]
