"""A torrent that a client of another make seeds plays like any other."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.e2e.stage import Listener, album, as_floats
from tests.rig import othermakes
from tests.rig.album import Track, make_pcm

#: Both let a new peer in on a beat of ten seconds.
PATIENT = {"vozduxan": {"stall_timeout": 30}}
Seed = Callable[[bytes, Path], AbstractContextManager[tuple[str, int]]]


@pytest.mark.parametrize(
    ("seed", "command"),
    [
        pytest.param(
            othermakes.transmission, othermakes.TRANSMISSION, id="transmission"
        ),
        pytest.param(othermakes.aria2, othermakes.ARIA2, id="aria2"),
    ],
)
def test_a_torrent_of_another_make_plays(
    seed: Seed, command: str | None, tmp_path: Path
) -> None:
    if command is None:
        pytest.skip("not installed")
    tracks = [Track("One", "flac", 4), Track("Two", "flac", 3)]
    with (
        album(tmp_path / "Album", tracks) as one,
        seed(one.torrent, tmp_path) as peer,
        Listener(tmp_path / "mopidy", [one], PATIENT, sync=False) as listener,
    ):
        one.tracker.peers = [peer]
        first, second = listener.tracks(one)
        listener.play(first, second)
        listener.wait_for_ended(second)
        pcm = make_pcm(4, seed=1001) + make_pcm(3, seed=1002)
        assert listener.sound == as_floats(pcm)
        listener.assert_calm()
