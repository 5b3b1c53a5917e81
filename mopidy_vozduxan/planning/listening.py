"""Whether somebody listens; else what is kept may be fetched."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from mopidy_vozduxan.planning.demand import Demand, SwarmView
from mopidy_vozduxan.planning.window import unmet_heads

#: After so long without a sound, a track counts as paused. Many listeners pause in the
#: evening, and do not stop.
PAUSED_S = 60.0


def is_listening(
    demands: Iterable[Demand],
    swarms: Mapping[str, SwarmView],
    silent_s: float | None,
) -> bool:
    """Return whether somebody listens, or waits to.

    ``silent_s`` is how long the current track has been silent; None without one.
    """
    if silent_s is not None and silent_s < PAUSED_S:
        return True
    return any(
        unmet_heads(demand, swarms[demand.infohash])
        for demand in demands
        if demand.role.is_heard
    )
