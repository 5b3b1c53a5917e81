"""What is known about one torrent, by its infohash.

Torrents that have left the library are found too. Nothing is added or removed here.
"""

from __future__ import annotations

import sqlite3

from mopidy_vozduxan.catalog import inventory, torrent_rows
from mopidy_vozduxan.catalog.records import Records
from mopidy_vozduxan.torrent.metainfo import Metainfo, TorrentSource


class Torrents:
    """Torrents by name; for any thread. All may raise :class:`StorageFailed`."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def has(self, infohash: str) -> bool:
        """Return whether a torrent is in the library."""
        return self._records.has(infohash)

    def source(self, infohash: str) -> TorrentSource | None:
        """Return where the torrent's metadata comes from; None if unknown."""
        return self._records.read(
            infohash, lambda db: torrent_rows.read_source(db, infohash)
        )

    def metainfo(self, infohash: str) -> Metainfo | None:
        """Return the torrent's metainfo; None while it is unknown."""
        if layout := self._records.layouts.get(infohash):
            return layout.metainfo

        def read(db: sqlite3.Connection) -> tuple[Metainfo, int] | None:
            return torrent_rows.read_metainfo(db, torrent_rows.name_of(db, infohash))

        known = self._records.read(infohash, read)
        return known[0] if known else None

    # --- names

    def name_of(self, infohash: str) -> str:
        """Return the infohash under which a torrent is stored; itself if unknown."""
        return self._records.file.read(lambda db: torrent_rows.name_of(db, infohash))

    def names_of(self, infohash: str) -> frozenset[str]:
        """Return every infohash of a torrent; a hybrid has two."""
        return self._records.file.read(
            lambda db: inventory.names_of(db, torrent_rows.name_of(db, infohash))
        )

    def names_like(self, start: str, most: int = 2) -> list[str]:
        """Return torrents whose infohash starts with these hex digits.

        They are in the library, or else have left it.
        """

        def read(db: sqlite3.Connection) -> list[str]:
            return inventory.names_like(db, start, most)

        return self._records.file.read(read) or self._records.left.read(read)

    def also_call(self, name: str, infohash: str) -> None:
        """Let another name, such as a URL, find the torrent from now on."""
        self._records.file.write(
            lambda db: torrent_rows.write_alias(db, name, infohash)
        )
