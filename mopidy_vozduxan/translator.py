"""Builds Mopidy's models; nothing else does.

What comes out is valid on Mopidy 3 and 4: whole numbers, dates that match
Mopidy 4's pattern, NFC text without surrogates or line breaks, and names that
are unique in their directory and hold no slash.
"""

from __future__ import annotations

from collections.abc import Iterable

from mopidy.models import Album, Artist, Ref, SearchResult, Track

from mopidy_vozduxan.album_names import AlbumName, album_name
from mopidy_vozduxan.catalog import TorrentSummary
from mopidy_vozduxan.engine.protocol import TorrentFile
from mopidy_vozduxan.formats import estimated_length_ms, stem, without_extension
from mopidy_vozduxan.layout import Folder, Layout, torrent_uri
from mopidy_vozduxan.names import (
    clean,
    disc_of_folder,
    natural_key,
    spaced,
    track_name,
    unique,
)
from mopidy_vozduxan.uris import AlbumUri, ArtistUri, RootUri, TrackUri


def root_ref() -> Ref:
    """Return what Mopidy shows as our part of the library."""
    return Ref.directory(uri=str(RootUri()), name="Torrents")


def torrent_refs(torrents: Iterable[TorrentSummary]) -> list[Ref]:
    """Return one ref per torrent, in natural order."""
    # The infohash keeps equal names apart in the same order every time: MPD
    # clients walk by name.
    ordered = sorted(torrents, key=lambda t: (natural_key(t.name), t.infohash))
    names = unique(spaced(without_extension(torrent.name)) for torrent in ordered)
    return [
        _container(torrent_uri(torrent.infohash, torrent.folder_count), name)
        for torrent, name in zip(ordered, names, strict=True)
    ]


def folder_refs(layout: Layout) -> list[Ref]:
    """Return one ref per folder of a torrent, in natural order."""
    names = unique(_folder_title(layout, folder) for folder in layout.folders)
    return [
        _container(folder.uri, name)
        for folder, name in zip(layout.folders, names, strict=True)
    ]


def track_refs(layout: Layout, folder: Folder) -> list[Ref]:
    """Return one ref per track of a folder, in natural order, named as its file."""
    infohash = layout.metainfo.infohash
    names = unique(clean(stem(file.path)) for file in folder.files)
    return [
        Ref.track(uri=str(TrackUri(infohash, file.index)), name=name)
        for file, name in zip(folder.files, names, strict=True)
    ]


def tracks(layout: Layout, folder: Folder) -> list[Track]:
    """Return the tracks of a folder, in natural order."""
    return [track(layout, folder, file) for file in folder.files]


def track(layout: Layout, folder: Folder, file: TorrentFile) -> Track:
    """Return one track; its length is a guess from its size."""
    named = track_name(file.path, folder.style)
    album = _album_name(layout, folder)
    return Track(
        uri=str(TrackUri(layout.metainfo.infohash, file.index)),
        name=named.title,
        artists=_artists(named.artist or album.artist),
        album=_album(folder, album),
        track_no=named.track_no,
        disc_no=named.disc_no,
        date=album.date,
        length=estimated_length_ms(file.path, file.size),
        last_modified=layout.added_ms,
    )


def unresolved_track(uri: str, name: str) -> Track:
    """Return the track that stands for what no metadata is here for yet."""
    return Track(uri=uri, name=clean(name) or uri)


def search_result(found: list[Track]) -> SearchResult:
    """Return the answer to a search."""
    return SearchResult(uri=str(RootUri()), tracks=found)


def _container(uri: object, name: str) -> Ref:
    # Iris keeps the order of an album's tracks, and sorts a directory's by name.
    kind = Ref.album if isinstance(uri, AlbumUri) else Ref.directory
    return kind(uri=str(uri), name=name)


def _folder_title(layout: Layout, folder: Folder) -> str:
    """Return the folder's path below the torrent's root folder, as one name."""
    below = folder.path.split("/")[1:]
    return " - ".join(below) or spaced(without_extension(layout.metainfo.name))


def _album_name(layout: Layout, folder: Folder) -> AlbumName:
    """Return the album of a folder; a disc's is its parent's, plus the disc."""
    whole = album_name(without_extension(layout.metainfo.name))
    below = folder.path.split("/")[1:]
    discs: list[str] = []
    while below and disc_of_folder(below[-1]) is not None:
        discs.insert(0, below.pop())
    own = album_name(below[-1]) if below else whole
    title = " ".join([own.album, *(f"({clean(disc)})" for disc in discs)])
    # In "Artist - Discography/1999 - Album" the artist stands above.
    return AlbumName(title, own.artist or whole.artist, own.date or whole.date)


def _album(folder: Folder, name: AlbumName) -> Album:
    return Album(
        uri=str(folder.uri),
        name=name.album,
        artists=_artists(name.artist),
        num_tracks=len(folder.files),
        date=name.date,
    )


def _artists(name: str | None) -> list[Artist]:
    return [Artist(uri=str(ArtistUri(name)), name=name)] if name else []
