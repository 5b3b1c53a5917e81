"""Adding what a listener names, with a swarm and a web that answer as told."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from urllib.parse import quote

import pytest

from mopidy_vozduxan.bridge import Bridge
from mopidy_vozduxan.catalog import Catalog
from mopidy_vozduxan.engine.parsing import read_with_magnet
from mopidy_vozduxan.exceptions import BadInput, FetchFailed, MetadataTimeout
from mopidy_vozduxan.listener import StreamListener
from mopidy_vozduxan.naming.magnet_links import read_magnet
from mopidy_vozduxan.sources.adding import Adder
from mopidy_vozduxan.sources.wishes import Added
from mopidy_vozduxan.torrent.uris import magnet_of
from tests.metainfos import metainfo
from tests.torrent_files import infohash_of, multi_file

ALBUM = metainfo("Kino - Album", ["1 - One.flac", "2 - Two.flac", "cover.jpg"])
MAGNET = f"magnet:?xt=urn:btih:{ALBUM.infohash}&dn=Kino"
URL = "http://127.0.0.1/get/Some%20album.torrent?passkey=secret"
TORRENT = multi_file("Album", {"1.mp3": b"1" * 20_000, "2.mp3": b"2" * 20_000})
LONG = 30  # s; nothing here takes that long unless it hangs


class World:
    """The swarms and the web: they answer when ``open`` is set."""

    def __init__(self, bridge):
        self.bridge = bridge
        self.open = threading.Event()
        self.open.set()
        self.swarms = {ALBUM.infohash: ALBUM}
        self.web = {URL: TORRENT}
        self.asked = []
        self.most = self.waiting = 0
        self.held = None  # a swarm that waits for ``release``
        self.asked_for_metadata, self.release = threading.Event(), threading.Event()
        self.events = []
        self.heard = threading.Condition()

    async def fetch_metainfo(self, source):
        await self._answer(source)
        if source.infohash == self.held:
            self.asked_for_metadata.set()
            await asyncio.to_thread(self.release.wait, LONG)
        return self._given(self.swarms.get(source.infohash, MetadataTimeout("Late.")))

    async def fetch(self, url):
        await self._answer(url)
        return self._given(self.web.get(url, FetchFailed("It answers 404.")))

    def _given(self, answer):
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def _answer(self, what):
        self.asked.append(what)
        self.waiting += 1
        self.most = max(self.most, self.waiting)
        await asyncio.to_thread(self.open.wait, LONG)
        self.waiting -= 1

    def send(self, event, **kwargs):
        with self.heard:
            self.events.append((event, kwargs))
            self.heard.notify_all()

    def wait_for_event(self):
        with self.heard:
            assert self.heard.wait_for(lambda: self.events, LONG)
            return self.events[0]


@pytest.fixture
def catalog(tmp_path):
    catalog = Catalog(tmp_path / "catalog.db")
    yield catalog
    catalog.close()


@pytest.fixture
def world(monkeypatch):
    bridge = Bridge()
    bridge.start()
    world = World(bridge)
    monkeypatch.setattr(StreamListener, "send", staticmethod(world.send))
    yield world
    world.open.set()
    bridge.stop()


@pytest.fixture
def adder(catalog, world):
    return Adder(
        catalog, read_with_magnet, world.bridge.ask, world.fetch_metainfo, world.fetch
    )


def names(catalog):
    return [torrent.name for torrent in catalog.collection.summaries()]


def test_a_magnet_whose_swarm_answers_is_known_at_once(adder, catalog, world):
    added = adder.add(MAGNET, LONG)
    assert added == Added(ALBUM.infohash, "Kino - Album", True, None, ALBUM.size)
    assert names(catalog) == ["Kino - Album"]
    assert catalog.torrents.source(ALBUM.infohash).magnet == MAGNET


def test_a_magnet_that_takes_time_is_unknown_until_the_event(adder, catalog, world):
    world.open.clear()
    added = adder.add(MAGNET + "&xl=123", 0)
    assert added == Added(ALBUM.infohash, "Kino", False, None, 123)
    assert catalog.torrents.source(ALBUM.infohash).magnet == MAGNET + "&xl=123"
    world.open.set()
    told = {"uri": MAGNET + "&xl=123", "infohash": ALBUM.infohash}
    assert world.wait_for_event() == ("source_resolved", told)
    assert adder.add(MAGNET, 0).known


def test_the_second_time_nobody_is_asked(adder, catalog, world):
    adder.add(MAGNET, LONG)
    adder.add(URL, LONG)
    asked = list(world.asked)
    again = Adder(
        catalog, read_with_magnet, world.bridge.ask, world.fetch_metainfo, world.fetch
    )
    assert again.add(MAGNET, 0).known
    assert again.add(URL, 0).known
    assert world.asked == asked


def test_the_later_magnets_trackers_are_kept(adder, catalog, world):
    adder.add(MAGNET, LONG)
    fresher = MAGNET + "&tr=http%3A%2F%2Ftracker%2Fannounce"
    adder.add(fresher, 0)
    assert catalog.torrents.source(ALBUM.infohash).magnet == fresher
    assert names(catalog) == ["Kino - Album"]


def test_a_later_magnets_trackers_help_the_search_that_goes_on(adder, world):
    world.open.clear()
    adder.add(MAGNET, 0)
    fresher = MAGNET + "&tr=http%3A%2F%2Ftracker%2Fannounce"
    for _ in range(3):
        assert not adder.add(fresher, 0).known
    world.open.set()
    world.wait_for_event()
    assert [source.magnet for source in world.asked] == [MAGNET, fresher]


def test_a_bare_infohash_is_searched_for_by_the_trackers_that_are_known(
    adder, catalog, world
):
    link = MAGNET + "&tr=http%3A%2F%2Ftracker%2Fannounce"
    catalog.collection.add(read_magnet(link), None)
    catalog.collection.remove(ALBUM.infohash)
    assert adder.add(magnet_of(ALBUM.infohash), LONG).known
    assert [source.magnet for source in world.asked] == [link]
    assert catalog.torrents.source(ALBUM.infohash).magnet == link
    assert names(catalog) == ["Kino - Album"]


def test_a_search_that_goes_on_is_not_waited_for_again(adder, world):
    world.open.clear()
    adder.add(MAGNET, 0.2)
    before = len(world.asked)
    done = threading.Event()
    waiter = threading.Thread(target=lambda: (adder.add(MAGNET, 0.2), done.set()))
    waiter.start()
    assert done.wait(LONG)
    assert len(world.asked) == before == 1


@pytest.mark.parametrize(
    "text", [URL, "vozduxan:add:" + quote(URL, safe=""), URL.replace("http", "HTTP", 1)]
)
def test_a_url_is_added(adder, catalog, world, text):
    world.web[URL.replace("http", "HTTP", 1)] = TORRENT
    added = adder.add(text, LONG)
    assert (added.infohash, added.known) == (infohash_of(TORRENT), True)
    assert names(catalog) == ["Album"]
    assert catalog.torrents.source(added.infohash).torrent == TORRENT


def test_a_url_that_takes_time_is_called_by_its_files_name(adder, world):
    world.open.clear()
    assert adder.add(URL, 0) == Added(None, "Some album", False)
    world.open.set()
    _, told = world.wait_for_event()
    assert told == {"uri": URL, "infohash": infohash_of(TORRENT)}


def test_a_url_may_lead_to_a_magnet(adder, catalog, world):
    world.web[URL] = MAGNET
    assert adder.add(URL, LONG).infohash == ALBUM.infohash
    assert catalog.torrents.source(ALBUM.infohash).magnet == MAGNET
    assert adder.known(URL).known


def test_the_swarm_that_a_url_leads_to_is_known_before_its_metadata(adder, world):
    world.web[URL] = MAGNET
    world.held = ALBUM.infohash
    world.open.clear()
    assert adder.add(URL, 0) == Added(None, "Some album", False)
    world.open.set()
    assert world.asked_for_metadata.wait(LONG)
    assert adder.add(URL, 0) == Added(ALBUM.infohash, "Some album", False)
    world.release.set()
    world.wait_for_event()
    assert adder.add(URL, 0).known


def test_what_is_no_torrent_is_said(adder, catalog, world):
    world.web[URL] = b"<html>Please log in</html>"
    with pytest.raises(FetchFailed, match=r"127\.0\.0\.1 did not send a torrent"):
        adder.add(URL, LONG)
    assert names(catalog) == []


def test_a_web_server_that_refuses_is_an_error(adder, world):
    del world.web[URL]
    with pytest.raises(FetchFailed, match="404"):
        adder.add(URL, LONG)
    world.web[URL] = TORRENT
    assert adder.add(URL, LONG).known


@pytest.mark.parametrize(
    "text",
    [
        "magnet:?dn=nothing",
        "ftp://127.0.0.1/x.torrent",
        "vozduxan:album:" + "ab" * 20,
        "http://",
        "http://[::1/x",
        "",
        "vozduxan:add:magnet%3A%3Fdn%3Dnothing",
    ],
)
def test_what_names_no_torrent_is_bad_input(adder, world, text):
    with pytest.raises(BadInput):
        adder.add(text, LONG)
    adder.begin(text)
    assert world.asked == []


def test_a_magnet_may_be_wrapped_for_iris(adder, world):
    wrapped = "vozduxan:add:" + quote(MAGNET + "&so=0,2", safe="")
    added = adder.add(wrapped, LONG)
    assert (added.infohash, added.files) == (ALBUM.infohash, (0, 2))


@pytest.mark.parametrize("way", [str, lambda link: f"vozduxan:add:{quote(link, '')}"])
def test_a_link_out_of_a_pages_source_loses_nothing(adder, catalog, world, way):
    escaped = (MAGNET + "&tr=http://a.b/c").replace("&", "&amp;")
    adder.add(way(escaped), LONG)
    assert catalog.torrents.source(ALBUM.infohash).magnet == MAGNET + "&tr=http://a.b/c"


def test_a_swarm_that_never_answers_leaves_a_sentence(adder, world, caplog):
    world.swarms.clear()
    world.open.clear()
    assert not adder.add(MAGNET, 0).known
    search = adder._searches._searches[ALBUM.infohash].future
    world.open.set()
    with pytest.raises(MetadataTimeout):
        search.result(LONG)
    until_logged(caplog, "Late. Playing it tries again.")
    assert world.events == []
    world.swarms[ALBUM.infohash] = ALBUM
    adder.begin(MAGNET)
    world.wait_for_event()


def test_a_torrent_without_audio_is_said(adder, world, caplog):
    photos = replace(metainfo("Photos", ["1.jpg"]), infohash=ALBUM.infohash)
    world.swarms[ALBUM.infohash] = photos
    assert adder.add(MAGNET, LONG).known
    assert "“Photos” has no audio file" in caplog.text


def test_a_torrent_of_an_archive_says_what_it_is(adder, world, caplog):
    packed = replace(metainfo("Packed", ["a.rar"]), infohash=ALBUM.infohash)
    world.swarms[ALBUM.infohash] = packed
    assert adder.add(MAGNET, LONG).known
    assert "has no audio file: “a.rar” is an archive" in caplog.text


def test_of_hundreds_of_torrents_only_some_are_asked_for_at_a_time(adder, world):
    world.open.clear()
    for number in range(100):
        adder.begin(f"magnet:?xt=urn:btih:{number + 1:040x}")
    futures = [search.future for search in adder._searches._searches.values()]
    world.open.set()
    for future in futures:
        assert isinstance(future.exception(LONG), MetadataTimeout)
    assert len(world.asked) == 100
    assert world.most <= 64


def test_bytes_are_added(adder, catalog, world):
    added = adder.add_torrent(TORRENT)
    assert added == Added(infohash_of(TORRENT), "Album", True)
    assert world.events == [("tracks_known", {"infohash": added.infohash})]
    with pytest.raises(BadInput):
        adder.add_torrent(b"nonsense")


def test_bytes_keep_the_magnet_that_was_there(adder, catalog):
    magnet = f"magnet:?xt=urn:btih:{infohash_of(TORRENT)}&tr=http%3A%2F%2Ft%2Fannounce"
    assert not adder.add(magnet, LONG).known
    adder.add_torrent(TORRENT)
    assert catalog.torrents.source(infohash_of(TORRENT)).magnet == magnet


def test_nothing_is_added_while_mopidy_stops(adder, catalog, world):
    world.bridge.stop()
    assert not adder.add(MAGNET, LONG).known
    adder.begin(URL)


def until_logged(caplog, text):
    """The log is written by another thread, right after the search ends."""
    for _ in range(500):
        if text in caplog.text:
            return
        threading.Event().wait(0.01)
    raise AssertionError(caplog.text)


def test_when_mopidy_stops_nobody_waits(adder, world):
    world.held = ALBUM.infohash
    with ThreadPoolExecutor(1) as thread:
        waiting = thread.submit(adder.add, MAGNET, LONG)
        assert world.asked_for_metadata.wait(LONG)
        adder.end_searches()
        assert not waiting.result(LONG / 2).known
        assert not thread.submit(adder.add, MAGNET, LONG).result(LONG / 2).known
    world.release.set()
