"""The entrance to streaming: opens, places and releases streams.

Does what the player and the frontend ask for, at once. Runs only on our event loop,
takes no locks, and waits for nobody. ``planning`` decides which pieces are wanted.

Each of the eight commands is a method. For everything else callers use its parts:
:attr:`preparing` and :attr:`metadata` to wait, :attr:`serving` for the bytes of a
token, :attr:`background` for reads that nobody listens to, :attr:`streams` and
:attr:`swarms` to see what exists.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence, Set

from mopidy_vozduxan.engine.protocol import (
    Engine,
    MetadataReceived,
    Statistics,
    TrafficCounted,
)
from mopidy_vozduxan.planning.calm import need_of
from mopidy_vozduxan.planning.demand import Role
from mopidy_vozduxan.planning.sharing import plans
from mopidy_vozduxan.planning.tiers import tiers_of
from mopidy_vozduxan.streaming.background import Background
from mopidy_vozduxan.streaming.cache_keeper import CacheKeeper
from mopidy_vozduxan.streaming.cache_stock import Survey
from mopidy_vozduxan.streaming.engine_events import EngineEvents
from mopidy_vozduxan.streaming.engine_orders import EngineOrders
from mopidy_vozduxan.streaming.evictions import Evictions
from mopidy_vozduxan.streaming.fetching_ahead import FetchingAhead
from mopidy_vozduxan.streaming.held_files import holdings_of
from mopidy_vozduxan.streaming.limits import Limits
from mopidy_vozduxan.streaming.metadata import Metadata
from mopidy_vozduxan.streaming.open_streams import OpenStreams
from mopidy_vozduxan.streaming.planner import Planner
from mopidy_vozduxan.streaming.preparing import Preparing
from mopidy_vozduxan.streaming.serving import Serving
from mopidy_vozduxan.streaming.stream import Stream
from mopidy_vozduxan.streaming.stream_failures import StreamFailures
from mopidy_vozduxan.streaming.supervisor import Supervisor
from mopidy_vozduxan.streaming.swarm import Swarm
from mopidy_vozduxan.streaming.swarms import Swarms
from mopidy_vozduxan.streaming.target import Target, Wanted
from mopidy_vozduxan.torrent.metainfo import Metainfo, TorrentSource

logger = logging.getLogger(__name__)

#: Idle swarms past their time leave with every 10th release.
RELEASES_PER_EVICTION = 10


class Manager:
    """Opens, places and releases streams.

    ``stream_failed(token, uri, reason)`` is called when the player's stream cannot
    continue, ``learned`` with metadata from a swarm, ``heard(infohash, index)`` when a
    file counts as heard, ``counted`` with what came and went. ``clock`` gives the
    loop's monotonic seconds. :attr:`on_event` takes the engine's events.
    """

    def __init__(
        self,
        engine: Engine,
        limits: Limits,
        clock: Callable[[], float],
        stream_failed: Callable[[str, str, str], None],
        learned: Callable[[MetadataReceived], None],
        heard: Callable[[str, int], None] = lambda *_: None,
        counted: Callable[[TrafficCounted], None] = lambda _: None,
        survey: Survey | None = None,
    ) -> None:
        self._clock = clock
        self._tiers = tiers_of(limits.readahead)
        self._releases = 0
        self._heard = heard
        self._planner = Planner(self._plan)
        changed = self._planner.changed
        self.swarms = swarms = Swarms(engine, limits, clock, changed)
        self.metadata = metadata = Metadata(swarms, clock, limits.metadata_timeout)
        self.streams = streams = OpenStreams(swarms, self._planner, clock)
        self.cache = CacheKeeper(
            survey,
            swarms,
            Evictions(engine, streams, swarms, clock, changed),
            lambda: holdings_of(streams, self._tiers),
            changed,
        )
        self._ahead = FetchingAhead(
            streams,
            self._tiers.head_s,
            lambda: self.cache.openings_within(limits.queue_heads),
        )
        self._failures = failures = StreamFailures(
            streams, swarms, limits.failed_track, clock, stream_failed
        )
        broke = failures.swarm_broke
        self._orders = orders = EngineOrders(
            swarms, engine, clock, changed=changed, broke=broke
        )
        events = EngineEvents(
            swarms,
            engine,
            clock,
            changed=changed,
            learned=learned,
            broke=broke,
            counted=counted,
            came=self._piece_came,
            disk_full=lambda swarm: self.cache.went({swarm.infohash}),
        )
        self.on_event = events.take
        self._supervisor = supervisor = Supervisor(
            streams, swarms, orders, events.reachable_from, failures, limits, clock
        )
        timeout, try_again = limits.fast_start_timeout, supervisor.try_again
        self.preparing = Preparing(
            streams, swarms, orders, metadata, timeout, try_again
        )
        self.serving = Serving(streams, metadata, clock, failures.cannot_play)
        self.background = Background(
            streams,
            swarms,
            metadata,
            self.serving,
            self._tiers,
            limits.stall_timeout,
            clock,
        )

    # --- what plays, and what follows

    def play(self, target: Target, uri: str, *, asked: bool = True) -> str:
        """Make a file the current stream and return its token, at once.

        An existing stream of that file is promoted. If a listener ``asked`` for the
        file it is tried again; otherwise a recent failure is raised again. Raises
        :class:`NoSuchFile`, or what the track failed with.
        """
        if not asked:
            self._failures.refuse(target)
        stream = self.streams.open(target)
        if asked:
            self._supervisor.try_again(stream)
        self.streams.give_player(stream, uri)
        stream.begin(target.start_ms, target.stop_ms)
        self.streams.put("current", stream)
        self.background.sounded()
        return stream.token

    def aim(self, following: Sequence[Target], buckets: Sequence[str]) -> None:
        """Say which tracks follow the current one; see :meth:`FetchingAhead.aim`."""
        self._ahead.aim(following, buckets)

    # --- the commands that wait, and the one that only looks

    async def prepare(self, target: Wanted) -> str:
        """Make a file the current stream; see :meth:`Preparing.prepare`."""
        return await self.preparing.prepare(target)

    def cancel_prepare(self) -> None:
        """Cancel the prepare that is running, if any."""
        self.preparing.cancel()

    async def prefetch(self, target: Wanted, bucket: str) -> str:
        """Put a file into a bucket; see :meth:`Preparing.prefetch`."""
        return await self.preparing.prefetch(target, bucket)

    async def list_files(self, source: TorrentSource) -> Metainfo:
        """Return a torrent's contents; see :meth:`Metadata.fetch`."""
        return await self.metadata.fetch(source)

    def statistics(self, token: str) -> Statistics:
        """Return the last known numbers of a stream's swarm.

        Raises :class:`NoSuchStream`.
        """
        return self.streams.named(token).swarm.statistics

    # --- where it is

    def forecast(self, token: str, position_ms: int) -> None:
        """Expect a reader at ``position_ms``: the player is about to seek there."""
        stream = self.streams.get(token)
        if stream and (timeline := stream.timeline):
            stream.expect(timeline.offset_at(position_ms))
            self._planner.changed()

    def moved(self, token: str, position_ms: int) -> None:
        """Move the window: ``position_ms`` sounds now."""
        stream = self.streams.get(token)
        if stream:
            if position_ms != stream.playhead.position_ms:
                self.background.sounded()
            stream.moved(position_ms)
            self._moved(stream)

    def notify_position(self, token: str, offset: int) -> None:
        """Move the window: the byte at ``offset`` sounds now.

        Raises :class:`NoSuchStream`.
        """
        stream = self.streams.named(token)
        stream.moved_to(offset)
        self.background.sounded()
        self._moved(stream)

    def _moved(self, stream: Stream) -> None:
        if entry := stream.newly_heard():
            self._heard(stream.swarm.infohash, entry.index)
        self._planner.changed(False)

    # --- letting go

    def release(self, token: str) -> None:
        """End a stream and close its readers. An unknown token is no error.

        Every 10th release evicts the swarms that have been idle for too long.
        """
        if token not in self.streams:
            logger.debug("No stream to release: %s", token)
            return
        self._releases += 1
        self.streams.end(token)
        if self._releases % RELEASES_PER_EVICTION == 0:
            self.swarms.leave_idle(self.streams.used())

    def dispose(self) -> None:
        """Release the streams in the buckets, then evict the swarms without streams."""
        for token in self.streams.holders.drop_all():
            self.streams.end(token)
        self.streams.end_orphans()
        self.swarms.leave_unused(self.streams.used())

    async def remove(self, infohashes: Set[str], *, delete_data: bool) -> None:
        """End all streams of a torrent, by any of its infohashes, and leave its swarm.

        With ``delete_data`` it returns when nothing of the torrent is on disk any more.
        Raises :class:`StorageFailed`.
        """
        for stream in list(self.streams.values()):
            if not stream.swarm.names.isdisjoint(infohashes):
                self.streams.end(stream.token)
        await self.swarms.remove(infohashes, delete_data=delete_data)
        if delete_data:
            self.cache.went(infohashes)

    async def waits(self, token: str) -> bool:
        """Return whether a stream waits for its swarm."""
        stream = self.streams.get(token)
        return stream is not None and stream.waiting_since is not None

    async def player_has(self, infohashes: Set[str]) -> bool:
        """Return whether the player's last stream belongs to that torrent."""
        stream = self.streams.get(self.streams.holders.player or "")
        return stream is not None and not stream.swarm.names.isdisjoint(infohashes)

    def is_used(self, infohash: str) -> bool:
        """Return whether a torrent has streams, or anybody waits for its swarm."""
        swarm = self.swarms.get(infohash)
        if swarm is None:
            return False
        return swarm.is_waited_for or swarm.infohash in self.streams.used()

    async def close(self) -> None:
        """Release everything and leave all swarms in order."""
        self.preparing.close()
        self._planner.close()
        await self.cache.close()
        self._supervisor.close()
        self.streams.close()
        await self.swarms.close()

    def _plan(self) -> None:
        demands, views = self.streams.demands(), self.swarms.views()
        kept = any(demand.role is Role.KEPT for demand in demands)
        listening = not kept or self.background.is_listened_to
        allowed = self.cache.allowance
        made = plans(demands, views, self._tiers, allowed, listening=listening)
        calm = need_of(demands, views, self._tiers).is_calm
        self._orders.carry_out(made, calm=calm)
        self._supervisor.watch()
        self.cache.watch()

    def _piece_came(self, swarm: Swarm) -> None:
        if swarm.metainfo:
            self.cache.came(swarm.infohash, swarm.metainfo.piece_length)
