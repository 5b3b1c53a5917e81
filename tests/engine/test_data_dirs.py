"""Torrents whose files lie in the folders of other clients, which stay as they are."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import libtorrent as lt
import pytest

from mopidy_vozduxan.engine import data_dirs, found_reading
from mopidy_vozduxan.engine.data_dirs import DataDirs
from mopidy_vozduxan.engine.file_table import FileTable
from mopidy_vozduxan.engine.places import Place
from mopidy_vozduxan.engine.protocol import (
    PieceAbsent,
    PieceFinished,
    PieceRead,
    PiecesHeld,
    PiecesLost,
)
from mopidy_vozduxan.planning.plan import Urgency
from mopidy_vozduxan.torrent.metainfo import TorrentSource
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
from tests.rig.disks import needs_root, small_disk
from tests.torrent_files import single_file

VERSIONS = ["v1", "hybrid", "v2"]
SIZES = [200_000, 3, 100_000, 50]

Content = dict[str, tuple[int, int, bytes]]


def content_of(folder: Path) -> Content:
    """Inode, time of the last change and bytes of all that is there."""
    return {
        str(path): (path.stat().st_ino, path.stat().st_mtime_ns, path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def wanting_all(album: Album):
    return plan_of(album, dict.fromkeys(range(album.piece_count), Urgency.SOON))


async def all_finished(rig: Rig, album: Album) -> None:
    finished = {*range(album.piece_count)}
    await rig.until(lambda: {e.piece for e in rig.all(PieceFinished)} >= finished)


@pytest.mark.parametrize("version", VERSIONS)
@on_loop
async def test_a_torrent_of_another_client_is_played_from_there_and_not_copied(
    tmp_path: Path, version: str
) -> None:
    album = make_album(tmp_path / "theirs", SIZES, version=version)
    before = content_of(tmp_path / "theirs")
    async with Rig(tmp_path, OFFLINE, tmp_path / "theirs") as rig:
        rig.engine.add(album.source, wanting_all(album))
        held = await rig.next(PiecesHeld)
        assert held.held | held.likely == {*range(album.piece_count)}
        await all_finished(rig, album)
        for piece in range(album.piece_count):
            rig.engine.read_piece(album.infohash, piece)
            data = (await rig.next(PieceRead, piece=piece)).data
            right = album.piece(piece)
            assert data == right.ljust(len(data), b"\0")
        await rig.engine.remove(album.infohash, delete_data=True)
    assert content_of(tmp_path / "theirs") == before
    assert not [path for path in (tmp_path / "data").rglob("*") if path.is_file()]


@pytest.mark.parametrize("version", VERSIONS)
@on_loop
async def test_wrong_and_missing_pieces_come_from_the_swarm(
    tmp_path: Path, version: str, seeds: Seeds
) -> None:
    """One wrong byte, a file that is gone, and one that is cut short."""
    album = make_album(tmp_path / "seed", [200_000, 100_000, 90_000], version=version)
    peers = seeds.start(album, 1)
    shutil.copytree(tmp_path / "seed", tmp_path / "theirs")
    first, second, third = sorted((tmp_path / "theirs" / "album").iterdir())
    with first.open("r+b") as file:
        file.seek(16384 * 3)
        file.write(b"\xff")
    second.unlink()
    os.truncate(third, 50_000)
    before = content_of(tmp_path / "theirs")
    source = TorrentSource(album.infohash, album.torrent, album.magnet(*peers).magnet)
    async with Rig(tmp_path, LOOPBACK, tmp_path / "theirs") as rig:
        rig.engine.add(source, wanting_all(album))
        await all_finished(rig, album)
        assert 3 in {event.piece for event in rig.all(PieceAbsent)}
        held = rig.engine._members.swarms[album.infohash].held
        assert 3 in held and not {0, 1, 2, 4} & held
        for piece in range(album.piece_count):
            rig.engine.read_piece(album.infohash, piece)
            data = (await rig.next(PieceRead, piece=piece)).data
            right = album.piece(piece)
            assert data[: len(right)] == right
    assert content_of(tmp_path / "theirs") == before


@on_loop
async def test_what_changes_after_its_check_is_lost_and_not_served(
    tmp_path: Path,
) -> None:
    album = make_album(tmp_path / "theirs", [200_000])
    async with Rig(tmp_path, OFFLINE, tmp_path / "theirs") as rig:
        rig.engine.add(album.source, wanting_all(album))
        await all_finished(rig, album)
        with (tmp_path / "theirs" / "album" / "01 track.bin").open("r+b") as file:
            file.write(b"\xff" * 10)
        rig.engine.read_piece(album.infohash, 0)
        assert (await rig.next(PiecesLost)).pieces == {0}
        rig.engine.remove(album.infohash)
        rig.engine.add(album.source, wanting_all(album))
        assert (await rig.next(PieceAbsent)).piece == 0


@on_loop
async def test_a_disk_that_hangs_is_taken_for_empty(
    tmp_path: Path, seeds: Seeds, monkeypatch: pytest.MonkeyPatch
) -> None:
    album = make_album(tmp_path / "theirs", [200_000])
    magnet, answer = album.magnet(*seeds.start(album, 1)).magnet, threading.Event()
    monkeypatch.setattr(found_reading, "CHECK_S", 0.1)
    monkeypatch.setattr(Place, "read", lambda *_: answer.wait(60) and None)
    source = TorrentSource(album.infohash, album.torrent, magnet)
    try:
        async with Rig(tmp_path, LOOPBACK, tmp_path / "theirs") as rig:
            rig.engine.add(source, wanting_all(album))
            await all_finished(rig, album)
            rig.engine.read_piece(album.infohash, 3)
            assert (await rig.next(PieceRead)).data == album.piece(3)
    finally:
        answer.set()


@needs_root
@on_loop
async def test_a_read_only_disk_will_do(tmp_path: Path) -> None:
    album = make_album(tmp_path / "made", [200_000])
    with small_disk(tmp_path / "theirs", 1_000_000) as disk:
        shutil.copytree(tmp_path / "made" / "album", tmp_path / "theirs" / "album")
        disk.read_only()
        async with Rig(tmp_path, OFFLINE, tmp_path / "theirs") as rig:
            rig.engine.add(album.source, wanting_all(album))
            await all_finished(rig, album)
            await rig.engine.remove(album.infohash, delete_data=True)


@on_loop
async def test_their_pieces_are_never_claimed(tmp_path: Path) -> None:
    """Without the folder they are missing."""
    album = make_album(tmp_path / "theirs", [200_000])
    async with Rig(tmp_path, OFFLINE, tmp_path / "theirs") as rig:
        rig.engine.add(album.source, wanting_all(album))
        await all_finished(rig, album)
    async with Rig(tmp_path, OFFLINE) as rig:
        rig.engine.add(album.source, wanting_all(album))
        held = await rig.next(PiecesHeld)
        assert not held.held | held.likely


# --- where they are looked for


def likely(album: Album, *folders: Path, ours: Path = Path("/nonexistent")) -> int:
    """Return how many pieces may lie in the folders."""
    dirs = DataDirs(folders, ours)
    places = dirs.places(FileTable(album.info), None)
    dirs.close()
    return len({piece for place in places for piece in place.likely})


def in_a_category(folder: Path) -> None:
    (folder / "music" / "rock").mkdir(parents=True)
    (folder / "album").rename(folder / "music" / "rock" / "album")


def without_its_folder(folder: Path) -> None:
    for path in (folder / "album").iterdir():
        path.rename(folder / path.name)


def renamed(folder: Path) -> None:
    (folder / "album").rename(folder / "Another name")


@pytest.mark.parametrize("move", [in_a_category, without_its_folder, renamed])
def test_clients_keep_it_in_several_ways(
    tmp_path: Path, move: Callable[[Path], None]
) -> None:
    album = make_album(tmp_path / "theirs", SIZES)
    move(tmp_path / "theirs")
    assert likely(album, tmp_path / "theirs") == album.piece_count


def test_all_folders_are_looked_into_and_an_absent_one_does_no_harm(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    album = make_album(tmp_path / "theirs", SIZES)
    folders = tmp_path / "absent", tmp_path / "theirs"
    assert likely(album, *folders) == album.piece_count
    assert "Cannot read a data folder" in caplog.text


def test_our_own_folder_is_not_one_of_theirs(tmp_path: Path) -> None:
    album = make_album(tmp_path / "cache" / "torrents", SIZES)
    ours = tmp_path / "cache" / "torrents"
    assert not likely(album, tmp_path / "cache", ours=ours)
    assert not likely(album, ours, ours=ours)


def test_a_folder_that_hangs_is_left_out_until_it_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    album, answer = make_album(tmp_path / "theirs", SIZES), threading.Event()
    looks, look = [], os.scandir

    def hang(folder):
        looks.append(folder)
        answer.wait(60)
        return look(folder)

    monkeypatch.setattr(data_dirs, "LOOK_S", 0.1)
    monkeypatch.setattr(os, "scandir", hang)
    dirs, table = DataDirs([tmp_path / "theirs"], tmp_path / "ours"), album.info
    try:
        assert not dirs.places(FileTable(table), None)
        assert not dirs.places(FileTable(table), None)
        assert len(looks) == 1
        assert "does not answer" in caplog.text
    finally:
        answer.set()
    monkeypatch.setattr(data_dirs, "LOOK_S", 60.0)
    dirs._dirs[0]._late.result(60)
    assert dirs.places(FileTable(table), None)
    dirs.close()


def test_a_torrent_of_one_file_may_lie_in_a_folder_of_its_name(tmp_path: Path) -> None:
    info = lt.load_torrent_buffer(single_file("song.flac")).ti
    body = bytes(info.total_size())
    for folder in ("theirs", "others/song"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "song.flac").write_bytes(b"x" * len(body))
    for folder in ("theirs", "others"):
        dirs = DataDirs([tmp_path / folder], tmp_path / "ours")
        assert dirs.places(FileTable(info), None)
        dirs.close()
