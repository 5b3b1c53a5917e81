"""Swarms leave the session in order: cache flushed, state saved, data deleted."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Callable
from typing import Any

import libtorrent as lt

from mopidy_vozduxan.engine.disk import DiskStore
from mopidy_vozduxan.engine.disk_thread import DiskThread
from mopidy_vozduxan.engine.evicting import Eviction, Evictor, drop
from mopidy_vozduxan.engine.joined_swarm import JoinedSwarm
from mopidy_vozduxan.engine.members import Members
from mopidy_vozduxan.engine.protocol import PieceUnreadable, SwarmBroke
from mopidy_vozduxan.engine.refusals import Refusals
from mopidy_vozduxan.engine.resume import pieces_in
from mopidy_vozduxan.engine.saving import Saving
from mopidy_vozduxan.exceptions import BadInput
from mopidy_vozduxan.torrent.metainfo import TorrentSource

logger = logging.getLogger(__name__)

#: How long :meth:`Departures.leave_all` waits for resume data.
LEAVE_TIMEOUT_S = 4.0
#: How often a leaving swarm is saved again until its state names all it holds.
FAREWELLS = 5
#: libtorrent's ``delete_partfile``, which the binding has no name for. There is none to
#: delete; but an alert follows when all files are closed (2.0.8, 2.1.1).
_CLOSE_FILES = 2


class Departures:
    """Deletes data from ``disk`` on ``thread``."""

    def __init__(
        self,
        members: Members,
        saving: Saving,
        disk: DiskStore,
        refusals: Refusals,
        thread: DiskThread,
        evictor: Evictor,
    ) -> None:
        self._members = members
        self._saving = saving
        self._disk = disk
        self._refusals = refusals
        self._thread = thread
        self._evictor = evictor

    # --- told by our side

    def remove(self, infohash: str, delete_data: bool) -> asyncio.Future[None]:
        """Leave a swarm: flush its cache, save its state, take it out of the session.

        The future ends when it has left and, with ``delete_data``, when nothing of it
        is on disk any more.
        """
        swarm = self._members.swarms.get(infohash)
        if swarm is None:
            swarm = self._absent(infohash, delete_data)
        done = swarm.farewell.ask(self._members.loop, delete_data=delete_data)
        if not swarm.leaving:
            swarm.farewell.begin()
            self._fail_reads(swarm)
            if swarm.handle:
                self.begin(swarm)
        return done

    def _absent(self, infohash: str, delete_data: bool) -> JoinedSwarm:
        """Return a swarm that is not joined, as one that leaves.

        It reserves the place while its data is deleted, so that a join meanwhile waits
        for that.
        """
        swarm = JoinedSwarm(infohash, TorrentSource(infohash), None, stopped=True)
        swarm.farewell.begin()
        swarm.farewell.ask(self._members.loop, delete_data=delete_data)
        if delete_data:
            self._members.add(swarm)
            self._delete_rest(swarm)
        else:
            swarm.farewell.finish()
        return swarm

    def evict(self, source: TorrentSource, eviction: Eviction) -> asyncio.Future[None]:
        """Leave a swarm and delete some of its files; see :meth:`Engine.evict`."""
        swarm = self._members.swarms.get(source.infohash)
        if swarm is None:
            swarm = self._reserve(source)
            done = swarm.farewell.ask(self._members.loop, delete_data=False)
            self._evict(swarm, self._evictor.evict, source, eviction)
            return done
        if swarm.checked and swarm.hashes and not swarm.leaving:
            swarm.farewell.evict(eviction)
        return self.remove(source.infohash, delete_data=False)

    def _reserve(self, source: TorrentSource) -> JoinedSwarm:
        """Return a swarm that is not joined, as one that leaves; keep its place."""
        swarm = JoinedSwarm(source.infohash, source, None, stopped=True)
        swarm.farewell.begin()
        self._members.add(swarm)
        return swarm

    async def leave_all(self) -> None:
        """Leave all swarms; give up on those that take too long."""
        swarms = self._members.swarms
        for infohash in list(swarms):
            self.remove(infohash, delete_data=False)
        try:
            await asyncio.wait_for(self._members.wait_empty(), LEAVE_TIMEOUT_S)
        except TimeoutError:
            names = ", ".join(swarm.name for swarm in swarms.values())
            logger.warning("Vozduxan: Stopping without having saved all of: %s", names)
        for swarm in swarms.values():
            swarm.farewell.cancel()
        self._members.drop_all()

    async def end_session(self) -> None:
        """End the session, which waits for libtorrent's threads."""
        await self._thread.run(_destroy, [self._members.take_session()])
        self._thread.close()

    # --- told by libtorrent

    def begin(self, swarm: JoinedSwarm) -> None:
        """Take the first step out, once the swarm has its handle."""
        if swarm.farewell.delete_data or swarm.wants_metadata:
            self.part(swarm)
        else:
            # Resume data lacks pieces in the cache (2.1), or has pieces that are not in
            # the files (2.0). After a flush it is right.
            swarm.farewell.try_to_save()
            swarm.saved.flush(swarm.handle)

    def finish(self, swarm: JoinedSwarm, params: Any) -> None:
        """Store the state and leave, or try again if the state is incomplete.

        The answer may belong to a flush or a save from before the farewell.
        """
        missing = swarm.held.difference(pieces_in(params))
        if missing and swarm.farewell.tries < FAREWELLS:
            self.begin(swarm)
            return
        farewell = swarm.farewell
        if farewell.eviction and swarm.hashes:
            info, eviction = swarm.hashes.info, farewell.eviction
            farewell.note(drop(params, info, eviction, swarm.held))
        done = self._saving.store(swarm, params)
        done.add_done_callback(lambda _: self.part(swarm))

    def part(self, swarm: JoinedSwarm) -> None:
        """Take the torrent out of the session; its state is saved by now."""
        if not self._members.include(swarm) or self._members.session is None:
            return
        if swarm.farewell.parting:
            return  # a state that was requested earlier arrives only now
        swarm.farewell.part()
        if swarm.farewell.delete_data:
            # libtorrent follows the names of the files, wherever they lead.
            done = self._thread.run(self._disk.cut_links, swarm.infohash)
            done.add_done_callback(lambda done: self._delete(swarm, done.exception()))
            return
        if swarm.farewell.cut:
            self._members.session.remove_torrent(swarm.handle, _CLOSE_FILES)
            return  # ``torrent_deleted_alert`` follows
        self._members.session.remove_torrent(swarm.handle)
        self._left(swarm)

    def out(self, swarm: JoinedSwarm) -> None:
        """Continue with a leaving swarm: it is out of the session, its files closed."""
        if swarm.farewell.deleting or not self._members.include(swarm):
            return
        if swarm.farewell.delete_data:
            self._delete_rest(swarm)
        elif swarm.farewell.cut and swarm.hashes:
            info, cut = swarm.hashes.info, swarm.farewell.cut
            self._evict(swarm, self._evictor.cut, swarm.infohash, info, cut)
        else:
            self._left(swarm)

    # --- the last steps

    def _delete(self, swarm: JoinedSwarm, in_doubt: BaseException | None) -> None:
        session = self._members.session
        if session is None:
            return
        if in_doubt:  # links may have been followed
            session.remove_torrent(swarm.handle)
            self.out(swarm)
        else:
            session.remove_torrent(swarm.handle, lt.options_t.delete_files)

    def _delete_rest(self, swarm: JoinedSwarm) -> None:
        # ``_left`` follows when everything is deleted, so that a later join loses
        # nothing.
        swarm.farewell.delete()
        self._refusals.forget(swarm.infohash)
        done = self._thread.run(self._disk.delete, swarm.infohash)
        done.add_done_callback(lambda done: self._left(swarm, done.exception()))

    def _evict(self, swarm: JoinedSwarm, work: Callable[..., None], *args: Any) -> None:
        swarm.farewell.delete()
        done = self._thread.run(work, *args)
        done.add_done_callback(lambda done: self._evicted(swarm, done.exception()))

    def _evicted(self, swarm: JoinedSwarm, error: BaseException | None) -> None:
        if swarm.farewell.delete_data:  # asked for meanwhile
            self._delete_rest(swarm)
        else:
            self._left(swarm, error)

    def _left(self, swarm: JoinedSwarm, error: BaseException | None = None) -> None:
        """Forget the swarm, and do what was requested meanwhile, such as a join."""
        if not self._members.include(swarm):
            return
        self._members.drop(swarm)
        swarm.farewell.finish(error)
        try:
            swarm.farewell.go_on()
        except BadInput as exc:
            self._members.emit(SwarmBroke(swarm.infohash, str(exc)))

    def _fail_reads(self, swarm: JoinedSwarm) -> None:
        reason = "the swarm was left"
        reads = [(piece, swarm.answered(piece)) for piece in list(swarm.reads)]
        reads += [(piece, callers) for piece, _, callers in swarm.unhashed]
        swarm.unhashed.clear()
        for piece, callers in reads:
            for _ in range(callers):
                self._members.emit(PieceUnreadable(swarm.infohash, piece, reason))


def _destroy(sessions: list[Any]) -> None:
    """Release the session, which waits for libtorrent's threads."""
    sessions.clear()
    gc.collect()
