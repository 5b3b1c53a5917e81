"""What lies on disk, counted and deleted; hostile links included."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mopidy_vozduxan.engine.disk import DiskStore
from mopidy_vozduxan.exceptions import StorageFailed
from mopidy_vozduxan.planning.spans import Span
from tests.rig.disks import needs_root, small_disk

INFOHASH = "ab" * 20
OTHER = "cd" * 32


@pytest.fixture
def disk(tmp_path: Path) -> DiskStore:
    return DiskStore(tmp_path / "torrents", tmp_path / "resume")


def fill(disk: DiskStore, infohash: str, size: int = 100_000) -> Path:
    """Put data and resume data of a torrent there; return its data's folder."""
    folder = disk.data_dir / infohash
    (folder / "Album" / "Disc 1").mkdir(parents=True)
    (folder / "Album" / "Disc 1" / "01.flac").write_bytes(os.urandom(size))
    disk.resume_dir.mkdir(exist_ok=True)
    (disk.resume_dir / f"{infohash}.resume").write_bytes(b"state")
    return folder


def test_nothing_is_there_before_anything_was_fetched(disk: DiskStore) -> None:
    assert disk.infohashes() == []
    assert disk.size(INFOHASH) == 0
    disk.delete(INFOHASH)


def test_torrents_are_told_apart_from_what_else_lies_there(disk: DiskStore) -> None:
    fill(disk, INFOHASH)
    (disk.resume_dir / f"{OTHER}.resume").write_bytes(b"state")
    (disk.data_dir / "lost+found").mkdir()
    (disk.resume_dir / "notes.txt").write_text("mine")
    assert disk.infohashes() == sorted([INFOHASH, OTHER])


def test_holes_take_no_room(disk: DiskStore) -> None:
    folder = fill(disk, INFOHASH)
    with (folder / "sparse").open("wb") as file:
        file.truncate(1 << 30)
    assert 100_000 <= disk.size(INFOHASH) < 1_000_000
    assert disk.sizes() == {INFOHASH: disk.size(INFOHASH)}


def test_deleting_takes_all_of_one_torrent_and_nothing_else(disk: DiskStore) -> None:
    fill(disk, INFOHASH)
    fill(disk, OTHER)
    (disk.resume_dir / f"{INFOHASH}.new").write_bytes(b"a draft")
    disk.delete(INFOHASH)
    assert disk.infohashes() == [OTHER]
    assert [path.name for path in disk.resume_dir.iterdir()] == [f"{OTHER}.resume"]


def test_a_draft_that_a_crash_left_is_counted_and_deleted(disk: DiskStore) -> None:
    """Of an eviction that shortens a file."""
    fill(disk, OTHER)
    (disk.data_dir / f"{INFOHASH}.cut").write_bytes(os.urandom(100_000))
    assert disk.infohashes() == sorted([INFOHASH, OTHER])
    assert disk.size(INFOHASH) >= 100_000
    disk.delete(INFOHASH)
    assert [path.name for path in disk.data_dir.iterdir()] == [OTHER]


@needs_root
def test_a_file_that_cannot_be_shortened_leaves_no_draft(disk: DiskStore) -> None:
    with small_disk(disk.data_dir, 2**20) as small:
        path = fill(disk, INFOHASH, 500_000) / "Album" / "Disc 1" / "01.flac"
        before = path.read_bytes()
        filler = small.fill()
        with pytest.raises(StorageFailed):
            disk.cut(INFOHASH, {str(path): [Span(0, 200_000)]})
        assert path.read_bytes() == before
        assert {p.name for p in disk.data_dir.iterdir()} == {INFOHASH, filler.name}


def test_links_lead_nowhere(disk: DiskStore, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").write_bytes(os.urandom(500_000))
    folder = fill(disk, INFOHASH)
    (folder / "Album" / "Disc 2").symlink_to(outside)
    (folder / "Album" / "precious").symlink_to(outside / "precious")
    (folder / "dangling").symlink_to(tmp_path / "nothing")
    (folder / "circle").symlink_to(folder)
    assert disk.size(INFOHASH) < 300_000
    disk.cut_links(INFOHASH)
    assert not [path for path in folder.rglob("*") if path.is_symlink()]
    (folder / "Album" / "again").symlink_to(outside)
    disk.delete(INFOHASH)
    assert not folder.exists()
    assert (outside / "precious").stat().st_size == 500_000


def test_a_folder_that_is_a_link_is_only_unlinked(
    disk: DiskStore, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").touch()
    disk.data_dir.mkdir()
    (disk.data_dir / INFOHASH).symlink_to(outside)
    assert disk.size(INFOHASH) == 0
    disk.delete(INFOHASH)
    assert list(disk.data_dir.iterdir()) == []
    assert (outside / "precious").exists()


@pytest.mark.parametrize("name", ["..", ".", "", "../torrents", INFOHASH.upper()])
def test_what_is_no_infohash_names_nothing(disk: DiskStore, name: str) -> None:
    fill(disk, INFOHASH)
    with pytest.raises(ValueError, match="names no torrent"):
        disk.delete(name)
    assert disk.infohashes() == [INFOHASH]


def test_what_cannot_be_deleted_is_said(
    disk: DiskStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(disk, INFOHASH)

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError("no")

    monkeypatch.setattr("shutil.rmtree", refuse)
    with pytest.raises(StorageFailed, match="Cannot delete data"):
        disk.delete(INFOHASH)
