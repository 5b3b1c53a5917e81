"""Adds torrents that a listener names: magnet links, URLs, the bytes themselves.

Callers wait for a bounded time. After that the search goes on, on our event loop,
for as long as the swarm may take, and an event tells when the torrent is found. A
torrent that was found once is in the catalog, and is never searched for again.
"""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Iterable, Iterator
from concurrent.futures import CancelledError
from dataclasses import replace

from mopidy_vozduxan.catalog import Catalog
from mopidy_vozduxan.exceptions import (
    MetadataTimeout,
    ShuttingDown,
    VozduxanError,
)
from mopidy_vozduxan.listener import StreamListener
from mopidy_vozduxan.sources.finding import Finding
from mopidy_vozduxan.sources.searches import Ask, RunningSearch, Searches
from mopidy_vozduxan.sources.wishes import Added, Wish, wish_of
from mopidy_vozduxan.torrent.metainfo import Metainfo, ReadTorrent, TorrentSource
from mopidy_vozduxan.torrent.uris import says_where


class Adder:
    """Adds to ``catalog``. Call its methods from any thread except our loop's.

    ``ask`` runs a coroutine on our loop. There, ``fetch_metainfo`` asks the swarm
    (:class:`MetadataTimeout`), and the answer may be in ``catalog`` already; ``fetch``
    asks a web server (:class:`FetchFailed`). ``came`` is called when a torrent was
    added with all its metadata.
    """

    def __init__(
        self,
        catalog: Catalog,
        read_torrent: ReadTorrent,
        ask: Ask,
        fetch_metainfo: Callable[[TorrentSource], Awaitable[Metainfo]],
        fetch: Callable[[str], Awaitable[bytes | str]],
        came: Callable[[], None] = lambda: None,
    ) -> None:
        self._catalog = catalog
        self._read_torrent = read_torrent
        self._came = came
        self._finding = Finding(catalog, read_torrent, fetch_metainfo, fetch)
        self._searches = Searches(ask, self._finding)

    def add(self, text: str | Wish, timeout: float) -> Added:
        """Add the torrent that a magnet link, a URL or one of our URIs names.

        Returns after at most ``timeout`` seconds of search, including those of
        earlier calls; the search goes on after that. Raises :class:`BadInput` if the
        text names no torrent, :class:`FetchFailed`, and :class:`StorageFailed`.
        """
        wish = _wish(text)
        self._catalog.collection.come_back(wish.key)
        self._note_magnet(wish)
        if added := self._known(wish):
            return added
        search = self._begin(wish)
        try:
            search.future.result(self._searches.seconds_left(search, timeout))
        except (TimeoutError, MetadataTimeout, ShuttingDown, CancelledError):
            self._searches.tell(wish, search)
            return self._unresolved(wish)
        return self._known(wish) or self._unresolved(wish)

    def begin(self, text: str | Wish) -> None:
        """Start the search for what ``text`` names, if it is unknown; returns at once.

        Ignores text that names no torrent.
        """
        for wish in self._unknown([text]):
            self._note_magnet(wish)
            self._searches.tell(wish, self._begin(wish))

    def begin_all(self, texts: Iterable[str | Wish]) -> None:
        """Start the searches that :meth:`add` will wait for."""
        for wish in self._unknown(texts):
            self._begin(wish)

    def known(self, text: str | Wish) -> Added | None:
        """Return what the catalog knows about what ``text`` names; returns at once.

        Raises :class:`BadInput` if the text names no torrent.
        """
        return self._known(_wish(text))

    def add_torrent(self, data: bytes) -> Added:
        """Add a torrent by the bytes of its ``.torrent`` file; returns at once.

        Raises :class:`BadInput` if they are not a torrent that we can play.
        """
        source, metainfo = self._read_torrent(data)
        infohash = self._finding.keep(source, metainfo)
        self._came()
        StreamListener.send("tracks_known", infohash=infohash)
        return Added(infohash, metainfo.name, known=True)

    def end_searches(self) -> None:
        """End all waits: Mopidy stops."""
        self._searches.end_all()

    # --- what is known

    def _unknown(self, texts: Iterable[str | Wish]) -> Iterator[Wish]:
        for text in texts:
            with contextlib.suppress(VozduxanError):
                wish = _wish(text)
                if not self._known(wish):
                    yield wish

    def _known(self, wish: Wish) -> Added | None:
        infohash = self._catalog.torrents.name_of(wish.key)
        metainfo = self._catalog.torrents.metainfo(infohash)
        if metainfo is None:
            return None
        return Added(infohash, metainfo.name, True, wish.files, metainfo.size)

    def _unresolved(self, wish: Wish) -> Added:
        infohash = self._catalog.torrents.name_of(wish.key)
        if infohash == wish.key:
            return wish.unresolved
        # A URL led to a magnet link, whose swarm can be joined.
        return replace(wish.unresolved, infohash=infohash)

    def _note_magnet(self, wish: Wish) -> None:
        """Keep a magnet link; the latest one has the most recent trackers."""
        if wish.link is None:
            return
        known = self._catalog.torrents.source(wish.key)
        if known is None or known.magnet != wish.link.source.magnet:
            self._catalog.collection.add(wish.link.source, None)

    def _begin(self, wish: Wish) -> RunningSearch:
        return self._searches.begin(wish, self._best)

    def _best(self, wish: Wish) -> Wish:
        """Return the wish with a known link, if its own link names no peers."""
        link = wish.link
        if link is None or says_where(link.source.magnet or ""):
            return wish
        known = self._catalog.torrents.source(wish.key)
        if known is None or known.magnet is None:
            return wish
        source = replace(link.source, magnet=known.magnet)
        return replace(wish, link=replace(link, source=source))


def _wish(text: str | Wish) -> Wish:
    return text if isinstance(text, Wish) else wish_of(text)
