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
        # Unchokes on a beat of ten seconds, and answers on one of half a second.
        pytest.param(
            othermakes.transmission, othermakes.TRANSMISSION, id="transmission"
        ),
    ],
)


@pytest.fixture
def noise(tmp_path: Path) -> Iterator[Album]:
    """Two short tracks, one to seek in, and three large files that are only served."""
    tracks = [
        Track("One", seconds=4),
        Track("Two", seconds=3),
        Track("Three", seconds=40),
    ]
    files = {
        f"1{n} - Noise.mp3": random.Random(n).randbytes(6 * MIB + 12_345)
        for n in range(3)
    }
    with album(
        tmp_path / "Album", tracks, piece_length=256 * 1024, files=files
    ) as made:
        made.paths.extend(made.folder / name for name in files)
        yield made


#: An unlimited seed on loopback gives 16 MB before a late plan; if it is then told that
#: nothing is wanted, aria2 and rtorrent let us wait for 11 to 30 s.
@pytest.mark.alone
@MAKES
def test_an_album_of_another_make_alone_plays_and_is_served_whole(
    seed: Seed, command: str | None, noise: Album, tmp_path: Path
) -> None:
    if not command:
        pytest.skip("not installed")
    with (
        seed(noise.torrent, tmp_path) as peer,
        Listener(tmp_path / "mopidy", [noise], DEFAULT) as listener,
    ):
        noise.tracker.peers = [peer]
        first, second, third, *served = listener.tracks(noise)
        for path, uri in zip(noise.paths[3:], served, strict=True):
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
        listener.play(third)
        listener.wait_for_started(third)
        for position_ms in (20_000, 10_000, 37_000):
            listener.seek(position_ms)
        listener.wait_for_ended(third)
        listener.assert_calm()


@pytest.mark.alone
@MAKES
def test_seeks_in_an_album_of_another_make_alone_come_while_it_is_fetched(
    seed: Seed, command: str | None, noise: Album, tmp_path: Path
) -> None:
    """Nothing is here, and nothing else reads: the first sound is a seek later."""
    if not command:
        pytest.skip("not installed")
    with (
        seed(noise.torrent, tmp_path) as peer,
        Listener(tmp_path / "mopidy", [noise], DEFAULT) as listener,
    ):
        noise.tracker.peers = [peer]
        first, second, third, *_ = listener.tracks(noise)
        listener.play(third)
        for position_ms in (35_000, 12_000, 38_000):
            listener.seek(position_ms)
        listener.wait_for_ended(third)
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
