"""The running searches: one for each torrent, for any number of callers."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import logging
import threading
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass

from mopidy_vozduxan.exceptions import (
    Cancelled,
    MetadataTimeout,
    ShuttingDown,
    VozduxanError,
)
from mopidy_vozduxan.listener import StreamListener
from mopidy_vozduxan.sources.finding import Finding
from mopidy_vozduxan.sources.wishes import Wish
from mopidy_vozduxan.torrent.metainfo import TorrentSource

logger = logging.getLogger(__name__)

#: How many swarms to ask for metadata at a time; a playlist may name hundreds.
MOST_AT_ONCE = 64

Future = concurrent.futures.Future[str]
Ask = Callable[[Coroutine[object, object, str]], Future]


@dataclass(slots=True)
class RunningSearch:
    """A search for one torrent; ``begun`` is in monotonic seconds."""

    future: Future
    begun: float
    texts: set[str]
    told: bool = False


class Searches:
    """``ask`` runs coroutines on our loop. Call its methods from other threads only."""

    def __init__(self, ask: Ask, finding: Finding) -> None:
        self._ask = ask
        self._finding = finding
        self._searches: dict[str, RunningSearch] = {}
        self._lock = threading.RLock()
        self._turn = asyncio.Semaphore(MOST_AT_ONCE)
        self._ended = False

    def begin(self, wish: Wish, best: Callable[[Wish], Wish]) -> RunningSearch:
        """Return the search for what ``wish`` asks for; start it if there is none.

        A new search uses the ``best`` wish that means the same.
        """
        with self._lock:
            search = self._searches.get(wish.key)
            if search is None or search.future.done():
                future = self._ask(self._search(best(wish)))
                search = RunningSearch(future, time.monotonic(), {wish.text})
                self._searches[wish.key] = search
                future.add_done_callback(lambda _: self._end(wish.key, search))
            elif wish.link and wish.text not in search.texts:
                search.texts.add(wish.text)
                self._ask(self._search_too(wish.link.source))
            return search

    def tell(self, wish: Wish, search: RunningSearch) -> None:
        """Log how the search ends, because nobody waits for it any more."""
        with self._lock:
            told, search.told = search.told, True
        if told:
            return
        name = wish.unresolved.name
        if not search.future.done():
            logger.info("Vozduxan: Still looking for “%s”", name)
        search.future.add_done_callback(lambda future: _report(name, future))

    def seconds_left(self, search: RunningSearch, timeout: float) -> float:
        """Return how long to wait for a search that may take ``timeout`` s in all."""
        left = 0.0 if self._ended else search.begun + timeout - time.monotonic()
        return max(0.0, left)

    def end_all(self) -> None:
        """End all waits: Mopidy stops."""
        with self._lock:
            self._ended = True
            searches = list(self._searches.values())
        for search in searches:
            search.future.cancel()

    def _end(self, key: str, search: RunningSearch) -> None:
        with self._lock:
            if self._searches.get(key) is search:
                del self._searches[key]

    async def _search(self, wish: Wish) -> str:
        async with self._turn:
            infohash = await self._finding.find(wish)
        StreamListener.send("source_resolved", uri=wish.text, infohash=infohash)
        return infohash

    async def _search_too(self, source: TorrentSource) -> str:
        """Use the trackers and peers of another link for the running search."""
        with contextlib.suppress(VozduxanError):
            await self._finding.meet(source)
        return source.infohash


def _report(name: str, future: Future) -> None:
    """Log how a search ended for which nobody waits."""
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
