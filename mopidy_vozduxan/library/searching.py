"""Mopidy's searches: which of them give albums and artists besides tracks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from mopidy_vozduxan.catalog.conditions import Value
from mopidy_vozduxan.catalog.search import Search
from mopidy_vozduxan.library import translator
from mopidy_vozduxan.naming.names import clean
from mopidy_vozduxan.torrent.layout import Album
from mopidy_vozduxan.torrent.uris import SCHEME, RootUri

if TYPE_CHECKING:
    from mopidy.models import SearchResult

#: More than anyone scrolls through; a broad word must not cost seconds.
MOST_TRACKS = 200
#: Who asks exactly wants all there is, to queue it.
MOST_EXACT = 3000
MOST_ALBUMS = 50

_ALBUM_FIELDS = frozenset({"any", "album"})
_ARTIST_FIELDS = frozenset({"any", "artist", "albumartist"})


def answer(
    search: Search,
    query: Mapping[str, Iterable[str]],
    uris: Iterable[str] | None,
    exact: bool,
) -> SearchResult | None:
    """Return what fits every value of every field; None where nothing does.

    Albums and artists come only where one field is sought by words: MPD clients
    show them as tracks, and adding what an exact search found adds those too.
    """
    wanted = _wanted(query)
    if not wanted:
        return None
    roots = None if uris is None else list(uris)
    limit = MOST_EXACT if exact else MOST_TRACKS
    tracks = search.tracks(wanted, roots, exact, limit)
    if not tracks:
        return None
    albums: list[Album] = []
    artists: list[str] = []
    if len(wanted) == 1 and not exact and _everywhere(roots):
        ((field, values),) = wanted.items()
        text = " ".join(values)
        albums = search.albums(text, MOST_ALBUMS) if field in _ALBUM_FIELDS else []
        artists = search.artists(text, MOST_ALBUMS) if field in _ARTIST_FIELDS else []
    return translator.search_result(tracks, albums, artists)


def distinct(
    search: Search, field: str, query: Mapping[str, Iterable[str]]
) -> set[Value]:
    """Return the values ``field`` has in tracks that fit every value exactly."""
    return search.distinct(field, _wanted(query))


def _wanted(query: Mapping[str, Iterable[str]]) -> dict[str, list[str]]:
    wanted = {field: _values(values) for field, values in query.items()}
    return {field: values for field, values in wanted.items() if values}


def _everywhere(roots: list[str] | None) -> bool:
    return roots is None or not {f"{SCHEME}:", str(RootUri())}.isdisjoint(roots)


def _values(values: Iterable[str] | str) -> list[str]:
    listed = [values] if isinstance(values, str) else list(values)
    # All that is stored went through ``clean`` too.
    return [text for value in listed if (text := clean(str(value)))]
