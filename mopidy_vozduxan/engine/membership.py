"""Who is in the session: swarms join, are saved, and leave in order.

Owns the swarms and their resume data; knows nothing of what is wanted.
"""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import libtorrent as lt

from mopidy_vozduxan.engine import alerts
from mopidy_vozduxan.engine.disk import DiskStore
from mopidy_vozduxan.engine.hashes import PieceHashes
from mopidy_vozduxan.engine.joined_swarm import JoinedSwarm, priorities_of
from mopidy_vozduxan.engine.parsing import MAX_PIECES
from mopidy_vozduxan.engine.presence import absent_pieces
from mopidy_vozduxan.engine.protocol import Event, PieceUnreadable, SwarmBroke
from mopidy_vozduxan.engine.resume import ResumeFiles, params_of, with_peers
from mopidy_vozduxan.exceptions import BadInput
from mopidy_vozduxan.planning.plan import Changes, Plan
from mopidy_vozduxan.torrent.metainfo import TorrentSource

logger = logging.getLogger(__name__)

#: How long :meth:`Members.leave_all` waits for resume data.
LEAVE_TIMEOUT_S = 4.0
#: How often a leaving swarm is saved again until its state names all it holds.
FAREWELLS = 5

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


class Members:
    """The swarms of a session, named by infohash; those that leave included."""

    def __init__(
        self,
        session: Any,
        loop: asyncio.AbstractEventLoop,
        emit: Callable[[Event], None],
        disk: DiskStore,
    ) -> None:
        self.session = session
        self.swarms: dict[str, JoinedSwarm] = {}
        self._loop = loop
        self._emit = emit
        self._disk = disk
        self._resume = ResumeFiles(disk.resume_dir)
        # One thread: what is done to one resume file must not be overtaken.
        self._writer = ThreadPoolExecutor(1, "vozduxan-resume")
        self._empty = asyncio.Event()

    def folder_of(self, swarm: JoinedSwarm) -> str:
        """Return where a swarm's files lie."""
        return str(self._disk.data_dir / swarm.infohash)

    def present(self, infohash: str) -> JoinedSwarm | None:
        """Return the swarm, unless it is leaving."""
        swarm = self.swarms.get(infohash)
        return swarm if swarm and not swarm.leaving else None

    def named(self, hashes: Any) -> JoinedSwarm | None:
        """Return the swarm of libtorrent's ``info_hash_t``, leaving or not."""
        # Metadata can add a v1 name to a torrent we know by its v2 name.
        by_v1 = self.swarms.get(str(hashes.v1))
        return by_v1 or self.swarms.get(str(hashes.v2))

    def join(self, source: TorrentSource, plan: Plan | None) -> None:
        """Join a swarm that is not there. Raises :class:`BadInput`."""
        infohash = source.infohash
        if source.torrent is None:
            self._resume.check_refusal(infohash)
        params = params_of(source, self._resume.load(infohash))
        params.save_path = str(self._disk.data_dir / infohash)
        resumed = self._still_there(source, params)
        wanted = (
            {p for p, urgency in enumerate(plan.urgencies) if urgency}
            if plan
            else set()
        )
        idle = params.ti is not None and wanted <= resumed
        params.storage_mode = lt.storage_mode_t.storage_mode_sparse
        params.flags &= ~_FLAGS_OFF
        params.file_priorities = []
        params.piece_priorities = _first_priorities(params, plan)
        if idle:
            # No peer is met before something missing is wanted: one that saw us as
            # finished hangs up, and is not called again for minutes.
            params.flags |= _F.stop_when_ready
        swarm = JoinedSwarm(infohash, source, params, stopped=idle)
        swarm.resumed, swarm.hoped = resumed, wanted & resumed
        swarm.peers = list(params.peers)
        swarm.web_seeds = set(params.url_seeds)
        swarm.wants_metadata = params.ti is None
        if params.ti is not None:
            swarm.hashes = PieceHashes(params.ti, source.torrent)
        if plan:
            first = Changes(due_ms=tuple(plan.due_ms.items()), trickle=plan.trickle)
            swarm.apply(first, self._loop.time() * 1000)
        self.swarms[infohash] = swarm
        self.session.async_add_torrent(params)

    def _still_there(self, source: TorrentSource, params: Any) -> set[int]:
        """Return the pieces that were saved and are no further than files reach."""
        held = _pieces_in(params)
        if params.ti is None:
            return held
        if absent := absent_pieces(params.ti, params.save_path, held):
            name = source.display_name or params.ti.name()
            logger.info(
                "Vozduxan: %d piece(s) of “%s” are gone from the disk",
                len(absent),
                name,
            )
            _forget(params, absent)
        return held - absent

    def refuse(self, infohash: str, reason: str) -> None:
        """Never ask a swarm again for metadata that we cannot use."""
        self._on_writer(self._resume.refuse, infohash, reason)

    def remove(self, infohash: str, delete_data: bool) -> asyncio.Future[None]:
        """Have a swarm leave: cache flushed, state saved, then out of the session.

        The future is done when it has left and, with ``delete_data``, when
        nothing is left of it on disk.
        """
        swarm = self.swarms.get(infohash)
        if swarm is None:
            swarm = self._absent(infohash, delete_data)
        swarm.afterwards.clear()
        swarm.delete_data |= delete_data
        if swarm.departure is None:
            swarm.departure = self._loop.create_future()
        if not swarm.leaving:
            swarm.leaving = True
            self._fail_reads(swarm)
            if swarm.handle:
                self.begin_leaving(swarm)
        return swarm.departure

    def _absent(self, infohash: str, delete_data: bool) -> JoinedSwarm:
        """Return a swarm that is not joined, on its way out.

        It keeps the place while its data is deleted, so that whoever joins
        meanwhile does so after that.
        """
        swarm = JoinedSwarm(infohash, TorrentSource(infohash), None, stopped=True)
        swarm.leaving = True
        swarm.departure = self._loop.create_future()
        if delete_data:
            self.swarms[infohash] = swarm
            self._delete_rest(swarm)
        else:
            swarm.departure.set_result(None)
        return swarm

    async def leave_all(self) -> None:
        """Have all swarms leave; give up on those that take too long."""
        for infohash in list(self.swarms):
            self.remove(infohash, delete_data=False)
        if self.swarms:
            try:
                await asyncio.wait_for(self._empty.wait(), LEAVE_TIMEOUT_S)
            except TimeoutError:
                names = ", ".join(s.name for s in self.swarms.values())
                logger.warning(
                    "Vozduxan: Stopping without having saved all of: %s", names
                )
        for swarm in self.swarms.values():
            if swarm.departure:
                swarm.departure.cancel()
        self.swarms.clear()

    async def let_session_go(self) -> None:
        """End the session, which waits for libtorrent's threads."""
        session, self.session = [self.session], None
        await self._on_writer(_destroy, session)
        self._writer.shutdown(wait=False)

    def begin_leaving(self, swarm: JoinedSwarm) -> None:
        """Take the first step out, once the swarm has its handle."""
        if swarm.delete_data or swarm.wants_metadata:
            self.leave(swarm)
        else:
            # Resume data names less than what is in the cache (2.1), or more
            # than what is in the files (2.0): after a flush neither.
            swarm.farewells += 1
            swarm.handle.flush_cache()

    def save(self, swarm: JoinedSwarm) -> None:
        """Ask for the swarm's state: ``save_resume_data_alert`` follows."""
        swarm.saved_at = self._loop.time()
        swarm.saves += 1
        flags = _SAVE_INFO if swarm.wants_metadata else 0
        swarm.handle.save_resume_data(flags)

    def finish_leaving(self, swarm: JoinedSwarm, params: Any) -> None:
        """Store the state and leave, or try again when it is not whole yet.

        A flush or a save from before the farewell may have been answered.
        """
        missing = swarm.held.difference(_pieces_in(params))
        if missing and swarm.farewells < FAREWELLS:
            self.begin_leaving(swarm)
            return
        done = self.store(swarm, params)
        done.add_done_callback(lambda _: self.leave(swarm))

    def store(self, swarm: JoinedSwarm, params: Any) -> asyncio.Future[None]:
        """Write the swarm's state to disk, on another thread."""
        swarm.peers = with_peers(params, swarm.peers)
        if swarm.in_doubt:
            _forget(params, swarm.lost)
            params.unfinished_pieces, params.banned_peers = {}, []
        params.ti = None
        data = bytes(lt.write_resume_data_buf(params))
        return self._on_writer(self._resume.save, swarm.infohash, data)

    def leave(self, swarm: JoinedSwarm) -> None:
        """Take the torrent out of the session; its state is saved by now."""
        if self.swarms.get(swarm.infohash) is not swarm or self.session is None:
            return
        if swarm.parting:
            return  # a state that was asked for before came only now
        swarm.parting = True
        if swarm.delete_data:
            # libtorrent goes by the names of the files, wherever they lead.
            done = self._on_writer(self._disk.cut_links, swarm.infohash)
            done.add_done_callback(lambda done: self._delete(swarm, done.exception()))
            return
        self.session.remove_torrent(swarm.handle)
        self.left(swarm)

    def out(self, swarm: JoinedSwarm) -> None:
        """Take it that a leaving swarm is out of the session, its files closed."""
        if not swarm.delete_data:
            self.left(swarm)
        elif self.swarms.get(swarm.infohash) is swarm and not swarm.deleting:
            self._delete_rest(swarm)

    def left(self, swarm: JoinedSwarm, error: BaseException | None = None) -> None:
        """Forget the swarm, and do what was asked meanwhile: join again, say."""
        if self.swarms.get(swarm.infohash) is not swarm:
            return
        del self.swarms[swarm.infohash]
        _settle(swarm.departure, error)
        if not self.swarms:
            self._empty.set()
        try:
            for ask in swarm.afterwards:
                ask()
        except BadInput as exc:
            self._emit(SwarmBroke(swarm.infohash, str(exc)))

    def ask_held(self, swarm: JoinedSwarm) -> None:
        """Ask which pieces are there: a status (2.1) or the state (2.0) follows."""
        swarm.checked = swarm.wants_held = True
        if alerts.can_post_status():
            # 2.1 leaves pieces that are not in the file yet out of resume data.
            swarm.handle.post_status(lt.status_flags_t.query_pieces)
        else:
            self.save(swarm)

    def reconcile(self, swarm: JoinedSwarm) -> None:
        """Ask again for whatever may have been lost with dropped alerts."""
        if swarm.params is None and swarm.handle is None:
            return  # not joined: its data is being deleted
        if swarm.handle is None:
            # A torrent that is there already answers with its handle.
            self.session.async_add_torrent(swarm.params)
        elif swarm.leaving and swarm.delete_data:
            self._loop.call_later(1.0, self.out, swarm)
        elif swarm.leaving:
            swarm.saves = 0
            self.save(swarm)
        else:
            swarm.saves = 0
            swarm.ask_again()
            self.ask_held(swarm)
            if swarm.wants_metadata:
                self.save(swarm)

    def _delete(self, swarm: JoinedSwarm, in_doubt: BaseException | None) -> None:
        if self.session is None:
            return
        if in_doubt:  # where the files' names lead
            self.session.remove_torrent(swarm.handle)
            self.out(swarm)
        else:
            self.session.remove_torrent(swarm.handle, lt.options_t.delete_files)

    def _delete_rest(self, swarm: JoinedSwarm) -> None:
        # ``left`` follows when all is gone: whoever joins then must not lose theirs.
        swarm.deleting = True
        done = self._on_writer(self._disk.delete, swarm.infohash)
        done.add_done_callback(lambda done: self.left(swarm, done.exception()))

    def _fail_reads(self, swarm: JoinedSwarm) -> None:
        reason = "the swarm was left"
        reads = [(piece, swarm.answered(piece)) for piece in list(swarm.reads)]
        reads += [(piece, callers) for piece, _, callers in swarm.unhashed]
        swarm.unhashed.clear()
        for piece, callers in reads:
            for _ in range(callers):
                self._emit(PieceUnreadable(swarm.infohash, piece, reason))

    def _on_writer(self, work: Callable[..., None], *args: Any) -> asyncio.Future[None]:
        return self._loop.run_in_executor(self._writer, work, *args)


def _settle(future: asyncio.Future[None] | None, error: BaseException | None) -> None:
    if future is None or future.done():
        return
    if error:
        future.set_exception(error)
    else:
        future.set_result(None)


def _pieces_in(params: Any) -> set[int]:
    return {piece for piece, there in enumerate(params.have_pieces) if there}


def _forget(params: Any, pieces: set[int]) -> None:
    """Leave pieces out of what is held."""
    there = enumerate(params.have_pieces)
    params.have_pieces = [held and piece not in pieces for piece, held in there]


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
