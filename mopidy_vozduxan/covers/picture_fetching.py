"""Fetches pictures from swarms, each only once for any number of requests.

Lives on our event loop. Every wait is bounded, and ends when the last request for
the picture ends. A swarm that did not answer is not asked again for a minute.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from mopidy_vozduxan.catalog import Catalog
from mopidy_vozduxan.covers.choice import MAX_PICTURE_BYTES, is_picture
from mopidy_vozduxan.covers.covers import Covers
from mopidy_vozduxan.covers.kept_pictures import KeptPictures, PictureName
from mopidy_vozduxan.covers.picture import Picture, checked
from mopidy_vozduxan.exceptions import (
    BadInput,
    NoSuchPicture,
    Stalled,
    VozduxanError,
)
from mopidy_vozduxan.streaming.target import Target

logger = logging.getLogger(__name__)

#: The longest that a picture may take while bytes arrive; without any, the manager
#: gives up earlier.
FETCH_S = 60.0
#: How long a swarm that failed is not asked again.
FAILED_S = 60.0
#: How many swarms are asked for pictures at a time.
_AT_A_TIME = 8
_FAILURES = 1000


@dataclass(slots=True)
class _Fetch:
    task: asyncio.Task[Picture]
    waiters: int = 0


class PictureFetcher:
    """Pictures by name: from disk, else through ``read_file(target, limit)``."""

    def __init__(
        self,
        catalog: Catalog,
        covers: Covers,
        kept: KeptPictures,
        read_file: Callable[[Target, int], Awaitable[bytes]],
        clock: Callable[[], float],
    ) -> None:
        self._catalog = catalog
        self._covers = covers
        self._kept = kept
        self._read_file = read_file
        self._clock = clock
        self._fetches: dict[PictureName, _Fetch] = {}
        self._failures: dict[PictureName, tuple[float, VozduxanError]] = {}
        self._slots = asyncio.Semaphore(_AT_A_TIME)
        self._decoding = asyncio.Lock()  # one at a time: it takes up to 100 MB

    async def get(self, name: PictureName) -> Picture:
        """Return a picture; waits for its swarm if necessary.

        Raises :class:`NoSuchPicture`, or the reason why it is not available now.
        """
        picture = await asyncio.to_thread(self._kept.get, name)
        if picture is None and name.embedded:
            raise NoSuchPicture("No picture was found in this file.")
        return picture or await self._fetched(name)

    async def stand_in(self, name: PictureName) -> Picture | None:
        """Return another picture from disk in place of one that is not available."""
        other = await asyncio.to_thread(self._covers.stand_in, name)
        return await asyncio.to_thread(self._kept.get, other) if other else None

    async def _fetched(self, name: PictureName) -> Picture:
        """Wait for the running fetch, or start one."""
        self._refuse_failed(name)
        fetch = self._fetches.get(name)
        if fetch is None:
            task = asyncio.create_task(self._fetch(name))
            fetch = self._fetches[name] = _Fetch(task)
        fetch.waiters += 1
        try:
            return await asyncio.shield(fetch.task)
        finally:
            fetch.waiters -= 1
            if not fetch.waiters:
                fetch.task.cancel()
                self._fetches.pop(name, None)

    async def _fetch(self, name: PictureName) -> Picture:
        target = await self._catalog.on_loop.run(self._target, name)
        try:
            async with self._slots, asyncio.timeout(FETCH_S):
                data = await self._read_file(target, MAX_PICTURE_BYTES)
        except TimeoutError:
            # Perhaps it was never its turn: playback comes first.
            raise Stalled("The picture takes too long.") from None
        except VozduxanError as exc:
            raise self._failed(name, exc) from exc
        picture = await self._checked(name, data)
        await asyncio.to_thread(self._kept.keep, name, picture)
        return picture

    async def _checked(self, name: PictureName, data: bytes) -> Picture:
        try:
            async with self._decoding:
                return await asyncio.to_thread(checked, data)
        except BadInput as exc:
            logger.debug("Refusing %s: %s", name, exc)
            self._covers.refuse(name)
            raise NoSuchPicture("The file is not a picture that can be shown.") from exc

    def _target(self, name: PictureName) -> Target:
        metainfo = self._catalog.torrents.metainfo(name.infohash)
        source = self._catalog.torrents.source(name.infohash)
        # Only torrents in the catalog: other sites' pages must not make us join swarms.
        if metainfo is None or source is None or name.index >= len(metainfo.files):
            raise NoSuchPicture("There is no such picture.")
        if not is_picture(metainfo.files[name.index]):
            raise NoSuchPicture("The file is not a picture, or it is too large.")
        return Target(source, metainfo, name.index)

    def _failed(self, name: PictureName, error: VozduxanError) -> VozduxanError:
        if error.status in (500, 504, 507):  # others mean "later" or "never"
            if len(self._failures) >= _FAILURES:
                self._failures.clear()
            self._failures[name] = self._clock(), error
        return error

    def _refuse_failed(self, name: PictureName) -> None:
        at, error = self._failures.get(name, (0.0, None))
        if error is not None and self._clock() - at < FAILED_S:
            raise error
