"""The parts that work on a session's swarms, and how they are connected.

Decides nothing. There is one handler per alert. It ends before its alert dies, and
calls nothing that waits for libtorrent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from mopidy_vozduxan.engine import alerts, session_alerts
from mopidy_vozduxan.engine.departures import Departures
from mopidy_vozduxan.engine.disk import DiskStore
from mopidy_vozduxan.engine.disk_thread import DiskThread
from mopidy_vozduxan.engine.disk_troubles import DiskTroubles
from mopidy_vozduxan.engine.dropped_alerts import DroppedAlerts
from mopidy_vozduxan.engine.evicting import Evictor
from mopidy_vozduxan.engine.found_reading import FoundReading
from mopidy_vozduxan.engine.holding import Holding
from mopidy_vozduxan.engine.joining import Joining
from mopidy_vozduxan.engine.limiting import Limiter
from mopidy_vozduxan.engine.looking import Looking
from mopidy_vozduxan.engine.members import Members
from mopidy_vozduxan.engine.peers import Peers
from mopidy_vozduxan.engine.piece_alerts import PieceAlerts
from mopidy_vozduxan.engine.protocol import Event
from mopidy_vozduxan.engine.refusals import Refusals
from mopidy_vozduxan.engine.resume import ResumeFiles
from mopidy_vozduxan.engine.saving import Saving
from mopidy_vozduxan.engine.state_alerts import StateAlerts
from mopidy_vozduxan.engine.status_alerts import StatusAlerts
from mopidy_vozduxan.engine.swarm_failures import SwarmFailures
from mopidy_vozduxan.engine.torrent_alerts import TorrentAlerts
from mopidy_vozduxan.engine.tracker_alerts import TrackerAlerts
from mopidy_vozduxan.engine.verifying import Verifier
from mopidy_vozduxan.engine.wrong_pieces import WrongPieces
from mopidy_vozduxan.network.extra_trackers import ExtraTrackers
from mopidy_vozduxan.network.network_limits import NetworkLimits


class SessionParts:
    """Built once per session; the engine calls the parts, libtorrent the handlers."""

    def __init__(
        self,
        session: Any,
        loop: asyncio.AbstractEventLoop,
        emit: Callable[[Event], None],
        disk: DiskStore,
        refusals: Refusals,
        data_dirs: Sequence[Path],
        limits: NetworkLimits,
        extra: ExtraTrackers,
    ) -> None:
        files, thread = ResumeFiles(disk.resume_dir), DiskThread(loop)
        self.members = members = Members(session, loop, emit)
        self.limiter = limiter = Limiter(members, limits)
        self.saving = saving = Saving(members, files, disk, refusals, thread)
        self.departures = departures = Departures(
            members, saving, disk, refusals, thread, Evictor(disk, files)
        )
        self.looking = looking = Looking(disk, data_dirs)
        self.found = found = FoundReading(members)
        self.joining = Joining(
            members, departures, disk, files, refusals, looking, found, limiter, extra
        )
        self.peers = Peers(members, loop)
        self.verifier = verifier = Verifier(members, saving)
        holding = Holding(members, saving)
        self.disk_troubles = DiskTroubles(members, holding, verifier, disk, thread)
        failures = SwarmFailures(members, saving, self.disk_troubles)
        wrong = WrongPieces(members)
        self.status = StatusAlerts(
            members, holding, verifier, wrong, failures, self.disk_troubles
        )
        self.dropped = DroppedAlerts(members, saving, departures, holding)
        self.state = StateAlerts(
            members, saving, departures, holding, verifier, failures, looking, extra
        )
        self._pieces = PieceAlerts(members, saving, verifier, wrong, holding, failures)
        self._trackers = TrackerAlerts(members)
        self._torrents = TorrentAlerts(
            members, departures, holding, verifier, failures, disk, found
        )

    def close(self) -> None:
        """Check and look no more."""
        self.disk_troubles.close()
        self.verifier.close()
        self.found.close()
        self.looking.close()

    def handlers(self) -> alerts.Handlers:
        """Return the handlers of all alerts, by the alert's class name."""
        return {
            **session_alerts.handlers(),
            **self._torrents.handlers(),
            **self._trackers.handlers(),
            **self._pieces.handlers(),
            **self.state.handlers(),
            **self.status.handlers(),
            **self.dropped.handlers(),
        }
