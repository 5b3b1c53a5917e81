"""Handles alerts about a whole torrent: it was added, or it fails."""

from __future__ import annotations

from typing import Any

from mopidy_vozduxan.engine import alerts
from mopidy_vozduxan.engine.departures import Departures
from mopidy_vozduxan.engine.disk import DiskStore
from mopidy_vozduxan.engine.found_reading import FoundReading
from mopidy_vozduxan.engine.holding import Holding
from mopidy_vozduxan.engine.members import Members
from mopidy_vozduxan.engine.protocol import SwarmBroke
from mopidy_vozduxan.engine.swarm_failures import SwarmFailures
from mopidy_vozduxan.engine.verifying import Verifier


class TorrentAlerts:
    """Files are where ``disk`` says."""

    def __init__(
        self,
        members: Members,
        departures: Departures,
        holding: Holding,
        verifier: Verifier,
        failures: SwarmFailures,
        disk: DiskStore,
        found: FoundReading,
    ) -> None:
        self._members = members
        self._departures = departures
        self._holding = holding
        self._verifier = verifier
        self._failures = failures
        self._disk = disk
        self._found = found

    def handlers(self) -> alerts.Handlers:
        """Return the handlers by the alert's class name."""
        return {
            "add_torrent_alert": self._on_added,
            "torrent_checked_alert": self._on_checked,
            "torrent_error_alert": self._on_error,
            "file_error_alert": self._on_file_error,
            "torrent_conflict_alert": self._on_conflict,
            "metadata_failed_alert": self._on_metadata_failed,
            "torrent_deleted_alert": self._on_deleted,
            "torrent_delete_failed_alert": self._on_deleted,
        }

    def _on_added(self, alert: Any) -> None:
        hashes = alert.params.info_hashes
        swarm = self._members.named(hashes)
        if swarm is None or swarm.handle:
            return
        if alerts.failed(alert.error):
            if not swarm.leaving:
                self._failures.take(swarm, alert.error)
            self._departures.out(swarm)
            return
        swarm.joined(alert.handle)
        self._found.go_on(swarm)
        if swarm.leaving:
            self._departures.begin(swarm)

    def _on_checked(self, alert: Any) -> None:
        if swarm := self._members.concerned(alert):
            self._holding.ask(swarm)

    def _on_error(self, alert: Any) -> None:
        if swarm := self._members.concerned(alert):
            self._failures.take(swarm, alert.error)

    def _on_file_error(self, alert: Any) -> None:
        """Report a failing file; one that has changed can be repaired."""
        swarm = self._members.concerned(alert)
        if swarm is None:
            return
        if swarm.hashes is None or not alerts.tells_loss(alert.error):
            self._failures.disk_failed(swarm, alert.error, alert.filename())
        elif not swarm.damage.in_doubt:
            swarm.damage.doubt()
            folder = self._disk.folder_of(swarm.infohash)
            pieces = swarm.hashes.pieces_of_file(alert.filename(), folder)
            self._verifier.suspect(swarm, pieces)

    def _on_conflict(self, alert: Any) -> None:
        if swarm := self._members.concerned(alert):
            reason = "the same torrent is there under another name"
            self._members.emit(SwarmBroke(swarm.infohash, reason))

    def _on_metadata_failed(self, alert: Any) -> None:
        """Refuse unusable metadata, but not what a peer made up."""
        swarm = self._members.concerned(alert)
        if swarm and not alerts.tells_lie(alert.error):
            reason = alerts.reason_of(alert.error)
            self._failures.refuse(swarm, f"its metadata cannot be used: {reason}")

    def _on_deleted(self, alert: Any) -> None:
        swarm = self._members.named(alert.info_hashes)
        if swarm and swarm.leaving:
            self._departures.out(swarm)
