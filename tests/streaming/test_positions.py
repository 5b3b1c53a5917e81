"""Positions become offsets through what the file itself says, once that is read."""

import asyncio
import struct

import pytest

from mopidy_vozduxan.planning.plan import Urgency
from mopidy_vozduxan.streaming.target import Target
from tests.fake_engine import album, source_of
from tests.streaming.world import World

ALBUM = album()
#: A WAV file of 950 bytes: 8000 bytes of sound a second, 100 ms from byte 44 on.
HEAD = struct.pack(
    "<4sI4s4sIHHIIHH4sI",
    *(b"RIFF", 942, b"WAVE", b"fmt ", 16, 1, 1, 8000, 8000, 1, 8, b"data", 800),
)
POSITION_MS, OFFSET = 50, 44 + 400


@pytest.fixture
def play():
    """Run a coroutine function with a world and its stream that plays."""

    def run(test):
        async def inside():
            world = World()
            target = Target(source_of(ALBUM), ALBUM, 0)
            token = world.manager.play(target, "uri")
            await world.settle()
            await test(world, world.manager.streams[token])

        asyncio.run(asyncio.wait_for(inside(), 30))

    return run


def read_head(stream):
    stream.swarm.piece_finished(0, 0.0)
    stream.swarm.piece_read(0, HEAD.ljust(100, b"\0"))


def test_what_sounds_is_an_offset_once_the_head_was_read(play):
    async def test(world, stream):
        world.manager.moved(stream.token, POSITION_MS)
        assert stream.playhead is None, "a guess says nothing sure"
        read_head(stream)
        world.manager.moved(stream.token, POSITION_MS)
        assert stream.playhead == OFFSET
        world.manager._plan()
        assert world.engine.wanted(Urgency.SOON)[0] == OFFSET // 100

    play(test)


def test_a_seek_is_expected_at_its_offset(play):
    async def test(world, stream):
        read_head(stream)
        world.manager.forecast(stream.token, POSITION_MS)
        assert stream.forecast.offset == OFFSET
        world.manager._plan()
        assert world.engine.wanted(Urgency.NOW)[1:] == [OFFSET // 100]  # and the head

    play(test)


def test_an_offset_tells_the_position_too(play):
    async def test(world, stream):
        read_head(stream)
        world.manager.notify_position(stream.token, OFFSET)
        assert (stream.playhead, stream.position_ms) == (OFFSET, POSITION_MS)
        assert stream.remaining_ms == 100 - POSITION_MS

    play(test)
