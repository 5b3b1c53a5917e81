"""A magnet link that is looked up is parsed once, and what it names is written once."""

from __future__ import annotations

import threading

import libtorrent as lt
import pytest

from mopidy_vozduxan.assembly import Streaming, adder_of
from mopidy_vozduxan.catalog import Catalog, torrent_rows
from mopidy_vozduxan.engine.session import LibtorrentEngine
from mopidy_vozduxan.library import resolving
from mopidy_vozduxan.library.library_provider import VozduxanLibraryProvider
from mopidy_vozduxan.network.binding import Binding
from mopidy_vozduxan.sources import wishes
from mopidy_vozduxan.sources.metadata_exchange import FromSwarms
from mopidy_vozduxan.streaming.limits import Limits
from tests.fake_engine import FakeEngine
from tests.metainfos import metainfo
from tests.scanning.conftest import LOOPBACK

ALBUM = metainfo("Artist - Album", ["01 - One.flac", "02 - Two.flac"])
MAGNET = f"magnet:?xt=urn:btih:{ALBUM.infohash}&dn=Album"
WAIT_S = 30


class Engine(FakeEngine):
    """Tells a swarm's metadata as soon as the swarm is joined."""

    def add(self, source, plan):
        super().add(source, plan)
        self.loop.call_soon(self.tell_metadata, source.infohash)


class World:
    """The parts between Mopidy's lookup and the swarms."""

    def __init__(self, folder, engine, lookup_timeout):
        self.catalog = Catalog(folder / "catalog.db")
        self.from_swarms = FromSwarms(self.catalog)
        self.streaming = Streaming.of(engine, Limits(), self.from_swarms.learned)
        config, binding = {"proxy": {}, "vozduxan": {}}, Binding("")
        self.adder = adder_of(
            config, self.catalog, self.streaming, self.from_swarms, binding
        )
        self.library = VozduxanLibraryProvider(
            None, self.catalog, self.adder, lookup_timeout
        )

    def __enter__(self):
        self.streaming.start()
        return self

    def __exit__(self, *_):
        self.streaming.bridge.stop(WAIT_S, self._close)
        self.catalog.close()

    async def _close(self):
        await self.streaming.manager.close()
        await self.from_swarms.close()


class Spy:
    """Counts the calls of functions, and lets them do their work."""

    def __init__(self, monkeypatch):
        self._monkeypatch = monkeypatch
        self.seen = threading.Condition()

    def on(self, *places):
        """Watch one function at all these places; return what it was given."""
        given = []
        for module, name in places:
            function = getattr(module, name)

            def spied(*args, _function=function, **kwargs):
                with self.seen:
                    given.append(args[-1])
                    self.seen.notify_all()
                return _function(*args, **kwargs)

            self._monkeypatch.setattr(module, name, spied)
        return given


@pytest.fixture
def spy(monkeypatch):
    return Spy(monkeypatch)


def test_a_magnet_that_is_looked_up_is_parsed_once(tmp_path, spy):
    uris = spy.on((resolving, "parse"), (wishes, "parse"))
    links = spy.on((wishes, "read_link"))
    joined = spy.on((lt, "parse_magnet_uri"))
    engine = LibtorrentEngine(tmp_path / "data", tmp_path / "resume", LOOPBACK)
    with World(tmp_path, engine, lookup_timeout=0) as world:
        assert [t.uri for t in world.library.lookup(MAGNET)] == [MAGNET]
        with spy.seen:
            assert spy.seen.wait_for(lambda: joined, WAIT_S)
    assert (uris, links, joined) == ([MAGNET], [MAGNET], [MAGNET])


def test_what_a_swarm_tells_is_written_once(tmp_path, spy):
    written = spy.on((torrent_rows, "write_metainfo"))
    with World(tmp_path, Engine(ALBUM), lookup_timeout=WAIT_S) as world:
        found = [t.name for t in world.library.lookup(MAGNET)]
        assert found == ["One", "Two"]
        assert world.catalog.torrents.source(ALBUM.infohash).magnet == MAGNET
    assert written == [ALBUM]


def test_what_could_not_be_kept_is_written_by_whoever_asks_next(tmp_path, monkeypatch):
    with World(tmp_path, Engine(ALBUM), lookup_timeout=WAIT_S) as world:
        monkeypatch.setattr(world.catalog.collection, "learn", _fail)
        assert [t.name for t in world.library.lookup(MAGNET)] == ["One", "Two"]


def _fail(*_):
    raise OSError("The disk is full.")
