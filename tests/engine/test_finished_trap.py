"""The finished trap: a swarm that has all it wants loses its peers for minutes.

Play a track to its end with nothing queued, wait, play another: its first piece
has to come as fast as the first track's did.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from mopidy_vozduxan.engine.parsing import read_torrent
from mopidy_vozduxan.engine.protocol import (
    PieceFinished,
    PieceRead,
    PiecesHeld,
    StatisticsChanged,
)
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

PIECE = 65536
IDLE_S = 5.0


def pieces_of(album: Album, track: int) -> range:
    file = read_torrent(album.torrent).files[track - 1]
    return range(file.offset // PIECE, -(-(file.offset + file.size) // PIECE))


def read_all(rig: Rig) -> None:
    """Read every piece when it has come."""

    def read(event: object) -> None:
        if isinstance(event, PieceFinished):
            rig.engine.read_piece(event.infohash, event.piece)

    rig.on_event = read


async def first_track_played(rig: Rig, album: Album) -> float:
    """Play track 1 to its end, leaving an anchor; return its first piece's time."""
    read_all(rig)
    track, anchor = pieces_of(album, 1), album.piece_count - 1
    started = rig.loop.time()
    rig.engine.watch(frozenset([album.infohash]), waiting=True)
    rig.engine.add(album.source, plan_of(album, {track[0]: Urgency.NOW}))
    await rig.next(PieceRead, piece=track[0])
    first = rig.loop.time() - started
    rest = tuple((piece, Urgency.SOON) for piece in track[1:])
    rig.engine.apply(album.infohash, Changes((*rest, (anchor, Urgency.IDLE))))
    for piece in track:
        await rig.next(PieceRead, piece=piece)
    return first


async def jumped_to(rig: Rig, album: Album, track: int) -> float:
    """Want a track's first piece; return how long it took."""
    piece = pieces_of(album, track)[0]
    now = rig.loop.time()
    rig.engine.watch(frozenset([album.infohash]), waiting=True)
    changes = Changes(((piece, Urgency.NOW),), (piece,), True)
    rig.engine.apply(album.infohash, changes)
    await rig.next(PieceRead, piece=piece)
    return rig.loop.time() - now


@pytest.mark.alone
@pytest.mark.parametrize("trickle", [True, False], ids=["trickle", "anchor-far-ahead"])
@on_loop
async def test_a_later_track_starts_as_fast_as_the_first(
    tmp_path: Path, trickle: bool, tracker: Tracker, seeds: Seeds
) -> None:
    album = make_album(tmp_path, [2_000_000] * 10, PIECE, tracker=tracker.url)
    tracker.peers = seeds.start(album)
    async with Rig(tmp_path, LOOPBACK) as rig:
        first = await first_track_played(rig, album)
        if trickle:
            # All that is wanted is one anchor, which must not arrive at once.
            anchors = ((album.piece_count - 2, Urgency.IDLE),)
            rig.engine.apply(album.infohash, Changes(anchors, trickle=True))
            rig.engine.watch(frozenset([album.infohash]), waiting=False)
        else:
            rest = tuple((piece, Urgency.IDLE) for piece in pieces_of(album, 10))
            rig.engine.apply(album.infohash, Changes(rest))
        await asyncio.sleep(IDLE_S)  # the trap needs this long to close
        later = await jumped_to(rig, album, 9)
        assert later <= max(3 * first, first + 0.5), (first, later)
        peers = [e.statistics.num_peers for e in rig.all(StatisticsChanged)]
        assert peers[-1] == 2


@pytest.mark.alone
@on_loop
async def test_what_is_there_after_a_restart_does_not_close_the_trap(
    tmp_path: Path, tracker: Tracker, seeds: Seeds
) -> None:
    """What was wanted first was held: every seed hung up, and was not called again."""
    album = make_album(tmp_path, [2_000_000] * 10, PIECE, tracker=tracker.url)
    tracker.peers = seeds.start(album)
    async with Rig(tmp_path, LOOPBACK) as rig:
        first = await first_track_played(rig, album)
    head = pieces_of(album, 1)[0]
    async with Rig(tmp_path, LOOPBACK) as rig:
        read_all(rig)
        rig.engine.watch(frozenset([album.infohash]), waiting=True)
        rig.engine.add(album.source, plan_of(album, {head: Urgency.NOW}))
        held = await rig.next(PiecesHeld)
        assert head in held.held
        await asyncio.sleep(IDLE_S)
        later = await jumped_to(rig, album, 9)
        assert later <= max(3 * first, first + 0.5), (first, later)


@on_loop
async def test_what_is_gone_after_a_restart_is_fetched_again(
    tmp_path: Path, tracker: Tracker, seeds: Seeds
) -> None:
    album = make_album(tmp_path, [2_000_000] * 2, PIECE, tracker=tracker.url)
    tracker.peers = seeds.start(album)
    async with Rig(tmp_path, LOOPBACK) as rig:
        await first_track_played(rig, album)
    for path in (tmp_path / "data").rglob("*.bin"):
        path.unlink()
    head = pieces_of(album, 1)[0]
    async with Rig(tmp_path, LOOPBACK) as rig:
        rig.engine.watch(frozenset([album.infohash]), waiting=True)
        rig.engine.add(album.source, plan_of(album, {head: Urgency.NOW}))
        await rig.next(PieceFinished, piece=head)
