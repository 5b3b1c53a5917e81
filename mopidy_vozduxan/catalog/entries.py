"""Albums and tracks as values, from their rows."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable

from mopidy_vozduxan.catalog.columns import ARTISTS, GENRES, names_in
from mopidy_vozduxan.catalog.torrent_rows import read_metainfo
from mopidy_vozduxan.naming.audio_folders import audio_folders
from mopidy_vozduxan.torrent.layout import (
    Album,
    Folder,
    Layout,
    Track,
    album_uri,
    layout_of,
)
from mopidy_vozduxan.torrent.tags import Tags
from mopidy_vozduxan.torrent.uris import TrackUri

_ALBUM = (
    "album.infohash, album.folder, torrent.folder_count, album.path, album.name,"
    " album.artists, album.date, album.track_count"
)
_TRACK = (
    f"track.idx, track.part, track.title, {ARTISTS}, track.composers,"
    " track.performers, track.genre, track.date, track.track_no, track.disc_no,"
    " track.length_ms, track.bitrate, track.length_known, torrent.added_ms"
)
#: Select the rows for :func:`albums` and :func:`tracks`; conditions follow.
ALBUMS = f"SELECT {_ALBUM} FROM album JOIN torrent USING (infohash)"
TRACKS = (
    f"SELECT {_ALBUM}, {_TRACK} FROM track JOIN album ON album.id = track.album"
    " JOIN torrent USING (infohash)"
)
_WIDTH = _ALBUM.count(",") + 1

Row = tuple[object, ...]


def albums(rows: Iterable[Row]) -> list[Album]:
    """Return the albums of rows selected by :data:`ALBUMS`."""
    return [_album(*row) for row in rows]  # type: ignore[arg-type]


def tracks(rows: Iterable[Row]) -> list[Track]:
    """Return the tracks of rows selected by :data:`TRACKS`."""
    known: dict[Row, Album] = {}
    result = []
    for row in rows:
        album = known.get(row[:_WIDTH])
        if album is None:
            album = known[row[:_WIDTH]] = _album(*row[:_WIDTH])  # type: ignore[arg-type]
        result.append(_track(album, *row[_WIDTH:]))  # type: ignore[arg-type]
    return result


def read_layout(db: sqlite3.Connection, infohash: str) -> Layout | None:
    """Return a torrent's tracks by folder; None while they are unknown."""
    known = read_metainfo(db, infohash)
    if known is None:
        return None
    metainfo, added_ms = known
    rows = db.execute(
        f"{TRACKS} WHERE album.infohash = ? ORDER BY folder, place, part", (infohash,)
    )
    by_path: dict[str, list[Track]] = defaultdict(list)
    for track in tracks(rows):
        by_path[track.album.path].append(track)
    folders = tuple(
        Folder(by_path[path][0].album, files, in_order(by_path[path]))
        for path, files in audio_folders(metainfo)
        if path in by_path
    )
    return layout_of(metainfo, added_ms, folders)


def in_order(found: list[Track]) -> tuple[Track, ...]:
    """Return an album's tracks by disc and number, if all of them have a number.

    Otherwise they stay in the order of their paths, as given. Duplicate numbers do not
    count as an order.
    """
    numbers = [(t.tags.disc_no or 1, t.tags.track_no or 0) for t in found]
    if len(set(numbers)) < len(found) or any(no == 0 for _, no in numbers):
        return tuple(found)
    return tuple(t for _, t in sorted(zip(numbers, found, strict=True), key=_first))


def _first(pair: tuple[tuple[int, int], Track]) -> tuple[int, int]:
    return pair[0]


def _album(
    infohash: str,
    folder: int,
    folder_count: int,
    path: str,
    name: str,
    artists: str,
    date: str | None,
    track_count: int,
) -> Album:
    uri = album_uri(infohash, folder, folder_count)
    return Album(uri, path, name, names_in(artists), date, track_count)


def _track(
    album: Album,
    index: int,
    part: int,
    title: str,
    artists: str,
    composers: str,
    performers: str,
    genre: str | None,
    date: str | None,
    track_no: int | None,
    disc_no: int | None,
    length_ms: int,
    bitrate: int | None,
    length_known: int,
    added_ms: int,
) -> Track:
    tags = Tags(
        title=title,
        artists=names_in(artists),
        album=album.name,
        albumartists=album.artists,
        composers=names_in(composers),
        performers=names_in(performers),
        genre=GENRES.join(names_in(genre or "")) or None,
        date=date,
        track_no=track_no,
        disc_no=disc_no,
        length_ms=length_ms,
        bitrate=bitrate,
    )
    uri = TrackUri(album.uri.infohash, index, part or None)
    return Track(uri, tags, album, bool(length_known), added_ms)
