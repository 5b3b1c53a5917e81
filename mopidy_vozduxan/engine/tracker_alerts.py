"""Handles what trackers answer: reports it, and gives the next one its turn."""

from __future__ import annotations

from functools import partial
from typing import Any
from urllib.parse import urlsplit

from mopidy_vozduxan.engine import alerts
from mopidy_vozduxan.engine.joined_swarm import JoinedSwarm
from mopidy_vozduxan.engine.members import Members
from mopidy_vozduxan.engine.protocol import TrackerAnswered

#: How long to ask another tracker of a private torrent before the first one again: the
#: usual interval of trackers.
BACK_S = 1800.0


class TrackerAlerts:
    """Never repeats a tracker's URL: it may hold a passkey."""

    def __init__(self, members: Members) -> None:
        self._members = members

    def handlers(self) -> alerts.Handlers:
        """Return the handlers by the alert's class name."""
        return {
            "tracker_error_alert": self._on_error,
            "tracker_reply_alert": self._on_reply,
        }

    def _on_error(self, alert: Any) -> None:
        swarm = self._members.concerned(alert)
        if swarm is None:
            return
        url = str(alert.tracker_url())
        words = str(alert.failure_reason())
        self._emit(swarm, url, words or alerts.reason_of(alert.error), bool(words))
        if swarm.turns and swarm.turns.failed(url):
            self._ask(swarm)
            back = partial(self._go_back, swarm)
            self._members.loop.call_later(BACK_S, back)

    def _on_reply(self, alert: Any) -> None:
        if swarm := self._members.concerned(alert):
            self._emit(swarm, str(alert.tracker_url()), None, False)

    def _emit(
        self, swarm: JoinedSwarm, url: str, trouble: str | None, refused: bool
    ) -> None:
        host = urlsplit(url).hostname or "a tracker"
        event = TrackerAnswered(swarm.infohash, host, trouble, refused)
        self._members.emit(event)

    def _go_back(self, swarm: JoinedSwarm) -> None:
        if self._members.present(swarm.infohash) is swarm and swarm.turns:
            swarm.turns.begin_anew()
            self._ask(swarm)

    def _ask(self, swarm: JoinedSwarm) -> None:
        assert swarm.turns
        swarm.handle.replace_trackers([swarm.turns.entry])
