"""The one thread that writes and deletes what swarms have on disk.

There is one, so that two changes to the same file never overtake each other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")


class DiskThread:
    """Runs work in the order in which it was given."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._executor = ThreadPoolExecutor(1, "vozduxan-disk")

    def run(self, work: Callable[..., T], *args: Any) -> asyncio.Future[T]:
        """Run ``work`` on the thread; the future is the loop's."""
        return self._loop.run_in_executor(self._executor, work, *args)

    def close(self) -> None:
        """Accept no more work; do not wait for what is under way."""
        self._executor.shutdown(wait=False)
