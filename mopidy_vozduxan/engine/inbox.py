"""What libtorrent's alerts mean: events for our side, next steps for a swarm.

One handler per alert, none longer than its alert lives. Calls nothing that
waits for libtorrent, and starts no swarm.
"""

from __future__ import annotations

import asyncio
import errno
import logging
from collections.abc import Callable
from typing import Any

from mopidy_vozduxan.engine import alerts
from mopidy_vozduxan.engine.hashes import PieceHashes
from mopidy_vozduxan.engine.joined_swarm import JoinedSwarm
from mopidy_vozduxan.engine.membership import Members
from mopidy_vozduxan.engine.parsing import read_torrent, torrent_of
from mopidy_vozduxan.engine.protocol import (
    Event,
    EventsLost,
    MetadataReceived,
    PieceFinished,
    PiecesHeld,
    Statistics,
    StatisticsChanged,
    SwarmBroke,
)
from mopidy_vozduxan.engine.verifying import Verifier
from mopidy_vozduxan.engine.wrong_pieces import WrongPieces
from mopidy_vozduxan.exceptions import BadInput
from mopidy_vozduxan.torrent.metainfo import Metainfo

logger = logging.getLogger(__name__)

#: Resume data is saved this often at most while pieces come in, so that a crash
#: costs no more than that.
SAVE_EVERY_S = 30.0


class Inbox:
    """Handlers of a session's alerts; ``watched`` swarms tell their numbers."""

    def __init__(
        self,
        members: Members,
        wrong_pieces: WrongPieces,
        verifier: Verifier,
        loop: asyncio.AbstractEventLoop,
        emit: Callable[[Event], None],
    ) -> None:
        self._members = members
        self._wrong_pieces = wrong_pieces
        self._verifier = verifier
        self._loop = loop
        self._emit = emit
        self.watched: frozenset[str] = frozenset()

    def handlers(self) -> alerts.Handlers:
        """Return the handler of every alert we listen to, by its class's name."""
        return {
            "add_torrent_alert": self._on_added,
            "torrent_checked_alert": self._on_checked,
            "metadata_received_alert": self._on_metadata,
            "piece_finished_alert": self._on_finished,
            "hash_failed_alert": self._on_wrong,
            "read_piece_alert": self._on_read,
            "cache_flushed_alert": self._on_flushed,
            "save_resume_data_alert": self._on_saved,
            "save_resume_data_failed_alert": self._on_not_saved,
            "state_update_alert": self._on_statuses,
            "torrent_finished_alert": self._on_all_there,
            "torrent_error_alert": self._on_error,
            "file_error_alert": self._on_file_error,
            "torrent_conflict_alert": self._on_conflict,
            "torrent_deleted_alert": self._on_deleted,
            "torrent_delete_failed_alert": self._on_deleted,
            "alerts_dropped_alert": self._on_dropped,
            "listen_failed_alert": self._on_listen_failed,
            "metadata_failed_alert": self._on_metadata_failed,
            "fastresume_rejected_alert": self._on_debug,
        }

    def _on_added(self, alert: Any) -> None:
        hashes = alert.params.info_hashes
        swarm = self._members.named(hashes)
        if swarm is None or swarm.handle:
            return
        if alerts.failed(alert.error):
            if not swarm.leaving:
                self._broke(swarm, alert.error)
            self._members.out(swarm)
            return
        swarm.joined(alert.handle, self._loop.time() * 1000)
        if swarm.leaving:
            self._members.begin_leaving(swarm)

    def _on_flushed(self, alert: Any) -> None:
        swarm = self._swarm_of(alert, leaving=True)
        if swarm and swarm.leaving:
            self._members.save(swarm)

    def _on_checked(self, alert: Any) -> None:
        if swarm := self._swarm_of(alert):
            self._members.ask_held(swarm)

    def _on_metadata(self, alert: Any) -> None:
        if swarm := self._swarm_of(alert):
            self._members.save(swarm)

    def _on_metadata_failed(self, alert: Any) -> None:
        """Refuse metadata that is no use; what a peer made up is another matter."""
        swarm = self._swarm_of(alert)
        if swarm and not alerts.tells_lie(alert.error):
            reason = alerts.reason_of(alert.error)
            self._refuse(swarm, f"its metadata cannot be used: {reason}")

    def _on_finished(self, alert: Any) -> None:
        swarm = self._swarm_of(alert)
        if swarm is None or not swarm.checked:
            return  # resumed pieces are told all at once
        piece = int(alert.piece_index)
        swarm.held.add(piece)
        swarm.due.discard(piece)
        swarm.wrong.pop(piece, None)
        self._emit(PieceFinished(swarm.infohash, piece))
        if self._loop.time() - swarm.saved_at > SAVE_EVERY_S:
            self._members.save(swarm)

    def _on_wrong(self, alert: Any) -> None:
        if swarm := self._swarm_of(alert):
            self._wrong_pieces.came(swarm, int(alert.piece_index))
            swarm.failed_hashes = not swarm.web_seeds

    def _on_read(self, alert: Any) -> None:
        swarm = self._swarm_of(alert)
        if swarm is None:
            return
        piece = int(alert.piece)
        callers = swarm.answered(piece)
        if not callers and piece not in swarm.looks:
            return
        data = None if alerts.failed(alert.error) else alerts.bytes_of(alert)
        if data is not None:
            self._verifier.take(swarm, piece, data, callers)
        elif alerts.tells_loss(alert.error):
            self._verifier.lose(swarm, piece)
        else:
            reason = alerts.reason_of(alert.error)
            self._verifier.refuse(swarm, piece, reason, callers)

    def _on_saved(self, alert: Any) -> None:
        swarm = self._swarm_of(alert, leaving=True)
        if swarm is None:
            return
        params = alert.params
        swarm.saves = max(0, swarm.saves - 1)
        if swarm.leaving:
            if not swarm.saves:
                self._members.finish_leaving(swarm, params)
            return
        if swarm.wants_metadata and params.ti is not None:
            swarm.wants_metadata = False
            swarm.hashes = PieceHashes(params.ti, None)
            self._tell_metadata(swarm, params)
        if swarm.wants_held:
            swarm.wants_held = False
            self._tell_held(swarm, params.have_pieces)
        self._verifier.learn(swarm, params)
        self._members.store(swarm, params)

    def _on_not_saved(self, alert: Any) -> None:
        swarm = self._swarm_of(alert, leaving=True)
        if swarm is None:
            return
        swarm.saves = max(0, swarm.saves - 1)
        if not swarm.leaving:
            self._verifier.learn(swarm, None)
        elif not swarm.saves:
            self._members.leave(swarm)

    def _on_statuses(self, alert: Any) -> None:
        for status in alert.status:
            swarm = self._members.named(status.info_hashes)
            if swarm is None or swarm.leaving:
                continue
            if swarm.wants_held and len(status.pieces):
                swarm.wants_held = False
                self._tell_held(swarm, status.pieces)
            if alerts.failed(status.errc):
                self._broke(swarm, status.errc)
            self._tell_statistics(swarm, status)

    def _on_all_there(self, alert: Any) -> None:
        if swarm := self._swarm_of(alert):
            self._members.save(swarm)

    def _on_error(self, alert: Any) -> None:
        if swarm := self._swarm_of(alert):
            self._broke(swarm, alert.error)

    def _on_file_error(self, alert: Any) -> None:
        """Take what a file did not do; one that is not what it was can be mended."""
        swarm = self._swarm_of(alert)
        if swarm is None:
            return
        if swarm.hashes is None or not alerts.tells_loss(alert.error):
            self._broke(swarm, alert.error, storage=True)
        elif not swarm.in_doubt:
            swarm.in_doubt = True
            folder = self._members.folder_of(swarm)
            pieces = swarm.hashes.pieces_of_file(alert.filename(), folder)
            self._verifier.suspect(swarm, pieces)

    def _on_conflict(self, alert: Any) -> None:
        if swarm := self._swarm_of(alert):
            reason = "the same torrent is there under another name"
            self._emit(SwarmBroke(swarm.infohash, reason))

    def _on_deleted(self, alert: Any) -> None:
        swarm = self._members.named(alert.info_hashes)
        if swarm and swarm.leaving:
            self._members.out(swarm)

    def _on_dropped(self, alert: Any) -> None:
        """Ask again for all that may have been lost."""
        logger.debug("libtorrent dropped alerts")
        self._emit(EventsLost())
        for swarm in list(self._members.swarms.values()):
            self._members.reconcile(swarm)
        self._members.session.post_torrent_updates(0)

    def _on_listen_failed(self, alert: Any) -> None:
        if alert.error.value() == errno.EADDRNOTAVAIL:
            # An address that is not there, or not yet: the binder tells of those.
            logger.debug("%s", alert.message())
            return
        logger.warning(
            "Vozduxan: Cannot listen for BitTorrent peers: %s", alert.message()
        )

    def _on_debug(self, alert: Any) -> None:
        logger.debug("%s", alert.message())

    def _tell_held(self, swarm: JoinedSwarm, pieces: Any) -> None:
        held = {piece for piece, there in enumerate(pieces) if there}
        swarm.told(held - swarm.lost)
        self._emit(PiecesHeld(swarm.infohash, frozenset(swarm.held)))

    def _tell_metadata(self, swarm: JoinedSwarm, params: Any) -> None:
        """Read what came as any torrent, on another thread: it may be large."""
        torrent = torrent_of(params)
        reading = self._loop.run_in_executor(None, read_torrent, torrent)

        def tell(reading: asyncio.Future[Metainfo]) -> None:
            try:
                metainfo = reading.result()
            except BadInput as exc:
                self._refuse(swarm, str(exc))
            else:
                self._emit(MetadataReceived(swarm.infohash, metainfo, torrent))

        reading.add_done_callback(tell)

    def _refuse(self, swarm: JoinedSwarm, reason: str) -> None:
        swarm.broken = True  # libtorrent stops it too, and says less
        self._members.refuse(swarm.infohash, reason)
        self._emit(SwarmBroke(swarm.infohash, reason))

    def _tell_statistics(self, swarm: JoinedSwarm, status: Any) -> None:
        statistics = Statistics(
            download_rate=status.download_payload_rate,
            upload_rate=status.upload_payload_rate,
            num_peers=status.num_peers,
            num_seeds=status.num_seeds,
            payload=status.total_payload_download,
            wasted=status.total_failed_bytes + status.total_redundant_bytes,
        )
        if statistics != swarm.statistics and swarm.infohash in self.watched:
            self._emit(StatisticsChanged(swarm.infohash, statistics))
        if swarm.wrong:
            self._wrong_pieces.look_around(swarm)
        if swarm.failed_hashes and not statistics.num_peers:
            # Perhaps the disk is to blame, and all were banned for it.
            swarm.failed_hashes, swarm.in_doubt = False, True
            self._verifier.suspect(swarm, set())
        swarm.statistics = statistics

    def _broke(self, swarm: JoinedSwarm, error: Any, storage: bool = False) -> None:
        if not swarm.broken and not (swarm.hashes and alerts.tells_loss(error)):
            swarm.broken = True
            storage = storage or alerts.blames_storage(error)
            reason = alerts.reason_of(error)
            self._emit(SwarmBroke(swarm.infohash, reason, storage))

    def _swarm_of(self, alert: Any, *, leaving: bool = False) -> JoinedSwarm | None:
        """Return whose alert it is; those of an earlier stay are nobody's."""
        swarm = self._members.named(alert.handle.info_hashes())
        if swarm is None or swarm.handle is None or swarm.handle != alert.handle:
            return None
        return swarm if leaving or not swarm.leaving else None
