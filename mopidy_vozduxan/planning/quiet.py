"""Whether a swarm may be away for seconds without anybody hearing it."""

from __future__ import annotations

from collections.abc import Iterable

from mopidy_vozduxan.planning.demand import Demand, Role, SwarmView
from mopidy_vozduxan.planning.spans import Span
from mopidy_vozduxan.planning.window import unmet_heads

#: What the player must have of the music that sounds, beyond what it needs at once. A
#: swarm is away for 0.1 to 0.5 s.
BUFFERED_S = 3.0
#: What must be here of it beyond that: peers may need seconds to give us the next.
HELD_S = 20.0
#: How long before its start a track must not lose its swarm.
BEFORE_START_MS = 8000


def is_quiet(demands: Iterable[Demand], view: SwarmView) -> bool:
    """Return whether the swarm of these demands may be left for a moment."""
    return all(_may_wait(demand, view) for demand in demands)


def _may_wait(demand: Demand, view: SwarmView) -> bool:
    if not demand.role.is_heard:
        return True
    if unmet_heads(demand, view):
        return False
    if demand.role is not Role.CURRENT and not demand.heads:
        starts = demand.starts_in_ms
        return demand.role is not Role.PREFETCH or starts > BEFORE_START_MS
    return _has_enough(demand, view)


def _has_enough(demand: Demand, view: SwarmView) -> bool:
    """Whether the player has seconds of the music, and we have more of it."""
    rate = max(1.0, demand.byte_rate)
    if demand.playhead is None:
        # How much of that the player has played is not known.
        enough = all(head.earned > HELD_S * rate for head in demand.heads)
        return enough and all(_holds(demand, h.offset, view) for h in demand.heads)
    read = min((head.offset for head in demand.heads), default=demand.pieces.size)
    if read < demand.pieces.size and read - demand.playhead < BUFFERED_S * rate:
        return False
    return _holds(demand, read, view)


def _holds(demand: Demand, offset: int, view: SwarmView) -> bool:
    reach = int(HELD_S * max(1.0, demand.byte_rate))
    return view.holds(demand.pieces, Span(offset, offset + reach))
