"""When a swarm is left, and what its streams come to whose file is not in it."""

import asyncio

import pytest

from mopidy_vozduxan.exceptions import MetadataTimeout, NoSuchFile
from mopidy_vozduxan.streaming.target import Target
from mopidy_vozduxan.torrent.metainfo import TorrentSource
from tests.fake_engine import INFOHASH, album, source_of
from tests.streaming.world import ALBUM, World

MAGNET = TorrentSource(INFOHASH, magnet="magnet")
OTHER_INFOHASH = "cd" * 20
OTHER = album(infohash=OTHER_INFOHASH)


def test_a_magnet_that_never_tells_its_metadata_is_left(run):
    async def test():
        world = World(metadata_timeout=60)
        with pytest.raises(MetadataTimeout):
            await world.manager.metadata.fetch(MAGNET, 0.01)
        await world.later(60)
        assert world.engine.removed == []
        await world.later(1)
        assert world.engine.removed == [INFOHASH]

    run(test)


def test_a_magnet_that_somebody_waits_for_is_not_left(run):
    async def test():
        world = World(metadata_timeout=60)
        waiting = asyncio.create_task(world.manager.metadata.fetch(MAGNET, 600))
        await world.later(120)
        assert world.engine.removed == []
        waiting.cancel()
        await world.later(2)
        assert world.engine.removed == [INFOHASH]

    run(test)


@pytest.mark.parametrize("index", [99, -1])
def test_metadata_without_the_wanted_file_fails_the_stream(run, index):
    async def test():
        world = World()
        token = world.manager.play(Target(MAGNET, None, index), "track:99")
        await world.settle()
        await world.later(1)
        assert world.failed == []
        world.engine.tell_metadata()
        await world.later(1)
        assert set(world.failed) == {
            (token, "track:99", f"“Album” has no file number {index}.")
        }
        with pytest.raises(NoSuchFile):
            await world.manager.serving.describe(token)

    run(test)


def test_the_player_has_what_it_was_given_last(run):
    async def test():
        world = World(ALBUM, OTHER)
        player_has = world.manager.player_has
        assert not await player_has({INFOHASH})
        world.play()
        assert await player_has({INFOHASH})
        assert await player_has({OTHER_INFOHASH, INFOHASH})
        assert not await player_has({OTHER_INFOHASH})
        token = world.manager.play(Target(source_of(OTHER), OTHER, 0), "track:other")
        assert await player_has({OTHER_INFOHASH})
        assert not await player_has({INFOHASH})
        world.manager.release(token)
        assert not await player_has({OTHER_INFOHASH})

    run(test)
