"""The background reading of tags, for the backend: built, started, stopped."""

from __future__ import annotations

import asyncio
import logging

from mopidy_vozduxan.bridge import Bridge
from mopidy_vozduxan.catalog import Catalog
from mopidy_vozduxan.listener import StreamListener
from mopidy_vozduxan.scanning.file_scan import Door, FileScanner
from mopidy_vozduxan.scanning.lookups import Lengths
from mopidy_vozduxan.scanning.means import Means, Readers
from mopidy_vozduxan.scanning.scanner import Pace, Scanner
from mopidy_vozduxan.streaming.background import Background

logger = logging.getLogger(__name__)

#: News about a torrent is sent together. The delay also lets a lookup's answer get
#: into the tracklist before the news looks for it there.
TELL_AFTER_S = 1.0


class Scanning:
    """``scan_tags`` is ``all``, ``opened`` or ``never``.

    :attr:`lengths` is for the library.
    """

    def __init__(
        self,
        scan_tags: str,
        bridge: Bridge,
        catalog: Catalog,
        readers: Readers,
        *,
        pace: Pace,
    ) -> None:
        self._scan_tags = scan_tags
        self._bridge = bridge
        self._catalog = catalog
        self._readers = readers
        self._pace = pace
        self._scanner: Scanner | None = None
        self._untold: dict[str, asyncio.TimerHandle] = {}
        self.lengths = Lengths(None if scan_tags == "never" else self._open)

    def start(self, background: Background, door: Door) -> None:
        """Start, from any thread."""
        if self._scan_tags != "never":
            self._bridge.tell(self._start, background, door)

    def forget(self, infohash: str) -> None:
        """Read no more of a torrent that is being removed. On our loop only."""
        if self._scanner:
            self._scanner.forget(infohash)
        self.lengths.forget(infohash)

    async def close(self) -> None:
        """Stop reading, and send no more news."""
        for timer in self._untold.values():
            timer.cancel()
        if self._scanner:
            await self._scanner.close()

    def _open(self, infohash: str) -> None:
        self._bridge.tell(self._opened, infohash)

    # --- on our loop

    def _start(self, background: Background, door: Door) -> None:
        means = Means(
            background=background,
            catalog=self._catalog.on_loop,
            files=FileScanner(door),
            readers=self._readers,
            found=self._found,
            moved=self.lengths.moved,
        )
        catalog = self._scan_tags == "all"
        self._scanner = Scanner(means, self._pace, self.lengths.ended, catalog=catalog)

    def _opened(self, infohash: str) -> None:
        if self._scanner:
            self._scanner.opened(infohash)

    def _found(self, infohash: str) -> None:
        if infohash not in self._untold:
            loop = asyncio.get_running_loop()
            self._untold[infohash] = loop.call_later(TELL_AFTER_S, self._tell, infohash)

    def _tell(self, infohash: str) -> None:
        del self._untold[infohash]
        StreamListener.send("tracks_known", infohash=infohash)
