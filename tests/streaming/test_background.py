"""Reads in the background: what they get, and that they leave others alone."""

import asyncio

import pytest

from mopidy_vozduxan.exceptions import (
    BadInput,
    Cancelled,
    NoSuchStream,
    Stalled,
)
from mopidy_vozduxan.planning.plan import Urgency
from mopidy_vozduxan.streaming.target import Target
from tests.fake_engine import INFOHASH
from tests.streaming.world import ALBUM, BYTES, SOURCE, World


def test_a_small_file_is_read_in_the_background_and_its_swarm_left(run):
    async def test():
        world = World()
        reading = asyncio.create_task(
            world.manager.background.read_file(Target(SOURCE, ALBUM, 1), 950)
        )
        for piece in range(9, 19):
            await world.settle()
            world.engine.give(piece)
        assert await reading == BYTES[950:1900]
        assert world.engine.wanted(Urgency.NOW) == []
        await world.later(10)
        assert world.engine.removed == [INFOHASH]

    run(test)


def test_a_file_too_large_to_be_read_whole_is_not_fetched(run):
    async def test():
        world = World()
        with pytest.raises(BadInput, match="949"):
            await world.manager.background.read_file(Target(SOURCE, ALBUM, 1), 949)
        await world.settle()
        assert world.engine.reads == []

    run(test)


def test_a_read_in_the_background_gives_up_and_holds_nothing_against_the_track(run):
    async def test():
        world = World(stall_timeout=0.01)
        with pytest.raises(Stalled, match="No peer gave us"):
            await world.manager.background.read_file(Target(SOURCE, ALBUM, 1), 950)
        assert world.play(1)

    run(test)


def in_background(world, index=0):
    return world.manager.background.reading(Target(SOURCE, ALBUM, index))


def test_a_stream_in_the_background_is_another_than_the_players(run):
    async def test():
        world = World()
        async with in_background(world) as reading:
            playing = world.play(0)
            assert playing != reading.token
        assert world.manager.serving.known(playing)
        with pytest.raises(NoSuchStream):
            world.manager.serving.known(reading.token)

    run(test)


def test_a_read_in_the_background_ends_when_its_torrent_is_removed(run):
    async def test():
        world = World()
        async with in_background(world) as reading:
            never = asyncio.get_running_loop().create_future()
            work = asyncio.create_task(reading.patiently(asyncio.wait_for(never, 60)))
            await world.settle()
            await world.manager.remove({INFOHASH}, delete_data=False)
            with pytest.raises(NoSuchStream):
                await work

    run(test)


def test_between_two_reads_of_a_torrent_its_peers_are_kept(run):
    async def test():
        world = World()
        async with in_background(world):
            pass
        await world.later(2)
        assert world.engine.wanted(Urgency.ANCHOR), "the anchor"
        assert world.engine.removed == []

    run(test)


def test_what_plays_and_waits_leaves_nothing_for_the_background(run):
    async def test():
        world = World()
        background = world.manager.background
        async with in_background(world, 2) as reading:
            stream = world.manager.streams[reading.token]
            waiting = asyncio.create_task(
                world.read(reading.token, player=False).next()
            )
            await world.settle()
            assert background.is_calm and stream.is_asked_for
            world.play(0)
            await world.settle()
            assert not background.is_calm and not stream.is_asked_for
            world.engine.hold(*range(10))
            await world.settle()
            assert background.is_calm and stream.is_asked_for
            waiting.cancel()

    run(test)


def test_a_demuxer_in_the_background_is_given_time_to_hang_up(run):
    async def test():
        world = World()
        async with in_background(world) as reading:
            stream = world.manager.streams[reading.token]
            reader = world.read(reading.token)
            world.engine.hold(0)
            assert await reader.next() == BYTES[:100]
            more = asyncio.create_task(reader.next())
            await world.settle()
            assert not stream.is_asked_for
            reader.close()
            with pytest.raises(Cancelled):
                await more
            assert 1 not in world.engine.wanted(Urgency.LATER)

    run(test)


def test_a_demuxer_in_the_background_that_stays_gets_more(run):
    async def test():
        world = World()
        async with in_background(world) as reading:
            stream = world.manager.streams[reading.token]
            world.engine.hold(0)
            reader = world.read(reading.token)
            await reader.next()
            more = asyncio.create_task(reader.next())
            while not stream.is_asked_for:
                await asyncio.sleep(0.01)
            world.engine.give(1)
            assert await more == BYTES[100:200]

    run(test)
