"""One swarm without peers: a real session with no sockets, pieces put in by hand."""

from __future__ import annotations

import asyncio
import socket
import time
from pathlib import Path

import pytest

from mopidy_vozduxan.engine.protocol import (
    EventsLost,
    PieceFinished,
    PieceRead,
    PiecesHeld,
    PieceUnreadable,
    StatisticsChanged,
    SwarmBroke,
)
from mopidy_vozduxan.engine.session import LibtorrentEngine
from mopidy_vozduxan.exceptions import BadInput
from mopidy_vozduxan.planning.plan import Changes, Urgency
from mopidy_vozduxan.torrent.metainfo import TorrentSource
from tests.engine.conftest import (
    LOOPBACK,
    OFFLINE,
    Album,
    Rig,
    Tracker,
    digest,
    make_album,
    on_loop,
    plan_of,
)

VERSIONS = ["v1", "hybrid", "v2"]


async def joined(rig: Rig, album: Album, *pieces: int) -> None:
    """Join the album's swarm and put those pieces in."""
    before = len(rig.events)
    rig.engine.add(album.source, plan_of(album, {0: Urgency.NOW}))
    await rig.next(PiecesHeld, after=before)
    await put(rig, album, *pieces)


async def put(rig: Rig, album: Album, *pieces: int) -> None:
    """Put those pieces in as peers would."""
    before = len(rig.events)
    for piece in pieces:
        rig.put_piece(album, piece)
    for piece in pieces:
        await rig.next(PieceFinished, after=before, piece=piece)


@pytest.mark.parametrize("version", VERSIONS)
@on_loop
async def test_a_fresh_swarm_holds_nothing(tmp_path: Path, version: str) -> None:
    album = make_album(tmp_path, [50_000, 20_000], version=version)
    async with Rig(tmp_path, OFFLINE) as rig:
        rig.engine.add(album.source, None)
        held = await rig.next(PiecesHeld)
        assert held == PiecesHeld(album.infohash, frozenset())


@pytest.mark.parametrize("version", VERSIONS)
@on_loop
async def test_a_piece_is_read_right_the_moment_it_is_finished(
    tmp_path: Path, version: str
) -> None:
    """The bytes may not be in the file yet: reading that would fail here."""
    album = make_album(tmp_path, [2_000_000, 2_000_000], version=version)
    assert album.piece_count >= 200
    async with Rig(tmp_path, OFFLINE) as rig:

        def read_at_once(event: object) -> None:
            if isinstance(event, PieceFinished):
                rig.engine.read_piece(event.infohash, event.piece)

        rig.on_event = read_at_once
        await joined(rig, album, *range(album.piece_count))
        await rig.until(lambda: len(rig.all(PieceRead)) == album.piece_count)
        for read in rig.all(PieceRead):
            assert digest(read.data) == digest(album.piece(read.piece)), read.piece
        assert not rig.all(PieceUnreadable)


@on_loop
async def test_every_read_gets_one_answer_also_of_the_same_piece(
    tmp_path: Path,
) -> None:
    album = make_album(tmp_path, [100_000])
    async with Rig(tmp_path, OFFLINE) as rig:
        await joined(rig, album, 0, 1)
        for piece in [0, 1, 0, 0, 1, 5]:
            rig.engine.read_piece(album.infohash, piece)
        await rig.until(lambda: len(rig.all(PieceRead)) == 5)
        rig.engine.read_piece(album.infohash, 1)
        await rig.until(lambda: len(rig.all(PieceRead)) == 6)
        assert [r.piece for r in rig.all(PieceRead)].count(0) == 3
        assert [r.piece for r in rig.all(PieceUnreadable)] == [5]


@on_loop
async def test_a_missing_piece_is_unreadable_and_breaks_nothing(tmp_path: Path) -> None:
    """libtorrent 2.0.8 stops a torrent that is asked for a piece it lacks."""
    album = make_album(tmp_path, [100_000])
    async with Rig(tmp_path, OFFLINE) as rig:
        await joined(rig, album)
        rig.engine.read_piece(album.infohash, 3)
        rig.engine.read_piece(album.infohash, 10_000)
        rig.engine.read_piece("f" * 40, 0)
        await rig.until(lambda: len(rig.all(PieceUnreadable)) == 3)
        await put(rig, album, 3)
        rig.engine.read_piece(album.infohash, 3)
        assert (await rig.next(PieceRead)).data == album.piece(3)
        assert not rig.all(SwarmBroke)


@on_loop
async def test_leaving_answers_reads_that_are_under_way(tmp_path: Path) -> None:
    album = make_album(tmp_path, [100_000])
    async with Rig(tmp_path, OFFLINE) as rig:
        await joined(rig, album, 0)
        for _ in range(3):
            rig.engine.read_piece(album.infohash, 0)
        rig.engine.remove(album.infohash)
        await rig.until(
            lambda: len(rig.all(PieceRead)) + len(rig.all(PieceUnreadable)) == 3
        )


@pytest.mark.parametrize("version", VERSIONS)
@on_loop
async def test_what_was_held_is_held_after_a_restart(
    tmp_path: Path, version: str
) -> None:
    album = make_album(tmp_path, [100_000, 50_000], version=version)
    async with Rig(tmp_path, OFFLINE) as rig:
        await joined(rig, album, 0, 2, 7)
    async with Rig(tmp_path, OFFLINE) as rig:
        rig.engine.add(album.source, None)
        assert (await rig.next(PiecesHeld)).held == {0, 2, 7}
        rig.engine.read_piece(album.infohash, 7)
        assert (await rig.next(PieceRead)).data == album.piece(7)


@on_loop
async def test_rejoining_while_leaving_ends_joined(tmp_path: Path) -> None:
    album = make_album(tmp_path, [100_000])
    async with Rig(tmp_path, OFFLINE) as rig:
        await joined(rig, album, 0, 1)
        for _ in range(3):
            before = len(rig.events)
            rig.engine.remove(album.infohash)
            rig.engine.add(album.source, plan_of(album, {2: Urgency.NOW}))
            held = await rig.next(PiecesHeld, after=before)
            assert held.held == {0, 1}
        rig.engine.read_piece(album.infohash, 1)
        assert (await rig.next(PieceRead)).data == album.piece(1)


@on_loop
async def test_what_is_asked_of_a_swarm_that_still_leaves_is_not_lost(
    tmp_path: Path,
) -> None:
    album = make_album(tmp_path, [100_000])
    async with Rig(tmp_path, OFFLINE) as rig:
        await joined(rig, album, 0)
        before = len(rig.events)
        rig.engine.remove(album.infohash)
        rig.engine.add(album.source, plan_of(album, {2: Urgency.NOW}))
        rig.engine.apply(album.infohash, Changes(urgencies=((3, Urgency.SOON),)))
        rig.engine.add(album.magnet(), None)
        await rig.next(PiecesHeld, after=before)
        handle = rig.engine._members.swarms[album.infohash].handle
        assert handle.get_piece_priorities()[1:5] == [0, 7, 6, 0]


@on_loop
async def test_a_torrents_bytes_take_the_place_of_its_magnet_link(
    tmp_path: Path,
) -> None:
    album = make_album(tmp_path, [100_000])
    async with Rig(tmp_path, OFFLINE) as rig:
        rig.engine.add(album.magnet(), None)
        rig.engine.remove(album.infohash)
        rig.engine.add(album.source, plan_of(album, {2: Urgency.NOW}))
        await rig.next(PiecesHeld)
        await put(rig, album, 2)


@on_loop
async def test_rejoining_after_deleting_starts_from_nothing(tmp_path: Path) -> None:
    album = make_album(tmp_path, [100_000])
    async with Rig(tmp_path, OFFLINE) as rig:
        await joined(rig, album, 0, 1)
        before = len(rig.events)
        rig.engine.remove(album.infohash, delete_data=True)
        rig.engine.add(album.source, None)
        assert (await rig.next(PiecesHeld, after=before)).held == set()
        assert not list(tmp_path.glob("data/**/*.bin"))


@on_loop
async def test_joining_and_leaving_in_one_breath_leaves(tmp_path: Path) -> None:
    album = make_album(tmp_path, [100_000])
    async with Rig(tmp_path, OFFLINE) as rig:
        rig.engine.add(album.source, None)
        rig.engine.remove(album.infohash)
        rig.engine.add(album.source, plan_of(album, {0: Urgency.NOW}))
        await rig.next(PiecesHeld)
        await put(rig, album, 0)


@pytest.mark.parametrize("content", [b"", b"junk", b"d4:junki1ee", b"\xff" * 4096])
@on_loop
async def test_a_damaged_resume_file_is_ignored(tmp_path: Path, content: bytes) -> None:
    album = make_album(tmp_path, [100_000])
    (tmp_path / "resume").mkdir()
    (tmp_path / "resume" / f"{album.infohash}.resume").write_bytes(content)
    async with Rig(tmp_path, OFFLINE) as rig:
        await joined(rig, album, 0)


@on_loop
async def test_the_resume_file_of_another_torrent_is_ignored(tmp_path: Path) -> None:
    album, other = (make_album(tmp_path, [size]) for size in (100_000, 110_000))
    async with Rig(tmp_path, OFFLINE) as rig:
        await joined(rig, other, 0, 1)
    saved = tmp_path / "resume" / f"{other.infohash}.resume"
    saved.rename(tmp_path / "resume" / f"{album.infohash}.resume")
    async with Rig(tmp_path, OFFLINE) as rig:
        rig.engine.add(album.source, None)
        assert (await rig.next(PiecesHeld)).held == set()


@on_loop
async def test_data_changed_behind_our_back_is_not_served(tmp_path: Path) -> None:
    album = make_album(tmp_path, [100_000])
    async with Rig(tmp_path, OFFLINE) as rig:
        await joined(rig, album, 0, 1)
    stored = next((tmp_path / "data").rglob("*.bin"))
    stored.unlink()
    async with Rig(tmp_path, OFFLINE) as rig:
        rig.engine.add(album.source, None)
        assert (await rig.next(PiecesHeld)).held == set()


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
async def test_an_unwritable_folder_breaks_the_swarm_with_the_disk_to_blame(
    tmp_path: Path,
) -> None:
    album = make_album(tmp_path, [100_000])
    (tmp_path / "data").write_text("a file where the folder should be")
    async with Rig(tmp_path, OFFLINE) as rig:
        rig.engine.add(album.source, plan_of(album, {0: Urgency.NOW}))
        await rig.until(lambda: bool(rig.all(SwarmBroke) or rig.all(PiecesHeld)))
        if not rig.all(SwarmBroke):
            rig.put_piece(album, 0)
        broke = await rig.next(SwarmBroke)
        assert broke.storage
        assert broke.reason
        rig.engine.read_piece(album.infohash, 0)
        await rig.until(lambda: bool(rig.all(PieceRead) or rig.all(PieceUnreadable)))
    assert len(rig.all(SwarmBroke)) == 1


@on_loop
async def test_bad_input_is_refused_at_once(tmp_path: Path) -> None:
    async with Rig(tmp_path, OFFLINE) as rig:
        for source in [
            TorrentSource("f" * 40),
            TorrentSource("f" * 40, torrent=b"junk"),
            TorrentSource("f" * 40, magnet="magnet:?xt=urn:btih:junk"),
        ]:
            with pytest.raises(BadInput):
                rig.engine.add(source, None)


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
