"""On a narrow uplink, uploads leave what plays its bandwidth.

A home with an uplink of 1 Mbit/s (``tc tbf``, with a second of buffer, as routers
have), and five leechers that ask for everything.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import libtorrent as lt
import pytest

from mopidy_vozduxan.engine.protocol import PieceFinished
from mopidy_vozduxan.planning.plan import Changes, Urgency
from mopidy_vozduxan.torrent.metainfo import TorrentSource
from tests.engine.conftest import LOOPBACK, Album, Rig, make_album, on_loop, plan_of
from tests.rig.networks import ETH, FAR, TwoWays
from tests.rig.seeder import Swarm

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="namespaces need root"),
    pytest.mark.alone,
]

PIECE, HELD, RATE = 262_144, 20, 250_000
HOME = ("192.0.2.2", 6881)
UPLINK = "tbf rate 1mbit burst 5kb limit 125000".split()
LEECHERS = [f"198.51.100.{11 + n}" for n in range(5)]


@pytest.fixture
def ways() -> Iterator[TwoWays]:
    with TwoWays() as ways:
        ways.home.run("tc", "qdisc", "add", "dev", ETH, "root", *UPLINK)
        for address in LEECHERS:
            ways.far.ip("address", "add", f"{address}/24", "dev", "far0")
        yield ways


def leech(album: Album, folder: Path, address: str) -> tuple[lt.session, object]:
    session = lt.session(
        LOOPBACK
        | {
            "listen_interfaces": f"{address}:0",
            "outgoing_interfaces": address,
            "enable_outgoing_utp": False,
        }
    )
    params = lt.load_torrent_buffer(album.torrent)
    params.save_path = str(folder / address)
    params.flags |= lt.torrent_flags.disable_pex
    params.flags &= ~(lt.torrent_flags.auto_managed | lt.torrent_flags.paused)
    return session, session.add_torrent(params)


async def come(rig: Rig, pieces: range) -> float:
    """Return the bytes/s at which those pieces come."""
    begun = rig.loop.time()
    urgencies = tuple((piece, Urgency.SOON) for piece in pieces)
    rig.engine.apply(rig.album.infohash, Changes(urgencies))
    await rig.until(
        lambda: {e.piece for e in rig.all(PieceFinished)} >= set(pieces),
    )
    return len(pieces) * PIECE / (rig.loop.time() - begun)


@on_loop
async def test_what_plays_comes_as_fast_as_without_leechers(
    ways: TwoWays, tmp_path: Path
) -> None:
    album = make_album(tmp_path, [HELD * PIECE, 60 * PIECE], PIECE)
    with ways.far.entered(), ExitStack() as stack:
        seed = stack.enter_context(
            Swarm(album.torrent, tmp_path, rate=RATE, host=FAR)
        ).peers
        leechers = [leech(album, tmp_path, address) for address in LEECHERS]
        source = TorrentSource(
            album.infohash, album.torrent, album.magnet(*seed).magnet
        )
        with ways.home.entered():
            interface = f"{HOME[0]}:{HOME[1]}"
            settings = LOOPBACK | {"listen_interfaces": interface}
            async with Rig(tmp_path / "rig", settings) as rig:
                rig.album = album
                rig.engine.watch(frozenset([album.infohash]), waiting=True)
                rig.engine.add(source, plan_of(album, {79: Urgency.ANCHOR}))
                await come(rig, range(HELD))
                alone = await come(rig, range(HELD, HELD + 10))
                for _, handle in leechers:
                    handle.connect_peer(HOME)
                await asyncio.sleep(8)  # the uplink is full
                given = sum(h.status().total_payload_download for _, h in leechers)
                assert given > 400_000
                rig.engine.yield_uploads(True)
                beside = await come(rig, range(HELD + 10, HELD + 20))
        leechers.clear()
    print(f"alone {alone:.0f} B/s, beside five leechers {beside:.0f} B/s")
    assert beside >= 0.75 * alone
