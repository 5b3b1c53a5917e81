"""The manager, with an engine that delivers when the test says so."""

import asyncio

import pytest

from mopidy_vozduxan.exceptions import (
    NoSuchFile,
    NoSuchStream,
    ShuttingDown,
)
from mopidy_vozduxan.planning.plan import Urgency
from mopidy_vozduxan.streaming.target import Target
from mopidy_vozduxan.torrent.tags import Part, Tags
from tests.fake_engine import INFOHASH
from tests.streaming.world import ALBUM, BYTES, SOURCE, World, read_all


def test_a_swarm_joins_the_session_when_somebody_plays_it(run):
    async def test():
        world = World()
        await world.settle()
        assert world.engine.added == []
        world.play()
        await world.settle()
        assert world.engine.added == [INFOHASH]
        assert world.engine.wanted() == world.engine.wanted(Urgency.NOW) == [0]

    run(test)


def test_releasing_an_unknown_token_is_no_error(run):
    async def test():
        World().manager.release("nobody")

    run(test)


def test_playing_the_same_track_again_keeps_its_token(run):
    async def test():
        world = World()
        assert world.play(1) == world.play(1)
        assert world.play(1) != world.play(2)

    run(test)


def test_the_track_before_is_released_when_its_last_reader_is_done(run):
    async def test():
        world = World()
        first = world.play(0)
        reader = world.read(first)
        world.play(1)
        assert world.manager.serving.known(first)
        reader.close()
        with pytest.raises(NoSuchStream):
            world.manager.serving.known(first)

    run(test)


def test_a_jump_wants_its_piece_and_nothing_else(run):
    async def test():
        world = World()
        token = world.play()
        await world.settle()
        world.engine.give(0)
        reader = world.read(token)
        await reader.next()
        await world.settle()
        assert len(world.engine.wanted()) > 2
        reader.close()
        jump = world.read(token, 700)
        waiting = asyncio.create_task(jump.next())
        await world.settle()
        assert [p for p in world.engine.wanted() if p != 0] == [7]
        world.engine.give(7)
        assert bytes(await waiting) == BYTES[700:800]

    run(test)


def test_a_forecast_moves_the_window_before_the_player_asks(run):
    async def test():
        world = World()
        token = world.play()
        await world.settle()
        world.engine.give(0)
        reader = world.read(token)
        await reader.next()
        track = ALBUM.files[0]
        stream_ms = world.manager.streams[token].timeline.length_ms
        world.manager.forecast(token, stream_ms // 2)
        await world.settle()
        missing = set(world.engine.wanted(Urgency.NOW)) - {0}
        assert missing == {track.size // 2 // 100}

    run(test)


def test_a_finished_file_leaves_an_anchor_wanted(run):
    async def test():
        world = World()
        token = world.play()
        await world.settle()
        world.engine.hold(*range(10))
        reader = world.read(token)
        await read_all(reader)
        reader.close()
        await world.settle()
        anchors = set(world.engine.wanted(Urgency.ANCHOR))
        assert anchors - set(range(10))

    run(test)


def test_a_file_that_is_not_there_is_refused(run):
    async def test():
        with pytest.raises(NoSuchFile, match="99"):
            World().play(99)

    run(test)


def test_closing_ends_every_wait(run):
    async def test():
        world = World()
        token = world.play()
        waiting = asyncio.create_task(world.read(token).next())
        await world.settle()
        await world.manager.close()
        with pytest.raises(ShuttingDown):
            await waiting
        assert world.engine.closed
        with pytest.raises(ShuttingDown):
            world.play()

    run(test)


def part_of(start, stop):
    return Target(SOURCE, ALBUM, 0, 95_000, Part(2, start, stop, Tags()))


def test_a_part_plays_within_the_stream_of_its_file(run):
    async def test():
        world = World()
        whole = world.play(0)
        token = world.manager.play(part_of(30 * 75, 60 * 75), "track:0:2")
        assert token == whole
        (stream,) = world.manager.streams.values()
        assert stream.playhead.position_ms == 30_000
        assert stream.remaining_ms == 30_000
        world.manager.moved(token, 45_000)
        assert stream.remaining_ms == 15_000
        world.manager.play(part_of(60 * 75, None), "track:0:3")
        assert stream.remaining_ms == 35_000
        world.manager.aim([part_of(0, 75), part_of(75, None)], ["prefetch", "warm"])
        assert stream.playhead.starts_ms == (0, 1000)
        world.manager.aim([], [])
        assert stream.playhead.starts_ms == ()
        assert list(world.manager.streams) == [token]

    run(test)
