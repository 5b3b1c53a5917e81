"""What one swarm delivers: its numbers, when it last did, when peers were looked for.

Lives on our event loop. Times are in monotonic seconds.
"""

from __future__ import annotations

from mopidy_vozduxan.engine.protocol import Statistics


class SwarmActivity:
    """What is known since ``now``."""

    def __init__(self, now: float) -> None:
        self.statistics = Statistics()
        self.progressed_at = now
        self.given_up = False  # somebody waited in vain, and nothing came since
        self._met_at = now  # when peers were looked for last
        self._most_good = 0  # bytes that came and were not wrong

    def piece_came(self, now: float) -> None:
        """Take it that a piece came, and was right."""
        self.progressed_at, self.given_up = now, False

    def give_up(self) -> None:
        """Take it that somebody waited in vain."""
        self.given_up = True

    def count(self, statistics: Statistics, now: float) -> None:
        """Take new numbers; more payload is progress.

        A piece that turns out wrong is taken back, so what comes in its place is
        none before it is more than that.
        """
        if statistics.payload < self.statistics.payload:
            self._most_good = 0  # it is counted anew
        good = statistics.payload - statistics.wasted
        if good > self._most_good:
            self._most_good, self.progressed_at = good, now
        self.statistics = statistics

    def begin_anew(self, now: float) -> None:
        """Take it that the swarm is joined anew, which looks for peers."""
        self.statistics, self._most_good = Statistics(), 0
        self._met_at, self.given_up = now, False

    def excuse(self, now: float) -> None:
        """Take it that the swarm is not to blame for what did not come until now."""
        self.progressed_at = now

    def was_met(self, within_s: float, now: float) -> bool:
        """Return whether peers were looked for in the last ``within_s`` seconds."""
        return now - self._met_at < within_s

    def meet(self, now: float) -> None:
        """Take it that peers are looked for."""
        self._met_at = now
