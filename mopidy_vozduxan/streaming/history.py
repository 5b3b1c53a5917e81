"""Keeps in the catalog what was heard, and how much came and went.

Lives on our event loop, and never holds it up. Nothing is written while nothing
happens: what is heard is written at once, amounts a minute after they have changed.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Coroutine

from mopidy_vozduxan.catalog import Catalog
from mopidy_vozduxan.catalog.traffic import Total
from mopidy_vozduxan.engine.protocol import TrafficCounted
from mopidy_vozduxan.exceptions import StorageFailed

logger = logging.getLogger(__name__)

COUNT_AFTER_S = 60.0


class History:
    """Writes to ``catalog``. A catalog that cannot be written now is tried later."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog.on_loop
        self._amounts: defaultdict[str, Total] = defaultdict(Total)
        self._unheard: list[tuple[str, int]] = []  # not written yet
        self._timer: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def heard(self, infohash: str, index: int) -> None:
        """Keep that a file was heard just now."""
        self._unheard.append((infohash, index))
        self._begin(self._write_hearings())

    def counted(self, event: TrafficCounted) -> None:
        """Keep how much a swarm has moved since the last time."""
        self._amounts[event.infohash] += Total(event.downloaded, event.uploaded)
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(COUNT_AFTER_S, self._count)

    async def close(self) -> None:
        """Write everything."""
        if self._timer:
            self._timer.cancel()
        await asyncio.gather(*self._tasks)
        if await self._try(self._catalog.hearings.save_clock()):
            await self._write_hearings()
            await self._write_amounts()

    def _count(self) -> None:
        self._timer = None
        self._begin(self._write_amounts())

    def _begin(self, writing: Coroutine[object, object, None]) -> None:
        task = asyncio.ensure_future(writing)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _write_hearings(self) -> None:
        files, self._unheard = self._unheard, []
        for place, (infohash, index) in enumerate(files):
            if not await self._try(self._catalog.hearings.note(infohash, index)):
                self._unheard[:0] = files[place:]
                return

    async def _write_amounts(self) -> None:
        amounts, self._amounts = self._amounts, defaultdict(Total)
        if amounts and not await self._try(self._catalog.traffic.count(amounts)):
            for infohash, total in amounts.items():
                self._amounts[infohash] += total

    async def _try(self, writing: Coroutine[object, object, None]) -> bool:
        try:
            await writing
        except StorageFailed as exc:
            logger.debug("What was played is not noted yet: %s", exc)  # see Complaints
            return False
        return True
