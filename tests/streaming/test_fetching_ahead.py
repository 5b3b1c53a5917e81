"""What follows the current track: buckets, heads within a budget, and promotion."""

import asyncio

import pytest

from mopidy_vozduxan.planning.plan import Urgency
from mopidy_vozduxan.playback.player import AHEAD
from mopidy_vozduxan.streaming.target import Target
from tests.fake_engine import album, source_of
from tests.streaming.test_manager import World

ALBUM = album(tracks=6, size=1000)
OTHER = album(tracks=6, size=1000, infohash="cd" * 20)
#: Ten bytes a second: a head of 10 s is one piece of 100 bytes.
LENGTH_MS = 100_000


class Stage(World):
    def __init__(self, **limits):
        super().__init__(ALBUM, OTHER, **limits)

    def target(self, index, metainfo=ALBUM):
        return Target(source_of(metainfo), metainfo, index, LENGTH_MS)

    def start(self, index, metainfo=ALBUM):
        return self.manager.play(self.target(index, metainfo), f"track:{index}")

    def aim(self, *indexes, known=2, metainfo=ALBUM):
        targets = [self.target(index, metainfo) for index in indexes]
        self.manager.aim(targets, AHEAD[:known])

    def names(self, *tokens):
        return [self.manager.streams[token].file.index for token in tokens]

    @property
    def buckets(self):
        return self.names(*self.manager.streams.holders.buckets.tokens())

    @property
    def heads(self):
        return self.names(*self.manager.streams.holders.queued)


@pytest.fixture
def run():
    """Run a coroutine function on a stage of its own."""

    def play(test, **limits):
        async def on_stage():
            await test(Stage(**limits))

        asyncio.run(asyncio.wait_for(on_stage(), 30))

    return play


@pytest.mark.parametrize(
    ("known", "buckets", "heads"),
    [(0, [0], [1, 2, 3, 4]), (1, [0, 1], [2, 3, 4]), (2, [0, 1, 2], [3, 4])],
)
def test_the_next_tracks_get_buckets_and_those_behind_them_heads(
    run, known, buckets, heads
):
    async def test(stage):
        stage.start(0)
        stage.aim(1, 2, 3, 4, known=known)
        assert (stage.buckets, stage.heads) == (buckets, heads)

    run(test)


@pytest.mark.parametrize(
    ("budget", "heads"),
    [(0, []), (99, []), (100, [3]), (250, [3, 4]), (10_000, [3, 4, 5])],
)
def test_heads_keep_to_their_budget(run, budget, heads):
    async def test(stage):
        stage.start(0)
        stage.aim(1, 2, 3, 4, 5)
        assert stage.heads == heads

    run(test, queue_heads=budget)


def test_heads_come_last_and_are_about_ten_seconds_each(run):
    async def test(stage):
        stage.start(0)
        stage.aim(1, 2, 3, 4)
        await stage.settle()
        stage.engine.give(*range(10))  # what plays
        stage.manager._plan()
        assert set(stage.engine.wanted()).isdisjoint(range(30, 50))
        stage.engine.give(*range(10, 13), 20)  # the beginnings of the next two
        stage.manager._plan()
        wanted = stage.engine.wanted(Urgency.IDLE)
        assert [piece for piece in wanted if 30 <= piece < 40] == [30]

    run(test)


def test_skipping_and_going_back_keep_tokens_and_leave_no_orphans(run):
    async def test(stage):
        stage.start(0)
        stage.aim(1, 2, 3)
        tokens = dict(zip(range(4), stage.manager.streams, strict=True))
        await stage.settle()
        for index, following in ((1, (2, 3)), (2, (3, 4)), (3, (4, 5))):
            assert stage.start(index) == tokens[index]
            stage.aim(*following)
            await stage.settle()
            assert stage.buckets == [index, *following]
        stage.start(2)
        stage.aim(3, 4, 5)
        assert stage.buckets == [2, 3, 4]
        assert len(stage.manager.streams) == 4
        assert stage.engine.added == [ALBUM.infohash]
        assert stage.engine.removed == []

    run(test)


def test_a_skip_drops_no_piece_that_was_asked_for(run):
    async def test(stage):
        stage.start(0)
        stage.aim(1, 2)
        await stage.settle()
        stage.engine.give(*range(10))
        stage.manager._plan()
        asked = {p for p in stage.engine.wanted() if 10 <= p < 20}
        assert asked
        stage.engine.give(10)
        token = stage.start(1)
        reader = stage.read(token)
        assert await reader.next()
        await stage.settle()
        assert asked - {10} <= set(stage.engine.wanted())

    run(test)


def test_another_queue_takes_every_place(run):
    async def test(stage):
        first = stage.start(0)
        stage.aim(1, 2, 3, 4)
        reader = stage.read(first)
        waiting = asyncio.create_task(reader.next())
        await stage.settle()
        stage.start(0, OTHER)
        stage.aim(1, 2, 3, metainfo=OTHER)
        assert first in stage.manager.streams  # it is still read
        reader.close()
        await asyncio.gather(waiting, return_exceptions=True)
        await stage.settle()
        swarms = {s.swarm.infohash for s in stage.manager.streams.values()}
        assert swarms == {OTHER.infohash}
        assert len(stage.manager.streams) == 4

    run(test)


def test_a_track_that_comes_twice_is_one_stream(run):
    async def test(stage):
        token = stage.start(0)
        stage.aim(0, 1, 0, 2)
        assert stage.manager.streams.holders.buckets.current == token
        assert stage.buckets == [0, 1]
        assert stage.start(0) == token
        assert len(stage.manager.streams) == 3

    run(test)
