"""Pieces that may be on disk: wanted before any other, and no anchors."""

from __future__ import annotations

import asyncio

from mopidy_vozduxan.engine.protocol import PieceAbsent, PiecesHeld
from mopidy_vozduxan.planning.plan import Urgency
from tests.fake_engine import INFOHASH
from tests.streaming.world import BYTES, World


def run(test):
    async def inside():
        world = World()
        await test(world, world.play())
        await world.manager.close()

    asyncio.run(asyncio.wait_for(inside(), 30))


def test_the_engine_is_told_of_those_that_are_wanted_and_checks_them():
    async def test(world, token):
        await world.settle()
        likely = frozenset(range(29))
        world.engine.on_event(PiecesHeld(INFOHASH, frozenset(), likely))
        await world.settle()
        reader = world.read(token, 0, 100)
        waiting = asyncio.ensure_future(reader.next())
        await world.settle()
        assert world.engine.wanted(Urgency.NOW) == [0]
        assert not world.engine.wanted(Urgency.ANCHOR)
        world.engine.give(0)
        assert bytes(await waiting) == BYTES[:100]
        reader.close()

    run(test)


def test_one_that_is_absent_may_be_an_anchor():
    async def test(world, token):
        await world.settle()
        held, likely = frozenset(range(27)), frozenset((27, 28))
        world.engine.on_event(PiecesHeld(INFOHASH, held, likely))
        await world.settle()
        assert not likely.intersection(world.engine.wanted(Urgency.ANCHOR))
        world.engine.on_event(PieceAbsent(INFOHASH, 28))
        await asyncio.sleep(0.2)
        assert likely.intersection(world.engine.wanted(Urgency.ANCHOR)) == {28}

    run(test)
