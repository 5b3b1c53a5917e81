"""A session that is bound uses that way only, whatever happens to it.

On a home with a default route over another device, in network namespaces.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from mopidy_vozduxan.engine.protocol import PieceFinished
from mopidy_vozduxan.torrent.metainfo import TorrentSource
from tests.engine.conftest import Album, Rig, make_album, on_loop, plan_of
from tests.engine.test_loopback import everything
from tests.rig.networks import ETH, FAR, Capture, TwoWays
from tests.rig.seeder import Swarm
from tests.rig.tracker import Tracker
from tests.rig.webserver import WebServer

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="namespaces need root")

#: All that talks to others, and whom it would ask.
TALKATIVE = {
    "enable_dht": True,
    "dht_bootstrap_nodes": f"{FAR}:6881",
    "enable_lsd": True,
    "enable_upnp": True,
    "enable_natpmp": True,
}
#: Much is left to fetch after all of a test.
SIZES, RATE = [8_000_000, 9], 500_000


class Far:
    """Who is far away: a tracker, a seed; and ears on the wrong way."""

    def __init__(self, ways: TwoWays, folder: Path, stack: ExitStack) -> None:
        self.ways, self.folder = ways, folder
        with ways.far.entered():
            self.tracker = stack.enter_context(Tracker(host=FAR))
            self.web = stack.enter_context(WebServer(host=FAR))
            self.album = make_album(folder, SIZES, 65536, tracker=self.tracker.url)
            swarm = Swarm(self.album.torrent, folder, rate=RATE, host=FAR)
            self.seed = stack.enter_context(swarm).peers
        self.tracker.peers = self.seed
        self.wrong = stack.enter_context(Capture(ways, ETH))

    def engine(self, listen_interfaces: str, **more: object) -> Rig:
        settings = TALKATIVE | {"listen_interfaces": listen_interfaces} | more
        return Rig(self.folder / "rig", settings)


@pytest.fixture
def far(tmp_path: Path) -> Iterator[Far]:
    """The far end, while this thread is at home."""
    with TwoWays() as ways, ExitStack() as stack:
        far = Far(ways, tmp_path, stack)
        with ways.home.entered():
            yield far


def join(rig: Rig, album: Album, source: TorrentSource | None = None) -> None:
    rig.engine.watch(frozenset([album.infohash]), waiting=True)
    rig.engine.add(source or album.source, plan_of(album, everything(album)))


async def comes(rig: Rig) -> None:
    """More pieces come from now on."""
    before = len(rig.all(PieceFinished))
    await rig.until(lambda: len(rig.all(PieceFinished)) >= before + 3)


class Log(logging.Handler):
    """Waits for what a listener is told."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[str] = []
        self._more = asyncio.Event()

    def emit(self, record: logging.LogRecord) -> None:
        self.told.append(f"{record.levelname} {record.getMessage()}")
        self._more.set()

    async def until(self, sentence: str) -> None:
        async with asyncio.timeout(20):
            while not any(sentence in line for line in self.told):
                self._more.clear()
                await self._more.wait()
        self.told.clear()


@pytest.fixture
def log() -> Iterator[Log]:
    logger = logging.getLogger("mopidy_vozduxan.engine.binder")
    handler = Log()
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield handler
    logger.removeHandler(handler)


async def is_silent(rig: Rig) -> None:
    """Nothing comes while several ticks and announces could."""
    before = len(rig.all(PieceFinished))
    await asyncio.sleep(1.5)
    assert len(rig.all(PieceFinished)) - before <= 1  # it may have been here


@pytest.mark.parametrize("there", [True, False])
@on_loop
async def test_a_device_that_goes_and_comes_is_the_only_way(
    far: Far, log: Log, there: bool
) -> None:
    if not there:
        far.ways.delete_vpn()
    async with far.engine("vpn0:6881") as rig:
        join(rig, far.album)
        if not there:
            await log.until("WARNING Vozduxan: There is no device vpn0")
            await is_silent(rig)
            far.ways.join_vpn()
            await log.until("INFO Vozduxan: Torrents use vpn0 again")
        await comes(rig)
        far.ways.vpn_down()
        await log.until("WARNING Vozduxan: The device vpn0 is down")
        await is_silent(rig)
        far.ways.vpn_up()
        await comes(rig)
        far.ways.delete_vpn()
        await log.until("WARNING Vozduxan: There is no device vpn0")
        await is_silent(rig)
        far.ways.join_vpn("10.8.1")
        await comes(rig)
    assert far.wrong.packets == []


@on_loop
async def test_an_address_is_kept_to_its_device(far: Far, log: Log) -> None:
    """The kernel sends from an address over any device that a route leads to."""
    async with far.engine("10.8.0.2:6881") as rig:
        join(rig, far.album)
        await comes(rig)
        far.ways.vpn_down()
        await log.until("The device of 10.8.0.2, vpn0, is down")
        await is_silent(rig)
        far.ways.vpn_up()
        await comes(rig)
        far.ways.delete_vpn()
        await log.until("No device has the address 10.8.0.2")
        far.ways.join_vpn("10.8.1")
        await is_silent(rig)
    assert far.wrong.packets == []


@on_loop
async def test_of_several_ways_those_that_are_there_are_used(
    far: Far, log: Log
) -> None:
    async with far.engine("tun9:6881,vpn0:6881,[fd00:500::2]:6882") as rig:
        await log.until("There is no device tun9: torrents use only vpn0")
        join(rig, far.album)
        await comes(rig)
    assert far.wrong.packets == []


@pytest.mark.parametrize("way", ["x.pe", "web seed", "uTP", "resumed"])
@on_loop
async def test_every_way_to_peers_is_bound(far: Far, log: Log, way: str) -> None:
    album, source = far.album, far.album.source
    far.tracker.peers = []
    more: dict[str, object] = {}
    match way:
        case "x.pe":
            magnet = album.magnet(*far.seed).magnet
            source = TorrentSource(album.infohash, album.torrent, magnet)
        case "web seed":
            for file in (far.folder / "album").iterdir():
                far.web.routes[f"/album/{file.name}"] = file.read_bytes()
            magnet = f"{album.magnet().magnet}&ws={far.web.url('/')}"
            source = TorrentSource(album.infohash, album.torrent, magnet)
        case "uTP":
            far.tracker.peers = far.seed
            more = {"enable_outgoing_tcp": False, "enable_outgoing_utp": True}
        case "resumed":
            far.tracker.peers = far.seed
            async with far.engine("vpn0:6881") as rig:
                join(rig, album)
                await comes(rig)
            far.tracker.peers = []
    far.ways.vpn_down()
    async with far.engine("vpn0:6881", **more) as rig:
        await log.until("The device vpn0 is down")
        join(rig, album, source)
        await is_silent(rig)
        far.ways.vpn_up()
        await comes(rig)
    assert far.wrong.packets == []


@on_loop
async def test_udp_trackers_and_the_dht_are_asked_over_it(far: Far) -> None:
    source = TorrentSource(
        far.album.infohash,
        far.album.torrent,
        f"{far.album.magnet().magnet}&tr=udp://{FAR}:6969/announce",
    )
    with far.ways.far.entered(), ExitStack() as stack:
        asked = [stack.enter_context(_udp(port)) for port in (6969, 6881)]
        with far.ways.home.entered():
            async with far.engine("vpn0:6881") as rig:
                join(rig, far.album, source)
                for sock in asked:
                    async with asyncio.timeout(60):
                        _, sender = await rig.loop.sock_recvfrom(sock, 2000)
                    assert sender[0] == "10.8.0.2"
    assert far.wrong.packets == []


def _udp(port: int) -> socket.socket:
    sock = socket.socket(type=socket.SOCK_DGRAM)
    sock.setblocking(False)
    sock.bind((FAR, port))
    return sock


@on_loop
async def test_who_names_no_way_is_not_bound(far: Far) -> None:
    """And that what went the wrong way would have been heard."""
    async with far.engine("0.0.0.0:6881,[::]:6881") as rig:
        join(rig, far.album)
        await comes(rig)
    assert any(f"> {FAR}" in packet for packet in far.wrong.packets)
