"""The one owner of all mutable streaming state: streams, buckets and swarms.

Runs on our event loop and nowhere else, takes no lock, and waits for nobody
but a caller's own wish. What is wanted is decided in ``planning``; swarms are
kept by :class:`~mopidy_vozduxan.streaming.swarms.Swarms`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass, replace

from mopidy_vozduxan.commands.progress import Board
from mopidy_vozduxan.engine.protocol import (
    Engine,
    MetadataReceived,
    Metainfo,
    Statistics,
    TorrentSource,
)
from mopidy_vozduxan.exceptions import (
    BadInput,
    Cancelled,
    NoSuchStream,
    ShuttingDown,
    VozduxanError,
)
from mopidy_vozduxan.planning.buckets import Buckets, affordable
from mopidy_vozduxan.planning.calm import need_of
from mopidy_vozduxan.planning.plan import Urgency
from mopidy_vozduxan.planning.sharing import plans
from mopidy_vozduxan.planning.spans import Span
from mopidy_vozduxan.planning.tiers import tiers_of
from mopidy_vozduxan.streaming.info import StreamInfo
from mopidy_vozduxan.streaming.newest import Newest
from mopidy_vozduxan.streaming.open_streams import OpenStreams
from mopidy_vozduxan.streaming.planner import Planner
from mopidy_vozduxan.streaming.reader import PieceReader
from mopidy_vozduxan.streaming.reading import open_reading
from mopidy_vozduxan.streaming.stream import Stream
from mopidy_vozduxan.streaming.supervisor import Supervisor
from mopidy_vozduxan.streaming.swarm import PieceCache, Swarm
from mopidy_vozduxan.streaming.swarms import Swarms
from mopidy_vozduxan.streaming.target import Target, Wanted, playable_file

logger = logging.getLogger(__name__)

TICK_S = 1.0
#: As the original does: idle swarms past their time leave with every 10th release.
RELEASES_PER_EVICTION = 10
#: A demuxer that has what it needs hangs up within milliseconds (5 to 50 measured),
#: but the kernel would read megabytes ahead for it.
DEMUXER_PAUSE_S = 0.15


@dataclass(frozen=True, slots=True)
class Limits:
    """How long we wait, in seconds, and how much we keep, in bytes."""

    stall_timeout: float = 20.0
    metadata_timeout: float = 60.0
    #: Preparing a stream waits so long for its first piece.
    fast_start_timeout: float = 8.0
    #: A swarm that nobody uses leaves the session after this.
    idle_swarm: float = 600.0
    #: A track that failed is not tried again for this long.
    failed_track: float = 60.0
    piece_cache: int = 32 * 1024 * 1024
    #: So many seconds of audio are fetched ahead of what plays.
    readahead: float = 60.0
    #: Heads of queued tracks beyond the buckets take no more than this.
    queue_heads: int = 64 * 1024 * 1024


class Manager:
    """Opens, serves, supervises and releases streams.

    ``stream_failed(token, uri, reason)`` is called when the player's stream
    can not go on, ``learned`` with metadata that a swarm gave us; ``clock``
    gives monotonic seconds (the loop's).
    """

    def __init__(
        self,
        engine: Engine,
        limits: Limits,
        clock: Callable[[], float],
        stream_failed: Callable[[str, str, str], None],
        learned: Callable[[MetadataReceived], None],
    ) -> None:
        self._limits = limits
        self._tiers = tiers_of(limits.readahead)
        self._clock = clock
        self._streams = OpenStreams()
        self._planner = Planner(self._plan)
        self._changed = self._planner.changed
        self._newest: Newest[str] = Newest()  # by bucket
        self._releases = 0
        self._swarms = Swarms(
            engine,
            PieceCache(limits.piece_cache),
            clock,
            changed=self._changed,
            learned=learned,
            broke=self._swarm_broke,
            idle_swarm=limits.idle_swarm,
            metadata_timeout=limits.metadata_timeout,
        )
        self._supervisor = Supervisor(
            stall_timeout=limits.stall_timeout,
            metadata_timeout=limits.metadata_timeout,
            failed_track=limits.failed_track,
            tell_failure=stream_failed,
            rearm=self._swarms.rearm,
        )
        self.on_event = self._swarms.on_event
        self.progress = Board()
        self._tick: asyncio.TimerHandle | None = None
        self._closing = False

    # --- streams

    def play(self, target: Target, uri: str) -> str:
        """Make a file the current stream and return its token, at once.

        A stream of that file that exists already is promoted. Raises
        :class:`NoSuchFile`, or what the track failed with a moment ago.
        """
        self._refuse_failed(target)
        stream = self._open(target)
        stream.uri, self._streams.player = uri, stream.token
        stream.begin(target.start_ms, target.stop_ms)
        self._put("current", stream)
        return stream.token

    def aim(self, following: Sequence[Target], buckets: Sequence[str]) -> None:
        """Say which tracks follow the current one, the next first; at once.

        ``buckets`` names those that the first of them go to. Of the others the
        heads are fetched, as far as the budget goes. What cannot be opened is
        left out; it says why when its turn comes.
        """
        near, far = following[: len(buckets)], following[len(buckets) :]
        opened = [(t, s) for t in near if (s := self._try_open(t)) is not None]
        streams = [stream for _, stream in opened]
        for stream in self._streams.values():
            stream.starts_ms = tuple(t.start_ms for t, s in opened if s is stream)
        current = self._streams.buckets.current
        tokens = [t for t in dict.fromkeys(s.token for s in streams) if t != current]
        self._streams.buckets = Buckets(
            current, **dict(zip(buckets, tokens, strict=False))
        )
        logger.debug("Next come %s", [self._streams[t].name for t in tokens])
        self._streams.queued = self._open_heads(far)
        self._release_orphans()

    def _open_heads(self, targets: Sequence[Target]) -> tuple[str, ...]:
        costs = {}
        for place, target in enumerate(targets):
            with contextlib.suppress(VozduxanError):
                cost = target.head_cost(self._tiers.head_s)
                if cost is not None:
                    costs[place] = cost
        heads = affordable(costs, self._limits.queue_heads)
        opened = (self._try_open(targets[place]) for place in heads)
        streams = [stream for stream in opened if stream is not None]
        return tuple(dict.fromkeys(stream.token for stream in streams))

    def release(self, token: str) -> None:
        """End a stream and close its readers. An unknown token is no error.

        Every 10th release evicts the swarms that nobody used for long.
        """
        if token not in self._streams:
            logger.debug("No stream to release: %s", token)
            return
        self._releases += 1
        self._end(token)
        if self._releases % RELEASES_PER_EVICTION == 0:
            self._swarms.leave_idle(self._streams.used())

    def dispose(self) -> None:
        """Release what the buckets hold, then evict every swarm without a stream."""
        tokens, self._streams.buckets = self._streams.buckets.tokens(), Buckets()
        self._streams.queued, self._streams.player = (), None
        for token in tokens:
            self._end(token)
        self._release_orphans()
        self._swarms.leave_unused(self._streams.used())

    def forecast(self, token: str, position_ms: int) -> None:
        """Expect a reader at ``position_ms``: the player is about to seek there."""
        stream = self._streams.get(token)
        if stream and (timeline := stream.timeline):
            stream.expect(timeline.offset_at(position_ms))
            self._changed()

    def moved(self, token: str, position_ms: int) -> None:
        """Slide the window: ``position_ms`` sounds now."""
        stream = self._streams.get(token)
        if stream:
            stream.moved(position_ms)
            self._changed(False)

    def notify_position(self, token: str, offset: int) -> None:
        """Slide the window: the byte at ``offset`` sounds now.

        Raises :class:`NoSuchStream`.
        """
        self._stream(token).moved_to(offset)
        self._changed(False)

    def _open(self, target: Target) -> Stream:
        swarm = self._swarms.join(target.source, target.metainfo)
        index = target.index
        if swarm.metainfo:
            index = playable_file(swarm.metainfo, index).index
        if stream := self._streams.serving(swarm, index):
            stream.length_ms = target.length_ms or stream.length_ms
            return stream
        swarm.streamed = True
        stream = Stream(secrets.token_urlsafe(24), swarm, index, self._clock())
        stream.length_ms = target.length_ms
        self._streams[stream.token] = stream
        return stream

    def _try_open(self, target: Target) -> Stream | None:
        try:
            return self._open(target)
        except VozduxanError as exc:
            logger.debug("Not fetched ahead: %s", exc)
            return None

    def _put(self, bucket: str, stream: Stream) -> None:
        self._streams.buckets, _ = self._streams.buckets.put(bucket, stream.token)
        self._release_orphans()

    def _release_orphans(self) -> None:
        """End the streams that nobody owns, once what reads them has finished."""
        for stream in self._streams.orphans():
            self._end(stream.token)
        self._changed()

    def _end(self, token: str) -> None:
        stream = self._streams.take_out(token)
        if stream is None:
            return
        stream.gone.set()
        if stream.claims:
            self.cancel_prepare()  # else it would wait for what nobody wants now
        self.progress.released(token)
        for reader in list(stream.readers):
            reader.close()
        stream.swarm.used_at = self._clock()
        if stream.background:
            stream.swarm.visited_at = stream.swarm.used_at
        self._changed()

    # --- preparing and prefetching: waits that a newer wish ends

    async def prepare(self, target: Wanted) -> str:
        """Make a file the current stream once its first piece can be read.

        Answers after ``fast_start_timeout`` at the latest; what comes later is
        then waited for by the reader. The stream before is released only when
        this one is in its place. Raises :class:`Cancelled` when a newer prepare
        or :meth:`cancel_prepare` came first, :class:`MetadataTimeout`,
        :class:`NoSuchFile`, or what broke the swarm.
        """
        return await self._newest.run("current", self._prepare(target))

    def cancel_prepare(self) -> None:
        """End the prepare in flight, if there is one."""
        self._newest.end("current")

    async def prefetch(self, target: Wanted, bucket: str) -> str:
        """Put a file into ``bucket`` and return its token, once its metadata is here.

        The current stream stays where it is, even if it is the same file.
        """
        return await self._newest.run(bucket, self._prefetch(target, bucket))

    async def _prepare(self, target: Wanted) -> str:
        with self.progress.preparation() as report:
            stream = await self._claim(target, report.joined)
            try:
                report.opened(stream)
                stream.expect(0)
                self._changed()
                await self._wait_first_piece(stream)
                self._put("current", stream)
            finally:
                self._unclaim(stream)
            report.ready()
        return stream.token

    async def _prefetch(self, target: Wanted, bucket: str) -> str:
        stream = await self._claim(target)
        if self._streams.buckets.current != stream.token:
            self._put(bucket, stream)
        self._unclaim(stream)
        return stream.token

    async def _claim(
        self, target: Wanted, joined: Callable[[Swarm], None] | None = None
    ) -> Stream:
        """Open a stream that has no bucket yet, once its metadata is here."""
        if not isinstance(target, Target):
            target = await target()
        swarm = self._swarms.join(target.source, target.metainfo)
        if joined:
            joined(swarm)
        await self._swarms.metainfo_of(swarm, self._limits.metadata_timeout)
        stream = self._open(target)
        stream.claims += 1
        return stream

    def _unclaim(self, stream: Stream) -> None:
        stream.claims -= 1
        self._release_orphans()

    async def _wait_first_piece(self, stream: Stream) -> None:
        pieces = stream.pieces
        if pieces is None or not pieces.size:
            return
        wait = stream.swarm.wait_piece(pieces.piece_at(0))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(wait, self._limits.fast_start_timeout)
        if stream.gone.is_set():
            raise Cancelled("The stream was released.")

    # --- what the HTTP doors need (web.streams.Streams)

    def known(self, token: str) -> StreamInfo | None:
        """Return what is known of a stream without touching its swarm.

        Raises :class:`NoSuchStream`.
        """
        return self._stream(token).info

    async def describe(self, token: str) -> StreamInfo:
        """Return what a stream is, waiting for the metadata where need be."""
        stream = self._stream(token)
        swarm, patience = stream.swarm, self._limits.metadata_timeout
        playable_file(await self._swarms.metainfo_of(swarm, patience), stream.index)
        info = stream.info
        if info is None:
            raise NoSuchStream("The stream was released.")
        return info

    def fail(self, token: str, error: VozduxanError) -> None:
        """Take note that what plays of a stream is no sound that can be played."""
        if stream := self._streams.get(token):
            self._supervisor.tell(stream, error)

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
            pause_s=DEMUXER_PAUSE_S if stream.background and player else 0.0,
        )
        stream.readers.add(reader)
        stream.forecast = None
        self._changed()
        return reader

    async def released(self, token: str) -> None:
        """Wait until no stream has that token."""
        stream = self._streams.get(token)
        if stream:
            await stream.gone.wait()

    def _reader_moved(self, stream: Stream, reader: PieceReader) -> None:
        if reader.closed:
            stream.readers.discard(reader)
            self._release_orphans()
        self._changed(soon=reader.closed or reader.waiting_since is not None)

    def _stream(self, token: str) -> Stream:
        if self._closing:
            raise ShuttingDown("Mopidy is stopping.")
        try:
            return self._streams[token]
        except KeyError:
            raise NoSuchStream("No stream has this token.") from None

    # --- reads in the background: of tags, covers and sheets

    async def open_background(self, target: Target) -> str:
        """Open a stream of its own for a file that nobody listens to.

        What plays, or will play next, always comes before it. It lasts until
        :meth:`close_background`. Raises :class:`MetadataTimeout`,
        :class:`NoSuchFile`, or what broke the swarm.
        """
        swarm = self._swarms.join(target.source, target.metainfo)
        metainfo = await self._swarms.metainfo_of(swarm, self._limits.metadata_timeout)
        file = playable_file(metainfo, target.index)
        stream = Stream(secrets.token_urlsafe(24), swarm, file.index, self._clock())
        stream.background, stream.forecast = True, None
        swarm.visited_at = self._clock()
        self._streams[stream.token] = stream
        return stream.token

    def close_background(self, token: str) -> None:
        """End a stream of :meth:`open_background`; twice is fine."""
        self._end(token)

    @property
    def is_calm(self) -> bool:
        """Whether what plays is safe, so that the background gets anything at all."""
        demands, views = self._streams.demands(), self._swarms.views()
        return need_of(demands, views, self._tiers).is_calm

    @property
    def is_playing(self) -> bool:
        """Whether there is a current stream."""
        return self._streams.buckets.current is not None

    def is_asked_for(self, token: str) -> bool:
        """Whether the swarm is asked for what readers of a stream wait for.

        Raises :class:`NoSuchStream`.
        """
        stream = self._stream(token)
        pieces, plan = stream.pieces, stream.swarm.plan
        if pieces is None or plan is None:
            return False
        heads = [reader.head() for reader in stream.readers]
        return any(
            plan.urgencies[pieces.piece_at(head.offset)] != Urgency.NONE
            for head in heads
            if head.waiting and head.offset < pieces.size
        )

    async def read_file(self, target: Target, limit: int) -> bytes:
        """Return all of a small file, read in the background.

        Raises :class:`BadInput` for one of more than ``limit`` bytes,
        :class:`Stalled` when the swarm was asked for ``stall_timeout`` seconds
        and did nothing, and what :meth:`open_background` does.
        """
        patience = self._limits.stall_timeout
        async with open_reading(self, target, patience, lambda: None) as reading:
            info = await self.describe(reading.token)
            if info.size > limit:
                raise BadInput(f"“{info.name}” has more than {limit} bytes.")
            return await reading.span(0, info.size)

    # --- metadata and numbers

    async def fetch_metainfo(
        self, source: TorrentSource, timeout: float | None = None
    ) -> Metainfo:
        """Return a torrent's metadata, joining its swarm for no more than that.

        Raises :class:`MetadataTimeout` after ``timeout`` seconds; the swarm is
        asked for ``metadata_timeout`` all the same.
        """
        if timeout is None:
            timeout = self._limits.metadata_timeout
        return await self._swarms.metainfo_of(self._swarms.join(source, None), timeout)

    async def describe_swarms(
        self, known: Callable[[str], tuple[TorrentSource, Metainfo] | None]
    ) -> None:
        """Tell swarms that wait for their metadata what is ``known`` by now.

        ``known`` takes an infohash, blocks, and runs on another thread.
        """
        for swarm in self._swarms.all():
            if swarm.metainfo is None and not swarm.failure:
                found = await asyncio.to_thread(known, swarm.infohash)
                # It may have left, or have been told, meanwhile.
                if found and self._swarms.get(swarm.infohash) is swarm:
                    source = replace(found[0], infohash=swarm.infohash)
                    self._swarms.join(source, found[1])

    def statistics(self, token: str) -> Statistics:
        """Return the last known numbers of a stream's swarm."""
        return self._stream(token).swarm.statistics

    def amounts(self, token: str) -> tuple[int | None, int, int]:
        """Return size, bytes held, and bytes held without a gap from where it is
        at; the size is ``None`` without metadata. Raises :class:`NoSuchStream`.
        """
        stream = self._stream(token)
        pieces, held = stream.pieces, stream.swarm.held
        if pieces is None:
            return None, 0, 0
        ahead = pieces.contiguous_bytes(stream.consumed_from, held)
        return pieces.size, pieces.held_bytes(held), ahead

    def players(self) -> frozenset[str]:
        """Return the tokens that Mopidy's own player was given."""
        return frozenset(s.token for s in self._streams.values() if s.uri)

    def streams(self) -> list[tuple[Stream, str | None]]:
        """Return every stream with the bucket it is in, in the order of their turn."""
        return [
            (s, self._streams.buckets.holder(s.token)) for s in self._streams.in_turn()
        ]

    def swarms(self) -> list[Swarm]:
        """Return every swarm we are in."""
        return self._swarms.all()

    # --- leaving for good

    async def remove(self, infohashes: Set[str], *, delete_data: bool) -> None:
        """End all streams of a torrent, by any of its names, and leave its swarm.

        With ``delete_data`` returns when nothing is left of it on disk. Raises
        :class:`StorageFailed`.
        """
        for stream in list(self._streams.values()):
            if not stream.swarm.names.isdisjoint(infohashes):
                self._end(stream.token)
        await self._swarms.remove(infohashes, delete_data=delete_data)

    async def player_has(self, infohashes: Set[str]) -> bool:
        """Return whether the player was given a stream of that torrent last."""
        stream = self._streams.get(self._streams.player or "")
        return stream is not None and not stream.swarm.names.isdisjoint(infohashes)

    def is_used(self, infohash: str) -> bool:
        """Return whether a torrent has streams, or anybody waits for its swarm."""
        swarm = self._swarms.get(infohash)
        if swarm is None:
            return False
        return swarm.is_waited_for or swarm.infohash in self._streams.used()

    # --- plans

    def _plan(self) -> None:
        now_ms = int(self._clock() * 1000)
        views = self._swarms.views()
        self._swarms.carry_out(
            plans(self._streams.demands(), views, now_ms, self._tiers)
        )
        self._tick_while_needed()

    # --- supervision

    def _tick_while_needed(self) -> None:
        if self._tick is None and self._swarms and not self._closing:
            loop = asyncio.get_running_loop()
            self._tick = loop.call_later(TICK_S, self._on_tick)

    def _on_tick(self) -> None:
        self._tick = None
        now = self._clock()
        for stream in list(self._streams.values()):
            if stream.background:
                stream.swarm.visited_at = now
                continue
            self._supervisor.look_at(stream, now)
            if stream.waiting_since is not None:
                self._changed(False)  # a wait that lasts counts for more
        self._swarms.leave_idle(self._streams.used())
        self._tick_while_needed()

    def _swarm_broke(self, swarm: Swarm) -> None:
        for stream in list(self._streams.values()):
            if stream.swarm is swarm and swarm.failure:
                self._supervisor.failed(stream, swarm.failure, self._clock())

    def _refuse_failed(self, target: Target) -> None:
        swarm = self._swarms.get(target.source.infohash)
        lived = swarm.progressed_at if swarm else 0.0
        infohash = target.source.infohash
        self._supervisor.refuse_failed(infohash, target.index, lived, self._clock())

    async def close(self) -> None:
        """Release everything and leave all swarms in order."""
        self._closing = True
        self._newest.end_all()
        self._planner.close()
        if self._tick:
            self._tick.cancel()
        for stream in list(self._streams.values()):
            for reader in list(stream.readers):
                reader.fail(ShuttingDown("Mopidy is stopping."))
        await self._swarms.close()
