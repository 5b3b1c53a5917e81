"""A folder to export to: nothing outside it is touched, nothing in it overwritten."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from pathlib import Path

import pytest

from mopidy_vozduxan.exceptions import BadInput, StorageFailed
from mopidy_vozduxan.keeping.target_folder import Place, Taken, TargetFolder

BYTES = b"music" * 1000


@pytest.fixture
def target(tmp_path):
    folder = TargetFolder(str(tmp_path / "stick"), [])
    yield folder
    folder.close()


def put(place: Place) -> None:
    number = place.create()
    os.write(number, BYTES)
    os.close(number)
    place.publish()


def files_in(folder: Path) -> list[str]:
    found = (path for path in folder.rglob("*") if not path.is_dir())
    return sorted(str(path.relative_to(folder)) for path in found)


def test_a_file_appears_whole_and_leaves_no_draft(target):
    with target.place(["Album", "CD 1", "1.flac"], "x") as place:
        assert place.size() is None
        put(place)
        assert place.size() == len(BYTES)
    assert files_in(target.path) == ["Album/CD 1/1.flac"]
    assert (target.path / "Album/CD 1/1.flac").read_bytes() == BYTES


def test_a_draft_leaves_with_its_failure_and_an_old_one_is_no_hindrance(target):
    (target.path / ".vozduxan-x.part").write_bytes(b"from a killed export")
    with suppress(KeyError), target.place(["1.flac"], "x") as place:
        os.close(place.create())
        raise KeyError
    assert files_in(target.path) == []


def no_links(*_: object, **__: object) -> None:
    raise OSError(errno.EPERM, "Operation not permitted")


@pytest.mark.parametrize("has_links", [True, False], ids=["linux", "fat"])
def test_a_file_that_appears_meanwhile_is_not_overwritten(
    target, monkeypatch, has_links
):
    if not has_links:
        monkeypatch.setattr(os, "link", no_links)
    with target.place(["1.flac"], "x") as place:
        os.close(place.create())
        (target.path / "1.flac").write_bytes(b"mine")
        with pytest.raises(Taken):
            place.publish()
    assert (target.path / "1.flac").read_bytes() == b"mine"
    assert files_in(target.path) == ["1.flac"]


def test_a_file_appears_where_there_are_no_hard_links(target, monkeypatch):
    monkeypatch.setattr(os, "link", no_links)
    with target.place(["1.flac"], "x") as place:
        assert place.link(target.path / "1.flac", 5) is None
        put(place)
    assert files_in(target.path) == ["1.flac"]


@pytest.mark.parametrize("there", ["link", "dangling link", "folder", "pipe"])
def test_what_is_no_file_is_not_touched(target, tmp_path, there):
    path, outside = target.path / "1.flac", tmp_path / "precious"
    outside.write_bytes(b"precious")
    match there:
        case "link":
            path.symlink_to(outside)
        case "dangling link":
            path.symlink_to(tmp_path / "new")
        case "folder":
            path.mkdir()
        case "pipe":
            os.mkfifo(path)
    with pytest.raises(Taken), target.place(["1.flac"], "x") as place:
        place.size()
    with pytest.raises(Taken), target.place(["1.flac"], "x") as place:
        put(place)
    assert outside.read_bytes() == b"precious"
    assert not (tmp_path / "new").exists()


def test_a_link_in_the_folder_leads_nowhere(target, tmp_path):
    (tmp_path / "outside").mkdir()
    (target.path / "Album").symlink_to(tmp_path / "outside")
    with pytest.raises(OSError, match="Album"), target.place(["Album", "1.flac"], "x"):
        pytest.fail("it was followed")
    assert files_in(tmp_path / "outside") == []


def test_only_a_regular_file_of_the_right_size_is_linked(target, tmp_path):
    source = tmp_path / "cached.flac"
    source.write_bytes(BYTES)
    (tmp_path / "link").symlink_to(source)
    with target.place(["1.flac"], "x") as place:
        assert place.link(source, 7) is None
        assert place.link(tmp_path / "link", len(BYTES)) is None
        assert place.link(tmp_path / "nothing", len(BYTES)) is None
        number = place.link(source, len(BYTES))
        assert number is not None
        os.close(number)
        place.publish()
    assert (target.path / "1.flac").samefile(source)


def test_a_folder_is_made_but_not_the_way_to_it(tmp_path):
    TargetFolder(str(tmp_path / "new"), []).close()
    with pytest.raises(StorageFailed, match="No such file or directory"):
        TargetFolder(str(tmp_path / "not mounted" / "Music"), [])
    with pytest.raises(BadInput, match="absolute"):
        TargetFolder("Music", [])
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageFailed, match="Not a directory"):
        TargetFolder(str(tmp_path / "file"), [])


def test_our_own_folders_are_no_target(tmp_path):
    ours = tmp_path / "cache"
    ours.mkdir()
    (tmp_path / "way").symlink_to(ours)
    for path in (ours, ours / "new", tmp_path / "way" / "new"):
        with pytest.raises(BadInput, match="its own files"):
            TargetFolder(str(path), [ours])
    TargetFolder(str(tmp_path), [ours]).close()
    assert files_in(ours) == []


@pytest.mark.parametrize("is_fat", [True, False])
def test_the_file_system_says_which_names_it_takes(target, monkeypatch, is_fat):
    """This machine's kernel has no FAT: the refusal is the one of Linux' vfat."""
    real = os.open

    def fat(path, *rest, **more):
        if set('"*:<>?|') & set(str(path)):
            raise OSError(errno.EINVAL, "Invalid argument")
        return real(path, *rest, **more)

    if is_fat:
        monkeypatch.setattr(os, "open", fat)
    assert target.takes_portable_names_only() is is_fat
    assert files_in(target.path) == []
