"""One file of a swarm, read in the background while its swarm shows life.

Runs on our event loop. Knows nothing about tags; never decides what is fetched.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import TypeVar

from mopidy_vozduxan.exceptions import Stalled, VozduxanError
from mopidy_vozduxan.streaming.open_streams import OpenStreams
from mopidy_vozduxan.streaming.serving import Serving
from mopidy_vozduxan.streaming.stream import Stream, wrong_data

T = TypeVar("T")


class Overdue(VozduxanError):
    """The work on a file neither ends nor reads on."""


#: How often to check a wait.
LOOK_S = 0.25


class Reading:
    """An open file. ``moved`` is called whenever its swarm shows life.

    A wait ends with :class:`WrongData` if nobody has the right bytes, and with
    :class:`Stalled` if the swarm was asked for ``patience`` seconds and did nothing.
    While playback takes all the bandwidth, the swarm is not asked, and the wait goes
    on. It ends with :class:`NoSuchStream` if the torrent is removed.
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

    async def whole(self) -> None:
        """Have the whole file fetched; return when all its pieces are here.

        Reads none of it.
        """
        self._stream.want_whole()
        self._streams.changed()
        await self.patiently(self._all_held())

    async def _all_held(self) -> None:
        while self._stream.missing:
            if failure := self._stream.swarm.failure:
                raise failure
            await asyncio.sleep(LOOK_S)

    async def span(self, start: int, stop: int) -> bytes:
        """Return the bytes ``[start, stop)``."""
        return b"".join([part async for part in self.parts(start, stop)])

    async def parts(self, start: int, stop: int) -> AsyncIterator[memoryview]:
        """Yield the bytes ``[start, stop)`` in small parts."""
        reader = self._serving.open_reader(self.token, start, stop, player=False)
        try:
            while (part := await self.patiently(reader.next())) is not None:
                yield memoryview(part)
                self._moved()
        finally:
            reader.close()

    async def patiently(
        self, work: Coroutine[object, object, T], limit_s: float = math.inf
    ) -> T:
        """Return the result of ``work``, which depends on this file's bytes.

        Raises :class:`Overdue` if it neither reads, nor waits to, for ``limit_s``.
        """
        task = asyncio.ensure_future(work)
        # Retrieve the error of an abandoned read, so that asyncio does not log it.
        task.add_done_callback(lambda task: task.cancelled() or task.exception())
        seen, idle_s = self._signs_of_life(), 0.0
        places, still_s = self._places(), 0.0
        try:
            while not task.done():
                await asyncio.wait({task}, timeout=LOOK_S)
                idle_s += LOOK_S if self._stream.is_asked_for else 0
                if (signs := self._signs_of_life()) != seen:
                    idle_s = 0.0 if signs[1] != seen[1] else idle_s
                    seen = signs
                    self._moved()
                if self._stream.is_hopeless and not task.done():
                    raise wrong_data(self._stream)
                if idle_s >= self._patience and not task.done():
                    raise Stalled("No peer gave us the file's bytes in time.")
                before, places = places, self._places()
                waits = self._stream.waiting_since is not None
                still_s = 0.0 if waits or places != before else still_s + LOOK_S
                if still_s >= limit_s and not task.done():
                    raise Overdue(f"It does not end within {limit_s:.0f} s.")
            return task.result()
        finally:
            task.cancel()

    @property
    def _stream(self) -> Stream:
        return self._streams.named(self.token)

    def _places(self) -> set[int]:
        return {head.offset for head in self._stream.readers.heads}

    def _signs_of_life(self) -> tuple[int, float]:
        """Return the number of peers, and the time of the last progress."""
        swarm = self._stream.swarm
        return swarm.statistics.num_peers, swarm.activity.progressed_at
