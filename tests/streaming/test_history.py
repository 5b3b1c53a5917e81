"""What was heard and moved is kept in the catalog, and nothing else is written."""

from __future__ import annotations

import asyncio

import pytest

from mopidy_vozduxan.catalog import Catalog
from mopidy_vozduxan.catalog.traffic import Total
from mopidy_vozduxan.engine.protocol import TrafficCounted
from mopidy_vozduxan.exceptions import StorageFailed
from mopidy_vozduxan.streaming import history as module
from mopidy_vozduxan.streaming.history import History
from tests.fake_engine import INFOHASH, album
from tests.streaming.world import World


@pytest.fixture
def catalog(tmp_path):
    catalog = Catalog(tmp_path / "catalog.db")
    yield catalog
    catalog.close()


#: Of some minutes each.
LONG = album(size=30_000_000, piece_length=1 << 20)


def play_seconds(world, token, start, stop):
    for second in range(start, stop + 1):
        world.manager.moved(token, second * 1000)


def test_a_file_is_heard_once_ten_seconds_of_it_sounded(run):
    async def test():
        heard = []
        world = World(LONG, heard=lambda *file: heard.append(file))
        token = world.play(1, LONG)
        play_seconds(world, token, 0, 9)
        assert heard == []
        play_seconds(world, token, 10, 30)
        assert heard == [(INFOHASH, 1)]
        world.play(1, LONG)  # once more, in the same stream
        play_seconds(world, token, 0, 30)
        assert heard == [(INFOHASH, 1)] * 2

    run(test)


def test_a_skip_through_the_tracks_is_no_hearing(run):
    async def test():
        heard = []
        world = World(LONG, heard=lambda *file: heard.append(file))
        for index in (0, 1, 2, 0):
            play_seconds(world, world.play(index, LONG), 0, 5)
        assert heard == []

    run(test)


def test_what_happened_is_in_the_catalog_after_a_stop(run, catalog):
    async def test():
        history = History(catalog)
        history.heard(INFOHASH, 1)
        history.counted(TrafficCounted(INFOHASH, 10, 1))
        history.counted(TrafficCounted(INFOHASH, 20, 2))
        await history.close()

    run(test)
    assert catalog.hearings.all()[INFOHASH, 1].times == 1
    assert catalog.traffic.totals() == {INFOHASH: Total(30, 3)}


def test_a_catalog_that_cannot_be_written_loses_nothing(run, catalog, monkeypatch):
    """The disk is full, or another process holds the file."""

    def fail(*_):
        raise StorageFailed("The disk is full.")

    async def test():
        history = History(catalog)
        with monkeypatch.context() as broken:
            broken.setattr(catalog.hearings, "note", fail)
            broken.setattr(catalog.traffic, "count", fail)
            history.heard(INFOHASH, 0)
            history.heard(INFOHASH, 0)
            history.counted(TrafficCounted(INFOHASH, 10, 1))
            history._count()
            await asyncio.gather(*history._tasks)
        history.heard(INFOHASH, 1)
        await history.close()

    run(test)
    heard = {file: one.times for file, one in catalog.hearings.all().items()}
    assert heard == {(INFOHASH, 0): 2, (INFOHASH, 1): 1}
    assert catalog.traffic.totals() == {INFOHASH: Total(10, 1)}


def test_amounts_are_written_together(run, catalog, monkeypatch):
    monkeypatch.setattr(module, "COUNT_AFTER_S", 0.05)

    async def test():
        history, written = History(catalog), []
        count = catalog.traffic.count
        monkeypatch.setattr(
            catalog.traffic, "count", lambda more: (written.append(more), count(more))
        )
        for _ in range(100):
            history.counted(TrafficCounted(INFOHASH, 1, 0))
        while not written:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.2)
        assert written == [{INFOHASH: Total(100, 0)}]
        await history.close()
        assert len(written) == 1

    run(test)
