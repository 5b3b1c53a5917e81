"""When to give up on a silent player that has everything it asked for.

Seconds throughout; the time comes in as ``now``.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Silence:
    """The player stays at ``place`` since ``since``."""

    place: object
    since: float

    def seconds(self, now: float) -> float:
        """Return how long it has lasted."""
        return now - self.since


def silence(
    before: Silence | None, place: object, *, waits: bool, now: float
) -> Silence | None:
    """Return the current silence, old or new; None if there is none.

    Called about once a second while core says "playing". ``place`` is what plays and
    where; it changes while there is sound. A player that ``waits`` for its swarm has a
    reason for its silence, and the supervisor watches it.
    """
    if waits:
        return None
    if before is None or before.place != place:
        return Silence(place, now)
    return before
