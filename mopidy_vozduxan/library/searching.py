"""Mopidy's searches, and which of them also give albums and artists."""

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
#: Clients use exact searches to queue everything they find.
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
    """Return what matches every value of every field; None if nothing does.

    Only a search for words in one field gives albums and artists: MPD clients show them
    as tracks, and adding the results of an exact search would add them too.
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
    """Return the values of ``field`` in tracks that match every value exactly."""
    return search.distinct(field, _wanted(query))


def _wanted(query: Mapping[str, Iterable[str]]) -> dict[str, list[str]]:
    wanted = {field: _values(values) for field, values in query.items()}
    return {field: values for field, values in wanted.items() if values}


def _everywhere(roots: list[str] | None) -> bool:
    return roots is None or not {f"{SCHEME}:", str(RootUri())}.isdisjoint(roots)


def _values(values: Iterable[str] | str) -> list[str]:
    listed = [values] if isinstance(values, str) else list(values)
    # Stored texts went through ``clean`` too.
    return [text for value in listed if (text := clean(str(value)))]
