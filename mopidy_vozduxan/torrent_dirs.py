"""Finds ``.torrent`` files in the configured folders and tells the catalog.

Meant for a worker thread: it reads the disk. It never writes to the folders,
and a file that goes away stays in the catalog.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from mopidy_vozduxan.catalog import Catalog, FoundAt
from mopidy_vozduxan.engine.metainfo import read_with_magnet
from mopidy_vozduxan.exceptions import BadInput

logger = logging.getLogger(__name__)

#: 10 MiB holds the hashes of half a million pieces; nothing musical comes near.
LARGEST = 10 * 1024 * 1024


def scan(
    dirs: Iterable[Path], catalog: Catalog, stop: threading.Event | None = None
) -> int:
    """Add what is new or changed in ``dirs``; return how many files that were.

    Files that look as they did when they were last read are not opened. A file
    that cannot be read is named in the log, and tried again by the next scan.
    Ends early once ``stop`` is set. Raises :class:`StorageFailed`.
    """
    stop = stop or threading.Event()
    known = catalog.found()
    added = 0
    for entry in _torrent_files(dirs):
        if stop.is_set():
            break
        place = _place(entry)
        if place and known.get(place.path) != (place.mtime_ns, place.size):
            added += _add(place, catalog)
    if added:
        logger.info("Vozduxan: Added %d new or changed torrent file(s)", added)
    return added


def _add(place: FoundAt, catalog: Catalog) -> bool:
    try:
        data = _contents(place.path)
        source, metainfo = read_with_magnet(data, None)
    except (BadInput, OSError) as exc:
        logger.warning("Vozduxan: Cannot use the file %s: %s", place.path, exc)
        return False
    catalog.add(source, metainfo, place)
    return True


def _contents(path: Path) -> bytes:
    with path.open("rb") as file:
        data = file.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise BadInput("it is larger than 10 MiB")
    return data


def _place(entry: os.DirEntry[str]) -> FoundAt | None:
    try:
        stat = entry.stat()
    except OSError:  # removed meanwhile
        return None
    return FoundAt(Path(entry.path), stat.st_mtime_ns, stat.st_size)


def _torrent_files(dirs: Iterable[Path]) -> Iterator[os.DirEntry[str]]:
    """Walk all folders below ``dirs``, each once however it is linked."""
    waiting = list(dirs)[::-1]
    seen: set[tuple[int, int]] = set()
    while waiting:
        folder = waiting.pop()
        for entry in _entries(folder, seen):
            if _answers(entry.is_dir):
                waiting.append(Path(entry.path))
            elif entry.name.lower().endswith(".torrent") and _answers(entry.is_file):
                yield entry


def _entries(folder: Path, seen: set[tuple[int, int]]) -> list[os.DirEntry[str]]:
    try:
        stat = folder.stat()
        if (stat.st_dev, stat.st_ino) in seen:
            return []
        seen.add((stat.st_dev, stat.st_ino))
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError as exc:
        logger.warning("Vozduxan: Cannot look for torrents in %s: %s", folder, exc)
        return []


def _answers(question: Callable[[], bool]) -> bool:
    try:
        return question()
    except OSError:  # a link that leads nowhere, or in a circle
        return False
