"""The library as Mopidy asks for it: browse, lookup, search.

It never raises and never waits longer than ``lookup_timeout``: while one call
waits, core, and with it every client, does. What is in the catalog is answered
at once.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Protocol

from mopidy import backend

from mopidy_vozduxan import translator
from mopidy_vozduxan.adding import Added, Adder
from mopidy_vozduxan.catalog import Catalog
from mopidy_vozduxan.exceptions import BadInput, VozduxanError
from mopidy_vozduxan.layout import Folder, Layout
from mopidy_vozduxan.layout import Track as KnownTrack
from mopidy_vozduxan.search import matching_tracks
from mopidy_vozduxan.uris import (
    AddUri,
    AlbumUri,
    DirectoryUri,
    MagnetUri,
    RootUri,
    TrackUri,
    parse,
)

if TYPE_CHECKING:
    from mopidy.models import Image, Ref, SearchResult, Track

logger = logging.getLogger(__name__)


class Covers(Protocol):
    """Says where covers are to be had, from memory."""

    def urls(self, uris: Iterable[str]) -> dict[str, list[str]]:
        """Return root-relative URLs for each URI, and for no other."""


class VozduxanLibraryProvider(backend.LibraryProvider):
    """Answers from ``catalog``; ``lookup_timeout`` is in seconds."""

    root_directory = translator.root_ref()

    def __init__(
        self,
        backend: object,
        catalog: Catalog,
        adder: Adder,
        lookup_timeout: float,
        covers: Covers | None = None,
    ) -> None:
        super().__init__(backend)
        self._catalog = catalog
        self._adder = adder
        self._lookup_timeout = lookup_timeout
        self._covers = covers

    def browse(self, uri: str) -> list[Ref]:
        """Return what a directory or an album holds; [] for anything else."""
        try:
            return self._browse(uri)
        except BadInput as exc:
            logger.debug("browse: %s", exc)
        except Exception:
            logger.exception("Vozduxan: Could not browse %s", uri)
        return []

    def lookup(self, uri: str) -> list[Track]:
        """Return the tracks that ``uri`` names; [] where there are none."""
        return self.lookup_many([uri])[uri]

    def lookup_many(self, uris: Iterable[str]) -> dict[str, list[Track]]:
        """Return the tracks of every URI. All of them share one bounded wait."""
        wanted = list(uris)
        self._adder.begin_all(wanted)
        until = time.monotonic() + self._lookup_timeout
        return {uri: self._lookup_one(uri, until) for uri in wanted}

    def known(self, uri: str) -> list[Track] | None:
        """Return the tracks that ``uri`` names now; ``None`` while they are unknown.

        Never waits, and may be called from any thread. Raises :class:`BadInput`.
        """
        match parse(uri):
            case TrackUri() as track:
                layout = self._catalog.layout(track.infohash)
                return translator.tracks(_meant(layout, track)) if layout else None
            case MagnetUri() | AddUri():
                return self._added_tracks(self._adder.known(uri))
        return None

    def begin(self, uri: str) -> None:
        """Search for the torrent that ``uri`` names, if it is unknown; at once."""
        self._adder.begin(uri)

    def search(
        self,
        query: Mapping[str, Iterable[str]],
        uris: Iterable[str] | None = None,
        exact: bool = False,
    ) -> SearchResult | None:
        """Return the tracks that match, by what their paths tell."""
        try:
            found = matching_tracks(self._catalog, query, uris, exact)
        except Exception:
            logger.exception("Vozduxan: Could not search the catalog")
            return None
        return translator.search_result(found) if found else None

    def get_distinct(
        self, field: str, query: Mapping[str, Iterable[str]] | None = None
    ) -> set[str]:
        """Return nothing yet: there are no tags in the catalog."""
        return set()

    def get_images(self, uris: Iterable[str]) -> dict[str, list[Image]]:
        """Return the cover of every URI that has one, fetching nothing."""
        try:
            urls = self._covers.urls(uris) if self._covers else {}
        except Exception:
            logger.exception("Vozduxan: Could not find covers")
            return {}
        return {uri: [translator.image(url) for url in urls[uri]] for uri in urls}

    def _browse(self, uri: str) -> list[Ref]:
        match parse(uri):
            case RootUri():
                return translator.torrent_refs(self._catalog.torrents())
            case DirectoryUri(infohash) if layout := self._catalog.layout(infohash):
                return translator.folder_refs(layout)
            case AlbumUri(infohash, number) if layout := self._catalog.layout(infohash):
                folders = _folders(layout, number)
                return [
                    r
                    for folder in folders
                    for r in translator.track_refs(layout, folder)
                ]
        return []

    def _lookup_one(self, uri: str, until: float) -> list[Track]:
        try:
            return self._lookup(uri, until)
        except VozduxanError as exc:
            logger.warning("Vozduxan: Nothing found for %s: %s", uri[:200], exc)
        except Exception:
            logger.exception("Vozduxan: Could not look up %s", uri[:200])
        return []

    def _lookup(self, uri: str, until: float) -> list[Track]:
        match parse(uri):
            case TrackUri() as track:
                return self._track(uri, track)
            case AlbumUri(infohash, number) if layout := self._catalog.layout(infohash):
                return _tracks(layout, number)
            # Iris never browses a directory that looks up to tracks.
            case DirectoryUri(infohash) if layout := self._catalog.layout(infohash):
                return _tracks(layout) if len(layout.folders) == 1 else []
            case MagnetUri() | AddUri():
                return self._added(uri, until)
        return []

    def _track(self, uri: str, track: TrackUri) -> list[Track]:
        layout = self._catalog.layout(track.infohash)
        if layout is None:
            # It left the catalog, but its swarm may still play it.
            source = self._catalog.source(track.infohash)
            name = (source and source.display_name) or track.infohash
            return [translator.unresolved_track(uri, f"{name} ({track.index})")]
        found = layout.track(track)
        return [translator.track(found)] if found else []

    def _added(self, uri: str, until: float) -> list[Track]:
        added = self._adder.add(uri, max(0.0, until - time.monotonic()))
        tracks = self._added_tracks(added)
        if tracks is None:
            return [translator.unresolved_track(uri, added.name, added.size)]
        return tracks

    def _added_tracks(self, added: Added | None) -> list[Track] | None:
        if added is None or added.infohash is None:
            return None
        layout = self._catalog.layout(added.infohash)
        return _tracks(layout, files=added.files) if layout else None


def _folders(layout: Layout, number: int | None) -> tuple[Folder, ...]:
    """Return the folder of that number, or all of them for None."""
    return layout.folders if number is None else layout.folders[number : number + 1]


def _tracks(
    layout: Layout, number: int | None = None, files: Iterable[int] | None = None
) -> list[Track]:
    """Return the tracks of one folder or all, of certain files or all."""
    chosen = None if files is None else frozenset(files)
    return [
        translator.track(track)
        for folder in _folders(layout, number)
        for track in folder.tracks
        if chosen is None or track.uri.index in chosen
    ]


def _meant(layout: Layout, uri: TrackUri) -> list[KnownTrack]:
    """Return the track, or the parts of the file where a sheet divides it."""
    found = layout.track(uri)
    return [found] if found else layout.tracks_of(uri.index)
