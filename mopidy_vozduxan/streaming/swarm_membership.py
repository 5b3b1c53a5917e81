"""Our membership in one swarm: its source, since when it is used, and what for.

Lives on our event loop. Times are in monotonic seconds.
"""

from __future__ import annotations

from dataclasses import replace

from mopidy_vozduxan.torrent.metainfo import TorrentSource

#: After a background read the torrent's next file usually follows, so its peers are
#: kept for this long.
VISIT_S = 5.0


class SwarmMembership:
    """Membership by ``source``, first used at ``now``."""

    def __init__(self, source: TorrentSource, now: float) -> None:
        self.source = source
        self.is_added = False  # the engine knows it
        self.is_streamed = False  # needed for more than its metadata
        self.used_at = now
        self._visited_at: float | None = None  # the time of the last background read

    # --- what the engine knows

    def add(self) -> None:
        """Note that the engine was told to join."""
        self.is_added = True

    def begin_anew(self) -> None:
        """Note that the engine knows nothing about the swarm any more."""
        self.is_added = False

    def follow(self, magnet: str | None) -> None:
        """Take another magnet link for the swarm."""
        self.source = replace(self.source, magnet=magnet)

    def describe(self, source: TorrentSource) -> None:
        """Join by a source that has the metadata, under the name that we use."""
        own = self.source
        magnet = source.magnet or own.magnet
        self.source = replace(source, infohash=own.infohash, magnet=magnet)
        self.is_added = False

    def learn(self, torrent: bytes) -> None:
        """Take the metadata that the swarm gave us."""
        self.source = replace(self.source, torrent=torrent)

    # --- what it is used for

    def use(self, now: float) -> None:
        """Note that somebody uses it."""
        self.used_at = now

    def visit(self, now: float) -> None:
        """Note a background read."""
        self._visited_at = now

    def stream(self) -> None:
        """Note that it is needed for more than its metadata."""
        self.is_streamed = True

    def is_visited(self, now: float) -> bool:
        """Return whether there was a background read a moment ago."""
        return self._visited_at is not None and now - self._visited_at < VISIT_S

    def unused_for(self, now: float) -> float:
        """Return for how many seconds nobody has used it."""
        return now - self.used_at
