"""The disk stays within its limit while music plays: real swarms, the real engine."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from mopidy_vozduxan.engine.disk import DiskStore, Space
from mopidy_vozduxan.engine.parsing import read_torrent
from mopidy_vozduxan.engine.session import LibtorrentEngine
from mopidy_vozduxan.engine.survey import Known, Survey
from mopidy_vozduxan.planning.eviction import CacheWishes
from mopidy_vozduxan.planning.room import Room
from mopidy_vozduxan.streaming import evictions
from mopidy_vozduxan.streaming.limits import Limits
from mopidy_vozduxan.streaming.manager import Manager
from mopidy_vozduxan.streaming.target import Target
from mopidy_vozduxan.torrent.metainfo import TorrentSource
from tests.engine.conftest import LOOPBACK, Album, Seeds, make_album, on_loop
from tests.rig.disks import needs_root, small_disk
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
        self.kept: set[int] = set()
        self.most = 0

    @contextlib.asynccontextmanager
    async def running(self, wishes: CacheWishes) -> AsyncIterator[Manager]:
        loop = asyncio.get_running_loop()
        disk = self.disk
        self.engine = LibtorrentEngine(disk.data_dir, disk.resume_dir, LOOPBACK)
        survey = Survey(
            disk,
            wishes,
            self._known,
            lambda: self.heard,
            lambda _, index: index in self.kept,
        )
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

    def _known(self, infohash: str) -> Known:
        ours = infohash == self.album.infohash
        return Known(infohash, self.album.torrent if ours else None)

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


class FullDisk(DiskStore):
    """A file system of which the test says what is free."""

    free = 0

    def space(self) -> Space:
        return Space(10**9, self.free)


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
    assert keeping.most <= LIMIT + 3 * TRACK + SLACK


async def made(
    tmp_path: Path, seeds: Seeds, count: int = 2, tracks: int = TRACKS
) -> Keeping:
    album = make_album(tmp_path / "seed", [TRACK] * tracks, PIECE)
    peers = seeds.start(album, count)
    source = TorrentSource(album.infohash, album.torrent, album.magnet(*peers).magnet)
    return Keeping(tmp_path, album, source)


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not true():
            await asyncio.sleep(0.05)


@on_loop
async def test_a_hasty_listener_stays_within_the_limit_too(
    tmp_path: Path, seeds: Seeds
) -> None:
    """Who skips leaves some of each track behind.

    With a time to live, the keeper also looks once an hour; that must not be all.
    """
    keeping = await made(tmp_path, seeds)
    async with keeping.running(CacheWishes(LIMIT, 0, ttl_s=10**6)):
        for number in (*range(TRACKS), *range(0, TRACKS, 2)):
            file = keeping.files[number]
            token = keeping.manager.play(keeping.target(number), f"track:{number}")
            following = keeping.files[number + 1 : number + 3]
            targets = [keeping.target(keeping.files.index(f)) for f in following]
            keeping.manager.aim(targets, ("prefetch", "warm"))
            async with asyncio.timeout(PATIENCE_S):
                reader = keeping.manager.serving.open_reader(
                    token, 0, file.size, player=True
                )
                await reader.next()
                reader.close()
            await asyncio.sleep(0.5)
        await settled(keeping)
    assert keeping.most <= LIMIT + 3 * TRACK + SLACK


@on_loop
async def test_on_a_full_disk_only_what_plays_is_fetched_until_there_is_room(
    tmp_path: Path, seeds: Seeds, caplog: pytest.LogCaptureFixture
) -> None:
    keeping = await made(tmp_path, seeds)
    keeping.disk = disk = FullDisk(tmp_path / "data", tmp_path / "resume")
    async with keeping.running(CacheWishes(0, 1000)) as manager:
        manager.cache.start()
        assert await keeping.play(0) == sources(keeping.album)[0]
        await until(lambda: manager.cache.allowance.room is Room.HEARD)
        before = keeping.on_disk()
        await asyncio.sleep(2)
        assert keeping.on_disk() == before <= 2 * TRACK + SLACK
        assert "nothing there may be deleted; only what plays" in caplog.text
        disk.free = 10**9
        await until(lambda: keeping.on_disk() >= before + TRACK - SLACK)


@on_loop
async def test_older_files_go_when_the_disk_is_full(
    tmp_path: Path, seeds: Seeds
) -> None:
    keeping = await made(tmp_path, seeds)
    keeping.disk = disk = FullDisk(tmp_path / "data", tmp_path / "resume")
    disk.free = 10**9
    async with keeping.running(CacheWishes(0, 1000)):
        for number in range(3):
            await keeping.play(number)
        disk.free = 0
        await keeping.play(3)
        first = keeping.files[0]
        name = keeping.disk.data_dir / keeping.album.infohash / first.path
        await until(
            lambda: not name.exists() or name.stat().st_blocks * 512 < TRACK / 2
        )


@on_loop
async def test_what_is_kept_stays_and_the_rest_goes(
    tmp_path: Path, seeds: Seeds
) -> None:
    keeping = await made(tmp_path, seeds)
    keeping.kept = {0, 1, 2, 3, 4, 5}  # more than the limit
    async with keeping.running(CacheWishes(LIMIT, 0)) as manager:
        for number in range(10):
            await keeping.play(number)
        manager.dispose()
        await until(lambda: keeping.on_disk() <= 6 * TRACK + SLACK)
        await asyncio.sleep(1.5)
        assert not manager.cache.has_room
    folder = keeping.disk.data_dir / keeping.album.infohash
    for file, original in list(zip(keeping.files, sources(keeping.album), strict=True))[
        :6
    ]:
        assert (folder / file.path).read_bytes() == original


@on_loop
async def test_what_no_catalog_knows_goes_first_and_as_a_whole(
    tmp_path: Path, seeds: Seeds
) -> None:
    keeping = await made(tmp_path, seeds)
    unknown = tmp_path / "data" / ("ab" * 20)
    (unknown / "Old").mkdir(parents=True)
    (unknown / "Old" / "1.flac").write_bytes(bytes(LIMIT))
    (tmp_path / "resume").mkdir()
    async with keeping.running(CacheWishes(LIMIT, 0)) as manager:
        manager.cache.start()
        await keeping.play(0)
        await until(lambda: not unknown.exists())


@needs_root
@on_loop
async def test_what_cannot_be_deleted_holds_up_nothing_else_and_goes_later(
    tmp_path: Path,
    seeds: Seeds,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The first to leave lies on a disk that is read-only for now."""
    monkeypatch.setattr(evictions, "AGAIN_S", 5.0)
    keeping = await made(tmp_path, seeds)
    (tmp_path / "resume").mkdir()
    stuck = tmp_path / "data" / ("ab" * 20)
    with small_disk(stuck, 2 * LIMIT) as disk:
        file = stuck / "1.flac"
        file.write_bytes(bytes(LIMIT))
        disk.read_only()
        async with keeping.running(CacheWishes(2 * LIMIT, 0)) as manager:
            manager.cache.start()
            for number in range(12):
                await keeping.play(number)
            await settled(keeping)
            assert file.exists()
            assert caplog.text.count("cannot be tidied up") == 1
            disk.read_only(False)
            for number in range(12):  # the limit is exceeded again
                await keeping.play(number)
            await until(lambda: not file.exists())
