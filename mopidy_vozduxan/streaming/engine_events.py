"""Applies the engine's events to the swarms.

Belongs to the manager and lives on our event loop. Never decides what is wanted.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from mopidy_vozduxan.engine.protocol import (
    DiskTrouble,
    Engine,
    Event,
    EventsLost,
    MetadataReceived,
    PieceAbsent,
    PieceFinished,
    PieceOffered,
    PieceRead,
    PiecesHeld,
    PiecesLost,
    PieceUnreadable,
    PieceWrong,
    StatisticsChanged,
    SwarmBroke,
    TrackerAnswered,
    TrafficCounted,
    WayOut,
)
from mopidy_vozduxan.exceptions import StorageFailed, SwarmFailed
from mopidy_vozduxan.streaming.swarm import Swarm
from mopidy_vozduxan.streaming.swarms import Swarms

logger = logging.getLogger(__name__)


class EngineEvents:
    """:meth:`take` each event.

    ``changed(soon)`` is called when new plans are needed: at once, or in a moment if
    nobody waits for them. ``learned`` gets metadata from a swarm, ``broke`` a swarm
    that failed, ``counted`` what came and went, ``came`` a swarm that got a piece.
    ``disk_full`` gets a swarm that has no room, about every two seconds.
    """

    def __init__(
        self,
        swarms: Swarms,
        engine: Engine,
        clock: Callable[[], float],
        *,
        changed: Callable[[bool], None],
        learned: Callable[[MetadataReceived], None],
        broke: Callable[[Swarm], None],
        counted: Callable[[TrafficCounted], None],
        came: Callable[[Swarm], None],
        disk_full: Callable[[Swarm], None],
    ) -> None:
        self._swarms = swarms
        self._engine = engine
        self._clock = clock
        self._changed = changed
        self._learned = learned
        self._broke = broke
        self._counted = counted
        self._came = came
        self._way_out_from: float | None = 0.0
        self._disk_full = disk_full

    def reachable_from(self) -> float:
        """Return since when anybody can be reached; now, if nobody can."""
        if self._way_out_from is None:
            return self._clock()
        return self._way_out_from

    def take(self, event: Event) -> None:
        """Take one event of the engine."""
        if isinstance(event, EventsLost):
            logger.debug("The engine lost events; it sends the whole state again")
            return
        if isinstance(event, WayOut):
            self._way_out_from = self._clock() if event.there else None
            return
        if isinstance(event, TrafficCounted):
            self._counted(event)  # also of a swarm that has left
            return
        if swarm := self._swarms.joined_by(event.infohash):
            self._take(swarm, event)

    def _take(self, swarm: Swarm, event: Event) -> None:
        now = self._clock()
        match event:
            case PieceFinished(piece=piece):
                swarm.piece_finished(piece, now)
                self._came(swarm)
                self._changed(swarm.plan.runs_out)
            case PieceRead(piece=piece, data=data):
                swarm.piece_read(piece, data)
            case PieceUnreadable(piece=piece, reason=reason):
                swarm.piece_unreadable(piece, reason)
            case StatisticsChanged(statistics=statistics):
                had_several = swarm.statistics.num_peers > 1
                swarm.statistics_changed(statistics, now)
                if had_several is not (statistics.num_peers > 1):
                    self._changed(True)  # we want other pieces from a lone seed
            case PiecesHeld(held=held, likely=likely):
                swarm.pieces_held(held, likely)
                self._changed(True)
            case PieceAbsent(piece=piece):
                swarm.pieces.miss(piece)
                self._changed(False)
            case PiecesLost(pieces=lost):
                self._pieces_lost(swarm, lost)
            case PieceWrong(piece=piece, elsewhere=elsewhere):
                self._piece_wrong(swarm, piece, elsewhere)
            case PieceOffered(piece=piece):
                swarm.pieces.hopeless.hope({piece})
                self._changed(True)
            case MetadataReceived(metainfo=metainfo, torrent=torrent):
                swarm.membership.learn(torrent)
                swarm.metadata_received(metainfo)
                self._learned(event)
                if metainfo.private:
                    # Join again by it alone: what a magnet link may use, such as the
                    # DHT, and whoever was met through that, is not for this torrent.
                    swarm.begin_anew(now)
                    self._engine.remove(swarm.infohash)
                self._changed(True)
            case TrackerAnswered():
                self._tracker_answered(swarm, event)
            case DiskTrouble():
                self._disk_failed(swarm, event)
            case SwarmBroke():
                self._swarm_broke(swarm, event)

    def _tracker_answered(self, swarm: Swarm, event: TrackerAnswered) -> None:
        """Log what a tracker refuses, once; of public torrents many do not answer."""
        private = swarm.metainfo is not None and swarm.metainfo.private
        if not swarm.tracker_answered(event.host, event.trouble):
            return
        if event.trouble and (event.refused or private):
            logger.warning(
                "Vozduxan: The tracker %s of “%s” %s: %s",
                event.host,
                swarm.name,
                "refuses it" if event.refused else "cannot be asked",
                event.trouble,
            )

    def _piece_wrong(self, swarm: Swarm, piece: int, elsewhere: bool) -> None:
        """Request it a few times, and then only other pieces."""
        if swarm.metainfo is None:
            return
        pieces = swarm.pieces
        files = pieces.hopeless.came_wrong(
            piece, elsewhere, swarm.metainfo, pieces.held
        )
        for file in files:
            logger.warning(
                "Vozduxan: “%s” of “%s” does not match its torrent, wherever it is"
                " fetched from; the wrong pieces are left out",
                file.path.rsplit("/", 1)[-1],
                swarm.name,
            )
        self._changed(True)

    def _pieces_lost(self, swarm: Swarm, lost: frozenset[int]) -> None:
        """Join the swarm again, without the pieces that have changed."""
        if not swarm.pieces_lost(lost, self._clock()):
            reason = "the disk does not keep what is written to it"
            self._swarm_broke(swarm, SwarmBroke(swarm.infohash, reason, storage=True))
            return
        logger.warning(
            "Vozduxan: Files of “%s” have changed on disk; "
            "%s piece(s) are fetched again",
            swarm.name,
            len(lost) or "half-fetched",
        )
        self._engine.remove(swarm.infohash)
        self._changed(True)

    def _disk_failed(self, swarm: Swarm, event: DiskTrouble) -> None:
        """Let the swarm's waits rest; nobody is to blame for the time until now."""
        swarm.disk_failed(event.sentence)
        swarm.activity.excuse(self._clock())
        if event.full:
            self._disk_full(swarm)
        self._changed(True)

    def _swarm_broke(self, swarm: Swarm, event: SwarmBroke) -> None:
        kind = StorageFailed if event.storage else SwarmFailed
        reason = event.reason.rstrip(".")
        error = kind(f"“{swarm.name}” cannot be played: {reason}.")
        logger.error("Vozduxan: %s", error)
        swarm.broke(error)
        self._engine.remove(swarm.infohash)
        self._broke(swarm)
