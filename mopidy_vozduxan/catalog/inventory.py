"""The content of the catalog, torrent by torrent: for lists, and for short names.

Every function works in the caller's transaction.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class InventoryLine:
    """One torrent; ``size`` is in bytes, ``added_ms`` since the epoch.

    While its metadata is unknown ``size`` is ``None`` and ``name`` the display
    name of its magnet link, if it has one.
    """

    infohash: str
    name: str | None
    size: int | None
    added_ms: int
    folder_count: int
    track_count: int

    @property
    def known(self) -> bool:
        """Whether the metadata is here."""
        return self.size is not None


def list_lines(db: sqlite3.Connection) -> list[InventoryLine]:
    """Return every torrent, in no order."""
    rows = db.execute(
        "SELECT infohash, coalesce(torrent.name, display_name), size, added_ms,"
        " folder_count, coalesce(sum(album.track_count), 0)"
        " FROM torrent LEFT JOIN album USING (infohash) GROUP BY infohash"
    )
    return [InventoryLine(*row) for row in rows]


def names_like(db: sqlite3.Connection, start: str, most: int) -> list[str]:
    """Return the torrents with an infohash that starts with ``start``."""
    rows = db.execute(
        "SELECT infohash FROM torrent WHERE infohash GLOB ?1 UNION"
        " SELECT alias.name FROM alias JOIN torrent ON torrent.infohash = alias.name"
        " WHERE alias.infohash GLOB ?1 LIMIT ?2",
        (f"{start}*", most),
    )
    return [str(name) for (name,) in rows]


def names_of(db: sqlite3.Connection, infohash: str) -> frozenset[str]:
    """Return all infohashes of the torrent that is stored under this one."""
    rows = db.execute("SELECT infohash FROM alias WHERE name = ?", (infohash,))
    return frozenset({infohash, *(str(name) for (name,) in rows)})
