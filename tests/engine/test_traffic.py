"""How much payload came and went, over all of a swarm's stays."""

from __future__ import annotations

import asyncio

import libtorrent as lt

from mopidy_vozduxan.engine.protocol import PieceFinished, PiecesHeld, TrafficCounted
from mopidy_vozduxan.planning.plan import Urgency
from mopidy_vozduxan.torrent.metainfo import TorrentSource
from tests.engine.conftest import LOOPBACK, Rig, make_album, on_loop, plan_of
from tests.engine.steps import joined

PIECE = 64 * 1024
COUNT = 32


async def fetched(rig, album, peers, pieces):
    """Fetch pieces, and leave; return how much was counted."""
    before = len(rig.events)
    source = TorrentSource(album.infohash, album.torrent, album.magnet(*peers).magnet)
    rig.engine.add(source, plan_of(album, dict.fromkeys(pieces, Urgency.SOON)))
    await rig.next(PiecesHeld, after=before)
    for piece in pieces:
        await rig.next(PieceFinished, after=before, piece=piece)
    await rig.engine.remove(album.infohash)
    await asyncio.sleep(0)
    counted = [e for _, e in rig.events[before:] if isinstance(e, TrafficCounted)]
    return sum(e.downloaded for e in counted), sum(e.uploaded for e in counted)


@on_loop
async def test_every_byte_that_came_is_counted_once(tmp_path, seeds):
    album = make_album(tmp_path / "seed", [PIECE * COUNT], PIECE)
    peers = seeds.start(album, 1)
    halves = range(COUNT // 2), range(COUNT // 2, COUNT)
    for half in halves:
        async with Rig(tmp_path, LOOPBACK) as rig:
            came, went = await fetched(rig, album, peers, half)
            assert 0.5 <= came / (PIECE * COUNT // 2) <= 1.2
            assert went == 0


@on_loop
async def test_what_peers_get_is_counted(tmp_path):
    album = make_album(tmp_path / "seed", [PIECE * COUNT], PIECE)
    async with Rig(tmp_path, LOOPBACK) as rig:
        await joined(rig, album, *range(COUNT))
        port = rig.engine._session.listen_port()
        # A peer that is local gets everything at once, so nothing needs to be told.
        await asyncio.to_thread(leech, album, tmp_path / "leech", port)
        await rig.engine.remove(album.infohash)
        await asyncio.sleep(0)
        given = sum(e.uploaded for e in rig.all(TrafficCounted))
        assert PIECE * COUNT <= given <= PIECE * COUNT * 1.2


def leech(album, folder, port):
    """Fetch all of an album from one peer, as another client would."""
    session = lt.session({**LOOPBACK, "alert_mask": int(lt.alert_category.status)})
    params = lt.load_torrent_buffer(album.torrent)
    params.save_path, params.peers = str(folder), [("127.0.0.1", port)]
    handle = session.add_torrent(params)
    while not handle.status().is_seeding:
        assert session.wait_for_alert(30_000)
        session.pop_alerts()
