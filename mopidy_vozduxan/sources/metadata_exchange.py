"""Passes metadata between the catalog and the swarms."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from mopidy_vozduxan.bridge import Bridge
from mopidy_vozduxan.catalog import Catalog
from mopidy_vozduxan.engine.protocol import MetadataReceived
from mopidy_vozduxan.exceptions import StorageFailed, VozduxanError
from mopidy_vozduxan.listener import StreamListener
from mopidy_vozduxan.streaming.metadata import Metadata
from mopidy_vozduxan.torrent.metainfo import Metainfo, TorrentSource

logger = logging.getLogger(__name__)

#: Above this many torrents at once, send no event per torrent.
MOST_NEWS = 50


class FromSwarms:
    """Keeps metadata from swarms in ``catalog``. Lives on our event loop."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._keeping: dict[str, asyncio.Task[None]] = {}

    def learned(self, event: MetadataReceived) -> None:
        """Keep the metadata from a swarm; returns at once."""
        name = event.metainfo.infohash
        task = asyncio.ensure_future(self._keep(event))
        self._keeping[name] = task
        task.add_done_callback(lambda _: self._keeping.pop(name, None))

    async def kept(self, infohash: str) -> None:
        """Return when a swarm's metadata is in the catalog, or cannot be kept."""
        if task := self._keeping.get(infohash):
            await asyncio.wait({task})

    async def close(self) -> None:
        """Return when everything that came is kept."""
        await asyncio.gather(*self._keeping.values())

    async def _keep(self, event: MetadataReceived) -> None:
        source = TorrentSource(event.infohash, torrent=event.torrent)
        try:
            await self._catalog.on_loop.collection.learn(source, event.metainfo)
            infohash = event.metainfo.infohash
            StreamListener.send("tracks_known", infohash=infohash)
        except VozduxanError as exc:
            name = event.metainfo.name
            logger.error("Vozduxan: Cannot keep the metadata of “%s”: %s", name, exc)
        except Exception:
            logger.exception("Vozduxan: Cannot keep metadata")


class ToSwarms:
    """Gives waiting swarms the metadata that came from elsewhere."""

    def __init__(self, catalog: Catalog, bridge: Bridge, metadata: Metadata) -> None:
        self._catalog = catalog
        self._bridge = bridge
        self._metadata = metadata

    def tell(self) -> None:
        """Make the swarms look into the catalog; returns at once."""
        self._bridge.ask(self._metadata.tell_swarms(self._known))

    def came(self, infohashes: Sequence[str]) -> None:
        """Tell them, and Mopidy's clients, that torrents came to the catalog.

        Above :data:`MOST_NEWS` at once, clients get no event.
        """
        self.tell()
        if len(infohashes) <= MOST_NEWS:
            for infohash in infohashes:
                StreamListener.send("tracks_known", infohash=infohash)

    async def _known(self, infohash: str) -> tuple[TorrentSource, Metainfo] | None:
        torrents = self._catalog.on_loop.torrents
        try:
            source = await torrents.source(infohash)
            metainfo = await torrents.metainfo(infohash)
        except StorageFailed as exc:
            logger.debug("Nothing is known about %s: %s", infohash, exc)
            return None
        return (source, metainfo) if source and metainfo else None
