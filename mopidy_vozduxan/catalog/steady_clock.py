"""A clock for what was heard long ago: jumps of the system's clock barely move it.

A Raspberry Pi has no clock of its own, so its time may be years off until it has a
network. Something that was heard yesterday must not look years old because of that. So
while we run, this clock goes by the seconds that pass, whatever the system's clock
says. Time in which we did not run counts as the system's clock says, but at most a week
for each start. It never goes back.
"""

from __future__ import annotations

import time
from collections.abc import Callable

#: How far the clock follows the system's over a time in which we did not run.
MOST_AWAY_S = 7 * 24 * 3600.0


def running_s() -> float:
    """Return the seconds since the machine started, with those it was suspended."""
    clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    return time.clock_gettime(clock)


class SteadyClock:
    """Seconds since the epoch, more or less; ``latest`` is its last saved time.

    ``wall`` gives the system's time, ``running`` seconds that never jump.
    """

    def __init__(
        self,
        latest: float | None,
        wall: Callable[[], float] = time.time,
        running: Callable[[], float] = running_s,
    ) -> None:
        now = wall()
        if latest is not None:
            now = min(max(now, latest), latest + MOST_AWAY_S)
        self._running = running
        self._ahead = now - running()

    def now(self) -> float:
        """Return the time."""
        return self._running() + self._ahead
