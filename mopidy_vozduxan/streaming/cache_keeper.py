"""Keeps what lies on disk within its limit, while it grows.

Belongs to the manager and lives on our event loop. ``planning`` decides what leaves;
another thread looks at the disk. Does nothing while nothing comes.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Set
from dataclasses import replace
from functools import partial

from mopidy_vozduxan.exceptions import VozduxanError
from mopidy_vozduxan.planning.eviction import (
    CachedFile,
    CacheLimits,
    Holdings,
    evictable,
    excess,
    is_urgent,
    is_worth_a_break,
    openings_within,
    victims,
)
from mopidy_vozduxan.planning.room import EVERYTHING, Allowance, Room, allowance
from mopidy_vozduxan.streaming.cache_stock import Stock, Survey
from mopidy_vozduxan.streaming.evictions import Evictions
from mopidy_vozduxan.streaming.swarms import Swarms

logger = logging.getLogger(__name__)

#: How often to look while something comes, and how soon after a new stream.
TICK_S, SOON_S = 1.0, 0.05
#: When to look first: before anything plays. Until then only what plays is wanted, and
#: a lone rtorrent that is told of no more for a moment chokes us for 30 s.
FIRST_S = 0.0
#: How often to look for what nobody has heard for too long.
OLD_EVERY_S = 3600.0
#: How often to look for room while there is none.
FULL_S = 4.0
#: How long to go by one look at every file while an eviction waits.
AGAIN_S = 10.0


class CacheKeeper:
    """Evicts what ``survey`` finds beyond its limits; without one there are none.

    ``holdings`` says what streams hold. ``changed(soon)`` is called when other plans
    are needed.
    """

    def __init__(
        self,
        survey: Survey | None,
        swarms: Swarms,
        evictions: Evictions,
        holdings: Callable[[], Holdings],
        changed: Callable[[bool], None],
    ) -> None:
        self.stock = Stock()
        self._survey = survey
        self._swarms = swarms
        self._evictions = evictions
        self._holdings_now = holdings
        self._changed = changed
        # Nothing is known yet, and a swarm of one peer gives all that is wanted.
        self._allowance = Allowance(Room.NEEDED, 0) if survey else EVERYTHING
        self._came: defaultdict[str, int] = defaultdict(int)  # since the last look
        self._holdings = self._seen = Holdings({})
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None
        self._waiting: tuple[CachedFile, ...] = ()  # for a quiet moment
        self._old_at = -OLD_EVERY_S  # the last look at every file (s)
        self._started = False
        self._closed = False

    @property
    def allowance(self) -> Allowance:
        """How much may be fetched now."""
        return self._allowance.after(sum(self._came.values()))

    @property
    def has_room(self) -> bool:
        """Whether there is room for more than the tracks that play and follow."""
        return self.allowance.room is Room.ALL

    def openings_within(self, budget: int) -> int:
        """Return how much to spend on openings of queued tracks, at most ``budget``."""
        return openings_within(budget, self.stock.limits)

    # --- what happens

    def start(self) -> None:
        """Look at the disk soon, though nothing comes."""
        if self._survey:
            self._look_in(FIRST_S)

    def came(self, infohash: str, size: int) -> None:
        """Note that so many bytes came."""
        if self._survey:
            self._came[infohash] += size
            much = sum(self._came.values()) > self.stock.limits.batch
            self._look_in(SOON_S if much else TICK_S)

    def went(self, infohashes: Set[str]) -> None:
        """Note that the data of torrents was deleted."""
        for infohash in infohashes:
            self.came(infohash, 0)

    def watch(self) -> None:
        """Look at the disk if streams hold other files than before."""
        if self._survey is None:
            return
        holdings = self._holdings_now()
        if holdings != self._holdings or not self._started:
            self._started, self._holdings = True, holdings
            self._look_in(SOON_S)

    async def close(self) -> None:
        """Stop."""
        self._closed = True
        if self._timer:
            self._timer.cancel()
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def _look_in(self, seconds: float) -> None:
        """Look then, unless a look is due before."""
        loop = asyncio.get_running_loop()
        if self._timer and self._timer.when() <= loop.time() + seconds:
            return
        if self._timer:
            self._timer.cancel()
        if not self._closed:
            self._timer = loop.call_later(seconds, self._begin)

    def _begin(self) -> None:
        self._timer = None
        if self._task and not self._task.done():
            self._look_in(SOON_S)
        else:
            self._task = asyncio.ensure_future(self._look())

    # --- a look, and what follows

    async def _look(self) -> None:
        came, self._came = self._came, defaultdict(int)
        torrents = {s.infohash: s.membership.source.torrent for s in self._swarms.all()}
        known = {name: torrent for name, torrent in torrents.items() if torrent}
        look = partial(self._take_stock, set(came), self._holdings, known)
        try:
            self.stock = await asyncio.to_thread(look)
        except VozduxanError as exc:
            logger.debug("The cache cannot be looked at: %s", exc)
            for infohash in came:
                self._came[infohash] += came[infohash]
            self._look_in(FULL_S)
            return
        self._allow()
        stock, files = self.stock, self._evictions.worth_trying(self.stock.files)
        waiting = await self._evictions.carry_out(
            files, stock.torrents, self._holdings_now, self._may_interrupt
        )
        self._waiting = tuple(waiting)
        self.went({file.infohash for file in files} - {f.infohash for f in waiting})
        if waiting:
            self._look_in(TICK_S)
        elif excess(stock.usage, self._holdings.reserved, stock.limits) > 0:
            self._look_in(FULL_S)
        elif stock.limits.ttl_s:
            self._look_in(OLD_EVERY_S)

    def _take_stock(
        self, changed: Set[str], holdings: Holdings, known: Mapping[str, bytes]
    ) -> Stock:
        """Look at the disk; blocks."""
        assert self._survey
        self._survey.know(known)
        limits = self._survey.limits()
        usage = self._survey.usage(changed, holdings)
        now = time.monotonic()
        is_over = excess(usage, holdings.reserved, limits) > 0
        is_time = limits.ttl_s and now >= self._old_at + OLD_EVERY_S
        if not (is_over or is_time):
            return Stock(limits, usage)
        is_fresh = now < self._old_at + AGAIN_S and not is_urgent(usage, limits)
        is_same = not changed and holdings == self._seen
        if is_fresh and (self._waiting or is_same):
            files = tuple(f for f in self._waiting if not holdings.protect(f))
            return replace(self.stock, limits=limits, usage=usage, files=files)
        self._old_at, self._seen = now, holdings
        return self._choose(limits, holdings)

    def _choose(self, limits: CacheLimits, holdings: Holdings) -> Stock:
        assert self._survey
        files = self._evictions.worth_trying(self._survey.everything(holdings))
        usage = self._survey.usage((), holdings)
        chosen = victims(files, holdings, usage, limits, self._survey.now())
        torrents = {
            name: (self._survey.torrent_of(name), self._survey.spared(name, holdings))
            for name in {file.infohash for file in chosen}
        }
        going = sum(file.frees for file in evictable(files, holdings))
        return Stock(limits, usage, going, tuple(chosen), torrents)

    def _allow(self) -> None:
        stock, before = self.stock, self._allowance
        self._allowance = after = allowance(
            stock.usage, self._holdings.reserved, stock.evictable, stock.limits
        )
        if before.room is after.room:
            return
        self._changed(True)
        if after.room is Room.HEARD:
            logger.warning(
                "Vozduxan: The disk of the cache is nearly full, and nothing there may"
                " be deleted; only what plays is fetched"
            )

    def _may_interrupt(self, frees: int) -> bool | None:
        usage, limits = self.stock.usage, self.stock.limits
        if is_urgent(usage, limits):
            return True
        return None if is_worth_a_break(frees, usage, limits) else False
