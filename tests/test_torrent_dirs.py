from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from mopidy_vozduxan import torrent_dirs
from mopidy_vozduxan.catalog import Catalog
from mopidy_vozduxan.torrent_dirs import scan
from tests.torrent_files import infohash_of, multi_file, single_file


@pytest.fixture
def catalog(tmp_path):
    catalog = Catalog(tmp_path / "catalog.db")
    yield catalog
    catalog.close()


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "torrents"
    folder.mkdir()
    return folder


def names(catalog):
    return sorted(torrent.name for torrent in catalog.torrents())


def test_torrent_files_are_found_at_any_depth(folder, catalog):
    (folder / "a" / "b").mkdir(parents=True)
    torrent = multi_file("Album", {"01.mp3": b"1" * 20_000, "art/x.jpg": b"2"})
    (folder / "a" / "b" / "x.TORRENT").write_bytes(torrent)
    (folder / "one.torrent").write_bytes(single_file("Song.mp3"))
    (folder / "note.txt").write_bytes(single_file("Other.mp3"))
    assert scan([folder], catalog) == 2
    assert names(catalog) == ["Album", "Song.mp3"]
    infohash = infohash_of(torrent)
    assert catalog.source(infohash).torrent == torrent
    assert [f.path for f in catalog.metainfo(infohash).files] == [
        *["Album/01.mp3", "Album/art/x.jpg"]
    ]


def test_unchanged_files_are_not_opened_again(folder, catalog, monkeypatch):
    (folder / "one.torrent").write_bytes(single_file("One.mp3"))
    scan([folder], catalog)
    (folder / "two.torrent").write_bytes(single_file("Two.mp3"))
    opened = []
    contents = torrent_dirs._contents
    monkeypatch.setattr(
        torrent_dirs, "_contents", lambda path: opened.append(path) or contents(path)
    )
    assert scan([folder], catalog) == 1
    assert opened == [folder / "two.torrent"]


def test_a_changed_file_is_read_again(folder, catalog):
    file = folder / "x.torrent"
    file.write_bytes(single_file("One.mp3"))
    scan([folder], catalog)
    file.write_bytes(single_file("Another.mp3"))
    os.utime(file, ns=(1, 1))
    assert scan([folder], catalog) == 1
    assert names(catalog) == ["Another.mp3", "One.mp3"]


def test_a_file_that_goes_away_stays_in_the_catalog(folder, catalog):
    file = folder / "x.torrent"
    file.write_bytes(single_file("One.mp3"))
    scan([folder], catalog)
    file.unlink()
    assert scan([folder], catalog) == 0
    assert names(catalog) == ["One.mp3"]


def test_a_removed_torrent_does_not_come_back_by_itself(folder, catalog):
    torrent = single_file("One.mp3")
    (folder / "x.torrent").write_bytes(torrent)
    scan([folder], catalog)
    catalog.remove(infohash_of(torrent))
    scan([folder], catalog)
    assert names(catalog) == []


@pytest.mark.parametrize(
    "broken", [b"", b"hello", b"d4:infode", single_file("x.mp3")[:-30]]
)
def test_a_broken_file_is_one_warning_and_changes_nothing(
    folder, catalog, caplog, broken
):
    (folder / "a.torrent").write_bytes(broken)
    (folder / "b.torrent").write_bytes(single_file("Good.mp3"))
    assert scan([folder], catalog) == 1
    assert names(catalog) == ["Good.mp3"]
    warnings = [r for r in caplog.records if r.levelname == "WARNING"]
    assert len(warnings) == 1
    assert str(folder / "a.torrent") in warnings[0].getMessage()


def test_a_half_copied_file_is_taken_once_it_is_whole(folder, catalog):
    whole = single_file("Late.mp3")
    (folder / "a.torrent").write_bytes(whole[:-30])
    assert scan([folder], catalog) == 0
    (folder / "a.torrent").write_bytes(whole)
    assert scan([folder], catalog) == 1


def test_a_file_that_is_too_large_is_not_read_whole(folder, catalog, caplog):
    with (folder / "a.torrent").open("wb") as file:
        file.truncate(1 << 40)  # sparse
    assert scan([folder], catalog) == 0
    assert "larger than 10 MiB" in caplog.text


def test_links_in_a_circle_end(folder, catalog):
    (folder / "x.torrent").write_bytes(single_file("One.mp3"))
    (folder / "loop").symlink_to(folder)
    (folder / "self.torrent").symlink_to(folder / "self.torrent")
    assert scan([folder, folder], catalog) == 1


def test_a_pipe_named_like_a_torrent_is_not_opened(folder, catalog):
    os.mkfifo(folder / "x.torrent")
    assert scan([folder], catalog) == 0


def test_a_missing_folder_is_a_warning(tmp_path, folder, catalog, caplog):
    (folder / "x.torrent").write_bytes(single_file("One.mp3"))
    assert scan([tmp_path / "nowhere", folder], catalog) == 1
    assert str(tmp_path / "nowhere") in caplog.text


def test_names_that_are_no_text_are_read(folder, catalog):
    path = Path(os.fsdecode(os.fsencode(folder) + b"/\xff.torrent"))
    path.write_bytes(single_file("One.mp3"))
    assert scan([folder], catalog) == 1
    assert scan([folder], catalog) == 0


def test_a_scan_can_be_stopped(folder, catalog):
    (folder / "x.torrent").write_bytes(single_file("One.mp3"))
    stop = threading.Event()
    stop.set()
    assert scan([folder], catalog, stop) == 0
