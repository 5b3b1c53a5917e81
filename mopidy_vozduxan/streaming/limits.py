"""The limits of streaming: how long it waits, and how much it keeps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from mopidy_vozduxan.planning.eviction import CacheWishes
from mopidy_vozduxan.sizes import parse_size

DAY_S = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Limits:
    """How long we wait, in seconds, and how much we keep, in bytes."""

    stall_timeout: float = 20.0
    metadata_timeout: float = 60.0
    #: How long preparing a stream waits for its first piece.
    fast_start_timeout: float = 8.0
    #: When to leave a swarm that nobody uses, while others are used, and when none is.
    idle_swarm: float = 600.0
    all_idle: float = 60.0
    #: How long core does not get a failed track, unless a listener asks for it.
    failed_track: float = 60.0
    #: Pieces in memory for all readers: one of 16 MiB that is sent, and two copies of
    #: another one that is read.
    pieces_in_memory: int = 48 * 1024 * 1024
    #: How much of that stays in memory after it was read, for those who read it again.
    pieces_kept: int = 8 * 1024 * 1024
    #: How many seconds of audio to fetch ahead of the playhead.
    readahead: float = 60.0
    #: How much to spend on the heads of queued tracks beyond the buckets.
    queue_heads: int = 64 * 1024 * 1024

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Self:
        """Return the limits in our section of the configuration."""
        return cls(
            stall_timeout=float(config["stall_timeout"]),
            metadata_timeout=float(config["metadata_timeout"]),
            fast_start_timeout=float(config["fast_start_timeout"]),
            readahead=float(config["readahead"]),
            queue_heads=int(config["queue_heads_max_size"]) * 1_000_000,
        )


def cache_wishes_of(config: Mapping[str, Any]) -> CacheWishes:
    """Return the limits of the cache in our section of the configuration."""
    most, min_free = (
        parse_size(config[key]) if config[key] else None
        for key in ("cache_max_size", "min_free_space")
    )
    days = config["cache_ttl"]
    return CacheWishes(most, min_free, days * DAY_S if days else None)
