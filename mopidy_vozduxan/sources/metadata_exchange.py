"""Metadata on its way between the catalog and the swarms."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

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
    """Keeps in ``catalog`` what swarms tell of themselves, on threads of its own."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._workers = ThreadPoolExecutor(2, thread_name_prefix="VozduxanWorker")

    def learned(self, event: MetadataReceived) -> None:
        """Keep the metadata that a swarm gave us; returns at once."""
        self._workers.submit(self._keep, event)

    def close(self) -> None:
        """Return when all that came is kept."""
        self._workers.shutdown(wait=True)

    def _keep(self, event: MetadataReceived) -> None:
        try:
            source = TorrentSource(event.infohash, torrent=event.torrent)
            self._catalog.collection.learn(source, event.metainfo)
            infohash = event.metainfo.infohash
            StreamListener.send("tracks_known", infohash=infohash)
        except VozduxanError as exc:
            name = event.metainfo.name
            logger.error("Vozduxan: What “%s” holds could not be kept: %s", name, exc)
        except Exception:
            logger.exception("Vozduxan: Metadata could not be kept")


class ToSwarms:
    """Tells swarms that wait for their metadata when it came another way."""

    def __init__(self, catalog: Catalog, bridge: Bridge, metadata: Metadata) -> None:
        self._catalog = catalog
        self._bridge = bridge
        self._metadata = metadata

    def tell(self) -> None:
        """Have the swarms look into the catalog; returns at once."""
        self._bridge.ask(self._metadata.tell_swarms(self._known))

    def came(self, infohashes: Sequence[str]) -> None:
        """Tell them, and Mopidy's clients, that torrents came to the catalog.

        A whole collection of them is no news for clients.
        """
        self.tell()
        if len(infohashes) <= MOST_NEWS:
            for infohash in infohashes:
                StreamListener.send("tracks_known", infohash=infohash)

    def _known(self, infohash: str) -> tuple[TorrentSource, Metainfo] | None:
        try:
            source = self._catalog.torrents.source(infohash)
            metainfo = self._catalog.torrents.metainfo(infohash)
        except StorageFailed as exc:
            logger.debug("Nothing is known of %s: %s", infohash, exc)
            return None
        return (source, metainfo) if source and metainfo else None
