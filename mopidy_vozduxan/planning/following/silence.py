"""When a player that has all it asked for, and neither sounds nor fails, is given up.

Seconds throughout; the time comes in as ``now``.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Silence:
    """What stands still: the player, at ``place``, since ``since``."""

    place: object
    since: float

    def seconds(self, now: float) -> float:
        """Return how long it has lasted."""
        return now - self.since


def silence(
    before: Silence | None, place: object, *, waits: bool, now: float
) -> Silence | None:
    """Return the silence that goes on, or begins; None where there is none.

    Looked for about once a second while core says "playing". ``place`` is what plays,
    and where; it moves while there is sound. A player that ``waits`` for its swarm is
    silent for a reason, and others are patient with it.
    """
    if waits:
        return None
    if before is None or before.place != place:
        return Silence(place, now)
    return before
