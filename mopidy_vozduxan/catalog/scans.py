"""The results of scans, and the files that are still to be scanned."""

from __future__ import annotations

from mopidy_vozduxan.catalog import track_rows
from mopidy_vozduxan.catalog.records import Records
from mopidy_vozduxan.torrent.tags import Tags


class Scans:
    """Tags; for any thread. All may raise :class:`StorageFailed`."""

    def __init__(self, records: Records) -> None:
        self._records = records

    # --- what to read

    def unscanned_torrents(self, limit: int) -> list[str]:
        """Return torrents with files whose tags were not read, the newest first."""
        return self._records.file.read(lambda db: track_rows.unread_torrents(db, limit))

    def unscanned(self, infohash: str, *, tried: bool = False) -> list[int]:
        """Return the files whose tags were not read, in the order of play.

        Files that failed within the last day are left out, unless ``tried``.
        """
        return self._records.read(
            infohash, lambda db: track_rows.unread(db, infohash, tried=tried)
        )

    # --- what was read

    def keep_tags(self, infohash: str, index: int, tags: Tags) -> None:
        """Keep a file's tags; its name counts for missing ones."""
        self._records.change(
            infohash, lambda db: track_rows.write_tags(db, infohash, index, tags)
        )

    def note_missing(self, infohash: str, index: int) -> None:
        """Note that nobody gave us a file's tags; it is not tried again for a day."""
        self._records.write(
            infohash, lambda db: track_rows.note_missing(db, infohash, index)
        )

    def note_unreadable(self, infohash: str, index: int) -> None:
        """Note that a file has no readable tags; it is not read before `scan_again`."""
        self._records.write(
            infohash, lambda db: track_rows.note_unreadable(db, infohash, index)
        )

    def leave_alone(self, infohash: str) -> None:
        """Note that no tags of a torrent arrived; see `note_missing`."""
        self._records.write(infohash, lambda db: track_rows.leave_alone(db, infohash))

    def scan_again(self, infohash: str) -> None:
        """Allow all tags of a torrent to be read again; known ones stay until then."""
        self._records.write(infohash, lambda db: track_rows.forget_read(db, infohash))
