"""What the catalog makes of folders that change, look by look."""

from __future__ import annotations

import os
import shutil
import threading
from pathlib import Path

import pytest

from mopidy_vozduxan.catalog import Catalog, found_rows
from mopidy_vozduxan.engine.parsing import read_with_magnet
from mopidy_vozduxan.sources import torrent_dirs
from mopidy_vozduxan.sources.torrent_dirs import STILL_S, TorrentDirs
from mopidy_vozduxan.torrent.metainfo import TorrentSource
from mopidy_vozduxan.torrent.tags import Tags
from mopidy_vozduxan.torrent.uris import magnet_of
from tests.torrent_files import infohash_of, multi_file, single_file

ONE, TWO = single_file("One.mp3"), single_file("Two.mp3")


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


class Looks:
    """Looks at folders; ``now`` is the time."""

    def __init__(self, catalog, *folders):
        self.catalog = catalog
        self.now = 0.0
        self.came = []
        self.stop = threading.Event()
        self.begin_anew(*folders)

    def begin_anew(self, *folders):
        """Mopidy was stopped, and is started again."""
        self.dirs = TorrentDirs(
            folders,
            self.catalog,
            read_with_magnet,
            lambda: self.now,
            self.stop,
            self.came.extend,
        )

    def __call__(self, after=0.0):
        """Look, and say what is in the library."""
        self.now += after
        self.again = self.dirs.look()
        return sorted(torrent.name for torrent in self.catalog.collection.summaries())


@pytest.fixture
def look(catalog, folder):
    return Looks(catalog, folder)


def warnings(caplog):
    return [r.getMessage() for r in caplog.records if r.levelname == "WARNING"]


# --- what is there


def test_torrent_files_are_found_at_any_depth(folder, catalog, look):
    (folder / "a" / "b").mkdir(parents=True)
    torrent = multi_file("Album", {"01.mp3": b"1" * 20_000, "art/x.jpg": b"2"})
    (folder / "a" / "b" / "x.TORRENT").write_bytes(torrent)
    (folder / "one.torrent").write_bytes(single_file("Song.mp3"))
    (folder / "note.txt").write_bytes(single_file("Other.mp3"))
    assert look() == ["Album", "Song.mp3"]
    infohash = infohash_of(torrent)
    assert catalog.torrents.source(infohash).torrent == torrent
    assert [f.path for f in catalog.torrents.metainfo(infohash).files] == [
        *["Album/01.mp3", "Album/art/x.jpg"]
    ]
    assert infohash in look.came


def test_unchanged_files_are_not_opened_again(folder, look, monkeypatch):
    (folder / "one.torrent").write_bytes(ONE)
    look()
    (folder / "two.torrent").write_bytes(TWO)
    opened = []
    contents = torrent_dirs._contents
    monkeypatch.setattr(
        torrent_dirs, "_contents", lambda path: opened.append(path) or contents(path)
    )
    look()
    assert opened == [folder / "two.torrent"]


def test_links_in_a_circle_end(folder, catalog):
    (folder / "x.torrent").write_bytes(ONE)
    (folder / "loop").symlink_to(folder)
    (folder / "self.torrent").symlink_to(folder / "self.torrent")
    look = Looks(catalog, folder, folder)
    assert look() == ["One.mp3"]
    assert look.dirs.links == {folder}


def test_a_pipe_named_like_a_torrent_is_not_opened(folder, look):
    os.mkfifo(folder / "x.torrent")
    assert look() == []


def test_a_missing_folder_is_one_warning_until_it_is_back(
    tmp_path, folder, catalog, caplog
):
    (folder / "x.torrent").write_bytes(ONE)
    look = Looks(catalog, tmp_path / "away", folder)
    assert look() == look() == ["One.mp3"]
    assert len(warnings(caplog)) == 1
    assert str(tmp_path / "away") in caplog.text
    (tmp_path / "away").mkdir()
    look()
    (tmp_path / "away").rmdir()
    look()
    assert len(warnings(caplog)) == 2


def test_names_that_are_no_text_are_read(folder, look):
    path = Path(os.fsdecode(os.fsencode(folder) + b"/\xff.torrent"))
    path.write_bytes(ONE)
    assert look() == ["One.mp3"]
    path.unlink()
    assert look() == []


def test_a_look_can_be_stopped(folder, look):
    (folder / "x.torrent").write_bytes(ONE)
    look()
    (folder / "x.torrent").unlink()
    look.stop.set()
    assert look() == ["One.mp3"]


# --- what is on its way


@pytest.mark.parametrize("broken", [b"", b"hello", b"d4:infode", ONE[:-30]])
def test_a_broken_file_is_one_warning_once_it_is_still(folder, look, caplog, broken):
    (folder / "a.torrent").write_bytes(broken)
    (folder / "b.torrent").write_bytes(TWO)
    assert look() == ["Two.mp3"]
    assert warnings(caplog) == []
    assert look.again == STILL_S
    for _ in range(3):
        look(after=STILL_S)
    (warning,) = warnings(caplog)
    assert str(folder / "a.torrent") in warning
    assert look.again is None


def test_a_file_that_is_copied_slowly_is_taken_without_a_word(folder, look, caplog):
    for size in range(10, len(ONE), len(ONE) // 7):
        (folder / "a.torrent").write_bytes(ONE[:size])
        assert look(after=STILL_S - 1) == []
    (folder / "a.torrent").write_bytes(ONE)
    assert look() == ["One.mp3"]
    assert warnings(caplog) == []
    assert look.again is None


def test_a_refused_file_is_read_again_when_it_changes(folder, look, caplog):
    (folder / "a.torrent").write_bytes(b"nonsense")
    look()
    look(after=STILL_S)
    (folder / "a.torrent").write_bytes(ONE)
    assert look() == ["One.mp3"]


def test_a_refused_file_is_not_read_again_by_the_next_run(
    folder, look, caplog, monkeypatch
):
    """Reading it may take long; the next run says what was wrong all the same."""
    (folder / "a.torrent").write_bytes(b"nonsense")
    look()
    look(after=STILL_S)
    (before,) = warnings(caplog)
    caplog.clear()
    monkeypatch.setattr(torrent_dirs, "_contents", pytest.fail)
    look.begin_anew(folder)
    assert look() == look() == []
    assert warnings(caplog) == [before]


def test_what_an_older_version_refused_is_read_again(folder, look, monkeypatch):
    (folder / "a.torrent").write_bytes(b"nonsense")
    monkeypatch.setattr(found_rows, "__version__", "0.0.0")
    look()
    look(after=STILL_S)
    monkeypatch.undo()
    monkeypatch.setattr(torrent_dirs, "_contents", lambda path: ONE)
    look.begin_anew(folder)
    assert look() == ["One.mp3"]


def test_a_file_that_may_not_be_read_is_one_warning(folder, look, caplog, monkeypatch):
    (folder / "a.torrent").write_bytes(ONE)

    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(torrent_dirs, "_contents", refuse)
    look()
    assert look(after=STILL_S) == look(after=STILL_S) == []
    (warning,) = warnings(caplog)
    assert "Permission denied" in warning


def test_a_file_that_is_too_large_is_not_read_whole(folder, look, caplog):
    with (folder / "a.torrent").open("wb") as file:
        file.truncate(1 << 40)  # sparse
    look()
    assert look(after=STILL_S) == []
    assert "larger than 10 MiB" in caplog.text


# --- what changes


def test_a_changed_file_is_read_again_and_what_it_held_leaves(folder, look):
    file = folder / "x.torrent"
    file.write_bytes(ONE)
    look()
    file.write_bytes(single_file("Another.mp3"))
    assert look() == ["Another.mp3"]


def test_a_touched_file_changes_nothing(folder, catalog, look):
    (folder / "x.torrent").write_bytes(ONE)
    look()
    before = catalog.collection.summaries()
    os.utime(folder / "x.torrent", ns=(1, 1))
    look()
    assert catalog.collection.summaries() == before


def test_a_file_that_is_overwritten_keeps_its_torrent_until_it_is_whole(folder, look):
    (folder / "x.torrent").write_bytes(ONE)
    look()
    (folder / "x.torrent").write_bytes(TWO[:-30])
    assert look() == ["One.mp3"]
    (folder / "new").write_bytes(TWO)
    (folder / "new").replace(folder / "x.torrent")
    assert look() == ["Two.mp3"]


def test_a_file_that_moves_stays_in_the_library(folder, catalog, look):
    (folder / "x.torrent").write_bytes(ONE)
    look()
    before = catalog.collection.summaries()
    (folder / "sub").mkdir()
    (folder / "x.torrent").rename(folder / "sub" / "y.torrent")
    look()
    assert catalog.collection.summaries() == before
    assert list(catalog.found_files.known()) == [folder / "sub" / "y.torrent"]


# --- what goes


def test_a_torrent_leaves_the_library_with_its_file(folder, catalog, look):
    (folder / "x.torrent").write_bytes(ONE)
    (folder / "y.torrent").write_bytes(TWO)
    look()
    (folder / "x.torrent").unlink()
    assert look() == ["Two.mp3"]
    (folder / "y.torrent").unlink()  # the folder is empty, and the same as before
    assert look() == []
    assert catalog.found_files.known() == {}
    (folder / "x.torrent").write_bytes(ONE)
    assert look() == ["One.mp3"]


def test_what_left_with_its_file_is_still_known_and_comes_back_with_it(
    folder, catalog, look
):
    file, infohash = folder / "x.torrent", infohash_of(ONE)
    file.write_bytes(ONE)
    look()
    (before,) = catalog.collection.summaries()
    catalog.scans.keep_tags(infohash, 0, Tags(title="Said"))
    file.unlink()
    assert look() == []
    assert catalog.torrents.source(infohash).torrent == ONE
    file.write_bytes(ONE)
    look()
    assert catalog.collection.summaries() == [before]
    assert catalog.scans.unscanned(infohash) == []


def test_what_comes_back_with_a_file_leaves_with_it(folder, catalog, look):
    infohash = infohash_of(ONE)
    catalog.collection.add(TorrentSource(infohash, magnet=magnet_of(infohash)), None)
    catalog.collection.remove(infohash)
    (folder / "x.torrent").write_bytes(ONE)
    assert look() == ["One.mp3"]
    (folder / "x.torrent").unlink()
    assert look() == []


def test_it_stays_as_long_as_another_file_holds_it(folder, look):
    for name in ("x", "y"):
        (folder / f"{name}.torrent").write_bytes(ONE)
    look()
    (folder / "x.torrent").unlink()
    assert look() == ["One.mp3"]
    (folder / "y.torrent").unlink()
    assert look() == []


def test_it_stays_when_a_listener_has_added_it_too(folder, catalog, look):
    (folder / "x.torrent").write_bytes(ONE)
    look()
    infohash = infohash_of(ONE)
    catalog.collection.add(TorrentSource(infohash, magnet=magnet_of(infohash)), None)
    (folder / "x.torrent").unlink()
    assert look() == ["One.mp3"]


def test_a_folder_goes_with_all_that_is_in_it(folder, look):
    (folder / "a" / "b").mkdir(parents=True)
    (folder / "a" / "b" / "x.torrent").write_bytes(ONE)
    (folder / "y.torrent").write_bytes(TWO)
    look()
    shutil.rmtree(folder / "a")
    assert look() == ["Two.mp3"]


def test_a_folder_that_vanishes_keeps_its_torrents(folder, look, caplog):
    (folder / "x.torrent").write_bytes(ONE)
    look()
    folder.rename(folder.with_name("unmounted"))
    assert look() == look() == ["One.mp3"]
    folder.with_name("unmounted").rename(folder)
    assert look() == ["One.mp3"]
    assert len(warnings(caplog)) == 1


def test_an_unmounted_folder_keeps_its_torrents(folder, look, monkeypatch):
    """What is below a mount point lies on another file system when it is away."""
    (folder / "x.torrent").write_bytes(ONE)
    look()
    (folder / "x.torrent").unlink()
    (folder / "not mounted.txt").touch()
    monkeypatch.setattr(torrent_dirs, "_device", lambda folder: -1)
    assert look() == look() == ["One.mp3"]


def test_what_went_while_we_were_away_is_noticed(folder, look):
    (folder / "x.torrent").write_bytes(ONE)
    (folder / "y.torrent").write_bytes(TWO)
    look()
    (folder / "x.torrent").unlink()
    look.begin_anew(folder)
    assert look() == ["Two.mp3"]


def test_an_empty_folder_at_the_start_may_be_a_mount_point(folder, look):
    (folder / "x.torrent").write_bytes(ONE)
    look()
    (folder / "x.torrent").unlink()
    look.begin_anew(folder)
    assert look() == look() == ["One.mp3"]
    (folder / "y.torrent").write_bytes(TWO)  # somebody uses it after all
    assert look() == ["Two.mp3"]


def test_a_missing_folder_at_the_start_keeps_its_torrents(folder, look):
    (folder / "x.torrent").write_bytes(ONE)
    look()
    shutil.rmtree(folder)
    look.begin_anew(folder)
    assert look() == ["One.mp3"]


def test_a_folder_that_cannot_be_read_keeps_its_torrents(folder, look, monkeypatch):
    (folder / "x.torrent").write_bytes(ONE)
    look()
    scandir = os.scandir

    def refuse(path):
        if Path(path) == folder:
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert look() == ["One.mp3"]


def test_a_folder_that_is_no_longer_configured_takes_its_torrents_along(
    tmp_path, folder, look
):
    other = tmp_path / "other"
    other.mkdir()
    (folder / "x.torrent").write_bytes(ONE)
    (other / "y.torrent").write_bytes(TWO)
    look.begin_anew(folder, other)
    look()
    look.begin_anew(other)
    assert look() == ["Two.mp3"]


def test_without_any_folder_everything_stays(folder, look):
    (folder / "x.torrent").write_bytes(ONE)
    look()
    look.begin_anew()
    assert look() == ["One.mp3"]


def test_a_removed_torrent_does_not_come_back_by_itself(folder, catalog, look):
    (folder / "x.torrent").write_bytes(ONE)
    look()
    catalog.collection.remove(infohash_of(ONE))
    assert look() == []
    (folder / "x.torrent").unlink()
    assert look() == []
    assert catalog.found_files.known() == {}


@pytest.mark.parametrize("name", ["Album.iso", "a.rar", "a.zip"])
def test_a_torrent_of_an_archive_alone_says_what_it_is(folder, look, caplog, name):
    (folder / "x.torrent").write_bytes(multi_file("Packed", {name: b"1" * 20_000}))
    look()
    (said,) = warnings(caplog)
    assert f"“Packed” has no audio file: “{name}” is an " in said


def test_a_large_archive_beside_tracks_is_mentioned(folder, look, caplog):
    files = {"1.flac": b"1" * 1000, "sacd.iso": b"2" * 20_000}
    (folder / "x.torrent").write_bytes(multi_file("Both", files))
    with caplog.at_level("INFO"):
        look()
    assert "Not all of “Both” is shown: “sacd.iso” is an image" in caplog.text
    assert warnings(caplog) == []
