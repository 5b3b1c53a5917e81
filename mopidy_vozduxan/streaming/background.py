"""Background reads, for tags, covers and sheets: files that nobody listens to.

Belongs to the manager and lives on our event loop. The tracks that play now or next
always come before these reads. Knows nothing about tags.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from mopidy_vozduxan.exceptions import BadInput
from mopidy_vozduxan.planning.calm import need_of
from mopidy_vozduxan.planning.listening import is_listening
from mopidy_vozduxan.planning.tiers import Tiers
from mopidy_vozduxan.streaming.background_reading import Reading
from mopidy_vozduxan.streaming.file_choice import playable_file
from mopidy_vozduxan.streaming.metadata import Metadata
from mopidy_vozduxan.streaming.open_streams import OpenStreams
from mopidy_vozduxan.streaming.serving import Serving
from mopidy_vozduxan.streaming.swarms import Swarms
from mopidy_vozduxan.streaming.target import Target


class Background:
    """Gives up on a swarm that does not deliver for ``patience`` seconds."""

    def __init__(
        self,
        streams: OpenStreams,
        swarms: Swarms,
        metadata: Metadata,
        serving: Serving,
        tiers: Tiers,
        patience: float,
        clock: Callable[[], float],
    ) -> None:
        self._clock = clock
        self._sounded_at = clock()
        self._streams = streams
        self._swarms = swarms
        self._metadata = metadata
        self._serving = serving
        self._tiers = tiers
        self._patience = patience

    @property
    def is_calm(self) -> bool:
        """Whether playback is safe; background reads get nothing otherwise."""
        demands, views = self._streams.demands(), self._swarms.views()
        return need_of(demands, views, self._tiers).is_calm

    @property
    def is_playing(self) -> bool:
        """Whether there is a current stream."""
        return self._streams.holders.buckets.current is not None

    @property
    def is_listened_to(self) -> bool:
        """Whether somebody listens, or waits to; else what is kept is fetched."""
        demands, views = self._streams.demands(), self._swarms.views()
        silent_s = self._clock() - self._sounded_at if self.is_playing else None
        return is_listening(demands, views, silent_s)

    def sounded(self) -> None:
        """Note that a track plays now."""
        self._sounded_at = self._clock()

    @asynccontextmanager
    async def reading(
        self, target: Target, moved: Callable[[], None] = lambda: None
    ) -> AsyncIterator[Reading]:
        """Open a file as a stream of its own, which comes after all others.

        ``moved`` is called whenever its swarm shows life. Raises
        :class:`MetadataTimeout`, :class:`NoSuchFile`, or the error that broke the
        swarm.
        """
        swarm = self._swarms.join(target.source, target.metainfo)
        file = playable_file(await self._metadata.of(swarm), target.index)
        token = self._streams.open_background(swarm, file.index).token
        try:
            yield Reading(self._streams, self._serving, token, self._patience, moved)
        finally:
            self._streams.end(token)

    async def fetch_whole(self, target: Target) -> None:
        """Fetch a whole file, but nothing while anybody listens.

        Raises :class:`WrongData` if nobody has all of it right, :class:`Stalled` if the
        swarm is given up, and what :meth:`reading` raises.
        """
        async with self.reading(target) as reading:
            await reading.whole()

    async def read_file(self, target: Target, limit: int) -> bytes:
        """Return the content of a small file.

        Raises :class:`BadInput` if it has more than ``limit`` bytes, :class:`Stalled`
        if the swarm is given up, and what :meth:`reading` raises.
        """
        async with self.reading(target) as reading:
            info = await self._serving.describe(reading.token)
            if info.size > limit:
                raise BadInput(f"“{info.name}” has more than {limit} bytes.")
            return await reading.span(0, info.size)
