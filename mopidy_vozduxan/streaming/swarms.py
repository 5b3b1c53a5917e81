"""All swarms we are in: joining, leaving, and what goes to and from the engine.

Lives on our event loop and belongs to the manager. Knows nothing of streams,
and never decides what is wanted.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import replace

from mopidy_vozduxan.engine.protocol import (
    Engine,
    Event,
    EventsLost,
    MetadataReceived,
    PieceFinished,
    PieceOffered,
    PieceRead,
    PiecesHeld,
    PiecesLost,
    PieceUnreadable,
    PieceWrong,
    StatisticsChanged,
    SwarmBroke,
    WayOut,
)
from mopidy_vozduxan.exceptions import (
    Cancelled,
    ShuttingDown,
    StorageFailed,
    SwarmFailed,
    VozduxanError,
)
from mopidy_vozduxan.planning.demand import SwarmView
from mopidy_vozduxan.planning.plan import Plan, Urgency, changes_between
from mopidy_vozduxan.streaming.limits import Limits
from mopidy_vozduxan.streaming.swarm import PieceCache, Swarm
from mopidy_vozduxan.torrent.metainfo import Metainfo, TorrentSource

logger = logging.getLogger(__name__)

#: After a read in the background the next file of the torrent mostly follows, so
#: its peers are kept for so long.
VISIT_S = 5.0


class Swarms:
    """The swarms by infohash.

    ``changed(soon)`` is called when plans should be made anew: at once, or in
    a moment where nobody waits for the outcome. ``learned`` gets metadata that
    a swarm gave us, ``broke`` a swarm that failed. By ``limits`` a swarm that
    nobody uses is left, and one that never told its metadata.
    """

    def __init__(
        self,
        engine: Engine,
        limits: Limits,
        clock: Callable[[], float],
        *,
        changed: Callable[[bool], None],
        learned: Callable[[MetadataReceived], None],
        broke: Callable[[Swarm], None],
    ) -> None:
        self._engine = engine
        self._limits = limits
        self._cache = PieceCache(limits.piece_cache)
        self._clock = clock
        self._changed = changed
        self._learned = learned
        self._broke = broke
        self._swarms: dict[str, Swarm] = {}
        self._watched: tuple[frozenset[str], bool] = frozenset(), False
        self._closing = False
        self._way_out_from: float | None = 0.0

    def __bool__(self) -> bool:
        return bool(self._swarms)

    def all(self) -> list[Swarm]:
        """Return every swarm we are in."""
        return list(self._swarms.values())

    def get(self, infohash: str) -> Swarm | None:
        """Return a swarm we are in, by the name it was joined or describes itself by.

        A hybrid torrent's magnet may know its v2 infohash only.
        """
        if infohash in self._swarms:
            return self._swarms[infohash]
        return next((s for s in self._swarms.values() if infohash in s.names), None)

    def join(self, source: TorrentSource, metainfo: Metainfo | None) -> Swarm:
        """Return the swarm of a torrent, joining it with the next plan."""
        if self._closing:
            raise ShuttingDown("Mopidy is stopping.")
        swarm = self.get(source.infohash)
        if swarm is None or swarm.failure:
            now = self._clock()
            swarm = Swarm(source, metainfo, self._cache, self._engine.read_piece, now)
            self._swarms[source.infohash] = swarm
            self._changed(True)
        else:
            self._join_again(swarm, source, metainfo)
        return swarm

    def _join_again(
        self, swarm: Swarm, source: TorrentSource, metainfo: Metainfo | None
    ) -> None:
        """Use what the source knows that the swarm does not."""
        if swarm.metainfo is None and metainfo:
            self._describe(swarm, source, metainfo)
        private = swarm.metainfo is not None and swarm.metainfo.private
        if source.magnet in (None, swarm.source.magnet) or private:
            return
        if swarm.added:
            named = replace(source, infohash=swarm.infohash)
            self._engine.add(named, None)
        swarm.source = replace(swarm.source, magnet=source.magnet)

    def _describe(
        self, swarm: Swarm, source: TorrentSource, metainfo: Metainfo
    ) -> None:
        """Take metadata that did not come from the swarm, the engine too.

        It would go on asking peers for it, and want no piece before it has it.
        """
        if swarm.added and source.torrent is not None:
            self._engine.remove(swarm.infohash)
            swarm.added = False
            magnet = source.magnet or swarm.source.magnet
            swarm.source = replace(source, infohash=swarm.infohash, magnet=magnet)
        swarm.metadata_received(metainfo)
        self._changed(True)

    def leave(self, swarm: Swarm, *, delete_data: bool = False) -> asyncio.Future[None]:
        """Leave a swarm; whoever still waits for it is cancelled.

        The future is the engine's: see :meth:`Engine.remove`.
        """
        del self._swarms[swarm.infohash]
        swarm.broke(Cancelled(f"“{swarm.name}” was left."))
        self._changed(True)
        return self._engine.remove(swarm.infohash, delete_data=delete_data)

    async def remove(self, infohashes: Set[str], *, delete_data: bool) -> None:
        """Leave the swarms of those names, and delete what is on disk of them.

        Raises :class:`StorageFailed`, when it has tried all of them.
        """
        swarms = [s for s in self.all() if not s.names.isdisjoint(infohashes)]
        ends = {s.infohash: self.leave(s, delete_data=delete_data) for s in swarms}
        if delete_data:  # also of what is not joined
            for name in infohashes - ends.keys():
                ends[name] = self._engine.remove(name, delete_data=True)
        results = await asyncio.gather(
            *map(asyncio.shield, ends.values()), return_exceptions=True
        )
        for result in results:
            if isinstance(result, BaseException):
                raise result

    def leave_idle(self, used: Set[str]) -> None:
        """Leave the swarms that nobody has used for long; ``used`` are in use."""
        now = self._clock()
        for swarm in self.all():
            if swarm.infohash in used:
                swarm.used_at = now
            elif self._is_idle(swarm, now):
                self.leave(swarm)

    def leave_unused(self, used: Set[str]) -> None:
        """Leave every swarm that is not in use right now."""
        for swarm in self.all():
            if swarm.infohash not in used and not swarm.is_waited_for:
                self.leave(swarm)

    def _is_idle(self, swarm: Swarm, now: float) -> bool:
        if swarm.is_waited_for:
            return False
        if swarm.metainfo is None:
            return now - swarm.used_at > self._limits.metadata_timeout
        if swarm.failure:
            return True
        if not swarm.streamed:  # joined for its metadata, or read in the background
            return not self._is_visited(swarm, now)
        return now - swarm.used_at > self._limits.idle_swarm

    def _is_visited(self, swarm: Swarm, now: float) -> bool:
        return swarm.visited_at is not None and now - swarm.visited_at < VISIT_S

    # --- plans

    def views(self) -> dict[str, SwarmView]:
        """Return what planning has to know of each swarm."""
        now = self._clock()
        return {
            swarm.infohash: SwarmView(
                swarm.metainfo.piece_count,
                swarm.settled,
                swarm.streamed or self._is_visited(swarm, now),
                swarm.statistics.download_rate,
                swarm.hopeless.pieces,
                swarm.statistics.num_peers,
            )
            for swarm in self._swarms.values()
            if swarm.metainfo and not swarm.failure
        }

    def carry_out(self, plans: Mapping[str, Plan]) -> None:
        """Tell the engine what differs from the plans it has."""
        self._set_pace(plans)
        for swarm in self.all():
            if not swarm.failure:
                self._carry_out(swarm, plans.get(swarm.infohash))

    def rearm(self, swarm: Swarm) -> None:
        """Tell the engine everything again, in case it, or a peer, forgot."""
        if swarm.plan:
            logger.debug("Re-arming %r", swarm)
            self._engine.reconnect(swarm.infohash)
            swarm.plan = swarm.plan.forgotten()
            self._changed(True)

    def reachable_from(self) -> float:
        """Return since when anybody could have delivered: now, if there is no way."""
        if self._way_out_from is None:
            return self._clock()
        return self._way_out_from

    def look_for_peers(self, swarm: Swarm, every_s: float) -> None:
        """Look for peers, once in so many seconds."""
        if self._clock() - swarm.met_at >= every_s:
            swarm.met_at = self._clock()
            self._engine.meet(swarm.infohash)

    def try_again(self, swarm: Swarm, pieces: Iterable[int] = ()) -> None:
        """Begin anew with what was given up: somebody asks for it.

        To join again has everybody asked, local peers too, and nothing held against
        peers and web seeds.
        """
        swarm.hopeless.hope(pieces)
        if swarm.given_up and swarm.added:
            swarm.begin_anew(self._clock())
            self._engine.remove(swarm.infohash)
            self._changed(True)

    def _carry_out(self, swarm: Swarm, plan: Plan | None) -> None:
        if not swarm.added:
            swarm.added = True
            try:
                self._engine.add(swarm.source, plan)
            except VozduxanError as exc:
                swarm.broke(exc)
                self._broke(swarm)
        elif plan:
            old = swarm.plan or Plan.empty(len(plan.urgencies))
            changes = changes_between(old, plan, swarm.held)
            if changes or old.trickle != plan.trickle:
                self._engine.apply(swarm.infohash, changes)
        swarm.plan, swarm.came = plan, 0

    def _set_pace(self, plans: Mapping[str, Plan]) -> None:
        """Tell the engine whether somebody waits, before it gets to work."""
        waiting = any(swarm.metainfo is None for swarm in self._swarms.values())
        waiting |= any(Urgency.NOW in plan.urgencies for plan in plans.values())
        watched = frozenset(self._swarms)
        if (watched, waiting) != self._watched:
            self._watched = watched, waiting
            self._engine.watch(watched, waiting=waiting)

    # --- what the engine says

    def on_event(self, event: Event) -> None:
        """Take one event of the engine."""
        if isinstance(event, EventsLost):
            logger.debug("The engine lost events; it sends the whole state again")
            return
        if isinstance(event, WayOut):
            self._way_out_from = self._clock() if event.there else None
            return
        swarm = self._swarms.get(event.infohash)
        if swarm is None or self._closing:
            return
        now = self._clock()
        match event:
            case PieceFinished(piece=piece):
                swarm.piece_finished(piece, now)
                self._changed(swarm.runs_out)
            case PieceRead(piece=piece, data=data):
                swarm.piece_read(piece, data)
            case PieceUnreadable(piece=piece, reason=reason):
                swarm.piece_unreadable(piece, reason)
            case StatisticsChanged(statistics=statistics):
                swarm.statistics_changed(statistics, now)
            case PiecesHeld(held=held):
                swarm.pieces_held(held)
                self._changed(True)
            case PiecesLost(pieces=lost):
                self._pieces_lost(swarm, lost)
            case PieceWrong(piece=piece, elsewhere=elsewhere):
                self._piece_wrong(swarm, piece, elsewhere)
            case PieceOffered(piece=piece):
                swarm.hopeless.hope({piece})
                self._changed(True)
            case MetadataReceived(metainfo=metainfo, torrent=torrent):
                swarm.source = replace(swarm.source, torrent=torrent)
                swarm.metadata_received(metainfo)
                self._learned(event)
                self._changed(True)
            case SwarmBroke():
                self._swarm_broke(swarm, event)

    def _piece_wrong(self, swarm: Swarm, piece: int, elsewhere: bool) -> None:
        """Ask for it a few times, and then for other pieces only."""
        if swarm.metainfo is None:
            return
        files = swarm.hopeless.came_wrong(piece, elsewhere, swarm.metainfo, swarm.held)
        for file in files:
            logger.warning(
                "Vozduxan: “%s” of “%s” is not what its torrent says, wherever it is"
                " fetched from; what is wrong is left out",
                file.path.rsplit("/", 1)[-1],
                swarm.name,
            )
        self._changed(True)

    def _pieces_lost(self, swarm: Swarm, lost: frozenset[int]) -> None:
        """Join the swarm anew, without what is no longer as it was verified."""
        if not swarm.pieces_lost(lost, self._clock()):
            reason = "the disk does not keep what is written to it"
            self._swarm_broke(swarm, SwarmBroke(swarm.infohash, reason, storage=True))
            return
        logger.warning(
            "Vozduxan: Files of “%s” are not what they were; "
            "%s piece(s) are fetched again",
            swarm.name,
            len(lost) or "half-fetched",
        )
        self._engine.remove(swarm.infohash)
        self._changed(True)

    def _swarm_broke(self, swarm: Swarm, event: SwarmBroke) -> None:
        kind = StorageFailed if event.storage else SwarmFailed
        reason = event.reason.rstrip(".")
        error = kind(f"“{swarm.name}” cannot be played: {reason}.")
        logger.error("Vozduxan: %s", error)
        swarm.broke(error)
        self._engine.remove(swarm.infohash)
        self._broke(swarm)

    async def close(self) -> None:
        """End every wait and leave all swarms in order."""
        self._closing = True
        for swarm in self._swarms.values():
            swarm.broke(ShuttingDown("Mopidy is stopping."))
        await self._engine.close()
