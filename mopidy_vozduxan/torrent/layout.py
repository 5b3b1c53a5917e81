"""A torrent as a listener sees it: its tracks, folder by folder.

Pure values. Only audio files exist here. ``naming/audio_folders.py`` says which folders
there are, and how they are numbered.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mopidy_vozduxan.torrent.metainfo import Metainfo, TorrentFile
from mopidy_vozduxan.torrent.tags import Tags
from mopidy_vozduxan.torrent.uris import AlbumUri, DirectoryUri, TrackUri


@dataclass(frozen=True, slots=True)
class Album:
    """A folder as an album; ``date`` as in :class:`Tags`.

    ``path`` starts with the torrent's root folder.
    """

    uri: AlbumUri
    path: str
    name: str
    artists: tuple[str, ...]
    date: str | None
    track_count: int


@dataclass(frozen=True, slots=True)
class Track:
    """One track: a file, or a part of it.

    ``tags.title`` and ``tags.length_ms`` are always set; unless ``length_known``, the
    length is a guess. ``added_ms`` is since the epoch.
    """

    uri: TrackUri
    tags: Tags
    album: Album
    length_known: bool
    added_ms: int


@dataclass(frozen=True, slots=True)
class Unresolved:
    """Stands in for the tracks of a torrent whose metadata is not here yet.

    ``size`` is that of the whole torrent in bytes, if it is known.
    """

    uri: str
    name: str
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder with tracks; ``files`` and ``tracks`` are in the order of play."""

    album: Album
    files: tuple[TorrentFile, ...]
    tracks: tuple[Track, ...]

    @property
    def uri(self) -> AlbumUri:
        """The folder's URI."""
        return self.album.uri

    @property
    def path(self) -> str:
        """Its path, which starts with the torrent's root folder."""
        return self.album.path


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """The folders with tracks, in natural order; ``added_ms`` since the epoch."""

    metainfo: Metainfo
    added_ms: int
    folders: tuple[Folder, ...]
    _tracks: Mapping[TrackUri, Track]

    @property
    def uri(self) -> AlbumUri | DirectoryUri:
        """The URI of the whole torrent."""
        return torrent_uri(self.metainfo.infohash, len(self.folders))

    def of(self, number: int | None) -> tuple[Folder, ...]:
        """Return the folder of that number, or all of them for None."""
        return self.folders if number is None else self.folders[number : number + 1]

    def track(self, uri: TrackUri) -> Track | None:
        """Return the track with that URI, or None."""
        return self._tracks.get(uri)

    def tracks_of(self, index: int) -> list[Track]:
        """Return the content of file ``index``: one track, its parts, or none."""
        return [track for uri, track in self._tracks.items() if uri.index == index]


def layout_of(metainfo: Metainfo, added_ms: int, folders: tuple[Folder, ...]) -> Layout:
    """Return the torrent's layout, indexed for single tracks."""
    tracks = {t.uri: t for folder in folders for t in folder.tracks}
    return Layout(metainfo, added_ms, folders, tracks)


def torrent_uri(infohash: str, folder_count: int) -> AlbumUri | DirectoryUri:
    """Return the URI of a torrent with that many folders of audio."""
    return DirectoryUri(infohash) if folder_count > 1 else AlbumUri(infohash)


def album_uri(infohash: str, folder: int, folder_count: int) -> AlbumUri:
    """Return the URI of a folder of such a torrent."""
    return AlbumUri(infohash, folder if folder_count > 1 else None)
