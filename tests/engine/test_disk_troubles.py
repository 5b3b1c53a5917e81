"""Disks that are full, read-only or failing: real file systems, made for each test.

The tests need root, which no permission stops: so they mount small disks.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Set
from pathlib import Path

import pytest

from mopidy_vozduxan.engine import disk_troubles
from mopidy_vozduxan.engine.disk_troubles import MOST_RELAPSES
from mopidy_vozduxan.engine.protocol import (
    DiskTrouble,
    PieceFinished,
    PieceRead,
    PiecesHeld,
    PiecesLost,
    SwarmBroke,
)
from mopidy_vozduxan.planning.plan import Urgency
from tests.engine.conftest import (
    LOOPBACK,
    OFFLINE,
    Album,
    Rig,
    Seeds,
    make_album,
    on_loop,
    plan_of,
)
from tests.engine.steps import joined, put
from tests.rig.disks import Disk, ext4_disk, needs_ext4, needs_root, small_disk

pytestmark = needs_root

MB = 1_000_000
NOW = Urgency.NOW


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """An empty disk of 40 MB where the engine keeps its data."""
    with small_disk(tmp_path / "data", 40 * MB) as disk:
        yield disk


async def fetched(rig: Rig, album: Album, peers: list[tuple[str, int]]) -> None:
    """Join, and want everything."""
    source = album.source
    source = type(source)(source.infohash, source.torrent, album.magnet(*peers).magnet)
    everything = dict.fromkeys(range(album.piece_count), Urgency.IDLE)
    rig.engine.add(source, plan_of(album, everything))
    rig.engine.watch(frozenset([album.infohash]), waiting=True)


def held(rig: Rig) -> set[int]:
    """What the engine says is held, by all that it has said."""
    pieces: set[int] = set()
    for _, event in rig.events:
        if isinstance(event, PiecesHeld):
            pieces = set(event.held)
        elif isinstance(event, PieceFinished):
            pieces.add(event.piece)
    return pieces


async def read_all(rig: Rig, album: Album, unsure: Set[int] = frozenset()) -> None:
    """Read every held piece; each must be right, unless its write failed."""
    pieces = held(rig) - unsure
    before = len(rig.events)
    for piece in pieces:
        rig.engine.read_piece(album.infohash, piece)
    for piece in pieces:
        read = await rig.next(PieceRead, after=before, piece=piece)
        assert read.data == (album.piece(piece))


@on_loop
async def test_a_full_disk_keeps_what_it_has_and_goes_on_when_there_is_room(
    tmp_path: Path, disk: Disk, seeds: Seeds, caplog: pytest.LogCaptureFixture
) -> None:
    album = make_album(tmp_path / "album", [10 * MB] * 10, 262144)
    peers = seeds.start(album, 1)
    async with Rig(tmp_path, LOOPBACK) as rig:
        await fetched(rig, album, peers)
        trouble = await rig.next(DiskTrouble)
        assert trouble.full
        assert "full" in trouble.sentence
        after = len(rig.events)
        await rig.next(DiskTrouble, after=after)  # still so
        assert len(held(rig)) > album.piece_count // 4
        await read_all(rig, album)
        disk.grow(140 * MB)
        before = rig.loop.time()
        await rig.next(DiskTrouble, sentence="")
        await rig.until(lambda: len(held(rig)) == album.piece_count)
        assert rig.loop.time() - before < 20
        await read_all(rig, album)
    assert not rig.all(SwarmBroke)
    warnings = [r for r in caplog.records if r.levelno >= logging.WARNING]
    assert len(warnings) == 1, [r.getMessage() for r in warnings]


@on_loop
async def test_a_read_only_disk_is_read_and_written_again_when_it_may_be(
    tmp_path: Path, seeds: Seeds, caplog: pytest.LogCaptureFixture
) -> None:
    # libtorrent holds files open for writing, so only what no file is open on can be
    # remounted: the disk turns read-only while nobody has joined.
    album = make_album(tmp_path / "album", [1 * MB] * 2, 65536)
    with small_disk(tmp_path / "data", 8 * MB) as disk:
        async with Rig(tmp_path, OFFLINE) as rig:
            await joined(rig, album, 0, 1, 2)
            await rig.engine.remove(album.infohash)
            disk.read_only()
            await joined(rig, album)
            assert held(rig) == {0, 1, 2}
            rig.put_piece(album, 5)
            trouble = await rig.next(DiskTrouble)
            assert "read-only" in trouble.sentence
            assert not trouble.full
            await read_all(rig, album, {5})
            disk.read_only(False)
            before = rig.loop.time()
            await rig.next(DiskTrouble, sentence="")
            assert rig.loop.time() - before < 5
            await put(rig, album, 6)
            await read_all(rig, album, {5})
        assert not rig.all(SwarmBroke)
    warnings = [r for r in caplog.records if r.levelno >= logging.WARNING]
    assert len(warnings) == 1, [r.getMessage() for r in warnings]


@needs_ext4
@on_loop
async def test_files_that_may_not_be_written_are_waited_for(
    tmp_path: Path, seeds: Seeds
) -> None:
    album = make_album(tmp_path / "album", [1 * MB] * 2, 65536)
    with ext4_disk(tmp_path / "data", 16 * MB) as disk:
        async with Rig(tmp_path, LOOPBACK) as rig:
            await joined(rig, album, 0, 1, 2)
            await rig.engine.remove(album.infohash)
            disk.forbid_changes()
            await joined(rig, album)
            rig.put_piece(album, 5)
            trouble = await rig.next(DiskTrouble)
            assert "may not write" in trouble.sentence
            await read_all(rig, album, {5})
            disk.forbid_changes(False)
            await rig.next(DiskTrouble, sentence="")
            await put(rig, album, 6)
            await read_all(rig, album, {5})
        assert not rig.all(SwarmBroke)


@needs_ext4
@on_loop
async def test_a_read_that_the_disk_fails_is_answered_when_it_works_again(
    tmp_path: Path,
) -> None:
    album = make_album(tmp_path / "album", [4 * MB], 65536)
    with ext4_disk(tmp_path / "data", 16 * MB) as disk:
        async with Rig(tmp_path, OFFLINE) as rig:
            pieces = range(0, album.piece_count, 3)
            await joined(rig, album, *pieces)
            await rig.engine.remove(album.infohash)
            await joined(rig, album)
            with disk.failing():
                for piece in pieces:
                    rig.engine.read_piece(album.infohash, piece)
                await rig.next(DiskTrouble)
                assert not rig.all(PieceRead)
            await rig.next(DiskTrouble, sentence="")
            for piece in pieces:
                assert (await rig.next(PieceRead, piece=piece)).data == (
                    album.piece(piece)
                )
        assert not rig.all(SwarmBroke)


@needs_ext4
@on_loop
async def test_a_piece_that_the_disk_never_gives_back_is_fetched_again(
    tmp_path: Path,
) -> None:
    album = make_album(tmp_path / "album", [4 * MB], 65536)
    with ext4_disk(tmp_path / "data", 16 * MB) as disk:
        async with Rig(tmp_path, OFFLINE) as rig:
            await joined(rig, album, 0, 30, 60)
            await rig.engine.remove(album.infohash)
            await joined(rig, album)
            with disk.failing():
                rig.engine.read_piece(album.infohash, 30)
                lost = await rig.next(PiecesLost)
                assert 30 in lost.pieces
        assert not rig.all(SwarmBroke)


@on_loop
async def test_what_lay_on_a_disk_that_was_away_is_not_fetched_again(
    tmp_path: Path,
) -> None:
    album = make_album(tmp_path / "album", [1 * MB] * 2, 65536)
    data, aside = tmp_path / "data", tmp_path / "aside"
    async with Rig(tmp_path, OFFLINE) as rig:
        await joined(rig, album, 0, 1, 2)
        await rig.engine.remove(album.infohash)
        data.rename(aside)
        data.write_text("no disk is mounted here")
        before = len(rig.events)
        rig.engine.add(album.source, plan_of(album, {7: Urgency.NOW}))
        await rig.until(
            lambda: bool(rig.all(DiskTrouble)) or len(rig.all(PiecesHeld)) > 1
        )
        if not rig.all(DiskTrouble):
            rig.put_piece(album, 7)
            await rig.next(DiskTrouble, after=before)
        data.unlink()
        aside.rename(data)
        await rig.next(DiskTrouble, sentence="")
        await rig.next(PiecesLost, after=before)  # the manager then joins again
        await rig.engine.remove(album.infohash)
        before = len(rig.events)
        rig.engine.add(album.source, plan_of(album, dict.fromkeys(range(3), NOW)))
        await rig.next(PiecesHeld, after=before)
        for piece in range(3):
            if piece not in held(rig):
                await rig.next(PieceFinished, after=before, piece=piece)
        await read_all(rig, album, {7})
    assert not rig.all(SwarmBroke)


@on_loop
async def test_a_swarm_that_fails_again_and_again_for_no_reason_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk_troubles, "CHECK_EVERY_S", 0.05)
    monkeypatch.setattr(disk_troubles, "trouble_of", lambda *_: None)
    album = make_album(tmp_path / "album", [1 * MB] * 2, 65536)
    with small_disk(tmp_path / "data", 8 * MB) as disk:
        async with Rig(tmp_path, OFFLINE) as rig:
            await joined(rig, album, 0)
            await rig.engine.remove(album.infohash)
            disk.read_only()
            await joined(rig, album)
            for count in range(MOST_RELAPSES + 2):
                rig.put_piece(album, 5 + count)
                await rig.until(
                    lambda n=count: (
                        len(recoveries(rig)) > n or bool(rig.all(SwarmBroke))
                    )
                )
            (broke,) = rig.all(SwarmBroke)
            assert broke.storage


def recoveries(rig: Rig) -> list[DiskTrouble]:
    return [event for event in rig.all(DiskTrouble) if not event.sentence]
