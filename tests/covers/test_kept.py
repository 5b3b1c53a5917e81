"""The pictures on disk: there after a restart, bounded, and never half."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from mopidy_vozduxan.covers.kept_pictures import KeptPictures, PictureName
from mopidy_vozduxan.covers.picture import Picture

V1, V2 = "a" * 40, "b" * 64
COVER = PictureName(V1, 3)
EMBEDDED = PictureName(V2, 0, embedded=True)
BLOCK = 4096


def jpg(size: int = 10, fill: bytes = b"j") -> Picture:
    return Picture(fill * size, "jpg")


def test_what_is_kept_is_there_after_a_restart(tmp_path):
    kept = KeptPictures(tmp_path / "images")
    kept.keep(COVER, jpg())
    kept.keep(EMBEDDED, Picture(b"png", "png"))
    again = KeptPictures(tmp_path / "images")
    assert again.get(COVER) == jpg()
    assert again.get(EMBEDDED) == Picture(b"png", "png")
    assert again.get(PictureName(V1, 4)) is None
    assert again.get(PictureName(V1, 3, embedded=True)) is None
    assert again.embedded(V2) == {0}
    assert again.embedded(V1) == frozenset()


def test_a_newer_picture_replaces_one_of_another_kind(tmp_path):
    kept = KeptPictures(tmp_path)
    kept.keep(COVER, jpg())
    kept.keep(COVER, Picture(b"png", "png"))
    assert kept.get(COVER) == Picture(b"png", "png")
    assert len(list(tmp_path.iterdir())) == 1


def test_forgetting_a_torrent_leaves_the_others(tmp_path):
    kept = KeptPictures(tmp_path)
    kept.keep(COVER, jpg())
    kept.keep(PictureName(V1, 0, embedded=True), jpg())
    kept.keep(EMBEDDED, jpg())
    kept.forget(V1)
    assert kept.get(COVER) is None
    assert kept.embedded(V1) == frozenset()
    assert kept.get(EMBEDDED) == jpg()
    assert [path.name for path in tmp_path.iterdir()] == [f"{EMBEDDED}.jpg"]


def test_the_longest_unused_goes_first_and_embedded_ones_last(tmp_path):
    names = [PictureName(V1, index) for index in range(3)]
    kept = KeptPictures(tmp_path, 4 * BLOCK)
    kept.keep(EMBEDDED, jpg(BLOCK))
    for name in names:
        kept.keep(name, jpg(BLOCK))
    kept.get(names[0])
    kept.keep(PictureName(V1, 9), jpg(1))
    assert kept.get(names[1]) is None
    assert all(map(kept.get, [EMBEDDED, names[0], names[2]]))
    kept.keep(PictureName(V1, 10), jpg(3 * BLOCK))
    assert kept.get(EMBEDDED)
    assert len(list(tmp_path.iterdir())) == 2


def test_use_counts_after_a_restart_too(tmp_path):
    names = [PictureName(V1, index) for index in range(2)]
    kept = KeptPictures(tmp_path)
    for age, name in enumerate(names, 1):
        kept.keep(name, jpg(BLOCK))
        os.utime(tmp_path / f"{name}.jpg", (age, age))
    kept.get(names[0])
    again = KeptPictures(tmp_path, 2 * BLOCK)
    again.keep(PictureName(V1, 5), jpg())
    assert again.get(names[0])
    assert again.get(names[1]) is None


def test_other_files_in_the_folder_are_left_alone(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / f"{V1}-1.svg").write_text("<svg/>")
    (tmp_path / f"{V1}-x.jpg").write_text("")
    kept = KeptPictures(tmp_path, 0)
    kept.keep(COVER, jpg())
    assert kept.get(COVER) is None
    assert len(list(tmp_path.iterdir())) == 3


def test_what_a_crash_or_a_power_cut_left_is_no_picture(tmp_path):
    (tmp_path / f"{COVER}.jpg").write_bytes(b"")
    (tmp_path / f"{COVER}.jpg.140.draft").write_bytes(b"half")
    kept = KeptPictures(tmp_path)
    assert kept.get(COVER) is None
    kept.keep(COVER, jpg())
    assert kept.get(COVER) == jpg()
    assert [path.name for path in tmp_path.iterdir()] == [f"{COVER}.jpg"]


def test_a_file_that_somebody_deleted_is_no_error(tmp_path):
    kept = KeptPictures(tmp_path)
    kept.keep(EMBEDDED, jpg())
    (tmp_path / f"{EMBEDDED}.jpg").unlink()
    assert kept.get(EMBEDDED) is None
    assert kept.embedded(V2) == frozenset()


def test_a_disk_that_cannot_be_written_is_no_error(tmp_path):
    (tmp_path / "images").write_text("a file where the folder should be")
    kept = KeptPictures(tmp_path / "images")
    kept.keep(COVER, jpg())
    kept.forget(V1)
    assert kept.get(COVER) is None


@pytest.mark.parametrize("writers", [8])
def test_many_may_write_at_once(tmp_path, writers):
    kept = KeptPictures(tmp_path)
    with ThreadPoolExecutor(writers) as pool:
        for number in range(writers):
            pool.submit(kept.keep, COVER, jpg(9000, bytes([number])))
    picture = kept.get(COVER)
    assert picture
    assert len(set(picture.data)) == 1
    assert len(picture.data) == 9000
    assert len(list(tmp_path.iterdir())) == 1
