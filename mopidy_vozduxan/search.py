"""Finds tracks by words: for now by what torrents' paths tell.

A torrent's path holds its artist, album and title, so the catalog can sort out
by path first; what is left is compared field by field.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from mopidy_vozduxan import translator
from mopidy_vozduxan.catalog import Catalog
from mopidy_vozduxan.exceptions import BadInput
from mopidy_vozduxan.names import folded
from mopidy_vozduxan.uris import SCHEME, AlbumUri, DirectoryUri, RootUri, parse

if TYPE_CHECKING:
    from mopidy.models import Track

#: More than anyone scrolls through; a broad word must not cost seconds.
MOST_TRACKS = 500
EVERYTHING = ""


def matching_tracks(
    catalog: Catalog,
    query: Mapping[str, Iterable[str]],
    uris: Iterable[str] | None,
    exact: bool,
) -> list[Track]:
    """Return the tracks that fit every field of ``query``, below ``uris``.

    Fields are Mopidy's; one that we cannot tell from a path matches nothing.
    """
    wanted = {field: list(values) for field, values in query.items()}
    words = [w for vs in wanted.values() for v in vs for w in folded(v).split()]
    roots = {EVERYTHING} if uris is None else {_root(uri) for uri in uris}
    if not words or roots <= {None}:
        return []
    tracks = [
        translator.track(found)
        for infohash, index in catalog.search(words, MOST_TRACKS)
        if roots & {EVERYTHING, infohash} and (layout := catalog.layout(infohash))
        for found in layout.tracks_of(index)
    ]
    return [track for track in tracks if _fits_all(track, wanted, exact)]


def _root(uri: str) -> str | None:
    """Return the infohash that ``uri`` limits a search to; None for "nothing"."""
    if uri in (f"{SCHEME}:", str(RootUri())):
        return EVERYTHING
    try:
        parsed = parse(uri)
    except BadInput:
        return None
    return parsed.infohash if isinstance(parsed, AlbumUri | DirectoryUri) else None


def _fits_all(track: Track, wanted: Mapping[str, list[str]], exact: bool) -> bool:
    return all(_fits(track, f, v, exact) for f, vs in wanted.items() for v in vs)


def _fits(track: Track, field: str, value: str, exact: bool) -> bool:
    texts = _texts(track).get(field, [])
    if exact:
        return value in texts
    return all(word in folded(" ".join(texts)) for word in folded(value).split())


def _texts(track: Track) -> dict[str, list[str]]:
    artists = [artist.name for artist in track.artists]
    album_artists = [artist.name for artist in track.album.artists]
    return {
        "track_name": [track.name],
        "artist": artists,
        "albumartist": album_artists,
        "album": [track.album.name],
        "any": [track.name, *artists, *album_artists, track.album.name],
    }
