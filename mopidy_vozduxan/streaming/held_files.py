"""Which files streams hold: they stay on disk, and some have room reserved.

Looks at streams, and changes nothing. Lives on our event loop.
"""

from __future__ import annotations

from mopidy_vozduxan.planning.demand import Role
from mopidy_vozduxan.planning.eviction import File, Holdings
from mopidy_vozduxan.planning.tiers import Tiers
from mopidy_vozduxan.planning.window import opening_bytes
from mopidy_vozduxan.streaming.open_streams import OpenStreams
from mopidy_vozduxan.streaming.stream import Stream


def holdings_of(streams: OpenStreams, tiers: Tiers) -> Holdings:
    """Return what streams hold."""
    holders = streams.holders
    sizes: dict[File, int] = {}
    queued: dict[File, int] = {}
    held: set[File] = set()
    for stream in streams.values():
        entry = stream.file.entry
        if entry is None or stream.whole:
            continue  # a kept file never leaves, and has to fit within the limit
        name = stream.swarm.infohash, entry.index
        if holders.buckets.holder(stream.token):
            sizes[name] = entry.size
        elif stream.token in holders.queued and not stream.readers:
            queued[name] = _opening(stream, tiers)
        else:
            held.add(name)
    return Holdings(sizes, frozenset(held), queued)


def _opening(stream: Stream, tiers: Tiers) -> int:
    demand = stream.demand(Role.QUEUED)
    return opening_bytes(demand, tiers) if demand else 0
