"""The ``.torrent`` files in the folders: read, refused, or removed."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path

from mopidy_vozduxan.catalog import found_rows
from mopidy_vozduxan.catalog.found_rows import FoundAt
from mopidy_vozduxan.catalog.records import Records

#: Files withdrawn in one transaction: other writers wait for its end.
BATCH = 32


class FoundFiles:
    """Files in the folders; for any thread. All may raise :class:`StorageFailed`."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def known(self) -> dict[Path, tuple[int, int, str]]:
        """Return (mtime_ns, size, infohash) of every ``.torrent`` file read so far."""
        rows = self._records.file.read(found_rows.list_found)
        return {Path(os.fsdecode(row[0])): row[1:] for row in rows}

    def refused(self) -> dict[FoundAt, str]:
        """Return the refused ``.torrent`` files, in the refused version, and why."""
        return self._records.file.read(found_rows.list_refused)

    def refuse(self, file: FoundAt, reason: str) -> None:
        """Remember a refused file; an earlier version of it stays known."""
        self._records.file.write(lambda db: found_rows.write_refused(db, file, reason))

    def withdraw(self, gone: Sequence[Path], outdated: Iterable[str] = ()) -> list[str]:
        """Note that ``.torrent`` files were removed; return the torrents that left.

        A torrent leaves with its last file, unless a listener has added it too; then it
        has a magnet link. ``outdated`` are torrents whose files now hold others.
        """
        left = self._withdraw([], frozenset(outdated)) if outdated else []
        for start in range(0, len(gone), BATCH):
            left += self._withdraw(gone[start : start + BATCH], frozenset())
        return left

    def _withdraw(self, gone: Sequence[Path], outdated: frozenset[str]) -> list[str]:
        def write(db: sqlite3.Connection) -> list[str]:
            lost = outdated | found_rows.delete_found(db, gone)
            left = found_rows.unfounded(db, lost)
            for infohash in left:
                self._records.let_go(db, infohash)
            return left

        left = self._records.file.write(write)
        if left:
            self._records.went(left)
        return left
