"""The session itself: what it reports, lost alerts, and its end."""

from __future__ import annotations

import asyncio
import socket
import time
from pathlib import Path

from mopidy_vozduxan.engine.protocol import (
    DiskTrouble,
    EventsLost,
    PieceRead,
    PiecesHeld,
    PieceUnreadable,
    StatisticsChanged,
    SwarmBroke,
)
from mopidy_vozduxan.engine.session import LibtorrentEngine
from mopidy_vozduxan.planning.plan import Changes, Urgency
from tests.engine.conftest import (
    LOOPBACK,
    OFFLINE,
    Rig,
    Tracker,
    make_album,
    on_loop,
    plan_of,
)
from tests.engine.steps import joined, put


@on_loop
async def test_an_overflow_is_followed_by_the_whole_truth(tmp_path: Path) -> None:
    album = make_album(tmp_path, [2_000_000])
    async with Rig(tmp_path, {**OFFLINE, "alert_queue_size": 4}) as rig:
        await joined(rig, album)
        pieces = range(album.piece_count)
        for piece in pieces:
            rig.put_piece(album, piece)
        # Keep our loop away, so that the queue fills.
        time.sleep(1.0)
        await rig.next(EventsLost)
        await rig.until(lambda: rig.all(PiecesHeld)[-1].held == set(pieces), timeout=30)
        kinds = [type(event) for _, event in rig.events]
        last_loss = len(kinds) - 1 - kinds[::-1].index(EventsLost)
        assert PiecesHeld in kinds[last_loss:]
        answers = 0
        for piece in pieces:
            rig.engine.read_piece(album.infohash, piece)
            answers += 1
        time.sleep(0.5)
        await rig.until(
            lambda: len(rig.all(PieceRead)) + len(rig.all(PieceUnreadable)) >= answers
        )
        assert len(rig.all(PieceRead)) == answers
        for read in rig.all(PieceRead):
            assert read.data == album.piece(read.piece)


@on_loop
async def test_a_swarm_waits_for_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    album = make_album(tmp_path, [100_000])
    data = tmp_path / "data"
    data.write_text("a file where the folder should be")
    async with Rig(tmp_path, OFFLINE) as rig:
        rig.engine.add(album.source, plan_of(album, {0: Urgency.NOW}))
        await rig.until(lambda: bool(rig.all(DiskTrouble) or rig.all(PiecesHeld)))
        if not rig.all(DiskTrouble):
            rig.put_piece(album, 0)
        assert "is not there" in (await rig.next(DiskTrouble)).sentence
        rig.engine.read_piece(album.infohash, 0)
        await rig.next(PieceUnreadable)
        data.unlink()
        await rig.next(DiskTrouble, sentence="")
        await rig.next(PiecesHeld)
        await put(rig, album, 3)
    assert not rig.all(SwarmBroke)


@on_loop
async def test_unknown_swarms_are_ignored(tmp_path: Path) -> None:
    async with Rig(tmp_path, OFFLINE) as rig:
        rig.engine.apply("f" * 40, Changes(((0, Urgency.NOW),)))
        rig.engine.remove("f" * 40)
        rig.engine.remove("f" * 40, delete_data=True)
        rig.engine.watch(frozenset(["f" * 40]), waiting=True)


@on_loop
async def test_watching_tells_the_numbers_soon(tmp_path: Path) -> None:
    album = make_album(tmp_path, [100_000])
    async with Rig(tmp_path, OFFLINE) as rig:
        await joined(rig, album)
        rig.engine.watch(frozenset([album.infohash]), waiting=False)
        told = await rig.next(StatisticsChanged)
        assert told.infohash == album.infohash


@on_loop
async def test_closing_twice_or_unopened_is_fine(tmp_path: Path) -> None:
    unopened = LibtorrentEngine(tmp_path, tmp_path, OFFLINE)
    await unopened.close()
    async with Rig(tmp_path, OFFLINE) as rig:
        await asyncio.gather(rig.engine.close(), rig.engine.close())
        await rig.engine.close()


@on_loop
async def test_the_loop_keeps_turning_while_a_silent_tracker_holds_up_the_close(
    tmp_path: Path, tracker: Tracker
) -> None:
    album = make_album(tmp_path, [100_000], tracker=tracker.url)
    async with Rig(tmp_path, LOOPBACK) as rig:
        await joined(rig, album, 0)
        await asyncio.to_thread(tracker.announced.wait, 30)
        tracker.silent.set()
        started = rig.loop.time()
        await rig.engine.close()
        assert rig.loop.time() - started < 15
    assert list((tmp_path / "resume").glob("*.resume"))


@on_loop
async def test_closing_gives_all_sockets_back(tmp_path: Path) -> None:
    before = _sockets()
    async with Rig(tmp_path, LOOPBACK) as rig:
        await joined(rig, make_album(tmp_path, [100_000]), 0)
    assert _sockets() == before


def _sockets() -> int:
    links = [link for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
    return sum(str(link.readlink()).startswith("socket:") for link in links)


def test_sockets_are_counted() -> None:
    before = _sockets()
    with socket.socket():
        assert _sockets() == before + 1
