"""What lies on disk, counted and deleted; hostile links included."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mopidy_vozduxan.engine.disk import Cache
from mopidy_vozduxan.exceptions import StorageFailed

INFOHASH = "ab" * 20
OTHER = "cd" * 32


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "torrents", tmp_path / "resume")


def fill(cache: Cache, infohash: str, size: int = 100_000) -> Path:
    """Put data and resume data of a torrent there; return its data's folder."""
    folder = cache.data_dir / infohash
    (folder / "Album" / "Disc 1").mkdir(parents=True)
    (folder / "Album" / "Disc 1" / "01.flac").write_bytes(os.urandom(size))
    cache.resume_dir.mkdir(exist_ok=True)
    (cache.resume_dir / f"{infohash}.resume").write_bytes(b"state")
    return folder


def test_nothing_is_there_before_anything_was_fetched(cache: Cache) -> None:
    assert cache.infohashes() == []
    assert cache.size(INFOHASH) == 0
    cache.delete(INFOHASH)


def test_torrents_are_told_apart_from_what_else_lies_there(cache: Cache) -> None:
    fill(cache, INFOHASH)
    (cache.resume_dir / f"{OTHER}.resume").write_bytes(b"state")
    (cache.data_dir / "lost+found").mkdir()
    (cache.resume_dir / "notes.txt").write_text("mine")
    assert cache.infohashes() == sorted([INFOHASH, OTHER])


def test_holes_take_no_room(cache: Cache) -> None:
    folder = fill(cache, INFOHASH)
    with (folder / "sparse").open("wb") as file:
        file.truncate(1 << 30)
    assert 100_000 <= cache.size(INFOHASH) < 1_000_000
    assert cache.sizes() == {INFOHASH: cache.size(INFOHASH)}


def test_deleting_takes_all_of_one_torrent_and_nothing_else(cache: Cache) -> None:
    fill(cache, INFOHASH)
    fill(cache, OTHER)
    (cache.resume_dir / f"{INFOHASH}.new").write_bytes(b"a draft")
    cache.delete(INFOHASH)
    assert cache.infohashes() == [OTHER]
    assert [path.name for path in cache.resume_dir.iterdir()] == [f"{OTHER}.resume"]


def test_links_lead_nowhere(cache: Cache, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").write_bytes(os.urandom(500_000))
    folder = fill(cache, INFOHASH)
    (folder / "Album" / "Disc 2").symlink_to(outside)
    (folder / "Album" / "precious").symlink_to(outside / "precious")
    (folder / "dangling").symlink_to(tmp_path / "nothing")
    (folder / "circle").symlink_to(folder)
    assert cache.size(INFOHASH) < 300_000
    cache.cut_links(INFOHASH)
    assert not [path for path in folder.rglob("*") if path.is_symlink()]
    (folder / "Album" / "again").symlink_to(outside)
    cache.delete(INFOHASH)
    assert not folder.exists()
    assert (outside / "precious").stat().st_size == 500_000


def test_a_folder_that_is_a_link_is_only_unlinked(cache: Cache, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").touch()
    cache.data_dir.mkdir()
    (cache.data_dir / INFOHASH).symlink_to(outside)
    assert cache.size(INFOHASH) == 0
    cache.delete(INFOHASH)
    assert list(cache.data_dir.iterdir()) == []
    assert (outside / "precious").exists()


@pytest.mark.parametrize("name", ["..", ".", "", "../torrents", INFOHASH.upper()])
def test_what_is_no_infohash_names_nothing(cache: Cache, name: str) -> None:
    fill(cache, INFOHASH)
    with pytest.raises(ValueError, match="names no torrent"):
        cache.delete(name)
    assert cache.infohashes() == [INFOHASH]


def test_what_cannot_be_deleted_is_said(
    cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(cache, INFOHASH)

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError("no")

    monkeypatch.setattr("shutil.rmtree", refuse)
    with pytest.raises(StorageFailed, match="could not be deleted"):
        cache.delete(INFOHASH)
