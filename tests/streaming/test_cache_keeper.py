"""When the keeper of the cache looks at the disk. The disk is not real here."""

from __future__ import annotations

import asyncio

from mopidy_vozduxan.exceptions import StorageFailed
from mopidy_vozduxan.planning.eviction import CachedFile, CacheLimits, Holdings, Usage
from mopidy_vozduxan.planning.room import Room
from mopidy_vozduxan.streaming.cache_keeper import CacheKeeper
from mopidy_vozduxan.streaming.evictions import Evictions
from tests.engine.conftest import on_loop
from tests.fake_engine import FakeEngine

DAY = 86_400.0
#: A look follows what comes within a second; an hour would be too late.
PATIENCE_S = 10.0


class Disk:
    """Counts the looks; ``usage_now`` is what they find."""

    def __init__(self, ttl_s: float | None = None) -> None:
        self.limits_now = CacheLimits(1000, 0, ttl_s)
        self.usage_now = Usage(free=10**9)
        self.looks = 0
        self.fails = False

    def limits(self):
        return self.limits_now

    def usage(self, changed, holdings):
        self.looks += 1
        if self.fails:
            raise StorageFailed("The disk is gone.")
        return self.usage_now

    def everything(self, holdings):
        return []

    def now(self):
        return 0.0

    def spared(self, infohash, holdings):
        return frozenset()

    def torrent_of(self, infohash):
        return None

    def know(self, torrents):
        pass


class Nobody:
    """No swarms, and nothing to evict."""

    def all(self):
        return []

    def worth_trying(self, files):
        return list(files)

    def joined_by(self, infohash):
        return None

    async def carry_out(self, files, torrents, holdings, may_interrupt):
        return []


def keeper_of(disk: Disk | None) -> CacheKeeper:
    nobody = Nobody()
    return CacheKeeper(disk, nobody, nobody, lambda: Holdings({}), lambda _: None)


async def looked(disk: Disk, times: int) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while disk.looks < times:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)  # for what follows the look


@on_loop
async def test_what_comes_is_looked_at_soon_though_a_look_is_due_in_an_hour() -> None:
    disk = Disk(ttl_s=DAY)
    keeper = keeper_of(disk)
    keeper.watch()
    await looked(disk, 2)  # the limits, and every file
    before = disk.looks
    keeper.came("t", 1)
    await looked(disk, before + 1)
    await keeper.close()


@on_loop
async def test_nothing_is_looked_at_while_nothing_comes() -> None:
    disk = Disk()
    keeper = keeper_of(disk)
    keeper.watch()
    await looked(disk, 1)
    for _ in range(20):
        keeper.watch()
        await asyncio.sleep(0.1)
    assert disk.looks == 1
    await keeper.close()


@on_loop
async def test_until_the_first_look_only_what_is_needed_is_fetched() -> None:
    disk = Disk()
    keeper = keeper_of(disk)
    assert keeper.allowance.room is Room.NEEDED
    keeper.watch()
    await looked(disk, 1)
    assert keeper.allowance.room is Room.ALL
    assert keeper_of(None).allowance.spare is None
    await keeper.close()


@on_loop
async def test_a_disk_that_is_gone_is_looked_at_again() -> None:
    disk = Disk()
    disk.fails = True
    keeper = keeper_of(disk)
    keeper.watch()
    await looked(disk, 1)
    disk.fails = False
    await looked(disk, 2)
    assert keeper.allowance.room is Room.ALL
    await keeper.close()


@on_loop
async def test_what_is_held_by_the_time_it_goes_stays() -> None:
    """A look takes a while, and a listener may play what it chose."""
    loop, engine = asyncio.get_running_loop(), FakeEngine()
    engine.start(loop, None)
    nobody = Nobody()
    evictions = Evictions(engine, nobody, nobody, loop.time, lambda _: None)
    files = [CachedFile("t", index, 100, 100) for index in range(3)]
    await evictions.carry_out(
        files,
        {"t": (b"torrent", frozenset({7}))},
        lambda: Holdings({("t", 1): 100}),
        lambda _: True,
    )
    assert engine.evicted == [("t", {0, 2}, {1, 7})]
    assert evictions.worth_trying(files) == files[1:2]
