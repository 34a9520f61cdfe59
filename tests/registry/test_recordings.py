"""The laws of recordings and releases: who has a part, where and when, which ISRCs name them, and which tracks they are."""

from dataclasses import replace

import pytest

from workbench.core.errors import WorkbenchError
from workbench.registry.recordings import Contributor, Recording, RecordingNumber, RecordingTitle
from workbench.registry.releases import Release, Releases, Track


def codes(findings):
    return sorted({finding.code for finding in findings})


@pytest.fixture
def label(both):
    return both.people("Label", "Other label", "Singer")


def test_producers_share_the_whole_in_every_territory_and_period(both, label):
    first, second, singer = label
    parts = (
        Contributor(singer, "featured", instrument="VOX"),
        Contributor(first, "producer", 1_000_000, territory="2100"),
        Contributor(second, "producer", 1_000_000, territory="2120", ends_on="2024-12-31"),
        Contributor(first, "producer", 400_000, territory="2120", starts_on="2025-01-01"),
    )
    made = both.recordings.save(Recording("Song", contributors=parts), why="new")
    (finding,) = [one for one in both.recordings.check(made.id) if one.code == "share_total"]
    assert finding.got == "40.00 % (in +2120 from 2025-01-01)"
    fixed = (*parts[:3], Contributor(first, "producer", 1_000_000, territory="2120", starts_on="2025-01-01"))
    both.recordings.save(replace(made, contributors=fixed), why="asked")
    assert "share_total" not in codes(both.recordings.check(made.id))


def test_a_further_isrc_names_the_recording_as_its_main_one_does(both):
    one = both.recordings.save(
        Recording("Song", isrc="KEABC2500001", numbers=(RecordingNumber("ISRC", "ke-abc-25-00002"),)), why="new"
    )
    assert one.numbers[0].number == "KEABC2500002"
    both.recordings.save(Recording("Song again", isrc="KEABC2500002"), why="new")
    assert [finding.got for finding in both.recordings.check(one.id) if finding.code == "duplicate_isrc"] == ["KEABC2500002"]
    with pytest.raises(WorkbenchError, match=r"number: not a valid ISRC.*numbers\[1\]"):
        both.recordings.change(one.id, numbers=[{"issuer": "ISRC", "number": "X"}], why="typed")


def test_a_remix_cannot_be_its_own_original(both):
    a, b = (one.id for one in both.recordings.save_many([Recording("A"), Recording("B")], why="new"))
    both.recordings.change(a, original_recording_id=b, why="remix")
    with pytest.raises(WorkbenchError, match=f"{b} -> {a} -> {b}"):
        both.recordings.change(b, original_recording_id=a, why="remix")


BAD = [
    ({"contributors": [{"role": "featured", "starts_on": "soon"}]}, "starts_on is not a date"),
    ({"contributors": [{"role": "singer"}]}, "role is not known"),
    ({"titles": [{"title": "", "kind": "AT"}]}, "title is empty"),
]


@pytest.mark.parametrize(("fields", "message"), BAD)
def test_a_recording_that_cannot_stand_is_refused_by_its_field(desks, fields, message):
    (singer,) = desks.people("Singer")
    for row in fields.get("contributors", ()):
        row["party_id"] = singer
    with pytest.raises(WorkbenchError, match=message):
        desks.recordings.save({"title": "Song", **fields}, why="new")
    assert desks.recordings.save(Recording("Song", titles=(RecordingTitle("Chanson"),)), why="new").titles


def test_a_track_is_linked_to_the_recording_its_isrc_names_when_saved_and_later(both):
    releases = Releases(both.office)
    known = both.recordings.save(Recording("Song", isrc="KEABC2500001"), why="new")
    tracks = (Track("Song", "1", isrc="KE-ABC-25-00001"), Track("Other", "2", isrc="KEABC2500009"))
    album = releases.save(Release("Album", gtin="4006381333931", tracks=tracks), why="released")
    assert [one.recording_id for one in album.tracks] == [known.id, None]
    assert codes(releases.check(album.id)) == ["track_unknown"]
    later = both.recordings.save(Recording("Other", isrc="KEABC2500009"), why="new")
    assert releases.link_tracks() == 1
    assert [one.recording_id for one in releases.get(album.id).tracks] == [known.id, later.id]
    assert (releases.check(album.id), releases.link_tracks()) == ([], 0)


def test_a_release_with_a_wrong_gtin_is_refused_and_one_without_tracks_is_said(both):
    releases = Releases(both.office)
    with pytest.raises(WorkbenchError, match="gtin: not a valid GTIN"):
        releases.save(Release("Album", gtin="4006381333932"), why="released")
    assert codes(releases.check(releases.save(Release("Album"), why="released").id)) == ["no_tracks"]
