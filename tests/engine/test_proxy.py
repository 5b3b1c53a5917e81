"""Behind a proxy everything goes through it, and nothing around it."""

from __future__ import annotations

import asyncio
import os
from contextlib import ExitStack
from pathlib import Path

import pytest

from mopidy_vozduxan.engine.proxied import settings_of
from mopidy_vozduxan.engine.settings import settings_for
from mopidy_vozduxan.network.binding import Binding
from mopidy_vozduxan.network.proxying import Proxy, proxy_of
from mopidy_vozduxan.sources.fetching import Fetcher
from mopidy_vozduxan.torrent.metainfo import TorrentSource
from tests.engine.conftest import LOOPBACK, Rig, make_album, on_loop, plan_of
from tests.engine.test_binding import TALKATIVE, comes
from tests.engine.test_loopback import everything
from tests.rig.networks import ETH, FAR, Capture, TwoWays
from tests.rig.seeder import Swarm
from tests.rig.socks import SocksProxy
from tests.rig.tracker import Tracker
from tests.rig.webserver import WebServer

SIZES, RATE = [8_000_000, 9], 500_000


def test_libtorrent_takes_the_settings() -> None:
    proxy = Proxy.of("http://me:s%40me@proxy.example:3128")
    made = settings_for(settings_of(proxy))
    assert made["proxy_hostname"] == "proxy.example"
    assert (made["proxy_username"], made["proxy_password"]) == ("me", "s@me")
    assert made["proxy_port"] == 3128
    assert settings_of(None) == {}


@pytest.mark.skipif(os.geteuid() != 0, reason="namespaces need root")
@pytest.mark.parametrize("word", ["", "me:secret@"])
@on_loop
async def test_peers_trackers_and_web_seeds_go_through_it_alone(
    tmp_path: Path, word: str
) -> None:
    user, _, password = word.rstrip("@").partition(":")
    socks = SocksProxy(user, password)
    with TwoWays() as ways, ExitStack() as stack:
        with ways.far.entered():
            tracker = stack.enter_context(Tracker(host=FAR))
            web = stack.enter_context(WebServer(host=FAR))
            album = make_album(tmp_path, SIZES, 65536, tracker=tracker.url)
            swarm = Swarm(album.torrent, tmp_path, rate=RATE, host=FAR)
            tracker.peers = stack.enter_context(swarm).peers
            port = stack.enter_context(socks.serving(FAR))
        for file in (tmp_path / "album").iterdir():
            web.routes[f"/album/{file.name}"] = file.read_bytes()
        magnet = f"{album.magnet().magnet}&ws={web.url('/')}&tr=udp://{FAR}:6969/a"
        source = TorrentSource(album.infohash, album.torrent, magnet)
        heard = stack.enter_context(Capture(ways, ETH))
        proxy = Proxy.of(f"socks5://{word}{FAR}:{port}")
        settings = TALKATIVE | {"listen_interfaces": "0.0.0.0:6881"}
        with ways.home.entered():
            async with Rig(tmp_path / "rig", settings | settings_of(proxy)) as rig:
                rig.engine.watch(frozenset([album.infohash]), waiting=True)
                rig.engine.add(source, plan_of(album, everything(album)))
                await comes(rig)
                await asyncio.sleep(3)
        around = [
            line
            for line in heard.packets
            if f"port {port}," not in line and "ARP" not in line
        ]
    assert not around, "; ".join(around)
    ports = {target[1] for target in socks.targets}
    assert {tracker.port, web.port, tracker.peers[0][1]} <= ports
    assert not socks.refused


@on_loop
async def test_torrent_files_from_urls_go_through_it_too() -> None:
    socks = SocksProxy("me", "s@me")
    with WebServer() as web, socks.serving("127.0.0.1") as port:
        web.routes["/a.torrent"] = b"the file"
        through = f"socks5://me:s%40me@127.0.0.1:{port}"
        fetcher = Fetcher({}, "Test/0", Binding(""), through=through)
        assert await fetcher.fetch(web.url("/a.torrent")) == b"the file"
        assert socks.targets == [("127.0.0.1", web.port)]


def test_mopidys_proxy_is_used_on_request() -> None:
    section = {"scheme": "socks5", "hostname": "p.example", "port": 9, "username": "me"}
    proxy = proxy_of("mopidy", section | {"password": "word"})
    assert proxy == Proxy("", "socks5", "p.example", 9, "me", "word")
    assert proxy_of(None, section) is None
    for wrong in ({}, {"hostname": "p.example", "scheme": "socks4"}):
        with pytest.raises(ValueError, match=r"proxy|must be"):
            proxy_of("mopidy", wrong)


@on_loop
async def test_anonymous_mode_names_no_client(tmp_path: Path) -> None:
    with Tracker() as tracker:
        album = make_album(tmp_path, SIZES, 65536, tracker=tracker.url)
        settings = LOOPBACK | {"anonymous_mode": True}
        async with Rig(tmp_path / "rig", settings) as rig:
            rig.engine.add(album.source, plan_of(album, everything(album)))
            await asyncio.to_thread(tracker.wait_for_announce)
        (first, *_) = tracker.announces
        assert "VZ" not in first["peer_id"]
