"""Metadata between the catalog and the swarms."""

from __future__ import annotations

import logging
from concurrent.futures import Future

import pytest

from mopidy_vozduxan.bridge import Bridge
from mopidy_vozduxan.catalog import Catalog
from mopidy_vozduxan.engine.protocol import MetadataReceived
from mopidy_vozduxan.exceptions import StorageFailed
from mopidy_vozduxan.listener import StreamListener
from mopidy_vozduxan.sources.metadata_exchange import MOST_NEWS, FromSwarms, ToSwarms
from mopidy_vozduxan.torrent.metainfo import TorrentSource
from tests.metainfos import metainfo

WAIT_S = 20
ALBUM = metainfo("Artist - Album", ["01 - One.flac"])
EVENT = MetadataReceived(ALBUM.infohash, ALBUM, b"d4:infode")


@pytest.fixture
def told(monkeypatch):
    events = []
    monkeypatch.setattr(
        StreamListener, "send", staticmethod(lambda *a, **k: events.append((a[0], k)))
    )
    return events


@pytest.fixture
def bridge():
    ours = Bridge()
    ours.start()
    yield ours
    ours.stop(WAIT_S)


@pytest.fixture
def catalog(tmp_path):
    ours = Catalog(tmp_path / "catalog.db")
    yield ours
    ours.close()


def keep(bridge, catalog):
    """Have what a swarm tells kept, and wait for that."""

    async def run():
        exchange = FromSwarms(catalog)
        exchange.learned(EVENT)
        await exchange.close()

    bridge.ask(run()).result(WAIT_S)


def test_a_full_disk_is_a_sentence_that_names_the_torrent(
    bridge, catalog, told, caplog, monkeypatch
):
    async def fail(*_args):
        raise StorageFailed("The disk is full.")

    monkeypatch.setattr(catalog.on_loop.collection, "learn", fail)
    keep(bridge, catalog)
    (record,) = [r for r in caplog.records if r.levelno >= logging.ERROR]
    assert "“Artist - Album”" in record.getMessage()
    assert "The disk is full." in record.getMessage()
    assert record.exc_info is None
    assert told == []


def test_a_fault_of_ours_is_in_the_log(bridge, catalog, caplog, monkeypatch):
    async def fail(*_args):
        raise ZeroDivisionError

    monkeypatch.setattr(catalog.on_loop.collection, "learn", fail)
    keep(bridge, catalog)
    (record,) = [r for r in caplog.records if r.levelno >= logging.ERROR]
    assert record.exc_info


class Metadata:
    """The waits of the swarms: asks what is known of one torrent."""

    def __init__(self, infohash: str) -> None:
        self._infohash = infohash
        self.found: Future[object] = Future()

    async def tell_swarms(self, known):
        self.found.set_result(await known(self._infohash))


@pytest.mark.parametrize("count", [1, MOST_NEWS])
def test_clients_hear_of_each_torrent(bridge, catalog, told, count):
    ToSwarms(catalog, bridge, Metadata("ab" * 20)).came(["cd" * 20] * count)
    assert told == [("tracks_known", {"infohash": "cd" * 20})] * count


def test_a_whole_collection_is_no_news(bridge, catalog, told):
    ToSwarms(catalog, bridge, Metadata("ab" * 20)).came(["cd" * 20] * (MOST_NEWS + 1))
    assert told == []


def tell(bridge, catalog, infohash):
    metadata = Metadata(infohash)
    ToSwarms(catalog, bridge, metadata).tell()
    return metadata.found.result(WAIT_S)


def test_swarms_get_what_the_catalog_knows(bridge, catalog):
    source = TorrentSource(ALBUM.infohash, magnet=f"magnet:?xt=urn:btih:{'ab' * 20}")
    catalog.collection.add(source, ALBUM)
    _, known = tell(bridge, catalog, ALBUM.infohash)
    assert known == ALBUM


def test_swarms_get_nothing_from_a_catalog_that_fails(bridge, catalog, monkeypatch):
    async def fail(*_args):
        raise StorageFailed("The disk is broken.")

    monkeypatch.setattr(catalog.on_loop.torrents, "source", fail)
    assert tell(bridge, catalog, ALBUM.infohash) is None
