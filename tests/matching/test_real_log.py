"""The real radio log against the list of its songs: all lines accounted for, plays as the list counts them, no guesses."""

from __future__ import annotations

import csv
from pathlib import Path

from workbench.api import Workbench


def test_the_real_log_reaches_the_plays_the_song_list_counts(tmp_path: Path, shared_folder: Path) -> None:
    data = shared_folder / "data" / "classic-rock"
    text = (data / "classic-rock-song-list.csv").read_bytes().decode("utf-8")
    listed = list(csv.DictReader(text.replace("\r\n", "\n").replace("\r", "\n").splitlines()))
    plays = {(row["Song Clean"].strip(), row["ARTIST CLEAN"].strip()): int(row["PlayCount"]) for row in listed}
    assert len(plays) == 2_229
    with Workbench.create(tmp_path / "society", code="TALA", name="Tala", currency="USD", user="a.mwangi") as wb:
        licensee = wb.licences.add_licensee(name="Twenty-five stations", why="test")
        licence = wb.licences.add_licence(licensee_id=licensee.id, number="1", tariff="radio", starts_on="2014-01-01", why="test")
        wb.onboarding.load(data / "classic-rock-song-list.csv", layout="song-list-classic-v1", why="the catalogue")
        batch = wb.usage.load(
            data / "classic_rock_raw_data.csv.gz",
            layout="radio-log-classic-v1",
            licence_id=licence.id,
            period="2014-06",
            why="log",
        )
        found = wb.matching.run(batch)
        assert sum(found.counts.values()) == found.lines == batch.lines == 37_673
        assert found.counts["refused"] == 26
        frame = wb.matching.frame(batch)
        matched = frame[frame.state == "matched"].groupby("target_id").size().to_dict()
        songs = {(each.title, each.main_artist): each.id for each in wb.recordings.get_many()}
        same = sum(matched.get(songs.get(song, ""), 0) == count for song, count in plays.items())
        assert same >= 2_220, same
        # a song by another band of nearly the same name is not in the list
        others = frame[frame.artist == "Dread Zeppelin"]
        assert set(others.state) <= {"doubtful", "unmatched"}
