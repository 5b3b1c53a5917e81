"""How much may be fetched now: the one place that says so.

At the limit, or on a full disk, less is wanted; what plays comes before all else.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from mopidy_vozduxan.planning.demand import Demand, Role
from mopidy_vozduxan.planning.eviction import CacheLimits, Usage, excess


class Room(IntEnum):
    """What there is room for; each includes those before it."""

    HEARD = 0  # what is being heard or read
    NEEDED = 1  # the current, the next and the warm file
    ALL = 2  # openings of queued tracks, tags, anchors


@dataclass(frozen=True, slots=True)
class Allowance:
    """What may come: ``spare`` bytes for all that is not needed; ``None`` is any.

    Anchors leave ``margin`` of them: what they bring is evicted first, and a swarm is
    left and joined again for it.
    """

    room: Room = Room.ALL
    spare: int | None = None
    margin: int = 0

    def after(self, came: int) -> Allowance:
        """Return what is left of it when so many bytes have come."""
        if self.spare is None:
            return self
        spare = self.spare - came
        room = min(self.room, Room.NEEDED) if spare <= 0 else self.room
        return Allowance(room, max(0, spare), self.margin)

    def kept(self, piece_length: int) -> int | None:
        """Return how many pieces of what is kept to want; ``None`` is any number.

        One more than there is room for, so that eviction makes some if it can.
        """
        return None if self.spare is None else self.spare // piece_length + 1

    def anchors(self, piece_length: int, least: int) -> int | None:
        """Return how many anchors a swarm may have; ``None`` is any number.

        The ``least`` keep the peers. They come slowly, but they come: a full disk
        cannot take them.
        """
        if self.room is Room.HEARD:
            return 0
        if self.spare is None:
            return None
        return max(least, (self.spare - self.margin) // piece_length)


EVERYTHING = Allowance()


def allowance(
    usage: Usage, reserved: int, evictable: int, limits: CacheLimits
) -> Allowance:
    """Return what may be fetched; ``evictable`` bytes may still go, if necessary."""
    lacking = limits.min_free - usage.free
    if lacking > 0 and lacking > evictable:
        return Allowance(Room.HEARD, 0)
    spare = -excess(usage, reserved, limits)
    if spare <= 0:
        return Allowance(Room.NEEDED, 0)
    return Allowance(Room.ALL, spare, limits.batch)


def admitted(demands: Iterable[Demand], room: Room) -> list[Demand]:
    """Return the demands that there is room for."""
    return [demand for demand in demands if _room_for(demand) <= room]


def _room_for(demand: Demand) -> Room:
    if demand.role is Role.CURRENT:
        return Room.HEARD
    if not demand.role.is_heard:
        return Room.ALL
    if demand.heads:
        return Room.HEARD
    return Room.NEEDED if demand.role in (Role.PREFETCH, Role.WARM) else Room.ALL
