"""An album whose only seed is a client of another make plays, and is served whole."""

from __future__ import annotations

import random
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.e2e.served import DIRECT, public_url
from tests.e2e.stage import Album, Listener, album, as_floats
from tests.rig import othermakes
from tests.rig.album import Track, make_pcm

MIB = 1024 * 1024
#: As listeners have it: no seed may need more.
DEFAULT = {"vozduxan": {"stall_timeout": 20, "scan_tags": "never"}}
Seed = Callable[[bytes, Path], AbstractContextManager[tuple[str, int]]]

MAKES = pytest.mark.parametrize(
    ("seed", "command"),
    [
        pytest.param(othermakes.aria2, othermakes.ARIA2, id="aria2"),
        pytest.param(othermakes.rtorrent, othermakes.RTORRENT, id="rtorrent"),
        pytest.param(othermakes.webtorrent, othermakes.WEBTORRENT, id="webtorrent"),
    ],
)


@pytest.fixture
def noise(tmp_path: Path) -> Iterator[Album]:
    """Two short tracks, and three large files that are only served."""
    tracks = [Track("One", "flac", 4), Track("Two", "flac", 3)]
    files = {
        f"1{n} - Noise.mp3": random.Random(n).randbytes(6 * MIB + 12_345)
        for n in range(3)
    }
    with album(
        tmp_path / "Album", tracks, piece_length=256 * 1024, files=files
    ) as made:
        made.paths.extend(made.folder / name for name in files)
        yield made


#: An unlimited seed on loopback gives 27 MB before a late plan; it is then told that
#: nothing is wanted, and aria2 and rtorrent let us wait for 11 to 30 s.
@pytest.mark.alone
@MAKES
def test_an_album_of_another_make_alone_plays_and_is_served_whole(
    seed: Seed, command: str | None, noise: Album, tmp_path: Path
) -> None:
    if not command:
        pytest.skip("not installed")
    with (
        seed(noise.torrent, tmp_path) as peer,
        Listener(tmp_path / "mopidy", [noise], DEFAULT, sync=False) as listener,
    ):
        noise.tracker.peers = [peer]
        first, second, *served = listener.tracks(noise)
        for path, uri in zip(noise.paths[2:], served, strict=True):
            source, url = path.read_bytes(), public_url(listener, noise, uri)
            for percent in (0, 50, 90, 25):
                start = len(source) * percent // 100
                stop = start + 300_000  # crosses a piece, and leaves the rest
                assert _read(url, start, stop) == source[start:stop]
            assert _read(url, 0, len(source)) == source
        listener.play(first, second)
        listener.wait_for_ended(second)
        pcm = make_pcm(4, seed=1001) + make_pcm(3, seed=1002)
        assert listener.sound == as_floats(pcm)
        listener.assert_calm()


def test_an_album_of_transmission_alone_plays(tmp_path: Path) -> None:
    """3.00 lets a new peer in on a beat of ten seconds, and is slow at first."""
    if not othermakes.TRANSMISSION:
        pytest.skip("not installed")
    tracks = [Track("One", "flac", 4), Track("Two", "flac", 3)]
    patient = {"vozduxan": {"stall_timeout": 30}}
    with (
        album(tmp_path / "Album", tracks) as one,
        othermakes.transmission(one.torrent, tmp_path) as peer,
        Listener(tmp_path / "mopidy", [one], patient, sync=False) as listener,
    ):
        one.tracker.peers = [peer]
        first, second = listener.tracks(one)
        listener.play(first, second)
        listener.wait_for_ended(second)
        pcm = make_pcm(4, seed=1001) + make_pcm(3, seed=1002)
        assert listener.sound == as_floats(pcm)
        listener.assert_calm()


def _read(url: str, start: int, stop: int) -> bytes:
    request = urllib.request.Request(
        url, headers={"Range": f"bytes={start}-{stop - 1}"}
    )
    with DIRECT.open(request, timeout=60) as response:
        data: bytes = response.read()
    return data
