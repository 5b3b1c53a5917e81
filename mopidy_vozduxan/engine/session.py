"""libtorrent behind our seam. Decides nothing; every libtorrent word stays here.

Design notes. No call here waits for libtorrent's network thread (several hold
the GIL until it answers): torrents are added and asked for asynchronously, and
what we know of them comes with alerts. Files are never read: at
``piece_finished`` the bytes may not be there yet (wrong in 2-25 % of reads,
libtorrent 2.1.1). A piece that is not held is never asked of libtorrent: 2.0.8
answers by stopping the torrent.
"""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import libtorrent as lt

from mopidy_vozduxan.engine import alerts
from mopidy_vozduxan.engine.metainfo import MAX_PIECES, metainfo_of, torrent_of
from mopidy_vozduxan.engine.protocol import (
    Event,
    EventsLost,
    MetadataReceived,
    PieceFinished,
    PieceRead,
    PiecesHeld,
    PieceUnreadable,
    Statistics,
    StatisticsChanged,
    SwarmBroke,
    TorrentSource,
)
from mopidy_vozduxan.engine.resume import ResumeFiles, params_of
from mopidy_vozduxan.engine.settings import (
    TICK_IDLE_MS,
    TICK_WAITING_MS,
    UTP_AFTER_S,
    settings_for,
)
from mopidy_vozduxan.engine.swarm import Swarm, priorities_of
from mopidy_vozduxan.exceptions import BadInput
from mopidy_vozduxan.planning.plan import Changes, Plan

logger = logging.getLogger(__name__)

#: How long :meth:`LibtorrentEngine.close` waits for resume data.
CLOSE_TIMEOUT_S = 4.0
#: Statistics come this often while a swarm is watched.
STATISTICS_EVERY_S = 1.0
#: Resume data is saved this often at most while pieces come in, so that a crash
#: costs no more than that.
SAVE_EVERY_S = 30.0

_F = lt.torrent_flags
# ``default_dont_download`` also makes every *file* unwanted, and unwanted files'
# pieces go to a part file: priorities of pieces say it all.
_FLAGS_OFF = (
    _F.auto_managed
    | _F.default_dont_download
    | _F.paused
    | _F.sequential_download
    | _F.stop_when_ready
)
_SAVE_INFO = lt.save_resume_flags_t.save_info_dict


class LibtorrentEngine:
    """The :class:`~mopidy_vozduxan.engine.protocol.Engine` that is libtorrent.

    Data lies in ``save_dir/<infohash>/``, resume data in
    ``resume_dir/<infohash>.resume``. ``overrides`` are libtorrent settings.
    """

    def __init__(
        self, save_dir: Path, resume_dir: Path, overrides: Mapping[str, object]
    ) -> None:
        self._save_dir = save_dir
        self._resume = ResumeFiles(resume_dir)
        self._settings = settings_for(overrides)
        self._may_utp = bool(overrides.get("enable_outgoing_utp", True))
        # One thread: saves of one swarm must not overtake one another.
        self._writer = ThreadPoolExecutor(1, "vozduxan-resume")
        self._swarms: dict[str, Swarm] = {}
        self._session: Any = None
        self._watched: frozenset[str] = frozenset()
        self._timer: asyncio.TimerHandle | None = None
        self._fast = False
        self._utp = False
        self._alone_since: float | None = None
        self._empty = asyncio.Event()
        self._closing: asyncio.Task[None] | None = None

    # -- the protocol --

    def start(
        self, loop: asyncio.AbstractEventLoop, on_event: Callable[[Event], None]
    ) -> None:
        self._loop = loop
        self._on_event = on_event
        params: Any = lt.session_params()
        params.settings = self._settings
        self._session = lt.session(params)
        self._pump = alerts.AlertPump(self._session, loop, self._handlers())

    def add(self, source: TorrentSource, plan: Plan | None) -> None:
        swarm = self._swarms.get(source.infohash)
        if swarm is None:
            self._join(source, plan)
        elif swarm.leaving and self._closing is None:
            swarm.successor = (source, plan)

    def apply(self, infohash: str, changes: Changes) -> None:
        swarm = self._present(infohash)
        if swarm:
            swarm.apply(changes, self._now_ms())

    def read_piece(self, infohash: str, piece: int) -> None:
        swarm = self._present(infohash)
        if swarm and swarm.handle and piece in swarm.held:
            swarm.ask(piece)
        else:
            self._emit(PieceUnreadable(infohash, piece, "the piece is not held"))

    def watch(self, infohashes: frozenset[str], *, waiting: bool) -> None:
        if self._session is None:
            return
        for infohash in infohashes - self._watched:
            if swarm := self._present(infohash):
                self._emit(StatisticsChanged(infohash, swarm.statistics))
        self._watched = infohashes
        self._set_pace(waiting)
        if self._timer:
            self._timer.cancel()
        self._ask_statistics()

    def remove(self, infohash: str, *, delete_data: bool = False) -> None:
        swarm = self._swarms.get(infohash)
        if swarm is None:
            if delete_data:
                self._resume.forget(infohash)
            return
        swarm.successor = None
        swarm.delete_data |= delete_data
        if not swarm.leaving:
            swarm.leaving = True
            self._fail_reads(swarm, "the swarm was left")
            if swarm.handle:
                self._begin_leaving(swarm)

    async def close(self) -> None:
        if self._session is None and self._closing is None:
            return
        if self._closing is None:
            self._closing = asyncio.ensure_future(self._close())
        await asyncio.shield(self._closing)

    # -- joining and leaving --

    def _join(self, source: TorrentSource, plan: Plan | None) -> None:
        infohash = source.infohash
        params = params_of(source, self._resume.load(infohash))
        idle = params.ti is not None and not (plan and any(plan.urgencies))
        params.save_path = str(self._save_dir / infohash)
        params.storage_mode = lt.storage_mode_t.storage_mode_sparse
        params.flags &= ~_FLAGS_OFF
        params.file_priorities = []
        params.piece_priorities = _first_priorities(params, plan)
        if idle:
            # No peer is met before something is wanted: one that saw us as
            # finished hangs up, and is not called again for minutes.
            params.flags |= _F.stop_when_ready
        swarm = Swarm(infohash, source, params, stopped=idle)
        swarm.wants_metadata = params.ti is None
        if plan:
            first = Changes(due_ms=tuple(plan.due_ms.items()), trickle=plan.trickle)
            swarm.apply(first, self._now_ms())
        self._swarms[infohash] = swarm
        self._session.async_add_torrent(params)

    def _begin_leaving(self, swarm: Swarm) -> None:
        if swarm.delete_data or swarm.wants_metadata:
            self._leave(swarm)
        else:
            # Resume data names only what is in the files (2.1), or more than
            # that (2.0): it is right for both once the cache is flushed.
            swarm.handle.flush_cache()

    def _save(self, swarm: Swarm) -> None:
        swarm.saved_at = self._loop.time()
        flags = _SAVE_INFO if swarm.wants_metadata else 0
        swarm.handle.save_resume_data(flags)

    def _store(self, swarm: Swarm, params: Any) -> asyncio.Future[None]:
        data = bytes(lt.write_resume_data_buf(params))
        return self._loop.run_in_executor(
            self._writer, self._resume.save, swarm.infohash, data
        )

    def _leave(self, swarm: Swarm) -> None:
        """Take the torrent out of the session; its state is saved by now."""
        if self._swarms.get(swarm.infohash) is not swarm or self._session is None:
            return
        if swarm.delete_data:
            self._resume.forget(swarm.infohash)
            self._session.remove_torrent(swarm.handle, lt.options_t.delete_files)
            return  # until the files are gone: a successor must not lose its own
        self._session.remove_torrent(swarm.handle)
        self._left(swarm)

    def _left(self, swarm: Swarm) -> None:
        if self._swarms.get(swarm.infohash) is not swarm:
            return
        del self._swarms[swarm.infohash]
        if not self._swarms:
            self._empty.set()
        if swarm.successor:
            self._join(*swarm.successor)

    async def _close(self) -> None:
        self._watched = frozenset()
        if self._timer:
            self._timer.cancel()
        self._empty.clear()
        for infohash in list(self._swarms):
            self.remove(infohash)
        if self._swarms:
            try:
                await asyncio.wait_for(self._empty.wait(), CLOSE_TIMEOUT_S)
            except TimeoutError:
                names = ", ".join(self._swarms)
                logger.warning("Closing without having saved all of: %s", names)
        self._pump.stop()
        self._swarms.clear()
        session, self._session = self._session, None
        done = self._loop.run_in_executor(self._writer, _destroy, [session])
        del session
        await done
        self._pump.close()
        self._writer.shutdown(wait=False)

    # -- pace and statistics --

    def _set_pace(self, waiting: bool) -> None:
        if waiting != self._fast:
            self._fast = waiting
            tick = TICK_WAITING_MS if waiting else TICK_IDLE_MS
            self._session.apply_settings({"tick_interval": tick})
        if not waiting:
            self._alone_since = None

    def _ask_statistics(self) -> None:
        self._timer = None
        if self._watched and self._session is not None:
            self._session.post_torrent_updates(0)
            self._timer = self._loop.call_later(
                STATISTICS_EVERY_S, self._ask_statistics
            )
            self._try_utp()

    def _try_utp(self) -> None:
        """Call peers over uTP while somebody waits and TCP finds nobody."""
        peers = sum(
            swarm.statistics.num_peers
            for swarm in map(self._swarms.get, self._watched)
            if swarm
        )
        now = self._loop.time()
        if peers or not self._fast:
            self._alone_since = None
        elif self._alone_since is None:
            self._alone_since = now
        since = self._alone_since
        alone = since is not None and now - since >= UTP_AFTER_S
        if self._may_utp and alone != self._utp:
            self._utp = alone
            self._session.apply_settings({"enable_outgoing_utp": alone})

    # -- alerts --

    def _handlers(self) -> alerts.Handlers:
        return {
            "add_torrent_alert": self._on_added,
            "torrent_checked_alert": self._on_checked,
            "metadata_received_alert": self._on_metadata,
            "piece_finished_alert": self._on_finished,
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
            "metadata_failed_alert": self._on_debug,
            "fastresume_rejected_alert": self._on_debug,
        }

    def _on_added(self, alert: Any) -> None:
        hashes = alert.params.info_hashes
        swarm = self._named(hashes)
        if swarm is None or swarm.handle:
            return
        if alerts.failed(alert.error):
            self._emit(SwarmBroke(swarm.infohash, alerts.reason_of(alert.error)))
            self._left(swarm)
            return
        swarm.joined(alert.handle, self._now_ms())
        if swarm.leaving:
            self._begin_leaving(swarm)

    def _on_flushed(self, alert: Any) -> None:
        swarm = self._swarm_of(alert, leaving=True)
        if swarm and swarm.leaving:
            self._save(swarm)

    def _on_checked(self, alert: Any) -> None:
        if swarm := self._swarm_of(alert):
            self._ask_held(swarm)

    def _on_metadata(self, alert: Any) -> None:
        if swarm := self._swarm_of(alert):
            self._save(swarm)

    def _on_finished(self, alert: Any) -> None:
        swarm = self._swarm_of(alert)
        if swarm is None or not swarm.checked:
            return  # resumed pieces are told all at once
        piece = int(alert.piece_index)
        swarm.held.add(piece)
        swarm.due.discard(piece)
        self._emit(PieceFinished(swarm.infohash, piece))
        if self._loop.time() - swarm.saved_at > SAVE_EVERY_S:
            self._save(swarm)

    def _on_read(self, alert: Any) -> None:
        swarm = self._swarm_of(alert)
        if swarm is None:
            return
        piece = int(alert.piece)
        callers = swarm.answered(piece)
        if not callers:
            return
        data = None if alerts.failed(alert.error) else alerts.bytes_of(alert)
        answer: Event = PieceUnreadable(
            swarm.infohash, piece, alerts.reason_of(alert.error)
        )
        if data is not None:
            answer = PieceRead(swarm.infohash, piece, data)
        for _ in range(callers):
            self._emit(answer)

    def _on_saved(self, alert: Any) -> None:
        swarm = self._swarm_of(alert, leaving=True)
        if swarm is None:
            return
        params = alert.params
        if swarm.leaving:
            done = self._store(swarm, params)
            done.add_done_callback(lambda _: self._leave(swarm))
            return
        if swarm.wants_metadata and params.ti is not None:
            swarm.wants_metadata = False
            self._tell_metadata(swarm, params)
        if swarm.wants_held:
            swarm.wants_held = False
            self._tell_held(swarm, params.have_pieces)
        self._store(swarm, params)

    def _on_not_saved(self, alert: Any) -> None:
        swarm = self._swarm_of(alert, leaving=True)
        if swarm and swarm.leaving:
            self._leave(swarm)

    def _on_statuses(self, alert: Any) -> None:
        for status in alert.status:
            swarm = self._named(status.info_hashes)
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
            self._save(swarm)

    def _on_error(self, alert: Any) -> None:
        if swarm := self._swarm_of(alert):
            self._broke(swarm, alert.error)

    def _on_file_error(self, alert: Any) -> None:
        if swarm := self._swarm_of(alert):
            self._broke(swarm, alert.error, storage=True)

    def _on_conflict(self, alert: Any) -> None:
        if swarm := self._swarm_of(alert):
            reason = "the same torrent is there under another name"
            self._emit(SwarmBroke(swarm.infohash, reason))

    def _on_deleted(self, alert: Any) -> None:
        swarm = self._named(alert.info_hashes)
        if swarm and swarm.leaving:
            self._left(swarm)

    def _on_dropped(self, alert: Any) -> None:
        """Ask again for all that may have been lost."""
        logger.debug("libtorrent dropped alerts")
        self._emit(EventsLost())
        for swarm in list(self._swarms.values()):
            self._reconcile(swarm)
        self._session.post_torrent_updates(0)

    def _on_listen_failed(self, alert: Any) -> None:
        logger.warning("Cannot listen for BitTorrent peers: %s", alert.message())

    def _on_debug(self, alert: Any) -> None:
        logger.debug("%s", alert.message())

    # -- what alerts lead to --

    def _reconcile(self, swarm: Swarm) -> None:
        if swarm.handle is None:
            # A torrent that is there already answers with its handle.
            self._session.async_add_torrent(swarm.params)
        elif swarm.leaving and swarm.delete_data:
            self._loop.call_later(1.0, self._left, swarm)
        elif swarm.leaving:
            self._save(swarm)
        else:
            swarm.ask_again()
            self._ask_held(swarm)
            if swarm.wants_metadata:
                self._save(swarm)

    def _ask_held(self, swarm: Swarm) -> None:
        swarm.checked = swarm.wants_held = True
        if alerts.can_post_status():
            # 2.1 leaves pieces that are not in the file yet out of resume data.
            swarm.handle.post_status(lt.status_flags_t.query_pieces)
        else:
            self._save(swarm)

    def _tell_held(self, swarm: Swarm, pieces: Any) -> None:
        swarm.held = {piece for piece, there in enumerate(pieces) if there}
        self._emit(PiecesHeld(swarm.infohash, frozenset(swarm.held)))

    def _tell_metadata(self, swarm: Swarm, params: Any) -> None:
        try:
            metainfo = metainfo_of(params.ti)
            torrent = torrent_of(params)
        except BadInput as exc:
            self._emit(SwarmBroke(swarm.infohash, str(exc)))
        else:
            self._emit(MetadataReceived(swarm.infohash, metainfo, torrent))

    def _tell_statistics(self, swarm: Swarm, status: Any) -> None:
        statistics = Statistics(
            download_rate=status.download_payload_rate,
            upload_rate=status.upload_payload_rate,
            num_peers=status.num_peers,
            num_seeds=status.num_seeds,
            payload=status.total_payload_download,
        )
        if statistics != swarm.statistics and swarm.infohash in self._watched:
            self._emit(StatisticsChanged(swarm.infohash, statistics))
        swarm.statistics = statistics

    def _broke(self, swarm: Swarm, error: Any, storage: bool = False) -> None:
        if not swarm.broken:
            swarm.broken = True
            storage = storage or alerts.blames_storage(error)
            reason = alerts.reason_of(error)
            self._emit(SwarmBroke(swarm.infohash, reason, storage))

    def _fail_reads(self, swarm: Swarm, reason: str) -> None:
        for piece in list(swarm.reads):
            for _ in range(swarm.answered(piece)):
                self._emit(PieceUnreadable(swarm.infohash, piece, reason))

    def _emit(self, event: Event) -> None:
        # Never from inside a call of ours: the owner is not re-entered.
        self._loop.call_soon(self._on_event, event)

    def _present(self, infohash: str) -> Swarm | None:
        swarm = self._swarms.get(infohash)
        return swarm if swarm and not swarm.leaving else None

    def _named(self, hashes: Any) -> Swarm | None:
        # Metadata can add a v1 name to a torrent we know by its v2 name.
        by_v1 = self._swarms.get(str(hashes.v1))
        return by_v1 or self._swarms.get(str(hashes.v2))

    def _swarm_of(self, alert: Any, *, leaving: bool = False) -> Swarm | None:
        """Return whose alert it is; those of an earlier stay are nobody's."""
        swarm = self._named(alert.handle.info_hashes())
        if swarm is None or swarm.handle is None or swarm.handle != alert.handle:
            return None
        return swarm if leaving or not swarm.leaving else None

    def _now_ms(self) -> float:
        return self._loop.time() * 1000


def _first_priorities(params: Any, plan: Plan | None) -> list[int]:
    """Return the priorities to join with: nothing is wanted that no plan names.

    The pieces of a magnet are not counted yet; libtorrent cuts a list that is
    too long when the metadata comes (2.0.8, 2.1.1).
    """
    if plan:
        return priorities_of(plan.urgencies)
    return [0] * (params.ti.num_pieces() if params.ti else MAX_PIECES)


def _destroy(sessions: list[Any]) -> None:
    """Let the session go: its end waits for libtorrent's threads."""
    sessions.clear()
    gc.collect()
