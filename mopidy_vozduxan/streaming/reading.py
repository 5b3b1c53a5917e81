"""One file of a swarm, read in the background for as long as there is hope.

Runs on our event loop. Knows nothing of tags; never decides what is fetched.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Protocol, TypeVar

from mopidy_vozduxan.engine.protocol import Statistics
from mopidy_vozduxan.exceptions import Stalled
from mopidy_vozduxan.streaming.target import Target
from mopidy_vozduxan.web.streams import Reader

T = TypeVar("T")

#: How often a wait is looked at.
LOOK_S = 0.25


class Swarms(Protocol):
    """What is needed of the manager, on our event loop."""

    @property
    def is_calm(self) -> bool:
        """Whether what plays is safe."""

    @property
    def is_playing(self) -> bool:
        """Whether anything plays, or is to play."""

    async def open_background(self, target: Target) -> str:
        """Open a stream that comes behind all that is heard; return its token."""

    def close_background(self, token: str) -> None:
        """End it, and every request for it."""

    def open_reader(self, token: str, start: int, stop: int, *, player: bool) -> Reader:
        """Return a reader of the bytes ``[start, stop)``."""

    def statistics(self, token: str) -> Statistics:
        """Return the last known numbers of its swarm."""

    def is_asked_for(self, token: str) -> bool:
        """Whether the swarm is asked for what its readers wait for."""


class Reading:
    """An open file. ``moved`` is called whenever its swarm shows life.

    A wait ends with :class:`Stalled` when the swarm was asked for ``give_up_s``
    seconds and did nothing. While what plays takes all there is, nobody asks, and
    the wait goes on.
    """

    def __init__(
        self, swarms: Swarms, token: str, give_up_s: float, moved: Callable[[], None]
    ) -> None:
        self.token = token
        self._swarms = swarms
        self._give_up_s = give_up_s
        self._moved = moved

    async def span(self, start: int, stop: int) -> bytes:
        """Return the bytes ``[start, stop)``."""
        reader = self._swarms.open_reader(self.token, start, stop, player=False)
        parts: list[memoryview] = []
        try:
            while (part := await self.patiently(reader.next())) is not None:
                parts.append(part)
                self._moved()
        finally:
            reader.close()
        return b"".join(parts)

    async def patiently(self, work: Coroutine[object, object, T]) -> T:
        """Return what ``work`` does; it depends on this file's bytes."""
        task = asyncio.ensure_future(work)
        # A read that is given up ends with an error that nobody asks for.
        task.add_done_callback(lambda task: task.cancelled() or task.exception())
        seen, idle_s = self._signs_of_life(), 0.0
        try:
            while not task.done():
                await asyncio.wait({task}, timeout=LOOK_S)
                idle_s += LOOK_S if self._swarms.is_asked_for(self.token) else 0
                if (signs := self._signs_of_life()) != seen:
                    seen, idle_s = signs, 0.0
                    self._moved()
                if idle_s >= self._give_up_s and not task.done():
                    raise Stalled("Nobody gave us the file's bytes in time.")
            return task.result()
        finally:
            task.cancel()

    def _signs_of_life(self) -> tuple[int, int]:
        statistics = self._swarms.statistics(self.token)
        return statistics.num_peers, statistics.payload


@asynccontextmanager
async def open_reading(
    swarms: Swarms, target: Target, give_up_s: float, moved: Callable[[], None]
) -> AsyncIterator[Reading]:
    """Have a file open. Raises what the manager's ``open_background`` does."""
    token = await swarms.open_background(target)
    try:
        yield Reading(swarms, token, give_up_s, moved)
    finally:
        swarms.close_background(token)
