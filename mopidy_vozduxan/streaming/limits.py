"""How long streaming waits, and how much it keeps: what the config says of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Limits:
    """How long we wait, in seconds, and how much we keep, in bytes."""

    stall_timeout: float = 20.0
    metadata_timeout: float = 60.0
    #: Preparing a stream waits so long for its first piece.
    fast_start_timeout: float = 8.0
    #: A swarm that nobody uses leaves the session after this.
    idle_swarm: float = 600.0
    #: Core is not given a track that failed for this long, unless somebody asks.
    failed_track: float = 60.0
    piece_cache: int = 32 * 1024 * 1024
    #: So many seconds of audio are fetched ahead of what plays.
    readahead: float = 60.0
    #: Heads of queued tracks beyond the buckets take no more than this.
    queue_heads: int = 64 * 1024 * 1024

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Self:
        """Return what our section of the configuration says."""
        return cls(
            stall_timeout=float(config["stall_timeout"]),
            metadata_timeout=float(config["metadata_timeout"]),
            fast_start_timeout=float(config["fast_start_timeout"]),
            readahead=float(config["readahead"]),
            queue_heads=int(config["queue_heads_max_size"]) * 1_000_000,
        )
