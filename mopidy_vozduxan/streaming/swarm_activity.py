"""The activity of one swarm: its numbers, its last progress, its last peer search.

Lives on our event loop. Times are in monotonic seconds.
"""

from __future__ import annotations

from mopidy_vozduxan.engine.protocol import Statistics


class SwarmActivity:
    """The activity since ``now``."""

    def __init__(self, now: float) -> None:
        self.statistics = Statistics()
        self.progressed_at = now
        self.given_up = False  # somebody waited in vain, and nothing has come since
        self._met_at = now  # the last time we looked for peers
        self._most_good = 0  # bytes that came, less the wrong ones

    def piece_came(self, now: float) -> None:
        """Note that a good piece came."""
        self.progressed_at, self.given_up = now, False

    def give_up(self) -> None:
        """Note that somebody waited in vain."""
        self.given_up = True

    def count(self, statistics: Statistics, now: float) -> None:
        """Take new numbers; more payload is progress.

        A piece that turns out wrong is subtracted, so its replacement is progress only
        once it exceeds that.
        """
        if statistics.payload < self.statistics.payload:
            self._most_good = 0  # the engine has restarted its count
        good = statistics.payload - statistics.wasted
        if good > self._most_good:
            self._most_good, self.progressed_at = good, now
        self.statistics = statistics

    def begin_anew(self, now: float) -> None:
        """Note that the swarm is joined again, which looks for peers."""
        self.statistics, self._most_good = Statistics(), 0
        self._met_at, self.given_up = now, False

    def excuse(self, now: float) -> None:
        """Note that the swarm is not to blame for the wait until now."""
        self.progressed_at = now

    def was_met(self, within_s: float, now: float) -> bool:
        """Return whether we looked for peers in the last ``within_s`` seconds."""
        return now - self._met_at < within_s

    def meet(self, now: float) -> None:
        """Note that we look for peers now."""
        self._met_at = now
