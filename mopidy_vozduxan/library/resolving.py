"""Resolves our URIs: to tracks, or to stand-ins until the tracks are known."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from dataclasses import replace

from mopidy_vozduxan.catalog import Catalog
from mopidy_vozduxan.exceptions import StorageFailed, VozduxanError
from mopidy_vozduxan.sources.adding import Adder
from mopidy_vozduxan.sources.wishes import Added, Wish, wish_in
from mopidy_vozduxan.streaming.file_choice import no_such_file
from mopidy_vozduxan.torrent.layout import Layout, Track, Unresolved
from mopidy_vozduxan.torrent.uris import (
    AddUri,
    AlbumUri,
    AnyUri,
    ArtistUri,
    DirectoryUri,
    MagnetUri,
    PlaylistUri,
    TrackUri,
    parse,
    shown,
)

logger = logging.getLogger(__name__)

Found = list[Track | Unresolved]
#: What a URI says, parsed: a torrent to add, a place in the catalog, or nonsense.
Meaning = AnyUri | Wish | VozduxanError


class Resolver:
    """Looks in ``catalog``; uses ``adder`` to add what a URI asks for."""

    def __init__(self, catalog: Catalog, adder: Adder) -> None:
        self._catalog = catalog
        self._adder = adder

    def tracks(self, uri: str, meaning: Meaning, until: float) -> Found:
        """Return the tracks that a URI names, or their stand-ins.

        Waits until ``until`` (`time.monotonic`) at most, and logs what fails.
        """
        try:
            return list(self._named(uri, meaning, until))
        except StorageFailed as exc:  # the catalog has said what is wrong
            logger.debug("%s: %s", shown(uri), exc)
        except VozduxanError as exc:
            logger.warning("Vozduxan: Nothing found for %s: %s", shown(uri), exc)
        except Exception:
            logger.exception("Vozduxan: Cannot look up %s", shown(uri))
        return []

    def known(self, uri: str) -> list[Track] | None:
        """Return the tracks that a URI names now; raises :class:`BadInput`."""
        match parse(uri):
            case TrackUri() as track:
                layout = self._layout(track.infohash)
                return _meant(layout, track) if layout else None
            case MagnetUri() | AddUri() as torrent:
                wish = wish_in(uri, torrent)
                return self._added_tracks(self._adder.known(wish))
        return None

    def _named(
        self, uri: str, meaning: Meaning, until: float
    ) -> Iterable[Track | Unresolved]:
        match meaning:
            case TrackUri() as track:
                return self._track(uri, track)
            case AlbumUri(infohash, number) if layout := self._layout(infohash):
                return _all_tracks(layout, number)
            # If a directory looks up to tracks, Iris never browses it.
            case DirectoryUri(infohash) if layout := self._layout(infohash):
                return _all_tracks(layout) if len(layout.folders) == 1 else []
            case ArtistUri(name):
                return self._catalog.search.tracks_of_artist(name)
            case PlaylistUri(infohash, index):
                playlist = self._catalog.playlists.get(infohash, index)
                listed = playlist.tracks if playlist else ()
                named = [(track, meaning_of(track)) for track in listed]
                return [t for track in named for t in self.tracks(*track, until)]
            case Wish() as wish:
                return self._added(uri, wish, until)
            case VozduxanError() as error:
                raise error
        return []

    def _track(self, uri: str, track: TrackUri) -> Found:
        layout = self._layout(track.infohash)
        if layout is None:
            # It is not in the library, but it may still play from its swarm.
            source = self._catalog.torrents.source(track.infohash)
            name = (source and source.display_name) or track.infohash
            return [Unresolved(uri, f"{name} ({track.index})")]
        return list(_meant(layout, track))

    def _added(self, uri: str, wish: Wish, until: float) -> Found:
        added = self._adder.add(wish, max(0.0, until - time.monotonic()))
        tracks = self._added_tracks(added)
        if tracks is None:
            return [Unresolved(uri, added.name, added.size)]
        if not tracks:
            raise no_such_file(added.name, added.files)
        return list(tracks)

    def _added_tracks(self, added: Added | None) -> list[Track] | None:
        if added is None or added.infohash is None:
            return None
        layout = self._layout(added.infohash)
        if layout is None:
            return None
        chosen = None if added.files is None else frozenset(added.files)
        found = _all_tracks(layout)
        return [t for t in found if chosen is None or t.uri.index in chosen]

    def _layout(self, infohash: str) -> Layout | None:
        return self._catalog.tracks.layout(infohash)


def meaning_of(uri: str) -> Meaning:
    """Return what a URI means, or what is wrong with it."""
    try:
        parsed = parse(uri)
        if isinstance(parsed, MagnetUri | AddUri):
            return wish_in(uri, parsed)
    except VozduxanError as exc:
        return exc
    return parsed


def guessed(tracks: Iterable[Track | Unresolved]) -> set[str]:
    """Return the torrents that have tracks with guessed lengths."""
    return {
        track.uri.infohash
        for track in tracks
        if isinstance(track, Track) and not track.length_known
    }


def _all_tracks(layout: Layout, number: int | None = None) -> list[Track]:
    return [track for folder in layout.of(number) for track in folder.tracks]


def _meant(layout: Layout, uri: TrackUri) -> list[Track]:
    """Return the track, or the parts of its file if a sheet now divides it.

    Until the sheet is read, the whole file stands in for a part.
    """
    found = layout.track(uri)
    if found:
        return [found]
    if uri.part is None:
        return layout.tracks_of(uri.index)
    whole = layout.track(TrackUri(uri.infohash, uri.index))
    return [replace(whole, uri=uri, length_known=False)] if whole else []
