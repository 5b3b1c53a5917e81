"""Our library for Mopidy: browse, lookup, search, images.

It never raises, and never waits longer than ``lookup_timeout``: while a call waits,
core and every client wait too. Answers from the catalog come at once.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Protocol, TypeVar

from mopidy import backend

from mopidy_vozduxan.catalog import Catalog
from mopidy_vozduxan.exceptions import BadInput, StorageFailed
from mopidy_vozduxan.library import searching, translator
from mopidy_vozduxan.library.browsing import Browser
from mopidy_vozduxan.library.resolving import Found, Resolver, guessed, meaning_of
from mopidy_vozduxan.library.root import root_ref
from mopidy_vozduxan.sources.adding import Adder
from mopidy_vozduxan.sources.wishes import Wish
from mopidy_vozduxan.torrent.uris import (
    VIEWS,
    AlbumUri,
    ArtistUri,
    DirectoryUri,
    RootUri,
    TrackUri,
    ViewUri,
    parse,
)

if TYPE_CHECKING:
    from mopidy import models

logger = logging.getLogger(__name__)

T = TypeVar("T")

_ARTIST = str(ArtistUri(""))


class LengthReader(Protocol):
    """Reads the true lengths of tracks, in the background; for any thread."""

    def opened(self, infohash: str) -> None:
        """Somebody opened this torrent: read it next. Returns at once."""

    def again(self, infohash: str) -> None:
        """The same, even if it was read a moment ago."""

    def wait(self, infohashes: Iterable[str], until: float) -> None:
        """Wait for lengths that may come soon, at most until ``until``.

        That is in the time of `time.monotonic`.
        """

    def stop(self) -> None:
        """End all waits, now and later."""


class CoverUrls(Protocol):
    """Knows where pictures are; for any thread, and never waits."""

    def urls(self, uris: Iterable[str]) -> dict[str, list[str]]:
        """Return the URLs of pictures for those ``uris`` that have any."""


class VozduxanLibraryProvider(backend.LibraryProvider):
    """Answers from ``catalog``; ``lookup_timeout`` is in seconds.

    ``rescan`` looks for torrents in the folders again, and returns at once.
    ``more_asked`` says whether core has asked for more than the current call.
    """

    root_directory = root_ref()

    def __init__(
        self,
        backend: object,
        catalog: Catalog,
        adder: Adder,
        lookup_timeout: float,
        covers: CoverUrls | None = None,
        lengths: LengthReader | None = None,
        rescan: Callable[[], None] | None = None,
        more_asked: Callable[[], bool] = lambda: False,
    ) -> None:
        super().__init__(backend)
        self._catalog = catalog
        self._browser = Browser(catalog)
        self._adder = adder
        self._resolver = Resolver(catalog, adder)
        self._lookup_timeout = lookup_timeout
        self._lengths = lengths
        self._covers = covers
        self._rescan = rescan
        self._more_asked = more_asked
        self._until: float | None = None  # shared with the next lookup

    def browse(self, uri: str) -> list[models.Ref]:
        """Return the content of a directory or an album; [] for anything else."""
        return _guarded(f"browse {uri[:200]}", [], lambda: self._browse(uri))

    def lookup(self, uri: str) -> list[models.Track]:
        """Return the tracks that ``uri`` names; [] if there are none."""
        return self.lookup_many([uri])[uri]

    def lookup_many(self, uris: Iterable[str]) -> dict[str, list[models.Track]]:
        """Return the tracks of every URI. All of them share one bounded wait.

        Several pending lookups share it too: Mopidy 3 looks up URI by URI, and ten dead
        magnet links must not cost ten waits.
        """
        wanted = {uri: meaning_of(uri) for uri in uris}
        until = self._patience()
        self._adder.begin_all(m for m in wanted.values() if isinstance(m, Wish))
        found = {uri: self._resolver.tracks(uri, wanted[uri], until) for uri in wanted}
        for uri in self._settle(found, until):
            found[uri] = self._resolver.tracks(uri, wanted[uri], until)
        self._until = until if self._more_asked() else None
        return {uri: translator.tracks(tracks) for uri, tracks in found.items()}

    def known(self, uri: str) -> list[models.Track] | None:
        """Return the tracks that ``uri`` names now; ``None`` while they are unknown.

        Never waits, and may be called from any thread; guessed lengths are read
        afterwards. Raises :class:`BadInput`.
        """
        found = self._resolver.known(uri)
        if found is None:
            return None
        if self._lengths:
            for infohash in guessed(found):
                self._lengths.opened(infohash)
        return translator.tracks(found)

    def begin(self, uri: str) -> None:
        """Start the search for what ``uri`` names, if it is unknown; never waits."""
        self._adder.begin(uri)

    def stop_waiting(self) -> None:
        """Answer without waiting from now on: Mopidy stops. For any thread."""
        self._lookup_timeout = 0.0
        self._adder.end_searches()
        if self._lengths:
            self._lengths.stop()

    def search(
        self,
        query: Mapping[str, Iterable[str]],
        uris: Iterable[str] | None = None,
        exact: bool = False,
    ) -> models.SearchResult | None:
        """Return what matches all of ``query``; None if nothing does."""
        ask = partial(searching.answer, self._catalog.search, query, uris, exact)
        return _guarded("search the catalog", None, ask)

    def get_distinct(
        self, field: str, query: Mapping[str, Iterable[str]] | None = None
    ) -> set[str | int]:
        """Return the values of ``field`` in tracks that match ``query`` exactly."""
        ask = partial(searching.distinct, self._catalog.search, field, query or {})
        return _guarded("search the catalog", set(), ask)

    def get_images(self, uris: Iterable[str]) -> dict[str, list[models.Image]]:
        """Return the URLs of each URI's pictures."""
        covers, asked = self._covers, list(uris)
        if covers is None:
            return {}
        return _guarded(
            "find pictures", {}, lambda: translator.images(covers.urls(asked))
        )

    def refresh(self, uri: str | None = None) -> None:
        """Look for torrents again; with a torrent's URI, read its tags again."""
        _guarded(f"refresh {uri}", None, lambda: self._refresh(uri))

    def prepare(self) -> None:
        """Build the long lists before anybody waits for them; for any thread."""
        for uri in (RootUri(), *map(ViewUri, VIEWS)):
            self.browse(str(uri))

    def _patience(self) -> float:
        """Return until when a new lookup may wait (`time.monotonic`)."""
        own = time.monotonic() + self._lookup_timeout
        return own if self._until is None else min(self._until, own)

    # --- what raises

    def _browse(self, uri: str) -> list[models.Ref]:
        parsed = parse(uri)
        refs = self._browser.refs(parsed)
        if refs and self._lengths and isinstance(parsed, DirectoryUri | AlbumUri):
            self._lengths.opened(parsed.infohash)
        return refs

    def _refresh(self, uri: str | None) -> None:
        parsed = parse(uri) if uri else None
        match parsed:
            case DirectoryUri() | AlbumUri() | TrackUri():
                self._catalog.scans.scan_again(parsed.infohash)
                if self._lengths:
                    self._lengths.again(parsed.infohash)
            case _ if self._rescan:
                self._rescan()

    def _settle(self, found: Mapping[str, Found], until: float) -> list[str]:
        """Wait for the true lengths of guessed ones; return what to look up again."""
        # Not for an artist's whole work: that would be many swarms.
        guesses = {
            uri: infohashes
            for uri, tracks in found.items()
            if not uri.startswith(_ARTIST) and (infohashes := guessed(tracks))
        }
        if self._lengths is None or not guesses:
            return []
        self._lengths.wait(set[str]().union(*guesses.values()), until)
        return list(guesses)


def _guarded(doing: str, otherwise: T, work: Callable[[], T]) -> T:
    """Return the result of ``work``, or ``otherwise`` if it fails."""
    try:
        return work()
    except (BadInput, StorageFailed) as exc:  # the catalog has said what is wrong
        logger.debug("%s: %s", doing, exc)
    except Exception:
        logger.exception("Vozduxan: Cannot %s", doing)
    return otherwise
