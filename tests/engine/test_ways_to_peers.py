"""How a swarm is met: peers by name, several trackers, web seeds (BEP 9, 12, 19)."""

from __future__ import annotations

import asyncio
from pathlib import Path
from urllib.parse import quote

import pytest

from mopidy_vozduxan.engine.protocol import MetadataReceived, PieceFinished, PieceRead
from mopidy_vozduxan.planning.plan import Changes, Urgency
from mopidy_vozduxan.torrent.metainfo import TorrentSource
from tests.engine.conftest import (
    LOOPBACK,
    V2_PIECES_ARE_SHORT,
    Album,
    Rig,
    Seeds,
    Tracker,
    make_album,
    on_loop,
    plan_of,
)
from tests.engine.test_loopback import everything, read_all_finished
from tests.rig.webserver import WebServer, unused_port

SIZES = [300_000, 200_001]


def web_of(album: Album) -> dict[str, bytes]:
    """What a web seed serves: the torrent's files below its name."""
    files = (album.folder / "album").iterdir()
    return {f"/music/album/{file.name}": file.read_bytes() for file in files}


async def everything_comes(rig: Rig, album: Album) -> None:
    await rig.until(lambda: len(rig.all(PieceRead)) == album.piece_count)
    for read in rig.all(PieceRead):
        assert read.data == album.piece(read.piece)


@pytest.mark.parametrize("colon", [":", "%3A"])
@on_loop
async def test_peers_that_a_magnet_names_are_enough(
    tmp_path: Path, colon: str, seeds: Seeds
) -> None:
    album = make_album(tmp_path, SIZES)
    peers = "".join(f"&x.pe={host}{colon}{port}" for host, port in seeds.start(album))
    magnet = f"magnet:?xt=urn:btih:{album.infohash}{peers}&so=0"
    async with Rig(tmp_path, LOOPBACK) as rig:
        read_all_finished(rig)
        rig.engine.add(TorrentSource(album.infohash, magnet=magnet), None)
        await rig.next(MetadataReceived)
        assert not rig.all(PieceFinished)  # what is selected is not our affair
        urgencies = tuple(everything(album).items())
        rig.engine.apply(album.infohash, Changes(urgencies))
        await everything_comes(rig, album)


@on_loop
async def test_of_several_trackers_one_that_lives_is_enough(
    tmp_path: Path, tracker: Tracker, seeds: Seeds
) -> None:
    album = make_album(tmp_path, SIZES)
    tracker.peers = seeds.start(album)
    dead = f"http://127.0.0.1:{unused_port()}/announce"
    trackers = [dead, "udp://127.0.0.1:1/announce", tracker.url]
    fields = "".join(f"&tr={quote(url, safe='')}" for url in trackers)
    magnet = f"magnet:?xt=urn:btih:{album.infohash}{fields}"
    async with Rig(tmp_path, LOOPBACK) as rig:
        rig.engine.add(TorrentSource(album.infohash, magnet=magnet), None)
        await rig.next(MetadataReceived)


@pytest.mark.parametrize("way", ["tracker", "peers"])
@pytest.mark.parametrize("late", [False, True])
@on_loop
async def test_a_second_magnet_leads_to_peers_the_first_did_not_name(
    tmp_path: Path, way: str, late: bool, tracker: Tracker, seeds: Seeds
) -> None:
    album = make_album(tmp_path, SIZES)
    peers = seeds.start(album)
    nobody = Tracker()
    tracker.peers = peers
    first = f"magnet:?xt=urn:btih:{album.infohash}&tr={quote(nobody.url)}"
    second = f"magnet:?xt=urn:btih:{album.infohash}&tr={quote(tracker.url)}"
    if way == "peers":
        second = album.magnet(*peers).magnet
    async with Rig(tmp_path, LOOPBACK) as rig:
        rig.engine.watch(frozenset([album.infohash]), waiting=True)
        rig.engine.add(TorrentSource(album.infohash, magnet=first), None)
        if late:
            assert await asyncio.to_thread(nobody.announced.wait, 30)
        rig.engine.add(TorrentSource(album.infohash, magnet=second), None)
        await rig.next(MetadataReceived)
    nobody.close()


#: libtorrent 2.0.13 to 2.1.1 forgets, in v2 torrents, that a file's last piece is
#: short, and bans a web seed for what follows it. 2.0.8 and 2.0.11 do not.
V2 = pytest.param(
    "v2", marks=pytest.mark.skipif(V2_PIECES_ARE_SHORT, reason="its web seeds")
)


@pytest.mark.parametrize("version", ["v1", "hybrid", V2])
@on_loop
async def test_a_web_seed_is_enough(tmp_path: Path, version: str) -> None:
    with WebServer() as web:
        album = make_album(
            tmp_path, SIZES, version=version, web_seed=web.url("/music/")
        )
        web.routes.update(web_of(album))
        async with Rig(tmp_path, LOOPBACK) as rig:
            read_all_finished(rig)
            rig.engine.watch(frozenset([album.infohash]), waiting=True)
            rig.engine.add(album.source, plan_of(album, everything(album)))
            await everything_comes(rig, album)


@on_loop
async def test_a_web_seed_gives_what_is_wanted_first(tmp_path: Path) -> None:
    """As a player jumps: one piece, then another far away."""
    with WebServer() as web:
        album = make_album(tmp_path, [4_000_000, 9], web_seed=web.url("/music/"))
        web.routes.update(web_of(album))
        async with Rig(tmp_path, LOOPBACK) as rig:
            rig.engine.watch(frozenset([album.infohash]), waiting=True)
            rig.engine.add(album.source, plan_of(album, {5: Urgency.NOW}))
            await rig.next(PieceFinished, piece=5)
            urgencies = ((200, Urgency.NOW),)
            rig.engine.apply(album.infohash, Changes(urgencies, (200,), True))
            await rig.next(PieceFinished, piece=200)
            assert len(rig.all(PieceFinished)) < album.piece_count


@on_loop
async def test_the_web_seed_of_a_magnet_helps_who_has_the_metadata(
    tmp_path: Path,
) -> None:
    with WebServer() as web:
        album = make_album(tmp_path, SIZES)
        web.routes.update(web_of(album))
        seed = quote(web.url("/music/"), safe="")
        magnet = f"magnet:?xt=urn:btih:{album.infohash}&ws={seed}"
        async with Rig(tmp_path, LOOPBACK) as rig:
            read_all_finished(rig)
            rig.engine.watch(frozenset([album.infohash]), waiting=True)
            source = TorrentSource(album.infohash, album.torrent, magnet)
            rig.engine.add(source, plan_of(album, everything(album)))
            await everything_comes(rig, album)
