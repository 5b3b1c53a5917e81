"""Tags and lengths in a real Mopidy: in lookups, in the tracklist, after a restart."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from mopidy_vozduxan.audio.formats import estimated_length_ms
from tests.e2e.recording import count_stalls, paced, recording
from tests.e2e.stage import Album, Listener, album, seeded, until
from tests.rig import album as album_maker
from tests.rig.album import RATE, Track

TITLES = ["One", "Two", "Three", "Four"]
SECONDS = 20
LENGTHS = [SECONDS * 1000] * len(TITLES)
LOG = {"loglevels": dict.fromkeys(("mopidy_vozduxan", "mopidy.audio"), "debug")}
OPENED = {"vozduxan": {"scan_tags": "opened"}}
#: The player's buffer has filled by then; see test_prefetch.
STARTING_S = 6


def looked_up(listener: Listener, found: Album) -> tuple[list[Any], float]:
    """Look an album up; its tracks, and the seconds it took."""
    begin = time.monotonic()
    answer = listener.rpc("core.library.lookup", uris=[found.uri])
    return answer[found.uri], time.monotonic() - begin


def lengths_of(tracks: list[Any]) -> list[int]:
    return [track["length"] for track in tracks]


def queued(listener: Listener) -> list[Any]:
    return list(listener.rpc("core.tracklist.get_tracks"))


def test_an_album_out_of_a_live_swarm_is_queued_with_its_true_lengths(
    tmp_path: Path,
) -> None:
    tracks = [Track(title, "flac", SECONDS) for title in TITLES]
    with album(tmp_path / "Named Otherwise", tracks) as one:
        with (
            seeded(one, seconds=10) as swarm,
            Listener(tmp_path / "mopidy", [one], OPENED) as listener,
        ):
            listener.rpc("core.tracklist.add", uris=[one.uri])
            assert lengths_of(queued(listener)) == LENGTHS
            assert [t["artists"][0]["name"] for t in queued(listener)] == [
                "The Rig"
            ] * len(TITLES)
            assert sum(swarm.uploaded()) < one.size / 2
            listener.assert_calm()
        listener = Listener(tmp_path / "mopidy", [], OPENED)  # nobody seeds now
        with listener:
            found, seconds = looked_up(listener, one)
            assert lengths_of(found) == LENGTHS
            assert seconds < 1
            listener.assert_calm()


@pytest.mark.alone
def test_a_dead_swarm_costs_a_lookup_a_moment_and_once(tmp_path: Path) -> None:
    tracks = [Track(title, "flac", 4) for title in TITLES]
    with (
        album(tmp_path / "Dead", tracks) as dead,
        Listener(tmp_path / "mopidy", [dead], OPENED) as listener,
    ):
        found, seconds = looked_up(listener, dead)
        guesses = [estimated_length_ms(p.name, p.stat().st_size) for p in dead.paths]
        assert lengths_of(found) == guesses
        assert seconds < 3, "lookup_timeout"
        begin = time.monotonic()
        for track in found:
            listener.rpc("core.library.lookup", uris=[track["uri"]])
        assert time.monotonic() - begin < 1
        listener.assert_calm()


def test_a_queue_that_came_before_its_lengths_gets_them(tmp_path: Path) -> None:
    tracks = [Track(title, "flac", SECONDS) for title in TITLES]
    patient = {"vozduxan": OPENED["vozduxan"] | {"stall_timeout": 60}}
    with (
        album(tmp_path / "Late", tracks) as late,
        seeded(late, seconds=3) as swarm,
        Listener(tmp_path / "mopidy", [late], patient) as listener,
    ):
        swarm.stall()
        listener.rpc("core.tracklist.add", uris=[late.uri])
        guessed = lengths_of(queued(listener))
        assert guessed != LENGTHS
        swarm.limit(0)
        until(lambda: lengths_of(queued(listener)) == LENGTHS)
        listener.assert_calm()


def test_a_seek_beyond_the_end_of_a_guessed_length_ends_the_track(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    adts = "avenc_aac ! aacparse ! audio/mpeg,stream-format=adts"
    monkeypatch.setitem(album_maker._ENCODERS, "aac", adts)
    tracks = [Track(title, "aac", SECONDS) for title in TITLES]
    with (
        album(tmp_path / "Guessed", tracks) as one,
        seeded(one),
        Listener(tmp_path / "mopidy", [one]) as listener,
    ):
        first, second, *_ = listener.tracks(one)
        listener.play(*listener.tracks(one))
        listener.wait_for_started(first)
        length = queued(listener)[0]["length"]
        assert length > SECONDS * 1000 + 1500
        until(lambda: listener.rpc("core.playback.seek", time_position=length - 500))
        listener.wait_for_ended(first)
        listener.wait_for_started(second)
        position = listener.rpc("core.playback.get_time_position")
        assert position < SECONDS * 1000 / 2, "it begins at its beginning"
        assert listener.state == "playing"
        listener.assert_calm()


@pytest.mark.alone
def test_reading_tags_costs_what_plays_no_stall(tmp_path: Path) -> None:
    """Of its own torrent, whose swarm is barely enough, and of another."""
    cut = [RATE * 16 + 11, *[RATE * 16] * 3]
    others = [Track(title, "flac", SECONDS) for title in TITLES]
    settings = {"prefetch_tracks": 0, "scan_tags": "opened", "stall_timeout": 60}
    with (
        recording(tmp_path / "Live", cut, seed=3) as one,
        paced(one, 1.3) as swarm,
        album(tmp_path / "Other", others) as other,
        seeded(other, seconds=20),
        Listener(
            tmp_path / "mopidy", [one.album, other], LOG | {"vozduxan": settings}
        ) as listener,
    ):
        swarm.stall()
        listener.rpc("core.tracklist.add", uris=[one.album.uri])
        assert lengths_of(queued(listener))[1:] != [16_000] * 3
        listener.rpc("core.playback.play")
        swarm.limit(one.pace(1.3))
        listener.wait_for_sound(STARTING_S * RATE)
        since = listener.mopidy.log_length
        listener.rpc("core.library.browse", uri=other.uri)
        listener.wait_for_ended(queued(listener)[0]["uri"])
        assert count_stalls(listener, since) == 0
        until(lambda: lengths_of(queued(listener))[2:] == [16_000] * 2)
        until(lambda: lengths_of(looked_up(listener, other)[0]) == LENGTHS)
        listener.assert_calm()
