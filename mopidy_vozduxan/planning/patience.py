"""When a wait is worth a sentence, a nudge to the engine, or giving up.

Seconds throughout; the time comes in as ``now``.
"""

from __future__ import annotations

from collections.abc import Hashable
from enum import Enum, auto
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
E = TypeVar("E", bound=Exception)

#: After so long a wait is worth a sentence in the log.
SAY_SO_S = 3.0
#: As often as this, without progress, the engine is told everything again; four
#: times within the patience at least.
REARM_S = 5.0
#: While nobody is there, peers are looked for so often within a patience. A tracker's
#: own interval (half an hour) would be asked for by nobody who still waits.
LOOKS_FOR_PEERS = 5
#: No more often than this is needed for any patience; libtorrent's own least interval.
MOST_BETWEEN_LOOKS_S = 300.0


class Verdict(Enum):
    """What to do about a wait."""

    WAIT = auto()
    SAY_SO = auto()
    REARM = auto()
    GIVE_UP = auto()


def judge(
    waiting_since: float, progressed_at: float, now: float, patience: float
) -> Verdict:
    """Judge a wait, once a second.

    ``progressed_at`` is when its swarm last delivered anything: a slow swarm
    is not a dead one.
    """
    stalled = now - max(waiting_since, progressed_at)
    if stalled >= patience:
        return Verdict.GIVE_UP
    rearm_s = min(REARM_S, patience / 4)
    if stalled >= rearm_s and stalled % rearm_s < 1:
        return Verdict.REARM
    if now - waiting_since >= SAY_SO_S:
        return Verdict.SAY_SO
    return Verdict.WAIT


def looks_every_s(patience: float) -> float:
    """Return how long peers are not looked for again, while somebody waits."""
    return min(patience / LOOKS_FOR_PEERS, MOST_BETWEEN_LOOKS_S)


class Grudges(Generic[K, E]):
    """What failed a moment ago, and is not worth another try yet.

    Lasts ``seconds``, or until the swarm shows that it lives.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._held: dict[K, tuple[float, E]] = {}

    def hold(self, key: K, error: E, now: float) -> None:
        """Remember that ``key`` failed with ``error``."""
        self._held[key] = (now, error)

    def forget(self, key: K) -> bool:
        """Let ``key`` be tried again; return whether it had failed."""
        return self._held.pop(key, None) is not None

    def against(self, key: K, progressed_at: float, now: float) -> E | None:
        """Return what ``key`` failed with, if that still counts."""
        since, error = self._held.get(key, (now, None))
        if error and since >= progressed_at and now - since < self._seconds:
            return error
        self._held.pop(key, None)
        return None
