"""The bytes of streams, with an engine that delivers when the test says so."""

import asyncio

import pytest

from mopidy_vozduxan.exceptions import (
    Cancelled,
    NoSuchStream,
    StorageFailed,
    SwarmFailed,
)
from tests.streaming.world import BYTES, World, read_all


def test_every_byte_served_is_the_torrents(run):
    async def test():
        world = World()
        reader = world.read(world.play(1))
        reading = asyncio.create_task(read_all(reader))
        for piece in (12, 9, 10, 11, 18, 17, 16, 15, 14, 13):
            await world.settle()
            world.engine.give(piece)
        assert await reading == BYTES[950:1900]

    run(test)


def test_a_piece_that_is_on_disk_is_read_without_the_swarm(run):
    async def test():
        world = World()
        token = world.play()
        await world.settle()
        world.engine.hold(*range(10))
        assert await read_all(world.read(token)) == BYTES[:950]

    run(test)


def test_many_readers_of_one_stream_do_not_cancel_one_another(run):
    async def test():
        world = World()
        token = world.play()
        tasks = [asyncio.create_task(read_all(world.read(token))) for _ in range(4)]
        await world.settle()
        tasks.pop().cancel()
        world.read(token).close()
        for piece in range(10):
            world.engine.give(piece)
            await world.settle()
        assert await asyncio.gather(*tasks) == [BYTES[:950]] * 3

    run(test)


def test_a_piece_wanted_by_many_readers_is_read_once(run):
    async def test():
        world = World()
        token = world.play()
        readers = [world.read(token, 0, 50) for _ in range(5)]
        tasks = [asyncio.create_task(read_all(reader)) for reader in readers]
        await world.settle()
        world.engine.give(0)
        assert set(await asyncio.gather(*tasks)) == {BYTES[:50]}
        assert world.engine.reads == [0]

    run(test)


def test_a_closed_reader_ends_its_wait_at_once(run):
    async def test():
        world = World()
        reader = world.read(world.play())
        waiting = asyncio.create_task(reader.next())
        await world.settle()
        reader.close()
        with pytest.raises(Cancelled):
            await waiting

    run(test)


def test_who_is_cancelled_as_the_reader_closes_is_cancelled(run):
    """An error would be handled; instead the player's request is held forever."""

    async def test():
        world = World()
        reader = world.read(world.play())
        waiting = asyncio.create_task(reader.next())
        await world.settle()
        reader.close()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    run(test)


def test_releasing_a_stream_ends_its_readers(run):
    async def test():
        world = World()
        token = world.play()
        waiting = asyncio.create_task(world.read(token).next())
        gone = asyncio.create_task(world.manager.serving.released(token))
        await world.settle()
        world.manager.release(token)
        with pytest.raises(Cancelled):
            await waiting
        await gone
        with pytest.raises(NoSuchStream):
            world.manager.serving.known(token)

    run(test)


def test_a_piece_that_stays_unreadable_is_a_broken_disk(run):
    async def test():
        world = World()
        world.engine.unreadable.add(0)
        reader = world.read(world.play())
        await world.settle()
        world.engine.give(0)
        with pytest.raises(StorageFailed, match="no luck"):
            await reader.next()
        assert world.engine.reads == [0, 0, 0]

    run(test)


def test_a_part_that_is_no_sound_is_told_of_and_spares_its_file(run):
    async def test():
        world = World()
        token = world.play(0)
        world.manager.serving.fail(token, SwarmFailed("It is damaged."))
        world.manager.serving.fail("nobody", SwarmFailed("It is damaged."))
        name = world.manager.serving.known(token).name
        assert world.failed == [(token, "track:0", f"“{name}”: It is damaged.")]
        assert world.play(0) == token

    run(test)
