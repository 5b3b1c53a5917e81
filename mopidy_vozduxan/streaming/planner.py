"""Decides when to make new plans: once for everything in one turn of the loop.

Belongs to the manager and lives on our event loop. ``planning`` decides what is wanted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

#: Hundreds of pieces that nobody waits for may arrive each second.
PLAN_LATER_S = 0.1


class Planner:
    """Calls ``plan`` after :meth:`changed`, until :meth:`close`."""

    def __init__(self, plan: Callable[[], None]) -> None:
        self._plan = plan
        self._soon: asyncio.Handle | None = None
        self._later: asyncio.TimerHandle | None = None
        self._closed = False

    def changed(self, soon: bool = True) -> None:
        """Make new plans when this turn of the loop is over.

        With ``soon=False`` make them in a moment, because nobody waits for them.
        """
        if self._closed or self._soon or (self._later and not soon):
            return
        loop = asyncio.get_running_loop()
        if soon:
            self._soon = loop.call_soon(self._run)
        else:
            self._later = loop.call_later(PLAN_LATER_S, self._run)

    def close(self) -> None:
        """Make no more plans."""
        self._closed = True
        self._cancel()

    def _cancel(self) -> None:
        for handle in (self._soon, self._later):
            if handle:
                handle.cancel()
        self._soon = self._later = None

    def _run(self) -> None:
        self._cancel()
        self._plan()
