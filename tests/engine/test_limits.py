"""Limits hold, and uploads keep out of a listener's way."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import libtorrent as lt
import pytest

from mopidy_vozduxan.engine.limiting import YIELDING_BYTES_PER_S
from mopidy_vozduxan.engine.protocol import (
    PieceFinished,
    StatisticsChanged,
)
from mopidy_vozduxan.network.network_limits import NetworkLimits
from mopidy_vozduxan.planning.plan import Changes, Urgency
from tests.engine.conftest import (
    LOOPBACK,
    Album,
    Rig,
    Seeds,
    Tracker,
    make_album,
    on_loop,
    plan_of,
)
from tests.engine.steps import joined, put
from tests.engine.test_loopback import everything

RATE = 500_000
#: The rate limiter hands out its first second at once.
SETTLING_S, MEASURED_S = 2.0, 10.0


class Leechers:
    """Sessions that ask one peer for everything."""

    def __init__(self, album: Album, folder: Path, count: int) -> None:
        self.sessions = [
            lt.session(
                LOOPBACK
                | {
                    "listen_interfaces": f"127.0.0.{50 + n}:0",
                    "outgoing_interfaces": f"127.0.0.{50 + n}",
                    "enable_outgoing_utp": False,
                }
            )
            for n in range(count)
        ]
        self.handles = []
        for n, session in enumerate(self.sessions):
            params = lt.load_torrent_buffer(album.torrent)
            params.save_path = str(folder / f"leecher{n}")
            params.trackers = []
            params.flags |= lt.torrent_flags.disable_pex
            self.handles.append(session.add_torrent(params))

    def ask(self, peer: tuple[str, int]) -> None:
        for handle in self.handles:
            handle.connect_peer(peer)

    def got(self) -> int:
        return sum(h.status().total_payload_download for h in self.handles)

    def unchoked(self) -> int:
        peers = [peer for h in self.handles for peer in h.get_peer_info()]
        return sum(not peer.flags & lt.peer_info.remote_choked for peer in peers)


@contextmanager
def leeching(album: Album, folder: Path, count: int) -> Iterator[Leechers]:
    leechers = Leechers(album, folder, count)
    yield leechers
    leechers.sessions.clear()
    leechers.handles.clear()


def rig_with(folder: Path, **limits: int) -> Rig:
    return Rig(folder / "rig", LOOPBACK, limits=NetworkLimits(**limits))


def port_of(rig: Rig) -> int:
    return int(rig.engine._session.listen_port())


async def rate_of(count: Any) -> float:
    """Return the bytes/s by which a count grows, once it has settled."""
    loop = asyncio.get_running_loop()
    await asyncio.sleep(SETTLING_S)
    before, begun = count(), loop.time()
    await asyncio.sleep(MEASURED_S)
    return float((count() - before) / (loop.time() - begun))


def is_near(rate: float, limit: int) -> bool:
    return 0.9 * limit <= rate <= 1.1 * limit


@on_loop
async def test_the_session_has_the_limits(tmp_path: Path) -> None:
    limits = {"download": 1, "upload": 2, "connections": 3, "upload_slots": 4}
    names = (
        "download_rate_limit",
        "upload_rate_limit",
        "connections_limit",
        "unchoke_slots_limit",
    )
    async with rig_with(tmp_path, **limits) as rig:
        settings = rig.engine._session.get_settings()
        assert [settings[name] for name in names] == [1, 2, 3, 4]
        rig.engine.limit(NetworkLimits(5, 6, 7, 8, 9))
        settings = rig.engine._session.get_settings()
        assert [settings[name] for name in names] == [5, 6, 7, 9]
        rig.engine.limit(NetworkLimits())
        rig.engine.yield_uploads(True)
        # Nobody is uploaded to, and libtorrent's limit would delay requests.
        assert rig.engine._session.get_settings()["upload_rate_limit"] == 0


@pytest.mark.alone
@on_loop
async def test_a_download_limit_holds_and_changes_at_once(
    tmp_path: Path, tracker: Tracker, seeds: Seeds
) -> None:
    album = make_album(tmp_path, [40_000_000], 65536, tracker=tracker.url)
    tracker.peers = seeds.start(album, 2)

    def fetched() -> int:
        return len(rig.all(PieceFinished)) * album.piece_length

    async with rig_with(tmp_path, download=RATE) as rig:
        rig.engine.watch(frozenset([album.infohash]), waiting=True)
        rig.engine.add(album.source, plan_of(album, everything(album)))
        await rig.next(PieceFinished)
        assert is_near(rate := await rate_of(fetched), RATE), rate
        rig.engine.limit(NetworkLimits(download=2 * RATE))
        assert is_near(rate := await rate_of(fetched), 2 * RATE), rate


@pytest.mark.alone
@on_loop
async def test_an_upload_limit_holds_and_changes_at_once(tmp_path: Path) -> None:
    album = make_album(tmp_path, [60_000_000], 65536)
    async with rig_with(tmp_path, upload=RATE) as rig:
        await hold_everything(rig, album)
        with leeching(album, tmp_path, 3) as leechers:
            leechers.ask(("127.0.0.1", port_of(rig)))
            assert is_near(rate := await rate_of(leechers.got), RATE), rate
            rig.engine.limit(NetworkLimits(upload=2 * RATE))
            assert is_near(rate := await rate_of(leechers.got), 2 * RATE), rate
            rig.engine.yield_uploads(True)
            rate = await rate_of(leechers.got)
            # Peers count whole blocks, of which there are few.
            assert rate <= 1.5 * YIELDING_BYTES_PER_S, rate


async def hold_everything(rig: Rig, album: Album) -> None:
    """The engine has all pieces but the last, and stays for that one."""
    rig.engine.watch(frozenset([album.infohash]), waiting=False)
    await joined(rig, album)
    rig.engine.apply(album.infohash, Changes(((album.piece_count - 1, Urgency.SOON),)))
    await put(rig, album, *range(album.piece_count - 1))


@on_loop
async def test_a_swarm_has_no_more_peers_than_allowed(
    tmp_path: Path, tracker: Tracker, seeds: Seeds
) -> None:
    album = make_album(tmp_path, [8_000_000], 65536, tracker=tracker.url)
    tracker.peers = seeds.start(album, 4, "upload_rate_limit=200000")
    async with rig_with(tmp_path, torrent_connections=2, download=RATE) as rig:
        rig.engine.watch(frozenset([album.infohash]), waiting=True)
        rig.engine.add(album.source, plan_of(album, everything(album)))
        await rig.until(lambda: len(rig.all(PieceFinished)) > 30)
        counts = [e.statistics.num_peers for e in rig.all(StatisticsChanged)]
        assert max(counts) == 2
        rig.engine.limit(NetworkLimits(torrent_connections=4, download=RATE))
        rig.engine.meet(album.infohash)
        await rig.until(
            lambda: rig.all(StatisticsChanged)[-1].statistics.num_peers == 4
        )


@on_loop
async def test_all_swarms_together_have_no_more_peers_than_allowed(
    tmp_path: Path, tracker: Tracker, seeds: Seeds
) -> None:
    album = make_album(tmp_path, [8_000_000], 65536, tracker=tracker.url)
    tracker.peers = seeds.start(album, 4, "upload_rate_limit=200000")
    async with rig_with(tmp_path, connections=2, download=RATE) as rig:
        rig.engine.watch(frozenset([album.infohash]), waiting=True)
        rig.engine.add(album.source, plan_of(album, everything(album)))
        await rig.until(lambda: len(rig.all(PieceFinished)) > 30)
        counts = [e.statistics.num_peers for e in rig.all(StatisticsChanged)]
        assert max(counts) == 2


@on_loop
async def test_no_more_peers_are_uploaded_to_than_there_are_slots(
    tmp_path: Path,
) -> None:
    album = make_album(tmp_path, [20_000_000], 65536)
    async with rig_with(tmp_path, upload_slots=2, upload=RATE) as rig:
        await hold_everything(rig, album)
        with leeching(album, tmp_path, 5) as leechers:
            leechers.ask(("127.0.0.1", port_of(rig)))
            async with asyncio.timeout(30):
                while not leechers.got():
                    await asyncio.sleep(0.1)
            for _ in range(20):
                assert leechers.unchoked() <= 2
                await asyncio.sleep(0.1)
