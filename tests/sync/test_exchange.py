"""The named anomalies, one by one, over HTTP with real books."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from tests.central.conftest import Central, Save, has
from tests.sync.simulator import copy_book, put_back
from workbench.central.tables import central_conflict, feed
from workbench.core import documents, journal
from workbench.core.documents import KINDS
from workbench.core.errors import Conflict, WorkbenchError
from workbench.core.store import set_meta
from workbench.sync import state
from workbench.sync.changes import may_leave
from workbench.sync.client import SyncDesk
from workbench.sync.merge import three_way


def change(desk: SyncDesk, kind: str, entity_id: str, **fields: object) -> None:
    with desk.office.change("test") as write:
        documents.save(write, KINDS[kind], {**documents.load(write.connection, KINDS[kind], entity_id), **fields})


def read(desk: SyncDesk, kind: str, entity_id: str) -> dict[str, Any]:
    with desk.office.book.read() as connection:
        return documents.load(connection, KINDS[kind], entity_id)


@pytest.fixture
def pair(central: Central, save: Save) -> tuple[SyncDesk, SyncDesk]:
    """Two societies that both know TALA-P-000001, TALA-P-000002 and TALA-W-000001."""
    tala, beto = central.society("TALA"), central.society("BETO")
    one, other = (save(tala, "party", name=name) for name in ("Otieno", "Achieng"))
    shares = [{"party_id": p, "role": "CA", "performing_ppm": 500_000, "mechanical_ppm": 500_000} for p in (one, other)]
    save(tala, "work", title="Malaika", shares=shares)
    tala.exchange()
    beto.exchange()
    return tala, beto


def test_edits_of_different_fields_merge_by_themselves(pair: tuple[SyncDesk, SyncDesk]) -> None:
    tala, beto = pair
    change(tala, "work", "TALA-W-000001", title="Malaika wangu")
    change(beto, "work", "TALA-W-000001", language="SW")
    for desk in (tala, beto, tala):
        desk.exchange()
    for desk in pair:
        assert (read(desk, "work", "TALA-W-000001")["title"], read(desk, "work", "TALA-W-000001")["language"]) == (
            "Malaika wangu",
            "SW",
        )
        assert len(desk.conflicts()) == 0


def test_share_edits_each_valid_but_together_too_much_are_a_conflict(pair: tuple[SyncDesk, SyncDesk]) -> None:
    tala, beto = pair
    shares = read(tala, "work", "TALA-W-000001")["shares"]
    change(
        tala, "work", "TALA-W-000001", shares=[{**shares[0], "performing_ppm": 600_000}, {**shares[1], "performing_ppm": 400_000}]
    )
    change(
        beto,
        "work",
        "TALA-W-000001",
        shares=[{**shares[0], "performing_ppm": 500_000}, {**shares[1], "performing_ppm": 500_000, "role": "C"}],
    )
    for desk in (tala, beto, tala):
        desk.exchange()
    assert [desk.conflicts().field.tolist() for desk in pair] == [["shares"], ["shares"]]
    assert read(tala, "work", "TALA-W-000001")["shares"][0]["performing_ppm"] == 600_000
    assert read(beto, "work", "TALA-W-000001")["shares"][1]["role"] == "C"


@pytest.mark.parametrize(("side", "keep", "title"), [(0, "ours", "A"), (0, "theirs", "B"), (1, "ours", "B"), (1, "theirs", "A")])
def test_either_side_decides_a_conflict_and_the_other_hears_of_it(
    pair: tuple[SyncDesk, SyncDesk],
    central: Central,
    side: int,
    keep: Any,
    title: str,
) -> None:
    tala, beto = pair
    change(tala, "work", "TALA-W-000001", title="A")
    change(beto, "work", "TALA-W-000001", title="B", language="SW")
    for desk in (tala, beto, tala):
        desk.exchange()
    assert [read(desk, "work", "TALA-W-000001")["title"] for desk in pair] == ["A", "B"]
    decided = pair[side]
    number = decided.conflicts().conflict_id[0]
    assert decided.resolve(number, keep=keep, why="the contract says so")["outcome"] == keep
    with pytest.raises(WorkbenchError, match="settled already"):
        decided.resolve(number, keep=keep, why="again")
    for desk in (decided, pair[1 - side], decided, pair[1 - side]):
        desk.exchange()
    assert [read(desk, "work", "TALA-W-000001")["title"] for desk in pair] == [title, title]
    assert [len(desk.conflicts()) for desk in pair] == [0, 0]
    with central.book.read() as connection:
        assert connection.execute(select(central_conflict.c.state)).scalars().all() == ["settled"]


def test_a_book_restored_from_an_old_backup_gets_its_lost_changes_back_and_reuses_no_number(
    pair: tuple[SyncDesk, SyncDesk],
    save: Save,
) -> None:
    tala, beto = pair
    book = tala.office.book
    file, copy = Path(book.engine.url.database or ""), Path(f"{book.engine.url.database}.copy")
    copy_book(file, copy)
    lost = save(tala, "party", name="Wanjiru")
    tala.exchange()
    book.close()
    put_back(copy, file)
    save(tala, "party", name="Kamau")  # takes the number of the lost one
    with pytest.raises(Conflict, match="not the one that was pushed before"):
        tala.push()  # copied back by hand: noticed, not deduplicated
    assert not tala.verify_anchor()
    book.close()
    put_back(copy, file)
    with book.write("operator", "restored") as write:
        set_meta(write.connection, "epoch", "a new one")
    tala.exchange()
    assert read(tala, "party", lost)["name"] == "Wanjiru"
    assert save(tala, "party", name="Kamau") == "TALA-P-000004"
    for desk in (tala, beto):
        desk.exchange()
    assert has(tala, "party") == has(beto, "party") == [f"TALA-P-{n:06d}" for n in (1, 2, 3, 4)]


def test_a_rewritten_journal_is_noticed(pair: tuple[SyncDesk, SyncDesk]) -> None:
    tala, _ = pair
    assert tala.verify_anchor()
    with tala.office.book.engine.begin() as connection:
        rows = [dict(row) for row in connection.execute(select(journal.journal).order_by(journal.journal.c.seq)).mappings()]
        previous = journal.GENESIS
        for row in rows:  # a whole rewrite: the chain itself is in order again
            row |= {"who": "somebody else", "previous_hash": previous}
            row.pop("hash")
            previous = row["hash"] = journal.digest(row)
        connection.execute(text("DELETE FROM journal"))
        connection.execute(journal.journal.insert(), rows)
    with tala.office.book.read() as connection:
        assert journal.verify(connection) == []
    check = tala.verify_anchor()
    assert [finding.code for finding in check.findings] == ["journal_rewritten"]
    assert not tala.state()["anchor_ok"]
    with pytest.raises(Conflict):
        tala.push()


def show(central: Central, origin: str, kind: str, document: dict[str, Any], op_hash: str) -> None:
    """Put a document into the feed as a newer version of the workbench would."""
    from workbench.central.feeding import Feed

    with central.book.write(origin, "test") as write:
        made = Feed(write)
        made.put_document(kind, document["id"], document, origin=origin, op_hash=op_hash, op_seq=1, state="accepted")
        made.flush()


def test_fields_and_kinds_of_a_newer_version_are_kept_listed_and_passed_on(
    pair: tuple[SyncDesk, SyncDesk],
    central: Central,
) -> None:
    tala, beto = pair
    newer = {**(may_leave("work", read(tala, "work", "TALA-W-000001")) or {}), "mood": "calm"}
    show(central, "TALA", "work", newer, "newer")
    with central.book.write("operator", "test") as write:
        write.connection.execute(text("INSERT INTO share_policy VALUES ('TALA', 'jingle', '*', 1, '', '')"))
    show(central, "TALA", "jingle", {"id": "TALA-Z-000001", "title": "Album"}, "kind")
    beto.pull()
    assert beto.held()[["kind", "reason"]].values.tolist() == [["work", "unknown_field"], ["jingle", "unknown_kind"]]
    assert "mood" in beto.held().detail[0]
    change(beto, "work", "TALA-W-000001", title="Malaika wangu")
    beto.exchange()
    with central.book.read() as connection:
        last = connection.execute(
            select(feed.c.document).where(feed.c.what == "document").order_by(feed.c.seq.desc()).limit(1)
        ).scalar()
    assert (json.loads(last or "{}")["mood"], json.loads(last or "{}")["title"]) == ("calm", "Malaika wangu")


def test_a_poisoned_document_and_a_missing_party_wait_and_the_rest_goes_on(
    pair: tuple[SyncDesk, SyncDesk],
    central: Central,
) -> None:
    _, beto = pair
    show(central, "TALA", "work", {"id": "TALA-W-000007", "title": 7}, "poison")
    show(central, "TALA", "work", {"id": "TALA-W-000008", "shares": [{"party_id": "TALA-P-000099"}]}, "early")
    show(central, "TALA", "party", {"id": "TALA-P-000077", "name": "Fine"}, "fine")
    beto.pull()
    assert beto.held()[["entity_id", "reason"]].values.tolist() == [
        ["TALA-W-000007", "poison"],
        ["TALA-W-000008", "missing_reference"],
    ]
    assert read(beto, "party", "TALA-P-000077")["name"] == "Fine"
    show(central, "TALA", "party", {"id": "TALA-P-000099", "name": "Late"}, "late")
    beto.pull()
    assert beto.held().entity_id.tolist() == ["TALA-W-000007"]
    assert read(beto, "work", "TALA-W-000008")["shares"][0]["party_id"] == "TALA-P-000099"


def test_two_sessions_of_one_society_take_nothing_twice(pair: tuple[SyncDesk, SyncDesk], save: Save) -> None:
    from concurrent.futures import ThreadPoolExecutor

    tala, beto = pair
    for number in range(60):
        save(tala, "party", name=f"Party {number}")
    other = SyncDesk(tala.office)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda desk: desk.push(), (tala, other)))
        list(pool.map(lambda desk: desk.pull(), (beto, SyncDesk(beto.office))))
    with beto.office.book.read() as connection:
        pulled = [entry.entity_id for entry in journal.entries(connection) if entry.op.startswith("pull:")]
    assert len(pulled) == len(set(pulled)) == 63


@pytest.mark.parametrize(
    ("was", "ours", "theirs", "merged", "fields"),
    [
        ({"a": 1}, {"a": 2}, {"a": 1}, {"a": 2}, []),
        ({"a": 1}, {"a": 2}, {"a": 2}, {"a": 2}, []),
        ({"a": 1}, {"a": 2}, {"a": 3}, {"a": 2}, ["a"]),
        ({"a": 1}, {}, {"a": 1}, {}, []),
        ({"a": 1}, {}, {"a": 2}, {}, ["a"]),
        (None, {"a": 1}, {"a": 1, "b": 2}, {"a": 1, "b": 2}, []),
        ({"a": 1}, {"a": True}, {"a": 1}, {"a": True}, []),
    ],
)
def test_three_documents_become_one(was: Any, ours: Any, theirs: Any, merged: Any, fields: Any) -> None:
    assert three_way(was, ours, theirs) == (merged, fields)


def test_a_mark_written_twice_is_one(pair: tuple[SyncDesk, SyncDesk]) -> None:
    tala, _ = pair
    with tala.office.change("marks") as write:
        state.put(write.connection, cursor=5, x="1")
        state.put(write.connection, x="2")
        assert state.get(write.connection, "x") == "2"
