"""All swarms we are in: joining, leaving, and their views for planning.

Lives on our event loop and belongs to the manager. Knows nothing about streams, and
never decides what is wanted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Set
from dataclasses import replace

from mopidy_vozduxan.engine.protocol import Engine
from mopidy_vozduxan.exceptions import Cancelled, ShuttingDown
from mopidy_vozduxan.planning.demand import SwarmView
from mopidy_vozduxan.streaming.limits import Limits
from mopidy_vozduxan.streaming.piece_memory import PieceMemory
from mopidy_vozduxan.streaming.swarm import Swarm
from mopidy_vozduxan.torrent.metainfo import Metainfo, TorrentSource


class Swarms:
    """The swarms by infohash.

    ``changed(soon)`` is called when new plans are needed. ``limits`` says when to leave
    a swarm that nobody uses, or that never gave its metadata.
    """

    def __init__(
        self,
        engine: Engine,
        limits: Limits,
        clock: Callable[[], float],
        changed: Callable[[bool], None],
    ) -> None:
        self._engine = engine
        self._limits = limits
        self._memory = PieceMemory(limits.pieces_in_memory, limits.pieces_kept)
        self._clock = clock
        self._changed = changed
        self._swarms: dict[str, Swarm] = {}
        self._closing = False

    def __bool__(self) -> bool:
        return bool(self._swarms)

    def all(self) -> list[Swarm]:
        """Return every swarm we are in."""
        return list(self._swarms.values())

    def get(self, infohash: str) -> Swarm | None:
        """Return a swarm by the name it was joined by, or the one in its metadata.

        A hybrid torrent's magnet link may have its v2 infohash only.
        """
        if infohash in self._swarms:
            return self._swarms[infohash]
        return next((s for s in self._swarms.values() if infohash in s.names), None)

    def joined_by(self, infohash: str) -> Swarm | None:
        """Return the swarm that was joined by that name, unless we are closing."""
        return None if self._closing else self._swarms.get(infohash)

    def join(self, source: TorrentSource, metainfo: Metainfo | None) -> Swarm:
        """Return the swarm of a torrent; the next plan joins it."""
        if self._closing:
            raise ShuttingDown("Mopidy is stopping.")
        swarm = self.get(source.infohash)
        if swarm is None or swarm.failure:
            now = self._clock()
            swarm = Swarm(source, metainfo, self._memory, self._engine.read_piece, now)
            self._swarms[source.infohash] = swarm
            self._changed(True)
        else:
            self._join_again(swarm, source, metainfo)
        return swarm

    def _join_again(
        self, swarm: Swarm, source: TorrentSource, metainfo: Metainfo | None
    ) -> None:
        """Use what the source has and the swarm lacks."""
        if swarm.metainfo is None and metainfo:
            self._describe(swarm, source, metainfo)
        private = swarm.metainfo is not None and swarm.metainfo.private
        membership = swarm.membership
        if source.magnet in (None, membership.source.magnet) or private:
            return
        if membership.is_added:
            named = replace(source, infohash=swarm.infohash)
            self._engine.add(named, None)
        membership.follow(source.magnet)

    def _describe(
        self, swarm: Swarm, source: TorrentSource, metainfo: Metainfo
    ) -> None:
        """Take metadata from elsewhere, and give it to the engine.

        Otherwise the engine would go on asking peers for it, and request no piece.
        """
        if swarm.membership.is_added and source.torrent is not None:
            self._engine.remove(swarm.infohash)
            swarm.membership.describe(source)
        swarm.metadata_received(metainfo)
        self._changed(True)

    def leave(self, swarm: Swarm, *, delete_data: bool = False) -> asyncio.Future[None]:
        """Leave a swarm, and cancel all waits for it.

        The future is the engine's: see :meth:`Engine.remove`.
        """
        del self._swarms[swarm.infohash]
        swarm.broke(Cancelled(f"“{swarm.name}” was left."))
        self._changed(True)
        return self._engine.remove(swarm.infohash, delete_data=delete_data)

    async def remove(self, infohashes: Set[str], *, delete_data: bool) -> None:
        """Leave the swarms with those names, and delete their data.

        Raises :class:`StorageFailed` after it has tried all of them.
        """
        swarms = [s for s in self.all() if not s.names.isdisjoint(infohashes)]
        ends = {s.infohash: self.leave(s, delete_data=delete_data) for s in swarms}
        if delete_data:  # also of torrents that are not joined
            for name in infohashes - ends.keys():
                ends[name] = self._engine.remove(name, delete_data=True)
        results = await asyncio.gather(
            *map(asyncio.shield, ends.values()), return_exceptions=True
        )
        for result in results:
            if isinstance(result, BaseException):
                raise result

    def leave_idle(self, used: Set[str]) -> None:
        """Leave the swarms that nobody has used for a while, except ``used`` ones."""
        now = self._clock()
        for swarm in self.all():
            if swarm.infohash in used:
                swarm.membership.use(now)
            elif self._is_idle(swarm, now, listened=bool(used)):
                self.leave(swarm)

    def leave_unused(self, used: Set[str]) -> None:
        """Leave every swarm except the ``used`` ones."""
        for swarm in self.all():
            if swarm.infohash not in used and not swarm.is_waited_for:
                self.leave(swarm)

    def _is_idle(self, swarm: Swarm, now: float, *, listened: bool) -> bool:
        if swarm.is_waited_for:
            return False
        membership = swarm.membership
        if swarm.metainfo is None:
            return membership.unused_for(now) > self._limits.metadata_timeout
        if swarm.failure:
            return True
        if not membership.is_streamed:  # joined for its metadata or a background read
            return not membership.is_visited(now)
        limits = self._limits
        patience = limits.idle_swarm if listened else limits.all_idle
        return membership.unused_for(now) > patience

    def views(self) -> dict[str, SwarmView]:
        """Return what planning needs to know about each swarm."""
        return {
            swarm.infohash: self._view(swarm, swarm.metainfo)
            for swarm in self._swarms.values()
            if swarm.metainfo and not swarm.failure
        }

    def _view(self, swarm: Swarm, metainfo: Metainfo) -> SwarmView:
        membership, pieces = swarm.membership, swarm.pieces
        return SwarmView(
            metainfo.piece_count,
            pieces.settled,
            membership.is_streamed or membership.is_visited(self._clock()),
            swarm.statistics.download_rate,
            pieces.hopeless.pieces,
            swarm.statistics.num_peers,
            pieces.likely,
            metainfo.piece_length,
        )

    async def close(self) -> None:
        """End every wait and leave all swarms in order."""
        self._closing = True
        for swarm in self._swarms.values():
            swarm.broke(ShuttingDown("Mopidy is stopping."))
        self._memory.close()
        await self._engine.close()
