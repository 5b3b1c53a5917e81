"""Whose turn it is: which streams of other swarms have to wait, by urgency.

Within a swarm urgencies are an order; between swarms the engine knows none, and a
downlink that is shared by all is split evenly. So where one is served before
another, the other is not asked for. Says nothing of which pieces are wanted.

Design notes
------------
- *Only a swarm that delivers holds others back*, at a fraction of the rate of its
  music at least: what a dead one lacks may never come.
- *What fills up is held back by nobody.* A swarm may be slow by itself, and its
  whole rest would keep a fast one idle: so only the first tier of what plays
  counts, and the beginnings of what follows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from mopidy_vozduxan.planning.demand import Demand, Role, SwarmView
from mopidy_vozduxan.planning.spans import Span
from mopidy_vozduxan.planning.tiers import DEFAULT_TIERS, Tiers
from mopidy_vozduxan.planning.window import beginnings, front, soon_reach

#: A swarm delivers when it does so at this fraction of the rate of its music. With
#: 1.3 times the bitrate for all, 0.3 are left for what follows.
DELIVERS = 1 / 8


@dataclass(frozen=True, slots=True)
class Turns:
    """Who waits: ``held_back`` streams are not asked for at all.

    Swarms that ``yields`` names are asked for what is due within seconds only.
    """

    held_back: tuple[Demand, ...] = ()
    yields: frozenset[str] = frozenset()


def turns_of(
    demands: Sequence[Demand],
    swarms: Mapping[str, SwarmView],
    tiers: Tiers = DEFAULT_TIERS,
) -> Turns:
    """Return whose turn it is not, while what plays is safe."""
    opening = tiers.for_opening()
    current = [d for d in demands if d.role is Role.CURRENT]
    following = [d for d in demands if d.role.follows and not d.heads]
    openings = [
        d
        for d in following
        if d.role is Role.PREFETCH and _lacks(d, swarms, beginnings(d, opening))
    ]
    urgent = {
        d.infohash
        for d in openings
        if d.starts_in_ms < tiers.soon_s * 1000 and _delivers(d, swarms)
    }
    held_back: list[Demand] = []
    first = {d.infohash for d in current if _holds_others_back(d, swarms, tiers)}
    for demand in sorted(following, key=lambda d: d.role):
        if first - {demand.infohash} and demand not in openings:
            held_back.append(demand)
        elif _delivers(demand, swarms) and _lacks(
            demand, swarms, beginnings(demand, tiers)
        ):
            first.add(demand.infohash)
    yields = {d.infohash for d in current} if urgent else set()
    return Turns(tuple(held_back), frozenset(yields - urgent))


def _holds_others_back(
    demand: Demand, swarms: Mapping[str, SwarmView], tiers: Tiers
) -> bool:
    """Whether what plays lacks some of its first tier, and that comes in."""
    start = front(demand)
    soon = Span(start, start + soon_reach(demand, tiers, tiers.soon_s))
    return _lacks(demand, swarms, [soon]) and _delivers(demand, swarms)


def _lacks(
    demand: Demand, swarms: Mapping[str, SwarmView], spans: Iterable[Span]
) -> bool:
    view = swarms[demand.infohash]
    return not all(view.holds(demand.pieces, span) for span in spans)


def _delivers(demand: Demand, swarms: Mapping[str, SwarmView]) -> bool:
    rate = swarms[demand.infohash].rate
    return rate > 0 and rate >= demand.byte_rate * DELIVERS
