"""Layouts cached in memory; refuses one that may be outdated.

Clients ask for single tracks, of a few torrents at a time. A layout takes about 2 kB
per track.
"""

from __future__ import annotations

import threading

from mopidy_vozduxan.torrent.layout import Layout

LAYOUTS_KEPT = 64


class KeptLayouts:
    """At most :data:`LAYOUTS_KEPT` layouts, by infohash; for any thread."""

    def __init__(self) -> None:
        self._layouts: dict[str, Layout] = {}
        self._lock = threading.Lock()
        self._changes = 0

    def get(self, infohash: str) -> Layout | None:
        """Return a cached layout."""
        return self._layouts.get(infohash)

    def now(self) -> int:
        """Return a stamp to take before reading, for :meth:`keep`."""
        return self._changes

    def keep(self, layout: Layout, read_at: int) -> None:
        """Keep a layout, unless something changed since ``read_at``."""
        with self._lock:
            if read_at != self._changes:
                return
            if len(self._layouts) >= LAYOUTS_KEPT:
                del self._layouts[next(iter(self._layouts))]
            self._layouts[layout.metainfo.infohash] = layout

    def forget(self, *infohashes: str) -> None:
        """Forget layouts. Call it after a change, or a reader may restore old ones."""
        with self._lock:
            self._changes += 1
            for infohash in infohashes:
                self._layouts.pop(infohash, None)

    def forget_all(self) -> None:
        """Forget every layout."""
        with self._lock:
            self._changes += 1
            self._layouts.clear()
