"""The CUE sheets that divide files into parts."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from mopidy_vozduxan.catalog import sheet_rows, torrent_rows
from mopidy_vozduxan.catalog.records import Records
from mopidy_vozduxan.torrent.tags import Part


class Sheets:
    """Sheets; for any thread. All may raise :class:`StorageFailed`."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def keep(self, infohash: str, index: int, parts: Sequence[Part]) -> None:
        """Keep the parts of a file; they are its tracks from now on."""
        self._records.change(
            infohash, lambda db: sheet_rows.write_sheet(db, infohash, index, parts)
        )

    def part(self, infohash: str, index: int, number: int) -> Part | None:
        """Return a part by its ``number`` in the sheet; None if it is unknown."""

        def read(db: sqlite3.Connection) -> Part | None:
            name = torrent_rows.name_of(db, infohash)
            return sheet_rows.read_part(db, name, index, number)

        return self._records.read(infohash, read)
