"""Which files of a torrent belong to it, to one of its albums, or to a track: pure."""

from __future__ import annotations

from mopidy_vozduxan.exceptions import NoSuchFile
from mopidy_vozduxan.naming.audio_folders import numbered_folders
from mopidy_vozduxan.torrent.metainfo import Metainfo, TorrentFile
from mopidy_vozduxan.torrent.uris import AlbumUri, Keep


def files_named(metainfo: Metainfo, keep: Keep) -> tuple[TorrentFile, ...]:
    """Return the files that ``keep`` names, in the torrent's order.

    An album has everything below its folder (covers, sheets, logs), except what is in
    folders of other albums. Raises :class:`NoSuchFile`.
    """
    files = tuple(file for file in metainfo.files if not file.padding)
    if not isinstance(keep, AlbumUri):
        chosen = tuple(file for file in files if file.index == keep.index)
    elif keep.folder is None:
        chosen = files
    else:
        folders = [path for path, _ in numbered_folders(metainfo)]
        (folder,) = folders[keep.folder : keep.folder + 1] or (None,)
        albums = frozenset(folders)
        chosen = tuple(f for f in files if _album_of(f.path, albums) == folder)
        chosen = chosen if folder is not None else ()
    if not chosen:
        raise NoSuchFile(f"“{metainfo.name}” has nothing at {keep}.")
    return chosen


def _album_of(path: str, albums: frozenset[str]) -> str | None:
    """Return the nearest folder above a file that is an album."""
    folder = path.rpartition("/")[0]
    while folder not in albums:
        if not folder:
            return None
        folder = folder.rpartition("/")[0]
    return folder
