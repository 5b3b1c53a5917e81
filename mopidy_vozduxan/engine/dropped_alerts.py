"""Recovers from dropped alerts: asks again for everything they may have said."""

from __future__ import annotations

import logging
from typing import Any

from mopidy_vozduxan.engine import alerts
from mopidy_vozduxan.engine.departures import Departures
from mopidy_vozduxan.engine.holding import Holding
from mopidy_vozduxan.engine.joined_swarm import JoinedSwarm
from mopidy_vozduxan.engine.members import Members
from mopidy_vozduxan.engine.protocol import EventsLost
from mopidy_vozduxan.engine.saving import Saving

logger = logging.getLogger(__name__)

#: The time to give a deletion whose alert may have been dropped.
DELETED_AFTER_S = 1.0


class DroppedAlerts:
    """Asks for the complete state of every swarm."""

    def __init__(
        self, members: Members, saving: Saving, departures: Departures, holding: Holding
    ) -> None:
        self._members = members
        self._saving = saving
        self._departures = departures
        self._holding = holding

    def handlers(self) -> alerts.Handlers:
        """Return the handlers by the alert's class name."""
        return {"alerts_dropped_alert": self.on_dropped}

    def on_dropped(self, alert: Any) -> None:
        """Ask again for everything that may have been lost."""
        logger.debug("libtorrent dropped alerts")
        self._members.emit(EventsLost())
        for swarm in list(self._members.swarms.values()):
            self._reconcile(swarm)
        self._members.session.post_torrent_updates(0)

    def _reconcile(self, swarm: JoinedSwarm) -> None:
        if swarm.params is None and swarm.handle is None:
            return  # not joined: its data is being deleted
        swarm.saved.forget_flushes()
        if swarm.handle is None:
            # For a torrent in the session, libtorrent answers with its handle.
            self._members.session.async_add_torrent(swarm.params)
        elif swarm.farewell.delete_data or swarm.farewell.parting:
            self._members.loop.call_later(DELETED_AFTER_S, self._departures.out, swarm)
        elif swarm.leaving:
            swarm.saves = 0
            self._saving.save(swarm)
        else:
            swarm.saves = 0
            swarm.ask_again()
            self._holding.ask(swarm)
            if swarm.wants_metadata:
                self._saving.save(swarm)
