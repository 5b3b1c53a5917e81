"""The tracks of one torrent, by folder."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Sequence

from mopidy_vozduxan.catalog import torrent_rows, track_rows
from mopidy_vozduxan.catalog.database import CatalogFile
from mopidy_vozduxan.catalog.entries import read_layout
from mopidy_vozduxan.catalog.records import Records
from mopidy_vozduxan.naming.audio_folders import audio_folders
from mopidy_vozduxan.torrent.layout import Layout

#: Torrents whose tracks are named in one transaction, at 2 ms each.
BATCH = 32


class Tracks:
    """Tracks; for any thread. All may raise :class:`StorageFailed`."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def layout(self, infohash: str) -> Layout | None:
        """Return the torrent's tracks by folder; None while they are unknown."""
        records = self._records
        kept = records.layouts.get(infohash)
        if kept:
            return kept
        read_at = records.layouts.now()

        def read(db: sqlite3.Connection) -> Layout | None:
            return read_layout(db, torrent_rows.name_of(db, infohash))

        layout = records.read(infohash, read)
        if layout and not layout.folders and audio_folders(layout.metainfo):
            self._name(records.home(infohash), [layout.metainfo.infohash])
            read_at, layout = records.layouts.now(), records.read(infohash, read)
        if layout:
            records.layouts.keep(layout, read_at)
        return layout

    def complete(self, stop: threading.Event) -> None:
        """Name the tracks of torrents that an older version kept without tracks.

        Takes some 2 ms for each; ends early once ``stop`` is set.
        """
        file = self._records.file
        while not stop.is_set():
            rest = file.read(lambda db: track_rows.unnamed(db, BATCH))
            if not rest:
                break
            self._name(file, rest)

    def _name(self, file: CatalogFile, infohashes: Sequence[str]) -> None:
        def write(db: sqlite3.Connection) -> bool:
            for infohash in infohashes:
                if known := torrent_rows.read_metainfo(db, infohash):
                    track_rows.write_names(db, known[0])
            return True

        self._records.change_in(file, write, infohashes)
