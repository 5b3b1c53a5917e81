"""A torrent as a listener sees it: its tracks, folder by folder.

Pure, and computed once per torrent: clients ask for one track at a time. What
is not audio does not exist here. Folder numbers go into URIs, so they follow
from the torrent alone: the natural order of the folders' paths.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from mopidy_vozduxan.engine.protocol import Metainfo, TorrentFile
from mopidy_vozduxan.formats import is_playable
from mopidy_vozduxan.names import Style, natural_path_key, style_of
from mopidy_vozduxan.uris import AlbumUri, DirectoryUri


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder with tracks; ``path`` starts with the torrent's root folder."""

    uri: AlbumUri
    path: str
    files: tuple[TorrentFile, ...]
    style: Style


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """The folders with tracks, in natural order; ``added_ms`` since the epoch."""

    metainfo: Metainfo
    added_ms: int
    folders: tuple[Folder, ...]
    _places: Mapping[int, tuple[Folder, TorrentFile]]

    @property
    def uri(self) -> AlbumUri | DirectoryUri:
        """What the whole torrent is called."""
        return torrent_uri(self.metainfo.infohash, len(self.folders))

    def place(self, index: int) -> tuple[Folder, TorrentFile] | None:
        """Return the folder and file of a track; None when it is no track."""
        return self._places.get(index)


def layout_of(metainfo: Metainfo, added_ms: int) -> Layout:
    """Return the tracks of a torrent, in the order they are played."""
    by_path: dict[str, list[TorrentFile]] = defaultdict(list)
    for file in metainfo.files:
        if is_playable(file):
            by_path[file.path.rpartition("/")[0]].append(file)
    alone = len(by_path) == 1
    folders = tuple(
        _folder(AlbumUri(metainfo.infohash, None if alone else number), path, files)
        for number, (path, files) in enumerate(
            sorted(by_path.items(), key=lambda item: natural_path_key(item[0]))
        )
    )
    places = {f.index: (folder, f) for folder in folders for f in folder.files}
    return Layout(metainfo, added_ms, folders, places)


def torrent_uri(infohash: str, folder_count: int) -> AlbumUri | DirectoryUri:
    """Return what a torrent with that many folders of audio is called."""
    return DirectoryUri(infohash) if folder_count > 1 else AlbumUri(infohash)


def _folder(uri: AlbumUri, path: str, files: list[TorrentFile]) -> Folder:
    ordered = tuple(sorted(files, key=lambda file: natural_path_key(file.path)))
    return Folder(uri, path, ordered, style_of([file.path for file in ordered]))
