"""Folders that change under a watcher, with real files and the system's own news."""

from __future__ import annotations

import os
import shutil
import threading
import time
from types import SimpleNamespace

import pytest

from mopidy_vozduxan.catalog import Catalog
from mopidy_vozduxan.engine.parsing import read_with_magnet
from mopidy_vozduxan.exceptions import StorageFailed
from mopidy_vozduxan.sources import watching
from mopidy_vozduxan.sources.torrent_dirs import TorrentDirs
from mopidy_vozduxan.sources.watching import Watcher
from tests.torrent_files import single_file

ONE, TWO = single_file("One.mp3"), single_file("Two.mp3")
LONG = 30.0


class Stage:
    def __init__(self, folder):
        self.folder = folder
        self.outside = folder.with_name("outside")
        self.outside.mkdir()
        self.catalog = Catalog(folder.with_name("catalog.db"))
        self.stop = threading.Event()
        torrents = TorrentDirs(
            [folder], self.catalog, read_with_magnet, time.monotonic, self.stop
        )
        self.looks = 0
        self.looked = threading.Condition()
        look = torrents.look

        def counted():
            again = look()
            with self.looked:
                self.looks += 1
                self.looked.notify_all()
            return again

        torrents.look = counted
        self.watcher = Watcher([folder], torrents, self.stop)

    def start(self):
        self.watcher.start()
        self.until(lambda: self.looks)
        return self

    @property
    def names(self):
        return sorted(torrent.name for torrent in self.catalog.collection.summaries())

    def until(self, true):
        with self.looked:
            assert self.looked.wait_for(true, LONG), self.names

    def until_names(self, *names):
        self.until(lambda: self.names == list(names))


@pytest.fixture
def stage(tmp_path):
    (tmp_path / "torrents").mkdir()
    stage = Stage(tmp_path / "torrents")
    yield stage
    stage.watcher.stop()
    stage.catalog.close()


def copied_slowly(path, data, steps=5):
    with path.open("wb") as file:
        for start in range(0, len(data), len(data) // steps + 1):
            file.write(data[start : start + len(data) // steps + 1])
            file.flush()
            os.fsync(file.fileno())
            threading.Event().wait(0.05)


def test_what_is_there_at_the_start_is_found(stage):
    (stage.folder / "x.torrent").write_bytes(ONE)
    stage.start().until_names("One.mp3")


def test_files_come_change_and_go(stage, caplog):
    stage.start()
    (stage.outside / "x").write_bytes(ONE)
    (stage.outside / "x").rename(stage.folder / "x.torrent")
    stage.until_names("One.mp3")
    copied_slowly(stage.folder / "y.torrent", TWO)
    stage.until_names("One.mp3", "Two.mp3")
    copied_slowly(stage.folder / "x.torrent", single_file("Three.mp3"))
    stage.until_names("Three.mp3", "Two.mp3")
    (stage.folder / "y.torrent").unlink()
    stage.until_names("Three.mp3")
    (stage.folder / "x.torrent").rename(stage.outside / "x")
    stage.until_names()
    assert not [r for r in caplog.records if r.levelname == "WARNING"]


def test_folders_come_and_go(stage):
    stage.start()
    (stage.outside / "a" / "b").mkdir(parents=True)
    (stage.outside / "a" / "b" / "x.torrent").write_bytes(ONE)
    shutil.move(stage.outside / "a", stage.folder / "a")
    stage.until_names("One.mp3")
    (stage.folder / "a" / "b" / "y.torrent").write_bytes(TWO)
    stage.until_names("One.mp3", "Two.mp3")
    shutil.rmtree(stage.folder / "a")
    stage.until_names()


class Watches:
    """Stands for watchdog's observer: the folders that it watches, and how often."""

    def __init__(self):
        self.begun, self.ended = [], []

    def schedule(self, handler, path, recursive):
        self.begun.append(path)
        return path

    def unschedule(self, watch):
        self.ended.append(watch)


def test_a_folder_that_is_moved_in_has_the_watch_above_it_made_anew(stage):
    """watchdog before 7 tells nothing of what comes with it; 7 does not need this."""
    watches = stage.watcher._observer = Watches()
    path = str(stage.folder)
    stage.watcher._look()
    assert (watches.begun, watches.ended) == ([path], [])
    assert stage.watcher._look() > 0
    assert (watches.begun, watches.ended) == ([path], [])
    (stage.outside / "a").mkdir()
    shutil.move(stage.outside / "a", stage.folder / "a")
    assert stage.watcher._look() == 0  # once more at once: it may hold something
    assert (watches.begun, watches.ended) == ([path, path], [path])
    shutil.rmtree(stage.folder / "a")
    assert stage.watcher._look() > 0
    assert (watches.begun, watches.ended) == ([path, path], [path])


def test_what_a_link_leads_to_is_watched_too(stage):
    (stage.folder / "link").symlink_to(stage.outside)
    stage.start()
    stage.until(lambda: stage.looks >= 2)
    (stage.outside / "x.torrent").write_bytes(ONE)
    stage.until_names("One.mp3")


def test_a_link_to_a_file_is_followed(stage):
    (stage.outside / "x").write_bytes(ONE)
    stage.start()
    (stage.folder / "x.torrent").symlink_to(stage.outside / "x")
    stage.until_names("One.mp3")
    (stage.outside / "x").unlink()
    (stage.folder / "y.torrent").write_bytes(TWO)
    stage.until_names("Two.mp3")


def test_a_folder_that_comes_later_is_watched(stage, monkeypatch):
    monkeypatch.setattr(watching, "AWAY_LOOK_EVERY_S", 0.1)
    stage.folder.rmdir()
    stage.start()
    stage.folder.mkdir()
    (stage.folder / "x.torrent").write_bytes(ONE)
    stage.until_names("One.mp3")
    monkeypatch.setattr(watching, "AWAY_LOOK_EVERY_S", LONG)
    (stage.folder / "y.torrent").write_bytes(TWO)
    stage.until_names("One.mp3", "Two.mp3")


def test_where_the_system_tells_nothing_a_look_now_and_then_finds_it(
    stage, monkeypatch, caplog
):
    def refuse(*args, **kwargs):
        raise OSError(28, "inotify watch limit reached")

    monkeypatch.setattr(stage.watcher._observer, "schedule", refuse)
    monkeypatch.setattr(watching, "AWAY_LOOK_EVERY_S", 0.1)
    stage.start()
    (stage.folder / "x.torrent").write_bytes(ONE)
    stage.until_names("One.mp3")
    assert caplog.text.count("inotify watch limit reached") == 1


@pytest.mark.parametrize(
    ("kind", "tells"),
    [
        ("created", True),
        ("modified", True),
        ("moved", True),
        ("deleted", True),
        ("closed", True),
        # Looking is no change: each look would lead to the next.
        ("opened", False),
        ("closed_no_write", False),
    ],
)
def test_reading_is_no_change(stage, kind, tells):
    stage.watcher.on_any_event(SimpleNamespace(event_type=kind))
    assert stage.watcher._changed.is_set() is tells


def test_it_stops_in_the_middle(stage):
    stage.start()
    stage.watcher.stop()
    assert not stage.watcher._thread.is_alive()
    stage.watcher.stop()


def test_a_look_can_be_asked_for(stage):
    before = stage.start().looks
    stage.watcher.look_soon()
    stage.until(lambda: stage.looks > before)


def test_a_look_that_fails_is_said_once_and_tried_again(stage, monkeypatch, caplog):
    monkeypatch.setattr(watching, "FAILED_LOOK_AGAIN_S", 0.05)
    failures = iter([StorageFailed("The disk is full.")] * 3)
    found = stage.catalog.found_files.known

    def full_at_first():
        for failure in failures:
            raise failure
        return found()

    monkeypatch.setattr(stage.catalog.found_files, "known", full_at_first)
    (stage.folder / "one.torrent").write_bytes(ONE)
    with caplog.at_level("INFO"):
        stage.start().until_names("One.mp3")
        (stage.folder / "two.torrent").write_bytes(TWO)
        stage.until_names("One.mp3", "Two.mp3")
        again = "Vozduxan: Looking for torrents works again"
        stage.until(lambda: again in caplog.messages)
    assert sum("The disk is full." in line for line in caplog.messages) == 1
