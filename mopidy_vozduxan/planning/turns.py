"""Turns: which streams wait for those of other swarms.

Within a swarm urgencies define an order. Between swarms the engine has none, and swarms
share a downlink evenly. So if one comes before another, the other is not requested.
Does not say which pieces are wanted.

Design notes
------------
- *Only a swarm that delivers holds others back*, at least a fraction of the rate of its
  music: a dead swarm's pieces may never come.
- *Filling up holds nobody back.* A swarm may be slow by itself, and the rest of its
  file would keep a fast one idle. So only the current track's first tier and the
  beginnings of the following tracks count.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from mopidy_vozduxan.planning.demand import Demand, Role, SwarmView
from mopidy_vozduxan.planning.spans import Span
from mopidy_vozduxan.planning.tiers import DEFAULT_TIERS, Tiers
from mopidy_vozduxan.planning.window import beginnings, front, soon_reach

#: A swarm counts as delivering from this fraction of its music's rate on. With 1.3
#: times the bitrate in all, 0.3 are left for the following tracks.
DELIVERS = 1 / 8


@dataclass(frozen=True, slots=True)
class Turns:
    """Who waits: ``held_back`` streams are not requested at all.

    Swarms in ``yields`` are asked only for what is due within seconds.
    """

    held_back: tuple[Demand, ...] = ()
    yields: frozenset[str] = frozenset()


def turns_of(
    demands: Sequence[Demand],
    swarms: Mapping[str, SwarmView],
    tiers: Tiers = DEFAULT_TIERS,
) -> Turns:
    """Return who has to wait, while playback is safe."""
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
    """Whether the current track lacks some of its first tier, and it is coming in."""
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
