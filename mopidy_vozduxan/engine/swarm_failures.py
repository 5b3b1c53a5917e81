"""Reports swarms that break, and refused metadata, once each."""

from __future__ import annotations

from typing import Any

from mopidy_vozduxan.engine import alerts
from mopidy_vozduxan.engine.joined_swarm import JoinedSwarm
from mopidy_vozduxan.engine.members import Members
from mopidy_vozduxan.engine.protocol import SwarmBroke
from mopidy_vozduxan.engine.saving import Saving


class SwarmFailures:
    """Remembers a refusal on disk, so that it outlives a restart."""

    def __init__(self, members: Members, saving: Saving) -> None:
        self._members = members
        self._saving = saving

    def broke(self, swarm: JoinedSwarm, error: Any, storage: bool = False) -> None:
        """Report the error that broke a swarm; changed files can be repaired."""
        if not swarm.broken and not (swarm.hashes and alerts.tells_loss(error)):
            swarm.broken = True
            storage = storage or alerts.blames_storage(error)
            reason = alerts.reason_of(error)
            self._members.emit(SwarmBroke(swarm.infohash, reason, storage))

    def refuse(self, swarm: JoinedSwarm, reason: str) -> None:
        """Report, and remember, that a swarm's metadata cannot be used."""
        swarm.broken = True  # libtorrent stops it too, with a worse message
        self._saving.refuse(swarm.infohash, reason)
        self._members.emit(SwarmBroke(swarm.infohash, reason))
