"""Adds torrents that a listener names: magnet links, URLs, the bytes themselves.

Callers wait for a bounded time. After that the search goes on, on our event loop,
for as long as the swarm may take, and an event tells when the torrent is found. A
torrent that was found once is in the catalog, and is never searched for again.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import logging
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator
from concurrent.futures import CancelledError
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from mopidy_vozduxan.audio.formats import is_playable
from mopidy_vozduxan.catalog import Catalog
from mopidy_vozduxan.exceptions import (
    BadInput,
    Cancelled,
    FetchFailed,
    MetadataTimeout,
    ShuttingDown,
    VozduxanError,
)
from mopidy_vozduxan.listener import StreamListener
from mopidy_vozduxan.naming.magnet_links import read_magnet
from mopidy_vozduxan.sources.wishes import Added, Wish, wish_of
from mopidy_vozduxan.torrent.metainfo import Metainfo, ReadTorrent, TorrentSource
from mopidy_vozduxan.torrent.uris import magnet_of, says_where

logger = logging.getLogger(__name__)

#: How many swarms are asked for metadata at a time; a playlist may name hundreds.
MOST_AT_ONCE = 64

Future = concurrent.futures.Future[str]


@dataclass(slots=True)
class _Search:
    """A search for one torrent; ``begun`` is in monotonic seconds."""

    future: Future
    begun: float
    texts: set[str]
    told: bool = False


class Adder:
    """Adds to ``catalog``; any thread but our loop's may call its methods.

    ``ask`` runs a coroutine on our loop. There, ``fetch_metainfo`` asks the swarm
    (:class:`MetadataTimeout`) and may find its answer kept in ``catalog`` already;
    ``fetch`` asks a web server (:class:`FetchFailed`).
    ``came`` is called when a torrent was added with all its metadata.
    """

    def __init__(
        self,
        catalog: Catalog,
        read_torrent: ReadTorrent,
        ask: Callable[[Coroutine[object, object, str]], Future],
        fetch_metainfo: Callable[[TorrentSource], Awaitable[Metainfo]],
        fetch: Callable[[str], Awaitable[bytes | str]],
        came: Callable[[], None] = lambda: None,
    ) -> None:
        self._catalog = catalog
        self._read_torrent = read_torrent
        self._ask = ask
        self._fetch_metainfo = fetch_metainfo
        self._fetch = fetch
        self._came = came
        self._searches: dict[str, _Search] = {}
        self._lock = threading.RLock()
        self._turn = asyncio.Semaphore(MOST_AT_ONCE)
        self._ended = False

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
        left = 0.0 if self._ended else search.begun + timeout - time.monotonic()
        try:
            search.future.result(max(0.0, left))
        except (TimeoutError, MetadataTimeout, ShuttingDown, CancelledError):
            self._tell(wish, search)
            return self._unresolved(wish)
        return self._known(wish) or self._unresolved(wish)

    def begin(self, text: str | Wish) -> None:
        """Start the search for what ``text`` names, if it is unknown; returns at once.

        Ignores text that names no torrent.
        """
        for wish in self._unknown([text]):
            self._note_magnet(wish)
            self._tell(wish, self._begin(wish))

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
        infohash = self._keep(source, metainfo)
        self._came()
        StreamListener.send("tracks_known", infohash=infohash)
        return Added(infohash, metainfo.name, known=True)

    def end_searches(self) -> None:
        """End all waits: Mopidy stops."""
        with self._lock:
            self._ended = True
            searches = list(self._searches.values())
        for search in searches:
            search.future.cancel()

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

    # --- the search

    def _begin(self, wish: Wish) -> _Search:
        with self._lock:
            search = self._searches.get(wish.key)
            if search is None or search.future.done():
                future = self._ask(self._search(self._best(wish)))
                search = _Search(future, time.monotonic(), {wish.text})
                self._searches[wish.key] = search
                future.add_done_callback(lambda _: self._end(wish.key, search))
            elif wish.link and wish.text not in search.texts:
                search.texts.add(wish.text)
                self._ask(self._search_too(wish.link.source))
            return search

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

    def _end(self, key: str, search: _Search) -> None:
        with self._lock:
            if self._searches.get(key) is search:
                del self._searches[key]

    def _tell(self, wish: Wish, search: _Search) -> None:
        """Make the log report how the search ends: nobody waits for it any more."""
        with self._lock:
            told, search.told = search.told, True
        if told:
            return
        name = wish.unresolved.name
        if not search.future.done():
            logger.info("Vozduxan: Still looking for “%s”", name)
        search.future.add_done_callback(lambda future: _report(name, future))

    async def _search(self, wish: Wish) -> str:
        async with self._turn:
            infohash = await self._find(wish)
        StreamListener.send("source_resolved", uri=wish.text, infohash=infohash)
        return infohash

    async def _search_too(self, source: TorrentSource) -> str:
        """Use the trackers and peers of another link for the running search."""
        with contextlib.suppress(VozduxanError):
            await self._fetch_metainfo(source)
        return source.infohash

    async def _find(self, wish: Wish) -> str:
        if wish.link:
            return await self._find_in_swarm(wish.link.source)
        infohash = await self._find_at(wish.url)
        await self._catalog.on_loop.torrents.also_call(wish.url, infohash)
        return infohash

    async def _find_in_swarm(self, source: TorrentSource) -> str:
        metainfo = await self._fetch_metainfo(source)
        return await self._catalog.on_loop.run(self._keep_new, source, metainfo)

    async def _find_at(self, url: str) -> str:
        body = await self._fetch(url)
        if isinstance(body, str):
            return await self._find_linked(url, read_magnet(body))
        try:
            source, metainfo = await asyncio.to_thread(self._read_torrent, body)
        except BadInput as exc:
            host = urlsplit(url).hostname
            raise FetchFailed(f"{host} did not send a torrent file.") from exc
        return await self._catalog.on_loop.run(self._keep, source, metainfo)

    async def _find_linked(self, url: str, source: TorrentSource) -> str:
        """Return what a magnet link names that ``url`` leads to."""
        catalog = self._catalog.on_loop
        await catalog.collection.add(source, None)
        await catalog.torrents.also_call(url, source.infohash)
        known = await catalog.torrents.metainfo(source.infohash)
        if known is None:
            return await self._find_in_swarm(source)
        _warn_of_silence(known)
        return known.infohash

    def _keep_new(self, source: TorrentSource, metainfo: Metainfo) -> str:
        """Write it to the catalog, unless it is there as its swarm gave it."""
        if self._catalog.torrents.metainfo(metainfo.infohash) != metainfo:
            return self._keep(source, metainfo)
        _warn_of_silence(metainfo)
        return metainfo.infohash

    def _keep(self, source: TorrentSource, metainfo: Metainfo) -> str:
        """Write the torrent to the catalog; return its infohash there."""
        if source.magnet is None:
            # A torrent with a magnet link stays when its file leaves torrent_dirs.
            known = self._catalog.torrents.source(metainfo.infohash)
            magnet = known.magnet if known else None
            magnet = magnet or magnet_of(metainfo.infohash)
            source = replace(source, magnet=magnet)
        self._catalog.collection.add(source, metainfo)
        _warn_of_silence(metainfo)
        return metainfo.infohash


def _warn_of_silence(metainfo: Metainfo) -> None:
    if not any(map(is_playable, metainfo.files)):
        logger.warning("Vozduxan: “%s” has no audio file", metainfo.name)


def _wish(text: str | Wish) -> Wish:
    return text if isinstance(text, Wish) else wish_of(text)


def _report(name: str, future: Future) -> None:
    """Log how a search ended that nobody waited for."""
    error = None if future.cancelled() else future.exception()
    if future.cancelled() or isinstance(error, ShuttingDown | Cancelled):
        return  # Mopidy stops, or the torrent was removed
    if error is None:
        logger.info("Vozduxan: Found “%s”", name)
    elif isinstance(error, MetadataTimeout):
        logger.warning("Vozduxan: %s Playing it tries again.", error)
    elif isinstance(error, VozduxanError):
        logger.warning("Vozduxan: “%s” cannot be added: %s", name, error)
    else:
        logger.error("Vozduxan: “%s” cannot be added", name, exc_info=error)
