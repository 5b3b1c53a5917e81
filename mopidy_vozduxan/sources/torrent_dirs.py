"""Keeps the catalog in step with the configured folders.

Meant for a thread of its own, because it reads the disk. It looks when it is told
to, never writes to the folders, and remembers between looks what it could not read.

Design notes: a missing folder (a disk that is not mounted, a share that is down)
looks like one whose files were all removed. So a file counts as removed only if its
folder, or the nearest existing parent, is on the file system where the file was last
seen. For a file that this process has not seen yet, that is unknown. An empty folder
then proves nothing, because mount points are empty too.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from mopidy_vozduxan.catalog import Catalog, FoundAt
from mopidy_vozduxan.exceptions import BadInput
from mopidy_vozduxan.sources.folder_walk import FolderWalk
from mopidy_vozduxan.sources.unshown_files import say_what_is_silent
from mopidy_vozduxan.torrent.metainfo import (
    MAX_TORRENT_BYTES,
    Metainfo,
    ReadTorrent,
    TorrentSource,
)

logger = logging.getLogger(__name__)

#: A file that cannot be read may still be being written. It is refused only after it
#: has not changed for this long.
STILL_S = 10.0
_NEVER = (0, -1, "")


class TorrentDirs:
    """The folders ``dirs``, and their torrents in ``catalog``.

    ``clock`` gives monotonic seconds. Once ``stop`` is set, a look ends early.
    ``came`` is called with the infohashes of added torrents.
    """

    def __init__(
        self,
        dirs: Sequence[Path],
        catalog: Catalog,
        read_torrent: ReadTorrent,
        clock: Callable[[], float],
        stop: threading.Event,
        came: Callable[[Sequence[str]], None] = lambda _: None,
    ) -> None:
        self._dirs = dirs
        self._catalog = catalog
        self._read_torrent = read_torrent
        self._clock = clock
        self._stop = stop
        self._came = came
        self._devices: dict[Path, int] = {}  # of the folder where a file was last seen
        self._doubts: dict[Path, tuple[FoundAt, float]] = {}  # unreadable, since
        self._refused: dict[Path, FoundAt] = {}  # the log has said so
        self._remembered: Mapping[FoundAt, str] = {}  # refused in earlier runs
        self._away: frozenset[Path] = frozenset()
        #: What the last look found: folders, and the targets of links.
        self.folders: frozenset[Path] = frozenset()
        self.links: frozenset[Path] = frozenset()

    def look(self) -> float | None:
        """Bring the catalog up to date.

        Returns the seconds until the next look, or ``None`` to wait for a change.
        Raises :class:`StorageFailed`.
        """
        known = self._catalog.found_files.known()
        self._remembered = self._catalog.found_files.refused()
        walk = FolderWalk(self._dirs, self._stop)
        if self._stop.is_set():
            return None
        self.folders, self.links = frozenset(walk.folders), frozenset(walk.links)
        self._say_what_is_away(walk)
        outdated = self._add(self._changed(walk.files, known), known)
        if self._stop.is_set():
            return None
        gone = [p for p in known if p not in walk.files and self._is_gone(p, walk)]
        self._withdraw(gone, outdated)
        self._devices.update(walk.devices)
        for path in gone:
            self._devices.pop(path, None)
        return self._next_look()

    # --- what is there

    def _changed(
        self,
        files: Mapping[Path, FoundAt],
        known: Mapping[Path, tuple[int, int, str]],
    ) -> list[FoundAt]:
        """Return the files to read; forget the doubts about missing ones."""
        for memory in (self._doubts, self._refused):
            for path in memory.keys() - files.keys():
                del memory[path]
        return [
            place
            for path, place in files.items()
            if known.get(path, _NEVER)[:2] != (place.mtime_ns, place.size)
            and not self._is_refused(place)
        ]

    def _is_refused(self, place: FoundAt) -> bool:
        """Return whether this version of a file was refused before; log that once."""
        if self._refused.get(place.path) == place:
            return True
        reason = self._remembered.get(place)
        if reason is None:
            return False
        self._refuse(place, reason)
        return True

    def _refuse(self, place: FoundAt, reason: object) -> None:
        self._refused[place.path] = place
        logger.warning("Vozduxan: Cannot use the file %s: %s", place.path, reason)

    def _add(
        self, places: Sequence[FoundAt], known: Mapping[Path, tuple[int, int, str]]
    ) -> set[str]:
        """Add the readable files; return the torrents that they held before."""
        outdated: set[str] = set()
        added: list[str] = []

        def readable() -> Iterator[tuple[TorrentSource, Metainfo, FoundAt]]:
            for place in places:
                if self._stop.is_set():
                    return
                if read := self._read(place):
                    _, _, before = known.get(place.path, _NEVER)
                    outdated.add(before)
                    added.append(read[1].infohash)
                    say_what_is_silent(read[1])
                    yield (*read, place)

        self._catalog.collection.add_all(readable())
        if added:
            logger.info("Vozduxan: Added %d new or changed torrent file(s)", len(added))
            self._came(added)
        return outdated.difference(added, [""])

    def _read(self, place: FoundAt) -> tuple[TorrentSource, Metainfo] | None:
        try:
            read = self._read_torrent(_contents(place.path))
        except FileNotFoundError:  # removed meanwhile
            return None
        except (BadInput, OSError) as exc:
            self._doubt(place, exc)
            return None
        self._doubts.pop(place.path, None)
        return read

    def _doubt(self, place: FoundAt, error: Exception) -> None:
        """Wait for a file that is being written; refuse one that does not change."""
        now = self._clock()
        before, since = self._doubts.get(place.path, (None, now))
        if before != place:
            since = now
        if now - since < STILL_S:
            self._doubts[place.path] = place, since
            return
        self._doubts.pop(place.path, None)
        self._refuse(place, error)
        if isinstance(error, BadInput):  # other errors are the disk's fault
            self._catalog.found_files.refuse(place, str(error))

    def _next_look(self) -> float | None:
        waits = [since + STILL_S for _, since in self._doubts.values()]
        return max(0.0, min(waits) - self._clock()) if waits else None

    # --- what is gone

    def _is_gone(self, path: Path, walk: FolderWalk) -> bool:
        """Return whether somebody removed a file that was not found."""
        root = next((root for root in self._dirs if path.is_relative_to(root)), None)
        if root is None:  # that folder is no longer configured
            return bool(self._dirs)
        try:
            path.stat()
        except (FileNotFoundError, NotADirectoryError):
            above = _nearest(path.parent, root)
        except OSError:
            return False
        else:
            return False
        if above is None or above in walk.unreadable:
            return False
        before = self._devices.get(path)
        if before is None:
            return above in walk.filled
        return _device(above) == before

    def _withdraw(self, gone: Sequence[Path], outdated: Iterable[str]) -> None:
        left = self._catalog.found_files.withdraw(gone, outdated)
        if left:
            logger.info(
                "Vozduxan: %d torrent(s) left the library with their files", len(left)
            )

    def _say_what_is_away(self, walk: FolderWalk) -> None:
        """Log the folders that cannot be read, each once until it is back."""
        for folder in walk.unreadable.keys() - self._away:
            logger.warning(
                "Vozduxan: Cannot look for torrents in %s: %s",
                folder,
                walk.unreadable[folder],
            )
        self._away = frozenset(walk.unreadable)


def _contents(path: Path) -> bytes:
    with path.open("rb") as file:
        data = file.read(MAX_TORRENT_BYTES + 1)
    if len(data) > MAX_TORRENT_BYTES:
        raise BadInput("it is larger than 10 MiB")
    return data


def _nearest(folder: Path, root: Path) -> Path | None:
    """Return the nearest existing folder, not above ``root``."""
    while not folder.is_dir():
        if folder == root:
            return None
        folder = folder.parent
    return folder


def _device(folder: Path) -> int | None:
    try:
        return os.stat(folder).st_dev
    except OSError:
        return None
