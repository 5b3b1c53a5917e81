"""The bound over all readers' pieces: who waits, who goes first, and who makes room."""

import asyncio

import pytest

from mopidy_vozduxan.streaming import piece_memory
from mopidy_vozduxan.streaming.piece_memory import PieceMemory
from mopidy_vozduxan.streaming.piece_reader import PART_BYTES
from tests.fake_engine import album, payload
from tests.streaming.world import World, read_all

SIZE = 100
KIB = 1024


class Memory(PieceMemory):
    """With room for one piece and two copies of another; notes what is read."""

    def __init__(self, limit=3 * SIZE, kept=SIZE):
        super().__init__(limit, kept)
        self.reads = []

    def ask_for(self, piece, *, first=False):
        self.ask(key(piece), SIZE, lambda: self.reads.append(piece), first=first)

    def read(self, *pieces):
        for piece in pieces:
            self.ask_for(piece)
            self.put(key(piece), bytes(SIZE))


def key(piece):
    return "ab" * 20, piece


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(piece_memory, "PAUSED_S", 0.02)
    monkeypatch.setattr(piece_memory, "TURN_S", 0.2)
    monkeypatch.setattr(piece_memory, "FORGOTTEN_S", 0.5)


async def until(true):
    async with asyncio.timeout(20):
        while not true():
            await asyncio.sleep(0.001)


def test_a_piece_being_read_takes_twice_its_room(run):
    async def test():
        memory = Memory()
        memory.ask_for(1)
        memory.ask_for(2)
        assert memory.reads == [1]
        memory.put(key(1), bytes(SIZE))
        assert memory.reads == [1, 2]

    run(test)


def test_who_finds_no_room_waits_for_one_that_pauses(run):
    async def test():
        memory = Memory()
        memory.read(1, 2)
        memory.ask_for(3)
        assert memory.reads == [1, 2]
        await until(lambda: 3 in memory.reads)
        assert memory.get(key(1)) is None

    run(test)


def test_a_piece_that_was_left_makes_room_at_once(run):
    async def test():
        memory = Memory()
        memory.read(1, 2)
        memory.ask_for(3)
        memory.leave(key(2))
        assert memory.reads == [1, 2, 3]
        assert memory.get(key(1)) is not None

    run(test)


def test_the_player_waits_for_no_other_client(run):
    async def test():
        memory = Memory()
        memory.read(1, 2)
        for piece in (3, 4):
            memory.ask_for(piece)
        memory.ask_for(5, first=True)
        assert memory.reads == [1, 2, 5]

    run(test)


def test_pieces_in_use_all_the_time_make_room_when_their_turn_is_over(run):
    async def test():
        memory = Memory()
        memory.read(1, 2)
        memory.ask_for(3)

        async def use():
            while True:
                memory.get(key(1))
                memory.get(key(2))
                await asyncio.sleep(0.001)

        using = asyncio.create_task(use())
        await until(lambda: 3 in memory.reads)
        using.cancel()

    run(test)


def test_a_piece_larger_than_the_bound_is_read_alone(run):
    async def test():
        memory = Memory(limit=SIZE)
        memory.read(1)
        memory.ask_for(2)
        memory.leave(key(1))
        assert memory.reads == [1, 2]

    run(test)


def test_a_read_that_nobody_waits_for_any_more_is_not_begun(run):
    async def test():
        memory = Memory()
        memory.read(1, 2)
        memory.ask_for(3)
        assert memory.withdraw(key(3))
        memory.leave(key(1))
        memory.leave(key(2))
        assert memory.reads == [1, 2]

    run(test)


def test_a_read_that_failed_gives_its_room_back(run):
    async def test():
        memory = Memory()
        memory.ask_for(1)
        memory.ask_for(2)
        memory.drop(key(1))
        assert memory.reads == [1, 2]

    run(test)


def test_pieces_that_nobody_uses_are_forgotten(run):
    async def test():
        memory = Memory()
        memory.read(1, 2)
        await until(lambda: not memory.has(key(1)) and not memory.has(key(2)))

    run(test)


def test_readers_of_many_pieces_all_read_to_the_end_within_the_bound(run):
    """None of them starves, though all go on at the same time."""

    async def test():
        torrent = album(tracks=8, size=4 * 64 * KIB, piece_length=128 * KIB)
        world = World(torrent, pieces_in_memory=3 * 128 * KIB, pieces_kept=0)
        readers = [world.read(world.play(i, torrent), player=False) for i in range(8)]
        tasks = [asyncio.create_task(read_all(reader)) for reader in readers]
        await world.settle()
        world.engine.hold(*range(torrent.piece_count))
        async with asyncio.timeout(20):
            assert b"".join(await asyncio.gather(*tasks)) == payload(torrent)

    run(test)


def test_a_client_that_stops_holds_a_small_part_and_not_its_piece(run):
    async def test():
        torrent = album(tracks=1, size=4 << 20, piece_length=2 << 20)
        world = World(torrent)
        reader = world.read(world.play(0, torrent))
        await world.settle()
        world.engine.hold(0, 1)
        async with asyncio.timeout(20):
            assert len(await reader.next()) == PART_BYTES <= 1 << 20
        memory = world.manager.swarms._memory
        await until(lambda: memory._size == 0)
        assert await read_all(reader) == payload(torrent)[PART_BYTES:]

    run(test)


def test_a_swarm_that_is_left_while_a_piece_is_read_gives_its_room_back(run):
    async def test():
        world = World()
        reader = world.read(world.play())
        world.engine.read_piece = lambda *_: None  # the answer never comes
        waiting = asyncio.create_task(reader.next())
        await world.settle()
        world.engine.give(0)
        memory = world.manager.swarms._memory
        assert memory._size
        world.manager.swarms.leave(world.manager.swarms.all()[0])
        assert memory._size == 0
        await asyncio.gather(waiting, return_exceptions=True)

    run(test)
