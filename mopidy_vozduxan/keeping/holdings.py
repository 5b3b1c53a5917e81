"""How much of a file is here, whether its swarm is joined or not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial

from mopidy_vozduxan.catalog import Catalog
from mopidy_vozduxan.engine.disk import DiskStore
from mopidy_vozduxan.engine.finished import held_on_disk
from mopidy_vozduxan.planning.spans import PieceMap
from mopidy_vozduxan.streaming.swarms import Swarms
from mopidy_vozduxan.torrent.metainfo import Metainfo, TorrentFile


class Holdings:
    """Asks the swarms that are joined, and the disk about others."""

    def __init__(self, swarms: Swarms, catalog: Catalog, disk: DiskStore) -> None:
        self._swarms = swarms
        self._catalog = catalog
        self._disk = disk

    def asking(self, infohashes: Iterable[str]) -> Callable[[], set[int]]:
        """Return a function that returns the held pieces of a torrent.

        Call this on our loop, and the function on another thread: it may read a file.
        """
        names = tuple(infohashes)
        for swarm in filter(None, map(self._swarms.get, names)):
            if swarm.pieces.held:
                return set(swarm.pieces.held).copy
        return partial(self._on_disk, names)

    def _on_disk(self, names: Sequence[str]) -> set[int]:
        sources = filter(None, map(self._catalog.torrents.source, names))
        torrent = next((s.torrent for s in sources if s.torrent), None)
        return held_on_disk(self._disk, names, torrent)


def is_here(metainfo: Metainfo, file: TorrentFile, held: set[int]) -> bool:
    """Return whether all pieces of a file are held."""
    return held.issuperset(_map(metainfo, file).pieces)


def held_bytes(
    metainfo: Metainfo, files: Iterable[TorrentFile], held: set[int]
) -> dict[int, int]:
    """Return how many bytes of each file are in the pieces ``held``, by its index."""
    return {file.index: _map(metainfo, file).held_bytes(held) for file in files}


def _map(metainfo: Metainfo, file: TorrentFile) -> PieceMap:
    return PieceMap(file.offset, file.size, metainfo.piece_length)
