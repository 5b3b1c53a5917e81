"""A listener's wait for a stream: since when it counts, and how it ended.

Lives on our event loop. Decides nothing: the supervisor judges the wait.
"""

from __future__ import annotations

from mopidy_vozduxan.exceptions import VozduxanError


class ListenerWait:
    """A wait for something that was requested at ``now`` (monotonic seconds)."""

    def __init__(self, now: float) -> None:
        self.asked_at = now
        self._failure: VozduxanError | None = None
        self._was_logged = False

    def begin_anew(self, now: float) -> None:
        """Note that a listener asks: the wait counts from now on."""
        self.asked_at, self._failure, self._was_logged = now, None, False

    def go_elsewhere(self) -> None:
        """Note that the wait is for other bytes, which deserve a log line too."""
        self._was_logged = False

    def log_once(self) -> bool:
        """Return whether the log should say that the stream waits."""
        was_logged, self._was_logged = self._was_logged, True
        return not was_logged

    def fail(self, error: VozduxanError) -> bool:
        """Note the error that the wait ended with; return whether it is new."""
        if self._failure:
            return False
        self._failure = error
        return True

    def end(self) -> None:
        """Note that nobody waits."""
        self._failure = None
