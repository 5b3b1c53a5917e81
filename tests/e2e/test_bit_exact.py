"""What is heard from a swarm is what the file holds, to the last sample."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.stage import (
    FRAME,
    Album,
    Listener,
    album,
    as_floats,
    assert_heard,
    largest_difference,
    seeded,
)
from tests.rig.album import Track, make_pcm, pcm_of
from tests.rig.seeder import Swarm
from tests.rig.torrents import Version

KIB = 1024
#: A Vorbis block. GStreamer does not cut the last one to length when the file
#: comes over HTTP, from whichever server.
VORBIS_BLOCK = 2048


@dataclass(frozen=True, slots=True)
class Case:
    """A format, a piece size that leaves it several pieces, a torrent version."""

    format: str
    piece_kib: int
    seconds: int
    version: Version

    def __str__(self) -> str:
        return f"{self.format}-{self.piece_kib}KiB-{self.version}"

    @property
    def rate(self) -> int:
        return 48_000 if self.format == "opus" else 44_100


CASES = [
    Case("flac", 16, 8, "v1"),
    Case("ogg", 32, 60, "v2"),
    Case("opus", 64, 60, "hybrid"),
    Case("m4a", 128, 60, "v1"),
    Case("mp3", 256, 30, "v1"),
    Case("flac", 512, 12, "v2"),
    Case("flac", 1024, 20, "hybrid"),
    Case("wav", 2048, 24, "v1"),
    Case("wav", 4096, 60, "v1"),
]


@dataclass(frozen=True, slots=True)
class Stand:
    """One case, made and seeded."""

    case: Case
    album: Album
    swarm: Swarm
    pcm: bytes


@pytest.fixture(scope="module")
def stands(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[Case, Stand]]:
    with ExitStack() as stack:
        yield {
            case: _stand(stack, tmp_path_factory.mktemp("album"), seed, case)
            for seed, case in enumerate(CASES, 1)
        }


def _stand(stack: ExitStack, folder: Path, seed: int, case: Case) -> Stand:
    made = stack.enter_context(
        album(
            folder / f"Album {case}",
            [Track(case.format, case.format, case.seconds)],
            piece_length=case.piece_kib * KIB,
            version=case.version,
            seed=seed,
        )
    )
    if case.format in ("flac", "wav"):
        pcm = as_floats(make_pcm(case.seconds, seed=seed * 1000 + 1))
    else:
        pcm = pcm_of(made.paths[0], format="F32LE")
    swarm = stack.enter_context(seeded(made, seconds=2.5))
    return Stand(case, made, swarm, pcm)


@pytest.fixture(scope="module")
def fast(
    stands: dict[Case, Stand], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Listener]:
    albums = [stand.album for stand in stands.values()]
    folder = tmp_path_factory.mktemp("mopidy")
    with Listener(folder, albums, sync=False) as listener:
        yield listener


@pytest.fixture(scope="module")
def real_time(
    stands: dict[Case, Stand], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Listener]:
    albums = [stand.album for stand in stands.values()]
    with Listener(tmp_path_factory.mktemp("mopidy"), albums) as listener:
        yield listener


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_track_plays_to_its_last_sample(
    case: Case, stands: dict[Case, Stand], fast: Listener
) -> None:
    stand = stands[case]
    (uri,) = fast.tracks(stand.album)
    fast.play(uri)
    fast.wait_for_ended(uri)
    heard = fast.sound
    assert heard[: len(stand.pcm)] == stand.pcm
    padding = (len(heard) - len(stand.pcm)) // FRAME
    assert 0 <= padding < (VORBIS_BLOCK if case.format == "ogg" else 1)
    fast.assert_calm()


@pytest.mark.parametrize("case", CASES, ids=str)
def test_seeks_land_where_they_should_and_sound_right(
    case: Case, stands: dict[Case, Stand], real_time: Listener
) -> None:
    stand, half = stands[case], case.rate // 2
    (uri,) = real_time.tracks(stand.album)
    before = sum(stand.swarm.uploaded())
    real_time.play(uri)
    real_time.wait_for_started(uri)

    far_ms = case.seconds * 800
    missing = stand.album.size * 0.8 - (sum(stand.swarm.uploaded()) - before)
    assert missing > 0, "the swarm is too fast for a seek beyond what is there"
    for position_ms in (far_ms, case.seconds * 300):
        assert real_time.rpc("core.playback.seek", time_position=position_ms)
        heard = real_time.wait_for_sound(half)
        assert_heard(stand.pcm, heard, position_ms, case.rate)

    end_ms = case.seconds * 1000 - 800
    assert real_time.rpc("core.playback.seek", time_position=end_ms)
    real_time.wait_for_ended(uri)
    heard = real_time.sound
    stop = assert_heard(stand.pcm, heard, end_ms, case.rate)
    padding = stop - len(stand.pcm) // FRAME
    assert 0 <= padding < (VORBIS_BLOCK if case.format == "ogg" else 1)
    real_time.assert_calm()
