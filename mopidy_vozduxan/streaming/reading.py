"""One file of a swarm, read in the background for as long as there is hope.

Runs on our event loop. Knows nothing of tags; never decides what is fetched.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import TypeVar

from mopidy_vozduxan.exceptions import Stalled
from mopidy_vozduxan.streaming.open_streams import OpenStreams
from mopidy_vozduxan.streaming.serving import Serving
from mopidy_vozduxan.streaming.stream import Stream

T = TypeVar("T")

#: How often a wait is looked at.
LOOK_S = 0.25


class Reading:
    """An open file. ``moved`` is called whenever its swarm shows life.

    A wait ends with :class:`Stalled` when the swarm was asked for ``patience``
    seconds and did nothing. While what plays takes all there is, nobody asks, and
    the wait goes on. It ends with :class:`NoSuchStream` when the torrent is removed.
    """

    def __init__(
        self,
        streams: OpenStreams,
        serving: Serving,
        token: str,
        patience: float,
        moved: Callable[[], None],
    ) -> None:
        self.token = token
        self._streams = streams
        self._serving = serving
        self._patience = patience
        self._moved = moved

    async def span(self, start: int, stop: int) -> bytes:
        """Return the bytes ``[start, stop)``."""
        reader = self._serving.open_reader(self.token, start, stop, player=False)
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
                idle_s += LOOK_S if self._stream.is_asked_for else 0
                if (signs := self._signs_of_life()) != seen:
                    seen, idle_s = signs, 0.0
                    self._moved()
                if idle_s >= self._patience and not task.done():
                    raise Stalled("Nobody gave us the file's bytes in time.")
            return task.result()
        finally:
            task.cancel()

    @property
    def _stream(self) -> Stream:
        return self._streams.named(self.token)

    def _signs_of_life(self) -> tuple[int, int]:
        statistics = self._stream.swarm.statistics
        return statistics.num_peers, statistics.payload
