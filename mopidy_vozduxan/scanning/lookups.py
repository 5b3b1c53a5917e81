"""Lengths for the library: requested when a torrent is opened, with bounded waits.

Called on any thread. Core is blocked during a wait, so most calls do not wait. There
is one wait per torrent within :data:`AGAIN_S`, and only if its swarm shows life.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable

from mopidy_vozduxan.scanning.means import Outcome

#: A wait ends when the swarm shows no sign of life for this long.
STILL_S = 1.2
#: A torrent is not waited for, or read, again for this long: MPD looks up track by
#: track.
AGAIN_S = 600.0
#: A dead torrent is tried again sooner if somebody opens it.
DEAD_AGAIN_S = 60.0
#: For more torrents at once, the lengths would not arrive in time anyway.
MOST = 4

_REST_S = {
    Outcome.DONE: AGAIN_S,
    Outcome.DEAD: DEAD_AGAIN_S,
    Outcome.TOO_EARLY: 0.0,
}


class Lengths:
    """``open`` hands a torrent to the scanner, from any thread.

    Without it nothing is read, and nobody waits.
    """

    def __init__(
        self,
        open: Callable[[str], None] | None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._open = open
        self._clock = clock
        self._changed = threading.Condition()
        self._busy: dict[str, float] = {}  # being read: time of the last sign of life
        self._read_again: dict[str, float] = {}  # not read again before this time
        self._wait_again: dict[str, float] = {}
        self._stopped = False

    def opened(self, infohash: str) -> None:
        """Somebody opened or queued a torrent: read it first. Returns at once."""
        if self._open is None:
            return
        with self._changed:
            now = self._clock()
            if infohash in self._busy or now < self._read_again.get(infohash, now):
                return
            self._busy[infohash] = now
        self._open(infohash)

    def again(self, infohash: str) -> None:
        """Read a torrent again, even if it was read a moment ago."""
        with self._changed:
            self._read_again.pop(infohash, None)
            self._wait_again.pop(infohash, None)
        self.opened(infohash)

    def forget(self, infohash: str) -> None:
        """A torrent was removed: if it comes back, read everything again."""
        with self._changed:
            for noted in (self._busy, self._read_again, self._wait_again):
                noted.pop(infohash, None)
            self._changed.notify_all()

    def wait(self, infohashes: Iterable[str], until: float) -> None:
        """Wait for the lengths of torrents, until ``until`` (`time.monotonic`).

        Ends earlier if they are known, or if their swarms show no life.
        """
        wanted = set(infohashes)
        for infohash in wanted:
            self.opened(infohash)
        with self._changed:
            waiting = self._worth_waiting_for(wanted)
            now = self._clock()
            if now >= until:
                return  # this was not a wait; the next call may wait
            self._busy |= dict.fromkeys(waiting, now)
            self._wait_again |= dict.fromkeys(waiting, now + AGAIN_S)
            while (seconds := self._patience(waiting, until)) > 0:
                self._changed.wait(seconds)

    def stop(self) -> None:
        """End all waits, now and in the future: Mopidy stops."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    # --- what the scanner says

    def moved(self, infohash: str) -> None:
        """The torrent's swarm shows life."""
        with self._changed:
            if infohash in self._busy:
                self._busy[infohash] = self._clock()

    def ended(self, infohash: str, outcome: Outcome) -> None:
        """Reading the torrent ended."""
        with self._changed:
            self._busy.pop(infohash, None)
            self._read_again[infohash] = self._clock() + _REST_S[outcome]
            self._changed.notify_all()

    # --- under the lock

    def _worth_waiting_for(self, wanted: set[str]) -> set[str]:
        now = self._clock()
        found = {
            infohash
            for infohash in wanted & self._busy.keys()
            if now >= self._wait_again.get(infohash, now)
        }
        return found if len(found) <= MOST else set()

    def _patience(self, waiting: set[str], until: float) -> float:
        """Return how many more seconds to wait; 0 or less means none."""
        moves = [self._busy[one] for one in waiting if one in self._busy]
        if self._stopped or not moves:
            return 0.0
        return min(until, max(moves) + STILL_S) - self._clock()
