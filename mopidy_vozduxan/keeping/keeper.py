"""Fetches what is kept, file by file, while nothing plays.

Runs on our event loop, in one swarm at a time. It reads nothing and decides no urgency;
``planning`` gives it nothing while anybody listens.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
from collections.abc import Callable
from dataclasses import dataclass

from mopidy_vozduxan.catalog import Catalog
from mopidy_vozduxan.exceptions import NoSuchStream, VozduxanError
from mopidy_vozduxan.keeping.holdings import Holdings, is_here
from mopidy_vozduxan.keeping.kept_files import Kept, KeptFiles
from mopidy_vozduxan.streaming.background import Background
from mopidy_vozduxan.streaming.metadata import Metadata
from mopidy_vozduxan.streaming.target import Target
from mopidy_vozduxan.torrent.metainfo import TorrentFile
from mopidy_vozduxan.torrent.uris import Keep

logger = logging.getLogger(__name__)


NO_ROOM = "There is no room for it on the disk, within the cache's limit."


@dataclass(frozen=True, slots=True)
class KeepPace:
    """When to fetch: all in seconds."""

    #: How long after the start: the start is busy enough.
    first: float = 10.0
    #: How long nothing must have played.
    quiet: float = 10.0
    #: How often to see whether something plays, or there is room again.
    look: float = 0.5
    #: How often to see whether torrents came.
    news: float = 60.0
    #: How long room may be made before we say that there is none.
    room: float = 30.0
    #: How long a torrent is left alone that gave nothing.
    rest: float = 600.0


class Keeper:
    """Fetches what ``kept`` names.

    ``has_room`` says whether the disk may take more.
    """

    def __init__(
        self,
        background: Background,
        metadata: Metadata,
        catalog: Catalog,
        kept: KeptFiles,
        holdings: Holdings,
        has_room: Callable[[], bool],
        pace: KeepPace,
    ) -> None:
        self._background = background
        self._metadata = metadata
        self._catalog = catalog
        self._kept = kept
        self._holdings = holdings
        self._has_room = has_room
        self._pace = pace
        self._news = asyncio.Event()
        self._done: set[Keep] = set()
        self._rests: dict[str, float] = {}  # infohash -> until when
        self._failed: dict[tuple[str, int], float] = {}
        self._played_at = self._now() + pace.first - pace.quiet
        self._announced: Keep | None = None
        #: What is being fetched.
        self.fetching: Keep | None = None
        self._troubles: dict[str, str] = {}  # why it rests, by infohash
        self._lacks_room = False
        self._task = asyncio.ensure_future(self._run())

    def has_whole(self, keep: Keep) -> bool:
        """Return whether all of it was here at the last look.

        Where another client's files hold it, nothing else says so.
        """
        return keep in self._done

    def trouble_of(self, infohash: str) -> str | None:
        """Return why no more of a torrent is fetched, if there is a reason."""
        return self._troubles.get(infohash) or (NO_ROOM if self._lacks_room else None)

    def look_again(self) -> None:
        """Something was kept, or is kept no longer."""
        self._done.clear()
        self._rests.clear()
        self._news.set()

    async def close(self) -> None:
        """Stop; what was fetched stays."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        rested = False
        while True:
            try:
                if not rested:
                    await asyncio.to_thread(self._kept.look)  # eviction asks for it
                    await asyncio.sleep(self._pace.first)
                    rested = True
                await self._go_on()
            except VozduxanError as exc:  # such as a disk that is gone
                logger.debug("Cannot find out what to fetch: %s", exc)
                await asyncio.sleep(self._pace.news)
            except Exception:
                logger.exception("Vozduxan: Cannot fetch what is kept")
                await asyncio.sleep(self._pace.rest)

    async def _go_on(self) -> None:
        self._news.clear()
        found = await self._next()
        if not found:
            await self._wait_for_news()
        elif self._may_fetch():
            await self._fetch(*found)
        else:
            await self._quiet()

    def _may_fetch(self) -> bool:
        """Return whether nothing has played for a while, and there is room."""
        now = self._now()
        if self._background.is_listened_to:
            self._played_at = now
        return now - self._played_at >= self._pace.quiet and self._has_room()

    async def _quiet(self) -> None:
        """Return when something may be fetched, or there is news."""
        since = self._now()
        while not self._may_fetch() and not self._news.is_set():
            await asyncio.sleep(self._pace.look)
            if self._has_room():
                since = self._now()
            elif self._now() - since > self._pace.room and not self._lacks_room:
                self._lacks_room = True
                logger.warning("Vozduxan: Kept files are not fetched: %s", NO_ROOM)

    async def _wait_for_news(self) -> None:
        """Return when something is kept, torrents came, or one has rested.

        Until then nothing is read.
        """
        version = self._catalog.torrents_version
        until = min(self._rests.values(), default=math.inf)
        while self._now() < until and not self._news.is_set():
            left = min(self._pace.news, until - self._now())
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._news.wait()
            if version != self._catalog.torrents_version:
                self._done.clear()
                break

    async def _next(self) -> tuple[Kept, TorrentFile | None] | None:
        """Return what to fetch next: a file, or None for the metadata."""
        now = self._now()
        self._rests = {name: at for name, at in self._rests.items() if at > now}
        for kept in await asyncio.to_thread(self._kept.look):
            infohash = kept.keep.infohash
            rests = infohash in self._rests or not kept.in_library
            if rests or kept.keep in self._done:
                continue
            if kept.metainfo is None:
                return kept, None
            if file := await self._missing(kept):
                return kept, file
            self._finish(kept)
        return None

    async def _missing(self, kept: Kept) -> TorrentFile | None:
        """Return a file that is not here yet; one that failed comes last."""
        metainfo = kept.metainfo
        assert metainfo
        held = await asyncio.to_thread(self._holdings.asking(kept.names))
        missing = [f for f in kept.files if not is_here(metainfo, f, held)]
        infohash = kept.keep.infohash
        failed = self._failed
        return min(
            missing, key=lambda f: failed.get((infohash, f.index), 0.0), default=None
        )

    def _finish(self, kept: Kept) -> None:
        self._done.add(kept.keep)
        self._troubles.pop(kept.keep.infohash, None)
        if kept.keep == self._announced:
            logger.info("Vozduxan: “%s” is here whole, and is kept", kept.name)
            self._announced = None

    async def _fetch(self, kept: Kept, file: TorrentFile | None) -> None:
        """Fetch a file until it is here, something plays, or there is news of it."""
        infohash = kept.keep.infohash
        self._lacks_room = False
        if self._announced != kept.keep:
            logger.info("Vozduxan: Fetching “%s”, which is kept", kept.name)
        self._announced = self.fetching = kept.keep
        work = asyncio.ensure_future(self._file(kept, file))
        try:
            while not work.done():
                await asyncio.wait({work}, timeout=self._pace.look)
                if self._news.is_set() or not self._may_fetch():
                    break
            else:
                work.result()
                self._troubles.pop(infohash, None)
        except NoSuchStream:
            logger.debug("“%s” was removed", kept.name)
        except VozduxanError as exc:
            logger.info("Vozduxan: “%s” is not fetched further: %s", kept.name, exc)
            self._troubles[infohash] = str(exc)
            self._rests[infohash] = self._now() + self._pace.rest
            if file:
                self._failed[infohash, file.index] = self._now()
        finally:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
            self.fetching = None

    async def _file(self, kept: Kept, file: TorrentFile | None) -> None:
        source = await self._catalog.on_loop.torrents.source(kept.keep.infohash)
        if source is None:
            raise NoSuchStream("The torrent is not known any more.")
        if file is None:
            await self._metadata.fetch(source)
            await asyncio.sleep(self._pace.look)  # it is on its way to the catalog
        else:
            target = Target(source, kept.metainfo, file.index)
            await self._background.fetch_whole(target)

    def _now(self) -> float:
        return asyncio.get_running_loop().time()
