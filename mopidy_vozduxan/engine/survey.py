"""What the cache takes on disk: each torrent, and each of its files.

Every call blocks: not for an event loop, and from one thread at a time. Only torrents
that have changed are looked at again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass, replace

from mopidy_vozduxan.engine.disk import DiskStore, FileOnDisk
from mopidy_vozduxan.engine.file_table import FileTable
from mopidy_vozduxan.engine.parsing import params_of_torrent
from mopidy_vozduxan.exceptions import VozduxanError
from mopidy_vozduxan.planning.cuts import freed_by
from mopidy_vozduxan.planning.eviction import (
    CachedFile,
    CacheLimits,
    CacheWishes,
    File,
    Holdings,
    Usage,
)
from mopidy_vozduxan.planning.spans import PieceMap

#: How many torrents' layouts to remember; one of 20 tracks takes 5 kB.
LAYOUTS = 256


@dataclass(frozen=True, slots=True)
class Known:
    """A torrent on disk: its bytes, and its name in the catalog."""

    name: str
    torrent: bytes | None = None


@dataclass(frozen=True, slots=True)
class _Layout:
    name: str
    paths: Mapping[str, int]  # the files' indexes
    maps: list[PieceMap]


class Survey:
    """Looks at ``disk``.

    ``known`` says which torrent an infohash names, ``heard`` when each file was heard
    last, by ``clock``, in seconds since the epoch, ``keeps`` whether a listener keeps
    one.
    """

    def __init__(
        self,
        disk: DiskStore,
        wishes: CacheWishes,
        known: Callable[[str], Known],
        heard: Callable[[], Mapping[File, float]],
        keeps: Callable[[str, int], bool] = lambda *_: False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._disk = disk
        self._wishes = wishes
        self._known = known
        self._heard = heard
        self._keeps = keeps
        self._clock = clock
        self._sizes: dict[str, int] | None = None
        self._joined: Mapping[str, bytes] = {}
        self._layouts: dict[str, _Layout] = {}

    def now(self) -> float:
        """Return the time that tells which files are old."""
        return self._clock()

    def limits(self) -> CacheLimits:
        """Return the limits in force. Raises :class:`StorageFailed`."""
        return self._wishes.on(self._disk.space().size)

    def know(self, torrents: Mapping[str, bytes]) -> None:
        """Take the bytes of the torrents that we have joined."""
        self._joined = torrents

    def torrent_of(self, infohash: str) -> bytes | None:
        """Return the bytes of a torrent, if anybody knows them."""
        return self._joined.get(infohash) or self._known(infohash).torrent

    def usage(self, changed: Iterable[str], holdings: Holdings) -> Usage:
        """Return what the cache takes; looks at ``changed`` torrents again.

        Raises :class:`StorageFailed`.
        """
        if self._sizes is None:
            self._sizes = self._disk.sizes()
        for infohash in changed:
            self._sizes[infohash] = self._disk.size(infohash)
        names = {*holdings.held, *holdings.sizes}
        found = [
            file
            for infohash in {infohash for infohash, _ in names}
            for file in self.files(infohash, frozenset())
        ]
        taken = {(f.infohash, f.index): f.taken for f in found}
        needed = sum(taken.get(name, 0) for name in names)
        return Usage(
            needed,
            max(0, sum(self._sizes.values()) - needed),
            sum(
                max(0, size - taken.get(name, 0))
                for name, size in holdings.sizes.items()
            ),
            self._disk.space().free,
        )

    def everything(self, holdings: Holdings) -> list[CachedFile]:
        """Return all files on disk that nobody keeps, and when they were heard."""
        self._sizes = self._disk.sizes()
        heard = self._heard()
        files = (
            file
            for infohash, size in self._sizes.items()
            if size
            for file in self.files(infohash, self.spared(infohash, holdings))
        )
        return [
            replace(file, heard_at=heard.get(self._name_of(file)))
            for file in files
            if not self._keeps(file.infohash, _index(file))
        ]

    def spared(self, infohash: str, holdings: Holdings) -> frozenset[int]:
        """Return the files of a torrent that may lose no piece."""
        layout = self._layout_of(infohash)
        every = layout.paths.values() if layout else ()
        kept = (index for index in every if self._keeps(infohash, index))
        return holdings.spared(infohash).union(kept)

    def files(self, infohash: str, spared: Set[int]) -> list[CachedFile]:
        """Return the files of a torrent on disk, or all of it as one.

        Files in ``spared`` keep what they share with others.
        """
        there = self._disk.files_of(infohash)
        layout = self._layout_of(infohash)
        if layout is None:
            taken = sum(file.taken for file in there.values())
            changed = max((file.changed_at for file in there.values()), default=0.0)
            return [CachedFile(infohash, None, taken, taken, None, changed)]
        paths = layout.paths
        found = {paths[path]: file for path, file in there.items() if path in paths}
        return _cached(infohash, found, layout.maps, spared)

    def _name_of(self, file: CachedFile) -> File:
        layout = self._layouts.get(file.infohash)
        name = layout.name if layout else file.infohash
        return name, _index(file)

    def _layout_of(self, infohash: str) -> _Layout | None:
        if infohash not in self._layouts:
            try:
                info = params_of_torrent(self.torrent_of(infohash) or b"").ti
            except VozduxanError:
                return None
            if len(self._layouts) >= LAYOUTS:
                del self._layouts[next(iter(self._layouts))]
            self._layouts[infohash] = self._read(infohash, info)
        return self._layouts[infohash]

    def _read(self, infohash: str, info: object) -> _Layout:
        name, folder = self._known(infohash).name, self._disk.folder_of(infohash)
        table = FileTable(info)
        maps = table.maps()
        real = (index for index, own in enumerate(maps) if own.size)
        return _Layout(name, {table.path(i, folder): i for i in real}, maps)


def _cached(
    infohash: str,
    found: Mapping[int, FileOnDisk],
    maps: list[PieceMap],
    spared: Set[int],
) -> list[CachedFile]:
    taken = {index: file.taken for index, file in found.items()}
    freed = freed_by(maps, taken, spared)
    return [
        CachedFile(infohash, index, file.taken, freed[index], None, file.changed_at)
        for index, file in found.items()
    ]


def _index(file: CachedFile) -> int:
    return -1 if file.index is None else file.index
