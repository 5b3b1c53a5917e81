"""The version guard: of each kind of work, only the newest counts.

A newer call ends the older one at once, so that no late result replaces a newer one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Generic, TypeVar

from mopidy_vozduxan.exceptions import Cancelled

T = TypeVar("T")


class SupersedingTasks(Generic[T]):
    """At most one task for each kind, by name."""

    def __init__(self) -> None:
        self._tasks: dict[str, asyncio.Task[T]] = {}

    def __len__(self) -> int:
        return len(self._tasks)

    def __contains__(self, kind: str) -> bool:
        return kind in self._tasks

    async def run(self, kind: str, work: Coroutine[None, None, T]) -> T:
        """Return the result of ``work``, unless newer work of its kind comes.

        Raises :class:`Cancelled` in that case, and what ``work`` raises.
        """
        self.end(kind)
        task = self._tasks[kind] = asyncio.ensure_future(work)
        try:
            return await task
        except asyncio.CancelledError:
            if task.cancelled() and not is_being_cancelled():
                raise Cancelled(
                    "The request was cancelled, or a newer one came."
                ) from None
            raise
        finally:
            if self._tasks.get(kind) is task:
                del self._tasks[kind]

    def end(self, kind: str) -> None:
        """End the work of that kind, if there is any."""
        if task := self._tasks.pop(kind, None):
            task.cancel()

    def end_all(self) -> None:
        """End the work of every kind."""
        for kind in list(self._tasks):
            self.end(kind)


def is_being_cancelled() -> bool:
    """Whether the current task is being cancelled."""
    task = asyncio.current_task()
    return bool(task and task.cancelling())
