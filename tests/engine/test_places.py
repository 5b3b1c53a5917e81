"""Where pieces may lie on disk, and that nothing else is read."""

from __future__ import annotations

import os

import pytest

from mopidy_vozduxan.engine.file_table import FileTable
from mopidy_vozduxan.engine.hashes import PieceHashes
from mopidy_vozduxan.engine.places import open_below, place_at
from tests.engine.conftest import Album, make_album

VERSIONS = ["v1", "hybrid", "v2"]
SIZES = [200_000, 3, 100_000, 50]


def table_of(album: Album) -> FileTable:
    return FileTable(album.info)


@pytest.mark.parametrize("version", VERSIONS)
def test_every_piece_of_whole_files_is_likely_and_right(tmp_path, version):
    album = make_album(tmp_path, SIZES, version=version)
    table, hashes = table_of(album), PieceHashes(album.info, album.torrent)
    place = place_at(str(tmp_path), table, table.path)
    assert place.likely == {*range(album.piece_count)}
    for piece in range(album.piece_count):
        data = place.read(table, piece)
        right = album.piece(piece)
        assert data == right.ljust(len(data), b"\0")
        assert hashes.check_of(piece)(data)


def test_holes_and_what_is_behind_the_end_are_not_likely(tmp_path):
    album = make_album(tmp_path, [16384 * 20])
    (path,) = (tmp_path / "album").iterdir()
    data = path.read_bytes()
    path.unlink()
    with path.open("wb") as file:
        for piece in (1, 2, 7):
            file.seek(piece * 16384)
            file.write(data[piece * 16384 : (piece + 1) * 16384])
        file.seek(12 * 16384)
        file.write(data[12 * 16384 : 12 * 16384 + 5])
    table = table_of(album)
    assert place_at(str(tmp_path), table, table.path).likely == {1, 2, 7}


def test_a_piece_needs_all_of_its_files(tmp_path):
    album = make_album(tmp_path, [20_000, 20_000, 20_000])
    os.unlink(tmp_path / "album" / "02 track.bin")
    table = table_of(album)
    place = place_at(str(tmp_path), table, table.path)
    assert place.likely == {0, 3}
    assert place.read(table, 1) is None


def test_a_larger_file_is_another_one(tmp_path):
    album = make_album(tmp_path, [20_000])
    with (tmp_path / "album" / "01 track.bin").open("ab") as file:
        file.write(b"x")
    table = table_of(album)
    assert place_at(str(tmp_path), table, table.path) is None


@pytest.mark.parametrize("suffix", [".part", ".!qB"])
def test_incomplete_files_of_other_clients_count(tmp_path, suffix):
    album = make_album(tmp_path, [50_000])
    path = tmp_path / "album" / "01 track.bin"
    path.rename(f"{path}{suffix}")
    table = table_of(album)
    assert place_at(str(tmp_path), table, table.path).likely == {0, 1, 2, 3}
    assert place_at(str(tmp_path), table, table.path, ours=True) is None


def test_no_link_below_the_folder_is_followed(tmp_path):
    album = make_album(tmp_path / "outside", [50_000, 50_000])
    table, folder = table_of(album), tmp_path / "named"
    folder.mkdir()
    (folder / "album").symlink_to(tmp_path / "outside" / "album")
    assert place_at(str(folder), table, table.path) is None
    (folder / "album").unlink()
    (folder / "album").mkdir()
    for name in ("01 track.bin", "02 track.bin"):
        (folder / "album" / name).symlink_to(tmp_path / "outside" / "album" / name)
    assert place_at(str(folder), table, table.path) is None


def test_the_named_folder_itself_may_be_a_link(tmp_path):
    album = make_album(tmp_path / "disk", [50_000])
    (tmp_path / "named").symlink_to(tmp_path / "disk")
    table = table_of(album)
    assert place_at(str(tmp_path / "named"), table, table.path)


@pytest.mark.parametrize(
    "path", ["../secret", "a/../../secret", "/etc/passwd", "", "."]
)
def test_no_path_leads_outside(tmp_path, path):
    (tmp_path / "secret").write_bytes(b"x")
    (tmp_path / "named" / "a").mkdir(parents=True)
    with pytest.raises(OSError, match="No such file"):
        open_below(str(tmp_path / "named"), path)


@pytest.mark.parametrize("name", ["pipe", "folder"])
def test_only_regular_files_are_opened(tmp_path, name):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    with pytest.raises(FileNotFoundError):
        open_below(str(tmp_path), name)
