"""Positions become offsets through what the file itself says, once that is read."""

import asyncio
import struct

import pytest

from mopidy_vozduxan.planning.demand import Role
from mopidy_vozduxan.planning.plan import Urgency
from mopidy_vozduxan.streaming.target import Target
from tests.audio.test_timelines import box, tables
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
        read_head(stream)
        world.manager.moved(stream.token, POSITION_MS)
        assert stream.playhead.offset == OFFSET
        world.manager._plan()
        assert world.engine.wanted(Urgency.SOON)[0] == OFFSET // 100

    play(test)


def test_without_a_word_of_the_container_an_offset_is_a_proportion(play):
    async def test(world, stream):
        stream.timing.learn_length(1000)
        stream.playhead.reader_came()
        world.manager.moved(stream.token, 600)
        assert stream.playhead.offset == stream.demand(Role.CURRENT).playhead == 570
        stream.expect(200)
        assert stream.playhead.offset is None, "the player goes elsewhere"

    play(test)


def test_where_a_reader_is_a_rough_proportion_decides_nothing(play):
    async def test(world, stream):
        stream.timing.learn_length(1000)
        stream.swarm.pieces_held(frozenset(range(3)))
        reader = world.read(stream.token)
        for piece in range(3):
            stream.swarm.piece_read(piece, bytes(100))
            await reader.next()
        world.manager.moved(stream.token, 100)
        assert stream.playhead.offset == 95
        world.manager.moved(stream.token, 600)
        assert stream.playhead.offset == 300, "more than was read cannot sound"
        world.manager._plan()
        demand = stream.demand(Role.CURRENT)
        assert (demand.playhead, demand.heads[0].offset) == (None, 300)
        assert world.engine.wanted(Urgency.SOON)[0] == 3
        reader.close()

    play(test)


def test_an_index_behind_the_audio_counts_as_soon_as_it_was_read(play):
    async def test(world, stream):
        audio = struct.pack(">I4s8xI4s", 16, b"ftyp", 504, b"mdat")
        header = box(b"mvhd", bytes(12), struct.pack(">II", 1000, 700))
        sound = box(b"trak", box(b"mdia", *tables(frame=100)))
        index = bytes(20) + box(b"moov", header, sound)
        stream.swarm.piece_finished(0, 0.0)
        stream.swarm.piece_read(0, audio.ljust(100, b"\0"))
        for piece in range(5, 10):
            world.manager.moved(stream.token, 200)
            assert not stream.playhead.is_sure
            stream.swarm.piece_finished(piece, 0.0)
            data = index[(piece - 5) * 100 :][:100]
            stream.swarm.piece_read(piece, data.ljust(100, b"\0"))
        world.manager.moved(stream.token, 200)
        assert (stream.playhead.offset, stream.playhead.is_sure) == (300, True)
        assert stream.timeline.length_ms == 700

    play(test)


def test_an_offset_that_was_told_is_believed_beside_a_reader(play):
    async def test(world, stream):
        world.read(stream.token)
        world.manager.notify_position(stream.token, 500)
        assert stream.demand(Role.CURRENT).playhead == 500

    play(test)


def test_a_seek_is_expected_at_its_offset(play):
    async def test(world, stream):
        read_head(stream)
        world.manager.forecast(stream.token, POSITION_MS)
        assert stream.playhead.forecast.offset == OFFSET
        world.manager._plan()
        assert world.engine.wanted(Urgency.NOW)[1:] == [OFFSET // 100]  # and the head

    play(test)


def test_an_offset_tells_the_position_too(play):
    async def test(world, stream):
        read_head(stream)
        world.manager.notify_position(stream.token, OFFSET)
        playhead = stream.playhead
        assert (playhead.offset, playhead.position_ms) == (OFFSET, POSITION_MS)
        assert stream.remaining_ms == 100 - POSITION_MS

    play(test)
