"""The one owner of all mutable streaming state: swarms, streams and buckets.

Runs on our event loop and nowhere else, takes no lock, and waits for nobody:
events come in, changes go out to the engine. What is wanted is decided in
``planning``; who waits for which piece is kept by :class:`Swarm`.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from mopidy_vozduxan.engine.protocol import (
    Engine,
    Event,
    EventsLost,
    MetadataReceived,
    Metainfo,
    PieceFinished,
    PieceRead,
    PiecesHeld,
    PieceUnreadable,
    Statistics,
    StatisticsChanged,
    SwarmBroke,
    TorrentSource,
)
from mopidy_vozduxan.exceptions import (
    Cancelled,
    MetadataTimeout,
    NoSuchStream,
    ShuttingDown,
    Stalled,
    StorageFailed,
    SwarmFailed,
    VozduxanError,
)
from mopidy_vozduxan.planning.buckets import BUCKET_ROLES, Buckets
from mopidy_vozduxan.planning.plan import Plan, changes_between
from mopidy_vozduxan.planning.spans import Span
from mopidy_vozduxan.planning.window import Demand, Head, Role, SwarmView, plans
from mopidy_vozduxan.reader import PieceReader
from mopidy_vozduxan.stream import Stream, playable_file
from mopidy_vozduxan.swarm import PieceCache, Swarm
from mopidy_vozduxan.web.streams import StreamInfo

logger = logging.getLogger(__name__)

TICK_S = 1.0
#: Pieces that nobody waits for may come by the hundred each second.
PLAN_LATER_S = 0.1
#: After so long without progress, what is wanted is told to the engine anew.
REARM_S = 5.0
#: After so long a wait is worth a sentence in the log.
SAY_SO_S = 3.0


@dataclass(frozen=True, slots=True)
class Limits:
    """How long we wait, in seconds, and how much we keep, in bytes."""

    stall_timeout: float = 20.0
    metadata_timeout: float = 60.0
    #: A swarm that nobody uses leaves the session after this.
    idle_swarm: float = 600.0
    #: A track that failed is not tried again for this long.
    failed_track: float = 60.0
    piece_cache: int = 32 * 1024 * 1024


class Manager:
    """Opens, serves, supervises and releases streams.

    ``on_stream_failed(token, uri, reason)`` is called when the player's stream can
    not go on; ``clock`` gives monotonic seconds (the loop's).
    """

    def __init__(
        self,
        engine: Engine,
        limits: Limits,
        clock: Callable[[], float],
        on_stream_failed: Callable[[str, str, str], None],
        on_metadata: Callable[[MetadataReceived], None],
    ) -> None:
        self._engine = engine
        self._limits = limits
        self._clock = clock
        self._on_stream_failed = on_stream_failed
        self._on_metadata = on_metadata
        self._cache = PieceCache(limits.piece_cache)
        self._swarms: dict[str, Swarm] = {}
        self._streams: dict[str, Stream] = {}
        self._buckets = Buckets()
        self._failed: dict[tuple[str, int | None], tuple[float, VozduxanError]] = {}
        self._replan: asyncio.Handle | None = None
        self._tick: asyncio.TimerHandle | None = None
        self._closing = False

    # --- streams

    def play(
        self,
        source: TorrentSource,
        metainfo: Metainfo | None,
        index: int | None,
        *,
        uri: str,
        length_ms: int | None = None,
    ) -> str:
        """Make a file the current stream and return its token, at once.

        A stream of that file that exists already is promoted. Raises
        :class:`NoSuchFile`, or what the track failed with a moment ago.
        """
        self._refuse_failed(source.infohash, index)
        stream = self._open(source, metainfo, index)
        stream.uri, stream.length_ms = uri, length_ms
        stream.forecast, stream.playhead = Head(0), None
        self._put("current", stream)
        return stream.token

    def release(self, token: str) -> None:
        """End a stream and close its readers. An unknown token is no error."""
        stream = self._streams.pop(token, None)
        if stream is None:
            logger.debug("No stream to release: %s", token)
            return
        self._buckets = self._buckets.without(token)
        for reader in list(stream.readers):
            reader.close()
        stream.gone.set()
        stream.swarm.used_at = self._clock()
        self._plan_soon()

    def release_current(self) -> None:
        """End whatever the player was given last."""
        if self._buckets.current:
            self.release(self._buckets.current)

    def forecast(self, token: str, position_ms: int) -> None:
        """Expect a reader at ``position_ms``: the player is about to seek there."""
        stream = self._streams.get(token)
        if stream and (timeline := stream.timeline):
            stream.forecast = Head(timeline.offset_at(position_ms))
            self._plan_soon()

    def current_token(self) -> str | None:
        """Return the token of the current stream."""
        return self._buckets.current

    def _open(
        self, source: TorrentSource, metainfo: Metainfo | None, index: int | None
    ) -> Stream:
        swarm = self._join(source, metainfo)
        for stream in self._streams.values():
            if stream.swarm is swarm and stream.index == index:
                stream.retired = False
                return stream
        if swarm.metainfo:
            playable_file(swarm.metainfo, index)
        swarm.streamed = True
        stream = Stream(secrets.token_urlsafe(24), swarm, index, self._clock())
        self._streams[stream.token] = stream
        return stream

    def _put(self, bucket: str, stream: Stream) -> None:
        self._buckets, orphans = self._buckets.put(bucket, stream.token)
        for token in orphans:
            self._retire(self._streams[token])
        self._plan_soon()

    def _retire(self, stream: Stream) -> None:
        """Release a stream nobody owns, once what reads it has finished."""
        stream.retired = True
        if not stream.readers:
            self.release(stream.token)

    # --- what the HTTP doors need (web.stream.Streams)

    def known(self, token: str) -> StreamInfo | None:
        """Return what is known of a stream without touching its swarm.

        Raises :class:`NoSuchStream`.
        """
        return self._stream(token).info

    async def describe(self, token: str) -> StreamInfo:
        """Return what a stream is, waiting for the metadata where need be."""
        stream = self._stream(token)
        await self._wait_metainfo(stream.swarm, self._limits.metadata_timeout)
        info = stream.info
        if info is None:
            raise NoSuchStream("The stream was released.")
        return info

    def open_reader(
        self, token: str, start: int, stop: int, *, player: bool
    ) -> PieceReader:
        """Return a reader of the stream's bytes ``[start, stop)``.

        Raises :class:`NoSuchStream`.
        """
        stream = self._stream(token)
        pieces = stream.pieces
        if pieces is None:
            raise NoSuchStream("The stream's metadata is not here yet.")
        reader = PieceReader(
            stream.swarm,
            pieces,
            Span(start, stop),
            player=player,
            moved=lambda reader: self._reader_moved(stream, reader),
            clock=self._clock,
        )
        stream.readers.add(reader)
        stream.forecast = None
        self._plan_soon()
        return reader

    async def released(self, token: str) -> None:
        """Wait until no stream has that token."""
        stream = self._streams.get(token)
        if stream:
            await stream.gone.wait()

    def _reader_moved(self, stream: Stream, reader: PieceReader) -> None:
        if reader.closed:
            stream.readers.discard(reader)
            if stream.retired and not stream.readers:
                self.release(stream.token)
        self._plan_soon()

    def _stream(self, token: str) -> Stream:
        if self._closing:
            raise ShuttingDown("Mopidy is stopping.")
        try:
            return self._streams[token]
        except KeyError:
            raise NoSuchStream("No stream has this token.") from None

    # --- metadata

    async def fetch_metainfo(self, source: TorrentSource, timeout: float) -> Metainfo:
        """Return a torrent's metadata, joining its swarm for no more than that.

        Raises :class:`MetadataTimeout` after ``timeout`` seconds; the wait
        goes on in the background for ``metadata_timeout``.
        """
        swarm = self._join(source, None)
        self._plan_soon()
        return await self._wait_metainfo(swarm, timeout)

    async def _wait_metainfo(self, swarm: Swarm, timeout: float) -> Metainfo:
        swarm.used_at = self._clock()
        try:
            return await asyncio.wait_for(swarm.wait_metainfo(), timeout)
        except TimeoutError as exc:
            raise MetadataTimeout(
                f"Nobody gave us the metadata of “{swarm.name}” in time."
            ) from exc

    # --- swarms and plans

    def _join(self, source: TorrentSource, metainfo: Metainfo | None) -> Swarm:
        if self._closing:
            raise ShuttingDown("Mopidy is stopping.")
        swarm = self._swarms.get(source.infohash)
        if swarm is None or swarm.failure:
            now = self._clock()
            swarm = Swarm(source, metainfo, self._cache, self._engine.read_piece, now)
            self._swarms[source.infohash] = swarm
        elif swarm.metainfo is None and metainfo:
            swarm.metadata_received(metainfo)
        return swarm

    def _plan_soon(self) -> None:
        """Make the plans anew, once, after all that happens in this turn."""
        if self._closing or type(self._replan) is asyncio.Handle:
            return
        if self._replan:
            self._replan.cancel()
        self._replan = asyncio.get_running_loop().call_soon(self._plan_now)

    def _plan_later(self) -> None:
        """Make the plans anew in a moment: nobody waits for the outcome."""
        if self._replan is None and not self._closing:
            loop = asyncio.get_running_loop()
            self._replan = loop.call_later(PLAN_LATER_S, self._plan_now)

    def _plan_now(self) -> None:
        self._replan = None
        views = {
            swarm.infohash: SwarmView(
                swarm.metainfo.piece_count, swarm.held, swarm.streamed
            )
            for swarm in self._swarms.values()
            if swarm.metainfo and not swarm.failure
        }
        new = plans(self._demands(), views, int(self._clock() * 1000))
        for swarm in self._swarms.values():
            if not swarm.failure:
                self._carry_out(swarm, new.get(swarm.infohash))
        self._tick_while_needed()

    def _demands(self) -> list[Demand]:
        demands = [
            stream.demand(self._role(stream))
            for stream in self._streams.values()
            if not stream.retired or stream.readers
        ]
        return [demand for demand in demands if demand is not None]

    def _role(self, stream: Stream) -> Role:
        bucket = self._buckets.holder(stream.token)
        return BUCKET_ROLES[bucket] if bucket else Role.QUEUED

    def _carry_out(self, swarm: Swarm, plan: Plan | None) -> None:
        if not swarm.added:
            swarm.added = True
            self._engine.add(swarm.source, plan)
        elif plan:
            old = swarm.plan or Plan.empty(len(plan.urgencies))
            changes = changes_between(old, plan, swarm.held)
            if changes or old.trickle != plan.trickle:
                self._engine.apply(swarm.infohash, changes)
        swarm.plan = plan

    # --- what the engine says

    def on_event(self, event: Event) -> None:
        """Take one event of the engine."""
        if isinstance(event, EventsLost):
            logger.debug("The engine lost events; it sends the whole state again")
            return
        swarm = self._swarms.get(event.infohash)
        if swarm is None or self._closing:
            return
        now = self._clock()
        match event:
            case PieceFinished(piece=piece):
                swarm.piece_finished(piece, now)
                self._plan_later()
            case PieceRead(piece=piece, data=data):
                swarm.piece_read(piece, data)
            case PieceUnreadable(piece=piece, reason=reason):
                swarm.piece_unreadable(piece, reason)
            case StatisticsChanged(statistics=statistics):
                swarm.statistics_changed(statistics, now)
            case PiecesHeld(held=held):
                swarm.pieces_held(held)
                self._plan_soon()
            case MetadataReceived():
                self._metadata_received(swarm, event)
            case SwarmBroke():
                self._swarm_broke(swarm, event)

    def _metadata_received(self, swarm: Swarm, event: MetadataReceived) -> None:
        swarm.metadata_received(event.metainfo)
        self._on_metadata(event)
        self._plan_soon()

    def _swarm_broke(self, swarm: Swarm, event: SwarmBroke) -> None:
        kind = StorageFailed if event.storage else SwarmFailed
        error = kind(f"“{swarm.name}” cannot be played: {event.reason}")
        logger.error("Vozduxan: %s", error)
        swarm.broke(error)
        self._engine.remove(swarm.infohash)
        for stream in list(self._streams.values()):
            if stream.swarm is swarm:
                self._stream_failed(stream, error)

    # --- supervision

    def _tick_while_needed(self) -> None:
        if self._tick is None and self._swarms and not self._closing:
            loop = asyncio.get_running_loop()
            self._tick = loop.call_later(TICK_S, self._on_tick)

    def _on_tick(self) -> None:
        self._tick = None
        now = self._clock()
        for stream in list(self._streams.values()):
            self._supervise(stream, now)
        self._leave_idle_swarms(now)
        waiting = any(s.waiting_since is not None for s in self._streams.values())
        self._engine.watch(frozenset(self._swarms), waiting=waiting)
        self._tick_while_needed()

    def _supervise(self, stream: Stream, now: float) -> None:
        """Say, re-arm or give up what has waited for too long."""
        since = stream.waiting_since
        if since is None:
            stream.said_so, stream.failure = False, None
            return
        if now - since >= SAY_SO_S and not stream.said_so:
            stream.said_so = True
            self._say_what_it_waits_for(stream)
        stalled = now - max(since, stream.swarm.progressed_at)
        if stalled >= self._patience(stream):
            self._give_up(stream)
        elif stalled >= REARM_S and int(stalled) % int(REARM_S) == 0:
            self._rearm(stream.swarm)

    def _patience(self, stream: Stream) -> float:
        if stream.swarm.metainfo is None:
            return self._limits.metadata_timeout
        return self._limits.stall_timeout

    def _say_what_it_waits_for(self, stream: Stream) -> None:
        swarm = stream.swarm
        what = "data" if swarm.metainfo else "the torrent's metadata"
        logger.info(
            "Vozduxan: “%s” of “%s” is waiting for %s (%d peers connected)",
            stream.name,
            swarm.name,
            what,
            swarm.statistics.num_peers,
        )

    def _rearm(self, swarm: Swarm) -> None:
        """Tell the engine everything again, in case it forgot."""
        if swarm.plan:
            logger.debug("Re-arming %r", swarm)
            swarm.plan = Plan.empty(len(swarm.plan.urgencies))
            self._plan_soon()

    def _give_up(self, stream: Stream) -> None:
        seconds = int(self._limits.stall_timeout)
        error: VozduxanError = Stalled(
            f"The swarm of “{stream.swarm.name}” delivered nothing for {seconds} s."
        )
        if stream.swarm.metainfo is None:
            error = MetadataTimeout(
                f"Nobody gave us the metadata of “{stream.swarm.name}”."
            )
        for reader in list(stream.readers):
            if not reader.player and reader.waiting_since is not None:
                reader.fail(error)
        self._stream_failed(stream, error)

    def _stream_failed(self, stream: Stream, error: VozduxanError) -> None:
        """Remember the failure and tell the frontend, once for each stream."""
        if stream.failure:
            return
        stream.failure = error
        until = self._clock() + self._limits.failed_track
        self._failed[stream.swarm.infohash, stream.index] = (until, error)
        if self._buckets.current == stream.token:
            self._on_stream_failed(stream.token, stream.uri, str(error))

    def _refuse_failed(self, infohash: str, index: int | None) -> None:
        until, error = self._failed.get((infohash, index), (0.0, None))
        swarm = self._swarms.get(infohash)
        revived = swarm and swarm.progressed_at > until - self._limits.failed_track
        if error and until > self._clock() and not revived:
            raise error
        self._failed.pop((infohash, index), None)

    def _leave_idle_swarms(self, now: float) -> None:
        used = {stream.swarm.infohash for stream in self._streams.values()}
        for swarm in list(self._swarms.values()):
            if swarm.infohash in used:
                swarm.used_at = now
            elif self._is_idle(swarm, now):
                self._leave(swarm)

    def _is_idle(self, swarm: Swarm, now: float) -> bool:
        """Whether nobody uses the swarm, nor is likely to in a moment."""
        if swarm.is_waited_for:
            return False
        if swarm.metainfo is None:
            return now - swarm.used_at > self._limits.metadata_timeout
        if swarm.failure or not swarm.streamed:
            return True
        return now - swarm.used_at > self._limits.idle_swarm

    def _leave(self, swarm: Swarm) -> None:
        del self._swarms[swarm.infohash]
        swarm.broke(Cancelled(f"“{swarm.name}” was left."))
        self._engine.remove(swarm.infohash)

    # --- numbers, end

    def statistics(self, token: str) -> Statistics:
        """Return the last known numbers of a stream's swarm."""
        return self._stream(token).swarm.statistics

    async def close(self) -> None:
        """Release everything and leave all swarms in order."""
        self._closing = True
        for handle in (self._replan, self._tick):
            if handle:
                handle.cancel()
        for stream in list(self._streams.values()):
            for reader in list(stream.readers):
                reader.fail(ShuttingDown("Mopidy is stopping."))
        for swarm in self._swarms.values():
            swarm.broke(ShuttingDown("Mopidy is stopping."))
        await self._engine.close()
