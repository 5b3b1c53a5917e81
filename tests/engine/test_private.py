"""Private torrents (BEP 27): their own trackers only, one tier, once per event."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from urllib.parse import quote

import libtorrent as lt
import pytest

from mopidy_vozduxan.engine.protocol import (
    PieceFinished,
    TrackerAnswered,
)
from mopidy_vozduxan.planning.plan import Urgency
from mopidy_vozduxan.torrent.metainfo import TorrentSource
from tests.engine.conftest import LOOPBACK, Album, Rig, make_album, on_loop, plan_of
from tests.engine.test_loopback import everything
from tests.rig.networks import ETH, FAR, TwoWays
from tests.rig.seeder import Swarm
from tests.rig.tracker import Tracker
from tests.rig.webserver import unused_port

SIZES = [300_000]
#: An address to listen on, in the namespaces of this file.
HOME = {"listen_interfaces": "192.0.2.2:6881"}


@pytest.fixture
def two() -> Iterator[tuple[Tracker, Tracker]]:
    with Tracker() as first, Tracker() as second:
        yield first, second


async def announce(tracker: Tracker, count: int = 1) -> list[str]:
    await asyncio.to_thread(tracker.wait_for_announce, count)
    return [given.get("event", "") for given in tracker.announces]


@pytest.mark.parametrize("private", [True, False])
@on_loop
async def test_a_private_torrent_announces_once_per_event_to_its_first_tracker(
    tmp_path: Path, two: tuple[Tracker, Tracker], private: bool
) -> None:
    first, second = two
    album = make_album(tmp_path, SIZES, private=private, tiers=[first.url, second.url])
    async with Rig(tmp_path, LOOPBACK) as rig:
        rig.engine.add(album.source, plan_of(album, {0: Urgency.NOW}))
        assert await announce(first) == ["started"]
        await rig.next(TrackerAnswered, trouble=None)
        for _ in range(5):
            rig.engine.meet(album.infohash)
            await asyncio.sleep(0.3)
        if private:
            assert [a.get("event") for a in first.announces] == ["started"]
        else:
            await announce(second)
            assert len(first.announces) > 1
    if private:
        assert await announce(first, 2) == ["started", "stopped"]
        assert second.announces == []


@on_loop
async def test_the_next_tracker_has_its_turn_when_one_fails(
    tmp_path: Path, two: tuple[Tracker, Tracker]
) -> None:
    dead = f"http://127.0.0.1:{unused_port()}/announce"
    refusing, lives = two
    refusing.refusal = "unregistered torrent"
    album = make_album(
        tmp_path, SIZES, private=True, tiers=[dead, refusing.url, lives.url]
    )
    async with Rig(tmp_path, LOOPBACK) as rig:
        rig.engine.add(album.source, plan_of(album, {0: Urgency.NOW}))
        assert await announce(lives) == ["started"]
        await rig.next(TrackerAnswered, trouble=None)
        refused = [e for e in rig.all(TrackerAnswered) if e.refused]
        assert [e.trouble for e in refused] == ["unregistered torrent"]
        assert len(refusing.announces) == 1
    assert await announce(lives, 2) == ["started", "stopped"]


@pytest.mark.parametrize("private", [True, False])
@on_loop
async def test_more_trackers_are_for_public_torrents(
    tmp_path: Path, two: tuple[Tracker, Tracker], private: bool
) -> None:
    own, more = two
    album = make_album(tmp_path, SIZES, private=private, tiers=[own.url])
    listed = tmp_path / "trackers.txt"
    listed.write_text(f"\nnonsense\n{more.url}\n")
    with Swarm(album.torrent, tmp_path) as swarm:
        own.peers = swarm.peers
        for source in (album.source, own_magnet(album, own)):
            more.announces.clear()
            trackers = [str(listed)]
            folder = tmp_path / str(source.torrent is None)
            async with Rig(folder, LOOPBACK, trackers=trackers) as rig:
                plan = plan_of(album, {0: Urgency.NOW}) if source.torrent else None
                rig.engine.add(source, plan)
                await rig.next(TrackerAnswered, trouble=None)
                if private:  # seeds keep the metadata to themselves
                    await asyncio.sleep(2)
                else:
                    await announce(more)
            assert bool(more.announces) is not private


def own_magnet(album: Album, tracker: Tracker) -> TorrentSource:
    magnet = f"{album.magnet().magnet}&tr={quote(tracker.url, safe='')}"
    return TorrentSource(album.infohash, magnet=magnet)


class Ears:
    """The UDP packets that home sends: the DHT, µTP, and LSD's."""

    def __init__(self, ways: TwoWays) -> None:
        with ways.router.entered():
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)
        self._socket.setblocking(False)
        self._socket.bind((ETH, 0x0003))

    def naming(self, infohash: str) -> list[bytes]:
        """Return those packets that name a torrent, since the last call."""
        raw = bytes.fromhex(infohash)
        found = []
        with suppress(BlockingIOError):
            while True:
                packet, (_, protocol, kind, *_) = self._socket.recvfrom(65536)
                is_udp = protocol == 0x0800 and packet[9] == socket.IPPROTO_UDP
                named = raw in packet or infohash in packet.lower().decode("latin-1")
                if kind != socket.PACKET_OUTGOING and is_udp and named:
                    found.append(packet)
        return found

    def close(self) -> None:
        self._socket.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="namespaces need root")
@pytest.mark.parametrize("how", ["public", "private", "resumed", "magnet first"])
@on_loop
async def test_a_private_torrent_is_never_named_in_the_dht_or_the_local_network(
    tmp_path: Path, how: str
) -> None:
    with TwoWays() as ways, ExitStack() as stack:
        with ways.far.entered():
            tracker = stack.enter_context(Tracker(host=FAR))
            node = lt.session({"listen_interfaces": f"{FAR}:6881", "enable_dht": True})
            album = make_album(
                tmp_path, SIZES, private=how != "public", tiers=[tracker.url]
            )
            swarm = stack.enter_context(Swarm(album.torrent, tmp_path, host=FAR))
            tracker.peers = swarm.peers
        ears = Ears(ways)
        stack.callback(ears.close)
        settings = {
            **HOME,
            "enable_dht": True,
            "enable_lsd": True,
            "enable_upnp": False,
            "enable_natpmp": False,
            "dht_bootstrap_nodes": f"{FAR}:6881",
        }
        with ways.home.entered():
            for stay in range(2 if how == "resumed" else 1):
                async with Rig(tmp_path / "rig", settings) as rig:
                    await stayed(rig, album, tracker, how, ears, stay)
        del node


async def stayed(
    rig: Rig, album: Album, tracker: Tracker, how: str, ears: Ears, stay: int
) -> None:
    """Stay in the swarm for a while, and look at what was sent."""
    rig.engine.watch(frozenset([album.infohash]), waiting=True)
    source = album.source
    if how == "magnet first":
        rig.engine.add(own_magnet(album, tracker), None)
        await rig.next(TrackerAnswered, trouble=None)
        await asyncio.sleep(1)
        await rig.engine.remove(album.infohash)
        ears.naming(album.infohash)  # nobody could know before
    plan = everything(album) if stay or how != "resumed" else {0: Urgency.NOW}
    rig.engine.add(source, plan_of(album, plan))
    await rig.next(PieceFinished)
    for _ in range(4):
        rig.engine.meet(album.infohash)
        await asyncio.sleep(1)
    assert bool(ears.naming(album.infohash)) is (how == "public")


@pytest.mark.parametrize("private", [True, False])
@on_loop
async def test_a_private_torrent_offers_no_peer_exchange(
    tmp_path: Path, two: tuple[Tracker, Tracker], private: bool
) -> None:
    album = make_album(tmp_path, SIZES, private=private, tiers=[two[0].url])
    async with Rig(tmp_path, LOOPBACK) as rig:
        rig.engine.add(album.source, plan_of(album, {0: Urgency.NOW}))
        await announce(two[0])
        port = int(rig.engine._session.listen_port())
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        reserved = b"\0\0\0\0\0\x10\0\0"
        head = b"\x13BitTorrent protocol" + reserved
        writer.write(head + bytes.fromhex(album.infohash) + b"-XX0000-" + b"1" * 12)
        async with asyncio.timeout(20):
            await reader.readexactly(68)
            said = b""
            while said[:2] != b"\x14\0":  # the extensions' handshake
                (length,) = struct.unpack("!I", await reader.readexactly(4))
                said = await reader.readexactly(length)
        writer.close()
        assert (b"ut_pex" in said) is not private
