"""The manager, with an engine that delivers when the test says so."""

import asyncio
from dataclasses import replace

import pytest

from mopidy_vozduxan.engine.protocol import SwarmBroke, TorrentSource
from mopidy_vozduxan.exceptions import (
    BadInput,
    Cancelled,
    MetadataTimeout,
    NoSuchFile,
    NoSuchStream,
    ShuttingDown,
    Stalled,
    StorageFailed,
    SwarmFailed,
)
from mopidy_vozduxan.planning.plan import Urgency
from mopidy_vozduxan.streaming.manager import Limits, Manager
from mopidy_vozduxan.streaming.target import Target
from mopidy_vozduxan.tags import Part, Tags
from tests.fake_engine import INFOHASH, FakeEngine, album, payload, source_of

ALBUM = album()
SOURCE = source_of(ALBUM)
BYTES = payload(ALBUM)


class World:
    """A manager, its engine, a clock that the test moves, and what was told."""

    def __init__(self, *metainfos, **limits):
        self.now = 1000.0
        self.failed = []
        self.learned = []
        self.engine = FakeEngine(*(metainfos or (ALBUM,)))
        self.manager = Manager(
            self.engine,
            Limits(**limits),
            lambda: self.now,
            lambda token, uri, reason: self.failed.append((token, uri, reason)),
            self.learned.append,
        )
        self.engine.start(asyncio.get_running_loop(), self.manager.on_event)

    def play(self, index=0, metainfo=ALBUM):
        return self.manager.play(Target(SOURCE, metainfo, index), f"track:{index}")

    def read(self, token, start=0, stop=None, *, player=True):
        stop = self.manager.known(token).size if stop is None else stop
        return self.manager.open_reader(token, start, stop, player=player)

    async def settle(self):
        for _ in range(10):
            await asyncio.sleep(0)

    async def later(self, seconds):
        """Let time pass, with a tick of the supervision for every second."""
        for _ in range(int(seconds)):
            self.now += 1
            self.manager._on_tick()
            await self.settle()


@pytest.fixture
def run():
    """Run a coroutine function in a loop of its own."""
    return lambda test: asyncio.run(asyncio.wait_for(test(), 30))


async def read_all(reader):
    parts = []
    while (part := await reader.next()) is not None:
        parts.append(bytes(part))
    return b"".join(parts)


def test_a_swarm_joins_the_session_when_somebody_plays_it(run):
    async def test():
        world = World()
        await world.settle()
        assert world.engine.added == []
        world.play()
        await world.settle()
        assert world.engine.added == [INFOHASH]
        assert world.engine.wanted() == [0, 1]
        assert world.engine.wanted(Urgency.NOW) == [0]

    run(test)


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


def test_releasing_a_stream_ends_its_readers(run):
    async def test():
        world = World()
        token = world.play()
        waiting = asyncio.create_task(world.read(token).next())
        gone = asyncio.create_task(world.manager.released(token))
        await world.settle()
        world.manager.release(token)
        with pytest.raises(Cancelled):
            await waiting
        await gone
        with pytest.raises(NoSuchStream):
            world.manager.known(token)

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
        assert world.manager.known(first)
        reader.close()
        with pytest.raises(NoSuchStream):
            world.manager.known(first)

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
        stream_ms = world.manager._streams[token].timeline.length_ms
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
        assert [p for p in world.engine.wanted() if p > 9] == [10]

    run(test)


def test_metadata_alone_fetches_no_payload_and_leaves(run):
    async def test():
        world = World()
        fetching = asyncio.create_task(world.manager.fetch_metainfo(SOURCE, 5))
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
            asyncio.create_task(world.manager.fetch_metainfo(one, 5)),
            asyncio.create_task(world.manager.fetch_metainfo(one, 5)),
        ]
        await world.settle()
        fetches.append(asyncio.create_task(world.manager.fetch_metainfo(two, 5)))
        await world.settle()
        assert world.engine.links == ["two"]
        world.engine.tell_metadata()
        assert await asyncio.gather(*fetches) == [ALBUM] * 3

    run(test)


def test_metadata_that_comes_another_way_is_the_engines_too(run):
    async def test():
        world = World()
        magnet = TorrentSource(INFOHASH, magnet="one")
        fetching = asyncio.create_task(world.manager.fetch_metainfo(magnet, 5))
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
        fetching = asyncio.create_task(world.manager.fetch_metainfo(magnet, 5))
        await world.settle()
        await world.manager.describe_swarms(lambda infohash: None)
        assert not fetching.done()
        await world.manager.describe_swarms({INFOHASH: (SOURCE, ALBUM)}.get)
        assert await fetching == ALBUM
        assert world.engine.removed == [INFOHASH]
        await world.manager.describe_swarms({}.__getitem__)
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
        await world.manager.fetch_metainfo(other, 5)
        assert world.engine.links == []

    run(test)


def test_metadata_that_does_not_come_is_an_error(run):
    async def test():
        world = World()
        with pytest.raises(MetadataTimeout, match="Album"):
            await world.manager.fetch_metainfo(SOURCE, 0.01)

    run(test)


def test_a_magnet_plays_its_first_audio_file_when_the_metadata_comes(run):
    async def test():
        world = World()
        token = world.play(None, metainfo=None)
        assert world.manager.known(token) is None
        describing = asyncio.create_task(world.manager.describe(token))
        await world.settle()
        world.engine.tell_metadata()
        assert (await describing).etag == f"{INFOHASH}-0"
        await world.settle()
        assert world.engine.wanted(Urgency.NOW) == [0]

    run(test)


def test_a_file_that_is_not_there_is_refused(run):
    async def test():
        with pytest.raises(NoSuchFile, match="99"):
            World().play(99)

    run(test)


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


def test_a_track_that_failed_is_refused_until_its_swarm_lives(run):
    async def test():
        world = World(stall_timeout=20)
        reading = asyncio.create_task(world.read(world.play()).next())
        await world.later(25)
        with pytest.raises(Stalled):
            world.play()
        world.engine.give(0)
        assert world.play()
        await reading

    run(test)


def test_a_failed_track_is_tried_again_after_a_while(run):
    async def test():
        world = World(stall_timeout=20, failed_track=60)
        reading = asyncio.create_task(world.read(world.play()).next())
        await world.later(25)
        world.now += 100
        assert world.play()
        reading.cancel()

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


def test_what_is_wanted_is_told_again_when_nothing_comes(run):
    async def test():
        world = World()
        waiting = asyncio.create_task(world.read(world.play()).next())
        await world.settle()
        world.engine.wants[INFOHASH].clear()  # the engine forgot
        await world.later(6)
        assert world.engine.wanted(Urgency.NOW) == [0]
        waiting.cancel()

    run(test)


def test_an_idle_swarm_leaves_the_session(run):
    async def test():
        world = World(idle_swarm=600)
        world.manager.release(world.play())
        await world.later(2)
        assert world.engine.removed == []
        world.now += 600
        await world.later(1)
        assert world.engine.removed == [INFOHASH]

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


def test_a_small_file_is_read_in_the_background_and_its_swarm_left(run):
    async def test():
        world = World()
        reading = asyncio.create_task(
            world.manager.read_file(Target(SOURCE, ALBUM, 1), 950)
        )
        for piece in range(9, 19):
            await world.settle()
            world.engine.give(piece)
        assert await reading == BYTES[950:1900]
        assert world.engine.wanted(Urgency.NOW) == []
        await world.later(10)
        assert world.engine.removed == [INFOHASH]

    run(test)


def test_a_file_too_large_to_be_read_whole_is_not_fetched(run):
    async def test():
        world = World()
        with pytest.raises(BadInput, match="949"):
            await world.manager.read_file(Target(SOURCE, ALBUM, 1), 949)
        await world.settle()
        assert world.engine.reads == []

    run(test)


def test_a_read_in_the_background_gives_up_and_holds_nothing_against_the_track(run):
    async def test():
        world = World(stall_timeout=0.01)
        with pytest.raises(Stalled, match="Nobody gave us"):
            await world.manager.read_file(Target(SOURCE, ALBUM, 1), 950)
        assert world.play(1)

    run(test)


def test_a_stream_in_the_background_is_another_than_the_players(run):
    async def test():
        world = World()
        target = Target(SOURCE, ALBUM, 0)
        token = await world.manager.open_background(target)
        playing = world.play(0)
        assert playing != token
        world.manager.close_background(token)
        assert world.manager.known(playing)
        with pytest.raises(NoSuchStream):
            world.manager.known(token)

    run(test)


def test_between_two_reads_of_a_torrent_its_peers_are_kept(run):
    async def test():
        world = World()
        token = await world.manager.open_background(Target(SOURCE, ALBUM, 0))
        world.manager.close_background(token)
        await world.later(2)
        assert world.engine.wanted(Urgency.IDLE), "the anchor"
        assert world.engine.removed == []

    run(test)


def test_what_plays_and_waits_leaves_nothing_for_the_background(run):
    async def test():
        world = World()
        token = await world.manager.open_background(Target(SOURCE, ALBUM, 2))
        waiting = asyncio.create_task(world.read(token, player=False).next())
        await world.settle()
        assert world.manager.is_calm and world.manager.is_asked_for(token)
        world.play(0)
        await world.settle()
        assert not world.manager.is_calm and not world.manager.is_asked_for(token)
        world.engine.hold(*range(10))
        await world.settle()
        assert world.manager.is_calm and world.manager.is_asked_for(token)
        waiting.cancel()

    run(test)


def test_a_demuxer_in_the_background_is_given_time_to_hang_up(run):
    async def test():
        world = World()
        token = await world.manager.open_background(Target(SOURCE, ALBUM, 0))
        reader = world.read(token)
        world.engine.hold(0)
        assert await reader.next() == BYTES[:100]
        more = asyncio.create_task(reader.next())
        await world.settle()
        assert not world.manager.is_asked_for(token)
        reader.close()
        with pytest.raises(Cancelled):
            await more
        assert 1 not in world.engine.wanted(Urgency.LATER)

    run(test)


def test_a_demuxer_in_the_background_that_stays_gets_more(run):
    async def test():
        world = World()
        token = await world.manager.open_background(Target(SOURCE, ALBUM, 0))
        world.engine.hold(0)
        reader = world.read(token)
        await reader.next()
        more = asyncio.create_task(reader.next())
        while not world.manager.is_asked_for(token):
            await asyncio.sleep(0.01)
        world.engine.give(1)
        assert await more == BYTES[100:200]

    run(test)


def part_of(start, stop):
    return Target(SOURCE, ALBUM, 0, 95_000, Part(2, start, stop, Tags()))


def test_a_part_plays_within_the_stream_of_its_file(run):
    async def test():
        world = World()
        whole = world.play(0)
        token = world.manager.play(part_of(30 * 75, 60 * 75), "track:0:2")
        assert token == whole
        (stream,) = world.manager._streams.values()
        assert stream.position_ms == 30_000
        assert stream.remaining_ms == 30_000
        world.manager.moved(token, 45_000)
        assert stream.remaining_ms == 15_000
        world.manager.play(part_of(60 * 75, None), "track:0:3")
        assert stream.remaining_ms == 35_000
        world.manager.aim([part_of(0, 75), part_of(75, None)], ["prefetch", "warm"])
        assert stream.starts_ms == (0, 1000)
        world.manager.aim([], [])
        assert stream.starts_ms == ()
        assert list(world.manager._streams) == [token]

    run(test)


def test_a_part_that_is_no_sound_is_told_of_and_spares_its_file(run):
    async def test():
        world = World()
        token = world.play(0)
        world.manager.fail(token, SwarmFailed("It is damaged."))
        world.manager.fail("nobody", SwarmFailed("It is damaged."))
        assert world.failed == [(token, "track:0", "It is damaged.")]
        assert world.play(0) == token

    run(test)
