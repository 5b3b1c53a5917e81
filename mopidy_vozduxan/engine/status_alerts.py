"""Handles the regular status of torrents: numbers, held pieces, errors."""

from __future__ import annotations

from typing import Any

from mopidy_vozduxan.engine import alerts
from mopidy_vozduxan.engine.disk_troubles import DiskTroubles
from mopidy_vozduxan.engine.holding import Holding
from mopidy_vozduxan.engine.joined_swarm import JoinedSwarm
from mopidy_vozduxan.engine.members import Members
from mopidy_vozduxan.engine.protocol import Statistics, StatisticsChanged
from mopidy_vozduxan.engine.swarm_failures import SwarmFailures
from mopidy_vozduxan.engine.verifying import Verifier
from mopidy_vozduxan.engine.wrong_pieces import WrongPieces


class StatusAlerts:
    """Reports the numbers of :attr:`watched` swarms."""

    def __init__(
        self,
        members: Members,
        holding: Holding,
        verifier: Verifier,
        wrong_pieces: WrongPieces,
        failures: SwarmFailures,
        disk_troubles: DiskTroubles,
    ) -> None:
        self._members = members
        self._holding = holding
        self._verifier = verifier
        self._wrong_pieces = wrong_pieces
        self._failures = failures
        self._disk_troubles = disk_troubles
        self.watched: frozenset[str] = frozenset()

    def watch(self, infohashes: frozenset[str]) -> None:
        """Report the numbers of these swarms; those of new ones at once."""
        for infohash in infohashes - self.watched:
            if swarm := self._members.present(infohash):
                event = StatisticsChanged(infohash, swarm.statistics)
                self._members.emit(event)
        self.watched = infohashes

    @property
    def num_peers(self) -> int:
        """The number of peers in all watched swarms."""
        swarms = map(self._members.swarms.get, self.watched)
        return sum(swarm.statistics.num_peers for swarm in swarms if swarm)

    def handlers(self) -> alerts.Handlers:
        """Return the handlers by the alert's class name."""
        return {"state_update_alert": self._on_statuses}

    def _on_statuses(self, alert: Any) -> None:
        for status in alert.status:
            swarm = self._members.concerned(status, leaving=True)
            if swarm is None:
                continue
            if swarm.leaving:
                swarm.statistics = _statistics_of(status)
                continue
            if len(status.pieces):
                self._holding.tell(swarm, status.pieces)
            if alerts.failed(status.errc) and not self._disk_troubles.just_over(swarm):
                self._failures.take(swarm, status.errc)
            self._take(swarm, _statistics_of(status))

    def _take(self, swarm: JoinedSwarm, statistics: Statistics) -> None:
        if statistics != swarm.statistics and swarm.infohash in self.watched:
            self._members.emit(StatisticsChanged(swarm.infohash, statistics))
        if swarm.wrong:
            self._wrong_pieces.look_around(swarm)
        if swarm.damage.failed_hashes and not statistics.num_peers:
            # Perhaps the disk is at fault, and all peers were banned because of it.
            swarm.damage.blame_disk()
            self._verifier.suspect(swarm, set())
        swarm.statistics = statistics


def _statistics_of(status: Any) -> Statistics:
    return Statistics(
        download_rate=status.download_payload_rate,
        upload_rate=status.upload_payload_rate,
        num_peers=status.num_peers,
        num_seeds=status.num_seeds,
        payload=status.total_payload_download,
        given=status.total_payload_upload,
        wasted=status.total_failed_bytes + status.total_redundant_bytes,
    )
