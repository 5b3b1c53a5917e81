"""When to log a wait, to re-arm the engine, or to give up.

Seconds throughout; the time comes in as ``now``.
"""

from __future__ import annotations

from collections.abc import Hashable
from enum import Enum, auto
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
E = TypeVar("E", bound=Exception)

#: When a wait is worth a sentence in the log.
SAY_SO_S = 3.0
#: How often to send the engine the whole plan again during a wait without progress; at
#: least four times within the patience.
REARM_S = 5.0
#: How often to look for peers within the patience, while there are none. A tracker's
#: own interval (half an hour) is longer than anybody waits.
LOOKS_FOR_PEERS = 5
#: The longest interval between looks, for any patience; libtorrent's own minimum.
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

    ``progressed_at`` is when its swarm last delivered anything: a slow swarm is not
    dead.
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
    """Return the interval between looks for peers while somebody waits."""
    return min(patience / LOOKS_FOR_PEERS, MOST_BETWEEN_LOOKS_S)


class Grudges(Generic[K, E]):
    """Recent failures, which are not worth another try yet.

    A grudge lasts ``seconds``, or until the swarm shows life.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._held: dict[K, tuple[float, E]] = {}

    def hold(self, key: K, error: E, now: float) -> None:
        """Remember that ``key`` failed with ``error``."""
        self._held[key] = (now, error)

    def forget(self, key: K) -> bool:
        """Allow ``key`` to be tried again; return whether it had failed."""
        return self._held.pop(key, None) is not None

    def against(self, key: K, progressed_at: float, now: float) -> E | None:
        """Return the error of ``key``, if it still counts."""
        since, error = self._held.get(key, (now, None))
        if error and since >= progressed_at and now - since < self._seconds:
            return error
        self._held.pop(key, None)
        return None
