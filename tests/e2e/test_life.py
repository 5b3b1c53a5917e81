"""A session's life: idle between tracks, stopped in the middle, started again."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.e2e.stage import Listener, album, as_floats, seeded
from tests.rig.album import Track, make_pcm

#: The trap closes within three seconds of the last wanted piece.
IDLE_S = 5.0
PIECE = 16 * 1024


@pytest.mark.alone
def test_after_a_pause_the_swarm_is_still_there(tmp_path: Path) -> None:
    """The finished trap: a swarm that has all it wants loses its peers."""
    tracks = [Track(f"Track {n}", "flac", 2) for n in range(1, 10)]
    with (
        album(tmp_path / "Album", tracks) as one,
        seeded(one, seconds=6) as swarm,
        Listener(tmp_path / "mopidy", [one], sync=False) as listener,
    ):
        uris = listener.tracks(one)
        first = _start(listener, uris[0])
        listener.wait_for_ended(uris[0])
        time.sleep(IDLE_S)  # not to wait for something: this is the idling itself
        last = one.paths[-1].stat().st_size
        assert sum(swarm.uploaded()) < one.size - last, "it has fetched everything"
        later = _start(listener, uris[8])
        assert later <= max(3 * first, first + 0.5), (first, later)
        listener.wait_for_ended(uris[8])
        assert listener.sound == as_floats(make_pcm(2, seed=1009))
        listener.assert_calm()


def _start(listener: Listener, uri: str) -> float:
    """Play one track; seconds until it sounds."""
    listener.mopidy.events.skip()
    begin = time.monotonic()
    listener.mopidy.play(uri)
    listener.wait_for_started(uri)
    return time.monotonic() - begin


def test_a_stop_in_the_middle_is_orderly_and_loses_nothing(tmp_path: Path) -> None:
    with (
        album(
            tmp_path / "Album", [Track("One", "flac", 20)], piece_length=PIECE
        ) as one,
        seeded(one, seconds=15) as swarm,
    ):
        with Listener(tmp_path / "mopidy", [one]) as listener:
            (uri,) = listener.tracks(one)
            listener.play(uri)
            listener.wait_for_sound(44_100)
            begin = time.monotonic()
            assert listener.mopidy.stop(timeout=30) == 0
            assert time.monotonic() - begin < 15
            listener.assert_calm()
        fetched = sum(swarm.uploaded())
        assert one.size // 5 < fetched < one.size, "not stopped in the middle"

        with Listener(tmp_path / "mopidy", [], sync=False) as listener:
            listener.play(uri)
            listener.wait_for_ended(uri)
            assert listener.sound == as_floats(make_pcm(20, seed=1001))
            listener.assert_calm()
        # Blocks of unfinished pieces are lost: with each seeder a piece or two.
        assert sum(swarm.uploaded()) <= one.size + 10 * PIECE
