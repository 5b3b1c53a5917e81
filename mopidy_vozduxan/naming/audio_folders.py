"""The folders of a torrent that hold audio, by the names of its files: pure.

Folder numbers go into URIs, so they depend on the torrent alone: they count the
folders in the natural order of their paths.
"""

from __future__ import annotations

from collections import defaultdict

from mopidy_vozduxan.audio.formats import is_playable
from mopidy_vozduxan.naming.names import natural_path_key
from mopidy_vozduxan.torrent.metainfo import Metainfo, TorrentFile


def audio_folders(metainfo: Metainfo) -> list[tuple[str, tuple[TorrentFile, ...]]]:
    """Return the folders with audio and their files, both in natural order."""
    return [
        (path, tuple(sorted(files, key=lambda file: natural_path_key(file.path))))
        for path, files in numbered_folders(metainfo)
    ]


def numbered_folders(metainfo: Metainfo) -> list[tuple[str, list[TorrentFile]]]:
    """Return the folders with audio in natural order, their files in no order."""
    by_path: dict[str, list[TorrentFile]] = defaultdict(list)
    for file in metainfo.files:
        if is_playable(file):
            by_path[file.path.rpartition("/")[0]].append(file)
    return sorted(by_path.items(), key=lambda item: natural_path_key(item[0]))
