"""The disk stays within its limit while music plays: real swarms, the real engine."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mopidy_vozduxan.engine.disk import DiskStore
from mopidy_vozduxan.engine.parsing import read_torrent
from mopidy_vozduxan.engine.session import LibtorrentEngine
from mopidy_vozduxan.engine.survey import Known, Survey
from mopidy_vozduxan.planning.eviction import CacheWishes
from mopidy_vozduxan.streaming.limits import Limits
from mopidy_vozduxan.streaming.manager import Manager
from mopidy_vozduxan.streaming.target import Target
from mopidy_vozduxan.torrent.metainfo import TorrentSource
from tests.engine.conftest import LOOPBACK, Album, Seeds, make_album, on_loop
from tests.streaming.world import read_all

TRACK, PIECE = 600_000, 32 * 1024
TRACKS = 16
LIMIT = 5 * TRACK
PATIENCE_S = 60.0
#: Much less than a track lasts, and enough for a busy machine to look at the disk.
PAUSE_S = 1.0
#: Of each file the last block is not full; unfinished pieces lie on disk, too.
SLACK = TRACKS * 4096 + 8 * PIECE


class Keeping:
    """A manager whose cache has a limit, and what lay on disk at most."""

    def __init__(self, folder: Path, album: Album, source: TorrentSource) -> None:
        self.album, self.source = album, source
        self.metainfo = read_torrent(album.torrent)
        self.files = [f for f in self.metainfo.files if not f.padding]
        self.disk = DiskStore(folder / "data", folder / "resume")
        self.heard: dict[tuple[str, int], float] = {}
        self.most = 0
        self.joins = 0

    @contextlib.asynccontextmanager
    async def running(self, wishes: CacheWishes) -> AsyncIterator[Manager]:
        loop = asyncio.get_running_loop()
        disk = self.disk
        self.engine = LibtorrentEngine(disk.data_dir, disk.resume_dir, LOOPBACK)
        survey = Survey(disk, wishes, lambda name: Known(name), lambda: self.heard)
        self.manager = Manager(
            self.engine,
            Limits(stall_timeout=PATIENCE_S),
            loop.time,
            lambda *told: pytest.fail(str(told)),
            lambda _: None,
            self._hear,
            survey=survey,
        )
        self.engine.start(loop, self.manager.on_event)
        measuring = loop.create_task(self._measure())
        try:
            yield self.manager
        finally:
            measuring.cancel()
            await self.manager.close()

    def _hear(self, infohash: str, index: int) -> None:
        self.heard[infohash, index] = asyncio.get_running_loop().time()

    def on_disk(self) -> int:
        return self.disk.size(self.album.infohash)

    async def _measure(self) -> None:
        while True:
            self.most = max(self.most, self.on_disk())
            await asyncio.sleep(0.005)

    def target(self, number: int) -> Target:
        file = self.files[number]
        return Target(self.source, self.metainfo, file.index, length_ms=30_000)

    async def play(self, number: int) -> bytes:
        """Play a track as Mopidy does, with those that follow, but faster."""
        manager, file = self.manager, self.files[number]
        token = manager.play(self.target(number), f"track:{number}")
        last = min(number + 8, len(self.files))
        following = [self.target(n) for n in range(number + 1, last)]
        manager.aim(following, ("prefetch", "warm"))
        async with asyncio.timeout(PATIENCE_S):
            reader = manager.serving.open_reader(token, 0, file.size, player=True)
            data = await read_all(reader)
            reader.close()
        for position_ms in range(0, 12_000, 1000):
            manager.moved(token, position_ms)
        return data


async def settled(keeping: Keeping) -> None:
    """Wait until nothing plays, and nothing is left to evict."""
    keeping.manager.dispose()
    async with asyncio.timeout(PATIENCE_S):
        while keeping.on_disk() > LIMIT:
            await asyncio.sleep(0.05)


def sources(album: Album) -> list[bytes]:
    return [path.read_bytes() for path in sorted(album.folder.rglob("*.bin"))]


@pytest.fixture
def seeds(tmp_path: Path):
    (tmp_path / "torrents").mkdir()
    seeds = Seeds(tmp_path / "torrents")
    yield seeds
    seeds.close()


@pytest.mark.parametrize(("version", "count"), [("v1", 1), ("v1", 3), ("v2", 3)])
@on_loop
async def test_a_discography_plays_through_behind_a_small_limit(
    tmp_path: Path, seeds: Seeds, version: str, count: int
) -> None:
    album = make_album(tmp_path / "seed", [TRACK] * TRACKS, PIECE, version)
    peers = seeds.start(album, count)
    source = TorrentSource(album.infohash, album.torrent, album.magnet(*peers).magnet)
    keeping = Keeping(tmp_path, album, source)
    async with keeping.running(CacheWishes(LIMIT, 0)):
        for number, original in enumerate(sources(album)):
            assert await keeping.play(number) == original
            await asyncio.sleep(PAUSE_S)
        await settled(keeping)
    assert keeping.on_disk() <= LIMIT + SLACK
    print("most", keeping.most / TRACK)
    assert keeping.most <= LIMIT + 3 * TRACK + SLACK
