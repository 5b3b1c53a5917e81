"""Builds Mopidy's models; nothing else does.

The models are valid on Mopidy 3 and 4: whole numbers, dates that match Mopidy 4's
pattern, NFC text without surrogates or line breaks, and names that are unique in their
directory and have no slash.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache

from mopidy import models
from mopidy.models import Ref, SearchResult

from mopidy_vozduxan.audio.formats import estimated_length_ms, stem, without_extension
from mopidy_vozduxan.catalog import TorrentSummary
from mopidy_vozduxan.catalog.playlist_rows import Playlist
from mopidy_vozduxan.naming.names import clean, natural_key, spaced, unique
from mopidy_vozduxan.torrent.layout import (
    Album,
    Folder,
    Layout,
    Track,
    Unresolved,
    torrent_uri,
)
from mopidy_vozduxan.torrent.tags import UNKNOWN_ARTIST
from mopidy_vozduxan.torrent.uris import VIEWS, AlbumUri, ArtistUri, RootUri, ViewUri

#: The length of a track about which nothing is known. Core does not seek in a track
#: without a length, and turns a seek beyond it into "next". Few tracks are longer.
UNKNOWN_LENGTH_MS = 6 * 60_000


def torrent_refs(torrents: Iterable[TorrentSummary]) -> list[Ref]:
    """Return one ref per torrent, in natural order; none has the name of a view."""
    # The infohash orders equal names the same way every time: MPD clients navigate by
    # name.
    ordered = sorted(torrents, key=lambda t: (natural_key(t.name), t.infohash))
    views = [ref.name for ref in view_refs()]
    said = [spaced(without_extension(torrent.name)) for torrent in ordered]
    names = unique([*views, *said])[len(views) :]
    uris = [torrent_uri(t.infohash, t.folder_count) for t in ordered]
    return [_container(uri, name) for uri, name in zip(uris, names, strict=True)]


def folder_refs(layout: Layout) -> list[Ref]:
    """Return one ref per folder of a torrent, in natural order."""
    names = unique(_folder_title(layout, folder) for folder in layout.folders)
    return [
        _container(folder.uri, name)
        for folder, name in zip(layout.folders, names, strict=True)
    ]


def track_refs(layout: Layout, folder: Folder) -> list[Ref]:
    """Return one ref per track of a folder, in the order of play.

    A file keeps its own name: tags that are read later change no name in a directory.
    """
    stems = {file.index: clean(stem(file.path)) for file in folder.files}
    names = unique(_track_title(track, stems) for track in folder.tracks)
    return [
        Ref.track(uri=str(track.uri), name=name)
        for track, name in zip(folder.tracks, names, strict=True)
    ]


def view_refs() -> list[Ref]:
    """Return the views, which are listed beside the torrents."""
    return [
        Ref.directory(uri=str(ViewUri(name)), name=name.capitalize()) for name in VIEWS
    ]


def artist_refs(names: Iterable[str]) -> list[Ref]:
    """Return one ref per artist, in natural order."""
    ordered = sorted(names, key=lambda name: (natural_key(name), name))
    return [
        _ref("artist", str(ArtistUri(name)), shown)
        for name, shown in zip(ordered, unique(ordered), strict=True)
    ]


def album_refs(found: Iterable[Album]) -> list[Ref]:
    """Return one ref per album, in the same order.

    If several have the same name, it is followed by their folder or artist.
    """
    found = list(found)
    named = Counter(album.name for album in found)
    discs = Counter((album.name, album.uri.infohash) for album in found)
    names = unique(
        _told_apart(album, discs[album.name, album.uri.infohash], named[album.name])
        for album in found
    )
    return [
        _container(album.uri, name) for album, name in zip(found, names, strict=True)
    ]


def tracks(found: Iterable[Track | Unresolved]) -> list[models.Track]:
    """Return Mopidy's tracks, in the same order."""
    return [
        _unresolved(one) if isinstance(one, Unresolved) else track(one) for one in found
    ]


def track(one: Track) -> models.Track:
    """Return one of Mopidy's tracks."""
    tags = one.tags
    return models.Track(
        uri=str(one.uri),
        name=tags.title,
        artists=_by(tags.artists),
        album=_album(one.album),
        composers=_artists(tags.composers),
        performers=_artists(tags.performers),
        genre=tags.genre,
        track_no=tags.track_no,
        disc_no=tags.disc_no,
        date=tags.date,
        length=tags.length_ms,
        bitrate=tags.bitrate,
        last_modified=one.added_ms,
    )


def search_result(
    found: Iterable[Track], albums: Iterable[Album], artists: Iterable[str]
) -> SearchResult:
    """Return the answer to a search."""
    return SearchResult(
        uri=str(RootUri()),
        tracks=tracks(found),
        albums=[_album(one) for one in albums],
        artists=_artists(artists),
    )


def images(urls: Mapping[str, Iterable[str]]) -> dict[str, list[models.Image]]:
    """Return Mopidy's images for each URI that has any."""
    return {uri: [models.Image(uri=url) for url in some] for uri, some in urls.items()}


def _told_apart(album: Album, in_torrent: int, in_all: int) -> str:
    """Return a unique name for an album, given how many others have its name."""
    more = clean(album.path.rpartition("/")[2]) if in_torrent > 1 else ""
    if not more and in_all > 1:
        more = ", ".join(album.artists)
    return f"{album.name} ({more})" if more else album.name


@lru_cache(maxsize=1 << 10)
def _album(one: Album) -> models.Album:
    return models.Album(
        uri=str(one.uri),
        name=one.name,
        artists=_by(one.artists),
        num_tracks=one.track_count,
        date=one.date,
    )


def _unresolved(one: Unresolved) -> models.Track:
    length = estimated_length_ms(one.name, one.size) if one.size else None
    return models.Track(
        uri=one.uri,
        name=clean(stem(one.name)) or one.uri,
        artists=_by(()),
        length=length or UNKNOWN_LENGTH_MS,
    )


def playlist_refs(playlists: Iterable[Playlist]) -> list[Ref]:
    """Return one ref per playlist, in natural order."""
    ordered = sorted(playlists, key=lambda p: (natural_key(p.name), str(p.uri)))
    names = unique(playlist.name for playlist in ordered)
    return [
        Ref.playlist(uri=str(playlist.uri), name=name)
        for playlist, name in zip(ordered, names, strict=True)
    ]


def playlist(one: Playlist, found: Iterable[Track]) -> models.Playlist:
    """Return a playlist of those tracks."""
    tracks = [track(each) for each in found]
    name = clean(one.name) or str(one.uri)
    return models.Playlist(uri=str(one.uri), name=name, tracks=tracks)


def playlist_items(found: Iterable[Track]) -> list[Ref]:
    """Return one ref per track of a playlist, in its order."""
    return [Ref.track(uri=str(t.uri), name=clean(t.tags.title or "?")) for t in found]


def _container(uri: object, name: str) -> Ref:
    # Iris keeps the order of an album's tracks, and sorts a directory's by name.
    if isinstance(uri, AlbumUri):
        return _ref("album", str(uri), name)
    # Iris also decodes a directory's name twice, and goes black on a bare "%".
    return _ref("directory", str(uri), name.replace("%", "\N{FULLWIDTH PERCENT SIGN}"))


# Ten thousand cost 0.1 s on Mopidy 3, and few entries of a long list change at a time.
@lru_cache(maxsize=1 << 16)
def _ref(kind: str, uri: str, name: str) -> Ref:
    return Ref(type=kind, uri=uri, name=name)


def _folder_title(layout: Layout, folder: Folder) -> str:
    """Return the folder's path below the torrent's root folder, as one name."""
    below = folder.path.split("/")[1:]
    return " - ".join(below) or spaced(without_extension(layout.metainfo.name))


def _track_title(track: Track, stems: dict[int, str]) -> str:
    if track.uri.part is None:
        return stems[track.uri.index]
    return f"{track.uri.part:02} - {track.tags.title}"


def _by(names: Iterable[str]) -> list[models.Artist]:
    """Return the artists of a track or album; there is always one: `UNKNOWN_ARTIST`."""
    return _artists(names) or [models.Artist(name=UNKNOWN_ARTIST)]


def _artists(names: Iterable[str]) -> list[models.Artist]:
    return [_artist(name) for name in names]


@lru_cache(maxsize=1 << 12)
def _artist(name: str) -> models.Artist:
    return models.Artist(uri=str(ArtistUri(name)), name=name)
