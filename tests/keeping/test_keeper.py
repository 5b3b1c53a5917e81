"""Fetching what is kept, with an engine that delivers when the test says so."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import replace

import pytest

from mopidy_vozduxan.catalog import Catalog
from mopidy_vozduxan.engine.disk import DiskStore
from mopidy_vozduxan.exceptions import StorageFailed
from mopidy_vozduxan.keeping.keeper import NO_ROOM, KeepPace
from mopidy_vozduxan.keeping.keeping import Keeping
from mopidy_vozduxan.planning.plan import Urgency
from mopidy_vozduxan.planning.tiers import DEFAULT_TIERS
from mopidy_vozduxan.streaming.held_files import holdings_of
from mopidy_vozduxan.streaming.target import Target
from mopidy_vozduxan.torrent.metainfo import TorrentSource
from mopidy_vozduxan.torrent.uris import AlbumUri, TrackUri
from tests.fake_engine import INFOHASH, album, source_of
from tests.streaming.world import World

OTHER = "cd" * 20
ONE, TWO = album(tracks=3), replace(album(tracks=2, infohash=OTHER), name="Other")
PACE = KeepPace(first=0.0, quiet=0.05, look=0.01, news=0.05, room=0.05, rest=0.1)


class Stage(World):
    def __init__(self, folder, *, pace=PACE, **limits):
        super().__init__(ONE, TWO, **limits)
        self.catalog = Catalog(folder / "catalog.db")
        for metainfo in (ONE, TWO):
            self.catalog.collection.add(source_of(metainfo), metainfo)
        disk = DiskStore(folder / "torrents", folder / "resume")
        self.room = True
        self.given = defaultdict(set)
        self.keeping = Keeping(self.manager, self.catalog, disk)
        self.pace = pace

    def keep(self, *keeps):
        for keep in keeps:
            self.catalog.keeps.add(keep)
        if self.keeping.keeper:
            self.keeping.look_again()
        else:
            self.keeping.start(lambda: self.room, self.pace)

    async def until(self, true):
        while not true():
            await asyncio.sleep(0.005)

    def wants(self, *pieces, infohash=INFOHASH):
        wanted = self.engine.wants.get(infohash) and self.engine.wanted(
            Urgency.IDLE, infohash=infohash
        )
        return set(wanted or ()) - self.given[infohash] == set(pieces)

    def give(self, *pieces):
        self.given[INFOHASH].update(pieces)
        self.engine.give(*pieces)


@pytest.fixture
def play(tmp_path):
    def run(test, **options):
        async def on_stage():
            stage = Stage(tmp_path, **options)
            await test(stage)
            await stage.keeping.close()
            await stage.manager.close()
            stage.catalog.close()

        asyncio.run(asyncio.wait_for(on_stage(), 30))

    return run


def test_what_is_kept_is_fetched_file_by_file_while_nothing_plays(play):
    async def test(stage):
        stage.keep(AlbumUri(INFOHASH))
        for first, stop in ((0, 10), (9, 19), (19, 29)):
            missing = [p for p in range(first, stop) if p != 9 or not first]
            await stage.until(lambda: stage.wants(*missing))  # noqa: B023
            stage.give(*missing)
        await stage.until(lambda: stage.keeping.keeper.fetching is None)
        (done,) = await stage.keeping.progress()
        assert sum(done.held.values()) == ONE.size
        assert stage.engine.reads == []

    play(test)


def test_what_is_being_fetched_has_to_fit_within_the_limit(play):
    """It never leaves anyway; what is held beside it may exceed the limit."""

    async def test(stage):
        stage.keep(AlbumUri(INFOHASH))
        await stage.until(lambda: stage.wants(*range(10)))
        assert holdings_of(stage.manager.streams, DEFAULT_TIERS).held == frozenset()
        async with stage.manager.background.reading(Target(source_of(TWO), TWO, 0)):
            held = holdings_of(stage.manager.streams, DEFAULT_TIERS).held
            assert held == {(OTHER, 0)}

    play(test)


def test_only_what_is_kept_is_fetched(play):
    async def test(stage):
        stage.keep(TrackUri(INFOHASH, 1))
        await stage.until(lambda: stage.wants(*range(9, 19)))
        stage.give(*range(9, 19))
        await stage.until(lambda: stage.keeping.keeper.fetching is None)
        stage.keep(AlbumUri(OTHER))
        await stage.until(lambda: stage.wants(*range(10), infohash=OTHER))
        assert stage.wants()

    play(test)


def test_nothing_is_fetched_while_a_listener_plays_and_it_goes_on_afterwards(play):
    async def test(stage):
        stage.keep(AlbumUri(INFOHASH))
        await stage.until(lambda: stage.wants(*range(10)))
        stage.give(0, 1, 2)
        token = stage.manager.play(Target(source_of(TWO), TWO, 0), "uri")
        await stage.settle()
        assert stage.wants()  # at once, before the keeper notices
        await stage.until(lambda: stage.keeping.keeper.fetching is None)
        stage.manager.release(token)
        await stage.until(lambda: stage.wants(*range(3, 10)))

    play(test)


def test_a_listener_who_pauses_for_long_lets_it_go_on(play):
    async def test(stage):
        stage.keep(AlbumUri(INFOHASH))
        await stage.until(lambda: stage.wants(*range(10)))
        token = stage.manager.play(Target(source_of(TWO), TWO, 0), "uri")
        await stage.until(lambda: OTHER in stage.engine.added)
        stage.engine.hold(*range(19), infohash=OTHER)
        stage.now += 50
        stage.manager.moved(token, 1000)
        stage.now += 50
        stage.manager.moved(token, 1000)  # it does not move
        await asyncio.sleep(0.2)
        assert stage.wants()
        stage.now += 20
        await stage.until(lambda: stage.wants(*range(10)))
        stage.manager.moved(token, 2000)
        await asyncio.sleep(0.2)
        assert stage.wants()
        assert stage.keeping.keeper.fetching is None

    play(test)


def test_nothing_is_fetched_without_room_and_it_goes_on_with_some(play, caplog):
    async def test(stage):
        stage.room = False
        stage.keep(AlbumUri(INFOHASH))
        await asyncio.sleep(0.2)
        assert stage.engine.added == []
        assert (await stage.keeping.progress())[0].trouble == NO_ROOM
        assert [r.message for r in caplog.records if NO_ROOM in r.message] == [
            f"Vozduxan: Kept files are not fetched: {NO_ROOM}"
        ]
        stage.room = True
        await stage.until(lambda: stage.wants(*range(10)))
        stage.room = False
        await stage.until(lambda: stage.keeping.keeper.fetching is None)
        await stage.settle()
        assert stage.wants()

    play(test)


def test_a_swarm_that_gives_nothing_rests_and_another_has_its_turn(play):
    async def test(stage):
        stage.keep(AlbumUri(INFOHASH), AlbumUri(OTHER))
        await stage.until(lambda: stage.wants(*range(10)))
        await stage.until(lambda: stage.wants(*range(10), infohash=OTHER))
        trouble = (await stage.keeping.progress())[0].trouble
        assert trouble == "No peer gave us the file's bytes in time."
        # Later another file of it is tried first: perhaps only one has no seed.
        await stage.until(lambda: stage.wants(*range(9, 19)))

    play(test, stall_timeout=0.3)


def test_what_is_kept_no_longer_or_removed_is_not_fetched_further(play):
    async def test(stage):
        stage.keep(AlbumUri(INFOHASH))
        await stage.until(lambda: stage.wants(*range(10)))
        stage.catalog.keeps.remove_torrent([INFOHASH])
        stage.keeping.look_again()
        async with asyncio.timeout(10):  # before the swarm is given up
            await stage.until(lambda: stage.keeping.keeper.fetching is None)
        await stage.settle()
        assert stage.wants()
        stage.keep(AlbumUri(OTHER))
        await stage.until(lambda: stage.wants(*range(10), infohash=OTHER))
        stage.catalog.collection.remove(OTHER)
        await stage.manager.remove({OTHER}, delete_data=True)
        await asyncio.sleep(0.2)
        assert stage.engine.added.count(OTHER) == stage.engine.removed.count(OTHER)

    play(test)


def test_the_metadata_of_a_kept_magnet_link_is_fetched_first(play):
    async def test(stage):
        bare = "ee" * 20
        source = TorrentSource(bare, None, f"magnet:?xt=urn:btih:{bare}", "Later")
        stage.catalog.collection.add(source, None)
        stage.engine.metainfos[bare] = album(infohash=bare)
        stage.keep(AlbumUri(bare))
        await stage.until(lambda: bare in stage.engine.added)
        stage.engine.tell_metadata(bare)
        await stage.until(lambda: stage.learned)
        metainfo = album(infohash=bare)
        stage.catalog.collection.learn(replace(source, torrent=b""), metainfo)
        await stage.until(lambda: stage.wants(*range(10), infohash=bare))

    play(test)


def test_a_torrent_that_comes_later_is_fetched_without_being_told(play):
    async def test(stage):
        stage.catalog.collection.remove(INFOHASH)
        stage.keep(AlbumUri(INFOHASH))
        await asyncio.sleep(0.2)
        assert stage.engine.added == []
        stage.catalog.collection.come_back(INFOHASH)
        await stage.until(lambda: stage.wants(*range(10)))

    play(test)


def test_a_catalog_that_fails_for_a_while_is_asked_again(play, monkeypatch):
    async def test(stage):
        errors = [StorageFailed("It is gone."), ValueError("It is odd.")] * 2
        look = stage.keeping.kept.look

        def fails():
            if errors:
                raise errors.pop()
            return look()

        monkeypatch.setattr(stage.keeping.kept, "look", fails)
        stage.keep(AlbumUri(INFOHASH))
        await stage.until(lambda: stage.wants(*range(10)))

    play(test)


def test_nothing_is_done_while_nothing_is_kept(play):
    async def test(stage):
        stage.keep()
        await asyncio.sleep(0.2)
        assert stage.engine.added == []

    play(test)
