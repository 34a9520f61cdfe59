"""Matching: nothing is guessed, nothing depends on order, nothing is lost."""

from __future__ import annotations

import pytest

from tests.matching.place import Place
from workbench.core import journal
from workbench.core.errors import NotFound, WorkbenchError
from workbench.matching import run as run_module
from workbench.matching.decisions import Parameters

SONGS = [
    ("Malaika wa Bahari", "Amani Trio"), ("Pole Pole Mpenzi", "Zawadi Band"), ("Safari ya Mwezi", "Baraka Jazz"),
    ("Nyota Saba", "Amani Trio"), ("Dancing in Nakuru", "Otieno Brothers"), ("Under the Mango Tree", "Grace Wanjiru"),
    ("Jambo Lako", "Orchestra Simba"), ("Moonlight over Lamu", "Faraja Kings"), ("Kesho Asubuhi", "Pendo Singers"),
]  # fmt: skip


def test_a_line_with_the_title_and_artist_of_one_recording_is_matched_whatever_the_case(place: Place) -> None:
    ids = [place.recording(title, artist) for title, artist in SONGS]
    place.report(*({"title": title.upper(), "artist": artist.lower()} for title, artist in SONGS))
    place.matching.run()
    assert place.states() == [("matched", each) for each in ids]


def test_an_isrc_with_its_title_is_a_match_and_with_another_title_a_doubt(place: Place) -> None:
    known = place.recording("Malaika wa Bahari", "Amani Trio", isrc="KEA012500001")
    place.recording("Pole Pole Mpenzi", "Zawadi Band", isrc="KEA012500002")
    place.report(
        {"title": "Malaika wa Bahari", "artist": "Amani Trio", "isrc": "KEA012500001"},
        {"title": "Something Else Entirely", "artist": "Nobody Known", "isrc": "KEA012500001"},
        {"title": "Pole Pole Mpenzi", "artist": "Zawadi Band", "isrc": "KEA012500001"},
    )
    place.matching.run()
    assert place.states() == [("matched", known), ("doubtful", ""), ("doubtful", "")]
    assert place.matching.frame()["method"].iloc[0] == "isrc"
    reasons = place.matching.explain("TALA-B-000001:3").reasons
    assert any("identifier" in reason for reason in reasons)


def test_an_isrc_and_an_iswc_of_different_works_are_a_doubt(place: Place) -> None:
    one, other = (
        place.work("Nyota Saba", ("Amani Otieno",), iswc="T-000.000.001-0"),
        place.work("Nyota Saba", ("Baraka Kamau",), iswc="T-000.000.002-1"),
    )
    place.recording("Nyota Saba", "Amani Trio", isrc="KEA012500001", works=[one])
    place.recording("Nyota Saba", "Amani Trio", isrc="KEA012500002", works=[other])
    place.report({"title": "Nyota Saba", "artist": "Amani Trio", "isrc": "KEA012500001", "iswc": "T-000.000.002-1"})
    place.matching.run()
    assert place.states() == [("doubtful", "")]


def test_equal_homonyms_are_a_doubt_and_stand_in_the_order_of_their_identifiers(place: Place) -> None:
    ids = [place.recording("Nyota Saba", "Amani Trio") for _ in range(3)]
    place.report({"title": "Nyota Saba", "artist": "Amani Trio"})
    place.matching.run()
    assert place.states() == [("doubtful", "")]
    assert [each.id for each in place.matching.queue()[0].candidates] == ids
    assert "about as likely" in " ".join(place.matching.queue()[0].reasons)


def test_of_two_recordings_of_one_work_with_equal_evidence_the_work_is_matched(place: Place) -> None:
    work = place.work("Nyota Saba", ("Amani Otieno",))
    for _ in range(2):
        place.recording("Nyota Saba", "Amani Trio", works=[work])
    place.report({"title": "Nyota Saba", "artist": "Amani Trio", "writers": "Amani Otieno"})
    place.matching.run()
    assert place.states() == [("matched", work)]


def test_the_spelling_that_agrees_letter_for_letter_wins_over_one_that_only_sounds_the_same(place: Place) -> None:
    place.recording("U Get Me High", "Tom Otieno")
    exact = place.recording("You Get Me High", "Tom Otieno")
    place.report({"title": "You Get Me High", "artist": "Tom Otieno"})
    place.matching.run()
    assert place.states() == [("matched", exact)]


@pytest.mark.parametrize("suffix", [" Part 2", " II", " (Pt. 2)", " Reprise", " No. 2", " 3"])
def test_a_sequel_is_not_its_original(place: Place, suffix: str) -> None:
    place.recording("Moonlight over Lamu", "Faraja Kings", isrc="KEA012500009", duration_seconds=200)
    place.report(
        {"title": "Moonlight over Lamu" + suffix, "artist": "Faraja Kings", "duration_seconds": 200},
        {"title": "Moonlight over Lamu" + suffix, "artist": "Faraja Kings", "isrc": "KEA012500009"},
    )
    place.matching.run()
    assert {state for state, _ in place.states()} == {"doubtful"}


@pytest.mark.parametrize("suffix", [" (Live)", " - DJ Kesho Remix", " (Karaoke Version)"])
def test_another_version_is_not_taken_for_the_recording_but_stands_for_the_work(place: Place, suffix: str) -> None:
    work = place.work("Moonlight over Lamu", ("Faraja Kamau",))
    place.recording("Moonlight over Lamu", "Faraja Kings", works=[work])
    place.recording("Kesho Asubuhi", "Pendo Singers")
    place.report(
        {"title": "Moonlight over Lamu" + suffix, "artist": "Faraja Kings"},
        {"title": "Kesho Asubuhi" + suffix, "artist": "Pendo Singers"},
    )
    place.matching.run()
    assert place.states() == [("matched", work), ("doubtful", "")]


def test_various_artists_is_nobody_and_a_title_alone_is_never_enough(place: Place) -> None:
    place.recording("Moonlight over Lamu", "Various Artists", duration_seconds=200)
    place.report(
        {"title": "Moonlight over Lamu", "artist": "Various Artists"}, {"title": "Moonlight over Lamu", "duration_seconds": 200}
    )
    place.matching.run()
    assert {state for state, _ in place.states()} <= {"doubtful", "unmatched"}


def test_a_set_list_without_artists_is_matched_to_works_by_their_writers_and_alternative_titles(place: Place) -> None:
    work = place.work("Nyimbo ya Mvua", ("Wanjiru Mbeki", "Asha Farah"), ("Song of the Rain",))
    place.work("Song of the River", ("Asha Farah",))
    place.report({"title": "Song of the Rain", "writers": "MBEKI, WANJIRU / FARAH ASHA"})
    place.matching.run()
    assert place.states() == [("matched", work)]


def test_a_song_that_is_not_registered_is_not_guessed(place: Place) -> None:
    for title, artist in SONGS:
        place.recording(title, artist)
    place.report(
        {"title": "Completely Different Thing", "artist": "Unheard Of"}, {"title": "Nyota Saba", "artist": "Another Singer"}
    )
    place.matching.run()
    assert all(state in {"doubtful", "unmatched"} for state, _ in place.states())


def test_durations_in_milliseconds_are_the_same_durations(place: Place) -> None:
    recording = place.recording("Nyota Saba", "Amani Trio", duration_seconds=215)
    place.report({"title": "Nyota Saba", "artist": "Amani Trio", "duration_seconds": 215_000})
    place.matching.run()
    assert place.states() == [("matched", recording)]
    shown = {part.field: part for part in place.matching.explain("TALA-B-000001:2").candidates[0].fields}
    assert shown["duration"].points > 0


def test_neither_the_order_of_lines_nor_the_size_of_chunks_nor_the_split_into_batches_matters(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    for title, artist in SONGS:
        place.recording(title, artist)
    rows = [{"title": _slip(title), "artist": artist} for title, artist in SONGS] + [{"title": t, "artist": a} for t, a in SONGS]
    rows += [{"title": "Nyota, Saba", "artist": "Amani Trio"}, {"title": "NYOTA SABA", "artist": "AMANI TRIO"}]
    place.report(*rows)
    whole = _decisions(place)
    rows = rows[1::2] + rows[-2::-2]
    place.report(*rows)
    monkeypatch.setattr(run_module, "CHUNK", 2)
    for batch in ("TALA-B-000002", "TALA-B-000001"):
        place.matching.run(batch)
    assert _stored(place) == whole
    assert place.matching.run().digest == place.matching.run(["TALA-B-000002", "TALA-B-000001"]).digest


def test_of_lines_that_differ_only_in_spelling_the_same_one_is_scored_in_any_order(place: Place) -> None:
    place.recording("Nyota Saba", "Amani Trio")
    spellings = [
        {"title": title, "artist": "Amani Trio"} for title in ("Nyota Saba Live", "Nyota Saba (Live)", "Nyota Saba - Live")
    ]
    found = []
    for rows in (spellings, spellings[::-1]):
        place.report(*rows)
        with place.office.book.read() as connection:
            found.append(run_module._lines(connection, run_module._scope(connection, None)))
    assert found[0] == found[1]
    assert [line.title for line in found[0]] == ["Nyota Saba (Live)"]


def test_every_line_of_the_report_is_in_the_summary_once(place_anywhere: Place) -> None:
    place = place_anywhere
    recording = place.recording(*SONGS[0])
    place.pay(10_000_000)
    rows = [
        {"title": SONGS[0][0], "artist": SONGS[0][1], "plays": 3, "duration_seconds": 200},
        {"title": "Quite Unknown", "artist": "Nobody"},
    ]
    batch = place.report(*rows, {"artist": "no title"}, rows[0])
    found = place.matching.run(batch)
    assert found.counts == {"matched": 2, "doubtful": 0, "unmatched": 1, "refused": 1}
    summary = found.summary().set_index("state")
    assert summary.loc["total", "lines"] == batch.lines == 4
    assert summary.loc["matched", "minutes"] == 20
    # 10.00 paid, spread over plays x seconds: 2 x 3 x 200 matched, 180 assumed for the unmatched play
    assert str(summary.loc["matched", "money_at_stake"]) == "8.695652"
    assert place.states() == [("matched", recording), ("unmatched", ""), ("refused", ""), ("matched", recording)]


def test_a_run_is_one_journal_entry_with_its_counts_and_digest(place: Place) -> None:
    place.recording(*SONGS[0])
    place.report({"title": SONGS[0][0], "artist": SONGS[0][1]})
    with place.office.book.read() as connection:
        before = journal.head(connection)[0]
    found = place.matching.run(parameters=Parameters(accept_ppm=700_000))
    with place.office.book.read() as connection:
        (entry,) = journal.entries(connection, after=before)
        assert journal.verify(connection) == []
    assert (entry.kind, entry.entity_id) == ("match_run", found.id)
    assert entry.after is not None
    assert entry.after["digest"] == found.digest
    assert entry.after["parameters"]["accept_ppm"] == 700_000


def test_an_empty_repertoire_leaves_everything_unmatched(place: Place) -> None:
    place.report({"title": "Nyota Saba", "artist": "Amani Trio"})
    assert place.matching.run().counts["unmatched"] == 1
    assert place.matching.queue() == []


def test_an_unknown_batch_or_line_is_named(place: Place) -> None:
    with pytest.raises(NotFound, match="TALA-B-000009"):
        place.matching.run("TALA-B-000009")
    with pytest.raises(NotFound, match="TALA-B-000009:1"):
        place.matching.explain("TALA-B-000009:1")
    place.report({"title": "Nyota Saba"}, {"artist": "no title"})
    with pytest.raises(WorkbenchError, match="refused"):
        place.matching.rule("TALA-B-000001:3", none=True, why="no")


def _slip(title: str) -> str:
    return title[:3] + title[4:]


def _decisions(place: Place) -> list[tuple[str, ...]]:
    place.matching.run()
    return _stored(place)


def _stored(place: Place) -> list[tuple[str, ...]]:
    frame = place.matching.frame("TALA-B-000001").sort_values("title")
    columns = ["title", "artist", "state", "target_id", "method", "probability_ppm", "margin_ppm"]
    return [tuple(str(value) for value in row) for row in frame[columns].itertuples(index=False)]
