"""The catalog's asynchronous face: the same calls, on threads of the catalog's own."""

from __future__ import annotations

import asyncio
import threading

import pytest

from mopidy_vozduxan.catalog.collection import Collection
from mopidy_vozduxan.catalog.hearings import Hearings
from mopidy_vozduxan.catalog.on_loop import (
    AsyncCollection,
    AsyncHearings,
    AsyncScans,
    AsyncSheets,
    AsyncTorrents,
    AsyncTraffic,
    Awaited,
)
from mopidy_vozduxan.catalog.scans import Scans
from mopidy_vozduxan.catalog.sheets import Sheets
from mopidy_vozduxan.catalog.torrents import Torrents
from mopidy_vozduxan.catalog.traffic import Traffic
from mopidy_vozduxan.exceptions import StorageFailed
from tests.metainfos import metainfo, source_of

ALBUM = metainfo("Artist - Album", ["01 - One.flac", "02 - Two.flac"])
INFOHASH = ALBUM.infohash


def test_what_the_loop_awaits_is_what_an_actor_is_told(catalog):
    async def ask():
        on_loop = catalog.on_loop
        await on_loop.collection.add(source_of(ALBUM), ALBUM)
        return (
            await on_loop.torrents.source(INFOHASH),
            await on_loop.torrents.metainfo(INFOHASH),
            await on_loop.scans.unscanned(INFOHASH, tried=True),
        )

    assert asyncio.run(ask()) == (
        catalog.torrents.source(INFOHASH),
        ALBUM,
        catalog.scans.unscanned(INFOHASH, tried=True),
    )


def test_the_loop_goes_on_while_the_catalog_works(catalog):
    async def ask():
        may_end = threading.Event()
        works = asyncio.ensure_future(catalog.on_loop.run(may_end.wait, 30))
        there = await catalog.on_loop.torrents.has(INFOHASH)
        assert not works.done()
        may_end.set()
        return there, await works

    assert asyncio.run(ask()) == (False, True)


def test_what_fails_fails_where_it_is_awaited(catalog, monkeypatch):
    def fail(_):
        raise StorageFailed("The disk is full.")

    monkeypatch.setattr(catalog.collection, "remove", fail)

    async def ask():
        with pytest.raises(StorageFailed):
            await catalog.on_loop.collection.remove(INFOHASH)

    asyncio.run(ask())


def test_what_was_begun_is_done_when_the_catalog_is_closed(catalog):
    began, done = threading.Event(), threading.Event()

    def work():
        began.set()
        done.wait(30)
        catalog.collection.add(source_of(ALBUM), ALBUM)

    async def ask():
        kept = asyncio.ensure_future(catalog.on_loop.run(work))
        await asyncio.to_thread(began.wait)
        threading.Timer(0.01, done.set).start()
        await asyncio.to_thread(catalog.close)
        await kept

    asyncio.run(ask())


@pytest.mark.parametrize(
    ("face", "noun"),
    [
        (AsyncTorrents, Torrents),
        (AsyncCollection, Collection),
        (AsyncScans, Scans),
        (AsyncSheets, Sheets),
        (AsyncHearings, Hearings),
        (AsyncTraffic, Traffic),
    ],
)
def test_both_faces_have_the_same_names(face, noun):
    awaited = {name for name, value in vars(face).items() if isinstance(value, Awaited)}
    assert awaited
    assert awaited <= vars(noun).keys()
