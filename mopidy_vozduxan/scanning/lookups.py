"""Lengths as the library asks for them: opened, and waited for within bounds.

Called on any thread; core stands still while it waits, so it mostly does not. A
wait happens once per torrent and while, for torrents whose swarm shows life, and only
for what that swarm can give in time: all lengths, else that of the track which is
wanted first, else none.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, replace

from mopidy_vozduxan.scanning.means import Outcome
from mopidy_vozduxan.scanning.prospect import NOBODY_KNOWS, Expected

#: A swarm that shows no sign of life for so long is not waited for.
STILL_S = 1.2
#: So long no torrent is waited for, or read, again: MPD looks up track by track.
AGAIN_S = 600.0
#: A dead one is tried again sooner when somebody opens it.
DEAD_AGAIN_S = 60.0
#: Of more torrents at once the lengths would not come in time anyway.
MOST = 4

_REST_S = {
    Outcome.DONE: AGAIN_S,
    Outcome.DEAD: DEAD_AGAIN_S,
    Outcome.TOO_EARLY: 0.0,
}


@dataclass(frozen=True, slots=True)
class _Read:
    """A torrent being read: when it last showed life, what is to be expected."""

    moved_at: float
    expected: Expected = NOBODY_KNOWS

    def patience(self, now: float, until: float) -> float:
        """Return how many seconds more to wait of those until ``until``."""
        if self.expected.worth_a_wait(until):
            return min(until, self.moved_at + STILL_S) - now
        return 0.0


class Lengths:
    """``open`` hands a torrent to the scanner, from any thread.

    It takes the file that is wanted first, too. Without it nothing is read, and
    nothing waited for.
    """

    def __init__(
        self,
        open: Callable[[str, int | None], None] | None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._open = open
        self._clock = clock
        self._changed = threading.Condition()
        self._busy: dict[str, _Read] = {}
        self._read_again: dict[str, float] = {}  # not before
        self._wait_again: dict[str, float] = {}
        self._stopped = False

    def opened(self, infohash: str, first: int | None = None) -> None:
        """Somebody opened or queued a torrent: read it before others. At once.

        ``first`` is the file that is wanted before others.
        """
        if self._open is None:
            return
        with self._changed:
            now = self._clock()
            if infohash in self._busy or now < self._read_again.get(infohash, now):
                return
            self._busy[infohash] = _Read(now)
        self._open(infohash, first)

    def again(self, infohash: str) -> None:
        """Read a torrent though it was read a moment ago."""
        with self._changed:
            self._read_again.pop(infohash, None)
            self._wait_again.pop(infohash, None)
        self.opened(infohash)

    def forget(self, infohash: str) -> None:
        """A torrent was removed: should it come back, all is read again."""
        with self._changed:
            for noted in (self._busy, self._read_again, self._wait_again):
                noted.pop(infohash, None)
            self._changed.notify_all()

    def wait(self, wanted: Mapping[str, int | None], until: float) -> None:
        """Wait for the lengths of torrents, until ``until`` (`time.monotonic`).

        ``wanted`` has the file of each that is wanted first. Ends earlier once they
        are known, or it is clear that they will not be in time.
        """
        for infohash, first in wanted.items():
            self.opened(infohash, first)
        with self._changed:
            waiting = self._worth_waiting_for(wanted.keys())
            now = self._clock()
            if now >= until:
                return  # not a wait: the next one may be
            for infohash in waiting:
                self._busy[infohash] = replace(self._busy[infohash], moved_at=now)
            self._wait_again |= dict.fromkeys(waiting, now + AGAIN_S)
            while (seconds := self._patience(waiting, until)) > 0:
                self._changed.wait(seconds)

    def stop(self) -> None:
        """End all waits, now and to come: Mopidy stops."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    # --- what the scanner says

    def moved(self, infohash: str, expected: Expected) -> None:
        """The torrent's swarm shows life, by which its lengths are ``expected``."""
        with self._changed:
            if infohash in self._busy:
                self._busy[infohash] = _Read(self._clock(), expected)
                self._changed.notify_all()

    def ended(self, infohash: str, outcome: Outcome) -> None:
        """What can be read of the torrent was read."""
        with self._changed:
            self._busy.pop(infohash, None)
            self._read_again[infohash] = self._clock() + _REST_S[outcome]
            self._changed.notify_all()

    # --- under the lock

    def _worth_waiting_for(self, wanted: Set[str]) -> Set[str]:
        now = self._clock()
        found = {
            infohash
            for infohash in wanted & self._busy.keys()
            if now >= self._wait_again.get(infohash, now)
        }
        return found if len(found) <= MOST else set()

    def _patience(self, waiting: Set[str], until: float) -> float:
        """Return how many seconds more to wait, 0 or less for none."""
        now = self._clock()
        reads = [self._busy[one] for one in waiting if one in self._busy]
        if self._stopped:
            return 0.0
        return max((read.patience(now, until) for read in reads), default=0.0)
