"""What waits too long, and what breaks."""

import asyncio
import contextlib
from dataclasses import replace

import pytest

from mopidy_vozduxan.engine.protocol import (
    DiskTrouble,
    MetadataReceived,
    PiecesHeld,
    Statistics,
    StatisticsChanged,
    SwarmBroke,
    TrackerAnswered,
    WayOut,
)
from mopidy_vozduxan.exceptions import (
    Stalled,
    StorageFailed,
    SwarmFailed,
)
from mopidy_vozduxan.planning.plan import Urgency
from mopidy_vozduxan.streaming import status
from mopidy_vozduxan.streaming.target import Target
from mopidy_vozduxan.torrent.metainfo import TorrentSource
from tests.fake_engine import INFOHASH, album, source_of
from tests.streaming.world import ALBUM, SOURCE, World


def test_a_stalled_stream_is_reported_for_as_long_as_it_is(run):
    async def test():
        world = World(stall_timeout=20)
        token = world.play()
        waiting = asyncio.create_task(world.read(token).next())
        await world.later(19)
        assert world.failed == []
        await world.later(10)
        [(failed, uri, reason)] = set(world.failed)
        assert len(world.failed) > 1
        assert (failed, uri) == (token, "track:0")
        assert "Album" in reason
        assert not waiting.done()  # the player's reader waits on
        waiting.cancel()

    run(test)


def test_a_way_out_that_is_missing_is_not_the_swarms_fault(run):
    async def test():
        world = World(stall_timeout=20)
        reading = asyncio.create_task(world.read(world.play()).next())
        await world.later(19)
        world.manager.on_event(WayOut(there=False))
        await world.later(600)
        world.manager.on_event(WayOut(there=True))
        await world.later(19)
        assert world.failed == []
        await world.later(2)
        assert world.failed
        reading.cancel()

    run(test)


def test_the_wait_for_a_disk_is_not_the_swarms_fault(run):
    async def test():
        world = World(stall_timeout=20)
        waiting = asyncio.create_task(world.read(world.play()).next())
        await world.later(19)
        world.manager.on_event(DiskTrouble(INFOHASH, "The disk is full", full=True))
        await world.later(600)
        assert world.failed == []
        assert status.swarms(world.manager)[0]["diskTrouble"] == "The disk is full"
        world.manager.on_event(DiskTrouble(INFOHASH, ""))
        await world.later(19)
        assert world.failed == []
        assert status.swarms(world.manager)[0]["diskTrouble"] is None
        await world.later(2)
        assert world.failed
        waiting.cancel()

    run(test)


def test_a_slow_swarm_is_not_a_dead_one(run):
    async def test():
        world = World(stall_timeout=20)
        reading = asyncio.create_task(world.read(world.play()).next())
        for second in range(60):
            await world.later(1)
            world.engine.progress(second // 10)
        assert world.failed == []
        reading.cancel()

    run(test)


def test_a_stall_ends_the_readers_of_the_public_door_with_a_reason(run):
    async def test():
        world = World(stall_timeout=20)
        reader = world.read(world.play(), player=False)
        waiting = asyncio.create_task(reader.next())
        await world.later(25)
        with pytest.raises(Stalled, match="Album"):
            await waiting

    run(test)


def test_core_passes_over_a_track_that_failed_until_its_swarm_lives(run):
    async def test():
        world = World(stall_timeout=20)
        reading = asyncio.create_task(world.read(world.play()).next())
        await world.later(25)
        with pytest.raises(Stalled):
            world.play(asked=False)
        world.engine.give(0)
        assert world.play(asked=False)
        await reading

    run(test)


def test_the_tracks_of_a_dead_swarm_are_passed_over_at_once(run):
    async def test():
        world = World(stall_timeout=20, failed_track=60)
        reading = asyncio.create_task(world.read(world.play()).next())
        await world.later(25)
        with pytest.raises(Stalled):
            world.play(1, asked=False)
        world.now += 100
        assert world.play(1, asked=False)
        reading.cancel()

    run(test)


def test_a_track_on_disk_plays_although_its_swarm_is_dead(run):
    async def test():
        world = World(stall_timeout=20)
        reading = asyncio.create_task(world.read(world.play()).next())
        await world.settle()
        for piece in range(9, 19):  # 950 bytes from 950 on, in pieces of 100
            world.engine.give(piece)
        await world.later(25)
        with pytest.raises(Stalled):
            world.play(asked=False)
        assert world.play(1, asked=False)
        reading.cancel()

    run(test)


@pytest.mark.parametrize("peers", [0, 1])
def test_the_tracks_of_a_swarm_with_peers_are_tried_one_by_one(run, peers):
    async def test():
        world = World(stall_timeout=20)
        reading = asyncio.create_task(world.read(world.play()).next())
        await world.settle()
        numbers = Statistics(num_peers=peers)
        world.manager.on_event(StatisticsChanged(INFOHASH, numbers))
        await world.later(25)
        refusal = contextlib.nullcontext() if peers else pytest.raises(Stalled)
        with refusal:
            world.play(1, asked=False)
        world.manager.on_event(StatisticsChanged(INFOHASH, Statistics(num_peers=1)))
        assert world.play(2, asked=False)
        reading.cancel()

    run(test)


def test_a_track_of_a_dead_swarm_that_is_asked_for_is_tried(run):
    async def test():
        world = World(stall_timeout=20)
        reading = asyncio.create_task(world.read(world.play()).next())
        await world.later(25)
        assert world.play(1)
        assert world.play(2, asked=False)
        reading.cancel()

    run(test)


def test_a_failed_track_is_tried_again_after_a_while(run):
    async def test():
        world = World(stall_timeout=20, failed_track=60)
        reading = asyncio.create_task(world.read(world.play()).next())
        await world.later(25)
        world.now += 100
        assert world.play(asked=False)
        reading.cancel()

    run(test)


def test_a_failed_track_that_is_asked_for_is_tried_at_once_and_for_as_long(run):
    async def test():
        world = World(stall_timeout=20)
        reading = asyncio.create_task(world.read(world.play()).next())
        await world.later(25)
        world.failed.clear()
        assert world.engine.added == [INFOHASH]
        assert world.play()
        await world.settle()
        assert world.engine.added == [INFOHASH, INFOHASH]
        await world.later(19)  # its reader has waited for 44 s
        assert world.failed == []
        await world.later(2)
        assert world.failed
        reading.cancel()

    run(test)


def test_a_track_that_is_asked_for_while_all_is_well_has_nobody_asked(run):
    async def test():
        world = World(stall_timeout=20)
        world.play()
        world.play()
        await world.settle()
        assert world.engine.added == [INFOHASH] and world.engine.met == []

    run(test)


@pytest.mark.parametrize("patience", [5, 20, 300])
def test_peers_are_looked_for_several_times_while_nobody_is_there(run, patience):
    async def test():
        world = World(stall_timeout=patience)
        reading = asyncio.create_task(world.read(world.play()).next())
        await world.settle()
        await world.later(patience - 1)
        assert world.failed == []
        assert len(world.engine.met) == 4
        reading.cancel()

    run(test)


def test_who_has_peers_looks_for_others_only_if_they_give_nothing(run):
    async def test():
        world = World(stall_timeout=20)
        reading = asyncio.create_task(world.read(world.play()).next())
        world.engine.on_event(StatisticsChanged(INFOHASH, Statistics(num_peers=1)))
        await world.later(4)
        assert world.engine.met == []
        await world.later(15)
        assert len(world.engine.met) == 4
        reading.cancel()

    run(test)


def test_metadata_has_peers_looked_for_as_well(run):
    async def test():
        world = World(metadata_timeout=60)
        world.play(metainfo=None)
        await world.later(59)
        assert world.failed == []
        assert len(world.engine.met) == 4

    run(test)


@pytest.mark.parametrize(
    ("storage", "error"), [(True, StorageFailed), (False, SwarmFailed)]
)
def test_a_broken_swarm_ends_every_wait_with_its_reason(run, storage, error):
    async def test():
        world = World()
        waiting = asyncio.create_task(world.read(world.play()).next())
        await world.settle()
        world.manager.on_event(SwarmBroke(INFOHASH, "No space left", storage))
        with pytest.raises(error, match="No space left"):
            await waiting
        assert "No space left" in world.failed[0][2]
        assert world.engine.removed == [INFOHASH]

    run(test)


def test_a_broken_swarm_can_be_joined_again(run):
    async def test():
        world = World()
        world.play()
        await world.settle()
        world.manager.on_event(SwarmBroke(INFOHASH, "oops"))
        world.now += 100
        world.play()
        await world.settle()
        assert world.engine.added == [INFOHASH, INFOHASH]

    run(test)


def test_what_is_wanted_is_told_again_when_nothing_comes(run):
    async def test():
        world = World()
        waiting = asyncio.create_task(world.read(world.play()).next())
        await world.settle()
        world.engine.wants[INFOHASH].clear()  # the engine forgot
        await world.later(6)
        assert world.engine.wanted(Urgency.NOW) == [0]
        assert world.engine.reconnected == [INFOHASH]  # or a peer did
        waiting.cancel()

    run(test)


def test_an_idle_swarm_leaves_the_session(run):
    """Sooner if nothing at all is used: an idle swarm goes on fetching slowly."""

    async def test():
        other = album(infohash="cd" * 20)
        world = World(ALBUM, other, idle_swarm=600, all_idle=60)
        playing = world.manager.play(Target(source_of(other), other, 0), "other")
        world.manager.aim([Target(SOURCE, ALBUM, 0)], ["prefetch"])
        await world.settle()
        world.manager.aim([], [])
        await world.settle()
        world.now += 500
        await world.later(2)
        assert world.engine.removed == []
        world.now += 100
        await world.later(2)
        assert world.engine.removed == [INFOHASH]
        world.manager.release(playing)
        world.now += 57
        await world.later(2)
        assert world.engine.removed == [INFOHASH]
        await world.later(3)
        assert world.engine.removed == [INFOHASH, other.infohash]

    run(test)


def test_uploads_yield_while_what_plays_is_in_need():
    async def scene():
        world = World()
        token = world.play()
        await world.settle()
        assert world.engine.yields
        swarm = world.manager.swarms.all()[0]
        everything = frozenset(range(album().piece_count))
        world.engine.on_event(PiecesHeld(swarm.infohash, everything))
        await world.settle()
        assert not world.engine.yields
        world.manager.release(token)

    asyncio.run(scene())


def test_a_trackers_refusal_is_told_once_in_its_words(caplog):
    async def scene():
        world = World()
        world.play()
        await world.settle()
        for _ in range(3):
            event = TrackerAnswered(INFOHASH, "t.example", "unregistered", True)
            world.engine.on_event(event)
        (row,) = status.swarms(world.manager)
        assert row["trackers"] == [{"host": "t.example", "trouble": "unregistered"}]
        world.engine.on_event(TrackerAnswered(INFOHASH, "t.example", None))
        (row,) = status.swarms(world.manager)
        assert row["trackers"] == [{"host": "t.example", "trouble": None}]

    asyncio.run(scene())
    told = [m for m in caplog.messages if "t.example" in m]
    assert told == [
        "Vozduxan: The tracker t.example of “Album” refuses it: unregistered"
    ]


def test_a_magnet_that_turns_out_to_be_private_is_joined_again_by_its_torrent():
    async def scene():
        secret = replace(album(), private=True)
        world = World(secret)
        magnet = TorrentSource(INFOHASH, magnet=f"magnet:?xt=urn:btih:{INFOHASH}")
        world.manager.swarms.join(magnet, None)
        await world.settle()
        world.engine.on_event(MetadataReceived(INFOHASH, secret, b"torrent"))
        await world.settle()
        assert world.engine.removed == [INFOHASH]
        assert world.engine.added == [INFOHASH, INFOHASH]
        assert world.engine.sources[-1].torrent == b"torrent"

    asyncio.run(scene())
