"""Which file of a torrent to play: one by its index, or the first track."""

from __future__ import annotations

from mopidy_vozduxan.audio.formats import is_playable
from mopidy_vozduxan.exceptions import NoSuchFile
from mopidy_vozduxan.naming.names import natural_path_key
from mopidy_vozduxan.torrent.metainfo import Metainfo, TorrentFile

#: A file by its index, the first track among some files, or the very first track for
#: ``None``.
FileChoice = int | tuple[int, ...] | None


def playable_file(metainfo: Metainfo, index: FileChoice) -> TorrentFile:
    """Return the chosen file. Raises :class:`NoSuchFile`."""
    if isinstance(index, int):
        if 0 <= index < len(metainfo.files) and not metainfo.files[index].padding:
            return metainfo.files[index]
        raise no_such_file(metainfo.name, index)
    tracks = [f for f in metainfo.files if is_playable(f)]
    if index is not None:
        chosen = frozenset(index)
        tracks = [track for track in tracks if track.index in chosen]
    if not tracks:
        raise no_such_file(metainfo.name, index)
    return min(tracks, key=_play_order)


def no_such_file(name: str, index: FileChoice) -> NoSuchFile:
    """Return the error for a torrent ``name`` without a playable file there."""
    if isinstance(index, int):
        return NoSuchFile(f"“{name}” has no file number {index}.")
    if index is None:
        return NoSuchFile(f"“{name}” has no audio file.")
    return NoSuchFile(f"Of “{name}”, the magnet link selects no audio file.")


def _play_order(file: TorrentFile) -> tuple[object, object]:
    """Return a file's place in the library's order, folder by folder."""
    folder = file.path.rpartition("/")[0]
    return natural_path_key(folder), natural_path_key(file.path)
