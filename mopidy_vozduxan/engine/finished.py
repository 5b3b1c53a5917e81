"""What the disk says of a torrent that is not joined: pieces held, names of files.

Touches no session. Every call blocks: not for an event loop.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from mopidy_vozduxan.engine.disk import DiskStore
from mopidy_vozduxan.engine.file_table import FileTable
from mopidy_vozduxan.engine.parsing import params_of_torrent
from mopidy_vozduxan.engine.presence import absent_pieces
from mopidy_vozduxan.engine.resume import ResumeFiles, pieces_in


def held_on_disk(
    disk: DiskStore, infohashes: Iterable[str], torrent: bytes | None
) -> set[int]:
    """Return the pieces that a torrent's resume file names, by any of its names.

    A crash may have left out the last ones. With the bytes of the ``.torrent`` file,
    pieces of missing and of short files are left out.
    """
    held: set[int] = set()
    table = FileTable(params_of_torrent(torrent).ti) if torrent else None
    for infohash in infohashes:
        resumed = ResumeFiles(disk.resume_dir).load(infohash)
        named = pieces_in(resumed) if resumed is not None else set()
        if table and named:
            named -= absent_pieces(table, disk.folder_of(infohash), named)
        held |= named
    return held


def names_on_disk(torrent: bytes) -> Mapping[int, str]:
    """Return the paths of all files, by index, below the folder of their torrent.

    libtorrent cleans names, so they may differ from the torrent's own. Raises
    :class:`BadInput`.
    """
    table = FileTable(params_of_torrent(torrent).ti)
    return {i: table.path(i) for i in range(len(table)) if not table.is_padding(i)}
