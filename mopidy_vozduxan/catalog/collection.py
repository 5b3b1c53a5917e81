"""The torrents in the library: adding, removing and restoring them.

Lists cover the library only, not torrents that have left it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence

from mopidy_vozduxan.catalog import (
    found_rows,
    inventory,
    moving,
    torrent_rows,
    track_rows,
)
from mopidy_vozduxan.catalog.found_rows import FoundAt
from mopidy_vozduxan.catalog.records import Records
from mopidy_vozduxan.catalog.torrent_rows import TorrentSummary
from mopidy_vozduxan.torrent.metainfo import Metainfo, TorrentSource

#: Torrents added in one transaction: other writers wait for its end, 0.1 s.
BATCH = 32

#: A torrent's source, its metainfo, and the file it was read from.
Arrival = tuple[TorrentSource, Metainfo | None, FoundAt | None]


class Collection:
    """The library's torrents; for any thread. All may raise :class:`StorageFailed`."""

    def __init__(self, records: Records) -> None:
        self._records = records

    # --- coming

    def add(
        self,
        source: TorrentSource,
        metainfo: Metainfo | None,
        found_at: FoundAt | None = None,
    ) -> None:
        """Keep what is known about a torrent; nothing known before is lost.

        If the metadata names the torrent differently than the source (a hybrid's magnet
        link may hold only its v2 hash), both names find it from now on.
        """
        self.add_all([(source, metainfo, found_at)])

    def add_all(self, arrivals: Iterable[Arrival]) -> None:
        """Keep what is known about many torrents; see :meth:`add`."""
        batch = []
        for one in arrivals:
            batch.append(one)
            if len(batch) == BATCH:
                self._add_batch(batch)
                batch = []
        self._add_batch(batch)

    def learn(self, source: TorrentSource, metainfo: Metainfo) -> None:
        """Keep metadata from a swarm; a torrent that has left stays out."""
        records, names = self._records, (metainfo.infohash, source.infohash)
        if any(map(records.has, names)) or not any(map(records.has_left, names)):
            self.add(source, metainfo)
            return
        records.left.write(lambda db: _add(db, source, metainfo, None))
        if len(set(names)) > 1:
            records.file.write(
                lambda db: torrent_rows.write_alias(
                    db, source.infohash, metainfo.infohash
                )
            )
        records.layouts.forget(*names)

    def come_back(self, infohash: str) -> None:
        """Put a torrent that has left back into the library, as it was."""
        records = self._records
        if not records.has(infohash) and records.has_left(infohash):
            records.change_library(
                lambda db: records.bring_back(db, infohash), infohash
            )

    # --- going

    def remove(self, infohash: str) -> None:
        """Remove a torrent from the library.

        What is known about it is kept, so it still plays from playlists. Its
        ``.torrent`` file is read again only if it changes.
        """

        def write(db: sqlite3.Connection) -> bool:
            self._records.let_go(db, torrent_rows.name_of(db, infohash))
            return True

        self._records.change_library(write, self._name_of(infohash))

    def forget(self, infohash: str) -> None:
        """Forget a torrent that has left; one in the library stays."""
        name = self._name_of(infohash)
        if self._records.has(name):
            return
        for file in (self._records.left, self._records.file):
            file.write(lambda db: _forget(db, name))
        self._records.layouts.forget(name)

    # --- what there is

    def summaries(self) -> list[TorrentSummary]:
        """Return every torrent known to have a track, in no order."""
        return self._records.file.read(torrent_rows.list_torrents)

    def inventory(self) -> list[inventory.InventoryLine]:
        """Return every torrent, including those without metadata, in no order."""
        return self._records.file.read(inventory.list_lines)

    # --- in transactions

    def _name_of(self, infohash: str) -> str:
        return self._records.file.read(lambda db: torrent_rows.name_of(db, infohash))

    def _add_batch(self, batch: Sequence[Arrival]) -> None:
        def write(db: sqlite3.Connection) -> bool:
            return sum(self._add(db, *one) for one in batch) > 0

        if batch:
            named = [(metainfo or source).infohash for source, metainfo, _ in batch]
            self._records.change_library(write, *named)

    def _add(
        self,
        db: sqlite3.Connection,
        source: TorrentSource,
        metainfo: Metainfo | None,
        found_at: FoundAt | None,
    ) -> bool:
        """Return whether a torrent came or looks different."""
        names = {source.infohash, (metainfo or source).infohash}
        back = [name for name in names if self._records.bring_back(db, name)]
        if found_at and source.magnet is None:
            for name in back:
                torrent_rows.forget_magnet(db, name)
        return _add(db, source, metainfo, found_at) or bool(back)


def _add(
    db: sqlite3.Connection,
    source: TorrentSource,
    metainfo: Metainfo | None,
    found_at: FoundAt | None,
) -> bool:
    """Return whether a torrent came or looks different."""
    given = source.infohash
    infohash = metainfo.infohash if metainfo else torrent_rows.name_of(db, given)
    known = torrent_rows.read_source(db, given)
    for one in (known, source) if known and given != infohash else (source,):
        torrent_rows.write_source(db, infohash, one)
    news = False
    if metainfo:
        kept = torrent_rows.storable(metainfo)
        news = torrent_rows.write_metainfo(db, kept)
        if news:
            track_rows.write_names(db, kept)
    if given != infohash:
        torrent_rows.write_alias(db, given, infohash)
    if found_at:
        found_rows.write_found(db, infohash, found_at)
    return news


def _forget(db: sqlite3.Connection, name: str) -> None:
    moving.delete(db, name)
    torrent_rows.delete_past(db, name)
    torrent_rows.delete_aliases(db, name)
