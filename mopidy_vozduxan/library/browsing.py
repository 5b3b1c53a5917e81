"""The content of our directories: torrents, folders, tracks, and the views.

Long lists are cached until the catalog changes: ten thousand refs take a tenth of a
second to build, and core waits for them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from mopidy_vozduxan.catalog import Catalog
from mopidy_vozduxan.library import translator
from mopidy_vozduxan.naming.names import natural_key
from mopidy_vozduxan.torrent.layout import Album, Layout
from mopidy_vozduxan.torrent.uris import (
    AlbumUri,
    AnyUri,
    ArtistUri,
    DirectoryUri,
    RootUri,
    ViewUri,
)

if TYPE_CHECKING:
    from mopidy.models import Ref


class Browser:
    """Answers from ``catalog``, from any thread; may raise :class:`StorageFailed`."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._kept: dict[AnyUri, tuple[int, list[Ref]]] = {}
        self._lock = threading.Lock()

    def refs(self, uri: AnyUri) -> list[Ref]:
        """Return the content of ``uri``; [] if it is not one of our directories."""
        match uri:
            case RootUri():
                return self._long(uri, self._catalog.torrents_version, self._root)
            case ViewUri("artists"):
                return self._long(uri, self._catalog.albums_version, self._artists)
            case ViewUri("albums"):
                return self._long(uri, self._catalog.albums_version, self._albums)
            case ArtistUri(name):
                return self._artist(name)
            case DirectoryUri(infohash) if layout := self._layout(infohash):
                return translator.folder_refs(layout)
            case AlbumUri(infohash, number) if layout := self._layout(infohash):
                return _track_refs(layout, number)
        return []

    def _layout(self, infohash: str) -> Layout | None:
        """Return the layout of a torrent in the library."""
        if not self._catalog.torrents.has(infohash):
            return None
        return self._catalog.tracks.layout(infohash)

    def _long(
        self, uri: AnyUri, version: int, build: Callable[[], list[Ref]]
    ) -> list[Ref]:
        with self._lock:  # two simultaneous requests must build it only once
            kept = self._kept.get(uri)
            if kept is None or kept[0] != version:
                kept = self._kept[uri] = version, build()
        return list(kept[1])

    def _root(self) -> list[Ref]:
        torrents = translator.torrent_refs(self._catalog.collection.summaries())
        return [*translator.view_refs(), *torrents]

    def _artists(self) -> list[Ref]:
        return translator.artist_refs(self._catalog.search.all_artists())

    def _albums(self) -> list[Ref]:
        return translator.album_refs(
            sorted(self._catalog.search.all_albums(), key=_by_name)
        )

    def _artist(self, name: str) -> list[Ref]:
        search = self._catalog.search
        # An artist who is only on other people's albums has none.
        found = search.albums_of_artist(name) or dict.fromkeys(
            track.album for track in search.tracks_of_artist(name)
        )
        return translator.album_refs(sorted(found, key=_by_date))


def _by_name(album: Album) -> tuple[object, ...]:
    return natural_key(album.name), str(album.uri)


def _by_date(album: Album) -> tuple[object, ...]:
    return album.date or "", natural_key(album.name), str(album.uri)


def _track_refs(layout: Layout, number: int | None) -> list[Ref]:
    return [r for f in layout.of(number) for r in translator.track_refs(layout, f)]
