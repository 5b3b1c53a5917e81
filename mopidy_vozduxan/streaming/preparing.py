"""Preparing and prefetching: a file gets its bucket once it can be read.

Belongs to the manager and lives on our event loop. A newer request for the same bucket
ends an older wait, so that a slow swarm never replaces the track to which the listener
has moved on.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from mopidy_vozduxan.exceptions import Cancelled
from mopidy_vozduxan.streaming.engine_orders import EngineOrders
from mopidy_vozduxan.streaming.metadata import Metadata
from mopidy_vozduxan.streaming.open_streams import OpenStreams
from mopidy_vozduxan.streaming.progress import Board
from mopidy_vozduxan.streaming.stream import Stream
from mopidy_vozduxan.streaming.superseding import SupersedingTasks
from mopidy_vozduxan.streaming.swarm import Swarm
from mopidy_vozduxan.streaming.swarms import Swarms
from mopidy_vozduxan.streaming.target import Target, Wanted


class Preparing:
    """:attr:`progress` shows the progress of the latest prepare.

    A prepare answers after at most ``fast_start_timeout`` seconds. ``try_again`` allows
    a stream that failed a moment ago again.
    """

    def __init__(
        self,
        streams: OpenStreams,
        swarms: Swarms,
        orders: EngineOrders,
        metadata: Metadata,
        fast_start_timeout: float,
        try_again: Callable[[Stream], None],
    ) -> None:
        self._streams = streams
        self._swarms = swarms
        self._orders = orders
        self._metadata = metadata
        self.progress = Board()
        self._fast_start_timeout = fast_start_timeout
        self._try_again = try_again
        self._newest: SupersedingTasks[str] = SupersedingTasks()  # by bucket
        streams.on_end(self._ended)

    async def prepare(self, target: Wanted) -> str:
        """Make a file the current stream once its first piece can be read.

        After the fast start's time limit, the reader waits instead. The stream before
        is released only when this one is in its place. Raises :class:`Cancelled` if a
        newer prepare or :meth:`cancel` came first, :class:`MetadataTimeout`,
        :class:`NoSuchFile`, or the error that broke the swarm.
        """
        return await self._newest.run("current", self._prepare(target))

    def cancel(self) -> None:
        """End the running prepare, if there is one."""
        self._newest.end("current")

    async def prefetch(self, target: Wanted, bucket: str) -> str:
        """Put a file into ``bucket`` and return its token, once its metadata is here.

        The current stream stays where it is, even if it is the same file.
        """
        return await self._newest.run(bucket, self._prefetch(target, bucket))

    def _ended(self, stream: Stream) -> None:
        """Stop waiting for a stream that has ended, and stop showing it."""
        if stream.claims:
            self.cancel()  # nobody wants it any more
        self.progress.released(stream.token)

    def close(self) -> None:
        """End every wait."""
        self._newest.end_all()

    async def _prepare(self, target: Wanted) -> str:
        with self.progress.preparation() as report:
            stream = await self._claim(target, report.joined)
            try:
                report.opened(stream)
                stream.expect(0)
                self._streams.changed()
                await self._wait_first_piece(stream)
                self._streams.put("current", stream)
            finally:
                self._unclaim(stream)
            report.ready()
        return stream.token

    async def _prefetch(self, target: Wanted, bucket: str) -> str:
        stream = await self._claim(target)
        if self._streams.holders.buckets.current != stream.token:
            self._streams.put(bucket, stream)
        self._unclaim(stream)
        return stream.token

    async def _claim(
        self, target: Wanted, joined: Callable[[Swarm], None] | None = None
    ) -> Stream:
        """Open a stream that has no bucket yet, once its metadata is here."""
        if not isinstance(target, Target):
            target = await target()
        swarm = self._swarms.join(target.source, target.metainfo)
        self._orders.try_again(swarm)
        if joined:
            joined(swarm)
        await self._metadata.of(swarm)
        stream = self._streams.open(target)
        self._try_again(stream)
        stream.claim()
        return stream

    def _unclaim(self, stream: Stream) -> None:
        stream.unclaim()
        self._streams.end_orphans()

    async def _wait_first_piece(self, stream: Stream) -> None:
        pieces = stream.file.map
        if pieces is None or not pieces.size:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._fast_start_timeout):
                first = pieces.piece_at(0)
                await stream.swarm.pieces.wait(first, player=True)
        if stream.gone.is_set():
            raise Cancelled("The stream was released.")
