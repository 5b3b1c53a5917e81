"""Metadata that is waited for, from the swarm or another way."""

import asyncio
from dataclasses import replace

import pytest

from mopidy_vozduxan.exceptions import (
    MetadataTimeout,
)
from mopidy_vozduxan.planning.plan import Urgency
from mopidy_vozduxan.streaming.target import Target
from mopidy_vozduxan.torrent.metainfo import TorrentSource
from tests.fake_engine import INFOHASH
from tests.streaming.world import ALBUM, SOURCE, World


def knowing(torrents):
    """What a catalog of these knows of an infohash."""

    async def known(infohash):
        return torrents.get(infohash)

    return known


async def never(infohash):
    raise AssertionError("Nobody waits for metadata.")


def test_metadata_alone_fetches_no_payload_and_leaves(run):
    async def test():
        world = World()
        fetching = asyncio.create_task(world.manager.metadata.fetch(SOURCE, 5))
        await world.settle()
        world.engine.tell_metadata()
        assert await fetching == ALBUM
        await world.settle()
        assert world.engine.wanted() == []
        await world.later(1)
        assert world.engine.removed == [INFOHASH]
        assert [event.metainfo for event in world.learned] == [ALBUM]

    run(test)


def test_a_swarm_is_met_in_the_ways_of_every_magnet_link(run):
    async def test():
        world = World()
        one = TorrentSource(INFOHASH, magnet="one")
        two = TorrentSource(INFOHASH, magnet="two")
        fetches = [
            asyncio.create_task(world.manager.metadata.fetch(one, 5)),
            asyncio.create_task(world.manager.metadata.fetch(one, 5)),
        ]
        await world.settle()
        fetches.append(asyncio.create_task(world.manager.metadata.fetch(two, 5)))
        await world.settle()
        assert world.engine.links == ["two"]
        world.engine.tell_metadata()
        assert await asyncio.gather(*fetches) == [ALBUM] * 3

    run(test)


def test_metadata_that_comes_another_way_is_the_engines_too(run):
    async def test():
        world = World()
        magnet = TorrentSource(INFOHASH, magnet="one")
        fetching = asyncio.create_task(world.manager.metadata.fetch(magnet, 5))
        await world.settle()
        world.play()
        await world.settle()
        assert await fetching == ALBUM
        assert world.engine.removed == [INFOHASH]
        assert world.engine.sources[-1] == replace(SOURCE, magnet="one")
        assert 0 in world.engine.wanted(Urgency.NOW)

    run(test)


def test_who_waits_for_metadata_gets_what_came_another_way(run):
    async def test():
        world = World()
        magnet = TorrentSource(INFOHASH, magnet="one")
        fetching = asyncio.create_task(world.manager.metadata.fetch(magnet, 5))
        await world.settle()
        await world.manager.metadata.tell_swarms(knowing({}))
        assert not fetching.done()
        await world.manager.metadata.tell_swarms(knowing({INFOHASH: (SOURCE, ALBUM)}))
        assert await fetching == ALBUM
        assert world.engine.removed == [INFOHASH]
        await world.manager.metadata.tell_swarms(never)
        await world.settle()
        assert world.engine.added == [INFOHASH, INFOHASH]

    run(test)


def test_a_private_torrent_is_asked_for_in_no_other_ways(run):
    async def test():
        world = World()
        private = replace(ALBUM, private=True)
        target = Target(SOURCE, private, 0)
        world.manager.play(target, "uri")
        await world.settle()
        other = TorrentSource(INFOHASH, magnet="other")
        await world.manager.metadata.fetch(other, 5)
        assert world.engine.links == []

    run(test)


def test_metadata_that_does_not_come_is_an_error(run):
    async def test():
        world = World()
        with pytest.raises(MetadataTimeout, match="Album"):
            await world.manager.metadata.fetch(SOURCE, 0.01)

    run(test)


def test_a_magnet_plays_its_first_audio_file_when_the_metadata_comes(run):
    async def test():
        world = World()
        token = world.play(None, metainfo=None)
        assert world.manager.serving.known(token) is None
        describing = asyncio.create_task(world.manager.serving.describe(token))
        await world.settle()
        world.engine.tell_metadata()
        assert (await describing).etag == f"{INFOHASH}-0"
        await world.settle()
        assert world.engine.wanted(Urgency.NOW) == [0]

    run(test)
