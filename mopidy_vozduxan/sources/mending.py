"""Completes the catalog after damage, or an older version, before folders are read."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from mopidy_vozduxan.catalog import Catalog
from mopidy_vozduxan.torrent.metainfo import ReadTorrent

logger = logging.getLogger(__name__)


class Mender:
    """Restores what older versions, or damage, left out of ``catalog``.

    Ends early once ``stop`` is set, and calls ``done`` when the catalog is complete.
    """

    def __init__(
        self,
        catalog: Catalog,
        read_torrent: ReadTorrent,
        stop: threading.Event,
        done: Callable[[], None],
    ) -> None:
        self._catalog = catalog
        self._read_torrent = read_torrent
        self._stop = stop
        self._done = done

    def mend(self) -> None:
        """Do it; blocks. Raises :class:`StorageFailed`."""
        self._catalog.complete(self._stop)
        count = self._catalog.recover(self._read_torrent)
        if count:
            logger.info("Vozduxan: Restored %d torrents of the damaged catalog", count)
        self._done()
