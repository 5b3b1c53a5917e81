"""Watches the configured folders from a thread of its own.

The system reports changes (inotify). Where it cannot, as on network shares, periodic
looks find them. ``torrent_dirs`` handles the changes.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer
from watchdog.observers.api import ObservedWatch

from mopidy_vozduxan.exceptions import StorageFailed, VozduxanError
from mopidy_vozduxan.sources.torrent_dirs import TorrentDirs

logger = logging.getLogger(__name__)

#: Changes come in bursts: look at the folders after this much quiet, or when a burst
#: takes too long.
CALM_S = 0.3
BURST_S = 5.0
#: How long to leave the processor to Mopidy when it starts: a look at 10,000 files
#: takes as long as the rest of its start.
START_S = 0.5
#: How often to look without a change: 0.2 s of work for 10,000 files on a local disk.
LOOK_EVERY_S = 300.0
#: Nothing reports when a missing folder comes back, nor what changes in a folder that
#: the system cannot watch.
AWAY_LOOK_EVERY_S = 30.0
#: How soon to retry a look that failed, because the disk is full for example.
FAILED_LOOK_AGAIN_S = 4.0
JOIN_S = 5.0

#: Reading a file or a folder is an event too, but no reason to look.
_CHANGES = frozenset({"created", "modified", "moved", "deleted", "closed"})


class Watcher(FileSystemEventHandler):
    """Makes ``torrents`` look whenever something changes below ``dirs``.

    ``first`` is called before each look, on the same thread. Setting ``changed`` has
    the folders looked at though nothing seems to have changed.
    """

    def __init__(
        self,
        dirs: Iterable[Path],
        torrents: TorrentDirs,
        stop: threading.Event,
        first: Callable[[], None] = lambda: None,
        changed: threading.Event | None = None,
    ) -> None:
        self._dirs = tuple(dirs)
        self._torrents = torrents
        self._first = first
        self._stop = stop
        self._changed = changed or threading.Event()
        self._observer = Observer()
        self._watches: dict[Path, tuple[tuple[int, int], ObservedWatch]] = {}
        self._blind: set[Path] = set()
        self._folders: frozenset[Path] | None = None
        self._failed = False  # the log has said so
        self._thread = threading.Thread(
            target=self._run, name="VozduxanFolders", daemon=True
        )

    def start(self) -> None:
        """Start; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """Stop, within seconds."""
        self._stop.set()
        self._changed.set()
        if self._thread.is_alive():
            self._thread.join(JOIN_S)

    def look_soon(self) -> None:
        """Look at the folders even if nothing seems to have changed."""
        self._changed.set()

    def on_any_event(self, event: FileSystemEvent) -> None:
        """Note a change. Runs on watchdog's thread."""
        if event.event_type in _CHANGES:
            self._changed.set()

    def _run(self) -> None:
        self._stop.wait(START_S)
        try:
            self._observer.start()
            while not self._stop.is_set():
                self._look_and_wait()
        finally:
            self._observer.stop()

    def _look_and_wait(self) -> None:
        try:
            seconds = self._look()
        except Exception as exc:
            self._say_that_it_failed(exc)
            self._stop.wait(FAILED_LOOK_AGAIN_S)
            return
        if self._failed:
            self._failed = False
            logger.info("Vozduxan: Looking for torrents works again")
        self._wait(seconds)

    def _say_that_it_failed(self, exc: Exception) -> None:
        """Log it once, until a look succeeds; the thread goes on."""
        if self._failed or self._stop.is_set():
            logger.debug("Looking for torrents failed: %s", exc)
            return
        self._failed = True
        if isinstance(exc, VozduxanError):
            # The catalog has warned already if its disk fails.
            level = logging.INFO if isinstance(exc, StorageFailed) else logging.ERROR
            logger.log(level, "Vozduxan: Cannot look for torrents now: %s", exc)
        else:
            logger.error("Vozduxan: Looking for torrents failed", exc_info=exc)

    def _look(self) -> float:
        """Look; return the seconds until the next look."""
        # First, so that no change during the look goes unnoticed.
        self._changed.clear()
        self._first()
        self._watch(self._dirs)
        again = self._torrents.look()
        if self._watch_what_is_new():
            return 0.0
        away = any(folder not in self._watches for folder in self._dirs)
        usual = AWAY_LOOK_EVERY_S if away else LOOK_EVERY_S
        return usual if again is None else min(again, usual)

    def _wait(self, seconds: float) -> None:
        """Wait for a change, and for the end of its burst."""
        if not self._changed.wait(seconds):
            return
        until = time.monotonic() + BURST_S
        while time.monotonic() < until and not self._stop.is_set():
            self._changed.clear()
            if not self._changed.wait(CALM_S):
                return

    # --- what the system is asked to tell

    def _watch_what_is_new(self) -> bool:
        """Watch what the look has found; return whether any of it is new.

        watchdog (2.2.1, 6.0.0) does not notice the content of a folder that is moved
        in, unless the watch above it is made again.
        """
        folders, before = self._torrents.folders, self._folders
        self._folders = folders
        moved_in = before is not None and not folders <= before
        if moved_in:
            for _, watch in self._watches.values():
                self._observer.unschedule(watch)
            self._watches.clear()
            self._watch(self._dirs)
        return self._watch(self._torrents.links) or moved_in

    def _watch(self, folders: Iterable[Path]) -> bool:
        """Watch folders, including returned ones; return whether any is new."""
        new = False
        for folder in folders:
            identity = _identity(folder)
            watched = self._watches.get(folder)
            if watched and watched[0] != identity:
                self._observer.unschedule(watched[1])
                del self._watches[folder]
            if identity and folder not in self._watches:
                new |= self._watch_one(folder, identity)
        return new

    def _watch_one(self, folder: Path, identity: tuple[int, int]) -> bool:
        try:
            watch = self._observer.schedule(self, str(folder), recursive=True)
        except OSError as exc:
            if folder not in self._blind:
                logger.warning(
                    "Vozduxan: Changes in %s are noticed only every %d s: %s",
                    folder,
                    AWAY_LOOK_EVERY_S,
                    exc,
                )
            self._blind.add(folder)
            return False
        self._watches[folder] = identity, watch
        return True


def _identity(folder: Path) -> tuple[int, int] | None:
    try:
        stat = os.stat(folder)
    except OSError:
        return None
    return stat.st_dev, stat.st_ino
