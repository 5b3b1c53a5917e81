"""Held pieces are read: each request gets one answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from mopidy_vozduxan.engine.protocol import (
    PieceFinished,
    PieceRead,
    PieceUnreadable,
    SwarmBroke,
)
from tests.engine.conftest import (
    OFFLINE,
    Rig,
    digest,
    make_album,
    on_loop,
)
from tests.engine.steps import VERSIONS, joined, put


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
