"""Who is admitted, who sees what, and who may write what."""

from __future__ import annotations

import stat

import httpx
import pytest
from sqlalchemy import select

from tests.central.conftest import Central, Save, get, has
from workbench.central import operators
from workbench.central.tables import feed, holding, instance, received
from workbench.core import documents, journal
from workbench.core.canonical import digest
from workbench.core.documents import KINDS
from workbench.core.errors import NotPermitted, WorkbenchError
from workbench.sync import keys
from workbench.sync.changes import body_digest, pack
from workbench.sync.client import SyncDesk
from workbench.sync.line import Line, Unreachable

DOORS = [
    ("GET", "/v1/standing"),
    ("GET", "/v1/common?head=1"),
    ("POST", "/v1/push"),
    ("GET", "/v1/feed"),
    ("POST", "/v1/conflicts/1/settle"),
    ("POST", "/v1/works/TALA-W-000001/agree"),
    ("GET", "/v1/repertoire?society=901"),
]


def test_every_door_but_three_asks_who_is_there(central: Central) -> None:
    """The list above is compared with the application's own, so that a new door cannot be forgotten."""
    from workbench.central.app import create_app

    made = create_app(f"sqlite:///{central.folder / 'other.sqlite'}")
    paths = set(made.openapi()["paths"])
    made.state.book.close()
    guarded = {
        "/v1/works/{work_id}/agree",
        "/v1/conflicts/{number}/settle",
        *(path.split("?")[0] for _, path in DOORS[:4]),
        "/v1/repertoire",
    }
    assert paths - guarded == {"/v1/hello", "/v1/challenge", "/v1/register"}
    for method, target in DOORS:
        assert httpx.request(method, central.address + target, trust_env=False).status_code == 403


def test_the_key_is_for_its_owner_only_and_the_token_opens_once(central: Central) -> None:
    desk = central.society("TALA", register=False)
    token = operators.enrol(central.book, "TALA", name="Tala")
    with pytest.raises(NotPermitted):
        desk.register(central.address, secret="wrong")  # noqa: S106  no password, that is the point
    desk.register(central.address, secret=token)
    desk.register(central.address, secret=token)  # the answer was lost: asked again with the same key
    file = desk.office.config.folder / "central.key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    thief = Line(central.address, "TALA", keys.new_key())
    with pytest.raises(NotPermitted):
        thief.register(token, keys.public_key(thief._key))


def test_another_key_cannot_speak_in_the_name_of_a_society(central: Central) -> None:
    central.society("TALA")
    with pytest.raises(NotPermitted):
        Line(central.address, "TALA", keys.new_key()).get("/v1/standing")


def test_a_request_seen_twice_is_refused(central: Central) -> None:
    desk = central.society("TALA")
    heads = desk.line._signature("GET", "/v1/standing", b"")
    assert get(central.address, "/v1/standing", **heads).status_code == 200
    assert get(central.address, "/v1/standing", **heads).status_code == 401
    assert get(central.address, "/v1/standing?epoch=other", **heads).status_code == 403


def test_a_challenge_that_is_not_ours_is_refused(central: Central) -> None:
    line = central.society("TALA").line
    line._challenge, line._counter = "0.9999999999.beef", 0
    assert get(central.address, "/v1/standing", **line._signature("GET", "/v1/standing", b"")).status_code == 401
    assert line.get("/v1/standing")["acked"] is None  # the client asks for a new one by itself


def test_a_revoked_society_is_refused_and_what_it_sent_stays(central: Central, save: Save) -> None:
    tala, beto = central.society("TALA"), central.society("BETO")
    save(tala, "party", name="Otieno")
    tala.push()
    operators.revoke(central.book, "TALA")
    for act in (tala.push, tala.pull):
        with pytest.raises(NotPermitted):
            act()
    beto.pull()
    assert has(beto, "party") == ["TALA-P-000001"]


def test_each_sees_what_it_may(central: Central, save: Save) -> None:
    """Repertoire everybody, agreements whom they concern, mandates nobody else, licences never."""
    tala, beto, soma = (
        central.society("TALA", "901"),
        central.society("BETO", "902"),
        central.society("SOMA", "903", territory="800"),
    )
    affiliated = save(tala, "party", name="Achieng", affiliations=[{"society": "902", "right": "performing"}])
    home = save(tala, "party", name="Otieno", birth_on="1970-01-01")
    work = save(tala, "work", title="Malaika", shares=[{"party_id": home, "role": "CA", "performing_ppm": 1_000_000}])
    recording = save(tala, "recording", title="Malaika", works=[{"work_id": work}])
    concerned = save(tala, "agreement", kind="OG", assignor_party_id=home, acquirer_party_id=affiliated)
    other = save(
        tala,
        "agreement",
        kind="OG",
        assignor_party_id=home,
        acquirer_party_id=home,
        territories=[{"indicator": "I", "territory": "800"}],
    )
    save(tala, "mandate", party_id=home)
    with tala.office.change("a licence stays at home") as change:
        journal.record(change, "licence", "TALA-C-000001", "save", None, {"id": "TALA-C-000001"})
    for desk in (tala, beto, soma):
        desk.exchange()
    assert {
        code: [has(desk, kind) for kind in ("party", "work", "recording", "agreement", "mandate")]
        for code, desk in central.desks.items()
    } == {
        "TALA": [[affiliated, home], [work], [recording], [concerned, other], ["TALA-M-000001"]],
        "BETO": [[affiliated, home], [work], [recording], [concerned], []],
        "SOMA": [[affiliated, home], [work], [recording], [other], []],
    }
    with central.book.read() as connection:
        everything = " ".join(connection.execute(select(feed.c.document)).scalars())
        assert set(connection.execute(select(holding.c.kind)).scalars()) == {"party", "work", "recording", "agreement", "mandate"}
    assert "1970" not in everything
    with beto.office.book.read() as connection:
        assert documents.load(connection, KINDS["party"], home)["birth_on"] == ""
    with tala.office.book.read() as connection:
        assert documents.load(connection, KINDS["party"], home)["birth_on"] == "1970-01-01"


def test_a_policy_makes_exceptions_and_shows_what_was_hidden(central: Central, save: Save) -> None:
    tala, beto = central.society("TALA"), central.society("BETO")
    operators.share_with(central.book, "TALA", "BETO", allowed=False, why="talks are under way")
    save(tala, "party", name="Otieno")
    tala.push()
    beto.pull()
    assert has(beto, "party") == []
    assert operators.share_with(central.book, "TALA", "BETO", kind="party", allowed=True, why="signed") == 1
    beto.pull()
    assert has(beto, "party") == ["TALA-P-000001"]


def op(desk: SyncDesk, seq: int = 1, **changed: object) -> dict[str, object]:
    code = desk.office.config.code
    with desk.office.book.read() as connection:
        from workbench.sync.pushing import meta

        epoch = meta(connection, "epoch")
    facts: dict[str, object] = {
        "origin": code, "epoch": epoch, "seq": seq, "previous": seq - 1, "kind": "party", "entity_id": f"{code}-P-000001",
        "base": "", "before": None, "document": {"id": f"{code}-P-000001", "name": "Otieno"}, "entry_hash": f"hash {seq}",
        "resolves": 0, "schema": "0001",
    } | changed  # fmt: skip
    return {**facts, "sha256": digest(facts)}


def send(desk: SyncDesk, *lines: dict[str, object]) -> dict[str, object]:
    header = {"protocol": 1, "epoch": lines[0]["epoch"], "start": {"seq": 0, "hash": ""}, "head": {"seq": 0, "hash": ""}}
    return desk.line.push(pack(header, list(lines)))


FOREIGN = {"id": "TALA-P-000001", "name": "Somebody else"}


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"origin": "TALA"}, "written in the name of 'TALA'"),
        ({"entity_id": "TALA-P-000009", "document": {"id": "TALA-P-000009"}}, "must carry the number range of BETO"),
        ({"entity_id": "TALA-M-000001", "kind": "mandate", "document": {"id": "TALA-M-000001"}}, "not permitted"),
        ({"kind": "licence", "document": {"id": "BETO-P-000001", "fee": 1}}, "never leaves its society"),
        ({"document": {"id": "BETO-P-000001", "birth_on": "1970-01-01"}}, "personal fields never leave"),
        ({"document": {"id": "BETO-P-000002"}}, "do not fit"),
        ({"document": []}, "not a document"),
        ({"base": "feed"}, "digest given as base"),
        ({"resolves": "1"}, "wrong type"),
        ({"document": {"id": "BETO-P-000001", "name": "x" * 1_100_000}}, "larger than"),
    ],
)
def test_a_poisoned_change_is_listed_and_the_queue_goes_on(
    central: Central, save: Save, changed: dict[str, object], reason: str
) -> None:
    tala, beto = central.society("TALA"), central.society("BETO")
    save(tala, "mandate", party_id=save(tala, "party", name="Otieno"))
    tala.push()
    answer = send(beto, op(beto, 1, **changed), op(beto, 2))
    assert answer["acked"] == 2
    assert answer["counts"] == {"quarantined": 1, "accepted": 1}
    [listed] = operators.overview(central.book)["not_applied"]
    assert reason in listed["reason"]
    assert "1970" not in listed["line"]
    with central.book.read() as connection:
        assert "Somebody" not in " ".join(connection.execute(select(holding.c.document)).scalars())


def test_a_change_that_does_not_have_its_digest_is_not_applied(central: Central) -> None:
    beto = central.society("BETO")
    answer = send(beto, {**op(beto), "document": {"id": "BETO-P-000001", "name": "Altered"}})
    assert answer["counts"] == {"quarantined": 1}


def test_a_damaged_batch_is_refused_whole(central: Central) -> None:
    beto = central.society("BETO")
    body = pack({"epoch": "e"}, [op(beto)])
    heads = {**beto.line._signature("POST", "/v1/push", body[:-1]), "x-body-sha256": body_digest(body)}
    assert httpx.post(central.address + "/v1/push", content=body[:-1], headers=heads, trust_env=False).status_code == 503
    with central.book.read() as connection:
        assert connection.execute(select(received)).all() == []


def test_a_batch_that_comes_before_an_earlier_one_waits_for_it(central: Central) -> None:
    beto = central.society("BETO")
    first, second, third = (op(beto, n, entity_id=f"BETO-P-00000{n}", document={"id": f"BETO-P-00000{n}"}) for n in (1, 2, 3))
    early = send(beto, third)
    assert (early["gap"], early["acked"], early["counts"]) == (True, 0, {})
    assert send(beto, first, third)["acked"] == 1
    assert send(beto, second, third)["acked"] == 3
    with central.book.read() as connection:
        assert sorted(connection.execute(select(holding.c.entity_id)).scalars()) == [f"BETO-P-00000{n}" for n in (1, 2, 3)]


def test_a_batch_sent_again_is_taken_once(central: Central) -> None:
    beto = central.society("BETO")
    batch = [op(beto, n, entity_id=f"BETO-P-00000{n}", document={"id": f"BETO-P-00000{n}"}) for n in (1, 2)]
    assert send(beto, *batch)["counts"] == {"accepted": 2}
    again = send(beto, *batch)
    assert (again["acked"], again["counts"]) == (2, {"duplicate": 2})
    with central.book.read() as connection:
        assert len(connection.execute(select(received)).all()) == 2
        assert len(connection.execute(select(feed)).all()) == 2


def test_a_cloned_book_is_noticed_and_the_operator_told(central: Central, save: Save) -> None:
    tala = central.society("TALA")
    save(tala, "party", name="Otieno")
    tala.push()
    with pytest.raises(WorkbenchError, match="is not the one received before"):
        send(tala, op(tala, 1, entry_hash="another"))
    assert "not the one received before" in operators.overview(central.book)["instances"][0]["alert"]
    with central.book.read() as connection:
        assert connection.execute(select(instance.c.state)).scalar() == "registered"


def test_nobody_there_is_said_in_plain_words_and_nothing_is_lost(central: Central, save: Save) -> None:
    tala = central.society("TALA")
    save(tala, "party", name="Otieno")
    tala.line = Line("http://127.0.0.1:9", "TALA", keys.new_key(), attempts=2, pause_seconds=0)
    with pytest.raises(Unreachable, match=r"the central instance cannot be reached: .*\. Nothing is lost; try again"):
        tala.exchange()
    assert tala.state()["to_push"] == 1


@pytest.mark.parametrize("url", ["http://central.example", "ftp://127.0.0.1", "https://u:p@central.example", "central"])
def test_an_address_that_would_send_in_clear_is_refused(url: str) -> None:
    with pytest.raises(WorkbenchError):
        Line(url, "TALA", keys.new_key())
