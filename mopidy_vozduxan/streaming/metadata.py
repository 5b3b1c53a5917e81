"""Waits for the metadata of torrents, from their swarms or from elsewhere.

Belongs to the manager and lives on our event loop. Keeps nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from mopidy_vozduxan.exceptions import MetadataTimeout
from mopidy_vozduxan.streaming.swarm import Swarm
from mopidy_vozduxan.streaming.swarms import Swarms
from mopidy_vozduxan.torrent.metainfo import Metainfo, TorrentSource


class Metadata:
    """Every wait ends after ``timeout`` seconds, unless another time is given."""

    def __init__(
        self, swarms: Swarms, clock: Callable[[], float], timeout: float
    ) -> None:
        self._swarms = swarms
        self._clock = clock
        self._timeout = timeout

    async def of(self, swarm: Swarm, timeout: float | None = None) -> Metainfo:
        """Wait for a swarm's metadata, and return it.

        Raises :class:`MetadataTimeout`, or the error that broke the swarm.
        """
        swarm.membership.use(self._clock())
        if swarm.metainfo:
            return swarm.metainfo
        seconds = self._timeout if timeout is None else timeout
        try:
            # ``wait_for`` may lose a cancellation that coincides with the result
            # (Python 3.11).
            async with asyncio.timeout(seconds):
                return await swarm.wait_metainfo()
        except TimeoutError as exc:
            raise MetadataTimeout(
                f"No peer gave us the metadata of “{swarm.name}” in time."
            ) from exc

    async def fetch(
        self, source: TorrentSource, timeout: float | None = None
    ) -> Metainfo:
        """Return a torrent's metadata, and join its swarm only for that.

        Raises :class:`MetadataTimeout` after ``timeout`` seconds; the swarm is still
        asked as long as any other.
        """
        return await self.of(self._swarms.join(source, None), timeout)

    async def tell_swarms(
        self, known: Callable[[str], Awaitable[tuple[TorrentSource, Metainfo] | None]]
    ) -> None:
        """Give waiting swarms the metadata that is ``known`` of their infohash."""
        for swarm in self._swarms.all():
            if swarm.metainfo is None and not swarm.failure:
                found = await known(swarm.infohash)
                # Meanwhile we may have left it, or it may have got its metadata.
                if found and self._swarms.get(swarm.infohash) is swarm:
                    source = replace(found[0], infohash=swarm.infohash)
                    self._swarms.join(source, found[1])
