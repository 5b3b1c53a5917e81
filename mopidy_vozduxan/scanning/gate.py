"""The gate: how many files of a swarm are read at once.

What the peers are sending arrives before anything that is requested later, and so
before a track that somebody starts meanwhile. Measured with 256 KiB pieces, 2 MB/s
and 100 ms: with eight files at once an album of 12 is read in 2.2 s, with one in 6 s.
But the first megabyte of a track that starts meanwhile takes 2.2 s instead of 1.1 s.
So there are eight while a lookup waits, because nothing can start then; afterwards
few, and only one during playback.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import TracebackType

#: Seconds; a lookup waits for 3 s, and what was requested has to arrive in that time.
HURRY_S = 2.0
HURRIED, CALM, PLAYING = 8, 2, 1


class Gate:
    """An asynchronous context manager: inside, a file may be read.

    If somebody is in a ``hurry``, it is wide open for :data:`HURRY_S` from now on.
    """

    def __init__(self, is_playing: Callable[[], bool], *, hurry: bool) -> None:
        self._is_playing = is_playing
        self._hurry_until = self._now() + HURRY_S if hurry else 0.0
        self._inside = 0
        self._left = asyncio.Condition()

    async def __aenter__(self) -> None:
        async with self._left:
            await self._left.wait_for(lambda: self._inside < self._width())
            self._inside += 1

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        async with self._left:
            self._inside -= 1
            self._left.notify_all()

    def _width(self) -> int:
        if self._is_playing():
            return PLAYING
        return HURRIED if self._now() < self._hurry_until else CALM

    def _now(self) -> float:
        return asyncio.get_running_loop().time()
