"""Adds torrents that a listener names: magnets, URLs, the bytes themselves.

Whoever adds waits a bounded time. What is not known by then is looked for on
our event loop until the swarm has had its time, and an event tells when it is
found. What was found once is in the catalog, and is never asked for again.
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
from mopidy_vozduxan.engine.parsing import read_with_magnet
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
from mopidy_vozduxan.torrent.metainfo import Metainfo, TorrentSource
from mopidy_vozduxan.torrent.uris import magnet_of, says_where

logger = logging.getLogger(__name__)

#: So many swarms are asked for metadata at a time; a playlist may name hundreds.
MOST_AT_ONCE = 64

Future = concurrent.futures.Future[str]


@dataclass(slots=True)
class _Search:
    """The search for what one torrent is; ``begun`` in monotonic seconds."""

    future: Future
    begun: float
    texts: set[str]
    told: bool = False


class Adder:
    """Adds to ``catalog``; its methods may be called from any thread but our loop's.

    ``ask`` runs a coroutine on our loop; there ``fetch_metainfo`` asks the swarm
    (:class:`MetadataTimeout`) and ``fetch`` a web server (:class:`FetchFailed`).
    ``came`` is called when a torrent came with all its metadata.
    """

    def __init__(
        self,
        catalog: Catalog,
        ask: Callable[[Coroutine[object, object, str]], Future],
        fetch_metainfo: Callable[[TorrentSource], Awaitable[Metainfo]],
        fetch: Callable[[str], Awaitable[bytes | str]],
        came: Callable[[], None] = lambda: None,
    ) -> None:
        self._catalog = catalog
        self._ask = ask
        self._fetch_metainfo = fetch_metainfo
        self._fetch = fetch
        self._came = came
        self._searches: dict[str, _Search] = {}
        self._lock = threading.RLock()
        self._turn = asyncio.Semaphore(MOST_AT_ONCE)
        self._ended = False

    def add(self, text: str, timeout: float) -> Added:
        """Add what a magnet link, a URL or one of our URIs names.

        Returns after ``timeout`` seconds of search at the latest, those of
        earlier calls included; what is unknown then is searched for all the same.
        Raises :class:`BadInput` for what names no torrent, :class:`FetchFailed`,
        and :class:`StorageFailed`.
        """
        wish = wish_of(text)
        self._catalog.come_back(wish.key)
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

    def begin(self, text: str) -> None:
        """Have what ``text`` names searched for, if it is unknown; at once.

        Text that names no torrent is not searched for.
        """
        for wish in self._unknown([text]):
            self._note_magnet(wish)
            self._tell(wish, self._begin(wish))

    def begin_all(self, texts: Iterable[str]) -> None:
        """Begin the searches that :meth:`add` is about to wait for."""
        for wish in self._unknown(texts):
            self._begin(wish)

    def known(self, text: str) -> Added | None:
        """Return what the catalog knows of what ``text`` names; at once.

        Raises :class:`BadInput` for what names no torrent.
        """
        return self._known(wish_of(text))

    def add_torrent(self, data: bytes) -> Added:
        """Add a torrent by the bytes of its ``.torrent`` file; at once.

        Raises :class:`BadInput` when they are not a torrent we can play from.
        """
        source, metainfo = read_with_magnet(data, None)
        infohash = self._keep(source, metainfo)
        self._came()
        StreamListener.send("tracks_known", infohash=infohash)
        return Added(infohash, metainfo.name, known=True)

    def end_searches(self) -> None:
        """Have nobody wait any more: Mopidy stops."""
        with self._lock:
            self._ended = True
            searches = list(self._searches.values())
        for search in searches:
            search.future.cancel()

    # --- what is known

    def _unknown(self, texts: Iterable[str]) -> Iterator[Wish]:
        for text in texts:
            with contextlib.suppress(VozduxanError):
                wish = wish_of(text)
                if not self._known(wish):
                    yield wish

    def _known(self, wish: Wish) -> Added | None:
        infohash = self._catalog.name_of(wish.key)
        metainfo = self._catalog.metainfo(infohash)
        if metainfo is None:
            return None
        return Added(infohash, metainfo.name, True, wish.files, metainfo.size)

    def _unresolved(self, wish: Wish) -> Added:
        infohash = self._catalog.name_of(wish.key)
        if infohash == wish.key:
            return wish.unresolved
        # A URL that led to a magnet link: its swarm can be joined.
        return replace(wish.unresolved, infohash=infohash)

    def _note_magnet(self, wish: Wish) -> None:
        """Keep a magnet link for ever; a later one's trackers are the fresher."""
        if wish.link is None:
            return
        known = self._catalog.source(wish.key)
        if known is None or known.magnet != wish.link.source.magnet:
            self._catalog.add(wish.link.source, None)

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
        """Return the same by a known link, where its own says nothing of peers."""
        link = wish.link
        if link is None or says_where(link.source.magnet or ""):
            return wish
        known = self._catalog.source(wish.key)
        if known is None or known.magnet is None:
            return wish
        source = replace(link.source, magnet=known.magnet)
        return replace(wish, link=replace(link, source=source))

    def _end(self, key: str, search: _Search) -> None:
        with self._lock:
            if self._searches.get(key) is search:
                del self._searches[key]

    def _tell(self, wish: Wish, search: _Search) -> None:
        """Have the log say how the search ends; nobody waits for it any more."""
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
        """Have the swarm that is searched for met in another link's ways too."""
        with contextlib.suppress(VozduxanError):
            await self._fetch_metainfo(source)
        return source.infohash

    async def _find(self, wish: Wish) -> str:
        if wish.link:
            source, metainfo = wish.link.source, None
        else:
            source, metainfo = await self._find_at(wish.url)
        metainfo = metainfo or await self._fetch_metainfo(source)
        infohash = await asyncio.to_thread(self._keep, source, metainfo)
        if wish.link is None:
            await asyncio.to_thread(self._catalog.also_call, wish.url, infohash)
        return infohash

    async def _find_at(self, url: str) -> tuple[TorrentSource, Metainfo | None]:
        body = await self._fetch(url)
        if isinstance(body, str):
            source = read_magnet(body)
            await asyncio.to_thread(self._catalog.add, source, None)
            await asyncio.to_thread(self._catalog.also_call, url, source.infohash)
            return source, self._catalog.metainfo(source.infohash)
        try:
            return await asyncio.to_thread(read_with_magnet, body, None)
        except BadInput as exc:
            host = urlsplit(url).hostname
            raise FetchFailed(f"What {host} sends is not a torrent file.") from exc

    def _keep(self, source: TorrentSource, metainfo: Metainfo) -> str:
        """Write it to the catalog; return the infohash it is kept under."""
        if source.magnet is None:
            # What has a magnet link stays when a file in torrent_dirs goes.
            known = self._catalog.source(metainfo.infohash)
            magnet = known.magnet if known else None
            magnet = magnet or magnet_of(metainfo.infohash)
            source = replace(source, magnet=magnet)
        self._catalog.add(source, metainfo)
        if not any(map(is_playable, metainfo.files)):
            logger.warning("Vozduxan: “%s” has no audio file", metainfo.name)
        return metainfo.infohash


def _report(name: str, future: Future) -> None:
    """Say how a search ended that nobody waited for."""
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
