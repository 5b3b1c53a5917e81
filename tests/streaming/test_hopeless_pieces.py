"""What comes wrong again and again is asked for no more, until there is hope."""

import asyncio

import pytest

from mopidy_vozduxan.engine.protocol import (
    PieceOffered,
    PieceWrong,
    Statistics,
    StatisticsChanged,
)
from mopidy_vozduxan.exceptions import WrongData
from mopidy_vozduxan.streaming.hopeless_pieces import (
    ATTEMPTS,
    ATTEMPTS_WITH_PEERS,
    HopelessPieces,
)
from mopidy_vozduxan.streaming.target import Target
from tests.fake_engine import INFOHASH
from tests.streaming.world import ALBUM, SOURCE, World

# Of the three tracks of ALBUM, 0 has pieces 0-9, 1 has 9-18, 2 has 19-28.


def names(files):
    return [file.index for file in files]


def fail(hopeless, piece, times, elsewhere=False, held=frozenset()):
    for _ in range(times):
        files = hopeless.came_wrong(piece, elsewhere, ALBUM, held)
    return names(files)


@pytest.mark.parametrize(
    ("elsewhere", "attempts"), [(False, ATTEMPTS), (True, ATTEMPTS_WITH_PEERS)]
)
def test_a_piece_is_given_up_after_a_few_attempts(elsewhere, attempts):
    hopeless = HopelessPieces()
    assert fail(hopeless, 3, attempts - 1, elsewhere) == []
    assert hopeless.pieces == set()
    assert fail(hopeless, 3, 1, elsewhere) == [0]
    assert hopeless.pieces == {3}
    assert fail(hopeless, 3, 1, elsewhere) == []


def test_a_piece_that_two_files_share_is_wrong_in_both():
    assert fail(HopelessPieces(), 9, ATTEMPTS) == [0, 1]


def test_a_file_with_several_wrong_pieces_has_changed_as_a_whole():
    hopeless = HopelessPieces()
    for piece in (20, 22, 24):
        fail(hopeless, piece, ATTEMPTS, held={21, 19})
    assert hopeless.pieces == {20, *range(22, 29)}


def test_there_is_hope_for_what_is_asked_for_again():
    hopeless = HopelessPieces()
    fail(hopeless, 3, ATTEMPTS)
    fail(hopeless, 12, ATTEMPTS)
    hopeless.hope(range(10))
    assert hopeless.pieces == {12}
    fail(hopeless, 3, ATTEMPTS - 1)
    assert hopeless.pieces == {12}


async def give_up(world, *pieces):
    await world.settle()
    for piece in pieces * ATTEMPTS:
        world.manager.on_event(PieceWrong(INFOHASH, piece, elsewhere=False))
    await world.settle()


def test_what_is_hopeless_is_not_wanted_and_said_to_be_so(run):
    async def test():
        world = World(stall_timeout=20)
        token = world.play()
        waiting = asyncio.create_task(world.read(token).next())
        await give_up(world, 0)
        assert 0 not in world.engine.wanted()
        await world.later(5)
        (_, _, reason), *_ = world.failed
        assert reason == (
            "“01 - Track.flac” of “Album” does not match its torrent,"
            " wherever it is fetched from."
        )
        assert not waiting.done()  # the player's reader waits on
        world.manager.on_event(PieceOffered(INFOHASH, 0))
        await world.settle()
        assert 0 in world.engine.wanted()
        world.engine.give(0)
        assert await waiting

    run(test)


def test_what_is_asked_for_is_fetched_again_and_nothing_else(run):
    async def test():
        world = World(stall_timeout=20)
        waiting = asyncio.create_task(world.read(world.play()).next())
        await give_up(world, 0, 12)
        await world.later(5)
        world.play()
        await world.settle()
        assert 0 in world.engine.wanted() and 12 not in world.engine.wanted()
        assert world.engine.added == [INFOHASH, INFOHASH]
        waiting.cancel()

    run(test)


def test_core_passes_over_it_though_other_pieces_come(run):
    async def test():
        world = World(stall_timeout=20)
        waiting = asyncio.create_task(world.read(world.play()).next())
        await give_up(world, 0)
        await world.later(5)
        world.engine.give(1)
        with pytest.raises(WrongData):
            world.play(asked=False)
        waiting.cancel()

    run(test)


def test_other_readers_are_told(run):
    async def test():
        world = World(stall_timeout=20)
        reader = world.read(world.play(), player=False)
        waiting = asyncio.create_task(reader.next())
        await give_up(world, 0)
        await world.later(5)
        with pytest.raises(WrongData):
            await waiting

    run(test)


def test_a_read_in_the_background_ends_with_the_reason(run):
    async def test():
        world = World()
        reading = asyncio.create_task(
            world.manager.background.read_file(Target(SOURCE, ALBUM, 2), 950)
        )
        await give_up(world, 19)
        with pytest.raises(WrongData, match=r"03 - Track"):
            await reading

    run(test)


def test_bytes_that_turn_out_wrong_are_no_progress(run):
    async def test():
        world = World(stall_timeout=20)
        waiting = asyncio.create_task(world.read(world.play()).next())
        for second in range(40):
            fetched = (second + 1) * 50  # a piece of 100 bytes, over and over
            numbers = Statistics(payload=fetched, wasted=fetched // 100 * 100)
            world.manager.on_event(StatisticsChanged(INFOHASH, numbers))
            await world.later(1)
        assert world.failed
        waiting.cancel()

    run(test)
