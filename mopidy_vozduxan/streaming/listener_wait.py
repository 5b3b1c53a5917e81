"""A listener's wait for a stream: since when it counts, and what came of it.

Lives on our event loop. Decides nothing: the supervisor judges the wait.
"""

from __future__ import annotations

from mopidy_vozduxan.exceptions import VozduxanError


class ListenerWait:
    """The wait for what was asked for at ``now`` (monotonic seconds)."""

    def __init__(self, now: float) -> None:
        self.asked_at = now
        self._failure: VozduxanError | None = None
        self._was_logged = False

    def begin_anew(self, now: float) -> None:
        """Take it that a listener asks: what is waited for is so from now on."""
        self.asked_at, self._failure, self._was_logged = now, None, False

    def go_elsewhere(self) -> None:
        """Take it that other bytes are waited for: they are worth a log line, too."""
        self._was_logged = False

    def log_once(self) -> bool:
        """Return whether the log should say that the stream waits."""
        was_logged, self._was_logged = self._was_logged, True
        return not was_logged

    def fail(self, error: VozduxanError) -> bool:
        """Take what the wait ended with; return whether that is news."""
        if self._failure:
            return False
        self._failure = error
        return True

    def end(self) -> None:
        """Take it that nothing is waited for."""
        self._failure = None
