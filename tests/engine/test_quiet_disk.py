"""Nothing is written while nothing changes."""

from __future__ import annotations

from pathlib import Path

from mopidy_vozduxan.engine.protocol import PiecesHeld
from mopidy_vozduxan.engine.resume import ResumeFiles, pieces_in
from tests.engine.conftest import OFFLINE, Album, Rig, make_album, on_loop
from tests.engine.steps import joined


def state_of(folder: Path) -> dict[str, tuple[int, int]]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(f): (f.stat().st_ino, f.stat().st_mtime_ns) for f in files}


def said(folder: Path, album: Album) -> set[int]:
    """Return the pieces that the resume file claims."""
    return pieces_in(ResumeFiles(folder / "resume").load(album.infohash))


@on_loop
async def test_a_swarm_that_brought_nothing_leaves_no_file(tmp_path: Path) -> None:
    """The scanner visits every torrent of a library, and many are dead."""
    album = make_album(tmp_path / "seed", [100_000])
    async with Rig(tmp_path, OFFLINE) as rig:
        await joined(rig, album)
        await rig.engine.remove(album.infohash)
    assert list((tmp_path / "resume").glob("*.resume")) == []


@on_loop
async def test_a_stay_in_which_nothing_came_writes_nothing(tmp_path: Path) -> None:
    album = make_album(tmp_path / "seed", [100_000])
    async with Rig(tmp_path, OFFLINE) as rig:
        await joined(rig, album, 0, 1)
        await rig.engine.remove(album.infohash)
        while said(tmp_path, album) != {0, 1}:  # a busy libtorrent says less at first
            await joined(rig, album)
            await rig.engine.remove(album.infohash)
        before = state_of(tmp_path)
        assert any(name.endswith(".resume") for name in before)
        await joined(rig, album)
        await rig.engine.remove(album.infohash)
        assert state_of(tmp_path) == before
        await joined(rig, album, 2)
        await rig.engine.remove(album.infohash)
        assert state_of(tmp_path) != before
    async with Rig(tmp_path, OFFLINE) as rig:
        rig.engine.add(album.source, None)
        assert (await rig.next(PiecesHeld)).held == {0, 1, 2}
