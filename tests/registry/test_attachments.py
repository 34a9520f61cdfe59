"""The laws of papers: kept once by their digest, safe before the book names them, verified when read, and in every backup."""

import io
import zipfile

import pytest

from workbench.api import Workbench
from workbench.core.errors import NotFound, WorkbenchError
from workbench.registry import papers
from workbench.registry.attachments import Attachments

PDF = b"%PDF-1.7\nA contract\n"


@pytest.fixture
def attachments(both):
    return Attachments(both.office)


@pytest.fixture
def party(both):
    return both.people("Mfano")[0]


def a_file(folder, name="contract.pdf", content=PDF):
    file = folder / name
    file.write_bytes(content)
    return file


def zipped(*names, **contents):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in (*names, *contents):
            archive.writestr(name, contents.get(name, ""))
    return out.getvalue()


def test_a_paper_is_kept_with_its_record_and_read_back_as_it_was(attachments, party, tmp_path):
    paper = attachments.attach(
        "party", party, a_file(tmp_path), title="Contract", kind="contract", dated_on="2025-03-03", why="signed"
    )
    assert (paper.file_name, paper.media_type, paper.size_bytes) == ("contract.pdf", "application/pdf", len(PDF))
    assert attachments.read(paper.id) == PDF
    assert attachments.path(paper.id).relative_to(attachments.office.config.folder).parts[0] == "documents"
    assert attachments.of("party", party)[["id", "title", "dated_on"]].to_numpy().tolist() == [
        [paper.id, "Contract", "2025-03-03"]
    ]
    assert attachments.of("work", party).empty


def test_the_same_file_is_kept_once_and_nothing_unfinished_stays(attachments, party, tmp_path):
    for name in ("a.pdf", "b.pdf"):
        attachments.attach("party", party, a_file(tmp_path, name), title=name, why="signed")
    files = [file for file in (attachments.office.config.folder / "documents").rglob("*") if file.is_file()]
    assert len(files) == 1
    assert len(attachments.of("party", party)) == 2


def test_a_record_that_is_not_there_gets_no_paper(attachments, party, tmp_path):
    with pytest.raises(NotFound, match="TALA-P-0000"):
        attachments.attach("party", "TALA-P-000099", a_file(tmp_path), title="Contract", why="signed")
    with pytest.raises(NotFound, match="Did you mean party"):
        attachments.attach("partie", party, a_file(tmp_path), title="Contract", why="signed")
    assert not (attachments.office.config.folder / "documents").exists()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("contract.pdf", b"MZ\x90\x00 a program", "not a paper"),
        ("contract.pdf", b"\x7fELF\x02\x01", "not a paper"),
        ("contract.txt", b"#!/bin/sh\nrm -rf x", "not a paper"),
        ("contract.txt", b"  <!DOCTYPE html><script>", "not a paper"),
        ("picture.txt", b"<?xml version='1.0'?><svg onload='x'>", "not a paper"),
        ("contract.exe", PDF, "a program is not a paper"),
        ("contract.pdf.js", PDF, "a program is not a paper"),
        ("contract.pdf", zipped("evil.exe"), "not a paper"),
        ("contract.docx", zipped("word/document.xml", "word/vbaProject.bin"), "macros"),
        ("contract\u202efdp.pdf", PDF, "name is not taken"),
        (".contract.pdf", PDF, "name is not taken"),
        ("contract.pdf", b"", "empty"),
        ("contract.pdf", b"caf\xe9", "not a paper"),
    ],
)
def test_what_a_computer_would_run_and_what_deceives_is_refused(desks, tmp_path, name, content, said):
    (party,) = desks.people("Mfano")
    attachments = Attachments(desks.office)
    with pytest.raises(WorkbenchError, match=said):
        attachments.attach("party", party, a_file(tmp_path, name, content), title="Contract", why="signed")
    assert attachments.frame().empty


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"\x89PNG\r\n\x1a\n...", "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        ("Uamuzi wa bodi, 3 März".encode(), "text/plain"),
        (zipped("word/document.xml"), "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        (zipped(mimetype="application/vnd.oasis.opendocument.text"), "application/vnd.oasis.opendocument.text"),
    ],
)
def test_what_a_paper_is_follows_from_its_content(content, kind):
    assert papers.media_type(content, "anything.xyz") == kind


def test_a_file_that_is_too_large_is_refused(attachments, party, tmp_path, monkeypatch):
    monkeypatch.setattr(papers, "LARGEST", len(PDF) - 1)
    with pytest.raises(WorkbenchError, match="too large"):
        attachments.attach("party", party, a_file(tmp_path), title="Contract", why="signed")


def test_a_damaged_or_missing_paper_is_found_and_never_handed_out(attachments, party, tmp_path):
    paper = attachments.attach("party", party, a_file(tmp_path), title="Contract", why="signed")
    assert attachments.check() == []
    place = attachments.path(paper.id)
    place.write_bytes(PDF[:-1] + b"!")
    for look in (attachments.read, attachments.path):
        with pytest.raises(WorkbenchError, match="is damaged"):
            look(paper.id)
    assert [finding.message for finding in attachments.check()] == ["this paper is damaged"]
    place.unlink()
    assert [finding.message for finding in attachments.check(paper.id)] == ["this paper is missing"]
    attachments.attach("party", party, a_file(tmp_path), title="Contract again", why="lost")
    assert attachments.check() == []


def test_a_digest_that_leads_out_of_the_folder_is_refused(attachments, party):
    with pytest.raises(WorkbenchError, match="not a digest"):
        attachments.save(
            {"about_kind": "party", "about_id": party, "title": "x", "kind": "other", "sha256": "../../etc/passwd"}, why="x"
        )


def test_a_backup_carries_the_papers_and_a_restored_society_reads_them(tmp_path):
    with Workbench.create(tmp_path / "one", code="TALA", name="Tala", currency="KES", user="a.mwangi") as wb:
        party = wb.parties.save({"kind": "natural", "name": "Mfano"}, why="joins").id
        paper = wb.attachments.attach("party", party, a_file(tmp_path), title="Contract", why="signed")
        wb.backup(tmp_path / "backup.zip")
    with Workbench.restore(tmp_path / "backup.zip", tmp_path / "two", user="a.mwangi") as wb:
        assert wb.attachments.read(paper.id) == PDF
        assert wb.attachments.check() == []
