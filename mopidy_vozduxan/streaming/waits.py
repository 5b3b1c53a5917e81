"""Waits for the same thing, which end together, with it or with an error.

Lives on our event loop.
"""

from __future__ import annotations

import asyncio
from typing import Generic, TypeVar

from mopidy_vozduxan.exceptions import VozduxanError

T = TypeVar("T")


class Waits(Generic[T]):
    """All waits for one thing."""

    def __init__(self) -> None:
        self._futures: set[asyncio.Future[T]] = set()

    def __len__(self) -> int:
        return len(self._futures)

    async def wait(self) -> T:
        """Wait for it. Raises what :meth:`fail` is given."""
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._futures.add(future)
        try:
            return await future
        finally:
            self._futures.discard(future)

    def end(self, result: T) -> None:
        """End every current wait with ``result``."""
        for future in self._pending():
            future.set_result(result)

    def fail(self, error: VozduxanError) -> None:
        """End every current wait with ``error``."""
        for future in self._pending():
            future.set_exception(error)

    def _pending(self) -> list[asyncio.Future[T]]:
        return [future for future in self._futures if not future.done()]
