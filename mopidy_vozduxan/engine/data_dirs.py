"""Looks for a torrent's files in the folders of other clients.

Reads folders and file sizes, and changes nothing. A torrent is there under its own name
(libtorrent's, or the one in an old encoding), in the named folder or up to two levels
below, where clients keep categories. Its own folder may also be missing or renamed.
"""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from mopidy_vozduxan.engine.file_table import FileTable
from mopidy_vozduxan.engine.places import SUFFIXES, Naming, Place, place_at

logger = logging.getLogger(__name__)

#: A disk that sleeps wakes up in this time. A share that hangs is then left alone until
#: it answers.
LOOK_S = 10.0
_LEVELS = 2
_MOST_FOLDERS = 2000
#: Without the torrent's own folder, one of the first files has to have its exact size.
_FIRST_FILES = 3


class DataDirs:
    """The ``folders``, except what lies in ``ours``, the folder of our own data."""

    def __init__(self, folders: Iterable[Path], ours: Path) -> None:
        self._ours = os.path.realpath(ours)
        self._dirs = [_DataDir(str(folder), self._ours) for folder in folders]

    def places(self, table: FileTable, readable: list[str] | None) -> list[Place]:
        """Return where the torrent's files lie; waits for at most :data:`LOOK_S` each.

        ``readable`` has the paths of files whose names are in an old encoding.
        """
        found = (folder.look(table, readable) for folder in self._dirs)
        return [place for place in found if place]

    def close(self) -> None:
        """Look no more."""
        for folder in self._dirs:
            folder.close()


class _DataDir:
    """One folder; a thread of its own, which may hang, looks into it."""

    def __init__(self, folder: str, ours: str) -> None:
        self._folder = folder
        self._ours = ours
        self._thread = ThreadPoolExecutor(1, "vozduxan-data-dir")
        self._late: Future[Place | None] | None = None
        self._absent = False

    def look(self, table: FileTable, readable: list[str] | None) -> Place | None:
        if self._late and not self._late.done():
            return None
        looking = self._thread.submit(self._look, table, readable)
        try:
            return looking.result(LOOK_S)
        except TimeoutError:
            self._late = looking
            logger.warning(
                "Vozduxan: The data folder %s does not answer; it is left out"
                " until it does",
                self._folder,
            )
        except OSError as exc:
            if not self._absent:
                logger.warning("Vozduxan: Cannot read a data folder: %s", exc)
            self._absent = True
        return None

    def close(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _look(self, table: FileTable, readable: list[str] | None) -> Place | None:
        os.scandir(self._folder).close()
        self._absent = False
        ways = list(_ways(table, readable))
        for below in islice(_folders(self._folder, self._ours), _MOST_FOLDERS):
            for way in ways:
                if way.begins(os.path.join(self._folder, below)) and (
                    place := place_at(self._folder, table, way.naming(below))
                ):
                    return place
        return None


@dataclass(frozen=True, slots=True)
class _Way:
    """How the files may be named below a folder.

    Each of the ``probes`` is a path, and the size that a file there must have. One of
    them being there is a good sign.
    """

    names: Sequence[str]
    probes: Sequence[tuple[str, int | None]]

    def begins(self, folder: str) -> bool:
        return any(_is_at(os.path.join(folder, path), n) for path, n in self.probes)

    def naming(self, below: str) -> Naming:
        return lambda index: os.path.join(below, self.names[index])


def _ways(table: FileTable, readable: list[str] | None) -> Iterator[_Way]:
    own = [table.path(index) for index in range(len(table))]
    for names in filter(None, (own, readable)):
        root, _, rest = names[0].partition("/")
        if rest:
            yield _Way(names, [(root, None)])
            bare = [name.partition("/")[2] for name in names]
            yield _Way(bare, list(islice(_sizes(table, bare), _FIRST_FILES)))
        else:
            yield _Way(names, [(root + suffix, None) for suffix in SUFFIXES])
            stem = os.path.splitext(root)[0]
            yield _Way([f"{stem}/{root}"], [(stem, None)])


def _sizes(table: FileTable, names: Sequence[str]) -> Iterator[tuple[str, int]]:
    for index, name in enumerate(names):
        if not table.is_padding(index) and (size := table.pieces_of(index).size):
            yield name, size


def _is_at(path: str, size: int | None) -> bool:
    try:
        found = os.lstat(path)
    except (OSError, ValueError):
        return False
    return size is None or (stat.S_ISREG(found.st_mode) and found.st_size == size)


def _folders(top: str, ours: str) -> Iterator[str]:
    """Yield "" for the folder itself, then what is below it, the near ones first."""
    level = [""]
    for _ in range(_LEVELS + 1):
        following: list[str] = []
        for below in level:
            where = os.path.join(top, below)
            if os.path.realpath(where) != ours:
                yield below
                following += _subfolders(where, below)
        level = following


def _subfolders(where: str, below: str) -> list[str]:
    try:
        with os.scandir(where) as entries:
            return sorted(
                os.path.join(below, entry.name)
                for entry in entries
                if entry.is_dir(follow_symlinks=False)
            )
    except OSError:
        return []
