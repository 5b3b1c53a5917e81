"""How much payload every torrent has brought us, and got from us.

It is kept when a torrent leaves the library, until the torrent is forgotten.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass

from mopidy_vozduxan.catalog import torrent_rows
from mopidy_vozduxan.catalog.records import Records


@dataclass(frozen=True, slots=True)
class Total:
    """Bytes of payload, wrong ones included."""

    downloaded: int = 0
    uploaded: int = 0

    def __add__(self, other: Total) -> Total:
        """Return the sum."""
        return Total(self.downloaded + other.downloaded, self.uploaded + other.uploaded)


class Traffic:
    """Totals; for any thread. All may raise :class:`StorageFailed`."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def count(self, more: Mapping[str, Total]) -> None:
        """Add what came and went since, by infohash."""

        def write(db: sqlite3.Connection) -> None:
            for infohash, total in more.items():
                name = torrent_rows.name_of(db, infohash)
                db.execute(
                    "INSERT INTO traffic VALUES (?, ?, ?) ON CONFLICT (infohash)"
                    " DO UPDATE SET downloaded = downloaded + excluded.downloaded,"
                    " uploaded = uploaded + excluded.uploaded",
                    (name, total.downloaded, total.uploaded),
                )

        if more:
            self._records.file.write(write)

    def totals(self) -> dict[str, Total]:
        """Return the total of every torrent, by infohash."""

        def read(db: sqlite3.Connection) -> dict[str, Total]:
            rows = db.execute("SELECT infohash, downloaded, uploaded FROM traffic")
            return {infohash: Total(*amounts) for infohash, *amounts in rows}

        return self._records.file.read(read)
