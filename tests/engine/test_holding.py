"""Which pieces a swarm holds, and what resume files say of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from mopidy_vozduxan.engine.protocol import (
    PieceRead,
    PiecesHeld,
)
from tests.engine.conftest import (
    OFFLINE,
    Rig,
    make_album,
    on_loop,
)
from tests.engine.steps import VERSIONS, joined


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
