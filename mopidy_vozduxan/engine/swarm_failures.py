"""Reports swarms that break, and refused metadata, once each."""

from __future__ import annotations

from typing import Any

from mopidy_vozduxan.engine import alerts
from mopidy_vozduxan.engine.disk_troubles import DiskTroubles
from mopidy_vozduxan.engine.joined_swarm import JoinedSwarm
from mopidy_vozduxan.engine.members import Members
from mopidy_vozduxan.engine.protocol import SwarmBroke
from mopidy_vozduxan.engine.saving import Saving


class SwarmFailures:
    """Remembers a refusal on disk, so that it outlives a restart."""

    def __init__(
        self, members: Members, saving: Saving, disk_troubles: DiskTroubles
    ) -> None:
        self._members = members
        self._saving = saving
        self._disk_troubles = disk_troubles

    def take(self, swarm: JoinedSwarm, error: Any) -> None:
        """Take libtorrent's error; changed files can be repaired."""
        if swarm.hashes and alerts.tells_loss(error):
            return
        if alerts.blames_storage(error):
            self.disk_failed(swarm, error)
        elif not swarm.disk_trouble:  # what follows from that is over with it
            self._break(swarm, error, storage=False)

    def disk_failed(self, swarm: JoinedSwarm, error: Any, file: str = "") -> None:
        """Wait until the disk works again, if there is hope; ``file`` has failed."""
        if not self._disk_troubles.take(swarm, error, file):
            self._break(swarm, error, storage=True)

    def _break(self, swarm: JoinedSwarm, error: Any, *, storage: bool) -> None:
        if not swarm.broken:
            swarm.broken = True
            reason = alerts.reason_of(error)
            self._members.emit(SwarmBroke(swarm.infohash, reason, storage))

    def refuse(self, swarm: JoinedSwarm, reason: str) -> None:
        """Report, and remember, that a swarm's metadata cannot be used."""
        swarm.broken = True  # libtorrent stops it too, with a worse message
        self._saving.refuse(swarm.infohash, reason)
        self._members.emit(SwarmBroke(swarm.infohash, reason))
