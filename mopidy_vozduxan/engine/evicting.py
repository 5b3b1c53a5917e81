"""Files of a torrent leave the disk, and their pieces the saved state.

libtorrent cannot forget a piece, so this happens while the swarm is out of the session.
The state is written before the files are deleted, and nothing goes that it claims:
after a crash in between, pieces that are there are found again, and none is missed.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from typing import Any

import libtorrent as lt

from mopidy_vozduxan.engine.disk import DiskStore
from mopidy_vozduxan.engine.file_table import FileTable
from mopidy_vozduxan.engine.parsing import params_of_torrent
from mopidy_vozduxan.engine.resume import ResumeFiles, pieces_in, without_pieces
from mopidy_vozduxan.planning.cuts import Cut, cut_of
from mopidy_vozduxan.torrent.metainfo import TorrentSource


@dataclass(frozen=True, slots=True)
class Eviction:
    """Which ``files`` leave; those in ``spared`` lose no piece that they share."""

    files: frozenset[int]
    spared: frozenset[int] = frozenset()


def drop(
    params: Any, info: Any, eviction: Eviction, held: Set[int] = frozenset()
) -> Cut:
    """Leave out of a saved state what an eviction takes away; return that.

    On a busy disk the state may lack pieces that are ``held``; their bytes are there.
    """
    maps, there = FileTable(info).maps(), pieces_in(params) | held
    files = {index for index in eviction.files if 0 <= index < len(maps)}
    cut = cut_of(maps, there, files, eviction.spared)
    without_pieces(params, cut.dropped)
    return cut


class Evictor:
    """Evicts from ``disk``, and from ``files``. Every call blocks."""

    def __init__(self, disk: DiskStore, files: ResumeFiles) -> None:
        self._disk = disk
        self._files = files

    def evict(self, source: TorrentSource, eviction: Eviction) -> None:
        """Evict files of a torrent that is not in the session.

        Raises :class:`BadInput` without the torrent's bytes, :class:`StorageFailed`.
        """
        info = params_of_torrent(source.torrent or b"").ti
        params = self._files.load(source.infohash) or lt.add_torrent_params()
        self.cut(source.infohash, info, drop(params, info, eviction))

    def cut(self, infohash: str, info: Any, cut: Cut) -> None:
        """Delete what a cut leaves nothing of, and shorten the rest.

        Nothing goes while the saved state claims it, which a full disk may not have
        let us change. Raises :class:`StorageFailed`.
        """
        self._files.disclaim(infohash, cut.dropped)
        folder, table = self._disk.folder_of(infohash), FileTable(info)
        rests = {table.path(i, folder): rest for i, rest in cut.rests.items()}
        self._disk.cut(infohash, rests)
